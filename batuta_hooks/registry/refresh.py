"""Brings the cache up to date: asks the registry that counts for cargo about many crates at once.

Each crate has an outcome of its own.  What the registry says is stored, "there is no such crate" too; whatever else
comes back is a reason, and what was known before stays.  Of several processes that want one answer, one asks.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from batuta_hooks.registry.archive import ArchiveFault, decode_facts, encode_facts, read_archive
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault
from batuta_hooks.registry.door import NOT_MODIFIED, FolderDoor, Job, WebDoor
from batuta_hooks.registry.entry import (
    ABSENT_STATUSES,
    FOUND,
    TTL_S,
    Entry,
    Key,
    Miss,
    absent,
    archive_key,
    found,
    index_key,
    is_fresh,
    registry_identity,
)
from batuta_hooks.registry.exchange import RegistryFault, Reply
from batuta_hooks.registry.http_rules import host_of
from batuta_hooks.registry.index import release
from batuta_hooks.registry.on_disk import registry_url
from batuta_hooks.registry.sources import CRATES_IO, GIT_INDEX, SPARSE, Source, find_source
from batuta_hooks.registry.turns import Turns

REFRESHED = "refreshed"
UNCHANGED = "unchanged"
FRESH = "fresh"
ABSENT = "absent"
UNKNOWN = "unknown"
OFFLINE = "offline"

_POLL_S = 0.02
_NO = ("", "0", "false", "no", "off")


class Outcome(NamedTuple):
    """What became of one question.

    Attributes:
        version: the version that an archive was wanted of; empty for an index file.
        state: `REFRESHED` something new is known, `UNCHANGED` the registry says what it said before, `FRESH` it was
            asked so lately that it was not asked again, `ABSENT` it says that there is no such crate or version,
            `UNKNOWN` it could not be asked, `OFFLINE` it was not to be asked.
        why: the reason, a clause for a person; empty where the state says it all.
        entry: what is known now, None for nothing.
    """

    crate: str
    version: str
    state: str
    why: str = ""
    entry: Entry | None = None


class Totals(NamedTuple):
    """What a refresh cost: requests sent, bytes of bodies on the wire, and seconds on the clock."""

    requests: int
    bytes: int
    seconds: float


class Refreshed(NamedTuple):
    """The outcomes, one a question in the order of the questions, and what they cost."""

    outcomes: list[Outcome]
    totals: Totals


class Manners(NamedTuple):
    """How to ask.

    Attributes:
        offline: why no socket may be opened; empty where one may.
        connections: how many requests may be under way at once.
        deadline_s: seconds for one call.
        told: is called with each outcome as it becomes known, not in the order of the questions.
    """

    offline: str = ""
    connections: int = 8
    deadline_s: float = 120.0
    told: Callable[[Outcome], None] | None = None


class Refresher:
    """Asks one registry and keeps its answers; to be used by one thread, one at a time in a process.

    Args:
        config: cargo's configuration.
        cache: where answers go; without a usable one, outcomes still hold what was learnt.
        folder: the cache's folder, beside which processes take turns.
        registry: crates.io, or a name of `[registries]`; what stands for it is asked.
        environment: variables, else this process's own.
    """

    def __init__(
        self,
        config: CargoConfig | ConfigFault,
        cache: Cache,
        folder: str | Miss,
        manners: Manners | None = None,
        registry: str = CRATES_IO,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._config = config
        self._cache = cache
        self._folder = folder
        self._manners = manners or Manners()
        self._environment = os.environ if environment is None else environment
        self._source = config if isinstance(config, ConfigFault) else find_source(config, registry)
        self._opened: WebDoor | FolderDoor | None = None
        self._payloads: dict[Key, bytes] = {}
        self._kept: frozenset[Key] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._opened:
            self._opened.close()
        self._opened = None

    def indexes(self, crates: Iterable[str], max_age_s: int = TTL_S) -> Refreshed:
        """Bring the index files of crates up to date.

        Args:
            max_age_s: an answer that is younger counts without asking; "no such crate" for a minute at most.
        """
        return self._timed(lambda deadline: self._indexes(list(crates), max_age_s, deadline))

    def archives(self, wanted: Iterable[tuple[str, str]]) -> Refreshed:
        """Fetch what the archives of crates' versions say, where it is not known yet; it never changes."""
        return self._timed(lambda deadline: self._archives(list(wanted), deadline))

    def _timed(self, work: Callable[[float], list[Outcome]]) -> Refreshed:
        start, (requests, size) = time.monotonic(), self._spent()
        outcomes = work(start + self._manners.deadline_s)
        after = self._spent()
        return Refreshed(outcomes, Totals(after[0] - requests, after[1] - size, time.monotonic() - start))

    def _spent(self) -> tuple[int, int]:
        return self._opened.spent if self._opened else (0, 0)

    def _tell(self, outcome: Outcome) -> Outcome:
        if self._manners.told:
            self._manners.told(outcome)
        return outcome

    def _indexes(self, crates: list[str], max_age_s: int, deadline: float) -> list[Outcome]:
        started = int(time.time())

        def fresh(job: Job) -> Outcome | None:
            entry = self._entry(job.key)
            if entry is None:
                return None
            if entry.checked_at < started and not is_fresh(job.key, entry, int(time.time()), max_age_s):
                return None
            return Outcome(job.crate, "", FRESH if entry.status == FOUND else ABSENT, "", entry)
            
        return []
