"""VA001 and VA002: what the registry must have, who may still bring it, and when its answer is too old to count."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.checks.published_versions import find
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Finding, Unknown
from tests.checks.asking import crates_of, said, split
from tests.support.repos import package
from tests.support.trees import facts_about

OLD = Published(("0.1.0", "0.2.0"), (), 1000)


def requiring(entry: str, **more: Any) -> dict[str, str]:
    """Package ``a`` with one entry in ``[dependencies]``."""
    return {"Cargo.toml": package("a", f"[dependencies]\n{entry}", **more)}


def judged(files: dict[str, str], published: Published, **about: Any) -> tuple[list[Finding], list[Unknown]]:
    """What is said where the registry has `b` so, and nothing else."""
    return said(find, files, published={"b": published}, **about)


def codes(files: dict[str, str], published: Published, **about: Any) -> list[str]:
    """The codes that are found."""
    return [finding.code for finding in judged(files, published, **about)[0]]


def test_nothing_published_matches() -> None:
    """VA001 is an error at the line, says what the registry has, and the mend is the newest version in its spelling."""
    (found,), unknown = judged(requiring('b = { version = "0.1.5", features = ["x"] }'), OLD)
    assert found[:5] == ("Cargo.toml", 7, 1, "VA001", "error")
    assert (found.crate, found.dependency, unknown) == ("a", "b", [])
    assert found.message == (
        '`b` "0.1.5", which `a` requires, is met by no published version: the registry\'s newest is 0.2.0'
    )
    assert found.fix == 'write b = { version = "0.2.0", features = ["x"] }'


def test_only_yanked_match() -> None:
    """VA002 where a yanked version would do and no other; one that is not yanked is enough."""
    (found,), _ = judged(requiring('b = "0.3"'), Published(("0.2.0",), ("0.3.0", "0.3.1")))
    assert (found.code, found.severity) == ("VA002", "error")
    assert "is met by yanked versions alone, such as 0.3.1" in found.message
    assert found.fix == 'write b = "0.2"'
    assert codes(requiring('b = "0.3"'), Published(("0.3.2",), ("0.3.0",))) == []


@pytest.mark.parametrize(
    ("entry", "is_asked"),
    [
        ('b = { version = "0.5", optional = true }', True),
        ('c = { version = "0.5", package = "b" }', True),
        ('b = { version = "0.5", path = "../b" }', True),
        ('b = { version = "0.5", git = "https://example.com/b" }', True),
        ('b = { version = "0.5", registry-index = "sparse+https://index.crates.io/" }', True),
        ('b = { version = "0.5", registry = "ours" }', False),
        ('b = { path = "../b" }', False),
        ('[dev-dependencies]\nb = "0.5"', True),
        ('[dev-dependencies]\nb = { version = "0.5", path = "../b" }', True),
        ('[dev-dependencies]\nb = { path = "../b" }', False),
        ("[target.'cfg(windows)'.build-dependencies]\nb = \"0.5\"", True),
    ],
)
def test_what_crates_io_must_have(entry: str, is_asked: bool) -> None:
    """Every requirement of a crate that may be published, but those on another registry and stripped ones."""
    settled = Published(("0.1.0",), (), is_of_this_run=True)
    assert codes(requiring(entry), settled) == (["VA001"] if is_asked else [])


@pytest.mark.parametrize(
    ("entry", "is_asked"),
    [
        ('b = "0.5"', True),
        ('b = { version = "0.5", path = "b" }', False),
        ('b = { version = "0.5", git = "x" }', False),
    ],
)
def test_a_crate_that_stays_at_home(entry: str, is_asked: bool) -> None:
    """Asks the registry only where cargo builds it from there: no path, no git address, no patch."""
    files = requiring(entry, keys="publish = false")
    settled = Published(("0.1.0",), (), is_of_this_run=True)
    assert codes(files, settled) == (["VA001"] if is_asked else [])
    patched = {"Cargo.toml": files["Cargo.toml"] + '[patch.crates-io]\nb = { path = "b" }\n'}
    assert codes(patched, settled) == []


def test_inherited() -> None:
    """The finding stands at the root's line, which is the one to change."""
    root = '[workspace]\nmembers = ["a"]\n[workspace.dependencies]\nb = "0.1.5"\n'
    files = {"Cargo.toml": root, "a/Cargo.toml": package("a", "[dependencies]\nb.workspace = true")}
    (found,), _ = judged(files, OLD)
    assert (found.path, found.line, found.crate, found.fix) == ("Cargo.toml", 4, "a", 'write b = "0.2.0"')


