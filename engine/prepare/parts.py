"""What parts of a formula come to when some values are not known yet, and the cells that compute them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import gcd
from typing import Any, NamedTuple

from .. import arithmetic
from ..plan import NOTHING
from ..quantity import BITS
from .forms import FAILED, Cell, Cells, Compute, Form, Table, constant, key_of, known

MOST_NAMED = 4
"""Terms a rule may have to be put into the rules that use it; a longer one is a cell of its own."""
WIDE = 1 << BITS
"""Larger than any value."""


class Known(NamedTuple):
    """A truth value, word or list that is decided; `NOTHING` for a rule that does not apply."""

    value: Any


class Moving(NamedTuple):
    """A truth value, word or list that is not; a cell."""

    at: int


class Sometimes(NamedTuple):
    """A rule whose condition is not decided."""

    applies: Moving
    value: Form | Known | Moving


Part = Form | Known | Moving
State = Part | Sometimes


class Parts:
    """Makes parts from parts."""

    def __init__(self) -> None:
        self.table = Table()

    def reads(self, *parts: State) -> tuple[int, ...]:
        """The cells that computing these parts reads."""
        found: list[int] = []
        for part in parts:
            if isinstance(part, Sometimes):
                found += self.reads(part.applies, part.value)
            elif isinstance(part, Moving):
                found.append(part.at)
            elif isinstance(part, Form):
                found += self.table.reads(part)
        return tuple(found)

    def risky(self, part: State) -> bool:
        """Whether a part may fail."""
        if isinstance(part, Form):
            return self.table.risky(part)
        if isinstance(part, Sometimes):
            return self.risky(part.applies) or self.risky(part.value)
        return isinstance(part, Moving) and self.table.cells[part.at].risky

    def value(self, part: State) -> Compute:
        """What computes a part; 0 for a rule that does not apply."""
        if isinstance(part, Form):
            return self.table.exact(part)
        if isinstance(part, Known):
            value = 0 if part.value is NOTHING else part.value
            return lambda cells: value
        if isinstance(part, Moving):
            index = part.at
            return lambda cells: cells[index]
        applies, inner = part.applies.at, self.value(part.value)
        return lambda cells: inner(cells) if cells[applies] else 0

    def cell(self, compute: Compute, parts: tuple[State, ...], key: Any = None, *, risky: bool = False) -> Moving:
        """What a computation gives, as a cell of its own; the same one where the key is the same."""
        risky = risky or any(self.risky(part) for part in parts)
        return Moving(self.table.cell(Cell(compute, 0, 0, risky=risky, reads=self.reads(*parts)), key))

    def moving(self, part: Part) -> Moving:
        """A part that is not decided, as a cell."""
        return part if isinstance(part, Moving) else self.cell(self.value(part), (part,))

    def number(self, part: State) -> Form:
        """A part that must be a number: an element of a list may turn out to be a word."""
        if isinstance(part, Form):
            return part
        if isinstance(part, Known):
            value = 0 if part.value is NOTHING else part.value
            return self.table.never() if isinstance(value, str | tuple) else constant(value)
        if isinstance(part, Sometimes):
            return self.number(self.choose(part.applies, self.number(part.value), constant(0)))
        value_of = self.value(part)

        def number(cells: Cells) -> Any:
            value = value_of(cells)
            return FAILED if isinstance(value, str) else value

        return self.table.form(self.table.cell(Cell(number, -WIDE, WIDE, BITS, False, True, self.reads(part)), ("number", part.at)))

    def choose(self, condition: Moving, yes: Part, no: Part) -> Part:
        """`yes` where the condition holds, else `no`."""
        holds = condition.at
        if isinstance(yes, Form) and isinstance(no, Form):
            under = yes.under * no.under // gcd(yes.under, no.under)
            left, right = self.table.top(yes, under // yes.under), self.table.top(no, under // no.under)
            low, high = min(yes.low, no.low) * under, max(yes.high, no.high) * under
            is_whole = self.table.whole(yes) and self.table.whole(no)
            risky = self.risky(condition) or self.risky(yes) or self.risky(no)
            bits = 0 if is_whole else max(yes.bits, no.bits)
            reads = self.reads(condition, yes, no)
            made = Cell(lambda cells: left(cells) if cells[holds] else right(cells), low, high, bits, is_whole, risky, reads)
            return self.table.form(self.table.cell(made), under)
        first, second = self.value(yes), self.value(no)
        return self.cell(lambda cells: first(cells) if cells[holds] else second(cells), (condition, yes, no))

    def rounded(self, form: Form, *, up: bool) -> Form:
        """The smallest whole number not below, or the largest not above."""
        if form.under == 1 and self.table.whole(form):
            return form
        value = known(form)
        if value is not None:
            return constant(arithmetic.ceil(value) if up else arithmetic.floor(value))
        risky = self.table.risky(form)
        if self.table.whole(form):
            top, under = self.table.top(form), form.under
            compute: Compute = self.table.ceiling(form) if up else (lambda cells: top(cells) // under)
        else:
            exact, rounded = self.table.exact(form), arithmetic.ceil if up else arithmetic.floor
            compute = lambda cells: rounded(exact(cells))  # noqa: E731 - one of three computations
        made = Cell(compute, form.low, form.high, 0, True, risky, self.reads(form))
        return self.table.form(self.table.cell(made, ("ceil" if up else "floor", *key_of(form))))

    def magnitude(self, form: Form) -> Form:
        """`abs(form)`"""
        if form.low >= 0:
            return form
        top = self.table.top(form)
        high = max(abs(form.low), abs(form.high))
        is_whole, risky = self.table.whole(form), self.table.risky(form)
        made = Cell(lambda cells: abs(top(cells)), 0, high * form.under, 0 if is_whole else form.bits, is_whole, risky, self.reads(form))
        return self.table.form(self.table.cell(made), form.under)

    def sign_of(self, test: Callable[[Any, Any], bool], left: Form, right: Form) -> Part:
        """The comparison of two numbers; decided where their intervals decide it."""
        a, b = known(left), known(right)
        if a is not None and b is not None:
            return Known(test(a, b))
        risky = self.table.risky(left) or self.table.risky(right)
        if not risky:
            ways = {test(one, other) for one, other in _ways(left, right)}
            if len(ways) == 1 and test not in {operator.eq, operator.ne}:
                return Known(ways.pop())
            if test in {operator.eq, operator.ne} and (left.high < right.low or left.low > right.high):
                return Known(test is operator.ne)
        under = left.under * right.under // gcd(left.under, right.under)
        first, second = self.table.top(left, under // left.under), self.table.top(right, under // right.under)
        key = (test, key_of(left), key_of(right))
        return self.cell(lambda cells: test(first(cells), second(cells)), (left, right), key)

    def kept(self, arms: list[tuple[Moving | None, Form]], lowest: bool) -> list[tuple[Moving | None, Form]]:
        """The arms without those that another, which always counts, is always before."""
        kept: list[tuple[Moving | None, Form]] = []
        for position, (applies, form) in enumerate(arms):
            if self.risky(form) or (applies and self.risky(applies)):
                kept.append((applies, form))
                continue
            beaten = False
            for other, (condition, rival) in enumerate(arms):
                if other == position or condition or self.risky(rival) or len(rival.terms) + len(form.terms) > 2 * MOST_NAMED:
                    continue
                gap = self.table.add(form, rival, -1)
                ahead = gap.low >= 0 if lowest else gap.high <= 0
                equal = not any(gap.terms.values())
                beaten = (
                    beaten or (equal and other < position) or (ahead and not equal and not (other > position and gap.low == gap.high == 0))
                )
            if not beaten:
                kept.append((applies, form))
        return kept

    def least_of(self, arms: list[tuple[Moving | None, Form]], lowest: bool) -> Form:
        """The least (or greatest) of several numbers, each where its condition holds."""
        under = 1
        for _, form in arms:
            under = under * form.under // gcd(under, form.under)
        always = [(condition, form) for condition, form in arms if condition is None] or arms
        pick = min if lowest else max
        low, high = min(form.low for _, form in arms), max(form.high for _, form in arms)
        if always is not arms and lowest:
            high = min(form.high for _, form in always)
        elif always is not arms:
            low = max(form.low for _, form in always)
        else:
            low, high = min(low, 0), max(high, 0)
        tops = tuple(self.table.top(form, under // form.under) for _, form in arms)
        is_whole = all(self.table.whole(form) for _, form in arms)
        risky = any(self.risky(form) or (condition is not None and self.risky(condition)) for condition, form in arms)
        plain = [self.table.plain(form, under) for condition, form in arms if condition is None]
        if len(arms) == len(plain) == 2 and plain[0] is not None and plain[1] is not None:
            compute = _picked_of_two(plain[0], plain[1], lowest)
        else:
            compute = _picked(pick, tops, tuple(condition.at if condition else -1 for condition, _ in arms))
        bits = 0 if is_whole else max(form.bits for _, form in arms)
        key = (pick, tuple((condition, key_of(form)) for condition, form in arms))
        reads = self.reads(*(part for arm in arms for part in arm if part is not None))
        made = Cell(compute, low * under, high * under, bits, is_whole, risky, reads)
        return self.table.form(self.table.cell(made, key), under)


def _ways(left: Form, right: Form) -> tuple[tuple[int, int], ...]:
    return (left.low, right.high), (left.high, right.low)


def _picked(pick: Callable[..., Any], tops: tuple[Compute, ...], conditions: tuple[int, ...]) -> Compute:
    """The least or greatest of what counts."""
    if any(index >= 0 for index in conditions):
        pairs = tuple(zip(conditions, tops, strict=True))
        return lambda cells: pick([top(cells) for index, top in pairs if index < 0 or cells[index]] or [0])
    if len(tops) == 2:
        one, two = tops
        if pick is min:

            def least(cells: Cells) -> Any:
                a, b = one(cells), two(cells)
                return min(a, b)

            return least

        def most(cells: Cells) -> Any:
            a, b = one(cells), two(cells)
            return max(a, b)

        return most
    return lambda cells: pick([top(cells) for top in tops])


def _picked_of_two(first: int, second: int, lowest: bool) -> Compute:
    """The smaller (or larger) of two cells."""
    if lowest:

        def least(cells: Cells) -> Any:
            a, b = cells[first], cells[second]
            return b if b < a else a  # noqa: FURB136 - half the time of a call

        return least

    def most(cells: Cells) -> Any:
        a, b = cells[first], cells[second]
        return b if b > a else a  # noqa: FURB136 - as above

    return most
