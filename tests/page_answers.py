"""The same questions to the engine and to the page: random ones, and what either answers, in a form that can be compared."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import runs
from engine import evaluate, presets, source, values
from engine.breakdown import break_down
from engine.errors import InputError
from engine.page.content import content
from engine.plan import NOTHING, Absent, Plan
from engine.records import Input
from engine.report import Answer

WRONG = """
    80gb 1.5 0 -1 -7 1e99 1e61 nothing 010 1,00 1,0000 inf nan 0x10 1/0 0.5/0 1:30 5kb 5KiB 3GB 7Kb 4ki 2m 1__0 _1 1_ 1. .5 . 1e +3 --3
    +-2 50%% 5% true false yes null ~ [] [1,2] [1.5,red] 1/3 7/3 17/4.5 9999999999999999999999
    123456789012345678901234567890123456789012345678901234567890123 1\u00a0000 \u0663 12\u20283 <b> 3k 3K 3Ki 1e-3 1E3 0.0 00 0e5 1e+2
""".split()
"""Texts that some inputs take and most refuse."""


def number_text(given: Input, random: Random) -> str:
    """A number that the input takes most of the time, in one of the ways people write it."""
    low = 0 if given.low is None else int(given.low)
    size = random.choice([3, 6, 10, 14, 20, 34, 45])
    value = low + random.randrange(2**size)
    if given.high is not None and value > given.high:
        value = random.randint(low, int(given.high)) if given.high >= low else low
    if given.choices:
        return str(random.choice(given.choices))
    ways = [str(value)] * 4 + [f"{value:_}", f"{value:,}", f"{value}.0", f"{value}e0", f" {value} "]
    if value % 1024 == 0 or random.random() < 0.2:
        ways += [f"{max(1, value // 1024)}Ki", f"{max(1, value // 1000)}k", f"{max(1, value // 1000)} K", "1.5k", "3e2"]
    if given.unit == "byte":
        ways += [f"{random.randint(1, 200)}{suffix}" for suffix in ("GiB", "GB", " MiB", "kB", "Gi", "B", "")]
    if given.type == "number":
        ways += ["1/3", f"{value}/7", f"{random.randint(0, 100)}%", f"0.{value}", f"{value % 1000}e-3", "17/4"]
    return random.choice([text for text in ways if taken(given, text)] or ways)


def taken(given: Input, text: str) -> bool:
    """Whether an input takes a text."""
    try:
        values.convert(given, source.Scalar(text.strip(), True, given.place), commas=True)
    except InputError:
        return False
    return True


def text_of(plan: Plan, name: str, random: Random, careless: float = 0) -> str:
    """A value of an input, or of a rule that is given instead of computed; one that most inputs refuse where people are careless."""
    given = presets.as_input(plan, name)
    if random.random() < careless:
        return random.choice(WRONG)
    if given.type == "boolean":
        return random.choice(["true", "false"])
    if given.type == "choice":
        return str(random.choice(given.choices)) if given.choices else "word"
    if given.type == "list":
        return "[" + ", ".join(random.choice(["1", "2", "2.5", "red", "full"]) for _ in range(random.randint(0, 4))) + "]"
    return number_text(given, random)


@cache
def left_open(plan: Plan, kinds: frozenset[str]) -> tuple[str, ...]:
    """The inputs without a default that presets of these kinds do not give."""
    given: set[str] = set()
    for name in kinds:
        kind = plan.document.presets[name]
        first = source.Scalar(next(iter(kind.featured or presets.names(kind))), True, kind.place)
        given |= presets.values_of(plan, kind, presets.find(kind, first), kind.place).keys()
    return tuple(name for name, each in plan.document.inputs.items() if each.default is None and name not in given)


def asked_at_random(plan: Plan, known: dict[str, list[str]], random: Random) -> dict[str, str]:
    """A question: presets of `known` by kind, inputs, now and then a rule or a name that is not there."""
    asked = {kind: random.choice(names) for kind, names in known.items() if names and random.random() < 0.8}
    careless = 0.1 if random.random() < 0.15 else 0
    share = random.choice([0.02, 0.02, 0.1, 0.3, 1])
    needed = left_open(plan, frozenset(asked)) if random.random() < 0.9 else ()
    names = [name for name in plan.document.inputs if name in needed or random.random() < share]
    rules = list(plan.document.rules)
    if random.random() < 0.2:
        names += random.sample(rules, min(len(rules), 3))
    asked |= {name: text_of(plan, name, random, careless) for name in names}
    if random.random() < 0.02:
        asked |= {random.choice(["nowhere", "constructor", "__proto__", *known]): "nowhere"}
    return asked


def shown(state: Any) -> str:
    """The state of a name: its exact value, `-` where the rule does not apply, `?` with what is missing, `!` where it has gone wrong."""
    if state is NOTHING:
        return "-"
    if state.__class__ is Absent:
        return f"?{','.join(sorted(state.missing))}{'!' if state.problems else ''}"
    if isinstance(state, bool):
        return "true" if state else "false"
    if isinstance(state, tuple):
        return f"[{','.join(map(shown, state))}]"
    return str(state) if isinstance(state, int | Fraction) else f"'{state}'"


def engine_says(plan: Plan, asked: dict[str, str]) -> dict[str, Any]:
    """What the command line would answer, part by part."""
    options = argparse.Namespace(kinds=[], settings=[f"{name}={text}" for name, text in asked.items()])
    try:
        given = presets.read_inputs(plan, None, None, runs._settings(plan, options))
    except InputError as error:
        named = {problem.place.text.name.removeprefix("--set ") if problem.place else "" for problem in error.problems}
        return {"refused": sorted(named)}
    return engine_finds(plan, given)


def engine_finds(plan: Plan, given: dict[str, evaluate.Given]) -> dict[str, Any]:
    """What comes out of given values."""
    found = evaluate.evaluate(plan, given)
    warnings, wrong = evaluate.checked(found)
    order = plan.graph.order
    said: dict[str, Any] = {
        "states": [shown(found.state(name)) for name in order],
        "origins": [found.origin(name) for name in order],
        "refused_by_checks": len(wrong),
        "warnings": [warning.message for warning in warnings],
    }
    report = plan.document.report
    if not report.total:
        return said
    said["missing"] = sorted(evaluate.missing_inputs(found, [report.total]))
    if not found.has(report.total):
        return said
    ranges = evaluate.beside(found)
    answer = Answer(found, report.parts, None, report.total, report.budget, (), ranges)
    terms, peaks = break_down(found, report.total, report.parts + report.also)
    return said | {
        "total": shown(found[report.total]),
        "terms": [[term.name, term.label, shown(term.value)] for term in terms],
        "peaks": list(peaks),
        "ranges": [[each.title, shown(each.low), shown(each.high)] for each in ranges],
        "headroom": None if answer.headroom is None else shown(answer.headroom),
        "fits": answer.fits,
        "fits_at_high_end": answer.fits_at_high_end,
        "peak_phases": [shown(found[report.total])],
    }


ANSWERS = """
(gauge, questions) => {
  const { names } = gauge.content;
  const shown = (state) => {
    if (Array.isArray(state)) return `[${state.map(shown)}]`;
    if (typeof state === "string") return `'${state}'`;
    if (typeof state !== "object") return Object.is(state, -0) ? "-0" : String(state);
    if (state.nothing) return "-";
    return state.missing ? `?${state.missing.map((id) => names[id]).sort()}${state.problems.length ? "!" : ""}` : String(state);
  };
  const answer = ({ set, file }) => {
    const found = gauge.answer({ set, files: file ? { [file.kind]: gauge.file(file.name, file.text) } : {} });
    const refused = found.problems.map(({ name }) => name).filter((name) => name);
    if (refused.length) return { refused: [...new Set(refused)].sort() };
    const said = {
      states: gauge.program.items.map(({ id }) => shown(found.values.state(id))),
      origins: gauge.program.items.map((item) => found.values.origin(item)),
      refused_by_checks: found.refused,
      warnings: found.warnings,
    };
    if (gauge.total === undefined) return said;
    said.missing = (found.missing || []).map((item) => names[item.id]).sort();
    if (found.total === undefined) return said;
    return {
      ...said,
      total: shown(found.total),
      terms: found.breakdown.terms.map(({ id, label, value }) => [id === undefined ? "" : names[id], label, shown(value)]),
      peaks: found.breakdown.peaks.map((id) => names[id]),
      ranges: found.ranges.map(({ title, low, high }) => [title, shown(low), shown(high)]),
      headroom: found.headroom === undefined ? null : shown(found.headroom),
      fits: found.fits ?? null,
      fits_at_high_end: found.fitsAtHighEnd ?? null,
      peak_phases: found.phases.filter((phase) => phase.peak).map((phase) => shown(phase.total)),
    };
  };
  return questions.map(answer);
}
"""
"""A function of a page's `gauge` and of questions (`set`: texts by name; `file`: a foreign file with its kind and name)."""


