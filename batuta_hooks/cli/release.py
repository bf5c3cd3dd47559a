"""``batuta-stack release``: plans, shows the plan, and says what keeps it from going on."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.cli import release_go as go
from batuta_hooks.cli.check import Progress, asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.ending import ends_as_by_ctrl_c
from batuta_hooks.cli.formats import ReleaseFormat
from batuta_hooks.cli.release_gates import run_gates
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import Workspace, find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.gate_values import CACHED
from batuta_hooks.stack.gates import Gates
from batuta_hooks.stack.journal import GATES, Journal, asked_for
from batuta_hooks.stack.own_folder import own_folder
from batuta_hooks.stack.release import Prepared, Results, exit_code, gates_of, prepare, with_owners
from batuta_hooks.stack.release_carry import Facts, carry_out, clear, differences
from batuta_hooks.stack.release_facts import Wish
from batuta_hooks.stack.release_lock import ReleaseLock
from batuta_hooks.stack.release_run import Manner as RunManner
from batuta_hooks.stack.release_run import Outcome
from batuta_hooks.stack.steps.site import Pace

if TYPE_CHECKING:
    from batuta_hooks.stack.rehearse import Rehearsal, Step


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
    push: bool | None = None
    resume: str | None = None
    yes: bool = False
    notify: str = ""
    index_timeout: float = 600.0
    no_verify: bool = False
    no_cache: bool = False
    executor: str = ""
    allow_behind: bool = False
    format_: ReleaseFormat = ReleaseFormat.TEXT


def run_release(common: Common, options: ReleaseOptions) -> int:
    """Plan a release and do what was asked for of it; print how it stands and return the exit code."""
    if options.executor:
        from batuta_hooks.stack.gate_cluster import address_of

        address_of(options.executor)
    wish = wish_of(options)
    now = report_time()
    asking = asking_of(common, now)
    is_for_reading = options.format_ in (ReleaseFormat.MARKDOWN, ReleaseFormat.GITHUB_MATRIX) and not options.publish
    shows_only = options.dry_run or is_for_reading or (options.rehearse and not options.publish)
    if options.publish and asking.offline and not shows_only:
        raise BatutaError("nothing can be published with --offline", mend="leave it out")
    workspace = find_workspace(common.workspace)
    stage = _Stage(common, options, wish, asking, workspace, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if shows_only or not (options.yes or go.can_ask()):
        prepared = with_owners(stage.prepare(), asking)
        if not shows_only and (prepared.plan.releases or prepared.plan.blocked):
            go.refuse_unasked(options.yes)
        stage.tell(prepared)
        results = stage.gates(prepared).skipped() if options.no_verify else stage.gates(prepared).pending()
        rehearsal = _rehearse(prepared, options, common) if options.rehearse and not prepared.plan.blocked else None
        stage.show(prepared, results, rehearsal)
        return 1 if rehearsal is not None and rehearsal.failed else exit_code(prepared.plan, results)
    own = own_folder(workspace)
    if options.resume is not None and not options.publish:
        asked = asked_for(own, options.resume)
        if asked is not None:
            push = asked.pushes if options.push is None else options.push
            stage = stage._replace(options=options._replace(publish=asked.publishes, push=push))
    with ends_as_by_ctrl_c(), ReleaseLock(own):
        say_notes(clear(workspace))
        return _release(stage)


class _Stage(NamedTuple):
    """What all parts of a release need."""

    common: Common
    options: ReleaseOptions
    wish: Wish
    asking: Asking
    workspace: Workspace
    timestamp: str

    @property
    def manners(self) -> go.Manners:
        options = self.options
        publishes = options.publish or options.dry_run or options.rehearse  # as it would be done then
        pushes = publishes if options.push is None else options.push
        return go.Manners(options.publish, pushes, options.yes, bool(self.common.quiet))

    def prepare(self) -> Prepared:
        return prepare(
            self.workspace,
            self.wish,
            self.asking,
            resume=self.options.resume,
            pushes=self.manners.pushes,
            jobs=self.common.jobs,
            on_progress=Progress("repositories", quiet=bool(self.common.quiet)),
        )

    def tell(self, prepared: Prepared) -> None:
        say_notes(prepared.gathered.notes)
        if prepared.plan.begun:
            heeded = " at its own versions, so --bump does not count" if self.options.bump else ""
            say_notes([f"release {prepared.plan.id} is under way: going on with it{heeded}"])
        if self.options.format_ is not ReleaseFormat.TEXT or not self.options.dry_run:
            say_notes(f"blocked: {one.crate}: {', '.join(one.by)}: {one.why}" for one in prepared.plan.blocked)

    def gates(self, prepared: Prepared) -> Gates:
        return gates_of(prepared, uses_cache=not self.options.no_cache)

    def notify(
        self,
        prepared: Prepared,
        results: Results,
        rehearsal: Rehearsal | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
    ) -> None:
        """Hand the JSON document to the command that is to get it, if there is one."""
        if self.options.notify:
            from batuta_hooks.cli.release_json import release_document

            document = release_document(prepared.plan, self.timestamp, results, rehearsal, outcomes)
            go.notify(self.options.notify, document)

    def show(
        self,
        prepared: Prepared,
        results: Results,
        rehearsal: Rehearsal | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
    ) -> None:
        """Print the plan, and how it stands where it was carried out."""
        if self.options.format_ is ReleaseFormat.TEXT:
            from batuta_hooks.cli.release_text import print_plan

            quiet, verbose = bool(self.common.quiet), bool(self.common.verbose)
            color = wants_color(self.common.color or "auto")
            print_plan(prepared, results, rehearsal, color=color, quiet=quiet, verbose=verbose)
            return
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # for programs, whatever the terminal takes
        for line in _document(prepared, results, rehearsal, self.timestamp, self.options.format_, outcomes):
            print(line)


def _release(stage: _Stage) -> int:
    """Carry a release out, under its lock."""
    options, manners = stage.options, stage.manners
    prepared = with_owners(stage.prepare(), stage.asking)
    stage.tell(prepared)
    gates = stage.gates(prepared)
    results: Results = gates.skipped() if options.no_verify else gates.pending()
    is_text = options.format_ is ReleaseFormat.TEXT
    if is_text or prepared.plan.blocked or not prepared.plan.releases:
        stage.show(prepared, results)
        sys.stdout.flush()
    if prepared.plan.blocked or not prepared.plan.releases:
        if prepared.plan.blocked:
            stage.notify(prepared, results)
        return exit_code(prepared.plan, results)
    if manners.pushes:
        go.refuse_nowhere(prepared)
    rehearsal = _rehearse(prepared, options, stage.common) if options.rehearse else None
    if rehearsal is not None and rehearsal.failed:
        stage.show(prepared, results, rehearsal)
        stage.notify(prepared, results, rehearsal)
        return 1
    if not go.agrees(prepared.plan, manners):
        say_notes(["nothing was released"])
        return 1
    return _agreed(stage, prepared, gates, results, rehearsal)


def _agreed(stage: _Stage, prepared: Prepared, gates: Gates, results: Results, rehearsal: Rehearsal | None) -> int:
    """Carry out what was agreed to, once its gates have passed and if the world is still what it was."""
    if stage.options.no_verify:
        say_notes(["--no-verify: no gate is run, whatever they would say"])
    else:
        try:
            results = run_gates(gates, prepared, stage.common, stage.options.executor)
        except KeyboardInterrupt:
            stage.notify(prepared, results, rehearsal)
            raise
        Journal(prepared.own, prepared.plan.id).write(GATES, gates=go.gate_facts(results))
    if go.stopped_by_gates(results):
        stage.show(prepared, results, rehearsal)
        stage.notify(prepared, results, rehearsal)
        return 1
    now = stage.prepare() if not stage.manners.yes or _took_time(results) else prepared
    if now.plan.plan_hash != prepared.plan.plan_hash:
        say_notes(["the world has changed since the plan was made, so nothing is done; run the same command again"])
        for line in differences(prepared.plan, now.plan):
            print(f"    {printable(line)}", file=sys.stderr)
        stage.notify(prepared, results, rehearsal)
        return 1
    return _carry(stage, prepared, results, rehearsal)


def _carry(stage: _Stage, prepared: Prepared, results: Results, rehearsal: Rehearsal | None) -> int:
    options, manners = stage.options, stage.manners
    pace = Pace(index_s=options.index_timeout)
    manner = RunManner(manners.publishes, manners.pushes, not options.no_verify_build, pace, stage.common.jobs)
    facts = Facts(go.command_line(), options.no_verify)
    speaker = go.Speaker(quiet=manners.quiet)
    run = carry_out(prepared, stage.asking, stage.workspace, manner, facts, speaker)
    command = go.command_to_go_on(prepared.plan, manners, stage.common.workspace)
    try:
        run.run()
    except (KeyboardInterrupt, BatutaError):
        with suppress(OSError):  # nobody listens any more
            go.say_standing(prepared.plan, run.outcomes, command)
        stage.notify(prepared, results, rehearsal, run.outcomes)
        raise
    is_done = go.is_done(prepared, run, manners)
    if not manners.publishes:
        command = go.command_to_go_on(
            prepared.plan, manners._replace(publishes=True, pushes=True), stage.common.workspace
        )
    go.say_standing(prepared.plan, run.outcomes, command)
    if options.format_ is ReleaseFormat.TEXT:
        for line in go.report(prepared.plan, run.outcomes):
            print(printable(line))
    else:
        stage.show(prepared, results, rehearsal, run.outcomes)
    stage.notify(prepared, results, rehearsal, run.outcomes)
    return 0 if is_done else 1


def _took_time(results: Results) -> bool:
    """Whether a gate's command was run, so that the world may be another one."""
    return any(one.log and one.state != CACHED for found in results.values() for one in found)


def _rehearse(prepared: Prepared, options: ReleaseOptions, common: Common) -> Rehearsal:
    """Rehearse the plan; each step is told on standard error."""
    from batuta_hooks.stack.rehearse import Manner, rehearse

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


def _document(
    prepared: Prepared,
    results: Results,
    rehearsal: Rehearsal | None,
    timestamp: str,
    format_: ReleaseFormat,
    outcomes: Mapping[str, Outcome] | None,
) -> Iterable[str]:
    if format_ is ReleaseFormat.JSON:
        from batuta_hooks.cli.release_json import release_document

        return [release_document(prepared.plan, timestamp, results, rehearsal, outcomes)]
    if format_ is ReleaseFormat.MARKDOWN:
        from batuta_hooks.cli.release_markdown import release_markdown

        return release_markdown(prepared, outcomes)
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
