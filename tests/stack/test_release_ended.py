"""Releases that are ended from outside: by a machine's SIGTERM, or because their terminal is gone."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from batuta_hooks.registry.overlay import Answer
from tests.support.hostile import HostileRegistry
from tests.support.real_release import LICENSED, QUALITY, RealStack
from tests.support.repos import package

pytestmark = pytest.mark.cargo

FAST = ("--publish", "--yes", "--no-verify-build")


class Begun(RealStack):
    """Two crates, and a registry that takes its time with the first upload."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        super().__init__(folder, registry)
        self.crate("a")
        self.crate("b", 'a = "0.1.0"')
        self.heard = folder / "heard.json"
        self.began = Event()
        registry.uploads = [self._wait]

    def _wait(self, take: Any) -> Answer:
        self.began.set()
        time.sleep(1.5)
        answer: Answer = take()
        return answer

    def start(self, *before: str) -> subprocess.Popen[str]:
        """Begin a release."""
        command = [*before, *self.program, "release", *FAST, "--notify", f"cat >'{self.heard}'"]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True)

    def states(self) -> dict[str, str]:
        """What who is notified heard."""
        return {one["crate"]: one["state"] for one in json.loads(self.heard.read_text("utf-8"))["releases"]}

    def published(self) -> list[str]:
        """The crates that were accepted, in order."""
        return [one.name for one in self.registry.accepted]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Begun]:
    """Two crates, never released."""
    with HostileRegistry() as registry:
        yield Begun(tmp_path, registry)


SIGNALS = [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGHUP, signal.SIGINT))]


@pytest.mark.parametrize("number", SIGNALS)
def test_ended(stack: Begun, number: signal.Signals) -> None:
    """The step that has begun comes to its end, cargo is not left alone, and it is said and told how it stands."""
    with stack.start() as child:
        assert stack.began.wait(60)
        child.send_signal(number)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert "to go on: batuta-stack release --resume" in said
    assert (stack.published(), stack.states()) == (["a"], {"a": "waiting", "b": "waiting"})
    assert list((stack.place / "tmp").iterdir()) == []
    stack.release("--resume", "--yes")
    assert stack.published() == ["a", "b"]


@pytest.mark.slow
def test_nohup(stack: Begun) -> None:
    """Who ignores the end of a terminal goes on."""
    with stack.start("sh", "-c", 'trap "" HUP; exec "$@"', "sh") as child:
        assert stack.began.wait(60)
        child.send_signal(signal.SIGHUP)
        child.communicate(timeout=60)
    assert child.returncode == 0
    assert stack.states() == {"a": "done", "b": "done"}


def test_nobody_listens(stack: Begun) -> None:
    """A pipe that was closed fails no step."""
    with stack.start() as child:
        assert stack.began.wait(60)
        assert child.stderr is not None
        child.stderr.close()
        child.wait(60)
    assert stack.published() == ["a", "b"]
    assert stack.remote("b").git("tag") == "vb-0.1.0"


def test_ended_at_gates(stack: Begun) -> None:
    """Before anything was begun it is told too."""
    place = stack.folder / "batuta-stack.toml"
    slow = f"touch {stack.place}/at-gates; sleep 60"
    place.write_text(QUALITY.replace('test_command = "true"', f'test_command = "{slow}"'), encoding="utf-8")
    with stack.start() as child:
        while not (stack.place / "at-gates").exists():
            assert child.poll() is None
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert child.returncode == 143
    assert stack.states() == {"a": "planned", "b": "planned"}
    assert stack.published() == []


@pytest.mark.slow
def test_told_of_what_stops_it(stack: Begun) -> None:
    """A plan in which something is blocked is told as well; one with nothing in it is not."""
    told = ("--notify", f"cat >'{stack.heard}'")
    stack.commit(
        stack.repo("b"), "ask too much", {"Cargo.toml": package("b", '[dependencies]\na = "9"', keys=LICENSED)}
    )
    stack.release(*FAST, *told, code=1)
    assert stack.states()["b"] == "blocked"
    stack.heard.unlink()
    stack.release("a", *FAST)
    stack.release("a", *FAST, *told)
    assert not stack.heard.exists()
