"""Nodes → frozen records: one document from an entry file and all it includes."""

from __future__ import annotations

import os
import re

from . import lookup, schema, source
from .errors import FileError, GaugeError, Place, Problem, RulesError, Text, plain, suggest
from .formula import parse
from .quantity import Number, read
from .records import (
    Beside,
    Case,
    Check,
    Citation,
    Column,
    Document,
    Element,
    Example,
    Input,
    Lever,
    PresetKind,
    Report,
    Rule,
    Table,
    Type,
    Value,
)  # fmt: skip
from .source import Mapping, Node, Scalar, Sequence
from .tree import RESERVED, Formula
from .values import convert

MOST_RULES = 10_000
MOST_LEVERS = 200
MOST_STEPS = 20
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CHOICE_LIKE = re.compile(r".*(?:\bif\b|[A-Za-z]\w*\.[A-Za-z])")
"""What tells a formula from a mistyped word: words may hold signs."""
_FORMULA_LIKE = re.compile(r"(?![-+]?\.(?:inf|nan)$)(?:\S.*[-+*/%(<>=!]|[-+(].*[A-Za-z_]|.*\bif\b|.*[A-Za-z]\w*\.[A-Za-z])", re.IGNORECASE)


def load(path: str, *, large: bool = False, examples: bool = False) -> Document:
    """Read a rules file with its includes.

    Args:
        path: the entry file.
        large: whether files over the bounds are read.
        examples: whether the examples of rules are read; only `check` needs them, and they are half of many files.

    Raises:
        FileError: when a file cannot be read.
        RulesError: with everything that is wrong with its shape, names and formulas.
    """
    reader = _Files(path, large, examples)
    reader.open(path, None)
    made = reader.document() if reader.top is not None else None
    if reader.problems or made is None:
        raise RulesError(*reader.problems)
    return made


def shape_problems(node: Node | None, kind: schema.Kind, text: Text) -> list[Problem]:
    """What is wrong with the shape of a file; nothing for nearly every file, which is seen quickly."""
    if schema.conforms(node, kind):
        return []
    from .misshapen import explain

    return explain(node, kind, text)


