"""The guard's reports as a whole: text and JSON, exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batuta_hooks.guards.about import program_version
from tests.guards.asking import ask, judge, start
from tests.support.repos import Repo, make_repo, package

FILES = {
    "Cargo.toml": package(
        "a", '[dependencies]\nb = { path = "crates/b" }\n\n[patch.crates-io]\nx = { path = "crates/b" }'
    ),
    "crates/b/Cargo.toml": package("b", '[dependencies]\n"serde" = "*"', version="1.2.3"),
    "odd\n\x1b[31m/Cargo.toml": "[package",
    "caf\udce9/Cargo.toml": "[package",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with errors, a warning and odd names."""
    return make_repo(tmp_path / "r", FILES)


def places(text: str) -> list[str]:
    """The place, code and severity that each finding's line starts with."""
    return [line[: line.index("PD") + 15] for line in text.splitlines() if not line.startswith(" ")]


def test_text(tmp_path: Path) -> None:
    """A finding is two lines: place, code and message, and below it how to mend it."""
    repo = make_repo(tmp_path, {"Cargo.toml": package("a", '[dependencies]\nserde = "*"\n[dev-dependencies]\nq = "1"')})
    answer = ask(repo.path)
    assert (answer.code, answer.err) == (1, "")
    first, second = answer.out.splitlines()
    assert first == "Cargo.toml:7:1: PD005 `serde` is required at any version, which crates.io refuses"
    assert second.startswith("    require what was tested")
    assert 'serde = "' in second


def test_text_is_sorted_and_safe(repo: Repo) -> None:
    """Findings come by path, line and column; what a terminal would obey or not understand is shown escaped."""
    answer = ask(repo.path)
    assert [line.rpartition(" PD")[0] for line in places(answer.out)] == [
        "Cargo.toml:7:1:",
        "Cargo.toml:10:1:",
        "caf\\xe9/Cargo.toml:1:9:",
        "crates/b/Cargo.toml:7:1:",
        "odd\\n\\x1b[31m/Cargo.toml:1:9:",
    ]
    assert "caf\\xe9/Cargo.toml:1:9: PD008 warning: cargo cannot read this manifest: " in answer.out
    assert all(line.isprintable() for line in answer.out.splitlines())


def test_colors(repo: Repo) -> None:
    """Colours are around place and code, by severity, and change nothing else."""
    plain, colored = ask(repo.path).out, ask(repo.path, "--color", "always").out
    assert "\x1b[1mCargo.toml:7:1:\x1b[0m \x1b[31;1mPD001\x1b[0m path dependency" in colored
    assert "\x1b[33;1mPD008\x1b[0m warning: " in colored
    for code in ("\x1b[1m", "\x1b[0m", "\x1b[31;1m", "\x1b[33;1m", "\x1b[36;1m"):
        colored = colored.replace(code, "")
    assert colored == plain


def test_the_document(repo: Repo) -> None:
    """Its fields and their types, and nothing else on standard output."""
    answer = judge(repo.path)
    document = answer.document
    assert answer.out.endswith("}\n")
    assert {**document, "findings": [], "unknown": []} == {
        "schema": "batuta.guard/1",
        "guard": "batuta-path-deps",
        "version": program_version(),
        "findings": [],
        "unknown": [],
        "checked": {"manifests": 4, "refs": 0},
        "data_age_s": None,
    }
    fields = ["code", "severity", "path", "line", "column", "crate", "dependency", "message", "fix"]
    assert [list(one) for one in document["findings"]] == [fields] * 5
    first = document["findings"][0]
    assert first["message"] == "path dependency `b` has no version, so cargo will not publish `a`"
    assert 'b = { version = "1.2.3", path = "crates/b" }' in first["fix"]
    del first["message"], first["fix"]
    place = {"path": "Cargo.toml", "line": 7, "column": 1}
    assert first == {"code": "PD001", "severity": "error", "crate": "a", "dependency": "b", **place}


def test_paths_in_the_document_are_exact(repo: Repo) -> None:
    """Line breaks and control characters come back as they are; only bytes that are not UTF-8 are shown escaped."""
    paths = [path for _, _, path in judge(repo.path).findings]
    assert paths == sorted(
        ["Cargo.toml"] * 2 + ["caf\\xe9/Cargo.toml", "crates/b/Cargo.toml", "odd\n\x1b[31m/Cargo.toml"]
    )


def test_nothing_found(tmp_path: Path) -> None:
    """A clean document is whole as well."""
    make_repo(tmp_path, {"Cargo.toml": package("a")})
    answer = start(tmp_path, "--format=json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out)["findings"] == json.loads(answer.out)["unknown"] == []


def test_the_undecided_in_the_document(tmp_path: Path) -> None:
    """An open question names the crate and why it is open."""
    files = {
        "Cargo.toml": package("a", '[dependencies]\nb = { path = "b", version = "1" }'),
        "b/Cargo.toml": package("b", keys="publish = false"),
    }
    make_repo(tmp_path, files)
    (item,) = judge(tmp_path).document["unknown"]
    assert list(item) == ["crate", "why"]
    assert item["crate"] == "b"
