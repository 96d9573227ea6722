"""A graph → ordered steps, each compiled to a closure over one list of values.

A plan is made once for a document and run for any inputs. It is data (trees in order), so that it can be kept on disk
between runs; the closures are made when a step is first needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from . import arithmetic
from .arithmetic import Undefined, kept
from .errors import Problem, plain
from .graph import Graph, build
from .named import NamedTuple
from .records import Document, Input, Rule, Shape, Value, table_of
from .tree import (
    Call,
    Cell,
    Choose,
    Compare,
    Constant,
    Fold,
    Formula,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Tree,
    Truth,
)

Cells = list[Any]
"""The value of every name by its slot: a `Value`, `NOTHING`, or an `Absent`."""
Compute = Callable[[Cells], Any]
MOST_KEPT = 64
"""Sets of names about which something that was found out is kept."""


class _Nothing:
    """What a rule that does not apply has; it counts 0."""

    def __repr__(self) -> str:
        return "-"


NOTHING = _Nothing()


class Absent(NamedTuple):
    """Why a name has no value: inputs that are missing, or what went wrong."""

    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Stop(Exception):
    """A name that has no value was needed."""

    def __init__(self, absent: Absent) -> None:
        super().__init__()
        self.absent = absent


class Wrong(Exception):
    """A part of a formula has no value."""

    def __init__(self, message: str, tree: Tree) -> None:
        super().__init__(message)
        self.tree = tree


class Step(NamedTuple):
    """How one name gets its value when it is not given: data only, so that a plan can be kept between runs."""

    name: str
    slot: int
    when: Formula | None
    cases: tuple[tuple[Formula | None, Formula], ...]
    constant: Value | None = None


class Plan:
    """The order of computing for one document.

    Raises:
        RulesError: when names, units or kinds of the document do not fit.
    """

    def __init__(self, document: Document) -> None:
        from .units import infer, spell

        graph = build(document)
        shapes = infer(graph)
        lists = any(shape.kind == "list" for shape in shapes.of.values())
        self._set(document, graph, shapes.of, shapes.warnings, {}, lists)
        for name, shape in shapes.of.items():
            of = shape.dimension
            self.units[name] = self.item(name).unit or (spell(of) if of and any(of) else "")

    @classmethod
    def kept(
        cls,
        document: Document,
        graph: Graph,
        shapes: Mapping[str, Shape],
        warnings: tuple[Problem, ...],
        units: dict[str, str],
        steps: Callable[[str], Step],
        *,
        lists: bool,
    ) -> Plan:
        """A plan that was made before, from what was kept of it; nothing is checked again. `steps` gives the step of a name."""
        made = cls.__new__(cls)
        made._set(document, graph, shapes, warnings, units, lists)  # noqa: SLF001 - one of its own kind
        made._new_step = steps  # noqa: SLF001
        return made

    def _set(
        self,
        document: Document,
        graph: Graph,
        shapes: Mapping[str, Shape],
        warnings: tuple[Problem, ...],
        units: dict[str, str],
        lists: bool,
    ) -> None:
        self.document = document
        self.graph = graph
        self.shapes = shapes
        self.warnings = warnings
        self.units = units
        self.lists = lists
        self.slots = {name: slot for slot, name in enumerate(graph.order)}
        self._steps: dict[str, Step] = {}
        self._closures: dict[int, Compute] = {}
        self._names: dict[str, Compute] = {}
        self._columns: dict[tuple[str, str], dict[str, Any]] = {}
        self._defaults: dict[int, Any] | None = None
        self._needed: dict[tuple[str, ...], frozenset[str]] = {}
        self._reached: dict[tuple[tuple[str, ...], frozenset[str]], frozenset[str]] = {}
        self._moving: dict[frozenset[str], dict[int, bool]] = {}
        self._new_step: Callable[[str], Step] = self._step
        self.first: Callable[[str, Cells], tuple[Any, bool]] = self._first

    def item(self, name: str) -> Input | Rule:
        """The input or rule with this name."""
        return self.document.inputs.get(name) or self.document.rules[name]

    def unit(self, name: str) -> str:
        """The unit of a name: what it declares, else what its formula comes to."""
        return self.units[name]

    def defaults(self) -> Mapping[int, Any]:
        """The defaults that no formula computes, by slot."""
        if self._defaults is None:
            steps = [self.step(name) for name, item in self.document.inputs.items() if item.default is not None]
            self._defaults = {step.slot: step.constant for step in steps if not step.cases and step.constant is not None}
        return self._defaults

    def needed(self, names: tuple[str, ...]) -> frozenset[str]:
        """The names and everything they need, found once."""
        found = self._needed.get(names)
        if found is None:
            if len(self._needed) >= MOST_KEPT:
                self._needed.clear()
            found = self._needed[names] = self.graph.ancestors(names)
        return found

    def reached(self, unknowns: tuple[str, ...], given: frozenset[str]) -> frozenset[str]:
        """The unknowns and every name they reach other than through a given one, found once."""
        key = unknowns, given
        found = self._reached.get(key)
        if found is None:
            seen = set(unknowns)
            left = list(seen)
            while left:
                for user in self.graph.users[left.pop()]:
                    if user not in seen and user not in given:
                        seen.add(user)
                        left.append(user)
            if len(self._reached) >= MOST_KEPT:
                self._reached.clear()
            found = self._reached[key] = frozenset(seen)
        return found

    def moves(self, moving: frozenset[str]) -> dict[int, bool]:
        """What is known, by the `id` of parts of formulas, of whether they move when these names do; whoever finds out more adds to it."""
        found = self._moving.get(moving)
        if found is None:
            if len(self._moving) >= MOST_KEPT:
                self._moving.clear()
            found = self._moving[moving] = {}
        return found

    def step(self, name: str) -> Step:
        """The step of a name."""
        step = self._steps.get(name)
        if step is None:
            step = self._steps[name] = self._new_step(name)
        return step

    def _step(self, name: str) -> Step:
        item = self.item(name)
        slot = self.slots[name]
        if isinstance(item, Rule):
            return Step(name, slot, item.when, tuple((case.when, case.formula) for case in item.cases))
        if isinstance(item.default, Formula):
            return Step(name, slot, None, ((None, item.default),))
        return Step(name, slot, None, (), item.default)

    def compiled(self, formula: Formula) -> Compute:
        """The closure of a formula, made when it is first needed: what does not apply is never compiled."""
        return self.part(formula.tree)

    def part(self, tree: Tree) -> Compute:
        """The closure of a part of a formula, made when it is first needed."""
        compute = self._closures.get(id(tree))
        if compute is None:
            compute = self._closures[id(tree)] = self.compile(tree)
        return compute

    def compute(self, step: Step, cells: Cells) -> Any:
        """The value of one step: a `Value`, `NOTHING`, or an `Absent`. Never raises for what is wrong with numbers."""
        if not step.cases:
            return step.constant if step.constant is not None else Absent(missing=(step.name,))
        formula = step.cases[0][1]
        try:
            if step.when:
                formula = step.when
                if not self.compiled(formula)(cells):
                    return NOTHING
            for condition, body in step.cases:
                if condition:
                    formula = condition
                    if not self.compiled(formula)(cells):
                        continue
                formula = body
                return self.compiled(formula)(cells)
        except Stop as stop:
            return stop.absent
        except Wrong as wrong:
            message = f"`{step.name}` cannot be computed: {wrong}"
            return Absent(problems=(Problem(message, formula.at(wrong.tree)),))
        message = f"no case of `{step.name}` applies"
        return Absent(problems=(Problem(message, self.item(step.name).place, "add a last case `otherwise: …`"),))

    def _first(self, name: str, cells: Cells) -> tuple[Any, bool]:
        """What `compute` gives for a name, and whether by a formula: for whoever computes it only once."""
        step = self.step(name)
        return self.compute(step, cells), bool(step.cases)

    def truth(self, formula: Formula, cells: Cells) -> bool | Absent:
        """Whether a condition outside the rules holds."""
        try:
            return bool(self.compiled(formula)(cells))
        except Stop as stop:
            return stop.absent
        except Wrong as wrong:
            return Absent(problems=(Problem(str(wrong), formula.at(wrong.tree)),))

    def compile(self, tree: Tree) -> Compute:
        """A tree as a closure over the cells."""
        return _COMPILERS[tree.__class__](self, tree)

    def _constant(self, tree: Constant | Truth) -> Compute:
        value = tree.value
        return lambda cells: value

    def _named(self, tree: Name) -> Compute:
        name = tree.name
        return self._name(name) if name in self.slots else lambda cells: name

    def _negative(self, tree: Negative) -> Compute:
        value_of = self._number(tree.operand)
        return lambda cells: -value_of(cells)

    def _power(self, tree: Power) -> Compute:
        return _guard(tree, arithmetic.power, self._number(tree.base), self._number(tree.exponent))

    def _compare(self, tree: Compare) -> Compute:
        sign, left, right = tree.operator, tree.left, tree.right
        side = self.compile if sign in {"==", "!="} else self._number
        if sign == "==" and right.__class__ is Name and right.name not in self.slots:
            return _is(side(left), right.name)
        return _compare(COMPARES[sign], side(left), side(right))

    def _logic(self, tree: Logic) -> Compute:
        return _logic(tree.operator == "and", tuple([self.compile(operand) for operand in tree.operands]))

    def _not(self, tree: Not) -> Compute:
        truth_of = self.compile(tree.operand)
        return lambda cells: not truth_of(cells)

    def _choose(self, tree: Choose) -> Compute:
        return _choose(self.compile(tree.condition), self.compile(tree.yes), self.compile(tree.no))

    def _element(self, tree: Item) -> Compute:
        return _item(tree, self.compile(tree.listed), self.compile(tree.position))

    def _number(self, tree: Tree) -> Compute:
        """A tree that must be a number: an element of a list may turn out to be a word."""
        value_of = self.compile(tree)
        if not self.lists or not self._loose(tree):
            return value_of

        def value(cells: Cells) -> Any:
            found = value_of(cells)
            if isinstance(found, str):
                raise Wrong(f"a number is needed here, and the list has the word `{plain(found)}`", tree)
            return found

        return value

    def _loose(self, tree: Tree) -> bool:
        match tree:
            case Item():
                return True
            case Name(name):
                return name in self.shapes and self.shapes[name].kind == "element"
            case Choose(_, yes, no):
                return self._loose(yes) or self._loose(no)
        return False

    def _name(self, name: str) -> Compute:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = _read(self.slots[name])
        return found

    def _cell(self, tree: Cell) -> Compute:
        name, *rest = tree.path
        if len(rest) == 2:
            constant = self.document.tables[name].rows[rest[0]][rest[1]]
            return lambda cells: constant
        column = self.column(name, rest[0])
        key = self._name(name)

        def value(cells: Cells) -> Any:
            row = key(cells)
            if row not in column:
                raise Wrong(f"`{name}` has no row here", tree)
            return column[row]

        return value

    def column(self, name: str, column: str) -> dict[str, Any]:
        """A column of the table whose row a name picks, by row."""
        found = self._columns.get((name, column))
        if found is None:
            owner = self.document.inputs.get(name)
            table = self.document.tables[owner.table] if owner else table_of(self.document, self.shapes[name].words)
            assert table is not None
            found = self._columns[name, column] = {row: values[column] for row, values in table.rows.items()}
        return found

    def _fold(self, tree: Fold) -> Compute:
        first = self._number(tree.operands[0])
        if len(tree.operands) == 2:
            return _guard(tree, _FOLDS[tree.operators[0]], first, self._number(tree.operands[1]))
        rest = tuple((_FOLDS[sign], self._number(part)) for sign, part in zip(tree.operators, tree.operands[1:], strict=True))

        def value(cells: Cells) -> Any:
            total = first(cells)
            try:
                for join, part in rest:
                    total = join(total, part(cells))
            except Undefined as error:
                raise Wrong(str(error), tree) from None
            return total

        return value

    def _call(self, tree: Call) -> Compute:
        name = tree.function
        if name in {"sum", "count", "length"}:
            return _listed(tree, tuple(self.compile(argument) for argument in tree.arguments))
        parts = tuple(self._number(argument) for argument in tree.arguments)
        if name in {"min", "max"}:
            pick = min if name == "min" else max
            slots = tuple(self.slots.get(argument.name, -1) if isinstance(argument, Name) else -1 for argument in tree.arguments)
            pairs = tuple(zip(slots, parts, strict=True))
            return lambda cells: pick([part(cells) for slot, part in pairs if slot < 0 or cells[slot] is not NOTHING] or [0])
        if name in {"ceil", "floor", "abs"}:
            return _single(SINGLES[name], parts[0])
        return _guard(tree, arithmetic.round_up, parts[0], parts[1])


_COMPILERS: dict[type, Callable[[Plan, Any], Compute]] = {
    Name: Plan._named,  # noqa: SLF001 - the table belongs to the class
    Fold: Plan._fold,  # noqa: SLF001
    Constant: Plan._constant,  # noqa: SLF001
    Truth: Plan._constant,  # noqa: SLF001
    Cell: Plan._cell,  # noqa: SLF001
    Power: Plan._power,  # noqa: SLF001
    Negative: Plan._negative,  # noqa: SLF001
    Compare: Plan._compare,  # noqa: SLF001
    Logic: Plan._logic,  # noqa: SLF001
    Not: Plan._not,  # noqa: SLF001
    Choose: Plan._choose,  # noqa: SLF001
    Item: Plan._element,  # noqa: SLF001
    Call: Plan._call,  # noqa: SLF001
}
_FOLDS: dict[str, Callable[[Any, Any], Any]] = dict(arithmetic.BY_SIGN)
SINGLES: dict[str, Callable[[Any], Any]] = {"ceil": arithmetic.ceil, "floor": arithmetic.floor, "abs": abs}
COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _which(message: str, tree: Tree) -> str:
    """The message, with the part that is 0 where that is the trouble."""
    if "by zero" in message and isinstance(tree, Fold) and len(tree.operands) == 2 and not isinstance(tree.operands[1], Constant):
        from .formula import write

        return f"{message}: `{plain(write(tree.operands[1]), 60)}` is 0"
    return message


def _read(slot: int) -> Compute:
    def value(cells: Cells) -> Any:
        found = cells[slot]
        if found.__class__ is Absent:
            raise Stop(found)
        return 0 if found is NOTHING else found

    return value


def _is(value_of: Compute, word: str) -> Compute:
    return lambda cells: value_of(cells) == word


def _guard(tree: Tree, join: Callable[[Any, Any], Any], left: Compute, right: Compute) -> Compute:
    def value(cells: Cells) -> Any:
        first, second = left(cells), right(cells)
        try:
            return join(first, second)
        except Undefined as error:
            raise Wrong(_which(str(error), tree), tree) from None

    return value


def _single(apply: Callable[[Any], Any], part: Compute) -> Compute:
    return lambda cells: apply(part(cells))


def _compare(test: Callable[[Any, Any], bool], left: Compute, right: Compute) -> Compute:
    return lambda cells: test(left(cells), right(cells))


def _logic(every: bool, parts: tuple[Compute, ...]) -> Compute:
    if every:
        return lambda cells: all(part(cells) for part in parts)
    return lambda cells: any(part(cells) for part in parts)


def _choose(condition: Compute, yes: Compute, no: Compute) -> Compute:
    return lambda cells: yes(cells) if condition(cells) else no(cells)


def _item(tree: Tree, items: Compute, index: Compute) -> Compute:
    def value(cells: Cells) -> Any:
        listed, position = items(cells) or (), index(cells)
        if not isinstance(position, int) or not 0 <= position < len(listed):
            raise Wrong(f"the list has no element {position}; it has {len(listed)}", tree)
        return listed[position]

    return value


def _listed(tree: Call, parts: tuple[Compute, ...]) -> Compute:
    items = parts[0]
    if tree.function == "length":
        return lambda cells: len(items(cells) or ())
    if tree.function == "count":
        wanted = parts[1]

        def count(cells: Cells) -> Any:
            value = wanted(cells)
            return sum(1 for element in items(cells) or () if element == value)

        return count

    def total(cells: Cells) -> Any:
        listed = items(cells) or ()
        if any(isinstance(element, str) for element in listed):
            raise Wrong("the list holds words, and only numbers have a sum", tree)
        return kept(sum(listed))

    return total