class _Files:
    """The entry file and its includes, read depth first."""

    def __init__(self, path: str, large: bool, examples: bool) -> None:
        self.path = path
        self.examples = examples
        self.large = large
        self.root = lookup.real(os.path.dirname(path) or ".")
        self.problems: list[Problem] = []
        self.open_files: list[tuple[str, Place | None]] = []
        self.seen: set[str] = set()
        self.declared: set[str] = set()
        self.words: list[Scalar] = []
        self.maps: dict[str, list[tuple[str, Place, Node]]] = {
            key: [] for key in ("inputs", "tables", "rules", "presets", "checks", "levers", "sources")
        }
        self.top: Mapping | None = None
        self.folders: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.grouped: dict[str, str] = {}

    def open(self, path: str, asked: Place | None) -> None:
        """Read one file and, before its own sections, its includes."""
        text = source.read_text(path, large=self.large)
        node = self._parse(text)
        found = shape_problems(node, "rules", text)
        self.problems += found
        if not isinstance(node, Mapping):
            return
        self.declared |= {name for section in self.maps if isinstance(part := node.get(section), Mapping) for name in part.entries}
        if found:
            from .misshapen import sound

            node = sound(node, "rules")
        if self.top is None:
            self.top = node
        real = lookup.real(path)
        self.seen.add(real)
        self.open_files.append((real, asked))
        self.folders[text.name] = os.path.dirname(path)
        before = {section: len(entries) for section, entries in self.maps.items()}
        include = node.get("include")
        if isinstance(include, Sequence | Scalar):
            for item in include.items if isinstance(include, Sequence) else (include,):
                if isinstance(item, Scalar):
                    self._include(item, os.path.dirname(path))
        words = node.get("words")
        if isinstance(words, Sequence):
            self.words += [item for item in words.items if isinstance(item, Scalar)]
        self._group(node)
        override = node.get("override")
        replaces = isinstance(override, Scalar) and override.text == "true"
        for section, entries in self.maps.items():
            part = node.get(section)
            if isinstance(part, Mapping):
                known = {entries[at][0]: at for at in range(before[section], len(entries))} if replaces else {}
                for name, place, value in part.items():
                    if name in known:
                        entries[known[name]] = name, place, _over(entries[known[name]][2], value) if section == "inputs" else value
                    else:
                        entries.append((name, place, value))
        self.open_files.pop()

    def _group(self, node: Mapping) -> None:
        """The group a file puts its inputs in; an input written anew stays in its group unless the file has one."""
        about = node.get("group")
        name = _text(about, "name") if isinstance(about, Mapping) else _text(node, "group")
        if not name:
            return
        title = _text(about, "title") if isinstance(about, Mapping) else ""
        self.groups[name] = title or self.groups.get(name, "")
        inputs = node.get("inputs")
        if isinstance(inputs, Mapping):
            self.grouped |= dict.fromkeys(inputs.entries, name)

    def _parse(self, text: Text) -> Node | None:
        if not self.examples:
            try:
                return source.parse(source.without(text, "examples"))
            except FileError:
                pass  # it is said of the text as it stands
        return source.parse(text)

    def _include(self, item: Scalar, folder: str) -> None:
        try:
            path = inside(self.root, folder, item)
            real = lookup.real(path)
            if any(real == name for name, _ in self.open_files):
                hops = [*[os.path.basename(name) for name, _ in self.open_files], os.path.basename(real)]
                raise RulesError(Problem("files include each other in a circle: " + " → ".join(plain(hop) for hop in hops), item.place))
            if real in self.seen:
                return
            if lookup.kind(path) != "file":
                hint = _similar_file(path, os.path.dirname(item.text))
                raise RulesError(Problem(f"there is no file `{plain(item.text)}` to include", item.place, hint))
            self.open(path, item.place)
        except GaugeError as error:
            for problem in error.problems:
                empty = isinstance(error, FileError) and problem.place is not None and not problem.place.text.content
                message = f"`{plain(item.text)}` cannot be included: {problem.message}"
                self.problems.append(problem._replace(message=message, place=item.place) if empty else problem)

    def document(self) -> Document:
        """The document of all that was read; what is wrong with its names and records is added to the problems."""
        assert self.top is not None
        builder = _Builder(self)
        made = builder.build(self.top)
        self.problems += builder.problems
        return made


def _over(base: Node, new: Node) -> Node:
    """The fields of an input that is written anew over those of the input it replaces."""
    if not (isinstance(base, Mapping) and isinstance(new, Mapping)):
        return new
    return Mapping({**base.entries, **new.entries}, {**base.keys, **new.keys}, new.place)


def inside(root: str, folder: str, item: Scalar) -> str:
    """The path an item names, which must stay below `root` (symbolic links followed).

    Raises:
        RulesError: when it does not.
    """
    text = item.text
    outside = RulesError(
        Problem(
            f"`{plain(text)}` is outside the folder of the rules",
            item.place,
            "paths are relative and stay in the folder of the entry file or below",
        )
    )
    if not text.strip() or "\x00" in text:
        raise RulesError(Problem("an empty path", item.place, "write a path such as `parts/formats.yaml`"))
    if os.path.isabs(text) or text.startswith(("~", "\\", "//")) or "\\" in text or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        raise outside
    path = os.path.normpath(os.path.join(folder, text))
    real = lookup.real(path)
    if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
        raise outside
    return path


def _similar_file(path: str, folder: str = "") -> str:
    """A hint with a file that is there; `folder` is what was written before the name."""
    try:
        names = [name for name in lookup.listed(os.path.dirname(path) or ".") if name.endswith((".yaml", ".yml"))]
        return suggest(os.path.join(folder, os.path.basename(path)), [os.path.join(folder, name) for name in names])
    except OSError:
        return ""


