"""Formulas that differ only in their names are read once: the first of them is read, and the others take after it.

The tree of such a formula is made when it is first asked for; who needs what is known without it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from keyword import kwlist
from operator import itemgetter
from typing import Any, cast

from .errors import Place
from .tree import FUNCTIONS, MOST_TOKENS, WORDS, Call, Cell, Item, LateFormula, Name, Span, Tree, walk

_NAME = re.compile(r"(?<![A-Za-z0-9_.])([a-z][A-Za-z0-9_]*)")
_FIXED = WORDS | FUNCTIONS.keys() | frozenset(kwlist)
"""Words that are no names: part of what formulas have in common."""
MOST_KEPT = 10_000
"""Patterns that are kept; beyond, all are forgotten."""
_NAMED = frozenset({Name, Cell})
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
            if kind in _NAMED and (place := places.get(part[1][0])) is not None:
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


_PATTERNS: dict[tuple[str, ...], Pattern] = {}


def _key(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a text has in common with others, and its names."""
    parts = _NAME.split(text)
    names = parts[1::2]
    if _FIXED.isdisjoint(names):
        parts[1::2] = [""] * len(names)
        return tuple(parts), tuple(names)
    parts[1::2] = [name if name in _FIXED else "" for name in names]
    return tuple(parts), tuple([name for name in names if name not in _FIXED])


def after(text: str, place: Place, tree: Callable[[str], Tree | None]) -> Patterned | None:
    """The formula after a pattern that is known, or the first of a new one; None where it has none.

    Args:
        text: the formula.
        place: where it stands.
        tree: reads a formula; None for one that must be read with more care.
    """
    if len(text) > MOST_TOKENS:
        return None
    key, names = _key(text)
    pattern = _PATTERNS.get(key)
    if pattern is None:
        first = tree(text)
        if first is None:
            return None
        found = [(part[1], part.start()) for part in _NAME.finditer(text) if part[1] not in _FIXED]
        if len(_PATTERNS) >= MOST_KEPT:
            _PATTERNS.clear()
        pattern = _PATTERNS[key] = Pattern(first, [name for name, _ in found], [start for _, start in found])
    made: Patterned = _new(Patterned, (text, None, place, pattern, names, tree))
    return made


def renamed(text: str) -> Tree | None:
    """The tree of a formula after a pattern that is known; None where there is none."""
    if len(text) > MOST_TOKENS:
        return None
    key, names = _key(text)
    pattern = _PATTERNS.get(key)
    return None if pattern is None else pattern.tree_of(names)
