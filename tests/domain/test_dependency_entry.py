"""Dependency entries as text: keys and values that read back as they were, and orders in the spelling that stands."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.dependency_entry import spell_key, spell_value, versioned_entry, versioning
from batuta_hooks.domain.manifest import NORMAL, Dependency, read_dependency

names = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | names,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(names, inside, max_size=3),
    max_leaves=8,
)


def dependency(entry: Any, name: str = "b") -> Dependency:
    """A dependency of ``[dependencies]`` with this entry."""
    return read_dependency(
        name, entry, kind=NORMAL, target=None, manifest_path="Cargo.toml", key=("dependencies", name)
    )


@given(st.dictionaries(names, values, max_size=4))
def test_what_is_spelled_reads_back(table: dict[str, Any]) -> None:
    """Any table, written key by key on lines of their own, is the same table for a TOML parser."""
    text = "".join(f"{spell_key(key)} = {spell_value(value)}\n" for key, value in table.items())
    assert tomli.loads(text) == table
    assert len(text.split("\n")) == len(table) + 1


@pytest.mark.parametrize(
    ("key", "spelled"), [("serde-json_1", "serde-json_1"), ("a.b", '"a.b"'), ("", '""'), ("é", '"é"'), ('"', '"\\""')]
)
def test_keys_are_bare_where_that_is_legal(key: str, spelled: str) -> None:
    """Letters, digits, dash and underscore need no quotes, all else does."""
    assert spell_key(key) == spelled


def test_empty_table() -> None:
    """A table without entries has no room in it."""
    assert spell_value({}) == "{}"


@pytest.mark.parametrize(
    ("entry", "keep_source", "line"),
    [
        ("1", True, 'b = "2"'),
        ({"path": "../b"}, True, 'b = { version = "2", path = "../b" }'),
        ({"path": "../b"}, False, 'b = "2"'),
        ({"path": "../b", "version": "1", "optional": True}, False, 'b = { version = "2", optional = true }'),
        ({"git": "https://x", "branch": "y", "package": "c"}, False, 'b = { version = "2", package = "c" }'),
        ({"git": "https://x", "rev": "y"}, True, 'b = { version = "2", git = "https://x", rev = "y" }'),
    ],
)
def test_versioned_entry(entry: Any, keep_source: bool, line: str) -> None:
    """The requirement comes first, the source goes or stays, all else stays; alone it needs no table."""
    assert versioned_entry(dependency(entry), "2", keep_source=keep_source) == line


@pytest.mark.parametrize(
    ("line", "column", "keep_source", "order"),
    [
        ('b = { path = "../b" }', 1, True, 'write b = { version = "2", path = "../b" }'),
        ('  b={path="../b"}', 3, False, 'write b = "2"'),
        ('dependencies = { b = { path = "../b" } }', 18, False, 'write b = "2"'),
        ('b.path = "../b"', 1, True, 'write b.version = "2" beside it'),
        ('b.path = "../b"', 1, False, 'write b.version = "2" in place of b.path'),
        ('\t"b" . path = "../b"', 2, False, 'write "b".version = "2" in place of "b".path'),
        ('dependencies.b.path = "../b"', 14, True, 'write dependencies.b.version = "2" beside it'),
        ("[dependencies.b]\r", 15, True, 'write version = "2" under [dependencies.b]'),
        ("[ dependencies . 'b' ] # ]", 18, False, "write version = \"2\" in place of path under [ dependencies . 'b']"),
    ],
)
def test_order_in_the_spelling_that_stands(line: str, column: int, keep_source: bool, order: str) -> None:
    """An entry with a value is written anew; under a header and by dotted keys the changed keys are named."""
    assert versioning(dependency({"path": "../b"}), line, column, "2", keep_source=keep_source) == order


def test_order_where_the_version_stands_already() -> None:
    """Only the source is to go."""
    entry = dependency({"path": "../b", "version": "2"})
    assert versioning(entry, "[dependencies.b]", 15, "2", keep_source=False) == "remove path under [dependencies.b]"
    assert versioning(entry, "b.path = '../b'", 1, "2", keep_source=False) == "remove b.path"
