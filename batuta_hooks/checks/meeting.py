"""Which crates of a stack end up in one build, and what each of them needs: the ground of VA005 and VA009.

A crate's build holds the crates that it needs, those that they need, and so on.  An edge leads to a sibling only where
the requirement admits the sibling's version: else cargo takes a published one, whose needs are not the checkout's.
Dev-dependencies count for the tests of the crate that has them and for nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from batuta_hooks.checks.requirements import parsed, read_version
from batuta_hooks.domain.manifest import DEV, Dependency
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.stack import Stack, StackCrate


class Need(NamedTuple):
    """What a crate of the stack requires of a package."""

    crate: StackCrate
    dependency: Dependency
    requirement: Requirement

    @property
    def is_dev(self) -> bool:
        """Whether only the crate's own tests need it."""
        return self.dependency.kind == DEV

    @property
    def text(self) -> str:
        """The requirement as written."""
        return self.dependency.requirement or ""


class Meeting:
    """The needs of a stack's crates, and which crates meet in a build."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._crates = list(stack.crates())
        self._numbers = {crate.name: number for number, crate in enumerate(self._crates)}
        self._needs: dict[str, list[Need]] = {}
        self._clashes: dict[tuple[str, bool], list[tuple[Need, Need]]] = {}
        self._exposed: dict[str, bool] = {}
        links = [self._links(crate, is_dev=False) for crate in self._crates]
        self._holds = [_reach(number, links) for number in range(len(links))]  # bit sets, each with the crate itself
        self._held_by = [0] * len(links)
        for number, held in enumerate(self._holds):
            rest = held
            while rest:
                lowest = rest & -rest
                self._held_by[lowest.bit_length() - 1] |= 1 << number
                rest ^= lowest

    def _links(self, crate: StackCrate, *, is_dev: bool) -> list[int]:
        return [
            self._numbers[dependency.package]
            for dependency in self._stack.inside(crate)
            if (dependency.kind == DEV) == is_dev and dependency.package != crate.name and self._leads(dependency)
        ]

    def _leads(self, dependency: Dependency) -> bool:
        if dependency.requirement is None:
            return True
        version = read_version(self._crates[self._numbers[dependency.package]].version) or Version(0, 0, 0)
        return parsed(dependency.requirement).matches(version)

    def packages(self) -> list[str]:
        """The packages that more than one crate needs, sorted."""
        return sorted(name for name in self._stack.needed() if len({need.crate.name for need in self.needs(name)}) > 1)

    def needs(self, package: str) -> list[Need]:
        """Every crate's need of a package, in the order of the stack."""
        if package not in self._needs:
            self._needs[package] = [
                Need(crate, dependency, parsed(dependency.requirement))
                for crate, dependency in self._stack.needing(package)
                if dependency.requirement is not None and package != crate.name
            ]
        return self._needs[package]

    def depends(self, dependent: str, dependency: str) -> bool:
        """Whether a crate's build holds another crate."""
        first, second = self._numbers.get(dependent), self._numbers.get(dependency)
        return None not in (first, second) and bool(self._holds[first] >> second & 1)  # type: ignore[operator, index]

    def is_exposed(self, package: str) -> bool:
        """Whether a crate needs the package, and so does another one that depends on it."""
        if package not in self._exposed:
            self._exposed[package] = self._is_exposed(package)
        return self._exposed[package]

    def _is_exposed(self, package: str) -> bool:
        names = sorted({need.crate.name for need in self.needs(package) if not need.is_dev})
        mask = sum(1 << self._numbers[name] for name in names)
        return any((self._holds[self._numbers[name]] & mask).bit_count() > 1 for name in names)

    def in_one_build(self, first: Need, second: Need) -> bool:
        """Whether some crate's build, or the tests of one of the two, hold both crates."""
        one, other = self._numbers[first.crate.name], self._numbers[second.crate.name]
        if first.is_dev or second.is_dev:
            return any(
                need.is_dev and self._in_tests(need, beside) for need, beside in ((first, second), (second, first))
            )
        return bool(self._held_by[one] & self._held_by[other])

    def _in_tests(self, need: Need, beside: Need) -> bool:
        if beside.is_dev:
            return False  # each has tests of its own
        own = self._numbers[need.crate.name]
        held = self._holds[own]
        for number in self._links(need.crate, is_dev=True):
            held |= self._holds[number]
        return bool(held >> self._numbers[beside.crate.name] & 1)

    def clashes(self, package: str, *, everywhere: bool) -> list[tuple[Need, Need]]:
        """Pairs of needs of different crates that no version meets.

        Args:
            everywhere: whether all crates count; else those alone that meet in a build.
        """
        known = self._clashes.get((package, everywhere))
        if known is None:
            known = self._clashes[package, everywhere] = list(self._clashing(package, everywhere=everywhere))
        return known

    def _clashing(self, package: str, *, everywhere: bool) -> Iterator[tuple[Need, Need]]:
        needs = self.needs(package)
        texts = list({need.text: need.requirement for need in needs}.items())
        apart: set[tuple[str, str]] = set()
        for number, (one, first_requirement) in enumerate(texts):
            for other, second_requirement in texts[number + 1 :]:
                if not overlap(first_requirement, second_requirement):
                    apart.update(((one, other), (other, one)))
        for number, first in enumerate(needs) if apart else ():
            for second in needs[number + 1 :]:
                if (first.text, second.text) not in apart or first.crate.name == second.crate.name:
                    continue
                if everywhere or self.in_one_build(first, second):
                    yield first, second


def _reach(start: int, links: list[list[int]]) -> int:
    reached, pending = 1 << start, [start]
    while pending:
        for number in links[pending.pop()]:
            if not reached >> number & 1:
                reached |= 1 << number
                pending.append(number)
    return reached


@lru_cache(maxsize=2)  # a check judges the manifests of one stack one by one
def meeting_of(stack: Stack) -> Meeting:
    """The needs of a stack, `Stack.whole`."""
    return Meeting(stack)
