"""A sweep from the first row to the last, or until somebody stops it."""

from __future__ import annotations

from collections.abc import Callable

from ..named import NamedTuple
from .grid import Grid
from .rows import Rows
from .table import Table


class Done(NamedTuple):
    """What was done: rows looked at, rows written, and whether it went to the end."""

    seen: int
    written: int
    whole: bool


def run(rows: Rows, table: Table, go_on: Callable[[int], bool]) -> Done:
    """Compute the rows and write them, block after block.

    Args:
        rows: those of a sweep.
        table: where the rows go. It is closed, so that what was finished is whole, also when it is stopped.
        go_on: told after each block how many rows it had; says whether to go on.
    """
    seen = written = 0
    whole = True
    try:
        for block in rows.blocks():
            table.take(block)
            seen += block.seen
            written += block.kept
            if not go_on(block.seen):
                whole = seen == rows.span[1] - rows.span[0]
                break
    finally:
        table.close()
    return Done(seen, written, whole)


def notes(grid: Grid, done: Done) -> list[str]:
    """What is to be known about the rows: cells that are empty, and numbers that are rounded."""
    said = []
    if grid.counts["empty"]:
        why = f", such as: {grid.reason}" if grid.reason else ""
        said.append(f"{grid.counts['empty']:,} of {done.written:,} rows have an empty cell because there is no such value{why}")
    if grid.counts["undecided"]:
        why = f": {grid.reason}" if grid.reason and not grid.counts["empty"] else ""
        said.append(f"{grid.counts['undecided']:,} rows are left out because --where cannot be decided for them{why}")
    rounded = [f"`{written.header}`" for written in grid.columns if written.kind == "float"]
    if rounded:
        said.append(f"not whole, and so rounded to 64-bit floats (1e-15): {', '.join(rounded)}")
    return said
