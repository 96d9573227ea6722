"""Values: what applies, what a default is, what cannot be computed, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from conftest import Run, values_of
from engine.errors import InputError
from engine.evaluate import require
from engine.plan import NOTHING, Absent, Plan

Build = Callable[[str], Plan]

HEAD = """\
tables:
  t: {columns: {c: {}, wide: {type: boolean}}, rows: {red: {c: 1/2, wide: true}, blue: {c: 3, wide: false}}}
inputs:
  n: {type: integer, default: 7}
  q: {type: number, default: 0.1}
  zero: {type: integer, default: 0}
  mode: {type: choice, choices: [day, night], default: night}
  tone: {type: choice, choices: t, default: red}
  flag: {type: boolean, default: true}
  xs: {type: list, default: [3, 1/2, word, 3]}
rules:
  nothing: {when: mode == day, formula: 5}
  also: {when: not flag, formula: 6}
"""

VALUES: list[tuple[str, Any]] = [
    ("2**64 + 1", 2**64 + 1),
    ("0.1 + 0.2", Fraction(3, 10)),
    ("q * 10", 1),
    ("7 / 2", Fraction(7, 2)),
    ("8 / 2", 4),
    ("n // 2", 3),
    ("-n // 2", -4),
    ("-n % 3", 2),
    ("n % -3", -2),
    ("7.5 // 2", 3),
    ("7.5 % 2", Fraction(3, 2)),
    ("2**-2", Fraction(1, 4)),
    ("0**0", 1),
    ("(1/2)**3", Fraction(1, 8)),
    ("ceil(7 / 2)", 4),
    ("ceil(-7 / 2)", -3),
    ("floor(-7 / 2)", -4),
    ("abs(-7 / 2)", Fraction(7, 2)),
    ("round_up(n, 4)", 8),
    ("round_up(8, 4)", 8),
    ("round_up(-n, 4)", -4),
    ("round_up(n, 1/2)", 7),
    ("min(n, 3, 9)", 3),
    ("max(n)", 7),
    ("n == 7", True),
    ("n != 7.0", False),
    ("q == 1/10", True),
    ("mode == night and flag", True),
    ("mode == day or not flag", False),
    ("mode", "night"),
    ("day if flag else night", "day"),
    ("tone.c", Fraction(1, 2)),
    ("t.blue.c", 3),
    ("tone.wide", True),
    ("1 if tone.wide else 2", 1),
    ("xs", (3, Fraction(1, 2), "word", 3)),
    ("xs[0] + xs[1]", Fraction(7, 2)),
    ("xs[2] == word", True),
    ("xs[0] == 3", True),
    ("xs[0] != 3", False),
    ("length(xs)", 4),
    ("count(xs, 3)", 2),
    ("count(xs, word)", 1),
    ("count(xs, absent_word)", 0),
    # what does not apply counts 0, and is left out of min and max
    ("nothing", 0),
    ("nothing + 1", 1),
    ("n - nothing", 7),
    ("nothing * n", 0),
    ("-nothing", 0),
    ("nothing == 0", True),
    ("min(nothing, 7, 9)", 7),
    ("max(nothing, -3)", -3),
    ("min(nothing, also)", 0),
    ("max(nothing + 0, -3)", 0),
    ("1 if nothing > 3 else 2", 2),
    # only what is needed is computed
    ("1 if flag else 1 / zero", 1),
    ("flag or 1 / zero > 1", True),
    ("not flag and 1 / zero > 1", False),
]

UNDEFINED = [
    # formula, part of the message, column of the mark within the formula
    ("1 / zero", "division by zero"),
    ("1 // zero", "division by zero"),
    ("n % zero", "remainder by zero"),
    ("n / (n - 7)", "division by zero"),
    ("1 + 2 / zero", "division by zero"),
    ("zero**-1", "division by zero"),
    ("n**(n * 10)", "at most 64"),
    ("n**q", "whole number"),
    ("round_up(n, zero)", "above 0"),
    ("round_up(n, -1)", "above 0"),
    ("(10**60)**64", "too large: more than 4,096 bits"),
    ("(1/10**60)**64", "too large: more than 4,096 bits"),
    ("(2**64)**63 * (2**64)**2", "too large: more than 4,096 bits"),
    ("xs[4]", "no element 4; it has 4"),
    ("xs[0 - 1]", "no element -1"),
    ("xs[q]", "no element"),
    ("xs[2] + 1", "word"),
    ("sum(xs)", "word"),
    ("max(xs[2], 1)", "word"),
    ("xs[2] * 3", "word"),
    ("ceil(xs[2])", "word"),
    ("xs[2] < 3", "word"),
]


@pytest.mark.parametrize(("formula", "wanted"), VALUES)
def test_value(build: Build, formula: str, wanted: object) -> None:
    head = HEAD.replace("choices: [day, night]", "choices: [day, night, word, absent_word]")
    values = values_of(build(f'{head}  r: "{formula}"\n'))
    require(values, ["r"])
    assert values["r"] == wanted
    assert type(values["r"]) is type(wanted)


@pytest.mark.parametrize(("formula", "said"), UNDEFINED)
def test_undefined(build: Build, formula: str, said: str) -> None:
    values = values_of(build(f'{HEAD}  r: "{formula}"\n'))
    with pytest.raises(InputError) as caught:
        require(values, ["r"])
    (problem,) = caught.value.problems
    assert problem.message.startswith("`r` cannot be computed: ")
    assert said in problem.message
    assert problem.place is not None
    assert problem.place.line == 14


@pytest.mark.parametrize(
    ("formula", "marked"),
    [("1 + n / zero", "n / zero"), ("max(1, 2 % zero) + 3", "2 % zero"), ("1 + xs[9]", "xs[9]"), ("2 * (n - n)**-1", "(n - n)**-1")],
)
def test_the_mark_is_under_what_is_wrong(build: Build, formula: str, marked: str) -> None:
    values = values_of(build(f"{HEAD}  r: {formula}\n"))
    (problem,) = values.state("r").problems
    place = problem.place
    assert place.text.line(place.line)[place.column - 1 : place.column - 1 + place.length] == marked


def test_the_largest_number_is_fine(build: Build) -> None:
    assert values_of(build("rules:\n  r: '(2**64)**63 * 2**63 + ((2**64)**63 * 2**63 - 1)'\n"))["r"] == 2**4096 - 1
    assert values_of(build("rules:\n  r: '(2**64)**63 * 2**63 + (2**64)**63 * 2**63'\n")).state("r").__class__ is Absent


CASES = """\
inputs: {n: {type: integer}, m: {type: integer, default: 0}}
rules:
  r:
    when: n > 0
    cases:
      - {when: n > 10, formula: 100}
      - {when: n > 5, formula: 50 / m}
      - {when: n > 2, formula: 20}
