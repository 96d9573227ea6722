"""Named sets of values: found by name or path, translated from a foreign vocabulary where they need it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Literal

from . import lookup
from .errors import FileError, GaugeError, InputError, Place, Problem, RulesError, Text, plain, suggest
from .evaluate import Given, Values, checked, evaluate, missing_inputs, require
from .named import NamedTuple
from .nodes import Mapping, Node, Scalar, Sequence, read_text
from .plan import NOTHING, Plan
from .records import Citation, Document, Input, PresetKind, Type, Value
from .values import convert, unfit

MOST = 100
"""Problems of an inputs file that are collected."""
ENDINGS = (".yaml", ".yml", ".json")
_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}"


class Preset(NamedTuple):
    """One entry: values in our vocabulary, or a `config` in a foreign one, and published totals."""

    name: str
    values: Mapping | None
    config: Mapping | None
    expect: Mapping | None
    title: str = ""
    doc: str = ""
    source: Citation | None = None


def load(path: str) -> Document:
    """The document of a rules file that translates; `document` is loaded here, for what was kept needs neither."""
    from .document import load

    return load(path)


def parse(text: Text) -> Node | None:
    """The nodes of a text."""
    from .source import parse

    return parse(text)


def _shape_problems(node: Node | None, kind: Literal["inputs", "preset"], text: Text) -> list[Problem]:
    from .document import shape_problems

    return shape_problems(node, kind, text)


def plan_of(path: str, *, large: bool = False) -> Plan:
    """The plan of a rules file.

    Raises:
        FileError: when a file cannot be read.
        RulesError: when something is wrong with it.
    """
    from .document import load

    return Plan(load(path, large=large))


def names(kind: PresetKind) -> list[str]:
    """The names of all entries of a kind, sorted; folders are listed, not read."""
    found: set[str] = set()
    for place in kind.places:
        if lookup.kind(place) == "folder":
            stems = (os.path.splitext(name)[0] for name in lookup.listed(place) if name.endswith(ENDINGS))
            found.update(stem for stem in stems if re.fullmatch(_NAME, stem))
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
    if not re.fullmatch(_NAME, asked.text):
        raise InputError(Problem(f"`{plain(asked.text)}` is not the name of a {kind.name}", asked.place))
    for place in kind.places:
        if lookup.kind(place) == "folder":
            for ending in ENDINGS:
                path = os.path.join(place, asked.text + ending)
                if lookup.kind(path) == "file":
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
    text = read_text(path)
    node = parse(text)
    if not isinstance(node, Mapping):
        raise FileError(Problem("a map of names and values is needed here", Place(text, 1, 1)))
    if path.endswith(".json"):
        return Preset(name, None, node, None, name)
    problems = _shape_problems(node, "preset", text)
    if problems:
        raise RulesError(*problems)
    return _entry(name, node)


@lookup.remembered(16)
def _entries(key: str, path: str) -> dict[str, Mapping]:  # noqa: ARG001 - `key` is what is cached by
    """The entries of a file that holds many. `key` is the whole path, which holds wherever one works."""
    text = read_text(path)
    node = parse(text)
    problems = _shape_problems(node, "preset", text)
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
        values, said = _translate(plan, kind, preset, asked)
        for name, value in values.items():
            made.setdefault(name, Given(value, "preset", where, asked, said))
    return made


def _translate(main: Plan, kind: PresetKind, preset: Preset, asked: Place) -> tuple[dict[str, Value], tuple[str, ...]]:
    """What the translation of a foreign file gives, and what it says of it."""
    assert preset.config is not None
    if not kind.through:
        raise InputError(Problem(f"a {kind.name} cannot be read from a foreign file here", asked))
    plan, parts, doubt = translation(kind, preset.config)
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    for name, item in plan.document.inputs.items():
        key, node = _sought(parts, item.keys)
        if node is None:
            continue
        if isinstance(node, Scalar) and node.is_null:
            if item.empty is not None:
                given[name] = Given(item.empty, "given", "", node.place)
            continue
        try:
            given[name] = Given(convert(item._replace(keys=(key,)), node, foreign=True), "given", "", node.place)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    wanted = [name for name in plan.document.rules if name in main.slots]
    values = evaluate(plan, given)
    warnings, wrongs = checked(values)
    if wrongs:
        raise InputError(*(wrong._replace(message=f"{plain(preset.name)}: {wrong.message}", place=asked) for wrong in wrongs))
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
    return made, tuple(filter(None, (doubt, *(warning.message for warning in warnings))))


def _require_keys(plan: Plan, values: Values, wanted: list[str], place: Place) -> None:
    missing = missing_inputs(values, wanted)
    if missing:
        keys = ", ".join(f"`{plan.document.inputs[name].key}`" for name in missing)
        file = plain(place.text.name, 200)
        raise InputError(Problem(f"{file} lacks {keys}", None, f"translated by {plain(plan.document.path, 200)}"))
    require(values, wanted)


def _sought(parts: Iterable[Mapping], keys: tuple[str, ...]) -> tuple[str, Node | None]:
    """The first of these keys that has a value, in the first part of the file that has one; else one that is `null`."""
    empty: tuple[str, Node | None] = keys[0], None
    for part in parts:
        for key in keys:
            node = _at(part, key)
            if isinstance(node, Scalar) and node.is_null:
                empty = key, node
            elif node is not None:
                return key, node
    return empty


def _at(node: Mapping, key: str) -> Node | None:
    """The value at a key, whose dots go into nested maps."""
    found: Node | None = node
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


class Translation(NamedTuple):
    """How a foreign file is read: by which rules, in which parts of it in order, and what is doubtful about that."""

    plan: Plan
    parts: tuple[Mapping, ...]
    doubt: str = ""


def translation(kind: PresetKind, config: Mapping) -> Translation:
    """The rules file that translates a foreign file: by the first key whose value one reads, else the last resort of the kind.

    Raises:
        InputError: when none reads it.
        RulesError: when it is wrong.
    """
    asked = [(key, node) for key in kind.by if isinstance(node := _at(config, key), Scalar) and not node.is_null]
    known: list[str] = []
    for key, node in asked:
        path, known = _reader(kind.through, node.text)
        if path:
            within = key.rpartition(".")[0]
            part = _at(config, within) if within else None
            doubt = f"{_unread(kind, asked)}; its `{plain(within)}` is read, {_named(key, node)}" if key != kind.by[0] else ""
            return _opened(path, config, part if isinstance(part, Mapping) else None, doubt)
    if kind.otherwise:
        made = _opened(kind.otherwise, config, None, "")
        title = made.plan.document.title or os.path.basename(kind.otherwise)
        close = suggest(asked[0][1].text, known) if asked else ""
        return made._replace(doubt=f"{_unread(kind, asked)}{f' ({close})' if close else ''}; it is read as: {plain(title)}")
    if not asked:
        file = plain(config.place.text.name, 200)
        raise InputError(Problem(f"{file} has no `{kind.by[0]}`, which says how to read it", config.place))
    key, node = asked[0]
    hint = suggest(node.text, known) or "known are " + ", ".join(sorted(known))
    raise InputError(Problem(f"no translation reads {key} `{plain(node.text)}`", node.place, hint))


def _unread(kind: PresetKind, asked: list[tuple[str, Scalar]]) -> str:
    """What is not known of a file."""
    key = kind.by[0]
    first = next((node for name, node in asked if name == key), None)
    return f"no translation reads {_named(key, first)}" if first else f"the file has no `{plain(key)}`"


def _named(key: str, node: Scalar) -> str:
    return f"{plain(key.rpartition('.')[2])} `{plain(node.text, 80)}`"


def _opened(path: str, config: Mapping, part: Mapping | None, doubt: str) -> Translation:
    plan = _plan(os.path.abspath(path), path)
    inner = [_at(config, key) for key in plan.document.within]
    parts = (*(each for each in (*inner, part) if isinstance(each, Mapping)), config)
    return Translation(plan, parts, doubt)


def _reader(folder: str, word: str) -> tuple[str, list[str]]:
    """The file of a folder that reads this word; where there is none, an empty path and the words that are read."""
    own = os.path.join(folder, word + ".yaml")
    if re.fullmatch(_NAME, word) and lookup.kind(own) == "file" and word in reads(own):
        return own, []
    known: list[str] = []
    for name in lookup.listed(folder):
        if name.endswith((".yaml", ".yml")):
            path = os.path.join(folder, name)
            words = reads(path)
            if word in words:
                return path, []
            known += words
    return "", known


_READS = r"^reads *:.*(?:\n(?:[ #\]-].*)?)*"
"""The key at the top of a file, with the lines that belong to it."""
_ODD_TOP = r"^[{\"'?]"
"""What a line begins with where the key might be written in another way."""


def reads(path: str) -> tuple[str, ...]:
    """The words of a foreign vocabulary that a rules file translates; none where it translates nothing."""
    return _reads(os.path.abspath(path), path)


@lookup.remembered(1024)
def _reads(key: str, path: str) -> tuple[str, ...]:  # noqa: ARG001 - as above
    """What a translation reads. One file of many is wanted, so only these lines are parsed wherever they stand plainly."""
    text = read_text(path)
    found = re.findall(_READS, text.content, re.MULTILINE)
    if len(found) > 1 or re.search(_ODD_TOP, text.content, re.MULTILINE):
        return load(path).reads
    if not found:
        return ()
    try:
        node = parse(Text(path, found[0]))
    except FileError:
        return load(path).reads
    listed = node.get("reads") if isinstance(node, Mapping) else None
    if not isinstance(listed, Sequence):
        return load(path).reads
    return tuple(item.text for item in listed.items if isinstance(item, Scalar))


@lookup.remembered(256)
def _plan(key: str, path: str) -> Plan:  # noqa: ARG001 - as above
    return Plan(load(path))


PresetValues = Callable[[Plan, PresetKind, Scalar, str], dict[str, Given]]
"""Gives the values of a preset: of which plan, which kind, what is asked for, and where paths begin."""


def found_values(plan: Plan, kind: PresetKind, asked: Scalar, folder: str) -> dict[str, Given]:
    """The values a preset gives, read from its files.

    Raises:
        GaugeError: see `find` and `values_of`.
    """
    return values_of(plan, kind, find(kind, asked, folder), asked.place)


def read_inputs(
    plan: Plan,
    node: Node | None,
    text: Text | None,
    settings: list[tuple[str, Scalar | Sequence]],
    folder: str = "",
    values: PresetValues = found_values,
    *,
    sound: bool = False,
) -> dict[str, Given]:
    """All given values: settings of the command line over the inputs file over its presets.

    Args:
        plan: the plan of the rules.
        node: the inputs file; None for none.
        text: its text, for messages.
        settings: names and values of the command line, the last of a name counting.
        folder: where paths in the inputs file begin.
        values: gives the values of a preset.
        sound: whether the shape of the inputs file is known to be right.

    Raises:
        InputError: with everything that is wrong.
    """
    problems: list[Problem] = []
    if node is not None and text is not None and not sound:
        problems += _shape_problems(node, "inputs", text)
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
            for name, given in values(plan, kind, value, base).items():
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
    return Input(name, kinds.get(shape.kind, "number"), item.place, (name,), item.title, unit=item.unit, choices=tuple(sorted(shape.words)))
