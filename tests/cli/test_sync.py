"""`batuta-stack sync` as a person runs it, with the real cargo and git: plan, question, edits, lock, build, commit."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomli

from batuta_hooks.cli.app import main
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.sync import plan_sync
from batuta_hooks.stack.sync_apply import apply
from batuta_hooks.stack.sync_progress import Progress, note_batch, read_progress
from batuta_hooks.stack.sync_values import Wish
from tests.support.crates import put_crate
from tests.support.online import go_online
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo, package

pytestmark = pytest.mark.cargo

NOW = datetime(2026, 11, 23, tzinfo=UTC)

ENTRY = '[dependencies]\nalimentar = { path = "../alimentar" } # local\n'
MENDED = '[dependencies]\nalimentar = "0.3.0" # local\n'


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with crates that can be built."""
    with FaultyRegistry() as running:
        for version in ("0.2.0", "0.3.0", "0.3.5"):
            put_crate(running, "alimentar", version, source="pub fn load() {}")
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A stack of two repositories beside it, one of which needs the other by path; the current folder."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    make_repo(folder / "alimentar", sources("alimentar", version="0.3.0"))
    entrenar(folder)
    return folder


def sources(name: str, rest: str = "", *, version: str = "0.1.0", code: str = "pub fn load() {}") -> dict[str, str]:
    """A crate with a library, what cargo makes ignored."""
    return {"Cargo.toml": package(name, rest, version=version), "src/lib.rs": code, ".gitignore": "target\n"}


def entrenar(folder: Path, rest: str = ENTRY, name: str = "entrenar", code: str = "pub use alimentar::load;") -> Repo:
    """A repository of one crate that uses alimentar, with the lock file that cargo made for it."""
    repo = make_repo(folder / name, sources(name, rest, code=code), commit=False)
    run(["cargo", "generate-lockfile", "--quiet"], cwd=repo.path)
    repo.commit("first")
    return repo


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Standard output of a run that ends with a code."""
    ended = main(["sync", *arguments])
    out, err = capsys.readouterr()
    assert ended == code, out + err
    return out


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """The JSON document of a run."""
    found: dict[str, Any] = json.loads(said(capsys, "--format", "json", *arguments, code=code))
    return found


def locked(repo: Path) -> dict[str, list[str]]:
    """The locked versions, by name."""
    found: dict[str, list[str]] = {}
    for one in tomli.loads((repo / "Cargo.lock").read_text())["package"]:
        found.setdefault(one["name"], []).append(one["version"])
    return found


def test_a_dry_run_shows_the_plan_and_writes_nothing(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the specification's example: the lines that go and come, why, and the totals; --check tells by its code."""
    before = (stack / "entrenar/Cargo.toml").read_bytes()
    shown = said(capsys, "--dry-run")
    assert shown.splitlines() == [
        "Analyzing 2 crates...",
        "",
        "Changes for entrenar/Cargo.toml:",
        '  - alimentar = { path = "../alimentar" } # local',
        '  + alimentar = "0.3.0" # local',
        "    PD001: a clone does not have its path; its checkout stands at 0.3.0, which is published",
        "",
        "Summary:",
        "  Files modified: 1",
        "  Dependencies updated: 1",
    ]
    assert said(capsys, "--check", code=1) == shown
    assert "\x1b[31m  - alimentar" in said(capsys, "--dry-run", "--color", "always")
    assert (stack / "entrenar/Cargo.toml").read_bytes() == before
    assert Repo(stack / "entrenar").git("status", "--porcelain", "--ignored") == ""


