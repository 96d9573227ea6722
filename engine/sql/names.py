"""Names for columns: none twice, whatever the case of its letters, and none longer than databases take."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

LONGEST = 63
"""Bytes of a name in PostgreSQL, which is the strictest."""


class Names:
    """Gives out names. A name that was given before, in any case, gets a number behind it."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {each.casefold() for each in taken}
        self._next: dict[str, int] = {}

    def new(self, wanted: str) -> str:
        """A name like the one wanted."""
        found = _cut(wanted, LONGEST)
        stem = found.casefold()
        number = self._next.get(stem, 2)
        while found.casefold() in self._taken:
            ending = f"_{number}"
            found = _cut(wanted, LONGEST - len(ending)) + ending
            number += 1
        self._next[stem] = number
        self._taken.add(found.casefold())
        return found


def _cut(name: str, most: int) -> str:
    return name.encode()[:most].decode(errors="ignore")


def identifier(name: str) -> exp.Identifier:
    """A name, quoted whatever is in it."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str = "") -> exp.Column:
    """A column by its name."""
    return exp.Column(this=identifier(name), table=identifier(table) if table else None)


def aliased(made: exp.Expression, name: str) -> exp.Alias:
    """An expression under a name."""
    return exp.Alias(this=made, alias=identifier(name))
