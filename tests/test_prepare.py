"""Questions that are prepared for a loop give what `evaluate` gives, value by value and error by error."""

# ruff: noqa: S311 - random rules are the same for the same seed

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

import random_rules
from conftest import ROOT
from engine.errors import InputError
from engine.evaluate import Given, Values, evaluate
from engine.library import load
from engine.plan import NOTHING, Absent
from engine.prepare.question import FAILED, Prepared

LEAST = {"a": 1, "b": 0, "c": -9, "d": 2}
SETTINGS = [
    {},
    {"mode": "training"},
    {"mode": "training", "gradient_checkpointing": "full", "attention": "eager"},
    {"serving": "vllm", "tensor_parallel": 2},
    {"serving": "llamacpp", "precision": "q4_k_m", "prefill_chunk": 512},
    {"mode": "training", "lora_rank": 16, "precision": "nf4_double"},
]
MODELS = ["llama-3-8b", "t5-small", "falcon-mamba-7b", "gemma-2-9b", "bert-base"]


def expected(values: Values, name: str) -> Any:
    state = values.state(name)
    return None if state is NOTHING else state


def same(answer: Any, wanted: Any) -> bool:
    """Equal, and of one type: 4 is not 4/1, nor true 1."""
    return answer == wanted and type(answer) is type(wanted)


def number(random: Random, name: str) -> int | Fraction:
    if name == "e":
        return random.choice([0, 1, Fraction(-3, 2), Fraction(7, 5), 10])
    return random.randint(LEAST[name], random.choice([3, 12, 12, 10**18, 10**40]))


def check_random(seed: int) -> None:
    random = Random(seed)
    plan, given = random_rules.plan(random, 10), random_rules.given(random)
    varying = random.sample(random_rules.NUMBERS, random.randint(1, 3))
    items = [plan.document.inputs[name] for name in varying]
    names = list(plan.document.rules)
    every = [Prepared(plan, given, items, [name]) for name in names]
    for _ in range(6):
        values = {name: number(random, name) for name in varying}
        found = evaluate(plan, given | {name: Given(value, "given") for name, value in values.items()})
        for name, question in zip(names, every, strict=True):
            wanted = expected(found, name)
            quick = question.quick(values)
            assert quick is FAILED or same(quick, wanted), (seed, name, values)
            if wanted.__class__ is Absent:
                with pytest.raises(InputError):
                    question.slow(values)
            else:
                assert same(question.slow(values), wanted), (seed, name, values)


@pytest.mark.parametrize("seed", range(40))
def test_random_rules(seed: int) -> None:
    check_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 2000))
def test_many_random_rules(seed: int) -> None:
    check_random(seed)


def test_most_of_it_is_quick() -> None:
    """What is asked of random rules is nearly always answered without the long way, where there is an answer."""
    quick = every = 0
    for seed in range(40):
        random = Random(seed)
        plan, given = random_rules.plan(random, 10), random_rules.given(random)
        names = list(plan.document.rules)
        values = {name: random.randint(LEAST[name], 12) for name in random.sample(["a", "b", "c", "d"], 2)}
        found = evaluate(plan, given | {name: Given(value, "given") for name, value in values.items()})
        answered = [name for name in names if found.state(name).__class__ is not Absent]
        every += len(answered)
        questions = [Prepared(plan, given, [plan.document.inputs[each] for each in values], [name]) for name in answered]
        quick += sum(question.quick(values) is not FAILED for question in questions)
    assert quick > 0.8 * every


def test_what_is_too_long_on_the_way(tmp_path: Any) -> None:
    """A value that is too long in between has no answer, also where the end would be short."""
    (tmp_path / "rules.yaml").write_text(HEAD + "r: large * n / large\n  large: (2 ** 64) ** 63 * 2 ** 58\n", encoding="utf-8")
    ask = load(tmp_path / "rules.yaml").prepare({}, ["n"], "r")
    assert ask(n=7) == 7
    with pytest.raises(InputError, match="too large"):
        ask(n=100)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_shipped_rules(settings: dict[str, Any]) -> None:
    """Every rule that is a number, and the total alone, over lengths where rounding and the largest phase change."""
    rules = load(f"{ROOT}/rules/transformer.yaml")
    random = Random(str(settings))
    shown = rules.plan.document.report
    names = [rules.total, *shown.parts]
    for model in random.sample(MODELS, 2):
        given = rules.given({"model": model, **settings})
        one = rules.prepare(given, ["batch_size", "sequence_length"], rules.total)
        many = rules.prepare(given, ["batch_size", "sequence_length"], names)
        for _ in range(12):
            values = {
                "batch_size": random.choice([1, 2, 3, 8, 64]),
                "sequence_length": random.choice([1, 2, 255, 256, 257, 4095, 4096, 131_072]),
            }
            found = evaluate(rules.plan, rules.given(given, **values).given, names)
            if found.state(rules.total).__class__ is Absent:
                with pytest.raises(InputError):
                    one(**values)
                continue
            assert same(one(**values), expected(found, rules.total)), (model, values)
            assert many(**values) == tuple(expected(found, name) for name in names), (model, values)


