"""How fast a table is evaluated by DuckDB: `python benchmarks/table.py` (needs the extra `sql`).

Rows a second of CPU time, on one core, and what making and planning the query takes once.

A table of `--rows` rows with a model, a device, a number of sequences and their length is read from Parquet, evaluated, and written so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine import document  # noqa: E402 - the checkout beside this file
from engine.sql.duck import Duck  # noqa: E402
from engine.sql.sweep import Asked, Sweep  # noqa: E402
from engine.wanted import extended  # noqa: E402

CASES: list[tuple[str, tuple[str, ...]]] = [
    ("compute_gauge", ()),
    ("transformer", ()),
    ("transformer", ("peak_memory", "headroom", "fits")),
]
RUNS = 3
TABLE = """
    COPY (SELECT
        (ARRAY['llama-3-8b', 'gpt2', 'qwen3-30b-a3b', 'bert-base'])[1 + i * 7 % 4] AS model,
        (ARRAY['h100-sxm', 'rtx-4090', 'a100-sxm-80gb'])[1 + i * 11 % 3] AS device,
        1 + i * 13 % 64 AS batch_size, 1 + i * 17 % 8192 AS sequence_length
    FROM range({rows}) AS numbers(i)) TO '{path}' (FORMAT parquet)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    print(f"{'rules':20} {'columns':>8} {'made once, s':>14} {'rows/s':>12} {'cells/s':>14}")
    with tempfile.TemporaryDirectory() as folder:
        path, out = str(Path(folder) / "fleet.parquet"), str(Path(folder) / "out.parquet")
        duckdb.sql(TABLE.format(rows=rows, path=path))
        for name, only in CASES:
            plan, own = extended(document.load(str(ROOT / "rules" / f"{name}.yaml")), "")
            asked = only or tuple(plan.document.rules)
            engine = Duck()
            engine.connection.execute("SET threads = 1")
            begun = time.process_time()
            made = Sweep(Asked(plan, {}, own, asked, "parquet", table=path), engine)
            engine.fetch(made.query.select().limit(0))
            once = time.process_time() - begun
            took = []
            for _ in range(RUNS):
                begun = time.process_time()
                engine.write(made.query.select(), out, "parquet")
                took.append(time.process_time() - begun)
            rate = rows / min(took)
            print(f"{name + '.yaml':20} {len(asked):>8,} {once:>14.2f} {rate:>12,.0f} {rate * len(asked):>14,.0f}")
            engine.close()


main()
