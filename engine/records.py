"""The records a document is made of: frozen, and never changed by a later stage."""

from collections.abc import Mapping, Sequence
from typing import Literal

from .errors import Place
from .named import NamedTuple
from .nodes import Node
from .quantity import Number
from .tree import Formula

Element = Number | str
Value = Number | bool | str | tuple[Element, ...]
"""What a name can stand for: a number, a truth value, a word, a list."""
Type = Literal["integer", "number", "boolean", "choice", "list"]


class Citation(NamedTuple):
    """Where a figure or a formula comes from."""

    text: str
    title: str = ""
    url: str = ""
    checked: str = ""

    def __str__(self) -> str:
        if not self.title:
            return self.text
        return ", ".join(part for part in (f"{self.title}{self.text}", self.url) if part)


class Input(NamedTuple):
    """What is given or assumed. `keys` are its names in a foreign file, of which the first that is there counts.

    `empty` is what `null` there means; `letters` what the letters of a word given for a list stand for.
    """

    name: str
    type: Type
    place: Place
    keys: tuple[str, ...] = ()
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
    empty: Value | None = None
    group: str = ""
    letters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Its name in messages about a foreign file."""
        return " or ".join(self.keys)


class Column(NamedTuple):
    """A column of a table."""

    name: str
    unit: str = ""
    truth: bool = False
    doc: str = ""


class Table(NamedTuple):
    """Constants in rows and columns."""

    name: str
    columns: dict[str, Column]
    rows: dict[str, dict[str, Number | bool]]
    place: Place
    title: str = ""
    doc: str = ""
    source: Citation | None = None


class Case(NamedTuple):
    """A formula and the condition under which it counts; no condition for the last resort."""

    when: Formula | None
    formula: Formula


class Example(NamedTuple):
    """Inputs and the value they must give; None when the rule must not apply."""

    given: dict[str, tuple[Node, Place]]
    expect: Value | None
    place: Place


class Rule(NamedTuple):
    """What is computed."""

    name: str
    cases: tuple[Case, ...]
    place: Place
    when: Formula | None = None
    title: str = ""
    symbol: str = ""
    unit: str = ""
    unit_place: Place | None = None
    doc: str = ""
    source: Citation | None = None
    examples: tuple[Example, ...] = ()


class PresetKind(NamedTuple):
    """A named set of input values that an inputs file can ask for. Paths are complete.

    `featured` are the entries a page has without being asked for all.
    """

    name: str
    places: tuple[str, ...]
    place: Place
    title: str = ""
    through: str = ""
    by: tuple[str, ...] = ()
    otherwise: str = ""
    featured: tuple[str, ...] = ()


class Check(NamedTuple):
    """What to say when inputs look wrong."""

    name: str
    when: Formula
    say: str
    level: str
    place: Place


class Lever(NamedTuple):
    """A change worth trying, and what one gives up for it.

    `steps` are what it sets, the mildest first; instead of steps, `largest` names a whole-number input that is set to the
    largest value with which the budget is met, and `least` is the smallest value worth it.
    """

    name: str
    steps: tuple[dict[str, Formula | Value], ...]
    cost: str
    place: Place
    when: Formula | None = None
    largest: str = ""
    least: Formula | Value | None = None
    title: str = ""
    doc: str = ""
    source: Citation | None = None

    @property
    def sets(self) -> tuple[str, ...]:
        """The inputs it sets."""
        return (self.largest,) if self.largest else tuple(self.steps[0]) if self.steps else ()


class Beside(NamedTuple):
    """What comes on top of the total and is known only between two rules."""

    title: str
    low: str
    high: str


class Report(NamedTuple):
    """What the answer is about. `inputs` are those people are asked first, in order; `start` what a page begins with."""

    total: str = ""
    budget: str = ""
    parts: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    inputs: tuple[str, ...] = ()
    start: tuple[tuple[str, str], ...] = ()
    place: Place | None = None


class Document(NamedTuple):
    """Everything a rules file and its includes say. `groups` are the titles of the groups of inputs, by name."""

    path: str
    title: str
    doc: str
    report: Report
    inputs: Mapping[str, Input]
    tables: Mapping[str, Table]
    rules: Mapping[str, Rule]
    presets: Mapping[str, PresetKind]
    checks: Sequence[Check]
    reads: tuple[str, ...]
    within: tuple[str, ...]
    words: frozenset[str]
    groups: dict[str, str]
    levers: Sequence[Lever] = ()


class Shape(NamedTuple):
    """What kind of value: `number` with its dimension (None: 0, which fits all), `truth`, `word`, `list`, or `element` of a list."""

    kind: str
    dimension: tuple[int, int, int] | None = (0, 0, 0)
    words: frozenset[str] = frozenset()


def table_of(document: Document, words: frozenset[str]) -> Table | None:
    """The one table that has all these rows."""
    found = [table for table in document.tables.values() if words and words <= table.rows.keys()]
    return found[0] if len(found) == 1 else None
