"""The JSON of the board: the fields that scripts rely on, and nothing but the document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.repos import make_repo, package


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What `status --format json` prints, where it ends with a code and says nothing else."""
    assert main(["status", "--format", "json", *arguments]) == code
    out, error = capsys.readouterr()
    assert error == ""
    assert out.count("\n") == 1
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def crates(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The crates of a document by name."""
    return {crate["name"]: crate for crate in found["crates"]}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack with one defect, at a fixed time."""
    entry = '[dependencies]\nalimentar = { path = "../alimentar" }'
    make_repo(tmp_path / "entrenar", {"Cargo.toml": package("entrenar", entry)})
    make_repo(tmp_path / "alimentar", {"Cargo.toml": package("alimentar", version="0.3.0")})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764930600")
    return tmp_path


def test_whole_document(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field that is promised is there, with the values of a stack with one defect; an error makes it 1."""
    found = document(capsys, "--workspace", str(stack), code=1)
    sibling, crate = found.pop("crates")
    actions = found.pop("pending_actions")
    assert found == {
        "schema": "batuta.status/1",
        "timestamp": "2025-12-05T10:30:00Z",
        "updated": "2025-12-05T10:30:00Z",
        "workspace": str(stack),
        "summary": {"total_crates": 2, "healthy": 1, "warnings": 0, "errors": 1, "unknown": 0},
        "layers": [{"name": "wave 1", "crates": ["alimentar"]}, {"name": "wave 2", "crates": ["entrenar"]}],
        "data_age_s": None,
        "as_of": None,
    }
    assert all(set(action) == {"text", "command"} for action in actions)
    assert [reason[:5] for reason in crate.pop("reasons")] == ["PD001", "PD003"]
    publishable = crate.pop("publishable")
    assert set(publishable) == {"verdict", "after", "because", "why", "reasons"}
    assert publishable["verdict"] == "no"
    main(["check", "--format", "json", "--offline", "--workspace", str(stack)])
    checked = crates(json.loads(capsys.readouterr().out))["entrenar"]
    assert publishable == checked["publishable"], "one shape in both documents"
    assert crate == {
        "name": "entrenar",
        "repository": "entrenar",
        "version": "0.1.0",
        "registry": {"version": None, "state": "unknown", "age_s": None},
        "health": "error",
        "coverage": None,
        "warnings": None,
        "days_since_release": None,
        "commits_since_release": None,
        "last_release": dict.fromkeys(("version", "published_at", "days", "tag", "commits")),
        "gates": [],
        "outdated": [],
        "git": {"branch": "main", "dirty": False, "ahead": None, "behind": None},
    }
    assert (sibling["name"], sibling["health"], sibling["reasons"]) == ("alimentar", "healthy", [])


def test_configured_layers(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The configured layers count, in their order; crates that none names are in a last one, and none is empty."""
    make_repo(stack / "trueno", {"Cargo.toml": package("trueno")})
    text = '[layers]\napplication = ["entrenar", "elsewhere"]\nempty = []\ncompute = ["trueno"]\n'
    (stack / "batuta-stack.toml").write_text(text, encoding="utf-8")
    found = document(capsys, "--workspace", str(stack), code=1)
    assert found["layers"] == [
        {"name": "application", "crates": ["entrenar"]},
        {"name": "compute", "crates": ["trueno"]},
        {"name": "other", "crates": ["alimentar"]},
    ]


def test_waves_with_a_cycle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Crates that need each other keep nobody from having a wave: the crate above them comes after, below before."""
    for name, needs in (("a", "b"), ("b", "a base"), ("top", "a"), ("base", "")):
        entries = "".join(f'{need} = {{ version = "0.1", path = "../{need}" }}\n' for need in needs.split())
        make_repo(tmp_path / name, {"Cargo.toml": package(name, f"[dependencies]\n{entries}")})
    main(["status", "--format", "json", "--workspace", str(tmp_path)])
    layers = json.loads(capsys.readouterr().out)["layers"]
    waves = {name: wave for wave, layer in enumerate(layers) for name in layer["crates"]}
    assert waves["base"] < waves["b"]
    assert waves["a"] < waves["top"]


def test_a_wrong_configuration_in_one_repository(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown beside what could be judged, and the code says that a configuration is wrong."""
    (stack / "alimentar" / "batuta-stack.toml").write_text("[rulez]\n", encoding="utf-8")
    assert main(["status", "--workspace", str(stack)]) == 2
    out = capsys.readouterr().out
    assert "alimentar: not judged (misconfigured)" in out
    assert "entrenar" in out
