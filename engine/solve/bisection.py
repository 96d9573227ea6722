"""Finding the place where a condition changes, and simple numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..quantity import Number, whole
from .spans import End, far

FARTHEST = 2**4000
"""How far out is looked when there is no end."""


def last_true(test: Callable[[int], bool], start: End, stop: End, gap: Callable[[Number], Number | None] | None = None) -> End | None:
    """The last whole number on the way from `start` to `stop` up to which a test holds, if it holds first and then no more.

    `gap` is a number that is 0 where the test changes, or near there: it says where to look, never what
    holds. None when it does not hold at all; no end when it never stops holding.
    """
    if far(start):
        return stop if test(stop) else backward(test, stop, start)  # type: ignore[arg-type]
    if not test(start):  # type: ignore[arg-type]
        return None
    if far(stop):
        return forward(test, start, stop)  # type: ignore[arg-type]
    return stop if test(stop) else _between(test, start, stop, gap)  # type: ignore[arg-type]


def forward(test: Callable[[int], bool], yes: int, stop: End) -> End:
    """`last_true` from a number at which the test holds, looking near it first."""
    way, step = (1 if stop >= yes else -1), 1
    while True:
        ahead = yes + way * step
        if ahead >= stop if way > 0 else ahead <= stop:
            return stop if test(stop) else _between(test, yes, stop)  # type: ignore[arg-type]
        if not test(ahead):
            return _between(test, yes, ahead)
        if abs(ahead) > FARTHEST:
            return stop
        yes, step = ahead, step * 2


def backward(test: Callable[[int], bool], no: int, start: End) -> int | None:
    """`last_true` from a number at which the test no longer holds, looking near it first."""
    way, step = (1 if no >= start else -1), 1
    while True:
        behind = no - way * step
        if behind <= start if way > 0 else behind >= start:
            return _between(test, start, no) if test(start) else None  # type: ignore[arg-type]
        if test(behind):
            return _between(test, behind, no)
        if abs(behind) > FARTHEST:
            return None
        no, step = behind, step * 2


def _between(test: Callable[[int], bool], yes: int, no: int, gap: Callable[[Number], Number | None] | None = None) -> int:
    """The last number at which a test holds, between one where it does and one where it does not.

    Every third step halves what is left; the others look where a line through both ends meets 0, an end that stays counting half as
    much each time, so that a curve is met as fast.
    """
    weights: list[Number | None] = [gap(yes), gap(no)] if gap else [None, None]
    step = last = 0
    while abs(no - yes) > 1:
        step += 1
        middle = (yes + no) // 2 if step % 3 == 0 else _toward(yes, no, weights[0], weights[1])
        held = test(middle)
        kept = 1 if held else 0  # the end that stays
        weights[1 - kept] = gap(middle) if gap else None
        stays = weights[kept]
        if stays is not None and last == kept + 1:
            weights[kept] = stays / Fraction(2)
        yes, no, last = (middle, no, kept + 1) if held else (yes, middle, kept + 1)
    return yes


def _toward(yes: int, no: int, here: Number | None, there: Number | None) -> int:
    """A number between two, where a line through what is known at them meets 0; else the middle."""
    if here is None or there is None or here == there:
        return (yes + no) // 2
    at = yes + ((no - yes) * Fraction(here) / (here - there)).__floor__()
    low, high = (yes, no) if yes < no else (no, yes)
    return min(max(at, low + 1), high - 1)


def simplest(low: Fraction, high: Fraction) -> Number:
    """A fraction with the smallest denominator strictly between two numbers."""
    if low < 0 < high:
        return 0
    floor = low.__floor__()
    if floor + 1 < high:
        return floor + 1 if low >= 0 else high.__ceil__() - 1
    above = Fraction(1) / (high - floor)
    part = above.__floor__() + 1 if low == floor else simplest(above, Fraction(1) / (low - floor))
    return whole(floor + Fraction(1) / part)
