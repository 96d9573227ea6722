"""What the page knows: a rules file, its translations and presets, as plain data beside its formulas as JavaScript."""

from __future__ import annotations

import os
from typing import Any

from .. import listing, presets
from ..document import load
from ..emit import javascript
from ..errors import GaugeError, RulesError, plain
from ..graph import needed_by
from ..named import NamedTuple
from ..plan import Plan
from ..records import Citation, Document, Input, Lever, PresetKind, Rule, Table, Value, table_of
from ..source import Mapping, Node, Scalar, Sequence
from ..tree import Formula

_SAFE = 2**53


class Content(NamedTuple):
    """`data` for JSON, and the text of each formula in JavaScript, which the data counts from 0."""

    data: dict[str, Any]
    formulas: tuple[str, ...]


def content(plan: Plan, *, every_preset: bool = False, path: str = "") -> Content:
    """Everything a page needs.

    Args:
        plan: the rules.
        every_preset: whether all presets are put in, rather than those that the rules feature.
        path: how the command line names the rules file.

    Raises:
        RulesError: when a translation or a preset is wrong.
    """
    maker = _Maker(plan)
    document = plan.document
    items = [maker.item(plan, name) for name in plan.graph.order]
    noted = None if every_preset else _noted(plan)
    for name, item in zip(plan.graph.order, items, strict=True):
        if noted is not None and name not in noted:
            item.pop("doc", None)
    data: dict[str, Any] = {
        "title": document.title,
        "doc": document.doc,
        "path": path or document.path,
        "items": _columns(items),
        "checks": maker.checks(plan),
        "levers": [maker.lever(plan, lever) for lever in document.levers],
        "report": _report(document),
        "groups": [[name, listing.group_title(plan, name)] for name in document.groups if name],
        "presets": [maker.kind(kind, every_preset) for kind in document.presets.values()],
    }
    data |= {
        "names": list(maker.ids),
        "foreign": maker.shared(),
        "translations": maker.translations,
        "tables": list(maker.tables.values()),
        "sources": [list(each) for each in maker.sources],
    }
    return Content(data, tuple(maker.formulas))


def _noted(plan: Plan) -> set[str]:
    """What keeps its note: every input and the rules of the report; all rules where there is no report.

    The notes of the others are a tenth of a page, and less needed than their formula, numbers and source.
    """
    document = plan.document
    report = document.report
    if not report.total:
        return set(plan.graph.order)
    shown = {report.total, *report.parts, *report.also, *(end for each in report.beside for end in (each.low, each.high))}
    return shown | document.inputs.keys()


