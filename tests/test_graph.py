"""Who needs whom: unknown names, circles, long chains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conftest import values_of
from engine.errors import RulesError
from engine.plan import Plan

Build = Callable[[str], Plan]


def messages(build: Build, text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        build(text)
    return [str(problem) for problem in caught.value.problems]


CIRCLES = [
    # rules, each hop
    ("rules:\n  a: a\n", ["`a` needs `a` (F:2)"]),
    ("rules:\n  a: b\n  b: a + 1\n", ["`a` needs `b` (F:2)", "`b` needs `a` (F:3)"]),
    (
        (
            "rules:\n  a: b\n  b:\n    when: c > 1\n    formula: '1'\n  c:\n"
            "    cases:\n      - {when: a == 1, formula: 1}\n      - {otherwise: 2}\n"
        ),
        ["`a` needs `b` (F:2)", "`b` needs `c` (F:4)", "`c` needs `a` (F:8)"],
    ),
    ("inputs:\n  a: {type: integer, default: r}\nrules:\n  r: a\n", ["`a` needs `r` (F:2)", "`r` needs `a` (F:4)"]),
    (
        (
            "tables: {t: {columns: {c: {}}, rows: {u: {c: 1}}}}\ninputs:\n"
            "  k: {type: choice, choices: t, default: u if r > 0 else u}\nrules:\n  r: k.c\n"
        ),
        ["`k` needs `r` (F:3)", "`r` needs `k` (F:5)"],
    ),
]


@pytest.mark.parametrize(("text", "hops"), CIRCLES)
def test_circles(build: Build, tmp_path: object, text: str, hops: list[str]) -> None:
    (said,) = messages(build, text)
    assert "these go in a circle:" in said
    assert [line.strip() for line in said.replace(f"{tmp_path}/rules.yaml", "F").splitlines() if " needs " in line] == hops


def test_two_circles_are_told_at_once(build: Build) -> None:
    assert len(messages(build, "rules:\n  a: b\n  b: a\n  c: d\n  d: c\n")) == 2


def test_a_long_circle_is_told_in_short(build: Build) -> None:
    (said,) = messages(build, "rules:\n" + "".join(f"  r{index}: r{(index + 1) % 3000}\n" for index in range(3000)))
    assert "… 2989 more …" in said
    assert len(said) < 3000


UNKNOWN = [
    # formula, part of the message or hint
    ("widht", "did you mean `width`?"),
    ("zzz", "unknown name `zzz`"),
    ("zzz", "define it under `inputs:` or `rules:`"),
    ("mod == day", "did you mean `mode`"),
    ("1 if mode == dya else 2", "did you mean `day`"),
    ("shades.row.c", "did you mean `shade`"),
    ("shade.lihgt.c", "the table `shade` has no row `lihgt`"),
    ("shade.light.cc", "the table `shade` has no column `cc`"),
    ("shade.c", "does not say which row"),
    ("tone.light.c", "`tone` picks the row: write `tone.c`"),
    ("tone.d", "has no column `d`"),
    ("width.c", "`width` is not a row of a table"),
    ("mode.c", "`mode` is not a row of a table"),
    ("shade", "shade"),
    ("day", "day"),
]


@pytest.mark.parametrize(("formula", "said"), UNKNOWN[:-1])
def test_unknown_names(build: Build, formula: str, said: str) -> None:
    head = (
        "inputs:\n  width: {type: integer}\n  mode: {type: choice, choices: [day, night]}\n"
        "  tone: {type: choice, choices: shade}\ntables: {shade: {columns: {c: {}}, rows: {light: {c: 1}, dark: {c: 2}}}}\n"
    )
    found = messages(build, f"{head}rules:\n  r: {formula}\n")
    assert said in found[0]
    assert ":7:" in found[0]


def test_every_unknown_name_is_told(build: Build) -> None:
    assert len(messages(build, "rules:\n  r: aa + bb * aa\n  s: {when: cc > 1, formula: dd}\nchecks: {k: {when: ee > 1, say: x}}\n")) >= 5


def test_a_chain_of_5000_rules(build: Build) -> None:
    plan = build("rules:\n  r0: '1'\n" + "".join(f"  r{index}: r{index - 1} + 1\n" for index in range(1, 5000)))
    assert values_of(plan)["r4999"] == 5000


def test_the_same_chain_backwards(build: Build) -> None:
    plan = build("rules:\n" + "".join(f"  r{index}: r{index - 1} + 1\n" for index in range(4999, 0, -1)) + "  r0: '1'\n")
    assert values_of(plan)["r4999"] == 5000


def test_order_and_neighbours(build: Build) -> None:
    graph = build(
        "inputs: {a: {type: integer}, b: {type: integer, default: a}}\nrules:\n  r: s + b\n  s: {when: a > 1, formula: 2 * a}\n"
    ).graph
    assert graph.order.index("a") < graph.order.index("b") < graph.order.index("r")
    assert graph.order.index("s") < graph.order.index("r")
    assert set(graph.needs["r"]) == {"s", "b"}
    assert set(graph.users["a"]) == {"b", "s"}
    assert graph.ancestors(["s"]) == {"s", "a"}
    assert graph.descendants(["b"]) == {"b", "r"}
