"""`doctor`: what is installed and reachable."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry, free_port, status
from tests.support.repos import make_repo, package


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has nothing, which is an answer."""
    with FaultyRegistry() as running:
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """The current folder, a stack of one crate beside the registry."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    make_repo(folder / "a", {"Cargo.toml": package("a")})
    return folder


def examined(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, dict[str, Any]]:
    """What was found, by name."""
    assert main(["doctor", "--format", "json", *arguments]) == code
    out, error = capsys.readouterr()
    assert error == ""
    document = json.loads(out)
    assert document["schema"] == "batuta.doctor/1"
    assert document["ok"] is (code == 0)
    return {one["name"]: one for one in document["checks"]}


@pytest.mark.cargo
@pytest.mark.usefixtures("stack")
def test_all_is_well(registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Versions, folders, the registry's answer and the stack; the registry is asked about no crate of the stack."""
    found = examined(capsys, code=0)
    assert list(found) == ["batuta-hooks", "git", "cargo", "cache", "registry", "stack", "configuration"]
    assert {one["state"] for one in found.values()} == {"ok"}
    assert found["git"]["detail"][0].isdigit()
    assert found["cargo"]["detail"].startswith("1.")
    assert "answered within" in found["registry"]["detail"]
    assert found["stack"]["detail"].endswith(": 1 repository")
    assert [asked.path for asked in registry.log if "config.json" not in asked.path] == ["/index/se/rd/serde"]


def test_registry_that_fails(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """A registry that gives no answer is an error with its reason; one that is not asked is none."""
    registry.faults["/index/se/rd/serde"] = [status(403)]
    assert examined(capsys, code=1)["registry"]["state"] == "error"
    (stack / ".cargo" / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "mirror"\n'
        f'[source.mirror]\nregistry = "sparse+http://127.0.0.1:{free_port()}/"\n[net]\nretry = 0\n'
    )
    assert "127.0.0.1" in examined(capsys, code=1)["registry"]["detail"]
    asked = examined(capsys, "--offline", code=0)["registry"]
    assert (asked["state"], "--offline was given" in asked["detail"]) == ("skipped", True)


def test_what_is_missing(stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without cargo, with a cache that cannot be written and a repository that is gone: each is said, with the mend."""
    tools = stack / "tools"
    tools.mkdir()
    git = shutil.which("git")
    assert git
    (tools / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tools))
    (stack / "file").write_text("")
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(stack / "file" / "cache"))
    (stack / "batuta-stack.toml").write_text('[stack]\nrepositories = ["a", "gone"]\n')
    found = examined(capsys, "--offline", code=1)
    assert {name for name, one in found.items() if one["state"] == "error"} == {"cargo", "cache", "repository"}
    assert all(one["mend"] for one in found.values() if one["state"] == "error")
    assert found["repository"]["detail"] == "gone: there is no such folder"


def test_tools_that_are_too_old_or_broken(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A git that is too old and a cargo that does not start are errors."""
    tools = stack / "tools"
    tools.mkdir()
    git = shutil.which("git")
    (tools / "git").write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo git version 2.11.0\nexec {git} "$@"\n')
    (tools / "cargo").write_text("#!/bin/sh\necho no toolchain is chosen >&2\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    found = examined(capsys, "--offline", code=1)
    assert found["git"]["detail"] == "2.11.0 is too old"
    assert found["cargo"]["detail"] == "it does not run: no toolchain is chosen"


def test_configuration_that_is_wrong(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong file is an error with its line; cargo's own too."""
    (stack / "batuta-stack.toml").write_text("[qualty]\n")
    found = examined(capsys, "--offline", code=1)
    assert "batuta-stack.toml:1: `qualty` is not a known key" in found["stack"]["detail"]
    (stack / "batuta-stack.toml").write_text("")
    (stack / ".cargo" / "config.toml").write_text('[source.crates-io]\nreplace-with = "nowhere"\n')
    assert examined(capsys, code=1)["registry"]["state"] == "error"


def test_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For people it is a line each, and the mend below; where no stack is, that is an error."""
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--offline"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok       batuta-hooks: ")
    assert lines[-2].startswith("error    stack: ")
    assert lines[-1].startswith("         run it inside a repository")
    assert main(["doctor", "--offline", "--quiet", "--color", "always"]) == 1
    assert capsys.readouterr().out.startswith("\x1b[31;1merror   \x1b[0m stack: ")
