"""Solving: exact answers with their proof, for one unknown, for lists of values, and for two unknowns."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import function_of
from engine.document import load
from engine.errors import CommandError, GaugeError, InputError, NoAnswer
from engine.evaluate import Given, evaluate
from engine.plan import Plan
from engine.solve import answers, search
from engine.solve.answers import as_object, describe
from engine.solve.bisection import last_true, simplest
from engine.solve.goal import domain_of
from engine.solve.goal import goal as goal_of
from engine.solve.search import Question, find
from engine.solve.spans import FAR
from formulas_at_random import documents, numbers

BIG = 10**18


def answer(*arguments, **options) -> Any:
    return answers.answer(*arguments, **options)


def plan_of(folder, text):
    path = folder / "rules.yaml"
    path.write_text(text)
    return Plan(load(str(path)))


def ask(folder, formula, bound, sense="at_most", x="{type: integer, min: 1, max: 100_000_000}", **values):
    text = f"inputs:\n  x: {x}\n  y: {{type: number, default: 5}}\nrules:\n  f: {formula!r}\n"
    given = {name: Given(value, "given") for name, value in values.items()}
    return answer(plan_of(folder, text), given, "x", "f", sense, bound)


def ranges(found):
    return [(part.low, part.high) for part in found.ranges]


TABLE = [
    # formula, sense, bound, value, f there, next, f there, the ranges, proved to go one way
    ("x", "at_most", 7, 7, 7, 8, 8, [(1, 7)], True),
    ("3 * x + 1", "at_most", 12, 3, 10, 4, 13, [(1, 3)], True),
    ("3 * x + 1", "at_least", 12, 4, 13, 3, 10, [(4, 10**8)], True),
    ("1000 / x", "at_most", 7, 143, Fraction(1000, 143), 142, Fraction(500, 71), [(143, 10**8)], True),
    ("1000 / x", "at_least", 7, 142, Fraction(500, 71), 143, Fraction(1000, 143), [(1, 142)], True),
    ("max(1000, x)", "at_most", 5000, 5000, 5000, 5001, 5001, [(1, 5000)], True),
    ("max(1000, x)", "equals", 1000, 1000, 1000, 1001, 1001, [(1, 1000)], True),
    ("min(1000, x)", "at_least", 1000, 1000, 1000, 999, 999, [(1000, 10**8)], True),
    ("ceil(x / 128) * 128", "equals", 4096, 4096, 4096, 4097, 4224, [(3969, 4096)], True),
    ("round_up(x, 128)", "at_most", 4100, 4096, 4096, 4097, 4224, [(1, 4096)], True),
    ("10 if x < 100 else 5", "at_most", 7, 100, 5, 99, 10, [(100, 10**8)], True),
    ("x if x < 100 else x + 50", "at_most", 120, 99, 99, 100, 150, [(1, 99)], True),
    ("x if x < 100 else x - 50", "at_most", 70, 120, 70, 121, 71, [(1, 70), (100, 120)], False),
    ("(x - 10) * (x - 20) * (x - 30)", "equals", 0, 30, 0, 31, 231, [(10, 10), (20, 20), (30, 30)], False),
    ("(x - 10) * (x - 20) * (x - 30)", "at_most", 100, 30, 0, 31, 231, [(1, 10), (19, 30)], False),
    ("x * (100 - x)", "at_least", 1000, 88, 1056, 89, 979, [(12, 88)], False),
    ("x * (100 - x)", "at_most", 1000, 10**8, 10**8 * (100 - 10**8), None, None, [(1, 11), (89, 10**8)], False),
    ("x * (100 - x)", "equals", 2500, 50, 2500, 51, 2499, [(50, 50)], False),
    ("abs(x - 500)", "at_most", 3, 503, 3, 504, 4, [(497, 503)], False),
    ("x * x - x", "at_most", 90, 10, 90, 11, 110, [(1, 10)], True),
    ("2 ** min(x, 60)", "at_most", 1000, 9, 512, 10, 1024, [(1, 9)], True),
    ("x // 3 + x % 3", "equals", 3, 9, 3, 10, 4, [(5, 5), (7, 7), (9, 9)], False),
]


@pytest.mark.parametrize(("formula", "sense", "bound", "value", "at", "after", "beyond", "wanted", "one_way"), TABLE)
def test_table(tmp_path, formula, sense, bound, value, at, after, beyond, wanted, one_way):
    found = ask(tmp_path, formula, bound, sense)
    assert (found.value, found.at, found.next, found.beyond) == (value, at, after, beyond)
    assert ranges(found) == wanted
    assert found.count == len(wanted)
    assert (found.method == "monotone") == one_way
    assert found.proof
    assert json.loads(json.dumps(as_object(found)))["value"] == value
    assert describe(found).startswith(f"x = {value:,} ")


HUGE = [
    ("ceil(x / 7) * 7 + min(x, 3)", 10**17 * 7 + 10, lambda x: -(-x // 7) * 7 + min(x, 3)),
    ("round_up(x * x, 10**9) + max(x, 5)", 10**30 + 12345, lambda x: -(-x * x // 10**9) * 10**9 + max(x, 5)),
    ("x ** 3 - 10 ** 12 * x", 10**40, lambda x: x**3 - 10**12 * x),
    ("x * (10**18 - x)", 10**30, lambda x: x * (BIG - x)),
    ("(x - 10**17) * (x - 10**16)", 17, lambda x: (x - 10**17) * (x - 10**16)),
    ("x if x <= 10**15 else x // 2", 10**17, lambda x: x if x <= 10**15 else x // 2),
    ("max(10**18 - x, x)", 6 * 10**17 + 1, lambda x: max(BIG - x, x)),
    ("floor(x / 3) - floor(x / 4)", 10**15, lambda x: x // 3 - x // 4),
]


@pytest.mark.parametrize(("formula", "bound", "function"), HUGE)
def test_exact_at_the_largest_numbers(tmp_path, formula, bound, function):
    begun = time.perf_counter()
    found = ask(tmp_path, formula, bound, x=f"{{type: integer, min: 1, max: {BIG}}}")
    assert time.perf_counter() - begun < 2
    assert function(found.value) == found.at <= bound
    if found.next is not None:
        assert function(found.next) == found.beyond > bound
    for part in found.ranges:
        assert function(part.low) <= bound
        assert function(part.high) <= bound
        assert part.low == 1 or function(part.low - 1) > bound
        assert part.high == BIG or function(part.high + 1) > bound


def test_without_an_upper_end(tmp_path):
    free = "{type: integer, min: 1}"
    assert ask(tmp_path, "x * x", 10**30, x=free).value == 10**15
    found = ask(tmp_path, "1 + 1000 / x", 2, x=free)
    assert (found.value, found.next, found.ranges[0].high) == (1000, 999, FAR)
    assert "no upper end: every larger value fits" in describe(found)
    found = ask(tmp_path, "min(x, 50)", 60, x=free)
    assert (found.value, found.side) == (None, "any")
    assert "no upper end: every value of x fits" in describe(found)
    assert as_object(found)["intervals"] == [{"from": 1, "to": None}]
    found = ask(tmp_path, "(x - 10) * (x - 20) * (x - 30)", 0, "equals", x="{type: integer}")
    assert ranges(found) == [(10, 10), (20, 20), (30, 30)]
    assert ask(tmp_path, "-x", 5, x="{type: integer}").value == -5
    found = ask(tmp_path, "x", 5, x="{type: integer}")
    assert (found.value, found.ranges[0].low) == (5, -FAR)


def test_everything_fits(tmp_path):
    found = ask(tmp_path, "x + 1", 200, x="{type: integer, min: 1, max: 100}")
    assert (found.value, found.at, found.next) == (100, 101, None)
    assert "every value of x fits, up to its maximum, 100" in describe(found)
    found = ask(tmp_path, "100 - x", 200, x="{type: integer, min: 1, max: 100}")
    assert (found.value, found.at) == (1, 99)


@pytest.mark.parametrize(
    ("formula", "bound", "sense", "message"),
    [
        ("x + 4", 3, "at_most", "even at x = 1 f is 5, 2 over the bound, 3"),
        ("100 - x", 3, "at_least", "no value"),
        ("x * (100 - x)", 2501, "at_least", "even at x = 50 f is 2,500, 1 below the bound, 2,501"),
        ("2 * x", 7, "equals", "the nearest is at x = 3 f is 6, 1 below the bound, 7"),
        ("abs(x - 500) + 3", 2, "at_most", "even at x = 500 f is 3, 1 over the bound"),
        ("1 / x", 0, "at_most", "even at x = 100,000,000"),
    ],
)
def test_nothing_fits_and_by_how_much(tmp_path, formula, bound, sense, message):
    if sense == "at_least" and "even" not in message:
        bound = 1000
    with pytest.raises(NoAnswer) as caught:
        ask(tmp_path, formula, bound, sense)
    assert caught.value.exit_code == 1
    assert message in str(caught.value)
    assert "no value of `x` fits" in str(caught.value)


def test_bytes_are_told_exactly_and_readably(tmp_path):
    text = (
        "inputs:\n  n: {type: integer, min: 1, max: 10**6}\n".replace("10**6", "1000000")
        + "  room: {type: number, unit: byte, default: 80GiB}\n"
        + "tables: {t: {columns: {size: {unit: byte}}, rows: {one: {size: 1}}}}\n"
        + "rules:\n  need: {unit: byte, formula: 3 * n * 2**30 * t.one.size}\nreport: {total: need, budget: room}\n"
    )
    plan = plan_of(tmp_path, text)
    text = describe(answer(plan, {}, "n"))
    assert text.splitlines()[:4] == [
        "n = 26   (largest with need at most room)",
        "  need at 26  78.00 GiB  83,751,862,272",
        "  need at 27  81.00 GiB  86,973,087,744",
        "  room        80.00 GiB  85,899,345,920",
    ]
    with pytest.raises(NoAnswer, match=r"3,221,225,471 bytes \(3.00 GiB\) over the bound, 1 B \(1\)"):
        answer(plan, {}, "n", bound="1")
    assert answer(plan, {}, "n", bound="6GiB").value == 2
    with pytest.raises(CommandError, match="not comparable"):
        answer(plan, {}, "n", bound="n")


def test_no_influence(tmp_path):
    text = """
