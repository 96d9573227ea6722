"""The answers to the command `formula`: a rule as written, its closed form, and solved for a name. Returns text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .bodies import Bodies
from .emit import latex, mathml, python
from .emit import text as text_of
from .errors import CommandError, NoAnswer, Problem, plain, suggest
from .evaluate import Values
from .expand import Expansion, definitions, expand, substitute
from .formula import write
from .making import TRUE, ZERO, names, number
from .named import NamedTuple
from .plan import Plan
from .quantity import Number
from .records import Input, Rule, table_of
from .tree import Choose, Constant, Formula, Name, Tree

if TYPE_CHECKING:
    from .symbolic import Inverse

FORMATS = ("text", "latex", "mathml", "python")
"""Formats a formula can be printed in."""
LARGEST_TO_SOLVE = 4_000
"""Nodes of a closed form that is solved for a name."""


class ClosedForm(NamedTuple):
    """`unknown operator tree` solves a target for one bound; `value` is what it comes to."""

    operator: str
    tree: Tree
    text: str
    value: Number


def as_written(plan: Plan, wanted: Sequence[str], format: str = "text") -> str:  # noqa: A002
    """Rules (or inputs with a formula as default) as their author wrote them; every rule when none is named.

    Raises:
        CommandError: for an unknown name or format.
    """
    listed = list(wanted) or list(plan.document.rules)
    _known(plan, listed, format)
    if format == "python":
        return _python(plan, Bodies(plan), listed, None)
    if format == "latex":
        equations = [(name, _whole(plan, name)) for name in listed]
        return latex.document(equations, (), latex.symbols(_symbols(plan, equations))) + "\n"
    if format == "mathml":
        equations = [(name, _whole(plan, name)) for name in listed]
        return mathml.document(equations, (), mathml.symbols(_symbols(plan, equations))) + "\n"
    return "\n\n".join(_written(plan, name) for name in listed) + "\n"


def expanded(
    plan: Plan,
    wanted: Sequence[str],
    format: str = "text",  # noqa: A002
    values: Values | None = None,
    keep: Sequence[str] | None = None,
) -> str:
    """Closed forms of rules, with definitions below them where they are long.

    Args:
        plan: the rules.
        wanted: names of rules.
        format: one of `FORMATS`.
        values: what is given; None for a form that holds for all inputs.
        keep: names that stay, all others take their value and the form is collected. None with values: numbers stay as names, and only
            words and truth values take theirs.

    Raises:
        CommandError: for an unknown name or format.
    """
    _known(plan, [*wanted, *(keep or ())], format)
    bodies, made = _expansion(plan, wanted, values, keep)
    if format == "python":
        return _python(plan, bodies, list(wanted), made)
    if format == "latex":
        return latex.document(made.forms, made.where, latex.symbols(_symbols(plan, [*made.forms, *made.where]))) + "\n"
    if format == "mathml":
        return mathml.document(made.forms, made.where, mathml.symbols(_symbols(plan, [*made.forms, *made.where]))) + "\n"
    heads = [_about(plan, name) for name, _ in made.forms]
    if len(made.forms) == 1 or not made.where:
        blocks = [head + text_of.document([form]) for head, form in zip(heads, made.forms, strict=True)]
        tail = text_of.document((), made.where)
        return "\n\n".join(blocks) + ("\n" + tail if tail else "") + "\n"
    return text_of.document(made.forms, made.where) + "\n"


def solved(plan: Plan, name: str, unknown: str, format: str = "text", values: Values | None = None, operator: str = "<=") -> str:  # noqa: A002
    """A rule solved for a name: the largest (or smallest) value of `unknown` that keeps it within a bound, which bears the rule's name.

    Args:
        plan: the rules.
        name: the rule.
        unknown: an input it depends on.
        format: one of `FORMATS`.
        values: what is given; None for a form in all inputs.
        operator: `<=` or `>=`: on which side of the bound the rule must be.

    Raises:
        CommandError: for an unknown name or format, or a name that is no number.
        NoAnswer: when the rule does not depend on the name, or no such formula was found.
    """
    _known(plan, [name, unknown], format)
    _numbers(plan, name, unknown)
    found = _inverse(plan, name, unknown, operator, values)
    if found is None:
        raise NoAnswer(
            Problem(
                f"`{name}` has no closed form solved for `{unknown}`",
                None,
                "`solve` finds the value itself" + ("" if values else "; with inputs given a shorter formula may have one"),
            )
        )
    largest = "largest" if found.operator[0] == "<" else "smallest"
    side = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}[operator]
    about = f"The {largest} {unknown} for which {name} is {side} the bound, here called {name}"
    if format == "python":
        return _solved_python(plan, unknown, name, about, found)
    short = _symbols(plan, [(unknown, found.bound), *((name, condition) for condition in found.conditions)])
    if format == "mathml":
        return mathml.document([(unknown, found.bound)], (), mathml.symbols(short), found.operator, found.conditions) + "\n"
    if format == "latex":
        known = latex.symbols(short)
        conditions = "".join(rf" \quad \text{{if }} {latex.formula(condition, known)}" for condition in found.conditions)
        return latex.document([(unknown, found.bound)], (), known, found.operator) + conditions + "\n"
    lines = [f"# {about}.", text_of.equation(unknown, found.bound)]
    lines += [f"  if {text_of.laid_out(condition, 5)}" for condition in found.conditions]
    return "\n".join(lines) + "\n"


def closed_form(values: Values, unknown: str, target: str, operator: str, bound: Number) -> ClosedForm | None:
    """The formula that meets one bound, with its value computed exactly; None where there is none.

    Args:
        values: what is given for all names but the unknown.
        unknown: a name the target depends on.
        target: the rule.
        operator: `<=`, `<`, `>=` or `>`.
        bound: on its right.
    """
    found = _inverse(values.plan, target, unknown, operator, values)
    if found is None:
        return None
    bodies = Bodies(values.plan, fold=True)
    known: dict[str, Tree] = {target: Constant(bound)}
    if any(substitute(bodies, condition, known) != TRUE for condition in found.conditions):
        return None
    value = number(substitute(bodies, found.bound, known))
    return None if value is None else ClosedForm(found.operator, found.bound, write(found.bound), value)


# What is asked.


def _known(plan: Plan, listed: Iterable[str], format: str) -> None:  # noqa: A002
    problems = []
    for name in listed:
        if name not in plan.slots:
            what = "a word of a choice has no formula" if name in plan.document.words else ""
            hint = what or suggest(name, [*plan.document.rules, *plan.document.inputs]) or "`list` shows the inputs of a rules file"
            problems.append(Problem(f"unknown name `{plain(name)}`", None, hint))
    if format not in FORMATS:
        problems.append(Problem(f"unknown format `{plain(format)}`", None, "one of " + ", ".join(FORMATS)))
    if problems:
        raise CommandError(*problems)


def _numbers(plan: Plan, name: str, unknown: str) -> None:
    item = plan.item(unknown)
    if not isinstance(item, Input) or item.type not in {"integer", "number"}:
        raise CommandError(Problem(f"`{unknown}` is not an input that is a number", None, "a formula is solved for a number"))
    if plan.shapes[name].kind != "number":
        raise CommandError(Problem(f"`{name}` is not a number", None, "name the number it compares"))
    if unknown not in plan.graph.ancestors([name]) or unknown == name:
        raise NoAnswer(Problem(f"`{name}` does not depend on `{unknown}`"))


def _expansion(plan: Plan, wanted: Sequence[str], values: Values | None, keep: Sequence[str] | None) -> tuple[Bodies, Expansion]:
    """Closed forms, collected where numbers are put in."""
    collected = values is not None and keep is not None
    bodies = Bodies(plan, values, keep, fold=collected)
    return bodies, expand(bodies, [_target(bodies, name) for name in wanted], shorten=_shortener(plan) if collected else None)


def _target(bodies: Bodies, name: str) -> str:
    """The name, when there is a tree to show for it.

    Raises:
        CommandError: when it is an input without a formula.
    """
    item = bodies.plan.item(name)
    if isinstance(item, Input) and not bodies.expandable(name):
        hint = f"its default is `{plain(item.default.text)}`" if isinstance(item.default, Formula) else "name a rule"
        raise CommandError(Problem(f"`{name}` is an input: it has no closed form", None, hint))
    return name


def _shortener(plan: Plan) -> Callable[[Tree], Tree]:
    from .symbolic import Algebra, collect

    algebra = Algebra(plan)

    def shorten(tree: Tree) -> Tree:
        return tree if isinstance(tree, Constant | Name) else collect(tree, algebra)

    return shorten


def _inverse(plan: Plan, name: str, unknown: str, operator: str, values: Values | None) -> Inverse | None:
    from .symbolic import Algebra, inverse

    algebra = Algebra(plan)
    bodies = Bodies(plan, values, [unknown], fold=values is not None)
    made = expand(bodies, [name], LARGEST_TO_SOLVE, _shortener(plan) if values is not None else None)
    if made.where:
        apart = plan.graph.order if values is None else ()
        dependent = plan.graph.descendants([unknown])
        bodies = Bodies(plan, values, [unknown, *(other for other in apart if other not in dependent)], fold=values is not None)
        made = expand(bodies, [name], LARGEST_TO_SOLVE)
    return None if made.where else inverse(made.forms[0][1], unknown, operator, Name(name), algebra)


# What is printed.


def _about(plan: Plan, name: str) -> str:
    """A comment with title, unit and source, and a line's end; nothing when the file says none."""
    item = plan.item(name)
    parts = [part for part in (plain(item.title), plain(item.unit, 40)) if part]
    source = f"; {plain(str(item.source), 200)}" if item.source else ""
    return f"# {', '.join(parts)}{source}\n" if parts or source else ""


