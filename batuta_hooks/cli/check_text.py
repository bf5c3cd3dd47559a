"""A check's report for people: a table of crates, the findings, a summary, and what to do next."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from batuta_hooks.cli.check_deep import deep_lines
from batuta_hooks.cli.check_published import published_lines
from batuta_hooks.cli.check_table import registry_text, table_lines
from batuta_hooks.cli.check_what_if import what_if_lines
from batuta_hooks.cli.conflicts import sides_of
from batuta_hooks.cli.terminal import age, console, counted
from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.domain.publishable import NO
from batuta_hooks.domain.questions import said_once
from batuta_hooks.gather.repository import INDEX, WORKTREE
from batuta_hooks.registry.lookup import FROM_CARGO
from batuta_hooks.report.plain import printable, text_lines
from batuta_hooks.stack.actions import FETCH_AGE_S, Action, recommended_actions
from batuta_hooks.stack.checkouts import BARE, DETACHED, UNBORN, UNMERGED, Checkout
from batuta_hooks.stack.published_truth import Truths
from batuta_hooks.stack.standing import AHEAD, BEHIND, EQUAL, NEVER, UNKNOWN, YANKED
from batuta_hooks.stack.verdict import HEALTHY, UNDECIDED, Crate, Placed, Report

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

#: How a checkout may stand that is judged all the same.
_ODD = {
    UNBORN: "no commit yet",
    DETACHED: "HEAD is detached",
    UNMERGED: "a merge is not finished",
    BARE: "a bare repository",
}

_MOST_NAMES = 5

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
        list(table_lines(out, report.crates, verbose=verbose)),
        list(_dependencies(report.crates, out.width)) if verbose else [],
        list(_answers(report.crates)) if verbose else [],
        list(_checkouts(report, verbose=verbose)),
        list(findings),
        list(published_lines(report, truths, verbose=verbose)) if truths is not None else [],
        list(what_if_lines(report.what_if)),
        list(deep_lines(report.deep, verbose=verbose)),
        list(_conflicts(report, out.width)),
        list(_refusals(report, out.width)),
        list(_open_questions(report, verbose=verbose or shown.strict)),
        list(_summary(report)),
        # of a stack as it is not, what mends it is told with what is supposed
        list(_numbered(recommended_actions(report))) if not report.what_if else [],
    ]
    print("\n\n".join("\n".join(lines) for lines in parts if lines))


def _named(repository: str) -> str:
    return "this repository" if repository == "." else repository


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
        said = f"{registry_text(standing)}: {standing.why}"
        if standing.age_s is not None:
            place = "in cargo's own copy of the index" if standing.source == FROM_CARGO else f"at {standing.source}"
            said = f"{registry_text(standing)}, checked {age(standing.age_s)} ago {place}"
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


def _conflicts(report: Report, width: int) -> Iterator[str]:
    """Each shared dependency with the requirements that clash, those of most crates first, and the way out."""
    for conflict in report.conflicts:
        said = "; ".join(f"{requirement} by {_some(crates)}" for requirement, crates in sides_of(conflict))
        yield from _wrapped(f"conflict: {conflict.dependency}: required as {said}", width)
        yield f"    {printable(conflict.recommendation)}"


def _refusals(report: Report, width: int) -> Iterator[str]:
    """Why cargo or crates.io would refuse crates whose findings do not say it, each reason once."""
    refused: dict[str, list[str]] = {}
    for crate in report.crates:
        reasons = crate.publishable.reasons
        if crate.publishable.verdict == NO and not any(reason.code for reason in reasons):
            place = str(reasons[0]) if reasons and not reasons[0].is_own else crate.publishable.why
            refused.setdefault(place, []).append(crate.name)
    for why, crates in sorted(refused.items(), key=lambda one: (-len(one[1]), one[0])):
        yield from _wrapped(f"refused: {_some(crates)}: {why}", width)


def _some(names: list[str]) -> str:
    """A few of the names, and how many others there are."""
    others = len(names) - _MOST_NAMES
    return ", ".join(names) if others <= 1 else f"{', '.join(names[:_MOST_NAMES])} and {others} others"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(text), max(width, 40), subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )


def _open_questions(report: Report, *, verbose: bool) -> Iterator[str]:
    for cycle in report.cycles:
        circle = " -> ".join([*cycle, cycle[0]])
        yield printable(f"cycle: {circle}: each needs a published version of the next")
    if not verbose:
        return
    for package, texts in report.duplicates:
        yield printable(f"{package}: required in several versions, and exposed by no crate: {', '.join(texts)}")
    for crate in report.crates:
        verdict, why = crate.publishable.verdict, crate.publishable.why
        if verdict in _WHY_NOT:
            yield printable(f"{_named(crate.repository)}: {_WHY_NOT[verdict]} `{crate.name}`: {why}")
    questions = said_once(one.unknown for one in report.unknown if one.unknown.crate)
    places = {one.unknown: f"{_named(one.repository)}: " for one in report.unknown}
    for question in questions:
        yield printable(f"{places.get(question, '')}undecided: {question.crate}: {question.why}")


def _summary(report: Report) -> Iterator[str]:
    repositories = counted(len(report.checkouts), "repository", "repositories")
    source = f"the {report.source}" if report.source in (WORKTREE, INDEX) else report.source
    yield printable(f"{counted(len(report.crates), 'crate')} in {repositories}, judged from {source}:")
    numbers = [(report.count(HEALTHY), "healthy"), (report.count(UNDECIDED), "undecided")]
    numbers = [(report.count(ERROR), "with errors"), (report.count(WARNING), "with warnings"), *numbers]
    yield f"  {', '.join(f'{number} {what}' for number, what in numbers if number) or 'nothing to judge'}"
    verdicts = Counter(crate.publishable.verdict for crate in report.crates)
    numbers = [(verdicts[verdict], said) for verdict, said in _VERDICTS.items()]
    if any(number for number, _ in numbers):
        yield f"  to publish: {', '.join(f'{number} {said}' for number, said in numbers if number)}"
    yield from _registry_summary(report)


def _registry_summary(report: Report) -> Iterator[str]:
    states = Counter(crate.standing.state for crate in report.crates)
    numbers = [(states[state], said) for state, said in _STATES.items()]
    if states.total() > states[UNKNOWN]:
        yield f"  crates.io: {', '.join(f'{number} {said}' for number, said in numbers if number)}"
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
