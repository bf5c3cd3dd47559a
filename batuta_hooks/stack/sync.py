"""What a synchronization of the stack would change: computed from the worktrees, nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from batuta_hooks.domain.config import Config
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.graph import CrateGraph, Edge, edges_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.semver import InvalidRequirement, Requirement
from batuta_hooks.git.status import changed_paths
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.manifest_editor import edit_dependencies
from batuta_hooks.stack.opening import open_stack
from batuta_hooks.stack.sync_changes import Deciding
from batuta_hooks.stack.sync_entries import entries_of
from batuta_hooks.stack.sync_values import Change, FileEdit, Plan, RepositoryPlan, Skipped, Wish


def read_alignments(written: Iterable[str]) -> dict[str, str]:
    """What `--align NAME=REQ` says: package name → requirement.

    Raises:
        BatutaError: one is not of that form, or cargo would refuse its name or requirement.
    """
    found: dict[str, str] = {}
    for one in written:
        name, equals, requirement = (part.strip() for part in one.partition("="))
        if not equals or not is_crate_name(name):
            raise BatutaError(f"--align `{one}` is not NAME=REQUIREMENT", mend="write for instance --align arrow=54.0")
        try:
            Requirement.parse(requirement)
        except InvalidRequirement as error:
            raise BatutaError(f"--align {name}: {error}", mend="write for instance --align arrow=54.0") from error
        found[name] = requirement
    return found


def plan_sync(
    workspace: Workspace,
    wish: Wish,
    *,
    now: datetime,
    asking: Asking,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Plan:
    """Compute what would change.

    Args:
        now: exceptions of the configuration must hold on this day.
        asking: how the registry is asked.
        jobs: repositories to look at at the same time; ``None`` for one a processor.
        on_progress: told after each repository how many are done, of how many.

    Raises:
        BatutaError: git cannot be run, a crate is not known, or no repository at all could be opened.
    """
    wanted = set(wish.align)
    with open_stack(
        workspace,
        asking,
        lambda one: _required(one) | wanted,
        crates=wish.crates,
        jobs=jobs,
        on_progress=on_progress,
    ) as view:
        today = now.date()
        planned = list(
            view.threads.map(lambda one, about: _plan_repository(one, about, wish, today), view.opened, view.facts)
        )
        notes = view.notes
    repositories = tuple(plan for plan, _ in planned if plan is not None)
    return Plan(
        workspace=workspace.folder,
        repositories=repositories,
        skipped=tuple(skipped for _, found in planned for skipped in found),
        batches=_batches(repositories, view.opened),
        crates=sum(len(one.stack_crates()) for one in view.opened),
        notes=notes,
    )


def _required(opened: Opened) -> set[str]:
    """The packages that a repository requires of the stack, by path, from git, or by policy."""
    names = set(opened.facts.policy.versions)
    for crate in opened.stack_crates():
        names.update(
            one.package
            for one in crate.dependencies
            if one.path is not None or one.git is not None or opened.facts.stack.crate(one.package) is not None
        )
    return names


def _plan_repository(
    opened: Opened, facts: Facts, wish: Wish, today: date
) -> tuple[RepositoryPlan | None, list[Skipped]]:
    skipped: list[Skipped] = []
    deciding = Deciding(facts, wish, skipped.append)
    entries = entries_of(opened, facts, wish.crates, today)
    changes = [change for entry in entries if (change := deciding.change(entry)) is not None]
    dirty = frozenset(changed_paths(opened.folder)) if changes and _may_be_dirty(opened) else frozenset()
    changes = [change for change in changes if _is_welcome(change, dirty, wish, skipped)]
    files = _files(facts, changes)
    if not files:
        return None, skipped
    roots = tuple(sorted({root_of(facts, one.path) for one in files}))
    has_own_command = opened.config.verify_command != Config().verify_command
    command = opened.config.verify_command if has_own_command else ""
    return RepositoryPlan(facts.repository, opened.folder, tuple(changes), files, dirty, roots, command), skipped


def _may_be_dirty(opened: Opened) -> bool:
    status = opened.checkout.status
    return status is None or status.dirty


def _is_welcome(change: Change, dirty: frozenset[str], wish: Wish, skipped: list[Skipped]) -> bool:
    """Whether a change may be made: in a manifest with changes of the user's only what mends a finding."""
    if change.path not in dirty or change.finding or change.dependency in wish.align:
        return True
    why = f"{change.path} has uncommitted changes, so only what check finds is mended there"
    skipped.append(Skipped(change.repository, change.crate, change.dependency, why))
    return False


def _files(facts: Facts, changes: Sequence[Change]) -> tuple[FileEdit, ...]:
    by_path: dict[str, list[Change]] = {}
    for change in changes:
        by_path.setdefault(change.path, []).append(change)
    files = []
    for path, found in by_path.items():
        manifest = facts.manifests.load(path)
        assert isinstance(manifest, Manifest)
        try:
            after = edit_dependencies(manifest.text, (change.edit for change in found))
        except BatutaError as error:
            raise BatutaError(error.what, where=f"{facts.repository}/{path}", mend=error.mend) from error
        files.append(FileEdit(path, manifest.text, after))
    return tuple(files)


def root_of(facts: Facts, path: str) -> str:
    """The folder of the workspace root around a manifest, or its own."""
    manifest = facts.manifests.load(path)
    assert isinstance(manifest, Manifest)
    root = facts.manifests.root_of(manifest)
    return root.folder if isinstance(root, Manifest) else manifest.folder


def _batches(repositories: Sequence[RepositoryPlan], opened: Sequence[Opened]) -> tuple[tuple[str, ...], ...]:
    """The repositories where something changes, leaves first: those that need no other one that changes."""
    home = {crate.name: one.checkout.path for one in opened for crate in one.stack_crates() if crate.is_publishable}
    edges: list[Edge] = []
    for one in opened:
        for path in one.facts.judged:
            manifest = one.facts.manifests.resolve(path)
            if isinstance(manifest, Manifest):
                edges += [
                    edge._replace(dependent=one.checkout.path, dependency=home[edge.dependency])
                    for edge in edges_of(manifest)
                    if home.get(edge.dependency, one.checkout.path) != one.checkout.path
                ]
    # a dev-dependency says nothing about who is built first
    graph = CrateGraph((one.checkout.path for one in opened), edges, dev_counts=lambda _edge: False)
    left = {one.repository for one in repositories}
    batches = []
    while left:
        needs = {name: left.intersection(graph.dependencies(name, transitive=True)) - {name} for name in sorted(left)}
        batch = [name for name, needed in needs.items() if not needed]
        if not batch:  # those that need each other go together
            first = min(needs, key=lambda name: len(needs[name]))
            batch = sorted({first, *needs[first]})
        batches.append(tuple(batch))
        left.difference_update(batch)
    return tuple(batches)
