"""Named tuples declared in a fifteenth of the time `typing.NamedTuple` takes: a start declares fifty kinds, and makes few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import namedtuple

    try:
        from _collections import _tuplegetter as _field  # what the fields of `collections.namedtuple` are
    except ImportError:
        from operator import itemgetter

        def _field(index: int, about: str) -> property:
            return property(itemgetter(index), doc=about)

    class _Fields(tuple):
        """What all of them share."""

        __slots__ = ()

        def __new__(cls, *values: Any, **named: Any) -> Any:
            """The first of its kind. Python writes the constructor, which makes all others too: that is what takes long."""
            kind = next(kind for kind in cls.__mro__ if "_fields" in vars(kind))
            made = namedtuple(kind.__name__, kind._fields, defaults=kind._field_defaults.values())  # noqa: PYI024 - this is where it is made
            kind.__new__ = made.__new__
            return made.__new__(cls, *values, **named)

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            return f"{self.__class__.__name__}({', '.join(f'{name}={part!r}' for name, part in zip(self._fields, self, strict=True))})"

        def _replace(self, **changes: Any) -> Any:
            return self.__class__(**dict(zip(self._fields, self, strict=True), **changes))

    class _Kind(type):
        """Makes a class with fields of what a class statement declares."""

        def __new__(cls, name: str, _: tuple[type, ...], space: dict[str, Any]) -> type:
            fields = tuple(space.get("__annotations__", ()))
            defaults = {field: space[field] for field in fields if field in space}
            own = {"__slots__": (), "_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            return type(name, (_Fields,), space | own | {field: _field(index, "") for index, field in enumerate(fields)})

    NamedTuple = type.__new__(_Kind, "NamedTuple", (), {"__doc__": "`typing.NamedTuple`, less what this program does not use."})

__all__ = ["NamedTuple"]
