"""YAML text as nodes: what is read, what is refused and where."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from engine import source
from engine.errors import FileError, Problem, Text
from engine.source import Mapping, Node, Scalar, Sequence


def told(node: Node | None) -> object:
    """Nodes as plain values; a bare scalar as its text, a quoted one in quotes."""
    match node:
        case None:
            return None
        case Scalar(text, bare):
            return text if bare else f'"{text}"'
        case Sequence(items):
            return [told(item) for item in items]
    return {key: told(value) for key, value in node.entries.items()}


def refusal(action: Callable[[], object]) -> Problem:
    with pytest.raises(FileError) as caught:
        action()
    return caught.value.problems[0]


READ = [
    ("", None),
    ("# only a comment\n", None),
    ("---\n", ""),
    ("a: 1", {"a": "1"}),
    ("a: 010\nb: no\nc: 1e9\nd: 1:30\ne: 2026-11-23", {"a": "010", "b": "no", "c": "1e9", "d": "1:30", "e": "2026-11-23"}),
    ("a: '1'", {"a": '"1"'}),
    ('a: "\\x41"', {"a": '"A"'}),
    ("a: [1, two, {b: 3}]", {"a": ["1", "two", {"b": "3"}]}),
    ("a:\n- 1\n- 2", {"a": ["1", "2"]}),
    ("a: |\n  x\n  y\n", {"a": '"x\ny\n"'}),
    ("a: >-\n  x\n  y\n", {"a": '"x y"'}),
    ("a: 1\r\nb: 2\r\n", {"a": "1", "b": "2"}),
    ("\ufeffa: 1", {"a": "1"}),
    ("a: 80GiB # comment", {"a": "80GiB"}),
    ("%YAML 1.2\n---\na: 1", {"a": "1"}),
    ('{"a":1,"b":[true,null],"c":"x\\/y"}', {"a": "1", "b": ["true", "null"], "c": '"x/y"'}),
    ('{\n\t"a": 1\n}', {"a": "1"}),
    ("a: ~", {"a": "~"}),
    ("漢字: é", {"漢字": "é"}),
]

WRONG = [
    # text, part of the message, line, column
    ("a: 1\na: 2", "a second time; the first is in line 1", 2, 1),
    ('a: 1\n"\\x61": 2', "a second time", 2, 1),
    ("a: &x 1", "anchors", 1, 4),
    ("a: *x", "aliases", 1, 4),
    ("a: !!python/name:os.system x", "the tag", 1, 4),
    ("a: !x 1", "the tag", 1, 4),
    ("a: !!int 1", "the tag", 1, 4),
    ("<<: {a: 1}", "merge keys", 1, 1),
    ("? [a]\n: 1", "a key is a word", 1, 3),
    ("? {a: 1}\n: 1", "a key is a word", 1, 3),
    ("'': 1", "an empty key", 1, 1),
    ("~: 1", "an empty key", 1, 1),
    ("a: 1\n---\nb: 2", "a second document", 2, 1),
    ("a: 1\n---\n", "a second document", 2, 1),
    ("%YAML 2.0\n---\na: 1", "YAML", 1, 1),
    ("%TAG ! tag:x,2000:\n---\na: 1", "directive", 1, 1),
    ("a: [1", "not YAML", 2, 1),
    ("\ta: 1", "not YAML", 1, 1),
    ("a: b: c", "not YAML", 1, 5),
    ("a: 'x", "not YAML", 1, 6),
    ("a: @x", "not YAML", 1, 4),
    ("[" * 51 + "]" * 51, "more than 50 levels", 1, 51),
]


@pytest.mark.parametrize(("text", "wanted"), READ)
def test_read(text: str, wanted: object) -> None:
    assert told(source.parse(source.decode(text.encode(), "x.yaml"))) == wanted


@pytest.mark.parametrize(("text", "said", "line", "column"), WRONG)
def test_refused(text: str, said: str, line: int, column: int) -> None:
    problem = refusal(lambda: source.parse(Text("x.yaml", text)))
    assert said in problem.message
    assert problem.place is not None
    assert problem.place.text.name == "x.yaml"
    if said != "not YAML":
        assert problem.place.column == column
        assert problem.place.line == line


def test_every_duplicate_key_is_told() -> None:
    with pytest.raises(FileError) as caught:
        source.parse(Text("x", "a: 1\nb: {c: 1, c: 2}\na: 3\n"))
    assert [(problem.place.line, problem.place.column) for problem in caught.value.problems if problem.place] == [(2, 11), (3, 1)]


def test_places() -> None:
    root = source.parse(Text("x", "ab: [12, 'xyz']\nc:\n  d: e f\n"))
    assert isinstance(root, Mapping)
    first, second = root.entries["ab"], root.entries["c"]
    assert isinstance(first, Sequence)
    assert isinstance(second, Mapping)
    found = [root.keys["ab"], first.items[0].place, first.items[1].place, second.keys["d"], second.entries["d"].place]
    assert [(place.line, place.column, place.length) for place in found] == [(1, 1, 2), (1, 6, 2), (1, 10, 5), (3, 3, 1), (3, 6, 3)]


@pytest.mark.parametrize(
    ("data", "said", "line"),
    [
        (b"a: \xff", "not UTF-8", 1),
        (b"a: 1\nb: \xc0\xaf", "not UTF-8", 2),
        ("a: 1".encode("utf-16"), "not UTF-8", 1),
        ("a: 1".encode("utf-32-le"), "control character", 1),
        (b"a: 1\nb: \x00", "control character \\x00", 2),
        (b"a: \x1b[31m", "control character \\x1b", 1),
        (b"a: \xed\xa0\x80", "not UTF-8", 1),
        ("a: \x9b31m".encode(), "control character \\x9b", 1),
        (b"x" * 1_000_001, "more than 1,000,000 bytes", 1),
    ],
)
def test_bytes_refused(data: bytes, said: str, line: int) -> None:
    problem = refusal(lambda: source.decode(data, "x.yaml"))
    assert said in problem.message
    assert problem.place is not None
    assert problem.place.line == line


def test_a_large_file_that_is_trusted() -> None:
    assert len(source.decode(b"#" * 1_500_000, "x.yaml", large=True).content) == 1_500_000


def test_what_is_not_a_file(tmp_path: os.PathLike[str]) -> None:
    fifo = os.path.join(tmp_path, "fifo")
    os.mkfifo(fifo)
    for path, said in [
        (str(tmp_path), "a folder"),
        (fifo, "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("no/such", "No such file"),
        ("a\0b", "not a possible path"),
    ]:
        problem = refusal(lambda path=path: source.read_text(path))  # type: ignore[misc]
        assert said in problem.message


def test_a_large_file_is_not_read(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "large.yaml")
    with open(path, "wb") as file:
        file.truncate(10_000_000_000)  # sparse: reading it would take the memory
    assert "10,000,000,000 bytes; at most 1,000,000" in refusal(lambda: source.read_text(path)).message


def _run(count: int, indent: str = "  ", first: int = 0) -> str:
    shape = "{0}r{1}: ceil((r{1} + 1.5) / 4) - x_{1} if x >= {1} else 0\n"
    return "".join(shape.format(indent, place) for place in range(first, first + count))


def _keys(node: object) -> list[object]:
    """The keys of a node in their order, with those of what is below."""
    if isinstance(node, source.Sequence):
        return [_keys(item) for item in node.items]
    return [(key, _keys(value)) for key, value in node.entries.items()] if isinstance(node, source.Mapping) else []


LONG = [
    "rules:\n" + _run(1200),
    "title: t\nrules:\n" + _run(1200) + "checks: {c: {when: r0 > 1}}\n",
    "rules:\n" + _run(600) + "    and on\n" + _run(600, first=600) + "  # a word\n" + _run(40, first=1200),
    "rules:\n" + _run(600) + "  last: 'quoted: \"so\"'\n" + _run(600, first=600) + "  map:\n" + _run(30, "    ") + "  end: 1\n",
    "doc: |\n" + _run(600) + "rules:\n" + _run(600),
    "doc: >-\n\n" + _run(600) + "rules:\n" + _run(600),
    'doc: "\n' + _run(1200) + '"\n',
    "doc: in\n" + _run(1200),
    "list:\n- a: 1\n" + _run(1200) + "- b\n",
    "rules: {\n" + _run(1200) + "}\n",
    "rules:\n" + _run(1200) + _run(3),
    "rules:\n" + _run(30) + "  null: x\n" + _run(1200, first=30),
    "rules:\n" + _run(1200) + "other\n",
    "rules:\n" + _run(1200) + "  - x\n",
    "rules:\n" + _run(600) + " odd: 1\n" + _run(600, first=600),
    "a: &a\n" + _run(1200),
    "---\nrules:\n" + _run(1200) + "...\n",
    "rules:\n" + _run(1200) + "---\nrules:\n" + _run(1200),
    "? x\n: y\nrules:\n" + _run(1200),
    "rules:\r\n".replace("\r", "") + _run(1200).replace(" 0\n", " 0 \n", 1),
]


@pytest.mark.parametrize("content", LONG, ids=range(len(LONG)))
def test_thousands_of_lines_are_read_as_few_are(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that no parser sees are as if it had: every key, value and place, and what is wrong."""

    def read() -> object:
        try:
            return source.parse(Text("long.yaml", content))
        except FileError as error:
            return str(error)

    mine = read()
    monkeypatch.setattr(source, "MANY", 10**9)
    wanted = read()
    assert mine == wanted
    assert _keys(mine) == _keys(wanted)


def test_most_of_a_long_run_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    take = source._Reader.take
    monkeypatch.setattr(source._Reader, "take", lambda self, event: (taken.append(event), take(self, event)))
    found = source.parse(Text("long.yaml", LONG[1]))
    assert isinstance(found, source.Mapping)
    assert len(found.entries["rules"].entries) == 1200
    assert len(taken) < 30
