"""How fast the library answers in a plain loop, one question at a time, held against a Python function of the same form written by hand.

The function by hand checks nothing; the engine holds every number against its bounds and refuses what the rules refuse.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from by_hand import ARTICLE, SERVING, Case
from harness import ROOT, Options, Row, block, in_turn, row

COUNT = 20_000
FEW = 20
NAMES = (
    "a prepared question to `compute_gauge.yaml`",
    "a prepared question to `transformer.yaml`",
    "`evaluate` of `transformer.yaml`",
    "`load` and `prepare` of `transformer.yaml`",
)


def every(ask: Callable[..., Any], asked: list[dict[str, int]]) -> Callable[[], None]:
    """A call for each of these."""

    def work() -> None:
        for each in asked:
            ask(**each)

    return work


def compare(name: str, case: Case, most: float) -> Row:
    """A prepared question, asked in a loop."""
    from engine.library import load

    rules = load(f"{ROOT}/{case.rules}")
    ask = rules.prepare(case.given, list(case.bounds), case.name)
    random = Random(1)  # noqa: S311 - the same questions each time
    asked = [{each: random.randint(low, high) for each, (low, high) in case.bounds.items()} for _ in range(COUNT)]
    for each in asked[:1000]:
        assert ask(**each) == case.by_hand(**each), f"the function by hand is not {case.name}"
    taken = in_turn({"ours": lambda: block(every(ask, asked)), "by hand": lambda: block(every(case.by_hand, asked))})
    return row(name, taken["ours"], "a Python function by hand", taken["by hand"], each=COUNT, of=COUNT, most=most)


def measure(options: Options) -> Iterator[Row]:
    """Prepared questions, and what takes longer because it is done for one question."""
    sys.path.insert(0, ROOT)
    from engine.asking import Plain
    from engine.library import load

    yield compare(NAMES[0], ARTICLE, 1 / 100_000)
    yield compare(NAMES[1], SERVING, 1 / 5_000)
    rules = load(f"{ROOT}/{SERVING.rules}")
    asked: list[dict[str, Plain]] = [{**SERVING.given, "batch_size": number} for number in range(1, FEW + 1)]
    works = {
        "evaluate": lambda: block(lambda: [rules.evaluate(each) for each in asked]),
        "load": lambda: block(lambda: load(f"{ROOT}/{SERVING.rules}").prepare(SERVING.given, list(SERVING.bounds), SERVING.name)),
    }
    taken = in_turn(works, runs=5)
    yield row(NAMES[2], taken["evaluate"], each=FEW)
    yield row(NAMES[3], taken["load"])


if __name__ == "__main__":
    from command import alone

    sys.exit(alone(__file__))
