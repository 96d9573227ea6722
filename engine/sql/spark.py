"""Queries run by Spark: by default in this process's own, with all cores; by a cluster where Spark's settings name one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp

from ..errors import CommandError, Problem, plain
from .dialect import dialect
from .engine import Field, failed, interruptible
from .names import identifier
from .query import written

_TABLE = "file_of_rows"
_WHOLE = frozenset({"ByteType", "ShortType", "IntegerType", "LongType"})
_KINDS = {"FloatType": "real", "DoubleType": "real", "StringType": "text", "BooleanType": "truth", "NullType": "empty", "VoidType": "empty"}


class Spark:
    """Spark. `SPARK_REMOTE`, `MASTER` in its settings and the like say which; without any it runs here."""

    def __init__(self) -> None:
        self.dialect = dialect("spark")
        settings = {
            "spark.ui.showConsoleProgress": "false",
            "spark.ui.enabled": "false",
            "spark.log.level": "ERROR",
            "spark.sql.ansi.enabled": "true",  # a number that would overflow is an error, never another number
            # many steps put into one are slower to run, and longer than what the JVM compiles
            "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.CollapseProject",
        }
        builder = SparkSession.builder.appName("compute-gauge")
        if not os.environ.get("SPARK_REMOTE") and not os.environ.get("SPARK_CONF_DIR"):
            builder = builder.master("local[*]").config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            self.session = builder.getOrCreate()
        except (PySparkException, RuntimeError, OSError) as error:
            hint = "Spark needs Java 17 or newer: set JAVA_HOME, or install a JRE"
            why = str(error).partition("\n")[0]
            raise CommandError(Problem(f"Spark does not start: {plain(why, 300)}", None, hint)) from None

    def table(self, path: str, kind: str) -> exp.Expression:
        """A file, or a folder of them, as a table."""
        reader = self.session.read
        try:
            if kind == "csv":
                frame = reader.csv(path, header=True, inferSchema=True, escape='"')
            else:
                frame = reader.json(path) if kind == "jsonl" else reader.parquet(path)
        except PySparkException as error:
            raise failed("Spark", error) from None
        frame.createOrReplaceTempView(_TABLE)
        return exp.Table(this=identifier(_TABLE))

    def counter(self, first: int, last: int, name: str) -> exp.Expression:
        """The whole numbers from the first to the one before the last, as a table with one column."""
        made = exp.Anonymous(this="range", expressions=[exp.Literal.number(str(first)), exp.Literal.number(str(last))])
        return exp.Table(this=made, alias=exp.TableAlias(this=identifier("counted"), columns=[identifier(name)]))

    def fields(self, table: exp.Expression) -> list[Field]:
        """The columns of a table."""
        frame = self._frame(exp.Select(expressions=[exp.Star()]).from_(table.copy()))
        return [_field(each.name, each.dataType) for each in frame.schema.fields]

    def fetch(self, query: exp.Expression) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""
        return [tuple(row) for row in self._done(lambda frame: frame.collect(), query)]

    def rows(self, query: exp.Expression) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer of any size."""
        for row in self._done(lambda frame: frame.toLocalIterator(), query):
            yield tuple(row)

    def write(self, query: exp.Expression, path: str, kind: str) -> None:
        """Write an answer to a folder, with a file for each part of the rows."""

        def save(frame: Any) -> None:
            writer = frame.write.mode("errorifexists")
            if kind == "csv":
                writer.csv(path, header=True, escape='"')
            elif kind == "jsonl":
                writer.json(path, ignoreNullFields=False)
            else:
                writer.parquet(path)

        self._done(save, query)

    def _frame(self, query: exp.Expression) -> Any:
        try:
            return self.session.sql(written(query, self.dialect))
        except PySparkException as error:
            raise failed("Spark", error) from None

    def _done(self, work: Any, query: exp.Expression) -> Any:
        frame = self._frame(query)
        try:
            return interruptible(lambda: work(frame), self.session.sparkContext.cancelAllJobs)
        except PySparkException as error:
            raise failed("Spark", error) from None

    def close(self) -> None:
        """Give back what it holds."""
        self.session.stop()


def _field(name: str, kind: Any) -> Field:
    shape = type(kind).__name__
    if shape == "DecimalType":
        return Field(name, "decimal", kind.scale) if kind.scale else Field(name, "whole")
    return Field(name, "whole" if shape in _WHOLE else _KINDS.get(shape, "other"))
