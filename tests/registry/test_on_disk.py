"""Registries that are folders are read as cargo reads them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from batuta_hooks.registry.entry import registry_identity
from batuta_hooks.registry.exchange import RegistryFault
from batuta_hooks.registry.index import releases
from batuta_hooks.registry.on_disk import DiskRegistry, registry_url
from batuta_hooks.registry.sources import DIRECTORY, LOCAL, SPARSE, Source
from tests.registry.loopback import Registry, cargo_environment, write_package
from tests.support.process import run
from tests.support.registry import FaultyRegistry, crate_archive, index_line

SAMPLE = b"""\
[package]
name = "Sample"
version = "1.2.3+build"
edition = "2021"
links = "native"
rust-version = "1.70"

[dependencies.plain]
version = "1"

[dependencies.alias]
version = "^0.2"
package = "real"
features = ["one", "two"]
optional = true
default-features = false

[dev-dependencies.tested]
version = "=3.0.0"

[build-dependencies.built]
version = "0.1"

[target."cfg(unix)".dependencies.unixy]
version = "2"

[features]
default = ["one"]
one = ["dep:alias"]
"""


def dependency(name: str, req: str, **more: object) -> dict[str, object]:
    """A dependency as an index has it."""
    usual = {"features": [], "optional": False, "default_features": True, "target": None, "kind": "normal"}
    return {"name": name, "req": req, **usual, **more}


DEPENDENCIES = [
    dependency("plain", "1"),
    dependency("alias", "^0.2", package="real", features=["one", "two"], optional=True, default_features=False),
    dependency("tested", "=3.0.0", kind="dev"),
    dependency("built", "0.1", kind="build"),
    dependency("unixy", "2", target="cfg(unix)"),
]
MORE = {
    "deps": DEPENDENCIES,
    "features": {"default": ["one"], "one": ["dep:alias"]},
    "links": "native",
    "rust_version": "1.70",
}


def vendored(folder: Path, name: str, manifest: bytes | str, sums: str = '{"package": "ab", "files": {}}') -> Path:
    """Put a package into a directory source."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "Cargo.toml").write_bytes(manifest if isinstance(manifest, bytes) else manifest.encode())
    (package / ".cargo-checksum.json").write_text(sums, encoding="utf-8")
    return package


def plain(name: str, version: str) -> str:
    """A manifest without anything else."""
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'


def local(tmp_path: Path) -> DiskRegistry:
    """A local registry with one crate and one archive."""
    (tmp_path / "index/se/rd").mkdir(parents=True)
    (tmp_path / "index/se/rd/serde").write_bytes(index_line("serde", "1.0.0"))
    (tmp_path / "serde-1.0.0.crate").write_bytes(b"archive")
    return DiskRegistry(Source(LOCAL, str(tmp_path), "m"))


def test_local_registry(tmp_path: Path) -> None:
    """Index files are below `index`, archives beside it; what is not there does not exist."""
    registry = local(tmp_path)
    assert registry.index_file("serde") == registry.index_file("Serde") == index_line("serde", "1.0.0")
    assert registry.index_file("rand") is None
    assert registry.archive("serde", "1.0.0", 7) == b"archive"


@pytest.mark.parametrize(("crate", "said"), [("serde", "larger than 0 MiB"), ("rand", "No such file or directory")])
def test_an_archive_that_is_not_there(crate: str, said: str, tmp_path: Path) -> None:
    """Or that is too large, is a fault."""
    assert local(tmp_path).archive(crate, "1.0.0", 6) == RegistryFault(
        f"{tmp_path}/{crate}-1.0.0.crate cannot be read: {said}"
    )


def test_a_local_registry_that_is_none(tmp_path: Path) -> None:
    """A folder without an index says nothing of any crate."""
    registry = DiskRegistry(Source(LOCAL, str(tmp_path / "none"), "m"))
    assert registry.index_file("serde") == RegistryFault(f"{tmp_path}/none/index is no folder")


