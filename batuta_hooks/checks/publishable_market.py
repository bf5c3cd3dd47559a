"""What the registry has of a stack's crates, and what their checkouts are about to add to it."""

from __future__ import annotations

from batuta_hooks.checks.published_versions import is_settled
from batuta_hooks.domain.crates_io import spellings
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Manifest, Package
from batuta_hooks.domain.packaged import as_release
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.shelf import Shelf
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from batuta_hooks.domain.release import Release

#: Names of more parts are looked for in the uniform spellings alone.
MOST_PARTS = 4


class Coming(NamedTuple):
    """A version that a checkout of the stack has and the registry does not."""

    facts: Facts
    path: str
    release: Release


class Standing(NamedTuple):
    """Whether the registry has this very version; ``None`` where that is not known, and why."""

    is_published: bool | None
    why: str = ""
    is_yanked: bool = False


class Market:
    """Answers for the judge of a stack, each found out once.

    Args:
        facts: about each repository of the stack.

    Attributes:
        wanted: see `batuta_hooks.checks.publishable.Judge`.
        open_questions: how often something would have been better known.
    """

    def __init__(self, facts: Iterable[Facts]) -> None:
        self._all = tuple(facts)
        self._shelves: dict[Callable[[str], object], Shelf] = {}
        self._coming: dict[str, list[Coming]] | None = None
        self.wanted: dict[str, set[str]] = {}
        self.open_questions = 0

    def want(self, facts: Facts, names: Iterable[str]) -> None:
        """Note the crates about which more should be known for a repository."""
        names = tuple(names)
        self.open_questions += len(names)
        self.wanted.setdefault(facts.repository, set()).update(names)

    def look_again(self, packages: Collection[str]) -> None:
        """Ask anew about packages of which more is known now."""
        self._coming = None
        for shelf in self._shelves.values():
            shelf.look_again(packages, self._coming_releases())

    def standing(self, facts: Facts, package: Package) -> Standing:
        """Whether the registry has the version of a package."""
        published = facts.published(package.name)
        if isinstance(published, Unknown):
            self.want(facts, [package.name])
            return Standing(None, f"`{package.name}`: {published.why}")
        version = package.version or ""
        if has_version(published, version):
            return Standing(True, is_yanked=has_version(Published((), published.yanked), version))
        if self.is_recent(facts, package.name) or _has_above(published, version):
            return Standing(False)
        self.want(facts, [package.name])
        return Standing(None, "the registry was asked about it before the newest commit here")

    def other_spelling(self, facts: Facts, name: str) -> str | None:
        """The other name under which the registry has what crates.io takes for the same crate."""
        other = facts.spelled_as(name)
        if other is None:
            self.want(facts, (one for one in spellings(name, MOST_PARTS) if isinstance(facts.published(one), Unknown)))
        return None if other == name else other

    def is_recent(self, facts: Facts, name: str) -> bool:
        """Whether what is known of a crate is new enough to say that the registry has no more."""
        published = facts.published(name)
        return not isinstance(published, Unknown) and is_settled(facts, published)

    def shelf(self, facts: Facts) -> Shelf:
        """What the registry that counts for a repository offers, and what the stack is about to add."""
        shelf = self._shelves.get(facts.published)
        if shelf is None:
            shelf = self._shelves[facts.published] = Shelf(facts.published, facts.release, self._coming_releases())
        return shelf

    def _coming_releases(self) -> dict[str, list[Release]]:
        return {name: [one.release for one in found] for name, found in self.coming().items()}

    def coming(self) -> dict[str, list[Coming]]:
        """The versions of the stack that its registry does not have, as far as is known."""
        if self._coming is None:
            self._coming = {}
            for facts in self._all:
                for path in facts.judged:
                    manifest = facts.manifests.resolve(path)
                    package = manifest.package if isinstance(manifest, Manifest) else None
                    if package is None or package.version is None or not package.is_bound_for_crates_io:
                        continue
                    assert isinstance(manifest, Manifest)
                    release = as_release(manifest)
                    for version in dict.fromkeys((package.version, *facts.planned(package.name))):
                        if not has_version(facts.published(package.name), version):
                            found = Coming(facts, path, release._replace(version=version))
                            self._coming.setdefault(package.name, []).append(found)
        return self._coming


def has_version(published: Published | Unknown, text: str) -> bool:
    """Whether the registry is known to have a version, yanked or not; build metadata makes no other version."""
    own = read_version(text)
    if own is None or isinstance(published, Unknown):
        return False
    if text in published.versions:
        return True
    listed = map(read_version, (*published.versions, *published.yanked))
    return any(one is not None and one[:3] == own[:3] and one.precedence == own.precedence for one in listed)


def _has_above(published: Published, text: str) -> bool:
    own = read_version(text)
    listed = map(read_version, (*published.versions, *published.yanked))
    return own is None or any(one is not None and one.precedence > own.precedence for one in listed)
