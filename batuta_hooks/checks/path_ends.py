"""What lies at the end of a path that a manifest names, as a clone of the repository would find it."""

from __future__ import annotations

import posixpath

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.manifest import Dependency, Manifest, Package
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.workspace import ManifestFault


class PathEnd(NamedTuple):
    """The end of a path.

    Attributes:
        folder: where it leads, relative to the repository's top; `is_outside` tells whether it leaves it.
        package: the tracked package there, if there is one that can be read.
        version: the version of the crate there, tracked or in a sibling checkout; ``None`` where unknown.
        trouble: why a clone cannot use it, a clause; empty where it can.
        fix: how to mend the trouble, for a path inside the repository.
    """

    folder: str
    package: Package | None
    version: str | None
    trouble: str
    fix: str = ""


def path_end(facts: Facts, dependency: Dependency) -> PathEnd:
    """Follow a dependency's path; its folder is the one of the manifest that writes it (the root's, if inherited)."""
    assert dependency.path is not None
    folder = join(dependency.folder, dependency.path)
    end = folder_end(facts, folder, dependency.path, dependency.package)
    if end.fix and not facts.is_on_disk(join(folder, "Cargo.toml")):
        end = end._replace(fix=_lead_to_it(facts, dependency) or end.fix)
    return end


def folder_end(facts: Facts, folder: str, written: str, name: str) -> PathEnd:
    """What a clone finds in ``folder``, which a manifest writes as ``written`` and expects to hold package ``name``."""
    if is_outside(folder):
        sibling = facts.sibling(folder)
        version = sibling.version if sibling and sibling.name == name else None
        return PathEnd(folder, None, version, leaving(written))
    if facts.manifests.tree.in_submodule(folder):
        return PathEnd(folder, None, None, "")
    path = join(folder, "Cargo.toml")
    absence = facts.manifests.absence(path)
    if absence:
        return _absent(facts, folder, written, absence)
    manifest = facts.manifests.resolve(path)
    if not isinstance(manifest, Manifest):
        if facts.needs(path):
            return PathEnd(folder, None, None, "")  # PD008 says it where it stands, as an error
        trouble, fix = f"`{written}` holds a manifest that cargo cannot read", f"mend {path}"
        return PathEnd(folder, None, None, trouble, fix)
    package = manifest.package
    if package is None:
        trouble = f"`{written}` holds a workspace without a package"
        return PathEnd(folder, None, None, trouble, f"let the path lead to the folder of `{name}`")
    if package.name != name:
        fix = f'let the path lead to `{name}`, or write package = "{package.name}" beside it'
        return PathEnd(folder, None, None, f"`{written}` holds package `{package.name}`, not `{name}`", fix)
    return PathEnd(folder, package, package.version, "")


def leaving(written: str) -> str:
    """A clause about a path that leads out of the repository."""
    return f"`{written}` is an absolute path" if written.startswith("/") else f"`{written}` leaves the repository"


def _absent(facts: Facts, folder: str, written: str, absence: str) -> PathEnd:
    path = join(folder, "Cargo.toml")
    if isinstance(facts.manifests.load(path), ManifestFault):
        fix = "let the path lead to a folder of this repository, or require a published version"
        return PathEnd(folder, None, None, f"`{written}` cannot be read ({absence})", fix)
    if facts.is_on_disk(path):
        fix = f"git add {folder or '.'}, or require a published version"
        return PathEnd(folder, None, None, f"`{written}` is not tracked by git", fix)
    fix = "correct the path, or require a published version"
    if "\\" in written:
        fix = "write the path with `/`: a backslash separates folders on Windows alone"
    return PathEnd(folder, None, None, f"`{written}` holds no Cargo.toml", fix)


def _lead_to_it(facts: Facts, dependency: Dependency) -> str:
    """How to write the path if exactly one tracked package has the name that it should lead to."""
    tree, manifests = facts.manifests.tree, facts.manifests
    found = [manifest for path in tree.manifest_paths if isinstance(manifest := manifests.load(path), Manifest)]
    folders = [manifest.folder for manifest in found if manifest.name == dependency.package]
    if len(folders) != 1:
        return ""
    relative = posixpath.relpath(f"/{folders[0]}", f"/{dependency.folder}")
    return f'write path = "{relative}"'
