"""The library: what it reads, what it gives, what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from engine.errors import GaugeError, NoAnswer
from engine.library import Rules, load

RULES = """\
title: Bridge
report: {total: weight, budget: allowed}
inputs:
  span: {type: integer, min: 1, max: 1000}
  width: {type: number, min: 0, default: 0.1}
  allowed: {type: number, default: 500}
  kind: {type: choice, choices: materials, default: steel}
  painted: {type: boolean, default: false}
  loads: {type: list, default: []}
tables: {materials: {columns: {density: {}}, rows: {steel: {density: 8}, wood: {density: 1/2}}}}
rules:
  weight: span * width * kind.density + paint
  paint: {when: painted, formula: span / 10}
  total_load: sum(loads)
  ratio: weight / (span - 3)
checks: {short: {when: span < 3, say: This is a plank.}, tiny: {when: span == 1, say: No bridge., level: error}}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    path = tmp_path_factory.mktemp("rules") / "bridge.yaml"
    path.write_text(RULES, encoding="utf-8")
    return load(path)


GIVEN: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    # what is given, settings, values
    ({"span": 40, "width": 0.1}, {}, {"span": 40, "width": Fraction(1, 10)}),
    ({"span": 40, "width": 2.0}, {}, {"span": 40, "width": 2}),
    ({"span": "4e1", "width": Fraction(3, 2)}, {}, {"span": 40, "width": Fraction(3, 2)}),
    ("span: 40\nwidth: 50%\n", {"span": 41}, {"span": 41, "width": Fraction(1, 2)}),
    ({"painted": True, "loads": [1, 0.5, "car"]}, {"kind": "wood"}, {"painted": True, "loads": (1, Fraction(1, 2), "car"), "kind": "wood"}),
    (None, {}, {}),
]


@pytest.mark.parametrize(("values", "settings", "wanted"), GIVEN)
def test_given(rules: Rules, values: Any, settings: dict[str, Any], wanted: dict[str, Any]) -> None:
    read = rules.given(values, **settings)
    assert dict(read) == wanted
    assert dict(rules.given(read)) == wanted


WRONG: list[tuple[Any, str]] = [
    ({"spam": 4}, "did you mean `span`"),
    ({"span": 0}, "at least 1"),
    ({"span": 1.5}, "whole number"),
    ({"span": None}, "cannot be None"),
    ({"span": {}}, "cannot be a dict"),
    ({"span": float("inf")}, "finite"),
    ({"span": float("nan")}, "finite"),
    ({"width": 10**5000}, "too large"),
    ({"painted": 1}, "true or false"),
    ({"kind": "stone"}, "one of steel, wood"),
    ("span: [", "not YAML"),
]


@pytest.mark.parametrize(("values", "said"), WRONG)
def test_what_is_wrong(rules: Rules, values: Any, said: str) -> None:
    with pytest.raises(GaugeError, match=said):
        rules.given(values)


def test_values(rules: Rules) -> None:
    values = rules.evaluate({"span": 3, "width": 0.5})
    assert values["weight"] == 12
    assert values["paint"] is None
    assert values["width"] == Fraction(1, 2)
    assert "ratio" not in values
    assert {"span", "weight", "paint"} <= set(values)
    with pytest.raises(GaugeError, match="division by zero"):
        values["ratio"]
    with pytest.raises(KeyError):
        values["nothing"]
    assert values.origin("kind") == "default"
    assert rules.evaluate({"span": 2}).warnings == ("This is a plank.",)


def test_only_some_values(rules: Rules) -> None:
    assert rules.evaluate({"span": 10}, ["weight"])["weight"] == 8
    with pytest.raises(KeyError):
        rules.evaluate({"span": 10}, "weight")["ratio"]
    for wrong, said in (("weigth", "did you mean `weight`"), ("ratio", "division by zero")):
        with pytest.raises(GaugeError, match=said):
            rules.evaluate({"span": 3}, [wrong])
    with pytest.raises(GaugeError, match="No bridge"):
        rules.evaluate({"span": 1})
    with pytest.raises(GaugeError, match="a value is missing: `span`"):
        rules.evaluate({}, ["weight"])


