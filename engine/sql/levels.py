"""Which nodes are columns, and in which step of a query each is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..lowering.nodes import Node
from ..named import NamedTuple
from .expressions import GROWS, Expressions

CHEAP = frozenset({"add", "subtract", "multiply", "less", "less_equal", "equal", "logical_and", "logical_or"})
"""Operations on two columns or constants that are rather written twice than kept in a column."""
_TWICE = frozenset({"floor_divide", "right_shift"})
SELDOM = 3
DEEPEST = 30
"""Nodes inside one another before one becomes a column: databases bound the depth of an expression."""


class Levels(NamedTuple):
    """Which nodes are columns, of which level, and up to which level each is needed. Leaves are those of level 0."""

    level: dict[int, int]
    last: dict[int, int]
    nodes: dict[int, Node]
    top: int


def levels(roots: list[Node], write: Expressions) -> Levels:
    """Put nodes into levels, each of which needs only those before it."""
    nodes = _reached(roots)
    uses: Counter[int] = Counter(root.index for root in roots)
    for node in nodes.values():
        often = 2 if node.op in _TWICE or (node.op in GROWS and write.form(node).guarded) or write.large(node) else 1
        for each in node.args:
            if isinstance(each, Node):
                uses[each.index] += often
    level: dict[int, int] = {}
    ready: dict[int, int] = {}  # by node: the level at which what it is made of is there
    depth: dict[int, int] = {}
    for index in sorted(nodes):
        node = nodes[index]
        parts = [each for each in node.args if isinstance(each, Node)]
        at = max((level[each.index] + 1 if each.index in level else ready[each.index] for each in parts), default=0)
        deep = 1 + max((0 if each.index in level else depth[each.index] for each in parts), default=0)
        ready[index], depth[index] = at, deep
        if node.op == "leaf" or _kept(node, uses[index], deep, level):
            level[index] = at
    top = max((ready[root.index] if root.index not in level else level[root.index] + 1 for root in roots), default=1)
    last: dict[int, int] = dict.fromkeys(level, 0)
    for root in roots:
        _needed(root, top, level, last)
    for index, at in level.items():
        for part in nodes[index].args:
            if isinstance(part, Node):
                _needed(part, at, level, last)
    return Levels(level, last, nodes, top)


def _kept(node: Node, uses: int, deep: int, level: Mapping[int, int]) -> bool:
    if node.op in {"cast", "logical_not", "negative"}:
        return deep > DEEPEST
    simple = node.op in CHEAP and all(not isinstance(each, Node) or each.index in level for each in node.args)
    return deep > DEEPEST or (uses > 1 and not (simple and uses <= SELDOM))


def _needed(part: Node, at: int, level: Mapping[int, int], last: dict[int, int]) -> None:
    left = [part]
    while left:
        node = left.pop()
        if node.index in level:
            last[node.index] = max(last[node.index], at)
        else:
            left += [each for each in node.args if isinstance(each, Node)]


def _reached(roots: list[Node]) -> dict[int, Node]:
    found: dict[int, Node] = {}
    left = list(roots)
    while left:
        node = left.pop()
        if node.index not in found:
            found[node.index] = node
            left += [each for each in node.args if isinstance(each, Node)]
    return found
