"""The measures of benchmarks/: no test is timed, but the table of the README is made of the rows there are, and the arithmetic is right."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import command  # noqa: E402 - the folder of benchmarks, which is no package
import harness  # noqa: E402

USED = [harness.Used(cpu, wall, 5) for cpu, wall in ((2, 3), (9, 10), (4, 5))]
BASE = [harness.Used(cpu, cpu) for cpu in (1, 3, 4)]


def test_the_readme_has_rows_of_every_measure() -> None:
    """Those of which something is asked, in order, as `python benchmarks --readme` writes them."""
    table = command.TABLE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert table
    rows = [line.split("|")[1].strip() for line in table[0].splitlines() if line.startswith("|")][2:]
    names = {name: measure for measure in harness.MEASURES for name in importlib.import_module(measure).NAMES}
    assert [name for name in names if name in rows] == rows
    assert {names[row] for row in rows} == set(harness.MEASURES)


def test_every_measure_is_listed() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "def measure(" in path.read_text(encoding="utf-8")}
    assert files == set(harness.MEASURES)


def test_a_row_is_the_median_of_rounds() -> None:
    """The ratios are 2, 3 and 1, so 2 is in the middle; of the smallest figures it is 2 too."""
    assert harness.row("it", USED, "that", BASE, bar=2) == harness.Row("it", 4, "that", 3, 2, 2, 2, wall=5, peak=5)
    assert harness.row("it", USED, each=2) == harness.Row("it", 2, wall=2.5, peak=5)


@pytest.mark.parametrize(
    ("row", "missed"),
    [
        (harness.Row("it", 1, "that", 1, 1.6, 1.6), False),
        (harness.Row("it", 1, "that", 1, 1.6, 1.6, bar=1.6), False),
        (harness.Row("it", 1, "that", 1, 1.6, 1.6, bar=1.5), True),
        (harness.Row("it", 1, most=0.5), True),
        (harness.Row("it", note="not installed"), False),
        (harness.Row("it", note="stopped", failed=True), True),
    ],
)
def test_what_is_missed(row: harness.Row, missed: bool) -> None:
    assert row.missed is missed
    assert ("**no**" in command.as_table({"start": [row]}, "github")) is (missed and row.ours is not None)
    assert ("**missed**" in command.as_short_table({"start": [row]})) is (missed and row.ours is not None)


def test_rounds_are_taken_in_turn() -> None:
    taken: list[str] = []

    def work(name: str) -> harness.Used:
        taken.append(name)
        return harness.Used(len(taken), 0)

    found = harness.in_turn({"a": lambda: work("a"), "b": lambda: work("b")}, runs=2)
    assert taken == ["b", "a", "a", "b", "b", "a"]
    assert {name: [used.cpu for used in each] for name, each in found.items()} == {"a": [3, 6], "b": [4, 5]}


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1.5, "s", "1.5 s"),
        (0.0123, "s", "12.3 ms"),
        (4.26e-7, "s", "426 ns"),
        (None, "s", ""),
        (150_000, "B", "146 KiB"),
        (12, "B", "12 B"),
    ],
)
def test_figures_for_reading(amount: float | None, unit: str, text: str) -> None:
    assert command.shown(amount, unit) == text


def test_what_is_not_there_is_said() -> None:
    """Without the extras nothing fails; a name that is none is refused."""
    program = (
        "import sys; sys.modules.update(numpy=None, playwright=None)\n"
        "sys.path.insert(0, 'benchmarks'); import command; sys.exit(command.main(['--rows', 'sweep']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["note"] for row in rows} == {"needs `pip install '.[sweep]'`"}
    assert [row["name"] for row in rows] == list(importlib.import_module("sweep").NAMES)
    with pytest.raises(SystemExit):
        command.main(["everything"])
