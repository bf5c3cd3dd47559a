"""What standard output can show."""

from __future__ import annotations

import os
import sys


def wants_color(choice: str) -> bool:
    """Whether to colour standard output: as chosen, else in a terminal unless ``NO_COLOR`` is set to anything."""
    if choice != "auto":
        return choice == "always"
    in_terminal = sys.stdout is not None and sys.stdout.isatty()
    return in_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
