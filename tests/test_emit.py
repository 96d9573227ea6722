"""What the printers print: text that reads back, LaTeX that is only mathematics, Python that computes the same values."""

# ruff: noqa: S311 - random files are the same for the same seed

from __future__ import annotations

import importlib.util
import re
import sys
from fractions import Fraction
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_rules
from engine import formulas
from engine.document import load
from engine.emit import latex, text
from engine.errors import CommandError, NoAnswer, Place, Text
from engine.evaluate import Given, evaluate
from engine.formula import parse, write
from engine.plan import NOTHING, Absent, Plan
from engine.presets import as_input
from engine.records import Rule
from engine.tree import Tree
from engine.values import convert

ROOT = Path(__file__).resolve().parent.parent
SEEDS = st.integers(0, 10**9)


def tree(formula: str) -> Tree:
    return parse(formula, Place(Text("test", formula), 1, 1, len(formula))).tree


def plan_of(rules: dict[str, Any], **inputs: Any) -> Plan:
    return random_rules.plan_of({"inputs": random_rules.INPUTS | inputs, "tables": random_rules.TABLES, "rules": rules})


def run(code: str) -> dict[str, Any]:
    """The names of a module, from its text."""
    space: dict[str, Any] = {"__name__": "made"}
    exec(compile(code, "made.py", "exec"), space)  # noqa: S102 - the text under test
    return space


def called(code: str, name: str, known: dict[str, Any]) -> Any:
    function = run(code)[name]
    wanted = function.__code__.co_varnames[: function.__code__.co_kwonlyargcount]
    return function(**{key: value for key, value in known.items() if key in wanted})


# Text


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_laid_out_text_reads_back(seed: int) -> None:
    part = random_rules.Trees(Random(seed)).number(6)
    shown = text.laid_out(part, 10)
    line = re.sub(r"\s+", " ", shown).replace("( ", "(").replace(" )", ")")
    if len(line) < 2000:
        assert tree(line) == tree(write(part))


def test_a_long_formula_is_broken_before_operators() -> None:
    formula = " + ".join(f"first_name_{index} * second_name_{index}" for index in range(8))
    lines = text.equation("result", tree(formula)).split("\n")
    assert len(lines) > 1
    assert all(len(line) <= text.WIDTH for line in lines)
    assert all(line.startswith("    + ") for line in lines[1:])


# LaTeX


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("a * b", r"a \cdot b_{x}"),
        ("a / b", r"\frac{a}{b_{x}}"),
        ("a * b / c * d", r"\frac{a \cdot b_{x}}{\mathrm{c}} \cdot \mathrm{d}"),
        ("a / (b * d)", r"\frac{a}{b_{x} \cdot \mathrm{d}}"),
        ("(a // b) * d", r"\left\lfloor \frac{a}{b_{x}} \right\rfloor \cdot \mathrm{d}"),
        ("a - (b - d)", r"a - \left(b_{x} - \mathrm{d}\right)"),
        ("a - b - d", r"a - b_{x} - \mathrm{d}"),
        ("a % b", r"a \bmod b_{x}"),
        ("a * b % d + 1", r"\left(\left(a \cdot b_{x}\right) \bmod \mathrm{d}\right) + 1"),
        ("-2**2", "-2^{2}"),
        ("(-2)**2", r"\left(-2\right)^{2}"),
        ("(a + 1)**2", r"\left(a + 1\right)^{2}"),
        ("(a / b)**2", r"\left(\frac{a}{b_{x}}\right)^{2}"),
        ("a + -b", r"a + \left(-b_{x}\right)"),
        ("a * -b", r"a \cdot \left(-b_{x}\right)"),
        ("1e9 * 0.5", r"10^{9} \cdot 0.5"),
        ("ceil(a / 2)", r"\left\lceil \frac{a}{2} \right\rceil"),
        ("max(a, min(b, 2))", r"\max\left(a, \min\left(b_{x}, 2\right)\right)"),
        ("round_up(a, 8)", r"\left\lceil \frac{a}{8} \right\rceil \cdot 8"),
        ("round_up(a, b + 1)", r"\mathrm{round\_up}\left(a, b_{x} + 1\right)"),
        ("abs(a)", r"\left| a \right|"),
        ("a if m == red else b if t and not u else 0", None),
        ("2 * (a if t else b)", r"2 \cdot \left(\begin{cases} a & \text{if } \mathrm{t} \\ b_{x} & \text{otherwise} \end{cases}\right)"),
        ("m.weight", r"\mathrm{weight}\left(\mathrm{m}\right)"),
        ("sum(items) + items[0]", r"\mathrm{sum}\left(\mathrm{items}\right) + \mathrm{items}_{0}"),
    ],
)
def test_latex(formula: str, shown: str | None) -> None:
    made = formulas.as_written(plan_of({"r": formula}), ["r"], "latex").strip()
    if shown is None:
        shown = (
            r"\begin{cases} a & \text{if } \mathrm{m} = \mathrm{red} \\ "
            r"b_{x} & \text{if } \mathrm{t} \land \lnot \mathrm{u} \\ 0 & \text{otherwise} \end{cases}"
        )
    assert made == rf"\mathrm{{r}} = {shown}"


