"""What the page draws: bars, the curve, the comparison. What is read there are the numbers of the answer, what is seen is in proportion."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest

from conftest import ROOT, Opener, values_of, watch
from engine.document import load
from engine.page import build as page_build
from engine.plan import Plan
from engine.quantity import grouped, readable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STYLE = ROOT / "engine/page/style"
INFERENCE = {"model": "llama-3-8b", "device": "h100-sxm", "batch_size": "8", "sequence_length": "8Ki"}
TRAINING = INFERENCE | {"mode": "training"}


@cache
def page_of(path: str) -> str:
    """A page whose rooms can be reached from outside."""
    read = page_build._read

    def opened(name: str) -> str:
        text = read(name)
        return (
            text.replace("window.gauge = ", "window.rooms = { Charts, Curve, Compare, Exact }; window.gauge = ")
            if name == "js/app.js"
            else text
        )

    with patch.object(page_build, "_read", opened):
        return page_build.page(Plan(load(path)), path=path)


@pytest.fixture(scope="module")
def shared(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, list[str]]]:
    """One page for all tests of this file, and what it said."""
    file = tmp_path_factory.mktemp("drawn") / "page.html"
    file.write_text(page_of(str(ROOT / "rules/transformer.yaml")), encoding="utf-8")
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    watch(page, said, file.as_uri())
    page.goto(file.as_uri())
    page.wait_for_function("() => window.gauge")
    yield empty(page), said
    context.close()


@pytest.fixture
def transformer(shared: tuple[Page, list[str]]) -> Iterator[Page]:
    page, said = shared
    page.set_viewport_size({"width": 1280, "height": 800})
    yield page
    assert not said


def empty(page: Page) -> Page:
    """The page with a place of our own instead of its face."""
    page.evaluate(
        """() => {
          if (window.gaugePage) Object.assign(gaugePage, { then: [], later: -1 });
          document.body.replaceChildren(document.createElement("main"));
          window.put = (element) => { document.querySelector("main").replaceChildren(element); return element; };
          window.bars = (set, change) => {
            const answer = gauge.answer({ set });
            change?.(answer);
            return put(rooms.Charts.phases(gauge, answer, { onpick: (id) => { window.picked = id; } }));
          };
          window.curve = (set, name, crossing) => {
            const onpoint = (value) => { window.point = String(value); };
            const options = { onpoint, crossing: crossing === null ? null : rooms.Exact.parse(crossing) };
            const drawing = rooms.Curve.draw(gauge, gauge.answer({ set }), gauge.program.item(name).id, options);
            window.steps = 0;
            for (let step = drawing.next(); ; step = drawing.next(), window.steps += 1) if (step.done) return put(step.value);
          };
        }"""
    )
    return page


@pytest.fixture
def small(open_page: Opener, write: Callable[..., str]) -> Callable[[str], Page]:
    """The page of rules given as text."""
    return lambda text: empty(open_page(page_of(write(text))))


def cells(page: Page) -> list[list[str]]:
    """The cells of the table on the page, row by row."""
    found: list[list[str]] = page.evaluate(
        "() => [...document.querySelectorAll('tr')].map(row => [...row.children].map(cell => cell.textContent))"
    )
    return found


def boxes(page: Page, selector: str) -> list[dict[str, Any]]:
    """Where elements of a drawing are, with their attributes."""
    found: list[dict[str, Any]] = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].map((each) => {
          const { x, y, width, height } = each.getBoundingClientRect();
          const attributes = Object.fromEntries([...each.attributes].map((one) => [one.name, one.value]));
          return { left: x, top: y, right: x + width, bottom: y + height, text: each.textContent, ...attributes };
        })""",
        selector,
    )
    return found


def phases_of(page: Page, asked: dict[str, str]) -> list[dict[str, Any]]:
    """The phases of the answer, as text."""
    found: list[dict[str, Any]] = page.evaluate(
        """(set) => gauge.answer({ set }).phases.map(({ total, peak, terms }) => ({
          total: String(total), peak, terms: terms.filter(({ value }) => value !== 0).map(({ label, value }) => [label, String(value)]),
        }))""",
        asked,
    )
    return found


