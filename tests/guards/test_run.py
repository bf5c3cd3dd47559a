"""A guard's run: which source a lane judges, the exit code, and what it costs to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.guards import path_deps
from batuta_hooks.guards.judging import Verdict
from batuta_hooks.guards.run import exit_code, run_guard
from tests.guards.asking import ask, judge, start
from tests.house.repository import console_scripts
from tests.support.process import run, unmeasured
from tests.support.repos import Repo, make_repo, package

GOOD = package("a", '[dependencies]\nserde = "1"')
BAD = package("a", '[dependencies]\nb = { path = "b" }')
FILES = {"Cargo.toml": GOOD, "b/Cargo.toml": package("b")}
PD001 = ("PD001", "error", "Cargo.toml")
UNDECIDED = package("a", '[dependencies]\nb = { path = "b", version = "1" }')
NEVER = package("b", keys="publish = false")
#: Modules that each cost a share of the interpreter's own start; a guard in which all is well does without.
SLOW = (
    *("argparse", "contextlib", "dataclasses", "difflib", "getopt", "gettext", "importlib.metadata", "json", "pathlib"),
    *("subprocess", "typing", "diskcache", "requests", "rich", "typer", "tomllib", "batuta_hooks.domain.config"),
    *("batuta_hooks.domain.toml_grammar", "batuta_hooks.domain.toml_document", "batuta_hooks.guards.say"),
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository in which all is well."""
    return make_repo(tmp_path / "r", FILES)


class TestSources:
    """What is judged where nobody names a source."""

    @pytest.fixture(autouse=True)
    def three(self, repo: Repo) -> None:
        """The commit is good, the index has one fault, the worktree another."""
        repo.write({"Cargo.toml": BAD})
        repo.git("add", "--all")
        repo.write({"Cargo.toml": package("a", '[dependencies]\nb = "*"')})

    def test_by_hand_the_worktree(self, repo: Repo) -> None:
        """A person sees what lies before them."""
        assert [code for code, _, _ in judge(repo.path).findings] == ["PD005"]
        assert [code for code, _, _ in judge(repo.path, "--stage", "manual").findings] == ["PD005"]

    def test_at_a_native_commit_the_index(self, repo: Repo) -> None:
        """A commit holds what is staged."""
        assert judge(repo.path, "--stage", "commit").findings == [PD001]

    @pytest.mark.parametrize("name", ["PRE_COMMIT", "PREK_HOOK_STAGE"])
    @pytest.mark.parametrize("arguments", [(), ("--stage", "commit"), ("Cargo.toml",)])
    def test_under_a_framework_the_worktree(self, name: str, arguments: tuple[str, ...], repo: Repo) -> None:
        """A framework puts aside what is not staged, or is asked for all files."""
        answer = judge(repo.path, *arguments, env={name: "pre-commit"})
        assert [code for code, _, _ in answer.findings] == ["PD005"]

    def test_as_told(self, repo: Repo) -> None:
        """A source that is named counts at every stage."""
        for stage in ("commit", "manual"):
            assert judge(repo.path, "--stage", stage, "--source", "index").findings == [PD001]
            assert judge(repo.path, "--stage", stage, "--source", "HEAD").findings == []
            found = judge(repo.path, "--stage", stage, "--source=worktree").findings
            assert [code for code, _, _ in found] == ["PD005"]


def test_a_revision(repo: Repo) -> None:
    """A tag, a branch and an id are judged at their commit, which the findings name; FILES count."""
    repo.git("switch", "-q", "-c", "bad")
    head = repo.commit("bad", {"Cargo.toml": BAD})
    repo.git("tag", "-a", "-m", "x", "v1")
    repo.git("switch", "-q", "main")
    for revision in ("bad", "v1", head, head[:9], "bad~0"):
        answer = judge(repo.path, "--source", revision)
        assert (answer.code, answer.findings) == (1, [PD001])
        assert answer.document["findings"][0]["commit"] == head
        assert answer.document["checked"] == {"manifests": 2, "refs": 0}
        assert judge(repo.path, "--source", revision, "b/Cargo.toml").document["checked"]["manifests"] == 1
    shown = ask(repo.path, "--source", "v1")
    assert f"so cargo will not publish `a` (in commit {head[:10]})" in shown.out


