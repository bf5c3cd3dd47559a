"""What a check says of tags: those of the versions that the manifests have, here and on the remote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.stack.check import check, report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.verdict import Report
from tests.support.online import go_online
from tests.support.pushes import Pushing
from tests.support.registry import FaultyRegistry, crate_archive
from tests.support.repos import make_repo, package

INHERITS = "version.workspace = true"


def report(folder: Path, *, offline: bool = False, tags: bool = True) -> Report:
    """Check a folder; the registry is not asked."""
    now = report_time()
    environment = {"HOME": str(folder), "BATUTA_CACHE_DIR": str(folder / "none")}
    asking = Asking(now, offline=offline, environment=environment | ({} if offline else {"CARGO_NET_OFFLINE": "true"}))
    return check(find_workspace(str(folder)), now=now, asking=asking, tags=tags)


def said(found: Report) -> list[tuple[str, str, str]]:
    """Code, crate and tag of each finding about a tag."""
    findings = [placed.finding for placed in found.findings]
    return [(one.code, one.crate, one.ref.removeprefix("refs/tags/")) for one in findings if one.ref]


@pytest.fixture
def pushing(tmp_path: Path) -> Pushing:
    """A crate at 0.1.0 with a remote."""
    return Pushing.make(tmp_path / "stack", {"Cargo.toml": package("a")})


def test_the_version_here(pushing: Pushing, tmp_path: Path) -> None:
    """A tag of the version here that names another commit's version is found; tags of other versions are history."""
    repo = pushing.repo
    for name in ("v0.1.0", "v0.0.9", "other-v0.1.0", "nightly"):
        repo.git("tag", name)
    assert said(report(tmp_path / "stack")) == []
    repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
    repo.git("tag", "v0.2.0", "HEAD~1")
    repo.git("tag", "a-v0.2.0")
    found = report(tmp_path / "stack")
    assert said(found) == [("TC002", "a", "v0.2.0"), ("TC008", "a", "v0.2.0"), ("TC008", "a", "a-v0.2.0")]
    (crate,) = found.crates
    assert {one.code for one in crate.findings} == {"TC002", "TC008"}
    assert not any(one.code for one in crate.publishable.reasons), "what its tags say is not cargo's business"
    assert said(report(tmp_path / "stack", tags=False)) == []


def test_what_the_remote_has(pushing: Pushing, tmp_path: Path) -> None:
    """Another commit under the name is a collision, an annotated tag of the same one is none; offline nobody asks."""
    repo = pushing.repo
    repo.git("tag", "--annotate", "--message", "x", "v0.1.0")
    repo.git("push", "--quiet", "origin", "v0.1.0")
    repo.git("tag", "--force", "v0.1.0", "HEAD")
    assert said(report(tmp_path / "stack")) == []
    repo.commit("more", {"notes": "1"})
    repo.git("tag", "--force", "v0.1.0")
    assert said(report(tmp_path / "stack")) == [("TC001", "a", "v0.1.0")]
    assert said(report(tmp_path / "stack", offline=True)) == []


def test_a_remote_that_does_not_answer(pushing: Pushing, tmp_path: Path) -> None:
    """Which tags it has is then not known, and that is said with git's reason."""
    pushing.repo.git("tag", "v0.1.0")
    pushing.repo.git("remote", "set-url", "origin", tmp_path / "gone")
    found = report(tmp_path / "stack")
    assert said(found) == []
    why = [one.unknown.why for one in found.unknown if "which tags origin has is not known" in one.unknown.why]
    assert len(why) == 1
    pushing.repo.git("tag", "--delete", "v0.1.0")
    assert not any("which tags" in one.unknown.why for one in report(tmp_path / "stack").unknown)


def test_members_that_share_a_version(tmp_path: Path) -> None:
    """A bare tag is theirs; without any remote there is nobody to ask."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["x", "y"]\n[workspace.package]\nversion = "0.5.0"\n',
        "x/Cargo.toml": package("x", version=None, keys=INHERITS),
        "y/Cargo.toml": package("y", version=None, keys=INHERITS),
    }
    repo = make_repo(tmp_path / "stack/r", {path: text.replace("0.5.0", "0.4.0") for path, text in files.items()})
    repo.commit("raise", files)
    repo.git("tag", "v0.5.0", "HEAD~1")
    assert said(report(tmp_path / "stack")) == [("TC002", "x", "v0.5.0")]


def test_configuration(pushing: Pushing, tmp_path: Path) -> None:
    """Templates, exceptions and severities count as for a guard."""
    pushing.repo.git("tag", "release-0.1.0")
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "v0.1.0")
    assert said(report(tmp_path / "stack")) == []
    file = tmp_path / "stack/batuta-stack.toml"
    file.write_text('[tags]\ntemplate = "release-{version}"\n')
    assert {code for code, _, _ in said(report(tmp_path / "stack"))} == {"TC008"}
    file.write_text('[tags]\ntemplate = "release-{version}"\n[rules]\nTC008 = "off"\n')
    assert said(report(tmp_path / "stack")) == []


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry."""
    with FaultyRegistry() as running:
        yield running


def test_the_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: FaultyRegistry,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`check --fetch` asks the remote and says from which commit a version was published; `check` alone does not."""
    go_online(monkeypatch, tmp_path / "stack", registry)
    pushing = Pushing.make(tmp_path / "stack", {"Cargo.toml": package("a")})
    vcs = f'{{"git": {{"sha1": "{pushing.repo.git("rev-parse", "HEAD")}"}}, "path_in_vcs": ""}}'
    files = {"Cargo.toml": package("a").encode(), ".cargo_vcs_info.json": vcs.encode()}
    registry.add_archive("a", "0.1.0", crate_archive("a", "0.1.0", files))
    pushing.repo.git("tag", "v0.1.0")
    pushing.repo.git("push", "--quiet", "origin", "v0.1.0")
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "--force", "v0.1.0")
    assert main(["cache", "warm", "--quiet"]) == 0
    capsys.readouterr()
    for options, code, codes in (((), 0, set()), (("--fetch",), 1, {"TC001", "TC006"})):
        assert main(["check", "--format", "json", *options]) == code
        document = json.loads(capsys.readouterr().out)
        assert {one["code"] for one in document["findings"]} == codes
        assert {one["ref"] for one in document["findings"]} <= {"refs/tags/v0.1.0"}
