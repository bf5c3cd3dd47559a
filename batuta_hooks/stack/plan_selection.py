"""Which crates a plan holds, and why: what was asked for, what that needs, and what has to move with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from batuta_hooks.domain.bump import LEVELS, is_level
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.changes import CHANGED, NEVER, UNCHANGED
from batuta_hooks.stack.changes import UNKNOWN as NOT_COMPARED
from batuta_hooks.stack.plan_requirements import Requirements
from batuta_hooks.stack.plan_steps import Steps
from batuta_hooks.stack.plan_versions import Versions, admits, is_published, is_unreleased, usable_versions, versions_of
from batuta_hooks.stack.release_facts import CrateFacts, Refusal, StackFacts, Wish

ALL = "all"
_MOST_FILES = 3


class Selection:
    """Finds the crates of a plan.

    Args:
        facts: the stack.
        wish: what is wanted.

    Attributes:
        reasons: why each crate is in the plan, in the order in which that was found.
        undecided: crates that were asked for, and why it is not known whether they have something to release.
        left_out: crates that were named, or given a level, and have nothing to release, and why.
        unreadable: crates that were named and that cargo cannot load.

    Raises:
        BatutaError: a crate or a level is not known.
    """

    def __init__(self, facts: StackFacts, wish: Wish) -> None:
        self._facts = facts
        self._wish = wish
        self.reasons: dict[str, list[str]] = {}
        self.undecided: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.unreadable: dict[str, Refusal] = {}
        self._breaking: set[str] = set()
        for name in (*wish.crates, *wish.bumps):
            if name not in facts.crates and name not in facts.unreadable:
                raise no_such_crate(name, facts)
        for level in (wish.bump, *wish.bumps.values()):
            if not is_level(level):
                mend = f"give {', '.join(LEVELS)}, or a whole version such as 1.2.3"
                raise BatutaError(f"--bump: `{level}` is no level and no version", mend=mend)
        for name in wish.crates or sorted(facts.crates):
            if name in facts.crates:
                self._seed(name, is_named=bool(wish.crates))
            else:
                self.unreadable[name] = facts.unreadable[name]
        while self._grow():
            pass
        for name in wish.bumps:
            if name not in self.reasons and name not in self.undecided and name not in self.unreadable:
                self.left_out.setdefault(name, "it is not in the plan, so there is nothing to bump")

    @property
    def planned(self) -> list[str]:
        """The crates, by name."""
        return sorted(self.reasons)

    @property
    def versions(self) -> Versions:
        """Their versions."""
        return Versions(self._facts, self._wish, self.reasons, self._breaking)

    def _seed(self, name: str, *, is_named: bool) -> None:
        crate = self._facts.crates[name]
        if not crate.is_publishable:
            if is_named:
                raise BatutaError(f"`{name}` is never published: its manifest says so, or has no version")
            return
        if self._is_undecided(crate):
            return
        if is_unreleased(crate):
            self._join(name, "named" if is_named else "", *_own_reasons(crate))
        elif self._wants_version(crate):
            self._join(name, f"version {self._meant(name)} was asked for")
        elif is_named:
            self.left_out[name] = f"nothing changed since {crate.change.since or crate.version}"
        if is_named:
            self._pull(crate)

    def _is_undecided(self, crate: CrateFacts) -> bool:
        if isinstance(crate.published, Unknown):
            self.undecided[crate.name] = f"what is published of it is not known: {crate.published.why}"
        elif crate.change.state == NOT_COMPARED and not is_unreleased(crate):
            self.undecided[crate.name] = f"whether it changed is not known: {crate.change.why}"
        return crate.name in self.undecided

    def _wants_version(self, crate: CrateFacts) -> bool:
        version = read_version(self._meant(crate.name))
        return version is not None and not is_published(crate, version)

    def _meant(self, name: str) -> str | None:
        """The level or version that is meant for a crate, and not only for all that the plan bumps."""
        return self._wish.bumps.get(name, self._wish.bump if name in self._wish.crates else None)

    def _pull(self, crate: CrateFacts) -> None:
        """The unreleased stack crates that a crate needs, and those that these need."""
        pending, seen = [crate], {crate.name}
        while pending:
            user = pending.pop()
            for need in user.needs:
                found = self._facts.crates.get(need.package)
                if found is None or need.kind == DEV or found.name in seen or not found.is_publishable:
                    continue
                seen.add(found.name)
                pending.append(found)
                if not self._is_undecided(found) and is_unreleased(found):
                    self._join(found.name, f"{user.name} needs it", *_own_reasons(found))

    def _join(self, name: str, *why: str) -> bool:
        crate = self._facts.crates[name]
        if not crate.is_publishable or (self._wish.changed_only and not _changed_itself(crate)):
            return False
        is_new = name not in self.reasons
        reasons = self.reasons.setdefault(name, [])
        reasons += [one for one in why if one and one not in reasons]
        return is_new

    def _grow(self) -> bool:
        versions = self.versions
        nexts = versions_of(self.reasons, versions)
        moved = list(self._moved(versions, nexts))
        # the first reason tells enough
        joined = [self._join(name, why) for name, why in moved if name not in self.reasons]
        return any(joined) or self._break(versions, nexts)

    def _break(self, versions: Versions, nexts: Mapping[str, Version]) -> bool:
        """Whether there are more steps that break users, of versions that are to be found from what changed."""
        auto = [name for name in self.reasons if name not in self._breaking and versions.is_auto(name)]
        if not auto:
            return False
        steps = Steps(self._facts, nexts, Requirements(self._facts, nexts, list(self.reasons)))
        found = {name: moves for name in auto if (moves := steps.of(name))}
        for name, moves in found.items():
            self._breaking.add(name)
            self._join(name, f"a breaking step, for it moves {', '.join(one.dependency for one in moves)} (VA011)")
        return bool(found)

    def _moved(self, versions: Versions, nexts: Mapping[str, Version]) -> Iterator[tuple[str, str]]:
        planned = list(self.reasons)
        for group, members in sorted(self._facts.groups.items()):
            leader = next((one for one in members if one in self.reasons), None)
            if leader is not None:
                yield from ((one, f"release group `{group}`") for one in members if self._may_join(one))
        for name in planned:
            crate = self._facts.crates[name]
            if versions.is_raised(name):
                sharing = filter(self._may_join, versions.sharing(crate))
                yield from ((one, f"shares its version with {name}") for one in sharing)
        requirements = Requirements(self._facts, nexts, planned)
        yield from ((one, why) for one, _, why in requirements.not_admitting())
        yield from (
            (one, f"inherits the requirement on {package}, which is raised")
            for one, package in requirements.taking_edits()
        )
        for name, crate in self._facts.crates.items():
            yield from self._by_policy(name, crate)
        for name in planned:
            yield from self._unmet(self._facts.crates[name], nexts)

    def _may_join(self, name: str) -> bool:
        return name in self._facts.crates and name not in self.reasons

    def _by_policy(self, name: str, crate: CrateFacts) -> Iterator[tuple[str, str]]:
        if name in self.reasons or self._facts.repositories[crate.repository].release.dependents != ALL:
            return
        needed = [need.package for need in crate.needs if need.kind != DEV and need.package in self.reasons]
        if needed:
            yield name, f"depends on {needed[0]}"

    def _unmet(self, crate: CrateFacts, nexts: Mapping[str, Version]) -> Iterator[tuple[str, str]]:
        """Stack crates outside of the plan that a crate of it needs, and that the registry cannot give it yet."""
        for need in crate.needs:
            found = self._facts.crates.get(need.package)
            if found is None or not self._may_join(need.package) or not is_unreleased(found):
                continue
            if need.requirement is None or any(admits(need.requirement, v) for v in usable_versions(found.published)):
                continue
            if admits(need.requirement, read_version(found.version)) or need.package in nexts:
                yield need.package, f"{crate.name} needs it"


def _changed_itself(crate: CrateFacts) -> bool:
    return crate.change.state != UNCHANGED or is_unreleased(crate)


def _own_reasons(crate: CrateFacts) -> Iterator[str]:
    change = crate.change
    version = read_version(crate.version)
    if change.state == NEVER:
        yield "never released"
        return
    if change.state == CHANGED:
        changed = [*change.files, *(f"Cargo.toml: {key}" for key in change.keys)]
        more = f" and {len(changed) - _MOST_FILES} more" if len(changed) > _MOST_FILES else ""
        yield f"changed since {change.since}: {', '.join(changed[:_MOST_FILES])}{more}"
    if version is not None and not is_published(crate, version):
        yield f"{version} is not published yet"


def no_such_crate(name: str, facts: StackFacts) -> BatutaError:
    """The error for a name that no crate of the stack has, with what may have been meant."""
    inside = sorted(crate.name for crate in facts.crates.values() if crate.repository == name)
    near = get_close_matches(name, sorted(facts.crates), n=1)
    mend = "batuta-stack check --verbose lists all"
    if inside:
        mend = f"`{name}` is a repository; its crates: {', '.join(inside)}"
    elif near:
        mend = f"did you mean `{near[0]}`?"
    return BatutaError(f"there is no crate `{name}` here", mend=mend)
