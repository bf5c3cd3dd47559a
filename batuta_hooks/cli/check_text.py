"""A check's report for people: a table of crates, the findings, a summary, and what to do next."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli.check_published import published_lines
from batuta_hooks.cli.terminal import age, console
from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.gather.repository import INDEX, WORKTREE
from batuta_hooks.registry.lookup import FROM_CARGO
from batuta_hooks.report.plain import printable, text_lines
from batuta_hooks.stack.actions import FETCH_AGE_S, Action, recommended_actions
from batuta_hooks.stack.checkouts import BARE, DETACHED, UNBORN, UNMERGED, Checkout
from batuta_hooks.stack.published_truth import Truths
from batuta_hooks.stack.standing import AHEAD, BEHIND, EQUAL, NEVER, UNKNOWN, YANKED, Standing
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED, Crate, Placed, Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

#: The worst first.
_STYLES = {ERROR: "bold red", WARNING: "yellow", UNDECIDED: "cyan", HEALTHY: "green"}

#: How the crates' versions stand to the published ones.
_STATES = {
    EQUAL: "as published",
    AHEAD: "ahead of it",
    BEHIND: "behind it",
    YANKED: "yanked there",
    NEVER: "never published",
    UNKNOWN: "not known",
}

#: What came of the question whether crates could be published, in the order in which it is told.
_VERDICTS = {
    "now": "now",
    "after": "after others",
    "published": "published already",
    "no": "refused",
    "never": "never meant to be",
    "unknown": "not known",
}
_WHY_NOT = {"no": "cargo will not publish", "after": "to publish", "unknown": "it is not known whether to publish"}

#: Columns of text, below which the one about the registry would leave the names no room.
_ROOM_FOR_REGISTRY = 60

#: Worth a row even if the crate is healthy.
_DIFFERENT = (AHEAD, BEHIND, YANKED)

#: How a checkout may stand that is judged all the same.
_ODD = {
    UNBORN: "no commit yet",
    DETACHED: "HEAD is detached",
    UNMERGED: "a merge is not finished",
    BARE: "a bare repository",
}

#: Where a dependency comes from, unless it is another registry.
_SOURCES = {"crates.io": "", "path": " by path", "git": " from git"}


class Shown(NamedTuple):
    """How much of a report is printed.

    Attributes:
        quiet: the findings alone.
        verbose: every crate, what it depends on, and every open question.
        strict: open questions count, so they are listed.
    """

    quiet: bool = False
    verbose: bool = False
    strict: bool = False


def print_report(report: Report, shown: Shown, *, color: bool, truths: Truths | None = None) -> None:
    """Print a report on standard output.

    Args:
        truths: what the registry was asked about the published versions, if it was.
    """
    findings = _finding_lines(report.findings, color=color)
    if shown.quiet:
        for line in findings:
            print(line)
        return
    out, verbose = console(color=color), shown.verbose
    parts = [
        list(_table_lines(out, report.crates, verbose=verbose)),
        list(_dependencies(report.crates, out.width)) if verbose else [],
        list(_answers(report.crates)) if verbose else [],
        list(_checkouts(report, verbose=verbose)),
        list(findings),
        list(published_lines(report, truths, verbose=verbose)) if truths is not None else [],
        list(_open_questions(report, verbose=verbose or shown.strict)),
        list(_summary(report)),
        list(_numbered(recommended_actions(report))),
    ]
    print("\n\n".join("\n".join(lines) for lines in parts if lines))


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number} {what if number == 1 else several or what + 's'}"


def _named(repository: str) -> str:
    return "this repository" if repository == "." else repository


def _table_lines(out: Console, crates: tuple[Crate, ...], *, verbose: bool) -> Iterator[str]:
    if crates:
        with out.capture() as captured:
            is_known = any(crate.standing.state != UNKNOWN for crate in crates)
            out.print(_table(crates, verbose=verbose, registry=is_known and out.width >= _ROOM_FOR_REGISTRY))
        yield from (line.rstrip() for line in captured.get().rstrip().split("\n"))


def _table(crates: Iterable[Crate], *, verbose: bool, registry: bool) -> Table:
    """A row a repository; of several crates in it, those that are unhealthy or not as published have rows below it."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Crate", overflow="fold", ratio=1)
    table.add_column("Version", overflow="fold", min_width=7)
    if registry:
        table.add_column("crates.io", overflow="fold", min_width=9)
    table.add_column("Status", no_wrap=True)
    table.add_column("Publish", no_wrap=True)
    table.add_column("Findings", overflow="fold", min_width=8)
    for repository, found in groupby(crates, key=lambda crate: crate.repository):
        group = list(found)
        if len(group) == 1 and group[0].name in (repository, printable(repository)):
            table.add_row(*_cells(group[0], "", registry=registry))
            continue
        worst = next(status for status in _STYLES if any(crate.status == status for crate in group))
        title = _text(f"{_named(repository)} ({_count(len(group), 'crate')})")
        table.add_row(title, "", *([_published(group)] if registry else []), _text(worst, _STYLES[worst]))
        for crate in group:
            if verbose or len(group) == 1 or crate.status != HEALTHY or crate.standing.state in _DIFFERENT:
                table.add_row(*_cells(crate, "  ", registry=registry))
    return table


def _cells(crate: Crate, indent: str, *, registry: bool) -> tuple[Text, ...]:
    counted = Counter(finding.code for finding in crate.findings)
    codes = " ".join(code if times == 1 else f"{code}x{times}" for code, times in sorted(counted.items()))
    status = _text(crate.status, _STYLES[crate.status])
    version = _text(crate.version or "-")
    published = [_text(_standing(crate.standing))] if registry else []
    verdict = _text(crate.publishable.verdict)
    return _text(indent + crate.name), version, *published, status, verdict, _text(codes)


