"""Commands that are run for the user, several at a time: their last words kept, all of them ended on demand."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import NamedTuple, Self

_MOST_SAID = 1 << 16
_LAST_LINES = 12


class Ended(NamedTuple):
    """How a command ended: its exit code, and the last lines that it wrote."""

    code: int
    said: str


class Processes:
    """Runs commands; leaving the context ends those that still run, and what they started."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._lock = Lock()
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def run(self, command: Sequence[str], folder: str, env: Mapping[str, str], timeout_s: float) -> Ended:
        """Run a command to its end; 127 where it cannot be started, 124 where its time is over."""
        with self._lock:
            if self._is_over:
                return Ended(130, "interrupted")
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a group of its own, so that all that it starts can be ended
                )
            except OSError as error:
                return Ended(127, f"{command[0]}: {error.strerror}")
            self._running.add(process.pid)
        try:
            said, _ = process.communicate(timeout=timeout_s)
            code = process.returncode
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            said, _ = process.communicate()
            said, code = said + f"\nended after {timeout_s:.0f} s".encode(), 124
        finally:
            with self._lock:
                self._running.discard(process.pid)
        return Ended(code, _last_lines(said))

    def end(self) -> None:
        """End all that run, and start nothing more."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                _kill(process)


def _kill(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself


def _last_lines(said: bytes) -> str:
    text = said[-_MOST_SAID:].decode("utf-8", "replace")
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-_LAST_LINES:])
