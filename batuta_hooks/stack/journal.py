"""The journal of a release, `.batuta/releases/ID.jsonl`: who reads it learns what was done, and when.

It is an audit and nothing else: no step believes it, each asks the world.  Every line is on disk before what it speaks
of begins, or is told.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.json_report import exact_values
from batuta_hooks.stack.own_folder import make_own_folder
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release_trailers import Begun, message_of, read_message

SCHEMA = "batuta.journal/1"
FOLDER = "releases"
GATES, PLAN, BEGIN, END, NOTE, OVER = "gates", "plan", "begin", "end", "note", "over"
PUBLISH = "publish"
"""The step that uploads."""

_MOST_BYTES = 64 << 20


class Journal:
    """Writes the journal of one release; for any thread.

    Args:
        own: the stack's own folder.
        name: the plan's short identity.
    """

    def __init__(self, own: str, name: str) -> None:
        self._own = own
        self._lock = threading.Lock()
        self.path = os.path.join(own, FOLDER, f"{name}.jsonl")

    def write(self, event: str, **facts: Any) -> None:
        """Add a line.

        Raises:
            BatutaError: it cannot be brought to disk, so that nothing may be done.
        """
        line = {"schema": SCHEMA, "at": _now(), "event": event, **facts}
        data = json.dumps(exact_values(line), ensure_ascii=False).encode() + b"\n"
        try:
            with self._lock:
                make_own_folder(self._own, FOLDER)
                fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
                try:
                    _append(fd, data)
                finally:
                    os.close(fd)
        except OSError as error:
            mend = "make room for it; the same command then goes on"
            raise BatutaError(f"no journal can be written: {error.strerror}", where=self.path, mend=mend) from error

    def plan(self, plan: Plan, **facts: Any) -> None:
        """Write the plan down."""
        self.write(
            PLAN,
            id=plan.id,
            plan_hash=plan.plan_hash,
            waves=plan.waves,
            releases=[one._asdict() for one in plan.releases],
            repositories=[one._asdict() for one in plan.repositories],
            **facts,
        )


def read_journal(path: str) -> Iterator[dict[str, Any]]:
    """The lines of a journal; what is no line of one, such as a last line that was cut off, is left out.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES)
    for line in data.splitlines():
        try:
            table = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(table, dict) and table.get("schema") == SCHEMA and isinstance(table.get("event"), str):
            yield table


class Asked(NamedTuple):
    """What was asked for of a release the last time."""

    publishes: bool
    pushes: bool


def asked_for(own: str, identity: str) -> Asked | None:
    """What was asked for of a release, or of the last one where its identity is empty; ``None`` if nobody knows."""
    for name, path in reversed(journals(own).items()):
        if not name.startswith(identity[: len(name)]):
            continue
        try:
            plans = [line for line in read_journal(path) if line["event"] == PLAN]
        except OSError:
            continue
        if plans:
            return Asked(plans[-1].get("publishes") is True, plans[-1].get("pushes") is True)
    return None


def noted_releases(own: str) -> list[Begun]:
    """The plans that journals hold, the newest first; a journal that cannot be read tells of none."""
    found = []
    for path in reversed(journals(own).values()):
        try:
            plans = [line for line in read_journal(path) if line["event"] == PLAN]
        except OSError:
            continue
        for plan in plans[-1:]:
            begun = _begun(plan)
            if begun is not None:
                found.append(begun)
    return found


def _begun(plan: dict[str, Any]) -> Begun | None:
    try:
        versions = {one["crate"]: one["next"] for one in plan["releases"]}
        waves = tuple(tuple((crate, versions[crate]) for crate in wave) for wave in plan["waves"])
        return read_message(message_of(plan["plan_hash"], waves, 1))
    except (KeyError, TypeError):
        return None


def uploads_in(own: str, name: str) -> dict[str, float]:
    """When the uploads ended that the journal of a release tells of, by crate, in seconds since 1970."""
    found = {}
    try:
        for line in read_journal(os.path.join(own, FOLDER, f"{name}.jsonl")):
            if (line["event"], line.get("step"), line.get("was_done")) == (END, PUBLISH, False):
                found[str(line.get("crate"))] = datetime.fromisoformat(str(line.get("at"))).timestamp()
    except (OSError, ValueError):
        return found  # who reads it for less than the world is none the wiser
    return found


def journals(own: str) -> dict[str, str]:
    """The journals there are: their paths by the short identity of the plan, the oldest first."""
    folder = os.path.join(own, FOLDER)
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".jsonl")]
    except OSError:
        return {}
    names.sort(key=lambda name: os.stat(os.path.join(folder, name)).st_mtime_ns)
    return {name.removesuffix(".jsonl"): os.path.join(folder, name) for name in names}


def _append(fd: int, data: bytes) -> None:
    """Write a line whole, behind a line break where a kill cut the last one off."""
    size = os.lseek(fd, 0, os.SEEK_END)
    if size and os.pread(fd, 1, size - 1) != b"\n":
        data = b"\n" + data
    while data:
        data = data[os.write(fd, data) :]
    os.fsync(fd)


def _now() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"
