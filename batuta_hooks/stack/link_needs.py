"""Whether a checkout requires what a published version requires: what cargo compares before it takes the one for the
other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from batuta_hooks.domain.manifest import DEV, Dependency, Manifest
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import Requirement


class Need(NamedTuple):
    """A normal or build dependency as the resolver sees it; dev-dependencies are nobody's who only uses the crate."""

    package: str
    requirement: str
    kind: str
    target: str | None
    optional: bool
    default_features: bool
    features: frozenset[str]


def published_needs(release: Release) -> set[Need]:
    """What a published version needs."""
    return {
        Need(
            one.package,
            str(Requirement.parse(one.requirement)),
            one.kind,
            one.target,
            one.optional,
            one.default_features,
            frozenset(one.features),
        )
        for one in release.dependencies
        if one.kind != "dev"
    }


def checkout_needs(manifest: Manifest) -> set[Need]:
    """What the crate of a resolved manifest needs."""
    return {_need(one, manifest.table) for one in manifest.dependencies if one.kind != DEV}


def _need(dependency: Dependency, table: Mapping[str, Any]) -> Need:
    shared = dependency.entry if isinstance(dependency.entry, dict) else {}
    own: Any = table
    for part in dependency.user_key:
        own = own[part]
    own = own if isinstance(own, dict) else {}
    return Need(
        dependency.package,
        str(Requirement.parse(dependency.requirement or "*")),
        "build" if dependency.kind.startswith("build") else "normal",
        dependency.target,
        bool(own.get("optional", False)),
        _wants_defaults(shared, own),
        frozenset([*shared.get("features", ()), *own.get("features", ())]),
    )


def _wants_defaults(shared: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    # a member can ask for the default features that its root leaves out, and not the other way round
    root, member = (entry.get("default-features", entry.get("default_features")) for entry in (shared, own))
    return root is not False or (own is not shared and member is True)
