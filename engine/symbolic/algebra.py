"""Trees as sympy expressions and back. The algebra makes the symbols; `min`, roundings and choices are functions of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy import Add, Dummy, Expr, Function, Integer, Mul, Pow, Rational, Symbol
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue
from sympy.logic.boolalg import Not as SympyNot
from sympy.logic.boolalg import Or as SympyOr

from .. import making
from ..bodies import Bodies, never_negative
from ..formula import write
from ..making import ONE, constant, negative, power, product, total
from ..plan import Plan
from ..quantity import BITS, Number, fits
from ..records import Input, table_of
from ..tree import (
    Call,
    Cell,
    Choose,
    Compare,
    Constant,
    Fold,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Tree,
    Truth,
)

MOST_EXPONENT = 64


class Beyond(Exception):
    """A tree that has no expression: it holds words, lists or powers out of bounds."""


class Least(Function):  # type: ignore[misc]
    """`min`"""


class Most(Function):  # type: ignore[misc]
    """`max`"""


class Up(Function):  # type: ignore[misc]
    """`ceil`"""


class Down(Function):  # type: ignore[misc]
    """`floor`"""


class RoundUp(Function):  # type: ignore[misc]
    """`round_up`"""


class FloorDivide(Function):  # type: ignore[misc]
    """`//`"""


class Modulo(Function):  # type: ignore[misc]
    """`%`"""


class Size(Function):  # type: ignore[misc]
    """`abs`"""


class Select(Function):  # type: ignore[misc]
    """`yes if condition else no`, the condition first."""


CALLS: dict[str, type[Function]] = {"min": Least, "max": Most, "ceil": Up, "floor": Down, "abs": Size, "round_up": RoundUp}
_CALLED: dict[type[Function], str] = {made: name for name, made in CALLS.items()}
_RELATIONS: dict[str, type[Relational]] = {
    "==": sympy.Eq,
    "!=": sympy.Ne,
    "<": sympy.Lt,
    "<=": sympy.Le,
    ">": sympy.Gt,
    ">=": sympy.Ge,
}


class Algebra:
    """Trees and expressions of one plan.

    Args:
        plan: says what is known of each name; None when nothing is.
    """

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan
        self._bodies = Bodies(plan) if plan else None
        self._symbols: dict[str, Symbol] = {}
        self._trees: dict[Symbol, Tree] = {}
        self._words: dict[str, int] = {}
        self._made: dict[Expr, tuple[Tree, str]] = {}

    def symbol(self, name: str) -> Symbol:
        """The symbol of a name, with what its bounds say of it. The one place where symbols are made."""
        found = self._symbols.get(name)
        if found is None:
            found = self._symbols[name] = Symbol(name, **self._assumed(name))
            self._trees[found] = Name(name)
        return found

    def _assumed(self, name: str) -> dict[str, bool]:
        item = self.plan.document.inputs.get(name) if self.plan else None
        if isinstance(item, Input) and item.type in {"integer", "number"}:
            made = {"integer": True} if item.type == "integer" else {"real": True}
            if item.low is not None and item.low > 0:
                return made | {"positive": True}
            return made | ({"nonnegative": True} if item.low == 0 else {})
        if self._bodies and self.plan and name in self.plan.slots and self._bodies.nonnegative(Name(name)):
            return {"nonnegative": True}
        return {}

    def standing(self, symbol: Symbol) -> Tree:
        """The tree a symbol stands for."""
        return self._trees[symbol]

    def low(self, symbol: Symbol) -> Expr | None:
        """The lower bound of an input that is above 0."""
        tree = self._trees[symbol]
        item = self.plan.document.inputs.get(tree.name) if self.plan and isinstance(tree, Name) else None
        return rational(item.low) if item and item.low is not None and item.low > 0 else None

    def opaque(self, tree: Tree, **assumed: bool) -> Symbol:
        """A symbol that stands for a tree algebra does not look into; equal trees have one symbol."""
        key = "\n" + write(tree)
        found = self._symbols.get(key)
        if found is None:
            if (
                self._bodies
                and self.plan
                and "nonnegative" not in assumed
                and never_negative(tree, self._bodies.nonnegative_names, self.plan)
            ):
                assumed = assumed | {"nonnegative": True}
            if isinstance(tree, Cell) and self._positive(tree):
                assumed = assumed | {"positive": True}
            if isinstance(tree, Call) and tree.function in {"ceil", "floor", "count", "length"}:
                assumed = assumed | {"integer": True}
            found = self._symbols[key] = Dummy(f"part{len(self._symbols)}", **assumed)
            self._trees[found] = tree
        return found

    def _positive(self, tree: Cell) -> bool:
        """Whether all rows of a cell's column are above 0."""
        tables = self.plan.document.tables if self.plan else {}
        found = [tables[tree.path[0]]] if tree.path[0] in tables else list(tables.values())
        numbers = [row[tree.path[-1]] for table in found for row in table.rows.values() if tree.path[-1] in row]
        return bool(numbers) and min(numbers) > 0

    # Trees to expressions.

    def expression(self, tree: Tree) -> Expr:
        """A tree of numbers as an expression.

        Raises:
            Beyond: when it has none.
        """
        match tree:
            case Constant(value):
                return rational(value)
            case Name(name):
                return self.symbol(name)
            case Cell():
                return self.opaque(tree)
            case Fold(operators, operands):
                made = self.expression(operands[0])
                for operator, operand in zip(operators, operands[1:], strict=True):
                    made = _JOIN[operator](made, self.expression(operand))
                return made
            case Power(base, exponent):
                return self._power(self.expression(base), self.expression(exponent))
            case Negative(operand):
                return -self.expression(operand)
            case Choose(condition, yes, no):
                return Select(self.condition(condition), self.expression(yes), self.expression(no))
            case Call(function, arguments) if function in CALLS:
                return CALLS[function](*(self.expression(argument) for argument in arguments))
        raise Beyond(write(tree))

    @staticmethod
    def _power(base: Expr, exponent: Expr) -> Expr:
        if exponent.is_number:
            if not exponent.is_Integer or abs(int(exponent)) > MOST_EXPONENT:
                raise Beyond("an exponent out of bounds")
            if base.is_number and base.is_Rational and max(base.p.bit_length(), base.q.bit_length()) * abs(int(exponent)) > 4 * BITS:
                raise Beyond("a power out of bounds")
        elif base.is_number:
            # sympy computes powers of numbers at once, also huge ones: the exponent stays where it is looked at before.
            base = Most(base)
        return Pow(base, exponent)

    def condition(self, tree: Tree) -> Any:
        """A condition as an expression of logic; words are numbers by `code`.

        Raises:
            Beyond: when it has none.
        """
        match tree:
            case Truth(value):
                return sympy.true if value else sympy.false
            case Compare(operator, left, right):
                sides = (self._side(left), self._side(right))
                return _RELATIONS[operator](*sides, evaluate=False)
            case Logic(operator, operands):
                return (And if operator == "and" else SympyOr)(*(self.condition(operand) for operand in operands), evaluate=False)
            case Not(operand):
                return SympyNot(self.condition(operand), evaluate=False)
            case Name() | Cell() | Item() | Choose():
                return sympy.Eq(self._side(tree), Integer(1), evaluate=False)
        raise Beyond(write(tree))

    def _side(self, tree: Tree) -> Expr:
        match tree:
            case Name(name) if self.plan and name not in self.plan.slots:
                return Integer(self.code(name))
            case Truth(value):
                return Integer(int(value))
            case Compare() | Logic() | Not():
                return Select(self.condition(tree), Integer(1), Integer(0))
            case Choose(condition, yes, no):
                return Select(self.condition(condition), self._side(yes), self._side(no))
        return self.expression(tree)

    def code(self, word: str) -> int:
        """The number that stands for a word in comparisons, from 1 up (0 is a rule that does not apply)."""
        return self._words.setdefault(word, 1 + len(self._words))

    # Expressions to trees.

    def tree(self, expression: Expr) -> Tree:
        """An expression as a tree, so that our printers print it."""
        return self._read_back(expression)[0]

    def text(self, expression: Expr) -> str:
        """An expression as formula text."""
        return self._read_back(expression)[1]

    def _read_back(self, expression: Expr) -> tuple[Tree, str]:
        found = self._made.get(expression)
        if found is None:
            tree = self._tree(expression)
            found = self._made[expression] = tree, write(tree)
        return found

    def _tree(self, expression: Expr) -> Tree:
        if isinstance(expression, Symbol):
            return self._trees[expression]
        if expression.is_Rational:
            value = exact(expression)
            if not fits(value):
                raise Beyond("a number out of bounds")
            return constant(value)
        if isinstance(expression, Add):
            return self._sum(expression)
        if isinstance(expression, Mul):
            return self._product(expression)
        if isinstance(expression, Pow):
            base, exponent = expression.args
            if exponent.is_Integer and exponent < 0:
                return product([("*", ONE), ("/", power(self.tree(base), Constant(-int(exponent))))])
            return power(self.tree(base), self.tree(exponent))
        parts = expression.args
        match expression:
            case Select():
                return Choose(self.logic(parts[0]), self.tree(parts[1]), self.tree(parts[2]))
            case FloorDivide() | Modulo():
                return Fold(("//" if isinstance(expression, FloorDivide) else "%",), (self.tree(parts[0]), self.tree(parts[1])))
        if type(expression) not in _CALLED:
            raise Beyond("a division by zero")
        return Call(_CALLED[type(expression)], tuple(self.tree(part) for part in parts))

    def logic(self, condition: Any) -> Tree:
        """A condition of expressions as a tree."""
        match condition:
            case BooleanTrue():
                return making.TRUE
            case BooleanFalse():
                return making.FALSE
            case Relational():
                return Compare(condition.rel_op, self.tree(condition.lhs), self.tree(condition.rhs))
            case And() | SympyOr():
                return making.logic("and" if isinstance(condition, And) else "or", tuple(self.logic(part) for part in condition.args))
        return making.inverted(self.logic(condition.args[0]))

    def _sum(self, expression: Expr) -> Tree:
        terms = sorted(Add.make_args(expression), key=self._order)
        signed: list[tuple[str, Tree]] = []
        for term in terms:
            below = term.as_coeff_Mul()[0] < 0
            signed.append(("-" if below else "+", self.tree(-term if below else term)))
        ahead = next((index for index, (sign, _) in enumerate(signed) if sign == "+"), 0)
        return total([signed[ahead], *signed[:ahead], *signed[ahead + 1 :]])

    def _order(self, term: Expr) -> tuple[int, int, str]:
        """Terms of high degree first, constants last, equal ones by their text."""
        degree = 0
        for factor in Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            if not base.is_number and exponent.is_Integer:
                degree -= int(exponent)
        text = self.text(term)
        return degree, -len(text), text

    def _product(self, expression: Expr) -> Tree:
        factors = _factors(expression)
        value = Fraction(exact(Mul(*(factor for factor in factors if factor.is_Rational))))
        above: list[tuple[str, Tree]] = []
        below: list[Tree] = []
        for factor in sorted((factor for factor in factors if not factor.is_Rational), key=self._place):
            base, exponent = factor.as_base_exp()
            if exponent.is_Integer and exponent < 0:
                below.append(power(self.tree(base), Constant(-int(exponent))))
            else:
                above.append(("*", self.tree(factor)))
        if value.denominator != 1:
            below.insert(0, Constant(value.denominator))
        size = abs(value.numerator)
        if size != 1 or not above:
            above.insert(0, ("*", Constant(size)))
        if below:
            above.append(("/", below[0] if len(below) == 1 else product([("*", part) for part in below])))
        made = product(above)
        return negative(made) if value < 0 else made

    def _place(self, factor: Expr) -> tuple[int, int, str]:
        """Where a factor stands in a product: names in the order of the plan, then what is longer."""
        tree = self._trees.get(factor.as_base_exp()[0])
        if isinstance(tree, Name):
            return 0, self.plan.slots.get(tree.name, 0) if self.plan else 0, tree.name
        if isinstance(tree, Cell):
            return 1, 0, write(tree)
        return 2, 0, self.text(factor)

    # Numbers.

    def value(self, expression: Expr, given: Mapping[str, Any]) -> Number | None:
        """The exact value by substitution; None where there is none (a division by zero).

        Args:
            expression: made by `expression`.
            given: numbers, words and truth values by name.
        """
        known = {self.symbol(name): self._number(value) for name, value in given.items() if not isinstance(value, tuple)}
        for symbol, tree in list(self._trees.items()):
            if isinstance(tree, Cell) and self.plan:
                row = given.get(tree.path[0]) if len(tree.path) == 2 else tree.path[1]
                known[symbol] = self._cell(tree, row)
        try:
            found = _value(expression, known)
        except _NoValue:
            return None
        return exact(found)

    def _number(self, value: Any) -> Expr:
        if isinstance(value, str):
            return Integer(self.code(value))
        return Integer(int(value)) if isinstance(value, bool) else rational(value)

    def _cell(self, tree: Cell, row: Any) -> Expr:
        assert self.plan
        if len(tree.path) == 3:
            table = self.plan.document.tables[tree.path[0]]
        else:
            owner = self.plan.document.inputs.get(tree.path[0])
            found = (
                self.plan.document.tables.get(owner.table) if owner else table_of(self.plan.document, self.plan.shapes[tree.path[0]].words)
            )
            if found is None:
                return sympy.nan
            table = found
        return self._number(table.rows[row][tree.path[-1]]) if row in table.rows else sympy.nan


