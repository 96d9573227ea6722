"""Trees as JavaScript: functions over an algebra, so that one text of a formula is computed, bounded, opened and drawn.

A formula becomes `o=>o.m(2,o.v(17))`: `o` is the algebra (exact numbers, spans, trees), names are their positions in one list.
What may not be computed at all (a side of a choice, a later operand of `and`) stands in a function of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ..tree import Call, Cell, Choose, Compare, Constant, Fold, Item, Logic, Name, Negative, Not, Power, Tree, Truth

_SAFE = 2**53
_FOLDS = {"+": "a", "-": "s", "*": "m", "/": "d", "//": "q", "%": "r"}
_COMPARES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_CALLS = {"ceil": "ceil", "floor": "floor", "abs": "abs", "round_up": "up", "sum": "sum", "count": "count", "length": "len"}


def text(value: str) -> str:
    """A text as JavaScript and as JSON, in ASCII, that also no HTML parser takes for anything else."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def formula(tree: Tree, ids: Mapping[str, int], table_of: Callable[[str], int]) -> str:
    """A tree as a JavaScript function of an algebra.

    Args:
        tree: the formula.
        ids: the position of every name; what is not in it is a word.
        table_of: the number of the table of that name, or of the table that a choice of that name picks a row of.
    """
    return "o=>" + _Writer(ids, table_of).write(tree)


class _Writer:
    def __init__(self, ids: Mapping[str, int], table_of: Callable[[str], int]) -> None:
        self.ids = ids
        self.table_of = table_of

    def write(self, tree: Tree) -> str:
        """The expression of a tree."""
        match tree:
            case Constant() | Truth() | Name() | Cell():
                return self._leaf(tree)
            case Fold(operators, operands):
                made = self.write(operands[0])
                for sign, operand in zip(operators, operands[1:], strict=True):
                    made = f"o.{_FOLDS[sign]}({made},{self.write(operand)})"
                return made
            case Power(base, exponent):
                return f"o.p({self.write(base)},{self.write(exponent)})"
            case Negative(operand):
                return f"o.neg({self.write(operand)})"
            case Compare(sign, left, right):
                return f"o.{_COMPARES[sign]}({self.write(left)},{self.write(right)})"
            case Logic(sign, operands):
                return f"o.{sign}({','.join(f'()=>{self.write(operand)}' for operand in operands)})"
            case Not(operand):
                return f"o.not({self.write(operand)})"
            case Choose(condition, yes, no):
                return f"o.if({self.write(condition)},()=>{self.write(yes)},()=>{self.write(no)})"
            case Item(listed, position):
                return f"o.item({self.write(listed)},{self.write(position)})"
            case Call(function, arguments):
                return self._call(function, arguments)

    def _leaf(self, tree: Constant | Truth | Name | Cell) -> str:
        match tree:
            case Constant(value, written):
                plain = isinstance(value, int) and abs(value) < _SAFE and written in {"", str(value)}
                return str(value) if plain else f"o.n({text(written or str(value))})"
            case Truth(value):
                return "true" if value else "false"
            case Name(name):
                return f"o.v({self.ids[name]})" if name in self.ids else text(name)
            case Cell(path):
                return self._cell(path)

    def _cell(self, path: tuple[str, ...]) -> str:
        table = self.table_of(path[0])
        if len(path) == 3:
            return f"o.k({table},{text(path[1])},{text(path[2])})"
        return f"o.c({self.ids[path[0]]},{table},{text(path[1])})"

    def _call(self, function: str, arguments: tuple[Tree, ...]) -> str:
        if function in {"min", "max"}:  # a name may not apply, and is left out then
            parts = [
                f"o.u({self.ids[each.name]})" if isinstance(each, Name) and each.name in self.ids else self.write(each)
                for each in arguments
            ]
            return f"o.{function}({','.join(parts)})"
        return f"o.{_CALLS[function]}({','.join(self.write(each) for each in arguments)})"
