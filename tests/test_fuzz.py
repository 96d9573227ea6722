"""Generated formulas, files and programs: what is written is read back, nothing crashes, every value is right."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import commands as cli
from conftest import ROOT, run_cli, somewhere, values_of
from engine import document
from engine.errors import RulesError
from engine.formula import parse, write
from engine.plan import NOTHING, Absent, Plan
from engine.quantity import BITS, literal
from engine.tree import (
    FUNCTIONS,
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
    Power,
    Tree,
    Truth,
    walk,
)

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

# ---------------------------------------------------------------- formulas

NAMES = st.sampled_from(["a", "b", "width", "layers", "x1", "mode", "word"])
CONSTANTS = st.sampled_from(["0", "1", "2", "7", "1_000", "0.1", "2.5", "1e9", "5e-3", ".5", "3.", "123456789012345678901234567890"])
LEAVES = st.one_of(
    CONSTANTS.map(lambda text: Constant(literal(text), text)),
    st.booleans().map(Truth),
    NAMES.map(Name),
    st.tuples(NAMES, st.sampled_from(["bytes", "wide"])).map(Cell),
    st.tuples(NAMES, st.sampled_from(["row", "int4"]), st.sampled_from(["bytes", "wide"])).map(Cell),
)
COMPARES = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def fold(signs: str, operands: list[Tree], choice: Callable[[int], str]) -> Tree:
    """A sum or a product as the reader makes it: a first operand of the same rank is part of it."""
    first = operands[0]
    operators = tuple(choice(index) for index in range(len(operands) - 1))
    if isinstance(first, Fold) and first.operators[0] in signs.split():
        return Fold((*first.operators, *operators), (*first.operands, *operands[1:]))
    return Fold(operators, tuple(operands))


def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(inner, min_size=2, max_size=4)

    def folds(signs: str) -> st.SearchStrategy[Tree]:
        picks = st.lists(st.sampled_from(signs.split()), min_size=3, max_size=3)
        return st.builds(lambda operands, chosen: fold(signs, operands, lambda index: chosen[index]), several, picks)

    def call(name: str, arguments: list[Tree]) -> Tree:
        least, most = FUNCTIONS[name]
        return Call(name, tuple((arguments * 2)[: max(least, min(most, len(arguments)))]))

    return st.one_of(
        folds("+ -"),
        folds("* / // %"),
        st.builds(Power, inner, inner),
        st.builds(Negative, inner),
        st.builds(Not, inner),
        st.builds(Compare, COMPARES, inner, inner),
        st.builds(Logic, st.sampled_from(["and", "or"]), several.map(tuple)),
        st.builds(Choose, inner, inner, inner),
        st.builds(Item, NAMES.map(Name), inner),
        st.builds(call, st.sampled_from(sorted(FUNCTIONS)), several),
    )


TREES: st.SearchStrategy[Tree] = st.recursive(LEAVES, grow, max_leaves=20)
TOKENS = (
    "1 2.5 .5 1e9 1e99 007 x y mode true false and or not if else "
    "min max ceil sum count [ ] ( ) , . + - * / // % ** == != < <= > >= = ^ & ! ? : ; ' \" # \\ \n \t"
).split(" ")
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789abxyz_.+-*/%()[]<>=!,e \n\t", max_size=60),
    st.lists(
        st.sampled_from([*TOKENS, "lambda", "in", "is", "None", "True", "__class__", "\u00a0", "\u2212", "\ud7ff", "é", "\x85"]),
        max_size=25,
    ).map(" ".join),
)


def check_round_trip(tree: Tree) -> None:
    text = write(tree)
    found = parse(text, somewhere(text))
    assert found.tree == tree, text
    assert write(found.tree) == text
    for part in walk(found.tree):  # each part can be pointed at
        place = found.at(part)
        piece = text[place.column - 1 : place.column - 1 + place.length]
        assert parse(piece, somewhere(piece)).tree == part, (text, piece)


def check_text(text: str) -> None:
    try:
        tree = parse(text, somewhere(text)).tree
    except RulesError as error:
        said = error
    else:
        again = write(tree)
        assert parse(again, somewhere(again)).tree == tree, again
        return
    assert said.problems
    assert not RAW.search(str(said).replace("\n", ""))


@given(TREES)
@settings(max_examples=600)
def test_formula_round_trip(tree: Tree) -> None:
    check_round_trip(tree)


@given(TEXTS)
@settings(max_examples=1500)
@example("(" * 49 + "1" + ")" * 49)
@example("-" * 60 + "1")
@example("2**" * 60 + "1")
@example("a if b else " * 60 + "1")
@example("((1)")
@example("max(*a)")
@example("(a:=1)")
@example("a[1:2]")
@example("a\u00a0+ 1")
@example("x" * 2001)
def test_any_text_is_a_formula_or_a_mistake(text: str) -> None:
    check_text(text)


@pytest.mark.slow
@given(TREES)
@settings(max_examples=10_000)
def test_formula_round_trip_long(tree: Tree) -> None:
    check_round_trip(tree)


@pytest.mark.slow
@given(TEXTS)
@settings(max_examples=20_000)
def test_any_text_is_a_formula_or_a_mistake_long(text: str) -> None:
    check_text(text)


# ---------------------------------------------------------------- files

CORPUS = Path(__file__).parent / "corpus"
SMALL = [path for path in sorted(CORPUS.glob("*/*.yaml")) if path.stat().st_size < 4000]
RECORDED = [path for folder in ("good", "bad") for path in sorted((Path(__file__).parent / folder).glob("*.yaml"))]
SHIPPED = [
    ROOT / "rules" / name for name in ("compute_gauge.yaml", "formats.yaml", "devices.yaml", "huggingface/llama.yaml", "models/gpt2.yaml")
]
SOURCES = [path.read_bytes().decode("utf-8", "replace") for path in [*SMALL, *RECORDED, *SHIPPED] if path.is_file()]
ODD = [
    "&a ", "*a", "!!python/object:os.system ", "<<: ", "[" * 60, "{", "}", "]", "\t",
    ": ", "- ", "# ", "|\n", ">-\n", "'", '"', "? ", "\n", "\n  ", "---\n", "...\n",
    "%YAML 1.1\n", "1/0", "10**64", "**64", "% 0", "null", "~", "true", ".nan", "-1",
    "1e60", "80GiB", "50%", "17/4", "\u202e", "\u2028", "\x85", "\x1b[31m", "\\x1b",
    "\ufeff", "\x00", "漢字", "é", "rules:", "inputs:", "include: x.yaml\n", "report: {total: r}\n",
    "when: ", "cases: [", "formula: ", "default: ", "min(", "max()", "xs[0]",
    "unit: byte", "type: list", "choices: [a, b]", "otherwise: a", "a" * 70, "presets: {m: {from: .}}\n",
    "checks: {c: {when: r > 0, say: x}}\n", "tables:",
    "levers: {l: {set: {a: largest}, cost: x}}\n", "set: {a: [b, 1]}", "largest",
]  # fmt: skip
COMMANDS = [
    "eval",
    "eval --format json",
    "eval --format csv",
    "eval --format markdown",
    "advise",
    "advise --format json",
    "check",
    "explain",
    "list",
    "formula",
    "formula --expand",
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A file that was right, or wrong in one way, with a few more mistakes."""
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(0, 4))):
        words = [found.span() for found in re.finditer(r"[A-Za-z_0-9]+|[^A-Za-z_0-9\s]", text)] or [(0, 0)]
        start, end = draw(st.sampled_from(words))
        other = draw(st.sampled_from(words))
        text = draw(
            st.sampled_from(
                [
                    text[:start] + draw(st.sampled_from(ODD)) + text[end:],
                    text[:start] + draw(st.sampled_from(ODD)) + text[start:],
                    text[:start] + text[end:],
                    text[:start] + text[slice(*other)] + text[end:],
                    text[:start] + text[start : start + 30] * 2 + text[end:],
                    text[:end],
                ]
            )
        )
    return text


