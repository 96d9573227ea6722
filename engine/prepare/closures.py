"""Nodes → closures over a list of whole numbers, for one run at a time in plain Python.

Every node that is used more than once, and every one that is no sum or product, has a cell of its own. Sums and products that are used
once are put into the one step that uses them, so that a run is few steps, each a closure made for its shape.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from ..lowering.nodes import Node, Truth, Whole
from ..plan import COMPARES
from ..quantity import whole

Cells = list[Any]
Compute = Callable[[Cells], Any]
_SUMS = frozenset({"add", "subtract", "negative", "multiply"})
_EXTREMES = frozenset({"maximum", "minimum"})
_COMPARES = {"less": COMPARES["<"], "less_equal": COMPARES["<="], "equal": COMPARES["=="]}


def plain(part: Any) -> Any:
    """The node behind casts: Python's whole numbers are all of one kind."""
    while isinstance(part, Node) and part.op == "cast":
        part = part.args[0]
    return part


class Steps:
    """The steps that compute nodes, in order, and the cells they go to.

    Args:
        wanted: nodes whose cells are read after a run; those below them get cells as they are needed.
    """

    def __init__(self, wanted: Iterable[Node]) -> None:
        self.start: Cells = []
        self.made: list[tuple[int, Any]] = []
        self._at: dict[int, int] = {}
        self._products: dict[tuple[int, ...], int] = {}
        self._uses: Counter[int] = Counter()
        self._user: dict[int, str] = {}  # the operation a node is used in, of those used once
        nodes = self._reached([plain(node) for node in wanted])
        for node in nodes:
            if node.op == "leaf":
                self._at[node.index] = self.kept(None)
        for node in nodes:
            if not self._inside(node):
                self.cell(node)

    def _reached(self, wanted: list[Node]) -> list[Node]:
        """The nodes that are computed, each after those it is made of, with how often each is used."""
        found: dict[int, Node] = {}
        left = list(wanted)
        for node in wanted:
            self._uses[node.index] += 2
        while left:
            node = left.pop()
            if node.index in found:
                continue
            found[node.index] = node
            parts = [part for part in map(plain, node.args) if isinstance(part, Node)]
            self._uses.update(part.index for part in parts)
            self._user.update((part.index, node.op) for part in parts)
            left += parts
        return [found[index] for index in sorted(found)]

    def _inside(self, node: Node) -> bool:
        """Whether a node is computed within the one step that uses it."""
        if self._uses[node.index] != 1:
            return False
        return node.op in _SUMS or (node.op in _EXTREMES and self._user[node.index] == node.op)

    def kept(self, value: Any) -> int:
        """A cell whose value is there before a run."""
        self.start.append(value)
        return len(self.start) - 1

    def step(self, compute: Any) -> int:
        """A cell that a step computes."""
        at = self.kept(None)
        self.made.append((at, compute))
        return at

    def cell(self, part: Whole | Truth) -> int:
        """The cell of a node or of a number."""
        part = plain(part)
        if not isinstance(part, Node):
            return self.kept(part)
        found = self._at.get(part.index)
        if found is None:
            made = self._lone(part) if part.op in _SUMS else None
            found = self._at[part.index] = self.step(self._compute(part)) if made is None else made
        return found

    def _lone(self, part: Node) -> int | None:
        """The cell of a sum that is another cell as it stands."""
        rest, terms = self.terms(part)
        if rest or len(terms) != 1:
            return None
        ((cells, factor),) = terms.items()
        return self.product(cells) if factor == 1 else None

    def _compute(self, node: Node) -> Any:
        """What computes a node."""
        if node.op in _SUMS:
            return self._linear(node)
        if node.op == "floor_divide" and isinstance(node.args[1], int):
            return self._floored(node.args[0], node.args[1])
        if node.op == "right_shift":
            return self._floored(node.args[0], 1 << node.args[1])
        if node.op in _EXTREMES:
            return self._extreme(node)
        if node.op == "where":
            return self._where(*node.args)
        if node.op == "take":
            key, values = self.cell(node.args[0]), node.args[1]
            return lambda cells: values[cells[key]]
        if node.op == "absolute":
            value_of = self.value(node.args[0])
            return lambda cells: abs(value_of(cells))
        if node.op == "floor_divide":
            top, under = self.value(node.args[0]), self.value(node.args[1])
            return lambda cells: top(cells) // under(cells)
        return self._truth(node)

    def _truth(self, node: Node) -> Compute:
        if node.op in _COMPARES:
            return self._compare(_COMPARES[node.op], *node.args)
        i = self.cell(node.args[0])
        if node.op == "logical_not":
            return lambda cells: not cells[i]
        j = self.cell(node.args[1])
        if node.op == "logical_and":
            return lambda cells: cells[i] and cells[j]
        assert node.op == "logical_or", node.op
        return lambda cells: cells[i] or cells[j]

    # ---- sums of products

    def terms(self, part: Whole, by: int = 1) -> tuple[int, dict[tuple[int, ...], int]]:
        """A part, times a number, as a number and products of cells with factors; the part itself is opened however often it is used."""
        rest = 0
        found: dict[tuple[int, ...], int] = {}
        left: list[tuple[Any, int, bool]] = [(part, by, True)]
        while left:
            at, factor, opens = left.pop()
            at = plain(at)
            if not isinstance(at, Node):
                rest += factor * at
                continue
            key: tuple[int, ...]
            if at.op not in _SUMS or at.index in self._at or not (opens or self._inside(at)):
                key = (self.cell(at),)
            elif at.op == "negative":
                left.append((at.args[0], -factor, False))
                continue
            elif at.op == "multiply" and isinstance(at.args[1], int):
                left.append((at.args[0], factor * at.args[1], False))
                continue
            elif at.op == "multiply":
                times, key = self._factors(at)
                factor *= times
            else:
                left += ((at.args[1], factor if at.op == "add" else -factor, False), (at.args[0], factor, False))
                continue
            found[key] = found.get(key, 0) + factor
        return rest, {key: factor for key, factor in found.items() if factor}

    def _factors(self, node: Node) -> tuple[int, tuple[int, ...]]:
        """A product as a number and cells."""
        times = 1
        cells: list[int] = []
        left: list[Any] = list(node.args)
        while left:
            part = plain(left.pop())
            if not isinstance(part, Node):
                times *= part
            elif part.op == "multiply" and self._inside(part):
                left += part.args
            else:
                cells.append(self.cell(part))
        return times, tuple(sorted(cells))

    def product(self, cells: tuple[int, ...]) -> int:
        """The cell of a product of cells."""
        if len(cells) == 1:
            return cells[0]
        found = self._products.get(cells)
        if found is None:
            i, j = self.product(cells[:-1]), cells[-1]
            found = self._products[cells] = self.step(self._times(i, j))
        return found

    def _times(self, i: int, j: int) -> Any:
        """What multiplies two cells."""
        return lambda cells: cells[i] * cells[j]

    def parts(self, part: Whole, by: int = 1) -> tuple[int, list[tuple[int, int]]]:
        """The same with a cell for each product."""
        rest, terms = self.terms(part, by)
        return rest, [(factor, self.product(cells)) for cells, factor in terms.items()]

    def _linear(self, part: Whole) -> Compute:
        rest, parts = self.parts(part)
        return linear(rest, parts)

    def at(self, part: Whole | Truth) -> int | None:
        """The cell of a part that has one, or is to have one; None for what is computed where it is used."""
        part = plain(part)
        if not isinstance(part, Node):
            return None
        return self._at[part.index] if part.index in self._at else None if self._inside(part) else self.cell(part)

    def value(self, part: Whole) -> Compute:
        """What computes a part."""
        part = plain(part)
        if not isinstance(part, Node):
            return lambda cells: part
        at = self.at(part)
        return self._linear(part) if at is None else operator.itemgetter(at)

    def _floored(self, part: Whole, by: int) -> Compute:
        rest, parts = self.parts(part) if self.at(part) is None else (0, [(1, self.cell(part))])
        return floored(rest, parts, by)

    def _extreme(self, node: Node) -> Compute:
        """`min` or `max` of two or more."""
        parts: list[Any] = []
        left = list(node.args)
        while left:
            part = plain(left.pop())
            if isinstance(part, Node) and part.op == node.op and self._inside(part):
                left += part.args
            else:
                parts.append(part)
        parts.reverse()
        lowest = node.op == "minimum"
        if len(parts) == 2:
            return extreme_of_two(self.at(parts[0]), self.value(parts[0]), self.at(parts[1]), self.value(parts[1]), lowest)
        pick: Callable[..., Any] = min if lowest else max
        values = tuple(map(self.value, parts))
        return lambda cells: pick([value(cells) for value in values])

    def _where(self, condition: Node, yes: Whole, no: Whole) -> Compute:
        other = plain(no)
        if condition.op == "equal" and isinstance(yes, int) and condition.args[1] == 0 and plain(condition.args[0]) is other:
            i = self.cell(other)  # what stands in place of 0
            return lambda cells: cells[i] or yes
        holds = self.cell(condition)
        first, second = self.value(yes), self.value(no)
        return lambda cells: first(cells) if cells[holds] else second(cells)

    def _compare(self, test: Callable[[Any, Any], bool], left: Whole, right: Whole) -> Compute:
        i, j = self.at(left), self.at(right)
        if i is not None and isinstance(right, int):
            return lambda cells: test(cells[i], right)
        if j is not None and isinstance(left, int):
            return lambda cells: test(left, cells[j])
        if i is not None and j is not None:
            return lambda cells: test(cells[i], cells[j])
        first, second = self.value(left), self.value(right)
        return lambda cells: test(first(cells), second(cells))

    # ---- what is read after a run

    def quotient(self, above: Whole, under: Whole) -> int:
        """The cell of a quotient whose second part is at least 1."""
        if isinstance(above, int) and isinstance(under, int):
            return self.kept(whole(Fraction(above, under)))
        if isinstance(under, int) and under == 1:
            return self.cell(above)
        top = self.value(above)
        if isinstance(under, int):
            return self.step(lambda cells: _ratio(top(cells), under))
        below = self.value(under)
        return self.step(lambda cells: _ratio(top(cells), below(cells)))

    def word(self, part: Whole, words: tuple[str, ...]) -> int:
        """The cell of a word, by its number."""
        if isinstance(part, int):
            return self.kept(words[part])
        i = self.cell(part)
        return self.step(lambda cells: words[cells[i]])

    def where(self, condition: Truth, at: int) -> int:
        """The cell of what stands in another where a condition holds, else None."""
        if isinstance(condition, bool):
            return at if condition else self.kept(None)
        holds = self.cell(condition)
        return self.step(lambda cells: cells[at] if cells[holds] else None)


