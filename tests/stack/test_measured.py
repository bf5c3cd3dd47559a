"""Coverage on the board: whose it is, how old, and whether the tree is still the one that was measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

LCOV = "SF:src/lib.rs\nLF:8\nLH:7\nend_of_record\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A crate whose build folder is ignored."""
    return make_repo(tmp_path / "a", {"Cargo.toml": package("a"), ".gitignore": "target\n", "src/lib.rs": ""})


def coverage(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, Any]:
    """The coverage of every crate of a folder's stack, by name."""
    main(["status", "--format", "json", "--workspace", str(folder), "--offline"])
    return {crate["name"]: crate["coverage"] for crate in json.loads(capsys.readouterr().out)["crates"]}


def test_of_this_tree(repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written after HEAD moved, in a tree that has not changed since, is of this tree."""
    repo.write({"target/coverage/lcov.info": LCOV})
    written = int((repo.path / "target/coverage/lcov.info").stat().st_mtime)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(written + 7201))
    found = coverage(capsys, repo.path.parent)["a"]
    assert found.pop("age_s") in (7200, 7201)
    assert found == {
        "percent": 87.5,
        "tree_is_current": True,
        "source": "target/coverage/lcov.info",
        "is_of_crate": True,
    }


def test_of_another_tree(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """A commit, a checkout, an edit or a removal after it was written makes it a figure of another tree."""
    file = repo.path / "lcov.info"

    def is_current() -> bool:
        found: bool = coverage(capsys, repo.path.parent)["a"]["tree_is_current"]
        return found

    repo.write({"lcov.info": LCOV})  # which is itself a change that git tells of
    assert is_current()
    repo.commit("more", {"src/more.rs": ""})
    assert not is_current()
    file.write_text(LCOV, encoding="utf-8")
    assert is_current()
    repo.write({"src/lib.rs": "fn main() {}"})
    assert not is_current()
    file.write_text(LCOV, encoding="utf-8")
    assert is_current()
    (repo.path / "src" / "more.rs").unlink()
    assert not is_current()
    file.write_text(LCOV, encoding="utf-8")
    repo.git("stash")
    assert not is_current()


def test_without_a_reflog(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing tells when HEAD moved, the figure is not called current."""
    repo.write({"lcov.info": LCOV})
    (repo.path / ".git" / "logs" / "HEAD").unlink()
    assert coverage(capsys, repo.path.parent)["a"]["tree_is_current"] is False


def test_linked_worktree(repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A linked worktree's HEAD moves by itself."""
    repo.git("worktree", "add", "--quiet", tmp_path / "linked" / "a")
    linked = Repo(tmp_path / "linked" / "a")
    linked.write({"lcov.info": LCOV})
    repo.commit("elsewhere")
    assert coverage(capsys, tmp_path / "linked")["a"]["tree_is_current"] is True


def test_each_crate_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Source files tell whose lines they are, by relative and absolute paths; a crate without any has no figure."""
    members = {f"{name}/Cargo.toml": package(name) for name in ("b", "c")}
    root = package("a", '[workspace]\nmembers = ["b", "c"]')
    repo = make_repo(tmp_path / "stack" / "a", {"Cargo.toml": root, **members})
    own = f"SF:src/lib.rs\nLF:4\nLH:1\nend_of_record\nSF:{repo.path}/b/src/lib.rs\nLF:4\nLH:3\nend_of_record\n"
    repo.write({"lcov.info": own})
    found = coverage(capsys, tmp_path / "stack")
    assert (found["a"]["percent"], found["b"]["percent"], found["c"]) == (25.0, 75.0, None)


@pytest.mark.parametrize(
    "content", ["SF:/elsewhere/src/lib.rs\nLF:4\nLH:1\n", '<coverage lines-covered="1" lines-valid="4"/>']
)
def test_of_the_whole_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """A file that does not tell whose lines they are, or was written elsewhere, is about all crates together."""
    repo = make_repo(tmp_path / "a", {"Cargo.toml": package("a"), "b/Cargo.toml": package("b")})
    repo.write({"coverage/cobertura.xml": content})
    found = coverage(capsys, tmp_path)
    assert [(found[name]["percent"], found[name]["is_of_crate"]) for name in "ab"] == [(25.0, False)] * 2


def test_the_newest_readable_file_counts(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Of several files the one that was written last counts; what cannot be read, or is a folder, is passed over."""
    repo.write({"lcov.info": LCOV, "target/coverage/lcov.info": "SF:src/lib.rs\nLF:2\nLH:1\n", "coverage.json": "{}"})
    os.utime(repo.path / "lcov.info", (1, 1))
    (repo.path / "cobertura.xml").mkdir()
    assert coverage(capsys, repo.path.parent)["a"]["percent"] == 50.0


@pytest.mark.parametrize("content", ["", "SF:src/lib.rs\nLF:0\nLH:0\n", "hello"])
def test_no_figure(repo: Repo, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """Nothing measured, or nothing that can be covered, is no figure."""
    repo.write({"lcov.info": content})
    assert coverage(capsys, repo.path.parent)["a"] is None


def test_nothing_is_written(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking changes no file of a repository, its index included."""

    def listing() -> str:
        return run(["find", repo.path, "-printf", "%p %T@ %s\\n"]).stdout

    repo.write({"lcov.info": LCOV, "src/lib.rs": "changed"})
    before = listing()
    coverage(capsys, repo.path.parent)
    assert listing() == before


def test_table(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has whole percent, never rounded up, with a sign where it is of another tree."""
    repo.write({"lcov.info": LCOV})
    main(["status", "--simple", "--workspace", str(repo.path.parent)])
    assert " 87%" in capsys.readouterr().out
    repo.commit("more")
    main(["status", "--simple", "--workspace", str(repo.path.parent)])
    assert " ~87%" in capsys.readouterr().out
