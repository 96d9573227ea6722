"""What a rules file can be asked: its inputs with bounds and defaults, its presets."""

from __future__ import annotations

from typing import Any

from . import presets
from .encode import plain_value, to_json
from .errors import CommandError, GaugeError, Problem, plain, suggest
from .plan import Plan
from .quantity import grouped
from .records import Input, PresetKind
from .source import Mapping, Scalar
from .tables import table
from .tree import Formula


def inputs(plan: Plan, style: str = "plain") -> str:
    """The inputs as a table by group, and how many presets of each kind there are."""
    headers = ["input", "type", "values", "default", "title"]
    groups: dict[str, list[list[str]]] = {name: [] for name in plan.document.groups}
    for each in plan.document.inputs.values():
        groups.setdefault(each.group, []).append([each.name, each.type, _domain(each), _default(each), plain(each.title)])
    if len(groups) < 2:
        blocks = [table(rows, headers, style, frozenset()) for rows in groups.values()]
    elif style == "plain":
        blocks = [f"{group_title(plan, name)}\n\n{table(rows, headers, style, frozenset())}" for name, rows in groups.items()]
    else:
        blocks = [table([[*row, name] for name, rows in groups.items() for row in rows], [*headers, "group"], style, frozenset())]
    for kind in plan.document.presets.values():
        names = presets.names(kind)
        blocks.append(
            f"{kind.name}: one of {len(names)} names (`list RULES {kind.name}`)" + (", or the path of a .json file" if kind.through else "")
        )
    return "\n\n".join(blocks) + "\n"


def json_text(plan: Plan, kind: str | None) -> str:
    """The inputs, presets and rules as one JSON object; or the names of one kind."""
    return to_json(presets.names(kind_of(plan, kind)) if kind else _as_object(plan))


def _as_object(plan: Plan) -> dict[str, Any]:
    return {
        "inputs": {
            each.name: {
                "type": each.type,
                "title": each.title,
                "unit": each.unit,
                "values": _domain(each),
                "default": _default(each),
                "doc": each.doc,
                "group": each.group,
            }
            for each in plan.document.inputs.values()
        },
        "presets": {kind.name: presets.names(kind) for kind in plan.document.presets.values()},
        "rules": {name: {"title": rule.title, "unit": plan.unit(name), "doc": rule.doc} for name, rule in plan.document.rules.items()},
    }


def group_title(plan: Plan, name: str) -> str:
    """The title of a group of inputs: its own, else that of the preset kind of that name."""
    if not name:
        return "Other inputs"
    kind = plan.document.presets.get(name)
    return plain(plan.document.groups[name] or (kind.title if kind else "") or name.replace("_", " ").capitalize(), 100)


def schema_text(plan: Plan) -> str:
    """A JSON Schema (draft-07) of the inputs files of these rules, for editors to complete from."""
    properties: dict[str, Any] = {each.name: _schema_of(each) for each in plan.document.inputs.values()}
    for kind in plan.document.presets.values():
        about = f"A name ({', '.join(presets.names(kind)[:3])} …)" + (", or the path of a .json file." if kind.through else ".")
        properties[kind.name] = {"title": kind.title, "description": about, "type": "string", "examples": presets.names(kind)}
    for rule in plan.document.rules.values():
        about = f"{rule.doc} Given here, it is taken instead of its formula.".strip()
        properties[rule.name] = {"title": rule.title, "description": about, "type": ["number", "string", "boolean"]}
    return to_json(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Inputs: {plan.document.title}",
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
        }
    )


def _schema_of(each: Input) -> dict[str, Any]:
    made: dict[str, Any] = {"title": each.title, "description": f"{each.doc} {_hint(each)}".strip()}
    if each.type == "choice":
        return made | {"enum": [str(choice) for choice in each.choices]}
    kinds: dict[str, Any] = {"boolean": "boolean", "list": "array"}
    return made | {"type": kinds.get(each.type, ["number", "string"])}


def _hint(each: Input) -> str:
    parts = [f"{_domain(each).capitalize()}."] if each.type in {"integer", "number"} and _domain(each) else []
    if each.default is not None:
        parts.append(f"Default: {_default(each)}.")
    return " ".join(parts)


def kind_of(plan: Plan, name: str) -> PresetKind:
    """The preset kind with this name.

    Raises:
        CommandError: when there is none.
    """
    if name not in plan.document.presets:
        known = list(plan.document.presets)
        there = "there is " + ", ".join(known) if known else "these rules have no presets"
        raise CommandError(Problem(f"there are no presets of kind `{plain(name)}`", None, suggest(name, known) or there))
    return plan.document.presets[name]


def entries(kind: PresetKind, style: str = "plain") -> str:
    """The presets of a kind as a table."""
    rows = []
    for name in presets.names(kind):
        try:
            found = presets.find(kind, Scalar(name, True, kind.place))
        except GaugeError as error:
            rows.append([plain(name, 100), "cannot be read: " + error.problems[0].message, ""])
            continue
        shown = [f"{key} {value.text}" for part in (found.values, found.expect) for key, value in _few(part)]
        rows.append([plain(name, 100), plain(found.title, 60), plain(", ".join(shown), 60)])
    return table(rows, [kind.name, "title", "values"], style, frozenset()) + "\n"


def _few(part: Mapping | None) -> list[tuple[str, Scalar]]:
    return [(key, node) for key, _, node in part.items() if isinstance(node, Scalar)][:3] if part else []


def _domain(each: Input) -> str:
    if each.type == "boolean":
        return "true, false"
    if each.choices:
        words = [str(choice) for choice in each.choices]
        return plain(", ".join(words[:8]) + (f", … ({len(words)})" if len(words) > 8 else ""), 100)
    if each.low is not None and each.high is not None:
        return f"{grouped(each.low)} to {grouped(each.high)}"
    if each.low is not None:
        return f"at least {grouped(each.low)}"
    return f"at most {grouped(each.high)}" if each.high is not None else ""


def _default(each: Input) -> str:
    if each.default is None:
        return "(needed)"
    if isinstance(each.default, Formula):
        return plain(each.default.text, 60)
    return plain(str(plain_value(each.default)).lower() if isinstance(each.default, bool) else str(each.default), 60)
