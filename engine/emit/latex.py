r"""Trees as LaTeX mathematics.

Nothing of a file reaches LaTeX as it is: names become letters, digits and `\_` in `\mathrm{}`, and a symbol is used only when it is one
letter or word with an optional index. So no file can bring a command in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ..quantity import Number
from ..tree import Call, Cell, Choose, Compare, Constant, Fold, Item, Logic, Name, Negative, Not, Power, Tree, Truth
from . import symbols as parts

_COMPARES = {"==": "=", "!=": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
_CHOICE, _OR, _AND, _NOT, _COMPARE, _MODULO, _SUM, _PRODUCT, _NEGATIVE, _ATOM = range(10)
Made = tuple[int, str]


def name(word: str) -> str:
    r"""A name as it is: `\mathrm{kept\_part}`. Anything but letters, digits and underscores is left out."""
    safe = re.sub(r"[^A-Za-z0-9_]", "", word).replace("_", r"\_")
    return rf"\mathrm{{{safe}}}"


def symbol(text: str) -> str | None:
    """A short name such as `M_x` or `t_{ab}`; None for any other text."""
    found = parts.symbol(text)
    return _symbol(found) if found else None


def _symbol(made: parts.Symbol) -> str:
    return _letters(made.base) + (f"_{{{_letters(made.below)}}}" if made.below else "")


def _letters(text: str) -> str:
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text}}}"


def symbols(named: Mapping[str, str]) -> dict[str, str]:
    """How names are written: by their symbol where it is safe and no other name has it."""
    return {key: _symbol(found) for key, found in parts.symbols(named).items()}


def document(
    equations: Sequence[tuple[str, Tree]], where: Sequence[tuple[str, Tree]], known: Mapping[str, str], operator: str = "="
) -> str:
    """Equations, one a line, aligned when there are several.

    Args:
        equations: names with their trees.
        where: definitions they use.
        known: how names are written, see `symbols`.
        operator: what stands between the two sides of an equation.
    """
    sign = _COMPARES.get(operator, "=")
    lines = [f"{_named(key, known)} &{sign} {formula(tree, known)}" for key, tree in equations]
    lines += [f"{_named(key, known)} &= {formula(tree, known)}" for key, tree in where]
    if len(lines) == 1:
        return lines[0].replace("&", "", 1)
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def formula(tree: Tree, known: Mapping[str, str]) -> str:
    """A tree as LaTeX, to stand in mathematics."""
    return _Writer(known).write(tree)[1]


def _named(key: str, known: Mapping[str, str]) -> str:
    return known.get(key) or name(key)


def _number(value: Number, text: str) -> Made:
    plain = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:[eE]\+?([0-9]+))?", text.replace("_", ""))
    if plain and plain[2]:
        return _PRODUCT, rf"{plain[1]} \cdot 10^{{{int(plain[2])}}}" if plain[1] != "1" else f"10^{{{int(plain[2])}}}"
    if plain:
        return _ATOM, plain[1]
    sign = "-" if value < 0 else ""
    size = -value if value < 0 else value
    if size.denominator != 1:
        return _NEGATIVE if sign else _PRODUCT, rf"{sign}\frac{{{size.numerator}}}{{{size.denominator}}}"
    return _NEGATIVE if sign else _ATOM, f"{sign}{size}"


class _Writer:
    """Writes parts with how tightly they bind."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known

    def part(self, tree: Tree, least: int) -> str:
        """A part, in brackets where it binds less than `least`."""
        found, text = self.write(tree)
        return text if found >= least else rf"\left({text}\right)"

    def write(self, tree: Tree) -> Made:
        """The text of a tree, and how tightly it binds."""
        match tree:
            case Constant(value, text):
                return _number(value, text)
            case Truth(value):
                return _ATOM, r"\text{true}" if value else r"\text{false}"
            case Name(word):
                return _ATOM, _named(word, self.known)
            case Cell(path):
                return _ATOM, rf"{name(path[-1])}\left({', '.join(_named(part, self.known) for part in path[:-1])}\right)"
            case Fold(operators, operands):
                return self._sum(operators, operands) if operators[0] in "+-" else self._product(operators, operands)
            case Power(base, exponent):
                return _NEGATIVE, f"{self.part(base, _ATOM)}^{{{self.write(exponent)[1]}}}"
            case Negative(operand):
                return _NEGATIVE, f"-{self.part(operand, _PRODUCT)}"
            case Choose():
                return _CHOICE, self._cases(tree)
            case Call(function, arguments):
                return self._call(function, arguments)
            case Item(listed, position):
                return _ATOM, f"{self.part(listed, _ATOM)}_{{{self.write(position)[1]}}}"
        return self._condition(tree)

    def _condition(self, tree: Tree) -> Made:
        match tree:
            case Compare(operator, left, right):
                return _COMPARE, f"{self.part(left, _MODULO)} {_COMPARES[operator]} {self.part(right, _MODULO)}"
            case Logic(operator, operands):
                inner = _AND if operator == "and" else _OR
                sign = r" \land " if operator == "and" else r" \lor "
                return inner, sign.join(self.part(operand, inner + 1) for operand in operands)
            case Not(operand):
                return _NOT, rf"\lnot {self.part(operand, _ATOM)}"
        raise TypeError(tree)

    def _sum(self, operators: Sequence[str], operands: Sequence[Tree]) -> Made:
        text = self.part(operands[0], _SUM)
        for operator, operand in zip(operators, operands[1:], strict=True):
            found, inner = self.write(operand)
            bare = found >= _PRODUCT and not inner.startswith("-")
            text += f" {operator} " + (inner if bare else rf"\left({inner}\right)")
        return _SUM, text

    def _product(self, operators: Sequence[str], operands: Sequence[Tree]) -> Made:
        """From the left: what stands so far is the top of the next fraction."""
        made = self.write(operands[0])
        for operator, operand in zip(operators, operands[1:], strict=True):
            made = self._joined(made, operator, operand)
        return made

    def _joined(self, made: Made, operator: str, operand: Tree) -> Made:
        found, left = made
        match operator:
            case "*":
                first = left if found >= _PRODUCT else rf"\left({left}\right)"
                inner, right = self.write(operand)
                bare = inner >= _PRODUCT and not right.startswith("-")
                second = right if bare else rf"\left({right}\right)"
                return _PRODUCT, rf"{first} \cdot {second}"
            case "/":
                return _PRODUCT, rf"\frac{{{left}}}{{{self.write(operand)[1]}}}"
            case "//":
                return _ATOM, rf"\left\lfloor \frac{{{left}}}{{{self.write(operand)[1]}}} \right\rfloor"
        first = left if found >= _ATOM else rf"\left({left}\right)"
        return _MODULO, rf"{first} \bmod {self.part(operand, _ATOM)}"

    def _cases(self, tree: Tree) -> str:
        lines = []
        while isinstance(tree, Choose):
            lines.append(rf"{self.write(tree.yes)[1]} & \text{{if }} {self.write(tree.condition)[1]}")
            tree = tree.no
        lines.append(rf"{self.write(tree)[1]} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"

    def _call(self, function: str, arguments: Sequence[Tree]) -> Made:
        texts = [self.write(argument)[1] for argument in arguments]
        around: dict[str, Callable[[], Made]] = {
            "ceil": lambda: (_ATOM, rf"\left\lceil {texts[0]} \right\rceil"),
            "floor": lambda: (_ATOM, rf"\left\lfloor {texts[0]} \right\rfloor"),
            "abs": lambda: (_ATOM, rf"\left| {texts[0]} \right|"),
            "sqrt": lambda: (_ATOM, rf"\sqrt{{{texts[0]}}}"),
            "isqrt": lambda: (_ATOM, rf"\left\lfloor \sqrt{{{texts[0]}}} \right\rfloor"),
            "round_up": lambda: (
                _PRODUCT,
                rf"\left\lceil \frac{{{texts[0]}}}{{{texts[1]}}} \right\rceil \cdot {self.part(arguments[1], _ATOM)}",
            ),
        }
        if function in around and (function != "round_up" or isinstance(arguments[1], Constant | Name | Cell)):  # it stands there twice
            return around[function]()
        word = rf"\{function}" if function in {"min", "max"} else name(function)
        return _ATOM, rf"{word}\left({', '.join(texts)}\right)"
