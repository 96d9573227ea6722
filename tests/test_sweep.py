"""Sweeps: every row is what the engine says of it one by one, in order, whole, and told of where it is not exact."""

from __future__ import annotations

import csv
import io
import itertools
import json
import signal
import sys
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import random_rules
from conftest import ROOT, Run
from engine import document, errors, evaluate, presets, source
from engine.errors import Text
from engine.plan import NOTHING, Absent, Plan
from engine.sweep import axes, columns, grid, table
from engine.sweep import run as run_module
from engine.sweep.parts import Columns
from engine.wanted import extended, settle

RULES = {name: str(ROOT / "rules" / f"{name}.yaml") for name in ("transformer", "compute_gauge")}


def swept(
    rules: document.Document,
    vary: list[str],
    given: str | dict[str, evaluate.Given] = "{}",
    *,
    only: tuple[str, ...] = (),
    where: str = "",
    shard: str = "",
) -> grid.Grid:
    """A sweep over inputs given as YAML text, or as they are."""
    plan, own = extended(rules, where)
    text = Text("inputs.yaml", given if isinstance(given, str) else "{}")

    def read(plan: Plan, more: Any) -> dict[str, evaluate.Given]:
        if isinstance(given, dict):
            return dict(given)
        return presets.read_inputs(plan, source.parse(text), text, list(more))

    return grid.Grid(plan, read, vary, only, own_fits=own, shard=shard)


def rows(made: grid.Grid) -> list[dict[str, Any]]:
    """The rows, as JSON has them, without the marks."""
    out = io.StringIO()
    run_module.run(made, table.table(made, "jsonl", out), lambda _: True)
    return [{name.rstrip("≈"): value for name, value in json.loads(line).items()} for line in out.getvalue().splitlines()]


def expected(made: grid.Grid) -> list[dict[str, Any]]:
    """The rows as the engine computes them one by one."""
    found = []
    for index in itertools.product(*(range(each.length) for each in made.axes)):
        choice = [at for each, at in zip(made.axes, index, strict=True) if not each.numbers]
        given = dict(made.sources.combination(choice))
        for each, at in zip(made.axes, index, strict=True):
            given |= {name: evaluate.Given(axes.at(numbers, at), "given") for name, numbers in each.numbers.items()}
        values = evaluate.evaluate(made.plan, given)
        refused = bool(evaluate.checked(values)[1])
        if made.wanted.own_fits:
            settle(values)
        states = {name: values.state(name) for name in made.wanted.names}
        found.append({name: None if refused or state is NOTHING or isinstance(state, Absent) else state for name, state in states.items()})
    return found


def same(made: grid.Grid) -> None:
    """Every cell of a sweep is the exact one, or within 1e-12 of it where the column says that it is rounded."""
    rounded = {written.name for written in made.columns if written.kind == "float"}
    got, wanted = rows(made), expected(made)
    assert len(got) == len(wanted)
    for row, (mine, exact) in enumerate(zip(got, wanted, strict=True)):
        for name, value in exact.items():
            if name in rounded and value is not None and abs(value) < Fraction(10) ** 308:
                assert mine[name] == pytest.approx(float(value), rel=1e-12, abs=0), (row, name)
            elif name not in rounded:
                assert mine[name] == value, (row, name)


