"""Who needs whom: names that nobody defines, circles with their path, and the order of computing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .errors import Place, Problem, RulesError, plain, suggest
from .named import NamedTuple
from .records import Document, Input, Lever, Rule
from .tree import Call, Cell, Formula, Item, Name, Patterned, Tree, children, walk


class Graph(NamedTuple):
    """A document whose names are all known and whose formulas do not go in circles.

    `order` lists every input and rule after everything it needs; `needs` and `users` are the direct neighbours.
    """

    document: Document
    order: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    users: Mapping[str, tuple[str, ...]]

    def ancestors(self, names: Iterable[str]) -> frozenset[str]:
        """The names and everything they need."""
        return _reach(names, self.needs)

    def descendants(self, names: Iterable[str]) -> frozenset[str]:
        """The names and everything that needs them."""
        return _reach(names, self.users)


def _reach(names: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    seen = set(names)
    left = list(seen)
    while left:
        for name in edges[left.pop()]:
            if name not in seen:
                seen.add(name)
                left.append(name)
    return frozenset(seen)


def formulas(item: Input | Rule) -> Iterator[Formula]:
    """Every formula of an input or a rule, conditions first."""
    if isinstance(item, Input):
        if isinstance(item.default, Formula):
            yield item.default
        return
    if item.when:
        yield item.when
    for case in item.cases:
        if case.when:
            yield case.when
        yield case.formula


def lever_formulas(lever: Lever) -> Iterator[Formula]:
    """Every formula of a lever once, its condition first."""
    if lever.when:
        yield lever.when
    values = [lever.least, *(value for step in lever.steps for value in step.values())]
    found = {id(value): value for value in values if isinstance(value, Formula)}
    yield from found.values()


def build(document: Document) -> Graph:
    """Connect a document.

    Raises:
        RulesError: with every unknown name, or every circle.
    """
    items: dict[str, Input | Rule] = {**document.inputs, **document.rules}
    problems: list[Problem] = []
    needs: dict[str, tuple[str, ...]] = {}
    read: dict[int, dict[str, None]] = {}  # by tree: formulas with the same text share theirs
    for name, item in items.items():
        found: dict[str, None] = {}
        for formula in formulas(item):
            mine = _plain_needs(items, formula)
            if mine is None:
                mine = read.get(id(formula.tree))
            if mine is None:
                mine = {}
                before = len(problems)
                _needs(document, formula, mine, problems)
                if len(problems) == before:
                    read[id(formula.tree)] = mine
            found.update(mine)
        needs[name] = tuple(found)
    for check in document.checks:
        _needs(document, check.when, {}, problems)
    for lever in document.levers:
        for formula in lever_formulas(lever):
            _needs(document, formula, {}, problems)
    if problems:
        raise RulesError(*problems)
    order, circles = _sort(needs)
    if circles:
        raise RulesError(*(_circle(items, path) for path in circles))
    users: dict[str, list[str]] = {name: [] for name in items}
    for name in order:
        for needed in needs[name]:
            users[needed].append(name)
    return Graph(document, order, needs, {name: tuple(by) for name, by in users.items()})


def _plain_needs(items: Mapping[str, Input | Rule], formula: Formula) -> dict[str, None] | None:
    """The inputs and rules of a formula after a pattern that names nothing else; None for any other."""
    if formula.__class__ is not Patterned or (reads := formula.pattern.reads) is None:
        return None
    names = formula.names
    found: dict[str, None] = {}
    for index in reads:
        name = names[index]
        if name not in items:
            return None
        found[name] = None
    return found


def needed_by(document: Document, formula: Formula) -> tuple[str, ...]:
    """The inputs and rules a formula uses."""
    found: dict[str, None] = {}
    _needs(document, formula, found, [])
    return tuple(found)


def _needs(document: Document, formula: Formula, found: dict[str, None], problems: list[Problem]) -> None:
    unknown: list[Name] = []
    for tree in walk(formula.tree):
        if tree.__class__ is Name:
            if tree.name in document.inputs or tree.name in document.rules:
                found[tree.name] = None
            elif tree.name not in document.words:
                unknown.append(tree)
        elif tree.__class__ is Cell:
            problem = _cell(document, formula, tree, found)
            if problem:
                problems.append(problem)
    if unknown:
        loose = _loose(formula)
        problems += [_unknown(document, formula, tree, tree.name) for tree in unknown if id(tree) not in loose]


def _loose(formula: Formula) -> set[int]:
    """The names that are compared with elements of a list: these may be any words."""
    loose: set[int] = set()
    for tree in walk(formula.tree):
        if isinstance(tree, Call) and tree.function == "count":
            loose.add(id(tree.arguments[1]))
        if any(isinstance(child, Item) for child in children(tree)):
            loose.update(id(child) for child in children(tree))
    return loose


def _unknown(document: Document, formula: Formula, tree: Tree, name: str) -> Problem:
    if name in document.tables:
        return Problem(f"`{name}` is a table", formula.at(tree), f"read a cell with `{name}.row.column`, or make a choice over its rows")
    known = [*document.inputs, *document.rules, *document.words]
    return Problem(f"unknown name `{plain(name)}`", formula.at(tree), suggest(name, known) or "define it under `inputs:` or `rules:`")


def _cell(document: Document, formula: Formula, tree: Cell, found: dict[str, None]) -> Problem | None:
    name, *rest = tree.path
    if name in document.inputs or name in document.rules:
        found[name] = None
        if len(rest) == 1:
            return None
        return Problem(
            f"`{'.'.join(tree.path)}` has a part too many", formula.at(tree), f"`{name}` picks the row: write `{name}.{rest[-1]}`"
        )
    if name not in document.tables:
        known = [*document.inputs, *document.rules, *document.tables]
        return Problem(f"unknown name `{plain(name)}`", formula.at(tree), suggest(name, known))
    table = document.tables[name]
    if len(rest) == 1:
        return Problem(f"`{'.'.join(tree.path)}` does not say which row", formula.at(tree), f"write `{name}.row.{rest[0]}`")
    if rest[0] not in table.rows:
        return Problem(f"the table `{name}` has no row `{plain(rest[0])}`", formula.at(tree), suggest(rest[0], table.rows))
    if rest[1] not in table.columns:
        return Problem(f"the table `{name}` has no column `{plain(rest[1])}`", formula.at(tree), suggest(rest[1], table.columns))
    return None


def _sort(needs: dict[str, tuple[str, ...]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Names after what they need, and the circles found on the way (without recursion: a chain may be long)."""
    order: list[str] = []
    circles: list[list[str]] = []
    state: dict[str, bool] = {}  # False: on the path; True: done
    for start, first in needs.items():
        if start in state:
            continue
        if all(needed in state for needed in first):  # what it needs stands before it, as it mostly does
            state[start] = True
            order.append(start)
            continue
        state[start] = False
        path = [start]
        stack = [iter(first)]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                done = path.pop()
                state[done] = True
                order.append(done)
            elif step not in state:
                state[step] = False
                path.append(step)
                stack.append(iter(needs[step]))
            elif not state[step]:
                circles.append(path[path.index(step) :])
    return tuple(order), circles


def _circle(items: dict[str, Input | Rule], path: list[str]) -> Problem:
    hops = []
    for name, needed in zip(path, [*path[1:], path[0]], strict=True):
        place = _mention(items[name], needed)
        hops.append(f"`{name}` needs `{needed}` ({plain(place.text.name, 200)}:{place.line})")
    shown = hops if len(hops) <= 12 else [*hops[:8], f"… {len(hops) - 11} more …", *hops[-3:]]
    return Problem(
        "these go in a circle:\n    " + "\n    ".join(shown),
        items[path[0]].place,
        "one of them must be given, or computed from something else",
    )


def _mention(item: Input | Rule, name: str) -> Place:
    for formula in formulas(item):
        for tree in walk(formula.tree):
            if (isinstance(tree, Name) and tree.name == name) or (isinstance(tree, Cell) and tree.path[0] == name):
                return formula.at(tree)
    return item.place
