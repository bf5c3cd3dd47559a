"""``--refresh SECONDS``: has the refresher fetch what the checks want to know.  Imported only where it is given."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.gather.refresher import lacking, refresh, stale
from batuta_hooks.gather.registry import Registry


def refresh_for(
    facts: Facts, check: Callable[[Facts], Iterator[Finding | Unknown]], registry: Registry, budget_s: float
) -> float:
    """Refresh all that a check asks about and that is not fresh; what it asks is found out by letting it ask.

    Where an answer leaves it undecided, one from before the judged commit is not fresh enough.

    Args:
        registry: what is known so far; it remembers that, so make another one afterwards.
        budget_s: seconds to wait at most.

    Returns:
        The seconds that are left of the budget.
    """
    asked: list[str] = []
    archives: list[tuple[str, str]] = []

    def published(package: str) -> Unknown:
        asked.append(package)
        return Unknown(package, "")

    def origin(package: str, version: str) -> Unknown:
        archives.append((package, version))
        return Unknown(package, "")

    for _ in check(facts._replace(published=published, origin=origin)):
        pass
    start = time.monotonic()
    wanted = sorted({*stale(registry, asked), *_unsettled(facts, check, registry)}) + lacking(registry, archives)
    if wanted:
        refresh(wanted, budget_s)
    return max(budget_s - (time.monotonic() - start), 0.0) if wanted else budget_s


def _unsettled(facts: Facts, check: Callable[[Facts], Iterator[Finding | Unknown]], registry: Registry) -> list[str]:
    """The crates that the check is in doubt about by answers from before the judged commit."""
    committed_at = facts.committed_at()
    if committed_at is None:
        return []
    told = facts._replace(published=registry.published, release=registry.release, rust_version=registry.rust_version)
    said = check(told)
    return stale(registry, {one.crate for one in said if isinstance(one, Unknown) and one.crate}, committed_at)
