"""What makes the files of a package unpublishable: what cargo cannot list, put into an archive, or build anything from.

Rules of cargo 1.95, tried out (docs/cargo-rules.md).  Where no source is tracked at all nothing is said of sources.
"""

from __future__ import annotations

import re

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.package_files import NotPackaged, packaged_files
from batuta_hooks.domain.package_globs import InvalidGlob
from batuta_hooks.domain.publishable import Reason
from batuta_hooks.domain.tree import join
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.package_files import Tracked

_SIGNS = '\\<>:"|?*'
_FOUND_BY_CARGO = re.compile(r"src/(lib|main)\.rs|(src/bin|examples|tests|benches)/([^/]+\.rs|[^/]+/main\.rs)")
_TARGETS = ("bin", "example", "test", "bench")


def refused_for_files(facts: Facts, manifest: Manifest) -> Iterator[Reason]:
    """The reasons for which cargo does not package the tracked files of a resolved manifest's package; first one only.

    Nothing where it is not known which files are tracked.
    """
    tree = facts.tracked
    if tree is None:
        return
    root = facts.manifests.root_of(manifest) if manifest.inherited_keys else None
    try:
        files = packaged_files(manifest, root if isinstance(root, Manifest) else None, tree)
    except (InvalidGlob, NotPackaged) as error:
        yield _reason(facts, manifest, str(error), str(error).partition(" ")[0])
        return
    bad = next((why for name, place in files.items() if (why := _fault(name, place, tree))), "")
    if bad:
        yield _reason(facts, manifest, bad)
    elif not _builds(manifest, files) and _builds(manifest, _inside(manifest, tree)):
        key = "include" if "include" in manifest.table[manifest.package_key] else "exclude"
        yield _reason(facts, manifest, f"`{key}` leaves out every source that a target could be built from", key)


def _fault(name: str, place: str, tree: Tracked) -> str:
    last = name.rpartition("/")[2]
    sign = next((sign for sign in _SIGNS if sign in last), "")
    if sign:
        return f"the file name `{name}` has the special character `{sign}`"
    if not name.isascii() and any("\udc80" <= sign <= "\udcff" for sign in name):
        return "a file name is no UTF-8"
    end = tree.resolve(place) if place in tree.links else None
    return f"`{name}` is a symbolic link to `{end}`, which is not there" if end and end not in tree.paths else ""


def _inside(manifest: Manifest, tree: Tracked) -> Collection[str]:
    start = f"{manifest.folder}/" if manifest.folder else ""
    return [path[len(start) :] for path in tree.paths if path.startswith(start)]


def _builds(manifest: Manifest, files: Collection[str] | Mapping[str, str]) -> bool:
    """Whether some file may be a target's: one that cargo finds itself, or that the manifest names."""
    if any(path.endswith(".rs") and _FOUND_BY_CARGO.fullmatch(path) for path in files):
        return True
    named = [manifest.table.get("lib", {}), *(one for kind in _TARGETS for one in manifest.table.get(kind, ()))]
    return any(join("", str(one["path"])) in files for one in named if "path" in one)


def _reason(facts: Facts, manifest: Manifest, why: str, key: str = "") -> Reason:
    package = manifest.table[manifest.package_key]
    place = (manifest.package_key, key) if key in package else (manifest.package_key,)
    line = position_of(manifest.text, place)[0]
    return Reason(f"cargo does not package it: {why}", "", facts.repository, manifest.path, line)
