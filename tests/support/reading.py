"""The rules PD003, PD005, PD006 and PD007 read once more, from cargo's own words and plain TOML tables.

Nothing of the judge is used here: `cargo metadata` resolves paths, requirements, registries and `publish`; the tables
tell what it leaves out, whether a requirement was written at all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.cargo import read

_KINDS = {None: ("dependencies",), "dev": ("dev-dependencies", "dev_dependencies")}
_KINDS["build"] = ("build-dependencies", "build_dependencies")
_CRATES_IO = ("https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")

Package = Mapping[str, Any]


class Reading:
    """One repository, as `cargo metadata` describes its packages.

    Args:
        top: its top folder.
        packages: what cargo says of each package that it loads, by manifest.
        in_submodule: whether a path relative to the top folder lies in a submodule.
    """

    def __init__(self, top: Path, packages: Mapping[Path, Package], in_submodule: Callable[[str], bool]) -> None:
        self.top = top
        self.packages = packages
        self.in_submodule = in_submodule

    def findings(self, package: Package, root: Path) -> set[tuple[str, str]]:
        """(code, dependency) for each rule that the package breaks, PD001, PD002 and PD008 left out.

        PD007 with a requirement is left out too: it takes the registry to know.

        Args:
            root: the folder of the package's workspace root.
        """
        return {(code, dependency["name"]) for code, dependency in self._broken(package, root)}

    def never_published(self, package: Package, root: Path) -> set[str]:
        """The packages here that are required by path and version, and that cargo would never publish."""
        return {
            dependency["name"]
            for dependency in package["dependencies"]
            if package["publish"] != []
            and self._publish_at(dependency) == []
            and self._written(package, root, dependency)
        }

    def is_decided(self, package: Package, code: str, name: str) -> bool:
        """Whether it is known who is right: cargo tells neither name nor ``publish`` of what it does not load."""
        ends = [
            Path(one["path"], "Cargo.toml") for one in package["dependencies"] if one["name"] == name and "path" in one
        ]
        return code not in ("PD003", "PD007") or all(end in self.packages or not end.exists() for end in ends)

    def _broken(self, package: Package, root: Path) -> Iterator[tuple[str, Package]]:
        publish = package["publish"]
        for dependency in package["dependencies"]:
            if "path" in dependency and self._is_unreachable(dependency):
                yield "PD003", dependency
            written = self._written(package, root, dependency)
            is_stripped = dependency["kind"] == "dev" and dependency["source"] != _registry(dependency) and not written
            if publish == [] or is_stripped:
                continue
            if self._publish_at(dependency) == [] and not written:
                yield "PD007", dependency
            if publish is not None and "crates-io" not in publish:
                continue
            if written and written.strip() in ("*", "x", "X"):
                yield "PD005", dependency
            if dependency["registry"] not in (None, *_CRATES_IO):
                yield "PD006", dependency

    def _is_unreachable(self, dependency: Package) -> bool:
        folder = os.path.relpath(dependency["path"], self.top)
        if folder.startswith(".."):
            return True
        if self.in_submodule(folder):
            return False
        manifest = Path(dependency["path"], "Cargo.toml")
        if not manifest.exists():
            return True
        package = _package_of(manifest)
        return package is None or package.get("name") != dependency["name"]

    def _publish_at(self, dependency: Package) -> list[str] | None:
        """``publish`` of the package at the end of a path, as cargo reads it: also empty where it has no version."""
        found = self.packages.get(Path(dependency.get("path", ""), "Cargo.toml"))
        publish: list[str] | None = found["publish"] if found and found["name"] == dependency["name"] else None
        return publish

    def _written(self, package: Package, root: Path, dependency: Package) -> str | None:
        """The requirement as somebody wrote it; cargo says ``*`` where nobody did."""
        table = read(Path(package["manifest_path"]))
        part = table
        if dependency["target"] is not None:
            shown = _respelled(dependency["target"])
            part = next(part for target, part in table["target"].items() if _respelled(target) == shown)
        alias = dependency["rename"] or dependency["name"]
        section = next(name for name in _KINDS[dependency["kind"]] if name in part)
        entry = part[section][alias]
        if isinstance(entry, dict) and entry.get("workspace"):
            entry = read(root / "Cargo.toml")["workspace"]["dependencies"][alias]
        version: str | None = entry if isinstance(entry, str) else entry.get("version")
        return version


def _package_of(manifest: Path) -> dict[str, Any] | None:
    """The ``[package]`` table of a manifest; ``None`` for a virtual one, and one that is no TOML."""
    try:
        table = read(manifest)
    except ValueError:
        return None
    package: dict[str, Any] | None = table.get("package", table.get("project"))
    return package


def _respelled(target: str) -> str:
    """A ``cfg(…)`` without the spaces and last commas that cargo does not repeat."""
    return re.sub(r"\s+|,(?=\s*\))", "", target)


def _registry(dependency: Package) -> str | None:
    """The source of a dependency that is no path and no git repository."""
    source: str | None = dependency["source"]
    return source if source and source.startswith(("registry+", "sparse+")) else "none"
