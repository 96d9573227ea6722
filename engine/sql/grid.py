"""The grid of a sweep as a table: each combination of what is varied a row, found from its number alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from sqlglot import exp

from ..errors import CommandError, Problem
from ..plan import Plan
from ..presets import as_input
from .cells import Cell
from .engine import Engine
from .expressions import Expressions, kind_of
from .names import Names, aliased, column
from .query import Passed, Source

if TYPE_CHECKING:
    from ..sweep.axes import Axis

ROW = "row"
LONGEST = 10_000
"""Values of an axis that are not evenly spaced: each stands in the query."""


class GridTable:
    """The grid of `--vary` as a table.

    Args:
        plan: the plan.
        engine: what runs the query.
        vary: the texts of `--vary`.
        shard: such as `3/64`; empty for all rows.
        word: how a word is shown.

    Raises:
        GaugeError: when an axis is wrong.
    """

    def __init__(self, plan: Plan, engine: Engine, vary: Sequence[str], shard: str, word: Callable[[str], str]) -> None:
        from ..sweep.axes import axes, rows, share

        self.plan = plan
        self.write = Expressions(engine.dialect, {})
        found = axes(plan, vary)
        if not found:
            raise CommandError(Problem("nothing is varied", None, "such as --vary name=1..512"))
        count = rows(found)
        first, last = share(shard, count) if shard else (0, count)
        self.rows = last - first
        names = Names([ROW])
        listed: list[exp.Expression] = []
        cells, passed = [], []
        for position, axis in enumerate(found):
            name = names.new(axis.name)
            index = self._index(prod(each.length for each in found[position + 1 :]), axis.length, engine, first=position == 0)
            cell = self._cell(axis, name)
            listed.append(aliased(self._value(axis, cell, index), name))
            cells.append(cell)
            passed.append(Passed(name, axis.name, self._shown(axis, cell, word)))
        table = exp.Select(expressions=listed).from_(engine.counter(first, last, ROW)).subquery()
        self.cells = tuple(cells)
        self.source = Source(table, tuple(passed))

    def _index(self, inside: int, length: int, engine: Engine, *, first: bool) -> exp.Expression:
        """The place on an axis of the row with a number; `inside` are the rows of one place."""
        number: exp.Expression = column(ROW)
        if inside != 1:
            number = self.write.whole_quotient(number, exp.Literal.number(str(inside)))
        return number if first else exp.Mod(this=exp.Paren(this=number), expression=exp.Literal.number(str(length)))

    def _cell(self, axis: Axis, name: str) -> Cell:
        from ..sweep.axes import Steps, ends, scale_of

        if axis.numbers:
            numbers = axis.numbers[axis.name]
            if not isinstance(numbers, Steps) and axis.length > LONGEST:
                message = f"`{axis.name}` has {axis.length:,} values that are not evenly spaced, and {LONGEST:,} is the most in a query"
                raise CommandError(Problem(message, None, "vary it in even steps, or leave out --engine"))
            low, high = ends(numbers)
            return Cell(axis.name, name, "number", low, high, scale_of(numbers), present=True, sure=True, whole=True, scaled=True)
        labels = tuple(dict.fromkeys(axis.labels or ()))
        kinds = {"boolean": "truth", "choice": "word"}
        is_kind = axis.name in self.plan.document.presets and axis.name not in self.plan.document.inputs
        type_of = "preset" if is_kind else kinds[as_input(self.plan, axis.name).type]
        otherwise = "" if is_kind else as_input(self.plan, axis.name).otherwise
        return Cell(axis.name, name, type_of, words=labels, otherwise=otherwise, present=True, sure=True)

    def _value(self, axis: Axis, cell: Cell, index: exp.Expression) -> exp.Expression:
        from ..sweep.axes import Steps, at

        if cell.type == "number":
            numbers = axis.numbers[axis.name]
            kind = kind_of(cell.low, cell.high)
            if isinstance(numbers, Steps):
                return self.write.linear(index, numbers.first, numbers.step, kind)
            values = [self.write.literal(int(at(numbers, place) * cell.scale), kind) for place in range(axis.length)]
            return self.write.cast(_listed(index, values), kind)
        if cell.type == "truth":
            return _listed(index, [exp.Boolean(this=label == "true") for label in axis.labels or ()])
        return _listed(index, [exp.Literal.string(label) for label in axis.labels or ()])

    def _shown(self, axis: Axis, cell: Cell, word: Callable[[str], str]) -> Callable[[exp.Expression], exp.Expression] | None:
        """How the value of an axis is shown, where not as it is."""
        if cell.type == "number" and cell.scale != 1:
            scale = cell.scale

            def share(read: exp.Expression) -> exp.Expression:
                parts = [self.write.cast(read, "d"), self.write.literal(scale, "d")]
                return exp.Div(this=parts[0], expression=parts[1], typed=True, safe=False)

            return share
        other = [label for label in cell.words if word(label) != label]
        if cell.type in {"number", "truth"} or not other:
            return None

        def safe(read: exp.Expression) -> exp.Expression:
            ifs = [
                exp.If(this=exp.EQ(this=read.copy(), expression=exp.Literal.string(label)), true=exp.Literal.string(word(label)))
                for label in other
            ]
            return exp.Case(ifs=ifs, default=read)

        return safe


def _listed(index: exp.Expression, values: Sequence[exp.Expression], start: int = 0) -> exp.Expression:
    """The value at a place, looked for by halves, so that a long list is not gone through for each row."""
    half = len(values) // 2
    if len(values) > 8:
        below = exp.LT(this=exp.Paren(this=index.copy()), expression=exp.Literal.number(str(start + half)))
        found = exp.If(this=below, true=_listed(index, values[:half], start))
        return exp.Case(ifs=[found], default=_listed(index, values[half:], start + half))
    ifs = [
        exp.If(this=exp.EQ(this=exp.Paren(this=index.copy()), expression=exp.Literal.number(str(start + place))), true=each)
        for place, each in enumerate(values[:-1])
    ]
    return exp.Case(ifs=ifs, default=values[-1]) if ifs else values[-1]
