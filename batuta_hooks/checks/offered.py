"""What the registry offers for one requirement, newest first, as VA006 and VA008 ask for it: one version after another.

A requirement that is met by a version yet to be published, or by none at all, is left to others (VA001, VA002).
"""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.checks.published_versions import is_coming
from batuta_hooks.checks.requirements import needs_registry
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.packaged import as_release, features_of
from batuta_hooks.domain.version_text import prefix_of, read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator, Sequence

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency, Key, Manifest
    from batuta_hooks.domain.release import IndexDependency, Release
    from batuta_hooks.domain.semver import Requirement


def offered_needs(
    facts: Facts, manifest: Manifest, only: Container[Key] | None = None
) -> Iterator[tuple[Dependency, Sequence[str]]]:
    """The dependencies that crates.io must have, each with the unyanked versions that match, newest first.

    Args:
        only: the keys in the manifest of those that are wanted; ``None`` for all.
    """
    assert manifest.package is not None
    for dependency, requirement in needs_registry(facts, manifest):
        if only is not None and dependency.user_key not in only:
            continue
        published = facts.published(dependency.package)
        if isinstance(published, Unknown) or is_coming(
            facts, manifest.name, dependency.package, requirement, published
        ):
            continue
        versions = matching(requirement, published.versions)
        if versions:
            yield dependency, versions


@lru_cache(maxsize=2048)  # the crates of a stack require the same of the same
def matching(requirement: Requirement, texts: tuple[str, ...]) -> Sequence[str]:
    """The versions that a requirement matches, newest first."""
    begins = prefix_of(requirement)
    near = [text for text in texts if text.startswith(begins)]
    read = ((version, text) for text in near if (version := read_version(text)) is not None)
    found = [(version.precedence, text) for version, text in read if requirement.matches(version)]
    return [text for _, text in sorted(found, key=lambda one: one[0], reverse=True)]


def releases(facts: Facts, package: str, versions: Sequence[str]) -> Iterator[Release | Unknown]:
    """What the index says of versions; one that it does not describe is passed over."""
    for version in versions:
        release = facts.release(package, version)
        if release is not None:
            yield release


def asked_of(manifest: Manifest) -> dict[Key, IndexDependency]:
    """What `spelled_out` gives of the dependencies whose features are asked for, by their keys in the manifest."""
    said = manifest.table.get("features", {}).values()
    if not any(map(features_of, manifest.dependencies)) and not any(
        "/" in value for values in said for value in values
    ):
        return {}
    return {one.user_key: asked for one, asked in spelled_out(manifest) if asked.features}


def spelled_out(manifest: Manifest) -> list[tuple[Dependency, IndexDependency]]:
    """A package's dependencies, each with what the index would say of it: features inherited or asked for by others
    of its own features are among those of the entry.
    """
    release = as_release(manifest, keeps_all=True)
    asked: dict[str, set[str]] = {}
    for values in release.features.values():
        for value in values:
            name, slash, feature = value.partition("/")
            if slash:
                asked.setdefault(name.removesuffix("?"), set()).add(feature)
    pairs = zip(manifest.dependencies, release.dependencies, strict=True)
    return [(one, _with_features(said, asked.get(said.name, ()))) for one, said in pairs]


def _with_features(said: IndexDependency, more: Collection[str]) -> IndexDependency:
    features = tuple(dict.fromkeys((*said.features, *sorted(more))))
    return said if features == said.features else said._replace(features=features)
