"""The board as a table: what is in it, that it fits, and that nothing in it can harm a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package


def test_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A row a crate with version, health in words, what is published, and how its checkout stands."""
    folder = tmp_path / "stack"
    with FaultyRegistry() as registry:
        go_online(monkeypatch, folder, registry)
        registry.add("alimentar", "0.1.0", "0.2.0")
        make_repo(folder / "alimentar", {"Cargo.toml": package("alimentar", version="0.3.0")})
        entry = '[dependencies]\nalimentar = { path = "../alimentar" }'
        entrenar = make_repo(folder / "entrenar", {"Cargo.toml": package("entrenar", entry)})
        make_repo(folder / "book", {"Cargo.toml": package("book", keys="publish = false")})
        entrenar.write({"notes": ""})
        assert main(["status", "--simple"]) == 1
        table, reasons, summary, actions = capsys.readouterr().out.split("\n\n")
        assert main(["status", "--simple", "--verbose"]) == 1
    rows = [line.split() for line in table.splitlines()]
    assert rows[0][:5] == ["Crate", "Version", "Health", "crates.io", "Publish"]
    assert rows[2:] == [
        ["WAVE", "1"],
        ["alimentar", "0.3.0", "healthy", "0.2.0", "ahead", rows[3][5], "main"],
        ["WAVE", "2"],
        ["entrenar", "0.1.0", "error", "never", "no", "main*"],
    ]
    assert reasons.startswith("entrenar: PD001 ")
    assert actions.startswith("Pending actions:\n1. ")
    assert "entrenar/Cargo.toml" in actions
    assert "3 crates, 2 healthy, errors 1" in summary
    assert "1 healthy crates that are never published are left out" in summary
    assert "\n  book " in capsys.readouterr().out


@pytest.mark.parametrize("columns", ["0", "", "wide"])
def test_columns_that_say_nothing(
    columns: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where COLUMNS is no width, as 0 is before a terminal has its size, it is as if it were not there."""
    make_repo(tmp_path, {"Cargo.toml": package("one")})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    main(["status", "--simple", "--offline"])
    expected = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("COLUMNS", columns)
    main(["status", "--simple", "--offline"])
    assert capsys.readouterr().out.splitlines()[:3] == expected[:3]
    assert expected[0].startswith("Crate")


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    """Piped text keeps to COLUMNS, however long names, versions and branches are."""
    text = package("a-plugin-with-a-rather-long-name", '[dependencies]\na = "*"', version="10.20.30-beta.1")
    repo = make_repo(tmp_path / "long", {"Cargo.toml": text})
    repo.git("switch", "--quiet", "--create", "feature/with-a-name-that-nobody-wants-to-read-in-a-table")
    monkeypatch.setenv("COLUMNS", str(columns))
    main(["status", "--workspace", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert any("error" in line for line in lines)


def test_hostile_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a manifest or a folder is called reaches no terminal as a control character, and no markup is obeyed."""
    text = package("a\\u001b[2Jb", version="[bold]1[/bold]")
    make_repo(tmp_path / "\x1b[31mred", {"Cargo.toml": text})
    main(["status", "--workspace", str(tmp_path), "--verbose"])
    out = capsys.readouterr().out
    assert "\x1b" not in out
