"""Child processes of tests: output as text, a time limit, and a failure that shows what the child said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    code: int | None = 0,
    timeout_s: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end.

    Args:
        command: the program and its arguments; no shell.
        cwd: the folder to run in, else the current one.
        env: the whole environment, else the current one.
        stdin: the text to feed; the child never sees the terminal.
        code: the exit code that it must end with, None for any.
        timeout_s: seconds until it is killed.

    Raises:
        AssertionError: it ended with another code; the message holds its output.
        subprocess.TimeoutExpired: it took longer.
    """
    done = subprocess.run(
        command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if code is not None and done.returncode != code:
        shown = " ".join(map(str, command))
        message = f"$ {shown}\nended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
        raise AssertionError(message)
    return done


def unmeasured() -> dict[str, str]:
    """The current environment without coverage's variables: a Python child starts some 80 ms sooner and counts not."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