def page_says(page: Any, questions: list[dict[str, Any]], at_once: int = 250) -> list[dict[str, Any]]:
    """What an open page answers."""
    said: list[dict[str, Any]] = []
    for first in range(0, len(questions), at_once):
        asked = json.dumps(questions[first : first + at_once])
        said += json.loads(page.evaluate(f"(text) => JSON.stringify(({ANSWERS})(window.gauge, JSON.parse(text)))", asked))
    return said


def page_says_of(page: Any, plan: Plan, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the program of an open page answers for other rules, as if it were their page."""
    data, formulas = content(plan)
    made = f"new window.gauge.constructor(JSON.parse(data), [{','.join(formulas)}])"
    asked = [json.dumps(data), json.dumps(questions)]
    return json.loads(page.evaluate(f"([data, text]) => JSON.stringify(({ANSWERS})({made}, JSON.parse(text)))", asked))


def difference(plan: Plan, engine: dict[str, Any], page: dict[str, Any]) -> str:
    """Where two answers differ, in a few words; empty where they do not."""
    for key in engine.keys() | page.keys():
        one, other = engine.get(key), page.get(key)
        if one == other:
            continue
        if key in {"states", "origins"} and one and other:
            listed = [f"{name}: {a} and {b}" for name, a, b in zip(plan.graph.order, one, other, strict=True) if a != b]
            return f"{key}: " + "; ".join(listed[:4])
        return f"{key}: {str(one)[:300]} and {str(other)[:300]}"
    return ""
