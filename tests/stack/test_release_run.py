"""Releases with the real cargo, real remotes and a registry on loopback: they arrive, however they were stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.registry.accepting import AcceptingRegistry
from tests.support.real_release import QUALITY, RealStack
from tests.support.repos import Repo

pytestmark = pytest.mark.cargo


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RealStack]:
    """A crate and one that needs it, in repositories of their own, none of them ever released."""
    with AcceptingRegistry(lambda _path: None) as registry:
        made = RealStack(tmp_path, registry)
        made.crate("a")
        made.crate("b", 'a = "0.1.0"')
        yield made


def test_two_crates(stack: RealStack) -> None:
    """Two crates go out in order; each tag is on the commit that its crate was published from, here and there."""
    said = stack.release("--publish", "--yes", "--no-verify-build", "--format", "json")
    document = json.loads(said.stdout)
    assert [(one["crate"], one["state"]) for one in document["releases"]] == [("a", "done"), ("b", "done")]
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.0"), ("b", "0.1.0")]
    for one in document["releases"]:
        repo, remote = Repo(stack.folder / one["crate"]), Repo(stack.place / "remotes" / f"{one['crate']}.git")
        assert repo.git("rev-parse", f"{one['tag']}^{{commit}}") == one["commit"] == repo.git("rev-parse", "HEAD")
        assert remote.git("rev-parse", f"{one['tag']}^{{commit}}", "main").split() == [one["commit"]] * 2
        assert repo.git("cat-file", "-t", one["tag"]) == "tag"
        assert repo.git("status", "--porcelain") == ""
    before = stack.state()
    again = json.loads(stack.release("--publish", "--yes", "--format", "json").stdout)
    assert (again["waves"], stack.state()) == ([], before)
    shutil.rmtree(stack.folder / ".batuta")
    assert "Nothing to release." in stack.release("--publish", "--yes").stdout


def test_markdown(stack: RealStack) -> None:
    """A job's summary tells how each crate's release came out."""
    told = ("--publish", "--yes", "--no-verify-build", "--no-verify", "--format", "markdown")
    hook = stack.remote("b").path / "hooks" / "update"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    rows = [line for line in stack.release(*told, code=1).stdout.splitlines() if line.startswith("|")]
    assert rows[0] == "| wave | crate | version | tag | why | state |"
    assert [row.count("|") for row in rows] == [7, 7, 7, 7]
    assert rows[2].endswith("| done |")
    assert "| failed: " in rows[3]


def test_notified(stack: RealStack) -> None:
    """Who is to be notified hears how it ended, also where a gate failed."""
    heard = stack.place / "heard.json"
    told = ("--publish", "--yes", "--no-verify-build", "--notify", f"cat >'{heard}'")
    configured = stack.folder / "batuta-stack.toml"
    configured.write_text(QUALITY.replace('test_command = "true"', 'test_command = "false"'), encoding="utf-8")
    stack.release(*told, code=1)
    assert {one["state"] for one in json.loads(heard.read_text(encoding="utf-8"))["releases"]} >= {"failed"}
    configured.write_text(QUALITY, encoding="utf-8")
    stack.release(*told)
    assert {one["state"] for one in json.loads(heard.read_text(encoding="utf-8"))["releases"]} == {"done"}


@pytest.mark.parametrize("cargo", ["#!/bin/sh\necho 'error: no toolchain is there' >&2\nexit 1\n", None])
def test_no_cargo(stack: RealStack, tmp_path: Path, cargo: str | None) -> None:
    """A cargo that does not run, or is not there, is told before anything is committed or pushed."""
    programs = tmp_path / "programs"
    programs.mkdir()
    git = shutil.which("git")
    assert git is not None
    (programs / "git").symlink_to(git)
    if cargo is not None:
        (programs / "cargo").write_text(cargo, encoding="utf-8")
        (programs / "cargo").chmod(0o755)
    before = stack.state()
    said = stack.release("--publish", "--yes", "--no-verify", code=2, env={"PATH": str(programs)})
    assert "cargo does not run: " in said.stderr
    assert "rustup default stable" in said.stderr
    assert stack.state() == before
