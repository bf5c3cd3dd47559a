"""The crates that a stack names: its own, what their manifests require, and what their Cargo.lock files hold."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.config import Config, is_skipped
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.lockfile import LockFault, read_lockfile
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tags import read_tag
from batuta_hooks.gather.repository import WORKTREE, Repository
from batuta_hooks.git.command import environment
from batuta_hooks.git.refs import list_tags, read_tags
from batuta_hooks.git.tree import read_regular_file
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.judging import Judged, Opened, open_repository
from batuta_hooks.stack.warm import Wish


class Named(NamedTuple):
    """What the repositories of a stack name, and what could not be read, a sentence each."""

    wishes: tuple[Wish, ...]
    notes: tuple[str, ...]


def named_by_stack(workspace: Workspace, *, transitive: bool, jobs: int | None = None) -> Named:
    """Every crate of crates.io that the stack's repositories name; of its own ones the versions here and tagged here.

    Args:
        transitive: whether what Cargo.lock files name counts too.
        jobs: repositories to read at the same time; ``None`` for one a processor.

    Raises:
        BatutaError: git cannot be run.
    """
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        found = list(threads.map(lambda path: _named(workspace, path, transitive), workspace.repositories))
    wishes = (Wish(workspace.folder), *(wish for wish, _ in found))
    return Named(wishes, tuple(note for _, notes in found for note in notes))


def _named(workspace: Workspace, path: str, transitive: bool) -> tuple[Wish, list[str]]:
    opened = open_repository(workspace, path, WORKTREE)
    if isinstance(opened, Judged):
        return Wish(workspace.folder), [f"{path}: not read: {opened.checkout.error}"]
    manifests = [opened.facts.manifests.resolve(judged) for judged in opened.facts.judged]
    read = [one for one in manifests if isinstance(one, Manifest) and not _is_left_out(one, opened.config)]
    crates = set(opened.in_question)
    for manifest in read:
        crates.update(_required(manifest))
    notes: list[str] = []
    if transitive:
        crates.update(_locked(opened, path, notes))
    legal = frozenset(name for name in crates if is_crate_name(name))
    return Wish(opened.folder, legal, _versions(opened, read), opened.config.ttl_s), notes


def _is_left_out(manifest: Manifest, config: Config) -> bool:
    return is_skipped(manifest.path, config.skip_paths) or manifest.name in config.skip_crates


def _required(manifest: Manifest) -> Iterator[str]:
    """What a manifest requires of crates.io; a path inside of crates that are never published stays among them."""
    is_public = manifest.package is not None and manifest.package.is_publishable
    for one in manifest.dependencies:
        if one.registry is None and (one.path is None or (is_public and one.requirement is not None)):
            yield one.package


def _locked(opened: Opened, place: str, notes: list[str]) -> Iterator[str]:
    for path in opened.facts.judged:
        lock = f"{path.removesuffix('Cargo.toml')}Cargo.lock"
        content = read_regular_file(os.path.join(opened.folder, lock))
        if content is None:
            continue
        if not isinstance(content, bytes):
            notes.append(f"{place}/{lock}: not read: {content.reason}")
            continue
        try:
            yield from (package.name for package in read_lockfile(content) if package.is_from_crates_io)
        except LockFault as fault:
            notes.append(f"{place}/{lock}: not read: {fault}")


def _versions(opened: Opened, manifests: Iterable[Manifest]) -> dict[str, frozenset[str]]:
    """Of each crate that may go to crates.io the version of its manifest, and those that tags here speak of."""
    read = [one for one in manifests if one.package]
    packages = {one.name: one for one in read if one.package and one.package.is_bound_for_crates_io}
    versions: dict[str, set[str]] = {}
    for name, manifest in packages.items():
        assert manifest.package
        if manifest.package.version:
            versions.setdefault(name, set()).add(manifest.package.version)
    bare = TagCrates(opened.facts.manifests).bare().paths
    known = {one.name for one in read}
    meant = [name for name, one in packages.items() if one.path in bare]
    for name in _tags(opened.folder):
        tag = read_tag(name, known, opened.config.tags)
        if tag is not None:
            for crate in packages.keys() & (tag.crates or meant):
                versions.setdefault(crate, set()).add(tag.version)
    return {name: frozenset(found) for name, found in versions.items()}


def _tags(folder: str) -> list[str]:
    try:
        return read_tags(list_tags(folder, environment(sibling=True)))
    except BatutaError:
        return []


def seconds_since_commit(folder: str) -> int:
    """How old an answer may be that is no older than the last commit in a folder; as old as it likes without one."""
    repository = Repository(folder, "", sibling=True)
    try:
        committed_at = repository.objects.committed_at("HEAD")
    except BatutaError:
        return sys.maxsize  # no repository
    finally:
        repository.close()
    return sys.maxsize if committed_at is None else max(int(time.time()) - committed_at + 1, 0)
