"""``batuta-stack rollback``: shows what would be taken back, asks, and takes it back."""

from __future__ import annotations

import sys

from batuta_hooks.cli.check import asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.ending import ends_as_by_ctrl_c
from batuta_hooks.cli.release_go import refuse_unasked
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.json_report import json_text
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.own_folder import own_folder
from batuta_hooks.stack.release import prepare
from batuta_hooks.stack.release_carry import clear
from batuta_hooks.stack.release_facts import Wish
from batuta_hooks.stack.release_lock import ReleaseLock
from batuta_hooks.stack.rollback import Action, Roller


def run_rollback(common: Common, identity: str, *, yanks: bool, undoes: bool, yes: bool, is_json: bool) -> int:
    """Take a release back and return the exit code."""
    if not identity:
        raise BatutaError("which release?", mend="give its ID: the journals in .batuta/releases are named after it")
    if yanks and undoes:
        raise BatutaError("--yank and --undo exclude each other", mend="give one of them")
    refuse_unasked(yes, "whether to take it back", "--yes takes it back without a question")
    now = report_time()
    asking = asking_of(common, now)
    workspace = find_workspace(common.workspace)
    done: list[Action] = []
    with ends_as_by_ctrl_c(), ReleaseLock(own_folder(workspace)):
        say_notes(clear(workspace))
        prepared = prepare(workspace, Wish(), asking, resume=identity, jobs=common.jobs)
        roller = Roller(prepared, asking)
        rollback = roller.plan(yanks=yanks, undoes=undoes)
        if not is_json:
            for action in rollback.actions:
                print(printable(f"{action.crate or action.repository}: {action.kind}: {action.why}"))
            for kept in rollback.kept:
                print(printable(f"{kept.crate}: stays: {kept.why}"))
        if rollback.actions and not yes and not _agrees(len(rollback.actions)):
            say_notes(["nothing was taken back"])
            return 1
        roller.carry_out(rollback, done.append)
    if is_json:
        document = {
            "schema": "batuta.rollback/1",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "id": prepared.plan.id,
            "actions": [action._asdict() for action in done],
            "kept": [kept._asdict() for kept in rollback.kept],
        }
        print(json_text(document))
    elif not rollback.actions:
        print("Nothing is yanked." if undoes else "Nothing to take back.")
    return 0


def _agrees(count: int) -> bool:
    sys.stderr.write(f"Do these {count} things? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
