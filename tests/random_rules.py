"""Random rules files and trees for differential tests: every operation, kind of value and condition of the language."""

from __future__ import annotations

import json
import tempfile
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from engine.document import load
from engine.evaluate import Given
from engine.formula import write
from engine.plan import Plan
from engine.tree import Call, Cell, Choose, Compare, Constant, Fold, Logic, Name, Negative, Not, Power, Tree, Truth

WORDS = ("red", "green", "blue")
NUMBERS = ("a", "b", "c", "d", "e")
TRUTHS = ("t", "u")
LARGE = 10**18

INPUTS: dict[str, Any] = {
    "a": {"type": "integer", "min": 1, "default": 3, "symbol": "a"},
    "b": {"type": "integer", "min": 0, "default": 2, "symbol": "b_{x}"},
    "c": {"type": "integer", "default": 5, "symbol": "\\write18{rm}"},
    "d": {"type": "integer", "min": 2, "default": "a * 2 + b"},
    "e": {"type": "number", "default": "7/3"},
    "m": {"type": "choice", "choices": "shades", "default": "red"},
    "n": {"type": "choice", "choices": list(WORDS), "default": "green"},
    "t": {"type": "boolean", "default": True},
    "u": {"type": "boolean", "default": False},
    "items": {"type": "list", "default": [3, 1, 2]},
}
TABLES: dict[str, Any] = {
    "shades": {
        "columns": {"weight": {}, "dark": {"type": "boolean"}},
        "rows": {
            "red": {"weight": 4, "dark": True},
            "green": {"weight": "1/2", "dark": False},
            "blue": {"weight": 3, "dark": True},
        },
    }
}


class Trees:
    """Random trees over names."""

    def __init__(self, random: Random, numbers: tuple[str, ...] = NUMBERS, truths: tuple[str, ...] = TRUTHS) -> None:
        self.random = random
        self.numbers = list(numbers)
        self.truths = list(truths)
        self.words: list[str] = ["m", "n"]
        self.tables = True

    def constant(self) -> Tree:
        value = self.random.choice([0, 1, 1, 2, 3, 5, 7, 64, 128, LARGE, 12])
        if self.random.random() < 0.15:
            return Constant(Fraction(1, 2), "0.5")
        return Constant(value, str(value))

    def leaf(self) -> Tree:
        if self.tables and self.random.random() < 0.1:
            owner = self.random.choice([word for word in self.words if word != "n"])
            return self.random.choice([Cell((owner, "weight")), Cell(("shades", "green", "weight")), self.listed()])
        return Name(self.random.choice(self.numbers)) if self.random.random() < 0.7 else self.constant()

    def listed(self) -> Tree:
        items = Name("items")
        return self.random.choice([Call("sum", (items,)), Call("length", (items,)), Call("count", (items, Constant(1)))])

    def number(self, depth: int = 4) -> Tree:
        if depth <= 0 or self.random.random() < 0.12:
            return self.leaf()
        pick = self.random.random()
        if pick < 0.3:
            return self.fold("+-", depth)
        if pick < 0.6:
            return self.fold("**///%" if self.random.random() < 0.5 else "**/", depth)
        if pick < 0.66:
            return Power(self.number(depth - 2), Constant(self.random.choice([0, 1, 2, 2, 3])))
        if pick < 0.7:
            return Negative(self.number(depth - 1))
        if pick < 0.78:
            return Choose(self.truth(depth - 1), self.number(depth - 1), self.number(depth - 1))
        if pick < 0.9:
            return Call(self.random.choice(["min", "max"]), tuple(self.number(depth - 1) for _ in range(self.random.randint(1, 3))))
        if pick < 0.94:
            return Call("round_up", (self.number(depth - 1), self.random.choice([Constant(8), Constant(Fraction(1, 2)), Name("a")])))
        return Call(self.random.choice(["ceil", "floor", "abs"]), (self.number(depth - 1),))

    def fold(self, signs: str, depth: int) -> Tree:
        size = self.random.randint(1, 3)
        operators = tuple(self.random.choice([*signs.replace("//", "D")]).replace("D", "//") for _ in range(size))
        return Fold(operators, tuple(self.number(depth - 1) for _ in range(size + 1)))

    def truth(self, depth: int = 3) -> Tree:
        pick = self.random.random()
        if depth <= 0 or pick < 0.2:
            return self.random.choice([Name(self.random.choice(self.truths)), Truth(True), self.word_test(), self.word_test()])
        if pick < 0.35:
            return self.word_test()
        if pick < 0.6:
            return Compare(self.random.choice(["<", "<=", ">", ">=", "==", "!="]), self.number(depth - 1), self.number(depth - 1))
        if pick < 0.7:
            return Not(self.truth(depth - 1))
        if pick < 0.75 and self.tables:
            return Cell(("m", "dark"))
        return Logic(self.random.choice(["and", "or"]), tuple(self.truth(depth - 1) for _ in range(self.random.randint(2, 3))))

    def word_test(self) -> Tree:
        sides = [Name(self.random.choice(self.words)), Name(self.random.choice(WORDS))]
        if self.random.random() < 0.2:
            sides.reverse()
        return Compare(self.random.choice(["==", "!="]), sides[0], sides[1])

    def word(self) -> Tree:
        first, second, third = self.random.sample(WORDS, 3)
        made = Choose(self.truth(2), Name(first), Choose(self.truth(2), Name(second), Name(third)))
        return Choose(self.truth(1), Name("m"), made) if self.random.random() < 0.3 else made


