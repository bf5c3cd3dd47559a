"""What one registry says of crates, as every check of a run hears it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import RLock
from typing import NamedTuple

from batuta_hooks.checks.namesakes import stranger
from batuta_hooks.checks.publishable_market import MOST_PARTS
from batuta_hooks.domain.crates_io import spellings
from batuta_hooks.domain.facts import Origin, Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.gather.registry import Registry
from batuta_hooks.registry.lookup import FROM_CARGO, Answer, as_published, release_of, rust_of
from batuta_hooks.stack.hits import CACHE, CARGO_HOME, NOWHERE, REGISTRY
from batuta_hooks.stack.supposed_answers import answered_as_of, seconds, with_version


class Spoken(NamedTuple):
    """What came of asking one registry in this run.

    Attributes:
        asked: the crates that it has just spoken of.
        failed: why it did not speak of others, by crate.
    """

    asked: set[str]
    failed: dict[str, str]


class View:
    """One registry's answers, for any thread.

    Args:
        registry: to be used by whoever holds `turn`, one thread at a time.
        then: the time as of which to answer, see `Asking`.
        spoken: what came of asking it, kept up to date by whoever asks.
        ttl_s: for how long an answer is fresh.

    Attributes:
        sources: which of `batuta_hooks.stack.hits.SOURCES` an answer came from, by crate.
    """

    def __init__(self, registry: Registry, turn: RLock, then: str, spoken: Spoken, ttl_s: int) -> None:
        self._registry = registry
        self._turn = turn
        self._then = then
        self._spoken = spoken
        self.ttl_s = ttl_s
        self.sources: dict[str, str] = {}
        self._told: set[str] = set()
        self._answers: dict[str, Answer | Unknown] = {}
        self._published: dict[str, Published | Unknown] = {}
        self._releases: dict[tuple[str, str], Release | Unknown | None] = {}
        self._rusts: dict[tuple[str, str], str | Unknown | None] = {}
        self._origins: dict[tuple[str, str], Origin | Unknown] = {}
        self._strangers: dict[str, str] = {}
        self._supposed: dict[str, Release] = {}

    def set_aside(self, strangers: Mapping[str, str]) -> None:
        """Know nothing any more of crates that are another project's: its repository by their names."""
        self._strangers.update(strangers)
        self._drop(strangers)

    def suppose(self, release: Release) -> None:
        """Answer as if the registry had this version, unless nothing is known of the crate."""
        self._supposed[release.name] = release
        self._drop([release.name])

    def _drop(self, crates: Iterable[str]) -> None:
        names = set(crates)
        for crate in names:
            self._answers.pop(crate, None)
            self._published.pop(crate, None)
        self._releases = {key: found for key, found in self._releases.items() if key[0] not in names}
        self._rusts = {key: found for key, found in self._rusts.items() if key[0] not in names}

    def renew(self, registry: Registry, crates: Iterable[str]) -> None:
        """Look for crates in a registry that was opened after more was asked about them; the other answers stay."""
        self._registry = registry
        self._drop(crates)

    def answer(self, crate: str) -> Answer | Unknown:
        """What is known of a crate."""
        self._told.add(crate)
        return self._known(crate)

    def _known(self, crate: str) -> Answer | Unknown:
        if crate not in self._answers:
            with self._turn:
                self._answers[crate] = self._answer(crate)
        return self._answers[crate]

    def published(self, crate: str) -> Published | Unknown:
        """The same in a check's terms."""
        self._told.add(crate)
        return self.glance(crate)

    def tell(self, crates: Iterable[str]) -> None:
        """Count crates among those that were asked about: something rests on what is known of them."""
        self._told.update(crates)

    def glance(self, crate: str) -> Published | Unknown:
        """As `published`, of a crate on which nothing may come to rest."""
        if crate not in self._published:
            self._published[crate] = self._in_terms_of_checks(crate)
        return self._published[crate]

    def _in_terms_of_checks(self, crate: str) -> Published | Unknown:
        answer = self._known(crate)
        published = as_published(answer)
        if isinstance(answer, Unknown) or isinstance(published, Unknown):
            return published
        is_settled = answer.checked_at >= seconds(self._then) if self._then else self.sources[crate] == REGISTRY
        return published._replace(is_of_this_run=is_settled)

    def identity(self, crate: str) -> str:
        """What names all that is known of a crate: equal for equal knowledge."""
        answer = self._known(crate)
        if isinstance(answer, Unknown):
            return f"unknown: {answer.why}"
        return f"{answer.spelled} {'absent' if answer.is_absent else answer.identity}"

    def release(self, crate: str, version: str) -> Release | Unknown | None:
        """All that the index says of one version; ``None`` where it lists, or listed then, no such version."""
        key = crate, version
        if key not in self._releases:
            with self._turn:
                found = release_of(self.answer(crate), version)
            supposed = self._supposed.get(crate)
            # where there is no such crate, its answer has no index file to read
            if supposed is not None and supposed.version == version and not isinstance(found, Release):
                found = supposed
            if self._then and isinstance(found, Release):
                found = found._replace(yanked=False)
            self._releases[key] = found
        return self._releases[key]

    def rust_version(self, crate: str, version: str) -> str | Unknown | None:
        """The Rust that one version declares, empty for none; ``None`` where the index does not list it."""
        answer = self.answer(crate)
        if self._then or crate in self._supposed or isinstance(answer, Unknown) or not answer.rust:
            release = self.release(crate, version)
            return release if release is None or isinstance(release, Unknown) else release.rust_version or ""
        key = crate, version
        if key not in self._rusts:
            with self._turn:
                self._rusts[key] = rust_of(answer, version)
        return self._rusts[key]

    def origin(self, crate: str, version: str) -> Origin | Unknown:
        """From which commit a published version was made, as far as its archive's facts are in the cache."""
        key = crate, version
        if key not in self._origins:
            with self._turn:
                self._origins[key] = self._registry.origin(crate, version)
        return self._origins[key]

    def spelled_as(self, crate: str) -> str | None:
        """The name under which the registry has what crates.io takes for the same crate; ``None`` for nothing known."""
        with self._turn:
            for spelling in spellings(crate, MOST_PARTS):
                answer = self._registry.answer(spelling)
                if isinstance(answer, Answer) and (answer.versions or answer.yanked):
                    return answer.spelled
        return None

    @property
    def oldest_age_s(self) -> int | None:
        """The age of the oldest answer that something rests on; ``None`` where there is none."""
        answers = (self._answers.get(crate) for crate in self._told)
        return max((one.age_s for one in answers if isinstance(one, Answer)), default=None)

    def _answer(self, crate: str) -> Answer | Unknown:
        if crate in self._strangers:
            self.sources[crate] = CACHE
            return stranger(crate, self._strangers[crate])
        answer = self._registry.answer(crate)
        if isinstance(answer, Unknown):
            self.sources[crate] = NOWHERE
        elif answer.source == FROM_CARGO:
            self.sources[crate] = CARGO_HOME
        else:
            self.sources[crate] = REGISTRY if crate in self._spoken.asked else CACHE
        if isinstance(answer, Unknown):
            why = self._spoken.failed.get(crate)
            return Unknown(crate, f"the registry did not tell: {why}") if why else answer
        told = answered_as_of(answer, self._then) if self._then else answer
        supposed = self._supposed.get(crate)
        return told if supposed is None or isinstance(told, Unknown) else with_version(told, supposed.version)
