"""``batuta-stack sync``: shows what would change, asks, has it done, and says what came of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from batuta_hooks.cli.check import Progress, asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.link import links_there
from batuta_hooks.stack.sync import plan_sync
from batuta_hooks.stack.sync_apply import apply, failed
from batuta_hooks.stack.sync_progress import Progress as Batches
from batuta_hooks.stack.sync_progress import note_batch, read_progress
from batuta_hooks.stack.sync_values import Outcome, Plan, Wish


class Manner(NamedTuple):
    """How to go about it.

    Attributes:
        dry_run, check: show the changes alone; exit with 1 where there are some, if `check`.
        yes: do not ask.
        gradual: do the first batch alone.
        format: ``text``, ``json`` or ``patch``.
    """

    dry_run: bool
    check: bool
    yes: bool
    gradual: bool
    format: str
    color: str


def run_sync(common: Common, wish: Wish, manner: Manner) -> int:
    """Synchronize as the options want it, print the result on standard output and return the exit code."""
    now = report_time()
    workspace = find_workspace(common.workspace)
    quiet = bool(common.quiet)
    plan = plan_sync(
        workspace,
        wish,
        now=now,
        asking=asking_of(common, now),
        jobs=common.jobs,
        on_progress=Progress("repositories", quiet=quiet),
    )
    say_notes(plan.notes)
    color = wants_color(manner.color)
    shows_only = manner.dry_run or manner.check or (manner.format == "patch" and not manner.yes)
    if shows_only or not plan.repositories:
        _print_plan(plan, manner, now, color=color, quiet=quiet)
        return 1 if manner.check and plan.repositories else 0
    if not links_there(workspace).is_empty:
        raise BatutaError(
            "the stack is linked, so cargo would build against checkouts and not against what is published",
            mend="batuta-stack unlink, then sync, then link again",
        )
    batches = plan.batches
    done = read_progress(workspace) if manner.gradual else Batches()
    if manner.gradual:
        plan = plan.only(batches[0])
        number = len(done.done) + 1
        print(f"batuta-stack: batch {number} of {number + len(batches) - 1}", file=sys.stderr)
    if manner.format == "text":
        _print_plan(plan, manner, now, color=color, quiet=quiet)
    if not manner.yes and not _agrees():
        print("batuta-stack: nothing was changed", file=sys.stderr)
        return 1
    told = Progress("repositories synchronized", quiet=quiet)
    outcomes = apply(plan, wish, offline=bool(common.offline), jobs=common.jobs, on_progress=told)
    _print_outcomes(plan, outcomes, manner, now, color=color)
    if manner.gradual and not failed(outcomes):
        note_batch(workspace, done, batches[0], len(batches) - 1)
    return 1 if failed(outcomes) else 0


def _agrees() -> bool:
    """Whether the user says yes.

    Raises:
        BatutaError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise BatutaError(
            "there is no terminal to ask whether to apply these changes",
            mend="--yes applies them, --dry-run only shows them",
        )
    print("\nApply changes? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print_outcomes(plan: Plan, outcomes: Sequence[Outcome], manner: Manner, now: datetime, *, color: bool) -> None:
    if manner.format == "text":
        from batuta_hooks.cli.sync_text import outcome_lines

        print("\n" + "\n".join(outcome_lines(plan, outcomes, color=color)))
    else:
        _print_exactly(_document(plan, outcomes, manner, now, applied=True))


def _print_plan(plan: Plan, manner: Manner, now: datetime, *, color: bool, quiet: bool) -> None:
    if manner.format == "text":
        from batuta_hooks.cli.sync_text import plan_lines

        print("\n".join(plan_lines(plan, color=color, quiet=quiet)))
        return
    _print_exactly(_document(plan, (), manner, now))


def _document(plan: Plan, outcomes: Iterable[Outcome], manner: Manner, now: datetime, *, applied: bool = False) -> str:
    if manner.format == "json":
        from batuta_hooks.cli.sync_json import sync_document

        return f"{sync_document(plan, outcomes, now, applied=applied)}\n"
    from batuta_hooks.cli.sync_text import patch_of

    return patch_of(plan)


def _print_exactly(text: str) -> None:
    """Print bytes as they are: a patch's undecodable ones, and UTF-8 whatever the terminal takes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")
    sys.stdout.write(text)
