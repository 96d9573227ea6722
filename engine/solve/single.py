"""The value of one unknown that meets a bound, exactly, with the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .. import quantity
from ..errors import CommandError, InputError, NoAnswer, Problem, plain
from ..evaluate import Given, Values, beside, checked, evaluate, require
from ..plan import NOTHING, Plan
from ..quantity import Number, grouped, magnitude, readable
from ..records import Input
from .goal import Goal, digits, domain_of, freed, reaches, read_bound, trial, unknown_input
from .nearest import nearest
from .search import LISTED, Found, Part, Question, Range, find
from .spans import End, Piece, far

__all__ = ["Solution", "read_bound", "solve"]


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer for one numeric unknown.

    `side` says which of the values that meet the bound `value` is: `largest`, `smallest`, `only` or `any`; it is None when
    every value up to no end meets it. `next` is the value beyond it, which does not meet the bound: `at` and `beyond` are the
    target there, `limit` and `limit_beyond` the bound. `ranges` are the values that meet it, `count` how many ranges there
    are, None when they were not counted. `attained`: whether the value itself meets the bound. `rough`: whether it is known
    to a part in 2^40 only.
    """

    unknown: str
    goal: Goal
    value: Number | None
    side: str
    at: Number | None
    limit: Number | None
    next: Number | None
    beyond: Number | None
    limit_beyond: Number | None
    ranges: tuple[Range, ...]
    count: int | None
    method: str
    proof: tuple[str, ...]
    notes: tuple[str, ...] = ()
    unknown_unit: str = ""
    attained: bool = True
    rough: bool = False
    closed_form: str | None = None


def solve(plan: Plan, given: Mapping[str, Given], unknown: str, goal: Goal) -> Solution:
    """The best value of a numeric input for a goal.

    Args:
        plan: the rules.
        given: values by name; one for the unknown is not used.
        unknown: an input that is a number.
        goal: what is asked.

    Raises:
        CommandError: when the bounds of the search are met before it is settled.
        InputError: when something else is missing or the target has no value at all.
        NoAnswer: when no value meets the bound, or the unknown does not influence the target.
    """
    item = unknown_input(plan, unknown)
    domain = domain_of(item)
    reaches(plan, given, unknown, goal)
    values = freed(plan, given, unknown, domain)
    given_everything(values, goal)
    question = Question(values, unknown, goal.target, goal.bound, goal.sense)
    if goal.bound_name and goal.bound_name not in question.bounds.moving:
        require(values, [goal.bound_name])
    _influence(question, domain, goal)
    found = find(question, domain)
    if not found.ranges:
        raise _nothing(question, found, domain, goal, item)
    return _solution(question, found, domain, goal, item)


def given_everything(values: Values, goal: Goal) -> None:
    """Make sure nothing is missing; what cannot be computed at one value may be computed at another."""
    wanted = [goal.target, goal.bound_name] if goal.bound_name else [goal.target]
    if any(getattr(values.state(name), "missing", ()) for name in wanted):
        require(values, wanted)


def _influence(question: Question, domain: Piece, goal: Goal) -> None:
    view = question.view(domain)
    if view.span is None or not view.span.fixed:
        return
    values, unknown = question.values, question.unknown
    cut = next((name for name in question.bounds.order if values.state(name) is NOTHING), "")
    why = f"`{cut}` does not apply" if cut else "the choices leave it out"
    hint = f"{why}: `explain` shows what {goal.target} is made of"
    raise NoAnswer(Problem(f"`{unknown}` does not influence `{goal.target}` with these inputs", None, hint))


# ---- no value


def _nothing(question: Question, found: Found, domain: Piece, goal: Goal, item: Input) -> Exception:
    if not found.complete:
        return _unsettled(question, found, domain, goal)
    missed = nearest(question, domain)
    if missed is None:
        values = evaluate(question.values.plan, {**question.values.given, item.name: Given(trial(domain), "given")})
        try:
            require(values, [goal.target, *([goal.bound_name] if goal.bound_name else [])])
        except InputError as error:
            return error
        return NoAnswer(Problem(f"no value of `{item.name}` gives `{goal.target}` a value: {question.why or 'it does not apply'}"))
    state = question.at(missed.x)
    by = magnitude(missed.gap)
    size, exactly = readable(by, goal.unit), digits(by)
    off = f"{exactly}{' bytes' if goal.unit == 'byte' else ''}" + (f" ({size})" if isinstance(by, int) and size != exactly else "")
    side = "over" if missed.gap > 0 else "below"
    bound = f"`{goal.bound_name}`" if goal.bound_name else "the bound"
    word = "the nearest is" if goal.sense == "equals" else "even" if missed.sure else "for example,"
    what = f"{goal.target} is {goal.full(state)}"
    limit = question.bound_at(missed.x)
    where = f"{word} at {item.name} = {digits(missed.x)} {what}"
    message = f"no value of `{item.name}` fits: {where}, {off} {side} {bound}, {goal.full(limit)}"
    return NoAnswer(Problem(message, None, f"`{item.name}` was tried {_extent(domain)}"))


