"""How long a start takes: whole processes, held against what Python itself needs to load what they are made of.

`the first time` keeps nothing (`--no-cache`), `the second time` finds what an earlier run kept. Compiled modules (.pyc) are there for all
of them, in a folder of this benchmark.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness import ROOT, Options, Row, Used, in_turn, process, row

QUESTION = ("cli.py", "eval", "rules/transformer.yaml", "inputs.yaml")
JSON = (*QUESTION, "--format", "json")
OPTIONS = "import argparse"
PARTS = "import argparse, json, fractions, yaml"
TABLES = f"{PARTS}, tabulate"


class Start(NamedTuple):
    """A command, the program it is held against, and how many times of it is asked (0: nothing is)."""

    name: str
    command: tuple[str, ...]
    against: str
    bar: float = 0


STARTS = (
    Start("`--help`", ("cli.py", "--help"), OPTIONS, 2),
    Start("`eval --format json`, the second time", JSON, PARTS, 1.5),
    Start("`eval --format json`, a value not asked before", (*JSON, "--set", "batch_size={number}"), PARTS, 1.5),
    Start("`eval --format json`, a model not asked before", (*JSON, "--model", "{model}"), PARTS),
    Start("`eval`, the second time", QUESTION, TABLES, 1.5),
    Start("`eval --format json`, the first time", (*JSON, "--no-cache"), PARTS),
    Start("`solve --for batch_size`, the second time", ("cli.py", "solve", *QUESTION[2:], "--for", "batch_size"), PARTS),
)
NAMES = tuple(start.name for start in STARTS)


def measure(options: Options) -> Iterator[Row]:
    """Every start, and the programs they are held against, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = os.path.join(folder, "compiled")
        environment["COMPUTE_GAUGE_CACHE"] = os.path.join(folder, "kept")
        numbers = itertools.count(1)
        models = itertools.cycle(sorted(name.partition(".")[0] for name in os.listdir(os.path.join(ROOT, "rules", "models"))))

        def run(command: tuple[str, ...]) -> Callable[[], Used]:
            def once() -> Used:
                number = next(numbers) if "batch_size={number}" in command else 0
                model = next(models) if "{model}" in command else ""
                words = [word.format(number=number, model=model) for word in command]
                return process([sys.executable, *words], environment)

            return once

        works = {start.name: run(start.command) for start in STARTS}
        works |= {start.against: run(("-c", start.against)) for start in STARTS}
        taken = in_turn(works, warm=2)  # the first two write what the others find
    for start in STARTS:
        yield row(start.name, taken[start.name], f"`python -c '{start.against}'`", taken[start.against], bar=start.bar)


if __name__ == "__main__":
    from command import alone

    sys.exit(alone(__file__))
