"""Kills a synchronization at many points: `python -m tests.support.killing STACK TIMES` prints what it left, as JSON.

The plan is made once.  For each kill a child carries it out and ends itself, by SIGKILL, at the n-th line that runs
of what writes files; then the manifests are looked at and put back.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from batuta_hooks.stack import files, sync_apply
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.sync import plan_sync
from batuta_hooks.stack.sync_values import Plan, Wish

WATCHED = (files.__file__, sync_apply.__file__)

Trace = Callable[[FrameType, str, object], "Trace | None"]


def main(stack: str, times: int) -> None:
    """Kill so many runs, and print which manifests were old, new or neither after each."""
    now = datetime.now(UTC)
    plan = plan_sync(find_workspace(stack), Wish(commits=False), now=now, asking=Asking(now))
    lines = _count(plan)
    assert all(text == new for text, _, new in _texts(plan)), "an undisturbed run writes everything"
    _put_back(plan)
    found = []
    for point in random.Random(7).sample(range(1, lines + 1), min(times, lines)):
        code = _run(plan, point)
        states = ["old" if text == old else "new" if text == new else "neither" for text, old, new in _texts(plan)]
        found.append({"killed": code == -signal.SIGKILL, "states": states})
        _put_back(plan)
    sys.stdout.write(json.dumps(found))


def _count(plan: Plan) -> int:
    """How many watched lines a whole run has."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(_traced(plan, 0)).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        return int(answer.read())


def _run(plan: Plan, point: int) -> int:
    child = os.fork()
    if child == 0:
        _traced(plan, point)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _traced(plan: Plan, point: int) -> int:
    """Carry the plan out, one repository at a time; the number of watched lines, unless it is killed at one."""
    passed = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Trace | None:
        nonlocal passed
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            passed += 1
            if passed == point:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sync_apply.apply(plan, Wish(commits=False), offline=True, jobs=1)
    return passed


def _texts(plan: Plan) -> list[tuple[bytes, bytes, bytes]]:
    """What each manifest holds now, held before, and shall hold."""
    found = []
    for one in plan.repositories:
        for edit in one.files:
            with open(os.path.join(one.folder, edit.path), "rb") as file:
                found.append((file.read(), edit.before, edit.after))
    return found


def _put_back(plan: Plan) -> None:
    for one in plan.repositories:
        for edit in one.files:
            with open(os.path.join(one.folder, edit.path), "wb") as file:
                file.write(edit.before)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
