"""VA010: circles along the stack, what closes them, and what opens them."""

from __future__ import annotations

from batuta_hooks.checks.circles import find
from batuta_hooks.domain.facts import Published
from tests.checks.asking import crates_of, said
from tests.support.repos import package

BESIDE = crates_of("../b", {"Cargo.toml": package("b", '[build-dependencies]\na = "0.1"')})


def test_circle() -> None:
    """An error at the edge that the judged repository holds, with the path and each edge's kind."""
    (found,), _ = said(find, {"Cargo.toml": package("a", '[dependencies]\nb = "0.1"')}, stack=BESIDE)
    assert found[:5] == ("Cargo.toml", 7, 1, "VA010", "error")
    assert found.message == (
        "a circle of dependencies: a -normal-> b -build-> a, so none of these crates can be published first"
    )
    assert (found.crate, found.dependency) == ("a", "b")


def test_inherited_edge() -> None:
    """It stands at the root's line."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.dependencies]\nb = "0.1"\n',
        "a/Cargo.toml": package("a", "[dependencies]\nb.workspace = true"),
    }
    (found,), _ = said(find, files, stack=BESIDE)
    assert (found.path, found.line) == ("Cargo.toml", 4)


def test_crates_that_stay_at_home() -> None:
    """A crate that is never published waits for nobody."""
    files = {"Cargo.toml": package("a", '[dependencies]\nb = "0.1"', keys="publish = false")}
    assert said(find, files, stack=BESIDE) == ([], [])


def test_dev_dependency() -> None:
    """Counts with a version that the registry does not satisfy, as a note; not known is an open question."""
    files = {"Cargo.toml": package("a", '[dev-dependencies]\nb = { version = "0.1", path = "b" }')}
    (found,), _ = said(find, files, stack=BESIDE, published={"b": Published(("0.0.9",))})
    assert found.severity == "note"
    assert "a -dev-> b -build-> a" in found.message
    assert found.fix.startswith("leave the version of the dev-dependency on `b` in `a` out")
    assert said(find, files, stack=BESIDE, published={"b": Published(("0.1.7",))}) == ([], [])
    findings, (unknown,) = said(find, files, stack=BESIDE)
    assert (findings, unknown.crate) == ([], "b")
    stripped = {"Cargo.toml": package("a", '[dev-dependencies]\nb = { path = "b" }')}
    assert said(find, stripped, stack=BESIDE) == ([], [])


def test_satisfied_edges_open_one_circle_after_the_other() -> None:
    """Of two dev edges the registry satisfies one: the circle over the other one is left."""
    files = {"Cargo.toml": package("a", '[dev-dependencies]\nb = "0.1"\nc = "0.1"')}
    other = crates_of("../c", {"Cargo.toml": package("c", '[dependencies]\na = "0.1"')})
    published = {"b": Published(("0.1.0",)), "c": Published(())}
    (found,), _ = said(find, files, stack=[*BESIDE, *other], published=published)
    assert "a -dev-> c -normal-> a" in found.message
