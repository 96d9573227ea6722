"""Numbers as people write them, and back.

`80GB` is 8·10¹⁰, `80GiB` is 80·2³⁰, `8k` is 8000, `8Ki` is 8192; `1e9`, `1_000`, `17/4`, `0.5`, `50%` are what they
look like. Everything is exact: an `int`, or a `Fraction` where the value is not whole.
"""

from __future__ import annotations

import re
from fractions import Fraction

Number = int | Fraction
"""An exact number. A whole one is always an `int`."""

LONGEST = 60
"""Characters a number may have, and the largest exponent of ten."""
BITS = 4096
"""Bits a value may have (numerator and denominator each)."""

_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_SCALE = {**_DECIMAL, **_BINARY}
_NUMBER = r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = rf"(?P<sign>[+-]?)(?P<number>{_NUMBER})(?:\s*/\s*(?P<under>[0-9][0-9_]*))?\s*(?P<suffix>%|[A-Za-z]*)"
_COMMAS = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?=$|\s|[A-Za-z%])"


def whole(value: Number) -> Number:
    """The same number, an `int` if it is whole."""
    if value.denominator == 1:
        return int(value)
    return value


def literal(text: str) -> Number:
    """The exact value of a number as a formula writes it.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a number has at most {LONGEST} characters")
    mantissa, _, exponent = text.replace("_", "").lower().partition("e")
    if exponent and abs(int(exponent)) > LONGEST:
        raise ValueError(f"an exponent of ten is at most {LONGEST}")
    units, _, decimals = mantissa.partition(".")
    if len(units) > 1 and units.startswith("0"):
        raise ValueError(f"a leading zero is ambiguous: write {units.lstrip('0') or '0'}{'.' + decimals if decimals else ''}")
    scale = int(exponent or 0) - len(decimals)
    digits = int(units + decimals or "0")
    ten: int = 10 ** abs(scale)
    return digits * ten if scale >= 0 else whole(Fraction(digits, ten))


def read(text: str, unit: str = "", *, commas: bool = False) -> Number:
    """The exact value of a quantity as a person writes it.

    Args:
        text: such as `80GiB`, `8k`, `17/4`.
        unit: the dimension wanted; only `byte` may carry a `B`.
        commas: whether `1,000` is a number here (not in YAML, where a comma may also separate).

    Raises:
        ValueError: saying what is wrong with it and what to write.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"a number has at most {LONGEST} characters")
    if not text.isascii():
        raise ValueError("digits are 0 to 9")
    if "," in text:
        if not commas:
            raise ValueError(f"no commas in a number here: write {text.replace(',', '_')} or {text.replace(',', '')}")
        if re.match(_COMMAS, text.lstrip("+-")):
            text = text.replace(",", "")
    found = re.fullmatch(_QUANTITY, text)
    if found is None:
        raise ValueError(_not_a_number(text))
    value = literal(found["number"])
    if found["under"]:
        if not int(found["under"].replace("_", "")):
            raise ValueError("division by zero")
        value = whole(Fraction(value) / int(found["under"].replace("_", "")))
    if found["sign"] == "-":
        value = -value
    if found["suffix"] == "%":
        return whole(Fraction(value) / 100)
    return whole(value * _scale(found["suffix"], unit)) if found["suffix"] else value


def _not_a_number(text: str) -> str:
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
        return "not a number: base-60 and times of day are not read"
    if re.fullmatch(r"0[xob][0-9a-fA-F_]+", text):
        return "not a number: write it in decimal"
    if text.lower().lstrip("+-.") in {"inf", "nan", "infinity"}:
        return "not a finite number"
    return "not a number"


def _scale(suffix: str, unit: str) -> int:
    prefix = suffix.removesuffix("B")
    if prefix in _SCALE:
        if suffix.endswith("B") and unit != "byte":
            what = f"a count of {unit}s" if unit and unit != "count" else "a count"
            raise ValueError(f"`{suffix}` is bytes, and this is {what}: write it without the B")
        return _SCALE[prefix]
    if suffix[:1] in "kKMGTPE" and suffix[1:] in {"b", "ib", "bit"}:
        raise ValueError(
            f"`{suffix}` is bits: write {suffix[0].replace('K', 'k')}B (powers of ten) or {suffix[0].upper()}iB (powers of two)"
        )
    letter = suffix[:1].upper()
    if letter in "KMGTPE" and suffix[1:].lower() in {"", "b", "i", "ib"}:
        end = "B" if suffix[-1:].lower() == "b" else ""
        small = "k" if letter == "K" else letter
        raise ValueError(f"`{suffix}` is ambiguous: write {small}{end} (powers of ten) or {letter}i{end} (powers of two)")
    raise ValueError(f"unknown suffix `{suffix}`: use k M G T P E, Ki Mi Gi Ti Pi Ei, %" + (", with B for bytes" if unit == "byte" else ""))


def magnitude(value: Number) -> Number:
    """The value without its sign."""
    return -value if value < 0 else value


def exact(value: Number) -> str:
    """The value in digits, `17/4` where it is not whole."""
    return str(value)


def grouped(value: Number) -> str:
    """Digits in groups of three: `1,234`, `4.25`, or `1/3` where decimals would not end."""
    if isinstance(value, int):
        return f"{value:,}"
    denominator = value.denominator
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    places = max(twos, fives)
    if denominator != 1 or places > 6:
        return f"{value.numerator:,}/{value.denominator:,}"
    digits = abs(value.numerator) * 10**places // value.denominator
    return f"{'-' if value < 0 else ''}{digits // 10**places:,}.{digits % 10**places:0{places}d}"


def _decimals(value: Number, places: int) -> str:
    scaled = abs(value) * 10**places
    digits = int(scaled + Fraction(1, 2))
    text = f"{digits // 10**places:,}"
    return text + (f".{digits % 10**places:0{places}d}" if places else "")


def readable(value: Number, unit: str = "") -> str:
    """The value for reading: bytes in KiB, MiB, GiB …, other large numbers with k, M, B, T; four digits."""
    sign = "-" if value < 0 else ""
    size = magnitude(value)
    if unit == "byte":
        steps, base = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 1024
    else:
        steps, base = ["", "k", "M", "B", "T"], 1000
        if size < 10_000:
            return sign + (grouped(size) if isinstance(size, int) else _decimals(size, 3).rstrip("0").rstrip("."))
    step = 0
    while size >= base and step < len(steps) - 1:
        size, step = Fraction(size) / base, step + 1
    if step == 0:
        return f"{sign}{grouped(size) if isinstance(size, int) else _decimals(size, 2)} {steps[0]}".rstrip()
    places = 2 if size < 100 else 1
    gap = " " if unit == "byte" else ""
    return f"{sign}{_decimals(size, places)}{gap}{steps[step]}"


def fits(value: Number) -> bool:
    """Whether the value is inside the bound every value has."""
    return value.numerator.bit_length() <= BITS and value.denominator.bit_length() <= BITS
