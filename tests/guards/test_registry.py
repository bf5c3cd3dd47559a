"""The guard beside the cache: it looks, it never asks; `--refresh` lets another process ask."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main as stack_main
from batuta_hooks.guards.version_alignment import main as align
from batuta_hooks.registry.overlay import Answer as Served
from tests.guards.asking import GUARD, Answer, ask, judge, start
from tests.support.online import go_online
from tests.support.process import run, unmeasured
from tests.support.registry import FaultyHandler, FaultyRegistry, index_path, status
from tests.support.repos import Repo, make_repo, package

ASKS = package("asks", '[dependencies]\nonce = { version = "0.1", path = "once" }\n[workspace]')
PD007 = [("PD007", "error", "Cargo.toml")]


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has one crate."""
    with FaultyRegistry() as running:
        running.add("once", "0.1.4")
        yield running


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Repo:
    """A crate that needs another one, which says that it is never published; the registry has it from former times."""
    go_online(monkeypatch, tmp_path / "stack", registry)
    files = {"Cargo.toml": ASKS, "once/Cargo.toml": package("once", keys="publish = false")}
    return make_repo(tmp_path / "stack/asks", files)


def unknown(answer: Answer) -> list[str]:
    """The crates that stayed undecided."""
    return [one["crate"] for one in answer.document["unknown"]]


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds, which another process sees to."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_cache_decides(repo: Repo, registry: FaultyRegistry) -> None:
    """What is not known stays open; once it is known, it is decided, with the age of the answer."""
    answer = judge(repo.path)
    assert (answer.findings, unknown(answer), answer.document["data_age_s"]) == ([], ["once"], None)
    assert ask(repo.path, "--strict").code == 3
    assert registry.log == []
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    answer = judge(repo.path)
    assert (answer.code, answer.findings, unknown(answer)) == (0, [], [])
    assert 0 <= answer.document["data_age_s"] <= 20


def test_every_lane_knows(repo: Repo, registry: FaultyRegistry) -> None:
    """Commit, push and revisions are judged by what is known too."""
    registry.add("once", "0.2.0")
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    head = repo.git("rev-parse", "HEAD")
    line = f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"
    assert judge(repo.path).findings == PD007
    assert judge(repo.path, "--stage", "commit").findings == PD007
    assert judge(repo.path, "--source", "HEAD").findings == PD007
    pushed = judge(repo.path, "--stage", "push", "--remote", "origin", "--url", "x", stdin=line)
    assert pushed.findings == PD007
    assert pushed.document["data_age_s"] is not None


@pytest.mark.parametrize("damage", ["database", "meta row"])
def test_a_damaged_cache_is_told_with_the_mend(repo: Repo, registry: FaultyRegistry, damage: str) -> None:
    """One line on standard error says that the cache is damaged, and the command in it mends that."""
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    database = Path(os.environ["BATUTA_CACHE_DIR"]) / "registry-v1" / "cache.db"
    if damage == "database":
        database.write_bytes(b"no database" * 1000)
    else:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE Cache SET value = CAST('x' AS BLOB) WHERE key LIKE 'meta %'")
    said = ask(repo.path)
    assert said.code == 0
    (line,) = said.err.splitlines()
    assert line.startswith("batuta-path-deps: ")
    assert line.endswith("; `batuta-stack cache warm` mends and fills it")
    assert len(ask(repo.path, "--format", "json").document["unknown"]) == 1
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    assert ask(repo.path).err == ""


def test_no_question_no_age(repo: Repo) -> None:
    """Where no check asks, no registry answer has an age, and no cache is opened."""
    repo.write({"Cargo.toml": package("asks", "[workspace]")})
    assert judge(repo.path).document["data_age_s"] is None


def test_refresh(repo: Repo, registry: FaultyRegistry) -> None:
    """`--refresh` has another process ask, once, about what the checks want to know and what is not fresh."""
    answer = judge(repo.path, "--refresh", "20")
    assert (answer.code, answer.findings, unknown(answer)) == (0, [], [])
    assert registry.asked_for("once") == [200]
    assert registry.asked_for("asks") == []
    assert unknown(start(repo.path, "--refresh", "20", "--format", "json")) == []
    assert len(registry.log) == 1


