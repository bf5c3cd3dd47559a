"""The manifests of thirteen well-known repositories: of every package that cargo loads, our errors are cargo's."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import cargo
from tests.support.agreement import REAL_DATA, compare, needs_data
from tests.support.trees import facts_of

pytestmark = [pytest.mark.cargo, pytest.mark.slow, needs_data("famous")]

#: The packages with an error, by folder.  Those of helix, tikv and tauri are parts, tests and examples of applications
#: that do not say `publish = false`; three crates of embassy wait for a release of what they take from git.
FAULTY = {
    "embassy": "embassy-net embassy-rp embassy-stm32",
    "helix": "helix-core helix-dap helix-loader helix-lsp helix-lsp-types helix-term helix-tui helix-vcs helix-view"
    " xtask",
    "tauri": "bench/tests/cpu_intensive/src-tauri bench/tests/files_transfer/src-tauri bench/tests/helloworld/src-tauri"
    " crates/tests/restart examples/api/src-tauri examples/api/src-tauri/tauri-plugin-sample"
    " examples/file-associations/src-tauri examples/resources/src-tauri packages/cli",
    "tikv": "components/backup-stream components/batch-system components/compact-log-backup components/raftstore-v2"
    " components/resource_metering",
}
#: Below it stand samples for cargo's own tests, many of them wrong on purpose.
SAMPLES = "tests/testsuite/"


@pytest.fixture(scope="module")
def unpack(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Lay out one repository's manifests, with stub sources beside them."""
    folder = tmp_path_factory.mktemp("famous")
    with tarfile.open(REAL_DATA / "famous" / "manifests.tar.xz") as archive:
        archive.extractall(folder, filter="tar")

    def lay_out(name: str) -> Path:
        cargo.stub_sources(folder / name)
        return folder / name

    return lay_out


NAMES = (
    "arrow-rs",
    "axum",
    "bevy",
    "cargo",
    "cargo-HEAD",
    "clap",
    "embassy",
    "helix",
    "ripgrep",
    "serde",
    "syn",
    "tauri",
)


@pytest.mark.parametrize("name", [*NAMES, "tikv", "tokio"])
def test_errors_are_those_of_cargo(name: str, unpack: Callable[[str], Path]) -> None:
    """Of each package our PD001-PD003 and PD005-PD007 are cargo's, none has PD008, and no healthy one an error."""
    top = unpack(name)
    agreement = compare(top, facts_of(top))
    assert "\n\n".join(agreement.disagreements) == ""
    assert {folder for folder in agreement.faulty if not folder.startswith(SAMPLES)} == set(
        FAULTY.get(name, "").split()
    )
