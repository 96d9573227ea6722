"""The names of a plan over the rows of a table: a cell, else what is given for all rows, else a preset of the row, else the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from .. import presets
from ..evaluate import Given, Values, evaluate
from ..lowering.lower import Column, Lowering
from ..lowering.nodes import Node, Nodes, Truth, Unsupported
from ..lowering.numbers import of
from ..named import NamedTuple
from ..plan import Plan
from ..presets import as_input
from ..records import Value
from ..wanted import settle, special
from .cells import Cell, scalar

_AXIS = 0
"""All columns stand along one axis, the rows."""


class Leaf(NamedTuple):
    """What a column of the first step is read from.

    `part` is `value`, `there` (whether the cell has a value) or `right` (whether that is one it may have) of a cell; `preset`, `gives` or
    `known` of a kind of presets: the value of `name` in the preset named in the row, whether it has one, whether there is such a preset.
    `low`: what stands in for a value that is not there.
    """

    part: str
    cell: Cell
    name: str = ""
    low: int = 0

    @property
    def title(self) -> str:
        """A name for its column."""
        of = "_".join(filter(None, (self.cell.name, self.name if self.name != self.cell.name else "")))
        return of + {"value": "_cell", "preset": ""}.get(self.part, f"_{self.part}")


class Entries(NamedTuple):
    """The presets that a column names: the values each gives, as whole numbers (`scales` says of what part), truth values or None."""

    cell: Cell
    labels: tuple[str, ...]
    columns: dict[str, tuple[int | bool | None, ...]]
    scales: dict[str, int]


class Rows:
    """The lowering of a plan over the rows of a table.

    Args:
        plan: the plan, as `wanted.extended` makes it.
        given: what is given for all rows, whatever presets they name.
        cells: the columns of the table.
        own_fits: whether `fits` is not a rule of the file.
        most: how large a number may be in the database; a cell that is larger is one that may not be.
        folder: where the paths of presets begin.

    Raises:
        GaugeError: when a preset is wrong.
    """

    def __init__(
        self, plan: Plan, given: Mapping[str, Given], cells: Sequence[Cell], most: int, *, own_fits: bool, folder: str = ""
    ) -> None:
        self.plan = plan
        self.given = given
        self.leaves: dict[str, Leaf] = {}
        self.nodes = Nodes()
        self.cells = {cell.name: _within(cell, most) for cell in cells if cell.type != "preset"}
        self.kinds = [self._entries(cell, folder) for cell in cells if cell.type == "preset"]
        moving = dict.fromkeys([*self.cells, *(name for kind in self.kinds for name in kind.columns if not self._firm(name))])
        moving |= {name: None for name in given if not self._firm(name)}
        self.values: Values = evaluate(plan, {name: value for name, value in given.items() if name not in moving})
        if own_fits:
            settle(self.values)
        self.lowering = Lowering(self.values, {name: {} for name in moving}, self.nodes)
        self.lowering.special = {name: self._special(name) for name in moving}
        if own_fits:
            self.lowering.special |= special(self.lowering)

    def column(self, name: str) -> Column:
        """The column of a name.

        Raises:
            Unsupported: when its formula cannot be boiled down.
        """
        return self.lowering.name(name)

    def _entries(self, cell: Cell, folder: str) -> Entries:
        """What the presets a column may name give."""
        kind = self.plan.document.presets[cell.name]
        found = []
        for label in cell.words:
            asked = scalar(cell.name, label)
            found.append(presets.values_of(self.plan, kind, presets.find(kind, asked, folder), asked.place))
        names = dict.fromkeys(name for entry in found for name in entry)
        columns: dict[str, tuple[int | bool | None, ...]] = {}
        scales: dict[str, int] = {}
        for name in names:
            values = [entry[name].value if name in entry else None for entry in found]
            columns[name], scales[name] = self._coded(name, values)
        return Entries(cell, cell.words, columns, scales)

    def _coded(self, name: str, values: Sequence[Value | None]) -> tuple[tuple[int | bool | None, ...], int]:
        """Values as whole numbers, words by theirs; of lists nothing is left (what needs them cannot be boiled down)."""
        type_of = as_input(self.plan, name).type
        if type_of == "list":
            return (None,) * len(values), 0
        if type_of == "boolean":
            return tuple(None if value is None else bool(value) for value in values), 1
        if type_of == "choice":
            words = {word: code for code, word in enumerate(sorted(self.plan.document.words))}
            return tuple(None if value is None else words.get(str(value), len(words)) for value in values), 1
        numbers = [None if value is None else Fraction(value) for value in values if not isinstance(value, str | tuple)]
        scale = lcm(*(number.denominator for number in numbers if number is not None))
        return tuple(None if number is None else int(number * scale) for number in numbers), scale

    def _special(self, name: str) -> Callable[[], Column]:
        return lambda: self._moving(name)

    def _firm(self, name: str) -> bool:
        """Whether a name is given for all rows, whatever presets they name."""
        return name in self.given and self._replaced(name) is None

    def _replaced(self, name: str) -> Entries | None:
        """The kind of presets named in rows in whose place another preset gives a name, where a row names none."""
        known = self.given.get(name)
        if known is None or known.origin != "preset":
            return None
        return next((kind for kind in self.kinds if known.where.startswith(f"{kind.cell.name} ")), None)

    def _moving(self, name: str) -> Column:
        """A name whose value is in a cell, or given, or of a preset, or else computed."""
        lowering = self.lowering
        known = lowering.state(self.given[name].value, lowering.kind(name)) if name in self.given else None
        if known is not None and self._firm(name):
            found = known
        else:
            found = lowering.computed(name)
            replaced = self._replaced(name)
            for kind in reversed(self.kinds):
                if name in kind.columns:
                    found = self._of_preset(name, kind, found)
                if kind is replaced and known is not None:
                    found = self._else(self._there(kind.cell), found, known)
        cell = self.cells.get(name)
        return self._of_cell(cell, found) if cell else found

    def _there(self, cell: Cell) -> Truth:
        return cell.present or self._flag("there", cell)

    def _of_preset(self, name: str, kind: Entries, otherwise: Column) -> Column:
        """The value of the preset named in the row where it has one. There is none at all where there is no such preset."""
        if not kind.scales[name]:
            raise Unsupported
        values = [value for value in kind.columns[name] if value is not None]
        cell = kind.cell
        there = self._there(cell)
        known: Truth = self._known(cell, there)
        every = len(values) == len(kind.labels)
        gives = known if every else self._flag("gives", cell, name)
        found = self._leaf("preset", cell, name, (min(values), max(values)), values, kind.scales[name])
        made = self._else(gives, found, otherwise)
        unknown = self.nodes.both(there, self.nodes.invert(known))
        return made._replace(bad=self.nodes.either(unknown, made.bad))

    def _else(self, there: Truth, found: Column, otherwise: Column) -> Column:
        """A value that is there, else another, which may be that of a rule that does not apply."""
        made = self.lowering.choose(there, found, otherwise)
        applies = self.nodes.choose(there, found.applies, otherwise.applies)
        return made._replace(applies=applies)

    def _known(self, cell: Cell, there: Truth) -> Truth:
        return there if cell.sure else self._flag("known", cell)

    def _of_cell(self, cell: Cell, otherwise: Column) -> Column:
        """The value of a cell, which has none where it is not one it may have; where it is empty, what else there is."""
        there = self._there(cell)
        right: Truth = there if cell.sure or cell.otherwise else True if cell.type == "truth" else self._flag("right", cell)
        words = [*cell.words, *filter(None, [cell.otherwise])] if cell.type == "word" else []
        codes = [self.lowering.code(word) for word in words]
        found = self._leaf("value", cell, cell.name, (cell.low, cell.high), codes, cell.scale)
        if otherwise.bad is True:
            there = True if right is not True else there
        if there is not right and right is not True:
            found = found._replace(bad=self.nodes.invert(right))
        return self._else(there, found, otherwise)

    def _leaf(self, part: str, cell: Cell, name: str, ends: tuple[Any, Any], codes: Sequence[int | bool], scale: int) -> Column:
        """A column of values: numbers between two ends, or words or truth values."""
        key = f"{part} {cell.name} {name}"
        kind = self.lowering.kind(name)
        if kind == "truth":
            self.leaves[key] = Leaf(part, cell, name)
            return Column("truth", self.nodes.flag(key, _AXIS))
        if kind == "word":
            within = {int(code) for code in codes}
            self.leaves[key] = Leaf(part, cell, name, min(within))
            made = self.nodes.words(key, _AXIS, within)
            return Column("word", made if isinstance(made, Node) else self._word(made))
        self.leaves[key] = Leaf(part, cell, name, int(ends[0]))
        if ends[0] == ends[1]:
            return Column("number", of(int(ends[0]), Fraction(1, scale)))
        return Column("number", of(self.nodes.leaf(key, _AXIS, int(ends[0]), int(ends[1])), Fraction(1, scale)))

    def _word(self, code: int) -> str | None:
        return self.lowering.words[code] if code < len(self.lowering.words) else None

    def _flag(self, part: str, cell: Cell, name: str = "") -> Node:
        key = f"{part} {cell.name} {name}"
        self.leaves[key] = Leaf(part, cell, name)
        return self.nodes.flag(key, _AXIS)


def _within(cell: Cell, most: int) -> Cell:
    """A column whose numbers are held to what a database can hold."""
    if -most <= cell.low and cell.high <= most:
        return cell
    return cell._replace(low=max(cell.low, -most), high=min(cell.high, most), sure=False)
