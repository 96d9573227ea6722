"""What is wrong with the shape of a file, in plain words: `jsonschema` finds it, this says it and where."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .errors import Place, Problem, Text, plain, suggest
from .schema import MOST, TRUTHS, Kind, Schema, kind, load
from .source import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TYPES = {"object": "a map", "array": "a list", "string": "text", "number": "a number", "boolean": "true or false", "null": "nothing"}


def to_json(node: Node) -> Any:
    """The node as Python's `json` would have read it; numbers as floats, since shapes do not depend on their size."""
    if isinstance(node, Mapping):
        return {key: to_json(child) for key, child in node.entries.items()}
    if isinstance(node, Sequence):
        return [to_json(child) for child in node.items]
    match kind(node):
        case "null":
            return None
        case "boolean":
            return node.text.lower() == "true"
        case "number":
            return float(node.text)
    return node.text


def explain(node: Node | None, schema: Kind, text: Text) -> list[Problem]:
    """Everything that is wrong with the shape of a file.

    Args:
        node: the root of the file, None when the file is empty.
        schema: which kind of file it is.
        text: the file, to point at when it is empty.
    """
    from jsonschema import Draft7Validator

    root = _shortened(node) if node else Scalar("", bare=True, place=Place(text, 1, 1))
    reader = load(schema)
    errors = Draft7Validator(reader.document).iter_errors(to_json(_doubtful(reader, root, reader.document)))
    every = ((leaf, problem) for error in errors for leaf in _leaves(reader, error) for problem in _problems(leaf, root))
    found = list(itertools.islice(every, MOST))
    # A misspelt key is also a missing key, and what is no map lacks every key: one mistake is told once.
    told = {tuple(error.absolute_path) for error, problem in found if error.validator == "type" or problem.hint.startswith("did you mean")}
    follows = {"required", "dependencies", "anyOf", "oneOf"}
    found = [(error, problem) for error, problem in found if not (error.validator in follows and tuple(error.absolute_path) in told)]
    problems = dict.fromkeys(problem for _, problem in found)
    return sorted(problems, key=lambda problem: problem.place[1:3] if problem.place else (0, 0))


def _shortened(node: Node) -> Node:
    """The node with the first elements of each list: one mistake in a list of very many is as good as all of them."""
    if isinstance(node, Mapping):
        return Mapping({key: _shortened(child) for key, child in node.entries.items()}, node.keys, node.place)
    if isinstance(node, Sequence):
        bad = [item for item in node.items if not isinstance(item, Scalar)][:MOST]
        kept = {id(item) for item in (*node.items[:MOST], *bad)}
        return Sequence(tuple(_shortened(item) for item in node.items if id(item) in kept), node.place)
    return node


def _doubtful(reader: Schema, node: Node, part: Any) -> Node:
    """The node without the named entries that are right, so that one mistake in a large file is found quickly."""
    part = reader.definition(part)
    if not isinstance(node, Mapping) or "additionalProperties" not in part or "minProperties" in part:
        return node
    if fields := part.get("properties"):
        return Mapping({key: _doubtful(reader, child, fields.get(key, {})) for key, child in node.entries.items()}, node.keys, node.place)
    right = reader.members(part)
    return Mapping(
        {key: child for key, at, child in node.items() if not right(Mapping({key: child}, {key: at}, at))}, node.keys, node.place
    )


def sound(node: Mapping, schema: Kind) -> Mapping:
    """What of a file has the right shape, entry by entry, so that other mistakes can be told together with those of shape."""
    reader = load(schema)
    fits = reader.members(reader.document)
    kept: dict[str, Node] = {}
    for key, at, child in node.items():
        if fits(Mapping({key: child}, {key: at}, at)):
            kept[key] = child
        elif isinstance(child, Mapping) and "additionalProperties" in (
            part := reader.definition(reader.document["properties"].get(key, {}))
        ):
            right = reader.members(part)
            entries = {name: entry for name, place, entry in child.items() if right(Mapping({name: entry}, {name: place}, place))}
            kept[key] = Mapping(entries, child.keys, child.place)
    return Mapping(kept, node.keys, node.place)


