"""The page as people use it: read aloud, with the keyboard, on a telephone, in the dark, on paper; and at once."""

from __future__ import annotations

import json
import shlex
from itertools import cycle
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from page_answers import asked_at_random, engine_says

from conftest import ROOT, Opener, Run
from engine.document import load
from engine.plan import Plan
from engine.presets import names

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = "rules/transformer.yaml"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TALLY = "() => [gauge.answer(gaugePage.asked).total, gaugePage.view.answer.total].map(String)"


QUIET = """() => new Promise((done) => {
  let timer = setTimeout(done, 300);
  const later = () => { clearTimeout(timer); timer = setTimeout(done, 300); };
  new MutationObserver(later).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
})"""


def settled(page: Page) -> Page:
    """The page when everything that follows the first paint is there."""
    page.wait_for_function("() => window.gaugePage")
    page.evaluate(QUIET)
    return page


def unfold(page: Page) -> None:
    """Show everything there is: all that is folded, a text that is refused, a configuration put aside."""
    page.evaluate("gaugePage.pin(); gaugePage.setAll({ mode: 'training', batch_size: '80gb' })")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    settled(page)


def violations(page: Page) -> str:
    """What axe finds, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    return "\n".join(f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:4]]}" for each in found)


QUICK = [("light", "wide", False), ("dark", "narrow", True)]
ALL = [(scheme, size, full) for scheme in ("light", "dark") for size in ("wide", "narrow") for full in (False, True)]


@pytest.mark.parametrize(("scheme", "size", "full"), [pytest.param(*each, marks=[] if each in QUICK else pytest.mark.slow) for each in ALL])
def test_nothing_stands_in_the_way(scheme: str, size: str, full: bool, open_page: Opener) -> None:
    """The page as it begins, or with all there is on it, has nothing that axe finds."""
    page = settled(open_page(RULES, color_scheme=scheme, viewport=WIDE if size == "wide" else NARROW))
    if full:
        unfold(page)
    assert not violations(page)
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("width", [320, 768, 2560])
def test_nothing_runs_over_the_side(width: int, open_page: Opener) -> None:
    page = settled(open_page(RULES, viewport={"width": width, "height": 900}))
    assert page.evaluate(OVERFLOW) <= 0
    unfold(page)
    assert page.evaluate(OVERFLOW) <= 0


FOCUSED = """() => {
  const it = document.activeElement;
  if (it === document.body) return null;
  document.focused = document.focused ?? new Set();
  document.focused.add(it);
  const [style, box] = [getComputedStyle(it), it.getBoundingClientRect()];
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { what: it.outerHTML.slice(0, 120), outlined, seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 };
}"""
LEFT_OUT = """() => {
  const seen = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.tabIndex >= 0;
  const inGroup = (each) => each.type === "radio" && [...document.focused].some((other) => other.name === each.name);
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((each) => seen(each) && !document.focused.has(each) && !inGroup(each)).map((each) => each.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_keyboard_reaches_everything(size: dict[str, int], open_page: Opener) -> None:
    """Every control is come to by the tabulator and is seen when it is; after the last one the walk is over."""
    page = settled(open_page(RULES, viewport=size))
    for _ in range(300):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        assert found["outlined"], f"not to be seen where one is: {found['what']}"
        assert found["seen"], f"out of sight: {found['what']}"
    assert found is None, "the walk has no end"
    assert not page.evaluate(LEFT_OUT)


def same_answer(page: Page) -> str:
    """The total the page shows, after making sure that it is the answer to what it holds."""
    engine, shown = page.evaluate(TALLY)
    assert engine == shown
    return shown


def test_the_keyboard_changes_values(open_page: Opener) -> None:
    page = settled(open_page(RULES))
    before = same_answer(page)
    page.focus("#in-batch_size")
    page.keyboard.press("Control+A")
    page.keyboard.type("64")
    page.keyboard.press("Tab")
    after = same_answer(page)
    assert page.evaluate("gaugePage.asked.set.batch_size") == "64"
    assert before != after
    for _ in range(8):  # the slider, whose places are closer than its values
        page.keyboard.press("ArrowRight")
    assert same_answer(page) != after
    page.focus("#in-mode")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("gaugePage.asked.set.mode") == "training"
    page.focus("#in-model")
    page.keyboard.press("Control+A")
    page.keyboard.type("qwen")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "qwen" in page.evaluate("gaugePage.presetName('model')")
    same_answer(page)


def test_the_address_holds_the_question(open_page: Opener) -> None:
    page = settled(open_page(RULES))
    page.evaluate("gaugePage.setAll({ batch_size: '1_000', sequence_length: '4Ki', precision: 'nf4' })")
    total = same_answer(page)
    page.wait_for_function("() => location.hash.includes('nf4')")
    again = settled(open_page(RULES, fragment=page.evaluate("location.hash")))
    assert again.evaluate("gaugePage.asked.set") == page.evaluate("gaugePage.asked.set")
    assert same_answer(again) == total


@pytest.mark.slow
def test_a_broken_address_is_harmless(open_page: Opener) -> None:
    files = [None, [1], 5, "x", {"model_type": {"n": 5}}, {"model_type": "llama", "hidden_size": {"n": []}}, {"model_type": "llama"}]
    broken = [
        "%",
        "%E0%A4%A&a=b&=&&c",
        "__proto__=1&constructor=2&batch_size=%3Cimg%20src%3Dx%3E",
        "x" * 9_000,
        "file:model=[",
        "file:model=5",
    ]
    broken += ["model=llama-3-8b&file:model=" + quote(json.dumps(["<b>", each])) for each in files]
    page = open_page("rules/compute_gauge.yaml")
    for fragment in broken:
        page.goto("about:blank")
        page.goto(open_page.address + "#" + fragment)
        page.wait_for_function("() => window.gaugePage?.view")
        assert page.locator("h1").inner_text() == "Compute Gauge, the article", fragment
    assert page.evaluate("Object.prototype.hasOwnProperty('1')") is False


def copied(page: Page, button: str) -> str:
    """What a button copies."""
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name=button, exact=True).click()
    return page.evaluate("window.copied")


def near(one: Any, other: Any) -> bool:
    """The same, or the nearest float of it."""
    numbers = isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool)
    return one == other or (numbers and abs(one - other) <= 1e-12 * abs(other))


