"""What is kept between runs: it never changes an answer, whatever happens to it, and a warm start does without what a cold one needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import random_rules
from conftest import ROOT, Ran, run_cli
from engine import lookup, opened, packed, presets, recall, store
from engine.document import load
from engine.evaluate import evaluate
from engine.graph import formulas
from engine.plan import Absent, Plan
from engine.records import Document

HERE = Path(__file__).parent
RECORDED = sorted(path for folder in ("good", "bad") for path in (HERE / folder).glob("*.yaml") if not path.name.endswith(".inputs.yaml"))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what is kept."""
    folder = tmp_path / "kept"
    monkeypatch.setenv(store.SWITCH, str(folder))
    return folder


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered within this process, as in another one."""
    for name in ("_entries", "_reads", "_plan"):
        monkeypatch.setattr(presets, name, getattr(presets, name).__wrapped__)


def thrice(arguments: list[str]) -> tuple[Ran, Ran, Ran]:
    """What a command does without what is kept, the first time with it, and the second."""
    return run_cli([*arguments, "--no-cache"]), run_cli(arguments), run_cli(arguments)


# The same answers


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    first, *rest = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# command: ").split()
    inputs = path.with_name(path.stem + ".inputs.yaml")
    cold, filling, warm = thrice([first, path.name, *([inputs.name] if inputs.exists() else []), *rest])
    assert cold == filling == warm


SHIPPED = [
    "eval rules/transformer.yaml inputs.yaml",
    "eval rules/transformer.yaml inputs.yaml --format json",
    "eval rules/transformer.yaml inputs.yaml --format csv --set mode=training --set optimizer=adamw",
    "eval rules/transformer.yaml inputs.yaml --format markdown --model gpt2 --device a100-80gb",
    "eval rules/transformer.yaml --model nothing-like-it",
    "eval rules/transformer.yaml inputs.yaml --set batch_size=0",
    "eval rules/transformer.yaml inputs.yaml --set attention_heads=7 --check",
    "eval rules/transformer.yaml --set mode=training",
    "eval rules/compute_gauge.yaml",
    "explain rules/transformer.yaml inputs.yaml peak_memory --depth 6",
    "explain rules/transformer.yaml inputs.yaml kv_cache --format json",
    "formula rules/transformer.yaml weights kv_cache",
    "formula rules/compute_gauge.yaml --expand",
    pytest.param("solve rules/transformer.yaml inputs.yaml --for batch_size --format json", marks=pytest.mark.slow),
    "solve rules/transformer.yaml inputs.yaml --for device",
    "advise rules/transformer.yaml inputs.yaml --set batch_size=100",
    "list rules/transformer.yaml --format json",
    "list rules/transformer.yaml device",
    pytest.param("page rules/compute_gauge.yaml", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("command", SHIPPED)
def test_shipped_rules(command: str, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    cold, filling, warm = thrice(command.split())
    assert cold == filling
    assert list(kept.glob("*.kept"))
    monkeypatch.setattr(presets, "plan_of", None)  # the rules are not read again
    assert cold == warm == run_cli(command.split())


def through_disk(plan: Plan, seen: lookup.Seen) -> Plan:
    return opened.open_plan(store.unpack(store.pack(packed.pack_plan(plan, seen))), seen)


@pytest.mark.parametrize("path", ["rules/transformer.yaml", "rules/compute_gauge.yaml", "rules/huggingface/llama.yaml"])
def test_every_record_comes_back(path: str) -> None:
    with lookup.watching() as seen:
        plan = Plan(load(str(ROOT / path)))
    made = through_disk(plan, seen)
    for field in Document._fields:
        mine, theirs = getattr(plan.document, field), getattr(made.document, field)
        if field in {"checks", "levers"}:
            theirs = tuple(theirs)
        assert theirs == mine, field
    assert made.graph.order == plan.graph.order
    assert dict(made.graph.needs) == plan.graph.needs
    assert dict(made.graph.users) == plan.graph.users
    assert dict(made.shapes) == plan.shapes
    assert made.units == plan.units
    assert made.warnings == plan.warnings
    for name in plan.graph.order:
        assert made.step(name) == plan.step(name)
        for mine, theirs in zip(formulas(plan.item(name)), formulas(made.item(name)), strict=True):
            assert tuple(theirs) == tuple(mine)
            assert theirs.place.text.line(theirs.place.line) == mine.place.text.line(mine.place.line)


LISTED = re.compile(r"(?:sum|length)\(items\)|count\(items, [^()]*\)|items\[[^\]]*\]")
"""What is made of a list, which is left to the closures."""


@pytest.mark.parametrize("seed", range(80))
def test_quick_values_are_exact_values(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)  # noqa: S311 - it makes tests
    monkeypatch.setattr(random_rules, "INPUTS", {name: about for name, about in random_rules.INPUTS.items() if name != "items"})
    rules = json.loads(LISTED.sub("5", json.dumps(random_rules.rules(random))))
    with lookup.watching() as seen:
        plan = random_rules.plan_of({"inputs": random_rules.INPUTS, "tables": random_rules.TABLES, "rules": rules})
    assert not plan.lists
    for _ in range(4):
        made = through_disk(plan, seen)
        given = random_rules.given(random)
        mine, theirs = evaluate(plan, given), evaluate(made, given)
        assert theirs.cells == mine.cells
        assert [type(cell) for cell in theirs.cells] == [type(cell) for cell in mine.cells]
        assert evaluate(made, given).cells == mine.cells, "the second time it is closures"


def test_quick_is_used() -> None:
    with lookup.watching() as seen:
        plan = Plan(load(str(ROOT / "rules/compute_gauge.yaml")))
    made = through_disk(plan, seen)
    values = evaluate(made, {})
    sure = [name for name in plan.graph.order if plan.step(name).cases and values.state(name).__class__ is not Absent]
    assert sure
    assert not [name for name in sure if name in made._steps]


WARM = "commands argparse engine engine.plan fractions".split()
COLD = "yaml json jsonschema tabulate engine.document engine.formula engine.schema engine.misshapen engine.units engine.source ast".split()


@pytest.mark.usefixtures("kept")
def test_a_warm_start_loads_little() -> None:
    program = "import sys, commands; commands.main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, "eval", "rules/transformer.yaml", "inputs.yaml", "--format", "json"]
    for _ in range(2):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    found = set(done.stderr.split())
    assert set(WARM) <= found
    assert not set(COLD) & found


# What has changed is noticed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Rules with an include, presets in two places and a translation, in a folder of their own."""
    files = {
        "rules.yaml": """
            include: part.yaml
            rules: {total: width * height}
            presets:
              shape: {from: [first, second]}
              box: {from: boxes, through: foreign, by: kind}
        """,
        "part.yaml": "inputs: {width: {type: integer, default: 2}, height: {type: integer, default: 3}}",
        "first/other.yaml": "values: {width: 1}",
        "second/long.yaml": "values: {width: 10}",
        "boxes/crate.yaml": "config: {kind: wood, w: 7}",
        "foreign/timber.yaml": "reads: [wood]\ninputs: {w: {type: integer}}\nrules: {width: w}",
        "inputs.yaml": "height: 5",
    }
    for name, text in files.items():
        file = tmp_path / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return tmp_path / "project"


