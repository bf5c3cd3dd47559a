"""Of the processes that want one answer, one has the turn; whoever ends gives it back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from batuta_hooks.registry.entry import Key, Miss, archive_key, index_key
from batuta_hooks.registry.turns import Turns
from tests.registry.samples import IDENTITY

SERDE, RAND = index_key(IDENTITY, "serde"), index_key(IDENTITY, "rand")
ROOT = Path(__file__).parents[2]

HOLDER = """
import sys
from batuta_hooks.registry.entry import index_key
from batuta_hooks.registry.turns import Turns
from tests.registry.samples import IDENTITY
with Turns(sys.argv[1]) as turns:
    print(turns.take(index_key(IDENTITY, "serde")), flush=True)
    for _ in sys.stdin:
        turns.give_back(index_key(IDENTITY, "serde"))
        print("given back", flush=True)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that takes the turn for serde, and gives it back when it is told to."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def heard(process: subprocess.Popen[str]) -> str:
    """The next line that a process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def told(process: subprocess.Popen[str]) -> None:
    """Tell a process to give back."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_one_at_a_time(tmp_path: Path) -> None:
    """What another process has cannot be taken until it gives it back; other questions can."""
    folder = tmp_path / "cache"
    with holder(folder) as other, Turns(str(folder)) as turns:
        assert heard(other) == "True"
        assert not turns.take(SERDE)
        assert turns.take(RAND)
        told(other)
        assert heard(other) == "given back"
        assert turns.take(SERDE)
        other.communicate()


def test_a_killed_process_gives_back(tmp_path: Path) -> None:
    """Nobody waits for a process that is no more."""
    folder = tmp_path / "cache"
    with holder(folder) as other, Turns(str(folder)) as turns:
        assert heard(other) == "True"
        assert not turns.take(SERDE)
        other.kill()
        other.wait()
        assert turns.take(SERDE)
        other.communicate()


def test_the_end_of_turns_gives_back(tmp_path: Path) -> None:
    """All of them at once."""
    folder = tmp_path / "cache"
    with Turns(str(folder)) as turns:
        assert turns.take(SERDE)
    with holder(folder) as other:
        assert heard(other) == "True"
        other.communicate()


def test_questions_are_told_apart(tmp_path: Path) -> None:
    """By registry, crate and version."""
    folder = tmp_path / "cache"
    with holder(folder) as other, Turns(str(folder)) as turns:
        assert heard(other) == "True"
        others: list[Key] = [index_key("x", "serde"), archive_key(IDENTITY, "serde", "1.0.0")]
        assert [turns.take(key) for key in others] == [True, True]
        other.communicate()


@pytest.mark.parametrize("what", ["no cache", "no folder", "a folder", "a link", "a name that cannot be"])
def test_without_a_file_everybody_asks(what: str, tmp_path: Path) -> None:
    """A file that cannot be made, or must not be followed, is no reason to stop."""
    folder: str | Miss = str(tmp_path / "cache")
    if what == "no cache":
        folder = Miss("there is none")
    elif what == "no folder":
        folder = str(tmp_path / "none" / "cache")
    elif what == "a folder":
        (tmp_path / "cache.lock").mkdir()
    elif what == "a link":
        (tmp_path / "cache.lock").symlink_to(tmp_path / "elsewhere")
    else:
        folder = "a\0b"
    with Turns(folder) as turns:
        assert turns.take(SERDE)
        turns.give_back(SERDE)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's file")
def test_somebody_elses_file_is_not_used(tmp_path: Path) -> None:
    """In a folder that others can write, nobody can hold up this user."""
    (tmp_path / "cache.lock").touch()
    os.chown(tmp_path / "cache.lock", 65534, 65534)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with Turns(str(tmp_path / "cache")) as turns:
        assert turns.take(SERDE)
        after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        assert after == before


def test_the_file_is_this_users_alone(tmp_path: Path) -> None:
    """And it stays empty."""
    with Turns(str(tmp_path / "cache")) as turns:
        turns.take(SERDE)
    status = (tmp_path / "cache.lock").stat()
    assert (status.st_mode & 0o777, status.st_size) == (0o600, 0)
