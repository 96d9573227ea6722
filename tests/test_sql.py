"""Rule sets as queries: every cell is what the engine says of the row, or NULL where it says nothing, whatever the table holds."""

from __future__ import annotations

import csv
import itertools
import json
import os
import random as randoms
import re
import shutil
import sqlite3
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import random_rules
from conftest import ROOT, Run
from engine import document, errors, evaluate, presets, source
from engine.errors import Text
from engine.plan import NOTHING, Absent, Plan
from engine.presets import as_input
from engine.values import outside
from engine.wanted import extended, settle

duckdb = pytest.importorskip("duckdb", reason="queries are not run: pip install '.[sql]'")
exp = pytest.importorskip("sqlglot.expressions", reason="queries are not written: pip install '.[sql]'")

from engine.sql.cells import Cell, cells, every, scalar  # noqa: E402 - after what it needs
from engine.sql.dialect import dialect  # noqa: E402
from engine.sql.duck import Duck  # noqa: E402
from engine.sql.names import Names, identifier  # noqa: E402
from engine.sql.query import Passed, Query, Source  # noqa: E402
from engine.sql.rows import Rows  # noqa: E402
from engine.sql.sweep import Asked, Sweep  # noqa: E402

RULES = {name: str(ROOT / "rules" / f"{name}.yaml") for name in ("transformer", "compute_gauge")}
TYPES = {"preset": "VARCHAR", "word": "VARCHAR", "truth": "BOOLEAN", "number": "HUGEINT"}
Row = dict[str, Any]


def query_of(plan: Plan, own: bool, given: dict[str, evaluate.Given], of: tuple[Cell, ...], names: tuple[str, ...], for_: str) -> Query:
    rows = Rows(plan, given, of, dialect(for_).most, own_fits=own)
    table = exp.Table(this=identifier("inputs"))
    return Query(rows, names, Source(table, tuple(Passed(cell.column, f"given {cell.name}") for cell in of)), dialect(for_))


def in_sqlite(query: Query, of: tuple[Cell, ...], table: list[Row]) -> list[Row]:
    """The same by SQLite, which has no truth values and no more than 64 bits."""
    connection = sqlite3.connect(":memory:")
    declared = ", ".join(identifier(cell.column).sql("sqlite") for cell in of)
    connection.execute(f"CREATE TABLE inputs ({declared})")
    for row in table:
        cells_ = [row.get(cell.name) for cell in of]
        small = [float(value) if value.__class__ is int and abs(value) >= 2**63 else value for value in cells_]
        connection.execute(f"INSERT INTO inputs VALUES ({', '.join('?' for _ in of)})", small)  # noqa: S608
    found = connection.execute(query.text())
    heads = [column[0] for column in found.description]
    listed = [dict(zip(heads, values, strict=True)) for values in found.fetchall()]
    truths = {answer.name for answer in query.answers if answer.kind == "truth"}
    made = [{answer.name: row[answer.header] for answer in query.answers} for row in listed]
    return [{name: bool(value) if name in truths and value is not None else value for name, value in row.items()} for row in made]


def in_duckdb(query: Query, of: tuple[Cell, ...], table: list[Row]) -> list[Row]:
    """The answers of a query for the rows of a table in their order, by the names of the rules."""
    connection = Duck().connection
    types = {cell.column: "DOUBLE" if cell.scale != 1 else TYPES[cell.type] for cell in of}
    declared = ", ".join(f"{identifier(name).sql('duckdb')} {kind}" for name, kind in types.items())
    connection.execute(f"CREATE TABLE inputs ({declared})")
    marks = ", ".join("?" for _ in of)
    connection.executemany(f"INSERT INTO inputs VALUES ({marks})", [[row.get(cell.name) for cell in of] for row in table])  # noqa: S608
    found = connection.execute(query.text())
    heads = [column[0] for column in found.description]
    listed = [dict(zip(heads, values, strict=True)) for values in found.fetchall()]
    return [{answer.name: row[answer.header] for answer in query.answers} for row in listed]


