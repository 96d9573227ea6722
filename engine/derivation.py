"""Why a value is what it is: formula, numbers put in, result, down to the inputs with their origin and source."""

from __future__ import annotations

from typing import Any

from .encode import plain_value, to_json
from .errors import plain
from .evaluate import Values
from .formula import write
from .graph import needed_by
from .named import NamedTuple
from .plan import NOTHING, Absent, Stop, Wrong
from .quantity import grouped, readable
from .tree import Cell, Constant, Formula, Item, Name, Tree, Truth, children, rebuilt


class Line(NamedTuple):
    """One name of a derivation. `state` is its value, `NOTHING` or an `Absent`."""

    name: str
    depth: int
    state: Any
    title: str
    unit: str
    origin: str
    formula: str
    numbers: str
    source: str
    needs: tuple[str, ...]
    repeated: bool


def derive(values: Values, name: str, deepest: int = 50) -> list[Line]:
    """The derivation of a name, every name before what it needs; what was shown before is not shown again."""
    lines: list[Line] = []
    shown: set[str] = set()
    stack = [(name, 0)]
    while stack:
        at, depth = stack.pop()
        line = _line(values, at, depth, at in shown)
        if depth >= deepest:
            line = line._replace(needs=())
        lines.append(line)
        if not line.repeated and depth < deepest:
            stack.extend((needed, depth + 1) for needed in reversed(line.needs))
        shown.add(at)
    return lines


def used(values: Values, names: tuple[str, ...]) -> frozenset[str]:
    """The names, and everything that their values really came from: no case that did not count, no rule that does not apply."""
    seen: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left.extend(_needs(values, name)[0])
    return frozenset(seen)


def _line(values: Values, name: str, depth: int, repeated: bool) -> Line:
    plan = values.plan
    item = plan.item(name)
    state = values.state(name)
    known = values.given.get(name)
    formula, numbers = "", ""
    needs, body = _needs(values, name)
    if body is not None:
        formula = body.text if state is not NOTHING else f"when {body.text}"
        numbers = write(_numbers(values, body.tree)) if state is not NOTHING else ""
    origin = values.origin(name) + (f", {known.where}" if known and known.where else "")
    source = str(item.source) if item.source and known is None else ""
    again = repeated and bool(needs)
    return Line(name, depth, state, item.title, plan.unit(name), origin, formula, numbers, source, () if again else needs, again)


def _needs(values: Values, name: str) -> tuple[tuple[str, ...], Formula | None]:
    """The names a value came from, and the formula that counted."""
    if name in values.given:
        return (), None
    body, deciding = _body(values, name)
    parts = [part for part in (*deciding, body) if part is not None]
    return tuple(dict.fromkeys(needed for part in parts for needed in needed_by(values.plan.document, part))), body


def _body(values: Values, name: str) -> tuple[Formula | None, tuple[Formula, ...]]:
    """The formula that counted (or the condition that did not hold), and the conditions looked at before it."""
    plan = values.plan
    step = plan.step(name)
    deciding: list[Formula] = []
    try:
        if step.when:
            if not plan.compiled(step.when)(values.cells):
                return step.when, ()
            deciding.append(step.when)
        for condition, formula in step.cases:
            if condition is None or plan.compiled(condition)(values.cells):
                return formula, (*deciding, condition) if condition else tuple(deciding)
            deciding.append(condition)
    except (Stop, Wrong):
        return (step.cases[0][1] if step.cases else None), ()
    return None, tuple(deciding)


def _numbers(values: Values, tree: Tree) -> Tree:
    """The tree with the value of each name in its place."""
    if isinstance(tree, Name | Cell | Item):
        return _value(values, tree)
    return rebuilt(tree, tuple(_numbers(values, part) for part in children(tree)))


