"""What ends a release from outside, SIGTERM of a machine or SIGHUP of a terminal that is gone, ends it as Ctrl-C does.

Else cargo, which runs in groups of its own, would go on without anybody, and nothing would say where it stands.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """One of these signals came.

    Attributes:
        number: which one.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def ended_code(interrupt: KeyboardInterrupt) -> int:
    """The exit code of what was interrupted, as shells have it."""
    return 128 + getattr(interrupt, "number", signal.SIGINT)


@contextmanager
def ends_as_by_ctrl_c() -> Iterator[None]:
    """Have these signals raise `Ended`, unless they are ignored (``nohup``) or somebody else's."""
    before = {}
    if current_thread() is main_thread():
        before = {number: signal.signal(number, _end) for number in _SIGNALS if _is_free(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_free(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)
