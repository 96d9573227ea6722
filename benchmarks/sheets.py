"""Big sheets: how the time to load and to evaluate grows with the rules, and how others do on the same sheet.

    python benchmarks/sheets.py [--large] [--peers PYTHON] [--hyperformula FOLDER]

A sheet of N rules has a depth of 100: each rule takes three names of the level before, with + - * / min max ceil. All times are CPU time of
one process a program, user and system; garbage collection is as Python has it. `--large` adds 100,000 rules. `--peers` is a Python with
`formulas`, `pycel` and `openpyxl` installed, `--hyperformula` a folder with `node_modules/hyperformula`; what is not there is left out, and
what takes longer than `LONGEST` seconds has no figure. Every program must come to the same last value.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DEPTH = 100
INPUTS = 50
LONGEST = 120
SIZES = (100, 1_000, 10_000)
LARGE = 100_000
RUNS = 15
FORMULAS = (
    # ours, a spreadsheet's
    ("{0} + {1} - {2}", "{0}+{1}-{2}"),
    ("ceil(({0} + {1} + {2}) / 4)", "CEILING(({0}+{1}+{2})/4,1)"),
    ("min({0}, {1}) * 2 - {2}", "MIN({0},{1})*2-{2}"),
    ("max({0}, {1}) - ceil({2} / 2)", "MAX({0},{1})-CEILING({2}/2,1)"),
    ("ceil({0} * 3 / 8) + min({1}, {2})", "CEILING({0}*3/8,1)+MIN({1},{2})"),
)


class Sheet(NamedTuple):
    """Values of the inputs, and for each rule its formula and the three it takes: an input below 0 (-1 the first), else a rule."""

    inputs: list[int]
    rules: list[tuple[int, int, int, int]]

    @property
    def moved(self) -> int:
        """The input that is changed: the first that the first rule takes."""
        return -1 - self.rules[0][1]


def sheet(count: int, seed: int = 1) -> Sheet:
    """A sheet of `count` rules."""
    random = Random(seed)  # noqa: S311 - the same sheet for the same seed
    wide = max(1, count // DEPTH)
    before, level = [-1 - place for place in range(INPUTS)], list[int]()
    rules = []
    for place in range(count):
        rules.append((random.randrange(len(FORMULAS)), *(random.choice(before) for _ in range(3))))
        level.append(place)
        if len(level) == wide:
            before, level = level, []
    return Sheet([random.randint(1, 1000) for _ in range(INPUTS)], rules)  # type: ignore[arg-type]


def as_rules(made: Sheet) -> str:
    """The sheet as a rules file."""
    lines = ["title: A sheet", "inputs:"]
    lines += [f"  x{place}: {{type: integer, min: 0, max: 1000, default: {value}}}" for place, value in enumerate(made.inputs)]
    lines.append("rules:")
    for place, (kind, *taken) in enumerate(made.rules):
        lines.append(f"  r{place}: {FORMULAS[kind][0].format(*(f'r{at}' if at >= 0 else f'x{-1 - at}' for at in taken))}")
    return "\n".join(lines) + "\n"


def as_cells(made: Sheet) -> list[list[int | str]]:
    """The sheet as rows of a spreadsheet: inputs in column A, rules in column B."""
    rows: list[list[int | str]] = []
    for place, (kind, *taken) in enumerate(made.rules):
        names = [f"B{at + 1}" if at >= 0 else f"A{-at}" for at in taken]
        rows.append([made.inputs[place] if place < len(made.inputs) else "", "=" + FORMULAS[kind][1].format(*names)])
    return rows


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it gave."""
    begun = time.process_time()
    made = work()
    return time.process_time() - begun, made


def ours(path: str, column: int) -> dict[str, Any]:
    """This engine, in this process; the input at `column` is the one that is changed."""
    sys.path.insert(0, str(ROOT))
    from engine.library import load

    loading, rules = cpu(lambda: load(path, large=True))
    first, values = cpu(rules.evaluate)
    last = rules.names[-1]
    again = statistics.median(cpu(rules.evaluate)[0] for _ in range(5))
    preparing, every = cpu(lambda: rules.prepare({}, list(rules.inputs), list(rules.names)))
    given = {name: item.default for name, item in rules.inputs.items()}
    asked = [cpu(lambda: every(**given)) for _ in range(RUNS)]
    assert asked[0][1] == tuple(values[name] for name in rules.names)
    moved = f"x{column}"
    one, question = cpu(lambda: rules.prepare({}, [moved], last))
    changed = [cpu(lambda at=at: question(**{moved: at})) for at in range(RUNS)]  # type: ignore[misc]
    return {
        "load": loading,
        "first": first,
        "again": again,
        "prepare": preparing,
        "ask": statistics.median(took for took, _ in asked),
        "prepare one": one,
        "change": statistics.median(took for took, _ in changed),
        "value": values[last],
        "changed": changed[-1][1],
    }


def with_pycel(path: str, rows: int, moved: int) -> dict[str, Any]:
    """`pycel`: compiles a cell when it is first asked for."""
    from pycel import ExcelCompiler  # type: ignore[import-not-found]

    cells = [f"Sheet!B{row}" for row in range(1, rows + 1)]
    loading, book = cpu(lambda: ExcelCompiler(filename=path))
    first, values = cpu(lambda: [book.evaluate(cell) for cell in cells])

    def change() -> Any:
        book.set_value(f"Sheet!A{moved + 1}", RUNS - 1)
        return book.evaluate(cells[-1])

    changing, changed = cpu(change)
    return {"load": loading, "first": first, "change": changing, "value": values[-1], "changed": changed}


