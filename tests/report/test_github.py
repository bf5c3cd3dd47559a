"""Findings as workflow commands, read back as GitHub's runner reads them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.finding import Finding
from batuta_hooks.report.github import github_command, github_lines

FINDING = Finding("a/Cargo.toml", 3, 7, "PD001", "error", "it is wrong", "write it right", "a", "b")
TEXTS = st.text(alphabet=st.characters(categories=None))


def runner(line: str) -> tuple[str, dict[str, str], str]:
    """Command, properties and message of a line, by the runner's rules: it splits first and unescapes then."""
    match = re.fullmatch(r"::(\w+)(?: ([^\n\r]*?))?::([^\n\r]*)", line)
    assert match is not None
    properties = dict(part.split("=", 1) for part in match[2].split(",")) if match[2] else {}
    read = {name: _unescaped(value.replace("%3A", ":").replace("%2C", ",")) for name, value in properties.items()}
    return match[1], read, _unescaped(match[3])


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_a_finding() -> None:
    """File, line, column and code are properties, message and mend are two lines."""
    (line,) = github_lines([FINDING])
    assert line == "::error file=a/Cargo.toml,line=3,col=7,title=PD001::it is wrong%0Awrite it right"


def test_severities() -> None:
    """A note is a notice there; the commit is told where commits were judged."""
    for severity, command in (("error", "error"), ("warning", "warning"), ("note", "notice")):
        (line,) = github_lines([FINDING._replace(severity=severity, fix="", commit="0123456789abcdef")])
        assert runner(line)[0] == command
        assert runner(line)[2] == "it is wrong (in commit 0123456789)"


def test_paths_come_back() -> None:
    """What the runner unescapes is the very path: a comma, a colon, a per cent sign, a line break."""
    for path in ("a,b/Cargo.toml", "a:b/Cargo.toml", "100%25/Cargo.toml", "a\r\nb/Cargo.toml", "::error::/Cargo.toml"):
        (line,) = github_lines([FINDING._replace(path=path)])
        assert runner(line)[1]["file"] == path


@given(TEXTS, TEXTS)
def test_no_text_makes_a_command_of_its_own(path: str, text: str) -> None:
    """Any text stays in its place, in one line, without control characters."""
    (line,) = github_lines([FINDING._replace(path=path, message=text, fix=text)])
    assert line.isprintable()
    command, properties, said = runner(line)
    assert command == "error"
    assert (properties["line"], properties["col"], properties["title"]) == ("3", "7", "PD001")
    assert said.count("\n") == (1 if text else 0)


def test_without_properties() -> None:
    """A warning about nothing in particular."""
    assert github_command("warning", "50%: so\nit is") == "::warning::50%25: so%0Ait is"