def rules(random: Random, count: int = 8) -> dict[str, Any]:
    """The rules section of a file: numbers, truth values and words, each over those before it."""
    trees = Trees(random)
    made: dict[str, Any] = {}
    for index in range(count):
        name = f"r{index}"
        kind = random.random()
        if kind < 0.12:
            made[name] = {"formula": write(trees.truth())}
            trees.truths.append(name)
            continue
        if kind < 0.2:
            made[name] = {"formula": write(trees.word())}
            trees.words.append(name)
            continue
        rule: dict[str, Any] = {}
        if random.random() < 0.35:
            rule["when"] = write(trees.truth())
        if random.random() < 0.3:
            cases = [{"when": write(trees.truth()), "formula": write(trees.number(3))} for _ in range(random.randint(1, 2))]
            rule["cases"] = [*cases, {"otherwise": write(trees.number(3))}]
        else:
            rule["formula"] = write(trees.number())
        if random.random() < 0.2 and trees.numbers[5:]:
            names = ", ".join(random.choice(trees.numbers[5:]) for _ in range(2))
            rule = {"formula": f"{random.choice(['min', 'max'])}({names})"}
        made[name] = rule
        trees.numbers += [name, name]
    return made


def plan(random: Random, count: int = 8) -> Plan:
    """A random rules file, loaded."""
    return plan_of({"inputs": INPUTS, "tables": TABLES, "rules": rules(random, count)})


def plan_of(document: dict[str, Any]) -> Plan:
    """A rules file from a map."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")
        return Plan(load(str(path)))


def given(random: Random, names: tuple[str, ...] = (*NUMBERS, "m", "n", "t", "u")) -> dict[str, Given]:
    """Random values for some inputs; sometimes for a rule as well."""
    large = random.random() < 0.2
    made: dict[str, Any] = {}
    for name in names:
        if random.random() < 0.25:
            continue
        if name in {"m", "n"}:
            made[name] = random.choice(WORDS)
        elif name in {"t", "u"}:
            made[name] = random.random() < 0.5
        elif name == "e":
            made[name] = random.choice([0, 1, Fraction(-3, 2), Fraction(7, 5), 10])
        else:
            low = {"a": 1, "b": 0, "c": -9, "d": 2}[name]
            made[name] = random.randint(low, LARGE if large else 12)
    return {name: Given(value, "given") for name, value in made.items()}
