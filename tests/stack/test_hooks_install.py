"""Installing hooks beside whatever is there, and taking them out again byte for byte."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.hooks_advice import advise
from batuta_hooks.stack.hooks_install import install, uninstall
from batuta_hooks.stack.hooks_lanes import hook_command
from batuta_hooks.stack.hooks_place import EVENTS, Place, find_place
from batuta_hooks.stack.hooks_steps import Move, Step, Write, take
from tests.house.repository import ROOT, pyproject
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

BIN = Path(sys.executable).parent
VERSION = pyproject()["project"]["version"]
THEIRS = '#!/bin/sh -e\necho "theirs $0 $*"\ncat\nexit "${THEIR_CODE-0}"\n'


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with one package and no hook, not even a sample; the guards are on PATH."""
    monkeypatch.setenv("PATH", str(BIN), prepend=":")
    made = make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    for sample in (made.path / ".git" / "hooks").iterdir():
        sample.unlink()
    return made


def old_git(repo: Repo) -> Place:
    """Where the hooks of a repository lie, for a git that knows of no hooks in its configuration."""
    return find_place(str(repo.path))._replace(git_version=(2, 47))


def new_git(repo: Repo) -> Place:
    """The same for a git that does."""
    return find_place(str(repo.path))._replace(git_version=(2, 54))


def snapshot(folder: Path) -> dict[str, tuple[int, str | bytes]]:
    """Every file below a folder but what git itself keeps, with its mode and what it holds or where it leads."""
    found: dict[str, tuple[int, str | bytes]] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            found[name] = (mode, os.readlink(path))
        elif stat.S_ISREG(mode) and not re.match(r"\.git/(index|objects|logs)", name):
            found[name] = (mode, path.read_bytes())
    return found


def put(path: Path, text: str, mode: int = 0o755) -> None:
    """Write a hook of somebody else's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def hooks_of(repo: Repo) -> Path:
    """The default folder of hooks."""
    return repo.path / ".git" / "hooks"


def with_nothing(repo: Repo) -> None:
    """No hook at all."""


def with_a_script(repo: Repo) -> None:
    """Scripts of somebody's own, one of them for its owner alone."""
    put(hooks_of(repo) / "pre-push", THEIRS, 0o700)
    put(hooks_of(repo) / "pre-commit", "#!/usr/bin/env python3\nprint('theirs')\n")


def with_a_script_that_is_not_executable(repo: Repo) -> None:
    """A script that git ignores."""
    put(hooks_of(repo) / "pre-push", THEIRS, 0o644)


def with_a_link(repo: Repo) -> None:
    """A link to a script that the repository carries."""
    put(repo.path / "ci" / "pre-push", THEIRS)
    (hooks_of(repo) / "pre-push").symlink_to("../../ci/pre-push")


def with_pre_commit(repo: Repo) -> None:
    """The scripts of pre-commit."""
    put(repo.path / ".pre-commit-config.yaml", "repos: []\n", 0o644)
    run([BIN / "pre-commit", "install", *(f"--hook-type={event}" for event in EVENTS)], cwd=repo.path)


def with_prek_over_a_script(repo: Repo) -> None:
    """The script of prek, which has put another one aside."""
    with_a_script(repo)
    put(repo.path / ".pre-commit-config.yaml", "repos: []\n", 0o644)
    run([BIN / "prek", "install", "--hook-type=pre-push"], cwd=repo.path)


def with_lefthook(repo: Repo) -> None:
    """The script of lefthook."""
    put(repo.path / "lefthook.yml", "pre-push:\n  jobs:\n    - run: echo theirs\n", 0o644)
    run([BIN / "lefthook", "install"], cwd=repo.path)


