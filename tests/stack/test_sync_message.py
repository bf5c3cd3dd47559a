"""The commit message of a synchronization: a subject that fits, each change with its reason, the findings."""

from __future__ import annotations

from batuta_hooks.stack.manifest_editor import DependencyEdit
from batuta_hooks.stack.sync_message import message_of
from batuta_hooks.stack.sync_values import Change


def change(name: str, before: str | None, after: str, finding: str = "", *, drops: bool = False) -> Change:
    """A change of one dependency."""
    edit = DependencyEdit(("dependencies", name), after, drops)
    return Change("r", "Cargo.toml", 7, "user", name, before, after, finding, "as it should be", "", edit)


def test_one_change() -> None:
    """The subject says what is required."""
    assert message_of([change("arrow", "53", "54", "VA005")]) == (
        "Require arrow 54\n\n- Cargo.toml: arrow 53 -> 54\n  VA005: as it should be\n\nMends VA005.\n"
    )


def test_several_changes() -> None:
    """The subject names what fits into 72 characters, and counts the rest."""
    paths = [change(f"crate-number-{number}", None, "1.0.0", "PD001", drops=True) for number in range(9)]
    message = message_of([*paths, change("arrow", "53", "53", drops=True)])
    subject, empty, *lines = message.splitlines()
    assert subject == "Require published versions of crate-number-0, crate-number-1 and 8 more"
    assert (len(subject), empty) == (71, "")
    assert lines[:2] == [
        "- Cargo.toml: crate-number-0 1.0.0 without its path or git repository",
        "  PD001: as it should be",
    ]
    assert lines[-4:] == [
        "- Cargo.toml: arrow 53 without its path or git repository",
        "  as it should be",
        "",
        "Mends PD001.",
    ]


def test_raised_requirements() -> None:
    """Without findings none are named; a name that is too long is counted."""
    assert message_of([change("a", "1", "2"), change("b", "1", "2")]).splitlines()[0] == "Synchronize a, b"
    assert message_of([change("x" * 70, "1", "2")]).splitlines()[0] == "Synchronize 1 dependency"
    assert "Mends" not in message_of([change("a", "1", "2")])
