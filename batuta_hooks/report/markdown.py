"""Markdown as GitHub reads it, from texts that may hold anything: nothing in them becomes markup, link or mention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batuta_hooks.report.plain import printable

#: All that means something within a line; what begins a line or ends a cell is among it.
_SIGNS = frozenset("\\`*_{}[]()<>#+-!|~&:$")
_JOINER = "\u200b"  # of no width: `@name` is no mention with it inside


def escaped(text: str) -> str:
    """A text to be read as it is, in one line."""
    shown = "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in printable(text))
    return shown.replace("@", f"@{_JOINER}")


def code(text: str) -> str:
    """A text as code, in one line; nothing for an empty one."""
    shown = printable(text)
    if not shown:
        return ""
    longest = run = 0
    for sign in shown:
        run = run + 1 if sign == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    gap = " " if shown[0] in "` " or shown[-1] in "` " else ""
    # a bar ends a cell even within code, unless it is escaped; outside of tables there is none in these texts
    return f"{fence}{gap}{shown}{gap}{fence}".replace("|", "\\|")


def prose(text: str) -> str:
    """A sentence whose names stand in backticks, as messages have them."""
    parts = printable(text).split("`")
    if len(parts) % 2 == 0:
        return code(text)
    return "".join(code(part) if number % 2 else escaped(part) for number, part in enumerate(parts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the cells are Markdown."""
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
