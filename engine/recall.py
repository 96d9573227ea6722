"""Plans, inputs files and the values of presets: those of the last time where nothing they rest on has changed, else made anew."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from . import lookup, nodes, presets
from .errors import Text
from .evaluate import Given
from .lookup import Seen
from .named import NamedTuple
from .nodes import Node, Scalar
from .opened import Opener, open_plan
from .packed import Packer, pack_plan
from .plan import Plan
from .records import PresetKind
from .store import Store, folder

_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What plain data of another shape leads to: it is then as if nothing had been kept."""


class Inputs(NamedTuple):
    """An inputs file. `node` is None when it is empty; `sound` when its shape is known to be right."""

    text: Text
    node: Node | None
    sound: bool


class Recall:
    """Makes plans and what belongs to them, with what was kept of them in a folder.

    Args:
        kept: whether anything is kept or taken from what was kept. Without a folder that is safe nothing is.
    """

    def __init__(self, *, kept: bool = True) -> None:
        self._store: Store | None = None
        self._identity: dict[int, tuple[Plan, bytes]] = {}  # with the plan itself, so that no other gets its number
        try:
            self._where = os.getcwd()
            path = folder() if kept else None
            self._store = Store(path) if path else None
        except OSError:
            self._where = ""

    def _key(self, kind: str, *rest: Any) -> tuple[Any, ...]:
        return kind, self._where, *rest

    def plan(self, path: str, *, large: bool = False) -> Plan:
        """The plan of a rules file.

        Raises:
            FileError: when a file cannot be read.
            RulesError: when something is wrong with it.
        """
        if self._store is None:
            return presets.plan_of(path, large=large)
        key = self._key("plan", path, large)
        found = self._store.find(key)
        if found:
            try:
                made = open_plan(found.content, found.seen)
            except _WRONG:
                pass
            else:
                self._identity[id(made)] = made, found.identity
                return made
        with lookup.watching() as seen:
            made = presets.plan_of(path, large=large)
            _rest_on_yaml(seen)
        with contextlib.suppress(*_WRONG):
            self._identity[id(made)] = made, self._store.keep(key, pack_plan(made, seen), seen)
        return made

    def inputs(self, path: str, *, large: bool = False) -> Inputs:
        """An inputs file, read.

        Raises:
            FileError: when it cannot be read.
        """
        key = self._key("inputs", path, large)
        found = self._store.find(key) if self._store else None
        if found:
            try:
                parts, raw = found.content
                opener = Opener(parts, found.seen)
                return Inputs(opener.text(0), opener.open(raw), sound=True)
            except _WRONG:
                pass
        from .document import shape_problems
        from .source import parse

        with lookup.watching() as seen:
            text = nodes.read_text(path, large=large)
            node = parse(text)
            sound = node is not None and not shape_problems(node, "inputs", text)
            _rest_on_yaml(seen)
        if self._store and sound:
            packer = Packer(seen)
            raw = packer.pack(node)
            self._store.keep(key, (packer.parts(), raw), seen)
        return Inputs(text, node, sound)

    def values(self, plan: Plan, kind: PresetKind, asked: Scalar, base: str) -> dict[str, Given]:
        """The values a preset gives. Those of a file that is named by its path are read anew.

        Raises:
            GaugeError: see `presets.find` and `presets.values_of`.
        """
        _, identity = self._identity.get(id(plan), (plan, b""))
        if self._store is None or not identity or presets.is_path(asked.text):
            return presets.found_values(plan, kind, asked, base)
        key = self._key("preset", identity, kind.name, asked.text)
        found = self._store.find(key)
        if found:
            try:
                parts, raw = found.content
                opener = Opener(parts, found.seen)
                return {
                    name: Given(opener.open(value), origin, where, asked.place if place is None else opener.open(place), said)
                    for name, (value, origin, where, place, said) in raw.items()
                }
            except _WRONG:
                pass
        with lookup.watching() as seen:
            made = presets.found_values(plan, kind, asked, base)
            _rest_on_yaml(seen)
        packer = Packer(seen)
        content = {}
        for name, given in made.items():
            place = None if given.place is asked.place or given.place is None else packer.pack(given.place)
            content[name] = packer.pack(given.value), given.origin, given.where, place, given.said
        self._store.keep(key, (packer.parts(), content), seen)
        return made


def _rest_on_yaml(seen: Seen) -> None:
    """What was read rests on the parser too: another version of it may read a text otherwise."""
    import yaml

    try:
        with open(yaml.__file__, "rb") as file:
            seen.note(seen.files, yaml.__file__, file.read())
    except OSError:
        seen.sound = False
