"""What the real registry has, for a registry on loopback over it: index files and archives as they are, and no more.

Archives come from cargo's home where it has them, else from the registry.  Without a network an index file is what the
cache or cargo's home last heard.
"""

from __future__ import annotations

import glob
import hashlib
import os
import time
from collections.abc import Mapping
from queue import LifoQueue

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault
from batuta_hooks.registry.door import NOT_FOUND, OK, FolderDoor, Job, WebDoor
from batuta_hooks.registry.endpoint import MAX_ARCHIVE_BYTES
from batuta_hooks.registry.entry import ABSENT_STATUSES, Miss, archive_key, index_key, registry_identity
from batuta_hooks.registry.exchange import RegistryFault
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.glance import Glance
from batuta_hooks.registry.index import release
from batuta_hooks.registry.lookup import Lookup
from batuta_hooks.registry.on_disk import registry_url
from batuta_hooks.registry.sources import SPARSE, find_source

_CONNECTIONS = 8
_DEADLINE_S = 60.0


class UpstreamFault(OSError):
    """The registry could not be asked, and nothing at hand answers for it; the message is a clause that says why."""


class RealUpstream:
    """Reads the registry that stands for crates.io; may be called by any thread.

    Args:
        config: cargo's configuration.
        cache: the folder of the cache, see `batuta_hooks.registry.glance.cache_folder`.
        offline: whether no socket may be opened.

    Raises:
        UpstreamFault: cargo refuses its configuration.
    """

    def __init__(
        self, config: CargoConfig, cache: str | Miss, *, offline: bool, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._config = config
        self._environment = environment
        self._cache = cache
        self._indexes: dict[str, bytes | None] = {}
        source, settings = find_source(config), config.settings()
        for fault in (source, settings):
            if isinstance(fault, ConfigFault):
                raise UpstreamFault(f"cargo refuses its configuration: {fault}")
        assert not isinstance(source, ConfigFault)
        assert not isinstance(settings, ConfigFault)
        self._source, self._settings = source, settings
        self._url = registry_url(source)
        self._identity = registry_identity(self._url)
        self._may_ask = not (offline or settings.offline) or source.kind != SPARSE
        self._doors: LifoQueue[WebDoor | FolderDoor | None] = LifoQueue()
        for _ in range(_CONNECTIONS):
            self._doors.put(None)

    def close(self) -> None:
        """Close the connections."""
        while not self._doors.empty():
            door = self._doors.get()
            if door is not None:
                door.close()

    def __call__(self, path: str) -> bytes | None:
        """What is at a path, as `batuta_hooks.registry.overlay.Upstream` has it.

        Raises:
            UpstreamFault: that cannot be found out.
        """
        if path.startswith("index/"):
            return self._index(path.rpartition("/")[2])
        name, version = _parts(path)
        index = self._index(name) if name else None
        found = release(index, version, name) if index else None
        if not isinstance(found, Release):
            return None
        return self._archive(found)

    def _index(self, crate: str) -> bytes | None:
        if crate not in self._indexes:
            self._indexes[crate] = self._ask_index(crate)
        return self._indexes[crate]

    def _ask_index(self, crate: str) -> bytes | None:
        why = "no socket may be opened"
        if self._may_ask:
            asked = self._ask(Job(crate, index_key(self._identity, crate)))
            if not isinstance(asked, RegistryFault):
                return asked
            why = asked.why
        with Glance(self._cache) as glance:  # one for each thread
            lookup = Lookup(self._url, glance, cargo_home=self._config.home, now=int(time.time()))
            answer = lookup(crate)
            if isinstance(answer, Unknown):
                raise UpstreamFault(f"{crate}: {why}; {answer.why}")
            if answer.is_absent:
                return None
            body = answer.read()
        if isinstance(body, Miss):
            raise UpstreamFault(f"{crate}: {why}; {body.why}")
        return _lines(body)

    def _archive(self, found: Release) -> bytes:
        name = f"{found.name}-{found.version}.crate"
        places = os.path.join(glob.escape(self._config.home), "registry", "cache", "*", glob.escape(name))
        for place in sorted(glob.glob(places)):
            try:
                data = read_file(place, MAX_ARCHIVE_BYTES).data
            except OSError:
                continue
            if hashlib.sha256(data).hexdigest() == found.checksum:
                return data
        why = "no socket may be opened, and cargo's home does not have it"
        if self._may_ask:
            asked = self._ask(Job(found.name, archive_key(self._identity, found.name, found.version), None, found))
            if isinstance(asked, bytes):
                return asked
            why = "the registry does not have it" if asked is None else asked.why
        raise UpstreamFault(f"{name}: {why}")

    def _ask(self, job: Job) -> bytes | RegistryFault | None:
        door = self._doors.get()
        try:
            if door is None:
                door = self._open()
            for _, reply in door.ask([job], time.monotonic() + _DEADLINE_S):
                if isinstance(reply, RegistryFault):
                    return reply
                if reply.status == OK:
                    return reply.body
                if reply.status in (NOT_FOUND, *ABSENT_STATUSES):
                    return None
                return RegistryFault(f"it was answered with status {reply.status}")
            return RegistryFault("nothing was answered")
        finally:
            self._doors.put(door)

    def _open(self) -> WebDoor | FolderDoor:
        if self._source.kind != SPARSE:
            return FolderDoor(self._source)
        return WebDoor(self._config, self._source, self._settings, 1, self._environment)


def _lines(body: tuple[bytes, object]) -> bytes:
    """An index file from what an answer holds: cargo's own copy has its lines among other bytes."""
    data, spans = body
    if spans is None:
        return data
    assert isinstance(spans, list | tuple)
    return b"".join(data[start:end].rstrip(b"\n") + b"\n" for start, end in spans)


def _parts(path: str) -> tuple[str, str]:
    """Name and version of an archive's file name; empty where it is none."""
    stem = path.removesuffix(".crate")
    for place, sign in enumerate(stem):
        if sign == "-" and stem[place + 1 : place + 2].isdigit():
            try:
                Version.parse(stem[place + 1 :])
            except InvalidVersion:
                continue
            return stem[:place], stem[place + 1 :]
    return "", ""
