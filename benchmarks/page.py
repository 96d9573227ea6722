"""How large and how fast the page is: `python benchmarks/page.py [RULES]` (needs the extra `browser` and a Chromium).

Prints the bytes of the file, how long it takes to be made, to start, to answer and to repaint. A start is from the address to the first
answer on the screen; an answer is the computation alone; a repaint is a change with everything that is seen at once, layout included, of
which the bar is a frame. Times depend on the machine: each stands beside what a million additions take in the same browser.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine import document, plan  # noqa: E402 - the checkout beside this file
from engine.page import build  # noqa: E402

RUNS = 9
BAR = 150_000
FRAME = 16.0
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


def middle(times: list[float]) -> str:
    """The median and the 95th percentile, in milliseconds."""
    listed = sorted(times)
    return f"{statistics.median(listed):8.1f} ms   (95 %: {listed[int(len(listed) * 0.95)]:.1f} ms)"


def measure(page: Any, address: str) -> tuple[list[float], list[float], list[float], list[float]]:
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


def main() -> int:
    """Measure and print; exit code 1 when over a bar."""
    from playwright.sync_api import sync_playwright

    rules = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "rules" / "transformer.yaml")
    begun = time.perf_counter()
    made = build.page(plan.Plan(document.load(rules)), path=rules)
    seconds = time.perf_counter() - begun
    every = build.page(plan.Plan(document.load(rules)), every_preset=True)
    program = os.environ.get("COMPUTE_GAUGE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "gauge.html"
        file.write_text(made, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        starts, answers, repaints, additions = measure(browser.new_page(), file.as_uri())
        browser.close()
    print(f"size                 {len(made):8,} bytes   (bar: {BAR:,}; with every preset: {len(every):,})")
    print(f"made in              {seconds:8.1f} s")
    print(f"start                {middle(starts)}")
    print(f"answer               {middle(answers)}")
    print(f"repaint              {middle(repaints)}   (bar: {FRAME:.0f} ms)")
    print(f"a million additions  {middle(additions)}")
    return 1 if len(made) > BAR or statistics.median(repaints) > FRAME else 0


if __name__ == "__main__":
    sys.exit(main())
