"""Inverses: the largest or smallest value of an unknown for which a tree is within a bound."""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Add, Expr, Integer, Symbol

from .. import arithmetic, making
from ..formula import write
from ..making import ZERO, call, choose, product, total
from ..named import NamedTuple
from ..quantity import Number
from ..tree import (
    Call,
    Choose,
    Compare,
    Fold,
    Tree,
    Truth,
    children,
)
from .algebra import Algebra, Beyond, exact, rational
from .polynomials import Polynomials, _length, _split, nonnegative, positive, whole

MOST_BRANCHES = 64
"""Pieces an inverse may have."""


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
        return any(symbol == self.unknown or self.name in making.names(self.algebra.standing(symbol)) for symbol in expression.free_symbols)

    def pieces(self, expression: Expr) -> list[Symbol]:
        """The parts of an expression with the unknown in them."""
        found = [
            symbol
            for symbol in expression.free_symbols
            if symbol != self.unknown and self.name in making.names(self.algebra.standing(symbol))
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
            case Choose(condition, yes, no) if self.name not in making.names(condition):
                pulled = None if slope == 1 and rest == 0 else self._pulled(condition, yes, no)
                if pulled is not None:
                    return self.solve(sympy.expand_mul(slope * pulled) + rest, right, strict)
                return self._either(condition, branch(yes), branch(no))
            case Call("ceil" | "floor" as function, (argument,)):
                return self._step(function == "ceil", self.polynomials.read(argument), line, right, strict)
            case Call("round_up", (argument, multiple)) if self.name not in making.names(multiple):
                size = self.polynomials.read(multiple)
                steps = self.polynomials.times(self.polynomials.read(argument), self.polynomials.over(size))
                if not positive(size):
                    raise _None
                return self._step(True, steps, (sympy.expand_mul(slope * size), *line[1:]), right, strict)
            case Fold(operators, operands) if operators[-1] == "//" and self.name not in making.names(operands[-1]):
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
            limiting, holds = (yes, condition) if no.tree is None else (no, making.inverted(condition))
            return limiting._replace(conditions=(holds, *limiting.conditions))
        if (yes.upper, yes.strict) != (no.upper, no.strict):
            raise _None
        conditions = [making.logic("or", (making.inverted(condition), part)) for part in yes.conditions]
        conditions += [making.logic("or", (condition, part)) for part in no.conditions]
        return yes._replace(tree=choose(condition, yes.tree, no.tree), conditions=tuple(conditions))

    # Pieces without parts.

    def _smooth(self, left: Expr, right: Expr, strict: bool) -> _Bound:
        powers = _powers(left, self.unknown)
        if powers.keys() == {0}:
            test = making.compare("<" if strict else "<=", self.short(left), self.short(right), lambda _: False)
            return _Bound(True, None, () if test == making.TRUE else (test,))
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
