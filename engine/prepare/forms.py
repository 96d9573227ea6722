"""Numbers that are still to be computed, as sums of products over cells: exact, with whole-number coefficients over one denominator.

Each `Form` carries an interval of its values. Where it proves that no value passes the bound every value has, plain `+` and `*` do;
elsewhere the operations of `arithmetic` look at each result. A cell that cannot be computed holds `FAILED`, which spoils whatever uses it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple, NoReturn

from .. import arithmetic
from ..arithmetic import Undefined
from ..quantity import BITS, Number, whole

Cells = list[Any]
Compute = Callable[[Cells], Any]
Product = tuple[int, ...]
"""Cells that are multiplied, in order; none for 1."""

MOST_TERMS = 8
"""Terms of a product of sums; beyond, the sums become cells of their own."""
HIGHEST = 6
"""Cells in one product."""
_WIDE = 1 << BITS
_ZERO: dict[Product, int] = {(): 0}


class _Failed:
    """What has no value: whoever computes with it, compares it or asks whether it holds, fails too."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _spoil(self, *_: object) -> NoReturn:
        raise TypeError

    __bool__ = __eq__ = __ne__ = _spoil
    numerator = denominator = property(_spoil)


FAILED: Any = _Failed()
WRONG = (ArithmeticError, TypeError, Undefined)
"""What is raised where there is no value."""


class Cell(NamedTuple):
    """One value of a run: how it is computed from the cells it `reads` (None: it is set before), its interval, bits of its denominator."""

    compute: Compute | None
    low: int
    high: int
    bits: int = 0
    whole: bool = True
    risky: bool = False
    reads: tuple[int, ...] = ()


class Form(NamedTuple):
    """The sum of `terms` (products of cells with factors) over `under`; values from `low` to `high`, denominators up to `bits` bits."""

    terms: dict[Product, int]
    under: int
    low: int
    high: int
    bits: int


def constant(value: Number) -> Form:
    """A number that is known."""
    under = value.denominator
    low = value.numerator // under
    return Form({(): value.numerator}, under, low, low + (under > 1), under.bit_length() if under > 1 else 0)


def known(form: Form) -> Number | None:
    """The value of a form without cells; None for any other."""
    if not form.terms:
        return 0
    if len(form.terms) == 1 and () in form.terms:
        top = form.terms[()]
        return top if form.under == 1 else whole(Fraction(top, form.under))
    return None


def proven(low: int, high: int, bits: int) -> bool:
    """Whether no value of an interval passes the bound every value has."""
    return max(abs(low), abs(high)).bit_length() + bits <= BITS and bits <= BITS


