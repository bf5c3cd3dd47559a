"""Findings as workflow commands, from which GitHub Actions makes annotations at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.report.plain import printable

_COMMANDS = {ERROR: "error", WARNING: "warning"}

#: The runner undoes these; in a property `:` and `,` would end it.
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def github_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """One workflow command a finding; paths must be relative to the folder that the workflow checks out into."""
    for finding in findings:
        said = printable(finding.message)
        if finding.commit:
            said = f"{said} (in commit {finding.commit[:10]})"
        if finding.fix:
            said = f"{said}\n{printable(finding.fix)}"
        properties = {"file": finding.path, "line": finding.line, "col": finding.column, "title": finding.code}
        command = _COMMANDS.get(finding.severity, "notice")
        yield github_command(command, said, {name: str(value) for name, value in properties.items()})


def github_command(command: str, said: str, properties: dict[str, str] | None = None) -> str:
    """One workflow command, in one line whatever its texts hold."""
    shown = ",".join(f"{name}={_escaped(value, _IN_PROPERTIES)}" for name, value in (properties or {}).items())
    return f"::{command}{' ' if shown else ''}{shown}::{_escaped(said, _IN_DATA)}"


def _escaped(text: str, signs: dict[str, str]) -> str:
    return "".join(signs.get(sign) or printable(sign) for sign in text)
