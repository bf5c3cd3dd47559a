"""Gathers what a release plan may know: the stack's crates at their HEADs, what is published of them, what changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from batuta_hooks.checks.compatible_steps import version_before
from batuta_hooks.domain.config import Config
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import DEV, Manifest
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tags import is_same_version, read_tag
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.git.remote_tags import local_tags, remote_tags
from batuta_hooks.registry.archive import ArchiveFacts
from batuta_hooks.registry.sources import CRATES_IO
from batuta_hooks.stack.changes import Change
from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import Checkout, Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.judging import Opened, judged_paths
from batuta_hooks.stack.last_content import Baseline, change_of
from batuta_hooks.stack.registry_view import View
from batuta_hooks.stack.release_crates import Draft, crate_facts, may_go, unreadable
from batuta_hooks.stack.release_facts import Released, RepositoryFacts, StackFacts
from batuta_hooks.stack.release_registry import Archived, PublishRegistries, Target, united
from batuta_hooks.stack.verdict import Report

_MOST_REMOTES = 8  # that are asked at once

_Found = TypeVar("_Found")


class Gathered(NamedTuple):
    """What was found out.

    Attributes:
        folders: the absolute paths of the checkouts, by their path in the workspace.
        configs: their configurations.
        report: what a check says of the stack at its HEADs.
        notes: what the user should hear, a sentence each.
    """

    facts: StackFacts
    folders: Mapping[str, str]
    configs: Mapping[str, Config]
    report: Report
    notes: tuple[str, ...]


def gather_release(
    workspace: Workspace,
    asking: Asking,
    *,
    there: Mapping[str, Published | Unknown] = {},
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Gathered:
    """Look at a stack's HEADs.

    Args:
        there: what crates.io itself has of crates, where that is more than what stands in its stead knows.

    Raises:
        BatutaError: git cannot be run, or no repository could be read.
    """
    registries = PublishRegistries(asking)
    seen: dict[str, list[Draft]] = {}
    remotes: dict[str, Future[_Elsewhere]] = {}
    waiting = ThreadPoolExecutor(max_workers=jobs or _MOST_REMOTES)

    def look(opened: Opened, view: View | None) -> None:
        seen[opened.checkout.path] = found = list(_drafts(opened, view, registries, there))
        if found:  # remotes take their time, so they are asked while the rest is judged
            head_time = opened.repository.objects.committed_at("HEAD") or 0
            remotes[opened.checkout.path] = waiting.submit(_elsewhere, opened, head_time, offline=asking.offline)

    try:
        report = check(
            workspace, now=asking.now, source="HEAD", jobs=jobs, on_progress=on_progress, asking=asking, beside=look
        )
    finally:
        waiting.shutdown(wait=False)
    all_drafts = [draft for path in workspace.repositories for draft in seen.get(path, ())]
    drafts = _chosen(all_drafts)
    with registries:
        drafts = _with_other_registries(drafts, registries)
    repositories = {path: found[0].opened for path, found in seen.items() if found}
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        tags = _by_path(repositories, threads.map(lambda one: local_tags(one.folder), repositories.values()))
        baselines = {name: _baseline(draft, tags) for name, draft in drafts.items() if may_go(draft)}
        archives = registries.archives(
            Archived(drafts[name].target, name, baseline.version)
            for name, baseline in baselines.items()
            if baseline.version is not None
        )
        beside: dict[str, list[Draft]] = {path: [] for path in repositories}
        for draft in drafts.values():
            beside[draft.opened.checkout.path].append(draft)
        changed = threads.map(lambda path: _changes(beside[path], baselines, archives), repositories)
        changes = _by_path(repositories, changed)
    by_path = {
        path: _repository(path, opened, tags[path], remotes[path].result()) for path, opened in repositories.items()
    }
    for opened in repositories.values():
        opened.repository.close()
    judged = {(crate.repository, crate.manifest_path): crate for crate in report.crates}
    crates = {
        name: crate_facts(draft, drafts, beside[path], tags[path], changes[path].get(name), judged)
        for name, draft in sorted(drafts.items())
        for path in [draft.opened.checkout.path]
    }
    targets = {draft.target.registry: draft.target for draft in drafts.values() if may_go(draft)}
    groups: dict[str, tuple[str, ...]] = {}
    for opened in repositories.values():
        groups |= opened.config.release_groups
    return Gathered(
        StackFacts(
            crates,
            by_path,
            groups,
            tuple(_unknown(report.checkouts)),
            unreadable(report.crates, crates),
            {name: registries.token_fault(target) for name, target in targets.items()},
            _namesakes(all_drafts, drafts),
        ),
        {path: opened.folder for path, opened in repositories.items()},
        {path: opened.config for path, opened in repositories.items()},
        report,
        (*report.notes, *registries.notes),
    )


def _by_path(paths: Iterable[str], found: Iterable[_Found]) -> dict[str, _Found]:
    return dict(zip(paths, found, strict=True))


def _drafts(
    opened: Opened, view: View | None, registries: PublishRegistries, there: Mapping[str, Published | Unknown]
) -> Iterator[Draft]:
    for path in judged_paths(opened.facts.judged, opened.config):
        manifest = opened.facts.manifests.resolve(path)
        if not isinstance(manifest, Manifest) or manifest.package is None:
            continue
        if manifest.name in opened.config.skip_crates:
            continue
        target = registries.target(opened.folder, manifest.package)
        published: Published | Unknown = Unknown(manifest.name, "the registry was not asked")
        if view is not None and target.registry == CRATES_IO and manifest.package.is_publishable:
            published = view.published(manifest.name)
            if manifest.name in there:
                published = united(published, there[manifest.name])
        yield Draft(opened, manifest, target, published, _released(manifest, published, view))


def _released(manifest: Manifest, published: Published | Unknown, view: View | None) -> Released | None:
    """The published version from which a compatible step to the manifest's comes, or one of the same kind."""
    here = read_version(manifest.package.version if manifest.package else None)
    if view is None or here is None or isinstance(published, Unknown):
        return None
    version = version_before(published, here)
    found = view.release(manifest.name, version) if version else None
    if not isinstance(found, Release):
        return None
    needs = ((one.package, one.requirement) for one in found.dependencies if one.kind != DEV and one.registry is None)
    return Released(found.version, tuple(needs))