def with_husky(repo: Repo) -> None:
    """What husky 9 writes, and a hook of the user's below it, which needs not be executable."""
    repo.git("config", "core.hooksPath", ".husky/_")
    for event in EVENTS:
        put(repo.path / ".husky" / "_" / event, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
    put(repo.path / ".husky" / "_" / "h", HUSKY, 0o644)
    put(repo.path / ".husky" / "pre-push", THEIRS.partition("\n")[2], 0o644)


HUSKY = """#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n
[ ! -f "$s" ] && exit 0
sh -e "$s" "$@"
c=$?
[ $c != 0 ] && echo "husky - $n script failed (code $c)"
exit $c
"""


def with_a_folder_in_the_worktree(repo: Repo) -> None:
    """Hooks that the repository carries itself."""
    repo.git("config", "core.hooksPath", ".githooks")
    put(repo.path / ".githooks" / "pre-push", THEIRS)


def with_a_folder_outside(repo: Repo) -> None:
    """Hooks in a folder that this repository's own configuration names."""
    put(repo.path.parent / "my hooks" / "pre-push", THEIRS)
    repo.git("config", "core.hooksPath", repo.path.parent / "my hooks")


STATES = [
    with_nothing,
    with_a_script,
    with_a_script_that_is_not_executable,
    with_a_link,
    with_pre_commit,
    with_prek_over_a_script,
    with_lefthook,
    with_husky,
    with_a_folder_in_the_worktree,
    with_a_folder_outside,
]


@pytest.mark.parametrize("place_of", [old_git, new_git])
@pytest.mark.parametrize("prepare", STATES)
def test_what_is_taken_out_leaves_no_trace(
    repo: Repo, prepare: Callable[[Repo], None], place_of: Callable[[Repo], Place]
) -> None:
    """Installing twice is installing once; a dry run changes nothing; and in the end every file is as it was."""
    prepare(repo)
    before = snapshot(repo.path.parent)
    place = place_of(repo)
    planned = install(place, dry_run=True)
    assert snapshot(repo.path.parent) == before
    told = install(place)
    assert [one.event for one in told] == list(EVENTS)
    assert {one.state for one in told} == {"written"}
    assert planned == told
    installed = snapshot(repo.path.parent)
    assert {one.state for one in install(place)} == {"unchanged"}
    assert snapshot(repo.path.parent) == installed
    assert [one.state for one in uninstall(place, dry_run=True)] == ["removed"] * 3
    assert snapshot(repo.path.parent) == installed
    uninstall(place)
    assert snapshot(repo.path.parent) == before
    assert [one.state for one in uninstall(place)] == ["absent"] * 3
    assert snapshot(repo.path.parent) == before


LANES: dict[Callable[[Repo], None], str] = {
    with_nothing: "native",
    with_a_script: "native",
    with_a_link: "native",
    with_pre_commit: "legacy",
    with_prek_over_a_script: "legacy",
    with_lefthook: "lefthook",
    with_husky: "husky",
    with_a_folder_in_the_worktree: "native",
    with_a_folder_outside: "native",
}


@pytest.mark.parametrize("prepare", LANES)
def test_a_push_reaches_the_guard_first_and_then_whoever_was_there(
    repo: Repo, prepare: Callable[[Repo], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push of a tag alone asks the guards; when they are content, the other hook gets its arguments and lines."""
    prepare(repo)
    told = install(old_git(repo))
    assert told[-1].lane == LANES[prepare]
    remote = tmp_path / "remote.git"
    repo.git("init", "--quiet", "--bare", remote)
    repo.git("remote", "add", "origin", remote)
    repo.git("push", "--quiet", "--no-verify", "origin", "main")
    repo.git("tag", "some-day")
    monkeypatch.setenv("BATUTA_PROBE", str(tmp_path / "probe"))
    run(["git", "push", "origin", "some-day"], cwd=repo.path, code=1)
    oid = repo.git("rev-parse", "HEAD")
    line = f"refs/tags/some-day {oid} refs/tags/some-day {'0' * 40}"
    assert (tmp_path / "probe").read_text() == f"pre-push\n{line}\n"
    monkeypatch.delenv("BATUTA_PROBE")
    done = run(["git", "push", "--dry-run", "origin", "some-day"], cwd=repo.path)
    if prepare in (with_nothing, with_pre_commit, with_lefthook):
        return
    assert f"origin {remote}\n{line}\n" in done.stdout + done.stderr
    monkeypatch.setenv("THEIR_CODE", "7")
    run(["git", "push", "origin", "some-day"], cwd=repo.path, code=1)
    assert "some-day" not in repo.git("ls-remote", "origin")
    monkeypatch.delenv("THEIR_CODE")
    repo.git("push", "--quiet", "origin", "some-day")
    assert "some-day" in repo.git("ls-remote", "origin")


def test_a_script_keeps_the_name_that_it_had(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that asks for its own name and folder gets the answers that it got before."""
    text = '#!/usr/bin/env bash\necho "$0" "$(basename "$0")" "$(dirname "$0")/lib" >&2\n. "$(dirname "$0")/lib"\n'
    put(hooks_of(repo) / "pre-commit", text)
    put(hooks_of(repo) / "lib", 'echo "[[ $BASH_VERSION ]] sourced" >&2\n')
    before = run(["git", "commit", "--allow-empty", "--message", "one"], cwd=repo.path).stderr
    install(old_git(repo))
    assert run(["git", "commit", "--allow-empty", "--message", "one"], cwd=repo.path).stderr == before
    assert ".git/hooks/pre-commit pre-commit .git/hooks/lib\n" in before


def test_a_framework_that_comes_later_or_goes_finds_everything(repo: Repo, tmp_path: Path) -> None:
    """pre-commit puts our script aside with the hook behind it; both still run, and each can go first."""
    with_a_script(repo)
    before = snapshot(repo.path)
    install(old_git(repo))
    with_pre_commit(repo)
    repo.git("init", "--quiet", "--bare", tmp_path / "remote.git")
    said = run(["git", "push", tmp_path / "remote.git", "main"], cwd=repo.path)
    assert "theirs .git/hooks/pre-push" in said.stdout + said.stderr or "theirs " in said.stdout + said.stderr
    assert {one.state for one in install(old_git(repo))} == {"unchanged"}
    run([BIN / "pre-commit", "uninstall", *(f"--hook-type={event}" for event in EVENTS)], cwd=repo.path)
    uninstall(old_git(repo))
    (repo.path / ".pre-commit-config.yaml").unlink()
    assert snapshot(repo.path) == before


def test_a_hook_whose_guard_was_removed_by_hand_comes_back(repo: Repo) -> None:
    """`install -f` of a framework deletes our script; what it had pushed aside is found and put back."""
    with_prek_over_a_script(repo)
    before = snapshot(repo.path)
    install(old_git(repo))
    (hooks_of(repo) / "pre-push.legacy").unlink()
    uninstall(old_git(repo))
    assert snapshot(repo.path) == before


def test_the_newer_script_wins(repo: Repo) -> None:
    """Of two installed versions the newer one stays, whoever installs; it is said."""
    install(old_git(repo))
    script = hooks_of(repo) / "pre-push"
    text = script.read_text()
    script.write_text(text.replace(f"managed {VERSION}", "managed 10.0.0"))
    told = install(old_git(repo))[-1]
    assert (told.state, "10.0.0" in told.note) == ("newer kept", True)
    assert "managed 10.0.0" in script.read_text()
    for older in ("0.1.0rc1", "0.0.9", "gibberish"):
        script.write_text(text.replace(f"managed {VERSION}", f"managed {older}"))
        told = install(old_git(repo))[-1]
        assert (told.state, older in told.note) == ("updated", True)
        assert script.read_text() == text
    script.write_text(text + "# edited\n")
    assert install(old_git(repo))[-1].note == "it was changed by hand"


def test_a_newer_git_takes_the_hooks_over(repo: Repo) -> None:
    """Where git's configuration can name hooks, the files of before give their places back, and none runs twice."""
    with_a_script(repo)
    install(old_git(repo))
    told = install(new_git(repo))
    assert {one.lane for one in told} == {"config"}
    assert (hooks_of(repo) / "pre-push").read_text() == THEIRS
    for event in EVENTS:
        assert repo.git("config", f"hook.batuta-{event}.event") == event
        assert repo.git("config", f"hook.batuta-{event}.command") == hook_command(event)
    uninstall(old_git(repo))
    assert "hook" not in repo.git("config", "--list", "--local").replace("hooks", "")
    assert not (repo.path / ".git" / ".batuta").exists()


def test_a_script_that_is_missing_blocks_nobody(repo: Repo) -> None:
    """What git's configuration names finds the script from a linked worktree too, and says where it is gone."""
    install(new_git(repo))
    repo.git("worktree", "add", "--quiet", repo.path.parent / "linked")
    command = hook_command("pre-commit")
    probe = repo.path.parent / "probe"
    for folder, folder_of_git in ((repo.path, ""), (repo.path.parent / "linked", "worktrees/linked")):
        env = {**os.environ, "BATUTA_PROBE": str(probe)}
        if folder_of_git:
            env["GIT_DIR"] = str(repo.path / ".git" / folder_of_git)
        run(["sh", "-c", command], cwd=folder, env=env, code=1)
        assert probe.read_text() == "pre-commit\n"
        probe.unlink()
    (repo.path / ".git" / ".batuta" / "hooks" / "pre-commit").unlink()
    assert "batuta-stack hooks install" in run(["sh", "-c", command], cwd=repo.path).stderr


def test_a_folder_of_all_repositories_is_left_alone(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user's own git sends all repositories to one folder, nothing is written without --shared."""
    shared = repo.path.parent / "shared"
    put(shared / "pre-push", THEIRS)
    run(["git", "config", "--file", str(repo.path.parent / "global"), "core.hooksPath", shared])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(repo.path.parent / "global"))
    before = snapshot(repo.path.parent)
    with pytest.raises(BatutaError, match="every repository has its hooks"):
        install(old_git(repo))
    assert snapshot(repo.path.parent) == before
    install(old_git(repo), shared=True)
    assert f"managed {VERSION}" in (shared / "pre-push").read_text()
    with pytest.raises(BatutaError, match="every repository has its hooks"):
        uninstall(old_git(repo))
    uninstall(old_git(repo), shared=True)
    assert snapshot(repo.path.parent) == before
    install(new_git(repo))
    assert (shared / "pre-push").read_text() == THEIRS


def test_a_folder_that_is_a_link(repo: Repo) -> None:
    """Where the hooks folder itself leads out of the repository, that is said."""
    hooks_of(repo).rmdir()
    (repo.path.parent / "elsewhere").mkdir()
    hooks_of(repo).symlink_to(repo.path.parent / "elsewhere")
    before = snapshot(repo.path.parent)
    assert {one.note for one in install(old_git(repo))} == {"it lies outside of the repository, where a link leads"}
    uninstall(old_git(repo))
    assert snapshot(repo.path.parent) == before


@pytest.mark.parametrize("written", [os.devnull, ""])
def test_hooks_that_are_switched_off_stay_off(repo: Repo, written: str) -> None:
    """core.hooksPath on a file, or empty, means that nobody wants hooks here; what is told switches them on again."""
    repo.git("config", "core.hooksPath", written)
    before = snapshot(repo.path)
    with pytest.raises(BatutaError, match="switched off") as told:
        install(old_git(repo))
    assert snapshot(repo.path) == before
    repo.git(*told.value.mend.removesuffix(" switches them on again").split()[1:])
    assert [one.state for one in install(old_git(repo))] == ["written"] * 3


def test_hooks_that_are_switched_off_everywhere_can_be_had_here(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told for a global core.hooksPath on a file changes this repository alone."""
    everywhere = repo.path.parent / "global"
    run(["git", "config", "--file", str(everywhere), "core.hooksPath", os.devnull])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(everywhere))
    before = everywhere.read_bytes()
    with pytest.raises(BatutaError, match="switched off") as told:
        install(old_git(repo), shared=True)
    assert advise(old_git(repo), [], missed=["pre-push"], programs=[]).commands == (
        told.value.mend.removesuffix(" switches them on again"),
        "batuta-stack hooks install",
    )
    repo.git(*told.value.mend.removesuffix(" switches them on again").split()[1:])
    assert [one.state for one in install(old_git(repo))] == ["written"] * 3
    assert everywhere.read_bytes() == before


def test_nothing_is_done_by_half(repo: Repo) -> None:
    """Where one event's hook cannot be put in its place, those before it are as they were."""
    with_a_script(repo)
    put(hooks_of(repo) / "pre-push.before-batuta", "precious\n")
    before = snapshot(repo.path)
    with pytest.raises(FileExistsError):
        install(old_git(repo))
    assert snapshot(repo.path) == before
    new_folder = repo.path / "x" / "y"
    script = str(hooks_of(repo) / "pre-commit")
    steps: list[Step] = [
        Write(str(new_folder / "z"), b"z"),
        Move(script, script + ".z"),
        Write(script, b""),
        Move(script, script),
    ]
    with pytest.raises(FileExistsError):
        take(steps)
    assert snapshot(repo.path) == before
    assert not (repo.path / "x").exists()


def test_a_folder_that_takes_no_file(repo: Repo) -> None:
    """What could not be written is named by the name that it would have had."""
    before = snapshot(repo.path)
    path = str(hooks_of(repo) / ("x" * 250) / "pre-push")
    with pytest.raises(OSError, match="File name too long") as told:
        take([Write(path.replace("pre-push", "p" * 300), b"")])
    assert told.value.filename == path.replace("pre-push", "p" * 300)
    assert snapshot(repo.path) == before


def test_lefthook_users_of_a_local_configuration_are_told_the_lines(repo: Repo) -> None:
    """A local configuration of somebody's own is not touched; with the lines that are told, all is installed."""
    with_lefthook(repo)
    put(repo.path / "lefthook-local.yml", "pre-push:\n  parallel: false\n", 0o644)
    before = snapshot(repo.path)
    with pytest.raises(BatutaError, match="it is yours") as told:
        install(old_git(repo))
    assert snapshot(repo.path) == before
    lines = "\n".join(line[4:] for line in told.value.mend.split("\n")[2:])
    put(repo.path / "lefthook-local.yml", f"pre-push:\n  parallel: false\n{lines}\n", 0o644)
    assert [one.lane for one in install(old_git(repo))] == ["native", "native", "lefthook"]
    assert (repo.path / ".lefthook-local" / "pre-push" / "batuta").exists()


def test_a_framework_that_has_the_guards_at_commit_is_left_to_it(repo: Repo) -> None:
    """Nothing is judged twice at a commit; at a push the script is needed all the same."""
    with_pre_commit(repo)
    config = "repos:\n- repo: x\n  rev: y\n  hooks:\n  - id: batuta-path-deps\n    stages: [commit]\n"
    put(repo.path / ".pre-commit-config.yaml", config, 0o644)
    told = install(old_git(repo))
    assert [one.state for one in told] == ["left to the framework", "written", "written"]
    for broken in ("[", "repos: 1\n", "repos: [1, {hooks: 1}, {hooks: [1]}]\n", "a: &a [*a]\n"):
        put(repo.path / ".pre-commit-config.yaml", broken, 0o644)
        assert [one.lane for one in install(old_git(repo), dry_run=True)] == ["legacy"] * 3


def test_linked_worktrees_submodules_and_bare_repositories(repo: Repo, tmp_path: Path) -> None:
    """git is asked where its hooks lie: a worktree's are the repository's, a submodule has its own."""
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", linked)
    above = make_repo(tmp_path / "above", {"Cargo.toml": package("above")})
    above.git("submodule", "--quiet", "add", repo.path, "lib")
    repo.git("clone", "--quiet", "--bare", repo.path, tmp_path / "bare.git")
    for folder, hooks in (
        (linked, hooks_of(repo)),
        (above.path / "lib", above.path / ".git" / "modules" / "lib" / "hooks"),
        (tmp_path / "bare.git", tmp_path / "bare.git" / "hooks"),
    ):
        told = install(old_git(Repo(folder)))
        assert [Path(one.path) for one in told] == [hooks / event for event in EVENTS]
        assert all(Path(one.path).is_file() for one in told)
    assert not (above.path / ".git" / "hooks" / "pre-push").exists()


def test_a_link_to_a_script_of_ours_is_somebodys_own(repo: Repo) -> None:
    """Who links the script from a checkout of this repository has installed it; the checkout is not written to."""
    (hooks_of(repo) / "pre-push").symlink_to(ROOT / "hooks" / "pre-push")
    assert install(old_git(repo))[-1].state == "unchanged"
    assert "is a link" in uninstall(old_git(repo))[-1].note
    assert (hooks_of(repo) / "pre-push").is_symlink()


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """It is said what is missing, and how to mean all repositories."""
    with pytest.raises(BatutaError, match="not a git repository") as told:
        find_place(str(tmp_path))
    assert "--all" in told.value.mend