def edit(path: Path, old: str, new: str) -> None:
    """Change a file so that neither its size nor its times tell."""
    before = path.stat()
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def linked(folder: Path) -> None:
    (folder / "part.yaml").rename(folder / "real.yaml")
    (folder / "part.yaml").symlink_to(folder.parent / "outside.yaml")
    shutil.copy(folder / "real.yaml", folder.parent / "outside.yaml")


CHANGES: list[tuple[str, list[str], Callable[[Path], Any], Any]] = [
    ("rules", [], lambda folder: edit(folder / "rules.yaml", "width * height", "width + height"), 7),
    ("include", [], lambda folder: edit(folder / "part.yaml", "default: 2", "default: 4"), 20),
    ("inputs", [], lambda folder: edit(folder / "inputs.yaml", "5", "6"), 12),
    ("preset", ["--shape", "long"], lambda folder: edit(folder / "second/long.yaml", "10", "11"), 55),
    ("preset in the first place", ["--shape", "long"], lambda folder: (folder / "first/long.yaml").write_text("values: {width: 3}"), 15),
    ("first place gone", ["--shape", "long"], lambda folder: shutil.rmtree(folder / "first"), None),
    ("config", ["--box", "crate"], lambda folder: edit(folder / "boxes/crate.yaml", "7", "8"), 40),
    ("translation", ["--box", "crate"], lambda folder: edit(folder / "foreign/timber.yaml", "width: w", "width: 4"), 20),
    (
        "translation before",
        ["--box", "crate"],
        lambda folder: (folder / "foreign/a.yaml").write_text("reads: [wood]\ninputs: {w: {type: integer}}\nrules: {width: w * 2}"),
        70,
    ),
    ("bounds of the rules", ["--shape", "long"], lambda folder: edit(folder / "part.yaml", "default: 2}", "max: 5    }"), None),
    ("a link out of the folder", [], linked, None),
    ("include gone", [], lambda folder: (folder / "part.yaml").unlink(), None),
]


