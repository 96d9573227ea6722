"""What would make it fit: the levers of a document, what each saves, and the smallest set of them.

The answer follows from these steps alone, so that another program that takes them gives the same one.

**Fit.** A configuration fits when total + max(0, sum of the low ends of what stands beside it) <= budget. It can be had when the
total has a value and no check of level `error` speaks.

**What a lever offers.** A lever applies when it has no `when`, or its `when` is true with the present values.
1. Its steps, in the order written. A formula is computed with the present values; a step that gives an input no value, or one it cannot
   have, is left out. When a step is just what the inputs are already, that step and all before it are left out.
2. A lever with `largest` has one step at first: the least value, where the present value is larger. That is the `min` of its input, or
   `least` (rounded up) where that is more; a `least` without a value leaves the lever out.
   It applies only when there is a budget and the present configuration does not fit.
3. Each step is tried alone. One that cannot be had is left out. saved = total before - total with it.
4. The strongest step has the smallest total; of equals the later.
5. A lever is offered when a step saves (saved > 0). Shown is the first step in order that saves and fits, else the strongest. For
   `largest` the only step is the largest value below the present one that fits; it is not offered when there is none.
6. Offers are sorted by what the step shown saves, the largest first; equals in the order of the file.

**The smallest set**, when there is a budget and the present configuration does not fit.
1. The candidates, in the order of the file, which goes from cheap to dear: levers whose strongest step lowers the total, or leaves it and
   makes one of the parts of the report smaller (what it saves may show only once another part has shrunk).
2. Sets of 1, 2, 3 and 4 candidates, the smallest first, and those of one size in lexicographic order of the file. Two levers that set the
   same input are in no set together. Each set is tried with the strongest steps; the first that fits is taken. At most `MOST_SETS` sets
   are tried, and `MOST_SEEN` looked at, those with a shared input among them.
3. Without one: start with no lever, add again and again the candidate that leaves the smallest total (of equals the first; it must share
   no input with those taken, and must lower the total), until it fits or none lowers it, or `MOST_SETS` sets were tried here. When it
   fits, go from the last in the file to the first and drop every lever without which it still fits.
4. The set as mild as it can be: from its last lever in the file to its first, each gets its first step (in order, saving or not) with
   which the set fits, the others as they are by then; `largest` gets the largest value below the present one with which the set fits.
5. Without any set that fits: the smallest total seen in 2 and at the end of 3, and what it took; of equals the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain, combinations, islice
from typing import Any

from .errors import CommandError, InputError, Problem
from .evaluate import Given, Values, beside, changed, checked, evaluate, require
from .graph import lever_formulas, needed_by
from .named import NamedTuple
from .plan import NOTHING, Absent, Plan, Step
from .quantity import Number
from .records import Lever, Value
from .tree import Formula
from .values import unfit

MOST_SETS = 2_500
"""Sets that are tried before the levers are added one by one, and again while they are."""
MOST_SEEN = 50_000
"""Sets that are looked at, whether or not two of their levers share an input."""
LARGEST_SET = 4
"""Levers of a set up to which every set is tried."""

Settings = dict[str, Value]


class Tried(NamedTuple):
    """A configuration that was computed: what was set, the total, what it saves; without a budget the others are None.

    `headroom` is what is left of the budget; `fits` asks for the low ends of what stands beside the total too, `certain` for the high ends.
    """

    settings: Settings
    total: Number
    saved: Number
    headroom: Number | None = None
    fits: bool | None = None
    certain: bool | None = None


class Offer(NamedTuple):
    """A lever that applies and saves: the step shown, and every step that saves, the mildest first."""

    lever: Lever
    shown: Tried
    steps: tuple[Tried, ...]


class Chosen(NamedTuple):
    """Levers with what each sets, and what comes out together. `smallest`: whether every smaller set was tried and does not fit."""

    levers: tuple[tuple[Lever, Settings], ...]
    tried: Tried
    smallest: bool = False


class Advice(NamedTuple):
    """The answer. `remedy` makes it fit; `lowest` is the lowest total reached where nothing does."""

    values: Values
    total: str
    budget: str
    before: Tried
    offers: tuple[Offer, ...]
    remedy: Chosen | None
    lowest: Chosen | None
    warnings: tuple[Problem, ...]

    @property
    def answered(self) -> bool:
        """Whether it fits, can be made to fit, or nobody asked."""
        return self.before.fits is not False or self.remedy is not None


class _Candidate(NamedTuple):
    """A lever with the steps that can be had, all tried alone, and the strongest of them."""

    lever: Lever
    steps: tuple[Tried, ...]
    strongest: Tried
    helps: bool


def advise(plan: Plan, given: Mapping[str, Given], total: str = "", budget: str = "") -> Advice:
    """What the levers of a document do for a configuration.

    Args:
        plan: the rules.
        given: values by name; levers may change them.
        total: the rule to make small; the total of the report when empty.
        budget: the name it must not exceed; the budget of the report when empty. Where it has no value only savings are told.

    Raises:
        CommandError: when the rules name no total.
        InputError: when the present configuration has no total, or a check refuses it.
    """
    report = plan.document.report
    total, budget = total or report.total, budget or report.budget
    if not total:
        raise CommandError(Problem("the rules name no total to make smaller", None, "add `report: {total: NAME}` to them"))
    trials = _Trials(plan, given, total, budget)
    warnings, wrong = checked(trials.base)
    if wrong:
        raise InputError(*wrong)
    require(trials.base, [total])
    before = trials.at({})
    if before is None:
        raise InputError(Problem(f"`{total}` does not apply here, so nothing is to be made smaller"))
    candidates = [found for lever in plan.document.levers if (found := _candidate(trials, lever, before)) is not None]
    offers = sorted((offer for each in candidates if (offer := _offer(trials, each))), key=lambda offer: -offer.shown.saved)
    remedy, lowest = _remedy(trials, [each for each in candidates if each.helps]) if before.fits is False else (None, None)
    return Advice(trials.base, total, budget, before, tuple(offers), remedy, lowest, (*plan.warnings, *warnings))


class _Trials:
    """Configurations around the given one, each computed once."""

    def __init__(self, plan: Plan, given: Mapping[str, Given], total: str, budget: str) -> None:
        document = plan.document
        self.plan, self.total, self.budget = plan, total, budget
        self.refusals = tuple(check for check in document.checks if check.level == "error")
        ends = {name for each in document.report.beside for name in (each.low, each.high)}
        needed = {total, budget, *ends, *(name for check in self.refusals for name in needed_by(document, check.when))} - {""}
        self.wanted = plan.graph.ancestors(needed)
        asked = {name for lever in document.levers for formula in lever_formulas(lever) for name in needed_by(document, formula)}
        asked |= {name for lever in document.levers for name in lever.sets}
        asked |= {name for check in document.checks for name in needed_by(document, check.when)}
        parts = (*document.report.parts, *document.report.also)
        self.base = evaluate(plan, given, needed | asked | set(parts))
        self.parts = tuple(name for name in dict.fromkeys(parts) if name in self.wanted and plan.shapes[name].kind == "number")
        self.seen: dict[tuple[tuple[str, Value], ...], Tried | None] = {}

    def values(self, settings: Settings) -> Values:
        """Everything that is wanted, with these settings."""
        return changed(self.base, settings, self.wanted)

    def at(self, settings: Settings) -> Tried | None:
        """The configuration with these settings; None when it cannot be had."""
        key = tuple(sorted(settings.items(), key=lambda item: item[0]))
        if key not in self.seen:
            self.seen[key] = self._tried(settings, self.values(settings) if settings else self.base)
        return self.seen[key]

    def _tried(self, settings: Settings, values: Values) -> Tried | None:
        state = values.state(self.total)
        if state is NOTHING or state.__class__ is Absent:
            return None
        if any(self.plan.truth(check.when, values.cells) is True for check in self.refusals):
            return None
        saved = self.base.number(self.total) - state
        if not self.budget or not values.has(self.budget):
            return Tried(settings, state, saved)
        headroom, ranges = values.number(self.budget) - state, beside(values)
        fits, certain = (headroom >= max(0, sum(ends)) for ends in ((each.low for each in ranges), (each.high for each in ranges)))
        return Tried(settings, state, saved, headroom, fits, certain)

    def smaller(self, settings: Settings) -> bool:
        """Whether a part of the report is smaller with these settings."""
        values = self.values(settings)
        known = (name for name in self.parts if Absent not in {values.state(name).__class__, self.base.state(name).__class__})
        return any(values.number(name) < self.base.number(name) for name in known)

    def largest(self, name: str, low: int, others: Settings) -> Tried | None:
        """The configuration with the largest value of an input, from `low` to below the present one, that fits beside other settings."""
        from .solve.search import Question, find
        from .solve.spans import Piece

        present = self.base[name]
        assert isinstance(present, int)
        values = self.values({**others, name: low})
        room = values.number(self.budget) - max(0, sum(each.low for each in beside(values)))
        found = find(Question(values, name, self.total, room, "at_most"), Piece(low, present - 1, True))
        if not found.ranges:
            return None
        best = self.at({**others, name: int(found.ranges[-1].high)})
        return best if best and best.fits else None


def _candidate(trials: _Trials, lever: Lever, before: Tried) -> _Candidate | None:
    """A lever with its steps tried alone; None when it does not apply or no step can be had."""
    if lever.when and trials.plan.truth(lever.when, trials.base.cells) is not True:
        return None
    if lever.largest and before.fits is not False:
        return None
    tried = [found for step in _steps(trials, lever) if (found := trials.at(step)) is not None]
    if not tried:
        return None
    strongest = min(reversed(tried), key=lambda each: each.total)
    helps = strongest.saved > 0 or (strongest.saved == 0 and trials.smaller(strongest.settings))
    return _Candidate(lever, tuple(tried), strongest, helps)


def _steps(trials: _Trials, lever: Lever) -> list[Settings]:
    """What the steps of a lever set, after the last that changes nothing."""
    base = trials.base
    if lever.largest:
        low, present = _least(trials, lever), base.state(lever.largest)
        return [{lever.largest: low}] if low is not None and isinstance(present, int) and low < present else []
    made: list[Settings] = []
    for step in lever.steps:
        settings = _settings(trials, step)
        if settings is not None and all(base.has(name) and base[name] == value for name, value in settings.items()):
            made.clear()
        elif settings is not None:
            made.append(settings)
    return made


def _least(trials: _Trials, lever: Lever) -> int | None:
    """The least value that a lever with `largest` may come to."""
    low = trials.plan.document.inputs[lever.largest].low
    least = _value(trials, lever.largest, lever.least) if lever.least is not None else low
    if low is None or not isinstance(least, int | Fraction):
        return None
    return max(low.__ceil__(), least.__ceil__())


def _value(trials: _Trials, name: str, value: Formula | Value) -> Any:
    """A value as it stands, or that of a formula; an `Absent` where it has none."""
    if isinstance(value, Formula):
        return trials.plan.compute(Step(name, trials.plan.slots[name], None, ((None, value),)), trials.base.cells)
    return value


def _settings(trials: _Trials, step: Mapping[str, Formula | Value]) -> Settings | None:
    """The values a step sets; None when there is one that its input cannot have."""
    made: Settings = {}
    for name, value in step.items():
        found = _value(trials, name, value)
        if found.__class__ is Absent or unfit(trials.plan.document.inputs[name], found):
            return None
        made[name] = found
    return made


def _offer(trials: _Trials, found: _Candidate) -> Offer | None:
    """A lever as it is shown; None when it saves nothing."""
    if found.lever.largest:
        best = _largest(trials, found, {}) if found.strongest.fits else None
        steps = [step for step in (best,) if step and step.saved > 0]
    else:
        steps = [step for step in found.steps if step.saved > 0]
    if not steps:
        return None
    shown = next((step for step in steps if step.fits), None) or min(reversed(steps), key=lambda each: each.total)
    return Offer(found.lever, shown, tuple(steps))


def _largest(trials: _Trials, found: _Candidate, others: Settings) -> Tried | None:
    low = found.strongest.settings[found.lever.largest]
    assert isinstance(low, int)
    return trials.largest(found.lever.largest, low, others)


def _remedy(trials: _Trials, candidates: list[_Candidate]) -> tuple[Chosen | None, Chosen | None]:
    """The smallest set that makes it fit, or else the set with the lowest total that was seen."""
    lowest: Chosen | None = None
    sets, every = _sets(candidates)
    for chosen in sets:
        tried = trials.at(_together(each.strongest.settings for each in chosen))
        if tried is None:
            continue
        if tried.fits:
            return _mildest(trials, chosen, smallest=True), None
        if lowest is None or tried.total < lowest.tried.total:
            lowest = _chosen(chosen, tried)
    added, tried = _added(trials, candidates)
    if tried and tried.fits:
        kept = _needed(trials, added)
        return _mildest(trials, kept, smallest=every and len(kept) == LARGEST_SET + 1), None
    if tried and (lowest is None or tried.total < lowest.tried.total):
        lowest = _chosen(added, tried)
    return None, lowest


def _sets(candidates: list[_Candidate]) -> tuple[list[tuple[_Candidate, ...]], bool]:
    """Sets of levers that share no input, the smallest first, and whether these are all up to `LARGEST_SET`."""
    sizes = (combinations(candidates, size) for size in range(1, LARGEST_SET + 1))
    looked_at = list(islice(chain.from_iterable(sizes), MOST_SEEN + 1))
    apart = [chosen for chosen in looked_at[:MOST_SEEN] if _apart(chosen)]
    return apart[:MOST_SETS], len(looked_at) <= MOST_SEEN and len(apart) <= MOST_SETS


def _apart(chosen: tuple[_Candidate, ...]) -> bool:
    names = [name for each in chosen for name in each.lever.sets]
    return len(set(names)) == len(names)


def _together(settings: Iterable[Settings]) -> Settings:
    return {name: value for each in settings for name, value in each.items()}


def _chosen(levers: Iterable[_Candidate], tried: Tried) -> Chosen:
    chosen = tuple((each.lever, each.strongest.settings) for each in levers)
    return Chosen(chosen, tried._replace(settings=_together(settings for _, settings in chosen)))


def _added(trials: _Trials, candidates: list[_Candidate]) -> tuple[tuple[_Candidate, ...], Tried | None]:
    """Levers added one by one, each time the one that leaves the smallest total, in the order of the file."""
    added: list[_Candidate] = []
    best: Tried | None = None
    left = MOST_SETS
    while left > 0 and (best is None or not best.fits):
        taken = {name for each in added for name in each.lever.sets}
        free = [each for each in candidates if not taken & set(each.lever.sets)]
        left -= len(free)
        tries = [(tried, each) for each in free if (tried := trials.at(_together(one.strongest.settings for one in (*added, each))))]
        now = best.total if best else trials.base.number(trials.total)
        lower = [(tried, each) for tried, each in tries if tried.total < now]
        if not lower:
            break
        best, chosen = min(lower, key=lambda pair: pair[0].total)
        added.append(chosen)
    return tuple(each for each in candidates if each in added), best


def _needed(trials: _Trials, chosen: tuple[_Candidate, ...]) -> tuple[_Candidate, ...]:
    """The levers of a set that fits without which it would not."""
    kept = list(chosen)
    for each in reversed(chosen):
        rest = [other for other in kept if other is not each]
        tried = trials.at(_together(other.strongest.settings for other in rest)) if rest else None
        if tried and tried.fits:
            kept = rest
    return tuple(kept)


def _mildest(trials: _Trials, chosen: tuple[_Candidate, ...], *, smallest: bool) -> Chosen:
    """A set that fits, each lever as mild as the others allow, the dearest first."""
    now = {each.lever.name: each.strongest.settings for each in chosen}
    for each in reversed(chosen):
        others = _together(settings for name, settings in now.items() if name != each.lever.name)
        if each.lever.largest:
            found = _largest(trials, each, others)
            if found:
                now[each.lever.name] = {each.lever.largest: found.settings[each.lever.largest]}
            continue
        for step in each.steps:
            tried = trials.at({**others, **step.settings})
            if tried and tried.fits:
                now[each.lever.name] = step.settings
                break
    settings = _together(now.values())
    tried = trials.at(settings)
    assert tried is not None
    return Chosen(tuple((each.lever, now[each.lever.name]) for each in chosen), tried._replace(settings=settings), smallest)
