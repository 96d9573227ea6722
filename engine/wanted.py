"""What the columns of a table of answers are: rules, what is left of the budget, whether it fits; and which rows are wanted."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from .errors import CommandError, Place, Problem, Text, plain, suggest
from .evaluate import Values, beside
from .formula import parse
from .lowering.lower import Column, Lowering
from .lowering.numbers import Number, add, scaled
from .plan import NOTHING, Absent, Plan
from .records import Case, Check, Document, Rule

HEADROOM = "headroom"
FITS = "fits"
WHERE = "--where"
"""What a plan has besides the rules of its file: see `extended`."""


def extended(document: Document, where: str) -> tuple[Plan, bool]:
    """The plan of a document with `headroom` and `fits` as names and a condition on the rows; and whether `fits` is not a rule of its own.

    Raises:
        RulesError: when the condition is wrong.
    """
    report, rules = document.report, dict(document.rules)
    place = report.place or Place(Text(document.path, ""), 1, 1)
    own = False
    if report.total and report.budget and not {HEADROOM, FITS} & document.words and HEADROOM not in {**document.inputs, **rules}:
        unit = document.rules[report.total].unit if report.total in rules else ""
        rules[HEADROOM] = Rule(HEADROOM, (Case(None, parse(f"{report.budget} - {report.total}", place)),), place, unit=unit)
        if FITS not in {**document.inputs, **rules}:
            own = True
            lows = "".join(f", min({each.low}, {each.high})" for each in report.beside)
            rules[FITS] = Rule(FITS, (Case(None, parse(f"{HEADROOM} >= max(0{lows})", place)),), place)
    checks = tuple(check for check in document.checks if check.name != WHERE)
    if where:
        place = Place(Text("--where", where), 1, 1, len(where))
        checks += (Check(WHERE, parse(where, place), "", "warning", place),)
    return Plan(document._replace(rules=rules, checks=checks)), own


def columns(plan: Plan, only: Sequence[str], beside: Container[str], has: Callable[[str], bool]) -> tuple[str, ...]:
    """The names of the columns asked for; without any the total, the parts and what is left, or all rules of a file without a report.

    Args:
        plan: the plan with what `extended` adds.
        only: the names asked for.
        beside: columns that are there anyway.
        has: whether a name has a value; asked of the budget.

    Raises:
        CommandError: when there is no such name, or it is a list.
    """
    report = plan.document.report
    if not only:
        if not report.total:
            return tuple(name for name in plan.document.rules if plan.shapes[name].kind in {"number", "truth", "word"})
        room = [HEADROOM, FITS] if HEADROOM in plan.slots and has(report.budget) else []
        only = [report.total, *report.parts, *(name for name in room if name in plan.slots)]
    for name in only:
        if name not in plan.slots:
            hint = suggest(name, plan.slots) or "`list RULES --format json` shows the names"
            raise CommandError(Problem(f"there is no rule or input `{plain(name)}`", None, hint))
        if plan.shapes[name].kind in {"list", "element"}:
            raise CommandError(Problem(f"`{name}` is a list and cannot be a column"))
    return tuple(dict.fromkeys(name for name in only if name not in beside))


def special(lowering: Lowering) -> dict[str, Callable[[], Column]]:
    """`headroom` and `fits` as `eval` says them, for `Lowering.special`."""
    return {HEADROOM: lambda: _headroom(lowering), FITS: lambda: _fits(lowering)}


def _headroom(lowering: Lowering) -> Column:
    """What is left of the budget, where there are both."""
    report = lowering.plan.document.report
    total, budget = lowering.name(report.total), lowering.name(report.budget)
    bad = lowering.nodes.either(total.bad, budget.bad)
    applies = lowering.nodes.both(total.applies, budget.applies)
    return Column("number", add(budget.value, scaled(total.value, -1)), bad, lowering.nodes.either(applies, bad))


def _fits(lowering: Lowering) -> Column:
    """Whether it fits: what stands beside the total and has no value is left out, as everywhere."""
    nodes = lowering.nodes
    needed: Number = {}
    for each in lowering.plan.document.report.beside:
        ends_of = [lowering.name(each.low), lowering.name(each.high)]
        bad = nodes.either(ends_of[0].bad, ends_of[1].bad)
        least = lowering.numbers.extreme("min", [column.value for column in ends_of], [True, True])
        needed = add(needed, lowering.numbers.where(bad, {}, least))
    room = lowering.name(HEADROOM)
    needed = lowering.numbers.extreme("max", [{}, needed], [True, True])
    fits = nodes.both(room.applies, lowering.numbers.compare("<=", needed, room.value))
    return Column("truth", fits, room.bad, room.applies)


def settle(values: Values) -> None:
    """Say in an evaluation what is left and whether it fits, as `eval` says it."""
    report, slots = values.plan.document.report, values.plan.slots
    room = values.state(HEADROOM)
    fits: Any
    if room.__class__ is Absent:
        fits = room
    elif NOTHING in (values.state(report.total), values.state(report.budget)):
        room = fits = NOTHING
    else:
        fits = room >= max(0, sum(each.low for each in beside(values)))
    values.cells[slots[HEADROOM]], values.cells[slots[FITS]] = room, fits