def _times(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    ends = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(ends), max(ends)


class Table:
    """The cells of a run, each computed from those before it; what is the same is one cell."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self._found: dict[Any, int] = {}

    # ---- cells

    def cell(self, made: Cell, key: Any = None) -> int:
        """A new cell, or the one that was made before with this key."""
        if key is not None and key in self._found:
            return self._found[key]
        if made.risky and made.compute is not None:
            made = made._replace(compute=_careful(made.compute))
        self.cells.append(made)
        if key is not None:
            self._found[key] = len(self.cells) - 1
        return len(self.cells) - 1

    def form(self, index: int, under: int = 1) -> Form:
        """A cell as a form, over a denominator."""
        cell = self.cells[index]
        bits = cell.bits + (under.bit_length() if under > 1 else 0)
        return Form({(index,): 1}, under, cell.low // under, -(-cell.high // under), bits)

    def never(self) -> Form:
        """A number that cannot be computed."""
        return self.form(self.cell(Cell(lambda cells: FAILED, 0, 0, risky=True), "never"))

    def risky(self, form: Form) -> bool:
        """Whether a form may fail."""
        return any(self.cells[index].risky for product in form.terms for index in product)

    def whole(self, form: Form) -> bool:
        """Whether the numerator of a form is always a whole number."""
        return all(self.cells[index].whole for product in form.terms for index in product)

    def single(self, form: Form) -> Form:
        """The form as one cell over its denominator, where it is more than a product."""
        if len(form.terms) < 2:
            return form
        is_whole, risky = self.whole(form), self.risky(form)
        low, high = form.low * form.under, form.high * form.under
        bits = 0 if is_whole else form.bits
        index = self.cell(Cell(self.top(form), low, high, bits, is_whole, risky, self.reads(form)), ("sum", frozenset(form.terms.items())))
        return Form({(index,): 1}, form.under, form.low, form.high, form.bits)

    # ---- algebra

    def _made(self, terms: dict[Product, int], under: int, low: int, high: int, bits: int) -> Form:
        common = gcd(under, *terms.values()) if under > 1 else 1
        if common > 1:
            under //= common
            terms = {product: factor // common for product, factor in terms.items()}
        made = Form(terms, under, low, high, bits)
        if bits and self.whole(made):
            made = made._replace(bits=min(bits, under.bit_length() if under > 1 else 0))
        if len(terms) <= MOST_TERMS:
            low, high = self.span(made)
            made = made._replace(low=max(made.low, low), high=min(made.high, high))
        return made

    def span(self, form: Form) -> tuple[int, int]:
        """The interval of a form, from those of its cells."""
        low = high = 0
        for product, factor in form.terms.items():
            ends = (factor, factor)
            for index in product:
                ends = _times(ends, (self.cells[index].low, self.cells[index].high))
            low, high = low + ends[0], high + ends[1]
        return low // form.under, -(-high // form.under)

    def add(self, a: Form, b: Form, sign: int = 1) -> Form:
        """`a + b`, or `a - b` with a sign of -1."""
        other = (b.low, b.high) if sign > 0 else (-b.high, -b.low)
        low, high, bits = a.low + other[0], a.high + other[1], a.bits + b.bits
        if not proven(low, high, bits):
            return self.guarded(arithmetic.add if sign > 0 else arithmetic.subtract, a, b)
        under = a.under if a.under == b.under else a.under * b.under // gcd(a.under, b.under)
        left, right = under // a.under, sign * (under // b.under)
        terms = dict(a.terms) if left == 1 else {product: factor * left for product, factor in a.terms.items()}
        for product, factor in b.terms.items():
            total = terms.get(product, 0) + factor * right
            if total or any(self.cells[index].risky for index in product):
                terms[product] = total
            else:
                terms.pop(product, None)
        return self._made(terms, under, low, high, bits)

    def multiply(self, a: Form, b: Form) -> Form:
        """`a * b`"""
        (low, high), bits = _times((a.low, a.high), (b.low, b.high)), a.bits + b.bits
        if not proven(low, high, bits):
            return self.guarded(arithmetic.multiply, a, b)
        degree = max(map(len, a.terms), default=0) + max(map(len, b.terms), default=0)
        if len(a.terms) * len(b.terms) > MOST_TERMS or degree > HIGHEST:
            a, b = self.single(a), self.single(b)
            if degree > HIGHEST:
                a, b = self.lone(a), self.lone(b)
        terms: dict[Product, int] = {}
        for one, factor in (a.terms or _ZERO).items():  # 0 times what may fail may fail
            for two, other in (b.terms or _ZERO).items():
                product = tuple(sorted(one + two)) if one and two else one or two
                terms[product] = terms.get(product, 0) + factor * other
        risky = {product for product in terms if any(self.cells[index].risky for index in product)}
        terms = {product: factor for product, factor in terms.items() if factor or product in risky}
        return self._made(terms, a.under * b.under, low, high, bits)

    def lone(self, form: Form) -> Form:
        """A form whose product is one cell."""
        if len(form.terms) != 1:
            return self.single(form)
        ((product, factor),) = form.terms.items()
        return form if len(product) < 2 else form._replace(terms={(self.product(product),): factor})

    def divide(self, a: Form, b: Form) -> Form:
        """`a / b`: by a known number a change of the denominator, else a fraction."""
        by = known(b)
        if by is not None and by:
            return self.multiply(a, constant(Fraction(1) / by))
        return self.guarded(arithmetic.divide, a, b)

    def guarded(self, operation: Callable[[Any, Any], Any], a: Form, b: Form, within: tuple[int, int] | None = None) -> Form:
        """An operation that looks at what comes out; `within` is where it must lie."""
        left, right = self.exact(a), self.exact(b)
        low, high = within or (-_WIDE, _WIDE)
        if within is None and operation is arithmetic.divide and a.low >= 0 and b.low >= 1:
            low, high = 0, a.high
        bits = min(BITS, a.bits + b.bits + max(abs(b.low), abs(b.high)).bit_length())
        made = Cell(lambda cells: operation(left(cells), right(cells)), low, high, bits, False, True, self.reads(a, b))
        return self.form(self.cell(made, (operation, key_of(a), key_of(b))))

    # ---- what computes a form

    def product(self, product: Product) -> int:
        """The cell of a product of cells."""
        if len(product) == 1:
            return product[0]
        first, last = self.product(product[:-1]), product[-1]
        one, two = self.cells[first], self.cells[last]
        low, high = _times((one.low, one.high), (two.low, two.high))
        is_whole, risky = one.whole and two.whole, one.risky or two.risky
        made = Cell(lambda cells: cells[first] * cells[last], low, high, one.bits + two.bits, is_whole, risky, (first, last))
        return self.cell(made, ("product", product))

    def reads(self, *forms: Form) -> tuple[int, ...]:
        """The cells that computing these forms reads."""
        return tuple(self.product(product) for form in forms for product in form.terms if product)

    def plain(self, form: Form, under: int = 1) -> int | None:
        """The cell that is the numerator of a form over a denominator as it stands; None where more is to be computed."""
        if form.under != under or len(form.terms) != 1 or (under == 1 and not self.whole(form)):
            return None
        ((product, factor),) = form.terms.items()
        return self.product(product) if factor == 1 and product else None

    def top(self, form: Form, by: int = 1) -> Compute:
        """What computes the numerator of a form, times a whole number."""
        rest = form.terms.get((), 0) * by
        parts = tuple((factor * by, self.product(product)) for product, factor in form.terms.items() if product)
        return _linear(rest, parts)

    def ceiling(self, form: Form) -> Compute:
        """What computes the smallest whole number not below a form; its cells are whole."""
        under, rest = form.under, -form.terms.get((), 0)
        parts = [(-factor, self.product(product)) for product, factor in form.terms.items() if product]
        if len(parts) == 1:
            ((a, i),) = parts
            return lambda cells: -((a * cells[i] + rest) // under)
        if len(parts) == 2:
            (a, i), (b, j) = parts
            if a == b == -1:
                return lambda cells: -((rest - cells[i] - cells[j]) // under)
            return lambda cells: -((a * cells[i] + b * cells[j] + rest) // under)
        top = self.top(form, -1)
        return lambda cells: -(top(cells) // under)

    def exact(self, form: Form) -> Compute:
        """What computes the value of a form."""
        value = known(form)
        if value is not None:
            return lambda cells: value
        top, under = self.top(form), form.under
        return top if under == 1 and self.whole(form) else lambda cells: _ratio(top(cells), under)


def key_of(form: Form) -> tuple[Any, ...]:
    """What two forms that are the same have in common."""
    return frozenset(form.terms.items()), form.under


def _careful(compute: Compute) -> Compute:
    """The same, with `FAILED` for what has no value."""

    def value(cells: Cells) -> Any:
        try:
            return compute(cells)
        except WRONG:
            return FAILED

    return value


def _ratio(top: Any, under: int) -> Any:
    if top.__class__ is not int:
        return whole(top / Fraction(under))
    quotient, rest = divmod(top, under)
    return Fraction(top, under) if rest else quotient


def _linear(rest: int, parts: tuple[tuple[int, int], ...]) -> Compute:
    """`rest` and a sum of cells times factors; sums of few terms, which are most, without a loop."""
    if not parts:
        return lambda cells: rest
    a, i = parts[0]
    if len(parts) == 1:
        if a == 1:
            return (lambda cells: cells[i] + rest) if rest else operator.itemgetter(i)
        return (lambda cells: a * cells[i] + rest) if rest else (lambda cells: a * cells[i])
    b, j = parts[1]
    if len(parts) == 2:
        if a == b == 1:
            return lambda cells: cells[i] + cells[j] + rest
        return (lambda cells: a * cells[i] + b * cells[j] + rest) if rest else (lambda cells: a * cells[i] + b * cells[j])
    c, k = parts[2]
    if len(parts) == 3:
        return lambda cells: a * cells[i] + b * cells[j] + c * cells[k] + rest
    more = parts[3:]

    def value(cells: Cells) -> Any:
        total = a * cells[i] + b * cells[j] + c * cells[k] + rest
        for factor, index in more:
            total += factor * cells[index]
        return total

    return value
