"""Facts that were measured or published, and how near the rules come to them.

A folder of `*.jsonl` files holds them, one a line, with the foreign files they name in `configs/`. docs/language.md has the form.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from . import presets, source
from .document import shape_problems
from .errors import FileError, GaugeError, InputError, Place, Problem, Text, plain, suggest
from .evaluate import Given, evaluate, require
from .named import NamedTuple
from .plan import NOTHING, Absent, Plan
from .quantity import Number, grouped, read
from .records import Value
from .source import Mapping, Node, Scalar, Sequence
from .values import convert


class Fact(NamedTuple):
    """What rules must come to for given inputs. Without a `tolerance` only a bar holds it."""

    id: str
    place: Place
    config: str
    given: Mapping
    expect: Mapping
    tolerance: Number | None
    groups: tuple[str, ...]


class Bar(NamedTuple):
    """What is asked of the facts of a file together, of a group or a figure of it; an empty word stands for all."""

    kind: str
    group: str
    figure: str
    median: Number | None
    worst: Number | None


class Facts(NamedTuple):
    """All of a folder: facts by file (its name without the ending), and what is asked of them."""

    files: dict[str, tuple[Fact, ...]]
    bars: tuple[Bar, ...]


class Finding(NamedTuple):
    """One figure of one fact beside what the rules give.

    `expected` is a value, a least and a most, or nothing where the rule must not apply. `error` is relative; None where a `problem`
    kept it from being computed.
    """

    kind: str
    fact: Fact
    figure: str
    expected: tuple[Value, ...] = ()
    found: Any = None
    error: Fraction | None = None
    problem: Problem | None = None

    @property
    def within(self) -> bool:
        """Whether the fact's own tolerance is kept."""
        return self.error is not None and (self.fact.tolerance is None or self.error <= self.fact.tolerance)


