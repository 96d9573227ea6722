"""The page as people use it: read aloud, with the keyboard, on a telephone, in the dark, on paper; and at once."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import pytest

from conftest import Opener

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = "rules/transformer.yaml"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TALLY = "() => [gauge.answer(gaugePage.asked).total, gaugePage.view.answer.total].map(String)"


def settled(page: Page) -> Page:
    """The page when everything that follows the first paint is there."""
    page.wait_for_function("window.gaugePage")
    page.wait_for_timeout(400)
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


@pytest.mark.parametrize(
    ("scheme", "size"),
    [
        pytest.param("light", WIDE, id="light and wide"),
        pytest.param("dark", NARROW, id="dark and narrow"),
        pytest.param("light", NARROW, id="light and narrow", marks=pytest.mark.slow),
        pytest.param("dark", WIDE, id="dark and wide", marks=pytest.mark.slow),
    ],
)
def test_nothing_stands_in_the_way(scheme: str, size: dict[str, int], open_page: Opener) -> None:
    page = settled(open_page(RULES, color_scheme=scheme, viewport=size))
    assert not violations(page)
    assert page.evaluate(OVERFLOW) <= 0
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
    page.wait_for_timeout(700)
    again = settled(open_page(RULES, fragment=page.evaluate("location.hash")))
    assert again.evaluate("gaugePage.asked.set") == page.evaluate("gaugePage.asked.set")
    assert same_answer(again) == total


def test_a_broken_address_is_harmless(open_page: Opener) -> None:
    for fragment in ("#%", "#%E0%A4%A&a=b&=&&c", "#__proto__=1&constructor=2&batch_size=%3Cimg%20src%3Dx%3E", "#" + "x" * 9_000):
        page = open_page("rules/compute_gauge.yaml", fragment=fragment)
        assert page.evaluate("Object.prototype.hasOwnProperty('1')") is False
        assert page.locator("h1").inner_text() == "Compute Gauge, the article"


CHANGES = """async () => {
  const took = [];
  const one = (set) => {
    const begun = performance.now();
    gaugePage.setAll(set);
    document.body.getBoundingClientRect();
    took.push(performance.now() - begun);
  };
  for (let round = 0; round < 12; round += 1) {
    one({ batch_size: String(1 + round) });
    one({ mode: round % 2 ? "inference" : "training" });
    one({ precision: round % 2 ? "bfloat16" : "nf4" });
    one({ sequence_length: String(1000 * (round + 1)) });
    await new Promise((done) => { setTimeout(done, 40); });
  }
  return took;
}"""


def test_a_change_is_seen_at_once(open_page: Opener) -> None:
    """Half of the changes take less than a frame where nothing else runs (`benchmarks/page.py`); here much else may run."""
    page = settled(open_page(RULES))
    page.evaluate(CHANGES)
    assert statistics.median(page.evaluate(CHANGES)) < 100


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
