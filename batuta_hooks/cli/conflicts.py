"""A conflict over a shared dependency as its sides."""

from __future__ import annotations

from batuta_hooks.checks.shared_versions import Conflict


def sides_of(conflict: Conflict) -> list[tuple[str, list[str]]]:
    """Each requirement with the crates that have it, that of most crates first."""
    users: dict[str, list[str]] = {}
    for crate, requirement in zip(conflict.crates, conflict.versions, strict=True):
        users.setdefault(requirement, []).append(crate)
    return sorted(users.items(), key=lambda side: (-len(side[1]), side[0]))
