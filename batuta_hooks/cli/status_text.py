"""The board for people: a table that fits the terminal, a summary, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli.terminal import console
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.standing import EQUAL, UNKNOWN, Standing
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED

if TYPE_CHECKING:
    from rich.table import Table

#: The worst first.
STYLES = {"error": "bold red", "warning": "yellow", UNDECIDED: "cyan", HEALTHY: "green"}

_NAME_WIDTH = 24  # columns that a name gets before it is folded, where others want them
_NOTHING = "-"


class Column(NamedTuple):
    """A column of the board: its title, and what a row has in it; no line break, and safe to print."""

    title: str
    cell: Callable[[Row], str]


def print_board(board: Board, *, color: bool, verbose: bool) -> None:
    """Print the board on standard output.

    Args:
        verbose: crates that are never published too, even if they are healthy, and every reason.
    """
    out = console(color=color)
    shown = [row for row in board.rows if verbose or is_of_interest(row)]
    with out.capture() as captured:
        out.print(_table(board, shown, out.width))
    table = [line.rstrip() for line in captured.get().rstrip("\n").split("\n")] if shown else []
    hidden = len(board.rows) - len(shown)
    parts = [
        table,
        list(_reasons(shown, out.width, verbose=verbose)),
        list(_wrapped(_summary(board, hidden), out.width)),
    ]
    print("\n\n".join("\n".join(part) for part in parts if part))


def is_of_interest(row: Row) -> bool:
    """Whether a row is shown unless everything is: it may be published, or something is wrong with it."""
    return row.crate.publishable.verdict != "never" or row.health != HEALTHY


def columns(board: Board) -> list[Column]:
    """The columns, the most important ones first; those of which nothing is known are left out."""
    wanted = [
        Column("Version", lambda row: printable(row.crate.version or _NOTHING)),
        Column("Health", lambda row: row.health),
        Column("crates.io", lambda row: standing_text(row.crate.standing)),
        Column("Publish", lambda row: row.crate.publishable.verdict),
        Column("Released", released_text),
        Column("Git", git_text),
    ]
    always = ("Version", "Health", "Publish")
    return [one for one in wanted if one.title in always or any(one.cell(row) != _NOTHING for row in board.rows)]


def standing_text(standing: Standing) -> str:
    """The published version, and how the one here stands to it where it is another; `-` where that is not known."""
    if standing.version is None:
        return _NOTHING if standing.state == UNKNOWN else standing.state
    if standing.state in (EQUAL, UNKNOWN):
        return printable(standing.version)
    return printable(f"{standing.version} {standing.state}")


def released_text(row: Row) -> str:
    """Days since the last release and, after a plus sign, the commits since its tag."""
    days = f"{row.last_release.days}d" if row.last_release.days is not None else ""
    commits = f"+{row.last_release.commits}" if row.last_release.commits else ""
    return f"{days} {commits}".strip() or _NOTHING


def git_text(row: Row) -> str:
    """The checkout in short: `main` where it is clean, `main*` where it is not, and `+1 -2` ahead and behind."""
    status = row.checkout.status
    if status is None:
        return _NOTHING
    branch = printable(status.branch or "no branch")
    ahead = f" +{status.ahead}" if status.ahead else ""
    behind = f" -{status.behind}" if status.behind else ""
    return f"{branch}{'*' if status.dirty else ''}{ahead}{behind}"


def _table(board: Board, shown: list[Row], width: int) -> Table:
    """A row a crate, by layer; the least important columns give way until the rest fits."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    fitting = _fitting(columns(board), shown, width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Crate", overflow="fold", ratio=1)
    for column in fitting:
        table.add_column(column.title, overflow="fold", no_wrap=column.title == "Health")
    visible = set(map(id, shown))
    for layer in board.layers:
        rows = [row for row in board.in_layer(layer) if id(row) in visible]
        if rows and len(board.layers) > 1:
            table.add_row(Text(printable(layer.name.upper()), "bold"))
        for row in rows:
            cells = [Text(one.cell(row), STYLES[row.health] if one.title == "Health" else "") for one in fitting]
            table.add_row(Text(("  " if len(board.layers) > 1 else "") + printable(row.crate.name)), *cells)
    return table


def _fitting(wanted: list[Column], shown: list[Row], width: int) -> list[Column]:
    longest = max((len(row.crate.name) + 2 for row in shown), default=0)
    room = width - min(longest, _NAME_WIDTH)
    fitting: list[Column] = []
    for column in wanted:
        needed = max(len(column.title), *(len(column.cell(row)) for row in shown)) + 1
        if needed <= room or len(fitting) < 2:
            fitting.append(column)
            room -= needed
    return fitting


def _reasons(rows: list[Row], width: int, *, verbose: bool) -> Iterator[str]:
    for row in rows:
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
