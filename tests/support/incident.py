"""December 2025's incident as repositories: from the real files, or from the few facts of them that are kept here.

A folder of facts or of files for each commit: ``131cf2d2``, where main named three siblings by path, and ``85ce7979``,
where the paths were gone and the lock file still held both arrows.  `stack/make_incident.py` makes the facts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli

from batuta_hooks.domain.lockfile import CRATES_IO
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import found, index_key, registry_identity
from tests.support.repos import Repo, make_repo, package

FACTS = Path(__file__).parents[1] / "stack" / "data" / "incident.json"
REAL = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "incident"
SNAPSHOT_AT = 1_795_392_000
"""When the index was looked at: seconds since 1970, 2026-11-23."""


def facts() -> dict[str, Any]:
    """What is kept of the incident: `commits` with package, dependencies and locked packages, and `index`."""
    found_: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return found_


def repository_of_facts(commit: Mapping[str, Any], folder: Path) -> Repo:
    """A repository with the manifest and lock file that the facts of a commit tell of."""
    sections: dict[str, list[str]] = {"dependencies": [], "dev-dependencies": []}
    for name, kind, entry in commit["dependencies"]:
        sections[kind].append(f"{name} = {entry}")
    text = "\n".join(f"[{section}]\n" + "\n".join(entries) for section, entries in sections.items())
    lock = "version = 4\n"
    for name, version, is_published, needs in commit["locked"]:
        lock += f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        lock += f'source = "{CRATES_IO[0]}"\nchecksum = "{"0" * 64}"\n' if is_published else ""
        lock += "dependencies = [\n" + "".join(f' "{need}",\n' for need in needs) + "]\n" if needs else ""
    name, version = commit["package"]
    return make_repo(folder, {"Cargo.toml": package(name, text, version=version), "Cargo.lock": lock})


def repository_of_files(source: Path, folder: Path) -> Repo:
    """A repository with a real manifest and lock file, and for its other members manifests that fit the lock file."""
    text, lock = (source.joinpath(name).read_text(encoding="utf-8") for name in ("Cargo.toml", "Cargo.lock"))
    files = {"Cargo.toml": text, "Cargo.lock": lock}
    locked: dict[str, list[dict[str, Any]]] = {}
    for entry in tomli.loads(lock)["package"]:
        locked.setdefault(entry["name"], []).append(entry)
    for path in tomli.loads(text).get("workspace", {}).get("members", []):
        if path != ".":
            name = path.rpartition("/")[2]
            (entry,) = (one for one in locked[name] if "source" not in one)
            entries = "\n".join(_entry(need, locked) for need in entry.get("dependencies", ()))
            files[f"{path}/Cargo.toml"] = package(name, f"[dependencies]\n{entries}", version=entry["version"])
    return make_repo(folder, files)


def _entry(need: str, locked: Mapping[str, list[dict[str, Any]]]) -> str:
    name, _, version = need.partition(" ")
    entry = next(one for one in locked[name] if not version or one["version"] == version)
    requirement = entry["version"].partition("+")[0]
    if "source" in entry:
        return f'{name} = "{requirement}"'
    path = "../.." if name == "entrenar" else f"../{name}"
    return f'{name} = {{ version = "{requirement}", path = "{path}" }}'


def fill_cache(folder: Path, index: Mapping[str, bytes]) -> dict[str, str]:
    """Put index files into a cache, as they were on the day of the snapshot; the variables that let it be found."""
    identity = registry_identity("sparse+https://index.crates.io/")
    with Cache(str(folder / "registry-v1")) as cache:
        for name, data in index.items():
            key = index_key(identity, name)
            cache.store(key, found(key, data, SNAPSHOT_AT, f"https://index.crates.io/{name}"), data)
    return {"BATUTA_CACHE_DIR": str(folder), "CARGO_HOME": str(folder / "cargo"), "HOME": str(folder)}


def index_of_facts(index: Mapping[str, Any]) -> dict[str, bytes]:
    """Index files of the facts: each version with its time and what it needs."""
    return {
        name: b"".join(_line(name, version, published_at, needs) for version, published_at, needs in releases)
        for name, releases in index.items()
    }


def _line(name: str, version: str, published_at: str, needs: list[list[str]]) -> bytes:
    dependencies = [
        {"name": package_, "req": requirement, "features": [], "optional": False, "default_features": True}
        | {"target": None, "kind": kind}
        for package_, requirement, kind in needs
    ]
    line = {"name": name, "vers": version, "deps": dependencies, "cksum": "0" * 64, "features": {}, "yanked": False}
    return json.dumps({**line, "pubtime": published_at}).encode() + b"\n"