@pytest.mark.usefixtures("kept", "anew")
@pytest.mark.parametrize(("options", "change", "expected"), [pytest.param(*rest, id=what) for what, *rest in CHANGES])
def test_a_change_is_noticed(project: Path, options: list[str], change: Callable[[Path], Any], expected: Any) -> None:
    command = ["eval", str(project / "rules.yaml"), str(project / "inputs.yaml"), "--format", "json", *options]
    before = run_cli(command)
    assert before.code == 0
    assert run_cli(command) == before
    change(project)
    cold, filling, warm = thrice(command)
    assert cold == filling == warm != before
    if expected is not None:
        assert json.loads(cold.out)["values"]["total"] == expected


@pytest.mark.usefixtures("kept")
def test_another_folder_is_another_question(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "copy"
    shutil.copytree(project, other)
    edit(other / "part.yaml", "default: 2", "default: 9")
    told = []
    for folder in (project, other, project):
        monkeypatch.chdir(folder)
        told.append(json.loads(run_cli(["eval", "rules.yaml", "--format", "json"]).out)["values"]["total"])
    assert told == [6, 27, 6]


# Whatever is wrong with the folder or its files


def command_of(project: Path) -> list[str]:
    return ["eval", str(project / "rules.yaml"), str(project / "inputs.yaml"), "--shape", "long", "--format", "json"]


def test_damaged_files(project: Path, kept: Path) -> None:
    wanted = run_cli(command_of(project))
    files = sorted(kept.glob("*.kept"))
    assert len(files) == 3
    whole = {file: file.read_bytes() for file in files}
    random = Random(1)  # noqa: S311
    for number in range(60):
        for file, data in whole.items():
            at = random.randrange(len(data)) if number else 0
            flipped = bytes([data[at] ^ (1 << random.randrange(8))])
            file.write_bytes(random.choice([data[:at], data[:at] + flipped + data[at + 1 :], data[at:], b"", data + data]))
        assert run_cli(command_of(project)) == wanted
    for file in files:
        file.unlink()
        file.mkdir()
    assert run_cli(command_of(project)) == wanted


def test_a_file_of_another_question_is_not_taken(project: Path, kept: Path) -> None:
    wanted = run_cli(command_of(project))
    files = sorted(kept.glob("*.kept"))
    data = [file.read_bytes() for file in files]
    for file, other in zip(files, data[1:] + data[:1], strict=True):
        file.write_bytes(other)
    assert run_cli(command_of(project)) == wanted


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("part", ["version", "sys.version"])
def test_another_version_is_not_taken(project: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = run_cli(command_of(project))
    if part == "version":
        monkeypatch.setattr(store, "_version", lambda: ("another",))
    else:
        monkeypatch.setattr(sys, "version", "3.99")
    read: list[str] = []
    real = presets.plan_of
    monkeypatch.setattr(presets, "plan_of", lambda path, **options: [read.append(path), real(path, **options)][1])
    assert run_cli(command_of(project)) == wanted
    assert read


def test_a_folder_that_others_may_enter_is_not_used(project: Path, kept: Path) -> None:
    kept.mkdir(mode=0o755)
    kept.chmod(0o755)
    assert run_cli(command_of(project)).code == 0
    assert not list(kept.iterdir())


def test_a_link_is_not_used(project: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    kept.symlink_to(tmp_path / "elsewhere")
    assert run_cli(command_of(project)).code == 0
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_that_others_may_read_is_not_taken(project: Path, kept: Path) -> None:
    run_cli(command_of(project))
    for file in kept.glob("*.kept"):
        file.chmod(0o644)
        assert store.Store(str(kept)).find(("any",)) is None
        with pytest.raises(ValueError, match="kept"):
            store._read(str(file))


def test_what_is_made_is_closed_to_others(project: Path, kept: Path) -> None:
    run_cli(command_of(project))
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in kept.iterdir()} == {0o600}


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "relative/folder"])
def test_off(project: Path, word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(store.SWITCH, word)
    monkeypatch.chdir(tmp_path)
    assert run_cli(command_of(project)).code == 0
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "relative").exists()


