"""Facts about a folder on disk without git: every file in it counts as tracked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.tree import ReadFault, parent_folders, starts_with
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.siblings import Siblings


class FolderTree:
    """A `Tree` of all files below a folder; ``target`` and ``.git`` are left out, links to folders are followed."""

    def __init__(self, top: Path) -> None:
        self.top = Path(os.path.realpath(top))
        self.files: set[str] = set()
        for folder, below, names in os.walk(self.top):
            below[:] = [name for name in below if name not in {"target", ".git"}]
            self.files.update(os.path.relpath(os.path.join(folder, name), self.top) for name in names)
        modules = self.top / ".gitmodules"
        listed = modules.read_text(encoding="utf-8").splitlines() if modules.exists() else []
        self.submodules = [line.partition("=")[2].strip() for line in listed if line.strip().startswith("path")]

    @property
    def manifest_paths(self) -> Sequence[str]:
        """Every ``Cargo.toml``, sorted."""
        return sorted(path for path in self.files if path.rpartition("/")[2] == "Cargo.toml")

    @property
    def config_paths(self) -> Sequence[str]:
        """Every cargo configuration file, sorted."""
        return sorted(path for path in self.files if path.endswith((".cargo/config.toml", ".cargo/config")))

    def read(self, path: str) -> bytes | ReadFault | None:
        """A file's bytes."""
        file = os.path.realpath(self.top / path)
        return Path(file).read_bytes() if os.path.relpath(file, self.top) in self.files else None

    def folders(self) -> frozenset[str]:
        """Every folder that holds a file."""
        found = {""}
        for path in self.files:
            found.update(parent_folders(path))
        return frozenset(found)

    def in_submodule(self, path: str) -> bool:
        """Whether the path is or lies below a folder that ``.gitmodules`` names."""
        return any(starts_with(path, folder) for folder in self.submodules)


def facts_of(top: Path, judged: Sequence[str] | None = None) -> Facts:
    """Facts about a folder; all of its manifests are judged unless some are named."""
    tree = FolderTree(top)
    return Facts(
        Manifests(tree),
        tree.manifest_paths if judged is None else judged,
        tree.config_paths if judged is None else (),
        sibling=Siblings(str(top)),
    )


def findings_of(top: Path, judged: Sequence[str] | None = None) -> list[Finding]:
    """What the path-dependency check says of a folder, in its own order."""
    return [said for said in find(facts_of(top, judged)) if isinstance(said, Finding)]


def unknown_of(top: Path) -> list[Unknown]:
    """What the path-dependency check leaves undecided in a folder."""
    return [said for said in find(facts_of(top)) if isinstance(said, Unknown)]
