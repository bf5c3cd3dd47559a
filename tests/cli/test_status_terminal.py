"""`status` where there is a terminal: the dashboard, or the table and how to get the dashboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.repos import make_repo, package
from tests.support.terminal import Terminal

pytestmark = pytest.mark.slow

STATUS = [sys.executable, "-m", "batuta_hooks.cli", "status", "--offline"]
WITHOUT_TEXTUAL = """
import sys
import batuta_hooks.cli.status
batuta_hooks.cli.status.find_spec = lambda name: None
from batuta_hooks.cli.app import main
sys.exit(main(["status", "--offline"]))
"""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack with a crate in error."""
    make_repo(tmp_path / "lib", {"Cargo.toml": package("lib", '[dependencies]\na = "*"')})
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    """The environment of a usual terminal."""
    return {**os.environ, "TERM": "xterm-256color", **more}


def test_dashboard(stack: Path) -> None:
    """It takes the terminal over, gives it back, and ends with the code of what was seen."""
    terminal = Terminal(STATUS, cwd=stack, env=environment())
    terminal.wait_for("\x1b[?1049h")
    terminal.wait_for("lib")
    terminal.wait_for("error")
    terminal.press("q")
    assert terminal.end() == 1
    assert "\x1b[?1049l" in terminal.shown


def test_quit_at_once(stack: Path) -> None:
    """Whoever has seen enough does not wait until everything was looked at."""
    terminal = Terminal(STATUS, cwd=stack, env=environment())
    terminal.wait_for("looking at the stack")
    terminal.press("q")
    assert terminal.end(timeout_s=20) in (0, 1)
    assert "Traceback" not in terminal.shown


def test_without_textual(stack: Path) -> None:
    """The table, and one line about the extra."""
    terminal = Terminal([sys.executable, "-c", WITHOUT_TEXTUAL], cwd=stack, env=environment())
    assert terminal.end() == 1
    assert "pip install 'batuta-hooks[tui]'" in terminal.shown
    assert "WAVE" not in terminal.shown  # there is one layer alone
    assert "Health" in terminal.shown


@pytest.mark.parametrize("arguments", [["--simple"], ["--tree"]])
def test_a_wish_counts(stack: Path, arguments: list[str]) -> None:
    """Whoever says how wants no dashboard."""
    terminal = Terminal([*STATUS, *arguments], cwd=stack, env=environment())
    assert terminal.end() == 1
    assert "\x1b[?1049h" not in terminal.shown
    assert "lib" in terminal.shown


def test_dumb_terminal(stack: Path) -> None:
    """A terminal that cannot draw gets the table."""
    terminal = Terminal(STATUS, cwd=stack, env=environment(TERM="dumb"))
    assert terminal.end() == 1
    assert "\x1b" not in terminal.shown


def test_watch(stack: Path) -> None:
    """The table again and again, on a cleared screen, until somebody ends it."""
    terminal = Terminal([*STATUS, "--simple", "--watch", "1"], cwd=stack, env=environment())
    terminal.wait_for("\x1b[H\x1b[2J")
    terminal.interrupt()
    assert terminal.end() == 130
