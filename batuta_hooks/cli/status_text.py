"""The board for people: a table that fits the terminal, a summary, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from batuta_hooks.cli.status_cells import STYLES, columns, fitting, is_of_interest
from batuta_hooks.cli.terminal import console
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED

if TYPE_CHECKING:
    from rich.table import Table


def print_board(board: Board, *, color: bool, verbose: bool, outdated: bool = False) -> None:
    """Print the board on standard output.

    Args:
        verbose: crates that are never published too, even if they are healthy, and every reason.
        outdated: those alone that are, and what keeps them so.
    """
    out = console(color=color)
    shown = [row for row in board.rows if (row.is_outdated if outdated else verbose or is_of_interest(row))]
    with out.capture() as captured:
        if shown:
            out.print(_table(board, shown, out.width))
    table = [line.rstrip() for line in captured.get().rstrip("\n").split("\n")] if shown else []
    hidden = 0 if outdated else len(board.rows) - len(shown)
    parts = [
        table,
        list(_wrapped(_lags(shown), out.width)) if outdated else list(_reasons(shown, out.width, verbose=verbose)),
        list(_wrapped(_summary(board, hidden), out.width)),
        list(_wrapped(_actions(board), out.width)),
    ]
    print("\n\n".join("\n".join(part) for part in parts if part))


def _table(board: Board, shown: list[Row], width: int) -> Table:
    """A row a crate, by layer; the least important columns give way until the rest fits."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    fitted = fitting(columns(board), shown, width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="bold")
    table.add_column("Crate", overflow="fold", ratio=1)
    for column, room in fitted.items():
        table.add_column(column.title, overflow="fold", width=room)
    visible = set(map(id, shown))
    for layer in board.layers:
        rows = [row for row in board.in_layer(layer) if id(row) in visible]
        if rows and len(board.layers) > 1:
            table.add_row(Text(printable(layer.name.upper()), "bold"))
        for row in rows:
            cells = [Text(one.cell(row), STYLES[row.health] if one.title == "Health" else "") for one in fitted]
            table.add_row(Text(("  " if len(board.layers) > 1 else "") + printable(row.crate.name)), *cells)
    return table


def _reasons(rows: list[Row], width: int, *, verbose: bool) -> Iterator[str]:
    for row in rows:
        if row.health == HEALTHY and not verbose:
            continue  # how it stands to crates.io is in the table
        reasons = row.reasons if verbose else row.reasons[:1]
        more = len(row.reasons) - len(reasons)
        for number, reason in enumerate(reasons):
            rest = f" (and {more} more)" if more and number == len(reasons) - 1 else ""
            yield from _wrapped([f"{row.crate.name}: {reason}{rest}"], width)


def _lags(rows: list[Row]) -> Iterator[str]:
    if not rows:
        yield "nothing is outdated"
    for row in rows:
        for lag in row.lags:
            yield f"{row.crate.name}: requires {lag.dependency} {lag.requirement}, and {lag.newest} is published"


def _wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(printable(line), max(width, 20), subsequent_indent="    ", break_on_hyphens=False)


def _summary(board: Board, hidden: int) -> Iterator[str]:
    report = board.report
    counted = [("errors", "error"), ("warnings", "warning"), ("undecided", UNDECIDED)]
    crates = len(report.crates)
    said = [f"{crates} {'crate' if crates == 1 else 'crates'}", f"{report.count(HEALTHY)} healthy"]
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
