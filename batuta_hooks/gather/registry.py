"""What stands for crates.io in a folder, and what is known of its crates: from disk alone, no socket is opened.

cargo's configuration in the folder decides which registry that is.  Guards import this where a check asks what is
published, and only then.
"""

from __future__ import annotations

import os
import time

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.config_places import CRATES_IO_INDEX, cargo_home, is_unconfigured
from batuta_hooks.registry.entry import ABSENT_TTL_S, TTL_S, Miss
from batuta_hooks.registry.glance import Glance, cache_folder
from batuta_hooks.registry.lookup import Answer, Lookup, as_published, release_of, rust_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from batuta_hooks.domain.facts import Origin, Published
    from batuta_hooks.domain.release import Release
    from batuta_hooks.registry.archive import ArchiveFacts

NEVER = 1 << 62
"""When what does not cease does."""

Span = tuple[int, int]
"""When an answer was checked, and when it ceases to be fresh."""

Joined = tuple[int | None, int]
"""The earliest of both of several answers; ``None`` where there is none."""

_NO = ("", "0", "false", "no", "off")


class Place(NamedTuple):
    """The registry that stands for crates.io where cargo works in some folder.

    Attributes:
        url: what names it in the cache and for cargo; empty where `why` says what keeps it from being known.
        why: a clause for a person; empty where there is a registry.
        offline: why no socket may be opened for it; empty where one may, and where none is needed.
        home: cargo's home.
    """

    url: str
    why: str
    offline: str
    home: str


def find_place(folder: str, environment: Mapping[str, str] = os.environ) -> Place:
    """The registry that stands for crates.io in a folder, as cargo's configuration there has it."""
    real = os.path.realpath(folder)
    home = cargo_home(environment, real)
    if is_unconfigured(real, home, environment):
        return Place(CRATES_IO_INDEX, "", told_offline(environment), home)
    from batuta_hooks.registry.cargo_config import ConfigFault, read_cargo_config
    from batuta_hooks.registry.sources import GIT_INDEX, SPARSE, find_source

    config = read_cargo_config(folder, environment)
    if isinstance(config, ConfigFault):
        return Place("", f"cargo refuses its configuration: {config}", "", "")
    source, settings = find_source(config), config.settings()
    for fault in (source, settings):
        if isinstance(fault, ConfigFault):
            return Place("", f"cargo refuses its configuration: {fault}", "", config.home)
    assert not isinstance(source, ConfigFault)
    assert not isinstance(settings, ConfigFault)
    if source.kind in (SPARSE, GIT_INDEX):
        offline = "cargo is configured to be offline" if settings.offline else ""
        return Place(source.index_url, "", offline or told_offline(environment), config.home)
    from batuta_hooks.registry.on_disk import registry_url

    return Place(registry_url(source), "", "", config.home)


def told_offline(environment: Mapping[str, str]) -> str:
    """Why no socket may be opened at all; empty where one may."""
    return "" if environment.get("BATUTA_OFFLINE", "").lower() in _NO else "BATUTA_OFFLINE is set"


