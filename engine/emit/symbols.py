"""The short names of printed mathematics: a letter or word with an optional index, such as `M_x` or `t_{ab}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..named import NamedTuple

_SYMBOL = re.compile(r"(?P<base>[A-Za-z]{1,20})(?:_(?:\{(?P<braced>[A-Za-z0-9]{1,20})\}|(?P<index>[A-Za-z0-9]{1,20})))?")


class Symbol(NamedTuple):
    """Letters and digits only, so that no printer needs to escape them."""

    base: str
    below: str = ""


def symbol(text: str) -> Symbol | None:
    """The parts of a symbol; None for any other text."""
    found = _SYMBOL.fullmatch(text)
    return Symbol(found["base"], found["braced"] or found["index"] or "") if found else None


def symbols(named: Mapping[str, str]) -> dict[str, Symbol]:
    """How names are written: by their symbol where it is one and no other name has it."""
    made = {key: found for key, text in named.items() if (found := symbol(text))}
    taken: dict[Symbol, int] = {}
    for found in made.values():
        taken[found] = taken.get(found, 0) + 1
    return {key: found for key, found in made.items() if taken[found] == 1}