COMMANDS = set("mathrm frac cdot left right lfloor rfloor lceil rceil bmod max min sqrt begin end text land lor lnot ne le ge quad".split())


def only_mathematics(made: str) -> bool:
    assert set(re.findall(r"\\([A-Za-z]+)", made)) <= COMMANDS, made
    assert not re.search(r"[\x00-\x09\x0b-\x1f%#$~^](?![{])|(?<!\\)_(?!\{)", made), made
    return made.count("{") == made.count("}")


@pytest.mark.parametrize(
    "hostile",
    [r"\write18{id}", r"x}\input{/etc/passwd}", "a_{b}_{c}", "$x$", "x\\", "a%b", "é", "x^2", r"\alpha", "a b", "_a", "}{", "M_{a\n}"],
)
def test_no_command_comes_from_a_file(hostile: str) -> None:
    plan = plan_of(
        {"r": {"formula": "s * 2", "symbol": hostile, "title": hostile, "source": hostile}}, s={"type": "integer", "symbol": hostile}
    )
    made = formulas.as_written(plan, ["r"], "latex")
    assert only_mathematics(made)
    assert made == "\\mathrm{r} = \\mathrm{s} \\cdot 2\n"


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ("M_kv", r"M_{\mathrm{kv}}"),
        ("x", "x"),
        ("t_1", "t_{1}"),
        ("T_{ab}", r"T_{\mathrm{ab}}"),
        ("abc", r"\mathrm{abc}"),
        ("", None),
        ("a__b", None),
    ],
)
def test_symbols(symbol: str, shown: str | None) -> None:
    assert latex.symbol(symbol) == shown


def test_a_symbol_of_two_names_is_of_neither() -> None:
    plan = plan_of({"r": "first + second"}, first={"type": "integer", "symbol": "x"}, second={"type": "integer", "symbol": "x"})
    assert formulas.as_written(plan, ["r"], "latex") == "\\mathrm{r} = \\mathrm{first} + \\mathrm{second}\n"


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_latex_is_only_mathematics(seed: int) -> None:
    part = random_rules.Trees(Random(seed)).number()
    assert only_mathematics(latex.formula(part, latex.symbols({"a": "a", "b": "b_1"})))


