"""A sibling checkout's files as they lie on disk, tracked or not, as a `batuta_hooks.domain.tree.Tree`.

Git is not asked: a guard looks at thirty siblings, and each process would cost as much as all of their files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from batuta_hooks.domain.tree import ReadFault, is_outside
from batuta_hooks.git.tree import read_regular_file

_DEEPEST = 6
_MOST_FOLDERS = 4096
_LEFT_OUT = ("target", "node_modules")


class FolderTree:
    """The files below a folder.

    Attributes:
        looked_at: the paths that were read, or that there was nothing at; relative to the folder.
    """

    def __init__(self, top: str) -> None:
        self._top = top
        self._folders: frozenset[str] | None = None
        self.looked_at: dict[str, None] = {}

    @property
    def manifest_paths(self) -> Sequence[str]:
        """The top manifest; others are come to from there."""
        return ["Cargo.toml"]

    @property
    def config_paths(self) -> Sequence[str]:
        """None: nobody judges a sibling here."""
        return []

    def read(self, path: str) -> bytes | ReadFault | None:
        """The bytes of a file; nothing outside the folder is read."""
        if is_outside(path):
            return None
        self.looked_at[path] = None
        return read_regular_file(f"{self._top}/{path}")

    def folders(self) -> frozenset[str]:
        """The folders below, those that cargo and npm fill and hidden ones left out; of a huge tree the first ones."""
        if self._folders is None:
            found, level = {""}, [""]
            for _ in range(_DEEPEST):
                level = [below for folder in level for below in self._below(folder)]
                found.update(level)
                if len(found) > _MOST_FOLDERS:
                    break
            self._folders = frozenset(found)
        return self._folders

    def _below(self, folder: str) -> list[str]:
        try:
            with os.scandir(f"{self._top}/{folder}") as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        kept = [name for name in names if not name.startswith(".") and name not in _LEFT_OUT]
        return [f"{folder}/{name}" if folder else name for name in sorted(kept)]

    def in_submodule(self, _path: str) -> bool:
        """Whether a path lies in a submodule; here that makes no difference, for its files are read alike."""
        return False
