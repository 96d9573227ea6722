"""Closed forms: what is decided falls away, and the value stays what the plan computes."""

# ruff: noqa: S311 - random files are the same for the same seed

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_rules
from engine.bodies import Bodies
from engine.document import load
from engine.errors import Place, Text
from engine.evaluate import Given, Values, evaluate
from engine.expand import expand
from engine.formula import parse, write
from engine.making import depth, nodes
from engine.plan import NOTHING, Absent, Plan, Stop, Wrong
from engine.tree import Tree

ROOT = Path(__file__).resolve().parent.parent
SEEDS = st.integers(0, 10**9)
INPUTS = {
    "x": {"type": "integer", "min": 1},
    "y": {"type": "integer", "min": 0},
    "z": {"type": "integer"},
    "mode": {"type": "choice", "choices": ["fast", "slow", "off"]},
    "size": {"type": "choice", "choices": "sizes"},
    "on": {"type": "boolean"},
    "derived": {"type": "integer", "default": "x * 2"},
}
TABLES = {"sizes": {"columns": {"units": {}}, "rows": {"small": {"units": 2}, "big": {"units": "9/2"}}}}


def tree(text: str) -> Tree:
    return parse(text, Place(Text("test", text), 1, 1, len(text))).tree


def plan_of(**rules: Any) -> Plan:
    return random_rules.plan_of({"inputs": INPUTS, "tables": TABLES, "rules": rules})


def form(plan: Plan, name: str, values: dict[str, Any] | None = None, keep: Any = None, **more: Any) -> str:
    known = None if values is None else evaluate(plan, {key: Given(value, "given") for key, value in values.items()})
    bodies = Bodies(plan, known, keep, fold=values is not None and keep is not None)
    return write(expand(bodies, [name], **more).forms[0][1])


def computed(plan: Plan, part: Tree, values: Values) -> Any:
    """The value of a tree, or an `Absent`. In a closed form a rule that does not apply is 0, also in `min` and `max`."""
    try:
        return plan.compile(part)([0 if cell is NOTHING else cell for cell in values.cells])
    except (Stop, Wrong):
        return Absent()


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("x * 1 + 0", "x"),
        ("1 * x * y", "x * y"),
        ("0 * x + y", "y"),
        ("x - (y - z)", "x - y + z"),
        ("x - (y + z)", "x - y - z"),
        ("x + (y - z)", "x + y - z"),
        ("x * (y / z)", "x * y / z"),
        ("x / (y * z)", "x / (y * z)"),
        ("x * (y // z)", "x * (y // z)"),
        ("x // y * (y // z)", "x // y * (y // z)"),
        ("(x // y) * z", "x // y * z"),
        ("x / 1 // y", "x // y"),
        ("1 // x", "1 // x"),
        ("x % y * 1", "x % y"),
        ("x / 0 * 0", "x / 0 * 0"),
        ("-(-x)", "x"),
        ("0 - x", "-x"),
        ("x**1 + y**0", "x + 1"),
        ("x if true else y", "x"),
        ("x if not on else y", "y if on else x"),
        ("x if 2 > 3 else y", "y"),
        ("x if on or true else y", "x"),
        ("x if on and false else y", "y"),
        ("x if mode == mode else y", "x if mode == mode else y"),
        ("(x if on else y) if on else z", "x if on else z"),
        ("x if mode == fast else (y if mode == fast else z)", "x if mode == fast else z"),
        ("x if mode != fast else (y if mode == slow else z)", "x if mode != fast else z"),
        ("x if on and (on or x > 3) else y", "x if on else y"),
        ("max(x, max(y, z))", "max(x, y, z)"),
        ("min(x)", "x"),
        ("max(2, 3)", "3"),
    ],
)
def test_what_is_decided_falls_away(formula: str, shown: str) -> None:
    assert form(plan_of(r=formula), "r") == shown


def test_rules_go_into_one_another() -> None:
    plan = plan_of(a="x + y", b="a * 2", c="b - a")
    assert form(plan, "c") == "(x + y) * 2 - x - y"


def test_cases_and_conditions_become_choices() -> None:
    rule = {
        "when": "on",
        "cases": [{"when": "mode == fast", "formula": "x"}, {"when": "mode == slow", "formula": "y"}, {"otherwise": "z"}],
    }
    plan = plan_of(r=rule)
    assert form(plan, "r") == "(x if mode == fast else y if mode == slow else z) if on else 0"
    assert form(plan, "r", {"mode": "slow"}) == "y if on else 0"
    assert form(plan, "r", {"mode": "off", "on": True}) == "z"
    assert form(plan, "r", {"on": False}) == "0"


def test_the_last_case_is_what_is_left() -> None:
    assert form(plan_of(r={"cases": [{"when": "on", "formula": "x"}, {"when": "not on", "formula": "y"}]}), "r") == "x if on else y"


def test_what_does_not_apply_is_left_out_of_min_and_max() -> None:
    plan = plan_of(a={"when": "on", "formula": "z"}, b="min(a, x)", c="max(a, x)", d="max(a, z)", e="min(a)")
    assert form(plan, "b") == "min(x, z if on else x)"
    assert form(plan, "c") == "max(x, z if on else 0)", "x is above 0, so a 0 never wins"
    assert form(plan, "d") == "max(z, z)"
    assert form(plan, "e") == "z if on else 0"
    assert form(plan, "b", {"on": False}) == "x"
    assert form(plan, "b", {"on": True}) == "min(z, x)"