# Python


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_python_computes_the_values_of_the_plan(seed: int) -> None:
    """Of every rule of a random file: same value, same type."""
    random = Random(seed)
    plan = random_rules.plan(random)
    known = random_rules.given(random)
    values = evaluate(plan, known)
    code = formulas.as_written(plan, [], "python")
    for name in plan.document.rules:
        state = values.state(name)
        if state.__class__ is not Absent:
            found = called(code, name, {key: each.value for key, each in known.items()})
            wanted = (False if plan.shapes[name].kind == "truth" else 0) if state is NOTHING else state
            assert (found, found.__class__) == (wanted, wanted.__class__), f"{name}: {code}"


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_python_of_closed_forms(seed: int) -> None:
    random = Random(seed)
    plan = random_rules.plan(random, 5)
    known = random_rules.given(random)
    keep = [name for name in random_rules.NUMBERS if random.random() < 0.5]
    values = evaluate(plan, known)
    for code in (
        formulas.expanded(plan, list(plan.document.rules), "python"),
        formulas.expanded(plan, list(plan.document.rules), "python", values, keep),
        formulas.expanded(plan, list(plan.document.rules), "python", values),
    ):
        for name in plan.document.rules:
            state = values.state(name)
            if state.__class__ is not Absent:
                found = called(code, name, {key: values[key] for key in plan.document.inputs if values.has(key)})
                assert found == (0 if state is NOTHING else state), f"{name}: {code}"


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("-2**2", -4),
        ("(-2)**2", 4),
        ("2**-1", Fraction(1, 2)),
        ("7 - (4 - 1)", 4),
        ("8 / (2 * 2)", 2),
        ("8 / 2 * 2", 8),
        ("7 // 2 * 2", 6),
        ("7 // (2 * 2)", 1),
        ("-7 // 2", -4),
        ("-(7 // 2)", -3),
        ("-7 % 3", 2),
        ("7 % 4 % 2", 1),
        ("1 / 3 + 2 / 3", 1),
        ("10**18 / 3 * 3", 10**18),
        ("0.1 * 10", 1),
        ("round_up(5, 0.5)", 5),
        ("round_up(5 / 2, 2)", 4),
        ("ceil(-7 / 2)", -3),
        ("abs(-1 / 2)", Fraction(1, 2)),
        ("1 if not (1 > 2 and 3 > 2) else 0", 1),
        ("(1 if false else 2) * 3", 6),
        ("min(3) * max(1, 2)", 6),
        ("2**3**2", 512),
        ("(2**3)**2", 64),
        ("items[1 + 1] + sum(items) + length(items) + count(items, 3)", 12),
    ],
)
def test_python_precedence(formula: str, wanted: Any) -> None:
    plan = plan_of({"r": formula})
    assert evaluate(plan, {})["r"] == wanted
    found = called(formulas.as_written(plan, ["r"], "python"), "r", {})
    assert (found, found.__class__) == (wanted, wanted.__class__)


def test_python_names_hide_nothing() -> None:
    """Names that are built into Python, or look like those of the module."""
    plan = plan_of(
        {
            "isinstance": "len / 2 + type",
            "getattr": "isinstance // match + print.weight",
            "value": "round_up(getattr, 3) + sum(list) + list[0] + length(list) + count(list, 1)",
            "fraction": "value**type + cache",
            "whole": {"when": "t", "formula": "fraction"},
            "get_whole": "max(whole, id)",
        },
        len={"type": "integer", "default": 7},
        type={"type": "integer", "default": "len - 5"},
        match={"type": "integer", "default": 2},
        print={"type": "choice", "choices": "shades", "default": "blue"},
        list={"type": "list", "default": [1, 2]},
        cache={"type": "integer", "default": 1},
        id={"type": "integer", "default": 1},
    )
    values = evaluate(plan, {})
    code = formulas.as_written(plan, [], "python")
    for name in plan.document.rules:
        assert called(code, name, {}) == values[name]
    assert called(code, "get_whole", {"t": False}) == 1


def test_python_computes_only_what_is_needed() -> None:
    plan = plan_of(
        {"risky": "a / s", "r": "risky if s > 0 else 0", "whole": {"formula": "q + 1"}}, s={"type": "integer"}, q={"type": "integer"}
    )
    code = formulas.as_written(plan, [], "python")
    assert called(code, "r", {"s": 0}) == 0
    with pytest.raises(ZeroDivisionError):
        called(code, "risky", {"s": 0})
    with pytest.raises(TypeError, match="`q` must be given"):
        called(code, "whole", {})


def test_python_text_is_not_code() -> None:
    hostile = '"""\nimport os\n\\"'
    plan = plan_of({"r": {"formula": "a", "title": hostile, "source": hostile}})
    code = formulas.as_written(plan, ["r"], "python")
    assert "\nimport os" not in code
    assert called(code, "r", {"a": 4}) == 4


def shipped() -> list[Path]:
    return sorted(path for path in (ROOT / "rules").glob("*.yaml") if "\nrules:" in (source := path.read_text()) or "\ninclude:" in source)


def imported(code: str, path: Path) -> ModuleType:
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["a tenth", "all"])
@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_python_of_every_shipped_rule(path: Path, step: int, tmp_path: Path) -> None:
    """By its own examples: what is expected, the plan and the generated module agree."""
    document = load(str(path), examples=True)
    plan = Plan(document)
    for rule in [*document.rules.values()][::step]:
        if not rule.examples:
            continue
        module = imported(formulas.as_written(plan, [rule.name], "python"), tmp_path / f"made_{rule.name}.py")
        for example in rule.examples:
            known = {name: convert(as_input(plan, name), node) for name, (node, _) in example.given.items()}
            if any(isinstance(plan.item(name), Rule) for name in known):
                continue
            values = evaluate(plan, {name: Given(value, "given") for name, value in known.items()})
            state = values.state(rule.name)
            function = getattr(module, rule.name)
            wanted = function.__code__.co_varnames[: function.__code__.co_kwonlyargcount]
            assert function(**{name: value for name, value in known.items() if name in wanted}) == (0 if state is NOTHING else state), (
                rule.name
            )


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_rule_is_printed(path: Path) -> None:
    plan = Plan(load(str(path)))
    for name in plan.document.rules:
        assert only_mathematics(formulas.as_written(plan, [name], "latex"))
        assert formulas.as_written(plan, [name]).count(name)


