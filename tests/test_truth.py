"""The rules against what was measured (tests/truth/README.md says how), by the same code as `check --truth`."""

from __future__ import annotations

import ast
import json
import operator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import agreement, document, evaluate, facts, presets
from engine.errors import Place, Text
from engine.plan import Plan
from engine.source import Scalar

ROOT = Path(__file__).parent.parent
TRUTH = Path(__file__).parent / "truth"
README = ROOT / "README.md"

NOT_YET: dict[str, set[str]] = {
    "measured": {"16-bit weights"},
}
"""What is not asserted yet: by file, the `model_type`s whose records the rules miss, or the groups whose bar they miss. To be emptied."""


@cache
def plan() -> Plan:
    return Plan(document.load(str(ROOT / "rules" / "transformer.yaml")))


@cache
def found() -> facts.Agreement:
    return facts.compare(plan(), str(TRUTH))


def scalar(text: str) -> Scalar:
    return Scalar(text, True, Place(Text("test", text), 1, 1, len(text)))


@cache
def family(config: str) -> str:
    return json.loads((TRUTH / "configs" / config).read_text(encoding="utf-8"))["model_type"]


def excused(finding: facts.Finding) -> set[str]:
    """The words by which a finding may stand in NOT_YET."""
    return {family(finding.fact.config)} if finding.fact.config else set(finding.fact.groups)


KINDS = sorted(path.stem for path in TRUTH.glob("*.jsonl") if path.stem != "bars")


def told(finding: facts.Finding) -> str:
    why = finding.problem.message if finding.problem else f"is {finding.expected}, and the rules give {finding.found}"
    return f"{finding.fact.id}: {finding.figure} {why}"


def test_every_file_is_read() -> None:
    assert [*dict.fromkeys(row.kind for row in found().rows)] == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_is_met(kind: str) -> None:
    misses = [told(each) for each in found().misses if each.kind == kind and not excused(each) & NOT_YET.get(kind, set())]
    assert not misses, f"{len(misses)} misses\n" + "\n".join(misses[:40])


def held(row: facts.Row) -> bool:
    """Whether a row is held, as far as its records are asserted."""
    listed = NOT_YET.get(row.kind, set())
    return row.group in listed or row._replace(findings=tuple(each for each in row.findings if not excused(each) & listed)).held


def test_every_bar_is_held() -> None:
    assert not [(row.kind, row.group, row.figure, agreement.percent(row.median)) for row in found().rows if not held(row)]


def test_the_table_of_the_readme(reset: bool) -> None:
    """Between its two comments README.md has what `check --truth --format markdown` prints; `pytest --reset` writes it there."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split("<!-- check --truth --format markdown -->\n")
    shown, after = rest.split("<!-- end -->\n", 1)
    printed = agreement.text(found(), "github", agreement.LISTED)
    if reset:
        README.write_text(f"{before}<!-- check --truth --format markdown -->\n{printed}<!-- end -->\n{after}", encoding="utf-8", newline="")
    else:
        assert shown == printed, "write it anew with `pytest tests/test_truth.py --reset`"


# What training keeps, as a formula of the sizes: it says for all sizes what the records say for some

SIZES = {
    "h": "hidden_size",
    "a": "attention_heads",
    "hd": "head_size",
    "f": "feedforward_size",
    "v": "vocabulary_size",
    "b": "batch_size",
    "s": "sequence_length",
}
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow}
FORMULAS = [json.loads(line) for line in (TRUTH / "formulas" / "saved_activations.jsonl").read_text(encoding="utf-8").splitlines()]


def worth(node: ast.expr, sizes: dict[str, int]) -> Fraction:
    """The value of a formula of sums, differences, products and powers."""
    match node:
        case ast.Constant(int() | float() as value):
            return Fraction(value)
        case ast.Name(name):
            return Fraction(sizes[name])
        case ast.BinOp(left, sign, right):
            return OPERATIONS[type(sign)](worth(left, sizes), worth(right, sizes))
    raise AssertionError(ast.dump(node))


def kept(record: dict[str, Any], batch: int, length: int) -> list[str]:
    """Where the rules differ from the formulas of a record at one shape."""
    given = {**record["given"], "batch_size": batch, "sequence_length": length, "model": TRUTH / "configs" / record["config"]}
    inputs = presets.read_inputs(plan(), None, None, [(name, scalar(str(value))) for name, value in given.items()])
    values = evaluate.evaluate(plan(), inputs)
    names = ["saved_activations", "saved_activations_per_layer"]
    evaluate.require(values, names)
    sizes = {letter: int(values.number(name)) for letter, name in SIZES.items()}
    sizes |= {"A": sizes["a"] * sizes["hd"], "K": int(values.number("kv_heads")) * sizes["hd"]}
    wanted = {name: worth(ast.parse(text, mode="eval").body, sizes) for name, text in record["expect"].items()}
    layer, outside = wanted["saved_activations_per_layer"], wanted["saved_activations_outside_layers"]
    total, per_layer = values.number(names[0]), values.number(names[1])
    where = f"{record['id']} b={batch} s={length}: "
    wrong = [f"{where}a layer keeps {layer}, and the rules give {per_layer:,}"] if per_layer != layer else []
    room = max(record["within"], outside / 100_000) if record["within"] else 0  # fitted: its small terms are not exact everywhere
    if abs(total - per_layer - outside) > room:
        wrong.append(f"{where}{outside} is kept outside of the layers, and the rules give {total - per_layer:,}")
    return wrong


@cache
def formula_misses() -> dict[str, list[str]]:
    """What differs, by family."""
    wrong: dict[str, list[str]] = {}
    for record in FORMULAS:
        for shape in ((2, 48), (3, 200)):
            wrong.setdefault(family(record["config"]), []).extend(kept(record, *shape))
    return {word: misses for word, misses in wrong.items() if misses}


def test_formulas_of_saved_activations_are_met() -> None:
    misses = [miss for word, listed in formula_misses().items() if word not in NOT_YET.get("formulas", set()) for miss in listed]
    assert not misses, f"{len(misses)} misses\n" + "\n".join(misses[:40])


def test_what_is_not_asserted_is_missed() -> None:
    """A family that is met leaves NOT_YET."""
    missed = {kind: {word for each in found().misses if each.kind == kind for word in excused(each)} for kind in KINDS}
    for row in found().rows:
        if not row.held:
            missed[row.kind].add(row.group)
    missed["formulas"] = set(formula_misses())
    assert {kind: words - missed[kind] for kind, words in NOT_YET.items() if words - missed[kind]} == {}
