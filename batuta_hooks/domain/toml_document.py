"""A whole TOML document by cargo's rules: the second reading, for what tomli refuses or cargo may refuse.

The grammar comes first, over the whole document, as in cargo; then keys, strings, numbers and the question who may
define which table. Rules and reasons are those of the crates `toml` 0.9 and `toml_parser` 1.0 that cargo 1.95 is built
on, found in their source and asked of cargo. Imported only for documents in doubt; linear in their size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import tomli

from batuta_hooks.domain.toml_grammar import Event, GrammarFault, events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 500
"""Levels that dotted keys, inline tables and arrays may make together below a header. Cargo has no such bound: it reads
some thousands, then overflows its stack. With a header's own parts the result stays below 700 levels."""

_MAX_NUMBER = 1024  # characters; cargo would still read a longer float
_I64 = 1 << 63
_Key = list[tuple[str, int]]

_HEX = "[0-9A-Fa-f]"
_NO_SURROGATE = "(?![dD][89A-Fa-f])"
_CODE_POINT = f"x{_HEX}{{2}}|u{_NO_SURROGATE}{_HEX}{{4}}|U(?:0000{_NO_SURROGATE}|000[1-9A-Fa-f]|0010){_HEX}{{4}}"
_ESCAPE = rf'\\(?:[btnfre"\\]|{_CODE_POINT})'
# What may not stand as it is in a string; the group is what may.
_CONTROL = r"[\x00-\x08\x0a-\x1f\x7f]"
_SUSPECT = {
    "'": re.compile(_CONTROL),
    '"': re.compile(rf"({_ESCAPE})|\\|{_CONTROL}"),
    "'''": re.compile(rf"(\r?\n)|{_CONTROL}"),
    '"""': re.compile(rf"({_ESCAPE}|\\[ \t]*\r?\n|\r?\n)|\\|{_CONTROL}"),
}
_STRING = {
    "'": "literal string",
    '"': "basic string",
    "'''": "multi-line literal string",
    '"""': "multi-line basic string",
}
_BAD_SCALARS = (
    (r"[tT]\S*$", "invalid boolean, expected `true`"),
    (r"[fF]\S*$", "invalid boolean, expected `false`"),
    (r"[+-]?[iI]\S*$", "invalid float, expected `inf`"),
    (r"[+-]?[nN]\S*$", "invalid float, expected `nan`"),
    (r"\d+:", "invalid time"),
    (r"\d{4}-\d\d-\d\d[Tt ][\d:.]+[-+]", "invalid offset"),
    (r"\d{4}-\d\d-\d\d[Tt ]", "invalid time"),
    (r"\d+-", "invalid date"),
    (r"[+-]\d+[-:]", "invalid datetime"),
    (r"[+-]0[xob]", "integers with a radix cannot be signed"),
    (r"0x(?=.*[^0-9a-fA-F_])", "invalid hexadecimal number"),
    (r"0o(?=.*[^0-7_])", "invalid octal number"),
    (r"0b(?=.*[^01_])", "invalid binary number"),
    (r"[+-]?0[\d_]+($|[.eE])", "unexpected leading zero"),
    (r"(?=[-+0-9a-fA-Fox_.]*$)(.*(__|_$|_[^0-9a-fA-F]|[^0-9a-fA-F]_))", "`_` may only go between digits"),
    (r"[+-]?\.", "invalid mantissa, expected digits"),
    (r"[+-]?\d+\.(\D|$)", "invalid fraction, expected digits"),
    (r"[+-]?[\d.]+[eE][+-]?(\D|$)", "invalid exponent, expected digits"),
    (r"[+-]?\d\S*[.eE]", "invalid float"),
    (r".*['\"]$", "missing opening quote"),
    ("", "string values must be quoted, expected literal string"),
)


class _NumberFault(GrammarFault):
    """A number that does not fit; cargo says so only once the whole document stands."""


def read_document(text: str) -> dict[str, Any]:
    """Reads a document that may begin with a byte order mark.

    Raises:
        GrammarFault: cargo refuses it, or it exceeds `MAX_DEPTH`.
    """
    for _ in events(text):
        pass
    return _Document(text).read()


