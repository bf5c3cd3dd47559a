"""The version-alignment guard in its lanes: from the cache and the siblings alone, and blaming nobody for others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main as stack_main
from batuta_hooks.guards.version_alignment import main
from tests.guards.asking import Answer
from tests.guards.asking import ask as ask_guard
from tests.support.online import go_online
from tests.support.process import run, unmeasured
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo, package


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has two versions of one crate."""
    with FaultyRegistry() as running:
        running.add("base", "0.1.0", "0.2.0")
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """The folder of a stack."""
    go_online(monkeypatch, tmp_path / "stack", registry)
    (tmp_path / "stack").mkdir(exist_ok=True)
    (tmp_path / "stack/batuta-stack.toml").write_text("")
    return tmp_path / "stack"


def ask(repo: Repo, *arguments: str, stdin: str = "") -> Answer:
    """Ask the guard in a repository."""
    return ask_guard(repo.path, *arguments, stdin=stdin, guard=main)


def judge(repo: Repo, *arguments: str, stdin: str = "") -> list[tuple[str, str, str]]:
    """Code, severity and path of what is found."""
    return ask(repo, "--format", "json", *arguments, stdin=stdin).findings


def using(requirement: str) -> dict[str, str]:
    """A manifest that requires `base`."""
    return {"Cargo.toml": package("app", f'[dependencies]\nbase = "{requirement}"')}


def warm() -> None:
    """Let the cache know of the crate."""
    assert stack_main(["cache", "warm", "--quiet", "base"]) == 0


VA001 = ("VA001", "error", "Cargo.toml")


def test_cold_cache(stack: Path, registry: FaultyRegistry) -> None:
    """Nothing is known, so nothing is stopped, and one line tells how that can be changed; no socket is opened."""
    repo = make_repo(stack / "app", using("0.1"))
    answer = ask(repo)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == (
        "batuta-version-alignment: not decided for want of knowledge of `base`: "
        "`batuta-stack cache warm base` asks the registry\n"
    )
    assert ask(repo, "--strict").code == 3
    assert registry.log == []


def test_the_cache_decides(stack: Path) -> None:
    """A requirement that no version meets is an error; one that some do is none, and then nothing is printed."""
    repo = make_repo(stack / "app", using("0.1"))
    warm()
    assert ask(repo) == Answer(0, "", "")
    repo.commit("raise", using("0.1.5"))
    answer = ask(repo)
    assert answer.code == 1
    assert answer.out.startswith('Cargo.toml:7:1: VA001 `base` "0.1.5", which `app` requires, is met by no published')


def test_the_whole_repository_is_judged(stack: Path) -> None:
    """Whatever files are named: a framework names neither deletions nor lock files."""
    repo = make_repo(stack / "app", {**using("0.1.5"), "README": ""})
    warm()
    assert judge(repo, "README") == [VA001]


def test_above_all_that_was_known(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version newer than the answer may be there by now; an answer as old as the commit, by the second, counts."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2000000000 +0000")
    repo = make_repo(stack / "app", using("0.3"))
    warm()
    assert judge(repo) == []
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 +0000")
    repo.commit("earlier")
    assert judge(repo) == [VA001]


def test_refresh(stack: Path, registry: FaultyRegistry) -> None:
    """`--refresh` asks by another process, and what it learns is of this run."""
    repo = make_repo(stack / "app", using("0.3"))
    assert judge(repo, "--refresh", "30") == [VA001]
    assert registry.log != []


def test_whose_fault_at_commit(stack: Path) -> None:
    """An error that stands in HEAD already is a warning; a line that this commit changes is its own fault."""
    repo = make_repo(stack / "app", using("0.1.5"))
    warm()
    found = ask(repo, "--stage", "commit")
    assert found.code == 0
    assert " VA001 warning: " in found.out
    assert "(not by this change)" in found.out
    assert judge(repo, "--stage", "manual") == [VA001]
    repo.write({"Cargo.toml": package("app", '\n# moved\n[dependencies]\n  base  =  "0.1.5"')})
    repo.git("add", "--all")
    assert judge(repo, "--stage", "commit") == [("VA001", "warning", "Cargo.toml")]
    repo.write(using("0.1.6"))
    repo.git("add", "--all")
    assert judge(repo, "--stage", "commit") == [VA001]