def test_off_by_option(project: Path, kept: Path) -> None:
    assert run_cli([*command_of(project), "--no-cache"]).code == 0
    assert not kept.exists()


def test_where_it_is(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(store.SWITCH, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run_cli(command_of(project)).code == 0
    assert list((tmp_path / "cache" / "compute-gauge").iterdir())
    monkeypatch.setenv("XDG_CACHE_HOME", "not/whole")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run_cli(command_of(project)).code == 0
    assert list((tmp_path / "home" / ".cache" / "compute-gauge").iterdir())


def test_no_home(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(store.SWITCH, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/dev/null/nobody")
    wanted = run_cli([*command_of(project), "--no-cache"])
    assert run_cli(command_of(project)) == wanted


def test_a_full_disk(project: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = run_cli([*command_of(project), "--no-cache"])

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run_cli(command_of(project)) == wanted
    assert not list(kept.iterdir())


def test_old_files_go(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 5)
    folder = store.folder()
    assert folder
    made = store.Store(folder)
    left = kept / f"{'a' * 32}.kept.1.{'b' * 12}.part"
    others = [kept / "film.part", kept / "letter.kept"]
    for file in (left, *others):
        file.write_bytes(b"half")
        os.utime(file, (time.time() - 7200, time.time() - 7200))
    for number in range(12):
        assert made.keep(("n", number), number, lookup.Seen())
        for file in set(kept.glob("*.kept")) - set(others):
            os.utime(file, (file.stat().st_mtime - 10,) * 2)
    assert sorted(number for number in range(12) if made.find(("n", number))) == list(range(7, 12))
    assert not left.exists()
    assert all(file.exists() for file in others), "only what is ours goes"
    monkeypatch.setattr(store, "ROOM", 1000)
    made.keep(("n", 12), "x" * 600, lookup.Seen())
    assert sum(file.stat().st_size for file in kept.iterdir()) <= 1000 + 700
    monkeypatch.setattr(store, "LARGEST", 500)
    assert not made.keep(("n", 13), "x" * 600, lookup.Seen())


WRITER = """
import sys
from engine import lookup, store
made = store.Store(sys.argv[1])
number = int(sys.argv[2])
print("on", flush=True)
while True:
    made.keep(("shared",), (number, str(number) * 400_000), lookup.Seen())
"""


def test_writers_that_are_killed(kept: Path) -> None:
    kept.mkdir(mode=0o700)
    reader = store.Store(str(kept))
    random = Random(2)  # noqa: S311
    writers: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(8):
            command = [sys.executable, "-c", WRITER, str(kept), str(number)]
            writers.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE))
            if len(writers) > 3:
                writers[number - 3].send_signal(signal.SIGKILL)
            assert writers[-1].stdout
            writers[-1].stdout.readline()
            while number == 0 and not reader.find(("shared",)):
                time.sleep(0.01)
            for _ in range(25):
                time.sleep(random.random() / 500)
                got = reader.find(("shared",))
                assert got, "from the first on there is always a whole one"
                number_of, text = got.content
                assert text == str(number_of) * 400_000
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            assert writer.stdout
            writer.stdout.close()
    assert reader.keep(("shared",), (9, "whole"), lookup.Seen())
    got = reader.find(("shared",))
    assert got
    assert got.content == (9, "whole")


def test_a_file_that_changes_while_it_is_read_is_not_kept(project: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(project / "rules.yaml")
    real = presets.plan_of

    def changing(asked: str, **options: Any) -> Plan:
        made = real(asked, **options)
        edit(project / "part.yaml", "default: 2", "default: 4")
        return made

    monkeypatch.setattr(presets, "plan_of", changing)
    recall.Recall().plan(path)
    monkeypatch.undo()
    assert not list(kept.glob("*.kept"))
