"""Text that is longer than the screen: only what is seen is drawn, so a thousand lines cost no more than twenty."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView, can_focus=True):
    """Lines to read, with the arrow keys and their like."""

    DEFAULT_CSS = "Lines { height: 1fr; scrollbar-size-vertical: 1; }"

    def __init__(self, lines: Sequence[Text] = (), *, id: str | None = None) -> None:  # noqa: A002  textual's name
        super().__init__(id=id)
        self._lines: Sequence[Text] = ()
        self.put(lines)

    def put(self, lines: Sequence[Text]) -> None:
        """Show other lines."""
        self._lines = lines
        self.virtual_size = Size(max((line.cell_len for line in lines), default=0), len(lines))
        self.refresh()

    @property
    def text(self) -> str:
        """All of it, without styles."""
        return "\n".join(line.plain for line in self._lines)

    def line(self, number: int) -> Text:
        """A line as it is to be drawn."""
        return self._lines[number] if number < len(self._lines) else Text("")

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        left, top = self.scroll_offset
        width = self.scrollable_content_region.width
        text = self.line(top + y)
        strip = Strip(text.render(self.app.console)).simplify()
        return strip.crop_extend(left, left + width, None).apply_style(self.rich_style)
