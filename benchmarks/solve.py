"""How many answers a second `solve` gives over tables on one core, and how long one takes alone in a warm process.

A table is held against computing the target once for each of its rows, in columns too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from harness import ROOT, Missing, Options, Row, block, in_turn, row

ROWS = 1_000_000
GIB = 2**30
BOUNDS = {"device_memory": (16 * GIB, 640 * GIB), "sequence_length": (1, 2**17), "batch_size": (1, 17)}
SERVED: dict[str, Any] = {"model": "llama-3-8b"}
TRAINED: dict[str, Any] = {**SERVED, "mode": "training"}
MEMORY, LENGTH, BATCH = BOUNDS
ARTICLE, TRANSFORMER = "compute_gauge", "transformer"
TABLES: list[tuple[str, str, dict[str, Any], str, list[str]]] = [
    (f"{ROWS:,} budgets solved by `compute_gauge.yaml`", ARTICLE, {**SERVED, LENGTH: 8192}, BATCH, [MEMORY]),
    (f"{ROWS:,} budgets and lengths solved by `transformer.yaml`", TRANSFORMER, SERVED, BATCH, [MEMORY, LENGTH]),
    (f"{ROWS:,} budgets and batches solved by `transformer.yaml`, training", TRANSFORMER, TRAINED, LENGTH, [MEMORY, BATCH]),
]
ALONE: list[tuple[str, dict[str, Any], str, float]] = [
    ("`solve` of one by `transformer.yaml`", {**SERVED, "device": "h100-sxm", "sequence_length": 8192}, "batch_size", 5e-3),
    ("`solve` of one by `transformer.yaml`, training", {**TRAINED, "device": "h100-sxm", "lora_rank": 16}, "sequence_length", 5e-3),
    ("`solve` of two by `transformer.yaml`", {**SERVED, "device": "h100-sxm"}, "batch_size,sequence_length", 0),
]
NAMES = (*(table[0] for table in TABLES), *(each[0] for each in ALONE))


def table(name: str, rules: Any, given: dict[str, Any], unknown: str, varied: list[str]) -> Row:
    """A table of random rows."""
    import numpy as np

    from engine.sweep import columns

    random = np.random.default_rng(1)
    at = {each: random.integers(*BOUNDS[each], ROWS) for each in varied}
    found = rules.solve_table(given, unknown, at)
    assert not found.notes, "every row is solved in columns"
    asked = {**{each: column for each, column in at.items() if each != "device_memory"}, unknown: np.maximum(found.value, 1)}
    works = {
        "ours": lambda: block(lambda: rules.solve_table(given, unknown, at)),
        "target": lambda: block(lambda: columns.compute(rules.plan, rules.given(given).given, asked, [rules.total])),
    }
    taken = in_turn(works, runs=7)
    return row(name, taken["ours"], "the target of each row", taken["target"], most=ROWS / 1e6)


def measure(options: Options) -> Iterator[Row]:
    """Tables, then single questions."""
    try:
        import numpy  # noqa: F401, ICN001 - whether it is there
    except ImportError:
        raise Missing("needs `pip install '.[sweep]'`") from None
    sys.path.insert(0, ROOT)
    from engine.library import load

    rules = {name: load(f"{ROOT}/rules/{name}.yaml") for name in ("compute_gauge", "transformer")}
    for name, of, given, unknown, varied in TABLES:
        yield table(name, rules[of], given, unknown, varied)
    works = {
        name: lambda given=given, unknown=unknown: block(lambda: rules["transformer"].solve(given, unknown))
        for name, given, unknown, _ in ALONE
    }
    taken = in_turn(works)
    for name, _, _, most in ALONE:
        yield row(name, taken[name], most=most)


if __name__ == "__main__":
    from command import alone

    sys.exit(alone(__file__))
