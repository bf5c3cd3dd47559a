"""cargo for a release: in a clean clone, outside of what lies above the checkout, with the user's own credentials.

What the configuration files above a checkout say of registries and networks is carried along, for the same registry has
to be asked; `[patch]` and `paths` are not, for they would hide what a stranger gets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NamedTuple

from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.registry.cargo_config import ConfigFault, read_cargo_config
from batuta_hooks.registry.config_files import ConfigRefused
from batuta_hooks.stack.processes import PLAIN_CARGO, Ended, Processes

TIMEOUT_S = 3600.0
UPLOADED = b"\n    Uploaded "
"""What ``cargo publish`` says once the registry has taken an upload; then it would wait for the index."""
_VERSION_TIMEOUT_S = 60.0

_HIDING = ("patch", "paths")
_PATHS = frozenset({"directory", "local-registry", "cainfo"})
_MOST_BYTES = 1 << 20
_DATE = re.compile(
    r"(?:after|until|retry-after:)\s+((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d\d:\d\d:\d\d GMT)",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"retry-after:\s+(\d{1,6})\s*$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\(status (\d{3})|got (\d{3})\b|response code (\d{3})")
_TAKEN = ("already exists on", "is already uploaded", "already been uploaded")
_PASSING = (
    "spurious network error",
    "failed to get a 200",
    "curl failed",
    "Couldn't connect",
    "Could not connect",
    "Failed to connect",
    "Timeout was reached",
    "download of ",
    "failed to download",
    "failed to fetch",
    "[6] ",
    "[7] ",
    "[28] ",
    "[35] ",
    "[52] ",
    "[55] ",
    "[56] ",
    "failed to query replaced source",
    "no matching package named",
    "failed to select a version for the requirement",
)


class Answer(StrEnum):
    """How a publish ended, as far as cargo's words tell."""

    DONE = "done"
    TAKEN = "taken"
    LIMITED = "limited"
    PASSING = "passing"
    REFUSED = "refused"


class Published(NamedTuple):
    """How a publish ended.

    Attributes:
        said: cargo's last lines.
        until: when the registry's limit is over, in seconds since 1970; ``None`` where it did not say.
    """

    answer: Answer
    said: str
    until: float | None = None


def read_answer(ended: Ended) -> Published:
    """What cargo's end means: an unknown one is a refusal only where the registry or cargo itself says no."""
    said = ended.said
    if ended.code == 0:
        return Published(Answer.DONE, said)
    if any(words in said for words in _TAKEN):
        return Published(Answer.TAKEN, said)
    match = _STATUS.search(said)
    status = int(next(group for group in match.groups() if group)) if match else 0
    if status == 429 or "Too Many Requests" in said:
        return Published(Answer.LIMITED, said, _until(said))
    if status >= 500 or status == 408 or (status == 0 and any(words in said for words in _PASSING)):
        return Published(Answer.PASSING, said)
    return Published(Answer.REFUSED, said)


def _until(said: str) -> float | None:
    found = _DATE.search(said)
    if found:
        try:
            return parsedate_to_datetime(found[1]).timestamp()
        except ValueError:
            return None
    seconds = _SECONDS.search(said)
    return datetime.now(UTC).timestamp() + int(seconds[1]) if seconds else None


