"""The board for people: a table that fits the terminal, a summary, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from batuta_hooks.cli.status_cells import STYLES, Column, columns, is_of_interest
from batuta_hooks.cli.terminal import console
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED

if TYPE_CHECKING:
    from rich.table import Table

_NAME_WIDTH = 24  # columns that a name gets before it is folded, where others want them


def print_board(board: Board, *, color: bool, verbose: bool) -> None:
    """Print the board on standard output.

    Args:
        verbose: crates that are never published too, even if they are healthy, and every reason.
    """
    out = console(color=color)
    shown = [row for row in board.rows if verbose or is_of_interest(row)]
    with out.capture() as captured:
        if shown:
            out.print(_table(board, shown, out.width))
    table = [line.rstrip() for line in captured.get().rstrip("\n").split("\n")] if shown else []
    hidden = len(board.rows) - len(shown)
    parts = [
        table,
        list(_reasons(shown, out.width, verbose=verbose)),
        list(_wrapped(_summary(board, hidden), out.width)),
        list(_wrapped(_actions(board), out.width)),
    ]
    print("\n\n".join("\n".join(part) for part in parts if part))


def _table(board: Board, shown: list[Row], width: int) -> Table:
    """A row a crate, by layer; the least important columns give way until the rest fits."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    fitting = _fitting(columns(board), shown, width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="bold")
    table.add_column("Crate", overflow="fold", ratio=1)
    for column, room in fitting.items():
        table.add_column(column.title, overflow="fold", width=room)
    visible = set(map(id, shown))
    for layer in board.layers:
        rows = [row for row in board.in_layer(layer) if id(row) in visible]
        if rows and len(board.layers) > 1:
            table.add_row(Text(printable(layer.name.upper()), "bold"))
        for row in rows:
            cells = [Text(one.cell(row), STYLES[row.health] if one.title == "Health" else "") for one in fitting]
            table.add_row(Text(("  " if len(board.layers) > 1 else "") + printable(row.crate.name)), *cells)
    return table


def _fitting(wanted: list[Column], shown: list[Row], width: int) -> dict[Column, int]:
    """The columns that there is room for, and how wide each is; what is longer is folded."""
    longest = {one: max(len(one.title), *(len(one.cell(row)) for row in shown)) for one in wanted}
    names = max(len(row.crate.name) for row in shown) + 2
    if names + sum(longest.values()) + len(wanted) <= width:
        return longest
    room = width - min(names, _NAME_WIDTH)
    fitting: dict[Column, int] = {}
    for column in wanted:
        needed = min(longest[column], max(column.widest, len(column.title)))
        if needed + 1 > room and len(fitting) > 1:
            break
        fitting[column] = needed
        room -= needed + 1
    return fitting


def _reasons(rows: list[Row], width: int, *, verbose: bool) -> Iterator[str]:
    for row in rows:
        if row.health == HEALTHY and not verbose:
            continue  # how it stands to crates.io is in the table
        reasons = row.reasons if verbose else row.reasons[:1]
        more = len(row.reasons) - len(reasons)
        for number, reason in enumerate(reasons):
            rest = f" (and {more} more)" if more and number == len(reasons) - 1 else ""
            yield from _wrapped([f"{row.crate.name}: {reason}{rest}"], width)


def _wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(printable(line), max(width, 20), subsequent_indent="    ", break_on_hyphens=False)


def _summary(board: Board, hidden: int) -> Iterator[str]:
    report = board.report
    counted = [("errors", "error"), ("warnings", "warning"), ("undecided", UNDECIDED)]
    said = [f"{len(report.crates)} crates", f"{report.count(HEALTHY)} healthy"]
    said += [f"{what} {report.count(health)}" for what, health in counted if report.count(health)]
    yield f"{board.updated:%Y-%m-%d %H:%M:%S} UTC: {', '.join(said)}"
    for checkout in report.checkouts:
        if checkout.error is not None:
            yield f"{checkout.path}: not judged ({checkout.state}): {checkout.error}"
    if hidden:
        yield f"{hidden} healthy crates that are never published are left out: --verbose shows them"


def _actions(board: Board) -> Iterator[str]:
    if board.actions:
        yield "Pending actions:"
    for number, action in enumerate(board.actions, 1):
        yield f"{number}. {action.text}: {action.command}"
