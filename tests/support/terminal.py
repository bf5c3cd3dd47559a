"""Programs in a terminal of their own, which has a size and takes keys."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Terminal:
    """A program that runs in a pseudo terminal.

    Args:
        command: the program and its arguments.
        size: columns and lines.
    """

    def __init__(
        self, command: Sequence[str | Path], *, cwd: Path, size: tuple[int, int] = (80, 24), env: Mapping[str, str]
    ) -> None:
        self._end, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._program = subprocess.Popen(command, cwd=cwd, env=env, stdin=inner, stdout=inner, stderr=inner)
        os.close(inner)
        self.shown = ""

    def press(self, keys: str) -> None:
        """Type keys."""
        os.write(self._end, keys.encode())

    def interrupt(self) -> None:
        """End it as control and C would."""
        self._program.send_signal(signal.SIGINT)

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Wait until something was written.

        Raises:
            AssertionError: it was not in time.
        """
        deadline = time.monotonic() + timeout_s
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} was not shown: {self.shown}"
            self._read()

    def end(self, timeout_s: float = 60) -> int:
        """Wait for the end and give the exit code."""
        deadline = time.monotonic() + timeout_s
        while self._program.poll() is None:
            if time.monotonic() > deadline:
                self._program.kill()
                self._program.wait()
                raise AssertionError(f"it did not end: {self.shown}")
            self._read()
        self._read()
        os.close(self._end)
        return self._program.returncode

    def _read(self) -> None:
        ready, _, _ = select.select([self._end], [], [], 0.05)
        if ready:
            try:
                self.shown += os.read(self._end, 1 << 16).decode("utf-8", "replace")
            except OSError:  # the program has closed its end
                time.sleep(0.01)
