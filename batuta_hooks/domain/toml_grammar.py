"""The grammar of TOML as cargo reads it: a document as a stream of events, each with its place in the text.

Follows the crate `toml_parser` that cargo builds on (TOML 1.1, plus what that crate lets pass) and stops at the first
thing its grammar refuses. Nothing here recurses, so that neither depth nor size of a hostile document matters.
Imported only when a finding or a fault needs a place: tomli reads the healthy documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import tomli

from batuta_hooks.domain.record import NamedTuple

MAX_NESTING = 80
"""Arrays and inline tables within each other that cargo reads; it refuses the 81st bracket."""

MAX_KEY_PARTS = 80
"""Parts of one dotted key or header that cargo reads; it refuses the 81st."""

_BOM = "\ufeff"
_BLANK = frozenset(("space", "newline", "comment"))
_WORD = frozenset(("atom", "string", "."))
_CLOSING = {"[": "]", "{": "}"}
_ENDS_ATOM = ".=,[]{} \t#\r\n"
_TOKEN = re.compile(
    r"(?P<space>[ \t]+)|(?P<newline>\r?\n|\r)|(?P<comment>#[^\x00-\x08\x0a-\x1f\x7f]*)"
    r"""|(?P<string>["'])|(?P<punctuation>[.=,\[\]{}])|(?P<atom>[^.=,\[\]{} \t#\r\n]+)"""
)
_STRING_STOP = {
    "'": re.compile(r"'|\n"),
    '"': re.compile(r'"|\n|\\["\\]?'),
    "'''": re.compile("'''"),
    '"""': re.compile(r'"""|\\["\\]?'),
}
# What cargo says of a token that cannot stand in this container ("" is none).
_MISPLACED = {
    ("", "="): "extra `=`",
    ("", "]"): "missing array opening, expected `[`",
    ("", "}"): "missing inline table opening, expected `{`",
    ("[", ""): "unclosed array, expected `]`",
    ("[", ","): "extra comma in array, expected value",
    ("[", "="): "unexpected `=` in array",
    ("{", ""): "unclosed inline table, expected `}`",
    ("{", ","): "extra comma in inline table",
    ("{", "="): "extra assignment between key-value pairs",
}


class Position(NamedTuple):
    """A place in a text: `line` and `column` count from 1, columns in characters; a byte order mark is no character."""

    line: int
    column: int


class GrammarFault(Exception):
    """What cargo's grammar refuses: the `reason`, and the `offset` in characters at which it does."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Event(NamedTuple):
    """One thing read: a `table` or `tables` header, a `key`, a `scalar`, or one of the brackets and commas of a value.

    `start` and `end` are offsets in characters. `parts` holds the spans of a key's or header's parts, in order; an
    empty span is a part that should be there and is not.
    """

    kind: str
    start: int
    end: int
    parts: Sequence[tuple[int, int]] = ()


class _Cursor:
    """The token at hand: its `kind` ("" at the end of the text; punctuation is its own kind), `start` and `end`."""

    __slots__ = ("_behind", "end", "kind", "start", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kind = ""
        self.end = self._behind = 1 if text.startswith(_BOM) else 0
        self.advance()

    def advance(self) -> None:
        if self.kind not in _BLANK:
            self._behind = self.end
        self.start = self.end
        match = _TOKEN.match(self.text, self.start)
        if match is None:
            self.kind = ""
            return
        kind = match.lastgroup or ""
        self.kind = match.group() if kind == "punctuation" else kind
        self.end = self._string_end() if kind == "string" else match.end()

    def _string_end(self) -> int:
        text, quote = self.text, self.text[self.start]
        delimiter = quote * 3 if text.startswith(quote * 3, self.start) else quote
        stop, end = _STRING_STOP[delimiter], self.start + len(delimiter)
        while match := stop.search(text, end):
            end = match.end()
            if match.group() == "\n":
                return match.start()
            if match.group() == delimiter:
                # Up to two quotes directly before the closing three belong to the string.
                extra = 0
                while len(delimiter) == 3 and extra < 2 and text.startswith(quote, end + extra):
                    extra += 1
                return end + extra
        return len(text)

    def skip_blank(self) -> None:
        """Steps over one space, newline or comment, which cargo checks here and not when it decodes."""
        comment = self.kind == "comment"
        if self.kind == "newline" and self.text[self.end - 1] == "\r":
            raise GrammarFault("carriage return must be followed by newline", self.end)
        self.advance()
        if comment and not self.kind:
            # Where a comment ends the text, cargo looks for what is missing behind the last thing before it.
            self.start = self._behind
        elif comment and self.kind != "newline":
            raise GrammarFault("invalid comment character, expected printable characters", self.start)

    def skip_spaces(self) -> None:
        while self.kind == "space":
            self.advance()

    def end_statement(self) -> None:
        self.skip_spaces()
        if self.kind not in ("comment", "newline", ""):
            raise GrammarFault("unexpected key or value, expected newline, `#`", self.start)

    def key(self) -> tuple[list[tuple[int, int]], bool]:
        """The spans of a dotted key's parts, and whether the last of them is really there."""
        parts: list[tuple[int, int]] = []
        while True:
            self.skip_spaces()
            if self.kind not in _WORD:
                return [*parts, (self.start, self.start)], False
            parts.append((self.start, self.start if self.kind == "." else self.end))
            if len(parts) > MAX_KEY_PARTS:
                raise GrammarFault("recursion limit", parts[0][0])
            if self.kind != ".":
                self.advance()
                self.skip_spaces()
            if self.kind != ".":
                return parts, True
            self.advance()

    def header(self) -> Event:
        start = self.start
        self.advance()
        kind = "table"
        if self.kind == "[":
            kind = "tables"
            self.advance()
        unclosed = "unclosed table, expected `]`" if kind == "table" else "unclosed array table, expected `]]`"
        parts, complete = self.key()
        end = self.end
        if self.kind == "]":
            self.advance()
            if kind == "tables":
                if self.kind != "]":
                    raise GrammarFault(unclosed, end)
                end = self.end
                self.advance()
            self.end_statement()
        elif complete:
            raise GrammarFault(unclosed, parts[-1][1])
        else:
            # Cargo names the missing key only after it has read the rest of the document.
            while self.kind not in ("comment", "newline", ""):
                self.advance()
        return Event(kind, start, end, parts)

    def pair(self) -> Iterator[Event]:
        parts, _ = self.key()
        yield Event("key", parts[0][0], parts[-1][1], parts)
        self.skip_spaces()
        if self.kind != "=":
            raise GrammarFault("key with no value, expected `=`", self.start)
        self.advance()
        self.skip_spaces()
        if self.kind in ("comment", "newline", ",", ""):
            yield Event("scalar", self.start, self.start)
        else:
            yield from self.value()
        self.end_statement()

    def value(self) -> Iterator[Event]:
        """The value at hand with all that it holds."""
        opened: list[str] = []
        need = "value"
        while opened or need == "value":
            kind = self.kind
            if opened and kind in _BLANK:
                self.skip_blank()
            elif need == "value" and kind in _CLOSING:
                if len(opened) == MAX_NESTING:
                    raise GrammarFault("cannot recurse further; max recursion depth met", self.start)
                opened.append(kind)
                need = "value" if kind == "[" else "key"
                yield self._take(kind)
            elif need == "value" and kind in _WORD:
                yield self._scalar()
                need = "comma"
            elif opened and kind == _CLOSING[opened[-1]]:
                opened.pop()
                need = "comma"
                yield self._take(kind)
            elif opened and need == "comma" and kind == ",":
                need = "value" if opened[-1] == "[" else "key"
                self.advance()
            elif need == "key" and (kind in _WORD or kind == "="):
                parts, _ = self.key()
                need = "equals"
                yield Event("key", parts[0][0], parts[-1][1], parts)
            elif need == "equals" and kind == "=":
                need = "value"
                self.advance()
            else:
                raise GrammarFault(_misplaced(opened[-1] if opened else "", kind, need), self.start)

    def _take(self, kind: str) -> Event:
        event = Event(kind, self.start, self.end)
        self.advance()
        return event

    def _scalar(self) -> Event:
        start, bare, end = self.start, self.kind != "string", self.end
        self.advance()
        while bare and (
            self.kind in ("atom", ".")
            or (self.kind == "space" and self.text[self.end : self.end + 1] not in _ENDS_ATOM + "\"'")
        ):
            end = self.end
            self.advance()
        return Event("scalar", start, end)


def _misplaced(container: str, kind: str, need: str) -> str:
    """Cargo's word for a token that cannot stand where it does."""
    reason = _MISPLACED.get((container, kind))
    if reason is not None:
        return reason
    if need == "value":
        return _MISPLACED[("", kind)]
    if container == "[":
        return "missing comma between array elements, expected `,`"
    if kind == "]":
        return "invalid inline table element"
    if kind in _CLOSING and need != "equals":
        return "missing key for inline table element"
    return f"missing {'comma' if need == 'comma' else 'assignment'} between key-value pairs"


def events(text: str) -> Iterator[Event]:
    """What a document holds, in the order in which it is written.

    After a `key` its value comes: a `scalar`, or a bracket, what it holds, and the closing bracket. In an inline table
    a key may stand without a value; cargo accepts that and drops the key.

    Raises:
        GrammarFault: at the first thing that cargo's grammar refuses. Strings, numbers, key characters and duplicate
            keys are no matter of grammar.
    """
    cursor = _Cursor(text)
    while cursor.kind:
        if cursor.kind in _BLANK:
            cursor.skip_blank()
        elif cursor.kind == "[":
            yield cursor.header()
        elif cursor.kind in _WORD or cursor.kind == "=":
            yield from cursor.pair()
        elif cursor.kind == "]":
            raise GrammarFault("missing table open, expected `[`", cursor.start)
        else:
            raise GrammarFault("invalid key-value pair, expected key", cursor.start)


def position(text: str, offset: int) -> Position:
    """The place of a character; the end of a text counts as behind its last character, on that character's line."""
    at = max(0, min(offset, len(text) - 1))
    start = text.rfind("\n", 0, at) + 1
    marked = start == 0 and text.startswith(_BOM)
    return Position(text.count("\n", 0, at) + 1, max(1, offset - start + (0 if marked else 1)))


def part_name(text: str, start: int, end: int) -> str:
    """The name that one part of a key spells; where it spells none, the part as written."""
    raw = text[start:end]
    if raw[:1] not in ("'", '"'):
        return raw
    if raw[0] == "'" or "\\" not in raw:
        return raw[1:-1]
    try:
        return next(iter(tomli.loads(f"{raw} = 0")))
    except ValueError:
        return raw
