"""MathML: what is typeset, that it is well-formed whatever a file says, and that it fits a line."""

# ruff: noqa: S311 - random files are the same for the same seed
# ruff: noqa: S314 - the text parsed is the program's own output

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_rules
from engine import formulas
from engine.document import load
from engine.emit import mathml
from engine.errors import Place, Text
from engine.evaluate import Given, evaluate
from engine.formula import parse
from engine.plan import Plan
from engine.tree import Call, Cell, Constant, Fold, Name, Tree

ROOT = Path(__file__).resolve().parent.parent
SPACE = "{http://www.w3.org/1998/Math/MathML}"
KNOWN = mathml.symbols({"a": "a", "b": "b_{x}", "c": "not a symbol"})


def tree(formula: str) -> Tree:
    return parse(formula, Place(Text("test", formula), 1, 1, len(formula))).tree


def plan_of(rules: dict[str, Any], **inputs: Any) -> Plan:
    return random_rules.plan_of({"inputs": random_rules.INPUTS | inputs, "tables": random_rules.TABLES, "rules": rules})


def shipped() -> list[Path]:
    """The rules files that stand alone: those people name, and the translations."""
    translations = (path for path in (ROOT / "rules/huggingface").glob("*.yaml") if "\nreads:" in path.read_text(encoding="utf-8"))
    return [ROOT / "rules/transformer.yaml", ROOT / "rules/compute_gauge.yaml", *sorted(translations)]


def short(text: str) -> str:
    """The elements without what only groups or places them."""
    return re.sub(r"</?mrow>| (?:form|style|displaystyle)=\"[^\"]*\"", "", text).replace("\u00a0", "~")


A, B, C = "<mi>a</mi>", "<msub><mi>b</mi><mi>x</mi></msub>", "<mi>count~c</mi>"

CASES = (
    f"<mo>{{</mo><mtable><mtr><mtd>{A}</mtd><mtd><mtext>if~</mtext><mi>kind</mi><mo>=</mo><mi>red</mi></mtd></mtr>"
    f"<mtr><mtd>{B}</mtd><mtd><mtext>if~</mtext><mi>true</mi></mtd></mtr>"
    "<mtr><mtd><mn>0</mn></mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable>"
)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("a * b", f"{A}<mo>⋅</mo>{B}"),
        ("count_c", C),
        ("z", '<mi mathvariant="normal">z</mi>'),
        ("a / b", f"<mfrac>{A}{B}</mfrac>"),
        ("a / b / 2", f"<mfrac>{A}{B}<mo>⋅</mo><mn>2</mn></mfrac>"),
        ("a * b / count_c * 2", f"<mfrac>{A}<mo>⋅</mo>{B}{C}</mfrac><mo>⋅</mo><mn>2</mn>"),
        ("a // 2", f"<mo>⌊</mo><mfrac>{A}<mn>2</mn></mfrac><mo>⌋</mo>"),
        ("a % 2", f"{A}<mtext>~mod~</mtext><mn>2</mn>"),
        ("a - (b - 1)", f"{A}<mo>\u2212</mo><mo>(</mo>{B}<mo>\u2212</mo><mn>1</mn><mo>)</mo>"),
        ("a - b - 1", f"{A}<mo>\u2212</mo>{B}<mo>\u2212</mo><mn>1</mn>"),
        ("a * -b", f"{A}<mo>⋅</mo><mo>(</mo><mo>\u2212</mo>{B}<mo>)</mo>"),
        ("-2**2", "<mo>\u2212</mo><msup><mn>2</mn><mn>2</mn></msup>"),
        ("(a + 1)**2", f"<msup><mo>(</mo>{A}<mo>+</mo><mn>1</mn><mo>)</mo><mn>2</mn></msup>"),
        ("1e9 * 0.5", "<msup><mn>10</mn><mn>9</mn></msup><mo>⋅</mo><mn>0.5</mn>"),
        ("2.5e9", "<mn>2.5</mn><mo>⋅</mo><msup><mn>10</mn><mn>9</mn></msup>"),
        ("1_000 + 12345", "<mn>1000</mn><mo>+</mo><mn>12\u202f345</mn>"),
        ("ceil(a / 2)", f"<mo>⌈</mo><mfrac>{A}<mn>2</mn></mfrac><mo>⌉</mo>"),
        ("abs(a)", f"<mo>|</mo>{A}<mo>|</mo>"),
        ("round_up(a, 8)", f"<mo>⌈</mo><mfrac>{A}<mn>8</mn></mfrac><mo>⌉</mo><mo>⋅</mo><mn>8</mn>"),
        ("round_up(a, b + 1)", f"<mi>round~up</mi><mo>(</mo>{A}<mo>,</mo>{B}<mo>+</mo><mn>1</mn><mo>)</mo>"),
        ("max(a, 2)", f"<mi>max</mi><mo>(</mo>{A}<mo>,</mo><mn>2</mn><mo>)</mo>"),
        ("sum(items)", "<mi>sum</mi><mo>(</mo><mi>items</mi><mo>)</mo>"),
        ("items[0]", "<msub><mi>items</mi><mn>0</mn></msub>"),
        ("kind.weight", "<msub><mi>weight</mi><mi>kind</mi></msub>"),
        ("shades.red.weight", "<msub><mi>weight</mi><mi>shades</mi><mo>,</mo><mi>red</mi></msub>"),
        ("a != 1 and not t1", f"{A}<mo>≠</mo><mn>1</mn><mtext>~and~</mtext><mtext>not~</mtext><mi>t1</mi>"),
        ("a if kind == red else b if true else 0", CASES),
    ],
)
def test_formulas(formula: str, shown: str) -> None:
    made = mathml.formula(tree(formula), KNOWN)
    ET.fromstring(made)
    assert short(made) == shown


