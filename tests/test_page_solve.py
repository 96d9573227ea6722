"""The page solves as the engine does: the same questions to both, in a real browser, and the same answers to the last digit."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_structure import entry_files

from conftest import ROOT
from engine import presets, source
from engine.document import load
from engine.errors import GaugeError, Place, Text
from engine.evaluate import Given, Values, evaluate, missing_inputs
from engine.page import build
from engine.page.content import content
from engine.plan import Plan
from engine.records import Input
from engine.solve import answers, nearest, search
from engine.solve.choices import Entry, Tried
from engine.solve.search import Range
from engine.solve.single import Solution
from engine.values import convert
from formulas_at_random import documents

if TYPE_CHECKING:
    from playwright.sync_api import Page

ASK = """(questions) => {
  const { gauge, Solve, Exact, Convert } = tested;
  const plain = (value) => (Exact.isNumber(value) ? String(value) : value);
  const rangeOf = (range) => [plain(range.low), plain(range.high), range.lowOpen, range.highOpen, range.lowRough, range.highRough];
  const entryOf = (entry) => ["value", "at", "bound", "headroom", "fits"].map((field) => plain(entry[field]));
  const FIELDS = ["value", "side", "at", "limit", "next", "beyond", "limitBeyond", "count", "attained", "rough"];
  return questions.map(({ set, unknown, target, sense, bound }) => {
    const { made, problems } = gauge.given({ set });
    if (problems.length) return { refused: `inputs: ${problems[0].message}` };
    const asked = { target, sense, bound: bound.n === undefined ? bound.name : Exact.parse(bound.n) };
    try {
      const found = Solve.solve(gauge, made, unknown, asked);
      if (found.entries) return { entries: found.entries.map(entryOf) };
      return { ...Object.fromEntries(FIELDS.map((field) => [field, plain(found[field])])), ranges: found.ranges.map(rangeOf) };
    } catch (error) {
      if (!(error instanceof Solve.NoAnswer)) throw error;
      return { refused: error.message };
    }
  });
}"""
"""Answers of the page in plain values: numbers as text."""


LOAD = """(text) => {
  const script = document.createElement("script");
  script.textContent = text;
  document.head.append(script);
  script.remove();
}"""
WORK = f"const WORK = {search.WORK};"
LESS = 10_000


def program(plan: Plan, work: int) -> str:
    """What of the page computes, as a script that leaves its rooms to the test; `work`: the steps that a search may take."""
    made = content(plan, every_preset=True)
    rooms = "\n".join(build._read(f"js/{name}.js") for name in build.SCRIPTS[: build.SCRIPTS.index("solve") + 1])
    assert WORK in rooms
    rooms = rooms.replace(WORK, f"const WORK = {work};")
    formulas = ",\n".join(made.formulas)
    out = "window.tested = { gauge: new Gauge(data, FORMULAS), Solve, Exact, Convert };"
    return f'((data) => {{\n"use strict";\nconst FORMULAS = [{formulas}];\n{rooms}\n{out}\n}})({json.dumps(made.data)});'


@pytest.fixture(scope="module")
def ask(chromium: Any) -> Iterator[Callable[[Plan, list[dict[str, Any]]], list[dict[str, Any]]]]:
    """Asks the page; the program of the last rules stays loaded."""
    tab: Page = chromium.new_page()
    loaded: list[Any] = []

    def answered(plan: Plan, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if loaded != [plan, search.WORK]:
            tab.evaluate(LOAD, program(plan, search.WORK))
            loaded[:] = [plan, search.WORK]
        return tab.evaluate(ASK, questions)

    yield answered
    tab.close()


@cache
def plan_of(rules: str) -> Plan:
    return Plan(load(str(ROOT / rules)))


# ---- the engine's answers in the same form


def shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    return str(value) if not isinstance(value, float) else "Infinity" if value > 0 else "-Infinity"


def engine_says(plan: Plan, question: dict[str, Any]) -> dict[str, Any]:
    """What the command line's `solve` would find."""
    bound = question["bound"]
    try:
        given = given_of(plan, tuple(question["set"].items()))
        limit = Fraction(bound["n"]) if "n" in bound else bound["name"]
        if isinstance(limit, Fraction) and limit.denominator == 1:
            limit = int(limit)
        return plain_answer(answers.answer(plan, given, question["unknown"], question["target"], question["sense"], limit))
    except GaugeError as error:
        return {"refused": f"{error.__class__.__name__}: {error.problems[0].message}"}


