"""What `engine.bounds` claims of a formula holds at every value, and it claims enough."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import function_of
from engine.document import load
from engine.evaluate import Given, evaluate
from engine.plan import Plan
from engine.solve.bounds import Bounds, moving
from engine.solve.spans import FAR, Piece
from formulas_at_random import conditions, documents, numbers


def made(folder, text, **values):
    path = folder / "rules.yaml"
    path.write_text(text)
    plan = Plan(load(str(path)))
    return evaluate(plan, {name: Given(value, "given") for name, value in values.items()})


def of_formula(folder, formula, low, high, kind="integer", **values):
    extra = "".join(f"  {name}: {{type: number}}\n" for name in values)
    text = f"inputs:\n  x: {{type: {kind}}}\n{extra}rules:\n  f: {formula!r}\n"
    found = made(folder, text, **values)
    return view(Bounds(found, ["x"], ["f"]), "f", x=Piece(low, high, kind == "integer"))


def view(bounds, target, **pieces) -> Any:
    return bounds.view(pieces, target)


TABLE = [
    # formula, from, to, lowest, highest, never falls, never rises
    ("x", 1, 10, 1, 10, True, False),
    ("3 * x - 2", 1, 10, 1, 28, True, False),
    ("100 - x", 1, 10, 90, 99, False, True),
    ("x - x", 1, 10**18, 0, 0, True, True),
    ("x * x", 1, 10, 1, 100, True, False),
    ("x * (100 - x)", 1, 50, 50, 4950, True, False),
    ("x * (100 - x)", 50, 99, 50, 4950, False, True),
    ("x * (100 - x)", 1, 99, 1, 9801, False, False),
    ("1000 / x", 1, 10, 100, 1000, False, True),
    ("x ** 3", -3, 3, -27, 27, True, False),
    ("x ** 2", -3, 3, 0, 9, False, False),
    ("2 ** x", 0, 10, 1, 1024, True, False),
    ("x ** -1", 1, 4, Fraction(1, 4), 1, False, True),
    ("ceil(x / 128) * 128", 1, 4096, 128, 4096, True, False),
    ("round_up(x, 128)", 1, 4096, 128, 4096, True, False),
    ("2 * x - floor(x / 7)", 0, 70, -10, 140, True, False),
    ("x // 10", 0, 99, 0, 9, True, False),
    ("x % 10", 20, 29, 0, 9, True, False),
    ("x % 10", 0, 99, 0, 9, False, False),
    ("max(1000, x)", 1, 2000, 1000, 2000, True, False),
    ("max(1000, x)", 1, 900, 1000, 1000, True, True),
    ("min(x, 50) + abs(x)", 1, 100, 2, 150, True, False),
    ("abs(x - 5)", 0, 4, 1, 5, False, True),
    ("10 if x < 100 else 5", 1, 99, 10, 10, True, True),
    ("10 if x < 100 else 5", 1, 200, 5, 10, False, True),
    ("5 if not (x >= 100 and x > 40) else 10", 1, 200, 5, 10, True, False),
    ("5 if x == 1 else 10 + x", 1, 200, 5, 210, True, False),
    ("5 if x == 2 else 10", 1, 200, 5, 10, False, False),
    ("x if x > 100 else 500", 1, 200, 1, 500, False, False),
    ("x if x < 100 or x >= 100 else 0", 1, 99, 1, 99, True, False),
]


@pytest.mark.parametrize(("formula", "low", "high", "lowest", "highest", "rises", "falls"), TABLE)
def test_table(tmp_path, formula, low, high, lowest, highest, rises, falls):
    found = of_formula(tmp_path, formula, low, high)
    assert found.failing is None
    assert (found.span.low, found.span.high) == (lowest, highest)
    assert (found.span.rises, found.span.falls) == (rises, falls)


@pytest.mark.parametrize(
    ("formula", "low", "high", "line"),
    [
        ("3 * (x + 1/2)", 0, 5, (3, Fraction(3, 2))),
        ("x / 7 + max(x, 100)", 0, 50, (Fraction(1, 7), 100)),
        ("ceil(x)", 4, 5, (0, 5)),
        ("floor(3 * x)", Fraction(1, 3), Fraction(2, 3), (0, 1)),
        ("2 if x > 4 else 3", 4, 9, (0, 2)),
        ("abs(x)", -9, 0, (-1, 0)),
        ("x % 5", 5, 10, (1, -5)),
        ("x * x", 0, 5, None),
    ],
)
def test_lines_between_open_ends(tmp_path, formula, low, high, line):
    assert of_formula(tmp_path, formula, low, high, "number").span.line == line


def test_no_end(tmp_path):
    found = of_formula(tmp_path, "max(5, 1000 / x) + ceil(x / 3)", 1, FAR).span
    assert (found.low, found.high) == (6, FAR)
    assert of_formula(tmp_path, "x * x", 0, FAR).span.rises
    assert of_formula(tmp_path, "(x - 10) * (x - 20) * (x - 30)", 31, FAR).span.rises
    assert of_formula(tmp_path, "1 / x", 1, FAR).span.falls


def test_what_may_have_no_value(tmp_path):
    assert of_formula(tmp_path, "1 / (x - 3)", 1, 2).failing is None
    assert "divide by zero" in str(of_formula(tmp_path, "1 / (x - 3)", 1, 9).failing)
    assert of_formula(tmp_path, "1 / (x - x)", 1, 9).span is None
    assert of_formula(tmp_path, "round_up(5, x - 20)", 1, 9).span is None
    assert of_formula(tmp_path, "2 ** x", 65, 99).span is None
    assert of_formula(tmp_path, "2 ** x", 1, 99).failing


def test_the_culprit_is_named_with_its_place(tmp_path):
    found = made(tmp_path, "inputs:\n  x: {type: integer}\nrules:\n  a: x + 1\n  odd: a % 7\n  total: odd * 3 + x\n")
    span = view(Bounds(found, ["x"], ["total"]), "total", x=Piece(1, 100, True)).span
    assert span.wanders
    assert span.culprit.name == "odd"
    assert "`a % 7` in `odd`" in str(span.culprit)
    assert (span.culprit.place.line, span.culprit.place.column) == (5, 8)


RULES = """
inputs:
  x: {type: integer}
  mode: {type: choice, choices: [small, large], default: small}
  part: {type: integer, min: 1, default: x / 4}
