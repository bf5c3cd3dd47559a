"""Edits of files as a patch that `git apply` takes, and as the few lines that differ."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from difflib import SequenceMatcher, unified_diff
from typing import NamedTuple

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_NO_NEWLINE = "\n\\ No newline at end of file\n"


class Hunk(NamedTuple):
    """Lines that differ, without their line breaks.

    Attributes:
        first, last: the first of the old lines, counted from 1, and the last; `last` is before `first` for none.
    """

    first: int
    last: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


def hunks(before: bytes, after: bytes) -> Iterator[Hunk]:
    """What differs between two texts, in their order."""
    old, new = ([line.rstrip("\r\n") for line in _lines(text)] for text in (before, after))
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Hunk(first + 1, last, tuple(old[first:last]), tuple(new[start:end]))


def file_patch(path: str, before: bytes, after: bytes) -> str:
    """The patch of one file, undecodable bytes as surrogates.

    Args:
        path: relative to the folder that the patch is applied in, as git names it.
    """
    old, new = _quoted(posixpath.join("a", path)), _quoted(posixpath.join("b", path))
    parts = [f"diff --git {old} {new}\n"]
    for line in unified_diff(_lines(before), _lines(after), old, new):
        named = line.startswith(("--- ", "+++ ")) and len(parts) < 3 and " " in path
        text = f"{line[:-1]}\t\n" if named else line  # else what follows a space is read as a time
        parts.append(text if text.endswith("\n") else f"{text}{_NO_NEWLINE}")
    return "".join(parts)


def _lines(text: bytes) -> list[str]:
    """The lines, each with its break; a line feed ends one, and nothing else does, as for git."""
    *whole, rest = text.decode("utf-8", "surrogateescape").split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def _quoted(path: str) -> str:
    """The path as git writes it in a patch: in quotes, with escapes, where it holds what could be misread."""
    escaped = "".join(
        _ESCAPES.get(byte) or (f"\\{byte:03o}" if byte < 32 or byte > 126 else chr(byte))
        for byte in path.encode("utf-8", "surrogateescape")
    )
    return path if escaped == path else f'"{escaped}"'