def with_formulas(path: str, rows: int, moved: int) -> dict[str, Any]:
    """`formulas`: computes a whole workbook."""
    import formulas  # type: ignore[import-not-found]

    name = f"'[{os.path.basename(path)}]SHEET'!"
    loading, book = cpu(lambda: formulas.ExcelModel().loads(path).finish())
    first, found = cpu(book.calculate)

    def last(of: Any) -> float:
        return float(of[f"{name}B{rows}"].value[0, 0])

    changing, changed = cpu(lambda: book.calculate(inputs={f"{name}A{moved + 1}": RUNS - 1}))
    return {"load": loading, "first": first, "change": changing, "value": last(found), "changed": last(changed)}


HYPERFORMULA = """
const fs = require('fs');
const { HyperFormula } = require('hyperformula');
const rows = JSON.parse(fs.readFileSync(process.argv[2]));
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; };
let begun = cpu();
const book = HyperFormula.buildFromArray(rows, { licenseKey: 'gpl-v3', maxRows: 200000 });
const load = cpu() - begun;
const at = { sheet: 0, col: 1, row: rows.length - 1 };
const value = book.getCellValue(at);
begun = cpu();
book.setCellContents({ sheet: 0, col: 0, row: Number(process.argv[4]) }, [[Number(process.argv[3])]]);
const changed = book.getCellValue(at);
console.log(JSON.stringify({ load, first: 0, change: cpu() - begun, value, changed }));
"""


def answer_of(command: list[str], folder: str) -> dict[str, Any] | str:
    """What a program printed, or why it has no figures."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return f"over {LONGEST} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:60]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def peers(made: Sheet, folder: str, python: str, node: str) -> dict[str, dict[str, Any] | str]:
    """The figures of the others, by name."""
    rows = as_cells(made)
    found: dict[str, dict[str, Any] | str] = {}
    if node and shutil.which("node"):
        cells = Path(folder, "rows.json")
        cells.write_text(json.dumps(rows), encoding="utf-8")
        program = Path(node, "compute_gauge_sheet.cjs")
        program.write_text(HYPERFORMULA, encoding="utf-8")
        found["HyperFormula"] = answer_of(["node", str(program), str(cells), str(RUNS - 1), str(made.moved)], node)
        program.unlink()
    if python:
        Path(folder, "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        for name in ("pycel", "formulas"):
            found[name] = answer_of([python, __file__, "--of", name, folder, str(made.moved)], folder)
    return found


def of_a_peer(name: str, folder: str, moved: str) -> None:
    """Measure a Python library of others in its own process."""
    import openpyxl  # type: ignore[import-untyped]

    rows = json.loads(Path(folder, "rows.json").read_text(encoding="utf-8"))
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Sheet"
    for row in rows:
        page.append([cell if cell != "" else None for cell in row])
    path = str(Path(folder, "sheet.xlsx"))
    book.save(path)
    found = (with_pycel if name == "pycel" else with_formulas)(path, len(rows), int(moved))
    print(json.dumps({key: float(value) for key, value in found.items()}))


def shown(seconds: float) -> str:
    """A time for reading."""
    return f"{seconds:8.2f} s " if seconds >= 1 else f"{seconds * 1000:8.2f} ms"


def report(count: int, made: Sheet, mine: dict[str, Any], others: dict[str, dict[str, Any] | str]) -> None:
    """Print the figures of one size, those of others as ratios to ours."""
    print(f"\n{len(made.rules):,} rules (a rule: µs)")
    for key in ("load", "first", "again", "prepare", "ask", "prepare one", "change"):
        print(f"  {key:12} {shown(mine[key])}  {mine[key] / count * 1e6:9.2f}")
    for name, found in others.items():
        if isinstance(found, str):
            print(f"  {name:12} {found}")
            continue
        for key in ("value", "changed"):
            assert abs(found[key] - mine[key]) <= 1e-9 * abs(mine[key]), f"{name} comes to {found[key]}, not {mine[key]}"
        first, change = found["load"] + found["first"], found["change"]
        print(
            f"  {name:12} first answer {shown(first)}, {first / (mine['load'] + mine['first']):7.1f} x ours;"
            f" one input changed {shown(change)}, {change / mine['change']:9.1f} x ours"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peers", default="")
    parser.add_argument("--hyperformula", default="")
    parser.add_argument("--of", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--ours", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.of:
        of_a_peer(*options.of)
        return
    if options.ours:
        print(json.dumps(ours(options.ours[0], int(options.ours[1]))))
        return
    for count in (*SIZES, *([LARGE] if options.large else [])):
        made = sheet(count)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "sheet.yaml")
            path.write_text(as_rules(made), encoding="utf-8")
            mine = answer_of([sys.executable, __file__, "--ours", str(path), str(made.moved)], folder)
            if isinstance(mine, str):
                raise SystemExit(mine)
            report(count, made, mine, peers(made, folder, options.peers, options.hyperformula))


if __name__ == "__main__":
    main()
