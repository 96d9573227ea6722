"""Trees as a Python module that computes the same exact values, with nothing but the standard library.

Names of a rules file begin with a lower-case letter, so everything of the module itself begins with an upper-case one or is a word that
cannot be a name: neither can hide the other. A definition is a function, so that what is not needed is not computed, as in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from ..errors import plain
from ..formula import rank, write
from ..named import NamedTuple
from ..records import Table, Value
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
    children,
)

_HELPERS = {
    "Divide": '''\
def Divide(above, below):
    """above / below, exactly: an int where it is whole."""
    return Whole(Fraction(above) / below)''',
    "Power": '''\
def Power(base, exponent):
    """base ** exponent for a whole exponent of at most 64 in size."""
    exponent = Whole(exponent)
    if exponent.denominator != 1 or abs(exponent) > 64:
        raise ValueError("an exponent is a whole number of at most 64 in size")
    return Whole(Fraction(base) ** exponent)''',
    "RoundUp": '''\
def RoundUp(value, multiple):
    """The smallest multiple of `multiple` not below `value`."""
    if multiple <= 0:
        raise ValueError("the multiple of round_up is above 0")
    return Whole(-(-value // multiple) * multiple)''',
    "Element": '''\
def Element(items, position):
    """One element of a list, counted from 0."""
    items, position = items or (), Whole(position)
    if position.denominator != 1 or not 0 <= position < Length(items):
        raise IndexError("the list has no such element")
    return items[position]''',
    "Total": '''\
def Total(items):
    """The sum of a list of numbers."""
    return Whole(sum(items or ()))''',
    "Count": '''\
def Count(items, value):
    """How many elements of a list are this value."""
    return sum(1 for item in items or () if item == value)''',
    "Needed": '''\
def Needed(name, value):
    """An input that must be given."""
    if value is None:
        raise TypeError(f"`{name}` must be given")
    return value''',
    "Whole": '''\
def Whole(value):
    """The same value, an int where it is a whole number."""
    return value.numerator if value.__class__ is Fraction and value.denominator == 1 else value''',
}
_USES = {"Divide": ("Whole",), "Power": ("Whole",), "RoundUp": ("Whole",), "Element": ("Whole",), "Total": ("Whole",)}
_SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = 5, 6, 7, 8, 9


class Parameter(NamedTuple):
    """An input of a function. Without a default value and a formula for one it must be given, if it is needed."""

    name: str
    default: Value | None = None
    formula: Tree | None = None


class Function(NamedTuple):
    """One function to write: its parameters, the definitions it uses, each after those it uses, and what it returns.

    `conditions` must hold; where one does not the function says so.
    """

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    definitions: tuple[tuple[str, Tree], ...]
    result: Tree
    conditions: tuple[Tree, ...] = ()


def module(
    functions: Sequence[Function], tables: Mapping[str, Table], about: str, row_tables: Mapping[str, str], words: Callable[[str], bool]
) -> str:
    """A Python module.

    Args:
        functions: what it defines.
        tables: the tables that may be read.
        about: its docstring.
        row_tables: the table that each name picks a row of.
        words: whether a name is a word of a choice.
    """
    writer = _Writer(words, row_tables)
    bodies = [_function(function, writer) for function in functions]
    used = set(writer.helpers)
    for helper in tuple(used):
        used.update(_USES.get(helper, ()))
    imports = ["from fractions import Fraction"]
    rounding = [word for word in ("ceil", "floor", "isqrt") if word in writer.imports]
    if any(function.definitions or any(each.formula for each in function.parameters) for function in functions):
        imports.append("from functools import cache as Cache")
    if rounding:
        imports.append("from math import " + ", ".join(word if word != "isqrt" else "isqrt as Root" for word in rounding))
    blocks = [_docstring(about), "\n".join(imports)]
    if "Element" in used or "Length" in writer.helpers:
        blocks.append("Length = len")
    blocks += [_table(name, tables[name], columns) for name, columns in sorted(writer.tables.items())]
    helpers = [text for name, text in _HELPERS.items() if name in used]
    return "\n\n".join(blocks) + "\n\n\n" + "\n\n\n".join([*helpers, *bodies]) + "\n"


def _docstring(text: str) -> str:
    return '"""' + plain(text, 400).replace("\\", r"\\").replace('"', "'") + '"""'


def _table(name: str, table: Table, columns: Iterable[str]) -> str:
    rows = []
    for row, cells in table.rows.items():
        inner = ", ".join(f"{column!r}: {_value(cells[column])}" for column in sorted(columns) if column in cells)
        rows.append(f"    {row!r}: {{{inner}}},")
    return f"{_table_name(name)} = {{\n" + "\n".join(rows) + "\n}"


def _table_name(name: str) -> str:
    return "Table_" + name


def _value(value: Value | None) -> str:
    if isinstance(value, Fraction):
        return f"Fraction({value.numerator}, {value.denominator})"
    if isinstance(value, tuple):
        return "(" + "".join(f"{_value(item)}, " for item in value) + ")"
    return repr(value)


def _function(function: Function, writer: _Writer) -> str:
    defaults = {each.name: each.formula for each in function.parameters if each.formula is not None}
    writer.defined = {name for name, _ in function.definitions} | defaults.keys()
    writer.needed = {each.name for each in function.parameters if each.default is None and each.formula is None}
    listed = ", ".join(f"{each.name}={_value(each.default)}" for each in function.parameters)
    lines = [f"def {function.name}({'*, ' + listed if listed else ''}):", "    " + _docstring(function.about)]
    for name, tree in defaults.items():
        lines += _inner(_inner_name(name), f"{writer.part(tree, 1)} if {name} is None else {name}")
    for name, tree in function.definitions:
        lines += _inner(_inner_name(name), writer.write(tree))
    for condition in function.conditions:
        lines += [
            f"    if not {writer.part(condition, rank(Not(condition)))}:",
            f"        raise ValueError({'there is no such value: ' + write(condition)!r})",
        ]
    result = writer.write(function.result)
    writer.helpers.add("Whole")
    return "\n".join([*lines, f"    return Whole({result})"])


def _inner(name: str, body: str) -> list[str]:
    return ["", "    @Cache", f"    def {name}():", f"        return {body}", ""]


def _inner_name(name: str) -> str:
    return "Get_" + name


class _Writer:
    """Writes trees; what a module must have for them is noted."""

    def __init__(self, words: Callable[[str], bool], row_tables: Mapping[str, str]) -> None:
        self.words = words
        self.row_tables = row_tables
        self.defined: set[str] = set()
        self.needed: set[str] = set()
        self.helpers: set[str] = set()
        self.imports: set[str] = set()
        self.tables: dict[str, set[str]] = {}

    def part(self, tree: Tree, least: int) -> str:
        """A part, in brackets where it binds less than `least`."""
        text = self.write(tree)
        return f"({text})" if self.rank(tree) < least else text

    @staticmethod
    def rank(tree: Tree) -> int:
        """How tightly the Python of a tree binds; a division and a general power are function calls there."""
        if isinstance(tree, Fold) and "/" in tree.operators:
            return _ATOM if tree.operators[-1] == "/" else _PRODUCT
        if isinstance(tree, Constant):
            return _NEGATIVE if tree.value < 0 and tree.value.denominator == 1 else _ATOM
        if isinstance(tree, Power) and not _plain_power(tree):
            return _ATOM
        return rank(tree)

    def helper(self, name: str, *parts: str) -> str:
        """A call of a function of the module."""
        self.helpers.add(name)
        return f"{name}({', '.join(parts)})"

    def write(self, tree: Tree) -> str:
        """The Python of a tree."""
        match tree:
            case Constant(value):
                return _value(value)
            case Truth(value):
                return repr(value)
            case Name(word):
                return self._name(word)
            case Cell(path):
                return self._cell(path)
            case Fold(operators, operands):
                return self._fold(operators, operands)
            case Power(base, exponent):
                if _plain_power(tree):
                    return f"{self.part(base, _ATOM)} ** {self.write(exponent)}"
                return self.helper("Power", self.write(base), self.write(exponent))
            case Negative(operand):
                return f"-{self.part(operand, _NEGATIVE)}"
            case Compare() | Logic() | Not():
                return self._condition(tree)
            case Choose(condition, yes, no):
                return f"{self.part(yes, 1)} if {self.part(condition, 1)} else {self.write(no)}"
            case Item(listed, position):
                self.helpers.add("Length")
                return self.helper("Element", self.write(listed), self.write(position))
            case Call(function, arguments):
                return self._call(function, arguments)

    def _condition(self, tree: Compare | Logic | Not) -> str:
        match tree:
            case Compare(operator, left, right):
                return f"{self.part(left, _SUM)} {operator} {self.part(right, _SUM)}"
            case Logic(operator, operands):
                return f" {operator} ".join(self.part(operand, rank(tree) + 1) for operand in operands)
            case Not(operand):
                return f"not {self.part(operand, rank(tree))}"

    def _name(self, word: str) -> str:
        if self.words(word):
            return repr(word)
        if word in self.defined:
            return f"{_inner_name(word)}()"
        return self.helper("Needed", repr(word), word) if word in self.needed else word

    def _cell(self, path: tuple[str, ...]) -> str:
        table = path[0] if len(path) == 3 else self.row_tables[path[0]]
        self.tables.setdefault(table, set()).add(path[-1])
        row = repr(path[1]) if len(path) == 3 else self._name(path[0])
        return f"{_table_name(table)}[{row}][{path[-1]!r}]"

    def _fold(self, operators: Sequence[str], operands: Sequence[Tree]) -> str:
        inner = _SUM if operators[0] in "+-" else _PRODUCT
        made = self.write(operands[0])
        bracketed = self.rank(operands[0]) < inner
        for operator, operand in zip(operators, operands[1:], strict=True):
            if operator == "/":
                made = self.helper("Divide", made, self.write(operand))
            else:
                left = f"({made})" if bracketed else made
                made = f"{left} {operator} {self.part(operand, inner + 1)}"
            bracketed = False
        return made

    def _call(self, function: str, arguments: Sequence[Tree]) -> str:
        parts = [self.write(argument) for argument in arguments]
        match function:
            case "min" | "max":
                return (
                    f"{function}({', '.join(parts)})"
                    if len(parts) > 1
                    else parts[0]
                    if self.rank(arguments[0]) == _ATOM
                    else f"({parts[0]})"
                )
            case "abs":
                return f"abs({parts[0]})"
            case "ceil" | "floor":
                self.imports.add(function)
                return f"{function}({parts[0]})"
            case "isqrt":
                self.imports.add(function)
                return f"Root({parts[0]})"
            case "round_up":
                return self.helper("RoundUp", *parts)
            case "sum":
                return self.helper("Total", *parts)
            case "count":
                return self.helper("Count", *parts)
            case "length":
                self.helpers.add("Length")
                return f"Length({parts[0]} or ())"
        raise ValueError(f"`{function}` has no exact value in Python")


def _plain_power(tree: Power) -> bool:
    exponent = tree.exponent
    return isinstance(exponent, Constant) and isinstance(exponent.value, int) and 0 <= exponent.value <= 64


def free(tree: Tree) -> set[str]:
    """The names a tree reads, words included."""
    found: set[str] = set()
    if isinstance(tree, Name):
        found.add(tree.name)
    elif isinstance(tree, Cell) and len(tree.path) == 2:
        found.add(tree.path[0])
    for child in children(tree):
        found |= free(child)
    return found
