"""VA001-VA012: whether what the crates of a stack require is published, checked out and compatible.

Each check is a file of its own; this is their union, which the guard and `batuta-stack check` ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from batuta_hooks.checks import (
    checkout_versions,
    compatible_steps,
    features,
    namesakes,
    native_links,
    published_versions,
)
from batuta_hooks.checks.requirements import judged_manifests
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.tree import join


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """All that the checks of versions say of the judged manifests and their lock files.

    What only some stacks give reason for is imported where there is reason: guards start with every commit.
    """
    yield from namesakes.find(facts)
    facts = namesakes.without_strangers(facts)
    yield from _alone(facts)
    yield from _together(facts)


def find_own(facts: Facts) -> Iterator[Finding | Unknown]:
    """The part of `find_alone` that rests on no lock file's other members, but for `namesakes`.

    What it says of a manifest rests on that as it is resolved, on its root and its lock file, on the registry, and of
    the crates that it names on `batuta_hooks.checks.faces.face_of` alone.
    """
    yield from _required(facts)
    yield from features.find(facts)
    yield from native_links.find(facts)
    if any("rust-version" in manifest.table.get(manifest.package_key, {}) for manifest in judged_manifests(facts)):
        from batuta_hooks.checks import rust_versions

        yield from rust_versions.find(facts)


def find_shared(facts: Facts, linked: native_links.Linked | None = None) -> Iterator[Finding | Unknown]:
    """The part of `find_together` that is said of single dependencies.

    What it says of a manifest rests on that as it is resolved, on which crates of the stack lead to which, on all that
    crates need of the packages that it names and of its own, and on the registry; of a dependency, on what crates need
    of that package instead of all.

    Args:
        linked: what `batuta_hooks.checks.native_links.linking` gives, where manifests are judged one by one.
    """
    yield from _shared(facts)
    if _has_disputed(facts):
        yield from native_links.find_beside(facts, linked)
    if facts.policy.exclusive:
        from batuta_hooks.checks import exclusive_features

        yield from exclusive_features.find(facts)
    yield from compatible_steps.find(facts)


def suspected(facts: Facts, package: str, linked: native_links.Linked) -> set[str]:
    """The crates of which `find_shared` may say something about a package, what VA011 says aside.

    Args:
        linked: what `batuta_hooks.checks.native_links.linking` gives.
    """
    if package in facts.policy.exclusive:
        return {crate.name for crate, _ in facts.stack.whole.needing_briefly(package)}
    if not facts.stack.whole.is_disputed(package):
        return set()
    from batuta_hooks.checks import shared_versions

    needs = *shared_versions.suspected(facts, package), *native_links.suspected_beside(facts, package, linked)
    return {need.crate.name for need in needs}


def find_circles(facts: Facts) -> Iterator[Finding | Unknown]:
    """The other part of `find_together`: what the stack's crates need of each other, and the registry has of them."""
    if any(facts.stack.whole.comes_back_to(manifest.name) for manifest in judged_manifests(facts)):
        from batuta_hooks.checks import circles

        yield from circles.find(facts)


def find_alone(facts: Facts) -> Iterator[Finding | Unknown]:
    """The part of `find` that looks at the judged repository and, by `Stack.crate`, at single crates of the stack.

    Of those crates nothing counts but what they are: what they need makes no difference.
    """
    yield from namesakes.find(facts)
    yield from _alone(namesakes.without_strangers(facts))


def find_together(facts: Facts) -> Iterator[Finding | Unknown]:
    """The other part of `find`: what the needs of all crates of the stack come to."""
    yield from _together(namesakes.without_strangers(facts))


def has_locks(facts: Facts) -> bool:
    """Whether a lock file stands beside a judged manifest."""
    return any(facts.lockfile(join(path, "../Cargo.lock")) is not None for path in facts.judged)


def find_required(facts: Facts) -> Iterator[Finding | Unknown]:
    """The part of `find` that asks for another requirement: VA001-VA005."""
    facts = namesakes.without_strangers(facts)
    yield from _required(facts)
    yield from _shared(facts)


def _required(facts: Facts) -> Iterator[Finding | Unknown]:
    yield from published_versions.find(facts)
    yield from checkout_versions.find(facts)
    if facts.policy.versions:
        from batuta_hooks.checks import version_policy

        yield from version_policy.find(facts)


def _alone(facts: Facts) -> Iterator[Finding | Unknown]:
    yield from find_own(facts)
    if has_locks(facts):
        from batuta_hooks.checks import lock_files, lock_splits

        yield from lock_files.find(facts)
        yield from lock_splits.find(facts)


def _together(facts: Facts) -> Iterator[Finding | Unknown]:
    yield from find_shared(facts)
    yield from find_circles(facts)


def _shared(facts: Facts) -> Iterator[Finding]:
    if _has_disputed(facts):
        from batuta_hooks.checks import shared_versions

        yield from shared_versions.find(facts)


def _has_disputed(facts: Facts) -> bool:
    stack = facts.stack.whole
    return any(stack.is_disputed(one.package) for manifest in judged_manifests(facts) for one in manifest.dependencies)
