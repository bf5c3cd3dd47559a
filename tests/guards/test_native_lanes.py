"""What the native scripts ask of which guard, how one is left out, and what they do where a guard is missing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.config import read_config
from batuta_hooks.domain.config_keys import Layer
from batuta_hooks.domain.toml_text import read_toml
from tests.house.repository import ROOT
from tests.support.process import run
from tests.support.pushes import BIN, Pushing, install_native
from tests.support.repos import Repo, make_repo, package

PATHS, ALIGNMENT, TAGS = "batuta-path-deps", "batuta-version-alignment", "batuta-tag-collision"
BAD = package("a", '[dependencies]\nb = { path = "../b" }')
UNMET = package("a", '[workspace]\nmembers = ["c"]\n[dependencies]\nc = { version = "0.9", path = "c" }')
LOCK = "version = 4\n"

Calls = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put the guards on PATH, each with a note of its arguments and lines; returns the notes since the last look."""
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    for name in (PATHS, ALIGNMENT, TAGS):
        note = f'echo "{name} $*" >>"{log}"'
        text = f'#!/bin/sh\n{note}\nlines=$(cat)\necho "$lines" >>"{log}"\necho "$lines" | exec "{BIN / name}" "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def noted() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if line]

    return noted


@pytest.fixture
def pushing(tmp_path: Path) -> Pushing:
    """A crate whose commit is on its remote, and the hooks."""
    made = Pushing.make(tmp_path, {"Cargo.toml": package("a"), "notes": "0"})
    install_native(made.repo)
    return made


def commit(repo: Repo, files: dict[str, str], code: int = 0) -> str:
    """Commit these files through the hook; returns what was said."""
    repo.write(files)
    repo.git("add", "--all")
    return run(["git", "commit", "--message", "a change"], cwd=repo.path, code=code).stderr


def names(noted: list[str]) -> list[str]:
    """The guards among what was noted."""
    return [line.partition(" ")[0] for line in noted if line.startswith("batuta-")]


def test_a_commit_asks_two_guards(pushing: Pushing, calls: Calls) -> None:
    """Manifests concern both, a lock file the alignment alone, other files none."""
    commit(pushing.repo, {"Cargo.toml": package("a", "# more")})
    assert calls() == [f"{PATHS} --stage commit", f"{ALIGNMENT} --stage commit"]
    commit(pushing.repo, {"Cargo.lock": LOCK, "deep/Cargo.lock": LOCK})
    assert calls() == [f"{ALIGNMENT} --stage commit"]
    commit(pushing.repo, {"notes": "1"})
    assert calls() == []
    assert "VA003" in commit(pushing.repo, {"Cargo.toml": UNMET, "c/Cargo.toml": package("c")}, code=1)


def test_a_push_asks_each_with_all_lines(pushing: Pushing, calls: Calls) -> None:
    """A branch without news asks nobody, one with news two guards, a tag all three: each gets every line."""
    repo, url = pushing.repo, str(pushing.remote.path)
    base = repo.git("rev-parse", "HEAD")
    repo.commit("notes", {"notes": "1"})
    pushing.accepted("origin", "main")
    assert calls() == []
    repo.commit("manifest", {"Cargo.toml": package("a", "# more")})
    pushing.accepted("origin", "main")
    assert names(calls()) == [PATHS, ALIGNMENT]
    repo.commit("lock", {"Cargo.lock": LOCK})
    repo.git("tag", "v0.1.0")
    before, new = repo.git("rev-parse", "HEAD~"), repo.git("rev-parse", "HEAD")
    pushing.accepted("origin", "main", "v0.1.0")
    lines = [
        f"refs/heads/main {new} refs/heads/main {before}",
        f"refs/tags/v0.1.0 {new} refs/tags/v0.1.0 {'0' * 40}",
    ]
    options = f"--stage push --remote origin --url {url}"
    assert calls() == [line for guard in (PATHS, ALIGNMENT, TAGS) for line in (f"{guard} {options}", *lines)]
    pushing.accepted("origin", "main:new")
    assert names(calls()) == [PATHS, ALIGNMENT]
    pushing.accepted("origin", ":new")
    assert calls() == []
    pushing.accepted("origin", ":v0.1.0")
    assert names(calls()) == [TAGS]
    repo.git("push", "--quiet", "--force", "origin", f"{base}:main")
    assert names(calls()) == [PATHS, ALIGNMENT]


