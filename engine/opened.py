"""What `packed.py` made plain, as records again. Each part is opened when somebody looks at it: most of a plan never is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Generic, TypeVar, cast

from .errors import Place, Text
from .graph import Graph
from .lookup import Seen
from .packed import RECORDS, WRITTEN_OUT, content_of
from .plan import Absent, Cells, Plan, Step
from .quick import Quick, Unsure
from .records import (
    Document,
)
from .store import unpack
from .tree import KINDS, Call, Cell, Compare, Constant, Fold, Formula, LateFormula, Logic, Name, Tree, Truth

Made = TypeVar("Made")

_new: Any = tuple.__new__


def _tree(raw: tuple[Any, ...]) -> Any:
    made = KINDS[raw[0]]
    span = raw[-2:]
    if made is Name or made is Cell or made is Truth:
        return _new(made, (raw[1], span))
    if made is Constant:
        value = raw[1]
        return _new(made, (Fraction(*value[1:]) if value.__class__ is tuple else value, raw[2], span))
    if made is Fold or made is Logic or made is Call:
        return _new(made, (raw[1], tuple([_tree(part) for part in raw[2]]), span))
    if made is Compare:
        return _new(made, (raw[1], _tree(raw[2]), _tree(raw[3]), span))
    return _new(made, (*[_tree(part) for part in raw[1:-2]], span))


class _LateText(Text):
    """The text of a file, decoded when a message shows a line of it."""

    _open: Callable[[], str]
    _found: str | None

    @property
    def content(self) -> str:
        """The text."""
        if self._found is None:
            self._found = self._open()
        return self._found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.name, self.content) == (other.name, other.content)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.name, self.content))

    def __iter__(self) -> Iterator[str]:
        return iter((self.name, self.content))


class _KeptFormula(LateFormula):
    """A formula whose tree is opened when it is computed, and whose text and place when it is shown.

    Underneath it is the `Opener` and its number there.
    """

    __slots__ = ()

    @property
    def text(self) -> str:
        """The text."""
        return _opener(self).written(_number(self))[0]

    @property
    def tree(self) -> Tree:
        """The tree."""
        return _opener(self).tree(_number(self))

    @property
    def place(self) -> Place:
        """Where it stands."""
        return _opener(self).written(_number(self))[1]


def _opener(formula: _KeptFormula) -> Opener:
    return cast("Opener", tuple.__getitem__(formula, 0))


def _number(formula: _KeptFormula) -> int:
    return cast("int", tuple.__getitem__(formula, 1))


class Opener:
    """Makes records of what a `Packer` made plain."""

    def __init__(self, parts: tuple[Any, ...], seen: Seen) -> None:
        self._texts, self._trees, self._formulas, self._tree_of = parts
        self._files = seen.files
        self._open_texts: dict[int, Text] = {}
        self._open_trees: dict[int, Tree] = {}
        self._plain_trees: dict[int, Any] = {}
        self._open_formulas: dict[int, Formula] = {}
        self._written: dict[int, tuple[str, Place]] = {}

    def open(self, raw: Any) -> Any:
        """A record from plain data."""
        if raw.__class__ is not tuple:
            return raw
        kind = raw[0]
        if kind.__class__ is int:
            return _new(RECORDS[kind], [part if part.__class__ is not tuple else self.open(part) for part in raw[1:]])
        if kind == "@":
            return self._place(*raw[1:])
        if kind == "(":
            return tuple(map(self.open, raw[1:]))
        if kind == "f":
            return self.formula(raw[1])
        if kind == "{":
            parts = [self.open(part) for part in raw[1:]]
            return dict(zip(parts[::2], parts[1::2], strict=True))
        return Fraction(raw[1], raw[2]) if kind == "/" else frozenset(map(self.open, raw[1:]))

    def opened(self, data: bytes) -> Any:
        """A record from its bytes."""
        return self.open(unpack(data))

    def formula(self, number: int) -> Formula:
        """The formula with this number."""
        found = self._open_formulas.get(number)
        if found is None:
            found = self._open_formulas[number] = _new(_KeptFormula, (self, number, None))
        return found

    def tree(self, number: int) -> Tree:
        """The tree of a formula: one object for all formulas that share it."""
        number = self._tree_of[number]
        found = self._open_trees.get(number)
        if found is None:
            found = self._open_trees[number] = _tree(unpack(self._trees[number]))
        return found

    def plain_tree(self, number: int) -> Any:
        """The tree of a formula as plain data."""
        number = self._tree_of[number]
        found = self._plain_trees.get(number)
        if found is None:
            found = self._plain_trees[number] = unpack(self._trees[number])
        return found

    def written(self, number: int) -> tuple[str, Place]:
        """The text of a formula and where it stands."""
        found = self._written.get(number)
        if found is None:
            if isinstance(self._formulas, bytes):
                self._formulas = unpack(self._formulas)
            text, *place = self._formulas[number]
            found = self._written[number] = text, self._place(*place)
        return found

    def _place(self, text: int, line: int, column: int, length: int) -> Place:
        place: Place = _new(Place, (self.text(text), line, column, length))
        return place

    def text(self, number: int) -> Text:
        """The text with this number."""
        found = self._open_texts.get(number)
        if found is None:
            name, how, content = self._texts[number]
            if how == WRITTEN_OUT:
                found = Text(name, content)
            else:
                late: _LateText = _new(_LateText, (name, ""))
                late._found, late._open = None, lambda: content_of(name, self._files[name], how)  # noqa: SLF001 - no one else makes one
                found = late
            self._open_texts[number] = found
        return found

    def step(self, name: str, slot: int, raw: tuple[Any, ...]) -> Step:
        """A step from plain data."""
        when, cases, constant = raw
        opened = tuple((None if first < 0 else self.formula(first), self.formula(then)) for first, then in cases)
        return Step(name, slot, None if when < 0 else self.formula(when), opened, self.open(constant))


class _Each(Mapping[str, Made], Generic[Made]):
    """Records by name, each opened when it is asked for."""

    __slots__ = ("_data", "_made", "_open")

    def __init__(self, data: dict[str, bytes], opened: Callable[[bytes], Made]) -> None:
        self._data = data
        self._open = opened
        self._made: dict[str, Made] = {}

    def __getitem__(self, name: str) -> Made:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._open(self._data[name])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class _Late(Sequence[Made], Generic[Made]):
    """Records in order, opened together when one is asked for."""

    def __init__(self, data: bytes, opened: Callable[[bytes], tuple[Made, ...]]) -> None:
        self._data = data
        self._open = opened
        self._made: tuple[Made, ...] | None = None

    def __getitem__(self, at: Any) -> Any:
        if self._made is None:
            self._made = self._open(self._data)
        return self._made[at]

    def __len__(self) -> int:
        return len(self[:])


class _Edges(Mapping[str, tuple[str, ...]]):
    """The neighbours of names, opened together."""

    def __init__(self, opened: Callable[[], dict[str, tuple[str, ...]]]) -> None:
        self._open = opened
        self._made: dict[str, tuple[str, ...]] | None = None

    def _all(self) -> dict[str, tuple[str, ...]]:
        if self._made is None:
            self._made = self._open()
        return self._made

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def open_plan(content: tuple[Any, ...], seen: Seen) -> Plan:
    """The plan that was made plain."""
    parts, plain, records, late, order, edges, steps, rest = content
    opener = Opener(parts, seen)
    path, title, doc, reads, within, words, groups = plain
    inputs, tables, rules, presets, shapes = (_Each(data, opener.opened) for data in records)
    checks, levers = (_Late(data, opener.opened) for data in late)
    report, warnings, units, lists = rest
    document = Document(
        path, title, doc, opener.open(report), inputs, tables, rules, presets, checks, reads, within, words, groups, levers
    )  # fmt: skip
    slots = {name: slot for slot, name in enumerate(order)}
    needs = _Edges(lambda: cast("dict[str, tuple[str, ...]]", unpack(edges)))

    def users() -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name in needs}
        for name in order:
            for needed in needs[name]:
                found[needed].append(name)
        return {name: tuple(by) for name, by in found.items()}

    graph = Graph(document, order, needs, _Edges(users))
    made = Plan.kept(
        document, graph, shapes, opener.open(warnings), units, lambda name: opener.step(name, slots[name], steps[name]), lists=lists
    )
    if not lists:
        made.first = _first(made, Quick(made, steps, opener.plain_tree), opener)
    return made


def _first(plan: Plan, quick: Quick, opener: Opener) -> Callable[[str, Cells], tuple[Any, bool]]:
    """See `Plan.first`: quick the first time, where that goes well; who computes a name again is better off with closures."""
    left = set(quick.steps)

    def first(name: str, cells: Cells) -> tuple[Any, bool]:
        if name in left:
            left.remove(name)
            _, cases, constant = quick.steps[name]
            if not cases:
                return Absent(missing=(name,)) if constant is None else opener.open(constant), False
            try:
                return quick.value(name, cells), True
            except Unsure:
                pass
        step = plan.step(name)
        return plan.compute(step, cells), bool(step.cases)

    return first
