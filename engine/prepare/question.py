"""A question whose answers differ only in some values: prepared once, then asked many times in a loop."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..errors import InputError
from ..evaluate import Given, Values, checked, evaluate, require
from ..graph import needed_by
from ..plan import NOTHING, Plan
from ..records import Input, Value
from .forms import FAILED, WRONG, Cell, Cells, Form, Table, known
from .lower import Lowering
from .parts import Known, Moving, State

CAP = 1 << 64
"""Numbers up to this size are computed with in the quick way; larger ones take the long way."""
FEW = 1000
"""Names up to which a question is worth boiling down further."""


class Prepared:
    """The values of names as a function of numbers that vary; everything else stands.

    Args:
        plan: the rules.
        given: values by name for what does not vary.
        varying: the inputs (a rule as the input it would be) that vary, all of them numbers.
        names: what is asked.

    The quick way answers only where it is certain; whatever is out of the ordinary (a number beyond its bounds, a division by zero) takes
    the long way through `evaluate`, which also says what is wrong.
    """

    __slots__ = ("given", "names", "out", "plan", "refusals", "refused", "start", "steps", "unsure", "varying", "wanted")

    def __init__(self, plan: Plan, given: Mapping[str, Given], varying: Sequence[Input], names: Sequence[str]) -> None:
        moved = {item.name for item in varying}
        self.plan, self.names = plan, tuple(names)
        self.given = {name: value for name, value in given.items() if name not in moved}
        self.refusals = tuple(check for check in plan.document.checks if check.level == "error")
        needed = [name for check in self.refusals for name in needed_by(plan.document, check.when)]
        self.wanted = tuple(dict.fromkeys([*self.names, *needed]))
        wanted = plan.graph.ancestors(self.wanted)
        order = [name for name in plan.graph.order if name in wanted and name not in moved and name not in self.given]
        later = []
        for name in order:
            if not moved.isdisjoint(plan.graph.needs[name]):
                moved.add(name)
                later.append(name)
        still = evaluate(plan, self.given, wanted - moved) if wanted - moved else Values(plan, {}, [None] * len(plan.slots), frozenset())
        lowering = Lowering(plan, still.cells, {item.name: _interval(item) for item in varying}, few=len(later) <= FEW)
        for name in later:
            lowering.name(name)
        self.varying = tuple((item.name, index, *_quick(item)) for index, item in enumerate(varying))
        self._finish(lowering)

    def _finish(self, lowering: Lowering) -> None:
        """What is computed in each run, in order: only what the answers read."""
        refused: list[int] = []
        for check in self.refusals:
            part = lowering.tree(check.when.tree)
            if isinstance(part, Moving):
                refused.append(part.at)
            elif isinstance(part, Known) and part.value:
                refused.append(-1)
        fixed: dict[int, Any] = {}
        outs = [_out(lowering, lowering.state(name), fixed) for name in self.names]
        self.out = operator.itemgetter(*outs)
        self.refused = tuple(refused)
        cells = lowering.table.cells
        self.unsure = tuple(dict.fromkeys(index for index in outs if cells[index].risky))
        left = [*outs, *(index for index in refused if index >= 0)]
        used: set[int] = set()
        while left:
            index = left.pop()
            if index not in used:
                used.add(index)
                left += cells[index].reads
        self.start: Cells = [fixed.get(index) for index in range(len(cells))]
        self.steps = tuple((index, cell.compute) for index, cell in enumerate(cells) if index in used and cell.compute is not None)

    def quick(self, values: Mapping[str, Any]) -> Any:
        """The values of the names, one for each, None for a rule that does not apply; `FAILED` where the long way must be taken."""
        cells = self.start.copy()
        try:
            for name, index, low, high in self.varying:
                value = values[name]
                if value.__class__ is not int or not low <= value <= high:
                    return FAILED
                cells[index] = value
            return self._run(cells)
        except WRONG:
            return FAILED

    def _run(self, cells: Cells) -> Any:
        for index, compute in self.steps:
            cells[index] = compute(cells)
        for index in self.refused:
            if index < 0 or (cells[index] is not FAILED and cells[index]):
                return FAILED
        for index in self.unsure:
            if cells[index] is FAILED:
                return FAILED
        return self.out(cells)

    def slow(self, values: Mapping[str, Value]) -> Any:
        """The same for values that are proven to be such as their inputs can have.

        Raises:
            InputError: when a check refuses them, something is missing, or a name has no value.
        """
        cells = self.start.copy()
        for name, index, _, _ in self.varying:
            cells[index] = values[name]
        if all(_small(value) for value in values.values()):
            try:
                made = self._run(cells)
            except WRONG:
                made = FAILED
            if made is not FAILED:
                return made
        return self._exact(values)

    def _exact(self, values: Mapping[str, Value]) -> Any:
        given = {**self.given, **{name: Given(value, "given", "varied") for name, value in values.items()}}
        found = evaluate(self.plan, given, self.wanted)
        _, wrong = checked(found)
        if wrong:
            raise InputError(*wrong)
        require(found, self.names)
        made = [None if found.state(name) is NOTHING else found[name] for name in self.names]
        return made[0] if len(made) == 1 else tuple(made)


def _interval(item: Input) -> tuple[int, int, bool]:
    low = -CAP if item.low is None else max(-CAP, item.low.__floor__())
    high = CAP if item.high is None else min(CAP, item.high.__ceil__())
    return low, high, item.type == "integer"


def _quick(item: Input) -> tuple[int, int]:
    """The whole numbers that need no second look; none for an input that has few values only."""
    if item.choices:
        return 1, 0
    low = -CAP if item.low is None else max(-CAP, item.low.__ceil__())
    high = CAP if item.high is None else min(CAP, item.high.__floor__())
    return low, high


def _small(value: Value) -> bool:
    return isinstance(value, int | Fraction) and -CAP <= value <= CAP and value.denominator <= CAP


def _out(lowering: Lowering, state: State, fixed: dict[int, Any]) -> int:
    """The cell of an answer, which holds None where the rule does not apply; `fixed` is added to where it is known."""
    table = lowering.table
    if isinstance(state, Moving):
        return state.at
    if isinstance(state, Form):
        plain = table.plain(state)
        if plain is not None:
            return plain
        value = known(state)
        if value is None:
            return table.cell(Cell(table.exact(state), state.low, state.high, risky=table.risky(state), reads=table.reads(state)))
        return _kept(table, value, fixed)
    if isinstance(state, Known):
        return _kept(table, None if state.value is NOTHING else state.value, fixed)
    applies, inner = state.applies.at, _out(lowering, state.value, fixed)
    risky = table.cells[applies].risky or table.cells[inner].risky
    return table.cell(Cell(lambda cells: cells[inner] if cells[applies] else None, 0, 0, risky=risky, reads=(applies, inner)))


def _kept(table: Table, value: Any, fixed: dict[int, Any]) -> int:
    index = table.cell(Cell(None, 0, 0))
    fixed[index] = value
    return index
