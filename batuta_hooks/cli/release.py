"""``batuta-stack release``: plans, shows the plan, and says what keeps it from going on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from batuta_hooks.cli.check import Progress, asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.formats import ReleaseFormat
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.gate_values import CACHED, FAILED, GateResult
from batuta_hooks.stack.gates import failures
from batuta_hooks.stack.rehearse import Manner, Rehearsal, Step, rehearse
from batuta_hooks.stack.release import Prepared, Results, exit_code, gates_of, prepare
from batuta_hooks.stack.release_facts import Wish

_TAIL_LINES = 12
_MOST_TAIL = 1 << 14


class ReleaseOptions(NamedTuple):
    """The command line, see `batuta_hooks.cli.commands.release`."""

    crates: tuple[str, ...] = ()
    is_all: bool = False
    changed_only: bool = False
    bump: tuple[str, ...] = ()
    dry_run: bool = False
    rehearse: bool = False
    no_verify_build: bool = False
    consumer_build: bool = False
    publish: bool = False
    no_verify: bool = False
    no_cache: bool = False
    allow_behind: bool = False
    format_: ReleaseFormat = ReleaseFormat.TEXT


def run_release(common: Common, options: ReleaseOptions) -> int:
    """Plan a release, run its gates unless it is a dry run, print the plan and return the exit code."""
    wish = wish_of(options)
    if options.publish:
        raise BatutaError("--publish is not there yet", mend="batuta-stack release --dry-run shows the plan")
    now = report_time()
    prepared = prepare(
        find_workspace(common.workspace),
        wish,
        asking_of(common, now),
        jobs=common.jobs,
        on_progress=Progress("repositories", quiet=bool(common.quiet)),
    )
    say_notes(prepared.gathered.notes)
    if options.format_ is not ReleaseFormat.TEXT or not options.dry_run:
        say_notes(f"blocked: {one.crate}: {', '.join(one.by)}: {one.why}" for one in prepared.plan.blocked)
    results = _gate(prepared, options, common)
    rehearsal = _rehearse(prepared, options, common) if options.rehearse and not prepared.plan.blocked else None
    if options.format_ is ReleaseFormat.TEXT:
        from batuta_hooks.cli.release_text import print_plan

        color = wants_color(common.color or "auto")
        print_plan(prepared, results, rehearsal, color=color, quiet=bool(common.quiet), verbose=bool(common.verbose))
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # for programs, whatever the terminal takes
        for line in _document(prepared, results, rehearsal, now.strftime("%Y-%m-%dT%H:%M:%SZ"), options.format_):
            print(line)
    return 1 if rehearsal is not None and rehearsal.failed else exit_code(prepared.plan, results)


def _gate(prepared: Prepared, options: ReleaseOptions, common: Common) -> Results:
    """The gates' results: of a run, or as they stand where the plan is only shown, or blocked."""
    gates = gates_of(prepared, uses_cache=not options.no_cache)
    if options.no_verify:
        say_notes(["--no-verify: no gate is run, whatever they would say"])
        return gates.skipped()
    if options.dry_run or options.rehearse or prepared.plan.blocked:
        return gates.pending()
    results = gates.run(common.jobs, GateSpeaker(quiet=bool(common.quiet)))
    for path, failed in failures(results):
        crates = [one.crate for one in prepared.plan.releases if one.repository == path]
        whose = failed.crate or ", ".join(crates)
        say_notes([f"{failed.name} failed for {whose}: {failed.detail}"])
        for line in _tail(failed):
            print(f"    {printable(line)}", file=sys.stderr)
        if failed.log:
            print(f"    all of it: {printable(failed.log)}", file=sys.stderr)
    return results


def _rehearse(prepared: Prepared, options: ReleaseOptions, common: Common) -> Rehearsal:
    """Rehearse the plan; each step is told on standard error."""

    def told(step: Step) -> None:
        whose = step.crate or step.repository
        if not step.passed:
            print(f"batuta-stack: {printable(whose)}: {step.name} failed:", file=sys.stderr)
            for line in step.said.splitlines():
                print(f"    {printable(line)}", file=sys.stderr)
        elif not common.quiet:
            print(printable(f"{whose}: {step.name} ({step.seconds:.1f} s)"), file=sys.stderr, flush=True)

    manner = Manner(not options.no_verify_build, options.consumer_build, offline=bool(common.offline))
    return rehearse(prepared.plan, prepared.gathered, manner, told)


class GateSpeaker:
    """Says on standard error how each gate came out, a line each; passed ones not where it is to be quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, path: str, result: GateResult) -> None:
        """Tell of a gate of a repository; those that run no command only where they failed."""
        if result.state == FAILED or (result.log and not self._quiet) or (result.state == CACHED and not self._quiet):
            whose = f"{path}: {result.crate}" if result.crate else path
            detail = f": {result.detail}" if result.detail else ""
            said = f"{whose}: {result.name} {result.state} ({result.seconds:.1f} s){detail}"
            print(printable(said), file=sys.stderr, flush=True)


def _tail(result: GateResult) -> list[str]:
    """The last lines that a gate's command printed."""
    try:
        with open(result.log, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip()][-_TAIL_LINES:]


def _document(
    prepared: Prepared, results: Results, rehearsal: Rehearsal | None, timestamp: str, format_: ReleaseFormat
) -> Iterable[str]:
    if format_ is ReleaseFormat.JSON:
        from batuta_hooks.cli.release_json import release_document

        return [release_document(prepared.plan, timestamp, results, rehearsal)]
    if format_ is ReleaseFormat.MARKDOWN:
        from batuta_hooks.cli.release_markdown import release_markdown

        return release_markdown(prepared)
    from batuta_hooks.cli.release_json import github_matrix

    return [github_matrix(prepared, results)]


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