def scalar(text: str) -> source.Scalar:
    return source.Scalar(text, True, Place(Text("--set", text), 1, 1, max(1, len(text))))


@lru_cache(maxsize=8)
def given_of(plan: Plan, chosen: tuple[tuple[str, str], ...]) -> dict[str, Given]:
    return presets.read_inputs(plan, None, None, [(name, scalar(text)) for name, text in chosen])


def plain_answer(found: Any) -> dict[str, Any]:
    def range_of(part: Range) -> list[Any]:
        return [shown(part.low), shown(part.high), part.low_open, part.high_open, part.low_rough, part.high_rough]

    def entry_of(entry: Entry) -> list[Any]:
        return [shown(each) for each in (entry.value, entry.at, entry.bound, entry.headroom, entry.fits)]

    if isinstance(found, Tried):
        return {"entries": [entry_of(entry) for entry in found.entries]}
    assert isinstance(found, Solution)
    values = (found.value, found.side, found.at, found.limit, found.next, found.beyond, found.limit_beyond)
    fields = ("value", "side", "at", "limit", "next", "beyond", "limitBeyond")
    made = {field: shown(value) for field, value in zip(fields, values, strict=True)}
    ranges = [range_of(part) for part in found.ranges]
    return made | {
        "count": None if found.count is None else str(found.count),
        "attained": found.attained,
        "rough": found.rough,
        "ranges": ranges,
    }


def gave_up(answer: dict[str, Any]) -> bool:
    """Whether a search refused because its work was spent."""
    return "could not be settled" in str(answer.get("refused"))


