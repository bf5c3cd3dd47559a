"""The dashboard's other screens: text to read, and the question whether to synchronize."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from batuta_hooks.cli.dashboard.lines import Lines


class Reading(Screen[None]):
    """Text that fills the screen.

    Args:
        title: what it is.
        lines: makes the text for a width; asked again when that changes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,backspace", "back", "back")]

    def __init__(self, title: str, lines: Callable[[int], list[Text]]) -> None:
        super().__init__()
        self._title = title
        self._make = lines

    def compose(self) -> ComposeResult:
        """The title, the text, the keys."""
        yield Static(Text(self._title, "bold reverse"), classes="title")
        yield Lines(id="text")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin at the top, ready for the arrow keys."""
        self.query_one(Lines).focus()

    def on_resize(self) -> None:
        """Wrap the text anew."""
        self.again()

    def again(self) -> None:
        """Make the text anew."""
        self.query_one(Lines).put(self._make(max(self.size.width - 2, 20)))

    def action_back(self) -> None:
        """To where this was opened from."""
        _ = self.dismiss()


class Tree(Reading):
    """The tree of dependencies, which can be turned round.

    Args:
        lines: makes the tree, inverted or not.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("i", "invert", "turn round"), Binding("t", "back", show=False)]

    def __init__(self, lines: Callable[[bool], list[Text]]) -> None:
        self._inverted = False
        super().__init__("Who needs whom", lambda _width: lines(self._inverted))

    def action_invert(self) -> None:
        """Dependents below each crate, or dependencies again."""
        self._inverted = not self._inverted
        self.again()


class Asking(Screen[bool]):
    """A question with what it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes, do it"),
        Binding("n,escape", "answer(False)", "no"),
    ]

    def __init__(self, question: str, lines: list[Text]) -> None:
        super().__init__()
        self._question = question
        self._about = lines

    def compose(self) -> ComposeResult:
        """The question above, what it is about below it."""
        yield Static(Text(self._question, "bold reverse"), classes="title")
        yield Lines(self._about, id="text")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """The arrow keys move what it is about."""
        self.query_one(Lines).focus()

    def action_answer(self, agrees: bool) -> None:
        """Go back with the answer."""
        _ = self.dismiss(agrees)
