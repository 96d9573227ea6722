"""Facts beside rules: what is read, how near the rules come, what is told of a bad file."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from conftest import ROOT, Run
from engine import facts
from engine.document import load
from engine.errors import FileError
from engine.plan import Plan

Write = Callable[..., str]

RULES = """\
presets:
  shape: {from: shapes, through: foreign, by: kind}
inputs:
  width: {type: integer, min: 1}
  height: {type: integer, min: 1, default: 3}
  mode: {type: choice, choices: [day, night], default: day}
rules:
  area: {formula: width * height, unit: byte}
  lamps: {when: mode == night, formula: width}
  twice: 2 * area
  word: {formula: mode}
"""
FOREIGN = "reads: [box]\ninputs: {w: {type: integer}}\nrules: {width: w}\n"


@pytest.fixture
def compared(write: Write) -> Callable[[str], facts.Agreement]:
    """What comes of facts, given as the text of one file."""

    def compare(lines: str) -> facts.Agreement:
        rules = write(RULES, **{"foreign/box.yaml": FOREIGN, "shapes/wide.yaml": "values: {width: 9}\n"})
        write('{"kind": "box", "w": 4}', "truth/configs/box.json", **{"truth/configs/ball.json": '{"kind": "ball"}'})
        write(lines, "truth/areas.jsonl")
        return facts.compare(Plan(load(rules)), str(Path(rules).parent / "truth"))

    return compare


def line(name: str, expect: object, **more: object) -> str:
    return json.dumps({"id": name, "given": {"width": 5}, "expect": expect, **more}) + "\n"


MET = [
    # the fact, the relative error
    ({"expect": {"area": 15}}, 0),
    ({"expect": {"area": "15"}}, 0),
    ({"expect": {"area": 12}}, Fraction(1, 4)),
    ({"expect": {"area": [10, 20]}}, 0),
    ({"expect": {"area": [16, 20]}}, Fraction(1, 16)),
    ({"expect": {"area": [5, 10]}}, Fraction(1, 2)),
    ({"expect": {"area": 12}, "given": {}, "config": "box.json"}, 0),
    ({"expect": {"area": 6}, "given": {"height": 2, "width": 3}, "config": "box.json"}, 0),
    ({"expect": {"area": 27}, "given": {"shape": "wide"}}, 0),
    ({"expect": {"twice": 14}, "given": {"area": 7}}, 0),
    ({"expect": {"lamps": None}}, 0),
    ({"expect": {"lamps": 0}}, 0),
    ({"expect": {"lamps": 5}}, 1),
    ({"expect": {"area": None}}, 1),
    ({"expect": {"word": "day"}}, 0),
    ({"expect": {"word": "night"}}, 1),
    ({"expect": {"height": 3}}, 0),
]


@pytest.mark.parametrize(("fact", "error"), MET, ids=str)
def test_a_fact_is_held_against_the_rules(compared: Callable[[str], facts.Agreement], fact: dict[str, object], error: Fraction) -> None:
    (finding,) = compared(json.dumps({"id": "x", "given": {"width": 5}, **fact})).findings
    assert (finding.problem, finding.error) == (None, error)


NOT_COMPUTED = [
    ({"expect": {"aera": 15}}, "there is no rule `aera`"),
    ({"expect": {"area": 15}, "given": {}}, "a value is missing: `width`"),
    ({"expect": {"area": 15}, "given": {"width": 0}}, "at least 1"),
    ({"expect": {"area": 15}, "given": {"breadth": 5}}, "unknown input `breadth`"),
    ({"expect": {"area": 15}, "given": {"area": 15}}, "the fact gives `area` itself"),
    ({"expect": {"area": 15}, "given": {"shape": "narrow"}}, "unknown shape `narrow`"),
    ({"expect": {"area": 15}, "config": "ball.json"}, "no translation reads kind `ball`"),
    ({"expect": {"area": 15}, "config": "none.json"}, "cannot be read"),
    ({"expect": {"word": "evening"}}, "is one of day, night"),
]


@pytest.mark.parametrize(("fact", "said"), NOT_COMPUTED, ids=str)
def test_what_cannot_be_computed_is_a_finding(compared: Callable[[str], facts.Agreement], fact: dict[str, object], said: str) -> None:
    found = compared(json.dumps({"id": "x", "given": {"width": 5}, **fact}))
    (finding,) = found.findings
    assert finding.problem
    assert said in finding.problem.message
    assert not found.held
    assert found.misses == [finding]


def test_rows(compared: Callable[[str], facts.Agreement]) -> None:
    lines = "".join(line(f"f{width}", {"area": 300}, given={"width": width}) for width in range(91, 101))
    (row,) = compared(lines + line("of both", {"area": 15}, group=["near", "far"]).replace("\n", "")).rows[:1]
    assert (row.kind, row.group, row.figure, len(row.findings)) == ("areas", "", "area", 10)
    assert row.median == Fraction(27 + 30, 2 * 600) - Fraction(1, 400)  # 91 to 100 of 100: 0 to 9 in a hundred off
    assert (row.ninetieth, row.worst) == (Fraction(8, 100), Fraction(9, 100))


def test_groups(compared: Callable[[str], facts.Agreement]) -> None:
    lines = line("a", {"area": 15}, group=["near", "all"]) + line("b", {"area": 10, "twice": 30}, group="all")
    assert [(row.group, row.figure, len(row.findings)) for row in compared(lines).rows] == [
        ("near", "area", 1),
        ("all", "area", 2),
        ("all", "twice", 1),
    ]


HELD = [
    # tolerance, bar, whether it is held: facts that are 0, 1/4 and 1/2 off
    ({}, {}, True),
    ({"tolerance": 0}, {}, False),
    ({"tolerance": 0.5}, {}, True),
    ({"tolerance": "50%"}, {}, True),
    ({"tolerance": 0.4}, {}, False),
    ({}, {"worst": 0.5}, True),
    ({}, {"worst": 0}, False),
    ({"tolerance": 1}, {"worst": 0.25}, False),
    ({}, {"median": 0.25}, True),
    ({}, {"median": "20%"}, False),
    ({}, {"median": 0.25, "worst": 0.3}, False),
]


@pytest.mark.parametrize(("own", "bar", "held"), HELD, ids=str)
def test_what_is_held(compared: Callable[[str], facts.Agreement], own: dict[str, object], bar: dict[str, object], held: bool) -> None:
    asked = json.dumps({"bar": {"facts": "areas", "figure": "area"}, **bar}) + "\n" if bar else ""
    lines = "".join(line(f"f{area}", {"area": area}, **own) for area in (15, 12, 10))
    assert compared(asked + lines).held == held


BAD = [
    # the second line of the file, what is said, the column
    ('{"id": "x"', "not JSON", 1),
    ("[1]", "a line is a map", 1),
    ("nonsense", "a line is a map", 1),
    ('{"id": "x"}', "expect", 1),
    ('{"expect": {"area": 1}}', "id", 1),
    ('{"id": "x", "expect": {}}', "at least one rule", 13),
    ('{"id": "x", "expect": {"area": {}}}', "one value, null, or the least and the most", 24),
    ('{"id": "x", "expcet": {"area": 1}}', "did you mean `expect`", 13),
    ('{"id": "x", "expect": {"area": 1}, "config": "../x.json"}', "without a folder", 46),
    ('{"id": "x", "expect": {"area": 1}, "expect": {"area": 2}}', "a second time", 36),
    ('{"id": "first", "expect": {"area": 1}}', "`first` stands here a second time; the first is in line 1", 1),
    ('{"id": "x", "expect": {"area": 1}, "tolerance": "much"}', "tolerance", 49),
    ('{"id": "x", "expect": {"area": 1}, "tolerance": -1}', "at least 0", 49),
    ('{"id": "x", "expect": {"area": 1}, "given": {"Width": 1}}', "a name is lower-case", 46),
    ('{"bar": {"facts": "circles"}, "worst": 0}', "there are no facts `circles`", 1),
    ('{"bar": {"figure": "area"}, "worst": 0}', "facts", 2),
    ('{"bar": {"facts": "areas"}, "wrost": 0}', "did you mean `worst`", 29),
    ('{"id": "x", "expect": {"area": ' + "[" * 60, "levels of nesting", 80),
]


@pytest.mark.parametrize(("second", "said", "column"), BAD, ids=[each[0][:60] for each in BAD])
def test_a_bad_file_is_told_with_its_place(compared: Callable[[str], facts.Agreement], second: str, said: str, column: int) -> None:
    with pytest.raises(FileError) as raised:
        compared(line("first", {"area": 15}) + second + "\n")
    problem = raised.value.problems[0]
    assert problem.place
    assert problem.place.text.name.endswith("areas.jsonl")
    assert said in f"{problem.message} {problem.hint}"
    assert (problem.place.line, problem.place.column) == (2, column)


def test_a_folder_without_facts(write: Write) -> None:
    plan = Plan(load(write("rules: {x: 1}\n")))
    for folder in (Path(plan.document.path).parent, ROOT / "nowhere"):
        with pytest.raises(FileError):
            facts.compare(plan, str(folder))


@pytest.fixture
def rules(write: Write) -> str:
    """A rules file with facts where `check --truth` looks for them: beside the folder it is in."""
    path = write(RULES, "rules/areas.yaml", **{"rules/shapes/wide.yaml": "values: {width: 9}\n", "rules/foreign/box.yaml": FOREIGN})
    lines = line("met", {"area": 15}, tolerance=0) + line("=1+1", {"area": 10}, tolerance=0) + line("odd", {"aera": 1}, group="a|b")
    write(lines, "tests/truth/areas.jsonl")
    write(line("met", {"area": 15}, tolerance=0), "other/few.jsonl")
    return path


def test_check_truth(run: Run, rules: str) -> None:
    done = run("check", rules, "--truth")
    assert (done.code, done.err) == (1, "")
    assert "50 %" in done.out
    assert "there is no rule `aera`" in done.out
    assert run("check", "--truth", rules).out == done.out
    other = str(Path(rules).parent.parent / "other")
    for arguments in ([rules, "--truth", other], ["--truth", other, rules], [rules, f"--truth={other}"]):
        assert run("check", *arguments).code == 0
    assert "missed" not in run("check", rules, "--truth", "--quiet").out.split("\n", 2)[2]
    assert "1 misses." in run("check", rules, "--truth", "--misses", "0").out


def test_check_truth_for_programs(run: Run, rules: str) -> None:
    found = json.loads(run("check", rules, "--truth", "--format", "json").out)
    assert (found["held"], found["rows"][0]["records"], found["rows"][0]["worst"]) == (False, 2, 0.5)
    assert [miss["record"] for miss in found["misses"]] == ["=1+1", "odd"]
    rows = run("check", rules, "--truth", "--format", "csv").out.splitlines()
    assert rows[1:3] == ["areas,,met,area,15,15,0,yes,", "areas,,'=1+1,area,10,15,0.5,no,"]
    assert "a\\|b" in run("check", rules, "--truth", "--format", "markdown").out


def test_check_truth_where_there_is_none(run: Run, write: Write) -> None:
    done = run("check", write("rules: {x: 1}\n"), "--truth")
    assert (done.code, done.out) == (2, "")
    assert "--truth DIR" in done.err
    assert run("check", write("rules: {x: 1}\n"), "--format", "json").code == 2
