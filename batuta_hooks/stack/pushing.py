"""A push that waits for who holds the remote's ref, and is not stopped by a lock file that a killed git left there.

Git makes a lock file beside each ref that it changes, and never waits for one that is there already: a push that was
killed may still be at work on the remote, or have left its lock for ever.  A server clears its own; a remote that is a
folder of this machine has nobody else to do so (git's behaviour, docs/release.md).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from batuta_hooks.git.command import GitError
from batuta_hooks.stack.release_world import Repo
from batuta_hooks.stack.stale_locks import remove_stale_locks
from batuta_hooks.stack.steps.site import act, acting_environment

_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
_MOST_SAID = 8
_LOCK = re.compile(r"(refs/\S*|packed-refs|HEAD)\.lock\b")

#: Where git looks for a repository that a path names.
_SUFFIXES = ("/.git", "", ".git/.git", ".git")


def push_ref(
    repo: Repo,
    refspec: str,
    *options: str,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[str], None] = lambda _clause: None,
) -> None:
    """Push one ref to the repository's remote, and no tag beside it (``push.followTags``); the user's hooks run.

    Args:
        options: more of git's options.
        pause: waits for some seconds.
        told: is called with what was cleared.

    Raises:
        GitError: it was refused, or a lock is held for longer than three seconds.
    """
    command = ("push", "--quiet", "--no-follow-tags", *options, "--", repo.remote, refspec)
    for seconds in (*_PAUSES_S, None):
        try:
            act(repo.folder, acting_environment(), *command)
            return
        except GitError as error:
            if not is_locked(error):
                raise
        if seconds is not None:
            pause(seconds)
    there = folder_of_remote(repo)
    for clause in remove_stale_locks(there) if there is not None else []:
        told(clause)
    act(repo.folder, acting_environment(), *command)


def is_locked(error: GitError) -> bool:
    """Whether git was refused since a lock file is there; its name is the same in each language."""
    return _LOCK.search(error.text) is not None


def folder_of_remote(repo: Repo) -> str | None:
    """The folder of the remote's repository where it is on this machine, as git finds it; ``None`` where it is not."""
    try:
        url = repo.ask("remote", "get-url", "--push", "--", repo.remote)
    except GitError:
        return None
    if url.startswith("file://"):
        url = unquote(urlsplit(url).path)
    elif "://" in url or ":" in url.partition("/")[0]:
        return None
    place = os.path.join(repo.folder, url)
    found = (place + suffix for suffix in _SUFFIXES)
    return next((path for path in found if os.path.isfile(os.path.join(path, "HEAD"))), None)


def why_refused(error: GitError) -> str:
    """What git, the remote and the hooks said, one line; what begins like an error first, for there may be much."""
    lines = [line.strip() for line in error.text.splitlines() if line.strip() and not line.startswith("hint:")]
    errors = [line for line in lines if line.removeprefix("remote: ").startswith(("error:", "fatal:", "! ["))]
    rest = [line for line in lines if line not in errors]
    kept = errors[:_MOST_SAID]
    return "; ".join([*kept, *rest[max(0, len(rest) + len(kept) - _MOST_SAID) :]]) or error.what
