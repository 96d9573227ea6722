"""The algebra: sympy expressions of trees, short polynomials, derivatives and inverses.

The only module that imports sympy; import it inside the function that needs it. No text ever becomes an expression: symbols are made in
`Algebra.symbol`, everything else by constructors. `min`, `max`, `ceil`, `floor`, `//`, `%`, `round_up`, `abs` and choices are functions
of our own, which sympy neither evaluates nor rearranges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, NamedTuple

import sympy
from sympy import Add, Dummy, Expr, Function, Integer, Mul, Pow, Rational, Symbol
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue
from sympy.logic.boolalg import Not as SympyNot
from sympy.logic.boolalg import Or as SympyOr

from . import arithmetic, expand
from .expand import ONE, ZERO, call, choose, constant, negative, never_negative, number, power, product, total
from .formula import write
from .plan import Plan
from .quantity import BITS, Number, fits
from .records import Input
from .tree import (
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
    children,
)
from .units import table_of

MOST_TERMS = 100
"""Terms of a product that is multiplied out; a longer one stays as it is."""
MOST_BRANCHES = 64
"""Pieces an inverse may have."""
_MOST_EXPONENT = 64
_MOST_NESTED = 40


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


_CALLS: dict[str, type[Function]] = {"min": Least, "max": Most, "ceil": Up, "floor": Down, "abs": Size, "round_up": RoundUp}
_CALLED: dict[type[Function], str] = {made: name for name, made in _CALLS.items()}
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
        self._bodies = expand.Bodies(plan) if plan else None
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
            case Call(function, arguments) if function in _CALLS:
                return _CALLS[function](*(self.expression(argument) for argument in arguments))
        raise Beyond(write(tree))

    @staticmethod
    def _power(base: Expr, exponent: Expr) -> Expr:
        if exponent.is_number:
            if not exponent.is_Integer or abs(int(exponent)) > _MOST_EXPONENT:
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
                return expand.TRUE
            case BooleanFalse():
                return expand.FALSE
            case Relational():
                return Compare(condition.rel_op, self.tree(condition.lhs), self.tree(condition.rhs))
            case And() | SympyOr():
                return expand.logic("and" if isinstance(condition, And) else "or", tuple(self.logic(part) for part in condition.args))
        return expand.inverted(self.logic(condition.args[0]))

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
    if isinstance(expression, Pow) and (not parts[1].is_Integer or abs(int(parts[1])) > _MOST_EXPONENT or (parts[0] == 0 and parts[1] < 0)):
        raise _NoValue
    if type(expression) in _NUMERIC:
        return _finite(_NUMERIC[type(expression)](*parts))
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


_NUMERIC: dict[type, Callable[..., Expr]] = {
    Least: sympy.Min,
    Most: sympy.Max,
    Up: sympy.ceiling,
    Down: sympy.floor,
    Size: sympy.Abs,
    RoundUp: _round_up,
    FloorDivide: _floor_divide,
    Modulo: lambda left, right: left - right * _floor_divide(left, right),
}


# Short forms: a polynomial in what is kept, with everything that is no polynomial as a part of its own.


class Polynomials:
    """Trees as expanded polynomials over symbols; `min`, `max`, roundings and choices are symbols too, over their own short forms.

    Exponents may be negative; a divisor that is a sum is a symbol of its own.
    """

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra
        self._short: dict[Expr, Tree] = {}

    def collect(self, tree: Tree) -> Tree:
        """The shortest form found of a tree of numbers (or of a condition, side by side)."""
        match tree:
            case Compare(operator, left, right):
                return expand.compare(operator, self.collect(left), self.collect(right), self._word)
            case Logic(operator, operands):
                return expand.logic(operator, tuple(self.collect(operand) for operand in operands))
            case Not(operand):
                return expand.inverted(self.collect(operand))
            case Truth():
                return tree
            case Name(name) if self._word(name):
                return tree
            case Choose(condition, yes, no):
                return choose(self.collect(condition), self.collect(yes), self.collect(no))
        return self.short(self.read(tree))

    def _word(self, name: str) -> bool:
        return self.algebra.plan is not None and name not in self.algebra.plan.slots

    def read(self, tree: Tree) -> Expr:
        """The polynomial of a tree."""
        match tree:
            case Constant(value):
                return rational(value)
            case Name(name):
                return self.algebra.symbol(name)
            case Negative(operand):
                return -self.read(operand)
            case Fold(operators, operands):
                made = self.read(operands[0])
                for operator, operand in zip(operators, operands[1:], strict=True):
                    made = self._join(operator, made, self.read(operand))
                return made
            case Power(base, exponent):
                return self._power(self.read(base), exponent)
            case Choose():
                made_tree = self.collect(tree)
                return self.part(made_tree) if isinstance(made_tree, Choose) else self.read(made_tree)
            case Call(function, arguments) if function in _CALLS:
                return self.call(function, [self.read(argument) for argument in arguments])
        return self.algebra.opaque(tree)

    def part(self, tree: Tree) -> Symbol:
        """A symbol for a tree that is no polynomial."""
        return self.algebra.opaque(tree)

    def _join(self, operator: str, left: Expr, right: Expr) -> Expr:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return self.times(left, right)
            case "/":
                return self.times(left, self.over(right))
        quotient = self.times(left, self.over(right)) if right != 0 else None
        if quotient is not None and whole(quotient):
            return quotient if operator == "//" else Integer(0)
        if left.is_Rational and right.is_Rational and right != 0:
            return _NUMERIC[FloorDivide if operator == "//" else Modulo](left, right)
        return self.part(product([("*", self.short(left)), (operator, self.short(right))]))

    def times(self, left: Expr, right: Expr) -> Expr:
        """A product, multiplied out unless that has too many terms."""
        if len(Add.make_args(left)) * len(Add.make_args(right)) <= MOST_TERMS:
            return sympy.expand_mul(left * right)
        sides = [side if len(Add.make_args(side)) == 1 else self.part(self.short(side)) for side in (left, right)]
        return sides[0] * sides[1]

    def over(self, divisor: Expr) -> Expr:
        """One over a polynomial."""
        if divisor == 0:
            return Pow(self.part(ZERO), -1)
        if isinstance(divisor, Add):
            return Pow(self.part(self.short(divisor)), -1)
        return Pow(divisor, -1)

    def _power(self, base: Expr, exponent: Tree) -> Expr:
        size = number(exponent)
        if not isinstance(size, int) or abs(size) > _MOST_EXPONENT:
            return self.part(Power(self.short(base), self.collect(exponent)))
        terms = len(Add.make_args(base))
        if base == 0 and size < 0:
            return Pow(self.part(ZERO), -1)
        if max(_bits(term) for term in Add.make_args(base)) * abs(size) > BITS:
            return self.part(Power(self.short(base), Constant(size)))
        if terms == 1:
            return Pow(base, size)
        if size < 0 or terms**size > MOST_TERMS:
            return Pow(self.part(self.short(base)), size)
        return sympy.expand(Pow(base, size), deep=False)

    def call(self, function: str, parts: list[Expr]) -> Expr:
        """A function of polynomials; what is certain about them is used."""
        if function == "round_up" and not (parts[1].is_Rational and parts[1] <= 0):
            if whole(self.times(parts[0], self.over(parts[1]))):
                return parts[0]
        elif (function in {"ceil", "floor"} and whole(parts[0])) or (function == "abs" and nonnegative(parts[0])):
            return parts[0]
        if all(part.is_Rational for part in parts) and not (function == "round_up" and parts[1] <= 0):
            return _NUMERIC[_CALLS[function]](*parts)
        if function in {"min", "max"}:
            return self._extreme(function, parts)
        return self.part(Call(function, tuple(self.short(part) for part in parts)))

    def _extreme(self, function: str, parts: list[Expr]) -> Expr:
        """`min` or `max` without arguments that never win, common terms before it."""
        left: list[Expr] = []
        for part in dict.fromkeys(parts):
            if any(self._beats(function, other, part) for other in left):
                continue
            left = [other for other in left if not self._beats(function, part, other)]
            left.append(part)
        if len(left) == 1:
            return left[0]
        shared = set(Add.make_args(left[0])).intersection(*(Add.make_args(part) for part in left[1:]))
        common = Add(*shared)
        return common + self.part(call(function, tuple(self.short(part - common) for part in left)))

    def _beats(self, function: str, winner: Expr, loser: Expr) -> bool:
        """Whether one argument is never behind the other, within the lower bounds of the inputs."""
        ahead = winner - loser if function == "max" else loser - winner
        if nonnegative(ahead):
            return True
        lows = {symbol: low for symbol in ahead.free_symbols if (low := self.algebra.low(symbol))}
        return bool(lows) and nonnegative(sympy.expand_mul(ahead.xreplace({symbol: symbol + low for symbol, low in lows.items()})))

    # The shortest way to write a polynomial.

    def short(self, polynomial: Expr) -> Tree:
        """The tree of a polynomial: expanded, with common factors before brackets, or nested; whichever is shortest."""
        found = self._short.get(polynomial)
        if found is None:
            forms = dict.fromkeys(self._forms(polynomial))
            found = self._short[polynomial] = self.algebra.tree(min(forms, key=self._length))
        return found

    def _length(self, form: Expr) -> int:
        return len(self.algebra.text(form)) + _effort(self.algebra.tree(form))

    def _forms(self, polynomial: Expr) -> Iterable[Expr]:
        yield polynomial
        terms = Add.make_args(polynomial)
        if len(terms) == 1:
            return
        yield _factored(polynomial)
        if len(terms) > _MOST_NESTED:
            return
        yield _nested(polynomial)
        yield _grouped(polynomial)
        if len(terms) <= 12 and len(polynomial.free_symbols) <= 6 and all(_degree(term) <= 6 for term in terms):
            yield sympy.factor_terms(sympy.factor(polynomial)) if _plain(polynomial) else polynomial


def _length(tree: Tree) -> int:
    """How long a tree is to read: its characters, and more for fractions and for brackets."""
    return len(write(tree)) + _effort(tree)


def _effort(tree: Tree) -> int:
    own = 0
    if isinstance(tree, Constant):
        own = 0 if tree.value.denominator == 1 else 8
    elif isinstance(tree, Fold) and tree.operators[0] not in "+-":
        sums = sum(isinstance(operand, Fold) and operand.operators[0] in "+-" for operand in tree.operands)
        own = sums if tree.operators == ("/",) else 2 * sums
    return own + sum(map(_effort, children(tree)))


def _bits(term: Expr) -> int:
    """The size of the number in a term."""
    coefficient = term.as_coeff_Mul()[0]
    return max(int(coefficient.p).bit_length(), int(coefficient.q).bit_length())


def _degree(term: Expr) -> int:
    return sum(int(exponent) for base, exponent in term.as_powers_dict().items() if exponent.is_Integer and not base.is_number)


def _plain(polynomial: Expr) -> bool:
    return all(power.exp.is_Integer and power.exp > 0 for power in polynomial.atoms(Pow))


def _split(polynomial: Expr) -> tuple[Expr, Expr]:
    """The common factor of all terms (number and symbols), and what is left."""
    terms = Add.make_args(polynomial)
    above = below = 0
    shared: dict[Expr, int] | None = None
    for term in terms:
        coefficient, rest = term.as_coeff_Mul()
        above, below = gcd(above, int(coefficient.p)), lcm(below or 1, int(coefficient.q))
        powers = {base: int(exponent) for base, exponent in rest.as_powers_dict().items() if base != 1 and exponent.is_Integer}
        shared = powers if shared is None else {base: min(powers.get(base, 0), shared.get(base, 0)) for base in {*powers, *shared}}
    factor = Rational(above or 1, below or 1) * Mul(*(Pow(base, exponent) for base, exponent in (shared or {}).items() if exponent))
    return (factor, sympy.expand_mul(polynomial / factor)) if factor != 1 else (factor, polynomial)


def _factored(polynomial: Expr) -> Expr:
    factor, rest = _split(polynomial)
    return Mul(factor, rest, evaluate=False) if factor != 1 and isinstance(rest, Add) else polynomial


def _nested(polynomial: Expr, depth: int = 0) -> Expr:
    """The polynomial by the powers of the symbol most terms have, again and again."""
    if depth > 20:
        return polynomial
    terms = Add.make_args(polynomial)
    if len(terms) == 1:
        return polynomial
    factor, rest = _split(polynomial)
    if factor != 1:
        return Mul(factor, _nested(rest, depth + 1), evaluate=False)
    return _grouped(polynomial, depth)


def _grouped(polynomial: Expr, depth: int = 0) -> Expr:
    """Terms with the symbol most terms have, and the others."""
    terms = Add.make_args(polynomial)
    counts: dict[Expr, int] = {}
    for term in terms:
        for symbol in term.free_symbols:
            counts[symbol] = counts.get(symbol, 0) + 1
    best = max(counts, key=lambda symbol: (counts[symbol], str(symbol)), default=None)
    if best is None or counts[best] < 2:
        return polynomial
    have = Add(*(term for term in terms if best in term.free_symbols))
    lack = Add(*(term for term in terms if best not in term.free_symbols))
    if lack == 0:
        return polynomial
    return Add(_nested(have, depth + 1), _nested(lack, depth + 1), evaluate=False)


def whole(polynomial: Expr) -> bool:
    """Whether a polynomial is certainly a whole number: whole coefficients, powers above 0, symbols that are whole."""
    for term in Add.make_args(polynomial):
        for factor in Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                if not factor.is_Integer:
                    return False
            elif not (base.is_integer and exponent.is_Integer and exponent > 0):
                return False
    return True


def nonnegative(polynomial: Expr) -> bool:
    """Whether a polynomial is certainly not below 0: no term is."""
    return all(_sign(term) >= 0 for term in Add.make_args(polynomial))


def positive(polynomial: Expr) -> bool:
    """Whether a polynomial is certainly above 0: no term is below, and one is above."""
    signs = [_sign(term) for term in Add.make_args(polynomial)]
    return min(signs) >= 0 and max(signs) > 0


def _sign(term: Expr) -> int:
    """1 when a term is above 0, 0 when not below, -1 when neither is certain."""
    coefficient, rest = term.as_coeff_Mul()
    if coefficient == 0:
        return 0
    least = 1
    for factor in Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if base.is_number or base.is_positive:
            continue
        if not (base.is_nonnegative or (exponent.is_Integer and exponent % 2 == 0)):
            return -1
        least = 0 if exponent.is_Integer and exponent > 0 else least
    return least if coefficient > 0 else -1


def collect(tree: Tree, algebra: Algebra) -> Tree:
    """A short form of a tree: polynomials multiplied out, collected and factored.

    Parts inside `min`, `max`, roundings and choices have short forms of their own.
    """
    try:
        return Polynomials(algebra).collect(tree)
    except Beyond:
        return tree


# Derivatives.


def derivative(tree: Tree, name: str, algebra: Algebra) -> Tree:
    """The derivative by a name, where there is one: of roundings it is 0, of `min`, `max` and choices that of the branch taken.

    Raises:
        Beyond: when the tree is no number or the name is in an exponent.
    """

    def inner(part: Tree) -> Tree:
        return _derivative(part, name, inner)

    return collect(inner(tree), algebra)


def _derivative(tree: Tree, name: str, inner: Callable[[Tree], Tree]) -> Tree:
    if name not in expand.names(tree):
        return ZERO
    match tree:
        case Name():
            return ONE
        case Negative(operand):
            return negative(inner(operand))
        case Fold(operators, operands) if operators[0] in "+-":
            return total((sign, inner(operand)) for sign, operand in zip(("+", *operators), operands, strict=True))
        case Fold(operators, operands):
            return _of_product(operators, operands, inner)
        case Power(base, exponent) if name not in expand.names(exponent):
            return product([("*", exponent), ("*", power(base, total([("+", exponent), ("-", ONE)], fold=True))), ("*", inner(base))])
        case Choose(condition, yes, no):
            return choose(condition, inner(yes), inner(no))
        case Call("min" | "max" as function, arguments):
            made = inner(arguments[-1])
            for index in reversed(range(len(arguments) - 1)):
                rest = arguments[index + 1] if index == len(arguments) - 2 else Call(function, arguments[index + 1 :])
                made = choose(Compare(">=" if function == "max" else "<=", arguments[index], rest), inner(arguments[index]), made)
            return made
        case Call("ceil" | "floor" | "round_up"):
            return ZERO
        case Call("abs", arguments):
            return choose(Compare(">=", arguments[0], ZERO), inner(arguments[0]), negative(inner(arguments[0])))
    raise Beyond(write(tree))


def _of_product(operators: Sequence[str], operands: Sequence[Tree], inner: Callable[[Tree], Tree]) -> Tree:
    last, operator = operands[-1], operators[-1]
    left = operands[0] if len(operands) == 2 else Fold(tuple(operators[:-1]), tuple(operands[:-1]))
    match operator:
        case "*":
            return total([("+", product([("*", inner(left)), ("*", last)])), ("+", product([("*", left), ("*", inner(last))]))])
        case "/":
            first = product([("*", inner(left)), ("/", last)])
            second = product([("*", left), ("*", inner(last)), ("/", power(last, Constant(2)))])
            return total([("+", first), ("-", second)])
        case "//":
            return ZERO
    return total([("+", inner(left)), ("-", product([("*", inner(last)), ("*", Fold(("//",), (left, last)))]))])


# Inverses.


class Inverse(NamedTuple):
    """`unknown operator bound`, valid where all conditions hold. A root in the bound is `isqrt`, of whole numbers, or `sqrt`."""

    operator: str
    bound: Tree
    conditions: tuple[Tree, ...] = ()


class _Bound(NamedTuple):
    """A bound found for one piece: upper or lower; None as tree when the piece does not limit the unknown."""

    upper: bool
    tree: Tree | None
    conditions: tuple[Tree, ...] = ()
    strict: bool = False


class _None(Exception):
    """There is no inverse."""


def inverse(tree: Tree, unknown: str, operator: str, bound: Tree, algebra: Algebra) -> Inverse | None:
    """The values of a name for which `tree operator bound` holds, as a formula.

    Linear pieces give a quotient (rounded down, for a whole unknown), quadratic ones a root; `max <= bound` gives the `min` of the inverses
    of its arguments, `min` the `max`; `ceil(f) <= c` is `f <= floor(c)`.

    Args:
        tree: of numbers.
        unknown: a name in it.
        operator: `<=`, `<`, `>=` or `>`.
        bound: a tree without the unknown.
        algebra: of the plan; what it knows of the unknown decides about rounding.

    Returns:
        None when no such formula was found.
    """
    try:
        solver = _Solver(algebra, unknown)
        left, right = solver.polynomials.read(tree), solver.polynomials.read(bound)
        if operator in {">=", ">"}:
            left, right = -left, -right
        found = solver.solve(left, right, operator in {"<", ">"})
    except (_None, Beyond):
        return None
    if found.tree is None:
        return None
    sign = ("<" if found.upper else ">") + ("" if found.strict else "=")
    return Inverse(sign, found.tree, tuple(dict.fromkeys(found.conditions)))


class _Solver:
    def __init__(self, algebra: Algebra, unknown: str) -> None:
        self.algebra = algebra
        self.polynomials = Polynomials(algebra)
        self.unknown = algebra.symbol(unknown)
        self.name = unknown
        self.branches = 0

    def has(self, expression: Expr) -> bool:
        """Whether the unknown is in an expression, or in one of its parts."""
        return any(symbol == self.unknown or self.name in expand.names(self.algebra.standing(symbol)) for symbol in expression.free_symbols)

    def pieces(self, expression: Expr) -> list[Symbol]:
        """The parts of an expression with the unknown in them."""
        found = [
            symbol
            for symbol in expression.free_symbols
            if symbol != self.unknown and self.name in expand.names(self.algebra.standing(symbol))
        ]
        return sorted(found, key=lambda symbol: write(self.algebra.standing(symbol)))

    def short(self, expression: Expr) -> Tree:
        return self.polynomials.short(expression)

    def solve(self, left: Expr, right: Expr, strict: bool) -> _Bound:
        """The bound of the unknown by `left <= right` (or `<`)."""
        self.branches += 1
        if self.branches > MOST_BRANCHES:
            raise _None
        pieces = self.pieces(left)
        if not pieces:
            return self._smooth(left, right, strict)
        part = pieces[0]
        slope, rest = _linear(left, part)
        sign = 1 if positive(slope) else -1 if positive(-slope) else 0
        weak = sign or (1 if nonnegative(slope) else -1 if nonnegative(-slope) else 0)
        return self._piece(self.algebra.standing(part), (slope, rest, sign, weak), right, strict)

    def _piece(self, tree: Tree, line: tuple[Expr, Expr, int, int], right: Expr, strict: bool) -> _Bound:
        slope, rest, _, weak = line

        def branch(part: Tree, factor: int = 1) -> _Bound:
            return self.solve(sympy.expand_mul(slope * factor * self.polynomials.read(part)) + rest, right, strict)

        match tree:
            case Call("min" | "max" as function, arguments) if weak:
                every = (function == "max") == (weak > 0)
                return (
                    self._every([branch(part) for part in arguments])
                    if every
                    else self._any([(branch(part), part) for part in arguments], line, right)
                )
            case Call("abs", (argument,)) if weak > 0:
                return self._every([branch(argument), branch(argument, -1)])
            case Choose(condition, yes, no) if self.name not in expand.names(condition):
                pulled = None if slope == 1 and rest == 0 else self._pulled(condition, yes, no)
                if pulled is not None:
                    return self.solve(sympy.expand_mul(slope * pulled) + rest, right, strict)
                return self._either(condition, branch(yes), branch(no))
            case Call("ceil" | "floor" as function, (argument,)):
                return self._step(function == "ceil", self.polynomials.read(argument), line, right, strict)
            case Call("round_up", (argument, multiple)) if self.name not in expand.names(multiple):
                size = self.polynomials.read(multiple)
                steps = self.polynomials.times(self.polynomials.read(argument), self.polynomials.over(size))
                if not positive(size):
                    raise _None
                return self._step(True, steps, (sympy.expand_mul(slope * size), *line[1:]), right, strict)
            case Fold(operators, operands) if operators[-1] == "//" and self.name not in expand.names(operands[-1]):
                above = operands[0] if len(operands) == 2 else Fold(operators[:-1], operands[:-1])
                below = self.polynomials.read(operands[-1])
                if positive(below):
                    return self._step(
                        False, self.polynomials.times(self.polynomials.read(above), self.polynomials.over(below)), line, right, strict
                    )
        raise _None

    def _pulled(self, condition: Tree, yes: Tree, no: Tree) -> Expr | None:
        """A choice of polynomials as a polynomial whose coefficients are choices; None when a branch is no polynomial in the unknown."""
        sides = [self.polynomials.read(side) for side in (yes, no)]
        if any(self.pieces(side) for side in sides):
            return None
        first, second = (_powers(side, self.unknown) for side in sides)
        made = Integer(0)
        for exponent in first.keys() | second.keys():
            parts = (self.short(side.get(exponent, Integer(0))) for side in (first, second))
            made += self.polynomials.read(choose(condition, *parts)) * self.unknown**exponent
        return made

    def _step(self, up: bool, inside: Expr, line: tuple[Expr, Expr, int, int], right: Expr, strict: bool) -> _Bound:
        """`slope * ceil(inside) + rest <= right`, or with `floor`."""
        slope, rest, sign, _ = line
        if not sign or self.has(rest) or self.has(slope):
            raise _None
        if sign < 0:
            up, inside, slope = not up, -inside, -slope
        level = self.polynomials.times(right - rest, self.polynomials.over(slope))
        down = level if whole(level) else self.polynomials.call("floor", [level])
        above = level if whole(level) else self.polynomials.call("ceil", [level])
        if up:
            return self.solve(inside, above - 1 if strict else down, False)
        return self.solve(inside, above if strict else down + 1, True)

    def _every(self, bounds: list[_Bound]) -> _Bound:
        """All of them must hold."""
        conditions = tuple(condition for bound in bounds for condition in bound.conditions)
        limiting = [bound for bound in bounds if bound.tree is not None]
        if not limiting:
            return _Bound(True, None, conditions)
        return self._merged(limiting, "min" if limiting[0].upper else "max", conditions)

    def _any(self, bounds: list[tuple[_Bound, Tree]], line: tuple[Expr, Expr, int, int], right: Expr) -> _Bound:
        """One of them must hold."""
        conditions: list[Tree] = []
        limiting: list[_Bound] = []
        for bound, _ in bounds:
            if bound.tree is not None:
                conditions += bound.conditions
                limiting.append(bound)
                continue
            for condition in bound.conditions:
                if isinstance(condition, Truth) or not isinstance(condition, Compare):
                    raise _None
                conditions.append(condition._replace(operator={"<=": ">", "<": ">="}[condition.operator]))
        if not limiting:
            raise _None
        return self._merged(limiting, "max" if limiting[0].upper else "min", tuple(conditions))

    def _merged(self, bounds: list[_Bound], function: str, conditions: tuple[Tree, ...]) -> _Bound:
        first = bounds[0]
        if any(bound.upper != first.upper or bound.strict != first.strict for bound in bounds):
            raise _None
        trees = list(dict.fromkeys(bound.tree for bound in bounds if bound.tree is not None))
        merged = call(function, tuple(trees), fold=True)
        return first._replace(tree=self.polynomials.collect(merged) if not _rooted(merged) else merged, conditions=conditions)

    @staticmethod
    def _either(condition: Tree, yes: _Bound, no: _Bound) -> _Bound:
        if yes.tree is None or no.tree is None:
            limiting, holds = (yes, condition) if no.tree is None else (no, expand.inverted(condition))
            return limiting._replace(conditions=(holds, *limiting.conditions))
        if (yes.upper, yes.strict) != (no.upper, no.strict):
            raise _None
        conditions = [expand.logic("or", (expand.inverted(condition), part)) for part in yes.conditions]
        conditions += [expand.logic("or", (condition, part)) for part in no.conditions]
        return yes._replace(tree=choose(condition, yes.tree, no.tree), conditions=tuple(conditions))

    # Pieces without parts.

    def _smooth(self, left: Expr, right: Expr, strict: bool) -> _Bound:
        powers = _powers(left, self.unknown)
        if powers.keys() == {0}:
            test = expand.compare("<" if strict else "<=", self.short(left), self.short(right), lambda _: False)
            return _Bound(True, None, () if test == expand.TRUE else (test,))
        rest = right - powers.get(0, Integer(0))
        if powers.keys() <= {0, 1}:
            return self._line(powers[1], rest, strict)
        if powers.keys() <= {0, -1}:
            return self._reciprocal(powers[-1], rest, strict)
        if powers.keys() <= {0, 1, 2} and not strict:
            return self._square(powers[2], powers.get(1, Integer(0)), rest)
        raise _None

    def _line(self, slope: Expr, rest: Expr, strict: bool) -> _Bound:
        """`slope * unknown <= rest`"""
        conditions: tuple[Tree, ...] = ()
        upper = True
        if positive(-slope):
            upper = False
        elif not positive(slope):
            conditions = (Compare(">", self.short(slope), ZERO),)
        if not upper:
            slope, rest = -slope, -rest
        return self._rounded(self._quotient(rest, slope), upper, strict, conditions)

    def _reciprocal(self, above: Expr, rest: Expr, strict: bool) -> _Bound:
        """`above / unknown <= rest`, for an unknown that is above 0."""
        if not positive(above) or not self.unknown.is_positive:
            raise _None
        return self._rounded(self._quotient(above, rest), False, strict, (Compare(">", self.short(rest), ZERO),))

    def _quotient(self, above: Expr, below: Expr) -> Expr:
        """One over the other: multiplied out where numbers are divided, else as a fraction with common factors cut."""
        if below.is_Rational or len(Add.make_args(below)) == 1:
            return self.polynomials.times(above, self.polynomials.over(below))
        top, bottom = _split(above), _split(below)
        common = top[0] / bottom[0]
        return self.polynomials.times(sympy.expand_mul(common * top[1]), self.polynomials.over(bottom[1]))

    def _rounded(self, bound: Expr, upper: bool, strict: bool, conditions: tuple[Tree, ...]) -> _Bound:
        if not self.unknown.is_integer:
            return _Bound(upper, self._fraction(bound), conditions, strict)
        exact = whole(bound)
        if strict:
            made = bound if exact else self._round("ceil" if upper else "floor", bound)
            return _Bound(upper, self.short(made - 1 if upper else made + 1), conditions)
        return _Bound(upper, self.short(bound if exact else self._round("floor" if upper else "ceil", bound)), conditions)

    def _round(self, function: str, bound: Expr) -> Expr:
        return (
            rational(_FLOORED[function](exact(bound)))
            if bound.is_Rational
            else self.algebra.opaque(Call(function, (self._fraction(bound),)))
        )

    def _fraction(self, bound: Expr) -> Tree:
        """A quotient as one fraction: `(bound - rest) / slope`."""
        top, bottom = sympy.fraction(sympy.together(bound)) if len(bound.free_symbols) <= 40 else (bound, Integer(1))
        if bottom == 1:
            return self.short(bound)
        fraction = product([("*", self.short(sympy.expand_mul(top))), ("/", self.short(sympy.expand_mul(bottom)))])
        return min(fraction, self.short(bound), key=_length)

    def _square(self, square: Expr, slope: Expr, rest: Expr) -> _Bound:
        """`square * unknown**2 + slope * unknown <= rest`, rising for an unknown not below 0."""
        if not positive(square) or not nonnegative(slope) or not self.unknown.is_nonnegative:
            raise _None
        scale = Integer(1)
        for term in (*Add.make_args(square), *Add.make_args(slope)):
            scale = sympy.lcm(scale, term.as_coeff_Mul()[0].q)
        square, slope, rest = (sympy.expand_mul(part * scale) for part in (square, slope, rest))
        if whole(square) and whole(slope) and self.unknown.is_integer:
            rest = rest if whole(rest) else self.polynomials.call("floor", [rest])
            root, under = "isqrt", sympy.expand_mul(slope**2 + 4 * square * rest)
            above = total([("+", Call(root, (self.short(under),))), ("-", self.short(slope))])
            if slope == 0:
                inside = self.short(rest) if square == 1 else product([("*", self.short(rest)), ("//", self.short(square))])
                return _Bound(True, Call(root, (inside,)), (Compare(">=", self.short(rest), ZERO),))
            return _Bound(True, product([("*", above), ("//", self.short(2 * square))]), (Compare(">=", self.short(rest), ZERO),))
        under = sympy.expand_mul(slope**2 + 4 * square * rest)
        made = product([("*", total([("+", Call("sqrt", (self.short(under),))), ("-", self.short(slope))])), ("/", self.short(2 * square))])
        made = Call("floor", (made,)) if self.unknown.is_integer else made
        return _Bound(True, made, (Compare(">=", self.short(rest), ZERO),))


_FLOORED: dict[str, Callable[[Number], int]] = {"ceil": arithmetic.ceil, "floor": arithmetic.floor}


def _rooted(tree: Tree) -> bool:
    return (isinstance(tree, Call) and tree.function in {"sqrt", "isqrt"}) or any(_rooted(child) for child in children(tree))


def _linear(expression: Expr, part: Symbol) -> tuple[Expr, Expr]:
    """`slope * part + rest`"""
    powers = _powers(expression, part)
    if not powers.keys() <= {0, 1}:
        raise _None
    return powers[1], powers.get(0, Integer(0))


def _powers(expression: Expr, symbol: Symbol) -> dict[int, Expr]:
    """The coefficient of each power of a symbol in an expanded polynomial."""
    found: dict[int, list[Expr]] = {}
    for term in Add.make_args(expression):
        exponent = term.as_powers_dict().get(symbol, Integer(0))
        if not exponent.is_Integer:
            raise _None
        found.setdefault(int(exponent), []).append(term / symbol**exponent)
    return {exponent: Add(*terms) for exponent, terms in found.items()}


__all__ = ["Algebra", "Beyond", "Inverse", "Polynomials", "collect", "derivative", "inverse"]
