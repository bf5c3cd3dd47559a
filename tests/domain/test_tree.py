"""Paths in a repository: joined in the text, as cargo joins them."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.tree import is_outside, join, parent_folders, starts_with

paths = st.lists(st.sampled_from(["a", "b", "..", ".", ""]), max_size=6).map("/".join)
folders = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("folder", "path", "joined"),
    [
        ("", "b", "b"),
        ("", "", ""),
        ("", ".", ""),
        ("a", "", "a"),
        ("a", "..", ""),
        ("a", "../b/.", "b"),
        ("a/b", "../../..", ".."),
        ("a", "../../x/c", "../x/c"),
        ("a", "/srv/x", "/srv/x"),
        ("a", "b\\c", "a/b\\c"),
    ],
)
def test_join(folder: str, path: str, joined: str) -> None:
    """Dots are resolved, the top is the empty string, what leaves the repository begins with dots or a slash."""
    assert join(folder, path) == joined


@given(folders, paths)
def test_join_leads_where_the_file_system_does(folder: str, path: str) -> None:
    """Without links in the way, the joined path is the one that a folder deep in a file system would give."""
    top = "/1/2/3/4/5/6/7"
    there = posixpath.normpath(posixpath.join(top, folder, path) if not path.startswith("/") else path)
    joined = join(folder, path)
    assert posixpath.normpath(posixpath.join(top, joined)) == there
    assert is_outside(joined) is not starts_with(f"{there}/", top)


def test_starts_with_compares_components() -> None:
    """A folder whose name begins like another's is another folder; everything lies below the top."""
    assert starts_with("a/b", "a")
    assert starts_with("a", "a")
    assert starts_with("a", "")
    assert not starts_with("ab", "a")
    assert not starts_with("a", "a/b")


@given(folders)
def test_parent_folders(folder: str) -> None:
    """The nearest first, the top last, one for each component."""
    found = parent_folders(folder)
    assert found == [folder.rsplit("/", number)[0] for number in range(1, folder.count("/") + 1)] + (
        [""] if folder else []
    )
