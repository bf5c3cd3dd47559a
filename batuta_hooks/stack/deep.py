"""``check --deep``: what users of each crate would get, once what stands in the checkouts is published."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.checks.downstream import Downstream, as_if_published, look, split_finding
from batuta_hooks.checks.meeting import meeting_of
from batuta_hooks.checks.shared_versions import is_shared
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.packaged import as_release
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.shelf import Shelf
from batuta_hooks.stack.crates_io import Registries
from batuta_hooks.stack.judging import Opened, judged_paths


class Deep(NamedTuple):
    """What was found.

    Attributes:
        crates: those that may be published, in the order of the stack.
        findings: by repository.
    """

    crates: tuple[Downstream, ...] = ()
    findings: Mapping[str, Sequence[Finding]] = {}


def look_deep(
    opened: Sequence[Opened],
    registries: Registries,
    selected: Collection[str] = (),
    places: Collection[str] | None = None,
) -> Deep:
    """Resolve every crate that may be published as its users would.

    Args:
        opened: all repositories.
        selected: names of the crates to look at; none for all.
        places: the repositories whose crates to look at; ``None`` for all.
    """
    packages = [(facts, manifest) for facts in _every(opened, registries) for manifest in _manifests(facts)]
    coming: dict[str, list[Release]] = {}
    for _, manifest in packages:
        coming.setdefault(manifest.name, []).append(as_release(manifest))
    shelves: dict[object, Shelf] = {}
    crates: list[Downstream] = []
    findings: dict[str, list[Finding]] = {}
    for facts, manifest in packages:
        if (selected and manifest.name not in selected) or (places is not None and facts.repository not in places):
            continue
        shelf = shelves.get(facts.published)
        if shelf is None:
            there = as_if_published(facts, coming)
            shelf = shelves[facts.published] = Shelf(there.published, there.release)
        meeting = meeting_of(facts.stack.whole)

        def matters(package: str, facts: Facts = facts) -> bool:
            return is_shared(meeting_of(facts.stack.whole), facts.policy, package)

        crate = look(manifest, shelf, matters)._replace(repository=facts.repository)
        crates.append(crate)
        for held in crate.shared:
            # where crates of the stack themselves disagree, that is said already
            if not meeting.clashes(held.dependency, everywhere=False):
                finding = split_finding(facts, manifest, held)
                if finding is not None:
                    findings.setdefault(facts.repository, []).append(finding)
    return Deep(tuple(crates), findings)


def _every(opened: Sequence[Opened], registries: Registries) -> list[Facts]:
    found = []
    for one in opened:
        view = registries.at(one.folder, one.config.ttl_s)
        judged = judged_paths(one.facts.judged, one.config)
        found.append(one.facts._replace(judged=judged, published=view.published, release=view.release))
    return found


def _manifests(facts: Facts) -> list[Manifest]:
    found = (facts.manifests.resolve(path) for path in facts.judged)
    return [
        one
        for one in found
        if isinstance(one, Manifest) and one.package and one.package.version and one.package.is_bound_for_crates_io
    ]
