"""VA007: native libraries that two packages would link."""

from __future__ import annotations

import pytest

from batuta_hooks.checks import native_links
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.release import IndexDependency, Release
from tests.checks.asking import crates_of, split
from tests.checks.test_features import about
from tests.support.repos import package


def release(name: str, version: str, links: str | None = None, **needs: str) -> Release:
    """A release with dependencies; an underscore in a name stands for a dash."""
    found = tuple(
        IndexDependency(key.replace("_", "-"), key.replace("_", "-"), text, (), False, True, None, "normal", None)
        for key, text in needs.items()
    )
    return Release(name, version, False, "", found, {}, links, None, None)


RELEASES = [
    release("z-sys", "0.1.0", "z"),
    release("z-sys", "0.2.0", "z"),
    release("old", "1.0.0", z_sys="0.1"),
    release("new", "1.0.0", z_sys="0.2"),
    release("new", "0.9.0", z_sys="0.1"),
    release("other-sys", "1.0.0", "z"),
]


def found(rest: str, keys: str = "", lock: str = "", **more: object) -> list[Finding]:
    """What is found of a package that has these tables."""
    files = {"Cargo.toml": package("a", rest, keys=keys)} | ({"Cargo.lock": lock} if lock else {})
    facts = about(files, RELEASES, **more)
    return split(iter([*native_links.find(facts), *native_links.find_beside(facts)]))[0]


@pytest.mark.parametrize(
    ("needs", "keys", "count"),
    [
        ('old = "1"\nnew = "1"', "", 1),
        ('old = "1"\nnew = ">=0.9"', "", 0),
        ('z-sys = "0.1"\nother-sys = "1"', "", 1),
        ('z-sys = "0.1"\nold = "1"', "", 0),
        ('z-sys = "0.1"', 'links = "z"', 1),
        ('old = "1"\nnew = "1"', "publish = false", 1),
    ],
)
def test_own_resolution(needs: str, keys: str, count: int) -> None:
    """An error where no choice of versions leaves one package to the library, told at the manifest."""
    findings = found(f"[dependencies]\n{needs}", keys)
    assert [(one.code, one.severity, one.path) for one in findings] == [("VA007", "error", "Cargo.toml")] * count
    assert all("`z`" in one.message for one in findings)


def test_a_lock_file_shows_it_can_be() -> None:
    """Where one holds versions for all that is required, cargo has resolved it."""
    lock = 'version = 4\n\n[[package]]\nname = "old"\nversion = "1.0.0"\n\n[[package]]\nname = "new"\nversion = "{}"\n'
    needs = '[dependencies]\nold = "1"\nnew = "1"'
    assert found(needs, lock=lock.format("1.0.0")) == []
    assert len(found(needs, lock=lock.format("0.9.0"))) == 1


def test_between_crates_of_the_stack() -> None:
    """Two crates that no build can hold both: a warning at the older need; not so where only tests need it."""
    for section, count in (("dependencies", 1), ("dev-dependencies", 0)):
        stack = crates_of("../b", {"Cargo.toml": package("b", f'[{section}]\nz-sys = "0.2"')})
        findings = found('[dependencies]\nz-sys = "0.1"', stack=stack)
        assert [(one.code, one.severity, one.line) for one in findings] == [("VA007", "warning", 7)] * count
