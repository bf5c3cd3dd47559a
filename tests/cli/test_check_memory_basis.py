"""What verdicts of `check` rest on beside texts of manifests: none is said again once that has changed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_check_memory import Checks
from tests.support.online import go_online
from tests.support.publish_stacks import line
from tests.support.publishing import METADATA
from tests.support.registry import FaultyRegistry, index_file
from tests.support.repos import Repo, make_repo, package

ROOT = '[workspace]\nmembers = ["a", "b"]\n[workspace.package]\n'


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry."""
    with FaultyRegistry() as running:
        running.add("serde", "1.0.0")
        yield running


@pytest.fixture
def checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> Checks:
    """Checks in a folder that has no repository yet."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "2000000000")
    return Checks(go_online(monkeypatch, tmp_path / "stack", registry), capsys)


def verdicts(checks: Checks, *arguments: str) -> dict[str, Any]:
    """The verdicts by crate, after a look that the report is the one of a check that remembers nothing."""
    found, wanted = checks.said(*arguments), checks.without_memory(*arguments)
    assert found == wanted
    return {one["name"]: one["publishable"]["verdict"] for one in found[1]["crates"]}


def workspace(folder: Path, a: str) -> Repo:
    """Two members, both fit for publication, the first with a manifest of its own."""
    files = {"Cargo.toml": ROOT, "README.md": "", "a/Cargo.toml": a, "b/Cargo.toml": package("b", keys=METADATA)}
    return make_repo(folder, {**files, "a/src/lib.rs": "", "b/src/lib.rs": ""})


def test_a_submodule_becomes_a_file(tmp_path: Path, checks: Checks) -> None:
    """A clone has nothing at the path of another member then, so that cargo loads none; no manifest has changed."""
    need = '[dependencies]\nserde = { path = "../sub", version = "1" }'
    repo = workspace(tmp_path / "stack/one", package("a", need, keys=METADATA))
    beside = make_repo(tmp_path / "beside", {"Cargo.toml": package("serde", version="1.0.0")})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", beside.path, "sub")
    repo.commit()
    assert verdicts(checks) == {"a": "now", "b": "now"}
    repo.git("rm", "--quiet", "-f", "--cached", "sub")
    shutil.rmtree(repo.path / "sub")
    repo.write({"sub": ""})
    repo.git("add", "sub")
    assert verdicts(checks, "--offline") == {"a": "no", "b": "no"}


def test_a_readme_is_gone(tmp_path: Path, checks: Checks) -> None:
    """A member that inherits it cannot be loaded, and so cannot the others, though git still tracks the file."""
    repo = workspace(tmp_path / "stack/one", package("a", keys=f"{METADATA}\nreadme.workspace = true"))
    assert verdicts(checks) == {"a": "now", "b": "now"}
    (repo.path / "README.md").unlink()
    assert verdicts(checks, "--offline") == {"a": "no", "b": "no"}


def test_fresher_answers_about_another_crate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checks: Checks, registry: FaultyRegistry
) -> None:
    """Whether an answer is recent enough for a crate that must go first is none of the crate's own questions."""
    for name in ("aa", "bb"):
        registry.files[index_file(name)] = line(name, "0.1.0")
    (tmp_path / "stack/batuta-stack.toml").write_text("[cache]\nttl_s = 0\n", encoding="utf-8")
    manifest = package("aa", '[dependencies]\nbb = "0.2"', version="0.2.0", keys=METADATA)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 +0000")
    make_repo(tmp_path / "stack/aa", {"Cargo.toml": manifest, "src/lib.rs": ""})
    repo = make_repo(tmp_path / "stack/bb", {"Cargo.toml": package("bb", keys=METADATA), "src/lib.rs": ""})
    checks.said()
    asked = int(time.time())
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    while time.time() < asked + 1:
        time.sleep(0.05)
    repo.commit("more", {"Cargo.toml": package("bb", version="0.2.0", keys=METADATA)})
    assert verdicts(checks, "aa", "--offline") == {"aa": "unknown"}
    checks.without_memory()
    assert verdicts(checks, "aa", "--offline") == {"aa": "after"}


def test_a_commit_of_the_future(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checks: Checks, registry: FaultyRegistry
) -> None:
    """What a clock that goes ahead has dated: an answer counts for it in the run that asked, and in no later one."""
    for name in ("aa", "bb"):
        registry.files[index_file(name)] = line(name, "0.1.0")
    manifest = package("aa", '[dependencies]\nbb = "0.2"', version="0.2.0", keys=METADATA)
    make_repo(tmp_path / "stack/aa", {"Cargo.toml": manifest, "src/lib.rs": ""})
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) + 3600} +0000")
    bb = package("bb", version="0.2.0", keys=METADATA)
    make_repo(tmp_path / "stack/bb", {"Cargo.toml": bb, "src/lib.rs": ""})
    checks.said()
    assert verdicts(checks, "aa", "--offline") == {"aa": "unknown"}
