"""The shape of files: what is refused and where, and that the quick walk agrees with `jsonschema`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine import document, misshapen, schema, source
from engine.errors import Place, Text, render_all

ROOT = Path(__file__).resolve().parent.parent
KINDS: tuple[schema.Kind, ...] = get_args(schema.Kind)

# (kind of file, its text, a part of the message or the hint, line, column)
WRONG: list[tuple[schema.Kind, str, str, int, int]] = [
    # the file as a whole
    ("rules", "", "the file is empty", 1, 1),
    ("rules", "# nothing\n", "the file is empty", 1, 1),
    ("rules", "{}", "this file has no rules", 1, 1),
    ("rules", "title: x", "this file has no rules", 1, 1),
    ("rules", "- a", "the file is a list; a rules file is a map", 1, 1),
    ("rules", "just text", "the file is text; a rules file is a map", 1, 1),
    ("rules", "42", "the file is a number; a rules file is a map", 1, 1),
    ("inputs", "just text", "the file is text; an inputs file is a map", 1, 1),
    ("inputs", "[1]", "the file is a list; an inputs file is a map", 1, 1),
    ("preset", "", "the file is empty", 1, 1),
    ("preset", "title: x", "a preset file has `values:` or `config:`", 1, 1),
    # keys that nobody reads
    ("rules", "ruels: {a: 1}", "did you mean `rules`", 1, 1),
    ("rules", "rules:\n  a: {formla: x}", "unknown field `formla` in `rules.a`", 2, 7),
    ("rules", "rules:\n  a: {formla: x}", "did you mean `formula`?", 2, 7),
    ("rules", "rules:\n  a: {formula: x, colour: red}", "the fields here are title, symbol, unit, when", 2, 19),
    ("rules", "rules:\n  a:\n    formula: x\n    examples:\n      - {expects: 3}", "did you mean `expect`?", 5, 10),
    ("rules", "rules:\n  a:\n    cases:\n      - {when: x, formla: 2}", "did you mean `formula`?", 4, 19),
    ("rules", "rules: {a: {formula: max(b, c) + 1, unit: byte}}", "text with a comma stands in quotes", 1, 29),
    ("rules", "inputs: {a: {type: integer, minimum: 1}}", "did you mean `min`?", 1, 29),
    ("rules", "inputs: {a: {type: integer}}\nreport: {total: a, bugdet: b}", "did you mean `budget`?", 2, 20),
    ("rules", 'rules: {a: {formula: 1, "b\\u200bc": 2}}', "unknown field `b\\u200bc`", 1, 25),
    ("rules", "rules: {a: {source: {titel: x}, formula: 1}}", "did you mean `title`?", 1, 22),
    ("preset", "presets:\n  a: {valeus: {x: 1}}", "did you mean `values`?", 2, 7),
    # keys that are missing, or one too many
    ("rules", "rules: {a: {title: x}}", "`rules.a`: a rule has a `formula` or `cases`, one of the two", 1, 9),
    ("rules", "rules: {a: {formula: x, cases: [{otherwise: 1}]}}", "one of the two", 1, 9),
    ("rules", "rules: {a: {cases: [{when: x}]}}", "`rules.a.cases[0]`: a case is", 1, 21),
    ("rules", "rules: {a: {cases: [{}]}}", "`rules.a.cases[0]`: a case is", 1, 21),
    ("rules", "rules: {a: {cases: [{when: x, otherwise: 1}]}}", "`rules.a.cases[0]`: a case is", 1, 21),
    ("rules", "checks: {a: {when: x}}", "`checks.a` has no `say`", 1, 10),
    ("rules", "presets:\n  a: {by: b, through: c}", "`presets.a` has no `from`", 2, 3),
    ("rules", "presets:\n  a: {from: b, by: c}", "`presets.a` has `by` but no `through`", 2, 16),
    ("rules", "tables: {t: {rows: {a: {b: 1}}}}", "`tables.t` has no `columns`", 1, 10),
    ("rules", "inputs: {a: {type: choice, default: b}}", "`inputs.a` has no `choices`", 1, 10),
    ("rules", "rules: {a: {formula: 1, examples: [{given: {x: 1}}]}}", "`rules.a.examples[0]` has no `expect`", 1, 36),
    ("preset", "presets: {a: {title: x}}", "a preset has `values` or `config`", 1, 11),
    ("preset", "presets: {}\nvalues: {}", "`values`: a file with `presets:` has `values:` in each", 2, 1),
    # a value of the wrong kind
    ("rules", "rules: {a: {formula: x, doc: [x]}}", "`rules.a.doc` is a list; it must be text", 1, 25),
    ("rules", "title: 4\nrules: {}", 'write it in quotes: "4"', 1, 8),
    ("rules", "title: true\nrules: {}", "`title` is true or false; it must be text", 1, 8),
    ("rules", "rules:", "`rules` is empty", 1, 1),
    ("rules", "rules: []", "`rules` is a list; it must be a map", 1, 1),
    ("rules", "rules:\n  a:\n  b: 1", "`rules.a` is empty", 2, 3),
    ("rules", "rules: {a: [1]}", "`rules.a` is a list; a rule is a formula, or a map", 1, 9),
    ("rules", "rules: {a: {formula: ~}}", "`rules.a.formula` is empty", 1, 13),
    ("rules", "rules: {a: {formula: {x: 1}}}", "`rules.a.formula` is a map; a formula is text", 1, 13),
    ("rules", "rules: {a: {cases: x}}", "`rules.a.cases` is text; it must be a list", 1, 20),
    ("rules", "rules: {a: {cases: []}}", "`rules.a.cases` is empty", 1, 13),
    ("rules", "rules: {a: {cases: [x]}}", "`rules.a.cases[0]` is text; a case is", 1, 21),
    ("rules", "inputs: {a: 4}", "`inputs.a` is a number; an input is a map", 1, 13),
    ("rules", "inputs: {a: {type: os.system}}", "`inputs.a.type` is `os.system`; it is one of integer, number", 1, 20),
    ("rules", "inputs: {a: {type: intger}}", "did you mean `integer`?", 1, 20),
    ("rules", "inputs: {a: {type: [integer]}}", "`inputs.a.type` is a list; it is one of", 1, 14),
    ("rules", "inputs: {a: {default: {b: 1}}}", "`inputs.a.default` is a map; one value, or a list", 1, 14),
    ("rules", "inputs: {a: {default: ~}}", "`inputs.a.default` is empty", 1, 14),
    ("rules", "inputs: {a: {default: [1, [2]]}}", "`inputs.a.default[1]` is a list; a value is", 1, 27),
    ("rules", "inputs: {a: {min: [1]}}", "`inputs.a.min` is a list; a value is", 1, 14),
    ("rules", "inputs: {a: {type: choice, choices: []}}", "`inputs.a.choices` is empty", 1, 28),
    ("rules", "inputs: {a: {type: choice, choices: {b: 1}}}", "`inputs.a.choices` is a map; choices are a list", 1, 28),
    ("rules", "inputs: {a: {type: choice, choices: [a], min: 1}}", "a choice has no `min`", 1, 42),
    ("rules", "inputs: {a: {type: integer, choices: sizes}}", "here `choices` is a list", 1, 38),
    ("rules", "inputs: {a: {type: integer, otherwise: b}}", "`otherwise` is only for `type: choice`", 1, 29),
    ("rules", "include: {a: b}", "`include` is a map; the path of a rules file", 1, 1),
    ("rules", "words: a\nrules: {}", "`words` is text; it must be a list", 1, 8),
    ("rules", 'include: [""]', "`include[0]` is empty", 1, 11),
    ("rules", "checks: {a: {when: x, say: y, level: fatal}}", "it is one of warning or error", 1, 38),
    ("rules", "tables: {t: {columns: {}, rows: {a: {b: 1}}}}", "`tables.t.columns` is empty", 1, 14),
    ("rules", "tables: {t: {columns: {b: {}}, rows: {a: 1}}}", "`tables.t.rows.a` is a number; a row is a map", 1, 42),
    ("inputs", "a: 1\nb: {c: 1}", "`b` is a map; one value, or a list of values", 2, 1),
    ("inputs", "a: 1\nb:", "`b` is empty", 2, 1),
    ("inputs", "a: null", "`a` is empty", 1, 1),
    # names and units
    ("rules", "rules: {per-gpu: 1}", "a name is lower-case letters", 1, 9),
    ("rules", "rules: {per-gpu: 1}", "write `per_gpu`", 1, 9),
    ("rules", "rules: {Total Memory: 1}", "write `total_memory`", 1, 9),
    ("rules", "rules: {2fast: 1}", "`2fast`: a name is", 1, 9),
    ("rules", "rules: {_a: 1}", "`_a`: a name is", 1, 9),
    ("rules", 'rules: {"a\\n": 1}', "`a\\x0a`: a name is", 1, 9),
    ("rules", 'rules: {"ﬁts": 1}', "a name is", 1, 9),
    ("rules", 'rules: {"hid\\u200bden": 1}', "`hid\\u200bden`: a name is", 1, 9),
    ("rules", f"rules: {{{'a' * 65}: 1}}", "at most 64 characters", 1, 9),
    ("rules", "rules: {a: 1}\nreport: {total: Peak Memory}", "`Peak Memory`: a name is", 2, 17),
    ("rules", "tables: {t: {columns: {b: {}}, rows: {a b: {b: 1}}}}", "`a b`: this key is", 1, 39),
    ("rules", "sources: {a b: text}", "this key is letters, digits", 1, 11),
    ("rules", "rules: {a: {formula: 1, unit: bytes**9**9**9}}", "`bytes**9**9**9`: a unit is words", 1, 31),
    ("rules", "rules: {a: {formula: 1, unit: <img src=x>}}", "a unit is words", 1, 31),
    ("rules", f"rules: {{a: {{formula: 1, unit: {'b' * 41}}}}}", "a unit is words", 1, 31),
    ("rules", "rules: {a: {formula: 1, unit: 4}}", "`rules.a.unit` is a number; a unit is words", 1, 31),
    ("preset", "presets: {a/b: {values: {x: 1}}}", "the name of a preset is", 1, 11),
]

RIGHT: list[tuple[schema.Kind, str]] = [
    ("rules", 'title: x\nrules:\n  r: "hidden + 1"'),
    ("rules", "rules: {a: 4, b: true, c: {formula: 4}, d: {formula: true}, e: x}"),
    ("rules", "include: formats.yaml"),
    ("rules", "include: [a.yaml, b/c.yaml]\nreads: [llama]"),
    ("rules", "inputs: {a: {type: choice, choices: [a, '<b>', 4, true]}}"),
    ("rules", "inputs: {a: {type: choice, choices: formats, otherwise: other, default: b if c else d, name: x.y}}"),
    ("rules", "inputs: {a: {default: 1_000, min: 17/4, max: 80GiB}, b: {type: list, default: []}, c: {type: list, default: [a, 1]}}"),
    ("rules", "rules: {a: {cases: [{when: x, formula: 1}, {otherwise: y}], examples: [{given: {b: [1, 2]}, expect: '-'}]}}"),
    ("rules", "rules: {a: {formula: x, unit: byte/second}, b: {formula: x, unit: flop / second}, c: {formula: x, unit: byte**2*token}}"),
    ("rules", "rules: {a: {formula: x, unit: 1/second}, b: {formula: x, unit: token_type}}"),
    ("rules", "rules: {a: {formula: x, source: pope2022 §3}, b: {formula: x, source: {title: x, url: y, checked: 2026-11-23}}}"),
    ("rules", "sources: {ocp-mx: {title: x, authors: y, year: 2022}, b: text}"),
    ("rules", "presets: {a: {from: b, through: c}}"),
    ("rules", "presets: {a: {from: models}, b: {from: [a, b.yaml], through: c, by: d}}"),
    ("rules", "checks: {a: {when: x > 1, say: y, level: error}}"),
    ("rules", "words: [a, b]\nreads: [c]\ninputs: {a: {type: integer, empty: 1}}"),
    (
        "rules",
        "tables: {t: {columns: {size: {unit: byte}, wide: {type: boolean}}, rows: {a: {size: 1/2, wide: false}, gated-x.v2: {size: 1}}}}",
    ),
    ("inputs", ""),
    ("inputs", "{}"),
    ("inputs", 'layers: 32\nmode: training\nx: [1, a]\ny: 80GiB\nz: "4"\nHidden: .nan'),
    ("preset", "title: x\nsource: {title: x}\nconfig: {a: null, b: {c: [1, {d: 2}]}}\nexpect: {parameters: 8_030_261_248}"),
    ("preset", "presets: {rtx-4090: {values: {memory: 24GiB}}, H100.v2: {config: {}, expect: {a: 1}}}"),
]


def check(kind: schema.Kind, content: str) -> list[Any]:
    text = Text("file.yaml", content)
    return list(document.shape_problems(source.parse(text), kind, text))


@pytest.mark.parametrize(("kind", "content", "message", "line", "column"), WRONG)
def test_refused(kind: schema.Kind, content: str, message: str, line: int, column: int) -> None:
    problems = check(kind, content)
    shown = render_all(problems)
    assert [True for problem in problems if message in f"{problem.message}\n{problem.hint}"], shown
    places = [problem.place[1:3] for problem in problems]
    assert places == [(line, column)], shown
    assert not re.search(r"['\"]?\w+['\"]? is (not|a required|a dependency)|Traceback|<class|None|deque|\{'", shown), shown
    assert shown.isprintable() or set(shown) - {"\n"} <= {c for c in shown if c.isprintable()}


@pytest.mark.parametrize(("kind", "content"), RIGHT)
def test_accepted(kind: schema.Kind, content: str) -> None:
    assert not check(kind, content)


def test_every_mistake_in_order() -> None:
    found = check("rules", "rules:\n  B: 1\n  a: {formla: 1}\n  c: {doc: [], formula: 1}\nchecks:\n  d: {when: x}")
    assert [problem.place.line for problem in found] == [2, 3, 4, 6]


def test_unrelated_unknown_field_hides_nothing() -> None:
    assert len(check("rules", "checks: {a: {when: x, zzz: 1}}")) == 2


@pytest.mark.parametrize(
    "content",
    ["rules: {" + ", ".join(f"A{i}: 1" for i in range(5_000)) + "}", "rules: {a: {" + ", ".join(f"a{i}: 1" for i in range(5_000)) + "}}"],
)
def test_no_more_than_can_be_read(content: str) -> None:
    assert 0 < len(check("rules", content)) <= schema.MOST


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_schema(kind: schema.Kind) -> None:
    document = schema.load(kind).document
    Draft7Validator.check_schema(document)
    assert document["$schema"] == "http://json-schema.org/draft-07/schema#"
    missing = set(re.findall(r'"#/definitions/(\w+)"', json.dumps(document))) ^ document["definitions"].keys()
    assert not missing, "definitions that are not there, or that nothing refers to"


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_described(kind: schema.Kind) -> None:
    """An editor shows the description of every field, at the field or where its `$ref` leads."""
    document = schema.load(kind).document

    def walk(part: Any, path: str) -> None:
        for name, field in part.get("properties", {}).items():
            if "not" not in field and not path.endswith(("then", "else", "if")):
                target = schema.load(kind).definition(field)
                assert field.get("description") or target.get("description"), f"{path}.{name}"
        for name, inner in part.items():
            if isinstance(inner, dict):
                walk(inner, f"{path}.{name}")
            elif isinstance(inner, list):
                for each in inner:
                    if isinstance(each, dict):
                        walk(each, f"{path}.{name}")

    walk(document, kind)


def test_a_right_file_does_not_import_jsonschema() -> None:
    code = (
        "import sys; from engine import document, source; from engine.errors import Text\n"
        "text = Text('x', 'rules: {a: 1}')\n"
        "assert not document.shape_problems(source.parse(text), 'rules', text)\n"
        "assert 'jsonschema' not in sys.modules\n"
        "text = Text('x', 'rules: {A: 1}')\n"
        "assert document.shape_problems(source.parse(text), 'rules', text)\n"
        "assert 'jsonschema' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def rules_files() -> list[tuple[schema.Kind, Path]]:
    """What ships, with the kind it is: preset files are those that are not included and have no rules of their own."""
    found: list[tuple[schema.Kind, Path]] = []
    for path in sorted((ROOT / "rules").rglob("*.yaml")):
        node = source.parse(source.read_text(str(path)))
        is_preset = isinstance(node, source.Mapping) and (
            "values" in node.entries
            or "config" in node.entries
            or (isinstance(entry := _first(node.get("presets")), source.Mapping) and "from" not in entry.entries)
        )
        found.append(("preset" if is_preset else "rules", path))
    return found


def _first(node: source.Node | None) -> source.Node | None:
    return next(iter(node.entries.values()), None) if isinstance(node, source.Mapping) else None


@pytest.mark.parametrize(
    ("kind", "path"), rules_files(), ids=lambda value: value.relative_to(ROOT).as_posix() if isinstance(value, Path) else value
)
def test_shipped_files_conform(kind: schema.Kind, path: Path) -> None:
    text = source.read_text(str(path))
    problems = document.shape_problems(source.parse(text), kind, text)
    assert not problems, "\n" + render_all(problems)


def test_starter_inputs_conform() -> None:
    text = source.read_text(str(ROOT / "inputs.yaml"))
    assert not document.shape_problems(source.parse(text), "inputs", text)


def test_the_language_page_and_the_schema_agree() -> None:
    """Every section and every field of an input that docs/language.md lists is in the schema, and the other way round."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    document = schema.load("rules").document
    table = page[page.index("| field |") :].split("\n\n", 1)[0]
    told = {word for row in table.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert told == document["definitions"]["input"]["properties"].keys()
    first = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert first
    assert set(re.findall(r"^(\w+):", first[1], re.MULTILINE)) == document["properties"].keys()


PLACE = Place(Text("x", ""), 1, 1)
WORDS = sorted(
    {key for kind in KINDS for key in re.findall(r'"([a-z]\w*)": ', json.dumps(schema.load(kind).document))}
    | {
        "integer",
        "choice",
        "boolean",
        "warning",
        "1",
        "1.5",
        "-2e3",
        "true",
        "null",
        "~",
        "",
        "a",
        "B",
        "a-b",
        "byte",
        "byte/second",
        "80GiB",
        "a\n",
        "é",
        "9" * 70,
    }
)
scalars = st.builds(lambda text, bare: source.Scalar(text, bare, PLACE), st.sampled_from(WORDS), st.booleans())
keys = st.sampled_from([word for word in WORDS if word])


def mapping(entries: dict[str, source.Node]) -> source.Mapping:
    return source.Mapping(entries, dict.fromkeys(entries, PLACE), PLACE)


nodes: st.SearchStrategy[source.Node] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: source.Sequence(tuple(items), PLACE))
        | st.dictionaries(keys, inner, max_size=4).map(mapping)
    ),
    max_leaves=12,
)


