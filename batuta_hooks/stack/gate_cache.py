"""Gates that passed before: by tree, command, toolchain and configuration, so that nothing is tested twice."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.stack import files
from batuta_hooks.stack.own_folder import make_own_folder

_SCHEMA = "batuta.gate/1"
_FOLDER = "gates"
_MOST_BYTES = 1 << 16
_MOST_KEPT = 1000


class Passed(NamedTuple):
    """A gate that passed: how long that took, and what there was to say."""

    seconds: float
    detail: str


class Kept(NamedTuple):
    """A gate that passed once, as it is kept.

    Attributes:
        name: the gate.
        repository, crate: what it was run for; the crate is empty where it was for the whole repository.
        tree: the id of the tree that it was run on.
        passed_ns: when it passed, as `os.stat` counts.
        figure: the percent of covered lines, or how many warnings; ``None`` where nothing was counted.
    """

    name: str
    repository: str
    crate: str
    tree: str
    passed_ns: int
    seconds: float
    detail: str
    figure: float | None


class GateCache:
    """Keeps them as files, one a gate; whatever cannot be read or written counts as not there.

    Args:
        folder: the stack's own folder, which `put` makes.
    """

    def __init__(self, folder: str) -> None:
        self._own = folder
        self._toolchains: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept."""
        return not os.path.isdir(os.path.join(self._own, _FOLDER))

    def key(self, folder: str, tree: str, gate: Mapping[str, Any]) -> str:
        """What a result holds for.

        Args:
            folder: the repository's checkout.
            tree: the id of the tree that is checked out.
            gate: the command, and what its result is judged by.
        """
        parts = {"tree": tree, "gate": dict(gate), "toolchain": self.toolchain(folder), "cargo": _cargo_files(folder)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> Passed | None:
        """The result kept for a key."""
        try:
            with open(self._path(key), "rb") as file:
                table = json.loads(file.read(_MOST_BYTES))
            if table["schema"] == _SCHEMA and table["key"] == key:
                return Passed(float(table["seconds"]), str(table["detail"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return None

    def kept(self) -> Iterator[Kept]:
        """What was kept, the newest first; of very many the oldest are left out."""
        try:
            with os.scandir(os.path.join(self._own, _FOLDER)) as entries:
                files_ = sorted(((entry.stat().st_mtime_ns, entry.path) for entry in entries), reverse=True)
        except OSError:
            return
        for passed_ns, path in files_[:_MOST_KEPT]:
            try:
                with open(path, "rb") as file:
                    table = json.loads(file.read(_MOST_BYTES))
                if table["schema"] != _SCHEMA:
                    continue
                gate, repository, crate, tree = (str(table[key]) for key in ("gate", "repository", "crate", "tree"))
                number = None if table.get("figure") is None else float(table["figure"])
                seconds, detail = float(table["seconds"]), str(table["detail"])
                yield Kept(gate, repository, crate, tree, passed_ns, seconds, detail, number)
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue  # a file of something else, or of another version

    def put(self, key: str, passed: Passed, about: Mapping[str, Any]) -> None:
        """Keep a result; `about` is for people and other commands that read the file."""
        table = {"schema": _SCHEMA, "key": key, **passed._asdict(), **about}
        try:
            make_own_folder(self._own, _FOLDER)
            files.create(self._path(key), json.dumps(table).encode())
        except OSError:
            return

    def _path(self, key: str) -> str:
        return os.path.join(self._own, _FOLDER, f"{key}.json")

    def toolchain(self, folder: str) -> str:
        """What rustc says of itself there, for rust-toolchain.toml may choose one; empty where there is none."""
        if folder not in self._toolchains:
            env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
            try:
                asked = subprocess.run(
                    ["rustc", "-vV"], cwd=folder, env=env, capture_output=True, timeout=60, check=False
                )
                self._toolchains[folder] = asked.stdout.decode("utf-8", "replace")
            except (OSError, subprocess.TimeoutExpired):
                self._toolchains[folder] = ""
        return self._toolchains[folder]


def _cargo_files(folder: str) -> str:
    """A digest of cargo's configuration files in a folder, above it and in its home: a patch there changes builds."""
    digest = hashlib.sha256()
    place = os.path.abspath(folder)
    homes = [os.environ.get("CARGO_HOME") or os.path.join(os.path.expanduser("~"), ".cargo")]
    while True:
        homes.append(os.path.join(place, ".cargo"))
        above = os.path.dirname(place)
        if above == place:
            break
        place = above
    for home in homes:
        for name in ("config.toml", "config"):
            try:
                with open(os.path.join(home, name), "rb") as file:
                    digest.update(hashlib.sha256(file.read()).digest())
            except OSError:
                digest.update(b"-")
    return digest.hexdigest()
