"""What a commit, a merge and a push reach, tried for real; the repository is not touched, nor are its own hooks run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from batuta_hooks.stack.hooks_doctor import Diagnosis, diagnose
from batuta_hooks.stack.hooks_frameworks import DEFAULTS, GUARDS
from batuta_hooks.stack.hooks_install import install
from batuta_hooks.stack.hooks_lanes import read_slots
from batuta_hooks.stack.hooks_place import EVENTS, find_place
from batuta_hooks.stack.hooks_stage import set_stage
from tests.house.repository import ROOT
from tests.stack.test_hooks_install import (
    BIN,
    hooks_of,
    new_git,
    old_git,
    put,
    repo,  # noqa: F401  a fixture
    snapshot,
    with_a_folder_in_the_worktree,
    with_a_folder_outside,
    with_a_script,
    with_husky,
    with_lefthook,
    with_nothing,
    with_pre_commit,
    with_prek_over_a_script,
)
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

COMMIT, MERGE, BRANCH, TAG = "commit", "merge", "push of a branch", "push of a tag alone"
AT_COMMIT, AT_PUSH = GUARDS[:2], GUARDS
ALL = {COMMIT: AT_COMMIT, MERGE: AT_COMMIT, BRANCH: AT_COMMIT, TAG: AT_PUSH}
NONE: dict[str, tuple[str, ...]] = dict.fromkeys(ALL, ())
RECOMMENDED = """\
repos:
- repo: path/or/url/of/batuta-hooks
  rev: v0.1.0
  hooks:
  - id: batuta-path-deps
  - id: batuta-version-alignment
  - id: batuta-tag-collision
"""


def found(repo: Repo) -> Diagnosis:  # noqa: F811
    """What the doctor says; the repository, and all that lies around it, is byte for byte what it was."""
    before = snapshot(repo.path.parent)
    (diagnosis,) = diagnose(str(repo.path), every=False)
    assert snapshot(repo.path.parent) == before
    return diagnosis


def reached(repo: Repo) -> dict[str, tuple[str, ...]]:  # noqa: F811
    """The guards that each operation reaches."""
    lines = {line.operation: line for line in found(repo).lines}
    for line in lines.values():
        assert set(line.reached) | set(line.missed) == set(ALL[line.operation])
    return {name: line.reached for name, line in lines.items()}


@pytest.mark.parametrize(
    "prepare",
    [
        with_nothing,
        with_a_script,
        pytest.param(with_pre_commit, marks=pytest.mark.slow),
        with_prek_over_a_script,
        with_lefthook,
        with_husky,
        with_a_folder_in_the_worktree,
        with_a_folder_outside,
    ],
)
def test_before_and_after_installing(
    repo: Repo,  # noqa: F811
    prepare: Callable[[Repo], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside other hooks nothing is reached at first, and everything once the hooks are installed."""
    prepare(repo)
    monkeypatch.setenv("SKIP", GUARDS[0])
    monkeypatch.setenv("BATUTA_PROBE", "somewhere")
    assert reached(repo) == NONE
    install(old_git(repo))
    assert reached(repo) == ALL


@pytest.mark.parametrize("framework", [pytest.param("pre-commit", marks=pytest.mark.slow), "prek"])
def test_what_a_framework_does_not_see(repo: Repo, framework: str) -> None:  # noqa: F811
    """With every guard in its configuration, a push of a tag alone is missed, until our script lies beside its own."""
    put(repo.path / ".pre-commit-config.yaml", RECOMMENDED + "- repo: local\n  hooks: [{id: x, name: x}]\n", 0o644)
    run([BIN / framework, "install", *(f"--hook-type={event}" for event in EVENTS)], cwd=repo.path)
    assert reached(repo) == {**ALL, TAG: ()}
    advice = found(repo).advice
    assert advice is not None
    assert (advice.commands, advice.lines) == (("batuta-stack hooks install",), "")
    told = install(old_git(repo))
    assert [one.lane for one in told] == [framework, framework, "legacy"]
    assert reached(repo) == ALL


def test_what_is_there_but_does_not_run(repo: Repo) -> None:  # noqa: F811
    """It is git that decides: a script that is not executable, or of which only the first lines are ours, is missed."""
    install(old_git(repo))
    script = hooks_of(repo) / "pre-push"
    script.chmod(0o644)
    assert reached(repo) == {**ALL, BRANCH: (), TAG: ()}
    assert [line.runs for line in found(repo).lines] == ["batuta-hooks", "batuta-hooks", "nothing", "nothing"]
    script.chmod(0o755)
    text = script.read_text()
    script.write_text("\n".join([*text.splitlines()[:2], "exit 0"]) + "\n")
    assert reached(repo) == {**ALL, BRANCH: (), TAG: ()}
    reads = 'lines=${lines%"$newline"}\n'
    assert reads in text
    script.write_text(text.replace(reads, "lines=''\n"))
    assert reached(repo) == {**ALL, BRANCH: (), TAG: ()}
    script.write_text(text.replace("exit 1; }", "exit 0; }"))
    heeded = {line.operation: line.is_heeded for line in found(repo).lines}
    assert heeded == {COMMIT: True, MERGE: True, BRANCH: False, TAG: False}
    repo.git("config", "core.hooksPath", ".nowhere")
    assert reached(repo) == NONE


