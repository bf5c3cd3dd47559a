"""`check --fetch`, and what is said of repositories that do not stand as usual."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.fetching import fetch_all
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package


@pytest.fixture
def upstream(tmp_path: Path) -> Repo:
    """The repository that the stack's only one is a clone of; it goes on by a commit after that."""
    return make_repo(tmp_path / "upstream" / "lib", {"Cargo.toml": package("lib")})


@pytest.fixture
def stack(tmp_path: Path, upstream: Repo, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds a clone that is a commit behind, and a repository without a remote."""
    folder = tmp_path / "stack"
    folder.mkdir()
    run(["git", "clone", "--quiet", upstream.path, folder / "lib"])
    make_repo(folder / "alone", {"Cargo.toml": package("alone")})
    upstream.commit("goes on", {"Cargo.toml": package("lib", version="0.2.0")})
    monkeypatch.chdir(folder)
    return folder


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """What `check` prints on standard output and error; it ends well."""
    assert main(["check", *arguments]) == 0
    return capsys.readouterr()


def repositories(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    """The repositories of the JSON document, by path."""
    out, _ = checked(capsys, "--format", "json", *arguments)
    return {one["path"]: one for one in json.loads(out)["repositories"]}


@pytest.mark.usefixtures("stack")
def test_fetch(capsys: pytest.CaptureFixture[str]) -> None:
    """Before, the clone does not know that it is behind; afterwards it does, and how old the fetch is."""
    assert repositories(capsys)["lib"]["behind"] == 0
    found = repositories(capsys, "--fetch")
    assert found["lib"]["behind"] == 1
    assert found["lib"]["fetched_age_s"] <= 60
    assert found["alone"]["fetched_age_s"] is None
    out, error = checked(capsys)
    assert error == ""
    assert "\nlib: 1 behind origin/main\n" in out
    assert "     $ git -C lib pull --ff-only\n" in out


def test_a_remote_that_is_gone(stack: Path, upstream: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be fetched is a note, and judged as it stood before."""
    shutil.rmtree(upstream.path)
    out, error = checked(capsys, "--fetch", "--format", "json")
    assert "batuta-stack: lib: not fetched: " in error
    assert "alone" not in error
    assert json.loads(out)["summary"]["total_crates"] == 2


@pytest.mark.usefixtures("stack")
def test_offline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is fetched where no socket may be opened; whether cargo may is another matter."""
    _, error = checked(capsys, "--fetch", "--offline")
    assert error == "batuta-stack: nothing was fetched: --offline was given\n"
    monkeypatch.setenv("BATUTA_OFFLINE", "1")
    _, error = checked(capsys, "--fetch")
    assert "nothing was fetched: BATUTA_OFFLINE is set" in error
    assert repositories(capsys)["lib"]["behind"] == 0


def test_a_host_that_does_not_answer(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch ends with its time; nobody is asked for a password meanwhile."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ssh")
    slow = stack / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 5\n")
    slow.chmod(0o755)
    Repo(stack / "lib").git("config", "core.sshCommand", str(slow))
    Repo(stack / "lib").git("remote", "set-url", "origin", "ssh://somebody@host.invalid/lib")
    started = time.monotonic()
    notes = fetch_all(Workspace(str(stack), ("lib", "alone", "gone"), frozenset()), timeout_s=0.5)
    assert notes == ("lib: not fetched: no answer within 0.5 s",)
    assert time.monotonic() - started < 30


def test_long_ago(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the last fetch is weeks ago that is said, and what to do about it."""
    long_ago = time.time() - 30 * 86400 - 3600
    os.utime(stack / "lib" / ".git" / "refs" / "remotes" / "origin" / "HEAD", (long_ago, long_ago))
    out, _ = checked(capsys)
    assert "\nlib: fetched 30 days ago\n" in out
    assert "     $ batuta-stack check --fetch\n" in out


def test_states(stack: Path, upstream: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """No commit, a detached HEAD, a shallow clone, an unfinished merge, a missing folder: each has its line."""
    run(["git", "init", "--quiet", stack / "unborn"])
    Repo(stack / "unborn").write({"Cargo.toml": package("unborn")})
    Repo(stack / "unborn").git("add", ".")
    Repo(stack / "alone").git("checkout", "--quiet", "--detach")
    run(["git", "clone", "--quiet", "--depth=1", upstream.path.as_uri(), stack / "shallow"])
    merging = make_repo(stack / "merging", {"Cargo.toml": package("merging"), "x": "1"})
    merging.git("checkout", "--quiet", "-b", "other")
    merging.commit("other", {"x": "2"})
    merging.git("checkout", "--quiet", "main")
    merging.commit("main", {"x": "3"})
    merging.git("merge", "other", code=1)
    (stack / "batuta-stack.toml").write_text(
        '[stack]\nrepositories = ["unborn", "alone", "shallow", "merging", "gone", "lib"]\n'
    )
    out, _ = checked(capsys)
    for line in (
        "unborn: no commit yet",
        "alone: HEAD is detached",
        "shallow: a shallow clone",
        "merging: a merge is not finished",
        "gone: not judged (missing): there is no such folder",
    ):
        assert f"\n{line}\n" in out
    assert "\nlib: " not in out  # all is well there
    found = repositories(capsys)
    assert [found[name]["state"] for name in ("unborn", "alone", "merging", "gone")] == [
        "unborn",
        "detached",
        "unmerged",
        "missing",
    ]
    assert (found["shallow"]["shallow"], found["lib"]["shallow"]) == (True, False)
