"""The tree of a formula: nodes that never change, and walking over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, TypeVar, cast

from .errors import Place
from .named import NamedTuple
from .quantity import Number

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
KINDS: tuple[type, ...] = (Constant, Truth, Name, Cell, Fold, Power, Negative, Compare, Logic, Not, Choose, Call, Item)
"""The kinds of nodes; its place here is the number of a kind where a tree is kept as plain data."""

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


class LateFormula(Formula):
    """A formula whose parts are made when they are first asked for; underneath it is what they are made of."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.tree == other.tree

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(Formula(self.text, self.tree, self.place))

    def __repr__(self) -> str:
        return repr(Formula(self.text, self.tree, self.place))

    def __iter__(self) -> Iterator[Any]:
        return iter((self.text, self.tree, self.place))


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


_FIELDS: dict[type, tuple[str, ...]] = {
    Power: ("base", "exponent"),
    Negative: ("operand",),
    Compare: ("left", "right"),
    Not: ("operand",),
    Choose: ("condition", "yes", "no"),
    Item: ("listed", "position"),
}


def rebuilt(tree: Tree, parts: tuple[Tree, ...]) -> Tree:
    """The same node over other parts, as many as it has children."""
    fields: dict[str, Any] = dict(zip(_FIELDS.get(tree.__class__, ()), parts, strict=False))
    if isinstance(tree, Fold | Logic | Call):
        fields = {"arguments" if isinstance(tree, Call) else "operands": parts}
    made: Any = tree
    same_kind: Tree = made._replace(**fields)
    return same_kind


def walk(tree: Tree) -> Iterator[Tree]:
    """The node and all below it, in the order written."""
    left = [tree]
    while left:
        at = left.pop()
        yield at
        left.extend(reversed(_CHILDREN[at.__class__](at)))


_new: Any = tuple.__new__


class Pattern:
    """What formulas that differ only in their names have in common.

    `reads` are the places of their names in the order of the tree, where every name stands for a value of its own (no cell of a table,
    no element of a list, nothing that is looked for in one); None in any other formula. A word that could not be the name of a rule, such
    as one in capitals, is not among their names.
    """

    __slots__ = ("lengths", "places", "reads", "starts", "tree")

    def __init__(self, tree: Tree, names: list[str], starts: list[int]) -> None:
        self.tree = tree
        self.starts = starts
        self.lengths = [len(name) for name in names]
        self.places = {start: index for index, start in enumerate(starts)}
        self.reads: tuple[int, ...] | None = None
        parts = list(walk(tree))
        if not any(isinstance(part, Cell | Item) or (isinstance(part, Call) and part.function == "count") for part in parts):
            reads = [self.places.get(part.span[0]) for part in parts if isinstance(part, Name)]
            self.reads = None if None in reads else cast("tuple[int, ...]", tuple(reads))

    def tree_of(self, names: tuple[str, ...]) -> Tree:
        """The tree with other names, each part where it stands with them."""
        from bisect import bisect_left
        from itertools import accumulate

        longer = [0, *accumulate(len(name) - length for name, length in zip(names, self.lengths, strict=True))]
        starts, places = self.starts, self.places

        def moved(span: Span) -> Span:
            return span[0] + longer[bisect_left(starts, span[0])], span[1] + longer[bisect_left(starts, span[1])]

        def made(part: Any) -> Any:
            kind = part.__class__
            if kind is tuple:
                return tuple(map(made, part))
            if not isinstance(part, tuple):
                return part
            if kind in {Name, Cell} and (place := places.get(part[1][0])) is not None:
                name = names[place]
                return _new(kind, (name if kind is Name else (name, *part[0][1:]), moved(part[1])))
            return _new(kind, (*map(made, part[:-1]), moved(part[-1])))

        return cast("Tree", made(self.tree))


class Patterned(LateFormula):
    """A formula after a pattern, with its names in the order written."""

    # a tuple of its text, nothing, its place, the pattern, the names, and what makes its tree; the tree itself is put beside it

    @property
    def tree(self) -> Tree:
        """The tree."""
        found: Tree | None = self.__dict__.get("tree")
        if found is None:
            found = self.__dict__["tree"] = cast("Callable[[str], Tree]", tuple.__getitem__(self, 5))(self.text)
        return found

    pattern: Pattern = property(itemgetter(3))  # type: ignore[assignment]
    """What it has in common with others."""
    names: tuple[str, ...] = property(itemgetter(4))  # type: ignore[assignment]
    """The names, in the order written."""
