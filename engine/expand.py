"""Rules put into one another: what is decided falls away, and a closed form in the inputs is left. Trees only, no algebra.

`Bodies` gives one tree for a name: its cases and conditions as `a if c else b`, its values put in where they are known. `expand` puts these
trees into one another, or lists them as definitions where the whole would be too long to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import Any, NamedTuple

from . import arithmetic
from .arithmetic import Undefined
from .evaluate import Values
from .formula import write
from .plan import NOTHING, Absent, Plan, Stop, Wrong
from .records import Input, Rule, table_of
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
    children,
    walk,
)

LARGEST = 2_000
"""Nodes of a closed form; a longer one is shown as definitions."""
DEEPEST = 50
"""Nesting of a closed form; a deeper one is shown as definitions."""
_SMALL = 7
_MIDDLE = 60

ZERO = Constant(0)
ONE = Constant(1)
TRUE = Truth(True)
FALSE = Truth(False)
Leaf = Callable[[Tree], Tree | None]


# Trees made without what says nothing: `x * 1`, `x + 0`, a branch that is never taken.


def number(tree: Tree) -> int | Fraction | None:
    """The value of a constant, with its sign; None for anything else."""
    match tree:
        case Constant(value):
            return value
        case Negative(Constant(value)):
            return -value
    return None


def constant(value: int | Fraction) -> Tree:
    """A computed number, an `int` when it is whole; a fraction below 0 with its sign before it, so that brackets are set right."""
    if value.denominator == 1:
        return Constant(value.numerator)
    return Constant(value) if value > 0 else Negative(Constant(-value))


def negative(operand: Tree) -> Tree:
    """`-operand`"""
    match operand:
        case Constant(value):
            return constant(-value)
        case Negative(inner):
            return inner
    return Negative(operand)


def total(terms: Iterable[tuple[str, Tree]], *, fold: bool = False) -> Tree:
    """A sum of signed terms, brackets opened and zeros left out.

    Args:
        terms: `+` or `-` with what it stands before.
        fold: whether constants are added up (the sum comes last).
    """
    flat: list[tuple[str, Tree]] = []
    for sign, tree in terms:
        _terms(sign, tree, flat)
    if fold:
        known = [(sign, number(tree)) for sign, tree in flat]
        flat = [term for term, (_, value) in zip(flat, known, strict=True) if value is None]
        rest = sum((value if sign == "+" else -value for sign, value in known if value is not None), start=0)
        if rest:
            flat.append(("-" if rest < 0 and flat else "+", constant(abs(rest) if flat else rest)))
    else:
        flat = [(sign, tree) for sign, tree in flat if number(tree) != 0]
    if not flat:
        return ZERO
    first = flat[0][1] if flat[0][0] == "+" else negative(flat[0][1])
    if len(flat) == 1:
        return first
    return Fold(tuple(sign for sign, _ in flat[1:]), (first, *(tree for _, tree in flat[1:])))


def _terms(sign: str, tree: Tree, flat: list[tuple[str, Tree]]) -> None:
    if isinstance(tree, Fold) and tree.operators[0] in "+-":
        for inner, operand in zip(("+", *tree.operators), tree.operands, strict=True):
            _terms(sign if inner == "+" else {"+": "-", "-": "+"}[sign], operand, flat)
    elif isinstance(tree, Negative) and isinstance(tree.operand, Fold | Negative | Constant):
        _terms({"+": "-", "-": "+"}[sign], tree.operand, flat)
    elif isinstance(tree, Constant) and tree.value < 0:
        flat.append(({"+": "-", "-": "+"}[sign], constant(-tree.value)))
    else:
        flat.append((sign, tree))


def product(factors: Iterable[tuple[str, Tree]], *, fold: bool = False) -> Tree:
    """A product joined from the left by `* / // %`, the first with `*`; ones are left out, and a zero is all there is.

    Args:
        factors: the operator with what it stands before.
        fold: whether constants are multiplied (the product comes first).
    """
    flat: list[tuple[str, Tree]] = []
    for sign, tree in factors:
        opens = isinstance(tree, Fold) and tree.operators[0] not in "+-" and sign == "*"
        if opens and isinstance(tree, Fold) and (not flat or not {"//", "%"} & set(tree.operators)):
            flat += zip(("*", *tree.operators), tree.operands, strict=True)
        else:
            flat.append((sign, tree))
    if any(sign != "*" and number(tree) == 0 for sign, tree in flat):
        return _joined(flat)
    if any(sign == "*" and number(tree) == 0 for sign, tree in flat):
        return ZERO
    if fold:
        flat = _multiplied(flat)
    return _joined([factor for factor in flat if factor[0] not in {"*", "/"} or number(factor[1]) != 1])


def _multiplied(flat: list[tuple[str, Tree]]) -> list[tuple[str, Tree]]:
    plain = all(sign in "*/" for sign, _ in flat)
    known: int | Fraction = 1
    rest: list[tuple[str, Tree]] = []
    for sign, tree in flat:
        value = number(tree)
        if value is None or (rest and not plain):
            rest.append((sign, tree))
            continue
        try:
            known = _APPLY[sign](known, value)
        except Undefined:
            rest.append((sign, tree))
    return [("*", constant(known)), *rest] if known != 1 or (rest and rest[0][0] in {"//", "%"}) else rest


_APPLY: dict[str, Callable[[Any, Any], Any]] = {
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "//": arithmetic.floor_divide,
    "%": arithmetic.modulo,
}


def _joined(flat: list[tuple[str, Tree]]) -> Tree:
    if not flat or flat[0][0] != "*":
        flat = [("*", ONE), *flat]
    if len(flat) == 1:
        return flat[0][1]
    return Fold(tuple(sign for sign, _ in flat[1:]), tuple(tree for _, tree in flat))


def power(base: Tree, exponent: Tree, *, fold: bool = False) -> Tree:
    """`base ** exponent`"""
    size = number(exponent)
    if size == 1:
        return base
    if size == 0:
        return ONE
    value = number(base)
    if fold and value is not None and size is not None:
        try:
            return constant(arithmetic.power(value, size))
        except Undefined:
            pass
    return Power(base, exponent)


def choose(condition: Tree, yes: Tree, no: Tree) -> Tree:
    """`yes if condition else no`; truth values become `and`, `or`, `not`."""
    match condition:
        case Truth(value):
            return yes if value else no
        case Not(inner):
            condition, yes, no = inner, no, yes
    match yes, no:
        case Truth(first), Truth(second):
            return yes if first == second else condition if first else inverted(condition)
        case Truth(first), _:
            return logic("or", (condition, no)) if first else logic("and", (inverted(condition), no))
        case _, Truth(second) if not isinstance(yes, Constant):
            return logic("or", (inverted(condition), yes)) if second else logic("and", (condition, yes))
    if isinstance(yes, Constant | Name | Cell) and yes == no:
        return yes
    return Choose(condition, yes, no)


def inverted(operand: Tree) -> Tree:
    """`not operand`"""
    match operand:
        case Truth(value):
            return Truth(not value)
        case Not(inner):
            return inner
        case Compare("==" | "!=" as operator, left, right):
            return Compare("!=" if operator == "==" else "==", left, right)
    return Not(operand)


def logic(operator: str, operands: Iterable[Tree]) -> Tree:
    """Conditions joined by `and` or by `or`; what is decided falls away."""
    ends = operator == "or"
    left: list[Tree] = []
    for operand in operands:
        parts = operand.operands if isinstance(operand, Logic) and operand.operator == operator else (operand,)
        for part in parts:
            if isinstance(part, Truth):
                if part.value == ends:
                    return Truth(ends)
            elif not any(isinstance(part, Name | Cell | Compare | Not) and part == before for before in left):
                left.append(part)
    if not left:
        return Truth(not ends)
    return left[0] if len(left) == 1 else Logic(operator, tuple(left))


def largest(function: str, arguments: Iterable[Tree], *, fold: bool = False) -> Tree:
    """`min` or `max` of the arguments, nested ones opened; 0 of nothing."""
    flat: list[Tree] = []
    for argument in arguments:
        flat += argument.arguments if isinstance(argument, Call) and argument.function == function else (argument,)
    known = [value for value in map(number, flat) if value is not None]
    if len(known) > 1 and (fold or len(known) == len(flat)):
        best = max(known) if function == "max" else min(known)
        flat = [*(argument for argument in flat if number(argument) is None), constant(best)]
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Call(function, tuple(flat))


def call(function: str, arguments: tuple[Tree, ...], *, fold: bool = False) -> Tree:
    """A function of numbers; computed when `fold` and all arguments are known."""
    if function in {"min", "max"}:
        return largest(function, arguments, fold=fold)
    known = [number(argument) for argument in arguments]
    if fold and None not in known and function in _FUNCTIONS:
        try:
            return constant(_FUNCTIONS[function](*known))
        except Undefined:
            pass
    return Call(function, arguments)


def _root(value: Any) -> int:
    """The largest whole number whose square is not above `value`; it stands only in inverses.

    Raises:
        Undefined: below 0.
    """
    if value < 0:
        raise Undefined("the root of a number below 0")
    return isqrt(arithmetic.floor(value))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ceil": arithmetic.ceil,
    "floor": arithmetic.floor,
    "abs": abs,
    "round_up": arithmetic.round_up,
    "isqrt": _root,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


def compare(operator: str, left: Tree, right: Tree, words: Callable[[str], bool]) -> Tree:
    """A comparison, decided where both sides are known; that of a choice is the choice between comparisons.

    `words` says whether a name is a word of a choice.
    """
    values = [_known(side, words) for side in (left, right)]
    if None not in values:
        return Truth(_ORDER[operator](values[0], values[1]))
    for side, other, swapped in ((left, right, False), (right, left, True)):
        if isinstance(side, Choose) and _known(other, words) is not None and _settled(side, words):
            yes, no = (compare(operator, *((other, part) if swapped else (part, other)), words) for part in (side.yes, side.no))
            return choose(side.condition, yes, no)
    return Compare(operator, left, right)


def _settled(tree: Tree, words: Callable[[str], bool]) -> bool:
    """Whether one of the branches of a choice is known, so that comparing each says more than comparing all."""
    return isinstance(tree, Choose) and (_known(tree.yes, words) is not None or _known(tree.no, words) is not None)


def _known(tree: Tree, words: Callable[[str], bool]) -> Any:
    if isinstance(tree, Truth):
        return tree.value
    if isinstance(tree, Name):
        return tree.name if words(tree.name) else None
    return number(tree)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes trees anew with the constructors above.

    `words` says whether a name is a word of a choice, `fold` whether constants are computed.
    """

    words: Callable[[str], bool]
    fold: bool = False

    def rebuild(self, tree: Tree, leaf: Leaf) -> Tree:
        """The tree with `leaf` asked first for every part; where it has no answer the part is made of its rebuilt parts."""
        found = leaf(tree)
        if found is not None:
            return found
        parts = tuple(self.rebuild(child, leaf) for child in children(tree))
        return self.make(tree, parts)

    def make(self, tree: Tree, parts: tuple[Tree, ...]) -> Tree:
        """A node like this one over other parts."""
        match tree:
            case Fold(operators):
                pairs = zip(("+" if operators[0] in "+-" else "*", *operators), parts, strict=True)
                return total(pairs, fold=self.fold) if operators[0] in "+-" else product(pairs, fold=self.fold)
            case Power():
                return power(*parts, fold=self.fold)
            case Negative():
                return negative(parts[0])
            case Compare(operator):
                return compare(operator, parts[0], parts[1], self.words)
            case Logic(operator):
                return logic(operator, parts)
            case Not():
                return inverted(parts[0])
            case Choose():
                return choose(parts[0], parts[1], parts[2])
            case Call(function):
                return call(function, parts, fold=self.fold)
            case Item():
                return Item(parts[0], parts[1])
        return tree


