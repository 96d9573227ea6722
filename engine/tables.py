"""Answers as text for people: tables, what fits, where values came from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .errors import plain
from .evaluate import Between, Values
from .plan import NOTHING, Absent
from .quantity import Number, grouped, magnitude, readable
from .records import Rule, Value
from .report import Answer, csv_rows
from .report import digits as written


def grid(rows: list[list[str]], headers: list[str], form: str) -> str:
    """Rows as `csv` or `markdown`."""
    if form == "csv":
        return csv_rows([headers, *rows])
    return table(rows, headers, "github", frozenset()) + "\n"


def table(rows: list[list[str]], headers: list[str], style: str, numbers: frozenset[int]) -> str:
    """A table; the columns in `numbers` are set to the right."""
    from tabulate import tabulate

    if style == "csv":
        return csv_rows([headers, *rows])
    sides = ["right" if column in numbers else "left" for column in range(len(headers))]
    if style == "github":
        rows = [[escaped(part) for part in row] for row in rows]
    return tabulate(rows, headers, tablefmt="simple" if style == "plain" else style, colalign=sides, disable_numparse=True) if rows else ""


_MARKDOWN = str.maketrans({**{sign: "\\" + sign for sign in "\\`|*[]#"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"})


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_MARKDOWN)


def text(found: Answer, style: str, *, quiet: bool) -> str:
    """The answer as text: `plain` for a terminal, or `github` for Markdown."""
    document = found.values.plan.document
    said = [plain(document.title, 200)] if document.title and not quiet else []
    after = _verdict(found) if found.breakdown else []
    if found.total and not found.breakdown:
        after.append(f"{_title(found.values, found.total)} does not apply here")
    after += _origins(found, quiet=quiet)
    if style == "github":
        said, after = [escaped(block) for block in said], [escaped(block) for block in after]
    blocks = [*said, _parts(found, style) if found.breakdown else _plain_rows(found, style), *after]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _plain_rows(found: Answer, style: str) -> str:
    rows = []
    for name in found.names:
        state: Any = found.values.state(name)
        item = found.values.plan.item(name)
        digits, size, unit = written(state), "", found.values.plan.unit(name)
        if isinstance(state, int | Fraction) and not isinstance(state, bool):
            digits, size = grouped(state), readable(state, unit)
        rows.append([name, digits, plain(unit, 40), size if size != digits else "", plain(item.title)])
    headers = ["name", "value", "unit", "size", "title"]
    keep = [column for column in range(5) if column < 2 or any(row[column] for row in rows)]
    kept = [[row[column] for column in keep] for row in rows]
    return table(kept, [headers[column] for column in keep], style, frozenset({1, keep.index(3)} if 3 in keep else {1}))


def _share(part: Number, whole: Number) -> str:
    if not whole:
        return ""
    tenths = int(Fraction(part) * 1000 / Fraction(whole) + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10} %" if tenths or not part else "< 0.1 %"


def _parts(found: Answer, style: str) -> str:
    values, breakdown = found.values, found.breakdown
    assert breakdown is not None
    total = values.number(found.total)
    unit = values.plan.unit(found.total)

    def row(label: str, value: Number, share: str) -> list[str]:
        return [label, grouped(value), readable(value, unit), share]

    report = values.plan.document.report
    order = {name: index for index, name in enumerate((*report.parts, *report.also))}
    terms = sorted(breakdown.terms, key=lambda term: order.get(term.name, len(order)))
    rows = [row(plain(term.label), term.value, _share(term.value, total)) for term in terms if term.value]
    rows += [row(f"{_title(values, found.total)}", total, "100.0 %")]
    here = {term.name for term in breakdown.terms}
    for name in found.names:
        state = values.state(name)
        if name in here and values.number(name):
            continue
        if state is NOTHING or state.__class__ is Absent or not state:
            why = "unknown" if state.__class__ is Absent else "-" if state is NOTHING else "0"
            rows.append([_title(values, name), why, "", ""])
        else:
            rows.append([*row(_title(values, name), state, ""), "not at the peak"])
    headers = ["part", unit + ("s" if unit == "byte" else ""), "size", "share"]
    if any(len(each) > 4 for each in rows):
        rows = [[*each, ""][:5] for each in rows]
        headers.append("")
    return table(rows, headers, style, frozenset({1, 2, 3}))


def _title(values: Values, name: str) -> str:
    return plain(values.plan.item(name).title or name)


def _verdict(found: Answer) -> list[str]:
    values, breakdown = found.values, found.breakdown
    assert breakdown is not None
    lines: list[str] = []
    if breakdown.peaks:
        where = " / ".join(_title(values, name) for name in breakdown.peaks)
        lines.append(f"{_title(values, found.total)} falls in: {where}")
    unit = values.plan.unit(found.total)
    lines += [f"{plain(each.title)}, not in the total: {between(each, unit)}" for each in found.ranges]
    if found.headroom is not None:
        budget = values.number(found.budget)
        what = "headroom" if found.headroom >= 0 else "short by"
        size = readable(magnitude(found.headroom), unit)
        lines.append(f"{_title(values, found.budget)}: {readable(budget, unit)} ({grouped(budget)})")
        share = f", {_share(values.number(found.total), budget)} used" if budget else ""
        lines.append(f"{_fits(found)}: {what} {size} ({grouped(magnitude(found.headroom))}){share}{_beyond(found, unit)}")
    elif found.budget:
        lines.append(no_budget(values, found.budget))
    return ["\n".join(lines)] if lines else []


def no_budget(values: Values, budget: str) -> str:
    """That there is nothing to compare with, and how to give it."""
    kinds = [kind for kind in values.plan.document.presets if kind not in values.plan.document.inputs]
    ways = " or ".join([f"--{kind} NAME" for kind in kinds if not values.plan.document.presets[kind].through] + [f"--set {budget}=80GiB"])
    return f"No {budget} is given, so whether it fits is not said: {ways}"


def between(each: Between, unit: str) -> str:
    """A range in words, with its digits."""
    low, high = readable(each.low, unit), readable(each.high, unit)
    if each.low == each.high:
        return f"{high} ({grouped(each.high)})"
    return f"{low} to {high} ({grouped(each.low)} to {grouped(each.high)})"


def _fits(found: Answer) -> str:
    if not found.fits:
        return "DOES NOT FIT"
    if found.fits_at_high_end:
        return "fits"
    names = " and ".join(plain(each.title) for each in found.ranges)
    return f"fits, unless at the high end of: {names}"


def _beyond(found: Answer, unit: str) -> str:
    """What the headroom is with what stands beside the total."""
    if not found.ranges or found.headroom is None or found.headroom < 0:
        return ""
    said = []
    for end, taken in (("low", sum(each.low for each in found.ranges)), ("high", sum(each.high for each in found.ranges))):
        left = found.headroom - taken
        said.append(f"{readable(magnitude(left), unit)} {'left' if left >= 0 else 'short'} at the {end} end")
    return "; " + ", ".join(said)


def _origins(found: Answer, *, quiet: bool) -> list[str]:
    """Where each value came from: given, presets, assumed; then the warnings. Quietly, only what changes the answer."""
    from .derivation import used

    values = found.values
    document = values.plan.document
    ends = [name for each in document.report.beside for name in (each.low, each.high)] if found.ranges else []
    needed = used(values, tuple(name for name in (*found.names, found.total, found.budget, *ends) if name))
    instead = "Taken as given instead of its formula"
    groups: dict[str, list[str]] = {}
    assumed: dict[str, list[str]] = {}
    for name, item in document.inputs.items():
        if name not in needed or not values.has(name):
            continue
        known = values.given.get(name)
        if known is None:
            assumed.setdefault(item.group if item.group in document.presets else "", []).append(f"{name} {_brief(values[name])}")
        else:
            label = "Given" if known.origin == "given" else f"From {known.where}"
            groups.setdefault(label, []).append(f"{name} {_brief(values[name])}")
    for name, known in values.given.items():
        if isinstance(values.plan.item(name), Rule) and (known.origin == "given" or name in needed):
            label = instead if known.origin == "given" else f"From {known.where} instead of its formula"
            groups.setdefault(label, []).append(f"{name} {_brief(values[name])}")
    for kind, each in assumed.items():
        preset = any(known.origin == "preset" and known.where.startswith(f"{kind} ") for known in values.given.values())
        label, listed = _assumed(kind, each, preset=preset)
        groups.setdefault(label, []).extend(listed)
    last = sorted(label for label in groups if label.startswith("Assumed"))
    order = [instead] if quiet else ["Given", *sorted(label for label in groups if label.startswith("From ")), instead, *last]
    blocks = [_wrapped(f"{label}: ", groups[label]) for label in order if label in groups]
    lines = [f"warning: {plain(problem.message, 300)}" + (f" ({problem.place})" if problem.place else "") for problem in found.warnings]
    return ["\n".join(blocks), "\n".join(lines)]


FEW = 12
"""Assumed values of what a preset describes that are listed one by one."""


def _assumed(kind: str, listed: list[str], *, preset: bool) -> tuple[str, list[str]]:
    """How assumed inputs are told: those of the group of a preset kind in short, as there may be very many."""
    label = f"Assumed of the {kind}"
    where = "`explain` and `--format json` show them"
    if not kind or len(listed) <= 3:
        return "Assumed", listed
    if preset:
        return label, [f"{len(listed)} values at their defaults; {where}"]
    if len(listed) <= FEW:
        return "Assumed", listed
    return label, [*listed[:FEW], f"and {len(listed) - FEW} more at their defaults; {where}"]


def _brief(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Fraction):
        return grouped(value)
    return plain(str(value) if isinstance(value, str) else "[" + ", ".join(str(element) for element in value) + "]", 60)


def _wrapped(head: str, parts: list[str], width: int = 110) -> str:
    """Parts joined by commas, broken between parts."""
    lines, line = [], head
    for index, part in enumerate(parts):
        piece = part + (", " if index < len(parts) - 1 else "")
        if len(line) + len(piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = "  "
        line += piece
    return "\n".join([*lines, line.rstrip()])
