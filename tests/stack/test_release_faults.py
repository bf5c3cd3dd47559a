"""Releases on bad days: each ends in the announced state, or in a stop that says what to do; nothing goes out twice."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.registry.overlay import Answer
from tests.support import hostile
from tests.support.hostile import HostileRegistry
from tests.support.process import run
from tests.support.real_release import RealStack
from tests.support.repos import Repo

pytestmark = pytest.mark.cargo

FAST = ("--publish", "--yes", "--no-verify-build", "--no-verify")
ONCE = [("a", "0.1.0"), ("b", "0.1.0")]


class Day(RealStack):
    """A crate and one that needs it, and a registry that may have a bad day."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        super().__init__(folder, registry)
        self.hostile = registry
        self.crate("a")
        self.crate("b", 'a = "0.1.0"')

    def published(self) -> list[tuple[str, str]]:
        """What was accepted, in order."""
        return [(one.name, one.version) for one in self.registry.accepted]

    def released(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Release, and the states of the crates."""
        said = self.release(*FAST, "--format", "json", *arguments, code=code)
        self.said = said.stderr
        return {one["crate"]: one["state"] for one in json.loads(said.stdout)["releases"]}

    def tags(self) -> set[str]:
        """All tags, here and there."""
        places = [*(self.repo(name) for name in "ab"), *(self.remote(name) for name in "ab")]
        return {tag for place in places for tag in place.git("tag").splitlines()}


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """Two crates, never released."""
    with HostileRegistry() as registry:
        yield Day(tmp_path, registry)


DONE = {"a": "done", "b": "done"}


@pytest.mark.slow
def test_locks_on_remotes(day: Day) -> None:
    """What a killed push left on a remote stops no release, and is told."""
    left = [day.remote("a").path / "refs/heads/main.lock", day.remote("b").path / "refs/tags/vb-0.1.0.lock"]
    for lock in left:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    assert day.released() == DONE
    assert day.published() == ONCE
    assert all(f"{lock} was left by a git that was ended" in day.said for lock in left)


@pytest.mark.parametrize(
    "uploads",
    [
        pytest.param([hostile.limited(1.5), hostile.limited_in_headers(1)], marks=pytest.mark.slow),
        [hostile.forgetful, hostile.forgetful],
        [hostile.garbled],
        pytest.param([hostile.failing, hostile.failing_late], marks=pytest.mark.slow),
    ],
    ids=["429", "lost reply", "a page", "500"],
)
def test_uploads(day: Day, uploads: list[hostile.Upload]) -> None:
    """Limits are waited for and said; what was lost is looked for; what failed is repeated."""
    day.hostile.uploads = uploads
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["lag", "lost reply and lag"])
def test_lag(day: Day, lost: bool) -> None:
    """An index that is late is waited for, and a repeated upload that is refused is the question whether it is ours."""
    day.hostile.lag_s = 3.0
    day.hostile.uploads = [hostile.forgetful] if lost else []
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
def test_too_late(day: Day) -> None:
    """An index that is later than the deadline is unknown, not failed; the same command goes on from there."""
    day.hostile.lag_s = 1000
    states = day.released("a", "--index-timeout", "1", code=1)
    assert states == {"a": "unknown"}
    assert "a 0.1.0 is not in the index after 1 s" in day.said
    assert "to go on: batuta-stack release --resume" in day.said
    assert day.tags() == set()
    day.hostile.lag_s = 0
    assert day.released("a") == {"a": "done"}
    assert day.published() == ONCE[:1]


@pytest.mark.slow
def test_index_flips_back(day: Day) -> None:
    """An index that forgets a version for a moment stops nothing."""
    assert day.released("a") == {"a": "done"}
    day.hostile.flips["a"] = 0
    day.hostile.uploads = [lambda take: (day.hostile.flips.update(b=2), take())[1]]
    assert day.released() == {"b": "done"}
    assert day.published() == ONCE


@pytest.mark.slow
def test_registry_down(day: Day) -> None:
    """A registry that is down for a while is waited for."""

    def go_down(take: Any) -> Answer:
        answer: Answer = take()
        day.hostile.down_until = time.monotonic() + 4
        return answer

    day.hostile.uploads = [go_down]
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--rebase", "--no-rebase"])
def test_remote_moved(day: Day, tmp_path: Path, way: str) -> None:
    """A push that is refused stops before anything is uploaded; the release goes on once both are brought together."""
    other = tmp_path / "other"
    hook = day.remote("a").path / "hooks" / "update"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    assert day.released(code=1) == {"a": "failed", "b": "blocked"}
    assert "not today" in day.said
    assert (day.published(), day.tags()) == ([], set())
    hook.unlink()
    run(["git", "clone", "--quiet", str(day.remote("a").path), str(other)])
    Repo(other).commit("theirs", {"x": "y"})
    Repo(other).git("push", "--quiet")
    assert day.released(code=1) == {"a": "failed", "b": "blocked"}
    assert "bring it together with your branch" in day.said
    day.repo("a").git("pull", "--quiet", "--no-edit", way)
    assert day.released() == DONE
    assert day.published() == ONCE
    tagged, heads = day.repo("a").git("rev-parse", "va-0.1.0^{commit}"), day.repo("a").git("rev-parse", "HEAD")
    assert (tagged == heads) == (way == "--rebase")
    assert day.remote("a").git("rev-parse", "main") == heads


def test_tag_appears(day: Day) -> None:
    """A tag that somebody pushes meanwhile, on another commit, is never moved: the release stops and says so."""

    def tag(take: Any) -> Answer:
        first = day.remote("a").git("rev-list", "--max-parents=0", "main")
        day.remote("a").git("tag", "va-0.1.0", first)
        answer: Answer = take()
        return answer

    day.hostile.uploads = [tag]
    first = day.repo("a").git("rev-parse", "HEAD")
    assert day.released(code=1) == {"a": "failed", "b": "blocked"}
    assert "TC001: the tag va-0.1.0 is on origin already" in day.said
    assert day.remote("a").git("rev-parse", "va-0.1.0") == first
    day.remote("a").git("tag", "-d", "va-0.1.0")
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
def test_somebody_elses(day: Day, tmp_path: Path) -> None:
    """A version that somebody else published from another commit meanwhile is TC006, and nothing is tagged."""
    assert day.released("a", "--index-timeout", "60") == {"a": "done"}
    other = day.crate("c")
    assert day.release("c", *FAST).returncode == 0
    other.git("tag", "-d", "vc-0.1.0")
    other.git("push", "--quiet", "origin", ":vc-0.1.0")
    message = other.git("log", "-1", "--format=%B")
    other.git("reset", "--quiet", "--hard", "HEAD^")
    other.commit("not what was published", {"src/lib.rs": "// other"})
    other.commit(message)
    other.git("push", "--quiet", "--force", "origin", "main")
    assert day.released("c", code=1) == {"c": "failed"}
    assert "TC006: c 0.1.0 is on the registry already, and it was published from another commit" in day.said
    assert "vc-0.1.0" not in day.remote("c").git("tag")


def test_no_journal_can_be_written(day: Day) -> None:
    """Where the journal cannot be written nothing is done."""
    (day.folder / ".batuta").mkdir()
    (day.folder / ".batuta" / "releases").write_text("a file where the folder shall be")
    said = day.release(*FAST, code=2)
    assert "no journal can be written" in said.stderr
    assert (day.published(), day.tags()) == ([], set())


@pytest.mark.slow
def test_disk_full_in_the_journal(day: Day) -> None:
    """Where the disk is full in the middle nothing more is done, and once there is room the same command arrives."""
    kept = day.place / "journal"

    def fill(take: Any) -> Answer:
        answer: Answer = take()
        path = next((day.folder / ".batuta" / "releases").glob("*.jsonl"))
        path.rename(kept)
        path.symlink_to("/dev/full")
        return answer

    day.hostile.uploads = [fill]
    said = day.release(*FAST, code=2)
    assert "no journal can be written: No space left on device" in said.stderr
    assert "make room for it" in said.stderr
    assert (day.published(), day.tags()) == (ONCE[:1], set())
    kept.rename(next((day.folder / ".batuta" / "releases").glob("*.jsonl")))
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
@pytest.mark.parametrize("way", ["cut short", "scribbled over"])
def test_journal_harmed(day: Day, way: str) -> None:
    """A journal that was cut short, or holds anything, changes nothing: no step believes it."""
    day.hostile.uploads = [lambda _take: day.refusal()]
    assert day.released(code=1) == {"a": "failed", "b": "blocked"}
    path = next((day.folder / ".batuta" / "releases").glob("*.jsonl"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 40] if way == "cut short" else b"\0\xff{" + data.replace(b"false", b"true"))
    assert day.released() == DONE
    assert day.published() == ONCE


@pytest.mark.slow
def test_clock_steps_back(day: Day) -> None:
    """A clock that says an hour, or years, before the first run: the same command arrives, with the same bytes."""
    day.hostile.uploads = [lambda _take: day.refusal()]
    assert day.released(code=1) == {"a": "failed", "b": "blocked"}
    head = day.repo("a").git("rev-parse", "HEAD")
    clock = day.place / "clock.py"
    clock.write_text(
        "import time\nnow = time.time\ntime.time = lambda: now() - 3600.0 * 24 * 365 * 3\n"
        "from batuta_hooks.cli.app import main\nimport sys\nsys.exit(main())\n",
        encoding="utf-8",
    )
    environment = {"SOURCE_DATE_EPOCH": "1500000000"}
    said = day.release(*FAST, "--format", "json", env=environment, script=[str(clock)])
    assert {one["crate"]: one["state"] for one in json.loads(said.stdout)["releases"]} == DONE
    assert day.repo("a").git("rev-parse", "HEAD") == head
    assert day.published() == ONCE


@pytest.mark.slow
def test_gates_of_another_machine(day: Day) -> None:
    """What passed with another toolchain does not count here: the gates run again."""
    log = day.place / "tested"
    text = (day.folder / "batuta-stack.toml").read_text()
    command = f'test_command = "echo tested >> {log}"'
    (day.folder / "batuta-stack.toml").write_text(text.replace('test_command = "true"', command))
    fake = day.place / "bin" / "rustc"
    fake.parent.mkdir()
    real = run(["sh", "-c", "command -v rustc"]).stdout.strip()
    fake.write_text(f'#!/bin/sh\n{real} "$@" | sed s/rustc/another/\n')
    fake.chmod(0o755)
    other = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    for env, count in ((None, 1), (None, 1), (other, 2)):
        day.release("a", "--yes", env=env)
        assert log.read_text() == "tested\n" * count
        day.repo("a").git("reset", "--quiet", "--hard", "HEAD^")


def test_two_at_once(day: Day) -> None:
    """A second release of the stack is refused while the first one runs; the lock of a dead process is none."""
    (day.folder / ".batuta").mkdir()
    lock = day.folder / ".batuta" / "release.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = day.release(*FAST, code=2)
    assert "another release of this stack is under way" in said.stderr
    assert day.published() == []
    assert lock.exists()
    assert day.released("a") == {"a": "done"}


def test_stale_lock_of_git(day: Day) -> None:
    """A lock file that a killed git left behind is told and removed, unless a process holds it."""
    lock = day.repo("a").path / ".git" / "index.lock"
    lock.write_text("")
    with lock.open() as opened:
        holder = subprocess.Popen(["sleep", "60"], stdin=opened)
    try:
        said = day.release("a", "--yes", "--no-verify")
        assert f"{lock} is held by process {holder.pid}" in said.stderr
        assert lock.exists()
    finally:
        holder.kill()
        holder.wait()
    assert day.released("a") == {"a": "done"}
    assert f"{lock} was left by a git that was ended: removed" in day.said


@pytest.mark.slow
def test_failure_leaves_siblings_alone(day: Day) -> None:
    """Crates of a wave that do not need what failed finish; later waves do not begin."""
    day.crate("x")
    day.crate("y", 'x = "0.1.0"')
    (day.repo("a").path / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    (day.repo("a").path / ".git" / "hooks" / "pre-commit").chmod(0o755)
    states = day.released(code=1)
    assert states == {"a": "failed", "b": "blocked", "x": "done", "y": "waiting"}
    assert day.repo("a").git("status", "--porcelain") == ""


@pytest.mark.slow
def test_from_another_machine(day: Day, tmp_path: Path) -> None:
    """Fresh clones of what was pushed go on with a release, with nothing else of the first machine."""
    day.hostile.lag_s = 1000
    assert day.released("--index-timeout", "1", code=1) == {"a": "unknown", "b": "blocked"}
    day.hostile.lag_s = 0
    for name in "ab":
        path = day.repo(name).path
        path.rename(tmp_path / f"{name}-before")
        run(["git", "clone", "--quiet", str(day.remote(name).path), str(path)])
    day.folder.joinpath(".batuta").rename(tmp_path / "batuta-before")
    assert day.released() == DONE
    assert day.published() == ONCE


def test_world_changes_after_the_plan(day: Day) -> None:
    """A commit that comes after the plan stops the release before anything is done, with a diff of plans."""
    text = (day.folder / "batuta-stack.toml").read_text()
    command = "git -c user.name=x -c user.email=x@x.invalid commit --quiet --allow-empty -m more"
    (day.folder / "batuta-stack.toml").write_text(text.replace('test_command = "true"', f'test_command = "{command}"'))
    said = day.release("a", "--publish", "--yes", "--no-verify-build", code=1)
    assert "the world has changed since the plan was made" in said.stderr
    assert "+a at " in said.stderr
    assert (day.published(), day.tags()) == ([], set())


@pytest.mark.slow
def test_prepared_only(day: Day) -> None:
    """Without --publish the first wave is committed here, nothing is pushed or tagged, and it says how to go on."""
    said = day.release("--yes", "--no-verify", "--format", "json")
    assert [one["state"] for one in json.loads(said.stdout)["releases"]] == ["prepared", "planned"]
    assert (day.published(), day.tags()) == ([], set())
    assert day.remote("a").git("rev-parse", "main") == day.repo("a").git("rev-parse", "HEAD^")
    command = next(line for line in said.stderr.splitlines() if "to go on: " in line).partition("to go on: ")[2]
    assert command.startswith("batuta-stack release --resume ")
    assert command.endswith(" --publish")
    assert day.released(*command.split()[2:4]) == DONE
    assert day.published() == ONCE


def test_resume_of_nothing(day: Day) -> None:
    """An identity that no commit and no journal has, or a name that no crate has, is said, and nothing is done."""
    said = day.release("--resume", "feedfacecafe", *FAST, code=2)
    assert "no commit and no journal here is of a release feedfacecafe" in said.stderr
    said = day.release("--resume", "ab", *FAST, code=2)
    assert "`ab`" in said.stderr
    assert (day.published(), day.tags()) == ([], set())


def test_ctrl_c_at_a_limit(day: Day) -> None:
    """Ctrl-C while the registry's limit is waited for ends at once, and no other step begins."""
    day.hostile.uploads = [hostile.limited(3000)]
    command = [sys.executable, "-m", "batuta_hooks.cli", "release", *FAST]
    with subprocess.Popen(command, cwd=day.folder, env=day.environment, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        line = ""
        while "limit is reached, waiting until" not in line:
            assert child.poll() is None
            line = child.stderr.readline()
        assert line.startswith("a: the registry's limit"), line  # the crate is named once
        child.send_signal(2)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "no other begins" in said
    assert "a: waiting: waits for the same command: it was interrupted" in said
    assert "to go on: batuta-stack release --resume" in said
    assert (day.published(), day.tags()) == ([], set())
    assert day.released() == DONE


def test_ctrl_c(day: Day) -> None:
    """Ctrl-C prints where it stands and the command that goes on."""
    began = threading.Event()

    def wait(take: Any) -> Answer:
        began.set()
        time.sleep(3)
        answer: Answer = take()
        return answer

    day.hostile.uploads = [wait]
    command = [sys.executable, "-m", "batuta_hooks.cli", "release", *FAST]
    with subprocess.Popen(command, cwd=day.folder, env=day.environment, stderr=subprocess.PIPE, text=True) as child:
        assert began.wait(60)
        child.send_signal(2)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "to go on: batuta-stack release --resume" in said
    assert (day.published(), day.tags()) == (ONCE[:1], set())
    assert day.released() == DONE
    assert day.published() == ONCE