class _Facts(NamedTuple):
    """What holds in a branch: the words a choice may still be, and conditions by their text."""

    words: dict[str, frozenset[str]]
    conditions: dict[str, bool]


def settled(bodies: Bodies, tree: Tree) -> Tree:
    """The tree without conditions that the conditions around them decide."""
    return _under(bodies, tree, _Facts({}, {})) if any(isinstance(part, Choose | Logic) for part in walk(tree)) else tree


def _under(bodies: Bodies, tree: Tree, facts: _Facts) -> Tree:
    def leaf(part: Tree) -> Tree | None:
        match part:
            case Choose(condition, yes, no):
                test = _under(bodies, condition, facts)
                if isinstance(test, Truth):
                    return _under(bodies, yes if test.value else no, facts)
                first, second = (
                    _under(bodies, branch, _learnt(bodies, test, facts, holds)) for branch, holds in ((yes, True), (no, False))
                )
                return choose(test, first, second)
            case Logic(operator, operands):
                made = []
                known = facts
                for operand in operands:
                    made.append(_under(bodies, operand, known))
                    known = _learnt(bodies, made[-1], known, operator == "and")
                return logic(operator, made)
            case Compare() | Name():
                return _decided(bodies, part, facts)
        return None

    return bodies.maker.rebuild(tree, leaf)


