"""The folders of a stack's checkouts: the direct children of the meta-checkout, or those that its patterns name."""

from __future__ import annotations

import os
from collections.abc import Iterator

SIGNS = frozenset("*?[")
"""The characters that make a pattern of a path."""

_DEEPEST = 16


def checkout_folders(folder: str, patterns: tuple[str, ...] | None) -> list[str]:
    """The folders of the checkouts that belong to a meta-checkout, relative to it.

    Args:
        folder: the absolute path of the meta-checkout.
        patterns: ``[stack] repositories``; ``None`` for its direct children that are repositories.
    """
    if patterns is None:
        return list(children(folder))
    found: dict[str, str] = {}
    for pattern in patterns:
        start = os.path.join(folder, os.path.expanduser(pattern))
        places = list(_expand(os.path.normpath(start))) if SIGNS.intersection(pattern) else [start]
        for place in places or [start]:
            found.setdefault(os.path.realpath(place), os.path.relpath(place, folder))
    return list(found.values())


def children(folder: str) -> tuple[str, ...]:
    """The direct children of a folder that are repositories, sorted."""
    return tuple(name for name in _folders(folder) if os.path.lexists(os.path.join(folder, name, ".git")))


def _folders(folder: str) -> list[str]:
    """The folders in a folder, sorted; hidden ones and cargo's ``target`` are never entered."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return sorted(name for name in found if not name.startswith(".") and name != "target")


def _expand(pattern: str) -> Iterator[str]:
    """The repositories that a glob names, sorted; ``**`` stands for any number of folders and enters no repository."""
    first, *rest = pattern.split(os.sep)
    yield from _expand_below(f"{first}{os.sep}", rest, _DEEPEST)


def _expand_below(folder: str, components: list[str], depth: int) -> Iterator[str]:
    if not components:
        if _is_repository(folder):
            yield folder
        return
    from fnmatch import fnmatchcase  # most stacks name no pattern

    component, *rest = components
    if not SIGNS.intersection(component):
        yield from _expand_below(os.path.join(folder, component), rest, depth)
        return
    if component == "**":
        yield from _expand_below(folder, rest, depth)
    for name in _folders(folder):
        below = os.path.join(folder, name)
        if component != "**":
            if fnmatchcase(name, component):
                yield from _expand_below(below, rest, depth)
        elif depth and not _is_repository(folder) and not os.path.islink(below):
            yield from _expand_below(below, components, depth - 1)


def _is_repository(folder: str) -> bool:
    if os.path.lexists(os.path.join(folder, ".git")):
        return True
    return all(os.path.exists(os.path.join(folder, name)) for name in ("HEAD", "objects", "refs"))
