"""Commits since a tag: git's own count where there is one, and no figure where history was rewritten."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from batuta_hooks.git.tag_distance import commits_beyond
from tests.support.repos import Repo, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Four commits: a tag on the first, an annotated one on the third, one on a commit that was taken back."""
    repo = make_repo(tmp_path / "a", {"a": ""})
    repo.git("tag", "v0.1.0")
    repo.commit("taken back")
    repo.git("tag", "v0.2.0")
    repo.git("reset", "--quiet", "--hard", "HEAD~")
    repo.commit("two")
    repo.commit("three")
    repo.git("tag", "--annotate", "--message", "three", "v0.3.0")
    repo.commit("four")
    repo.git("tag", "tree", "HEAD^{tree}")
    return repo


def test_counts(repo: Repo) -> None:
    """An ancestor's figure is what `git rev-list --count TAG..HEAD` says; any other tag of a commit has none."""
    found = commits_beyond(str(repo.path))
    assert found == {"v0.1.0": 3, "v0.2.0": None, "v0.3.0": 1}
    for tag in ("v0.1.0", "v0.3.0"):
        assert str(found[tag]) == repo.git("rev-list", "--count", f"{tag}..HEAD")


def test_old_git(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not know `ahead-behind` is asked tag by tag, with the same answers."""
    refuse = 'case "$*" in *ahead-behind*) echo "fatal: unknown field name" >&2; exit 128;; esac'
    script = f'#!/bin/sh\n{refuse}\nexec {shutil.which("git")} "$@"\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(script, encoding="utf-8")
    (tmp_path / "bin" / "git").chmod(0o755)
    expected = commits_beyond(str(repo.path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert commits_beyond(str(repo.path)) == expected


def test_nothing_to_count(tmp_path: Path) -> None:
    """Without commits, and without tags, there are no figures."""
    assert commits_beyond(str(make_repo(tmp_path / "unborn", commit=False).path)) == {}
    assert commits_beyond(str(make_repo(tmp_path / "born").path)) == {}
