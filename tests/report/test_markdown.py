"""Markdown from texts that may hold anything, read back by a parser of GitHub's dialect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from batuta_hooks.report.markdown import code, escaped, prose, table

TEXTS = st.text(alphabet=st.characters(categories=None))
HOSTILE = [
    "<img src=x onerror=y>",
    "[a](https://example.com)",
    "a|b",
    "`",
    "``a`",
    "*b*",
    "&lt;",
    "![x](y)",
    "# a",
]


def tokens(text: str) -> Iterator[Token]:
    """What a parser makes of a text, the innermost too."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def cells(*texts: str) -> list[str]:
    """The texts of a table's only row as a reader sees them."""
    found = list(tokens("\n".join(table([str(number) for number in range(len(texts))], [texts]))))
    inlines = [token for number, token in enumerate(found) if number and found[number - 1].type == "td_open"]
    return ["".join(child.content for child in token.children or ()) for token in inlines]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_as_they_are(text: str) -> None:
    """In a cell each stays one cell and reads as it was."""
    assert cells(escaped(text), code(text), "last") == [text, text, "last"]


@given(TEXTS)
def test_nothing_becomes_markup(text: str) -> None:
    """Whatever the text, it is one line of plain text, or of code."""
    kinds = {token.type for token in tokens(f"x {escaped(text)} {prose(text)} {code(text)}")}
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "code_inline", "paragraph_close"}


@given(TEXTS)
def test_a_cell_stays_a_cell(text: str) -> None:
    """No text ends its cell or its row."""
    assert cells(escaped(text), code(text), prose(text), "last")[3] == "last"


def test_sentences() -> None:
    """Names in backticks are code, the rest is text; with an odd backtick all of it is code."""
    found = [token for token in tokens(prose("`a_b` is *not* `c|d`")) if token.type == "code_inline"]
    assert [token.content for token in found] == ["a_b", "c\\|d"]  # the bar is escaped for tables
    assert [token.type for token in tokens(prose("an odd ` one"))][2] == "code_inline"
    assert code("") == ""


def test_nobody_is_mentioned() -> None:
    """An at sign is followed by a sign of no width, outside of code."""
    assert "@someone" not in escaped("by @someone")