def test_sync_mends_builds_and_commits(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One commit a repository, with manifest and lock file alone; the lock names the version that was meant."""
    repo = Repo(stack / "entrenar")
    (stack / "entrenar/notes.txt").write_text("mine")
    found = document(capsys, "--yes")
    assert repo.git("status", "--porcelain") == "?? notes.txt"
    assert (repo.path / "Cargo.toml").read_text().endswith(MENDED + "\n")
    assert locked(repo.path) == {"alimentar": ["0.3.0"], "entrenar": ["0.1.0"]}
    assert repo.git("show", "--format=%B", "--name-only") == (
        "Require alimentar 0.3.0\n\n- Cargo.toml: alimentar 0.3.0 without its path or git repository\n"
        "  PD001: a clone does not have its path; its checkout stands at 0.3.0, which is published\n\n"
        "Mends PD001.\n\n\nCargo.lock\nCargo.toml"
    )
    assert found["schema"] == "batuta.sync/1"
    assert found["verified"] == [
        {"repository": "entrenar", "command": "cargo check --workspace", "passed": True, "said": ""}
    ]
    assert (found["files_modified"], found["dependencies_updated"], found["skipped"]) == (1, 1, [])
    (change,) = found["changes"]
    assert (change["line"], change["before"], change["after"], change["finding"]) == (7, None, "0.3.0", "PD001")
    assert found["repositories"][0]["commit"] == repo.git("rev-parse", "HEAD")
    assert document(capsys, "--yes")["changes"] == []
    assert main(["check"]) == 0


def test_where_it_does_not_build_all_is_restored(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The repository that fails gets its bytes back, the others go on, and the exit code says so."""
    repo = entrenar(stack, name="broken", code='compile_error!("no");')
    before = {name: (repo.path / name).read_bytes() for name in ("Cargo.toml", "Cargo.lock")}
    found = document(capsys, "--yes", code=1)
    assert {one["repository"]: one["state"] for one in found["repositories"]} == {
        "broken": "restored",
        "entrenar": "committed",
    }
    assert {one["repository"]: one["passed"] for one in found["verified"]} == {"broken": False, "entrenar": True}
    assert "error: no" in next(one["said"] for one in found["verified"] if one["repository"] == "broken")
    assert {name: (repo.path / name).read_bytes() for name in before} == before
    assert repo.git("status", "--porcelain") == ""
    assert "broken: restored: it does not build with these changes" in said(capsys, "--yes", code=1)


@pytest.mark.parametrize("code", ["pub use alimentar::load;", "pub use alimentar::gone;"])
def test_the_verification_leaves_nothing(stack: Path, capsys: pytest.CaptureFixture[str], code: str) -> None:
    """Where git does not ignore cargo's target folder, none is there afterwards, whether it built or not."""
    repo = Repo(stack / "entrenar")
    repo.git("rm", "--quiet", ".gitignore")
    repo.commit("ignore nothing", {"src/lib.rs": code})
    builds = code.endswith("load;")
    assert document(capsys, "--yes", code=not builds)["verified"][0]["passed"] is builds
    assert repo.git("status", "--porcelain", "--ignored") == ""


def test_the_verification_builds_where_cargo_does(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ignored target folder is used, so that what is built already need not be built again."""
    document(capsys, "--yes")
    assert Repo(stack / "entrenar").git("status", "--porcelain", "--ignored") == "!! target/"


def test_a_dirty_manifest_is_edited_and_not_committed(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a blocked commit: the finding's line changes, what was staged stays staged, and that is said."""
    repo = Repo(stack / "entrenar")
    text = (repo.path / "Cargo.toml").read_text()
    repo.write({"Cargo.toml": text + "# mine\n", "src/lib.rs": "pub use alimentar::load; // mine\n"})
    repo.git("add", "src/lib.rs")
    index = repo.git("ls-files", "--stage")
    shown = said(capsys, "--yes")
    assert "entrenar: edited: nothing is staged or committed, for there are 2 files with uncommitted changes" in shown
    assert (repo.path / "Cargo.toml").read_text() == text.replace('{ path = "../alimentar" }', '"0.3.0"') + "# mine\n"
    assert repo.git("ls-files", "--stage") == index
    assert repo.git("rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize(("script", "state"), [("exit 0", "committed"), ("echo no thanks >&2; exit 1", "restored")])
def test_the_users_hooks_run(stack: Path, capsys: pytest.CaptureFixture[str], script: str, state: str) -> None:
    """A hook that refuses the commit restores the repository, and its words are passed on."""
    repo = Repo(stack / "entrenar")
    hook = repo.path / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\ntouch hooked\n{script}\n")
    hook.chmod(0o755)
    (one,) = document(capsys, "--yes", code=int(state == "restored"))["repositories"]
    assert (one["state"], (repo.path / "hooked").exists()) == (state, True)
    assert one["why"] == ("" if state == "committed" else "the commit was refused: no thanks")
    assert repo.git("status", "--porcelain") == "?? hooked"


def test_branch_and_no_commit(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--branch makes or takes a branch for the commit; --no-commit leaves the edits in the worktree."""
    repo = Repo(stack / "entrenar")
    said(capsys, "--yes", "--branch", "sync/one")
    assert repo.git("log", "--format=%s", "main..sync/one") == "Require alimentar 0.3.0"
    assert repo.git("branch", "--show-current") == "sync/one"
    repo.git("switch", "--quiet", "main")
    said(capsys, "--yes", "--no-commit")
    assert repo.git("status", "--porcelain") == " M Cargo.lock\n M Cargo.toml"
    repo.git("checkout", "--quiet", ".")
    (one,) = document(capsys, "--yes", "--branch", "no good", code=1)["repositories"]
    assert (one["state"], one["why"]) == ("untouched", "`no good` is no name for a branch")


def test_a_command_of_the_users_verifies(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """[sync] verify_command runs in the repository, through the shell."""
    (stack / "batuta-stack.toml").write_text('[sync]\nverify_command = "test -f Cargo.toml && echo seen > out.txt"\n')
    found = document(capsys, "--yes", "--no-commit")
    assert [(one["command"], one["passed"]) for one in found["verified"]] == [
        ("test -f Cargo.toml && echo seen > out.txt", True)
    ]
    assert (stack / "entrenar/out.txt").read_text() == "seen\n"


def test_a_patch_is_what_git_applies(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--format patch asks nothing, writes nothing, and what it prints makes the same edit."""
    make_repo(stack / 'a "b" ä\t', sources("odd", ENTRY.replace("\n", "\r\n") + "# \u2028 ä"))
    patch = said(capsys, "--format", "patch")
    (stack / "p").write_bytes(patch.encode("utf-8", "surrogateescape"))
    wanted = said(capsys, "--dry-run")
    run(["git", "apply", "p"], cwd=stack)
    assert (stack / "entrenar/Cargo.toml").read_text().endswith(MENDED + "\n")
    assert b'alimentar = "0.3.0" # local\r\n' in (stack / 'a "b" ä\t' / "Cargo.toml").read_bytes()
    assert "Files modified: 2" in wanted
    assert said(capsys, "--format", "patch") == ""


def test_a_file_that_changes_meanwhile_is_not_overwritten(stack: Path) -> None:
    """Between the plan and its execution somebody may have edited the manifest: theirs counts."""
    asked = Wish()
    plan = plan_sync(find_workspace(str(stack)), asked, now=NOW, asking=Asking(NOW))
    manifest = stack / "entrenar/Cargo.toml"
    manifest.write_text(manifest.read_text() + "# mine\n")
    (outcome,) = apply(plan, asked, offline=False)
    assert (outcome.state, outcome.why) == ("untouched", "Cargo.toml is another one by now: run sync again")
    assert manifest.read_text().endswith("# mine\n")


def test_a_repository_without_a_commit_is_edited(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to commit on, which is said."""
    repo = make_repo(stack / "fresh", sources("fresh", ENTRY), commit=False)
    repo.git("add", "--all")
    found = {one["repository"]: one for one in document(capsys, "--yes")["repositories"]}
    assert found["fresh"]["state"] == "edited"
    assert "nothing is staged or committed" in found["fresh"]["why"]


def test_a_lock_file_that_cannot_follow_is_told(
    stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> None:
    """What cargo cannot resolve stays locked as it was, byte for byte, and no commit holds such a lock file."""
    (stack / "batuta-stack.toml").write_text('[sync]\nverify_command = "true"\n')
    lock = (stack / "entrenar/Cargo.lock").read_bytes()
    said(capsys, "--dry-run")
    registry.files.pop("index/al/im/alimentar")
    (one,) = document(capsys, "--yes", "--offline")["repositories"]
    assert (one["state"], one["why"]) == ("edited", "nothing is committed, for Cargo.lock does not follow")
    assert one["notes"][0].startswith("Cargo.lock was not brought along: ")
    assert (stack / "entrenar/Cargo.lock").read_bytes() == lock


def test_a_newer_version_that_others_need_stays_locked(
    stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> None:
    """Where the meant version cannot be locked, cargo's reason is told, and the newest one stays."""
    put_crate(registry, "other", "1.0.0", {"alimentar": "0.3.2"})
    repo = entrenar(stack, ENTRY + 'other = "1"\n', name="high")
    found = {one["repository"]: one for one in document(capsys, "--yes")["repositories"]}
    assert found["high"]["state"] == "committed"
    assert locked(repo.path)["alimentar"] == ["0.3.5"]


def test_interrupted_it_restores_what_is_under_way(stack: Path) -> None:
    """Ctrl-C while cargo works: what it runs is ended, and the files are what they were."""
    (stack / "batuta-stack.toml").write_text('[sync]\nverify_command = "echo > started; sleep 60"\n')
    before = (stack / "entrenar/Cargo.toml").read_bytes()
    command = [sys.executable, "-m", "batuta_hooks.cli", "sync", "--yes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (stack / "entrenar/started").exists():
            assert process.poll() is None
            time.sleep(0.05)
        assert (stack / "entrenar/Cargo.toml").read_bytes() != before
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    assert (stack / "entrenar/Cargo.toml").read_bytes() == before


def test_one_repository_alone(stack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside one repository its siblings' checkouts are still looked at, and nothing is written beside it."""
    monkeypatch.chdir(stack / "entrenar")
    found = document(capsys, "--yes")
    assert [(one["repository"], one["path"], one["after"]) for one in found["changes"]] == [
        (".", "Cargo.toml", "0.3.0")
    ]
    assert [one["state"] for one in found["repositories"]] == ["committed"]


def test_nobody_to_ask(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes nothing is changed, and the code is 2."""
    assert main(["sync"]) == 2
    assert "--yes applies them" in capsys.readouterr().err
    assert Repo(stack / "entrenar").git("status", "--porcelain") == ""


@pytest.mark.parametrize(("answer", "code", "commits"), [("y", 0, "2"), ("n", 1, "1"), ("", 1, "1")])
def test_the_question(stack: Path, answer: str, code: int, commits: str) -> None:
    """In a terminal the plan is shown and then the question asked; only a yes lets it go on."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "batuta_hooks.cli", "sync"]
    with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.write(master, f"{answer}\n".encode())
        out, err = process.communicate(timeout=120)
    os.close(master)
    os.close(slave)
    assert process.returncode == code, out + err
    assert "Dependencies updated: 1" in out
    assert "Apply changes? [y/N] " in err
    assert Repo(stack / "entrenar").git("rev-list", "--count", "HEAD") == commits


def test_batches_one_run_at_a_time(stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """--gradual does the leaves first, and the next batch when it is run again."""
    put_crate(registry, "entrenar", "0.1.0")
    rest = ENTRY + 'entrenar = "0.1.0"\n'
    high = entrenar(stack, rest, name="high")
    assert "  1. entrenar\n  2. high" in said(capsys, "--dry-run", "--gradual")
    assert gradually(capsys) == (["entrenar"], "batuta-stack: batch 1 of 2")
    assert high.git("rev-list", "--count", "HEAD") == "1"
    assert (stack / ".batuta/.gitignore").read_text() == "*\n"
    (stack / "batuta-stack.toml").write_text("")
    assert gradually(capsys) == (["high"], "batuta-stack: batch 2 of 2")
    assert not (stack / ".batuta/sync.json").exists()
    assert gradually(capsys) == ([], "")


def gradually(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """The repositories of the next batch, and what is said of it."""
    assert main(["sync", "--yes", "--gradual", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    return [one["repository"] for one in json.loads(out)["repositories"]], err.strip()


def test_progress_is_told_and_never_believed(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A note that cannot be read is none; in a repository alone it lies in its git folder."""
    (stack / ".batuta").mkdir()
    for text in ("", "[]", '{"schema": "other"}', '{"schema": "batuta.sync-progress/1", "done": 3}'):
        (stack / ".batuta/sync.json").write_text(text)
        assert read_progress(find_workspace(str(stack))) == Progress()
    alone = find_workspace(str(stack / "entrenar"))
    note_batch(alone, Progress(), (".",), 2)
    note_batch(alone, read_progress(alone), ("x",), 1)
    assert read_progress(alone) == Progress(((".",), ("x",)), 1)
    assert (stack / "entrenar/.git/batuta/sync.json").exists()


def test_offline(stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """With the cache warm and the crates at hand nothing is asked for; --offline holds for cargo too."""
    run(["cargo", "fetch", "--quiet"], cwd=make_repo(stack / "x", sources("x", MENDED.replace("0.3.0", "=0.3.0"))).path)
    run(["rm", "-rf", "x"], cwd=stack)
    said(capsys, "--dry-run")
    count = len(registry.log)
    found = document(capsys, "--yes", "--offline")
    assert [one["state"] for one in found["repositories"]] == ["committed"]
    assert len(registry.log) == count


def test_wrong_options_are_sentences(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown crates and wrong alignments exit with 2."""
    for arguments in (["nobody"], ["--align", "arrow"], ["--format", "yaml"]):
        assert main(["sync", *arguments]) == 2
        assert capsys.readouterr().err.startswith("batuta-stack: ")
