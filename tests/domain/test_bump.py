"""Next versions: the levels, pre-releases in their order, and what conventional commits ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.bump import LEVELS, InvalidBump, bumped, is_level, level_of_commits
from batuta_hooks.domain.semver import Version


@pytest.mark.parametrize(
    ("version", "level", "after"),
    [
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("0.1.2", "patch", "0.1.3"),
        ("0.1.2", "minor", "0.2.0"),
        ("0.1.2", "major", "1.0.0"),
        ("0.0.3", "patch", "0.0.4"),
        ("1.2.3+build", "patch", "1.2.4"),
        ("1.2.3", "rc", "1.2.4-rc.1"),
        ("1.2.4-rc.1", "rc", "1.2.4-rc.2"),
        ("1.2.4-rc", "rc", "1.2.4-rc.1"),
        ("1.2.4-alpha.3", "beta", "1.2.4-beta.1"),
        ("1.2.4-rc.1", "release", "1.2.4"),
        ("1.2.4-rc.1", "patch", "1.2.4"),
        ("1.3.0-rc.1", "minor", "1.3.0"),
        ("1.3.1-rc.1", "minor", "1.4.0"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.1.0-rc.1", "major", "3.0.0"),
    ],
)
def test_bumped(version: str, level: str, after: str) -> None:
    """Each level raises its place, and a pre-release becomes what it was on its way to."""
    assert str(bumped(Version.parse(version), level)) == after


@pytest.mark.parametrize(("version", "level"), [("1.2.3", "release"), ("1.2.4-rc.1", "beta"), ("1.0.0-zeta", "rc")])
def test_refused(version: str, level: str) -> None:
    """What leads nowhere or back is refused."""
    with pytest.raises(InvalidBump):
        bumped(Version.parse(version), level)


@given(st.tuples(*[st.integers(0, 40)] * 3), st.sampled_from(["", "-alpha.1", "-beta.9", "-rc.2"]))
def test_always_later(numbers: tuple[int, int, int], pre: str) -> None:
    """Whatever the level, the next version is later, or there is none."""
    version = Version.parse("{}.{}.{}".format(*numbers) + pre)
    for level in LEVELS[:-1]:
        try:
            assert bumped(version, level) > version
        except InvalidBump:
            assert level == "release" or pre


@pytest.mark.parametrize(
    ("messages", "version", "level"),
    [
        (["fix: x"], "1.0.0", "patch"),
        (["anything"], "1.0.0", "patch"),
        (["feat: x", "fix: y"], "1.0.0", "minor"),
        (["feat(parser): x"], "0.3.0", "patch"),
        (["feat!: x"], "1.0.0", "major"),
        (["refactor(a)!: x"], "0.3.0", "minor"),
        (["fix: x\n\nBREAKING CHANGE: y"], "0.3.0", "minor"),
        (["fix: x\n\nBREAKING-CHANGE: y"], "0.0.3", "patch"),
        (["feature: no"], "1.0.0", "patch"),
        (["feat:no space"], "1.0.0", "patch"),
        ([], "1.0.0", "patch"),
    ],
)
def test_conventional_commits(messages: list[str], version: str, level: str) -> None:
    """A breaking commit asks for the next breaking place as cargo counts them, a feature for the one below."""
    assert level_of_commits(messages, Version.parse(version)) == level


def test_words() -> None:
    """Levels and whole versions are known, and what breaks is what cargo takes for incompatible."""
    assert is_level("rc")
    assert is_level("1.2.3-x")
    assert not is_level("1.2")
