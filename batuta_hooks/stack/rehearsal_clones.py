"""The clones of a rehearsal: a repository at a commit, its planned edits, its tags.  The repository is only read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.stack.checkouts import git_folders
from batuta_hooks.stack.plan_edits import Writing, writing
from batuta_hooks.stack.plan_values import Plan, RepositoryPlan

_WHO = ("-c", "user.name=batuta-stack", "-c", "user.email=batuta-stack@localhost", "-c", "commit.gpgSign=false")
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "tag.gpgSign=false", "-c", "gc.auto=0")
_TIMEOUT_S = 600.0
_SUBMODULE = "160000"
_SHA1 = re.compile(r"[0-9a-f]{40}")

Cargo = Callable[[Sequence[str], str], None]
"""Runs cargo with these arguments in a folder; raises BatutaError with its words where it fails."""


class Clone(NamedTuple):
    """A clone of a repository of the plan."""

    folder: str
    plan: RepositoryPlan


def clone_at(source: str, commit: str, folder: str, plan: RepositoryPlan) -> Clone:
    """Clone a checkout's repository and check a commit out; no hook runs, and no remote is asked.

    The clone borrows the objects that are there already, so that a large repository costs no more than a small one.
    Submodules that the checkout has are there too, at the commit that is recorded; cargo packages their files.

    Raises:
        BatutaError: git's words where it fails.
    """
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    env = _environment()
    if _borrow(source, commit, folder):
        Git([*_QUIET, "reset", "--quiet", "--hard"], folder, env).collect(_TIMEOUT_S)
        _clone_submodules(source, folder, plan)
        return Clone(folder, plan)
    Git([*_QUIET, "clone", "--quiet", "--shared", "--no-checkout", "--", source, folder], None, env).collect(_TIMEOUT_S)
    Git([*_QUIET, "checkout", "--quiet", "--detach", commit], folder, env).collect(_TIMEOUT_S)
    _clone_submodules(source, folder, plan)
    return Clone(folder, plan)


def _clone_submodules(source: str, folder: str, plan: RepositoryPlan) -> None:
    if not os.path.lexists(os.path.join(folder, ".gitmodules")):
        return
    listed = os.fsdecode(Git(["ls-files", "--stage", "-z"], folder, _environment()).collect())
    for record in listed.split("\0"):
        entry, _, path = record.partition("\t")
        mode, _, rest = entry.partition(" ")
        place = os.path.join(source, path)
        if mode != _SUBMODULE or not os.path.lexists(os.path.join(place, ".git")):
            continue
        try:
            clone_at(place, rest.partition(" ")[0], os.path.join(folder, path), plan)
        except GitError as error:
            mend = "git submodule update --init --recursive"
            raise BatutaError(f"the submodule cannot be cloned: {error.said}", where=place, mend=mend) from error


def _borrow(source: str, commit: str, folder: str) -> bool:
    """Make a repository at a commit as `git clone --shared` would, without its processes (gitrepository-layout(5)).

    Returns:
        False where git has to do it: the history is cut off, or its objects have another format than the usual one.
    """
    common = os.path.realpath(git_folders(source)[1])
    objects = os.path.join(common, "objects")
    if not _SHA1.fullmatch(commit) or os.path.exists(os.path.join(common, "shallow")) or "\n" in objects:
        return False
    own = os.path.join(folder, ".git")
    files = {
        "HEAD": f"{commit}\n",
        "config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
        os.path.join("objects", "info", "alternates"): f"{objects}\n",
    }
    os.makedirs(os.path.join(own, "objects", "info"))
    os.makedirs(os.path.join(own, "refs"))
    for name, text in files.items():
        with open(os.path.join(own, name), "wb") as file:
            file.write(os.fsencode(text))
    return True


def edit_clone(plan: Plan, clone: Clone, wave: int, cargo: Cargo) -> None:
    """Make the edits of a wave, let the lock file follow, and commit both, as the release would.

    Raises:
        BatutaError: a manifest cannot be edited, or cargo's or git's words where they fail.
    """
    written = writing(plan, clone.plan.path, wave)
    paths = write_files(clone.folder, written)
    env = _environment()
    if written.relocks:
        for lock in _tracked_locks(clone.folder, env):
            cargo(["update", "--quiet", "--workspace"], os.path.join(clone.folder, os.path.dirname(lock)))
    if written:
        if paths:
            Git(["--literal-pathspecs", "add", "--force", "--", *paths], clone.folder, env).collect(_TIMEOUT_S)
        date = f"{clone.plan.author_time} +0000"
        dated = {**env, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        options = ["commit", "--quiet", "--all", "--allow-empty", "--no-verify", f"--message={clone.plan.message}"]
        Git([*_WHO, *_QUIET, *options], clone.folder, dated).collect(_TIMEOUT_S)


def write_files(folder: str, written: Writing) -> list[str]:
    """Write what changes in a checkout of the commit before; the paths of these files.

    Raises:
        BatutaError: a manifest cannot be edited.
        OSError: a file cannot be read or written.
    """

    def read(path: str) -> bytes:
        place = os.path.join(folder, path)
        if not os.path.lexists(place) and any(one.path == path for one in written.sections):
            return b""
        with open(place, "rb") as file:
            return file.read()

    paths = []
    for path, _, after in written.files(read):
        place = os.path.join(folder, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(after)
        paths.append(path)
    return paths


def tag_clone(clone: Clone, tag: str) -> None:
    """Make an annotated tag on the commit that was published, unless several crates share it and one has made it.

    Raises:
        BatutaError: git's words where it fails.
    """
    env = _environment()
    try:
        Git([*_WHO, *_QUIET, "tag", "--annotate", f"--message={tag}", "--", tag], clone.folder, env).collect()
    except GitError:
        at_head = os.fsdecode(Git(["tag", "--points-at", "HEAD"], clone.folder, env).collect())
        if tag not in at_head.splitlines():
            raise


def _tracked_locks(folder: str, env: Mapping[str, str]) -> list[str]:
    listed = os.fsdecode(Git(["ls-files", "-z", "--", "Cargo.lock", "*/Cargo.lock"], folder, env).collect())
    return [
        path
        for path in listed.split("\0")
        if path and os.path.exists(os.path.join(folder, os.path.dirname(path), "Cargo.toml"))
    ]


def _environment() -> dict[str, str]:
    return {**environment(sibling=True), "GIT_OPTIONAL_LOCKS": "1", "GIT_TERMINAL_PROMPT": "0"}
