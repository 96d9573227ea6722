"""All names of a plan again and again, as values change: what is simple by the rows of its pattern, the rest as `evaluate` does.

What a name comes to stands in the cell of its slot, as everywhere. A name is *sure* where it always comes to a whole number (over a known
denominator) no larger than `WIDE`: then no result has to be looked at. Which are sure hangs on which inputs are whole and not too large,
so there is a program for each such set of inputs that occurs. The cells of the last run are kept: where few values changed, what depends
on them is computed anew, name by name, for as long as it comes out different; where many did, all that depends on them, row by row.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..evaluate import Given, Values, computed
from ..named import NamedTuple
from ..patterns import Pattern, Patterned
from ..plan import Absent, Cells, Plan
from ..records import Input, Rule
from ..tree import Formula
from .rows import WIDE, Kind, Row, Run, kind_of, ratio_rows

LARGE = 1 << 64
"""A given number up to this size is one that the simple names are prepared for."""
FEW = 16
"""One in this many names may change before all that depends on what was given is computed."""
LEAST = 100
"""And always this many."""
MOST_KEPT = 8
"""Programs a sheet keeps, and sets of changed inputs a program keeps."""


OFTEN = 20
"""A pattern that so many names have is always lowered; of others, `SELDOM`, as lowering takes longer than computing a name once."""
SELDOM = 100


class Sheet:
    """Evaluates a plan many times. Its answers are those of `evaluate`; threads may share it.

    Args:
        plan: the plan.
        wanted: the names that are computed, with all they need; everything when None.
    """

    def __init__(self, plan: Plan, wanted: Iterable[str] | None = None) -> None:
        self.plan = plan
        order = plan.graph.order
        self.names = frozenset(order) if wanted is None else plan.graph.ancestors(wanted)
        self.base: Cells = [Absent()] * len(order)
        self.leaves: dict[str, tuple[int, int, int]] = {}  # by name: its slot, the least and the most it is simple for
        self._odd: set[str] = set()
        for name, item in plan.document.inputs.items():
            if name not in self.names or isinstance(item.default, Formula):
                continue
            slot = plan.slots[name]
            self.base[slot] = Absent(missing=(name,)) if item.default is None else item.default
            self.leaves[name] = (slot, *_simple(item))
            if not self._plain(name, self.base[slot]):
                self._odd.add(name)
        self._programs: dict[tuple[frozenset[str], frozenset[str]], Program] = {}

    def _plain(self, name: str, value: Any) -> bool:
        _, low, high = self.leaves[name]
        return value.__class__ is int and low <= value <= high

    def evaluate(self, given: Mapping[str, Given]) -> Values:
        """The values for what is given."""
        return Values(self.plan, given, self.run({name: known.value for name, known in given.items()})[1], self.names)

    def run(self, given: Mapping[str, Any]) -> tuple[Program, Cells]:
        """The cells for given values by name, which are not to be changed, and the program that computed them."""
        odd, over = self._odd, []
        values: list[tuple[int, Any]] = []
        for name, value in given.items():
            if name in self.leaves:
                if self._plain(name, value) is (name in odd):
                    odd = odd ^ {name}
            elif name in self.names:
                over.append(name)
            else:
                continue
            values.append((self.plan.slots[name], value))
        key = frozenset(over), frozenset(odd)
        program = self._programs.get(key)
        if program is None:
            while len(self._programs) >= MOST_KEPT:
                self._programs.pop(next(iter(self._programs)), None)
            program = self._programs[key] = Program(self, *key)
        return program, program.run(values)


def _formula(rule: Rule | None) -> Patterned | None:
    """The formula of a rule that is one formula after a pattern which names values only."""
    if rule is None or rule.when is not None or len(rule.cases) != 1:
        return None
    condition, formula = rule.cases[0]
    return formula if condition is None and formula.__class__ is Patterned and formula.pattern.reads is not None else None


def _simple(item: Input) -> tuple[int, int]:
    """The least and the most that an input is simple for; nothing for one that is no number."""
    if item.type not in {"integer", "number"}:
        return 1, 0
    low = -LARGE if item.low is None else max(-LARGE, item.low.__ceil__())
    high = LARGE if item.high is None else min(LARGE, item.high.__floor__())
    return low, high


class _Known(NamedTuple):
    """What is known of a name that is sure: the cell of its whole number, what that is over, how large it is."""

    cell: int
    under: int
    size: int


class Program:
    """The steps for one set of rules that are given and of inputs that are no simple numbers. `sure` are the slots of the sure names."""

    def __init__(self, sheet: Sheet, over: frozenset[str], odd: frozenset[str]) -> None:
        self.plan = plan = sheet.plan
        self.base = sheet.base.copy()
        self.leaves = [slot for slot, _, _ in sheet.leaves.values()] + [plan.slots[name] for name in over]
        self.levels = [0] * len(self.base)
        self.sure: dict[int, _Known] = {
            slot: _Known(slot, 1, max(1, abs(low), abs(high))) for name, (slot, low, high) in sheet.leaves.items() if name not in odd
        }
        self.simple: dict[int, tuple[Kind, list[int]]] = {}  # by slot: how it is computed, with its cells
        self.others: set[int] = set()
        self._kinds: dict[tuple[Pattern, tuple[int, ...]], Kind | None] = {}
        self._uses = Counter(formula.pattern for rule in plan.document.rules.values() if (formula := _formula(rule)))
        self._ratios: dict[int, Run] = {}
        for name in plan.graph.order:
            if name in sheet.names and name not in sheet.leaves and name not in over:
                self._add(name)
        self.all = _Rows(self, (*self.simple, *self.others))
        self._some: dict[frozenset[int], _Rows] = {}
        self._last: tuple[list[Any], Cells] | None = None

    def _add(self, name: str) -> None:
        """Say how a name is computed."""
        plan = self.plan
        slots, levels = plan.slots, self.levels
        slot = slots[name]
        levels[slot] = 1 + max([levels[slots[needed]] for needed in plan.graph.needs[name]], default=0)
        rule = plan.document.rules.get(name)
        formula = _formula(rule)
        if formula is None or not self._simple(slot, formula):
            self.others.add(slot)

    def _simple(self, slot: int, formula: Patterned) -> bool:
        """Whether the rows of its pattern compute a formula; then it is known how."""
        slots, sure = self.plan.slots, self.sure
        read = [sure.get(slots.get(name, -1)) for name in formula.names]
        if None in read:
            return False
        size = max([known.size for known in read], default=1)  # type: ignore[union-attr]
        if size > WIDE:
            return False
        unders = tuple([known.under for known in read])  # type: ignore[union-attr]
        key = formula.pattern, unders
        try:
            kind = self._kinds[key]
        except KeyError:
            kind = self._kinds[key] = kind_of(self.plan, *key) if self._worth(formula.pattern) else None
        if kind is None:
            return False
        cells = [known.cell for known in read]  # type: ignore[union-attr]
        base = self.base
        if kind.under == 1:
            cells.append(slot)
        first = len(base)
        base += [None] * (kind.own - (kind.under == 1))
        cells += range(first, len(base))
        for place, value in kind.kept:
            base[cells[place]] = value
        self.simple[slot] = kind, cells
        sure[slot] = _Known(cells[len(read)], kind.under, max(1, kind.growth.of(size)))
        return True

    def _worth(self, pattern: Pattern) -> bool:
        """Whether it is worth the time to lower a pattern, once more where its names stand for numbers over others."""
        made = len(self._kinds)
        return made < SELDOM or (self._uses[pattern] >= OFTEN and made < SELDOM + len(self.levels) // OFTEN)

    def steps(self, slot: int) -> list[tuple[Run, Row]]:
        """The steps of a name that is simple, each a loop with its row."""
        kind, cells = self.simple[slot]
        made = [(run, pick(cells)) for run, pick in kind.steps]
        if kind.under != 1:
            run = self._ratios.get(kind.under)
            if run is None:
                run = self._ratios[kind.under] = ratio_rows(kind.under)
            made.append((run, (slot, self.sure[slot].cell)))
        return made

    def run(self, values: list[tuple[int, Any]]) -> Cells:
        """The cells for values by slot."""
        cells = self.base.copy()
        for slot, value in values:
            cells[slot] = value
        leaves = [cells[slot] for slot in self.leaves]
        last = self._last
        if last is None:
            self.all.run(cells)
        else:
            moved = [slot for slot, new, old in zip(self.leaves, leaves, last[0], strict=True) if _differ(new, old)]
            now = last[1].copy() if moved else last[1]
            for slot in moved:
                now[slot] = cells[slot]
            cells = now
            if moved:
                self._change(cells, moved)
        self._last = leaves, cells
        return cells

    def _change(self, cells: Cells, moved: list[int]) -> None:
        """Compute what depends on cells that changed, level by level: name by name while these are few."""
        waiting: dict[int, set[int]] = {}
        levels: list[int] = []
        left = max(LEAST, (len(self.simple) + len(self.others)) // FEW)
        self._wake(moved, waiting, levels)
        while levels:
            level = heapq.heappop(levels)
            slots = waiting.pop(level)
            left -= len(slots)
            if left < 0:
                self._rows_of(moved).run(cells, level)
                return
            changed = []
            for slot in slots:
                old = cells[slot]
                self._compute(slot, cells)
                if _differ(cells[slot], old):
                    changed.append(slot)
            self._wake(changed, waiting, levels)

    def _wake(self, slots: Iterable[int], waiting: dict[int, set[int]], levels: list[int]) -> None:
        """Have what needs these names computed."""
        graph, places = self.plan.graph, self.plan.slots
        for slot in slots:
            for name in graph.users[graph.order[slot]]:
                user = places[name]
                if user in self.simple or user in self.others:
                    level = self.levels[user]
                    if level not in waiting:
                        waiting[level] = set()
                        heapq.heappush(levels, level)
                    waiting[level].add(user)

    def _compute(self, slot: int, cells: Cells) -> None:
        if slot in self.simple:
            for run, row in self.steps(slot):
                run(cells, (row,))
        else:
            cells[slot] = computed(self.plan, self.plan.graph.order[slot], cells)

    def _rows_of(self, moved: list[int]) -> _Rows:
        """What is computed when these cells changed."""
        key = frozenset(moved)
        found = self._some.get(key)
        if found is None:
            graph, slots = self.plan.graph, self.plan.slots
            reached = {slots[name] for name in graph.descendants(graph.order[slot] for slot in moved)}
            while len(self._some) >= MOST_KEPT:
                self._some.pop(next(iter(self._some)), None)
            made = [slot for part in (self.simple, self.others) for slot in part if slot in reached]
            found = self.all if 2 * len(made) > len(self.simple) + len(self.others) else _Rows(self, made)
            self._some[key] = found
        return found


class _Rows:
    """Names that are computed together, level by level; those of a level that are computed alike in one loop."""

    def __init__(self, program: Program, slots: Iterable[int]) -> None:
        levels: dict[int, dict[tuple[int, Run], list[Row]]] = {}
        others: dict[int, list[int]] = {}
        for slot in slots:
            level = program.levels[slot]
            if slot not in program.simple:
                others.setdefault(level, []).append(slot)
                continue
            loops = levels.setdefault(level, {})
            for place, (run, row) in enumerate(program.steps(slot)):
                loops.setdefault((place, run), []).append(row)
        self.program = program
        self.levels = [
            (level, [(run, rows) for (_, run), rows in sorted(levels.get(level, {}).items(), key=_place)], others.get(level, []))
            for level in sorted(levels.keys() | others.keys())
        ]

    def run(self, cells: Cells, first: int = 0) -> None:
        """Compute them from a level on."""
        plan = self.program.plan
        order = plan.graph.order
        for level, loops, others in self.levels:
            if level >= first:
                for run, rows in loops:
                    run(cells, rows)
                for slot in others:
                    cells[slot] = computed(plan, order[slot], cells)


def _place(loop: tuple[tuple[int, Run], list[Row]]) -> int:
    return loop[0][0]


def _differ(new: Any, old: Any) -> bool:
    return new is not old and (new.__class__ is not old.__class__ or new != old)
