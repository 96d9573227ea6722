"""What can be wrong, where, and how to say it.

A mistake in a file is data: a `Problem` with a `Place`. Stages collect problems and raise them together.

    GaugeError                 anything a user is told; holds problems; exit code 2
    ├── FileError              the text cannot be read: encoding, YAML, size, a path
    ├── RulesError             a rules file is wrong: shape, formula, name, cycle, unit, example
    ├── InputError             an input is wrong or missing, or a number cannot be computed from it
    ├── CommandError           the question itself is wrong: an unknown rule, an unknown unknown
    └── NoAnswer               the question is right and the answer is no; exit code 1
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from .named import NamedTuple

SHOWN = 20
"""How many problems are shown at once."""


class Text(NamedTuple):
    """A text with the name people know it by."""

    name: str
    content: str

    def line(self, number: int) -> str:
        """The line with this number, counted from 1; empty past the end."""
        lines = _lines(self.content)
        return lines[number - 1].rstrip("\r") if number <= len(lines) else ""


@functools.lru_cache(maxsize=4)
def _lines(content: str) -> list[str]:
    return content.split("\n")


class Place(NamedTuple):
    """Where something stands. Lines and columns count from 1."""

    text: Text
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        name = plain(self.text.name, 300)
        return f"{name}:{self.line}:{self.column}" if self.text.content else name

    def within(self, start: int, end: int) -> Place:
        """The part from `start` to `end` (characters from here) on the same line."""
        return Place(self.text, self.line, self.column + start, max(1, end - start))


class Problem(NamedTuple):
    """One thing that is wrong."""

    message: str
    place: Place | None = None
    hint: str = ""
    level: str = "error"

    def __str__(self) -> str:
        return render(self)


class GaugeError(Exception):
    """Problems a user is told about."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message if problems else "")
        self.problems: tuple[Problem, ...] = problems

    def __str__(self) -> str:
        return render_all(self.problems)


class FileError(GaugeError):
    """A text cannot be read."""


class RulesError(GaugeError):
    """A rules file is wrong."""


class InputError(GaugeError):
    """An input is wrong or missing, or a number cannot be computed from it."""


class CommandError(GaugeError):
    """The question itself is wrong."""


class NoAnswer(GaugeError):
    """The question is right and the answer is no."""

    exit_code = 1


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str, limit: int = 80) -> str:
    """Text that is safe to print on one line: invisible characters are escaped, a long text is cut."""
    cut = len(text) > limit
    text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(character) for character in text)
    return text + "…" if cut else text


def _visible(character: str) -> str:
    import unicodedata

    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def render(problem: Problem) -> str:
    """A problem as text: the place, what is wrong, the line with a caret, the hint."""
    mark = "" if problem.level == "error" else f"{problem.level}: "
    if problem.place is None:
        return f"{mark}{problem.message}" + (f"\n  hint: {problem.hint}" if problem.hint else "")
    out = [f"{problem.place}: {mark}{problem.message}"]
    out += _excerpt(problem.place)
    if problem.hint:
        out.append(f"  hint: {problem.hint}")
    return "\n".join(out)


def _excerpt(place: Place, width: int = 100) -> list[str]:
    line = place.text.line(place.line)
    if not line.strip():
        return []
    start = max(0, min(place.column - 1, len(line)) - width // 2) if len(line) > width else 0
    before = plain(line[start : place.column - 1].replace("\t", " "), width)
    at = plain(line[place.column - 1 : place.column - 1 + min(place.length, width)].replace("\t", " "), width)
    after = plain(line[place.column - 1 + place.length : start + width], width)
    gutter = f"{place.line:>6} | "
    lead = "…" if start else ""
    tail = "…" if start + width < len(line) else ""
    return [
        gutter + lead + before + at + after + tail,
        " " * (len(gutter) - 2) + "| " + " " * (len(lead) + len(before)) + "^" * max(1, len(at)),
    ]


def render_all(problems: Iterable[Problem]) -> str:
    """Problems as text, the first `SHOWN` of them, in the order of their places within a file."""
    found = list(dict.fromkeys(problems))
    out = [render(problem) for problem in found[:SHOWN]]
    if len(found) > SHOWN:
        out.append(f"… and {len(found) - SHOWN} more.")
    return "\n".join(out)


def suggest(word: str, known: Iterable[str]) -> str:
    """A hint with the nearest known words, or nothing."""
    near = nearest(word, known)
    if not near:
        return ""
    return "did you mean " + " or ".join(f"`{plain(name)}`" for name in near) + "?"


def nearest(word: str, known: Iterable[str]) -> Sequence[str]:
    """Up to three known words that look like this one: that begin with it, or differ little."""
    import difflib

    word = word[:64].casefold()
    names = {name.casefold(): name for name in known}
    if word in names:
        return [names[word]]
    longer = [names[name] for name in names if len(word) > 1 and name.startswith(word)]
    cutoff = 0.6 if len(word) > 4 else 0.5
    alike = [names[name] for name in difflib.get_close_matches(word, names, n=2, cutoff=cutoff)]
    if len(alike) > 1 and _likeness(word, alike[1]) < _likeness(word, alike[0]) - 0.15:
        alike.pop()
    shorter = [names[name] for name in names if len(name) > 2 and word.startswith(name)]
    return list(dict.fromkeys([*longer[:3], *alike, *shorter]))[: max(2, min(3, len(longer)))]


def _likeness(word: str, name: str) -> float:
    import difflib

    return difflib.SequenceMatcher(None, word, name.casefold()).ratio()
