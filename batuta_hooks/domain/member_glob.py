"""Globs of ``[workspace] members``: expanded over folders, component by component, as cargo's glob does it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def expand(pattern: str, folders: Iterable[str]) -> list[str]:
    """The folders that a pattern names, sorted.

    Args:
        pattern: a path of components with ``*``, ``?`` and ``[…]``, or ``**`` for any number of components.
        folders: candidate folders, relative to the same place as the pattern.
    """
    return sorted(folder for folder in folders if folder and matches(pattern, folder))


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern names this whole path; both are relative to the same place."""
    parts = path.split("/")
    # the set of positions that are reachable so far: no backtracking, whatever the pattern
    reached = {0}
    for component in pattern.split("/"):
        if component == "**":
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], component)}
        if not reached:
            return False
    return len(parts) in reached
