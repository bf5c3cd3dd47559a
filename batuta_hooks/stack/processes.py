"""Commands that are run for the user, several at a time: their last words kept, all of them ended on demand."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import BinaryIO, NamedTuple, Self

_MOST_SAID = 1 << 16
_LAST_LINES = 12

#: What lets cargo say what is read here, and in plain text, whatever the user's configuration asks for.
PLAIN_CARGO = {"CARGO_TERM_COLOR": "never", "CARGO_TERM_QUIET": "false"}


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

    def run(
        self,
        command: Sequence[str],
        folder: str,
        env: Mapping[str, str],
        timeout_s: float,
        log: BinaryIO | None = None,
        *,
        until: bytes = b"",
    ) -> Ended:
        """Run a command to its end; 127 where it cannot be started, 124 where its time is over.

        Args:
            log: an open file that all of its output goes to, also to be read.
            until: words after which it is interrupted, for it has done what was wanted of it: that ends with 0.
        """
        with self._lock:
            if self._is_over:
                return Ended(130, "interrupted")
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if log is None else log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a group of its own, so that all that it starts can be ended
                )
            except OSError as error:
                return Ended(127, f"{command[0]}: {error.strerror}")
            self._running.add(process.pid)
        ending, code = b"", None
        try:
            said = _listen(process, until, timeout_s) if until else process.communicate(timeout=timeout_s)[0]
            code = 0 if until and until in said else process.returncode
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            said = b"" if until else process.communicate()[0]
            process.wait()
            ending, code = f"\nended after {timeout_s:.0f} s".encode(), 124
        finally:
            with self._lock:
                self._running.discard(process.pid)
        return Ended(code, _last_lines((_end_of(log) if log is not None else said) + ending))

    def end(self) -> None:
        """End all that run, and start nothing more."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                _kill(process)


def _listen(process: subprocess.Popen[bytes], until: bytes, timeout_s: float) -> bytes:
    """What a process says to its end, which some words bring about."""
    assert process.stdout is not None
    said, over, is_told = b"", time.monotonic() + timeout_s, False
    with process.stdout as output:
        while True:
            if not select.select([output], [], [], max(0.0, over - time.monotonic()))[0]:
                raise subprocess.TimeoutExpired(process.args, timeout_s)
            part = os.read(output.fileno(), 1 << 16)
            said += part
            if not part:
                break
            if until in said and not is_told:
                is_told = True
                os.killpg(process.pid, signal.SIGINT)
    process.wait()
    return said


def _end_of(log: BinaryIO) -> bytes:
    log.seek(max(0, log.seek(0, os.SEEK_END) - _MOST_SAID))
    return log.read()


def _kill(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself


def _last_lines(said: bytes) -> str:
    text = said[-_MOST_SAID:].decode("utf-8", "replace")
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-_LAST_LINES:])
