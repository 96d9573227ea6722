"""What a table is made of: its columns, and its rows block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..named import NamedTuple
from .axes import Axis, Steps
from .kernel import Array, Range


class Written(NamedTuple):
    """A column of the table.

    `kind` is `whole`, `float` (rounded: its name bears a mark), `half` (floats that are exact), `truth`, `word` or `label`.
    `wide`: whole numbers may be over 64 bits.
    """

    name: str
    kind: str
    wide: bool = False

    @property
    def header(self) -> str:
        """The name, marked where the numbers are rounded."""
        return self.name + ("≈" if self.kind == "float" else "")


class Block(NamedTuple):
    """Some rows: how many were looked at, how many are kept, and the columns of those: values, and where they are empty."""

    seen: int
    kept: int
    columns: list[tuple[Array, Array | None]]


class Rows(Protocol):
    """Rows over some axes. `words` are what the numbers of a column of words stand for, `span` the first row and the one after the last."""

    axes: tuple[Axis, ...]
    columns: list[Written]
    words: tuple[str, ...]
    span: Range

    def blocks(self) -> Iterator[Block]:
        """The rows, some at a time."""


def label_of(each: Axis) -> Written:
    """The column of an axis."""
    if each.labels is not None:
        return Written(each.name, "label")
    numbers = each.numbers[each.name]
    if isinstance(numbers, Steps) and numbers.scale == 1:
        return Written(each.name, "whole", numbers.first + numbers.step * numbers.length >= 2**63)
    if not isinstance(numbers, Steps) and all(isinstance(value, int) for value in numbers):
        return Written(each.name, "whole", max(map(abs, numbers)) >= 2**63)
    return Written(each.name, "half")
