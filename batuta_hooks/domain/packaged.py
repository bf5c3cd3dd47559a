"""A manifest as cargo would publish it: its line of the index, and what it would upload beside the files.

Paths and git sources go, and with them dev-dependencies that have no version and the feature entries that name those;
inheritance is resolved (docs/cargo-rules.md).
"""

from __future__ import annotations

from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL, Dependency, Manifest
from batuta_hooks.domain.release import IndexDependency, Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from batuta_hooks.domain.crates_io import Upload

_KINDS = {NORMAL: "normal", DEV: "dev", BUILD: "build"}
_TEXTS = ("description", "license", "license-file", "homepage", "documentation", "repository")
#: How a manifest may spell crates.io itself where it names a registry's index.
CRATES_IO_INDEXES = ("https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")


def as_release(manifest: Manifest, *, keeps_all: bool = False) -> Release:
    """What the index would say of the package; it is not there, so without checksum and time.

    Args:
        manifest: a resolved one with a package.
        keeps_all: whether versionless dependencies stay, as they do in the workspace; they require `*`.
    """
    package = manifest.package
    assert package is not None
    kept = manifest.dependencies if keeps_all else [one for one in manifest.dependencies if not is_stripped(one)]
    stripped = {one.name for one in manifest.dependencies} - {one.name for one in kept}
    features = {
        name: tuple(value for value in values if _named(value) not in stripped)
        for name, values in manifest.table.get("features", {}).items()
    }
    links = manifest.table.get(manifest.package_key, {}).get("links")
    return Release(
        package.name,
        package.version or "0.0.0",
        False,
        "",
        tuple(map(as_index_dependency, kept)),
        features,
        links if isinstance(links, str) else None,
        None,
        None,
    )


def is_stripped(dependency: Dependency) -> bool:
    """Whether cargo leaves the dependency out of the published manifest."""
    return dependency.kind == DEV and dependency.requirement is None


def _named(value: str) -> str:
    """The dependency that a feature's value names, empty where it is another feature."""
    if value.startswith("dep:"):
        return value[4:]
    name, slash, _ = value.partition("/")
    return name.removesuffix("?") if slash else ""


def as_index_dependency(dependency: Dependency) -> IndexDependency:
    """What the index would say of an entry of a resolved manifest; it requires `*` where it has no version."""
    shared = _table(dependency.entry)
    own = _table(dependency.member_entry) if dependency.inherited else shared
    registry = dependency.registry
    return IndexDependency(
        dependency.name,
        dependency.package,
        "*" if dependency.requirement is None else dependency.requirement,
        features_of(dependency),
        own.get("optional") is True,
        _has_defaults(shared) is not False or (dependency.inherited and _has_defaults(own) is True),
        dependency.target,
        _KINDS.get(dependency.kind, "normal"),
        None if registry in CRATES_IO_INDEXES else registry,
    )


def features_of(dependency: Dependency) -> tuple[str, ...]:
    """The features that an entry of a resolved manifest requests, the root's and the member's own."""
    shared = tuple(_table(dependency.entry).get("features", ()))
    if not dependency.inherited:
        return shared
    return shared + tuple(_table(dependency.member_entry).get("features", ()))


def _has_defaults(entry: Mapping[str, Any]) -> bool | None:
    written = entry.get("default-features", entry.get("default_features"))
    return written if isinstance(written, bool) else None


def _table(entry: Any) -> Mapping[str, Any]:
    return entry if isinstance(entry, dict) else {}


def as_upload(manifest: Manifest, root: Manifest | None) -> Upload:
    """What would be uploaded of a resolved manifest; dependencies without a version never are.

    Args:
        root: the workspace root that it inherits from, if any.
    """
    from batuta_hooks.domain.crates_io import Upload, UploadDependency  # guards upload nothing

    package = manifest.package
    assert package is not None
    shared = root.workspace.package if root is not None and root.workspace is not None else {}
    written = manifest.table.get(manifest.package_key, {})

    def value(key: str) -> Any:
        own = written.get(key)
        return shared.get(key) if isinstance(own, dict) else own

    def texts(key: str) -> list[str]:
        found = value(key)
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    versioned = (as_index_dependency(one) for one in manifest.dependencies if one.requirement is not None)
    dependencies = [
        UploadDependency(one.package, "" if one.name == one.package else one.name, one.requirement, one.registry or "")
        for one in versioned
    ]
    return Upload(
        package.name,
        package.version or "0.0.0",
        {key: found for key in _TEXTS if isinstance(found := value(key), str)},
        texts("keywords"),
        texts("categories"),
        as_release(manifest).features,
        dependencies,
    )