KEYS = st.sampled_from(
    "title inputs rules tables checks levers set cost least report presets include a b "
    "r s t formula when cases type min default unit doc rows columns choices".split()
)
SCALARS = st.one_of(
    st.sampled_from(
        [
            "1",
            "a",
            "a + 1",
            "a * b",
            "r",
            "integer",
            "list",
            "choice",
            "true",
            "1/2",
            "'x'",
            '"y"',
            "-",
            "~",
            "80GB",
            "max(a, b)",
            "a == p",
            "a[0]",
            "formats",
        ]
    ),
    st.sampled_from(ODD),
    st.text(max_size=10),
)
BLOCKS: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=15
)


def as_yaml(block: Any, indent: int = 0) -> str:
    """Something like YAML, without care for what stands in it."""
    pad = "\n" + "  " * indent
    if isinstance(block, dict):
        return "".join(f"{pad}{key}: {as_yaml(value, indent + 1)}" for key, value in block.items())
    if isinstance(block, list):
        return "".join(f"{pad}- {as_yaml(value, indent + 1)}" for value in block)
    return str(block)


FILES = st.one_of(mutated(), mutated(), BLOCKS.map(as_yaml), st.lists(st.one_of(st.sampled_from(ODD), SCALARS), max_size=15).map(" ".join))
NUMBER = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what shipped files include."""
    made = tmp_path_factory.mktemp("fuzz")
    for name in ("formats.yaml", "huggingface/common.yaml"):
        shutil.copy(ROOT / "rules" / name, made / Path(name).name)
    (made / "good_inputs.yaml").write_text("layers: 2\nhidden: 8\n", encoding="utf-8")
    return made


def check_file(folder: Path, rules: str, inputs: str | None, command: str) -> None:
    number = next(NUMBER)  # presets and translations are remembered by path
    path = folder / f"f{number}.yaml"
    path.write_text(rules, encoding="utf-8", errors="surrogatepass", newline="")
    words = command.split()
    arguments = [words[0], str(path), *words[1:]]
    if words[0] in {"eval", "explain", "advise"} and inputs is not None:
        given_path = folder / f"i{number}.yaml"
        given_path.write_text(inputs, encoding="utf-8", errors="surrogatepass", newline="")
        arguments.insert(2, str(given_path))
    if words[0] == "explain":
        arguments.append("r")
    try:
        code, out, err = run_cli(arguments)
    finally:
        path.unlink()
    assert code in {0, 1, 2}
    assert (code != 2) or err, "refused without a word"
    assert "Traceback" not in err
    assert not RAW.search((out + err).replace("\n", "").replace("\r\n", "")), out + err


COMMAND = st.sampled_from([command for command in COMMANDS if command.split()[0] in cli.COMMANDS])


@given(FILES, st.none() | FILES, COMMAND)
@settings(max_examples=500)
def test_any_file(folder: Path, rules: str, inputs: str | None, command: str) -> None:
    check_file(folder, rules, inputs, command)


@given(FILES, st.sampled_from([CORPUS / "base" / "rules.yaml", ROOT / "rules" / "compute_gauge.yaml"]))
@settings(max_examples=200)
def test_any_inputs(folder: Path, inputs: str, rules: Path) -> None:
    check_file(folder, rules.read_text(encoding="utf-8"), inputs, "eval --format json")


@pytest.mark.slow
@given(FILES, st.none() | FILES, COMMAND)
@settings(max_examples=4_000)
def test_any_file_long(folder: Path, rules: str, inputs: str | None, command: str) -> None:
    check_file(folder, rules, inputs, command)


WORDS = st.one_of(
    st.sampled_from(
        [
            "eval",
            "check",
            "explain",
            "list",
            "formula",
            "solve",
            "advise",
            "--set",
            "--only",
            "--format",
            "json",
            "table",
            "--quiet",
            "--check",
            "--large",
            "--depth",
            "3",
            "-1",
        ]
    ),
    st.sampled_from(
        [
            "--",
            "-",
            "-x",
            "--help",
            "-h",
            "--model",
            "--model=",
            "--=x",
            "--set=layers=2",
            "layers=3",
            "layers=",
            "=",
            "a,b",
            "weights",
            "--KIND",
            "@x",
            "",
            " ",
        ]
    ),
    st.sampled_from(
        [
            str(CORPUS / "base" / "rules.yaml"),
            str(CORPUS / "base" / "inputs.yaml"),
            "transformer",
            "/dev/null",
            "/",
            "no/such",
            "--for",
            "--for=seq",
            "--at-most=1",
        ]
    ),
    st.text(max_size=6),
)


@given(st.lists(WORDS, max_size=7).map(lambda words: words if words[:1] == ["--help"] else ["eval", *words] if len(words) % 3 else words))
@settings(max_examples=400)
@example(["eval", str(CORPUS / "base" / "rules.yaml"), "a", "b"])
@example(["eval", str(CORPUS / "base" / "rules.yaml"), "--", "--set", "layers=3"])
@example(["eval", str(CORPUS / "base" / "rules.yaml"), "--set", "\ud800=1"])
@example(["eval", "\ud800"])
@example(["eval", "a\0b"])
def test_any_arguments(words: list[str]) -> None:
    code, out, err = run_cli(words)
    assert code in {0, 1, 2}
    assert out or err
    assert not RAW.search((out + err).replace("\n", ""))


# ---------------------------------------------------------------- programs


class Undefined(Exception):
    """There is no such number."""


@dataclass
class Reference:
    """A second evaluator: a plain recursion over fractions, which shares nothing with the engine but the trees."""

    known: dict[str, Any]
    rules: dict[str, tuple[Tree | None, list[tuple[Tree | None, Tree]]]]
    rows: dict[str, Fraction]
    done: dict[str, Any] = field(default_factory=dict)

    def name(self, name: str) -> Any:
        """The value of a name, None when it does not apply; raises where it has none."""
        if name in self.known:
            return self.known[name]
        if name not in self.rules:
            return name
        if name not in self.done:
            try:
                self.done[name] = self.rule(*self.rules[name])
            except Undefined as error:
                self.done[name] = error
        if isinstance(self.done[name], Undefined):
            raise self.done[name]
        return self.done[name]

    def rule(self, when: Tree | None, cases: list[tuple[Tree | None, Tree]]) -> Any:
        if when is not None and not self.of(when):
            return None
        for condition, body in cases:
            if condition is None or self.of(condition):
                return self.of(body)
        raise Undefined

    def of(self, tree: Tree) -> Any:  # noqa: C901, PLR0911, PLR0912 (one branch for each kind of node)
        match tree:
            case Constant(value) | Truth(value):
                return value if isinstance(value, bool) else Fraction(value)
            case Name(name):
                value = self.name(name)
                return Fraction(0) if value is None else value
            case Cell((owner, _)):
                return self.rows[self.name(owner)]
            case Cell((_, row, _)):
                return self.rows[row]
            case Fold(operators, operands):
                total = self.of(operands[0])
                for sign, operand in zip(operators, operands[1:], strict=True):
                    total = self.join(sign, total, self.of(operand))
                return total
            case Power(base, exponent):
                return self.join("**", self.of(base), self.of(exponent))
            case Negative(operand):
                return -self.of(operand)
            case Compare(sign, left, right):
                first, second = self.of(left), self.of(right)
                return {"==": first == second, "!=": first != second}[sign] if sign in {"==", "!="} else self.ordered(sign, first, second)
            case Logic("and", operands):
                return all(self.of(operand) for operand in operands)
            case Logic(_, operands):
                return any(self.of(operand) for operand in operands)
            case Not(operand):
                return not self.of(operand)
            case Choose(condition, yes, no):
                return self.of(yes) if self.of(condition) else self.of(no)
            case Item(Name(name), index):
                items, at = self.name(name), self.of(index)
                if at.denominator != 1 or not 0 <= at < len(items):
                    raise Undefined
                return items[int(at)]
            case Call("min" | "max" as which, arguments):
                applying = [self.of(part) for part in arguments if not (isinstance(part, Name) and self.name(part.name) is None)]
                return (min if which == "min" else max)(applying, default=Fraction(0))
            case Call(which, arguments):
                return self.call(which, [self.of(part) for part in arguments])
        raise AssertionError(tree)

    @staticmethod
    def ordered(sign: str, first: Fraction, second: Fraction) -> bool:
        return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[sign]

    @staticmethod
    def join(sign: str, left: Fraction, right: Fraction) -> Fraction:
        if sign in {"/", "//", "%"} and right == 0:
            raise Undefined
        if sign == "**" and (right.denominator != 1 or abs(right) > 64 or (right < 0 and left == 0)):
            raise Undefined
        match sign:
            case "+":
                value = left + right
            case "-":
                value = left - right
            case "*":
                value = left * right
            case "/":
                value = left / right
            case "//":
                value = Fraction(math.floor(left / right))
            case "%":
                value = left - right * math.floor(left / right)
            case _:
                value = Fraction(left ** int(right))
        return bounded(value)

    @staticmethod
    def call(which: str, values: list[Any]) -> Any:
        first = values[0]
        match which:
            case "ceil":
                return Fraction(math.ceil(first))
            case "floor":
                return Fraction(math.floor(first))
            case "abs":
                return abs(first)
            case "round_up":
                if values[1] <= 0:
                    raise Undefined
                return bounded(math.ceil(first / values[1]) * values[1])
            case "sum":
                return bounded(sum(first, Fraction(0)))
            case "length":
                return Fraction(len(first))
            case _:
                return Fraction(sum(1 for element in first if element == values[1]))


def bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise Undefined
    return value


LIST = [Fraction(3), Fraction(0), Fraction(1, 2), Fraction(7)]
ROWS = {"red": Fraction(2), "green": Fraction(1, 2), "blue": Fraction(0)}
HEAD = """\
tables:
  colours:
    columns: {size: {doc: A number.}}
    rows: {red: {size: 2}, green: {size: 1/2}, blue: {size: 0}}