# Bars


@pytest.mark.parametrize("asked", [INFERENCE, TRAINING], ids=["inference", "training"])
def test_table_of_the_bars(transformer: Page, asked: dict[str, str]) -> None:
    """The table says the terms of every phase, exactly, with their sum; and the peak is the total of the engine."""
    transformer.evaluate("(set) => bars(set)", asked)
    phases = phases_of(transformer, asked)
    rows = iter(cells(transformer)[1:])
    for phase in phases:
        (title,) = next(rows)
        assert title.endswith("(peak)") == phase["peak"]
        for label, value in [*phase["terms"], ["Sum", phase["total"]]]:
            name, size, exact, share = next(rows)
            assert (name, size, exact) == (label, readable(int(value), "byte"), grouped(int(value)))
            assert share == "< 0.1 %" or abs(float(share[:-2]) - 100 * int(value) / int(phase["total"])) < 0.051
    plan = Plan(load(str(ROOT / "rules/transformer.yaml")))
    total = values_of(plan, json.dumps(asked)).number("peak_memory")
    assert [phase["total"] for phase in phases if phase["peak"]] == [str(total)]
    assert ["Memory of the device", "79.65 GiB", "85,520,809,984", ""] in list(rows)


@pytest.mark.parametrize("asked", [INFERENCE, TRAINING], ids=["inference", "training"])
def test_bars_are_in_proportion(transformer: Page, asked: dict[str, str]) -> None:
    transformer.evaluate("(set) => bars(set)", asked)
    transformer.wait_for_timeout(100)
    phases = phases_of(transformer, asked)
    (edge, *edges) = boxes(transformer, ".drawing .edge")
    left = boxes(transformer, ".drawing")[0]["left"]
    scale = float(edge["x1"]) / 85_520_809_984
    parts = {}
    ends = []
    for at, phase in enumerate(phases):
        pieces = transformer.evaluate(
            """(at) => [...document.querySelectorAll(`.drawing [data-phase='${at}']`)].map((each) =>
              [each.dataset.part, ...["x", "width", "fill"].map((name) => each.querySelector(".part").getAttribute(name))])""",
            at,
        )
        for part, _, _, fill in pieces:
            assert parts.setdefault(part, fill) == fill
        end = 0.0
        for _, x, width, _ in pieces:
            assert float(x) == pytest.approx(end, abs=0.01)
            end += float(width)
        assert end == pytest.approx(int(phase["total"]) * scale, abs=0.01)
        ends.append(end)
        wide = sorted(float(width) for _, _, width, _ in pieces)
        values = sorted(int(value) * scale for _, value in phase["terms"])
        assert wide[-3:] == pytest.approx(values[-3:], abs=0.5)
    over = boxes(transformer, ".drawing .over")
    assert [(each["left"] - left, each["right"] - left) for each in over] == [
        (pytest.approx(float(edge["x1"]), abs=0.1), pytest.approx(end, abs=0.1)) for end in ends if end > float(edge["x1"])
    ]
    assert {each["x1"] for each in edges} == {edge["x1"]}
    assert bool(over) == (asked is TRAINING)


def test_a_bar_is_read_and_picked(transformer: Page) -> None:
    """With the pointer and with the keyboard; the words say what the drawing shows."""
    transformer.evaluate("(set) => bars(set)", INFERENCE)
    names = transformer.locator(".keys button")
    names.nth(1).focus()
    assert transformer.locator(".reading").text_content() == "Key/value cache, Prompt: 8.00 GiB (8,589,934,592), 26.5 %"
    assert transformer.locator(".dim").count() > 0
    transformer.keyboard.press("Enter")
    assert transformer.evaluate("() => gauge.content.names[window.picked]") == "kv_cache"
    transformer.locator(".drawing [data-part='0']").last.hover()
    assert transformer.locator(".reading").text_content() == "Weights, One more token: 14.96 GiB (16,060,522,496), 64.8 %"
    transformer.mouse.move(0, 0)
    assert transformer.locator(".dim").count() == 0
    (drawing,) = boxes(transformer, ".drawing")
    assert drawing["role"] == "img"
    for said in ("Peak memory 30.21 GiB: fits, 49.44 GiB left", "Prompt 30.21 GiB", "Weights 14.96 GiB"):
        assert said in drawing["aria-label"]


