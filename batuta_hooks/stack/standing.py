"""How a crate's own version stands to what the registry has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Package
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.registry.lookup import Answer

EQUAL, AHEAD, BEHIND, YANKED, NEVER, UNKNOWN = "equal", "ahead", "behind", "yanked", "never", "unknown"


class Standing(NamedTuple):
    """What the registry has of a crate, beside the version here.

    Attributes:
        version: the newest published version that is not yanked; a pre-release only where there is no other, or the
            version here is one too. ``None`` where there is none or it is not known.
        state: ``equal``, ``ahead`` or ``behind`` (the version here, of that one), ``yanked`` (the version here is, or
            all are), ``never`` (there is no such crate), or ``unknown``.
        age_s: seconds since that was known to be so; ``None`` where nothing is known.
        source: the URL that answered, or where the answer lay; empty where nothing is known.
        why: the reason for ``unknown``, a clause; else empty.
    """

    version: str | None = None
    state: str = UNKNOWN
    age_s: int | None = None
    source: str = ""
    why: str = "the registry was not asked"


Ask = Callable[[str], Answer | Unknown]
"""Gives what is known of a crate."""


def standing_of(package: Package, ask: Ask) -> Standing:
    """The standing of a package; one that goes to other registries alone has none here."""
    if package.publish and not package.is_bound_for_crates_io:
        return Standing(why=f"it goes to {', '.join(package.publish)} alone")
    answer = ask(package.name)
    if isinstance(answer, Unknown):
        is_asked = package.is_bound_for_crates_io
        return Standing(why=answer.why if is_asked else "it is never published, so nobody was asked")
    known = Standing(None, NEVER, answer.age_s, answer.source, "")
    if answer.spelled != answer.crate:
        return known
    newest = _newest(answer.versions, package.version)
    if newest is None:
        return known._replace(state=YANKED) if answer.yanked else known
    state = _state(package.version, newest, answer.yanked)
    return known._replace(version=str(newest), state=state, why="it has no version" if state == UNKNOWN else "")


def _state(local: str | None, newest: Version, yanked: Iterable[str]) -> str:
    here = read_version(local or "")
    if here is None:
        return UNKNOWN
    # build metadata makes no other version for crates.io
    if any(version.precedence == here.precedence for version in _all(yanked)):
        return YANKED
    if here.precedence == newest.precedence:
        return EQUAL
    return AHEAD if here.precedence > newest.precedence else BEHIND


def _newest(versions: Iterable[str], local: str | None) -> Version | None:
    here = read_version(local or "")
    read = _all(versions)
    settled = [version for version in read if not version.pre]
    return max(read if here is not None and here.pre else settled or read, default=None)


def _all(versions: Iterable[str]) -> list[Version]:
    return [version for version in map(read_version, versions) if version is not None]
