"""The JSON answers have the shape that `schemas/*.answer.schema.json` promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

import commands as cli

ROOT = Path(__file__).parent.parent
RULES, INPUTS = str(ROOT / "rules" / "transformer.yaml"), str(ROOT / "inputs.yaml")


def wrong(capsys: pytest.CaptureFixture[str], schema: str, *arguments: str) -> list[str]:
    assert cli.main([*arguments, "--format", "json"]) == 0
    shape = json.loads((ROOT / "schemas" / f"{schema}.answer.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(shape)
    return [error.message for error in Draft7Validator(shape).iter_errors(json.loads(capsys.readouterr().out))]


@pytest.mark.parametrize(
    "arguments",
    [[INPUTS], [INPUTS, "--set", "mode=training"], [INPUTS, "--only", "weights,precision"], [INPUTS, "--set", "kv_cache=17/4"]],
)
def test_eval(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert not wrong(capsys, "eval", "eval", RULES, *arguments)


@pytest.mark.parametrize("unknown", ["batch_size", "sequence_length", "precision", "device", "batch_size,sequence_length"])
def test_solve(unknown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not wrong(capsys, "solve", "solve", RULES, INPUTS, "--for", unknown)


def test_the_schema_of_eval_refuses_another_shape() -> None:
    shape = json.loads((ROOT / "schemas" / "eval.answer.schema.json").read_text(encoding="utf-8"))
    assert not Draft7Validator(shape).is_valid({"values": {}})
