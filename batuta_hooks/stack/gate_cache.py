"""Gates that passed before: by tree, command, toolchain and configuration, so that nothing is tested twice."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.stack import files
from batuta_hooks.stack.own_folder import make_own_folder

_SCHEMA = "batuta.gate/1"
_FOLDER = "gates"
_MOST_BYTES = 1 << 16


class Passed(NamedTuple):
    """A gate that passed: how long that took, and what there was to say."""

    seconds: float
    detail: str


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
        parts = {"tree": tree, "gate": dict(gate), "toolchain": self._toolchain(folder), "cargo": _cargo_files(folder)}
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

    def _toolchain(self, folder: str) -> str:
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
