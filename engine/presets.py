"""Named sets of values: found by name or path, translated from a foreign vocabulary where they need it."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import NamedTuple

from . import source
from .document import load, shape_problems
from .errors import FileError, GaugeError, InputError, Place, Problem, RulesError, Text, plain, suggest
from .evaluate import Given, Values, evaluate, missing_inputs, require
from .plan import NOTHING, Plan
from .records import Citation, Input, PresetKind, Type, Value
from .source import Mapping, Node, Scalar, Sequence
from .values import convert, unfit

MOST = 100
"""Problems of an inputs file that are collected."""
ENDINGS = (".yaml", ".yml", ".json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


class Preset(NamedTuple):
    """One entry: values in our vocabulary, or a `config` in a foreign one, and published totals."""

    name: str
    values: Mapping | None
    config: Mapping | None
    expect: Mapping | None
    title: str = ""
    doc: str = ""
    source: Citation | None = None


def names(kind: PresetKind) -> list[str]:
    """The names of all entries of a kind, sorted; folders are listed, not read."""
    found: set[str] = set()
    for place in kind.places:
        if os.path.isdir(place):
            stems = (os.path.splitext(name)[0] for name in os.listdir(place) if name.endswith(ENDINGS))
            found.update(stem for stem in stems if _NAME.fullmatch(stem))
        else:
            found.update(_entries(os.path.abspath(place), place))
    return sorted(found)


def is_path(text: str) -> bool:
    """Whether the value of a preset kind is a path rather than a name."""
    return "/" in text or os.sep in text or text.endswith(ENDINGS)


def find(kind: PresetKind, asked: Scalar, folder: str = "") -> Preset:
    """The entry a value asks for.

    Args:
        kind: which kind.
        asked: a name, or a path.
        folder: where a path begins.

    Raises:
        InputError: when there is none.
        FileError, RulesError: when its file is wrong.
    """
    if is_path(asked.text):
        return _at_path(kind, asked, folder)
    if not _NAME.fullmatch(asked.text):
        raise InputError(Problem(f"`{plain(asked.text)}` is not the name of a {kind.name}", asked.place))
    for place in kind.places:
        if os.path.isdir(place):
            for ending in ENDINGS:
                path = os.path.join(place, asked.text + ending)
                if os.path.isfile(path):
                    return _read(path, asked.text)
        elif asked.text in (entries := _entries(os.path.abspath(place), place)):
            return _entry(asked.text, entries[asked.text])
    known = names(kind)
    hint = suggest(asked.text, known)
    if not hint:
        listed = ", ".join(known[:12]) + (f" and {len(known) - 12} more (see `list`)" if len(known) > 12 else "")
        hint = f"one of {listed}" if known else "there are none yet"
    if kind.through:
        hint += (" Or" if hint.endswith("?") else "; or") + " give the path of a .json file"
    raise InputError(Problem(f"unknown {kind.name} `{plain(asked.text)}`", asked.place, hint))


def _at_path(kind: PresetKind, asked: Scalar, folder: str) -> Preset:
    if not asked.text.endswith(ENDINGS):
        raise InputError(
            Problem(
                f"`{plain(asked.text)}` is not the name of a {kind.name}, and as a path it must end in .json, .yaml or .yml", asked.place
            )
        )
    path = os.path.join(folder, os.path.expanduser(asked.text))
    try:
        return _read(path, asked.text)
    except FileError as error:
        if error.problems[0].place is not None and error.problems[0].place.text.content:
            raise
        raise InputError(Problem(f"`{plain(asked.text, 200)}`: {error.problems[0].message}", asked.place)) from None


def _read(path: str, name: str) -> Preset:
    text = source.read_text(path)
    node = source.parse(text)
    if not isinstance(node, Mapping):
        raise FileError(Problem("a map of names and values is needed here", Place(text, 1, 1)))
    if path.endswith(".json"):
        return Preset(name, None, node, None, name)
    problems = shape_problems(node, "preset", text)
    if problems:
        raise RulesError(*problems)
    return _entry(name, node)


@lru_cache(maxsize=16)
def _entries(key: str, path: str) -> dict[str, Mapping]:  # noqa: ARG001 - `key` is what is cached by
    """The entries of a file that holds many. `key` is the whole path, which holds wherever one works."""
    text = source.read_text(path)
    node = source.parse(text)
    problems = shape_problems(node, "preset", text)
    if problems or not isinstance(node, Mapping):
        raise RulesError(*problems)
    listed = node.get("presets")
    return {name: entry for name, _, entry in listed.items() if isinstance(entry, Mapping)} if isinstance(listed, Mapping) else {}


def _entry(name: str, node: Mapping) -> Preset:
    def part(key: str) -> Mapping | None:
        found = node.get(key)
        return found if isinstance(found, Mapping) else None

    def words(of: Mapping, key: str) -> str:
        found = of.get(key)
        return " ".join(found.text.split()) if isinstance(found, Scalar) else ""

    about = node.get("source")
    cited = Citation(about.text) if isinstance(about, Scalar) else None
    if isinstance(about, Mapping):
        cited = Citation("", words(about, "title"), words(about, "url"), words(about, "checked"))
    return Preset(name, part("values"), part("config"), part("expect"), words(node, "title") or name, words(node, "doc"), cited)


def values_of(plan: Plan, kind: PresetKind, preset: Preset, asked: Place) -> dict[str, Given]:
    """The values an entry gives the inputs of a document, and the rules whose formula it knows better than.

    Raises:
        InputError: when a value does not fit its input, or a foreign file lacks what its translation needs.
        RulesError: when the translation itself is wrong.
    """
    where = f"{kind.name} {plain(preset.name, 60)}"
    made: dict[str, Given] = {}
    problems: list[Problem] = []
    for part, known in ((preset.values, plan.slots), (preset.expect, plan.document.inputs)):
        for name, _, node in part.items() if part else ():
            if name in known and name not in made:
                try:
                    made[name] = Given(convert(as_input(plan, name), node), "preset", where, node.place)
                except InputError as error:
                    problems += error.problems
    if problems:
        raise InputError(*problems)
    if preset.config:
        for name, value in _translate(plan, kind, preset, asked).items():
            made.setdefault(name, Given(value, "preset", where, asked))
    return made


def _translate(main: Plan, kind: PresetKind, preset: Preset, asked: Place) -> dict[str, Value]:
    assert preset.config is not None
    if not kind.through:
        raise InputError(Problem(f"a {kind.name} cannot be read from a foreign file here", asked))
    plan = translation(kind, preset.config)
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    for name, item in plan.document.inputs.items():
        node = _at(preset.config, item.key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            if node is not None and item.empty is not None:
                given[name] = Given(item.empty, "given", "", node.place)
            continue
        try:
            given[name] = Given(convert(item, node), "given", "", node.place)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    wanted = [name for name in plan.document.rules if name in main.slots]
    values = evaluate(plan, given)
    _require_keys(plan, values, wanted, preset.config.place)
    made: dict[str, Value] = {}
    for name in wanted:
        state = values.state(name)
        if state is NOTHING:
            continue
        wrong = unfit(as_input(main, name), state)
        if wrong:
            problems.append(Problem(f"{plain(preset.name)} gives `{name}` a value it cannot have: {name} {wrong}", asked))
        made[name] = state
    if problems:
        raise InputError(*problems)
    return made


def _require_keys(plan: Plan, values: Values, wanted: list[str], place: Place) -> None:
    missing = missing_inputs(values, wanted)
    if missing:
        keys = ", ".join(f"`{plan.document.inputs[name].key}`" for name in missing)
        file = plain(place.text.name, 200)
        raise InputError(Problem(f"{file} lacks {keys}", None, f"translated by {plain(plan.document.path, 200)}"))
    require(values, wanted)


def _at(node: Mapping, key: str) -> Node | None:
    """The value at a key, whose dots go into nested maps."""
    found: Node | None = node
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def translation(kind: PresetKind, config: Mapping) -> Plan:
    """The rules file that translates a foreign file.

    Raises:
        InputError: when none reads it.
        RulesError: when it is wrong.
    """
    found = config.get(kind.by)
    if not isinstance(found, Scalar) or found.is_null:
        file = plain(config.place.text.name, 200)
        raise InputError(Problem(f"{file} has no `{kind.by}`, which says how to read it", config.place))
    path, known = _reader(kind.through, found.text)
    if not path:
        hint = suggest(found.text, known) or "known are " + ", ".join(sorted(known))
        raise InputError(Problem(f"no translation reads {kind.by} `{plain(found.text)}`", found.place, hint))
    return _plan(os.path.abspath(path), path)


def _reader(folder: str, word: str) -> tuple[str, list[str]]:
    """The file of a folder that reads this word; where there is none, an empty path and the words that are read."""
    own = os.path.join(folder, word + ".yaml")
    if _NAME.fullmatch(word) and os.path.isfile(own) and word in _reads(os.path.abspath(own), own):
        return own, []
    known: list[str] = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".yaml", ".yml")):
            path = os.path.join(folder, name)
            reads = _reads(os.path.abspath(path), path)
            if word in reads:
                return path, []
            known += reads
    return "", known


_READS = re.compile(r"^reads *:.*(?:\n(?:[ #\]-].*)?)*", re.MULTILINE)
"""The key at the top of a file, with the lines that belong to it."""
_ODD_TOP = re.compile(r"^[{\"'?]", re.MULTILINE)
"""What a line begins with where the key might be written in another way."""


@lru_cache(maxsize=1024)
def _reads(key: str, path: str) -> tuple[str, ...]:  # noqa: ARG001 - as above
    """What a translation reads. One file of many is wanted, so only these lines are parsed wherever they stand plainly."""
    text = source.read_text(path)
    found = _READS.findall(text.content)
    if len(found) > 1 or _ODD_TOP.search(text.content):
        return load(path).reads
    if not found:
        return ()
    try:
        node = source.parse(Text(path, found[0]))
    except FileError:
        return load(path).reads
    listed = node.get("reads") if isinstance(node, Mapping) else None
    if not isinstance(listed, Sequence):
        return load(path).reads
    return tuple(item.text for item in listed.items if isinstance(item, Scalar))


@lru_cache(maxsize=256)
def _plan(key: str, path: str) -> Plan:  # noqa: ARG001 - as above
    return Plan(load(path))


def read_inputs(
    plan: Plan, node: Node | None, text: Text | None, settings: list[tuple[str, Scalar | Sequence]], folder: str = ""
) -> dict[str, Given]:
    """All given values: settings of the command line over the inputs file over its presets.

    Args:
        plan: the plan of the rules.
        node: the inputs file; None for none.
        text: its text, for messages.
        settings: names and values of the command line, the last of a name counting.
        folder: where paths in the inputs file begin.

    Raises:
        InputError: with everything that is wrong.
    """
    problems: list[Problem] = []
    if node is not None and text is not None:
        problems += shape_problems(node, "inputs", text)
        if problems:
            raise InputError(*problems)
    asked: dict[str, tuple[Node, Place, str]] = {}
    for name, place, value in node.items() if isinstance(node, Mapping) else ():
        asked[name] = value, place, folder
    for name, value in settings:
        asked[name] = value, value.place, ""
    made: dict[str, Given] = {}
    presets: list[tuple[PresetKind, Node, str]] = []
    for name, (value, place, base) in asked.items():
        if len(problems) > MOST:
            break
        if name in plan.document.presets and name not in plan.document.inputs:
            presets.append((plan.document.presets[name], value, base))
            continue
        try:
            made[name] = _given(plan, name, value, place, base == "" and place is value.place)
        except GaugeError as error:
            problems += error.problems
    for kind, value, base in presets:
        try:
            if not isinstance(value, Scalar) or value.is_null:
                raise InputError(Problem(f"`{kind.name}` is a name or a path", value.place))
            preset = find(kind, value, base)
            for name, given in values_of(plan, kind, preset, value.place).items():
                made.setdefault(name, given)
        except GaugeError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return made


def _given(plan: Plan, name: str, value: Node, place: Place, setting: bool) -> Given:
    if name not in plan.slots:
        known = [*plan.document.inputs, *plan.document.presets, *plan.document.rules]
        raise InputError(
            Problem(f"unknown input `{plain(name)}`", place, suggest(name, known) or "`list` shows the inputs of a rules file")
        )
    where = "--set" if setting else f"{os.path.basename(place.text.name)}:{place.line}"
    return Given(convert(as_input(plan, name), value, commas=setting), "given", where, value.place)


def as_input(plan: Plan, name: str) -> Input:
    """The input with this name, or the input a rule would be if it were given."""
    item = plan.item(name)
    if isinstance(item, Input):
        return item
    shape = plan.shapes[name]
    kinds: dict[str, Type] = {"truth": "boolean", "word": "choice", "list": "list"}
    return Input(name, kinds.get(shape.kind, "number"), item.place, name, item.title, unit=item.unit, choices=tuple(sorted(shape.words)))
