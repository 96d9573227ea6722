"""Nodes → SQL: whole numbers in a type that holds them, truth values, and words by their numbers.

No node overflows its type or divides by zero, since its bounds are proved and what has no value has a stand-in. Where bounds do not prove
that a sum or product fits in the widest type, each row is asked: it is estimated as a double first, and is NULL where that is near the end
of the type or beyond. What is made of a NULL is NULL, so that no wrong number comes of it; all other nodes are never NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlglot import exp

from ..lowering.nodes import MIDDLE, SMALL, Node, Whole, high, low
from ..named import NamedTuple
from .dialect import Dialect
from .names import column

_RANK = "biwd"
_TYPES = {"b": exp.DataType.build("BOOLEAN"), "i": exp.DataType.build("BIGINT"), "d": exp.DataType.build("DOUBLE")}
_JOINED: dict[str, type[exp.Binary]] = {
    "add": exp.Add,
    "subtract": exp.Sub,
    "multiply": exp.Mul,
    "less": exp.LT,
    "less_equal": exp.LTE,
    "equal": exp.EQ,
    "logical_and": exp.And,
    "logical_or": exp.Or,
}
GROWS = frozenset({"add", "subtract", "multiply"})
_COMPARED = frozenset({"less", "less_equal", "equal"})
_LOGIC = frozenset({"logical_and", "logical_or", "logical_not"})


DIGITS = 38
"""Digits of a decimal that all databases with decimals have."""
MOST_PLACES = 12
"""Digits behind the point up to which a decimal is made: Snowflake keeps no more in a product."""


class Form(NamedTuple):
    """How a node is computed: its kind, its bounds, whether it may be NULL because a number is too large, and whether it asks for that."""

    kind: str
    low: int
    high: int
    large: bool
    guarded: bool


class _Ends(NamedTuple):
    low: int
    high: int


class Expressions:
    """Writes nodes of one query.

    Args:
        dialect: for which database; sqlglot writes the rest of its way.
        names: the columns that nodes are, by the index of the node; a node that is none is written where it is used.
        within: gives the words a node can be, by their numbers.
    """

    def __init__(self, dialect: Dialect, names: Mapping[int, str], within: Callable[[Node], Iterable[int]] = lambda key: ()) -> None:
        self.dialect = dialect
        self.names = names
        self.within = within
        self._forms: dict[int, Form] = {}

    def kind(self, part: Node | int | bool) -> str:
        """How a part is computed: as truth value (`b`), BIGINT (`i`) or in the wide type (`w`)."""
        if isinstance(part, bool):
            return "b"
        return kind_of(part, part) if isinstance(part, int) else self.form(part).kind

    def large(self, part: Node | int | bool) -> bool:
        """Whether a part may be NULL because a number is too large."""
        return isinstance(part, Node) and self.form(part).large

    def form(self, node: Node) -> Form:
        """The form of a node, found together with those of its parts."""
        found = self._forms.get(node.index)
        if found is not None:
            return found
        left, order = [node], dict[int, Node]()
        while left:
            part = left.pop()
            if part.index not in order and part.index not in self._forms:
                order[part.index] = part
                left += [each for each in part.args if isinstance(each, Node)]
        for index in sorted(order):
            self._forms[index] = self._form(order[index])
        return self._forms[node.index]

    def _form(self, node: Node) -> Form:
        parts = [self._forms[each.index] for each in node.args if isinstance(each, Node)]
        large = any(part.large for part in parts)
        if node.dtype == "b":
            return Form("b", 0, 1, large, guarded=False)
        low, high = _bounds(node, [_Ends(*self._ends(each)) for each in (node.args[1:] if node.op == "where" else node.args)])
        guarded = node.op in GROWS and max(-low, high) > self.dialect.most
        if guarded:
            low, high = max(low, -self.dialect.room), min(high, self.dialect.room)
        kinds = [kind_of(low, high)] if low <= high else ["w"]
        if node.op == "cast":
            kinds = ["i"] if node.dtype == "i" else [parts[0].kind]
        elif node.op not in {"leaf", "take"}:
            kinds += [self.kind(each) for each in (node.args[1:] if node.op == "where" else node.args) if not isinstance(each, bool)]
        return Form("w" if guarded else max(kinds, key=_RANK.index), low, high, large or guarded, guarded)

    def _ends(self, part: Any) -> tuple[int, int]:
        if isinstance(part, Node):
            form = self._forms[part.index]
            return form.low, form.high
        return (part, part) if isinstance(part, int) else (0, 0)

    def can(self, node: Node) -> bool:
        """Whether the database can hold the constants a node is made of."""
        left, seen = [node], set[int]()
        while left:
            part = left.pop()
            if part.index in seen:
                continue
            seen.add(part.index)
            constants = part.args[1] if part.op == "take" else [each for each in part.args if isinstance(each, int)]
            if any(abs(each) > self.dialect.most for each in constants):
                return False
            left += [each for each in part.args if isinstance(each, Node)]
        return True

    def type_of(self, kind: str) -> exp.DataType:
        """The SQL type of a kind."""
        return self.dialect.wide.copy() if kind == "w" else _TYPES[kind].copy()

    def cast(self, made: exp.Expression, kind: str) -> exp.Expression:
        """A part in another type."""
        return exp.Cast(this=made, to=self.type_of(kind))

    def literal(self, value: int, kind: str) -> exp.Expression:
        """A whole number in a type."""
        if kind == "d" or abs(value) > MIDDLE:
            return self.cast(exp.Literal.string(repr(float(value)) if kind == "d" else str(value)), kind)
        made = exp.Literal.number(str(abs(value)))
        return exp.Neg(this=made) if value < 0 else made

    def number(self, part: Whole, kind: str) -> exp.Expression:
        """A part, in a type at least as large as its own."""
        if isinstance(part, int):
            return self.literal(part, kind)
        made = self.sql(part)
        return made if self.kind(part) == kind else self.cast(made, kind)

    def truth(self, part: Node | bool) -> exp.Expression:
        """A truth value."""
        return self.sql(part) if isinstance(part, Node) else exp.Boolean(this=part)

    def sql(self, node: Node) -> exp.Expression:
        """A node: the column it is, or what it is made of."""
        name = self.names.get(node.index)
        return column(name) if name is not None else self.written(node)

    def written(self, node: Node) -> exp.Expression:
        """What a node is made of."""
        kind = self.kind(node)
        if node.op == "cast":
            return self.number(node.args[0], kind)
        if node.op in _COMPARED:
            kind = max((self.kind(each) for each in node.args), key=_RANK.index)
        if node.op == "logical_not":
            return exp.Not(this=_wrapped(self.truth(node.args[0]), exp.Not))
        if node.op in _LOGIC:
            made = _JOINED[node.op]
            left, right = (_wrapped(self.truth(each), made) for each in node.args)
            return made(this=left, expression=right)
        if node.op in GROWS and self.form(node).guarded:
            return self._asked(node, kind)
        if node.op in _JOINED:
            left, right = (self.number(each, kind) for each in node.args)
            sign = _JOINED[node.op]
            return sign(this=_wrapped(left, sign), expression=_wrapped(right, sign, last=True))
        return self._others[node.op](self, node, kind)

    def _cast_of(self, node: Node, kind: str) -> exp.Expression:
        return self.number(node.args[0], kind)

    def _asked(self, node: Node, kind: str) -> exp.Expression:
        """A sum or product that is NULL where it is too large, by its estimate as a double."""
        sign = _JOINED[node.op]
        doubles, parts = ([self.number(each, to) for each in node.args] for to in ("d", kind))
        most = exp.Literal.string(repr(float(self.dialect.room) * (1 - 1e-9)))
        fits = exp.LTE(this=exp.Abs(this=sign(this=doubles[0], expression=doubles[1])), expression=self.cast(most, "d"))
        value = sign(this=_wrapped(parts[0], sign), expression=_wrapped(parts[1], sign, last=True))
        return exp.Case(ifs=[exp.If(this=fits, true=value)])

    def _negative(self, node: Node, kind: str) -> exp.Expression:
        return exp.Neg(this=_wrapped(self.number(node.args[0], kind)))

    def _absolute(self, node: Node, kind: str) -> exp.Expression:
        return exp.Abs(this=self.number(node.args[0], kind))

    def _pick(self, node: Node, kind: str) -> exp.Expression:
        if self.large(node):  # databases leave out what is NULL
            sign = exp.GTE if node.op == "maximum" else exp.LTE
            left, right = ([self.number(each, kind) for _ in range(3)] for each in node.args)
            first = exp.If(this=sign(this=_wrapped(left[0], exp.EQ), expression=_wrapped(right[0], exp.EQ)), true=left[1])
            other = exp.If(this=exp.Not(this=sign(this=_wrapped(left[2], exp.EQ), expression=_wrapped(right[1], exp.EQ))), true=right[2])
            return exp.Case(ifs=[first, other])
        name = self.dialect.greatest if node.op == "maximum" else self.dialect.least
        return exp.Anonymous(this=name, expressions=[self.number(each, kind) for each in node.args])

    def _where(self, node: Node, kind: str) -> exp.Expression:
        condition, yes, no = node.args
        ifs = [exp.If(this=self.truth(condition), true=self.number(yes, kind))]
        if self.large(condition):
            ifs.append(exp.If(this=exp.Not(this=_wrapped(self.truth(condition), exp.Not)), true=self.number(no, kind)))
            made = exp.Case(ifs=ifs)
        else:
            made = exp.Case(ifs=ifs, default=self.number(no, kind))
        return made if isinstance(yes, Node) or isinstance(no, Node) else self.cast(made, kind)

    def _take(self, node: Node, kind: str) -> exp.Expression:
        key, values = node.args
        by: dict[Any, list[int]] = {}
        for code in sorted(self.within(key)):
            by.setdefault(values[code], []).append(code)
        if node.dtype == "b":
            return self._among(key, by.get(True, []), by.get(False, []))
        last = max(by, key=lambda value: len(by[value]))
        ifs = [exp.If(this=self._among(key, codes, ()), true=self.literal(value, kind)) for value, codes in by.items() if value != last]
        return self.cast(exp.Case(ifs=ifs, default=self.literal(last, kind)), kind)

    def _among(self, key: Node, codes: Any, others: Any) -> exp.Expression:
        """Whether a word is one of some, asked the shorter way."""
        if others and len(others) < len(codes):
            return exp.Not(this=self._among(key, others, ()))
        listed = [exp.Literal.number(str(code)) for code in codes]
        if len(listed) == 1:
            return exp.EQ(this=_wrapped(self.sql(key)), expression=listed[0])
        return exp.In(this=_wrapped(self.sql(key)), expressions=listed)

    def _divided(self, node: Node, kind: str) -> exp.Expression:
        """`floor(part / by)`, `by` being at least 1."""
        part, by = node.args
        by = 2**by if node.op == "right_shift" else by
        least, most = self._ends(part)
        if least >= 0:
            return self._quotient(lambda: self.number(part, kind), lambda: self.number(by, kind), kind)
        beyond = lambda: exp.Sub(this=self.literal(-1, kind), expression=_wrapped(self.number(part, kind)))  # noqa: E731 - made anew each time
        below = exp.Sub(this=self.literal(-1, kind), expression=_wrapped(self._quotient(beyond, lambda: self.number(by, kind), kind)))
        if most < 0:
            return below
        negative = exp.LT(this=_wrapped(self.number(part, kind), exp.LT), expression=self.literal(0, kind))
        above = self._quotient(lambda: self.number(part, kind), lambda: self.number(by, kind), kind)
        return exp.Case(ifs=[exp.If(this=negative, true=below)], default=above)

    def _quotient(self, part: Callable[[], exp.Expression], by: Callable[[], exp.Expression], kind: str) -> exp.Expression:
        """The whole part of a quotient of numbers that are not below 0."""
        way = self.dialect.division
        if kind == "w" and way in {"whole", "plain"} and self.dialect.name != "duckdb":
            way = "rest"  # decimals are divided with digits behind the point, and rounded there
        if way == "whole":
            made: exp.Expression = exp.IntDiv(this=_wrapped(part()), expression=_wrapped(by()))
            return made
        if way == "plain":
            return exp.Div(this=_wrapped(part()), expression=_wrapped(by()), typed=True, safe=False)
        if way == "rest":
            rest = exp.Mod(this=_wrapped(part()), expression=_wrapped(by()))
            whole = exp.Paren(this=exp.Sub(this=_wrapped(part()), expression=rest))
            return self.cast(exp.Div(this=whole, expression=_wrapped(by()), typed=True, safe=False), kind)
        return self.cast(exp.Anonymous(this=way, expressions=[part(), by()]), kind)

    def exactly(self, above: Whole, under: Whole) -> str:
        """How `above / under` is said: `half` where a double is exactly it, `exact` where a decimal is, else `float`."""
        size = max(-low(above), high(above))
        if isinstance(under, int) and under & (under - 1) == 0 and size < SMALL:
            return "half"
        places = _places(under) if isinstance(under, int) else 0
        digits = len(str(size))
        return "exact" if places and self.dialect.decimals and digits + places < DIGITS else "float"

    def decimal(self, above: Whole, under: Whole) -> exp.Expression:
        """`above / under` as a decimal, by the product with `1 / under`, which databases do not round."""
        assert isinstance(under, int)
        places = _places(under)
        digits = len(str(max(-low(above), high(above))))
        broad = max(digits, 19)  # DuckDB multiplies smaller ones in 64 bits, whatever the product needs
        part = exp.Cast(this=self.number(above, self.kind(above)), to=exp.DataType.build(f"DECIMAL({broad}, 0)"))
        text = f"0.{10**places // under:0{places}d}"
        return exp.Mul(this=part, expression=exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(f"DECIMAL({places}, {places})")))

    def whole_quotient(self, part: exp.Expression, by: exp.Expression) -> exp.Expression:
        """The whole part of the quotient of two BIGINT that are not below 0."""
        return self._quotient(part.copy, by.copy, "i")

    def linear(self, index: exp.Expression, first: int, step: int, kind: str) -> exp.Expression:
        """`first + step * index`, in a type."""
        index = self.cast(index, kind)
        if step != 1:
            index = exp.Mul(this=index, expression=self.literal(step, kind))
        return exp.Add(this=index, expression=self.literal(first, kind)) if first else index

    def quotient(self, above: Whole, under: Whole) -> exp.Expression:
        """`above / under` as a double."""
        parts = [self.number(each, "d") for each in (above, under)]
        return exp.Div(this=_wrapped(parts[0]), expression=_wrapped(parts[1]), typed=True, safe=False)

    _others: Mapping[str, Callable[[Any, Node, str], exp.Expression]] = {
        "cast": _cast_of,
        "negative": _negative,
        "absolute": _absolute,
        "maximum": _pick,
        "minimum": _pick,
        "where": _where,
        "take": _take,
        "floor_divide": _divided,
        "right_shift": _divided,
    }


def _places(under: int) -> int:
    """Digits behind the point of `1 / under`; 0 where they do not end, or are many."""
    for places in range(1, MOST_PLACES + 1):
        if 10**places % under == 0:
            return places
    return 0


_LOOSE: dict[type[exp.Expression], int] = {
    exp.Or: 1,
    exp.And: 2,
    exp.Not: 3,
    exp.Add: 5,
    exp.Sub: 5,
    exp.Mul: 6,
    exp.IntDiv: 6,
    exp.Div: 6,
    exp.Mod: 6,
}
_COMPARISON = 4
_MANY = frozenset({exp.And, exp.Or})


def _wrapped(made: exp.Expression, within: type[exp.Expression] = exp.Neg, *, last: bool = False) -> exp.Expression:
    """A part in brackets where what it stands in binds as closely; `last` where it stands behind a sign."""
    if isinstance(made, exp.Paren) or not isinstance(made, exp.Binary | exp.Unary | exp.In | exp.Between):
        return made
    inner, outer = _LOOSE.get(made.__class__, _COMPARISON), _LOOSE.get(within, 7)
    if within in {exp.EQ, exp.LT, exp.LTE}:
        outer = _COMPARISON
    if isinstance(made, exp.Neg):
        inner = 5
    if (
        inner > outer
        or (inner == outer and not last and within in {exp.Add, exp.Sub, exp.Mul})
        or (made.__class__ is within and within in _MANY)
    ):
        return made
    return exp.Paren(this=made)


def _bounds(node: Node, parts: list[_Ends]) -> tuple[int, int]:
    """The bounds of a node, where those of its parts may be narrower than they were when it was made."""
    low, high = node.low, node.high
    if node.op in {"leaf", "take", "floor_divide", "right_shift"} or any(part.low > part.high for part in parts):
        return low, high
    if node.op == "multiply":
        corners = [one * two for one in parts[0] for two in parts[1]]
        return max(low, min(corners)), min(high, max(corners))
    lows, highs = [part.low for part in parts], [part.high for part in parts]
    least, most = {
        "add": lambda: (sum(lows), sum(highs)),
        "subtract": lambda: (lows[0] - highs[1], highs[0] - lows[1]),
        "maximum": lambda: (max(lows), max(highs)),
        "minimum": lambda: (min(lows), min(highs)),
        "where": lambda: (min(lows), max(highs)),
        "cast": lambda: (lows[0], highs[0]),
        "negative": lambda: (-highs[0], -lows[0]),
    }.get(node.op, lambda: (low, high))()
    return max(low, least), min(high, most)


def kind_of(least: int, most: int) -> str:
    """The kind of whole numbers between two ends."""
    return "i" if max(-least, most) <= MIDDLE else "w"
