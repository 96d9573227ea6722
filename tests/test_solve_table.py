"""`solve` over a table: every row has the answer that `solve` has for it alone, and the proof holds where it is put to the test."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import random_rules
from conftest import ROOT, Run
from engine import library, presets, source
from engine.errors import GaugeError, NoAnswer, Text
from engine.evaluate import Given
from engine.plan import Plan
from engine.solve import goal as goals
from engine.solve import search, single
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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that gives up early: what it cannot settle alone is not compared."""
    monkeypatch.setattr(search, "WORK", 5_000)
    monkeypatch.setattr(search, "SCANNED", 300)


def check_random(seed: int) -> tuple[int, int]:
    """Hold a random question to its rows one by one. Returns the rows with a value, and those that were solved in columns."""
    random = Random(seed)  # noqa: S311 - the same each time
    plan, name, goal, vary, given = random_question(random)
    try:
        made = grid(plan, vary, name, goal, given)
    except GaugeError:
        return 0, 0
    got, wanted = listed(made), expected(made)
    return same(got, wanted), len(got) - sum(part.alone for part in made.questions.parts.values() if part)


@pytest.mark.usefixtures("hasty")
def test_random_rules_are_solved_as_one_by_one() -> None:
    values, columns = map(sum, zip(*(check_random(seed) for seed in range(15)), strict=True))
    assert values > 10
    assert columns > 10


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_many_random_rules_are_solved_as_one_by_one() -> None:
    for seed in range(15, 1000):
        check_random(seed)


def hold(name: str, given: dict[str, Any], unknown: str, columns: dict[str, Any], **asked: Any) -> answers.Answered:
    """The answers of a table, of which some are held to `solve`."""
    rules = RULES[name]
    found = rules.solve_table(given, unknown, columns, **asked)
    sense, bound = next(((sense, asked[sense]) for sense in ("at_most", "at_least") if sense in asked), ("at_most", None))
    each = isinstance(bound, np.ndarray)
    for row in Random(1).sample(range(len(found.value)), 12):  # noqa: S311 - the same each time
        here = {column: values[row].item() if isinstance(values, np.ndarray) else values[row] for column, values in columns.items()}
        goal = goals.goal(rules.plan, asked.get("target", ""), sense, int(bound[row]) if each else bound)
        known = {key: value for key, value in rules.given({**given, **here}).given.items() if key != unknown}
        which, value, at = alone(rules.plan, known, unknown, goal)
        assert (found.which[row], found.value[row] if found.found[row] else None) == (which, value), here
        assert at is None or found.at[row] == pytest.approx(float(at), rel=1e-15), here
    return found


COUNT = 300
RANDOM = np.random.default_rng(1)
MEMORY = RANDOM.integers(2**31, 640 * 2**30, COUNT)
LENGTHS = 2 ** RANDOM.integers(0, 20, COUNT) + RANDOM.integers(0, 3, COUNT)
BATCHES = RANDOM.integers(1, 65, COUNT)
TRAINING = {"model": "gpt2", "mode": "training"}
TABLES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("compute_gauge", {"model": "llama-3-8b"}, "batch_size", {"device_memory": MEMORY, "sequence_length": LENGTHS}),
    ("compute_gauge", {"model": "llama-3-8b", "mode": "training"}, "sequence_length", {"device_memory": MEMORY, "batch_size": LENGTHS}),
    ("compute_gauge", {"model": "llama-3-8b"}, "layers", {"device_memory": MEMORY, "batch_size": LENGTHS, "sequence_length": LENGTHS}),
    ("transformer", {"model": "llama-3-8b"}, "batch_size", {"device_memory": MEMORY, "sequence_length": LENGTHS}),
    ("transformer", {"model": "gemma-2-9b"}, "sequence_length", {"device_memory": MEMORY, "batch_size": BATCHES}),
    ("transformer", {"model": "mixtral-8x7b", "serving": "vllm"}, "batch_size", {"device_memory": MEMORY, "sequence_length": LENGTHS}),
    ("transformer", {**TRAINING, "attention": "eager"}, "sequence_length", {"device_memory": MEMORY, "batch_size": BATCHES}),
    ("transformer", {"model": "llama-3-8b", "mode": "training", "lora_rank": 16, "pipeline_parallel": 4}, "batch_size",
     {"device_memory": MEMORY, "sequence_length": LENGTHS}),
    ("transformer", {"precision": "int4"}, "batch_size",
     {"model": ["gpt2", "llama-3-8b", "bert-base"] * (COUNT // 3), "device": ["h100-sxm", "rtx-4090"] * (COUNT // 2),
      "sequence_length": LENGTHS}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "unknown", "columns"), TABLES)
