"""A release carried out under its lock: what a kill left is cleared, gates pass, the plan still holds, then it runs."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from typing import NamedTuple

from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.journal import Journal
from batuta_hooks.stack.judging import folder_of
from batuta_hooks.stack.plan_edits import edits_in
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release import Prepared
from batuta_hooks.stack.release_run import Manner, Run, Told
from batuta_hooks.stack.release_world import Repo
from batuta_hooks.stack.stale_locks import remove_stale_locks
from batuta_hooks.stack.steps.commit import settle

_AT_ONCE = 8


class Facts(NamedTuple):
    """What the journal is told besides the plan."""

    command: str
    skips_gates: bool


def clear(workspace: Workspace) -> list[str]:
    """Clear in all repositories what a release that was killed left behind; what should be told, a sentence each."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        told = threads.map(lambda path: _cleared(path, folder_of(workspace, path)), workspace.repositories)
        return [sentence for sentences in told for sentence in sentences]


def _cleared(path: str, folder: str) -> list[str]:
    told = remove_stale_locks(folder)
    return [*told, *(f"{path}: {file} is brought up to its release commit" for file in settle(Repo(folder, "")))]


def differences(before: Plan, now: Plan) -> list[str]:
    """The lines of a diff of two plans."""
    one, other = _lines(before), _lines(now)
    return list(unified_diff(one, other, f"plan {before.id}", f"plan {now.id}", n=0, lineterm=""))


def carry_out(
    prepared: Prepared, asking: Asking, workspace: Workspace, manner: Manner, facts: Facts, told: Told
) -> Run:
    """Carry a plan out; its lock is held by the caller, and its gates have passed.

    Raises:
        BatutaError: the journal cannot be written, or there is no folder to work in.
    """
    journal = Journal(prepared.own, prepared.plan.id)
    journal.plan(prepared.plan, **facts._asdict(), publishes=manner.publishes, pushes=manner.pushes)
    return Run(prepared.plan, prepared.gathered, asking, workspace.folder, journal, manner, told)


def _lines(plan: Plan) -> list[str]:
    return list(_described(plan))


def _described(plan: Plan) -> Iterable[str]:
    for one in plan.releases:
        yield f"{one.crate} {one.current} -> {one.next} in wave {one.wave} as {one.tag} to {one.registry}: {one.state}"
        yield from (f"{one.crate}: {reason}" for reason in one.reasons)
    for repository in plan.repositories:
        yield f"{repository.path} at {repository.head}, {repository.branch} to {repository.remote}"
        yield from (f"{repository.path}: {edit.path}: {edit.after}" for edit in edits_in(plan, repository.path))
        for section in repository.sections:
            yield from (f"{repository.path}: {section.path}: {line}" for line in (section.title, *section.lines))
    yield from (f"{one.crate} is blocked: {one.why}" for one in plan.blocked)
