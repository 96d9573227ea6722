"""Every value of one unknown at which a number meets a bound, by taking the unknown's domain apart.

A piece of the domain is settled when the bounds of the number on it prove that all of it or nothing of it meets the bound,
or that the number never falls (or never rises) there, so that bisection finds where it crosses. Any other piece is split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ..errors import Problem
from ..evaluate import Given, Values, on_demand
from ..plan import NOTHING, Absent
from ..quantity import Number, magnitude, whole
from .bisection import FARTHEST, last_true, simplest
from .bounds import Bounds, Function, View
from .nodes import Culprit
from .spans import FAR, End, Piece, Span, apart, far, size

WORK = 400_000
"""Steps of computing that one search may take; a view of a piece counts `VIEW` for each name."""
VIEW = 10
SCANNED = 100_000
"""Values of a domain that are all tried before a search gives up."""
LISTED = 50
"""Ranges that are listed."""
REMEMBERED = 100
"""Values at which what was computed is remembered."""
FINENESS = 2**40
_SMALL = 4


@dataclass(frozen=True, slots=True)
class Range:
    """Values that meet the bound, from `low` to `high`.

    An end is `open` when it does not itself meet the bound, and `rough` when it is known only closely.
    """

    low: End
    high: End
    low_open: bool = False
    high_open: bool = False
    low_rough: bool = False
    high_rough: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A piece that was settled, and which way the number goes on it."""

    low: End
    high: End
    rises: bool
    falls: bool


@dataclass
class Found:
    """What a search found.

    `ranges` in ascending order; `complete` when the whole domain was settled; `first` and
    `culprit` are the first and the last part of a formula that a piece had to be split for.
    """

    ranges: list[Range] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    complete: bool = True
    settled: int = 0
    first: Culprit | None = None
    culprit: Culprit | None = None
    undefined: list[tuple[End, End, str]] = field(default_factory=list)
    from_right: bool = True


class Question:
    """A number, less its bound, as a function of one unknown.

    Args:
        values: an evaluation in which everything else stands.
        unknown: what moves.
        target: the number.
        bound: a number, or the name of one.
        sense: `at_most`, `at_least` or `equals`.
    """

    def __init__(self, values: Values, unknown: str, target: str, bound: Number | str, sense: str) -> None:
        self.values, self.unknown, self.target, self.bound, self.sense = values, unknown, target, bound, sense
        self.bounds = Bounds(values, [unknown], [target, *([bound] if isinstance(bound, str) else [])])
        if isinstance(bound, str) and bound not in self.bounds.moving:
            self.bound = values.number(bound)
        plan = values.plan
        self._function = Function(self.bounds)
        self._slots = plan.slots[target], plan.slots[self.bound] if isinstance(self.bound, str) else -1
        self.cost = self.bounds.size + 1
        self.work = 0
        self.limit = WORK
        self._seen: dict[Number, Number | None] = {}
        self._states: dict[Number, tuple[Any, Any]] = {}
        self._viewed: tuple[Piece, View] | None = None
        self.why = ""

    def at(self, x: Number) -> Any:
        """The state of the target."""
        return self._both(x)[0]

    def bound_at(self, x: Number) -> Any:
        """The state of the bound."""
        return self._both(x)[1]

    def _both(self, x: Number) -> tuple[Any, Any]:
        """The states of the target and the bound; they are computed once for each of the last values asked for."""
        found = self._states.get(x)
        if found is None:
            if len(self._states) >= REMEMBERED:
                self._states.clear()
            cells = self._function.at(x)
            found = self._states[x] = cells[self._slots[0]], cells[self._slots[1]] if isinstance(self.bound, str) else self.bound
        return found

    def evaluated(self, x: Number) -> Values:
        """An evaluation in which the unknown has a value."""
        plan = self.values.plan
        still = {slot: value for slot, value in self.values.cells.items() if plan.graph.order[slot] not in self.bounds.moving}
        return on_demand(plan, {**self.values.given, self.unknown: Given(x, "given", "found")}, still)

    def gap(self, x: Number) -> Number | None:
        """The target less the bound; None where one of them has no value."""
        if x not in self._seen:
            self.work += self.cost
            states = self._both(x)
            if any(state is NOTHING or state.__class__ is Absent for state in states):
                self._seen[x] = None
                self.why = self.why or _why(states, self.target)
            else:
                self._seen[x] = whole(states[0] - states[1])
        return self._seen[x]

    def meets(self, x: Number) -> bool:
        """Whether the target has a value there that meets the bound."""
        gap = self.gap(x)
        return gap is not None and self.right(gap)

    def right(self, gap: Number) -> bool:
        """Whether a target this far over its bound meets it."""
        return gap <= 0 if self.sense == "at_most" else gap >= 0 if self.sense == "at_least" else gap == 0

    def view(self, piece: Piece) -> View:
        """What is known on a piece."""
        self.work += VIEW * self.cost
        if self._viewed is None or self._viewed[0] != piece:
            self._viewed = piece, self.bounds.view({self.unknown: piece}, self.target, self.bound)
        return self._viewed[1]

    def all_meet(self, span: Span) -> bool:
        """Whether every number of a span meets the bound."""
        least = span.low >= 0 if self.sense != "at_most" else True
        return least and (span.high <= 0 if self.sense != "at_least" else True)

    def none_meet(self, span: Span) -> bool:
        """Whether no number of a span meets the bound."""
        return (self.sense != "at_least" and span.low > 0) or (self.sense != "at_most" and span.high < 0)


