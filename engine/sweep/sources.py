"""What is given in each combination of words and presets, beside the axes of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .. import presets
from ..evaluate import Given
from ..plan import Plan
from ..records import Value
from ..source import Scalar
from ..values import convert
from .axes import Axis, at, scalar, together

Read = Callable[[Plan, Sequence[tuple[str, Scalar]]], dict[str, Given]]
"""What is given, with some more settings."""


class Sources:
    """Where values come from.

    `axes` are those asked for, presets that differ only in numbers having become axes of numbers; `choices` those that are decided before
    anything is computed.

    Raises:
        GaugeError: when an input or a preset is wrong.
    """

    def __init__(self, plan: Plan, read: Read, axes: tuple[Axis, ...]) -> None:
        self.plan = plan
        self.axes = axes
        self.entries: dict[str, list[dict[str, Given]]] = {}
        self.given = self._base(read)
        self._bundle()
        self.choices = [each for each in self.axes if not each.numbers]

    def _base(self, read: Read) -> dict[str, Given]:
        """What is given beside what is varied."""
        kinds = [each for each in self.axes if each.name in self.plan.document.presets and each.name not in self.plan.document.inputs]
        given = read(self.plan, [(each.name, scalar(each.name, (each.labels or ("",))[0])) for each in kinds])
        for each in kinds:
            kind = self.plan.document.presets[each.name]
            mark = f"{kind.name} "
            given = {name: value for name, value in given.items() if not (value.origin == "preset" and value.where.startswith(mark))}
            self.entries[each.name] = [
                presets.values_of(self.plan, kind, presets.find(kind, asked), asked.place)
                for asked in (scalar(each.name, word) for word in each.labels or ())
            ]
        varied = {each.name for each in self.axes}
        given = {name: value for name, value in given.items() if name not in varied}
        for name, entries in self.entries.items():
            self.entries[name] = [
                {key: value for key, value in entry.items() if key not in given and key not in varied} for entry in entries
            ]
        return given

    def _bundle(self) -> None:
        """Presets that differ only in numbers are an axis of numbers."""
        made = []
        taken: set[str] = set()
        for each in self.axes:
            entries = self.entries.get(each.name)
            if entries:
                first = entries[0]
                moving = {name for name in first if any(entry.get(name, first[name]).value != first[name].value for entry in entries)}
                alike = all(entry.keys() == first.keys() and not any(value.said for value in entry.values()) for entry in entries)
                numbers = all(isinstance(entry[name].value, int | Fraction) and not isinstance(entry[name].value, bool)
                              for entry in entries for name in moving if name in entry)  # fmt: skip
                if alike and numbers and moving and not taken & first.keys():
                    columns: dict[str, list[Any]] = {name: [entry[name].value for entry in entries] for name in moving}
                    for name, value in first.items():
                        if name not in moving:
                            self.given[name] = value
                    each = together(each.name, each.length, each.labels or (), columns)  # noqa: PLW2901
                    del self.entries[each.name]
                taken |= first.keys()
            made.append(each)
        self.axes = tuple(made)

    def combination(self, choice: Sequence[int]) -> dict[str, Given]:
        """What is given for one choice of each word and preset; axes of numbers are at their first value."""
        given = dict(self.given)
        for each, index in zip(self.choices, choice, strict=True):
            if each.name in self.entries:
                for name, value in self.entries[each.name][index].items():
                    given.setdefault(name, value)
            else:
                assert each.labels
                value_of: Value = convert(presets.as_input(self.plan, each.name), scalar(each.name, each.labels[index]))
                given[each.name] = Given(value_of, "given", "--vary")
        for each in self.axes:
            for name, numbers in each.numbers.items():
                given[name] = Given(at(numbers, 0), "given", "--vary")
        return given
