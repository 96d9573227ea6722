"""Formula text → tree, and the tree back to text.

The text is split into tokens and bounded first, then read with Python's `ast`, then walked by an allow-list. The tree
keeps the author's form: a sum is one node with its terms in order, so nesting is the nesting of brackets.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from .errors import Place, Problem, RulesError, Text, plain, suggest
from .quantity import LONGEST, Number, literal

Made = TypeVar("Made")

LONGEST_FORMULA = 2_000
MOST_TOKENS = 1_000
DEEPEST = 50
MOST_ARGUMENTS = 64
LARGEST_EXPONENT = 64

Span = tuple[int, int]
_NOWHERE: Span = (0, 0)


_ASIDE = frozenset({"span", "text", "place"})


def _node(made: type[Made]) -> type[Made]:
    """A named tuple that equals only its own kind, whatever its place (dataclasses would cost a tenth of a start)."""
    names = [name for name in made._fields if name not in _ASIDE]  # type: ignore[attr-defined]
    indices = tuple(made._fields.index(name) for name in names)  # type: ignore[attr-defined]

    def key(self: Any) -> tuple[Any, ...]:
        return tuple(self[index] for index in indices)

    def same(self: Any, other: object) -> bool:
        return other.__class__ is made and key(self) == key(other)

    def show(self: Any) -> str:
        return f"{made.__name__}({', '.join(repr(part) for part in key(self))})"

    made.__eq__ = same  # type: ignore[method-assign]
    made.__ne__ = lambda self, other: not same(self, other)  # type: ignore[method-assign]
    made.__hash__ = lambda self: hash((made.__name__, *key(self)))  # type: ignore[method-assign]
    made.__repr__ = show  # type: ignore[method-assign]
    return made


@_node
class Constant(NamedTuple):
    """A number, `text` as the author wrote it (empty when computed)."""

    value: Number
    text: str = ""
    span: Span = _NOWHERE


@_node
class Truth(NamedTuple):
    """`true` or `false`."""

    value: bool
    span: Span = _NOWHERE


@_node
class Name(NamedTuple):
    """An input, a rule, or a word of a choice."""

    name: str
    span: Span = _NOWHERE


@_node
class Cell(NamedTuple):
    """`choice.column` (two parts) or `table.row.column` (three)."""

    path: tuple[str, ...]
    span: Span = _NOWHERE


@_node
class Fold(NamedTuple):
    """Operands joined from the left by operators of one rank: `+ -`, or `* / // %`. One operator fewer than operands."""

    operators: tuple[str, ...]
    operands: tuple[Tree, ...]
    span: Span = _NOWHERE


@_node
class Power(NamedTuple):
    """`base ** exponent`."""

    base: Tree
    exponent: Tree
    span: Span = _NOWHERE


@_node
class Negative(NamedTuple):
    """`-operand`."""

    operand: Tree
    span: Span = _NOWHERE


@_node
class Compare(NamedTuple):
    """`left operator right`, one of `== != < <= > >=`."""

    operator: str
    left: Tree
    right: Tree
    span: Span = _NOWHERE


@_node
class Logic(NamedTuple):
    """Operands joined by `and` or by `or`."""

    operator: str
    operands: tuple[Tree, ...]
    span: Span = _NOWHERE


@_node
class Not(NamedTuple):
    """`not operand`."""

    operand: Tree
    span: Span = _NOWHERE


@_node
class Choose(NamedTuple):
    """`yes if condition else no`."""

    condition: Tree
    yes: Tree
    no: Tree
    span: Span = _NOWHERE


@_node
class Call(NamedTuple):
    """`function(arguments)`."""

    function: str
    arguments: tuple[Tree, ...]
    span: Span = _NOWHERE


@_node
class Item(NamedTuple):
    """`list[index]`, counted from 0."""

    listed: Tree
    position: Tree
    span: Span = _NOWHERE


Tree = Constant | Truth | Name | Cell | Fold | Power | Negative | Compare | Logic | Not | Choose | Call | Item

FUNCTIONS: dict[str, tuple[int, int]] = {
    "min": (1, MOST_ARGUMENTS),
    "max": (1, MOST_ARGUMENTS),
    "ceil": (1, 1),
    "floor": (1, 1),
    "abs": (1, 1),
    "round_up": (2, 2),
    "sum": (1, 1),
    "count": (2, 2),
    "length": (1, 1),
}
"""Functions with the least and the most arguments."""

WORDS = frozenset({"and", "or", "not", "if", "else", "true", "false"})
"""Words of the language."""

RESERVED = (
    WORDS
    | FUNCTIONS.keys()
    | frozenset(
        "as assert async await break class continue def del elif except finally for from global import in is lambda "
        "nonlocal none null pass raise return try while with yield True False None sqrt log log2 exp round int float".split()
    )
)
"""Words that cannot be names."""


@_node
class Formula(NamedTuple):
    """A tree with the text it was read from and where that stands."""

    text: str
    tree: Tree
    place: Place

    def at(self, tree: Tree) -> Place:
        """Where a part of the tree stands."""
        start, end = tree.span
        if end <= start or self.place.length != len(self.text):
            return self.place
        return self.place.within(start, end)


def parse(text: str, place: Place) -> Formula:
    """Read a formula.

    Args:
        text: the formula.
        place: where it stands. Parts of it can be pointed at when the place is as long as the text.

    Raises:
        RulesError: with what is wrong, where, and what to write instead.
    """
    stripped = text.strip()
    if not stripped:
        raise RulesError(Problem("the formula is empty", place, "write what the value is, such as `2 * width`"))
    lead = len(text) - len(text.lstrip())
    source = _Source(text, place, place.length == len(text))
    easy = _easy_tree(text, lead)
    if easy is not None:
        return Formula(text, easy, place)
    _bound(source)
    line = " " * lead + stripped.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse("(" + line[lead:] + ")", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _syntax_problem(error, source, lead) from None
    reader = _Reader(line[lead:], source, lead)
    tree = reader.read(body, 0)
    if reader.problems:
        raise RulesError(*reader.problems)
    return Formula(text, tree, place)


@functools.lru_cache(maxsize=10_000)
def _easy_tree(text: str, lead: int) -> Tree | None:
    """The tree of a formula that is seen at once to be within every bound; None for any other and for a wrong one.

    Nearly every formula is one, and many stand in a file again and again (`mode == b`): each is read once.
    """
    if len(text) > MOST_TOKENS or text.count("(") > DEEPEST or not _EASY.fullmatch(text):
        return None
    try:
        body = ast.parse(f"({text[lead:].rstrip()})", mode="eval").body
        reader = _Reader(text[lead:], _Source(text, _UNPLACED, exact=False), lead)
        tree = reader.read(body, 0)
    except (SyntaxError, ValueError, MemoryError, RecursionError, RulesError):
        return None
    return None if reader.problems else tree


_UNPLACED = Place(Text("", ""), 1, 1)


class _Source(NamedTuple):
    """The text that is read; `exact` when its parts can be pointed at."""

    text: str
    place: Place
    exact: bool

    def problem(self, message: str, start: int, end: int, hint: str = "") -> Problem:
        if self.exact:
            return Problem(message, self.place.within(start, end), hint)
        around = self.text[max(0, start - 30) : end + 30].strip()
        return Problem(f"{message} (in `{plain(around)}`)", self.place, hint)

    def refuse(self, message: str, start: int, end: int, hint: str = "") -> RulesError:
        return RulesError(self.problem(message, start, end, hint))


_TOKEN = re.compile(
    r"[ \t\r\n]+|(?P<number>(?:[0-9]|\.[0-9])[0-9A-Za-z_]*(?:(?<=[0-9_])\.[0-9A-Za-z_]*)?(?:(?<=[eE])[+-][0-9_]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>().,\[\]])|(?P<other>.)",
    re.DOTALL,
)
_NUMBER = re.compile(r"(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INSTEAD = {
    "^": "a power is written `**`",
    "=": "to compare write `==`",
    "&": "write `and`",
    "|": "write `or`",
    "~": "write `not`",
    "!": "write `not`, or `!=` to compare",
    "'": "words of a choice stand without quotes",
    '"': "words of a choice stand without quotes",
    "`": "names stand without quotes",
    "{": "there are no templates or sets: write the name itself",
    "}": "there are no templates or sets: write the name itself",
    ";": "a formula is one expression",
    "#": "a comment belongs outside the formula, or in `doc`",
    ":": "a formula is one expression",
    "@": "the product of two numbers is `*`",
    "\\": "a formula needs no backslash",
    "?": "write `a if condition else b`",
    "$": "names stand without `$`",
    "\u00a0": "this is a no-break space: write a plain one",
    "\u2212": "this is a Unicode minus: write `-`",
    "\u00d7": "write `*`",
    "\u00b7": "write `*`",
    "\u00f7": "write `/`",
    "\u00b2": "write `**2`",
    "\u00b3": "write `**3`",
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u2260": "write `!=`",
}


_EASY = re.compile(r"(?>[A-Za-z_][A-Za-z0-9_]*|(?:0|[1-9][0-9_]{0,40})(?:\.[0-9]{1,20})?(?![A-Za-z0-9_.])|[-+*/%<>=!(),. ])++")
"""A formula that is within every bound if it is short: nearly all are, and this is seen at once."""


def _bound(source: _Source) -> None:
    """Refuse what is too long, too deep, or not made of the language's tokens, before anything recursive reads it."""
    text = source.text
    if len(text) > LONGEST_FORMULA:
        raise source.refuse(
            f"the formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read", 0, 1, "split it into rules with names"
        )
    tokens = depth = 0
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind is None:
            continue
        start, end = token.span()
        tokens += 1
        if tokens > MOST_TOKENS:
            raise source.refuse(f"the formula has more than {MOST_TOKENS:,} words and signs", start, end, "split it into rules with names")
        if kind == "other":
            raise _odd_character(source, token[0], start)
        if kind == "number":
            _check_number(source, token[0], start, end)
        if token[0] in {"(", "["}:
            opened.append(start)
            depth = len(opened)
        elif token[0] in {")", "]"}:
            if not opened:
                raise source.refuse(f"this `{token[0]}` closes nothing", start, end, "remove it, or open a bracket before it")
            opened.pop()
        if depth > DEEPEST:
            raise source.refuse(f"brackets nest deeper than {DEEPEST}", start, end, "split it into rules with names")
    if opened:
        raise source.refuse(
            "this bracket is not closed", opened[-1], opened[-1] + 1, "add a `)`" if text[opened[-1]] == "(" else "add a `]`"
        )


