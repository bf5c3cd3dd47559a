"""Arrays on several lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.toml_arrays import array_lines
from batuta_hooks.domain.toml_text import read_toml

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def test_lines() -> None:
    """A line takes as many elements as fit, and one at least."""
    assert array_lines("a", [], 10) == ["a = []"]
    assert array_lines("a", ["b", "c"], 80) == ['a = ["b", "c"]']
    assert array_lines("a", ["bbb", "ccc", "d"], 12, start="# ") == ['# a = ["bbb",', '#   "ccc",', '#   "d"]']


@given(NAMES.filter(bool), st.lists(NAMES), st.integers(1, 40))
def test_any_array_is_read_back(name: str, values: list[str], width: int) -> None:
    """Wherever it is broken, it is the same array."""
    assert read_toml("\n".join(array_lines(name, values, width)).encode()) == {name: values}
