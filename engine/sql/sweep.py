"""`sweep` by a database: the query over a grid or over a table, run, written, and what is to be said about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlglot import exp

from ..errors import CommandError, Problem, plain
from ..evaluate import Given, evaluate, missing_inputs, require
from ..lowering.nodes import Unsupported
from ..named import NamedTuple
from ..plan import Plan
from ..presets import read_inputs
from ..quantity import whole
from ..report import cell as safe_cell
from ..wanted import columns
from .cells import Cell, scalar
from .engine import FORMATS, Engine
from .grid import GridTable
from .names import Names
from .query import MARK, Passed, Query, Source
from .rows import Rows
from .survey import survey


class Asked(NamedTuple):
    """What is asked: rules with what is given for all rows, the columns, the kind of file written, and the rows: a grid, or a table."""

    plan: Plan
    given: Mapping[str, Given]
    own_fits: bool
    only: tuple[str, ...]
    kind: str
    vary: tuple[str, ...] = ()
    shard: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()


class Counts(NamedTuple):
    """Rows looked at, wanted, wanted without a value somewhere, and left out because the condition cannot be decided."""

    seen: int
    wanted: int
    empty: int
    undecided: int


class Sweep:
    """A sweep by a database.

    Raises:
        GaugeError: when something of what is asked is wrong, or cannot be said in SQL.
    """

    def __init__(self, asked: Asked, engine: Engine) -> None:
        self.engine, self.kind = engine, asked.kind
        self.said: list[str] = []
        word: Callable[[str], str] = (lambda text: safe_cell(plain(text, 400))) if asked.kind == "csv" else str
        if asked.table:
            cells, source = self._of_file(asked)
        else:
            grid = GridTable(asked.plan, engine, asked.vary, asked.shard, word)
            cells, source = grid.cells, grid.source
        rows = Rows(asked.plan, asked.given, cells, engine.dialect.most, own_fits=asked.own_fits)
        moving = {each.name for each in cells}
        names = columns(asked.plan, asked.only, moving, lambda name: name in moving or _has_some(rows, name))
        self._require(rows, names, asked)
        self.query = Query(rows, names, source, engine.dialect, MARK, word)
        lost = [each.name for each in self.query.answers if each.cannot]
        if lost:
            message = f"cannot be said in SQL: {', '.join(f'`{name}`' for name in lost[:12])}"
            hint = "they hang on a list, or have an exponent that is no constant; leave them out with --only, or leave out --engine"
            raise CommandError(Problem(message, None, hint))

    def _of_file(self, asked: Asked) -> tuple[Any, Source]:
        """The cells of a file, and the file as a table whose columns come first."""
        kind = os.path.splitext(asked.table)[1][1:].lower()
        if kind not in FORMATS:
            message = f"`--table {plain(asked.table, 200)}` does not end in .csv, .jsonl or .parquet"
            raise CommandError(Problem(message, None, "the ending says what is read"))
        if "://" not in asked.table and not set("*?[") & set(asked.table) and not os.path.exists(asked.table):
            raise CommandError(Problem(f"there is no file `{plain(asked.table, 200)}`"))
        table = self.engine.table(asked.table, kind)
        found = survey(asked.plan, self.engine, table, asked.columns)
        self.said += found.said
        if asked.shard and self.engine.dialect.name == "spark":
            raise CommandError(Problem("Spark has no order of the rows of a table to cut shards from", None, "it splits them by itself"))
        if asked.shard:
            from ..sweep.axes import share

            first, last = share(asked.shard, found.rows)
            table = exp.Select(expressions=[exp.Star()]).from_(table).limit(last - first).offset(first).subquery()
        headers = Names()
        return found.cells, Source(table, tuple(Passed(each.name, headers.new(each.name)) for each in found.fields))

    @staticmethod
    def _require(rows: Rows, names: Sequence[str], asked: Asked) -> None:
        """Say what is missing where, for want of inputs, what is asked has no value in any row: the total of the report, or what is named.

        Raises:
            InputError: with every input that is missing.
        """
        total = asked.plan.document.report.total
        lacking = [name for name in ([total] if total in names and not asked.only else names) if not _has_some(rows, name)]
        named: list[tuple[str, Any]] = [(kind.cell.name, scalar(kind.cell.name, kind.labels[0])) for kind in rows.kinds]
        stands = {**read_inputs(rows.plan, None, None, named), **rows.given}
        stands |= {name: Given(_any_value(cell), "given") for name, cell in rows.cells.items()}
        values = evaluate(rows.plan, stands) if lacking else rows.values
        if missing_inputs(values, lacking):
            require(values, lacking)

    def write(self, path: str) -> Counts:
        """Write the rows to a file."""
        self.engine.write(self._shaped(), path, self.kind)
        return self.counts()

    def texts(self) -> Iterator[str]:
        """The rows as lines of CSV, the names first."""
        import csv
        import io

        def line(cells: Sequence[str]) -> str:
            out = io.StringIO()
            csv.writer(out, lineterminator="\n").writerow(cells)
            return out.getvalue()

        query = self._shaped()
        yield line([safe_cell(plain(each.alias, 400)) for each in query.expressions])
        for row in self.engine.rows(query):
            yield line([_text(value) for value in row])

    def counts(self) -> Counts:
        """How many rows there are, and what is to be known of them."""
        ((seen, wanted, empty, undecided),) = self.engine.fetch(self.query.count())
        return Counts(*(int(each or 0) for each in (seen, wanted, empty, undecided)))

    def _shaped(self) -> exp.Select:
        """The query; in Parquet, where 64 bits are the most of a whole number, larger ones are text, so that they stay exact."""
        query = self.query.select()
        wide = {each.header for each in self.query.answers if each.wide and each.kind == "whole"}
        if self.kind == "parquet" and wide:
            for each in query.expressions:
                if each.alias in wide:
                    each.set("this", exp.Cast(this=each.this, to=exp.DataType.build("TEXT")))
        return query

    def notes(self, counts: Counts) -> list[str]:
        """What is to be known about the rows."""
        said = list(self.said)
        if counts.empty:
            said.append(f"{counts.empty:,} of {counts.wanted:,} rows have an empty cell because there is no such value")
        large = [f"`{each.header}`" for each in self.query.answers if each.large]
        if counts.empty and large:
            said.append(f"there is none either where a number is over {self.engine.dialect.most:.1e}, which may be in: {', '.join(large)}")
        if counts.undecided:
            said.append(f"{counts.undecided:,} rows are left out because --where cannot be decided for them")
        rounded = [f"`{each.header}`" for each in self.query.answers if each.kind == "float"]
        if rounded:
            said.append(f"not whole, and so rounded to 64-bit floats (1e-15): {', '.join(rounded)}")
        return said


def _any_value(cell: Cell) -> Any:
    """Some value that a cell may hold."""
    if cell.type == "number":
        return whole(Fraction(cell.low, cell.scale))
    return cell.type == "word" and cell.words[0]


def _has_some(rows: Rows, name: str) -> bool:
    """Whether a name may have a value in some row."""
    try:
        return rows.column(name).bad is not True
    except Unsupported:
        return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
