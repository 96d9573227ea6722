"""Answers → text: table, JSON, CSV, Markdown. Everything that comes from a file is made safe to print here."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from .breakdown import Breakdown, break_down
from .encode import number, plain_value, to_json
from .errors import Problem, plain
from .evaluate import Values, checked
from .plan import NOTHING, Absent
from .quantity import Number, exact, grouped, magnitude, readable
from .records import Rule, Value

FORMATS = ("table", "json", "csv", "markdown")


class Answer(NamedTuple):
    """What `eval` found, ready to be printed in any format."""

    values: Values
    names: tuple[str, ...]
    breakdown: Breakdown | None
    total: str
    budget: str
    warnings: tuple[Problem, ...]

    @property
    def headroom(self) -> Number | None:
        """What is left of the budget; None when there is no total or no budget."""
        if not (self.total and self.budget and self.values.has(self.total) and self.values.has(self.budget)):
            return None
        return self.values.number(self.budget) - self.values.number(self.total)

    @property
    def fits(self) -> bool | None:
        """Whether the total is within the budget."""
        return None if self.headroom is None else self.headroom >= 0


def answer(values: Values, only: tuple[str, ...], warnings: tuple[Problem, ...]) -> Answer:
    """Put an answer together: the report of the document, or the names asked for, or every rule."""
    report = values.plan.document.report
    said, _ = checked(values)
    if only or not report.total:
        names = only or tuple(values.plan.document.rules)
        return Answer(values, names, None, "", report.budget, (*warnings, *said))
    breakdown = break_down(values, report.total, report.parts + report.also) if values.has(report.total) else None
    return Answer(values, report.parts, breakdown, report.total, report.budget, (*warnings, *said))


def render(found: Answer, form: str, *, quiet: bool = False) -> str:
    """The answer in one of `FORMATS`."""
    if form == "json":
        return to_json(as_object(found))
    if form == "csv":
        return _csv(found)
    return _tables(found, "github" if form == "markdown" else "plain", quiet)


def as_object(found: Answer) -> dict[str, Any]:
    """The answer as one JSON object."""
    values, document = found.values, found.values.plan.document
    wanted = set(document.rules) if found.total else set(found.names)
    rules = [name for name in values.plan.graph.order if name in wanted]
    shown = [name for name in rules if values.has(name)]
    inputs = [name for name in values.plan.graph.order if name in document.inputs and values.has(name) and name in values.names]
    out: dict[str, Any] = {
        "title": document.title,
        "values": {name: plain_value(values[name]) for name in shown},
        "units": {name: values.plan.item(name).unit for name in shown if values.plan.item(name).unit},
        "exact": {name: exact(value) for name in shown if isinstance(value := values[name], Fraction)},
        "inputs": {name: _input(values, name) for name in inputs},
        "not_applicable": [name for name in rules if values.state(name) is NOTHING],
        "overridden": [name for name in rules if name in values.given],
        "unknown": [name for name in rules if values.state(name).__class__ is Absent],
        "warnings": [problem.message for problem in found.warnings],
        "fits": found.fits,
        "headroom": None if found.headroom is None else number(found.headroom),
    }
    if found.breakdown:
        out["total"] = found.total
        out["budget"] = number(values.number(found.budget)) if found.budget and values.has(found.budget) else None
        out["parts"] = [{"name": term.name or term.label, "value": number(term.value)} for term in found.breakdown.terms]
        out["peak"] = list(found.breakdown.peaks)
    return out


def _input(values: Values, name: str) -> dict[str, Any]:
    known = values.given.get(name)
    out: dict[str, Any] = {"value": plain_value(values[name]), "origin": values.origin(name)}
    if known and known.where:
        out["where"] = known.where
    return out


def _csv(found: Answer) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "value", "unit", "title"])
    document = found.values.plan.document
    for name in found.names if not found.total else document.rules:
        state = found.values.state(name)
        if state.__class__ is Absent:
            continue
        item = found.values.plan.item(name)
        writer.writerow([cell(name), cell(_digits(state)), cell(item.unit), cell(plain(item.title, 200))])
    return text.getvalue()


_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?")


def cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    risky = text[:1] in {"=", "+", "-", "@", "\t", "\r"} and text != "-" and not _NUMBER.fullmatch(text)
    return "'" + text if risky else text


def _digits(state: Any) -> str:
    if state is NOTHING:
        return "-"
    if state.__class__ is Absent:
        return "unknown"
    if isinstance(state, bool):
        return "true" if state else "false"
    if isinstance(state, tuple):
        return " ".join(plain(str(element)) for element in state)
    return exact(state) if isinstance(state, int | Fraction) else plain(str(state))


def table(rows: list[list[str]], headers: list[str], style: str, numbers: frozenset[int]) -> str:
    """A table; the columns in `numbers` are set to the right."""
    from tabulate import tabulate

    sides = ["right" if column in numbers else "left" for column in range(len(headers))]
    if style == "github":
        rows = [[escaped(part) for part in row] for row in rows]
    return tabulate(rows, headers, tablefmt="simple" if style == "plain" else style, colalign=sides, disable_numparse=True) if rows else ""


_MARKDOWN = str.maketrans({**{sign: "\\" + sign for sign in "\\`|*[]#"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"})


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_MARKDOWN)


def _tables(found: Answer, style: str, quiet: bool) -> str:
    document = found.values.plan.document
    said = [plain(document.title, 200)] if document.title and not quiet else []
    after = _verdict(found) if found.breakdown else []
    if found.total and not found.breakdown:
        after.append(f"{_title(found.values, found.total)} does not apply here")
    if not quiet:
        after += _origins(found)
    if style == "github":
        said, after = [escaped(block) for block in said], [escaped(block) for block in after]
    blocks = [*said, _parts(found, style) if found.breakdown else _plain_rows(found, style), *after]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _plain_rows(found: Answer, style: str) -> str:
    rows = []
    for name in found.names:
        state: Any = found.values.state(name)
        item = found.values.plan.item(name)
        digits, size = _digits(state), ""
        if isinstance(state, int | Fraction) and not isinstance(state, bool):
            digits, size = grouped(state), readable(state, item.unit)
        rows.append([name, digits, plain(item.unit, 40), size if size != digits else "", plain(item.title)])
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
    unit = values.plan.item(found.total).unit

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
    if found.headroom is not None:
        unit = values.plan.item(found.total).unit
        budget = values.number(found.budget)
        verdict = "fits" if found.headroom >= 0 else "DOES NOT FIT"
        what = "headroom" if found.headroom >= 0 else "short by"
        size = readable(magnitude(found.headroom), unit)
        lines.append(f"{_title(values, found.budget)}: {readable(budget, unit)} ({grouped(budget)})")
        share = f", {_share(values.number(found.total), budget)} used" if budget else ""
        lines.append(f"{verdict}: {what} {size} ({grouped(magnitude(found.headroom))}){share}")
    elif found.budget:
        kinds = [kind for kind in values.plan.document.presets if kind not in values.plan.document.inputs]
        ways = " or ".join(
            [f"--{kind} NAME" for kind in kinds if not values.plan.document.presets[kind].through] + [f"--set {found.budget}=80GiB"]
        )
        lines.append(f"No {found.budget} is given, so whether it fits is not said: {ways}")
    return ["\n".join(lines)] if lines else []


def _origins(found: Answer) -> list[str]:
    """Where each value came from: given, presets, assumed; then the warnings."""
    from .derivation import used

    values = found.values
    document = values.plan.document
    needed = used(values, tuple(name for name in (*found.names, found.total, found.budget) if name))
    groups: dict[str, list[str]] = {}
    for name in document.inputs:
        if name not in needed or not values.has(name):
            continue
        known = values.given.get(name)
        label = "Assumed"
        if known is not None:
            label = "Given" if known.origin == "given" else f"From {known.where}"
        groups.setdefault(label, []).append(f"{name} {_brief(values[name])}")
    for name in values.given:
        if isinstance(values.plan.item(name), Rule):
            groups.setdefault("Taken as given instead of its formula", []).append(f"{name} {_brief(values[name])}")
    order = ["Given", *sorted(label for label in groups if label.startswith("From ")), "Taken as given instead of its formula", "Assumed"]
    blocks = [_wrapped(f"{label}: ", groups[label]) for label in order if label in groups]
    lines = [f"warning: {plain(problem.message, 300)}" + (f" ({problem.place})" if problem.place else "") for problem in found.warnings]
    return ["\n".join(blocks), "\n".join(lines)]


def _brief(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
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
