"""What lags behind crates.io: crates that are older here, and requirements that keep out what is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.stack.layers import Need
from batuta_hooks.stack.outdated import Lag, lags_of
from tests.support.boards import make_board
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package

EDGES = {
    "alimentar": ("0.3.0", ""),
    "trueno": ("0.3.0", ""),
    "entrenar": ("0.2.0", 'alimentar = "0.2"\ntrueno = "0.3"'),
}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stack of which one crate is behind, and one requires an older alimentar than the published one."""
    folder = tmp_path / "stack"
    with FaultyRegistry() as registry:
        go_online(monkeypatch, folder, registry)
        registry.add("alimentar", "0.2.0", "0.3.0")
        registry.add("trueno", "0.3.0", "0.3.5")
        registry.add("entrenar", "0.2.0")
        for name, (version, needs) in EDGES.items():
            make_repo(folder / name, {"Cargo.toml": package(name, f"[dependencies]\n{needs}", version=version)})
        yield folder


def test_table(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of what lags alone, and a sentence for each requirement that is in the way."""
    main(["status", "--outdated"])
    table, lags, *_ = capsys.readouterr().out.split("\n\n")
    assert [line.split()[0] for line in table.splitlines() if line.startswith("  ")] == ["trueno", "entrenar"]
    assert lags == "entrenar: requires alimentar 0.2, and 0.3.0 is published"


def test_json(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The crates that lag, each with the requirements that do; the summary is of the whole stack."""
    main(["status", "--outdated", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {crate["name"]: crate["outdated"] for crate in found["crates"]} == {
        "trueno": [],
        "entrenar": [{"dependency": "alimentar", "requirement": "0.2", "newest": "0.3.0"}],
    }
    assert found["summary"]["total_crates"] == 3


@pytest.mark.parametrize(("format_", "edge"), [("mermaid", "entrenar --> trueno"), ("dot", '"entrenar" -> "trueno"')])
def test_graphs(stack: Path, capsys: pytest.CaptureFixture[str], format_: str, edge: str) -> None:
    """The graph of what lags, without what does not."""
    main(["status", "--outdated", "--format", format_])
    out = capsys.readouterr().out
    assert edge in out
    assert "alimentar" not in out


def test_page(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page of what lags."""
    main(["status", "--outdated", "--format", "html"])
    assert "<strong>2</strong> crates" in capsys.readouterr().out


def test_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing lags, as far as is known, that is said."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    assert main(["status", "--outdated", "--offline", "--workspace", str(tmp_path)]) == 0
    assert "nothing is outdated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("requirement", "lags"),
    [("0.1", False), ("0.0.9", True), ("^0.2", False), (">=0.0.1, <0.1", True), ("*", False), ("no version", False)],
)
def test_requirements(requirement: str, lags: bool) -> None:
    """One that admits the newest version does not lag, nor one above it, which waits for a release."""
    board = make_board({"a": "b", "b": ""})
    need = Need("a", "b", requirement, "crates.io", "", ())
    found = lags_of([need], [row.crate for row in board.rows])
    assert found == ({"a": (Lag("b", requirement, "0.1.0"),)} if lags else {})


def test_fetch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fetch` asks the remotes first, so that what is there counts in how far a checkout is behind."""
    upstream = make_repo(tmp_path / ".up", {"Cargo.toml": package("a")})
    upstream.git("clone", "--quiet", upstream.path, tmp_path / "a")
    upstream.commit("theirs")
    for arguments, behind in (([], 0), (["--fetch"], 1), (["--fetch", "--offline"], 1)):
        main(["status", "--format", "json", "--workspace", str(tmp_path), *arguments])
        out, error = capsys.readouterr()
        (crate,) = json.loads(out)["crates"]
        assert crate["git"]["behind"] == behind
        assert ("nothing was fetched: --offline was given" in error) == ("--offline" in arguments)
