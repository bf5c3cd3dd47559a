"""Whether what was read from a document has the types that its classes declare: anybody may have written it."""

from __future__ import annotations

import types
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

#: JSON knows larger numbers; none that a check writes comes near it.
MOST = 1 << 53


@lru_cache(maxsize=64)
def _fields(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def misfit(value: Any, hint: Any, place: str = "") -> str | None:
    """Where a value is not of its type: the names and numbers that lead there; ``None`` where all of it is.

    Args:
        hint: a class, a named tuple's class, a tuple of these, or a union.
        place: what leads to the value.
    """
    if hint is str or hint is bool or hint is types.NoneType:
        return None if isinstance(value, hint) else place
    if hint is int or hint is float:
        return None if type(value) in (int, hint) and -MOST < value < MOST else place
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        found = [misfit(value, one, place) for one in get_args(hint)]
        return None if None in found else max((one for one in found if one is not None), key=len)
    if origin is tuple:
        return _in_tuple(value, get_args(hint), place)
    if not isinstance(value, hint):
        return place
    for name, one in _fields(hint).items():
        found_there = misfit(getattr(value, name), one, f"{place}.{name}" if place else name)
        if found_there is not None:
            return found_there
    return None


def _in_tuple(value: Any, hints: tuple[Any, ...], place: str) -> str | None:
    if not isinstance(value, tuple):
        return place
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(value)
    if len(value) != len(hints):
        return place
    for number, (one, hint) in enumerate(zip(value, hints, strict=True)):
        found = misfit(one, hint, f"{place}[{number}]")
        if found is not None:
            return found
    return None
