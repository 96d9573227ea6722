"""Closed forms written out by hand, as one would without the engine: of numbers, or of columns with `largest=numpy.maximum`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A question: what varies within which bounds, the rules with the rest of the inputs and the name asked for, and its form by hand."""

    rules: str
    given: dict[str, str]
    name: str
    by_hand: Callable[..., Any]
    bounds: dict[str, tuple[int, int]]


def article(
    batch_size: Any,
    sequence_length: Any,
    layers: Any,
    hidden_size: Any,
    attention_heads: Any,
    parameters: Any,
    largest: Callable[..., Any] = max,
) -> Any:
    """`total_memory` of the article in training at 16 bits with AdamW, in bytes."""
    places = batch_size * sequence_length
    inner = 34 * hidden_size + 5 * sequence_length * attention_heads
    return 14 * parameters + 4 * places * layers * hidden_size + 2 * places * inner


def serving(batch_size: Any, sequence_length: Any, largest: Callable[..., Any] = max) -> Any:
    """`peak_memory` of Llama 3 8B in inference, in bytes, from `formula … --keep batch_size,sequence_length`."""
    places = batch_size * sequence_length
    prompt = largest(118_792 * places + 520 * sequence_length, 8_200 * places + 256_512 * batch_size)
    return 131_072 * places + largest(prompt, 8 * places + 395_776 * batch_size) + 16_060_522_752


ARTICLE = Case(
    "rules/compute_gauge.yaml",
    {"mode": "training", "precision": "float16", "optimizer": "adamw"},
    "total_memory",
    article,
    {"batch_size": (1, 512), "sequence_length": (1, 2**17), "layers": (1, 128), "hidden_size": (64, 2**14), "attention_heads": (1, 128),
     "parameters": (10**6, 10**12)},
)  # fmt: skip
SERVING = Case(
    "rules/transformer.yaml", {"model": "llama-3-8b"}, "peak_memory", serving, {"batch_size": (1, 512), "sequence_length": (1, 2**17)}
)
