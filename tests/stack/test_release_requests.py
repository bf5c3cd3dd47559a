"""Releases by pull request, with real remotes and the real cargo: proposed, merged by any way, published as merged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batuta_hooks.registry.accepting import AcceptingRegistry
from tests.support.kill_stack import KILLING
from tests.support.process import run
from tests.support.real_release import QUALITY, RealStack
from tests.support.repos import Repo

pytestmark = pytest.mark.cargo

COMMAND = ("--publish", "--yes", "--no-verify", "--no-verify-build")
MERGES = [
    *(pytest.param(way, marks=pytest.mark.slow) for way in ("merge", "rebase", "forward")),
    "squash",
]


class Requests(RealStack):
    """Two crates in repositories of their own, the second in need of the first, whose branches take requests alone."""

    def __init__(self, folder: Path, registry: AcceptingRegistry) -> None:
        super().__init__(folder, registry)
        self.crate("a")
        self.repo("a").write({"CHANGELOG.md": "# Changelog\n"})
        self.commit(self.repo("a"), "log")
        self.repo("a").git("push", "--quiet", "origin", "main")
        self.crate("b", 'a = "0.1.0"')
        self.release(*COMMAND)
        (self.folder / "batuta-stack.toml").write_text(f'{QUALITY}[release]\nmode = "pull-request"\n')
        registry.accepted.clear()
        for name in ("a", "b"):
            self.commit(self.repo(name), "fix: it", {"src/lib.rs": "// changed\n"})
            self.repo(name).git("push", "--quiet", "origin", "main")

    def proposals(self, name: str) -> list[str]:
        """The branches of a remote that propose something."""
        return self.remote(name).git("for-each-ref", "--format=%(refname:short)", "refs/heads/batuta/").split()

    def advance(self, name: str, file: str) -> None:
        """Somebody else's commit on the remote's branch."""
        with_clone(self.place, self.remote(name), lambda clone: self.commit(clone, file, {file: "x"}))

    def merge(self, name: str, way: str, *, deletes: bool = False) -> str:
        """Merge what is proposed; the commit that the branch is at then."""
        for branch in self.proposals(name):

            def merge(clone: Repo, branch: str = branch) -> None:
                if way == "merge":
                    clone.git("merge", "--quiet", "--no-ff", "--message", "words", f"origin/{branch}")
                elif way == "squash":
                    clone.git("merge", "--quiet", "--squash", f"origin/{branch}")
                    clone.git("commit", "--quiet", "--message", "words")
                elif way == "rebase":
                    clone.git("checkout", "--quiet", "--detach", f"origin/{branch}")
                    clone.git("rebase", "--quiet", "--force-rebase", "main")
                    clone.git("branch", "--force", "main", "HEAD")
                    clone.git("checkout", "--quiet", "main")
                else:
                    clone.git("merge", "--quiet", "--ff-only", f"origin/{branch}")

            with_clone(self.place, self.remote(name), merge)
            if deletes:
                self.remote(name).git("update-ref", "-d", f"refs/heads/{branch}")
        return self.remote(name).git("rev-parse", "main")


def with_clone(place: Path, remote: Repo, work: Callable[[Repo], None]) -> None:
    """Do something in a clone of a remote, and push it."""
    folder = place / "clone"
    run(["git", "clone", "--quiet", str(remote.path), str(folder)])
    work(Repo(folder))
    Repo(folder).git("push", "--quiet", "origin", "main")
    shutil.rmtree(folder)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Requests]:
    """The stack, all of it released once, and then changed."""
    with AcceptingRegistry(lambda _path: None) as registry:
        yield Requests(tmp_path, registry)


def commit_of(stack: Requests, name: str, tag: str) -> str:
    """The commit of a tag on a remote."""
    return stack.remote(name).git("rev-parse", f"{tag}^{{commit}}")


def own_proposals(stack: Requests, name: str) -> list[str]:
    """The branches of a checkout that propose something."""
    return stack.repo(name).git("for-each-ref", "--format=%(refname:short)", "refs/heads/batuta/").split()


@pytest.mark.parametrize("way", MERGES)
def test_merged(stack: Requests, way: str) -> None:
    """Nothing but a branch is pushed before the merge; then each crate is published from the commit of the merge."""
    heads = {
        name: (stack.repo(name).git("rev-parse", "main"), stack.remote(name).git("rev-parse", "main")) for name in "ab"
    }
    said = stack.release(*COMMAND, code=1)
    (branch,) = stack.proposals("a")
    assert f"a: waiting: waits for the merge of {branch} into main" in said.stderr
    assert f"gh pr create --head {branch} --base main --fill" in said.stderr
    assert "batuta-stack release --resume" in said.stderr
    assert (stack.proposals("b"), stack.registry.accepted) == ([], [])
    assert heads["a"] == (stack.repo("a").git("rev-parse", "main"), stack.remote("a").git("rev-parse", "main"))
    assert stack.repo("a").git("status", "--porcelain") == ""
    if way != "forward":
        stack.advance("a", "before.txt")
    before = stack.remote("a").git("rev-parse", "main")
    assert stack.release(*COMMAND, code=1).stderr.count("waits for the merge") == 1
    merged = {"a": stack.merge("a", way, deletes=way == "squash")}
    stack.advance("a", "after.txt")
    shutil.rmtree(stack.folder / ".batuta")
    said = stack.release(*COMMAND, code=1)
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.1")]
    assert commit_of(stack, "a", "va-0.1.1") == merged["a"]
    assert "## [0.1.1] - " in stack.remote("a").git("show", "main:CHANGELOG.md")
    assert before != merged["a"]
    merged["b"] = stack.merge("b", way)
    stack.repo("b").git("pull", "--quiet", "--ff-only", "origin", "main")
    assert own_proposals(stack, "a") == [branch]
    stack.release(*COMMAND)
    assert own_proposals(stack, "a") == own_proposals(stack, "b") == []
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.1"), ("b", "0.1.1")]
    assert commit_of(stack, "b", "vb-0.1.1") == merged["b"]
    stack.repo("a").git("pull", "--quiet", "--ff-only", "origin", "main")
    rest = json.loads(stack.release("--dry-run", "--format", "json").stdout)
    assert [(one["crate"], one["reasons"]) for one in rest["releases"]] == [("a", ["changed since 0.1.1: after.txt"])]


@pytest.mark.slow
def test_changed_in_review(stack: Requests) -> None:
    """What was squashed under other words, with its changelog written anew, is known by its versions."""
    stack.release(*COMMAND, code=1)
    (branch,) = stack.proposals("a")

    def review(clone: Repo) -> None:
        clone.git("merge", "--quiet", "--squash", f"origin/{branch}")
        clone.write({"CHANGELOG.md": "# Changelog\n\n## 0.1.1\n\n- better words\n"})
        clone.git("commit", "--quiet", "--all", "--message", "Release")

    with_clone(stack.place, stack.remote("a"), review)
    stack.advance("a", "after.txt")
    stack.release(*COMMAND, code=1)
    assert commit_of(stack, "a", "va-0.1.1") == stack.remote("a").git("rev-parse", "main~1")


@pytest.mark.slow
def test_other_version_in_review(stack: Requests) -> None:
    """Where the merge names another version, nothing is published."""
    stack.release(*COMMAND, code=1)
    (branch,) = stack.proposals("a")

    def review(clone: Repo) -> None:
        clone.git("merge", "--quiet", "--no-commit", "--no-ff", f"origin/{branch}")
        text = (clone.path / "Cargo.toml").read_text().replace("0.1.1", "0.1.7")
        clone.write({"Cargo.toml": text})
        clone.git("commit", "--quiet", "--all", "--message", "Merge")

    with_clone(stack.place, stack.remote("a"), review)
    assert "its manifests name other versions" in stack.release(*COMMAND, code=1).stderr
    assert stack.registry.accepted == []


def clone_anew(stack: Requests) -> None:
    """Another machine: it knows what the remotes have, and nothing else."""
    shutil.rmtree(stack.folder / ".batuta", ignore_errors=True)
    for name in ("a", "b"):
        shutil.rmtree(stack.folder / name)
        run(["git", "clone", "--quiet", str(stack.remote(name).path), str(stack.folder / name)])


@pytest.mark.slow
def test_nothing_left_of_it(stack: Requests) -> None:
    """A squash under other words, its branch deleted, seen from fresh clones: the version that is there goes out."""
    stack.release(*COMMAND, code=1)
    merged = stack.merge("a", "squash", deletes=True)
    clone_anew(stack)
    stack.release(*COMMAND, code=1)
    assert (commit_of(stack, "a", "va-0.1.1"), stack.proposals("a")) == (merged, [])
    merged = stack.merge("b", "squash", deletes=True)
    clone_anew(stack)
    stack.release(*COMMAND)
    assert commit_of(stack, "b", "vb-0.1.1") == merged
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.1"), ("b", "0.1.1")]


@pytest.mark.slow
def test_from_fresh_clones(stack: Requests) -> None:
    """Another machine goes on with what was proposed, from what the remotes have alone."""
    stack.release(*COMMAND, code=1)
    clone_anew(stack)
    said = stack.release(*COMMAND, code=1)
    assert "is under way" in said.stderr
    assert len(stack.proposals("a")) == 1
    merged = stack.merge("a", "rebase")
    stack.release(*COMMAND, code=1)
    assert commit_of(stack, "a", "va-0.1.1") == merged


def test_went_different_ways(stack: Requests) -> None:
    """A checkout with commits of its own beside the remote's is told so, before anything is proposed."""
    stack.advance("a", "theirs.txt")
    stack.commit(stack.repo("a"), "ours", {"ours.txt": "x"})
    said = stack.release(*COMMAND, code=1)
    assert "went different ways" in said.stderr
    assert stack.proposals("a") == []