def expected(plan: Plan, own: bool, given: dict[str, evaluate.Given], of: tuple[Cell, ...], row: Row, names: tuple[str, ...]) -> Row:
    """What the engine says of one row: an unfit cell, or an unknown preset, is a value that cannot be had."""
    here: dict[str, Any] = dict(given)
    lost: set[str] = set()
    for cell in of:
        value = row.get(cell.name)
        if cell.type != "preset" or value is None:
            continue
        kind = plan.document.presets[cell.name]
        here = {name: known for name, known in here.items() if not known.where.startswith(f"{cell.name} ")}
        if value in cell.words:
            asked = scalar(cell.name, value)
            for name, known in presets.values_of(plan, kind, presets.find(kind, asked), asked.place).items():
                here.setdefault(name, known)
        else:
            every = [
                presets.values_of(plan, kind, presets.find(kind, scalar(cell.name, w)), scalar(cell.name, w).place) for w in cell.words
            ]
            lost |= {name for entry in every for name in entry if name not in here}
    for cell in of:
        value = row.get(cell.name)
        if cell.type == "preset" or value is None:
            continue
        lost.discard(cell.name)
        here.pop(cell.name, None)
        fit = fitting(plan, cell, value)
        if fit is None:
            lost.add(cell.name)
        else:
            here[cell.name] = evaluate.Given(fit, "given")
    if lost:
        return with_lost(plan, own, here, lost, names)
    return states(plan, own, here, names)


def fitting(plan: Plan, cell: Cell, value: Any) -> Any:
    """The value of a cell as the engine has it; None where the column may not hold it."""
    item = as_input(plan, cell.name)
    if cell.type == "truth":
        return bool(value)
    if cell.type == "word":
        return value if value in cell.words else item.otherwise or None
    nearest = Fraction(round(Fraction(value) * cell.scale), cell.scale)
    exact = nearest if float(nearest) == value else Fraction(value)  # a double stands for the step it is the nearest to
    number = int(exact) if exact.denominator == 1 else exact
    inside = cell.low <= exact * cell.scale <= cell.high and (exact * cell.scale).denominator == 1
    return number if inside and not outside(item, number) else None


def with_lost(plan: Plan, own: bool, here: Row, lost: set[str], names: tuple[str, ...]) -> Row:
    """The states where some names have no value: as the engine has it, they are inputs that are missing."""
    absent = Absent(missing=("lost",))
    return states(plan, own, {**here, **{name: evaluate.Given(absent, "given") for name in lost}}, names)


def states(plan: Plan, own: bool, here: Row, names: tuple[str, ...]) -> Row:
    values = evaluate.evaluate(plan, here)
    refused = bool(evaluate.checked(values)[1])
    if own:
        settle(values)
    found = {name: values.state(name) for name in names}
    return {name: None if refused or state is NOTHING or isinstance(state, Absent) else state for name, state in found.items()}


def same(query: Query, got: list[Row], wanted: list[Row]) -> None:
    """Each cell is exactly the expected one, or within 1e-12 of it where its column says that it is rounded.

    There may be none only where a number is too large for the database and the column says that there may be such.
    """
    assert len(got) == len(wanted)
    for number, (mine, right) in enumerate(zip(got, wanted, strict=True)):
        for answer in query.answers:
            value, exact = mine[answer.name], right[answer.name]
            where = f"row {number}, {answer}"
            if value is None and (answer.large or answer.cannot):
                continue
            if answer.kind == "float" and exact is not None:
                assert value == pytest.approx(float(exact), rel=1e-12, abs=0), where
            else:
                assert (value if value is None or isinstance(value, str | bool) else Fraction(value)) == exact, where


def random_cells(random: randoms.Random, plan: Plan) -> tuple[Cell, ...]:
    texts = {
        "a": ["a", "a=1..9", "a=1..1000000000000000000"],
        "b": ["b", "b=0..12"],
        "c": ["c", "c=-9..12", "c=-1000000000000..1000000000000"],
        "d": ["d", "d=2..12"],
        "e": ["e=-2..10+1/10", "e=-10..10+1/8", "e=-3..3+1/3"],
        "m": ["m", "m=red|green"],
        "n": ["n"],
        "t": ["t"],
        "u": ["u"],
        "r2": ["r2"] if plan.shapes["r2"].kind != "number" else ["r2=-5..5"],
    }
    chosen = random.sample(sorted(texts), random.randint(1, 6))
    return cells(plan, [random.choice(texts[name]) for name in chosen])


