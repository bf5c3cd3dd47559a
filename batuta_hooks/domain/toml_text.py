"""The bytes of a manifest → the values that cargo reads from them, or cargo's reason why it does not.

Every guard imports this, so the healthy document costs one call of tomli (TOML 1.1, compiled) and a glance over its
result. Where tomli refuses, or accepts what cargo might not, the document is read again by cargo's own rules, through
the events of `toml_grammar`, and that second reading decides. The rules are those of the crates `toml` 0.9 and
`toml_parser` 1.0, as cargo 1.95 shows them.
"""

from __future__ import annotations

import re
import sys

if sys.implementation.name == "cpython" and sys.version_info < (3, 12) and "datetime" not in sys.modules:
    # Until then `datetime` first runs a whole twin in Python, of which nothing is left: tomli gets the compiled half.
    import _datetime  # type: ignore[import-not-found]

    sys.modules["datetime"] = _datetime
    import tomli

    del sys.modules["datetime"]
else:
    import tomli

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 8 * 1024 * 1024
"""Larger documents are refused unread. Cargo has no such bound; no manifest or lock file comes near it."""

_I64 = 1 << 63
_PLAIN_DEPTH = 64  # a result less deep than this breaks none of cargo's bounds on depth
_LONG_TEXT, _MANY_DOTS, _LONG_DIGITS = 1 << 16, 80, 4000
_LONG_NUMBER = f"[0-9A-Fa-f_.]{{{_LONG_DIGITS}}}"


class TomlFault(ValueError):
    """A document that cargo cannot read as TOML.

    Attributes:
        reason: what is wrong, in cargo's own terms.
        line: where, counted from 1.
        column: where on that line, in characters counted from 1; a byte order mark is no character.
    """

    def __init__(self, reason: str, line: int | None, column: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def read_toml(data: bytes) -> dict[str, Any]:
    """Reads a document as cargo does; an empty one is an empty table.

    Args:
        data: the file's bytes; UTF-8, a byte order mark is legal.

    Returns:
        Tables as dict, arrays as list, integers within 64 bits. A date or time that Python has no value for (the year
        0, a leap second) is its text. Line ends in multi-line strings are newlines, where cargo keeps CRLF.

    Raises:
        TomlFault: cargo would refuse the document, or it exceeds `MAX_BYTES` or `toml_document.MAX_DEPTH`.
    """
    if len(data) > MAX_BYTES:
        raise TomlFault(f"larger than {MAX_BYTES // 1024 // 1024} MiB", 1, 1)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix("\ufeff")
        line_start = before.rfind("\n") + 1
        raise TomlFault("not valid UTF-8", before.count("\n") + 1, len(before) - line_start + 1) from None
    document = None if _is_hard_for_tomli(text) else _by_tomli(text)
    if document is None or _may_displease_cargo(document) or _redefines_by_dots(text):
        return _by_cargos_rules(text)
    return document


def _by_tomli(text: str) -> dict[str, Any] | None:
    try:
        return tomli.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _is_hard_for_tomli(text: str) -> bool:
    """Whether tomli could need far more time or memory than a text is long: for keys and numbers without end."""
    if len(text) <= _LONG_TEXT:
        return False
    lines = [line for line in text.split("\n") if len(line) > _MANY_DOTS]  # neither spans lines
    return any(
        line.partition("=")[0].count(".") > _MANY_DOTS
        or (len(line) >= _LONG_DIGITS and re.search(_LONG_NUMBER, line) is not None)
        for line in lines
    )


def _may_displease_cargo(document: dict[str, Any]) -> bool:
    """Whether a number or the depth of what tomli read is such that cargo may refuse it."""
    level: list[Any] = [document]
    for _ in range(_PLAIN_DEPTH):
        below: list[Any] = []
        for container in level:
            for value in container.values() if type(container) is dict else container:
                kind = type(value)
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is int:
                    if not -_I64 <= value < _I64:
                        return True
                elif kind is float and value in (float("inf"), float("-inf")):
                    return True
        if not below:
            return False
        level = below
    return True


def _redefines_by_dots(text: str) -> bool:
    """Whether a header comes after one two levels below it: dotted keys under it may then enter what cargo has closed.

    (`[a.b.c]`, later `[a]` with `b.d = 1`: cargo refuses the second `b`, tomli does not.)
    """
    lines = [line.strip(" \t\r") for line in text.split("\n") if "[" in line]
    headers = [line for line in lines if line[:1] == "["]
    known = {header: _header_path(header) for header in dict.fromkeys(headers)}
    paths = [known[header] for header in headers]
    deep = [(number, path) for number, path in enumerate(paths) if len(path) > 2]
    if not deep:
        return False
    last = {path: number for number, path in enumerate(paths)}
    return any(last.get(path[:depth], 0) > number for number, path in deep for depth in range(1, len(path) - 1))


def _header_path(header: str) -> tuple[str, ...]:
    if not any(mark in header for mark in "\"'#\\"):
        return tuple([part.strip(" \t") for part in header.strip("[] \t").split(".")])
    path: list[str] = []
    table: Any = _by_tomli(header)
    while table:
        name, table = next(iter(table.items()))
        path.append(name)
        table = table[0] if type(table) is list else table
    return tuple(path)


def _by_cargos_rules(text: str) -> dict[str, Any]:
    from batuta_hooks.domain import toml_document, toml_grammar  # a healthy document does without them

    try:
        return toml_document.read_document(text)
    except toml_grammar.GrammarFault as fault:
        reason, place = fault.reason, toml_grammar.position(text, fault.offset)
    raise TomlFault(reason, place.line, place.column)
