"""A question whose answers differ only in some values: prepared once, then asked many times in a loop."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..errors import InputError
from ..evaluate import Given, Values, checked, evaluate, require
from ..graph import needed_by
from ..lowering.lower import Lowering
from ..lowering.nodes import Node, Nodes, Unsupported
from ..lowering.numbers import Number, of
from ..plan import NOTHING, Absent, Plan
from ..records import Input, Value
from .closures import Cells, Steps
from .sheet import Sheet

CAP = 1 << 64
"""Numbers up to this size are computed with in the quick way; larger ones take the long way."""
FEW = 500
"""Names up to which a question is lowered as a whole; one of more is answered as a sheet is."""


class _Failed:
    """What an answer is where the quick way has none."""

    __slots__ = ()


FAILED: Any = _Failed()


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

    __slots__ = ("_broken", "given", "many", "names", "plan", "program", "refusals", "still", "varying", "wanted")

    def __init__(self, plan: Plan, given: Mapping[str, Given], varying: Sequence[Input], names: Sequence[str]) -> None:
        moved = {item.name for item in varying}
        self.plan, self.names, self.varying = plan, tuple(names), tuple(varying)
        self.given = {name: value for name, value in given.items() if name not in moved}
        self.refusals = tuple(check for check in plan.document.checks if check.level == "error")
        needed = [name for check in self.refusals for name in needed_by(plan.document, check.when)]
        self.wanted = tuple(dict.fromkeys([*self.names, *needed]))
        wanted = plan.graph.ancestors(self.wanted)
        later = wanted & plan.graph.descendants(moved)
        self._broken: tuple[Program | None] | None = None
        self.program: Program | None = None
        self.many = _Many(self) if len(later) > FEW else None
        if self.many is None:
            still = wanted - (later - self.given.keys())
            self.still = evaluate(plan, self.given, still) if still else Values(plan, {}, [Absent()] * len(plan.slots), frozenset())
            self.program = self._program(broken=False)

    def _program(self, *, broken: bool) -> Program | None:
        """What computes the answers; None where they are computed one by one. `broken`: for numbers that may not be whole."""
        try:
            return Program(self, broken=broken)
        except Unsupported:
            return None

    def quick(self, values: Mapping[str, Any]) -> Any:
        """The values of the names, one for each, None for a rule that does not apply; `FAILED` where the long way must be taken."""
        program = self.program
        if program is None:
            return FAILED if self.many is None else self.many.quick(values)
        cells = program.start.copy()
        for name, index, low, high in program.quick:
            value = values.get(name)
            if value.__class__ is not int or not low <= value <= high:
                return FAILED
            cells[index] = value
        return program.answer(cells)

    def slow(self, values: Mapping[str, Value]) -> Any:
        """The same for values that are proven to be such as their inputs can have.

        Raises:
            InputError: when a check refuses them, something is missing, or a name has no value.
        """
        if self.many is not None:
            made = self.many.answer(values)
            return self._exact(values) if made is FAILED else made
        broken = not all(value.__class__ is int for value in values.values())
        if broken and self._broken is None:
            self._broken = (self._program(broken=True),)
        program = self._broken[0] if broken and self._broken else self.program
        made = FAILED if program is None else program.run(values)
        return self._exact(values) if made is FAILED else made

    def _exact(self, values: Mapping[str, Value]) -> Any:
        given = {**self.given, **{name: Given(value, "given", "varied") for name, value in values.items()}}
        found = evaluate(self.plan, given, self.wanted)
        _, wrong = checked(found)
        if wrong:
            raise InputError(*wrong)
        require(found, self.names)
        made = [None if found.state(name) is NOTHING else found[name] for name in self.names]
        return made[0] if len(made) == 1 else tuple(made)


class Program:
    """The steps of a question.

    `leaves` are the cells that are set for a name, each with its bounds; `quick` those of names that are set to whole numbers, with the
    bounds within which these need no second look. `doubts` are cells that hold where the long way must be taken.

    Raises:
        Unsupported: for what is not lowered.
    """

    __slots__ = ("doubts", "leaves", "out", "quick", "start", "steps")

    def __init__(self, question: Prepared, *, broken: bool) -> None:
        names = question.names
        nodes = Nodes()
        axes = {item.name: _leaf(nodes, item, broken) for item in question.varying}
        lowering = Lowering(question.still, {name: number for name, (number, _) in axes.items()}, nodes)
        lowering.prepare(question.wanted)
        doubts = []
        for check in question.refusals:
            test = lowering.lower(check.when.tree)
            doubts.append(nodes.both(test.value, nodes.invert(test.bad)))
        columns = {name: lowering.name(name) for name in names if name in lowering.open}
        doubts += (column.bad for column in columns.values())
        if any(doubt is True for doubt in doubts):
            raise Unsupported
        values = {name: lowering.numbers.over(column.value) for name, column in columns.items() if column.kind == "number"}
        words = {name: lowering.code(column.value) for name, column in columns.items() if column.kind == "word"}
        truths = [column.value for column in columns.values() if column.kind == "truth"]
        read: list[Any] = [*doubts, *truths, *words.values(), *(part for pair in values.values() for part in pair)]
        read += (column.applies for column in columns.values())
        made = Steps([part for part in read if isinstance(part, Node)] + [leaf for _, leaves in axes.values() for leaf in leaves])
        outs = []
        for name in names:
            if name not in columns:
                outs.append(made.kept(_settled(question.still.state(name))))
                continue
            column = columns[name]
            if column.kind == "number":
                at = made.quotient(*values[name])
            elif column.kind == "word":
                at = made.word(words[name], lowering.words)
            else:
                at = made.cell(column.value)
            outs.append(made.where(column.applies, at))
        self.doubts = tuple(dict.fromkeys(made.cell(doubt) for doubt in doubts if doubt is not False))
        self.out = operator.itemgetter(*outs)
        self.leaves = {name: tuple((made.cell(leaf), leaf.low, leaf.high) for leaf in leaves) for name, (_, leaves) in axes.items()}
        self.quick = tuple((item.name, self.leaves[item.name][0][0], *_quick(item)) for item in question.varying)
        self.start, self.steps = made.start, tuple(made.made)

    def answer(self, cells: Cells) -> Any:
        """The answers, one or a tuple, from cells with the leaves set; `FAILED` where the long way must be taken."""
        for index, compute in self.steps:
            cells[index] = compute(cells)
        for index in self.doubts:
            if cells[index]:
                return FAILED
        return self.out(cells)

    def run(self, values: Mapping[str, Any]) -> Any:
        """The answers for numbers that have been looked at but for their size."""
        cells = self.start.copy()
        for name, leaves in self.leaves.items():
            value = values[name]
            for (index, low, high), part in zip(leaves, (value.numerator, value.denominator), strict=False):
                if not low <= part <= high:
                    return FAILED
                cells[index] = part
        return self.answer(cells)


class _Many:
    """The answers to a question of very many names."""

    __slots__ = ("_doubts", "bounds", "given", "outs", "question", "sheet")

    def __init__(self, question: Prepared) -> None:
        self.question = question
        self.sheet = Sheet(question.plan, question.wanted)
        self.given = {name: known.value for name, known in question.given.items()}
        self.bounds = [(item.name, *_quick(item)) for item in question.varying]
        self.outs = [question.plan.slots[name] for name in question.names]
        self._doubts: tuple[Any, tuple[int, ...]] = self, ()  # of a program; at first of none

    def quick(self, values: Mapping[str, Any]) -> Any:
        """The answers, one or a tuple, for whole numbers within bounds; `FAILED` where the long way must be taken."""
        for name, low, high in self.bounds:
            value = values.get(name)
            if value.__class__ is not int or not low <= value <= high:
                return FAILED
        return self.answer(values)

    def answer(self, values: Mapping[str, Any]) -> Any:
        """The same for values that are proven to be such as their inputs can have."""
        question = self.question
        program, cells = self.sheet.run({**self.given, **values})
        if any(question.plan.truth(check.when, cells) is True for check in question.refusals):
            return FAILED
        known, doubts = self._doubts
        if known is not program:
            doubts = tuple([slot for slot in self.outs if program is None or slot not in program.sure])
            self._doubts = program, doubts
        found = [cells[slot] for slot in self.outs]
        if doubts:
            if any(cells[slot].__class__ is Absent for slot in doubts):
                return FAILED
            found = [None if value is NOTHING else value for value in found]
        return found[0] if len(found) == 1 else tuple(found)


def _settled(state: Any) -> Any:
    """What does not vary, as it is answered.

    Raises:
        Unsupported: when it has no value.
    """
    if state.__class__ is Absent:
        raise Unsupported
    return None if state is NOTHING else state


def _leaf(nodes: Nodes, item: Input, broken: bool) -> tuple[Number, tuple[Node, ...]]:
    """What varies as a number, and what is set for it: the number, or what stands above and below its line."""
    low = -CAP if item.low is None else max(-CAP, item.low.__floor__())
    high = CAP if item.high is None else min(CAP, item.high.__ceil__())
    if low > high:
        raise Unsupported
    if not broken or item.type == "integer":
        leaf = nodes.leaf(item.name, 0, low, high)
        return of(leaf), (leaf,)
    leaf = nodes.leaf(item.name, 0, max(-CAP, min(low, low * CAP)), min(CAP, max(high, high * CAP)))
    under = nodes.leaf(f"1/{item.name}", 0, 1, CAP)
    return {((leaf,), (under,)): Fraction(1)}, (leaf, under)


def _quick(item: Input) -> tuple[int, int]:
    """The whole numbers that need no second look; none for an input that has few values only."""
    if item.choices:
        return 1, 0
    low = -CAP if item.low is None else max(-CAP, item.low.__ceil__())
    high = CAP if item.high is None else min(CAP, item.high.__floor__())
    return low, high
