"""What is wrong with the text of a formula, found before anything recursive reads it."""

from __future__ import annotations

import re

from .errors import Place, Problem, RulesError, plain
from .named import NamedTuple
from .quantity import LONGEST, literal
from .tree import DEEPEST, LONGEST_FORMULA, MOST_TOKENS


class Source(NamedTuple):
    """The text that is read; `exact` when its parts can be pointed at."""

    text: str
    place: Place
    exact: bool

    def problem(self, message: str, start: int, end: int, hint: str = "") -> Problem:
        """What is wrong with the characters from `start` to `end`."""
        if self.exact:
            return Problem(message, self.place.within(max(0, start), min(end, len(self.text))), hint)
        around = self.text[max(0, start - 30) : end + 30].strip()
        return Problem(f"{message} (in `{plain(around)}`)", self.place, hint)

    def refuse(self, message: str, start: int, end: int, hint: str = "") -> RulesError:
        """The same as an error."""
        return RulesError(self.problem(message, start, end, hint))


_TOKEN = re.compile(
    r"[ \t\r\n]+|(?P<number>(?:[0-9]|\.[0-9])[0-9A-Za-z_]*(?:(?<=[0-9_])\.[0-9A-Za-z_]*)?(?:(?<=[eE])[+-][0-9_]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>().,\[\]])|(?P<other>.)",
    re.DOTALL,
)
_NUMBER = re.compile(r"(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INSTEAD = {
    "^": "a power is written `**`",
    "=": "to compare write `==`",
    "&": "write `and`",
    "|": "write `or`",
    "~": "write `not`",
    "!": "write `not`, or `!=` to compare",
    "'": "words of a choice stand without quotes",
    '"': "words of a choice stand without quotes",
    "`": "names stand without quotes",
    "{": "there are no templates or sets: write the name itself",
    "}": "there are no templates or sets: write the name itself",
    ";": "a formula is one expression",
    "#": "a comment belongs outside the formula, or in `doc`",
    ":": "a formula is one expression",
    "@": "the product of two numbers is `*`",
    "\\": "a formula needs no backslash",
    "?": "write `a if condition else b`",
    "$": "names stand without `$`",
    "\u00a0": "this is a no-break space: write a plain one",
    "\u2212": "this is a Unicode minus: write `-`",
    "\u00d7": "write `*`",
    "\u00b7": "write `*`",
    "\u00f7": "write `/`",
    "\u00b2": "write `**2`",
    "\u00b3": "write `**3`",
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u2260": "write `!=`",
}


def bound(source: Source) -> None:
    """Refuse what is too long, too deep, or not made of the language's tokens, before anything recursive reads it."""
    text = source.text
    if len(text) > LONGEST_FORMULA:
        raise source.refuse(
            f"the formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read", 0, 1, "split it into rules with names"
        )
    tokens = depth = 0
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind is None:
            continue
        start, end = token.span()
        tokens += 1
        if tokens > MOST_TOKENS:
            raise source.refuse(f"the formula has more than {MOST_TOKENS:,} words and signs", start, end, "split it into rules with names")
        if kind == "other":
            raise _odd_character(source, token[0], start)
        if kind == "number":
            _check_number(source, token[0], start, end)
        if token[0] in {"(", "["}:
            opened.append(start)
            depth = len(opened)
        elif token[0] in {")", "]"}:
            if not opened:
                raise source.refuse(f"this `{token[0]}` closes nothing", start, end, "remove it, or open a bracket before it")
            opened.pop()
        if depth > DEEPEST:
            raise source.refuse(f"brackets nest deeper than {DEEPEST}", start, end, "split it into rules with names")
    if opened:
        raise source.refuse(
            "this bracket is not closed", opened[-1], opened[-1] + 1, "add a `)`" if text[opened[-1]] == "(" else "add a `]`"
        )


def _odd_character(source: Source, character: str, start: int) -> RulesError:
    hint = INSTEAD.get(character, "")
    if not hint and not character.isascii():
        hint = "formulas are ASCII: letters a-z, digits and the signs + - * / // % ** ( )"
    return source.refuse(f"`{plain(character)}` has no meaning in a formula", start, start + 1, hint)


def _check_number(source: Source, text: str, start: int, end: int) -> None:
    if len(text) > LONGEST:
        raise source.refuse(f"this number has {len(text):,} characters; at most {LONGEST} are read", start, end)
    if text[-1:] in "jJ" and _NUMBER.fullmatch(text[:-1]):
        raise source.refuse("numbers are real: there is no imaginary unit", start, end)
    if not _NUMBER.fullmatch(text):
        raise source.refuse(
            f"`{plain(text)}` is not a number", start, end, "names begin with a letter; in a formula a number has no suffix"
        )
    try:
        literal(text)
    except ValueError as error:
        raise source.refuse(f"`{plain(text)}`: {error}", start, end) from None


_FOREIGN = re.compile(r"\b(?:lambda|yield|await|import|from|raise|assert|del|return|for|while|in|is|def|class|with|try|pass)\b")


def syntax_problem(error: BaseException, source: Source, lead: int) -> RulesError:
    """What Python could not read, in the words of this language. `lead` is how many spaces stand before the formula."""
    if not isinstance(error, SyntaxError):
        return source.refuse("the formula is nested too deeply", 0, len(source.text), "split it into rules with names")
    offset = (error.offset or 2) - 2 + lead
    offset = max(0, min(offset, len(source.text) - 1))
    end = max(offset + 1, min((error.end_offset or 0) - 2 + lead, len(source.text)))
    foreign = _FOREIGN.search(source.text)
    if foreign:
        return source.refuse(f"`{foreign[0]}` has no meaning in a formula", foreign.start(), foreign.end())
    if "too complex" in str(error) or "nested" in str(error):
        return source.refuse("the formula is nested too deeply", offset, end, "split it into rules with names")
    return source.refuse("this is not a formula", offset, end, "a value or an operator is missing here, or one too many stands here")
