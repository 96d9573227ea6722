"""The library: load rules once, ask them anything, as Python values.

    rules = load("bridge.yaml")
    ask = rules.prepare({"material": "steel"}, varying=["span", "width"], names="weight")
    widest = max(width for width in range(1, 500) if ask(span=40, width=width) <= 1000)

Numbers are exact: an `int`, or a `Fraction` where a value is not whole. What is wrong with rules, inputs or a question is raised as a
`GaugeError`, whose text says what, where and what to do.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from . import document, evaluate, presets, source
from .asking import Ask, Plain, node_of, written
from .errors import CommandError, GaugeError, InputError, NoAnswer, Problem, plain, suggest
from .evaluate import Given
from .evaluate import Values as Evaluated
from .plan import NOTHING, Absent, Plan
from .prepare.sheet import Sheet
from .quantity import Number
from .records import Input, Value

if TYPE_CHECKING:
    from .advise import Advice
    from .nodes import Scalar
    from .solve.answers import Answer
    from .sweep.answers import Answered

MANY = 1000
"""Names that are computed, in one evaluation or several, before what does it quicker again is made ready."""

__all__ = ["Ask", "GaugeError", "Inputs", "NoAnswer", "Number", "Rules", "Value", "Values", "load"]


def load(path: str | os.PathLike[str], *, large: bool = False) -> Rules:
    """Read a rules file with all it includes, and check names, units and circles.

    Args:
        path: the file; one that ships with the package, such as `rules/NAME.yaml` or `NAME`, where there is none.
        large: whether files over 1 MB and 10,000 rules are read.

    Raises:
        GaugeError: with everything that is wrong.
    """
    with _without_looking_for_cycles():
        return Rules(Plan(document.load(_shipped(os.fspath(path)), large=large)))


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """Very many small objects and hardly a cycle are made here: looking for those again and again would cost more than the work itself."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()


def _shipped(word: str) -> str:
    """The path itself where it leads to a file, else that of a file that ships."""
    if word and not os.path.exists(word) and not os.path.isabs(word):
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        for path in (os.path.join(folder, word + ending) for folder in (here, os.path.join(here, "rules")) for ending in ("", ".yaml")):
            if os.path.isfile(path):
                return path
    return word


class Inputs(Mapping[str, Value]):
    """Values that were read and checked: what was given, and what presets gave.

    A mapping from name to value. `origin(name)` says where one is from, such as `given` or `model llama-3-8b`.
    """

    def __init__(self, given: dict[str, Given]) -> None:
        self.given = given

    def __getitem__(self, name: str) -> Value:
        """The value of a name."""
        return self.given[name].value

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.given)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.given)

    def __repr__(self) -> str:
        return f"Inputs({dict(self)!r})"

    def origin(self, name: str) -> str:
        """Where the value of a name is from."""
        known = self.given[name]
        return known.where if known.origin == "preset" else known.origin


class Values(Mapping[str, Value | None]):
    """What came out: name → value, None for a rule that does not apply.

    Reading a name that has no value raises a `GaugeError` that says why; names that have none are not iterated over.
    `warnings` are what the checks of the rules say.
    """

    def __init__(self, found: evaluate.Values, warnings: tuple[str, ...]) -> None:
        self.found = found
        self.warnings = warnings

    def __getitem__(self, name: str) -> Value | None:
        """The value of a name.

        Raises:
            KeyError: when it was not asked for.
            GaugeError: when it has none.
        """
        if name not in self.found.names:
            raise KeyError(name)
        state = self.found.state(name)
        if state.__class__ is Absent:
            evaluate.require(self.found, [name])
        value: Value | None = None if state is NOTHING else state
        return value

    def __iter__(self) -> Iterator[str]:
        """The names that have a value or do not apply, each after those it needs."""
        return (name for name in self.found.plan.graph.order if self._answered(name))

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        """Whether a name has a value or does not apply."""
        return isinstance(name, str) and self._answered(name)

    def __repr__(self) -> str:
        return f"Values({dict(self)!r})"

    def _answered(self, name: str) -> bool:
        return name in self.found.names and self.found.state(name).__class__ is not Absent

    def origin(self, name: str) -> str:
        """`given`, `preset`, `default` for an input; `overridden` or `rule` for a rule."""
        return self.found.origin(name)


