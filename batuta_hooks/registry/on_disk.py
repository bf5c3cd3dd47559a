"""Registries that are folders: cargo's `local-registry` and `directory` sources, read without asking anybody.

A local registry holds index files below `index/` and archives beside it.  A directory, as `cargo vendor` makes it,
holds unpacked packages; of what they say the index file is made that a registry with these versions would have.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

from batuta_hooks.domain.manifest import BUILD, DEV, Dependency, read_dependencies
from batuta_hooks.domain.manifest_schema import manifest_faults
from batuta_hooks.domain.toml_text import MAX_BYTES as MAX_MANIFEST_BYTES
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.registry.exchange import RegistryFault
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.index import MAX_BYTES
from batuta_hooks.registry.names import sparse_path
from batuta_hooks.registry.sources import LOCAL, Source

_KINDS = {DEV: "dev", BUILD: "build"}
_MOST_PACKAGES = 1 << 16


def registry_url(source: Source) -> str:
    """What names a registry in the cache and for `Lookup`: the URL of its index, of a folder `file://` and its path."""
    return source.index_url or f"file://{quote(os.path.abspath(source.location))}"


class DiskRegistry:
    """A `local-registry` or `directory` source; reads its folder when it is first asked.

    Args:
        source: its kind is `LOCAL` or `DIRECTORY`.
    """

    def __init__(self, source: Source) -> None:
        self._folder = source.location
        self._is_local = source.kind == LOCAL
        self._packages: dict[str, bytes] | RegistryFault | None = None

    def index_file(self, crate: str) -> bytes | RegistryFault | None:
        """The index file of a crate; None where there is no such crate."""
        if self._is_local:
            return self._local(crate)
        if self._packages is None:
            self._packages = _read_packages(self._folder)
        return self._packages if isinstance(self._packages, RegistryFault) else self._packages.get(crate.lower())

    def archive(self, crate: str, version: str, max_bytes: int) -> bytes | RegistryFault:
        """The archive of a version."""
        if not self._is_local:
            return RegistryFault(f"{self._folder} is a directory source, which holds no archives")
        try:
            return read_file(os.path.join(self._folder, f"{crate}-{version}.crate"), max_bytes).data
        except OSError as error:
            return _fault(self._folder, f"{crate}-{version}.crate", error)

    def _local(self, crate: str) -> bytes | RegistryFault | None:
        index = os.path.join(self._folder, "index")
        try:
            return read_file(os.path.join(index, sparse_path(crate)), MAX_BYTES).data
        except FileNotFoundError:
            return None if os.path.isdir(index) else RegistryFault(f"{index} is no folder")
        except OSError as error:
            return _fault(index, sparse_path(crate), error)


def _fault(folder: str, name: str, error: OSError) -> RegistryFault:
    return RegistryFault(f"{os.path.join(folder, name)} cannot be read: {error.strerror or error}")


def _read_packages(folder: str) -> dict[str, bytes] | RegistryFault:
    """The index file of each package in a directory source; cargo refuses all of it where one package is unreadable."""
    found: dict[str, list[bytes]] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return RegistryFault(f"{folder} cannot be read: {error.strerror or error}")
    for name in names[:_MOST_PACKAGES]:
        package = os.path.join(folder, name)
        if name.startswith(".") or not os.path.exists(os.path.join(package, "Cargo.toml")):
            continue
        line = _read_package(package)
        if isinstance(line, RegistryFault):
            return line
        found.setdefault(line["name"].lower(), []).append(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    return {crate: b"".join(lines) for crate, lines in found.items()}


def _read_package(folder: str) -> dict[str, Any] | RegistryFault:
    try:
        table = read_toml(read_file(os.path.join(folder, "Cargo.toml"), MAX_MANIFEST_BYTES).data)
        sums = json.loads(read_file(os.path.join(folder, ".cargo-checksum.json"), MAX_BYTES).data)
    except OSError as error:
        return RegistryFault(f"{folder} cannot be read: {error.strerror or error}")
    except (TomlFault, ValueError, RecursionError):
        return RegistryFault(f"the manifest or the checksums in {folder} cannot be read")
    if not isinstance(sums, dict) or next(manifest_faults(table), None) or "package" not in table:
        return RegistryFault(f"the manifest or the checksums in {folder} cannot be read")
    return index_line(table, str(sums.get("package") or ""))


def index_line(table: dict[str, Any], checksum: str) -> dict[str, Any]:
    """What an index says of a package.

    Args:
        table: its published manifest, that is one without inheritance.
        checksum: of its archive.
    """
    package = table["package"]
    return {
        "name": package["name"],
        "vers": package.get("version", "0.0.0"),
        "deps": [_dependency(dependency) for dependency in read_dependencies(table, "Cargo.toml")],
        "cksum": checksum,
        "features": table.get("features", {}),
        "links": package.get("links"),
        "rust_version": package.get("rust-version"),
        "yanked": False,
    }


def _dependency(dependency: Dependency) -> dict[str, Any]:
    entry = dependency.entry if isinstance(dependency.entry, dict) else {}
    return {
        "name": dependency.name,
        "package": dependency.package,
        "req": dependency.requirement or "*",
        "features": entry.get("features", []),
        "optional": entry.get("optional", False),
        "default_features": entry.get("default-features", entry.get("default_features", True)),
        "target": dependency.target,
        "kind": _KINDS.get(dependency.kind, "normal"),
        "registry": entry.get("registry-index"),
    }