def settled(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what hangs on how much work was done: how far down the last range was followed, and whether to its end."""
    return {**answer, "count": None, "ranges": answer["ranges"][-1][1]}


def agree(ask: Any, plan: Plan, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the page answers, after making sure that the engine says the same.

    Where work is spent before all is settled, the engine may get further, since it leaves out more of what cannot count. That is rare.
    """
    said = ask(plan, questions)
    apart = 0
    for question, page in zip(questions, said, strict=True):
        engine = engine_says(plan, question)
        told = f"for {question}\n  engine: {engine}\n  page: {page}"
        if gave_up(page) != gave_up(engine):
            apart += 1
            continue
        assert ("refused" in page) == ("refused" in engine), told
        if "refused" in page or page == engine:
            continue
        assert None in {page.get("count", 0), engine.get("count", 0)}, told
        assert settled(page) == settled(engine), told
        apart += 1
    assert apart <= len(questions) // 100, f"work spent at another place for {apart} of {len(questions)} questions"
    return said


# ---- questions at random


def asked_at_random(plan: Plan, at: random.Random) -> dict[str, Any]:
    """A question with an answer, more often than not: nothing is missing, and the unknown is one that counts."""
    document = plan.document
    kinds = {name: presets.names(kind) for name, kind in document.presets.items()}
    chosen = {name: at.choice(entries) for name, entries in kinds.items() if at.random() < 0.97}
    share = at.choice([0.02, 0.05, 0.2])
    chosen |= {name: text_of(item, at) for name, item in document.inputs.items() if at.random() < share and item.type != "list"}
    total = document.report.total
    rules = [name for name in document.rules if plan.shapes[name].kind == "number"]
    target = total if total and at.random() < 0.6 else at.choice(rules)
    missing = missing_inputs(values_of(plan, chosen), [target]) if at.random() < 0.95 else ()
    chosen |= {name: text_of(plan.document.inputs[name], at) for name in missing}
    unknown = at.choice(list(kinds)) if kinds and at.random() < 0.02 else one_that_counts(plan, chosen, target, at)
    sense = at.choice(["at_most", "at_most", "at_least", "equals"])
    return {"set": chosen, "unknown": unknown, "target": target, "sense": sense, "bound": bound_of(plan, chosen, unknown, target, at)}


def values_of(plan: Plan, chosen: dict[str, str], **others: str) -> Values:
    """The values for what is chosen, and for other inputs."""
    try:
        made = {name: Given(convert(plan.document.inputs[name], scalar(text)), "given") for name, text in others.items()}
        return evaluate(plan, given_of(plan, tuple(chosen.items())) | made)
    except GaugeError:
        return evaluate(plan, {})


def one_that_counts(plan: Plan, chosen: dict[str, str], target: str, at: random.Random) -> str:
    """An input that changes the target, if one is found soon."""
    inputs = [name for name, item in plan.document.inputs.items() if item.type != "list"]
    near = [name for name in inputs if name in plan.graph.ancestors([target])] or inputs
    numeric = [name for name in near if plan.document.inputs[name].type in {"integer", "number"}] or near
    here = values_of(plan, chosen).state(target)
    for _ in range(6):
        name = at.choice(numeric if at.random() < 0.8 else near)
        if values_of(plan, chosen, **{name: text_of(plan.document.inputs[name], at)}).state(target) != here:
            return name
    return at.choice(near)


def text_of(item: Input, at: random.Random) -> str:
    if item.type == "boolean":
        return at.choice(["true", "false"])
    if item.choices or item.type == "list":
        return str(at.choice(item.choices)) if item.choices else "[1, 2]"
    low, high = item.low or 0, 10**9 if item.high is None else item.high
    value = min(high, low + at.randrange(2 ** at.choice([2, 4, 8, 14, 30])))
    return str(value) if item.type == "integer" or at.random() < 0.5 else f"{Fraction(value) * at.randrange(1, 8) / 7}"


def bound_of(plan: Plan, chosen: dict[str, str], unknown: str, target: str, at: random.Random) -> dict[str, str]:
    """The budget, or a number near a value of the target: most often that at another value of the unknown."""
    budget = plan.document.report.budget
    if budget and target == plan.document.report.total and at.random() < 0.4:
        return {"name": budget}
    item = plan.document.inputs.get(unknown)
    state = values_of(plan, chosen, **({unknown: text_of(item, at)} if item else {})).state(target)
    value = state if isinstance(state, int | Fraction) and not isinstance(state, bool) else at.randrange(10**12)
    return {"n": str(value + at.choice([0, 0, 0, 1, -1, 1000, Fraction(1, 3), value, -value]))}


RULES = [path.relative_to(ROOT).as_posix() for path in entry_files()]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("count", [20, pytest.param(1_500, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("less_work")
def test_random_questions(rules: str, count: int, ask: Any) -> None:
    plan = plan_of(rules)
    at = random.Random(f"{rules} {count}")  # noqa: S311 - not a secret
    said = agree(ask, plan, [asked_at_random(plan, at) for _ in range(count)])
    sides = {each["side"] for each in said if "side" in each}
    assert len(sides) >= (4 if count > 100 else 2)
    assert 0.2 * count < len([each for each in said if "refused" not in each]) < 0.95 * count


@pytest.fixture
def less_work(monkeypatch: pytest.MonkeyPatch) -> int:
    """Makes the searches of the engine give up sooner, so that giving up is tried too; the page is told the same."""
    for module in (search, nearest):
        monkeypatch.setattr(module, "WORK", LESS)
    return LESS


def every_question(plan: Plan, bounds: list[dict[str, str]]) -> list[dict[str, Any]]:
    """All names of a small document against each other, with what is missing given."""
    document, at = plan.document, random.Random(1)  # noqa: S311
    first = {name: presets.names(kind)[0] for name, kind in document.presets.items()}
    missing = missing_inputs(values_of(plan, first), plan.slots)
    chosen = first | {name: text_of(document.inputs[name], at) for name in missing}
    unknowns = [*document.inputs, *document.presets, *list(document.rules)[:1], "nowhere"]
    asked = itertools.product(unknowns, [*plan.slots], ("at_most", "at_least", "equals"), bounds)
    return [{"set": chosen, "unknown": name, "target": target, "sense": sense, "bound": bound} for name, target, sense, bound in asked]


GOOD = {path.name.partition("_")[0]: path for path in sorted((ROOT / "tests" / "good").glob("*.yaml")) if ".inputs" not in path.name}
"""The documents of the tests, one of those that differ by their command only."""


@pytest.mark.usefixtures("less_work")
def test_small_documents(ask: Any) -> None:
    found: list[dict[str, Any]] = []
    for path in GOOD.values():
        plan = Plan(load(str(path)))
        found += agree(ask, plan, every_question(plan, [{"n": "2500/3"}]))
        if (report := plan.document.report).budget:
            asked = every_question(plan, [{"name": report.budget}])
            found += agree(ask, plan, [each for each in asked if each["target"] == report.total])
    assert len([each for each in found if "refused" not in each]) > 50


HARD = """
inputs:
  xs: {type: list, default: [3, 1/2, 8, 8]}
  kind: {type: choice, choices: small, default: thin}
  n: {type: integer, min: 0, max: 50}
  p: {type: integer}
  r: {type: number, min: 0, max: 20}
  s: {type: number}
  mode: {type: choice, choices: [up, down], default: up}
  held: {type: integer, min: 3, max: 30, default: n - 5}
  part: {type: number, choices: [1, 1/2, 4], default: r / 2}
tables: {small: {columns: {size: {}}, rows: {thin: {size: 1/2}, wide: {size: 9}}}}
rules:
  over: 100 / (n - 7)
  over_all: 100 / (p - 7) + 1 / s
  steps: ceil(n / 7) * 7 - n // 3 + p % 5
  wave: (r - 3) * (r - 8) * (r - 12)
  root: s * s * s - s
  edge: "min(r, 5) + max(p, 3 - p)"
  sometimes: {when: n > 10 and n < 30, formula: n * n}
  most: "max(sometimes, 50, r)"
  element: "xs[n]"
  counted: "count(xs, n) + length(xs) + sum(xs)"
  grown: 2 ** n - 3 ** held
  odd_power: 2 ** p + r ** -2
  rounded: "round_up(r, 3) + round_up(p, 7) + round_up(20, r + 1/2)"
  word: {cases: [{when: r < 5 or p == 3, formula: thin}, {otherwise: wide}]}
  cell: word.size * n
  turned: "(p if p * p < 100 else 7 - p) if mode == up else -p"
  broken: {cases: [{when: n < 5, formula: 1}, {when: n > 9, formula: 2 / (r - 2)}]}
  not_there: "floor(r / 3) * abs(s - 1/3) + (1 if not sometimes > 0 else 2)"
  half: part * 2 + held
  ends: (s + 1) / (s * s + 1)
"""
"""Every function, places without a value, targets that turn, domains without an end."""


@pytest.mark.usefixtures("less_work")
@pytest.mark.parametrize("bound", ["12", pytest.param("-1/3", marks=pytest.mark.slow), pytest.param("100000", marks=pytest.mark.slow)])
def test_hard_formulas(write: Any, ask: Any, bound: str) -> None:
    plan = Plan(load(write(HARD)))
    found = agree(ask, plan, every_question(plan, [{"n": bound}]))
    assert len([each for each in found if "refused" not in each]) > 40
    assert any(each.get("rough") for each in found)


BOUNDS = ["min: -20, max: 40", "min: 1, max: 1_000_000", "min: 1", "max: 30", "doc: moves", "min: 1/3, max: 7/2"]
QUESTIONS = st.tuples(
    st.sampled_from("fffghd"),
    st.sampled_from(["at_most", "at_least", "equals"]),
    st.sampled_from("0 1 3 10 5/2 -7 100 1000000 g h".split()),
)


def against_the_engine(ask: Any, write: Any, data: Any) -> None:
    plan = Plan(load(write(data.draw(documents(data.draw(st.sampled_from(["integer", "number"])), data.draw(st.sampled_from(BOUNDS)))))))
    asked = data.draw(st.lists(QUESTIONS, min_size=4, max_size=4))
    bounds = [{"name": bound} if bound.isalpha() else {"n": bound} for _, _, bound in asked]
    pairs = zip(asked, bounds, strict=True)
    agree(ask, plan, [{"set": {}, "unknown": "x", "target": target, "sense": sense, "bound": bound} for (target, sense, _), bound in pairs])


@pytest.mark.usefixtures("less_work")
@settings(max_examples=15)
@given(st.data())
def test_formulas_at_random(ask: Any, write: Any, data: Any) -> None:
    against_the_engine(ask, write, data)


@pytest.mark.slow
@pytest.mark.usefixtures("less_work")
@settings(max_examples=600)
@given(st.data())
def test_formulas_at_random_many_times(ask: Any, write: Any, data: Any) -> None:
    against_the_engine(ask, write, data)
