"""A rule set as one query: the cells of the table and what presets give, then one step for each level, at the end a column a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from ..errors import CommandError, Problem
from ..lowering.lower import Column
from ..lowering.nodes import Node, Truth, Unsupported, Whole
from ..named import NamedTuple
from ..records import Check
from ..wanted import WHERE
from .dialect import Dialect
from .expressions import Expressions
from .levels import levels
from .names import Names, aliased
from .rows import Rows
from .steps import Steps

ROUNDED = "_rounded"
"""What the name of a column ends in whose numbers may be off by a rounding."""
MARK = "≈"
"""The same in the tables of `sweep`."""


WIDTH = 10_000
"""Characters that may stand in a line, so that a column or a row of constants stands in one."""


class Answer(NamedTuple):
    """A column of the query.

    `kind` is `whole`, `half` (a double that is exactly it), `exact` (a decimal), `float` (a double next to it), `truth` or `word`.


    `header` is its name in the query. `above / under` is the value, `empty` where there is none, `bad` where that is because there is none
    to be had. `large`: it may be NULL because it is made of a number too large for the database. `cannot`: the formula cannot be said in
    SQL, and the column is NULL.
    """

    name: str
    header: str
    kind: str
    above: Any
    under: Whole
    empty: Truth
    bad: Truth
    wide: bool = False
    large: bool = False
    cannot: bool = False


class Passed(NamedTuple):
    """A column that goes through: its name in the table, its header, and how it is shown where that is not as it is."""

    column: str
    header: str
    shown: Callable[[exp.Expression], exp.Expression] | None = None


class Source(NamedTuple):
    """Where rows come from: a table or a query, and which of its columns are passed on before the answers."""

    table: exp.Expression
    passed: tuple[Passed, ...]


class Query:
    """The answers of rules over rows.

    Args:
        rows: the lowering.
        names: what is asked.
        source: the table.
        dialect: for which database.
        mark: what the header of a rounded column ends in.
        word: how a word is shown; as it is when None.
    """

    def __init__(
        self,
        rows: Rows,
        names: Sequence[str],
        source: Source,
        dialect: Dialect,
        mark: str = ROUNDED,
        word: Callable[[str], str] | None = None,
    ) -> None:
        self.rows, self.source, self.dialect = rows, source, dialect
        self.mark, self.word = mark, word or str
        self.headers = Names(each.header for each in source.passed)
        self._probe = Expressions(dialect, {})
        nodes = rows.nodes
        rows.lowering.prepare(name for name in names if name in rows.plan.slots)
        refused, where, self.filtered = self._checks()
        self.undecided: Truth = nodes.either(refused, where.bad)
        self.kept: Truth = nodes.both(where.value, nodes.invert(self.undecided)) if self.filtered else True
        self.answers = [self._answer(name, refused) for name in names]

    # What is asked.

    def _checks(self) -> tuple[Truth, Column, bool]:
        """Which rows a check refuses, the condition on rows, and whether there is one."""
        nodes, lowering = self.rows.nodes, self.rows.lowering
        refused: Truth = False
        where, filtered = Column("truth", True), False
        for check in self.rows.plan.document.checks:
            if check.level != "error" and check.name != WHERE:
                continue
            try:
                test = lowering.lower(check.when.tree)
                self._can(test.value, test.bad)
            except Unsupported:
                raise _unsaid(check) from None
            if check.name == WHERE:
                where, filtered = test, True
            else:
                refused = nodes.either(refused, nodes.both(test.value, nodes.invert(test.bad)))
        return refused, where, filtered

    def _can(self, *parts: Any) -> None:
        """See that the database can hold the constants in some parts.

        Raises:
            Unsupported: when it cannot.
        """
        if not all(self._probe.can(part) if isinstance(part, Node) else abs(part) <= self.dialect.most for part in parts):
            raise Unsupported

    def _answer(self, name: str, refused: Truth) -> Answer:
        nodes, lowering = self.rows.nodes, self.rows.lowering
        try:
            found = self.rows.column(name)
            if found.kind == "number":
                above, under = lowering.numbers.over(found.value)
            else:
                above, under = found.value if found.kind == "truth" else lowering.code(found.value), 1
            self._can(above, under, found.applies, found.bad)
        except Unsupported:
            return Answer(name, self.headers.new(name), "whole", 0, 1, True, True, cannot=True)
        bad = nodes.either(refused, found.bad)
        empty = nodes.either(bad, nodes.invert(found.applies))
        large = any(self._probe.large(part) for part in (above, under, empty))
        kind = found.kind if found.kind != "number" else "whole" if under == 1 else self._probe.exactly(above, under)
        wide = found.kind == "number" and self._probe.kind(above) == "w"
        header = self.headers.new(name + self.mark * (kind == "float"))
        return Answer(name, header, kind, above, under, empty, bad, wide, large)

    # The query.

    def select(self) -> exp.Select:
        """The rows that are wanted, each with the columns passed on and the answers."""
        parts = [part for each in self.answers for part in (each.above, each.under, each.empty)]
        roots = [part for part in (self.kept, *parts) if isinstance(part, Node)]
        made = Steps(self, levels(roots, self._probe), self.source.passed)
        columns: list[exp.Expression] = [aliased(made.passed(each), each.header) for each in self.source.passed]
        columns += [aliased(self._written(each, made.write), each.header) for each in self.answers]
        return made.ending(columns, self.kept)

    def count(self) -> exp.Select:
        """How many rows there are, how many of them are wanted, how many of those lack a value, and how many cannot be decided."""
        nodes = self.rows.nodes
        bad = nodes.any(each.bad for each in self.answers if not each.cannot)
        parts = dict.fromkeys(part for each in self.answers if each.large for part in (each.above, each.under, each.empty))
        large = [part for part in parts if isinstance(part, Node) and self._probe.large(part)]
        roots = [part for part in (self.kept, bad, self.undecided, *large) if isinstance(part, Node)]
        made = Steps(self, levels(roots, self._probe), ())
        nulls = [exp.Is(this=made.write.sql(part), expression=exp.Null()) for part in large]
        lacking = exp.Paren(this=_or([made.write.truth(bad), *nulls]))
        counted = [
            exp.Boolean(this=True),
            made.write.truth(self.kept),
            exp.And(this=exp.Paren(this=made.write.truth(self.kept)), expression=lacking),
        ]
        unsure = [made.write.truth(self.undecided), exp.Is(this=exp.Paren(this=made.write.truth(self.kept)), expression=exp.Null())]
        counted.append(_or(unsure) if self.filtered else exp.Boolean(this=False))
        columns: list[exp.Expression] = []
        for index, truth in enumerate(counted):
            one = exp.Case(ifs=[exp.If(this=truth, true=exp.Literal.number("1"))], default=exp.Literal.number("0"))
            columns.append(aliased(exp.Sum(this=one), f"count_{index}"))
        return made.ending(columns, True)

    def text(self) -> str:
        """The query as text, ended by a semicolon."""
        return written(self.select(), self.dialect) + ";\n"

    def _written(self, answer: Answer, write: Expressions) -> exp.Expression:
        kind = {"truth": "b", "whole": "w" if answer.wide else "i"}.get(answer.kind, "d")
        if answer.kind == "word":
            made = self._word(answer.above, write)
        elif answer.empty is True:
            return write.cast(exp.Null(), kind)
        elif answer.kind == "truth":
            made = write.truth(answer.above)
        elif answer.kind == "exact":
            made = write.decimal(answer.above, answer.under)
        elif answer.under != 1:
            made = write.quotient(answer.above, answer.under)
        else:
            made = write.number(answer.above, kind)
            made = made if isinstance(answer.above, Node) else write.cast(made, kind)
        if answer.empty is False:
            return made
        return exp.Case(ifs=[exp.If(this=write.truth(self.rows.nodes.invert(answer.empty)), true=made)])

    def _word(self, code: Any, write: Expressions) -> exp.Expression:
        words = self.rows.lowering.words
        if not isinstance(code, Node):
            return exp.Literal.string(self.word(words[code])) if code < len(words) else exp.Null()
        ifs = [
            exp.If(
                this=exp.EQ(this=write.sql(code), expression=exp.Literal.number(str(each))),
                true=exp.Literal.string(self.word(words[each])),
            )
            for each in sorted(self.rows.nodes.within(code))
            if each < len(words)
        ]
        return exp.Case(ifs=ifs) if ifs else exp.Null()


def _or(parts: Sequence[exp.Expression]) -> exp.Expression:
    """Whether one of them holds."""
    made = parts[0]
    for part in parts[1:]:
        made = exp.Or(this=made, expression=part)
    return made


def written(query: exp.Expression, dialect: Dialect) -> str:
    """A query in the words of a database."""
    text: str = query.sql(dialect=dialect.name, pretty=True, identify=True, copy=False, max_text_width=WIDTH)
    return text


def _unsaid(check: Check) -> CommandError:
    what = "`--where`" if check.name == WHERE else f"the check `{check.name}`"
    hint = "it hangs on a list, or has an exponent that is no constant; `sweep --engine numpy` computes such"
    return CommandError(Problem(f"{what} cannot be said in SQL", check.place, hint))
