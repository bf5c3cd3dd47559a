"""Fetching the stack's repositories: how far a checkout is behind its upstream only a fetch can tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.judging import folder_of

#: A fetch is ended after so long: a host that does not answer holds up no check.
TIMEOUT_S = 120.0

#: Waiting for hosts takes no processor.
_AT_ONCE = 8

#: Nothing is asked of anybody, nothing else is done on the occasion, and a server that falls silent is left.
_SETTINGS = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30", "-c", "maintenance.auto=false")
_FETCH = (*_SETTINGS, "fetch", "--quiet", "--all", "--no-recurse-submodules")


def fetch_all(
    workspace: Workspace,
    *,
    jobs: int | None = None,
    timeout_s: float = TIMEOUT_S,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[str, ...]:
    """Fetch in every repository that has a remote, several at the same time.

    Args:
        jobs: how many at the same time; ``None`` for a few.
        timeout_s: seconds after which a repository's fetch is ended.
        told: called with how many repositories are done, of how many.

    Returns:
        A sentence for each repository that could not be fetched; it is judged as it was before.

    Raises:
        BatutaError: git cannot be run at all.
    """
    with ThreadPoolExecutor(max_workers=jobs or _AT_ONCE) as threads:
        pending = {
            threads.submit(_fetch, folder_of(workspace, path), timeout_s): path for path in workspace.repositories
        }
        failed = {}
        for done, future in enumerate(as_completed(pending), 1):
            why = future.result()
            if why:
                failed[pending[future]] = why
            told(done, len(pending))
    return tuple(f"{path}: not fetched: {failed[path]}" for path in workspace.repositories if path in failed)


def _fetch(folder: str, timeout_s: float) -> str:
    """Fetch one repository; returns why that failed, or nothing.  A folder without a repository is somebody else's."""
    if not os.path.isdir(folder):
        return ""
    env = environment(sibling=True) | {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "force"}
    env["GIT_CEILING_DIRECTORIES"] = os.path.dirname(os.path.realpath(folder))
    env.setdefault("SSH_ASKPASS", "false")  # a program that answers nothing, so that ssh does not ask the terminal
    try:
        if not Git(["remote"], folder, env).collect().strip():
            return ""
    except GitError:
        return ""
    try:
        Git(_FETCH, folder, env).collect(timeout_s)
    except GitError as error:
        return f"no answer within {timeout_s:g} s" if error.status is None else error.said or error.what
    except BatutaError as error:
        return error.what
    return ""
