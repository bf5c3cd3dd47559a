"""Whole crates on a registry on loopback, which the real cargo can download and build."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tests.support.registry import FaultyRegistry, crate_archive, index_file, index_line
from tests.support.repos import package


def put_crate(
    registry: FaultyRegistry, name: str, version: str, needs: Mapping[str, str] | None = None, *, source: str = ""
) -> None:
    """Publish a library.

    Args:
        needs: package name → requirement of its normal dependencies.
        source: its only source file.
    """
    needs = needs or {}
    section = "".join(f'{need} = "{requirement}"\n' for need, requirement in needs.items())
    manifest = package(name, f"[dependencies]\n{section}", version=version)
    archive = crate_archive(name, version, {"Cargo.toml": manifest.encode(), "src/lib.rs": source.encode()})
    deps: list[dict[str, object]] = [
        {
            "name": need,
            "req": requirement,
            "features": [],
            "optional": False,
            "default_features": True,
            "target": None,
            "kind": "normal",
        }
        for need, requirement in needs.items()
    ]
    registry.files[f"{name}-{version}.crate"] = archive
    line = index_line(name, version, deps=deps, cksum=hashlib.sha256(archive).hexdigest())
    registry.files[index_file(name)] = registry.files.get(index_file(name), b"") + line
