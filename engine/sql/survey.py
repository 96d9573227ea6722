"""What the columns of a table hold, found by looking at all of it once: bounds, whether cells are empty, and what may not be there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sqlglot import exp

from ..errors import CommandError, Problem, plain
from ..named import NamedTuple
from ..plan import Plan
from ..presets import as_input
from .cells import Cell, cell, cells
from .engine import Engine, Field
from .names import aliased, column
from .reads import right

MOST_WORDS = 100_000
"""Different words of a column that are looked at."""
MOST_PLACES = 9
"""Digits behind the point that are looked for in a column of doubles."""


class Survey(NamedTuple):
    """The columns that stand for something, the rows there are, and what is to be said of cells that are not what they may be."""

    cells: tuple[Cell, ...]
    fields: tuple[Field, ...]
    rows: int
    said: tuple[str, ...]


def survey(plan: Plan, engine: Engine, table: exp.Expression, asked: Sequence[str]) -> Survey:
    """Look at a table.

    Args:
        plan: the plan of the rules.
        engine: what reads it.
        table: the table.
        asked: the texts of `--columns`; without any, each column named after an input or a kind of presets stands for it, in any case.

    Raises:
        GaugeError: when there is no such column, or it is of another type than what it stands for.
    """
    fields = tuple(engine.fields(table))
    said: list[str] = []
    by_name = {field.name: field for field in fields}
    if asked:
        wanted = cells(plan, asked)
    else:
        found, unread = _named(plan, [name for name, field in by_name.items() if field.kind != "empty"])
        wanted = tuple(cell(plan, name, header) for name, header in found.items())
        said += unread
    for each in wanted:
        if each.column in by_name and _unfit(each, by_name) and _is_empty(engine, table, each.column):
            by_name[each.column] = by_name[each.column]._replace(kind="empty")
    problems = [problem for each in wanted if (problem := _unfit(each, by_name)) is not None]
    if problems:
        raise CommandError(*problems)
    if not wanted:
        hint = "name them with --columns, such as --columns name:COLUMN"
        raise CommandError(Problem("no column of the table is named after an input or a kind of presets", None, hint))
    wanted = tuple(each for each in wanted if by_name[each.column].kind != "empty")
    looked = _Look(plan, engine, table, by_name)
    return Survey(tuple(looked.at(each) for each in wanted), fields, looked.rows, (*said, *looked.said))


def _named(plan: Plan, headers: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The columns named after inputs and kinds of presets, without case, as in SQL; and what is to be said of those nearly so."""
    inputs = plan.document.inputs
    known = [name for name in dict.fromkeys([*inputs, *plan.document.presets]) if name not in inputs or inputs[name].type != "list"]
    found = {name: name for name in known if name in headers}
    said = []
    for header in headers:
        if header in found:
            continue
        alike = [name for name in known if name not in found and name.casefold() == header.casefold()]
        if len(alike) == 1:
            found[alike[0]] = header
        else:
            near = [name for name in known if _letters(name) == _letters(header)]
            said += [f"the column `{plain(header, 60)}` stands for nothing; `{name}` would be read" for name in near]
    return found, said


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _unfit(each: Cell, fields: dict[str, Field]) -> Problem | None:
    field = fields.get(each.column)
    if field is None:
        return Problem(
            f"the table has no column `{plain(each.column)}`", None, "it has " + ", ".join(plain(name, 40) for name in [*fields][:12])
        )
    kinds = {"number": {"whole", "decimal", "real"}, "truth": {"truth"}}.get(each.type, {"text"})
    if field.kind in kinds | {"empty"}:
        return None
    wanted = {"number": "numbers", "truth": "truth values"}.get(each.type, "words")
    return Problem(f"the column `{plain(each.column)}` does not hold {wanted}", None, "convert it, or leave it out with --columns")


def _is_empty(engine: Engine, table: exp.Expression, name: str) -> bool:
    """Whether a column has no value in any row: what a CSV file holds there has no type."""
    return not engine.fetch(exp.Select(expressions=[aliased(exp.Count(this=column(name)), "found")]).from_(table.copy()))[0][0]