def test_shipped_rules_are_solved_as_one_by_one(name: str, given: dict[str, Any], unknown: str, columns: dict[str, Any]) -> None:
    assert not hold(name, given, unknown, columns).notes, "all in columns"


def test_a_bound_for_each_row_from_below() -> None:
    found = hold("transformer", {"model": "llama-3-8b"}, "batch_size", {"sequence_length": LENGTHS}, at_least=MEMORY)
    assert set(found.which) == {"smallest", "any", "none"}


@pytest.mark.parametrize("name", RULES)
def test_a_bound_exactly_at_below_and_above_what_is_needed(name: str) -> None:
    """The largest batch whose need is within the bound: with just enough it is that batch, with a byte less the one before."""
    rules = RULES[name]
    given: dict[str, Any] = {"model": "llama-3-8b", "sequence_length": 4097}
    batches = np.arange(2, 60)
    needed = np.array([rules.evaluate(given, rules.total, batch_size=int(batch))[rules.total] for batch in batches])
    for more in (-1, 0, 1):
        found = rules.solve_table(given, "batch_size", {}, at_most=needed + more)
        assert (found.value == batches - (more < 0)).all()
        assert (found.which == "largest").all()
        assert ((found.at <= needed + more) & ((found.at == needed) if more >= 0 else (found.at < needed))).all()


def small(**rules: str) -> library.Rules:
    """Rules over whole numbers: the unknown `x` from 0 to 10**9, `n` over all that fit in 64 bits."""
    limits = {"type": "integer", "min": -(2**63), "max": 2**63 - 1}
    return library.Rules(random_rules.plan_of({
        "inputs": {"x": {"type": "integer", "min": 0, "max": 10**9}, "n": limits, "m": limits, "d": {"type": "integer", "min": 1},
                   "q": {"type": "number", "min": 0}},
        "rules": {name: {"formula": formula} for name, formula in rules.items()},
    }))  # fmt: skip


EDGES = np.array([-(2**63), -(2**62), -1, 0, 1, 2**53 + 1, 2**62, 2**63 - 2, 2**63 - 1])


@pytest.mark.parametrize(
    "formula", ["x * 9223372036 + n", "x * x * 7 - n", "2 * n + x", "-x + n", "-x * n - 1", "x * n", "ceil(x / 3) * 2**40 + n // 7"]
)
@pytest.mark.parametrize("sense", ["at_most", "at_least"])
def test_numbers_at_the_end_of_64_bits(formula: str, sense: str) -> None:
    rules = small(f=formula)
    n, bound = (part.reshape(-1) for part in np.meshgrid(EDGES, EDGES))
    found = rules.solve_table({}, "x", {"n": n}, target="f", **{sense: bound})
    for row in range(len(n)):
        goal = Goal("f", sense, int(bound[row]))
        which, value, at = alone(rules.plan, {"n": Given(int(n[row]), "given")}, "x", goal)
        assert (found.which[row], found.value[row] if found.found[row] else None) == (which, value)
        assert at is None or found.at[row] == at


def test_numbers_that_are_not_whole() -> None:
    """An unknown and bounds with fractions, and a target that is halves: each row alone where it has to be."""
    rules = small(f="x * 3 / 2 + q", g="q * 7")
    found = rules.solve_table({}, "x", {"q": ["1/2", 0.25, 3]}, target="f", at_most=["10", "21/2", 3])
    assert (found.value.tolist(), found.at.tolist()) == ([6, 6, 0], [9.5, 9.25, 3])
    found = rules.solve_table({}, "q", {"n": [1, 2]}, target="g", at_most=[1, 7])
    assert (found.value.tolist(), found.at.tolist()) == ([Fraction(1, 7), 1], [1, 7])
    assert found.notes[0].startswith("2 rows were solved one by one")


