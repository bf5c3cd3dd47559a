"""What `sync` intends and did, as values: changes, what is left alone and why, and each repository's outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.stack.manifest_editor import DependencyEdit

#: How a repository's part of a sync ended.
COMMITTED, EDITED, RESTORED, UNTOUCHED = "committed", "edited", "restored", "untouched"


class Change(NamedTuple):
    """One dependency that gets another requirement or loses its path.

    Attributes:
        repository: the checkout, relative to the workspace.
        path: the manifest, relative to the repository.
        line: where its entry begins in the old file, counted from 1.
        crate: the package that uses it; the first by path, where several inherit the entry.
        dependency: the package's name.
        before, after: what it requires; ``None`` for nothing.
        finding: the code of the finding that it mends; empty where there is none.
        reason: why, a clause.
        version: the version that it is to be locked at; empty where any will do.
    """

    repository: str
    path: str
    line: int
    crate: str
    dependency: str
    before: str | None
    after: str | None
    finding: str
    reason: str
    version: str
    edit: DependencyEdit


class Skipped(NamedTuple):
    """A dependency that stays as it is though something is wrong with it, and why, with what would help."""

    repository: str
    crate: str
    dependency: str
    why: str


class FileEdit(NamedTuple):
    """A manifest's bytes before and after; its path is relative to the repository."""

    path: str
    before: bytes
    after: bytes


class RepositoryPlan(NamedTuple):
    """What shall happen in one repository.

    Attributes:
        repository: relative to the workspace; ``.`` for itself.
        folder: its absolute path.
        dirty: the tracked files there that differ from HEAD.
        roots: folders of the workspace roots, or packages alone, that the edits are about; relative to the repository.
        verify_command: what the configuration wants to be run; empty for cargo's own check in each of `roots`.
    """

    repository: str
    folder: str
    changes: tuple[Change, ...]
    files: tuple[FileEdit, ...]
    dirty: frozenset[str]
    roots: tuple[str, ...]
    verify_command: str

    @property
    def is_clean(self) -> bool:
        """Whether its edits may be committed: nothing tracked differs from HEAD."""
        return not self.dirty


class Plan(NamedTuple):
    """All that a sync intends.

    Attributes:
        repositories: those where something changes.
        batches: names of repositories to be synchronized one after the other, leaves first.
        crates: how many crates were looked at.
        notes: what the user should hear, a sentence each.
    """

    workspace: str
    repositories: tuple[RepositoryPlan, ...]
    skipped: tuple[Skipped, ...]
    batches: tuple[tuple[str, ...], ...]
    crates: int
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> list[Change]:
        """Those of all repositories."""
        return [change for one in self.repositories for change in one.changes]

    @property
    def file_count(self) -> int:
        """How many manifests change."""
        return sum(len(one.files) for one in self.repositories)

    def only(self, names: Sequence[str]) -> Plan:
        """The plan for some repositories alone."""
        return self._replace(repositories=tuple(one for one in self.repositories if one.repository in names))


class Wish(NamedTuple):
    """What the user asks for.

    Attributes:
        crates: names of the crates whose manifests may change; none for all.
        align: package name → requirement that all shall keep to.
        may_lower: whether a requirement above that comes down to it.
        branch: the branch to commit on; empty for the current one.
        commits: whether to commit.
    """

    crates: tuple[str, ...] = ()
    align: Mapping[str, str] = {}
    may_lower: bool = False
    branch: str = ""
    commits: bool = True


class Verified(NamedTuple):
    """A command that was run to see whether a repository still builds.

    Attributes:
        said: its last lines, where it failed.
    """

    command: str
    passed: bool
    said: str = ""


class Outcome(NamedTuple):
    """What became of one repository.

    Attributes:
        state: a constant of this module.
        commit: the id of the commit, if there is one.
        why: the reason for another state than `COMMITTED`, a clause; empty where none is needed.
    """

    repository: str
    state: str
    verified: tuple[Verified, ...] = ()
    commit: str = ""
    why: str = ""
    notes: tuple[str, ...] = ()
