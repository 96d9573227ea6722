"""Dimensions of formulas, and what may stand where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import RulesError
from engine.plan import Plan
from engine.units import COUNT, dimension, spell

Build = Callable[[str], Plan]

HEAD = """\
tables:
  t:
    columns: {size: {unit: byte}, speed: {unit: byte/second}, plain: {}, wide: {type: boolean}}
    rows: {x: {size: 3, speed: 2, plain: 5, wide: true}}
inputs:
  n: {type: integer, default: 3}
  heads: {type: integer, unit: head, default: 3}
  room: {type: number, unit: byte, default: 100}
  time: {type: number, unit: second, default: 10}
  work: {type: number, unit: flop, default: 10}
  mode: {type: choice, choices: [day, night], default: day}
  flag: {type: boolean, default: true}
  xs: {type: list, default: [1, 2]}
rules:
"""

GOOD = [
    # formula, its dimension in words
    ("n + heads", "a plain number"),
    ("room + t.x.size", "byte"),
    ("room * n", "byte"),
    ("room / time", "byte/second"),
    ("room / time + t.x.speed", "byte/second"),
    ("work / time / time", "flop/second**2"),
    ("room / room", "a plain number"),
    ("room // room", "a plain number"),
    ("room % t.x.size", "byte"),
    ("room**2", "byte**2"),
    ("(room / time)**-1", "second/byte"),
    ("room**0", "a plain number"),
    ("n**heads", "a plain number"),
    ("0 + room", "byte"),
    ("room - 0", "byte"),
    ("max(0, room)", "byte"),
    ("min(room, t.x.size)", "byte"),
    ("room if flag else 0", "byte"),
    ("0 if flag else room", "byte"),
    ("-room", "byte"),
    ("abs(room)", "byte"),
    ("round_up(room, 512)", "byte"),
    ("round_up(room, t.x.size)", "byte"),
    ("ceil(n / 2)", "a plain number"),
    ("length(xs) + sum(xs) + count(xs, 1)", "a plain number"),
    ("n * 1 / (1 / room)", "byte"),
]

WRONG = [
    # formula, part of the message
    ("room + n", "`room` is byte, `n` is a plain number"),
    ("n - room", "`n` is a plain number, `room` is byte"),
    ("room + time", "`room` is byte, `time` is second"),
    ("n + 2 * room", "`n` is a plain number, `2 * room` is byte"),
    ("room + t.x.speed", "is byte/second"),
    ("max(room, n)", "`room` is byte, `n` is a plain number"),
    ("room < n", "`room` is byte, `n` is a plain number"),
    ("room == 3", "`room` is byte, `3` is a plain number"),
    ("room if flag else 1", "`room` is byte, `1` is a plain number"),
    ("2**room", "an exponent is a plain number; `room` is byte"),
    ("room**n", "its exponent must be written as a number"),
    ("n**65", "at most 64"),
    ("n**0.5", "a whole number"),
    ("n + flag", "a number is needed here; `flag` is true or false"),
    ("flag * 2", "a number is needed here"),
    ("n + mode", "a number is needed here; `mode` is a word"),
    ("n + day", "the word `day`"),
    ("n + xs", "`xs` is a list"),
    ("-flag", "a number is needed here"),
    ("not n", "true or false is needed here"),
    ("n and flag", "true or false is needed here"),
    ("1 if n else 2", "true or false is needed here; `n` is a number"),
    ("1 if mode else 2", "true or false is needed here"),
    ("1 if flag else day", "`1` is a number, `day` is the word `day`"),
    ("mode < night", "compare"),
    ("flag < true", "compares numbers"),
    ("mode == 3", "cannot compare"),
    ("n == day", "cannot compare"),
    ("flag == 1", "is true or false"),
    ("n[0]", "a list is needed here"),
    ("sum(n)", "a list is needed here"),
    ("length(mode)", "a list is needed here"),
    ("xs[flag]", "a number is needed here"),
    ("max(mode, 1)", "a number is needed here"),
    ("t.x.wide + 1", "is true or false"),
    ("room % n", "a remainder of byte by a plain number"),
]


@pytest.mark.parametrize(("formula", "wanted"), GOOD)
def test_dimension_of_a_formula(build: Build, formula: str, wanted: str) -> None:
    plan = build(f"{HEAD}  r: '{formula}'\n")
    assert spell(plan.shapes["r"].dimension) == wanted
    assert not plan.warnings


@pytest.mark.parametrize(("formula", "said"), WRONG)
def test_what_does_not_fit(build: Build, formula: str, said: str) -> None:
    with pytest.raises(RulesError) as caught:
        build(f"{HEAD}  r: '{formula}'\n")
    assert said in caught.value.problems[0].message
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.line == HEAD.count("\n") + 1


DECLARED = [
    # unit, formula, part of the message ("" when it fits)
    ("byte", "room", ""),
    ("byte", "0", ""),
    ("token", "n", ""),
    ("byte/second", "room / time", ""),
    ("byte", "room / time", "`r` has the unit `byte`, and its formula is byte/second"),
    ("second", "room", "`r` has the unit `second`, and its formula is byte"),
    ("count", "room", "`r` has the unit `count`, and its formula is byte"),
    ("bytes", "room", "write `byte`"),
    ("GB", "room", "write `byte`"),
    ("seconds", "time", "write `second`"),
    ("byte per second", "room", "a unit is words such as"),
    ("byte/", "room", "a unit is words such as"),
    ("x" * 41, "n", "at most 40"),
    ("byte", "flag", "true or false"),
]


@pytest.mark.parametrize(("unit", "formula", "said"), DECLARED)
def test_declared_units(build: Build, unit: str, formula: str, said: str) -> None:
    text = f"{HEAD}  r: {{unit: '{unit}', formula: '{formula}'}}\n"
    if not said:
        assert not build(text).warnings
        return
    with pytest.raises(RulesError) as caught:
        build(text)
    assert said in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{unit: byte, formula: 3 * n}", "its formula is a plain number, taken as byte"),
        ("{unit: byte, formula: 'ceil(room / 2)'}", "`ceil` of byte depends on the unit it is counted in"),
        ("{unit: byte, formula: 'floor(room)'}", "`floor` of byte depends on the unit it is counted in"),
    ],
)
def test_accepted_with_a_warning(build: Build, rule: str, said: str) -> None:
    (warning,) = build(f"{HEAD}  r: {rule}\n").warnings
    assert said in warning.message
    assert warning.level == "warning"


def test_cases_have_one_dimension(build: Build) -> None:
    with pytest.raises(RulesError) as caught:
        build(HEAD + "  r:\n    cases:\n      - {when: flag, formula: room}\n      - {otherwise: n}\n")
    assert "the cases before are byte, this one is a plain number" in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("", COUNT),
        ("byte", (1, 0, 0)),
        ("byte/second", (1, -1, 0)),
        ("flop*second", (0, 1, 1)),
        ("byte**2", (2, 0, 0)),
        ("1/second", (0, -1, 0)),
        ("token", COUNT),
        ("byte/token", (1, 0, 0)),
    ],
)
def test_units(unit: str, wanted: tuple[int, int, int]) -> None:
    assert dimension(unit) == wanted
