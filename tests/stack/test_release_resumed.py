"""Releases that another machine, or another day, goes on with: by their identity, from what was pushed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile import HostileRegistry
from tests.support.process import run
from tests.support.real_release import RealStack

pytestmark = pytest.mark.cargo

FAST = ("--publish", "--yes", "--no-verify-build", "--no-verify")
ONCE = [("a", "0.1.0"), ("b", "0.1.0")]


class Stopped(RealStack):
    """A crate and one that needs it; the first is committed and pushed, and was refused by the registry."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        super().__init__(folder, registry)
        self.crate("a")
        self.crate("b", 'a = "0.1.0"')
        registry.uploads = [lambda _take: self.refusal()]
        document = json.loads(self.release(*FAST, "--format", "json", code=1).stdout)
        self.identity: str = document["id"]
        self.commit_of_a = self.repo("a").git("rev-parse", "HEAD")

    def clone_anew(self) -> None:
        """Become another machine: nothing is there but what the remotes have."""
        shutil.rmtree(self.folder / ".batuta")
        for name in "ab":
            shutil.rmtree(self.folder / name)
            run(["git", "clone", "--quiet", str(self.remote(name).path), str(self.folder / name)])

    def published(self) -> list[tuple[str, str]]:
        """What was accepted, in order."""
        return [(one.name, one.version) for one in self.registry.accepted]

    def tag(self, name: str) -> str:
        """The commit of a crate's tag on its remote."""
        return self.remote(name).git("rev-parse", f"v{name}-0.1.0^{{commit}}")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stopped]:
    """A release that stopped in its first wave."""
    with HostileRegistry() as registry:
        yield Stopped(tmp_path, registry)


def test_from_fresh_clones(stack: Stopped) -> None:
    """The beginning of the identity is enough; the very commit that was pushed is published and tagged."""
    stack.clone_anew()
    said = stack.release("--resume", stack.identity[:8], *FAST)
    assert f"release {stack.identity} is under way" in said.stderr
    assert stack.published() == ONCE
    assert stack.tag("a") == stack.commit_of_a


def test_foreign_identity(stack: Stopped) -> None:
    """An identity of another stack's release is refused, and nothing is done."""
    stack.clone_anew()
    before = stack.state()
    said = stack.release("--resume", "feedface", *FAST, code=2)
    assert "no commit and no journal here is of a release feedface" in said.stderr
    assert stack.state() == before


def test_another_plan_now(stack: Stopped) -> None:
    """Commits that came since change nothing of what was begun: the plan would be another one, and is not made."""
    stack.commit(stack.repo("a"), "more", {"src/lib.rs": "// more\n"})
    stack.repo("a").git("push", "--quiet")
    stack.clone_anew()
    stack.release("--resume", stack.identity, *FAST)
    assert stack.published() == ONCE
    assert stack.tag("a") == stack.commit_of_a != stack.remote("a").git("rev-parse", "main")
    again = json.loads(stack.release(*FAST, "--dry-run", "--format", "json").stdout)
    assert next((one["crate"], one["next"]) for one in again["releases"]) == ("a", "0.1.1")


def test_missing_repository(stack: Stopped) -> None:
    """Where a crate of the release is not cloned, it is said which, and nothing is done."""
    stack.clone_anew()
    shutil.rmtree(stack.folder / "b")
    before = stack.state()
    said = stack.release("--resume", stack.identity, *FAST, code=2)
    assert "the release needs b, which is not here" in said.stderr
    assert stack.state() == before