def test_a_cell_of_a_computed_word_is_a_choice_of_cells() -> None:
    plan = plan_of(pick="big if on else size", r="x * pick.units")
    assert form(plan, "r") == "x * (sizes.big.units if on else size.units)"
    assert form(plan, "r", {"on": True}) == "x * (9/2)"


def test_a_comparison_with_a_computed_word() -> None:
    plan = plan_of(pick="fast if on else slow if x > 3 else off", r="x if pick == slow else y")
    assert form(plan, "r") == "x if not on and x > 3 else y"


def test_values_are_put_in_but_for_what_is_kept() -> None:
    plan = plan_of(a="x * y + z", b="a * derived")
    assert form(plan, "b", {"x": 2, "y": 3, "z": 4}, []) == "40"
    assert form(plan, "b", {"x": 2, "y": 3, "z": 4}, ["y"]) == "4 * (2 * y + 4)"
    assert form(plan, "b", {"x": 2, "y": 3, "z": 4}, ["x"]) == "2 * (3 * x + 4) * x"
    assert form(plan, "b", {"x": 2, "y": 3, "z": 4, "derived": 9}, ["x"]) == "9 * (3 * x + 4)"
    assert form(plan, "b", {"x": 2, "y": 3}, []) == "4 * (z + 6)", "what is missing stays"


def test_a_rule_can_be_kept_or_given() -> None:
    plan = plan_of(a="x * y", b="a + z")
    assert form(plan, "b", keep=["a"]) == "a + z"
    assert form(plan, "b", {"a": 5, "z": 1}, []) == "6"
    assert form(plan, "b", {"a": 5}, []) == "z + 5"


def test_a_long_form_is_given_as_definitions() -> None:
    rules: dict[str, Any] = {"r0": "x + y * 3 + z % 7"}
    for index in range(1, 40):
        rules[f"r{index}"] = f"r{index - 1} * r{index - 1} + {index}"
    made = expand(Bodies(plan_of(**rules)), ["r39"])
    assert made.where
    assert sum(nodes(part) for _, part in (*made.forms, *made.where)) < 1000
    names = [name for name, _ in made.where]
    assert names == sorted(names, key=lambda name: int(name[1:])), "each after those it uses"


def test_a_long_chain_of_rules() -> None:
    rules: dict[str, Any] = {"r0": "x"} | {f"r{index}": f"r{index - 1} + {index}" for index in range(1, 3000)}
    made = expand(Bodies(plan_of(**rules)), ["r2999"])
    assert all(depth(part) < 60 for _, part in (*made.forms, *made.where))
    assert write(made.forms[0][1]).endswith("2999")


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_closed_forms_have_the_value_of_the_plan(seed: int) -> None:
    random = Random(seed)
    plan = random_rules.plan(random)
    values = evaluate(plan, random_rules.given(random))
    for limit in (2000, 10):
        made = expand(Bodies(plan), plan.document.rules, limit)
        for name, part in (*made.forms, *made.where):
            assert_same(plan, name, part, values)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_decided_forms_have_the_value_of_the_plan(seed: int) -> None:
    """Also after what was kept has changed."""
    random = Random(seed)
    plan = random_rules.plan(random)
    known = random_rules.given(random)
    keep = [name for name in (*random_rules.NUMBERS, "m", "t") if random.random() < 0.4]
    bodies = Bodies(plan, evaluate(plan, known), keep, fold=True)
    made = expand(bodies, plan.document.rules)
    changed = known | {name: value for name, value in random_rules.given(random).items() if name in keep}
    values = evaluate(plan, changed)
    for name, part in (*made.forms, *made.where):
        assert_same(plan, name, part, values)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_forms_with_the_choices_put_in(seed: int) -> None:
    random = Random(seed)
    plan = random_rules.plan(random)
    known = random_rules.given(random)
    values = evaluate(plan, known)
    made = expand(Bodies(plan, values), plan.document.rules)
    for name, part in (*made.forms, *made.where):
        assert_same(plan, name, part, values)


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_closed_forms_read_back(seed: int) -> None:
    """As text, which the reader of formulas may still refuse for its length."""
    random = Random(seed)
    plan = random_rules.plan(random, 5)
    values = evaluate(plan, random_rules.given(random))
    made = expand(Bodies(plan), plan.document.rules, 200)
    for _, part in (*made.forms, *made.where):
        text = write(part)
        if len(text) < 2000 and depth(part) < 25:
            assert write(tree(text)).replace(" / ", "/") == text.replace(" / ", "/")
            first, second = computed(plan, part, values), computed(plan, tree(text), values)
            assert first == second or {first.__class__, second.__class__} == {Absent}


def assert_same(plan: Plan, name: str, part: Tree, values: Values) -> None:
    """The value of the form, wherever the rule has one."""
    state = values.state(name)
    if state.__class__ is Absent:
        return
    state = 0 if state is NOTHING else state
    assert computed(plan, part, values) == state, f"{name} = {write(part)}"


def shipped() -> list[Path]:
    return sorted(path for path in (ROOT / "rules").glob("*.yaml") if "\nrules:" in (text := path.read_text()) or "\ninclude:" in text)


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["a tenth", "all"])
@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_rule_expands(path: Path, step: int) -> None:
    """And the forms have the values of the rules, at the defaults."""
    plan = Plan(load(str(path)))
    values = evaluate(
        plan,
        {
            name: Given(item.low or 8, "given")
            for name, item in plan.document.inputs.items()
            if item.default is None and item.type == "integer"
        },
    )
    for name in [*plan.document.rules][::step]:
        made = expand(Bodies(plan), [name])
        assert made.where or nodes(made.forms[0][1]) <= 2000
        for key, part in (*made.forms, *made.where):
            assert_same(plan, key, part, values)
