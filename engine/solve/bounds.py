"""Where every number can lie, and which way it goes, as one unknown moves over a piece of its domain.

The walk follows the plan: names in order, each formula from its leaves up, with a `Span` for every number, the possible
outcomes for every condition, and the possible words for every choice. It never claims more than holds; what it cannot
prove it blames on one part of one formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..evaluate import Values, computed
from ..graph import formulas
from ..plan import NOTHING, Absent, Compute, Stop, Wrong
from ..quantity import Number
from ..records import Input, Rule
from ..tree import Cell, Choose, Formula, Logic, Name, Tree, children
from . import spans
from .nodes import Culprit, Fails, Nodes, State
from .outcomes import FALSE, HOLDS, TRUE, Known, Options, options_of
from .spans import FAR, Piece, Span


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a number on a piece.

    `span` is None when it has a value nowhere on the piece; `failing` says why it may lack one somewhere; `splits` are
    numbers of the piece at which a condition, a largest or a rounding may change.
    """

    span: Span | None
    failing: Culprit | None
    splits: tuple[Number, ...]


class Bounds:
    """The walk over everything between some unknowns and some targets.

    Args:
        values: an evaluation; names that the unknowns do not reach keep its values.
        unknowns: the names that move.
        targets: the names looked at.
    """

    def __init__(self, values: Values, unknowns: Iterable[str], targets: Iterable[str]) -> None:
        self.values = values
        self.plan = values.plan
        self.unknowns = tuple(unknowns)
        self.moving = moving(values, self.unknowns)
        self.size = len((self.moving & self.plan.needed(tuple(targets))) - set(self.unknowns))
        self.varies = self.plan.moves(self.moving)
        self.constants: dict[int, Known] = {}
        self.direct: dict[str, Compute] = {}  # the one formula of a name whose conditions stand
        self.order = tuple(sorted(self._live(targets), key=self.plan.slots.__getitem__))

    def _live(self, targets: Iterable[str]) -> set[str]:
        """What moves between the unknowns and the targets, without what decided choices leave out."""
        found: set[str] = set()
        left = list(targets)
        while left:
            name = left.pop()
            if name not in found and name in self.moving and name not in self.unknowns:
                found.add(name)
                item = self.plan.item(name)
                listed = list(self._open_formulas(item))
                for formula in listed:
                    self._read(formula, formula.tree, left)
                if len(listed) == 1 and isinstance(item, Rule) and any(listed[0] is case.formula for case in item.cases):
                    self.direct[name] = self.plan.compiled(listed[0])
        return found

    def _open_formulas(self, item: Input | Rule) -> Iterator[Formula]:
        """The formulas of a name that are not left out by conditions that stand."""
        if isinstance(item, Input):
            for formula in formulas(item):
                self._mark(formula.tree)
                yield formula
            return
        for condition, body in ((item.when, None), *((case.when, case.formula) for case in item.cases)):
            holds: Any = True
            if condition is not None:
                holds = None
                if self._mark(condition.tree):
                    yield condition
                else:
                    holds = self._decided(condition, condition.tree)
                    if holds is None or (body is None and not holds):
                        return
                    if not holds:
                        continue
            if body is not None:
                self._mark(body.tree)
                yield body
                if holds is not None:
                    return

    def _decided(self, formula: Formula, tree: Tree) -> Any:
        """The value of a part that stands; None where it has none."""
        try:
            return self.plan.part(tree)(self.values.cells)
        except (Stop, Wrong):
            return None

    def _read(self, formula: Formula, tree: Tree, found: list[str]) -> None:
        """Add the moving names that a tree may read, whatever the unknowns are."""
        if not self.varies[id(tree)]:
            return
        if isinstance(tree, Name):
            found.append(tree.name)
        elif isinstance(tree, Cell):
            found.append(tree.path[0])
        elif isinstance(tree, Choose) and not self.varies[id(tree.condition)]:
            holds = self._decided(formula, tree.condition)
            if holds is not None:
                self._read(formula, tree.yes if holds else tree.no, found)
        elif isinstance(tree, Logic):
            for operand in tree.operands:
                if self.varies[id(operand)]:
                    self._read(formula, operand, found)
                elif bool(self._decided(formula, operand)) is (tree.operator == "or"):
                    return
        else:
            for child in children(tree):
                self._read(formula, child, found)

    def _mark(self, tree: Tree) -> bool:
        """Note of every part of a tree whether it moves."""
        known = self.varies.get(id(tree))
        if known is not None:
            return known
        kind = tree.__class__
        if kind is Name:
            varies = tree.name in self.moving  # type: ignore[union-attr]
        elif kind is Cell:
            varies = tree.path[0] in self.moving  # type: ignore[union-attr]
        else:
            varies = False
            for child in children(tree):
                if self._mark(child):
                    varies = True
        self.varies[id(tree)] = varies
        return varies

    def view(self, pieces: Mapping[str, Piece], target: str, less: str | Number = 0) -> View:
        """What is known of the target (less a number or another name) when each unknown moves on its piece.

        Slopes are along the first unknown; the others stand still at any place of their pieces.
        """
        walk = _Walk(self, pieces)
        walk.run()
        try:
            span = walk.number(target)
            other = walk.number(less) if isinstance(less, str) else spans.constant(less, fixed=True)
        except Fails as fails:
            return View(None, fails.culprit, ())
        culprit = span.culprit or other.culprit
        gap = spans.subtract(walk.piece, span, other)
        gap = replace(gap, fixed=span.fixed and other.fixed, culprit=culprit)
        return View(gap, walk.failing, tuple(sorted(set(walk.splits))))


