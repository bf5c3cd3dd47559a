"""What is said of lock files, split by what it rests on: a changed requirement has little of it judged again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from batuta_hooks.checks import lock_files, lock_splits
from batuta_hooks.checks.lock_files import Locked, free_names, incomplete, stale_by, unneeded, without_source
from batuta_hooks.checks.lock_graph import graph_of
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.locks import Lockfile
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple


class LockShare(NamedTuple):
    """What is said of one lock file.

    Attributes:
        root: the manifest beside it.
        path: of the lock file; empty where it cannot be read.
        free: what `batuta_hooks.checks.lock_files.free_names` gives, sorted.
        members, beside: the manifests of its members, and of other packages that these need by path.
        stale: what makes it stale, by the manifest that does.
        unneeded: what nothing needs, where nothing makes it stale.
        rest: all else, which rests on no requirement of a member.
    """

    root: str
    path: str
    free: Sequence[str] = ()
    members: Sequence[str] = ()
    beside: Sequence[str] = ()
    stale: Mapping[str, Finding] = {}
    unneeded: Sequence[Finding] = ()
    rest: Sequence[Finding] = ()

    def said(self) -> Iterator[Finding]:
        """All that is said of it."""
        yield from self.stale.values()
        yield from self.unneeded
        yield from self.rest


def lock_shares(facts: Facts) -> list[LockShare]:
    """What `batuta_hooks.checks.version_alignment.find_alone` says of the judged lock files."""
    splits: dict[str, list[Finding]] = {}
    for finding in lock_splits.find(facts):
        splits.setdefault(finding.path, []).append(finding)
    found = []
    for locked in lock_files.judged_locks(facts):
        if isinstance(locked, Finding):
            found.append(LockShare("", "", rest=[locked]))
        else:
            found.append(_share(locked, splits.get(locked.lock.path, [])))
    return found


def _share(locked: Locked, splits: Sequence[Finding]) -> LockShare:
    lacking = without_source(locked)
    free = free_names(locked, lacking)
    everyone = (*locked.members, *locked.beside)
    stale = {one.path: finding for one in everyone if (finding := stale_by(locked, one, free)) is not None}
    loose = list(unneeded(locked)) if everyone and not stale else []
    members, beside = sorted(locked.member_paths), [one.path for one in locked.beside]
    rest = [*incomplete(locked, lacking), *splits]
    return LockShare(locked.root.path, locked.lock.path, sorted(free), members, beside, stale, loose, rest)


def versions_held(lock: Lockfile) -> dict[str, str]:
    """The versions of each package that a lock file holds: all that `find_own` of version_alignment looks at in it."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        found.setdefault(package.name, []).append(package.version)
    return {name: " ".join(versions) for name, versions in found.items()}


def judged_again(share: LockShare, facts: Facts, member: Manifest) -> LockShare | None:
    """The same after one member, or a package beside them, has changed in nothing but what it requires.

    ``None`` where all has to be judged again.
    """
    is_member = member.path in share.members
    if not is_member and member.path not in share.beside:
        return share
    lock, root = facts.lockfile(share.path), facts.manifests.load(share.root)
    if not isinstance(lock, Lockfile) or not isinstance(root, Manifest) or member.path == share.root:
        return None
    paths = frozenset([member.path] if is_member else [])
    locked = Locked(root, lock, graph_of(lock), (member,), paths, (), frozenset(), leaves=False)
    stale = {path: finding for path, finding in share.stale.items() if path != member.path}
    finding = stale_by(locked, member, frozenset(share.free))
    if finding is not None:
        stale[member.path] = finding
    if share.stale and not stale:
        return None
    return share._replace(stale=stale, unneeded=() if stale else share.unneeded)
