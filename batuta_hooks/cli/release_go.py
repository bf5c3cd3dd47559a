"""``batuta-stack release`` beyond the plan: asks, has gates and steps done, and says how the release stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from batuta_hooks.cli.check import say_notes
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.gates import failures
from batuta_hooks.stack.journal import BEGIN, END, NOTE
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release import Prepared, Results
from batuta_hooks.stack.release_run import DONE, PLANNED, PREPARED, Doing, Outcome, Run

_NOTIFY_TIMEOUT_S = 300.0

Outcomes = Mapping[str, Outcome]


class Manners(NamedTuple):
    """How it was asked for.

    Attributes:
        yes: whether to ask nobody.
        quiet: whether to tell no step.
    """

    publishes: bool
    pushes: bool
    yes: bool
    quiet: bool


def can_ask() -> bool:
    """Whether there is a terminal to ask at."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def refuse_unasked(
    yes: bool, what: str = "whether to release", mend: str = "--yes releases without a question"
) -> None:
    """Refuse to begin where nobody can be asked.

    Raises:
        BatutaError: there is no terminal, and no ``--yes``.
    """
    if not yes and not can_ask():
        raise BatutaError(f"there is no terminal to ask {what}", mend=mend)


def refuse_nowhere(prepared: Prepared) -> None:
    """Refuse to begin what could not be pushed in the end.

    Raises:
        BatutaError: a repository has no branch, or not the remote.
    """
    for one in prepared.plan.repositories:
        if not one.branch:
            mend = "check a branch out, name the one to push as [release] branch, or --no-push"
            raise BatutaError(f"{one.path} has no branch to push", mend=mend)
        if not prepared.gathered.facts.repositories[one.path].has_remote:
            mend = "add it, name another as [release] remote, or --no-push"
            raise BatutaError(f"{one.path} has no remote `{one.remote}` to push to", mend=mend)


def agrees(plan: Plan, manners: Manners) -> bool:
    """Whether the user wants this very plan."""
    if manners.yes:
        return True
    what = "publish" if manners.publishes else "commit the first wave of"
    count = len(plan.releases)
    sys.stderr.write(f"Release plan {plan.id}: {what} {count} crate{'s' * (count != 1)}. Proceed? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


class Speaker:
    """Says on standard error what is being done."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, doing: Doing) -> None:
        """Tell of a step: those that take their time when they begin, all when they are done."""
        whose = doing.crate or doing.repository
        if doing.state == NOTE:
            tell(f"{whose}: {doing.detail}")
        elif self._quiet:
            return
        elif doing.state == BEGIN and doing.step in ("publish", "index"):
            tell(f"{whose}: {doing.step} …")
        elif doing.state == END:
            said = "was done" if doing.was_done else f"{doing.seconds:.1f} s"
            tell(f"{whose}: {doing.step} ({said})")


def tell(line: str) -> None:
    """Say a line; no step fails because nobody listens any more (a terminal that is gone, a pipe that was closed)."""
    with suppress(OSError):
        print(printable(line), file=sys.stderr, flush=True)


def command_to_go_on(plan: Plan, manners: Manners, workspace: str | None) -> str:
    """The command that goes on with a release."""
    place = ["--workspace", workspace] if workspace else []
    publish = ["--publish"] if manners.publishes else []
    push = [] if manners.pushes == manners.publishes else ["--push" if manners.pushes else "--no-push"]
    return shlex.join(["batuta-stack", "release", "--resume", plan.id, *publish, *push, *place])


def say_standing(plan: Plan, outcomes: Outcomes, command: str) -> None:
    """Say on standard error what stopped, and how to go on."""
    for one in plan.releases:
        outcome = outcomes[one.crate]
        if outcome.state in (DONE, PREPARED, PLANNED):
            continue
        why = {"waiting": "waits for ", "blocked": "blocked by "}.get(outcome.state, "") + outcome.why
        say_notes([f"{one.crate}: {outcome.state}: {why.splitlines()[0] if why else ''}"])
        for line in (*why.splitlines()[1:], *outcome.mend.splitlines()):
            print(f"    {printable(line)}", file=sys.stderr)
    if any(outcome.state != DONE for outcome in outcomes.values()):
        print(f"batuta-stack: to go on: {printable(command)}", file=sys.stderr)


def report(plan: Plan, outcomes: Outcomes) -> list[str]:
    """The report after a release, line by line: each crate's version, its place on the registry, and its notes."""
    lines = []
    done = [one for one in plan.releases if outcomes[one.crate].state == DONE]
    if done:
        lines.append("Successfully released:")
    for one in done:
        place = f"https://crates.io/crates/{one.crate}/{one.next}" if one.registry == "crates-io" else one.registry
        lines.append(f"  {one.crate} v{one.next} - {place}")
        lines += [f"      {note}" for note in one.notes or ()]
    prepared = [one for one in plan.releases if outcomes[one.crate].state == PREPARED]
    if prepared:
        lines.append("Committed, not published:")
        lines += [f"  {one.crate} v{one.next} - {outcomes[one.crate].commit[:12]}" for one in prepared]
    rest = [one for one in plan.releases if one not in (*done, *prepared)]
    if rest:
        lines.append("Not released:")
        lines += [f"  {one.crate} v{one.next} - {outcomes[one.crate].state}" for one in rest]
    return lines


def notify(command: str, document: str) -> None:
    """Hand the JSON document to a command of the user's, on its standard input."""
    try:
        ended = subprocess.run(
            ["sh", "-c", command],
            input=document.encode(),
            stdout=sys.stderr.fileno(),
            timeout=_NOTIFY_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say_notes([f"--notify: the command was ended after {_NOTIFY_TIMEOUT_S:.0f} s"])
        return
    if ended.returncode:
        say_notes([f"--notify: the command ended with exit code {ended.returncode}"])


def gate_facts(results: Results) -> list[dict[str, object]]:
    """The gates' results for the journal."""
    return [{"repository": path, **one._asdict()} for path, found in results.items() for one in found]


def is_done(prepared: Prepared, run: Run, manners: Manners) -> bool:
    """Whether all that was asked for is done."""
    states = {one.crate: run.outcomes[one.crate].state for one in prepared.plan.releases}
    if manners.publishes:
        return all(state == DONE for state in states.values())
    first: Sequence[str] = prepared.plan.waves[0] if prepared.plan.waves else ()
    return all(states[crate] == PREPARED for crate in first)


def stopped_by_gates(results: Results) -> bool:
    """Whether a gate failed."""
    return bool(failures(results))


def command_line() -> str:
    """This process's command line, for the journal."""
    return shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]])
