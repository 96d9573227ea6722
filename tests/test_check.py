"""What `check` proves and finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conftest import Run
from engine.check import check

Write = Callable[..., str]

CASES = [
    # cases, part of the problem ("" when all is well)
    ("[{when: m == a, formula: 1}, {when: m == b, formula: 2}, {when: m == c, formula: 3}]", ""),
    ("[{when: m == a, formula: 1}, {otherwise: 2}]", ""),
    ("[{when: m == a, formula: 1}, {when: m != a, formula: 2}]", ""),
    ("[{when: flag and m == a, formula: 1}, {when: not flag and m == a, formula: 2}, {when: m != a, formula: 3}]", ""),
    ("[{when: k.wide, formula: 1}, {when: not k.wide, formula: 2}]", ""),
    ("[{when: n > 3, formula: 1}, {otherwise: 2}]", ""),
    ("[{when: n > 3, formula: 1}, {when: n > 2, formula: 2}, {otherwise: 3}]", ""),
    ("[{when: m == a, formula: 1}]", "no case of `r` applies to m = b"),
    ("[{when: m == a, formula: 1}, {when: m == b, formula: 2}]", "no case of `r` applies to m = c"),
    (
        "[{when: flag, formula: 1}, {when: m == a, formula: 2}, {otherwise: 3}]",
        "two cases of `r` apply to flag = true, m = a (lines 8 and 8)",
    ),
    ("[{when: m == a, formula: 1}, {when: m == a, formula: 2}, {otherwise: 3}]", "two cases of `r` apply to m = a"),
    ("[{when: m == a and m == b, formula: 1}, {otherwise: 3}]", "this case of `r` never applies"),
    ("[{when: false, formula: 1}, {otherwise: 3}]", "this case of `r` never applies"),
    ("[{when: n > 3, formula: 1}, {when: n <= 3, formula: 2}]", "depend on numbers"),
    ("[{when: m == a, formula: 1}, {when: n > 3, formula: 2}]", "depend on numbers"),
    ("[{when: 1 / 0 == 1, formula: 1}, {otherwise: 2}]", "division by zero"),
]


@pytest.mark.parametrize(("cases", "said"), CASES)
def test_cases(write: Write, cases: str, said: str) -> None:
    path = write(
        "tables: {t: {columns: {wide: {type: boolean}}, rows: {x: {wide: true}, y: {wide: false}}}}\n"
        "inputs:\n  m: {type: choice, choices: [a, b, c], default: a}\n  k: {type: choice, choices: t, default: x}\n"
        f"  flag: {{type: boolean, default: true}}\n  n: {{type: integer, default: 3}}\nrules: {{r: {{cases:\n    {cases}}}}}\n"
    )
    found = check(path)
    assert found.cases == 1
    if not said:
        assert not found.problems
        return
    (problem,) = found.problems
    assert said in problem.message
    assert problem.place is not None


def test_a_rule_that_does_not_apply_needs_no_case(write: Write) -> None:
    head = "inputs: {m: {type: choice, choices: [a, b, c], default: a}}\nrules:\n  r:\n"
    assert not check(write(head + "    when: m != c\n    cases: [{when: m == a, formula: 1}, {when: m == b, formula: 2}]\n")).problems
    assert check(write(head + "    when: m != b\n    cases: [{when: m == a, formula: 1}, {when: m == b, formula: 2}]\n")).problems


def test_too_many_combinations(write: Write) -> None:
    inputs = "".join(f"  f{index}: {{type: boolean, default: true}}\n" for index in range(30))
    condition = " and ".join(f"f{index}" for index in range(30))
    (problem,) = check(write(f"inputs:\n{inputs}rules: {{r: {{cases: [{{when: {condition}, formula: 1}}, {{otherwise: 2}}]}}}}\n")).problems
    assert "1,073,741,824 combinations" in problem.message


EXAMPLES = [
    # an example, part of the problem ("" when all is well)
    ("{given: {n: 3}, expect: 6}", ""),
    ("{given: {n: 3, flag: true}, expect: 6}", ""),
    ("{given: {n: 3, flag: false}, expect: '-'}", ""),
    ("{given: {n: 1/2}, expect: 1}", "whole number"),
    ("{given: {half: 7}, expect: 14}", ""),
    ("{given: {n: 3}, expect: 7}", "expects 7, and the formula gives 6"),
    ("{given: {n: 3}, expect: '-'}", "expects - (not applicable), and the formula gives 6"),
    ("{given: {n: 3, flag: false}, expect: 6}", "the formula gives - (not applicable)"),
    ("{given: {n: 3}, expect: true}", "expects true, and the formula gives 6"),
    ("{given: {}, expect: 6}", "a value is missing: `n`"),
    ("{given: {m: 3}, expect: 6}", "unknown input `m`"),
    ("{given: {n: 0}, expect: 6}", "at least 1"),
    ("{given: {n: 3, r: 6}, expect: 6}", "gives `r` itself"),
]


@pytest.mark.parametrize(("text", "said"), EXAMPLES)
def test_examples(write: Write, text: str, said: str) -> None:
    found = check(
        write(
            "inputs: {n: {type: integer, min: 1}, flag: {type: boolean, default: true}}\n"
            f"rules:\n  half: {{formula: n}}\n  r:\n    when: flag\n    formula: 2 * half\n    examples:\n      - {text}\n"
        )
    )
    assert found.examples == 1
    if not said:
        assert not found.problems, found.problems[0]
        return
    (problem,) = found.problems
    assert problem.message.startswith("example of `r`: ") or said.startswith("gives")
    assert said in problem.message
    assert problem.place is not None
    assert problem.place.line == 8


@pytest.mark.parametrize(
    ("formula", "text", "fine"),
    [
        ("n > 2", "{given: {n: 3}, expect: true}", True),
        ("n > 2", "{given: {n: 3}, expect: 1}", False),
        ("big if n > 2 else small", "{given: {n: 3}, expect: big}", True),
        ("big if n > 2 else small", "{given: {n: 3}, expect: small}", False),
        ("n / 4", "{given: {n: 3}, expect: 3/4}", True),
        ("n / 4", "{given: {n: 3}, expect: 0.75}", True),
        ("n / 4", "{given: {n: 3}, expect: 0.7}", False),
    ],
)
def test_examples_of_other_kinds(write: Write, formula: str, text: str, fine: bool) -> None:
    path = write(
        f"inputs: {{n: {{type: integer}}, k: {{type: choice, choices: [big, small], default: big}}}}\n"
        f"rules: {{r: {{formula: {formula}, examples: [{text}]}}}}\n"
    )
    assert (not check(path).problems) is fine


def test_warnings_are_errors(write: Write, run: Run) -> None:
    path = write("rules:\n  r: {unit: byte, formula: 3 * 4}\n")
    assert run("eval", path).code == 0
    done = run("check", path)
    assert (done.code, "taken as byte" in done.err, "warning:" in done.err) == (2, True, False)


PRESETS = "inputs: {n: {type: integer, min: 1}}\nrules: {r: 2 * n}\npresets: {kind: {from: kinds.yaml, through: foreign, by: form}}\n"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("{a: {values: {n: 3}, expect: {r: 6}}}", []),
        ("{a: {values: {n: 3}, expect: {r: 7, other: 9}}}", ["kinds.yaml:1:43: kind `a`: its published `r` is 7, and the rules give 6"]),
        ("{a: {values: {n: 0}}, b: {values: {n: 3}, expect: {r: 7}}}", ["kind `a`: `n` is at least 1", "kind `b`: its published `r`"]),
        ("{a: {values: {}, expect: {r: 6}}}", ["kind `a`", "`n`"]),
        ("{a: {config: {form: old, z: 3}, expect: {r: 6}}}", []),
        ("{a: {config: {form: old, z: 3}, expect: {r: 7}}}", ["its published `r` is 7, and the rules give 6"]),
        ("{a: {config: {form: old}}}", ["kind `a`", "`z`"]),
        ("{a: {config: {form: new}}}", ["kind `a`: no translation reads form `new`"]),
    ],
)
def test_presets_against_their_totals(write: Write, run: Run, entries: str, said: list[str]) -> None:
    done = run(
        "check",
        write(
            PRESETS,
            **{"kinds.yaml": f"presets: {entries}\n", "foreign/old.yaml": "reads: [old]\ninputs: {z: {type: integer}}\nrules: {n: z}\n"},
        ),
    )
    assert done.code == (2 if said else 0), done.err
    for part in said:
        assert part in done.err


@pytest.mark.parametrize(
    ("translation", "said"),
    [
        ("reads: [new]\nrules: {n: 1 +}\n", "not a formula"),
        ("reads: [new]\nrules: {n: nosuch}\n", "unknown name"),
        ("reads: [old]\nrules: {n: '1'}\n", "both read `old`"),
        ("reads: [new]\nrules: {n: '1', r: 1 < 2}\n", "`r` of a translation gives a truth value, and `r` of the rules is a number"),
        (
            "reads: [new]\ninputs: {m: {type: choice, choices: [a, b]}}\nrules: {n: {cases: [{when: m == a, formula: 1}]}}\n",
            "no case of `n` applies to m = b",
        ),
    ],
)
def test_translations_are_checked(write: Write, run: Run, translation: str, said: str) -> None:
    files = {"kinds.yaml": "presets: {}\n", "foreign/old.yaml": "reads: [old]\nrules: {n: '1'}\n", "foreign/new.yaml": translation}
    done = run("check", write(PRESETS, **files))
    assert (done.code, said in done.err) == (2, True), done.err


def test_several_files(write: Write, run: Run) -> None:
    good, bad = write("rules: {r: 1 + 1}\n", "good.yaml"), write("rules: {r: 1 +}\n", "bad.yaml")
    done = run("check", good, bad)
    assert done.code == 2
    assert [line.rsplit(": ", 1)[1] for line in done.out.splitlines()] == ["all good", "1 problem"]
    assert run("check", good, "--quiet") == (0, "", "")
