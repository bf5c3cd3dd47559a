"""`hooks install` and `uninstall`: one repository or all of them, as lines and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from tests.support.repos import make_repo, package

EVENTS = ["pre-commit", "pre-merge-commit", "pre-push"]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds two repositories, one of which has no hooks because somebody wants none."""
    for name in ("a", "off"):
        make_repo(tmp_path / name, {"Cargo.toml": package(name)})
    make_repo(tmp_path / "off").git("config", "core.hooksPath", "/dev/null")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def document(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The repositories of the JSON document that was printed, and nothing else was."""
    read = json.loads(capsys.readouterr().out)
    assert read["schema"] == "batuta.hooks/1"
    assert read["timestamp"].endswith("Z")
    return list(read["repositories"])


def test_one_repository(stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a repository, or of one that is named, the command is for it alone; every hook is named with its file."""
    assert main(["hooks", "--workspace", "a", "install", "--dry-run"]) == 0
    assert "nothing was changed: this was a dry run" in capsys.readouterr().out
    monkeypatch.chdir(stack / "a")
    assert main(["hooks", "install"]) == 0
    told = capsys.readouterr().out
    assert all(f"    {event:<16} written   .git/hooks/{event}\n" in told for event in EVENTS)
    assert "next: batuta-stack hooks doctor" in told
    assert main(["hooks", "uninstall", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert not (stack / "a" / ".git" / "hooks" / "pre-push").exists()


def test_all_repositories(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --all one that cannot be helped keeps no other, is named with the mend, and makes the exit code 1."""
    assert main(["hooks", "install", "--all"]) == 1
    told = capsys.readouterr().out
    assert "off\n    " in told
    assert "hooks are switched off here" in told
    assert "git config --unset core.hooksPath" in told
    assert (stack / "a" / ".git" / "hooks" / "pre-push").exists()
    assert main(["hooks", "install", "--all", "--format", "json"]) == 1
    installed, off = document(capsys)
    assert (installed["path"], installed["error"], off["path"], off["hooks"]) == ("a", None, "off", [])
    assert isinstance(installed["hooks"], list)
    assert [hook["event"] for hook in installed["hooks"]] == EVENTS
    assert {hook["state"] for hook in installed["hooks"]} == {"unchanged"}


def test_without_a_repository(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Outside of a repository one sentence says how to mean all; a folder that is not there is one too."""
    assert main(["hooks", "install"]) == 2
    assert "--all" in capsys.readouterr().err
    assert main(["hooks", "install", "--workspace", "nowhere"]) == 2
    assert "`nowhere` is no folder" in capsys.readouterr().err
