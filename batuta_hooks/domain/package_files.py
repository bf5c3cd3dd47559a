"""The files that cargo packages of a crate from a clean clone: what ``cargo package --list`` prints there.

Rules of the Cargo Book, "The exclude and include fields", and of cargo's behaviour where the book is silent
(docs/cargo-rules.md).  Left out are the three files that cargo makes itself: Cargo.lock, Cargo.toml.orig and
.cargo_vcs_info.json.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from batuta_hooks.domain.inheritance import README_FILES
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.package_globs import Globs
from batuta_hooks.domain.tree import join, starts_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
else:
    Protocol = object

#: What cargo makes itself when it packages.
GENERATED = ("Cargo.lock", "Cargo.toml.orig", ".cargo_vcs_info.json")

_MOST_FILES = 100_000  # links can make any number of them


class Tracked(Protocol):
    """The tracked files of a repository at one source, by paths relative to its top folder."""

    @property
    def paths(self) -> Collection[str]:
        """Every tracked path: files, symbolic links and submodules."""

    @property
    def links(self) -> Collection[str]:
        """The symbolic links among them."""

    @property
    def nested(self) -> Collection[str]:
        """The other repositories among them, submodules or not."""

    def resolve(self, path: str) -> str | None:
        """The path with its symbolic links followed; ``None`` where they leave the repository or make a loop."""

    def folders(self) -> frozenset[str]:
        """Every folder that holds a tracked file, links to folders among them."""

    def in_nested(self, path: str) -> bool:
        """Whether the path is another repository's folder or lies below one, a submodule or not."""


class NotPackaged(ValueError):
    """Cargo refuses to package a crate for the files that it has; the message is a clause that says why."""


def package_value(manifest: Manifest, root: Manifest | None, key: str) -> Any:
    """A key of ``[package]``, taken from the workspace's root where it says ``workspace = true``; else ``None``."""
    value = manifest.table.get(manifest.package_key, {}).get(key)
    if not isinstance(value, dict):
        return value
    return root.workspace.package.get(key) if root is not None and root.workspace is not None else None


def packaged_files(manifest: Manifest, root: Manifest | None, tree: Tracked) -> dict[str, str]:
    """Where each packaged file's content is: by its path in the package, the path in the repository.

    Args:
        manifest: the crate's, as it is written.
        root: the workspace root that it inherits from, if it has one.

    Raises:
        InvalidGlob: an entry of ``include`` or ``exclude`` that cargo cannot read.
        NotPackaged: a tracked file has a name that cargo keeps for itself, or a named one is not there.
    """
    include = package_value(manifest, root, "include") or ()
    globs = Globs(include or package_value(manifest, root, "exclude") or ())
    files: dict[str, str] = {}
    for path, place in _listed(manifest.folder, tree, is_walk=bool(include)):
        if len(files) > _MOST_FILES:
            raise NotPackaged(f"it has more than {_MOST_FILES} files")
        if path == "Cargo.toml" or globs.chooses(path) == bool(include):
            files[path] = place
    for name in GENERATED[1:]:
        if name in files:
            raise NotPackaged(f"{name} is tracked, which is a name that cargo keeps for itself")
    files.pop("Cargo.lock", None)
    for key in ("license-file", "readme"):
        named = _named_file(manifest, root, key, tree)
        if named is None:
            continue
        if named not in tree.paths and tree.resolve(named) not in tree.paths:
            raise NotPackaged(f"{key} `{named}` does not appear to exist")
        inside = named[len(manifest.folder) :].lstrip("/")
        files.setdefault(inside if starts_with(named, manifest.folder) else named.rpartition("/")[2], named)
    return files


def _named_file(manifest: Manifest, root: Manifest | None, key: str, tree: Tracked) -> str | None:
    written = manifest.table.get(manifest.package_key, {}).get(key)
    value, folder = package_value(manifest, root, key), manifest.folder
    if isinstance(written, dict):
        assert root is not None
        folder = root.folder
    if value is True:
        value = "README.md"
    if isinstance(value, str):
        return join(folder, value)
    if key == "readme" and value is None:
        found = (join(folder, name) for name in README_FILES)
        return next((path for path in found if path in tree.paths), None)
    return None


def _listed(folder: str, tree: Tracked, *, is_walk: bool) -> Iterator[tuple[str, str]]:
    """What cargo looks at: path in the package and in the repository.

    Without ``include`` that is what git lists, with it what lies in the folder; the two differ in ``target`` and in
    what a link leads to.
    """
    start = f"{folder}/" if folder else ""
    inside = [path for path in tree.paths if path.startswith(start)]
    nested = _nested(inside, start, is_walk=is_walk)
    for path in inside:
        name = path[len(start) :]
        if _is_below_one(path, nested) or (is_walk and name.startswith("target/")) or tree.in_nested(path):
            continue
        if path not in tree.links:
            yield name, path
            continue
        place = tree.resolve(path)
        if place is None or place not in tree.folders():
            if not is_walk or place in tree.paths:
                yield name, path
        elif f"{place}/Cargo.toml" not in tree.paths:
            yield from _below_link(name, (place,), tree)


def _below_link(name: str, entered: tuple[str, ...], tree: Tracked) -> Iterator[tuple[str, str]]:
    """What lies in a folder that a link leads to, as a walk sees it: the last of those that links led to so far."""
    start = f"{entered[-1]}/" if entered[-1] else ""
    inside = [path for path in tree.paths if path.startswith(start)]
    nested = _nested(inside, start, is_walk=True)
    for path in inside:
        if _is_below_one(path, nested):
            continue
        below = f"{name}/{path[len(start) :]}"
        place = tree.resolve(path) if path in tree.links else path
        if place in tree.paths:
            yield below, path
        elif place is not None and _may_enter(place, entered, tree):
            yield from _below_link(below, (*entered, place), tree)


def _may_enter(place: str, entered: tuple[str, ...], tree: Tracked) -> bool:
    is_loop = any(starts_with(one, place) for one in entered)
    return not is_loop and place in tree.folders() and f"{place}/Cargo.toml" not in tree.paths


def _nested(paths: Collection[str], start: str, *, is_walk: bool) -> frozenset[str]:
    """The folders of other packages below a folder that ends in a slash; a walk takes a folder for a manifest too."""
    found = {path.removesuffix("/Cargo.toml") for path in paths if path.endswith("/Cargo.toml")}
    if is_walk:
        found |= {path.partition("/Cargo.toml/")[0] for path in paths if "/Cargo.toml/" in path}
    return frozenset(folder for folder in found if len(folder) > len(start))


def _is_below_one(path: str, folders: Collection[str]) -> bool:
    while folders and path:
        path = path.rpartition("/")[0]
        if path in folders:
            return True
    return False
