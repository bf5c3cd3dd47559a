"""VA009: a Cargo.lock that holds a shared dependency in several compatibility buckets.

This is how a split shows that no manifest writes down: the crates of the stack that cargo chose need versions that are
not compatible, however they are come by.  Buckets that only other people's crates need are no concern of the stack's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.checks.lock_files import Locked, at_package, judged_locks
from batuta_hooks.checks.requirements import parsed, read_all
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import NOTE, WARNING, Finding, Unknown
from batuta_hooks.domain.lockfile import LockedPackage
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version

_MOST_NAMED = 3

_Needing = dict[LockedPackage, list[LockedPackage]]
"""Each version of a package, and who needs it."""


def find(facts: Facts) -> Iterator[Finding]:
    """A finding for each shared dependency that a lock file holds in several buckets, at its oldest version."""
    for locked in judged_locks(facts):
        if not isinstance(locked, Finding):
            splits = _Splits(facts, locked)
            for name in sorted(locked.graph.names()):
                if len(locked.graph.named(name)) > 1:
                    yield from splits.judge(name)


class _Splits:
    """Looks for splits in one lock file."""

    def __init__(self, facts: Facts, locked: Locked) -> None:
        self._facts = facts
        self._locked = locked
        self._graph = locked.graph
        self._came_from: dict[LockedPackage, LockedPackage] = {}
        self._firm: frozenset[LockedPackage] | None = None
        local = {package.name for package in locked.lock.packages if package.source is None}
        self._own = {name for name in self._graph.names() if name in local or facts.stack.crate(name) is not None}
        self._holding: Sequence[int] | None = None

    def judge(self, name: str) -> Iterator[Finding]:
        """The finding for a package, if there is one."""
        held = sorted(self._graph.named(name), key=_by_version)
        if len({version.bucket for version in map(_version, held) if version is not None}) < 2:
            return
        is_named = name in self._facts.policy.versions or name in self._facts.policy.shared
        needing = {package: self._graph.needing(package) for package in held}
        own = {package: [one for one in ones if one.name in self._own] for package, ones in needing.items()}
        if is_named or not self._is_shared(own):
            if not is_named and not self._is_needless(name, held, needing):
                return
            own = needing
        yield self._finding(name, [package for package in held if own[package]], own, needing)

    def _is_shared(self, own: _Needing) -> bool:
        """Whether crates of the stack need versions of two buckets and meet in the build of a third or of one of them,
        and one of those that need the package depends on another that does.
        """
        sides = [ones for ones in own.values() if ones]
        if len({_bucket(package) for package, ones in own.items() if ones}) < 2:
            return False
        graph = self._graph
        first, rest = graph.places(sides[0]), graph.places(one for ones in sides[1:] for one in ones)
        everyone = first | rest
        if not any(graph.reach(one) & everyone & ~graph.places([one]) for ones in sides for one in ones):
            return False
        return any(held & first and held & rest for held in self._held())

    def _held(self) -> Sequence[int]:
        """What each crate of the stack holds, as places of the graph: those first that hold most."""
        if self._holding is None:
            own = [one for one in self._graph.packages if one.name in self._own]
            most = sorted(((self._graph.reach(one), one) for one in own), key=_size, reverse=True)
            found, covered = [], 0
            for held, one in most:
                if not covered & self._graph.places([one]):  # else all that it holds is held with it
                    found.append(held)
                    covered |= held
            self._holding = found
        return self._holding

    def _is_needless(self, name: str, held: Sequence[LockedPackage], needing: _Needing) -> bool:
        """Whether a package that the repository itself requires is held in an older bucket only because some locked
        packages were not updated: their compatible releases take the newest version.
        """
        newest = held[-1]
        if not any(one.source is None for one in needing[newest]):
            return False
        behind = [one for package in held[:-1] if _bucket(package) != _bucket(newest) for one in needing[package]]
        return bool(behind) and all(self._update(one, name, newest) for one in behind)

    def _finding(self, name: str, sides: Sequence[LockedPackage], own: _Needing, needing: _Needing) -> Finding:
        firm = self._firm = self._graph_without_dev() if self._firm is None else self._firm
        severity = WARNING if sum(package in firm for package in sides) > 1 else NOTE
        ways = [self._way(package, own[package]) for package in sides[:_MOST_NAMED]]
        versions = " and ".join(package.version for package in sides)
        message = f"the lock file holds `{name}` {versions}, which are not compatible: {' beside '.join(ways)}"
        return at_package(self._locked, sides[0], message, self._mend(name, sides, needing), severity)

    def _graph_without_dev(self) -> frozenset[LockedPackage]:
        """What the members need besides for their tests."""
        starts: list[LockedPackage] = []
        for member in self._locked.members:
            names = {one.package for one in member.dependencies if one.kind != DEV}
            for here in self._graph.named(member.name):
                if here.source is None:
                    starts += [one for one in self._graph.needed(here) if one.name in names]
        return frozenset(self._graph.reached(starts))

    def _way(self, package: LockedPackage, needing: Sequence[LockedPackage]) -> str:
        """How a package is come by: from a member over the one that needs it."""
        came_from = self._came_from = self._came_from or self._graph.reached(self._locked.starts())
        last = next((one for one in came_from if one in needing), None)  # the nearest comes first
        way = [package]
        if last is not None and package in came_from:
            way.append(last)
            while came_from[way[-1]] != way[-1]:
                way.append(came_from[way[-1]])
        return " -> ".join(f"{one.name} {one.version}" for one in reversed(way))

    def _mend(self, name: str, sides: Sequence[LockedPackage], needing: _Needing) -> str:
        newest = sides[-1]
        behind = [one for package in sides[:-1] for one in needing[package]]
        updates: list[str] = []
        others: list[str] = []
        for one in dict.fromkeys(behind):
            update = self._update(one, name, newest)
            (updates if update else others).append(update or f"`{one.name}`")
        orders = [f"run {' and '.join(updates)}"] if updates else []
        if others:
            orders.append(
                f"let {', '.join(others[:_MOST_NAMED])} require a `{name}` that admits {newest.version}, and release it"
            )
        return "; ".join(orders) or f"let all require a `{name}` that admits {newest.version}"

    def _update(self, package: LockedPackage, name: str, newest: LockedPackage) -> str:
        """The command that replaces a package by a compatible release which takes the newest version; else empty."""
        here, wanted = _version(package), _version(newest)
        published = self._facts.published(package.name) if package.source is not None else None
        if here is None or wanted is None or published is None or isinstance(published, Unknown):
            return ""
        later = [
            one for one in read_all(published.versions) if one.bucket == here.bucket and one > here and not one.pre
        ]
        if not later:
            return ""
        release = self._facts.release(package.name, str(max(later)))
        if not isinstance(release, Release):
            return ""
        needs = [one for one in release.dependencies if one.package == name and one.kind != "dev"]
        if not all(parsed(one.requirement).matches(wanted) for one in needs):
            return ""
        return f"`cargo update -p {package.name}@{package.version}`, which takes {release.version}"


def _size(one: tuple[int, LockedPackage]) -> int:
    return one[0].bit_count()


def _version(package: LockedPackage) -> Version | None:
    return read_version(package.version)


def _bucket(package: LockedPackage) -> tuple[int, ...]:
    version = _version(package)
    return version.bucket if version else ()


def _by_version(package: LockedPackage) -> Version:
    return _version(package) or Version(0, 0, 0)
