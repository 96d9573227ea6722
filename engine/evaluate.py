"""Exact values of a plan for given inputs, with the origin of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import InputError, Place, Problem, plain
from .named import NamedTuple
from .plan import NOTHING, Absent, Cells, Plan
from .quantity import Number
from .records import Input, Value
from .tree import Formula
from .values import unfit


class Given(NamedTuple):
    """A value that does not come from the rules.

    `origin` is `given` (the inputs file or the command line) or `preset`; `where` says it in words. `said` are warnings
    that hold for as long as the value is used.
    """

    value: Value
    origin: str
    where: str = ""
    place: Place | None = None
    said: tuple[str, ...] = ()


class Values:
    """What came out: the value of every name that was computed (`names`)."""

    __slots__ = ("cells", "given", "names", "plan")

    def __init__(self, plan: Plan, given: Mapping[str, Given], cells: Any, names: frozenset[str]) -> None:
        self.plan = plan
        self.given = given
        self.cells = cells
        self.names = names

    def __getitem__(self, name: str) -> Value:
        """The value of a name that has one."""
        value: Value = self.cells[self.plan.slots[name]]
        return value

    def state(self, name: str) -> Any:
        """The value, `NOTHING` when the rule does not apply, or an `Absent`."""
        return self.cells[self.plan.slots[name]] if name in self.names else Absent()

    def has(self, name: str) -> bool:
        """Whether the name has a value."""
        state = self.state(name)
        return state is not NOTHING and state.__class__ is not Absent

    def number(self, name: str) -> Number:
        """The value of a name that is a number; 0 when the rule does not apply."""
        state = self.state(name)
        return 0 if state is NOTHING else state

    def origin(self, name: str) -> str:
        """`given`, `preset`, `default` for an input; `overridden` or `rule` for a rule."""
        known = self.given.get(name)
        if name in self.plan.document.rules:
            return "overridden" if known else "rule"
        return known.origin if known else "default"


def evaluate(plan: Plan, given: Mapping[str, Given], names: Iterable[str] | None = None) -> Values:
    """Compute names from given values.

    Args:
        plan: the plan of a document.
        given: values by name.
        names: what to compute; everything when None.

    Nothing is raised for a name that cannot be computed: its state says why. `require` turns that into an error.
    """
    wanted = frozenset(plan.graph.order) if names is None else plan.graph.ancestors(names)
    cells: Cells = [Absent()] * len(plan.slots)
    inputs = plan.document.inputs
    for name in plan.graph.order:
        if name not in wanted:
            continue
        known = given.get(name)
        if known is not None:
            cells[plan.slots[name]] = known.value
            continue
        value, computed = plan.first(name, cells)
        if computed and value.__class__ is not Absent and name in inputs:
            value = _held(inputs[name], value)
        cells[plan.slots[name]] = value
    return Values(plan, given, cells, wanted)


class _Cells(dict[int, Any]):
    """Cells that are computed when they are first read, for whoever needs few of them."""

    def __init__(self, plan: Plan, given: Mapping[str, Given]) -> None:
        super().__init__(plan.defaults())
        self.update({plan.slots[name]: known.value for name, known in given.items()})
        self.plan = plan
        self.deep = False

    def copy(self) -> _Cells:
        """The same cells, which can be set apart from these."""
        made = _Cells(self.plan, {})
        made.update(self)
        return made

    def __missing__(self, slot: int) -> Any:
        plan = self.plan
        name = plan.graph.order[slot]
        if self.deep:
            found = self[slot] = computed(plan, name, self)
            return found
        self.deep = True
        try:
            self[slot] = computed(plan, name, self)
        except RecursionError:  # a long way down: one name after the other, then
            wanted = plan.graph.ancestors([name])
            for each in plan.graph.order:
                if each in wanted and plan.slots[each] not in self:
                    self[plan.slots[each]] = computed(plan, each, self)
        finally:
            self.deep = False
        return self[slot]


def on_demand(plan: Plan, given: Mapping[str, Given], known: Mapping[int, Any] | None = None) -> Values:
    """The same values as those of `evaluate`, each computed when it is first read; `known` are some by their slots."""
    cells = _Cells(plan, given)
    if known:
        cells.update(known)
    return Values(plan, given, cells, frozenset(plan.graph.order))


def computed(plan: Plan, name: str, cells: Any) -> Any:
    """The state of a name that is not given, from the cells of those it needs."""
    step = plan.step(name)
    state = plan.compute(step, cells)
    held = step.cases and state.__class__ is not Absent and name in plan.document.inputs
    return _held(plan.document.inputs[name], state) if held else state


def _held(item: Input, value: Any) -> Any:
    """A default that was computed, held to the type and bounds of its input."""
    wrong = unfit(item, value)
    if wrong and isinstance(item.default, Formula):
        message = f"the default of `{item.name}`, `{plain(item.default.text)}`: {item.name} {wrong}"
        return Absent(problems=(Problem(message, item.default.place, f"give `{item.name}` itself"),))
    return value


def missing_inputs(values: Values, names: Iterable[str]) -> dict[str, str]:
    """Every input that must be given so that these names have values, with one of the names that needs it."""
    names = tuple(names)
    missing: dict[str, str] = {}
    for name in names:
        for absent in getattr(values.state(name), "missing", ()):
            missing.setdefault(absent, name)
    return missing | _further(values, names, missing) if missing else missing


def require(values: Values, names: Iterable[str]) -> None:
    """Make sure these names have values.

    Raises:
        InputError: with every input that is missing and everything that went wrong.
    """
    names = tuple(names)
    missing = missing_inputs(values, names)
    problems = [problem for name in names for problem in getattr(values.state(name), "problems", ())]
    if missing:
        problems.insert(0, _missing(values.plan, missing))
    if problems:
        raise InputError(*dict.fromkeys(problems))


def _further(values: Values, names: tuple[str, ...], missing: dict[str, str]) -> dict[str, str]:
    """The inputs that would be missing next, found by standing in for those that are: all are told at once."""
    found: dict[str, str] = {}
    given = dict(values.given)
    new = dict(missing)
    while new:
        found |= new
        for name in new:
            given[name] = Given(_any_value(values.plan, name), "given")
        again = evaluate(values.plan, given, names)
        new = {absent: name for name in names for absent in getattr(again.state(name), "missing", ()) if absent not in found}
    return found


def _any_value(plan: Plan, name: str) -> Value:
    item = plan.document.inputs[name]
    if item.type == "choice":
        return item.choices[0]
    if item.type in {"integer", "number"}:
        return item.choices[0] if item.choices else item.low if item.low is not None else 1
    return () if item.type == "list" else False


def _missing(plan: Plan, missing: dict[str, str]) -> Problem:
    listed = []
    for name, wanted in missing.items():
        about = plan.item(name).title
        listed.append(f"`{name}`" + (f" ({plain(about)})" if about else "") + (f", needed for `{wanted}`" if len(missing) == 1 else ""))
    kinds = [kind for kind in plan.document.presets if plan.document.presets[kind].through]
    hint = (
        "give them in the inputs file or with --set name=value"
        if len(missing) > 1
        else f"give it in the inputs file or with --set {next(iter(missing))}=…"
    )
    if kinds:
        hint += ", or name a " + " or a ".join(f"`{kind}:`" for kind in kinds)
    what = "a value is missing: " if len(missing) == 1 else f"{len(missing)} values are missing: "
    return Problem(what + ", ".join(listed), None, hint)


def checked(values: Values) -> tuple[list[Problem], list[Problem]]:
    """What came with given values, and what the document's checks say: warnings, and errors.

    A check whose inputs are not known is silent.
    """
    texts = dict.fromkeys(text for known in values.given.values() for text in known.said)
    warnings = [Problem(plain(text, 400), None, "", "warning") for text in texts]
    errors: list[Problem] = []
    for check in values.plan.document.checks:
        holds = values.plan.truth(check.when, values.cells)
        if holds is True:
            said = plain(check.say, 400)
            if check.level == "error":
                errors.append(Problem(f"the check `{check.name}` refuses these inputs: {said}", check.place))
            else:
                warnings.append(Problem(said, None, "", "warning"))
    return warnings, errors


class Between(NamedTuple):
    """What comes on top of the total, and is known only between two ends."""

    title: str
    low: Number
    high: Number


def beside(values: Values) -> tuple[Between, ...]:
    """The ranges that stand beside the total and are not nothing; what lacks an input is left out."""
    found = []
    for each in values.plan.document.report.beside:
        if values.state(each.low).__class__ is not Absent and values.state(each.high).__class__ is not Absent:
            low, high = sorted((values.number(each.low), values.number(each.high)))
            if low or high:
                found.append(Between(each.title or values.plan.item(each.high).title or each.high, low, high))
    return tuple(found)


def changed(values: Values, settings: Mapping[str, Value], wanted: frozenset[str]) -> Values:
    """The values with some names given anew, everything else as it is.

    Args:
        values: an evaluation.
        settings: the new values by name.
        wanted: a set of names with all they need, such as `graph.ancestors` gives: what is computed anew where the settings reach it.
    """
    plan = values.plan
    given = {**values.given, **{name: Given(value, "given", "tried") for name, value in settings.items()}}
    cells = list(values.cells)
    for name, value in settings.items():
        cells[plan.slots[name]] = value
    reached = (plan.graph.descendants(settings) & wanted) - settings.keys()
    for name in plan.graph.order:
        if name in reached and name not in values.given:
            cells[plan.slots[name]] = computed(plan, name, cells)
    return Values(plan, given, cells, values.names & wanted | settings.keys())
