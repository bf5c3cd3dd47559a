"""What the registry knows of the stack's crates: asked together, once, and then answered from the cache.

Each repository's folder has the registry that cargo's configuration there puts in the place of crates.io; repositories
with the same one share its answers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, Self

from batuta_hooks.checks.namesakes import stranger
from batuta_hooks.checks.publishable_market import MOST_PARTS
from batuta_hooks.domain.crates_io import spellings
from batuta_hooks.domain.facts import Origin, Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.gather.refresher import stale
from batuta_hooks.gather.registry import Place, Registry, find_place
from batuta_hooks.registry.entry import TTL_S
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.registry.lookup import FROM_CARGO, Answer, as_published, release_of
from batuta_hooks.stack.hits import CACHE, CARGO_HOME, NOWHERE, REGISTRY, add_hits
from batuta_hooks.stack.supposed_answers import answered_as_of, seconds, with_version

if TYPE_CHECKING:
    from batuta_hooks.registry.outcomes import Outcome
    from batuta_hooks.stack.passing_cache import PassingCache

#: The first few questions find out whether the registry can be reached at all, and have little time for it.
_FIRST, _FIRST_DEADLINE_S, _DEADLINE_S = 8, 8.0, 120.0


class Wanted(NamedTuple):
    """Crates that somebody wants to know about.

    Attributes:
        folder: where cargo would work, so that its configuration there counts.
        crates: their names.
        ttl_s: how old an answer may be that needs no asking.
    """

    folder: str
    crates: Collection[str] = ()
    ttl_s: int = TTL_S


class Asking(NamedTuple):
    """How the registry is asked.

    Attributes:
        now: the present time, for ages.
        offline: whether no socket may be opened.
        as_of: a time as `batuta_hooks.registry.index.as_of` takes it, to be answered as then; empty for now.
        environment: this process's variables.
        told: called with how many crates are asked for, of how many.
        max_age_s: where set, an answer that is older is asked for again, whatever is configured.
    """

    now: datetime
    offline: bool = False
    as_of: str = ""
    environment: Mapping[str, str] = os.environ
    told: Callable[[int, int], None] = lambda _done, _total: None
    max_age_s: int | None = None


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
        self._answers: dict[str, Answer | Unknown] = {}
        self._releases: dict[tuple[str, str], Release | Unknown | None] = {}
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
        self._releases = {key: found for key, found in self._releases.items() if key[0] not in names}

    def renew(self, registry: Registry, crates: Iterable[str]) -> None:
        """Look for crates in a registry that was opened after more was asked about them; the other answers stay."""
        self._registry = registry
        self._drop(crates)

    def answer(self, crate: str) -> Answer | Unknown:
        """What is known of a crate."""
        if crate not in self._answers:
            with self._turn:
                self._answers[crate] = self._answer(crate)
        return self._answers[crate]

    def published(self, crate: str) -> Published | Unknown:
        """The same in a check's terms."""
        answer = self.answer(crate)
        published = as_published(answer)
        if isinstance(answer, Unknown) or isinstance(published, Unknown):
            return published
        is_settled = answer.checked_at >= seconds(self._then) if self._then else self.sources[crate] == REGISTRY
        return published._replace(is_of_this_run=is_settled)

    def release(self, crate: str, version: str) -> Release | Unknown | None:
        """All that the index says of one version; ``None`` where it lists, or listed then, no such version."""
        key = crate, version
        if key not in self._releases:
            with self._turn:
                found = release_of(self.answer(crate), version)
            supposed = self._supposed.get(crate)
            if supposed is not None and supposed.version == version and not found:
                found = supposed
            if self._then and isinstance(found, Release):
                found = found._replace(yanked=False)
            self._releases[key] = found
        return self._releases[key]

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
        """The age of the oldest answer given so far; ``None`` where there was none."""
        return max((one.age_s for one in self._answers.values() if isinstance(one, Answer)), default=None)

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


