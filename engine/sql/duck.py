"""Queries run by DuckDB, in this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import duckdb
from sqlglot import exp

from ..errors import CommandError, Problem, plain
from .dialect import dialect
from .engine import Field, failed, interruptible
from .names import identifier
from .query import written

_READERS = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}
_WHOLE = frozenset("TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT".split())
_SETTINGS = (
    "SET autoinstall_known_extensions = false",
    "SET disabled_optimizers = 'statistics_propagation'",
)
"""Nothing is fetched from anywhere; and a large query, whose bounds are known already, is planned in a third of the time."""


class Duck:
    """DuckDB, in this process, on all cores."""

    def __init__(self) -> None:
        self.dialect = dialect("duckdb")
        self.connection = duckdb.connect()
        for each in _SETTINGS:
            self.connection.execute(each)

    def table(self, path: str, kind: str) -> exp.Expression:
        """A file as a table."""
        return exp.Table(this=exp.Anonymous(this=_READERS[kind], expressions=[exp.Literal.string(path)]))

    def counter(self, first: int, last: int, name: str) -> exp.Expression:
        """The whole numbers from the first to the one before the last, as a table with one column."""
        made = exp.Anonymous(this="range", expressions=[exp.Literal.number(str(first)), exp.Literal.number(str(last))])
        return exp.Table(this=made, alias=exp.TableAlias(this=identifier("counted"), columns=[identifier(name)]))

    def fields(self, table: exp.Expression) -> list[Field]:
        """The columns of a table."""
        query = exp.Select(expressions=[exp.Star()]).from_(table.copy())
        return [_field(name, kind) for name, kind, *_ in self._run(f"DESCRIBE {written(query, self.dialect)}")]

    def fetch(self, query: exp.Expression) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""
        return self._run(written(query, self.dialect))

    def rows(self, query: exp.Expression) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer of any size."""
        text = written(query, self.dialect)
        try:
            found = interruptible(lambda: self.connection.execute(text), self.connection.interrupt)
            while some := interruptible(lambda: found.fetchmany(10_000), self.connection.interrupt):
                yield from some
        except duckdb.Error as error:
            raise failed("DuckDB", error) from None

    def write(self, query: exp.Expression, path: str, kind: str) -> None:
        """Write an answer to a file; there is none before it is whole."""
        options = {"csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json", "parquet": "FORMAT parquet"}[kind]
        target = exp.Literal.string(path).sql(self.dialect.name)
        self._run(f"COPY ({written(query, self.dialect)}) TO {target} ({options}, USE_TMP_FILE true)")

    def _run(self, text: str) -> list[tuple[Any, ...]]:
        try:
            return interruptible(lambda: self.connection.execute(text).fetchall(), self.connection.interrupt)
        except duckdb.IOException as error:
            raise CommandError(Problem(plain(str(error).splitlines()[0], 400))) from None
        except duckdb.Error as error:
            raise failed("DuckDB", error) from None

    def close(self) -> None:
        """Give back what it holds."""
        self.connection.close()


def _field(name: str, kind: str) -> Field:
    decimal = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", kind)
    if decimal:
        return Field(name, "decimal", int(decimal[1]))
    if kind in _WHOLE:
        return Field(name, "whole")
    if kind in {"FLOAT", "DOUBLE"}:
        return Field(name, "real")
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return Field(name, "text")
    return Field(name, {"BOOLEAN": "truth", '"NULL"': "empty"}.get(kind, "other"))
