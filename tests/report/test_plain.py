"""Findings as lines for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.finding import Finding
from batuta_hooks.report.plain import printable, text_lines

FINDING = Finding("a/Cargo.toml", 3, 7, "PD001", "error", "it is wrong", "write it right", "a", "b")


def test_place_code_message_and_mend() -> None:
    """Two lines; the second, how to mend it, is indented, and absent where nobody knows."""
    assert list(text_lines([FINDING], color=False)) == [
        "a/Cargo.toml:3:7: PD001 it is wrong",
        "    write it right",
    ]
    assert list(text_lines([FINDING._replace(fix="")], color=False)) == ["a/Cargo.toml:3:7: PD001 it is wrong"]


def test_severity_and_commit_are_said() -> None:
    """What is no error says what it is, and where commits were judged the finding says which."""
    warning = FINDING._replace(severity="warning", commit="0123456789abcdef", fix="")
    note = FINDING._replace(severity="note", fix="")
    assert list(text_lines([warning, note], color=False)) == [
        "a/Cargo.toml:3:7: PD001 warning: it is wrong (in commit 0123456789)",
        "a/Cargo.toml:3:7: PD001 note: it is wrong",
    ]


@pytest.mark.parametrize(("severity", "color"), [("error", "31"), ("warning", "33"), ("note", "36")])
def test_colors(severity: str, color: str) -> None:
    """The place is bold, the code has its severity's colour."""
    (line, _) = text_lines([FINDING._replace(severity=severity)], color=True)
    assert line.startswith(f"\x1b[1ma/Cargo.toml:3:7:\x1b[0m \x1b[{color};1mPD001\x1b[0m ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain `text` ä 語 \\n", "plain `text` ä 語 \\n"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\0\x7f\x08", "\\x00\\x7f\\x08"),
        ("\x85\x9b31m", "\\u{85}\\u{9b}31m"),
        ("\u202egpj.exe", "\\u{202e}gpj.exe"),
        ("\u2028\ufeff\U000e0041", "\\u{2028}\\u{feff}\\u{e0041}"),
        ("caf\udce9\udcff", "caf\\xe9\\xff"),
        ("\ud800", "\\u{d800}"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    """Control characters, writing directions and undecodable bytes are shown, not sent; all else stays."""
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(categories=None)))
def test_any_text_is_one_printable_line(text: str) -> None:
    """Whatever it holds can be encoded and moves no cursor."""
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.encode().splitlines()) <= 1


@given(st.text(), st.text(), st.text())
def test_any_finding_is_two_lines(path: str, message: str, fix: str) -> None:
    """No text from outside adds a line."""
    lines = list(text_lines([FINDING._replace(path=path, message=message, fix=fix)], color=False))
    assert len(lines) == (2 if fix else 1)
    assert all(line.isprintable() for line in lines)
