"""Cargo at work in a repository whose manifests were edited: its lock file brought along, and whether it builds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple

from batuta_hooks.domain.lockfile import LockedPackage, LockFault, read_lockfile
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.git.command import LOCAL_NAMES, GitError, git
from batuta_hooks.stack.processes import PLAIN_CARGO, Ended, Processes
from batuta_hooks.stack.sync_values import Change, RepositoryPlan, Verified

_LOCK_TIMEOUT_S = 600.0
_VERIFY_TIMEOUT_S = 3600.0
_CHECK = ("cargo", "check", "--quiet", "--workspace")
_METADATA = ("cargo", "metadata", "--format-version", "1", "--no-deps", "--quiet")
_BUILDS_IN = re.compile(r'"(?:target|build)_directory":("(?:[^"\\]|\\.)*")')


class Followed(NamedTuple):
    """Whether a lock file, if there is one, follows its manifests, and notes for the user."""

    has_followed: bool
    notes: tuple[str, ...] = ()


class Cargo:
    """Runs cargo.

    Args:
        offline: whether cargo may open no socket.
    """

    def __init__(self, processes: Processes, *, offline: bool) -> None:
        self._processes = processes
        # cargo asks git of its own accord, and must ask the repository that it works in
        self._env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
        self._env |= PLAIN_CARGO
        if offline:
            self._env["CARGO_NET_OFFLINE"] = "true"

    def bring_lock_along(self, root: str, changes: Sequence[Change]) -> Followed:
        """Let the Cargo.lock in a folder follow its manifests, and nothing else in it.

        A package that comes in anew is locked at the version that was meant, not at any newer one.
        """
        lock = os.path.join(root, "Cargo.lock")
        before = _read(lock)
        if before is None:
            return Followed(True)
        ended = self._run(["cargo", "update", "--quiet", "--workspace"], root)
        if ended.code:
            return Followed(False, (f"Cargo.lock was not brought along: {_reason(ended)}",))
        return Followed(True, tuple(self._lock_precisely(root, lock, before, changes)))

    def _lock_precisely(self, root: str, lock: str, before: bytes, changes: Sequence[Change]) -> Iterator[str]:
        """Lock what is new at the version that was meant; notes on what could not be."""
        known = {(package.name, package.version) for package in _packages(before) if package.source}
        for name, version in sorted({(change.dependency, change.version) for change in changes if change.version}):
            for package in _packages(_read(lock) or b""):
                is_new = package.source is not None and (package.name, package.version) not in known
                if package.name == name and is_new and _is_newer_than(package.version, version):
                    spec = f"{name}@{package.version}"
                    precise = ["cargo", "update", "--quiet", "--package", spec, "--precise", version]
                    ended = self._run(precise, root)
                    if ended.code:
                        yield f"{name} is locked at {package.version}, not {version}: {_reason(ended)}"

    def verify(self, plan: RepositoryPlan) -> list[Verified]:
        """Run what tells whether the repository still builds."""
        if plan.verify_command:
            ended = self._run(["sh", "-c", plan.verify_command], plan.folder, _VERIFY_TIMEOUT_S)
            return [_verified(plan.verify_command, ended)]
        found = []
        for root in plan.roots:
            ended = self._check(plan.folder, os.path.join(plan.folder, root))
            command = "cargo check --workspace"
            found.append(_verified(f"cd {root} && {command}" if root else command, ended))
        return found

    def _check(self, top: str, folder: str) -> Ended:
        """Let cargo check, where it builds anyway if git does not see that, else in a folder that goes again."""
        if self._hides_builds(top, folder):
            return self._run(_CHECK, folder, _VERIFY_TIMEOUT_S)
        with TemporaryDirectory(prefix="batuta-target-", ignore_cleanup_errors=True) as target:
            return self._run(
                _CHECK, folder, _VERIFY_TIMEOUT_S, {"CARGO_TARGET_DIR": target, "CARGO_BUILD_BUILD_DIR": target}
            )

    def _hides_builds(self, top: str, folder: str) -> bool:
        """Whether what cargo builds lies outside the repository, or where git ignores it."""
        places = [json.loads(text) for text in _BUILDS_IN.findall(self._run(_METADATA, folder).said)]
        return bool(places) and all(_is_hidden(os.path.realpath(top), os.path.realpath(place)) for place in places)

    def _run(
        self,
        command: Sequence[str],
        folder: str,
        timeout_s: float = _LOCK_TIMEOUT_S,
        more: Mapping[str, str] | None = None,
    ) -> Ended:
        return self._processes.run(command, folder, {**self._env, **(more or {})}, timeout_s)


def _is_hidden(top: str, place: str) -> bool:
    """Whether a folder lies outside a repository, or is ignored there."""
    if not f"{place}/".startswith(f"{top}/"):
        return True
    try:
        git(["check-ignore", "--quiet", "--", f"{place}/"], top, sibling=True)
    except GitError:
        return False
    return True


def _verified(command: str, ended: Ended) -> Verified:
    return Verified(command, ended.code == 0, ended.said if ended.code else "")


def _reason(ended: Ended) -> str:
    lines = ended.said.splitlines()
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error")]
    return next(iter(errors or lines[-1:]), f"cargo ended with {ended.code}")


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _packages(lock: bytes) -> list[LockedPackage]:
    try:
        return read_lockfile(lock)
    except LockFault:
        return []


def _is_newer_than(version: str, wanted: str) -> bool:
    try:
        one, other = Version.parse(version), Version.parse(wanted)
    except InvalidVersion:
        return False
    return one.bucket == other.bucket and one.precedence > other.precedence
