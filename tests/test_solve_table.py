"""`solve` over a table: every row has the answer that `solve` has for it alone, and the proof holds where it is put to the test."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from random import Random
from typing import Any

import pytest

import random_rules
from conftest import ROOT
from engine import library, presets, source
from engine.errors import GaugeError, NoAnswer, Text
from engine.evaluate import Given
from engine.plan import Plan
from engine.solve import single
from engine.solve.goal import Goal
from engine.sweep import answers, axes, unknown

RULES = {name: library.load(ROOT / "rules" / f"{name}.yaml") for name in ("transformer", "compute_gauge")}
Row = tuple[str, Any, Any]


def alone(plan: Plan, given: Mapping[str, Given], name: str, goal: Goal) -> Row:
    """What `solve` says of one row: which answer it is, the value and the target there."""
    try:
        found = single.solve(plan, given, name, goal)
    except NoAnswer:
        return "none", None, None
    except GaugeError:
        return "unsettled", None, None
    return found.side, found.value, found.at


def grid(plan: Plan, vary: list[str], name: str, goal: Goal, given: str | dict[str, Given] = "{}") -> answers.Answers:
    """Answers over a grid, with inputs given as YAML text or as they are."""
    text = Text("inputs.yaml", given if isinstance(given, str) else "{}")

    def read(plan: Plan, more: Any) -> dict[str, Given]:
        return dict(given) if isinstance(given, dict) else presets.read_inputs(plan, source.parse(text), text, list(more))

    return answers.Answers(plan, read, vary, name, goal)


def listed(made: answers.Answers) -> list[Row]:
    """The answers of a grid, without its axes."""
    found = []
    for block in made.blocks():
        (value, no_value), (which, _), (at, no_at) = block.columns[-3:]
        for index, code in enumerate(which):
            found.append(
                (unknown.ANSWERS[code], None if no_value[index] else value[index], None if no_at[index] else at[index])  # type: ignore[index]
            )
    return found


def expected(made: answers.Answers) -> list[Row]:
    """The answers of a grid, each by `solve`."""
    asked = made.questions
    found = []
    for index in itertools.product(*(range(each.length) for each in made.axes)):
        choice = [at for each, at in zip(made.axes, index, strict=True) if not each.numbers]
        given = dict(asked.sources.combination(choice))
        for each, at in zip(made.axes, index, strict=True):
            given |= {name: Given(axes.at(numbers, at), "given") for name, numbers in each.numbers.items()}
        found.append(alone(asked.plan, given, asked.unknown, asked.goal))
    return found


def same(got: list[Row], wanted: list[Row]) -> int:
    """Rows are those wanted, the target within rounding where it is a float. Returns how many have a value."""
    assert len(got) == len(wanted)
    for row, (mine, exact) in enumerate(zip(got, wanted, strict=True)):
        if exact[0] == "unsettled":  # many rows together may say more than one alone
            continue
        assert mine[:2] == exact[:2], row
        if isinstance(mine[2], float) and exact[2] is not None and abs(exact[2]) < 10**300:
            assert mine[2] == pytest.approx(float(exact[2]), rel=1e-15), row
        elif not isinstance(mine[2], float):
            assert mine[2] == exact[2], row
    return sum(row[1] is not None for row in wanted)


def rising(random: Random, depth: int = 3) -> str:
    """A formula of the kind that is proved to go one way, most of the time."""
    if depth == 0:
        return random.choice(["a", "a", "b", "d", "3", "7", "1000", "10**12" if random.random() < 0.1 else "5/2"])
    one, two = rising(random, depth - 1), rising(random, depth - 1)
    return random.choice([
        f"({one} + {two})", f"({one}) * ({two})", f"max({one}, {two})", f"min({one}, {two})", f"ceil(({one}) / {random.randint(2, 9)})",
        f"({one}) // {random.randint(2, 9)}", f"round_up({one}, {random.choice(['8', 'd', '256'])})", f"({one} if t else {two})",
        f"({one} if b > 1 else {two})", f"({one}) * m.weight", f"({one}) / d", f"({one} - ({two}) / 100)", f"(10**4 - {one})",
    ])  # fmt: skip


def random_question(random: Random) -> tuple[Plan, str, Goal, list[str], dict[str, Given]]:
    """Random rules of which some inputs have a largest value, a question about them, and what is varied."""
    inputs = {name: dict(item) for name, item in random_rules.INPUTS.items()}
    for name in ("a", "b", "d"):
        if random.random() < 0.8:
            inputs[name]["max"] = random.choice([3, 60, 1000, 10**9, 10**19])
    inputs["c"] |= {"min": -9, "max": random.choice([9, 10**6])}
    rules: dict[str, Any] = random_rules.rules(random) if random.random() < 0.3 else {"r0": {"formula": rising(random)}}
    if random.random() < 0.2:
        rules["r0"]["when"] = random.choice(["t", "b < 2", "a > 2"])
    plan = random_rules.plan_of({"inputs": inputs, "tables": random_rules.TABLES, "rules": rules})
    numbers = [name for name in plan.document.rules if plan.shapes[name].kind == "number"] or ["a"]
    name = random.choice(["a", "a", "a", "b", "c", "d", "e"])
    bound: Any = random.choice([0, 5, 1000, 9000, 10**7, Fraction(7, 2), 10**19, random.choice("abcd"), random.choice(numbers)])
    goal = Goal(random.choice(numbers), random.choice(["at_most", "at_most", "at_most", "at_least", "at_least", "equals"]), bound)
    texts = {"a": "1..3", "b": "0..2", "c": "-2..2+2", "d": "2,3", "e": "0,1/3,7", "m": "red,blue", "t": "true,false"}
    texts.pop(name)
    texts.pop(goal.target, "")
    vary = [f"{each}={texts[each]}" for each in random.sample(sorted(texts), random.randint(1, 3))]
    return (
        plan,
        name,
        goal,
        vary,
        {each: value for each, value in random_rules.given(random).items() if each in "mntu" and each not in name},
    )


def check_random(seed: int) -> tuple[int, int, int]:
    """Hold a random question to its rows one by one. Returns the rows, those with a value, and those solved in columns."""
    random = Random(seed)  # noqa: S311 - the same each time
    plan, name, goal, vary, given = random_question(random)
    try:
        made = grid(plan, vary, name, goal, given)
    except GaugeError:
        return 0, 0, 0
    got, wanted = listed(made), expected(made)
    return len(got), same(got, wanted), len(got) - sum(part.alone for part in made.questions.parts.values() if part)
