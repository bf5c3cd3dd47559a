"""Real git repositories for tests.

repo = make_repo(tmp_path / "lib", {"Cargo.toml": package("lib")})
repo.write({"Cargo.toml": package("lib", '[dependencies]\\nx = { path = "../x" }')})
repo.commit("use x")
repo.git("tag", "v0.1.0")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.process import run


class Repo:
    """A git repository in a folder of its own.

    Attributes:
        path: its top folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str | Path, code: int | None = 0) -> str:
        """Run git here and return what it printed, without the last line break; ``code`` as in `run`."""
        return run(["git", *arguments], cwd=self.path, code=code).stdout.removesuffix("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files, by path relative to the top folder, without adding them to git."""
        for path, content in files.items():
            file = self.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "a change", files: Mapping[str, str | bytes] | None = None) -> str:
        """Write ``files``, commit everything here with hooks left out, and return the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def make_repo(path: Path, files: Mapping[str, str | bytes] | None = None, *, commit: bool = True) -> Repo:
    """Make a repository with these files, on branch ``main``; committed, unless it shall have no commit yet."""
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch", "main")
    repo.write(files or {})
    if commit:
        repo.commit("first")
    return repo


def package(name: str, rest: str = "", *, version: str | None = "0.1.0", keys: str = "") -> str:
    """A manifest: ``[package]`` with name, version, edition and further ``keys``, then ``rest`` as it stands."""
    lines = ["[package]", f'name = "{name}"', 'edition = "2021"', keys]
    if version is not None:
        lines.insert(2, f'version = "{version}"')
    return "\n".join(line for line in lines if line) + f"\n\n{rest}\n"
