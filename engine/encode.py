"""Values as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .quantity import Number
from .records import Value


def to_json(content: object) -> str:
    """JSON text, ASCII only."""
    import json

    return json.dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def number(value: Number) -> int | float | None:
    """A number for JSON: whole ones exactly, others as the nearest float; None where there is no float."""
    if isinstance(value, int):
        return value
    try:
        return float(value)
    except OverflowError:
        return None


def plain_value(value: Value) -> Any:
    """A value for JSON."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Fraction):
        return number(value)
    return [plain_value(element) for element in value] if isinstance(value, tuple) else value
