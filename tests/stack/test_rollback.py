"""Releases taken back: nothing of what was not published stays anywhere; what was is yanked where that is wanted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import HostileRegistry
from tests.support.kill_stack import FILES, KILLING, KillStack
from tests.support.process import run
from tests.support.real_release import RealStack

pytestmark = pytest.mark.cargo

FAST = ("--publish", "--yes", "--no-verify-build", "--no-verify")
STEPS = 43
"""Of a release of the stack that is killed, see test_release_killed."""


class Taken(RealStack):
    """Two crates, the second of which needs the first."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        super().__init__(folder, registry)
        self.hostile = registry
        self.crate("a")
        self.crate("b", 'a = "0.1.0"')

    def released(self, *arguments: str, code: int) -> str:
        """Release, and the identity of that."""
        document = json.loads(self.release(*FAST, *arguments, "--format", "json", code=code).stdout)
        identity: str = document["id"]
        return identity

    def rollback(self, *arguments: str) -> list[tuple[str, str]]:
        """Take a release back: kind and repository of each action."""
        said = rollback(self, *arguments)
        return [(one["kind"], one["repository"]) for one in said["actions"]]

    def kill(self, where: str, identity: str, *arguments: str) -> int:
        """Take a release back, end that there, see `tests.support.release_killing`; its exit code."""
        command = [sys.executable, "-m", KILLING, where, "rollback", identity, "--yes", *arguments]
        root = str(Path(__file__).resolve().parents[2])
        env = {**self.environment, "PYTHONPATH": root, "BEGUN": str(self.place / "begun")}
        ended = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, start_new_session=True, check=False
        )
        self.said = ended.stderr
        return ended.returncode

    def yanked(self) -> dict[str, bool]:
        """Which versions are yanked."""
        lines = [self.registry.read(f"index/1/{name}") for name in "ab"]
        read = [json.loads(line) for data in lines for line in (data or b"").splitlines()]
        return {line["name"]: line["yanked"] for line in read}


def rollback(stack: RealStack, *arguments: str) -> dict[str, Any]:
    """What ``batuta-stack rollback`` did."""
    command = [*stack.program, "rollback", *arguments, "--yes", "--json"]
    found: dict[str, Any] = json.loads(run(command, cwd=stack.folder, env=stack.environment).stdout)
    return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Taken]:
    """Two crates, never released."""
    with HostileRegistry() as registry:
        yield Taken(tmp_path, registry)


def test_only_committed(stack: Taken) -> None:
    """Commits that were never pushed are dropped, and everything is as before."""
    before = stack.state()
    said = stack.release("--yes", "--no-verify", "--format", "json")
    identity = json.loads(said.stdout)["id"]
    assert stack.state() != before
    assert stack.rollback(identity) == [("drop-commits", "a")]
    assert stack.state() == before


def test_pushed(stack: Taken) -> None:
    """Commits that were pushed are reverted by commits, and a release after that begins anew."""
    stack.hostile.uploads = [lambda _take: stack.refusal()]
    identity = stack.released(code=1)
    pushed = stack.repo("a").git("rev-parse", "HEAD")
    assert stack.rollback(identity) == [("revert-commits", "a")]
    assert stack.repo("a").git("rev-parse", "origin/main^") == pushed
    assert stack.repo("a").git("diff", pushed + "^", "HEAD") == ""
    again = stack.released(code=0)
    assert again != identity


@pytest.mark.slow
def test_yank(stack: Taken) -> None:
    """What was published is yanked, dependents first, and can be made usable again; tags and commits of it stay."""
    identity = stack.released(code=0)
    before = stack.state()
    assert stack.rollback(identity) == []
    assert stack.rollback(identity, "--yank") == [("yank", "b"), ("yank", "a")]
    assert stack.yanked() == {"a": True, "b": True}
    assert stack.rollback(identity, "--undo") == [("unyank", "a"), ("unyank", "b")]
    assert stack.yanked() == {"a": False, "b": False}
    assert stack.state() == before


def refused(stack: Taken) -> str:
    """A release whose first crate is pushed and refused by the registry."""
    stack.hostile.uploads = [lambda _take: stack.refusal()]
    return stack.released(code=1)


@pytest.mark.slow
def test_taken_back_in_part(stack: Taken) -> None:
    """A release that was taken back is not gone on with unless it is named; till then options do not change it."""
    stack.hostile.uploads = [lambda take: take(), lambda _take: stack.refusal()]
    identity = stack.released(code=1)
    said = stack.release("--dry-run", "--bump", "minor")
    assert f"release {identity} is under way: going on with it at its own versions, so --bump" in said.stderr
    assert stack.rollback(identity) == [("revert-commits", "b")]
    anew = json.loads(stack.release("--dry-run", "--format", "json").stdout)
    assert (anew["waves"], anew["id"] == identity) == ([["b"]], False)
    assert json.loads(stack.release("--resume", identity, *FAST, "--format", "json").stdout)["id"] == identity
    assert [one.name for one in stack.registry.accepted] == ["a", "b"]
    assert stack.release("--dry-run").stdout == "Nothing to release.\n"


@pytest.mark.slow
def test_yanks_or_undoes(stack: Taken) -> None:
    """It yanks or makes usable again, not both; and says so where there is nothing of that to do."""
    identity = stack.released(code=0)
    command = [*stack.program, "rollback", identity, "--undo", "--yes"]
    said = run([*command, "--yank"], cwd=stack.folder, env=stack.environment, code=2)
    assert "--yank and --undo exclude each other" in said.stderr
    assert run(command, cwd=stack.folder, env=stack.environment).stdout == "Nothing is yanked.\n"


