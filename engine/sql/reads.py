"""How the cells of a table are read: each held to what it may be, so that what is read is never NULL and within its bounds."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from .cells import Cell
from .dialect import Dialect
from .expressions import Expressions, kind_of


def is_there(read: exp.Expression) -> exp.Expression:
    """Whether something has a value."""
    return exp.Not(this=exp.Is(this=read, expression=exp.Null()))


def surely(truth: exp.Expression) -> exp.Expression:
    """A truth value that is false where it is NULL."""
    return exp.Coalesce(this=truth, expressions=[exp.Boolean(this=False)])


def value(cell: Cell, read: exp.Column, dialect: Dialect, code: Callable[[str], int]) -> exp.Expression:
    """What a cell holds: a number times its scale, a truth value, or the number of a word; something like it where it holds none."""
    write = Expressions(dialect, {})
    if cell.type == "truth":
        return read if cell.present else surely(read)
    if cell.type == "word":
        ifs = [
            exp.If(this=exp.EQ(this=read.copy(), expression=exp.Literal.string(word)), true=exp.Literal.number(str(code(word))))
            for word in cell.words
        ]
        last = code(cell.otherwise or cell.words[0])
        return write.cast(exp.Case(ifs=ifs, default=exp.Literal.number(str(last))), "i")
    found = _whole(cell, read, write)
    if cell.sure and cell.present:
        return found
    return exp.Case(
        ifs=[exp.If(this=right(cell, read, dialect), true=found)], default=write.literal(cell.low, kind_of(cell.low, cell.high))
    )


def right(cell: Cell, read: exp.Column, dialect: Dialect) -> exp.Expression:
    """Whether a cell holds what it may hold; NULL or false where it is empty."""
    if cell.type == "word":
        return exp.In(this=read.copy(), expressions=[exp.Literal.string(word) for word in cell.words])
    write = Expressions(dialect, {})
    kind = kind_of(cell.low, cell.high)
    low, high = write.literal(cell.low, kind), write.literal(cell.high, kind)
    if cell.scale == 1 or cell.whole or cell.scaled:
        made: exp.Expression = exp.Between(this=_exact(cell, read), low=low, high=high)
        if not cell.whole and not cell.scaled:
            same = exp.EQ(this=write.cast(read.copy(), kind), expression=read.copy())
            made = exp.Case(ifs=[exp.If(this=made, true=same)], default=exp.Boolean(this=False))
    else:
        steps = _steps(cell, read, write)
        nearest = exp.Div(this=steps.copy(), expression=write.literal(cell.scale, "d"), typed=True, safe=False)
        bounds = exp.Between(this=steps, low=write.literal(cell.low, "d"), high=write.literal(cell.high, "d"))
        made = exp.And(this=bounds, expression=exp.EQ(this=nearest, expression=write.cast(read.copy(), "d")))
    if cell.few:
        few = exp.In(this=_whole(cell, read, write), expressions=[write.literal(each, kind) for each in cell.few])
        made = exp.Case(ifs=[exp.If(this=made, true=few)], default=exp.Boolean(this=False))
    return made


def _whole(cell: Cell, read: exp.Column, write: Expressions) -> exp.Expression:
    """The number of a cell times its scale, as a whole number."""
    exact = cell.scale == 1 or cell.whole or cell.scaled
    return write.cast(_exact(cell, read) if exact else _steps(cell, read, write), kind_of(cell.low, cell.high))


def _exact(cell: Cell, read: exp.Column) -> exp.Expression:
    """The number of a cell times its scale, in the type of the column."""
    if cell.scale == 1 or cell.scaled:
        return read.copy()
    return exp.Mul(this=read.copy(), expression=exp.Literal.number(str(cell.scale)))


def _steps(cell: Cell, read: exp.Column, write: Expressions) -> exp.Expression:
    """The whole number nearest to a cell times its scale, as a double: a double stands for the step it is the nearest to."""
    return exp.Round(this=exp.Mul(this=write.cast(read.copy(), "d"), expression=write.literal(cell.scale, "d")))
