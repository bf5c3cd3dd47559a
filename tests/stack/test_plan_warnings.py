"""What a plan says before a release begins, though it blocks nothing; and what is refused before anything begins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile import HostileRegistry
from tests.support.real_release import LICENSED, QUALITY, RealStack
from tests.support.repos import package


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RealStack]:
    """One crate, never released."""
    with HostileRegistry() as registry:
        found = RealStack(tmp_path, registry)
        found.crate("a")
        yield found


def warnings(stack: RealStack) -> list[str]:
    """Those of a dry run; that it is new goes without saying."""
    found = json.loads(stack.release("--dry-run", "--format", "json").stdout)["warnings"]
    return [one for one in found if not one.startswith("trusted publishing")]


@pytest.mark.parametrize("way", ["remote", pytest.param("branch", marks=pytest.mark.slow)])
def test_nowhere_to_push(stack: RealStack, way: str) -> None:
    """Without a remote or a branch to push to nothing begins; with `--no-push` neither is needed."""
    command = ("remote", "remove", "origin") if way == "remote" else ("checkout", "--quiet", "--detach")
    stack.repo("a").git(*command)
    assert [f"a has no {way}" in one for one in warnings(stack)] == [True]
    before = stack.state()
    said = stack.release("--publish", "--yes", "--no-verify", code=2)
    assert f"a has no {way}" in said.stderr
    assert stack.state() == before
    stack.release("--publish", "--yes", "--no-verify", "--no-verify-build", "--no-push")
    rest = stack.release("--dry-run", "--no-push").stdout
    assert (rest, len(stack.registry.accepted)) == ("Nothing to release.\n", 1)


def test_names(stack: RealStack) -> None:
    """A crate that two repositories have, and a release group with a name that none has, are told."""
    stack.repository("other", {"Cargo.toml": package("a", keys=LICENSED), "src/lib.rs": ""})
    groups = '[release_groups]\ncore = ["a", "b"]\nelsewhere = ["c", "d"]\n'
    (stack.folder / "batuta-stack.toml").write_text(QUALITY + groups, encoding="utf-8")
    assert warnings(stack) == [
        "a is in other too: what goes out is that of a",
        "[release_groups] core names b, which is no crate here",
    ]


@pytest.mark.slow
def test_not_pushed_yet(stack: RealStack) -> None:
    """A dry run says what a release would do: it pushes what was released without."""
    stack.release("--publish", "--yes", "--no-verify", "--no-verify-build", "--no-push")
    said = stack.release("--dry-run")
    assert "is under way: going on with it" in said.stderr
    assert stack.release("--publish", "--yes", "--no-verify").stdout.count("Successfully released") == 1
    assert stack.release("--dry-run").stdout == "Nothing to release.\n"
    assert stack.remote("a").git("tag") == "va-0.1.0"
