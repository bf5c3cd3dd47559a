"""`config show` and `config schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.domain.config_schema import config_schema
from batuta_hooks.domain.toml_text import read_toml
from tests.support.repos import make_repo, package

STACK = """\
[quality]
lint_command = "make check"

[[allow]]
code = "PD003"
reason = "so it is"
until = 2027-01-01

[versions]
"odd.name" = ">=54"
"""
OWN = '[package.metadata.batuta.quality]\nmin_coverage = 80\n[package.metadata.batuta.versions]\ntokio = "1"'


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds a stack: one crate with a configuration of its own, and one without."""
    make_repo(tmp_path / "own", {"Cargo.toml": package("own", OWN)})
    make_repo(tmp_path / "plain", {"Cargo.toml": package("plain")})
    (tmp_path / "batuta-stack.toml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `config show` prints."""
    assert main(["config", "show", *arguments]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    return out


def settings(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[Any, str | None, int | None]]:
    """Value, file and line of each key of the JSON document."""
    document = json.loads(shown(capsys, "--format", "json", *arguments))
    assert document["schema"] == "batuta.config/1"
    return {".".join(one["key"]): (one["value"], one["file"], one["line"]) for one in document["settings"]}


def test_the_stack(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values that are set have file and line, the others are defaults."""
    found = settings(capsys)
    file = str(stack / "batuta-stack.toml")
    assert found["quality.lint_command"] == ("make check", file, 2)
    assert found["quality.min_coverage"] == (90.0, None, None)
    assert found["quality.max_warnings"] == (None, None, None)
    assert found["versions.odd.name"] == (">=54", file, 10)
    assert found["allow"] == ({"code": "PD003", "reason": "so it is", "until": "2027-01-01"}, file, 4)


@pytest.mark.usefixtures("stack")
def test_a_repository_with_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """What its top manifest says goes over the file, key by key."""
    found = settings(capsys, "own")
    assert found["quality.min_coverage"] == (80, "Cargo.toml", 7)
    assert found["quality.lint_command"][0] == "make check"
    assert found["versions.tokio"] == ("1", "Cargo.toml", 9)
    assert settings(capsys, "plain")["quality.min_coverage"] == (90.0, None, None)
    whole = json.loads(shown(capsys, "own", "--format=json"))["config"]
    assert whole["quality"]["min_coverage"] == 80
    assert whole["versions"] == {"odd.name": ">=54", "tokio": "1"}


@pytest.mark.usefixtures("stack")
def test_text_is_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed for people is TOML that gives the same values, with the places as comments."""
    out = shown(capsys, "own")
    table = read_toml(out.encode())
    assert table["quality"]["min_coverage"] == 80
    assert table["allow"][0]["reason"] == "so it is"
    assert table["versions"] == {"odd.name": ">=54", "tokio": "1"}
    assert "\nmin_coverage = 80  # Cargo.toml:7\n" in out
    assert '\nlint_command = "make check"  # batuta-stack.toml:2\n' in out
    assert '\ntest_command = "cargo test"  # default\n' in out
    assert "\n# max_warnings is not set\n" in out
    assert "\n[[allow]]  # batuta-stack.toml:4\n" in out


def test_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody configured anything, all values are defaults, and that is said."""
    monkeypatch.chdir(make_repo(tmp_path / "a", {"Cargo.toml": package("a")}).path)
    assert "# no file: all values are defaults\n" in shown(capsys)
    assert all(file is None for _, file, _ in settings(capsys).values())


@pytest.mark.usefixtures("stack")
def test_a_repository_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown repository is an error that lists those that are known."""
    assert main(["config", "show", "nowhere"]) == 2
    assert "there are own, plain" in capsys.readouterr().err


def test_a_wrong_file(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is said with its line."""
    (stack / "batuta-stack.toml").write_text("[quality]\nmin_coverage = 101\n")
    assert main(["config", "show"]) == 2
    assert "batuta-stack.toml:2: `quality.min_coverage` must be a number from 0 to 100" in capsys.readouterr().err


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is printed wherever one is."""
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == config_schema()