inputs:
  x: {type: integer, min: 1, max: 100}
  y: {type: integer, default: 2}
  mode: {type: choice, choices: [small, large], default: small}
rules:
  flat: y * 3
  extra: {when: mode == large, formula: x * 10}
  total: extra + flat
"""
    plan = plan_of(tmp_path, text)
    with pytest.raises(NoAnswer, match=r"`x` does not influence `flat`[\s\S]*inputs that do: y"):
        answer(plan, {}, "x", "flat", bound=5)
    with pytest.raises(NoAnswer, match=r"`x` does not influence `total` with these inputs[\s\S]*`extra` does not apply"):
        answer(plan, {}, "x", "total", bound=5)
    assert answer(plan, {"mode": Given("large", "given")}, "x", "total", bound=57).value == 5
    with pytest.raises(NoAnswer, match="`extra` is given"):
        answer(plan, {"extra": Given(4, "given")}, "x", "total", bound=5)


def test_what_is_given_for_the_unknown_is_not_used_and_defaults_follow_it(tmp_path):
    text = "inputs:\n  x: {type: integer, min: 1, max: 99}\n  half: {type: number, default: x / 2}\nrules:\n  f: x + half\n"
    plan = plan_of(tmp_path, text)
    assert answer(plan, {"x": Given(3, "given")}, "x", "f", bound=30).value == 20
    assert answer(plan, {"half": Given(1, "given")}, "x", "f", bound=30).value == 29


def test_a_bound_that_moves(tmp_path):
    text = "inputs:\n  x: {type: integer, min: 1, max: 1000}\nrules:\n  need: x * x\n  room: 100 + 5 * x\n"
    found = answer(plan_of(tmp_path, text), {}, "x", "need", bound="room")
    assert (found.value, found.at, found.limit, found.beyond, found.limit_beyond) == (12, 144, 160, 169, 165)
    assert "room at 13" in describe(found)


def test_values_without_a_target_are_left_out(tmp_path):
    found = ask(tmp_path, "100 / (x - 50)", 3, x="{type: integer, min: 0, max: 100}")
    assert ranges(found) == [(0, 49), (84, 100)]
    assert "at x = 50 there is no value" in describe(found)
    text = "inputs:\n  x: {type: integer, min: 1, max: 1000000}\n  part: {type: integer, min: 1, default: x / 12}\nrules:\n  f: part * 12\n"
    found = answer(plan_of(tmp_path, text), {}, "x", "f", bound=100_000)
    assert (found.value, found.count) == (99_996, None)
    with pytest.raises(InputError, match="division by zero"):
        ask(tmp_path, "x / (y - 5)", 3)


def test_a_missing_input_is_said(tmp_path):
    text = "inputs:\n  x: {type: integer, min: 1}\n  z: {type: integer}\nrules:\n  f: x * z\n"
    with pytest.raises(InputError, match="a value is missing: `z`"):
        answer(plan_of(tmp_path, text), {}, "x", "f", bound=3)


def test_what_cannot_be_settled_names_the_part(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "WORK", 100_000)
    begun = time.perf_counter()
    with pytest.raises(CommandError, match=r"could not be settled.*`x \* x % 7` in `f`"):
        ask(tmp_path, "x * x % 7", 3, "equals")
    assert time.perf_counter() - begun < 20
    with pytest.raises(NoAnswer):
        ask(tmp_path, "x * x % 7", 3, "equals", x="{type: integer, min: 1, max: 5000}")
    found = ask(tmp_path, "x * x % 7", 1)
    assert found.value == 10**8 - max(back for back in range(9) if all((10**8 - less) ** 2 % 7 > 1 for less in range(back)))
    assert found.count is None
    assert "rest" not in as_object(found)


def test_numbers_between_whole_ones(tmp_path):
    number = "{type: number, min: 0, max: 1000}"
    assert ask(tmp_path, "3 * x + 1", 11, x=number).value == Fraction(10, 3)
    assert ask(tmp_path, "max(2 * x, 30 - x)", 28, x=number).value == 14
    found = ask(tmp_path, "max(2 * x, 30 - x)", 28, x=number)
    assert ranges(found) == [(2, 14)]
    assert ask(tmp_path, "x ** 2", Fraction(9, 4), x=number).value == Fraction(3, 2)
    found = ask(tmp_path, "x ** 2", 2, x=number)
    assert found.rough
    assert found.value**2 <= 2 < (found.value * (1 + Fraction(1, 2**38))) ** 2
    assert found.beyond > 2
    assert "to a part in 2^40" in describe(found)
    assert ask(tmp_path, "ceil(x / 128) * 128", 4096, x="{type: number, min: 0, max: 100000}").value == 4096
    found = ask(tmp_path, "10 if x < 100 else 20", 15, x=number)
    assert (found.value, found.attained, found.at, found.beyond) == (100, False, None, 20)
    assert describe(found).startswith("x: below 100 ")
    found = ask(tmp_path, "1 / x", 4, x=number)
    assert (found.value, found.side) == (Fraction(1, 4), "smallest")
    assert as_object(found)["exact"]["value"] == "1/4"
    assert ask(tmp_path, "x * 3", 10, x="{type: number, min: 0}").value == Fraction(10, 3)
    found = ask(tmp_path, "(x - 1/3) * (x - 5/7)", 0, "equals", x=number)
    assert ranges(found) == [(Fraction(1, 3), Fraction(1, 3)), (Fraction(5, 7), Fraction(5, 7))]


def test_numbers_that_no_fraction_hits(tmp_path):
    number = "{type: number, min: 0}"
    found = ask(tmp_path, "x ** 3 - x", 10, "equals", x=number)
    assert found.rough
    assert abs(found.value**3 - found.value - 10) < Fraction(1, 10**9)
    assert describe(found).startswith("x = about 2.308907   (the only one with f equal to 10, to a part in 2^40)")
    found = ask(tmp_path, "floor(x * x / 10)", 5, "equals", x=number)
    assert len(found.ranges) == 1
    assert found.ranges[0].low ** 2 >= 50 > (found.ranges[0].low - Fraction(1, 10**9)) ** 2
    assert found.ranges[0].high ** 2 < 60 < (found.ranges[0].high + Fraction(1, 10**9)) ** 2
    found = ask(tmp_path, "x ** 2", 10, "at_least", x=number)
    assert (found.side, found.rough) == ("smallest", True)
    assert found.value**2 >= 10 > found.beyond
    found = ask(tmp_path, "x * x", 7, x="{type: number}")
    assert found.ranges[0].low < 0 < found.ranges[0].high
    with pytest.raises(NoAnswer, match="for example, at x = 18,446"):
        ask(tmp_path, "1 / x", 0, x="{type: integer, min: 1}")


def test_numbers_too_large_to_compute(tmp_path):
    found = ask(tmp_path, "x**64 * x**64", 10**40, x=f"{{type: integer, min: 0, max: {10**30}}}")
    assert (found.value, found.at, found.beyond) == (2, 2**128, 3**128)
    notes = [note for note in found.notes if "too large" in note]
    assert len(notes) == 1
    assert ask(tmp_path, "0 - x**64 * x**64", -(10**40), x="{type: integer, min: 0}").value == 3
    found = ask(tmp_path, "2**x", 10**12, x="{type: integer, min: 0, max: 1000}")
    assert (found.value, found.beyond) == (39, 2**40)


@pytest.mark.parametrize(
    ("unknown", "message"),
    [
        ("nosuch", "no input `nosuch`"),
        ("sequence", "sequence_length"),
        ("f", "`f` is computed"),
        ("a,b,c", "two joined by a comma"),
        ("x,x", "twice"),
        ("xs", "`xs` is a list"),
        ("x,xs", "`xs` is a list"),
    ],
)
def test_wrong_questions(tmp_path, unknown, message):
    inputs = "inputs:\n  x: {type: integer, min: 1, max: 9}\n  sequence_length: {type: integer, default: 1}\n"
    text = inputs + "  xs: {type: list, default: [1, 2]}\nrules:\n  f: x * sequence_length * xs[1]\n"
    plan = plan_of(tmp_path, text)
    with pytest.raises(CommandError) as caught:
        answer(plan, {}, unknown, "f", bound=3)
    assert message in str(caught.value)


def test_wrong_targets_and_bounds(tmp_path):
    plan = plan_of(tmp_path, "inputs:\n  x: {type: integer, min: 1, max: 9}\nrules:\n  f: x * 2\n  ok: f < 3\n")
    for target, bound, sense, message in [
        ("", 3, "at_most", "no total"),
        ("f", None, "at_most", "no budget"),
        ("g", 3, "at_most", "no rule or input `g`"),
        ("ok", 3, "at_most", "true or false"),
        ("f", ".nan", "at_most", "not a bound"),
        ("f", "3B", "at_most", "not a bound"),
        ("f", 3, "about", "not a question"),
    ]:
        with pytest.raises(CommandError) as caught:
            answer(plan, {}, "x", target, sense, bound)
        assert message in str(caught.value)


# ---- lists of values

SHOP = """
title: Shop
inputs:
  n: {type: integer, min: 1, max: 1000, default: 10}
  size: {type: choice, choices: sizes, default: small}
  doubled: {type: boolean, default: false}
  step: {type: integer, choices: [1, 2, 8], default: 1}
  room: {type: number}
  unused: {type: choice, choices: [a, b], default: a}
