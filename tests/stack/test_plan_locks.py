"""Lock files in a plan: what is told before is what cargo makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.stack.plan_locks import locked_anew
from batuta_hooks.stack.plan_values import LockChange
from batuta_hooks.stack.release import diffs
from tests.support.process import run
from tests.support.real_release import LICENSED, RealStack
from tests.support.registry import FaultyRegistry
from tests.support.releases import ReleaseStack
from tests.support.repos import package

FROM = 'source = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "{}"\n'.format("0" * 64)
LOCK = (
    'version = 4\n\n[[package]]\nname = "a"\nversion = "0.1.0"\n'
    + FROM
    + '\n[[package]]\nname = "b"\nversion = "0.1.0"\ndependencies = [\n "a",\n]\n'
)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealStack]:
    """An empty stack beside an empty registry."""
    with AcceptingRegistry(lambda _path: None) as registry:
        yield RealStack(tmp_path, registry)


@pytest.mark.slow
@pytest.mark.cargo
def test_agrees_with_cargo(real: RealStack) -> None:
    """Own packages, those never published among them, and a crate of an earlier wave, as cargo then locks them."""
    publish = ("--publish", "--yes", "--no-verify", "--no-verify-build", "--quiet")
    a = real.crate("a")
    real.release("a", *publish)
    top = package("b", '[dependencies]\na = "0.1.0"\n\n[workspace]\nmembers = ["tool"]\n', keys=LICENSED)
    top = top.replace('version = "0.1.0"', "version.workspace = true", 1) + '[workspace.package]\nversion = "0.1.0"\n'
    tool = '[package]\nname = "tool"\nversion.workspace = true\npublish = false\n'
    tool += '[dependencies]\nb = { path = "..", version = "0.1.0" }\n'
    files = {"Cargo.toml": top, "src/lib.rs": "", "tool/Cargo.toml": tool, "tool/src/lib.rs": ""}
    b = real.repository("b", files)
    run(["cargo", "generate-lockfile", "--quiet"], cwd=b.path, env=real.environment)
    real.commit(b, "lock")
    b.git("push", "--quiet", "origin", "main")
    real.release("b", *publish)
    for repo in (a, b):
        real.commit(repo, "change", {"src/lib.rs": "// 1\n"})
        repo.git("push", "--quiet", "origin", "main")
    planned = json.loads(real.release("--dry-run", "--format", "json").stdout)["repositories"][1]["locks"]
    changes = [LockChange(**one) for one in planned]
    assert {(one.package, one.before, one.after, one.is_registry) for one in changes} == {
        ("a", "0.1.0", "0.1.1", True),
        ("b", "0.1.0", "0.1.1", False),
        ("tool", "0.1.0", "0.1.1", False),
    }
    wanted = locked_anew((b.path / "Cargo.lock").read_text(), changes)
    real.release(*publish)
    found = b.git("show", "HEAD:Cargo.lock")
    assert _plain(found) == _plain(wanted)
    assert found.rstrip("\n") != wanted.rstrip("\n")


def _plain(lock: str) -> str:
    return re.sub('checksum = ".*"', "checksum", lock).rstrip("\n")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry."""
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


@pytest.mark.slow
@pytest.mark.cargo
def test_bumped_by_hand(real: RealStack) -> None:
    """Versions and requirements that were raised by hand, their lock file forgotten: it goes along, once it can."""
    publish = ("--publish", "--yes", "--no-verify", "--no-verify-build", "--quiet")
    a, b = real.crate("a"), real.crate("b", 'a = "0.1.0"')
    real.release("a", *publish)
    run(["cargo", "generate-lockfile", "--quiet"], cwd=b.path, env=real.environment)
    for repo in (a, b):
        text = (repo.path / "Cargo.toml").read_text(encoding="utf-8").replace('"0.1.0"', '"0.2.0"')
        real.commit(repo, "by hand", {"Cargo.toml": text, "src/lib.rs": "// 2\n"})
        repo.git("push", "--quiet", "origin", "main")
    told = json.loads(real.release("--dry-run", "--format", "json").stdout)
    assert (told["waves"], told["blocked"]) == ([["a"], ["b"]], [])
    changes = [LockChange(**one) for one in told["repositories"][1]["locks"]]
    assert [(one.package, one.before, one.after) for one in changes] == [("b", "0.1.0", "0.2.0")]
    assert "b: the lock file is stale: it names `b` 0.1.0" in "".join(told["warnings"])
    assert "The rehearsal passed" in real.release("--rehearse", "--no-verify-build").stdout
    real.release(*publish)
    assert [(one.name, one.version) for one in real.registry.accepted][1:] == [("a", "0.2.0"), ("b", "0.2.0")]
    assert b.git("show", "--format=", "--name-only", "HEAD") == "Cargo.lock"
    assert {one["version"] for one in tomli.loads((b.path / "Cargo.lock").read_text("utf-8"))["package"]} == {"0.2.0"}


def test_in_the_diff(stack: ReleaseStack) -> None:
    """The lock file's lines stand beside the manifest's; a checksum that nobody knows yet is not made up."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1.0"', files={"Cargo.lock": LOCK}).commit("x", {"src/lib.rs": "// 1"})
    lines = diffs(stack.prepared())["b"]
    found = lines[lines.index("+++ b/Cargo.lock") :]
    assert [line for line in found if line[0] == "+"][1:] == [
        '+version = "0.1.1"',
        '+checksum = "known once it is published"',
        '+version = "0.1.1"',
    ]
    assert len([line for line in found if line[0] == "-"]) == 3


def test_satisfied_lock(stack: ReleaseStack) -> None:
    """What is locked stays where it satisfies the requirement; a lock file that cannot be read is cargo's to refuse."""
    stack.configure('[release]\nrequirements = "keep"\n')
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1"', files={"Cargo.lock": LOCK, "sub/Cargo.lock": "version = 9"}).commit(
        "x", {"src/lib.rs": "// 1"}
    )
    changes = next(one.locks for one in stack.plan().repositories if one.path == "b")
    assert changes == (LockChange("Cargo.lock", "b", "0.1.0", "0.1.1", is_registry=False),)


def test_two_versions() -> None:
    """Where a lock file names a package twice, it is told apart by its version, in what needs it too."""
    twice = LOCK.replace('"a",', '"a 0.1.0",') + '\n[[package]]\nname = "a"\nversion = "0.2.0"\n' + FROM
    found = locked_anew(twice, [LockChange("Cargo.lock", "a", "0.1.0", "0.1.4", is_registry=True)])
    assert found.count('version = "0.1.4"') == 1
    assert (' "a 0.1.4",' in found, found.count("0.2.0")) == (True, 1)
