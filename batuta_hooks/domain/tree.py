"""What a check may ask of a repository's files: the index, the worktree or a commit, seen alike."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class ReadFault(NamedTuple):
    """Why a tracked file's bytes cannot be had: a link to nowhere, a folder, no permission, too large."""

    reason: str


class Tree(Protocol):
    """The tracked files of one repository at one source.  Paths are relative to its top folder, ``/``-separated."""

    def __hash__(self) -> int:
        """A tree is only equal to itself."""

    @property
    def manifest_paths(self) -> Sequence[str]:
        """Every tracked ``Cargo.toml``, sorted."""

    @property
    def config_paths(self) -> Sequence[str]:
        """Every tracked ``.cargo/config.toml`` and ``.cargo/config``, sorted."""

    def read(self, path: str) -> bytes | ReadFault | None:
        """The bytes of a tracked file, symbolic links followed inside the repository; ``None`` if it is not there."""

    def folders(self) -> frozenset[str]:
        """Every folder that holds a tracked file, however deep; the top is the empty string."""

    def in_submodule(self, path: str) -> bool:
        """Whether the path is a submodule's folder or lies below one: a recursive clone has it."""


def join(folder: str, path: str) -> str:
    """Resolve ``path``, as a manifest in ``folder`` writes it, to a normal repository-relative path.

    The top folder is the empty string; a result that starts with ``..`` or ``/`` lies outside the repository.
    Dots are resolved in the text alone, as cargo does it, before any symbolic link is looked at.
    """
    normal = posixpath.normpath(posixpath.join(folder, path))
    return "" if normal == "." else normal


def is_outside(path: str) -> bool:
    """Whether a path that `join` returned leaves the repository; an absolute one leaves every clone but this one."""
    return path == ".." or path.startswith(("../", "/"))


def starts_with(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies below it, compared component by component."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def parent_folders(path: str) -> list[str]:
    """Every folder above a path, the nearest first, the top (an empty string) last."""
    folders = []
    while path:
        path = path.rpartition("/")[0]
        folders.append(path)
    return folders
