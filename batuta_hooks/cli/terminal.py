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
