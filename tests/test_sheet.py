"""Evaluating again and again gives what `evaluate` gives, whatever changed in between: every value, every error, with its words."""

# ruff: noqa: S311 - random rules are the same for the same seed

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

import random_rules
from engine import library
from engine.bodies import Bodies
from engine.errors import GaugeError
from engine.evaluate import Given, checked, evaluate
from engine.expand import expand
from engine.library import Rules, load
from engine.making import nodes
from engine.plan import Plan
from engine.prepare import sheet
from engine.prepare.sheet import Sheet

BOUNDS = {"a": 1, "b": 0, "c": -9, "d": 2}
SHAPES = (
    "{} + {} - {}",
    "{} - {}",
    "{} + {} + 0.5",
    "2 * {} - 3 * {} + 4 * {} - {} + 7",
    "ceil(({} + {} + {}) / 4)",
    "ceil(({} + {} + {} - {}) / 3)",
    "ceil({} * 3 / 8) + min({}, {})",
    "max({}, {}) - ceil({} / 2)",
    "min({}, {}) * 2 - {}",
    "max({}, {}, {}) + min({}, {}) - {}",
    "{} / 4 - {} / 6",
    "{} / (1 + abs({}))",
    "{} * {} + {}",
    "{} // 7 + {} % 5",
    "{} / {}",
    "{} if {} < {} else {}",
    "abs({} - {}) + floor({} / 3)",
    "round_up({}, 8) - {}",
    "{} ** 2 - {}",
    "min({})",
    "{}",
    "{} * 3",
    "5",
)


def same(mine: Any, wanted: Any) -> bool:
    """Equal, and of one type: 4 is not 4/1, nor true 1."""
    return mine == wanted and type(mine) is type(wanted)


def hold(made: Sheet, given: dict[str, Given], said: str) -> None:
    """Hold what a sheet has against `evaluate`."""
    mine, wanted = made.evaluate(given), evaluate(made.plan, given)
    for name in made.plan.graph.order:
        assert same(mine.state(name), wanted.state(name)), f"{said}: {name} is {mine.state(name)}, not {wanted.state(name)}"
    assert checked(mine) == checked(wanted)


def a_number(random: Random, name: str) -> Any:
    if random.random() < 0.1:
        return random.choice([10**18, 10**30, 10**600]) if name != "e" else Fraction(1, 10**300)
    if name == "e":
        return random.choice([0, 1, Fraction(-3, 2), Fraction(7, 5), 10])
    return random.randint(BOUNDS[name], 12)


def changed(random: Random, given: dict[str, Given], rules: list[str]) -> dict[str, Given]:
    """What is given, with one or a few values set anew, taken away or added; sometimes that of a rule."""
    made = dict(given)
    for name in random.sample([*random_rules.NUMBERS, "m", "n", "t"], random.choice([1, 1, 1, 2, 5])):
        if random.random() < 0.2:
            made.pop(name, None)
        elif name in {"m", "n"}:
            made[name] = Given(random.choice(random_rules.WORDS), "given")
        elif name == "t":
            made[name] = Given(random.random() < 0.5, "given")
        else:
            made[name] = Given(a_number(random, name), "given")
    for name in rules:
        made.pop(name, None)
    if random.random() < 0.2:
        made[random.choice(rules)] = Given(random.randint(0, 9), "given")
    return made


@pytest.mark.parametrize("seed", range(25))
def test_random_rules(seed: int) -> None:
    """Every operation, condition and kind of value."""
    random = Random(seed)
    plan, given = random_rules.plan(random, 12), random_rules.given(random)
    numbers = [name for name in plan.document.rules if plan.shapes[name].kind == "number"]
    made = Sheet(plan)
    for step in range(12):
        hold(made, given, f"seed {seed}, step {step}, {given}")
        given = changed(random, given, numbers or ["r0"])


