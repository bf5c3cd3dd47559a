"""Where git looks for the hooks of a repository, and who else looks there."""

from __future__ import annotations

import os
import shlex
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import GitError, git

EVENTS = ("pre-commit", "pre-merge-commit", "pre-push")

#: The first git whose configuration can name hooks, by `hook.NAME.command` and `hook.NAME.event`.
CONFIG_HOOKS_SINCE = (2, 54)


class Place(NamedTuple):
    """Where the hooks of one repository lie.

    Attributes:
        top: the folder to ask git in: the worktree's top folder, or a bare repository itself.
        is_bare: whether there is no worktree.
        git_folder: the folder that all worktrees of the repository share.
        folder: where git looks for hooks; it need not be there.
        hooks_path: ``core.hooksPath`` as it is spelled; ``None`` where it is not set.
        scope: where that is set: ``local``, ``worktree``, ``global``, ``system``; empty where it is not.
        git_version: the first two numbers of git's own version.
    """

    top: str
    is_bare: bool
    git_folder: str
    folder: str
    hooks_path: str | None
    scope: str
    git_version: tuple[int, ...]

    @property
    def has_config_hooks(self) -> bool:
        """Whether this git runs the hooks that its configuration names."""
        return self.git_version >= CONFIG_HOOKS_SINCE

    @property
    def is_shared(self) -> bool:
        """Whether other repositories have their hooks there too, because the user's or the machine's git says so."""
        return self.scope in ("global", "system")

    @property
    def is_off(self) -> bool:
        """Whether git looks for hooks where no folder is, as people switch them off."""
        return os.path.lexists(self.folder) and not os.path.isdir(self.folder)

    @property
    def switch_on(self) -> str:
        """The command that lets git look in this repository's own folder again, in no other repository's."""
        if self.is_shared:
            return f"git config core.hooksPath {shlex.quote(os.path.join(self.git_folder, 'hooks'))}"
        return f"git config {'--worktree ' if self.scope == 'worktree' else ''}--unset core.hooksPath"

    @property
    def is_outside(self) -> bool:
        """Whether the folder lies neither in the repository's own folder nor in its worktree."""
        return not any(_is_in(self.folder, home) for home in (self.git_folder, self.top))

    @property
    def is_in_worktree(self) -> bool:
        """Whether the folder is part of what is checked out, so that each worktree has its own."""
        return not self.is_bare and not self.is_outside and not _is_in(self.folder, self.git_folder)


def find_place(folder: str) -> Place:
    """Ask git where the hooks of the repository around a folder lie.

    Raises:
        BatutaError: there is no repository, or git cannot be run.
    """
    try:
        is_bare = _ask(folder, "rev-parse", "--is-bare-repository") == "true"
        top = _ask(folder, "rev-parse", "--absolute-git-dir" if is_bare else "--show-toplevel")
    except GitError as error:
        raise BatutaError(
            error.said or error.what,
            where=folder,
            mend="run it inside a repository, or for all repositories of the stack: --all",
        ) from error
    hooks_path, scope = _hooks_path(top)
    return Place(
        top=top,
        is_bare=is_bare,
        git_folder=os.path.normpath(os.path.join(top, _ask(top, "rev-parse", "--git-common-dir"))),
        # for an empty path git says the current folder, and looks at the top of the whole disk
        folder=os.path.normpath(os.path.join(top, _ask(top, "rev-parse", "--git-path", "hooks")))
        if hooks_path != ""
        else os.devnull,
        hooks_path=hooks_path,
        scope=scope,
        git_version=_version(),
    )


def _is_in(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(os.path.join(folder, ""))


def _ask(folder: str, *arguments: str) -> str:
    return os.fsdecode(git(arguments, folder, sibling=True)).removesuffix("\n")


def _hooks_path(top: str) -> tuple[str | None, str]:
    try:
        said = _ask(top, "config", "--null", "--show-scope", "--get", "core.hooksPath")
    except GitError as error:
        if error.status == 1:  # not set
            return None, ""
        raise
    scope, _, value = said.removesuffix("\0").partition("\0")
    return value, scope


def _version() -> tuple[int, ...]:
    words = git(["--version"]).decode().split()
    return tuple(int(number) for number in words[2].split(".")[:2])
