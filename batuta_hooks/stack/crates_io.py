"""What the registry knows of the stack's crates: asked together, once, and then answered from the cache.

Each repository's folder has the registry that cargo's configuration there puts in the place of crates.io; repositories
with the same one share its answers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, Self

from batuta_hooks.gather.refresher import stale
from batuta_hooks.gather.registry import Place, Registry, find_place
from batuta_hooks.registry.entry import TTL_S
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.stack.hits import add_hits
from batuta_hooks.stack.registry_view import Spoken, View

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
