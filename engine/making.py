"""Trees made anew without what says nothing: `x * 1`, `x + 0`, a branch that is never taken. And how large they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

from . import arithmetic
from .arithmetic import Undefined
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

ZERO = Constant(0)
ONE = Constant(1)
TRUE = Truth(True)
FALSE = Truth(False)
Leaf = Callable[[Tree], Tree | None]


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
