"""Named sets of values: where they are found, how they are translated, which value wins, what is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Run
from engine import presets

Write = Callable[..., str]

RULES = """\
inputs:
  layers: {type: integer, min: 1, max: 1000}
  width: {type: integer, default: 64}
  tied: {type: boolean, default: false}
  shape: {type: choice, choices: [round, square], default: round}
  room: {type: number, default: 5}
rules:
  size: layers * width
  total: {formula: size + 1}
presets:
  model: {from: [models, more.yaml], through: foreign, by: kind}
  device: {from: devices.yaml}
"""
FILES = {
    "models/small.yaml": "title: Small\nvalues: {layers: 2, width: 8, unknown_to_us: 3}\nexpect: {size: 16}\n",
    "models/both.yaml": "values: {layers: 3}\n",
    "models/foreign.yaml": "config: {kind: old, num_layers: 4}\nexpect: {size: 256}\n",
    "more.yaml": "presets:\n  both: {values: {layers: 99}}\n  large: {title: Large, values: {layers: 100, tied: true}}\n",
    "devices.yaml": "presets:\n  box: {values: {room: 80}}\n  bag: {values: {room: 8}, expect: {width: 3}}\n",
    "foreign/old.yaml": """\
        reads: [old, older]
        inputs:
          num_layers: {type: integer, min: 1}
          wide: {name: text.size.wide, type: integer, default: 64}
          names: {type: list, default: []}
          style: {type: choice, choices: [o, q], otherwise: o, default: o}
          kinds: {type: list, default: [], letters: {"*": star, D: star}}
          answer: {type: choice, choices: [round, square]}
        rules:
          layers: num_layers
          width: wide
          tied: length(names) > 1 or count(kinds, star) == 2 and length(kinds) == 3
          shape: {when: style == q, formula: square}
          helper: 2 * wide
        """,
    "foreign/new.yaml": (
        "reads: [new]\ninputs: {depth: {type: integer}, across: {type: integer, name: x.y}}\n"
        "rules: {layers: depth + across, width: across}\n"
    ),
}


@pytest.fixture
def ask(write: Write, run: Run, tmp_path: Path) -> Callable[..., Any]:
    """Values and where inputs come from for an inputs file; what is said on a mistake."""
    path = write(RULES, **FILES)

    def asked(inputs: str, *options: str, config: object = None) -> Any:
        (tmp_path / "inputs.yaml").write_text(inputs, encoding="utf-8")
        if config is not None:
            (tmp_path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
        done = run("eval", path, str(tmp_path / "inputs.yaml"), "--format", "json", *options)
        if done.code:
            assert done.code == 2
            return done.err
        told = json.loads(done.out)["inputs"]
        return {name: (said["value"], said["origin"]) for name, said in told.items()}

    return asked


FOUND = [
    # inputs file, layers, width
    ("model: small", 2, 8),
    ("model: both", 3, 64),  # the folder comes before the file
    ("model: large", 100, 64),
    ("model: foreign", 4, 64),
    ("model: models/small.yaml", 2, 8),
    ("model: ./models/small.yaml", 2, 8),
    ("model: 'small'", 2, 8),
]


@pytest.mark.parametrize(("inputs", "layers", "width"), FOUND)
def test_found(ask: Callable[..., Any], inputs: str, layers: int, width: int) -> None:
    told = ask(inputs)
    assert (told["layers"], told["width"][0]) == ((layers, "preset"), width)


def test_an_expected_value_of_an_input_is_a_value(ask: Callable[..., Any]) -> None:
    assert ask("{layers: 1, device: bag}")["width"] == (3, "preset")


def test_order_of_origin(ask: Callable[..., Any]) -> None:
    assert ask("model: small")["width"] == (8, "preset")
    assert ask("{model: small, width: 9}")["width"] == (9, "given")
    assert ask("{model: small, width: 9}", "--set", "width=10")["width"] == (10, "given")
    assert ask("{model: small, width: 9}", "--set", "width=10", "--set", "width=11")["width"] == (11, "given")
    assert ask("model: both")["width"] == (64, "default")
    assert ask("model: small", "--model", "large")["layers"] == (100, "preset")
    assert ask("model: small", "--model=large")["layers"] == (100, "preset")
    assert ask("model: small", "--set", "model=large")["layers"] == (100, "preset")


GIVES_RULES = {
    "models/heavy.yaml": "values: {layers: 2, size: 1000}\nexpect: {total: 1001}\n",
    "models/known.yaml": "values: {layers: 2, width: 3}\nexpect: {size: 6}\n",
    "models/read.yaml": "config: {kind: sized, num_layers: 4, total_size: 77}\n",
    "foreign/sized.yaml": """\
        reads: [sized]
        inputs: {num_layers: {type: integer}, total_size: {type: integer, default: 0}}
        rules:
          layers: num_layers
          size: {when: total_size > 0, formula: total_size}
        """,
}


@pytest.mark.parametrize(
    ("options", "size", "total"),
    [
        (["--model=heavy"], 1000, 1001),
        (["--model=known"], 6, 7),  # what is expected of a rule is only checked
        (["--model=read"], 77, 78),
        (["--model=read", "--set", "size=5"], 5, 6),
        (["--model=read", "--set", "total=5"], 77, 5),
    ],
)
def test_presets_give_values_of_rules(write: Write, run: Run, options: list[str], size: int, total: int) -> None:
    path = write(RULES, **FILES, **GIVES_RULES)
    told = json.loads(run("eval", path, *options, "--format=json").out)
    assert (told["values"]["size"], told["values"]["total"]) == (size, total)
    assert ("size" in told["overridden"]) == (size != 6)
    assert "overridden, model read" in run("explain", path, "--model=read", "total").out


def test_a_rule_given_by_a_preset_is_reported(write: Write, run: Run) -> None:
    path = write(RULES, **FILES, **GIVES_RULES)
    assert "From model read instead of its formula: size 77" in run("eval", path, "--model=read").out
    assert "instead of its formula: size" not in run("eval", path, "--model=read", "--set", "total=5", "--only=total").out
    assert run("check", path).code == 0


def test_two_kinds(ask: Callable[..., Any]) -> None:
    told = ask("{model: small, device: box}")
    assert (told["layers"], told["room"]) == ((2, "preset"), (80, "preset"))


TRANSLATED = [
    # config.json, what it gives
    ({"kind": "old", "num_layers": 4}, {"layers": 4, "width": 64, "tied": False, "shape": "round"}),
    ({"kind": "older", "num_layers": 4}, {"layers": 4}),
    ({"kind": "old", "num_layers": 4, "text": {"size": {"wide": 7}}}, {"width": 7}),
    ({"kind": "old", "num_layers": 4, "text": {"size": None}}, {"width": 64}),
    ({"kind": "old", "num_layers": 4, "text.size.wide": 7}, {"width": 64}),
    ({"kind": "old", "num_layers": 4, "text": {"size": {"wide": None}}}, {"width": 64}),
    ({"kind": "old", "num_layers": 4, "names": ["a", "b"]}, {"tied": True}),
    ({"kind": "old", "num_layers": 4, "names": "a"}, {"tied": False}),
    ({"kind": "old", "num_layers": 4, "kinds": "D*x"}, {"tied": True}),
    ({"kind": "old", "num_layers": 4, "kinds": "D-x"}, {"tied": False}),
    ({"kind": "old", "num_layers": 4, "kinds": ["star", "D", "star"]}, {"tied": True}),
    ({"kind": "old", "num_layers": 4, "style": "q"}, {"shape": "square"}),
    ({"kind": "old", "num_layers": 4, "style": "something else"}, {"shape": "round"}),
    ({"kind": "old", "num_layers": 4, "other": {"deep": [1, {"x": "\u00e9"}]}}, {"layers": 4}),
    ({"kind": "new", "depth": 3, "x": {"y": 2}}, {"layers": 5, "width": 2}),
    ('{"kind":"old","num_layers":4}', {"layers": 4}),
    ('{\n\t"kind": "old",\n\t"num_layers": 4\n}', {"layers": 4}),
    ('{"kind": "old", "num_layers": 4, "rate": 1e-05, "path": "a\\/b", "say": "\\u00e9\\n"}', {"layers": 4}),
]


@pytest.mark.parametrize(("config", "wanted"), TRANSLATED)
def test_translated(ask: Callable[..., Any], config: object, wanted: dict[str, object]) -> None:
    told = ask("model: config.json", config=config)
    assert isinstance(told, dict), told
    assert {name: told[name][0] for name in wanted} == wanted


def test_a_rule_that_does_not_apply_leaves_the_default(ask: Callable[..., Any]) -> None:
    told = ask("model: config.json", config={"kind": "old", "num_layers": 4})
    assert (told["shape"][1], told["layers"][1]) == ("default", "preset")


REFUSED = [
    # inputs file, config.json, parts of what is said
    ("model: smal", None, ["unknown model `smal`", "did you mean `small`", "inputs.yaml:1:8"]),
    ("model: zzzzzz", None, ["unknown model `zzzzzz`", "both", "foreign", "large", "small", ".json"]),
    ("device: zzzzzz", None, ["unknown device `zzzzzz`", "bag", "box"]),
    ("model: ''", None, ["model", "inputs.yaml:1:8"]),
    ("model: [small]", None, ["`model` is a name or a path"]),
    ("model: {layers: 3}", None, ["`model` is a map", "inputs.yaml:1:1"]),
    ("model:", None, ["`model` is empty"]),
    ("model: sma ll", None, ["is not the name of a model"]),
    ('model: "a\\x1b[31m"', None, ["a\\x1b[31m", "is not the name of a model"]),
    ("model: ..", None, ["model"]),
    ("model: no/such.json", None, ["no/such.json", "No such file"]),
    ("model: models", None, ["unknown model `models`"]),
    ("model: models/", None, ["must end in"]),
    ("modle: small", None, ["unknown input `modle`", "did you mean `model`"]),
    ("model: config.json", "", ["config.json"]),
    ("model: config.json", "[1]", ["config.json", "a map"]),
    ("model: config.json", "3", ["config.json"]),
    ("model: config.json", '{"kind": "old", "kind": "new"}', ["config.json:1:17", "a second time"]),
    ("model: config.json", '{"kind": "old", "num_layers": 4, "num_layers": 5}', ["config.json:1:34", "a second time"]),
    ("model: config.json", '{"num_layers": 4}', ["config.json", "no `kind`"]),
    ("model: config.json", '{"kind": null}', ["config.json", "no `kind`"]),
    ("model: config.json", '{"kind": {"a": 1}}', ["config.json"]),
    ("model: config.json", '{"kind": "olt"}', ["config.json:1:10", "no translation reads kind `olt`", "`old`"]),
    ("model: config.json", '{"kind": "zzzzzz"}', ["new, old, older"]),
    ("model: config.json", '{"kind": "../models/small"}', ["no translation reads"]),
    ("model: config.json", '{"kind": "old"}', ["config.json", "`num_layers`", "old.yaml"]),
    ("model: config.json", '{"kind": "new"}', ["config.json", "`depth`", "`x.y`", "new.yaml"]),
    ("model: config.json", '{"kind": "old", "num_layers": "four"}', ["config.json:1:31", "`num_layers`", "whole number"]),
    ("model: config.json", '{"kind": "old", "num_layers": 0}', ["config.json:1:31", "at least 1"]),
    ("model: config.json", '{"kind": "old", "num_layers": 2000}', ["`layers`", "at most 1,000"]),
    ("model: config.json", '{"kind": "old", "num_layers": NaN}', ["config.json:1:31"]),
    ("model: config.json", '{"kind": "old", "num_layers": 4', ["config.json"]),
    ("model: config.json", '{"kind": "old", "x": ' + "[" * 5000 + "]" * 5000 + "}", ["more than 50 levels"]),
]


@pytest.mark.parametrize(("inputs", "config", "said"), REFUSED)
def test_refused(ask: Callable[..., Any], inputs: str, config: str | None, said: list[str]) -> None:
    told = ask(inputs, config=config)
    assert isinstance(told, str), told
    for part in said:
        assert part in told


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../../../etc/passwd",
        "/proc/self/environ",
        "~/.ssh/id_rsa",
        "/dev/zero",
        "C:\\secrets",
        "file:///etc/passwd",
    ],
)
def test_hostile_paths_are_not_read(ask: Callable[..., Any], path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    real = os.stat

    def stat(asked: object, *rest: Any, **more: Any) -> os.stat_result:
        opened.append(asked)
        return real(asked, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    told = ask(f"model: '{path}'")
    assert isinstance(told, str)
    assert "root:" not in told
    assert path not in opened


def test_odd_files_behind_a_path(ask: Callable[..., Any], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    os.symlink("/dev/zero", tmp_path / "zero.json")
    os.symlink("loop.json", tmp_path / "loop.json")
    (tmp_path / "folder.json").mkdir()
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate(10**10)
    for name in ("pipe", "zero", "loop", "folder", "huge"):
        told = ask(f"model: {name}.json")
        assert isinstance(told, str)
        assert f"{name}.json" in told


def test_every_mistake_is_told_at_once(ask: Callable[..., Any]) -> None:
    told = ask("model: smal\ndevice: bx\nlayers: 0\nwidht: 3\n")
    assert [line for line in (1, 2, 3, 4) if f"inputs.yaml:{line}:" in told] == [1, 2, 3, 4]


def test_bad_entries(write: Write, run: Run) -> None:
    path = write(
        RULES.replace("[models, more.yaml]", "broken.yaml"),
        **FILES,
        **{"broken.yaml": "presets:\n  a: {values: {layers: 0}}\n  b: {values: {layers: [1]}}\n  c: {config: {kind: older}}\n"},
    )
    for name, said in (("a", "broken.yaml:2:24"), ("b", "broken.yaml:3:24"), ("c", "`num_layers`")):
        done = run("eval", path, f"--model={name}")
        assert (done.code, said in done.err) == (2, True), done.err


WRONG_TRANSLATIONS = [
    # the translation, part of what is said
    ("reads: [old]\nrules: {layers: 1 +}\n", "not a formula"),
    ("reads: [old]\nrules: {layers: nosuch}\n", "unknown name `nosuch`"),
    ("reads: [old]\nrules: {layers: 1 / 0}\n", "division by zero"),
    ("reads: [old]\nrules: {layers: 1 / 2}\n", "whole number"),
    ("reads: [old]\ninputs: {k: {type: choice, choices: [big], default: big}}\nrules: {layers: k}\n", "layers"),
    ("reads: [old]\nrules: {layers: '3', tied: '3'}\n", "tied"),
    ("reads: [old]\nrules: {layers: '3', shape: '3'}\n", "shape"),
    ("reads: [old]\ninputs: {xs: {type: list, default: [1]}}\nrules: {layers: xs}\n", "layers"),
    ("reads: [old]\ninputs: {xs: {type: list, default: [a]}}\nrules: {layers: 'xs[0]'}\n", "layers"),
    ("reads: [old]\ninputs: {s: {type: choice, choices: [oval], default: oval}}\nrules: {layers: '3', shape: s}\n", "shape"),
    ("reads: [old]\nrules: {layers: '3', size: 'true'}\n", "gives `size` a value it cannot have"),
    ("include: ../rules.yaml\nreads: [old]\n", "outside"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_TRANSLATIONS)
def test_wrong_translations(write: Write, run: Run, text: str, said: str) -> None:
    path = write(RULES, **{**FILES, "foreign/old.yaml": text})
    done = run("eval", path, "--model=foreign")
    assert done.code == 2
    assert said in done.err


def test_listed(write: Write, run: Run) -> None:
    path = write(RULES, **FILES)
    done = run("list", path, "model")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[2:]] == ["both", "foreign", "large", "small"]


READS = [
    # a translation, written in other ways
    "reads: [odd]\nrules: {layers: '3'}\n",
    "rules: {layers: '3'}\nreads:\n- other\n# a note\n\n- odd\ntitle: t\n",
    "rules: {layers: '3'}\nreads:\n  - other\n  - odd\n",
    "reads: [other,\n  odd\n]\nrules: {layers: '3'}\n",
    "'reads': [odd]\nrules: {layers: '3'}\n",
    '"reads": [odd]\nrules: {layers: "3"}\n',
    "{reads: [odd], rules: {layers: '3'}}\n",
    "{\nreads: [odd], rules: {layers: '3'}}\n",
    "? reads\n: [odd]\n? rules\n: {layers: '3'}\n",
    "doc: |\n  reads: [nothing]\nreads: [odd]\nrules: {layers: '3'}\n",
    "reads : [odd]\nrules: {layers: '3'}\n",
    "\ufeffreads: ['odd']  # and no other\r\nrules: {layers: '3'}\r\n",
]


@pytest.mark.parametrize("text", READS)
def test_what_a_translation_reads_is_found_however_it_is_written(ask: Callable[..., Any], write: Write, text: str) -> None:
    write(text, "foreign/zz.yaml")
    assert ask("model: config.json", config={"kind": "odd"})["layers"] == (3, "preset")


def test_only_the_translation_that_serves_is_loaded(ask: Callable[..., Any], write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("reads: [fine]\nrules: {layers: 1 +}\n", "foreign/broken.yaml")
    loaded: list[str] = []
    load = presets.load
    monkeypatch.setattr(presets, "load", lambda path: [load(path), loaded.append(os.path.basename(path))][0])
    assert ask("model: config.json", config={"kind": "older", "num_layers": 4})["layers"] == (4, "preset")
    assert loaded == ["old.yaml"]


NESTED = RULES.replace("by: kind", "by: [kind, text.kind], otherwise: unknown")
READERS = {
    "foreign/deep.yaml": """\
        reads: [deep]
        within: [inner, text]
        inputs:
          n: {name: [depth, num_layers], type: integer}
          w: {name: [size.wide, wide], type: integer, default: 64, empty: 7}
          sizes: {type: list, default: []}
        rules: {layers: n, width: w, size: {when: length(sizes) > 0, formula: "sum(sizes) + sizes[0]"}}
        checks:
          deep: {when: n > 10, say: It is deep., level: warning}
          far: {when: n > 50, say: It is too deep., level: error}
        """,
    "foreign/unknown.yaml": """\
        title: By its common names, as a box.
        inputs: {n: {name: [num_layers, depth], type: integer}}
        rules: {layers: n}
        checks: {unknown: {when: 'true', say: The kind is not known., level: warning}}
        """,
}
SEEING = "no translation reads kind `seeing`; its `text` is read, kind `old`"
OLT = "no translation reads kind `olt` (did you mean `old`?); it is read as: By its common names, as a box."
NONE = "the file has no `kind`; it is read as: By its common names, as a box."
READ = [
    # the foreign file, layers, width, size, what is said
    ({"kind": "deep", "depth": 3}, 3, 64, 192, []),
    ({"kind": "deep", "num_layers": 3, "wide": 2}, 3, 2, 6, []),
    ({"kind": "deep", "depth": None, "num_layers": 3, "size": {"wide": None}}, 3, 7, 21, []),
    ({"kind": "deep", "depth": 3, "size": {"wide": None}, "wide": 5}, 3, 5, 15, []),
    ({"kind": "deep", "depth": 9, "wide": 2, "text": {"depth": 3}}, 3, 2, 6, []),
    ({"kind": "deep", "depth": 9, "text": {"num_layers": 3}, "inner": {"num_layers": 4}}, 4, 64, 256, []),
    ({"kind": "deep", "depth": 9, "text": "none", "inner": None}, 9, 64, 576, []),
    ({"kind": "deep", "depth": 11}, 11, 64, 704, ["It is deep."]),
    ({"kind": "deep", "depth": 3, "sizes": [4, 5]}, 3, 64, 13, []),
    ({"kind": "deep", "depth": 3, "sizes": [[1, 2], [3], {"a": 1}]}, 3, 64, 6, []),
    ({"kind": "deep", "depth": 3, "sizes": 6}, 3, 64, 12, []),
    # what the part that is known says
    ({"kind": "seeing", "text": {"kind": "old", "num_layers": 4}}, 4, 64, 256, [SEEING]),
    ({"text": {"kind": "old", "num_layers": 4}}, 4, 64, 256, ["the file has no `kind`; its `text` is read, kind `old`"]),
    ({"kind": "seeing", "text": {"kind": "old"}, "num_layers": 4}, 4, 64, 256, [SEEING]),
    ({"kind": "old", "num_layers": 4, "text": {"kind": "deep"}}, 4, 64, 256, []),
    # what nothing reads
    ({"kind": "olt", "num_layers": 4}, 4, 64, 256, [OLT, "The kind is not known."]),
    ({"depth": 4}, 4, 64, 256, [NONE, "The kind is not known."]),
    ({"kind": None, "text": {"kind": "zzzzzz"}, "depth": 4}, 4, 64, 256, [NONE, "The kind is not known."]),
]  # fmt: skip


@pytest.mark.parametrize(("config", "layers", "width", "size", "said"), READ)
def test_parts_and_fallbacks(write: Write, run: Run, config: dict[str, Any], layers: int, width: int, size: int, said: list[str]) -> None:
    path = write(NESTED, **FILES, **READERS)
    asked = write(json.dumps(config), "config.json")
    done = run("eval", path, "--model", asked, "--format=json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["inputs"]["layers"]["value"], told["inputs"]["width"]["value"], told["values"]["size"]) == (layers, width, size)
    assert told["warnings"] == said
    for form in ("table", "markdown"):
        shown = run("eval", path, "--model", asked, "--format", form).out
        assert shown.count("warning: ") == len(said)
    assert run("eval", path, "--model", asked, "--format=json", "--quiet").code == 0


def test_a_warning_goes_with_the_values_it_is_about(write: Write, run: Run) -> None:
    path = write(NESTED, **FILES, **READERS)
    asked = write(json.dumps({"kind": "strange", "depth": 4}), "config.json")
    told = json.loads(run("eval", path, "--model", asked, "--set=layers=3", "--format=json").out)
    assert told["warnings"] == []
    assert "The kind is not known." in run("solve", path, "--model", asked, "--for=width", "--target=size", "--at-most=1000").out


REFUSED_PARTS = [
    ({"kind": "deep", "depth": 51}, ["inputs.yaml:1:8", "the check `far` refuses these inputs: It is too deep."]),
    ({"kind": "deep"}, ["config.json lacks `depth or num_layers`"]),
    ({"kind": "strange"}, ["config.json lacks `num_layers or depth`", "unknown.yaml"]),
    ({"kind": "deep", "depth": [1, 2]}, ["`depth` is a whole number, not a list", "config.json:1:27"]),
    ({"kind": "deep", "num_layers": "x", "text": {}}, ["`num_layers` is a whole number"]),
    ({"kind": "deep", "depth": 3, "sizes": [True, None, "a"]}, ["the list holds words"]),
]


@pytest.mark.parametrize(("config", "said"), REFUSED_PARTS)
def test_refused_parts(write: Write, run: Run, tmp_path: Path, config: dict[str, Any], said: list[str]) -> None:
    path = write(NESTED, **FILES, **READERS, **{"config.json": json.dumps(config), "inputs.yaml": "model: config.json\n"})
    done = run("eval", path, str(tmp_path / "inputs.yaml"))
    assert done.code == 2
    for part in said:
        assert part in done.err


def test_words_in_a_foreign_list(write: Write, run: Run) -> None:
    reader = "reads: [w]\ninputs: {xs: {type: list, default: []}}\nwords: [odd]\nrules: {layers: 'count(xs, odd) + length(xs)'}\n"
    path = write(RULES, **FILES, **{"foreign/w.yaml": reader, "c.json": '{"kind": "w", "xs": [true, null, "odd", 1.5, "odd", []]}'})
    told = json.loads(run("eval", path, "--model", os.path.join(os.path.dirname(path), "c.json"), "--format=json").out)
    assert told["inputs"]["layers"]["value"] == 8


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("{from: models, through: foreign, otherwise: nosuch}", "there is no file or folder `foreign/nosuch.yaml`"),
        ("{from: models, otherwise: unknown}", "otherwise"),
        ("{from: models, through: foreign, otherwise: ../rules}", "otherwise"),
        ("{from: models, through: foreign, by: []}", "by"),
    ],
)
def test_wrong_fallbacks(write: Write, run: Run, kind: str, said: str) -> None:
    done = run("eval", write(f"rules: {{a: 1}}\npresets: {{model: {kind}}}\n", **FILES, **READERS))
    assert done.code == 2
    assert said in done.err
