"""The check over 32 real repositories: what it finds there is what cargo says of them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from batuta_hooks.stack.check import check, report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.verdict import Crate, Report
from tests.support.cargo import package as cargo_package
from tests.support.cargo import stub_sources
from tests.support.repos import make_repo

DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "paiml"

_NO_README = "README.md` does not appear to exist"
STALE = [
    "depyler/examples/algorithms/Cargo.lock",
    "depyler/examples/argparse_cli/Cargo.lock",
    "depyler/examples/argparse_cli/tests/Cargo.lock",
    "depyler/examples/comprehensive_cli/Cargo.lock",
    "depyler/examples/marco_polo_cli/Cargo.lock",
    "depyler/examples/test_project/Cargo.lock",
    "forjar/Cargo.lock",
    "pacha/Cargo.lock",
    "paiml-mcp-agent-toolkit/Cargo.lock",
    "presentar/Cargo.lock",
    "renacer/fuzz/Cargo.lock",
    "trueno-db/Cargo.lock",
    "trueno-graph/Cargo.lock",
    "trueno/trueno-gpu/fuzz/Cargo.lock",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the manifests of the real stack, see BATUTA_REAL_DATA"),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real stack's manifests, a git repository each."""
    folder = tmp_path_factory.mktemp("stack")
    for source in sorted(DATA.iterdir()):
        shutil.copytree(source, folder / source.name)
        make_repo(folder / source.name)
    return folder


@pytest.fixture(scope="module")
def report(stack: Path) -> Report:
    """What the check says of it."""
    return check(find_workspace(str(stack)), now=report_time())


def test_findings(report: Report) -> None:
    """The known defects are found, each once, and nothing else."""
    assert len(report.checkouts) == 32
    assert [checkout for checkout in report.checkouts if checkout.error] == []
    found = Counter((placed.finding.code, placed.finding.severity) for placed in report.findings)
    assert found == {
        ("PD001", "error"): 6,
        ("PD003", "error"): 14,
        ("PD004", "error"): 1,
        ("PD008", "warning"): 2,
        ("VA003", "error"): 4,
        ("VA003", "warning"): 73,
        ("VA005", "warning"): 67,
        ("VA005", "note"): 6,
        ("VA009", "warning"): 92,
        ("VA009", "note"): 1,
        ("VA010", "error"): 2,
    }
    assert report.cycles == (("entrenar", "trueno-viz"),)


def test_stale_lock_files(report: Report) -> None:
    """Of 49 lock files those that `cargo update --workspace --locked` refuses to leave as they are.

    It refuses eight more: one in which a crate lacks its source, which is said; three of packages in a workspace that
    does not list them; three beside a sibling of another version (VA003 says it of two); one over features.
    """
    findings = [placed for placed in report.findings if " stale: " in placed.finding.message]
    assert sorted({f"{placed.repository}/{placed.finding.path}" for placed in findings}) == STALE


def test_verdicts(report: Report) -> None:
    """Of 181 packages 18 stay at home, and 125 are refused whatever the registry has, 11 of them by cargo here.

    24 of them for nothing but their README, which the checkouts were made without.
    """
    assert Counter(crate.publishable.verdict for crate in report.crates) == {"unknown": 38, "never": 18, "no": 125}
    assert sum(is_refused_by_cargo(crate) for crate in report.crates) == 11
    reasons = [{one.message for one in crate.publishable.reasons} for crate in report.crates]
    assert sum(bool(found) and all(_NO_README in one for one in found) for found in reasons) == 24


def is_refused_by_cargo(crate: Crate) -> bool:
    """Whether something stands in the manifests themselves that cargo refuses even here, where all siblings are, and
    each README.
    """
    elsewhere = ("crates.io refuses it", "a clone has no", _NO_README)
    reasons = [one.message for one in crate.publishable.reasons if one.is_own]
    return any(not any(words in one for words in elsewhere) for one in reasons)


@pytest.mark.cargo
def test_cargo_agrees(report: Report, stack: Path) -> None:
    """Real cargo packages each crate that is not refused here, and refuses each that is."""
    stub_sources(stack)
    for manifest in stack.rglob("Cargo.toml"):
        (manifest.parent / "README.md").touch()  # some inherit the key from their root
    disagreements = []
    for crate in report.crates:
        if crate.publishable.verdict != "never":
            verdict = cargo_package(stack / crate.repository / crate.manifest_path)
            if verdict.accepted == is_refused_by_cargo(crate):
                disagreements.append((crate.repository, crate.name, crate.publishable, verdict.said))
    assert disagreements == []
