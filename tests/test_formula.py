"""Formulas: what is read and as what, and what is refused, where, and what to write instead."""

from __future__ import annotations

import ast
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, somewhere
from engine import library
from engine.errors import Place, RulesError, Text
from engine.formula import _Reader, parse, write
from engine.graph import formulas
from engine.tree import Choose, Compare, Constant, Fold, Formula, Item, Logic, Name, Negative, Not, Patterned, Power, Tree, Truth, walk
from formulas_at_random import numbers

A, B, C = Name("a"), Name("b"), Name("c")
ONE, TWO = Constant(1), Constant(2)

TREES: list[tuple[str, Tree]] = [
    ("a", A),
    ("true", Truth(True)),
    ("a + b - c", Fold(("+", "-"), (A, B, C))),
    ("a - (b - c)", Fold(("-",), (A, Fold(("-",), (B, C))))),
    ("(a - b) - c", Fold(("-", "-"), (A, B, C))),
    ("a * b / c", Fold(("*", "/"), (A, B, C))),
    ("a / (b * c)", Fold(("/",), (A, Fold(("*",), (B, C))))),
    ("a + b * c", Fold(("+",), (A, Fold(("*",), (B, C))))),
    ("-a**2", Negative(Power(A, TWO))),
    ("(-a)**2", Power(Negative(A), TWO)),
    ("a**b**c", Power(A, Power(B, C))),
    ("a**-1", Power(A, Negative(ONE))),
    ("+a", A),
    ("-a * b", Fold(("*",), (Negative(A), B))),
    ("not a and b or c", Logic("or", (Logic("and", (Not(A), B)), C))),
    ("not a == b", Not(Compare("==", A, B))),
    ("1 if a else 2 if b else c", Choose(A, ONE, Choose(B, TWO, C))),
    ("a[b + 1]", Item(A, Fold(("+",), (B, ONE)))),
    ("  a\n  + b ", Fold(("+",), (A, B))),
    ("1_000.50e1", Constant(10005)),
]

WRITTEN = [
    # text, as it is written again
    ("a+b*c", "a + b * c"),
    ("((a))", "a"),
    ("(a+b)*c", "(a + b) * c"),
    ("a-(b-c)", "a - (b - c)"),
    ("a/(b*c)", "a / (b * c)"),
    ("(a*b)/c", "a * b / c"),
    ("-(a+b)", "-(a + b)"),
    ("(-a)**2", "(-a)**2"),
    ("-a**2", "-a**2"),
    ("(a**b)**c", "(a**b)**c"),
    ("a**(b**c)", "a**b**c"),
    ("not (a and b)", "not (a and b)"),
    ("(a or b) and c", "(a or b) and c"),
    ("(a if b else c) + 1", "(a if b else c) + 1"),
    ("(a == b) == c", "(a == b) == c"),
    ("max( a,b , 0.10)", "max(a, b, 0.10)"),
    ("xs [ 0 ]", "xs[0]"),
    ("t . row . column", "t.row.column"),
]

WRONG = [
    # text, part of the message, column and length of the mark, part of the hint
    ("", "the formula is empty", 1, 1, "such as"),
    ("2 ^ 3", "`^`", 3, 1, "`**`"),
    ("a = b", "`=`", 3, 1, "`==`"),
    ("a & b", "`&`", 3, 1, "`and`"),
    ("a | b", "`|`", 3, 1, "`or`"),
    ("~a", "`~`", 1, 1, "`not`"),
    ("!a", "`!`", 1, 1, "`not`"),
    ("a == 'b'", "`'`", 6, 1, "without quotes"),
    ("{a}", "`{`", 1, 1, "no templates"),
    ("a; b", "`;`", 2, 1, "one expression"),
    ("a # b", "`#`", 3, 1, "comment"),
    ("a \u2212 b", "`\u2212`", 3, 1, "Unicode minus"),
    ("a \u00d7 b", "`\u00d7`", 3, 1, "`*`"),
    ("a\u00a0+ b", "has no meaning", 2, 1, "no-break space"),
    ("a \u2264 b", "`\u2264`", 3, 1, "`<=`"),
    ("\U0001d41a", "has no meaning", 1, 1, "ASCII"),
    ("(a", "this bracket is not closed", 1, 1, "`)`"),
    ("a[1", "this bracket is not closed", 2, 1, "`]`"),
    ("a)", "this `)` closes nothing", 2, 1, "remove it"),
    ("1 + a)", "this `)` closes nothing", 6, 1, "remove it"),
    ("80GiB", "`80GiB` is not a number", 1, 5, "no suffix"),
    ("0x10", "`0x10` is not a number", 1, 4, ""),
    ("1_", "`1_` is not a number", 1, 2, ""),
    ("1j", "imaginary", 1, 2, ""),
    ("010", "leading zero", 1, 3, ""),
    ("1e99", "exponent of ten", 1, 4, ""),
    ("1" * 61, "61 characters", 1, 61, ""),
    ("a < b < c", "one comparison at a time", 1, 9, "`a < b and b < c`"),
    ("a in b", "`in`", 1, 6, "`==`"),
    ("a is b", "`in` and `is`", 1, 6, "`==`"),
    ("sqrt(a)", "unknown function `sqrt`", 1, 4, "the functions are"),
    ("mx(a)", "unknown function `mx`", 1, 2, "did you mean `max`"),
    ("max", "`max` is a function", 1, 3, "`max(…)`"),
    ("max()", "`max` takes 1 to 64 arguments, not 0", 1, 5, ""),
    ("ceil(a, b)", "`ceil` takes 1 argument, not 2", 1, 10, ""),
    ("max(*a)", "plain arguments", 1, 7, ""),
    ("f(a)(b)", "only the functions of the language", 1, 7, ""),
    ("a.b.c.d", "the dot reads a table", 1, 7, ""),
    ("a.__class__", "the dot reads a table", 1, 11, ""),
    ("max(a).b", "the dot reads a table", 1, 8, ""),
    ("a.b[0]", "picks one element", 1, 6, "`name[0]`"),
    ("a, b", "a comma outside a function", 1, 4, ""),
    ("[a]", "a list", 1, 3, ""),
    ("True", "`True`", 1, 4, "`true`"),
    ("None", "`None`", 1, 4, ""),
    ("a << b", "", 1, 6, ""),
    ("a @ b", "`@`", 3, 1, "`*`"),
    ("2 + ^ + $", "`^`", 5, 1, "`**`"),
    ("(" * 51 + "a" + ")" * 51, "deeper than 50", 51, 1, "split it"),
    ("-" * 60 + "a", "deep", 52, 10, "split it"),
    ("a" * 2001, "2,001 characters", 1, 1, "split it"),
    ("+".join(["a"] * 900), "more than 1,000 words and signs", 1001, 1, "split it"),
    ("max(" + ", ".join(["a"] * 65) + ")", "1 to 64 arguments, not 65", 1, 198, ""),
]


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_tree(text: str, tree: Tree) -> None:
    assert parse(text, somewhere(text)).tree == tree


