"""What the terminal can show."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def wants_color(choice: str) -> bool:
    """Whether to colour standard output: as chosen, else in a terminal unless ``NO_COLOR`` is set to anything."""
    if choice != "auto":
        return choice == "always"
    return not os.environ.get("NO_COLOR") and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def age(seconds: int) -> str:
    """A number of seconds in the unit that a person would choose: `40 s`, `3 min`, `2 h`, `5 days`."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def console(*, color: bool) -> Console:
    """Standard output for rich: as wide as the terminal, or as ``COLUMNS`` says, or 80; nothing is markup in it."""
    from rich.console import Console

    return Console(
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
