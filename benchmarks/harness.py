"""The measuring: CPU time, wall time and peak memory of a piece of work and of what it is held against, taken in turn in one run.

A measure is a module of this folder with `NAMES`, its rows in order, and `measure(options)`, which yields a `Row` for each; `MEASURES`
lists them. Each runs in a process of its own (`command.py` starts it), so that what one imports or holds does not weigh on another.

How a row comes about on a machine that does other things too: rounds are taken, each runs everything once, every second one backwards; a
figure is the median of the rounds, and a ratio the median of the ratios within each round. `least` beside it is the ratio of the smallest
figures: where the two are far apart the machine was too busy to tell.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEASURES = ("start", "library", "sweep", "solve", "sheets", "page")
RUNS = 15


class Options(NamedTuple):
    """What the command line asks of every measure.

    Attributes:
        large: whether to measure what takes minutes too.
        peers: a Python with the libraries others use, where this one has none.
        hyperformula: a folder with `node_modules/hyperformula`.
    """

    large: bool = False
    peers: str = ""
    hyperformula: str = ""


class Missing(Exception):
    """Something a measure needs is not installed; the text says what."""


class Used(NamedTuple):
    """What a piece of work took: CPU seconds (user and system), seconds by the clock, bytes of memory at its peak (0: not known)."""

    cpu: float
    wall: float
    peak: int = 0


class Row(NamedTuple):
    """A figure, what it is held against, and what is asked of it.

    Attributes:
        name: what was measured, one of the `NAMES` of its measure.
        ours: CPU seconds, or bytes where `unit` is `B`; None when there is no figure, and `note` says why.
        against: what it is held against, empty for nothing; `base` is its figure.
        ratio: how many times `base` it takes.
        least: the same of the smallest figures of all rounds.
        bar: what `ratio` may be; 0 when nothing is asked of it.
        most: what `ours` may be; 0 when nothing is asked of it.
        wall: seconds by the clock.
        peak: bytes of memory of the whole process at its peak.
        note: what else there is to say.
        failed: whether there is no figure although there should be one.
    """

    name: str
    ours: float | None = None
    against: str = ""
    base: float | None = None
    ratio: float | None = None
    least: float | None = None
    bar: float = 0
    most: float = 0
    unit: str = "s"
    wall: float | None = None
    peak: int | None = None
    note: str = ""
    failed: bool = False

    @property
    def missed(self) -> bool:
        """Whether it is over what is asked."""
        over = bool(self.bar) and self.ratio is not None and self.ratio > self.bar
        return self.failed or over or (bool(self.most) and self.ours is not None and self.ours > self.most)


def process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Used:
    """One run of a program, from the folder of the checkout, without its output.

    The peak is at least what this process had when it started the other: the kernel counts that too. Measures import little for it.
    """
    begun = time.perf_counter()
    started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    wall = time.perf_counter() - begun
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise subprocess.CalledProcessError(started.returncode, command)
    return Used(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def block(work: Callable[[], Any]) -> Used:
    """One call in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Used(time.process_time() - cpu, time.perf_counter() - wall)


def in_turn(works: Mapping[str, Callable[[], Used]], runs: int = RUNS, warm: int = 1) -> dict[str, list[Used]]:
    """What each of these took in every round; the first `warm` rounds are not counted."""
    found: dict[str, list[Used]] = {name: [] for name in works}
    for number in range(runs + warm):
        for name in works if number % 2 else reversed(list(works)):
            used = works[name]()
            if number >= warm:
                found[name].append(used)
    return found


def median(numbers: Iterable[float]) -> float:
    """The middle of some numbers."""
    listed = sorted(numbers)
    half = len(listed) // 2
    return listed[half] if len(listed) % 2 else (listed[half - 1] + listed[half]) / 2


def row(name: str, ours: Sequence[Used], against: str = "", base: Sequence[Used] = (), *, each: int = 1, of: int = 1, **asked: Any) -> Row:
    """A row of the CPU times of rounds taken in turn.

    Args:
        name: what was measured.
        ours: what it took in each round.
        against: what it is held against.
        base: what that took, round by round.
        each: into how many a round of ours is divided: a row of calls that were made together is about one.
        of: the same of the other.
        asked: `bar`, `most`, `note`.
    """
    mine, other = [used.cpu / each for used in ours], [used.cpu / of for used in base]
    wall, peak = median(used.wall for used in ours) / each, max(used.peak for used in ours)
    made = Row(name, median(mine), wall=wall, peak=peak or None, **asked)
    if not other:
        return made
    ratio = median(one / two for one, two in zip(mine, other, strict=True))
    return made._replace(against=against, base=median(other), ratio=ratio, least=min(mine) / min(other))
