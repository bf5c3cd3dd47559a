"""Texts that may spell a version: the quick readings say what the thorough ones say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.semver import InvalidVersion, Requirement, Version
from batuta_hooks.domain.version_text import prefix_of, read_version
from tests.domain.test_semver import requirements, small_versions, versions


@given((small_versions | versions).map(str) | st.text("0123456789.-+ a\u0663", max_size=12))
def test_a_text_is_read_as_a_version_reads_it(text: str) -> None:
    """The same version, or none where it is refused; leading zeros, huge numbers and other digits are refused."""
    try:
        wanted: Version | None = Version.parse(text)
    except InvalidVersion:
        wanted = None
    assert read_version(text) == wanted
    assert read_version(None) is None


@pytest.mark.parametrize("number", ["9999999999999999999", "18446744073709551615", "18446744073709551616", "00", "01"])
def test_the_bounds_of_numbers(number: str) -> None:
    """The greatest is 2^64 - 1, and there are no leading zeros."""
    assert (read_version(f"1.{number}.0") is not None) == (number[0] != "0" and int(number) < 2**64)


@given(requirements, small_versions | versions)
def test_every_match_begins_with_the_prefix(text: str, version: Version) -> None:
    """What begins in another way need not be read to be refused."""
    requirement = Requirement.parse(text)
    assert str(version).startswith(prefix_of(requirement)) or not requirement.matches(version)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        *(("1", "1."), ("^1.2.3", "1."), ("~1.2", "1.2."), ("0.3", "0.3."), ("^0.0.7", "0.0."), ("=1.2.3-a", "1.2.")),
        *(("*", ""), (">=1", ""), (">=1, <2", "1."), (">=1, <=2", ""), ("<1", "0."), (">=1.2, <1.3", "1.2.")),
    ],
)
def test_the_prefix_of_a_requirement(text: str, prefix: str) -> None:
    """As much as all matching versions share."""
    assert prefix_of(Requirement.parse(text)) == prefix
