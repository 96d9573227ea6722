"""What is known of every node of a formula while one unknown moves over a piece of its domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ..errors import Place, plain
from ..evaluate import Values
from ..formula import write
from ..plan import NOTHING, Stop, Wrong
from ..quantity import Number, whole
from ..records import table_of
from ..tree import (
    LARGEST_EXPONENT,
    Call,
    Cell,
    Choose,
    Compare,
    Fold,
    Formula,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Tree,
    children,
)  # fmt: skip
from . import spans
from .outcomes import (
    DOWN,
    EITHER,
    FALSE,
    ODD,
    STILL,
    TESTS,
    TRUE,
    UP,
    Known,
    Options,
    known_of,
    options_of,
    same,
    signs_of,
    turn_of,
    union,
)  # fmt: skip
from .spans import ANYTHING, FAR, End, Piece, Span, far


@dataclass(frozen=True, slots=True)
class Culprit:
    """The part of a formula that a proof broke on."""

    name: str
    formula: Formula
    tree: Tree
    why: str

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.formula.at(self.tree)

    def __str__(self) -> str:
        return f"`{plain(write(self.tree), 120)}` in `{self.name}` ({self.place}) {self.why}"


@dataclass(slots=True)  # as Span: never changed all the same
class State:
    """What is known of a name. `known` is None when it has a value nowhere on the piece."""

    known: Known | None
    absent: bool = False  # it does not apply, everywhere on the piece
    perhaps: bool = False  # it does not apply, at some places of the piece
    failing: Culprit | None = None
    applied: Known | None = None  # where it applies only perhaps: what is known of it where it does


class Fails(Exception):
    """A node has no value anywhere on the piece."""

    def __init__(self, culprit: Culprit) -> None:
        super().__init__()
        self.culprit = culprit


class Nodes:
    """A walk over the formulas of some names, on one piece.

    Args:
        values: an evaluation; names that do not move keep its values.
        piece: where the unknown moves.
        varies: by the id of a node, whether it depends on what moves.
        constants: what is known of nodes that do not, filled as they are met.
    """

    def __init__(self, values: Values, piece: Piece, varies: Mapping[int, bool], constants: dict[int, Known]) -> None:
        self.values = values
        self.plan = values.plan
        self.piece = piece
        self.varies = varies
        self.constants = constants
        self.states: dict[str, State] = {}
        self.splits: list[Number] = []
        self.failing: Culprit | None = None
        self.name = ""
        self.formula: Formula

    def tree(self, tree: Tree) -> Known:
        """What is known of a node.

        Raises:
            Fails: when it has no value anywhere on the piece.
        """
        if not self.varies.get(id(tree), True):
            return self._constant(tree)
        kind = tree.__class__
        if kind is Name:
            return self._reference(tree.name, tree)  # type: ignore[union-attr]
        if kind is Fold:
            return self._fold(tree, tree.operators, tree.operands)  # type: ignore[union-attr,arg-type]
        match tree:
            case Cell():
                return self._cell(tree)
            case Power():
                return self._blame(tree, self._power(tree), self.span(tree.base), self.span(tree.exponent))
            case Negative(operand):
                span = self.span(operand)
                return spans.marked(spans.negative(span), span.fixed, span.culprit)
            case Compare():
                return self._compare(tree)
            case Logic():
                return self._logic(tree)
            case Not(operand):
                held = options_of(self.tree(operand))
                turn = -held.turn if held.turn in {UP, DOWN} else held.turn
                return Options(None if held.values is None else frozenset(not value for value in held.values), held.fixed, turn)
            case Choose():
                return self._choose(tree)
            case Call():
                return self._call(tree)
            case Item():
                return self._listed(tree)
        return self._constant(tree)

    def span(self, tree: Tree) -> Span:
        """What is known of a node that is a number."""
        known = self.tree(tree)
        return known if isinstance(known, Span) else ANYTHING

    def _constant(self, tree: Tree) -> Known:
        known = self.constants.get(id(tree))
        if known is None:
            try:
                value = self.plan.part(tree)(self.values.cells)
            except (Stop, Wrong) as error:
                raise Fails(self.culprit(tree, f"has no value: {error}" if str(error) else "has no value")) from None
            known = self.constants[id(tree)] = known_of(value)
        return known

    def culprit(self, tree: Tree, why: str) -> Culprit:
        """A part of the formula that is walked."""
        return Culprit(self.name, self.formula, tree, why)

    def _fail(self, tree: Tree, why: str) -> None:
        self.failing = self.failing or self.culprit(tree, why)

    def _blame(self, tree: Tree, span: Span, *parts: Span) -> Span:
        """The span of a node, with what made its direction unknown."""
        fixed = False not in [part.fixed for part in parts]
        if not span.wanders:
            return span if span.fixed == fixed and not span.culprit else spans.marked(span, fixed)
        culprit = next((part.culprit for part in parts if part.culprit), None)
        return spans.marked(span, fixed, culprit or self.culprit(tree, "may both rise and fall"))

    def _reference(self, name: str, tree: Tree) -> Known:
        state = self.states[name]
        if state.known is None:
            raise Fails(state.failing or self.culprit(tree, "has no value"))
        self.failing = self.failing or state.failing
        return state.known

    def _cell(self, tree: Cell) -> Known:
        name, column = tree.path
        document = self.plan.document
        owner = document.inputs.get(name)
        table = document.tables[owner.table] if owner else table_of(document, self.plan.shapes[name].words)
        assert table is not None
        rows = options_of(self._reference(name, tree))
        found = [row for row in table.rows if rows.values is None or row in rows.values]
        if rows.values is None or any(row not in table.rows for row in rows.values):
            self._fail(tree, "may not have a row")
        if not found:
            raise Fails(self.culprit(tree, "has no row"))
        knowns = [known_of(table.rows[row][column]) for row in found]
        return self.one_of(knowns, self.culprit(tree, "picks different rows"), rows.fixed)

    def _fold(self, tree: Fold, operators: tuple[str, ...], operands: tuple[Tree, ...]) -> Span:
        total = self.span(operands[0])
        for sign, operand in zip(operators, operands[1:], strict=True):
            part = self.span(operand)
            total = self._blame(tree, self._join(tree, sign, total, part), total, part)
        return total

    def _join(self, tree: Tree, sign: str, left: Span, right: Span) -> Span:
        piece = self.piece
        if sign == "+":
            return spans.add(piece, left, right)
        if sign == "-":
            return spans.subtract(piece, left, right)
        if sign == "*":
            return spans.multiply(piece, left, right)
        if right.low == right.high == 0:
            raise Fails(self.culprit(tree, "divides by zero"))
        if spans.zero(piece, right):
            self._fail(tree, "may divide by zero")
        if sign == "/":
            return spans.divide(piece, left, right)
        self._rounding(spans.divide(piece, left, right))
        return spans.rounded_down(piece, spans.divide(piece, left, right)) if sign == "//" else spans.remainder(piece, left, right)

    def _power(self, tree: Power) -> Span:
        base, exponent = self.span(tree.base), self.span(tree.exponent)
        if exponent.line and not exponent.line[0]:
            by = exponent.line[1]
            if not isinstance(by, int) or abs(by) > LARGEST_EXPONENT or (by < 0 and base.low == base.high == 0):
                raise Fails(self.culprit(tree, "is a power that does not exist"))
            if by < 0 and spans.zero(self.piece, base):
                self._fail(tree, "may divide by zero")
            return spans.power(self.piece, base, by)
        if exponent.low > LARGEST_EXPONENT or exponent.high < -LARGEST_EXPONENT:
            raise Fails(self.culprit(tree, "has an exponent that is too large"))
        if not exponent.whole or exponent.low < -LARGEST_EXPONENT or exponent.high > LARGEST_EXPONENT or exponent.low < 0:
            self._fail(tree, "may have an exponent that is too large, not whole or below 0")
        return _varying_power(base, exponent)

    def _rounding(self, span: Span) -> None:
        """Where a rounding nearest the middle changes, if that can be said exactly."""
        if not span.line or not span.line[0] or far(span.low) or far(span.high):
            return
        slope, offset = span.line
        middle = (span.low + span.high) / Fraction(2)
        for level in (middle.__floor__(), middle.__ceil__()):
            self._split((level - offset) / Fraction(slope))

    def _split(self, at: Fraction) -> None:
        """A place where something may change: on a grid, after the whole number given and before it."""
        for place in (at.__floor__(), at.__ceil__() - 1) if self.piece.grid else (whole(at),):
            if self.piece.low <= place < self.piece.high and (self.piece.grid or place != self.piece.low):
                self.splits.append(place)

    def _crossing(self, gap: Span) -> None:
        if gap.line and gap.line[0]:
            self._split(Fraction(-gap.line[1]) / gap.line[0])

    def _compare(self, tree: Compare) -> Options:
        left, right = self.tree(tree.left), self.tree(tree.right)
        if not isinstance(left, Span) or not isinstance(right, Span):
            return same(tree.operator, options_of(left), options_of(right))
        gap = spans.subtract(self.piece, left, right)
        signs = signs_of(self.piece, gap)
        found = frozenset(TESTS[tree.operator](sign) for sign in signs)
        if len(found) > 1:
            self._crossing(gap)
        return Options(found, left.fixed and right.fixed, turn_of(tree.operator, gap))

    def _logic(self, tree: Logic) -> Options:
        stop = tree.operator == "or"
        outcomes: set[Any] = set()
        turns: set[int] = set()
        fixed = True
        for operand in tree.operands:
            try:
                held = options_of(self.tree(operand))
            except Fails as fails:
                if not outcomes:
                    raise
                self.failing = self.failing or fails.culprit
                return Options(frozenset(outcomes), False)
            values = EITHER if held.values is None else frozenset(bool(value) for value in held.values)
            if values == frozenset({stop}):
                return Options(frozenset({stop}), held.fixed)
            fixed = fixed and held.fixed
            if stop in values:
                outcomes.add(stop)
                turns.add(held.turn)
        turns = turns - {STILL} or {STILL}
        return Options(frozenset(outcomes | {not stop}), fixed, turns.pop() if len(turns) == 1 else ODD)

    def _choose(self, tree: Choose) -> Known:
        holds = options_of(self.tree(tree.condition))
        branches = [tree.yes] if holds.values == TRUE else [tree.no] if holds.values == FALSE else [tree.yes, tree.no]
        if len(branches) == 1:
            return self.one_of([self.tree(branches[0])], None, holds.fixed)
        found: list[Known] = []
        failed: Culprit | None = None
        for branch in branches:
            known = self.attempt(branch)
            if isinstance(known, Culprit):
                failed = known
            else:
                found.append(known)
        if not found and failed:
            raise Fails(failed)
        self.failing = self.failing or failed
        culprit = self.culprit(tree, "takes different sides")
        return self.one_of(found, culprit, False) if failed else self.switch(holds, found[0], found[1], culprit)

    def _call(self, tree: Call) -> Known:
        name = tree.function
        if name in {"min", "max"}:
            return self._extreme(tree)
        if name in {"sum", "count", "length"}:
            return self._listed(tree)
        parts = [self.span(argument) for argument in tree.arguments]
        if name == "round_up":
            return self._blame(tree, self._round_up(tree, parts[0], parts[1]), *parts)
        only = parts[0]
        if name == "abs":
            if only.low < 0 < only.high:
                self._crossing(only)
            return self._blame(tree, spans.absolute(only), only)
        self._rounding(only)
        rounded = spans.rounded_up(self.piece, only) if name == "ceil" else spans.rounded_down(self.piece, only)
        return self._blame(tree, rounded, only)

    def _round_up(self, tree: Tree, value: Span, multiple: Span) -> Span:
        if multiple.high <= 0:
            raise Fails(self.culprit(tree, "rounds to a multiple that is not above 0"))
        if multiple.low <= 0:
            self._fail(tree, "may round to a multiple that is not above 0")
            return ANYTHING
        if multiple.line and not multiple.line[0]:
            self._rounding(spans.divide(self.piece, value, multiple))
        return spans.rounded_to(self.piece, value, multiple)

    def _extreme(self, tree: Call) -> Span:
        """`min` and `max`, which leave out rules that do not apply."""
        sure: list[Span] = []
        maybe: list[Span] = []
        parts: list[Span] = []
        for argument in tree.arguments:
            state = self.states.get(argument.name) if isinstance(argument, Name) else None
            if isinstance(argument, Name) and state is None and self.values.cells[self.plan.slots[argument.name]] is NOTHING:
                continue
            span = self.span(argument)
            parts.append(span)
            if state is None or not (state.absent or state.perhaps):
                sure.append(span)
            elif isinstance(state.applied, Span):
                maybe.append(state.applied)
        join = spans.larger if tree.function == "max" else spans.smaller
        total = sure[0] if sure else spans.constant(0)
        for span in sure[1:]:
            self._crossing(spans.subtract(self.piece, total, span))
            total = join(self.piece, total, span)
        if maybe:
            total = spans.either([total, *(join(self.piece, total, span) if sure else span for span in maybe)])
        return self._blame(tree, total, *parts)

    def _listed(self, tree: Item | Call) -> Known:
        """Functions of lists: the list or the index depends on the unknown."""
        parts = [self.attempt(child) for child in children(tree)]
        failed = next((part for part in parts if isinstance(part, Culprit)), None)
        if failed:
            raise Fails(failed)
        items, index = parts[0], parts[1] if len(parts) > 1 else None
        if isinstance(tree, Item) and isinstance(items, tuple) and isinstance(index, Span):
            if not index.whole or index.low < 0 or index.high >= len(items):
                self._fail(tree, "may ask for an element that the list does not have")
            within = [element for place, element in enumerate(items) if index.low <= place <= index.high]
            if not within:
                raise Fails(self.culprit(tree, "asks for an element that the list does not have"))
            return self.one_of([known_of(element) for element in within], self.culprit(tree, "picks different elements"), index.fixed)
        self._fail(tree, "depends on a list that changes")
        if isinstance(tree, Call) and tree.function in {"count", "length"}:
            return Span(0, FAR, -FAR, FAR, True, culprit=self.culprit(tree, "may both rise and fall"))
        return replace(ANYTHING, culprit=self.culprit(tree, "may both rise and fall"))

    def attempt(self, tree: Tree) -> Known | Culprit:
        """What is known of a node, or why it has no value."""
        try:
            return self.tree(tree)
        except Fails as fails:
            return fails.culprit

    def one_of(self, found: list[Known], culprit: Culprit | None, fixed: bool) -> Known:
        """One of these, it is not known which; `fixed` when what picks it does not move."""
        numbers = [known for known in found if isinstance(known, Span)]
        if len(numbers) == len(found):
            if len(found) == 1:
                only = numbers[0]
                return only if fixed or not only.fixed else spans.marked(only, False, only.culprit)
            united = spans.either(numbers)
            return spans.marked(united, False, culprit if united.wanders else None)
        if len(found) == 1:
            known = found[0]
            return replace(known, fixed=known.fixed and fixed) if isinstance(known, Options) else known
        if any(isinstance(known, tuple) for known in found):
            return Options(None)
        return union([options_of(known) for known in found])

    def switch(self, holds: Options, yes: Known, no: Known, culprit: Culprit) -> Known:
        """One of two, by a condition that is not decided."""
        if holds.turn == ODD or not isinstance(yes, Span) or not isinstance(no, Span):
            return self.one_of([yes, no], culprit, False)
        if holds.turn == STILL:
            united = spans.either_still(yes, no)
        else:
            united = spans.one_then(no, yes) if holds.turn == UP else spans.one_then(yes, no)
        return spans.marked(united, False, (yes.culprit or no.culprit or culprit) if united.wanders else None)


def _raised(end: End, by: int) -> End:
    if isinstance(end, float) and by:
        return FAR if by > 0 else 0
    return whole(Fraction(end) ** by) if by else 1


def _varying_power(base: Span, exponent: Span) -> Span:
    """A power whose exponent changes: known for a base of at least 1."""
    if base.low < 1:
        return ANYTHING if base.low < 0 else Span(0, FAR, -FAR, FAR)
    low = max(-LARGEST_EXPONENT, min(LARGEST_EXPONENT, exponent.low)).__floor__()
    high = max(-LARGEST_EXPONENT, min(LARGEST_EXPONENT, exponent.high)).__ceil__()
    ends = [_raised(end, by) for end in (base.low, base.high) for by in (low, high)]
    up = base.rises and exponent.rises and low >= 0
    down = base.falls and exponent.falls and low >= 0
    return spans.kept(Span(min(ends), max(ends), 0 if up else -FAR, 0 if down else FAR, base.whole and low >= 0))