def moving(values: Values, unknowns: Iterable[str]) -> frozenset[str]:
    """The unknowns and every name they reach other than through a given value."""
    return values.plan.reached(tuple(unknowns), frozenset(values.given))


class Function:
    """Everything between some unknowns and some targets, computed for values of the unknowns; the rest is as it was."""

    def __init__(self, bounds: Bounds) -> None:
        plan = self.plan = bounds.plan
        self.cells = bounds.values.cells.copy()
        self._every = tuple((plan.slots[name], bounds.direct.get(name), name) for name in bounds.order)
        reached = [moving(bounds.values, [name]) for name in bounds.unknowns] if len(bounds.unknowns) > 1 else [bounds.moving]
        self._reached = [tuple(step for step in self._every if step[2] in names) for names in reached]
        self._slots = tuple(plan.slots[name] for name in bounds.unknowns)
        self._here: list[Number | None] = [None] * len(self._slots)

    def at(self, *values: Number) -> Any:
        """The cells where the unknowns have these values."""
        new = [position for position, value in enumerate(values) if value != self._here[position]]
        cells, plan = self.cells, self.plan
        for position in new:
            cells[self._slots[position]] = self._here[position] = values[position]
        for slot, direct, name in self._every if len(new) > 1 else self._reached[new[0]] if new else ():
            try:
                cells[slot] = direct(cells) if direct else computed(plan, name, cells)
            except (Stop, Wrong):  # the long way says why
                cells[slot] = computed(plan, name, cells)
        return cells


