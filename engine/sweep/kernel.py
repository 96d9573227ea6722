"""Columns computed with numpy, block by block: what changed from one block to the next is computed again, the rest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..lowering.nodes import Node
from ..named import NamedTuple
from .axes import Numbers, Steps, Table, scale_of

Array = Any
"""A numpy array; numpy is optional, and so are its types."""
TYPES: dict[str, Any] = {"i": np.int64, "o": object, "b": np.bool_}
"""The numpy type of each dtype of a node."""


_APPLY: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "floor_divide": np.floor_divide,
    "right_shift": np.right_shift,
    "negative": np.negative,
    "absolute": np.absolute,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "logical_not": np.logical_not,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
}


def _truths(apply: Callable[..., Array]) -> Callable[..., Array]:
    """A comparison of Python's own numbers, whose answers are truth values and not objects."""
    return lambda *parts: np.asarray(apply(*parts), dtype=np.bool_)


def _where(condition: Array, yes: Array, no: Array, out: Array | None = None) -> Array:
    if out is None:
        return np.where(condition, yes, no)
    np.copyto(out, no)
    np.copyto(out, yes, where=condition)
    return out


def _taken(values: Array) -> Callable[..., Array]:
    def take(key: Array, _: Array, out: Array | None = None) -> Array:
        return np.take(values, key.astype(np.intp), out=out, mode="clip")

    return take


def operation(node: Node) -> Callable[..., Array]:
    """What computes a node from its parts."""
    if node.op == "cast":
        wanted = TYPES[node.dtype]
        return lambda part: part.astype(wanted)
    if node.op == "take":
        return _taken(np.array(node.args[1], dtype=TYPES[node.dtype]))
    if node.op == "where":
        return _where
    return _truths(_APPLY[node.op]) if node.dtype == "b" and _objects(node) else _APPLY[node.op]


def _objects(node: Node) -> bool:
    """Whether Python's own numbers are part of it."""
    return node.dtype == "o" or any(isinstance(part, Node) and part.dtype == "o" for part in node.args)


def converted(value: Any, dtype: str) -> Any:
    """A number that stands beside columns."""
    return np.array(value, dtype=object) if dtype == "o" else TYPES[dtype](value)


class _Instruction(NamedTuple):
    apply: Callable[..., Array]
    out: int
    parts: tuple[int, ...]
    drop: tuple[int, ...]
    axes: int
    dtype: str
    buffer: int


_Ready = tuple[Callable[..., Array], int, tuple[int, ...], tuple[int, ...], Array | None]
"""An instruction with the memory its result goes to, where it has some of its own."""


class Dimension(NamedTuple):
    """One dimension of a block: the numbers of the axes on it by input, each with how it is laid along it.

    A value stands `repeat` times in a row, and all of it `tile` times: several axes on one dimension.
    """

    columns: dict[str, tuple[Numbers, int, int]]


Range = tuple[int, int]


