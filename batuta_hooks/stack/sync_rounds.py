"""Rounds of a synchronization: each looks at the stack as the ones before would leave it, until nothing changes.

A requirement that is raised may admit a sibling's checkout for the first time, whose needs then meet others in one
build; what that asks for belongs into the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from batuta_hooks.domain.config import Config
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.manifest import Key, Manifest
from batuta_hooks.domain.tree import ReadFault, Tree
from batuta_hooks.domain.workspace import Manifests, position_of
from batuta_hooks.git.status import changed_paths
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.manifest_editor import DependencyEdit, edit_dependencies
from batuta_hooks.stack.sync_changes import Deciding
from batuta_hooks.stack.sync_entries import entries_of
from batuta_hooks.stack.sync_values import Change, FileEdit, RepositoryPlan, Skipped, Wish

MOST_ROUNDS = 6
"""Requirements only ever rise, so a few rounds are enough; a stack that needs more is synchronized again."""


class EditedTree:
    """The files of a tree, some of them with another text."""

    def __init__(self, tree: Tree, texts: dict[str, bytes]) -> None:
        self._tree = tree
        self._texts = texts
        self.manifest_paths: Sequence[str] = tree.manifest_paths
        self.config_paths: Sequence[str] = tree.config_paths

    def read(self, path: str) -> bytes | ReadFault | None:
        """The bytes of a file, see `Tree`."""
        return self._texts[path] if path in self._texts else self._tree.read(path)

    def folders(self) -> frozenset[str]:
        """Every folder that holds a tracked file."""
        return self._tree.folders()

    def in_submodule(self, path: str) -> bool:
        """Whether the path lies in a submodule."""
        return self._tree.in_submodule(path)


class Draft:
    """What shall change in one repository, round by round.

    Args:
        opened: the repository, its facts with what the registry knows.

    Attributes:
        opened: the same as it would be with the changes so far.
        skipped: what the last round left alone.
    """

    def __init__(self, opened: Opened, wish: Wish, today: date) -> None:
        self.opened = opened
        self.skipped: list[Skipped] = []
        self._wish = wish
        self._today = today
        self._before = opened.facts
        self._changes: dict[tuple[str, Key], Change] = {}
        self._dirty: frozenset[str] | None = None

    def go_on(self, opened: Opened) -> bool:
        """Look once more, at the repository as it would be now; whether something more has to change."""
        self.opened, self.skipped = opened, []
        deciding = Deciding(opened.facts, self._wish, self.skipped.append)
        entries = entries_of(opened, opened.facts, self._wish.crates, self._today)
        found = [change for entry in entries if (change := deciding.change(entry)) is not None and self._may(change)]
        for change in found:
            place = change.path, change.edit.key
            self._changes[place] = _then(self._changes[place], change) if place in self._changes else change
        if found:
            texts = {file.path: file.after for file in self._files()}
            tree = EditedTree(self._before.manifests.tree, texts)
            facts = opened.facts._replace(manifests=Manifests(tree))
            self.opened = opened._replace(facts=facts, said={})
        return bool(found)

    def plan(self) -> RepositoryPlan | None:
        """All that shall change; ``None`` where nothing does."""
        files = self._files()
        if not files:
            return None
        config, facts = self.opened.config, self._before
        roots = tuple(sorted({root_of(facts, one.path) for one in files}))
        command = config.verify_command if config.verify_command != Config().verify_command else ""
        changes = tuple(change._replace(line=_line(facts, change)) for change in self._changes.values())
        repository = self.opened.checkout.path
        return RepositoryPlan(
            repository, self.opened.folder, changes, files, self._dirty or frozenset(), roots, command
        )

    def _may(self, change: Change) -> bool:
        """Whether a change may be made: in a manifest with changes of the user's only what mends a finding."""
        if self._dirty is None:
            status = self.opened.checkout.status
            is_clean = status is not None and not status.dirty
            self._dirty = frozenset() if is_clean else frozenset(changed_paths(self.opened.folder))
        if change.path not in self._dirty or change.finding or change.dependency in self._wish.align:
            return True
        why = f"{change.path} has uncommitted changes, so only what check finds is mended there"
        self.skipped.append(Skipped(change.repository, change.crate, change.dependency, why))
        return False

    def _files(self) -> tuple[FileEdit, ...]:
        edits: dict[str, list[DependencyEdit]] = {}
        for change in self._changes.values():
            edits.setdefault(change.path, []).append(change.edit)
        files = []
        for path, wanted in edits.items():
            text = _manifest(self._before, path).text
            try:
                files.append(FileEdit(path, text, edit_dependencies(text, wanted)))
            except BatutaError as error:
                where = f"{self.opened.checkout.path}/{path}"
                raise BatutaError(error.what, where=where, mend=error.mend) from error
        return tuple(files)


def root_of(facts: Facts, path: str) -> str:
    """The folder of the workspace root around a manifest, or its own."""
    manifest = _manifest(facts, path)
    root = facts.manifests.root_of(manifest)
    return root.folder if isinstance(root, Manifest) else manifest.folder


def _manifest(facts: Facts, path: str) -> Manifest:
    manifest = facts.manifests.load(path)
    assert isinstance(manifest, Manifest)
    return manifest


def _line(facts: Facts, change: Change) -> int:
    return position_of(_manifest(facts, change.path).text, change.edit.key)[0]


def _then(first: Change, later: Change) -> Change:
    """Two changes of one entry as one."""
    requirement = later.edit.requirement if later.edit.requirement is not None else first.edit.requirement
    return first._replace(
        after=later.after,
        finding=first.finding or later.finding,
        reason=f"{first.reason}; {later.reason}",
        version=later.version or first.version,
        edit=DependencyEdit(first.edit.key, requirement, first.edit.drops_source or later.edit.drops_source),
    )
