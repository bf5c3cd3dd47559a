"""Arrays as TOML that a person reads: broken between their elements, never within one."""

from __future__ import annotations

from collections.abc import Iterable

from batuta_hooks.domain.dependency_entry import spell_key, spell_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INDENT = "  "


def array_lines(name: str, values: Iterable[Any], width: int, *, start: str = "") -> list[str]:
    """A key with an array, on as many lines as it takes; a line is wider than ``width`` where one element is.

    Args:
        start: what each line begins with, such as the sign of a comment.
    """
    shown = [spell_value(value) for value in values]
    lines = [f"{start}{spell_key(name)} = ["]
    for number, text in enumerate(shown, 1):
        end = "," if number < len(shown) else "]"
        gap = " " if number > 1 else ""
        if number > 1 and len(lines[-1]) + len(gap) + len(text) + len(end) > width:
            lines.append(f"{start}{_INDENT}{text}{end}")
        else:
            lines[-1] += f"{gap}{text}{end}"
    if not shown:
        lines[-1] += "]"
    return lines
