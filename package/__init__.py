"""Compute Gauge: how much memory a neural network needs, why, and what would make it fit.

    from compute_gauge import load

    rules = load("rules/transformer.yaml")
    print(rules.evaluate({"model": "llama-3-8b", "batch_size": 8})["peak_memory"])

As it is installed, `cli.py`, `engine/`, `rules/` and `schemas/` of the checkout stand beside this file.
"""

TYPE_CHECKING = False  # what type checkers take for true; the module `typing` is not needed for it
if TYPE_CHECKING:
    from .engine.library import Ask, GaugeError, Inputs, NoAnswer, Number, Rules, Value, Values, load

__all__ = ["Ask", "GaugeError", "Inputs", "NoAnswer", "Number", "Rules", "Value", "Values", "load"]


def __getattr__(name: str) -> object:
    """What the library has, loaded when it is first asked for: the command line starts without it."""
    if name in __all__:
        from .engine import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
