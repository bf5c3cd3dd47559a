"""What the cache holds: how many answers of which registries, how old, how large; and how to empty it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.cache import SIZE_LIMIT_BYTES, Cache
from batuta_hooks.registry.entry import ABSENT, ARCHIVE, TTL_S, Entry, Key, Miss, is_fresh
from batuta_hooks.registry.glance import cache_folder, examine
from batuta_hooks.stack.hits import Hits, forget_hits, read_hits
from batuta_hooks.stack.kept_json import forget_all


class Holding(NamedTuple):
    """The answers of one registry, or of all.

    Attributes:
        registry: what names it; empty for all.
        indexes, archives: how many answers about crates, and about archives of their versions, there are.
        absent: how many of the former say that there is no such crate.
        fresh: how many of all need no asking again yet.
        newest_age_s, oldest_age_s: seconds since the last and the first of them was checked; ``None`` of none.
    """

    registry: str
    indexes: int
    archives: int
    absent: int
    fresh: int
    newest_age_s: int | None
    oldest_age_s: int | None

    @property
    def entries(self) -> int:
        """How many answers there are."""
        return self.indexes + self.archives


class Contents(NamedTuple):
    """What the cache holds.

    Attributes:
        path: its folder.
        exists: whether there is one.
        size_bytes, limit_bytes: the size of its database, and the one from which on answers are evicted.
        registries: each registry's answers, the one with most of them first.
        notes: what was wrong with it, a sentence each.
    """

    path: str
    exists: bool
    size_bytes: int
    limit_bytes: int
    total: Holding
    registries: tuple[Holding, ...]
    hits: Hits
    notes: tuple[str, ...] = ()


def cache_path(environment: Mapping[str, str] = os.environ) -> str:
    """The folder of the cache, whether it exists or not.

    Raises:
        BatutaError: nobody knows where it would be.
    """
    folder = cache_folder(environment)
    if isinstance(folder, Miss):
        raise BatutaError(folder.why)
    return folder


def read_contents(now: int, ttl_s: int = TTL_S, environment: Mapping[str, str] = os.environ) -> Contents:
    """What the cache holds; it is not made where there is none.

    Args:
        now: seconds since 1970.
        ttl_s: for how long an index answer is fresh.

    Raises:
        BatutaError: nobody knows where it would be.
    """
    folder = cache_path(environment)
    place = examine(folder)
    if not place.exists:
        notes: tuple[str, ...] = (f"the cache is not used: {place.fault}",) if place.fault else ()
        return Contents(folder, False, 0, SIZE_LIMIT_BYTES, _hold("", (), now, ttl_s), (), read_hits(folder), notes)
    with Cache(folder) as cache:
        entries = list(cache.entries())
        size = cache.volume_bytes()
        notes = cache.warnings
    by_registry: dict[str, list[tuple[Key, Entry]]] = {}
    for key, entry in entries:
        by_registry.setdefault(key.registry, []).append((key, entry))
    held = [_hold(registry, found, now, ttl_s) for registry, found in by_registry.items()]
    held.sort(key=lambda one: (-one.entries, one.registry))
    total = _hold("", entries, now, ttl_s)
    return Contents(folder, True, size, SIZE_LIMIT_BYTES, total, tuple(held), read_hits(folder), notes)


def clear_cache(environment: Mapping[str, str] = os.environ) -> Contents:
    """Remove every answer, and what checks and guards remembered; returns what there was.

    Raises:
        BatutaError: there is a cache, and it cannot be emptied.
    """
    before = read_contents(0, environment=environment)
    if before.exists:
        with Cache(before.path) as cache:
            cache.clear()
            if cache.warnings:
                raise BatutaError(cache.warnings[-1], where=before.path)
        forget_hits(before.path)
        forget_all(environment)
    return before


def _hold(registry: str, entries: Iterable[tuple[Key, Entry]], now: int, ttl_s: int) -> Holding:
    found = list(entries)
    archives = sum(key.kind == ARCHIVE for key, _ in found)
    absent = sum(entry.status == ABSENT for _, entry in found)
    fresh = sum(is_fresh(key, entry, now, ttl_s) for key, entry in found)
    ages = [max(now - entry.checked_at, 0) for _, entry in found]
    return Holding(
        registry,
        len(found) - archives,
        archives,
        absent,
        fresh,
        min(ages, default=None),
        max(ages, default=None),
    )