def _report(document: Document) -> dict[str, Any]:
    report = document.report
    beside = [{"title": each.title, "low": each.low, "high": each.high} for each in report.beside]
    return {
        "total": report.total,
        "budget": report.budget,
        "parts": list(report.parts),
        "also": list(report.also),
        "beside": beside,
        "inputs": list(report.inputs),
        "start": dict(report.start),
    }


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what is not said; a default may be empty."""
    return {key: value for key, value in entry.items() if key in {"default", "empty"} or value not in ("", None, [], {}, ())}


def value_of(value: Value) -> Any:
    """A value as the page reads it: a whole number it holds exactly, `{"n": "17/4"}` for any other, a word, a truth, a list."""
    if isinstance(value, tuple):
        return [value_of(each) for each in value]
    if isinstance(value, bool | str):
        return value
    return value if isinstance(value, int) and abs(value) < _SAFE else {"n": str(value)}


def _node(node: Node) -> Any:
    """A value of a preset as JSON; a number that JSON would write differently keeps its text."""
    if isinstance(node, Mapping):
        return {key: _node(each) for key, _, each in node.items()}
    if isinstance(node, Sequence):
        return [_node(each) for each in node.items]
    if node.is_null:
        return None
    if not node.bare:
        return node.text
    if node.text in {"true", "false"}:
        return node.text == "true"
    if node.text.isdigit() and str(int(node.text)) == node.text and int(node.text) < _SAFE:
        return int(node.text)
    return {"n": node.text} if node.text[:1] in "+-.0123456789" else node.text


class _Maker:
    """Numbers what is shared: names, tables, formulas, sources, items of translations."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ids: dict[str, int] = {name: slot for slot, name in enumerate(plan.graph.order)}
        self.tables: dict[str, dict[str, Any]] = {}
        self.formulas: dict[str, int] = {}
        self.sources: dict[tuple[str, str], int] = {}
        self.foreign: dict[str, dict[str, Any]] = {}
        self.positions: dict[str, int] = {}
        self.translations: list[dict[str, Any]] = []

    def formula(self, plan: Plan, formula: Formula) -> int:
        """The number of a formula; the same text in two files is one."""

        def table(name: str) -> int:
            document = plan.document
            if name in document.tables and name not in document.inputs and name not in document.rules:
                return self.table(document.tables[name])
            owner = document.inputs.get(name)
            found = document.tables[owner.table] if owner else table_of(document, plan.shapes[name].words)
            assert found is not None
            return self.table(found)

        names = _Names(self, plan)
        text = javascript.formula(formula.tree, names, table)
        return self.formulas.setdefault(text, len(self.formulas))

    def id(self, name: str) -> int:
        """The position of a name, of any file."""
        return self.ids.setdefault(name, len(self.ids))

    def table(self, table: Table) -> int:
        """The number of a table; tables with the same cells are one."""
        rows = {row: {column: value_of(cell) for column, cell in cells.items()} for row, cells in table.rows.items()}
        key = javascript.text(table.name + repr(rows))
        self.tables.setdefault(key, {"name": table.name, "rows": rows})
        return list(self.tables).index(key)

    def source(self, source: Citation | None) -> Any:
        """A source as its number in the list and what stands behind it."""
        if source is None:
            return None
        if not source.title:
            return [-1, source.text]
        return [self.sources.setdefault((source.title, source.url), len(self.sources)), source.text]

    def item(self, plan: Plan, name: str, *, told: bool = True) -> dict[str, Any]:
        """An input or a rule; `told`: with what people read of it."""
        item = plan.item(name)
        made: dict[str, Any] = self._input(plan, item) if isinstance(item, Input) else self._rule(plan, item)
        if told:
            made |= {"title": item.title, "symbol": item.symbol, "doc": item.doc, "source": self.source(item.source)}
        return _bare(made)

    def _input(self, plan: Plan, item: Input) -> dict[str, Any]:
        made: dict[str, Any] = {"input": True, "type": item.type, "unit": plan.unit(item.name), "group": item.group}
        made |= {name: None if bound is None else value_of(bound) for name, bound in (("low", item.low), ("high", item.high))}
        rows = list(plan.document.tables[item.table].rows) if item.table else []
        if rows and rows == list(item.choices) and not any(row.isdigit() for row in rows):
            made["table"] = self.table(plan.document.tables[item.table])  # its rows are the choices, in this order
        else:
            made["choices"] = [value_of(choice) for choice in item.choices]
        made["otherwise"] = item.otherwise
        if isinstance(item.default, Formula):
            made["formula"] = self.formula(plan, item.default)
        made = _bare(made)
        if item.default is not None and not isinstance(item.default, Formula):
            made["default"] = value_of(item.default)
        return made

    def _rule(self, plan: Plan, item: Rule) -> dict[str, Any]:
        shape = plan.shapes[item.name]
        cases = [[None if case.when is None else self.formula(plan, case.when), self.formula(plan, case.formula)] for case in item.cases]
        made: dict[str, Any] = {"unit": plan.unit(item.name), "cases": cases}
        if item.when is not None:
            made["when"] = self.formula(plan, item.when)
        if shape.kind != "number":
            made |= {"kind": shape.kind, "words": sorted(map(str, shape.words))}
        return made

    def checks(self, plan: Plan) -> list[dict[str, Any]]:
        """What the checks say, and when."""
        return [
            {"name": check.name, "when": self.formula(plan, check.when), "say": plain(check.say, 400), "level": check.level}
            for check in plan.document.checks
        ]

    def lever(self, plan: Plan, lever: Lever) -> dict[str, Any]:
        """A change worth trying: values as they stand, or `{"formula": 17}`."""

        def value(of: Formula | Value) -> Any:
            return {"formula": self.formula(plan, of)} if isinstance(of, Formula) else value_of(of)

        made: dict[str, Any] = {"name": lever.name, "title": lever.title, "cost": lever.cost, "largest": lever.largest}
        made["steps"] = [{name: value(of) for name, of in step.items()} for step in lever.steps]
        for key, of in (("when", lever.when), ("least", lever.least)):
            made[key] = None if of is None else self.formula(plan, of) if key == "when" and isinstance(of, Formula) else value(of)
        return _bare(made)

    def kind(self, kind: PresetKind, every: bool) -> dict[str, Any]:
        """A kind of presets with its entries and what reads foreign files."""
        known = presets.names(kind)
        listed = known if every or not kind.featured else [name for name in kind.featured if name in known]
        entries = [self.entry(kind, name) for name in listed]
        made: dict[str, Any] = {"name": kind.name, "title": kind.title, "entries": entries, "more": len(known) - len(listed)}
        if kind.through:
            made |= {"by": list(kind.by), "readers": self.readers(kind)}
            if kind.otherwise:
                made["otherwise"] = self.translation(kind.otherwise)
                made["read_as"] = load(kind.otherwise).title or os.path.basename(kind.otherwise)
        return made

    def entry(self, kind: PresetKind, name: str) -> dict[str, Any]:
        """A preset."""
        found = presets.find(kind, Scalar(name, True, kind.place))
        made: dict[str, Any] = {"name": name, "title": found.title if found.title != name else ""}
        document = self.plan.document
        for key, part, known in (("values", found.values, self.plan.slots), ("expect", found.expect, document.inputs)):
            made[key] = {each: _node(node) for each, _, node in part.items() if each in known} if part else None
        made["config"] = _node(found.config) if found.config else None
        return _bare(made)

    def readers(self, kind: PresetKind) -> list[int]:
        """The translations of a kind, by their number."""
        found = []
        for name in sorted(os.listdir(kind.through)):
            path = os.path.join(kind.through, name)
            if name.endswith((".yaml", ".yml")) and presets.reads(path):
                found.append(self.translation(path))
        return found

    def translation(self, path: str) -> int:
        """The number of a translation."""
        key = os.path.abspath(path)
        if key in self.positions:
            return self.positions[key]
        try:
            plan = Plan(load(path))
        except GaugeError as error:
            raise RulesError(*error.problems) from None
        results = [name for name in plan.document.rules if name in self.plan.slots]
        asked = [name for check in plan.document.checks for name in needed_by(plan.document, check.when)]
        wanted = plan.graph.ancestors([*results, *asked])
        items = [self.foreign_item(plan, name) for name in plan.graph.order if name in wanted]
        made = {
            "reads": list(plan.document.reads),
            "within": list(plan.document.within),
            "items": sorted(items),
            "checks": self.checks(plan),
        }
        self.positions[key] = len(self.translations)
        self.translations.append(made)
        return self.positions[key]

    def foreign_item(self, plan: Plan, name: str) -> int:
        """The number of an item of a translation; the same in two of them is one."""
        item = plan.item(name)
        made = {"id": self.id(name)} | self.item(plan, name, told=False)
        for told in ("group", "kind", "words"):
            made.pop(told, None)
        if isinstance(item, Input):
            if item.keys != (name,):
                made["keys"] = list(item.keys)
            if item.empty is not None:
                made["empty"] = value_of(item.empty)
            if item.letters:
                made["letters"] = dict(item.letters)
        key = repr(made)
        self.foreign.setdefault(key, made)
        return list(self.foreign).index(key)

    def shared(self) -> list[dict[str, Any]]:
        """The items of all translations, those of one name together, which packs best; the translations are told their new numbers."""
        listed = list(self.foreign.values())
        order = sorted(range(len(listed)), key=lambda number: (listed[number]["id"], number))
        new = {number: position for position, number in enumerate(order)}
        for each in self.translations:
            each["items"] = sorted(new[number] for number in each["items"])
        return [listed[number] for number in order]


class _Names(dict[str, int]):
    """The positions of the names of one file, given as they are met; what is neither an input nor a rule is not in it."""

    def __init__(self, maker: _Maker, plan: Plan) -> None:
        super().__init__()
        self.maker = maker
        self.plan = plan

    def __contains__(self, name: object) -> bool:
        return name in self.plan.slots

    def __getitem__(self, name: str) -> int:
        return self.maker.id(name)


def _columns(items: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Items by what is said of them, which packs better than one by one; null where nothing is said."""
    return {key: [item.get(key) for item in items] for key in sorted({key for item in items for key in item})}
