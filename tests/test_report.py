"""Answers as text: what adds up, what is escaped, the shape of the JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Run, run_cli, values_of
from engine import document, encode
from engine.breakdown import break_down
from engine.plan import Plan
from engine.report import cell
from engine.tables import escaped

Write = Callable[..., str]
Build = Callable[[str], Plan]

# ---------------------------------------------------------------- what a total is made of


@st.composite
def additive(draw: st.DrawFn) -> tuple[str, dict[str, int], list[str]]:
    """Rules that are sums and largest values of those before them, inputs, and some parts."""
    names = [f"i{index}" for index in range(draw(st.integers(1, 4)))]
    inputs = {name: draw(st.integers(0, 1000)) for name in names}
    lines = []
    for index in range(draw(st.integers(1, 7))):
        terms = draw(st.lists(st.sampled_from([*names, "7", "2 * i0", "i0 / 3"]), min_size=1, max_size=4))
        kind = draw(st.sampled_from(["sum", "max", "both", "choice", "less", "when", "maxes"]))
        formula = {
            "sum": " + ".join(terms),
            "max": f"max({', '.join(terms)})",
            "both": f"{terms[0]} + max({', '.join(terms)})",
            "choice": f"({' + '.join(terms)}) if i0 > 500 else {terms[-1]}",
            "less": f"{' + '.join(terms)} - {terms[0]}",
            "when": " + ".join(terms),
            "maxes": f"max({' + '.join(terms)}, {terms[0]} + {terms[-1]}, 5)",
        }[kind]
        when = ", when: i0 > 300" if kind == "when" else ""
        lines.append(f'  r{index}: {{formula: "{formula}"{when}}}\n')
        names.append(f"r{index}")
    parts = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    listed = ", ".join(parts)
    declared = "".join(f"  {name}: {{type: integer}}\n" for name in inputs)
    return f"report: {{total: {names[-1]}, parts: [{listed}]}}\ninputs:\n{declared}rules:\n{''.join(lines)}", inputs, parts


@given(additive())
@settings(max_examples=200)
def test_terms_add_up_to_the_total(tmp_path_factory: pytest.TempPathFactory, made: tuple[str, dict[str, int], list[str]]) -> None:
    text, inputs, _ = made
    path = tmp_path_factory.getbasetemp() / "additive.yaml"
    path.write_text(text, encoding="utf-8")
    plan = Plan(document.load(str(path)))
    values = values_of(plan, json.dumps(inputs))
    total = plan.document.report.total
    settings = [f"--set={name}={value}" for name, value in inputs.items()]
    if not values.has(total):
        assert total in json.loads(run_cli(["eval", str(path), *settings, "--format", "json"]).out)["not_applicable"]
        return
    breakdown = break_down(values, total, plan.document.report.parts)
    assert sum((term.value for term in breakdown.terms), Fraction(0)) == values.number(total)
    table = run_cli(["eval", str(path), *settings]).out
    shown = [
        re.fullmatch(r"(.*?)\s{2,}(-?[0-9,]+(?:\.[0-9]+)?(?:/[0-9,]+)?)(\s.*)?", line.rstrip())
        for line in table.split("\n\n")[0].splitlines()[2:]
    ]
    rows = [(row[1], Fraction(row[2].replace(",", ""))) for row in shown if row and "not at the peak" not in row.string]
    end = max(index for index, (label, value) in enumerate(rows) if label == total and (value or not values.number(total)))
    assert sum((value for _, value in rows[:end]), Fraction(0)) == rows[end][1] == values.number(total)


def test_a_diamond_of_sums_is_followed_once(build: Build) -> None:
    plan = build(
        "report: {total: r200}\nrules:\n  r0: '1'\n" + "".join(f"  r{index}: r{index - 1} + r{index - 1}\n" for index in range(1, 201))
    )
    (term,) = break_down(values_of(plan), "r200", ()).terms
    assert term.value == 2**200


def test_a_long_chain_of_sums(build: Build) -> None:
    plan = build("report: {total: r3000}\nrules:\n  r0: '1'\n" + "".join(f"  r{index}: r{index - 1} + 1\n" for index in range(1, 3001)))
    assert sum(term.value for term in break_down(values_of(plan), "r3000", ()).terms) == 3001


# ---------------------------------------------------------------- JSON

SHOP = """\
title: Shop
report: {total: total, budget: room, parts: [a, b, c]}
tables: {t: {columns: {size: {unit: byte}}, rows: {x: {size: 4}}}}
inputs:
  n: {type: integer, default: 3}
  room: {type: number, unit: byte, default: 100}
  mode: {type: choice, choices: [day, night], default: day}
  flag: {type: boolean, default: true}
  xs: {type: list, default: [1, 1/2, word]}
