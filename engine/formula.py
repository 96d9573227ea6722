"""Formula text → tree, and the tree back to text.

A text is bounded first (`misread.py`, or one pattern that nearly every formula fits), then read with Python's `ast`, then
walked by an allow-list. The tree keeps the author's form: a sum is one node with its terms in order, so nesting is the
nesting of brackets.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .errors import Place, Problem, RulesError, plain, suggest
from .patterns import after, renamed
from .quantity import literal
from .tree import (
    DEEPEST,
    FUNCTIONS,
    MOST_TOKENS,
    Call,
    Cell,
    Choose,
    Compare,
    Constant,
    Fold,
    Formula,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Span,
    Tree,
    Truth,
)  # fmt: skip

if TYPE_CHECKING:
    from .misread import Source


def parse(text: str, place: Place) -> Formula:
    """Read a formula.

    Args:
        text: the formula.
        place: where it stands. Parts of it can be pointed at when the place is as long as the text.

    Raises:
        RulesError: with what is wrong, where, and what to write instead.
    """
    easy = after(text, place, _easy_tree)
    if easy is not None:
        return easy
    stripped = text.strip()
    if not stripped:
        raise RulesError(Problem("the formula is empty", place, "write what the value is, such as `2 * width`"))
    lead = len(text) - len(text.lstrip())
    from .misread import Source, bound, syntax_problem

    source = Source(text, place, place.length == len(text))
    bound(source)
    line = " " * lead + stripped.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse("(" + line[lead:] + ")", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise syntax_problem(error, source, lead) from None
    reader = _Reader(line[lead:], source, lead)
    tree = reader.read(body, 0)
    if reader.problems:
        raise RulesError(*reader.problems)
    return Formula(text, tree, place)


@functools.lru_cache(maxsize=10_000)
def _easy_tree(text: str) -> Tree | None:
    """The tree of a formula that is seen at once to be within every bound; None for any other and for a wrong one.

    Nearly every formula is one, and many stand in a file again and again (`mode == b`): each is read once.
    """
    if (known := renamed(text)) is not None:
        return known
    if len(text) > MOST_TOKENS or text.count("(") > DEEPEST or not _EASY.fullmatch(text):
        return None
    lead = len(text) - len(text.lstrip())
    try:
        body = ast.parse(f"({text[lead:].rstrip()})", mode="eval").body
        reader = _Reader(text[lead:], None, lead)
        tree = reader.read(body, 0)
    except (SyntaxError, ValueError, MemoryError, RecursionError, RulesError):
        return None
    return None if reader.problems else tree


_EASY = re.compile(r"(?>[A-Za-z_][A-Za-z0-9_]*|(?:0|[1-9][0-9_]{0,40})(?:\.[0-9]{1,20})?(?![A-Za-z0-9_.])|[-+*/%<>=!(),. ])++")
"""A formula that is within every bound if it is short: nearly all are, and this is seen at once."""


_FOLDS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_COMPARES = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_SUMS = (ast.Add, ast.Sub)


class _Reader:
    """Walks Python's tree by an allow-list."""

    def __init__(self, text: str, source: Source | None, lead: int) -> None:
        self.text = text
        self.source = source
        self.lead = lead
        self.shift = lead - 1  # the text is read within brackets
        self.problems: list[Problem] = []

    def span(self, node: ast.expr) -> Span:
        return node.col_offset + self.shift, (node.end_col_offset or node.col_offset) + self.shift

    def refuse(self, node: ast.expr, message: str, hint: str = "") -> Tree:
        start, end = self.span(node)
        self.problems.append(self.source.problem(message, start, end, hint) if self.source else Problem(message))
        return Constant(0)

    def too_deep(self, node: ast.expr) -> RulesError:
        message, hint = f"the formula nests deeper than {DEEPEST}", "split it into rules with names"
        return self.source.refuse(message, *self.span(node), hint) if self.source else RulesError(Problem(message))

    def read(self, node: ast.expr, depth: int) -> Tree:
        if depth > DEEPEST:
            raise self.too_deep(node)
        method = _READERS.get(node.__class__)
        if method is None:
            return self.refuse(node, f"{_WHAT.get(type(node), 'this')} has no meaning in a formula")
        return method(self, node, depth + 1)

    def read_constant(self, node: ast.Constant, depth: int) -> Tree:
        start, end = self.span(node)
        text = self.text[start - self.lead : end - self.lead]
        if isinstance(node.value, bool) or node.value is None:
            hint = "leave the term out, or write 0" if node.value is None else f"write `{str(node.value).lower()}`"
            return self.refuse(node, f"`{node.value}` has no meaning in a formula", hint)
        if not isinstance(node.value, (int, float)):
            return self.refuse(node, "text has no meaning in a formula", "words of a choice stand without quotes")
        return Constant(literal(text), text, (start, end))

    def read_name(self, node: ast.Name, depth: int) -> Tree:
        name = node.id
        if name in _NO_NAMES:
            if name in FUNCTIONS:
                return self.refuse(node, f"`{name}` is a function and needs its arguments", f"write `{name}(…)`")
            return Truth(name == "true", self.span(node))
        return Name(name, self.span(node))

    def read_attribute(self, node: ast.Attribute, depth: int) -> Tree:
        path = [node.attr]
        base: ast.expr = node.value
        while isinstance(base, ast.Attribute):
            path.append(base.attr)
            base = base.value
        if not isinstance(base, ast.Name) or len(path) > 2 or any(part.startswith("_") for part in [*path, base.id]):
            return self.refuse(node, "the dot reads a table: `choice.column` or `table.row.column`, nothing else")
        return Cell((base.id, *reversed(path)), self.span(node))

    def read_binop(self, node: ast.BinOp, depth: int) -> Tree:
        if isinstance(node.op, ast.Pow):
            return Power(self.read(node.left, depth), self.read(node.right, depth), self.span(node))
        if type(node.op) not in _FOLDS:
            sign = {ast.BitXor: "^", ast.BitAnd: "&", ast.BitOr: "|", ast.MatMult: "@"}.get(type(node.op), "<<")
            return self.refuse(node, f"`{sign}` has no meaning in a formula", {"^": "a power is written `**`"}.get(sign, ""))
        sums = isinstance(node.op, _SUMS)
        operators: list[str] = []
        operands: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and type(left.op) in _FOLDS and isinstance(left.op, _SUMS) == sums:
            operators.append(_FOLDS[type(left.op)])
            operands.append(left.right)
            left = left.left
        operands.append(left)
        trees = tuple(self.read(operand, depth) for operand in reversed(operands))
        return Fold(tuple(reversed(operators)), trees, self.span(node))

    def read_unaryop(self, node: ast.UnaryOp, depth: int) -> Tree:
        if isinstance(node.op, ast.Invert):
            return self.refuse(node, "`~` has no meaning in a formula", "write `not`")
        operand = self.read(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return Not(operand, self.span(node))
        return Negative(operand, self.span(node)) if isinstance(node.op, ast.USub) else operand

    def read_compare(self, node: ast.Compare, depth: int) -> Tree:
        if len(node.ops) > 1:
            return self.refuse(node, "one comparison at a time", "write `a < b and b < c`")
        if type(node.ops[0]) not in _COMPARES:
            return self.refuse(node, "`in` and `is` have no meaning in a formula", "write `==`, several with `or`")
        left, right = self.read(node.left, depth), self.read(node.comparators[0], depth)
        return Compare(_COMPARES[type(node.ops[0])], left, right, self.span(node))

    def read_boolop(self, node: ast.BoolOp, depth: int) -> Tree:
        operands = tuple(self.read(value, depth) for value in node.values)
        return Logic("and" if isinstance(node.op, ast.And) else "or", operands, self.span(node))

    def read_ifexp(self, node: ast.IfExp, depth: int) -> Tree:
        return Choose(self.read(node.test, depth), self.read(node.body, depth), self.read(node.orelse, depth), self.span(node))

    def read_subscript(self, node: ast.Subscript, depth: int) -> Tree:
        if not isinstance(node.value, ast.Name) or isinstance(node.slice, (ast.Slice, ast.Tuple)):
            return self.refuse(node, "`[ ]` picks one element of a list by its number", "write `name[0]`")
        return Item(self.read(node.value, depth), self.read(node.slice, depth), self.span(node))

    def read_call(self, node: ast.Call, depth: int) -> Tree:
        if not isinstance(node.func, ast.Name):
            return self.refuse(node, "only the functions of the language can be called", "they are " + ", ".join(FUNCTIONS))
        name = node.func.id
        if name not in FUNCTIONS:
            hint = suggest(name, FUNCTIONS) or "the functions are " + ", ".join(FUNCTIONS)
            return self.refuse(node.func, f"unknown function `{plain(name)}`", hint)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            return self.refuse(node, f"`{name}` takes plain arguments, no `key=value` and no `*`")
        least, most = FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            return self.refuse(node, f"`{name}` takes {wanted} argument{'s' if wanted != '1' else ''}, not {len(node.args)}")
        return Call(name, tuple(self.read(argument, depth) for argument in node.args), self.span(node))


_NO_NAMES = FUNCTIONS.keys() | {"true", "false"}
_READERS: dict[type, Callable[[_Reader, Any, int], Tree]] = {
    ast.Name: _Reader.read_name,
    ast.Constant: _Reader.read_constant,
    ast.BinOp: _Reader.read_binop,
    ast.Attribute: _Reader.read_attribute,
    ast.UnaryOp: _Reader.read_unaryop,
    ast.Compare: _Reader.read_compare,
    ast.BoolOp: _Reader.read_boolop,
    ast.IfExp: _Reader.read_ifexp,
    ast.Subscript: _Reader.read_subscript,
    ast.Call: _Reader.read_call,
}
_WHAT: dict[type[ast.expr], str] = {
    ast.Lambda: "`lambda`",
    ast.List: "a list",
    ast.Tuple: "a comma outside a function",
    ast.Dict: "a map",
    ast.Set: "a set",
    ast.ListComp: "a loop",
    ast.SetComp: "a loop",
    ast.GeneratorExp: "a loop",
    ast.Yield: "`yield`",
    ast.NamedExpr: "`:=`",
    ast.JoinedStr: "text",
    ast.Starred: "`*` before a name",
}


_RANK = {"or": 1, "and": 2, "not": 3, "compare": 4, "sum": 5, "product": 6, "negative": 7, "power": 8, "atom": 9}


def rank(tree: Tree) -> int:
    """How tightly a node binds; a part with a lower rank than its place wants brackets."""
    match tree:
        case Choose():
            return 0
        case Logic(operator):
            return _RANK[operator]
        case Not():
            return _RANK["not"]
        case Compare():
            return _RANK["compare"]
        case Fold(operators):
            return _RANK["sum" if operators[0] in "+-" else "product"]
        case Negative():
            return _RANK["negative"]
        case Power():
            return _RANK["power"]
        case Constant(value, text) if not text and isinstance(value, Fraction):
            return _RANK["product"]
        case Constant(value) if value < 0:
            return _RANK["negative"]
    return _RANK["atom"]


def write(tree: Tree, least: int = 0) -> str:
    """The tree as formula text; reading it gives the same tree."""
    text = _write(tree)
    return f"({text})" if rank(tree) < least else text


def _write(tree: Tree) -> str:
    match tree:
        case Constant(value, text):
            return text or str(value)
        case Truth(value):
            return "true" if value else "false"
        case Name(name):
            return name
        case Cell(path):
            return ".".join(path)
        case Fold(operators, operands):
            inner = rank(tree)
            parts = [write(operands[0], inner)]
            for operator, operand in zip(operators, operands[1:], strict=True):
                parts += [operator, write(operand, inner + 1)]
            return " ".join(parts)
        case Power(base, exponent):
            return f"{write(base, _RANK['atom'])}**{write(exponent, _RANK['negative'])}"
        case Negative(operand):
            return f"-{write(operand, _RANK['negative'])}"
        case Compare(operator, left, right):
            return f"{write(left, _RANK['sum'])} {operator} {write(right, _RANK['sum'])}"
        case Logic(operator, operands):
            return f" {operator} ".join(write(operand, _RANK[operator] + 1) for operand in operands)
        case Not(operand):
            return f"not {write(operand, _RANK['not'])}"
        case Choose(condition, yes, no):
            return f"{write(yes, 1)} if {write(condition, 1)} else {write(no)}"
        case Call(function, arguments):
            return f"{function}({', '.join(write(argument) for argument in arguments)})"
        case Item(items, index):
            return f"{write(items, _RANK['atom'])}[{write(index)}]"
