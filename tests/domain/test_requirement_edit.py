"""What a requirement becomes for a version: raised in its own spelling, never loosened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.requirement_edit import floor, raised
from batuta_hooks.domain.semver import InvalidRequirement, Requirement, Version
from tests.domain.test_semver import requirements, small_releases, small_versions

CASES = [
    ("53", "54.0.0", "54"),
    ("53.0", "54.0.0", "54.0"),
    ("53.4.1", "54.0.0", "54.0.0"),
    ("54.1", "54.0.0", "54.1"),
    ("54.0", "54.0.0", "54.0"),
    (">=53.0, <54", "54.0.0", ">=54.0, <55"),
    (">= 53.0 ,<  54 ", "54.0.0", ">= 54.0 ,<  55 "),
    (" ^53.1", "54.2.3", " ^54.2"),
    ("^ 0.2.0", "0.2.1", "^ 0.2.1"),
    ("0.2", "0.2.1", "0.2"),
    ("~53.1", "54.2.3", "~54.2"),
    ("~1.2.3", "1.4.0", "~1.4.0"),
    ("=53.4.1", "54.2.3", "=54.2.3"),
    ("= 53", "54.2.3", "= 54"),
    ("1.*", "3.2.1", "3.*"),
    ("1.2.x", "3.4.5", "3.4.x"),
    ("1.*.*", "3.4.5", "3.*.*"),
    ("*", "3.4.5", "*"),
    (">=1, <3", "2.5.0", ">=2, <3"),
    (">=1, <3", "3.2.0", ">=3, <4"),
    (">=0.3, <0.4", "0.5.2", ">=0.5, <0.6"),
    (">=0.3.1, <0.4.0", "0.5.2", ">=0.5.2, <0.6.0"),
    (">=1.2.0, <2.0.0", "3.1.4", ">=3.1.4, <4.0.0"),
    (">=1.2.3, <1.2.9", "1.3.0", ">=1.3.0, <1.3.1"),
    (">=1, <=2", "3.4.5", ">=3, <=3"),
    (">=1, <=2.1.0", "3.4.5", ">=3, <=3.4.5"),
    ("<3", "3.1.0", "<4"),
    ("<0", "0.3.0", "<1"),
    (">1.2", "2.0.0", ">1.2"),
    (">1.2, <2", "2.0.0", ">1.2, <3"),
    (">=1, >0.5, <2", "2.1.0", ">=2, >0.5, <3"),
    ("1.2", "1.3.0-rc.1", "1.3.0-rc.1"),
    ("1.2.0-rc.1", "1.2.0-rc.2", "1.2.0-rc.2"),
    ("1.2.0-rc.1", "1.2.0", "1.2.0"),
    ("1.2.0-rc.2", "1.2.0-rc.1", "1.2.0-rc.2"),
    ("1.2", "1.2.0-rc.1", "1.2"),
    (">=1, <5", "2.0.0-rc.1", ">=2.0.0-rc.1, <5"),
    (">=1, <2", "2.0.0-rc.1", ">=2.0.0-rc.1, <3"),
    (">=1, <=2", "2.0.0-rc.1", ">=2.0.0-rc.1, <=2.0.0-rc.1"),
    ("1.2.3+old", "1.2.4+new", "1.2.4"),
    ("1.2.3+old", "1.2.3+new", "1.2.3+old"),
    ("1.*", "2.0.0-rc.1", "1.*"),
    ("<1", f"{2**64 - 1}.0.0", "<1"),
]


@pytest.mark.parametrize(("text", "version", "wanted"), CASES)
def test_a_requirement_is_raised_in_its_own_spelling(text: str, version: str, wanted: str) -> None:
    """Operator, white space and precision stay; bounds move no further than they have to."""
    assert raised(text, Version.parse(version)) == wanted


@pytest.mark.parametrize(
    ("text", "version", "wanted"),
    [
        ("55", "54.0.0", "54"),
        ("55.2.1", "54.1.0", "54.1.0"),
        (">=55.0, <56", "54.1.0", ">=54.1, <55"),
        ("~2.1", "1.9.9", "~1.9"),
        ("=2.1.0", "1.9.9", "=1.9.9"),
        (">=2, <=3", "1.9.9", ">=1, <=1"),
        (">1.2", "1.1.0", ">1.2"),
        ("1.2.0", "1.2.0-rc.1", "1.2.0-rc.1"),
    ],
)
def test_a_requirement_comes_down_only_on_demand(text: str, version: str, wanted: str) -> None:
    """What is above the version stays, unless it may be lowered; then it comes down in its own spelling too."""
    assert raised(text, Version.parse(version)) == text
    assert raised(text, Version.parse(version), may_lower=True) == wanted


@given(requirements, small_versions)
def test_what_was_raised_matches_and_is_nowhere_lower(text: str, version: Version) -> None:
    """The result matches the version or is the text itself; it has as many comparators, none of them lower; again
    it stays as it is.
    """
    before = Requirement.parse(text)
    changed = raised(text, version)
    after = Requirement.parse(changed)
    assert changed == text or after.matches(version)
    assert after.at_least >= before.at_least
    assert [one.op for one in after.comparators] == [one.op for one in before.comparators]
    assert raised(changed, version) == changed


@given(requirements, small_releases)
def test_precision_is_kept_for_releases(text: str, version: Version) -> None:
    """For a version that is no pre-release each comparator has as many numbers as before."""
    before, after = Requirement.parse(text).comparators, Requirement.parse(raised(text, version)).comparators
    for old, new in zip(before, after, strict=True):
        assert [part is None for part in old[1:4]] == [part is None for part in new[1:4]]


@given(requirements, small_releases)
def test_a_requirement_that_may_be_lowered_matches_too(text: str, version: Version) -> None:
    """Only a `>` above the version keeps a requirement from coming down to it."""
    changed = raised(text, version, may_lower=True)
    if not any(one.op == ">" for one in Requirement.parse(text).comparators):
        assert Requirement.parse(changed).matches(version) or _is_empty(text)
    assert raised(changed, version, may_lower=True) == changed


def _is_empty(text: str) -> bool:
    requirement = Requirement.parse(text)
    return requirement.at_least >= requirement.below


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("54.0", "54.0.0"),
        (">=54, <60", "54.0.0"),
        ("~1.2.3-rc.1", "1.2.3-rc.1"),
        (">1", "2.0.0"),
        (">1.2", "1.3.0"),
        (">1.2.3", "1.2.4"),
        (">1.2.3-a", "1.2.3-a"),
        ("<3", "0.0.0"),
        ("*", "0.0.0"),
        (">=1, ^1.4", "1.4.0"),
    ],
)
def test_the_floor_is_the_lowest_version_spoken_of(text: str, wanted: str) -> None:
    """Where alignment with a requirement leads to: the version that it begins with."""
    assert str(floor(text)) == wanted


@given(st.sampled_from(["", "1 2", ">=1 <2", "one"]))
def test_what_cargo_refuses_is_refused(text: str) -> None:
    """A text that is no requirement is an error, whoever asks."""
    with pytest.raises(InvalidRequirement):
        raised(text, Version(1, 0, 0))
    with pytest.raises(InvalidRequirement):
        floor(text)
