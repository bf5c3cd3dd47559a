"""Globs of `[workspace] members`, each line as real cargo expands it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.member_glob import expand, expand_members, matches


@pytest.mark.parametrize(
    ("pattern", "folders", "found"),
    [
        ("crates/*", "crates crates/a crates/b crates/a/x", "crates/a crates/b"),
        ("crates/*", "crates crates/.hidden", "crates/.hidden"),
        ("*/*", "a a/b a/b/c", "a/b"),
        ("crates/[ab]", "crates/a crates/b crates/c", "crates/a crates/b"),
        ("[!a]", "a b .b", "b"),
        ("[^a]", "a ^ b", "^ a"),
        ("[]a]", "a ] b", "] a"),
        ("?", "a bb", "a"),
        ("a*b", "ab axb a/b", "ab axb"),
        ("**/b", "b x/b x/y/b c", "b x/b x/y/b"),
        ("crates/**/b", "crates/b crates/x/b crates/x/y/b b", "crates/b crates/x/b crates/x/y/b"),
        ("crates/**", "crates crates/a crates/a/b", "crates/a crates/a/b"),
        ("**", "a a/b", "a a/b"),
        ("crates/**/**", "crates crates/b crates/b/c", "crates/b crates/b/c"),
        ("**/a/**", "a a/b x/a x/a/c", "a/b x/a/c"),
        ("A*", "a A", "A"),
        ("x*", "a b", ""),
    ],
)
def test_expansion(pattern: str, folders: str, found: str) -> None:
    """No sign crosses a slash, two stars stand for any number of folders, at the end for at least one."""
    assert expand(pattern, ["", *folders.split()]) == found.split()


@pytest.mark.parametrize(
    ("pattern", "folders", "members"),
    [
        ("crates/*", ["crates", "crates/a"], ["crates/a"]),
        ("crates/*", ["crates"], []),
        ("crates/*", [], ["crates/*"]),
        ("crates/**", ["crates"], ["crates/**"]),
        ("crates/a*", ["crates"], ["crates/a*"]),
        ("*", ["a"], [".git", "a"]),
        ("[!.]*", ["a"], ["a"]),
    ],
)
def test_members(pattern: str, folders: list[str], members: list[str]) -> None:
    """A glob without match is a folder of that name; one that finds files alone means no member; `.git` is a folder."""
    assert expand_members(pattern, folders) == members


@given(st.text("ab*?[]!/", max_size=30), st.text("ab/", max_size=30))
def test_any_pattern_has_an_answer(pattern: str, path: str) -> None:
    """Neither stars without end nor an open bracket stops it."""
    assert matches(pattern, path) in (True, False)


@given(st.lists(st.sampled_from(["a", "b", "**"]), min_size=1, max_size=40))
def test_many_stars_cost_no_time(parts: list[str]) -> None:
    """A path of the pattern's own names matches, however many stars stand between them."""
    names = [part for part in parts if part != "**"]
    assert matches("/".join(parts), "/".join(names)) or not names
