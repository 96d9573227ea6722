"""The command line: exit codes, where inputs come from, what is said to a mistyped command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, Run

Write = Callable[..., str]

RULES = """\
inputs:
  width: {type: integer, min: 1, max: 1000}
  height: {type: integer, min: 1, default: 3}
  mode: {type: choice, choices: [day, night], default: day}
  xs: {type: list, default: []}
  room: {type: number, unit: byte, default: 100}
rules:
  area: width * height
  total: {formula: area + length(xs)}
"""


@pytest.fixture
def rules(write: Write) -> str:
    return write(RULES)


def number(out: str, name: str) -> str:
    """The number beside a name in a table."""
    return next(line.split()[1] for line in out.splitlines() if line.startswith(name))


ASKED = [
    # arguments after the rules, standard input, the area
    (["-"], "width: 4", "12"),
    (["-", "--set", "width=5"], "width: 4", "15"),
    (["--set", "width=5"], "", "15"),
    (["--set=width=5"], "", "15"),
    (["--set", " width = 5 "], "", "15"),
    (["--set", "width=5", "--set", "width=6"], "", "18"),
    (["--set", "width=1_000"], "", "3,000"),
    (["--set", "width=1,000"], "", "3,000"),
    (["--set", "width=0.5k"], "", "1,500"),
    (["--set", "width=5", "--set", "xs=[1, 2]"], "", "15"),
    (["--format", "table", "--set", "width=5"], "", "15"),
    (["--quiet", "--set", "width=5"], "", "15"),
    (["--set", "area=7"], "", "7"),
    (["--", "-"], "width: 4", "12"),
]


@pytest.mark.parametrize(("arguments", "stdin", "area"), ASKED)
def test_eval(rules: str, run: Run, arguments: list[str], stdin: str, area: str) -> None:
    done = run("eval", rules, *arguments, stdin=stdin)
    assert (done.code, done.err) == (0, "")
    assert number(done.out, "area") == area


def test_words_after_options(rules: str, run: Run, write: Write) -> None:
    inputs = write("width: 4\n", "inputs.yaml")
    for arguments in (
        ["eval", "--quiet", rules, inputs],
        ["eval", rules, "--format", "table", inputs],
        ["eval", "--set", "height=3", rules, inputs],
        ["eval", rules, inputs, "--only", "area"],
    ):
        assert number(run(*arguments).out, "area") == "12", arguments


WRONG = [
    # arguments (RULES stands for the file), what is said
    ([], "COMMAND"),
    (["evl", "RULES"], "evl"),
    (["eval"], "`eval` needs RULES"),
    (["check"], "`check` needs RULES"),
    (["explain", "RULES"], "`explain` needs RULES"),
    (["explain", "RULES", "aera", "--set", "width=1"], "did you mean `area`"),
    (["eval", "no/such.yaml"], "no/such.yaml"),
    (["eval", "RULES", "no/such.yaml"], "no/such.yaml"),
    (["eval", "RULES", "a.yaml", "b.yaml"], "one argument too many"),
    (["eval", "RULES"], "a value is missing: `width`"),
    (["eval", "RULES", "--set", "width"], "write --set name=value"),
    (["eval", "RULES", "--set", "width="], "`width`"),
    (["eval", "RULES", "--set", "=3"], "--set"),
    (["eval", "RULES", "--set", "widht=3"], "did you mean `width`"),
    (["eval", "RULES", "--set", "width=0"], "at least 1, not 0"),
    (["eval", "RULES", "--set", "width=2.5"], "whole number"),
    (["eval", "RULES", "--set", "width=80GB"], "bytes"),
    (["eval", "RULES", "--set", "mode=evening"], "one of day, night"),
    (["eval", "RULES", "--set", "xs=[1"], "--set xs"),
    (["eval", "RULES", "--set", "xs=[&a 1]"], "anchors"),
    (["eval", "RULES", "--set", "xs=[!!python/name:os.system x]"], "tag"),
    (["eval", "RULES", "--set", "xs=3"], "is a list"),
    (["eval", "RULES", "--set", "width=__import__('os').system('touch /tmp/cg_corpus_PWNED')"], "whole number"),
    (["eval", "RULES", "--set", "width=\x1b[31m"], "\\x1b[31m"),
    (["eval", "RULES", "--only", "aera", "--set", "width=3"], "did you mean `area`"),
    (["eval", "RULES", "--formta", "json"], "--formta"),
    (["eval", "RULES", "--format", "xml"], "xml"),
    (["eval", "RULES", "--format"], "--format"),
    (["eval", "RULES", "--set"], "--set"),
    (["eval", "RULES", "--model", "x"], "unknown option `--model`"),
    (["eval", "RULES", "-x"], "-x"),
    (["explain", "RULES", "area", "--depth", "many"], "many"),
    (["list", "RULES", "model"], "model"),
    (["eval", "/"], "a folder"),
    (["eval", "/dev/zero"], "not a regular file"),
    (["eval", "RULES", "/dev/zero"], "not a regular file"),
    (["eval", "a\0b"], "a\\x00b"),
]


@pytest.mark.parametrize(
    ("arguments", "said"),
    WRONG,
    ids=lambda value: " ".join(value).replace("\0", "0").replace("\x1b", "ESC")[:50] if isinstance(value, list) else "",
)
def test_wrong_commands(rules: str, run: Run, arguments: list[str], said: str) -> None:
    done = run(*[rules if word == "RULES" else word for word in arguments])
    assert done.code == 2
    assert done.out == ""
    assert said in done.err


def test_mistakes_of_an_inputs_file_are_told_in_one_run(rules: str, run: Run) -> None:
    done = run("eval", rules, "-", stdin="width: 0\nheight: x\nmode: evening\nxs: 3\nroom: 80Gb\nwidht: 3\n")
    assert done.code == 2
    assert [line for line in range(1, 7) if f"standard input:{line}:" in done.err] == [1, 2, 3, 4, 5, 6]


def test_no_more_than_twenty_are_shown(rules: str, run: Run) -> None:
    done = run("eval", rules, "-", stdin="".join(f"x{index}: 1\n" for index in range(30)))
    assert done.err.count("unknown input") == 20
    assert done.err.rstrip().endswith("… and 10 more.")


@pytest.mark.parametrize("stdin", [b"", b"# nothing\n", b"{}"])
def test_nothing_on_standard_input(rules: str, run: Run, stdin: bytes) -> None:
    assert run("eval", rules, "-", "--set", "width=4", stdin=stdin).code in {0, 2}


@pytest.mark.parametrize(
    "stdin", [b"\xff\xfe", b"a: \xff", b"x" * 10_000_000, b"width: " + b"9" * 100_000, b"[" * 100_000, b"width: &a 1\n"]
)
def test_odd_standard_input(rules: str, run: Run, stdin: bytes) -> None:
    done = run("eval", rules, "-", stdin=stdin)
    assert done.code == 2
    assert "standard input" in done.err


def test_help(run: Run) -> None:
    for arguments in (["--help"], ["eval", "--help"], ["check", "-h"]):
        done = run(*arguments)
        assert done.code == 0
        assert "usage" in done.out.lower()


def start(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=folder)


def test_as_a_program(rules: str) -> None:
    done = start("eval", rules, "--set", "width=4")
    assert (done.returncode, number(done.stdout, "area"), done.stderr) == (0, "12", "")
    assert start("eval", rules).returncode == 2


def test_with_closed_streams(rules: str) -> None:
    command = f"{sys.executable} {ROOT / 'cli.py'} eval {rules}"
    for redirection in ("- <&-", "--set width=4 >&-", "--set width=4 2>&-", "--set width=4 | true", "--set width=4 >/dev/full"):
        done = subprocess.run(["bash", "-c", f"{command} {redirection}"], capture_output=True, text=True, check=False, timeout=60)
        assert "Traceback" not in done.stderr, redirection


def test_from_another_folder(rules: str, tmp_path: Path) -> None:
    done = start("eval", os.path.basename(rules), "--set", "width=4", folder=tmp_path)
    assert done.returncode == 0
    assert start("check", "compute_gauge", "--quiet", folder=tmp_path).returncode == 0
