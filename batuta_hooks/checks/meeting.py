"""Which crates of a stack end up in one build, and what each of them needs: the ground of VA005 and VA009.

What a build is says `batuta_hooks.checks.builds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from batuta_hooks.checks.builds import Builds, bits_of
from batuta_hooks.checks.requirements import parsed
from batuta_hooks.domain.manifest import DEV, Dependency, Manifest
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import Requirement
from batuta_hooks.domain.stack import Named, Stack, StackCrate


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


class _Held(NamedTuple):
    """The needs of one package, each with its place among them.

    Attributes:
        by_text: by the requirement as written.
        by_crate: by the crate's number, those of dev-dependencies left out.
        firm: by the requirement, the crates of those that are left, as a bit set.
    """

    by_text: Mapping[str, Sequence[tuple[int, Need]]]
    by_crate: Mapping[int, Sequence[tuple[int, Need]]]
    firm: Mapping[str, int]


class _Against(NamedTuple):
    """What stands against a requirement.

    Attributes:
        texts: the requirements with which it has no version in common.
        firm: the crates that have those, dev-dependencies left out, as a bit set.
        dev: the needs of dev-dependencies that have those, with their places.
        tested: the crates that the tests of their crates hold, as a bit set.
    """

    texts: frozenset[str]
    firm: int
    dev: Sequence[tuple[int, Need]]
    tested: int


_NOTHING = _Against(frozenset(), 0, (), 0)
_Place = tuple[str, str, str, tuple[str | int, ...]]
"""A crate's name, repository and manifest, and the key of an entry there."""


