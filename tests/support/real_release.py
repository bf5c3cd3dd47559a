"""Stacks that are really released: bare remotes, the user's cargo, and a registry on loopback that takes uploads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.overlay import Answer
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

LICENSED = 'description = "d"\nlicense = "MIT"'
QUALITY = (
    '[quality]\nlint_command = "true"\ntest_command = "true"\naudit = "skip"\n'
    "coverage_command = \"echo '95.00% coverage, 95/100 lines covered'\"\n"
)
_DAY = "2026-11-20T12:00:00+0000"


class RealStack:
    """A stack with a bare remote for each repository.

    Args:
        folder: an empty folder for all of it.
        registry: is `registry.default` in the stack, and stands for crates.io.
    """

    def __init__(self, folder: Path, registry: AcceptingRegistry) -> None:
        self.place = folder
        self.folder = folder / "stack"
        self.registry = registry
        for name in ("stack/.cargo", "remotes", "tmp", "home", "cache"):
            (folder / name).mkdir(parents=True)
        (self.folder / "batuta-stack.toml").write_text(QUALITY, encoding="utf-8")
        self.configure()

    def configure(self) -> None:
        """Write cargo's configuration above the checkouts."""
        lines = f'[registry]\ndefault = "loop"\n[registries.loop]\nindex = "{self.registry.index_url}"\n'
        lines += '[source.crates-io]\nreplace-with = "loop"\n[net]\nretry = 0\n'
        (self.folder / ".cargo" / "config.toml").write_text(lines, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """Variables for commands in the stack."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_", "BATUTA_"))}
        return {
            **kept,
            "CARGO_HOME": str(self.place / "home"),
            "CARGO_REGISTRIES_LOOP_TOKEN": "loopback",
            "BATUTA_CACHE_DIR": str(self.place / "cache"),
            "TMPDIR": str(self.place / "tmp"),
        }

    def repository(self, name: str, files: Mapping[str, str]) -> Repo:
        """A repository and its remote, at a time that is always the same."""
        repo = make_repo(self.folder / name, {".gitignore": "/target\n", **files}, commit=False)
        remote = self.place / "remotes" / f"{name}.git"
        run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(remote)])
        self.commit(repo, "first")
        repo.git("remote", "add", "origin", str(remote))
        repo.git("push", "--quiet", "--set-upstream", "origin", "main")
        return repo

    @property
    def program(self) -> list[str]:
        """How ``batuta-stack`` is run."""
        return [sys.executable, "-m", "batuta_hooks.cli"]

    @staticmethod
    def refusal() -> Answer:
        """What a registry answers that does not take an upload."""
        body = json.dumps({"errors": [{"detail": "not this one"}]}).encode()
        return Answer(403, body, (("Content-Type", "application/json"),))

    def remote(self, name: str) -> Repo:
        """The remote of a repository."""
        return Repo(self.place / "remotes" / f"{name}.git")

    def repo(self, name: str) -> Repo:
        """The checkout of a repository."""
        return Repo(self.folder / name)

    def crate(self, name: str, needs: str = "", *, version: str = "0.1.0") -> Repo:
        """A repository with one crate at its top; `needs` are lines of its dependencies."""
        text = package(name, f"[dependencies]\n{needs}\n" if needs else "", version=version, keys=LICENSED)
        return self.repository(name, {"Cargo.toml": text, "src/lib.rs": "", "README.md": f"# {name}\n"})

    def commit(self, repo: Repo, message: str, files: Mapping[str, str] | None = None) -> None:
        """Commit everything, as of a fixed day."""
        repo.write(files or {})
        repo.git("add", "--all")
        env = {**os.environ, "GIT_AUTHOR_DATE": _DAY, "GIT_COMMITTER_DATE": _DAY}
        run(["git", "commit", "--quiet", "--no-verify", "--allow-empty", "--message", message], cwd=repo.path, env=env)

    def release(
        self, *arguments: str, code: int | None = 0, env: Mapping[str, str] | None = None, script: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run ``batuta-stack release`` in the stack."""
        command = [sys.executable, *(script or ("-m", "batuta_hooks.cli")), "release", *arguments]
        return run(command, cwd=self.folder, env={**self.environment, **(env or {})}, code=code)

    def state(self) -> dict[str, Any]:
        """All that a release leads to: registry, remotes, tags, commits and checkouts."""
        found: dict[str, Any] = {
            "registry": sorted(
                (one.name, one.version, hashlib.sha256(one.archive).hexdigest()) for one in self.registry.accepted
            )
        }
        for path in sorted(self.folder.iterdir()):
            if not (path / ".git").exists():
                continue
            repo = Repo(path)
            remote = Repo(self.place / "remotes" / f"{path.name}.git")
            refs = ("for-each-ref", "--format=%(refname) %(objectname)")
            found[path.name] = {
                "remote": remote.git(*refs),
                "refs": repo.git(*refs),
                "head": repo.git("rev-parse", "HEAD"),
                "status": repo.git("status", "--porcelain", "--untracked-files=all"),
                "locks": sorted(str(lock) for lock in (path / ".git").rglob("*.lock")),
            }
        return found
