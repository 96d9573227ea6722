"""What the tests share: running the command line in this process, and documents from text."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

import pytest
from hypothesis import HealthCheck, settings

import commands as cli
from engine import document, evaluate, presets, source
from engine.errors import Place, Text
from engine.page import build as page_build
from engine.plan import Plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("COMPUTE_GAUGE_CACHE", "off")  # no test rests on an earlier one; `tests/test_recall.py` says when it wants more

_SLACK = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.function_scoped_fixture]
settings.register_profile("default", deadline=None, derandomize=True, database=None, suppress_health_check=_SLACK)
settings.register_profile("ci", deadline=None, print_blob=True, suppress_health_check=_SLACK)
settings.load_profile("default")


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs the command line in this process."""

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Ran: ...


def run_cli(arguments: Sequence[str], stdin: str | bytes = "") -> Ran:
    """Run the command line in this process. An exception other than the end of the program goes through."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(list(arguments))
            except SystemExit as stop:  # `--help`
                code = stop.code if isinstance(stop.code, int) else 1
    finally:
        sys.stdin = before
    return Ran(code, out.getvalue(), err.getvalue())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reset", action="store_true", help="rewrite the recorded outputs in tests/good and tests/bad")


@pytest.fixture
def reset(request: pytest.FixtureRequest) -> bool:
    """Whether recorded outputs are rewritten."""
    return bool(request.config.getoption("--reset"))


@pytest.fixture
def run() -> Run:
    return lambda *arguments, stdin="": run_cli(arguments, stdin)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes files into a folder of the test and gives the path of the first."""

    def put(text: str, name: str = "rules.yaml", **others: str) -> str:
        for file, content in {name: text, **others}.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8", newline="")
        return str(tmp_path / name)

    return put


@pytest.fixture
def build(write: Callable[..., str]) -> Callable[[str], Plan]:
    """The plan of a rules file given as text."""
    return lambda text: Plan(document.load(write(text)))


def values_of(plan: Plan, inputs: str = "{}", names: Sequence[str] | None = None) -> evaluate.Values:
    """The values of a plan for inputs given as YAML text."""
    text = Text("inputs.yaml", textwrap.dedent(inputs))
    return evaluate.evaluate(plan, presets.read_inputs(plan, source.parse(text), text, []), names)


def somewhere(text: str = "") -> Place:
    """A place in no file."""
    return Place(Text("here", text), 1, 1, max(1, len(text)))


# The page in a browser

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = """
    --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync
    --disable-dev-shm-usage
""".split()


@cache
def page_of(rules: str, *, every_preset: bool = False) -> str:
    """The page of a rules file of this checkout."""
    return page_build.page(Plan(document.load(str(ROOT / rules))), every_preset=every_preset, path=rules)


def _no_browser(reason: str) -> NoReturn:
    """Skip the test, or fail it where a browser must be there."""
    if os.environ.get("COMPUTE_GAUGE_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser: the one `COMPUTE_GAUGE_CHROMIUM` names, or a Chromium of the system."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _no_browser("the page is not opened in a browser: pip install '.[browser]'")
    program = os.environ.get("COMPUTE_GAUGE_CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if program is None:
        _no_browser("the page is not opened in a browser: no chromium on the PATH, and COMPUTE_GAUGE_CHROMIUM names none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_SWITCHES)
        yield browser
        browser.close()


class Opener:
    """Opens pages from disk, each in a context of its own.

    `said` is what they said or did that they should not, `address` that of the last.
    """

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.contexts: list[Any] = []
        self.said: list[str] = []
        self.address = ""

    def __call__(self, page: str, *, fragment: str = "", **options: Any) -> Page:
        """Open the HTML of a page, or the page of a rules file of this checkout.

        Args:
            page: HTML, or such as `rules/transformer.yaml`.
            fragment: what follows the address, such as `#batch=1`.
            options: those of a browser context (`viewport`, `color_scheme` …).
        """
        file = self.folder / f"page{len(self.contexts)}.html"
        file.write_text(page if page.lstrip().startswith("<") else page_of(page), encoding="utf-8")
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        made = context.new_page()
        self.address = file.as_uri()
        watch(made, self.said, self.address)
        made.goto(self.address + fragment)
        made.wait_for_function("() => window.gauge", timeout=20_000)
        return made


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens pages. The test fails when one says anything on the console, has an error, shows a dialog, or asks for anything but itself."""
    opener = Opener(chromium, tmp_path)
    yield opener
    for context in opener.contexts:
        context.close()
    assert not opener.said, "\n".join(opener.said)


def watch(page: Page, said: list[str], address: str) -> None:
    """Note in `said` everything a page does that it should not: it may ask for `address` and for nothing else."""

    def asked(request: Any) -> None:
        if request.url.partition("#")[0] != address and not request.url.startswith(("data:", "blob:")):
            said.append(f"request: {request.url}")

    def dialog(shown: Any) -> None:
        said.append(f"dialog: {shown.message}")
        shown.dismiss()

    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", dialog)
    page.on("request", asked)


def function_of(values: evaluate.Values, unknown: str, target: str) -> Callable[[Any], Any]:
    """The state of a target as a function of one unknown, each time computed anew."""

    def compute(value: Any) -> Any:
        return evaluate.evaluate(values.plan, {**values.given, unknown: evaluate.Given(value, "given")}, [target]).state(target)

    return compute
