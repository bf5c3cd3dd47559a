"""``check --deep``: what users of each crate would get, once what stands in the checkouts is published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.crates_io import Registries, Wanted
from batuta_hooks.stack.judging import Opened, judged_paths

#: How often the registry is asked about crates that an earlier answer first named: as deep as their dependencies go.
_MOST_ROUNDS = 64


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
    ask: Callable[[Sequence[Wanted]], bool] | None = None,
) -> Deep:
    """Resolve every crate that may be published as its users would.

    Where the registry may be asked, it is asked about what they reach, round by round.

    Args:
        opened: all repositories.
        selected: names of the crates to look at; none for all.
        places: the repositories whose crates to look at; ``None`` for all.
        ask: asks about crates, into the cache that the registries read, and says whether it is worth to look again;
            ``None`` to let the registries ask.
    """
    packages = [(facts, manifest) for facts in _every(opened, registries) for manifest in _manifests(facts)]
    coming: dict[str, list[Release]] = {}
    for _, manifest in packages:
        coming.setdefault(manifest.name, []).append(as_release(manifest))
    chosen = [
        (facts, manifest)
        for facts, manifest in packages
        if (not selected or manifest.name in selected) and (places is None or facts.repository in places)
    ]
    crates = _look_at_all(chosen, coming, {one.checkout.path: one for one in opened}, registries, ask or registries.ask)
    findings: dict[str, list[Finding]] = {}
    for (facts, manifest), crate in zip(chosen, crates, strict=True):
        meeting = meeting_of(facts.stack.whole)
        for held in crate.shared:
            # where crates of the stack themselves disagree, that is said already
            if not meeting.clashes(held.dependency, everywhere=False):
                finding = split_finding(facts, manifest, held)
                if finding is not None:
                    findings.setdefault(facts.repository, []).append(finding)
    return Deep(tuple(crates), findings)


def _look_at_all(
    chosen: Sequence[tuple[Facts, Manifest]],
    coming: Mapping[str, Sequence[Release]],
    opened: Mapping[str, Opened],
    registries: Registries,
    ask: Callable[[Sequence[Wanted]], bool],
) -> list[Downstream]:
    """Resolve packages, and those of them anew that reached what the registry then told more of."""
    shelves: dict[object, Shelf] = {}
    found: dict[int, Downstream] = {}
    asked: set[str] = set()
    due: Collection[int] = range(len(chosen))
    for _ in range(_MOST_ROUNDS):
        wanted: dict[str, set[str]] = {}
        for number in due:
            facts, manifest = chosen[number]
            if facts.published not in shelves:
                there = as_if_published(facts, coming)
                shelves[facts.published] = Shelf(there.published, there.release)

            def matters(package: str, facts: Facts = facts) -> bool:
                return is_shared(meeting_of(facts.stack.whole), facts.policy, package)

            crate = look(manifest, shelves[facts.published], matters)._replace(repository=facts.repository)
            found[number] = crate
            wanted.setdefault(facts.repository, set()).update(crate.unseen)
        fresh = {name for names in wanted.values() for name in names if is_crate_name(name)} - asked
        asked |= fresh
        asking = [
            Wanted(opened[place].folder, names & fresh, opened[place].config.ttl_s) for place, names in wanted.items()
        ]
        if not fresh or not ask(asking):
            break
        registries.forget(fresh)
        for shelf in shelves.values():
            shelf.look_again(fresh, {})
        due = [number for number, crate in found.items() if not fresh.isdisjoint(crate.unseen)]
    return [found[number] for number in range(len(chosen))]


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
