"""What a synchronization of the stack would change: computed from the worktrees, nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.graph import CrateGraph, Edge, edges_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.semver import InvalidRequirement, Requirement
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.open_all import side_by_side
from batuta_hooks.stack.opening import open_stack
from batuta_hooks.stack.sync_rounds import MOST_ROUNDS, Draft
from batuta_hooks.stack.sync_values import Plan, RepositoryPlan, Wish


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
        told = [one._replace(facts=facts) for one, facts in zip(view.opened, view.facts, strict=True)]
        drafts = [Draft(one, wish, now.date()) for one in told]
        for _ in range(MOST_ROUNDS):
            now_open = [one for one in side_by_side([draft.opened for draft in drafts]) if isinstance(one, Opened)]
            if not any(list(view.threads.map(Draft.go_on, drafts, now_open))):
                break
        notes = (*view.notes, *_unmet(wish, view.opened))
    repositories = tuple(plan for draft in drafts if (plan := draft.plan()) is not None)
    return Plan(
        workspace=workspace.folder,
        repositories=repositories,
        skipped=tuple(skipped for draft in drafts for skipped in draft.skipped),
        batches=_batches(repositories, view.opened),
        crates=sum(len(one.stack_crates()) for one in view.opened),
        notes=notes,
    )


def _unmet(wish: Wish, opened: Iterable[Opened]) -> Iterator[str]:
    """What to say of names to align that no manifest requires: more likely than not they were meant otherwise."""
    needs = [one for repository in opened for crate in repository.stack_crates() for one in crate.dependencies]
    packages, aliases = {one.package for one in needs}, {one.name: one.package for one in needs}
    for name in sorted(set(wish.align) - packages):
        near = [aliases[name]] if name in aliases else get_close_matches(name, sorted(packages), n=1)
        yield f"--align {name}: nothing here requires it" + (f"; did you mean `{near[0]}`?" if near else "")


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
