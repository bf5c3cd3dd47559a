"""How far a gradual synchronization is: kept in `.batuta/`, so that the next run can say which batch it does.

What is to be done is computed anew by every run; this is told, never believed.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from batuta_hooks.gather.configuration import FILE_NAME
from batuta_hooks.git.command import GitError, git
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.files import create, replace

_FOLDER, _FILE = ".batuta", "sync.json"
_SCHEMA = "batuta.sync-progress/1"
_MOST_BYTES = 1 << 20


class Progress(NamedTuple):
    """The batches that are done, names of repositories each, and how many are left."""

    done: tuple[tuple[str, ...], ...] = ()
    left: int = 0


def read_progress(workspace: Workspace) -> Progress:
    """What is noted; nothing where no gradual synchronization is under way, or the note cannot be read."""
    path = os.path.join(_folder(workspace), _FILE)
    try:
        with open(path, "rb") as file:
            noted = json.loads(file.read(_MOST_BYTES))
        if noted["schema"] != _SCHEMA:
            return Progress()
        return Progress(tuple(tuple(map(str, batch)) for batch in noted["done"]), int(noted["left"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Progress()


def note_batch(workspace: Workspace, before: Progress, batch: tuple[str, ...], left: int) -> None:
    """Note that a batch is done; with the last one the note goes."""
    folder = _folder(workspace)
    path = os.path.join(folder, _FILE)
    if not left:
        if os.path.exists(path):
            os.unlink(path)
        return
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.lexists(ignore):
        create(ignore, b"*\n")
    content = json.dumps({"schema": _SCHEMA, "done": [*before.done, batch], "left": left}).encode() + b"\n"
    if os.path.lexists(path):
        replace(path, content)
    else:
        create(path, content)


def _folder(workspace: Workspace) -> str:
    """`.batuta` beside batuta-stack.toml, or in a folder of repositories; else in the one repository's git folder."""
    beside = os.path.join(workspace.folder, _FOLDER)
    if os.path.lexists(os.path.join(workspace.folder, FILE_NAME)) or workspace.repositories != (".",):
        return beside
    try:
        found = os.fsdecode(git(["rev-parse", "--absolute-git-dir"], workspace.folder, sibling=True)).removesuffix("\n")
    except GitError:
        return beside
    return os.path.join(found, "batuta")
