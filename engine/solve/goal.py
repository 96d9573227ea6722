"""What is asked: a target, a bound, and an unknown that reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .. import quantity
from ..errors import CommandError, NoAnswer, Problem, plain, suggest
from ..evaluate import Given, Values, on_demand
from ..graph import Graph
from ..plan import Plan
from ..quantity import Number, grouped, magnitude, readable
from ..records import Input
from ..units import dimension, spell
from .bounds import moving
from .spans import FAR, End, Piece

SENSES = {"at_most": "at most", "at_least": "at least", "equals": "equal to"}


def digits(value: Number, *, rough: bool = False) -> str:
    """A number in full, or, where its fraction is too long to read or not exact anyway, to six decimals."""
    full = grouped(value)
    if isinstance(value, int) or (len(full) <= 24 and not rough):
        return full
    if magnitude(value) >= 1:
        return "about " + grouped(quantity.whole(Fraction(round(value * 10**6), 10**6)))
    power = len(str(value.denominator)) - len(str(magnitude(value.numerator)))
    thousandths = round(magnitude(value) * 10**power * 1000)
    return f"about {'-' if value < 0 else ''}{thousandths // 1000}.{thousandths % 1000:03d}e-{power}"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked of a target: `sense` is a key of `SENSES`; the bound is a number or the name of one."""

    target: str
    sense: str
    bound: Number | str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.target} {SENSES[self.sense]} {self.bound if isinstance(self.bound, str) else self.size(self.bound)}"

    @property
    def bound_name(self) -> str:
        """The name of the bound, if it has one."""
        return self.bound if isinstance(self.bound, str) else ""

    def size(self, value: Number) -> str:
        """A value of the target for reading."""
        return readable(value, self.unit) if self.unit == "byte" else digits(value)

    def full(self, value: Number) -> str:
        """A value of the target for reading, with its digits."""
        return f"{self.size(value)} ({digits(value)})" if self.unit == "byte" else digits(value)

    def meets(self, gap: Number) -> bool:
        """Whether a target this far over its bound meets it."""
        return gap <= 0 if self.sense == "at_most" else gap >= 0 if self.sense == "at_least" else gap == 0


def goal(plan: Plan, target: str = "", sense: str = "at_most", bound: Number | str | None = None) -> Goal:
    """What is asked, with what the report of the rules leaves unsaid.

    Args:
        plan: the rules.
        target: a rule or input; the total of the report when empty.
        sense: `at_most`, `at_least` or `equals`.
        bound: a number, a name, or a number as text; the budget of the report when None.

    Raises:
        CommandError: when something is not named or is not a number.
    """
    target = target or plan.document.report.total
    if not target:
        raise CommandError(Problem("the rules name no total: say which rule is meant", None, "add --target RULE"))
    if sense not in SENSES:
        raise CommandError(Problem(f"`{plain(sense)}` is not a question", None, "one of " + ", ".join(SENSES)))
    _number(plan, target)
    bound = plan.document.report.budget if bound is None else bound
    if bound == "":
        raise CommandError(Problem("the rules name no budget: say the bound", None, "add --at-most VALUE"))
    of = plan.shapes[target].dimension
    unit = plan.item(target).unit or ("byte" if of == dimension("byte") else "")
    if isinstance(bound, str):
        bound = read_bound(plan, bound, "byte" if of == dimension("byte") else plan.item(target).unit)
    if isinstance(bound, str):
        _number(plan, bound)
        against = plan.shapes[bound].dimension
        if of is not None and against is not None and of != against:
            raise CommandError(Problem(f"`{target}` is {spell(of)} and `{bound}` is {spell(against)}", None, "the two are not comparable"))
    return Goal(target, sense, bound, unit)


def read_bound(plan: Plan, text: str, unit: str = "") -> Number | str:
    """A bound as a person writes it: a name, or a number such as `80GiB`.

    Raises:
        CommandError: when it is neither.
    """
    text = text.strip()
    if text in plan.slots:
        return text
    try:
        return quantity.read(text, unit, commas=True)
    except ValueError as error:
        message = f"`{plain(text)}` is not a bound: {error}, and no rule or input has that name"
        raise CommandError(Problem(message, None, suggest(text, plan.slots))) from None


