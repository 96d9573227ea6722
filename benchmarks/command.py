"""The command line of the measures.

    python benchmarks [MEASURE ...] [--only A,B] [--large] [--format table|markdown|json] [--check] [--readme]
    python benchmarks/start.py [OPTION ...]

Without a name all are measured, which takes about three minutes; `--large` adds what takes longer. CPU time is user and system together,
`times` how many times of what stands beside it. What is not installed is said and left out. A figure over what is asked is marked, and with
`--check` makes the exit code 1. `--readme` writes what is asked of it into
README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib
import itertools
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from harness import MEASURES, ROOT, Missing, Options, Row

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(ROOT, "README.md")
TABLE = re.compile(r"(?<=<!-- benchmarks -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEADERS = ("what", "CPU time", "wall", "memory", "times", "of", "asked", "met")
SHORT = ("what", "takes", "times", "of", "asked")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code is 1 when something asked is not met, with `--check`."""
    parser = argparse.ArgumentParser(prog="python benchmarks", description="how fast it is, as ratios within one run")
    parser.add_argument("names", nargs="*", metavar="MEASURE", help=f"which (default: all): {', '.join(MEASURES)}")
    parser.add_argument("--only", metavar="A,B", default="", help="the same")
    parser.add_argument("--large", action="store_true", help="what takes minutes, too")
    parser.add_argument("--format", choices=("table", "markdown", "json"), default="table", help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a figure is over what is asked")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--peers", metavar="PYTHON", default="", help="one that has `formulas`, `pycel` and `openpyxl` (default: this one)")
    parser.add_argument("--hyperformula", metavar="FOLDER", default=ROOT, help="has node_modules/hyperformula (default: the checkout)")
    parser.add_argument("--rows", metavar="MEASURE", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    options = Options(given.large, given.peers, given.hyperformula)
    if given.rows:
        for row in rows_of(given.rows, options):
            print(json.dumps(row._asdict()), flush=True)
        return 0
    names = [*given.names, *filter(None, given.only.split(","))] or list(MEASURES)
    if unknown := [name for name in names if name not in MEASURES]:
        parser.error(f"there is no measure {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    found = {name: list(measured(name, options)) for name in names}
    missed = [f"{name}: {row.name}" for name, rows in found.items() for row in rows if row.missed]
    if given.format == "json":
        print(as_json(found, missed))
    else:
        print(as_table(found, "github" if given.format == "markdown" else "simple"))
        print(f"\n{machine()}.{' Not met: ' + '; '.join(missed) + '.' if missed else ''}")
    if given.readme:
        write(as_short_table(found))
    return 1 if given.check and missed else 0


def alone(file: str) -> int:
    """Measure what is in this file alone."""
    return main([os.path.splitext(os.path.basename(file))[0], *sys.argv[1:]])


def rows_of(name: str, options: Options) -> Iterator[Row]:
    """The rows of a measure; those it has no figures for say what is missing."""
    module = importlib.import_module(name)
    left = list(module.NAMES)
    try:
        for row in module.measure(options):
            with contextlib.suppress(ValueError):  # one that only `--large` has
                left.remove(row.name)
            yield row
    except Missing as missing:
        for each in left:
            yield Row(each, note=str(missing))


def measured(name: str, options: Options) -> Iterator[Row]:
    """The same from a process of its own; where that stops, a row says so."""
    given = ["--rows", name, "--peers", options.peers, "--hyperformula", options.hyperformula, *(["--large"] if options.large else [])]
    if sys.stderr.isatty():
        print(f"{name} …", file=sys.stderr)
    with subprocess.Popen([sys.executable, HERE, *given], stdout=subprocess.PIPE, text=True, encoding="utf-8") as running:
        for line in running.stdout or ():
            yield Row(**json.loads(line))
    if running.returncode:
        yield Row(f"{name} stopped", note=f"exit code {running.returncode}", failed=True)


def as_json(found: Mapping[str, Sequence[Row]], missed: Sequence[str]) -> str:
    """Everything, as numbers in seconds and bytes."""
    measures = {name: [{**row._asdict(), "missed": row.missed} for row in rows] for name, rows in found.items()}
    return json.dumps({"machine": machine(), "missed": missed, "measures": measures}, indent=1)


def as_table(found: Mapping[str, Sequence[Row]], form: str) -> str:
    """A line for each row, the figures for reading."""
    from tabulate import tabulate

    lines = []
    for row in itertools.chain(*found.values()):
        times, of, asked = beside(row)
        cpu, size = (shown(row.ours, "s"), shown(row.peak, "B")) if row.unit == "s" else ("", shown(row.ours, "B"))
        met = ("**no**" if row.missed else "yes") if asked and row.ours is not None else ""
        lines.append((row.name, cpu, shown(row.wall, "s"), size, times, of, asked, met))
    sides = ("left", "right", "right", "right", "right", "left", "left", "left")
    return tabulate(lines, HEADERS, tablefmt=form, colalign=sides, disable_numparse=True)


def as_short_table(found: Mapping[str, Sequence[Row]]) -> str:
    """In Markdown, the rows of which something is asked."""
    from tabulate import tabulate

    lines = []
    for row in itertools.chain(*found.values()):
        times, of, asked = beside(row)
        if asked and row.ours is not None:
            lines.append((row.name, shown(row.ours, row.unit), times, of, f"{asked}: **missed**" if row.missed else asked))
    return tabulate(lines, SHORT, tablefmt="github", colalign=("left", "right", "right", "left", "left"), disable_numparse=True)


def beside(row: Row) -> tuple[str, str, str]:
    """How many times it takes, of what, and what is asked."""
    times = "" if row.ratio is None else f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.1g}"
    of = f"{row.against}, {shown(row.base, row.unit)}" if row.against else ""
    asked = [f"≤ {row.bar:g} times"] * bool(row.bar) + [f"≤ {shown(row.most, row.unit)}"] * bool(row.most)
    return times, "; ".join(filter(None, (of, row.note))), ", ".join(asked)


def shown(amount: float | None, unit: str) -> str:
    """A time or a size for reading."""
    if amount is None:
        return ""
    scales = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")), "B": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))}
    scale, word = next((each for each in scales[unit] if amount >= each[0]), scales[unit][-1])
    return f"{amount / scale:.3g} {word}"


def machine() -> str:
    """What it was measured on, and when."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    today = dt.datetime.now(dt.UTC).date()
    return f"{today}, Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores of {model}"


def write(table: str) -> None:
    """Put a table into README.md, between its marks."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(TABLE.sub(lambda _: f"{table}\n\n{machine()}.\n", text))
