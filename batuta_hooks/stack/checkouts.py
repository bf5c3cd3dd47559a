"""The stack's checkouts: where the meta-checkout is, which repositories belong to it, and how each one stands."""

from __future__ import annotations

import os
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.checkout_folders import SIGNS, checkout_folders, children
from batuta_hooks.gather.configuration import FILE_NAME, find_stack_file, read_configuration
from batuta_hooks.gather.repository import INDEX, Repository
from batuta_hooks.git.command import GitError
from batuta_hooks.git.status import Status, read_status, start_status

#: How a checkout stands; only the first four can be judged, a bare one at a revision.
OK, UNBORN, DETACHED, UNMERGED, BARE = "ok", "unborn", "detached", "unmerged", "bare"
MISSING, NO_REPOSITORY, UNREADABLE = "missing", "not-a-repository", "unreadable"

_LARGEST_CONFIG = 1 << 16


class Workspace(NamedTuple):
    """The meta-checkout: the folder that the stack's repositories are found from.

    Attributes:
        folder: its absolute path.
        repositories: paths of the checkouts relative to it; ``.`` for itself.
        listed: those that somebody named one by one, so that they count even where they hold no manifest.
    """

    folder: str
    repositories: tuple[str, ...]
    listed: frozenset[str]


class Checkout(NamedTuple):
    """How one repository stands.

    Attributes:
        path: relative to the workspace; ``.`` for itself.
        state: a constant of this module.
        error: why it could not be judged; ``None`` where it was.
        status: git's answer, where there was one.
        fetched_at: when it last fetched, or was cloned, in seconds since the epoch; ``None`` where nothing tells.
        is_shallow: whether its history is cut off.
    """

    path: str
    state: str
    error: str | None = None
    status: Status | None = None
    fetched_at: float | None = None
    is_shallow: bool = False


def find_workspace(given: str | None = None) -> Workspace:
    """Find the meta-checkout and its repositories.

    It is the folder given, else that of the nearest batuta-stack.toml at or above the current one, else
    ``BATUTA_STACK``, else the repository around the current folder, else the current folder with its direct children.

    Raises:
        BatutaError: no such folder, no repository, or a configuration that is wrong.
    """
    start = os.path.abspath(given or ".")
    if not os.path.isdir(start):
        raise BatutaError(f"`{given}` is no folder", mend="--workspace takes the folder that holds the repositories")
    folder = _stack_folder(start, is_given=given is not None)
    if folder is None:
        return _without_file(start)
    config, _ = read_configuration(folder, None, for_guard=False)
    if config is not None and config.repositories is not None:
        return _listed(folder, config.repositories)
    below = children(folder)
    found = (".", *below) if _tracks_manifests(folder) else below
    return _workspace(folder, found, f"list its repositories in {FILE_NAME}: [stack] repositories = [...]")


def _stack_folder(start: str, *, is_given: bool) -> str | None:
    if is_given:
        return start if os.path.lexists(os.path.join(start, FILE_NAME)) else None
    file = find_stack_file(start)
    stack = os.path.dirname(file) if file is not None else os.environ.get("BATUTA_STACK", "")
    if stack and not os.path.isdir(stack):
        raise BatutaError(f"BATUTA_STACK names `{stack}`, which is no folder", mend="correct it, or unset it")
    return os.path.abspath(stack) if stack else None


def _without_file(start: str) -> Workspace:
    below = children(start)
    top = _top_around(start)
    if top and not (below and not _tracks_manifests(top)):
        return Workspace(top, (".",), frozenset())
    mend = "run it inside a repository or in a folder of repositories, or name one: --workspace PATH"
    return _workspace(start, below, mend)


def _workspace(folder: str, repositories: tuple[str, ...], mend: str) -> Workspace:
    if not repositories:
        raise BatutaError("there is no git repository with a Cargo.toml here", where=folder, mend=mend)
    return Workspace(folder, repositories, frozenset())


def _top_around(folder: str) -> str:
    """The top folder of the repository around a folder; empty where there is none or it is bare."""
    repository = Repository(folder, source="", sibling=True)
    try:
        return repository.top
    except BatutaError as error:
        if isinstance(error.__cause__, GitError):
            return ""
        raise


def _tracks_manifests(folder: str) -> bool:
    if not os.path.lexists(os.path.join(folder, ".git")):
        return False
    try:
        return bool(Repository(folder, INDEX, sibling=True).tree().manifest_paths)
    except BatutaError:
        return True  # unreadable, which is a result of its own


def _listed(folder: str, patterns: tuple[str, ...]) -> Workspace:
    paths = tuple(checkout_folders(folder, patterns))
    return Workspace(folder, paths, frozenset(paths))


def inspect(workspace: Workspace, path: str) -> Checkout:
    """Ask git how a repository stands; whatever is wrong with it is an answer too.

    Raises:
        BatutaError: git cannot be run at all.
    """
    folder = os.path.join(workspace.folder, path)
    if not os.path.isdir(folder):
        if os.path.lexists(folder):
            return Checkout(path, NO_REPOSITORY, "it is no folder")
        what = "no repository matches it" if SIGNS.intersection(path) else "there is no such folder"
        return Checkout(path, MISSING, what)
    try:
        status = read_status(start_status(folder).collect())
    except GitError as error:
        return _refused(path, error)
    git_folder, common = git_folders(folder)
    is_shallow = os.path.exists(os.path.join(common, "shallow"))
    return Checkout(path, _state(status), None, status, _fetched_at(git_folder, common), is_shallow)


def _refused(path: str, error: GitError) -> Checkout:
    if "work tree" in error.said:
        return Checkout(path, BARE)
    if "not a git repository" in error.said:
        return Checkout(path, NO_REPOSITORY, "it is not the top folder of a git repository")
    return Checkout(path, UNREADABLE, error.said or error.what)


def _state(status: Status) -> str:
    if status.unmerged:
        return UNMERGED
    if status.head is None:
        return UNBORN
    return DETACHED if status.branch is None else OK


def git_folders(folder: str) -> tuple[str, str]:
    """Where git keeps what belongs to this checkout, and what all worktrees of the repository share."""
    git_folder = os.path.join(folder, ".git")
    if not os.path.lexists(git_folder):  # a bare repository
        return folder, folder
    if os.path.isfile(git_folder):  # a linked worktree or a submodule
        git_folder = os.path.join(folder, _first_line(git_folder).removeprefix("gitdir: "))
    return git_folder, os.path.join(git_folder, _first_line(os.path.join(git_folder, "commondir")) or ".")


def plain_top(folder: str) -> str:
    """The top folder of the worktree, as git names it, if ``folder`` is that of a plain repository; else empty.

    git need not be asked then.  A ``.git`` that is a file, or a configuration that speaks of worktrees or includes
    another, may put it elsewhere.
    """
    try:
        with open(os.path.join(folder, ".git", "config"), "rb") as file:
            written = file.read(_LARGEST_CONFIG).lower()
    except OSError:
        return ""
    is_plain = len(written) < _LARGEST_CONFIG and b"worktree" not in written and b"include" not in written
    return os.path.realpath(folder) if is_plain else ""


def _fetched_at(git_folder: str, common: str) -> float | None:
    """A clone writes no FETCH_HEAD, but the remote's HEAD, which a fetch leaves alone."""
    places = [os.path.join(place, "FETCH_HEAD") for place in (git_folder, common)]
    times = [_changed_at(place) for place in (*places, os.path.join(common, "refs", "remotes", "origin", "HEAD"))]
    return max((time for time in times if time is not None), default=None)


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).rstrip("\n")
    except OSError:
        return ""


def _changed_at(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
