"""A Cargo.lock as a graph: which locked package each one's dependencies are, and how a package is come by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from batuta_hooks.domain.lockfile import LockedPackage
from batuta_hooks.domain.locks import Lockfile


class LockGraph:
    """The packages of a Cargo.lock and what each of them needs.

    Attributes:
        packages: in the order of the file.
    """

    def __init__(self, packages: Sequence[LockedPackage]) -> None:
        self.packages = packages
        self._by_name: dict[str, list[LockedPackage]] = {}
        for package in packages:
            self._by_name.setdefault(package.name, []).append(package)
        self._needing: dict[LockedPackage, list[LockedPackage]] | None = None
        self._needed: dict[int, list[LockedPackage]] = {}  # by identity: they are long to compare
        self._reach: dict[int, int] | None = None
        self._places = {id(package): 1 << number for number, package in enumerate(packages)}

    def named(self, name: str) -> list[LockedPackage]:
        """The packages of a name, in the order of the file."""
        return self._by_name.get(name, [])

    def names(self) -> Iterable[str]:
        """All names, in the order of the file."""
        return self._by_name

    def needed(self, package: LockedPackage) -> list[LockedPackage]:
        """What a package needs; an entry that names nothing here is left out."""
        known = self._needed.get(id(package))
        if known is None:
            found = (self.find(entry) for entry in package.dependencies)
            known = self._needed[id(package)] = [one for one in found if one is not None]
        return known

    def find(self, entry: str) -> LockedPackage | None:
        """The package that an entry of ``dependencies`` names: ``name``, ``name version`` or ``name version (source)``.

        ``None`` where there is none, or more than one.
        """
        if " " not in entry:
            alone = self.named(entry)
            if len(alone) == 1:
                return alone[0]
        name, _, rest = entry.partition(" ")
        version, _, source = rest.partition(" ")
        candidates = self.named(name)
        if version:
            candidates = [one for one in candidates if one.version == version]
        if len(candidates) > 1:  # without a source the one in a folder is meant
            candidates = [one for one in candidates if (f"({one.source})" if one.source else "") == source]
        return candidates[0] if len(candidates) == 1 else None

    def reached(self, starts: Iterable[LockedPackage]) -> dict[LockedPackage, LockedPackage]:
        """All that some packages need, themselves too; each with the one by which it was come to first (or itself)."""
        came_from = {start: start for start in starts}
        seen = {id(start) for start in came_from}
        level = list(came_from)
        while level:
            following = []
            for package in level:
                for needed in self.needed(package):
                    if id(needed) not in seen:
                        seen.add(id(needed))
                        came_from[needed] = package
                        following.append(needed)
            level = following
        return came_from

    def places(self, packages: Iterable[LockedPackage]) -> int:
        """Packages of this graph as bits of a number, by their places in the file: sets that are quick to compare."""
        found = 0
        for package in packages:
            found |= self._places[id(package)]
        return found

    def reach(self, package: LockedPackage) -> int:
        """All that a package needs, itself too, as `places` has them."""
        if self._reach is None:
            self._reach = self._reach_of_all()
        return self._reach[id(package)]

    def _reach_of_all(self) -> dict[int, int]:
        reach = dict(self._places)
        needs = [(id(one), [id(needed) for needed in self.needed(one)]) for one in self._from_the_ends()]
        is_growing = True  # once, and once more to see that it is whole; circles take longer
        while is_growing:
            is_growing = False
            for place, needed in needs:
                found = reach[place]
                for other in needed:
                    found |= reach[other]
                if found != reach[place]:
                    reach[place], is_growing = found, True
        return reach

    def _from_the_ends(self) -> list[LockedPackage]:
        """All packages, each behind what it needs, as far as circles let it."""
        found: list[LockedPackage] = []
        seen: set[int] = set()
        for start in self.packages:
            if id(start) in seen:
                continue
            seen.add(id(start))
            way = [(start, iter(self.needed(start)))]
            while way:
                package, rest = way[-1]
                following = next((one for one in rest if id(one) not in seen), None)
                if following is None:
                    found.append(package)
                    way.pop()
                else:
                    seen.add(id(following))
                    way.append((following, iter(self.needed(following))))
        return found

    def needing(self, package: LockedPackage) -> list[LockedPackage]:
        """The packages that need a package, in the order of the file."""
        if self._needing is None:
            self._needing = {}
            for one in self.packages:
                for needed in self.needed(one):
                    self._needing.setdefault(needed, []).append(one)
        return self._needing.get(package, [])


@lru_cache(maxsize=64)  # three checks ask for each lock file of a stack
def graph_of(lock: Lockfile) -> LockGraph:
    """The graph of a lock file."""
    return LockGraph(lock.packages)
