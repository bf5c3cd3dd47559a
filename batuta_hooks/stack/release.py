"""``release``: a plan made from what is there, and the diffs that show what it would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.gather.repository import Repository
from batuta_hooks.stack import owners
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.gate_values import GateResult
from batuta_hooks.stack.gates import Gates, failures, gated
from batuta_hooks.stack.journal import noted_releases
from batuta_hooks.stack.own_folder import own_folder
from batuta_hooks.stack.plan import make_plan
from batuta_hooks.stack.plan_changelog import with_changelogs
from batuta_hooks.stack.plan_edits import diff, writing
from batuta_hooks.stack.plan_locks import locked_anew, with_locks
from batuta_hooks.stack.plan_selection import no_such_crate
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release_course import under_way
from batuta_hooks.stack.release_facts import Wish
from batuta_hooks.stack.release_gather import Gathered, gather_release
from batuta_hooks.stack.release_registry import PublishRegistries, Target, united


class Prepared(NamedTuple):
    """A plan, and what it was made from.

    Attributes:
        own: the stack's own folder, which need not be there.
        committed: of a release that is under way, the repositories that have a commit of it: they passed their gates.
    """

    plan: Plan
    gathered: Gathered
    own: str
    committed: frozenset[str] = frozenset()


Results = Mapping[str, Sequence[GateResult]]
"""How the gates of each repository stand, by its path."""


def prepare(
    workspace: Workspace,
    wish: Wish,
    asking: Asking,
    *,
    resume: str | None = None,
    pushes: bool = True,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Prepared:
    """Plan a release of the stack, or go on with the plan of the one that is under way.

    Args:
        resume: the identity of the release to go on with, or its beginning; empty for the newest of which a commit
            or a journal tells; ``None`` to begin one where no commit is of one.
        pushes: whether a release is at its end only once its tags are on the remotes.

    Raises:
        BatutaError: a crate or level is not known, git cannot be run, or no repository could be read.
    """
    own = own_folder(workspace)
    noted = () if resume is None else noted_releases(own)

    def gather(there: Mapping[str, Published | Unknown]) -> Gathered:
        # what was published a minute ago counts
        return gather_release(workspace, asking._replace(max_age_s=0), there=there, jobs=jobs, on_progress=on_progress)

    def course(gathered: Gathered) -> tuple[Plan, frozenset[str]]:
        for name in wish.crates if resume is not None else ():
            if name not in gathered.facts.crates:
                raise no_such_crate(name, gathered.facts)
        begun = under_way(gathered, wish, resume=resume or "", pushes=pushes, noted=noted)
        if begun is not None:
            return begun.plan, begun.committed
        return (make_plan(gathered.facts, wish) if resume is None else Plan()), frozenset()

    gathered, plan, committed = _beside_crates_io(gather, course, asking)
    written = with_changelogs(plan, gathered.facts, gathered.folders)
    gathered = gathered._replace(notes=(*gathered.notes, *written.notes))
    plan = with_locks(written.plan, gathered.facts, gathered.folders)
    return Prepared(plan, gathered, own, committed)


Course = Callable[[Gathered], tuple[Plan, frozenset[str]]]
"""Makes a plan, or finds the one that is under way with the repositories that have a commit of it."""


def _beside_crates_io(
    gather: Callable[[Mapping[str, Published | Unknown]], Gathered], course: Course, asking: Asking
) -> tuple[Gathered, Plan, frozenset[str]]:
    """Plan; where another place answers for crates.io, ask itself about what would go there, and plan with that."""
    registries = PublishRegistries(asking)
    asked: set[str] = set()
    news: dict[str, Published | Unknown] = {}
    while True:
        gathered = gather(news)
        plan, committed = course(gathered)
        targets = {one.crate: Target(gathered.folders[one.repository], one.registry) for one in plan.releases}
        names = [name for name, one in targets.items() if name not in asked and registries.is_replaced(one)]
        asked.update(names)
        found = registries.beyond(targets[names[0]], names) if names else {}
        known = gathered.facts.crates
        more = {
            name: there
            for name, there in found.items()
            if united(known[name].published, there) != known[name].published
        }
        if not more:
            return gathered._replace(notes=(*gathered.notes, *registries.notes)), plan, committed
        news |= more


def with_owners(prepared: Prepared, asking: Asking) -> Prepared:
    """Ask the registries who may publish, and look for credentials; both are told and decide nothing."""
    gathered = prepared.gathered
    plan = owners.with_owners(prepared.plan, gathered.folders, gathered.facts.token_faults, offline=asking.offline)
    return prepared._replace(plan=plan)


def gates_of(prepared: Prepared, *, uses_cache: bool) -> Gates:
    """The gates of a plan, none of them run."""
    gathered = prepared.gathered
    left = tuple(one for one in prepared.plan.releases if one.repository not in prepared.committed)
    plan = prepared.plan._replace(releases=left)
    return Gates(gated(plan, gathered.folders, gathered.configs), prepared.own, uses_cache=uses_cache)


def diffs(prepared: Prepared) -> dict[str, list[str]]:
    """What manifests, changelogs and lock files will look like, as the lines of a diff, by the repository's path.

    Raises:
        BatutaError: a manifest cannot be edited, or is not there any more.
    """
    found = {}
    for one in prepared.plan.repositories:
        repository = Repository(prepared.gathered.folders[one.path], "", sibling=True)
        lines: list[str] = []

        def read(path: str, repository: Repository = repository, head: str = one.head or "HEAD") -> bytes:
            return repository.objects.read(f"{head}:{path}") or b""

        for path, before, after in writing(prepared.plan, one.path).files(read):
            lines += diff(path, before, after)
        for path in sorted({change.path for change in one.locks}):
            before = read(path)
            changes = [change for change in one.locks if change.path == path]
            lines += diff(path, before, locked_anew(before.decode("utf-8", "replace"), changes).encode())
        repository.close()
        found[one.path] = lines
    return found


def exit_code(plan: Plan, results: Results) -> int:
    """0 where all of a plan could go out, 1 where something is blocked or a gate failed."""
    return 1 if plan.blocked or failures(results) else 0
