"""An unknown solved for in many rows at once: the target is proved to go one way over all of them, then bracketed in exact columns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import GaugeError, NoAnswer
from ..evaluate import Given
from ..lowering.lower import Column, Lowering
from ..lowering.nodes import SMALL, Node, Nodes, Truth, Unsupported, Whole, high, low
from ..lowering.numbers import add, constant, of, scaled
from ..named import NamedTuple
from ..plan import Plan
from ..quantity import whole
from ..solve import single, spans
from ..solve.bounds import Bounds, View
from ..solve.goal import Goal, domain_of, freed, reaches, unknown_input
from ..solve.search import middle
from ..solve.spans import Piece, far
from .axes import Spread
from .bracket import last_within
from .kernel import Array
from .parts import quotients
from .program import Memory, Program

ROWS = 1 << 14
"""Rows worked on together: what is between two operations stays in the cache."""
MOST_VIEWS = 200
"""Looks at parts of the question that a proof may take; what is not proved by then is solved row by row."""
MOST_PIECES = 16
"""Pieces of the unknown's domain that a proof may be made of."""
FARTHEST = 2**61
"""Values of an unknown that are looked at in columns."""
BOUND = "--at-most"
"""The column of a bound that has no name."""
ANSWERS = ("largest", "smallest", "any", "only", "none", "unsettled")
"""What an answer is: the `which` of `solve`; or no value meets the bound, or the solver could not tell."""
LARGEST, SMALLEST, ANY, _, NONE, UNSETTLED = range(len(ANSWERS))


class Solved(NamedTuple):
    """Answers by row: the value of the unknown, the target there, which of `ANSWERS` it is; where there is no value, and no target.

    A number that is not there is 0.
    """

    value: Array
    at: Array
    which: Array
    no_value: Array
    no_at: Array


def nothing(count: int, kind: str, *, long: bool, wide: bool) -> Solved:
    """Rows without an answer, to be filled in. For what these are see `Unknown`."""
    at = {"whole": object if wide else np.int64, "exact": object}.get(kind, np.float64)
    value: Array = np.zeros(count, object if long else np.int64)
    return Solved(value, np.zeros(count, at), np.full(count, NONE), np.ones(count, np.bool_), np.ones(count, np.bool_))


class _Asked(NamedTuple):
    """What is computed: how far the target is over its bound, where one of them has no value, the target, the bound.

    All are whole: the gap is multiplied by what makes it so, the target is `above / under`, and the bound is without what it is over.
    """

    gap: Whole
    bad: Truth
    above: Whole
    under: Whole
    limit: Whole


class _Tier(NamedTuple):
    """Columns exact for values of the unknown from its first to `last`."""

    last: int
    gap: Program
    at: Program
    objects: bool
    loose: bool  # whether there is a value hangs on the unknown


@dataclass
class _Box:
    """A range of values of each axis. `way`: 1 small values of the unknown meet the bound, -1 large ones, 0 not proved; None not tried."""

    ranges: dict[str, tuple[int, int]]
    way: int | None = None
    borders: tuple[int, ...] = ()  # where a piece of the proof begins: each row must go the same way from the value before
    tiers: list[_Tier] = field(default_factory=list)
    halves: tuple[str, int, _Box, _Box] | None = None  # the axis, and its last value in the first half