def _odd_character(source: _Source, character: str, start: int) -> RulesError:
    hint = _INSTEAD.get(character, "")
    if not hint and not character.isascii():
        hint = "formulas are ASCII: letters a-z, digits and the signs + - * / // % ** ( )"
    return source.refuse(f"`{plain(character)}` has no meaning in a formula", start, start + 1, hint)


def _check_number(source: _Source, text: str, start: int, end: int) -> None:
    if len(text) > LONGEST:
        raise source.refuse(f"this number has {len(text):,} characters; at most {LONGEST} are read", start, end)
    if text[-1:] in "jJ" and _NUMBER.fullmatch(text[:-1]):
        raise source.refuse("numbers are real: there is no imaginary unit", start, end)
    if not _NUMBER.fullmatch(text):
        raise source.refuse(
            f"`{plain(text)}` is not a number", start, end, "names begin with a letter; in a formula a number has no suffix"
        )
    try:
        literal(text)
    except ValueError as error:
        raise source.refuse(f"`{plain(text)}`: {error}", start, end) from None


_FOREIGN = re.compile(r"\b(?:lambda|yield|await|import|from|raise|assert|del|return|for|while|in|is|def|class|with|try|pass)\b")


def _syntax_problem(error: BaseException, source: _Source, lead: int) -> RulesError:
    if not isinstance(error, SyntaxError):
        return source.refuse("the formula is nested too deeply", 0, len(source.text), "split it into rules with names")
    offset = (error.offset or 2) - 2 + lead
    offset = max(0, min(offset, len(source.text) - 1))
    end = max(offset + 1, min((error.end_offset or 0) - 2 + lead, len(source.text)))
    foreign = _FOREIGN.search(source.text)
    if foreign:
        return source.refuse(f"`{foreign[0]}` has no meaning in a formula", foreign.start(), foreign.end())
    if "too complex" in str(error) or "nested" in str(error):
        return source.refuse("the formula is nested too deeply", offset, end, "split it into rules with names")
    return source.refuse("this is not a formula", offset, end, "a value or an operator is missing here, or one too many stands here")


