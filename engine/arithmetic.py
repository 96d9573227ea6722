"""Exact operations on bounded numbers, the only ones values are computed with."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .quantity import BITS, Number, whole


class Undefined(Exception):
    """There is no such number, or it is too large. The text says why."""


def kept(value: Number) -> Number:
    """The value, whole if it is, when it is inside the bound.

    Raises:
        Undefined: when it has more bits than a value may have.
    """
    if value.__class__ is int:
        if value.bit_length() > BITS:
            raise Undefined(f"the number is too large: more than {BITS:,} bits")
        return value
    if value.denominator == 1:
        return kept(value.numerator)
    if value.numerator.bit_length() > BITS or value.denominator.bit_length() > BITS:
        raise Undefined(f"the number is too large: more than {BITS:,} bits")
    return value


def add(left: Number, right: Number) -> Number:
    """`left + right`, exactly."""
    return kept(left + right)


def subtract(left: Number, right: Number) -> Number:
    """`left - right`, exactly."""
    return kept(left - right)


def multiply(left: Number, right: Number) -> Number:
    """`left * right`, exactly."""
    return kept(left * right)


def divide(left: Number, right: Number) -> Number:
    """`left / right`, exactly.

    Raises:
        Undefined: when `right` is 0.
    """
    if not right:
        raise Undefined("division by zero")
    if left.__class__ is int and right.__class__ is int:
        quotient, rest = divmod(left, right)
        return kept(Fraction(left, right)) if rest else quotient
    return kept(Fraction(left) / right)


def floor_divide(left: Number, right: Number) -> Number:
    """`floor(left / right)`, exactly."""
    if not right:
        raise Undefined("division by zero")
    return kept(left // right)


def modulo(left: Number, right: Number) -> Number:
    """What `floor_divide` leaves: `left - right * floor(left / right)`."""
    if not right:
        raise Undefined("remainder by zero")
    return kept(left % right)


def power(base: Number, exponent: Number, largest: int = 64) -> Number:
    """`base ** exponent` for a whole exponent of at most `largest` in size.

    Raises:
        Undefined: for another exponent, for 0 to a negative power, or when the result is too large.
    """
    if not isinstance(exponent, int):
        raise Undefined("an exponent is a whole number")
    if abs(exponent) > largest:
        raise Undefined(f"an exponent is at most {largest} in size, not {exponent if exponent.bit_length() < 64 else 'this large'}")
    if exponent < 0 and not base:
        raise Undefined("division by zero: 0 to a negative power")
    if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > 2 * BITS:
        raise Undefined(f"the number is too large: more than {BITS:,} bits")
    return kept(whole(Fraction(base) ** exponent)) if exponent < 0 else kept(base**exponent)


def ceil(value: Number) -> int:
    """The smallest whole number not below."""
    return -((-value.numerator) // value.denominator)


def floor(value: Number) -> int:
    """The largest whole number not above."""
    return value.numerator // value.denominator


def round_up(value: Number, multiple: Number) -> Number:
    """The smallest multiple of `multiple` not below `value`.

    Raises:
        Undefined: when `multiple` is not above 0.
    """
    if multiple <= 0:
        raise Undefined("the multiple of round_up is above 0")
    return kept(ceil(Fraction(value) / multiple) * multiple)


BY_SIGN: dict[str, Callable[[Number, Number], Number]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
}
"""The operations by the signs of a formula."""
