"""The page computes what the engine computes: every value, refusal, term and range, in a real browser, exactly."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from page_answers import asked_at_random, difference, engine_finds, engine_says, page_says, page_says_of
from test_families import word
from test_structure import entry_files
from test_truth import scalar

import random_rules
from conftest import ROOT, Opener, page_of
from engine import evaluate, presets
from engine.document import load
from engine.plan import Plan
from formulas_at_random import documents

RULES = [path.relative_to(ROOT).as_posix() for path in entry_files()]
FAMILIES = sorted((ROOT / "tests" / "families").glob("*.json"))


@cache
def plan_of(rules: str) -> Plan:
    return Plan(load(str(ROOT / rules)))


def agree(page: Any, rules: str, asked: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What an open page answers to questions, after making sure that the engine says the same."""
    plan = plan_of(rules)
    said = page_says(page, [{"set": each} for each in asked])
    for question, answer in zip(asked, said, strict=True):
        differing = difference(plan, engine_says(plan, question), answer)
        assert not differing, f"the engine and the page differ for {question}: {differing}"
    return said


def presets_of(page: Any) -> dict[str, list[str]]:
    """The presets of an open page by kind."""
    return page.evaluate("Object.fromEntries([...gauge.kinds.values()].map((kind) => [kind.name, kind.entries.map((each) => each.name)]))")


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("count", [60, pytest.param(2_400, marks=pytest.mark.slow)])
def test_random_questions(rules: str, count: int, open_page: Opener) -> None:
    page = open_page(rules)
    random = Random(f"{rules} {count}")  # noqa: S311 - not a secret
    said = agree(page, rules, [asked_at_random(plan_of(rules), presets_of(page), random) for _ in range(count)])
    for least, kind in [
        (0.4, [each for each in said if "total" in each]),
        (0.03, [each for each in said if "refused" in each]),
        (0.05, [each for each in said if any(state.startswith("?") for state in each.get("states", ()))]),
        (0.02, [each for each in said if any(state.endswith("!") for state in each.get("states", ()))]),
    ]:
        assert len(kind) >= least * count, "the questions have become too much alike"


@pytest.mark.parametrize("rules", RULES)
def test_featured_presets(rules: str, open_page: Opener) -> None:
    page = open_page(rules)
    names = presets_of(page)
    plan = plan_of(rules)
    assert names == {kind: list(each.featured) or presets.names(each) for kind, each in plan.document.presets.items()}
    agree(page, rules, [{kind: name} for kind, listed in names.items() for name in listed])


@pytest.mark.slow
@pytest.mark.parametrize("rules", RULES)
def test_every_preset(rules: str, open_page: Opener) -> None:
    page = open_page(page_of(rules, every_preset=True))
    names = presets_of(page)
    assert names == {kind: presets.names(each) for kind, each in plan_of(rules).document.presets.items()}
    random = Random(rules)  # noqa: S311 - not a secret
    alone = [{kind: name} for kind, listed in names.items() for name in listed]
    agree(page, rules, alone + [asked_at_random(plan_of(rules), names, random) | each for each in alone])


def records() -> list[dict[str, Any]]:
    return [record for path in FAMILIES for record in json.loads(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_foreign_files(step: int, open_page: Opener, tmp_path: Path) -> None:
    """A config.json that is dropped onto the page is translated as the engine translates it."""
    page, plan = open_page("rules/transformer.yaml"), plan_of("rules/transformer.yaml")
    questions, wanted = [], []
    file = tmp_path / "config.json"
    for record in records()[::step]:
        text = json.dumps(record["config"])
        file.write_text(text, encoding="utf-8")
        asked = {name: word(value) for name, value in {"sequence_length": 8, **record.get("given", {})}.items()}
        given = presets.read_inputs(plan, None, None, [(name, scalar(each)) for name, each in {**asked, "model": str(file)}.items()])
        wanted.append(engine_finds(plan, given))
        questions.append({"set": asked, "file": {"kind": "model", "name": "config.json", "text": text}})
    for question, engine, answer in zip(questions, wanted, page_says(page, questions), strict=True):
        differing = difference(plan, engine, answer)
        assert not differing, f"the engine and the page differ for {question}: {differing}"


# Rules at random


def asked_of(known: dict[str, evaluate.Given]) -> dict[str, str]:
    return {name: word(each.value) for name, each in known.items()}


def compare(page: Any, plan: Plan, asked: list[dict[str, str]]) -> None:
    answers = page_says_of(page, plan, [{"set": each} for each in asked])
    for question, answer in zip(asked, answers, strict=True):
        differing = difference(plan, engine_says(plan, question), answer)
        assert not differing, f"the engine and the page differ for {question}: {differing}"


@pytest.mark.parametrize("count", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_random_programs(count: int, open_page: Opener) -> None:
    page = open_page("rules/compute_gauge.yaml")
    for seed in range(count):
        random = Random(seed)  # noqa: S311 - the same programs each time
        plan = random_rules.plan(random)
        compare(page, plan, [{}, *(asked_of(random_rules.given(random)) for _ in range(6))])


QUICK = settings(max_examples=30)
LONG = settings(max_examples=500)


def every_x(open_page: Opener, opened: list[Any], folder: Path, text: str) -> None:
    """One program at many values of `x`."""
    if not opened:
        opened.append(open_page("rules/compute_gauge.yaml"))
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    compare(opened[0], Plan(load(str(path))), [{}] + [{"x": x} for x in ("-8", "-1", "0", "1", "2", "3", "7", "30", "1/3", "-5/2")])


@pytest.fixture
def opened() -> list[Any]:
    """The page that all examples of a test share."""
    return []


@QUICK
@given(text=documents("number"))
def test_random_formulas(open_page, opened, tmp_path, text):
    every_x(open_page, opened, tmp_path, text)


@pytest.mark.slow
@LONG
@given(text=documents("integer"))
def test_random_formulas_many_times(open_page, opened, tmp_path, text):
    every_x(open_page, opened, tmp_path, text)
