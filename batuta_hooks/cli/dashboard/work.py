"""What the dashboard has done beside itself: looking at the stack, and synchronizing it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from batuta_hooks.cli.common import Common
    from batuta_hooks.stack.status import Board

Told = Callable[[str], None]
"""Takes a sentence about how far a work is; from any thread."""


class Proposal(NamedTuple):
    """What sync would do.

    Attributes:
        lines: for people to read, with ANSI colours.
        changes: how many requirements change; 0 where there is nothing to do.
        apply: does it, and gives lines about what came of it.
    """

    lines: tuple[str, ...]
    changes: int
    apply: Callable[[Told], list[str]]


class Work(NamedTuple):
    """What the dashboard can do; each may raise a `BatutaError`.

    Attributes:
        place: whose board it is, for the title.
        look: gives the board.
        propose: gives what sync would do.
    """

    place: str
    look: Callable[[Told], Board]
    propose: Callable[[Told], Proposal]


def work_of(common: Common) -> Work:
    """The work that the options want; nothing is looked at yet."""
    return Work(
        os.path.abspath(common.workspace or "."), lambda told: _look(common, told), lambda told: _propose(common, told)
    )


def _look(common: Common, told: Told) -> Board:
    # imported by the thread that needs it, so that the screen is drawn before
    from batuta_hooks.cli.check import asking_of
    from batuta_hooks.stack.check import report_time
    from batuta_hooks.stack.checkouts import find_workspace
    from batuta_hooks.stack.status import status

    now = report_time()
    asking = asking_of(common, now)._replace(told=_counting(told, "crates asked for"))
    counting = _counting(told, "repositories")
    return status(find_workspace(common.workspace), now=now, jobs=common.jobs, on_progress=counting, asking=asking)


def _propose(common: Common, told: Told) -> Proposal:
    from batuta_hooks.cli.check import asking_of
    from batuta_hooks.cli.sync_text import outcome_lines, plan_lines
    from batuta_hooks.report.plain import printable
    from batuta_hooks.stack.check import report_time
    from batuta_hooks.stack.checkouts import find_workspace
    from batuta_hooks.stack.sync import plan_sync
    from batuta_hooks.stack.sync_apply import apply
    from batuta_hooks.stack.sync_values import Wish

    now, wish = report_time(), Wish()
    plan = plan_sync(
        find_workspace(common.workspace),
        wish,
        now=now,
        asking=asking_of(common, now)._replace(told=_counting(told, "crates asked for")),
        jobs=common.jobs,
        on_progress=_counting(told, "repositories"),
    )

    def apply_plan(told: Told) -> list[str]:
        counting = _counting(told, "repositories synchronized")
        outcomes = apply(plan, wish, offline=bool(common.offline), jobs=common.jobs, on_progress=counting)
        return list(outcome_lines(plan, outcomes, color=True))

    lines = (*plan_lines(plan, color=True, quiet=False), *map(printable, plan.notes))
    return Proposal(lines, len(plan.changes) if plan.repositories else 0, apply_plan)


def _counting(told: Told, what: str) -> Callable[[int, int], None]:
    return lambda done, total: told(f"{done} of {total} {what}")
