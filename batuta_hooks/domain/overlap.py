"""Whether version requirements can be met by one version, and which compatibility buckets they reach into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.domain.semver import MAX_NUMBER, Requirement, Version

_BEHIND = 5  # so much has a place that lies behind a version
_BEYOND = (MAX_NUMBER + 1, 0, 0)


def overlap(first: Requirement, second: Requirement) -> bool:
    """Whether some version, published or not, matches both requirements.

    Releases fill the range that both have in common, unless that lies between two of them.  A pre-release matches only
    where each requirement names a pre-release of its numbers, so only those numbers have to be tried.
    """
    lower, upper = max(first.at_least, second.at_least), min(first.below, second.below)
    if lower >= upper:
        return False
    release = lower[:3]
    if len(lower) < _BEHIND and release < upper[:3] and release < _BEYOND:
        return True  # the release there meets both
    for one, other in ((first, second), (second, first)):
        exact = _exact(one)
        if exact is not None:
            return other.matches(exact)
    return common_version((first, second)) is not None


def _exact(requirement: Requirement) -> Version | None:
    """The one version that a requirement names; ``None`` where it admits others."""
    if len(requirement.comparators) != 1:
        return None
    one = requirement.comparators[0]
    if one.op != "=" or one.minor is None or one.patch is None:
        return None
    return Version(one.major, one.minor, one.patch, one.pre, "")


def common_version(requirements: Sequence[Requirement]) -> Version | None:
    """A version that matches all requirements, the lowest release if there is one; ``None`` where there is none."""
    at_least = max((requirement.at_least for requirement in requirements), default=(0, 0, 0))
    if any(at_least >= requirement.below for requirement in requirements):
        return None
    release = _first_release(at_least)
    for version in (release, *_pre_releases(requirements)):
        if version is not None and all(requirement.matches(version) for requirement in requirements):
            return version
    return None


def _first_release(place: tuple[object, ...]) -> Version | None:
    """The lowest release at a place of `Requirement.at_least` or behind it; ``None`` behind the last one."""
    major, minor, patch = (number for number in place[:3] if isinstance(number, int))
    is_behind = len(place) == 5 and Version(major, minor, patch).precedence == place[:4]
    if not is_behind:
        return Version(major, minor, patch) if major <= MAX_NUMBER else None
    if patch < MAX_NUMBER:
        return Version(major, minor, patch + 1)
    if minor < MAX_NUMBER:
        return Version(major, minor + 1, 0)
    return Version(major + 1, 0, 0) if major < MAX_NUMBER else None


def _pre_releases(requirements: Sequence[Requirement]) -> Iterator[Version]:
    """The pre-releases among which one meets all requirements, if any does: the lowest of their numbers, those that
    the requirements name, and the next one behind each of these.
    """
    for requirement in requirements:
        for one in requirement.comparators:
            if one.pre and one.minor is not None and one.patch is not None:
                for pre in ("0", one.pre, f"{one.pre}.0"):
                    yield Version(one.major, one.minor, one.patch, pre)
