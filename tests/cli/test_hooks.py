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
    assert main(["hooks", "uninstall"]) == 0
    assert "next:" not in capsys.readouterr().out, "nothing is there to be put back"
    assert main(["hooks", "--workspace", str(stack / "off"), "install"]) == 1
    assert "next:" not in capsys.readouterr().out, "nothing is there to be looked at"


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


def test_doctor(stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missed is told with the command that mends it, and makes the exit code 1; JSON says the same."""
    assert main(["hooks", "doctor", "--all"]) == 1
    told = capsys.readouterr().out
    assert "    push of a tag alone  nothing         missed: path-deps, version-alignment, tag-collision\n" in told
    assert "    mend: batuta-stack hooks install\n" in told
    assert "nothing is missed in 0 of 2 repositories" in told
    for guard in ("batuta-path-deps", "batuta-version-alignment", "batuta-tag-collision"):
        (stack / "bin").mkdir(exist_ok=True)
        (stack / "bin" / guard).write_text("#!/bin/sh\n")
        (stack / "bin" / guard).chmod(0o755)
    monkeypatch.setenv("PATH", str(stack / "bin"), prepend=":")
    main(["hooks", "install", "--workspace", "a"])
    capsys.readouterr()
    assert main(["hooks", "doctor", "--workspace", "a", "--color", "always"]) == 0
    told = capsys.readouterr().out
    assert "\x1b[32mpath-deps, version-alignment, tag-collision\x1b[0m" in told
    assert "nothing is missed in 1 of 1 repository" in told
    assert main(["hooks", "doctor", "--all", "--quiet"]) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if line[:1].strip()] == ["off  (hooks in /dev/null)"]
    assert main(["hooks", "doctor", "--all", "--format", "json"]) == 1
    well, off = document(capsys)
    assert (well["path"], well["is_well"], well["mend"]) == ("a", True, None)
    assert isinstance(well["operations"], list)
    assert [line["operation"] for line in well["operations"]] == [
        *("commit", "merge", "push of a branch", "push of a tag alone")
    ]
    assert isinstance(off["mend"], dict)
    assert off["mend"]["commands"] == ["git config --unset core.hooksPath", "batuta-stack hooks install"]


def test_doctor_of_a_framework(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one repository the lines for its configuration are told, of all of them a patch; a guard that is gone too."""
    (stack / "a" / ".pre-commit-config.yaml").write_text("repos:\n- repo: local\n  hooks: []\n")
    assert main(["hooks", "doctor", "--workspace", "a"]) == 1
    assert "        - repo: " in capsys.readouterr().out
    assert main(["hooks", "doctor", "--all"]) == 1
    told = capsys.readouterr().out
    assert "\n--- a/.pre-commit-config.yaml\n+++ b/.pre-commit-config.yaml\n" in told
    assert "\n+  - id: batuta-tag-collision\n" in told


def test_doctor_of_what_cannot_be_tried(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository that git cannot read is a result of its own."""
    (stack / "b" / ".git").mkdir(parents=True)
    assert main(["hooks", "doctor", "--all"]) == 1
    assert "not a git repository" in capsys.readouterr().out
