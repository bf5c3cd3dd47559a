"""Ends a release, or a rollback, at a line of its journal: `python -m tests.support.release_killing WHERE release …`.

WHERE is `begin:N`, after the N-th step has begun; or `end:N`, when the N-th step has acted and did not say so yet.
There the process ends its whole group by SIGKILL.  Without a kill the last line on standard error is the number of
steps that there were.  Each step that begins is a line of the file that the variable BEGUN names, if it does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

from batuta_hooks.cli.app import main
from batuta_hooks.stack.journal import BEGIN, END, Journal

_lock = threading.Lock()


def killing(where: str, argv: list[str]) -> int:
    """Run a command, and end it there."""
    kind, _, number = where.partition(":")
    passed = {BEGIN: 0, END: 0}
    written = Journal.write

    def write(journal: Journal, event: str, **facts: Any) -> None:
        with _lock:
            acts = event == BEGIN or (event == END and not facts["was_done"])
            if acts:
                passed[event] += 1
            if event == BEGIN:
                _note(facts)
            is_there = acts and event == kind and passed[event] == int(number)
            if is_there and kind == END:
                os.killpg(0, signal.SIGKILL)
            written(journal, event, **facts)
            if is_there:
                os.killpg(0, signal.SIGKILL)

    setattr(Journal, "write", write)  # noqa: B010  every line passes there
    code = main(argv)
    sys.stderr.write(f"{passed[END]}\n")
    return code


def _note(facts: dict[str, Any]) -> None:
    with open(os.environ.get("BEGUN", os.devnull), "a", encoding="utf-8") as file:
        file.write(json.dumps([facts.get(name) for name in ("wave", "repository", "crate", "step")]) + "\n")


if __name__ == "__main__":
    sys.exit(killing(sys.argv[1], sys.argv[2:]))
