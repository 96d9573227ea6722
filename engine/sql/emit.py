"""`emit`: the query itself, for any database, over a table that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from ..errors import CommandError, Problem, plain
from ..evaluate import Given
from ..named import NamedTuple
from ..plan import Plan
from .cells import cells, every
from .dialect import dialect
from .names import Names, identifier
from .query import Passed, Query, Source
from .rows import Rows


class Emitted(NamedTuple):
    """A query as text, and what is to be said about it."""

    text: str
    said: tuple[str, ...]


def emit(
    plan: Plan, given: Mapping[str, Given], names: Sequence[str], table: str, columns: Sequence[str], database: str, *, own_fits: bool
) -> Emitted:
    """The rules as one query with a column a rule.

    Args:
        plan: the rules, as `wanted.extended` makes them.
        given: what is given for all rows.
        names: the rules; all of them, in the order of the file, when there are none.
        table: the name of the table, with dots between its parts.
        columns: the texts of `--columns`; without any, each input that is not given is a column, and each kind of presets.
        database: the name of a dialect.
        own_fits: whether `fits` is not a rule of the file.

    Raises:
        GaugeError: when something of it is wrong.
    """
    to = dialect(database)
    if columns:
        found = cells(plan, columns)
    else:
        named = {value.where.partition(" ")[0] for value in given.values() if value.origin == "preset"}
        found = tuple(each for each in every(plan, presets=True) if each.name not in given and each.name not in named)
    kinds = {"number", "truth", "word"}
    wanted = names or [name for name in plan.document.rules if plan.shapes[name].kind in kinds]
    headers = Names()
    source = Source(_table(table), tuple(Passed(each.column, headers.new(each.column)) for each in found))
    query = Query(Rows(plan, given, found, to.most, own_fits=own_fits), wanted, source, to)
    return Emitted(query.text(), tuple(_said(query)))


def _table(name: str) -> exp.Table:
    parts = [part.strip() for part in name.split(".")]
    if not all(parts) or len(parts) > 3:
        raise CommandError(Problem(f"`--table {plain(name)}` is not the name of a table", None, "such as fleet, or schema.fleet"))
    made = exp.Table()
    for key, part in zip(("this", "db", "catalog"), reversed(parts), strict=False):
        made.set(key, identifier(part))
    return made


def _said(query: Query) -> list[str]:
    """What is to be known about the columns."""
    answers = query.answers
    most = f"{query.dialect.most:.1e}"
    groups = [
        (
            "cannot be said in SQL and are NULL (they hang on a list, or have an exponent that is no constant)",
            [each for each in answers if each.cannot],
        ),
        (
            "have no value in any row (what they need is neither given nor a column)",
            [each for each in answers if each.bad is True and not each.cannot],
        ),
        (
            f"are NULL also where a number is over {most}; narrower bounds in --columns may prove that there is none",
            [each for each in answers if each.large],
        ),
        ("are not whole, and so rounded to doubles (1e-15), which their names say", [each for each in answers if each.kind == "float"]),
    ]
    return [
        f"{len(found)} columns {what}: {', '.join(f'`{each.header}`' for each in found[:12])}{' …' if len(found) > 12 else ''}"
        for what, found in groups
        if found
    ]
