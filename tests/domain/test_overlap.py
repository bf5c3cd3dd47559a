"""Requirements that one version can meet, against every version of a small world."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.overlap import common_version, overlap
from batuta_hooks.domain.semver import MAX_NUMBER, Requirement, Version

#: Numbers are small, and so are pre-releases: whatever two requirements of these numbers have in common is here.
PRE = ("", "0", "a", "a.0", "a.0.0", "b", "b.0", "b.0.0")
WORLD = [Version(*numbers, pre=pre) for numbers in product(range(5), range(5), range(5)) for pre in PRE]

numbers = st.integers(0, 2)
exact = st.builds(
    lambda major, minor, patch, pre: f"{major}.{minor}.{patch}{pre}",
    numbers,
    numbers,
    numbers,
    st.sampled_from(("", "", "-a", "-b", "-a.0")),
)
partial = st.builds(lambda major, minor: f"{major}.{minor}", numbers, numbers) | numbers.map(str)
comparators = st.builds(
    lambda operator, text: f"{operator}{text}",
    st.sampled_from(("", "^", "~", "=", ">", ">=", "<", "<=")),
    exact | partial,
)
requirements = st.lists(comparators, min_size=1, max_size=3).map(", ".join)


@given(requirements, requirements)
def test_overlap_is_a_common_version(first: str, second: str) -> None:
    """There is a common version exactly where some version of the world matches both; the one that is given does."""
    one, other = Requirement.parse(first), Requirement.parse(second)
    common = [version for version in WORLD if one.matches(version) and other.matches(version)]
    found = common_version((one, other))
    assert overlap(one, other) == overlap(other, one) == (found is not None)
    assert found is None or (one.matches(found) and other.matches(found))
    assert bool(common) <= (found is not None), (first, second, common)


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        ("53", "54", None),
        ("53.4", ">=53, <55", "53.4.0"),
        ("0.3", "0.3.7", "0.3.7"),
        ("0.3", "0.4", None),
        ("=1.2.3", "=1.2.4", None),
        (">1.2.3", "<1.2.5", "1.2.4"),
        ("=1.0.0-rc.1", "^1.0", None),
        (">=1.0.0-rc.1, <1.0.0", "^1.0.0-rc.1", "1.0.0-rc.1"),
        ("*", "7", "7.0.0"),
        (f">0.0.{MAX_NUMBER}", "*", "0.1.0"),
        (f">0.{MAX_NUMBER}.{MAX_NUMBER}", "*", "1.0.0"),
        (f">{MAX_NUMBER}.{MAX_NUMBER}.{MAX_NUMBER}", "*", None),
        (f">{MAX_NUMBER}", "*", None),
    ],
)
def test_collected(first: str, second: str, common: str | None) -> None:
    """The lowest release that both match, else a pre-release that both name, else none."""
    found = common_version((Requirement.parse(first), Requirement.parse(second)))
    assert (None if found is None else str(found)) == common