class Unknown:
    """One combination of words and presets, over axes of numbers.

    Args:
        plan: the rules.
        given: what is given, with each axis at some value.
        name: the unknown, a number.
        goal: what is asked.
        axes: the values of each axis; `BOUND` for a bound that differs by row.
        memory: for columns of `ROWS` rows; others may compute in it in between.

    Raises:
        GaugeError: when an input is missing, or the unknown does not influence the target.
    """

    def __init__(self, plan: Plan, given: Mapping[str, Given], name: str, goal: Goal, axes: Mapping[str, Spread], memory: Memory) -> None:
        self.plan, self.given, self.name, self.goal, self.axes, self.memory = plan, given, name, goal, axes, memory
        self.domain = domain_of(unknown_input(plan, name))
        reaches(plan, given, name, goal)
        self.values = freed(plan, given, name, self.domain)
        single.given_everything(self.values, goal)
        self.why = ""  # the first row that has no answer for another reason than that nothing fits
        self.culprit = ""  # why rows are solved one by one, as far as that is known
        self.alone = 0  # rows solved one by one
        self.idle = False  # the unknown makes no difference
        self.views = 0  # looks that the proof took so far
        inside = [each for each in axes if each != BOUND]
        self.bounds = Bounds(self.values, (name, *inside), [goal.target, *([goal.bound_name] if goal.bound_name else [])])
        self.box = _Box({each: (spread.low, spread.high) for each, spread in axes.items()})
        first, last = self.domain.low, self.domain.high
        near = not far(first) and -FARTHEST <= first <= FARTHEST
        self.ended = near and not far(last) and last - first <= FARTHEST  # every value is looked at in columns
        self.counted = near and self.domain.grid and goal.sense != "equals"  # some are
        self.last = int(last) if self.ended else int(first) + FARTHEST if self.counted else 0
        self.long = not (self.counted and self.ended)  # the unknown may not fit in 64 bits, or is not whole
        self.asked: _Asked | None = None
        self.kind, self.wide = self._shape()
        self._prove(self.box)
        self.asked = None  # there may be thousands of combinations

    def _shape(self) -> tuple[str, bool]:
        """What the target is at an answer, and whether it may be over 64 bits.

        It is `whole`, a float that is exact (`half`) or rounded (`float`), or a number as it comes (`exact`).
        """
        if not self.counted:
            return "exact", True
        try:
            asked = self.asked = self._columns(self.box, self.last)
        except Unsupported:
            return "exact", True
        ends = (asked.above, asked.limit) if self.goal.sense == "at_most" else (asked.limit, asked.above)
        size = max(-low(ends[0]), high(ends[1]))
        if asked.under == 1:
            return "whole", not self.ended or size >= 2**63
        half = isinstance(asked.under, int) and asked.under & (asked.under - 1) == 0 and self.ended and size * asked.under < SMALL
        return "half" if half else "float", False

    # ---- the proof

    def _prove(self, box: _Box) -> None:
        """Find out whether the target goes one way, on the whole domain of the unknown or on each piece of it."""
        box.way = 0
        if not self.counted:
            equals = self.goal.sense == "equals"
            self.culprit = "a value to be met exactly" if equals else f"`{self.name}` is not a whole number with a `min`"
            return
        pieces: list[Piece] = []
        left = [self.domain]
        ways = {1, -1}
        while left:
            piece = left.pop()
            view = self._view(box, piece)
            if view.span is None:
                return
            self.idle = self.idle or (piece == self.domain and view.span.fixed and box is self.box)
            span = view.span if self.goal.sense == "at_most" else spans.negative(view.span)
            here = {way for way, goes in ((1, span.rises), (-1, span.falls and not view.failing and self.ended)) if goes or piece.point}
            at = None if here else middle(piece, view.splits)
            if here:
                pieces.append(piece)
                ways &= here
            elif at is not None and len(pieces) + len(left) < MOST_PIECES and self.views < MOST_VIEWS:
                left += [Piece(at + 1, piece.high, True), Piece(piece.low, at, True)]
                continue
            if not here or not ways:
                broken = view.failing or view.span.culprit
                self.culprit = self.culprit or (f"{self.goal.target} is not proved to go one way, {broken}" if broken else "")
                return
        with contextlib.suppress(Unsupported):
            way = max(ways)
            box.tiers = self._tiers(box) if way > 0 else [self._tier(box, self.last)]
            box.borders = tuple(int(piece.low) for piece in pieces[1:])
            box.way = 0 if any(tier.loose for tier in box.tiers) else way

    def _view(self, box: _Box, piece: Piece) -> View:
        """What is known of the target, less its bound, on a piece of the unknown's domain and all of a box."""
        self.views += 1
        pieces = {self.name: piece}
        for name in self.bounds.unknowns[1:]:
            scale = self.axes[name].scale
            first, last = (whole(Fraction(end, scale)) for end in box.ranges[name])
            pieces[name] = Piece(first, last, scale == 1)
        return self.bounds.view(pieces, self.goal.target, 0 if BOUND in self.axes else self.goal.bound)

    def _tiers(self, box: _Box) -> list[_Tier]:
        """Columns over as many values as int64 holds, and where those are not all, over all of them."""
        every = self._tier(box, self.last)
        if not every.objects:
            return [every]
        first = int(self.domain.low)
        found: list[_Tier] = []
        few, many = 0, (self.last - first).bit_length()
        while many - few > 1:
            middle = (few + many) // 2
            tier = self._tier(box, first + 2**middle)
            few, many = (few, middle) if tier.objects else (middle, many)
            found = found if tier.objects else [tier]
        return [*found, every] if self.ended else found or [every]

    def _columns(self, box: _Box, last: int) -> _Asked:
        nodes = Nodes()
        axes = {self.name: of(nodes.leaf(self.name, 1, int(self.domain.low), last))}
        for name, ends_of in box.ranges.items():
            axes[name] = of(nodes.leaf(name, 0, *ends_of), Fraction(1, self.axes[name].scale))
        bound = axes.pop(BOUND, None)
        lowering = Lowering(self.values, axes, nodes)
        ends = [self.goal.target, *([self.goal.bound_name] if self.goal.bound_name else [])]
        lowering.prepare(ends)
        target = lowering.name(ends[0])
        if bound is not None:
            limit = Column("number", bound)
        else:
            limit = lowering.name(self.goal.bound) if isinstance(self.goal.bound, str) else Column("number", constant(self.goal.bound))
        number = add(target.value, scaled(limit.value, -1))
        gap = lowering.numbers.over(number if self.goal.sense == "at_most" else scaled(number, -1))[0]
        above, under = lowering.numbers.over(target.value)
        bad = nodes.any((target.bad, limit.bad, nodes.invert(nodes.both(target.applies, limit.applies))))
        return _Asked(gap, bad, above, under, lowering.numbers.over(limit.value)[0])

    def _tier(self, box: _Box, last: int) -> _Tier:
        asked = self.asked if self.asked and box is self.box and last == self.last else self._columns(box, last)
        gap, at = Program([asked.gap, asked.bad], self.memory), Program([asked.above, asked.under], self.memory)
        return _Tier(last, gap, at, gap.objects or at.objects, isinstance(asked.bad, Node) and bool(asked.bad.axes & 2))

    # ---- the answers

    def solve(self, rows: Mapping[str, Array], count: int) -> Solved:
        """The answers of some rows.

        Args:
            rows: the values of each axis, times its scale.
            count: how many there are.
        """
        out = nothing(count, self.kind, long=self.long, wide=self.wide)
        for box, index in self._placed(self.box, rows, None):
            for start in range(0, count if index is None else len(index), ROWS):
                here = slice(start, min(start + ROWS, count)) if index is None else index[start : start + ROWS]
                size = here.stop - start if isinstance(here, slice) else len(here)
                self._answer(box, {name: column[here] for name, column in rows.items()}, size, out, here)
        return out

    def _placed(self, box: _Box, rows: Mapping[str, Array], index: Array | None) -> Iterator[tuple[_Box, Array | None]]:
        """The boxes that rows are in, taken apart where that helps a proof."""
        if box.way is None:
            self._prove(box)
        if not box.way and box.halves is None and self.counted and self.views < MOST_VIEWS:
            self._halve(box)
        if box.halves is None:
            yield box, index
            return
        name, end, *halves = box.halves
        column = rows[name] if index is None else rows[name][index]
        for half, mask in zip(halves, (column <= end, column > end), strict=True):
            inside = np.flatnonzero(mask)
            if len(inside):
                yield from self._placed(half, rows, inside if index is None else index[inside])

    def _halve(self, box: _Box) -> None:
        """Take a box apart along the axis that has the most values and that the target hangs on."""
        computed = [name for name in (self.goal.target, self.goal.bound_name) if name in self.plan.document.rules]
        target = self.plan.graph.ancestors(computed)
        sizes = {name: self.axes[name].count(*ends_of) for name, ends_of in box.ranges.items() if name in target}
        name = max(sizes, key=sizes.__getitem__, default="")
        if name and sizes[name] > 1:
            below, above = self.axes[name].middle(*box.ranges[name])
            ranges = {**box.ranges, name: (box.ranges[name][0], below)}, {**box.ranges, name: (above, box.ranges[name][1])}
            box.halves = (name, below, _Box(ranges[0]), _Box(ranges[1]))

    def _answer(self, box: _Box, rows: dict[str, Array], count: int, out: Solved, here: Any) -> None:
        """Solve at most `ROWS` rows of one box."""
        left = np.arange(count)
        value: Array = np.zeros(count, np.int64)
        which: Array = np.full(count, UNSETTLED)
        for tier in box.tiers if box.way else []:
            some = {name: column[left] for name, column in rows.items()} if len(left) < count else rows
            left = left[self._bracketed(box, tier, some, left, value, which)]
            if not len(left):
                break
        none = (which == UNSETTLED) | (which == NONE)
        out.value[here], out.which[here] = value, which
        out.no_value[here] = out.no_at[here] = none
        places = np.arange(len(out.which))[here]
        there = np.flatnonzero(~none)
        if len(there):
            some = rows if len(there) == count else {name: column[there] for name, column in rows.items()}
            out.at[places[there]] = self._targets(box, some, value[there])
        self.alone += len(left)
        for row in left.tolist():
            found, why = self._alone(rows, row)
            for column, cell in zip(out, found, strict=True):
                column[places[row]] = cell
            self.why = self.why or (why if found.which == UNSETTLED else "")

    def _bracketed(self, box: _Box, tier: _Tier, rows: Mapping[str, Array], spot: Array, value: Array, which: Array) -> Array:
        """Solve rows in columns. Returns the indices of those that are left."""
        first = int(self.domain.low)
        origin, way = (first, 1) if box.way == 1 else (tier.last, -1)
        picked: tuple[Any, Mapping[str, Array]] = (None, rows)  # the rows meant, which are the same for several steps

        def gap(places: Array, index: Array | None) -> Array:
            nonlocal picked
            if picked[0] is not index:
                picked = index, {name: column[index] for name, column in rows.items()} if index is not None else rows
            made = tier.gap.run({**picked[1], self.name: origin + way * places}, len(places))[0]
            return np.broadcast_to(made, len(places))

        place, every, flat = last_within(gap, len(spot), tier.last - first)
        bad = tier.gap.run({**rows, self.name: np.full(len(spot), first)}, len(spot))[1]
        undone = bad | (every & (flat | (tier.last != self.domain.high) | (bool(box.borders) and way < 0)))
        for border in box.borders:
            if border <= tier.last:
                before, after = (np.array(gap(np.full(len(spot), abs(at - origin)), None)) for at in (border - 1, border))
                undone = undone | (after < before if way > 0 else after > before)
        value[spot] = np.where(place < 0, 0, origin + way * place)
        which[spot] = np.where(place < 0, NONE, np.where(every, ANY, LARGEST if way == 1 else SMALLEST))
        which[spot[undone]] = UNSETTLED
        return np.flatnonzero(undone)

    def _targets(self, box: _Box, rows: Mapping[str, Array], value: Array) -> Array:
        """The target at values of the unknown."""
        tier = box.tiers[-1] if (value > box.tiers[0].last).any() else box.tiers[0]
        above, under = tier.at.run({**rows, self.name: value}, len(value))
        return np.broadcast_to(above // under if self.kind == "whole" else quotients(above, under), len(value))

    def _alone(self, rows: Mapping[str, Array], row: int) -> tuple[Solved, str]:
        """One row, by the solver, and why there is no answer."""
        exact = {name: whole(Fraction(int(column[row]), self.axes[name].scale)) for name, column in rows.items()}
        goal = self.goal
        if BOUND in exact:
            goal = Goal(goal.target, goal.sense, exact.pop(BOUND), goal.unit)
        given = {**self.given, **{name: Given(value, "given", "--vary") for name, value in exact.items()}}
        try:
            found = single.solve(self.plan, given, self.name, goal)
        except GaugeError as error:
            return Solved(0, 0, NONE if isinstance(error, NoAnswer) else UNSETTLED, True, True), error.problems[0].message
        at: Any = (
            found.at if found.at is None or self.kind not in {"float", "half"} else quotients(found.at.numerator, found.at.denominator)
        )
        return Solved(found.value or 0, at or 0, ANSWERS.index(found.side), found.value is None, at is None), ""
