"""VA011 in a plan: a step that cargo takes by itself and that moves a shared dependency is told, or breaks openly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registry import FaultyRegistry, index_file, index_line
from tests.support.releases import ReleaseStack, updates, versions
from tests.support.repos import Repo


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """`db` and its user `graph`, which both need arrow; then `db` moves on to the next arrow."""
    with FaultyRegistry() as registry:
        lines = b"".join(index_line("arrow", version) for version in ("53.0.0", "54.0.0"))
        registry.files[index_file("arrow")] = lines
        made = ReleaseStack(tmp_path / "stack", registry, monkeypatch)
        db = made.crate("db", 'arrow = "53"', version="0.3.3")
        made.crate("graph", 'arrow = "53"\ndb = "0.3.3"')
        manifest = (db.path / "Cargo.toml").read_text()
        db.commit("chore: arrow 54", {"Cargo.toml": manifest.replace('"53"', '"54"')})
        yield made


def test_proposed(stack: ReleaseStack) -> None:
    """A patch is not refused: the plan says who would get both, and which level would ask them."""
    plan = stack.plan()
    assert versions(plan) == {"db": "0.3.4"}
    release = plan.release("db")
    assert release is not None
    (move,) = release.moves
    assert (move.dependency, move.users, move.proposed) == ("arrow", ("graph",), "0.4.0")
    (warning,) = [one for one in plan.warnings if one.startswith("VA011")]
    assert "`graph`, which requires that, may get both" in warning
    assert warning.endswith(": --bump db=minor makes it 0.4.0")


def test_breaking(stack: ReleaseStack) -> None:
    """A breaking bump asks the users: nothing is left to be said."""
    plan = stack.plan(bumps={"db": "minor"})
    assert [one for one in plan.warnings if one.startswith("VA011")] == []
    assert versions(plan) == {"db": "0.4.0", "graph": "0.1.1"}


def test_auto(stack: ReleaseStack) -> None:
    """`auto` takes the breaking bump, whatever the commits call it; users follow, each by a step of its own."""
    plan = stack.plan(bump="auto")
    assert versions(plan) == {"db": "0.4.0", "graph": "0.1.1"}
    release = plan.release("db")
    assert release is not None
    assert "a breaking step, for it moves arrow (VA011)" in release.reasons
    assert release.moves == ()


def test_by_the_plan_itself(stack: ReleaseStack) -> None:
    """A requirement on a crate of the stack that the plan raises counts too, where a user shares that crate."""
    stack.crate("viz", 'db = "0.3.3"\ngraph = "0.1.0"')
    plan = stack.plan(bumps={"db": "minor"})
    assert ("graph", "db", "0.3.3", "0.4.0") in updates(plan)
    release = plan.release("graph")
    assert release is not None
    (move,) = release.moves
    assert (move.dependency, move.before, move.after, move.users) == ("db", "0.3.3", "0.4.0", ("viz",))
    assert any("graph 0.1.1 moves `db`" in one and "--bump graph=minor" in one for one in plan.warnings)
    auto = stack.plan(bump="auto", bumps={"db": "minor", "viz": "patch"})
    assert versions(auto) == {"db": "0.4.0", "graph": "0.2.0", "viz": "0.1.1"}


def test_bumped_by_hand(stack: ReleaseStack) -> None:
    """A version that the manifest has already is taken as it is; the mend is a version."""
    repo = stack.folder / "db"
    text = (repo / "Cargo.toml").read_text().replace('"0.3.3"', '"0.3.9"')
    Repo(repo).commit("bump", {"Cargo.toml": text})
    assert any(one.endswith("--bump db=0.4.0 makes it 0.4.0") for one in stack.plan().warnings)
