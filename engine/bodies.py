"""One tree for every name of a plan: its cases and conditions as `a if c else b`, its values put in where they are known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from .evaluate import Values
from .making import FALSE, TRUE, ZERO, Maker, choose, constant, largest, names
from .plan import NOTHING, Absent, Plan, Stop, Wrong
from .records import Input, Rule, table_of
from .tree import (
    Call,
    Cell,
    Choose,
    Constant,
    Fold,
    Formula,
    Item,
    Name,
    Power,
    Tree,
    Truth,
)


class Bodies:
    """One tree for every name of a plan.

    Args:
        plan: the plan.
        values: what is known; None when nothing is.
        keep: names that stay although they have a value. None: all numbers stay, and words, truth values and lists are put in.
        fold: whether constants are computed.
    """

    def __init__(self, plan: Plan, values: Values | None = None, keep: Iterable[str] | None = None, *, fold: bool = False) -> None:
        self.plan = plan
        self.values = values
        self.kept = frozenset(keep or ())
        self.decided_only = keep is None
        self.maker = Maker(self.is_word, fold)
        self._bodies: dict[str, Tree] = {}

    def is_word(self, name: str) -> bool:
        """Whether a name is a word of a choice."""
        return name not in self.plan.slots

    @cached_property
    def open(self) -> frozenset[str]:
        """The names that are kept and those that depend on one, and those without a value."""
        found: set[str] = set(self.kept)
        for name in self.plan.graph.order if self.values is not None else ():
            given = self.values is not None and name in self.values.given
            if self.decided_only:
                if self.plan.shapes[name].kind == "number":
                    found.add(name)
            elif not given and any(needed in found for needed in self.plan.graph.needs[name]):
                found.add(name)
        return frozenset(found)

    def known(self, name: str) -> Any:
        """The value of a name, `NOTHING` when it does not apply, or None when it stays open."""
        if self.values is None or name in self.open:
            return None
        state = self.values.state(name)
        return None if state.__class__ is Absent else state

    def expandable(self, name: str) -> bool:
        """Whether a name stands for a tree that can take its place."""
        if name not in self.plan.slots or name in self.kept:
            return False
        item = self.plan.item(name)
        if self.values is not None and name in self.values.given and name not in self.plan.document.inputs:
            return False
        if isinstance(item, Rule):
            return True
        return self.values is not None and not self.decided_only and isinstance(item.default, Formula) and name not in self.values.given

    def body(self, name: str) -> Tree:
        """The tree of a name that is expandable; 0 where it does not apply."""
        found = self._bodies.get(name)
        if found is None:
            found = self._bodies[name] = self._body(self.plan.item(name))
        return found

    def _body(self, item: Input | Rule) -> Tree:
        known = self.known(item.name)
        if known is not None:
            found = self._value(known)
            if found is not None:
                return found
        if isinstance(item, Input):
            assert isinstance(item.default, Formula)
            return self.decide(item.default.tree)
        applies = self.applies(item.name)
        if applies == FALSE:
            return self._nothing(item.name)
        cases = [(self.decide(case.when.tree) if case.when else TRUE, case) for case in item.cases]
        cases = [case for case in cases if case[0] != FALSE] or cases[-1:]
        ends = next((index for index, (condition, _) in enumerate(cases) if condition == TRUE), len(cases) - 1)
        tree = self.decide(cases[ends][1].formula.tree)
        for condition, case in reversed(cases[:ends]):
            tree = choose(condition, self.decide(case.formula.tree), tree)
        return choose(applies, tree, self._nothing(item.name))

    def _nothing(self, name: str) -> Tree:
        return FALSE if self.plan.shapes[name].kind == "truth" else ZERO

    def applies(self, name: str) -> Tree:
        """The condition under which a name counts: `true` unless it is a rule with a `when`."""
        item = self.plan.item(name)
        if isinstance(item, Input) or item.when is None or not self.expandable(name):
            return TRUE
        return self.decide(item.when.tree)

    def decide(self, tree: Tree) -> Tree:
        """The tree with known values put in and what they decide left out."""
        return self.maker.rebuild(tree, self._leaf)

    def _leaf(self, tree: Tree) -> Tree | None:
        match tree:
            case Name(name):
                if name not in self.plan.slots:
                    return tree
                state = self.known(name)
                return tree if state is None else self._value(state) or tree
            case Cell(path):
                if len(path) == 3 or self.known(path[0]) is not None:
                    return self._computed(tree) if self.values is not None else tree
                return tree
            case Item() | Call("sum" | "count" | "length"):
                if self.values is not None and all(self.is_word(name) or self.known(name) is not None for name in names(tree)):
                    return self._computed(tree)
            case Call("min" | "max" as function, arguments):
                return self._picked(function, arguments)
        return None

    def _computed(self, tree: Tree) -> Tree | None:
        assert self.values is not None
        try:
            return self._value(self.plan.compile(tree)(self.values.cells)) or tree
        except (Stop, Wrong):
            return tree

    @staticmethod
    def _value(value: Any) -> Tree | None:
        """A value as a tree; None for a list."""
        if value is NOTHING:
            return ZERO
        if isinstance(value, bool):
            return Truth(value)
        if isinstance(value, str):
            return Name(value)
        return None if isinstance(value, tuple) else constant(value)

    def _picked(self, function: str, arguments: tuple[Tree, ...]) -> Tree:
        """`min` or `max`, which leave out a rule that does not apply."""
        always: list[Tree] = []
        perhaps: list[tuple[Tree, Tree]] = []
        for argument in arguments:
            condition: Tree = TRUE
            if isinstance(argument, Name) and argument.name in self.plan.slots:
                state = self.known(argument.name)
                condition = FALSE if state is NOTHING else self.applies(argument.name) if state is None else TRUE
            if condition == TRUE:
                always.append(self.decide(argument))
            elif condition != FALSE:
                perhaps.append((condition, argument))
        if function == "max" and (
            any(map(self.nonnegative, always)) or all(self.nonnegative(tree) for tree in (*always, *(tree for _, tree in perhaps)))
        ):
            return largest(function, (*always, *(tree for _, tree in perhaps)), fold=self.maker.fold)
        if always:
            fallback = always[0]
            return largest(function, (*always, *(Choose(condition, tree, fallback) for condition, tree in perhaps)), fold=self.maker.fold)
        made: Tree = ZERO
        for index in reversed(range(len(perhaps))):
            condition, first = perhaps[index]
            rest = (Choose(other, tree, first) for other, tree in perhaps[index + 1 :])
            made = choose(condition, largest(function, (first, *rest)), made)
        return made

    @cached_property
    def nonnegative_names(self) -> frozenset[str]:
        """Names that are never below 0: by their bounds, or as every part of their formulas is."""
        found: set[str] = set()
        for name in self.plan.graph.order:
            item = self.plan.item(name)
            if isinstance(item, Input):
                holds = item.low is not None and item.low >= 0
            else:
                given = self.values is not None and name in self.values.given
                holds = not given and all(never_negative(case.formula.tree, found, self.plan) for case in item.cases)
            if holds:
                found.add(name)
        return frozenset(found)

    def nonnegative(self, tree: Tree) -> bool:
        """Whether a tree is certainly never below 0."""
        return never_negative(tree, self.nonnegative_names, self.plan)

    def cell(self, path: tuple[str, ...], body: Tree) -> Tree:
        """`name.column` where the name stands for this tree of words: the choice of cells."""
        match body:
            case Choose(condition, yes, no):
                return choose(condition, self.cell(path, yes), self.cell(path, no))
            case Name(name) if name not in self.plan.slots or self.plan.document.inputs.get(name):
                table = table_of(self.plan.document, self.plan.shapes[path[0]].words)
                owner = self.plan.document.inputs.get(path[0])
                if owner:
                    table = self.plan.document.tables[owner.table]
                if table is not None and name in table.rows:
                    if self.values is None:
                        return Cell((table.name, name, path[1]))
                    return self._value(table.rows[name][path[1]]) or Cell(path)
                if name in self.plan.slots and table is not None and self.plan.document.inputs[name].table == table.name:
                    return Cell((name, path[1]))
        return Cell(path)


def never_negative(tree: Tree, nonnegative: Iterable[str], plan: Plan) -> bool:
    """Whether a tree is certainly never below 0, given names that are not."""

    def holds(part: Tree) -> bool:
        return never_negative(part, nonnegative, plan)

    match tree:
        case Constant(value):
            return value >= 0
        case Name(name):
            return name in nonnegative
        case Cell(path):
            column = path[-1]
            tables = [plan.document.tables[path[0]]] if len(path) == 3 else plan.document.tables.values()
            return all(
                not isinstance(row.get(column, 0), bool) and row.get(column, 0) >= 0 for table in tables for row in table.rows.values()
            )
        case Fold(operators, operands):
            return "-" not in operators and all(holds(operand) for operand in operands)
        case Power(base, _):
            return holds(base)
        case Choose(_, yes, no):
            return holds(yes) and holds(no)
        case Call("abs" | "count" | "length"):
            return True
        case Call("max", arguments):
            certain = not any(isinstance(argument, Name) for argument in arguments)
            return all(map(holds, arguments)) or (certain and any(map(holds, arguments)))
        case Call("min" | "ceil" | "floor", arguments):
            return all(holds(argument) for argument in arguments)
        case Call("round_up", arguments):
            return holds(arguments[0])
    return False