"""


@pytest.mark.parametrize(("given", "wanted"), [("n: 11", 100), ("n: 3", 20), ("n: 0", NOTHING), ("{n: 6, m: 2}", 25)])
def test_the_first_case_that_holds_counts(build: Build, given: str, wanted: object) -> None:
    assert values_of(build(CASES), given).state("r") == wanted


@pytest.mark.parametrize(("given", "said"), [("n: 6", "division by zero"), ("n: 1", "no case of `r` applies")])
def test_no_case(build: Build, given: str, said: str) -> None:
    assert said in values_of(build(CASES), given).state("r").problems[0].message


def test_what_does_not_apply_in_the_answers(build: Build) -> None:
    values = values_of(build(HEAD + "  r: nothing + 1\n"))
    assert values.state("nothing") is NOTHING
    assert not values.has("nothing")
    assert values.number("nothing") == 0


DEFAULTS = (
    "inputs:\n  a: {type: integer, min: 1, max: 50}\n  b: {type: integer, min: 1, max: 10, default: a // 2}\n"
    "  c: {type: integer, default: b / 2}\nrules: {r: c}\n"
)


@pytest.mark.parametrize(("given", "wanted"), [("a: 8", 2), ("{a: 1, b: 4}", 2), ("{a: 1, c: 9}", 9)])
def test_defaults_that_are_formulas(build: Build, given: str, wanted: int) -> None:
    assert values_of(build(DEFAULTS), given)["r"] == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a: 1", "the default of `b`, `a // 2`: b is at least 1, not 0"),
        ("a: 50", "b is at most 10, not 25"),
        ("a: 7", "the default of `c`, `b / 2`: c is a whole number, not 1.5"),
    ],
)
def test_defaults_keep_their_bounds(build: Build, given: str, said: str) -> None:
    (problem,) = values_of(build(DEFAULTS), given).state("r").problems
    assert said in problem.message


MISSING = [
    # rules, the names that are missing
    ("r: a", ["a"]),
    ("r: a + b", ["a", "b"]),
    ("r: c * a + b", ["a", "b", "c"]),
    ("r: {when: a > 1, formula: b}", ["a"]),
    ("r: 1 if flag else a", []),
    ("r: flag or a > 1", []),
    ("r: b + d", ["a", "b"]),
]


@pytest.mark.parametrize(("rule", "names"), MISSING)
def test_missing_inputs_are_listed_at_once(build: Build, rule: str, names: list[str]) -> None:
    head = (
        "inputs: {a: {type: integer, title: First}, b: {type: integer}, "
        "c: {type: integer}, flag: {type: boolean, default: true}, d: {type: integer, default: 2 * a}}\n"
    )
    values = values_of(build(f"{head}rules:\n  {rule}\n"))
    if not names:
        require(values, ["r"])
        return
    with pytest.raises(InputError) as caught:
        require(values, ["r"])
    (problem,) = caught.value.problems
    assert [name for name in "abcd" if f"`{name}`" in problem.message] == names
    assert "`a` (First)" in problem.message
    assert "--set" in problem.hint
    assert "inputs file" in problem.hint


OVERRIDES = [
    # a rule, the value given, its value, the value of the rule above it
    ("n * 2", "9", 9, 10),
    ("n * 2", "1/2", Fraction(1, 2), Fraction(3, 2)),
    ("n * 2", "8Ki", 8192, 8193),
    ("{when: n > 100, formula: 3}", "4", 4, 5),
    ("1 / (n - 7)", "4", 4, 5),
]


@pytest.mark.parametrize(("rule", "given", "value", "above"), OVERRIDES)
def test_a_rule_that_is_given(build: Build, rule: str, given: str, value: object, above: object) -> None:
    values = values_of(build(f"{HEAD}  r: {rule}\n  s: r + 1\n"), f"r: {given}")
    assert (values["r"], values["s"], values.origin("r"), values.origin("s")) == (value, above, "overridden", "rule")


@pytest.mark.parametrize(
    ("rule", "given", "said"),
    [
        ("n * 2", "word", "is a number"),
        ("n > 2", "3", "is true or false"),
        ("day if flag else night", "evening", "is one of day, night"),
        ("xs", "3", "is a list"),
        ("n * 2", "[1]", "not a list"),
    ],
)
def test_a_rule_given_a_wrong_value(build: Build, rule: str, given: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        values_of(build(f"{HEAD}  r: {rule}\n"), f"r: {given}")
    assert said in caught.value.problems[0].message


CHECKS = (
    HEAD + "  r: n\nchecks:\n  odd: {when: n % 2 == 1, say: n is odd.}\n"
    "  big: {when: n > 100, say: n is too big., level: error}\n  sure: {when: 1 / zero > 1, say: never}\n"
)


def test_checks(build: Build, run: Run, tmp_path: object) -> None:
    build(CHECKS)
    path = f"{tmp_path}/rules.yaml"
    assert run("eval", path, "--set", "n=4").out.count("warning") == 0
    odd = run("eval", path)
    assert (odd.code, "warning: n is odd." in odd.out) == (0, True)
    big = run("eval", path, "--set", "n=101")
    assert (big.code, big.out, "n is too big." in big.err) == (2, "", True)