def test_hooks_of_other_people_are_not_run(repo: Repo) -> None:  # noqa: F811
    """Scripts of any event stay silent, whether ours goes before them or not; one that names us is not known."""
    log = repo.path.parent / "log"
    noisy = f'#!/bin/sh\necho "$0" >>"{log}"\n'
    others = ("commit-msg", "post-commit", "prepare-commit-msg", "reference-transaction", "post-merge", "post-checkout")
    for event in (*EVENTS, *others):
        put(hooks_of(repo) / event, noisy)
    assert reached(repo) == NONE
    install(old_git(repo))
    assert reached(repo) == ALL
    assert not log.exists()
    put(hooks_of(repo) / "pre-push", noisy + 'exec path/to/batuta-hooks/hooks/pre-push "$@"\n')
    lines = {line.operation: line for line in found(repo).lines}
    assert not log.exists()
    assert (lines[TAG].is_unknown, lines[TAG].missed, lines[COMMIT].is_unknown) == (True, (), False)


def test_a_framework_that_is_gone(repo: Repo) -> None:  # noqa: F811
    """Where the framework's own script cannot start it, git says so, and so does the doctor."""
    with_pre_commit(repo)
    script = hooks_of(repo) / "pre-push"
    broken = re.sub(r"INSTALL_PYTHON=.*", "INSTALL_PYTHON=/nowhere", script.read_text())
    script.write_text(broken.replace("command -v pre-commit", "command -v no-such-program"))
    (line,) = [line for line in found(repo).lines if line.operation == TAG]
    assert line.missed == AT_PUSH
    assert "pre-commit" in line.why


