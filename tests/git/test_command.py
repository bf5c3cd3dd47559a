"""Git as a process: its environment, its answers, and how its failures are told."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git import command
from batuta_hooks.git.command import Git, GitError, environment, git
from tests.support.process import run
from tests.support.repos import make_repo


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable `git` that is first on PATH; write a shell script into it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "git"
    file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return file


def test_what_git_prints_is_returned(tmp_path: Path) -> None:
    """Standard output comes back byte for byte, of the folder that was named."""
    repo = make_repo(tmp_path, {"a b\n.txt": "x"})
    assert git(["ls-files", "-z"], str(repo.path)) == b"a b\n.txt\0"


def test_a_failure_names_the_command_and_the_reason(tmp_path: Path) -> None:
    """The error holds the exit code, git's reason without its prefix, the command and the folder."""
    make_repo(tmp_path)
    with pytest.raises(GitError) as caught:
        git(["rev-parse", "--verify", "nowhere"], str(tmp_path))
    assert caught.value.status == 128
    assert caught.value.said == "Needed a single revision"
    assert str(caught.value) == (
        f"{tmp_path}: `git rev-parse --verify nowhere` failed with exit code 128: Needed a single revision"
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("warning: a\nfatal: it broke\nhint: b", "it broke"),
        ("12:00 trace.c:1 git x\nerror: it broke", "it broke"),
        ("it broke\n\n", "it broke"),
        ("a\nit broke", "it broke"),
        ("", ""),
    ],
)
def test_the_reason_is_found_among_other_words(said: str, reason: str, fake_git: Path) -> None:
    """Warnings, hints and traces around the reason are left out."""
    fake_git.write_text(f"#!/bin/sh\nprintf '{said}' >&2\nexit 3\n")
    with pytest.raises(GitError) as caught:
        git(["status"])
    assert (caught.value.status, caught.value.said) == (3, reason)


def test_no_git_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git there is a sentence that says which one to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BatutaError, match=r"git cannot be run: No such file or directory\n.*install git 2\.30 or newer"
    ):
        git(["status"])


@pytest.mark.parametrize("version", ["git version 1.8.3.1", "git version 2.29.2 (Apple Git-129)"])
def test_a_git_that_is_too_old_and_refuses(version: str, fake_git: Path) -> None:
    """An old git that refuses is told by its version, with the oldest one that is supported."""
    fake_git.write_text(
        f"#!/bin/sh\n[ \"$*\" = --version ] && echo '{version}' && exit\necho 'unknown option' >&2; exit 129\n"
    )
    with pytest.raises(BatutaError) as caught:
        git(["ls-files", "--format=x"])
    assert not isinstance(caught.value, GitError)
    number = ".".join(version.split()[2].split(".")[:2])
    assert (
        str(caught.value)
        == f"this is git {number}, which is too old\n    install git 2.30 or newer and put it first on PATH"
    )


@pytest.mark.parametrize(
    "version", ["git version 2.30.0", "git version 2.50.windows.1", "gitoxide", "git version next"]
)
def test_a_git_of_another_age_is_not_blamed_for_it(version: str, fake_git: Path) -> None:
    """A new git, or one that does not tell its version, failed for the reason that it gives."""
    fake_git.write_text(
        f"#!/bin/sh\n[ \"$*\" = --version ] && echo '{version}' && exit\necho 'fatal: no' >&2; exit 1\n"
    )
    with pytest.raises(GitError, match="exit code 1: no"):
        git(["status"])


def test_no_answer_in_time(fake_git: Path) -> None:
    """A git that hangs is ended, and the error says so."""
    fake_git.write_text("#!/bin/sh\nexec sleep 60\n")
    asked = Git(["status"])
    started = time.monotonic()
    with pytest.raises(GitError, match="`git status` gave no answer in time") as caught:
        asked.collect(timeout_s=0.2)
    assert time.monotonic() - started < 10
    assert caught.value.status is None
    assert asked.end() == -9
    asked.kill()


def test_a_signal(fake_git: Path) -> None:
    """A git that a signal ends is told by the signal."""
    fake_git.write_text("#!/bin/sh\nkill -TERM $$\n")
    with pytest.raises(GitError, match="was ended by signal 15") as caught:
        git(["status"])
    assert caught.value.status == -15


