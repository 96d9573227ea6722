"""What a total is made of: its terms, followed down through sums and the largest argument of each `max`."""

from __future__ import annotations

from typing import Any

from .evaluate import Values
from .named import NamedTuple
from .plan import NOTHING, Absent, Stop, Wrong
from .quantity import Number
from .records import Rule
from .tree import Call, Choose, Constant, Fold, Name, Tree, children


class Term(NamedTuple):
    """A part of a total. `name` is empty for a term without one."""

    name: str
    label: str
    value: Number


class Breakdown(NamedTuple):
    """Terms that add up to the total, and the names that were the largest on the way down."""

    terms: tuple[Term, ...]
    peaks: tuple[str, ...]


def break_down(values: Values, total: str, parts: tuple[str, ...]) -> Breakdown:
    """The terms of a total.

    Args:
        values: the values of a plan; `total` must have one.
        total: the name of a rule.
        parts: names to stop at.

    A rule that is not a part is followed when it is a sum, a `max`, another name, or a choice between these.
    """
    walker = _Walker(values)
    walker.times[total] = 1
    for name in reversed(values.plan.graph.order):  # every name after all that use it, so each is opened once
        if name in walker.times:
            walker.open(name, stop=name in parts and name != total)
    walker.terms += [Term("", label, value) for label, value in walker.loose.items() if value]
    return Breakdown(tuple(walker.terms), tuple(walker.peaks))


class _Walker:
    """Carries how often each name counts in the total from the names above to those below."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.times: dict[str, int] = {}
        self.terms: list[Term] = []
        self.loose: dict[str, Number] = {}  # terms without a name, by the title of the rule whose formula they stand in
        self.peaks: dict[str, None] = {}

    def number(self, tree: Tree) -> Any:
        """The value of a part of a formula; 0 where it has none."""
        try:
            return self.values.plan.compile(tree)(self.values.cells)
        except (Stop, Wrong):
            return 0

    def open(self, name: str, *, stop: bool) -> None:
        """Make a name a term, or pass what it counts on to the names in its formula."""
        state = self.values.state(name)
        times = self.times[name]
        if state is NOTHING or state.__class__ is Absent or not times:
            return
        item = self.values.plan.item(name)
        tree = None if stop or name in self.values.given or not isinstance(item, Rule) else self.active(name)
        if tree is not None and self.additive(tree):
            named = any(isinstance(part, Name) for part in children(tree))
            self.add(tree, times, (item.title or name) + (": other" if named else ""))
        else:
            self.terms.append(Term(name, item.title or name, times * state))

    def active(self, name: str) -> Tree | None:
        """The formula of the case that counts."""
        plan = self.values.plan
        for condition, formula in plan.step(name).cases:
            if condition is None or plan.compiled(condition)(self.values.cells):
                return formula.tree
        return None

    def additive(self, tree: Tree) -> bool:
        """Whether a tree is a sum, a `max`, a name, or a choice of these."""
        match tree:
            case Name():
                return True
            case Fold(operators):
                return operators[0] in "+-"
            case Call(function):
                return function == "max"
            case Choose(condition, yes, no):
                return self.additive(yes if self.number(condition) else no)
        return False

    def add(self, tree: Tree, times: int, within: str) -> None:
        """Add the terms of a tree that counts so many times. `within` is what its terms without a name are called."""
        match tree:
            case Name(name) if name in self.values.plan.slots:
                self.times[name] = self.times.get(name, 0) + times
            case Fold(operators, operands) if operators[0] in "+-":
                for operator, operand in zip(("+", *operators), operands, strict=True):
                    self.add(operand, times if operator == "+" else -times, within)
            case Call("max", arguments) if times > 0:
                live = [part for part in arguments if not (isinstance(part, Name) and self.values.state(part.name) is NOTHING)]
                winner = max(live, key=self.number, default=Constant(0))
                if isinstance(winner, Name) and len(arguments) > 1:
                    self.peaks[winner.name] = None
                self.add(winner, times, within)
            case Choose(condition, yes, no):
                self.add(yes if self.number(condition) else no, times, within)
            case _:
                self.loose[within] = self.loose.get(within, 0) + times * self.number(tree)