def _leaves(reader: Schema, error: ValidationError) -> Iterator[ValidationError]:
    """The errors in the branch of an `anyOf` that was meant; any other error is itself. A `oneOf` is told as a whole."""
    options: Any = error.validator_value
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    meant = [
        number for number, errors in branches.items() if not any(inner.validator == "type" and not inner.relative_path for inner in errors)
    ]
    if (
        error.validator == "oneOf"
        or not meant
        or all(inner.validator == "required" and not inner.relative_path for number in meant for inner in branches[number])
    ):
        yield error
        return

    def likeness(number: int) -> tuple[int, int]:
        known = reader.definition(options[number]).get("properties", {})
        return -len(known.keys() & error.instance.keys()) if isinstance(error.instance, dict) else 0, len(branches[number])

    for inner in branches[min(meant, key=likeness)]:
        yield from _leaves(reader, inner)


def _problems(error: ValidationError, root: Node) -> Iterator[Problem]:
    """An error in plain words, at the place it is about."""
    node, place = _find(root, error.absolute_path)
    path = _path(error.absolute_path)
    value: Any = error.validator_value
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    says: str = schema.get("errorMessage", "")
    name = f"`{path}`" if path else "the file"
    if isinstance(error.instance, str) and not isinstance(node, Scalar):
        yield _bad_key(error.instance, node, says)
    elif error.validator == "additionalProperties" and isinstance(node, Mapping):
        known = schema.get("properties", {})
        for key, at, child in node.items():
            if key not in known:
                inside = f" in {name}" if path else ""
                torn = kind(child) == "null" and not key.isidentifier()
                hint = "text with a comma stands in quotes" if torn else suggest(key, known) or "the fields here are " + ", ".join(known)
                yield Problem(f"unknown field `{plain(key)}`{inside}", at, hint)
    elif error.validator in {"required", "dependencies"} and isinstance(node, Mapping):
        lists = {"": value} if error.validator == "required" else {key: needs for key, needs in value.items() if key in node.entries}
        for key, needs in lists.items():
            for need in needs:
                if need not in node.entries:
                    has = f" has `{key}` but" if key else " has"
                    yield Problem(f"{name}{has} no `{need}`", node.keys.get(key, place), says or f"add `{need}:`")
    else:
        yield _bad_value(error, node, place, name, says)


def _bad_key(key: str, node: Node, says: str) -> Problem:
    place = node.keys.get(key, node.place) if isinstance(node, Mapping) else node.place
    better = re.sub(r"[ .-]+", "_", key.lower()).strip("_")
    usable = better != key and re.fullmatch(r"[a-z][a-z0-9_]{0,63}", better) and key not in TRUTHS
    nested = f"write `{better}: {{name: {plain(key)}, …}}` for a nested key of a foreign file"
    return Problem(f"`{plain(key)}`: {says}", place, (nested if "." in key else f"write `{better}`") if usable else "")


def _bad_value(error: ValidationError, node: Node, place: Place, name: str, says: str) -> Problem:
    """What is wrong with one value: the shown place is the value where it is one word, its key where it is larger."""
    value: Any = error.validator_value
    text = plain(node.text) if isinstance(node, Scalar) else ""
    if isinstance(node, Scalar) and not node.is_null and error.validator != "not":
        place = node.place
    if kind(node) == "null" or error.validator in {"minItems", "minProperties", "minLength"}:
        return Problem(f"{name} is empty", place, says or "write a value, or remove the key")
    if error.validator == "enum":
        return Problem(
            f"{name} is {f'`{text}`' if text else _TYPES[kind(node)]}; it is one of {_either(value)}", place, suggest(text, value)
        )
    if error.validator == "type":
        wanted = _either(_TYPES[each] for each in ([value] if isinstance(value, str) else value))
        quotes = f'write it in quotes: "{text}"' if value == "string" and text else ""
        return Problem(f"{name} is {_TYPES[kind(node)]}; {says or f'it must be {wanted}'}", place, quotes)
    if error.validator == "anyOf" and any(inner.validator == "type" for inner in error.context or ()):
        return Problem(f"{name} is {_TYPES[kind(node)]}; {says}", place)
    subject = f"`{text}`" if error.validator in {"pattern", "maxLength"} else name
    return Problem(f"{subject}: {says}" if error.absolute_path else says, place)


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _find(node: Node, path: Iterable[str | int]) -> tuple[Node, Place]:
    """The node at a path, and the key it stands under."""
    place = node.place
    for step in path:
        if isinstance(node, Mapping):
            key = str(step)
            place, node = node.keys[key], node.entries[key]
        elif isinstance(node, Sequence):
            node = node.items[int(step)]
            place = node.place
    return node, place


def _path(path: Iterable[str | int]) -> str:
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else ("." if out else "") + plain(step, 64)
    return plain(out, 200)
