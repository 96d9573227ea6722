"""Records as plain data, which can be kept; `opened.py` makes records of it again.

A part that is kept is a text, a number, a truth value or a tuple whose first element says what it is: a number for a record (its
place in `RECORDS`), a sign for anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, cast

from . import nodes
from .errors import Place, Problem, Text
from .lookup import Seen
from .plan import Plan, Step
from .records import (
    Beside,
    Case,
    Check,
    Citation,
    Column,
    Input,
    Lever,
    PresetKind,
    Report,
    Rule,
    Shape,
    Table,
)
from .store import pack
from .tree import KINDS, Formula, Tree

RECORDS: tuple[type, ...] = (
    Beside, Case, Check, Citation, Column, Input, Lever, PresetKind, Report, Rule, Shape, Table, Problem,
    nodes.Scalar, nodes.Sequence, nodes.Mapping,
)  # fmt: skip
_RECORD = {made: number for number, made in enumerate(RECORDS)}
_TREE = {made: number for number, made in enumerate(KINDS)}
_PLAIN = frozenset({str, int, bool, type(None)})
AS_IT_IS, WITHOUT_EXAMPLES, WRITTEN_OUT = range(3)


class Packer:
    """Makes records plain. Texts, formulas and trees are kept once and meant by their number.

    Args:
        seen: what was read: a text that is in one of these files is not kept a second time.
    """

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.texts: list[tuple[str, int, str]] = []
        self.trees: list[bytes] = []
        self.formulas: list[tuple[str, int, int, int, int]] = []
        self.tree_of: list[int] = []
        self._numbers: dict[int, int] = {}
        self._held: list[object] = []  # so that no number of an object is given to another

    def parts(self) -> tuple[Any, ...]:
        """What the packed records refer to."""
        return tuple(self.texts), tuple(self.trees), pack(tuple(self.formulas)), tuple(self.tree_of)

    def pack(self, value: Any) -> Any:
        """A record as plain data.

        Raises:
            TypeError: when it holds something that is not data.
        """
        made = value.__class__
        if made in _PLAIN:
            return value
        if made in _RECORD:
            return (_RECORD[made], *map(self.pack, value))
        if made is Fraction:
            return "/", value.numerator, value.denominator
        if isinstance(value, Formula):
            return "f", self._formula(value)
        if made is Place:
            return ("@", *self._place(value))
        if made is tuple:
            return ("(", *map(self.pack, value))
        if made is frozenset:
            return ("s", *sorted(map(self.pack, value)))
        if isinstance(value, dict):
            return ("{", *(self.pack(part) for pair in value.items() for part in pair))
        raise TypeError(made)

    def _once(self, value: object, number: int) -> int | None:
        """The number an object has; None, and this one from now on, where it has none yet."""
        found = self._numbers.get(id(value))
        if found is None:
            self._numbers[id(value)] = number
            self._held.append(value)
        return found

    def _place(self, place: Place) -> tuple[int, int, int, int]:
        number = self._once(place.text, len(self.texts))
        if number is None:
            number = len(self.texts)
            self.texts.append(self._text(place.text))
        return number, place.line, place.column, place.length

    def _text(self, text: Text) -> tuple[str, int, str]:
        data = self.seen.files.get(text.name)
        if data is not None:
            for how in (AS_IT_IS, WITHOUT_EXAMPLES):
                if content_of(text.name, data, how) == text.content:
                    return text.name, how, ""
        return text.name, WRITTEN_OUT, text.content

    def _formula(self, formula: Formula) -> int:
        number = self._once(formula, len(self.formulas))
        if number is None:
            number = len(self.formulas)
            tree = self._once(formula.tree, len(self.trees))
            if tree is None:
                tree = len(self.trees)
                self.trees.append(pack(_plain_tree(formula.tree)))
            self.tree_of.append(tree)
            self.formulas.append((formula.text, *self._place(formula.place)))
        return number

    def step(self, step: Step) -> tuple[Any, ...]:
        """A step, its formulas by number."""
        cases = tuple((-1 if when is None else self._formula(when), self._formula(formula)) for when, formula in step.cases)
        return -1 if step.when is None else self._formula(step.when), cases, self.pack(step.constant)


def content_of(name: str, data: bytes, how: int) -> str:
    """The text in the bytes of a file that was read before."""
    from .source import without

    content = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return without(Text(name, content), "examples").content if how == WITHOUT_EXAMPLES else content


def _plain_tree(tree: Tree) -> tuple[Any, ...]:
    """A tree as plain data: its kind, its parts, its span."""
    start, end = tree.span
    fields: tuple[Any, ...] = tree[:-1]
    return (_TREE[tree.__class__], *map(_plain_part, fields), start, end)


def _plain_part(part: Any) -> Any:
    if part.__class__ in _TREE:
        return _plain_tree(cast("Tree", part))
    if part.__class__ is tuple:
        return tuple(map(_plain_part, part))
    return ("/", part.numerator, part.denominator) if part.__class__ is Fraction else part


def pack_plan(plan: Plan, seen: Seen) -> tuple[Any, ...]:
    """A plan as plain data.

    Raises:
        TypeError: when a part of it is not data.
    """
    packer = Packer(seen)
    document = plan.document
    steps = {name: packer.step(plan.step(name)) for name in plan.graph.order}

    def each(part: Mapping[str, Any]) -> dict[str, bytes]:
        return {name: pack(packer.pack(record)) for name, record in part.items()}

    records = tuple(each(part) for part in (document.inputs, document.tables, document.rules, document.presets, plan.shapes))
    late = tuple(pack(packer.pack(tuple(part))) for part in (document.checks, document.levers))
    plain = document.path, document.title, document.doc, document.reads, document.within, document.words, dict(document.groups)
    rest = packer.pack(document.report), packer.pack(plan.warnings), plan.units, plan.lists
    return packer.parts(), plain, records, late, plan.graph.order, pack(dict(plan.graph.needs)), steps, rest
