"""The steps of a query as common table expressions: what is read, then one for each level of nodes, each read from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from ..lowering.nodes import Node, Truth
from .cells import Cell
from .dialect import Dialect
from .expressions import Expressions, kind_of
from .levels import Levels
from .names import Names, aliased, column, identifier
from .reads import is_there, right, surely, value
from .rows import Entries, Leaf

if TYPE_CHECKING:
    from .query import Passed, Query

KEY = "name"
"""The column of a table of presets that rows name."""


class Steps:
    """The steps of a query as common table expressions, each read from the one before."""

    def __init__(self, query: Query, found: Levels, passed: Sequence[Passed]) -> None:
        self.query, self.levels = query, found
        self.tables = Names(each.name for each in query.source.table.find_all(exp.Table))
        self.columns = Names()
        self._through = {each.column: self.columns.new(each.column) for each in passed}
        titles = {each.above.index: each.name for each in query.answers if isinstance(each.above, Node) and each.under == 1}
        self.names: dict[int, str] = {}
        for index in sorted(found.level):
            node = found.nodes[index]
            title = query.rows.leaves[node.args[0]].title if node.op == "leaf" else titles.get(index, "part")
            self.names[index] = self.columns.new(title)
        self.write = Expressions(query.dialect, self.names, query.rows.nodes.within)
        self.made: list[exp.CTE] = []
        self._first()
        for level in range(1, found.top):
            self._step(level)

    def passed(self, each: Passed) -> exp.Expression:
        """A column that goes through, in the last step."""
        made: exp.Expression = column(self._through[each.column])
        return each.shown(made) if each.shown else made

    def ending(self, columns: list[exp.Expression], kept: Truth) -> exp.Select:
        """The query that ends the steps."""
        made = exp.Select(expressions=columns).from_(exp.Table(this=identifier(self.last)), copy=False)
        if kept is not True:
            made = made.where(self.write.truth(kept), copy=False)
        made.set("with_" if "with_" in exp.Select.arg_types else "with", exp.With(expressions=self.made))
        return made

    def _add(self, title: str, query: exp.Expression) -> str:
        name = self.tables.new(title)
        fence = self.query.dialect.fence
        if fence == "offset" and isinstance(query, exp.Select):
            query.set("offset", exp.Offset(expression=exp.Literal.number("0")))
        alias = exp.TableAlias(this=identifier(name))
        self.made.append(
            exp.CTE(this=query, alias=alias, materialized=True) if fence == "materialized" else exp.CTE(this=query, alias=alias)
        )
        return name

    def _first(self) -> None:
        """The step that reads the table: each cell held to what it may be, and what the presets named give."""
        given = self.tables.new("given")
        reads = _Leaves(self.query, given)
        leaves = [(node, self.query.rows.leaves[node.args[0]]) for node in self.levels.nodes.values() if node.op == "leaf"]
        needed: dict[str, list[str]] = {}
        for _, leaf in leaves:
            if leaf.part in {"preset", "gives", "known"}:
                needed.setdefault(leaf.cell.name, [])
                if leaf.name and leaf.name not in needed[leaf.cell.name]:
                    needed[leaf.cell.name].append(leaf.name)
        kinds = [kind for kind in self.query.rows.kinds if kind.cell.name in needed]
        source = self.query.source.table
        if self.query.dialect.lists and kinds:
            positions = [aliased(_position(kind), _place(kind.cell)) for kind in kinds]
            source = exp.Select(expressions=[exp.Star(), *positions]).from_(source, copy=False).subquery(copy=False)
            kinds = []
        table = exp.alias_(source, given, quoted=True, table=True, copy=False)
        joins = [self._join(kind, needed[kind.cell.name], reads) for kind in kinds]
        columns: list[exp.Expression] = [aliased(column(each, given), name) for each, name in self._through.items()]
        columns += [aliased(reads.sql(leaf, self.write), self.names[node.index]) for node, leaf in leaves]
        if not columns:
            columns = [aliased(exp.Literal.number("1"), "nothing")]
        made = exp.Select(expressions=columns).from_(table, copy=False)
        for join in joins:
            made = made.join(join, join_type="left", copy=False)
        self.last = self._add("cells", made)

    def _join(self, kind: Entries, names: list[str], reads: _Leaves) -> exp.Join:
        """The presets of a kind as a table, joined by the name in the row."""
        taken = Names([KEY])
        reads.tables[kind.cell.name] = alias = self.tables.new(kind.cell.name)
        for name in names:
            reads.columns[kind.cell.name, name] = taken.new(name)
        heads = [KEY, *(reads.columns[kind.cell.name, name] for name in names)]
        rows = []
        for index, label in enumerate(kind.labels):
            values = [constant(kind.columns[name][index], self.write) for name in names]
            rows.append([exp.Literal.string(label), *values])
        entries = self._add(f"{kind.cell.name}_presets", _constants(heads, rows, self.query.dialect))
        on = exp.EQ(this=column(KEY, alias), expression=column(kind.cell.column, reads.given))
        return exp.Join(this=exp.alias_(exp.Table(this=identifier(entries)), alias, quoted=True, table=True, copy=False), on=on)

    def _step(self, level: int) -> None:
        """A step: what is still needed of those before, and the columns of this level."""
        found = self.levels
        columns: list[exp.Expression] = [column(name) for name in self._through.values()]
        for index in sorted(found.level):
            if found.level[index] < level < found.last[index]:
                columns.append(column(self.names[index]))
            elif found.level[index] == level:
                columns.append(aliased(self.write.written(found.nodes[index]), self.names[index]))
        made = exp.Select(expressions=columns).from_(exp.Table(this=identifier(self.last)), copy=False)
        self.last = self._add(f"step_{level}", made)


class _Leaves:
    """Writes what the first step reads."""

    def __init__(self, query: Query, given: str) -> None:
        self.query, self.given = query, given
        self.tables: dict[str, str] = {}
        self.columns: dict[tuple[str, str], str] = {}

    def sql(self, leaf: Leaf, write: Expressions) -> exp.Expression:
        """A leaf as an expression over the table and the presets; never NULL."""
        cell = leaf.cell
        read = column(cell.column, self.given)
        if leaf.part == "there":
            return is_there(read)
        if leaf.part == "right":
            return surely(right(cell, read, self.query.dialect))
        if leaf.part == "value":
            return value(cell, read, self.query.dialect, self.query.rows.lowering.code)
        given = self._listed(leaf, write) if self.query.dialect.lists else self._joined(leaf)
        if leaf.part in {"gives", "known"}:
            return is_there(given)
        if self.query.rows.lowering.kind(leaf.name) == "truth":
            return surely(given)
        entries = self._entries(leaf)
        numbers = [each for each in entries if each is not None]
        kind = kind_of(min(numbers), max(numbers))
        return exp.Coalesce(this=write.cast(given, kind), expressions=[write.literal(leaf.low, kind)])

    def _entries(self, leaf: Leaf) -> tuple[int | bool | None, ...]:
        return next(kind for kind in self.query.rows.kinds if kind.cell is leaf.cell).columns[leaf.name]

    def _joined(self, leaf: Leaf) -> exp.Expression:
        """What the preset named in the row gives, from the table that is joined."""
        return column(self.columns[leaf.cell.name, leaf.name] if leaf.name else KEY, self.tables[leaf.cell.name])

    def _listed(self, leaf: Leaf, write: Expressions) -> exp.Expression:
        """The same, from a list of what all presets give."""
        place = column(_place(leaf.cell), self.given)
        if not leaf.name:
            return place
        values = [constant(each, write) for each in self._entries(leaf)]
        return exp.Anonymous(this="list_extract", expressions=[exp.Array(expressions=values), place])


def constant(each: int | bool | None, write: Expressions) -> exp.Expression:
    """What a preset gives, as it stands in a query."""
    if each is None:
        return exp.Null()
    return exp.Boolean(this=each) if isinstance(each, bool) else write.literal(each, kind_of(each, each))


def _place(cell: Cell) -> str:
    """The column with the place of the preset named in the row, under a name no table has."""
    return f"place of {cell.name}"


def _position(kind: Entries) -> exp.Expression:
    """The place of the preset named in the row among those there are, NULL where it is none."""
    labels = exp.Array(expressions=[exp.Literal.string(label) for label in kind.labels])
    found = exp.Anonymous(this="list_position", expressions=[labels, column(kind.cell.column)])
    return exp.Anonymous(this="NULLIF", expressions=[found, exp.Literal.number("0")])


def _constants(heads: Sequence[str], rows: Sequence[Sequence[exp.Expression]], dialect: Dialect) -> exp.Expression:
    """Rows of constants as a query."""
    if dialect.values:
        values = exp.Values(
            expressions=[exp.Tuple(expressions=list(row)) for row in rows],
            alias=exp.TableAlias(this=identifier("listed"), columns=[identifier(head) for head in heads]),
        )
        return exp.Select(expressions=[column(head) for head in heads]).from_(values, copy=False)
    made: exp.Expression | None = None
    for row in rows:
        each = exp.Select(expressions=[aliased(value, head) for value, head in zip(row, heads, strict=True)])
        made = each if made is None else exp.Union(this=made, expression=each, distinct=False)
    assert made is not None
    return made
