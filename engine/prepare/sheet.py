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

from ..evaluate import Given, Values, computed, evaluate
from ..plan import Absent, Cells, Plan
from ..records import Input, Rule
from ..tree import Formula, Pattern, Patterned
from .rows import WIDE, Kind, kind_of

LARGE = 1 << 64
"""A given number up to this size is one that the simple names are prepared for."""
FEW = 16
"""One in this many names may change before all that depends on what was given is computed."""
LEAST = 100
"""And always this many."""
MOST_KEPT = 8
"""Programs a sheet keeps, and sets of changed inputs a program keeps."""
MOST_SEEN = 100
"""Such sets that are remembered to have been asked for once."""
OFTEN = 20
"""A pattern that so many names have is always lowered; of others, `SELDOM`, as lowering takes longer than computing a name once."""
SELDOM = 100
_Key = tuple[frozenset[str], frozenset[str]]


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
        self._programs: dict[_Key, Program] = {}
        self._seen: set[_Key] = set()

    def _plain(self, name: str, value: Any) -> bool:
        _, low, high = self.leaves[name]
        return value.__class__ is int and low <= value <= high

    def evaluate(self, given: Mapping[str, Given]) -> Values:
        """The values for what is given."""
        return Values(self.plan, given, self.run({name: known.value for name, known in given.items()})[1], self.names)

    def run(self, given: Mapping[str, Any]) -> tuple[Program | None, Cells]:
        """The cells for given values by name, which are not to be changed, and the program that computed them.

        There is none for rules that are given, or inputs that are no simple numbers, which were not asked like this before.
        """
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
        if program is None and self._programs and key not in self._seen:
            self._seen = {*self._seen, key} if len(self._seen) < MOST_SEEN else {key}
            return None, evaluate(self.plan, {name: Given(value, "given") for name, value in given.items()}, self.names).cells
        if program is None:
            program = Program(self, *key)
            kept = self._programs if len(self._programs) < MOST_KEPT else {}
            self._programs = {**kept, key: program}
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


