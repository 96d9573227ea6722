"""What the conditions around a condition decide of it."""

from __future__ import annotations

from .bodies import Bodies
from .formula import write
from .making import choose, logic
from .named import NamedTuple
from .tree import (
    Choose,
    Compare,
    Logic,
    Name,
    Not,
    Tree,
    Truth,
    walk,
)


class _Facts(NamedTuple):
    """What holds in a branch: the words a choice may still be, and conditions by their text."""

    words: dict[str, frozenset[str]]
    conditions: dict[str, bool]


def settled(bodies: Bodies, tree: Tree) -> Tree:
    """The tree without conditions that the conditions around them decide."""
    return _under(bodies, tree, _Facts({}, {})) if any(isinstance(part, Choose | Logic) for part in walk(tree)) else tree


def _under(bodies: Bodies, tree: Tree, facts: _Facts) -> Tree:
    def leaf(part: Tree) -> Tree | None:
        match part:
            case Choose(condition, yes, no):
                test = _under(bodies, condition, facts)
                if isinstance(test, Truth):
                    return _under(bodies, yes if test.value else no, facts)
                first, second = (
                    _under(bodies, branch, _learnt(bodies, test, facts, holds)) for branch, holds in ((yes, True), (no, False))
                )
                return choose(test, first, second)
            case Logic(operator, operands):
                made = []
                known = facts
                for operand in operands:
                    made.append(_under(bodies, operand, known))
                    known = _learnt(bodies, made[-1], known, operator == "and")
                return logic(operator, made)
            case Compare() | Name():
                return _decided(bodies, part, facts)
        return None

    return bodies.maker.rebuild(tree, leaf)


def _choice(bodies: Bodies, tree: Tree) -> tuple[str, str] | None:
    """The name and the word of a comparison of the two."""
    if isinstance(tree, Compare) and tree.operator in {"==", "!="} and isinstance(tree.left, Name) and isinstance(tree.right, Name):
        name, word = tree.left.name, tree.right.name
        if bodies.is_word(name):
            name, word = word, name
        if bodies.is_word(word) and not bodies.is_word(name):
            return name, word
    return None


def _decided(bodies: Bodies, tree: Tree, facts: _Facts) -> Tree | None:
    found = _choice(bodies, tree)
    if found and isinstance(tree, Compare):
        left = facts.words.get(found[0])
        if left is not None and (found[1] not in left or len(left) == 1):
            return Truth((found[1] in left) == (tree.operator == "=="))
        return None
    known = facts.conditions.get(write(tree))
    return None if known is None else Truth(known)


def _learnt(bodies: Bodies, condition: Tree, facts: _Facts, holds: bool) -> _Facts:
    """The facts with one more condition that holds, or does not."""
    match condition:
        case Truth():
            return facts
        case Not(operand):
            return _learnt(bodies, operand, facts, not holds)
        case Logic(operator, operands) if (operator == "and") == holds:
            for operand in operands:
                facts = _learnt(bodies, operand, facts, holds)
            return facts
    found = _choice(bodies, condition)
    if found and isinstance(condition, Compare):
        words = facts.words.get(found[0], bodies.plan.shapes[found[0]].words)
        same = (condition.operator == "==") == holds
        return facts._replace(words=facts.words | {found[0]: words & {found[1]} if same else words - {found[1]}})
    return facts._replace(conditions=facts.conditions | {write(condition): holds})
