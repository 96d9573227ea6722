"""What is varied: `1..512`, `1..512+8`, `1Ki..1Mi*2`, or a list, each an axis of the grid."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from ..errors import CommandError, GaugeError, InputError, Place, Problem, Text, plain, suggest
from ..named import NamedTuple
from ..plan import Plan
from ..presets import as_input, names
from ..quantity import Number, grouped, read, whole
from ..records import Input
from ..source import Scalar
from ..values import convert, outside

LONGEST_LIST = 1_000_000
"""Values of an axis that are not evenly spaced."""
EVERY = "*"
"""All words of a choice, or all presets of a kind."""
MOST_ROWS = 10**15
"""Rows of a grid; more would not end."""
MOST_PARTS = 5_000
"""Combinations of words and presets."""
_RANGE = re.compile(r"(?P<low>.+?)\.\.(?P<high>[^*+]+)(?:(?P<sign>[*+])(?P<by>.+))?")


class Table(NamedTuple):
    """A numpy array of whole numbers with the least and the largest of them."""

    values: Any
    low: int
    high: int


class Steps(NamedTuple):
    """Evenly spaced numbers: `first + step * index`, over `scale`; never kept as a list."""

    first: int
    step: int
    length: int
    scale: int = 1


Numbers = Steps | tuple[Number, ...] | Table
"""The numbers of an axis."""


class Axis(NamedTuple):
    """One thing that is varied.

    `numbers` are the values of the inputs it sets, each with the same length. An axis of words, truth values or presets has none:
    it is decided before anything is computed. `labels` are what its column shows; None where that is the number itself.
    """

    name: str
    length: int
    numbers: dict[str, Numbers]
    labels: tuple[str, ...] | None = None


def axis(plan: Plan, asked: str) -> Axis:
    """The axis of one `--vary NAME=VALUES`.

    Raises:
        CommandError: when it is not written so.
        InputError: when the input cannot have one of the values.
    """
    name, equals, text = (part.strip() for part in asked.partition("="))
    if not equals or not name or not text:
        raise CommandError(
            Problem(f"`--vary {plain(asked)}` has no values", None, "write --vary name=1..512, name=1Ki..1Mi*2 or name=a,b,c")
        )
    if name in plan.document.presets and name not in plan.document.inputs:
        words = tuple(names(plan.document.presets[name])) if text == EVERY else _words(name, text)
        return Axis(name, len(words), {}, words)
    if name not in plan.slots:
        known = [*plan.document.inputs, *plan.document.presets, *plan.document.rules]
        hint = suggest(name, known) or "`list` shows the inputs of a rules file"
        raise CommandError(Problem(f"there is nothing called `{plain(name)}` to vary", None, hint))
    given = as_input(plan, name)
    if given.type == "list":
        raise CommandError(Problem(f"`{name}` is a list, and a list cannot be varied"))
    if given.type in {"integer", "number"}:
        values = _numbers(given, text)
        return Axis(name, values.length if isinstance(values, Steps) else len(values), {name: values})
    every = ("true", "false") if given.type == "boolean" else tuple(map(str, given.choices))
    words = every if text == EVERY else _words(name, text)
    for word in words:
        convert(given, scalar(name, word))
    return Axis(name, len(words), {}, words)


def scalar(name: str, word: str) -> Scalar:
    """A word of an axis as a value, with its place for messages."""
    return Scalar(word, True, Place(Text(f"--vary {plain(name, 40)}", word), 1, 1, max(1, len(word))))


def _words(name: str, text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not all(words):
        raise CommandError(Problem(f"`--vary {name}={plain(text)}` has an empty value", None, "such as --vary name=a,b,c"))
    return words


def _numbers(given: Input, text: str) -> Steps | tuple[Number, ...]:
    found = _RANGE.fullmatch(text)
    if found is None:
        words = _words(given.name, text)
        return tuple(_number(given, word) for word in words)
    first, last = _number(given, found["low"]), _number(given, found["high"])
    by = _plain(given, found["by"]) if found["by"] else 1
    if first > last:
        raise CommandError(
            Problem(f"`{given.name}` from {grouped(first)} to {grouped(last)} is nothing", None, "write the smaller end first")
        )
    if found["sign"] == "*":
        values = _factors(given, first, last, by)
    else:
        if by <= 0:
            raise CommandError(Problem(f"`{given.name}` cannot go in steps of {grouped(by)}", None, "a step is above 0"))
        scale = lcm(Fraction(first).denominator, Fraction(by).denominator)
        steps = Steps(int(first * scale), int(by * scale), (last - first) // by + 1, scale)
        if not given.choices and (scale == 1 or given.type != "integer"):
            return steps
        if steps.length > LONGEST_LIST:
            raise _long(given)
        values = [whole(first + by * index) for index in range(steps.length)]
    for value in values:
        _held(given, value)
    return tuple(values)


def _factors(given: Input, first: Number, last: Number, by: Number) -> list[Number]:
    if by <= 1 or first <= 0:
        what = "a factor is above 1" if by <= 1 else "a range with a factor begins above 0"
        raise CommandError(Problem(f"`{given.name}` cannot go from {grouped(first)} by a factor of {grouped(by)}", None, what))
    values = [first]
    while (following := whole(Fraction(values[-1]) * by)) <= last:
        values.append(following)
        if len(values) > LONGEST_LIST:
            raise _long(given)
    return values


def _long(given: Input) -> CommandError:
    return CommandError(Problem(f"`{given.name}` has more than {LONGEST_LIST:,} values that are not evenly spaced"))


def _number(given: Input, text: str) -> Number:
    value = convert(given, scalar(given.name, text.strip()), commas=False)
    assert isinstance(value, int | Fraction)
    return value


def _plain(given: Input, text: str) -> Number:
    try:
        return read(text, given.unit)
    except ValueError as error:
        raise CommandError(Problem(f"the step of `{given.name}`, `{plain(text)}`: {error}")) from None


def _held(given: Input, value: Number) -> None:
    wrong = outside(given, value)
    if wrong:
        raise InputError(Problem(f"`{given.name}` {wrong[0]}", scalar(given.name, str(value)).place, "a value of its range"))


def at(values: Numbers, index: int) -> Number:
    """The value at an index."""
    if isinstance(values, Steps):
        return whole(Fraction(values.first + values.step * index, values.scale))
    return int(values.values[index]) if isinstance(values, Table) else values[index]


def scale_of(values: Numbers) -> int:
    """What makes all values whole."""
    if isinstance(values, Steps):
        return values.scale
    return 1 if isinstance(values, Table) else lcm(*(value.denominator for value in values))


def ends(values: Numbers) -> tuple[int, int]:
    """The least and the largest value, times the scale."""
    if isinstance(values, Steps):
        return values.first, values.first + values.step * (values.length - 1)
    if isinstance(values, Table):
        return values.low, values.high
    scale = scale_of(values)
    return int(min(values) * scale), int(max(values) * scale)


class Spread:
    """The values of an axis, times `scale`, which makes them whole: how many are between two of them, and which is in the middle."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.scale = scale_of(numbers)
        self.low, self.high = ends(numbers)
        self._sorted: list[int] | None = None

    def _places(self, low: int, high: int) -> range:
        """The places of the values between two of them, in ascending order."""
        if isinstance(self.numbers, Steps):
            first, step = self.numbers.first, self.numbers.step
            return range((low - first) // step, (high - first) // step + 1)
        if self._sorted is None:
            numbers = self.numbers
            self._sorted = sorted(
                set(numbers.values.tolist() if isinstance(numbers, Table) else [int(each * self.scale) for each in numbers])
            )
        return range(bisect_left(self._sorted, low), bisect_right(self._sorted, high))

    def count(self, low: int, high: int) -> int:
        """How many there are from one value to another."""
        return len(self._places(low, high))

    def middle(self, low: int, high: int) -> tuple[int, int]:
        """The last of the lower half of the values from one to another, and the first of the upper half."""
        places = self._places(low, high)
        first, second = places[(len(places) - 1) // 2], places[(len(places) - 1) // 2 + 1]
        if isinstance(self.numbers, Steps):
            return self.numbers.first + self.numbers.step * first, self.numbers.first + self.numbers.step * second
        assert self._sorted is not None
        return self._sorted[first], self._sorted[second]


def axes(plan: Plan, asked: Sequence[str]) -> tuple[Axis, ...]:
    """The axes of all `--vary`, in order.

    Raises:
        GaugeError: with everything that is wrong.
    """
    found: dict[str, Axis] = {}
    problems: list[Problem] = []
    for each in asked:
        try:
            made = axis(plan, each)
        except GaugeError as error:
            problems += error.problems
            continue
        if made.name in found:
            problems.append(Problem(f"`{made.name}` is varied twice"))
        found[made.name] = made
    if problems:
        raise CommandError(*problems)
    return tuple(found.values())


def rows(grid: Sequence[Axis]) -> int:
    """The number of rows of a grid.

    Raises:
        CommandError: when there are too many.
    """
    count = 1
    for each in grid:
        count *= each.length
    if count > MOST_ROWS:
        raise CommandError(Problem(f"the grid has {count:,} rows, and {MOST_ROWS:,} is the most", None, "vary less, or in larger steps"))
    return count


def share(text: str, count: int) -> tuple[int, int]:
    """The rows of a shard `3/64`: the first and the one after the last.

    Raises:
        CommandError: when it is not written so.
    """
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise CommandError(Problem(f"`--shard {plain(text)}` is not a shard", None, "such as --shard 3/64, from 1/64 to 64/64"))
    part, parts = int(found[1]), int(found[2])
    return count * (part - 1) // parts, count * part // parts


def together(name: str, count: int, labels: tuple[str, ...], columns: Mapping[str, Sequence[Number]]) -> Axis:
    """An axis that sets several numbers at once, shown by its labels."""
    return Axis(name, count, {each: tuple(values) for each, values in columns.items()}, labels)
