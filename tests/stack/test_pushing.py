"""Pushes to a remote on which a lock file is in the way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from batuta_hooks.git.command import GitError
from batuta_hooks.stack.pushing import folder_of_remote, is_locked, push_ref, why_refused
from batuta_hooks.stack.release_world import Repo
from tests.support.process import run
from tests.support.repos import Repo as Made
from tests.support.repos import make_repo

LOCKS = ["refs/heads/main.lock", "refs/tags/v1.0.0.lock", "packed-refs.lock"]


class Pair:
    """A repository with a commit and a tag, and its bare remote."""

    def __init__(self, folder: Path) -> None:
        self.remote = Made(folder / "a b.git")
        run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote.path)])
        self.made = make_repo(folder / "here", {"a": "1"})
        self.made.git("tag", "v1.0.0")
        self.made.git("remote", "add", "origin", str(self.remote.path))
        self.repo = Repo(str(self.made.path), "origin")

    def lock(self, name: str) -> Path:
        """Make a lock file on the remote."""
        file = self.remote.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return file

    def refs(self) -> set[str]:
        """The refs of the remote."""
        return {*self.remote.git("for-each-ref", "--format=%(refname)").splitlines()}


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Nothing is pushed yet."""
    return Pair(tmp_path)


class TestLeftBehind:
    """Locks that nobody holds."""

    def test_each(self, pair: Pair) -> None:
        """They are removed and told, after a while in which they did not go."""
        locks = [pair.lock(name) for name in LOCKS]
        told: list[str] = []
        paused: list[float] = []
        push_ref(pair.repo, "HEAD:refs/heads/main", pause=paused.append, told=told.append)
        push_ref(pair.repo, "refs/tags/v1.0.0:refs/tags/v1.0.0", "--atomic")
        assert pair.refs() == {"refs/heads/main", "refs/tags/v1.0.0"}
        assert not any(lock.exists() for lock in locks)
        assert sorted(told) == sorted(
            f"{lock} was left by a git that was ended: removed, for no process holds it" for lock in locks
        )
        assert sum(paused) > 3

    @pytest.mark.slow
    def test_the_deletion_of_a_tag(self, pair: Pair) -> None:
        """A push that deletes goes on, too."""
        push_ref(pair.repo, "refs/tags/v1.0.0")
        pair.lock("packed-refs.lock")
        push_ref(pair.repo, ":refs/tags/v1.0.0", pause=lambda _seconds: None)
        assert pair.refs() == set()


class TestHeld:
    """Locks of somebody who is at work."""

    def test_for_a_moment(self, pair: Pair) -> None:
        """The push waits, and removes nothing."""
        lock = pair.lock(LOCKS[0])
        told: list[str] = []
        timer = threading.Timer(0.3, lock.unlink)
        timer.start()
        push_ref(pair.repo, "HEAD:refs/heads/main", told=told.append)
        timer.join()
        assert pair.refs() == {"refs/heads/main"}
        assert told == []

    def test_for_long(self, pair: Pair) -> None:
        """It is refused, and the lock stays; what git said of it comes first."""
        lock = pair.lock(LOCKS[0])
        with lock.open("rb"), pytest.raises(GitError) as caught:
            push_ref(pair.repo, "HEAD:refs/heads/main", pause=lambda _seconds: None)
        assert lock.exists()
        assert why_refused(caught.value).startswith("remote: error: cannot lock ref 'refs/heads/main'")

    def test_another_refusal(self, pair: Pair) -> None:
        """It is not tried again: the hooks would run again."""
        hook = pair.made.path / ".git/hooks/pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho ran >>ran; echo 'Cargo.lock is stale' >&2; exit 1\n", encoding="utf-8")
        hook.chmod(0o755)
        with pytest.raises(GitError) as caught:
            push_ref(pair.repo, "HEAD:refs/heads/main")
        assert not is_locked(caught.value)
        assert (pair.made.path / "ran").read_text(encoding="utf-8") == "ran\n"
        assert "Cargo.lock is stale" in why_refused(caught.value)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("{}", True),
        ("file://{}", True),
        ("../a b.git", True),
        ("../a b", True),
        ("../nothing", False),
        ("ssh://host.invalid{}", False),
        ("host.invalid:{}", False),
    ],
)
def test_the_folder_of_a_remote(pair: Pair, url: str, found: bool) -> None:
    """Only one on this machine has a folder, by whatever name git finds it."""
    pair.made.git("remote", "set-url", "origin", url.format(pair.remote.path))
    folder = folder_of_remote(pair.repo)
    assert (folder is not None and Path(folder).resolve() == pair.remote.path) is found
    assert (folder is None) is not found


def test_the_folder_of_no_remote(pair: Pair) -> None:
    """A remote that is not there has none."""
    assert folder_of_remote(Repo(pair.repo.folder, "elsewhere")) is None
