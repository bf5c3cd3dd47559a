"""The door to one registry, whether it is asked over the wire or read from a folder: questions in, replies out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from batuta_hooks.domain.release import Release
from batuta_hooks.registry.cargo_config import CargoConfig, Settings
from batuta_hooks.registry.endpoint import MAX_ARCHIVE_BYTES, Endpoint
from batuta_hooks.registry.entry import ABSENT_STATUSES, Entry, Key
from batuta_hooks.registry.exchange import NoReply, RegistryFault, Reply, Request, WireSettings
from batuta_hooks.registry.on_disk import DiskRegistry, registry_url
from batuta_hooks.registry.sources import Source
from batuta_hooks.registry.wire import Wire

OK, NOT_MODIFIED, NOT_FOUND = 200, 304, 404
_ANSWERS = frozenset({OK, NOT_MODIFIED, *ABSENT_STATUSES})


class Job(NamedTuple):
    """One question.

    Attributes:
        crate: the crate's name.
        key: where its answer is kept.
        known: the answer at hand, if its bytes are there too: it may be asked for on condition that it changed.
        release: the release whose archive is wanted; None where the index file is.
    """

    crate: str
    key: Key
    known: Entry | None = None
    release: Release | None = None


class WebDoor:
    """A sparse registry.

    Args:
        settings: cargo's, of the network.
        connections: how many requests may be under way at once.
    """

    def __init__(
        self,
        config: CargoConfig,
        source: Source,
        settings: Settings,
        connections: int,
        environment: Mapping[str, str],
    ) -> None:
        ways = WireSettings(connections, settings.retries, proxy=settings.proxy, ca_file=settings.ca_file)
        if settings.timeout_s:  # 0 is curl's word for "without"
            ways = ways._replace(timeout_s=settings.timeout_s)
        self._wire = Wire(ways, environment)
        self._endpoint = Endpoint(config, source, self._wire, environment)

    @property
    def spent(self) -> tuple[int, int]:
        """Requests sent and bytes received so far."""
        return self._wire.requests_sent, self._wire.bytes_received

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def ask(self, jobs: Iterable[Job], deadline: float) -> Iterator[tuple[Job, Reply | RegistryFault]]:
        """Ask all questions at once; replies come as they arrive, each an answer or why there is none."""
        self._endpoint.prepare(deadline)
        asked: dict[Request, Job] = {}
        for job in jobs:
            request = self._request(job, deadline)
            if isinstance(request, RegistryFault):
                yield job, request
            else:
                asked[request] = job
        again: dict[Request, Job] = {}
        for request, reply in self._wire.fetch_all(asked, deadline):
            with_token = self._endpoint.with_token(request, reply) if isinstance(reply, Reply) else None
            if with_token is None:
                yield asked[request], self._judged(request, reply)
            else:
                again[with_token] = asked[request]
        for request, reply in self._wire.fetch_all(again, deadline):
            yield again[request], self._judged(request, reply)

    def _request(self, job: Job, deadline: float) -> Request | RegistryFault:
        if job.release is None:
            return self._endpoint.index_request(job.crate, job.known)
        return self._endpoint.archive_request(job.release, deadline)

    def _judged(self, request: Request, reply: Reply | NoReply) -> Reply | RegistryFault:
        if isinstance(reply, NoReply):
            return RegistryFault(reply.why)
        return reply if reply.status in _ANSWERS else RegistryFault(self._endpoint.refusal(request, reply))


class FolderDoor:
    """A `local-registry` or `directory` source."""

    spent = (0, 0)

    def __init__(self, source: Source) -> None:
        self._registry = DiskRegistry(source)
        self._url = registry_url(source)

    def close(self) -> None:
        """Nothing is open."""

    def ask(self, jobs: Iterable[Job], _deadline: float) -> Iterator[tuple[Job, Reply | RegistryFault]]:
        """Read what the folder holds; a file that is not there is what a 404 is elsewhere."""
        for job in jobs:
            now = int(time.time())
            if job.release is None:
                read = self._registry.index_file(job.crate)
            else:
                read = self._registry.archive(job.release.name, job.release.version, MAX_ARCHIVE_BYTES)
            if isinstance(read, RegistryFault):
                yield job, read
            else:
                yield job, Reply(self._url, NOT_FOUND if read is None else OK, read or b"", "", "", now)
