"""The crates of one tree that version tags may speak of: those of a name, and those that a bare version means.

A bare version means the root package, else the members that share the version of ``[workspace.package]``.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tree import join, parent_folders
from batuta_hooks.domain.workspace import Manifests

_ROOT = "Cargo.toml"


class Bare(NamedTuple):
    """What a tag of a version alone means.

    Attributes:
        paths: the manifests of the crates that it means.
        root: the manifest of the workspace whose members do not share a version, where it therefore means none of
            several crates; empty where it is clear, or there are no crates at all.
    """

    paths: tuple[str, ...]
    root: str = ""


class TagCrates:
    """Finds crates by name; few manifests are parsed for one name."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._paths: dict[str, str] = {}
        self._bare: Bare | None = None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name != "" and self.path_of(name) != ""

    def path_of(self, name: str) -> str:
        """The manifest of the crate; empty where there is none.

        Of several with one name, as among test fixtures, the top one or a workspace's member counts.
        """
        if name not in self._paths:
            found = [path for path in self._manifests.tree.manifest_paths if self._is_of(path, name)]
            if len(found) > 1:
                found.sort(key=lambda path: (path != _ROOT, not self._manifests.is_member(path), path.count("/")))
            self._paths[name] = found[0] if found else ""
        return self._paths[name]

    def _is_of(self, path: str, name: str) -> bool:
        text = self._manifests.tree.read(path)
        # to parse each manifest of a workspace would cost more than all the rest; a backslash may spell any letter
        if not isinstance(text, bytes) or not (name.encode("utf-8", "replace") in text or b"\\" in text):
            return False
        manifest = self._manifests.load(path)
        return (_name_in(text) if not isinstance(manifest, Manifest) else manifest.name) == name

    def bare(self) -> Bare:
        """The crates that a bare version means."""
        if self._bare is None:
            self._bare = self._find_bare()
        return self._bare

    def _find_bare(self) -> Bare:
        paths = self._manifests.tree.manifest_paths
        tops = [_ROOT] if _ROOT in paths else [path for path in paths if not _is_below_another(path, paths)]
        if len(tops) != 1:
            return Bare((), tops[0] if tops else "")
        root = self._manifests.load(tops[0])
        if not isinstance(root, Manifest) or root.package is not None:
            return Bare((tops[0],))
        loaded = (self._manifests.load(path) for path in self._manifests.members(root))
        members = [one for one in loaded if isinstance(one, Manifest)]
        sharing = [one.path for one in members if "version" in one.inherited_keys]
        if not sharing and len(members) == 1:
            sharing = [members[0].path]
        return Bare(tuple(sharing), "" if sharing or not members else root.path)


def _is_below_another(path: str, paths: Collection[str]) -> bool:
    _, *above = parent_folders(path)
    return any(join(folder, _ROOT) in paths for folder in above)


def _name_in(text: bytes) -> str:
    """The first name that a manifest gives which cannot be parsed: that of its package, as manifests are written."""
    found = re.search(rb"""^\s*name\s*=\s*["']([^"']+)["']""", text, re.MULTILINE)
    return found[1].decode("utf-8", "replace") if found else ""
