"""Formulas that differ only in their names are read once: the first of them is read, and the others take after it.

The tree of such a formula is made when it is first asked for; who needs what is known without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import kwlist
from typing import Any

from .errors import Place
from .tree import FUNCTIONS, MOST_TOKENS, WORDS, Pattern, Patterned, Tree

_NAME = re.compile(r"(?<![A-Za-z0-9_.])([a-z][A-Za-z0-9_]*)")
_FIXED = WORDS | FUNCTIONS.keys() | frozenset(kwlist)
"""Words that are no names: part of what formulas have in common."""
MOST_KEPT = 10_000
"""Patterns that are kept; beyond, all are forgotten."""
_new: Any = tuple.__new__
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