class Cargo:
    """Runs cargo below a folder of its own.

    Args:
        work: an empty folder, outside of any cargo configuration.
    """

    def __init__(self, processes: Processes, work: str) -> None:
        self._processes = processes
        self._work = work
        self._env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
        self._env |= PLAIN_CARGO
        self._env["CARGO_TARGET_DIR"] = os.path.join(work, "target")

    def place(self, name: str, checkout: str) -> str:
        """Make a folder in which cargo asks the registries that it asks in a checkout; returns its path.

        Raises:
            BatutaError: cargo's home has a patch or `paths`, which would count in any folder.
        """
        place = os.path.join(self._work, name)
        os.makedirs(place)
        for number, (file, table) in enumerate(_files_around(checkout)):
            place = os.path.join(place, str(number))
            os.makedirs(os.path.join(place, ".cargo"))
            _carry(file, table, os.path.join(place, ".cargo", "config.toml"))
        _refuse_hiding(place)
        return place

    def require(self) -> None:
        """Make sure that cargo runs at all, before anything is committed.

        Raises:
            BatutaError: there is none, or it is rustup's stand-in for one that is not installed.
        """
        ended = self.run(["--version"], self._work, _VERSION_TIMEOUT_S)
        if ended.code != 0:
            lines = [line for line in ended.said.splitlines() if line.strip()]
            errors = [line for line in lines if line.startswith("error")]
            first = next(iter([*errors, *lines]), f"exit code {ended.code}")
            mend = "install Rust, or have rustup choose a toolchain: rustup default stable"
            raise BatutaError(f"cargo does not run: {first}", mend=mend)

    def publish(self, options: Sequence[str], folder: str) -> Ended:
        """Run ``cargo publish`` until the registry has taken the upload: how long to wait for the index is ours."""
        command = ["cargo", "publish", *options]
        return self._processes.run(command, folder, self._env, TIMEOUT_S, until=UPLOADED)

    def run(self, options: Sequence[str], folder: str, timeout_s: float = TIMEOUT_S) -> Ended:
        """Run cargo to its end."""
        return self._processes.run(["cargo", *options], folder, self._env, timeout_s)


def _files_around(checkout: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The configuration files in a checkout's top folder and above it, the outermost first."""
    places = [os.path.realpath(checkout)]
    while places[-1] != os.path.dirname(places[-1]):
        places.append(os.path.dirname(places[-1]))
    home = os.path.realpath(os.environ.get("CARGO_HOME") or os.path.join(os.path.expanduser("~"), ".cargo"))
    for place in reversed(places):
        for name in ("config", "config.toml"):
            file = os.path.join(place, ".cargo", name)
            if os.path.dirname(os.path.realpath(file)) == home or not os.path.isfile(file):
                continue
            with open(file, "rb") as opened:
                data = opened.read(_MOST_BYTES)
            try:
                yield file, read_toml(data)
            except TomlFault as fault:
                raise BatutaError(f"cargo refuses its configuration: {fault}", where=file) from fault
            break


def _carry(file: str, table: Mapping[str, Any], target: str) -> None:
    """Let a configuration file count elsewhere: the file itself, or what of it hides nothing where something does."""
    if not any(key in table for key in (*_HIDING, "include")) and not _has_relative_path(table):
        os.symlink(file, target)
        return
    root = os.path.dirname(os.path.dirname(file))
    kept = {key: _absolute(value, root) for key, value in table.items() if key not in _HIDING}
    if "include" in kept:
        kept["include"] = [_included(one, os.path.dirname(file)) for one in kept["include"]]
    with open(target, "wb") as written:
        written.write("".join(f"{spell_key(key)} = {spell_value(value)}\n" for key, value in kept.items()).encode())


def _included(entry: Any, folder: str) -> Any:
    if isinstance(entry, dict):
        return {**entry, "path": os.path.join(folder, entry.get("path", ""))}
    return os.path.join(folder, entry)


def _has_relative_path(table: Mapping[str, Any]) -> bool:
    return any(
        _has_relative_path(value)
        if isinstance(value, dict)
        else key in _PATHS and isinstance(value, str) and not os.path.isabs(value)
        for key, value in table.items()
    )


def _absolute(value: Any, root: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _absolute(below, root, name) for name, below in value.items() if name != "token"}
    return os.path.join(root, value) if key in _PATHS and isinstance(value, str) else value


def _refuse_hiding(place: str) -> None:
    config = read_cargo_config(place)
    if isinstance(config, ConfigFault):
        raise BatutaError(f"cargo refuses its configuration: {config}")
    for key in _HIDING:
        try:
            where = "cargo's configuration" if config.table(key) else ""
        except ConfigRefused as refused:
            where = refused.where
        if where:
            mend = "take it out for the release: it would hide what a stranger gets"
            raise BatutaError(f"`{key}` counts wherever cargo runs", where=where, mend=mend)
