"""What changed in a crate since its last release, asked of content: histories are rewritten after tagging.

Compared are the files that cargo would package of a commit with those of the published archive, else with those of the
release's tag.  Left out are Cargo.lock, Cargo.toml.orig and .cargo_vcs_info.json, which cargo makes; of Cargo.toml the
meaning counts, see `batuta_hooks.domain.published_manifest`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from batuta_hooks.domain.inheritance import merged_table
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.package_files import GENERATED, packaged_files
from batuta_hooks.domain.published_manifest import differing_keys
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.workspace import Manifests, inherits
from batuta_hooks.git.history import Commit
from batuta_hooks.git.tree import GitTree
from batuta_hooks.registry.archive import ArchiveFacts

NEVER, UNCHANGED, CHANGED, UNKNOWN = "never-released", "unchanged", "changed", "unknown"

_MANIFEST = "Cargo.toml"
_SHA1_LENGTH = 40


class Content(NamedTuple):
    """What a package holds.

    Attributes:
        blobs: git's SHA-1 of each file's content, by the file's path in the package; those that cargo makes left out.
        table: its manifest, inheritance resolved.
    """

    blobs: Mapping[str, str]
    table: Mapping[str, Any]


class Change(NamedTuple):
    """What changed in a crate.

    Attributes:
        state: a constant of this module.
        since: the version that it was compared with; ``None`` where there was none.
        against: what of that version: ``archive`` or ``tag``; empty where nothing was compared.
        files: the files that differ, by their path in the package, sorted.
        keys: the keys of the manifest that differ in meaning, sorted.
        commits: those that changed something in the crate's folder since, newest first; ``None`` where history does
            not tell.
        why: the reason for ``unknown``, a clause; else empty.
    """

    state: str
    since: str | None = None
    against: str = ""
    files: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    commits: tuple[Commit, ...] | None = None
    why: str = ""


def compare(now: Content, before: Content, *, since: str, against: str) -> Change:
    """The change from one content to another; `Change.commits` is for who knows the history."""
    names = {*now.blobs, *before.blobs}
    files = tuple(sorted(name for name in names if now.blobs.get(name) != before.blobs.get(name)))
    keys = tuple(differing_keys(now.table, before.table))
    return Change(CHANGED if files or keys else UNCHANGED, since, against, files, keys)


def content_of(manifests: Manifests, manifest: Manifest, tree: GitTree) -> Content:
    """What cargo would package of a crate.

    Args:
        manifest: as it is written, from ``manifests``, which cargo can load.
        tree: that of the same commit.

    Raises:
        InvalidGlob, NotPackaged: cargo would refuse to package it.
        BatutaError: git cannot be asked.
    """
    found = manifests.root_of(manifest) if inherits(manifest) else None
    root = found if isinstance(found, Manifest) else None
    files = packaged_files(manifest, root, tree)
    blobs = {name: _blob(tree, place) for name, place in files.items() if name != _MANIFEST}
    return Content(blobs, manifest.table if root is None else merged_table(manifest, root))


def _blob(tree: GitTree, path: str) -> str:
    place = tree.resolve(path)
    oid = tree.oid(place if place is not None else path) or ""
    if len(oid) <= _SHA1_LENGTH:
        return oid
    content = tree.read(path)
    data = content if isinstance(content, bytes) else b""
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def content_of_archive(facts: ArchiveFacts) -> Content | None:
    """What a published archive holds; ``None`` where its manifest cannot be read."""
    try:
        table = read_toml(facts.manifest.encode())
    except TomlFault:
        return None
    left_out = {*GENERATED, _MANIFEST}
    return Content({file.path: file.blob for file in facts.files if file.path not in left_out}, table)
