"""Numbers that depend on one unknown, known by an interval and by how steeply they change.

A `Piece` is a part of the unknown's domain. A `Span` says of a number f(x) on a piece: between which ends it lies, and
between which ends every slope (f(y) - f(x)) / (y - x) lies. Slopes of at least 0 mean that f never falls, of at most 0 that
it never rises; two equal slopes make it a line. All operations are exact; only the two marks of "no end" are floats, and
they never enter a calculation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..arithmetic import floor
from ..quantity import BITS, Number, whole

End = int | Fraction | float
"""An exact number, or one of the marks `FAR` and `-FAR`."""
FAR = float("inf")
_LARGEST = 3 * BITS
_END = 2**_LARGEST


@dataclass(frozen=True, slots=True)
class Piece:
    """The whole numbers from `low` to `high`, or, unless `grid`, the numbers strictly between them (or one number)."""

    low: End
    high: End
    grid: bool

    @property
    def point(self) -> bool:
        """Whether it is a single number."""
        return self.low == self.high

    @property
    def open(self) -> bool:
        """Whether the ends do not belong to it."""
        return not self.grid and self.low != self.high


@dataclass(slots=True)  # not frozen, which would make them three times as slow to make, and yet never changed
class Span:
    """What is known of a number on a piece.

    `line` is (slope, offset) where the number is exactly slope * x + offset. `fixed`: the unknown was not used at all.
    `culprit` is the part of a formula that made the direction unknown.
    """

    low: End
    high: End
    least: End
    most: End
    whole: bool = False
    line: tuple[Number, Number] | None = None
    fixed: bool = False
    culprit: Any = field(default=None, compare=False)

    @property
    def rises(self) -> bool:
        """Whether it never falls."""
        return self.least >= 0

    @property
    def falls(self) -> bool:
        """Whether it never rises."""
        return self.most <= 0

    @property
    def wanders(self) -> bool:
        """Whether its direction is unknown."""
        return self.least < 0 < self.most


ANYTHING = Span(-FAR, FAR, -FAR, FAR)


def far(end: End) -> bool:
    """Whether it is a mark of no end."""
    return end.__class__ is float


def size(end: End) -> End:
    """An end without its sign."""
    return -end if end < 0 else end


def apart(low: End, high: End) -> End:
    """How far two ends are from each other."""
    return FAR if far(low) or far(high) else high - low


def plus(left: End, right: End) -> End:
    """The sum of two ends; two marks that are added are the same."""
    if left.__class__ is float:
        return left
    return right if right.__class__ is float else left + right


def times(left: End, right: End) -> End:
    """The product of two ends; 0 times no end is 0."""
    if not left or not right:
        return 0
    if left.__class__ is float or right.__class__ is float:
        return FAR if (left > 0) == (right > 0) else -FAR
    return left * right


def marked(span: Span, fixed: bool, culprit: Any = None) -> Span:
    """The span with what is to be known of where it comes from."""
    return Span(span.low, span.high, span.least, span.most, span.whole, span.line, fixed, culprit)


def constant(value: Number, *, fixed: bool = False) -> Span:
    """A number that does not change."""
    return Span(value, value, 0, 0, isinstance(value, int), (0, value), fixed)


def straight(piece: Piece, slope: Number, offset: Number, grid: bool) -> Span:
    """A line over a piece."""
    slope, offset = whole(slope), whole(offset)
    if not slope:
        return Span(offset, offset, 0, 0, isinstance(offset, int), (0, offset))
    ends = plus(times(slope, piece.low), offset), plus(times(slope, piece.high), offset)
    low, high = ends if slope > 0 else (ends[1], ends[0])
    return kept(Span(low, high, slope, slope, grid, (slope, offset)))


def _large(end: End) -> bool:
    if end.__class__ is int:
        return not -_END < end < _END
    return not far(end) and max(end.numerator.bit_length(), end.denominator.bit_length()) > _LARGEST  # type: ignore[union-attr]


def kept(span: Span) -> Span:
    """The span without ends that are too long to calculate with."""
    if not (_large(span.low) or _large(span.high) or _large(span.least) or _large(span.most)):
        return span
    low, high = (-FAR if _large(span.low) else span.low), (FAR if _large(span.high) else span.high)
    least = (0 if span.least >= 0 else -FAR) if _large(span.least) else span.least
    most = (0 if span.most <= 0 else FAR) if _large(span.most) else span.most
    return Span(low, high, least, most, span.whole, None, span.fixed)


def add(piece: Piece, left: Span, right: Span) -> Span:
    """`left + right`"""
    if left.line and right.line:
        return straight(piece, left.line[0] + right.line[0], left.line[1] + right.line[1], left.whole and right.whole)
    low, high = plus(left.low, right.low), plus(left.high, right.high)
    return kept(Span(low, high, plus(left.least, right.least), plus(left.most, right.most), left.whole and right.whole))


def negative(span: Span) -> Span:
    """`-span`"""
    line = (-span.line[0], -span.line[1]) if span.line else None
    return Span(-span.high, -span.low, -span.most, -span.least, span.whole, line, span.fixed)


def subtract(piece: Piece, left: Span, right: Span) -> Span:
    """`left - right`"""
    return add(piece, left, negative(right))


def _product(a: tuple[End, End], b: tuple[End, End]) -> tuple[End, End]:
    corners = times(a[0], b[0]), times(a[0], b[1]), times(a[1], b[0]), times(a[1], b[1])
    return min(corners), max(corners)


def multiply(piece: Piece, left: Span, right: Span) -> Span:
    """`left * right`"""
    if left.line and not left.line[0]:
        return _scaled(piece, right, left.line[1])
    if right.line and not right.line[0]:
        return _scaled(piece, left, right.line[1])
    low, high = _product((left.low, left.high), (right.low, right.high))
    one = _product((left.low, left.high), (right.least, right.most))
    two = _product((right.low, right.high), (left.least, left.most))
    return kept(Span(low, high, plus(one[0], two[0]), plus(one[1], two[1]), left.whole and right.whole))


def _scaled(piece: Piece, span: Span, by: Number) -> Span:
    grid = span.whole and isinstance(by, int)
    if span.line:
        return straight(piece, span.line[0] * by, span.line[1] * by, grid)
    low, high = _product((span.low, span.high), (by, by))
    least, most = _product((span.least, span.most), (by, by))
    return kept(Span(low, high, least, most, grid))


def zero(piece: Piece, span: Span) -> bool:
    """Whether the number may be 0."""
    if span.low > 0 or span.high < 0:
        return False
    return not (piece.open and span.line and span.line[0] and (span.low == 0 or span.high == 0))


def reciprocal(piece: Piece, span: Span) -> Span:
    """`1 / span`, where it is not 0 (else nothing is known)."""
    if span.line and not span.line[0] and span.line[1]:
        return constant(whole(Fraction(1) / span.line[1]))
    if zero(piece, span):
        return ANYTHING
    high = _inverse(span.low) if span.low else FAR
    low = _inverse(span.high) if span.high else -FAR
    steep = _product((low, high), (low, high))
    least, most = _product((-span.most, -span.least), steep)
    return kept(Span(low, high, least, most))


def _inverse(end: End) -> End:
    return 0 if far(end) else whole(Fraction(1) / end)  # type: ignore[arg-type]


def divide(piece: Piece, left: Span, right: Span) -> Span:
    """`left / right`"""
    return multiply(piece, left, reciprocal(piece, right))


def power(piece: Piece, base: Span, exponent: int) -> Span:
    """`base ** exponent` for a known exponent."""
    if exponent == 0:
        return constant(1)
    if exponent == 1:
        return base
    if base.line and not base.line[0] and (exponent > 0 or base.line[1]):
        return constant(whole(Fraction(base.line[1]) ** exponent))
    if exponent < 0:
        return reciprocal(piece, power(piece, base, -exponent)) if not zero(piece, base) else ANYTHING
    low, high = _raised(base, exponent)
    below = _raised(base, exponent - 1)
    least, most = _product(_product(below, (exponent, exponent)), (base.least, base.most))
    return kept(Span(low, high, least, most, base.whole))


def _raised(base: Span, exponent: int) -> tuple[End, End]:
    low, high = _end_raised(base.low, exponent), _end_raised(base.high, exponent)
    if exponent % 2:
        return low, high
    return (0 if base.low < 0 < base.high else min(low, high)), max(low, high)


def _end_raised(end: End, exponent: int) -> End:
    if far(end):
        return end if exponent % 2 else FAR
    return end**exponent


def rounded_down(piece: Piece, span: Span) -> Span:
    """`floor(span)`"""
    if span.whole:
        return span
    low, high = span.low, span.high
    if not far(low):
        low = floor(low)  # type: ignore[arg-type]
    if not far(high):
        high = floor(high)  # type: ignore[arg-type]
        if piece.open and span.line and span.line[0] and high == span.high:
            high -= 1
    if low == high and not far(low):
        return constant(low)  # type: ignore[arg-type]
    if piece.grid:
        least: End = max(0, plus(span.least, -1)) if span.least >= 0 else plus(span.least, -1)
        most: End = min(0, plus(span.most, 1)) if span.most <= 0 else plus(span.most, 1)
    else:
        least, most = (0 if span.least >= 0 else -FAR), (0 if span.most <= 0 else FAR)
    return Span(low, high, least, most, True)


def rounded_up(piece: Piece, span: Span) -> Span:
    """`ceil(span)`"""
    return negative(rounded_down(piece, negative(span)))


def remainder(piece: Piece, left: Span, right: Span) -> Span:
    """`left % right`, which has the sign of `right`."""
    times_in = rounded_down(piece, divide(piece, left, right))
    if times_in.line and not times_in.line[0]:
        return subtract(piece, left, _scaled(piece, right, times_in.line[1]))
    step = 1 if left.whole and right.whole else 0
    low = 0 if right.low >= 0 else plus(right.low, step)
    high = 0 if right.high <= 0 else plus(right.high, -step)
    return Span(low, high, -FAR, FAR, left.whole and right.whole)


def rounded_to(piece: Piece, span: Span, multiple: Span) -> Span:
    """`round_up(span, multiple)` for a multiple above 0."""
    if multiple.line and not multiple.line[0]:
        return _scaled(piece, rounded_up(piece, _scaled(piece, span, whole(Fraction(1) / multiple.line[1]))), multiple.line[1])
    return Span(span.low, plus(span.high, multiple.high), -FAR, FAR, multiple.whole)


def larger(piece: Piece, left: Span, right: Span) -> Span:
    """`max(left, right)`"""
    gap = subtract(piece, left, right)
    if gap.low >= 0:
        return left
    if gap.high <= 0:
        return right
    low, high = max(left.low, right.low), max(left.high, right.high)
    return Span(low, high, min(left.least, right.least), max(left.most, right.most), left.whole and right.whole)


def smaller(piece: Piece, left: Span, right: Span) -> Span:
    """`min(left, right)`"""
    return negative(larger(piece, negative(left), negative(right)))


def absolute(span: Span) -> Span:
    """`abs(span)`"""
    if span.low >= 0:
        return span
    if span.high <= 0:
        return negative(span)
    most = max(size(span.least), size(span.most))
    return Span(0, max(-span.low, span.high), -most, most, span.whole)


def either(spans: Sequence[Span]) -> Span:
    """One of these, it is not known which."""
    low, high = min(span.low for span in spans), max(span.high for span in spans)
    grid = all(span.whole for span in spans)
    if low == high and not far(low):
        return constant(low)  # type: ignore[arg-type]
    if all(span == spans[0] for span in spans) and spans[0].line:
        return spans[0]
    return Span(low, high, -FAR, FAR, grid)


def either_still(one: Span, two: Span) -> Span:
    """One of the two, the same one wherever the unknown is."""
    low, high = min(one.low, two.low), max(one.high, two.high)
    return Span(low, high, min(one.least, two.least), max(one.most, two.most), one.whole and two.whole)


def one_then(one: Span, two: Span) -> Span:
    """The first up to some place, the second from there on."""
    found = either((one, two))
    if found.line:
        return found
    up = one.rises and two.rises and two.low >= one.high
    down = one.falls and two.falls and two.high <= one.low
    return Span(found.low, found.high, 0 if up else -FAR, 0 if down else FAR, found.whole)
