"""Globs of ``[workspace] members``: expanded over folders, component by component, as cargo's glob does it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

#: Every clone has this folder at its top, and a glob that matches it makes cargo look for a member there.
_GIT_FOLDER = ".git"


def expand_members(pattern: str, folders: Collection[str]) -> list[str]:
    """The folders that cargo takes for members: those that match, else the pattern itself as a folder.

    Args:
        pattern: a ``members`` entry with a sign of a glob, relative to the repository's top.
        folders: every folder that holds a tracked file, relative to the same place.
    """
    found = expand(pattern, [*folders, _GIT_FOLDER])
    if found:
        return found
    above, _, last = pattern.rpartition("/")
    # a folder that holds files alone: cargo's glob finds them, and leaves out what is no folder
    holds_files = last == "*" and any(matches(above, folder) for folder in folders)
    return [] if holds_files else [pattern]


def expand(pattern: str, folders: Iterable[str]) -> list[str]:
    """The folders that a pattern names, sorted.

    Args:
        pattern: a path of components with ``*``, ``?`` and ``[…]``, or ``**`` for any number of components; at its end
            for at least one.
        folders: candidate folders, relative to the same place as the pattern.
    """
    if pattern.rpartition("/")[2] == "**":
        pattern += "/*"
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
            reached = {at + 1 for at in reached if at < len(parts) and _fits(component, parts[at])}
        if not reached:
            return False
    return len(parts) in reached


def _fits(component: str, part: str) -> bool:
    if component == "*":
        return True
    if not any(sign in component for sign in "*?["):
        return component == part
    from fnmatch import fnmatchcase  # most patterns are plain

    return fnmatchcase(part, component)
