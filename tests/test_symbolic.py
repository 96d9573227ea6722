"""The algebra against the plan: values by substitution, short forms, derivatives, inverses."""

# ruff: noqa: S311 - random files are the same for the same seed

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_rules
from engine import symbolic
from engine.arithmetic import Undefined
from engine.bodies import Bodies
from engine.document import load
from engine.errors import Place, Text
from engine.evaluate import Given, Values, evaluate
from engine.expand import expand, substitute
from engine.formula import parse, write
from engine.making import TRUE, Maker, names, number
from engine.plan import NOTHING, Absent, Plan, Stop, Wrong
from engine.presets import as_input
from engine.symbolic import Algebra, Beyond, Inverse, collect, derivative, inverse
from engine.tree import Call, Compare, Constant, Fold, Name, Not, Tree
from engine.values import convert

SEEDS = st.integers(0, 10**9)
INPUTS = {
    "x": {"type": "integer", "min": 0},
    "y": {"type": "integer", "min": 1},
    "z": {"type": "integer"},
    "q": {"type": "number", "min": 0},
    "on": {"type": "boolean"},
}
PLAN = random_rules.plan_of({"inputs": INPUTS, "rules": {"r": "x + y"}})
MIXED = random_rules.plan_of({"inputs": random_rules.INPUTS, "tables": random_rules.TABLES, "rules": {"r": "a"}})


def tree(text: str) -> Tree:
    return parse(text, Place(Text("test", text), 1, 1, len(text))).tree


def values_of(plan: Plan, known: dict[str, Any]) -> Values:
    return evaluate(plan, {name: value if isinstance(value, Given) else Given(value, "given") for name, value in known.items()})


def computed(plan: Plan, part: Tree, values: Values) -> Any:
    try:
        return plan.compile(part)([0 if cell is NOTHING else cell for cell in values.cells])
    except (Stop, Wrong, Undefined):
        return None


