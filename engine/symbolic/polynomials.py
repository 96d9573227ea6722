"""Short forms: a polynomial in what is kept, with everything that is no polynomial as a part of its own."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd, lcm

import sympy
from sympy import Add, Expr, Integer, Mul, Pow, Rational, Symbol

from .. import making
from ..formula import write
from ..making import ZERO, call, choose, number, product
from ..quantity import BITS
from ..tree import (
    Call,
    Choose,
    Compare,
    Constant,
    Fold,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Tree,
    Truth,
    children,
)
from .algebra import CALLS, MOST_EXPONENT, NUMERIC, Algebra, Beyond, FloorDivide, Modulo, rational

MOST_TERMS = 100
"""Terms of a product that is multiplied out; a longer one stays as it is."""
_MOST_NESTED = 40


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
                return making.compare(operator, self.collect(left), self.collect(right), self._word)
            case Logic(operator, operands):
                return making.logic(operator, tuple(self.collect(operand) for operand in operands))
            case Not(operand):
                return making.inverted(self.collect(operand))
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
            case Call(function, arguments) if function in CALLS:
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
            return NUMERIC[FloorDivide if operator == "//" else Modulo](left, right)
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
        if not isinstance(size, int) or abs(size) > MOST_EXPONENT:
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
            return NUMERIC[CALLS[function]](*parts)
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