def random_row(random: randoms.Random, of: tuple[Cell, ...]) -> Row:
    """Cells of any kind: fitting, empty, or out of bounds."""
    row: Row = {}
    for cell in of:
        pick = random.random()
        if pick < 0.15:
            continue
        if cell.type == "word":
            row[cell.name] = random.choice([*random_rules.WORDS, 'it\'s \\ "odd"; --'] if pick < 0.3 else cell.words)
        elif cell.type == "truth":
            row[cell.name] = random.random() < 0.5
        elif cell.type == "preset":
            row[cell.name] = random.choice(cell.words) if pick > 0.25 else "nothing such"
        else:
            number = random.choice([cell.low, cell.high, random.randint(cell.low, cell.high), random.randint(-12, 12), cell.high + 1])
            number = number if abs(number) < 2**100 else 0
            row[cell.name] = number if cell.scale == 1 else number / cell.scale
    return row


def in_spark(query: Query, of: tuple[Cell, ...], table: list[Row]) -> list[Row]:
    """The same by Spark, of which one is started for all tests."""
    from pyspark.sql import types

    kinds = {"truth": types.BooleanType(), "number": types.DecimalType(38, 0)}
    shape = types.StructType([
        types.StructField(cell.column, types.DoubleType() if cell.scale != 1 else kinds.get(cell.type, types.StringType())) for cell in of
    ])  # fmt: skip

    def cast(cell: Cell, value: Any) -> Any:
        if value is None or cell.type != "number":
            return value
        return float(value) if cell.scale != 1 else Decimal(value)

    engine = spark_engine()
    rows = [tuple(cast(cell, row.get(cell.name)) for cell in of) for row in table]
    engine.session.createDataFrame(rows, shape).coalesce(1).createOrReplaceTempView("inputs")
    listed = [row.asDict() for row in engine.session.sql(query.text().rstrip().rstrip(";")).collect()]
    return [{answer.name: row[answer.header] for answer in query.answers} for row in listed]


RUNS = {"duckdb": in_duckdb, "sqlite": in_sqlite, "spark": in_spark}
HERE = ("duckdb", "sqlite")


def random_rules_over_random_rows(seed: int, database: str) -> None:
    random = randoms.Random(seed)  # noqa: S311 - the same each time
    plan = random_rules.plan(random)
    of = random_cells(random, plan)
    given = {name: value for name, value in random_rules.given(random).items() if random.random() < 0.3}
    names = tuple(plan.document.rules)
    table = [random_row(random, of) for _ in range(25)]
    query = query_of(plan, False, given, of, names, database)
    same(query, RUNS[database](query, of, table), [expected(plan, False, given, of, row, names) for row in table])


@pytest.mark.parametrize(("database", "seed"), [*(("duckdb", seed) for seed in range(25)), *(("sqlite", seed) for seed in range(12))])
def test_random_rules_over_random_rows(seed: int, database: str) -> None:
    """Cells may be empty, out of bounds, of a rule, between two steps; numbers may be of any size."""
    random_rules_over_random_rows(seed, database)


@pytest.mark.slow
@pytest.mark.parametrize("database", HERE)
def test_many_random_rules_over_random_rows(database: str) -> None:
    for seed in range(40, 400):
        random_rules_over_random_rows(seed, database)


def with_inputs(rules: document.Document, inputs: str) -> tuple[Plan, bool, dict[str, evaluate.Given]]:
    plan, own = extended(rules, "")
    text = Text("inputs.yaml", inputs)
    return plan, own, presets.read_inputs(plan, source.parse(text), text, [])


SMALL = ["batch_size=1..64", "sequence_length=1..8192"]
TABLES = [
    ("compute_gauge", "{mode: training}", ["device", "model=gpt2|llama-3-8b|bert-base", "precision", *SMALL]),
    ("compute_gauge", "{}", []),
    pytest.param("transformer", "{mode: training, lora_rank: 16}", ["model=gpt2|llama-3-8b|qwen3-30b-a3b", *SMALL], marks=pytest.mark.slow),
    (
        "transformer",
        "{model: llama-3-8b, device: h100-sxm}",
        ["model=gpt2|llama-3-8b", "mode", "gpu_memory_utilization", "serving", *SMALL],
    ),
]


