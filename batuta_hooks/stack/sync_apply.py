"""Carries a plan out: manifests written, lock files brought along, builds verified, commits made.

Repositories do not wait for each other.  Where one no longer builds, or the user's hooks refuse the commit, its files
become what they were, byte for byte, and the others go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import GitError, git
from batuta_hooks.git.commit import commit_files, switch_to, tracked
from batuta_hooks.stack.files import create, replace
from batuta_hooks.stack.processes import Processes
from batuta_hooks.stack.sync_cargo import Cargo
from batuta_hooks.stack.sync_message import message_of
from batuta_hooks.stack.sync_values import (
    COMMITTED,
    EDITED,
    RESTORED,
    UNTOUCHED,
    Outcome,
    Plan,
    RepositoryPlan,
    Wish,
)


def apply(
    plan: Plan,
    wish: Wish,
    *,
    offline: bool,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Outcome]:
    """Carry the plan out; every repository yields a result.

    Args:
        offline: whether cargo may open no socket.
        jobs: repositories to work on at the same time; ``None`` for one a processor.
        on_progress: told after each repository how many are done, of how many.
    """
    with (
        Processes() as processes,
        ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads,
    ):
        cargo = Cargo(processes, offline=offline)
        pending = [threads.submit(_apply_one, one, wish, cargo) for one in plan.repositories]
        try:
            for done, _ in enumerate(as_completed(pending), 1):
                on_progress(done, len(pending))
        except BaseException:
            processes.end()  # so that each repository that is under way is restored
            threads.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in pending]


def failed(outcomes: list[Outcome]) -> bool:
    """Whether any repository is not as it was meant to be."""
    return any(outcome.state in (RESTORED, UNTOUCHED) for outcome in outcomes)


def _apply_one(plan: RepositoryPlan, wish: Wish, cargo: Cargo) -> Outcome:
    name = plan.repository
    try:
        commits, why = _may_commit(plan, wish)
        if commits and wish.branch:
            switch_to(plan.folder, wish.branch)
        before = _snapshot(plan)
        changed = [edit.path for edit in plan.files if before[edit.path] != edit.before]
        if changed:
            return Outcome(name, UNTOUCHED, why=f"{changed[0]} is another one by now: run sync again")
    except (BatutaError, OSError) as error:
        return Outcome(name, UNTOUCHED, why=_clause(error))
    try:
        outcome = _carry_out(plan, cargo, before)
        if outcome.state != EDITED:
            _restore(plan, before)
        elif commits and not outcome.why:
            return outcome._replace(state=COMMITTED, commit=_commit(plan, before))
        return outcome._replace(why=outcome.why or why)
    except (BatutaError, OSError) as error:
        _restore(plan, before)
        return Outcome(name, RESTORED, why=_clause(error))
    except BaseException:
        _restore(plan, before)
        raise


def _carry_out(plan: RepositoryPlan, cargo: Cargo, before: Mapping[str, bytes | None]) -> Outcome:
    """Edit and verify; edited, with the reason if it must not be committed, or what has to be restored."""
    notes: list[str] = []
    left_behind: list[str] = []
    for edit in plan.files:
        replace(os.path.join(plan.folder, edit.path), edit.after)
    for root in plan.roots:
        followed = cargo.bring_lock_along(os.path.join(plan.folder, root), plan.changes)
        notes += followed.notes
        left_behind += [] if followed.has_followed else [os.path.join(root, "Cargo.lock")]
    verified = tuple(cargo.verify(plan))
    if not all(one.passed for one in verified):
        why = "it does not build with these changes"
        return Outcome(plan.repository, RESTORED, verified, why=why, notes=tuple(notes))
    _remove_new_locks(plan, before)
    stale = tracked(plan.folder, [path for path in left_behind if _read(plan, path) == before[path]])
    why = f"nothing is committed, for {stale[0]} does not follow" if stale else ""
    return Outcome(plan.repository, EDITED, verified, why=why, notes=tuple(notes))


def _may_commit(plan: RepositoryPlan, wish: Wish) -> tuple[bool, str]:
    """Whether to commit, and else why not, a clause."""
    if not wish.commits:
        return False, ""
    if not plan.is_clean:
        count = len(plan.dirty)
        files = "a file with uncommitted changes" if count == 1 else f"{count} files with uncommitted changes"
        return False, f"nothing is staged or committed, for there {'is' if count == 1 else 'are'} {files}"
    try:
        git(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"], plan.folder, sibling=True)
    except GitError:
        return False, "nothing is committed, for there is no commit yet"
    return True, ""


def _commit(plan: RepositoryPlan, before: Mapping[str, bytes | None]) -> str:
    locks = [path for path in _lock_paths(plan) if _read(plan, path) != before[path]]
    paths = [edit.path for edit in plan.files] + tracked(plan.folder, locks)
    try:
        return commit_files(plan.folder, paths, message_of(plan.changes))
    except GitError as error:
        raise BatutaError(f"the commit was refused: {error.said or error.what}") from error


def _clause(error: Exception) -> str:
    if isinstance(error, BatutaError):
        return error.what
    return f"{getattr(error, 'filename', None) or 'a file'}: {getattr(error, 'strerror', None) or error}"


def _lock_paths(plan: RepositoryPlan) -> list[str]:
    return [os.path.join(root, "Cargo.lock") for root in plan.roots]


def _read(plan: RepositoryPlan, path: str) -> bytes | None:
    try:
        with open(os.path.join(plan.folder, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _snapshot(plan: RepositoryPlan) -> dict[str, bytes | None]:
    """The bytes of all files that may change; ``None`` where there is none."""
    return {path: _read(plan, path) for path in [*(edit.path for edit in plan.files), *_lock_paths(plan)]}


def _restore(plan: RepositoryPlan, before: Mapping[str, bytes | None]) -> None:
    for path, content in before.items():
        now = _read(plan, path)
        place = os.path.join(plan.folder, path)
        if content is None and now is not None:
            os.unlink(place)
        elif content is not None and now is None:
            create(place, content)
        elif content is not None and content != now:
            replace(place, content)


def _remove_new_locks(plan: RepositoryPlan, before: Mapping[str, bytes | None]) -> None:
    """A lock file that cargo made for the verification alone goes: it is not the repository's."""
    for path in _lock_paths(plan):
        if before[path] is None and _read(plan, path) is not None:
            os.unlink(os.path.join(plan.folder, path))
