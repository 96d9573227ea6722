"""How long a start takes: CPU time of whole processes, as ratios to what Python itself needs, measured in turn in one run.

    python benchmarks/start.py [RUNS]

The commands run one after the other, round by round, so that what else the machine does weighs on all; the ratio of the medians
is what counts. `cold` keeps nothing (`--no-cache`), `warm` finds what an earlier run kept. Compiled modules (.pyc) are there for
all of them, in a folder of this benchmark. Also says whether anything was imported that a warm start does without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUESTION = ["cli.py", "eval", "rules/transformer.yaml", "inputs.yaml"]
BARE = ["-c", "pass"]
OPTIONS = ["-c", "import argparse"]
PARTS = ["-c", "import argparse, json, fractions, yaml"]
SPARED = ("sympy", "numpy", "jsonschema", "tabulate", "yaml")


class Row(NamedTuple):
    """A command and what it is held against; a `bar` of 0 is none."""

    title: str
    command: list[str]
    against: list[str]
    bar: float = 0


ROWS = (
    Row("import argparse, json, fractions, yaml", PARTS, BARE),
    Row("--help", ["cli.py", "--help"], OPTIONS, 2),
    Row("eval --format json, warm", [*QUESTION, "--format", "json"], PARTS, 1.5),
    Row("eval, table, warm", QUESTION, [*PARTS[:1], PARTS[1] + ", tabulate"]),
    Row("solve --for batch_size, warm", ["cli.py", "solve", *QUESTION[2:], "--for", "batch_size"], PARTS),
    Row("eval --format json, cold", [*QUESTION, "--format", "json", "--no-cache"], PARTS),
)


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """CPU seconds of one Python process, user and system."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} exited with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def imported(environment: dict[str, str]) -> list[str]:
    """What the warm question imports and should not."""
    arguments = [*QUESTION[1:], "--format", "json"]
    code = f"import sys, commands; commands.main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return sorted(set(SPARED) & set(found.stderr.split()))


def main() -> int:
    """Measure and print; exit code 1 when over a bar."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = os.path.join(folder, "compiled")
        environment["COMPUTE_GAUGE_CACHE"] = os.path.join(folder, "kept")
        commands = {tuple(each): each for row in ROWS for each in (row.command, row.against)}
        taken: dict[tuple[str, ...], list[float]] = {key: [] for key in commands}
        for number in range(runs + 2):  # the first two write what the others find
            for key, command in commands.items():
                used = seconds(command, environment)
                if number > 1:
                    taken[key].append(used)
        heavy = imported(environment)
    over = False
    print(f"{'CPU of a process':40} {'median':>9}  {'ratio':>5}  {'minima':>6}  {'bar':>4}   to  (of {runs} runs)")
    for row in ROWS:
        mine, other = taken[tuple(row.command)], taken[tuple(row.against)]
        ratio, least = statistics.median(mine) / statistics.median(other), min(mine) / min(other)
        over |= bool(row.bar) and ratio > row.bar
        bar = f"{row.bar:4.1f}" if row.bar else "    "
        print(f"{row.title:40} {statistics.median(mine) * 1000:6.1f} ms  {ratio:5.2f}  {least:6.2f}  {bar}   {row.against[-1]}")
    print(f"imported without need: {', '.join(heavy) or 'none'}")
    return 1 if heavy or over else 0


if __name__ == "__main__":
    sys.exit(main())
