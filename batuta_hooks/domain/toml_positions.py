"""Where in a TOML document an entry stands: the line and column of its key, of its value, and the lines it spans.

Imported only when a finding needs a place. The functions follow one key path through the events of the grammar, in one
pass over the text, and raise nothing, whatever the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from batuta_hooks.domain.toml_grammar import Event, GrammarFault, Position, events, part_name, position

__all__ = ["Position", "entry_lines", "locate", "locate_value"]


class _Entry:
    """What is known of one depth of the wanted path: where its key and its value start, and if they define it."""

    __slots__ = ("defines", "key", "value")

    def __init__(self, key: int, defines: bool) -> None:
        self.key = key
        self.defines = defines
        self.value = key


_OFF = -1


class _Trail:
    """Follows one key path through the events of a document.

    A table or entry is known by its `depth`: how many parts of the wanted path lead to it, `_OFF` where it lies beside
    that path, one more than the path is long where it lies within the wanted entry.
    """

    def __init__(self, text: str, key: Sequence[str | int]) -> None:
        self.text = text
        self.key = tuple(key)
        self.found: list[_Entry | None] = [None] * (len(self.key) + 1)
        self.runs: list[list[int]] = []
        self._adjacent = False
        self._tables: dict[int, int] = {}  # depth of an array of tables → how many `[[…]]` it has so far
        self._header = 0
        self._opened: list[
            tuple[int, int, bool]
        ] = []  # of a bracket: its depth, its entry's start, and whether it is `[`
        self._next_index: list[int] = []
        self._pair = (0, 0)
        try:
            for event in events(text):
                self._follow(event)
        except GrammarFault:
            pass  # what stands before it still has its place

    def _follow(self, event: Event) -> None:
        kind = event.kind
        if kind in ("table", "tables"):
            self._header = self._walk(0, event)
            self._span(self._header, event.start, event.end)
        elif kind == "key":
            depth = self._walk(self._opened[-1][0] if self._opened else self._header, event)
            self._pair = (depth, event.start)
        elif kind in ("]", "}"):
            depth, start, _ = self._opened.pop()
            self._next_index.pop()
            self._span(depth, start, event.end)
        else:
            self._value(event)

    def _value(self, event: Event) -> None:
        if self._opened and self._opened[-1][2]:
            depth = self._step(self._opened[-1][0], self._next_index[-1], event.start, True)
            self._next_index[-1] += 1
            self._pair = (depth, event.start)
        depth, start = self._pair
        entry = self.found[depth] if 0 <= depth <= len(self.key) else None
        if entry is not None:
            entry.value = event.start
        if event.kind == "scalar":
            self._span(depth, start, event.end)
        else:
            self._opened.append((depth, start, event.kind == "["))
            self._next_index.append(0)

    def _walk(self, depth: int, event: Event) -> int:
        """The depth to which the parts of a header or key lead from `depth`."""
        for number, (start, end) in enumerate(event.parts, 1):
            last = number == len(event.parts)
            if not 0 <= depth <= len(self.key):
                return depth
            depth = self._step(depth, part_name(self.text, start, end), start, last)
            if last and event.kind == "tables":
                self._tables[depth] = self._tables.get(depth, 0) + 1
            if depth in self._tables:
                depth = self._step(depth, self._tables[depth] - 1, start, last)
        return depth

    def _step(self, depth: int, part: str | int, offset: int, defines: bool) -> int:
        if depth == len(self.key):
            return depth + 1
        if not 0 <= depth < len(self.key):
            return depth
        if self.key[depth] != part:
            return _OFF
        entry = self.found[depth + 1]
        if entry is None or (defines and not entry.defines):
            self.found[depth + 1] = _Entry(offset, defines)
        return depth + 1

    def _span(self, depth: int, start: int, end: int) -> None:
        """Notes which text is the wanted entry's; text that directly follows its own joins it."""
        belongs = depth >= len(self.key)
        if belongs and self._adjacent:
            self.runs[-1][0] = min(self.runs[-1][0], start)
            self.runs[-1][1] = end
        elif belongs:
            self.runs.append([start, end])
        self._adjacent = belongs

    def nearest(self) -> tuple[int, _Entry | None]:
        """The deepest part of the path that the document has, and how deep it is."""
        depth = len(self.key)
        while depth and self.found[depth] is None:
            depth -= 1
        return depth, self.found[depth]


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
    _, entry = _Trail(text, key).nearest()
    return position(text, entry.key) if entry else Position(1, 1)


def locate_value(text: str, key: Sequence[str | int]) -> Position:
    """The position of an entry's value; of a table without one of its own (a header's, an implied one) its key's."""
    _, entry = _Trail(text, key).nearest()
    return position(text, entry.value) if entry else Position(1, 1)


def entry_lines(text: str, key: Sequence[str | int]) -> tuple[int, int]:
    """The first and last line of an entry, both counted from 1 and both included.

    Of a key with a value those from the key to the value's end; of a table with a header those from the header to its
    last entry, subtables that directly follow included; of a table spelled by dotted keys those of the neighbouring
    keys. Comments behind the last entry are not included. Of an entry that stands in several places it is the place
    that `locate` names. Where the path ends nowhere, the lines of the nearest ancestor that is there, else (1, 1).
    """
    trail = _Trail(text, key)
    depth, entry = trail.nearest()
    if entry is None:
        return 1, 1
    if depth < len(trail.key):
        trail = _Trail(text, trail.key[:depth])
    spans = [run for run in trail.runs if run[0] <= entry.key < run[1]] or [[entry.key, entry.key + 1]]
    return position(text, spans[0][0]).line, position(text, spans[0][1] - 1).line