def test_first_commit(stack: Path) -> None:
    """Without HEAD all is new."""
    repo = make_repo(stack / "app", using("0.1.5"), commit=False)
    repo.git("add", "--all")
    warm()
    assert judge(repo, "--stage", "commit") == [VA001]


def test_whose_fault_at_push(stack: Path) -> None:
    """Compared is the remote's commit; a new ref with the nearest commit that tracking refs hold; else all is new."""
    repo = make_repo(stack / "app", using("0.1.5"))
    old = repo.git("rev-parse", "HEAD")
    new = repo.commit("other", {"README": "x"})
    warm()

    def pushed(remote: str) -> list[tuple[str, str, str]]:
        line = f"refs/heads/main {new} refs/heads/main {remote}\n"
        return judge(repo, "--stage", "push", "--remote", "origin", "--url", "x", stdin=line)

    assert pushed(old) == [("VA001", "warning", "Cargo.toml")]
    assert pushed("0" * 40) == [VA001]
    repo.git("remote", "add", "origin", "x")
    repo.git("update-ref", "refs/remotes/origin/main", old)
    assert pushed("0" * 40) == [("VA001", "warning", "Cargo.toml")]


def test_a_members_own_version(stack: Path) -> None:
    """Raising a member's version breaks its dependents in this very commit, though their lines stay."""
    files = {
        "Cargo.toml": package("app", '[dependencies]\nlib = { version = "0.1", path = "lib" }\n[workspace]'),
        "lib/Cargo.toml": package("lib"),
    }
    repo = make_repo(stack / "app", files)
    repo.write({"lib/Cargo.toml": package("lib", version="0.2.0")})
    repo.git("add", "--all")
    assert judge(repo, "--stage", "commit") == [("VA003", "error", "Cargo.toml")]
    repo.commit("go on")
    assert judge(repo, "--stage", "commit") == [("VA003", "warning", "Cargo.toml")]


