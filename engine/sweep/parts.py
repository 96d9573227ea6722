"""One decided combination of words and presets: its columns, computed block by block, or one by one where they have to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..evaluate import Given, Values, checked, evaluate
from ..lowering.lower import Column, Lowering
from ..lowering.nodes import SMALL, Node, Nodes, Truth, Whole, dtype_for, high, low
from ..lowering.numbers import Number, of
from ..named import NamedTuple
from ..plan import NOTHING, Absent, Plan
from ..wanted import WHERE, settle, special
from .axes import Axis, at, ends, scale_of
from .kernel import Array, Dimension, Kernel, Range


class Cells(NamedTuple):
    """A column in a block: values, where there is no value, and where that is because it cannot be computed."""

    values: Array
    empty: Array
    bad: Array


class Layout(NamedTuple):
    """How the axes of numbers stand in a block: each dimension with its axes, and which dimensions change from block to block."""

    dimensions: tuple[tuple[Axis, ...], ...]
    changing: int

    def columns(self) -> list[Dimension]:
        """The dimensions with the numbers on them."""
        made = []
        for group in self.dimensions:
            columns = {}
            repeat = tile = 1
            for axis in reversed(group):
                tile = 1
                for other in group:
                    if other is axis:
                        break
                    tile *= other.length
                for name, values in axis.numbers.items():
                    columns[name] = (values, repeat, tile)
                repeat *= axis.length
            made.append(Dimension(columns))
        return made


class Wanted(NamedTuple):
    """The columns asked for; `own_fits`: `fits` is what `eval` says, and not a rule of the file."""

    names: tuple[str, ...]
    own_fits: bool


class _Out(NamedTuple):
    """A column that is written: `above / under`, a truth value, or the number of a word."""

    kind: str
    above: Any
    under: Whole
    empty: Truth
    bad: Truth


class Columns:
    """The columns of a combination, computed with numpy.

    Args:
        values: the evaluation at the first row.
        layout: how the axes stand in a block.
        wanted: the columns.

    Raises:
        Unsupported: when a formula must be computed one by one.
    """

    def __init__(self, values: Values, layout: Layout, wanted: Wanted) -> None:
        self.plan = values.plan
        self.wanted = wanted
        names = wanted.names
        nodes = Nodes()
        axes: dict[str, Number] = {}
        for index, group in enumerate(layout.dimensions):
            for axis in group:
                for name, numbers in axis.numbers.items():
                    axes[name] = of(nodes.leaf(name, index, *ends(numbers)), Fraction(1, scale_of(numbers)))
        if wanted.own_fits:
            settle(values)
        self.lowering = lowering = Lowering(values, axes, nodes)
        if wanted.own_fits:
            lowering.special = special(lowering)
        document = self.plan.document
        lowering.prepare(name for name in names if name in self.plan.slots)
        checks = {check.name: lowering.lower(check.when.tree) for check in document.checks if check.level == "error" or check.name == WHERE}
        self.where = checks.pop(WHERE, Column("truth", True))
        refused = nodes.any(nodes.both(test.value, nodes.invert(test.bad)) for test in checks.values())
        self.undecided = nodes.either(refused, self.where.bad)
        self.kept = (
            nodes.both(self.where.value, nodes.invert(self.undecided)) if WHERE in {check.name for check in document.checks} else True
        )
        self.outs = [self._out(lowering.name(name), refused, nodes) for name in names]
        first = [node for node in (self.kept, self.undecided) if isinstance(node, Node)]
        second = [node for out in self.outs for node in out[1:] if isinstance(node, Node)]
        self.kernel = Kernel(layout.columns(), first, second, layout.changing)
        self.kinds = [out.kind for out in self.outs]
        del self.lowering  # there may be thousands of combinations

    def _out(self, column: Column, refused: Truth, nodes: Nodes) -> _Out:
        bad = nodes.either(refused, column.bad)
        empty = nodes.either(bad, nodes.invert(column.applies))
        if column.kind != "number":
            value = column.value if column.kind == "truth" else self.lowering.code(column.value)
            return _Out(column.kind, value, 1, empty, bad)
        above, under = self.lowering.numbers.over(column.value)
        if under == 1:
            return _Out("whole", above, 1, empty, bad)
        exact = isinstance(under, int) and under & (under - 1) == 0 and max(-low(above), high(above)) < SMALL
        return _Out("half" if exact else "float", above, under, empty, bad)

    def largest(self, index: int) -> int:
        """The most a column can be in size, were it whole."""
        return max(-low(self.outs[index].above), high(self.outs[index].above))

    def dtype(self, index: int) -> str:
        """The dtype of a column: `o` where it may be over 64 bits."""
        above = self.outs[index].above
        return (
            above.dtype if isinstance(above, Node) else dtype_for(above, above) if self.kinds[index] in {"whole", "half", "float"} else "b"
        )

    def start(self, ranges: Sequence[Range]) -> tuple[Array, Array]:
        """Go to a block. Returns which rows are kept, and of which the condition cannot be decided."""
        self.kernel.start(ranges)
        return self._get(self.kept), self._get(self.undecided)

    def into(self, index: int, array: Array) -> bool:
        """Have a column computed into an array in the next block; whether it is."""
        above = self.outs[index].above
        first = all(out.above is not above for out in self.outs[:index])
        return first and self.kinds[index] == "whole" and isinstance(above, Node) and self.kernel.into(above, array)

    def finish(self) -> None:
        """Compute the columns of the block."""
        self.kernel.finish()

    def _get(self, part: Any) -> Array:
        return self.kernel.get(part) if isinstance(part, Node) else np.asarray(part)

    def release(self) -> None:
        """Give the memory of the block back."""
        self.kernel.release()

    def cells(self, index: int) -> Cells:
        """A column of the block."""
        out = self.outs[index]
        return Cells(self._values(out), self._get(out.empty), self._get(out.bad))

    def _number(self, part: Whole) -> Array:
        if isinstance(part, Node):
            return self.kernel.get(part)
        return np.asarray(part, dtype=object if dtype_for(part, part) == "o" else np.int64)

    def _values(self, out: _Out) -> Array:
        if out.kind == "word":
            return np.asarray(self._get(out.above)).astype(np.int64)
        if out.kind == "truth":
            return self._get(out.above)
        above = self._number(out.above)
        if out.kind == "whole":
            return above
        under = self._number(out.under)
        return quotients(above, under)


def quotients(above: Array, under: Array) -> Array:
    """`above / under`, each the nearest float."""
    above, under = np.asarray(above), np.asarray(under)
    if any(part.dtype.kind == "O" for part in (above, under)):
        return np.asarray(_QUOTIENT(above.astype(object), under.astype(object)), dtype=np.float64)
    return np.asarray(np.true_divide(above, under))


def _quotient(above: Any, under: Any) -> float:
    try:
        return float(Fraction(int(above), int(under)))
    except OverflowError:
        return float("inf") if above > 0 else float("-inf")


_QUOTIENT = np.frompyfunc(_quotient, 2, 1)


class OneByOne:
    """The same answers computed row by row, for formulas that columns are not made for."""

    def __init__(self, plan: Plan, given: Mapping[str, Given], layout: Layout, wanted: Wanted) -> None:
        self.plan = plan
        self.wanted = wanted
        names = wanted.names
        self.given = given
        self.layout = layout
        kinds = {"truth": "truth", "word": "word"}
        self.kinds = [kinds.get(plan.shapes[name].kind, "exact") for name in names]
        self.where = next((check for check in plan.document.checks if check.name == WHERE), None)
        self._cells: list[Cells] = []
        self._words = (*sorted(plan.document.words),)

    def largest(self, index: int) -> int:
        """The most a column can be in size: it is not known."""
        return SMALL

    def dtype(self, index: int) -> str:
        """The dtype of a column."""
        return "o" if self.kinds[index] == "exact" else "b"

    def start(self, ranges: Sequence[Range]) -> tuple[Array, Array]:
        """Go to a block, and compute all of it."""
        shape = tuple(end - start for start, end in ranges)
        kept: Array = np.ones(shape, dtype=np.bool_)
        undecided: Array = np.zeros(shape, dtype=np.bool_)
        made = [
            Cells(np.zeros(shape, dtype=object), np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_))
            for _ in self.wanted.names
        ]
        for index in np.ndindex(*shape):
            values = row_values(self.plan, self.given, self.layout, [start + at for (start, _), at in zip(ranges, index, strict=True)])
            if self.wanted.own_fits:
                settle(values)
            refused = bool(checked(values)[1])
            if self.where is not None:
                holds = self.plan.truth(self.where.when, values.cells)
                undecided[index] = refused or holds.__class__ is Absent
                kept[index] = holds is True and not refused
            for name, cells in zip(self.wanted.names, made, strict=True):
                state = values.state(name)
                cells.bad[index] = refused or state.__class__ is Absent
                cells.empty[index] = cells.bad[index] or state is NOTHING
                if not cells.empty[index]:
                    cells.values[index] = self._words.index(state) if isinstance(state, str) else state
        self._cells = made
        return kept, undecided

    def into(self, index: int, array: Array) -> bool:
        """A column is never computed into an array."""
        return False

    def finish(self) -> None:
        """Everything is there already."""

    def release(self) -> None:
        """Give the memory of the block back."""
        self._cells = []

    def cells(self, index: int) -> Cells:
        """A column of the block."""
        found = self._cells[index]
        kind = {"truth": np.bool_, "word": np.int64}.get(self.kinds[index])
        return found if kind is None else found._replace(values=found.values.astype(kind))


def row_values(plan: Plan, given: Mapping[str, Given], layout: Layout, index: Sequence[int]) -> Values:
    """The exact evaluation of one row, by its index on each dimension."""
    found = dict(given)
    for group, position in zip(layout.dimensions, index, strict=True):
        rest = position
        for axis in reversed(group):
            rest, here = divmod(rest, axis.length)
            for name, numbers in axis.numbers.items():
                found[name] = Given(at(numbers, here), "given", "--vary")
    return evaluate(plan, found)
