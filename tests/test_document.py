"""Files into one document: includes and their bounds, names, tables, what a path may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Run
from engine import document
from engine.errors import GaugeError, Problem, RulesError
from engine.formula import write
from engine.tree import Formula

Write = Callable[..., str]


def problems(path: str) -> tuple[Problem, ...]:
    with pytest.raises(GaugeError) as caught:
        document.load(path)
    return caught.value.problems


def lines(path: str) -> list[tuple[str, int, str]]:
    """File, line and message of everything that is wrong."""
    return [(os.path.basename(found.place.text.name), found.place.line, found.message) for found in problems(path) if found.place]


def test_includes_are_one_namespace(write: Write) -> None:
    path = write(
        "include: [parts/a.yaml, b.yaml]\nrules: {r: a + b}\n",
        **{
            "parts/a.yaml": "include: deep/c.yaml\nrules: {a: c}\n",
            "parts/deep/c.yaml": "rules: {c: '1'}\n",
            "b.yaml": "rules: {b: '2'}\n",
        },
    )
    assert list(document.load(path).rules) == ["c", "a", "b", "r"]


def test_a_file_may_define_anew_what_it_includes(write: Write) -> None:
    path = write(
        "include: a.yaml\noverride: true\ninputs: {n: {default: 3}}\nrules: {r: n + 1}\n",
        **{
            "a.yaml": "include: b.yaml\ninputs: {n: {name: N, type: integer, min: 1, default: 2}}\nrules: {r: n, s: r}\n",
            "b.yaml": "rules: {q: '1'}\n",
        },
    )
    made = document.load(path)
    n = made.inputs["n"]
    assert (n.key, n.type, n.low, n.default) == ("N", "integer", 1, 3)
    assert list(made.rules) == ["q", "r", "s"]
    assert write_tree(made.rules["r"].cases[0].formula) == "n + 1"


def test_only_what_a_file_includes_is_defined_anew(write: Write) -> None:
    files = {"a.yaml": "rules: {r: '1'}\n", "b.yaml": "override: true\nrules: {r: '2'}\n"}
    assert "second time" in problems(write("include: [a.yaml, b.yaml]\nrules: {s: r}\n", **files))[0].message
    assert "second time" in problems(write("include: a.yaml\nrules: {r: '2'}\n", **files))[0].message
    over = write("include: a.yaml\noverride: true\ninputs: {r: {type: integer}}\n", **files)
    assert "second time" in problems(over)[0].message


def test_a_file_included_twice_counts_once(write: Write) -> None:
    path = write(
        "include: [a.yaml, b.yaml]\nrules: {r: a + b}\n",
        **{"a.yaml": "include: c.yaml\nrules: {a: c}\n", "b.yaml": "include: [c.yaml]\nrules: {b: c}\n", "c.yaml": "rules: {c: '1'}\n"},
    )
    assert list(document.load(path).rules) == ["c", "a", "b", "r"]


def test_title_and_report_are_those_of_the_entry_file(write: Write) -> None:
    path = write(
        "title: Main\ninclude: a.yaml\nreport: {total: r}\nrules: {r: a}\n",
        **{"a.yaml": "title: Part\nreport: {total: a}\nrules: {a: '1'}\n"},
    )
    made = document.load(path)
    assert (made.title, made.report.total) == ("Main", "r")


@pytest.mark.parametrize(
    "asked",
    [
        "../outside.yaml",
        "/etc/passwd",
        "~/x.yaml",
        "a/../../x.yaml",
        "..",
        "file:///etc/passwd",
        "http://example.org/x.yaml",
        "c:/x.yaml",
        "..\\x.yaml",
        "//host/x.yaml",
    ],
)
def test_paths_stay_inside(write: Write, asked: str) -> None:
    (found,) = problems(write(f"rules: {{r: '1'}}\ninclude: ['{asked}']\n", "in/rules.yaml"))
    assert "is outside the folder of the rules" in found.message
    assert found.place is not None
    assert found.place.line == 2


@pytest.mark.parametrize("asked", ["", " ", "\\0", "no.yaml", "."])
def test_paths_that_lead_nowhere(write: Write, asked: str) -> None:
    assert problems(write(f'rules: {{r: "1"}}\ninclude: ["{asked}"]\n'))


def test_a_path_may_go_up_inside_the_folder(write: Write) -> None:
    path = write("include: a/b.yaml\nrules: {r: c}\n", **{"a/b.yaml": "include: ../c.yaml\n", "c.yaml": "rules: {c: '1'}\n"})
    assert list(document.load(path).rules) == ["c", "r"]


def test_an_included_file_may_not_leave_the_folder_of_the_entry_file(write: Write) -> None:
    path = write(
        "include: a/b.yaml\nrules: {r: '1'}\n",
        "in/rules.yaml",
        **{"in/a/b.yaml": "rules: {q: '1'}\ninclude: ../../c.yaml\n", "c.yaml": "rules: {c: '1'}\n"},
    )
    assert lines(path) == [("b.yaml", 2, "`../../c.yaml` is outside the folder of the rules")]


def test_a_symbolic_link_may_not_leave_the_folder(write: Write, tmp_path: Path) -> None:
    path = write("include: link.yaml\nrules: {r: '1'}\n", "in/rules.yaml", **{"secret.yaml": "rules: {secret: '1'}\n"})
    os.symlink(tmp_path / "secret.yaml", tmp_path / "in" / "link.yaml")
    assert "is outside the folder" in problems(path)[0].message
    os.remove(tmp_path / "in" / "link.yaml")
    os.symlink("rules.yaml", tmp_path / "in" / "link.yaml")
    assert "circle" in problems(path)[0].message
    os.remove(tmp_path / "in" / "link.yaml")
    os.symlink("link.yaml", tmp_path / "in" / "link.yaml")  # a link to itself
    assert problems(path)


def test_a_folder_behind_a_symbolic_link_may_not_leave_the_folder(write: Write, tmp_path: Path) -> None:
    path = write("include: up/secret.yaml\nrules: {r: '1'}\n", "in/rules.yaml", **{"out/secret.yaml": "rules: {secret: '1'}\n"})
    os.symlink(tmp_path / "out", tmp_path / "in" / "up")
    assert "is outside the folder" in problems(path)[0].message


def test_what_is_not_a_file(write: Write, tmp_path: Path) -> None:
    path = write("include: [pipe.yaml, folder]\nrules: {r: '1'}\n", **{"folder/x.yaml": "rules: {x: '1'}\n"})
    os.mkfifo(tmp_path / "pipe.yaml")
    assert [line for _, line, _ in lines(path)] == [1, 1]
    assert len(problems(str(tmp_path / "pipe.yaml"))) == 1


@pytest.mark.parametrize(
    ("files", "hops"),
    [
        ({"rules.yaml": "include: rules.yaml\n"}, "rules.yaml → rules.yaml"),
        ({"rules.yaml": "include: b.yaml\n", "b.yaml": "include: rules.yaml\n"}, "rules.yaml → b.yaml → rules.yaml"),
        (
            {"rules.yaml": "include: b.yaml\n", "b.yaml": "include: c.yaml\n", "c.yaml": "include: b.yaml\n"},
            "rules.yaml → b.yaml → c.yaml → b.yaml",
        ),
    ],
)
def test_circles_of_files(write: Write, files: dict[str, str], hops: str) -> None:
    content = {name: text + f"rules: {{{name[0]}_rule: '1'}}\n" for name, text in files.items()}
    (found,) = problems(write(content.pop("rules.yaml"), **content))
    assert found.message == "files include each other in a circle: " + hops


def test_a_chain_of_many_files(write: Write) -> None:
    others = {f"f{index}.yaml": f"include: f{index + 1}.yaml\n" for index in range(1, 300)} | {"f300.yaml": "rules: {last: '1'}\n"}
    assert list(document.load(write("include: f1.yaml\nrules: {r: last}\n", **others)).rules) == ["last", "r"]


def test_a_name_is_defined_once_over_all_files_and_sections(write: Write) -> None:
    path = write(
        "include: [a.yaml, b.yaml]\ninputs:\n  x: {type: integer}\ntables:\n"
        "  t: {columns: {c: {}}, rows: {u: {c: 1}}}\nrules:\n  x: '1'\n  t: '2'\n  y: '3'\n",
        **{"a.yaml": "rules:\n  y: '1'\n", "b.yaml": "rules: {y: '2'}\n"},
    )
    found = lines(path)
    assert sorted((file, line) for file, line, _ in found) == [("b.yaml", 1), ("rules.yaml", 7), ("rules.yaml", 8), ("rules.yaml", 9)]
    assert all("is defined a second time; the first is" in message for *_, message in found)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Width", "lower-case"),
        ("_x", "lower-case"),
        ("1x", "lower-case"),
        ("a-b", "lower-case"),
        ("é", "lower-case"),
        ("a b", "lower-case"),
        ("max", "a word of the language"),
        ("lambda", "a word of the language"),
        ("true", "a word of the language"),
        ("x" * 65, "64"),
    ],
)
def test_names(write: Write, name: str, said: str) -> None:
    for text in (f"rules: {{'{name}': '1'}}\n", f"inputs: {{'{name}': {{type: integer}}}}\nrules: {{r: '1'}}\n"):
        found = problems(write(text))
        assert said in found[0].message + found[0].hint


def test_the_longest_name(write: Write) -> None:
    assert document.load(write(f"rules: {{{'x' * 64}: '1'}}\n"))


TABLES = [
    # cells, part of the message
    ("{a: {size: 1, other: 2}}", "no column `other`"),
    ("{a: {}}", "row `a` has no `size`"),
    ("{a: {size: x}}", "`x`: not a number"),
    ("{a: {size: 80Gb}}", "is bits"),
    ("{a: {size: 1, wide: 1}}", "`wide` is true or false"),
]


@pytest.mark.parametrize(("rows", "said"), TABLES)
def test_tables(write: Write, rows: str, said: str) -> None:
    columns = "{size: {unit: byte}, wide: {type: boolean}}" if "wide" in rows else "{size: {unit: byte}}"
    assert said in " ".join(
        found.message for found in problems(write(f"tables: {{t: {{columns: {columns}, rows: {rows}}}}}\nrules: {{r: '1'}}\n"))
    )


DEFAULTS = [
    # an input, its default as a value or as a formula's text
    ("{type: integer, default: 3}", 3),
    ("{type: integer, default: 1_000}", 1000),
    ("{type: integer, default: 1.5k}", 1500),
    ("{type: number, unit: byte, default: 80GiB}", 80 * 2**30),
    ("{type: integer, default: 2 * other}", "2 * other"),
    ("{type: integer, default: other}", "other"),
    ("{type: boolean, default: true}", True),
    ("{type: boolean, default: other > 2}", "other > 2"),
    ("{type: choice, choices: [red, blue], default: blue}", "blue"),
    ("{type: choice, choices: [red, blue], default: red if other > 2 else blue}", "red if other > 2 else blue"),
    ("{type: list, default: [1, x]}", (1, "x")),
    ("{type: list, default: []}", ()),
    ("{type: integer}", None),
]


@pytest.mark.parametrize(("text", "wanted"), DEFAULTS)
def test_defaults(write: Write, text: str, wanted: object) -> None:
    found = document.load(write(f"inputs: {{it: {text}, other: {{type: integer, default: 1}}}}\nrules: {{r: '1'}}\n")).inputs["it"].default
    if isinstance(found, Formula):
        assert write_tree(found) == wanted
    elif wanted == "blue":
        assert found == wanted
    else:
        assert found == wanted
        assert type(found) is type(wanted)


def write_tree(formula: Formula) -> str:
    return write(formula.tree)


WRONG_DEFAULTS = [
    ("{type: integer, default: 2.5}", "whole number"),
    ("{type: integer, min: 1, default: 0}", "at least 1"),
    ("{type: integer, max: 9, default: 10}", "at most 9"),
    ("{type: integer, choices: [1, 2], default: 3}", "one of 1, 2"),
    ("{type: number, default: .nan}", "number"),
    ("{type: number, default: 80Gb}", "number"),
    ("{type: boolean, default: 1}", "true or false"),
    ("{type: choice, choices: [red, blue], default: Red!}", "one of red, blue"),
    ("{type: list, default: 3}", "is a list"),
    ("{type: integer, min: 3Gb}", "bits"),
    ("{type: integer, default: 2 *}", "not a formula"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_DEFAULTS)
def test_wrong_defaults(write: Write, text: str, said: str) -> None:
    found = problems(write(f"inputs:\n  it: {text}\nrules: {{r: '1'}}\n"))
    assert said in found[0].message
    assert found[0].place is not None
    assert found[0].place.line == 2


def test_a_rule_in_short(write: Write) -> None:
    made = document.load(write("rules:\n  a: 1 + 2\n  b: {formula: 1 + 2}\n  c: {cases: [{otherwise: 1 + 2}]}\n"))
    assert {write_tree(rule.cases[0].formula) for rule in made.rules.values()} == {"1 + 2"}


def test_otherwise_is_last(write: Write) -> None:
    (found,) = problems(write("rules:\n  a:\n    cases:\n      - {otherwise: 1}\n      - {when: 1 < 2, formula: 2}\n"))
    assert found.message == "a case after `otherwise` can never count"
    assert found.place is not None
    assert found.place.line == 5


def test_words_are_not_names(write: Write) -> None:
    (found,) = problems(write("inputs: {mode: {type: choice, choices: [on_, off]}}\nrules:\n  off: '1'\n"))
    assert found.message == "`off` is a name and also a word of a choice"


def test_sources(write: Write) -> None:
    made = document.load(
        write(
            "rules:\n  a: {formula: 1 + 1, source: 'book §3'}\n  b: {formula: 1 + 1, source: seen}\nsources: {book: {title: The book, url: 'https://x.org'}}\n"
        )
    )
    assert [str(rule.source) for rule in made.rules.values()] == ["The book §3, https://x.org", "seen"]


def test_many_rules(write: Write) -> None:
    path = write("rules:\n" + "".join(f"  r{index}: '1'\n" for index in range(10_001)))
    assert "10,001 rules; at most 10,000" in problems(path)[0].message
    assert len(document.load(path, large=True).rules) == 10_001


def test_mistakes_of_several_files_are_told_at_once(write: Write) -> None:
    path = write(
        "include: [a.yaml, b.yaml, no.yaml]\nrules: {r: 1 +}\n",
        **{"a.yaml": "rules: {a: '2 ^ 3'}\n", "b.yaml": "rules: {b: {formla: 1}}\n"},
    )
    with pytest.raises(RulesError) as caught:
        document.load(path)
    assert {os.path.basename(found.place.text.name) for found in caught.value.problems if found.place} >= {"b.yaml", "rules.yaml"}


def test_presets_stay_inside(write: Write, run: Run) -> None:
    for line in ("{from: ../x}", "{from: /etc}", "{from: m, through: ../x, by: k}", "{from: no}", "{from: m, through: m/a.yaml, by: k}"):
        path = write(
            f"presets:\n  model: {line}\ninputs: {{layers: {{type: integer}}}}\nrules: {{r: layers}}\n",
            "in/rules.yaml",
            **{"in/m/a.yaml": "values: {layers: 1}\n", "x/a.yaml": "values: {layers: 1}\n"},
        )
        done = run("eval", path, "--set", "layers=1")
        assert done.code == 2, line
        assert "rules.yaml:2:" in done.err


def test_a_column_may_have_a_default(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "tables:\n  t:\n    columns: {size: {default: 3}, ok: {type: boolean, default: false}}\n"
        "    rows: {a: {}, b: {size: 4, ok: true}}\nrules: {r: t.a.size}\n",
        encoding="utf-8",
    )
    rows = document.load(str(path)).tables["t"].rows
    assert rows == {"a": {"size": 3, "ok": False}, "b": {"size": 4, "ok": True}}
