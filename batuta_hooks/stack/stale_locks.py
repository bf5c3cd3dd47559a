"""Lock files that a killed git left behind: removed where no process holds them, and told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from batuta_hooks.stack.checkouts import git_folders

_MAINTENANCE = "objects/maintenance.lock"


def remove_stale_locks(folder: str) -> list[str]:
    """Remove the lock files of a repository that nobody holds.

    Args:
        folder: the checkout's top.

    Returns:
        What should be told, a sentence each.
    """
    told = []
    git_folder, common = map(os.path.realpath, git_folders(folder))
    places = [lock for place in sorted({git_folder, common}) for lock in _own_locks(place)]
    places += sorted(_ref_locks(os.path.join(common, "refs")))
    for lock in filter(os.path.lexists, places):
        holders = list(_holders(lock, folder))
        if holders:
            told.append(f"{lock} is held by process {holders[0]}")
            continue
        try:
            os.unlink(lock)
        except FileNotFoundError:
            continue
        told.append(f"{lock} was left by a git that was ended: removed, for no process holds it")
    return told


def _own_locks(folder: str) -> list[str]:
    """The lock files of a git folder itself: of the index, of HEAD, of AUTO_MERGE, and whatever else git has there."""
    with suppress(OSError):
        names = sorted(name for name in os.listdir(folder) if name.endswith(".lock"))
        return [os.path.join(folder, name) for name in (*names, _MAINTENANCE)]
    return []


def _ref_locks(folder: str) -> Iterator[str]:
    """The lock files of all refs, which a push or fetch takes too; no ref's own name ends so."""
    for place, _, names in os.walk(folder):
        yield from (os.path.join(place, name) for name in names if name.endswith(".lock"))


def _holders(lock: str, folder: str) -> Iterator[int]:
    """Processes that have a lock file open, and gits at work in the checkout; this one where that cannot be told."""
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        yield os.getpid()
        return
    inside = (os.path.realpath(folder), os.path.realpath(os.path.dirname(lock)))
    for process in processes:
        try:
            with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
                is_git = file.read().startswith("git")
            where = os.readlink(f"/proc/{process}/cwd")
            files = [f"/proc/{process}/fd/{fd}" for fd in os.listdir(f"/proc/{process}/fd")]
        except OSError:
            continue  # it has ended, or is another user's
        if (is_git and (where in inside or where.startswith(inside[0] + os.sep))) or _leads(files, lock):
            yield process


def _leads(links: list[str], path: str) -> bool:
    for link in links:
        with suppress(OSError):  # it was closed meanwhile
            if os.readlink(link) == path:
                return True
    return False
