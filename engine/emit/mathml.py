"""Trees as MathML Core, the mathematics a browser typesets by itself.

MathML has no line breaks: what is long becomes a table of lines, broken before the operators of a sum, a product or a condition and after
the commas of a function, by an estimate of its width. Every text of a file is escaped, so that no file can bring an element in.
`engine/page/js/math.js` does the same in a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from ..errors import plain
from ..named import NamedTuple
from ..quantity import Number
from ..tree import Call, Cell, Choose, Compare, Constant, Fold, Item, Logic, Name, Negative, Not, Power, Tree, Truth
from .symbols import Symbol, symbols

WIDTH = 900
"""Room of a line, in tenths of a digit."""
_DIGIT, _SIGN, _COMMA, _BRACKET, _GAP, _INDENT = 10, 30, 15, 9, 16, 40
_NARROWEST, _SHORT = 300, 60
_SIGNS = {"+": "+", "-": "\u2212", "*": "⋅", "%": "mod", "and": "and", "or": "or", "=": "=", "iff": "⇔"}
_SIGNS |= {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_CHOICE, _OR, _AND, _NOT, _COMPARE, _MODULO, _SUM, _PRODUCT, _NEGATIVE, _ATOM = range(10)
_LEFT = ("style", "text-align: left;")
_BELOW = ("style", "text-align: left; padding-left: 2em;")
_LARGE = ("displaystyle", "true")
_SPACE = "http://www.w3.org/1998/Math/MathML"
_FONTS = "font-family: Cambria Math, STIX Two Math, Latin Modern Math, DejaVu Math TeX Gyre, math;"
"""Fonts whose brackets stretch; what a browser takes for `math` is often none of them."""


class Node(NamedTuple):
    """An element, over a text or other elements."""

    tag: str
    content: str | tuple[Node, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        settings = "".join(f' {key}="{escape(value)}"' for key, value in self.attributes)
        inner = escape(self.content, quote=False) if isinstance(self.content, str) else "".join(map(str, self.content))
        return f"<{self.tag}{settings}>{inner}</{self.tag}>" if inner else f"<{self.tag}{settings}/>"


class Made(NamedTuple):
    """A part: how tightly it binds, what it is made of, how wide it is, whether it begins with a minus, and of a fraction its parts."""

    binds: int
    nodes: tuple[Node, ...]
    width: int
    minus: bool = False
    fraction: tuple[Made, Made] | None = None


Part = tuple[str, Made]
"""A part and the operator before it, none before the first."""
Line = tuple[tuple[Node, ...], int]
"""What stands on a line, and how wide it is."""


def document(
    equations: Sequence[tuple[str, Tree]],
    where: Sequence[tuple[str, Tree]] = (),
    known: Mapping[str, Symbol] | None = None,
    operator: str = "=",
    conditions: Sequence[Tree] = (),
    room: int = WIDTH,
) -> str:
    """Equations, aligned at their sign, as one element `math`.

    Args:
        equations: names with their trees.
        where: definitions they use, below them.
        known: how names are written, see `symbols`.
        operator: what stands between the two sides of an equation.
        conditions: what must hold for them.
        room: how wide a line may be, in tenths of a digit.
    """
    writer = _Writer(known or {}, room)
    rows = [row for name, tree in equations for row in writer.equation(name, operator, tree)]
    rows += [writer.condition(condition, room) for condition in conditions]
    rows += [_row((_word("where"),), ())] if where else []
    rows += [row for name, tree in where for row in writer.equation(name, "=", tree)]
    inner = "\n".join(map(str, rows))
    return f'<math xmlns="{_SPACE}" display="block" style="{_FONTS}"><mtable displaystyle="true">\n{inner}\n</mtable></math>'


def formula(tree: Tree, known: Mapping[str, Symbol] | None = None, room: int = WIDTH) -> str:
    """A tree as one element, to stand in an element `math`.

    Args:
        tree: what to write.
        known: how names are written, see `symbols`.
        room: how wide a line may be, in tenths of a digit.
    """
    return str(_mrow(_Writer(known or {}, room).write(tree, room).nodes))


# Elements.


def _mrow(nodes: tuple[Node, ...]) -> Node:
    return nodes[0] if len(nodes) == 1 else Node("mrow", nodes)


def _cells(*cells: tuple[tuple[Node, ...], tuple[str, str]]) -> Node:
    """A row of cells with their styles."""
    return Node("mtr", tuple(Node("mtd", nodes, (style,)) for nodes, style in cells))


def _row(name: tuple[Node, ...], side: tuple[Node, ...]) -> Node:
    """A line of an equation."""
    return _cells((name, _LEFT), (side, _LEFT))


def _sign(operator: str, *, first: bool = False) -> tuple[Node, ...]:
    """An operator between two operands, also where it is the first of a line."""
    if not operator:
        return ()
    text = _SIGNS[operator]
    return (_word(text, before=not first, after=True) if text.isalpha() else Node("mo", text, (("form", "infix"),)),)


def _word(text: str, *, before: bool = False, after: bool = False) -> Node:
    return Node("mtext", "\u00a0" * before + text + "\u00a0" * after)


def _letters(text: str) -> Made:
    """One letter is set in italics by the browser, more are not."""
    return Made(_ATOM, (Node("mn" if text.isdigit() else "mi", text),), len(text) * _DIGIT)


def _script(tag: str, base: Made, small: Made, binds: int = _ATOM) -> Made:
    """A part with a small one above or below its end."""
    return Made(binds, (Node(tag, (_mrow(base.nodes), _mrow(small.nodes))),), base.width + small.width * 7 // 10)


def _name(text: str) -> Made:
    """A name or a word, upright."""
    shown = re.sub("[_ ]", "\u00a0", plain(text))
    upright = (("mathvariant", "normal"),) if len(shown) == 1 else ()
    return Made(_ATOM, (Node("mi", shown, upright),), len(shown) * _DIGIT)


def _symbol(made: Symbol) -> Made:
    base = _letters(made.base)
    return _script("msub", base, _letters(made.below)) if made.below else base


def _digits(text: str) -> str:
    """A number with its whole part in groups of three."""
    whole, dot, rest = text.partition(".")
    return (re.sub(r"(?<=\d)(?=(?:\d{3})+$)", "\u202f", whole) if len(whole) > 4 else whole) + dot + rest


def _number(value: Number, text: str) -> Made:
    plainly = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:[eE]\+?([0-9]+))?", text.replace("_", ""))
    if plainly:
        shown = _digits(plainly[1])
        made = Made(_ATOM, (Node("mn", shown),), len(shown) * _DIGIT)
        if not plainly[2]:
            return made
        power = _script("msup", _letters("10"), _letters(str(int(plainly[2]))))
        return power if shown == "1" else _times(made, power)
    size = -value if value < 0 else value
    if size.denominator != 1:
        found = _fraction(_number(size.numerator, str(size.numerator)), _number(size.denominator, str(size.denominator)))
    else:
        found = _number(size, str(size))
    return _negative(found) if value < 0 else found


def _negative(made: Made) -> Made:
    return Made(_NEGATIVE, (Node("mo", _SIGNS["-"], (("form", "prefix"),)), *made.nodes), made.width + _DIGIT, minus=True)


def _fraction(top: Made, bottom: Made) -> Made:
    """A fraction of a fraction has one bar: two would look alike."""
    if top.fraction:
        return _fraction(top.fraction[0], _times(top.fraction[1], bottom))
    node = Node("mfrac", (_mrow(top.nodes), _mrow(bottom.nodes)), (_LARGE,))
    return Made(_PRODUCT, (node,), max(top.width, bottom.width) + 4, fraction=(top, bottom))


def _factor(made: Made) -> Made:
    """A part to stand after an operator."""
    return made if made.binds >= _PRODUCT and not made.minus else _bracketed(made)


def _times(left: Made, right: Made) -> Made:
    first, second = _factor(left), _factor(right)
    return Made(_PRODUCT, (*first.nodes, *_sign("*"), *second.nodes), first.width + second.width + _SIGN)


def _around(left: str, made: Made, right: str) -> Made:
    inner = Node("mrow", (Node("mo", left), *made.nodes, Node("mo", right)))
    return Made(_ATOM, (inner,), made.width + 2 * _BRACKET)


def _bracketed(made: Made) -> Made:
    return _around("(", made, ")")


def _joined(lines: list[Line], binds: int, *, minus: bool = False) -> Made:
    """Lines below each other."""
    if len(lines) == 1:
        return Made(binds, *lines[0], minus)
    table = Node("mtable", tuple(_cells((nodes, _LEFT)) for nodes, _ in lines), (_LARGE,))
    return Made(binds, (table,), max(width for _, width in lines) + _GAP // 2, minus)


def _whole(binds: int, parts: Sequence[Part], room: int) -> Made:
    """Parts as one."""
    first = parts[0][1]
    return first if len(parts) == 1 else _joined(_filled(parts, room), binds, minus=first.minus)


def _conditions(listed: Sequence[list[Part]], room: int) -> list[Made]:
    """`if` and what must hold, of each case but the last."""
    made = []
    for parts in listed:
        (nodes, width), *others = _filled(parts, room - 3 * _DIGIT)
        made.append(_joined([((_word("if", after=True), *nodes), width + 3 * _DIGIT), *others], _CHOICE))
    return [*made, Made(_CHOICE, (_word("otherwise"),), 9 * _DIGIT)]


def _filled(parts: Sequence[Part], room: int) -> list[Line]:
    """Parts with the operators before them, side by side as long as they fit, else on a new line."""
    lines: list[Line] = []
    for operator, made in parts:
        width = made.width + _SIGN * bool(operator)
        if lines and (lines[-1][1] + width <= room or lines[-1][1] <= _SHORT):
            nodes, used = lines.pop()
            lines.append(((*nodes, *_sign(operator), *made.nodes), used + width))
        else:
            lines.append(((*_sign(operator, first=True), *made.nodes), width))
    return lines


class _Writer:
    """Writes parts into the room they have."""

    def __init__(self, known: Mapping[str, Symbol], room: int) -> None:
        self.known = known
        self.room = room

    def equation(self, name: str, operator: str, tree: Tree) -> list[Node]:
        """The rows of an equation."""
        condition = tree.condition if isinstance(tree, Choose) and tree.no == Constant(0) else None
        body = tree.yes if isinstance(tree, Choose) and condition else tree
        sign = "iff" if isinstance(body, Compare | Logic | Not) and operator == "=" else operator
        head = self.named(name)
        room = self.room - head.width - _SIGN - 2 * _GAP
        (nodes, _), *others = _filled(self.parts(body, room)[1], room)
        rows = [_row(head.nodes, (*_sign(sign), *nodes)), *(_row((), line) for line, _ in others)]
        return [*rows, self.condition(condition, room, ", otherwise 0")] if condition else rows

    def condition(self, tree: Tree, room: int, after: str = "") -> Node:
        """The row that says what must hold."""
        *parts, (operator, last) = self.parts(tree, room)[1]
        if after:
            last = Made(last.binds, (*last.nodes, _word(after)), last.width + len(after) * _DIGIT)
        return _row((), _conditions([[*parts, (operator, last)]], room)[0].nodes)

    def named(self, name: str) -> Made:
        """A name by its symbol, where it has one."""
        return _symbol(self.known[name]) if name in self.known else _name(name)

    def part(self, tree: Tree, least: int, room: int) -> Made:
        """A part, in brackets where it binds less than `least`."""
        found = self.write(tree, room)
        return found if found.binds >= least else _bracketed(found)

    def parts(self, tree: Tree, room: int) -> tuple[int, list[Part]]:
        """What a tree may be broken into, and how tightly it binds."""
        room = max(room, _NARROWEST)
        match tree:
            case Fold(operators, operands) if operators[0] in "+-":
                others = [
                    (operator, _factor(self.write(each, room - _SIGN))) for operator, each in zip(operators, operands[1:], strict=True)
                ]
                return _SUM, [("", self.part(operands[0], _SUM, room)), *others]
            case Fold(operators, operands):
                return self._product(operators, operands, room)
            case Logic(operator, operands):
                binds = _AND if operator == "and" else _OR
                first, *rest = (self.part(operand, binds + 1, room - _SIGN) for operand in operands)
                return binds, [("", first), *((operator, each) for each in rest)]
        found = self.write(tree, room)
        return found.binds, [("", found)]

    def write(self, tree: Tree, room: int) -> Made:
        """A tree as one part."""
        match tree:
            case Constant(value, text):
                return _number(value, text)
            case Truth(value):
                return _name("true" if value else "false")
            case Name(word):
                return self.named(word)
            case Cell(path):
                return self._cell(path)
            case Power(base, exponent):
                return _script("msup", self.part(base, _ATOM, room), self.write(exponent, room), _NEGATIVE)
            case Negative(operand):
                return _negative(_factor(self.write(operand, room)))
            case Choose():
                return self._cases(tree, room)
            case Call(function, arguments):
                return self._call(function, arguments, room)
            case Item(listed, position):
                return _script("msub", self.part(listed, _ATOM, room), self.write(position, room))
            case Compare(operator, left, right):
                first, second = self.part(left, _MODULO, self.room), self.part(right, _MODULO, self.room)
                return Made(_COMPARE, (*first.nodes, *_sign(operator), *second.nodes), first.width + second.width + _SIGN)
            case Not(operand):
                found = self.part(operand, _ATOM, room)
                return Made(_NOT, (_word("not", after=True), *found.nodes), found.width + 4 * _DIGIT)
        binds, parts = self.parts(tree, room)
        return _whole(binds, parts, max(room, _NARROWEST))

    def _cell(self, path: Sequence[str]) -> Made:
        return _script("msub", _name(path[-1]), _listed([self.named(part) for part in path[:-1]], self.room))

    def _product(self, operators: Sequence[str], operands: Sequence[Tree], room: int) -> tuple[int, list[Part]]:
        """From the left: what stands so far is the top of the next fraction."""
        parts = [("", self.write(operands[0], room))]
        binds = parts[0][1].binds
        for operator, operand in zip(operators, operands[1:], strict=True):
            if operator == "*":
                left = parts[0][1]
                parts[0] = ("", left if left.binds >= _PRODUCT else _bracketed(left))
                binds, parts = _PRODUCT, [*parts, ("*", _factor(self.write(operand, room - _SIGN)))]
                continue
            top = _whole(binds, parts, room)
            if operator == "%":
                top = top if top.binds >= _ATOM else _bracketed(top)
                binds, parts = _MODULO, [("", top), ("%", self.part(operand, _ATOM, room - _SIGN))]
                continue
            made = _fraction(top, self.write(operand, room))
            made = _around("⌊", made, "⌋") if operator == "//" else made
            binds, parts = made.binds, [("", made)]
        return binds, parts

    def _cases(self, tree: Tree, room: int) -> Made:
        """Values with their conditions beside them, or below them where a line has no room for both."""
        values: list[Made] = []
        conditions: list[list[Part]] = []
        while isinstance(tree, Choose):
            values.append(self.write(tree.yes, room - _GAP))
            conditions.append(self.parts(tree.condition, room - _INDENT)[1])
            tree = tree.no
        values.append(self.write(tree, room - _GAP))
        left = max(value.width for value in values)
        whens = _conditions(conditions, room * 9 // 20)
        width = left + max(when.width for when in whens) + 3 * _GAP
        rows = [_cells((value.nodes, _LEFT), (when.nodes, _LEFT)) for value, when in zip(values, whens, strict=True)]
        if width > room:
            whens = _conditions(conditions, room - _INDENT)
            width = max(left, max(when.width for when in whens) + _INDENT) + 2 * _GAP
            pairs = zip(values, whens, strict=True)
            rows = [row for value, when in pairs for row in (_cells((value.nodes, _LEFT)), _cells((when.nodes, _BELOW)))]
        return Made(_CHOICE, (Node("mrow", (Node("mo", "{"), Node("mtable", tuple(rows), (_LARGE,)))),), width)

    def _call(self, function: str, arguments: Sequence[Tree], room: int) -> Made:
        made = [self.write(argument, room - 6 * _DIGIT) for argument in arguments]
        match function:
            case "ceil":
                return _around("⌈", made[0], "⌉")
            case "floor":
                return _around("⌊", made[0], "⌋")
            case "abs":
                return _around("|", made[0], "|")
            case "sqrt":
                return Made(_ATOM, (Node("msqrt", made[0].nodes),), made[0].width + _DIGIT)
            case "isqrt":
                return _around("⌊", Made(_ATOM, (Node("msqrt", made[0].nodes),), made[0].width + _DIGIT), "⌋")
            case "round_up" if isinstance(arguments[1], Constant | Name | Cell):  # it stands there twice
                return _times(_around("⌈", _fraction(made[0], made[1]), "⌉"), made[1])
        head = _name(function)
        inner = _bracketed(_listed(made, room - head.width))
        return Made(_ATOM, (*head.nodes, *inner.nodes), head.width + inner.width)


def _listed(parts: Sequence[Made], room: int) -> Made:
    """Parts with commas, after which they are broken."""
    comma = Node("mo", ",")
    *others, last = parts
    listed = [*(Made(_ATOM, (*each.nodes, comma), each.width + _COMMA) for each in others), last]
    return _whole(_ATOM, [("", each) for each in listed], room)


__all__ = ["WIDTH", "Symbol", "document", "formula", "symbols"]
