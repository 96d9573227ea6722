"""Numbers as people write them, and back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.quantity import BITS, fits, grouped, literal, read, readable

READ = [
    # text, unit, value
    ("0", "", 0),
    ("42", "", 42),
    ("+42", "", 42),
    ("-42", "", -42),
    (" 42 ", "", 42),
    ("1_000", "", 1000),
    ("1e9", "", 10**9),
    ("1.5e3", "", 1500),
    ("1e-2", "", Fraction(1, 100)),
    ("0.1", "", Fraction(1, 10)),
    (".5", "", Fraction(1, 2)),
    ("2.0", "", 2),
    ("17/4", "", Fraction(17, 4)),
    ("-17/4", "", Fraction(-17, 4)),
    ("8/4", "", 2),
    ("1 / 3", "", Fraction(1, 3)),
    ("50%", "", Fraction(1, 2)),
    ("100 %", "", 1),
    ("8k", "", 8000),
    ("8Ki", "", 8192),
    ("1.5M", "", 1_500_000),
    ("2G", "count", 2 * 10**9),
    ("80GB", "byte", 80 * 10**9),
    ("80GiB", "byte", 80 * 2**30),
    ("80 GiB", "byte", 80 * 2**30),
    ("80Gi", "byte", 80 * 2**30),
    ("1/2GiB", "byte", 2**29),
    ("3B", "byte", 3),
    ("1EiB", "byte", 2**60),
    ("1e60", "", 10**60),
]

WRONG = [
    # text, unit, part of what is said
    ("", "", "not a number"),
    ("abc", "", "not a number"),
    ("1 2", "", "not a number"),
    ("--1", "", "not a number"),
    ("1__0", "", "not a number"),
    ("0x10", "", "write it in decimal"),
    ("0b1", "", "write it in decimal"),
    ("1:30", "", "base-60"),
    (".inf", "", "not a finite number"),
    ("nan", "", "not a finite number"),
    ("-inf", "", "not a finite number"),
    ("010", "", "leading zero"),
    ("1e61", "", "exponent of ten"),
    ("1e-61", "", "exponent of ten"),
    ("1" * 61, "", "at most 60 characters"),
    ("1/0", "", "division by zero"),
    ("1,000", "", "write 1_000"),
    ("\u0661\u0662", "", "digits are 0 to 9"),
    ("\uff11", "", "digits are 0 to 9"),
    ("80Gb", "byte", "is bits: write GB (powers of ten) or GiB (powers of two)"),
    ("80gb", "byte", "ambiguous"),
    ("80K", "", "ambiguous: write k (powers of ten) or Ki (powers of two)"),
    ("8GB", "token", "is bytes, and this is a count of tokens"),
    ("8GB", "", "is bytes, and this is a count"),
    ("8x", "", "unknown suffix"),
    ("8Zi", "byte", "unknown suffix"),
]


@pytest.mark.parametrize(("text", "unit", "value"), READ)
def test_read(text: str, unit: str, value: int | Fraction) -> None:
    found = read(text, unit)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "unit", "said"), WRONG)
def test_refused(text: str, unit: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        read(text, unit)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,000", 1000), ("1,234,567", 1234567), ("-1,000", -1000), ("1,000.5", Fraction(2001, 2)), ("1,000k", 10**6), ("80", 80)],
)
def test_commas_where_they_cannot_separate(text: str, value: int | Fraction) -> None:
    assert read(text, commas=True) == value


@pytest.mark.parametrize("text", ["1,00", "10,0", "1,0000", ",100", "1,", "1000,000"])
def test_commas_in_odd_places(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        read(text, commas=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("0.1", Fraction(1, 10)),
        ("1e3", 1000),
        ("2.50", Fraction(5, 2)),
        ("0", 0),
        ("0.0", 0),
        ("1E2", 100),
        ("1_0.5", Fraction(21, 2)),
    ],
)
def test_literal(text: str, value: int | Fraction) -> None:
    assert literal(text) == value
    assert type(literal(text)) is type(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1234, "1,234"),
        (-1234567, "-1,234,567"),
        (Fraction(17, 4), "4.25"),
        (Fraction(-17, 4), "-4.25"),
        (Fraction(1, 3), "1/3"),
        (Fraction(-1000, 3), "-1,000/3"),
        (Fraction(1, 10**6), "0.000001"),
        (Fraction(1, 10**7), "1/10,000,000"),
        (Fraction(12345, 10), "1,234.5"),
    ],
)
def test_grouped(value: int | Fraction, said: str) -> None:
    assert grouped(value) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "byte", "0 B"),
        (1, "byte", "1 B"),
        (1023, "byte", "1,023 B"),
        (1024, "byte", "1.00 KiB"),
        (-1536, "byte", "-1.50 KiB"),
        (102400, "byte", "100.0 KiB"),
        (80 * 2**30, "byte", "80.00 GiB"),
        (2**70, "byte", "1,024.0 EiB"),
        (9_999, "", "9,999"),
        (10_000, "", "10.00k"),
        (8_030_261_248, "parameter", "8.03B"),
        (Fraction(1, 3), "", "0.333"),
        (Fraction(5, 2), "", "2.5"),
    ],
)
def test_readable(value: int | Fraction, unit: str, said: str) -> None:
    assert readable(value, unit) == said


@given(st.fractions(max_denominator=10**6) | st.integers(-(10**30), 10**30))
def test_what_is_printed_is_read_back(value: int | Fraction) -> None:
    assert read(str(value)) == value
    assert read(grouped(value).replace(",", "")) == value


@pytest.mark.parametrize(("value", "inside"), [(2**BITS - 1, True), (2**BITS, False), (Fraction(1, 2**BITS), False), (-(2**BITS), False)])
def test_bound(value: int | Fraction, inside: bool) -> None:
    assert fits(value) is inside
