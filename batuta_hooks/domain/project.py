"""Whether two addresses are those of one project: what tells a crate from another one of its name."""

from __future__ import annotations

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.workspace import Manifests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def is_same_project(one: str, other: str) -> bool:
    """Whether two ``package.repository`` addresses lead to one repository.

    The scheme, a user, upper case, a final slash or ``.git`` make no other project, nor does a folder in it.
    """
    first, second = _canonical(one), _canonical(other)
    return first == second or first.startswith(f"{second}/") or second.startswith(f"{first}/")


def is_same_owner(one: str, other: str) -> bool:
    """Whether two addresses lead to repositories of one owner, as a host such as GitHub has them."""
    first, second = _canonical(one).split("/"), _canonical(other).split("/")
    return len(first) > 2 and len(second) > 2 and first[:2] == second[:2]


def _canonical(address: str) -> str:
    text = address.strip().lower()
    _, scheme, rest = text.partition("://")
    if not scheme:
        rest = text.replace(":", "/", 1) if "@" in text.partition("/")[0] else text
    host, slash, path = rest.partition("/")
    path = path.partition("#")[0].partition("?")[0].rstrip("/").removesuffix(".git")
    return f"{host.rpartition('@')[2].removeprefix('www.')}{slash}{path}".rstrip("/")


def repository_of(manifests: Manifests, manifest: Manifest) -> str:
    """``package.repository`` of a crate, inherited or its workspace root's where it has none; empty where nobody says.

    A package that says nothing belongs to the repository that it lies in, which its root may name.
    """
    root = manifests.root_of(manifest)
    own = manifest.table.get(manifest.package_key, {}).get("repository")
    if isinstance(own, str):
        return own
    for found in (root, manifests.load("Cargo.toml")):
        if isinstance(found, Manifest):
            tables = (found.table.get("workspace", {}).get("package", {}), found.table.get(found.package_key, {}))
            for table in tables:
                if said := _text(table, "repository"):
                    return said
    return ""


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
