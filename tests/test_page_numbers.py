"""Exact numbers in the page: the same operations, readings and printed forms as the engine's, in a real browser."""

# ruff: noqa: S311 - random numbers are the same for the same seed

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from engine import arithmetic, quantity
from engine.arithmetic import Undefined, kept
from engine.page import build
from engine.quantity import Number, whole

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": arithmetic.add,
    "subtract": arithmetic.subtract,
    "multiply": arithmetic.multiply,
    "divide": arithmetic.divide,
    "floorDivide": arithmetic.floor_divide,
    "modulo": arithmetic.modulo,
    "power": arithmetic.power,
    "roundUp": arithmetic.round_up,
    "compare": lambda a, b: (a > b) - (a < b),
    "equal": lambda a, b: a == b,
}
OF_ONE: dict[str, Callable[[Number], Any]] = {
    "ceil": arithmetic.ceil,
    "floor": arithmetic.floor,
    "negative": lambda a: kept(-a),
    "magnitude": quantity.magnitude,
    "whole": lambda a: a.denominator == 1,
}

SHOWN = """
const shown = (work) => {
  try {
    const found = work();
    return Object.is(found, -0) ? "-0" : String(found);
  } catch (error) {
    if (error instanceof Exact.Undefined || error instanceof Quantity.Unreadable) return `!${error.message}`;
    throw error;
  }
};
"""
OPERATE = """
([name, a, b]) => {
  const found = Exact[name](Exact.parse(a), Exact.parse(b));
  return { compare: Math.sign, equal: Boolean, whole: Boolean }[name]?.(found) ?? Exact.kept(found);
}
"""


def in_page(chromium: Browser, body: str, cases: list[Any]) -> list[str]:
    """What a function of a case says for each, beside the page's numbers."""
    scripts = "\n".join(build._read(f"js/{name}.js") for name in ("exact", "quantity"))
    page = chromium.new_page()
    found = page.evaluate(f"(cases) => {{ {scripts}\n{SHOWN}\nreturn cases.map((each) => shown(() => ({body})(each))); }}", cases)
    page.close()
    return found


def told(work: Callable[[], Any]) -> str:
    try:
        found = work()
    except (Undefined, ValueError) as error:
        return f"!{error}"
    return str(found).lower() if isinstance(found, bool) else str(found)


def number(random: Random) -> Number:
    """A number of any size: small, at the edge of what JavaScript holds exactly, huge, a fraction of these."""
    edge = 2**53
    sizes = [0, 1, 2, 7, 10, 64, 65, 1000, edge - 1, edge, edge + 1, 94_906_267, 10**18, 2**64, 2**4095, 2**4096 - 1, 3**2000]
    value = random.choice([random.choice(sizes), random.randrange(20), random.randrange(2 ** random.choice([8, 30, 53, 54, 90, 4000]))])
    below = (
        1 if random.random() < 0.6 else random.choice([2, 3, 7, 10, 1024, edge + 1, random.randrange(1, 2 ** random.choice([4, 53, 200]))])
    )
    return whole(Fraction(random.choice([1, 1, -1]) * value, below))


@pytest.mark.parametrize("count", [2_000, pytest.param(60_000, marks=pytest.mark.slow)])
def test_operations(count: int, chromium: Browser) -> None:
    random = Random(count)
    cases: list[tuple[str, Number, Number]] = []
    for _ in range(count):
        name = random.choice([*OPERATIONS, *OF_ONE])
        other = random.choice([random.randint(-66, 66), number(random)]) if name == "power" else number(random)
        cases.append((name, number(random), other))
    found = in_page(chromium, OPERATE, [[name, str(a), str(b)] for name, a, b in cases])
    for (name, a, b), said in zip(cases, found, strict=True):
        wanted = told(lambda: OF_ONE[name](a) if name in OF_ONE else OPERATIONS[name](a, b))  # noqa: B023 - called at once
        if wanted.startswith("!an exponent is at most"):
            wanted = "!an exponent is at most 64 in size"
        assert said.partition(", not")[0] == wanted, f"{name}({a}, {b}) is {wanted}, and the page says {said}"


TEXTS = """
    0 1 12 1_000 1,000 1,000,000.5 1,00 ,1 80GiB 80GB 80gb 80Gb 8k 8K 8Ki 8ki 8kB 1KiB 5m 5M 5P 5Ei 5Y 1e9 1E9 1e-3 1e60 1e61 1e+6
    1. .5 . 1.5.2 17/4 1/3 1/0 2/4 -3/6 -5 +5 --5 +-5 - + 50% 0.1% -50% 50%% 010 00 0.10 0.0 0x1F 0b1 1:30 12:30:45 inf -inf nan +NaN
    Infinity 1__0 _1 1_ 1e 1e5k 3_0/1_0 3/1_0k 3/0_0 ten \u0663 1\u00a0000 1e1e1 9007199254740993 0.1234567890123456789
    18446744073709551616 5bit 5Kib 5mb 5TB 5B 5b 5i 5Bi
""".split()
TEXTS += [
    " 7 ",
    "8 GiB",
    "8\tGiB",
    "17 / 4",
    "17 /4 k",
    "1 000",
    "",
    " ",
    "9" * 60,
    "9" * 61,
    "0." + "1" * 58,
    "1\n",
    "1,000 GiB",
    "1 ,000",
]


@pytest.mark.parametrize("unit", ["", "byte", "token", "count"])
@pytest.mark.parametrize("commas", [False, True])
def test_reading(unit: str, commas: bool, chromium: Browser) -> None:
    found = in_page(chromium, f"(text) => Quantity.read(text, {unit!r}, {str(commas).lower()})", TEXTS)
    for text, said in zip(TEXTS, found, strict=True):
        assert said == told(lambda: quantity.read(text, unit, commas=commas)), text  # noqa: B023 - called at once


@pytest.mark.parametrize("count", [500, pytest.param(30_000, marks=pytest.mark.slow)])
def test_printing(count: int, chromium: Browser) -> None:
    random = Random(count)
    numbers = [number(random) for _ in range(count)]
    numbers += [Fraction(a, b) if a % b else a // b for a in range(-30, 3000, 7) for b in (1, 3, 8, 640, 1_000_000)]
    numbers += [1024**power + step for power in range(7) for step in (-1, 0, 1)] + [1023 * 1024 + 1019, 10_240 * 1024 - 1, 9999, 10_000]
    texts = [str(each) for each in numbers]
    for body, wanted in [
        ("(text) => Quantity.grouped(Exact.parse(text))", quantity.grouped),
        ("(text) => Quantity.readable(Exact.parse(text), 'byte')", lambda each: quantity.readable(each, "byte")),
        ("(text) => Quantity.readable(Exact.parse(text), 'token')", lambda each: quantity.readable(each, "token")),
    ]:
        for text, each, said in zip(texts, numbers, in_page(chromium, body, texts), strict=True):
            assert said == wanted(each), f"{body}: {text[:80]}"


def test_floats(chromium: Browser) -> None:
    """What is drawn is the nearest float, or next to it."""
    random = Random(1)
    numbers = [number(random) for _ in range(1_000)]
    numbers = [each for each in numbers if abs(each) < 10**300]
    found = in_page(chromium, "(text) => Exact.float(Exact.parse(text))", [str(each) for each in numbers])
    for each, said in zip(numbers, found, strict=True):
        assert float(said) == pytest.approx(float(each), rel=1e-12, abs=0), each