_FOLDS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_COMPARES = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_SUMS = (ast.Add, ast.Sub)


class _Reader:
    """Walks Python's tree by an allow-list."""

    def __init__(self, text: str, source: _Source, lead: int) -> None:
        self.text = text
        self.source = source
        self.lead = lead
        self.problems: list[Problem] = []

    def span(self, node: ast.expr) -> Span:
        return node.col_offset - 1 + self.lead, (node.end_col_offset or node.col_offset) - 1 + self.lead

    def refuse(self, node: ast.expr, message: str, hint: str = "") -> Tree:
        start, end = self.span(node)
        self.problems.append(self.source.problem(message, start, end, hint))
        return Constant(0)

    def read(self, node: ast.expr, depth: int) -> Tree:
        if depth > DEEPEST:
            start, end = self.span(node)
            raise self.source.refuse(f"the formula nests deeper than {DEEPEST}", start, end, "split it into rules with names")
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
        if node.id in {"true", "false"}:
            return Truth(node.id == "true", self.span(node))
        if node.id in FUNCTIONS:
            return self.refuse(node, f"`{node.id}` is a function and needs its arguments", f"write `{node.id}(…)`")
        return Name(node.id, self.span(node))

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
            return self.refuse(node, f"`{sign}` has no meaning in a formula", _INSTEAD.get(sign, "write `* 2**n`"))
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


