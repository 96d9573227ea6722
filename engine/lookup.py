"""What is looked at on the disk, with a memory of it: what an answer rests on, to be compared another time.

Every file that is read and every place that is looked into goes through here while rules are read. A place found empty counts
as much as one found full: a name that is found in the second of two places rests on the first being without it.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Seen:
    """What was looked at: the bytes of files, what kind of thing stands at a path, where it really is, what a folder lists.

    `sound` is False when one path was found in two states: nothing can rest on that.
    """

    __slots__ = ("files", "kinds", "lists", "real", "sound")

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.kinds: dict[str, str] = {}
        self.real: dict[str, str] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self.sound = True

    def add(self, other: Seen) -> None:
        """Take over what another has seen."""
        self.sound = self.sound and other.sound
        parts: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
            (self.files, other.files), (self.kinds, other.kinds), (self.real, other.real), (self.lists, other.lists),
        )  # fmt: skip
        for mine, theirs in parts:
            for path, found in theirs.items():
                self.note(mine, path, found)

    def note(self, part: dict[str, Made], path: str, found: Made) -> None:
        """Note what was found at a path."""
        if part.setdefault(path, found) != found:
            self.sound = False


_watching: list[Seen] = []


@contextmanager
def watching() -> Iterator[Seen]:
    """Note everything that is looked at."""
    seen = Seen()
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def remembered(most: int) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """A cache of at most so many calls, which knows what each looked at: whoever takes an answer from it rests on that too."""

    def wrap(function: Callable[Given, Made]) -> Callable[Given, Made]:
        known: dict[tuple[object, ...], tuple[Made, Seen]] = {}

        @functools.wraps(function)
        def call(*given: Given.args, **named: Given.kwargs) -> Made:
            key = (*given, *named.items())
            found = known.pop(key, None)
            if found is None:
                with watching() as seen:
                    found = function(*given, **named), seen
            else:
                for watcher in _watching:
                    watcher.add(found[1])
            known[key] = found
            if len(known) > most:
                del known[next(iter(known))]
            return found[0]

        return call

    return wrap


def read(path: str, data: bytes) -> None:
    """Note that a file was read, and its bytes."""
    for seen in _watching:
        seen.note(seen.files, path, data)


def kind(path: str) -> str:
    """What stands at a path, links followed: `file`, `folder`, `other`, or nothing."""
    try:
        mode = os.stat(path).st_mode
        found = "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"
    except (OSError, ValueError):
        found = ""
    for seen in _watching:
        seen.note(seen.kinds, path, found)
    return found


def real(path: str) -> str:
    """The path with links followed."""
    found = os.path.realpath(path)
    for seen in _watching:
        seen.note(seen.real, path, found)
    return found


def listed(path: str) -> list[str]:
    """The names in a folder, sorted.

    Raises:
        OSError: when it cannot be listed.
    """
    found = sorted(os.listdir(path))
    for seen in _watching:
        seen.note(seen.lists, path, tuple(found))
    return found


def same(seen: Seen) -> bool:
    """Whether everything is as it was seen: the bytes decide, no time of change is trusted."""
    try:
        return (
            all(kind(path) == found for path, found in seen.kinds.items())
            and _links_same(seen.real)
            and all(tuple(sorted(os.listdir(path))) == found for path, found in seen.lists.items())
            and all(_holds(path, data) for path, data in seen.files.items())
        )
    except (OSError, ValueError):
        return False


def _links_same(real: dict[str, str]) -> bool:
    """Whether each path is really where it was: its folder, which many share, and its name if that is no link."""
    folders: dict[str, str] = {}
    for path, found in real.items():
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        plain = name not in {"", ".", ".."} and not os.path.islink(path)
        if found != (os.path.join(folders[folder], name) if plain else os.path.realpath(path)):
            return False
    return True


def _holds(path: str, data: bytes) -> bool:
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_size != len(data):
        return False
    with open(path, "rb", buffering=0) as file:
        return file.read() == data