tables:
  sizes: {columns: {weight: {}}, rows: {small: {weight: 3}, middle: {weight: 7}, large: {weight: 40}}}
rules:
  need: n * size.weight * step * (2 if doubled else 1)
presets:
  box: {from: boxes.yaml}
report: {total: need, budget: room}
"""
BOXES = """
presets:
  tin: {title: Tin, source: me, values: {room: 20}}
  crate: {title: Crate, source: me, values: {room: 500}}
  chest: {title: Chest, source: me, values: {room: 100}}
  odd: {title: Odd, source: me, values: {room: green}}
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "boxes.yaml").write_text(BOXES)
    return plan_of(tmp_path, SHOP)


def test_a_choice(shop):
    found = answer(shop, {"room": Given(75, "given")}, "size")
    assert [(entry.value, entry.at, entry.fits, entry.headroom) for entry in found.entries] == [
        ("middle", 70, True, 5),
        ("small", 30, True, 45),
        ("large", 400, False, -325),
    ]
    assert describe(found).startswith("size = middle ")
    assert as_object(found)["value"] == "middle"
    assert answer(shop, {}, "doubled", bound=30).best.value is False
    assert answer(shop, {}, "step", bound=100).best.value == 2
    with pytest.raises(NoAnswer, match=r"even with small need is 30, 29 \(29\) over the bound, 1"):
        answer(shop, {}, "size", bound=1)
    with pytest.raises(CommandError, match="does not influence"):
        answer(shop, {}, "unused", bound=1)
    with pytest.raises(InputError, match="`room`"):
        answer(shop, {}, "size")


