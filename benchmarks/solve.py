"""How fast the inverse is: `python benchmarks/solve.py` (needs the extra `sweep`). CPU time, on one core, the best of several runs.

Answers a second over tables of budgets and sizes, each proved by its neighbour, and one question asked alone in a process that is warm.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.library import Rules, load  # noqa: E402 - the checkout beside this file

ROWS = 1_000_000
RUNS = 5
GIB = 2**30
SERVED: dict[str, Any] = {"model": "llama-3-8b", "device": "h100-sxm"}
TRAINED: dict[str, Any] = {**SERVED, "mode": "training"}
TABLES: list[tuple[str, str, dict[str, Any], str, tuple[str, ...]]] = [
    ("article, budgets", "compute_gauge", {"model": "llama-3-8b", "sequence_length": 8192}, "batch_size", ("device_memory",)),
    ("serving, budgets and lengths", "transformer", {"model": "llama-3-8b"}, "batch_size", ("device_memory", "sequence_length")),
    ("training, budgets and batches", "transformer", {**TRAINED}, "sequence_length", ("device_memory", "batch_size")),
]
COLUMNS = {"device_memory": (16 * GIB, 640 * GIB), "sequence_length": (1, 2**17), "batch_size": (1, 17)}
ALONE: list[tuple[str, str, dict[str, Any], str]] = [
    ("serving, batch", "transformer", {**SERVED, "sequence_length": 8192}, "batch_size"),
    ("serving, length", "transformer", {**SERVED}, "sequence_length"),
    ("training, length", "transformer", {**TRAINED, "gradient_checkpointing": "full"}, "sequence_length"),
    ("batch and length together", "transformer", {**SERVED}, "batch_size,sequence_length"),
]


def best(work: Callable[[], Any]) -> float:
    """The least CPU time of several runs, in seconds."""
    found = []
    for _ in range(RUNS):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def figures() -> dict[str, float]:
    """Answers a second by table, and milliseconds of one answer by question."""
    rules: dict[str, Rules] = {name: load(ROOT / "rules" / f"{name}.yaml") for name in ("compute_gauge", "transformer")}
    random = np.random.default_rng(1)
    found = {}
    for title, name, given, unknown, varied in TABLES:
        columns = {each: random.integers(*COLUMNS[each], ROWS) for each in varied}
        made = rules[name].solve_table(given, unknown, columns)
        assert not made.notes, "all rows are solved in columns"
        took = best(lambda name=name, given=given, unknown=unknown, columns=columns: rules[name].solve_table(given, unknown, columns))  # type: ignore[misc]
        found[f"{title}: answers/s"] = ROWS / took
    for title, name, given, unknown in ALONE:
        ask = lambda name=name, given=given, unknown=unknown: rules[name].solve(given, unknown)  # type: ignore[misc] # noqa: E731
        ask()
        found[f"{title}: ms"] = best(ask) * 1e3
    return found


def main() -> None:
    """Measure and print."""
    for name, value in figures().items():
        print(f"{name:42} {value:14,.0f}" if value > 1000 else f"{name:42} {value:14.2f}")


if __name__ == "__main__":
    main()
