"""Stacks beside a registry that holds what was released of them, for whatever plans a release."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomli

from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release import Prepared, prepare
from batuta_hooks.stack.release_facts import Wish
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry, crate_archive, index_file, index_line
from tests.support.repos import Repo, make_repo, package

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LICENSED = 'description = "d"\nlicense = "MIT"'


class ReleaseStack:
    """A folder of repositories and the registry that stands for crates.io there.

    Args:
        folder: becomes the current folder.
    """

    def __init__(self, folder: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.registry = registry
        go_online(monkeypatch, folder, registry)

    def configure(self, text: str) -> None:
        """Write batuta-stack.toml."""
        (self.folder / "batuta-stack.toml").write_text(text, encoding="utf-8")

    def crate(
        self,
        name: str,
        needs: str = "",
        *,
        version: str = "0.1.0",
        keys: str = "",
        files: Mapping[str, str] | None = None,
        published: bool = True,
    ) -> Repo:
        """A repository with one crate at its top.

        Args:
            needs: the manifest's sections after ``[package]``; lines before the first header are dependencies.
            published: whether the registry has it as it stands, and a tag ``v`` and version says so.
        """
        rest = needs if needs.startswith("[") or not needs else f"[dependencies]\n{needs}"
        text = package(name, rest, version=version, keys=f"{LICENSED}\n{keys}".strip())
        repo = make_repo(self.folder / name, {"Cargo.toml": text, "src/lib.rs": "", **(files or {})})
        if published:
            self.publish(repo)
            repo.git("tag", f"v{version}")
        return repo

    def publish(self, repo: Repo, manifest: str = "Cargo.toml", *, yanked: bool = False) -> None:
        """Put what is at HEAD onto the registry, as cargo would: with paths left out of the manifest."""
        folder = manifest.removesuffix("Cargo.toml")
        names = repo.git("ls-files", "--", folder or ".").splitlines()
        nested = [
            name.removesuffix("Cargo.toml") for name in names if name.endswith("/Cargo.toml") and name != manifest
        ]
        files: dict[str, bytes] = {}
        for name in names:
            if not any(name.startswith(place) for place in nested):
                files[name.removeprefix(folder)] = (repo.path / name).read_bytes()
        files.pop("Cargo.lock", None)
        files["Cargo.toml.orig"] = files["Cargo.toml"]
        files["Cargo.toml"] = re.sub(rb', path = "[^"]*"|path = "[^"]*", ', b"", files["Cargo.toml"])
        commit = {"git": {"sha1": repo.git("rev-parse", "HEAD")}, "path_in_vcs": folder.rstrip("/")}
        files[".cargo_vcs_info.json"] = json.dumps(commit).encode()
        table = tomli.loads(files["Cargo.toml"].decode())
        crate, version = table["package"]["name"], table["package"]["version"]
        archive = crate_archive(crate, version, files)
        self.registry.files[f"{crate}-{version}.crate"] = archive
        checksum = hashlib.sha256(archive).hexdigest()
        line = index_line(crate, version, cksum=checksum, deps=list(_dependencies(table)), yanked=yanked)
        place = index_file(crate)
        self.registry.files[place] = self.registry.files.get(place, b"") + line

    def prepared(self, *crates: str, offline: bool = False, **wish: Any) -> Prepared:
        """Plan a release of what is at the HEADs."""
        return prepare(find_workspace(str(self.folder)), Wish(crates, **wish), Asking(NOW, offline=offline))

    def plan(self, *crates: str, **wish: Any) -> Plan:
        """The plan alone."""
        return self.prepared(*crates, **wish).plan


def _dependencies(table: Mapping[str, Any]) -> Any:
    for section, kind in (("dependencies", "normal"), ("dev-dependencies", "dev"), ("build-dependencies", "build")):
        for name, entry in table.get(section, {}).items():
            written = {"version": entry} if isinstance(entry, str) else entry
            if "version" not in written:
                continue
            line = {"name": name, "req": written["version"], "features": [], "optional": False}
            line |= {"default_features": True, "target": None, "kind": kind}
            yield line | ({"package": written["package"]} if "package" in written else {})


def versions(plan: Plan) -> dict[str, str]:
    """The next version of each crate of a plan, blocked ones marked."""
    return {one.crate: one.next + ("!" if one.state == "blocked" else "") for one in plan.releases}


def updates(plan: Plan) -> set[tuple[str, str, str, str]]:
    """Each requirement update: dependent, dependency, before and after."""
    return {(u.dependent, u.dependency, u.before, u.after) for one in plan.releases for u in one.requirement_updates}
