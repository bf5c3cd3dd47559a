"""VA009: a Cargo.lock that is stale for its manifests, or does not say where its packages come from.

Stale means that `cargo --locked` refuses: it would have to write the file anew.  What is compared is what the manifests
of the repository say; whether a newer release of a dependency needs something else takes a resolver.  cargo locks
every dependency of a workspace's members, optional and dev ones and those of all platforms (docs/cargo-rules.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.checks.lock_graph import LockGraph, graph_of
from batuta_hooks.checks.requirements import parsed
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import WARNING, Finding
from batuta_hooks.domain.lockfile import LockedPackage, LockFault
from batuta_hooks.domain.locks import Lockfile
from batuta_hooks.domain.manifest import DEV, Dependency, Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.version_text import read_version

_REFRESH = "run `cargo update --workspace` and commit the lock file"


class Locked(NamedTuple):
    """A Cargo.lock with the manifests that it is for.

    Attributes:
        root: of the workspace, or of the package that stands alone.
        members: the packages whose every dependency it holds.
        member_paths: their manifests.
        beside: other packages of the repository that these need by path; of theirs it need not hold optional ones.
        local: the names of packages that may stand there without a source.
        leaves: whether a path leads out of the repository, so that it may hold more packages without a source.
    """

    root: Manifest
    lock: Lockfile
    graph: LockGraph
    members: tuple[Manifest, ...]
    member_paths: frozenset[str]
    beside: tuple[Manifest, ...]
    local: frozenset[str]
    leaves: bool

    def starts(self) -> list[LockedPackage]:
        """The members as the lock file has them."""
        return [one for member in self.members for one in self.graph.named(member.name) if one.source is None]


def find(facts: Facts) -> Iterator[Finding]:
    """Judge the tracked Cargo.lock beside each judged manifest that is a workspace's root or stands alone."""
    for locked in judged_locks(facts):
        if isinstance(locked, Finding):
            yield locked
        else:
            lacking = without_source(locked)
            yield from incomplete(locked, lacking)
            yield from _stale(locked, lacking)


def find_stale(facts: Facts) -> Iterator[Finding]:
    """Of the same lock files alone what makes cargo write them anew, or not read them at all."""
    for locked in judged_locks(facts):
        if isinstance(locked, Finding):
            yield locked
        else:
            lacking = without_source(locked)
            yield from (_at_lacking(locked, one) for one in locked.lock.packages if _lacks_source(one, lacking))
            yield from _stale(locked, lacking)


def judged_locks(facts: Facts) -> Iterator[Locked | Finding]:
    """The lock files of the judged roots; a finding for one that cargo cannot read."""
    for path in facts.judged:
        root = facts.manifests.resolve(path)
        if not isinstance(root, Manifest):
            continue
        lock = facts.lockfile(join(root.folder, "Cargo.lock"))
        if lock is None or (root.workspace is None and facts.manifests.root_of(root) is not None):
            continue
        if isinstance(lock, LockFault):
            message = f"cargo cannot read the lock file: {lock}"
            fix = "restore it from a commit, or delete it and let cargo make it anew"
            yield Finding(join(root.folder, "Cargo.lock"), 1, 1, "VA009", WARNING, message, fix, root.name)
        else:
            yield _locked(facts, root, lock)


def _locked(facts: Facts, root: Manifest, lock: Lockfile) -> Locked:
    paths = facts.manifests.members(root) if root.workspace is not None else (root.path,)
    resolved = (facts.manifests.resolve(path) for path in paths)
    members = tuple(one for one in resolved if isinstance(one, Manifest) and one.package is not None)
    member_paths = frozenset(member.path for member in members)
    beside = _beside(facts, members, member_paths)
    entries = [one for member in (*members, *beside) for one in member.dependencies if one.path is not None]
    patches = [patch.dependency for patch in root.patches if patch.dependency.path is not None]
    own = (facts.manifests.load(path) for path in facts.manifests.tree.manifest_paths)
    names = {one.name for one in own if isinstance(one, Manifest)}
    names.update(one.package for one in (*entries, *patches))
    leaves = any(is_outside(join(one.folder, one.path or "")) for one in (*entries, *patches))
    return Locked(root, lock, graph_of(lock), members, member_paths, beside, frozenset(names), leaves)


