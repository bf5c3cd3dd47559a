"""Commands that are run for the user: their last words, their time limit, and their end on demand."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread

from batuta_hooks.stack.processes import Ended, Processes


def test_exit_code_and_last_words(tmp_path: Path) -> None:
    """What both streams said last is kept, undecodable bytes and empty lines aside."""
    with Processes() as processes:
        script = "for n in $(seq 20); do echo line $n; echo; done; printf '\\377end' >&2; pwd; exit 3"
        ended = processes.run(["sh", "-c", script], str(tmp_path), os.environ, 60)
    assert ended.code == 3
    lines = ended.said.splitlines()
    assert lines[0] == "line 10"
    assert lines[-1] == f"\ufffdend{tmp_path}"


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """It is an answer, not an exception."""
    with Processes() as processes:
        assert processes.run(["no-such-command"], str(tmp_path), os.environ, 60) == Ended(
            127, "no-such-command: No such file or directory"
        )


def test_time_is_limited(tmp_path: Path) -> None:
    """Whoever takes too long is ended, with all that it started."""
    with Processes() as processes:
        began = time.monotonic()
        ended = processes.run(["sh", "-c", "echo begun; sleep 60 & sleep 60"], str(tmp_path), os.environ, 0.3)
    assert time.monotonic() - began < 30
    assert (ended.code, ended.said) == (124, "begun\nended after 0 s")


def test_all_end_on_demand(tmp_path: Path) -> None:
    """Leaving the context ends what runs, and nothing starts any more."""
    found: list[Ended] = []
    with Processes() as processes:

        def work() -> None:
            found.append(processes.run(["sh", "-c", "touch here; sleep 60"], str(tmp_path), os.environ, 60))

        thread = Thread(target=work)
        thread.start()
        while not (tmp_path / "here").exists():
            time.sleep(0.01)
    thread.join(30)
    assert [ended.code for ended in found] == [-9]
    assert processes.run(["true"], str(tmp_path), os.environ, 60).code == 130
