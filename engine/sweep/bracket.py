"""The last place, row by row, up to which a number that never falls is not above 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .kernel import Array

SPREAD = 8
"""A bracket whose ends are further apart than by this factor is halved between their logarithms."""
DENSE = 0.75
"""Part of the rows at work below which those that are done are taken out."""
LARGE = 2**1000
"""Numbers beyond are as good as this where one only asks about where."""

Gap = Callable[[Array, Array | None], Array]
"""The number at a place of each row: the places, and the rows meant (all of them when None)."""


def last_within(gap: Gap, count: int, far: int) -> tuple[Array, Array, Array]:
    """For each row the last place from 0 to `far` at which the number is at most 0.

    The number must never fall from one place to the next. Every answer is proved: the number was computed there, at most 0, and at the
    place after it, above 0.

    Args:
        gap: computes the number exactly.
        count: how many rows there are.
        far: the last place, below 2**62.

    Returns:
        The place, -1 where there is none; whether it is `far`; and whether the number is the same at 0 and at `far`.
    """
    start: Array = np.zeros(count, np.int64)
    near, beyond = np.array(gap(start, None)), np.array(gap(start + far, None))
    every = np.asarray(beyond <= 0, np.bool_)
    place = np.where(np.asarray(near > 0, np.bool_), -1, np.where(every, far, 0))
    rows = np.flatnonzero((place == 0) & ~every)
    if far and len(rows):
        place[rows] = _bracketed(gap, rows, _floats(near[rows]), _floats(beyond[rows]), far)
    return place, every, np.asarray(near == beyond, np.bool_)


def _bracketed(gap: Gap, rows: Array, near: Array, beyond: Array, far: int) -> Array:
    """The last places of rows of which 0 is within and `far` is not.

    One of three steps halves what is left. The others look where a line through both ends meets 0, an end that stays counting half as
    much each time, so that a curve is met as fast: floats say where to look, and never what holds.
    """
    found: Array = np.empty(len(rows), np.int64)
    spot = np.arange(len(rows))  # where the answer of each row goes
    yes: Array = np.zeros(len(rows), np.int64)
    no: Array = np.full(len(rows), far)
    kept: Array = np.zeros(len(rows), np.int8)  # the end that stayed: 1 the first, -1 the second
    step = 0
    while len(rows):
        step += 1
        middle = _middle(yes, no, near, beyond, halve=step % 3 == 0)
        at = gap(middle, rows)
        held = np.asarray(at <= 0, np.bool_)
        value = _floats(at)
        np.copyto(beyond, beyond * 0.5, where=held & (kept == -1))
        np.copyto(near, near * 0.5, where=~held & (kept == 1))
        np.copyto(near, value, where=held)
        np.copyto(beyond, value, where=~held)
        np.copyto(yes, middle, where=held)
        np.copyto(no, middle, where=~held)
        kept = np.where(held, np.int8(-1), np.int8(1))
        left = no - yes > 1
        if np.count_nonzero(left) <= DENSE * len(rows):
            found[spot] = yes
            rows, spot, yes, no, near, beyond, kept = (part[left] for part in (rows, spot, yes, no, near, beyond, kept))
    return found


def _middle(yes: Array, no: Array, near: Array, beyond: Array, *, halve: bool) -> Array:
    """The places to look at next, strictly between the ends; at an end where there is none between."""
    width = no - yes
    if halve:
        middle = yes + (width >> 1)
        wide = no > SPREAD * (yes + 1)
        if wide.any():
            middle[wide] = np.sqrt((yes[wide] + 1.0) * no[wide]).astype(np.int64)
    else:
        middle = yes + (width * (near / (near - beyond))).astype(np.int64)
    return np.maximum(np.minimum(middle, no - 1), yes + 1 - (width <= 1))


def _floats(numbers: Array) -> Array:
    """About these numbers."""
    if numbers.dtype == object:
        numbers = np.minimum(np.maximum(numbers, -LARGE), LARGE)
    return numbers.astype(np.float64)