inputs:
  n: {type: integer, default: 3}
  q: {type: number, default: 5/4}
  z: {type: number, default: 0}
  given: {type: number}
  colour: {type: choice, choices: colours, default: green}
  paint: {type: choice, choices: colours, default: "red if flag else blue"}
  flag: {type: boolean, default: true}
  xs: {type: list, default: [3, 0, 1/2, 7]}
  twice: {type: number, default: "2 * n"}
rules:
"""


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:  # noqa: C901 (one branch for each kind of node)
    """Rules over a few inputs, each using those before it, as trees."""
    rules: dict[str, tuple[Tree | None, list[tuple[Tree | None, Tree]]]] = {}
    numbers = ["n", "q", "z", "given", "twice"]
    truths = ["flag"]

    def number(depth: int) -> Tree:
        kind = draw(st.integers(0, 11 if depth > 0 else 2))
        match kind:
            case 0:
                return Name(draw(st.sampled_from(numbers)))
            case 1:
                text = draw(st.sampled_from(["0", "1", "2", "3", "0.5", "10"]))
                return Constant(literal(text), text)
            case 2:
                return draw(st.sampled_from([Cell(("colour", "size")), Cell(("paint", "size")), Cell(("colours", "green", "size"))]))
            case 3 | 4:
                signs = "+ -" if kind == 3 else "* / // %"
                operands = [number(depth - 1) for _ in range(draw(st.integers(2, 3)))]
                return fold(signs, operands, lambda _: draw(st.sampled_from(signs.split())))
            case 5:
                text = draw(st.sampled_from(["0", "1", "2", "3"]))
                exponent: Tree = Constant(literal(text), text)
                return Power(number(depth - 1), Negative(exponent) if draw(st.booleans()) else exponent)
            case 6:
                return Negative(number(depth - 1))
            case 7:
                return Choose(truth(depth - 1), number(depth - 1), number(depth - 1))
            case 8:
                return Call(draw(st.sampled_from(["min", "max"])), tuple(number(depth - 1) for _ in range(draw(st.integers(1, 3)))))
            case 9:
                return Call(draw(st.sampled_from(["ceil", "floor", "abs"])), (number(depth - 1),))
            case 10:
                return Call("round_up", (number(depth - 1), number(depth - 1)))
        name = draw(st.sampled_from(["sum", "length", "count", "item"]))
        if name == "item":
            return Item(Name("xs"), number(0))
        return Call(name, (Name("xs"), number(0)) if name == "count" else (Name("xs"),))

    def truth(depth: int) -> Tree:
        match draw(st.integers(0, 5 if depth > 0 else 2)):
            case 0:
                return Name(draw(st.sampled_from(truths)))
            case 1:
                return Compare(
                    draw(st.sampled_from(["==", "!="])),
                    Name(draw(st.sampled_from(["colour", "paint"]))),
                    Name(draw(st.sampled_from(sorted(ROWS)))),
                )
            case 2:
                return Truth(draw(st.booleans()))
            case 3:
                return Compare(draw(COMPARES), number(depth - 1), number(depth - 1))
            case 4:
                return Not(truth(depth - 1))
        return Logic(draw(st.sampled_from(["and", "or"])), tuple(truth(depth - 1) for _ in range(draw(st.integers(2, 3)))))

    for index in range(draw(st.integers(1, 8))):
        when = truth(1) if draw(st.integers(0, 3)) == 0 else None
        if draw(st.integers(0, 4)) == 0:
            rules[f"t{index}"] = None, [(None, truth(2))]
            truths.append(f"t{index}")
            continue
        cases: list[tuple[Tree | None, Tree]] = [(truth(1), number(2)) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))]
        if not cases or draw(st.booleans()):
            cases.append((None, number(3)))
        rules[f"r{index}"] = when, cases
        numbers.append(f"r{index}")
    overridden = {name: draw(st.integers(-3, 9)) for name in numbers if name.startswith("r") and draw(st.integers(0, 9)) == 0}
    values = {
        "n": draw(st.integers(-5, 5)),
        "given": draw(st.integers(0, 3)),
        "colour": draw(st.sampled_from(sorted(ROWS))),
        "flag": draw(st.booleans()),
    }
    return {"rules": rules, "inputs": {**values, **overridden}}


def as_text(rules: dict[str, tuple[Tree | None, list[tuple[Tree | None, Tree]]]]) -> str:
    """Rules as a file says them."""

    def lines() -> Iterator[str]:
        for name, (when, cases) in rules.items():
            yield f"  {name}:"
            if when is not None:
                yield f'    when: "{write(when)}"'
            if len(cases) == 1 and cases[0][0] is None:
                yield f'    formula: "{write(cases[0][1])}"'
                continue
            yield "    cases:"
            for condition, body in cases:
                yield (
                    f'      - {{otherwise: "{write(body)}"}}'
                    if condition is None
                    else f'      - {{when: "{write(condition)}", formula: "{write(body)}"}}'
                )

    return HEAD + "\n".join(lines()) + "\n"


def check_program(folder: Path, program: dict[str, Any]) -> None:
    rules, inputs = program["rules"], program["inputs"]
    said = "".join(f"{name}: {str(value).lower() if isinstance(value, bool) else value}\n" for name, value in inputs.items())
    known = {
        "q": Fraction(5, 4),
        "z": Fraction(0),
        "xs": LIST,
        "twice": Fraction(2 * inputs["n"]),
        "paint": "red" if inputs["flag"] else "blue",
        **inputs,
    }
    reference = Reference({name: Fraction(value) if type(value) is int else value for name, value in known.items()}, rules, ROWS)
    path = folder / "program.yaml"
    text = as_text(rules)
    for _ in range(2):  # as it was made, then as it was read
        path.write_text(text, encoding="utf-8")
        plan = Plan(document.load(str(path)))
        values = values_of(plan, said)
        for name in rules:
            state = values.state(name)
            try:
                wanted = reference.name(name)
            except Undefined:
                assert state.__class__ is Absent, (name, state)
                assert state.problems
                continue
            same = state is NOTHING if wanted is None else state == wanted and isinstance(state, bool) == isinstance(wanted, bool)
            assert same, (name, state, wanted)
            assert state.__class__ is not Fraction or state.denominator > 1, "a whole number is an int"
        read = plan.document.rules
        trees = {name: (tree_of(read[name].when), [(tree_of(case.when), case.formula.tree) for case in read[name].cases]) for name in read}
        assert trees == rules
        text = as_text(trees)


def tree_of(formula: Formula | None) -> Tree | None:
    return formula.tree if formula else None


@given(programs())
@settings(max_examples=250)
def test_programs(folder: Path, program: dict[str, Any]) -> None:
    check_program(folder, program)


@pytest.mark.slow
@given(programs())
@settings(max_examples=2_000)
def test_programs_long(folder: Path, program: dict[str, Any]) -> None:
    check_program(folder, program)
