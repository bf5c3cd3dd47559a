"""The dashboard: the board in a terminal, kept up to date; whatever takes time happens beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from batuta_hooks.cli.dashboard.board_view import BoardView, Filter
from batuta_hooks.cli.dashboard.screens import Asking, Reading, Tree
from batuta_hooks.cli.dashboard.work import Proposal, Told, Work
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.plain import printable

if TYPE_CHECKING:  # all that knows a stack is imported by the thread that looks at it, once the screen is drawn
    from batuta_hooks.stack.status import Board

_LOOKING, _PROPOSING, _SYNCHRONIZING = "looking at the stack", "asking sync", "synchronizing"

_WIDE = 110  # columns from which on healths are written out in the head
_OF_THE_BOARD = frozenset({"refresh", "check", "sync", "find", "only_action", "tree", "gates", "help", "unfilter"})


class Dashboard(App[None]):
    """The board and what can be done from it.

    Args:
        work: what is done, and how.
        watch_s: seconds after which the stack is looked at again by itself; ``None`` for never.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head, #titles, #foot { height: 1; }
    #titles { text-style: bold; }
    #find { display: none; height: 3; }
    #find.open { display: block; }
    .title { height: 1; }
    Screen { overflow: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("r", "refresh", "refresh"),
        Binding("c", "check", "check"),
        Binding("s", "sync", "sync"),
        Binding("slash", "find", "filter", key_display="/"),
        Binding("o", "only_action", "to do"),
        Binding("t", "tree", "tree"),
        Binding("g", "gates", "gates"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("escape", "unfilter", show=False),
    ]

    class Progress(Message):
        """How far the work beside is."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Ended(Message):
        """The work beside has ended.

        Attributes:
            then: takes what came of it.
            error: what stopped it; ``None`` where nothing did.
        """

        def __init__(self, then: Callable[[Any], None], result: Any, error: Exception | None) -> None:
            super().__init__()
            self.then, self.result, self.error = then, result, error

    def __init__(self, work: Work, watch_s: float | None = None) -> None:
        super().__init__()
        self.animation_level = "none"
        self.board: Board | None = None
        self._work = work
        self._watch_s = watch_s
        self._job = ""
        self._thread: threading.Thread | None = None
        self._filter = Filter()
        self._counts: dict[str, int] = {}  # crates by health

    @property
    def job(self) -> str:
        """What is being done beside; empty for nothing."""
        return self._job

    def finish(self) -> None:
        """Wait until no file is being changed any more; for when the dashboard has ended, for whatever reason."""
        if self._job == _SYNCHRONIZING and self._thread is not None:
            self._thread.join()

    def compose(self) -> ComposeResult:
        """From above to below: what it is, the board, what is going on, the keys."""
        yield Static(id="head")
        yield Static(id="titles")
        yield BoardView(id="board")
        yield Input(placeholder="words to find; enter keeps them, escape drops them", id="find")
        yield Static(id="foot")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(BoardView).focus()
        self._show()
        self.action_refresh()
        if self._watch_s is not None:
            self.set_interval(self._watch_s, self._look_again)

    def _look_again(self) -> None:
        if not self._job:
            self.action_refresh()

    def _begin(self, job: str, work: Callable[[Told], Any], then: Callable[[Any], None]) -> None:
        """Do something beside; one thing at a time."""
        if self._job:
            self._say(f"still {self._job}", "yellow")
            return
        self._job = job
        self._say(f"{job} ...")

        def run() -> None:
            result, error = None, None
            try:
                result = work(lambda text: self._post(self.Progress(text)))
            except Exception as raised:  # noqa: BLE001  shown, or raised again, by the app's own thread
                error = raised
            self._post(self.Ended(then, result, error))

        # nobody waits for it when the dashboard ends, unless it changes files
        self._thread = threading.Thread(target=run, name=job, daemon=True)
        self._thread.start()

    def _post(self, message: Message) -> None:
        if self.is_running:
            self.post_message(message)

    @on(Progress)
    def _on_progress(self, message: Progress) -> None:
        if self._job:
            self._say(f"{self._job}: {message.text}")

    @on(Ended)
    def _on_ended(self, message: Ended) -> None:
        job, self._job = self._job, ""
        self._say("")
        if message.error is None:
            message.then(message.result)
        elif isinstance(message.error, BatutaError | OSError):
            self._say(f"{job} failed: {' '.join(str(message.error).split())}", "bold red")
        else:
            raise message.error

    def _say(self, text: str, style: str = "") -> None:
        if not text and self.board is not None and self.board.actions:
            first = self.board.actions[0]
            text = f"to do, 1 of {len(self.board.actions)}: {first.text} ({first.command})"
        self._put("#foot", Text(printable(text), style, no_wrap=True, overflow="ellipsis"))

    def _put(self, where: str, text: Text) -> None:
        # the lines are gone already where what was done beside ends while the dashboard does
        for line in self.screen_stack[0].query(where).results(Static):
            line.update(text, layout=False)  # its height is fixed

    def _show(self) -> None:
        """Draw what is known of the stack."""
        if self.board is not None:
            self._board_view().show(self.board, self._filter)
        self._show_head()

    def _show_head(self) -> None:
        if self.board is None:
            self._put("#head", Text(printable(f"Stack status  {self._work.place}"), "bold", no_wrap=True))
            return
        from batuta_hooks.cli.status_cells import SIGNS, STYLES

        head = Text(f"{self.board.updated:%Y-%m-%d %H:%M:%S} UTC  ", "bold", no_wrap=True)
        count = len(self.board.rows)
        head.append(f"{count} crate{'' if count == 1 else 's'} ")
        for health, sign in reversed(SIGNS.items()):
            number = self._counts[health]
            word = f" {health}" if self.size.width >= _WIDE else ""
            head.append(f" {sign}{number}{word}", STYLES[health] if number else "")
        shown = len(self._board_view().rows)
        if shown < len(self.board.rows):
            head.append(f"   {shown} shown", "italic")
        chosen = [*(["to do"] if self._filter.only_action else []), *self._filter.words]
        if chosen:
            head.append(printable(f": {' '.join(chosen)}"), "italic")
        self._put("#head", head)

    @on(BoardView.Fitted)
    def _on_fitted(self, message: BoardView.Fitted) -> None:
        self._put("#titles", message.titles)
        self._show_head()  # which has room for other words, too

    def _board_view(self) -> BoardView:
        return self.screen_stack[0].query_one(BoardView)

    def action_refresh(self) -> None:
        """Look at the stack again."""
        self._begin(_LOOKING, self._work.look, self._looked)

    def _looked(self, board: Board) -> None:
        from batuta_hooks.cli.status_cells import SIGNS

        self.board = board
        self._counts = {health: board.report.count(health) for health in SIGNS}
        self._show()
        self._say("")

    def action_check(self) -> None:
        """Look again, then list the findings."""

        from batuta_hooks.cli.dashboard.texts import findings_lines

        def looked(board: Board) -> None:
            self._looked(board)
            self._open(Reading("Findings", lambda width: findings_lines(board, width)))

        self._begin(_LOOKING, self._work.look, looked)

    def action_sync(self) -> None:
        """Ask sync what it would do, then the user whether it shall."""
        self._begin(_PROPOSING, self._work.propose, self._proposed)

    def _proposed(self, proposal: Proposal) -> None:
        lines = [Text.from_ansi(line) for line in proposal.lines]
        if not proposal.changes:
            self._open(Reading("Nothing to synchronize", lambda _width: lines))
            return

        def answered(agrees: bool | None) -> None:
            if agrees:
                self._begin(_SYNCHRONIZING, proposal.apply, self._synchronized)
            else:
                self._say("nothing was changed")

        requirements = "1 requirement" if proposal.changes == 1 else f"{proposal.changes} requirements"
        self._open(Asking(f"Change {requirements}? y changes them, n does not", lines), answered)

    def _synchronized(self, lines: list[str]) -> None:
        self._open(Reading("Synchronized", lambda _width: [Text.from_ansi(line) for line in lines]))
        self.action_refresh()

    def _open(self, screen: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        _ = self.push_screen(screen, then)  # nobody has to wait until it is drawn

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """On the other screens, only quitting is the dashboard's own."""
        return len(self.screen_stack) == 1 or action not in _OF_THE_BOARD

    def action_help(self) -> None:
        """Say what the keys do."""
        from batuta_hooks.cli.dashboard.texts import help_lines

        self._open(Reading("Keys", help_lines))

    def action_tree(self) -> None:
        """Show who needs whom."""
        from batuta_hooks.cli.status_tree import tree_lines

        board = self.board
        if board is not None:
            self._open(Tree(lambda inverted: [Text(line) for line in tree_lines(board, invert=inverted)]))

    def action_gates(self) -> None:
        """Show which gates passed."""
        from batuta_hooks.cli.dashboard.texts import gates_lines

        board = self.board
        if board is not None:
            self._open(Reading("Gates", lambda width: gates_lines(board, width)))

    def action_only_action(self) -> None:
        """Show what needs action alone, or everything again."""
        self._filter = self._filter._replace(only_action=not self._filter.only_action)
        self._show()

    def action_find(self) -> None:
        """Ask for words."""
        find = self.query_one("#find", Input)
        find.add_class("open")
        find.focus()

    def action_unfilter(self) -> None:
        """Show everything again."""
        find = self.screen_stack[0].query_one("#find", Input)
        self._filter = Filter()
        find.value = ""
        self._close(find)
        self._show()

    @on(Input.Changed, "#find")
    def _on_words(self, message: Input.Changed) -> None:
        words = tuple(message.value.lower().split())
        if words != self._filter.words:
            self._filter = self._filter._replace(words=words)
            self._show()

    @on(Input.Submitted, "#find")
    def _on_found(self, message: Input.Submitted) -> None:
        self._close(message.input)

    def _close(self, find: Input) -> None:
        find.remove_class("open")
        self._board_view().focus()

    @on(BoardView.Chosen)
    def _on_chosen(self, message: BoardView.Chosen) -> None:
        from batuta_hooks.cli.dashboard.texts import crate_lines

        board, row = self.board, message.row
        if board is not None:
            self._open(Reading(printable(row.crate.name), lambda width: crate_lines(board, row, width)))

    async def action_quit(self) -> None:
        """End, unless files are being changed."""
        if self._job == _SYNCHRONIZING:
            self._say(f"still {self._job}", "yellow")
        else:
            self.exit()
