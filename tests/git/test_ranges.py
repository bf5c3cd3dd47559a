"""The commits that a push brings, and the commit that it is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.git.ranges import commits_between, nearest_known
from tests.support.repos import Repo, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose first two commits two remotes have, `other` the first alone."""
    made = make_repo(tmp_path / "r", {"a": "0"})
    for name in ("origin", "other"):
        made.git("init", "-q", "--bare", tmp_path / name)
        made.git("remote", "add", name, tmp_path / name)
    made.git("push", "-q", "other", "main")
    made.commit("1", {"a": "1"})
    made.git("push", "-q", "origin", "main")
    return made


def test_from_the_remotes_commit(repo: Repo) -> None:
    """The commits after the remote's, oldest first; none where nothing is new."""
    old = repo.git("rev-parse", "HEAD")
    new = [repo.commit(str(number)) for number in range(3)]
    assert commits_between(old, new[-1], "origin", str(repo.path)) == new
    assert commits_between(new[-1], new[-1], "origin", str(repo.path)) == []


def test_a_new_ref_begins_where_the_tracking_refs_end(repo: Repo, tmp_path: Path) -> None:
    """Those of the remote that is pushed to; of all, where it is known by its address or not at all."""
    first, second = repo.git("rev-list", "--reverse", "HEAD").split()
    new = repo.commit("new")
    folder = str(repo.path)
    assert commits_between("", new, "origin", folder) == [new]
    assert commits_between("", new, "other", folder) == [second, new]
    for unknown in ("", str(tmp_path / "origin"), "https://example.invalid/x*", "nowhere", "-x"):
        assert commits_between("", new, unknown, folder) == [new], unknown
        assert nearest_known(new, unknown, folder) == second
    assert nearest_known(new, "origin", folder) == second
    assert nearest_known(new, "other", folder) == first


def test_what_the_remote_has_is_compared_with_itself(repo: Repo) -> None:
    """A new ref on a commit that the remote has brings nothing, and that commit is the nearest known."""
    first, second = repo.git("rev-list", "--reverse", "HEAD").split()
    assert commits_between("", first, "origin", str(repo.path)) == []
    assert nearest_known(first, "origin", str(repo.path)) == first
    assert nearest_known(second, "origin", str(repo.path)) == second


def test_nothing_known(tmp_path: Path) -> None:
    """Without tracking refs all is new, and there is nothing to compare with."""
    repo = make_repo(tmp_path, {"a": "0"})
    new = repo.commit("new")
    assert commits_between("", new, "origin", str(tmp_path)) == repo.git("rev-list", "--reverse", "HEAD").split()
    assert nearest_known(new, "origin", str(tmp_path)) == ""


def test_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    """Where history is cut off, the commits that are there count."""
    repo.git("clone", "-q", "--depth", "1", f"file://{tmp_path}/origin", tmp_path / "shallow")
    shallow = Repo(tmp_path / "shallow")
    new = shallow.commit("new")
    assert commits_between("", new, "origin", str(shallow.path)) == [new]
    assert nearest_known(new, "origin", str(shallow.path)) == repo.git("rev-parse", "HEAD")
