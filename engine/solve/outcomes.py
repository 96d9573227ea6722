"""What is known of conditions and words while one unknown moves: their possible values, and how a condition turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import spans
from .spans import Piece, Span

ODD, UP, DOWN, STILL = 0, 1, -1, 2


@dataclass(slots=True)  # as Span: never changed all the same
class Options:
    """The values a condition or a word can have; None where they are not known.

    `turn` says of a condition how it changes as the unknown grows: at most once from false to true (`UP`) or back (`DOWN`),
    not at all (`STILL`), or in some other way (`ODD`).
    """

    values: frozenset[Any] | None
    fixed: bool = False
    turn: int = 0


Known = Span | Options | tuple[Any, ...]
"""What is known of a node: a number, a condition or a word, a list."""

EITHER: frozenset[Any] = frozenset({True, False})
TRUE: frozenset[Any] = frozenset({True})
FALSE: frozenset[Any] = frozenset({False})
HOLDS = Options(TRUE, fixed=True)


def known_of(value: Any) -> Known:
    """What is known of a value that stands."""
    if isinstance(value, (bool, str)):
        return Options(frozenset({value}), True)
    if isinstance(value, tuple):
        return value
    return spans.constant(value, fixed=True)


def options_of(known: Known) -> Options:
    """A node as a condition or word; a rule that does not apply counts 0, which is no word and not true."""
    if isinstance(known, Options):
        return known
    if isinstance(known, Span) and known.low == known.high == 0:
        return Options(frozenset({False}), known.fixed)
    return Options(None)


def union(found: list[Options]) -> Options:
    """One of these, it is not known which."""
    if any(options.values is None for options in found):
        return Options(None)
    return Options(frozenset().union(*(options.values or () for options in found)))


def same(sign: str, left: Options, right: Options) -> Options:
    """Whether two words or conditions are equal (`==`) or not (`!=`)."""
    fixed = left.fixed and right.fixed
    if left.values is None or right.values is None:
        return Options(EITHER)
    outcomes = set()
    if left.values & right.values:
        outcomes.add(True)
    if len(left.values | right.values) > 1:
        outcomes.add(False)
    return Options(frozenset(outcomes if sign == "==" else {not outcome for outcome in outcomes}), fixed)


def signs_of(piece: Piece, gap: Span) -> list[int]:
    """The signs a difference can have on a piece."""
    strict = piece.open and gap.line is not None and bool(gap.line[0])
    below = gap.low < 0
    above = gap.high > 0
    level = gap.low < 0 < gap.high if strict else gap.low <= 0 <= gap.high
    return [sign for sign, can in ((-1, below), (0, level), (1, above)) if can]


def turn_of(sign: str, gap: Span) -> int:
    """How the comparison of a difference with 0 changes as the unknown grows."""
    if gap.least == gap.most == 0:
        return STILL
    way = UP if gap.rises else DOWN if gap.falls else ODD
    if sign in {">", ">="}:
        return way
    if sign in {"<", "<="}:
        return -way
    if gap.low < 0 < gap.high:
        return ODD
    equal = -way if gap.low >= 0 else way  # a difference that never goes below 0 leaves 0 once, or comes to it once
    return equal if sign == "==" else -equal


TESTS: dict[str, Callable[[int], bool]] = {
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}
