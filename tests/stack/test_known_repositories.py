"""What is remembered of repositories spares git's processes, and is not believed once the repository is another one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.gather.repository import Repository
from batuta_hooks.stack.known_repositories import KnownRepositories
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo, package

MEMBER = '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n'


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repo]:
    """A stack of one repository that was checked once."""
    with FaultyRegistry() as registry:
        go_online(monkeypatch, tmp_path / "stack", registry)
        yield make_repo(tmp_path / "stack" / "alpha", {"Cargo.toml": package("alpha"), "src/lib.rs": ""})


@pytest.fixture
def check(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Checks the stack."""
    assert (repo.path / ".git/index").exists()
    assert main(["check"]) == 0  # it makes the cache
    return Check(tmp_path / "trace", monkeypatch, capsys)


class Check:
    """Runs `check`.

    Attributes:
        asked: what git was asked meanwhile, by its commands.
    """

    def __init__(self, trace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.asked: list[str] = []
        self._trace = trace
        self._capsys = capsys
        monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))

    def __call__(self) -> Any:
        self._capsys.readouterr()
        self._trace.unlink(missing_ok=True)
        assert main(["check", "--offline", "--format", "json"]) in (0, 1)
        lines = self._trace.read_text(encoding="utf-8").splitlines() if self._trace.exists() else []
        self.asked = [event["name"] for event in map(json.loads, lines) if event["event"] == "cmd_name"]
        return json.loads(self._capsys.readouterr().out)

    def has_listed(self) -> bool:
        """Whether git was asked for the files of an index."""
        return "ls-files" in self.asked

    def crates(self) -> list[str]:
        """The crates that a check finds."""
        return sorted(crate["name"] for crate in self()["crates"])


def test_git_is_asked_how_it_stands_and_nothing_else(check: Check) -> None:
    """Its files, and the time of its commit, are known."""
    check()
    assert "status" in check.asked
    assert not check.has_listed()
    assert "cat-file" not in check.asked


CHANGES: dict[str, Callable[[Repo], object]] = {
    "add": lambda repo: repo.git("add", "member"),
    "announce": lambda repo: repo.git("add", "--intent-to-add", "member"),
    "commit": lambda repo: repo.commit("more"),
    "another format": lambda repo: (repo.git("add", "member"), repo.git("update-index", "--index-version", "4")),
    "split": lambda repo: (repo.git("update-index", "--split-index"), repo.git("add", "member")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_index(check: Check, repo: Repo, change: Callable[[Repo], object]) -> None:
    """Git lists it anew, once."""
    repo.write({"member/Cargo.toml": MEMBER})
    assert check.crates() == ["alpha"]
    change(repo)
    assert check.crates() == ["alpha", "member"]
    assert check.has_listed()
    assert check.crates() == ["alpha", "member"]
    assert not check.has_listed()
    repo.git("rm", "-q", "--cached", "-r", "-f", "member")
    assert check.crates() == ["alpha"]


def test_an_index_without_a_checksum(check: Check, repo: Repo) -> None:
    """Git is asked each time where it writes none."""
    repo.git("config", "index.skipHash", "true")
    repo.write({"member/Cargo.toml": MEMBER})
    repo.git("add", "member")
    check()
    skips = (repo.path / ".git/index").read_bytes().endswith(bytes(20))  # git 2.40 and newer
    check()
    assert check.has_listed() == skips


def test_a_sparse_checkout(check: Check, repo: Repo) -> None:
    """What git lists depends on the worktree there, so it is asked each time."""
    repo.commit("more", {"member/Cargo.toml": MEMBER, "other/x": ""})
    repo.git("sparse-checkout", "set", "--no-cone", "/*", "!member")
    for _ in range(2):
        assert check.crates() == ["alpha", "member"]
        assert check.has_listed()
    repo.write({"member/Cargo.toml": MEMBER.replace("member", "renamed")})
    assert check.crates() == ["alpha", "renamed"]
    (repo.path / "member/Cargo.toml").unlink()
    assert check.crates() == ["alpha", "member"]


def test_another_commit(check: Check, repo: Repo) -> None:
    """Its time is asked for, once."""
    repo.commit("more")
    check()
    assert "cat-file" in check.asked
    check()
    assert "cat-file" not in check.asked


def test_a_manifest_with_a_fault(check: Check, repo: Repo) -> None:
    """It is said each time, and no longer once it is mended; one that has none is looked at once."""
    sound = (repo.path / "Cargo.toml").read_text(encoding="utf-8")
    for text in (sound.replace("2021", "2099"), sound, sound.replace('"2021"', "5")):
        repo.write({"Cargo.toml": text})
        first = check()["findings"]
        assert check()["findings"] == first
        assert [one["code"] for one in first] == ([] if text == sound else ["PD008"])


def test_a_member_whose_root_has_less(check: Check, repo: Repo) -> None:
    """What a member inherits is looked at again where the root's part of it is another one."""
    root = package("alpha") + '[workspace]\nmembers = ["member"]\n[workspace.package]\n'
    member = MEMBER.replace('version = "0.1.0"', "version.workspace = true")
    for shared, said in (('version = "0.1.0"', []), ('license = "MIT"', ["PD008"]), ('version = "0.2.0"', [])):
        repo.commit("more", {"Cargo.toml": f"{root}{shared}\n", "member/Cargo.toml": member})
        for _ in range(2):
            assert [one["code"] for one in check()["findings"]] == said


def test_a_member_of_a_package_that_is_no_workspace(check: Check, repo: Repo) -> None:
    """A manifest in which its schema finds nothing is not thereby one that inherits rightly."""
    member = MEMBER.replace('version = "0.1.0"', 'version.workspace = true\nworkspace = ".."')
    repo.commit("more", {"member/Cargo.toml": member})
    for _ in range(3):
        assert [one["code"] for one in check()["findings"]] == ["PD008"]


def test_an_index_that_changes_while_git_lists_it(check: Check, repo: Repo) -> None:
    """The list may be that of another one, and is not remembered."""
    place = str(repo.path)
    known = KnownRepositories(str(repo.path.parent), os.environ)
    assert known.listing(place) is not None
    repo.write({"member/Cargo.toml": MEMBER})
    keep = known.while_listed(place)
    repo.git("add", "member")
    keep(_listing(place))
    known.save()
    assert KnownRepositories(str(repo.path.parent), os.environ).listing(place) is None
    assert check.crates() == ["alpha", "member"]


def _listing(folder: str) -> bytes:
    repository = Repository(folder, sibling=True)
    repository.tree()
    repository.close()
    assert repository.listing is not None
    return repository.listing


def test_a_large_index(check: Check, repo: Repo) -> None:
    """It is not remembered: git lists it as fast as it would be read."""
    repo.commit("more", {f"{number}/{'x' * 200}": "" for number in range(300)})
    check()
    check()
    assert check.has_listed()


def test_a_check_of_a_commit_forgets_no_index(check: Check) -> None:
    """The plan of a release looks at commits alone."""
    assert main(["check", "--offline", "--source", "HEAD"]) == 0
    check()
    assert not check.has_listed()


def test_nothing_is_written_where_nothing_is_new(check: Check, tmp_path: Path) -> None:
    """The file stays as it is."""
    check()
    (file,) = (tmp_path / "stack/.cache/repositories-v1").iterdir()
    before = file.stat().st_mtime_ns, file.stat().st_ino
    check()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
    assert file.stat().st_mode & 0o777 == 0o600