class Meeting:
    """The needs of a stack's crates, and which crates meet in a build."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._builds = Builds(stack)
        self._numbers = self._builds.numbers
        self._needs: dict[str, list[Need]] = {}
        self._brief: dict[str, list[Need]] = {}
        self._places: dict[str, dict[_Place, list[Need]]] = {}
        self._apart: dict[str, Mapping[str, frozenset[str]]] = {}
        self._exposed: dict[str, bool] = {}
        self._facing: dict[tuple[str, str], _Against] = {}
        self._sorted: dict[str, _Held] = {}
        self._newer: dict[tuple[str, str], Sequence[Need]] = {}

    def packages(self) -> list[str]:
        """The packages that more than one crate needs, sorted."""
        return sorted(name for name in self.stack.needed() if len({need.crate.name for need in self.brief(name)}) > 1)

    def needs(self, package: str) -> list[Need]:
        """Every crate's need of a package, in the order of the stack."""
        if package not in self._needs:
            self._needs[package] = _needs_in(package, self.stack.needing(package))
        return self._needs[package]

    def brief(self, package: str) -> list[Need]:
        """The same; of the dependencies no more may be known than package, kind and requirement."""
        if package not in self._brief:
            self._brief[package] = _needs_in(package, self.stack.needing_briefly(package))
        return self._brief[package]

    def needs_of(self, repository: str, manifest: Manifest, dependency: Dependency) -> Sequence[Need]:
        """The needs that one entry of a manifest stands for."""
        package, crate = dependency.package, self.stack.crate(manifest.name)
        if crate is None or (crate.repository, crate.manifest_path) != (repository, manifest.path):
            return ()
        if isinstance(crate.dependencies, Named):  # the entry itself tells more
            return _needs_in(package, [(crate, dependency)])
        if package not in self._places:
            found: dict[_Place, list[Need]] = {}
            for need in self.brief(package):
                crate = need.crate
                place = crate.name, crate.repository, crate.manifest_path, need.dependency.user_key
                found.setdefault(place, []).append(need)
            self._places[package] = found
        return self._places[package].get((manifest.name, repository, manifest.path, dependency.user_key), ())

    def depends(self, dependent: str, dependency: str) -> bool:
        """Whether a crate's build holds another crate."""
        return self._builds.depends(dependent, dependency)

    def is_exposed(self, package: str) -> bool:
        """Whether a crate needs the package, and so does another one that depends on it."""
        if package not in self._exposed:
            self._exposed[package] = self._is_exposed(package)
        return self._exposed[package]

    def _is_exposed(self, package: str) -> bool:
        names = sorted({need.crate.name for need in self.brief(package) if not need.is_dev})
        mask = sum(1 << self._numbers[name] for name in names)
        return any((self._builds.holds(self._numbers[name]) & mask).bit_count() > 1 for name in names)

    def in_one_build(self, first: Need, second: Need) -> bool:
        """Whether some crate's build, or the tests of one of the two, hold both crates."""
        one, other = self._numbers[first.crate.name], self._numbers[second.crate.name]
        if first.is_dev or second.is_dev:
            return any(
                need.is_dev and self._in_tests(need, beside) for need, beside in ((first, second), (second, first))
            )
        return bool(self._builds.held_by(one) & self._builds.held_by(other))

    def _in_tests(self, need: Need, beside: Need) -> bool:
        if beside.is_dev:
            return False  # each has tests of its own
        return bool(self._builds.tested(self._numbers[need.crate.name]) >> self._numbers[beside.crate.name] & 1)

    def clashes(self, package: str, *, everywhere: bool) -> list[tuple[Need, Need]]:
        """Pairs of needs of different crates that no version meets.

        Args:
            everywhere: whether all crates count; else those alone that meet in a build.
        """
        if not self.apart(package):
            return []
        return [
            (first, second)
            for place, first in enumerate(self.brief(package))
            for other, second in self._clashing(first, everywhere=everywhere)
            if other > place
        ]

    def clashing_with(self, need: Need, *, everywhere: bool) -> list[Need]:
        """The needs that make a pair of `clashes` with one."""
        return [other for _, other in self._clashing(need, everywhere=everywhere)]

    def _clashing(self, need: Need, *, everywhere: bool) -> list[tuple[int, Need]]:
        """The same with their places among the needs of the package."""
        package, name = need.dependency.package, need.crate.name
        against = self._against(package, need.text)
        if everywhere:
            return [found for found in self._every(package, against) if found[1].crate.name != name]
        number, is_dev = self._numbers[name], need.is_dev
        # most meet nobody, which the bit sets tell of all at once
        met = against.firm & (self._builds.tested(number) if is_dev else self._builds.beside(number)) & ~(1 << number)
        is_tested = not is_dev and against.tested >> number & 1  # each has tests of its own
        if not met and not is_tested:
            return []
        by_crate = self._held_needs(package).by_crate
        found = [one for other in bits_of(met) for one in by_crate[other] if one[1].text in against.texts]
        if is_tested:
            found += [one for one in against.dev if one[1].crate.name != name and self._in_tests(one[1], need)]
        return sorted(found, key=_first)

    def suspects(self, manifest: Manifest, is_named: Callable[[str], bool]) -> Iterator[Dependency]:
        """The dependencies of a manifest that clash with another crate's, and perhaps some that do not.

        Args:
            is_named: asked of a package whether all crates count, or those alone that meet in a build.
        """
        number = self._numbers.get(manifest.name)
        if number is None:
            return
        for dependency in manifest.dependencies:
            if dependency.requirement is not None and self._is_suspect(number, dependency, is_named):
                yield dependency

    def suspected(self, package: str, is_named: Callable[[str], bool]) -> Iterator[Need]:
        """The needs of a package that `suspects` gives."""
        for need in self.brief(package):
            if self._is_suspect(self._numbers[need.crate.name], need.dependency, is_named):
                yield need

    def _is_suspect(self, number: int, dependency: Dependency, is_named: Callable[[str], bool]) -> bool:
        place = dependency.package, dependency.requirement or ""
        against = self._facing.get(place) or self._against(*place)
        if not against.texts:
            return False
        if dependency.kind == DEV:
            is_met = against.firm & self._builds.tested(number)
        else:
            is_met = against.firm & self._builds.beside(number) or against.tested >> number & 1
        return bool(is_met) or is_named(dependency.package)

    def newer_against(self, package: str, text: str) -> Sequence[Need]:
        """The needs of a package, those of tests aside, with which a requirement has no version in common and that do
        not begin below it.

        Args:
            text: the requirement as some crate writes it.
        """
        if (package, text) not in self._newer:
            begins = parsed(text).at_least
            against = self._every(package, self._against(package, text))
            self._newer[package, text] = [
                need for _, need in against if not need.is_dev and begins <= need.requirement.at_least
            ]
        return self._newer[package, text]

    def _every(self, package: str, against: _Against) -> list[tuple[int, Need]]:
        by_text = self._held_needs(package).by_text
        return sorted((one for text in against.texts for one in by_text.get(text, ())), key=_first)

    def _against(self, package: str, text: str) -> _Against:
        if (package, text) not in self._facing:
            self._facing[package, text] = self._faced(package, text)
        return self._facing[package, text]

    def _faced(self, package: str, text: str) -> _Against:
        texts = self.apart(package).get(text)
        if texts is None:
            return _NOTHING
        held = self._held_needs(package)
        firm = tested = 0
        for other in texts:
            firm |= held.firm.get(other, 0)
        dev = [one for other in texts for one in held.by_text.get(other, ()) if one[1].is_dev]
        for _, need in dev:
            tested |= self._builds.tested(self._numbers[need.crate.name])
        return _Against(texts, firm, dev, tested)

    def _held_needs(self, package: str) -> _Held:
        if package not in self._sorted:
            by_text, by_crate = dict[str, list[tuple[int, Need]]](), dict[int, list[tuple[int, Need]]]()
            firm: dict[str, int] = {}
            for one in enumerate(self.brief(package)):
                crate, dependency, _ = one[1]
                text = dependency.requirement or ""
                by_text.setdefault(text, []).append(one)
                if dependency.kind != DEV:
                    number = self._numbers[crate.name]
                    by_crate.setdefault(number, []).append(one)
                    firm[text] = firm.get(text, 0) | 1 << number
            self._sorted[package] = _Held(by_text, by_crate, firm)
        return self._sorted[package]

    def apart(self, package: str) -> Mapping[str, frozenset[str]]:
        """By a requirement of a package, as crates write it, those others with which no version meets it."""
        if package not in self._apart:
            distinct = self.stack.distinct(package)
            texts = [(text, parsed(text)) for text in distinct] if len(distinct) > 1 else []
            found: dict[str, set[str]] = {}
            for number, (one, wanted) in enumerate(texts):
                for other, against in texts[number + 1 :]:
                    if not overlap(wanted, against):
                        found.setdefault(one, set()).add(other)
                        found.setdefault(other, set()).add(one)
            self._apart[package] = {text: frozenset(others) for text, others in found.items()}
        return self._apart[package]


def _needs_in(package: str, entries: Iterable[tuple[StackCrate, Dependency]]) -> list[Need]:
    return [
        Need(crate, dependency, parsed(dependency.requirement))
        for crate, dependency in entries
        if dependency.requirement is not None and package != crate.name
    ]


def _first(one: tuple[int, Need]) -> int:
    return one[0]


@lru_cache(maxsize=2)  # a check judges the manifests of one stack one by one
def meeting_of(stack: Stack) -> Meeting:
    """The needs of a stack, `Stack.whole`."""
    return Meeting(stack)