@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_what_is_taken_along_asks_the_same(
    count: int, open_page: Opener, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The inputs file, the command and the JSON that are copied give the answer of the page."""
    monkeypatch.chdir(ROOT)
    page, plan = settled(open_page(RULES)), Plan(load(RULES))
    random = Random(count)  # noqa: S311 - the same questions each time
    known = {kind: list(each.featured) or names(each) for kind, each in plan.document.presets.items()}
    asked = [asked_at_random(plan, known, random) for _ in range(4 * count)]
    asked = [each for each in asked if "total" in (said := engine_says(plan, each)) and not said["refused_by_checks"]][:count]
    assert len(asked) == count
    for each in [{**each, "batch_size": batch} for each, batch in zip(asked, cycle(["1,000", " 8 ", "2 k", "1_0", "64"]))]:
        page.evaluate("(set) => gaugePage.become({ set, files: {} })", each)
        file = tmp_path / "inputs.yaml"
        file.write_text(copied(page, "inputs.yaml"), encoding="utf-8")
        python, program, *arguments = shlex.split(copied(page, "Command"))
        assert (python, program) == ("python", "cli.py")
        by_file = run("eval", RULES, str(file), "--format", "json")
        by_command = run(*arguments, "--format", "json")
        assert by_file.code == by_command.code == 0, (each, by_file.err, by_command.err)
        answers = [json.loads(ran.out) for ran in (by_file, by_command)]
        assert answers[0]["values"] == answers[1]["values"]
        said = json.loads(copied(page, "JSON"))
        assert {name: value for name, value in said["exact"].items() if "/" in value} == answers[1]["exact"]
        for key in ("title", "units", "not_applicable", "overridden", "fits"):
            assert said[key] == answers[1][key], key
        assert said["values"].keys() == answers[1]["values"].keys()
        assert not [name for name, value in said["values"].items() if not near(value, answers[1]["values"][name])]


CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 99,
}


def test_a_file_is_brought(open_page: Opener, tmp_path: Path) -> None:
    """Picked, pasted or dropped; what is none is refused in words."""
    page = settled(open_page(RULES))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG), encoding="utf-8")
    layers = "String(gauge.answer(gaugePage.asked).values.state(gauge.program.item('layers').id))"
    open_dialog = page.get_by_role("button", name="use a .json file")
    open_dialog.click()
    page.locator("input[type=file]").set_input_files(str(file))
    page.wait_for_function("() => gaugePage.presetName('model') === 'config.json'")
    assert page.evaluate(layers) == "3"
    open_dialog.click()
    page.locator("dialog textarea").fill("{")
    page.locator("dialog").get_by_role("button", name="Use it").click()
    assert page.locator("dialog .problem").inner_text()
    page.locator("dialog textarea").fill(json.dumps({**CONFIG, "num_hidden_layers": 5}))
    page.locator("dialog").get_by_role("button", name="Use it").click()
    assert page.evaluate(layers) == "5"
    drop = """(text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "dropped.json", { type: "application/json" }));
      const about = { dataTransfer: data, bubbles: true, cancelable: true };
      for (const type of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, about));
    }"""
    page.evaluate(drop, json.dumps({**CONFIG, "num_hidden_layers": 7}))
    page.wait_for_function("() => gaugePage.presetName('model') === 'dropped.json'")
    assert page.evaluate(layers) == "7"


def test_paper(open_page: Opener) -> None:
    page = settled(open_page(RULES, viewport={"width": 794, "height": 1123}))
    page.emulate_media(media="print")
    assert page.evaluate(OVERFLOW) <= 0
    assert page.locator(".printed").is_visible()
    assert not page.locator("#in-batch_size").is_visible()
    assert len(page.pdf(format="A4")) > 10_000


def test_another_field_of_knowledge(open_page: Opener) -> None:
    """The page of the other shipped rules, which ask for other things."""
    page: Any = settled(open_page("rules/compute_gauge.yaml", viewport=NARROW))
    assert not violations(page)
    assert page.evaluate(OVERFLOW) <= 0
