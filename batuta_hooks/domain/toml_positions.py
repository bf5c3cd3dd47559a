"""Where in a TOML document an entry stands: the line and column of its key and of its value.

Imported only when a finding needs a place. One pass over the events of the grammar notes every place of a document, so
that a thousand findings cost little more than one. Nothing is raised, whatever the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from batuta_hooks.domain.toml_grammar import Event, GrammarFault, Position, events, part_name

__all__ = ["Position", "locate", "locate_value"]

#: Elements of one array that are noted; those beyond stand, as far as `locate` knows, where the array does.
MOST_ELEMENTS = 10_000

_BOM = "\ufeff"


class _Entry:
    """A table, a value or an element: the offsets of its key and value, and what lies below it by name or index."""

    __slots__ = ("below", "defines", "key", "tables", "value")

    def __init__(self, offset: int, defines: bool) -> None:
        self.key = self.value = offset
        self.defines = defines
        self.tables = 0  # how many `[[…]]` it has so far
        self.below: dict[str | int, _Entry] | None = None

    def step(self, part: str | int, offset: int, defines: bool) -> _Entry:
        """The entry one part further down, made where it is new; the first place counts, and before it a definition."""
        if self.below is None:
            self.below = {}
        entry = self.below.get(part)
        if entry is None:
            entry = self.below[part] = _Entry(offset, defines)
        elif defines and not entry.defines:
            entry.key = entry.value = offset
            entry.defines = True
        return entry


class _Open:
    """A bracket that is not closed yet: the entry whose value it is, and for an array the index of its next element."""

    __slots__ = ("entry", "index", "is_array")

    def __init__(self, entry: _Entry, is_array: bool) -> None:
        self.entry = entry
        self.is_array = is_array
        self.index = 0


class _Reader:
    """Notes every place of one document in a tree of entries below `root`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.root = _Entry(0, True)
        self._header = self._entry = self.root
        self._opened: list[_Open] = []
        try:
            for event in events(text):
                self._follow(event)
        except GrammarFault:
            pass  # what stands before it still has its place

    def _follow(self, event: Event) -> None:
        if event.kind in ("table", "tables"):
            self._header = self._walk(self.root, event)
        elif event.kind == "key":
            self._entry = self._walk(self._opened[-1].entry if self._opened else self._header, event)
        elif event.kind in ("]", "}"):
            self._opened.pop()
        else:
            self._value(event)

    def _value(self, event: Event) -> None:
        if self._opened and self._opened[-1].is_array:
            self._entry = self._element(self._opened[-1], event.start)
        self._entry.value = event.start
        if event.kind != "scalar":
            self._opened.append(_Open(self._entry, event.kind == "["))

    @staticmethod
    def _element(array: _Open, offset: int) -> _Entry:
        index, array.index = array.index, array.index + 1
        return array.entry.step(index, offset, True) if index < MOST_ELEMENTS else _Entry(offset, True)

    def _walk(self, entry: _Entry, event: Event) -> _Entry:
        """The entry to which the parts of a header or key lead."""
        for number, (start, end) in enumerate(event.parts, 1):
            last = number == len(event.parts)
            entry = entry.step(part_name(self._text, start, end), start, last)
            if last and event.kind == "tables":
                entry.tables += 1
            if entry.tables:
                entry = entry.step(entry.tables - 1, start, last)
        return entry


class _Places:
    """The places of one document, by key path."""

    def __init__(self, text: str) -> None:
        self._root = _Reader(text).root
        self._last = max(0, len(text) - 1)
        self._starts = [0]
        at = text.find("\n")
        while 0 <= at < self._last:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._has_mark = text.startswith(_BOM)

    def nearest(self, key: Sequence[str | int]) -> _Entry:
        """The entry at a path, or its deepest ancestor that is there."""
        entry = self._root
        for part in key:
            below = entry.below.get(part) if entry.below else None
            if below is None:
                break
            entry = below
        return entry

    def position(self, offset: int) -> Position:
        """The place of a character; the end of the text counts as behind its last character, on that one's line."""
        line = bisect_right(self._starts, min(offset, self._last))
        marked = line == 1 and self._has_mark
        return Position(line, max(1, offset - self._starts[line - 1] + (0 if marked else 1)))


@lru_cache(maxsize=2)
def _places(text: str) -> _Places:
    return _Places(text)


def locate(text: str, key: Sequence[str | int]) -> Position:
    """The position of an entry's key, in a text that `toml_text.read_toml` accepts.

    Args:
        text: the document; a leading byte order mark is not counted.
        key: the entry's path in the parsed document; a number is an index into an array or an array of tables.

    Returns:
        The last part of the key as it is written, its opening quote included. Of a table with a header that is the
        part within the header (`[dependencies.serde]`: at `serde`), of an array's element the element itself, of a
        table that is only implied the first place where its name stands. Where the path ends nowhere, the position of
        the nearest ancestor that is there, else line 1, column 1.
    """
    places = _places(text)
    return places.position(places.nearest(key).key)


def locate_value(text: str, key: Sequence[str | int]) -> Position:
    """The position of an entry's value; of a table without one of its own (a header's, an implied one) its key's."""
    places = _places(text)
    return places.position(places.nearest(key).value)