@pytest.mark.parametrize("number", [1, 15, 16, 17, 40])
def test_each_guard_gets_every_line_of_many(pushing: Pushing, calls: Calls, number: int) -> None:
    """However many refs are pushed, and whether the last line is ended or not, none is lost."""
    oid = pushing.repo.git("rev-parse", "HEAD")
    lines = [f"refs/heads/b {oid} refs/heads/b{one} {'0' * 40}" for one in range(number)]
    script = pushing.repo.path / ".git" / "hooks" / "pre-push"
    for end in ("\n", ""):
        run([script, "origin", "u"], cwd=pushing.repo.path, stdin="\n".join(lines) + end)
        noted = calls()
        assert names(noted) == [PATHS, ALIGNMENT]
        assert [line for line in noted if line.startswith("refs")] == lines * 2


def test_a_remote_that_is_ahead_is_judged(pushing: Pushing, calls: Calls, tmp_path: Path) -> None:
    """Where the remote's commit is not here, nothing is known of what is new, so the guards are asked."""
    other = Repo(tmp_path / "other")
    pushing.remote.git("clone", "--quiet", pushing.remote.path, other.path)
    other.commit("meanwhile", {"theirs": "1"})
    other.git("push", "--quiet", "origin", "main")
    pushing.repo.commit("notes", {"notes": "1"})
    pushing.accepted("--force", "origin", "main")
    assert names(calls()) == [PATHS, ALIGNMENT]


def test_the_worst_exit_code_counts(pushing: Pushing, tmp_path: Path) -> None:
    """All guards are asked, and the push ends with the greatest of their exit codes."""
    for code, guard in enumerate((PATHS, ALIGNMENT, TAGS)):
        (tmp_path / "bin" / guard).write_text(f"#!/bin/sh\necho {guard} is asked\nexit {(2, 3, 1)[code]}\n")
    line = f"refs/tags/v1 {pushing.repo.git('rev-parse', 'HEAD')} refs/tags/v1 {'0' * 40}\n"
    done = run([pushing.repo.path / ".git/hooks/pre-push", "o", "u"], cwd=pushing.repo.path, stdin=line, code=3)
    assert done.stderr.count("is asked") == 3
    assert done.stdout == ""


