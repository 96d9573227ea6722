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
    buffer: int  # below 0: it makes its own


class Program:
    """Computes nodes of which all depend on the same row.

    Args:
        wanted: the nodes, or numbers and truth values that are the same in each row.
        rows: the most rows there are at a time.

    `objects`: whether some numbers may not fit in 64 bits, and so are Python's own.
    """

    def __init__(self, wanted: Sequence[Whole | Truth], rows: int) -> None:
        order = self._ordered(wanted)
        slots = {node.index: slot for slot, node in enumerate(order)}
        self.objects = any(node.dtype == "o" for node in order)
        self._cells: list[Array] = [None] * len(order)
        self._leaves = [(slots[node.index], node.args[0], TYPES[node.dtype]) for node in order if node.op == "leaf"]
        self._steps: list[_Step] = []
        self._buffers: list[Array] = []
        last = {part.index: node.index for node in order for part in node.args if isinstance(part, Node)}
        lasting = {part.index for part in wanted if isinstance(part, Node)}
        free: dict[str, list[int]] = {}
        taken: dict[int, int] = {}
        for node in order:
            if node.op == "leaf":
                continue
            parts = dict.fromkeys(part for part in node.args if isinstance(part, Node))
            objects = node.dtype == "o" or any(part.dtype == "o" for part in parts)
            buffer = -1
            if node.op != "cast" and not objects:
                waiting = free.setdefault(node.dtype, [])
                if not waiting:
                    waiting.append(len(self._buffers))
                    self._buffers.append(np.empty(rows, TYPES[node.dtype]))
                buffer = taken[node.index] = waiting.pop()
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
        """The columns of what is wanted; they hold until the next run.

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
            cells[out] = apply(*here) if buffer < 0 else apply(*here, out=self._buffers[buffer][:count])
        return [cells[slot] for slot in self._wanted]