def test_siblings(stack: Path) -> None:
    """The crates beside are read as files, again after they changed; the stack's file says which ones count."""
    repo = make_repo(stack / "app", using("0.1"))
    sibling = make_repo(stack / "base", {"Cargo.toml": package("base", version="0.3.0")})
    assert judge(repo) == [("VA003", "warning", "Cargo.toml")]
    sibling.write({"Cargo.toml": package("base", version="0.1.77")})
    assert judge(repo) == []
    sibling.write({"Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n'})
    assert judge(repo) == []
    sibling.write({"crates/b/Cargo.toml": package("base", version="0.4.0")})
    assert judge(repo) == [("VA003", "warning", "Cargo.toml")]
    (stack / "batuta-stack.toml").write_text('[stack]\nrepositories = ["app"]\n')
    assert judge(repo) == []


def test_siblings_without_a_stack_file(stack: Path) -> None:
    """Those in the same folder count, strangers' clones not: both have a remote, and its owner is another."""
    (stack / "batuta-stack.toml").unlink()
    repo = make_repo(stack / "app", using("0.1"))
    sibling = make_repo(stack / "base", {"Cargo.toml": package("base", version="0.3.0")})
    assert len(judge(repo)) == 1
    repo.git("remote", "add", "origin", "https://example.com/paiml/app.git")
    assert len(judge(repo)) == 1
    sibling.git("remote", "add", "origin", "git@example.com:paiml/base")
    assert len(judge(repo)) == 1
    sibling.git("remote", "set-url", "origin", "git@example.com:someone/base")
    assert judge(repo) == []


def test_named_by_the_environment(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`BATUTA_STACK` names the meta-checkout of a repository that lies elsewhere."""
    make_repo(stack / "base", {"Cargo.toml": package("base", version="0.3.0")})
    repo = make_repo(tmp_path / "far/app", using("0.1"))
    assert judge(repo) == []
    monkeypatch.setenv("BATUTA_STACK", str(stack))
    assert judge(repo) == [("VA003", "warning", "Cargo.toml")]


def test_configuration(stack: Path) -> None:
    """Policy, severities, exceptions and branches of the stack's file hold."""
    repo = make_repo(stack / "app", using("0.1"))
    (stack / "batuta-stack.toml").write_text('[versions]\nbase = "0.2"\n[guard]\nbranches = ["release"]\n')
    assert judge(repo) == [("VA004", "error", "Cargo.toml")]
    assert judge(repo, "--stage", "commit") == [("VA004", "warning", "Cargo.toml")]
    (stack / "batuta-stack.toml").write_text('[versions]\nbase = "0.2"\n[rules]\nVA004 = "note"\n')
    assert judge(repo) == [("VA004", "note", "Cargo.toml")]
    allow = '[[allow]]\ncode = "VA004"\ncrate = "app"\nreason = "until summer"\n'
    (stack / "batuta-stack.toml").write_text(f'[versions]\nbase = "0.2"\n{allow}')
    assert judge(repo) == []


def test_lock_file_blame(stack: Path) -> None:
    """A lock file's finding that a rule makes an error is a warning where its entry stood so before."""
    lock = 'version = 4\n\n[[package]]\nname = "app"\nversion = "0.0.9"\n'
    (stack / "batuta-stack.toml").write_text('[rules]\nVA009 = "error"\n')
    repo = make_repo(stack / "app", {"Cargo.toml": package("app"), "Cargo.lock": lock})
    assert judge(repo) == [("VA009", "error", "Cargo.lock")]
    assert judge(repo, "--stage", "commit") == [("VA009", "warning", "Cargo.lock")]
    other = '\n[[package]]\nname = "other"\nversion = "1.0.0"\n'
    for alike in (f"{lock}{other}", lock.replace("\n", "\r\n"), f"{lock}{other}".replace("\n", "\r\n")):
        (repo.path / "Cargo.lock").write_bytes(alike.encode())
        repo.git("add", "--all")
        assert judge(repo, "--stage", "commit") == [("VA009", "warning", "Cargo.lock")]
    repo.write({"Cargo.lock": lock.replace("0.0.9", "0.0.8")})
    repo.git("add", "--all")
    assert judge(repo, "--stage", "commit") == [("VA009", "error", "Cargo.lock")]


#: What reading an index file takes, and what only some stacks give reason for.
UNNEEDED = {
    *("hashlib", "zlib", "json", "datetime", "sqlite3", "fnmatch", "batuta_hooks.registry.index"),
    *("batuta_hooks.checks.meeting", "batuta_hooks.checks.lock_files", "batuta_hooks.checks.circles"),
}


def test_a_clean_run_reads_no_index_file(stack: Path) -> None:
    """What the cache's entry says is enough, and whatever nothing gives reason for is not loaded."""
    repo = make_repo(stack / "app", using("0.1"))
    warm()
    code = (
        "import sys; before = set(sys.modules); from batuta_hooks.guards.version_alignment import main; "
        "assert main(['--stage', 'commit', '--strict']) == 0; print(*(set(sys.modules) - before))"
    )
    run([sys.executable, "-c", code], cwd=repo.path, env=unmeasured())  # remembers the siblings, of which are none
    loaded = set(run([sys.executable, "-c", code], cwd=repo.path, env=unmeasured()).stdout.split())
    assert {"_sqlite3", "batuta_hooks.checks.features"} <= loaded
    assert loaded & UNNEEDED == set()


def test_odd_caches(stack: Path) -> None:
    """What is remembered of siblings is worth no error: damaged, unwritable or another's, they are read anew."""
    repo = make_repo(stack / "app", using("0.1"))
    make_repo(stack / "base", {"Cargo.toml": package("base", version="0.3.0")})
    expected = [("VA003", "warning", "Cargo.toml")]
    assert judge(repo) == expected
    (remembered,) = Path(os.environ.get("BATUTA_CACHE_DIR", stack / ".cache")).glob("siblings-v*/*")
    for damage in (b"", b"x", remembered.read_bytes()[:-3], b"siblings 1 0 00000000\nR\t/\n"):
        remembered.write_bytes(damage)
        assert judge(repo) == expected
    remembered.unlink()
    remembered.mkdir()
    assert judge(repo) == expected
