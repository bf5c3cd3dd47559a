"""Globs of ``include`` and ``exclude``: what cargo 1.95 was seen to choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.package_globs import Globs, InvalidGlob

FILES = ("src/lib.rs", "foo/b", "foo/c", "deep/foo/b", "x.a", "x.b", "x.c", "br{a,b}", "bra", "brb", ".hid")


def chosen(*globs: str) -> list[str]:
    """The files that the globs choose."""
    read = Globs(globs)
    return [file for file in FILES if read.chooses(file)]


@pytest.mark.parametrize(
    ("globs", "files"),
    [
        (["x.{a,b}"], ["x.a", "x.b"]),
        (["br{a,b}"], ["bra", "brb"]),
        (["!b", "foo"], ["foo/c"]),
        (["foo", "!b"], ["foo/c"]),
        (["foo/", "!foo/b"], ["foo/c", "deep/foo/b"]),
        (["/foo/*"], ["foo/b", "foo/c"]),
        (["x.?", "!x.b"], ["x.a", "x.c"]),
        (["**/b"], ["foo/b", "deep/foo/b"]),
        (["foo/**"], ["foo/b", "foo/c"]),
        (["./foo/**"], []),
        (["d*/**/b"], ["deep/foo/b"]),
        (["x.[!ab]"], ["x.c"]),
        (["x.[^a-b]"], ["x.c"]),
        (["x\\.a"], ["x.a"]),
        (["[x"], []),
        (["# c", " x.a ", "x.b\\ "], []),
        (["X.A"], []),
        (["foo**"], ["foo/b", "foo/c", "deep/foo/b"]),
        (["**foo/b"], ["foo/b"]),
        (["foo//b"], []),
        ([""], []),
        (["."], []),
        (["!x.a"], []),
        (["/"], list(FILES)),
        (["**"], list(FILES)),
        (["**/"], list(FILES)),
        (["{,x.a}"], ["x.a"]),
        (["{**/b,x.*}"], ["foo/b", "deep/foo/b", "x.a", "x.b", "x.c"]),
        (["{foo/**,/x.a}"], ["foo/b", "foo/c"]),
        (["\\!x.a", "\\#"], []),
    ],
)
def test_choice(globs: list[str], files: list[str]) -> None:
    """A glob chooses what cargo was seen to choose."""
    assert chosen(*globs) == files


@pytest.mark.parametrize("glob", ["{x", "x}", "x\\", "[z-a]", "{a,{b}"])
def test_refused(glob: str) -> None:
    """A glob that cargo cannot read is an error that names it."""
    with pytest.raises(InvalidGlob, match="error parsing glob") as caught:
        Globs([glob])
    assert f"'{glob}'" in str(caught.value) or f"'**/{glob}'" in str(caught.value)


@given(st.text(alphabet="ab/*?[]{}!^-\\,. #", max_size=12), st.text(alphabet="ab/", max_size=8))
def test_any_text(glob: str, path: str) -> None:
    """Whatever is written is a rule, or refused; and a path is chosen by ``/`` where nothing after it objects."""
    try:
        Globs([glob]).chooses(path.strip("/"))
    except InvalidGlob:
        return
    assert Globs([glob, "/"]).chooses("z/y/x") or glob.startswith("!") or Globs([f"!{glob}", "/"]).chooses("q")