@pytest.mark.parametrize("revision", ["nowhere", "-x", "--help", "HEAD:Cargo.toml", "HEAD~7", "\n"])
def test_a_revision_that_is_none(revision: str, repo: Repo) -> None:
    """What names no commit is a sentence and 2."""
    answer = ask(repo.path, f"--source={revision}")
    assert (answer.code, answer.out) == (2, "")
    assert "names no commit here\n    name a branch, a tag or a commit id that `git log` knows\n" in answer.err


def test_files_from_below(repo: Repo) -> None:
    """FILES are relative to the current folder, findings to the top."""
    repo.write({"Cargo.toml": BAD})
    assert judge(repo.path / "b", "../Cargo.toml").findings == [PD001]
    assert judge(repo.path / "b").findings == [PD001]
    assert judge(repo.path / "b", "Cargo.toml").findings == []
    answer = ask(repo.path / "b", "../../elsewhere/Cargo.toml")
    assert answer.code == 2
    assert "`../../elsewhere/Cargo.toml` lies outside this repository" in answer.err


def finding(severity: str) -> Finding:
    """A finding of a severity."""
    return Finding("Cargo.toml", 1, 1, "PD001", severity, "message")


@pytest.mark.parametrize(
    ("severities", "undecided", "lax", "strict"),
    [
        ([], False, 0, 0),
        ([], True, 0, 3),
        (["note"], False, 0, 0),
        (["note"], True, 0, 3),
        (["warning"], False, 0, 1),
        (["warning"], True, 0, 1),
        (["error"], False, 1, 1),
        (["note", "warning", "error"], True, 1, 1),
    ],
)
def test_exit_codes(severities: list[str], undecided: bool, lax: int, strict: int) -> None:
    """Errors fail, under --strict warnings too; the undecided counts only under --strict and only alone."""
    verdict = Verdict([*map(finding, severities)], [Unknown("a", "why")] if undecided else [])
    assert exit_code(verdict, strict=False) == lax
    assert exit_code(verdict, strict=True) == strict


def test_what_stays_undecided(repo: Repo) -> None:
    """It is in the document; in text it is said under --strict, on standard error, and makes the code 3."""
    repo.write({"Cargo.toml": UNDECIDED, "b/Cargo.toml": NEVER})
    document = judge(repo.path).document
    assert [item["crate"] for item in document["unknown"]] == ["b"]
    assert ask(repo.path) == (0, "", "")
    answer = ask(repo.path, "--strict")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("batuta-path-deps: undecided: b: ")


def test_a_clean_run_is_silent(repo: Repo) -> None:
    """Nothing is printed where there is nothing to say, but for the document."""
    assert ask(repo.path) == ask(repo.path, "--stage", "commit") == (0, "", "")
    assert judge(repo.path).document["checked"] == {"manifests": 2, "refs": 0}


def test_an_empty_repository(tmp_path: Path) -> None:
    """Without a commit, a file or a manifest there is nothing to judge."""
    repo = make_repo(tmp_path, commit=False)
    for arguments in ((), ("--stage", "commit"), ("--stage", "push")):
        assert judge(repo.path, *arguments).document["checked"] == {"manifests": 0, "refs": 0}
    assert "`HEAD` names no commit here" in ask(repo.path, "--source", "HEAD").err


def test_a_merge_in_progress(repo: Repo) -> None:
    """A manifest in conflict is judged as it stands in the worktree; in the index it cannot be read."""
    repo.git("switch", "-q", "-c", "other")
    repo.commit("other", {"Cargo.toml": BAD})
    repo.git("switch", "-q", "main")
    repo.commit("main", {"Cargo.toml": package("a", '[dependencies]\nserde = "2"')})
    repo.git("merge", "other", code=1)
    (found,) = judge(repo.path, "--source", "index").document["findings"]
    assert (found["code"], found["severity"], found["path"]) == ("PD008", "error", "Cargo.toml")
    assert "it is unmerged in the index" in found["message"]
    assert judge(repo.path).findings == [("PD008", "error", "Cargo.toml")], "conflict markers are no TOML"
    repo.write({"Cargo.toml": GOOD})
    assert judge(repo.path).findings == []


