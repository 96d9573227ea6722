"""The parameters of small models of every family, against transformers' own classes on PyTorch's meta device.

A record of `families/*.json` has a config.json, what is given beside it, and what the model class built from it has: the parameters
of each group and the number of tensors they are kept in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_truth import plan, scalar

from engine import evaluate, presets

FILES = sorted((Path(__file__).parent / "families").glob("*.json"))


def found(record: dict[str, Any], file: Path) -> dict[str, Any]:
    """What the rules say about everything a record expects."""
    wanted = list(record["expect"])
    file.write_text(json.dumps(record["config"]), encoding="utf-8")
    given = {"sequence_length": 8, "model": file, **record.get("given", {})}
    read = presets.read_inputs(plan(), None, None, [(name, scalar(word(value))) for name, value in given.items()])
    values = evaluate.evaluate(plan(), read, wanted)
    evaluate.require(values, wanted)
    return {name: values[name] if values.has(name) else 0 for name in wanted}


def word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_family_is_counted_as_its_classes_count(path: Path, tmp_path: Path) -> None:
    misses = []
    for record in json.loads(path.read_text(encoding="utf-8")):
        values = found(record, tmp_path / "config.json")
        for name, expected in record["expect"].items():
            if values[name] != expected:
                misses.append(f"{record['config']} {record.get('given', '')}: {name} is {expected:,}, and the rules give {values[name]:,}")
    assert not misses, "\n".join(misses)