class Program:
    """The steps for one set of rules that are given and of inputs that are no simple numbers. `sure` are the slots of the sure names."""

    def __init__(self, sheet: Sheet, over: frozenset[str], odd: frozenset[str]) -> None:
        self.plan = plan = sheet.plan
        self.base = sheet.base.copy()
        self.leaves = [slot for slot, _, _ in sheet.leaves.values()] + [plan.slots[name] for name in over]
        self.levels = [0] * len(self.base)
        self.simple: dict[int, tuple[int, list[int]]] = {}  # by slot: the number of its kind, and its cells
        self.others: set[int] = set()
        self.kinds: list[Kind] = []
        self._numbers: dict[tuple[Pattern, tuple[int, ...]], int | None] = {}
        self._sizes = [0] * len(self.base)  # how large a sure name is, at least 1; 0 for any other
        self._scaled: dict[int, tuple[int, int]] = {}  # of sure names that need not be whole: the cell, and what it is over
        for name, (slot, low, high) in sheet.leaves.items():
            if name not in odd:
                self._sizes[slot] = max(1, abs(low), abs(high))
        self._lay_out(sheet.names - sheet.leaves.keys() - over)
        self.sure = frozenset(slot for slot, size in enumerate(self._sizes) if size)
        self.all = _Rows(self, (*self.simple, *self.others))
        self._some: dict[frozenset[int], _Rows] = {}
        self._moved: set[frozenset[int]] = set()
        self._last: tuple[list[Any], Cells] | None = None

    def _lay_out(self, names: frozenset[str]) -> None:
        """Say how each name is computed, one after the other."""
        slots, needs, levels, sizes, scaled = self.plan.slots, self.plan.graph.needs, self.levels, self._sizes, self._scaled
        formulas = {name: made for name, rule in self.plan.document.rules.items() if (made := _formula(rule)) is not None}
        uses = Counter([formula.pattern for formula in formulas.values()])
        for name, slot in slots.items():
            if name not in names:
                continue
            formula = formulas.get(name)
            read = None if formula is None else [slots.get(each, -1) for each in formula.names]
            if read is None or -1 in read or not all(met := [sizes[each] for each in read]) or (size := max(met, default=1)) > WIDE:
                number = None
            else:
                assert formula is not None
                unders = () if scaled.keys().isdisjoint(read) else tuple([scaled[each][1] if each in scaled else 1 for each in read])
                number = self._number(formula.pattern, unders, len(read), uses)
            if number is None or read is None:
                self.others.add(slot)
                levels[slot] = 1 + max([levels[slots[each]] for each in needs[name]], default=0)
            else:
                levels[slot] = 1 + max([levels[each] for each in read], default=0)
                self._take(slot, number, [scaled[each][0] if each in scaled else each for each in read] if unders else read, size)

    def _take(self, slot: int, number: int, cells: list[int], size: int) -> None:
        """Have a name computed as others of a kind, from cells that are no larger than a size."""
        kind = self.kinds[number]
        base = self.base
        if kind.under == 1:
            cells.append(slot)
            if kind.own > 1:
                cells += range(len(base), len(base) + kind.own - 1)
                base += [None] * (kind.own - 1)
        else:
            self._scaled[slot] = len(base), kind.under
            cells += range(len(base), len(base) + kind.own - 1)
            base += [None] * (kind.own - 1)
            cells.append(slot)
        for place, value in kind.kept:
            base[cells[place]] = value
        self.simple[slot] = number, cells
        gain, degree, rest = kind.growth
        self._sizes[slot] = max(1, (gain * size if degree == 1 else gain * size**degree) + rest)

    def _number(self, pattern: Pattern, unders: tuple[int, ...], count: int, uses: Counter[Pattern]) -> int | None:
        """The number of the kind of a pattern whose names stand for numbers over others (none: for whole ones); None where there is none.

        It takes longer to lower a pattern than to compute a name once.
        """
        key = pattern, unders
        if key in self._numbers:
            return self._numbers[key]
        made = len(self._numbers)
        worth = made < SELDOM or (uses[pattern] >= OFTEN and made < SELDOM + len(self.levels) // OFTEN)
        kind = kind_of(self.plan, pattern, unders or (1,) * count) if worth else None
        number = self._numbers[key] = None if kind is None else len(self.kinds)
        if kind is not None:
            self.kinds.append(kind)
        return number

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
            number, mine = self.simple[slot]
            for run, pick in self.kinds[number].steps:
                run(cells, (pick(mine),))
        else:
            cells[slot] = computed(self.plan, self.plan.graph.order[slot], cells)

    def _rows_of(self, moved: list[int]) -> _Rows:
        """What is computed when these cells changed.

        All of it where that is most; and the first time that they do, where all of it is computed sooner than it is found what depends on
        them.
        """
        if 2 * len(moved) > len(self.leaves):
            return self.all
        key = frozenset(moved)
        if not self.others and key not in self._moved:
            self._moved = {*self._moved, key} if len(self._moved) < MOST_SEEN else {key}
            return self.all
        found = self._some.get(key)
        if found is None:
            graph, slots = self.plan.graph, self.plan.slots
            reached = {slots[name] for name in graph.descendants(graph.order[slot] for slot in moved)}
            made = [slot for part in (self.simple, self.others) for slot in part if slot in reached]
            found = self.all if 2 * len(made) > len(self.simple) + len(self.others) else _Rows(self, made)
            self._some = {**(self._some if len(self._some) < MOST_KEPT else {}), key: found}
        return found


class _Rows:
    """Names that are computed together, level by level; those of a level that are computed alike in one loop."""

    def __init__(self, program: Program, slots: Iterable[int]) -> None:
        levels: dict[int, dict[int, list[list[int]]]] = {}
        others: dict[int, list[int]] = {}
        for slot in slots:
            level = program.levels[slot]
            if slot in program.simple:
                number, cells = program.simple[slot]
                levels.setdefault(level, {}).setdefault(number, []).append(cells)
            else:
                others.setdefault(level, []).append(slot)
        self.program = program
        self.levels = []
        for level in sorted(levels.keys() | others.keys()):
            alike = [(program.kinds[number].steps, cells) for number, cells in levels.get(level, {}).items()]
            loops = [(run, list(map(pick, cells))) for steps, cells in alike for run, pick in steps]
            self.levels.append((level, loops, others.get(level, [])))

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


def _differ(new: Any, old: Any) -> bool:
    return new is not old and (new.__class__ is not old.__class__ or new != old)
