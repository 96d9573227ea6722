"""The value of a name that is computed once, straight from the plain form of its formulas: no tree is built and no closure made.

It answers only where all goes well. Whatever is odd (a value that is missing, a number out of bounds, a list) is left to `Plan`,
which knows what to say; so there is one place where something is refused, and a test holds the two to the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import arithmetic
from .arithmetic import Undefined
from .plan import COMPARES, NOTHING, SINGLES, Absent, Cells, Plan
from .tree import KINDS, Call, Cell, Choose, Compare, Constant, Fold, Item, Logic, Name, Negative, Not, Power, Truth

Raw = tuple[Any, ...]
"""A tree as plain data: its kind as a number, its parts, the two ends of its span."""


class Unsure(Exception):
    """The closures must say."""


class Quick:
    """Computes the steps of a plan from their plain form.

    Args:
        plan: the plan.
        steps: by name, the tree of its condition (or None), and those of its cases with theirs.
        tree: gives a tree by its number.
    """

    def __init__(self, plan: Plan, steps: Mapping[str, Raw], tree: Callable[[int], Raw]) -> None:
        self.slots = plan.slots
        self.column = plan.column
        self.steps = steps
        self.tree = tree

    def value(self, name: str, cells: Cells) -> Any:
        """The value of a name, or `NOTHING`.

        Raises:
            Unsure: when there is none, or it takes more to find it.
        """
        when, cases, _ = self.steps[name]
        try:
            if when >= 0 and not self.of(self.tree(when), cells):
                return NOTHING
            for condition, formula in cases:
                if condition < 0 or self.of(self.tree(condition), cells):
                    return self.of(self.tree(formula), cells)
        except Undefined:
            raise Unsure from None
        raise Unsure

    def of(self, raw: Raw, cells: Cells) -> Any:
        """The value of a tree."""
        return _KINDS[raw[0]](self, raw, cells)


def _name(quick: Quick, raw: Raw, cells: Cells) -> Any:
    slot = quick.slots.get(raw[1])
    if slot is None:
        return raw[1]
    found = cells[slot]
    if found.__class__ is Absent:
        raise Unsure
    return 0 if found is NOTHING else found


def _constant(quick: Quick, raw: Raw, cells: Cells) -> Any:  # noqa: ARG001 - as every handler is called
    if raw[1].__class__ is tuple:
        raise Unsure  # a fraction, which is written as a quotient nearly always
    return raw[1]


def _cell(quick: Quick, raw: Raw, cells: Cells) -> Any:
    name, *rest = raw[1]
    if len(rest) != 1:
        raise Unsure
    key = cells[quick.slots[name]]
    column = quick.column(name, rest[0])
    if key.__class__ is not str or key not in column:
        raise Unsure
    return column[key]


def _fold(quick: Quick, raw: Raw, cells: Cells) -> Any:
    first, *rest = raw[2]
    total = _KINDS[first[0]](quick, first, cells)
    for sign, part in zip(raw[1], rest, strict=True):
        total = arithmetic.BY_SIGN[sign](total, _KINDS[part[0]](quick, part, cells))
    return total


def _compare(quick: Quick, raw: Raw, cells: Cells) -> Any:
    return COMPARES[raw[1]](_KINDS[raw[2][0]](quick, raw[2], cells), _KINDS[raw[3][0]](quick, raw[3], cells))


def _logic(quick: Quick, raw: Raw, cells: Cells) -> Any:
    wanted = raw[1] == "or"
    for part in raw[2]:
        if bool(_KINDS[part[0]](quick, part, cells)) is wanted:
            return wanted
    return not wanted


def _choose(quick: Quick, raw: Raw, cells: Cells) -> Any:
    return quick.of(raw[2] if quick.of(raw[1], cells) else raw[3], cells)


def _call(quick: Quick, raw: Raw, cells: Cells) -> Any:
    name, parts = raw[1], raw[2]
    if name in {"min", "max"}:
        live = [part for part in parts if not (KINDS[part[0]] is Name and cells[quick.slots.get(part[1], 0)] is NOTHING)]
        return (min if name == "min" else max)([quick.of(part, cells) for part in live] or [0])
    if name in SINGLES:
        return SINGLES[name](quick.of(parts[0], cells))
    if name == "round_up":
        return arithmetic.round_up(quick.of(parts[0], cells), quick.of(parts[1], cells))
    raise Unsure


def _item(quick: Quick, raw: Raw, cells: Cells) -> Any:  # noqa: ARG001 - as above
    raise Unsure


_HANDLERS: dict[type, Callable[[Quick, Raw, Cells], Any]] = {
    Name: _name,
    Constant: _constant,
    Truth: lambda quick, raw, cells: raw[1],
    Cell: _cell,
    Fold: _fold,
    Power: lambda quick, raw, cells: arithmetic.power(quick.of(raw[1], cells), quick.of(raw[2], cells)),
    Negative: lambda quick, raw, cells: -quick.of(raw[1], cells),
    Compare: _compare,
    Logic: _logic,
    Not: lambda quick, raw, cells: not quick.of(raw[1], cells),
    Choose: _choose,
    Call: _call,
    Item: _item,
}
_KINDS = tuple(_HANDLERS[kind] for kind in KINDS)
