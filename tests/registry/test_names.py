"""Crate names are checked before they become paths, and cargo puts crates where we look for them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.names import MAX_LENGTH, InvalidCrateName, canonical, is_crate_name, sparse_path

LETTERS = string.ascii_letters
names = st.builds(str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + string.digits + "-_", max_size=63))

REFUSED = [
    *(
        "",
        "1a",
        "-a",
        "_a",
        "a b",
        "a/b",
        "a.b",
        "..",
        ".",
        "a\n",
        "a\0",
        "\na",
        "é",
        "aé",
        "\uff41",
        "a²",
        "a%2e",
        "a\\b",
    ),
    *("a+b", "a" * 65, "a" * 100_000),
]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", "1/a"),
        ("X", "1/x"),
        ("ab", "2/ab"),
        ("a-", "2/a-"),
        ("abc", "3/a/abc"),
        ("Syn", "3/s/syn"),
        ("cargo", "ca/rg/cargo"),
        ("web-sys", "we/b-/web-sys"),
        ("Inflector", "in/fl/inflector"),
        ("a" * 64, f"aa/aa/{'a' * 64}"),
    ],
)
def test_path_in_a_sparse_index(name: str, path: str) -> None:
    """One, two, three and more letters have their own folders, all in lower case."""
    assert sparse_path(name) == path


@given(names)
def test_a_legal_name_has_a_path_that_stays_inside(name: str) -> None:
    """The path has no part that leads elsewhere, ends in the name, and is the same for every letter case."""
    path = sparse_path(name)
    assert is_crate_name(name)
    assert path.rpartition("/")[2] == name.lower()
    assert not {"", ".", ".."} & set(path.split("/"))
    assert sparse_path(name.upper()) == path


@given(names)
def test_one_crate_has_one_canonical_name(name: str) -> None:
    """Letter case and the two dashes make no other crate; the canonical name is a legal one."""
    form = canonical(name)
    assert canonical(name.swapcase().replace("-", "_")) == form == canonical(form)
    assert is_crate_name(form)


def test_other_letters_make_another_crate() -> None:
    """Only dashes and letter case are the same."""
    assert len({canonical(name) for name in ("serde-json", "serdejson", "serde_jsom")}) == 3
    assert canonical("Serde-JSON") == canonical("serde_json")


@pytest.mark.parametrize("name", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_name_becomes_no_path(name: str) -> None:
    """The error names the text, on one line and not at length."""
    assert not is_crate_name(name)
    for function in (sparse_path, canonical):
        with pytest.raises(InvalidCrateName) as refused:
            function(name)
        assert refused.value.name == name
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 300


@given(st.text() | names)
def test_is_crate_name_says_what_the_grammar_says(text: str) -> None:
    """An ASCII letter, then ASCII letters, digits, `-` and `_`, 64 at most: written out letter by letter."""
    follows = set(LETTERS + string.digits + "-_")
    legal = 0 < len(text) <= MAX_LENGTH and text[0] in LETTERS and set(text) <= follows
    assert is_crate_name(text) is legal
