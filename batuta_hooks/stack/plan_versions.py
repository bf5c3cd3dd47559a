"""The versions of a plan: what each crate goes out at, and why it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from batuta_hooks.domain.bump import AUTO, LEVELS, InvalidBump, breaking_level, bumped, level_of_commits
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.semver import InvalidRequirement, Requirement, Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.changes import CHANGED, NEVER, UNCHANGED
from batuta_hooks.stack.release_facts import CrateFacts, Place, Refusal, StackFacts, Wish


def admits(requirement: str | None, version: Version | None) -> bool:
    """Whether a requirement admits a version; one that cannot be read admits none."""
    read = None if requirement is None else _read_requirement(requirement)
    return read is not None and version is not None and read.matches(version)


@lru_cache(maxsize=1 << 14)
def _read_requirement(text: str) -> Requirement | None:
    try:
        return Requirement.parse(text)
    except InvalidRequirement:
        return None


def all_versions(published: Published | Unknown) -> list[Version]:
    """Every version that the registry has, yanked ones too."""
    if isinstance(published, Unknown):
        return []
    read = (read_version(text) for text in (*published.versions, *published.yanked))
    return [version for version in read if version is not None]


def usable_versions(published: Published | Unknown) -> list[Version]:
    """Every version that the registry has and that is not yanked."""
    if isinstance(published, Unknown):
        return []
    return [version for version in map(read_version, published.versions) if version is not None]


def is_published(crate: CrateFacts, version: Version) -> bool:
    """Whether the registry has a version, yanked or not; build metadata make no other."""
    return any(found.precedence == version.precedence for found in all_versions(crate.published))


def is_unreleased(crate: CrateFacts) -> bool:
    """Whether a crate has something to release: content that changed, or a version that is not published yet."""
    if isinstance(crate.published, Unknown):
        return False
    if crate.change.state in (NEVER, CHANGED):
        return True
    version = read_version(crate.version)
    return version is not None and not is_published(crate, version)


class Versions:
    """Decides about versions for a set of crates; crates that inherit one version have one.

    Args:
        facts: the stack.
        wish: the levels.
        planned: the crates of the plan.
        breaking: those of them whose step breaks users, whatever their commits say (VA011).
    """

    def __init__(self, facts: StackFacts, wish: Wish, planned: Collection[str], breaking: Collection[str] = ()) -> None:
        self._breaking = breaking
        self._facts = facts
        self._wish = wish
        self._planned = planned
        self._sets: dict[tuple[str, Place], list[str]] = {}
        for name, crate in facts.crates.items():
            if crate.is_publishable:
                self._sets.setdefault((crate.repository, crate.version_at), []).append(name)
        self._next: dict[tuple[str, Place], Version | Refusal] = {}

    def sharing(self, crate: CrateFacts) -> list[str]:
        """The crates that may be published and take their version from the same place, this one among them."""
        return self._sets[crate.repository, crate.version_at]

    def next(self, name: str) -> Version | Refusal:
        """The version that a crate of the plan goes out at, or why there is none."""
        crate = self._facts.crates[name]
        key = (crate.repository, crate.version_at)
        if key not in self._next:
            self._next[key] = self._decide([self._facts.crates[one] for one in self._sets[key] if one in self._planned])
        return self._next[key]

    def is_auto(self, name: str) -> bool:
        """Whether a crate's version is to be found from what changed."""
        crate = self._facts.crates[name]
        return self._level(self._facts.crates[one] for one in self.sharing(crate)) == AUTO

    def is_raised(self, name: str) -> bool:
        """Whether a crate's version changes, and with it that of all who share it."""
        found = self.next(name)
        return isinstance(found, Version) and str(found) != self._facts.crates[name].version

    def _decide(self, crates: list[CrateFacts]) -> Version | Refusal:
        here = read_version(crates[0].version)
        if here is None:
            return Refusal("version", f"`{crates[0].version}` is no version")
        level = self._level(crates)
        is_new = not any(is_published(crate, here) for crate in crates)
        if level not in LEVELS and (not is_new or self._is_meant(crates)):
            return self._checked(Version.parse(level), crates)
        if is_new:
            return self._checked(here, crates)
        if level == AUTO:
            is_breaking = any(crate.name in self._breaking for crate in crates)
            untold = [one.name for one in crates if one.change.commits is None and one.change.state != UNCHANGED]
            if untold and not is_breaking:
                why = f"history does not tell which commits changed {untold[0]} since {crates[0].change.since}"
                return Refusal("bump", why, f"name a level: --bump {untold[0]}=patch")
            messages = (one.message for crate in crates for one in crate.change.commits or ())
            level = breaking_level(here) if is_breaking else level_of_commits(messages, here)
        try:
            return self._checked(bumped(here, level), crates)
        except InvalidBump as error:
            return Refusal("bump", str(error), "name another level, or a version: --bump CRATE=VERSION")

    def _level(self, crates: Iterable[CrateFacts]) -> str:
        own = [self._wish.bumps[crate.name] for crate in crates if crate.name in self._wish.bumps]
        return own[0] if own else self._wish.bump

    def _is_meant(self, crates: Iterable[CrateFacts]) -> bool:
        """Whether a level is meant for one of these crates, and not only for all that the plan bumps."""
        return any(crate.name in self._wish.bumps or crate.name in self._wish.crates for crate in crates)

    def _checked(self, version: Version, crates: Iterable[CrateFacts]) -> Version | Refusal:
        for crate in crates:
            if is_published(crate, version):
                why = f"{crate.name} {version} is on the registry already"
                return Refusal("TC006", why, f"name a version: --bump {crate.name}=VERSION")
            newer = [one for one in all_versions(crate.published) if one.bucket == version.bucket and one > version]
            if newer:
                why = f"{version} is not the newest of its kind: the registry has {crate.name} {max(newer)}"
                mend = f"bring the changes of {max(newer)} here, or name a later version: --bump {crate.name}=VERSION"
                return Refusal("version", why, mend)
        return version


def versions_of(planned: Collection[str], versions: Versions) -> Mapping[str, Version]:
    """The next version of every crate of the plan that has one."""
    found = {name: versions.next(name) for name in planned}
    return {name: version for name, version in found.items() if isinstance(version, Version)}
