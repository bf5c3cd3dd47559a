"""Commits and branches made for the user: of named files alone, through the user's own hooks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import Git, GitError, environment, git

#: Hooks may build and test; git's own part takes moments.
HOOKS_TIMEOUT_S = 3600.0

#: What `environment` sets for questions and nobody's hook expects.
_FOR_QUESTIONS = ("GIT_OPTIONAL_LOCKS", "GIT_NO_LAZY_FETCH", "GIT_NO_REPLACE_OBJECTS")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in environment(sibling=True).items() if name not in _FOR_QUESTIONS}
    del kept["LC_ALL"]
    return {**kept, **({"LC_ALL": os.environ["LC_ALL"]} if "LC_ALL" in os.environ else {})}


def commit_files(folder: str, paths: Sequence[str], message: str) -> str:
    """Commit what some tracked files of the repository at ``folder`` hold now, and return the commit's id.

    Nothing else is committed, and nothing stays staged where git or a hook refuses.

    Raises:
        GitError: git or one of the user's hooks refuses; `said` has its reason.
    """
    command = ["--literal-pathspecs", "commit", "--quiet", "--only", f"--message={message}", "--", *paths]
    Git(command, folder, _environment()).collect(HOOKS_TIMEOUT_S)
    return os.fsdecode(git(["rev-parse", "HEAD"], folder, sibling=True)).strip()


def switch_to(folder: str, branch: str) -> None:
    """Check out a branch of the repository at ``folder``, made at HEAD where there is none of that name.

    Raises:
        BatutaError: the name is none for a branch, or the branch cannot be checked out.
    """
    try:
        git(["check-ref-format", "--branch", branch], folder, sibling=True)
    except GitError as error:
        raise BatutaError(f"`{branch}` is no name for a branch", mend="see `git help check-ref-format`") from error
    try:
        git(["rev-parse", "--quiet", "--verify", f"refs/heads/{branch}"], folder, sibling=True)
        options = [branch]
    except GitError:
        options = ["--create", branch]
    Git(["switch", "--quiet", *options], folder, _environment()).collect(HOOKS_TIMEOUT_S)


def tracked(folder: str, paths: Sequence[str]) -> list[str]:
    """Those of some files that the repository at ``folder`` tracks."""
    command = ["--literal-pathspecs", "ls-files", "-z", "--", *paths]
    return [os.fsdecode(path) for path in git(command, folder, sibling=True).split(b"\0") if path] if paths else []