def test_what_is_not_proved_is_solved_alone_and_said() -> None:
    rules = small(f="x % 1000 + d")
    found = rules.solve_table({}, "x", {"d": [1, 5]}, target="f", at_most=500)
    assert [alone(rules.plan, {"d": Given(d, "given")}, "x", Goal("f", "at_most", 500))[1] for d in (1, 5)] == found.value.tolist()
    assert found.notes[0].startswith("2 rows were solved one by one, which is exact and slow: f is not proved to go one way, `x % 1000")


def test_axes_are_taken_apart_for_a_proof() -> None:
    """Over all rows together it is not proved, on each part of them it is."""
    rules = small(f="x * n if n > 40 else 100 - x * (50 - n)")
    n = np.arange(1, 100).repeat(3)
    bound = np.tile([-500, 50, 5000], 99)
    found = rules.solve_table({}, "x", {"n": n}, target="f", at_most=bound)
    assert not found.notes
    for row in range(0, len(n), 17):
        goal = Goal("f", "at_most", int(bound[row]))
        which, value, _ = alone(rules.plan, {"n": Given(int(n[row]), "given")}, "x", goal)
        assert (found.which[row], found.value[row] if found.found[row] else None) == (which, value)


@pytest.mark.parametrize(
    ("unknown", "columns", "asked", "message"),
    [
        ("x", {}, {"at_most": 3}, "the columns must be of one length"),
        ("x", {"n": [1], "m": [1, 2]}, {"at_most": 3}, "the columns must be of one length"),
        ("x", {"nn": [1]}, {"at_most": 3}, "no input or rule `nn`"),
        ("x", {"x": [1]}, {"at_most": 3}, "`x` is asked for, and varied"),
        ("x,n", {"m": [1]}, {"at_most": 3}, "a table has one unknown"),
        ("x", {"d": [0]}, {"at_most": 3}, "`d` is at least 1"),
        ("x", {"d": np.array([5, 0])}, {"at_most": 3}, "`d` is at least 1"),
        ("x", {"n": ["one"]}, {"at_most": 3}, "`n` is a"),
        ("x", {"n": [1]}, {"at_most": ["n"]}, "a bound for each row is a number"),
        ("m", {"n": [1]}, {"at_most": 3}, "`m` does not influence `f`"),
        ("x", {"d": [1]}, {"at_most": 3}, "a value is missing: `n`"),
        ("x", {"n": [1]}, {"at_most": 3, "at_least": 4}, "only one of at_most and at_least"),
    ],
)
def test_what_is_wrong_is_said(unknown: str, columns: dict[str, Any], asked: dict[str, Any], message: str) -> None:
    with pytest.raises(GaugeError, match=message):
        small(f="x + n").solve_table({}, unknown, columns, target="f", **asked)


INPUTS = "{model: llama-3-8b}\n"


def test_the_command_writes_a_row_for_each_combination(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.yaml").write_text(INPUTS)
    vary = ["--vary", "sequence_length=1Ki..64Ki*64", "--vary", "device=h100-sxm,rtx-4090"]
    command = ["solve", "rules/transformer.yaml", str(tmp_path / "in.yaml"), "--for", "batch_size", *vary]
    done = run(*command, "-o", str(tmp_path / "out.csv"))
    assert (done.code, done.err) == (0, f"{tmp_path / 'out.csv'}: 4 of 4 rows\n")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "sequence_length,device,batch_size,which,peak_memory"
    assert [line.split(",")[2:4] for line in lines[1:]] == [["271", "largest"], ["37", "largest"], ["4", "largest"], ["", "none"]]
    assert run(*command, "--shard", "2/2").out.splitlines()[1:] == lines[3:]
    assert run(*command, "--where", "batch_size >= 10 and headroom > 0").out.splitlines()[1:] == lines[1:3]
    done = run(*command[:-4], "-o", "out.csv")
    assert (done.code, "add --vary" in done.err) == (2, True)
    done = run(*command, "--format", "json")
    assert (done.code, "-o answers.jsonl" in done.err) == (2, True)