@pytest.mark.parametrize(("name", "inputs", "columns"), TABLES)
def test_shipped_rules_over_random_rows(name: str, inputs: str, columns: list[str]) -> None:
    """Every rule: a cell wins over what is given, that over the preset the row names, that over the one of the inputs file."""
    plan, own, given = with_inputs(document.load(RULES[name]), inputs)
    of = cells(plan, columns) if columns else tuple(cell for cell in every(plan, presets=False))
    random = randoms.Random(name + inputs)  # noqa: S311
    table = [random_row(random, of) for _ in range(12)]
    names = tuple(rule for rule in plan.document.rules if plan.shapes[rule].kind in {"number", "truth", "word"})
    query = query_of(plan, own, given, of, names, "duckdb")
    assert not any(answer.cannot for answer in query.answers)
    got, wanted = in_duckdb(query, of, table), [expected(plan, own, given, of, row, names) for row in table]
    same(query, got, wanted)
    there = [sum(value is not None for row in rows for value in row.values()) for rows in (got, wanted)]
    assert there[0] > 0.3 * there[1] > 0


def swept(
    rules: document.Document, inputs: str, vary: list[str], only: tuple[str, ...] = (), where: str = "", shard: str = ""
) -> tuple[Sweep, list[Row]]:
    plan, own = extended(rules, where)
    text = Text("inputs.yaml", inputs)
    given = presets.read_inputs(plan, source.parse(text), text, [])
    made = Sweep(Asked(plan, given, own, only, "jsonl", tuple(vary), shard), Duck())
    heads = [each.alias for each in made._shaped().expressions]
    return made, [dict(zip(heads, row, strict=True)) for row in made.engine.rows(made._shaped())]


GIVEN = "{model: llama-3-8b, device_memory: 80GiB, sequence_length: 1000}"
GRIDS = [
    ("compute_gauge", ["batch_size=1..5", "sequence_length=1Ki..8Ki*2", "hidden_size=768,1000"], GIVEN, "", ""),
    ("compute_gauge", ["parameters=1e9..1e14*10", "mode=training,inference", "precision=int4,float32"], GIVEN, "", ""),
    ("compute_gauge", ["layers=1..30", "batch_size=1..30"], GIVEN, "fits and layers != 7", "2/5"),
    ("compute_gauge", ["device_memory=0..2+1/8", "batch_size=1,3,2,9,8,7,6,5,4,10,12"], GIVEN, "", ""),
    ("transformer", ["model=gpt2,qwen3-30b-a3b", "mode=training,inference", "sequence_length=17..516+100"], "{device: h100-sxm}", "", ""),
    (
        "transformer",
        ["batch_size=1..4", "sequence_length=1,8Ki", "device=h100-sxm,rtx-4090"],
        "{model: gpt2}",
        "fits and batch_size != 2",
        "",
    ),
]


@pytest.mark.parametrize(("name", "vary", "inputs", "where", "shard"), GRIDS)
def test_a_grid_has_the_rows_of_numpy(name: str, vary: list[str], inputs: str, where: str, shard: str) -> None:
    """The same rows in the same order with the same columns; numbers may be of another type."""
    pytest.importorskip("numpy")
    from test_sweep import rows as numpy_rows
    from test_sweep import swept as numpy_swept

    rules = document.load(RULES[name])
    _, found = swept(rules, inputs, vary, where=where, shard=shard)
    wanted = numpy_rows(numpy_swept(rules, vary, inputs, where=where, shard=shard))
    assert [*found[0]] == [*wanted[0]] or {head.rstrip("≈") for head in found[0]} == wanted[0].keys()
    assert len(found) == len(wanted)
    for mine, right in zip(found, wanted, strict=True):
        for (head, value), exact in zip(mine.items(), right.values(), strict=True):
            if head.endswith("≈"):
                assert value == pytest.approx(exact, rel=1e-12), mine
            else:
                assert value == exact, (head, mine)


