"""Facts without git: about a folder on disk, where every file counts as tracked, or about texts in a test."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.facts import Facts, Policy, Published, Sibling
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.locks import lockfiles_of
from batuta_hooks.domain.stack import Stack, StackCrate, crates_in
from batuta_hooks.domain.tree import ReadFault, parent_folders, starts_with
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.siblings import Siblings

#: Files by path: what they hold, or why they cannot be read.
Texts = Mapping[str, str] | Mapping[str, str | bytes] | Mapping[str, str | ReadFault]


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

    @property
    def paths(self) -> Collection[str]:
        """Every file."""
        return self.files

    @property
    def links(self) -> Collection[str]:
        """None: they are followed."""
        return ()

    def resolve(self, path: str) -> str | None:
        """The path itself."""
        return path

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

    @property
    def nested(self) -> Collection[str]:
        """The submodules: no other repository lies inside."""
        return self.submodules

    def in_nested(self, path: str) -> bool:
        """The same: no other repository lies inside."""
        return self.in_submodule(path)


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


class TextTree:
    """A `Tree` of texts by path: what a test writes down, without a disk."""

    def __init__(self, files: Texts, submodules: Collection[str] = ()) -> None:
        self.files = files
        self.submodules = submodules

    @property
    def manifest_paths(self) -> Sequence[str]:
        """Every ``Cargo.toml``, sorted."""
        return sorted(path for path in self.files if path.rpartition("/")[2] == "Cargo.toml")

    @property
    def config_paths(self) -> Sequence[str]:
        """Every cargo configuration file, sorted."""
        return sorted(path for path in self.files if path.endswith((".cargo/config.toml", ".cargo/config")))

    @property
    def paths(self) -> Collection[str]:
        """Every file."""
        return self.files.keys()

    @property
    def links(self) -> Collection[str]:
        """None."""
        return ()

    def resolve(self, path: str) -> str | None:
        """The path itself."""
        return path

    def read(self, path: str) -> bytes | ReadFault | None:
        """The text as UTF-8."""
        content = self.files.get(path)
        return content.encode() if isinstance(content, str) else content

    def folders(self) -> frozenset[str]:
        """Every folder that holds a file."""
        return frozenset(folder for path in self.files for folder in parent_folders(path))

    def in_submodule(self, path: str) -> bool:
        """Whether the path is or lies below one of the submodules."""
        return any(starts_with(path, folder) for folder in self.submodules)

    @property
    def nested(self) -> Collection[str]:
        """The submodules: no other repository lies inside."""
        return self.submodules

    def in_nested(self, path: str) -> bool:
        """The same: no other repository lies inside."""
        return self.in_submodule(path)


def facts_about(
    files: Texts,
    judged: Sequence[str] | None = None,
    *,
    submodules: Collection[str] = (),
    published: Mapping[str, Published] | None = None,
    siblings: Mapping[str, Sibling] | None = None,
    readable: Collection[str] = (),
    on_disk: Collection[str] = (),
    stack: Sequence[StackCrate] = (),
    policy: Policy = Policy(),  # noqa: B008  a value
    committed_at: int | None = None,
) -> Facts:
    """Facts about a repository that is written down in a test.

    Args:
        judged: the manifests to judge; all, and every configuration file too, unless given.
        submodules: folders that are submodules.
        published: what the registry holds, a crate that is left out having no version; asked nothing where ``None``.
        siblings: the crates outside, by the folder that leads to them from the top.
        readable: the manifests that could be read at the commit that the tree is compared with.
        on_disk: files of the worktree that git does not track.
        stack: crates of sibling checkouts.
        policy: what the configuration says of versions.
        committed_at: when the judged commit was made.
    """
    tree = TextTree(files, submodules)
    manifests = Manifests(tree)
    facts = Facts(
        manifests,
        tree.manifest_paths if judged is None else judged,
        tree.config_paths if judged is None else (),
        sibling=(siblings or {}).get,
        was_readable=lambda path: path in readable,
        is_on_disk=lambda path: path in on_disk,
        stack=Stack(lambda: [*crates_in(manifests, tree.manifest_paths), *stack]),
        policy=policy,
        committed_at=lambda: committed_at,
        lockfile=lockfiles_of(tree),
    )
    if published is None:
        return facts
    return facts._replace(published=lambda name: published.get(name, Published(())))


def said_of(facts: Facts) -> tuple[list[Finding], list[Unknown]]:
    """What the path-dependency check finds and what it leaves open, without repetition, sorted as guards print it."""
    said = set(find(facts))
    findings = sorted(one for one in said if isinstance(one, Finding))
    return findings, sorted(one for one in said if isinstance(one, Unknown))
