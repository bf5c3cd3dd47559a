"""A synchronization of 32 real repositories with the real index: what check found is mended, and cargo reads it all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.sync import plan_sync
from batuta_hooks.stack.sync_values import Plan, Wish
from tests.registry.real_data import INDEX, REAL_DATA, index_files, needs
from tests.support import cargo
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo

pytestmark = [pytest.mark.slow, pytest.mark.cargo, needs(INDEX)]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The real stack's manifests and lock files, a git repository each, beside the real index."""
    with FaultyRegistry() as registry:
        registry.files.update({f"index/{path}": content for path, content in index_files().items()})
        folder = tmp_path / "stack"
        go_online(monkeypatch, folder, registry)
        for source in sorted((REAL_DATA / "paiml").iterdir()):
            shutil.copytree(source, folder / source.name, copy_function=shutil.copyfile)
            for place in [folder / source.name, *(path for path in (folder / source.name).rglob("*") if path.is_dir())]:
                place.chmod(0o755)
            make_repo(folder / source.name)
        yield folder


def planned(stack: Path) -> Plan:
    """The plan for all of it."""
    return plan_sync(find_workspace(str(stack)), Wish(), now=NOW, asking=Asking(NOW))


def found(stack: Path) -> Counter[str]:
    """How often check finds each code that sync can mend."""
    report = check(find_workspace(str(stack)), now=NOW, asking=Asking(NOW))
    codes = Counter(placed.finding.code for placed in report.findings)
    return Counter({code: codes[code] for code in ("PD001", "PD003", "PD005", "VA003", "VA005") if codes[code]})


def test_the_real_stack(stack: Path) -> None:
    """All versionless paths are gone, of those that leave a repository too; two that mislead inside one are named as
    left alone; cargo reads as many manifests as before, and a second plan is empty.
    """
    cargo.stub_sources(stack)
    manifests = sorted(stack.glob("*/**/Cargo.toml"))
    readable = {path for path in manifests if cargo.load(path).accepted}
    before = found(stack)
    plan = planned(stack)
    for one in plan.repositories:
        for edit in one.files:
            Path(one.folder, edit.path).write_bytes(edit.after)
    assert {path for path in manifests if cargo.load(path).accepted} >= readable
    after = found(stack)
    assert (before["PD001"], after["PD001"]) == (6, 0)
    assert after["PD003"] == 2
    assert after["VA003"] < before["VA003"]
    assert after["VA005"] < before["VA005"]
    again = planned(stack)
    assert again.changes == []
    assert {"depyler-core-fuzz", "paiml-mcp-agent-toolkit-fuzz"} <= {one.crate for one in again.skipped}
