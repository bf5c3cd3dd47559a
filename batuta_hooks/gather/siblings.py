"""Crates beside the repository: what stands at the end of a path that leaves it."""

from __future__ import annotations

from collections.abc import Mapping

from batuta_hooks.domain.facts import Sibling
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.git.tree import read_regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_PARENTS = 16


class Siblings:
    """Looks at checkouts on disk, relative to a repository's top folder; each is read at most once."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._found: dict[str, Sibling | None] = {}

    def __call__(self, folder: str) -> Sibling | None:
        """The crate in ``folder``, relative to the top folder or absolute; ``None`` where there is none to be read."""
        if folder not in self._found:
            place = folder if folder.startswith("/") else f"{self._top}/{folder}"
            self._found[folder] = read_sibling(place) if self._top else None
        return self._found[folder]


def _read_table(folder: str) -> Mapping[str, Any]:
    text = read_regular_file(f"{folder}/Cargo.toml")
    if not isinstance(text, bytes):
        return {}
    try:
        return read_toml(text)
    except TomlFault:
        return {}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def read_sibling(folder: str) -> Sibling | None:
    """The package in a folder on disk, its version inherited where it says so: from the workspace root that it names,
    else from the nearest one above.
    """
    package = _table(_read_table(folder).get("package"))
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str):
        return None
    if isinstance(version, dict):
        root = package.get("workspace")
        version = _workspace_version(f"{folder}/{root}" if isinstance(root, str) else folder)
    return Sibling(name, version if isinstance(version, str) else None)


def _workspace_version(folder: str) -> object:
    for _ in range(_MOST_PARENTS):
        workspace = _read_table(folder).get("workspace")
        if isinstance(workspace, dict):
            return _table(workspace.get("package")).get("version")
        folder = f"{folder}/.."
    return None