def test_warm_asks_again_after_a_commit(repo: Repo, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer from before the last commit does not count against it, so who names the crate has it asked again."""
    monkeypatch.chdir(repo.path)
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    assert registry.asked_for("once") == [200]
    time.sleep(1.1)
    repo.git("commit", "--quiet", "--allow-empty", "--message", "later")
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    assert registry.asked_for("once") == [200, 304]


def test_refresh_asks_again_after_a_commit(repo: Repo, registry: FaultyRegistry) -> None:
    """An answer that is fresh, but from before the last commit, is asked for again where it leaves something open."""

    def judged(*arguments: str) -> tuple[list[str], list[str]]:
        answer = ask(repo.path, "--format", "json", *arguments, guard=align)
        return [code for code, _, _ in answer.findings], unknown(answer)

    repo.commit("require another", {"Cargo.toml": package("asks", '[dependencies]\nonce = "0.2"\n[workspace]')})
    assert judged("--refresh", "20") == (["VA001"], [])
    time.sleep(1.1)
    repo.git("commit", "--quiet", "--allow-empty", "--message", "later")
    registry.add("once", "0.1.4", "0.2.0")
    assert judged() == ([], ["once"])
    before = len(registry.asked_for("once"))
    assert judged("--refresh", "20") == ([], [])
    assert len(registry.asked_for("once")) == before + 1
    assert judged("--refresh", "20") == ([], [])
    assert len(registry.asked_for("once")) == before + 1


def test_refresh_of_every_commit(repo: Repo, registry: FaultyRegistry) -> None:
    """A push of several commits asks for each crate once."""
    base = repo.git("rev-parse", "HEAD")
    for number in range(3):
        repo.commit(f"change {number}", {"README.md": f"{number}"})
    line = f"refs/heads/main HEAD refs/heads/main {base}\n".replace("HEAD", repo.git("rev-parse", "HEAD"))
    options = ("--every-commit", "--refresh", "20", "--format", "json", "--stage", "push")
    answer = start(repo.path, *options, "--remote", "origin", "--url", "x", stdin=line)
    assert (answer.code, unknown(answer)) == (0, [])
    assert len(registry.log) == 1


@pytest.mark.slow
def test_refresh_waits_no_longer_than_told(repo: Repo, registry: FaultyRegistry) -> None:
    """A slow registry costs the budget and not more; the refresher goes on, and the next run knows."""

    def slow(handler: FaultyHandler, answer: Served) -> None:
        time.sleep(3)
        handler.plain(answer)

    registry.faults[index_path("once")] = [slow]
    begun = time.monotonic()
    answer = start(repo.path, "--refresh", "0.2", "--format", "json")
    assert time.monotonic() - begun < 2.5
    assert (answer.code, unknown(answer)) == (0, ["once"])
    wait_for(lambda: not unknown(judge(repo.path)))


def test_refresher_outlives_the_guard(repo: Repo, registry: FaultyRegistry) -> None:
    """Whoever ends the guard's whole process group does not end the refresher, which holds none of its streams."""
    registry.latency_s = 1.0
    command = [str(GUARD), "--refresh", "20"]
    with subprocess.Popen(
        command, cwd=repo.path, env=unmeasured(), stdout=subprocess.PIPE, start_new_session=True
    ) as guard:
        wait_for(lambda: bool(registry.log))
        os.killpg(guard.pid, 9)
        assert guard.stdout
        assert guard.stdout.read() == b""
    wait_for(lambda: not unknown(judge(repo.path)))


@pytest.mark.parametrize("how", ["BATUTA_OFFLINE", "CARGO_NET_OFFLINE"])
def test_refresh_offline(repo: Repo, registry: FaultyRegistry, how: str) -> None:
    """Where the network is forbidden nothing is started."""
    answer = start(repo.path, "--refresh", "5", "--format", "json", env={how: "true"})
    assert (answer.code, unknown(answer), registry.log) == (0, ["once"], [])
    assert not (repo.path.parent / ".cache").exists()


def test_refresh_that_fails(repo: Repo, registry: FaultyRegistry) -> None:
    """A registry that refuses leaves the question open, without a word."""
    registry.faults[index_path("once")] = [status(403)]
    answer = start(repo.path, "--refresh", "20", "--format", "json")
    assert (answer.code, unknown(answer), answer.err) == (0, ["once"], "")


def test_the_repository_is_no_place_to_import_from(repo: Repo, registry: FaultyRegistry) -> None:
    """Modules that lie in the repository are not run, whatever they are called."""
    trap = f"open({str(repo.path / 'trapped')!r}, 'w').close()\n"
    names = ("batuta_hooks/__init__.py", "batuta_hooks/cli/__init__.py", "typer.py", "json.py", "sitecustomize.py")
    repo.write(dict.fromkeys(names, trap))
    answer = start(repo.path, "--refresh", "20", "--format", "json")
    assert unknown(answer) == []
    assert not (repo.path / "trapped").exists()


def test_time_to_live_of_the_configuration(repo: Repo, registry: FaultyRegistry) -> None:
    """`[cache] ttl_s` says what is fresh, for the guard and for the refresher that it starts."""
    repo.write({"batuta-stack.toml": "[cache]\nttl_s = 86400\n"})
    assert stack_main(["cache", "warm", "--quiet", "once"]) == 0
    start(repo.path, "--refresh", "20")
    assert len(registry.log) == 1
    repo.write({"batuta-stack.toml": "[cache]\nttl_s = 0\n"})
    start(repo.path, "--refresh", "20")
    assert registry.asked_for("once") == [200, 304]


def test_no_socket(repo: Repo) -> None:
    """The guard itself never loads the means to open one, refreshing or not."""
    code = "import sys; from batuta_hooks.guards.path_deps import main; main({}); print(*sys.modules)"
    for arguments in ("[]", "['--refresh', '20']"):
        command = [sys.executable, "-P", "-c", code.format(arguments)]
        loaded: list[Any] = run(command, cwd=repo.path, env=unmeasured()).stdout.split()
        assert "batuta_hooks.registry.lookup" in loaded
        assert {"socket", "_socket", "ssl", "requests", "diskcache", "subprocess"}.intersection(loaded) == set()


def test_mend_of_a_crate_that_was_never_published(repo: Repo, registry: FaultyRegistry) -> None:
    """The first to meet PD001 are applications that forgot to say that they are none for a registry."""
    repo.write({"Cargo.toml": package("asks", '[dependencies]\nonce = { path = "../once" }\n[workspace]')})
    answer = start(repo.path, "--refresh", "20", "--format", "json")
    fix = answer.document["findings"][0]["fix"]
    assert fix.startswith("write publish = false under [package] of `asks`")
    assert 'once = "0.1.4"' in json.loads(answer.out)["findings"][0]["fix"]
