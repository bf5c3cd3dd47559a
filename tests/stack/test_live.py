"""The real index, asked through the environment's own proxies and certificates; nothing here is a sample."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.domain.questions import WHOSE
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.gather.registry import Registry, find_place
from batuta_hooks.registry.lookup import Answer
from batuta_hooks.registry.outcomes import OFFLINE, UNKNOWN
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.named import named_by_stack
from batuta_hooks.stack.warm import Warmed, Wish, warm
from tests.support.repos import make_repo

DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "paiml"

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache and a cargo home of the test's own."""
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "home"))


def tell(capsys: pytest.CaptureFixture[str], what: str, warmed: Warmed) -> None:
    """Say what it cost; skip loudly where the index cannot be reached at all, fail where some answers are lost."""
    lost = [f"{' '.join(one[:2])}: {one.why}" for one in warmed.failed]
    if lost and set(warmed.crates) <= {UNKNOWN}:
        pytest.skip(f"CRATES.IO CANNOT BE REACHED, so nothing is proved here: {lost[0]}")
    assert not lost, f"THE REAL INDEX COULD NOT BE ASKED about {len(lost)} of these; the first: {lost[0]}"
    requests, size, seconds = warmed.totals
    with capsys.disabled():
        sys.stdout.write(f"\n{what}: {requests} requests, {size} bytes, {seconds:.1f} s\n")


def test_some_crates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Crates that everybody knows are there, one that nobody can have is not, an archive says its commit."""
    crates = frozenset({"serde", "Inflector", "batuta", "trueno", "no-crate-can-be-called-this-for-it-is-a-sample-x"})
    wish = Wish(str(tmp_path), crates, {"trueno": frozenset({"0.1.0"})})
    warmed = warm([wish])
    tell(capsys, "some crates", warmed)
    assert warmed.crates == {"refreshed": 4, "absent": 1}
    assert warmed.archives == {"refreshed": 1}
    with Registry(find_place(str(tmp_path))) as registry:
        serde = registry.answer("serde")
        assert isinstance(serde, Answer)
        assert "1.0.0" in serde.versions
        release = serde.release("1.0.0")
        assert isinstance(release, Release)
        assert release.published_at == "2017-04-20T15:26:44Z"
    again = warm([wish._replace(ttl_s=0)])
    tell(capsys, "the same again", again)
    assert again.crates["unchanged"] == 4
    assert again.totals.requests == len(crates)


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the manifests of the real stack, see BATUTA_REAL_DATA")


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The real stack, each of its repositories committed as one."""
    for source in sorted(DATA.iterdir()):
        shutil.copytree(source, tmp_path / "stack" / source.name)
        make_repo(tmp_path / "stack" / source.name)
    return tmp_path / "stack"


@needs_data
def test_the_real_stack(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that the real stack's manifests name is learnt in one go; archives, some 900, are left out."""
    wishes, notes = named_by_stack(find_workspace(str(tmp_path / "stack")), transitive=False)
    warmed = warm([wish._replace(versions={}) for wish in wishes])
    tell(capsys, "the real stack", warmed)
    assert notes == ()
    assert warmed.crates.total() > 400
    assert warmed.crates["refreshed"] > 350
    assert not {UNKNOWN, OFFLINE} & set(warmed.crates)


@needs_data
def test_the_namesakes(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the archives of their newest and oldest versions seven crates are other projects', and none of the stack's."""
    wishes, _ = named_by_stack(find_workspace(str(stack)), transitive=False)

    def ends(versions: frozenset[str]) -> frozenset[str]:
        ordered = sorted(filter(None, map(read_version, versions)))
        return frozenset(map(str, (*ordered[:1], *ordered[-2:])))

    named = [one._replace(versions={name: ends(versions) for name, versions in one.versions.items()}) for one in wishes]
    tell(capsys, "the namesakes", warm(named))
    assert main(["check", "--offline", "--workspace", str(stack), "--format", "json"]) in (0, 1)
    report = json.loads(capsys.readouterr().out)
    strangers = {"fibonacci", "stack", "statistics", "string_utils", "tic_tac_toe", "url_parser", "wordcount"}
    assert {one["crate"] for one in report["findings"] if one["code"] == "VA012"} == strangers
    open_ones = {one["crate"] for one in report["unknown"] if WHOSE in one["why"]}
    assert not open_ones
