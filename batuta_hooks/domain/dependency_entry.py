"""How a dependency entry is written: the line that mends it, in the spelling that stands there."""

from __future__ import annotations

from collections.abc import Mapping

from batuta_hooks.domain.manifest import Dependency

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SOURCE_KEYS = ("path", "git", "branch", "tag", "rev")


def spell_key(name: str) -> str:
    """A TOML key: bare where that is legal, else quoted."""
    return name if name and _BARE.issuperset(name) else spell_value(name)


def spell_value(value: Any) -> str:
    """A TOML value on one line: strings, booleans, integers, arrays and inline tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08X}") for c in value) + '"'
    if isinstance(value, Mapping):
        inside = ", ".join(f"{spell_key(key)} = {spell_value(part)}" for key, part in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(spell_value(part) for part in value) + "]"
    return str(value)


def versioned_entry(dependency: Dependency, requirement: str, *, keep_source: bool) -> str:
    """The line that gives a dependency a version requirement, all else kept.

    Args:
        keep_source: whether ``path`` (or ``git`` and its ``branch``, ``tag`` and ``rev``) stays beside the version.
    """
    table = {"version": dependency.entry} if isinstance(dependency.entry, str) else dict(dependency.entry)
    if not keep_source:
        for key in _SOURCE_KEYS:
            table.pop(key, None)
    table.pop("version", None)
    value = {"version": requirement, **table} if table else requirement
    return f"{spell_key(dependency.name)} = {spell_value(value)}"


def versioning(dependency: Dependency, line: str, column: int, requirement: str, *, keep_source: bool) -> str:
    """What to write, as an order, so that a dependency has a version requirement and all else stays as it is spelled.

    An entry with a value of its own is written anew on one line; under a header of its own, or spelled by dotted keys,
    the keys that change are named.

    Args:
        line, column: the line of the manifest that holds the entry's key, and where it begins there, counted from 1.
        keep_source: as for `versioned_entry`.
    """
    header, prefix = _spelling(line, column - 1)
    if not header and not prefix:
        return f"write {versioned_entry(dependency, requirement, keep_source=keep_source)}"
    dropped = [] if keep_source else [prefix + key for key in _SOURCE_KEYS if key in dependency.entry]
    place = f" under {header}" if header else ""
    if dependency.requirement == requirement:
        return f"remove {' and '.join(dropped)}{place}"
    instead = f" in place of {' and '.join(dropped)}" if dropped else ""
    beside = "" if header or dropped else " beside it"
    return f"write {prefix}version = {spell_value(requirement)}{instead}{place}{beside}"


def _spelling(line: str, start: int) -> tuple[str, str]:
    """The header that the entry has to itself, or what its dotted keys begin with; both empty for one with a value."""
    end = line.find(line[start], start + 1) + 1 if line[start] in "\"'" else start
    while end < len(line) and line[end] in _BARE:
        end += 1
    if line.lstrip().startswith("["):
        return f"{line[:end].lstrip()}]", ""
    return "", f"{line[:end].lstrip()}." if line[end:].lstrip().startswith(".") else ""
