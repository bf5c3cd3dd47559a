"""cargo's configuration files, found, read and merged into one tree as cargo 1.95 does.

Files count from the working folder upwards, then the one in cargo's home; the deeper one wins, key by key.  A file's
`include` list is read before it, in order, each over the one before, the file itself over all.  One file that cannot be
read, or two that disagree on what is a table, and cargo refuses to work: `ConfigRefused`.
"""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.config_places import config_files
from batuta_hooks.registry.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 1 << 20
_MOST_INCLUDES = 100  # cargo has no bound, and overflows its stack where includes never end
_SHOWN = 300  # characters
_GLOB_OR_BRACES = frozenset("*?[]{}")


class ConfigRefused(ValueError):
    """cargo refuses its configuration; the message is a clause that says why, `where` the file or variable.

    Both stay on one line and within bounds, whatever names the configuration has.
    """

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(_shown(why))
        self.where = _shown(where)


class Located(NamedTuple):
    """A value of the configuration that is no table, and the file or environment variable that it comes from.

    Attributes:
        value: a string, integer or boolean, or a list of values as TOML has them.
        where: the path of the file, or "environment variable" and its name.
        root: the folder from which relative paths in it start.
    """

    value: Any
    where: str
    root: str


def read_tree(folder: str, home: str) -> dict[str, Any]:
    """The merged configuration: tables as dict, all else `Located`.

    Args:
        folder: the absolute path of the working folder, links resolved, as a process in it sees it.
        home: cargo's home.

    Raises:
        ConfigRefused: cargo would refuse one of the files, or all of them together.
    """
    tree: dict[str, Any] = {}
    for path in config_files(folder, home):
        _merge(tree, _read(path, set()), over=False)
    return tree


def _read(path: str, seen: set[str]) -> dict[str, Any]:
    if path in seen or len(seen) > _MOST_INCLUDES:
        raise ConfigRefused("a file is included twice, directly or by way of others", path)
    seen.add(path)
    own = _located(_parsed(path), path, os.path.dirname(os.path.dirname(path)))
    tree: dict[str, Any] = {}
    for include in _includes(own.pop("include", None), path):
        _merge(tree, _read(include, seen), over=True)
    _merge(tree, own, over=True)
    return tree


def _parsed(path: str) -> dict[str, Any]:
    from batuta_hooks.domain.toml_text import TomlFault, read_toml

    try:
        return read_toml(read_file(path, _MAX_BYTES).data)
    except OSError as error:
        raise ConfigRefused(f"it cannot be read: {error.strerror}", path) from None
    except TomlFault as fault:
        raise ConfigRefused(f"it cannot be read: {fault.reason}", f"{path}:{fault.line}:{fault.column}") from None


def _located(value: Any, path: str, root: str) -> Any:
    if isinstance(value, dict):
        return {key: _located(below, path, root) for key, below in value.items()}
    for part in value if isinstance(value, list) else [value]:
        _check_kind(part, path)
    return Located(value, path, root)


def _check_kind(value: Any, path: str) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _check_kind(part, path)
    elif not isinstance(value, str | int):
        raise ConfigRefused(f"it has a value that no configuration may have, a {type(value).__name__}", path)


def _includes(include: Any, path: str) -> list[str]:
    """The absolute paths of the files that a file includes, those left out that are optional and not there."""
    if include is None:
        return []
    entries = include.value if isinstance(include, Located) else None
    if not isinstance(entries, list):
        raise ConfigRefused("`include` must be a list of strings or of tables", path)
    found = []
    for entry in entries:
        given, optional = (
            (entry.get("path"), entry.get("optional", False)) if isinstance(entry, dict) else (entry, False)
        )
        if not isinstance(given, str) or not isinstance(optional, bool):
            raise ConfigRefused("`include` must be a list of strings or of tables with a `path`", path)
        if not _is_toml(given) or not _GLOB_OR_BRACES.isdisjoint(given):
            raise ConfigRefused(f"`include` has {given[:80]!r}, which is not the plain path of a .toml file", path)
        file = os.path.join(os.path.dirname(path), plain_path(given))
        if not optional or os.path.exists(file):
            found.append(file)
    return found


def _is_toml(path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    return name.endswith(".toml") and name != ".toml"


def plain_path(path: str) -> str:
    """The path without `.` and needless slashes; `..` stays, as cargo counts the folders above a file with it."""
    start = "/" if path.startswith("/") else ""
    return start + "/".join(part for part in path.split("/") if part not in ("", "."))


def _merge(tree: dict[str, Any], new: dict[str, Any], *, over: bool) -> None:
    """Add what is new; a value that both have is the new one if `over`, else the old one; lists are joined."""
    for key, value in new.items():
        old = tree.get(key)
        if old is None:
            tree[key] = value
        elif isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value, over=over)
        elif _kind(old) != _kind(value):
            where = f" (the other is in {_where(old)})"
            raise ConfigRefused(f"`{key[:80]}` is a {_kind(value)} here and a {_kind(old)} there{where}", _where(value))
        elif _kind(old) == "list":
            first, last = (old, value) if over else (value, old)
            tree[key] = old._replace(value=first.value + last.value)
        elif over:
            tree[key] = value


def _shown(text: str) -> str:
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "table"
    return "list" if isinstance(value.value, list) else "plain value"


def _where(value: Any) -> str:
    while isinstance(value, dict):
        value = next(iter(value.values()), Located(None, "an empty table", ""))
    return str(value.where)
