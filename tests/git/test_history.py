"""Commits since a release: dulwich and git tell the same story, and a rewritten one is told by neither."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.git.history import by_git, commits_since
from tests.support.repos import Repo, make_repo


def told(repo: Repo, old: str, new: str, *paths: str) -> list[str] | None:
    """The subjects, on which dulwich and git must agree."""
    found = commits_since(str(repo.path), old, new, paths)
    other = by_git(str(repo.path), old, new, paths)
    assert (found is None) == (other is None)
    assert sorted(found or ()) == sorted(other or ())
    return None if found is None else [commit.subject for commit in found]


def test_paths(tmp_path: Path) -> None:
    """Only commits that change something in the crate's folder are told, whatever the names look like."""
    repo = make_repo(tmp_path, {"a/x": "1", "b/x": "1"})
    start = repo.git("rev-parse", "HEAD")
    repo.commit("fix: a\n\nmore\n\nof it", {"a/x": "2"})
    repo.commit("b only", {"b/x": "2"})
    repo.commit("star", {"a*/x": "3"})
    end = repo.git("rev-parse", "HEAD")
    assert told(repo, start, end, "a") == ["fix: a"]
    assert sorted(told(repo, start, end) or []) == ["b only", "fix: a", "star"]
    assert told(repo, start, end, "a*") == ["star"]
    assert told(repo, end, end) == []
    found = commits_since(str(tmp_path), start, end, ["a"])
    assert found
    assert found[0].message == "fix: a\n\nmore\n\nof it\n"


def test_rewritten_history(tmp_path: Path) -> None:
    """A release that HEAD does not descend from, or that is not here, has no commits since."""
    repo = make_repo(tmp_path, {"x": "1"})
    released = repo.commit("released", {"x": "2"})
    repo.git("commit", "--quiet", "--amend", "--message", "rewritten")
    assert told(repo, released, repo.git("rev-parse", "HEAD")) is None
    assert told(repo, "0" * 39 + "1", repo.git("rev-parse", "HEAD")) is None


def test_sha256(tmp_path: Path) -> None:
    """What dulwich cannot read, git reads."""
    tmp_path.mkdir(exist_ok=True)
    repo = Repo(tmp_path)
    repo.git("init", "--quiet", "--object-format=sha256", "--initial-branch", "main")
    start = repo.commit("first", {"x": "1"})
    end = repo.commit("second", {"x": "2"})
    found = commits_since(str(tmp_path), start, end)
    assert [commit.subject for commit in found or ()] == ["second"]


def test_git_as_it_is_configured_for_people(tmp_path: Path) -> None:
    """Both read the same, however git is configured to show commits."""
    repo = make_repo(tmp_path, {"x": "1"})
    start, end = repo.git("rev-parse", "HEAD"), repo.commit("zweitens: größer", {"x": "2"})
    repo.git("config", "i18n.logOutputEncoding", "ISO-8859-1")
    assert told(repo, start, end) == ["zweitens: größer"]


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["commit", "branch", "merge"])), max_size=7))
def test_any_history(steps: list[tuple[str, str]]) -> None:
    """Branches and merges change nothing about the agreement."""
    with tempfile.TemporaryDirectory() as folder:
        repo = make_repo(Path(folder), {"a/x": "0", "b/x": "0"})
        start = repo.git("rev-parse", "HEAD")
        repo.git("branch", "side")
        for number, (place, step) in enumerate(steps):
            if step == "branch":
                repo.git("checkout", "--quiet", "side" if repo.git("branch", "--show-current") == "main" else "main")
            elif step == "merge":
                repo.git("merge", "--quiet", "--no-edit", "--strategy-option=ours", "side", code=None)
            repo.commit(f"{number}", {f"{place}/{number}": f"{number}"})
        end = repo.git("rev-parse", "HEAD")
        told(repo, start, end, "a")
        told(repo, start, end)