@pytest.mark.slow
def test_index_is_late(stack: Taken) -> None:
    """What was uploaded a moment ago is not taken for unpublished because the index does not have it yet."""
    stack.hostile.lag_s = 1000
    identity = stack.released("a", "--index-timeout", "1", code=1)
    before = stack.state()
    said = run([*stack.program, "rollback", identity, "--yes"], cwd=stack.folder, env=stack.environment, code=2)
    assert "a 0.1.0 was uploaded a moment ago, and the index does not have it yet" in said.stderr
    assert stack.state() == before
    stack.hostile.lag_s = 0
    assert stack.rollback(identity) == []
    assert stack.state() == before


@pytest.mark.slow
def test_killed_before_its_push(stack: Taken) -> None:
    """A rollback that is killed when it has reverted, and not pushed that, pushes it when it runs again."""
    identity = refused(stack)
    pushed = stack.repo("a").git("rev-parse", "HEAD")
    hook = stack.repo("a").path / ".git" / "hooks" / "pre-push"
    hook.write_text('#!/bin/sh\nrm "$0"\nkill -KILL 0\n')
    hook.chmod(0o755)
    assert stack.kill("end:1000", identity) == -signal.SIGKILL
    assert stack.repo("a").git("diff", pushed + "^", "HEAD") == ""
    assert stack.remote("a").git("rev-parse", "main") == pushed
    assert stack.rollback(identity) == [("push-reverts", "a")]
    assert stack.remote("a").git("rev-parse", "main^") == pushed
    assert stack.rollback(identity) == []


@pytest.mark.slow
def test_killed_between_branch_and_files(tmp_path: Path) -> None:
    """A rollback that is killed once the branch is moved, the files not yet, brings them along when it runs again."""
    with HostileRegistry() as registry:
        stack = Taken(tmp_path, registry)
        assert stack.released("a", code=0)
        stack.commit(stack.repo("a"), "change", {"src/lib.rs": "// changed\n"})
        stack.repo("a").git("push", "--quiet")
        identity = refused(stack)
        repo = stack.repo("a")
        hook = repo.path / ".git" / "hooks" / "reference-transaction"
        hook.write_text('#!/bin/sh\n[ "$1" = committed ] && grep -q refs/heads/main || exit 0\nrm "$0"\nkill -KILL 0\n')
        hook.chmod(0o755)
        before = repo.git("rev-parse", "HEAD")
        assert stack.kill("end:1000", identity) == -signal.SIGKILL
        assert repo.git("rev-parse", "HEAD^") == before
        assert repo.git("status", "--porcelain") != ""
        assert stack.rollback(identity) == [("push-reverts", "a")]
        assert repo.git("status", "--porcelain") == ""
        assert repo.git("diff", before + "^", "HEAD") == ""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["drop", "revert", "yank", "undo"])
def test_killed(tmp_path: Path, way: str) -> None:
    """A rollback that is killed before and after each of its steps arrives where an undisturbed one does."""
    ends = []
    for is_killed in (False, True):
        with HostileRegistry() as registry:
            stack = Taken(tmp_path / str(is_killed), registry)
            arguments = {"yank": ["--yank"], "undo": ["--undo"]}.get(way, [])
            if way == "drop":
                said = stack.release("--yes", "--no-verify", "--format", "json")
                identity = json.loads(said.stdout)["id"]
            elif way == "revert":
                identity = refused(stack)
            else:
                identity = stack.released(code=0)
            if way == "undo":
                stack.rollback(identity, "--yank")
            kills = 0
            while is_killed and stack.kill(("begin:1", "end:1")[kills % 2], identity, *arguments):
                assert "Traceback" not in stack.said
                kills += 1
                assert kills < 9
            assert kills > 0 or not is_killed
            stack.rollback(identity, *arguments)
            found = stack.state()
            ends.append((stack.yanked() if way in ("yank", "undo") else {}, found))
            assert stack.rollback(identity, *arguments) == []
    assert ends[0] == ends[1]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillStack]:
    """Six repositories with nine crates, to be put back before each use."""
    with HostileRegistry() as registry:
        yield KillStack(tmp_path_factory.mktemp("begun"), registry)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_every_prefix(begun: KillStack, step: int) -> None:
    """Whatever a release has done before it is killed, a rollback leaves nothing of what was not published anywhere.

    No tag of such a version is left; and where nothing was published from a repository, it and its remote hold what
    they held before.
    """
    begun.put_back()
    trees = {name: begun.repo(name).git("rev-parse", "HEAD^{tree}") for name in FILES}
    assert begun.kill_at(f"end:{step}").returncode == -signal.SIGKILL
    identity = next((begun.folder / ".batuta" / "releases").glob("*.jsonl")).stem
    rollback(begun, identity)
    published = {f"v{one.name}-{one.version}" for one in begun.registry.accepted}
    touched = {one.name.partition("-")[0] for one in begun.registry.accepted}
    for name, tree in trees.items():
        for place, branch in ((begun.repo(name), "HEAD"), (begun.remote(name), "main")):
            tags = place.git("tag").splitlines()
            assert {tag for tag in tags if tag.endswith("0.1.1") or name in ("epsilon", "zeta")} <= published
            assert name in touched or place.git("rev-parse", f"{branch}^{{tree}}") == tree
        assert begun.repo(name).git("status", "--porcelain") == ""
    assert rollback(begun, identity)["actions"] == []
