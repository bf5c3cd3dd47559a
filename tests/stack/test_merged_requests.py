"""Which commit a proposed release was merged as, by git alone: by any way, with anything before and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.processes import Processes
from batuta_hooks.stack.release_cargo import Cargo
from batuta_hooks.stack.release_world import Registries, Repo
from batuta_hooks.stack.steps.request import Merge, Propose, PushRequest, Request
from batuta_hooks.stack.steps.site import Pace, Site
from batuta_hooks.stack.steps.step import Waiting
from tests.support import repos
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.releases import NOW, ReleaseStack


def _tell_nobody(clause: str, crate: str = "") -> None:
    """Tell nothing."""


class Proposed:
    """A crate in a repository with a remote, changed since it was published."""

    def __init__(self, folder: Path, stack: ReleaseStack) -> None:
        self.stack = stack
        self.processes = Processes()
        self._work = folder / "work"
        stack.configure('[release]\nmode = "pull-request"\n')
        self.repo = stack.crate("a", files={"CHANGELOG.md": "# Changelog\n"})
        self.remote = repos.Repo(folder / "a.git")
        run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote.path)])
        self.repo.git("remote", "add", "origin", str(self.remote.path))
        self.repo.commit("fix: it", {"src/lib.rs": "// 1"})
        self.repo.git("push", "--quiet", "origin", "HEAD:main")
        self._clone = folder / "clone"
        self._number = 0

    def request(self) -> Request:
        """The request of the plan as it is now."""
        prepared = self.stack.prepared()
        own = prepared.plan.repositories[0]
        self._number += 1
        work = self._work / str(self._number)
        work.mkdir(parents=True)
        cargo = Cargo(self.processes, str(work))
        registries = Registries(Asking(NOW))
        repo = Repo(str(self.repo.path), "origin")
        site = Site(repo, prepared.plan, own, str(self.stack.folder), cargo, registries, Pace(), _tell_nobody)
        return Request(site, 1, ["a"])

    def on_remote(self, work: Callable[[repos.Repo], object]) -> str:
        """Do something to the remote's branch; the commit that it is at then."""
        run(["git", "clone", "--quiet", str(self.remote.path), str(self._clone)])
        clone = repos.Repo(self._clone)
        work(clone)
        clone.git("push", "--quiet", "origin", "HEAD:main")
        run(["rm", "-rf", str(self._clone)])
        return self.remote.git("rev-parse", "main")

    def advance(self, file: str, text: str = "x") -> str:
        """Somebody else's commit."""
        return self.on_remote(lambda clone: clone.commit(file, {file: text}))


@pytest.fixture
def proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proposed]:
    """Not proposed yet."""
    with FaultyRegistry() as registry:
        made = Proposed(tmp_path, ReleaseStack(tmp_path / "stack", registry, monkeypatch))
        with made.processes:
            yield made


def pushed(proposed: Proposed) -> Request:
    """Propose it, and push that."""
    request = proposed.request()
    assert Propose(request).look() is None
    Propose(request).act()
    assert PushRequest(request).look() is None
    PushRequest(request).act()
    assert Propose(request).look() == PushRequest(request).look() == request.proposed()
    assert Merge(request).look() is None
    with pytest.raises(Waiting, match="the merge of batuta/release-"):
        Merge(request).act()
    return request


def merge(clone: repos.Repo, branch: str) -> None:
    """By a merge commit."""
    clone.git("merge", "--quiet", "--no-ff", "--message", "words", f"origin/{branch}")


def squash(clone: repos.Repo, branch: str) -> None:
    """In one commit, under other words."""
    clone.git("merge", "--quiet", "--squash", f"origin/{branch}")
    clone.git("commit", "--quiet", "--message", "words")


def reviewed(clone: repos.Repo, branch: str) -> None:
    """The same, with its changelog written anew."""
    clone.git("merge", "--quiet", "--squash", f"origin/{branch}")
    clone.write({"CHANGELOG.md": "# Changelog\n\n## 0.1.1\n\nbetter words\n"})
    clone.git("commit", "--quiet", "--all", "--message", "words")


def rebase(clone: repos.Repo, branch: str) -> None:
    """As a commit of another id."""
    clone.git("checkout", "--quiet", "--detach", f"origin/{branch}")
    clone.git("rebase", "--quiet", "--force-rebase", "origin/main")


@pytest.mark.parametrize(("way", "forgets"), [(merge, True), (squash, True), (reviewed, False), (rebase, True)])
def test_merged(proposed: Proposed, way: Callable[[repos.Repo, str], None], forgets: bool) -> None:
    """The first commit of the branch with the change, with commits of others around it; its branch may be gone."""
    request = pushed(proposed)
    proposed.advance("before.txt")
    wanted = proposed.on_remote(lambda clone: way(clone, request.branch))
    proposed.advance("after.txt")
    proposed.advance("Cargo.toml", proposed.remote.git("show", "main:Cargo.toml") + "\n# somebody's comment\n")
    if forgets:
        proposed.remote.git("update-ref", "-d", f"refs/heads/{request.branch}")
    for step in (Propose(request), PushRequest(request), Merge(request)):
        assert step.look() == wanted
    proposed.repo.git("pull", "--quiet", "origin", "main")
    assert Merge(request).look() == wanted


def test_other_version(proposed: Proposed) -> None:
    """A merge that names another version is nothing to go on with."""
    request = pushed(proposed)

    def review(clone: repos.Repo) -> None:
        clone.git("merge", "--quiet", "--no-ff", "--no-commit", f"origin/{request.branch}")
        clone.write({"Cargo.toml": (clone.path / "Cargo.toml").read_text().replace("0.1.1", "0.1.7")})
        clone.git("commit", "--quiet", "--all", "--message", "words")

    proposed.on_remote(review)
    with pytest.raises(BatutaError, match="its manifests name other versions"):
        Merge(request).look()


def test_reverted_lines(proposed: Proposed) -> None:
    """A manifest that cannot be read is no merge."""
    request = pushed(proposed)
    proposed.advance("Cargo.toml", "[package\n")
    assert Merge(request).look() is None


def test_no_branch(proposed: Proposed) -> None:
    """A remote without the branch to merge into is told."""
    request = proposed.request()
    proposed.remote.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(BatutaError, match="origin has no branch main to merge into"):
        Propose(request).look()


def test_nothing_to_propose(proposed: Proposed) -> None:
    """A version that the branch has already goes out from where the branch is; once published, from there for ever."""
    text = (proposed.repo.path / "Cargo.toml").read_text().replace('"0.1.0"', '"0.2.0"')
    proposed.repo.commit("by hand", {"Cargo.toml": text, "CHANGELOG.md": "# Changelog\n\n## 0.2.0\n"})
    request = proposed.request()
    assert Propose(request).look() is None  # it was not pushed: a request brings it there
    proposed.repo.git("push", "--quiet", "origin", "HEAD:main")
    head = proposed.repo.git("rev-parse", "HEAD")
    assert Propose(request).look() == Merge(request).look() == head
    proposed.stack.publish(proposed.repo)
    proposed.advance("after.txt")
    assert Merge(request).look() == head


def test_how_to_open(proposed: Proposed) -> None:
    """A repository of GitHub's gets an address too."""
    request = proposed.request()
    assert "github.com" not in request.how_to_open()
    for url in ("https://github.com/o/r.git", "git@github.com:o/r", "ssh://git@github.com/o/r.git"):
        proposed.repo.git("remote", "set-url", "origin", url)
        assert f"https://github.com/o/r/compare/main...{request.branch}?expand=1" in request.how_to_open()
