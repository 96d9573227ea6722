"""Rows as CSV, as a JSON object a line, or as Parquet, written as they come."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from ..errors import CommandError, Problem, plain
from ..report import cell
from .kernel import Array
from .rows import Block, Rows, Written

FORMATS = ("csv", "jsonl", "parquet")
GROUP = 1 << 20
"""Rows of a row group of Parquet."""


class Table(Protocol):
    """Takes blocks in order. After `close` all that was taken is in the file."""

    def take(self, block: Block) -> None:
        """Write the rows of a block."""

    def close(self) -> None:
        """End the table."""


def table(rows: Rows, kind: str, file: Any) -> Table:
    """A table of this format, on a file: one for bytes for Parquet, else one for text.

    Raises:
        CommandError: when Parquet cannot be written here.
    """
    kinds: dict[str, Callable[[Rows, Any], Table]] = {"csv": _Csv, "jsonl": _Lines, "parquet": _Parquet}
    return kinds[kind](rows, file)


def _words_of(rows: Rows, position: int) -> tuple[str, ...]:
    """What the numbers of a column of words stand for."""
    return (rows.axes[position].labels or ()) if position < len(rows.axes) else (*rows.words, "")


class _Text:
    """What CSV and JSON lines have in common: each column becomes a list of texts."""

    empty = ""

    def __init__(self, rows: Rows, file: Any) -> None:
        self.file = file
        self.columns = rows.columns
        self.words = [
            np.array([self.word(word) for word in _words_of(rows, position)], dtype=object) if written.kind in {"label", "word"} else None
            for position, written in enumerate(rows.columns)
        ]

    def word(self, text: str) -> str:
        """A word as a cell."""
        raise NotImplementedError

    def texts(self, block: Block) -> list[list[str]]:
        """The cells of a block by column."""
        made = []
        for (values, empty), written, words in zip(block.columns, self.columns, self.words, strict=True):
            cells = self._texts(values, written, words)
            if empty is not None:
                for index in np.flatnonzero(empty).tolist():
                    cells[index] = self.empty
            made.append(cells)
        return made

    def _texts(self, values: Array, written: Written, words: Array) -> list[str]:
        if written.kind == "truth":
            words = np.array(["false", "true"], dtype=object)
            values = values.astype(np.intp)
        if written.kind in {"label", "word", "truth"}:
            found: list[str] = words[values].tolist()
            return found
        if written.wide:
            return [str(value) if isinstance(value, int) else self.real(_real(value)) for value in values.tolist()]
        return list(map(str if written.kind == "whole" else self.real, values.tolist()))

    @staticmethod
    def real(value: float) -> str:
        """A float as a cell."""
        return repr(value)

    def close(self) -> None:
        """All is written."""
        self.file.flush()


class _Csv(_Text):
    def __init__(self, rows: Rows, file: Any) -> None:
        super().__init__(rows, file)
        file.write(",".join(self.word(written.header) for written in rows.columns) + "\n")

    def word(self, text: str) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([cell(plain(text, 400))])
        return out.getvalue() if text else ""

    def take(self, block: Block) -> None:
        """Write the rows of a block."""
        if block.kept:
            self.file.write("\n".join(map(",".join, zip(*self.texts(block), strict=True))) + "\n")


class _Lines(_Text):
    empty = "null"

    def __init__(self, rows: Rows, file: Any) -> None:
        super().__init__(rows, file)
        names = [json.dumps(written.header, ensure_ascii=False).replace("{", "{{").replace("}", "}}") for written in rows.columns]
        self.form = "{{" + ", ".join(f"{name}: {{}}" for name in names) + "}}"

    def word(self, text: str) -> str:
        return json.dumps(text)

    @staticmethod
    def real(value: float) -> str:
        return repr(value) if math.isfinite(value) else "null"

    def take(self, block: Block) -> None:
        """Write the rows of a block."""
        if block.kept:
            self.file.write("\n".join(map(self.form.format, *self.texts(block))) + "\n")


class _Parquet:
    def __init__(self, rows: Rows, file: Any) -> None:
        try:
            import pyarrow  # noqa: ICN001 - its name
            import pyarrow.parquet
        except ModuleNotFoundError:
            raise CommandError(
                Problem("Parquet needs pyarrow", None, "pip install 'compute-gauge[sweep]', or write .csv or .jsonl")
            ) from None
        self.arrow = pyarrow
        self.columns = rows.columns
        self.words = [
            pyarrow.array(list(_words_of(rows, position)), pyarrow.string()) if written.kind in {"label", "word"} else None
            for position, written in enumerate(rows.columns)
        ]
        self.schema = pyarrow.schema([(written.header, self._type(written)) for written in rows.columns])
        self.writer = pyarrow.parquet.ParquetWriter(file, self.schema)
        self.waiting: list[Any] = []
        self.rows = 0

    def _type(self, written: Written) -> Any:
        if written.kind in {"label", "word"}:
            return self.arrow.string()
        if written.kind == "truth":
            return self.arrow.bool_()
        if written.kind in {"float", "half"}:
            return self.arrow.float64()
        return self.arrow.string() if written.wide else self.arrow.int64()  # what is over 64 bits stays exact as text

    def _array(self, values: Array, empty: Array | None, written: Written, words: Any, kind: Any) -> Any:
        if words is not None:
            return words.take(self.arrow.array(values, mask=empty))
        if written.wide:
            convert: Callable[[Any], Any] = str if written.kind == "whole" else _real
            values = np.array([convert(value) for value in values.tolist()], dtype=object)
        return self.arrow.array(values, type=kind, mask=empty)

    def take(self, block: Block) -> None:
        """Keep the rows of a block until there are enough for a row group."""
        if not block.kept:
            return
        arrays: Sequence[Any] = [
            self._array(values, empty, written, words, field.type)
            for (values, empty), written, words, field in zip(block.columns, self.columns, self.words, self.schema, strict=True)
        ]
        self.waiting.append(self.arrow.Table.from_arrays(list(arrays), schema=self.schema))
        self.rows += block.kept
        if self.rows >= GROUP:
            self._write()

    def _write(self) -> None:
        if self.waiting:
            self.writer.write_table(self.arrow.concat_tables(self.waiting), row_group_size=GROUP)
        self.waiting, self.rows = [], 0

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        self._write()
        self.writer.close()


def _real(value: float | Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
