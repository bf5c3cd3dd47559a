"""The registries that crates are published to: which one is a crate's, what it has, and what its archives say.

A plain ``cargo publish`` goes to the single registry of ``package.publish``, else to ``registry.default``, else to
crates.io; what replaces crates.io in cargo's configuration answers for it.  A release to crates.io asks crates.io
itself too, where it can be reached, for that is where the uploads go.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Self

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Package
from batuta_hooks.registry.archive import ArchiveFacts, decode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault, read_cargo_config
from batuta_hooks.registry.config_places import CRATES_IO_GIT_INDEX, CRATES_IO_INDEX
from batuta_hooks.registry.credentials import NoToken, find_token
from batuta_hooks.registry.entry import Entry, Miss, archive_key, registry_identity
from batuta_hooks.registry.glance import Glance, cache_folder
from batuta_hooks.registry.lookup import Lookup, as_published
from batuta_hooks.registry.on_disk import registry_url
from batuta_hooks.registry.outcomes import OFFLINE, UNKNOWN
from batuta_hooks.registry.refresh import Manners, Refreshed, Refresher
from batuta_hooks.registry.sources import CRATES_IO, SPARSE, Source, find_source
from batuta_hooks.stack.crates_io import Asking

_DEADLINE_S = 300.0
_BEYOND_DEADLINE_S = 20.0
_MOST_NAMED = 4
_STAND_IN = "__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS"
"""What cargo itself takes another place for crates.io by, in tests."""


class Target(NamedTuple):
    """A registry as cargo finds it from a folder."""

    folder: str
    registry: str


class Archived(NamedTuple):
    """A published version whose archive matters."""

    target: Target
    crate: str
    version: str


class PublishRegistries:
    """Asks the registries that crates are published to; for one thread.

    Within its context cache and connections stay open from one question to the next, for as long as all is well: who
    asks often saves what opening them takes.

    Args:
        asking: how; with ``offline``, and where the environment forbids it, from the cache alone.

    Attributes:
        notes: what the user should hear, a sentence each.
    """

    def __init__(self, asking: Asking) -> None:
        self.notes: list[str] = []
        self._asking = asking
        self._configs: dict[str, CargoConfig | ConfigFault] = {}
        self._urls: dict[Target, str | Unknown] = {}
        self._stays_open = False
        self._cache: Cache | None = None
        self._refreshers: dict[tuple[str, str | Source], Refresher] = {}

    def __enter__(self) -> Self:
        self._stays_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self._stays_open = False
        self._close()

    def target(self, folder: str, package: Package) -> Target:
        """Where a plain ``cargo publish`` of a package would go."""
        if package.publish is not None and len(package.publish) == 1:
            return Target(folder, package.publish[0])
        config = self._config(folder)
        settings = config if isinstance(config, ConfigFault) else config.settings()
        default = "" if isinstance(settings, ConfigFault) else settings.default_registry
        return Target(folder, default or CRATES_IO)

    def token_fault(self, target: Target) -> str:
        """Why cargo finds no token to publish with, a clause; empty where it does.  The token is shown to nobody."""
        config = self._config(target.folder)
        if isinstance(config, ConfigFault):
            return str(config)
        source: Source | ConfigFault = _sparse(CRATES_IO_INDEX)
        if target.registry != CRATES_IO:
            source = find_source(config, target.registry)
        if isinstance(source, ConfigFault):
            return str(source)
        found = find_token(config, source, self._asking.environment)
        return found.why if isinstance(found, NoToken) else ""

    def published(self, target: Target, crates: Sequence[str]) -> dict[str, Published | Unknown]:
        """What a registry has of some crates, asked now unless that was done lately."""
        url = self._url(target)
        if isinstance(url, Unknown):
            return dict.fromkeys(crates, url)
        self._refresh(target, lambda refresher: refresher.indexes(crates, 0))
        found = self._known(url, crates)
        return {crate: united(found[crate], there) for crate, there in self.beyond(target, crates).items()} or found

    def is_replaced(self, target: Target) -> bool:
        """Whether another place stands for crates.io."""
        return self._beyond(target) is not None

    def beyond(self, target: Target, crates: Sequence[str]) -> dict[str, Published | Unknown]:
        """What crates.io itself has, where cargo's configuration puts another place in its stead; else nothing."""
        source = self._beyond(target)
        if source is None or self._asking.offline:
            return {}
        self._refresh(target, lambda refresher: refresher.indexes(crates, 0), source)
        found = self._known(source.index_url, crates)
        silent = [crate for crate, published in found.items() if isinstance(published, Unknown)]
        if silent:
            note = f"crates.io itself could not be asked about {', '.join(sorted(silent)[:_MOST_NAMED])}"
            self.notes += [note] if note not in self.notes else []
        return found

    def _beyond(self, target: Target) -> Source | None:
        url = self._url(target)
        source = _sparse((self._asking.environment or os.environ).get(_STAND_IN) or CRATES_IO_INDEX)
        if target.registry != CRATES_IO or isinstance(url, Unknown):
            return None
        is_itself = url in (source.index_url, CRATES_IO_INDEX, CRATES_IO_GIT_INDEX)
        return None if is_itself else source

    def _known(self, url: str, crates: Sequence[str]) -> dict[str, Published | Unknown]:
        with Glance(cache_folder(self._asking.environment)) as glance:
            lookup = Lookup(url, glance, now=int(time.time()))
            found = {crate: as_published(lookup(crate)) for crate in crates}
        if any(isinstance(one, Unknown) for one in found.values()):
            self._close()
        return found

    def archives(self, wanted: Iterable[Archived]) -> dict[tuple[str, str], ArchiveFacts | Unknown]:
        """What the archives of published versions say, by crate and version; fetched where they are not cached."""
        groups: dict[str, list[Archived]] = {}
        found: dict[tuple[str, str], ArchiveFacts | Unknown] = {}
        for one in wanted:
            url = self._url(one.target)
            if isinstance(url, Unknown):
                found[one.crate, one.version] = url
            else:
                groups.setdefault(url, []).append(one)
        for url, group in groups.items():
            known = self._cached(url, group)
            lacking = [(crate, version) for (crate, version), facts in known.items() if isinstance(facts, Unknown)]
            if lacking:
                self._refresh(group[0].target, partial(_archives, lacking))
                known = self._cached(url, group)
            lacking = [key for key, facts in known.items() if isinstance(facts, Unknown)]
            source = self._beyond(group[0].target) if lacking and not self._asking.offline else None
            if source is not None:  # what stands in its stead is late
                self._refresh(group[0].target, partial(_archives, lacking), source)
                there = self._cached(source.index_url, group)
                known |= {key: there[key] for key in lacking if not isinstance(there[key], Unknown)}
            found |= known
        return found

    def _cached(self, url: str, group: Iterable[Archived]) -> dict[tuple[str, str], ArchiveFacts | Unknown]:
        found: dict[tuple[str, str], ArchiveFacts | Unknown] = {}
        identity = registry_identity(url)
        with Glance(cache_folder(self._asking.environment)) as glance:
            for one in group:
                try:
                    key = archive_key(identity, one.crate, one.version)
                except ValueError as error:
                    found[one.crate, one.version] = Unknown(one.crate, str(error))
                    continue
                entry = glance.entry(key)
                body = glance.body(key, entry) if isinstance(entry, Entry) else entry
                facts = None if isinstance(body, Miss) else decode_facts(body)
                why = body.why if isinstance(body, Miss) else "its archive is not cached: batuta-stack cache warm"
                found[one.crate, one.version] = Unknown(one.crate, why) if facts is None else facts
        return found

    def _refresh(self, target: Target, work: Callable[[Refresher], Refreshed], source: Source | None = None) -> None:
        is_well = False
        try:
            cache, refresher = self._open(target, source)
            outcomes = work(refresher).outcomes
            self.notes += [warning for warning in cache.warnings if warning not in self.notes]
            is_well = cache.is_usable and not any(one.state in (UNKNOWN, OFFLINE) for one in outcomes)
        finally:
            if not is_well or not self._stays_open:
                self._close()  # what failed may have given a host up, or hold a database that is not there any more

    def _open(self, target: Target, source: Source | None) -> tuple[Cache, Refresher]:
        folder, environment = cache_folder(self._asking.environment), self._asking.environment
        if self._cache is None:
            self._cache = Cache(folder)
        key = self._alike(target), source or target.registry
        if key not in self._refreshers:
            deadline_s = _DEADLINE_S if source is None else _BEYOND_DEADLINE_S
            manners = Manners("--offline was given" if self._asking.offline else "", deadline_s=deadline_s)
            config = self._config(target.folder)
            self._refreshers[key] = Refresher(config, self._cache, folder, manners, key[1], environment)
        return self._cache, self._refreshers[key]

    def _alike(self, target: Target) -> str:
        """The folder, or one that was asked for before and in which cargo would ask the same registry in the same way.

        A variable may hold a path that is relative to the folder, so what it leads to is compared too.
        """
        own = self._config(target.folder)
        for folder, config in self._configs.items():
            if isinstance(own, ConfigFault) or isinstance(config, ConfigFault) or not config.is_like(own):
                continue
            if find_source(config, target.registry) == find_source(own, target.registry):
                return folder
        return target.folder

    def _close(self) -> None:
        for refresher in self._refreshers.values():
            refresher.close()
        self._refreshers.clear()
        if self._cache is not None:
            self._cache.close()
        self._cache = None

    def _config(self, folder: str) -> CargoConfig | ConfigFault:
        if folder not in self._configs:
            self._configs[folder] = read_cargo_config(folder, self._asking.environment)
        return self._configs[folder]

    def _url(self, target: Target) -> str | Unknown:
        if target not in self._urls:
            config = self._config(target.folder)
            source = config if isinstance(config, ConfigFault) else find_source(config, target.registry)
            refused = f"cargo refuses its configuration: {source}"
            self._urls[target] = Unknown("", refused) if isinstance(source, ConfigFault) else registry_url(source)
        return self._urls[target]


def united(here: Published | Unknown, there: Published | Unknown) -> Published | Unknown:
    """What two places have of a crate: all versions, those that are yanked in the second place as yanked."""
    if isinstance(there, Unknown):
        return here
    if isinstance(here, Unknown):
        return there
    yanked = tuple(dict.fromkeys((*there.yanked, *(one for one in here.yanked if one not in there.versions))))
    versions = tuple(one for one in dict.fromkeys((*here.versions, *there.versions)) if one not in yanked)
    return here._replace(versions=versions, yanked=yanked)


def _archives(wanted: Iterable[tuple[str, str]], refresher: Refresher) -> Refreshed:
    return refresher.archives(wanted)


def _sparse(index_url: str) -> Source:
    return Source(SPARSE, index_url.removeprefix("sparse+"), CRATES_IO, index_url)