def _published(crates: list[Crate]) -> str:
    """How many of a repository's crates are on crates.io; nothing where that is not known of any."""
    is_known = any(crate.standing.state != UNKNOWN for crate in crates)
    return f"{sum(crate.standing.version is not None for crate in crates)} published" if is_known else ""


def _standing(standing: Standing) -> str:
    """The published version, and how the one here stands to it where it is another; `-` where that is not known."""
    if standing.version is None:
        return "-" if standing.state == UNKNOWN else standing.state
    return standing.version if standing.state in (EQUAL, UNKNOWN) else f"{standing.version} {standing.state}"


def _text(outside: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(outside), style)


def _dependencies(crates: Iterable[Crate], width: int) -> Iterator[str]:
    for crate in crates:
        needs = ", ".join(
            f"{one.name}{f' {one.version}' if one.version else ''}{_SOURCES.get(one.source, f' from {one.source}')}"
            for one in crate.dependencies
        )
        text = printable(f"{_named(crate.repository)}: {crate.name} needs {needs or 'nothing'}")
        yield from textwrap.wrap(text, max(width, 20), subsequent_indent="    ", break_on_hyphens=False)


def _answers(crates: Iterable[Crate]) -> Iterator[str]:
    for crate in crates:
        standing = crate.standing
        said = f"{_standing(standing)}: {standing.why}"
        if standing.age_s is not None:
            place = "in cargo's own copy of the index" if standing.source == FROM_CARGO else f"at {standing.source}"
            said = f"{_standing(standing)}, checked {age(standing.age_s)} ago {place}"
        version = f" v{crate.version}" if crate.version else ""
        yield printable(f"{_named(crate.repository)}: {crate.name}{version} (crates.io: {said})")


def _checkouts(report: Report, *, verbose: bool) -> Iterator[str]:
    """A line for each repository of which there is something to be said."""
    for checkout in report.checkouts:
        said = list(_said_of(checkout, report.fetched_age_s(checkout), verbose=verbose))
        if said:
            yield printable(f"{_named(checkout.path)}: {', '.join(said)}")


def _said_of(checkout: Checkout, fetched_age_s: int | None, *, verbose: bool) -> Iterator[str]:
    status = checkout.status
    if checkout.error is not None:
        yield f"not judged ({checkout.state}): {checkout.error}"
    elif verbose and status and status.branch:
        yield f"on branch {status.branch}"
    if checkout.state in _ODD:
        yield _ODD[checkout.state]
    if checkout.is_shallow:
        yield "a shallow clone"
    if status and verbose:
        yield "changes that are not committed" if status.dirty else "clean"
    if status and status.ahead and verbose:
        yield f"{status.ahead} ahead of {status.upstream}"
    if status and status.behind:
        yield f"{status.behind} behind {status.upstream}"
    if fetched_age_s is not None and (verbose or fetched_age_s > FETCH_AGE_S):
        yield f"fetched {age(fetched_age_s)} ago"


def _finding_lines(findings: Iterable[Placed], *, color: bool) -> Iterator[str]:
    located = (placed.finding._replace(path=placed.path) for placed in findings)
    return text_lines(located, color=color)


def _open_questions(report: Report, *, verbose: bool) -> Iterator[str]:
    for cycle in report.cycles:
        circle = " -> ".join([*cycle, cycle[0]])
        yield printable(f"cycle: {circle}: each needs a published version of the next")
    if not verbose:
        return
    for crate in report.crates:
        verdict, why = crate.publishable.verdict, crate.publishable.why
        if verdict in _WHY_NOT:
            yield printable(f"{_named(crate.repository)}: {_WHY_NOT[verdict]} `{crate.name}`: {why}")
    for repository, unknown in report.unknown:
        if unknown.crate:
            yield printable(f"{_named(repository)}: undecided: {unknown.crate}: {unknown.why}")


def _summary(report: Report) -> Iterator[str]:
    repositories = _count(len(report.checkouts), "repository", "repositories")
    source = f"the {report.source}" if report.source in (WORKTREE, INDEX) else report.source
    yield printable(f"{_count(len(report.crates), 'crate')} in {repositories}, judged from {source}:")
    counted = [(report.count(HEALTHY), "healthy"), (report.count(UNDECIDED), "undecided")]
    counted = [(report.count(ERROR), "with errors"), (report.count(WARNING), "with warnings"), *counted]
    yield f"  {', '.join(f'{number} {what}' for number, what in counted if number) or 'nothing to judge'}"
    verdicts = Counter(crate.publishable.verdict for crate in report.crates)
    counted = [(verdicts[verdict], said) for verdict, said in _VERDICTS.items()]
    if any(number for number, _ in counted):
        yield f"  to publish: {', '.join(f'{number} {said}' for number, said in counted if number)}"
    yield from _registry_summary(report)


def _registry_summary(report: Report) -> Iterator[str]:
    states = Counter(crate.standing.state for crate in report.crates)
    counted = [(states[state], said) for state, said in _STATES.items()]
    if states.total() > states[UNKNOWN]:
        yield f"  crates.io: {', '.join(f'{number} {said}' for number, said in counted if number)}"
    elif report.crates:
        yield "  nothing is known of what crates.io has of them"
    if report.data_age_s is not None:
        then = f", as of {report.as_of}" if report.as_of else ""
        yield f"  the oldest answer that was used is {age(report.data_age_s)} old{then}"


def _numbered(actions: Iterable[Action]) -> Iterator[str]:
    for number, action in enumerate(actions, 1):
        if number == 1:
            yield "Recommended actions:"
        yield f"{number:>3}. {printable(action.text)}"
        yield f"     $ {printable(action.command)}"