def test_programs_that_are_not_on_path(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Our scripts need the guards on PATH: what is not there is named, with the way to get it."""
    install(old_git(repo))
    for program in ("git", "sh", "env", "cat"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / program).symlink_to(Path("/usr/bin") / program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    diagnosis = found(repo)
    assert diagnosis.programs == GUARDS
    assert not diagnosis.is_well
    assert diagnosis.advice is not None
    assert diagnosis.advice.commands == ("pipx install batuta-hooks",)


CONFIGS = [
    "repos:\n- repo: local\n  hooks: []\n",
    "repos:\n  - repo: local\n    hooks: []",
    "fail_fast: true\nrepos:\n  - repo: local\n    hooks: []\n\n# more\nexclude: ^x$\n",
    "repos:\n- repo: local\n  hooks:\n  - {id: batuta-path-deps, name: x, entry: x, language: system}\n",
    "repos:\n- repo: url\n  rev: v7\n  hooks:\n  - id: batuta-path-deps\n",
]


@pytest.mark.parametrize("config", CONFIGS)
def test_the_lines_that_a_configuration_lacks(repo: Repo, config: str) -> None:  # noqa: F811
    """The patch applies, and the framework then reaches all that it can; a revision that is there is kept to."""
    put(repo.path / ".pre-commit-config.yaml", config, 0o644)
    run([BIN / "prek", "install", *(f"--hook-type={event}" for event in EVENTS)], cwd=repo.path)
    advice = found(repo).advice
    assert advice is not None
    repo.commit("configured")
    run(["git", "apply", "-"], cwd=repo.path, stdin=advice.patch)
    text = (repo.path / ".pre-commit-config.yaml").read_text()
    before, after = yaml.safe_load(config), yaml.safe_load(text)
    assert after["repos"][:-1] == before["repos"]
    assert {key: value for key, value in after.items() if key != "repos"} == {
        key: value for key, value in before.items() if key != "repos"
    }
    assert after["repos"][-1] == yaml.safe_load(advice.lines)[0]
    if "v7" in config:
        assert (after["repos"][-1]["repo"], after["repos"][-1]["rev"]) == ("url", "v7")
    assert reached(repo) == {**ALL, TAG: ()}
    assert (found(repo).advice or advice).lines == ""


@pytest.mark.parametrize("config", ["repos: []\n", "a: 1\n"])
def test_a_configuration_that_no_patch_can_be_made_for(repo: Repo, config: str) -> None:  # noqa: F811
    """The lines are told all the same."""
    put(repo.path / ".pre-commit-config.yaml", config, 0o644)
    advice = found(repo).advice
    assert advice is not None
    assert "id: batuta-tag-collision" in advice.lines
    assert advice.patch == ""


def test_a_job_of_lefthooks_own_is_seen_for_what_it_is(repo: Repo) -> None:  # noqa: F811
    """A job that runs a guard reaches that one at the pushes that lefthook shows its jobs, and no tag alone."""
    jobs = [
        {"name": "tags", "run": 'batuta-tag-collision --stage push --remote "{1}" --url "{2}"', "use_stdin": True},
        {"name": "paths", "run": "batuta-path-deps --stage push", "use_stdin": True},
        {"run": "touch ran"},
        "nonsense",
    ]
    put(repo.path / "lefthook.yml", yaml.safe_dump({"pre-push": {"jobs": jobs[:3]}}), 0o644)
    run([BIN / "lefthook", "install"], cwd=repo.path)
    put(repo.path / "lefthook.yml", yaml.safe_dump({"pre-push": {"jobs": jobs}, "min_version": "1.4.0"}), 0o644)
    assert reached(repo) == {**NONE, BRANCH: GUARDS[:1]}


@pytest.mark.skipif(
    find_place(str(ROOT)).git_version < (2, 54), reason="this git runs no hooks that its configuration names"
)
def test_hooks_that_gits_configuration_names(repo: Repo, tmp_path: Path) -> None:  # noqa: F811
    """They reach everything, from any scope and beside other hooks, until they are switched off."""
    with_a_script(repo)
    repo.git("config", "hook.theirs.event", "pre-push")
    repo.git("config", "hook.theirs.command", f"touch {tmp_path}/ran")
    install(find_place(str(repo.path)))
    assert reached(repo) == ALL
    repo.git("config", "hook.batuta-pre-push.enabled", "false")
    assert reached(repo) == {**ALL, BRANCH: (), TAG: ()}
    repo.git("config", "--unset", "hook.batuta-pre-push.enabled")
    repo.git("config", "--remove-section", "hook.batuta-pre-push")
    repo.git("config", "hook.mine.event", "pre-push")
    repo.git("config", "hook.mine.command", "batuta-tag-collision || true")
    assert reached(repo)[TAG] == GUARDS[2:]
    assert not (tmp_path / "ran").exists()


def test_the_stage_for_hooks_of_gits_configuration(repo: Repo, tmp_path: Path) -> None:  # noqa: F811
    """Whatever git runs it: of the configuration's hooks ours alone are taken along, and they find their script."""
    place = new_git(repo)
    install(place)
    for key, value in (
        ("hook.theirs.event", "pre-push"),
        ("hook.theirs.command", f"touch {tmp_path}/ran"),
        ("hook.mine.event", "pre-push"),
        ("hook.mine.command", "batuta-tag-collision --stage push"),
        ("hook.pre-commit.enabled", "false"),
    ):
        repo.git("config", key, value)
    scratch = make_repo(tmp_path / "scratch", {"Cargo.toml": package("a")})
    set_stage(place, read_slots(place), str(tmp_path), str(scratch.path))
    taken = dict(line.split(" ", 1) for line in scratch.git("config", "--get-regexp", "^hook").splitlines())
    ours = {f"hook.batuta-{event}.{what}" for event in EVENTS for what in ("event", "command")}
    assert set(taken) == ours | {"hook.mine.event", "hook.mine.command", "hook.pre-commit.enabled"}
    probe = tmp_path / "notes"
    for command in (taken["hook.batuta-pre-push.command"], taken["hook.mine.command"]):
        run(["sh", "-c", command], cwd=scratch.path, env={**os.environ, "BATUTA_PROBE": str(probe)}, code=1)
    assert probe.read_text() == "pre-push\n\nbatuta-tag-collision\n"


def test_a_linked_worktree_without_the_folder(repo: Repo) -> None:  # noqa: F811
    """A relative core.hooksPath leads to a folder of each worktree: where that is not checked out, all is missed."""
    with_a_folder_in_the_worktree(repo)
    install(old_git(repo))
    linked = repo.path.parent / "linked"
    repo.git("worktree", "add", "--quiet", linked)
    assert reached(repo) == ALL
    assert reached(Repo(linked)) == NONE
    install(old_git(Repo(linked)))
    assert reached(Repo(linked)) == ALL


def test_bare_repositories_and_long_object_names(repo: Repo, tmp_path: Path) -> None:  # noqa: F811
    """Neither kind of repository is in the way."""
    repo.git("clone", "--quiet", "--bare", repo.path, tmp_path / "bare.git")
    long = tmp_path / "long"
    run(["git", "init", "--quiet", "--object-format=sha256", long])
    for folder in (tmp_path / "bare.git", long):
        assert reached(Repo(folder)) == NONE
        install(old_git(Repo(folder)))
        assert reached(Repo(folder)) == ALL


def test_the_defaults_are_those_of_the_hook_manifest() -> None:
    """What is assumed of an entry that says nothing is what .pre-commit-hooks.yaml says."""
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    said = {hook["id"]: {key: value for key, value in hook.items() if key in DEFAULTS[hook["id"]]} for hook in manifest}
    assert said == {guard: {**values, "stages": list(values["stages"])} for guard, values in DEFAULTS.items()}
    assert {hook["minimum_pre_commit_version"] for hook in manifest} == {"3.2.0"}