class _Look:
    def __init__(self, plan: Plan, engine: Engine, table: exp.Expression, fields: dict[str, Field]) -> None:
        self.plan, self.engine, self.table, self.fields = plan, engine, table, fields
        self.said: list[str] = []
        self.rows = self._ask([exp.Count(this=exp.Star())])[0]

    def at(self, each: Cell) -> Cell:
        """A column with what is known of it."""
        if each.type == "truth":
            there = self._ask([exp.Count(this=column(each.column))])[0]
            return each._replace(present=there == self.rows)
        return self._words(each) if each.type in {"word", "preset"} else self._numbers(each)

    def _ask(self, what: Sequence[exp.Expression], where: exp.Expression | None = None) -> tuple[Any, ...]:
        made = exp.Select(expressions=[aliased(part, f"found_{index}") for index, part in enumerate(what)]).from_(self.table.copy())
        return self.engine.fetch(made.where(where) if where is not None else made)[0]

    def _words(self, each: Cell) -> Cell:
        query = exp.Select(expressions=[column(each.column)]).from_(self.table.copy()).distinct().limit(MOST_WORDS)
        found = [row[0] for row in self.engine.fetch(query)]
        known = set(each.words)
        odd = sorted(word for word in found if word is not None and word not in known)
        if odd and not each.otherwise:
            listed = [exp.Literal.string(word) for word in odd]
            count = self._ask([exp.Count(this=exp.Star())], exp.In(this=column(each.column), expressions=listed))[0]
            self._tell(each, count, ", ".join(f"`{plain(word, 60)}`" for word in odd[:3]) + (" …" if len(odd) > 3 else ""))
        words = tuple(word for word in each.words if word in found) or each.words[:1]
        sure = not odd and len(found) < MOST_WORDS
        return each._replace(words=words, present=None not in found and bool(found), sure=sure)

    def _numbers(self, each: Cell) -> Cell:
        field = self.fields[each.column]
        scale = self._scale(each, field)
        each = each._replace(
            whole=field.kind != "real", low=each.low * scale // each.scale, high=each.high * scale // each.scale, scale=scale
        )
        if each.few:
            item = as_input(self.plan, each.name)
            numbers = [Fraction(choice) for choice in item.choices if not isinstance(choice, str)]
            each = each._replace(few=tuple(sorted(int(number * scale) for number in numbers if (number * scale).denominator == 1)))
        fit = right(each, column(each.column), self.engine.dialect)
        read = column(each.column)
        there, good = self._ask([exp.Count(this=read.copy()), _count(fit)])
        least, most = self._ask([exp.Min(this=read.copy()), exp.Max(this=read.copy())], fit.copy())
        if good != there:
            odd = self._ask([exp.Min(this=read.copy())], exp.Not(this=exp.Paren(this=fit.copy())))[0]
            self._tell(each, there - good, f"`{plain(str(odd), 60)}`")
        if least is not None:
            low, high = (round(Fraction(end) * scale) for end in (least, most))
            each = each._replace(low=max(each.low, low), high=min(each.high, high))
        return each._replace(present=there == self.rows and self.rows > 0, sure=good == there)

    def _scale(self, each: Cell, field: Field) -> int:
        """The fewest digits behind the point with which all numbers of a column are said."""
        if field.kind == "whole" or as_input(self.plan, each.name).type == "integer":
            return 1
        if field.kind == "decimal":
            return int(10**field.places)
        read = column(each.column)
        tests = []
        for places in range(MOST_PLACES):
            steps = exp.Literal.number(str(10**places))
            nearest = exp.Div(
                this=exp.Round(this=exp.Mul(this=read.copy(), expression=steps)), expression=steps.copy(), typed=True, safe=False
            )
            tests.append(_count(exp.NEQ(this=nearest, expression=read.copy())))
        wrong = self._ask(tests)
        places = next((places for places, count in enumerate(wrong) if not count), MOST_PLACES)
        return int(10**places)

    def _tell(self, each: Cell, count: int, example: str) -> None:
        what = "name no such " + each.name if each.type == "preset" else f"hold a value that `{each.name}` cannot have"
        self.said.append(f"{count:,} of {self.rows:,} rows {what} ({example}): what depends on it is empty there")


def _count(test: exp.Expression) -> exp.Expression:
    """In how many rows something holds."""
    one = exp.Case(ifs=[exp.If(this=test, true=exp.Literal.number("1"))], default=exp.Literal.number("0"))
    return exp.Coalesce(this=exp.Sum(this=one), expressions=[exp.Literal.number("0")])