_CHILDREN: dict[type, Callable[[Any], tuple[Tree, ...]]] = {
    Constant: lambda tree: (),
    Truth: lambda tree: (),
    Name: lambda tree: (),
    Cell: lambda tree: (),
    Fold: lambda tree: tree.operands,
    Power: lambda tree: (tree.base, tree.exponent),
    Negative: lambda tree: (tree.operand,),
    Compare: lambda tree: (tree.left, tree.right),
    Logic: lambda tree: tree.operands,
    Not: lambda tree: (tree.operand,),
    Choose: lambda tree: (tree.condition, tree.yes, tree.no),
    Call: lambda tree: tree.arguments,
    Item: lambda tree: (tree.listed, tree.position),
}


def children(tree: Tree) -> tuple[Tree, ...]:
    """The parts directly below a node, in the order written."""
    return _CHILDREN[tree.__class__](tree)


def walk(tree: Tree) -> Iterator[Tree]:
    """The node and all below it, in the order written."""
    left = [tree]
    while left:
        at = left.pop()
        yield at
        left.extend(reversed(_CHILDREN[at.__class__](at)))


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
        case Constant(value) if value < 0:
            return _RANK["negative"]
        case Constant(value, text) if not text and isinstance(value, Fraction):
            return _RANK["product"]
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