class _Walk(Nodes):
    """One pass over the names of a `Bounds`, for one set of pieces."""

    def __init__(self, bounds: Bounds, pieces: Mapping[str, Piece]) -> None:
        super().__init__(bounds.values, pieces[bounds.unknowns[0]], bounds.varies, bounds.constants)
        self.order = bounds.order
        for position, name in enumerate(bounds.unknowns):
            self.states[name] = State(_unknown(self.piece, pieces[name], moves=position == 0))

    def run(self) -> None:
        """Find the state of every name, in order."""
        for name in self.order:
            self.name, self.failing = name, None
            try:
                self.states[name] = self._state(self.plan.item(name))
            except Fails as fails:
                self.states[name] = State(None, failing=fails.culprit)
        self.failing = None

    def number(self, name: str) -> Span:
        """What is known of a name that is asked for; it fails where the name does not apply."""
        state = self.states.get(name)
        if state is None:
            value = self.values.state(name)
            if value is NOTHING or value.__class__ is Absent or isinstance(value, (bool, str, tuple)):
                raise Fails(self._on_name(name, "has no value"))
            return spans.constant(value, fixed=True)
        if state.known is None or state.absent or not isinstance(state.known, Span):
            raise Fails(state.failing or self._on_name(name, "does not apply"))
        if state.failing or state.perhaps:
            self.failing = self.failing or state.failing or self._on_name(name, "does not always apply")
        return state.known

    def _on_name(self, name: str, why: str) -> Culprit:
        item = self.plan.item(name)
        formula = next(iter(formulas(item)), None) or Formula(name, Name(name), item.place)
        return Culprit(name, formula, Name(name), why)

    def _state(self, item: Input | Rule) -> State:
        if isinstance(item, Input):
            assert isinstance(item.default, Formula)
            return State(self._held(item, item.default), failing=self.failing)
        when = self._condition(item.when) if item.when else HOLDS
        if when.values == FALSE:
            return State(spans.constant(0, fixed=when.fixed), absent=True, failing=self.failing)
        try:
            found, culprit, fixed = self._cases(item)
        except Fails as fails:
            if when.values == TRUE:
                raise
            return State(spans.constant(0), perhaps=True, failing=fails.culprit)
        if when.values == TRUE:
            return State(self.one_of(found, culprit, fixed and when.fixed), failing=self.failing)
        assert item.when
        applied = self.one_of(found, culprit, False) if len(found) > 1 else found[0]
        culprit = Culprit(self.name, item.when, item.when.tree, "holds at some values and not at others")
        return State(self.switch(when, applied, spans.constant(0), culprit), False, True, self.failing, applied)

    def _cases(self, item: Rule) -> tuple[list[Known], Culprit | None, bool]:
        found: list[Known] = []
        culprit: Culprit | None = None
        fixed = True
        failed: Culprit | None = None
        open_case: Options | None = None
        for case in item.cases:
            try:
                holds = self._condition(case.when) if case.when else HOLDS
            except Fails as fails:
                if not culprit:
                    raise
                failed = fails.culprit
                break
            fixed = fixed and holds.fixed
            if holds.values == FALSE:
                continue
            self.formula = case.formula
            if holds.values != TRUE and case.when:
                open_case = holds
                culprit = culprit or Culprit(self.name, case.when, case.when.tree, "holds at some values and not at others")
            value = self.attempt(case.formula.tree)
            if isinstance(value, Culprit):
                failed = value
            else:
                found.append(value)
            if holds.values == TRUE:
                break
        else:
            failed = failed or self._on_name(self.name, "has no case that always holds")
        self.failing = self.failing or failed
        if not found:
            raise Fails(failed or self._on_name(self.name, "has no value"))
        if open_case and culprit and len(found) == 2 and not failed:
            found = [self.switch(open_case, found[0], found[1], culprit)]
        return found, culprit, fixed and not open_case

    def _condition(self, formula: Formula) -> Options:
        self.formula = formula
        return options_of(self.tree(formula.tree))

    def _held(self, item: Input, formula: Formula) -> Known:
        """A default that is computed, held to the bounds of its input."""
        self.formula = formula
        known = self.tree(formula.tree)
        if item.type not in {"integer", "number"} or not isinstance(known, Span):
            return known
        low, high = -FAR if item.low is None else item.low, FAR if item.high is None else item.high
        outside = known.high < low or known.low > high
        if known.line and not known.line[0]:
            value = known.line[1]
            outside = outside or (item.type == "integer" and not isinstance(value, int)) or bool(item.choices and value not in item.choices)
            if not outside:
                return known
        culprit = Culprit(self.name, formula, formula.tree, f"may be a value that `{self.name}` cannot have")
        if outside:
            raise Fails(culprit)
        if known.low < low or known.high > high or item.choices or (item.type == "integer" and not known.whole):
            self.failing = self.failing or culprit
        return known


def _unknown(piece: Piece, own: Piece, *, moves: bool) -> Span:
    if own.point:
        return spans.constant(own.low, fixed=not moves)  # type: ignore[arg-type]
    if moves:
        return spans.straight(piece, 1, 0, own.grid)
    return Span(own.low, own.high, 0, 0, own.grid, fixed=True)
