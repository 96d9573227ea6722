"""A choice, a preset or a list of numbers as the unknown: every entry is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .. import presets
from ..errors import CommandError, GaugeError, NoAnswer, Place, Problem, Text, plain
from ..evaluate import Given, checked, evaluate, require
from ..plan import NOTHING, Absent, Plan
from ..quantity import Number, grouped, readable
from ..records import Input, PresetKind
from ..source import Scalar
from .goal import Goal, reaches


@dataclass(frozen=True, slots=True)
class Entry:
    """One value tried: the target and the bound there, and `headroom`, how far it is inside its bound (below 0: outside)."""

    value: Number | str | bool
    at: Number | None
    bound: Number | None
    headroom: Number | None
    fits: bool
    why: str = ""
    title: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The value as an inputs file writes it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return plain(self.value) if isinstance(self.value, str) else grouped(self.value)


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer for an unknown that has a list of values: the best first, those that have no target last."""

    unknown: str
    goal: Goal
    entries: tuple[Entry, ...]
    order: str

    @property
    def best(self) -> Entry:
        """The entry that fits with the least to spare."""
        return self.entries[0]


def is_listed(plan: Plan, unknown: str) -> bool:
    """Whether an unknown is one whose values are tried one by one."""
    item = plan.document.inputs.get(unknown)
    if item is None:
        return unknown in plan.document.presets
    return item.type in {"choice", "boolean"} or bool(item.choices)


def tried(plan: Plan, given: Mapping[str, Given], unknown: str, goal: Goal) -> Tried:
    """Try every value of a choice, a truth value, a number with choices, or every entry of a preset kind.

    Raises:
        CommandError: when no choice makes a difference to the target: there is nothing to choose.
        InputError: when inputs are missing whatever the unknown is.
        NoAnswer: when nothing fits; its message says what comes nearest.
    """
    item = plan.document.inputs.get(unknown)
    if item is not None:
        try:
            reaches(plan, given, unknown, goal)
        except NoAnswer as error:
            raise CommandError(*error.problems) from None
        entries = [_entry(plan, {**given, unknown: Given(value, "given", "tried")}, value, goal) for value in _values(item)]
    else:
        entries = list(_presets(plan, given, plan.document.presets[unknown], goal))
    known = [entry for entry in entries if entry.at is not None]
    if not known:
        _say_why(plan, given, goal, entries, unknown)
    if len(known) > 1 and len({(entry.at, entry.bound) for entry in known}) == 1:
        each = goal.size(known[0].at or 0)
        raise CommandError(Problem(f"`{unknown}` does not influence `{goal.target}` with these inputs: it is {each} for each"))
    ordered = tuple(sorted(entries, key=_rank))
    found = Tried(unknown, goal, ordered, "those that fit first, the one with the least to spare at the top")
    if not found.best.fits:
        raise NoAnswer(_nothing(found))
    return found


def _values(item: Input) -> tuple[Number | str | bool, ...]:
    if item.type == "boolean":
        return False, True
    return tuple(item.choices) + ((item.otherwise,) if item.otherwise and item.otherwise not in item.choices else ())


def _presets(plan: Plan, given: Mapping[str, Given], kind: PresetKind, goal: Goal) -> Iterator[Entry]:
    mark = f"{kind.name} "
    own = {name: value for name, value in given.items() if not (value.origin == "preset" and value.where.startswith(mark))}
    for name in presets.names(kind):
        place = Place(Text(f"--for {kind.name}", name), 1, 1, max(1, len(name)))
        try:
            preset = presets.find(kind, Scalar(name, True, place))
            made = {**presets.values_of(plan, kind, preset, place), **own}
        except GaugeError as error:
            yield Entry(name, None, None, None, False, error.problems[0].message)
            continue
        yield _entry(plan, made, name, goal, preset.title)


def _entry(plan: Plan, given: Mapping[str, Given], value: Number | str | bool, goal: Goal, title: str = "") -> Entry:
    values = evaluate(plan, given)
    at = values.state(goal.target)
    bound = values.state(goal.bound) if isinstance(goal.bound, str) else goal.bound
    for name, state in ((goal.target, at), (goal.bound_name, bound)):
        if state is NOTHING:
            return Entry(value, None, None, None, False, f"`{name}` does not apply", title)
        if isinstance(state, Absent):
            why = state.problems[0].message if state.problems else "missing: " + ", ".join(f"`{missing}`" for missing in state.missing[:6])
            return Entry(value, None, None, None, False, why, title)
    warnings, errors = checked(values)
    if errors:
        return Entry(value, None, None, None, False, errors[0].message, title)
    gap = at - bound
    headroom = -gap if goal.sense == "at_most" else gap if goal.sense == "at_least" else -abs(gap)
    return Entry(value, at, bound, headroom, goal.meets(gap), "", title, tuple(problem.message for problem in warnings))


def _rank(entry: Entry) -> tuple[int, Number]:
    """Those that fit by how little is left, then the others by how little is lacking, then those without a value."""
    if entry.headroom is None:
        return 2, 0
    return (0, entry.headroom) if entry.fits else (1, -entry.headroom)


def _say_why(plan: Plan, given: Mapping[str, Given], goal: Goal, entries: list[Entry], unknown: str) -> None:
    values = evaluate(plan, given)
    wanted = [goal.target, goal.bound_name] if goal.bound_name else [goal.target]
    missing = {name for state in map(values.state, wanted) for name in getattr(state, "missing", ())}
    if missing - {unknown}:
        require(values, wanted)
    why = entries[0].why if entries else f"there is no {unknown}"
    raise NoAnswer(Problem(f"no value of `{unknown}` gives `{goal.target}` a value: {why}"))


def _nothing(found: Tried) -> Problem:
    best, goal = found.best, found.goal
    assert best.at is not None
    assert best.headroom is not None
    assert best.bound is not None
    off = readable(-best.headroom, goal.unit)
    side = "over" if best.at > best.bound else "below"
    bound = f"`{goal.bound_name}`" if goal.bound_name else "the bound"
    message = (
        f"no value of `{found.unknown}` fits: even with {best.text} {goal.target} is {goal.full(best.at)}, "
        f"{off} ({grouped(-best.headroom)}) {side} {bound}, {goal.full(best.bound)}"
    )
    return Problem(message, None, f"{len(found.entries)} values were tried")
