"""What can be asked, and the schema by which an editor completes an inputs file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import commands as cli
from conftest import Run

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


GROUPED = """\
group: {name: run, title: The run}
include: [box.yaml]
inputs:
  n: {type: integer, default: 1}
  room: {type: integer, default: 9, group: box}
rules: {total: "room + n + %s"}
presets: {box: {title: The box, from: boxes.yaml}}
"""
BOXES = "presets: {small: {values: {a0: 5}}}\n"


def grouped(write: Callable[..., str], inputs: int) -> str:
    """Rules with a group that is named after a preset kind."""
    listed = "".join(f"  a{index}: {{type: integer, default: {index}}}\n" for index in range(inputs))
    total = " + ".join(f"a{index}" for index in range(inputs))
    return write(GROUPED % total, **{"box.yaml": f"group: box\ninputs:\n{listed}", "boxes.yaml": BOXES})


def test_inputs_are_listed_by_group(write: Callable[..., str], run: Run) -> None:
    path = grouped(write, 2)
    shown = run("list", path).out
    heads = [block for block in shown.split("\n\n") if "\n" not in block.strip()]
    assert heads == ["The box", "The run", "box: one of 1 names (`list RULES box`)\n"]
    assert shown.index("room") < shown.index("The run") < shown.index("\nn  ")
    assert [row.split(",")[-1] for row in run("list", path, "--format", "csv").out.splitlines()[:5]] == [
        "group",
        "box",
        "box",
        "box",
        "run",
    ]
    assert run("list", path, "--format", "markdown").out.count("| box") == 3
    told = json.loads(run("list", path, "--format", "json").out)["inputs"]
    assert {name: about["group"] for name, about in told.items()} == {"a0": "box", "a1": "box", "n": "run", "room": "box"}


def test_a_file_written_over_keeps_the_group(write: Callable[..., str], run: Run) -> None:
    inner = "group: {name: core, title: Core}\ninputs: {a: {type: integer}, b: {type: integer}}\n"
    outer = "include: [i.yaml]\noverride: true\ninputs: {a: {default: 3}, b: {group: edge}, c: {type: integer}}\n"
    told = json.loads(run("list", write(outer, **{"i.yaml": inner}), "--format", "json").out)["inputs"]
    assert {name: about["group"] for name, about in told.items()} == {"a": "core", "b": "edge", "c": ""}
    heads = run("list", write(outer, **{"i.yaml": inner})).out
    assert "Core\n\n" in heads
    assert "Edge\n\n" in heads
    assert "Other inputs\n\n" in heads


ASSUMED = [
    # how many inputs of the box, options, what is said of those assumed, and what is not
    (2, [], "Assumed: a0 0, a1 1, room 9, n 1", "Assumed of"),
    (11, [], "room 9", "Assumed of"),
    (20, [], "  and 9 more at their defaults; `explain`", "a12 12"),
    (20, ["--box=small"], "Assumed of the box: 20 values at their defaults; `explain`", "a1 1"),
    (20, ["--box=small"], "Assumed: n 1\n", "room 9"),
    (2, ["--box=small"], "Assumed: ", "Assumed of"),
    (20, ["--box=small", "--set=n=3", "--quiet"], "total", "Assumed"),
]


@pytest.mark.parametrize(("inputs", "options", "said", "not_said"), ASSUMED)
def test_what_is_assumed_of_a_preset_is_told_in_short(
    write: Callable[..., str], run: Run, inputs: int, options: list[str], said: str, not_said: str
) -> None:
    path = grouped(write, inputs)
    shown = run("eval", path, *options).out
    assert said in shown
    assert not_said not in shown
    told = json.loads(run("eval", path, *options, "--format", "json").out)["inputs"]
    assert len(told) == inputs + 2


@pytest.mark.parametrize("group", ["Run", "[run]", "{title: Run}", "{name: run, doc: x}", "3"])
def test_wrong_groups(write: Callable[..., str], run: Run, group: str) -> None:
    done = run("eval", write(f"group: {group}\nrules: {{a: 1}}\n"))
    assert done.code == 2
    assert ":1:" in done.err
