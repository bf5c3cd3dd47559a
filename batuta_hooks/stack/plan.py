"""The release plan: a pure function of what was observed, so that the same facts give the same plan and id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.graph import CrateGraph, CyclicGraph, Edge, Walk
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.tags import render_tag
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.plan_blocks import Blocks, as_blocked, ask_again, waiting
from batuta_hooks.stack.plan_edits import relocked, tags_apart
from batuta_hooks.stack.plan_requirements import Requirements
from batuta_hooks.stack.plan_schedule import CRATES_IO, schedule
from batuta_hooks.stack.plan_selection import Selection
from batuta_hooks.stack.plan_steps import Steps
from batuta_hooks.stack.plan_values import BLOCKED, PLANNED, Blocked, Plan, PlannedRelease, RepositoryPlan
from batuta_hooks.stack.plan_versions import admits, all_versions, usable_versions, versions_of
from batuta_hooks.stack.plan_warnings import warnings
from batuta_hooks.stack.release_facts import (
    PULL_REQUEST,
    CrateFacts,
    Need,
    Place,
    StackFacts,
    Wish,
    by_repository,
    needing,
)

Edits = Mapping[tuple[str, Place], tuple[str, str]]


def make_plan(facts: StackFacts, wish: Wish) -> Plan:
    """Plan a release.

    Raises:
        BatutaError: a crate or a level that was named is not known.
    """
    selection = Selection(facts, wish)
    versions = selection.versions
    nexts = versions_of(selection.planned, versions)
    tags = {name: render_tag(facts.crates[name].tag_template, name, str(version)) for name, version in nexts.items()}
    requirements = Requirements(facts, nexts, selection.planned)
    blocks = Blocks(facts, wish, versions, nexts, requirements, tags)
    refusals = {name: blocks.of(name) for name in selection.planned}
    own = {name: as_blocked(name, found) for name, found in refusals.items() if found}
    own |= {name: Blocked(name, ("unknown",), why, ask_again(name)) for name, why in selection.undecided.items()}
    own |= {name: as_blocked(name, [found]) for name, found in selection.unreadable.items()}
    graph, cycles = _graph(facts, selection.planned, requirements.edits)
    own |= {name: one for name, one in _in_cycles(cycles).items() if name not in own}
    waves = _waves(graph, cycles)
    releases = _releases(facts, selection, requirements, nexts, tags, waves)
    late = tags_apart(releases)
    own |= {name: as_blocked(name, [why]) for name, why in late.items() if name not in own}
    blocked = (*own.values(), *waiting(graph, own))
    stopped, steps = {one.crate for one in blocked}, Steps(facts, nexts, requirements)
    releases = tuple(
        one._replace(moves=steps.of(one.crate), state=BLOCKED if one.crate in stopped else PLANNED) for one in releases
    )
    by_name = {one.crate: one for one in releases}
    return Plan(
        waves=tuple(tuple(wave) for wave in waves),
        releases=releases,
        blocked=tuple(sorted(blocked)),
        schedule=schedule(
            [(name, by_name[name].is_new) for name in wave if by_name[name].registry == CRATES_IO] for wave in waves
        ),
        repositories=tuple(_repositories(facts, releases)),
        left_out=tuple(sorted(selection.left_out.items())),
        unknown=facts.unknown,
        warnings=tuple(warnings(facts, releases)),
    )


def _graph(facts: StackFacts, planned: Sequence[str], edits: Edits) -> tuple[CrateGraph, list[Walk]]:
    """The plan's crates in order, dev edges left out that the registry satisfies already; and the cycles among them."""
    edges = [edge for name in planned for edge in facts.crates[name].edges]
    needs = {
        (name, need.package, need.kind, need.requirement): need.place
        for name in planned
        for need in facts.crates[name].needs
    }

    def is_unmet(edge: Edge) -> bool:
        crate = facts.crates[edge.dependency]
        place = needs.get((edge.dependent, edge.dependency, edge.kind, edge.requirement))
        _, text = edits.get((edge.repository, place), ("", edge.requirement)) if place else ("", edge.requirement)
        if isinstance(crate.published, Unknown):
            return True
        return not any(admits(text, version) for version in usable_versions(crate.published))

    graph = CrateGraph(planned, edges, is_unmet)
    return graph, graph.cycles()


