"""The trailers of a release commit: they alone say what was begun, so that a release goes on from git.

Batuta-Release: the plan's hash
Batuta-Wave: 1 crate=version …     all waves of the plan, a line each
Batuta-Commit: 1                   the wave that this commit is for
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from batuta_hooks.domain.version_text import read_version
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.plan_values import Plan

RELEASE, WAVE, COMMIT = "Batuta-Release", "Batuta-Wave", "Batuta-Commit"

_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_CRATES = 10_000


class Begun(NamedTuple):
    """A release that was begun, as one of its commits tells it.

    Attributes:
        plan_hash: the identity of its plan.
        waves: the versions that go out, by crate, wave by wave.
        wave: the one that the commit is for, counted from 1.
    """

    plan_hash: str
    waves: tuple[tuple[tuple[str, str], ...], ...]
    wave: int

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each crate."""
        return {crate: version for wave in self.waves for crate, version in wave}


def message(plan: Plan, wave: int, crates: Iterable[str]) -> str:
    """The message of the commit that releases some crates of a wave from one repository."""
    versions = {one.crate: one.next for one in plan.releases}
    subject = f"Release {', '.join(f'{crate} {versions[crate]}' for crate in sorted(crates))}"
    waves = [[(crate, versions[crate]) for crate in sorted(names)] for names in plan.waves]
    return f"{subject}\n\n{message_of(plan.plan_hash, waves, wave)}"


def message_of(plan_hash: str, waves: Iterable[Iterable[tuple[str, str]]], wave: int) -> str:
    """The trailers of a release commit."""
    lines = [f"{RELEASE}: {plan_hash}"]
    for number, crates in enumerate(waves, 1):
        lines.append(f"{WAVE}: {number} {' '.join(f'{crate}={version}' for crate, version in crates)}")
    return "\n".join([*lines, f"{COMMIT}: {wave}", ""])


def read_message(text: str) -> Begun | None:
    """What a commit's message tells of a release; ``None`` where it is none of a release commit."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, sign, value = line.partition(": ")
        if sign and name in (RELEASE, WAVE, COMMIT):
            values.setdefault(name, []).append(value.strip())
    if not all(len(values.get(name, ())) == 1 for name in (RELEASE, COMMIT)) or not values.get(WAVE):
        return None
    (plan_hash,), (wave,) = values[RELEASE], values[COMMIT]
    waves = [_wave(number, line) for number, line in enumerate(values[WAVE], 1)]
    if not _HASH.fullmatch(plan_hash) or not all(waves) or not wave.isdecimal() or not 1 <= int(wave) <= len(waves):
        return None
    found = tuple(one for one in waves if one is not None)
    return Begun(plan_hash, found, int(wave)) if sum(map(len, found)) <= _MOST_CRATES else None


def _wave(number: int, line: str) -> tuple[tuple[str, str], ...] | None:
    first, *entries = line.split(" ")
    crates = []
    for entry in entries:
        crate, _, version = entry.partition("=")
        if not is_crate_name(crate) or read_version(version) is None:
            return None
        crates.append((crate, version))
    return tuple(crates) if first == str(number) and crates else None