def a_sheet(random: Random, count: int, shapes: tuple[str, ...] = SHAPES) -> Plan:
    """Rules that each take a few of those before, near or far."""
    names = list(BOUNDS)
    rules: dict[str, Any] = {}
    for place in range(count):
        shape = random.choice(shapes)
        taken = [random.choice(names[-12:] if random.random() < 0.7 else names) for _ in range(shape.count("{}"))]
        rules[f"r{place}"] = shape.format(*taken)
        names.append(f"r{place}")
    inputs = {name: {"type": "integer", "min": low, "default": low + 3} for name, low in BOUNDS.items()}
    checks = {"large": {"when": f"{names[-1]} > 1000000", "say": "This is large.", "level": "error"}}
    return random_rules.plan_of({"inputs": inputs, "rules": rules, "checks": checks})


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("few", [1, 1000], ids=["row by row", "name by name"])
def test_sheets(seed: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets of simple formulas, in both ways a change is followed; divisions by zero come and go."""
    monkeypatch.setattr(sheet, "LEAST", few)
    random = Random(seed)
    made = Sheet(a_sheet(random, 60))
    given: dict[str, Given] = {}
    for step in range(12):
        hold(made, given, f"seed {seed}, step {step}, {given}")
        for name in random.sample(list(BOUNDS), random.choice([1, 1, 2, 4])):
            given = {**given, name: Given(a_number(random, name), "given")}


def test_simple_names_are_computed_by_their_patterns() -> None:
    simple = tuple(shape for shape in SHAPES if shape not in {"{} / (1 + abs({}))", "{} / {}", "{} * {} + {}", "{} ** 2 - {}"})
    made = Sheet(a_sheet(Random(1), 80, simple))
    program, cells = made.run({})
    assert program is not None
    assert len(program.simple) == 80
    assert not program.others
    again, same_cells = made.run({})
    assert again is program
    assert same_cells is cells


def test_only_what_depends_on_a_change_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more where it comes out as it was."""
    rules = {"low": "min(a, 10)", "above": "low * 2", "top": "above + 1", "other": "b / (b + 1)", "whole": "other + top", "odd": "1 / a"}
    inputs = {"a": {"type": "integer", "default": 20}, "b": {"type": "integer", "default": 2}}
    made = Sheet(random_rules.plan_of({"inputs": inputs, "rules": rules}))
    program, _ = made.run({})
    seen: list[str] = []
    compute = sheet.Program._compute

    def watched(self: Any, slot: int, cells: Any) -> None:
        seen.append(made.plan.graph.order[slot])
        compute(self, slot, cells)

    monkeypatch.setattr(sheet.Program, "_compute", watched)
    for values, wanted in (
        ({"a": 21}, {"low", "odd"}),
        ({"a": 21, "b": 2}, set()),
        ({"a": 9}, {"low", "above", "top", "whole", "odd"}),
        ({"a": 9, "b": 3}, {"other", "whole"}),
    ):
        seen.clear()
        assert made.run(values)[0] is program
        assert sorted(seen) == sorted(wanted)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    path = tmp_path_factory.mktemp("sheet") / "rules.yaml"
    path.write_text(
        "inputs: {n: {type: integer, min: 0, max: 100}, m: {type: integer, default: 4}, e: {default: 1}}\n"
        "rules:\n  a: m / n\n  b: n + m\n  c: {when: n > 5, formula: b + a}\n  d: e + n\n"
        "checks:\n  odd: {when: n == 13, say: Thirteen., level: error}\n  many: {when: b > 50, say: Many.}\n",
        encoding="utf-8",
    )
    return load(path)


def test_the_library_evaluates_again(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, refused, warned of and wrong comes and goes as the values do."""
    monkeypatch.setattr(library, "MANY", 30)
    for _ in range(3):
        assert "b" not in rules.evaluate()
        values = rules.evaluate(n=2)
        assert (values["a"], values["b"], values["c"], values["d"]) == (2, 6, None, 3)
        with pytest.raises(GaugeError, match="Thirteen"):
            rules.evaluate(n=13)
        values = rules.evaluate(n=0)
        assert values["b"] == 4
        with pytest.raises(GaugeError, match="division by zero: `n` is 0"):
            values["a"]
        assert rules.evaluate(n=60).warnings == ("Many.",)
        assert rules.evaluate(n=8, e="0.5")["d"] == Fraction(17, 2)
        assert rules.evaluate(n=8, a=1)["c"] == 13
        assert rules.evaluate(n=8).origin("a") == "rule"
        assert "b" not in rules.evaluate()
        with pytest.raises(GaugeError, match="`n`"):
            rules.evaluate()["b"]
    assert rules._sheet is not None


def test_a_question_of_many_names(tmp_path: Path) -> None:
    """It is answered as a sheet is, whole numbers or not."""
    random = Random(7)
    lines = ["  r0: x + y", "  r1: y / 3 - x", "  z: 7 / (x - 5)"]
    lines += [f"  r{place}: {random.choice(SHAPES[:10]).replace('{}', f'r{place - 2}', 1).replace('{}', 'x')}" for place in range(2, 700)]
    (tmp_path / "many.yaml").write_text(
        "inputs: {x: {type: integer, min: 0}, y: {default: 1}}\nrules:\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )
    made = load(tmp_path / "many.yaml")
    names = list(made.names)
    ask, one = made.prepare({}, ["x", "y"], names), made.prepare({}, ["x", "y"], "r699")
    for x, y in ((1, 2), (1, Fraction(1, 3)), (5, 2), (2, 2), (2, 10**40), (2, 0)):
        found = evaluate(made.plan, {"x": Given(x, "given"), "y": Given(y, "given")})
        assert same(one(x=x, y=y), found["r699"])
        if x == 5:
            with pytest.raises(GaugeError, match="division by zero: `x - 5` is 0"):
                ask(x=x, y=y)
            continue
        answer = ask(x=x, y=y)
        assert all(same(value, found[name]) for name, value in zip(names, answer, strict=True))
    with pytest.raises(GaugeError, match="at least 0"):
        ask(x=-1, y=1)


@pytest.mark.parametrize("count", [150, 600])
def test_closed_forms_share_what_they_have_in_common(count: int) -> None:
    """The last of many rules, each of which takes several before it, is written out in hardly more than the rules themselves are."""
    plan = a_sheet(Random(3), count, tuple(shape for shape in SHAPES if shape.count("{}") > 1))
    last = f"r{count - 1}"
    found = expand(Bodies(plan), [last])
    reached = plan.graph.ancestors([last]) & plan.document.rules.keys()
    written = sum(nodes(case.formula.tree) for name in reached for case in plan.document.rules[name].cases)
    assert len(reached) > count / 3
    assert sum(nodes(tree) for _, tree in (*found.forms, *found.where)) <= 2 * written
