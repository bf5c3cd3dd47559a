"""``batuta-stack check``: finds the stack, has it judged, prints the report."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.formats import CheckFormat
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.registry import told_offline
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import check, exit_code, report_time
from batuta_hooks.stack.checkouts import Workspace, find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.fetching import fetch_all
from batuta_hooks.stack.moment import moment
from batuta_hooks.stack.shards import read_shard
from batuta_hooks.stack.supposing import read_wishes
from batuta_hooks.stack.verdict import Report

if TYPE_CHECKING:
    from batuta_hooks.stack.published_truth import Truths

_PATIENCE_S = 1.0
_ALONE = (
    "only this repository is looked at, so its crates are judged against the registry alone; "
    "to judge them beside their siblings: --workspace FOLDER, the folder that holds all of them"
)


class Wishes(NamedTuple):
    """What is wanted of a check besides the common options.

    Attributes:
        strict: warnings and open questions fail too.
        fetch: fetch in every repository first.
        verify: ask the registry about the published versions.
        what_if: versions to be taken for published, as `NAME=VERSION`.
        shard: the part of the repositories to judge, as `K/N`; ``None`` for all.
        deep: find out what users of each crate would get.
    """

    format: CheckFormat = CheckFormat.TEXT
    strict: bool = False
    fetch: bool = False
    verify: bool = False
    deep: bool = False
    what_if: Sequence[str] = ()
    shard: str | None = None


class Progress:
    """Says on standard error how far a check is, once it takes long; in a terminal alone, and wiped out at the end.

    Args:
        what: what is counted.
    """

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._speaks = sys.stderr.isatty() and not quiet
        self._since = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Take note that so many are done."""
        if self._speaks and time.monotonic() - self._since > _PATIENCE_S:
            text = f"{done} of {total} {self._what}"
            sys.stderr.write(f"\r{text}" if done < total else f"\r{' ' * len(text)}\r")
            sys.stderr.flush()


def run_check(common: Common, crates: Sequence[str], source: str, wishes: Wishes) -> int:
    """Check the stack, print the report on standard output and return the exit code."""
    if wishes.shard is not None and crates:
        raise BatutaError("--shard judges repositories, so no crate can be named", mend="leave either out")
    now, strict = report_time(), wishes.strict
    workspace = find_workspace(common.workspace)
    asking = asking_of(common, now)
    if wishes.fetch:
        say_notes(fetched(workspace, common, is_offline=asking.offline))
    report = check(
        workspace,
        now=now,
        source=source,
        crates=crates,
        jobs=common.jobs,
        on_progress=Progress("repositories", quiet=bool(common.quiet)),
        asking=asking,
        tags=wishes.fetch or wishes.verify,
        deep=wishes.deep,
        what_if=read_wishes(wishes.what_if),
        shard=None if wishes.shard is None else read_shard(wishes.shard),
    )
    say_notes([*report.notes, *([_ALONE] if report.is_alone and not common.quiet else [])])
    truths: Truths | None = None
    if wishes.verify:
        from batuta_hooks.stack.published_truth import verify_published  # with what opens connections

        verified = verify_published(workspace, report, asking)
        say_notes(verified.notes)
        truths = verified.truths
    print_in_format(report, common, wishes, now, truths)
    return exit_code(report, strict=strict)


def print_in_format(report: Report, common: Common, wishes: Wishes, now: datetime, truths: Truths | None) -> None:
    """Print a report on standard output.

    Args:
        now: the time of the document.
        truths: what the registry was asked about the published versions, if it was.
    """
    format_ = wishes.format
    if format_ is CheckFormat.TEXT:
        from batuta_hooks.cli.check_text import Shown, print_report

        color = wants_color(common.color or "auto")
        shown = Shown(quiet=bool(common.quiet), verbose=bool(common.verbose), strict=wishes.strict)
        print_report(report, shown, color=color, truths=truths)
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # for programs, whatever the terminal takes
        for line in _document(report, now, format_, truths):
            print(line)


def fetched(workspace: Workspace, common: Common, *, is_offline: bool) -> Sequence[str]:
    """Fetch in every repository, unless no socket may be opened; what the user should hear of it."""
    why = "--offline was given" if is_offline else told_offline(os.environ)
    if why:
        return [f"nothing was fetched: {why}"]
    told = Progress("repositories fetched", quiet=bool(common.quiet))
    return fetch_all(workspace, jobs=common.jobs, told=told)


def _document(report: Report, now: datetime, format_: CheckFormat, truths: Truths | None) -> Iterable[str]:
    if format_ is CheckFormat.JSON:
        from batuta_hooks.cli.check_json import check_document

        return [check_document(report, now, truths)]
    if format_ is CheckFormat.MARKDOWN:
        from batuta_hooks.cli.check_markdown import check_markdown

        return check_markdown(report)
    from batuta_hooks.cli.check_annotations import github_annotations, sarif

    return [sarif(report)] if format_ is CheckFormat.SARIF else github_annotations(report)


def asking_of(common: Common, now: datetime) -> Asking:
    """How the registry is asked, as the options want it.

    Raises:
        BatutaError: `--as-of` is no time.
    """
    return Asking(
        now,
        offline=bool(common.offline),
        as_of="" if common.as_of is None else moment(common.as_of),
        told=Progress("crates asked for", quiet=bool(common.quiet)),
    )


def say_notes(notes: Iterable[str]) -> None:
    """Say on standard error what the user should hear."""
    for note in notes:
        print(f"batuta-stack: {printable(note)}", file=sys.stderr)