def test_an_index_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is a fault, not a crate that does not exist."""
    registry = local(tmp_path)
    (tmp_path / "index/ra/nd/rand").mkdir(parents=True)
    assert registry.index_file("rand") == RegistryFault(f"{tmp_path}/index/ra/nd/rand cannot be read: Is a directory")


def test_directory(tmp_path: Path) -> None:
    """Every version of a crate that lies there is a line; names of folders say nothing."""
    vendored(tmp_path, "a", plain("serde", "1.0.0"))
    vendored(tmp_path, "serde", plain("serde", "2.0.0"))
    vendored(tmp_path, "z", plain("rand", "0.8.5"), '{"package": null, "files": {}}')
    vendored(tmp_path, ".hidden", "")
    (tmp_path / "empty").mkdir()
    (tmp_path / "README").touch()
    registry = DiskRegistry(Source(DIRECTORY, str(tmp_path), "m"))
    found = registry.index_file("serde")
    assert isinstance(found, bytes)
    assert [(one.version, one.checksum, one.yanked) for one in releases(found, "serde")] == [
        ("1.0.0", "ab", False),
        ("2.0.0", "ab", False),
    ]
    assert isinstance(registry.index_file("RAND"), bytes)
    assert registry.index_file("syn") is None
    archive = registry.archive("serde", "1.0.0", 9)
    assert archive == RegistryFault(f"{tmp_path} is a directory source, which holds no archives")


def test_a_manifest_says_what_the_index_says(tmp_path: Path) -> None:
    """Dependencies of all kinds, features, links and Rust version of a packed manifest are those of its index line."""
    vendored(tmp_path, "sample", SAMPLE)
    found = DiskRegistry(Source(DIRECTORY, str(tmp_path), "m")).index_file("sample")
    assert isinstance(found, bytes)
    assert releases(found, "sample") == releases(index_line("Sample", "1.2.3+build", cksum="ab", **MORE), "sample")


@pytest.mark.parametrize(
    ("manifest", "sums"),
    [
        ("[package", "{}"),
        ("[package]\n", "{}"),
        ("[workspace]\n", "{}"),
        (plain("serde", "1.0.0"), "{"),
        (plain("serde", "1.0.0"), "[]"),
    ],
    ids=["no TOML", "no name", "no package", "no JSON", "no table"],
)
def test_one_bad_package_spoils_a_directory(manifest: str, sums: str, tmp_path: Path) -> None:
    """As cargo refuses the whole source, nothing is said of any crate."""
    vendored(tmp_path, "good", plain("rand", "1.0.0"))
    bad = vendored(tmp_path, "serde", manifest, sums)
    registry = DiskRegistry(Source(DIRECTORY, str(tmp_path), "m"))
    fault = RegistryFault(f"the manifest or the checksums in {bad} cannot be read")
    assert (registry.index_file("rand"), registry.index_file("serde")) == (fault, fault)


def test_a_package_without_checksums_spoils_a_directory(tmp_path: Path) -> None:
    """Likewise."""
    bad = vendored(tmp_path, "serde", plain("serde", "1.0.0"))
    (bad / ".cargo-checksum.json").unlink()
    registry = DiskRegistry(Source(DIRECTORY, str(tmp_path), "m"))
    assert registry.index_file("rand") == RegistryFault(f"{bad} cannot be read: No such file or directory")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """It is a fault."""
    registry = DiskRegistry(Source(DIRECTORY, str(tmp_path / "none"), "m"))
    assert registry.index_file("serde") == RegistryFault(f"{tmp_path}/none cannot be read: No such file or directory")


def test_what_names_a_registry() -> None:
    """The URL of its index, or of its folder; both are good for a key of the cache."""
    assert registry_url(Source(SPARSE, "https://h/", "m", "sparse+https://h/")) == "sparse+https://h/"
    url = registry_url(Source(DIRECTORY, "/a b/é", "m"))
    assert url == "file:///a%20b/%C3%A9"
    assert registry_identity(url) == url


@pytest.mark.cargo
def test_what_cargo_vendors(tmp_path: Path) -> None:
    """Of crates that real cargo vendored, the directory says what the registry's index says of these versions."""
    write_package(tmp_path / "asker", 'Sample = "1"\n')
    (tmp_path / "asker/.cargo").mkdir()
    with FaultyRegistry() as served:
        for name, version in (("plain", "1.0.0"), ("built", "0.1.0"), ("unixy", "2.0.0"), ("real", "0.2.0")):
            manifest = plain(name, version) + "[features]\none = []\ntwo = []\n"
            archive = crate_archive(name, version, {"Cargo.toml": manifest.encode(), "src/lib.rs": b""})
            line = index_line(
                name,
                version,
                cksum=hashlib.sha256(archive).hexdigest(),
                features={"one": [], "two": []},
            )
            served.files[f"{name}-{version}.crate"] = archive
            served.files[f"index/{name[:2]}/{name[2:4]}/{name}"] = line
        archive = crate_archive(
            "Sample", "1.2.3+build", {"Cargo.toml": SAMPLE, "src/lib.rs": b"", "build.rs": b"fn main(){}"}
        )
        checksum = hashlib.sha256(archive).hexdigest()
        served.files["Sample-1.2.3+build.crate"] = archive
        served.files["index/sa/mp/sample"] = index_line("Sample", "1.2.3+build", cksum=checksum, **MORE)
        text = f'[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "{served.index_url}"\n'
        (tmp_path / "asker/.cargo/config.toml").write_text(text, encoding="utf-8")
        environment = cargo_environment(tmp_path / "home", Registry(served.server_port))
        run(
            ["cargo", "vendor", "--quiet", "--respect-source-config", str(tmp_path / "vendor")],
            cwd=tmp_path / "asker",
            env=environment,
        )
        registry = DiskRegistry(Source(DIRECTORY, str(tmp_path / "vendor"), "m"))
        for crate in ("sample", "plain", "built", "unixy", "real"):
            found = registry.index_file(crate)
            assert isinstance(found, bytes), found
            assert releases(found, crate) == releases(served.index_of(crate), crate)
    assert json.loads((tmp_path / "vendor/Sample/.cargo-checksum.json").read_bytes())["package"] == checksum
