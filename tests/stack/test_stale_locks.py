"""Lock files that a killed git left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.stack.stale_locks import remove_stale_locks
from tests.support.repos import make_repo

LEFT = (
    "index.lock",
    "HEAD.lock",
    "AUTO_MERGE.lock",
    "ORIG_HEAD.lock",
    "packed-refs.lock",
    "config.lock",
    "objects/maintenance.lock",
    "refs/heads/main.lock",
    "refs/tags/v1.0.0.lock",
    "refs/remotes/origin/main.lock",
)


@pytest.mark.parametrize("name", LEFT)
def test_each_lock_that_git_leaves(name: str, tmp_path: Path) -> None:
    """It is removed and told, whichever of git's files it was for, and git goes on."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    lock = repo.path / ".git" / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    assert remove_stale_locks(str(repo.path)) == [
        f"{lock.resolve()} was left by a git that was ended: removed, for no process holds it"
    ]
    assert not lock.exists()
    repo.commit("more")
    assert remove_stale_locks(str(repo.path)) == []


def test_a_lock_of_a_linked_worktree(tmp_path: Path) -> None:
    """Its own lock and those of the repository that it shares refs with are found from there."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    repo.git("worktree", "add", "-q", tmp_path / "linked", "-b", "side")
    locks = [repo.path / ".git" / "worktrees/linked/index.lock", repo.path / ".git" / "refs/heads/side.lock"]
    for lock in locks:
        lock.touch()
    assert len(remove_stale_locks(str(tmp_path / "linked"))) == 2
    assert not any(lock.exists() for lock in locks)
