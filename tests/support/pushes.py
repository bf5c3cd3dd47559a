"""Real pushes to real bare remotes, and what the remotes have afterwards.

pushing = Pushing.make(tmp_path, {"Cargo.toml": package("a")})   # `main` is on `origin`
install_native(pushing.repo)
pushing.repo.git("tag", "v0.2.0")
pushing.refused("origin", "v0.2.0")     # what was said; the remote is as it was
pushing.accepted("origin", "main")      # what was said
pushing.refs()                          # {"refs/heads/main": "…"}
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.house.repository import ROOT
from tests.support.process import run
from tests.support.repos import Repo

BIN = Path(sys.executable).parent
"""Where the guards are installed."""


class Pushing(NamedTuple):
    """A repository, and a bare remote that it calls ``origin``."""

    repo: Repo
    remote: Repo

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str | bytes], *, object_format: str = "sha1") -> Pushing:
        """Make both in a folder, with a first commit of these files, which the remote has on ``main``."""
        repo = folder / "r"
        repo.mkdir(parents=True)
        run(["git", "init", "--quiet", "--initial-branch", "main", f"--object-format={object_format}"], cwd=repo)
        Repo(repo).commit("first", files)
        remote = bare_remote(folder / "remote.git", object_format=object_format)
        made = cls(Repo(repo), remote)
        made.repo.git("remote", "add", "origin", remote.path)
        made.repo.git("push", "--quiet", "--no-verify", "origin", "main")
        return made

    def refs(self, remote: Repo | None = None) -> dict[str, str]:
        """What the remote, or another one, has: object by ref."""
        return refs_of(remote or self.remote)

    def accepted(self, *arguments: str | Path) -> str:
        """Push what goes through; returns what was said."""
        return run(["git", "push", *arguments], cwd=self.repo.path).stderr

    def refused(self, *arguments: str | Path, remote: Repo | None = None) -> str:
        """Push what a hook must stop: the remote, or another one, keeps what it had.  Returns what was said."""
        before = self.refs(remote)
        done = run(["git", "push", *arguments], cwd=self.repo.path, code=1)
        assert self.refs(remote) == before
        return done.stderr


def bare_remote(place: Path, *, object_format: str = "sha1") -> Repo:
    """An empty bare repository to push to."""
    run(["git", "init", "--quiet", "--bare", f"--object-format={object_format}", place])
    return Repo(place)


def refs_of(remote: Repo) -> dict[str, str]:
    """The object that each ref of a repository names."""
    lines = remote.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return {name: oid for name, _, oid in (line.partition(" ") for line in lines)}


def install_native(repo: Repo) -> None:
    """Put the hook scripts of this repository where git looks for hooks; the guards must be on PATH."""
    place = repo.path / repo.git("rev-parse", "--git-path", "hooks")
    shutil.copytree(ROOT / "hooks", place, dirs_exist_ok=True)
