"""Whether nodes have the shape a JSON Schema asks for, and what to say when they have not.

The schemas in `schemas/` are what editors complete from. A file that is right, which is nearly every file, is only walked
by a small interpreter of the keywords those schemas use; `jsonschema` is imported when that says no, to find out why.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import Place, Problem, Text, plain, suggest
from .quantity import LONGEST
from .source import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
"""Where the schemas are: beside this package."""
MOST = 100
"""Problems that are collected in one file."""

Kind = Literal["rules", "inputs", "preset"]
Test = Callable[[Node], bool]

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_TEXT = frozenset("0123456789+-.tTfFnN~") | {""}
_TRUTHS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_TYPES = {"object": "a map", "array": "a list", "string": "text", "number": "a number", "boolean": "true or false", "null": "nothing"}


def check(node: Node | None, schema: Kind, text: Text) -> list[Problem]:
    """What is wrong with the shape of a file.

    Args:
        node: the root of the file, None when the file is empty.
        schema: which kind of file it is.
        text: the file, to point at when it is empty.
    """
    root = node or Scalar("", bare=True, place=Place(text, 1, 1))
    reader = load(schema)
    return [] if reader.conforms(root) else reader.explain(root)


def kind(node: Node) -> str:
    """The JSON type of a node. Only a bare scalar is anything else than text: a number, a truth value, nothing."""
    if not isinstance(node, Scalar):
        return "object" if isinstance(node, Mapping) else "array"
    text = node.text
    if node.bare and text[:1] in _NOT_TEXT:
        if node.is_null:
            return "null"
        if text in _TRUTHS:
            return "boolean"
        if len(text) <= LONGEST and _NUMBER.fullmatch(text):
            return "number"
    return "string"


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


@functools.cache
def load(name: Kind) -> Schema:
    """The schema of one kind of file."""
    return Schema(json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")))


_SHAPES: dict[frozenset[str], Test] = {
    frozenset({"object"}): lambda node: node.__class__ is Mapping,
    frozenset({"array"}): lambda node: node.__class__ is Sequence,
    frozenset({"number", "string", "boolean"}): lambda node: node.__class__ is Scalar and not node.is_null,
}
"""Types that are seen without reading the text."""


def _every(tests: list[Test]) -> Test:
    def test(node: Node) -> bool:
        for each in tests:  # noqa: SIM110 - a generator for every node is what a start would spend its time on
            if not each(node):
                return False
        return True

    return test


def _some(tests: list[Test]) -> Test:
    def test(node: Node) -> bool:
        for each in tests:  # noqa: SIM110 - as above
            if each(node):
                return True
        return False

    return test


class Schema:
    """A schema, and the tests made from its parts. Only the keywords in `_test` and `_keyword` may be used in it."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.references: dict[str, Test] = {}
        self.conforms: Test = self._test(document)

    def definition(self, part: Any) -> Any:
        """The schema a `$ref` stands for; any other schema is itself."""
        return self.document["definitions"][part["$ref"].removeprefix("#/definitions/")] if "$ref" in part else part

    def _test(self, part: Any) -> Test:
        if isinstance(part, bool):
            return lambda _: part
        if "$ref" in part:
            return self._reference(part)
        tests = [test for keyword in part if (test := self._keyword(keyword, part)) is not None]
        if part.keys() & {"properties", "additionalProperties", "propertyNames"}:
            tests.append(self._members(part))
        return tests[0] if len(tests) == 1 else _every(tests)

    def _reference(self, part: Any) -> Test:
        name = part["$ref"]
        if name not in self.references:
            self.references[name] = lambda node: self.references[name](node)  # noqa: PLW0108 - read later: a schema may refer to itself
            self.references[name] = self._test(self.definition(part))
        return self.references[name]

    def _keyword(self, keyword: str, part: Any) -> Test | None:
        value = part[keyword]
        match keyword:
            case "type":
                types = frozenset([value] if isinstance(value, str) else value)
                return _SHAPES.get(types) or (lambda node: kind(node) in types)
            case "enum":
                return lambda node: isinstance(node, Scalar) and kind(node) == "string" and node.text in value
            case "pattern":
                pattern = re.compile(value)
                return lambda node: not isinstance(node, Scalar) or kind(node) != "string" or pattern.search(node.text) is not None
            case "minLength" | "maxLength":
                low, high = (value, math.inf) if keyword == "minLength" else (0, value)
                return lambda node: not isinstance(node, Scalar) or kind(node) != "string" or low <= len(node.text) <= high
            case "minItems":
                return lambda node: not isinstance(node, Sequence) or len(node.items) >= value
            case "minProperties":
                return lambda node: not isinstance(node, Mapping) or len(node.entries) >= value
            case "required":
                return lambda node: not isinstance(node, Mapping) or all(key in node.entries for key in value)
            case "dependencies":
                pairs = [(key, need) for key, needs in value.items() for need in needs]
                return lambda node: not isinstance(node, Mapping) or all(need in node.entries for key, need in pairs if key in node.entries)
            case _:
                return self._inner(keyword, value, part)

    def _inner(self, keyword: str, value: Any, part: Any) -> Test | None:
        """The keywords that hold schemas, and those that say nothing about a node."""
        match keyword:
            case "items":
                test = self._test(value)
                return lambda node: not isinstance(node, Sequence) or all(map(test, node.items))
            case "allOf":
                return _every([self._test(branch) for branch in value])
            case "anyOf":
                return _some([self._test(branch) for branch in value])
            case "oneOf":
                tests = [self._test(branch) for branch in value]
                return lambda node: sum(test(node) for test in tests) == 1
            case "not":
                test = self._test(value)
                return lambda node: not test(node)
            case "if":
                test, yes, no = self._test(value), self._test(part["then"]), self._test(part["else"])
                return lambda node: yes(node) if test(node) else no(node)
            case "properties" | "additionalProperties" | "propertyNames" | "then" | "else":
                return None  # read with another keyword
            case "$schema" | "$comment" | "title" | "description" | "examples" | "default" | "definitions" | "errorMessage":
                return None  # for people
        raise NotImplementedError(keyword)

    def _members(self, part: Any) -> Test:
        known = {key: self._test(value) for key, value in part.get("properties", {}).items()}
        other = self._test(part.get("additionalProperties", True))
        names = self._test(part["propertyNames"]) if "propertyNames" in part else None

        def test(node: Node) -> bool:
            if node.__class__ is not Mapping:
                return True
            for key, child in node.entries.items():
                if not known.get(key, other)(child) or (names and not names(Scalar(key, bare=False, place=node.keys[key]))):
                    return False
            return True

        return test

    def explain(self, root: Node) -> list[Problem]:
        """Everything that is wrong, by way of `jsonschema`."""
        from jsonschema import Draft7Validator

        errors = Draft7Validator(self.document).iter_errors(to_json(self._doubtful(root, self.document)))
        every = ((leaf, problem) for error in errors for leaf in self._leaves(error) for problem in _problems(leaf, root))
        found = list(itertools.islice(every, MOST))
        # A misspelt key is also a missing key, and what is no map lacks every key: one mistake is told once.
        told = {
            tuple(error.absolute_path) for error, problem in found if error.validator == "type" or problem.hint.startswith("did you mean")
        }
        follows = {"required", "dependencies", "anyOf", "oneOf"}
        found = [(error, problem) for error, problem in found if not (error.validator in follows and tuple(error.absolute_path) in told)]
        problems = dict.fromkeys(problem for _, problem in found)
        return sorted(problems, key=lambda problem: problem.place[1:3] if problem.place else (0, 0))

    def _doubtful(self, node: Node, part: Any) -> Node:
        """The node without the named entries that are right, so that one mistake in a large file is found quickly."""
        part = self.definition(part)
        if not isinstance(node, Mapping) or "additionalProperties" not in part or "minProperties" in part:
            return node
        if fields := part.get("properties"):
            return Mapping({key: self._doubtful(child, fields.get(key, {})) for key, child in node.entries.items()}, node.keys, node.place)
        right = self._members(part)
        return Mapping(
            {key: child for key, at, child in node.items() if not right(Mapping({key: child}, {key: at}, at))}, node.keys, node.place
        )

    def _leaves(self, error: ValidationError) -> Iterator[ValidationError]:
        """The errors in the branch of an `anyOf` that was meant; any other error is itself. A `oneOf` is told as a whole."""
        options: Any = error.validator_value
        branches: dict[int, list[ValidationError]] = {}
        for inner in error.context or ():
            branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
        meant = [
            number
            for number, errors in branches.items()
            if not any(inner.validator == "type" and not inner.relative_path for inner in errors)
        ]
        if (
            error.validator == "oneOf"
            or not meant
            or all(inner.validator == "required" and not inner.relative_path for number in meant for inner in branches[number])
        ):
            yield error
            return

        def likeness(number: int) -> tuple[int, int]:
            known = self.definition(options[number]).get("properties", {})
            return -len(known.keys() & error.instance.keys()) if isinstance(error.instance, dict) else 0, len(branches[number])

        for inner in branches[min(meant, key=likeness)]:
            yield from self._leaves(inner)


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
    usable = better != key and re.fullmatch(r"[a-z][a-z0-9_]{0,63}", better) and key not in _TRUTHS
    return Problem(f"`{plain(key)}`: {says}", place, f"write `{better}`" if usable else "")


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
