"""The dimension of a tree, and whether a formula is a number, a truth value, a word or a list.

`byte`, `second` and `flop` are dimensions; every other unit is a count, a plain number whose word is only printed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from . import arithmetic
from .errors import Problem, RulesError, plain, suggest
from .formula import write
from .graph import Graph
from .named import NamedTuple
from .quantity import Number
from .records import Document, Input, Lever, Rule, Shape, table_of
from .tree import (
    Call,
    Cell,
    Choose,
    Compare,
    Constant,
    Fold,
    Formula,
    Item,
    Logic,
    Name,
    Negative,
    Not,
    Patterned,
    Power,
    Tree,
    Truth,
)

BASE = ("byte", "second", "flop")
Dimension = tuple[int, int, int]
COUNT: Dimension = (0, 0, 0)
_PART = re.compile(r"\s*([*/]?)\s*([A-Za-z_][A-Za-z0-9_]*|1)(?:\*\*([0-9]))?\s*")
_LONGEST = 40


TRUTH = Shape("truth")
LIST = Shape("list")
ELEMENT = Shape("element")
PLAIN = Shape("number")
ZERO = Shape("number", None)


def dimension(unit: str) -> Dimension:
    """The dimension of a unit's text, such as `byte/second`.

    Raises:
        ValueError: when it is not a unit.
    """
    if not unit:
        return COUNT
    if len(unit) > _LONGEST:
        raise ValueError(f"a unit has at most {_LONGEST} characters")
    powers = [0, 0, 0]
    position = 0
    while position < len(unit):
        found = _PART.match(unit, position)
        if not found or (position > 0) == (not found[1]):
            raise ValueError("a unit is words joined by `*` and `/`, such as `byte/second`")
        sign = -1 if found[1] == "/" else 1
        word = found[2]
        if word in BASE:
            powers[BASE.index(word)] += sign * int(found[3] or 1)
        elif word.rstrip("s") in BASE or word in {
            "B",
            "bytes",
            "KiB",
            "MiB",
            "GiB",
            "TiB",
            "KB",
            "kB",
            "MB",
            "GB",
            "TB",
            "sec",
            "secs",
            "s",
        }:
            base = word.rstrip("s") if word.rstrip("s") in BASE else "second" if word[0] == "s" else "byte"
            raise ValueError(f"write `{base}`: units here are {', '.join(BASE)} and words that count")
        position = found.end()
    return powers[0], powers[1], powers[2]


def spell(of: Dimension | None) -> str:
    """A dimension in words."""
    if not of or not any(of):
        return "a plain number"
    above = [f"{word}{f'**{power}' if power > 1 else ''}" for word, power in zip(BASE, of, strict=True) if power > 0]
    below = [f"{word}{f'**{-power}' if power < -1 else ''}" for word, power in zip(BASE, of, strict=True) if power < 0]
    return (" * ".join(above) or "1") + "".join(f"/{word}" for word in below)


class Shapes(NamedTuple):
    """The shape of every name, and what is accepted with a warning."""

    of: dict[str, Shape]
    warnings: tuple[Problem, ...]


def infer(graph: Graph) -> Shapes:
    """Find the shape of every input and rule.

    Raises:
        RulesError: with everything that does not fit.
    """
    checker = _Checker(graph.document)
    for name in graph.order:
        item = graph.document.inputs.get(name) or graph.document.rules[name]
        checker.shapes[name] = checker.input(item) if isinstance(item, Input) else checker.rule(item)
    for check in graph.document.checks:
        checker.want(check.when, check.when.tree, "truth")
    for lever in graph.document.levers:
        checker.lever(lever)
    report = graph.document.report
    ends = [name for each in report.beside for name in (each.low, each.high)]
    for name in (report.total, report.budget, *ends):
        if name and checker.shapes[name].kind != "number":
            checker.problems.append(Problem(f"`{name}` is not a number", report.place))
    for name in ends:
        found, wanted = checker.shapes[name].dimension, checker.shapes[report.total].dimension
        if None not in {found, wanted} and found != wanted:
            message = f"`{name}` stands beside `{report.total}`, which is {spell(wanted)}, and is {spell(found)}"
            checker.problems.append(Problem(message, report.place))
    if checker.problems:
        raise RulesError(*checker.problems, *checker.warnings)
    return Shapes(checker.shapes, tuple(checker.warnings))


class _Checker:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.shapes: dict[str, Shape] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.formula: Formula
        self.alike: dict[tuple[int, ...], Shape] = {}  # by pattern and shapes of the names, which the document and `shapes` keep
        self.read_before: dict[int, Shape] = {}  # by tree: formulas with the same text share theirs

    def _declared(self, item: Input | Rule) -> Dimension | None:
        """The dimension an item says it has; None when that is no unit."""
        try:
            return dimension(item.unit)
        except ValueError as error:
            place = item.unit_place if isinstance(item, Rule) and item.unit_place else item.place
            self.problems.append(Problem(f"unit `{plain(item.unit, 40)}`: {error}", place))
            return None

    def input(self, item: Input) -> Shape:
        declared = self._declared(item)
        number = PLAIN if declared == COUNT else Shape("number", declared)
        kinds = {"integer": number, "number": number, "boolean": TRUTH, "list": LIST}
        words = frozenset(str(word) for word in item.choices) | ({item.otherwise} if item.otherwise else set())
        shape = kinds.get(item.type) or Shape("word", COUNT, words)
        if isinstance(item.default, Formula):
            self.suits(item.default, shape, declared, f"the default of `{item.name}`", item.name)
        return shape

    def suits(self, formula: Formula, shape: Shape, declared: Dimension | None, what: str, name: str) -> None:
        """Make sure that a formula gives values of an input; `what` is the value in words, and `name` the input."""
        found = self.read(formula, formula.tree)
        if found.kind not in {shape.kind, "element"}:
            self._say(formula, formula.tree, f"{what} is {_kind(found)}, and it is {_kind(shape)}")
        elif shape.kind == "number" and declared is not None and found.dimension not in {None, declared}:
            self._say(formula, formula.tree, f"{what} is {spell(found.dimension)}, and its unit is {spell(declared)}")
        elif shape.kind == "word" and not found.words <= shape.words:
            extra = sorted(found.words - shape.words)
            self._say(formula, formula.tree, f"`{plain(extra[0])}` is not a choice of `{name}`", suggest(extra[0], shape.words))

    def lever(self, lever: Lever) -> None:
        """Make sure that the condition of a lever is one, and that what it sets are values of the inputs."""
        if lever.when:
            self.want(lever.when, lever.when.tree, "truth")
        seen: set[int] = set()
        changes = [(name, value) for step in lever.steps for name, value in step.items()]
        for name, value in [*changes, (lever.largest, lever.least)]:
            if isinstance(value, Formula) and id(value) not in seen:
                seen.add(id(value))
                shape = self.shapes[name]
                self.suits(value, shape, shape.dimension, f"what the lever `{lever.name}` sets `{name}` to", name)

    def rule(self, item: Rule) -> Shape:
        if item.when:
            self.want(item.when, item.when.tree, "truth")
        found: list[tuple[Formula, Shape]] = []
        for case in item.cases:
            if case.when:
                self.want(case.when, case.when.tree, "truth")
            found.append((case.formula, self.whole(case.formula)))
        if not found:
            return PLAIN
        shape = found[0][1]
        for formula, other in found[1:]:
            self.formula = formula
            shape = self._join(formula.tree, shape, other, "the cases before are", "this one is")
        if not item.unit:
            return shape
        declared = self._declared(item)
        if declared is None:
            return shape
        if shape.kind != "number":
            if any(declared):
                self._say(
                    item.cases[0].formula,
                    item.cases[0].formula.tree,
                    f"the unit of `{item.name}` is {spell(declared)}, and its formula is {_kind(shape)}",
                )
            return shape
        if shape.dimension is not None and shape.dimension != declared:
            formula = item.cases[0].formula
            if any(shape.dimension):
                self._say(
                    formula, formula.tree, f"`{item.name}` has the unit `{plain(item.unit)}`, and its formula is {spell(shape.dimension)}"
                )
            else:
                hint = "multiply by what carries the unit, such as a cell of a table"
                message = f"`{item.name}` has the unit `{plain(item.unit)}`, and its formula is a plain number, taken as {spell(declared)}"
                self.warnings.append(Problem(message, formula.at(formula.tree), hint, "warning"))
        return Shape("number", declared)

    def _say(self, formula: Formula, tree: Tree, message: str, hint: str = "") -> None:
        self.problems.append(Problem(message, formula.at(tree), hint))

    def want(self, formula: Formula, tree: Tree, kind: str) -> Shape:
        """The shape of a part that must be of this kind."""
        self.formula = formula
        found = self.whole(formula) if tree is formula.tree else self.read(formula, tree)
        if found.kind == kind or (found.kind == "element" and kind in {"number", "word"}):
            return found
        wanted = {"number": "a number", "truth": "true or false", "word": "a word", "list": "a list"}[kind]
        hint = "compare it: `name == word`, `name > 0`" if kind == "truth" else "write `1 if … else 0`" if found.kind == "truth" else ""
        self._say(formula, tree, f"{wanted} is needed here; `{plain(write(tree))}` is {_kind(found)}", hint)
        return Shape(kind, None)

    def whole(self, formula: Formula) -> Shape:
        """The shape of a whole formula."""
        alike = self._alike(formula)
        if alike is not None and (known := self.alike.get(alike)) is not None:
            return known
        shape = self.read_before.get(id(formula.tree))
        if shape is None:
            before = len(self.problems) + len(self.warnings)
            shape = self.read(formula, formula.tree)
            shape = PLAIN if shape == PLAIN else shape
            if len(self.problems) + len(self.warnings) == before:
                self.read_before[id(formula.tree)] = shape
                if alike is not None:
                    self.alike[alike] = shape
        return shape

    def _alike(self, formula: Formula) -> tuple[int, ...] | None:
        """What formulas have in common that have one shape: their pattern, and the shapes of what they name."""
        if formula.__class__ is not Patterned or (reads := formula.pattern.reads) is None:
            return None
        names, shapes = formula.names, self.shapes
        try:
            return id(formula.pattern), *[id(shapes[names[index]]) for index in reads]
        except KeyError:  # a word
            return None

    def _join(self, tree: Tree, left: Shape, right: Shape, first: Tree | str, second: Tree | str) -> Shape:
        """The shape that both are, or a problem with both sides shown. `first` and `second` say what they are."""
        if left == right and left.kind == "number":
            return left
        first, second = (part if isinstance(part, str) else f"`{plain(write(part), 60)}` is" for part in (first, second))
        if "element" in (left.kind, right.kind):
            return right if left.kind == "element" else left
        if left.kind != right.kind:
            self._say(self.formula, tree, f"{first} {_kind(left)}, {second} {_kind(right)}")
            return left
        if left.kind == "word":
            return Shape("word", COUNT, left.words | right.words)
        if left.dimension is None or right.dimension is None:
            return Shape(left.kind, right.dimension if left.dimension is None else left.dimension)
        if left.dimension != right.dimension:
            self._say(
                self.formula, tree, f"{first} {spell(left.dimension)}, {second} {spell(right.dimension)}", "both sides need the same unit"
            )
        return left

    def read(self, formula: Formula, tree: Tree) -> Shape:
        """The shape of a tree."""
        self.formula = formula
        return _SHAPES[tree.__class__](self, formula, tree)

    def read_constant(self, formula: Formula, tree: Constant) -> Shape:
        return PLAIN if tree.value else ZERO

    def read_truth(self, formula: Formula, tree: Truth) -> Shape:
        return TRUTH

    def read_name(self, formula: Formula, tree: Name) -> Shape:
        return self.shapes.get(tree.name) or Shape("word", COUNT, frozenset({tree.name}))

    def read_fold(self, formula: Formula, tree: Fold) -> Shape:
        return self._sum(formula, tree, tree.operands) if tree.operators[0] in "+-" else self._product(formula, tree)

    def read_negative(self, formula: Formula, tree: Negative) -> Shape:
        return self.want(formula, tree.operand, "number")

    def read_logic(self, formula: Formula, tree: Logic) -> Shape:
        for operand in tree.operands:
            self.want(formula, operand, "truth")
        return TRUTH

    def read_not(self, formula: Formula, tree: Not) -> Shape:
        return self.want(formula, tree.operand, "truth")

    def read_choose(self, formula: Formula, tree: Choose) -> Shape:
        self.want(formula, tree.condition, "truth")
        first, second = self.read(formula, tree.yes), self.read(formula, tree.no)
        return self._join(tree, first, second, tree.yes, tree.no)

    def read_item(self, formula: Formula, tree: Item) -> Shape:
        self.want(formula, tree.listed, "list")
        self.want(formula, tree.position, "number")
        return ELEMENT

    def read_cell(self, formula: Formula, tree: Cell) -> Shape:
        name, *rest = tree.path
        if len(rest) == 2:
            column = self.document.tables[name].columns[rest[1]]
        else:
            owner = self.document.inputs.get(name)
            table = self.document.tables.get(owner.table) if owner else table_of(self.document, self.shapes[name].words)
            if table is None:
                self._say(formula, tree, f"`{name}` is not a row of a table", "the dot reads a column of the table a choice stands for")
                return Shape("number", None)
            if rest[0] not in table.columns:
                self._say(formula, tree, f"the table `{table.name}` has no column `{plain(rest[0])}`", suggest(rest[0], table.columns))
                return Shape("number", None)
            column = table.columns[rest[0]]
        if column.truth:
            return TRUTH
        try:
            return Shape("number", dimension(column.unit))
        except ValueError as error:
            self._say(formula, tree, f"unit `{plain(column.unit, 40)}`: {error}")
            return PLAIN

    def _sum(self, formula: Formula, tree: Tree, operands: tuple[Tree, ...]) -> Shape:
        shape = self.want(formula, operands[0], "number")
        for before, operand in itertools.pairwise(operands):
            found = self.want(formula, operand, "number")
            self.formula = formula
            shape = self._join(operand, shape, found, before, operand)
        return shape

    def _product(self, formula: Formula, tree: Fold) -> Shape:
        powers = [0, 0, 0]
        none = False
        for operator, operand in zip(("*", *tree.operators), tree.operands, strict=True):
            found = self.want(formula, operand, "number").dimension
            none = none or (found is None and operator == "*")
            if operator == "%":
                if found is not None and tuple(powers) != found:
                    self._say(
                        formula,
                        tree,
                        f"a remainder of {spell((powers[0], powers[1], powers[2]))} by {spell(found)}",
                        "both sides need the same unit",
                    )
                continue
            sign = 1 if operator == "*" else -1
            powers = [power + sign * other for power, other in zip(powers, found or COUNT, strict=True)]
        return Shape("number", None if none else (powers[0], powers[1], powers[2]))

    def read_power(self, formula: Formula, tree: Power) -> Shape:
        base = self.want(formula, tree.base, "number")
        exponent = self.want(formula, tree.exponent, "number")
        if exponent.dimension is not None and any(exponent.dimension):
            self._say(
                formula, tree.exponent, f"an exponent is a plain number; `{plain(write(tree.exponent))}` is {spell(exponent.dimension)}"
            )
        size = _written(tree.exponent)
        if size is not None and (not isinstance(size, int) or abs(size) > 64):
            self._say(formula, tree.exponent, "an exponent is a whole number of at most 64 in size")
            return base
        if base.dimension is None or not any(base.dimension):
            return PLAIN
        if size is None:
            self._say(
                formula, tree.exponent, f"`{plain(write(tree.base))}` is {spell(base.dimension)}: its exponent must be written as a number"
            )
            return base
        a, b, c = base.dimension
        return Shape("number", (a * int(size), b * int(size), c * int(size)))

    def read_compare(self, formula: Formula, tree: Compare) -> Shape:
        left, right = self.read(formula, tree.left), self.read(formula, tree.right)
        self.formula = formula
        if "word" in (left.kind, right.kind) and "element" not in (left.kind, right.kind):
            self._words(formula, tree, left, right)
        else:
            if tree.operator not in {"==", "!="} and (left.kind not in {"number", "element"} or right.kind not in {"number", "element"}):
                self._say(formula, tree, f"`{tree.operator}` compares numbers; here are {_kind(left)} and {_kind(right)}")
                return TRUTH
            self._join(tree, left, right, tree.left, tree.right)
        return TRUTH

    def _words(self, formula: Formula, tree: Compare, left: Shape, right: Shape) -> None:
        if left.kind != right.kind or tree.operator not in {"==", "!="}:
            self._say(
                formula,
                tree,
                f"`{tree.operator}` cannot compare {_kind(left)} with {_kind(right)}",
                "words are compared with `==` and `!=`",
            )
            return
        if not left.words & right.words:
            owner, word = (tree.left, tree.right) if len(right.words) == 1 else (tree.right, tree.left)
            words = left.words if owner is tree.left else right.words
            self._say(
                formula,
                word,
                f"`{plain(write(word))}` is not a choice of `{plain(write(owner))}`",
                suggest(write(word), words) or "it is one of " + ", ".join(sorted(words)[:12]),
            )

    def read_call(self, formula: Formula, tree: Call) -> Shape:
        name, arguments = tree.function, tree.arguments
        if name in {"sum", "length", "count"}:
            self.want(formula, arguments[0], "list")
            if name == "count" and self.read(formula, arguments[1]).kind not in {"number", "word", "element"}:
                self._say(formula, arguments[1], "`count` looks for a number or a word")
            return PLAIN
        shapes = [self.want(formula, argument, "number") for argument in arguments]
        self.formula = formula
        if name in {"min", "max", "round_up"}:
            shape = shapes[0]
            for before, argument, found in zip(arguments, arguments[1:], shapes[1:], strict=False):
                if name == "round_up" and found.dimension is not None and not any(found.dimension):
                    continue
                shape = self._join(argument, shape, found, before, argument)
            return shape
        if name in {"ceil", "floor"} and shapes[0].dimension is not None and any(shapes[0].dimension):
            message = f"`{name}` of {spell(shapes[0].dimension)} depends on the unit it is counted in"
            self.warnings.append(Problem(message, formula.at(tree), "write `round_up(x, multiple)`", "warning"))
        return shapes[0]


_SHAPES: dict[type, Callable[[_Checker, Formula, Any], Shape]] = {
    Constant: _Checker.read_constant,
    Truth: _Checker.read_truth,
    Name: _Checker.read_name,
    Cell: _Checker.read_cell,
    Fold: _Checker.read_fold,
    Power: _Checker.read_power,
    Negative: _Checker.read_negative,
    Compare: _Checker.read_compare,
    Logic: _Checker.read_logic,
    Not: _Checker.read_not,
    Choose: _Checker.read_choose,
    Item: _Checker.read_item,
    Call: _Checker.read_call,
}


def _written(tree: Tree) -> Number | None:
    """The number a tree is, when it is one."""
    match tree:
        case Constant(value):
            return value
        case Negative(operand):
            inner = _written(operand)
            return None if inner is None else -inner
        case Fold(operators, operands):
            first, *rest = (_written(operand) for operand in operands)
            try:
                for operator, other in zip(operators, rest, strict=True):
                    first = None if first is None or other is None else arithmetic.BY_SIGN[operator](first, other)
            except arithmetic.Undefined:
                return None
            return first
    return None


def _kind(shape: Shape) -> str:
    if shape.kind == "word":
        words = sorted(shape.words)
        return f"the word `{plain(words[0])}`" if len(words) == 1 else "a word"
    if shape.kind == "number":
        return spell(shape.dimension) if shape.dimension and any(shape.dimension) else "a number"
    return {"truth": "true or false", "list": "a list", "element": "an element of a list"}[shape.kind]
