"""``check --deep``: what users of the stack's crates would get, told as text, in the document and as findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.publish_stacks import index_files, line
from tests.support.registry import FaultyRegistry, crate_archive
from tests.support.repos import make_repo, package

LINES = [
    line("arrow", "53.0.0"),
    line("arrow", "54.0.0"),
    line("db", "0.3.3", "arrow ^53"),
    line("tool", "0.1.0", "gone ^1"),
]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stack whose crates meet arrow twice, through a published crate alone."""
    with FaultyRegistry() as registry:
        registry.files.update(index_files(LINES))
        go_online(monkeypatch, tmp_path / "stack", registry)
        yield tmp_path / "stack"


def document(stack: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """The JSON document of a check."""
    main(["check", "--workspace", str(stack), "--deep", "--format", "json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_split_that_only_users_get(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two ways to two versions of what the configuration calls shared, at the line that brings the older one."""
    make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\narrow = "54"\ndb = "0.3"')})
    (stack / "batuta-stack.toml").write_text('[alignment]\nshared = ["arrow"]\n')
    found = document(stack, capsys)
    assert found["deep"] == [
        {
            "crate": "app",
            "version": "0.1.0",
            "verdict": "resolved",
            "why": "",
            "shared": [
                {
                    "dependency": "arrow",
                    "versions": ["53.0.0", "54.0.0"],
                    "chains": [["app 0.1.0", "db 0.3.3", "arrow 53.0.0"], ["app 0.1.0", "arrow 54.0.0"]],
                }
            ],
            "not_cached": 0,
            "repository": "app",
            "unseen": [],
        }
    ]
    findings = [one for one in found["findings"] if one["code"] == "VA005"]
    assert [(one["severity"], one["line"], one["dependency"]) for one in findings] == [("warning", 8, "arrow")]
    assert "app 0.1.0 -> db 0.3.3 -> arrow 53.0.0 beside app 0.1.0 -> arrow 54.0.0" in findings[0]["message"]


def test_siblings_count_as_published(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands in a checkout is what users will get: here it ends the split."""
    make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\narrow = "54"\ndb = "0.3"')})
    make_repo(stack / "db", {"Cargo.toml": package("db", '[dependencies]\narrow = "54"', version="0.3.4")})
    found = document(stack, capsys)
    shared = {one["crate"]: one["shared"] for one in found["deep"]}
    assert [one["versions"] for one in shared["app"] if one["dependency"] == "arrow"] == [["54.0.0"]]


def test_what_nobody_can_resolve(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The chain of who needs what is told, in the text as in the document."""
    make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\ntool = "0.1"')})
    (crate,) = document(stack, capsys)["deep"]
    assert crate["verdict"] == "refused"
    assert crate["why"] == "app 0.1.0 -> tool 0.1.0 -> gone ^1: absent"
    main(["check", "--workspace", str(stack), "--deep"])
    printed = capsys.readouterr().out
    assert "for whoever requires them: 1 refused" in printed
    assert "app 0.1.0: app 0.1.0 -> tool 0.1.0 -> gone ^1: absent" in printed


def test_not_cached(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not known is said to be so, with what would make it known; nothing is guessed."""
    make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\narrow = "54"\ndb = "0.3"')})
    (crate,) = document(stack, capsys, "--offline")["deep"]
    assert (crate["verdict"], crate["not_cached"], crate["unseen"]) == ("unknown", 2, ["arrow", "db"])
    assert crate["why"] == "not looked at, 2 crates are not cached: `batuta-stack cache warm --transitive`"
    main(["check", "--workspace", str(stack), "--deep", "--offline"])
    assert "not looked at, 2 crates are not cached" in capsys.readouterr().out
    main(["check", "--workspace", str(stack), "--deep", "--offline", "--verbose"])
    assert "app 0.1.0: not looked at, 2 crates" in capsys.readouterr().out


def test_asked_as_far_down_as_it_goes(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a crate that is published, or refused for its own sake, a verdict on publishing asks no further."""
    make_repo(stack / "old", {"Cargo.toml": package("db", '[dependencies]\narrow = "53"', version="0.3.3")})
    make_repo(stack / "bad", {"Cargo.toml": package("bad", '[dependencies]\ndb = "0.3"\nhere = { path = "here" }')})
    bad, db = document(stack, capsys)["deep"]
    assert (db["verdict"], bad["verdict"], bad["unseen"]) == ("resolved", "unknown", [])
    assert bad["why"] == "not all looked at, `here` has no version, so that nobody can publish this"


def test_warmed_for_users(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a report says to be not cached is fetched by the command that it names, though no lock file names it."""
    make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\ndb = "0.3"\ntool = "0.1"')})
    assert main(["cache", "warm", "--quiet"]) == 0
    assert document(stack, capsys, "--offline")["deep"][0]["unseen"] == ["arrow", "gone"]
    assert main(["cache", "warm", "--transitive"]) == 0
    assert capsys.readouterr().out.startswith("5 crates: 1 fetched, 2 known already, 2 not there")
    (crate,) = document(stack, capsys, "--offline")["deep"]
    assert crate["why"] == "app 0.1.0 -> tool 0.1.0 -> gone ^1: absent"


def test_the_way_leads_through_whoever_wanted_more(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that two need is where each of them leads, with the features that each of them wants."""
    (stack / "batuta-stack.toml").write_text('[alignment]\nshared = ["arrow"]\n')
    optional = {"name": "arrow", "req": "^53", "optional": True}
    wider = {"name": "wide", "req": "^1", "features": ["arrow"]}
    lines = [*LINES, line("wide", "1.0.0", optional), line("more", "1.0.0", wider)]
    with FaultyRegistry() as registry:
        registry.files.update(index_files(lines))
        config = stack / ".cargo" / "config.toml"
        config.write_text(
            f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "{registry.index_url}"\n'
        )
        make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\nmore = "1"\nwide = "1"')})
        (crate,) = document(stack, capsys)["deep"]
    assert crate["shared"] == [
        {
            "dependency": "arrow",
            "versions": ["53.0.0"],
            "chains": [["app 0.1.0", "more 1.0.0", "wide 1.0.0", "arrow 53.0.0"]],
        }
    ]


def test_a_sibling_whose_name_is_taken(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the registry has under its name is another project's, so that no cache tells what users get."""
    theirs = package("tool", version="0.3.0", keys='repository = "https://example.org/theirs"').encode()
    with FaultyRegistry() as registry:
        registry.add_archive("tool", "0.3.0", crate_archive("tool", "0.3.0", {"Cargo.toml": theirs}))
        config = stack / ".cargo" / "config.toml"
        config.write_text(
            f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "{registry.index_url}"\n'
        )
        make_repo(stack / "tool", {"Cargo.toml": package("tool", keys='repository = "https://example.com/ours"')})
        make_repo(stack / "app", {"Cargo.toml": package("app", '[dependencies]\ntool = "0.1"')})
        assert main(["cache", "warm", "--quiet"]) == 0
        (crate, _) = document(stack, capsys)["deep"]
    assert (crate["crate"], crate["verdict"], crate["unseen"]) == ("app", "unknown", [])
    assert crate["why"] == "not looked at, `tool` on the registry is another project's"
