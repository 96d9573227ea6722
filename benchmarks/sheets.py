"""Big sheets: how the time to load and to evaluate grows with the rules, and how others do on the same sheet.

A sheet of N rules has a depth of 100: each rule takes three names of the level before, with + - * / min max ceil. All times are CPU time of
one process a program; garbage collection is as Python has it. Beside the others it is the first change of an input that counts. These are
`formulas` and `pycel` (`pip install formulas pycel openpyxl`, or `--peers` a Python that has them) and HyperFormula (`npm install
hyperformula`, or `--hyperformula` the folder that was done in). What is not there is left out, and what takes longer than `LONGEST`
seconds has no figure. Every program must come to the same last value.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from harness import ROOT, Options, Row, median

DEPTH = 100
INPUTS = 50
LONGEST = 120
SMALL = 100
SIZES = (1_000, 10_000)
LARGE = 100_000
RUNS = 15
GROWTH = 3  # ten times the rules may take so much more than ten times: numbers grow with them, and caches do not; a square would be 10
FORMULAS = (
    # ours, a spreadsheet's
    ("{0} + {1} - {2}", "{0}+{1}-{2}"),
    ("ceil(({0} + {1} + {2}) / 4)", "CEILING(({0}+{1}+{2})/4,1)"),
    ("min({0}, {1}) * 2 - {2}", "MIN({0},{1})*2-{2}"),
    ("max({0}, {1}) - ceil({2} / 2)", "MAX({0},{1})-CEILING({2}/2,1)"),
    ("ceil({0} * 3 / 8) + min({1}, {2})", "CEILING({0}*3/8,1)+MIN({1},{2})"),
)
PEERS = ("formulas", "pycel", "HyperFormula")
STEPS = (  # what `ours` measures, in words, and what is asked of 10,000 rules
    ("load", "load", 2),
    ("prepare", "prepare all names", 0),
    ("ask", "evaluate all names, every input changed", 0.010),
)
NAMES = (
    *(f"{word}, {SIZES[1]:,} rules" for _, word, _ in STEPS),
    f"evaluate all names, one input changed, {SIZES[1]:,} rules",
    *(f"{word}, {SIZES[0]:,} rules, beside {name}" for name in PEERS for word in ("first answer", "one input changed")),
)


class Sheet(NamedTuple):
    """Values of the inputs, and for each rule its formula and the three it takes: an input below 0 (-1 the first), else a rule."""

    inputs: list[int]
    rules: list[tuple[int, int, int, int]]

    @property
    def moved(self) -> int:
        """The input that is changed: the first that the first rule takes."""
        return -1 - self.rules[0][1]

    @property
    def share(self) -> float:
        """The share of the rules that depend on it."""
        reached = {-1 - self.moved}
        for place, (_, *taken) in enumerate(self.rules):
            if not reached.isdisjoint(taken):
                reached.add(place)
        return (len(reached) - 1) / len(self.rules)


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
    sys.path.insert(0, ROOT)
    from engine.library import load

    moved = f"x{column}"
    loading, rules = cpu(lambda: load(path, large=True))
    first, values = cpu(rules.evaluate)
    last = rules.names[-1]
    changed = [cpu(lambda at=at: rules.evaluate({moved: at})[last]) for at in range(RUNS)]  # type: ignore[misc]
    preparing, every = cpu(lambda: rules.prepare({}, list(rules.inputs), list(rules.names)))
    given = {name: item.default for name, item in rules.inputs.items()}
    others = {name: value - 1 if value else 1 for name, value in given.items()}
    assert every(**given) == tuple(values[name] for name in rules.names)
    asked, turned = list[float](), list[float]()
    for at in range(RUNS):  # every input is another than the time before; and only one is
        asked += [cpu(lambda: every(**others))[0], cpu(lambda: every(**given))[0]]
        turned.append(cpu(lambda at=at: every(**{**given, moved: at}))[0])  # type: ignore[misc]
    return {
        "load": loading,
        "first": first,
        "prepare": preparing,
        "ask": median(asked),
        "turn": median(turned),
        "change": changed[0][0],
        "value": values[last],
        "changed": changed[-1][1],
    }


def with_pycel(path: str, rows: int, moved: int) -> dict[str, Any]:
    """`pycel`: compiles a cell when it is first asked for."""
    from pycel import ExcelCompiler

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
    import formulas

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
    import openpyxl

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


def compared(count: int, mine: dict[str, Any], others: dict[str, dict[str, Any] | str]) -> Iterator[Row]:
    """Two rows for each of the others: the first answer, and after a change of one input."""
    for name in PEERS:
        found = others.get(name, f"{name} is not installed")
        for word, parts in (("first answer", ("load", "first")), ("one input changed", ("change",))):
            title = f"{word}, {count:,} rules, beside {name}"
            if isinstance(found, str):
                yield Row(title, note=found)
                continue
            for key in ("value", "changed"):
                assert abs(found[key] - mine[key]) <= 1e-9 * abs(mine[key]), f"{name} comes to {found[key]}, not {mine[key]}"
            took, theirs = sum(mine[part] for part in parts), sum(found[part] for part in parts)
            yield Row(title, took, name, theirs, took / theirs, took / theirs, bar=1)


def measure(options: Options) -> Iterator[Row]:
    """A sheet of 1,000 and of 10,000 rules; with `--large` of 100 and 100,000 too, each beside the others."""
    python = options.peers or (sys.executable if find_spec("formulas") and find_spec("pycel") and find_spec("openpyxl") else "")
    node = options.hyperformula if Path(options.hyperformula, "node_modules", "hyperformula").is_dir() else ""
    taken = {}
    for count in (*([SMALL] if options.large else []), *SIZES, *([LARGE] if options.large else [])):
        made = sheet(count)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "sheet.yaml")
            path.write_text(as_rules(made), encoding="utf-8")
            mine = answer_of([sys.executable, __file__, "--ours", str(path), str(made.moved)], folder)
            if isinstance(mine, str):
                raise SystemExit(mine)
            taken[count] = mine, peers(made, folder, python, node) if count == SIZES[0] or options.large else {}
    for before, count in itertools.pairwise(taken):
        few, many, grown = taken[before][0], taken[count][0], count // before
        for key, word, most in STEPS:
            base, at = few[key] * grown, count == SIZES[1]
            title, against = f"{word}, {count:,} rules", f"{grown} x that of {before:,}"
            yield Row(
                title, many[key], against, base, many[key] / base, many[key] / base, bar=GROWTH if most else 0, most=most if at else 0
            )
        title, ratio = f"evaluate all names, one input changed, {count:,} rules", many["turn"] / many["ask"]
        note = f"{sheet(count).share:.0%} of them depend on it"
        yield Row(title, many["turn"], "every input changed", many["ask"], ratio, ratio, bar=1.1, note=note)
    for count, (mine, others) in taken.items():
        if others or count == SIZES[0]:
            yield from compared(count, mine, others)


def main() -> int:
    """Measure; or, in a process of its own, one program on one sheet."""
    if sys.argv[1:2] == ["--of"]:
        of_a_peer(*sys.argv[2:])
        return 0
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(ours(sys.argv[2], int(sys.argv[3]))))
        return 0
    from command import alone

    return alone(__file__)


if __name__ == "__main__":
    sys.exit(main())