ASKED = ("sweep", RULES["compute_gauge"], "--model", "llama-3-8b", "--set", "sequence_length=1Ki")
FLEET = [
    {"Host": "n1", "device": "h100-sxm", "batch_size": 8, "mode": "training", "share": 0.5},
    {"Host": "it's", "device": None, "batch_size": None, "mode": None, "share": 0.25},
    {"Host": "n3", "device": "no such", "batch_size": 1, "mode": "inference", "share": None},
    {"Host": "n4", "device": "t4", "batch_size": 0, "mode": "inference", "share": 0.125},
    {"Host": None, "device": "t4", "batch_size": 2, "mode": "odd", "share": 0.125},
]


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        ("Model,BATCH_SIZE", 0, ""),  # SQL compares names without case
        ("model,batch_size", 0, ""),
        ("model,batchsize", 0, "the column `batchsize` stands for nothing; `batch_size` would be read"),
        ("model,batch_number", 0, ""),
        ("batch_size,sequence", 2, "are missing: `"),
    ],
)
def test_what_columns_stand_for(run: Run, tmp_path: Path, header: str, code: int, said: str) -> None:
    path = tmp_path / "fleet.csv"
    path.write_text(f"{header}\n" + ",".join(["gpt2" if "odel" in name else "5" for name in header.split(",")]) + "\n", encoding="utf-8")
    ran = run("sweep", RULES["compute_gauge"], "--set", "sequence_length=100", "--table", str(path), "--only", "kv_cache", "--quiet")
    loud = run("sweep", RULES["compute_gauge"], "--set", "sequence_length=100", "--table", str(path), "--only", "kv_cache")
    assert (ran.code, loud.code) == (code, code), loud.err
    assert said in loud.err
    if code == 0:
        size = 5 if header.lower().endswith("batch_size") else 1
        assert ran.out.splitlines()[1].split(",")[-1] == str(2 * 12 * 768 * 2 * 100 * size)


