"""The corpus of bad input: every case is refused or survived, in one process with little memory and little time.

The cases run in one child process, whose memory is limited; each is a test of its own, judged from what the child saw.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

import commands as cli
from conftest import ROOT, Run, run_cli

CORPUS = Path(__file__).parent / "corpus"
MARKER = Path("/tmp/cg_corpus_PWNED")  # noqa: S108 (the name the cases try to create)
CASES = [json.loads(line) for line in (CORPUS / "index.jsonl").read_text(encoding="utf-8").splitlines()]
RAW = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]|\x1b[^[]|\x1b\\[[0-9;]*[^0-9;m]")
SECONDS = 5
MEGABYTES = 500


def files(case: dict[str, Any]) -> tuple[str, str]:
    """The rules file and the inputs file of a case."""
    bad, other = str(CORPUS / case["file"]), str(CORPUS / case["with"])
    return (bad, other) if case["kind"] == "rules" else (other, bad)


def command(case: dict[str, Any]) -> list[str]:
    """The command line of a case."""
    asked = case.get("solve")
    if not asked:
        return ["eval", *files(case)]
    bound = next(key for key in ("at_most", "at_least", "equals") if key in asked)
    return ["solve", *files(case), f"--for={asked['for']}", f"--target={asked['rule']}", f"--{bound.replace('_', '-')}={asked[bound]}"]


def child() -> None:
    """Run every case and print what it did, a line of JSON each; the last line says how much memory it took."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    for case in CASES:
        start = time.perf_counter()
        try:
            code, out, err = run_cli(command(case))
        except BaseException:  # noqa: BLE001 (whatever it is, it is what the test is about)
            code, out, err = -1, "", traceback.format_exc()
        seconds = time.perf_counter() - start
        print(json.dumps({"id": case["id"], "code": code, "out": out, "err": err, "seconds": seconds, "ran": MARKER.exists()}), flush=True)
    print(json.dumps({"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What every case did, by its name, and the memory of all under `megabytes`."""
    shutil.rmtree(MARKER, ignore_errors=True)
    silent, _open = os.pipe()  # a program that reads it waits for ever, as it would for a user
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, __file__],
        stdin=silent,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    os.close(silent)
    os.close(_open)
    found: dict[str, Any] = {"end": f"the process ended with {done.returncode}: {done.stderr[-500:]}"}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        found.update({said["id"]: said} if "id" in said else said)
    return found


def marked(case: dict[str, Any]) -> Any:
    """A case as a parameter; a case for a command that is not there yet may fail."""
    absent = bool(case.get("solve")) and "solve" not in cli.COMMANDS
    return pytest.param(case, id=case["id"], marks=[pytest.mark.xfail(strict=False, reason="no `solve` yet")] if absent else [])


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_case(case: dict[str, Any], seen: dict[str, Any]) -> None:
    assert case["id"] in seen, seen["end"]
    did = seen[case["id"]]
    code, text = did["code"], did["out"] + did["err"]
    assert code >= 0, did["err"]
    assert not did["ran"], "code of the file was run"
    assert did["seconds"] < SECONDS
    assert not RAW.search(text)
    assert case.get("secret", "root:x:") not in text
    names = [os.path.basename(path) for path in files(case)]
    if case["expect"] == "ok":
        assert code == 0, text
    elif case["expect"] == "safe":
        assert code in case.get("rc", [0, 2] if case["group"] != "solve" else [0, 1, 2]), text
    else:
        assert code in case.get("rc", [2]), text
        if case["group"] != "solve":
            wanted = names if case.get("file_any") else [os.path.basename(case["file"])]
            assert case.get("file_free") or any(name in text for name in wanted), text
        if "line" in case:
            assert re.search(rf"(?<!\d){case['line']}(?!\d)", text), text
        if "mentions" in case:
            assert any(word in text for word in case["mentions"]), text


def test_memory(seen: dict[str, Any]) -> None:
    assert "megabytes" in seen, seen["end"]
    assert seen["megabytes"] < MEGABYTES


def numbers(case: dict[str, Any]) -> dict[str, Any]:
    """The numbers a control must give: `a = 1, b = true`."""
    told = case["must"].rpartition(";")[2]
    return {name: json.loads(value) for name, value in re.findall(r"(\w+) ?= ?(-?[0-9][0-9.]*|true|false)", told)}


CONTROLS = [case for case in CASES if case["expect"] == "ok" and numbers(case)]


@pytest.mark.parametrize("case", CONTROLS, ids=lambda case: case["id"])
def test_numbers(case: dict[str, Any], run: Run) -> None:
    told = json.loads(run("eval", *files(case), "--format", "json").out)["values"]
    wanted = numbers(case)
    assert {name: told[name] for name in wanted} == wanted
    assert all(type(told[name]) is type(value) for name, value in wanted.items())


def test_every_kind_of_case_is_here() -> None:
    assert len(CASES) == 223
    assert len(CONTROLS) >= 3


if __name__ == "__main__":
    child()