def test_a_preset(shop):
    found = answer(shop, {"room": Given(1, "preset", "box tin")}, "box")
    assert [entry.value for entry in found.entries] == ["chest", "crate", "tin", "odd"]
    assert [entry.fits for entry in found.entries] == [True, True, False, False]
    assert [entry.bound for entry in found.entries][:3] == [100, 500, 20]
    text = describe(found)
    assert "not applicable: odd" in text
    assert text.startswith("box = chest ")
    assert as_object(found)["entries"][0] == {
        "value": "chest", "title": "Chest", "at": 30, "bound": 100, "headroom": 70, "fits": True, "why": "", "notes": [],
    }  # fmt: skip
    with pytest.raises(CommandError, match="does not influence"):
        answer(shop, {"room": Given(40, "given")}, "box")


# ---- two unknowns


def test_a_whole_frontier(tmp_path):
    text = "inputs:\n  a: {type: integer, min: 1, max: 50}\n  b: {type: integer, min: 1, max: 40}\nrules:\n  f: a * b + a\n"
    found = answer(plan_of(tmp_path, text), {}, "a,b", "f", bound=60)
    fits = {(a, b) for a in range(1, 51) for b in range(1, 41) if a * b + a <= 60}
    best = sorted(pair for pair in fits if not {(pair[0] + 1, pair[1]), (pair[0], pair[1] + 1)} & fits)
    assert [(pair.first, pair.second) for pair in found.pairs] == best
    assert all(pair.at == pair.first * pair.second + pair.first for pair in found.pairs)
    assert found.complete
    assert "Every such pair is listed." in describe(found)
    assert as_object(found)["pairs"][0] == {"a": 1, "b": 40, "at": 41, "bound": 60}


