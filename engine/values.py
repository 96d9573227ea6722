"""The value a node gives an input: read by its type, held to its bounds and choices."""

from __future__ import annotations

from fractions import Fraction

from .errors import InputError, Place, Problem, plain, suggest
from .nodes import Mapping, Node, Scalar, Sequence
from .quantity import Number, grouped, read
from .records import Element, Input, Value

_ARTICLE = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "choice": "one of its words", "list": "a list"}


def convert(given: Input, node: Node, *, commas: bool = False, foreign: bool = False) -> Value:
    """The value a node gives an input.

    Args:
        given: the input.
        node: what stands in the file.
        commas: whether `1,000` is a number here.
        foreign: whether somebody else's file is read, which may write one value for a list, or lists in a list.

    Raises:
        InputError: when it is not of the input's type, or outside its bounds or choices.
    """
    if given.type == "list":
        return _list(given, node, foreign)
    if not isinstance(node, Scalar):
        what = "a map" if isinstance(node, Mapping) else "a list"
        raise _wrong(given, node.place, f"is {_ARTICLE[given.type]}, not {what}")
    if node.is_null:
        raise _wrong(given, node.place, "has no value here", "give one, or remove the line")
    if given.type == "boolean":
        if node.text not in {"true", "false"}:
            meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(node.text.lower(), "")
            hint = f"write `{meant or node.text.lower()}`" if meant or node.text.lower() in {"true", "false"} else ""
            raise _wrong(given, node.place, f"is true or false, not `{plain(node.text)}`", hint)
        return node.text == "true"
    if given.type == "choice":
        return _choice(given, node)
    return _number(given, node, commas)


def _wrong(given: Input, place: Place, message: str, hint: str = "") -> InputError:
    return InputError(Problem(f"`{plain(given.key)}` {message}", place, hint))


def _number(given: Input, node: Scalar, commas: bool) -> Number:
    try:
        value = read(node.text, given.unit, commas=commas)
    except ValueError as error:
        raise _wrong(given, node.place, f"is {_ARTICLE[given.type]}; `{plain(node.text)}`: {error}") from None
    wrong = outside(given, value)
    if wrong:
        raise _wrong(given, node.place, wrong[0], wrong[1])
    return value


def outside(given: Input, value: Number) -> tuple[str, str] | None:
    """Why a number is not one the input may have, with a hint; None when it may."""
    if given.type == "integer" and not isinstance(value, int):
        return f"is a whole number, not {grouped(value)}", ""
    if given.low is not None and value < given.low:
        return f"is at least {grouped(given.low)}, not {grouped(value)}", ""
    if given.high is not None and value > given.high:
        return f"is at most {grouped(given.high)}, not {grouped(value)}", ""
    if given.choices and value not in given.choices:
        listed = ", ".join(str(choice) for choice in given.choices[:12])
        return f"is one of {listed}, not {grouped(value)}", ""
    return None


def unfit(given: Input, value: Value) -> str:
    """Why a computed value is not one the input may have; empty when it may."""
    kinds: dict[str, type | tuple[type, ...]] = {"boolean": bool, "choice": str, "list": tuple}
    wanted = kinds.get(given.type, (int, Fraction))
    if not isinstance(value, wanted) or (isinstance(value, bool) and given.type != "boolean"):
        return f"is {_ARTICLE[given.type]}, not {plain(str(value), 40)}"
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        wrong = outside(given, value)
        return wrong[0] if wrong else ""
    if given.type == "choice" and value not in given.choices:
        return f"is one of {', '.join(str(choice) for choice in given.choices[:12])}, not {plain(str(value), 40)}"
    return ""


def _choice(given: Input, node: Scalar) -> str:
    if node.text in given.choices:
        return node.text
    if given.otherwise:
        return given.otherwise
    words = [str(choice) for choice in given.choices]
    shown = ", ".join(plain(word, 40) for word in words[:12]) + (" …" if len(words) > 12 else "")
    raise _wrong(given, node.place, f"is one of {shown}; not `{plain(node.text)}`", suggest(node.text, words))


def _list(given: Input, node: Node, foreign: bool) -> tuple[Element, ...]:
    if isinstance(node, Scalar) and foreign:
        letters = dict(given.letters)
        return tuple(letters.get(letter, letter) for letter in node.text) if letters else (_element(node),)
    if isinstance(node, Scalar):
        raise _wrong(given, node.place, "is a list", f"write `[{plain(node.text)}]`")
    if isinstance(node, Mapping):
        return tuple(node.entries)
    made: list[Element] = []
    for item in node.items:
        if isinstance(item, Scalar):
            made.append(_element(item))
        elif foreign:
            made.append(len(item.items if isinstance(item, Sequence) else item.entries))
        else:
            raise _wrong(given, item.place, "is a list of numbers or words")
    return tuple(made)


def _element(item: Scalar) -> Element:
    if item.bare:
        try:
            return read(item.text)
        except ValueError:
            pass
    return item.text
