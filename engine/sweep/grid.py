"""The rows of a sweep: every combination of what is varied, the last varying fastest, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..errors import CommandError, GaugeError, Problem
from ..evaluate import checked, evaluate, require
from ..lowering.nodes import SMALL, Unsupported
from ..plan import Plan
from ..wanted import FITS, WHERE, columns
from .axes import MOST_PARTS, Axis, Steps, at, axes, rows, share
from .kernel import Array, Range
from .parts import Columns, Layout, OneByOne, Wanted, row_values
from .rows import Block, Written, label_of
from .sources import Read, Sources

CHUNK = 1 << 16
"""Rows of a block."""
SHORT = 512
"""Dimensions inside a block are put together until the last is as long: numpy is fast along a long one."""


class Grid:
    """A sweep, ready to be computed.

    Args:
        plan: the plan with what `wanted.extended` adds.
        read: gives what the inputs file and the command line say.
        vary: the texts of `--vary`, in order.
        only: the columns; none for those of the report.
        own_fits: see `wanted.extended`.
        shard: such as `3/64`; empty for all rows.

    Raises:
        GaugeError: when an axis is wrong, or no combination gives an answer.
    """

    def __init__(
        self, plan: Plan, read: Read, vary: Sequence[str], only: Sequence[str] = (), *, own_fits: bool = True, shard: str = ""
    ) -> None:
        self.plan = plan
        self.axes = axes(plan, vary)
        if not self.axes:
            raise CommandError(Problem("nothing is varied", None, "such as --vary name=1..512"))
        self.rows = rows(self.axes)
        self.span: Range = share(shard, self.rows) if shard else (0, self.rows)
        self.counts: dict[str, int] = {"empty": 0, "undecided": 0}
        self.reason = ""
        self._live: set[tuple[int, ...]] = set()  # the combinations of the last block
        self.sources = Sources(plan, read, self.axes)
        self.axes = self.sources.axes
        self.choices = self.sources.choices
        self._lay_out()
        self.only = bool(only)
        names = columns(plan, only, {each.name for each in self.axes}, self._has)
        self.wanted = Wanted(names, own_fits and FITS in plan.slots)
        self.parts = self._parts()
        self.columns = [*map(label_of, self.axes), *(self._written(index) for index in range(len(names)))]
        self.words = (*sorted(plan.document.words),)

    # How the grid is cut.

    def _lay_out(self) -> None:
        """Where a block begins and ends: what is inside whole, what is cut, and what stands outside of it."""
        counts = [each.length for each in self.axes]
        cut = len(counts)
        while cut > 0 and prod(counts[cut - 1 :]) <= CHUNK:
            cut -= 1
        cut = max(0, cut - 1)
        self.cut = cut
        self.slice = min(counts[cut], max(1, CHUNK // prod(counts[cut + 1 :])))
        groups: list[list[Axis]] = []
        inner = -1  # what is put together begins behind the cut
        length = 1
        for position in reversed(range(len(self.axes))):
            each = self.axes[position]
            if not each.numbers:
                inner, length = -1, 1
                continue
            whole = position > cut or (position == cut and self.slice == each.length)
            if whole and inner == position + 1 and length < SHORT:
                groups[-1].insert(0, each)
            else:
                groups.append([each])
                length = 1
            inner, length = (position if whole else -1), length * each.length
        groups.reverse()
        changing = 0
        for index, group in enumerate(groups):
            first = next(position for position, each in enumerate(self.axes) if each is group[0])
            if first < cut or (first == cut and self.slice < group[0].length):
                changing |= 1 << index
        self.layout = Layout(tuple(map(tuple, groups)), changing)

    # The columns.

    def _has(self, name: str) -> bool:
        """Whether a name has a value in the first row."""
        return evaluate(self.plan, self.sources.combination([0] * len(self.choices)), [name]).has(name)

    def _parts(self) -> dict[tuple[int, ...], Columns | OneByOne | None]:
        count = prod(each.length for each in self.choices)
        if count > MOST_PARTS:
            message = f"{count:,} combinations of words and presets are more than {MOST_PARTS:,}"
            raise CommandError(Problem(message, None, "vary fewer of them, or in several runs"))
        made: dict[tuple[int, ...], Columns | OneByOne | None] = {}
        total = self.plan.document.report.total
        required = [total] if total in self.wanted.names and not self.only else self.wanted.names
        problem: GaugeError | None = None
        answered = False
        for choice in product(*(range(each.length) for each in self.choices)):
            given = self.sources.combination(choice)
            values = evaluate(self.plan, given)
            lacking = [name for name in self.wanted.names if getattr(values.state(name), "missing", ())]
            if lacking:
                try:
                    require(values, lacking)
                except GaugeError as error:
                    problem = problem or error
            answered = answered or not set(required) & set(lacking)
            if len(lacking) == len(self.wanted.names):
                made[choice] = None
                continue
            try:
                made[choice] = Columns(values, self.layout, self.wanted)
            except Unsupported:
                made[choice] = OneByOne(self.plan, given, self.layout, self.wanted)
        if problem is not None:
            if not answered:
                raise problem
            self.reason = problem.problems[0].message
        return made

    def _written(self, index: int) -> Written:
        kinds = {part.kinds[index] for part in self.parts.values() if part is not None}
        name = self.wanted.names[index]
        if kinds <= {"truth"} or kinds <= {"word"}:
            return Written(name, kinds.pop())
        sizes = {part.dtype(index) for part in self.parts.values() if part is not None}
        kind = "float" if kinds & {"float", "exact"} else "half" if "half" in kinds else "whole"
        if kind == "half" and any(part is not None and part.largest(index) >= SMALL for part in self.parts.values()):
            kind = "float"
        return Written(name, kind, "o" in sizes)

    # The rows.

    def blocks(self) -> Iterator[Block]:
        """The rows, some at a time."""
        counts = [each.length for each in self.axes]
        inside = prod(counts[self.cut + 1 :])
        per_lead = counts[self.cut] * inside
        first, last = self.span
        for lead in range(first // per_lead, -(-last // per_lead)):
            outer = np.unravel_index(lead, counts[: self.cut]) if self.cut else ()
            ranges = [(int(at), int(at) + 1) for at in outer]
            base = lead * per_lead
            start = max(0, first - base) // inside // self.slice * self.slice
            while start < counts[self.cut] and base + start * inside < last:
                end = min(start + self.slice, counts[self.cut])
                here = base + start * inside
                ranges_here = [*ranges, (start, end), *((0, count) for count in counts[self.cut + 1 :])]
                size = (end - start) * inside
                yield self._block(ranges_here, max(0, first - here), min(size, last - here))
                start = end

    def _block(self, ranges: list[Range], begin: int, end: int) -> Block:
        """One block, of which the rows from `begin` to `end` are wanted."""
        shape = tuple(stop - start for start, stop in ranges)
        spots = [position for position, each in enumerate(self.axes) if not each.numbers]
        live = set(product(*(range(*ranges[position]) for position in spots)))
        for choice in self._live - live:
            part = self.parts[choice]
            if part is not None:
                part.release()
        self._live = live
        runs: list[tuple[tuple[Any, ...], Columns | OneByOne | None, Array, Array]] = []
        for choice in product(*(range(*ranges[position]) for position in spots)):
            part = self.parts[choice]
            where: list[Any] = [slice(None)] * len(shape)
            for position, spot in zip(spots, choice, strict=True):
                where[position] = spot - ranges[position][0]
            if part is not None:
                kept, undecided = part.start(self._dimension_ranges(ranges))
                runs.append((tuple(where), part, kept, undecided))
            else:
                runs.append((tuple(where), None, np.asarray(not self._filters()), np.asarray(True)))
        mask = self._gather(shape, [(where, kept) for where, _, kept, _ in runs], np.bool_).reshape(-1)[begin:end]
        index: Array | None = None
        if not mask.all():
            index = np.flatnonzero(mask) + begin
            undecided = self._gather(shape, [(where, late) for where, _, _, late in runs], np.bool_).reshape(-1)[begin:end]
            self.counts["undecided"] += int(np.count_nonzero(undecided & ~mask))
            if not len(index):
                return Block(end - begin, 0, [])
        rows_of = slice(begin, end) if index is None else index
        columns: list[tuple[Array, Array | None]] = [
            (self._axis(position, ranges, shape)[rows_of], None) for position in range(len(self.axes))
        ]
        for _, part, _, _ in runs:
            if part is not None:
                part.finish()
        wrong: Array | None = None
        for number in range(len(self.wanted.names)):
            values, empty, bad = self._column(number, shape, runs, rows_of)
            columns.append((values, empty))
            if bad is not None:
                wrong = bad if wrong is None else wrong | bad
        if wrong is not None:
            self.counts["empty"] += int(np.count_nonzero(wrong))
            if not self.reason and wrong.any():
                first = int(np.flatnonzero(wrong)[0])
                row = np.unravel_index(begin + first if index is None else int(index[first]), shape)
                self.reason = self._reason([int(at) + start for at, (start, _) in zip(row, ranges, strict=True)])
        return Block(end - begin, end - begin if index is None else len(index), columns)

    def _filters(self) -> bool:
        return any(check.name == WHERE for check in self.plan.document.checks)

    def _dimension_ranges(self, ranges: Sequence[Range]) -> list[Range]:
        found = []
        for group in self.layout.dimensions:
            position = next(position for position, each in enumerate(self.axes) if each is group[0])
            found.append(ranges[position] if len(group) == 1 else (0, prod(each.length for each in group)))
        return found

    def _gather(self, shape: tuple[int, ...], parts: Sequence[tuple[tuple[Any, ...], Array]], kind: Any) -> Array:
        """One array of the shape of the block out of those of its combinations."""
        inner = tuple(length for position, length in enumerate(shape) if self.axes[position].numbers)
        by_dimension = self._dimension_shape(shape)
        if len(parts) == 1:
            return np.broadcast_to(parts[0][1], by_dimension).reshape(shape)
        out = np.empty(shape, dtype=kind)
        for where, values in parts:
            out[where] = values[()] if not values.ndim else np.broadcast_to(values, by_dimension).reshape(inner)
        return out

    def _dimension_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        found = []
        position = 0
        numbers = [length for position, length in enumerate(shape) if self.axes[position].numbers]
        for group in self.layout.dimensions:
            found.append(prod(numbers[position : position + len(group)]))
            position += len(group)
        return tuple(found)

    def _column(self, number: int, shape: tuple[int, ...], runs: Sequence[Any], rows_of: Any) -> tuple[Array, Array | None, Array | None]:
        cells = [(where, part.cells(number) if part is not None else None) for where, part, _, _ in runs]
        written = self.columns[len(self.axes) + number]
        kind = written.kind
        types = {"truth": np.bool_, "word": np.int64, "half": np.float64, "float": np.float64}
        wanted: Any = object if written.wide else types.get(kind, np.int64)
        nothing = np.zeros((), dtype=wanted)
        values = self._gather(shape, [(where, nothing if each is None else each.values) for where, each in cells], wanted)
        flat = values.reshape(-1)[rows_of]
        empty = self._flags(shape, [(where, True if each is None else each.empty) for where, each in cells], rows_of)
        bad = self._flags(shape, [(where, True if each is None else each.bad) for where, each in cells], rows_of)
        return flat, empty, bad

    def _flags(self, shape: tuple[int, ...], parts: Sequence[tuple[tuple[Any, ...], Any]], rows_of: Any) -> Array | None:
        arrays = [(where, np.asarray(flags)) for where, flags in parts]
        if all(not flags.ndim and not flags for _, flags in arrays):
            return None
        return self._gather(shape, arrays, np.bool_).reshape(-1)[rows_of]

    def _axis(self, position: int, ranges: Sequence[Range], shape: tuple[int, ...]) -> Array:
        """The values of an axis in each row of a block; of labels their index."""
        start, end = ranges[position]
        each = self.axes[position]
        written = self.columns[position]
        if written.kind == "label":
            found = np.arange(start, end)
        else:
            numbers = each.numbers[each.name]
            exact = (
                [at(numbers, index) for index in range(start, end)]
                if not isinstance(numbers, Steps) or written.wide or numbers.scale != 1
                else None
            )
            if exact is None:
                assert isinstance(numbers, Steps)
                found = numbers.first + numbers.step * np.arange(start, end)
            elif written.kind == "whole":
                found = np.array(exact, dtype=object if written.wide else np.int64)
            else:
                found = np.array([float(value) for value in exact])
        across = [1] * len(shape)
        across[position] = end - start
        return np.broadcast_to(found.reshape(across), shape).reshape(-1)

    def _reason(self, row: Sequence[int]) -> str:
        """Why a row has an empty cell."""
        choice = [index for each, index in zip(self.axes, row, strict=True) if not each.numbers]
        values = row_values(self.plan, self.sources.combination(choice), self.layout, self._position(row))
        found = list(checked(values)[1])
        for name in self.wanted.names:
            found += getattr(values.state(name), "problems", ())
        return found[0].message if found else ""

    def _position(self, row: Sequence[int]) -> list[int]:
        numbers = [(each, index) for each, index in zip(self.axes, row, strict=True) if each.numbers]
        found = []
        for group in self.layout.dimensions:
            position = 0
            for each in group:
                position = position * each.length + next(index for other, index in numbers if other is each)
            found.append(position)
        return found
