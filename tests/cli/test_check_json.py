"""The JSON of a check: the fields that scripts rely on, exact paths, and nothing but the document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.git.command import git
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `check --format json` prints."""
    main(["check", "--format", "json", *arguments])
    out, error = capsys.readouterr()
    assert [note for note in error.splitlines() if "judged against the registry alone" not in note] == []
    assert out.count("\n") == 1
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("arguments", [["check"], ["status"], ["sync", "--dry-run"]])
def test_what_a_terminal_would_obey(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names are exact, and nothing in the document is raw that a terminal obeys, which is more than JSON escapes."""
    name = "r\x9b2J\u202e\u2028\U000e0001é"
    make_repo(tmp_path / name, {"Cargo.toml": package("one", '[dependencies]\nother = { path = "../other" }')})
    make_repo(tmp_path / "other", {"Cargo.toml": package("other")})
    main([*arguments, "--offline", "--format", "json", "--workspace", str(tmp_path)])
    out = capsys.readouterr().out
    assert out.removesuffix("\n").isprintable()
    assert "é" in out
    assert name in json.dumps(json.loads(out), ensure_ascii=False)


def test_whole_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field that is promised is there, with the values of a stack with one defect."""
    entry = '[dependencies]\nalimentar = { path = "../alimentar" }'
    make_repo(tmp_path / "entrenar", {"Cargo.toml": package("entrenar", entry)})
    make_repo(tmp_path / "alimentar", {"Cargo.toml": package("alimentar", version="0.3.0")})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764930600")
    found = document(capsys, "--workspace", str(tmp_path))
    findings = found.pop("findings")
    sibling, crate = found.pop("crates")
    assert found == {
        "schema": "batuta.check/1",
        "timestamp": "2025-12-05T10:30:00Z",
        "workspace": str(tmp_path),
        "source": "worktree",
        "summary": {"total_crates": 2, "healthy": 1, "warnings": 0, "errors": 1, "unknown": 0},
        "conflicts": [],
        "duplicates": [],
        "cycles": [],
        "deep": [],
        "what_if": [],
        "unknown": [],
        "repositories": [
            {
                "path": path,
                "state": "ok",
                "error": None,
                "branch": "main",
                "upstream": None,
                "dirty": False,
                "ahead": None,
                "behind": None,
                "fetched_age_s": None,
                "shallow": False,
            }
            for path in ("alimentar", "entrenar")
        ],
        "data_age_s": None,
        "as_of": None,
        "cargo": "1.95",
        "shard": None,
    }
    assert [finding["code"] for finding in findings] == ["PD001", "PD003"]
    assert set(findings[0]) == {
        *("code", "severity", "repository", "path", "line", "column", "crate", "dependency", "message", "fix")
    }
    assert crate.pop("findings") == findings
    publishable = crate.pop("publishable")
    assert publishable.items() >= {"verdict": "no", "after": []}.items()
    assert publishable["because"][0].startswith("entrenar/Cargo.toml:7: PD001 path dependency")
    assert publishable["reasons"][0].items() >= {"code": "PD001", "path": "Cargo.toml", "line": 7}.items()
    assert crate == {
        "name": "entrenar",
        "repository": "entrenar",
        "manifest_path": "Cargo.toml",
        "local_version": "0.1.0",
        "crates_io_version": None,
        "published": None,
        "registry": {
            "version": None,
            "state": "unknown",
            "age_s": None,
            "source": "",
            "why": "there is no cache yet, and cargo keeps no copy of its index",
        },
        "status": "error",
        "dependencies": [
            {"name": "alimentar", "version": None, "source": "path", "kind": "dependencies", "target": None}
        ],
        "issues": [
            {
                "type": "path_dependency",
                "dependency": "alimentar",
                "current": 'path = "../alimentar"',
                "recommended": 'alimentar = "0.3.0"',
            }
        ],
    }
    assert sibling["publishable"]["verdict"] == "no"
    assert sibling["publishable"]["why"] == "it has no description, so crates.io refuses it"


def test_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Branch, distance from the upstream, dirt, age of the last fetch are git's; what was not judged says why."""
    upstream = make_repo(tmp_path / ".up", {"Cargo.toml": package("a")})
    run(["git", "clone", "--quiet", upstream.path, tmp_path / "a"])
    clone = Repo(tmp_path / "a")
    upstream.commit("theirs", {"b": ""})
    clone.git("fetch", "--quiet")
    clone.commit("mine", {"c": ""})
    clone.write({"d": ""})
    fetched = int((clone.path / ".git" / "FETCH_HEAD").stat().st_mtime)
    (tmp_path / "hollow" / ".git").mkdir(parents=True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(fetched + 90))
    judged, hollow = document(capsys, "--workspace", str(tmp_path))["repositories"]
    assert judged["branch"] == git(["branch", "--show-current"], str(clone.path)).decode().strip()
    assert (judged["ahead"], judged["behind"], judged["dirty"]) == (1, 1, True)
    assert 89 <= judged["fetched_age_s"] <= 90
    assert (hollow["path"], hollow["state"], hollow["branch"], hollow["dirty"]) == (
        *("hollow", "not-a-repository", None, None),
    )
    assert "not the top folder" in hollow["error"]


def test_paths_are_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tabs, quotes and line breaks are in the JSON as they are; bytes that are no UTF-8 are shown escaped."""
    make_repo(tmp_path / 'two\nlines\t"q"', {"a\tb/Cargo.toml": package("a", '[dependencies]\nx = "*"')})
    make_repo(tmp_path / "caf\udce9", {"Cargo.toml": package("b", '[dependencies]\nx = "*"')})
    found = document(capsys, "--workspace", str(tmp_path))
    assert [(one["repository"], one["path"]) for one in found["findings"]] == [
        ("caf\\xe9", "Cargo.toml"),
        ('two\nlines\t"q"', "a\tb/Cargo.toml"),
    ]
    assert [crate["repository"] for crate in found["crates"]] == ["caf\\xe9", 'two\nlines\t"q"']


def test_issues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of defect has its type, what stands there, and what to write where that is known."""
    needs = "\n".join(
        [
            "[dependencies]",
            'gone = { version = "0.5", path = "../gone", optional = true }',
            'lost = { path = "../lost" }',
            'repo = { git = "https://example.com/r", branch = "main" }',
            'any = "*"',
            'mine = { version = "1", registry = "company" }',
            "[patch.crates-io]",
            'any = { path = "../any" }',
        ]
    )
    make_repo(tmp_path / "r", {"Cargo.toml": package("app", needs), "t/Cargo.toml": "x ="})
    crates = {crate["name"]: crate for crate in document(capsys, "--workspace", str(tmp_path))["crates"]}
    issues = [tuple(issue.values()) for issue in crates["app"]["issues"]]
    assert issues == [
        ("path_dependency", "gone", 'path = "../gone"', 'gone = { version = "0.5", optional = true }'),
        ("path_dependency", "lost", 'path = "../lost"', None),
        ("git_dependency", "repo", 'git = "https://example.com/r", branch = "main"', None),
        ("wildcard_requirement", "any", 'version = "*"', None),
        ("registry_dependency", "mine", 'registry = "company"', None),
        ("patch", "any", 'path = "../any"', None),
    ]
    (broken,) = crates["t"]["issues"]
    assert (broken["type"], broken["dependency"]) == ("unreadable_manifest", "")


def test_quiet_and_verbose_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document is the same whatever else is asked for, but for its time."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    documents = [
        document(capsys, "--workspace", str(tmp_path), *more) for more in ([], ["-q"], ["-v"], ["--color=always"])
    ]
    for one in documents:
        del one["timestamp"]
    assert documents == [documents[0]] * 4


def test_exit_code_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON output ends with the code that text ends with."""
    for name in ("a", "b"):
        make_repo(tmp_path / name, {"Cargo.toml": package(name, '[dependencies]\nx = "*"')})
    codes = [main(["check", "--workspace", str(tmp_path), "--format", form]) for form in ("json", "text")]
    assert codes == [1, 1]
    assert capsys.readouterr().err == ""