class Registry:
    """Answers questions about the crates of one registry; to be used by one thread at a time.

    Args:
        place: what `find_place` gives.
        environment: variables that say where the cache is.
        now: seconds since 1970, else the present time.
        ttl_s: for how long an answer is fresh (``[cache] ttl_s``), else as long as one is by default.
    """

    def __init__(
        self,
        place: Place,
        environment: Mapping[str, str] = os.environ,
        *,
        now: int | None = None,
        ttl_s: int | None = None,
    ) -> None:
        self.place = place
        self._ttl_s = TTL_S if ttl_s is None else ttl_s
        self._glance = Glance(cache_folder(environment))
        self._lookup: Lookup | None = None
        if place.url:
            seconds = int(time.time()) if now is None else now
            self._lookup = Lookup(place.url, self._glance, cargo_home=place.home, now=seconds, ttl_s=self._ttl_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, crate: str) -> Answer | Unknown:
        """What is known of a crate."""
        return Unknown(crate, self.place.why) if self._lookup is None else self._lookup(crate)

    def published(self, crate: str) -> Published | Unknown:
        """The same in a check's terms."""
        return as_published(self.answer(crate))

    def release(self, crate: str, version: str) -> Release | Unknown | None:
        """All that the index says of one version; ``None`` where it does not list it."""
        return release_of(self.answer(crate), version)

    def rust_version(self, crate: str, version: str) -> str | Unknown | None:
        """The Rust that one version declares, empty for none; ``None`` where the index does not list it."""
        return rust_of(self.answer(crate), version)

    def origin(self, crate: str, version: str) -> Origin | Unknown:
        """From which commit a published version was made, as far as its archive's facts are in the cache."""
        from batuta_hooks.registry.origin import read_origin

        if not self.place.url:
            return Unknown(crate, self.place.why)
        found = read_origin(self._glance, self.place.url, crate, version)
        return found if not isinstance(found, Miss) else Unknown(crate, f"its archive: {found.why}")

    def archive(self, crate: str, version: str) -> ArchiveFacts | Unknown:
        """All that is known of the archive of a published version, as far as it is in the cache."""
        from batuta_hooks.registry.archive import decode_facts
        from batuta_hooks.registry.entry import archive_key, registry_identity

        if not self.place.url:
            return Unknown(crate, self.place.why)
        try:
            key = archive_key(registry_identity(self.place.url), crate, version)
        except ValueError as error:
            return Unknown(crate, f"its archive: {error}")
        entry = self._glance.entry(key)
        body = entry if isinstance(entry, Miss) else self._glance.body(key, entry)
        if isinstance(body, Miss):
            return Unknown(crate, f"its archive: {body.why}")
        return decode_facts(body) or Unknown(crate, "its archive: the cache has it in a form that is not known here")

    @property
    def oldest_age_s(self) -> int | None:
        """The age of the oldest answer given so far; ``None`` where there was none."""
        return None if self._lookup is None else self._lookup.oldest_age_s

    def state(self) -> str:
        """Names all that answers rest on but the time; empty where that cannot be told."""
        from batuta_hooks.registry.cargo_home import state_of_indexes

        if not self.place.url:
            return repr(self.place)
        kept = state_of_indexes(self.place.home, self.place.url)
        held = self._glance.state()
        return repr((self.place, self._ttl_s, held, kept)) if held and kept else ""

    @property
    def is_unasked(self) -> bool:
        """Whether no answer was given yet."""
        return self._lookup is None or not self._lookup.given

    def span(self) -> Joined | None:
        """When the oldest of the answers given so far was checked, and when the first of them ceases to be fresh.

        ``None`` where one was checked in the future, or the cache was at fault.
        """
        spans = self.spans()
        return None if spans is None else joined(spans.values())

    def spans(self) -> dict[str, Span] | None:
        """The same of each answer, by its crate."""
        given = self._lookup.given if self._lookup is not None else ()
        if self.fault or any(one.checked_at > time.time() for one in given):
            return None
        return {one.crate: (one.checked_at, self._ends(one)) for one in given}

    def _ends(self, answer: Answer) -> int:
        if not answer.is_fresh:
            return NEVER
        return answer.checked_at + min(self._ttl_s, ABSENT_TTL_S if answer.is_absent else self._ttl_s)

    @property
    def fault(self) -> str:
        """What was wrong with the cache itself when it was asked, a clause; empty for nothing."""
        return self._glance.fault

    def close(self) -> None:
        """Close the cache."""
        self._glance.close()


def joined(spans: Iterable[Span]) -> Joined:
    """What the spans of several answers come to."""
    spans = list(spans)
    return min((one[0] for one in spans), default=None), min((one[1] for one in spans), default=NEVER)
