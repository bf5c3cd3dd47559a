"""What the builds of a stack's crates hold, as bit sets over the crates: which of them meet in a build.

A crate's build holds the crates that it needs, those that they need, and so on.  An edge leads to a sibling only where
the requirement admits the sibling's version: else cargo takes a published one, whose needs are not the checkout's.
Dev-dependencies count for the tests of the crate that has them and for nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from batuta_hooks.checks.requirements import parsed
from batuta_hooks.domain.manifest import DEV, Dependency
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.stack import Stack, StackCrate
from batuta_hooks.domain.version_text import read_version


def leads_to(dependency: Dependency, crate: StackCrate) -> bool:
    """Whether a crate of the stack, as its checkout has it, meets a dependency on it."""
    if dependency.requirement is None:
        return True
    return parsed(dependency.requirement).matches(read_version(crate.version) or Version(0, 0, 0))


class Builds:
    """The builds of a stack's crates.

    Attributes:
        numbers: the number of each crate, by its name: its place in the bit sets.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._crates = list(stack.crates())
        self.numbers = {crate.name: number for number, crate in enumerate(self._crates)}
        self._links_of: dict[int, list[int]] = {}
        self._held: dict[int, int] = {}
        self._holders: dict[int, int] = {}
        self._met: dict[int, int] = {}
        self._tests: dict[int, int] = {}

    def holds(self, number: int) -> int:
        """The crates that a crate's build holds, itself among them, as a bit set."""
        if number not in self._held:
            self._held[number] = _reach(number, self._links, self._held)
        return self._held[number]

    def held_by(self, number: int) -> int:
        """The crates whose builds hold a crate, itself among them, as a bit set."""
        if number not in self._holders:
            self._holders[number] = _reach(number, self._back_links, self._holders)
        return self._holders[number]

    def _links(self, number: int) -> list[int]:
        if number not in self._links_of:
            self._links_of[number] = self._linked(self._crates[number], is_dev=False)
        return self._links_of[number]

    def _linked(self, crate: StackCrate, *, is_dev: bool) -> list[int]:
        return [
            self.numbers[dependency.package]
            for dependency in self._stack.inside_briefly(crate)
            if self._is_link(crate, dependency, is_dev=is_dev)
        ]

    def _back_links(self, number: int) -> list[int]:
        return [
            self.numbers[crate.name]
            for crate, dependency in self._stack.needing_briefly(self._crates[number].name)
            if self._is_link(crate, dependency, is_dev=False)
        ]

    def _is_link(self, crate: StackCrate, dependency: Dependency, *, is_dev: bool) -> bool:
        if (dependency.kind == DEV) != is_dev or dependency.package == crate.name:
            return False
        return leads_to(dependency, self._crates[self.numbers[dependency.package]])

    def tested(self, number: int) -> int:
        """The crates that the tests of a crate hold, itself among them, as a bit set."""
        if number not in self._tests:
            held = self.holds(number)
            for linked in self._linked(self._crates[number], is_dev=True):
                held |= self.holds(linked)
            self._tests[number] = held
        return self._tests[number]

    def beside(self, number: int) -> int:
        """The crates that are in some build with a crate, as a bit set."""
        if number not in self._met:
            met = 0
            for holder in bits_of(self.held_by(number)):
                met |= self.holds(holder)
            self._met[number] = met
        return self._met[number]

    def depends(self, dependent: str, dependency: str) -> bool:
        """Whether a crate's build holds another crate."""
        first, second = self.numbers.get(dependent), self.numbers.get(dependency)
        return None not in (first, second) and bool(self.holds(first) >> second & 1)  # type: ignore[arg-type, operator]


def bits_of(number: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _reach(start: int, links: Callable[[int], list[int]], known: Mapping[int, int]) -> int:
    """All that links lead to, as a bit set; `known` has that of some numbers already."""
    reached, pending = 1 << start, [start]
    while pending:
        for number in links(pending.pop()):
            if not reached >> number & 1:
                further = known.get(number)
                reached |= 1 << number if further is None else further
                if further is None:
                    pending.append(number)
    return reached