def _choice(bodies: Bodies, tree: Tree) -> tuple[str, str] | None:
    """The name and the word of a comparison of the two."""
    if isinstance(tree, Compare) and tree.operator in {"==", "!="} and isinstance(tree.left, Name) and isinstance(tree.right, Name):
        name, word = tree.left.name, tree.right.name
        if bodies.is_word(name):
            name, word = word, name
        if bodies.is_word(word) and not bodies.is_word(name):
            return name, word
    return None


def _decided(bodies: Bodies, tree: Tree, facts: _Facts) -> Tree | None:
    found = _choice(bodies, tree)
    if found and isinstance(tree, Compare):
        left = facts.words.get(found[0])
        if left is not None and (found[1] not in left or len(left) == 1):
            return Truth((found[1] in left) == (tree.operator == "=="))
        return None
    known = facts.conditions.get(write(tree))
    return None if known is None else Truth(known)


def _learnt(bodies: Bodies, condition: Tree, facts: _Facts, holds: bool) -> _Facts:
    """The facts with one more condition that holds, or does not."""
    match condition:
        case Truth():
            return facts
        case Not(operand):
            return _learnt(bodies, operand, facts, not holds)
        case Logic(operator, operands) if (operator == "and") == holds:
            for operand in operands:
                facts = _learnt(bodies, operand, facts, holds)
            return facts
    found = _choice(bodies, condition)
    if found and isinstance(condition, Compare):
        words = facts.words.get(found[0], bodies.plan.shapes[found[0]].words)
        same = (condition.operator == "==") == holds
        return facts._replace(words=facts.words | {found[0]: words & {found[1]} if same else words - {found[1]}})
    return facts._replace(conditions=facts.conditions | {write(condition): holds})