def _beside(facts: Facts, members: tuple[Manifest, ...], member_paths: frozenset[str]) -> tuple[Manifest, ...]:
    known = set(member_paths)
    found: list[Manifest] = []
    pending = list(members)
    while pending:
        holder = pending.pop()
        for dependency in holder.dependencies:
            if dependency.path is None or (dependency.kind == DEV and holder.path not in member_paths):
                continue
            path = join(dependency.folder, f"{dependency.path}/Cargo.toml")
            package = facts.manifests.resolve(path) if path not in known else None
            known.add(path)
            if isinstance(package, Manifest) and package.name == dependency.package:
                found.append(package)
                pending.append(package)
    return tuple(found)


def without_source(locked: Locked) -> frozenset[str]:
    """The names of packages without a source that no path leads to: a patch outside the repository has taken it."""
    if locked.leaves:
        return frozenset()
    lacking = [one for one in locked.lock.packages if one.source is None and one.name not in locked.local]
    needed = {name for one in locked.lock.packages for name in one.names_needed} if lacking else frozenset()
    return frozenset(one.name for one in lacking if one.name in needed)


def incomplete(locked: Locked, lacking: frozenset[str]) -> Iterator[Finding]:
    """Findings at packages that lack a source or a checksum."""
    for package in locked.lock.packages:
        is_registry = package.source is not None and package.source.startswith(("registry+", "sparse+"))
        if _lacks_source(package, lacking):
            yield _at_lacking(locked, package)
        elif is_registry and not package.checksum:
            what = "has no checksum, so nothing tells whether its archive was changed"
            yield _at_package(locked, package, what)


def _lacks_source(package: LockedPackage, lacking: frozenset[str]) -> bool:
    return package.name in lacking and package.source is None


def _at_lacking(locked: Locked, package: LockedPackage) -> Finding:
    what = "has no source: a patch outside the repository took it, so another clone builds something else"
    return _at_package(locked, package, what)


def _at_package(locked: Locked, package: LockedPackage, what: str) -> Finding:
    fix = f"without the patch, run `cargo update -p {package.name}@{package.version}` and commit the lock file"
    return at_package(locked, package, f"`{package.name}` {package.version} {what}", fix)


def _stale(locked: Locked, lacking: frozenset[str]) -> Iterator[Finding]:
    free = free_names(locked, lacking)
    everyone = (*locked.members, *locked.beside)
    found = [one for one in (stale_by(locked, member, free) for member in everyone) if one is not None]
    yield from found
    if everyone and not found:
        yield from unneeded(locked)


def free_names(locked: Locked, lacking: frozenset[str]) -> frozenset[str]:
    """The names of packages whose source does not count, as a patch decides it."""
    return lacking.union(patch.dependency.package for patch in locked.root.patches)


def stale_by(locked: Locked, member: Manifest, free: frozenset[str]) -> Finding | None:
    """The finding that one member, or a package beside the members, makes the lock file stale; ``None`` for none.

    Args:
        free: what `free_names` gives.
    """
    reason = _reason(locked, member, free)
    if reason is None:
        return None
    message = f"the lock file is stale: {reason[0]}, so `--locked` refuses"
    line = _line_of(locked, member)
    return Finding(locked.lock.path, line, 1, "VA009", WARNING, message, _REFRESH, member.name, reason[1])


def unneeded(locked: Locked) -> Iterator[Finding]:
    """The finding that nothing needs a package which the lock file holds."""
    reached = locked.graph.reached(locked.starts())
    unreached = [one for one in locked.lock.packages if one not in reached]
    if unreached:
        one, more = unreached[0], f" and {len(unreached) - 1} more" if len(unreached) > 1 else ""
        message = f"the lock file is stale: nothing needs `{one.name}` {one.version}{more}, so `--locked` refuses"
        yield at_package(locked, one, message, _REFRESH)