# Questions


def questions() -> Plan:
    return plan_of(
        {
            "area": {"title": "Area", "unit": "square", "source": "a book §1", "formula": "x * (y + 1_000) * shades.red.weight"},
            "cost": {"when": "t", "cases": [{"when": "m == red", "formula": "area * 3"}, {"otherwise": "area + x**2"}]},
            "top": "max(area, cost) + 100",
        },
        x={"type": "integer", "min": 0, "symbol": "x"},
        y={"type": "integer", "min": 1},
    )


def given_values(plan: Plan, **known: Any) -> Any:
    return evaluate(plan, {name: Given(value, "given") for name, value in known.items()})


def test_as_written() -> None:
    assert formulas.as_written(questions(), ["area", "cost"]) == (
        "# Area, square; a book §1\narea = x * (y + 1_000) * shades.red.weight\n\n"
        "cost =\n  area * 3\n    when m == red\n  area + x**2\n    otherwise\n  when t\n"
    )


def test_an_input_as_written() -> None:
    assert formulas.as_written(questions(), ["d"]) == "d = a * 2 + b\n"
    with pytest.raises(CommandError, match="`x` is an input without a formula"):
        formulas.as_written(questions(), ["x"])


def test_expanded() -> None:
    plan = questions()
    assert (
        formulas.expanded(plan, ["top"], values=given_values(plan, x=7, y=5, m="red"), keep=["x", "y"])
        == "top = 12 * x * (y + 1000) + 100\n"
    )
    values = given_values(plan, y=5, m="blue")
    assert formulas.expanded(plan, ["top"], values=values, keep=["x"]) == "top = x**2 + 4020 * x + 100\n"
    assert formulas.expanded(plan, ["area"], "latex", values, ["x"]) == "\\mathrm{area} = 4020 \\cdot x\n"
    assert formulas.expanded(plan, ["cost"], values=values) == "cost = x * (y + 1_000) * 4 + x**2\n"


def test_solved() -> None:
    plan = questions()
    values = given_values(plan, y=5, m="red")
    assert formulas.solved(plan, "top", "x", values=values) == (
        "# The largest x for which top is at most the bound, here called top.\nx = floor((top - 100) / 12060)\n"
    )
    assert called(formulas.solved(plan, "top", "x", "python", values), "x", {"top": 12060 * 9 + 99}) == 8
    assert (
        formulas.solved(plan, "top", "x", "latex", values) == "x \\le \\left\\lfloor \\frac{\\mathrm{top} - 100}{12060} \\right\\rfloor\n"
    )
    found = formulas.closed_form(values, "x", "top", "<=", 10**18)
    assert found is not None
    assert found.value == (10**18 - 100) // 12060
    squared = formulas.closed_form(given_values(plan, y=5, m="blue"), "x", "cost", "<=", 10**18)
    assert squared is not None
    assert squared.value**2 + 2 * 4020 * squared.value > 0
    assert "isqrt" in squared.text


def test_solved_without_inputs() -> None:
    assert formulas.solved(questions(), "area", "x").endswith("x = floor(area / (shades.red.weight * (y + 1000)))\n")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("area", "nothing"), CommandError, "unknown name `nothing`"),
        (("aera", "x"), CommandError, "did you mean `area`"),
        (("area", "m"), CommandError, "not an input that is a number"),
        (("area", "a"), NoAnswer, "does not depend"),
        (("area", "x", "word"), CommandError, "unknown format"),
    ],
)
def test_wrong_questions(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error) as caught:
        formulas.solved(questions(), *arguments)
    assert message in str(caught.value)


def test_unknown_names_are_told_together() -> None:
    with pytest.raises(CommandError) as caught:
        formulas.expanded(questions(), ["one_thing", "another_thing"], keep=["third_thing"])
    assert len(caught.value.problems) == 3