class Rules:
    """The rules of a file. Made by `load`; never changed, so that threads may share one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._sheet: Sheet | None = None
        self._computed = 0

    def __repr__(self) -> str:
        return f"<Rules {plain(self.title or self.plan.document.path, 60)}: {len(self.inputs)} inputs, {len(self.names)} rules>"

    @property
    def title(self) -> str:
        """The title of the file."""
        return self.plan.document.title

    @property
    def total(self) -> str:
        """The rule the report is about; empty when the file names none."""
        return self.plan.document.report.total

    @property
    def inputs(self) -> Mapping[str, Input]:
        """What can be given: type, bounds, default, title and unit of each input."""
        return self.plan.document.inputs

    @property
    def names(self) -> tuple[str, ...]:
        """The rules, in the order of the file."""
        return tuple(self.plan.document.rules)

    def unit(self, name: str) -> str:
        """The unit of an input or rule: `byte`, a word that counts, or nothing."""
        self._known([name])
        return self.plan.unit(name)

    def given(self, values: Mapping[str, Plain] | str | Inputs | None = None, /, **settings: Plain) -> Inputs:
        """Read input values, presets and all.

        Args:
            values: by name, or a text as in an inputs file. The kinds of presets are names too: `{"model": "llama-3-8b"}`.
            settings: values by name that win over the others.

        Raises:
            GaugeError: with everything that is wrong.
        """
        if isinstance(values, Inputs):
            return Inputs({**values.given, **self.given(None, **settings).given}) if settings else values
        text = node = None
        asked: dict[str, Plain] = {}
        if isinstance(values, str):
            text = source.decode(values.encode(), "inputs")
            node = source.parse(text)
        elif values is not None:
            asked.update(values)
        asked.update(settings)
        return Inputs(presets.read_inputs(self.plan, node, text, [(name, node_of(name, value)) for name, value in asked.items()]))

    def evaluate(
        self, given: Mapping[str, Plain] | str | Inputs | None = None, names: Iterable[str] | None = None, /, **settings: Plain
    ) -> Values:
        """Compute values exactly.

        Args:
            given: what `given` takes, or what it returned.
            names: what to compute, with all it needs; everything when None.
            settings: values by name that win over the others.

        Raises:
            GaugeError: when an input or a name is wrong, a check refuses the inputs, or one of `names` has no value.
        """
        wanted = None if names is None else self._known(_listed(names))
        inputs = self.given(given, **settings).given
        needed = None if wanted is None else {*wanted, *self._checked_names()}
        with _without_looking_for_cycles():
            found = self._all(inputs) if needed is None else evaluate.evaluate(self.plan, inputs, needed)
        warnings, wrong = evaluate.checked(found)
        if wrong:
            raise InputError(*wrong)
        if wanted:
            evaluate.require(found, wanted)
        return Values(found, tuple(problem.message for problem in warnings))

    def _all(self, inputs: dict[str, Given]) -> Evaluated:
        """Every value; of many names, and when it is asked again, in a way that is made for doing so often."""
        self._computed += len(self.plan.slots)
        if self._sheet is None and self._computed > MANY:
            self._sheet = Sheet(self.plan)
        return self._sheet.evaluate(inputs) if self._sheet else evaluate.evaluate(self.plan, inputs)

    def _checked_names(self) -> set[str]:
        from .graph import needed_by

        return {name for check in self.plan.document.checks for name in needed_by(self.plan.document, check.when)}

    @overload
    def prepare(self, given: Mapping[str, Plain] | str | Inputs | None, varying: Iterable[str], names: str) -> Ask[Value | None]: ...
    @overload
    def prepare(
        self, given: Mapping[str, Plain] | str | Inputs | None, varying: Iterable[str], names: list[str] | tuple[str, ...]
    ) -> Ask[tuple[Value | None, ...]]: ...
    def prepare(
        self, given: Mapping[str, Plain] | str | Inputs | None, varying: Iterable[str], names: str | list[str] | tuple[str, ...]
    ) -> Ask[Any]:
        """Make a question that is asked many times: what does not depend on the varying names is computed once.

        Args:
            given: what does not vary, as for `evaluate`.
            varying: inputs (or rules, which are then taken as given) that each question sets.
            names: what is asked: one name for a value, several for a tuple of values.

        Raises:
            GaugeError: when an input or a name is wrong.
        """
        asked = (names,) if isinstance(names, str) else tuple(names)
        moving = tuple(dict.fromkeys(_listed(varying)))
        kinds = [name for name in moving if name in self.plan.document.presets and name not in self.plan.slots]
        if kinds:
            raise CommandError(Problem(f"`{kinds[0]}` names presets, which do not vary", None, "prepare a question for each of them"))
        if not asked:
            raise CommandError(Problem("the question asks for no name", None, "name a rule, such as the total"))
        self._known([*asked, *moving])
        with _without_looking_for_cycles():
            return Ask(self.plan, self.given(given).given, moving, asked, single=isinstance(names, str))

    def solve(
        self,
        given: Mapping[str, Plain] | str | Inputs | None,
        unknown: str,
        *,
        target: str = "",
        at_most: Plain = None,
        at_least: Plain = None,
        equals: Plain = None,
    ) -> Answer:
        """The best value of an unknown that meets a bound, with the proof.

        Args:
            given: as for `evaluate`; a value for the unknown is not used.
            unknown: an input, a kind of presets, or two inputs joined by a comma.
            target: the rule that must meet the bound; the total of the report when empty.
            at_most: the bound: a number, a text such as `80GiB`, or a name. The budget of the report where no bound is given.
            at_least: a bound from below instead.
            equals: a value to be met exactly instead.

        Raises:
            GaugeError: when the question is wrong; `NoAnswer`, one of its kinds, when nothing meets the bound.
        """
        from .solve import answers

        bounds = {sense: bound for sense, bound in (("at_most", at_most), ("at_least", at_least), ("equals", equals)) if bound is not None}
        if len(bounds) > 1:
            raise CommandError(Problem("only one of at_most, at_least and equals can be met"))
        sense, bound = next(iter(bounds.items()), ("at_most", None))
        with _without_looking_for_cycles():
            return answers.answer(
                self.plan, self.given(given).given, unknown, target, sense, None if bound is None else written(sense, bound)
            )

    def solve_table(
        self,
        given: Mapping[str, Plain] | str | Inputs | None,
        unknown: str,
        columns: Mapping[str, Any],
        *,
        target: str = "",
        at_most: Any = None,
        at_least: Any = None,
    ) -> Answered:
        """`solve` for each row of a table, a million a second where the target goes one way (needs numpy).

        Args:
            given: what is the same in all rows, as for `evaluate`; a value for the unknown is not used.
            unknown: an input that is a number.
            columns: an array or a list of values by the name of an input or a kind of presets, all of one length.
            target: the rule that must meet the bound; the total of the report when empty.
            at_most: the bound: as for `solve`, or an array or list with one for each row. The budget of the report where none is given.
            at_least: a bound from below instead.

        Returns:
            Arrays with the answer of each row, the target there, and which answer it is.

        Raises:
            GaugeError: when a column or the question is wrong, or no row can be answered.
        """
        try:
            from .sweep import answers
        except ModuleNotFoundError as error:
            if error.name != "numpy":
                raise
            raise CommandError(Problem("tables are solved with numpy", None, "pip install 'compute-gauge[sweep]'")) from None
        from .solve.goal import goal

        if at_most is not None and at_least is not None:
            raise CommandError(Problem("only one of at_most and at_least can be met"))
        sense, bound = ("at_most", at_most) if at_least is None else ("at_least", at_least)
        each = bound is not None and not isinstance(bound, str) and hasattr(bound, "__len__")
        asked = goal(self.plan, target, sense, 0 if each else None if bound is None else written(sense, bound))

        def read(_: Plan, more: Sequence[tuple[str, Scalar]]) -> dict[str, Given]:
            settings = {name: node.text for name, node in more}
            if isinstance(given, Inputs):
                return {**self.given(settings).given, **given.given}
            return dict(self.given(given, **settings).given)

        with _without_looking_for_cycles():
            return answers.answered(self.plan, read, columns, unknown, asked, bound if each else None)

    def formula(
        self,
        names: str | Sequence[str] = (),
        *,
        expand: bool = False,
        given: Mapping[str, Plain] | str | Inputs | None = None,
        keep: Sequence[str] = (),
        format: str = "text",  # noqa: A002 - as on the command line
    ) -> str:
        """Rules as formulas.

        Args:
            names: rules; every rule when there are none (the total of the report for a closed form).
            expand: whether to give a closed form in the inputs.
            given: inputs to put into the closed form.
            keep: inputs that stay as names when inputs are put in.
            format: `text`, `latex`, `mathml` or `python`.

        Raises:
            GaugeError: for an unknown name or format.
        """
        from . import formulas

        wanted = self._known(_listed(names))
        if not expand and given is None:
            return formulas.as_written(self.plan, wanted, format)
        wanted = wanted or ((self.total,) if self.total else self.names)
        if given is None:
            return formulas.expanded(self.plan, wanted, format)
        inputs = {name: value for name, value in self.given(given).given.items() if name not in keep}
        values = evaluate.evaluate(self.plan, inputs)
        kept = [*keep] or [name for name in self.inputs if not values.has(name) and self.plan.shapes[name].kind == "number"]
        return formulas.expanded(self.plan, wanted, format, values, self._known(kept))

    def advise(self, given: Mapping[str, Plain] | str | Inputs | None = None, /, **settings: Plain) -> Advice:
        """What would make it fit: each lever of the rules with what it saves, and the smallest set of them.

        Raises:
            GaugeError: when the rules have no levers or no total, or an input is wrong.
        """
        from . import advise

        return advise.advise(self.plan, self.given(given, **settings).given)

    def presets(self, kind: str) -> list[str]:
        """The names of the presets of a kind, sorted.

        Raises:
            GaugeError: when there is no such kind.
        """
        kinds = self.plan.document.presets
        if kind not in kinds:
            raise CommandError(Problem(f"there is no kind of presets `{plain(kind)}`", None, suggest(kind, kinds) or ", ".join(kinds)))
        return presets.names(kinds[kind])

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        listed = tuple(names)
        problems = [
            Problem(f"there is no rule or input `{plain(str(name))}`", None, suggest(str(name), self.plan.slots))
            for name in listed
            if name not in self.plan.slots
        ]
        if problems:
            raise CommandError(*problems)
        return listed


def _listed(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