def _in_cycles(cycles: Iterable[Walk]) -> dict[str, Blocked]:
    found: dict[str, Blocked] = {}
    for walk in cycles:
        crates = [edge.dependent for edge in walk]
        shown = " -> ".join([*crates, crates[0]])
        is_dev = any(edge.kind == DEV for edge in walk)
        mend = "leave the version out of the dev-dependency: cargo strips it then" if is_dev else "break the cycle"
        for crate in crates:
            found.setdefault(crate, Blocked(crate, ("VA010",), f"each needs the other to be published: {shown}", mend))
    return found


def _waves(graph: CrateGraph, cycles: Iterable[Walk]) -> list[list[str]]:
    """The waves of all that can be ordered: without the crates of cycles, and those that need one of them."""
    try:
        return graph.waves()
    except CyclicGraph:
        stuck = {name for name in graph.crates if name in graph.dependencies(name, transitive=True)}
        for walk in cycles:
            for edge in walk:
                stuck |= {edge.dependent, *graph.dependents(edge.dependent, transitive=True)}
        rest = [name for name in graph.crates if name not in stuck]
        level: dict[str, int] = {}
        while len(level) < len(rest):
            for name in rest:
                needed = graph.dependencies(name)
                if name not in level and all(one in level for one in needed):
                    level[name] = max((level[one] + 1 for one in needed), default=0)
        return [[name for name in rest if level[name] == number] for number in sorted(set(level.values()))]


def _releases(
    facts: StackFacts,
    selection: Selection,
    requirements: Requirements,
    nexts: Mapping[str, Version],
    tags: Mapping[str, str],
    waves: Sequence[Sequence[str]],
) -> tuple[PlannedRelease, ...]:
    wave_of = {name: number for number, wave in enumerate(waves, 1) for name in wave}
    planned = selection.planned
    users = needing(facts)
    found: list[PlannedRelease] = []
    for name in planned:
        crate = facts.crates[name]
        found.append(
            PlannedRelease(
                crate=name,
                repository=crate.repository,
                manifest_path=crate.manifest_path,
                current=crate.version,
                next=str(nexts.get(name, crate.version)),
                wave=wave_of.get(name),
                reasons=tuple(selection.reasons[name]),
                tag=tags.get(name, ""),
                requirement_updates=tuple(dict.fromkeys(requirements.updates(crate))),
                version_at=crate.version_at,
                registry=crate.registry,
                is_new=not all_versions(crate.published),
                breaks=tuple(_broken(crate, users.get(name, ()), nexts.get(name))),
                notes=None if crate.change.commits is None else tuple(one.subject for one in crate.change.commits),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.wave is None, one.wave or 0, one.crate)))


def _broken(
    crate: CrateFacts, users: Iterable[tuple[CrateFacts, Need]], version: Version | None
) -> Iterable[tuple[str, str]]:
    """Dependents with requirements that admitted the version here and do not admit the next one."""
    here = read_version(crate.version)
    for user, need in users:
        if admits(need.requirement, here) and not admits(need.requirement, version):
            yield user.name, need.requirement or ""


def _repositories(facts: StackFacts, releases: Sequence[PlannedRelease]) -> Iterable[RepositoryPlan]:
    stale = {one.crate for one in releases if facts.crates[one.crate].stale_lock}
    locks = relocked(releases, stale)
    for path, own in sorted(by_repository(releases).items()):
        repository = facts.repositories[path]
        listed = ", ".join(f"{one.crate} {one.next}" for one in own)
        yield RepositoryPlan(
            path,
            repository.head,
            repository.release.branch or repository.branch or "",
            repository.release.remote,
            f"Release {listed}",
            repository.head_time,
            tuple(sorted({one.tag for one in own if one.tag})),
            by_request=repository.release.mode == PULL_REQUEST,
            relocked=locks.get(path, 0),
        )
