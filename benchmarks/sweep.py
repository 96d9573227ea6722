"""How fast sweeps are, on one core.

Columns of numbers on the article's rules and on the transformer's, each beside a numpy function of the same form written by hand (in the
same blocks) and beside what reading the columns and writing a result takes; and the memory a grid takes of which few rows are kept, held
against a hundredth of the grid.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from by_hand import ARTICLE, SERVING, Case
from harness import ROOT, Missing, Options, Row, block, in_turn, process, row

LENGTH = 10_000_000
RUNS = 11
ROWS = 10**8
NAMES = (
    f"{LENGTH:,} rows by `compute_gauge.yaml`",
    f"{LENGTH:,} rows by `compute_gauge.yaml`, the memory's part",
    f"{LENGTH:,} rows by `transformer.yaml`",
    "two rows by `transformer.yaml`: bounds proved, a program made",
    f"`sweep` of {ROWS:,} rows, few kept",
    f"`sweep` of {ROWS:,} rows, memory at the peak",
)
Columns = dict[str, Any]


def read(plan: Any, given: dict[str, str], more: Any = ()) -> Any:
    """What inputs come to."""
    from engine import presets, source
    from engine.errors import Text

    text = Text("inputs.yaml", json.dumps(given))
    return presets.read_inputs(plan, source.parse(text), text, list(more))


def blocks(apply: Callable[..., Any], at: Columns, **named: Any) -> Any:
    """A function over columns, in blocks."""
    import numpy as np

    from engine.sweep import columns

    out: Any = np.empty(LENGTH, np.int64)
    for start in range(0, LENGTH, columns.BLOCK):
        here = slice(start, start + columns.BLOCK)
        out[here] = apply(**{name: column[here] for name, column in at.items()}, **named)
    return out


def moved(**at: Any) -> Any:
    """What reads every column and writes a result, and computes next to nothing."""
    total = None
    for column in at.values():
        total = column if total is None else total | column
    return total


def compare(case: Case) -> dict[str, Any]:
    """The engine, by hand, the memory alone, and the engine on two rows."""
    import numpy as np

    from engine import document
    from engine.plan import Plan
    from engine.sweep import columns

    random = np.random.default_rng(1)
    plan = Plan(document.load(f"{ROOT}/{case.rules}"))
    known = read(plan, case.given)
    at = {each: random.integers(low, high, LENGTH) for each, (low, high) in case.bounds.items()}
    found = columns.compute(plan, known, at, [case.name])[case.name]
    assert not found.rounded
    assert (found.values == blocks(case.by_hand, at, largest=np.maximum)).all(), f"the function by hand is not {case.name}"
    few = {each: column[:2] for each, column in at.items()}
    works = {
        "ours": lambda: block(lambda: columns.compute(plan, known, at, [case.name])),
        "by hand": lambda: block(lambda: blocks(case.by_hand, at, largest=np.maximum)),
        "memory": lambda: block(lambda: blocks(moved, at)),
        "set up": lambda: block(lambda: columns.compute(plan, known, few, [case.name])),
    }
    return in_turn(works, runs=RUNS, warm=0)


def grid_of(rows: int) -> int:
    """A grid of so many rows of which few are kept; how many those are."""
    from engine import document, wanted
    from engine.sweep import grid, run, table

    path = f"{ROOT}/rules/transformer.yaml"
    made, own = wanted.extended(document.load(path), "headroom >= 0 and headroom < 1000000 * formats.float32.bytes")
    vary = [f"batch_size=1..{rows // 10_000}", "sequence_length=1..1000", "tensor_parallel=1,2,4,8,16", "attention=sdpa,eager"]
    given = {**SERVING.given, "device": "h100-sxm"}
    found = grid.Grid(made, lambda plan, more: read(plan, given, more), vary, ("peak_memory", "headroom"), own_fits=own)
    return run.run(found, table.table(found, "csv", io.StringIO()), lambda _: True).written


def measure(options: Options) -> Iterator[Row]:
    """Columns, then grids in processes of their own."""
    try:
        import numpy  # noqa: F401, ICN001 - whether it is there
    except ImportError:
        raise Missing("needs `pip install '.[sweep]'`") from None
    sys.path.insert(0, ROOT)
    rows = ROWS * (10 if options.large else 1)
    code = f"import sys; sys.path[:0] = [{ROOT!r} + '/benchmarks', {ROOT!r}]; import sweep; sweep.grid_of(int(sys.argv[1]))"
    few, many = (process([sys.executable, "-c", code, str(count)]) for count in (rows // 100, rows))  # first: this process is small yet
    taken = compare(ARTICLE)
    hand = "numpy by hand"
    yield row(NAMES[0], taken["ours"], hand, taken["by hand"], bar=1.5)
    yield row(NAMES[1], taken["ours"], "reading and writing", taken["memory"], bar=3)
    taken = compare(SERVING)
    yield row(NAMES[2], taken["ours"], hand, taken["by hand"], bar=1.5)
    yield row(NAMES[3], taken["set up"])
    yield row(NAMES[4], [many], note=f"{rows / many.cpu / 1e6:.0f} million rows a second")
    ratio = many.peak / few.peak
    yield Row(NAMES[5], float(many.peak), f"{rows // 100:,} rows", float(few.peak), ratio, ratio, bar=1.2, unit="B")


if __name__ == "__main__":
    from command import alone

    sys.exit(alone(__file__))