class _Document:
    """A document under construction, by cargo's rules of who may define which table.

    Tables and arrays are known by their id: `_implied` came into being as a part of a longer key or header, `_dotted`
    by a dotted key, `_inline` in braces; `_grown` are arrays of tables. Keys are (name, offset) pairs.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._root: dict[str, Any] = {}
        self._implied: set[int] = set()
        self._dotted: set[int] = set()
        self._inline: set[int] = set()
        self._grown: set[int] = set()
        self._pending: tuple[_Key, dict[str, Any]] | None = None
        self._overflow: _NumberFault | None = None

    def read(self) -> dict[str, Any]:
        """The finished document."""
        container: Any = self._root
        keys: _Key = []
        depth = 0
        outer: list[tuple[Any, _Key, int]] = []  # the containers around this one, each with the key and depth it had
        for event in events(self._text):
            if event.kind == "key":
                keys = self._names(event.parts)
            elif event.kind in ("table", "tables"):
                self._finish()
                container = self._header(self._names(event.parts), event.kind == "tables")
            elif event.kind in ("[", "{"):
                outer.append((container, keys, depth))
                depth += len(keys) if type(container) is dict else 1
                if depth > MAX_DEPTH:
                    raise GrammarFault("cannot recurse further; max recursion depth met", event.start)
                container = [] if event.kind == "[" else {}
                self._inline.add(id(container))
            else:
                value = container
                if event.kind == "scalar":
                    value = self._scalar(event)
                else:
                    container, keys, depth = outer.pop()
                if type(container) is list:
                    container.append(value)
                else:
                    self._define(container, keys, value)
        self._finish()
        if self._overflow:
            raise self._overflow
        return self._root

    def _scalar(self, event: Event) -> Any:
        try:
            return _scalar(self._text[event.start : event.end], event.start)
        except _NumberFault as fault:
            self._overflow = self._overflow or fault
            return 0

    def _names(self, parts: Sequence[tuple[int, int]]) -> _Key:
        return [(_name(self._text[start:end], start), start) for start, end in parts]

    def _header(self, keys: _Key, many: bool) -> dict[str, Any]:
        table: dict[str, Any] = {}
        if many:
            self._pending = keys, table
            return table
        parent = self._descend(self._root, keys[:-1], dotted=False)
        name, offset = keys[-1]
        known: dict[str, Any] = parent.setdefault(name, table)
        if known is not table and (id(known) not in self._implied or id(known) in self._dotted):
            raise GrammarFault("duplicate key", offset)
        self._implied.discard(id(known))
        return known

    def _finish(self) -> None:
        """Appends the last element of an array of tables, which cargo does only when the next header comes."""
        if self._pending is None:
            return
        keys, table = self._pending
        self._pending = None
        parent = self._descend(self._root, keys[:-1], dotted=False)
        name, offset = keys[-1]
        if name not in parent:
            parent[name] = []
            self._grown.add(id(parent[name]))
        if id(parent[name]) not in self._grown:
            raise GrammarFault("duplicate key", offset)
        parent[name].append(table)

    def _define(self, table: dict[str, Any], keys: _Key, value: Any) -> None:
        parent = self._descend(table, keys[:-1], dotted=True)
        name, offset = keys[-1]
        # What dotted keys made takes entries from dotted keys alone, and any other table from none.
        if name in parent or (id(parent) in self._dotted) == (len(keys) == 1):
            raise GrammarFault("duplicate key", offset)
        parent[name] = value

    def _descend(self, table: dict[str, Any], path: _Key, dotted: bool) -> dict[str, Any]:
        within = id(table) in self._inline
        for name, offset in path:
            below = table.get(name)
            if below is None:
                below = table[name] = {}
                self._implied.add(id(below))
                if dotted:
                    self._dotted.add(id(below))
            elif id(below) in self._grown:
                below = below[-1]
            elif type(below) is not dict or (id(below) in self._inline and not within):
                raise GrammarFault(f"cannot extend value of type {_type_name(below)} with a dotted key", offset)
            elif dotted and id(below) not in self._implied:
                raise GrammarFault("duplicate key", offset)
            table = below
        return table


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "inline table"}
    return names.get(type(value), "datetime")


def _name(raw: str, offset: int) -> str:
    """The name that one part of a key spells."""
    if raw[:3] in ('"""', "'''"):
        raise GrammarFault("keys cannot be multi-line strings", offset)
    if raw[:1] in ('"', "'"):
        return _string(raw, offset)
    if not raw:
        raise GrammarFault("unquoted keys cannot be empty, expected letters, numbers, `-`, `_`", offset)
    stray = re.search("[^A-Za-z0-9_-]", raw)
    if stray:
        raise GrammarFault("invalid unquoted key, expected letters, numbers, `-`, `_`", offset + stray.start())
    return raw