def _written(plan: Plan, name: str) -> str:
    """A rule in the author's form: its formula or its cases, and its condition."""
    item = plan.item(name)
    head = _about(plan, name)
    if isinstance(item, Input):
        if not isinstance(item.default, Formula):
            raise CommandError(Problem(f"`{name}` is an input without a formula", None, "name a rule"))
        return head + text_of.equation(name, item.default.tree)
    when = f"\n  when {text_of.laid_out(item.when.tree, 7)}" if item.when else ""
    if len(item.cases) == 1 and item.cases[0].when is None:
        return head + text_of.equation(name, item.cases[0].formula.tree) + when
    lines = [f"{head}{name} ="]
    for case in item.cases:
        lines.append("  " + text_of.laid_out(case.formula.tree, 2, "      "))
        lines.append("    when " + text_of.laid_out(case.when.tree, 9, "      ") if case.when else "    otherwise")
    return "\n".join(lines) + when


def _whole(plan: Plan, name: str) -> Tree:
    """The author's form as one tree, with cases and condition as choices."""
    item = plan.item(name)
    if isinstance(item, Input):
        if not isinstance(item.default, Formula):
            raise CommandError(Problem(f"`{name}` is an input without a formula", None, "name a rule"))
        return item.default.tree
    tree = item.cases[-1].formula.tree
    for case in reversed(item.cases[:-1]):
        tree = Choose(case.when.tree, case.formula.tree, tree) if case.when else case.formula.tree
    return Choose(item.when.tree, tree, ZERO) if item.when else tree


