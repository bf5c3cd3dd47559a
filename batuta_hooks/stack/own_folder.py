"""``.batuta``: the folder of a stack's logs, gate results and journals, which no repository ever tracks."""

from __future__ import annotations

import os

from batuta_hooks.gather.configuration import FILE_NAME
from batuta_hooks.stack.checkouts import Workspace, git_folders

NAME = ".batuta"


def own_folder(workspace: Workspace) -> str:
    """Where it is, or will be: beside batuta-stack.toml, else in the git folder of the only repository, else where the
    repositories are.
    """
    has_file = os.path.lexists(os.path.join(workspace.folder, FILE_NAME))
    if not has_file and workspace.repositories == (".",):
        return os.path.join(git_folders(workspace.folder)[1], NAME)
    return os.path.join(workspace.folder, NAME)


def make_own_folder(folder: str, *names: str) -> str:
    """Make it, hidden from git, and a folder below it; returns the latter.

    Raises:
        OSError: it cannot be made.
    """
    os.makedirs(os.path.join(folder, *names), exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.lexists(ignore):
        with open(ignore, "w", encoding="utf-8") as file:
            file.write("*\n")
    return os.path.join(folder, *names)