def _factors(expression: Expr) -> list[Expr]:
    """The factors of a product, also of one that was left as it is."""
    if not isinstance(expression, Mul):
        return [expression]
    return [factor for part in expression.args for factor in _factors(part)]


def rational(value: Number) -> Expr:
    """An exact number of sympy's."""
    return Integer(value) if isinstance(value, int) else Rational(value.numerator, value.denominator)


def exact(value: Expr) -> Number:
    """The `int` or `Fraction` of an exact number of sympy's."""
    return int(value) if value.is_Integer else Fraction(int(value.p), int(value.q))


_JOIN: dict[str, Callable[[Expr, Expr], Expr]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": FloorDivide,
    "%": Modulo,
}


class _NoValue(Exception):
    pass


def _value(expression: Any, known: Mapping[Symbol, Expr]) -> Any:
    """An expression with numbers in the place of symbols, computed by sympy's own exact arithmetic."""
    if isinstance(expression, Symbol):
        if expression not in known:
            raise _NoValue
        return known[expression]
    if isinstance(expression, Select):
        return _value(expression.args[1 if _holds(expression.args[0], known) else 2], known)
    if not expression.args:
        return _finite(expression)
    parts = [_value(part, known) for part in expression.args]
    if isinstance(expression, Pow) and (not parts[1].is_Integer or abs(int(parts[1])) > MOST_EXPONENT or (parts[0] == 0 and parts[1] < 0)):
        raise _NoValue
    if type(expression) in NUMERIC:
        return _finite(NUMERIC[type(expression)](*parts))
    return _finite(expression.func(*parts))


def _finite(value: Expr) -> Expr:
    if not value.is_Rational:
        raise _NoValue
    return value


def _holds(condition: Any, known: Mapping[Symbol, Expr]) -> bool:
    match condition:
        case BooleanTrue() | BooleanFalse():
            return bool(condition)
        case Relational():
            return bool(condition.func(_value(condition.lhs, known), _value(condition.rhs, known)))
        case And():
            return all(_holds(part, known) for part in condition.args)
        case SympyOr():
            return any(_holds(part, known) for part in condition.args)
    return not _holds(condition.args[0], known)


def _floor_divide(left: Expr, right: Expr) -> Expr:
    if right == 0:
        raise _NoValue
    return sympy.floor(left / right)


def _round_up(value: Expr, multiple: Expr) -> Expr:
    if multiple <= 0:
        raise _NoValue
    return sympy.ceiling(value / multiple) * multiple


NUMERIC: dict[type, Callable[..., Expr]] = {
    Least: sympy.Min,
    Most: sympy.Max,
    Up: sympy.ceiling,
    Down: sympy.floor,
    Size: sympy.Abs,
    RoundUp: _round_up,
    FloorDivide: _floor_divide,
    Modulo: lambda left, right: left - right * _floor_divide(left, right),
}
