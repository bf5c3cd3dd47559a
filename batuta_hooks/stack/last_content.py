"""A crate beside its last release: the published archive, else the tree of its tag, and the commits since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.package_files import NotPackaged
from batuta_hooks.domain.package_globs import InvalidGlob
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.git.history import Commit, commits_since
from batuta_hooks.git.tree import GitTree
from batuta_hooks.registry.archive import ArchiveFacts
from batuta_hooks.stack.changes import CHANGED, NEVER, UNKNOWN, Change, Content, compare, content_of, content_of_archive
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.release_trailers import read_message


class Baseline(NamedTuple):
    """The release that a crate is compared with.

    Attributes:
        version: as the registry spells it; ``None`` where there is none.
        tags: the tags of that version, with their commits.
        why: why there is none, a clause; empty where the registry has no version at all.
    """

    version: str | None
    tags: Mapping[str, str]
    why: str = ""


def change_of(opened: Opened, manifest: Manifest, baseline: Baseline, archive: ArchiveFacts | Unknown) -> Change:
    """What changed in a crate since its last release; whatever keeps that from being known is the answer's reason."""
    if baseline.version is None:
        return Change(UNKNOWN, why=baseline.why) if baseline.why else Change(NEVER)
    try:
        now = _content(opened, manifest.path, "HEAD")
        if isinstance(now, str):
            return Change(UNKNOWN, baseline.version, why=now)
        change = _compared(opened, manifest, baseline, archive, now)
        if change.state != CHANGED:
            return change
        return change._replace(commits=_commits(opened, manifest, baseline, archive))
    except BatutaError as error:
        return Change(UNKNOWN, baseline.version, why=str(error).partition("\n")[0])


def _compared(
    opened: Opened, manifest: Manifest, baseline: Baseline, archive: ArchiveFacts | Unknown, now: Content
) -> Change:
    assert baseline.version is not None
    before = None if isinstance(archive, Unknown) else content_of_archive(archive)
    if before is not None:
        return compare(now, before, since=baseline.version, against="archive")
    why = archive.why if isinstance(archive, Unknown) else "the manifest of its archive cannot be read"
    for name, commit in baseline.tags.items():
        tagged = _content(opened, manifest.path, commit, manifest.name)
        if isinstance(tagged, Content):
            return compare(now, tagged, since=baseline.version, against="tag")
        why = f"at its tag {name} {tagged}"
    return Change(UNKNOWN, baseline.version, why=f"{manifest.name} {baseline.version}: {why}")


def _content(opened: Opened, path: str, revision: str, name: str = "") -> Content | str:
    """What cargo would package of a crate at a revision; why it would not, a clause."""
    repository = opened.repository
    if revision == "HEAD":
        manifests = opened.facts.manifests
    else:
        manifests = Manifests(repository.commit_tree(revision))
        path = _path_of(manifests, path, name)
    manifest = manifests.load(path) if path else None
    if not isinstance(manifest, Manifest) or not isinstance(manifests.resolve(path), Manifest):
        return "there is no such crate that cargo can read"
    try:
        assert isinstance(manifests.tree, GitTree)
        return content_of(manifests, manifest, manifests.tree)
    except (InvalidGlob, NotPackaged) as refused:
        return f"cargo would not package it: {refused}"


def _path_of(manifests: Manifests, path: str, name: str) -> str:
    """The manifest of a crate in another commit: where it is now, else wherever it was."""
    for candidate in (path, *manifests.tree.manifest_paths):
        manifest = manifests.load(candidate)
        if isinstance(manifest, Manifest) and manifest.name == name:
            return candidate
    return ""


def _commits(
    opened: Opened, manifest: Manifest, baseline: Baseline, archive: ArchiveFacts | Unknown
) -> tuple[Commit, ...] | None:
    """The commits since a release, from the commit that it was published from, else from that of its tag."""
    head = opened.repository.objects.peel("HEAD")
    published = "" if isinstance(archive, Unknown) else archive.commit
    for commit in (published, *baseline.tags.values()):
        if not commit or head is None or opened.repository.objects.peel(commit) is None:
            continue
        found = commits_since(opened.folder, commit, head, [manifest.folder])
        if found is not None:
            # those of a release tell of what it does, not of what changed
            return tuple(one for one in found if read_message(one.message) is None)
    return None
