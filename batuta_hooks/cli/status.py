"""``batuta-stack status``: looks at the stack and shows it in the way that was asked for."""

from __future__ import annotations

import io
import os
import sys
import time
from importlib.util import find_spec
from shutil import get_terminal_size
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli.common import Common

if TYPE_CHECKING:  # the dashboard is drawn before any of it is needed
    from batuta_hooks.stack.status import Board


class Tree(NamedTuple):
    """Which tree to show; see `batuta_hooks.cli.status_tree.branches`."""

    invert: bool = False
    depth: int | None = None
    layer: str | None = None


class Wish(NamedTuple):
    """What to show of the board.

    Attributes:
        format: ``text``, ``json``, ``mermaid``, ``dot`` or ``html``.
        simple: a table, even in a terminal.
        tree: a tree; ``None`` for none.
        outdated: those crates alone that lag behind crates.io.
        fetch: fetch in every repository first.
        watch_s: seconds after which to look again, until somebody ends it; ``None`` for once.
    """

    format: str = "text"
    simple: bool = False
    tree: Tree | None = None
    outdated: bool = False
    fetch: bool = False
    watch_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing says how to show the board, so that a terminal gets the dashboard."""
        return self.format == "text" and not self.simple and self.tree is None and not self.outdated


def run_status(common: Common, wish: Wish) -> int:
    """Show the stack, and return the exit code of what was seen last."""
    if wish.is_open and _is_terminal():
        if find_spec("textual") is not None:
            return _dashboard(common, wish)
        from batuta_hooks.cli.check import say_notes

        say_notes(["the dashboard needs textual, which is not installed: pip install 'batuta-hooks[tui]'"])
    code = _show(common, wish)
    while wish.watch_s is not None:
        sys.stdout.flush()
        time.sleep(wish.watch_s)
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[H\x1b[2J")
        code = _show(common, wish)
    return code


def _is_terminal() -> bool:
    """Whether there is a terminal at both ends; textual draws on standard error."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def _dashboard(common: Common, wish: Wish) -> int:
    from batuta_hooks.cli.dashboard.run import run_dashboard

    if wish.fetch:
        from batuta_hooks.cli.check import fetched, say_notes
        from batuta_hooks.stack.checkouts import find_workspace

        say_notes(fetched(find_workspace(common.workspace), common, is_offline=bool(common.offline)))
    return run_dashboard(common, wish.watch_s)


def _show(common: Common, wish: Wish) -> int:
    from batuta_hooks.cli.check import say_notes
    from batuta_hooks.stack.status import exit_code

    board = look(common, fetch=wish.fetch)
    say_notes(board.report.notes)
    if wish.format == "text":
        _print_text(common, board, wish)
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # whatever the terminal takes
        sys.stdout.write(_document(board.outdated() if wish.outdated else board, wish.format))
    return exit_code(board)


def look(common: Common, *, fetch: bool = False) -> Board:
    """The board as the options want it looked at.

    Args:
        fetch: fetch in every repository first.

    Raises:
        BatutaError: there is no stack here, or an option is wrong.
    """
    from batuta_hooks.cli.check import Progress, asking_of, fetched, say_notes
    from batuta_hooks.stack.check import report_time
    from batuta_hooks.stack.checkouts import find_workspace
    from batuta_hooks.stack.status import status

    now = report_time()
    workspace = find_workspace(common.workspace)
    asking = asking_of(common, now)
    if fetch:
        say_notes(fetched(workspace, common, is_offline=asking.offline))
    progress = Progress("repositories", quiet=bool(common.quiet))
    return status(workspace, now=now, jobs=common.jobs, on_progress=progress, asking=asking)


def _print_text(common: Common, board: Board, wish: Wish) -> None:
    if wish.tree is not None:
        from batuta_hooks.cli.status_tree import tree_lines

        invert, depth, layer = wish.tree
        plain = not (sys.stdout.encoding or "").lower().startswith("utf")
        width = get_terminal_size((0, 0)).columns  # a program that reads it and sets no COLUMNS gets all of it
        print("\n".join(tree_lines(board, invert=invert, depth=depth, layer=layer, plain=plain, width=width)))
        return
    from batuta_hooks.cli.status_text import print_board
    from batuta_hooks.report.terminal import wants_color

    color = wants_color(common.color or "auto")
    print_board(board, color=color, verbose=bool(common.verbose), outdated=wish.outdated)


def _document(board: Board, format_: str) -> str:
    if format_ == "json":
        from batuta_hooks.cli.status_json import status_document

        return f"{status_document(board)}\n"
    if format_ == "html":
        from batuta_hooks.cli.page import page

        return page(board)
    from batuta_hooks.cli.diagrams import dot, mermaid

    return "".join(f"{line}\n" for line in (dot if format_ == "dot" else mermaid)(board))
