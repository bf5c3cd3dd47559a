"""``batuta-stack hooks``: what was done to which hook, as lines or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from batuta_hooks.cli.common import Common
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.hooks_install import ABSENT
from batuta_hooks.stack.hooks_run import Outcome, install_hooks, uninstall_hooks


def run_install(common: Common, *, every: bool, shared: bool, dry_run: bool, as_json: bool) -> int:
    """Install the hooks, say where, and return the exit code: 1 where a repository stays without them."""
    outcomes = install_hooks(common.workspace, every=every, shared=shared, dry_run=dry_run)
    return _report(common, "install", outcomes, dry_run=dry_run, as_json=as_json)


def run_uninstall(common: Common, *, every: bool, shared: bool, dry_run: bool, as_json: bool) -> int:
    """Take the hooks out, say from where, and return the exit code: 1 where a repository keeps them."""
    outcomes = uninstall_hooks(common.workspace, every=every, shared=shared, dry_run=dry_run)
    return _report(common, "uninstall", outcomes, dry_run=dry_run, as_json=as_json)


def _report(common: Common, action: str, outcomes: Sequence[Outcome], *, dry_run: bool, as_json: bool) -> int:
    if as_json:
        print(json.dumps(_document(action, outcomes, dry_run=dry_run)))
    else:
        for outcome in outcomes:
            if outcome.error is not None or not common.quiet:
                for line in _lines(outcome):
                    print(line)
        is_done = any(told.state != ABSENT for outcome in outcomes for told in outcome.told)
        if not common.quiet and (dry_run or is_done):
            print("nothing was changed: this was a dry run" if dry_run else f"next: {_NEXT[action]}")
    return 1 if any(outcome.error is not None for outcome in outcomes) else 0


_NEXT = {
    "install": "batuta-stack hooks doctor shows what a commit and a push run",
    "uninstall": "batuta-stack hooks install puts them back",
}


def _lines(outcome: Outcome) -> Iterator[str]:
    yield printable(outcome.path)
    if outcome.error is not None:
        yield f"    {printable(outcome.error)}"
        yield from (f"    {printable(line)}" for line in outcome.mend.split("\n") if line)
    for told in outcome.told:
        yield f"    {told.event:<16} {told.state:<9} {printable(_relative(told.path))}"
        if told.note:
            yield f"    {'':<16} {printable(told.note)}"


def _relative(path: str) -> str:
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _document(action: str, outcomes: Sequence[Outcome], *, dry_run: bool) -> dict[str, Any]:
    return {
        "schema": "batuta.hooks/1",
        "timestamp": timestamp(report_time()),
        "action": action,
        "dry_run": dry_run,
        "repositories": [
            {
                "path": outcome.path,
                "error": outcome.error,
                "mend": outcome.mend,
                "hooks": [told._asdict() for told in outcome.told],
            }
            for outcome in outcomes
        ],
    }


def timestamp(moment: datetime) -> str:
    """A moment as JSON documents have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