def test_a_table_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ran = run("sweep", RULES["compute_gauge"], "--table", str(tmp_path / "none.csv"))
    assert (ran.code, ran.out) == (2, "")
    assert "there is no file `" in ran.err


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_table_is_evaluated_where_it_lies(run: Run, tmp_path: Path, ending: str) -> None:
    """Its own columns come first, then the answers; what a row cannot have is empty there and told."""
    path, out = tmp_path / f"fleet.{ending}", tmp_path / f"out.{ending}"
    if ending == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*FLEET[0]])
            writer.writeheader()
            writer.writerows(FLEET)
    elif ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in FLEET), encoding="utf-8")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(FLEET), path)
    ran = run(*ASKED, "--table", str(path), "--only", "weights,total_memory,optimizer_states,fits", "-o", str(out))
    assert (ran.code, ran.out) == (0, ""), ran.err
    reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[ending]
    found = duckdb.sql(f"SELECT * FROM {reader}('{out}')")  # noqa: S608
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert [*rows[0]] == [*FLEET[0], "weights", "total_memory", "optimizer_states", "fits"]
    assert [row["Host"] for row in rows] == [row["Host"] for row in FLEET]
    plan, own, _ = with_inputs(document.load(RULES["compute_gauge"]), "{}")
    told = "{{model: llama-3-8b, sequence_length: 1Ki{}}}"
    right = [
        states(plan, own, with_inputs(plan.document, told.format(more))[2], ("total_memory", "optimizer_states", "fits"))
        for more in (", device: h100-sxm, batch_size: 8, mode: training", "", ", batch_size: 1")
    ]
    nothing = dict.fromkeys(right[0])
    assert [{name: row[name] for name in nothing} for row in rows] == [*right, nothing, nothing]
    assert "1 of 5 rows name no such device (`no such`)" in ran.err
    assert "1 of 5 rows hold a value that `batch_size` cannot have (`0`)" in ran.err
    assert "1 of 5 rows hold a value that `mode` cannot have (`odd`)" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "duckdb"], "nothing is varied"),
        (["--engine", "duckdb", "--vary", "batch_size=0..3"], "at least 1"),
        (["--vary", "batch_size=1..3", "--table", "x.csv"], "--vary makes rows of its own"),
        (["--vary", "batch_size=1..3", "--columns", "batch_size"], "name the table with --table"),
        (["--table", "x.csv"], "x.csv"),
        (["--table", "x.txt"], "does not end in .csv"),
        (["--table", "{table}", "--columns", "batch_size"], "no column `batch_size`"),
        (["--table", "{table}", "--columns", "batch_sise:n"], "did you mean `batch_size`"),
        (["--table", "{table}", "--columns", "batch_size:host"], "does not hold numbers"),
        (["--table", "{table}", "--columns", "mode:n"], "does not hold words"),
        (["--table", "{table}", "--columns", "batch_size:n=5..1"], "the smaller end first"),
        (["--table", "{table}", "--columns", "batch_size:n=1..3+1/2"], "cannot go in steps"),
        (["--table", "{table}", "--columns", "mode:n=training|nothing"], "`nothing`"),
        (["--table", "{table}"], "no column of the table is named after an input"),
        (["--table", "{table}", "--columns", "layers:n"], "values are missing: `parameters`"),
        (["--engine", "duckdb", "--vary", "batch_size=1..3"], "values are missing: `parameters`"),
        (["--table", "{table}", "--columns", "layers:n", "-o", "rows.txt"], "does not end in .csv"),
    ],
)
def test_what_is_wrong_is_said(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text("host,n\nx,1\n", encoding="utf-8")
    ran = run("sweep", RULES["compute_gauge"], *(each.replace("{table}", str(table)) for each in arguments))
    assert ran.code == 2
    assert message in ran.err
    assert not ran.out


def test_columns_may_be_empty_and_named_as_answers_are(run: Run, tmp_path: Path) -> None:
    """A column of a CSV file without a value has no type; answers get another name where one is taken, whatever its case."""
    table = tmp_path / "table.csv"
    table.write_text("batch_size,mode,Weights,precision,part\n", encoding="utf-8")
    asked = (*ASKED, "--table", str(table), "--only", "weights,kv_cache")
    head = "batch_size,mode,Weights,precision,part,weights_2,kv_cache\n"
    assert run(*asked).out == head
    table.write_text("batch_size,mode,Weights,precision,part\n,,7,,x\n,,,,\n", encoding="utf-8")
    assert run(*asked).out == head + ",,7,,x,16060522496,536870912\n,,,,,16060522496,536870912\n"


def test_what_sql_cannot_say_is_said(run: Run, write: Any) -> None:
    path = write("inputs: {a: {type: integer, default: 1, max: 9, min: 1}}\nrules: {double: 2 * a, power: 2 ** a}\n")
    ran = run("sweep", path, "--vary", "a=1..3", "--engine", "duckdb")
    assert ran.code == 2
    assert "cannot be said in SQL: `power`" in ran.err
    ran = run("emit", path)
    assert ran.code == 0
    assert "1 columns cannot be said in SQL and are NULL" in ran.err
    assert 'CAST(NULL AS BIGINT) AS "power"' in ran.out


def test_names_differ_without_case() -> None:
    names = Names(["Total"])
    made = [names.new(each) for each in ("total", "TOTAL", "x" * 70, "X" * 70, "total_2", "é" * 40)]
    assert made == ["total_2", "TOTAL_3", "x" * 63, "X" * 61 + "_2", "total_2_2", "é" * 31]
    assert len({each.casefold() for each in made}) == len(made)
    assert max(len(each.encode()) for each in made) <= 63


HOSTILE = ["it's", 'a"b', "c\\d", "--", "; DROP TABLE inputs", "`e`", "{f}", "%(g)s", "ü\u202e"]


@pytest.mark.parametrize("database", HERE)
def test_hostile_names_are_only_names(database: str) -> None:
    """Names of columns and of tables come from anywhere."""
    plan = random_rules.plan_of(
        {"inputs": {"a": {"type": "integer", "default": 1, "min": 0, "max": 9}}, "rules": {"b": {"formula": "a + 1"}}}
    )
    for word in HOSTILE:
        of = (cells(plan, ["a"])[0]._replace(column=word),)
        query = query_of(plan, False, {}, of, ("b",), database)
        assert RUNS[database](query, of, [{"a": 4}, {"a": None}]) == [{"b": 5}, {"b": 2}]


@pytest.mark.parametrize("database", HERE)
def test_hostile_words_are_only_words(database: str, tmp_path: Path) -> None:
    """A preset may be a path, and a path may hold anything; so may the cells of a table."""
    paths = [str(tmp_path / f"{word}.yaml") for word in HOSTILE if "/" not in word]
    for size, path in enumerate(paths):
        Path(path).write_text(f"values: {{device_memory: {size}}}\n", encoding="utf-8")
    plan, own, given = with_inputs(document.load(RULES["compute_gauge"]), "{}")
    of = (Cell("device", "device", "preset", words=tuple(paths)), *cells(plan, ["mode"]))
    query = query_of(plan, own, given, of, ("device_memory", "mode"), database)
    got = RUNS[database](query, of, [*({"device": path} for path in paths), *({"device": word, "mode": word} for word in HOSTILE)])
    assert [row["device_memory"] for row in got] == [*range(len(paths)), *[None] * len(HOSTILE)]
    assert [row["mode"] for row in got] == [*["inference"] * len(paths), *[None] * len(HOSTILE)]


DIALECTS = ["bigquery", "mysql", "oracle", "postgres", "snowflake", "spark"]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_is_read_back_by_sqlglot(run: Run, name: str) -> None:
    """What is written parses as one statement, with a column a rule in the order of the file, and no double where a number is whole."""
    import sqlglot

    ran = run(
        "emit", RULES["compute_gauge"], "--dialect", name, "--columns", "device=t4|h100-sxm,batch_size=1..64,mode", "--table", "a.fleet"
    )
    assert ran.code == 0, ran.err
    (read,) = sqlglot.parse(ran.out, dialect=name)
    heads = [each.alias_or_name for each in read.expressions]
    rules = list(document.load(RULES["compute_gauge"]).rules)
    assert heads[:3] == ["device", "batch_size", "mode"]
    assert [head.removesuffix("_rounded") for head in heads[3:] if head not in {"headroom", "headroom_rounded", "fits"}] == rules


def test_emit_writes_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rules.sql"
    ran = run(
        "emit",
        RULES["compute_gauge"],
        "--model",
        "gpt2",
        "--set",
        "sequence_length=9",
        "--columns",
        "batch_size=1..8",
        "--columns",
        "mode",
        "--only",
        "weights,total_memory",
        "-o",
        str(path),
    )
    assert (ran.code, ran.out) == (0, "")
    text = path.read_text(encoding="utf-8")
    assert re.search(r'AS "weights",\n', text)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE inputs AS SELECT 2 AS batch_size, 'training' AS mode")
    ((batch, mode, weights, total),) = connection.execute(text).fetchall()
    assert (batch, mode, weights) == (2, "training", 248_879_616)
    assert total > weights


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dialect", "duckdbb"], "did you mean `duckdb`"),
        (["--table", "a..b"], "is not the name of a table"),
        (["--columns", "batch_size,batch_size"], "is a column twice"),
        (["--columns", "batch_size=1"], "is not a range"),
        (["--columns", "nothing"], "there is nothing called `nothing`"),
        (["--columns", "device=t5"], "unknown device `t5`"),
        (["--only", "nothing"], "nothing"),
    ],
)
def test_what_is_wrong_with_emit_is_said(run: Run, arguments: list[str], message: str) -> None:
    ran = run("emit", RULES["compute_gauge"], *arguments)
    assert ran.code == 2
    assert message in ran.err


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [("sqlglot", ["emit", RULES["compute_gauge"]]), ("duckdb", [*ASKED, "--vary", "batch_size=1..2", "--engine", "duckdb"])],
)
def test_without_a_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, run: Run, missing: str, arguments: list[str]) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("engine.sql")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    ran = run(*arguments)
    assert ran.code == 2
    assert f"needs {missing}" in ran.err
    assert "pip install" in ran.err


