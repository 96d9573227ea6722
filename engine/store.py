"""What was made once and is kept on disk between runs: files of plain data in a folder only its user can open.

A file is believed when it is whole (a checksum), was written by this engine under this Python for this question, and everything it
rests on is as it was (`lookup.same`, which compares bytes). Whatever is in doubt is as if it were not there; nothing is ever said.

`marshal` reads a tuple of a thousand texts ten times faster than `json` does, and makes only numbers, texts and tuples of them.
It is not for bytes of strangers: the folder and its files must belong to the user and be closed to everybody else, and the
checksum is compared before a byte is read.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import stat
import sys
from typing import Any

from . import lookup
from .lookup import Seen
from .named import NamedTuple

try:
    from _blake2 import blake2b  # what `hashlib` gives, without OpenSSL, which takes as long to load as all else here
except ImportError:
    from hashlib import blake2b

SWITCH = "COMPUTE_GAUGE_CACHE"
"""The variable that names another folder, or says `off`."""
LARGEST = 32_000_000
"""Bytes of the largest file that is kept."""
MOST = 100
"""Files that are kept; the oldest go when there are more."""
ROOM = 100_000_000
"""Bytes they take together; the oldest go when it is more."""
_MARK = b"compute-gauge kept data 1\n"
_DIGEST = 32
_LENGTH = 8
_ENDING = ".kept"
_PART = ".part"
_OURS = r"[0-9a-f]{32}\.kept(?:\.[0-9]+\.[0-9a-f]{12}\.part)?"
"""The names of files that are ours to remove: whoever names a folder may have others in it."""
_STALE = 3600
"""Seconds after which the half-written file of a process that is gone is removed."""
_WRONG = (OSError, ValueError, TypeError, EOFError, KeyError, IndexError, MemoryError, RecursionError)


class Kept(NamedTuple):
    """What was kept: plain data, what it rests on, and a name no other content has."""

    content: Any
    seen: Seen
    identity: bytes


def pack(content: Any) -> bytes:
    """Plain data as bytes."""
    return marshal.dumps(content)


def unpack(data: bytes | memoryview) -> Any:
    """Plain data from bytes that came with what was kept."""
    return marshal.loads(data)  # noqa: S302 - of a file that this user wrote, and whose checksum was compared


def folder() -> str | None:
    """The folder for what is kept, made where it is not there; None where there is none, or it is not this user's alone."""
    asked = os.environ.get(SWITCH, "")
    if asked.lower() in {"off", "no", "false", "0"} or not hasattr(os, "geteuid"):
        return None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    path = asked or os.path.join(base, "compute-gauge")
    if not os.path.isabs(path):
        return None
    try:
        found = os.lstat(path)
    except OSError:
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
            found = os.lstat(path)
        except OSError:
            return None
    return path if stat.S_ISDIR(found.st_mode) and _only_mine(found) else None


def _only_mine(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _version() -> tuple[Any, ...]:
    """What else decides what is made: this engine's files and this Python."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = []
    for place in (here, os.path.join(os.path.dirname(here), "schemas")):
        with os.scandir(place) as entries:
            files = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith((".py", ".json"))]
        found += [(place, name, about.st_size, about.st_mtime_ns) for name, about in sorted(files)]
    return (sys.version, sys.implementation.name, sys.prefix, *found)


class Store:
    """The files of one folder."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.version = _version()
        self._start = blake2b(ascii(self.version).encode(), digest_size=16)

    def _file(self, key: tuple[Any, ...]) -> str:
        """Where a key is kept: two versions side by side do not take each other's place."""
        made = self._start.copy()
        made.update(ascii(key).encode())
        return os.path.join(self.path, made.hexdigest() + _ENDING)

    def find(self, key: tuple[Any, ...]) -> Kept | None:
        """What was kept under a key, if all it rests on is as it was."""
        try:
            data = _read(self._file(key))
            start = len(_MARK) + _DIGEST + _LENGTH
            end = start + int.from_bytes(data[start - _LENGTH : start], "little")
            digest, head = data[len(_MARK) : start - _LENGTH], memoryview(data)[start:end]
            if data[: len(_MARK)] != _MARK or blake2b(head, digest_size=_DIGEST).digest() != digest:
                return None
            version, asked, files, kinds, real, lists, content = unpack(head)
            if version != self.version or asked != key:
                return None
            seen = Seen()
            seen.kinds, seen.real, seen.lists = kinds, real, lists
            for path, length in files:
                seen.files[path] = data[end : end + length]
                end += length
            return Kept(content, seen, digest) if lookup.same(seen) else None
        except _WRONG:
            return None

    def keep(self, key: tuple[Any, ...], content: Any, seen: Seen) -> bytes:
        """Keep plain data under a key, and give its identity; an empty one where it cannot be kept."""
        try:
            if not seen.sound or not lookup.same(seen):
                return b""
            files = tuple((path, len(data)) for path, data in seen.files.items())
            head = pack((self.version, key, files, seen.kinds, seen.real, seen.lists, content))
            digest = blake2b(head, digest_size=_DIGEST).digest()
            data = b"".join((_MARK, digest, len(head).to_bytes(_LENGTH, "little"), head, *seen.files.values()))
            if len(data) > LARGEST:
                return b""
            self._write(self._file(key), data)
            self._tidy()
        except _WRONG:
            return b""
        return digest

    def _write(self, path: str, data: bytes) -> None:
        """Write a file so that others see all of it or nothing."""
        part = f"{path}.{os.getpid()}.{os.urandom(6).hex()}{_PART}"
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with open(made, "wb") as file:
                file.write(data)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise

    def _tidy(self) -> None:
        """Remove the oldest files over the bound, and what a process that was killed has left."""
        with os.scandir(self.path) as entries:
            mine = [entry for entry in entries if re.fullmatch(_OURS, entry.name)]
            found = sorted(((about := entry.stat(follow_symlinks=False)).st_mtime, about.st_size, entry.path) for entry in mine)
        newest = found[-1][0] if found else 0
        room = ROOM
        for number, (when, size, path) in enumerate(reversed(found)):
            room -= size
            if number >= MOST or room < 0 or (path.endswith(_PART) and newest - when > _STALE):
                with contextlib.suppress(OSError):  # another process was first
                    os.unlink(path)


def _read(path: str) -> bytes:
    """The bytes of a kept file.

    Raises:
        OSError: when it is not there.
        ValueError: when it is not this user's alone, or too large.
    """
    made = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(made, "rb", buffering=0) as file:
        found = os.fstat(made)
        if not stat.S_ISREG(found.st_mode) or not _only_mine(found) or found.st_size > LARGEST:
            raise ValueError(path)
        return file.readall()
