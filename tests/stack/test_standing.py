"""How a version here stands to the published ones."""

from __future__ import annotations

import pytest

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Package
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.lookup import Answer
from batuta_hooks.stack.standing import Standing, standing_of


def answer(versions: str, yanked: str = "", *, spelled: str = "a", is_absent: bool = False) -> Answer:
    """What is known of crate `a`, its versions in one text."""
    listed, gone = tuple(versions.split()), tuple(yanked.split())
    return Answer("a", spelled, is_absent, listed, gone, 0, 60, "https://example.com", True, lambda: Miss(""), "")


@pytest.mark.parametrize(
    ("local", "versions", "yanked", "state", "version"),
    [
        ("1.2.0", "1.0.0 1.2.0 1.1.9", "", "equal", "1.2.0"),
        ("1.2.0+here", "1.2.0+there", "", "equal", "1.2.0+there"),
        ("1.10.0", "1.9.0", "", "ahead", "1.9.0"),
        ("1.9.0", "1.9.0 1.10.0", "", "behind", "1.10.0"),
        ("1.0.0", "1.0.0 2.0.0-rc.1", "", "equal", "1.0.0"),
        ("2.0.0-rc.1", "1.0.0 2.0.0-rc.1", "", "equal", "2.0.0-rc.1"),
        ("2.0.0-rc.10", "1.0.0 2.0.0-rc.9", "", "ahead", "2.0.0-rc.9"),
        ("0.1.0", "0.1.0-alpha.1", "", "ahead", "0.1.0-alpha.1"),
        ("1.1.0", "1.0.0", "1.1.0", "yanked", "1.0.0"),
        ("1.1.0+x", "1.0.0", "1.1.0", "yanked", "1.0.0"),
        ("1.2.0", "1.0.0", "1.1.0", "ahead", "1.0.0"),
        ("1.2.0", "", "1.1.0", "yanked", None),
        ("1.2.0", "", "", "never", None),
        (None, "1.0.0", "", "unknown", "1.0.0"),
        ("one", "1.0.0 what", "", "unknown", "1.0.0"),
    ],
)
def test_states(local: str | None, versions: str, yanked: str, state: str, version: str | None) -> None:
    """Precedence decides; a pre-release counts only among its like, build metadata never, a yank is told."""
    found = standing_of(Package("a", local, None, None), lambda _: answer(versions, yanked))
    assert (found.state, found.version, found.age_s, found.source) == (state, version, 60, "https://example.com")
    assert bool(found.why) == (state == "unknown")


def test_no_such_crate() -> None:
    """A registry that has no such crate, or has it in other letters, which cargo refuses, never published it."""
    package = Package("a", "1.0.0", None, None)
    assert standing_of(package, lambda _: answer("", is_absent=True)).state == "never"
    assert standing_of(package, lambda _: answer("1.0.0", spelled="A")).state == "never"


def test_unknown_is_no_answer() -> None:
    """What could not be learnt is unknown, with its reason, and has no age."""
    package = Package("a", "1.0.0", None, None)
    assert standing_of(package, lambda crate: Unknown(crate, "no net")) == Standing(why="no net")
    assert Standing().state == "unknown"


def test_crates_that_go_elsewhere() -> None:
    """A crate bound for other registries has no standing here; of one that is never published nobody is asked."""

    def fails(crate: str) -> Answer:
        raise AssertionError(crate)

    assert standing_of(Package("a", "1.0.0", ("company", "x"), None), fails).why == "it goes to company, x alone"
    assert (
        standing_of(Package("a", "1.0.0", ("company", "crates-io"), None), lambda _: answer("1.0.0")).state == "equal"
    )
    never = Package("a", "1.0.0", (), None)
    assert "nobody was asked" in standing_of(never, lambda crate: Unknown(crate, "")).why
    assert standing_of(never, lambda _: answer("1.0.0")).state == "equal"
