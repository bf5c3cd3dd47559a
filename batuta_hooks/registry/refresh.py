"""Brings the cache up to date: asks the registry that counts for cargo about many crates at once.

Each crate has an outcome of its own.  What the registry says is stored, "there is no such crate" too; whatever else
comes back is a reason, and what was known before stays.  Of several processes that want one answer, one asks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from batuta_hooks.domain.release import Release
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault
from batuta_hooks.registry.door import FolderDoor, Job, WebDoor
from batuta_hooks.registry.entry import TTL_S, Key, Miss, archive_key, index_key, registry_identity
from batuta_hooks.registry.exchange import RegistryFault
from batuta_hooks.registry.on_disk import registry_url
from batuta_hooks.registry.outcomes import ABSENT, OFFLINE, UNKNOWN, ArchiveAnswers, IndexAnswers, Outcome
from batuta_hooks.registry.sources import CRATES_IO, GIT_INDEX, SPARSE, Source, find_source
from batuta_hooks.registry.turns import Turns

_POLL_S = 0.02
_NO = ("", "0", "false", "no", "off")
_CARGO_OFFLINE = "cargo is configured to be offline"

_Answers = IndexAnswers | ArchiveAnswers
_Door = WebDoor | FolderDoor


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
        registry: crates.io, or a name of `[registries]`: what stands for it is asked; or a source, asked as it is.
        environment: variables, else this process's own.
    """

    def __init__(
        self,
        config: CargoConfig | ConfigFault,
        cache: Cache,
        folder: str | Miss,
        manners: Manners | None = None,
        registry: str | Source = CRATES_IO,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._cache = cache
        self._folder = folder
        self._manners = manners or Manners()
        self._environment = os.environ if environment is None else environment
        self._identity, self._offline = "", ""
        self._door = self._find_door(config, registry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if not isinstance(self._door, RegistryFault):
            self._door.close()

    def indexes(self, crates: Iterable[str], max_age_s: int = TTL_S) -> Refreshed:
        """Bring the index files of crates up to date.

        Args:
            max_age_s: an answer that is younger counts without asking; "no such crate" for a minute at most.
        """
        answers = IndexAnswers(self._cache, max_age_s)
        return self._timed(lambda deadline: self._indexes(answers, list(crates), deadline, self._tell))

    def archives(self, wanted: Iterable[tuple[str, str]]) -> Refreshed:
        """Fetch what the archives of crates' versions say, where it is not known yet.

        Args:
            wanted: crates with a version each.
        """
        return self._timed(lambda deadline: self._archives(list(wanted), deadline))

    def _find_door(self, config: CargoConfig | ConfigFault, registry: str | Source) -> _Door | RegistryFault:
        if isinstance(config, ConfigFault):
            return RegistryFault(f"cargo refuses its configuration: {config}")
        source = registry if isinstance(registry, Source) else find_source(config, registry)
        if isinstance(source, ConfigFault):
            return RegistryFault(f"cargo refuses its configuration: {source}")
        self._identity = registry_identity(registry_url(source))
        if source.kind == GIT_INDEX:
            return RegistryFault(f"the index of `{source.name}` is a git repository, which is not supported")
        if source.kind != SPARSE:
            return FolderDoor(source)
        settings = config.settings()
        if isinstance(settings, ConfigFault):
            return RegistryFault(f"cargo refuses its configuration: {settings}")
        self._offline = self._manners.offline or (_CARGO_OFFLINE if settings.offline else "")
        if self._environment.get("BATUTA_OFFLINE", "").lower() not in _NO:
            self._offline = self._offline or "BATUTA_OFFLINE is set"
        return WebDoor(config, source, settings, self._manners.connections, self._environment)

    def _timed(self, work: Callable[[float], list[Outcome]]) -> Refreshed:
        start, before = time.monotonic(), self._spent()
        outcomes = work(start + self._manners.deadline_s)
        requests, size = self._spent()
        return Refreshed(outcomes, Totals(requests - before[0], size - before[1], time.monotonic() - start))

    def _spent(self) -> tuple[int, int]:
        return (0, 0) if isinstance(self._door, RegistryFault) else self._door.spent

    def _tell(self, outcome: Outcome) -> None:
        if self._manners.told:
            self._manners.told(outcome)

    def _indexes(
        self, answers: IndexAnswers, crates: list[str], deadline: float, tell: Callable[[Outcome], None]
    ) -> list[Outcome]:
        outcomes: dict[str, Outcome] = {}
        names: dict[Key, list[str]] = {}  # spellings of one crate share a question
        for crate in dict.fromkeys(crates):
            try:
                names.setdefault(index_key(self._identity, crate), []).append(crate)
            except ValueError as error:
                outcomes[crate] = Outcome(crate, "", UNKNOWN, str(error))
                tell(outcomes[crate])
        jobs = [answers.job(spellings[0], key) for key, spellings in names.items()]
        for job, outcome in self._ask(answers, jobs, deadline):
            for crate in names[job.key]:
                outcomes[crate] = outcome._replace(crate=crate)
                tell(outcomes[crate])
        return [outcomes[crate] for crate in crates]

    def _archives(self, wanted: list[tuple[str, str]], deadline: float) -> list[Outcome]:
        answers = ArchiveAnswers(self._cache)
        outcomes: dict[tuple[str, str], Outcome] = {}
        jobs: dict[tuple[str, str], Job] = {}
        for crate, version in dict.fromkeys(wanted):
            try:
                job = Job(crate, archive_key(self._identity, crate, version))
            except ValueError as error:
                outcomes[crate, version] = Outcome(crate, version, UNKNOWN, str(error))
                continue
            known = answers.fresh(job)
            if known:
                outcomes[crate, version] = known
            else:
                jobs[crate, version] = job
        found = self._releases(list(jobs), deadline)
        outcomes |= {pair: one for pair, one in found.items() if isinstance(one, Outcome)}
        for outcome in outcomes.values():
            self._tell(outcome)
        ready = [jobs[pair]._replace(release=one) for pair, one in found.items() if not isinstance(one, Outcome)]
        for job, outcome in self._ask(answers, ready, deadline):
            outcomes[job.crate, job.key.version] = outcome
            self._tell(outcome)
        return [outcomes[pair] for pair in wanted]

    def _releases(self, wanted: list[tuple[str, str]], deadline: float) -> dict[tuple[str, str], Release | Outcome]:
        """What the index says of versions; a checksum never changes, so what is cached will do if it lists them."""
        keys = {pair: index_key(self._identity, pair[0]) for pair in wanted}
        answers = IndexAnswers(self._cache, 0, {(key, pair[1]): None for pair, key in keys.items()})
        for key in set(keys.values()):
            answers.pick_cached(key)
        lacking = [pair[0] for pair, key in keys.items() if answers.wanted[key, pair[1]] is None]
        asked = {outcome.crate: outcome for outcome in self._indexes(answers, lacking, deadline, _tell_nobody)}
        found: dict[tuple[str, str], Release | Outcome] = {}
        for (crate, version), key in keys.items():
            release = answers.wanted[key, version]
            if release is not None:
                found[crate, version] = release
            elif asked[crate].state in (UNKNOWN, OFFLINE):
                found[crate, version] = asked[crate]._replace(version=version, entry=None)
            else:
                found[crate, version] = Outcome(crate, version, ABSENT, f"the index lists no {crate} {version}")
        return found

    def _ask(self, answers: _Answers, jobs: list[Job], deadline: float) -> Iterator[tuple[Job, Outcome]]:
        waiting = []
        for job in jobs:
            outcome = answers.fresh(job)
            if outcome:
                yield job, outcome
            else:
                waiting.append(job)
        door = self._door
        if isinstance(door, RegistryFault):
            yield from ((job, answers.failed(job, door.why)) for job in waiting)
        elif self._offline:
            yield from ((job, answers.failed(job, self._offline, OFFLINE)) for job in waiting)
        elif waiting:
            yield from self._take_turns(door, answers, waiting, deadline)

    def _take_turns(
        self, door: _Door, answers: _Answers, waiting: list[Job], deadline: float
    ) -> Iterator[tuple[Job, Outcome]]:
        waited = False
        with Turns(self._folder) as turns:
            while waiting:
                mine: list[Job] = []
                others: list[Job] = []
                for job in waiting:
                    (mine if turns.take(job.key) else others).append(job)
                waiting, asked = others, []
                for job in mine:
                    outcome = answers.fresh(job, waited=waited)  # another process may have asked since
                    if outcome:
                        turns.give_back(job.key)
                        yield job, outcome
                    else:
                        asked.append(job)
                for job, reply in door.ask(asked, deadline):
                    if isinstance(reply, RegistryFault):
                        outcome = answers.failed(job, reply.why)
                    else:
                        outcome = answers.settle(job, reply)
                    turns.give_back(job.key)
                    yield job, outcome
                if waiting and time.monotonic() > deadline:
                    why = "another process asks for it, and has no answer yet"
                    yield from ((job, answers.failed(job, why)) for job in waiting)
                    return
                if waiting and not mine:
                    time.sleep(_POLL_S)
                waited = True


def _tell_nobody(_outcome: Outcome) -> None:
    pass
