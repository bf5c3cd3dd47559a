"""What to do about a report, the worst damage first: one list, which `check` numbers and `status` has as well."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.stack.checkouts import MISSING, UNMERGED
from batuta_hooks.stack.judging import MISCONFIGURED
from batuta_hooks.stack.standing import UNKNOWN
from batuta_hooks.stack.verdict import Report

_MOST_FILES = 8

#: Siblings that were not fetched for longer may stand elsewhere by now, and verdicts rest on them.
FETCH_AGE_S = 14 * 86400


class Action(NamedTuple):
    """Something to do.

    Attributes:
        text: what, a clause.
        command: a command line that does it or shows what is to be done, for a POSIX shell in the workspace.
    """

    text: str
    command: str


def recommended_actions(report: Report) -> tuple[Action, ...]:
    """What the report asks for: repositories that nobody could judge, files to edit, what is not known."""
    return (*_repositories(report), *_files(report, ERROR), *_files(report, WARNING), *_rest(report))


def _repositories(report: Report) -> Iterator[Action]:
    for checkout in report.checkouts:
        folder = shlex.quote(checkout.path)
        if checkout.state == MISCONFIGURED:
            yield Action(f"correct the configuration of {checkout.path}", f"batuta-stack config show {folder}")
        elif checkout.state == UNMERGED:
            yield Action(f"end the merge in {checkout.path}", f"git -C {folder} status")
        elif checkout.state == MISSING:
            yield Action(
                f"clone {checkout.path}, or take it out of [stack] repositories", "batuta-stack check --verbose"
            )
        elif checkout.error is not None:
            yield Action(f"see what is wrong with {checkout.path}", f"git -C {folder} status")


def _files(report: Report, severity: str) -> Iterator[Action]:
    serious = [placed for placed in report.findings if placed.finding.severity == severity]
    counted = Counter(placed.path for placed in serious)
    first = {placed.path: placed.finding for placed in reversed(serious)}
    files = sorted(counted, key=lambda path: (-counted[path], path))
    for path in files[:_MOST_FILES]:
        finding = first[path]
        what = severity if counted[path] == 1 else f"{severity}s"
        text = f"edit {path}, from line {finding.line}: {counted[path]} {what}"
        yield Action(text, f"batuta-stack explain {finding.code}")
    if len(files) > _MOST_FILES:
        others = sum(counted[path] for path in files[_MOST_FILES:])
        text = f"edit the other {len(files) - _MOST_FILES} files: {others} {severity}s"
        yield Action(text, "batuta-stack check --quiet")


def _rest(report: Report) -> Iterator[Action]:
    behind = [one for one in report.checkouts if one.status and one.status.behind]
    for checkout in behind[:_MOST_FILES]:
        text = f"bring {checkout.path} up to date: others may see newer versions there"
        yield Action(text, f"git -C {shlex.quote(checkout.path)} pull --ff-only")
    if any((report.fetched_age_s(checkout) or 0) > FETCH_AGE_S for checkout in report.checkouts):
        yield Action("learn how far the checkouts are behind", "batuta-stack check --fetch")
    if report.crates and all(crate.standing.state == UNKNOWN for crate in report.crates):
        yield Action("learn what crates.io has of these crates", "batuta-stack cache warm")
    if any(placed.finding.severity == ERROR for placed in report.findings):
        yield Action("let only new errors fail from now on", "batuta-stack init --baseline")