@pytest.mark.parametrize(
    ("formula", "columns", "rows", "expected"),
    [
        ("a // 3", "a=-9..9", [-4, -3, -1, 0, 4], [-2, -1, -1, 0, 1]),
        ("a % 8", "a=-9..9", [-9, -8, -7, 7], [7, 0, 1, 7]),
        ("12 // a", "a=-9..9", [-5, 0, 5], [-3, None, 2]),
        ("ceil(a / 7)", "a=-9..9", [-8, 0, 8], [-1, 0, 2]),
        ("a * a", "a", [3037000500, 10**18, 10**19], [3037000500**2, 10**36, None]),
        ("a * a * a", "a", [10**12, 10**13, -(10**12)], [10**36, None, -(10**36)]),
        ("a * a * a - a * a * a + 5", "a", [10**18], [5]),
        ("max(a * a * a, 7)", "a", [1, 10**18], [7, None]),
        ("a * a * a // a", "a", [10**12, 10**18], [10**24, None]),
        ("1 if a * a * a > 5 else 0", "a", [1, 2, 10**18], [0, 1, None]),
        ("a / 8", "a=0..9", [1, 8], [Fraction(1, 8), 1]),
        ("a / 80", "a=0..1000000000000000000", [10**18 - 1], [Fraction(10**18 - 1, 80)]),
        ("a + 1 if a > 2 else a - 1", "a=0..9", [2, 3, None], [1, 4, 0]),
    ],
)
def test_numbers_are_exact_or_there_are_none(formula: str, columns: str, rows: list[int], expected: list[Any]) -> None:
    """Quotients are rounded down, products may be of any size, and one too large for the database is none."""
    inputs = {"a": {"type": "integer", "default": 1, "min": -(10**18), "max": 10**18}}
    plan = random_rules.plan_of({"inputs": inputs, "rules": {"found": {"formula": formula}}})
    of = cells(plan, [columns])
    query = query_of(plan, False, {}, of, ("found",), "duckdb")
    got = [row["found"] for row in in_duckdb(query, of, [{"a": row} for row in rows])]
    assert [value if value is None else Fraction(value) for value in got] == expected


