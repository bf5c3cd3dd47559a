"""A published version of a crate, as the registry's index describes it (docs/cargo-rules.md)."""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple


class IndexDependency(NamedTuple):
    """A dependency of a release, of whatever kind.

    Attributes:
        name: the name that the crate's own code and features use for it; another than `package` if it is renamed.
        package: the crate.
        requirement: the text of the version requirement.
        features: the features requested of it.
        optional: whether a feature must ask for it.
        default_features: whether its default features are requested.
        target: a target's name or `cfg(…)` for which alone it counts, else None.
        kind: `normal`, `dev` or `build`.
        registry: the URL of the index that it comes from; None for the index that names it.
    """

    name: str
    package: str
    requirement: str
    features: tuple[str, ...]
    optional: bool
    default_features: bool
    target: str | None
    kind: str
    registry: str | None


class Release(NamedTuple):
    """A version of a crate as its index describes it.

    Attributes:
        name: the crate's name in its own letter case.
        version: the version's text.
        yanked: whether it is yanked.
        checksum: the SHA-256 of its archive, in hexadecimal.
        dependencies: all of them.
        features: what each feature enables, `features2` included; implicit features of optional dependencies are not.
        links: the native library that it links to, if it says so.
        rust_version: the oldest Rust release that it declares to work with, one to three numbers.
        published_at: when it was published, `yyyy-mm-ddThh:mm:ssZ`, if known.
    """

    name: str
    version: str
    yanked: bool
    checksum: str
    dependencies: tuple[IndexDependency, ...]
    features: dict[str, tuple[str, ...]]
    links: str | None
    rust_version: str | None
    published_at: str | None
