"""Answers of a registry as they were at a time, or as they would be with a version more."""

from __future__ import annotations

from datetime import datetime

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.index import as_of, list_versions
from batuta_hooks.registry.lookup import Answer


def with_version(answer: Answer, version: str) -> Answer:
    """The answer as if the registry had a version, not yanked."""
    versions = (*(one for one in answer.versions if one != version), version)
    yanked = tuple(one for one in answer.yanked if one != version)
    return answer._replace(is_absent=False, versions=versions, yanked=yanked)


def seconds(then: str) -> float:
    """A time as `batuta_hooks.registry.index.as_of` takes it, in seconds since 1970."""
    return datetime.fromisoformat(then).timestamp()


def answered_as_of(answer: Answer, then: str) -> Answer | Unknown:
    """The answer as it was at a time."""
    if answer.is_absent:
        return answer
    index = answer.read()
    if isinstance(index, Miss):
        return Unknown(answer.crate, index.why)
    known = as_of(list_versions(index[0], answer.crate, index[1]).listed, then)
    return answer._replace(versions=tuple(version.version for version in known), yanked=())
