"""What the tests share: running the command line in this process, and documents from text."""

from __future__ import annotations

import contextlib
import io
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, settings

import cli
from engine import document, evaluate, presets, source
from engine.errors import Place, Text
from engine.plan import Plan

ROOT = Path(__file__).resolve().parent.parent

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