def _number(plan: Plan, name: str) -> None:
    if name not in plan.slots:
        raise CommandError(Problem(f"there is no rule or input `{plain(name)}`", None, suggest(name, plan.slots)))
    kind = plan.shapes[name].kind
    if kind != "number":
        what = {"truth": "true or false", "word": "a word", "list": "a list"}.get(kind, "no number")
        raise CommandError(Problem(f"`{name}` is {what}: only a number can be solved for a bound", None, "name one with --target"))


def unknown_input(plan: Plan, name: str) -> Input:
    """The input to solve for.

    Raises:
        CommandError: when there is none of that name, or it is a list.
    """
    found = plan.document.inputs.get(name)
    if found is not None:
        if found.type == "list":
            raise CommandError(Problem(f"`{name}` is a list: only one value can be solved for", found.place))
        return found
    if name in plan.document.rules:
        inputs = sorted(plan.graph.ancestors([name]) & plan.document.inputs.keys())
        hint = "solve for an input it depends on: " + ", ".join(inputs[:12]) if inputs else "solve for an input"
        raise CommandError(Problem(f"`{name}` is computed, not given", None, hint))
    known = [*plan.document.inputs, *plan.document.presets]
    raise CommandError(Problem(f"there is no input `{plain(name)}` to solve for", None, suggest(name, known) or "`list` shows the inputs"))


def domain_of(item: Input) -> Piece:
    """Every value a numeric input may have."""
    grid = item.type == "integer"
    low: End = -FAR if item.low is None else item.low
    high: End = FAR if item.high is None else item.high
    if grid:
        low = low if isinstance(low, float) else low.__ceil__()
        high = high if isinstance(high, float) else high.__floor__()
    return Piece(low, high, grid)


def trial(domain: Piece) -> Number:
    """One value of a domain."""
    return domain.low if not isinstance(domain.low, float) else domain.high if not isinstance(domain.high, float) else 1


def freed(plan: Plan, given: Mapping[str, Given], name: str, domain: Piece) -> Values:
    """An evaluation in which an unknown has a value of its domain, whatever was given for it."""
    return on_demand(plan, {**given, name: Given(trial(domain), "given", "tried")})


def reaches(plan: Plan, given: Mapping[str, Given], unknown: str, goal: Goal) -> None:
    """Make sure that the target or its bound depends on an unknown, as far as names say.

    Raises:
        NoAnswer: when not.
    """
    ends = [goal.target, goal.bound_name] if goal.bound_name else [goal.target]
    reached = moving(Values(plan, given, [], frozenset()), [unknown])
    if not reached & set(ends):
        if not plan.graph.descendants([unknown]) & set(ends):
            raise NoAnswer(Problem(f"`{unknown}` does not influence `{goal.target}`", None, _influences(plan, goal.target)))
        way = _way(plan.graph, unknown, goal.target) or _way(plan.graph, unknown, goal.bound_name) or ()
        cut = next((name for name in way if name in given and name != unknown), goal.target)
        raise NoAnswer(Problem(f"`{unknown}` does not influence `{goal.target}` here: `{cut}` is given", None, f"leave `{cut}` out"))


def _influences(plan: Plan, target: str) -> str:
    numeric = [name for name, item in plan.document.inputs.items() if item.type in {"integer", "number"}]
    found = [name for name in numeric if name in plan.graph.ancestors([target])]
    return f"inputs that do: {', '.join(found[:12])}" if found else "no number does"


def _way(graph: Graph, start: str, end: str) -> tuple[str, ...] | None:
    """A shortest way from a name to another that uses it."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    left = [start]
    for name in left:
        for user in graph.users[name]:
            if user not in ways:
                ways[user] = (*ways[name], user)
                left.append(user)
    return ways.get(end)
