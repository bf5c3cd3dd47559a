"""Gates elsewhere: sent to an executor, run on what the remote has, brought back with their logs."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.domain.config import Config, Gate, Quality
from batuta_hooks.stack.gate_errand import errand, run_elsewhere, run_errand
from batuta_hooks.stack.gate_values import GateResult, Going
from batuta_hooks.stack.gates import Gated, Gates
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

QUALITY = Quality(lint_command="true", test_command="pwd", coverage_command="", audit="skip")
QUALITY = QUALITY._replace(coverage_command="echo '95.00% coverage, 95/100 lines covered'")


class Stack:
    """Repositories with remotes, and their gates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gated: list[Gated] = []
        self.told: list[tuple[str, str, str]] = []

    def add(self, name: str, **quality: Any) -> Repo:
        """A repository whose remote has what is checked out."""
        repo = make_repo(self.folder / name, {"Cargo.toml": package(name), "src/lib.rs": ""})
        remote = self.folder / "remotes" / f"{name}.git"
        run(["git", "init", "--quiet", "--bare", str(remote)])
        repo.git("remote", "add", "origin", f"../remotes/{name}.git")
        repo.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
        config = Config(quality=QUALITY._replace(**quality), gates=(Gate("more", "echo more; ls src", per="crate"),))
        self.gated.append(Gated(name, str(repo.path), {name: Going("")}, 1, config))
        return repo

    def gates(self, *, uses_cache: bool = True) -> Gates:
        """The gates, none of them run."""
        return Gates(self.gated, str(self.folder / "own"), uses_cache=uses_cache)

    def run(self, at_once: int = 2) -> dict[str, list[GateResult]]:
        """Run them by threads."""
        places = {one.path: ("origin", Repo(Path(one.folder)).git("rev-parse", "HEAD")) for one in self.gated}
        with ThreadPoolExecutor(2) as executor:
            return run_elsewhere(self.gates(), places, executor, at_once, self._tell)

    def _tell(self, path: str, result: GateResult) -> None:
        self.told.append((path, result.name, result.state))


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """No repository yet."""
    return Stack(tmp_path)


def states(results: list[GateResult]) -> dict[str, str]:
    """The state of each gate that runs a command."""
    return {one.name: one.state for one in results if one.name in ("lint", "tests", "coverage", "more")}


PASSED = dict.fromkeys(("lint", "tests", "coverage", "more"), "passed")


def test_elsewhere(stack: Stack) -> None:
    """They run in a folder that is not the checkout, tell as others do, and count as passed after that."""
    stack.add("a")
    stack.add("b")
    found = stack.run()
    assert [states(found[name]) for name in ("a", "b")] == [PASSED, PASSED]
    assert ("a", "tests", "passed") in stack.told
    tests = next(one for one in found["a"] if one.name == "tests")
    assert Path(tests.log).is_relative_to(stack.folder / "own" / "logs")
    ran_in = Path(tests.log).read_text().strip()
    assert not Path(ran_in).is_relative_to(stack.folder)
    assert not Path(ran_in).exists()
    assert next(one.figure for one in found["a"] if one.name == "coverage") == 95.0
    assert states(stack.run()["a"]) == dict.fromkeys(PASSED, "cached")
    assert states(stack.gates().pending()["a"]) == dict.fromkeys(PASSED, "cached")


def test_not_pushed(stack: Stack) -> None:
    """What the remote does not have cannot be checked out: the mend is to push it."""
    stack.add("a").commit("mine alone", {"src/lib.rs": "// 1"})
    (failed,) = [one for one in stack.run()["a"] if one.state == "failed"]
    assert failed.name == "git-clean"
    assert failed.detail.endswith(": push it")
    assert "remotes" not in failed.detail


def test_stops_at_the_first_failure(stack: Stack) -> None:
    """The line stops: nothing begins after a failure, and the log of what failed is here."""
    stack.add("a", lint_command="echo 'this is why'; exit 1")
    stack.add("b")
    found = stack.run(at_once=1)
    failed = found["a"][-4]
    assert (failed.name, failed.state) == ("lint", "failed")
    assert Path(failed.log).read_text() == "this is why\n"
    assert states(found["a"]) == {"lint": "failed", "tests": "pending", "coverage": "pending", "more": "pending"}
    assert states(found["b"]) == dict.fromkeys(PASSED, "pending")


def test_dirty_here(stack: Stack) -> None:
    """A checkout with changes is told before anything is sent away."""
    (stack.add("a").path / "src" / "lib.rs").write_text("// 1")
    found = stack.run()["a"]
    assert (found[0].name, found[0].state, "src/lib.rs" in found[0].detail) == ("git-clean", "failed", True)
    assert states(found) == dict.fromkeys(PASSED, "pending")


def test_lost(stack: Stack) -> None:
    """A process that ends in the middle is told as a failure, and nothing counts as passed."""
    head = stack.add("a", test_command="kill -9 $PPID").git("rev-parse", "HEAD")
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        found = run_elsewhere(stack.gates(), {"a": ("origin", head)}, executor, 2)["a"]
    assert found[0].detail.startswith("whoever ran the gates elsewhere failed: ")
    assert states(found) == dict.fromkeys(PASSED, "pending")


def test_errand(stack: Stack) -> None:
    """It is plain values, and holds no password; what passed before goes along and is not run."""
    repo = stack.add("a")
    known = [GateResult("tests", "cached", 1.0)]
    given = errand(stack.gated[0], "origin", repo.git("rev-parse", "HEAD"), known)
    assert pickle.loads(pickle.dumps(given)) == given  # as Dask does
    assert given.url == str(stack.folder / "remotes" / "a.git")
    found = run_errand(given)
    assert next(one for one in found.results if one.name == "tests") == known[0]
    assert all(one.log == "" for one in found.results)
    for url, wanted in (
        ("https://me:secret@example.com/a.git", "https://example.com/a.git"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("ssh://git@example.com/a.git", "ssh://git@example.com/a.git"),
    ):
        repo.git("remote", "set-url", "origin", url)
        assert errand(stack.gated[0], "origin", "HEAD", []).url == wanted