def test_tiny_parts_are_one_piece_and_listed(transformer: Page) -> None:
    transformer.evaluate("(set) => bars(set)", TRAINING)
    last = transformer.locator(".keys button").last
    last.focus()
    few = (transformer.locator(".reading").text_content() or "").split("\n")[1:]
    assert f"{len(few)} smaller parts" in (last.text_content() or "")
    assert any(line.startswith("Buffers 256 B") for line in few)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_text_over_another(transformer: Page, width: int) -> None:
    """At any width; and nothing makes the page wider than the window."""
    transformer.set_viewport_size({"width": width, "height": 800})
    for draw, done in (("(set) => { bars(set); }", ".keys"), ("(set) => { curve(set, 'sequence_length', '1200'); }", ".curve")):
        transformer.evaluate(draw, TRAINING)
        transformer.wait_for_selector(done, state="attached")
        transformer.wait_for_timeout(100)
        shown = boxes(transformer, ".drawing text")
        assert len(shown) > 8
        for one, two in itertools.combinations(shown, 2):
            across = min(one["right"], two["right"]) - max(one["left"], two["left"])
            down = min(one["bottom"], two["bottom"]) - max(one["top"], two["top"])
            assert across <= 0 or down <= 1.5, f"{one['text']!r} over {two['text']!r}"
        assert all(each["left"] >= 0 and each["right"] <= width for each in shown)
        assert transformer.evaluate("() => document.documentElement.scrollWidth") <= width


def test_negative_terms_and_nothing(small: Callable[[str], Page]) -> None:
    """What is taken off is drawn back from the end; a total of 0, and no total, still give a figure."""
    page = small(
        """
        report: {total: rest}
        inputs: {whole: {type: integer, min: 0}, less: {type: integer, default: 30}}
        rules: {one: {formula: whole}, two: {formula: less}, rest: {formula: one - two}}
        """
    )
    page.evaluate("() => { bars({ whole: '100' }); }")
    (less,) = boxes(page, ".drawing .less .part")
    (more,) = boxes(page, ".drawing [data-part]:not(.less) .part")
    assert float(less["width"]) == pytest.approx(0.3 * float(more["width"]), abs=0.01)
    assert float(less["x"]) == pytest.approx(0.7 * float(more["width"]), abs=0.01)
    assert ["Sum", "70", "70", "100.0 %"] in cells(page)
    page.evaluate("() => { bars({ whole: '0', less: '0' }); }")
    assert ["Sum", "0", "0", ""] in cells(page)
    page.evaluate("() => { bars({}); }")
    assert page.locator("figure").count() == 1


def test_sizes_beyond_any_screen(small: Callable[[str], Page]) -> None:
    """Numbers that no float holds, and one next to nothing: still figures, and nothing on the console."""
    page = small(
        """
        report: {total: size, budget: room}
        inputs: {many: {type: integer, min: 1, default: 7}, room: {default: 1}}
        rules:
          large: {formula: many ** 64 * 10 ** 64 * 10 ** 64 * 10 ** 64 * 10 ** 64}
          small: {formula: 1 / 10 ** 64}
          size: {formula: large + small}
        """
    )
    page.evaluate("() => { rooms.Charts.svgText(bars({})); }")
    assert cells(page)[-3][0] == "Sum"
    curve(page, {}, "many", "100000")
    curve(page, {"many": "1"}, "room")
    small(
        """
        report: {total: size}
        inputs: {many: {min: 0, max: 1, default: 1/3}}
        rules: {size: {formula: many / 10 ** 62}}
        """
    ).evaluate("() => { bars({}); curve({}, 'many', null); }")


