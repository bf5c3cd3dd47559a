"""Who may publish: what the registry says to the real cargo, in time, and without a token shown to anybody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.overlay import Answer
from batuta_hooks.stack.owners import with_owners
from batuta_hooks.stack.plan_values import Credentials, Plan, PlannedRelease
from batuta_hooks.stack.release_facts import Place

pytestmark = pytest.mark.cargo

TOKEN = "a-secret-of-the-test"


class Owning(AcceptingRegistry):
    """Knows owners; those of `slow` only after a while, those of `gone` not at all."""

    def __init__(self) -> None:
        self.over = threading.Event()
        super().__init__(lambda _path: None)

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What is answered to a GET."""
        if not path.startswith("/api/v1/crates/"):
            return super().answer(path, headers)
        if headers.get("authorization") != TOKEN:
            return Answer(403, b"{}")
        name = path.split("/")[4]
        if name == "slow":
            self.over.wait(20)
        if name == "gone":
            return Answer(404, json.dumps({"errors": [{"detail": "no such crate"}]}).encode())
        users = [
            {"id": 1, "login": "ann", "name": "A\u001b[31m B"},
            {"id": 2, "login": "github:org:team", "name": None},
        ]
        return Answer(200, json.dumps({"users": users}).encode())


def release(name: str, *, is_new: bool = False, registry: str = "loop") -> PlannedRelease:
    """A crate of a plan."""
    place = Place("Cargo.toml", ("package", "version"))
    more = ((), "v1", (), place, registry, is_new, (), None)
    return PlannedRelease(name, "r", "Cargo.toml", "0.1.0", "0.1.1", 1, *more)


class Asked:
    """A checkout beside the registry."""

    def __init__(self, folder: Path, registry: Owning, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry = registry
        self.folder = folder
        (folder / ".cargo").mkdir(parents=True)
        (folder / ".cargo" / "config.toml").write_text(
            f'[registries.loop]\nindex = "{registry.index_url}"\n[source.crates-io]\nreplace-with = "loop"\n'
        )
        monkeypatch.setenv("CARGO_REGISTRIES_LOOP_TOKEN", TOKEN)
        monkeypatch.delenv("CARGO_NET_OFFLINE", raising=False)

    def plan(self, *releases: PlannedRelease, limit_s: float = 30.0, offline: bool = False) -> Plan:
        """A plan of some crates, with what was learnt."""
        plan = Plan(releases=releases)
        faults = {"loop": "", "closed": "there is no token"}
        return with_owners(plan, {"r": str(self.folder)}, faults, offline=offline, limit_s=limit_s)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The registry is there and the token good."""
    with Owning() as registry:
        yield Asked(tmp_path / "r", registry, monkeypatch)
        registry.over.set()


def test_owners(asked: Asked) -> None:
    """Logins of people and teams, of crates that are there; a new one has none yet, and what fails is not known."""
    found = asked.plan(release("a"), release("gone"), release("fresh", is_new=True))
    assert found.owners[0] == ("a", ("ann", "github:org:team"))
    assert isinstance(found.owners[1].logins, Unknown)
    assert len(found.owners) == 2
    assert found.credentials == (Credentials("loop", are_there=True),)
    assert TOKEN not in repr(found)
    assert found.plan_hash == Plan(releases=found.releases).plan_hash


@pytest.mark.slow
def test_in_time(asked: Asked) -> None:
    """A registry that does not answer costs the time that it is given, and hides nobody else."""
    found = asked.plan(release("slow"), release("a"), limit_s=3.0)
    assert [one.logins for one in found.owners] == [Unknown("slow", "no answer in time"), ("ann", "github:org:team")]


def test_not_asked(asked: Asked) -> None:
    """Without a token, or offline, nobody is asked."""
    found = asked.plan(release("b", registry="closed"))
    assert found.owners[0].logins == Unknown("b", "there is no token to ask with")
    assert found.credentials == (Credentials("closed", are_there=False, why="there is no token"),)
    both = asked.plan(release("a"), release("b", registry="closed"))
    assert both.owners[1].logins == Unknown("b", "there is no token to ask with")
    assert asked.plan(release("a"), offline=True).owners[0].logins == Unknown("a", "--offline was given")
    assert [one.path for one in asked.registry.log if "owners" in one.path] == ["/api/v1/crates/a/owners"]
