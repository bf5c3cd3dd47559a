"""Texts that may spell a version: index lines, lock files, tags and options hold others, too."""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.domain.semver import InvalidVersion, Version


@lru_cache(maxsize=1 << 16)  # the registry's versions are compared with many requirements
def read_version(text: str | None) -> Version | None:
    """The version that a text spells; ``None`` where it spells none, or there is none."""
    try:
        return None if text is None else Version.parse(text)
    except InvalidVersion:
        return None
