"""The records a document is made of: frozen, and never changed by a later stage."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from .errors import Place
from .formula import Formula
from .quantity import Number
from .source import Node

Element = Number | str
Value = Number | bool | str | tuple[Element, ...]
"""What a name can stand for: a number, a truth value, a word, a list."""
Type = Literal["integer", "number", "boolean", "choice", "list"]

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a figure or a formula comes from."""

    text: str
    title: str = ""
    url: str = ""
    checked: str = ""

    def __str__(self) -> str:
        if not self.title:
            return self.text
        return ", ".join(part for part in (f"{self.title}{self.text}", self.url) if part)


@dataclass(frozen=True, slots=True)
class Input:
    """What is given or assumed. `key` is its name in a foreign file."""

    name: str
    type: Type
    place: Place = field(compare=False, repr=False)
    key: str = ""
    title: str = ""
    symbol: str = ""
    unit: str = ""
    doc: str = ""
    source: Citation | None = None
    low: Number | None = None
    high: Number | None = None
    choices: tuple[Element, ...] = ()
    table: str = ""
    otherwise: str = ""
    default: Formula | Value | None = None
    default_place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    unit: str = ""
    truth: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Constants in rows and columns."""

    name: str
    columns: dict[str, Column]
    rows: dict[str, dict[str, Number | bool]]
    place: Place = field(compare=False, repr=False)
    title: str = ""
    doc: str = ""
    source: Citation | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A formula and the condition under which it counts; no condition for the last resort."""

    when: Formula | None
    formula: Formula


@dataclass(frozen=True, slots=True)
class Example:
    """Inputs and the value they must give; None when the rule must not apply."""

    given: dict[str, tuple[Node, Place]]
    expect: Value | None
    place: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is computed."""

    name: str
    cases: tuple[Case, ...]
    place: Place = field(compare=False, repr=False)
    when: Formula | None = None
    title: str = ""
    symbol: str = ""
    unit: str = ""
    unit_place: Place | None = field(default=None, compare=False, repr=False)
    doc: str = ""
    source: Citation | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class PresetKind:
    """A named set of input values that an inputs file can ask for. Paths are complete."""

    name: str
    places: tuple[str, ...]
    place: Place = field(compare=False, repr=False)
    title: str = ""
    through: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What to say when inputs look wrong."""

    name: str
    when: Formula
    say: str
    level: str
    place: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What the answer is about."""

    total: str = ""
    budget: str = ""
    parts: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """Everything a rules file and its includes say."""

    path: str
    title: str
    doc: str
    report: Report
    inputs: dict[str, Input]
    tables: dict[str, Table]
    rules: dict[str, Rule]
    presets: dict[str, PresetKind]
    checks: tuple[Check, ...]
    reads: tuple[str, ...]
    words: frozenset[str]
    cited: dict[str, Citation] = field(default_factory=dict)
