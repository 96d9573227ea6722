"""Columns of numbers in, columns of numbers out: a table of configurations, computed in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import CommandError, InputError, Problem, plain
from ..evaluate import Given, evaluate, require
from ..lowering.nodes import Unsupported
from ..named import NamedTuple
from ..plan import Plan
from ..presets import as_input
from ..values import outside
from .axes import Axis, Table, at
from .kernel import Array
from .parts import Columns, Layout, OneByOne, Wanted

BLOCK = 1 << 16
"""Rows computed at a time: what is between two operations stays in the cache."""


class Computed(NamedTuple):
    """A column: its values, where it has none, and whether the values are rounded (else they are exact)."""

    values: Array
    empty: Array
    rounded: bool


def compute(plan: Plan, given: Mapping[str, Given], arrays: Mapping[str, Array], names: Sequence[str]) -> dict[str, Computed]:
    """The values of names for each row of a table.

    Args:
        plan: the plan of the rules.
        given: what is the same in all rows.
        arrays: whole numbers by the name of an input (or of a rule that is given), all of one length.
        names: what to compute.

    Returns:
        For each name an array of int64 (of Python's numbers where they may not fit, of floats where they are not whole).

    Raises:
        CommandError: when the columns do not fit together.
        InputError: when an input cannot have one of the values, or another input is missing.
    """
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise CommandError(Problem("the columns must be of one length, and not empty"))
    (count,) = lengths
    tables: dict[str, Table] = {}
    for name, array in arrays.items():
        if array.dtype.kind not in "iu":
            raise CommandError(Problem(f"the column `{plain(name)}` does not hold whole numbers", None, "convert it with .astype('int64')"))
        if name not in plan.slots:
            raise CommandError(Problem(f"there is no rule or input `{plain(name)}`"))
        tables[name] = found = bounded(array)
        for value in (found.low, found.high):
            wrong = outside(as_input(plan, name), value)
            if wrong:
                raise InputError(Problem(f"`{name}` {wrong[0]}"))
    first = {name: Given(at(found, 0), "given", "a column") for name, found in tables.items()}
    values = evaluate(plan, {**given, **first})
    lacking = [name for name in names if getattr(values.state(name), "missing", ())]
    if lacking:
        require(values, lacking)
    layout = Layout(((Axis("row", count, dict(tables)),),), 1)
    part: Columns | OneByOne
    try:
        part = Columns(values, layout, Wanted(tuple(names), own_fits=False))
    except Unsupported:
        part = OneByOne(plan, {**given, **first}, layout, Wanted(tuple(names), own_fits=False))
    kinds = {"truth": np.bool_, "word": object, "float": np.float64, "half": np.float64, "exact": object, "whole": np.int64}
    made = {
        name: Computed(
            np.empty(count, object if part.dtype(index) == "o" and kind == "whole" else kinds[kind]),
            np.zeros(count, np.bool_),
            kind == "float",
        )
        for index, (name, kind) in enumerate(zip(names, part.kinds, strict=True))
    }
    words = np.array((*sorted(plan.document.words), None), dtype=object)
    for start in range(0, count, BLOCK):
        end = min(start + BLOCK, count)
        there = [part.into(index, made[name].values[start:end]) for index, name in enumerate(names)]
        part.start([(start, end)])
        part.finish()
        for index, name in enumerate(names):
            cells = part.cells(index)
            if not there[index]:
                made[name].values[start:end] = words[cells.values] if part.kinds[index] == "word" else cells.values
            if cells.empty.ndim or cells.empty:
                made[name].empty[start:end] = cells.empty
    return made


def bounded(array: Array) -> Table:
    """An array with its bounds, found block by block: the second look at a block finds it in the cache."""
    least, most = int(array[0]), int(array[0])
    for start in range(0, len(array), BLOCK):
        block = array[start : start + BLOCK]
        least, most = min(least, int(block.min())), max(most, int(block.max()))
    return Table(array, least, most)
