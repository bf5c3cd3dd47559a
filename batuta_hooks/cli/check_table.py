"""The table of a check's report: a row a repository, or a crate, that fits the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli.terminal import counted
from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.standing import AHEAD, BEHIND, EQUAL, UNKNOWN, YANKED, Standing
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED, Crate

if TYPE_CHECKING:
    from rich.console import Console

#: The worst first.
_STYLES = {ERROR: "bold red", WARNING: "yellow", UNDECIDED: "cyan", HEALTHY: "green"}

#: Columns of text, below which the one about the registry, and then the verdict, would leave the names no room.
_ROOM_FOR_REGISTRY, _ROOM_FOR_VERDICT = 60, 50

#: Worth a row even if the crate is healthy.
_DIFFERENT = (AHEAD, BEHIND, YANKED)

#: Spaces between two columns.
_GAP = 2

_CRATE, _VERSION, _REGISTRY, _STATUS, _PUBLISH, _FINDINGS = range(6)
_HEADS = ("Crate", "Version", "crates.io", "Status", "Publish", "Findings")

#: Which columns give way where the terminal is narrow, and down to which width: what is wrapped at its spaces first.
_GIVING_WAY = (
    *((_FINDINGS, 17), (_REGISTRY, 15), (_VERSION, 12), (_CRATE, 24), (_FINDINGS, 8), (_CRATE, 16)),
    *((_REGISTRY, 9), (_VERSION, 7), (_CRATE, 5)),
)


class _Row(NamedTuple):
    """The cells as text, and the style of the status."""

    cells: tuple[str, ...]
    style: str = ""


def table_lines(out: Console, crates: Sequence[Crate], *, verbose: bool) -> Iterator[str]:
    """The lines of the table, none of them wider than the console; nothing where there are no crates.

    Of several crates in a repository, those that are unhealthy or not as published have rows below it; verbosely all.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not crates:
        return
    is_known = any(crate.standing.state != UNKNOWN for crate in crates)
    has_room = {_REGISTRY: is_known and out.width >= _ROOM_FOR_REGISTRY, _PUBLISH: out.width >= _ROOM_FOR_VERDICT}
    rows = list(_rows(crates, verbose=verbose))
    shown = [number for number in range(len(_HEADS)) if has_room.get(number, True)]
    widths = _widths([row.cells for row in rows], shown, out.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for number in shown:
        table.add_column(_HEADS[number], overflow="fold", width=widths[number])
    for row in rows:
        table.add_row(*(Text(row.cells[number], row.style if number == _STATUS else "") for number in shown))
    with out.capture() as captured:
        out.print(table)
    yield from (line.rstrip() for line in captured.get().rstrip().split("\n"))


def _widths(rows: Iterable[Sequence[str]], shown: Sequence[int], room: int) -> dict[int, int]:
    from rich.cells import cell_len

    lines = [_HEADS, *rows]
    widths = {number: max(cell_len(line[number]) for line in lines) for number in shown}
    for number, least in _GIVING_WAY:
        lacking = sum(widths.values()) + _GAP * (len(shown) - 1) - room
        if lacking > 0 and number in widths:
            widths[number] -= max(0, min(lacking, widths[number] - least))
    return widths


def _rows(crates: Iterable[Crate], *, verbose: bool) -> Iterator[_Row]:
    for repository, found in groupby(crates, key=lambda crate: crate.repository):
        group = list(found)
        if len(group) == 1 and group[0].name in (repository, printable(repository)):
            yield _row(group[0], "")
            continue
        worst = next(status for status in _STYLES if any(crate.status == status for crate in group))
        name = "this repository" if repository == "." else printable(repository)
        title = f"{name} ({counted(len(group), 'crate')})"
        yield _Row((title, "", _published(group), worst, "", ""), _STYLES[worst])
        for crate in group:
            if verbose or len(group) == 1 or crate.status != HEALTHY or crate.standing.state in _DIFFERENT:
                yield _row(crate, "  ")


def _row(crate: Crate, indent: str) -> _Row:
    numbers = Counter(finding.code for finding in crate.findings)
    codes = " ".join(code if times == 1 else f"{code}x{times}" for code, times in sorted(numbers.items()))
    version, verdict = printable(crate.version or "-"), crate.publishable.verdict
    cells = (indent + printable(crate.name), version, printable(registry_text(crate.standing)))
    return _Row((*cells, crate.status, verdict, codes), _STYLES[crate.status])


def _published(crates: list[Crate]) -> str:
    """How many of a repository's crates are on crates.io; nothing where that is not known of any."""
    is_known = any(crate.standing.state != UNKNOWN for crate in crates)
    return f"{sum(crate.standing.version is not None for crate in crates)} published" if is_known else ""


def registry_text(standing: Standing) -> str:
    """The published version, and how the one here stands to it where it is another; `-` where that is not known."""
    if standing.version is None:
        return "-" if standing.state == UNKNOWN else standing.state
    return standing.version if standing.state in (EQUAL, UNKNOWN) else f"{standing.version} {standing.state}"