rules:
  extra: {when: mode == large, formula: x * 10}
  late: {when: x > 50, formula: 7}
  kind: {cases: [{when: x < 10, formula: small}, {otherwise: large}]}
  a: extra + 5
  b: max(late, 3)
  c: min(late, 3)
  d: 1 if kind == small else 2
  e: part * 2
  f: min(extra, 9)
"""


def test_names_that_do_not_apply_and_choices(tmp_path):
    found = made(tmp_path, RULES)

    def span(name, low, high):
        return view(Bounds(found, ["x"], [name]), name, x=Piece(low, high, True))

    assert span("a", 1, 100).span.fixed
    assert (span("b", 1, 50).span.low, span("b", 1, 50).span.high) == (3, 3)
    assert (span("b", 51, 99).span.low, span("b", 51, 99).span.high) == (7, 7)
    assert (span("b", 1, 99).span.low, span("b", 1, 99).span.high, span("b", 1, 99).span.wanders) == (3, 7, True)
    assert (span("c", 1, 99).span.low, span("c", 1, 99).span.high) == (3, 3)
    assert span("d", 1, 9).span.high == 1
    assert span("d", 10, 99).span.low == 2
    assert span("d", 1, 99).span.wanders
    assert span("e", 4, 4).failing is None
    assert span("e", 4, 9).failing
    assert span("e", 1, 3).span is None
    assert span("f", 1, 100).span.low == 9
    assert moving(found, ["x"]) >= {"part", "e", "extra", "a"}
    given = made(tmp_path, RULES, part=3)
    assert "e" not in moving(given, ["x"])


def test_another_unknown_stands_still_anywhere(tmp_path):
    found = made(tmp_path, "inputs:\n  x: {type: integer}\n  y: {type: integer}\nrules:\n  f: x * y - 3 * x\n")
    both = Bounds(found, ["x", "y"], ["f"])
    assert view(both, "f", x=Piece(1, 100, True), y=Piece(3, 90, True)).span.rises
    assert view(both, "f", x=Piece(1, 100, True), y=Piece(2, 90, True)).span.wanders


def holds(found, at, missing):
    """Compare what is claimed with what is."""
    span = found.span
    if span is None:
        assert not at
        return
    if missing:
        assert found.failing is not None
    for value in at.values():
        assert span.low <= value <= span.high
        assert not span.whole or isinstance(value, int)
    for (x, fx), (y, fy) in pairwise(at.items()):
        slope = (Fraction(fy) - fx) / (y - x)
        assert span.least <= slope <= span.most
    if span.line:
        assert all(value == span.line[0] * x + span.line[1] for x, value in at.items())
    if span.fixed:
        assert len(set(at.values())) <= 1


def checks(folder, text, piece, places):
    values = made(folder, text)
    compute = function_of(values, "x", "f")
    at = {}
    missing = 0
    for x in places:
        value = compute(x)
        if isinstance(value, int | Fraction):
            at[x] = value
        else:
            missing += 1
    holds(Bounds(values, ["x"], ["f"]).view({"x": piece}, "f"), at, missing)


QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
LONG = settings(QUICK, max_examples=2000)


@QUICK
@given(documents("integer"), st.integers(-12, 12), st.integers(0, 16))
def test_every_claim_holds_on_whole_numbers(tmp_path, text, low, width):
    piece = Piece(low, low + width, True)
    checks(tmp_path, text, piece, range(low, low + width + 1))


@QUICK
@given(documents("number"), st.fractions(-6, 6, max_denominator=4), st.fractions(Fraction(1, 8), 6, max_denominator=8))
def test_every_claim_holds_between_whole_numbers(tmp_path, text, low, width):
    piece = Piece(low, low + width, False)
    checks(tmp_path, text, piece, [low + width * Fraction(step, 60) for step in range(1, 60)])


@pytest.mark.slow
@LONG
@given(documents("integer"), st.integers(-12, 12), st.integers(0, 40))
def test_every_claim_holds_on_many_more_whole_numbers(tmp_path, text, low, width):
    checks(tmp_path, text, Piece(low, low + width, True), range(low, low + width + 1))


@QUICK
@given(numbers, conditions, st.integers(-5, 5))
def test_without_an_end(tmp_path, number, condition, low):
    text = f"inputs:\n  x: {{type: integer}}\n  y: {{type: integer, default: 3}}\nrules:\n  f: '{number} if {condition} else 0'\n"
    checks(tmp_path, text, Piece(low, FAR, True), [low, low + 1, low + 7, low + 100, 10**6, 10**12])
