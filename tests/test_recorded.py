"""Recorded outputs: what a right file answers, and what a file with one mistake is told, word for word.

`NAME.yaml` begins with `# command: …`; `NAME.inputs.yaml` beside it is its inputs file. `pytest --reset` rewrites `NAME.out`:
read what it wrote before keeping it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import run_cli

HERE = Path(__file__).parent
GOOD = sorted(path for path in (HERE / "good").glob("*.yaml") if not path.name.endswith(".inputs.yaml"))
BAD = sorted(path for path in (HERE / "bad").glob("*.yaml") if not path.name.endswith(".inputs.yaml"))


def recorded(path: Path, reset: bool, codes: set[int]) -> None:
    mark, _, command = path.read_text(encoding="utf-8").partition("\n")[0].partition(": ")
    assert mark == "# command"
    first, *rest = command.split()
    inputs = path.with_name(path.stem + ".inputs.yaml")
    done = run_cli([first, path.name, *([inputs.name] if inputs.exists() else []), *rest])
    assert done.code in codes, done
    said = f"exit code {done.code}\n--- stdout\n{done.out}--- stderr\n{done.err}"
    record = path.with_suffix(".out")
    if reset:
        record.write_text(said, encoding="utf-8")
    assert said == record.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path, reset: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    recorded(path, reset, {0, 1})


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path, reset: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    recorded(path, reset, {2})


def test_there_are_enough() -> None:
    assert len(GOOD) >= 15
    assert len(BAD) >= 40
