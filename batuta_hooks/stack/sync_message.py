"""The message of a commit that a synchronization makes: what changed, why, and what check called it."""

from __future__ import annotations

from collections.abc import Sequence

from batuta_hooks.stack.sync_values import Change

_WIDTH = 72


def message_of(changes: Sequence[Change]) -> str:
    """A subject of at most 72 characters, a line a change, and the findings that are mended."""
    lines = [_subject(changes), ""]
    for change in changes:
        lines += [f"- {change.path}: {_change(change)}", f"  {_code(change)}{change.reason}"]
    codes = sorted({change.finding for change in changes if change.finding})
    if codes:
        lines += ["", f"Mends {', '.join(codes)}."]
    return "\n".join(lines) + "\n"


def _subject(changes: Sequence[Change]) -> str:
    names = list(dict.fromkeys(change.dependency for change in changes))
    is_published = all(change.edit.drops_source for change in changes)
    verb = "Require published versions of" if is_published else "Synchronize"
    if len(names) == 1:
        versions = {change.after for change in changes}
        alone = f"Require {names[0]} {changes[0].after}"
        if len(versions) == 1 and len(alone) <= _WIDTH:
            return alone
    for shown in range(len(names), 0, -1):
        rest = len(names) - shown
        text = f"{verb} {', '.join(names[:shown])}" + (f" and {rest} more" if rest else "")
        if len(text) <= _WIDTH:
            return text
    return f"{verb} {len(names)} {'dependency' if len(names) == 1 else 'dependencies'}"


def _change(change: Change) -> str:
    source = " without its path or git repository" if change.edit.drops_source else ""
    if change.before == change.after:
        return f"{change.dependency} {change.after}{source}"
    before = f"{change.before} -> " if change.before is not None else ""
    return f"{change.dependency} {before}{change.after}{source}"


def _code(change: Change) -> str:
    return f"{change.finding}: " if change.finding else ""