# The curve


def curve(page: Page, asked: dict[str, str], name: str, crossing: str | None = None) -> None:
    """Draws a curve and waits for it."""
    page.evaluate("([set, name, crossing]) => { curve(set, name, crossing); }", [asked, name, crossing])
    page.wait_for_selector(".curve", state="attached")
    page.wait_for_timeout(60)


def path(page: Page) -> list[list[tuple[float, float]]]:
    """The points of the curve, one list for each piece of it."""
    (drawn,) = boxes(page, ".curve")
    pieces = [re.sub(r"h\.01", "", piece).split("L") for piece in drawn["d"].split("M")[1:]]
    return [[(float(point.split()[0]), float(point.split()[1])) for point in piece] for piece in pieces]


def test_table_of_the_curve(transformer: Page) -> None:
    """Every value in it is the engine's; the present value and the crossing are there."""
    curve(transformer, INFERENCE, "sequence_length", "36408")
    plan = Plan(load(str(ROOT / "rules/transformer.yaml")))
    rows = cells(transformer)[1:]
    assert 8 <= len(rows) <= 16
    for name, size, exact, verdict in rows:
        value = int(name.split(" ")[0].replace(",", ""))
        total = int(values_of(plan, json.dumps(INFERENCE | {"sequence_length": value})).number("peak_memory"))
        rest = 85_520_809_984 - total
        assert (size, exact) == (readable(total, "byte"), grouped(total))
        assert verdict == f"{readable(abs(rest), 'byte')} {'left' if rest >= 0 else 'too much'}"
    assert {"8,192 (now)", "36,408 (crossing)"} <= {row[0] for row in rows}
    assert "fits up to 36,408" in [each["text"] for each in boxes(transformer, ".drawing text")]


def test_budget_and_crossing_stand_where_they_are(transformer: Page) -> None:
    curve(transformer, INFERENCE, "batch_size", "20")
    ((first, *_, last),) = path(transformer)
    (crossing,) = boxes(transformer, ".drawing .crossing")
    (now,) = boxes(transformer, ".drawing .now[r='5']")
    line = boxes(transformer, "path.budget")[0]["d"]
    total = {
        each: int(transformer.evaluate("(size) => String(gauge.answer({ set: size }).total)", INFERENCE | {"batch_size": str(each)}))
        for each in (1, 8, 20, 40)
    }
    scale = (first[1] - last[1]) / (total[40] - total[1])
    for mark, at in ((now, 8), (crossing, 20)):
        assert float(mark["cx"]) == pytest.approx(first[0] + (last[0] - first[0]) * (at - 1) / 39, abs=0.1)
        assert float(mark["cy"]) == pytest.approx(first[1] - (total[at] - total[1]) * scale, abs=0.1)
    heights = {float(point.split(" ")[1]) for point in line[1:].split("L")}
    assert max(heights) == min(heights) == pytest.approx(first[1] - (85_520_809_984 - total[1]) * scale, abs=0.1)


STEPPED = """
    report: {total: size}
    inputs: {many: {type: number, min: 0, max: 60, default: 31}, whole: {type: integer, min: 1, max: 1_000_000, default: 5}}
    rules:
      size: {cases: [{when: many < 42 or many >= 45, formula: 100 * ceil(many / 7)}, {otherwise: 1 / (many - many)}]}
      grown: {formula: 3 * whole}
"""


def test_steps_are_steps_and_gaps_are_gaps(small: Callable[[str], Page]) -> None:
    page = small(STEPPED)
    curve(page, {}, "many")
    pieces = path(page)
    assert len(pieces) == 2
    (drawing,) = boxes(page, ".drawing")
    wide = float(drawing["viewBox"].split()[2])
    rises = 0
    for piece in pieces:
        for (x, y), (after, then) in itertools.pairwise(piece):
            if y != then:
                rises += 1
                assert after - x < wide / 400
    assert rises == 8
    gap = pieces[1][0][0] - pieces[0][-1][0]
    assert gap == pytest.approx((wide - 10 - pieces[0][0][0]) * 3 / 60, abs=wide / 300)