class Kernel:
    """Computes columns over blocks of a grid.

    Args:
        dimensions: those of a block.
        first: nodes that are wanted for each block.
        second: nodes that are wanted for some blocks only.
        changing: the dimensions (bits) whose range changes from block to block; the others are whole in each.
    """

    def __init__(self, dimensions: Sequence[Dimension], first: Iterable[Node], second: Iterable[Node], changing: int) -> None:
        self.dimensions = dimensions
        self.changing = changing
        self._cells: list[Array] = []
        self._made = -1
        self._direct: dict[int, Array] = {}
        self._slots: dict[int, int] = {}
        self._constants: dict[tuple[str, Any], int] = {}
        self._ranges: list[Range | None] = [None] * len(dimensions)
        self._leaves: list[list[tuple[int, str, Node]]] = [[] for _ in dimensions]
        self._stale = [-1, -1]  # a bit for each dimension that changed since the phase was computed
        first, second = tuple(first), tuple(second)
        done: dict[int, Node] = {}
        self._phases = [self._ordered(first, done), self._ordered(second, done)]
        self._programs = [self._program(phase, (*first, *second)) for phase in range(2)]
        self._buffers: dict[tuple[int, tuple[int, ...]], Array] = {}
        self._subsets: list[dict[tuple[int, tuple[int, ...]], list[_Ready]]] = [{}, {}]

    @staticmethod
    def _ordered(wanted: Iterable[Node], done: dict[int, Node]) -> list[Node]:
        found: dict[int, Node] = {}
        left = list(wanted)
        while left:
            node = left.pop()
            if node.index not in found and node.index not in done:
                found[node.index] = node
                left += (part for part in node.args if isinstance(part, Node))
        done |= found
        return [found[index] for index in sorted(found)]

    def _slot(self, node: Node) -> int:
        return self._slots[node.index]

    def _constant(self, value: Any, dtype: str) -> int:
        key = (dtype, value)
        if key not in self._constants:
            self._constants[key] = len(self._cells)
            self._cells.append(converted(value, dtype))
        return self._constants[key]

    def _program(self, phase: int, kept: Iterable[Node]) -> list[_Instruction]:
        """The instructions of a phase. The memory of what nothing else needs is used again at once, while it is in the cache."""
        last: dict[int, int] = {}
        users: dict[int, set[int]] = {}
        for node in self._phases[phase]:
            self._slots[node.index] = len(self._cells)
            self._cells.append(None)
            for part in node.args:
                if isinstance(part, Node):
                    last[part.index] = node.index
                    users.setdefault(part.index, set()).add(node.axes & self.changing)
        lasting = {node.index for node in kept}
        later = {part.index for node in self._phases[1] for part in node.args if isinstance(part, Node)} if phase == 0 else set()
        passing = {
            node.index
            for node in self._phases[phase]
            if node.op != "leaf" and node.index not in lasting | later and users.get(node.index) == {node.axes & self.changing}
        }
        free: dict[tuple[int, str], list[int]] = {}  # by axes: what depends on the same axes is computed again at the same time
        buffers: dict[int, int] = {}
        made = []
        for node in self._phases[phase]:
            if node.op == "leaf":
                self._leaves[node.axes.bit_length() - 1].append((self._slot(node), node.args[0], node))
                continue
            buffer = -1
            if node.index not in lasting and node.op != "cast" and not _objects(node):
                waiting = free.setdefault((node.axes, node.dtype), [])
                buffer = buffers[node.index] = waiting.pop() if waiting else self._count()
            parts = dict.fromkeys(part for part in node.args if isinstance(part, Node))
            ended = [part for part in parts if last[part.index] == node.index and part.index in passing]
            for part in ended:
                if part.index in buffers:
                    free[part.axes, part.dtype].append(buffers[part.index])
            drop = tuple(self._slot(part) for part in ended if part.index not in buffers)
            slots = tuple(self._part(node, part) for part in node.args)
            made.append(_Instruction(operation(node), self._slot(node), slots, drop, node.axes, node.dtype, buffer))
        return made

    def _count(self) -> int:
        self._made += 1
        return self._made

    def _buffer(self, each: _Instruction, shape: tuple[int, ...]) -> Array | None:
        if each.buffer < 0:
            return None
        mine = tuple(length if each.axes >> axis & 1 else 1 for axis, length in enumerate(shape))
        key = (each.buffer, mine)
        if key not in self._buffers:
            self._buffers[key] = np.empty(mine, dtype=TYPES[each.dtype])
        return self._buffers[key]

    def _part(self, node: Node, part: Any) -> int:
        if isinstance(part, Node):
            return self._slot(part)
        if node.op == "take":
            return self._constant(0, "i")
        dtypes = [other.dtype for other in (node.args[1:] if node.op == "where" else node.args) if isinstance(other, Node)]
        return self._constant(part, dtypes[0] if dtypes else node.dtype)

    def _leaf(self, axis: int, name: str, node: Node, span: Range) -> Array:
        values, repeat, tile = self.dimensions[axis].columns[name]
        shape = [1] * len(self.dimensions)
        shape[axis] = span[1] - span[0]
        kind = TYPES[node.dtype]
        if isinstance(values, Steps):
            if node.dtype == "o":
                found = np.array(
                    [values.first + values.step * index for index in range(*(span if repeat == tile == 1 else (0, values.length)))],
                    dtype=object,
                )
            else:
                index = np.arange(*(span if repeat == tile == 1 else (0, values.length)))
                found = (index * values.step + values.first).astype(kind)
        elif isinstance(values, Table):
            found = values.values[span[0] : span[1]]
            found = found if found.dtype == kind else found.astype(kind)
        else:
            scale = scale_of(values)
            whole = [int(value * scale) for value in values[slice(*span) if repeat == tile == 1 else slice(None)]]
            found = np.array(whole, dtype=object).astype(kind)
        if repeat != 1 or tile != 1:
            found = np.tile(np.repeat(found, repeat), tile)[span[0] : span[1]]
        return found.reshape(shape)

    def start(self, ranges: Sequence[Range]) -> None:
        """Go to a block: the range of each dimension."""
        changed = 0
        for axis, span in enumerate(ranges):
            if span != self._ranges[axis]:
                self._ranges[axis] = span
                changed |= 1 << axis
                for slot, name, node in self._leaves[axis]:
                    self._cells[slot] = self._leaf(axis, name, node, span)
        self._stale[0] |= changed
        self._stale[1] |= changed
        self._run(0)

    def finish(self) -> None:
        """Compute what is wanted for some blocks only."""
        self._run(1)

    def _run(self, phase: int) -> None:
        stale, self._stale[phase] = self._stale[phase], 0
        if not stale:
            return
        shape = self.shape()
        subset = self._subsets[phase].get((stale, shape))
        if subset is None:
            chosen = [each for each in self._programs[phase] if stale == -1 or each.axes & stale]
            subset = [(each.apply, each.out, each.parts, each.drop, self._buffer(each, shape)) for each in chosen]
            self._subsets[phase][stale, shape] = subset
        cells = self._cells
        for apply, out, parts, drop, buffer in subset:
            if buffer is None and out in self._direct:
                cells[out] = apply(*[cells[part] for part in parts], out=self._direct[out])
            elif buffer is None:
                cells[out] = apply(*[cells[part] for part in parts])
            elif len(parts) == 2:
                cells[out] = apply(cells[parts[0]], cells[parts[1]], out=buffer)
            else:
                cells[out] = apply(*[cells[part] for part in parts], out=buffer)
            for slot in drop:
                cells[slot] = None

    def release(self) -> None:
        """Give the memory of the block back; the next one begins anew."""
        self._buffers.clear()
        self._subsets = [{}, {}]
        self._ranges = [None] * len(self.dimensions)
        self._stale = [-1, -1]
        self._direct.clear()
        for slot in self._slots.values():
            self._cells[slot] = None

    def into(self, node: Node, array: Array) -> bool:
        """Have the column of a node computed into an array the next time; whether it can be."""
        fits = node.dtype == "i" and node.op not in {"leaf", "cast"} and not _objects(node)
        if fits:
            self._direct[self._slot(node)] = array
        return fits

    def get(self, node: Node) -> Array:
        """The column of a node in the block, as wide as what it depends on."""
        return self._cells[self._slot(node)]

    def shape(self) -> tuple[int, ...]:
        """The shape of the block."""
        return tuple(span[1] - span[0] for span in self._ranges if span is not None)
