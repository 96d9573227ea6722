"""The rules against what was measured (tests/truth/README.md says how)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import document, evaluate, presets
from engine.errors import Place, Text
from engine.plan import Plan
from engine.source import Scalar

ROOT = Path(__file__).parent.parent
TRUTH = Path(__file__).parent / "truth"
WITHIN = {"peak_memory": 0.03, "prefill_workspace": 0.02, "decode_workspace": 0.02}
"""Relative room of the figures that are not met to the byte."""


@cache
def plan() -> Plan:
    return Plan(document.load(str(ROOT / "rules" / "transformer.yaml")))


def records(kind: str) -> Iterator[dict[str, Any]]:
    for line in (TRUTH / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def scalar(text: str) -> Scalar:
    return Scalar(text, True, Place(Text("test", text), 1, 1, len(text)))


def computed(record: dict[str, Any]) -> evaluate.Values:
    given = {"sequence_length": 8, "model": TRUTH / "configs" / record["config"], **record["given"]}
    return evaluate.evaluate(plan(), presets.read_inputs(plan(), None, None, [(name, scalar(str(value))) for name, value in given.items()]))


@pytest.mark.parametrize("kind", ["parameters", "kv_cache", "saved_activations", "training_peak", "prefill"])
def test_every_record_is_met(kind: str) -> None:
    misses = []
    for record in records(kind):
        values = computed(record)
        for name in record["expect"].keys() - {"parameter_groups"}:
            expected = record["expect"][name]
            evaluate.require(values, [name])
            found = values.number(name)
            if abs(found - expected) > WITHIN.get(name, 0) * expected:
                misses.append(f"{record['id']}: {name} is {expected:,}, and the rules give {found:,}")
    assert not misses


GROUPS = {
    "embeddings": "embedding_parameters",
    "attention": "attention_parameters",
    "norms": "norm_parameters",
    "mlp": "mlp_parameters",
    "lm_head": "lm_head_parameters",
    "pooler": "pooler_parameters",
}


def test_groups_of_parameters_are_met() -> None:
    checked = 0
    for record in records("parameters"):
        values = computed(record)
        for group, expected in record["expect"].get("parameter_groups", {}).items():
            assert values.number(GROUPS[group]) == expected, (record["id"], group)
            checked += 1
    assert checked > 100
