"""``batuta-stack release``: plans, shows the plan, and says what keeps it from going on."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import NamedTuple

from batuta_hooks.cli.check import Progress, asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.formats import ReleaseFormat
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.release import Prepared, exit_code, prepare
from batuta_hooks.stack.release_facts import Wish


class ReleaseOptions(NamedTuple):
    """The command line, see `batuta_hooks.cli.commands.release`."""

    crates: tuple[str, ...] = ()
    is_all: bool = False
    changed_only: bool = False
    bump: tuple[str, ...] = ()
    dry_run: bool = False
    publish: bool = False
    allow_behind: bool = False
    format_: ReleaseFormat = ReleaseFormat.TEXT


def run_release(common: Common, options: ReleaseOptions) -> int:
    """Plan a release, print the plan on standard output and return the exit code."""
    wish = wish_of(options)
    if options.publish or not options.dry_run:
        what = "--publish is" if options.publish else "a release without --dry-run is"
        raise BatutaError(f"{what} not there yet", mend="batuta-stack release --dry-run shows the plan")
    now = report_time()
    prepared = prepare(
        find_workspace(common.workspace),
        wish,
        asking_of(common, now),
        jobs=common.jobs,
        on_progress=Progress("repositories", quiet=bool(common.quiet)),
    )
    say_notes(prepared.gathered.notes)
    if options.format_ is ReleaseFormat.TEXT:
        from batuta_hooks.cli.release_text import print_plan

        color = wants_color(common.color or "auto")
        print_plan(prepared, color=color, quiet=bool(common.quiet), verbose=bool(common.verbose))
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # for programs, whatever the terminal takes
        for line in _document(prepared, now.strftime("%Y-%m-%dT%H:%M:%SZ"), options.format_):
            print(line)
    return exit_code(prepared.plan)


def _document(prepared: Prepared, timestamp: str, format_: ReleaseFormat) -> Iterable[str]:
    if format_ is ReleaseFormat.JSON:
        from batuta_hooks.cli.release_json import release_document

        return [release_document(prepared.plan, timestamp)]
    if format_ is ReleaseFormat.MARKDOWN:
        from batuta_hooks.cli.release_markdown import release_markdown

        return release_markdown(prepared)
    from batuta_hooks.cli.release_json import github_matrix

    return [github_matrix(prepared)]


def wish_of(options: ReleaseOptions) -> Wish:
    """What the options ask for.

    Raises:
        BatutaError: they contradict each other.
    """
    if options.is_all and options.crates:
        raise BatutaError("--all and names of crates exclude each other", mend="give one of them")
    level, bumps = "patch", {}
    for written in options.bump:
        crate, sign, value = written.partition("=")
        if sign:
            bumps[crate] = value
        else:
            level = written
    return Wish(options.crates, options.changed_only, level, bumps, options.allow_behind)
