"""What to do about a report, the worst damage first: one list, which `check` numbers and `status` has as well."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from batuta_hooks.checks.namesakes import is_stranger
from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.domain.publishable import AFTER, NOW
from batuta_hooks.stack.checkouts import MISSING, UNMERGED
from batuta_hooks.stack.judging import MISCONFIGURED
from batuta_hooks.stack.standing import AHEAD, NEVER, UNKNOWN
from batuta_hooks.stack.verdict import Crate, Placed, Report

_MOST_FILES = 8
_MOST_CRATES = 4

#: What `sync` brings in line; of paths only where it knows a version.
_SYNCED = frozenset({"VA003", "VA005"})
_SYNCED_PATHS = frozenset({"PD001", "PD003"})

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
    return (*_repositories(report), *_errors(report), *_warnings(report), *_rest(report))


def _repositories(report: Report) -> Iterator[Action]:
    for checkout in report.checkouts:
        folder = shlex.quote(checkout.path)
        if checkout.state == MISCONFIGURED:
            yield Action(f"correct the configuration of {checkout.path}", f"batuta-stack config show {folder}")
        elif checkout.state == UNMERGED:
            yield Action(f"end the merge in {checkout.path}", f"git -C {folder} status")
        elif checkout.state == MISSING:
            yield Action(f"clone {checkout.path}, or take it out of [stack] repositories", "batuta-stack doctor")
        elif checkout.error is not None:
            yield Action(f"see what is wrong with {checkout.path}", f"git -C {folder} status")


def _errors(report: Report) -> Iterator[Action]:
    """A file an action, those with most errors first."""
    by_file: dict[str, list[Placed]] = {}
    for placed in _of(report, ERROR):
        by_file.setdefault(placed.path, []).append(placed)
    files = sorted(by_file, key=lambda path: (-len(by_file[path]), path))
    mendable = {(crate.repository, crate.name) for crate in report.crates if _is_mendable(crate)}
    for path in files[:_MOST_FILES]:
        found = by_file[path]
        text = f"mend {_count(len(found), ERROR)} in {path}, from line {found[0].finding.line}"
        yield Action(text, _mend_of(found, mendable))
    if len(files) > _MOST_FILES:
        others = _count(sum(len(by_file[path]) for path in files[_MOST_FILES:]), ERROR)
        yield Action(f"mend {others} in {_count(len(files) - _MOST_FILES, 'other file')}", "batuta-stack check --quiet")


def _warnings(report: Report) -> Iterator[Action]:
    """What `sync` brings in line is one action, and so is all else of one code."""
    by_code: dict[str, list[Placed]] = {}
    for placed in _of(report, WARNING):
        by_code.setdefault("" if placed.finding.code in _SYNCED else placed.finding.code, []).append(placed)
    for code, found in sorted(by_code.items(), key=lambda one: (bool(one[0]), -len(one[1]), one[0])):
        if not code:
            crates = sorted({placed.finding.crate for placed in found})
            codes = ", ".join(sorted({placed.finding.code for placed in found}))
            which = " ".join(map(shlex.quote, crates)) if len(crates) <= _MOST_CRATES and all(crates) else "--all"
            text = f"bring {_count(len(found), 'requirement')} in line ({codes})"
            yield Action(text, f"batuta-stack sync {which} --dry-run")
            continue
        files = _count(len({placed.path for placed in found}), "file")
        text = f"mend {_count(len(found), f'{code} {WARNING}')} in {files}, first {found[0].path}"
        yield Action(f"{text}:{found[0].finding.line}", f"batuta-stack explain {code}")


def _of(report: Report, severity: str) -> list[Placed]:
    return [placed for placed in report.findings if placed.finding.severity == severity]


def _count(number: int, what: str) -> str:
    return f"{number} {what if number == 1 else what + 's'}"


def _is_mendable(crate: Crate) -> bool:
    """Whether there is an entry to write in the place of one of its paths, so that `sync` writes it."""
    return any(issue.recommended for issue in crate.issues)


def _mend_of(found: Sequence[Placed], mendable: Collection[tuple[str, str]]) -> str:
    crates = dict.fromkeys(
        placed.finding.crate
        for placed in found
        if placed.finding.code in _SYNCED
        or (placed.finding.code in _SYNCED_PATHS and (placed.repository, placed.finding.crate) in mendable)
    )
    names = [shlex.quote(name) for name in crates if name][:_MOST_CRATES]
    if names:
        return f"batuta-stack sync {' '.join(names)} --dry-run"
    return f"batuta-stack explain {found[0].finding.code}"


def _rest(report: Report) -> Iterator[Action]:
    behind = [one for one in report.checkouts if one.status and one.status.behind]
    for checkout in behind[:_MOST_FILES]:
        text = f"bring {checkout.path} up to date: others may see newer versions there"
        yield Action(text, f"git -C {shlex.quote(checkout.path)} pull --ff-only")
    if any((report.fetched_age_s(checkout) or 0) > FETCH_AGE_S for checkout in report.checkouts):
        yield Action("learn how far the checkouts are behind", "batuta-stack check --fetch")
    if any(map(_may_be_learnt, report.crates)) and all(one.standing.state == UNKNOWN for one in report.crates):
        yield Action("learn what crates.io has of these crates", "batuta-stack cache warm")
    ready = [crate for crate in report.crates if _is_ready(crate)]
    if ready:
        text = f"release {_count(len(ready), 'crate')} that crates.io does not have at this version"
        yield Action(text, "batuta-stack release --dry-run")
    if any(placed.finding.severity == ERROR for placed in report.findings):
        yield Action("let only new errors fail from now on", "batuta-stack init --baseline")


def _is_ready(crate: Crate) -> bool:
    return crate.publishable.verdict in (NOW, AFTER) and crate.standing.state in (AHEAD, NEVER)


def _may_be_learnt(crate: Crate) -> bool:
    """Whether nothing is known of what the registry has of it; of a crate that is another project's nothing counts."""
    return crate.standing.state == UNKNOWN and not is_stranger(crate.standing.why)