def _why(states: tuple[Any, Any], target: str) -> str:
    for state in states:
        problems: tuple[Problem, ...] = getattr(state, "problems", ())
        if problems:
            return problems[0].message
    return f"`{target}` does not apply" if states[0] is NOTHING else f"`{target}` has no value"


def find(question: Question, domain: Piece) -> Found:
    """Search a domain, from its far end when that is finite, so that the largest values are found first."""
    found = Found(from_right=not far(domain.high))
    if domain.grid and apart(domain.low, domain.high) < SCANNED:
        question.limit = min(max(WORK, question.cost * SCANNED * 2), 10 * WORK)
    todo: list[Piece | Range] = pieces_of(domain) if found.from_right else pieces_of(domain)[::-1]
    while todo:
        item = todo.pop()
        if isinstance(item, Range):
            _merge(found, item, domain.grid)
            continue
        if question.work > question.limit or (len(found.ranges) > LISTED and question.work > question.limit // 10):
            found.complete = False
            break
        made = _settle(question, found, item)
        todo += made if found.from_right else made[::-1]
    if found.from_right:
        found.ranges.reverse()
    found.parts.sort(key=lambda part: part.low)
    return found


def pieces_of(domain: Piece) -> list[Piece | Range]:
    """A domain as pieces with at most one far end."""
    low, high = domain.low, domain.high
    if domain.grid:
        return [Piece(-FAR, -1, True), Piece(0, FAR, True)] if far(low) and far(high) else [domain]
    if far(low) and far(high):
        return [Piece(-FAR, 0, False), Piece(0, 0, False), Piece(0, FAR, False)]
    made: list[Piece | Range] = [Piece(low, low, False)] if not far(low) else []
    if low != high:
        made.append(Piece(low, high, False))
        made += [Piece(high, high, False)] if not far(high) else []
    return made


def _merge(found: Found, new: Range, grid: bool) -> None:
    """Add a range beside or beyond those found before."""
    if not found.ranges:
        found.ranges.append(new)
        return
    last = found.ranges[-1]
    left, right = (new, last) if found.from_right else (last, new)
    touch = left.high + 1 >= right.low if grid else left.high == right.low and not (left.high_open and right.low_open)
    if touch:
        found.ranges[-1] = Range(left.low, right.high, left.low_open, right.high_open, left.low_rough, right.high_rough)
    else:
        found.ranges.append(new)


def _settle(question: Question, found: Found, piece: Piece) -> list[Piece | Range]:
    """What is left to do for a piece, in ascending order."""
    found.settled += 1
    if piece.point or (piece.grid and apart(piece.low, piece.high) < _SMALL):
        return list(_scan(question, found, piece))
    view = question.view(piece)
    if view.span is None:
        _undefined(found, piece, str(view.failing))
        return []
    span = view.span
    if question.none_meet(span):
        _settled(found, piece, span)
        return []
    if view.failing:
        found.first, found.culprit = found.first or view.failing, view.failing
        return _split(found, piece, view)
    defined = _defined(question, piece)
    if defined is False:
        _undefined(found, piece, question.why)
        return []
    if defined and question.all_meet(span):
        _settled(found, piece, span)
        return [Range(piece.low, piece.high, piece.open, piece.open)]
    if defined and piece.grid and (span.rises or span.falls):
        _settled(found, piece, span)
        return _monotone(question, piece, span.rises)
    if piece.open and span.line:
        return _line(question, piece, *span.line)
    if span.wanders:
        found.first, found.culprit = found.first or span.culprit, span.culprit or found.culprit
    elif piece.open:
        return _bisected(question, found, piece, view)
    return _split(found, piece, view)


def _settled(found: Found, piece: Piece, span: Span) -> None:
    if len(found.parts) < 100:
        found.parts.append(Part(piece.low, piece.high, span.rises, span.falls))


def _undefined(found: Found, piece: Piece, why: str) -> None:
    if len(found.undefined) < 200:
        found.undefined.append((piece.low, piece.high, why))


def _defined(question: Question, piece: Piece) -> bool | None:
    """Whether the number can be computed at both finite ends of a grid piece; None when only at one."""
    if piece.open:
        return True
    ends = [question.gap(end) is not None for end in (piece.low, piece.high) if not isinstance(end, float)]
    return True if all(ends) else False if not any(ends) else None


def _scan(question: Question, found: Found, piece: Piece) -> Iterator[Range]:
    places: list[Number] = [piece.low] if piece.point else list(range(piece.low, piece.high + 1))  # type: ignore[list-item, arg-type]
    for x in places:
        if question.gap(x) is None:
            _undefined(found, Piece(x, x, piece.grid), question.why)
        elif question.meets(x):
            yield Range(x, x)
    values = [question.gap(x) for x in places]
    known = [value for value in values if value is not None]
    if len(known) == len(values) and len(found.parts) < 100:
        rises, falls = (all(a <= b for a, b in pairwise(known))), (all(a >= b for a, b in pairwise(known)))
        found.parts.append(Part(piece.low, piece.high, rises, falls))


def _split(found: Found, piece: Piece, view: View) -> list[Piece | Range]:
    """The parts of a piece, split where the view says something changes, else in the middle."""
    at = middle(piece, view.splits)
    if at is None:
        _undefined(found, piece, "is too fine or too far to look at")
        return []
    if piece.grid:
        return [Piece(piece.low, at, True), Piece(at + 1, piece.high, True)]
    return [Piece(piece.low, at, False), Piece(at, at, False), Piece(at, piece.high, False)]


def middle(piece: Piece, splits: tuple[Number, ...]) -> Number | None:
    """Where to split (on a grid, after which number); None when the piece is too fine or too far out."""
    low, high = piece.low, piece.high
    if isinstance(low, float) or isinstance(high, float):
        near = high if isinstance(low, float) else low
        if size(near) > FARTHEST:
            return None
        if splits:
            return min(splits, key=magnitude)
        assert not isinstance(near, float)
        step = max(1, magnitude(near))
        return near - step - 1 if isinstance(low, float) else near + step
    if piece.open:
        scale = max(magnitude(low), magnitude(high))
        if (high - low) * FINENESS < scale or scale * FINENESS**3 < 1:
            return None
    middle = (low + high) // 2 if piece.grid else whole((low + high) / Fraction(2))
    return min(splits, key=lambda at: magnitude(at - middle)) if splits else middle


def _monotone(question: Question, piece: Piece, rises: bool) -> list[Piece | Range]:
    """The values of a grid piece that meet the bound, when the number never falls (or never rises) on it."""
    low, high = piece.low, piece.high
    if question.sense != "at_least":  # at most the bound: up to some place, or from some place on
        end = last_true(lambda x: at_most(question, x), low if rises else high, high if rises else low, question.gap)
        if end is None:
            return []
        low, high = (low, end) if rises else (end, high)
    if question.sense != "at_most":
        start = last_true(lambda x: at_least(question, x), high if rises else low, low if rises else high, question.gap)
        if start is None:
            return []
        low, high = (start, high) if rises else (low, start)
    return [Range(low, high)]


def at_most(question: Question, x: Number) -> bool:
    """Whether the target has a value there that is at most the bound."""
    gap = question.gap(x)
    return gap is not None and gap <= 0


def at_least(question: Question, x: Number) -> bool:
    """Whether the target has a value there that is at least the bound."""
    gap = question.gap(x)
    return gap is not None and gap >= 0


def _line(question: Question, piece: Piece, slope: Number, offset: Number) -> list[Piece | Range]:
    """The values between open ends where a line meets the bound; the line is neither all right nor all wrong there."""
    root = whole(Fraction(-offset) / slope)
    if not piece.low < root < piece.high:
        inside = question.right(1 if (slope > 0) == (root <= piece.low) else -1)
        return [Range(piece.low, piece.high, True, True)] if inside else []
    if question.sense == "equals":
        return [Range(root, root)]
    if (question.sense == "at_most") == (slope > 0):
        return [Range(piece.low, root, True)]
    return [Range(root, piece.high, False, True)]


def _bisected(question: Question, found: Found, piece: Piece, view: View) -> list[Piece | Range]:
    """One step of bisection between open ends, where the number never falls or never rises."""
    assert view.span
    at = middle(piece, view.splits)
    if at is None:
        return _crossing(question, piece, view.span)
    gap = question.gap(at)
    left, right = Piece(piece.low, at, False), Piece(at, piece.high, False)
    if gap is None or (gap == 0 and question.sense == "equals" and not _strict(view.span)):
        return _split(found, piece, view)
    if gap == 0 and question.sense == "equals":
        return [Range(at, at)]
    before = (question.sense == "at_most") == view.span.rises  # what meets the bound comes first
    if gap == 0 and _strict(view.span):
        return [Range(piece.low, at, True)] if before else [Range(at, piece.high, False, True)]
    if question.sense == "equals":
        return [right if (gap < 0) == view.span.rises else left]
    if before:
        return [Range(piece.low, at, True), right] if question.right(gap) else [left]
    return [left, Range(at, piece.high, False, True)] if question.right(gap) else [right]


def _strict(span: Span) -> bool:
    return span.least > 0 or span.most < 0


def _crossing(question: Question, piece: Piece, span: Span) -> list[Piece | Range]:
    """The crossing inside a piece too fine to split: the simplest number in it if it is exact, else known to this fineness."""
    assert not isinstance(piece.low, float)
    assert not isinstance(piece.high, float)
    root = simplest(Fraction(piece.low), Fraction(piece.high))
    rough = question.gap(root) != 0
    if question.sense == "equals":
        ends = [question.gap(piece.low), question.gap(piece.high)]
        passed = None not in ends and (ends[0] or 0) * (ends[1] or 0) < 0 and not far(span.least) and not far(span.most)
        if rough:
            return [Range(root, root, low_rough=True, high_rough=True)] if passed else []
        level = not _strict(span)  # the number may stay at the bound for a while
        low, high = (piece.low if ends[0] == 0 else root), (piece.high if ends[1] == 0 else root)
        return [Range(low, high, False, False, level and low == root, level and high == root)]
    rough = rough or not _strict(span)
    if (question.sense == "at_most") == span.rises:
        end = root if question.meets(root) else piece.low
        return [Range(piece.low, end, end == root, False, False, rough)] if question.meets(end) else []
    end = root if question.meets(root) else piece.high
    return [Range(end, piece.high, False, end == root, rough, False)] if question.meets(end) else []