def _extent(domain: Piece) -> str:
    if far(domain.low) and far(domain.high):
        return "over all numbers"
    low = "" if isinstance(domain.low, float) else f"from {grouped(domain.low)} "
    return low + ("up without end" if isinstance(domain.high, float) else f"to {grouped(domain.high)}")


def _unsettled(question: Question, found: Found, domain: Piece, goal: Goal) -> CommandError:
    culprit = found.culprit or found.first
    why = f": {culprit}" if culprit else ""
    place = culprit.place if culprit else None
    message = f"`{goal.target}` could not be settled for every `{question.unknown}` {_extent(domain)}{why}"
    return CommandError(Problem(message, place, f"narrow it: give `{question.unknown}` a smaller `max` in the rules"))


# ---- a value


def _solution(question: Question, found: Found, domain: Piece, goal: Goal, item: Input) -> Solution:
    rises, falls = _trend(question, found, domain)
    side, end, is_open, rough = _best(found, domain, goal, rises, falls)
    if not found.complete and not _closed(question, found, side, end, domain):
        raise _unsettled(question, found, domain, goal)
    value = None if isinstance(end, float) else end
    after = _next(domain, value, side, is_open, rough)
    at = None if value is None or is_open else _value(question.at(value))
    ranges = tuple(found.ranges[-LISTED:] if found.from_right else found.ranges[:LISTED])
    solution = Solution(
        unknown=item.name,
        goal=goal,
        value=value,
        side=side,
        at=at,
        limit=None if value is None else _value(question.bound_at(value)),
        next=after,
        beyond=None if after is None else _value(question.at(after)),
        limit_beyond=None if after is None else _value(question.bound_at(after)),
        ranges=ranges,
        count=len(found.ranges) if found.complete else None,
        method=_method(found, rises, falls),
        proof=_proof(question, found, domain, goal, (rises, falls), after),
        notes=_notes(question, found, domain, value, side),
        unknown_unit=item.unit,
        attained=not is_open,
        rough=rough,
    )
    return _verified(question, solution)


def _value(state: object) -> Number | None:
    return state if isinstance(state, quantity.Number) and not isinstance(state, bool) else None


def _best(found: Found, domain: Piece, goal: Goal, rises: bool, falls: bool) -> tuple[str, End, bool, bool]:
    """Which value is the answer: its side, the value, whether it is open, whether it is rough."""
    top, bottom = found.ranges[-1], found.ranges[0]
    if goal.sense == "equals":
        side = "only" if len(found.ranges) == 1 and top.low == top.high and found.complete else "largest"
        return (side, top.high, top.high_open, top.high_rough) if not far(top.high) else ("smallest", top.low, top.low_open, top.low_rough)
    up = top.high == domain.high and (far(top.high) or not top.high_open)
    if up and len(found.ranges) == 1 and bottom.low == domain.low and (far(bottom.low) or not bottom.low_open):
        down = falls and not rises if goal.sense == "at_most" else rises and not falls
        return "any", domain.low if down else domain.high, False, False
    down = falls if goal.sense == "at_most" else rises
    if up and not far(top.low) and (down or far(top.high) or len(found.ranges) == 1):
        return "smallest", top.low, top.low_open, top.low_rough
    return "largest", top.high, top.high_open, top.high_rough


def _closed(question: Question, found: Found, side: str, end: End, domain: Piece) -> bool:
    """Whether the answer of a search that was cut short is settled all the same."""
    if not found.from_right or isinstance(end, float):
        return False
    if side == "largest" or len(found.ranges) > 1:
        return True
    return domain.grid and end > domain.low and not question.meets(end - 1)


def _next(domain: Piece, value: Number | None, side: str, is_open: bool, rough: bool) -> Number | None:
    """The neighbour that no longer meets the bound; for a value between whole numbers only where it is rough or open."""
    if value is None or side == "any":
        return None
    way = -1 if side == "smallest" else 1
    if domain.grid:
        after = value + way
    elif is_open:
        after = value
    elif rough:
        after = quantity.whole(value + way * Fraction(magnitude(value) or 1) / 2**39)
    else:
        return None
    return after if domain.low <= after <= domain.high else None


def _trend(question: Question, found: Found, domain: Piece) -> tuple[bool, bool]:
    """Whether the target, less its bound, never falls, and never rises, on the whole domain."""
    parts = found.parts
    if not found.complete or not parts or found.undefined:
        return False, False
    if len(parts) == 1 and (parts[0].low, parts[0].high) == (domain.low, domain.high):
        return parts[0].rises, parts[0].falls
    if not domain.grid or parts[0].low != domain.low or parts[-1].high != domain.high:
        return False, False
    rises, falls = all(part.rises for part in parts), all(part.falls for part in parts)
    for left, right in pairwise(parts):
        step = _step(question, left, right)
        if step is None:
            return False, False
        rises, falls = rises and step >= 0, falls and step <= 0
    return rises, falls


