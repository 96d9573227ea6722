"""What levers do → text: table, JSON, CSV, Markdown. Everything that comes from a file is made safe to print here."""

from __future__ import annotations

import shlex
import textwrap
from typing import Any

from .advise import Advice, Chosen, Settings, Tried
from .encode import number, plain_value, to_json
from .errors import plain
from .evaluate import beside
from .quantity import Number, grouped, magnitude, readable
from .report import csv_rows, digits
from .tables import between, escaped, no_budget, table

_WIDTH = 44
"""Characters of a cost in a line of a table."""


def written(found: Advice, form: str, *, quiet: bool = False) -> str:
    """The answer as `table`, `json`, `csv` or `markdown`; quietly only the levers and the set."""
    if form == "json":
        return to_json(as_object(found))
    if form == "csv":
        return csv_rows(_csv(found))
    style = "github" if form == "markdown" else "plain"
    title = plain(found.values.plan.document.title, 200)
    above = [] if quiet else [title, "\n".join(_present(found))]
    below = ["\n".join(_remedy(found))]
    if not quiet:
        below.append("\n".join(f"warning: {plain(problem.message, 300)}" for problem in found.warnings))
    if style == "github":
        above, below = [escaped(block) for block in above], [escaped(block) for block in below]
    return "\n\n".join(block for block in (*above, _levers(found, style), *below) if block) + "\n"


def options(settings: Settings) -> str:
    """Settings as options of the command line, to be copied."""
    return " ".join(f"--set {shlex.quote(f'{name}={digits(value)}')}" for name, value in settings.items())


def as_object(found: Advice) -> dict[str, Any]:
    """The answer as one JSON object."""
    values = found.values
    known = bool(found.budget) and values.has(found.budget)
    out: dict[str, Any] = {
        "title": values.plan.document.title,
        "total": found.total,
        "unit": values.plan.unit(found.total),
        "budget_name": found.budget or None,
        "budget": number(values.number(found.budget)) if known else None,
        **_measures(found.before, saved=False),
        "levers": [
            {
                "name": offer.lever.name,
                "title": offer.lever.title,
                **_tried(offer.shown),
                "cost": offer.lever.cost,
                "source": str(offer.lever.source or ""),
                "steps": [_tried(step) for step in offer.steps],
            }
            for offer in found.offers
        ],
        "remedy": None,
        "lowest": _chosen(found.lowest) if found.lowest else None,
        "warnings": [problem.message for problem in found.warnings],
    }
    if found.remedy:
        out["remedy"] = {**_chosen(found.remedy), "smallest": found.remedy.smallest}
    return out


def _measures(tried: Tried, *, saved: bool = True) -> dict[str, Any]:
    out: dict[str, Any] = {"value": number(tried.total)}
    if saved:
        out["saved"] = number(tried.saved)
    headroom = None if tried.headroom is None else number(tried.headroom)
    return out | {"headroom": headroom, "fits": tried.fits, "fits_at_high_end": tried.certain}


def _tried(tried: Tried) -> dict[str, Any]:
    return {"set": {name: plain_value(value) for name, value in tried.settings.items()}, **_measures(tried)}


def _chosen(chosen: Chosen) -> dict[str, Any]:
    levers = [
        {"name": lever.name, "set": {name: plain_value(value) for name, value in settings.items()}} for lever, settings in chosen.levers
    ]
    return {"levers": levers, **_tried(chosen.tried)}


def _csv(found: Advice) -> list[list[str]]:
    taken = {lever.name for lever, _ in found.remedy.levers} if found.remedy else set()
    rows = [["lever", "title", "set", "value", "saved", "headroom", "fits", "in_smallest_set", "cost"]]
    for offer in found.offers:
        shown, lever = offer.shown, offer.lever
        left = "" if shown.headroom is None else digits(shown.headroom)
        rows.append([
            lever.name, plain(lever.title, 200), _settings(shown.settings, " "), digits(shown.total), digits(shown.saved), left,
            "" if shown.fits is None else digits(shown.fits), digits(lever.name in taken) if found.remedy else "", plain(lever.cost, 400),
        ])  # fmt: skip
    return rows


def _settings(settings: Settings, between_them: str) -> str:
    return between_them.join(f"{name}={digits(value)}" for name, value in settings.items())


def _title(found: Advice, name: str) -> str:
    return plain(found.values.plan.item(name).title or name)


def _size(value: Number, unit: str) -> str:
    size, full = readable(value, unit), grouped(value)
    return size if size == full else f"{size} ({full})"


def _present(found: Advice) -> list[str]:
    """The total as it is, what stands beside it, the budget, and the verdict."""
    values, unit = found.values, found.values.plan.unit(found.total)
    lines = [f"{_title(found, found.total)}: {_size(found.before.total, unit)}"]
    lines += [f"{plain(each.title)}, not in the total: {between(each, unit)}" for each in beside(values)]
    if found.before.headroom is not None:
        lines += [f"{_title(found, found.budget)}: {_size(values.number(found.budget), unit)}", _verdict(found, found.before)]
    elif found.budget:
        lines.append(no_budget(values, found.budget))
    return lines


def _verdict(found: Advice, tried: Tried) -> str:
    assert tried.headroom is not None
    what = "headroom" if tried.headroom >= 0 else "short by"
    return f"{_fits(found, tried)}: {what} {_size(magnitude(tried.headroom), found.values.plan.unit(found.total))}"


def _fits(found: Advice, tried: Tried) -> str:
    if not tried.fits:
        return "DOES NOT FIT"
    names = " and ".join(plain(each.title) for each in beside(found.values))
    return "fits" if tried.certain else f"fits, unless at the high end of: {names}"


def _levers(found: Advice, style: str) -> str:
    """The levers as a table."""
    unit = found.values.plan.unit(found.total)
    if not found.offers:
        return "None of the levers saves anything here." if found.values.plan.document.levers else "These rules have no levers."
    rows = []
    for offer in found.offers:
        lever, shown = offer.lever, offer.shown
        title, cost, settings = plain(lever.title or lever.name), plain(lever.cost, 400), _settings(shown.settings, ", ")
        if style == "plain":
            title, cost = textwrap.fill(title, 32), textwrap.fill(cost, _WIDTH)
            settings = _settings(shown.settings, "\n")
        fits = "" if shown.fits is None else "no" if not shown.fits else "yes" if shown.certain else "yes, at the low end"
        rows.append([title, settings, readable(shown.total, unit), readable(shown.saved, unit), fits, cost])
    headers = ["lever", "set", _title(found, found.total), "saves", "fits", "cost"]
    if found.before.fits is None:
        headers, rows = headers[:4] + headers[5:], [row[:4] + row[5:] for row in rows]
    return table(rows, headers, style, frozenset({2, 3}))


def _remedy(found: Advice) -> list[str]:
    """The set that makes it fit, or how near one comes."""
    total, unit = _title(found, found.total), found.values.plan.unit(found.total)
    chosen = found.remedy or found.lowest
    if chosen is None:
        return ["Nothing makes it fit."] if found.before.fits is False else []
    what, saved = _size(chosen.tried.total, unit), readable(chosen.tried.saved, unit)
    after = f"  {total}: {what}, {saved} less; {_verdict(found, chosen.tried)}"
    if found.remedy is None:
        return [f"Nothing makes it fit. The lowest that was reached: {options(chosen.tried.settings)}", after]
    head = "The smallest set that makes it fit" if chosen.smallest else "A set that makes it fit (there may be a smaller one)"
    return [f"{head}: {options(chosen.tried.settings)}", after]
