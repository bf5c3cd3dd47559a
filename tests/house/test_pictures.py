"""The pictures of README and the documentation can be made anew, and are what the script makes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.support.process import run

PICTURES = ROOT / "docs" / "pictures"


@pytest.mark.slow
def test_pictures_can_be_made(tmp_path: Path) -> None:
    """The script makes every picture that is kept, and draws real output in it."""
    run([sys.executable, ROOT / "demo" / "pictures.py", tmp_path], cwd=ROOT)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in PICTURES.iterdir()}
    for name in ("status", "dashboard", "tree"):
        drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8").replace("&#160;", " ")
        assert "trueno-graph" in drawn
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_load_nothing() -> None:
    """A picture that a reader opens asks no other host for anything."""
    for path in PICTURES.glob("*.svg"):
        assert not re.search(r"url\((?!#)|@import|<script|href=", path.read_text(encoding="utf-8")), path.name


def test_pictures_are_shown() -> None:
    """The pictures of status are in its page."""
    page = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"!\[[^\]]*\]\(pictures/([a-z.]+)\)", page))
    assert shown == {path.name for path in PICTURES.iterdir()}
