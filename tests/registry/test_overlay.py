"""The registry on loopback serves what is below it, to cargo too, and to this machine alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.registry.overlay import Overlay, folder_upstream
from tests.registry.loopback import Registry, cargo_environment, write_package
from tests.support.process import run
from tests.support.registry import crate_archive, get, index_line

SERDE = index_line("serde", "1.0.0") + index_line("serde", "1.0.1")
ARCHIVE = crate_archive("serde", "1.0.0", {"Cargo.toml": b'[package]\nname = "serde"\nversion = "1.0.0"\n'})
FILES = {
    "index/se/rd/serde": SERDE,
    "index/3/a/abc": index_line("abc", "0.1.0"),
    "serde-1.0.0.crate": ARCHIVE,
}


@pytest.fixture
def overlay() -> Iterator[Overlay]:
    """An overlay over a table of files."""
    with Overlay(FILES.get) as served:
        yield served


def test_it_listens_on_loopback_alone(overlay: Overlay) -> None:
    """Nobody else can reach it."""
    assert overlay.server_address[0] == "127.0.0.1"
    assert overlay.url == f"http://127.0.0.1:{overlay.server_port}"
    assert overlay.index_url == f"sparse+{overlay.url}/index/"


def test_config_json(overlay: Overlay) -> None:
    """It says where archives are."""
    reply = get(f"{overlay.url}/index/config.json")
    assert (reply.status, json.loads(reply.body)["dl"]) == (200, f"{overlay.url}/crates")


def test_index_files_have_validators(overlay: Overlay) -> None:
    """Who shows the ETag of what is there hears that it did not change; another ETag gets the file."""
    url = f"{overlay.url}/index/se/rd/serde"
    reply = get(url)
    assert (reply.status, reply.body) == (200, SERDE)
    etag = reply.headers["ETag"]
    again = get(url, {"If-None-Match": etag})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert get(url, {"If-None-Match": '"other"'}).body == SERDE
    assert get(f"{overlay.url}/index/3/a/abc").headers["ETag"] != etag


def test_archives(overlay: Overlay) -> None:
    """They come from where config.json says."""
    reply = get(f"{overlay.url}/crates/serde/1.0.0/download")
    assert (reply.status, reply.body) == (200, ARCHIVE)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index",
        "/index/",
        "/index/serde",
        "/index/se/rd/Serde",
        "/index/ra/nd/rand",
        "/index/se/rd/../rd/serde",
        "/index/../serde-1.0.0.crate",
        "/index/%2e%2e/serde",
        "/crates/serde/1.0.0",
        "/crates/serde/1.0.1/download",
        "/crates/serde/../download",
        "/crates/../../etc/passwd/download",
        "/etc/passwd",
        "//etc/passwd",
    ],
)
def test_there_is_nothing_else(path: str, overlay: Overlay, tmp_path: Path) -> None:
    """A path that is none of its own is 404, and never leads out of the upstream."""
    asked: list[str] = []
    with Overlay(asked.append) as curious:
        assert get(curious.url + path).status == 404
    assert all(one.startswith("index/") or one.endswith(".crate") for one in asked)
    assert not any(".." in one for one in asked)
    assert get(overlay.url + path).status == 404


def test_other_methods_are_refused(overlay: Overlay) -> None:
    """Nothing can be published or yanked."""
    for method in ("PUT", "POST", "DELETE", "HEAD"):
        assert get(f"{overlay.url}/api/v1/crates/new", method=method).status == 501


def test_the_log(overlay: Overlay) -> None:
    """Every request is noted with its headers and what was answered."""
    get(f"{overlay.url}/index/se/rd/serde?x=1", {"User-Agent": "me"})
    get(f"{overlay.url}/nothing")
    assert [(asked.method, asked.path, asked.status) for asked in overlay.log] == [
        ("GET", "/index/se/rd/serde?x=1", 200),
        ("GET", "/nothing", 404),
    ]
    assert overlay.log[0].headers["user-agent"] == "me"


def test_over_a_folder(tmp_path: Path) -> None:
    """A folder that is laid out as a local registry can be what is below."""
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    with Overlay(folder_upstream(str(tmp_path))) as overlay:
        assert get(f"{overlay.url}/index/se/rd/serde").body == SERDE
        assert get(f"{overlay.url}/crates/serde/1.0.0/download").body == ARCHIVE
        assert get(f"{overlay.url}/index/ra/nd/rand").status == 404


def test_closed_is_closed() -> None:
    """Afterwards nobody listens."""
    with Overlay(FILES.get) as overlay:
        url = overlay.url
    with pytest.raises(ConnectionRefusedError):
        get(f"{url}/index/config.json")


@pytest.mark.cargo
def test_cargo_resolves_and_downloads_from_it(tmp_path: Path) -> None:
    """Real cargo takes it for a registry: index file, then archive, checksum and all."""
    files = {"Cargo.toml": b'[package]\nname = "serde"\nversion = "1.0.0"\n', "src/lib.rs": b""}
    archive = crate_archive("serde", "1.0.0", files)
    line = index_line("serde", "1.0.0", cksum=hashlib.sha256(archive).hexdigest())
    table = {"index/se/rd/serde": line, "serde-1.0.0.crate": archive}
    write_package(tmp_path / "asker", 'serde = "1"')
    with Overlay(table.get) as overlay:
        (tmp_path / "asker/.cargo").mkdir()
        text = f'[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "{overlay.index_url}"\n'
        (tmp_path / "asker/.cargo/config.toml").write_text(text, encoding="utf-8")
        environment = cargo_environment(tmp_path / "home", Registry(overlay.server_port))
        run(["cargo", "fetch", "--quiet"], cwd=tmp_path / "asker", env=environment)
        assert [asked.path for asked in overlay.log] == [
            "/index/config.json",
            "/index/se/rd/serde",
            "/crates/serde/1.0.0/download",
        ]