@pytest.mark.parametrize(("text", "wanted"), WRITTEN)
def test_written(text: str, wanted: str) -> None:
    assert write(parse(text, somewhere(text)).tree) == wanted


@pytest.mark.parametrize(("text", "said", "column", "length", "hint"), WRONG)
def test_refused(text: str, said: str, column: int, length: int, hint: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse(text, somewhere(text))
    problem = caught.value.problems[0]
    assert said in problem.message
    assert hint in problem.hint
    assert problem.place is not None
    assert (problem.place.column, problem.place.length) == (column, length)


@pytest.mark.parametrize(
    "text",
    [
        "a +",
        "* a",
        "a b",
        "a if b",
        "if a else b",
        "()",
        "a not b",
        "a ** ",
        "lambda: a",
        "yield",
        "a,",
        "max(a",
        "max(a,,b)",
        "a..b",
        "1 2",
        "not",
        "a else b",
    ],
)
def test_not_a_formula(text: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse(text, somewhere(text))
    place = caught.value.problems[0].place
    assert place is not None
    assert 1 <= place.column <= len(text)


def test_several_mistakes_are_told_at_once() -> None:
    text = "sqrt(a) + True + max()"
    with pytest.raises(RulesError) as caught:
        parse(text, somewhere(text))
    assert [problem.place.column for problem in caught.value.problems if problem.place] == [1, 11, 18]


@pytest.mark.parametrize(
    "text", ["+".join(["a"] * 400), "a" * 2000, "(" * 50 + "a" + ")" * 50, "max(" + ", ".join(["a"] * 64) + ")", "9" * 60, "1e60"]
)
def test_the_bounds_themselves_are_fine(text: str) -> None:
    assert write(parse(text, somewhere(text)).tree)


def test_a_formula_over_several_lines_is_pointed_at_as_a_whole() -> None:
    formula = parse("a + b", Place(Text("x.yaml", "r: >-\n  a +\n  b\n"), 1, 4, 1))
    assert formula.at(formula.tree) == formula.place


def test_a_computed_fraction_keeps_its_brackets() -> None:
    for value in (Fraction(1, 2), Fraction(-1, 2)):
        tree = Fold(("/",), (Name("d"), Constant(value)))
        assert write(tree) == f"d / ({value})"


@given(numbers, st.lists(st.sampled_from(["x", "y", "width", "a_long_name", "none", "case", "x2"]), min_size=40, max_size=40))
def test_formulas_of_one_pattern(text: str, names: list[str]) -> None:
    """A formula that takes after another has the tree it would have by itself, every part in its place."""
    used = iter(names)
    other = re.sub(r"\b[xy]\b", lambda _: next(used), text)
    for each in (text, other):
        found = parse(each, Place(Text("r.yaml", each), 1, 1, len(each)))
        alone = _Reader(each, None, 0).read(ast.parse(f"({each})", mode="eval").body, 0)
        for part, wanted in zip(walk(found.tree), walk(alone), strict=True):
            assert tuple(part)[-1:] == tuple(wanted)[-1:]
            assert part == wanted
        assert isinstance(found, Patterned)
        assert found.pattern.reads is not None
        assert [found.names[place] for place in found.pattern.reads] == [part.name for part in walk(alone) if isinstance(part, Name)]
        assert found == Formula(each, alone, found.place)


def test_the_formulas_that_ship_are_as_if_read_alone() -> None:
    plan = library.load(str(ROOT / "rules" / "transformer.yaml")).plan
    for name in plan.graph.order:
        for formula in formulas(plan.item(name)):
            line = formula.text.replace("\n", " ")
            alone = _Reader(line, None, 0).read(ast.parse(f"({line})", mode="eval").body, 0)
            assert [(part, tuple(part)[-1]) for part in walk(formula.tree)] == [(part, tuple(part)[-1]) for part in walk(alone)]