def _symbols(plan: Plan, equations: Iterable[tuple[str, Tree]]) -> dict[str, str]:
    """The symbols of the names in equations."""
    used = {name for key, tree in equations for name in (key, *names(tree)) if name in plan.slots}
    return {name: plan.item(name).symbol for name in sorted(used)}


def _row_tables(plan: Plan) -> Mapping[str, str]:
    """The table each name picks a row of."""
    found = {name: item.table for name, item in plan.document.inputs.items() if item.table}
    for name in plan.document.rules:
        table = table_of(plan.document, plan.shapes[name].words)
        if table is not None:
            found[name] = table.name
    return found


def _parameters(plan: Plan, bodies: Bodies, trees: Iterable[Tree], defined: Iterable[str]) -> tuple[python.Parameter, ...]:
    """The parameters that trees need, with the defaults of the inputs."""
    left = [name for tree in trees for name in names(tree)]
    done: set[str] = set(defined)
    made: dict[str, python.Parameter] = {}
    while left:
        name = left.pop()
        if name in done or name not in plan.slots:
            continue
        done.add(name)
        item = plan.item(name)
        if isinstance(item, Rule) or item.default is None:
            made[name] = python.Parameter(name)
        elif isinstance(item.default, Formula) and bodies.values is None:
            tree = bodies.decide(item.default.tree)
            made[name] = python.Parameter(name, None, tree)
            left += names(tree)
        else:
            made[name] = python.Parameter(name, None if isinstance(item.default, Formula) else item.default)
    return tuple(made[name] for name in plan.graph.order if name in made)


def _python(plan: Plan, bodies: Bodies, wanted: Sequence[str], made: Expansion | None) -> str:
    functions = []
    for name in wanted:
        if made is None:
            targets = [name] if bodies.expandable(name) else [used for used in names(_whole(plan, name)) if bodies.expandable(used)]
            parts = definitions(bodies, targets)
            result = parts.pop(name) if name in parts else bodies.decide(_whole(plan, name))
        else:
            parts = dict(made.where) | {key: tree for key, tree in made.forms if key != name}
            result = dict(made.forms)[name]
        parts = _used(plan, parts, result)
        parameters = _parameters(plan, bodies, [result, *parts.values()], parts)
        # A default may need rules that nothing else does.
        while True:
            lacking = [
                used.name for used in parameters if isinstance(plan.item(used.name), Rule) and made is None and bodies.expandable(used.name)
            ]
            if not lacking:
                break
            parts = definitions(bodies, [*parts, *lacking])
            parameters = _parameters(plan, bodies, [result, *parts.values()], parts)
        functions.append(python.Function(name, _about(plan, name).strip("# \n"), parameters, tuple(parts.items()), result))
    title = plain(plan.document.title or "Rules")
    return python.module(functions, plan.document.tables, title, _row_tables(plan), bodies.is_word)


def _used(plan: Plan, parts: Mapping[str, Tree], result: Tree) -> dict[str, Tree]:
    """The definitions a result needs, each after those it needs."""
    found: set[str] = set()
    left = [result]
    while left:
        for name in names(left.pop()):
            if name in parts and name not in found:
                found.add(name)
                left.append(parts[name])
    return {name: parts[name] for name in plan.graph.order if name in found}


def _solved_python(plan: Plan, unknown: str, name: str, about: str, found: Inverse) -> str:
    bodies = Bodies(plan)
    trees = (found.bound, *found.conditions)
    used = {part for tree in trees for part in names(tree)} | {name}
    parameters = tuple(python.Parameter(part) for part in plan.graph.order if part in used)
    function = python.Function(unknown, about, parameters, (), found.bound, found.conditions)
    try:
        return python.module([function], plan.document.tables, plain(plan.document.title or "Rules"), _row_tables(plan), bodies.is_word)
    except ValueError as error:
        raise NoAnswer(Problem(str(error), None, "ask for the format text, latex or mathml")) from None


__all__ = ["FORMATS", "ClosedForm", "as_written", "closed_form", "expanded", "solved"]
