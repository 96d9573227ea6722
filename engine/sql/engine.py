"""What runs queries: DuckDB in this process, or Spark. Both read a file where it lies, and write one themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import CommandError, Problem, plain
from ..named import NamedTuple
from .dialect import Dialect

if TYPE_CHECKING:
    from sqlglot import exp

FORMATS = ("csv", "jsonl", "parquet")
Made = TypeVar("Made")


class Field(NamedTuple):
    """A column of a table: `kind` is `whole`, `decimal` (with `places` behind the point), `real`, `text`, `truth` or `other`."""

    name: str
    kind: str
    places: int = 0


class Engine(Protocol):
    """Runs queries."""

    dialect: Dialect

    def table(self, path: str, kind: str) -> exp.Expression:
        """A file as a table."""

    def counter(self, first: int, last: int, name: str) -> exp.Expression:
        """The whole numbers from the first to the one before the last, as a table with one column."""

    def fields(self, table: exp.Expression) -> list[Field]:
        """The columns of a table."""

    def fetch(self, query: exp.Expression) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""

    def rows(self, query: exp.Expression) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer of any size."""

    def write(self, query: exp.Expression, path: str, kind: str) -> None:
        """Write an answer to a file."""

    def close(self) -> None:
        """Give back what it holds."""


def engine(name: str) -> Engine:
    """The engine of this name.

    Raises:
        CommandError: when it is not installed.
    """
    try:
        if name == "duckdb":
            from .duck import Duck

            return Duck()
        from .spark import Spark

        return Spark()
    except ModuleNotFoundError as error:
        if error.name not in {"duckdb", "pyspark"}:
            raise
        extra = "sql" if error.name == "duckdb" else "spark"
        hint = f"pip install {error.name}, or 'compute-gauge[{extra}]'"
        raise CommandError(Problem(f"`--engine {name}` needs {error.name}", None, hint)) from None


def failed(what: str, error: Exception) -> CommandError:
    """What an engine says went wrong, in short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return CommandError(Problem(f"{what}: {plain(lines[0] if lines else type(error).__name__, 400)}"))


def interruptible(work: Callable[[], Made], stop: Callable[[], None]) -> Made:
    """Work in another thread, so that Ctrl-C is heard at once; `stop` ends it."""
    from concurrent.futures import ThreadPoolExecutor
    from concurrent.futures import TimeoutError as NotYet

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work)
        try:
            while True:
                try:
                    return waiting.result(timeout=0.2)
                except NotYet:
                    if waiting.done():
                        raise
        except KeyboardInterrupt:
            stop()
            raise
