"""Gates on a Dask cluster: a real scheduler and two workers, in processes of their own, on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.stack.gate_cluster import address_of, on_cluster
from tests.support.real_release import QUALITY, RealStack

NAMES = ["a", "b", "c", "d"]


class Cluster:
    """A scheduler and its workers.

    Args:
        folder: for their logs and files.
        environment: the variables of the workers.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        end = time.monotonic() + 60
        while not file.exists() or not file.read_text().strip():
            assert time.monotonic() < end
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text())["address"]
        for _ in range(2):
            self._start(
                "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"
            )

    def _start(self, what: str, *options: str) -> None:
        with open(self._folder / "cluster.log", "ab") as log:
            command = [sys.executable, "-m", "dask", what, *options]
            self.processes.append(
                subprocess.Popen(
                    command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
                )
            )

    def kill_worker(self, number: int) -> None:
        """End a worker with all that it started, as a machine that fails does."""
        os.killpg(self.processes[number].pid, signal.SIGKILL)

    def close(self) -> None:
        """End all of them."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Stack(RealStack):
    """Four crates in repositories of their own, whose tests take a while and leave a mark."""

    def __init__(self, folder: Path, registry: AcceptingRegistry) -> None:
        super().__init__(folder, registry)
        self.marks = folder / "marks"
        self.marks.mkdir()
        test = f"touch {self.marks}/$(basename $(dirname $(dirname $PWD)))-$$; sleep 1; grep '^name' Cargo.toml; pwd"
        text = QUALITY.replace('test_command = "true"', f'test_command = "{test}"')
        (self.folder / "batuta-stack.toml").write_text(text)
        for name in NAMES:
            self.crate(name)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The stack."""
    with AcceptingRegistry(lambda _path: None) as registry:
        yield Stack(tmp_path, registry)


@pytest.fixture
def cluster(stack: Stack) -> Iterator[Cluster]:
    """A cluster that knows nothing of the stack's folder."""
    (stack.place / "cluster").mkdir()
    made = Cluster(stack.place / "cluster", stack.environment)
    try:
        yield made
    finally:
        made.close()


def test_in_this_process() -> None:
    """A cluster of threads: work is handed to it, as much at a time as it has threads."""
    from distributed import LocalCluster  # which nothing else here needs

    make: Any = LocalCluster  # it declares no types
    options = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with make(n_workers=2, threads_per_worker=1, **options) as cluster:

        def work(executor: Executor, at_once: int) -> tuple[int, int]:
            return executor.submit(pow, 2, 5).result(), at_once

        assert on_cluster(cluster.scheduler_address, work) == (32, 2)
        assert on_cluster(cluster.scheduler_address, work, 7) == (32, 7)


@pytest.mark.slow
def test_two_workers(stack: Stack, cluster: Cluster) -> None:
    """All gates pass in checkouts that workers made; the logs are here, and what passed is not run again."""
    said = stack.release("--yes", "--executor", f"dask:{cluster.address}", "--format", "json")
    gates = {
        one["crate"]: {gate["name"]: gate["state"] for gate in one["gates"]}
        for one in json.loads(said.stdout)["releases"]
    }
    assert {crate: found["tests"] for crate, found in gates.items()} == dict.fromkeys(NAMES, "passed")
    for name in NAMES:
        log = (stack.folder / ".batuta" / "logs" / f"{name}-tests.log").read_text()
        assert log.startswith(f'name = "{name}"\n')
        assert not log.splitlines()[1].startswith(str(stack.folder))
    assert len(list(stack.marks.iterdir())) == len(NAMES)
    assert re.search(r"a: tests passed \(\d+\.\d s\)", said.stderr)


@pytest.mark.slow
def test_lost_worker(stack: Stack, cluster: Cluster) -> None:
    """A worker that dies in the middle loses no result: another one does its work."""
    command = [*stack.program, "release", "--yes", "--executor", f"dask:{cluster.address}", "--format", "json"]
    with subprocess.Popen(
        command, cwd=stack.folder, env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        end = time.monotonic() + 60
        while len(list(stack.marks.iterdir())) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        cluster.kill_worker(1)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    found = json.loads(out)["releases"]
    states = {one["crate"]: next(g["state"] for g in one["gates"] if g["name"] == "tests") for one in found}
    assert states == dict.fromkeys(NAMES, "passed")
    assert len(list(stack.marks.iterdir())) > len(NAMES)


def test_no_cluster(stack: Stack) -> None:
    """What is no address, and one at which nobody answers, is an error that says what to do."""
    with pytest.raises(BatutaError, match="names no cluster"):
        address_of("ray:somewhere")
    with pytest.raises(BatutaError, match="names no cluster"):
        address_of("dask:")
    said = stack.release("--yes", "--executor", "dask:none://127.0.0.1:1", code=2)
    assert "no Dask scheduler answers at none://127.0.0.1:1" in said.stderr
    assert stack.release("--dry-run", "--executor", "nothing", code=2).stderr.count("names no cluster") == 1