def _ratio(top: int, under: int) -> Any:
    quotient, rest = divmod(top, under)
    return Fraction(top, under) if rest else quotient


def linear(rest: int, parts: list[tuple[int, int]]) -> Compute:
    """`rest` and a sum of cells times factors; sums of few terms, which are most, without a loop."""
    if not parts:
        return lambda cells: rest
    a, i = parts[0]
    if len(parts) == 1:
        if a == 1:
            return (lambda cells: cells[i] + rest) if rest else operator.itemgetter(i)
        return (lambda cells: a * cells[i] + rest) if rest else (lambda cells: a * cells[i])
    b, j = parts[1]
    if len(parts) == 2:
        if a == b == 1:
            return lambda cells: cells[i] + cells[j] + rest
        return (lambda cells: a * cells[i] + b * cells[j] + rest) if rest else (lambda cells: a * cells[i] + b * cells[j])
    c, k = parts[2]
    if len(parts) == 3:
        return lambda cells: a * cells[i] + b * cells[j] + c * cells[k] + rest
    more = tuple(parts[3:])

    def value(cells: Cells) -> Any:
        total = a * cells[i] + b * cells[j] + c * cells[k] + rest
        for factor, index in more:
            total += factor * cells[index]
        return total

    return value


def floored(rest: int, parts: list[tuple[int, int]], by: int) -> Compute:
    """The largest whole number not above such a sum over a number."""
    if len(parts) == 1:
        ((a, i),) = parts
        return lambda cells: (a * cells[i] + rest) // by
    if len(parts) == 2:
        (a, i), (b, j) = parts
        if a == b == 1:
            return lambda cells: (cells[i] + cells[j] + rest) // by
        return lambda cells: (a * cells[i] + b * cells[j] + rest) // by
    top = linear(rest, parts)
    return lambda cells: top(cells) // by


def extreme_of_two(i: int | None, first: Compute, j: int | None, second: Compute, lowest: bool) -> Compute:
    """The smaller (or larger) of two, which are cells or are computed here."""
    if i is not None and j is not None:
        if lowest:

            def least(cells: Cells) -> Any:
                a, b = cells[i], cells[j]
                return b if b < a else a  # noqa: FURB136 - half the time of a call

            return least

        def most(cells: Cells) -> Any:
            a, b = cells[i], cells[j]
            return b if b > a else a  # noqa: FURB136 - as above

        return most
    if lowest:

        def smaller(cells: Cells) -> Any:
            a, b = first(cells), second(cells)
            return b if b < a else a  # noqa: FURB136 - as above

        return smaller

    def larger(cells: Cells) -> Any:
        a, b = first(cells), second(cells)
        return b if b > a else a  # noqa: FURB136 - as above

    return larger
