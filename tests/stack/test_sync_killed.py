"""A synchronization that is killed leaves no half-written manifest."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.online import go_online
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_manifest_is_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at a hundred points of whatever writes, each manifest has either its old or its new text, whole."""
    with FaultyRegistry() as registry:
        registry.add("low", "0.1.0")
        stack = tmp_path / "stack"
        go_online(monkeypatch, stack, registry)
        make_repo(stack / "low", {"Cargo.toml": package("low")})
        entry = '[dependencies]\nlow = { path = "../low" }\n'
        padding = "".join(f"# line {number}\n" for number in range(2000))
        for name in ("a", "b", "c"):
            member = package(f"{name}-member", '[dependencies]\nlow = { path = "../../low" }\n')
            root = package(name, f'{entry}[workspace]\nmembers = ["member"]\n{padding}')
            make_repo(stack / name, {"Cargo.toml": root, "member/Cargo.toml": member})
        (stack / "batuta-stack.toml").write_text('[sync]\nverify_command = "true"\n')
        command = [sys.executable, "-m", "tests.support.killing", str(stack), "100"]
        found = json.loads(run(command, cwd=REPOSITORY).stdout)
    assert len(found) == 100
    assert all(one["killed"] for one in found)
    states = [one["states"] for one in found]
    assert {state for one in states for state in one} == {"old", "new"}
    assert any(len(set(one)) == 2 for one in states)  # some were killed in the middle
