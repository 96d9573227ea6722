"""What is computed from formulas: whole numbers and truth values over some axes, each once, each known by its bounds.

A `Node` is a column of whole numbers, of truth values, or of words by their number. Equal nodes are one node, so a common part is
computed once. The bounds of a number are proved from those of what it is made of, and its `dtype` follows from them:

    i   an int64
    o   Python's own whole numbers, for what may not fit in 64 bits
    b   a truth value
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..quantity import BITS

SMALL = 2**53
"""Below this in size whole numbers are exact as floats."""
MIDDLE = 2**63 - 1
"""Up to this in size they are exact as int64."""
_RANK = "bio"


class Unsupported(Exception):
    """Not something columns are computed for: it is computed one by one."""


class Node:
    """A column over the axes in the bits of `axes`, between `low` and `high`, which have at most `bits` bits."""

    __slots__ = ("args", "axes", "bits", "dtype", "high", "index", "low", "op")

    def __init__(self, index: int, op: str, args: tuple[Any, ...], dtype: str, axes: int, low: int, high: int) -> None:
        self.index = index
        self.op = op
        self.args = args
        self.dtype = dtype
        self.axes = axes
        self.low = low
        self.high = high
        self.bits = max(-low, high).bit_length()


Whole = Node | int
"""A column of whole numbers, or one number."""
Truth = Node | bool
"""A column of truth values, or one."""


def low(part: Whole) -> int:
    """The least it can be."""
    return part.low if isinstance(part, Node) else part


def high(part: Whole) -> int:
    """The most it can be."""
    return part.high if isinstance(part, Node) else part


def dtype_for(least: int, most: int) -> str:
    """The first dtype that holds numbers between two ends.

    Raises:
        Unsupported: when they may be larger than any value may be.
    """
    size = max(-least, most)
    if size.bit_length() > BITS:
        raise Unsupported
    return "i" if size <= MIDDLE else "o"


def _dtype_of(part: Whole) -> str:
    return part.dtype if isinstance(part, Node) else dtype_for(part, part)


class Nodes:
    """Makes nodes, each once."""

    def __init__(self) -> None:
        self.made: list[Node] = []
        self._known: dict[tuple[Any, ...], Node] = {}
        self._words: dict[int, frozenset[int]] = {}  # by node: the words it can be, by their numbers

    def _node(self, op: str, args: tuple[Any, ...], dtype: str, least: int, most: int, axes: int = 0) -> Node:
        key = (op, dtype, *((arg.index, None) if isinstance(arg, Node) else arg for arg in args))
        found = self._known.get(key)
        if found is None:
            for arg in args:
                if isinstance(arg, Node):
                    axes |= arg.axes
            found = self._known[key] = Node(len(self.made), op, args, dtype, axes, least, most)
            self.made.append(found)
        return found

    def leaf(self, name: str, axis: int, least: int, most: int) -> Node:
        """The values of an axis, made whole: what stands on it times its scale."""
        return self._node("leaf", (name,), dtype_for(least, most), least, most, 1 << axis)

    def flag(self, name: str, axis: int) -> Node:
        """The truth values of an axis."""
        return self._node("leaf", (name,), "b", 0, 1, 1 << axis)

    def words(self, name: str, axis: int, within: Iterable[int]) -> Whole:
        """The words of an axis by their numbers, which are some of these."""
        within = frozenset(within)
        if len(within) == 1:
            return min(within)
        made = self.leaf(name, axis, min(within), max(within))
        self._words[made.index] = within
        return made

    def word(self, condition: Truth, yes: Whole, no: Whole) -> Whole:
        """`yes if condition else no`, of words."""
        made = self.where(condition, yes, no)
        if isinstance(made, Node):
            self._words[made.index] = self.within(yes) | self.within(no)
        return made

    def within(self, word: Whole) -> frozenset[int]:
        """The words a part can be, by their numbers."""
        if isinstance(word, int):
            return frozenset([word])
        return self._words.get(word.index) or frozenset(range(word.low, word.high + 1))

    def _cast(self, part: Whole, dtype: str) -> Whole:
        if not isinstance(part, Node) or part.dtype == dtype:
            return part
        return self._node("cast", (part,), dtype, part.low, part.high)

    def _numbers(self, op: str, parts: tuple[Whole, ...], least: int, most: int, before: tuple[Any, ...] = ()) -> Node:
        """An operation on numbers, in the first dtype that holds all of them and the result."""
        needed = dtype_for(least, most)
        used = max((*map(_dtype_of, parts), needed), key=_RANK.index)
        made = self._node(op, (*before, *(self._cast(part, used) for part in parts)), used, least, most)
        if used == "o" and needed != "o":
            return self._node("cast", (made,), needed, least, most)
        return made

    def add(self, left: Whole, right: Whole) -> Whole:
        """`left + right`"""
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        if right.__class__ is int and not right:
            return left
        return self._numbers("add", (left, right), low(left) + low(right), high(left) + high(right))

    def subtract(self, left: Whole, right: Whole) -> Whole:
        """`left - right`"""
        if isinstance(right, int):
            return self.add(left, -right)
        return self._numbers("subtract", (left, right), low(left) - right.high, high(left) - right.low)

    def multiply(self, left: Whole, right: Whole) -> Whole:
        """`left * right`"""
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int) and isinstance(right, int):
            return left * right
        if isinstance(right, int) and right in {0, 1}:
            return left if right else 0
        corners = [a * b for a in (low(left), high(left)) for b in (low(right), high(right))]
        return self._numbers("multiply", (left, right), min(corners), max(corners))

    def negative(self, part: Whole) -> Whole:
        """`-part`"""
        return -part if isinstance(part, int) else self._numbers("negative", (part,), -part.high, -part.low)

    def floor_divide(self, part: Whole, by: Whole) -> Whole:
        """`floor(part / by)` for `by` of at least 1."""
        if isinstance(part, int) and isinstance(by, int):
            return part // by
        if isinstance(by, int) and by == 1:
            return part
        least = min(low(part) // low(by), low(part) // high(by))
        most = max(high(part) // low(by), high(part) // high(by))
        if least == most:
            return least
        if isinstance(by, int) and by & (by - 1) == 0:
            return self._numbers("right_shift", (part, by.bit_length() - 1), least, most)
        return self._numbers("floor_divide", (part, by), least, most)

    def ceil_divide(self, part: Whole, by: Whole) -> Whole:
        """`ceil(part / by)` for `by` of at least 1."""
        return self.floor_divide(self.add(part, self.subtract(by, 1)), by)

    def absolute(self, part: Whole) -> Whole:
        """`abs(part)`"""
        if isinstance(part, int) or part.low >= 0:
            return abs(part) if isinstance(part, int) else part
        return self._numbers("absolute", (part,), max(part.low, -part.high, 0), max(-part.low, part.high))

    def sign(self, part: Node) -> Node:
        """1 where it is above 0, -1 where it is not."""
        return self._numbers("where", (1, -1), -1, 1, (self.compare("<", 0, part),))

    def larger(self, left: Whole, right: Whole) -> Whole:
        """`max(left, right)`"""
        if low(left) >= high(right):
            return left
        if low(right) >= high(left):
            return right
        return self._numbers("maximum", (left, right), max(low(left), low(right)), max(high(left), high(right)))

    def smaller(self, left: Whole, right: Whole) -> Whole:
        """`min(left, right)`"""
        if high(left) <= low(right):
            return left
        if high(right) <= low(left):
            return right
        return self._numbers("minimum", (left, right), min(low(left), low(right)), min(high(left), high(right)))

    def where(self, condition: Truth, yes: Whole, no: Whole) -> Whole:
        """`yes if condition else no`"""
        if isinstance(condition, bool):
            return yes if condition else no
        if yes is no or (isinstance(yes, int) and isinstance(no, int) and yes == no):
            return yes
        return self._numbers("where", (yes, no), min(low(yes), low(no)), max(high(yes), high(no)), (condition,))

    def instead(self, condition: Truth, value: int, part: Whole) -> Whole:
        """The part, with a value in place of 0 where the condition, which is that it is 0, holds."""
        if isinstance(condition, bool) or isinstance(part, int):
            return value if condition else part
        least = value if part.low == 0 else part.low
        return self._numbers("where", (value, part), min(least, value), max(part.high, value), (condition,))

    def compare(self, operator: str, left: Whole, right: Whole) -> Truth:
        """A comparison; decided where the bounds decide it."""
        if operator in {">", ">="}:
            return self.compare("<" if operator == ">" else "<=", right, left)
        if operator == "!=":
            return self.invert(self.compare("==", left, right))
        apart = high(left) < low(right) or high(right) < low(left)
        if operator == "==":
            if apart:
                return False
            if low(left) == high(left) == low(right) == high(right):
                return True
        elif high(left) < low(right) or (operator == "<=" and high(left) <= low(right)):
            return True
        elif low(left) > high(right) or (operator == "<" and low(left) >= high(right)):
            return False
        used = max(_dtype_of(left), _dtype_of(right), key=_RANK.index)
        name = {"<": "less", "<=": "less_equal", "==": "equal"}[operator]
        return self._node(name, (self._cast(left, used), self._cast(right, used)), "b", 0, 1)

    def invert(self, part: Truth) -> Truth:
        """`not part`"""
        if isinstance(part, bool):
            return not part
        return part.args[0] if part.op == "logical_not" else self._node("logical_not", (part,), "b", 0, 1)

    def both(self, left: Truth, right: Truth) -> Truth:
        """`left and right`"""
        if isinstance(left, bool):
            return right if left else False
        if isinstance(right, bool):
            return left if right else False
        return left if left is right else self._node("logical_and", (left, right), "b", 0, 1)

    def either(self, left: Truth, right: Truth) -> Truth:
        """`left or right`"""
        if isinstance(left, bool):
            return True if left else right
        if isinstance(right, bool):
            return True if right else left
        return left if left is right else self._node("logical_or", (left, right), "b", 0, 1)

    def any(self, parts: Iterable[Truth]) -> Truth:
        """Whether one of them holds."""
        found: Truth = False
        for part in parts:
            found = self.either(found, part)
        return found

    def choose(self, condition: Truth, yes: Truth, no: Truth) -> Truth:
        """`yes if condition else no`, of truth values."""
        return self.either(self.both(condition, yes), self.both(self.invert(condition), no))

    def take(self, key: Node, values: tuple[int, ...]) -> Whole:
        """For each word its value, by the word's number; the last is that of no word."""
        values = self._reached(key, values)
        least, most = min(values), max(values)
        return least if least == most else self._node("take", (key, values), dtype_for(least, most), least, most)

    def member(self, key: Node, within: tuple[bool, ...]) -> Truth:
        """For each word whether it is one of some, by its number."""
        within = self._reached(key, within)
        return within[0] if len(set(within)) == 1 else self._node("take", (key, within), "b", 0, 1)

    def _reached(self, key: Node, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values, with that of a word the key can be in place of those of words it never is."""
        reached = self.within(key)
        some = values[min(reached)]
        return tuple(value if code in reached else some for code, value in enumerate(values))
