"""Texts that may spell a version: index lines, lock files, tags and options hold others, too."""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.domain.semver import InvalidVersion, Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.semver import Requirement

_SAFE_DIGITS = 19  # a number of so many is below the greatest that counts


@lru_cache(maxsize=1 << 16)  # the registry's versions are compared with many requirements
def read_version(text: str | None) -> Version | None:
    """The version that a text spells; ``None`` where it spells none, or there is none."""
    if text is None:
        return None
    parts = text.split(".", 3)
    if len(parts) == 3 and text.isascii() and all(map(_is_plain, parts)):
        return Version(int(parts[0]), int(parts[1]), int(parts[2]), "", "")  # as most are: nothing can be wrong
    try:
        return Version.parse(text)
    except InvalidVersion:
        return None


def _is_plain(text: str) -> bool:
    return text.isdigit() and len(text) <= _SAFE_DIGITS and (text[0] != "0" or text == "0")


def prefix_of(requirement: Requirement) -> str:
    """What the text of every version that a requirement matches begins with: the numbers that all share, and their
    dots.  What begins otherwise need not be read to be refused.
    """
    first, after = requirement.at_least, requirement.below
    major, minor = first[0], first[1]
    assert isinstance(major, int)
    assert isinstance(minor, int)
    if major != after[0]:
        return f"{major}." if after == (major + 1, 0, 0) else ""
    return f"{major}.{minor}." if minor == after[1] or after == (major, minor + 1, 0) else f"{major}."
