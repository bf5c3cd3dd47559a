"""VA001-VA012: whether what the crates of a stack require is published, checked out and compatible.

Each check is a file of its own; this is their union, which the guard and `batuta-stack check` ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from batuta_hooks.checks import (
    checkout_versions,
    circles,
    compatible_steps,
    features,
    lock_files,
    lock_splits,
    namesakes,
    native_links,
    published_versions,
    rust_versions,
    shared_versions,
    version_policy,
)
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """All that the checks of versions say of the judged manifests and their lock files."""
    yield from namesakes.find(facts)
    facts = namesakes.without_strangers(facts)
    yield from published_versions.find(facts)
    yield from checkout_versions.find(facts)
    yield from version_policy.find(facts)
    yield from shared_versions.find(facts)
    yield from features.find(facts)
    yield from native_links.find(facts)
    yield from rust_versions.find(facts)
    yield from lock_files.find(facts)
    yield from lock_splits.find(facts)
    yield from circles.find(facts)
    yield from compatible_steps.find(facts)
