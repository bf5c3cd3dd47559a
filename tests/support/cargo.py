"""Real cargo as the judge: may this manifest be loaded, would it be packaged, does a clone resolve?

Always with the empty CARGO_HOME of the test run and offline, so that nothing but the manifests decides.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from threading import get_ident
from typing import Any, NamedTuple

import tomli

from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from tests.support.process import run

_MISSING = re.compile(r"dependency `([^`]+)` does not specify a version")
_SOURCE = re.compile(r"the `(path|git)` specification will be removed")
_SECTIONS = ("dependencies", "build-dependencies", "build_dependencies")
_FILES = ("build", "readme", "license-file")
_TARGET_FOLDERS = {"bin": "src/bin", "example": "examples", "bench": "benches", "test": "tests"}


class Verdict(NamedTuple):
    """What cargo answered: whether it was content, and all that it said."""

    accepted: bool
    said: str


def load(manifest: Path) -> Verdict:
    """Whether cargo loads a manifest, its workspace included; dependencies are not looked at."""
    return _ask(manifest, "metadata", "--no-deps", "--format-version", "1")


def resolve(manifest: Path) -> Verdict:
    """Whether cargo resolves a manifest whose dependencies are all paths: what a build does first."""
    return _ask(manifest, "metadata", "--format-version", "1")


def package(manifest: Path) -> Verdict:
    """Whether cargo packages a manifest: every rule that it applies without a registry."""
    table = read(manifest)
    name = (table.get("package") or table["project"])["name"]
    # not beside the sources, where another cargo may be asking git what has changed
    target = f"{os.environ['CARGO_HOME']}/target-{get_ident()}"
    options = ("--no-verify", "--exclude-lockfile", "--allow-dirty", "--package", name, "--target-dir", target)
    return _ask(manifest, "package", *options)


def _ask(manifest: Path, command: str, *options: str) -> Verdict:
    done = _run(manifest, command, *options)
    return Verdict(done.returncode == 0, done.stderr)


def _run(manifest: Path, command: str, *options: str) -> CompletedProcess[str]:
    """Run cargo beside the manifest, where it finds the configuration that counts for it."""
    command_line = ["cargo", command, "--offline", "--quiet", *options, "--manifest-path", str(manifest.absolute())]
    return run(command_line, cwd=manifest.parent, code=None)


class Refused(AssertionError):
    """Cargo refuses a manifest for a reason that was not asked about."""


class Loaded(NamedTuple):
    """A workspace that cargo loads, or a package alone.

    Attributes:
        root: the folder of its root.
        packages: what cargo says of each member, by manifest.
    """

    root: Path
    packages: dict[Path, dict[str, Any]]


def workspace(manifest: Path) -> Loaded | str:
    """The workspace that cargo finds around a manifest; what it says where it loads none."""
    done = _run(manifest, "metadata", "--no-deps", "--format-version", "1")
    if done.returncode:
        return done.stderr
    said = json.loads(done.stdout)
    packages = {Path(package["manifest_path"]): package for package in said["packages"]}
    return Loaded(Path(said["workspace_root"]), packages)


def missing_versions(manifest: Path, root: Path | None = None) -> set[tuple[str, str]]:
    """Every dependency that cargo refuses for want of a version, as (``path`` or ``git``, package name).

    Cargo names one at a time, so each gets a version in the file, or in the workspace root that it is inherited
    from, and cargo is asked again until it is content or says something else.  At the end the files are as they were.

    Args:
        root: the folder of the workspace's root; cargo is asked where it is not given.

    Raises:
        Refused: cargo refuses the manifest for another reason.
    """
    found: set[tuple[str, str]] = set()
    files = {manifest, (root or _locate_root(manifest)) / "Cargo.toml"}
    before = {file: file.read_bytes() for file in files}
    try:
        while True:
            verdict = package(manifest)
            missing, source = _MISSING.search(verdict.said), _SOURCE.search(verdict.said)
            if verdict.accepted:
                return found
            if not missing or not source or (source[1], missing[1]) in found:
                raise Refused(f"{manifest}: after {found or 'nothing'} was given a version\n{verdict.said}")
            found.add((source[1], missing[1]))
            for file in files:
                _give_version(file, missing[1])
    finally:
        for file, text in before.items():
            _replace(file, text)


def _locate_root(manifest: Path) -> Path:
    done = _run(manifest, "locate-project", "--workspace")
    return Path(json.loads(done.stdout)["root"]).parent


def _give_version(manifest: Path, name: str) -> None:
    table = read(manifest)
    for section in _sections(table):
        for alias, entry in section.items():
            if isinstance(entry, dict) and not entry.get("workspace") and entry.get("package", alias) == name:
                entry.setdefault("version", "0.1.0")
    write(manifest, table)


def _sections(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (table, *table.get("target", {}).values(), table.get("workspace", {})):
        yield from (part[name] for name in _SECTIONS if name in part)


def read(manifest: Path) -> dict[str, Any]:
    """A manifest's table."""
    return tomli.loads(manifest.read_bytes().decode().removeprefix("\ufeff"))


def write(manifest: Path, table: dict[str, Any]) -> None:
    """Write a manifest anew, each top-level key as one inline value; comments and spelling are lost."""
    _replace(manifest, "".join(f"{spell_key(key)} = {spell_value(value)}\n" for key, value in table.items()).encode())


def _replace(file: Path, text: bytes) -> None:
    """Write a file that another cargo may be reading."""
    beside = file.with_name("new.toml")
    beside.write_bytes(text)
    beside.replace(file)


def stub_sources(top: Path) -> None:
    """Make every file that a manifest below ``top`` needs, so that cargo can load and package it."""
    for manifest in top.rglob("Cargo.toml"):
        try:
            table = read(manifest)
        except (OSError, ValueError):
            continue
        for source in _sources(table):
            path = Path(os.path.normpath(manifest.parent / source))
            if top in path.parents and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("" if path.name == "lib.rs" else "fn main() {}\n")


def _sources(table: dict[str, Any]) -> Iterator[str]:
    package_table = table.get("package", table.get("project"))
    shared = table.get("workspace")
    for named in (package_table, shared.get("package") if isinstance(shared, dict) else None):
        if isinstance(named, dict):
            yield from (file for key in _FILES if isinstance(file := named.get(key), str))
    if not isinstance(package_table, dict):
        return
    library = table.get("lib")
    yield str(library.get("path", "src/lib.rs")) if isinstance(library, dict) else "src/lib.rs"
    if "links" in package_table and "build" not in package_table:
        yield "build.rs"
    for kind, folder in _TARGET_FOLDERS.items():
        targets = table.get(kind)
        for target in targets if isinstance(targets, list) else ():
            if isinstance(target, dict):
                yield str(target.get("path", f"{folder}/{target.get('name', 'x')}.rs"))
