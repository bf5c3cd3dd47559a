"""Starts the refresher: another process, which asks the registry and outlives this one if need be.

Guards open no socket.  What they want to be fresher is asked for by `batuta-stack cache warm`, which takes turns with
others of its kind, and is waited for no longer than the budget.
"""

from __future__ import annotations

import os
import sys
import time

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.registry.names import is_crate_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from batuta_hooks.gather.registry import Registry
    from batuta_hooks.registry.lookup import Answer

_MOST_NAMES = 1000
_POLL_S = 0.01


def stale(registry: Registry, crates: Iterable[str], since: int = 0) -> list[str]:
    """The crates among these whose answer is not fresh, sorted; none where the registry is not to be asked.

    Args:
        since: a time in seconds since 1970; an answer from before it is not fresh either.
    """
    place = registry.place
    if not place.url or place.offline:
        return []
    answers = [(crate, registry.answer(crate)) for crate in sorted(set(crates)) if is_crate_name(crate)]
    return [
        crate
        for crate, answer in answers
        if isinstance(answer, Unknown) or not answer.is_fresh or answer.checked_at < since
    ]


def lacking(registry: Registry, archives: Iterable[tuple[str, str]]) -> list[str]:
    """The versions among these, `CRATE@VERSION`, of whose archives nothing is known; none where nobody is to be asked.

    A version that a fresh answer does not list has none.
    """
    place = registry.place
    if not place.url or place.offline:
        return []
    found = []
    for crate, version in sorted(set(archives)):
        if is_crate_name(crate) and isinstance(registry.origin(crate, version), Unknown):
            answer = registry.answer(crate)
            is_gone = not isinstance(answer, Unknown) and answer.is_fresh and not _lists(answer, version)
            found += [] if is_gone else [f"{crate}@{version}"]
    return found


def _lists(answer: Answer, version: str) -> bool:
    bare = version.partition("+")[0]
    return any(one.partition("+")[0] == bare for one in (*answer.versions, *answer.yanked))


def refresh(crates: Sequence[str], budget_s: float) -> bool:
    """Have the registry asked about crates, in the current folder's configuration, and wait for it.

    Args:
        crates: legal names, or `NAME@VERSION` for an archive too.
        budget_s: seconds to wait at most; the process goes on behind that.

    Returns:
        Whether it is done.
    """
    deadline = time.monotonic() + budget_s
    # -P: the current folder is somebody's repository, not a place to import from
    argv = [sys.executable, "-P", "-m", "batuta_hooks.cli", "cache", "warm", "--quiet", "--", *crates[:_MOST_NAMES]]
    child = _start(argv)
    while child:
        ended, _ = os.waitpid(child, os.WNOHANG)
        left_s = deadline - time.monotonic()
        if ended or left_s <= 0:
            return bool(ended)
        time.sleep(min(_POLL_S, left_s))
    return False


def _start(argv: list[str]) -> int:
    """The number of a process in a session of its own, so that what ends the guard does not end it; 0 for none."""
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    try:
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=nowhere, setsid=True)
    except NotImplementedError:  # a system that cannot do this; Ctrl-C ends the refresher too then
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=nowhere)
    except OSError:
        return 0
