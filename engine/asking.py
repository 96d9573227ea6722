"""A prepared question: called in a loop with a value for each name that varies."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Generic, TypeVar

from . import source
from .errors import CommandError, GaugeError, InputError, Place, Problem, Text, plain, suggest
from .evaluate import Given
from .plan import Plan
from .prepare.question import FAILED, Prepared
from .presets import as_input
from .records import Value
from .values import convert

Answered_co = TypeVar("Answered_co", covariant=True)
Plain = int | float | Fraction | bool | str | Sequence[int | float | Fraction | str] | None
"""What a value may be given as. A `float` is what its shortest text says (0.1 is 1/10); a text is read as in an inputs file (`8Ki`)."""
MOST_KEPT = 1024
"""Combinations of words that a prepared question keeps; beyond, the oldest is forgotten."""


class Ask(Generic[Answered_co]):
    """A prepared question, made by `Rules.prepare`. Called with a value for each varying name; safe to call from several threads."""

    __slots__ = ("_count", "_given", "_items", "_names", "_plan", "_question", "_single", "_worded", "_words")

    def __init__(self, plan: Plan, given: Mapping[str, Given], varying: tuple[str, ...], names: tuple[str, ...], *, single: bool) -> None:
        self._plan, self._given, self._names, self._single = plan, given, names, single
        self._items = {name: as_input(plan, name) for name in varying}
        self._words = tuple(name for name, item in self._items.items() if item.type not in {"integer", "number"})
        self._worded: dict[tuple[Any, ...], Prepared] = {}
        self._question = None if self._words else self._prepared(())
        self._count = len(varying)

    def __call__(self, **values: Plain) -> Answered_co:
        """The answer for these values: a value, or a tuple of them; None for a rule that does not apply.

        Raises:
            GaugeError: when a value is missing or wrong, or there is no answer.
        """
        question = self._question or self._remembered(values)
        if question is not None and len(values) == self._count:
            answer = question.quick(values)
            if answer is not FAILED:
                return self._shaped(answer)
        return self._slowly(values)

    def _prepared(self, words: tuple[Any, ...]) -> Prepared:
        numbers = [item for name, item in self._items.items() if name not in self._words]
        given = {**self._given, **{name: Given(word, "given", "varied") for name, word in zip(self._words, words, strict=True)}}
        return Prepared(self._plan, given, numbers, self._names)

    def _remembered(self, values: Mapping[str, Any]) -> Prepared | None:
        """The question for words that were asked before; None for others, and for what is no plain word or truth value."""
        words = tuple([values.get(name) for name in self._words])
        if not all(word.__class__ is str or word.__class__ is bool for word in words):
            return None
        return self._worded.get(words)

    def _slowly(self, values: Mapping[str, Plain]) -> Answered_co:
        problems = [Problem(f"`{name}` has no value in this question", None, f"{name}=…") for name in self._items if name not in values]
        problems += [
            Problem(f"`{plain(name)}` does not vary in this question", None, suggest(name, self._items))
            for name in values.keys() - self._items.keys()
        ]
        if problems:
            raise CommandError(*problems)
        read: dict[str, Value] = {}
        for name, item in self._items.items():
            try:
                read[name] = convert(item, node_of(name, values[name]), commas=True)
            except GaugeError as error:
                problems += error.problems
        if problems:
            raise InputError(*problems)
        question = self._question or self._of_words(tuple([read.pop(name) for name in self._words]))
        return self._shaped(question.slow(read))

    def _shaped(self, answer: Any) -> Answered_co:
        """The answer, in a tuple where one name was asked for as a list."""
        made: Any = answer if self._single or len(self._names) != 1 else (answer,)
        shaped: Answered_co = made
        return shaped

    def _of_words(self, words: tuple[Value, ...]) -> Prepared:
        """The question with these words decided."""
        question = self._worded.get(words)
        if question is None:
            question = self._prepared(words)
            while len(self._worded) >= MOST_KEPT:
                self._worded.pop(next(iter(self._worded)), None)
            self._worded[words] = question
        return question


def written(name: str, value: Any) -> str:
    """A number or word as an inputs file has it.

    Raises:
        InputError: when it is none.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    try:
        if isinstance(value, float):
            return str(int(value)) if value.is_integer() else repr(float(value))
        return str(value) if isinstance(value, Fraction) else str(operator.index(value))
    except ValueError:  # Python does not write out numbers of thousands of digits
        raise InputError(Problem(f"`{plain(name)}` is too large")) from None
    except TypeError:
        what = "None" if value is None else f"a {type(value).__name__}"
        raise InputError(Problem(f"`{plain(name)}` cannot be {what}", None, "give a number, a text, a truth value or a list")) from None


def node_of(name: str, value: Any) -> source.Scalar | source.Sequence:
    """A value as the node an inputs file would have."""
    if isinstance(value, list | tuple):
        items = tuple(node_of(name, element) for element in value)
        return source.Sequence(items, Place(Text(name, ""), 1, 1))
    text = written(name, value)
    return source.Scalar(text, True, Place(Text(name, text), 1, 1, max(1, len(text))))
