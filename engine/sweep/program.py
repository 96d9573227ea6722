"""Whole-number nodes computed for rows that are picked anew each time: a column in for each leaf, a column out for each node asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..lowering.nodes import Node, Truth, Whole
from ..named import NamedTuple
from .kernel import TYPES, Array, converted, operation


class _Step(NamedTuple):
    apply: Callable[..., Array]
    out: int
    parts: tuple[int, ...]
    buffer: Array | None  # None: it makes its own


class Memory:
    """Where programs that run one after the other put what they compute: columns of `rows` rows by their dtype."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._columns: dict[str, list[Array]] = {}

    def column(self, dtype: str, number: int) -> Array:
        """One of the columns."""
        made = self._columns.setdefault(dtype, [])
        while len(made) <= number:
            made.append(np.empty(self.rows, TYPES[dtype]))
        return made[number]


class Program:
    """Computes nodes of which all depend on the same row.

    Args:
        wanted: the nodes, or numbers and truth values that are the same in each row.
        memory: where its columns are, which it may share with others.

    `objects`: whether some numbers may not fit in 64 bits, and so are Python's own.
    """

    def __init__(self, wanted: Sequence[Whole | Truth], memory: Memory) -> None:
        order = self._ordered(wanted)
        slots = {node.index: slot for slot, node in enumerate(order)}
        self.objects = any(node.dtype == "o" for node in order)
        self._cells: list[Array] = [None] * len(order)
        self._leaves = [(slots[node.index], node.args[0], TYPES[node.dtype]) for node in order if node.op == "leaf"]
        self._steps: list[_Step] = []
        counts: dict[str, int] = {}
        last = {part.index: node.index for node in order for part in node.args if isinstance(part, Node)}
        lasting = {part.index for part in wanted if isinstance(part, Node)}
        free: dict[str, list[int]] = {}
        taken: dict[int, int] = {}
        for node in order:
            if node.op == "leaf":
                continue
            parts = dict.fromkeys(part for part in node.args if isinstance(part, Node))
            objects = node.dtype == "o" or any(part.dtype == "o" for part in parts)
            buffer: Array | None = None
            if node.op != "cast" and not objects:
                waiting = free.setdefault(node.dtype, [])
                if not waiting:
                    waiting.append(counts.get(node.dtype, 0))
                    counts[node.dtype] = waiting[0] + 1
                taken[node.index] = waiting.pop()
                buffer = memory.column(node.dtype, taken[node.index])
            for part in parts:
                if last[part.index] == node.index and part.index in taken and part.index not in lasting:
                    free[part.dtype].append(taken[part.index])
            self._steps.append(
                _Step(operation(node), slots[node.index], tuple(self._part(node, part, slots) for part in node.args), buffer)
            )
        self._wanted = tuple(slots[part.index] if isinstance(part, Node) else self._constant(part) for part in wanted)

    @staticmethod
    def _ordered(wanted: Sequence[Whole | Truth]) -> list[Node]:
        found: dict[int, Node] = {}
        left = [part for part in wanted if isinstance(part, Node)]
        while left:
            node = left.pop()
            if node.index not in found:
                found[node.index] = node
                left += (part for part in node.args if isinstance(part, Node))
        return [found[index] for index in sorted(found)]

    def _constant(self, value: object, dtype: str = "") -> int:
        self._cells.append(converted(value, dtype) if dtype else np.asarray(value))
        return len(self._cells) - 1

    def _part(self, node: Node, part: object, slots: Mapping[int, int]) -> int:
        if isinstance(part, Node):
            return slots[part.index]
        if node.op == "take":
            return self._constant(0, "i")
        dtypes = [other.dtype for other in (node.args[1:] if node.op == "where" else node.args) if isinstance(other, Node)]
        return self._constant(part, dtypes[0] if dtypes else node.dtype)

    def run(self, leaves: Mapping[str, Array], count: int) -> list[Array]:
        """The columns of what is wanted; they hold until something else is computed in the same memory.

        Args:
            leaves: a column by the name of each leaf.
            count: the rows.
        """
        cells = self._cells
        for slot, name, kind in self._leaves:
            column = leaves[name]
            cells[slot] = column if column.dtype == kind else column.astype(kind)
        for apply, out, parts, buffer in self._steps:
            here = [cells[part] for part in parts]
            cells[out] = apply(*here) if buffer is None else apply(*here, out=buffer[:count])
        return [cells[slot] for slot in self._wanted]
