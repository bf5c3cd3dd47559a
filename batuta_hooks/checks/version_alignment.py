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


def find_alone(facts: Facts) -> Iterator[Finding | Unknown]:
    """The part of `find` that looks at the judged repository and, by `Stack.crate`, at single crates of the stack.

    Of those crates nothing counts but what they are: what they need makes no difference.
    """
    yield from namesakes.find(facts)
    yield from _alone(namesakes.without_strangers(facts))


def find_together(facts: Facts) -> Iterator[Finding | Unknown]:
    """The other part of `find`: what the needs of all crates of the stack come to."""
    yield from _together(namesakes.without_strangers(facts))


def _alone(facts: Facts) -> Iterator[Finding | Unknown]:
    yield from published_versions.find(facts)
    yield from checkout_versions.find(facts)
    if facts.policy.versions:
        from batuta_hooks.checks import version_policy

        yield from version_policy.find(facts)
    yield from features.find(facts)
    yield from native_links.find(facts)
    if any("rust-version" in manifest.table.get(manifest.package_key, {}) for manifest in judged_manifests(facts)):
        from batuta_hooks.checks import rust_versions

        yield from rust_versions.find(facts)
    if any(facts.lockfile(join(path, "../Cargo.lock")) is not None for path in facts.judged):
        from batuta_hooks.checks import lock_files, lock_splits

        yield from lock_files.find(facts)
        yield from lock_splits.find(facts)


def _together(facts: Facts) -> Iterator[Finding | Unknown]:
    stack, manifests = facts.stack.whole, list(judged_manifests(facts))
    if any(stack.is_disputed(one.package) for manifest in manifests for one in manifest.dependencies):
        from batuta_hooks.checks import shared_versions

        yield from shared_versions.find(facts)
        yield from native_links.find_beside(facts)
    if facts.policy.exclusive:
        from batuta_hooks.checks import exclusive_features

        yield from exclusive_features.find(facts)
    if any(stack.comes_back_to(manifest.name) for manifest in manifests):
        from batuta_hooks.checks import circles

        yield from circles.find(facts)
    yield from compatible_steps.find(facts)
