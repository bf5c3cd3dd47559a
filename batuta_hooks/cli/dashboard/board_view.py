"""The board as a table with a cursor: layers, and a line a crate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message

from batuta_hooks.cli.dashboard.lines import Lines
from batuta_hooks.report.plain import printable

if TYPE_CHECKING:
    from batuta_hooks.cli.status_cells import Column
    from batuta_hooks.stack.status import Board, Row


class Filter(NamedTuple):
    """Which crates to show.

    Attributes:
        words: each must be in a crate's name, repository, health or reasons; in lower case.
        only_action: those alone that somebody has to do something about.
    """

    words: tuple[str, ...] = ()
    only_action: bool = False

    def admits(self, row: Row, said: str) -> bool:
        """Whether a row, of which this is what is searched, is to be shown."""
        from batuta_hooks.cli.status_cells import is_of_interest, needs_action

        if self.only_action and not needs_action(row):
            return False
        if not self.words:
            return is_of_interest(row)
        return all(word in said for word in self.words)


class BoardView(Lines):
    """A line a crate below the name of its layer; the cursor is on a crate."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
        Binding("pagedown", "page(1)", "a page down", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
        Binding("enter", "choose", "crate", show=False),
    ]

    class Chosen(Message):
        """Somebody wants to know more of a crate."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Fitted(Message):
        """Other columns are shown, or other widths.

        Attributes:
            titles: of the columns, as the lines below them stand.
        """

        def __init__(self, titles: Text) -> None:
            super().__init__()
            self.titles = titles

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  textual's name
        super().__init__(id=id)
        self._board: Board | None = None
        self._layers: list[tuple[str, list[tuple[Row, str]]]] = []  # each crate with what is searched of it
        self._items: list[Row | str] = []  # a text is a layer's name
        self._fitted: dict[Column, int] = {}
        self._cursor = -1
        self._name_width = 0

    @property
    def rows(self) -> list[Row]:
        """The crates that are shown, in their order."""
        return [item for item in self._items if not isinstance(item, str)]

    @property
    def chosen(self) -> Row | None:
        """The crate that the cursor is on."""
        item = self._items[self._cursor] if 0 <= self._cursor < len(self._items) else None
        return item if not isinstance(item, str) else None

    def show(self, board: Board, chosen: Filter) -> None:
        """Show a board; the cursor stays with its crate where that is still there."""
        before = self.chosen.crate if self.chosen else None
        if board is not self._board:
            self._board = board
            self._layers = [
                (printable(layer.name), [(row, _said(row)) for row in board.in_layer(layer)]) for layer in board.layers
            ]
            self._fit()
        self._items = []
        for name, rows in self._layers:
            admitted = [row for row, said in rows if chosen.admits(row, said)]
            self._items += [name, *admitted] if admitted else []
        self._cursor = next(
            (
                number
                for number, item in enumerate(self._items)
                if not isinstance(item, str)
                and before is not None
                and (item.crate.name, item.crate.repository) == (before.name, before.repository)
            ),
            1 if self._items else -1,
        )
        self.virtual_size = Size(self._width, len(self._items))
        self._follow()
        self.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """Other columns may fit now."""
        self._fit()
        self.virtual_size = Size(self._width, len(self._items))
        self._follow()
        self.refresh()

    @property
    def _width(self) -> int:
        return max(self.size.width - 1, 20)

    def _fit(self) -> None:
        """Choose the columns, for the whole board, so that they stay where they are while it is filtered."""
        if self._board is None:
            return
        from batuta_hooks.cli.status_cells import columns, fitting

        self._fitted = fitting(columns(self._board), self._board.rows, self._width - 4)
        rest = sum(self._fitted.values()) + len(self._fitted)
        longest = max((len(row.crate.name) for row in self._board.rows), default=0) + 2  # with its sign
        self._name_width = max(min(self._width - rest, longest), 8)
        self.post_message(self.Fitted(self._joined("Crate", [column.title for column in self._fitted], "bold")))

    def line(self, number: int) -> Text:
        """A crate, or the name of a layer."""
        if number >= len(self._items):
            return Text("")
        item = self._items[number]
        if isinstance(item, str):
            return Text(item.upper(), "bold")
        from batuta_hooks.cli.status_cells import SIGNS, STYLES

        cells = [column.cell(item) for column in self._fitted]
        style = STYLES[item.health]
        text = self._joined(f"{SIGNS[item.health]} {printable(item.crate.name)}", cells, "", style)
        if number == self._cursor:
            text.stylize("reverse")
        return text

    def _joined(self, name: str, cells: list[str], style: str, health: str = "") -> Text:
        text = Text(_cut(name, self._name_width), style, no_wrap=True)
        for (column, width), cell in zip(self._fitted.items(), cells, strict=True):
            text.append(" ")
            text.append(_cut(cell, width), health if column.title == "Health" and health else style)
        return text

    def action_move(self, steps: int) -> None:
        """Move the cursor over so many lines, and on to the next crate."""
        if self._cursor < 0:
            return
        left = self._cursor
        self._cursor = min(max(self._cursor + steps, 1), len(self._items) - 1)
        if isinstance(self._items[self._cursor], str):
            self._cursor += 1 if steps > 0 else -1
        self.refresh_line(left)
        self.refresh_line(self._cursor)
        self._follow()  # which draws all anew where it scrolls

    def action_page(self, direction: int) -> None:
        """Move the cursor over a screenful."""
        self.action_move(direction * max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Tell that somebody wants to know more of this crate."""
        if self.chosen is not None:
            self.post_message(self.Chosen(self.chosen))

    def on_click(self, event: events.Click) -> None:
        """The cursor goes where somebody clicks; a second click there is as good as enter."""
        number = event.y + self.scroll_offset.y
        if 0 <= number < len(self._items) and not isinstance(self._items[number], str):
            if number == self._cursor:
                self.action_choose()
            self._cursor = number
            self.refresh()

    def _follow(self) -> None:
        """Scroll to the cursor, with the name of its layer if that stands just above."""
        if self._cursor >= 0:
            first = self._cursor - 1 if isinstance(self._items[self._cursor - 1], str) else self._cursor
            self.scroll_to_region(Region(0, first, 1, self._cursor - first + 1), animate=False, force=True)


def _said(row: Row) -> str:
    """What is searched of a crate, in lower case."""
    return f"{row.crate.name} {row.crate.repository} {row.health} {' '.join(row.reasons)}".lower()


def _cut(text: str, width: int) -> str:
    """Text of exactly so many columns of the terminal."""
    return f"{set_cell_size(text, width - 1)}…" if cell_len(text) > width else set_cell_size(text, width)
