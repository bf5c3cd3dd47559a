"""What lags behind crates.io: crates that are older here than there, and requirements that keep a newer version out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from batuta_hooks.domain.requirement_edit import floor
from batuta_hooks.domain.semver import InvalidRequirement, InvalidVersion, Requirement, Version
from batuta_hooks.stack.layers import Need
from batuta_hooks.stack.standing import BEHIND, YANKED
from batuta_hooks.stack.verdict import Crate


class Lag(NamedTuple):
    """A crate of the stack whose newest published version a requirement does not admit, because it is newer."""

    dependency: str
    requirement: str
    newest: str


def lags_of(needs: Iterable[Need], crates: Iterable[Crate]) -> Mapping[str, tuple[Lag, ...]]:
    """The requirements that lag, by the crate that writes them; of crates whose published versions are known."""
    newest = {crate.name: crate.standing.version for crate in crates if crate.standing.version}
    found: dict[str, list[Lag]] = {}
    for need in needs:
        version = newest.get(need.dependency)
        if need.requirement is not None and version is not None and _lags(need.requirement, version):
            found.setdefault(need.dependent, []).append(Lag(need.dependency, need.requirement, version))
    return {name: tuple(lags) for name, lags in found.items()}


def is_behind(crate: Crate) -> bool:
    """Whether the version here is older than the published one, or yanked there."""
    return crate.standing.state in (BEHIND, YANKED)


def _lags(requirement: str, newest: str) -> bool:
    try:
        wanted, version = Requirement.parse(requirement), Version.parse(newest)
    except (InvalidRequirement, InvalidVersion):
        return False
    return not wanted.matches(version) and floor(requirement).precedence < version.precedence
