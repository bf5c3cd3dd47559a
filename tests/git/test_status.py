"""How a checkout stands, as git tells it: branch, distance from the upstream, clean or not, conflicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.git.command import GitError
from batuta_hooks.git.status import Status, read_status, start_status
from tests.support.process import run
from tests.support.repos import Repo, make_repo


def status(repo: Repo) -> Status:
    """Ask git and read the answer."""
    return read_status(start_status(str(repo.path)).collect())


def with_upstream(tmp_path: Path) -> Repo:
    """A repository whose branch has an upstream with the same commit."""
    make_repo(tmp_path / "upstream", {"a": "1"})
    run(["git", "clone", "--quiet", tmp_path / "upstream", tmp_path / "clone"])
    return Repo(tmp_path / "clone")


def test_clean(tmp_path: Path) -> None:
    """A fresh commit is clean, on its branch, and far from nothing, for it has no upstream."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    head = repo.git("rev-parse", "HEAD")
    assert status(repo) == Status(head, "main", None, None, None, dirty=False, unmerged=False)


def test_unborn(tmp_path: Path) -> None:
    """Without a commit there is a branch but no head."""
    repo = make_repo(tmp_path / "r", commit=False)
    found = status(repo)
    assert (found.head, found.branch, found.dirty) == (None, "main", False)


def test_detached(tmp_path: Path) -> None:
    """A detached HEAD has a commit and no branch."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    repo.git("checkout", "--quiet", "--detach")
    found = status(repo)
    assert (found.head, found.branch) == (repo.git("rev-parse", "HEAD"), None)


@pytest.mark.parametrize(
    "change",
    [("a", "changed"), ("new", "untracked"), ("with space\tand tab\nand line", "untracked"), ("? x", "untracked")],
    ids=["changed", "untracked", "hostile name", "looks like a record"],
)
def test_dirty(tmp_path: Path, change: tuple[str, str]) -> None:
    """A changed and an untracked file make a checkout dirty, whatever their names."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    repo.write(dict([change]))
    assert status(repo).dirty


def test_ignored_files_are_clean(tmp_path: Path) -> None:
    """What git ignores makes nothing dirty."""
    repo = make_repo(tmp_path / "r", {".gitignore": "/target\n"})
    repo.write({"target/debug/x": "1"})
    assert not status(repo).dirty


def test_staged_rename_is_dirty_and_no_more(tmp_path: Path) -> None:
    """A staged rename onto names that look like conflict records is dirty, not unmerged."""
    repo = make_repo(tmp_path / "r", {"u a": "some text that is long enough to be found again\n" * 3})
    repo.git("mv", "u a", "u b")
    found = status(repo)
    assert found.dirty
    assert not found.unmerged


def test_conflict(tmp_path: Path) -> None:
    """A merge that stopped leaves the checkout unmerged."""
    repo = make_repo(tmp_path / "r", {"a": "1\n"})
    repo.git("checkout", "--quiet", "-b", "other")
    repo.commit("other", {"a": "2\n"})
    repo.git("checkout", "--quiet", "main")
    repo.commit("main", {"a": "3\n"})
    repo.git("merge", "other", code=1)
    found = status(repo)
    assert (found.unmerged, found.dirty) == (True, True)


def test_ahead_and_behind(tmp_path: Path) -> None:
    """Commits of either side are counted, even where the configuration forbids git to."""
    repo = with_upstream(tmp_path)
    assert (status(repo).ahead, status(repo).behind) == (0, 0)
    upstream = Repo(tmp_path / "upstream")
    for name in ("b", "c"):
        upstream.commit(name, {name: "1"})
    repo.git("fetch", "--quiet")
    repo.commit("mine", {"mine": "1"})
    repo.git("config", "status.aheadBehind", "false")
    found = status(repo)
    assert (found.upstream, found.ahead, found.behind) == ("origin/main", 1, 2)


def test_upstream_that_is_gone(tmp_path: Path) -> None:
    """Nothing is counted against an upstream that the remote has no more."""
    repo = with_upstream(tmp_path)
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    found = status(repo)
    assert (found.ahead, found.behind) == (None, None)


def test_configuration_cannot_hide_untracked_files(tmp_path: Path) -> None:
    """`status.showUntrackedFiles = no` makes no dirty checkout clean."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.write({"new": "1"})
    assert status(repo).dirty


def test_variables_of_another_repository_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git exports to a hook of one repository does not make it answer for another."""
    other = make_repo(tmp_path / "other", {"a": "1"})
    other.git("checkout", "--quiet", "-b", "elsewhere")
    repo = make_repo(tmp_path / "r", {"a": "1"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    assert status(repo).branch == "main"


def test_folder_of_a_repository_is_none(tmp_path: Path) -> None:
    """A folder inside a repository is not taken for one."""
    repo = make_repo(tmp_path / "r", {"inside/a": "1"})
    with pytest.raises(GitError, match="not a git repository"):
        start_status(str(repo.path / "inside")).collect()


def test_nothing_is_written(tmp_path: Path) -> None:
    """Asking leaves the index as it was, even where git would refresh it."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    repo.write({"a": "1"})
    before = (repo.path / ".git" / "index").read_bytes()
    status(repo)
    assert (repo.path / ".git" / "index").read_bytes() == before


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"# branch.ab +1 -x", b"2 R. a", b"u UU", b"#"]))))
def test_any_answer_can_be_read(records: list[bytes]) -> None:
    """No answer makes the reader fail."""
    found = read_status(b"\0".join(records))
    assert found.ahead is None or found.ahead >= 0