def test_scale_is_logarithmic_where_it_spans_much(small: Callable[[str], Page]) -> None:
    page = small(STEPPED.replace("total: size", "total: grown"))
    curve(page, {}, "whole", "20000")
    texts = [each["text"] for each in boxes(page, ".drawing text")]
    assert "whole, logarithmic" in texts
    rows = [row[0] for row in cells(page)[1:]]
    assert {"5 (now)", "10", "1,000", "20,000 (crossing)", "40,000"} <= set(rows)
    curve(page, {"whole": "1000"}, "whole", "2000")
    assert "whole" in [each["text"] for each in boxes(page, ".drawing text")]


def test_a_point_is_read_and_taken(transformer: Page) -> None:
    curve(transformer, INFERENCE, "batch_size", "20")
    handle = transformer.locator("input[type=range]")
    assert handle.get_attribute("aria-valuetext") == "Batch size 8: 30.21 GiB (32,439,869,696), 49.44 GiB left"
    assert not transformer.locator(".reading button").is_visible()
    handle.focus()
    handle.press("End")
    assert (handle.get_attribute("aria-valuetext") or "").startswith("Batch size 40: ")
    transformer.locator(".reading button").click()
    assert transformer.evaluate("window.point") == "40"
    handle.hover(position={"x": 8, "y": 20})
    assert (transformer.locator(".reading").text_content() or "").startswith("Batch size 1: ")


def test_only_fitting_values_are_tried(small: Callable[[str], Page]) -> None:
    """An input with choices has a point for each of them, and no line between; few values are computed, one at a step."""
    page = small(
        """
        report: {total: size}
        inputs: {many: {type: integer, choices: [1, 2, 4, 16], default: 2}, whole: {type: integer, min: 1, max: 1_000_000, default: 5}}
        rules: {size: {formula: many * whole}}
        """
    )
    curve(page, {}, "many")
    assert [row[:2] for row in cells(page)[1:]] == [["1", "5"], ["2 (now)", "10"], ["4", "20"], ["16", "80"]]
    assert [len(piece) for piece in path(page)] == [2, 1, 1]
    assert len(boxes(page, ".drawing .now")) == 5
    curve(page, {}, "whole", "20000")
    assert 60 < page.evaluate("window.steps") < 200


# The comparison


def test_comparison(transformer: Page) -> None:
    """Sizes with their difference from the first, what differs, verdicts; a pin that cannot be computed says why."""
    pins = [INFERENCE, INFERENCE | {"sequence_length": "2Ki"}, {"device": "h100-sxm"}]
    transformer.evaluate(
        """(pins) => {
          const remove = (at) => () => { window.removed = at; };
          put(rooms.Compare.table(gauge, pins.map((set, at) => ({ label: `pin ${at}`, asked: { set }, onremove: remove(at) }))));
        }""",
        pins,
    )
    rows = {row[0]: row[1:] for row in cells(transformer)}
    totals = [int(transformer.evaluate("(set) => String(gauge.answer({ set }).total)", set_)) for set_ in pins[:2]]
    assert rows["Peak memory"] == [
        readable(totals[0], "byte") + grouped(totals[0]),
        readable(totals[1], "byte") + grouped(totals[1]) + readable(totals[1] - totals[0], "byte").replace("-", "\u2212"),
        "–",  # noqa: RUF001 (what the page says)
    ]
    assert rows["Peak memory"][1].endswith("\u221211.44 GiB")
    assert rows["Sequence length"] == ["8,192 tokens", "2,048 tokens", "unknown"]
    assert rows["Weights"][1] == "14.96 GiB16,060,522,496"
    assert "Device" not in rows
    assert rows["Verdict"][0] == "Peak memory 30.21 GiB: fits, 49.44 GiB left"
    assert rows["Verdict"][2].startswith("A value is missing: ")
    transformer.get_by_role("button", name="Remove pin 1").click()
    assert transformer.evaluate("window.removed") == 1
    transformer.evaluate("() => { put(rooms.Compare.table(gauge, [])); }")
    assert "Nothing is pinned yet" in (transformer.locator("main").text_content() or "")


