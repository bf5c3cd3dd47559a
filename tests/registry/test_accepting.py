"""The registry on loopback that takes uploads: real cargo publishes to it, resolves from it and yanks in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.index import list_versions
from tests.support.process import run
from tests.support.publishing import METADATA, publish, publishing_environment, sample_upload
from tests.support.registry import get, index_line
from tests.support.repos import make_repo, package

BELOW = {"index/lo/gs/logs-all": index_line("Logs-All", "1.0.0"), "index/3/o/old": index_line("old", "1.0.0")}


@pytest.fixture
def registry() -> Iterator[AcceptingRegistry]:
    """A registry over two crates."""
    with AcceptingRegistry(BELOW.get, clock=lambda: datetime(2026, 11, 27, 10, tzinfo=UTC)) as served:
        yield served


def test_uploads_and_yanks(registry: AcceptingRegistry) -> None:
    """What is taken is in the index at once, beside what was there; what lies below is never changed."""
    for version in ("1.1.0", "1.2.0"):
        assert registry.publish(sample_upload("old", version)).version == version
    assert registry.yank("old", "1.0.0")
    assert registry.yank("old", "1.1.0")
    assert registry.yank("old", "1.1.0", yanked=False)
    assert not registry.yank("old", "9.0.0")
    assert not registry.yank("../old", "1.0.0")
    listed = list_versions(get(f"{registry.url}/index/3/o/old").body).listed
    assert [(one.version, one.yanked, one.published_at) for one in listed] == [
        ("1.0.0", True, None),
        ("1.1.0", False, "2026-11-27T10:00:00Z"),
        ("1.2.0", False, "2026-11-27T10:00:00Z"),
    ]
    assert json.loads(BELOW["index/3/o/old"])["yanked"] is False
    assert get(f"{registry.url}/crates/old/1.2.0/download").body == registry.accepted[1].archive


def test_what_is_held(registry: AcceptingRegistry) -> None:
    """A crate is found under every spelling of its name."""
    for name in ("logs_all", "LOGS-ALL", "Logs-All"):
        held = registry.held(name)
        assert held is not None
        assert (held.name, held.versions) == ("Logs-All", ("1.0.0",))
    assert registry.held("nowhere") is None
    assert registry.held("../x") is None
    registry.publish(sample_upload("a_b", "0.1.0"))
    held = registry.held("A-B")
    assert held is not None
    assert held.name == "a_b"


def test_requests_that_are_none(registry: AcceptingRegistry) -> None:
    """Other paths, unknown versions and bodies without a length change nothing."""
    for method, path, status in (
        ("PUT", "/api/v1/crates/new", 400),
        ("PUT", "/api/v1/crates/old", 404),
        ("DELETE", "/api/v1/crates/old/2.0.0/yank", 404),
        ("DELETE", "/api/v1/crates/old/1.0.0/unyank", 404),
        ("DELETE", "/elsewhere", 404),
    ):
        assert get(registry.url + path, method=method).status == status
    assert get(f"{registry.url}/api/v1/crates/new", {"Content-Length": "9" * 12}, "PUT").status == 413
    assert registry.accepted == []
    assert get(f"{registry.url}/index/3/o/old").body == BELOW["index/3/o/old"]
    assert [asked.method for asked in registry.log].count("PUT") == 3


@pytest.mark.cargo
def test_cargo_publishes_to_it_as_to_crates_io(registry: AcceptingRegistry, tmp_path: Path) -> None:
    """Real cargo uploads, finds the upload in the index, resolves a dependent from it, and yanks."""
    home = tmp_path / "home"
    lib = make_repo(tmp_path / "lib", {"Cargo.toml": package("lib-a", keys=METADATA), "src/lib.rs": ""})
    assert publish(lib.path, registry, home).accepted
    needs = '[dependencies]\nlib-a = "0.1"\n'
    app = make_repo(tmp_path / "app", {"Cargo.toml": package("app-a", needs, keys=METADATA), "src/lib.rs": ""})
    verdict = publish(app.path, registry, home)
    assert verdict.accepted, verdict.said
    assert "registry `crates-io`" in verdict.said
    assert [taken.name for taken in registry.accepted] == ["lib-a", "app-a"]
    environment = publishing_environment(registry, home)
    run(["cargo", "yank", "lib-a@0.1.0"], cwd=tmp_path, env=environment)
    again = publish(lib.path, registry, home)
    assert not again.accepted
    next_app = package("app-b", needs, keys=METADATA)
    other = make_repo(tmp_path / "other", {"Cargo.toml": next_app, "src/lib.rs": ""})
    assert "yanked" in publish(other.path, registry, home).said
    run(["cargo", "yank", "--undo", "lib-a@0.1.0"], cwd=tmp_path, env=environment)
    assert publish(other.path, registry, home).accepted


@pytest.mark.cargo
def test_cargo_says_why_it_is_refused(registry: AcceptingRegistry, tmp_path: Path) -> None:
    """The registry's reason reaches the user; a name of crates.io's own rules cargo does not know of."""
    lib = make_repo(tmp_path / "lib", {"Cargo.toml": package("logs_all", keys=METADATA), "src/lib.rs": ""})
    verdict = publish(lib.path, registry, tmp_path / "home")
    assert "crate was previously named `Logs-All`" in verdict.said
    assert registry.refused == ["crate was previously named `Logs-All`"]
