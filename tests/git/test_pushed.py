"""What is being pushed, as git's lines or a framework's variables tell it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git import pushed as module
from batuta_hooks.git.pushed import PushedRef, framework_stage, pushed_by_framework, read_pushed
from tests.support.repos import make_repo

OLD, NEW, LONG = "a" * 40, "b" * 40, "c" * 64
NONE, LONG_NONE = "0" * 40, "0" * 64


def test_what_git_writes_is_read(tmp_path: Path) -> None:
    """Lines of a real push: a branch, a tag, an expression with spaces, a deletion."""
    repo = make_repo(tmp_path / "r", {"a": "a"})
    repo.git("init", "-q", "--bare", tmp_path / "remote")
    repo.git("remote", "add", "origin", tmp_path / "remote")
    repo.git("push", "-q", "origin", "main:gone", "main:kept")
    old = repo.git("rev-parse", "HEAD")
    new = repo.commit("second")
    repo.git("tag", "v1")
    hook = repo.path / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\ncat >"{tmp_path}/lines"\n')
    hook.chmod(0o755)
    repo.git("push", "-q", "origin", "main:kept", "v1", "main@{0 seconds ago}:refs/heads/spaces", ":gone")
    pushed = read_pushed((tmp_path / "lines").read_bytes())
    assert set(pushed) == {
        PushedRef("refs/heads/kept", new, old),
        PushedRef("refs/tags/v1", new, ""),
        PushedRef("refs/heads/spaces", new, ""),
        PushedRef("refs/heads/gone", "", old),
    }


def test_every_line_counts() -> None:
    """Long and short ids, zeros of both lengths, refs that are not UTF-8, a last line without an end."""
    lines = (
        f"refs/heads/a {NEW} refs/heads/a {OLD}\n\n"
        f"(delete) {LONG_NONE} refs/heads/b {LONG}\n"
        f"refs/heads/\udcff {LONG} refs/heads/\udcff {LONG_NONE}\n"
        f"HEAD {NEW} refs/tags/v1 {NONE}"
    )
    assert read_pushed(lines.encode("utf-8", "surrogateescape")) == [
        PushedRef("refs/heads/a", NEW, OLD),
        PushedRef("refs/heads/b", "", LONG),
        PushedRef("refs/heads/\udcff", LONG, ""),
        PushedRef("refs/tags/v1", NEW, ""),
    ]
    assert read_pushed(b"") == read_pushed(b"\n \n") == []


@pytest.mark.parametrize(
    "line",
    [
        "main",
        f"a {NEW} b",
        f"a {NEW} b {OLD} c",
        f"a {NEW.upper()} b {OLD}",
        f"a {NEW[1:]} b {OLD}",
        f"a b {NEW} {OLD}",
        "\0" * 100,
        "x" * 1_000_000,
    ],
)
def test_other_lines_are_refused(line: str) -> None:
    """What git would not write is an error that shows its start and how the guard is meant to be called."""
    with pytest.raises(BatutaError, match="a line that git would not write") as caught:
        read_pushed(line.encode())
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 400


def test_endless_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than any push has is not even looked at."""
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    with pytest.raises(BatutaError, match="more than 1 MiB"):
        read_pushed(b"\n" * ((1 << 20) + 1))


@given(st.binary(max_size=300))
def test_no_input_is_a_crash(lines: bytes) -> None:
    """Whatever arrives is read or refused with a sentence."""
    with suppress(BatutaError):
        read_pushed(lines)


@pytest.mark.parametrize(
    ("environment", "stage"),
    [
        ({}, ""),
        ({"PRE_COMMIT_RUNNING_LEGACY": "1", "PRE_COMMIT_HOME": "/x", "PRE_COMMIT_COLOR": "never"}, ""),
        ({"PRE_COMMIT": "1"}, "commit"),
        ({"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin"}, "push"),
        ({"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": OLD, "PRE_COMMIT_TO_REF": NEW}, "push"),
        ({"PRE_COMMIT": "1", "PREK_HOOK_STAGE": "pre-commit", "PRE_COMMIT_TO_REF": NEW}, "commit"),
        ({"PRE_COMMIT": "1", "PREK_HOOK_STAGE": "pre-merge-commit"}, "commit"),
        ({"PRE_COMMIT": "1", "PREK_HOOK_STAGE": "pre-push"}, "push"),
        ({"PRE_COMMIT": "1", "PREK_HOOK_STAGE": "manual"}, "manual"),
    ],
)
def test_the_stage_that_a_framework_runs(environment: dict[str, str], stage: str) -> None:
    """prek says it; pre-commit shows it by the remote or the range that it names."""
    assert framework_stage(environment) == stage


@pytest.mark.parametrize(
    ("environment", "ref"),
    [
        ({"FROM_REF": OLD, "TO_REF": NEW, "REMOTE_BRANCH": "refs/heads/x"}, PushedRef("refs/heads/x", NEW, OLD)),
        ({"FROM_REF": NONE, "TO_REF": NEW}, PushedRef("", NEW, "")),
        ({"LOCAL_BRANCH": "refs/heads/x", "REMOTE_BRANCH": "b"}, PushedRef("b", "refs/heads/x", "")),
        ({"REMOTE_NAME": "origin"}, PushedRef("", "HEAD", "")),
    ],
)
def test_the_ref_that_a_framework_pushes(environment: dict[str, str], ref: PushedRef) -> None:
    """On a first push the objects lack: then the local branch stands in, and without one HEAD."""
    assert pushed_by_framework({f"PRE_COMMIT_{name}": value for name, value in environment.items()}) == ref
