"""The nodes a text is read into, with their places, and the text of a file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from . import lookup
from .errors import FileError, Place, Problem, Text, plain
from .named import NamedTuple

LARGEST = 1_000_000
"""Bytes a file may have."""


class Scalar(NamedTuple):
    """One value as written. `bare` when it stands without quotes."""

    text: str
    bare: bool
    place: Place

    @property
    def is_null(self) -> bool:
        """Whether it says that there is no value."""
        return self.bare and self.text in {"", "~", "null", "Null", "NULL"}


class Sequence(NamedTuple):
    """Values in order."""

    items: tuple[Node, ...]
    place: Place


class Mapping(NamedTuple):
    """Values by key, in the order written. `keys` are where the keys stand."""

    entries: dict[str, Node]
    keys: dict[str, Place]
    place: Place

    def get(self, key: str) -> Node | None:
        """The value at a key, if there is one."""
        return self.entries.get(key)

    def items(self) -> Iterator[tuple[str, Place, Node]]:
        """Each key with its place and value."""
        for key, node in self.entries.items():
            yield key, self.keys[key], node


Node = Scalar | Sequence | Mapping


def read_text(path: str, *, name: str = "", large: bool = False) -> Text:
    """The text of a regular file, at most `LARGEST` bytes of UTF-8.

    Raises:
        FileError: when it is missing, not a regular file, too large or not UTF-8.
    """
    name = name or path
    where = Place(Text(name, ""), 1, 1)
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise FileError(Problem(f"this is {kind}; a file is needed", where))
        if found.st_size > LARGEST and not large:
            raise FileError(
                Problem(f"the file has {found.st_size:,} bytes; at most {LARGEST:,} are read", where, "use --large for a file you trust")
            )
        with open(path, "rb") as file:
            data = file.read()
        lookup.read(path, data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a possible path"
        raise FileError(Problem(f"the file cannot be read: {reason}", where)) from None
    return decode(data, name, large=large)


def decode(data: bytes, name: str, *, large: bool = False) -> Text:
    """Bytes as a text.

    Raises:
        FileError: when there are too many, or they are not UTF-8, or hold control characters.
    """
    if len(data) > LARGEST and not large:
        raise FileError(Problem(f"more than {LARGEST:,} bytes", Place(Text(name, ""), 1, 1), "use --large for a file you trust"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "it looks like UTF-16 or UTF-32" if b"\x00" in data[:8] or data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise FileError(Problem("the file is not UTF-8", Place(Text(name, ""), line, 1), hint or "save it as UTF-8")) from None
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    text = Text(name, content)
    bad = re.search(_CONTROL, content)
    if bad:
        line = content.count("\n", 0, bad.start()) + 1
        column = bad.start() - (content.rfind("\n", 0, bad.start()) + 1) + 1
        hint = (
            "it looks like UTF-16 or UTF-32: save it as UTF-8"
            if "\x00" in content[:8]
            else "remove it, or write it as an escape in double quotes"
        )
        raise FileError(Problem(f"control character {plain(bad[0])} in the file", Place(text, line, column), hint))
    return text


_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
