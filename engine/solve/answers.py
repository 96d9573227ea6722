"""Answers of `solve`: asking in one place, and the answer as text and as a plain object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..encode import number
from ..errors import CommandError, NoAnswer, Problem, plain
from ..evaluate import Given, evaluate
from ..plan import Plan
from ..quantity import Number, exact, grouped, readable
from . import choices as listed
from . import frontier as pairs
from . import goal as goals
from . import single
from .choices import Entry, Tried
from .frontier import Frontier
from .goal import Goal, digits
from .search import Range
from .single import Solution
from .spans import far

_SHOWN = 10
"""Ranges that are printed; the plain object has more."""

Answer = Solution | Tried | Frontier


def answer(
    plan: Plan, given: Mapping[str, Given], unknown: str, target: str = "", sense: str = "at_most", bound: Number | str | None = None
) -> Answer:
    """Solve for an unknown of any kind.

    Args:
        plan: the rules.
        given: values by name, as `presets.read_inputs` makes them; those for the unknown are not used.
        unknown: an input, a preset kind, or two inputs joined by a comma.
        target: a rule; the total of the report when empty.
        sense: `at_most`, `at_least` or `equals`.
        bound: a number, a name, or a number as text; the budget of the report when None.

    Raises:
        CommandError: when the question is wrong, or cannot be settled.
        InputError: when an input is missing.
        NoAnswer: when nothing fits.
    """
    goal = goals.goal(plan, target, sense, bound)
    names = [name.strip() for name in unknown.split(",")]
    if len(names) > 2 or not all(names):
        raise CommandError(Problem(f"`{plain(unknown)}`: one unknown, or two joined by a comma"))
    if len(names) == 2:
        return pairs.frontier(plan, given, names[0], names[1], goal)
    if listed.is_listed(plan, names[0]):
        return listed.tried(plan, given, names[0], goal)
    return single.solve(plan, given, names[0], goal)


# ---- plain objects


def as_object(found: Answer) -> dict[str, Any]:
    """The answer as one JSON object."""
    match found:
        case Solution():
            return _solution_object(found)
        case Tried():
            return _tried_object(found)
        case Frontier():
            return _frontier_object(found)


def _plain(value: Number | None) -> Any:
    return None if value is None else number(value)


def _question(name: object, goal: Goal) -> dict[str, Any]:
    return {"for": name, "target": goal.target, "unit": goal.unit, "sense": goal.sense, "bound_name": goal.bound_name or None}


def _solution_object(found: Solution) -> dict[str, Any]:
    numbers = {
        "value": found.value,
        "bound": found.limit if isinstance(found.goal.bound, str) else found.goal.bound,
        "at": found.at,
        "next": found.next,
        "beyond": found.beyond,
    }
    return {
        **_question(found.unknown, found.goal),
        **{name: _plain(value) for name, value in numbers.items()},
        "bound_beyond": _plain(found.limit_beyond),
        "exact": {name: exact(value) for name, value in numbers.items() if isinstance(value, Fraction)},
        "which": found.side,
        "attained": found.attained,
        "approximate": found.rough,
        "method": found.method,
        "proof": list(found.proof),
        "notes": list(found.notes),
        "closed_form": found.closed_form,
        "intervals": [_range_object(part) for part in found.ranges],
        "interval_count": found.count,
    }


def _range_object(part: Range) -> dict[str, Any]:
    out: dict[str, Any] = {
        "from": None if isinstance(part.low, float) else number(part.low),
        "to": None if isinstance(part.high, float) else number(part.high),
    }
    out |= {f"{name}_exact": exact(end) for name, end in (("from", part.low), ("to", part.high)) if isinstance(end, Fraction)}
    if part.low_open and not far(part.low):
        out["without_from"] = True
    if part.high_open and not far(part.high):
        out["without_to"] = True
    return out


def _tried_object(found: Tried) -> dict[str, Any]:
    best = found.best
    return {
        **_question(found.unknown, found.goal),
        "value": _word(best),
        "bound": _plain(best.bound),
        "at": _plain(best.at),
        "method": "every value tried",
        "order": found.order,
        "entries": [
            {
                "value": _word(entry),
                "title": entry.title,
                "at": _plain(entry.at),
                "bound": _plain(entry.bound),
                "headroom": _plain(entry.headroom),
                "fits": entry.fits if entry.at is not None else None,
                "why": entry.why,
                "notes": list(entry.notes),
            }
            for entry in found.entries
        ],
    }


def _word(entry: Entry) -> Any:
    return entry.value if isinstance(entry.value, bool | str) else number(entry.value)


def _frontier_object(found: Frontier) -> dict[str, Any]:
    return {
        **_question([found.first, found.second], found.goal),
        "bound": None if isinstance(found.goal.bound, str) else number(found.goal.bound),
        "further": {found.first: found.further[0], found.second: found.further[1]},
        "pairs": [
            {found.first: pair.first, found.second: pair.second, "at": number(pair.at), "bound": number(pair.limit)} for pair in found.pairs
        ],
        "complete": found.complete,
        "method": "frontier",
        "proof": list(found.proof),
    }


# ---- text


def refused(
    plan: Plan, given: Mapping[str, Given], unknown: str, target: str, sense: str, bound: Number | str | None, error: NoAnswer
) -> dict[str, Any]:
    """The JSON object of a question whose answer is no."""
    asked = goals.goal(plan, target, sense, bound)
    limit: Number | None = None
    if not isinstance(asked.bound, str):
        limit = asked.bound
    else:
        values = evaluate(plan, {name: value for name, value in given.items() if name != unknown}, [asked.bound])
        limit = values.number(asked.bound) if values.has(asked.bound) else None
    why = [problem.message for problem in error.problems]
    return {**_question(unknown, asked), "value": None, "bound": _plain(limit), "why": why}


def rows(found: Answer) -> tuple[list[str], list[list[str]]]:
    """The answer as a header and rows, for CSV and Markdown."""
    whole = as_object(found)
    match found:
        case Solution():
            headers, listed = ["for", "value", "target", "at", "next", "beyond", "bound"], [whole]
        case Tried():
            headers, listed = ["value", "fits", "at", "bound", "headroom", "why"], whole["entries"]
        case Frontier():
            headers, listed = [*whole["for"], "at", "bound"], whole["pairs"]
    return headers, [[_cell(each.get(header)) for header in headers] for each in listed]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else plain(str(value), 200)


def describe(found: Answer) -> str:
    """The answer for a terminal."""
    match found:
        case Solution():
            return _solution_text(found)
        case Tried():
            return _tried_text(found)
        case Frontier():
            return _frontier_text(found)


def _aligned(rows: Sequence[Sequence[str]], left: frozenset[int] = frozenset({0})) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        pairs = enumerate(zip(row, widths, strict=True))
        return "  ".join(cell.ljust(width) if column in left else cell.rjust(width) for column, (cell, width) in pairs).rstrip()

    return [line(row) for row in rows]


def _sizes(value: Number | None, unit: str) -> list[str]:
    if value is None:
        return ["-", ""]
    short, full = readable(value, unit), digits(value)
    return [short, full] if unit == "byte" or (short != full and len(full) > 6) else [full, ""]


def _quantity(value: Number, unit: str = "", *, rough: bool = False) -> str:
    full = digits(value, rough=rough)
    return f"{readable(value, unit)} ({full})" if unit == "byte" else full


_LONGEST = 240
"""Characters of a closed form that is still read at a glance."""


def _solution_text(found: Solution) -> str:
    goal, unknown = found.goal, found.unknown
    lines = [_headline(found)]
    rows = []
    if found.value is not None:
        here = _quantity(found.value, rough=found.rough)
        if found.at is not None:
            rows.append([f"{goal.target} at {here}", *_sizes(found.at, goal.unit)])
        if found.next is not None:
            rows.append([f"{goal.target} at {_quantity(found.next, rough=found.rough)}", *_sizes(found.beyond, goal.unit)])
        if goal.bound_name:
            moved = found.next is not None and found.limit_beyond != found.limit
            rows.append([f"{goal.bound_name} at {here}" if moved else goal.bound_name, *_sizes(found.limit, goal.unit)])
            if moved and found.next is not None:
                rows.append([f"{goal.bound_name} at {_quantity(found.next, rough=found.rough)}", *_sizes(found.limit_beyond, goal.unit)])
        elif isinstance(goal.bound, int | Fraction):
            rows.append(["bound", *_sizes(goal.bound, goal.unit)])
    lines += [f"  {row}" for row in _aligned(rows)] if rows else []
    if len(found.ranges) > 1 or (found.goal.sense == "equals" and found.side != "only"):
        lines += _ranges(found)
    lines += [f"note: {plain(note, 400)}" for note in found.notes]
    lines += [("proof: " if not position else "       ") + plain(line, 600) for position, line in enumerate(found.proof)]
    if found.closed_form:
        bound = f", {goal.target} being the bound"
        long = f"{len(found.closed_form):,} characters; `formula RULES {goal.target} --with INPUTS --for {unknown}` prints it"
        lines.append(
            f"closed form: {unknown} = {found.closed_form}{bound}" if len(found.closed_form) <= _LONGEST else f"closed form: {long}"
        )
    return "\n".join(lines) + "\n"


def _headline(found: Solution) -> str:
    goal, unknown = found.goal, found.unknown
    if found.value is None:
        return f"{unknown}: any value  (every one has {goal})"
    value = _quantity(found.value, found.unknown_unit, rough=found.rough)
    if not found.attained:
        word = "below" if found.side == "largest" else "above"
        return f"{unknown}: {word} {value}  (that value itself no longer has {goal})"
    words = {"largest": "largest with", "smallest": "smallest with", "only": "the only one with", "any": "every value has"}
    rough = ", to a part in 2^40" if found.rough else ""
    return f"{unknown} = {value}   ({words[found.side]} {goal}{rough})"


def _ranges(found: Solution) -> list[str]:
    shown = found.ranges[-_SHOWN:]
    texts = ", ".join(_range(part) for part in shown)
    if found.count == len(shown):
        return [f"all values that meet it: {texts}"]
    total = f"of {found.count:,} ranges" if found.count else "ranges; there are more"
    return [f"values that meet it: … {texts}  (the last {len(shown)} {total})"]


def _range(part: Range) -> str:
    low = "" if isinstance(part.low, float) else _quantity(part.low, rough=part.low_rough)
    high = "without end" if isinstance(part.high, float) else _quantity(part.high, rough=part.high_rough)
    if part.low == part.high:
        return low
    above, below = "above " if low and part.low_open else "", "below " if low and part.high_open and high != "without end" else ""
    return f"{above}{low} to {below}{high}" if low else f"up to {high}"


def _tried_text(found: Tried) -> str:
    goal = found.goal
    how = "" if goal.sense == "equals" else "fits with the least to spare: "
    lines = [f"{found.unknown} = {found.best.text}   ({how}{goal})"]
    known = [entry for entry in found.entries if entry.at is not None]
    moves = len({entry.bound for entry in known}) > 1
    rows = [["", found.unknown, goal.target, *([goal.bound_name] if moves else []), "headroom"]]
    for entry in known:
        assert entry.at is not None
        assert entry.headroom is not None
        assert entry.bound is not None
        bound = [readable(entry.bound, goal.unit)] if moves else []
        rows.append(["fits" if entry.fits else "-", entry.text, readable(entry.at, goal.unit), *bound, readable(entry.headroom, goal.unit)])
    lines += [f"  {row}" for row in _aligned(rows, frozenset({0, 1}))]
    lines += [f"  not applicable: {entry.text}: {plain(entry.why, 200)}" for entry in found.entries if entry.at is None]
    lines += [f"note: at {entry.text}: {plain(note, 300)}" for entry in known[:1] for note in entry.notes]
    lines.append(f"proof: every value was tried; {found.order}.")
    return "\n".join(lines) + "\n"


def _frontier_text(found: Frontier) -> str:
    goal = found.goal
    lines = [f"{found.first} and {found.second} together, with {goal}: {len(found.pairs)} {'pairs' if len(found.pairs) != 1 else 'pair'}"]
    rows = [[found.first, found.second, goal.target, ""]]
    rows += [[grouped(pair.first), grouped(pair.second), *_sizes(pair.at, goal.unit)] for pair in found.pairs]
    lines += [f"  {row}" for row in _aligned(rows, frozenset())]
    lines += [("proof: " if not position else "       ") + plain(line, 600) for position, line in enumerate(found.proof)]
    return "\n".join(lines) + "\n"
