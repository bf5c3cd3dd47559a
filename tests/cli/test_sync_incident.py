"""The incident of December 2025 end to end, with real hooks and the real cargo: found, mended, let through, aligned."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

from batuta_hooks.cli.app import main
from tests.support.crates import put_crate
from tests.support.online import go_online
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo, package

pytestmark = pytest.mark.cargo

GUARD = Path(sys.executable).with_name("batuta-path-deps")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The crates of the incident: trueno-db moved from arrow 53 to 54 in a patch release, renacer still asks for 53."""
    with FaultyRegistry() as registry:
        for version in ("53.4.1", "54.0.0", "54.3.1"):
            put_crate(registry, "arrow", version)
        put_crate(registry, "trueno-db", "0.3.3", {"arrow": "53"})
        put_crate(registry, "trueno-db", "0.3.4", {"arrow": "54"})
        put_crate(registry, "alimentar", "0.2.2", {"arrow": "54"})
        folder = tmp_path / "stack"
        go_online(monkeypatch, folder, registry)
        crate(folder, "trueno-db", "0.3.4", 'arrow = "54"')
        crate(folder, "alimentar", "0.2.2", 'arrow = "54"')
        crate(folder, "renacer", "0.6.2", 'arrow = { version = "53.0" } # reports\ntrueno-db = "0.3.4"')
        crate(folder, "entrenar", "0.2.2", 'trueno-db = "0.3.4"')
        yield folder


def crate(stack: Path, name: str, version: str, dependencies: str) -> Repo:
    """A repository of one crate, with the guard as its hook and the lock file that cargo makes."""
    manifest = package(name, f"[dependencies]\n{dependencies}", version=version)
    files = {"Cargo.toml": manifest, "src/lib.rs": "", ".gitignore": "target\n"}
    repo = make_repo(stack / name, files, commit=False)
    run(["cargo", "generate-lockfile", "--quiet"], cwd=repo.path)
    repo.commit("first")
    hook = repo.path / ".git/hooks/pre-commit"
    hook.write_text(f'#!/bin/sh\nexec "{GUARD}" --stage commit\n')
    hook.chmod(0o755)
    return repo


def arrows(repo: Path) -> list[str]:
    """The versions of arrow that the lock file names."""
    packages = tomli.loads((repo / "Cargo.lock").read_text())["package"]
    return [one["version"] for one in packages if one["name"] == "arrow"]


def test_the_incident(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The guard stops the commit, check names the line, sync mends it, the guard lets it pass, and a clone builds."""
    repo = Repo(stack / "entrenar")
    manifest = repo.path / "Cargo.toml"
    written = manifest.read_text() + 'alimentar = { path = "../alimentar" }\n'
    manifest.write_text(written)
    repo.git("add", "--all")
    stopped = run(["git", "commit", "--message", "use it"], cwd=repo.path, code=1)
    assert "PD001" in stopped.stdout + stopped.stderr
    assert main(["check", "entrenar"]) == 1
    assert main(["sync", "--yes"]) == 0
    assert "nothing is staged or committed" in capsys.readouterr().out
    assert manifest.read_text() == written.replace('{ path = "../alimentar" }', '"0.2.2"')
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "use it")
    run(["git", "clone", "--quiet", repo.path, stack / "clone"])
    run(["cargo", "check", "--quiet", "--locked"], cwd=stack / "clone")


def test_the_split_is_gone(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--align arrow=54.0` raises the one requirement below, and cargo's own lock file has one arrow."""
    renacer = Repo(stack / "renacer")
    assert arrows(renacer.path) == ["53.4.1", "54.3.1"]
    before = (renacer.path / "Cargo.toml").read_text()
    assert main(["sync", "--yes", "--align", "arrow=54.0"]) == 0
    assert (renacer.path / "Cargo.toml").read_text() == before.replace("53.0", "54.0")
    assert arrows(renacer.path) == ["54.3.1"]
    assert renacer.git("log", "-1", "--format=%s") == "Require arrow 54.0"
    assert renacer.git("status", "--porcelain") == ""
    assert Repo(stack / "entrenar").git("rev-list", "--count", "HEAD") == "1"
    run(["cargo", "check", "--quiet", "--locked"], cwd=renacer.path)
