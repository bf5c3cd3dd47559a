"""What the checks of versions share: a manifest's requirements, who must meet them, and findings at their lines."""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.tree import join
from batuta_hooks.domain.version_text import prefix_of, read_version
from batuta_hooks.domain.workspace import line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.locks import Lockfile

CRATES_IO_INDEXES = ("https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")
"""The addresses under which cargo knows crates.io's index."""


@lru_cache(maxsize=4096)  # a stack spells a few hundred requirements, over and over
def parsed(text: str) -> Requirement:
    """The requirement that a manifest's text spells; its schema has let it pass."""
    return Requirement.parse(text)


def judged_manifests(facts: Facts) -> Iterator[Manifest]:
    """The judged manifests that hold a package and can be read, with those of their dependencies that count."""
    for path in facts.judged:
        manifest = facts.manifests.resolve(path)
        if isinstance(manifest, Manifest) and manifest.package is not None:
            yield manifest if facts.about is None else _narrowed(manifest, facts.about)


def _narrowed(manifest: Manifest, packages: Collection[str]) -> Manifest:
    return manifest._replace(dependencies=tuple(one for one in manifest.dependencies if one.package in packages))


def is_from_crates_io(dependency: Dependency) -> bool:
    """Whether crates.io is the registry of a dependency, as far as it has one."""
    return dependency.registry is None or dependency.registry in CRATES_IO_INDEXES


def needs_registry(facts: Facts, manifest: Manifest) -> Iterator[tuple[Dependency, Requirement]]:
    """The dependencies that crates.io must have, with what is required of them.

    Those of a package that may be published: cargo resolves them all against the registry, dev ones with a version
    too (docs/cargo-rules.md).  Of any other those without a path, a git address and a patch: cargo looks nowhere else.
    """
    assert manifest.package is not None
    is_public = manifest.package.is_publishable
    patched = frozenset() if is_public else _patched(facts, manifest)
    for dependency in manifest.dependencies:
        if dependency.requirement is None or not is_from_crates_io(dependency):
            continue
        is_elsewhere = dependency.path is not None or dependency.git is not None or dependency.package in patched
        if is_public or not is_elsewhere:
            yield dependency, parsed(dependency.requirement)


def _patched(facts: Facts, manifest: Manifest) -> frozenset[str]:
    root = facts.manifests.root_of(manifest)
    holder = root if isinstance(root, Manifest) else manifest
    return frozenset(patch.dependency.package for patch in holder.patches)


def lockfile_of(facts: Facts, manifest: Manifest) -> Lockfile | None:
    """The Cargo.lock that cargo uses for a package, beside its workspace root; ``None`` where none can be read."""
    root = facts.manifests.root_of(manifest)
    holder = root if isinstance(root, Manifest) else manifest
    found = facts.lockfile(join(holder.folder, "Cargo.lock"))
    return None if found is None or isinstance(found, ValueError) else found


def newest_matching(requirement: Requirement, versions: Iterable[str]) -> Version | None:
    """The newest version that a requirement matches; ``None`` where there is none."""
    begins = prefix_of(requirement)
    near = (text for text in versions if text.startswith(begins))
    return max((version for version in read_all(near) if requirement.matches(version)), default=None)


def is_matched(requirement: Requirement, versions: tuple[str, ...]) -> bool:
    """Whether a requirement matches one of the versions; the last ones, which are the likeliest, are tried first."""
    begins = prefix_of(requirement)
    near = (text for text in reversed(versions) if text.startswith(begins))
    return any(requirement.matches(version) for version in read_all(near))


def read_all(versions: Iterable[str]) -> Iterator[Version]:
    """The versions that the texts spell; others are passed over."""
    for text in versions:
        version = read_version(text)
        if version is not None:
            yield version


def at_line(
    facts: Facts, manifest: Manifest, dependency: Dependency, code: str, severity: str, message: str, fix: str
) -> Finding:
    """A finding about a dependency, at the line that has to change: the root's where it is inherited."""
    line, column = facts.manifests.position(_holder(facts, dependency), dependency.key)
    return Finding(
        dependency.manifest_path, line, column, code, severity, message, fix, manifest.name, dependency.package
    )


def write_requirement(facts: Facts, dependency: Dependency, requirement: str) -> str:
    """The order that gives a dependency another requirement, all else kept as it is spelled."""
    from batuta_hooks.domain.dependency_entry import versioning

    holder = _holder(facts, dependency)
    line, column = facts.manifests.position(holder, dependency.key)
    return versioning(dependency, line_of(holder.text, line), column, requirement, keep_source=True)


def _holder(facts: Facts, dependency: Dependency) -> Manifest:
    """The manifest in which the values of a dependency stand."""
    stands_in = facts.manifests.load(dependency.manifest_path)
    assert isinstance(stands_in, Manifest)
    return stands_in