@pytest.mark.slow
def test_without_publish(stack: Requests) -> None:
    """The first wave is proposed here alone; with --push on the remote too."""
    stack.release("--yes", "--no-verify")
    assert stack.proposals("a") == []
    assert stack.repo("a").git("for-each-ref", "refs/heads/batuta/") != ""
    stack.release("--yes", "--no-verify", "--push")
    assert len(stack.proposals("a")) == 1


def killed_at_every_step(stack: Requests) -> int:
    """Kill the release after each step that acts, and begin again, until nothing more is done; the number of kills."""
    root = str(Path(__file__).resolve().parents[2])
    kills = 0
    while True:
        command = [sys.executable, "-m", KILLING, "end:1", "release", *COMMAND]
        env = {**stack.environment, "PYTHONPATH": root}
        done = subprocess.run(
            command, cwd=stack.folder, env=env, capture_output=True, start_new_session=True, check=False, timeout=300
        )
        if done.returncode != -signal.SIGKILL:
            return kills
        kills += 1
        assert kills < 40
        if kills % 2:
            shutil.rmtree(stack.folder / ".batuta", ignore_errors=True)


@pytest.mark.slow
def test_killed_at_every_step(stack: Requests) -> None:
    """It arrives, half of the time without its journal: one proposal a wave, each version once, tags in their place."""
    kills = killed_at_every_step(stack)
    assert (len(stack.proposals("a")), stack.registry.accepted) == (1, [])
    merged = {"a": stack.merge("a", "rebase")}
    stack.advance("a", "after.txt")
    kills += killed_at_every_step(stack)
    assert len(stack.proposals("b")) == 1
    merged["b"] = stack.merge("b", "squash", deletes=True)
    kills += killed_at_every_step(stack)
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.1"), ("b", "0.1.1")]
    assert {name: commit_of(stack, name, f"v{name}-0.1.1") for name in ("a", "b")} == merged
    assert kills >= 10