def rows(made: str) -> list[list[str]]:
    """The texts of the cells of the outer table."""
    table = ET.fromstring(made)[0]
    return [["".join(cell.itertext()).replace("\u00a0", " ") for cell in row] for row in table]


def test_equations_are_lines() -> None:
    long = " + ".join(f"first_name_{index} * second_name_{index}" for index in range(8))
    found = rows(mathml.document([("result", tree(long))]))
    assert [name for name, _ in found] == ["result"] + [""] * (len(found) - 1)
    assert len(found) > 2
    assert found[0][1].startswith("=first name 0⋅second name 0+")
    assert all(side.startswith("+") for _, side in found[1:])
    assert all(len(side) < mathml.WIDTH / 10 for _, side in found)


def test_what_holds_and_where() -> None:
    conditional = tree("a + 1 if t else 0")
    assert rows(mathml.document([("x", conditional)], [("t", tree("a > 2 or not u"))], KNOWN)) == [
        ["x", "=a+1"],
        ["", "if t, otherwise 0"],
        ["where", ""],
        ["t", "⇔a>2 or not u"],
    ]
    assert rows(mathml.document([("x", tree("a"))], (), KNOWN, "<=", [tree("a > 1")])) == [["x", "≤a"], ["", "if a>1"]]


def test_no_line_begins_with_a_space() -> None:
    condition = " and ".join(f"first_name_{index} == second_name_{index}" for index in range(8))
    made = mathml.formula(tree(f"1 if {condition} else 0"))
    assert "<mtext>and\u00a0</mtext>" in made
    assert all(not (cell[0].text or "").startswith("\u00a0") for cell in ET.fromstring(made).iter("mtd") if len(cell))


HOSTILE = ["</math><script>alert(1)</script>", '"onload="x', "&amp;&lt;", "]]>", "\x00\x1b[31m\u202e", "<!--", "'", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_texts(text: str) -> None:
    part = Fold(
        ("+", "+", "+"),
        (Name(text), Cell((text, text)), Call(text, (Name(text),)), Constant(2, text)),
    )
    made = mathml.document([(text, part)], [(text, part)])
    found = ET.fromstring(made)
    assert {element.tag.removeprefix(SPACE) for element in found.iter()} <= ELEMENTS
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", made)


@pytest.mark.parametrize("hostile", ["</mi><script>", "x}", "M_<b>", "&", "a b", "_a", "λ"])
def test_symbols_of_a_file_are_letters_and_digits(hostile: str) -> None:
    plan = plan_of({"r": {"formula": "s * 2", "symbol": hostile, "title": hostile}}, s={"type": "integer", "symbol": hostile})
    assert rows(formulas.as_written(plan, ["r"], "mathml")) == [["r", "=s⋅2"]]


ELEMENTS = set("math mtable mtr mtd mrow mi mn mo mtext mfrac msub msup msqrt".split())
ATTRIBUTES = set("display displaystyle style form mathvariant".split())


def well_formed(made: str) -> None:
    root = ET.fromstring(made)
    for element in root.iter():
        tag = element.tag.removeprefix(SPACE)
        assert tag in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert tag not in {"mfrac", "msub", "msup"} or len(element) == 2, made
        assert not (element.tail or "").strip()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_random_trees_are_well_formed(seed: int) -> None:
    trees = random_rules.Trees(Random(seed))
    well_formed(mathml.document([("a", trees.number(6))], [("b", trees.truth(4))], KNOWN))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_rule_is_well_formed(path: Path) -> None:
    plan = Plan(load(str(path)))
    if plan.document.rules:
        well_formed(formulas.as_written(plan, [], "mathml"))


def test_questions() -> None:
    plan = plan_of({"r": "x * 3 + 12 if m == red else x**2"}, x={"type": "integer", "min": 0, "symbol": "x"})
    values = evaluate(plan, {"m": Given("red", "given")})
    assert rows(formulas.expanded(plan, ["r"], "mathml", values, ["x"])) == [["r", "=3⋅x+12"]]
    assert rows(formulas.solved(plan, "r", "x", "mathml", values)) == [["x", "≤⌊r3\u22124⌋"]]