def _value(values: Values, tree: Tree) -> Tree:
    try:
        value = values.plan.compile(tree)(values.cells)
    except (Stop, Wrong):
        return tree
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, str):
        return Name(plain(value))
    if isinstance(value, tuple):
        return Name("[" + ", ".join(plain(str(element)) for element in value) + "]")
    return Constant(value, grouped(value) if isinstance(value, int) else "")


def shown(state: Any, unit: str) -> str:
    """A state in words: exact digits, and a readable size where that says more."""
    if state is NOTHING:
        return "- (does not apply)"
    if state.__class__ is Absent:
        return "unknown"
    if isinstance(state, bool):
        return "true" if state else "false"
    if isinstance(state, str):
        return plain(state)
    if isinstance(state, tuple):
        return "[" + ", ".join(plain(str(element)) for element in state[:12]) + ("…]" if len(state) > 12 else "]")
    digits, short = grouped(state), readable(state, unit)
    word = f" {unit}s" if unit and not unit.endswith("s") and "/" not in unit and state != 1 else f" {unit}" if unit else ""
    if isinstance(state, int) and len(digits) < 6 and unit != "byte":
        return digits + word
    return f"{digits}{word}" + (f" ({short})" if short.replace(" B", "") != digits else "")


def json_text(lines: list[Line]) -> str:
    """The derivation as JSON: a list of names, each before what it needs."""

    def entry(line: Line) -> dict[str, Any]:
        known = line.state is not NOTHING and line.state.__class__ is not Absent
        found: dict[str, Any] = {"name": line.name, "depth": line.depth, "value": plain_value(line.state) if known else None}
        found |= {"unit": line.unit, "title": line.title, "origin": line.origin, "formula": line.formula, "numbers": line.numbers}
        return found | {"source": line.source, "applies": line.state is not NOTHING, "needs": list(line.needs), "repeated": line.repeated}

    return to_json([entry(line) for line in lines]).rstrip()


HEADERS = ["name", "depth", "value", "unit", "origin", "formula", "numbers", "source"]


def rows(lines: list[Line]) -> list[list[str]]:
    """The derivation as rows under `HEADERS`, for CSV and Markdown."""
    found = []
    for line in lines:
        known = line.state is not NOTHING and line.state.__class__ is not Absent
        value = str(plain_value(line.state)) if known else "-"
        found.append([line.name, str(line.depth), value, line.unit, line.origin, line.formula, line.numbers, line.source])
    return [[plain(part, 600) for part in row] for row in found]


def draw(lines: list[Line]) -> str:
    """The derivation as a tree of text."""
    out: list[str] = []
    for line, (rails, last) in zip(lines, _rails(lines), strict=True):
        head = rails + ("└─ " if last else "├─ ") if line.depth else ""
        below = (rails + ("   " if last else "│  ") if line.depth else "") + ("│  " if line.needs else "   ")
        title = f"  {plain(line.title)}" if line.title else ""
        about = "as above" if line.repeated else line.origin if line.origin != "rule" else ""
        out.append(f"{head}{line.name} = {shown(line.state, line.unit)}{title}" + (f"  [{about}]" if about else ""))
        if line.repeated:
            continue
        if line.formula:
            out.append(f"{below}{'' if line.formula.startswith('when ') else '= '}{plain(line.formula, 600)}")
        if line.numbers and line.numbers != line.formula:
            out.append(f"{below}= {plain(line.numbers, 600)}")
        if line.source:
            out.append(f"{below}source: {plain(line.source, 300)}")
    return "\n".join(out)


def _rails(lines: list[Line]) -> list[tuple[str, bool]]:
    """For each line, what runs down beside it from the lines above, and whether it is the last below its parent."""
    found: list[tuple[str, bool]] = []
    open_at: list[bool] = []  # by depth: whether another line of that depth follows before a shallower one
    for line in reversed(lines):
        depth = line.depth
        del open_at[depth + 1 :]
        open_at += [False] * (depth + 1 - len(open_at))
        found.append(("".join("│  " if another else "   " for another in open_at[1:depth]), not open_at[depth]))
        open_at[depth] = True
    return found[::-1]