class Row(NamedTuple):
    """The findings of one file, group and figure together."""

    kind: str
    group: str
    figure: str
    findings: tuple[Finding, ...]
    bar: Bar | None

    @property
    def errors(self) -> list[Fraction]:
        """The relative errors, the smallest first."""
        return sorted(finding.error for finding in self.findings if finding.error is not None)

    @property
    def median(self) -> Fraction | None:
        """The median relative error."""
        return Fraction(statistics.median(self.errors)) if self.errors else None

    @property
    def ninetieth(self) -> Fraction | None:
        """The relative error that nine of ten do not exceed."""
        return self.errors[-(-len(self.errors) * 9 // 10) - 1] if self.errors else None

    @property
    def worst(self) -> Fraction | None:
        """The largest relative error."""
        return self.errors[-1] if self.errors else None

    @property
    def misses(self) -> list[Finding]:
        """What could not be computed, is out of its tolerance, or further off than the bar lets any be."""
        limit = self.bar.worst if self.bar else None
        return [each for each in self.findings if not each.within or (limit is not None and each.error is not None and each.error > limit)]

    @property
    def held(self) -> bool:
        """Whether nothing is missed and the bar is kept."""
        if self.misses:
            return False
        return self.bar is None or self.bar.median is None or self.median is None or self.median <= self.bar.median


class Agreement(NamedTuple):
    """How near the rules come to all facts of a folder."""

    title: str
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]

    @property
    def held(self) -> bool:
        """Whether every row is."""
        return all(row.held for row in self.rows)

    @property
    def misses(self) -> list[Finding]:
        """Every finding some row misses, once; the largest errors of a file first."""
        found = {(each.kind, each.fact.id, each.figure): each for row in self.rows for each in row.misses}
        order = {kind: number for number, kind in enumerate(dict.fromkeys(row.kind for row in self.rows))}
        return sorted(found.values(), key=lambda each: (order[each.kind], -(each.error or 0)))


# Reading


def read_folder(folder: str) -> Facts:
    """All facts of a folder.

    Raises:
        FileError: with everything that is wrong with the files.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except OSError as error:
        raise FileError(Problem(f"the folder cannot be read: {error.strerror}", Place(Text(folder, ""), 1, 1))) from None
    files: dict[str, tuple[Fact, ...]] = {}
    bars: list[tuple[Bar, Place]] = []
    problems: list[Problem] = []
    for name in names:
        facts = _read_file(os.path.join(folder, name), bars, problems)
        if facts:
            files[os.path.splitext(name)[0]] = facts
    for bar, place in bars:
        if bar.kind not in files and not problems:
            problems.append(Problem(f"there are no facts `{plain(bar.kind)}`", place, suggest(bar.kind, files)))
    if problems:
        raise FileError(*problems)
    if not files:
        raise FileError(Problem("there are no facts here", Place(Text(folder, ""), 1, 1), "a folder of facts holds .jsonl files"))
    return Facts(files, tuple(bar for bar, _ in bars))


def _read_file(path: str, bars: list[tuple[Bar, Place]], problems: list[Problem]) -> tuple[Fact, ...]:
    text = source.read_text(path)
    facts: dict[str, Fact] = {}
    for number, line in enumerate(text.content.split("\n"), 1):
        if not line.strip():
            continue
        alone = Text("line.json", line)  # a line is a document; what is wrong with it is told by its place in the file
        try:
            node = source.parse(alone)
            wrong = shape_problems(node, "fact", alone)
            if wrong or not isinstance(node, Mapping):
                raise FileError(*wrong)
            if "bar" in node.entries:
                bars.append((_bar(node), Place(text, number, 1)))
                continue
            fact = _fact(node, Place(text, number, 1))
            if fact.id in facts:
                first = facts[fact.id].place.line
                raise FileError(Problem(f"`{plain(fact.id)}` stands here a second time; the first is in line {first}", node.place))
            facts[fact.id] = fact
        except GaugeError as error:
            problems += [_placed(problem, text, number) for problem in error.problems]
    return tuple(facts.values())


def _placed(problem: Problem, text: Text, number: int) -> Problem:
    """A problem of a line, at its place in the file."""
    place = problem.place
    return problem._replace(place=Place(text, number, place.column, place.length) if place else Place(text, number, 1))


def _fact(node: Mapping, place: Place) -> Fact:
    group = node.get("group")
    words = group.items if isinstance(group, Sequence) else (group,)
    given, expect = node.get("given"), node.get("expect")
    assert isinstance(expect, Mapping)
    return Fact(
        _word(node, "id"),
        place,
        _word(node, "config"),
        given if isinstance(given, Mapping) else Mapping({}, {}, node.place),
        expect,
        _size(node, "tolerance"),
        tuple(word.text for word in words if isinstance(word, Scalar)),
    )


def _bar(node: Mapping) -> Bar:
    which = node.get("bar")
    assert isinstance(which, Mapping)
    return Bar(_word(which, "facts"), _word(which, "group"), _word(which, "figure"), _size(node, "median"), _size(node, "worst"))


def _word(node: Mapping, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) else ""


def _size(node: Mapping, key: str) -> Number | None:
    found = node.get(key)
    if not isinstance(found, Scalar):
        return None
    try:
        size = read(found.text)
    except ValueError as error:
        raise FileError(Problem(f"`{key}` is a number: {error}", found.place)) from None
    if size < 0:
        raise FileError(Problem(f"`{key}` is at least 0, not {grouped(size)}", found.place))
    return size


# Comparing


def compare(plan: Plan, folder: str) -> Agreement:
    """Hold every fact of a folder against the rules. What cannot be computed is a finding with its problem.

    Raises:
        FileError: when the files themselves are wrong.
    """
    facts = read_folder(folder)
    reader = _Reader(plan, folder)
    findings = {kind: [finding for fact in listed for finding in reader.findings(kind, fact)] for kind, listed in facts.files.items()}
    rows = [row for kind, found in findings.items() for row in _rows(kind, found, facts.bars)]
    return Agreement(plan.document.title, tuple(each for found in findings.values() for each in found), tuple(rows))


def _rows(kind: str, findings: list[Finding], bars: tuple[Bar, ...]) -> Iterable[Row]:
    sets: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        for group in finding.fact.groups or ("",):
            sets.setdefault((group, finding.figure), []).append(finding)
    order = {group: number for number, group in enumerate(dict.fromkeys(group for group, _ in sets))}
    for group, figure in sorted(sets, key=lambda key: order[key[0]]):
        asked = [bar for bar in bars if bar.kind == kind and bar.group in {"", group} and bar.figure in {"", figure}]
        yield Row(kind, group, figure, tuple(sets[group, figure]), asked[0] if asked else None)


class _Reader:
    """Evaluates facts; what one foreign file or preset gives is worked out once."""

    def __init__(self, plan: Plan, folder: str) -> None:
        self.plan = plan
        self.folder = folder
        self.known: dict[tuple[str, str], dict[str, Given] | GaugeError] = {}

    def findings(self, kind: str, fact: Fact) -> list[Finding]:
        """What the rules give for every figure of a fact."""
        names = list(fact.expect.entries)
        wrong: dict[str, Problem] = {}
        for name in names:
            if name not in self.plan.slots:
                wrong[name] = Problem(f"there is no rule `{plain(name)}`", None, suggest(name, self.plan.slots))
            elif name in fact.given.entries:
                wrong[name] = Problem(f"the fact gives `{name}` itself")
        asked = [name for name in names if name not in wrong]
        try:
            values = evaluate(self.plan, self.given(fact), asked)
        except GaugeError as error:
            return [Finding(kind, fact, name, problem=wrong.get(name, error.problems[0])) for name in names]
        made = []
        for name in names:
            try:
                if name in wrong:
                    raise InputError(wrong[name])
                state = values.state(name)
                if state.__class__ is Absent:
                    require(values, [name])
                made.append(self.finding(kind, fact, name, state))
            except GaugeError as error:
                made.append(Finding(kind, fact, name, problem=error.problems[0]))
        return made

    def given(self, fact: Fact) -> dict[str, Given]:
        """What a fact gives: its own values over those of the presets it names, over those of its foreign file."""
        kinds = self.plan.document.presets
        own, named = dict[str, Node](), list[tuple[str, Scalar, str]]()
        for name, _, node in fact.given.items():
            if name in kinds and name not in self.plan.document.inputs and isinstance(node, Scalar):
                named.append((name, node, self.folder))
            else:
                own[name] = node
        made = presets.read_inputs(self.plan, Mapping(own, fact.given.keys, fact.given.place), None, [])
        if fact.config:
            foreign = [name for name, kind in kinds.items() if kind.through]
            if len(foreign) != 1:
                raise InputError(Problem(f"`config` needs one preset kind that reads foreign files; these rules have {len(foreign)}"))
            named.append((foreign[0], Scalar(fact.config, True, fact.place), os.path.join(self.folder, "configs")))
        for name, asked, folder in named:
            for key, value in self.preset(name, asked, folder).items():
                made.setdefault(key, value)
        return made

    def preset(self, name: str, asked: Scalar, folder: str) -> dict[str, Given]:
        """The values of a preset, or the error there was."""
        key = name, os.path.join(folder, asked.text)
        if key not in self.known:
            kind = self.plan.document.presets[name]
            try:
                self.known[key] = presets.values_of(self.plan, kind, presets.find(kind, asked, folder), asked.place)
            except GaugeError as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, GaugeError):
            raise found
        return found

    def finding(self, kind: str, fact: Fact, name: str, state: Any) -> Finding:
        """A value beside the one that is expected: one, a least and a most, or none."""
        node = fact.expect.entries[name]
        as_input = presets.as_input(self.plan, name)
        if isinstance(node, Scalar) and node.is_null:
            return Finding(kind, fact, name, (), state, Fraction(state is not NOTHING))
        ends = tuple(convert(as_input, each) for each in (node.items if isinstance(node, Sequence) else (node,)))
        if as_input.type not in {"number", "integer"}:
            return Finding(kind, fact, name, ends, state, Fraction(state not in ends))
        found: Number = 0 if state is NOTHING else state
        numbers = [Fraction(end) for end in ends if isinstance(end, int | Fraction)]
        nearest = min(max(Fraction(found), min(numbers)), max(numbers))
        return Finding(kind, fact, name, ends, state, abs(found - nearest) / max(Fraction(1), abs(nearest)))
