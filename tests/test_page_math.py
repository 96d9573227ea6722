"""The page's mathematics in a real browser: the same MathML as the command line's, for every formula that ships."""

# ruff: noqa: S311 - random files are the same for the same seed

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import random_rules
from engine import formulas
from engine.document import load
from engine.emit import mathml
from engine.page import build
from engine.page.content import content
from engine.plan import Plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = build.SCRIPTS[: build.SCRIPTS.index("math") + 1]

RULES = """(data => {
  const gauge = new Gauge(data, FORMULAS);
  const { program } = gauge;
  const choose = (condition, yes, no) => ({ kind: "choose", condition: program.tree(condition), yes, no });
  const whole = (item) => {
    if (item.input) return program.tree(item.formula);
    const last = program.tree(item.cases.at(-1)[1]);
    const made = item.cases.slice(0, -1).reduceRight((rest, [when, body]) => choose(when, program.tree(body), rest), last);
    return item.when === undefined ? made : choose(item.when, made, { kind: "constant", value: 0, text: "" });
  };
  const shown = (item) => {
    const name = { kind: "name", id: item.id, name: program.name(item.id) };
    return [name.name, new XMLSerializer().serializeToString(MathText.equation(gauge, name, whole(item), "=", 900))];
  };
  return program.items.filter((item) => !item.input || item.formula !== undefined).map(shown);
})"""

NO_RULES = "{ program: { used: () => [] } }"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    made = chromium.new_page()
    yield made
    made.close()


def in_page(page: Page, made: list[str], body: str, data: Any) -> Any:
    """What a function says of data, run beside the scripts of the page and formulas."""
    scripts = "\n".join(build._read(f"js/{name}.js") for name in SCRIPTS)
    listed = ",\n".join(made)
    return page.evaluate(f"(data) => {{ const FORMULAS = [{listed}];\n{scripts}\nreturn {body}(data); }}", data)


def agree(plan: Plan, page: Page) -> int:
    """Hold what the page writes against the command line; how many formulas there were."""
    made = content(plan)
    found = in_page(page, list(made.formulas), RULES, made.data)
    for rule, shown in found:
        wanted = formulas.as_written(plan, [rule], "mathml").replace(f' style="{mathml._FONTS}"', "").replace("\n", "")
        assert shown == wanted, rule
    return len(found)


def without_presets(path: Path) -> Plan:
    """Presets bring no formulas, and reading all their translations takes seconds."""
    return Plan(load(str(path))._replace(presets={}))


@pytest.mark.parametrize("name", ["transformer", "compute_gauge"])
def test_the_page_writes_what_the_command_line_does(name: str, page: Page) -> None:
    assert agree(without_presets(ROOT / f"rules/{name}.yaml"), page) > 100


@pytest.mark.slow
def test_the_page_writes_the_rules_of_translations(page: Page) -> None:
    translations = [path for path in (ROOT / "rules/huggingface").glob("*.yaml") if "\nreads:" in path.read_text(encoding="utf-8")]
    assert sum(agree(without_presets(path), page) for path in translations) > 5_000


@pytest.mark.parametrize("seed", range(10))
def test_the_page_writes_random_rules_as_the_command_line_does(seed: int, page: Page) -> None:
    assert agree(random_rules.plan(Random(seed), 20), page) > 20


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        ({"kind": "word", "word": "</mi><script>alert(1)</script>"}, "</mi><script>alert(1)</script>"),
        ({"kind": "word", "word": "a\u202eb\x1b"}, "a\ufffdb\ufffd"),
        ({"kind": "name", "name": "a_b"}, "a\u00a0b"),
        ({"kind": "constant", "value": 1234567, "text": "1,234,567"}, "1\u202f234\u202f567"),
        ({"kind": "constant", "value": -5, "text": "-5"}, "\u22125"),
    ],
)
def test_texts_are_texts(tree: dict[str, Any], shown: str, page: Page) -> None:
    made = in_page(page, [], "(tree => { const made = MathText.formula(tree); return [made.textContent, made.innerHTML]; })", tree)
    assert made[0] == shown
    assert "<script" not in made[1]


def test_lines_are_aligned_under_a_policy_without_styles(page: Page) -> None:
    policy = "default-src 'none'; script-src 'unsafe-eval'"
    page.set_content(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    style = "getComputedStyle(document.querySelector('mtd')).textAlign"
    show = f"(tree => {{ document.body.append(MathText.equation({NO_RULES}, null, tree)); return {style}; }})"
    assert in_page(page, [], show, {"kind": "name", "name": "y"}) == "left"


def test_a_narrow_page_gets_short_lines(page: Page) -> None:
    named = [{"kind": "name", "name": f"name_of_part_{index}"} for index in range(6)]
    tree = {"kind": "fold", "operators": ["+"] * 5, "operands": named}
    made = f"MathText.equation({NO_RULES}, null, tree, '=', room)"
    count = f"(tree => [1200, 450].map((room) => {made}.querySelectorAll('mtr').length))"
    assert in_page(page, [], count, tree) == [1, 3]