rules:
  a: {unit: byte, formula: n * t.x.size}
  b: {unit: byte, formula: a / 8}
  c: {unit: byte, when: mode == night, formula: a}
  total: {unit: byte, formula: a + b + c}
  fits: total <= room
  name: day if flag else night
  listed: xs
  huge: 10**60 * 10**60 * 10**60 * 10**60 * 10**60 * 10**60 / 7
"""


def test_json(write: Write, run: Run, tmp_path: Path) -> None:
    path = write(SHOP)
    (tmp_path / "inputs.yaml").write_text("n: 4\na: 17\n", encoding="utf-8")
    told = json.loads(run("eval", path, str(tmp_path / "inputs.yaml"), "--format", "json").out)
    assert told["values"]["a"] == 17
    assert told["values"]["b"] == 2.125
    assert (told["values"]["fits"], told["values"]["name"], told["values"]["listed"]) == (True, "day", [1, 0.5, "word"])
    assert "c" not in told["values"]
    assert told["units"]["a"] == "byte"
    assert told["exact"]["b"] == "17/8"
    assert told["exact"]["huge"] == f"{10**360}/7"
    assert "a" not in told["exact"]
    assert told["inputs"]["n"]["value"] == 4
    assert told["inputs"]["n"]["origin"] == "given"
    assert told["inputs"]["room"]["origin"] == "default"
    assert told["not_applicable"] == ["c"]
    assert told["overridden"] == ["a"]
    assert told["warnings"] == []
    assert told["fits"] is True
    assert told["headroom"] == 80.875
    assert sum(Fraction(str(part["value"])) for part in told["parts"]) == Fraction(17) + Fraction(17, 8)


def test_json_keeps_whole_numbers(write: Write, run: Run) -> None:
    told = run("eval", write("rules: {r: 2**53 + 1}\n"), "--format", "json").out
    assert json.loads(told)["values"]["r"] == 2**53 + 1


@pytest.mark.parametrize(("room", "fits", "headroom", "code"), [("14", True, 0.5, 0), ("13", False, -0.5, 1), ("27/2", True, 0, 0)])
def test_fits(write: Write, run: Run, room: str, fits: bool, headroom: float, code: int) -> None:
    path = write(SHOP)
    done = run("eval", path, "--set", f"room={room}", "--check", "--format", "json")
    told = json.loads(done.out)
    assert (done.code, told["fits"], told["headroom"]) == (code, fits, headroom)
    assert run("eval", path, "--set", f"room={room}").code == 0


def test_json_of_what_was_asked(write: Write, run: Run) -> None:
    told = json.loads(run("eval", write(SHOP), "--only", "b,fits", "--format", "json").out)
    assert set(told["values"]) == {"b", "fits"}


# ---------------------------------------------------------------- what comes from a file is made safe

CELLS = [
    # text, as a cell
    ("weights", "weights"),
    ("12", "12"),
    ("-12", "-12"),
    ("-1/2", "-1/2"),
    ("-", "-"),
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("@sum", "'@sum"),
    ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ("-x", "'-x"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
]


@pytest.mark.parametrize(("text", "wanted"), CELLS)
def test_cells(text: str, wanted: str) -> None:
    assert cell(text) == wanted


MARKDOWN = [
    ("plain words 1,000", "plain words 1,000"),
    ("a_b", "a_b"),
    ("a|b", "a\\|b"),
    ("`x`", "\\`x\\`"),
    ("*x*", "\\*x\\*"),
    ("[x](y)", "\\[x\\](y)"),
    ("<script>", "&lt;script&gt;"),
    ("&lt;", "&amp;lt;"),
    ("\\|", "\\\\\\|"),
    ("# x", "\\# x"),
]


@pytest.mark.parametrize(("text", "wanted"), MARKDOWN)
def test_markdown(text: str, wanted: str) -> None:
    assert escaped(text) == wanted


PAYLOADS = [
    "<script>alert(1)</script>",
    "=cmd|'/C calc'!A0",
    "-2+3+cmd|'/C calc'!A0",
    "+1",
    "@x",
    "a | b | `c`",
    "\\x1b]0;x\\x07",
    "\\x9b31m",
    "a\\rb",
    "a\\u202eb",
    "a\\u2028b",
    "a\\tb",
    "%s {0}",
    '\\"\\"',
]
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_labels_are_harmless(write: Write, run: Run, payload: str, form: str) -> None:
    path = write(
        f'title: "{payload}"\nreport: {{total: r, parts: [a]}}\n'
        f'inputs: {{k: {{type: choice, choices: ["{payload}", other], '
        f'default: "{payload}", title: "{payload}"}}, xs: {{type: list, default: ["{payload}"]}}}}\n'
        f'rules:\n  a: {{formula: "1 + 1", title: "{payload}"}}\n  r: {{formula: "a + length(xs)", title: "{payload}"}}\n'
        f'  w: {{formula: k, doc: "{payload}"}}\n  l: {{formula: xs}}\n'
        f'checks: {{c: {{when: "r > 0", say: "{payload}"}}}}\n'
    )
    done = run("eval", path, "--format", form)
    if done.code == 2:  # a word may be refused as a whole
        assert not RAW.search(done.err.replace("\n", ""))
        return
    assert not RAW.search(done.out.replace("\n", ""))
    if form == "csv":
        for row in csv.reader(io.StringIO(done.out)):
            assert all(text[:1] not in set("=+@\t\r") and (text[:1] != "-" or re.fullmatch(r"-[0-9/]*", text)) for text in row), row
    if form == "markdown":
        assert "<script>" not in done.out
    if form == "json":
        json.loads(done.out)


def test_markdown_tables_keep_their_columns(write: Write, run: Run) -> None:
    out = run(
        "eval", write("rules:\n  a: {formula: 1 + 1, title: 'x | y'}\n  b: {formula: 2 + 2, title: '`z` \\'}\n"), "--format", "markdown"
    ).out
    lines = [line for line in out.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}


def test_csv_values(write: Write, run: Run) -> None:
    rows: list[list[Any]] = list(csv.reader(io.StringIO(run("eval", write(SHOP), "--format", "csv").out)))
    assert rows[0] == ["name", "value", "unit", "title"]
    assert {name: value for name, value, *_ in rows[1:6]} == {"a": "12", "b": "3/2", "c": "-", "total": "27/2", "fits": "true"}


def test_a_unit_that_is_not_declared_is_derived(tmp_path: Path) -> None:
    rules = tmp_path / "r.yaml"
    rules.write_text(
        "inputs: {a: {type: number, unit: byte, default: 4096}}\nrules: {t: 2 * a, n: a / a}\nreport: {total: t, parts: [a]}\n"
    )
    assert json.loads(run_cli(["eval", str(rules), "--format", "json"]).out)["units"] == {"t": "byte"}
    assert "8.00 KiB" in run_cli(["eval", str(rules)]).out


# ---------------------------------------------------------------- what is known only as a range

RANGED = """\
report:
  total: total
  budget: room
  beside:
    - {title: Extra, low: least, high: most}
    - {title: More, low: fewer, high: many}
