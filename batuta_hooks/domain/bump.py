"""The next version: by the levels that cargo's tools know, and by what conventional commits say of a change.

Cargo reads the first number that is not zero as the breaking one; the levels name places all the same, as cargo-release
and `cargo set-version --bump` have them: ``minor`` of 0.1.2 is 0.2.0, which breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version

PATCH, MINOR, MAJOR, RELEASE, AUTO = "patch", "minor", "major", "release", "auto"

#: Pre-releases, in the order in which they may follow each other.
PRE_RELEASES = ("alpha", "beta", "rc")

LEVELS = (PATCH, MINOR, MAJOR, *PRE_RELEASES, RELEASE, AUTO)

#: `type(scope)!: subject`, as conventionalcommits.org 1.0.0 has it.
_HEADER = re.compile(r"(?P<type>[A-Za-z][A-Za-z-]*)(?:\([^()\r\n]*\))?(?P<breaking>!)?: +\S")
_FOOTER = re.compile(r"^BREAKING[ -]CHANGE(?:: +| #)\S", re.MULTILINE)


class InvalidBump(ValueError):
    """A level or version that cannot be taken; the message is a clause that says why."""


def is_level(text: str) -> bool:
    """Whether a text is a level, or a version to be taken as it is."""
    return text in LEVELS or read_version(text) is not None


def bumped(version: Version, level: str) -> Version:
    """The version after another; build metadata is left behind.

    A pre-release is on its way to the version without its suffix, so ``patch`` of 1.2.3-rc.1 is 1.2.3, ``minor`` of
    1.3.0-rc.1 is 1.3.0, and ``rc`` of 1.3.0-beta.2 is 1.3.0-rc.1.

    Args:
        level: one of `LEVELS` but ``auto``.

    Raises:
        InvalidBump: ``release`` of no pre-release, or a pre-release that would lead backwards.
    """
    major, minor, patch = version.major, version.minor, version.patch
    if level == RELEASE:
        if not version.pre:
            raise InvalidBump(f"{version} is no pre-release")
        return Version(major, minor, patch)
    if level in PRE_RELEASES:
        return _pre_released(version, level)
    if level == MAJOR:
        return Version(major if version.pre and not minor and not patch else major + 1, 0, 0)
    if level == MINOR:
        return Version(major, minor if version.pre and not patch else minor + 1, 0)
    return Version(major, minor, patch if version.pre else patch + 1)


def _pre_released(version: Version, level: str) -> Version:
    if not version.pre:
        return Version.parse(f"{version.major}.{version.minor}.{version.patch + 1}-{level}.1")
    base = f"{version.major}.{version.minor}.{version.patch}"
    name, _, number = version.pre.partition(".")
    count = int(number) + 1 if name == level and number.isdecimal() else 1
    found = Version.parse(f"{base}-{level}.{count}")
    if not found > version:
        raise InvalidBump(f"{level} would lead back from {version}")
    return found


def breaking_level(version: Version) -> str:
    """The level that cargo reads as a breaking one; below 0.1.0 that is any."""
    return MAJOR if version.major else MINOR if version.minor else PATCH


def level_of_commits(messages: Iterable[str], version: Version) -> str:
    """The level that conventional commits ask for: a breaking one the next breaking place, a ``feat`` the one below.

    Args:
        version: the one that they follow; below 1.0.0 the breaking place is the minor number, below 0.1.0 the patch.
    """
    wanted = 0
    for message in messages:
        header = _HEADER.match(message.lstrip())
        if (header and header["breaking"]) or _FOOTER.search(message):
            wanted = 2
        elif header and header["type"].lower() == "feat":
            wanted = max(wanted, 1)
    place = 2 if version.major else 1 if version.minor else 0
    return (PATCH, MINOR, MAJOR)[max(0, place - (2 - wanted))]
