"""`solve` over a table: an answer for every combination of what is varied, or for every row of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..asking import node_of, written
from ..errors import CommandError, GaugeError, NoAnswer, Problem, plain, suggest
from ..evaluate import Given, evaluate
from ..lowering.nodes import Unsupported
from ..named import NamedTuple
from ..plan import Plan
from ..presets import as_input
from ..quantity import Number, whole
from ..records import Input
from ..solve.choices import is_listed
from ..solve.goal import Goal, read_bound, trial, unknown_input
from ..values import convert
from ..wanted import WHERE
from .axes import MOST_PARTS, Axis, Numbers, Spread, Steps, Table, at, axes, rows, scalar, scale_of, share
from .columns import bounded
from .kernel import Array, Range
from .parts import Columns, Layout, OneByOne, Wanted
from .program import Memory
from .rows import Block, Written, label_of
from .sources import Read, Sources
from .unknown import ANSWERS, BOUND, NONE, ROWS, UNSETTLED, Solved, Unknown, nothing

MANY = 1 << 18
"""Rows of a block of a grid."""
FEW = 1 << 10
"""Rows of a block where they are solved one by one."""
WHICH = "which"
"""The column that says what an answer is."""


class Questions:
    """The same question for rows that differ in some values.

    Args:
        plan: the rules.
        read: gives what the inputs file and the command line say, with more settings.
        varied: what rows differ in; each row has a place on each of these.
        unknown: what is solved for, a number.
        goal: what is asked.
        bound: bounds that differ by row, in place of the one of the goal.
        own_fits: see `wanted.extended`.

    Raises:
        GaugeError: when the question is wrong, or no combination of words and presets can be answered.
    """

    def __init__(
        self,
        plan: Plan,
        read: Read,
        varied: tuple[Axis, ...],
        unknown: str,
        goal: Goal,
        bound: Numbers | None = None,
        *,
        own_fits: bool = False,
    ) -> None:
        self.plan, self.unknown, self.goal, self.own_fits = plan, unknown, goal, own_fits
        self.item = _single_number(plan, unknown)
        self.sources = Sources(plan, read, varied)
        self.axes = self.sources.axes
        wrong = {unknown, goal.target} & {*(each.name for each in varied), *(name for each in self.axes for name in each.numbers)}
        if wrong:
            raise CommandError(Problem(f"`{min(wrong)}` is asked for, and varied", None, "leave out one of the two"))
        numbers = {name: values for each in self.axes for name, values in each.numbers.items()}
        self._spreads = {name: Spread(values) for name, values in (numbers if bound is None else {**numbers, BOUND: bound}).items()}
        self._columns: dict[str, Array] = {}
        self.reason = ""
        self.parts = self._parts()
        asked = [part for part in self.parts.values() if part is not None]
        kinds = {part.kind for part in asked}
        self.kind = next(kind for kind in ("exact", "float", "half", "whole") if kind in kinds)
        self.long, self.wide = any(part.long for part in asked), any(part.wide for part in asked)

    def _parts(self) -> dict[tuple[int, ...], Unknown | None]:
        """The question for each combination of words and presets; None where it cannot be answered."""
        choices = self.sources.choices
        count = prod(each.length for each in choices)
        if count > MOST_PARTS:
            message = f"{count:,} combinations of words and presets are more than {MOST_PARTS:,}"
            raise CommandError(Problem(message, None, "vary fewer of them, or in several runs"))
        made: dict[tuple[int, ...], Unknown | None] = {}
        memory = Memory(ROWS)
        problem: GaugeError | None = None
        for choice in product(*(range(each.length) for each in choices)):
            try:
                made[choice] = Unknown(self.plan, self.sources.combination(choice), self.unknown, self.goal, self._spreads, memory)
            except GaugeError as error:
                problem, made[choice] = problem or error, None
        if all(part is None or part.idle for part in made.values()):
            message = f"`{self.unknown}` does not influence `{self.goal.target}` with these inputs"
            raise problem or NoAnswer(Problem(message, None, f"`explain` shows what {self.goal.target} is made of"))
        if problem is not None:
            self.reason = problem.problems[0].message
        return made

    def solve(self, places: Sequence[Array], count: int, bound: Array | None = None) -> Solved:
        """The answers of some rows.

        Args:
            places: the place of each row on each axis.
            count: how many rows there are.
            bound: the place of each row among the bounds.
        """
        out = nothing(count, self.kind, long=self.long, wide=self.wide)
        for part, rows_of, columns in self._groups(places, count, bound):
            if part is not None:
                found = part.solve(columns, len(rows_of))
                if len(rows_of) == count and (part.kind, part.long, part.wide) == (self.kind, self.long, self.wide):
                    return found
                for mine, theirs in zip(out, found, strict=True):
                    mine[rows_of] = theirs
        return out

    def _groups(
        self, places: Sequence[Array], count: int, bound: Array | None = None
    ) -> Iterator[tuple[Unknown | None, Array, dict[str, Array]]]:
        """The rows of each combination of words and presets, with their numbers times the scale of each."""
        columns = {
            name: self.column(name, values, place)
            for each, place in zip(self.axes, places, strict=True)
            for name, values in each.numbers.items()
        }
        if bound is not None:
            columns[BOUND] = self.column(BOUND, self._spreads[BOUND].numbers, bound)
        spots = [place for each, place in zip(self.axes, places, strict=True) if not each.numbers]
        lengths = [each.length for each in self.axes if not each.numbers]
        code = np.ravel_multi_index(spots, lengths) if lengths else np.zeros(1, np.int64)
        numbers = np.unique(code).tolist()
        for number in numbers:
            part = self.parts[tuple(map(int, np.unravel_index(number, lengths))) if lengths else ()]
            rows_of = np.flatnonzero(code == number) if len(numbers) > 1 else np.arange(count)
            yield part, rows_of, columns if len(numbers) == 1 else {name: column[rows_of] for name, column in columns.items()}

    def kept(self, places: Sequence[Array], found: Solved) -> tuple[Array, Array]:
        """Of which rows the condition on rows holds with their answers, and of which it cannot be decided.

        Where there is no answer it is decided with the least value of the unknown.
        """
        count = len(found.value)
        kept: Array = np.zeros(count, np.bool_)
        undecided: Array = np.ones(count, np.bool_)
        for part, rows_of, columns in self._groups(places, count):
            if part is not None:
                numbers = {name: _numbers(column, self._spreads[name].scale) for name, column in columns.items()}
                answers = np.where(found.no_value[rows_of], trial(part.domain), found.value[rows_of])
                numbers[self.unknown] = _numbers(answers, 1)
                layout = Layout(((Axis("row", len(rows_of), numbers),),), 1)
                given = {**part.given, **{name: Given(at(values, 0), "given", "--vary") for name, values in numbers.items()}}
                made: Columns | OneByOne
                try:
                    made = Columns(evaluate(self.plan, given), layout, Wanted((), self.own_fits))
                except Unsupported:
                    made = OneByOne(self.plan, given, layout, Wanted((), self.own_fits))
                kept[rows_of], undecided[rows_of] = made.start([(0, len(rows_of))])
        return kept, undecided

    def column(self, name: str, values: Numbers, place: Array) -> Array:
        """The values at some places, times their scale."""
        if isinstance(values, Steps):
            big = max(-self._spreads[name].low, self._spreads[name].high) >= 2**63
            return values.first + values.step * (place.astype(object) if big else place)
        if isinstance(values, Table):
            return values.values[place]
        if name not in self._columns:
            scale = scale_of(values)
            listed = [int(value * scale) for value in values]
            self._columns[name] = np.array(listed, dtype=object if max(map(abs, listed)) >= 2**63 else np.int64)
        return self._columns[name][place]

    def notes(self, counts: Sequence[int]) -> list[str]:
        """What is to be known about rows, by how many have which of `ANSWERS`."""
        asked = [part for part in self.parts.values() if part is not None]
        said = []
        alone = sum(part.alone for part in asked)
        if alone:
            culprit = next((part.culprit for part in asked if part.culprit), "")
            said.append(f"{alone:,} rows were solved one by one, which is exact and slow{f': {culprit}' if culprit else ''}")
        reason = self.reason or next((part.why for part in asked if part.why), "")
        without = counts[NONE] + counts[UNSETTLED]
        if reason and without:
            said.append(f"{without:,} of {sum(counts):,} rows have no answer, some for another reason than that nothing fits: {reason}")
        return said


def _single_number(plan: Plan, name: str) -> Input:
    """The input to solve for.

    Raises:
        CommandError: when it is none, or one of few values.
    """
    if "," in name:
        raise CommandError(Problem(f"`{plain(name)}`: a table has one unknown", None, "solve for one, and vary the other"))
    if is_listed(plan, name):
        message = f"`{plain(name)}` has a list of values, and a table is solved for a number"
        raise CommandError(Problem(message, None, f"`sweep --vary {plain(name)}=*` computes all of them"))
    return unknown_input(plan, name)


class Answers:
    """The answers over a grid, row by row as a sweep has its own.

    Args:
        plan: the rules.
        read: gives what the inputs file and the command line say.
        vary: the texts of `--vary`, in order.
        unknown: what is solved for.
        goal: what is asked.
        shard: such as `3/64`; empty for all rows.
        own_fits: see `wanted.extended`, which gives the plan a condition on the rows.

    Raises:
        GaugeError: when an axis or the question is wrong, or no combination can be answered.
    """

    def __init__(
        self, plan: Plan, read: Read, vary: Sequence[str], unknown: str, goal: Goal, shard: str = "", *, own_fits: bool = False
    ) -> None:
        asked = axes(plan, vary)
        self.rows = rows(asked)
        self.span: Range = share(shard, self.rows) if shard else (0, self.rows)
        self.questions = asked_of = Questions(plan, read, asked, unknown, goal, own_fits=own_fits)
        self.filtered = any(check.name == WHERE for check in plan.document.checks)
        self.undecided = 0
        self.axes = asked_of.axes
        self.words = ANSWERS
        self.counts = [0] * len(ANSWERS)
        wide = asked_of.kind == "exact" or (asked_of.kind == "whole" and asked_of.wide)
        self.columns = [
            *map(label_of, self.axes),
            Written(unknown, "whole" if asked_of.item.type == "integer" else "float", asked_of.long),
            Written(WHICH, "word"),
            Written(goal.target, "float" if asked_of.kind == "exact" else asked_of.kind, wide),
        ]

    def blocks(self) -> Iterator[Block]:
        """The rows, some at a time."""
        first, last = self.span
        slow = any(part is not None and not part.counted for part in self.questions.parts.values())
        size = FEW if slow else MANY
        for start in range(first, last, size):
            yield self._block(start, min(start + size, last))

    def _block(self, start: int, end: int) -> Block:
        row, step = np.arange(start, end), self.rows
        places: list[Array] = []
        for each in self.axes:
            step //= each.length
            places.append(row // step % each.length)
        found = self.questions.solve(places, end - start)
        if self.filtered:
            holds, undecided = self.questions.kept(places, found)
            self.undecided += int(np.count_nonzero(undecided))
            index = np.flatnonzero(holds)
            found, places = Solved(*(column[index] for column in found)), [place[index] for place in places]
        for which, count in enumerate(np.bincount(found.which, minlength=len(ANSWERS)).tolist()):
            self.counts[which] += count
        columns: list[tuple[Array, Array | None]] = [
            (self._axis(each, written, place), None) for each, written, place in zip(self.axes, self.columns, places, strict=False)
        ]
        columns += [(found.value, found.no_value), (found.which, None), (found.at, found.no_at)]
        return Block(end - start, len(found.value), columns)

    def _axis(self, each: Axis, written: Written, place: Array) -> Array:
        if written.kind == "label":
            return place
        column = self.questions.column(each.name, each.numbers[each.name], place)
        return column / scale_of(each.numbers[each.name]) if written.kind == "half" else column

    def notes(self) -> list[str]:
        """What is to be known about the rows so far."""
        said = self.questions.notes(self.counts)
        if self.undecided:
            said.append(f"{self.undecided:,} rows are left out because --where cannot be decided for them")
        return said


class Answered(NamedTuple):
    """Answers by row, as numpy arrays.

    Attributes:
        value: the value of the unknown, an int64 (Python's own numbers where they may be larger or not whole); 0 where there is none.
        at: the target there, in the target's unit: int64 where it is whole everywhere, Python's own where it may be larger, else the
            nearest float; 0 where there is none.
        which: `largest` or `smallest` value that meets the bound, `any` when all values do (the value is then the end of the input's bounds
            that uses the most of it), `only`, `none` when nothing fits, and `unsettled` where there is no target
            or the solver could not tell.
        found: whether there is a value.
        notes: what is to be known about how it was solved, such as rows that took the long way, and why a row has no answer.
    """

    value: Array
    at: Array
    which: Array
    found: Array
    notes: tuple[str, ...]


def answered(plan: Plan, read: Read, columns: Mapping[str, Any], unknown: str, goal: Goal, bound: Any = None) -> Answered:
    """Solve for an unknown in each row of a table.

    Args:
        plan: the rules.
        read: gives what is the same in all rows, with more settings.
        columns: by the name of an input, a rule that is given or a kind of presets: an array of whole numbers, or values as an inputs file
            may have them; all of one length.
        unknown: what is solved for, a number.
        goal: what is asked.
        bound: a bound for each row; None where the goal has it.

    Raises:
        GaugeError: when a column or the question is wrong, or no row can be answered.
    """
    lengths = {len(column) for column in (*columns.values(), *(() if bound is None else (bound,)))}
    if len(lengths) != 1 or lengths == {0}:
        raise CommandError(Problem("the columns must be of one length, and not empty"))
    row = np.arange(*lengths)
    made = [_axis(plan, name, column) for name, column in columns.items()]
    bounds = None if bound is None else _bounds(plan, goal, bound)
    questions = Questions(plan, read, tuple(axis for axis, _ in made), unknown, goal, bounds)
    found = questions.solve([row if place is None else place for _, place in made], len(row), None if bound is None else row)
    counts = np.bincount(found.which, minlength=len(ANSWERS)).tolist()
    return Answered(found.value, found.at, np.array(ANSWERS)[found.which], ~found.no_value, tuple(questions.notes(counts)))


def _axis(plan: Plan, name: str, column: Any) -> tuple[Axis, Array | None]:
    """A column as an axis, and the place of each row on it; None where that is the number of the row."""
    kind = name in plan.document.presets and name not in plan.document.inputs
    if not kind and name not in plan.slots:
        known = [*plan.document.inputs, *plan.document.presets, *plan.document.rules]
        raise CommandError(Problem(f"there is no input or rule `{plain(name)}`", None, suggest(name, known)))
    item = None if kind else as_input(plan, name)
    whole = isinstance(column, np.ndarray) and column.dtype.kind in "iu"
    if item is not None and item.type in {"integer", "number"}:
        if not whole or item.choices:
            values = tuple(_number(item, each) for each in _listed(column))
            return Axis(name, len(values), {name: values}), None
        numbers = bounded(column)
        for value in (numbers.low, numbers.high):
            _number(item, value)
        return Axis(name, len(column), {name: numbers}), None
    if item is not None and item.type == "list":
        raise CommandError(Problem(f"`{name}` is a list, and lists cannot be a column"))
    codes: dict[Any, int] = {}
    try:
        place = np.array([codes.setdefault(each, len(codes)) for each in _listed(column)])
    except TypeError:
        raise CommandError(Problem(f"the column `{plain(name)}` holds something that is no word", None, "give texts")) from None
    words = tuple(written(name, each) for each in codes)
    if item is not None:
        for word in words:
            convert(item, scalar(name, word))
    return Axis(name, len(words), {}, words), place


def _listed(column: Any) -> list[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _bounds(plan: Plan, goal: Goal, bound: Any) -> Numbers:
    """A bound for each row."""
    if isinstance(bound, np.ndarray) and bound.dtype.kind in "iu":
        return bounded(bound)
    unit = goal.unit if goal.unit == "byte" else plan.item(goal.target).unit
    made = [read_bound(plan, written("the bound", each), unit) for each in _listed(bound)]
    names = [each for each in made if isinstance(each, str)]
    if names:
        raise CommandError(Problem(f"`{names[0]}` is a name: a bound for each row is a number", None, "give the name alone"))
    return tuple(each for each in made if not isinstance(each, str))


def _number(item: Input, value: Any) -> Number:
    made = convert(item, node_of(item.name, value), commas=True)
    assert isinstance(made, int | Fraction)
    return made


def _numbers(column: Array, scale: int) -> Numbers:
    """The numbers of rows as those of an axis."""
    if column.dtype != object and scale == 1:
        return bounded(column)
    return tuple(whole(Fraction(value) / scale) for value in column.tolist())
