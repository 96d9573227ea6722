"""Two unknowns: the pairs of which neither can go further without giving up some of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import CommandError, NoAnswer, Problem
from ..evaluate import Given, Values, evaluate, require
from ..plan import NOTHING, Absent, Plan
from ..quantity import Number, grouped, magnitude
from .bisection import backward, forward, last_true
from .bounds import Bounds, Function
from .goal import Goal, domain_of, reaches, trial, unknown_input
from .nodes import Culprit
from .spans import End, Piece, far

WHOLE = 200
"""Pairs up to which a frontier is given whole."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values that meet the bound, with the target there; neither goes further while the other stays."""

    first: int
    second: int
    at: Number
    limit: Number


@dataclass(frozen=True, slots=True)
class Frontier:
    """The answer for two unknowns. `further` says for each whether further means `larger` or `smaller`."""

    first: str
    second: str
    goal: Goal
    pairs: tuple[Pair, ...]
    further: tuple[str, str]
    complete: bool
    proof: tuple[str, ...]


class _Plane:
    """The target, less its bound, over two unknowns that are each counted in the direction that makes it harder to meet."""

    def __init__(self, values: Values, names: tuple[str, str], goal: Goal, domains: tuple[Piece, Piece]) -> None:
        self.values, self.names, self.goal = values, names, goal
        self.ends = [goal.target, *([goal.bound_name] if goal.bound_name else [])]
        bounds = Bounds(values, names, self.ends)
        self.ways = self._prove(domains, bounds)
        self.function = Function(bounds)
        self.starts = tuple(_easy(domain, way, name) for domain, way, name in zip(domains, self.ways, names, strict=True))
        self.stops: tuple[End, ...] = tuple(domain.high if way > 0 else domain.low for domain, way in zip(domains, self.ways, strict=True))

    def _prove(self, domains: tuple[Piece, Piece], bounds: Bounds) -> tuple[int, int]:
        """Which way each unknown makes the bound harder to meet, everywhere."""
        pieces = dict(zip(self.names, domains, strict=True))
        ways: list[int] = []
        for names, known in ((self.names, bounds), (self.names[::-1], Bounds(self.values, self.names[::-1], self.ends))):
            view = known.view(pieces, self.goal.target, self.goal.bound)
            if view.span is None or view.failing or view.span.wanders:
                raise _refused(names[0], self.goal, view.failing or (view.span.culprit if view.span else None))
            if view.span.rises and view.span.falls:
                raise CommandError(Problem(f"`{names[0]}` does not influence `{self.goal.target}` with these inputs"))
            ways.append(1 if view.span.rises == (self.goal.sense == "at_most") else -1)
        return ways[0], ways[1]

    def states(self, first: int, second: int) -> tuple[Number, Number] | None:
        """The target and the bound at a pair; None where one has no value."""
        cells = self.function.at(first, second)
        slots, bound = self.values.plan.slots, self.goal.bound
        at, limit = cells[slots[self.goal.target]], cells[slots[bound]] if isinstance(bound, str) else bound
        if at is NOTHING or limit is NOTHING or isinstance(at, Absent) or isinstance(limit, Absent):
            return None
        return at, limit

    def meets(self, first: int, second: int) -> bool:
        """Whether a pair meets the bound."""
        found = self.states(first, second)
        return found is not None and self.goal.meets(found[0] - found[1])

    def second(self, first: int, least: int | None = None) -> End | None:
        """How far the second goes when the first stands; `least` is known to be at least as far."""

        def test(second: int) -> bool:
            return self.meets(first, second)

        if least is None:
            return last_true(test, self.starts[1], self.stops[1])
        return least if test(least) else backward(test, least, self.starts[1])

    def first(self, second: int, start: int) -> End:
        """How far the first goes when the second stands, from a value at which both meet the bound."""
        return forward(lambda first: self.meets(first, second), start, self.stops[0])


def _easy(domain: Piece, way: int, name: str) -> int:
    start = domain.low if way > 0 else domain.high
    if far(start):
        raise CommandError(Problem(f"`{name}` has no {'min' if way > 0 else 'max'} to begin from", None, "say it in the rules"))
    return int(start)


def _refused(name: str, goal: Goal, culprit: Culprit | None) -> CommandError:
    why = f": {culprit}" if culprit else ""
    message = f"a frontier needs a target that only grows or only shrinks; `{goal.target}` is not proved to as `{name}` grows{why}"
    return CommandError(Problem(message, culprit.place if culprit else None, "solve for one of the two, and give the other"))


