"""`engine/named.py` gives what `typing.NamedTuple` gives."""

from __future__ import annotations

import copy
import typing
from collections.abc import Callable
from typing import Any

import pytest

from engine import named


def declared(base: Any) -> Any:
    """A kind nobody has made one of."""

    class Kind(base):
        """A kind."""

        left: int
        right: str = "r"

        @property
        def both(self) -> str:
            return f"{self.left}{self.right}"

    return Kind


def outcome(work: Callable[[Any], Any], kind: Any) -> Any:
    """What comes out, or that it is refused."""
    try:
        return work(kind)
    except (TypeError, ValueError, AttributeError):
        return "refused"


@pytest.mark.parametrize(
    "work",
    [
        lambda kind: tuple(kind(1)),
        lambda kind: kind(left=1, right="x").both,
        lambda kind: (kind(1, "x").left, kind(1, "x").right),
        lambda kind: kind(),
        lambda kind: kind(1, 2, 3),
        lambda kind: kind(1, other=2),
        lambda kind: repr(kind(1, "x")),
        lambda kind: (kind(1) == kind(1, "r"), kind(1) == (1, "r"), hash(kind(1)) == hash((1, "r"))),
        lambda kind: tuple(kind(1)._replace(right="y")),
        lambda kind: kind(1)._replace(other="y"),
        lambda kind: type(kind(1)._replace(right="y")) is kind,
        lambda kind: (kind._fields, kind._field_defaults, kind.__match_args__, kind.__doc__),
        lambda kind: (copy.deepcopy(kind(1, "x")).both, type(copy.copy(kind(1))) is kind),
        lambda kind: setattr(kind(1), "left", 2),
        lambda kind: setattr(kind(1), "other", 2),
        lambda kind: type("Sub", (kind,), {"__slots__": (), "left": 5})(1, "x").both,
    ],
)
def test_as_typing(work: Callable[[Any], Any]) -> None:
    """The first thing that is done with a kind, and when one was made before."""
    wanted = outcome(work, declared(typing.NamedTuple))
    known = declared(named.NamedTuple)
    known(1)
    assert outcome(work, declared(named.NamedTuple)) == outcome(work, known) == wanted
