"""Whether nodes have the shape a JSON Schema asks for.

The schemas in `schemas/` are what editors complete from. A file that is right, which is nearly every file, is only walked
by a small interpreter of the keywords those schemas use; when that says no, `misshapen.py` and `jsonschema` find out why.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from .quantity import LONGEST
from .source import Mapping, Node, Scalar, Sequence

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
"""Where the schemas are: beside this package."""
MOST = 100
"""Problems that are collected in one file."""

Kind = Literal["rules", "inputs", "preset", "fact"]
Test = Callable[[Node], bool]

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_TEXT = frozenset("0123456789+-.tTfFnN~") | {""}
TRUTHS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})


def conforms(node: Node | None, schema: Kind) -> bool:
    """Whether a file has the shape of its kind. The root is None when the file is empty."""
    return node is not None and load(schema).conforms(node)


def kind(node: Node) -> str:
    """The JSON type of a node. Only a bare scalar is anything else than text: a number, a truth value, nothing."""
    if not isinstance(node, Scalar):
        return "object" if isinstance(node, Mapping) else "array"
    text = node.text
    if node.bare and text[:1] in _NOT_TEXT:
        if node.is_null:
            return "null"
        if text in TRUTHS:
            return "boolean"
        if len(text) <= LONGEST and _NUMBER.fullmatch(text):
            return "number"
    return "string"


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
            tests.append(self.members(part))
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

    def members(self, part: Any) -> Test:
        """The test of a map's entries."""
        known = {key: self._test(value) for key, value in part.get("properties", {}).items()}
        other = self._test(part.get("additionalProperties", True))
        names = self._test(part["propertyNames"]) if "propertyNames" in part else None

        def test(node: Node) -> bool:
            if node.__class__ is not Mapping:
                return True
            for key, child in node.entries.items():
                if not known.get(key, other)(child) or (names and not names(tuple.__new__(Scalar, (key, False, node.keys[key])))):
                    return False
            return True

        return test