class _Builder:
    """Turns the sections into records, collecting problems."""

    def __init__(self, files: _Files) -> None:
        self.files = files
        self.problems: list[Problem] = []
        self.named: dict[str, Place] = {}
        self.cited: dict[str, Citation] = {}
        self.known = {name for section in ("inputs", "rules") for name, _, _ in files.maps[section]} | files.declared

    def build(self, top: Mapping) -> Document:
        maps = self.files.maps
        count = len(maps["rules"])
        if count > MOST_RULES and not self.files.large:
            self.problems.append(
                Problem(f"{count:,} rules; at most {MOST_RULES:,} are read", maps["rules"][-1][1], "use --large for a file you trust")
            )
            raise RulesError(*self.problems)
        for name, place, node in maps["sources"]:
            self._unique(self.cited, name, place)
            if isinstance(node, Mapping):
                self.cited[name] = Citation("", _text(node, "title") or name, _text(node, "url"), _text(node, "checked"))
        tables = {name: self._table(name, place, node) for name, place, node in self._names("tables") if isinstance(node, Mapping)}
        inputs = {name: self._input(name, place, node, tables) for name, place, node in self._names("inputs") if isinstance(node, Mapping)}
        rules = {name: self._rule(name, place, node) for name, place, node in self._names("rules")}
        presets = {name: self._preset(name, place, node) for name, place, node in self._names("presets") if isinstance(node, Mapping)}
        checks = tuple(self._check(name, place, node) for name, place, node in maps["checks"] if isinstance(node, Mapping))
        levers = self._levers(inputs)
        words = {item.text for item in self.files.words}
        words |= {word for given in inputs.values() for word in given.choices if isinstance(word, str)}
        words |= {row for table in tables.values() for row in table.rows}
        words |= {given.otherwise for given in inputs.values() if given.otherwise}
        for word in sorted(words & self.named.keys()):
            self.problems.append(Problem(f"`{plain(word)}` is a name and also a word of a choice", self.named[word], "rename one of them"))
        return Document(
            self.files.path, _text(top, "title"), _text(top, "doc"), self._report(top), inputs, tables, rules, presets, checks,
            _listed(top, "reads"), _listed(top, "within"), frozenset(words),
            {group: self.files.groups.get(group, "") for group in dict.fromkeys(each.group for each in inputs.values()) if group},
            levers,
        )  # fmt: skip

    def _names(self, section: str) -> list[tuple[str, Place, Node]]:
        """The entries of a section whose names are good and new."""
        good = []
        for name, place, node in self.files.maps[section]:
            if not _NAME.fullmatch(name) or len(name) > 64:
                hint = (
                    "at most 64 characters"
                    if _NAME.fullmatch(name)
                    else "a name is lower-case letters, digits and _, and begins with a letter"
                )
                self.problems.append(Problem(f"`{plain(name, 40)}` is not a name", place, hint))
            elif name in RESERVED:
                self.problems.append(
                    Problem(f"`{name}` is a word of the language and cannot be a name", place, f"choose another, such as `{name}_value`")
                )
            elif self._unique(self.named, name, place):
                self.named[name] = place
                good.append((name, place, node))
        return good

    def _unique(self, seen: dict[str, Place] | dict[str, Citation], name: str, place: Place) -> bool:
        first = seen.get(name)
        if first is None:
            return True
        where = f"; the first is {first.text.name}:{first.line}" if isinstance(first, Place) else ""
        self.problems.append(Problem(f"`{plain(name)}` is defined a second time{where}", place, "a name is defined once"))
        return False

    def _table(self, name: str, place: Place, node: Mapping) -> Table:
        columns: dict[str, Column] = {}
        rows: dict[str, dict[str, Number | bool]] = {}
        usual: dict[str, Number | bool] = {}
        shown = node.get("columns")
        for column, _, about in shown.items() if isinstance(shown, Mapping) else ():
            part = about if isinstance(about, Mapping) else Mapping({}, {}, place)
            columns[column] = Column(column, _text(part, "unit"), _text(part, "type") == "boolean", _text(part, "doc"))
            cell = part.get("default")
            if isinstance(cell, Scalar):
                self._cell(usual, columns[column], cell)
        listed = node.get("rows")
        for row, row_place, cells in listed.items() if isinstance(listed, Mapping) else ():
            values = cells.items() if isinstance(cells, Mapping) else ()
            rows[row] = {}
            for column, cell_place, cell in values:
                if column not in columns:
                    self.problems.append(Problem(f"the table has no column `{plain(column)}`", cell_place, suggest(column, columns)))
                elif isinstance(cell, Scalar):
                    self._cell(rows[row], columns[column], cell)
            written = rows[row].keys() | {key for key, _, _ in values}
            for column in [each for each in columns if each not in written]:
                if column in usual:
                    rows[row][column] = usual[column]
                else:
                    self.problems.append(Problem(f"row `{plain(row)}` has no `{column}`", row_place))
        return Table(name, columns, rows, place, _text(node, "title"), _text(node, "doc"), self._source(node))

    def _cell(self, row: dict[str, Number | bool], column: Column, cell: Scalar) -> None:
        if column.truth:
            if cell.text not in {"true", "false"}:
                self.problems.append(Problem(f"`{column.name}` is true or false", cell.place))
            row[column.name] = cell.text == "true"
            return
        try:
            row[column.name] = read(cell.text, column.unit)
        except ValueError as error:
            self.problems.append(Problem(f"`{plain(cell.text)}`: {error}", cell.place))

    def _input(self, name: str, place: Place, node: Mapping, tables: dict[str, Table]) -> Input:
        kind: Type = _text(node, "type") or "number"  # type: ignore[assignment]
        made = Input(
            name, kind, place, _listed(node, "name") or (name,), _text(node, "title"), _text(node, "symbol"), _text(node, "unit"),
            _text(node, "doc"), self._source(node), self._number(node, "min"), self._number(node, "max"),
            group=_text(node, "group") or self.files.grouped.get(name, ""),
        )  # fmt: skip
        listed = node.get("choices")
        if isinstance(listed, Scalar):
            if listed.text not in tables and listed.text in self.files.declared:
                pass  # the table itself is wrong, which is said
            elif listed.text not in tables:
                self.problems.append(Problem(f"there is no table `{plain(listed.text)}`", listed.place, suggest(listed.text, tables)))
            else:
                made = made._replace(table=listed.text, choices=tuple(tables[listed.text].rows))
        elif isinstance(listed, Sequence):
            words = tuple(self._element(kind, made.unit, item) for item in listed.items if isinstance(item, Scalar))
            made = made._replace(choices=words)
        elif kind == "choice":
            self.problems.append(Problem(f"`{name}` is a choice without `choices`", place, "add `choices: [a, b]`, or the name of a table"))
        if kind == "choice":
            made = made._replace(otherwise=_text(node, "otherwise"))
        letters = node.get("letters")
        if isinstance(letters, Mapping):
            made = made._replace(letters=tuple((letter, item.text) for letter, _, item in letters.items() if isinstance(item, Scalar)))
        empty = node.get("empty")
        if empty is not None:
            made = made._replace(empty=self._value(made, empty))
        default = node.get("default")
        if default is not None and not (isinstance(default, Scalar) and default.is_null):
            made = made._replace(default=self._default(made, default))
        return made

    def _element(self, kind: str, unit: str, item: Scalar) -> Element:
        if kind == "choice":
            return item.text
        try:
            return read(item.text, unit)
        except ValueError as error:
            self.problems.append(Problem(f"`{plain(item.text)}`: {error}", item.place))
            return 0

    def _number(self, node: Mapping, key: str) -> Number | None:
        part = node.get(key)
        if not isinstance(part, Scalar):
            return None
        try:
            return read(part.text, _text(node, "unit"))
        except ValueError as error:
            self.problems.append(Problem(f"`{key}: {plain(part.text)}`: {error}", part.place))
            return None

    def _default(self, made: Input, node: Node) -> Formula | Value | None:
        """A value of the input's type, or else a formula over other names."""
        if not isinstance(node, Scalar) or made.type == "list" or (made.type == "choice" and node.text in {*made.choices, made.otherwise}):
            return self._value(made, node)
        if made.type != "choice":
            try:
                return convert(made, node)
            except GaugeError:
                pass
        like = _CHOICE_LIKE if made.type == "choice" else _FORMULA_LIKE
        if not like.match(node.text) and node.text not in self.known:
            return self._value(made._replace(otherwise=""), node)
        return self._formula(node)

    def _value(self, made: Input, node: Node) -> Value | None:
        try:
            return convert(made, node)
        except GaugeError as error:
            self.problems += error.problems
            return None

    def _formula(self, node: Node) -> Formula | None:
        if not isinstance(node, Scalar):
            return None
        place = node.place if node.bare else node.place.within(1, node.place.length - 1)
        try:
            return parse(node.text, place)
        except GaugeError as error:
            self.problems += error.problems
            return None

    def _rule(self, name: str, place: Place, node: Node) -> Rule:
        if not isinstance(node, Mapping):
            formula = self._formula(node)
            return Rule(name, (Case(None, formula),) if formula else (), place)
        cases: list[Case] = []
        whole = self._formula(found) if (found := node.get("formula")) is not None else None
        if whole:
            cases.append(Case(None, whole))
        listed = node.get("cases")
        for part in listed.items if isinstance(listed, Sequence) else ():
            if isinstance(part, Mapping):
                self._case(cases, part)
        if not cases and found is None and listed is None:
            self.problems.append(Problem(f"`{name}` has no formula", place, "add `formula: …` or `cases: […]`"))
        condition = node.get("when")
        unit = node.get("unit")
        return Rule(
            name, tuple(cases), place, self._formula(condition) if condition else None, _text(node, "title"), _text(node, "symbol"),
            _text(node, "unit"), unit.place if unit else None, _text(node, "doc"), self._source(node), self._examples(node),
        )  # fmt: skip

    def _case(self, cases: list[Case], part: Mapping) -> None:
        if cases and cases[-1].when is None:
            self.problems.append(Problem("a case after `otherwise` can never count", part.place, "put `otherwise` last"))
        last = part.get("otherwise")
        when, text = part.get("when"), part.get("formula")
        formula = self._formula(last) if last is not None else self._formula(text) if text is not None else None
        condition = self._formula(when) if when is not None else None
        if formula and (condition or last is not None):
            cases.append(Case(None if last is not None else condition, formula))

    def _examples(self, node: Mapping) -> tuple[Example, ...]:
        listed = node.get("examples")
        made = []
        for part in listed.items if isinstance(listed, Sequence) else ():
            if not isinstance(part, Mapping):
                continue
            given, expect = part.get("given"), part.get("expect")
            entries = {key: (value, place) for key, place, value in given.items()} if isinstance(given, Mapping) else {}
            made.append(Example(entries, self._expected(node, expect), expect.place if expect else part.place))
        return tuple(made)

    def _expected(self, node: Mapping, expect: Node | None) -> Value | None:
        if isinstance(expect, Sequence):
            return tuple(_loose(item.text) for item in expect.items if isinstance(item, Scalar))
        if not isinstance(expect, Scalar) or expect.text == "-":
            return None
        if expect.bare and expect.text in {"true", "false"}:
            return expect.text == "true"
        try:
            return read(expect.text, _text(node, "unit"))
        except ValueError as error:
            if _NAME.fullmatch(expect.text):
                return expect.text
            self.problems.append(Problem(f"`{plain(expect.text)}`: {error}", expect.place))
            return None

    def _preset(self, name: str, place: Place, node: Mapping) -> PresetKind:
        folder = self.files.folders.get(place.text.name, "")
        origin, through = node.get("from"), node.get("through")
        listed = origin.items if isinstance(origin, Sequence) else (origin,)
        return PresetKind(
            name,
            tuple(self._path(folder, item) for item in listed if isinstance(item, Scalar)),
            place,
            _text(node, "title"),
            self._folder(folder, through) if isinstance(through, Scalar) else "",
            _listed(node, "by") or (f"{name}_type",),
            self._last_resort(folder, through, node.get("otherwise")) if isinstance(through, Scalar) else "",
            _listed(node, "featured"),
        )

    def _last_resort(self, folder: str, through: Scalar, item: Node | None) -> str:
        """The translation of what no other reads, which lies beside the others."""
        if not isinstance(item, Scalar):
            return ""
        return self._path(folder, item._replace(text=f"{through.text}/{item.text}.yaml"))

    def _path(self, folder: str, item: Scalar) -> str:
        try:
            path = inside(self.files.root, folder, item)
        except RulesError as error:
            self.problems += error.problems
            return ""
        if not lookup.kind(path):
            self.problems.append(Problem(f"there is no file or folder `{plain(item.text)}`", item.place, _similar_file(path)))
        return path

    def _folder(self, folder: str, item: Scalar) -> str:
        path = self._path(folder, item)
        if lookup.kind(path) not in {"", "folder"}:
            self.problems.append(Problem(f"`through: {plain(item.text)}` is a file", item.place, "it names a folder of rules files"))
        return path

    def _check(self, name: str, place: Place, node: Mapping) -> Check:
        when = node.get("when")
        formula = (self._formula(when) if when else None) or parse("false", place)
        return Check(name, formula, _text(node, "say"), _text(node, "level") or "warning", place)

    def _levers(self, inputs: dict[str, Input]) -> tuple[Lever, ...]:
        seen: dict[str, Place] = {}
        made = []
        listed = self.files.maps["levers"]
        if len(listed) > MOST_LEVERS:
            self.problems.append(Problem(f"{len(listed):,} levers; at most {MOST_LEVERS} are read", listed[MOST_LEVERS][1]))
        for name, place, node in listed[:MOST_LEVERS]:
            if isinstance(node, Mapping) and self._unique(seen, name, place):
                seen[name] = place
                made.append(self._lever(name, place, node, inputs))
        return tuple(made)

    def _lever(self, name: str, place: Place, node: Mapping, inputs: dict[str, Input]) -> Lever:
        when, changes = node.get("when"), node.get("set")
        made = Lever(
            name, (), _text(node, "cost"), place, self._formula(when) if when else None, "", None, _text(node, "title"),
            _text(node, "doc"), self._source(node),
        )  # fmt: skip
        if not isinstance(changes, Mapping):
            return made
        least = node.get("least")
        columns: dict[str, tuple[Formula | Value | None, ...]] = {}
        for changed, at, part in changes.items():
            if changed not in inputs:
                hint = "set the inputs it is computed from" if changed in self.known else suggest(changed, inputs)
                self.problems.append(Problem(f"the lever `{name}` sets `{plain(changed)}`, which is no input", at, hint))
            elif inputs[changed].type == "list":
                self.problems.append(Problem(f"the lever `{name}` sets `{changed}`, which is a list", at, "a lever sets single values"))
            elif isinstance(part, Scalar) and part.text == "largest" and inputs[changed].type in {"integer", "number"}:
                made = made._replace(
                    largest=self._largest(made, inputs[changed], at, len(changes.entries)),
                    least=self._default(inputs[changed], least) if least else None,
                )
            else:
                items = part.items if isinstance(part, Sequence) else (part,)
                if len(items) > MOST_STEPS:
                    self.problems.append(Problem(f"{len(items):,} steps; a lever has at most {MOST_STEPS}", at))
                    items = items[:MOST_STEPS]
                columns[changed] = tuple(self._default(inputs[changed], item) for item in items)
        if least and not made.largest:
            self.problems.append(Problem(f"the lever `{name}` has `least` and no `largest`", least.place, "remove it"))
        lengths = {len(column) for column in columns.values()} - {1}
        if len(lengths) > 1:
            hint = "a list for each step, all as long; a single value stands in every step"
            self.problems.append(Problem(f"the lists of the lever `{name}` have different lengths", place, hint))
            return made
        count = max(lengths, default=1)
        whole = [{key: column[step if len(column) > 1 else 0] for key, column in columns.items()} for step in range(count) if columns]
        steps = [{key: value for key, value in step.items() if value is not None} for step in whole]
        return made if made.largest else made._replace(steps=tuple(steps))

    def _largest(self, lever: Lever, item: Input, place: Place, count: int) -> str:
        """The input a lever sets to its largest value that fits, which it must be able to search."""
        wrong = ""
        if item.type != "integer" or item.low is None:
            lacks = "has no `min`" if item.type == "integer" else "is any number"
            wrong = f"`largest` is for a whole number with a `min`, and `{item.name}` {lacks}"
        elif count > 1:
            wrong = f"`{item.name}: largest` stands alone in the `set` of the lever `{lever.name}`"
        if wrong:
            self.problems.append(Problem(wrong, place, "write values or a formula instead, or a lever of its own"))
        return item.name

    def _report(self, top: Mapping) -> Report:
        node = top.get("report")
        if not isinstance(node, Mapping):
            return Report()
        parts = node.get("parts")
        listed = [item for item in parts.items if isinstance(item, Scalar)] if isinstance(parts, Sequence) else []
        further = node.get("also")
        also = [item for item in further.items if isinstance(item, Scalar)] if isinstance(further, Sequence) else []
        first = node.get("inputs")
        asked = [item for item in first.items if isinstance(item, Scalar)] if isinstance(first, Sequence) else []
        ranges = node.get("beside")
        beside = [part for part in ranges.items if isinstance(part, Mapping)] if isinstance(ranges, Sequence) else []
        ends = [part.get(end) for part in beside for end in ("low", "high")]
        kinds = {name for name, _, _ in self.files.maps["presets"]}
        asked_rules = [item for item in asked if item.text not in kinds]
        for item in (*listed, *also, *asked_rules, *ends, node.get("total"), node.get("budget")):
            if isinstance(item, Scalar) and item.text not in self.known:
                self.problems.append(Problem(f"there is no rule `{plain(item.text)}`", item.place, suggest(item.text, self.known)))
        return Report(
            _text(node, "total"), _text(node, "budget"), tuple(item.text for item in listed), tuple(item.text for item in also),
            tuple(Beside(_text(part, "title"), _text(part, "low"), _text(part, "high")) for part in beside),
            tuple(item.text for item in asked), self._start(node), node.place,
        )  # fmt: skip

    def _start(self, node: Mapping) -> tuple[tuple[str, str], ...]:
        """What a page begins with: texts for inputs and preset kinds."""
        start = node.get("start")
        known = self.known | {name for name, _, _ in self.files.maps["presets"]}
        made = []
        for name, place, item in start.items() if isinstance(start, Mapping) else ():
            if name not in known:
                self.problems.append(Problem(f"there is no input `{plain(name)}`", place, suggest(name, known)))
            if isinstance(item, Scalar):
                made.append((name, item.text))
        return tuple(made)

    def _source(self, node: Mapping) -> Citation | None:
        text = _text(node, "source")
        if not text:
            part = node.get("source")
            if isinstance(part, Mapping):
                return Citation("", _text(part, "title"), _text(part, "url"), _text(part, "checked"))
            return None
        key, _, locator = text.partition(" ")
        known = self.cited.get(key.rstrip(",;:"))
        return Citation(f" {locator}" if locator else "", known.title, known.url, known.checked) if known else Citation(text)


def _text(node: Mapping, key: str) -> str:
    part = node.get(key)
    if part.__class__ is not Scalar or part.is_null:
        return ""
    return " ".join(part.text.split()) if "\n" in part.text else part.text.strip()


def _listed(node: Mapping, key: str) -> tuple[str, ...]:
    """One text, or the texts of a list."""
    part = node.get(key)
    items = part.items if isinstance(part, Sequence) else (part,)
    return tuple(item.text for item in items if isinstance(item, Scalar) and not item.is_null)


def _loose(text: str) -> Element:
    try:
        return read(text)
    except ValueError:
        return text
