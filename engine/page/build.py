"""The page as one HTML file: style, script, and what the rules say, each allowed by its hash and nothing else.

Style, data and program travel packed (LZMA, written in base 94). A short script in sight unpacks them and adds the program as an inline
script, which runs only because the policy of the file names its hash: no text is ever evaluated.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os

from ..errors import plain
from ..plan import Plan
from .content import Content, content

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = (
    *("exact", "quantity", "convert", "plan", "trees", "presets", "breakdown", "gauge"),
    *("spans", "outcomes", "nodes", "search", "solve", "advise"),
    *("dom", "math", "state", "fields", "answer", "charts", "curve", "compare", "tools", "app"),
)
"""The files of the program, each using only those before it."""
STYLES = ("base", "charts", "compare")


def page(plan: Plan, *, every_preset: bool = False, path: str = "") -> str:
    """The page of a rules file, in ASCII, so that whatever carries it keeps it.

    Args:
        plan: the rules.
        every_preset: whether all presets are put in, rather than those that the rules feature.
        path: how the command line names the rules file.

    Raises:
        RulesError: when a translation or a preset is wrong.
    """
    made = content(plan, every_preset=every_preset, path=path)
    program = _program(made)
    style = _stripped("\n".join(_read(f"style/{name}.css") for name in STYLES))
    loader = _stripped(_read("loader.js"))
    scripts, styles = f"{_hash(loader)} {_hash(program)}", _hash(style)
    policy = f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'"
    packed = [_json(made).encode(), program.encode(), style.encode()]  # in this order they pack best
    parts = {
        "policy": html.escape(policy, quote=False),
        "title": html.escape(plain(plan.document.title or "Rules", 200)).encode("ascii", "xmlcharrefreplace").decode(),
        "sizes": " ".join(str(len(part)) for part in packed),
        "packed": _packed(b"".join(packed)),
        "loader": loader,
    }
    filled = _read("template.html")
    for name, value in parts.items():
        filled = filled.replace(f"<!--{name}-->", value, 1)
    return filled


def _read(name: str) -> str:
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def _program(made: Content) -> str:
    """The program with the formulas of the rules, in one closed scope."""
    scripts = "\n".join(_stripped(_read(f"js/{name}.js")) for name in SCRIPTS)
    formulas = ",\n".join(made.formulas)
    return f'(data => {{\n"use strict";\nconst FORMULAS = [\n{formulas}\n];\n{scripts}\nApp.start(data);\n}})(window.gaugeData);\n'


def _stripped(text: str) -> str:
    """A script or a style without indents, without the lines that are comments, and without line ends where none is needed.

    No text of ours goes over several lines, and a line end after an opening bracket or a comma, or before a closing bracket, ends nothing.
    """
    made: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("//"):
            continue
        joined = made and "//" not in made[-1] and (made[-1].endswith(("(", "[", "{", ",")) or line.startswith((")", "]", "}")))
        if joined:
            made[-1] += line
        else:
            made.append(line)
    return "\n".join(made)


def _json(made: Content) -> str:
    return json.dumps(made.data, separators=(",", ":"), ensure_ascii=False)


_DIGITS = "".join(map(chr, range(0x20, 0x7F))).replace("<", "")
"""The 94 signs of ASCII without `<`, so that no tag is ever begun. 11 of them hold 9 bytes, a little less than base 85 needs."""


def _packed(content: bytes) -> str:
    """Bytes as LZMA without a header, in base 94."""
    import lzma

    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 24, "lc": 3, "lp": 0, "pb": 0}]
    packed = lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters)
    signs = []
    for start in range(0, len(packed), 9):
        number = int.from_bytes(packed[start : start + 9].ljust(9, b"\0"), "big")
        block = []
        for _ in range(11):
            number, digit = divmod(number, 94)
            block.append(_DIGITS[digit])
        signs += block[::-1]
    return "".join(signs)


def _hash(text: str) -> str:
    """What a policy calls the text of a script or a style."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
