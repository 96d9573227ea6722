"""YAML text → nodes with places: bounded, safe, no surprises.

Read from parser events, so nothing is ever constructed that the text does not say: no tags, anchors, aliases, merges,
duplicate keys; a scalar keeps its text, and whoever reads it says what it must be.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from .errors import FileError, Place, Problem, Text, plain
from .nodes import LARGEST, Mapping, Node, Scalar, Sequence, decode, read_text

__all__ = ["DEEPEST", "LARGEST", "Mapping", "Node", "Scalar", "Sequence", "decode", "parse", "read_text", "without"]

DEEPEST = 50
"""Levels of nesting."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: Text) -> Node | None:
    """The one document of a YAML text, or None when it is empty.

    Raises:
        FileError: with every duplicate key, or the first thing that is not plain YAML.
    """
    lines = text.content.split("\n") if text.content.count("\n") > MANY and not text.name.endswith(".json") else []
    if (runs := _runs(lines)) and (found := _between(text, lines, runs)) is not None:
        return found
    return _read(text, _Reader(text))


def _read(text: Text, reader: _Reader, content: str = "") -> Node | None:
    """The document of a text, or of a content in its place."""
    language = "JSON" if text.name.endswith(".json") else "YAML"
    parser = _LOADER(content or (_PAIR.sub(_joined, text.content) if language == "JSON" else text.content))
    try:
        while (event := parser.get_event()).__class__ is not yaml.StreamEndEvent:
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and mark and not text.line(mark.line + 1).strip():
            mark = error.context_mark  # the end of the file says nothing; what was opened and never closed does
        place = Place(text, mark.line + 1, mark.column + 1) if mark else Place(text, 1, 1)
        if "maximum nesting depth" in (error.problem or ""):  # PyYAML 6.0.4 counts too, and reads ahead of us
            raise FileError(Problem(f"more than {DEEPEST} levels of nesting", place)) from None
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise FileError(Problem(f"this is not {language}: {plain(what, 200)}", place, _yaml_hint(text, place, what))) from None
    except yaml.YAMLError as error:
        raise FileError(Problem(f"this is not {language}: {plain(str(error), 120)}", Place(text, 1, 1))) from None
    finally:
        parser.dispose()
    if reader.problems:
        raise FileError(*reader.problems)
    return reader.root


# Thousands of lines `name: formula` under one another need no parser: it is given the first and the last of them.

MANY = 1000
"""Lines of a text in which such lines are looked for."""
_LINE = re.compile(r"( +)([a-z][a-z0-9_]{0,99}): ([A-Za-z0-9(](?:[-A-Za-z0-9_ ()+*/.,<=>]*[A-Za-z0-9_)])?)")
_LEAST = 20
_Lines = list[re.Match[str]]


def _runs(lines: list[str]) -> dict[int, _Lines]:
    """Lines with one word for a key and a plain value, indented alike, that follow one another, by the number of the first, from 0."""
    found: dict[int, _Lines] = {}
    run: _Lines = []
    for number, line in enumerate([*lines, ""]):
        made = _LINE.fullmatch(line)
        if run and (made is None or made.end(1) != run[0].end(1)):
            if len(run) >= _LEAST:
                found[number - len(run)] = run
            run = []
        if made is not None:
            run.append(made)
    return found


def _between(text: Text, lines: list[str], runs: dict[int, _Lines]) -> Node | None:
    """The document of a text with such lines; None where they turn out to be something else, or anything is wrong."""
    left = lines.copy()
    for first, run in runs.items():
        left[first + 1 : first + len(run) - 1] = [""] * (len(run) - 2)
    reader = _Splicer(text, runs)
    try:
        found = _read(text, reader, "\n".join(left))
    except FileError:
        return None
    return None if reader.runs else found


_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


def _joined(pair: re.Match[str]) -> str:
    """A character that JSON writes as two escapes, as YAML writes it."""
    return f"\\U{0x10000 + ((int(pair[1], 16) & 0x3FF) << 10) + (int(pair[2], 16) & 0x3FF):08x}"


def _yaml_hint(text: Text, place: Place, what: str) -> str:
    line = text.line(place.line)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in what:
        return "text that holds `: ` stands in quotes"
    if "flow" in what:
        return "a `{` or `[` is not closed, or a `,` is missing"
    return ""


_new: Any = tuple.__new__  # the constructor of a named tuple without its Python wrapper: half the time of reading


def without(text: Text, key: str) -> Text:
    """The text with the value of a key emptied wherever it is a block of lines; line numbers stay.

    For what only some readers want. A key in braces, and one that is really a line of a block of text, is left alone.
    """
    head = f"{key}:"
    if head not in text.content:
        return text
    lines: list[str] = []
    inside = -1  # the indent of the key whose lines are left out, or of the key of a block of text
    leaving = False
    for line in text.content.split("\n"):
        rest = line.lstrip(" ")
        indent = len(line) - len(rest)
        if inside >= 0:
            if not rest or indent > inside:
                lines.append("" if leaving else line)
                continue
            inside, leaving = -1, False
        if rest == head:
            inside, leaving = indent, True
            lines.append(line + " []")
            continue
        if line[-2:].strip(" -+") in {"|", ">"}:
            inside = indent
        lines.append(line)
    return Text(text.name, "\n".join(lines))


