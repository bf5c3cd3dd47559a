"""VA011: compatible steps that move a shared dependency to incompatible versions."""

from __future__ import annotations

import pytest

from batuta_hooks.checks.compatible_steps import find, version_before
from batuta_hooks.domain.facts import Facts, Policy, Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.semver import Version
from tests.checks.asking import crates_of, split
from tests.checks.test_features import about
from tests.checks.test_native_links import release
from tests.support.repos import package

BEFORE = [release("db", "0.3.2", arrow="^52"), release("db", "0.3.3", arrow="^53", rand="^0.8")]
STACK = crates_of("../graph", {"Cargo.toml": package("graph", '[dependencies]\narrow = "53"\ndb = "0.3.3"')})


def asked(version: str, rest: str, **more: object) -> Facts:
    """Facts about `db` at a version, beside a crate that needs it and arrow."""
    more = {"stack": STACK} | more
    return about({"Cargo.toml": package("db", rest, version=version)}, BEFORE, **more)


@pytest.mark.parametrize(
    ("version", "rest", "count"),
    [
        ("0.3.4", '[dependencies]\narrow = "54"', 1),
        ("0.3.3", '[dependencies]\narrow = "54"', 1),
        ("0.4.0", '[dependencies]\narrow = "54"', 0),
        ("0.3.4", '[dependencies]\narrow = "53.4"', 0),
        ("0.3.4", '[dependencies]\narrow = ">=53, <55"', 0),
        ("0.3.4", '[dependencies]\narrow = "=53.1.0"', 0),
        ("0.3.4", '[dev-dependencies]\narrow = "54"', 0),
        ("0.3.4", '[dependencies]\nrand = "0.9"', 0),
        ("0.3.4", "", 0),
    ],
)
def test_steps(version: str, rest: str, count: int) -> None:
    """Said of a shared dependency that no version meets before and after, in a step that cargo takes by itself."""
    findings, unknown = split(find(asked(version, rest)))
    assert [(one.code, one.severity, one.dependency, one.line) for one in findings] == [
        ("VA011", "warning", "arrow", 7)
    ] * count
    assert unknown == []
    assert all("`graph`, which requires that, may get both" in one.message for one in findings)
    assert all(one.fix.startswith("release it as 0.4.0, or keep") for one in findings)


def test_shared_by_policy() -> None:
    """What the configuration names is shared whoever needs it."""
    rest = '[dependencies]\nrand = "0.9"'
    assert split(find(asked("0.3.4", rest)))[0] == []
    (finding,) = split(find(asked("0.3.4", rest, policy=Policy(shared=("rand",)), stack=())))[0]
    assert (finding.dependency, "may get both" in finding.message) == ("rand", False)


def test_not_known() -> None:
    """What the index does not tell of the version before is an open question; a crate not yet published has none."""
    facts = asked("0.3.4", '[dependencies]\narrow = "54"')
    unreadable = facts._replace(release=lambda name, _version: Unknown(name, "cannot be read"))
    assert [one.crate for one in split(find(unreadable))[1]] == ["db"]
    unasked = facts._replace(published=lambda name: Unknown(name, "not asked"))
    assert split(find(unasked)) == ([], [])
    assert split(find(facts._replace(published=lambda _name: Published(())))) == ([], [])


@pytest.mark.parametrize(
    ("version", "before"),
    [
        ("1.2.0", "1.1.0"),
        ("1.1.0", "1.1.0"),
        ("1.0.5", "1.0.0"),
        ("2.0.0", "2.0.0-rc.1"),
        ("0.9.0", None),
        ("3.0.0", None),
    ],
)
def test_version_before(version: str, before: str | None) -> None:
    """The newest compatible one that is not newer; a pre-release for want of others."""
    published = Published(("1.1.0", "1.0.0", "1.1.1-rc.1", "2.0.0-rc.1", "2.1.0"))
    assert version_before(published, Version.parse(version)) == before