@pytest.mark.slow
def test_rollback(stack: Requests) -> None:
    """What was proposed and not merged is deleted, here and on the remote, and a release after that begins anew."""
    before = stack.state()
    said = stack.release(*COMMAND, "--format", "json", code=1)
    identity = json.loads(said.stdout)["id"]
    command = [*stack.program, "rollback", identity, "--yes", "--json"]
    actions = json.loads(run(command, cwd=stack.folder, env=stack.environment).stdout)["actions"]
    assert [one["kind"] for one in actions] == ["delete-remote-branch", "delete-branch"]
    assert stack.state() == before


@pytest.mark.slow
def test_hooks(stack: Requests) -> None:
    """The user's hooks judge the proposal too, in a folder that holds it."""
    hook = stack.repo("a").path / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\ngrep -q 0.1.1 Cargo.toml || exit 0\necho 'not today' >&2\nexit 1\n")
    hook.chmod(0o755)
    said = stack.release(*COMMAND, code=1)
    assert "not today" in said.stderr
    assert stack.repo("a").git("for-each-ref", "refs/heads/batuta/") == ""


def test_checked_out(stack: Requests) -> None:
    """A proposal that somebody has checked out stays when all is done."""
    stack.release("a", *COMMAND, code=1)
    (branch,) = own_proposals(stack, "a")
    stack.repo("a").git("worktree", "add", "--quiet", str(stack.place / "review"), branch)
    stack.merge("a", "forward")
    stack.release("a", *COMMAND)
    assert own_proposals(stack, "a") == [branch]


def test_another_branch(tmp_path: Path) -> None:
    """Without requests `[release] branch` is what is pushed, and what is checked out keeps its own."""
    with AcceptingRegistry(lambda _path: None) as registry:
        stack = RealStack(tmp_path, registry)
        (stack.folder / "batuta-stack.toml").write_text(f'{QUALITY}[release]\nbranch = "releases"\n')
        stack.crate("a")
        before = stack.remote("a").git("rev-parse", "main")
        stack.release(*COMMAND)
        assert stack.remote("a").git("rev-parse", "releases") == stack.repo("a").git("rev-parse", "HEAD")
        assert stack.remote("a").git("rev-parse", "main") == before
        assert os.listdir(stack.place / "tmp") == []