inputs:
  n: {type: integer, min: 1, max: 100, default: 10}
  room: {unit: byte, type: number}
  much: {type: boolean, default: false}
  unsaid: {type: number}
tables: {of: {columns: {bytes: {unit: byte}}, rows: {one: {bytes: 1}}}}
rules:
  total: {title: Total, unit: byte, formula: n * of.one.bytes}
  least: 3 * of.one.bytes
  most: 8 * of.one.bytes
  fewer: {when: much, formula: 2 * of.one.bytes}
  many: {when: much, formula: 2 * of.one.bytes}
"""
VERDICTS = [
    # room, more, fits, at the high end too, parts of the text
    ("18", "false", True, True, ["fits: headroom 8 B (8), 55.6 % used; 5 B left at the low end, 0 B left at the high end"]),
    ("17", "false", True, False, ["fits, unless at the high end of: Extra: headroom 7 B (7)", "4 B left at the low end, 1 B short"]),
    ("13", "false", True, False, ["fits, unless", "0 B left at the low end"]),
    ("12", "false", False, False, ["DOES NOT FIT: headroom 2 B (2), 83.3 % used; 1 B short at the low end, 6 B short at the high end"]),
    ("9", "false", False, False, ["DOES NOT FIT: short by 1 B (1)"]),
    ("19", "true", True, False, ["unless at the high end of: Extra and More", "More, not in the total: 2 B (2)"]),
    ("20", "true", True, True, ["fits: headroom 10 B"]),
    ("", "false", None, None, ["Extra, not in the total: 3 B to 8 B (3 to 8)"]),
]  # fmt: skip


@pytest.mark.parametrize(("room", "much", "fits", "high", "said"), VERDICTS)
def test_ranges_beside_the_total(
    write: Write, run: Run, room: str, much: str, fits: bool | None, high: bool | None, said: list[str]
) -> None:
    path = write(RANGED)
    options = [f"--set=much={much}", *([f"--set=room={room}"] if room else [])]
    for form in ("table", "markdown"):
        shown = run("eval", path, *options, "--format", form).out
        for part in ["Extra, not in the total: ", *said]:
            assert part in shown
    told = json.loads(run("eval", path, *options, "--format=json").out)
    assert (told["fits"], told["fits_at_high_end"], told["values"]["total"]) == (fits, high, 10)
    ranges = [{"title": "Extra", "low": 3, "high": 8}, {"title": "More", "low": 2, "high": 2}]
    assert told["ranges"] == ranges[: 2 if much == "true" else 1]
    assert run("eval", path, *options, "--check").code == (1 if fits is False else 0)


def test_a_range_that_is_not_known_is_not_told(write: Write, run: Run) -> None:
    told = json.loads(run("eval", write(RANGED.replace("most: 8", "most: unsaid")), "--set=room=10", "--format=json").out)
    assert (told["fits"], told["fits_at_high_end"], told["ranges"]) == (True, True, [])


def test_solve_says_what_is_not_counted(write: Write, run: Run) -> None:
    done = run("solve", write(RANGED), "--for=n", "--set=room=50")
    assert (done.code, "Extra is not in total: 3 B to 8 B" in done.out) == (0, True)
    assert "Extra" not in run("solve", write(RANGED), "--for=n", "--set=room=50", "--target=least").out


WRONG_RANGES = [
    ("low: least, high: nosuch", "there is no rule `nosuch`"),
    ("low: least", "high"),
    ("low: least, high: n", "`n` stands beside `total`, which is byte, and is a plain number"),
    ("low: least, high: much", "`much` is not a number"),
    ("low: least, high: most, when: much", "when"),
]


@pytest.mark.parametrize(("ends", "said"), WRONG_RANGES)
def test_wrong_ranges(write: Write, run: Run, ends: str, said: str) -> None:
    done = run("eval", write(RANGED.replace("low: least, high: most", ends)))
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"a": {}, "b": [], "c": [[], {}, ()]},
        {
            "a": [1, -2, 10**40, True, False, None, 0.5, -1e300, 1e-7, 3.0],
            'quote " and \\ and \n \x00 \x7f': "é \u2028 \U0001f600 </script>",
        },
        [{"x": [{"y": ({"z": 1},)}]}, "", "tail"],
        "text",
        None,
    ],
)
def test_json_is_that_of_json(content: Any) -> None:
    assert encode.to_json(content) == json.dumps(content, indent=2) + "\n"


@pytest.mark.parametrize("content", [float("nan"), [float("inf")], {"a": {1, 2}}, {"a": 1j}])
def test_what_json_has_no_words_for(content: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        encode.to_json(content)
