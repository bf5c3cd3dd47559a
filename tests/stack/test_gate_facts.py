"""What gates said is on the board, joined by the tree that they ran on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.domain.config import read_config
from batuta_hooks.domain.config_keys import Layer
from batuta_hooks.domain.toml_text import read_toml
from batuta_hooks.stack.gate_values import Going
from batuta_hooks.stack.gates import Gated, Gates
from tests.support.repos import Repo, make_repo, package

WARNING = '{"reason":"compiler-message","message":{"level":"warning","message":"w","spans":[],"rendered":"w"}}'
CONFIG = f"""
[quality]
lint_command = '''echo '{WARNING}' '''
coverage_command = 'mkdir -p target/coverage; printf "SF:a/src/lib.rs\\nLF:10\\nLH:9\\n" > target/coverage/lcov.info'
test_command = "true"
audit = "skip"
min_coverage = 50.0
"""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack of one repository with two crates, whose gates have just passed."""
    (tmp_path / "batuta-stack.toml").write_text(CONFIG, encoding="utf-8")
    files = {
        ".gitignore": "target\n",
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n',
        "a/Cargo.toml": package("a"),
        "b/Cargo.toml": package("b"),
    }
    repo = make_repo(tmp_path / "both", files)
    config, _ = read_config([Layer(read_toml(CONFIG.encode()), "batuta-stack.toml", CONFIG.encode())])
    gated = Gated("both", str(repo.path), {"a": Going("a"), "b": Going("b")}, 0, config)
    results = Gates([gated], str(tmp_path / ".batuta")).run()
    assert {one.state for one in results["both"]} == {"passed"}
    return tmp_path


def crates(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, Any]:
    """The crates of `status`, by name."""
    main(["status", "--format", "json", "--offline", "--workspace", str(folder)])
    return {crate["name"]: crate for crate in json.loads(capsys.readouterr().out)["crates"]}


def test_figures(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings are the lint's, of this tree; coverage is the crate's own where the gate's file tells, with its age."""
    found = crates(capsys, stack)
    assert [found[name]["warnings"] for name in "ab"] == [1, 1]
    assert found["a"]["coverage"].items() >= {"percent": 90.0, "tree_is_current": True, "is_of_crate": True}.items()
    assert found["b"]["coverage"] is None or found["b"]["coverage"]["is_of_crate"] is False
    gates = {gate["name"]: gate for gate in found["a"]["gates"]}
    assert set(gates) == {"lint", "tests", "coverage"}
    assert gates["lint"].items() >= {"figure": 1.0, "tree_is_current": True, "detail": "1 warnings"}.items()


def test_of_another_tree(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a commit, or with a change that is not committed, the figures stay and are called old; undone, current."""
    repo = Repo(stack / "both")
    repo.write({"a/src/lib.rs": ""})
    assert not crates(capsys, stack)["a"]["coverage"]["tree_is_current"]
    repo.commit("more")
    crate = crates(capsys, stack)["a"]
    assert (crate["coverage"]["tree_is_current"], crate["warnings"]) == (False, 1)
    main(["status", "--simple", "--offline", "--workspace", str(stack)])
    assert " ~90% ~1 " in capsys.readouterr().out
    repo.git("reset", "--quiet", "--hard", "HEAD~")
    assert crates(capsys, stack)["a"]["coverage"]["tree_is_current"]


def test_without_the_file(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The gate's own figure stands for all crates of the repository, where its file is gone."""
    (stack / "both" / "target" / "coverage" / "lcov.info").unlink()
    found = crates(capsys, stack)
    for name in "ab":
        measured = found[name]["coverage"]
        assert (measured["percent"], measured["is_of_crate"], measured["source"]) == (
            90.0,
            False,
            "the gate `coverage`",
        )


def test_newer_file(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was written long after the gate passed counts instead."""
    for kept in (stack / ".batuta" / "gates").iterdir():
        os.utime(kept, (kept.stat().st_mtime - 3600, kept.stat().st_mtime - 3600))
    (stack / "both" / "lcov.info").write_text("SF:a/src/lib.rs\nLF:2\nLH:1\n", encoding="utf-8")
    assert crates(capsys, stack)["a"]["coverage"]["percent"] == 50.0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema": "batuta.gate/9"}', '{"schema": "batuta.gate/1"}', "null"]
)
def test_damaged_results(stack: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """Files that are none of these results, or damaged, are passed over."""
    (stack / ".batuta" / "gates" / "x.json").write_text(content, encoding="utf-8")
    assert crates(capsys, stack)["a"]["warnings"] == 1
