"""Changes to a repository's hooks, one step after the other; where one fails, those before it are taken back."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterable
from typing import NamedTuple

from batuta_hooks.git.command import git


class Write(NamedTuple):
    """Write a file whole, executable or not; folders that it needs are made.  Only ours is ever written over."""

    path: str
    content: bytes
    is_executable: bool = True


class Move(NamedTuple):
    """Give a file another name in its folder, as it is; nothing may have that name."""

    path: str
    to: str


class Remove(NamedTuple):
    """Remove a file of ours, and the folders that were made for it, where they are empty then."""

    path: str
    folders: tuple[str, ...] = ()


class Configure(NamedTuple):
    """Name a hook in the repository's own git configuration: command and event; an empty command takes it out."""

    git_folder: str
    name: str
    command: str
    event: str


Step = Write | Move | Remove | Configure
_Undo = Callable[[], object]


def take(steps: Iterable[Step]) -> None:
    """Take all steps, or none.

    Raises:
        OSError, BatutaError: one failed; what was done before it is undone.
    """
    undo: list[_Undo] = []
    try:
        for step in steps:
            _TAKE[type(step)](step, undo)
    except BaseException:
        for back in reversed(undo):
            back()
        raise


def _write(step: Write, undo: list[_Undo]) -> None:
    _make_folder(os.path.dirname(step.path), undo)
    before, mode = _held(step.path)
    plain = 0o644 if before is None else mode
    _put(step.path, step.content, 0o755 if step.is_executable else plain)
    undo.append((lambda: os.unlink(step.path)) if before is None else (lambda: _put(step.path, before, mode)))


def _move(step: Move, undo: list[_Undo]) -> None:
    if os.path.lexists(step.to):
        raise FileExistsError(17, "there is a file of that name already", step.to)
    os.rename(step.path, step.to)
    undo.append(lambda: os.rename(step.to, step.path))


def _remove(step: Remove, undo: list[_Undo]) -> None:
    before, mode = _held(step.path)
    assert before is not None
    os.unlink(step.path)
    undo.append(lambda: _put(step.path, before, mode))
    for folder in step.folders:
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
            undo.append(functools.partial(os.mkdir, folder))


def _configure(step: Configure, undo: list[_Undo]) -> None:
    file = os.path.realpath(os.path.join(step.git_folder, "config"))
    before, mode = _held(file)
    assert before is not None
    undo.append(lambda: _put(file, before, mode))
    if step.command:
        git(["config", "--file", file, f"hook.{step.name}.command", step.command], sibling=True)
        git(["config", "--file", file, f"hook.{step.name}.event", step.event], sibling=True)
    else:
        git(["config", "--file", file, "--remove-section", f"hook.{step.name}"], sibling=True)


_TAKE: dict[type, Callable[..., None]] = {Write: _write, Move: _move, Remove: _remove, Configure: _configure}


def _make_folder(folder: str, undo: list[_Undo]) -> None:
    if os.path.isdir(folder):
        return
    _make_folder(os.path.dirname(folder), undo)
    os.mkdir(folder)
    undo.append(lambda: os.rmdir(folder))


def _held(path: str) -> tuple[bytes | None, int]:
    try:
        with open(path, "rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mode & 0o7777
    except FileNotFoundError:
        return None, 0


def _put(path: str, content: bytes, mode: int) -> None:
    """Write a file beside, then put it in its place: git never meets half of it, and a link is not followed."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=".batuta-", dir=os.path.dirname(path))
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException as error:
        if name:
            os.unlink(name)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, path) from error  # nobody knows the other name
        raise