def test_one_helps_and_one_costs(tmp_path):
    text = "inputs:\n  a: {type: integer, min: 1, max: 30}\n  b: {type: integer, min: 1, max: 30}\nrules:\n  f: ceil(a * 7 / b)\n"
    plan = plan_of(tmp_path, text)
    for names, sense in (("a,b", "at_most"), ("b,a", "at_most"), ("a,b", "at_least")):
        found = answer(plan, {}, names, "f", sense, 20)
        first_is_a = names == "a,b"
        costs = (1 if first_is_a else -1) * (1 if sense == "at_most" else -1)

        def fits(first, second, first_is_a=first_is_a, sense=sense):
            if not (1 <= first <= 30 and 1 <= second <= 30):
                return False
            a, b = (first, second) if first_is_a else (second, first)
            value = -(-a * 7 // b)
            return value <= 20 if sense == "at_most" else value >= 20

        best = {
            (one, two)
            for one in range(1, 31)
            for two in range(1, 31)
            if fits(one, two) and not fits(one + costs, two) and not fits(one, two - costs)
        }
        assert {(pair.first, pair.second) for pair in found.pairs} == best


def test_a_large_frontier_is_sampled_and_each_pair_is_maximal(tmp_path):
    text = "inputs:\n  a: {type: integer, min: 1, max: 1000000000}\n  b: {type: integer, min: 1}\nrules:\n  f: a * b + 3 * b\n"
    found = answer(plan_of(tmp_path, text), {}, "a,b", "f", bound=10**7)
    assert not found.complete
    assert len(found.pairs) > 15
    for pair in found.pairs:
        assert pair.first * pair.second + 3 * pair.second <= 10**7
        assert (pair.first + 1) * pair.second + 3 * pair.second > 10**7
        assert pair.first * (pair.second + 1) + 3 * (pair.second + 1) > 10**7
    assert all(one.first < two.first and one.second > two.second for one, two in pairwise(found.pairs))


def test_what_a_frontier_cannot_be_asked(tmp_path):
    text = (
        "inputs:\n  a: {type: integer, min: 1, max: 50}\n  b: {type: integer, min: 1, max: 40}\n  c: {type: number, default: 1}\n"
        "  d: {type: integer, min: 1}\nrules:\n  f: (a - 7) * (a - 9) * b * c\n  g: a * b + d - d\n  h: a + 1 / d\n"
    )
    plan = plan_of(tmp_path, text)
    for names, target, bound, sense, message in [
        ("a,b", "f", 3, "at_most", "`(a - 7) * (a - 9) * b * c` in `f`"),
        ("a,c", "g", 3, "at_most", "`c` is not a whole number"),
        ("a,b", "g", 3, "equals", "no frontier"),
        ("a,d", "g", 3, "at_most", "does not influence"),
        ("a,d", "h", 3, "at_most", "no max to begin from"),
        ("a,b", "g", 0, "at_most", "even at a = 1 and b = 1 g is 1, 1 over the bound"),
    ]:
        with pytest.raises(GaugeError) as caught:
            answer(plan, {name: Given(1, "given") for name in "bd" if name not in names}, names, target, sense, bound)
        assert message in str(caught.value)


# ---- against trying every value

QUICK = settings(max_examples=80)
LONG = settings(max_examples=2500)
senses = st.sampled_from(["at_most", "at_least", "equals"])
bounds = st.one_of(st.integers(-20, 60), st.fractions(-3, 9, max_denominator=4))


def against_every_value(folder, text, sense, bound):
    plan = plan_of(folder, text)
    try:
        goal = goal_of(plan, "f", sense, bound)
    except CommandError:
        return
    values = evaluate(plan, {"x": Given(-8, "given")})
    compute = function_of(values, "x", "f")
    right = set()
    for x in range(-8, 31):
        state = compute(x)
        if isinstance(state, int | Fraction) and goal.meets(state - bound):
            right.add(x)
    if not plan.graph.descendants(["x"]) & {"f"}:
        return
    question = Question(values, "x", "f", bound, sense)
    found = find(question, domain_of(plan.document.inputs["x"]))
    assert found.complete
    assert {x for part in found.ranges for x in range(int(part.low), int(part.high) + 1)} == right
    assert all(one.high + 1 < two.low for one, two in pairwise(found.ranges))
    try:
        solution = answer(plan, {}, "x", "f", sense, bound)
    except NoAnswer:
        assert not right or len({compute(x) for x in range(-8, 31)}) == 1  # none fits, or it does not influence it
    except InputError:
        assert not right
    else:
        assert solution.value in right
        assert solution.next is None or solution.next not in right
        assert describe(solution)


@QUICK
@given(documents("integer", "min: -8, max: 30"), senses, bounds)
def test_every_range_is_found(tmp_path, text, sense, bound):
    against_every_value(tmp_path, text, sense, bound)


@pytest.mark.slow
@LONG
@given(documents("integer", "min: -8, max: 30"), senses, bounds)
def test_every_range_is_found_many_times(tmp_path, text, sense, bound):
    against_every_value(tmp_path, text, sense, bound)


def within(part, x):
    return part.low < x < part.high or (x == part.low and not part.low_open) or (x == part.high and not part.high_open)


@QUICK
@given(numbers, senses, bounds)
def test_ranges_of_numbers_hold_what_meets_the_bound(tmp_path, monkeypatch, formula, sense, bound):
    inputs = "inputs:\n  x: {type: number, min: -4, max: 9}\n  y: {type: integer, default: 3}\n"
    plan = plan_of(tmp_path, f"{inputs}rules:\n  f: '0 + {formula}'\n")
    if not plan.graph.descendants(["x"]) & {"f"}:
        return
    monkeypatch.setattr(search, "WORK", 10_000)
    question = Question(evaluate(plan, {"x": Given(1, "given")}), "x", "f", bound, sense)
    found = find(question, domain_of(plan.document.inputs["x"]))
    if not found.complete:
        return
    rough = any(part.low_rough or part.high_rough for part in found.ranges) or found.undefined
    for step in range(13 * 12 + 1):
        x = -4 + Fraction(step, 12)
        inside = any(within(part, x) for part in found.ranges)
        assert inside == question.meets(Fraction(x) if x.denominator > 1 else int(x)) or (rough and not inside)


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(-60, 60))
def test_the_last_true(start, width, change):
    def test(x):
        return x <= change

    stop = start + width
    wanted = None if change < start else min(change, stop)
    assert last_true(test, start, stop) == wanted
    assert last_true(test, start, FAR) == (None if change < start else change)
    assert last_true(test, -FAR, stop) == min(change, stop)
    assert last_true(lambda x: -x <= change, -start, -stop) == (None if wanted is None else -wanted)


