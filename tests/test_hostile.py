"""Files made to hurt: large, deep, long, odd. Each is refused or answered; none takes the machine."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Run

Write = Callable[..., str]

RULES = "inputs: {width: {type: integer, default: 3}, xs: {type: list, default: []}}\nrules: {area: width * 2}\n"
INPUTS: dict[str, Callable[[], str]] = {
    "10 MB": lambda: "width: 3\n" + "# 789 123\n" * 1_000_000,
    "100k aliases": lambda: "a: &a 1\nxs: [" + "*a, " * 100_000 + "]\n",
    "100k items": lambda: "xs: [" + "1, " * 100_000 + "]\n",
    "300k empty lists": lambda: "xs: [" + "[]," * 300_000 + "]\n",
    "100k keys": lambda: "".join(f"k{index}: 1\n" for index in range(90_000)),
    "a key of 900 kB": lambda: "k" * 900_000 + ": 1\n",
    "a quoted key of 900 kB": lambda: '"' + "k" * 900_000 + '": 1\n',
    "a value of 900 kB": lambda: "width: " + "9" * 900_000 + "\n",
    "a word of 900 kB": lambda: "width: " + "w" * 900_000 + "\n",
    "a line of spaces": lambda: "width:" + " " * 900_000 + "3\n",
    "deep lists": lambda: "xs: " + "[" * 400_000,
    "deep maps": lambda: "xs: " + "{a: " * 200_000,
    "deep blocks": lambda: "".join(" " * depth + "a:\n" for depth in range(1000)),
    "deep dashes": lambda: "- " * 400_000,
    "deep questions": lambda: "? " * 400_000,
    "many quotes": lambda: "xs: [" + "'', " * 200_000 + "]",
    "an escape bomb": lambda: 'width: "' + "\\x41" * 200_000 + '"',
    "many lines": lambda: "\n" * 900_000 + "widht: 3\n",
    "many duplicates": lambda: "width: 1\n" * 100_000,
    "merge keys": lambda: "<<: {width: 1}\n" * 1000,
    "combining marks": lambda: "width: a" + "\u0301" * 300_000,
    "right to left": lambda: "width: \u202e3\n",
    "no-break spaces": lambda: "width:\u00a0" * 1000,
    "carriage returns": lambda: "width: 3\rwidth: 4\r" * 1000,
    "base 60": lambda: "width: " + "1:" * 300_000 + "1",
    "percent signs": lambda: "%" * 100_000,
    "tags": lambda: "width: !<tag:yaml.org,2002:python/object/apply:os.system> [id]\n",
    "a tag of 900 kB": lambda: "width: !" + "t" * 900_000 + " 1\n",
    "a document marker": lambda: "---\n" * 100_000,
    "a block scalar": lambda: "width: |9\n" + " " * 900_000,
    "a very long comment": lambda: "#" * 900_000,
}


@pytest.mark.parametrize("name", INPUTS)
def test_inputs(write: Write, run: Run, tmp_path: Path, name: str) -> None:
    rules = write(RULES)
    (tmp_path / "inputs.yaml").write_text(INPUTS[name](), encoding="utf-8", newline="")
    done = run("eval", rules, str(tmp_path / "inputs.yaml"))
    assert done.code in {0, 2}
    assert len(done.out + done.err) < 20_000
    if done.code:
        assert "inputs.yaml" in done.err


FORMULAS = {
    "brackets": "(" * 60 + "1" + ")" * 60,
    "signs": "-" * 900 + "1",
    "nots": "not " * 400 + "true",
    "powers": "2**" * 400 + "2",
    "choices": "1 if true else " * 100 + "2",
    "sums": "+".join(["1"] * 499),
    "indices": "xs[" * 60 + "0" + "]" * 60,
    "calls": "max(" * 60 + "1" + ")" * 60,
    "a long name": "w" * 1999,
    "dots": "a" + ".a" * 400,
    "a power tower": "(2**64)**64",
    "a product": " * ".join(["(10**60)"] * 100),
    "factorial growth": "((((9**9)**9)**9)**9)**9",
    "rounding": "round_up(10**60 * 10**60, 1 / (10**60 * 10**60))",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(write: Write, run: Run, name: str) -> None:
    done = run("eval", write(f'{RULES[:-2]}, r: "{FORMULAS[name]}"}}\n'))
    assert done.code in {0, 2}
    assert len(done.out + done.err) < 20_000


def test_doubling(write: Write, run: Run) -> None:
    path = write(
        "report: {total: r60}\nrules:\n  r0: '3'\n" + "".join(f"  r{index}: r{index - 1} + r{index - 1} * 2\n" for index in range(1, 61))
    )
    assert run("eval", path).code == 0
    assert run("explain", path, "r60").code == 0


def test_squaring(write: Write, run: Run) -> None:
    done = run("eval", write("rules:\n  r0: '3'\n" + "".join(f"  r{index}: r{index - 1} * r{index - 1}\n" for index in range(1, 61))))
    assert (done.code, "too large" in done.err) == (2, True)


def test_many_cases(write: Write, run: Run) -> None:
    words = [f"w{index}" for index in range(200)]
    cases = "".join(f"      - {{when: m == {word}, formula: {index}}}\n" for index, word in enumerate(words))
    path = write(f"inputs: {{m: {{type: choice, choices: [{', '.join(words)}], default: w7}}}}\nrules:\n  r:\n    cases:\n{cases}")
    assert run("check", path).code == 0
    assert run("eval", path).code == 0


def config(**more: object) -> str:
    return json.dumps({"kind": "old", **more})


CONFIGS: dict[str, Callable[[], str]] = {
    "deep": lambda: '{"kind": "old", "x": ' + '{"a": ' * 10_000 + "1" + "}" * 10_000 + "}",
    "deep lists": lambda: '{"kind": "old", "x": ' + "[" * 100_000 + "}",
    "duplicate keys": lambda: '{"kind": "old", "width": 1, "width": 2}',
    "duplicate nested keys": lambda: '{"kind": "old", "x": {"a": 1, "a": 2}}',
    "large": lambda: config(x=["word"] * 200_000),
    "a number of 5,000 digits": lambda: '{"kind": "old", "width": ' + "9" * 5000 + "}",
    "an exponent": lambda: '{"kind": "old", "width": 1e999999999}',
    "a tag": lambda: '{"kind": "old", "width": !!python/name:os.system x}',
    "an alias": lambda: '{"kind": &a "old", "width": *a}',
    "code": lambda: config(width="__import__('os').system('id')"),
    "a path as its type": lambda: json.dumps({"kind": "../../../../etc/passwd"}),
    "a long type": lambda: json.dumps({"kind": "k" * 100_000}),
    "a type with control characters": lambda: json.dumps({"kind": "a\u001b[31m\u202e"}),
    "cut short": lambda: config(width=3)[:-1],
    "not JSON": lambda: "import os",
    "binary": lambda: "\x00\x01",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_configs(write: Write, run: Run, tmp_path: Path, name: str) -> None:
    rules = write(
        RULES + "presets: {model: {from: models, through: foreign, by: kind}}\n",
        **{
            "models/a.yaml": "values: {width: 3}\n",
            "foreign/old.yaml": "reads: [old]\ninputs: {wide: {name: width, type: integer}}\nrules: {width: wide}\n",
        },
    )
    (tmp_path / "config.json").write_text(CONFIGS[name](), encoding="utf-8")
    done = run("eval", rules, "--model", str(tmp_path / "config.json"))
    assert done.code == 2
    assert "config.json" in done.err
    assert len(done.err) < 5_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.err)


NAMES = [
    "../models/a",
    "a/../../b",
    "/etc/passwd",
    "/etc/passwd.json",
    "..",
    ".",
    ".yaml",
    "a\\b",
    "a\0b",
    "a.yaml\0",
    "$HOME",
    "~",
    "~root/x.json",
    "*",
    "a;id",
    "`id`",
    "$(id)",
    "{a}",
    "%s",
    "\x1b]0;x\x07",
    "\u202e",
    "n" * 5000,
    "con",
    "-",
    "--set",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_preset_names(write: Write, run: Run, name: str) -> None:
    rules = write(
        RULES + "presets: {model: {from: models}}\n", **{"models/a.yaml": "values: {width: 3}\n", "b.yaml": "values: {width: 4}\n"}
    )
    done = run("eval", rules, f"--model={name}")
    assert done.code == 2
    assert "root:" not in done.err
    assert len(done.err) < 2_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.err)


SETTINGS = [
    "width=1e999",
    "width=" + "9" * 10_000,
    "width=0x10",
    "width=1/0",
    "width=.inf",
    "width=\u0663",
    "width=3;id",
    "width=[",
    "width={a: 1}",
    "xs=[[[]]]",
    "xs=[" * 1000,
    "xs=[*a]",
    "xs=[<<: 1]",
    "__class__=3",
    "area.real=3",
    "w" * 100_000 + "=1",
    "\0=1",
    "width=\0",
    "xs=[\x1b]",
    "=",
    "==",
    "width==3",
    "\ud800=3",
    "width=\ud800",
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: ascii(setting)[:30])
def test_settings(write: Write, run: Run, setting: str) -> None:
    done = run("eval", write(RULES), "--set", setting)
    assert done.code == 2
    assert len(done.err) < 2_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.err)


def test_a_folder_full_of_odd_files(write: Write, run: Run, tmp_path: Path) -> None:
    rules = write(
        RULES + "presets: {model: {from: models}}\n",
        **{"models/good.yaml": "values: {width: 5}\n", "models/broken.yaml": "values: [", "models/note.txt": "x"},
    )
    models = tmp_path / "models"
    os.mkfifo(models / "pipe.yaml")
    os.symlink("/dev/zero", models / "zero.yaml")
    os.symlink("nowhere", models / "gone.yaml")
    (models / "folder.yaml").mkdir()
    (models / "a\x1b[31m.yaml").write_text("values: {width: 3}\n", encoding="utf-8")
    assert run("eval", rules, "--model=good").code == 0
    listed = run("list", rules, "model")
    assert listed.code == 0
    assert "good" in listed.out
    assert "\x1b" not in listed.out + listed.err
    for name in ("broken", "pipe", "zero", "gone", "folder", "note"):
        assert run("eval", rules, f"--model={name}").code == 2, name
