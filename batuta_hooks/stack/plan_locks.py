"""What a release does to lock files, as far as that is known before: cargo itself brings them along when it is time.

``cargo update --workspace`` follows the versions of the workspace's own packages, and moves a package of the registry
only where what is locked does not satisfy its requirement any more.  Which that will be is known for crates of the
stack; their checksums, and what else has to move with them, are not before they are published.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.stack.plan_values import LockChange, Plan, PlannedRelease, RepositoryPlan
from batuta_hooks.stack.plan_versions import admits, usable_versions
from batuta_hooks.stack.release_facts import CrateFacts, StackFacts, by_repository

CHECKSUM = "known once it is published"

_AT_ONCE = 8  # repositories
_MOST_BYTES = 16 << 20


class Raised(NamedTuple):
    """A requirement that a plan raises: what has to satisfy it, and the version that will."""

    requirement: str
    version: str


class Locked(NamedTuple):
    """A package that a lock file names."""

    version: str
    is_registry: bool


def with_locks(plan: Plan, facts: StackFacts, folders: Mapping[str, str]) -> Plan:
    """Add to a plan what its repositories' lock files will say.

    Args:
        folders: the checkouts, by the repository's path.

    Raises:
        BatutaError: git cannot be asked.
    """

    crates, releases = by_repository(facts.crates.values()), by_repository(plan.releases)
    nexts = {one.crate: one.next for one in plan.releases}

    def locked(one: RepositoryPlan) -> RepositoryPlan:
        own = _own(releases[one.path], crates[one.path], is_whole=bool(one.relocked))
        raised = _raised(releases[one.path], facts, nexts)
        changes: list[LockChange] = []
        for path, text in _locks(one, folders[one.path]) if own or raised else ():
            changes += _changes(path, _named(text, {*own, *raised}), own, raised)
        return one._replace(locks=tuple(sorted(changes)))

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        return plan._replace(repositories=tuple(threads.map(locked, plan.repositories)))


def locked_anew(text: str, changes: list[LockChange]) -> str:
    """A lock file as it will be, with words in place of the checksums that are not known."""
    blocks = re.split(r"(?=^\[\[package\]\])", text, flags=re.MULTILINE)
    for change in changes:
        begin = f'name = "{change.package}"\nversion = "{change.before}"\n'
        for number, block in enumerate(blocks):
            needed = block.replace(f'"{change.package} {change.before}"', f'"{change.package} {change.after}"')
            needed = needed.replace(f'"{change.package} {change.before} (', f'"{change.package} {change.after} (')
            if begin in block.replace("\r", "") and ("\nsource = " in block) is change.is_registry:
                needed = needed.replace(f'version = "{change.before}"', f'version = "{change.after}"', 1)
                needed = re.sub(r'^checksum = ".*"', f'checksum = "{CHECKSUM}"', needed, flags=re.MULTILINE)
            blocks[number] = needed
    return "".join(blocks)


def _own(releases: Iterable[PlannedRelease], crates: Iterable[CrateFacts], *, is_whole: bool) -> dict[str, str]:
    """The versions after a release of the packages of its repository that have others now; those that are never
    published among them.

    Args:
        is_whole: whether its lock files are stale, and all of their packages count.
    """
    places = {release.version_at: release.next for release in releases if release.next != release.current}
    return {
        crate.name: places.get(crate.version_at, crate.version)
        for crate in crates
        if crate.version_at in places or is_whole
    }


def _raised(releases: Iterable[PlannedRelease], facts: StackFacts, nexts: Mapping[str, str]) -> dict[str, list[Raised]]:
    found: dict[str, list[Raised]] = {}
    for release in releases:
        for update in release.requirement_updates:
            versions = usable_versions(facts.crates[update.dependency].published)
            if update.dependency in nexts:
                versions.append(Version.parse(nexts[update.dependency]))
            fitting = [version for version in versions if admits(update.after, version)]
            if fitting:
                found.setdefault(update.dependency, []).append(Raised(update.after, str(max(fitting))))
    return found


def _locks(one: RepositoryPlan, folder: str) -> Iterator[tuple[str, bytes]]:
    env = environment(sibling=True)
    listed = os.fsdecode(Git(["ls-files", "-z", "--", "Cargo.lock", "*/Cargo.lock"], folder, env).collect())
    for path in sorted(filter(None, listed.split("\0"))):
        try:
            text = Git(["cat-file", "blob", f"{one.head}:{path}"], folder, env).collect()
        except GitError:
            continue  # added to the index, and not committed
        if len(text) <= _MOST_BYTES:
            yield path, text


def _named(text: bytes, names: Iterable[str]) -> dict[str, list[Locked]]:
    """The packages of some names, without reading all the others; as cargo writes them, a value a line."""
    lines = text.replace(b"\r\n", b"\n").decode("utf-8", "replace")
    wanted = "|".join(map(re.escape, names))
    entry = re.compile(rf'^name = "({wanted})"\nversion = "([^"\n]+)"\n(source = )?', re.MULTILINE)
    found: dict[str, list[Locked]] = {}
    for name, version, source in entry.findall(lines):
        if read_version(version) is not None:
            found.setdefault(name, []).append(Locked(version, bool(source)))
    return found


def _changes(
    path: str,
    packages: Mapping[str, list[Locked]],
    own: Mapping[str, str],
    raised: Mapping[str, list[Raised]],
) -> Iterator[LockChange]:
    for name, after in own.items():
        for package in packages.get(name, ()):
            if not package.is_registry and package.version != after:
                yield LockChange(path, name, package.version, after, is_registry=False)
    for name, needs in raised.items():
        for need in dict.fromkeys(needs):
            wanted = Version.parse(need.version)
            locked = [package.version for package in packages.get(name, ()) if package.is_registry]
            versions = [(Version.parse(version), version) for version in locked]
            if not versions or any(admits(need.requirement, version) for version, _ in versions):
                continue
            # of several, the one of its own kind moves, else the newest
            same = [one for one in versions if one[0].bucket == wanted.bucket]
            yield LockChange(path, name, max(same or versions)[1], need.version, is_registry=True)
