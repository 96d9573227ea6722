"""Derivatives of trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import making
from ..formula import write
from ..making import ONE, ZERO, choose, negative, power, product, total
from ..tree import (
    Call,
    Choose,
    Compare,
    Constant,
    Fold,
    Name,
    Negative,
    Power,
    Tree,
)
from .algebra import Algebra, Beyond
from .polynomials import collect


def derivative(tree: Tree, name: str, algebra: Algebra) -> Tree:
    """The derivative by a name, where there is one: of roundings it is 0, of `min`, `max` and choices that of the branch taken.

    Raises:
        Beyond: when the tree is no number or the name is in an exponent.
    """

    def inner(part: Tree) -> Tree:
        return _derivative(part, name, inner)

    return collect(inner(tree), algebra)


def _derivative(tree: Tree, name: str, inner: Callable[[Tree], Tree]) -> Tree:
    if name not in making.names(tree):
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
        case Power(base, exponent) if name not in making.names(exponent):
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