def names(tree: Tree) -> frozenset[str]:
    """The names a tree reads: also those a cell reads its row from, and words."""
    found: set[str] = set()
    seen: set[int] = set()
    stack = [tree]
    while stack:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Name):
            found.add(part.name)
        elif isinstance(part, Cell) and len(part.path) == 2:
            found.add(part.path[0])
        stack += children(part)
    return frozenset(found)


def nodes(tree: Tree) -> int:
    """How many nodes a tree has when written out."""
    return 1 + sum(nodes(child) for child in children(tree))


def occurrences(tree: Tree) -> list[str]:
    """Every use of a name, one for each."""
    used = [tree.name] if isinstance(tree, Name) else [tree.path[0]] if isinstance(tree, Cell) and len(tree.path) == 2 else []
    for child in children(tree):
        used += occurrences(child)
    return used


def depth(tree: Tree) -> int:
    """How deep a tree nests."""
    return 1 + max((depth(child) for child in children(tree)), default=0)


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


@dataclass(frozen=True, slots=True)
class Expansion:
    """Closed forms, and the definitions they use, each after those it uses; no definitions when the forms are short enough."""

    forms: tuple[tuple[str, Tree], ...]
    where: tuple[tuple[str, Tree], ...] = ()


def definitions(bodies: Bodies, targets: Iterable[str]) -> dict[str, Tree]:
    """The trees of these names and of all they use, each after those it uses; nothing is put into another yet but single values."""
    made = _reached(bodies, targets, {})
    simple: dict[str, Tree] = {}
    for name, body in made.items():
        tree = made[name] = substitute(bodies, body, simple)
        if isinstance(tree, Constant | Truth) or (isinstance(tree, Name) and not bodies.expandable(tree.name)):
            simple[name] = tree
    return _reached(bodies, targets, made)