@given(st.fractions(-5, 5, max_denominator=60), st.fractions(Fraction(1, 500), 3, max_denominator=500))
def test_the_simplest_number_between(low, width):
    found = Fraction(simplest(low, low + width))
    assert low < found < low + width
    for denominator in range(1, found.denominator):
        assert (low * denominator).__floor__() + 1 >= (low + width) * denominator


@pytest.mark.parametrize(
    ("bound", "value", "fits"), [(100, 10, False), (104, 10, True), (105, 10, True), (109, 10, True), (110, 11, False)]
)
def test_a_value_that_what_stands_beside_leaves_no_room_for_is_said(tmp_path, bound, value, fits):
    """`eval` says that it fits where there is room for the least of what stands beside the total; the answer is about the total alone."""
    text = "report: {total: f, budget: y, beside: [{title: More, low: l, high: h}]}\ninputs:\n  x: {type: integer, min: 1, max: 100}\n"
    plan = plan_of(tmp_path, text + "  y: {type: number}\nrules: {f: 10 * x, l: '4', h: '9'}\n")
    found = answer(plan, {"y": Given(bound, "given")}, "x")
    assert found.value == value
    assert found.notes[0] == "More is not in f: 4 to 9"
    assert (f"with the least of that beside it, x = {value} does not fit" in found.notes) is not fits
