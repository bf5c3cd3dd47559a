"""VA003: the requirement beside the version that stands in the crate's checkout."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.checks.checkout_versions import find
from batuta_hooks.domain.facts import Sibling
from batuta_hooks.domain.finding import Finding
from tests.checks.asking import crates_of, said
from tests.support.repos import package


def findings(entry: str, files: dict[str, str] | None = None, **about: Any) -> list[Finding]:
    """What is found of package ``a`` with one entry in ``[dependencies]``."""
    return said(find, {"Cargo.toml": package("a", f"[dependencies]\n{entry}"), **(files or {})}, **about)[0]


def member(version: str | None = "0.4.0", **more: Any) -> dict[str, str]:
    """Package ``b`` below."""
    return {"b/Cargo.toml": package("b", version=version, **more)}


def test_path_to_a_member() -> None:
    """With a path cargo stops, so it is an error; the mend keeps the path and the precision."""
    (found,) = findings('b = { version = "0.3", path = "b" }', member())
    assert found[:5] == ("Cargo.toml", 7, 1, "VA003", "error")
    assert found.message == (
        '`b` "0.3", which `a` requires, does not admit 0.4.0, the version in `b`, so cargo cannot build it'
    )
    assert found.fix == 'write b = { version = "0.4", path = "b" }'
    assert findings('b = { version = "0.4", path = "b" }', member()) == []


def test_path_to_a_sibling() -> None:
    """The same for a path that leaves the repository, as far as the sibling can be read."""
    entry = 'b = { version = "0.3", path = "../b" }'
    (found,) = findings(entry, siblings={"../b": Sibling("b", "0.4.0")})
    assert (found.code, found.severity) == ("VA003", "error")
    assert findings(entry, siblings={"../b": Sibling("c", "0.4.0")}) == []
    assert findings(entry) == []


def test_no_path() -> None:
    """A crate of the stack by name: cargo builds a published version, so it is a warning."""
    beside = crates_of("../b", member()) + crates_of("../b", {"Cargo.toml": package("never", keys="publish = false")})
    (found,) = findings('b = "0.3.1"', stack=beside)
    assert (found.code, found.severity, found.fix) == ("VA003", "warning", 'write b = "0.4.0"')
    assert found.message.endswith("0.4.0, the version in the checkout `../b`")
    assert findings('b = "0.4"', stack=beside) == []
    assert findings('never = "7"', stack=beside) == []
    assert findings('b = { version = "0.3", registry = "ours" }', stack=beside) == []
    (found,) = findings('b = "0.3"', member())
    assert (found.severity, found.message.rpartition(" ")[2]) == ("warning", "`b/Cargo.toml`")


def test_a_checkout_that_is_behind() -> None:
    """The requirement is the newer one: the checkout is to be brought up to date, or its version to be raised."""
    (found,) = findings('b = "0.5"', stack=crates_of("../b", member()))
    assert found.fix == 'bring the checkout up to date, or write b = "0.4"'
    (found,) = findings('b = { version = "0.5", path = "b" }', member())
    assert found.fix.startswith("raise its version in `b`, or write b = ")


@pytest.mark.parametrize(("written", "is_met"), [("0.0", True), ("0.1", False)])
def test_a_crate_without_version(written: str, is_met: bool) -> None:
    """Cargo takes it for 0.0.0."""
    assert (findings(f'b = {{ version = "{written}", path = "b" }}', member(None)) == []) == is_met


def test_another_release_of_itself() -> None:
    """An old release that re-exports a newer one, or the reverse, comes from the registry."""
    assert findings('old = { package = "a", version = "7" }') == []


def test_spelled_in_full() -> None:
    """Where no requirement of the same form admits the version, it is written out."""
    (found,) = findings('b = { version = "0.3", path = "b" }', member("0.4.0-rc.1+build"))
    assert found.fix == 'write b = { version = "0.4.0-rc.1", path = "b" }'