@pytest.mark.parametrize(
    ("checked_at", "committed_at", "is_of_this_run", "is_decided"),
    [
        (1000, 1001, False, False),
        (1000, 1000, False, True),
        (1001, 1000, False, True),
        (1000, None, False, False),
        (None, 1000, False, False),
        (1000, 2000, True, True),
    ],
)
def test_above_every_known_version(
    checked_at: int | None, committed_at: int | None, is_of_this_run: bool, is_decided: bool
) -> None:
    """Such a version may be newer than the answer: it is missed only where the answer is no older than the commit."""
    published = Published(("0.1.0",), ("0.2.0",), checked_at, is_of_this_run)
    findings, unknown = judged(requiring('b = "0.3"'), published, committed_at=committed_at)
    assert ([one.code for one in findings], [one.crate for one in unknown]) == (
        (["VA001"], []) if is_decided else ([], ["b"])
    )
    if unknown:
        assert "is above 0.2.0, the newest version known" in unknown[0].why
        assert "`batuta-stack cache warm b` asks again" in unknown[0].why


def test_below_the_newest_is_decided() -> None:
    """A requirement between known versions needs no newer answer: nobody publishes what lies behind."""
    assert codes(requiring('b = "0.2"'), Published(("0.1.0", "0.3.0"), (), 1000), committed_at=2000) == ["VA001"]


def test_no_such_crate() -> None:
    """A name that nobody has is VA001 where the answer counts, else it may have been published since."""
    assert codes(requiring('b = "1"'), Published((), (), 1000), committed_at=1000) == ["VA001"]
    findings, (unknown,) = judged(requiring('b = "1"'), Published((), (), 1000), committed_at=1001)
    assert findings == []
    assert "of a crate that was not there" in unknown.why


def test_not_known() -> None:
    """What could not be asked stays open, with the question."""
    findings, (unknown,) = said(find, requiring('b = "1"'))
    assert findings == []
    assert unknown == Unknown("b", "is `1`, which `a` requires, published? the registry was not asked")


def test_what_is_to_come() -> None:
    """A version in a checkout of the stack, or one that a release plans, counts as published; the crate's own not."""
    beside = crates_of("../b", {"Cargo.toml": package("b", version="0.3.0")})
    assert codes(requiring('b = "0.3"'), OLD, stack=beside, committed_at=0) == []
    assert codes(requiring('b = "0.4"'), OLD, stack=beside, committed_at=0) == ["VA001"]
    never = crates_of("../b", {"Cargo.toml": package("b", version="0.3.0", keys="publish = false")})
    assert codes(requiring('b = "0.3"'), OLD, stack=never, committed_at=0) == ["VA001"]
    facts = facts_about(requiring('b = "0.3"'), published={"b": OLD}, committed_at=0)
    assert split(find(facts._replace(planned=lambda name: ["0.3.1"] if name == "b" else []))) == ([], [])
    own = {"Cargo.toml": package("b", '[dev-dependencies]\nb = { version = "0.3", path = "." }', version="0.3.0")}
    assert codes(own, OLD, committed_at=0) == ["VA001"]


def test_a_yanked_version_does_not_come() -> None:
    """The checkout's version was published and yanked: it can never be published again."""
    beside = crates_of("../b", {"Cargo.toml": package("b", version="0.3.0")})
    assert codes(requiring('b = "0.3"'), Published(("0.2.0",), ("0.3.0",)), stack=beside) == ["VA002"]


def test_mend_with_a_checkout() -> None:
    """Where the stack has the crate, publishing it is the other way out."""
    beside = crates_of("../b", {"Cargo.toml": package("b", version="0.3.0")})
    (found,), _ = judged(requiring('b = "0.4"'), OLD, stack=beside, committed_at=0)
    assert found.message.endswith(", its checkout ../b has 0.3.0")
    assert found.fix == 'write b = "0.2"; or publish a `b` that "0.4" admits first'
    (found,), _ = judged(requiring('b = "0.4"'), Published((), (), 0), stack=beside, committed_at=0)
    assert found.fix == "publish `b` first"
    (found,), _ = judged(requiring('b = "0.4"'), Published((), (), 0), committed_at=0)
    assert found.fix == "correct the name, or drop the dependency"
