"""Links go into cargo's configuration and come out again, and what stood there is what stands there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.toml_text import read_toml
from batuta_hooks.stack.link_file import Links, read_links, with_links, without_links

BOTH = Links(("a/b", 'odd "name"'), {"c": "c", "d-e": "../d"})
TEXTS = [
    b"",
    b"# only a comment",
    b"[net]\noffline = true\n",
    b"[net]\r\noffline = true",
    b"\xef\xbb\xbfjobs = 1\n\n\n",
    b"\n",
    b'[patch."https://x.invalid"]\ny = { path = "y" }',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("links", [BOTH, Links(("a",)), Links(patches={"c": "c"})])
def test_a_file_comes_back_exactly(text: bytes, links: Links) -> None:
    """Whatever its line ends, its mark and its last line: linked twice, then unlinked, it is the same bytes."""
    linked = with_links(text, links)
    assert read_links(linked) == links
    assert with_links(linked, links) == linked
    assert without_links(linked) == text
    own = read_toml(text)
    assert {key: value for key, value in read_toml(linked).items() if key not in ("paths", "patch")} == {
        key: value for key, value in own.items() if key != "patch"
    }


@given(st.lists(st.sampled_from(["\n", "\r\n", "# a", "[x]", "y = 1", "\ufeff", " "]), max_size=6), st.booleans())
def test_generated_files_come_back_exactly(parts: list[str], patched: bool) -> None:
    """What cargo can read is linked and unlinked without a trace."""
    text = "".join(parts).encode()
    try:
        linked = with_links(text, BOTH if patched else Links(("a",)))
    except BatutaError:
        with pytest.raises(ValueError, match=r".+"):
            read_toml(text)
    else:
        assert without_links(linked) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'paths = ["x"]\n', "paths of its own"),
        (b"[patch.crates-io]\nx = { path = 'x' }\n", "of its own"),
        (b"= 1\n", "cargo cannot read it: line 1"),
    ],
)
def test_what_cannot_stand_together_is_an_error(text: bytes, reason: str) -> None:
    """cargo has one `paths` and one patch table a file; nobody's are overwritten."""
    with pytest.raises(BatutaError, match=reason):
        with_links(text, BOTH)


def test_nothing_is_linked_where_nobody_did() -> None:
    """A user's own paths are no links."""
    assert read_links(b'paths = ["x"]\n') == Links()
    assert Links().is_empty
    assert not BOTH.is_empty