def frontier(plan: Plan, given: Mapping[str, Given], first: str, second: str, goal: Goal) -> Frontier:
    """All pairs of two whole-number inputs of which neither can go further under the bound.

    When there are more than `WHOLE`, those at doubling steps of the first.

    Raises:
        CommandError: when the two cannot be asked for together.
        InputError: when something else is missing.
        NoAnswer: when no pair meets the bound.
    """
    items = unknown_input(plan, first), unknown_input(plan, second)
    if first == second:
        raise CommandError(Problem(f"`{first}` twice: name two inputs"))
    if goal.sense == "equals":
        raise CommandError(Problem("two unknowns need a bound: `equals` has no frontier", None, "use --at-most or --at-least"))
    for item in items:
        if item.type != "integer" or item.choices:
            raise CommandError(Problem(f"`{item.name}` is not a whole number: two unknowns are whole numbers"))
        reaches(plan, given, item.name, goal)
    domains = domain_of(items[0]), domain_of(items[1])
    free = {**given, first: Given(trial(domains[0]), "given"), second: Given(trial(domains[1]), "given")}
    values = evaluate(plan, free)
    require(values, [goal.target, *([goal.bound_name] if goal.bound_name else [])])
    plane = _Plane(values, (first, second), goal, domains)
    if plane.second(plane.starts[0]) is None:
        raise NoAnswer(_nothing(plane))
    pairs = _corners(plane)
    complete = pairs is not None
    further = tuple("larger" if way > 0 else "smaller" for way in plane.ways)
    return Frontier(first, second, goal, tuple(pairs or _steps(plane)), (further[0], further[1]), complete, _proof(plane, complete))


def _proof(plane: _Plane, complete: bool) -> tuple[str, ...]:
    goes = ["never falls" if (way > 0) == (plane.goal.sense == "at_most") else "never rises" for way in plane.ways]
    first, second = plane.names
    both = f"{goes[0]} as {first} grows and {goes[1]} as {second} grows"
    some = f"There are more than {WHOLE} such pairs: those at doubling steps of {first} are listed."
    return (
        f"{plane.goal.target} {both}, whatever the other is (shown part by part through its formulas).",
        f"In each pair neither can go further while the other stays. {'Every such pair is listed.' if complete else some}",
    )


def _nothing(plane: _Plane) -> Problem:
    first, second = plane.starts
    found = plane.states(first, second)
    where = f"{plane.names[0]} = {grouped(first)} and {plane.names[1]} = {grouped(second)}"
    if found is None:
        return Problem(f"no pair fits: at {where} `{plane.goal.target}` has no value")
    over, side = magnitude(found[0] - found[1]), "over" if found[0] > found[1] else "below"
    size = plane.goal.full(found[0])
    bound = plane.goal.full(found[1])
    return Problem(f"no pair fits: even at {where} {plane.goal.target} is {size}, {grouped(over)} {side} the bound, {bound}")


def _corner(plane: _Plane, first: int, least: int | None = None) -> Pair | None:
    """The pair with the second as far as it goes at `first`, and then the first as far as it goes."""
    second = plane.second(first, least)
    if second is None:
        return None
    if far(second):
        raise _endless(plane.names[1], plane.names[0], first)
    end = plane.first(int(second), first)
    if far(end):
        raise _endless(plane.names[0], plane.names[1], int(second))
    found = plane.states(int(end), int(second))
    assert found is not None
    return Pair(int(end), int(second), *found)


def _endless(name: str, other: str, value: int) -> CommandError:
    message = f"`{name}` has no end: every value fits with {other} = {grouped(value)}"
    return CommandError(Problem(message, None, "give it a `max` in the rules"))


def _corners(plane: _Plane) -> list[Pair] | None:
    """The whole frontier, or None when it has more than `WHOLE` pairs."""
    pairs: list[Pair] = []
    first, way = plane.starts[0], plane.ways[0]
    while not _beyond(first, plane.stops[0], way):
        pair = _corner(plane, first, pairs[-1].second if pairs else None)
        if pair is None:
            break
        if len(pairs) == WHOLE:
            return None
        pairs.append(pair)
        first = pair.first + way
    return pairs


def _beyond(value: int, end: End, way: int) -> bool:
    return value > end if way > 0 else value < end


def _steps(plane: _Plane) -> list[Pair]:
    """The pairs of the frontier at doubling steps of the first unknown, and its last pair."""
    pairs: dict[tuple[int, int], Pair] = {}
    start, way = plane.starts[0], plane.ways[0]
    places = [start]
    while not _beyond(places[-1], plane.stops[0], way) and len(places) < 4000:
        places.append(places[-1] * 2 if way > 0 and places[-1] > 0 else start + way * 2 ** len(places))
    last = plane.first(plane.starts[1], start)
    places = [place for place in places if place != last and not _beyond(place, last, way)] + ([] if far(last) else [int(last)])
    for place in places:
        before = pairs[next(reversed(pairs))].second if pairs else None
        pair = _corner(plane, place, before)
        if pair:
            pairs[pair.first, pair.second] = pair
    return list(pairs.values())
