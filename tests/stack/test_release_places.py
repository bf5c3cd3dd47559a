"""Releases from places that are not plain checkouts, and with tags and commits that git has to sign."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile import HostileRegistry
from tests.support.process import run
from tests.support.real_release import RealStack
from tests.support.repos import Repo

pytestmark = pytest.mark.cargo

FAST = ("--publish", "--yes", "--no-verify-build", "--no-verify")


class Placed(RealStack):
    """A stack with one crate, `a`, whose checkout can be replaced."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        super().__init__(folder, registry)
        self.crate("a")

    def put(self, *clone: str) -> Repo:
        """Clone the remote anew in the place of the checkout, with these options of git's."""
        path = self.repo("a").path
        path.rename(self.place / "before")
        run(["git", *clone, self.remote("a").path.as_uri(), str(path)])
        return self.repo("a")

    def is_released(self, version: str = "0.1.0") -> bool:
        """Release, and whether crate, commit and tag are where they should be, here and there."""
        said = self.release(*FAST, "--format", "json")
        states = [one["state"] for one in json.loads(said.stdout)["releases"]]
        head, tag = self.repo("a").git("rev-parse", "HEAD"), f"va-{version}^{{commit}}"
        tags = {repo.git("rev-parse", tag) for repo in (self.repo("a"), self.remote("a"))}
        is_clean = self.repo("a").git("status", "--porcelain") == ""
        accepted = [(one.name, one.version) for one in self.registry.accepted]
        return states == ["done"] and tags == {head} and is_clean and accepted == [("a", version)]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Placed]:
    """One crate, never released."""
    with HostileRegistry() as registry:
        yield Placed(tmp_path, registry)


def test_signed(stack: Placed, tmp_path: Path) -> None:
    """Where git is configured to sign commits and tags, both are signed, and a clone of the remote can verify them."""
    key, repo = tmp_path / "key", stack.repo("a")
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "key", "-f", str(key)])
    (tmp_path / "signers").write_text(f"* {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    signing = {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
    }
    for name, value in {**signing, "commit.gpgSign": "true", "tag.gpgSign": "true"}.items():
        repo.git("config", name, value)
    repo.git("config", "log.showSignature", "true")  # which adds lines to what `git log` says
    stack.commit(repo, "signed", {"src/lib.rs": "// signed"})
    repo.git("config", "push.followTags", "true")
    repo.git("tag", "--annotate", "--message", "mine", "mine")
    assert stack.is_released()
    repo.git("verify-commit", "HEAD")
    repo.git("verify-tag", "va-0.1.0")
    assert stack.remote("a").git("tag", "--list") == "va-0.1.0", "a tag that is no part of the release stays here"


@pytest.mark.parametrize("key", ["color = 'always'", "quiet = true"])
def test_cargo_as_it_is_configured_for_people(stack: Placed, key: str) -> None:
    """Cargo's words are read, and passed on in plain text, whatever its configuration says of a terminal."""
    home = stack.place / "home"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f"[term]\n{key}\n", encoding="utf-8")
    stack.commit(stack.repo("a"), "broken", {"src/lib.rs": "fn x( {"})
    stack.repo("a").git("push", "--quiet")
    said = stack.release("--publish", "--yes", "--no-verify", code=1)
    assert "\n    error: this file contains an unclosed delimiter\n" in said.stderr
    assert "Verifying a v0.1.0" in said.stderr
    assert "x1b" not in said.stderr


@pytest.mark.slow
def test_cannot_sign(stack: Placed) -> None:
    """A key that is not there stops the release before anything is pushed or uploaded, in git's own words."""
    repo = stack.repo("a")
    for name, value in {"gpg.format": "ssh", "user.signingKey": "/nowhere/key", "commit.gpgSign": "true"}.items():
        repo.git("config", name, value)
    head = repo.git("rev-parse", "HEAD")
    said = stack.release(*FAST, code=1)
    assert "/nowhere/key" in said.stderr
    assert "to go on: batuta-stack release --resume" in said.stderr
    assert (repo.git("rev-parse", "HEAD"), stack.registry.accepted) == (head, [])
    repo.git("config", "commit.gpgSign", "false")
    assert stack.is_released()


@pytest.mark.slow
def test_shallow(stack: Placed) -> None:
    """From a shallow clone."""
    stack.commit(stack.repo("a"), "second", {"src/lib.rs": "// second"})
    stack.repo("a").git("push", "--quiet")
    repo = stack.put("clone", "--quiet", "--depth=1")
    assert repo.git("rev-parse", "--is-shallow-repository") == "true"
    assert stack.is_released()


def test_worktree(stack: Placed) -> None:
    """From a worktree of a repository that lies elsewhere."""
    path = stack.repo("a").path
    stack.put("clone", "--quiet", "--no-checkout")
    main = stack.place / "main"
    path.rename(main)
    Repo(main).git("checkout", "--quiet", "--detach")
    Repo(main).git("worktree", "add", "--quiet", str(path), "main")
    assert (path / ".git").is_file()
    assert stack.is_released()


@pytest.mark.slow
def test_submodule(stack: Placed) -> None:
    """With a submodule in the package: its files are published, and the release commit keeps it where it is."""
    stack.repository("z", {"notes.txt": "notes"})
    repo = stack.repo("a")
    allowed = {**os.environ, "GIT_ALLOW_PROTOCOL": "file"}
    run(["git", "submodule", "--quiet", "add", str(stack.remote("z").path), "data"], cwd=repo.path, env=allowed)
    stack.commit(repo, "data")
    Repo(repo.path / "data").commit("not in the release", {"more.txt": "more"})
    Repo(repo.path / "data").git("checkout", "--quiet", "HEAD^")
    repo.git("push", "--quiet")
    assert stack.is_released()
    with tarfile.open(fileobj=io.BytesIO(stack.registry.accepted[0].archive)) as archive:
        assert {name for name in archive.getnames() if "/data/" in name and "txt" in name} == {"a-0.1.0/data/notes.txt"}
    assert repo.git("ls-tree", "HEAD", "data").split()[:2] == ["160000", "commit"]


@pytest.mark.slow
def test_sha256(stack: Placed) -> None:
    """From a repository whose names are SHA-256."""
    path, remote = stack.repo("a").path, stack.remote("a").path
    files = {name: (path / name).read_text() for name in ("Cargo.toml", "src/lib.rs", "README.md", ".gitignore")}
    path.rename(stack.place / "before")
    remote.rename(stack.place / "remote before")
    run(["git", "init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(path)])
    run(["git", "init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", str(remote)])
    repo = Repo(path)
    stack.commit(repo, "first", files)
    repo.git("remote", "add", "origin", str(remote))
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    assert stack.is_released()