def _string(raw: str, offset: int) -> str:
    quote = raw[:3] if raw[:3] in ('"""', "'''") else raw[0]
    opened = len(quote)
    if len(raw) < 2 * opened or not raw.endswith(quote):
        raise GrammarFault(f"invalid {_STRING[quote]}, expected `{quote[0]}`", offset + len(raw))
    end = len(raw) - opened
    for suspect in _SUSPECT[quote].finditer(raw, opened, end):
        if suspect.re.groups == 0 or suspect[1] is None:
            reason, at = _bad_character(raw, suspect.start(), quote, end)
            raise GrammarFault(reason, offset + at)
    if opened == 1 and (quote == "'" or "\\" not in raw):
        return raw[1:-1]
    text: str = tomli.loads(f"v = {raw}")["v"]
    return text


def _bad_character(raw: str, at: int, quote: str, end: int) -> tuple[str, int]:
    """Why the character at `at` may not stand in a string, and the place that cargo names."""
    if raw[at] == "\r" and len(quote) == 3:
        return "carriage return must be followed by newline", at + 1
    if raw[at] != "\\":
        return f"invalid {_STRING[quote]}", at
    digits = {"x": 2, "u": 4, "U": 8}.get(raw[at + 1 : min(at + 2, end)], 0)
    found = re.compile("[0-9A-Fa-f]*").match(raw, at + 2, min(at + 2 + digits, end)) if digits else None
    if found and len(found[0]) == digits:
        return "invalid value, expected unicode hexadecimal value", at + 2
    if found:
        return "too few unicode value digits, expected unicode hexadecimal value", found.end()
    after_spaces = at + 1 + len(raw[at + 1 : end]) - len(raw[at + 1 : end].lstrip(" \t"))
    if len(quote) == 3 and after_spaces > at + 1:
        return f"invalid {_STRING[quote]}, expected newline", after_spaces
    return "missing escaped value", at + 1


def _scalar(raw: str, offset: int) -> Any:
    if raw[:1] in ('"', "'"):
        return _string(raw, offset)
    if len(raw) > _MAX_NUMBER:
        raise GrammarFault("integer number overflowed" if raw.isdigit() else "invalid float", offset)
    value = _by_tomli(raw)
    if value is None:
        value = _beyond_tomli(raw)
    if value is None and re.match(r"0[xob]$|[+-]?[1-9]\d*(_[0-9A-DFa-df][^ ._eE]*)*$", raw):
        raise _NumberFault("integer number overflowed", offset)
    if value is None:
        raise GrammarFault(next(reason for pattern, reason in _BAD_SCALARS if re.match(pattern, raw)), offset)
    if type(value) is int and not -_I64 <= value < _I64:
        raise _NumberFault("integer number overflowed", offset)
    if type(value) is float and value in (float("inf"), float("-inf")) and raw.lstrip("+-") != "inf":
        raise _NumberFault("floating-point number overflowed", offset)
    return value


def _beyond_tomli(raw: str) -> Any:
    """What cargo reads and tomli does not: `-_1`, and the year 0 and leap seconds, for which Python has no value."""
    if raw[1:2] == "_":
        return _by_tomli(re.sub(r"^([+-])_(0_?)*(?=\d)", r"\1", raw))
    known_to_python = re.sub(r"^(\d{4}-\d\d-\d\d[Tt ])?(\d\d:\d\d):60", r"\1\2:59", re.sub("^0000-", "2000-", raw))
    return None if _by_tomli(known_to_python) is None else raw


def _by_tomli(raw: str) -> Any:
    """The value of a scalar that is no string; None where tomli refuses it."""
    try:
        return tomli.loads(f"v = {raw}")["v"]
    except ValueError:
        return None