def _reached(bodies: Bodies, targets: Iterable[str], made: Mapping[str, Tree]) -> dict[str, Tree]:
    found: dict[str, Tree] = {}
    stack = list(targets)
    while stack:
        name = stack.pop()
        if name not in found:
            found[name] = made.get(name) or bodies.body(name)
            stack += (used for used in names(found[name]) if used not in found and bodies.expandable(used))
    return {name: found[name] for name in bodies.plan.graph.order if name in found}


def substitute(bodies: Bodies, tree: Tree, trees: Mapping[str, Tree]) -> Tree:
    """The tree with other trees in the place of names."""

    def leaf(part: Tree) -> Tree | None:
        match part:
            case Name(name):
                return trees.get(name, part)
            case Cell((name, _) as path):
                return bodies.cell(path, trees[name]) if name in trees else part
        return None

    return bodies.maker.rebuild(tree, leaf) if trees else tree


def expand(bodies: Bodies, targets: Iterable[str], limit: int = LARGEST, shorten: Callable[[Tree], Tree] | None = None) -> Expansion:
    """Closed forms of names.

    Args:
        bodies: what is known and what is kept.
        targets: rules, or inputs whose default is a formula.
        limit: nodes all forms may have together; where they have more, parts get a definition of their own.
        shorten: applied to every tree before it is put into another.
    """
    wanted = tuple(dict.fromkeys(targets))
    trees = definitions(bodies, wanted)
    if _written(trees, wanted) <= limit:
        whole = _inlined(bodies, trees, lambda _name, _tree: True, shorten)
        return Expansion(tuple((name, whole[name]) for name in wanted))
    uses: dict[str, int] = {}
    for tree in trees.values():
        for name in occurrences(tree):
            uses[name] = uses.get(name, 0) + 1

    def goes_in(name: str, tree: Tree) -> bool:
        size = nodes(tree)
        return name not in wanted and depth(tree) < 12 and size <= (_MIDDLE if uses.get(name, 0) == 1 else _SMALL)

    made = _inlined(bodies, trees, goes_in, shorten)
    used: dict[str, None] = {}
    stack = list(wanted)
    while stack:
        for name in names(made[stack.pop()]):
            if name in made and name not in used:
                used[name] = None
                stack.append(name)
    listed = tuple((name, tree) for name, tree in made.items() if name in used and name not in wanted)
    return Expansion(tuple((name, made[name]) for name in wanted), listed)


def _written(trees: Mapping[str, Tree], wanted: Iterable[str]) -> int:
    """Nodes of the wanted trees with everything put in; more than any limit when they nest too deep."""
    size: dict[str, int] = {}
    deep: dict[str, int] = {}
    for name, tree in trees.items():
        size[name], deep[name] = _measure(tree, size, deep)
    return max(LARGEST * 1000, 1) if any(deep[name] > DEEPEST for name in wanted) else sum(size[name] for name in wanted)


def _measure(tree: Tree, size: Mapping[str, int], deep: Mapping[str, int]) -> tuple[int, int]:
    """Nodes and nesting of a tree whose names stand for trees of known measures."""
    name = tree.name if isinstance(tree, Name) else tree.path[0] if isinstance(tree, Cell) else ""
    if name in size:
        return size[name], deep[name]
    parts = [_measure(child, size, deep) for child in children(tree)]
    return 1 + sum(part for part, _ in parts), 1 + max((part for _, part in parts), default=0)


def _inlined(
    bodies: Bodies, trees: Mapping[str, Tree], goes_in: Callable[[str, Tree], bool], shorten: Callable[[Tree], Tree] | None
) -> dict[str, Tree]:
    made: dict[str, Tree] = {}
    ready: dict[str, Tree] = {}
    for name, tree in trees.items():
        made[name] = settled(bodies, substitute(bodies, tree, ready))
        if shorten is not None:
            made[name] = shorten(made[name])
        if goes_in(name, made[name]):
            ready[name] = made[name]
    return made