def like(part: Any, reader: schema.Schema, draw: Any) -> source.Node:
    """A node that a part of a schema would accept, with a mistake here and there."""
    part = reader.definition(part)
    chance = draw(st.integers(0, 30))
    if chance == 0:
        node: source.Node = draw(nodes)
        return node
    for branches in ("anyOf", "oneOf"):
        if branches in part and "properties" not in part:
            return like(part[branches][draw(st.integers(0, len(part[branches]) - 1))], reader, draw)
    kinds = part.get("type", "string")
    kind = kinds if isinstance(kinds, str) else draw(st.sampled_from(kinds))
    if kind == "array":
        return source.Sequence(tuple(like(part["items"], reader, draw) for _ in range(draw(st.integers(0, 2)))), PLACE)
    if kind == "object":
        fields = part.get("properties", {})
        entries = {
            key: like(fields[key], reader, draw) for key in fields if draw(st.integers(0, 3)) == 0 or key in part.get("required", ())
        }
        other = part.get("additionalProperties", {})
        if isinstance(other, dict) or chance == 1:
            entries |= {draw(keys): like(other if isinstance(other, dict) else {}, reader, draw) for _ in range(draw(st.integers(0, 2)))}
        return mapping(entries)
    if "enum" in part and chance > 2:
        return source.Scalar(draw(st.sampled_from(part["enum"])), True, PLACE)
    scalar: source.Scalar = draw(scalars)
    return scalar


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(KINDS))
def test_the_quick_walk_agrees_with_jsonschema(data: st.DataObject, kind: schema.Kind) -> None:
    reader = schema.load(kind)
    node = data.draw(st.one_of(nodes, st.composite(lambda draw: like(reader.document, reader, draw))()))
    verdict = Draft7Validator(reader.document).is_valid(misshapen.to_json(node))
    assert reader.conforms(node) == verdict
    problems = document.shape_problems(node, kind, PLACE.text)
    assert bool(problems) != verdict
    assert all(problem.place is not None and problem.message.isprintable() and problem.hint.isprintable() for problem in problems)