@cache
def spark_engine() -> Any:
    """A Spark of this process; without one the test is skipped and says why."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark is not run: there is no Java")
    pytest.importorskip("pyspark", reason="Spark is not run: pip install '.[spark]'")
    from engine.sql.spark import Spark

    return Spark()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of pyspark are its own
def test_spark_answers_as_the_engine_does(run: Run, tmp_path: Path) -> None:
    """Random rules, hostile words, a grid and a table, by a real Spark; and its files hold what DuckDB's do."""
    spark_engine()
    for seed in range(400, 412):
        random_rules_over_random_rows(seed, "spark")
    test_hostile_words_are_only_words("spark", tmp_path)
    asked = (
        *ASKED,
        "--set",
        "device=h100-sxm",
        "--vary",
        "batch_size=1..3",
        "--vary",
        "mode=training,inference",
        "--where",
        "batch_size != 2",
    )
    table = tmp_path / "fleet.csv"
    table.write_text("Host,device,batch_size\nn1,h100-sxm,8\nn2,no such,1\n,t4,0\n", encoding="utf-8")
    for number, arguments in enumerate([asked, (*ASKED, "--table", str(table), "--only", "weights,total_memory,fits")]):
        found = {}
        for engine in ("duckdb", "spark"):
            out = tmp_path / f"{engine}{number}.parquet"
            ran = run(*arguments, "--engine", engine, "-o", str(out))
            assert ran.code == 0, ran.err
            made = duckdb.sql(f"SELECT * FROM read_parquet('{out if engine == 'duckdb' else out / '*.parquet'}')")  # noqa: S608
            found[engine] = (made.columns, sorted(made.fetchall(), key=repr), ran.err.replace(str(out), ""))
        assert found["duckdb"] == found["spark"]
        assert len(found["spark"][1]) == (4, 3)[number]


def test_columns_may_not_be_lists() -> None:
    plan = random_rules.plan(randoms.Random(1))  # noqa: S311
    with pytest.raises(errors.GaugeError, match="a list cannot be a column"):
        cells(plan, ["items"])
    assert "items" not in {cell.name for cell in every(plan, presets=True)}
    assert list(itertools.chain(every(plan, presets=False)))