def test_no_text_becomes_an_expression() -> None:
    """No function that reads text, and one place where symbols are made."""
    code = ast.Module([each for path in Path(symbolic.__file__).parent.glob("*.py") for each in ast.parse(path.read_text()).body], [])
    words = [node.id for node in ast.walk(code) if isinstance(node, ast.Name)] + [
        node.attr for node in ast.walk(code) if isinstance(node, ast.Attribute)
    ]
    assert not {"sympify", "S", "parse_expr", "lambdify", "nsimplify", "symbols", "eval", "simplify", "subs"} & set(words)
    made = [node for node in ast.walk(code) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Symbol"]
    assert len(made) == 1


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_substitution_gives_the_value_of_the_plan(seed: int) -> None:
    """Five trees a time over numbers, words and truth values, up to 10**18."""
    random = Random(seed)
    values = values_of(MIXED, random_rules.given(random))
    known = {name: values[name] for name in random_rules.INPUTS}
    algebra = Algebra(MIXED)
    made = random_rules.Trees(random)
    for _ in range(5):
        part = made.number()
        wanted = computed(MIXED, part, values)
        try:
            expression = algebra.expression(part)
        except Beyond:
            continue
        assert wanted is None or algebra.value(expression, known) == wanted, write(part)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_expressions_become_trees_again(seed: int) -> None:
    random = Random(seed)
    values = values_of(MIXED, random_rules.given(random))
    made = random_rules.Trees(random)
    made.words = ["m"]
    made.word_test = lambda: Name("u")  # type: ignore[method-assign]
    algebra = Algebra(MIXED)
    part = made.number()
    try:
        again = algebra.tree(algebra.expression(part))
    except Beyond:
        return
    wanted = computed(MIXED, part, values)
    if wanted is not None:
        assert computed(MIXED, _truths(again), values) == wanted, f"{write(part)} → {write(again)}"


def _truths(part: Tree) -> Tree:
    """Truth values are compared with 1 in expressions; here they are names again."""

    def leaf(inner: Tree) -> Tree | None:
        if isinstance(inner, Compare) and inner.right == Constant(1) and inner.left in {Name("t"), Name("u")}:
            return inner.left if inner.operator == "==" else Not(inner.left)
        return None

    return Maker(lambda _: False).rebuild(part, leaf)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_short_forms_have_the_same_value(seed: int) -> None:
    random = Random(seed)
    values = values_of(MIXED, random_rules.given(random))
    part = random_rules.Trees(random).number()
    short = collect(part, Algebra(MIXED))
    wanted = computed(MIXED, part, values)
    assert wanted is None or computed(MIXED, short, values) == wanted, f"{write(part)} → {write(short)}"


@pytest.mark.parametrize(
    ("formula", "short"),
    [
        ("2 * x * 4096 * y + 3 * 8 * x * y", "8216 * x * y"),
        ("x * (y + 1) - x * y", "x"),
        ("(x + y)**2 - x**2", "2 * x * y + y**2"),
        ("3 * x + 0.5 * x", "7 * x / 2"),
        ("x / y + z / y", "(x + z) / y"),
        ("ceil(x * 2) + floor(y)", "2 * x + y"),
        ("ceil(x / 2)", "ceil(x / 2)"),
        ("256 * x // 128", "2 * x"),
        ("256 * x % 128", "0"),
        ("round_up(512 * x, 128)", "512 * x"),
        ("max(x, x + y)", "x + y"),
        ("min(x, x + y)", "x"),
        ("max(x * y, x)", "x * y"),
        ("max(7 + x, 7 + z)", "max(x, z) + 7"),
        ("abs(x + y)", "x + y"),
        ("abs(z)", "abs(z)"),
        ("x + x if on else x * 2 + 1", "2 * x if on else 2 * x + 1"),
        ("(x if on else 0) * 2 + (x if on else 0)", "3 * (x if on else 0)"),
        ("10**18 * x + 10**18 * y", "1000000000000000000 * (x + y)"),
        ("x**2 * y / x", "x * y"),
        ("2**x", "2**x"),
        ("10**(10**18)", "10**1000000000000000000"),
        ("1 / 0", "1 / 0"),
        ("x % 0", "x % 0"),
        ("x / -0.5 * y", "-(2 * x * y)"),
        ("abs(-1 / 2 * z)", "abs(-(z / 2))"),
    ],
)
def test_short_forms(formula: str, short: str) -> None:
    assert write(collect(tree(formula), Algebra(PLAN))) == short


def test_large_powers_are_left_alone() -> None:
    for formula in ("(x + y + z + q + 1)**64", "((x + y)**30 + 1)**30", "(((2**64)**64)**64)**64"):
        collect(tree(formula), Algebra(PLAN))


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("3 * x**2 + 2 * x + 7", "6 * x + 2"),
        ("x * y + y", "y"),
        ("y / (x + 1)", "-(y / (x + 1)**2)"),
        ("ceil(x / 3) + round_up(x, 8) + 5 * x", "5"),
        ("x if on else 3 * x", "1 if on else 3"),
        ("max(2 * x, y)", "2 if 2 * x >= y else 0"),
        ("y % 7", "0"),
    ],
)
def test_derivatives(formula: str, slope: str) -> None:
    assert write(derivative(tree(formula), "x", Algebra(PLAN))) == slope


def test_no_derivative_by_an_exponent() -> None:
    with pytest.raises(Beyond):
        derivative(tree("2**x"), "x", Algebra(PLAN))


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_derivative_of_a_square_is_its_middle_slope(seed: int) -> None:
    random = Random(seed)
    terms = [
        Fold(("*", "*"), (Constant(random.randint(-9, 9)), Name("y"), random.choice([Name("x"), tree("x**2"), Constant(1)])))
        for _ in range(4)
    ]
    part = Fold(("+", "-", "+"), tuple(terms))
    slope = derivative(part, "x", Algebra(PLAN))

    def at(inner: Tree, x: int) -> Any:
        return computed(PLAN, inner, values_of(PLAN, {"x": x, "y": 3}))

    assert at(slope, 5) == Fraction(at(part, 6) - at(part, 4), 2)


# Inverses.


