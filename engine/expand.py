"""Rules put into one another: what is decided falls away, and a closed form in the inputs is left. Trees only, no algebra.

A form that would be too long to read becomes a list of definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .bodies import Bodies
from .making import depth, names, nodes, occurrences
from .settle import settled
from .tree import (
    Cell,
    Constant,
    Name,
    Tree,
    Truth,
    children,
)

LARGEST = 2_000
"""Nodes of a closed form; a longer one is shown as definitions."""
DEEPEST = 50
"""Nesting of a closed form; a deeper one is shown as definitions."""
_SMALL = 7
_MIDDLE = 60


@dataclass(frozen=True, slots=True)
class Expansion:
    """Closed forms, and the definitions they use, each after those it uses; no definitions when the forms are short enough."""

    forms: tuple[tuple[str, Tree], ...]
    where: tuple[tuple[str, Tree], ...] = ()


def definitions(bodies: Bodies, targets: Iterable[str]) -> dict[str, Tree]:
    """The trees of these names and of all they use, each after those it uses; nothing is put into another yet but single values."""
    made = _reached(bodies, targets, {})
    simple: dict[str, Tree] = {}
    for name, body in made.items():
        tree = made[name] = substitute(bodies, body, simple)
        if isinstance(tree, Constant | Truth) or (isinstance(tree, Name) and not bodies.expandable(tree.name)):
            simple[name] = tree
    return _reached(bodies, targets, made)


def _reached(bodies: Bodies, targets: Iterable[str], made: Mapping[str, Tree]) -> dict[str, Tree]:
    found: dict[str, Tree] = {}
    stack = list(targets)
    while stack:
        name = stack.pop()
        if name not in found:
            found[name] = made.get(name) or bodies.body(name)
            stack += (used for used in names(found[name]) if used not in found and bodies.expandable(used))
    return {name: found[name] for name in bodies.plan.graph.order if name in found}


def substitute(bodies: Bodies, tree: Tree, trees: Mapping[str, Tree]) -> Tree:
    """The tree with other trees in the place of names."""

    def leaf(part: Tree) -> Tree | None:
        match part:
            case Name(name):
                return trees.get(name, part)
            case Cell((name, _) as path):
                return bodies.cell(path, trees[name]) if name in trees else part
        return None

    return bodies.maker.rebuild(tree, leaf) if trees else tree


def expand(bodies: Bodies, targets: Iterable[str], limit: int = LARGEST, shorten: Callable[[Tree], Tree] | None = None) -> Expansion:
    """Closed forms of names.

    Args:
        bodies: what is known and what is kept.
        targets: rules, or inputs whose default is a formula.
        limit: nodes all forms may have together; where they have more, parts get a definition of their own.
        shorten: applied to every tree before it is put into another.
    """
    wanted = tuple(dict.fromkeys(targets))
    trees = definitions(bodies, wanted)
    if _written(trees, wanted) <= limit:
        whole = _inlined(bodies, trees, lambda _name, _tree: True, shorten)
        return Expansion(tuple((name, whole[name]) for name in wanted))
    uses: dict[str, int] = {}
    for tree in trees.values():
        for name in occurrences(tree):
            uses[name] = uses.get(name, 0) + 1

    def goes_in(name: str, tree: Tree) -> bool:
        size = nodes(tree)
        return name not in wanted and depth(tree) < 12 and size <= (_MIDDLE if uses.get(name, 0) == 1 else _SMALL)

    made = _inlined(bodies, trees, goes_in, shorten)
    used: dict[str, None] = {}
    stack = list(wanted)
    while stack:
        for name in names(made[stack.pop()]):
            if name in made and name not in used:
                used[name] = None
                stack.append(name)
    listed = tuple((name, tree) for name, tree in made.items() if name in used and name not in wanted)
    return Expansion(tuple((name, made[name]) for name in wanted), listed)


def _written(trees: Mapping[str, Tree], wanted: Iterable[str]) -> int:
    """Nodes of the wanted trees with everything put in; more than any limit when they nest too deep."""
    size: dict[str, int] = {}
    deep: dict[str, int] = {}
    for name, tree in trees.items():
        size[name], deep[name] = _measure(tree, size, deep)
    return max(LARGEST * 1000, 1) if any(deep[name] > DEEPEST for name in wanted) else sum(size[name] for name in wanted)


def _measure(tree: Tree, size: Mapping[str, int], deep: Mapping[str, int]) -> tuple[int, int]:
    """Nodes and nesting of a tree whose names stand for trees of known measures."""
    name = tree.name if isinstance(tree, Name) else tree.path[0] if isinstance(tree, Cell) else ""
    if name in size:
        return size[name], deep[name]
    parts = [_measure(child, size, deep) for child in children(tree)]
    return 1 + sum(part for part, _ in parts), 1 + max((part for _, part in parts), default=0)


def _inlined(
    bodies: Bodies, trees: Mapping[str, Tree], goes_in: Callable[[str, Tree], bool], shorten: Callable[[Tree], Tree] | None
) -> dict[str, Tree]:
    made: dict[str, Tree] = {}
    ready: dict[str, Tree] = {}
    for name, tree in trees.items():
        made[name] = settled(bodies, substitute(bodies, tree, ready))
        if shorten is not None:
            made[name] = shorten(made[name])
        if goes_in(name, made[name]):
            ready[name] = made[name]
    return made
