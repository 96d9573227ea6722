"""What can be asked, and the schema by which an editor completes an inputs file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest  # noqa: TC002 - fixtures are typed

import cli

ROOT = Path(__file__).parent.parent
RULES = str(ROOT / "rules" / "transformer.yaml")
SCHEMA = ROOT / "schemas" / "transformer.inputs.schema.json"


def test_the_shipped_schema_is_what_the_rules_give(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> None:
    assert cli.main(["list", RULES, "--format", "schema"]) == 0
    text = capsys.readouterr().out
    if request.config.getoption("--reset"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == text, "run pytest --reset"


def test_the_starter_inputs_fit_the_schema() -> None:
    import yaml
    from jsonschema import Draft7Validator

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    inputs = yaml.safe_load((ROOT / "inputs.yaml").read_text(encoding="utf-8"))
    assert not list(Draft7Validator(schema).iter_errors(inputs))
    assert list(Draft7Validator(schema).iter_errors({**inputs, "precision": "fp16"}))
    assert list(Draft7Validator(schema).iter_errors({**inputs, "bach_size": 1}))


def test_one_inputs_file_serves_both_rule_sets(capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for rules in ("transformer", "compute_gauge"):
        assert (
            cli.main(
                [
                    "eval",
                    str(ROOT / "rules" / f"{rules}.yaml"),
                    str(ROOT / "inputs.yaml"),
                    "--format",
                    "json",
                    "--set",
                    "mode=training",
                    "--set",
                    "optimizer=qadamw",
                ]
            )
            == 0
        )
        found[rules] = json.loads(capsys.readouterr().out)["values"]
    assert found["transformer"]["weights"] == found["compute_gauge"]["weights"] == 16_060_522_496