GIVEN = "{model: llama-3-8b, device_memory: 80GiB, sequence_length: 1000}"
TRAINED = "{model: llama-3-8b, mode: training, sequence_length: 1000000}"
GRIDS = [
    ("compute_gauge", ["batch_size=1..5", "sequence_length=1Ki..8Ki*2", "hidden_size=768,1000"], GIVEN),
    ("compute_gauge", ["parameters=1e9..1e14*10", "mode=training,inference", "precision=int4,float32"], GIVEN),
    ("compute_gauge", ["batch_size=1,1000000", "parameters=1,1e15", "layers=1..300+299"], TRAINED),
    ("transformer", ["batch_size=1..4", "sequence_length=1,100,8Ki", "device=h100-sxm,rtx-4090"], "{model: llama-3-8b}"),
    ("transformer", ["model=gpt2,qwen3-30b-a3b,bert-base", "mode=training,inference", "sequence_length=17..516+100"], "{device: h100-sxm}"),
    ("transformer", ["serving=vllm,sglang,llamacpp", "batch_size=1..2", "sequence_length=1..3000+1400", "tensor_parallel=1..8*4"],
     "{model: llama-3-8b, device: h100-sxm}"),
    ("transformer", ["device_memory=1GiB..80GiB*9", "zero_stage=0..3", "data_parallel=1..8*4", "batch_size=1..2"],
     "{model: gpt2, mode: training, sequence_length: 512}"),
    ("transformer", ["hidden_size=64..4096*2", "layers=1..40+39", "attention_heads=1..32*8", "precision=nf4,bfloat16"],
     "{model: llama-3-8b, device: h100-sxm, lora_rank: 16, mode: training, sequence_length: 77}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "vary", "given"), GRIDS)
def test_shipped_rules_are_swept_exactly(name: str, vary: list[str], given: str) -> None:
    made = swept(document.load(RULES[name]), vary, given)
    assert all(isinstance(part, Columns) for part in made.parts.values()), "computed as columns"
    same(made)


def random_vary(random: Random) -> list[str]:
    """Some of the inputs of `random_rules`, varied in any order."""
    large = random.random() < 0.3
    texts = {
        "a": random.choice(["1..4", "1..9+4", "1..64*8", "3,1,7"]) if not large else f"1,5,{random_rules.LARGE}",
        "b": random.choice(["0..3", "0,2", "5"]) if not large else f"0,{random_rules.LARGE}",
        "c": random.choice(["-2..2", "-9..9+6", "0,4"]),
        "d": random.choice(["2..4", "2,1000000"]),
        "e": random.choice(["0,1/3,-3/2", "-1..1+1/2", "7/5"]),
        "m": random.choice(["red,green,blue", "blue,red"]),
        "t": "true,false",
    }
    return [f"{name}={texts[name]}" for name in random.sample(sorted(texts), random.randint(1, 4))]


@pytest.mark.parametrize("seed", range(50))
def test_random_rules_are_swept_exactly(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random rules over random grids, in blocks of any size, with some values given besides."""
    random = Random(seed)  # noqa: S311 - the same each time
    plan = random_rules.plan(random)
    given = random_rules.given(random) if random.random() < 0.3 else {}
    monkeypatch.setattr(grid, "CHUNK", random.choice([1, 3, 8, 20, 1 << 16]))
    monkeypatch.setattr(grid, "SHORT", random.choice([1, 4, 512]))
    same(swept(plan.document, random_vary(random), given=given))


@pytest.mark.slow
def test_many_random_rules_are_swept_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(50, 1000):
        test_random_rules_are_swept_exactly(seed, monkeypatch)


def small(**rules: str) -> document.Document:
    """Rules over a whole number `a`, any number `x` and a list."""
    inputs: dict[str, Any] = {
        "a": {"type": "integer", "default": 1, "min": -(10**30), "max": 10**30},
        "x": {"type": "number", "default": 1},
        "listed": {"type": "list", "default": [7, 8, 9]},
    }
    return random_rules.plan_of({"inputs": inputs, "rules": {name: {"formula": formula} for name, formula in rules.items()}}).document


@pytest.mark.parametrize(
    ("formula", "vary", "expected", "kind"),
    [
        ("a * a", "a=3037000499,3037000500", [3037000499**2, 3037000500**2], "whole"),
        ("a * a * a // a", "a=1,10000000000", [1, 10**20], "whole"),
        ("a + 1 - a", f"a={2**63 - 2}..{2**63 + 1}", [1, 1, 1, 1], "whole"),
        ("(a - 1) * (a - 1) - a * a + 2 * a", "a=1000000000000000000,-5", [1, 1], "whole"),
        ("a // 3", "a=-4..-1", [-2, -1, -1, -1], "whole"),
        ("a % 8", "a=-9..-7", [7, 0, 1], "whole"),
        ("ceil(a / 7)", "a=-8..8+8", [-1, 0, 2], "whole"),
        ("ceil(x * 10)", "x=0.1..0.3+0.1", [1, 2, 3], "whole"),
        ("floor((x * 3) * 10)", "x=0.1,0.3", [3, 9], "whole"),
        ("a / 4", "a=1..3", [0.25, 0.5, 0.75], "half"),
        ("a / 4", "a=1,9007199254740993", [0.25, (2**53 + 1) / 4], "float"),
        ("a / 3", "a=1..3", [1 / 3, 2 / 3, 1.0], "float"),
        ("12 / a", "a=-2..2+2", [-6, None, 6], "float"),
        ("12 // a", "a=-2..2", [-6, -12, None, 12, 6], "whole"),
        ("12 / a if a != 0 else 5", "a=0..1", [5, 12], "float"),
        ("a / x", "x=1/3,-1/2", [3, -2], "float"),
        ("round_up(a, 8)", "a=-1..9+5", [0, 8, 16], "whole"),
        ("round_up(7, a)", "a=-1..2", [None, None, 7, 8], "whole"),
        ("listed[a] + 0", "a=0..3", [7, 8, 9, None], "float"),
        ("sum(listed) * a", "a=1..2", [24, 48], "whole"),
        ("2 ** a", "a=0..2", [1, 2, 4], "float"),
        ("max(a, 2 * a, 5)", "a=-9..9+6", [5, 5, 6, 18], "whole"),
    ],
)
def test_what_is_exact_is_exact(formula: str, vary: str, expected: list[Any], kind: str) -> None:
    """`whole` and `half` columns are exact; a `float` column is marked. Nothing overflows, and what has no value is empty."""
    made = swept(small(found=formula), [vary])
    assert [row["found"] for row in rows(made)] == expected
    assert made.columns[-1].kind == kind
    assert made.counts["empty"] == expected.count(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1..5", [1, 2, 3, 4, 5]),
        ("1..10+4", [1, 5, 9]),
        ("1Ki..8Ki*2", [1024, 2048, 4096, 8192]),
        ("1..100*10", [1, 10, 100]),
        ("3, 1,1_000", [3, 1, 1000]),
        ("-2..0", [-2, -1, 0]),
        ("7..7", [7]),
    ],
)
def test_the_values_of_an_axis(text: str, expected: list[int]) -> None:
    made = axes.axis(Plan(small(found="a")), f"a={text}")
    (values,) = made.numbers.values()
    assert [axes.at(values, index) for index in range(made.length)] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is varied"),
        (["--vary", "batch_size"], "has no values"),
        (["--vary", "batch_size=0..3"], "at least 1"),
        (["--vary", "batch_size=3..1"], "the smaller end first"),
        (["--vary", "batch_size=1..9*1"], "a factor is above 1"),
        (["--vary", "batch_size=1..9+0"], "a step is above 0"),
        (["--vary", "batch_size=1..3+1/2"], "whole number"),
        (["--vary", "batch_sise=1..3"], "did you mean `batch_size`"),
        (["--vary", "batch_size=1..3", "--vary", "batch_size=1"], "varied twice"),
        (["--vary", "mode=training,nothing"], "`nothing`"),
        (["--vary", "model=gpt2,no-such-model"], "no-such-model"),
        (["--vary", "batch_size=1..3", "--where", "kv_cache > 3"], "both sides need the same unit"),
        (["--vary", "batch_size=1..3", "--where", "kv_cash > weights"], "did you mean `kv_cache`"),
        (["--vary", "batch_size=1..3", "--only", "kv_cash"], "did you mean `kv_cache`"),
        (["--vary", "batch_size=1..3", "--shard", "4/3"], "is not a shard"),
        (["--vary", "batch_size=1..3", "-o", "rows.txt"], "does not end in .csv"),
        (["--vary", "batch_size=1..1000000", "--vary", "parameters=1..1000000000000000"], "is the most"),
        (["--vary", "batch_size=1..3"], "values are missing"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: list[str], message: str) -> None:
    ran = run("sweep", RULES["compute_gauge"], *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert not ran.out


ASKED = ("sweep", RULES["compute_gauge"], "--model", "llama-3-8b", "--device", "h100-sxm", "--set", "sequence_length=1Ki")


def test_rows_are_in_the_order_of_the_options(run: Run) -> None:
    ran = run(*ASKED, "--vary", "batch_size=1..2", "--vary", "mode=training,inference", "--vary", "layers=7,8", "--only", "gradients,fits")
    listed = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(row["batch_size"], row["mode"], row["layers"]) for row in listed] == list(
        itertools.product(("1", "2"), ("training", "inference"), ("7", "8"))
    )
    assert {row["mode"]: row["gradients"] for row in listed} == {"training": "32121044992", "inference": ""}
    assert {row["fits"] for row in listed} == {"false", "true"}


def test_the_columns_are_those_of_the_report(run: Run) -> None:
    ran = run(*ASKED, "--vary", "batch_size=1")
    wanted = "total_memory,weights,kv_cache,activations,optimizer_states,gradients,headroom,fits"
    assert ran.out.splitlines()[0] == f"batch_size,{wanted}"


@pytest.mark.parametrize(
    ("vary", "parts"),
    [
        (["batch_size=1..10"], 3),
        (["batch_size=1..7", "mode=training,inference", "layers=1..5"], 4),
        (["batch_size=1..70", "layers=1..70"], 7),
        (["layers=1..2"], 5),
    ],
)
def test_shards_are_the_rows_in_parts(vary: list[str], parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "CHUNK", 100)
    rules = document.load(RULES["compute_gauge"])
    given = "{model: llama-3-8b, sequence_length: 512}"
    every = swept(rules, vary, given, only=("total_memory",))
    shards = [swept(rules, vary, given, only=("total_memory",), shard=f"{part}/{parts}") for part in range(1, parts + 1)]
    found = [rows(shard) for shard in shards]
    assert [row for part in found for row in part] == rows(every)
    assert max(map(len, found)) - min(map(len, found)) <= 1


@pytest.mark.parametrize("vary", [["batch_size=1..60", "layers=1..60"], ["layers=1..9", "device=h100-sxm,rtx-4090", "batch_size=1..90"]])
@pytest.mark.parametrize("where", ["fits", "not fits", "total_memory <= device_memory / 2 or layers == 7", "layers > 1000"])
def test_a_condition_keeps_the_rows_for_which_it_holds(vary: list[str], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "CHUNK", 100)
    rules = document.load(RULES["compute_gauge"])
    given = "{model: llama-3-8b, device_memory: 80GiB, sequence_length: 4096}"
    given = given if "device" not in " ".join(vary) else given.replace("device_memory: 80GiB, ", "")
    only = ("total_memory", "device_memory", "fits")

    def holds(row: dict[str, Any]) -> bool:
        half = row["total_memory"] <= row["device_memory"] / 2 or row["layers"] == 7
        return {"fits": row["fits"], "not fits": not row["fits"], "layers > 1000": False}.get(where, half)

    every = rows(swept(rules, vary, given, only=only))
    assert rows(swept(rules, vary, given, only=only, where=where)) == [row for row in every if holds(row)]


def test_a_row_that_a_check_refuses_has_no_values(write: Any) -> None:
    path = write(
        """
        inputs: {a: {type: integer, default: 1}}
        rules: {double: 2 * a}
        checks: {even: {when: a % 2 == 0, say: It is even., level: error}}
        """
    )
    made = swept(document.load(path), ["a=1..4"])
    assert [row["double"] for row in rows(made)] == [2, None, 6, None]
    assert made.counts["empty"] == 2
    assert "It is even." in made.reason


def test_a_default_that_is_out_of_bounds_has_no_value(write: Any) -> None:
    path = write(
        """
        inputs: {a: {type: integer, default: 1}, half: {type: integer, min: 1, max: 3, default: a / 2}}
        rules: {found: 10 * half}
        """
    )
    same(swept(document.load(path), ["a=-2..9"]))
    assert [row["found"] for row in rows(swept(document.load(path), ["a=1..8"]))] == [None, 10, None, 20, None, 30, None, None]


def test_presets_that_differ_in_numbers_are_one_axis() -> None:
    made = swept(
        document.load(RULES["transformer"]),
        ["device=h100-sxm,rtx-4090,a100-sxm-80gb", "batch_size=1..2"],
        "{model: gpt2, sequence_length: 9}",
    )
    assert len(made.parts) == 1
    assert [row["device"] for row in rows(made)] == ["h100-sxm"] * 2 + ["rtx-4090"] * 2 + ["a100-sxm-80gb"] * 2


FORMATS = ["--vary", "batch_size=1..3", "--vary", "attention_heads=3,32", "--vary", "mode=training,inference", "--only"]


def test_formats_hold_the_same(run: Run, tmp_path: Path) -> None:
    found = {}
    for ending in ("csv", "jsonl"):
        path = tmp_path / f"rows.{ending}"
        ran = run(*ASKED, *FORMATS, "total_memory,gradients,fits", "-o", str(path))
        assert (ran.code, ran.out) == (0, "")
        assert "12 of 12 rows" in ran.err
        found[ending] = path.read_text(encoding="utf-8")
    plain = [
        {name: None if value == "" else value if name == "mode" else json.loads(value) for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(found["csv"]))
    ]
    assert plain == [json.loads(line) for line in found["jsonl"].splitlines()]
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    assert run(*ASKED, *FORMATS, "total_memory,gradients,fits", "-o", str(path)).code == 0
    assert parquet.read_table(path).to_pylist() == plain


def test_parquet_keeps_what_is_over_64_bits(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made = swept(small(large="a * a", third="a / 3", truth="a > 5"), ["a=1,100000000000"])
    with open(tmp_path / "x.parquet", "wb") as file:
        run_grid(made, table.table(made, "parquet", file))
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"a": 1, "large": "1", "third≈": 1 / 3, "truth": False},
        {"a": 10**11, "large": str(10**22), "third≈": 10**11 / 3, "truth": True},
    ]


def run_grid(made: grid.Grid, into: table.Table) -> Any:
    return run_module.run(made, into, lambda _: True)


def test_stopping_keeps_what_was_finished(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    """Ctrl-C after the second block: two blocks are in the file, whole, and the exit code says that it was stopped."""
    blocks = grid.Grid.blocks

    def interrupted(self: grid.Grid) -> Any:
        for number, block in enumerate(blocks(self)):
            yield block
            if number == 1:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(grid, "CHUNK", 100)
    monkeypatch.setattr(grid.Grid, "blocks", interrupted)
    path = tmp_path / "rows.csv"
    ran = run(*ASKED, "--vary", "batch_size=1..1000", "--only", "total_memory", "-o", str(path))
    assert ran.code == 130
    assert "of 1,000 rows" in ran.err
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) in {201, 301}
    assert lines[-1].startswith(f"{len(lines) - 1},")
    assert lines[-1].count(",") == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_memory_does_not_grow_with_the_grid() -> None:
    """A grid of ten million million rows is begun at once."""
    made = swept(
        document.load(RULES["compute_gauge"]),
        ["batch_size=1..1000000", "sequence_length=1..1000000"],
        "{model: gpt2}",
        only=("total_memory",),
    )
    first = next(made.blocks())
    assert first.kept <= grid.CHUNK


def test_a_table_of_numbers_is_computed_as_columns() -> None:
    plan = Plan(document.load(RULES["compute_gauge"]))
    text = Text("inputs.yaml", "{mode: training, precision: int4}")
    given = presets.read_inputs(plan, source.parse(text), text, [])
    random = np.random.default_rng(5)
    names = ("batch_size", "sequence_length", "layers", "hidden_size", "attention_heads", "parameters")
    arrays = {name: random.integers(1, 10_000, 40_000) for name in names}
    found = columns.compute(plan, given, arrays, ["total_memory", "weights"])
    assert not found["total_memory"].empty.any()
    for row in (0, 1, 16_383, 16_384, 39_999):
        here = {name: evaluate.Given(int(column[row]), "given") for name, column in arrays.items()}
        values = evaluate.evaluate(plan, given | here)
        assert found["total_memory"].values[row] == values["total_memory"]
        assert found["weights"].values[row] == values["weights"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"batch_size": [1, 2], "layers": [1]}, "one length"),
        ({"batch_size": [0, 2]}, "at least 1"),
        ({"batch_size": [1.5, 2.0]}, "whole numbers"),
        ({"nothing": [1, 2]}, "nothing"),
        ({"batch_size": [1, 2]}, "missing"),
    ],
)
def test_columns_that_cannot_be_are_refused(arrays: dict[str, list[float]], message: str) -> None:
    plan = Plan(document.load(RULES["compute_gauge"]))
    with pytest.raises(errors.GaugeError, match=message):
        columns.compute(plan, {}, {name: np.array(values) for name, values in arrays.items()}, ["total_memory"])


def test_without_numpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    for name in [name for name in sys.modules if name.startswith("engine.sweep")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    ran = run(*ASKED, "--vary", "batch_size=1")
    assert ran.code == 2
    assert "pip install numpy (tqdm for a bar, pyarrow for Parquet)" in ran.err


@pytest.mark.parametrize(("vary", "expected"), [("mode=*", ["inference", "training"]), ("gradient_checkpointing=*", None)])
def test_every_word_of_a_choice(run: Run, vary: str, expected: list[str] | None) -> None:
    name = vary.partition("=")[0]
    choices = document.load(RULES["transformer"]).inputs[name].choices
    ran = run("sweep", RULES["transformer"], "--model", "gpt2", "--set", "sequence_length=9", "--vary", vary, "--only", "peak_memory")
    assert [row[name] for row in csv.DictReader(io.StringIO(ran.out))] == (expected or list(choices))


def test_words_outside_are_computed_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a combination held is given back when its rows are done, and begun anew when they come again."""
    monkeypatch.setattr(grid, "CHUNK", 5)
    same(swept(document.load(RULES["compute_gauge"]), ["layers=1..2", "mode=training,inference", "batch_size=1..12"], GIVEN))


def test_it_fits_as_eval_says(write: Any) -> None:
    """What stands beside the total counts with its low end, what has no value does not, and without a total nothing fits or does not."""
    path = write(
        """
        inputs: {a: {type: integer, default: 1}, lost: {type: number}, room: {type: number, default: 10}}
        rules: {total: {when: a > 2, formula: 2 * a}, low: a - 3, high: a, gone: lost * a}
        report: {total: total, budget: room, beside: [{title: x, low: low, high: high}, {title: y, low: gone, high: gone}]}
        """
    )
    rules = document.load(path)
    assert [row["fits"] for row in rows(swept(rules, ["a=1..6"]))] == [None, None, True, True, False, False]
    assert [row["headroom"] for row in rows(swept(rules, ["a=1..6"]))] == [None, None, 4, 2, 0, -2]
    assert [row["a"] for row in rows(swept(rules, ["a=1..6"], where="fits"))] == [3, 4]
    assert [row["room"] for row in rows(swept(rules, ["room=7..9"], "{a: 4}", where="fits"))] == [9]
    same(swept(rules, ["room=7..9", "a=-2..9"]))
