"""Formulas of one pattern, computed for many names at once: each step of the pattern is a loop over the rows of cells it reads and sets.

The pattern is lowered once, over whole numbers of any size up to `WIDE`, so what holds for it holds for all its formulas.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from ..evaluate import Values
from ..lowering.lower import Lowering
from ..lowering.nodes import Node, Nodes, Unsupported
from ..lowering.numbers import of
from ..named import NamedTuple
from ..plan import Plan
from ..tree import Pattern
from .closures import Cells, Steps, plain

WIDE = 1 << 512
"""A cell that is read is at most this large, so that nothing computed from a few of them is too long for a value."""
LONGEST_LINE = 1 << 64
"""The largest denominator that is kept beside a whole number."""
Row = tuple[int, ...]
"""The cell that is set, and those that are read."""
Run = Callable[[Cells, Iterable[Row]], None]


class Growth(NamedTuple):
    """How large something is when nothing it is made of is larger than x, which is at least 1: `gain * x ** degree + rest` at most."""

    gain: int
    degree: int
    rest: int

    def of(self, size: int) -> int:
        """The bound for x of this size."""
        bound: int = self.gain * size**self.degree + self.rest
        return bound


class Kind(NamedTuple):
    """How the formulas of a pattern are computed.

    The cells of a formula are those of its names in the order written, then `own` more. The first of these is what it comes to: a whole
    number over `under`; the last, where `under` is not 1, is that quotient as a value. `kept` are places of cells that are set once, with
    what they are set to. Each step is a loop, and which cells of a formula are its row.
    """

    steps: tuple[tuple[Run, Callable[[Sequence[int]], Row]], ...]
    kept: tuple[tuple[int, int], ...]
    own: int
    under: int
    growth: Growth


def kind_of(plan: Plan, pattern: Pattern, unders: Sequence[int]) -> Kind | None:
    """How formulas of a pattern are computed where the names in the order written stand for whole numbers over `unders`.

    None for what does not always come to such a number.
    """
    nodes = Nodes()
    leaves = [nodes.leaf(f"#{place}", 0, -WIDE, WIDE) for place in range(len(unders))]
    axes = {f"#{place}": of(leaf, Fraction(1, under)) for place, (leaf, under) in enumerate(zip(leaves, unders, strict=True))}
    try:
        lowering = Lowering(Values(plan, {}, [], frozenset()), axes, nodes, apart=True, alone=True)
        column = lowering.lower(pattern.tree_of(tuple(axes)))
        if column.kind != "number" or column.bad is not False or column.applies is not True:
            return None
        above, under = lowering.numbers.over(column.value)
    except Unsupported:
        return None
    if not isinstance(under, int) or under > LONGEST_LINE:
        return None
    if isinstance(above, Node):
        made = _Rows(leaves, above).kind(above, under)
    else:
        made = Kind((), ((len(unders), above),), 1, under, Growth(0, 0, abs(above)))
    if under == 1:
        return made
    last = operator.itemgetter(len(unders) + made.own, len(unders))
    return made._replace(steps=(*made.steps, (ratio_rows(under), last)), own=made.own + 1)


class _Rows(Steps):
    """The steps of a pattern: each a loop, with the cells it is for."""

    def __init__(self, leaves: Sequence[Node], wanted: Node) -> None:
        self.leaves = leaves
        super().__init__([*leaves, wanted])

    def kind(self, wanted: Node, under: int) -> Kind:
        """What was made, with cells in the order of a `Kind`."""
        places = {self.cell(leaf): place for place, leaf in enumerate(self.leaves)}
        out = self.cell(wanted)
        if out in places:  # another name as it stands
            out = self.step((linear_rows(0, [1]), (out,)))
        places[out] = len(places)
        for at, (_, cells) in self.made:
            for cell in (at, *cells):
                places.setdefault(cell, len(places))
        steps = tuple((run, operator.itemgetter(*(places[cell] for cell in (at, *cells)))) for at, (run, cells) in self.made)
        kept = tuple((places[cell], value) for cell, value in enumerate(self.start) if value is not None and cell in places)
        return Kind(steps, kept, len(places) - len(self.leaves), under, growth(wanted))

    def _times(self, i: int, j: int) -> Any:
        return product_rows, (i, j)

    def _linear_rows(self, rest: int, parts: list[tuple[int, int]]) -> Any:
        parts = sorted(parts, key=lambda part: -part[0])
        return linear_rows(rest, [factor for factor, _ in parts]), tuple(cell for _, cell in parts)

    def _compute(self, node: Node) -> Any:
        args = node.args
        if node.op in {"add", "subtract", "negative", "multiply"}:
            return self._sum(node)
        if node.op == "right_shift" or (node.op == "floor_divide" and isinstance(args[1], int)):
            rest, parts = self.parts(args[0]) if self.at(args[0]) is None else (0, [(1, self.cell(args[0]))])
            by = args[1] if node.op == "floor_divide" else 1 << args[1]
            return floored_rows(rest, [factor for factor, _ in parts], by), tuple(cell for _, cell in parts)
        return _OF_CELLS[node.op], tuple(map(self.cell, args))

    def _sum(self, node: Node) -> Any:
        """A sum; a smaller or larger of two that stands in it and nowhere else is found in the same loop."""
        rest, terms = self.terms(node)
        if len(terms) <= 3:
            for place, (at, (run, taken)) in enumerate(self.made):
                if run in _EXTREME_RUNS and (at,) in terms and self._once(at):
                    factor = terms.pop((at,))
                    del self.made[place]
                    parts = [(other, self.product(cells)) for cells, other in terms.items()]
                    made = extreme_rows(factor, [other for other, _ in parts], rest, lowest=run is _EXTREMES["minimum"])
                    return made, (*taken, *(cell for _, cell in parts))
        return self._linear_rows(rest, [(factor, self.product(cells)) for cells, factor in terms.items()])

    def _once(self, cell: int) -> bool:
        """Whether a cell is read once."""
        return any(at == cell and self._uses[index] == 1 for index, at in self._at.items())


# The loops. Those of the shapes that most formulas have are written out: a factor costs a multiplication.


def linear_rows(rest: int, factors: list[int]) -> Run:
    """A sum of cells times factors, and `rest`."""
    shape = (*factors, rest) if rest == 0 else ()

    def one(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i in rows:
            cells[o] = a * cells[i] + rest

    def two(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j in rows:
            cells[o] = a * cells[i] + b * cells[j] + rest

    def three(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k in rows:
            cells[o] = a * cells[i] + b * cells[j] + c * cells[k] + rest

    def many(cells: Cells, rows: Iterable[Row]) -> None:
        for o, *parts in rows:
            cells[o] = sum([factor * cells[i] for factor, i in zip(factors, parts, strict=True)], rest)

    if shape in _SUMS:
        return _SUMS[shape]
    a, b, c = (*factors, 0, 0, 0)[:3]
    return (many, one, two, three)[len(factors) if len(factors) <= 3 else 0]


def _add(cells: Cells, rows: Iterable[Row]) -> None:
    for o, i, j in rows:
        cells[o] = cells[i] + cells[j]


def _subtract(cells: Cells, rows: Iterable[Row]) -> None:
    for o, i, j in rows:
        cells[o] = cells[i] - cells[j]


def _add_three(cells: Cells, rows: Iterable[Row]) -> None:
    for o, i, j, k in rows:
        cells[o] = cells[i] + cells[j] + cells[k]


def _add_and_subtract(cells: Cells, rows: Iterable[Row]) -> None:
    for o, i, j, k in rows:
        cells[o] = cells[i] + cells[j] - cells[k]


_SUMS: dict[tuple[int, ...], Run] = {(1, 1, 0): _add, (1, -1, 0): _subtract, (1, 1, 1, 0): _add_three, (1, 1, -1, 0): _add_and_subtract}


def product_rows(cells: Cells, rows: Iterable[Row]) -> None:
    """A product of two cells."""
    for o, i, j in rows:
        cells[o] = cells[i] * cells[j]


def floored_rows(rest: int, factors: list[int], by: int) -> Run:
    """The largest whole number not above such a sum over a number."""

    def one(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i in rows:
            cells[o] = (a * cells[i] + rest) // by

    def two(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j in rows:
            cells[o] = (a * cells[i] + b * cells[j] + rest) // by

    def three(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k in rows:
            cells[o] = (a * cells[i] + b * cells[j] + c * cells[k] + rest) // by

    def three_alike(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k in rows:
            cells[o] = (cells[i] + cells[j] + cells[k] + rest) // by

    def many(cells: Cells, rows: Iterable[Row]) -> None:
        for o, *parts in rows:
            cells[o] = sum([factor * cells[i] for factor, i in zip(factors, parts, strict=True)], rest) // by

    if factors == [1, 1, 1]:
        return three_alike
    a, b, c = (*factors, 0, 0, 0)[:3]
    return (many, one, two, three)[len(factors) if len(factors) <= 3 else 0]


def extreme_rows(factor: int, factors: list[int], rest: int, lowest: bool) -> Run:
    """The smaller (or larger) of two cells times a factor, and a sum of at most two others."""

    def smaller(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x < y else y) + rest  # noqa: FURB136 - half the time of a call, here and below

    def larger(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x > y else y) + rest  # noqa: FURB136

    def smaller_and_one(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x < y else y) + a * cells[k] + rest  # noqa: FURB136

    def larger_and_one(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x > y else y) + a * cells[k] + rest  # noqa: FURB136

    def smaller_and_two(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k, m in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x < y else y) + a * cells[k] + b * cells[m] + rest  # noqa: FURB136

    def larger_and_two(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j, k, m in rows:
            x, y = cells[i], cells[j]
            cells[o] = factor * (x if x > y else y) + a * cells[k] + b * cells[m] + rest  # noqa: FURB136

    a, b = (*factors, 0, 0)[:2]
    runs = ((smaller, smaller_and_one, smaller_and_two), (larger, larger_and_one, larger_and_two))
    return runs[0 if lowest else 1][len(factors)]


def _of_two(apply: Callable[[Any, Any], Any]) -> Run:
    def run(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i, j in rows:
            cells[o] = apply(cells[i], cells[j])

    return run


def _of_one(apply: Callable[[Any], Any]) -> Run:
    def run(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i in rows:
            cells[o] = apply(cells[i])

    return run


def _where(cells: Cells, rows: Iterable[Row]) -> None:
    for o, c, i, j in rows:
        cells[o] = cells[i] if cells[c] else cells[j]


_EXTREMES: dict[str, Run] = {"minimum": extreme_rows(1, [], 0, lowest=True), "maximum": extreme_rows(1, [], 0, lowest=False)}
_EXTREME_RUNS = frozenset(_EXTREMES.values())
_OF_CELLS: dict[str, Run] = {
    **_EXTREMES,
    "where": _where,
    "floor_divide": _of_two(operator.floordiv),
    "less": _of_two(operator.lt),
    "less_equal": _of_two(operator.le),
    "equal": _of_two(operator.eq),
    "logical_and": _of_two(lambda left, right: left and right),
    "logical_or": _of_two(lambda left, right: left or right),
    "logical_not": _of_one(operator.not_),
    "absolute": _of_one(abs),
}


def ratio_rows(under: int) -> Run:
    """A whole number over another, as a value."""

    def run(cells: Cells, rows: Iterable[Row]) -> None:
        for o, i in rows:
            quotient, rest = divmod(cells[i], under)
            cells[o] = Fraction(cells[i], under) if rest else quotient

    return run


# How large it can be.


def growth(wanted: Node) -> Growth:
    """How large a node is at most, when no leaf is larger than x."""
    found: dict[int, Growth] = {}
    left: list[Any] = [wanted]
    while left:
        node = plain(left[-1])
        below = [part for part in map(plain, node.args) if isinstance(part, Node)]
        lacking = [part for part in below if part.index not in found]
        if lacking:
            left += lacking
            continue
        left.pop()
        found[node.index] = _growth(node, found)
    return found[plain(wanted).index]


def _growth(node: Node, found: dict[int, Growth]) -> Growth:
    if node.op == "leaf":
        return Growth(1, 1, 0)
    parts = [found[part.index] if isinstance(part, Node) else Growth(0, 0, abs(part)) for part in map(plain, node.args)]
    first = parts[0]
    if node.op in {"add", "subtract"}:
        other = parts[1]
        return Growth(first.gain + other.gain, max(first.degree, other.degree), first.rest + other.rest)
    if node.op == "multiply":
        other = parts[1]
        if not other.gain:
            return Growth(first.gain * other.rest, first.degree, first.rest * other.rest)
        return Growth((first.gain + first.rest) * (other.gain + other.rest), first.degree + other.degree, 0)
    if node.op in {"floor_divide", "right_shift"} and isinstance(node.args[1], int):
        by = node.args[1] if node.op == "floor_divide" else 1 << node.args[1]
        return Growth(-(-first.gain // by), first.degree, -(-first.rest // by) + 1)
    return Growth(*(max(sizes) for sizes in zip(*parts, strict=True)))