@pytest.mark.parametrize(
    ("formula", "operator", "found"),
    [
        ("2 * x * y + z", "<=", "x <= floor((r - z) / (2 * y))"),
        ("2 * x * y + z", ">=", "x >= ceil((r - z) / (2 * y))"),
        ("100 - 2 * x", "<=", "x >= ceil(50 - r / 2)"),
        ("2 * q", "<", "x"),
        ("max(3 * x + 7, y * x)", "<=", "x <= min(floor((r - 7) / 3), floor(r / y))"),
        ("min(3 * x, 2 * x + 100)", "<=", "x <= max(floor(r / 3), floor(r / 2 - 50))"),
        ("ceil(x / 8) * 8", "<=", "x <= 8 * floor(r / 8)"),
        ("round_up(x, 8) * 3", "<=", "x <= 8 * floor(r / 24)"),
        ("x * x", "<=", "x <= isqrt(floor(r)) if floor(r) >= 0"),
        ("x if on else 2 * x", "<=", "x <= floor(r) if on else floor(r / 2)"),
        ("x % 7", "<=", "None"),
        ("x**3", "<=", "None"),
        ("x * ceil(x / 2)", "<=", "None"),
        ("2**x", "<=", "None"),
        ("y", "<=", "None"),
    ],
)
def test_inverses(formula: str, operator: str, found: str) -> None:
    made = inverse(tree(formula), "x", operator, Name("r"), Algebra(PLAN))
    if formula == "2 * q":
        made = inverse(tree(formula), "q", operator, Name("r"), Algebra(PLAN))
        assert made is not None
        assert (made.operator, write(made.bound)) == ("<", "r / 2")
        return
    shown = "None" if made is None else f"x {made.operator} {write(made.bound)}"
    if made is not None and made.conditions:
        shown += " if " + " and ".join(write(condition) for condition in made.conditions)
    assert shown == found


def bound_at(made: Inverse, limit: Any) -> Any:
    """The bound for a number in the place of `r`; None where a condition does not hold."""
    bodies = Bodies(PLAN, fold=True)
    known: dict[str, Tree] = {"r": Constant(limit)}
    if any(substitute(bodies, condition, known) != TRUE for condition in made.conditions):
        return None
    return number(substitute(bodies, made.bound, known))


def rising(random: Random, depth: int) -> Any:
    """A random tree in x of parts that have inverses."""
    if depth == 0:
        return random.choice([Name("x"), Name("x"), Constant(random.randint(0, 50))])
    pick = random.random()

    def part() -> Any:
        return rising(random, depth - 1)

    def factor() -> Tree:
        value: Any = random.choice([1, 2, 3, 7, Fraction(1, 2), Fraction(5, 3)])
        return Constant(value)

    if pick < 0.3:
        return Fold(("+", random.choice("++-")), (part(), part(), Constant(random.randint(0, 20))))
    if pick < 0.5:
        return Fold(("*",), (factor(), part()))
    if pick < 0.65:
        return Call(random.choice(["max", "min"]), (part(), part()))
    if pick < 0.75:
        return Call(random.choice(["ceil", "floor"]), (Fold(("/",), (part(), Constant(random.choice([2, 3, 8])))),))
    if pick < 0.82:
        return Call("round_up", (part(), random.choice([Constant(4), Constant(8), Constant(Fraction(3, 2))])))
    if pick < 0.88:
        return Fold(("//",), (part(), Constant(random.choice([2, 5]))))
    if pick < 0.94:
        return Fold(("*",), (Name("x"), Fold(("+",), (Name("x"), Constant(random.randint(0, 9))))))
    return Fold(("-",), (Constant(random.randint(0, 40)), part()))


HOLDS = {
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
}


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_an_inverse_is_exactly_where_the_bound_holds(seed: int) -> None:
    """For every x up to 40, not only at the bound: f(x) <= c exactly when x <= inverse(c)."""
    random = Random(seed)
    part = rising(random, random.randint(1, 3))
    operator = random.choice(["<=", "<=", "<=", ">=", "<", ">"])
    made = inverse(part, "x", operator, Name("r"), Algebra(PLAN))
    if made is None:
        return
    for limit in (0, 1, 10, Fraction(77, 2), 100, -5):
        bound = bound_at(made, limit)
        if bound is None:
            continue
        for x in range(40):
            value = computed(PLAN, part, values_of(PLAN, {"x": x}))
            assert HOLDS[operator](value, limit) == HOLDS[made.operator](x, bound), (
                f"{write(part)} {operator} {limit}: x {made.operator} {write(made.bound)}"
            )