def _chosen(drafts: Iterable[Draft]) -> dict[str, Draft]:
    """One crate a name: the first that may be published, else the first."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        known = found.setdefault(draft.manifest.name, draft)
        if may_go(draft) and not may_go(known):
            found[draft.manifest.name] = draft
    return found


def _namesakes(all_: Iterable[Draft], chosen: Mapping[str, Draft]) -> dict[str, tuple[str, ...]]:
    """The repositories with a crate that may be published too, and is not the one of its name that counts."""
    found: dict[str, tuple[str, ...]] = {}
    for draft in all_:
        name = draft.manifest.name
        if may_go(draft) and draft.opened is not chosen[name].opened:
            found[name] = (*found.get(name, ()), draft.opened.checkout.path)
    return found


def _with_other_registries(drafts: dict[str, Draft], registries: PublishRegistries) -> dict[str, Draft]:
    groups: dict[Target, list[str]] = {}
    for name, draft in drafts.items():
        if draft.target.registry != CRATES_IO and may_go(draft):
            groups.setdefault(draft.target, []).append(name)
    found = dict(drafts)
    for target, names in groups.items():
        for name, published in registries.published(target, names).items():
            found[name] = drafts[name]._replace(published=published)
    return found


def _baseline(draft: Draft, tags: Mapping[str, Mapping[str, str]]) -> Baseline:
    """The release that a crate is compared with: that of its own version, else the newest one before it."""
    package = draft.manifest.package
    assert package is not None
    opened = draft.opened
    own_tags = tags[opened.checkout.path]
    if isinstance(draft.published, Unknown):
        return Baseline(None, {}, draft.published.why)
    versions = _read([*draft.published.versions, *draft.published.yanked])
    if not versions:
        return Baseline(None, {})
    here = next(iter(_read([package.version or ""])), None)
    same = [one for one in versions if here is not None and one.precedence == here.precedence]
    before = [one for one in versions if here is None or one < here]
    version = (same or [max(before or versions)])[0]
    return Baseline(versions[version], _tagged(draft, versions[version], own_tags))


def _read(texts: Iterable[str]) -> dict[Version, str]:
    found = {}
    for text in texts:
        try:
            found[Version.parse(text)] = text
        except InvalidVersion:
            continue
    return found


def _tagged(draft: Draft, version: str, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a version of a crate, with their commits."""
    manifests, rules = draft.opened.facts.manifests, draft.opened.config.tags
    found = {}
    for name, commit in tags.items():
        if version not in name and version.partition("+")[0] not in name:
            continue
        tag = read_tag(name, (draft.manifest.name,), rules)
        if tag is None or not is_same_version(tag.version, version):
            continue
        if draft.manifest.name in tag.crates or (
            not tag.crates and draft.manifest.path in TagCrates(manifests).bare().paths
        ):
            found[name] = commit
    return found


def _changes(
    drafts: Iterable[Draft],
    baselines: Mapping[str, Baseline],
    archives: Mapping[tuple[str, str], ArchiveFacts | Unknown],
) -> dict[str, Change]:
    """What changed in the crates of one repository; by one thread, for they share git's processes."""
    found: dict[str, Change] = {}
    for draft in drafts:
        name = draft.manifest.name
        baseline = baselines.get(name)
        if baseline is None:
            continue
        archive = archives.get((name, baseline.version or ""), Unknown(name, "there is none"))
        found[name] = change_of(draft.opened, draft.manifest, baseline, archive)
    return found


class _Elsewhere(NamedTuple):
    """What a remote has: the commits of its tags, ``None`` where there is no such remote; and when HEAD was made."""

    tags: Mapping[str, str] | Unknown | None
    head_time: int


def _elsewhere(opened: Opened, head_time: int, *, offline: bool) -> _Elsewhere:
    return _Elsewhere(remote_tags(opened.folder, opened.config.release.remote, offline=offline), head_time)


def _repository(path: str, opened: Opened, tags: Mapping[str, str], there: _Elsewhere) -> RepositoryFacts:
    status = opened.checkout.status
    return RepositoryFacts(
        path=path,
        head=status.head if status else None,
        head_time=there.head_time,
        branch=status.branch if status else None,
        behind=status.behind if status else None,
        dirty=bool(status and status.dirty),
        tags=tags,
        remote_tags={} if there.tags is None else there.tags,
        release=opened.config.release,
        has_remote=there.tags is not None,
    )


def _unknown(checkouts: Iterable[Checkout]) -> Iterator[Unknown]:
    for checkout in checkouts:
        if checkout.error is not None:
            yield Unknown(checkout.path, checkout.error)