# Files, and labels that are attacks


ATTACK = '<img src=x onerror=alert(1)></text><script>alert(2)</script>]]>&amp;"\x01\ud800'


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawing_as_a_file(transformer: Page, scheme: Literal["light", "dark"]) -> None:
    """It is XML, needs no style of the page, runs nothing, and labels in it are text."""
    transformer.emulate_media(color_scheme=scheme)
    text = transformer.evaluate(
        """([set, attack]) => {
          const change = ({ terms }) => Object.assign(terms[0], { label: attack, id: undefined });
          return rooms.Charts.svgText(bars(set, (answer) => answer.phases.forEach(change)));
        }""",
        [TRAINING, ATTACK],
    )
    root = ET.fromstring(text)  # noqa: S314 (our own)
    names = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "pattern", "line", "g", "text", "path", "circle"}
    attributes = {(name, value) for each in root.iter() for name, value in each.attrib.items()}
    assert not [name for name, _ in attributes if name.startswith(("on", "data-", "{")) or name in {"class", "style", "href"}]
    assert not [value for _, value in attributes if "var(" in value or re.search(r"url\((?!#)", value)]
    assert {value for name, value in attributes if name == "fill"} >= {"rgb(255, 255, 255)", "rgb(17, 17, 17)"}
    said = [each.text or "" for each in root.iter()]
    assert root[0].text == "Peak memory"
    assert any("<script>alert(2)</script>" in each for each in said)
    for number, _ in enumerate(transformer.locator(".keys button").all()):
        assert any(each == str(number + 1) for each in said)
    assert transformer.locator("main img, main script").count() == 0
    assert transformer.locator(".exported").count() == 0


# Colours


def colours(scheme: int) -> dict[str, tuple[float, ...]]:
    """The linear red, green and blue of each property in the light (0) or the dark (1) scheme."""
    text = (STYLE / "base.css").read_text(encoding="utf-8") + (STYLE / "charts.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([a-z0-9-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)", text)

    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return {name: tuple(map(linear, bytes.fromhex(pair[scheme]))) for name, *pair in pairs}


def lightness(colour: tuple[float, ...]) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), colour, strict=True))


SEEN = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""How people see colours: linear colours times a matrix (Machado, Oliveira, Fernandes 2009)."""


def perceived(colour: tuple[float, ...], matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """A colour in Oklab, as someone sees it."""
    seen = [max(0.0, sum(a * b for a, b in zip(row, colour, strict=True))) for row in matrix]
    cones = ((0.4122, 0.5363, 0.0514), (0.2119, 0.6807, 0.1074), (0.0883, 0.2817, 0.6300))
    roots = [sum(a * b for a, b in zip(row, seen, strict=True)) ** (1 / 3) for row in cones]
    lab = ((0.2105, 0.7936, -0.0041), (1.9780, -2.4286, 0.4506), (0.0259, 0.7828, -0.8087))
    return tuple(sum(a * b for a, b in zip(row, roots, strict=True)) for row in lab)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_are_told_apart(scheme: int) -> None:
    """Each stands out from its ground by 3 to 1, and no two look alike to anyone."""
    known = colours(scheme)
    parts = [known[f"part-{number}"] for number in range(1, 11)]
    for ground in ("ground", "panel"):
        for part in parts:
            light, dark = sorted((lightness(part), lightness(known[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3
    for matrix in SEEN.values():
        for one, two in itertools.combinations(parts, 2):
            assert sum((a - b) ** 2 for a, b in zip(perceived(one, matrix), perceived(two, matrix), strict=True)) ** 0.5 > 0.06