class Registries:
    """The registries that stand for crates.io in the folders of a stack.

    Attributes:
        notes: what the user should hear, a sentence each.
    """

    def __init__(self, asking: Asking) -> None:
        self.notes: list[str] = []
        self._asking = asking
        self._environment = asking.environment
        self._passing: PassingCache | None = None
        self._places: dict[str, Place] = {}
        self._views: dict[Place, View] = {}
        self._opened: list[Registry] = []
        self._spoken: dict[str, Spoken] = {}
        self._turn = RLock()
        if asking.as_of:
            self._note(
                f"as of {asking.as_of}: versions whose time of publication the index does not have count as old, and "
                "yanks are undone, as it never has theirs"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the cache, and count there where answers came from."""
        for registry in self._opened:
            registry.close()
        views = self._views.values()
        sources = {crate: source for view in views for crate, source in view.sources.items()}.values()
        add_hits(cache_folder(self._asking.environment), Counter(sources))
        if self._passing is not None:
            self._passing.close()

    def at(self, folder: str, ttl_s: int) -> View:
        """The registry for cargo in a folder; ask what is to be asked before."""
        place = self._place(folder)
        if place not in self._views:
            spoken = self._of(place.url)
            self._views[place] = View(self._open(place, ttl_s), self._turn, self._asking.as_of, spoken, ttl_s)
        return self._views[place]

    def _of(self, url: str) -> Spoken:
        return self._spoken.setdefault(url, Spoken(set(), {}))

    def _open(self, place: Place, ttl_s: int) -> Registry:
        registry = Registry(place, self._environment, now=int(self._asking.now.timestamp()), ttl_s=ttl_s)
        self._opened.append(registry)
        return registry

    def forget(self, crates: Collection[str]) -> None:
        """Let every view look again for crates about which more was asked."""
        for place, view in self._views.items():
            view.renew(self._open(place, view.ttl_s), crates)

    @property
    def oldest_age_s(self) -> int | None:
        """The age of the oldest answer that was given; ``None`` where there was none."""
        views = self._views.values()
        return max((age for view in views if (age := view.oldest_age_s) is not None), default=None)

    def ask(self, wanted: Sequence[Wanted]) -> bool:
        """Ask the registries about crates, unless they are not to be asked; what comes of it is in the cache.

        Of folders with the same registry the first one's configuration counts for the way to it.

        Returns:
            Whether any registry answered.
        """
        groups: dict[str, list[Wanted]] = {}
        has_news = False
        for one in wanted:
            place = self._place(one.folder)
            if place.why and one.crates:
                self._note(f"the registry cannot be asked: {place.why}")
            elif place.url and not self._asking.offline and not place.offline:
                groups.setdefault(place.url, []).append(one)
        for url, group in groups.items():
            ttl_s = min((one.ttl_s for one in group if one.crates), default=TTL_S)
            if self._asking.max_age_s is not None:
                ttl_s = min(ttl_s, self._asking.max_age_s)
            spoken = self._of(url)
            crates = {crate for one in group for crate in one.crates} - spoken.failed.keys()
            with Registry(self._place(group[0].folder), self._environment, ttl_s=ttl_s) as registry:
                due = stale(registry, crates)
            if due:
                before = len(spoken.asked)
                spoken.failed.update(self._ask(group[0].folder, due, ttl_s, spoken.asked))
                has_news = has_news or len(spoken.asked) > before
        return has_news

    def _ask(self, folder: str, crates: list[str], ttl_s: int, asked: set[str]) -> Mapping[str, str]:
        """Why the registry would not speak about crates, so that this run need not ask about them again."""
        from batuta_hooks.registry.outcomes import OFFLINE, UNKNOWN  # where all is fresh this is not needed

        outcomes, is_kept = self._ask_into(self._environment, folder, crates, ttl_s)
        if not is_kept and self._passing is None:
            from batuta_hooks.stack.passing_cache import PassingCache

            self._passing = PassingCache(self._environment)
            self._environment = self._passing.environment
            self.forget(())
            outcomes, _ = self._ask_into(self._environment, folder, crates, ttl_s)
        asked.update(outcome.crate for outcome in outcomes if outcome.state not in (OFFLINE, UNKNOWN))
        failed = [outcome for outcome in outcomes if outcome.state == UNKNOWN]
        if failed:
            count = len(failed) + len(crates) - len(outcomes)
            which = f"`{failed[0].crate}`" if len(crates) == 1 else f"{count} of {len(crates)} crates"
            self._note(f"the registry could not be asked about {which}: {failed[0].why}")
        self._asking.told(len(crates), len(crates))
        why = {outcome.crate: outcome.why for outcome in failed}
        spoke = {outcome.crate for outcome in outcomes} - why.keys()
        return {crate: why.get(crate, "") or failed[-1].why for crate in crates if crate not in spoke}

    def _ask_into(
        self, environment: Mapping[str, str], folder: str, crates: list[str], ttl_s: int
    ) -> tuple[list[Outcome], bool]:
        """The outcomes, which are in the cache that the variables name; and whether it could be written to the end."""
        from batuta_hooks.registry.cache import Cache
        from batuta_hooks.registry.cargo_config import read_cargo_config
        from batuta_hooks.registry.outcomes import UNKNOWN
        from batuta_hooks.registry.refresh import Manners, Refresher

        outcomes: list[Outcome] = []

        def told(outcome: Outcome) -> None:
            outcomes.append(outcome)
            self._asking.told(len(outcomes), len(crates))

        place = cache_folder(environment)
        config = read_cargo_config(folder, environment)
        with Cache(place) as cache:
            parts = ((crates[:_FIRST], _FIRST_DEADLINE_S), (crates[_FIRST:], _DEADLINE_S))
            for part, deadline_s in parts if cache.is_usable or self._passing else ():
                if part and not (outcomes and all(outcome.state == UNKNOWN for outcome in outcomes)):
                    manners = Manners(deadline_s=deadline_s, told=told)
                    with Refresher(config, cache, place, manners, environment=environment) as refresher:
                        refresher.indexes(part, ttl_s)
            for warning in cache.warnings:
                self._note(warning if cache.is_usable else f"{warning}: what the registry says now is not kept")
            return outcomes, cache.is_usable

    def _place(self, folder: str) -> Place:
        if folder not in self._places:
            self._places[folder] = find_place(folder, self._asking.environment)
        return self._places[folder]

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
