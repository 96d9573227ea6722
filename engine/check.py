"""Everything that can be known of a rules file without inputs: units, cases, examples, presets, translations."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import presets
from .document import load
from .errors import GaugeError, InputError, Place, Problem, plain
from .evaluate import Given, evaluate, require
from .graph import needed_by
from .plan import NOTHING, Absent, Cells, Plan, Stop, Wrong
from .quantity import grouped
from .records import Case, Example, PresetKind, Rule, Value
from .source import Mapping, Scalar
from .values import convert

MOST_COMBINATIONS = 200_000


@dataclass
class Findings:
    """What was checked, and what is wrong."""

    rules: int = 0
    inputs: int = 0
    examples: int = 0
    cases: int = 0
    presets: int = 0
    totals: int = 0
    translations: int = 0
    problems: list[Problem] = field(default_factory=list)

    def summary(self) -> str:
        """What was checked, in one line."""
        counts = {"rule": self.rules, "input": self.inputs, "proof of cases": self.cases, "example": self.examples}
        counts |= {"preset": self.presets, "published total": self.totals, "translation": self.translations}
        plurals = {"proof of cases": "proofs of cases"}
        return ", ".join(f"{count} {word if count == 1 else plurals.get(word, word + 's')}" for word, count in counts.items())


def check(path: str, *, large: bool = False) -> Findings:
    """Check a rules file with all it includes, its presets and its translations."""
    findings = Findings()
    try:
        plan = Plan(load(path, large=large, examples=True))
    except GaugeError as error:
        findings.problems += error.problems
        return findings
    _check_plan(plan, findings)
    for kind in plan.document.presets.values():
        _check_presets(plan, kind, findings)
        if kind.through:
            _check_translations(plan, kind, findings)
    return findings


def _check_plan(plan: Plan, findings: Findings) -> None:
    findings.rules += len(plan.document.rules)
    findings.inputs += len(plan.document.inputs)
    findings.problems += [problem._replace(level="error") for problem in plan.warnings]
    for rule in plan.document.rules.values():
        if len(rule.cases) > 1 or any(case.when for case in rule.cases):
            findings.cases += 1
            findings.problems += prove_cases(plan, rule)
        for example in rule.examples:
            findings.examples += 1
            findings.problems += _check_example(plan, rule, example)


def _check_example(plan: Plan, rule: Rule, example: Example) -> list[Problem]:
    node = Mapping(
        {name: value for name, (value, _) in example.given.items()},
        {name: place for name, (_, place) in example.given.items()},
        example.place,
    )
    try:
        given = presets.read_inputs(plan, node, example.place.text, [], os.path.dirname(plan.document.path))
        if rule.name in given:
            return [Problem(f"the example gives `{rule.name}` itself", example.place)]
        values = evaluate(plan, given, [rule.name])
        state = values.state(rule.name)
        if state.__class__ is Absent:
            require(values, [rule.name])
    except InputError as error:
        return [_in_example(rule, example, problem) for problem in error.problems]
    found = None if state is NOTHING else state
    if found == example.expect and isinstance(found, bool) == isinstance(example.expect, bool):
        return []
    return [Problem(f"example of `{rule.name}`: it expects {_say(example.expect)}, and the formula gives {_say(found)}", example.place)]


def _in_example(rule: Rule, example: Example, problem: Problem) -> Problem:
    message = f"example of `{rule.name}`: {problem.message}"
    if problem.place is None:
        return Problem(message, example.place, "give it under `given:`")
    return problem._replace(message=message)


def _say(value: Value | None) -> str:
    if value is None:
        return "- (not applicable)"
    if isinstance(value, bool | str | tuple):
        return plain(str(value).lower() if isinstance(value, bool) else str(value))
    return grouped(value)


def prove_cases(plan: Plan, rule: Rule) -> list[Problem]:
    """Whether the cases of a rule are exclusive and complete, by trying every combination of the choices they use.

    Cases whose conditions use numbers count in order, and need a last `otherwise`.
    """
    conditions = [case for case in rule.cases if case.when]
    names = list(dict.fromkeys(name for case in conditions if case.when for name in needed_by(plan.document, case.when)))
    last = rule.cases[-1]
    if any(plan.shapes[name].kind not in {"word", "truth"} for name in names):
        if last.when is None:
            return []
        place = last.when.place
        return [Problem(f"the cases of `{rule.name}` depend on numbers, so they may leave a gap", place, "add a last `otherwise: …`")]
    guard = (
        rule.when
        if rule.when and all(plan.shapes[name].kind in {"word", "truth"} for name in needed_by(plan.document, rule.when))
        else None
    )
    if guard:
        names = list(dict.fromkeys([*names, *needed_by(plan.document, guard)]))
    domains = [sorted(plan.shapes[name].words) if plan.shapes[name].kind == "word" else [False, True] for name in names]
    size = 1
    for domain in domains:
        size *= len(domain)
    if size > MOST_COMBINATIONS:
        return [Problem(f"the cases of `{rule.name}` have {size:,} combinations; at most {MOST_COMBINATIONS:,} are tried", rule.place)]
    tests = [(case, plan.compile(case.when.tree)) for case in conditions if case.when]
    allowed = plan.compile(guard.tree) if guard else None
    used: set[int] = set()
    for cells, chosen in _combinations(plan, names, domains):
        try:
            if allowed and not allowed(cells):
                continue
            hits = [case for case, test in tests if test(cells)]
        except (Stop, Wrong) as error:
            return [Problem(f"a condition of `{rule.name}` cannot be computed: {error}", rule.place)]
        said = ", ".join(f"{name} = {_say(value)}" for name, value in chosen.items())
        if len(hits) > 1:
            return [_overlap(rule, hits, said)]
        if not hits and last.when is not None:
            return [Problem(f"no case of `{rule.name}` applies to {said}", rule.place, "add a case for it, or a last `otherwise: …`")]
        used.update(id(case) for case in hits)
    return [
        Problem(f"this case of `{rule.name}` never applies", case.when.place) for case in conditions if case.when and id(case) not in used
    ]


def _overlap(rule: Rule, hits: list[Case], said: str) -> Problem:
    lines = " and ".join(str(case.when.place.line) for case in hits if case.when)
    place = hits[1].when.place if hits[1].when else rule.place
    return Problem(f"two cases of `{rule.name}` apply to {said} (lines {lines})", place, "make one of the conditions narrower")


def _combinations(
    plan: Plan, names: list[str], domains: list[list[str]] | list[list[bool]] | list[list[str] | list[bool]]
) -> Iterator[tuple[Cells, dict[str, Value]]]:
    cells: Cells = [Absent()] * len(plan.slots)
    for combination in itertools.product(*domains):
        for name, value in zip(names, combination, strict=True):
            cells[plan.slots[name]] = value
        yield cells, dict(zip(names, combination, strict=True))


def _check_presets(plan: Plan, kind: PresetKind, findings: Findings) -> None:
    for name in presets.names(kind):
        findings.presets += 1
        try:
            asked = Scalar(name, True, kind.place)
            preset = presets.find(kind, asked)
            given = presets.values_of(plan, kind, preset, kind.place)
        except GaugeError as error:
            where = f"{kind.name} `{plain(name)}`: "
            findings.problems += [problem._replace(message=where + problem.message) for problem in error.problems]
            continue
        for total, place, node in preset.expect.items() if preset.expect else ():
            if total in plan.document.rules and isinstance(node, Scalar):
                findings.totals += 1
                findings.problems += _check_total(plan, f"{kind.name} `{plain(name)}`", total, node, place, given)


def _check_total(plan: Plan, who: str, total: str, node: Scalar, place: Place, given: dict[str, Given]) -> list[Problem]:
    try:
        values = evaluate(plan, given, [total])
        require(values, [total])
        expected = convert(presets.as_input(plan, total), node)
    except InputError as error:
        return [problem._replace(message=f"{who}: {problem.message}", place=problem.place or place) for problem in error.problems]
    found = values.number(total)
    if found == expected:
        return []
    return [Problem(f"{who}: its published `{total}` is {_say(expected)}, and the rules give {_say(found)}", node.place)]


def _check_translations(main: Plan, kind: PresetKind, findings: Findings) -> None:
    readers: dict[str, str] = {}
    for name in sorted(os.listdir(kind.through)):
        if not name.endswith((".yaml", ".yml")):
            continue
        findings.translations += 1
        try:
            plan = Plan(load(os.path.join(kind.through, name), examples=True))
        except GaugeError as error:
            findings.problems += error.problems
            continue
        _check_plan(plan, findings)
        findings.problems += _check_kinds(main, plan)
        for word in plan.document.reads:
            if word in readers:
                findings.problems.append(Problem(f"{plain(name)} and {plain(readers[word])} both read `{plain(word)}`", kind.place))
            readers[word] = name


def _check_kinds(main: Plan, plan: Plan) -> list[Problem]:
    """Rules of a translation that happen to have the name of something else: their values would be taken for it."""
    found = []
    for name, rule in plan.document.rules.items():
        if name in main.slots and (kind := plan.shapes[name].kind) != "element" and kind != main.shapes[name].kind:
            message = f"`{name}` of a translation gives a {_KINDS[kind]}, and `{name}` of the rules is a {_KINDS[main.shapes[name].kind]}"
            found.append(Problem(message, rule.place, "a name that only the translation uses must not be one of the rules"))
    return found


_KINDS = {"number": "number", "truth": "truth value", "word": "word", "list": "list", "element": "number or word"}
