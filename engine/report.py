"""Answers → text: table, JSON, CSV, Markdown. Everything that comes from a file is made safe to print here."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from .breakdown import Breakdown, break_down
from .encode import number, plain_value
from .errors import Problem, plain
from .evaluate import Between, Values, beside, checked
from .named import NamedTuple
from .plan import NOTHING, Absent
from .quantity import Number, exact

FORMATS = ("table", "json", "csv", "markdown")


class Answer(NamedTuple):
    """What `eval` found, ready to be printed in any format."""

    values: Values
    names: tuple[str, ...]
    breakdown: Breakdown | None
    total: str
    budget: str
    warnings: tuple[Problem, ...]
    ranges: tuple[Between, ...] = ()

    @property
    def headroom(self) -> Number | None:
        """What is left of the budget; None when there is no total or no budget."""
        if not (self.total and self.budget and self.values.has(self.total) and self.values.has(self.budget)):
            return None
        return self.values.number(self.budget) - self.values.number(self.total)

    @property
    def fits(self) -> bool | None:
        """Whether the total is within the budget, with the low end of what stands beside it."""
        return None if self.headroom is None else self.headroom >= max(0, sum(each.low for each in self.ranges))

    @property
    def fits_at_high_end(self) -> bool | None:
        """Whether the total is within the budget with the high end of what stands beside it."""
        return None if self.headroom is None else self.headroom >= max(0, sum(each.high for each in self.ranges))


def answer(values: Values, only: tuple[str, ...], warnings: tuple[Problem, ...]) -> Answer:
    """Put an answer together: the report of the document, or the names asked for, or every rule."""
    report = values.plan.document.report
    said, _ = checked(values)
    if only or not report.total:
        names = only or tuple(values.plan.document.rules)
        return Answer(values, names, None, "", report.budget, (*warnings, *said))
    breakdown = break_down(values, report.total, report.parts + report.also) if values.has(report.total) else None
    return Answer(values, report.parts, breakdown, report.total, report.budget, (*warnings, *said), beside(values))


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
        "units": {name: values.plan.unit(name) for name in shown if values.plan.unit(name)},
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
    if document.report.beside and found.total:
        out["ranges"] = [{"title": each.title, "low": number(each.low), "high": number(each.high)} for each in found.ranges]
        out["fits_at_high_end"] = found.fits_at_high_end
    return out


def _input(values: Values, name: str) -> dict[str, Any]:
    known = values.given.get(name)
    out: dict[str, Any] = {"value": plain_value(values[name]), "origin": values.origin(name)}
    if known and known.where:
        out["where"] = known.where
    return out


def csv_text(found: Answer) -> str:
    """The answer as CSV."""
    rows = [["name", "value", "unit", "title"]]
    document = found.values.plan.document
    for name in found.names if not found.total else document.rules:
        state = found.values.state(name)
        if state.__class__ is not Absent:
            item = found.values.plan.item(name)
            rows.append([name, digits(state), found.values.plan.unit(name), plain(item.title, 200)])
    return csv_rows(rows)


def csv_rows(rows: list[list[str]]) -> str:
    """Rows as CSV, every cell made safe."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[cell(each) for each in row] for row in rows])
    return text.getvalue()


def cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    risky = text[:1] in {"=", "+", "-", "@", "\t", "\r"} and text != "-" and not re.fullmatch(r"-?[0-9]+(/[0-9]+)?", text)
    return "'" + text if risky else text


def digits(state: Any) -> str:
    """A state in plain digits or words."""
    if state is NOTHING:
        return "-"
    if state.__class__ is Absent:
        return "unknown"
    if isinstance(state, bool):
        return "true" if state else "false"
    if isinstance(state, tuple):
        return " ".join(plain(str(element)) for element in state)
    return exact(state) if isinstance(state, int | Fraction) else plain(str(state))
