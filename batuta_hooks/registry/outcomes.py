"""A registry's reply → what the cache keeps of it, and what is told of the question."""

from __future__ import annotations

import json
import time
from typing import NamedTuple

from batuta_hooks.domain.release import Release
from batuta_hooks.registry.archive import ArchiveFault, decode_facts, encode_facts, read_archive
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.door import NOT_MODIFIED, Job
from batuta_hooks.registry.entry import ABSENT_STATUSES, FOUND, Entry, Key, Miss, absent, found, is_fresh
from batuta_hooks.registry.exchange import Reply
from batuta_hooks.registry.http_rules import host_of
from batuta_hooks.registry.index import release
from batuta_hooks.registry.tops import summarize_rust, summarize_tops

REFRESHED = "refreshed"
UNCHANGED = "unchanged"
FRESH = "fresh"
ABSENT = "absent"
UNKNOWN = "unknown"
OFFLINE = "offline"


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


class IndexAnswers:
    """Answers to questions for index files.

    Args:
        max_age_s: how old an answer may be that needs no asking.

    Attributes:
        wanted: releases to pick out of what passes through, by key and version; None until they were seen.
    """

    def __init__(
        self, cache: Cache, max_age_s: int, wanted: dict[tuple[Key, str], Release | None] | None = None
    ) -> None:
        self._cache = cache
        self._max_age_s = max_age_s
        self._started = int(time.time())
        self.wanted = wanted or {}
        self._versions: dict[Key, list[str]] = {}
        for key, version in self.wanted:
            self._versions.setdefault(key, []).append(version)

    def job(self, crate: str, key: Key) -> Job:
        """The question; conditional if the answer at hand is whole."""
        entry = _entry(self._cache, key)
        return Job(crate, key, entry if entry and self._cache.has_body(key, entry) else None)

    def fresh(self, job: Job, *, waited: bool = False) -> Outcome | None:
        """The outcome where nobody needs to be asked.

        Args:
            waited: whether another process was asking meanwhile; what it heard since this refresh began will do.
        """
        entry = _entry(self._cache, job.key)
        if entry is None:
            return None
        is_new = waited and entry.checked_at >= self._started
        if not is_new and not is_fresh(job.key, entry, int(time.time()), self._max_age_s):
            return None
        if self.wanted:
            self.pick_cached(job.key)
        return Outcome(job.crate, "", FRESH if entry.status == FOUND else ABSENT, "", entry)

    def settle(self, job: Job, reply: Reply) -> Outcome:
        """Keep what the registry said, if it is an answer."""
        if reply.status == NOT_MODIFIED:
            return self._confirm(job, reply)
        if reply.status in ABSENT_STATUSES:
            entry = absent(reply.sent_at, reply.url, reply.status)
            self._cache.store(job.key, entry)
            return Outcome(job.crate, "", ABSENT, "", entry)
        if _is_cut_short(reply.body):
            return self.failed(job, f"{host_of(reply.url)} cut its answer short")
        try:
            entry = found(
                job.key,
                reply.body,
                reply.sent_at,
                reply.url,
                http_status=reply.status,
                etag=reply.etag,
                last_modified=reply.last_modified,
            )
        except ValueError as error:
            return self.failed(job, f"{host_of(reply.url)} sent something else than the index file: {error}")
        self._cache.store(job.key, entry, reply.body)
        self._pick(job.key, reply.body)
        is_same = job.known is not None and job.known.sha256 == entry.sha256
        return Outcome(job.crate, "", UNCHANGED if is_same else REFRESHED, "", entry)

    def failed(self, job: Job, why: str, state: str = UNKNOWN) -> Outcome:
        """The outcome without an answer; what was known stays known."""
        return Outcome(job.crate, "", state, why, _entry(self._cache, job.key))

    def pick_cached(self, key: Key) -> None:
        """Pick releases out of the answer at hand."""
        entry = _entry(self._cache, key)
        body = self._cache.body(key, entry) if entry else None
        if isinstance(body, bytes):
            self._pick(key, body)

    def _confirm(self, job: Job, reply: Reply) -> Outcome:
        if job.known is None:
            return self.failed(
                job, f"{host_of(reply.url)} says that nothing changed since an answer that it never gave"
            )
        entry = job.known._replace(
            checked_at=reply.sent_at,
            source=reply.url,
            http_status=reply.status,
            etag=reply.etag or job.known.etag,
            last_modified=reply.last_modified or job.known.last_modified,
        )
        if not entry.tops and entry.versions:  # kept by a version that did not tell
            body = self._cache.body(job.key, entry)
            if not isinstance(body, Miss):
                asked = body, job.key.crate, entry.versions
                entry = entry._replace(tops=summarize_tops(*asked), rust=summarize_rust(*asked))
        self._cache.confirm(job.key, entry)
        self.pick_cached(job.key)
        return Outcome(job.crate, "", UNCHANGED, "", entry)

    def _pick(self, key: Key, body: bytes) -> None:
        for version in self._versions.get(key, ()):
            self.wanted[key, version] = release(body, version, key.crate)


class ArchiveAnswers:
    """Answers to questions for archives: their facts, which never change."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def fresh(self, job: Job, *, waited: bool = False) -> Outcome | None:  # noqa: ARG002
        """The outcome where the facts are known."""
        entry = _entry(self._cache, job.key)
        body = self._cache.body(job.key, entry) if entry else None
        if not isinstance(body, bytes) or decode_facts(body) is None:
            return None
        return Outcome(job.crate, job.key.version, FRESH, "", entry)

    def settle(self, job: Job, reply: Reply) -> Outcome:
        """Keep the facts, if the archive is what the index says."""
        if job.release is None or reply.status in (NOT_MODIFIED, *ABSENT_STATUSES):
            return self.failed(job, f"{host_of(reply.url)} answered {reply.status} for its archive")
        facts = read_archive(reply.body, job.release.name, job.release.version, job.release.checksum)
        if isinstance(facts, ArchiveFault):
            return self.failed(job, f"the archive is not taken: {facts.why}")
        payload = encode_facts(facts)
        entry = found(job.key, payload, reply.sent_at, reply.url, http_status=reply.status)
        self._cache.store(job.key, entry, payload)
        return Outcome(job.crate, job.key.version, REFRESHED, "", entry)

    def failed(self, job: Job, why: str, state: str = UNKNOWN) -> Outcome:
        """The outcome without an answer."""
        return Outcome(job.crate, job.key.version, state, why)


def _entry(cache: Cache, key: Key) -> Entry | None:
    entry = cache.entry(key)
    return entry if isinstance(entry, Entry) else None


def _is_cut_short(body: bytes) -> bool:
    """Whether an index file ends in the middle of a line: registries end each with a newline."""
    if not body or body.endswith(b"\n"):
        return False
    try:
        json.loads(body[body.rfind(b"\n") + 1 :])
    except (ValueError, RecursionError):
        return True
    return False
