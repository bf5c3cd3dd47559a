"""What git lists: the index, a commit, and what was only announced to the index."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.git.command import environment
from batuta_hooks.git.listing import Announced, Entry, list_commit, list_index, read_entry, read_listing
from tests.support.process import run
from tests.support.repos import Repo, make_repo

NAMES = ("a b", "new\nline", "t\tab", 'quo"te', "back\\slash", "ä/ö", "-dash", ":colon", "*?[x]", "caf\udce9")


def index(repo: Repo, folder: Path | None = None) -> dict[str, str]:
    """What the index lists, asked from a folder of the repository."""
    return read_listing(list_index(str(folder or repo.path), environment()).collect())


def held(repo: Repo) -> set[str]:
    """The paths of the index that a commit would hold."""
    listing = list_index(str(repo.path), environment()).collect()
    announced = Announced(read_listing(listing), listing, str(repo.path), environment())
    return set(announced.leave_out())


def test_any_name(tmp_path: Path) -> None:
    """Names that a shell, a pathspec or a line would mangle are listed as they are, bytes that are not UTF-8 too."""
    repo = make_repo(tmp_path, dict.fromkeys(NAMES, "x"))
    assert set(index(repo)) == set(NAMES)
    commit = read_listing(list_commit(repo.git("rev-parse", "HEAD"), str(tmp_path), environment()).collect())
    assert set(commit) == set(NAMES)
    assert {read_entry(words).mode for words in commit.values()} == {"100644"}


def test_from_a_folder_below_everything_is_listed(tmp_path: Path) -> None:
    """Paths start at the top, wherever git is asked."""
    repo = make_repo(tmp_path, {"a/b/c": "", "d": ""})
    assert set(index(repo, tmp_path / "a" / "b")) == {"a/b/c", "d"}


def test_entries_tell_links_submodules_and_sparse_files(tmp_path: Path) -> None:
    """Mode, id, and whether the worktree has the file."""
    inner = make_repo(tmp_path / "inner", {"x": "x"})
    repo = make_repo(tmp_path / "outer", {"file": "x", "away": "y"})
    (repo.path / "link").symlink_to("file")
    repo.git("submodule", "--quiet", "add", inner.path, "sub")
    repo.git("add", "--all")
    repo.git("update-index", "--skip-worktree", "away")
    entries = {path: read_entry(words) for path, words in index(repo).items()}
    assert entries["link"].mode == "120000"
    assert entries["sub"] == Entry("160000", inner.git("rev-parse", "HEAD"))
    assert entries["file"].in_worktree
    assert not entries["away"].in_worktree


def test_conflicts_are_told(tmp_path: Path) -> None:
    """A file in conflict is unmerged, one that was merged is not."""
    repo = make_repo(tmp_path, {"a": "1", "b": "1"})
    repo.git("switch", "-q", "-c", "other")
    repo.commit("other", {"a": "2", "b": "2"})
    repo.git("switch", "-q", "main")
    repo.commit("main", {"a": "3"})
    repo.git("merge", "other", code=1)
    entries = {path: read_entry(words) for path, words in index(repo).items()}
    assert (entries["a"].unmerged, entries["b"].unmerged) == (True, False)


@given(st.binary(max_size=200))
def test_no_listing_is_refused(listing: bytes) -> None:
    """Whatever bytes are read as a listing, there is no exception."""
    read_listing(listing)


@pytest.mark.parametrize("ids", ["sha1", "sha256"])
def test_announced_files_are_left_out(ids: str, tmp_path: Path) -> None:
    """What `git add --intent-to-add` announced is not in the commit; what is staged empty is, gone from disk or not."""
    run(["git", "init", "-q", f"--object-format={ids}", tmp_path])
    repo = Repo(tmp_path)
    repo.write({"new/Cargo.toml": "x", "gone/Cargo.toml": "x", "lone/x": "x", ".cargo/config.toml": "x"})
    repo.git("add", "--intent-to-add", "--all")
    (tmp_path / "gone" / "Cargo.toml").unlink()
    staged = {"staged/Cargo.toml": "", "staged away/Cargo.toml": "", "full": "x", "in folder/a": "", "in folder/b": "x"}
    repo.write(staged)
    repo.git("add", *staged)
    (tmp_path / "staged away" / "Cargo.toml").unlink()
    assert held(repo) == set(staged)


def test_announced_among_many_empty_files(tmp_path: Path) -> None:
    """More suspicious files than a command line should hold are told apart as well."""
    staged = {f"crates/{number}/empty": "" for number in range(150)}
    repo = make_repo(tmp_path, staged)
    repo.write({"crates/new/Cargo.toml": ""})
    repo.git("add", "--intent-to-add", "--all")
    assert held(repo) == set(staged)


def test_git_is_not_asked_about_what_does_not_matter(tmp_path: Path) -> None:
    """An empty file beside others, or inside a package, needs no second process."""
    repo = make_repo(tmp_path, {"Cargo.toml": "x", "src/lib.rs": "", "docs/a": "", "docs/b": "x", "m/Cargo.toml": "x"})
    repo.commit("more", {"m/src/lib.rs": ""})
    listing = list_index(str(tmp_path), environment()).collect()
    announced = Announced(read_listing(listing), listing, str(tmp_path / "nowhere"), environment())
    assert announced.leave_out() == index(repo), "git would have failed in a folder that is not there"
