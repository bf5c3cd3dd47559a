"""Warming the cache: the registry is asked about many crates, so that whoever asks later needs no network."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from batuta_hooks.gather.registry import Place, find_place
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.entry import TTL_S
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.registry.outcomes import OFFLINE, UNKNOWN, Outcome
from batuta_hooks.registry.refresh import Manners, Refresher, Totals

_DEADLINE_S = 600.0
_CONNECTIONS = 8


class Wish(NamedTuple):
    """What is to be known of the crates that matter in one folder.

    Attributes:
        folder: where cargo would work, so that its configuration there counts.
        crates: names of crates.
        versions: of some of them versions whose archives are to be known, where they are published.
        ttl_s: how old an answer may be that needs no asking.
    """

    folder: str
    crates: frozenset[str] = frozenset()
    versions: Mapping[str, frozenset[str]] = MappingProxyType({})
    ttl_s: int = TTL_S


Told = Callable[[str, int, int], None]
"""Is called with what is asked for (`crates` or `archives`), how many are done, and of how many."""


class Warmed(NamedTuple):
    """What came of it.

    Attributes:
        crates, archives: numbers of questions about crates, and about archives, by the state of their outcome.
        failed: the outcomes of those that nothing was learnt about.
        notes: what the user should hear, a sentence each.
    """

    crates: Counter[str]
    archives: Counter[str]
    totals: Totals
    failed: tuple[Outcome, ...]
    notes: tuple[str, ...]


def warm(
    wishes: Sequence[Wish],
    *,
    offline: bool = False,
    environment: Mapping[str, str] = os.environ,
    told: Told = lambda _what, _done, _total: None,
    onwards: Callable[[Callable[[Sequence[Wish]], bool]], None] = lambda _ask: None,
) -> Warmed:
    """Ask the registries about all that is wished for.

    Args:
        onwards: is called afterwards, where the registries could be asked, with what asks about more.
        offline: whether no socket may be opened; what is known already counts all the same.
        told: is told how far it is.
    """
    warmer = _Warmer(offline, environment, told)
    if warmer.ask_all(wishes):
        onwards(warmer.ask_all)
    return warmer.warmed()


def _groups(wishes: Iterable[Wish], environment: Mapping[str, str]) -> list[Wish]:
    """The wishes by registry; of folders with the same one, the first one's configuration counts for the way to it."""
    groups: dict[Place, Wish] = {}
    for wish in wishes:
        place = find_place(wish.folder, environment)
        known = groups.setdefault(place, wish)
        if known is not wish:
            versions = {
                crate: known.versions.get(crate, frozenset()) | wish.versions.get(crate, frozenset())
                for crate in {*known.versions, *wish.versions}
            }
            groups[place] = known._replace(
                crates=known.crates | wish.crates, versions=versions, ttl_s=min(known.ttl_s, wish.ttl_s)
            )
    return [group for group in groups.values() if group.crates]


class _Warmer:
    def __init__(self, offline: bool, environment: Mapping[str, str], told: Told) -> None:
        self._why = "--offline was given" if offline else ""
        self._environment = environment
        self._told = told
        self._crates: Counter[str] = Counter()
        self._archives: Counter[str] = Counter()
        self._totals = Totals(0, 0, 0.0)
        self._failed: list[Outcome] = []
        self._notes: dict[str, None] = {}

    def ask_all(self, wishes: Iterable[Wish]) -> bool:
        """Ask all that is wished for; whether any registry could be asked."""
        before = self._crates.total() - self._crates[OFFLINE]
        for group in _groups(wishes, self._environment):
            self._ask(group)
        return self._crates.total() - self._crates[OFFLINE] > before

    def _ask(self, wish: Wish) -> None:
        """Ask one registry."""
        done = Counter[str]()
        totals = {"crates": len(wish.crates)}

        def told(outcome: Outcome) -> None:
            what = "archives" if outcome.version else "crates"
            done[what] += 1
            self._told(what, done[what], totals[what])

        folder = cache_folder(self._environment)
        config = read_cargo_config(wish.folder, self._environment)
        manners = Manners(self._why, _CONNECTIONS, _DEADLINE_S, told)
        with (
            Cache(folder) as cache,
            Refresher(config, cache, folder, manners, environment=self._environment) as refresher,
        ):
            crates = refresher.indexes(sorted(wish.crates), wish.ttl_s)
            self._count(self._crates, crates.outcomes, crates.totals)
            wanted = list(_published(wish.versions, crates.outcomes))
            if wanted:
                totals["archives"] = len(wanted)
                archives = refresher.archives(wanted)
                self._count(self._archives, archives.outcomes, archives.totals)
            self._notes.update(dict.fromkeys(cache.warnings))

    def _count(self, counter: Counter[str], outcomes: Iterable[Outcome], totals: Totals) -> None:
        for outcome in outcomes:
            counter[outcome.state] += 1
            if outcome.state in (UNKNOWN, OFFLINE):
                self._failed.append(outcome)
        spent = self._totals
        self._totals = Totals(
            spent.requests + totals.requests, spent.bytes + totals.bytes, spent.seconds + totals.seconds
        )

    def warmed(self) -> Warmed:
        """What came of all that was asked."""
        return Warmed(self._crates, self._archives, self._totals, tuple(self._failed), tuple(self._notes))


def _published(versions: Mapping[str, frozenset[str]], outcomes: Iterable[Outcome]) -> Iterator[tuple[str, str]]:
    """The versions among those wished for that the index lists, as it spells them: it tells no builds apart.

    Where it lists none of them, its first and last one: these tell whether the registry's crate is the stack's at all.
    """
    for outcome in outcomes:
        wished = {version.partition("+")[0] for version in versions.get(outcome.crate, ())}
        if outcome.entry is not None and wished:
            listed = (*outcome.entry.yanked, *outcome.entry.versions)
            found = [version for version in listed if version.partition("+")[0] in wished]
            for version in found or dict.fromkeys((*outcome.entry.versions[:1], *listed[-1:])):
                yield outcome.crate, version
