"""What if a version were there: who would not take it, and when that can be mended."""

from __future__ import annotations

import pytest

from batuta_hooks.checks.meeting import Meeting
from batuta_hooks.checks.supposed import Supposed, Wish, read_version_wish, suppose, waves_among
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.domain.stack import Stack
from batuta_hooks.domain.workspace import Manifests
from tests.checks.asking import crates_of
from tests.support.repos import package
from tests.support.trees import TextTree

STACK = {
    "db": package("db", '[dependencies]\narrow = "53"', version="0.3.0"),
    "graph": package("graph", '[dependencies]\narrow = "53"\ndb = "0.3"'),
    "between": package("between", '[dependencies]\ngraph = "0.1"'),
    "last": package("last", '[dependencies]\narrow = "~53.2"\nbetween = "0.1"'),
    "top": package("top", '[dependencies]\narrow = ">=53, <56"\ngraph = "0.1"'),
    "alone": package("alone", '[dev-dependencies]\narrow = "54"'),
    "other": package("other", '[dependencies]\nserde = "1"'),
}


def supposed(*wishes: Wish) -> tuple[Supposed, ...]:
    """What is said of the stack above."""
    stack = Stack(lambda: [one for name, text in STACK.items() for one in crates_of(name, {"Cargo.toml": text})])
    facts = {name: Facts(Manifests(TextTree({"Cargo.toml": text})), ("Cargo.toml",)) for name, text in STACK.items()}
    return suppose(Meeting(stack), facts, wishes, {"arrow": False})


def test_who_breaks() -> None:
    """Whose requirement does not admit the version, at its line, in the wave in which it can be released."""
    (found,) = supposed(Wish("arrow", Version(55, 0, 0)))
    assert [(one.crate, one.line, one.requirement, one.wave, one.meets) for one in found.breaks] == [
        ("alone", 7, "54", 1, ()),
        ("db", 7, "53", 1, ("top",)),
        ("graph", 7, "53", 2, ("top",)),
        ("last", 7, "~53.2", 3, ()),
    ]
    assert (found.takes, found.is_own, found.is_published) == (("top",), False, False)
    assert found.command == "batuta-stack sync --align arrow=55.0.0"


def test_a_crate_of_the_stack() -> None:
    """The crate itself goes first, then who does not take it; where all take it, there is nothing to do."""
    (found,) = supposed(Wish("db", Version(0, 4, 0)))
    assert [(one.crate, one.wave, one.requirement) for one in found.breaks] == [("graph", 2, "0.3")]
    assert (found.is_own, found.is_published) == (True, None)
    (fine,) = supposed(Wish("db", Version(0, 3, 9)))
    assert (fine.breaks, fine.command, fine.takes) == ((), "", ("graph",))


def test_several_at_once() -> None:
    """Waves count the releases that all of the versions ask for together."""
    arrow, graph = supposed(Wish("arrow", Version(55, 0, 0)), Wish("graph", Version(0, 2, 0)))
    assert [(one.crate, one.wave) for one in graph.breaks] == [("between", 3), ("top", 3)]
    assert ("last", 4) in [(one.crate, one.wave) for one in arrow.breaks]


def test_a_circle() -> None:
    """Crates of a circle do not order each other, and those behind it come after it."""
    texts = {"a": '[dependencies]\nb = "0.1"', "b": '[dependencies]\na = "0.1"', "c": '[dependencies]\na = "0.1"'}
    stack = Stack(
        lambda: [one for name, text in texts.items() for one in crates_of(name, {"Cargo.toml": package(name, text)})]
    )
    assert waves_among(stack, ["a", "b", "c"]) == {"a": 1, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("55", "55.0.0"),
        ("55.1", "55.1.0"),
        ("0.4.0-rc.1", "0.4.0-rc.1"),
        ("1.2.3+x", "1.2.3+x"),
        ("1-a.b", "1.0.0-a.b"),
    ],
)
def test_reading(text: str, read: str) -> None:
    """Numbers may be left out."""
    assert str(read_version_wish(text)) == read


@pytest.mark.parametrize("text", ["", "x", "1.2.3.4", "^1", "1.*", "-1"])
def test_what_cannot_be_read(text: str) -> None:
    """What is no version is refused."""
    with pytest.raises(InvalidVersion):
        read_version_wish(text)