def logged(repo: Repo, place: Path) -> list[list[str]]:
    """The lines of the audit, without the time of each."""
    lines = (place / ".batuta" / "skipped.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    assert (place / ".batuta" / ".gitignore").read_text() == "*\n"
    return [line.split(" ", 3)[1:] for line in lines]


def test_a_guard_that_is_skipped(pushing: Pushing, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """SKIP leaves out the guards that it names; that is said, and kept in the repository's git folder."""
    repo = pushing.repo
    monkeypatch.setenv("SKIP", f"ruff, {TAGS},{PATHS}")
    repo.git("tag", "v0.9.0")
    said = pushing.accepted("origin", "v0.9.0")
    assert f"batuta-hooks: {TAGS} is skipped, as SKIP says" in said
    assert names(calls()) == [ALIGNMENT]
    where = str(repo.path)
    assert logged(repo, repo.path / ".git") == [[PATHS, "pre-push", where], [TAGS, "pre-push", where]]
    monkeypatch.setenv("SKIP", "batuta")
    assert "PD001" in commit(repo, {"Cargo.toml": BAD}, code=1)
    assert len(logged(repo, repo.path / ".git")) == 2
    assert repo.git("status", "--porcelain", "--ignored") == "M  Cargo.toml"


def test_what_is_skipped_in_a_stack(pushing: Pushing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside batuta-stack.toml, above the repository or in it, lies one audit; a link is not followed."""
    monkeypatch.setenv("SKIP", PATHS)
    (tmp_path / "batuta-stack.toml").write_text("")
    commit(pushing.repo, {"Cargo.toml": BAD})
    assert logged(pushing.repo, tmp_path) == [[PATHS, "pre-commit", str(pushing.repo.path)]]
    (tmp_path / ".batuta" / "skipped.log").unlink()
    (tmp_path / ".batuta" / "skipped.log").symlink_to(tmp_path / "precious")
    monkeypatch.setenv("SKIP", f"{PATHS},{ALIGNMENT}")
    assert "cannot be written" in commit(pushing.repo, {"Cargo.toml": BAD + "# x\n"})
    assert not (tmp_path / "precious").exists()
    shutil.rmtree(tmp_path / ".batuta")
    (tmp_path / ".batuta").symlink_to(tmp_path / "elsewhere")
    commit(pushing.repo, {"Cargo.toml": BAD + "# more\n"})
    assert logged(pushing.repo, pushing.repo.path / ".git")[0][0] == PATHS
    assert not (tmp_path / "elsewhere").exists()
    away = tmp_path / "away"
    away.mkdir()
    (away / "batuta-stack.toml").write_text("")
    (tmp_path / "batuta-stack.toml").unlink()
    monkeypatch.setenv("BATUTA_STACK", str(away))
    commit(pushing.repo, {"Cargo.toml": BAD + "# even more\n"})
    assert logged(pushing.repo, away)[0][0] == PATHS


@pytest.fixture
def no_guards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH that holds git and nothing else."""
    git = shutil.which("git")
    assert git
    (tmp_path / "bare-bin").mkdir()
    (tmp_path / "bare-bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bare-bin"))


REQUIRED = [
    "[hooks]\nrequired = true\n",
    '[stack]\nrepositories = ["#"] # [hooks]\n\n[ hooks ] # so\n  required=true # yes\n[tags]\nignore = ["x"]\n',
    "hooks.required = true\n[tags]\n",
    "hooks = { required = true }\n",
    '["hooks"]\n"required" = true\n',
]
NOT_REQUIRED = [
    "",
    "[hooks]\nrequired = false\n",
    "[hooks]\n# required = true\n",
    '[stack]\nrepositories = ["required = true"]\n',
    "hooks = { required = false }\n",
]


@pytest.mark.parametrize(("text", "is_required"), [(t, True) for t in REQUIRED] + [(t, False) for t in NOT_REQUIRED])
def test_guards_that_are_missing_stop_a_push_where_they_are_required(
    pushing: Pushing, no_guards: None, tmp_path: Path, text: str, is_required: bool
) -> None:
    """What the script reads of the configuration is what the program reads of it; a commit is never stopped by that."""
    config, _ = read_config([Layer(read_toml(text.encode()), "batuta-stack.toml", text.encode())])
    assert config.hooks_required == is_required
    (tmp_path / "batuta-stack.toml").write_text(text)
    said = commit(pushing.repo, {"Cargo.toml": BAD})
    assert f"{PATHS} is not on PATH, so the manifests of this commit were not judged" in said
    assert "pipx install batuta-hooks" in said
    if is_required:
        said = pushing.refused("origin", "main")
        assert "[hooks] required = true" in said
    else:
        said = pushing.accepted("origin", "main")
    assert f"{ALIGNMENT} is not on PATH, so the commits of this push were not judged" in said


def test_a_manifest_may_require_the_guards(pushing: Pushing, no_guards: None, tmp_path: Path) -> None:
    """The repository's own metadata counts more than the stack's file."""
    (tmp_path / "batuta-stack.toml").write_text("[hooks]\nrequired = false\n")
    pushing.repo.git("tag", "v0.1.0")
    (pushing.repo.path / "Cargo.toml").write_text(package("a", "[package.metadata.batuta.hooks]\nrequired = true"))
    assert f"{TAGS} is not on PATH, so the tags of this push were not judged" in pushing.refused("origin", "v0.1.0")
    (pushing.repo.path / "Cargo.toml").write_text(package("a", "[package.metadata.batuta]\nhooks = { required=false }"))
    (tmp_path / "batuta-stack.toml").write_text("[hooks]\nrequired = true\n")
    pushing.accepted("origin", "v0.1.0")


@given(st.lists(st.sampled_from([*REQUIRED, *NOT_REQUIRED, "[tags]\n", "[release]\nbranch = 'main'\n"]), max_size=3))
def test_any_configuration_is_read_alike(texts: list[str]) -> None:
    """However tables are put together: what the program refuses to read does not count."""
    text = "".join(texts)
    try:
        config, _ = read_config([Layer(read_toml(text.encode()), "batuta-stack.toml", text.encode())])
    except Exception:  # noqa: BLE001  two tables of one name, or a key after a table that it does not belong to
        return
    script = (ROOT / "hooks" / "pre-push").read_text()
    program = re.search(r"-v wanted=\S+ '\n(.*?)' \"\$\{source", script, re.DOTALL)
    assert program
    said = run(["awk", "-v", "wanted=hooks", program[1]], stdin=text).stdout.strip()
    assert (said == "true") == config.hooks_required


def test_a_hook_that_was_there_before_gets_what_it_got(pushing: Pushing, calls: Calls) -> None:
    """The script that is pushed aside by hand is run with arguments and lines, and not where ours finds something."""
    before = pushing.repo.path / ".git" / "hooks" / "pre-push.before-batuta"
    before.write_text('#!/bin/sh\necho "before: $0 $# $*" >&2\ncat >&2\nexit "${CODE-0}"\n')
    before.chmod(0o755)
    pushing.repo.commit("notes", {"notes": "1"})
    new, old = pushing.repo.git("rev-parse", "HEAD"), pushing.repo.git("rev-parse", "HEAD~")
    said = pushing.accepted("origin", "main")
    line = f"refs/heads/main {new} refs/heads/main {old}"
    assert f"before: .git/hooks/pre-push 2 origin {pushing.remote.path}\n{line}\n" in said
    assert f"2 origin {pushing.remote.path}\nEverything up-to-date" in pushing.accepted("origin", "main")
    pushing.repo.git("tag", "v0.9.0")
    assert "before: " not in pushing.refused("origin", "v0.9.0")
    line = f"{line}\n"
    script = pushing.repo.path / ".git" / "hooks" / "pre-push"
    env = {**os.environ, "CODE": "7"}
    assert run([script, "origin", "u"], cwd=pushing.repo.path, stdin=line, env=env, code=7).returncode == 7


@pytest.mark.parametrize(
    "first", ["#!/usr/bin/env python3", "#!/usr/bin/python3", "#!/bin/sh -eu", "#!/usr/bin/env bash", "#! /bin/dash"]
)
def test_any_program_may_have_been_there(first: str, tmp_path: Path) -> None:
    """A shell script runs in its own shell with its options, another program by itself."""
    repo = make_repo(tmp_path / "x", {"notes": "0"})
    install_native(repo)
    is_shell = "python" not in first
    body = 'echo "$- $0" >&2' if is_shell else "import sys; print('python', sys.argv[0], file=sys.stderr)"
    before = repo.path / ".git" / "hooks" / "pre-commit.before-batuta"
    before.write_text(f"{first}\n{body}\n")
    before.chmod(0o755)
    said = run(["git", "commit", "--allow-empty", "--message", "x"], cwd=repo.path).stderr
    assert (".git/hooks/pre-commit\n" if is_shell else "python .git/hooks/pre-commit.before-batuta\n") in said
    assert ({"e", "u"} <= set(said.partition(" ")[0])) == ("-eu" in first)