def test_much_on_both_outputs(fake_git: Path) -> None:
    """However much git writes to both outputs at once, nobody waits for the other; the reason is kept bounded."""
    fake_git.write_text(
        f"#!{sys.executable}\nimport os\n"
        "for _ in range(50):\n    os.write(2, b'e' * 20000)\n    os.write(1, b'o' * 20000)\n"
    )
    assert git(["status"]) == b"o" * 1_000_000
    fake_git.write_text(fake_git.read_text() + "raise SystemExit(1)\n")
    with pytest.raises(GitError) as caught:
        git(["status"])
    assert len(caught.value.said) == 1 << 16


def test_what_is_written_arrives(tmp_path: Path) -> None:
    """More than a pipe holds is written, and read by git."""
    make_repo(tmp_path)
    asked = Git(["hash-object", "--stdin"], str(tmp_path), talks=True)
    asked.write(b"x" * 300_000)
    os.close(asked._input)
    asked._input = -1
    assert len(asked.collect()) == 41


def test_writing_to_a_git_that_has_ended(tmp_path: Path) -> None:
    """Who writes to a git that has ended learns why it did."""
    asked = Git(["cat-file", "--batch"], str(tmp_path), talks=True)
    while asked.read(time.monotonic() + 20):
        pass
    with pytest.raises(GitError, match=r"`git cat-file --batch` failed with exit code 128: not a git repository"):
        asked.write(b"HEAD\n" * 100_000)


def test_the_own_repository_keeps_what_git_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook's index counts for the own repository; a sibling gets no name that would turn it into the own one."""
    exported = {"GIT_INDEX_FILE": "/x", "GIT_DIR": "/d", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b"}
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    assert exported.items() <= environment().items()
    assert not set(exported) & set(environment(sibling=True))


def test_every_local_name_is_known() -> None:
    """Git's own list of names that tie it to a repository holds none that a sibling would get."""
    names = set(git(["rev-parse", "--local-env-vars"]).decode().split())
    assert names <= command.LOCAL_NAMES


@pytest.mark.parametrize("name", ["LITERAL", "GLOB", "NOGLOB", "ICASE"])
def test_how_a_shell_reads_pathspecs_does_not_count(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that change the meaning of pathspecs do not change what is listed."""
    make_repo(tmp_path, {"Cargo.toml": "", "a/b": ""})
    monkeypatch.setenv(f"GIT_{name}_PATHSPECS", "1")
    assert git(["ls-files", "--full-name", "--", ":/"], str(tmp_path / "a")) == b"Cargo.toml\na/b\n"


def test_git_speaks_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's language changes no reason."""
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    with pytest.raises(GitError, match="not a git repository"):
        git(["status"], str(tmp_path))


def test_objects_are_those_of_a_clone(tmp_path: Path) -> None:
    """Replacements, which a clone does not get, are not followed."""
    repo = make_repo(tmp_path, {"Cargo.toml": "first"})
    first = repo.git("rev-parse", "HEAD:Cargo.toml")
    other = repo.git("rev-parse", repo.commit("second", {"Cargo.toml": "second"}) + ":Cargo.toml")
    repo.git("replace", first, other)
    assert git(["cat-file", "blob", first], str(tmp_path)) == b"first"


def test_whoever_ignores_ended_children_is_answered(tmp_path: Path) -> None:
    """Where the parent process ignores SIGCHLD, answers and failures are told apart all the same."""
    make_repo(tmp_path, {"a": ""})
    code = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
from batuta_hooks.git.command import Git, GitError, git
print(git(["ls-files"]))
try:
    git(["rev-parse", "nowhere..here"])
except GitError as error:
    print(error.status)
hangs = Git(["cat-file", "--batch"], talks=True)
hangs.kill()
"""
    assert run([sys.executable, "-c", code], cwd=tmp_path).stdout == "b'a\\n'\n128\n"


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_closed_standard_descriptors(closed: tuple[int, ...], tmp_path: Path) -> None:
    """Whichever of the three standard descriptors this process lacks, git gets all three and talks to us alone."""
    make_repo(tmp_path, {"a": "content"})
    code = f"""
import json
from batuta_hooks.git.command import GitError, git
from batuta_hooks.git.objects import Objects
answers = [git(["ls-files"]).decode(), Objects().read("HEAD:a").decode()]
try:
    git(["rev-parse", "nowhere..here"])
except GitError as error:
    answers.append(error.said)
open({str(tmp_path / "answers")!r}, "w").write(json.dumps(answers))
"""
    closing = " ".join(f"{fd}>&-" if fd else "0<&-" for fd in closed)
    run(["sh", "-c", f'exec "$0" -c "$1" {closing}', sys.executable, code], cwd=tmp_path)
    listed, content, said = json.loads((tmp_path / "answers").read_text())
    assert (listed, content) == ("a\n", "content")
    assert "nowhere..here" in said
