"""What the columns of a table stand for: inputs, kinds of presets, or rules that are given, each with what it may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..errors import CommandError, Place, Problem, Text, plain, suggest
from ..named import NamedTuple
from ..nodes import Scalar
from ..plan import Plan
from ..presets import as_input, names
from ..quantity import Number, grouped, read
from ..records import Input
from ..values import convert

FINE = 1_000_000
"""A number that is a share, or thereabouts, counts in steps of 1 / FINE where nothing else is said; others in whole steps."""
SHARE = 1_000
"""Bounds up to which a number is taken for one."""
UNBOUNDED = 2**63 - 1
"""How large a number without bounds may be."""
_COLUMN = re.compile(r"(?P<name>[^:=]+)(?::(?P<column>[^=]+))?(?:=(?P<values>.*))?", re.DOTALL)
_RANGE = re.compile(r"(?P<low>.+?)\.\.(?P<high>[^+]+)(?:\+(?P<step>.+))?", re.DOTALL)


class Cell(NamedTuple):
    """A column of a table.

    Numbers times `scale` are whole, and between `low` and `high`; `few` are the only ones, where there are few. `words` are those of a
    choice, or the names of presets; `otherwise` is the word that any other counts as. `present`: each row has a value; `sure`: such a one;
    `whole`: the type of the column is exact and holds nothing between two steps; `scaled`: it holds the number times its scale.
    """

    name: str
    column: str
    type: str
    low: int = 0
    high: int = 0
    scale: int = 1
    few: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    otherwise: str = ""
    present: bool = False
    sure: bool = False
    whole: bool = False
    scaled: bool = False


def cells(plan: Plan, asked: Sequence[str]) -> tuple[Cell, ...]:
    """The columns of `--columns`: `NAME`, `NAME=LOW..HIGH`, `NAME=LOW..HIGH+STEP`, `NAME=A|B`, each with `NAME:COLUMN` for another column.

    Raises:
        GaugeError: when one is not written so, or a value is none the input may have.
    """
    made: dict[str, Cell] = {}
    for text in asked:
        found = _COLUMN.fullmatch(text.strip())
        if found is None:
            raise CommandError(Problem(f"`--columns {plain(text)}` is not a column", None, "such as --columns name,other=1..4096"))
        name = found["name"].strip()
        if name in made:
            raise CommandError(Problem(f"`{plain(name)}` is a column twice"))
        made[name] = cell(plan, name, (found["column"] or name).strip(), (found["values"] or "").strip())
    return tuple(made.values())


def every(plan: Plan, presets: bool) -> tuple[Cell, ...]:
    """A column for each input, and for each kind of presets."""
    kinds = [name for name in plan.document.presets if name not in plan.document.inputs] if presets else []
    inputs = [name for name, item in plan.document.inputs.items() if item.type != "list"]
    return tuple(cell(plan, name, name) for name in (*kinds, *inputs))


def cell(plan: Plan, name: str, column: str, values: str = "") -> Cell:
    """What a column holds: what is said, else what is declared.

    Raises:
        GaugeError: as `cells` does.
    """
    kinds = plan.document.presets
    if name in kinds and name not in plan.document.inputs:
        words = _words(name, values) if values else tuple(names(kinds[name]))
        return Cell(name, column, "preset", words=words)
    if name not in plan.slots:
        known = [*plan.document.inputs, *kinds, *plan.document.rules]
        hint = suggest(name, known) or "`list` shows the inputs of a rules file"
        raise CommandError(Problem(f"there is nothing called `{plain(name)}` for a column to stand for", None, hint))
    given = as_input(plan, name)
    if given.type == "list":
        raise CommandError(Problem(f"`{name}` is a list, and a list cannot be a column"))
    if given.type == "boolean":
        return Cell(name, column, "truth", words=("true", "false"))
    if given.type == "choice":
        for word in (words := _words(name, values)) if values else ():
            convert(given, scalar(name, word))
        every = tuple(map(str, given.choices))
        return Cell(name, column, "word", words=words if values and not given.otherwise else every, otherwise=given.otherwise)
    return _number(given, column, values)


def scalar(name: str, word: str) -> Scalar:
    """A word as a value, with its place for messages."""
    return Scalar(word, True, Place(Text(plain(name, 40), word), 1, 1, max(1, len(word))))


def _words(name: str, text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split("|")))
    if not all(words):
        raise CommandError(Problem(f"`{name}={plain(text)}` has an empty word", None, f"such as {name}=a|b"))
    return words


def _number(given: Input, column: str, values: str) -> Cell:
    numbers = [choice for choice in given.choices if not isinstance(choice, str)]
    low: Number = given.low if given.low is not None else -UNBOUNDED
    high: Number = given.high if given.high is not None else UNBOUNDED
    step: Number = 1
    if given.type == "number" and -SHARE <= low <= high <= SHARE:
        step = Fraction(1, FINE)
    if values:
        found = _RANGE.fullmatch(values)
        if found is None:
            message = f"`{given.name}={plain(values)}` is not a range"
            raise CommandError(Problem(message, None, f"such as {given.name}=1..4096, or {given.name}=0..1+1/8"))
        low, high = (_value(given, found[end]) for end in ("low", "high"))
        if low > high:
            message = f"`{given.name}` from {grouped(low)} to {grouped(high)} is nothing"
            raise CommandError(Problem(message, None, "write the smaller end first"))
        step = _step(given, found["step"]) if found["step"] else step if given.type != "integer" else 1
    scale = Fraction(step).denominator
    return bounded(Cell(given.name, column, "number", scale=scale), low, high, numbers)


def bounded(made: Cell, low: Number, high: Number, few: Iterable[Number]) -> Cell:
    """A column of numbers between two ends, one of a few where there are some."""
    least, most = -(-low * made.scale // 1), high * made.scale // 1
    listed = tuple(sorted({int(value * made.scale) for value in few if (value * made.scale).denominator == 1}))
    listed = tuple(value for value in listed if least <= value <= most)
    if listed:
        least, most = listed[0], listed[-1]
    if least > most:
        raise CommandError(Problem(f"no value of `{made.name}` is within its bounds in steps of 1/{made.scale:,}"))
    return made._replace(low=int(least), high=int(most), few=listed)


def _value(given: Input, text: str) -> Number:
    value = convert(given, scalar(given.name, text.strip()), commas=False)
    assert isinstance(value, int | Fraction)
    return value


def _step(given: Input, text: str) -> Number:
    try:
        step = read(text.strip(), given.unit)
    except ValueError as error:
        raise CommandError(Problem(f"the step of `{given.name}`, `{plain(text)}`: {error}")) from None
    if step <= 0 or (given.type == "integer" and Fraction(step).denominator != 1):
        raise CommandError(Problem(f"`{given.name}` cannot go in steps of {grouped(step)}", None, "a step is above 0"))
    return step