def test_a_prepared_question(rules: Rules) -> None:
    ask = rules.prepare({"width": 1}, ["span", "kind"], "weight")
    assert [ask(span=span, kind="wood") for span in (2, 3)] == [1, Fraction(3, 2)]
    assert ask(kind="steel", span="1_0") == 80
    assert rules.prepare({}, ["span"], ["weight"])(span=10) == (8,)
    assert rules.prepare({}, ["span"], ["weight", "paint"])(span=10) == (8, None)
    assert rules.prepare({"span": 10}, ["painted", "weight"], ["paint", "ratio"])(painted=True, weight=14) == (1, 2)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "`span` has no value"),
        ({"span": 2, "wide": 3}, "`wide` does not vary"),
        ({"span": 2000}, "at most 1,000"),
        ({"span": 2.5}, "whole number"),
        ({"span": True}, "whole number|a number"),
        ({"span": 1}, "No bridge"),
        ({"span": 3}, "division by zero"),
    ],
)
def test_a_question_that_is_wrong(rules: Rules, values: dict[str, Any], said: str) -> None:
    with pytest.raises(GaugeError, match=said):
        rules.prepare({}, ["span"], "ratio")(**values)


def test_what_cannot_vary(rules: Rules) -> None:
    with pytest.raises(GaugeError, match="no rule or input `wide`"):
        rules.prepare({}, ["wide"], "weight")
    shipped = load("compute_gauge")
    with pytest.raises(GaugeError, match="presets"):
        shipped.prepare({}, ["model"], shipped.total)


def test_the_other_questions(rules: Rules) -> None:
    found = rules.solve({"width": 1, "kind": "steel"}, "span", at_most=100)
    assert found.value == 12
    assert rules.solve({"span": 10}, "width").value == Fraction(25, 4)
    with pytest.raises(NoAnswer):
        rules.solve({"width": 1}, "span", at_most="0.5")
    with pytest.raises(GaugeError, match="only one"):
        rules.solve({}, "span", at_most=1, equals=2)
    assert "weight = span * width" in rules.formula("weight")
    assert rules.formula("weight", expand=True, given={"width": 2, "kind": "wood"}, keep=["span"]).strip().endswith("weight = span")
    assert "def weight(" in rules.formula("weight", format="python")
    assert rules.unit("weight") == ""
    assert rules.total == "weight"


def test_presets_and_advice() -> None:
    rules = load(ROOT / "rules" / "compute_gauge.yaml")
    given = rules.given({"model": "bert-base", "device": "t4"}, mode="training", batch_size=512, sequence_length=512, precision="float32")
    assert "bert-base" in rules.presets("model")
    assert given.origin("layers") == "model bert-base"
    assert rules.advise(given).offers
    with pytest.raises(GaugeError, match="did you mean `model`"):
        rules.presets("modl")


def test_the_lines_in_the_readme(tmp_path: Path) -> None:
    """They run as they stand, with the checkout in the place of the package, and print what they say."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("## As a library\n", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    lines = block.replace("from compute_gauge import", "from engine.library import")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr
    assert done.stdout.splitlines() == [line.split("# ", 1)[1] for line in block.splitlines() if "# " in line]


def test_a_long_chain(tmp_path: Path) -> None:
    """Names that need one another over thousands of steps are no trouble for any of the ways a value is found."""
    chain = "\n".join(f"  r{place}: r{place - 1} + 1" for place in range(1, 3000))
    (tmp_path / "chain.yaml").write_text(
        f"inputs: {{x: {{type: integer, min: 0, max: 1000000}}}}\nrules:\n  r0: x\n{chain}\n", encoding="utf-8"
    )
    rules = load(tmp_path / "chain.yaml")
    assert rules.evaluate({"x": 1}, "r2999")["r2999"] == 3000
    assert rules.prepare({}, ["x"], "r2999")(x=5) == 3004
    found = rules.solve({}, "x", target="r2999", at_most=5000)
    assert (found.value, found.at) == (2001, 5000)
