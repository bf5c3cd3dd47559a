"""Which repositories a command about hooks is for, and what came of each."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.hooks_install import Told, install, uninstall
from batuta_hooks.stack.hooks_place import Place, find_place


class Outcome(NamedTuple):
    """What came of one repository.

    Attributes:
        path: the repository, relative to the folder that the command was for; ``.`` for that itself.
        told: what was done for each event; empty where something stood in the way.
        error: what that was; ``None`` where all went well.
        mend: what to do about it; empty where nothing is known.
    """

    path: str
    told: tuple[Told, ...] = ()
    error: str | None = None
    mend: str = ""


def chosen(given: str | None, *, every: bool) -> list[tuple[str, str]]:
    """The repositories that a command is for, as name and folder: the one around a folder, or the whole stack.

    Raises:
        BatutaError: there is none.
    """
    if every:
        workspace = find_workspace(given)
        return [(path, os.path.join(workspace.folder, path)) for path in workspace.repositories]
    folder = os.path.abspath(given or ".")
    if not os.path.isdir(folder):
        raise BatutaError(
            f"`{given}` is no folder", mend="--workspace takes a repository, or with --all a folder of them"
        )
    return [(".", find_place(folder).top)]


def install_hooks(given: str | None, *, every: bool, shared: bool, dry_run: bool) -> list[Outcome]:
    """Install the hooks in each chosen repository; what keeps one from it keeps no other."""
    return _each(given, every=every, work=lambda place: install(place, shared=shared, dry_run=dry_run))


def uninstall_hooks(given: str | None, *, every: bool, shared: bool, dry_run: bool) -> list[Outcome]:
    """Take the hooks out of each chosen repository; what keeps one from it keeps no other."""
    return _each(given, every=every, work=lambda place: uninstall(place, shared=shared, dry_run=dry_run))


def _each(given: str | None, *, every: bool, work: Callable[[Place], list[Told]]) -> list[Outcome]:
    # one after the other: two worktrees of one repository share their hooks
    return [_one(path, folder, work) for path, folder in chosen(given, every=every)]


def _one(path: str, folder: str, work: Callable[[Place], list[Told]]) -> Outcome:
    try:
        return Outcome(path, tuple(work(find_place(folder))))
    except BatutaError as error:
        what = f"{error.where}: {error.what}" if error.where else error.what
        return Outcome(path, error=what, mend=error.mend)
    except OSError as error:
        return Outcome(path, error=f"{error.filename or folder}: {error.strerror or error}")
