"""Releases to crates.io where another place stands for it: crates.io itself is asked too, and is where they go.

Two registries on loopback: a mirror, by source replacement, and what cargo's own test variable makes crates.io.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.overlay import Overlay
from batuta_hooks.stack.release_registry import united
from tests.support.real_release import RealStack

pytestmark = pytest.mark.cargo

COMMAND = ("--publish", "--yes", "--no-verify", "--no-verify-build")


class Mirrored(RealStack):
    """A stack that knows crates.io through a mirror, which has what it had when it was last brought up to date."""

    def __init__(self, folder: Path, registry: AcceptingRegistry) -> None:
        self.known: dict[str, bytes | None] = {}
        self.mirror = Overlay(self.read)
        self.is_late = False
        self.registry = registry
        super().__init__(folder, registry)

    def read(self, path: str) -> bytes | None:
        """What the mirror has at a path."""
        if not self.is_late or path not in self.known:
            self.known[path] = None if self.is_late else self.registry.read(path)
        return self.known[path]

    def configure(self) -> None:
        """Write cargo's configuration above the checkouts."""
        lines = '[source.crates-io]\nreplace-with = "mirror"\n'
        lines += f'[source.mirror]\nregistry = "{self.mirror.index_url}"\n[net]\nretry = 0\n'
        (self.folder / ".cargo" / "config.toml").write_text(lines, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """Variables for commands in the stack."""
        return {**super().environment, **self.registry.cargo_variables()}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Mirrored]:
    """A crate that was released once, and then changed."""
    with AcceptingRegistry(lambda _path: None) as registry:
        made = Mirrored(tmp_path, registry)
        repo = made.crate("a")
        made.release(*COMMAND)
        made.commit(repo, "change", {"src/lib.rs": "// 1\n"})
        repo.git("push", "--quiet", "origin", "main")
        yield made
        made.mirror.close()


def test_goes_to_crates_io(stack: Mirrored) -> None:
    """It is uploaded to crates.io by name, for cargo would not choose."""
    assert [(one.name, one.version) for one in stack.registry.accepted] == [("a", "0.1.0")]
    stack.release(*COMMAND)
    assert [one.version for one in stack.registry.accepted] == ["0.1.0", "0.1.1"]


@pytest.mark.slow
def test_late_mirror(stack: Mirrored) -> None:
    """What the mirror does not have yet is seen all the same: after a release, and before the next."""
    stack.is_late = True
    remote, kept = stack.remote("a"), stack.place / "kept"
    shutil.copytree(stack.place / "remotes", kept / "remotes")
    shutil.copytree(stack.folder / "a", kept / "a")
    stack.release(*COMMAND)
    assert [one.version for one in stack.registry.accepted] == ["0.1.0", "0.1.1"]
    assert json.loads(stack.release(*COMMAND, "--format", "json").stdout)["waves"] == []
    # another machine that knows nothing of all that
    shutil.rmtree(remote.path)
    shutil.rmtree(stack.folder / "a")
    shutil.copytree(kept / "remotes" / "a.git", remote.path)
    shutil.copytree(kept / "a", stack.folder / "a")
    found = json.loads(stack.release("--dry-run", "--format", "json", code=1).stdout)
    (blocked,) = found["blocked"]
    assert (blocked["crate"], "TC006" in blocked["by"]) == ("a", True)


def test_out_of_reach(stack: Mirrored) -> None:
    """A crates.io that does not answer is told, and the mirror's word counts."""
    gone = {"__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS": "sparse+http://127.0.0.1:9/index/"}
    said = stack.release("--dry-run", "--format", "json", env=gone)
    assert json.loads(said.stdout)["releases"][0]["next"] == "0.1.1"
    assert "crates.io itself could not be asked about a" in said.stderr
    before = len(stack.registry.log)
    said = stack.release("--dry-run", "--format", "json", "--offline", env=gone)
    assert ("could not be asked" in said.stderr, len(stack.registry.log)) == (False, before)


def test_united() -> None:
    """All versions of both places; yanked is what is yanked at crates.io itself."""
    here, there = Published(("0.1.0", "0.2.0"), ("0.3.0",)), Published(("0.2.0", "0.3.0", "0.4.0"), ("0.1.0",))
    assert united(here, there) == Published(("0.2.0", "0.3.0", "0.4.0"), ("0.1.0",))
    silent = Unknown("a", "it is down")
    assert (united(here, silent), united(silent, there)) == (here, there)
