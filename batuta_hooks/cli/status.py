"""``batuta-stack status``: looks at the stack and shows it in the way that was asked for."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple

from batuta_hooks.cli.check import Progress, asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.status import Board, exit_code, status


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
    """

    format: str = "text"
    simple: bool = False
    tree: Tree | None = None


def run_status(common: Common, wish: Wish) -> int:
    """Look at the stack, print it on standard output and return the exit code."""
    board = look(common)
    say_notes(board.report.notes)
    if wish.format == "text":
        _print_text(common, board, wish)
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # whatever the terminal takes
        sys.stdout.write(_document(board, wish.format))
    return exit_code(board)


def look(common: Common) -> Board:
    """The board as the options want it looked at.

    Raises:
        BatutaError: there is no stack here, or an option is wrong.
    """
    now = report_time()
    return status(
        find_workspace(common.workspace),
        now=now,
        jobs=common.jobs,
        on_progress=Progress("repositories", quiet=bool(common.quiet)),
        asking=asking_of(common, now),
    )


def _print_text(common: Common, board: Board, wish: Wish) -> None:
    if wish.tree is not None:
        from batuta_hooks.cli.status_tree import tree_lines

        invert, depth, layer = wish.tree
        can_draw = (sys.stdout.encoding or "").lower().startswith("utf")
        print("\n".join(tree_lines(board, invert=invert, depth=depth, layer=layer, plain=not can_draw)))
        return
    from batuta_hooks.cli.status_text import print_board

    print_board(board, color=wants_color(common.color or "auto"), verbose=bool(common.verbose))


def _document(board: Board, format_: str) -> str:
    if format_ == "json":
        from batuta_hooks.cli.status_json import status_document

        return f"{status_document(board)}\n"
    if format_ == "html":
        from batuta_hooks.cli.page import page

        return page(board)
    from batuta_hooks.cli.diagrams import dot, mermaid

    return "".join(f"{line}\n" for line in (dot if format_ == "dot" else mermaid)(board))
