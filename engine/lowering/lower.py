"""Formulas → columns: every name that depends on an axis, and under which conditions it has no value.

What does not depend on an axis is computed once by `engine/evaluate.py`. The rest is read off the same trees in the same order of
deciding: a condition first, then only the branch that counts, so that what has no value there has none here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from ..evaluate import Values
from ..making import names as names_of
from ..named import NamedTuple
from ..plan import NOTHING, Absent, Stop, Wrong
from ..records import Input, table_of
from ..tree import LARGEST_EXPONENT, Call, Cell, Choose, Compare, Constant, Fold, Formula, Logic, Name, Negative, Not, Power, Tree, children
from ..tree import Truth as TruthTree
from .nodes import Node, Nodes, Truth, Unsupported
from .numbers import LONG, Number, Numbers, add, constant, held, known, of, scaled, whole

DEEP = 40
"""Names in a chain that are followed down without ado."""


class Column(NamedTuple):
    """A value over the axes.

    `value` is a `Number`, a truth value, or a word (a column of numbers of words where it depends on an axis). `bad`: where there is none.
    `applies`: where the rule applies; where it does not, its value is 0, false or no word.
    """

    kind: str
    value: Any
    bad: Truth = False
    applies: Truth = True


class Lowering:
    """Columns of the names of a plan.

    Args:
        values: an evaluation with each axis at some value: what does not depend on an axis is taken from it.
        axes: the names that are axes, as columns; `special` may say more of one (words, or a default where it is not given).
        nodes: where columns are made.
        apart: whether every name is one column and nothing is sought to be saved between them, as where there are thousands.
        alone: whether the axes are all names there are, which need not be names of the plan.
    """

    def __init__(self, values: Values, axes: Mapping[str, Number], nodes: Nodes, *, apart: bool = False, alone: bool = False) -> None:
        self.values = values
        self.plan = values.plan
        self.axes = axes
        self.nodes = nodes
        self.numbers = Numbers(nodes, opens=not apart)
        self.longest = 1 if apart else LONG
        self._used: dict[int, frozenset[str]] = {}  # by tree, which the plan keeps
        reached = frozenset(axes) if alone or not axes else self.plan.graph.descendants(axes)
        self.open = frozenset(name for name in reached if name in axes or name not in values.given)
        self.words = (*sorted(self.plan.document.words),)
        self._codes = {word: code for code, word in enumerate(self.words)}
        self._columns: dict[str, Column] = {}
        self.special: dict[str, Callable[[], Column]] = {}  # what names are that no formula says

    def name(self, name: str) -> Column:
        """The column of a name."""
        found = self._columns.get(name)
        if found is None:
            special = self.special.get(name) if name in self.open else None
            found = self._columns[name] = special() if special else self._name(name)
        return found

    def prepare(self, wanted: Iterable[str]) -> None:
        """Where names hang on one another in long chains, make their columns in order, so that no formula is followed down too deep."""
        needed = self.plan.graph.ancestors(wanted) & self.open
        order = [name for name in self.plan.graph.order if name in needed]
        deep: dict[str, int] = {}
        for name in order:
            deep[name] = 1 + max((deep.get(below, 0) for below in self.plan.graph.needs[name]), default=0)
        if max(deep.values(), default=0) <= DEEP:
            return
        for name in order:
            with contextlib.suppress(Unsupported):  # it may not be needed after all
                self.name(name)

    def state(self, state: Any, kind: str) -> Column:
        """A value that is the same everywhere."""
        if state.__class__ is Absent:
            return Column(kind, _none(kind), True)
        if state is NOTHING:
            return Column(kind, _none(kind), False, False)
        if isinstance(state, bool):
            return Column("truth", state)
        if isinstance(state, str):
            return Column("word", state)
        if isinstance(state, tuple):
            raise Unsupported
        return Column("number", constant(state))

    def kind(self, name: str) -> str:
        """`number`, `truth` or `word`."""
        kind = self.plan.shapes[name].kind
        return kind if kind in {"truth", "word"} else "number"

    def _name(self, name: str) -> Column:
        if name in self.axes:
            return Column("number", self.axes[name])
        return self.computed(name) if name in self.open else self.state(self.values.state(name), self.kind(name))

    def computed(self, name: str) -> Column:
        """The column of what a rule comes to, or the default of an input, whether the name is an axis or not."""
        item = self.plan.item(name)
        if self.plan.shapes[name].kind in {"list", "element"}:
            raise Unsupported
        kind = self.kind(name)
        step = self.plan.step(name)
        if not step.cases:
            return self.state(Absent() if step.constant is None else step.constant, kind)
        found = Column(kind, _none(kind), True)
        for condition, body in reversed(step.cases):
            found = self._body(condition, body, found)
        if isinstance(item, Input):
            return self._held(item, found)
        if step.when:
            when = self.lower(step.when.tree)
            if when.value is False and when.bad is False:
                return Column(kind, _none(kind), False, False)
            made = self.choose(when.value, found, Column(kind, _none(kind)))
            found = made._replace(bad=self.nodes.either(when.bad, made.bad), applies=self.nodes.either(when.value, when.bad))
        else:
            found = found._replace(applies=True)
        if kind == "number" and len(found.value) > self.longest:
            found = found._replace(value=self.numbers.single(found.value))
        return found

    def _body(self, condition: Formula | None, body: Formula, otherwise: Column) -> Column:
        if condition is None:
            return self.lower(body.tree)
        test = self.lower(condition.tree)
        if test.value is False:
            return otherwise._replace(bad=self.nodes.either(test.bad, otherwise.bad))
        found = self.choose(test.value, self.lower(body.tree), otherwise)
        return found._replace(bad=self.nodes.either(test.bad, found.bad))

    def _held(self, item: Input, found: Column) -> Column:
        """A computed default where it is a value the input may have."""
        if item.type == "boolean" or found.bad is True:
            return found
        if item.type == "choice":
            allowed = [word in item.choices for word in (*self.words, None)]
            code = self.code(found.value)
            known_word = allowed[code] if isinstance(code, int) else self.nodes.member(code, tuple(allowed))
            return found._replace(bad=self.nodes.either(found.bad, self.nodes.invert(known_word)))
        value: Number = found.value
        good: Truth = True
        if item.type == "integer" and not whole(value):
            good = self.numbers.compare("==", value, self.numbers.floor(value))
        if item.low is not None:
            good = self.nodes.both(good, self.numbers.compare("<=", constant(item.low), value))
        if item.high is not None:
            good = self.nodes.both(good, self.numbers.compare("<=", value, constant(item.high)))
        if item.choices:
            choices = [constant(choice) for choice in item.choices if not isinstance(choice, str)]
            good = self.nodes.both(good, self.nodes.any(self.numbers.compare("==", value, choice) for choice in choices))
        if good is True:
            return found
        inside = item.low if item.low is not None else item.high if item.high is not None else 0
        if item.type == "integer":
            value = self.numbers.floor(value)
        value = self._between(value, item)
        return found._replace(
            value=self.numbers.where(good, value, constant(inside)), bad=self.nodes.either(found.bad, self.nodes.invert(good))
        )

    def _between(self, value: Number, item: Input) -> Number:
        """The value held between the bounds of an input, so that its column is known to be."""
        if item.low is not None:
            value = self.numbers.extreme("max", [value, constant(item.low)], [True, True])
        if item.high is not None:
            value = self.numbers.extreme("min", [value, constant(item.high)], [True, True])
        return value

    def code(self, word: Any) -> Any:
        """A word's number; the one after the last for no word."""
        if isinstance(word, Node):
            return word
        return self._codes.get(word, len(self.words)) if isinstance(word, str) else len(self.words)

    def choose(self, condition: Truth, yes: Column, no: Column) -> Column:
        """`yes if condition else no`, without a value where the one that counts has none."""
        if isinstance(condition, bool):
            return yes if condition else no
        bad = self.nodes.choose(condition, yes.bad, no.bad)
        if yes.bad is True or no.bad is True:  # there only the other has a value
            return Column(no.kind, no.value, bad) if yes.bad is True else Column(yes.kind, yes.value, bad)
        if yes.kind != no.kind:
            raise Unsupported
        if yes.kind == "number":
            return Column("number", self.numbers.where(condition, yes.value, no.value), bad)
        if yes.kind == "truth":
            return Column("truth", self.nodes.choose(condition, yes.value, no.value), bad)
        if not isinstance(yes.value, Node) and yes.value == no.value:
            return Column("word", yes.value, bad)
        return Column("word", self._word(condition, yes.value, no.value), bad)

    def _word(self, condition: Truth, yes: Any, no: Any) -> Any:
        return self.nodes.word(condition, self.code(yes), self.code(no))

    def lower(self, tree: Tree) -> Column:
        """The column of a tree."""
        if self.open.isdisjoint(self._names(tree)):
            return self._closed(tree)
        match tree:
            case Name(name):
                return self.name(name)
            case Fold(operators, operands):
                return self._fold(operators, operands)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Negative(operand):
                found = self._number(operand)
                return found._replace(value=scaled(found.value, -1))
            case Compare(operator, left, right):
                return self._compare(operator, self.lower(left), self.lower(right))
            case Logic(operator, operands):
                return self._logic(operator == "and", operands)
            case Not(operand):
                found = self.lower(operand)
                return Column("truth", self.nodes.invert(found.value), found.bad)
            case Choose(condition, yes, no):
                test = self.lower(condition)
                if isinstance(test.value, bool):
                    found = self.lower(yes if test.value else no)
                else:
                    found = self.choose(test.value, self.lower(yes), self.lower(no))
                return Column(found.kind, found.value, self.nodes.either(test.bad, found.bad))
            case Call(function, arguments):
                return self._call(function, arguments)
            case Cell(path):
                return self._cell(path)
        raise Unsupported

    def _names(self, tree: Tree) -> frozenset[str]:
        """The names in a tree."""
        found = self._used.get(id(tree))
        if found is None:
            below = children(tree)
            found = frozenset[str]().union(*map(self._names, below)) if below else names_of(tree)
            self._used[id(tree)] = found
        return found

    def _closed(self, tree: Tree) -> Column:
        """A tree in which nothing depends on an axis."""
        match tree:
            case Constant(value):
                return Column("number", constant(value))
            case TruthTree(value):
                return Column("truth", value)
            case Name(name) if name in self.plan.slots:
                return self.name(name)
        try:
            return self.state(self.plan.compile(tree)(self.values.cells), "number")
        except (Stop, Wrong):
            truth = isinstance(tree, Compare | Logic | Not)
            return Column("truth" if truth else "number", _none("truth" if truth else "number"), True)

    def _number(self, tree: Tree) -> Column:
        found = self.lower(tree)
        if found.kind != "number":
            if found.bad is True or found.applies is False:
                return Column("number", {}, found.bad, found.applies)
            raise Unsupported
        return found

    def _fold(self, operators: tuple[str, ...], operands: tuple[Tree, ...]) -> Column:
        first = self._number(operands[0])
        value, bad = first.value, first.bad
        for sign, operand in zip(operators, operands[1:], strict=True):
            other = self._number(operand)
            bad = self.nodes.either(bad, other.bad)
            if sign in "+-":
                value = add(value, other.value if sign == "+" else scaled(other.value, -1))
            elif sign == "*":
                value = self.numbers.multiply(value, other.value)
            else:
                quotient, wrong = self.numbers.divide(value, other.value)
                bad = self.nodes.either(bad, wrong)
                if sign == "/":
                    value = quotient
                else:
                    floor = self.numbers.floor(quotient)
                    value = floor if sign == "//" else add(value, scaled(self.numbers.multiply(other.value, floor), -1))
            held(value)
        return Column("number", value, bad)

    def _power(self, base: Tree, exponent: Tree) -> Column:
        found, size = self._number(base), self._number(exponent)
        times = known(size.value)
        if times is None or size.bad is not False:
            raise Unsupported
        if not isinstance(times, int) or abs(times) > LARGEST_EXPONENT:
            return Column("number", {}, True)
        value = constant(1)
        for _ in range(abs(times)):
            value = held(self.numbers.multiply(value, found.value))
        if times >= 0:
            return Column("number", value, found.bad)
        value, bad = self.numbers.divide(constant(1), value)
        return Column("number", value, self.nodes.either(found.bad, bad))

    def _compare(self, operator: str, left: Column, right: Column) -> Column:
        bad = self.nodes.either(left.bad, right.bad)
        if bad is True:
            return Column("truth", False, True)
        if left.kind == right.kind == "number":
            return Column("truth", self.numbers.compare(operator, left.value, right.value), bad)
        if left.kind == right.kind == "word":
            same = self.nodes.compare("==", self.code(left.value), self.code(right.value))
        elif left.kind == right.kind == "truth":
            same = self.nodes.choose(left.value, right.value, self.nodes.invert(right.value))
        else:
            raise Unsupported
        return Column("truth", same if operator == "==" else self.nodes.invert(same), bad)

    def _logic(self, every: bool, operands: tuple[Tree, ...]) -> Column:
        value: Truth = every
        bad: Truth = False
        for each in operands:
            if value is not every and isinstance(value, bool):
                break
            operand = self.lower(each)
            goes_on = value if every else self.nodes.invert(value)
            bad = self.nodes.either(bad, self.nodes.both(goes_on, operand.bad))
            value = self.nodes.both(value, operand.value) if every else self.nodes.either(value, operand.value)
        return Column("truth", value, bad)

    def _call(self, function: str, arguments: tuple[Tree, ...]) -> Column:
        if function not in {"min", "max", "ceil", "floor", "abs", "round_up"}:
            raise Unsupported
        found = [self._number(argument) for argument in arguments]
        if function in {"min", "max"}:
            named = [isinstance(argument, Name) and argument.name in self.plan.slots for argument in arguments]
            live = [(each, each.applies if name else True) for each, name in zip(found, named, strict=True)]
            live = [(each, there) for each, there in live if there is not False]
            bad = self.nodes.any(each.bad for each, _ in live)
            return Column("number", self.numbers.extreme(function, [each.value for each, _ in live], [there for _, there in live]), bad)
        value, bad = found[0].value, found[0].bad
        if function == "round_up":
            multiple = found[1].value
            wrong = self.numbers.compare("<=", multiple, {})
            quotient, zero = self.numbers.divide(value, multiple)
            bad = self.nodes.any((bad, found[1].bad, wrong, zero))
            return Column("number", held(self.numbers.multiply(multiple, self.numbers.ceil(quotient))), bad)
        apply = {"ceil": self.numbers.ceil, "floor": self.numbers.floor, "abs": self.numbers.absolute}[function]
        return Column("number", apply(value), bad)

    def _cell(self, path: tuple[str, ...]) -> Column:
        """A column of a table, looked up by a word that depends on an axis."""
        owner = self.plan.document.inputs.get(path[0])
        found = self.name(path[0])
        table = self.plan.document.tables[owner.table] if owner else table_of(self.plan.document, self.plan.shapes[path[0]].words)
        assert table is not None
        column = {row: values[path[1]] for row, values in table.rows.items()}
        rows = [*map(column.get, self.words), None]
        code = self.code(found.value)
        if isinstance(code, int):
            value = rows[code]
            if value is None:
                return Column("number", {}, True)
            return self.state(value, "number")._replace(bad=found.bad)
        there = self.nodes.member(code, tuple(value is not None for value in rows))
        bad = self.nodes.either(found.bad, self.nodes.invert(there))
        if any(isinstance(value, bool) for value in rows):
            return Column("truth", self.nodes.member(code, tuple(value is True for value in rows)), bad)
        numbers = [Fraction(value or 0) for value in rows]
        scale = lcm(*(number.denominator for number in numbers))
        return Column("number", of(self.nodes.take(code, tuple(int(number * scale) for number in numbers)), Fraction(1, scale)), bad)


def _none(kind: str) -> Any:
    """What stands where there is no value."""
    return {} if kind == "number" else False if kind == "truth" else None
