"""What a row of the board says, in few words: shared by the table, the page and the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from batuta_hooks.cli.terminal import age
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.gate_facts import GateFact
from batuta_hooks.stack.standing import EQUAL, UNKNOWN, Standing
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED

#: Every health, the worst first, and the rich style for it.
STYLES = {"error": "bold red", "warning": "yellow", UNDECIDED: "cyan", HEALTHY: "green"}

#: What stands beside a health, so that it is told by more than colour.
SIGNS = {"error": "✗", "warning": "!", UNDECIDED: "?", HEALTHY: "✓"}

NOTHING = "-"

_NAME_WIDTH = 24  # columns that a name gets before it is cut, where others want them


class Column(NamedTuple):
    """A column of the board.

    Attributes:
        title: what stands above it.
        cell: what a row has in it; no line break, and safe to print.
        widest: how many characters of it are worth a line of their own; longer ones are folded.
    """

    title: str
    cell: Callable[[Row], str]
    widest: int


def columns(board: Board) -> list[Column]:
    """The columns, the most important ones first; those of which nothing is known are left out."""
    wanted = [
        Column("Version", lambda row: printable(row.crate.version or NOTHING), 10),
        Column("Health", lambda row: row.health, 7),
        Column("crates.io", lambda row: standing_text(row.crate.standing), 13),
        Column("Publish", lambda row: row.crate.publishable.verdict, 9),
        Column("Released", released_text, 9),
        Column("Cov", coverage_text, 5),
        Column("Warn", warnings_text, 4),
        Column("Git", git_text, 12),
    ]
    always = ("Version", "Health", "Publish")
    return [one for one in wanted if one.title in always or any(one.cell(row) != NOTHING for row in board.rows)]


def fitting(wanted: Sequence[Column], shown: Sequence[Row], width: int) -> dict[Column, int]:
    """The columns that there is room for beside the names, and how wide each is; what is longer has to be cut.

    Args:
        width: of all, with one space between them.
    """
    longest = {one: max([len(one.title), *(len(one.cell(row)) for row in shown)]) for one in wanted}
    names = max((len(row.crate.name) for row in shown), default=0) + 2
    if names + sum(longest.values()) + len(wanted) <= width:
        return longest
    room = width - min(names, _NAME_WIDTH)
    fitted: dict[Column, int] = {}
    for column in wanted:
        needed = min(longest[column], max(column.widest, len(column.title)))
        if needed + 1 > room and len(fitted) > 1:
            break
        fitted[column] = needed
        room -= needed + 1
    return fitted


def is_of_interest(row: Row) -> bool:
    """Whether a row is shown unless everything is: it may be published, or something is wrong with it."""
    return row.crate.publishable.verdict != "never" or row.health != HEALTHY


def needs_action(row: Row) -> bool:
    """Whether somebody has to do something about a crate: there is a finding about it that is no mere note."""
    return row.health not in (HEALTHY, UNDECIDED)


def standing_text(standing: Standing) -> str:
    """The published version, and how the one here stands to it where it is another; `-` where that is not known."""
    if standing.version is None:
        return NOTHING if standing.state == UNKNOWN else standing.state
    if standing.state in (EQUAL, UNKNOWN):
        return printable(standing.version)
    return printable(f"{standing.version} {standing.state}")


def released_text(row: Row) -> str:
    """Days since the last release and, after a plus sign, the commits since its tag."""
    days = f"{row.last_release.days}d" if row.last_release.days is not None else ""
    commits = f"+{row.last_release.commits}" if row.last_release.commits else ""
    return f"{days} {commits}".strip() or NOTHING


def coverage_text(row: Row) -> str:
    """The share of covered lines in whole percent, never rounded up; with `~` where it is of another tree."""
    if row.coverage is None:
        return NOTHING
    return f"{'' if row.coverage.tree_is_current else '~'}{int(row.coverage.percent)}%"


def warnings_text(row: Row) -> str:
    """How many warnings the last lint gave; with `~` where it was of another tree."""
    if row.lint is None or row.lint.figure is None:
        return NOTHING
    return f"{'' if row.lint.tree_is_current else '~'}{int(row.lint.figure)}"


def gate_text(gate: GateFact) -> str:
    """A gate's last result as a clause."""
    tree = "of this tree" if gate.tree_is_current else "of another tree"
    whom = f" for {gate.crate}" if gate.crate else ""
    detail = f": {gate.detail}" if gate.detail else ""
    return f"{gate.name}{whom} passed {age(gate.age_s)} ago, {tree}{detail}"


def git_text(row: Row) -> str:
    """The checkout in short: `main` where it is clean, `main*` where it is not, and `+1 -2` ahead and behind."""
    status = row.checkout.status
    if status is None:
        return NOTHING
    branch = printable(status.branch or "no branch")
    ahead = f" +{status.ahead}" if status.ahead else ""
    behind = f" -{status.behind}" if status.behind else ""
    return f"{branch}{'*' if status.dirty else ''}{ahead}{behind}"


def sources(row: Row) -> Iterator[str]:
    """Each figure's file, tree and time, a clause each; plain text."""
    crate, standing, last = row.crate, row.crate.standing, row.last_release
    folder = "" if crate.repository == "." else f"{crate.repository}/"
    yield f"manifest: {folder}{crate.manifest_path}"
    if standing.age_s is not None:
        yield f"crates.io: as of {age(standing.age_s)} ago, from {standing.source}"
    elif standing.why:
        yield f"crates.io: {standing.why}"
    if crate.publishable.why:
        yield f"publish: {crate.publishable.why}"
    if last.published_at is not None:
        yield f"last release: {last.version}, published {last.published_at}"
    if last.tag is not None:
        beyond = f"{last.commits} commits before HEAD" if last.commits is not None else "no ancestor of HEAD"
        yield f"its tag: {last.tag}, {beyond}"
    for lag in row.lags:
        yield f"outdated: requires {lag.dependency} {lag.requirement}, and {lag.newest} is published"
    measured = row.coverage
    if measured is not None:
        tree = "of this tree" if measured.tree_is_current else "of another tree"
        whom = "" if measured.is_of_crate else " of the whole repository"
        yield f"coverage{whom}: {measured.percent:.2f} %, {tree}, {age(measured.age_s)} old, from {measured.source}"
    for gate in row.gates:
        yield f"gate: {gate_text(gate)}"
