"""Rules with everything known put in: trees → forms over the cells of a run. Conditions that are decided leave one branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from .. import arithmetic
from ..plan import COMPARES, NOTHING, Absent, Plan
from ..quantity import BITS, Number
from ..records import Input, table_of
from ..tree import (
    Call,
    Choose,
    Compare,
    Constant,
    Fold,
    Formula,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Power,
    Tree,
    Truth,
)
from ..tree import Cell as Column
from ..values import unfit
from .forms import FAILED, Cell, Cells, Compute, Form, Table, constant, known
from .parts import MOST_NAMED, WIDE, Known, Moving, Part, Parts, Sometimes, State


class Lowering(Parts):
    """Lowers names one after the other, each after those it needs.

    Args:
        plan: the plan.
        cells: what is known, by the slots of the plan.
        varying: the inputs and rules that are set before each run, with their intervals and whether they are whole.
        few: whether there are so few names that sums may be put into one another; else each is a cell of its own.
    """

    def __init__(self, plan: Plan, cells: Cells, varying: Mapping[str, tuple[int, int, bool]], *, few: bool = True) -> None:
        super().__init__()
        self.most_named = MOST_NAMED if few else 1
        self.plan, self.values = plan, cells
        self.states: dict[str, State] = {}
        for name, (low, high, is_whole) in varying.items():
            bits = 0 if is_whole else 64
            self.states[name] = self.table.form(self.table.cell(Cell(None, low, high, bits, is_whole)))

    def name(self, name: str) -> None:
        """Lower a name that is computed."""
        step, item = self.plan.step(name), self.plan.item(name)
        if not step.cases:
            return
        state = self._step(step.when, step.cases)
        if isinstance(item, Input):
            state = self._held(item, state)
        self.states[name] = self._settled(state)

    def _settled(self, state: State) -> State:
        if isinstance(state, Form) and len(state.terms) > self.most_named:
            return self.table.single(state)
        return state

    def _step(self, when: Formula | None, cases: tuple[tuple[Formula | None, Formula], ...]) -> State:
        applies = self.tree(when.tree) if when else Known(True)
        if isinstance(applies, Known) and not applies.value:
            return Known(NOTHING)
        value = self._cases(cases)
        return value if isinstance(applies, Known) else Sometimes(self.moving(applies), value)

    def _cases(self, cases: tuple[tuple[Formula | None, Formula], ...]) -> Part:
        open_cases: list[tuple[Moving, Part]] = []
        last: Part | None = None
        for condition, body in cases:
            holds = self.tree(condition.tree) if condition else Known(True)
            if isinstance(holds, Known):
                if not holds.value:
                    continue
                last = self.tree(body.tree)
                break
            open_cases.append((self.moving(holds), self.tree(body.tree)))
        value = self.table.never() if last is None else last
        for condition_cell, part in reversed(open_cases):
            value = self.choose(condition_cell, part, value)
        return value

    def _held(self, item: Input, state: State) -> State:
        """A default that is computed, held to the type and bounds of its input."""
        if isinstance(state, Form):
            inside = (item.low is None or state.low >= item.low) and (item.high is None or state.high <= item.high)
            fitting = item.type == "number" or (item.type == "integer" and state.under == 1 and self.table.whole(state))
            if fitting and inside and not item.choices:
                return state
        elif isinstance(state, Known) and not unfit(item, state.value):
            return state
        value_of = self.value(state)

        def held(cells: Cells) -> Any:
            value = value_of(cells)
            return FAILED if value is FAILED or unfit(item, value) else value

        if not isinstance(state, Form):
            return self.cell(held, (state,), risky=True)
        low = state.low if item.low is None else max(state.low, item.low.__floor__())
        high = state.high if item.high is None else min(state.high, item.high.__ceil__())
        is_whole = item.type == "integer"
        made = Cell(held, min(low, high), high, 0 if is_whole else state.bits, is_whole, True, self.reads(state))
        return self.table.form(self.table.cell(made))

    # ---- trees

    def tree(self, tree: Tree) -> Part:
        """A tree with what is known put in."""
        match tree:
            case Constant(value):
                return constant(value)
            case Truth(truth):
                return Known(truth)
            case Name(name):
                return self._name(name)
            case Fold():
                return self._fold(tree)
            case Negative(operand):
                return self.table.multiply(constant(-1), self.number(self.tree(operand)))
            case Power(base, exponent):
                return self._power(self.number(self.tree(base)), self.number(self.tree(exponent)))
            case Compare(sign, left, right):
                return self._compare(sign, self.tree(left), self.tree(right))
            case Logic(sign, operands):
                return self._logic(sign == "and", operands)
            case Not(operand):
                return self._not(self.tree(operand))
            case Choose(condition, yes, no):
                holds = self.tree(condition)
                if isinstance(holds, Known):
                    return self.tree(yes if holds.value else no)
                return self.choose(self.moving(holds), self.tree(yes), self.tree(no))
            case Column():
                return self._column(tree)
            case Item() | Call():
                return self._call(tree)

    def _not(self, part: Part) -> Part:
        if isinstance(part, Known):
            return Known(not part.value)
        value_of = self.value(part)
        return self.cell(lambda cells: not value_of(cells), (part,))

    def state(self, name: str) -> State:
        """What a name comes to."""
        state = self.states.get(name)
        if state is not None:
            return state
        value = self.values[self.plan.slots[name]]
        if value.__class__ is Absent:
            return self.table.never()
        if isinstance(value, int | Fraction) and not isinstance(value, bool):
            return constant(value)
        return Known(value)

    def _name(self, name: str) -> Part:
        if name not in self.plan.slots:
            return Known(name)
        state = self.state(name)
        if isinstance(state, Known) and state.value is NOTHING:
            return constant(0) if self.plan.shapes[name].kind == "number" else Known(0)
        if isinstance(state, Sometimes):
            if isinstance(state.value, Form):
                return self.number(state)
            return self.choose(state.applies, state.value, Known(0))
        return state

    def _fold(self, tree: Fold) -> Form:
        total = self.number(self.tree(tree.operands[0]))
        for sign, operand in zip(tree.operators, tree.operands[1:], strict=True):
            part = self.number(self.tree(operand))
            if sign in "+-":
                total = self.table.add(total, part, 1 if sign == "+" else -1)
            elif sign == "*":
                total = self.table.multiply(total, part)
            elif sign == "/":
                total = self.table.divide(total, part)
            else:
                total = self._whole_divide(sign, total, part)
        return total

    def _whole_divide(self, sign: str, a: Form, b: Form) -> Form:
        """`a // b` and `a % b`."""
        by = known(b)
        if by is None or by <= 0:
            return self.table.guarded(arithmetic.floor_divide if sign == "//" else arithmetic.modulo, a, b)
        quotient = self.rounded(self.table.divide(a, b), up=False)
        return quotient if sign == "//" else self.table.add(a, self.table.multiply(b, quotient), -1)

    def _power(self, base: Form, exponent: Form) -> Form:
        times = known(exponent)
        if times is None or not isinstance(times, int) or not 0 <= times <= 64:
            return self.table.guarded(arithmetic.power, base, exponent)
        size = max(abs(base.low), abs(base.high)).bit_length() + base.bits
        if size * times > BITS:
            return self.table.guarded(arithmetic.power, base, exponent)
        made = constant(1)
        for _ in range(times):
            made = self.table.multiply(made, base)
        if times == 0 and self.table.risky(base):
            made = self.table.add(made, self.table.multiply(constant(0), base))
        return made._replace(low=max(made.low, 0)) if times % 2 == 0 else made

    def _compare(self, sign: str, left: Part, right: Part) -> Part:
        test = COMPARES[sign]
        if sign in {"<", "<=", ">", ">="} or (isinstance(left, Form) and isinstance(right, Form)):
            return self.sign_of(test, self.number(left), self.number(right))
        if isinstance(left, Known) and isinstance(right, Known):
            return Known(test(0 if left.value is NOTHING else left.value, 0 if right.value is NOTHING else right.value))
        first, second = self.value(left), self.value(right)
        return self.cell(lambda cells: test(first(cells), second(cells)), (left, right))

    def _logic(self, every: bool, operands: tuple[Tree, ...]) -> Part:
        parts: list[Part] = []
        for operand in operands:
            part = self.tree(operand)
            if isinstance(part, Known):
                if bool(part.value) is every:
                    continue
                if not any(self.risky(before) for before in parts):
                    return Known(not every)
                parts.append(Known(not every))
                break
            parts.append(part)
        if not parts:
            return Known(every)
        tests = tuple(self.value(part) for part in parts)
        if len(tests) == 1:
            return parts[0]
        if len(tests) == 2:
            one, two = tests
            if every:
                return self.cell(lambda cells: bool(one(cells)) and bool(two(cells)), tuple(parts))
            return self.cell(lambda cells: bool(one(cells)) or bool(two(cells)), tuple(parts))
        return self.cell(lambda cells: _run(tests, every, cells), tuple(parts))

    def _column(self, tree: Column) -> Part:
        """A cell of a table of the rules."""
        name, *rest = tree.path
        document = self.plan.document
        if len(rest) == 2:
            return _fixed(document.tables[name].rows[rest[0]][rest[1]])
        owner = document.inputs.get(name)
        table = document.tables[owner.table] if owner else table_of(document, self.plan.shapes[name].words)
        assert table is not None
        column = {row: values[rest[0]] for row, values in table.rows.items()}
        state = self._name(name)
        if isinstance(state, Known):
            return _fixed(column[state.value]) if state.value in column else self.table.never()
        key = self.value(state)
        if table.columns[rest[0]].truth:
            return self.cell(lambda cells: column.get(key(cells), FAILED), (state,), risky=True)
        numbers: list[Number] = list(column.values())
        low, high = min(numbers).__floor__(), max(numbers).__ceil__()
        bits = max(value.denominator.bit_length() for value in numbers)
        is_whole = all(isinstance(value, int) for value in numbers)
        made = Cell(lambda cells: column.get(key(cells), FAILED), low, high, bits, is_whole, True, self.reads(state))
        return self.table.form(self.table.cell(made))

    # ---- functions

    def _call(self, tree: Call | Item) -> Part:
        if isinstance(tree, Item):
            listed, position = self.tree(tree.listed), self.tree(tree.position)
            if isinstance(listed, Known) and isinstance(position, Form) and known(position) is not None:
                return _fixed_or_never(self.table, listed.value, known(position))
            first, second = self.value(listed), self.value(position)
            return self.cell(lambda cells: _element(first(cells) or (), second(cells)), (listed, position), risky=True)
        if tree.function in {"sum", "count", "length"}:
            return self._listed(tree)
        if tree.function in {"min", "max"}:
            return self._least(tree)
        parts = [self.number(self.tree(argument)) for argument in tree.arguments]
        if tree.function in {"ceil", "floor"}:
            return self.rounded(parts[0], up=tree.function == "ceil")
        if tree.function == "abs":
            return self.magnitude(parts[0])
        form, multiple = parts
        by = known(multiple)
        if by is None or by <= 0:
            return self.table.guarded(arithmetic.round_up, form, multiple)
        return self.table.multiply(self.rounded(self.table.divide(form, multiple), up=True), multiple)

    def _listed(self, tree: Call) -> Part:
        parts = [self.tree(argument) for argument in tree.arguments]
        apply = _LISTED[tree.function]
        if all(isinstance(part, Known) or (isinstance(part, Form) and known(part) is not None) for part in parts):
            try:
                return _fixed(apply(*(self.value(part)([]) for part in parts)))
            except (TypeError, arithmetic.Undefined):
                return self.table.never()
        computes = tuple(self.value(part) for part in parts)
        made = Cell(lambda cells: apply(*(compute(cells) for compute in computes)), -WIDE, WIDE, BITS, False, True, self.reads(*parts))
        return self.table.form(self.table.cell(made))

    def _least(self, tree: Call) -> Form:
        """`min` and `max`; a rule that does not apply is left out, one that is never the least (or greatest) too."""
        lowest = tree.function == "min"
        arms: list[tuple[Moving | None, Form]] = []
        for argument in tree.arguments:
            named = isinstance(argument, Name) and argument.name in self.plan.slots
            state = self.state(argument.name) if named else self.tree(argument)  # type: ignore[union-attr]
            if isinstance(state, Known) and state.value is NOTHING:
                continue
            if isinstance(state, Sometimes):
                arms.append((state.applies, self.number(state.value)))
            else:
                arms.append((None, self.number(state)))
        arms = self.kept(arms, lowest)
        if not arms:
            return constant(0)
        if len(arms) == 1 and arms[0][0] is None:
            return arms[0][1]
        return self.least_of(arms, lowest)


def _run(tests: tuple[Compute, ...], every: bool, cells: Cells) -> bool:
    return all(test(cells) for test in tests) if every else any(test(cells) for test in tests)


def _fixed(value: Any) -> Part:
    return constant(value) if isinstance(value, int | Fraction) and not isinstance(value, bool) else Known(value)


def _fixed_or_never(table: Table, listed: Any, position: Any) -> Part:
    found = _element(() if listed is NOTHING else listed or (), position)
    return table.never() if found is FAILED else _fixed(found)


def _element(listed: Any, position: Any) -> Any:
    return listed[position] if isinstance(position, int) and 0 <= position < len(listed) else FAILED


def _total(listed: Any) -> Number:
    if any(isinstance(element, str) for element in listed or ()):
        raise TypeError
    return arithmetic.kept(sum(listed or ()))


_LISTED: dict[str, Callable[..., Any]] = {
    "sum": _total,
    "length": lambda listed: len(listed or ()),
    "count": lambda listed, wanted: sum(1 for element in listed or () if element == wanted),
}