def test_no_repository_no_git_and_an_old_one(tmp_path: Path, repo: Repo) -> None:
    """Each is a sentence and 2, in a process of its own as well."""
    answer = start(tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"batuta-path-deps: {tmp_path}: there is no git repository here\n")
    (tmp_path / "bin").mkdir()
    answer = start(repo.path, env={"PATH": str(tmp_path / "bin")})
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "batuta-path-deps: git cannot be run: No such file or directory\n"
        "    install git 2.30 or newer and put it first on PATH\n"
    )
    (tmp_path / "bin" / "git").write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'git version 1.8.0' && exit\necho 'usage: git' >&2\nexit 129\n"
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    for arguments in ((), ("--stage", "commit"), ("--source", "HEAD")):
        answer = start(repo.path, *arguments, env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
        assert (answer.code, answer.out) == (2, "")
        assert "this is git 1.8, which is too old\n    install git 2.30 or newer" in answer.err


def test_a_defect_is_no_finding(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the program itself is wrong it ends with 2 and a sentence, not with Python's 1 and a traceback."""

    def broken() -> None:
        raise RuntimeError("it broke\x1b")

    monkeypatch.chdir(repo.path)
    assert run_guard("batuta-some", "", broken, []) == 2  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert said.startswith("batuta-some: internal error: RuntimeError: it broke\\x1b (test_run.py:")
    assert said.count("\n") == 2


def test_an_interruption(repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it silently with the shell's code for that."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(repo.path)
    assert run_guard("batuta-some", "", interrupted, []) == 130  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "")


def modules_after(code: str, folder: Path, stdin: str = "") -> set[str]:
    """The modules that a fresh interpreter has loaded after some code, besides those that it starts with."""
    wrapped = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before))"
    return set(run([sys.executable, "-I", "-c", wrapped], cwd=folder, env=unmeasured(), stdin=stdin).stdout.split())


GUARDS = sorted(target.partition(":")[0] for target in console_scripts().values() if ".guards." in target)


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("lane", ["commit", "manual", "push", "revision"])
def test_a_clean_run_loads_nothing_slow(guard: str, lane: str, tmp_path: Path) -> None:
    """Of a healthy workspace with members, globs and paths, in every lane."""
    root = package("a", '[workspace]\nmembers = ["m/*"]\n[dependencies]\nm = { path = "m/m", version = "0.1" }')
    repo = make_repo(tmp_path, {"Cargo.toml": root, "m/m/Cargo.toml": package("m"), "src/lib.rs": ""})
    head = repo.git("rev-parse", "HEAD")
    arguments = {
        "commit": ["--stage", "commit"],
        "manual": [],
        "push": ["--stage", "push", "--remote", "origin", "--url", "x"],
        "revision": ["--source", "HEAD"],
    }[lane]
    line = f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"
    loaded = modules_after(f"from {guard} import main; assert main({arguments}) == 0", tmp_path, line)
    assert "batuta_hooks.domain.manifest" in loaded
    assert sorted(loaded.intersection(SLOW)) == []


def test_what_cannot_be_said_is_not_passed_over(repo: Repo) -> None:
    """The process ends early, yet not before its words are out: on a full device the code is neither 0 nor 1."""
    repo.write({"Cargo.toml": BAD})
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [Path(sys.executable).with_name("batuta-path-deps")]
        done = subprocess.run(command, cwd=repo.path, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode not in (0, 1)
    assert b"No space left" in done.stderr


def test_the_entry_point_is_the_guard(repo: Repo) -> None:
    """The console script and the function are one."""
    repo.write({"Cargo.toml": BAD})
    answer = start(repo.path, "--format", "json")
    assert (answer.code, answer.findings) == (1, [PD001])
    assert answer.document["findings"] == judge(repo.path).document["findings"]
    assert path_deps.PURPOSE in start(repo.path, "--help").out