def _line_of(locked: Locked, member: Manifest) -> int:
    held = [one.version for one in locked.graph.named(member.name) if one.source is None]
    version = _version_of(member)
    return locked.lock.line_of(member.name, version if version in held or not held else held[0])


def _version_of(member: Manifest) -> str:
    assert member.package is not None
    return member.package.version or "0.0.0"


def _reason(locked: Locked, member: Manifest, free: frozenset[str]) -> tuple[str, str] | None:
    """Why a member makes the lock file stale, and the dependency that it is about; ``None`` where it does not.

    Args:
        free: names of packages whose source does not count, as a patch decides it.
    """
    assert member.package is not None
    if member.package.is_version_unknown:
        return None
    own = [one for one in locked.graph.named(member.name) if one.source is None]
    if not own and member.path not in locked.member_paths:
        return None  # an optional one that nobody asks for
    if not own:
        return f"it lacks `{member.name}`", ""
    here = next((one for one in own if one.version == _version_of(member)), None)
    if here is None:
        return f"it names `{member.name}` {own[0].version}, the manifest {_version_of(member)}", ""
    listed = _by_name(locked.graph.needed(here))
    is_member = member.path in locked.member_paths
    accounted = {one.package for one in member.dependencies if is_member or one.kind != DEV}
    for dependency in member.dependencies:
        if not is_member and (dependency.kind == DEV or _is_optional(dependency)):
            continue  # only the features that are asked for bring it
        if not any(_is_met(dependency, one, free) for one in listed.get(dependency.package, ())):
            return _unmet(locked, member, dependency), dependency.package
    for entry in here.dependencies:
        name = entry.partition(" ")[0]
        if name not in accounted:
            return f"it lists `{name}` for `{member.name}`, which no longer requires it", name
    return None


def _by_name(packages: Sequence[LockedPackage]) -> dict[str, list[LockedPackage]]:
    found: dict[str, list[LockedPackage]] = {}
    for one in packages:
        found.setdefault(one.name, []).append(one)
    return found


def _is_optional(dependency: Dependency) -> bool:
    if dependency.inherited:
        return True  # the member may say so, which its root does not know
    return not isinstance(dependency.entry, str) and dependency.entry.get("optional") is True


def _unmet(locked: Locked, member: Manifest, dependency: Dependency) -> str:
    held = dict.fromkeys(one.version for one in locked.graph.named(dependency.package))
    wanted = f' "{dependency.requirement}"' if dependency.requirement else ""
    fitting = [one for one in locked.graph.named(dependency.package) if _is_met(dependency, one, frozenset())]
    needs = f"`{member.name}` requires `{dependency.package}`{wanted}"
    if fitting:
        return f"{needs}, which it does not list for it"
    return f"{needs}, it holds {' and '.join(held)}" if held else f"{needs}, it holds none"


def _is_met(dependency: Dependency, package: LockedPackage, free: frozenset[str]) -> bool:
    if package.name != dependency.package:
        return False
    if dependency.requirement is not None:
        version = read_version(package.version)
        if version is None or not parsed(dependency.requirement).matches(version):
            return False
    if package.name in free:
        return True
    if dependency.path is not None:
        return package.source is None
    if dependency.git is not None:
        return package.source is not None and package.source.startswith("git+")
    return package.source is not None and not package.source.startswith("git+")


def at_package(locked: Locked, package: LockedPackage, message: str, fix: str, severity: str = WARNING) -> Finding:
    """A finding at the entry of a package in a lock file; it is about the root, or its first member."""
    line = locked.lock.line_of(package.name, package.version)
    crate = locked.root.name or next((member.name for member in locked.members), "")
    return Finding(locked.lock.path, line, 1, "VA009", severity, message, fix, crate, package.name)
