"""Findings as lines for people: ``path:line:col: CODE message``, and indented below it how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batuta_hooks.domain.finding import ERROR, WARNING, Finding

_COLORS = {ERROR: "31", WARNING: "33"}


def printable(text: str) -> str:
    """Text from outside made safe for a terminal: control characters and undecodable bytes are shown escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return known.get(character) or (f"\\x{number:02x}" if number < 0x80 else f"\\u{{{number:x}}}")


def text_lines(findings: Iterable[Finding], *, color: bool) -> Iterator[str]:
    """The findings as lines, in the order given; ``color`` asks for ANSI colours."""
    for finding in findings:
        place = f"{printable(finding.path)}:{finding.line}:{finding.column}:"
        code, said = finding.code, printable(finding.message)
        if finding.severity != ERROR:
            said = f"{finding.severity}: {said}"
        if finding.commit:
            said = f"{said} (in commit {finding.commit[:10]})"
        if color:
            code = f"\x1b[{_COLORS.get(finding.severity, '36')};1m{code}\x1b[0m"
            place = f"\x1b[1m{place}\x1b[0m"
        yield f"{place} {code} {said}"
        if finding.fix:
            yield f"    {printable(finding.fix)}"