def test_most_rising_trees_have_an_inverse() -> None:
    random = Random(1)
    trees = [part for part in (rising(random, 2) for _ in range(200)) if "x" in write(part)]
    found = [part for part in trees if inverse(part, "x", "<=", Name("r"), Algebra(PLAN))]
    assert len(found) > 0.6 * len(trees)


def test_an_inverse_of_large_numbers_is_exact() -> None:
    for root in (10**9, 10**15 + 7, 3 * 10**18):
        made = inverse(tree("3 * x * x + 5 * x"), "x", "<=", Name("r"), Algebra(PLAN))
        assert made is not None
        total = 3 * root * root + 5 * root
        assert [bound_at(made, total + step) for step in (-1, 0, 1)] == [root - 1, root, root]


# Whole files.


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_random_files_by_substitution(seed: int) -> None:
    """Closed forms of random rules, put into sympy."""
    random = Random(seed)
    plan = random_rules.plan(random, 5)
    values = values_of(plan, random_rules.given(random))
    algebra = Algebra(plan)
    given_values = {
        name: (0 if values.state(name) is NOTHING else values.state(name))
        for name in plan.slots
        if values.state(name).__class__ is not Absent
    }
    for name, part in expand(Bodies(plan), plan.document.rules, 1500).forms:
        state = values.state(name)
        if state.__class__ is Absent or plan.shapes[name].kind != "number" or not names(part) & plan.slots.keys() <= given_values.keys():
            continue
        try:
            expression = algebra.expression(part)
        except Beyond:
            continue
        assert algebra.value(expression, given_values) == (0 if state is NOTHING else state), f"{name}: {write(part)}"


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_random_files_collected(seed: int) -> None:
    """The short form in what is kept has the value of the plan, also after what is kept has changed."""
    random = Random(seed)
    plan = random_rules.plan(random, 6)
    known = random_rules.given(random)
    keep = [name for name in random_rules.NUMBERS if random.random() < 0.5]
    algebra = Algebra(plan)
    made = expand(Bodies(plan, evaluate(plan, known), keep, fold=True), plan.document.rules, shorten=lambda part: collect(part, algebra))
    values = evaluate(plan, known | {name: value for name, value in random_rules.given(random).items() if name in keep})
    for name, part in (*made.forms, *made.where):
        state = values.state(name)
        if state.__class__ is not Absent:
            assert computed(plan, part, values) == (0 if state is NOTHING else state), f"{name}: {write(part)}"


def shipped() -> list[Path]:
    rules = Path(__file__).resolve().parent.parent / "rules"
    return sorted(path for path in rules.glob("*.yaml") if "\nrules:" in (code := path.read_text()) or "\ninclude:" in code)


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["a tenth", "all"])
@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_rule_by_substitution(path: Path, step: int) -> None:
    """With the inputs of its examples, in sympy and in the plan; closed forms in few names as well."""
    document = load(str(path), examples=True)
    plan = Plan(document)
    algebra, bodies = Algebra(plan), Bodies(plan)
    expressions: dict[str, Any] = {}
    for rule in [*document.rules.values()][::step]:
        for example in rule.examples:
            values = values_of(plan, {name: convert(as_input(plan, name), node) for name, (node, _) in example.given.items()})
            known = {name: 0 if values.state(name) is NOTHING else values.state(name) for name in plan.slots}
            known = {name: value for name, value in known.items() if value.__class__ is not Absent}
            for name in plan.graph.ancestors([rule.name]) & document.rules.keys():
                if name not in known or name in values.given or plan.shapes[name].kind != "number":
                    continue
                if not names(bodies.body(name)) & plan.slots.keys() <= known.keys():
                    continue  # sympy sorts the operands of `and`: what the plan never looks at must be known too
                if name not in expressions:
                    expressions[name] = algebra.expression(bodies.body(name))
                assert algebra.value(expressions[name], known) == known[name], name
            keep = [name for name in ("batch_size", "sequence_length") if name in plan.slots]
            made = expand(Bodies(plan, values, keep, fold=True), [rule.name], shorten=lambda part: collect(part, algebra))
            if rule.name in known and not made.where:
                assert computed(plan, made.forms[0][1], values) == known[rule.name], rule.name
