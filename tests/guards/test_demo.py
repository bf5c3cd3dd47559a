"""The demo does what it says, for a user whose own git is configured in unusual ways, and notices where it does not."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT, files
from tests.support.process import run
from tests.support.repos import Repo, make_repo

DEMO = ROOT / "demo" / "incident.py"
# No identity, and whatever would spoil a commit if it were obeyed.
HOSTILE = """\
[core]
    hooksPath = /nowhere
    autocrlf = true
[commit]
    gpgSign = true
[push]
    default = nothing
[init]
    templateDir = /nowhere
    defaultBranch = trunk
[color]
    ui = always
[user]
    useConfigOnly = true
[protocol "file"]
    allow = always
"""


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a hostile git configuration and a temporary folder with a space in its name; returns the latter."""
    config, temporary = tmp_path / "home" / ".gitconfig", tmp_path / "a temporary folder"
    config.parent.mkdir()
    temporary.mkdir()
    config.write_text(HOSTILE)
    monkeypatch.setenv("HOME", str(config.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "of-somebody-else"))
    return temporary


def readme_block(language: str) -> str:
    """The first block of README in a language."""
    block = re.search(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert block
    return block[1]


def pasted(told: str) -> list[str]:
    """The commands that the demo ends with."""
    return re.findall(r"^    (\S.*)$", told.partition("What to try next:")[2], re.MULTILINE)


def test_the_demo_holds(newcomer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The incident is blocked with line and mend, the mended commit is on the remote, the stack is checked."""
    surroundings = {**os.environ, "BATUTA_STACK": str(ROOT), "PRE_COMMIT": "1", "GIT_DIR": str(ROOT / ".git")}
    told = run([sys.executable, DEMO], timeout_s=60, env=surroundings).stdout
    monkeypatch.delenv("GIT_INDEX_FILE")
    (place,) = newcomer.iterdir()
    crate, remote = Repo(place / "stack" / "entrenar"), Repo(place / "remotes" / "entrenar.git")
    line = crate.git("show", "HEAD:Cargo.toml").splitlines().index('alimentar = "0.2.2"') + 1
    assert f"Cargo.toml:{line}:1: PD001 path dependency `alimentar` has no version" in told
    assert f"Cargo.toml:{line}:1: PD003 `../alimentar` leaves the repository" in told
    assert 'write alimentar = "0.2.2"' in told
    assert crate.git("log", "--format=%s") == "Require the versions that the checkouts have\nThe sample crate entrenar"
    assert remote.git("rev-parse", "main") == crate.git("rev-parse", "HEAD")
    assert crate.git("status", "--porcelain") == ""
    assert "Cargo.toml:3:1: TC002 tag `v0.3.0` says 0.3.0" in told
    assert remote.git("tag") == crate.git("tag") == ""
    assert "$ batuta-stack check" in told
    assert "\x1b" not in told
    assert readme_block("text") in told


def test_what_to_try_next_works_when_pasted(newcomer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines are commands that do what is said of them, in the user's own environment."""
    monkeypatch.delenv("GIT_INDEX_FILE")
    told = run([sys.executable, DEMO]).stdout
    done = run(["sh"], cwd=tmp_path, stdin="\n".join(pasted(told)) + "\n")
    said = done.stdout + done.stderr
    assert said.count("Cargo.toml:12:1: PD001") == 2
    assert "failed to push some refs" in said
    assert '"schema": "batuta.guard/1"' in said
    assert "PD003" in done.stdout.rpartition("batuta.guard/1")[2].partition("\n")[2]
    assert list(newcomer.iterdir()) == []


def test_the_demo_notices_where_a_step_fails(newcomer: Path) -> None:
    """Without the programs of the environment nothing can be installed, and the demo says so and fails."""
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    if (python.parent / "batuta-path-deps").exists():
        pytest.skip("the program is installed beside the interpreter itself")
    failed = run([python, DEMO], code=1, env={**os.environ, "PATH": os.defpath})
    assert "The demo failed: " in failed.stderr
    assert "'batuta-stack'" in failed.stderr
    assert str(newcomer) in failed.stderr


def test_the_demo_says_that_git_is_missing(newcomer: Path) -> None:
    """On a machine without git it ends with a sentence."""
    failed = run([sys.executable, DEMO], code=1, env={**os.environ, "PATH": str(newcomer)})
    assert "The demo failed: " in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(("variable", "colored"), [("TERM=xterm", True), ("TERM=dumb", False), ("NO_COLOR=1", False)])
def test_colour_is_for_terminals(newcomer: Path, variable: str, colored: bool) -> None:
    """In a terminal the demo is coloured, unless the terminal or the user wants none."""
    name, _, value = variable.partition("=")
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", name: value}
    with subprocess.Popen([sys.executable, DEMO], stdout=slave, stdin=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        told = b""
        while part := read_terminal(master):
            told += part
    os.close(master)
    assert process.returncode == 0
    assert (b"\x1b[1m" in told) == colored


def read_terminal(master: int) -> bytes:
    """The next output of a terminal's other side; nothing once that is closed."""
    try:
        return os.read(master, 1 << 16)
    except OSError:  # how Linux says that nobody writes any more
        return b""


@pytest.mark.slow
def test_a_newcomer_needs_one_command(newcomer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """README's first command, in a fresh clone without an environment, sets all up and shows the blocked commit."""
    monkeypatch.delenv("GIT_INDEX_FILE")
    place = tmp_path / "clone"
    for file in files():
        copy = place / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    told = run(["sh", "-e"], cwd=place, stdin=readme_block("sh")).stdout
    assert "blocked in " in told
    assert "What to try next:" in told
    ours = make_repo(tmp_path / "mine", commit=False)
    assert run([place / ".venv" / "bin" / "batuta-path-deps"], cwd=ours.path).stdout == ""


@pytest.mark.cargo
@pytest.mark.slow
def test_the_second_half_holds(newcomer: Path) -> None:
    """The sample stack is released, killed and released to its end; nothing is left behind."""
    said = run([sys.executable, str(ROOT / "demo" / "release.py")])
    assert "each crate was accepted once" in said.stdout
    assert list(newcomer.iterdir()) == []


def test_the_second_half_says_that_cargo_is_missing(newcomer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cargo it says so, and that is no failure."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert "which is not here: left out" in run([sys.executable, str(ROOT / "demo" / "release.py")]).stdout
