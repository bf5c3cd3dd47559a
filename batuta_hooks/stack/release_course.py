"""The release that is under way, read from its commits: the plan that they began, with what is left of it to do.

What was begun is in git alone (`batuta_hooks.stack.release_trailers`).  So a release goes on where its journal is
gone, and on another machine from what was pushed; and the same plan writes the same bytes, whoever goes on with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.tags import render_tag
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.plan_edits import relocked
from batuta_hooks.stack.plan_requirements import Requirements
from batuta_hooks.stack.plan_values import Plan, PlannedRelease, RepositoryPlan
from batuta_hooks.stack.plan_versions import all_versions, is_published
from batuta_hooks.stack.release_facts import PULL_REQUEST, CrateFacts, StackFacts, Wish
from batuta_hooks.stack.release_gather import Gathered
from batuta_hooks.stack.release_trailers import Begun
from batuta_hooks.stack.release_world import ReleaseCommit, Repo

_SHORT = 4
_AT_ONCE = 8  # repositories that are asked


class UnderWay(NamedTuple):
    """A release that was begun and is not at its end.

    Attributes:
        plan: as it was begun; what is done of it is in it too.
        committed: the repositories that have a commit of it: their gates passed before that was made.
    """

    plan: Plan
    committed: frozenset[str]


def under_way(
    gathered: Gathered, wish: Wish, *, resume: str = "", pushes: bool = True, noted: Iterable[Begun] = ()
) -> UnderWay | None:
    """The release to go on with: the newest of those begun that is not at its end and has a crate that is wished for.

    Args:
        resume: the beginning of the identity of the one that is meant; empty for any.
        noted: releases of which journals tell, the newest first, for those that have no commit yet.
        pushes: whether the tags of a finished one are on the remotes too.

    Raises:
        BatutaError: there is none of that identity, or a crate of it is not here.
    """
    found: dict[str, Begun] = {}
    committed: dict[str, set[str]] = {}
    ages: dict[str, int] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        commits = [*threads.map(lambda path: _commits(gathered, path), gathered.folders)]
    taken_back: set[str] = set()
    for path, (own, back) in zip(gathered.folders, commits, strict=True):
        taken_back |= back
        for one in own:
            plan_hash = one.begun.plan_hash
            if plan_hash not in found:
                found[plan_hash] = one.begun
            ages[plan_hash] = max(ages.get(plan_hash, 0), one.time)
            committed.setdefault(plan_hash, set()).add(path)
    for number, one_noted in enumerate(noted):
        found.setdefault(one_noted.plan_hash, one_noted)
        ages.setdefault(one_noted.plan_hash, -number)
    meant = [one for one in found if one.startswith(resume)]
    if resume and (not meant or len(resume) < _SHORT):
        raise BatutaError(
            f"no commit and no journal here is of a release {resume}",
            mend="batuta-stack release --dry-run shows what there is to do",
        )
    for plan_hash in sorted(meant, key=lambda one: (-ages[one], one)):
        begun = found[plan_hash]
        if not resume and wish.crates and not {*wish.crates} & {*begun.versions}:
            continue
        if not resume and (plan_hash in taken_back or _is_superseded(gathered.facts, begun)):
            continue
        plan = _plan(gathered.facts, begun)
        if resume or not _is_finished(plan, gathered, pushes=pushes):
            return UnderWay(plan, frozenset(committed.get(plan_hash, ())))
    return None


def _commits(gathered: Gathered, path: str) -> tuple[list[ReleaseCommit], set[str]]:
    """The release commits of a repository, those that wait for their merge among them; and the plans of which the last
    commit here was reverted.
    """
    release = gathered.facts.repositories[path].release
    repo = Repo(gathered.folders[path], release.remote)
    starts = repo.proposals() if release.mode == PULL_REQUEST else []
    here, *proposed = (repo.history(start) for start in ("HEAD", *starts))
    last: dict[str, ReleaseCommit] = {}
    for one in here.releases:
        last.setdefault(one.begun.plan_hash, one)
    standing = [one for history in (here, *proposed) for one in history.standing]
    return standing, {plan_hash for plan_hash, one in last.items() if one.reverted_by}


def _is_superseded(facts: StackFacts, begun: Begun) -> bool:
    """Whether a crate of it is not here, or has gone past it without having been published."""
    for crate, version in begun.versions.items():
        known = facts.crates.get(crate)
        here, meant = read_version(known.version if known else None), Version.parse(version)
        if known is None or here is None or (here > meant and not is_published(known, meant)):
            return True
    return False


def _is_finished(plan: Plan, gathered: Gathered, *, pushes: bool) -> bool:
    for one in plan.releases:
        repository = gathered.facts.repositories[one.repository]
        if not is_published(gathered.facts.crates[one.crate], Version.parse(one.next)):
            return False
        if one.tag not in repository.tags:
            return False
        if (
            pushes
            and repository.has_remote
            and not isinstance(repository.remote_tags, Unknown)
            and one.tag not in repository.remote_tags
        ):
            return False
    return True


def _plan(facts: StackFacts, begun: Begun) -> Plan:
    missing = [crate for crate in begun.versions if crate not in facts.crates]
    if missing:
        raise BatutaError(
            f"the release needs {missing[0]}, which is not here", mend="clone its repository beside the others"
        )
    nexts = {crate: Version.parse(version) for crate, version in begun.versions.items()}
    requirements = Requirements(facts, nexts, list(nexts))
    releases = tuple(
        _release(facts.crates[crate], nexts[crate], number, requirements)
        for number, wave in enumerate(begun.waves, 1)
        for crate, _ in sorted(wave)
    )
    return Plan(
        waves=tuple(tuple(crate for crate, _ in sorted(wave)) for wave in begun.waves),
        releases=releases,
        repositories=tuple(_repositories(facts, releases)),
        begun=begun.plan_hash,
    )


def _release(crate: CrateFacts, version: Version, wave: int, requirements: Requirements) -> PlannedRelease:
    others = [one for one in all_versions(crate.published) if one.precedence != version.precedence]
    commits = crate.change.commits
    return PlannedRelease(
        crate=crate.name,
        repository=crate.repository,
        manifest_path=crate.manifest_path,
        current=crate.version,
        next=str(version),
        wave=wave,
        reasons=("its release is under way",),
        tag=render_tag(crate.tag_template, crate.name, str(version)),
        requirement_updates=tuple(dict.fromkeys(requirements.updates(crate))),
        version_at=crate.version_at,
        registry=crate.registry,
        is_new=not others,
        breaks=(),
        notes=None if commits is None else tuple(one.subject for one in commits),
    )


def _repositories(facts: StackFacts, releases: Iterable[PlannedRelease]) -> Iterable[RepositoryPlan]:
    tags: dict[str, set[str]] = {}
    releases = tuple(releases)
    locks = relocked(releases, {one.crate for one in releases if facts.crates[one.crate].stale_lock})
    for one in releases:
        tags.setdefault(one.repository, set()).add(one.tag)
    for path in sorted(tags):
        known = facts.repositories[path]
        yield RepositoryPlan(
            path,
            known.head,
            known.release.branch or known.branch or "",
            known.release.remote,
            "",
            known.head_time,
            tuple(sorted(tags[path])),
            by_request=known.release.mode == PULL_REQUEST,
            relocked=locks.get(path, 0),
        )
