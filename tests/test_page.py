"""The page as a file: one, small, for any browser, and nothing in it runs or asks for more than it should."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import ROOT, Opener, Run, page_of, watch
from engine.document import load
from engine.errors import CommandError, FileError, plain
from engine.page import build, serve
from engine.plan import Plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SMALL = """
title: Cost of a fence
inputs:
  metres: {title: Length, type: integer, min: 1, default: 10}
  price: {title: Price of a metre, type: number, min: 0, default: 5/2}
rules:
  cost: {title: Cost, formula: metres * price}
report: {total: cost, parts: [cost]}
"""


# The file


class Elements(HTMLParser):
    """The elements of a page with what they hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data):
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = tag, attributes, text + data

    def handle_endtag(self, tag):
        self.found.append(("", {}, ""))


def policy(page: str) -> dict[str, list[str]]:
    """The content security policy of a page, by directive."""
    (text,) = [each["content"] for tag, each, _ in Elements(page).found if each.get("http-equiv") == "Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in text.split(";"))}


def test_policy() -> None:
    page = page_of("rules/compute_gauge.yaml")
    said = policy(page)
    assert "unsafe" not in page.partition("</head>")[0]
    assert said["default-src"] == said["base-uri"] == said["form-action"] == ["'none'"]
    assert set(said) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", each) for each in said["script-src"] + said["style-src"])
    assert said["img-src"] == ["data:"]
    run = [text for tag, each, text in Elements(page).found if tag == "script" and each.get("type") != "text/plain"]
    hashes = ["'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'" for text in run]
    assert len(run) == 1
    assert said["script-src"][0] == hashes[0]


def test_file() -> None:
    """ASCII, so that no mail program breaks it; no address in it, nothing to load."""
    page = page_of("rules/transformer.yaml")
    assert page.isascii()
    assert '<meta charset="utf-8">' in page[:200]
    assert not re.search(r"https?:|src=|@import|url\(", re.sub(r'<script type="text/plain".*?</script>', "", page, flags=re.DOTALL))
    assert len(page) < 150_000


def test_size_with_every_preset() -> None:
    assert len(page_of("rules/transformer.yaml")) < len(page_of("rules/transformer.yaml", every_preset=True)) < 400_000


def test_what_is_packed_ends_no_script() -> None:
    """What is packed into the page holds no `<` at all."""
    page = page_of("rules/transformer.yaml")
    (packed,) = [text for _, each, text in Elements(page).found if each.get("id") == "packed"]
    assert "<" not in packed
    assert page.count("</script>") == 2


# In the browser


def test_opens(open_page: Opener) -> None:
    page = open_page("rules/transformer.yaml")
    assert page.title() == "Memory of a transformer"


@pytest.mark.parametrize("place", ["<meta name", "<title>", "</head>", "<script>", "</body>"])
def test_what_is_put_in_by_hand_is_blocked(place: str, open_page: Opener) -> None:
    put_in = (
        '<script>document.title = "owned";</script><script src="http://localhost/x.js"></script><base href="http://localhost/">'
        '<img src="data:,x" onerror="document.title = 1"><img src="http://localhost/x"><style>body { color: red }</style>'
        '<form action="http://localhost/"></form><iframe src="http://localhost/"></iframe>'
    )
    page = open_page(page_of("rules/compute_gauge.yaml").replace(place, put_in + place, 1))
    assert page.title() in {"Compute Gauge, the article", ""}  # an image ends the head, and a title after it is none
    blocked = [line for line in open_page.said if "Content Security Policy" in line]
    assert len(blocked) >= 6
    assert not [line for line in open_page.said if line.startswith(("dialog", "error"))]
    open_page.said.clear()


SKELETON = (
    "[...document.querySelectorAll('*')].map((each) => `${each.localName} ${[...each.attributes].map(({ name }) => name)}`).join('\\n')"
)
RISKY = "[onload], [onerror], iframe, object, embed, base, link[rel=stylesheet], script:not([type]) ~ script ~ script ~ script"


def corpus() -> list[dict[str, str]]:
    """The files of the corpus whose labels are attacks."""
    lines = (ROOT / "tests" / "corpus" / "index.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["group"] == "output" and case["kind"] == "rules"]


def marked(case: dict[str, str]) -> Any:
    """A case; the labels that only a terminal or a spreadsheet would take for more are slow."""
    quick = re.search("html|js|long|combining", case["id"])
    return pytest.param(case, id=case["id"], marks=[] if quick else pytest.mark.slow)


@pytest.mark.parametrize("case", [marked(case) for case in corpus()])
def test_labels_of_the_corpus(case: dict[str, str], open_page: Opener) -> None:
    try:
        plan = Plan(load(str(ROOT / "tests" / "corpus" / case["file"])))
    except FileError:  # raw control characters: there is no page
        return
    page = open_page(build.page(plan))
    assert page.title() == " ".join(plain(plan.document.title, 200).split())
    assert page.evaluate(f"document.querySelectorAll('{RISKY}').length") == 0


ATTACKS = {
    "script": "</script><script>alert(1)</script>",
    "cdata": "]]><script>alert(1)</script>",
    "comment": "<!--<script>",
    "end of a comment": "--><img src=x onerror=alert(1)>",
    "ends of lines": "a\u2028\u2029alert(1)",
    "escapes": "\\u003cscript>alert(1)\\u003c/script>",
    "quotes": "'\"`;alert(1)//${alert(1)}",
    "template": "{{constructor.constructor('alert(1)')()}}",
    "address": "javascript:alert(1)",
    "entities": "&lt;img src=x onerror=alert(1)&gt;",
    "places": "<!--packed--><!--loader-->",
    "directions": "\u202etxt.exe\u2066\u001b[31m",
    "long": "x" * 20_000,
    "edges": "\ud7ff\ufffd\u00ad\u200b",
    "math": "x}</annotation></semantics></math><script>alert(1)</script>",
}
"""Labels that try to be more than text."""


def labelled(label: str, folder: Path) -> str:
    """A page whose every text is this label."""
    told = {"title": label, "doc": label, "source": label}
    rules = {
        "title": label,
        "doc": label,
        "group": {"name": "some", "title": label},
        "inputs": {
            "width": {"type": "integer", "default": 3, "min": 1, "max": 9, **told},
            "shade": {"type": "choice", "choices": ["pale", label, "w" * 40], "default": label, **told},
        },
        "rules": {
            "cost": {"cases": [{"when": "shade == pale", "formula": 1}, {"otherwise": "width"}], **told},
            "more": {"formula": "width + 2", **told},
            "total": {"formula": "cost + more", **told},
        },
        "checks": {"narrow": {"when": "width < 5", "say": label}},
        "report": {"total": "total", "parts": ["cost", "more"]},
        "presets": {"kind": {"from": "presets.yaml", "title": label}},
    }
    (folder / "presets.yaml").write_text(json.dumps({"presets": {"one": {"title": label, "values": {"shade": label}}}}), encoding="utf-8")
    path = folder / "rules.yaml"
    path.write_text(json.dumps(rules), encoding="utf-8")
    return build.page(Plan(load(str(path))))


@pytest.fixture(scope="module")
def harmless() -> list[str]:
    """The elements of the page whose labels are a word, once they are known."""
    return []


@pytest.mark.parametrize("name", ATTACKS)
def test_labels_stay_text(name: str, open_page: Opener, tmp_path: Path, harmless: list[str]) -> None:
    """The page has the same elements with an attack for its labels as with a word."""
    if not harmless:
        harmless.append(open_page(labelled("word", tmp_path)).evaluate(SKELETON))
    label = ATTACKS[name]
    page = open_page(labelled(label, tmp_path))
    assert page.title() == " ".join(plain(label, 200).split())
    assert page.evaluate(SKELETON) == harmless[0]
    assert page.evaluate("gauge.content.title") == label
    assert label in page.evaluate("document.body.textContent")


# Served


@cache
def fence_page() -> str:
    return build.page(Plan(load("fence.yaml")), path="fence.yaml")


@pytest.fixture
def fence(write: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a small rules file, `fence.yaml` of the working folder."""
    path = write(SMALL, "fence.yaml")
    monkeypatch.chdir(Path(path).parent)
    return fence_page()


@pytest.fixture
def server(fence: str) -> Iterator[serve.Server]:
    with serve.listen(fence, 0) as made:
        thread = threading.Thread(target=made.serve_forever, args=[0.01])
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server: serve.Server, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_page_is_served(server: serve.Server, fence: str) -> None:
    answer, body = ask(server, "GET", "/")
    assert (answer.status, body.decode()) == (200, fence)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    (said,) = [each["content"] for _, each, _ in Elements(fence).found if each.get("http-equiv") == "Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"] == f"{said}; frame-ancestors 'none'"
    head, nothing = ask(server, "HEAD", "/")
    assert (head.status, nothing, head.headers["Content-Length"]) == (200, b"", str(len(fence)))


@pytest.mark.parametrize("path", ["/favicon.ico", "/index.html", "/../cli.py", "/?", "/%2e%2e/", "*", "x"])
def test_one_route(server: serve.Server, path: str) -> None:
    answer, body = ask(server, "GET", path)
    assert (answer.status, body) == (404, b"404 Not Found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_other_methods(server: serve.Server, method: str) -> None:
    answer, _ = ask(server, method, "/")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:{port}", "127.0.0.1", "localhost", "localhost:1", "127.0.0.1:{port}.evil", "[::1]:{port}"]
)
def test_other_hosts_are_refused(server: serve.Server, host: str) -> None:
    answer, body = ask(server, "GET", "/", Host=host.format(port=server.server_port))
    assert (answer.status, body) == (421, b"421 Misdirected Request\n")


def test_localhost_is_served(server: serve.Server) -> None:
    assert ask(server, "GET", "/", Host=f"LocalHost:{server.server_port}")[0].status == 200


def test_nonsense_is_answered(server: serve.Server) -> None:
    for request in (b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"G" * 70_000, b""):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
            connection.sendall(request + b"\r\n")
            assert b"200" not in connection.recv(100)
    assert ask(server, "GET", "/")[0].status == 200


def test_a_taken_port(server: serve.Server, fence: str) -> None:
    with serve.listen(fence, server.server_port) as other:
        assert server.server_port < other.server_port <= server.server_port + serve.TRIED


def test_no_port_is_free(server: serve.Server, fence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "TRIED", 1)
    with pytest.raises(CommandError, match=f"the ports {server.server_port} to"):
        serve.listen(fence, server.server_port)


def test_served_in_the_browser(server: serve.Server, chromium: Browser) -> None:
    said: list[str] = []
    page = chromium.new_page()
    watch(page, said, server.address)
    page.goto(server.address)
    page.wait_for_function("() => window.gauge")
    page.close()
    assert not said


def test_command_serve(fence: str) -> None:
    """It says where it is, serves, and Ctrl-C ends it without a word."""
    command = [
        sys.executable,
        "-c",
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import commands as cli; exit(cli.main())",
    ]
    arguments = ["serve", "fence.yaml", "--port", "0", "--no-browser", "--quiet"]
    process = subprocess.Popen(
        [*command, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/", address)
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - the address is ours
            assert answer.read().decode() == fence
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        process.kill()
        _, said = process.communicate()
    assert said == ""


# The commands


def test_command_page(run: Run, fence: str) -> None:
    assert run("page", "fence.yaml", "-o", "fence.html") == (0, "", f"fence.html: {len(fence):,} bytes; open it in any browser\n")
    assert Path("fence.html").read_text(encoding="utf-8") == fence
    assert run("page", "fence.yaml") == (0, fence, "")
    assert run("page", "fence.yaml", "-o", "other.html", "--quiet", "--all-presets") == (0, "", "")
    assert Path("other.html").read_text(encoding="utf-8") == fence


@pytest.mark.slow
def test_the_page_is_the_same_each_time() -> None:
    """Whatever order a set has in a process."""
    command = [sys.executable, "cli.py", "page", "rules/transformer.yaml"]
    made = [
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1] == page_of("rules/transformer.yaml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["page"], "`page` needs RULES"),
        (["page", "rules/compute_gauge.yaml", "inputs.yaml"], "`inputs.yaml` is one argument too many"),
        (
            ["page", "rules/compute_gauge.yaml", "-o", "nowhere/page.html"],
            "`nowhere/page.html` cannot be written: No such file or directory",
        ),
        (["page", "nowhere.yaml"], "nowhere.yaml: the file cannot be read"),
        (["page", "tests/bad/name_unknown.yaml"], "name_unknown.yaml:"),
        (["serve", "tests/bad/name_unknown.yaml"], "name_unknown.yaml:"),
        (["serve", "rules/compute_gauge.yaml", "--port", "70000"], "a port is 0 to 65,535, not 70000"),
        (["serve", "rules/compute_gauge.yaml", "--port", "x"], "argument --port"),
        (["serve", "rules/compute_gauge.yaml", "--model", "x"], "unknown option `--model`"),
    ],
)
def test_mistakes(arguments: list[str], said: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
