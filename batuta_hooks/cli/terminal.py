"""What the terminal can show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def age(seconds: int) -> str:
    """A number of seconds in the unit that a person would choose: `40 s`, `3 min`, `2 h`, `5 days`."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def counted(number: int, what: str, several: str = "") -> str:
    """A number of things: `1 crate`, `2 crates`, `3 repositories`."""
    return f"{number} {what if number == 1 else several or what + 's'}"


def console(*, color: bool) -> Console:
    """Standard output for rich: as wide as the terminal, or as ``COLUMNS`` says, or 80; nothing is markup in it."""
    from rich.console import Console

    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS" or value.strip("0")}
    return Console(
        _environ=kept,  # COLUMNS=0, as where a terminal has no size yet, says nothing; rich would print nothing
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
