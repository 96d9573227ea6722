"""The page's levers save what the engine says they save, and its smallest set is the engine's."""

from __future__ import annotations

import argparse
import json
from random import Random
from typing import Any

import pytest
from page_answers import asked_at_random, shown
from test_page_values import RULES, plan_of, presets_of

import runs
from conftest import Opener
from engine import advise, presets
from engine.errors import GaugeError
from engine.plan import Plan

ADVICE = """
(text) => {
  const { names } = gauge.content;
  const shown = (value) => (Array.isArray(value) ? `[${value.map(shown)}]` : typeof value === "string" ? `'${value}'` : String(value));
  const settings = (of) => Object.fromEntries([...of].map(([id, value]) => [names[id], shown(value)]));
  const chosen = (of) => of && {
    levers: of.levers.map(([lever, set]) => [lever.name, settings(set)]), total: shown(of.tried.total), smallest: Boolean(of.smallest),
  };
  const said = (set) => {
    const asked = { set, files: {} };
    const found = gauge.given(asked).problems.length ? null : gauge.advise(asked);
    if (!found) return null;
    const { before, offers, remedy, lowest } = found;
    return {
      before: [shown(before.total), before.fits ?? null, before.certain ?? null],
      offers: offers.map(({ lever, shown: best }) => (
        [lever.name, settings(best.settings), shown(best.total), shown(best.saved), best.fits ?? null]
      )),
      remedy: chosen(remedy) ?? null,
      lowest: chosen(lowest) ?? null,
    };
  };
  return JSON.stringify(JSON.parse(text).map(said));
}
"""


def settings(of: dict[str, Any]) -> dict[str, str]:
    return {name: shown(value) for name, value in of.items()}


def chosen(of: advise.Chosen | None) -> dict[str, Any] | None:
    if of is None:
        return None
    return {"levers": [[lever.name, settings(step)] for lever, step in of.levers], "total": shown(of.tried.total), "smallest": of.smallest}


def engine_says(plan: Plan, asked: dict[str, str]) -> dict[str, Any] | None:
    """What `advise` says; None where it refuses."""
    options = argparse.Namespace(kinds=[], settings=[f"{name}={text}" for name, text in asked.items()])
    try:
        found = advise.advise(plan, presets.read_inputs(plan, None, None, runs._settings(plan, options)))
    except GaugeError:
        return None
    return {
        "before": [shown(found.before.total), found.before.fits, found.before.certain],
        "offers": [
            [each.lever.name, settings(each.shown.settings), shown(each.shown.total), shown(each.shown.saved), each.shown.fits]
            for each in found.offers
        ],
        "remedy": chosen(found.remedy),
        "lowest": chosen(found.lowest),
    }


def agree(page: Any, rules: str, questions: list[dict[str, str]]) -> list[dict[str, Any] | None]:
    plan = plan_of(rules)
    said = json.loads(page.evaluate(ADVICE, json.dumps(questions)))
    for question, answer in zip(questions, said, strict=True):
        assert answer == engine_says(plan, question), f"the engine and the page advise differently for {question}"
    return said


HANDS = [
    {"model": "llama-3-8b", "device": "rtx-4090", "mode": "training", "batch_size": "8", "sequence_length": "8Ki"},
    {"model": "llama-3-8b", "device": "rtx-4090", "batch_size": "8", "sequence_length": "8Ki"},
    {"model": "llama-3-8b", "device": "h100-sxm", "mode": "training", "batch_size": "4", "sequence_length": "4Ki", "precision": "float32"},
    {"model": "gpt2", "device": "h100-sxm", "sequence_length": "1024"},
    {"model": "deepseek-v3", "device": "rtx-4090", "mode": "training", "batch_size": "64", "sequence_length": "32Ki"},
    {"model": "bert-base", "device": "rtx-4090", "mode": "training", "batch_size": "2048", "sequence_length": "512", "optimizer": "adamw"},
    {"model": "mixtral-8x7b", "device": "h100-sxm", "serving": "vllm", "batch_size": "16", "sequence_length": "32Ki"},
]


def test_by_hand(open_page: Opener) -> None:
    said = agree(open_page("rules/transformer.yaml"), "rules/transformer.yaml", HANDS)
    assert any(each and each["remedy"] and len(each["remedy"]["levers"]) > 1 for each in said)
    assert any(each and each["before"][1] for each in said)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("count", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_random(rules: str, count: int, open_page: Opener) -> None:
    page = open_page(rules)
    random = Random(f"advise {rules} {count}")  # noqa: S311 - not a secret
    known = presets_of(page)
    devices = known.get("device", [])
    asked = []
    for _ in range(count):
        question = asked_at_random(plan_of(rules), known, random)
        if devices and random.random() < 0.7:
            question["device"] = random.choice(devices)
        asked.append(question)
    agree(page, rules, asked)
