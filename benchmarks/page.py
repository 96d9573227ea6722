"""How large and how fast the page is (needs the extra `browser` and a Chromium, the system's or the one `COMPUTE_GAUGE_CHROMIUM` names).

The bytes of the file, how long it takes to be made, to start, to answer and to repaint, by the clock. A start is from the address to the
first answer on the screen; an answer is the computation alone; a repaint is a change with everything that is seen at once, layout included,
of which a frame is asked. Times in the browser stand beside what a million additions take in the same one.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import ROOT, Missing, Options, Row, block, median

RUNS = 9
LARGEST = 150_000
FRAME = 0.016
NAMES = ("the page, size", "the page, made", "the page, started", "the page, an answer", "the page, repainted after a change")
ADDITIONS = """() => {
  const begun = performance.now();
  let sum = 0;
  for (let at = 0; at < 1e6; at += 1) sum += at % 7;
  return performance.now() - begun;
}"""
ANSWERS = """() => Array.from({ length: 60 }, () => {
  const begun = performance.now();
  gauge.answer(gaugePage.asked);
  return performance.now() - begun;
})"""
REPAINTS = """async (names) => {
  const took = [];
  for (let round = 0; round < 40; round += 1) {
    for (const name of names) {
      const item = gauge.program.item(name);
      const numbers = [1, 2, 3, 5, 8].map((each) => each + round);
      const values = item.type === "boolean" ? [true, false] : item.choices?.length ? item.choices : numbers;
      const begun = performance.now();
      gaugePage.set(name, String(values[round % values.length]));
      document.body.getBoundingClientRect();
      took.push(performance.now() - begun);
    }
    await new Promise((done) => { setTimeout(done, 30); });
  }
  return took;
}"""


def times(page: Any, address: str) -> tuple[list[float], list[float], list[float], list[float]]:
    """Starts, answers, repaints of every input the report asks first, and a million additions, in milliseconds."""
    starts = []
    for _ in range(RUNS):
        page.goto("about:blank")
        begun = time.perf_counter()
        page.goto(address)
        page.wait_for_function("() => window.gaugePage?.view")
        starts.append((time.perf_counter() - begun) * 1000)
    names = page.evaluate("gauge.content.report.inputs.filter((name) => gauge.program.item(name)).slice(0, 6)")
    page.evaluate(REPAINTS, names)  # what runs often is compiled
    repaints = page.evaluate(REPAINTS, names)
    page.evaluate(ANSWERS)
    return starts, page.evaluate(ANSWERS), repaints, [page.evaluate(ADDITIONS) for _ in range(RUNS)]


def measure(options: Options) -> Iterator[Row]:
    """The file, then what a browser does with it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("needs `pip install '.[browser]'`") from None
    program = os.environ.get("COMPUTE_GAUGE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        raise Missing("needs a Chromium")
    sys.path.insert(0, ROOT)
    from engine import document, plan
    from engine.page import build

    rules = f"{ROOT}/rules/transformer.yaml"
    made: list[str] = []
    took = block(lambda: made.append(build.page(plan.Plan(document.load(rules)), path=rules)))
    every = build.page(plan.Plan(document.load(rules)), every_preset=True)
    yield Row(NAMES[0], float(len(made[0])), "with every preset", float(len(every)), len(made[0]) / len(every), most=LARGEST, unit="B")
    yield Row(NAMES[1], took.cpu, wall=took.wall)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "gauge.html"
        file.write_text(made[0], encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        starts, answers, repaints, additions = (median(each) / 1000 for each in times(browser.new_page(), file.as_uri()))
        browser.close()
    for name, took_so_long, most in ((NAMES[2], starts, 0), (NAMES[3], answers, 0), (NAMES[4], repaints, FRAME)):
        yield Row(name, took_so_long, "a million additions", additions, took_so_long / additions, wall=took_so_long, most=most)


if __name__ == "__main__":
    from command import alone

    sys.exit(alone(__file__))