class _Reader:
    """Builds nodes from events; the stack holds what is open."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.top: _Open | None = None
        self.stack: list[_Open] = []
        self.documents = 0

    def take(self, event: Any) -> None:
        """One event."""
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            place = self._place(event)
            if event.anchor is not None or event.tag is not None:
                self._refuse_marks(event, place)
            node = _new(Scalar, (event.value, not event.style, place))
            top = self.top
            if top is not None and top.keyed and top.key is None:
                self._open_key(top, node)
            else:
                self._add(node)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            place = self._place(event)
            if event.anchor is not None or event.tag is not None:
                self._refuse_marks(event, place)
            if len(self.stack) >= DEEPEST:
                raise FileError(Problem(f"more than {DEEPEST} levels of nesting", place))
            if self.top is not None and self.top.keyed and self.top.key is None:
                raise FileError(Problem("a key is a word, not a list or a map", place))
            self.top = _Open(kind is yaml.MappingStartEvent, place, flow=event.flow_style)
            self.stack.append(self.top)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = self.stack.pop()
            self.top = self.stack[-1] if self.stack else None
            self._add(Mapping(closed.entries, closed.keys, closed.place) if closed.keyed else Sequence(tuple(closed.items), closed.place))
        elif kind is yaml.AliasEvent:
            self._problem("aliases (`*name`) are not read", self._place(event), "write the value out")
            self._add(Scalar("", True, self._place(event)))
        elif kind is yaml.DocumentStartEvent:
            self._document(event)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise FileError(Problem("a second document begins here", self._place(event), "one file holds one document"))
        if event.tags or (event.version and event.version not in {(1, 1), (1, 2)}):
            raise FileError(Problem("this YAML directive is not read", Place(self.text, 1, 1), "remove the line that begins with %"))

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        line, column = start.line, start.column
        length = end.column - column if end.line == line else 1
        place: Place = _new(Place, (self.text, line + 1, column + 1, length if length > 0 else 1))
        return place

    def _refuse_marks(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            self._problem("anchors (`&name`) are not read", place, "write the value where it is needed")
        if event.tag is not None and not (event.tag == "!" and type(event) is yaml.ScalarEvent and event.style):
            self._problem(f"the tag `{plain(event.tag)}` is not read", place, "remove it")

    def _add(self, node: Node) -> None:
        top = self.top
        if top is None:
            self.root = node
        elif not top.keyed:
            top.items.append(node)
        elif top.key is not None:
            top.entries[top.key.text] = node
            top.keys[top.key.text] = top.key.place
            top.key = None

    def _open_key(self, top: _Open, node: Scalar) -> None:
        top.key = node
        text = node.text
        if text in top.entries:
            first = top.keys[text].line
            self._problem(f"`{plain(text)}` stands here a second time; the first is in line {first}", node.place, "keep one of them")
        elif text in _ODD_KEYS and (node.bare or not text):
            if text == "<<":
                self._problem("merge keys (`<<`) are not read", node.place, "write the values out")
            else:
                self._problem("an empty key", node.place, "a key is a word")

    def _problem(self, message: str, place: Place, hint: str) -> None:
        self.problems.append(Problem(message, place, hint))
        if len(self.problems) > 100:
            raise FileError(*self.problems)


_ODD_KEYS = frozenset({"", "~", "null", "Null", "NULL", "<<"})


class _Splicer(_Reader):
    """Puts in the entries that were left out of a text, after the first of each run."""

    def __init__(self, text: Text, runs: dict[int, _Lines]) -> None:
        super().__init__(text)
        self.runs = dict(runs)

    def _add(self, node: Node) -> None:
        top = self.top
        key = top.key if top is not None and top.keyed else None
        super()._add(node)
        if top is None or key is None or node.__class__ is not Scalar or key.place.line - 1 not in self.runs:
            return
        first = key.place.line - 1
        run = self.runs[first]
        indent = run[0].end(1)
        if (key, node) != self._entry(run[0], first, indent) or top.flow:
            return
        del self.runs[first]
        for number, found in enumerate(run[1:-1], first + 1):
            entry, value = self._entry(found, number, indent)
            self._open_key(top, entry)
            super()._add(value)

    def _entry(self, found: re.Match[str], number: int, indent: int) -> tuple[Scalar, Scalar]:
        """The key and the value of a line."""
        _, key, value = found.groups()
        at = indent + len(key) + 3
        return (
            _new(Scalar, (key, True, _new(Place, (self.text, number + 1, indent + 1, len(key))))),
            _new(Scalar, (value, True, _new(Place, (self.text, number + 1, at, len(value))))),
        )


class _Open:
    """A mapping or a sequence that is being read; `key` is one whose value is still to come, `flow` whether it stands in brackets."""

    __slots__ = ("entries", "flow", "items", "key", "keyed", "keys", "place")

    def __init__(self, keyed: bool, place: Place, *, flow: bool) -> None:
        self.keyed = keyed
        self.flow = flow
        self.place = place
        self.items: list[Node] = []
        self.entries: dict[str, Node] = {}
        self.keys: dict[str, Place] = {}
        self.key: Scalar | None = None