def _step(question: Question, left: Part, right: Part) -> Number | None:
    if far(left.high) or left.high + 1 != right.low:
        return None
    before, after = question.gap(left.high), question.gap(right.low)  # type: ignore[arg-type]
    return None if before is None or after is None else after - before


def _method(found: Found, rises: bool, falls: bool) -> str:
    if rises or falls:
        return "monotone"
    return "pieces" if found.complete else "pieces from the end"


def _proof(question: Question, found: Found, domain: Piece, goal: Goal, trend: tuple[bool, bool], after: Number | None) -> tuple[str, ...]:
    what = goal.target if not isinstance(question.bound, str) else f"{goal.target} - {question.bound}"
    over = f"{question.unknown} {_extent(domain)}"
    if trend == (True, True):
        return (f"{what} is the same for every {over}.",)
    if any(trend):
        never = "never falls" if trend[0] else "never rises"
        settles = ", so the two values above settle it" if after is not None and goal.sense != "equals" else ""
        whole = len(found.parts) == 1
        how = "shown part by part through its formulas" if whole else f"shown on {len(found.parts)} pieces and from each to the next"
        return (f"{what} {never} as {question.unknown} grows {_extent(domain)} ({how}){settles}.",)
    settled = f"{found.settled:,} piece{'s' if found.settled != 1 else ''}"
    if found.complete:
        line = f"{over} was taken apart into {settled}; on each, {what} is on one side of the bound, or goes one way only, or was computed."
    else:
        line = f"{question.unknown} was taken apart from its largest value down into {settled}, until the answer was certain."
    return (line, f"Not monotone as a whole: {found.first}.") if found.first else (line,)


def _notes(question: Question, found: Found, domain: Piece, value: Number | None, side: str) -> tuple[str, ...]:
    unknown, notes = question.unknown, []
    top = f"its maximum, {grouped(domain.high)}" if not isinstance(domain.high, float) else ""
    if side == "any":
        notes.append(f"every value of {unknown} fits, up to {top}" if top else f"no upper end: every value of {unknown} fits")
    elif side == "smallest" and found.ranges[-1].high == domain.high:
        notes.append(f"every larger value fits, up to {top}" if top else "no upper end: every larger value fits")
    elif side == "largest" and value == domain.high:
        notes.append(f"this is the maximum of {unknown}")
    for low, high, why in _joined(found, domain)[:3]:
        text = [("without end" if isinstance(end, float) else grouped(end)) for end in (low, high)]
        where = f"at {unknown} = {text[0]}" if low == high else f"for {unknown} from {text[0]} to {text[1]}"
        notes.append(f"{where} there is no value: {why}")
    if value is not None:
        values = question.evaluated(value)
        warnings, errors = checked(values)
        notes += [f"at {unknown} = {digits(value)}: {problem.message}" for problem in (*errors, *warnings)]
        if question.target == values.plan.document.report.total:
            unit, ranges, gap = values.plan.unit(question.target), beside(values), question.gap(value)
            ends = [(plain(each.title), readable(each.low, unit), readable(each.high, unit)) for each in ranges]
            notes += [f"{title} is not in {question.target}: {low} to {high}" for title, low, high in ends]
            if question.sense == "at_most" and gap is not None and gap <= 0 < gap + sum(each.low for each in ranges):
                notes.append(f"with the least of that beside it, {unknown} = {digits(value)} does not fit")
    return tuple(notes)


def _joined(found: Found, domain: Piece) -> list[tuple[End, End, str]]:
    """The parts of a domain without a value, those beside each other as one."""
    made: list[tuple[End, End, str]] = []
    for low, high, why in sorted(found.undefined, key=lambda part: part[0]):
        last = made[-1] if made else None
        if last and last[2] == why and (last[1] == low or (domain.grid and last[1] + 1 == low)):
            made[-1] = last[0], high, why
        else:
            made.append((low, high, why))
    return made


def _verified(question: Question, solution: Solution) -> Solution:
    """The solution, after its value and the next were computed and compared once more.

    Raises:
        CommandError: when they are not what was proved, which is a mistake of the solver.
    """
    value, after = solution.value, solution.next
    wrong = value is not None and solution.attained and not question.meets(value) and not (solution.rough and question.sense == "equals")
    wrong = wrong or (after is not None and solution.count is not None and question.meets(after) and not _listed(solution, after))
    if wrong:
        raise CommandError(Problem(f"the solver contradicts itself at {question.unknown} = {value}: please report this"))
    return solution


def _listed(solution: Solution, value: Number) -> bool:
    return any(found.low <= value <= found.high for found in solution.ranges)
