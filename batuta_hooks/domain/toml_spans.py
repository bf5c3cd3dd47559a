"""What each assignment of a TOML document occupies: its key and its value, as offsets into the text.

For editors, which replace a span and leave every other character where it is; whoever only wants to name a place asks
`toml_positions`.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.toml_grammar import Event, events, part_name

Path = tuple[str | int, ...]

#: The container of an assignment that is a statement of its own, not part of an inline table.
STATEMENT = -1


class Assignment(NamedTuple):
    """A key with its value; all places are offsets in characters.

    Attributes:
        path: where the value stands in the parsed document; a number is an index into an array.
        start: where the key begins.
        name: where the last part of a dotted key begins; equal to `start` for a key of one part.
        name_end: where the key ends.
        value, end: where the value begins and ends; both are `name_end` for a key without one, which cargo drops.
        container: where the bracket of the inline table stands that holds it, or `STATEMENT`.
    """

    path: Path
    start: int
    name: int
    name_end: int
    value: int
    end: int
    container: int


class _Open:
    """A bracket that is not closed yet: what it is the value of, and for an array the number of its next element."""

    __slots__ = ("index", "is_array", "owner", "path", "start")

    def __init__(self, event: Event, path: Path, owner: int | None) -> None:
        self.start = event.start
        self.is_array = event.kind == "["
        self.path = path
        self.owner = owner  # the number of the assignment that the bracket is the value of; None for an element
        self.index = 0


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._header: Path = ()
        self._tables: dict[Path, int] = {}
        self._opened: list[_Open] = []
        self.found: list[Assignment] = []
        for event in events(text):
            self._follow(event)

    def _follow(self, event: Event) -> None:
        if event.kind in ("table", "tables"):
            self._header = self._named(event)
        elif event.kind == "key":
            inside = self._opened[-1] if self._opened else None
            path = (*(inside.path if inside else self._header), *self._parts(event))
            name, end = event.parts[-1]
            container = inside.start if inside else STATEMENT
            self.found.append(Assignment(path, event.start, name, end, end, end, container))
        elif event.kind in ("]", "}"):
            self._close(self._opened.pop(), event)
        else:
            self._value(event)

    def _parts(self, event: Event) -> Path:
        return tuple(part_name(self._text, start, end) for start, end in event.parts)

    def _named(self, event: Event) -> Path:
        """The path that a header leads to: through the newest table of each array of tables on the way."""
        path: Path = ()
        parts = self._parts(event)
        for number, part in enumerate(parts, 1):
            path = (*path, part)
            if number == len(parts) and event.kind == "tables":
                self._tables[path] = self._tables.get(path, -1) + 1
            if path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _value(self, event: Event) -> None:
        array = self._opened[-1] if self._opened and self._opened[-1].is_array else None
        owner = None if array else len(self.found) - 1
        path = (*array.path, array.index) if array else self.found[-1].path
        if array:
            array.index += 1
        if owner is not None:
            self.found[owner] = self.found[owner]._replace(value=event.start, end=event.end)
        if event.kind != "scalar":
            self._opened.append(_Open(event, path, owner))

    def _close(self, opened: _Open, event: Event) -> None:
        if opened.owner is not None:
            self.found[opened.owner] = self.found[opened.owner]._replace(end=event.end)


def assignments(text: str) -> list[Assignment]:
    """Every assignment of a document that `toml_text.read_toml` accepts, in the order of its text.

    Raises:
        GrammarFault: cargo's grammar refuses the document.
    """
    return _Reader(text).found
