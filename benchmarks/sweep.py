"""How fast sweeps are: `python benchmarks/sweep.py` (needs the extra `sweep`). Ratios within one run, on one core, in CPU time.

Columns of numbers on the article's rules and on the transformer's, each beside a numpy function of the same closed form written by hand
(in the same blocks) and beside what reading the columns and writing the answer takes; then a grid of 10**8 rows (`--rows`) of which few are
kept, with the memory it takes. Each figure is the best of several runs taken in turn.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine import document, presets, source  # noqa: E402 - the checkout beside this file
from engine.errors import Text  # noqa: E402
from engine.plan import Plan  # noqa: E402
from engine.sweep import columns, grid, run, table  # noqa: E402

LENGTH = 10_000_000
RUNS = 5
Columns = dict[str, Any]


def article(at: Columns) -> Any:
    """`total_memory` of the article in training at 16 bits with AdamW, by hand."""
    places = at["batch_size"] * at["sequence_length"]
    inner = 34 * at["hidden_size"] + 5 * at["sequence_length"] * at["attention_heads"]
    return 14 * at["parameters"] + 4 * places * at["layers"] * at["hidden_size"] + 2 * places * inner


def serving(at: Columns) -> Any:
    """`peak_memory` of Llama 3 8B in inference, by hand from `formula … --keep batch_size,sequence_length`."""
    batch, length = at["batch_size"], at["sequence_length"]
    places = batch * length
    prompt = np.maximum(118_792 * places + 520 * length, 8_200 * places + 256_512 * batch)
    return 131_072 * places + np.maximum(prompt, 8 * places + 395_776 * batch) + 16_060_522_752


CASES: list[tuple[str, str, str, Callable[[Columns], Any], dict[str, tuple[int, int]]]] = [
    (
        "compute_gauge.yaml",
        "{mode: training, precision: float16, optimizer: adamw}",
        "total_memory",
        article,
        {"batch_size": (1, 512), "sequence_length": (1, 2**17), "layers": (1, 128), "hidden_size": (64, 2**14), "attention_heads": (1, 128),
         "parameters": (10**6, 10**12)},
    ),
    ("transformer.yaml", "{model: llama-3-8b}", "peak_memory", serving, {"batch_size": (1, 512), "sequence_length": (1, 2**17)}),
]  # fmt: skip


def best(work: Sequence[Callable[[], Any]]) -> list[float]:
    """The least CPU time of each of these, taken in turn."""
    found = [float("inf")] * len(work)
    for _ in range(RUNS):
        for index, each in enumerate(work):
            begun = time.process_time()
            each()
            found[index] = min(found[index], time.process_time() - begun)
    return found


def read(plan: Plan, given: str, more: Any = ()) -> Any:
    """What inputs given as text come to."""
    text = Text("inputs.yaml", given)
    return presets.read_inputs(plan, source.parse(text), text, list(more))


def blocks(apply: Callable[[Columns], Any], at: Columns) -> Any:
    """A function over columns, in blocks."""
    out: Any = np.empty(LENGTH, np.int64)
    for start in range(0, LENGTH, columns.BLOCK):
        here = slice(start, start + columns.BLOCK)
        out[here] = apply({name: column[here] for name, column in at.items()})
    return out


def compare() -> None:
    """Columns: the engine, by hand, and the memory alone."""
    random = np.random.default_rng(1)
    heads = ("engine M/s", "by hand M/s", "engine / hand", "engine / memory", "set up once, ms", "rest / hand")
    print(f"{'rules':20}" + "".join(f" {head:>15}" for head in heads))
    for rules, given, name, hand, bounds in CASES:
        plan = Plan(document.load(str(ROOT / "rules" / rules)))
        known = read(plan, given)
        at = {each: random.integers(low, high, LENGTH) for each, (low, high) in bounds.items()}
        found = columns.compute(plan, known, at, [name])[name]
        assert not found.rounded
        assert (found.values == blocks(hand, at)).all(), f"the function by hand is not {name}"

        def moved(at: Columns) -> Any:
            total = None
            for column in at.values():
                total = column if total is None else np.bitwise_or(total, column)
            return total

        few = {each: column[:2] for each, column in at.items()}
        engine, by_hand, memory, once = best([
            lambda plan=plan, known=known, at=at, name=name: columns.compute(plan, known, at, [name]),  # type: ignore[misc]
            lambda hand=hand, at=at: blocks(hand, at),  # type: ignore[misc]
            lambda at=at: blocks(moved, at),  # type: ignore[misc]
            lambda plan=plan, known=known, few=few, name=name: columns.compute(plan, known, few, [name]),  # type: ignore[misc]
        ])  # fmt: skip
        rest = (engine - once) / by_hand
        cells = (f"{LENGTH / engine / 1e6:.0f}", f"{LENGTH / by_hand / 1e6:.0f}", f"{engine / by_hand:.2f}x", f"{engine / memory:.2f}x")
        print(f"{rules:20}" + "".join(f" {cell:>15}" for cell in (*cells, f"{once * 1e3:.1f}", f"{rest:.2f}x")))


def large(rows: int) -> None:
    """A grid of which few rows are kept."""
    made, own = grid.extended(
        document.load(str(ROOT / "rules" / "transformer.yaml")), "headroom >= 0 and headroom < 1000000 * formats.float32.bytes"
    )
    vary = [f"batch_size=1..{rows // 10_000}", "sequence_length=1..1000", "tensor_parallel=1,2,4,8,16", "attention=sdpa,eager"]
    found = grid.Grid(
        made,
        lambda plan, more: read(plan, "{model: llama-3-8b, device: h100-sxm}", more),
        vary,
        ("peak_memory", "headroom"),
        own_fits=own,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    done = run.run(found, table.table(found, "csv", io.StringIO()), lambda _: True)
    took = time.process_time() - begun
    grew = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    rate = f"{done.seen / took / 1e6:.0f} M rows/s"
    print(f"\ngrid of {done.seen:,} rows, {done.written:,} kept: {rate}, {grew / 1024:.0f} MiB more at the peak")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10**8, metavar="N", help="rows of the grid (default: %(default)s)")
    rows = parser.parse_args().rows
    large(rows)
    compare()


if __name__ == "__main__":
    main()
