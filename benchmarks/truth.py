"""How true the rules are: every figure of tests/truth/ against the rules, as the table of the README.

python benchmarks/truth.py
"""

from __future__ import annotations

import os
import sys
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "tests")]

import test_truth  # type: ignore[import-not-found]  # noqa: E402 - it knows how the facts are read

from engine import evaluate  # noqa: E402

FIGURES = {
    "parameters": ["parameters"],
    "kv_cache": ["kv_cache"],
    "saved_activations": ["saved_activations", "saved_activations_per_layer"],
    "training_peak": ["gradients", "optimizer_states", "peak_memory"],
    "prefill": ["prefill_workspace", "decode_workspace"],
}


def errors(kind: str, name: str) -> list[Fraction]:
    """The relative error of each record that has this figure."""
    found = []
    for record in test_truth.records(kind):
        if name in record["expect"]:
            values = test_truth.computed(record)
            evaluate.require(values, [name])
            expected = record["expect"][name]
            found.append(Fraction(abs(values.number(name) - expected)) / max(1, abs(expected)))
    return sorted(found)


def main() -> None:
    """Print the table."""
    print("| figure | records | met to the byte | median error | worst error |")
    print("|---|---:|---:|---:|---:|")
    for kind, names in FIGURES.items():
        for name in names:
            found = errors(kind, name)
            exact = sum(1 for error in found if not error)
            median, worst = (f"{float(error) * 100:.2g} %" if error else "0" for error in (found[len(found) // 2], found[-1]))
            print(f"| `{name}` | {len(found)} | {exact} | {median} | {worst} |")


if __name__ == "__main__":
    main()