SPECIAL = [
    # rules over n and m; what varies; its values; the answer, or the words of the error
    ("r: 10 / n", {"n": 4}, Fraction(5, 2)),
    ("r: 10 / n", {"n": 0}, "division by zero"),
    ("r: 0 * (10 / n)", {"n": 0}, "division by zero"),
    ("r: 10 / n - 10 / n", {"n": 0}, "division by zero"),
    ("r: 7 if n > 0 else 10 / n", {"n": 1}, 7),
    ("r: max(s, -n)\n  s: {when: n > 3, formula: 1}", {"n": 2}, -2),
    ("r: max(s, -n)\n  s: {when: n > 3, formula: 1}", {"n": 4}, 1),
    ("r: min(s)\n  s: {when: n > 3, formula: 1}", {"n": 2}, 0),
    ("r: s\n  s: {when: n > 3, formula: 1}", {"n": 2}, 0),
    ("r: {when: n > 3, formula: n}", {"n": 2}, None),
    ("r: n ** 64 * n ** 64", {"n": 2**40}, "too large"),
    ("r: (n ** 64 * n ** 64) / (n ** 64 * n ** 64)", {"n": 2**40}, "too large"),
    ("r: n ** 64", {"n": 2**60}, 2**3840),
    ("r: n // 4 * 4 + n % 4", {"n": -7}, -7),
    ("r: ceil(n / 8) + floor(n / 8) + round_up(n, 8)", {"n": 12}, 19),
    ("r: abs(n - 5)", {"n": 1}, 4),
    ("r: d", {"n": 5}, "whole number"),
    ("r: d", {"n": 6}, 3),
    ("r: {cases: [{when: n > 5, formula: 1}]}", {"n": 5}, "no case"),
    ("r: n >= 3 and 1 / (n - 3) > 0", {"n": 2}, False),
    ("r: n >= 3 and 1 / (n - 3) > 0", {"n": 3}, "division by zero"),
    ("r: 2 ** m", {"m": 3}, 8),
    ("r: 2 ** m", {"m": 65}, "at most 64"),
    ("r: m / 3", {"m": 6}, 2),
    ("r: t.red.c * n if shade == red else shade.c", {"n": 3, "shade": "red"}, Fraction(3, 2)),
    ("r: shade.c", {"shade": "blue"}, 3),
    ("r: red if n > 1 else shade", {"n": 1, "shade": "blue"}, "blue"),
    ("r: sum(xs) * n", {"n": 2, "xs": [1, 2]}, 6),
    ("r: n\nchecks:\n  odd: {when: n % 2 == 1, say: n is odd., level: error}", {"n": 3}, "n is odd."),
    ("r: n\nchecks:\n  odd: {when: n % 2 == 1, say: n is odd., level: error}", {"n": 4}, 4),
    ("r: few", {"few": 3}, "one of 2, 4"),
    ("r: few * 2", {"few": 4}, 8),
]
HEAD = """\
tables: {t: {columns: {c: {}}, rows: {red: {c: 1/2}, blue: {c: 3}}}}
inputs:
  n: {type: integer, default: 7}
  m: {default: 1}
  d: {type: integer, default: n / 2}
  few: {type: integer, choices: [2, 4], default: 2}
  shade: {type: choice, choices: t, default: red}
  xs: {type: list, default: []}
rules:
  """


@pytest.mark.parametrize(("text", "values", "wanted"), SPECIAL)
def test_special_cases(tmp_path: Any, text: str, values: dict[str, Any], wanted: Any) -> None:
    (tmp_path / "rules.yaml").write_text(HEAD + text + "\n", encoding="utf-8")
    rules = load(tmp_path / "rules.yaml")
    ask = rules.prepare({}, values, "r")
    if isinstance(wanted, str) and wanted != "blue":
        for question in (lambda: ask(**values), lambda: rules.evaluate(values, "r")):
            with pytest.raises(InputError, match=wanted):
                question()
    else:
        assert same(ask(**values), wanted)
        assert same(rules.evaluate(values, "r")["r"], wanted)
