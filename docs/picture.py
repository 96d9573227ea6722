"""Makes docs/page.png, the picture of the page in README.md: `python docs/picture.py` (needs the extra `browser` and a Chromium)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.document import load  # noqa: E402 - the checkout beside this file
from engine.page.build import page  # noqa: E402
from engine.plan import Plan  # noqa: E402

RULES = "rules/transformer.yaml"


def main() -> None:
    """Open the page as it begins, in light, and take what stands above the fold."""
    program = os.environ.get("COMPUTE_GAUGE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "gauge.html"
        file.write_text(page(Plan(load(str(ROOT / RULES))), path=RULES), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": 1280, "height": 1050}, color_scheme="light")
        shown.goto(file.as_uri())
        shown.wait_for_function("window.gaugePage")
        shown.wait_for_timeout(1500)  # what follows the first paint
        shown.screenshot(path=str(ROOT / "docs" / "page.png"))
        browser.close()


if __name__ == "__main__":
    main()
