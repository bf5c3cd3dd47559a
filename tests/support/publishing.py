"""The real `cargo publish`, from a clean clone, to a registry on loopback that it takes for crates.io."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from batuta_hooks.registry.accepting import AcceptingRegistry
from tests.support.cargo import Verdict
from tests.support.process import run
from tests.support.registry import crate_archive

#: What crates.io wants of every crate, for the `[package]` table.
METADATA = 'description = "a sample"\nlicense = "MIT"'


def publishing_environment(registry: AcceptingRegistry, home: Path) -> dict[str, str]:
    """Variables for a cargo that may publish to this registry, and can reach nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARGO_")}
    return {**kept, "CARGO_HOME": str(home), "https_proxy": registry.url, "CARGO_NET_RETRY": "0"} | (
        registry.cargo_variables()
    )


def publish(folder: Path, registry: AcceptingRegistry, home: Path, *options: str) -> Verdict:
    """Whether cargo and the registry take what is in a folder, verify build left out, and what they said.

    Args:
        home: an empty folder outside, for cargo's home and what it builds.
        options: such as `-p NAME` or `--workspace`.
    """
    command = ["cargo", "publish", "--no-verify", "--target-dir", str(home / "target"), *options]
    done = run(command, cwd=folder, env=publishing_environment(registry, home), code=None, timeout_s=60)
    return Verdict(done.returncode == 0, done.stderr)


def upload(metadata: Mapping[str, object], archive: bytes) -> bytes:
    """The body of an upload as cargo sends it."""
    head = json.dumps(metadata).encode()
    return struct.pack("<I", len(head)) + head + struct.pack("<I", len(archive)) + archive


def sample_upload(name: str = "sample", version: str = "0.1.0", /, **more: object) -> bytes:
    """An upload that crates.io takes; `more` goes over its metadata."""
    manifest = f'[package]\nname = "{name}"\nversion = "{version}"\n'.encode()
    metadata = {"name": name, "vers": version, "deps": [], "features": {}, "description": "a", "license": "MIT", **more}
    return upload(metadata, crate_archive(name, version, {"Cargo.toml": manifest}))


def sample_dependency(name: str, requirement: str = "^1", **more: object) -> dict[str, object]:
    """A dependency in an upload's metadata; `more` goes over its keys."""
    plain = {"optional": False, "default_features": True, "features": [], "target": None, "kind": "normal"}
    return {**plain, "name": name, "version_req": requirement, **more}
