"""A registry on loopback that takes uploads as crates.io does, on its bad days: late, limited, forgetful, down."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from batuta_hooks.registry.accepting import AcceptingHandler, AcceptingRegistry
from batuta_hooks.registry.overlay import Answer

LOST = -1

Upload = Callable[[Callable[[], Answer]], Answer]
"""Answers an upload; is given what takes it and makes the right answer."""


def limited(seconds: float) -> Upload:
    """Refuses with 429, and says until when in an HTTP date, as crates.io's words do too."""

    def answer(_take: Callable[[], Answer]) -> Answer:
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        words = f"You have published too many crates in a short period of time. Please try again after {until}"
        body = json.dumps({"errors": [{"detail": words}]}).encode()
        return Answer(429, body, (("Retry-After", until), ("Content-Type", "application/json")))

    return answer


def limited_in_headers(seconds: float) -> Upload:
    """The same, by the header alone."""

    def answer(_take: Callable[[], Answer]) -> Answer:
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Answer(429, b"slow down", (("Retry-After", until),))

    return answer


def failing(_take: Callable[[], Answer]) -> Answer:
    """Fails, and takes nothing."""
    return Answer(500, b"oops")


def failing_late(take: Callable[[], Answer]) -> Answer:
    """Takes it, and fails then."""
    take()
    return Answer(500, b"oops")


def forgetful(take: Callable[[], Answer]) -> Answer:
    """Takes it, and closes the connection without a word."""
    take()
    return Answer(LOST)


def garbled(take: Callable[[], Answer]) -> Answer:
    """Takes it, and answers with a page, as a proxy may."""
    take()
    return Answer(200, b"<html>welcome</html>", (("Content-Type", "text/html"),))


class HostileHandler(AcceptingHandler):
    """Answers one connection, or does not."""

    server: HostileRegistry

    def send(self, answer: Answer) -> None:
        """Send an answer; close the connection instead of a lost one."""
        if answer.status == LOST:
            self.close_connection = True
        else:
            super().send(answer)


class HostileRegistry(AcceptingRegistry):
    """The registry.

    Attributes:
        uploads: what happens to the next uploads, one each.
        lag_s: how long an upload is not in the index.
        flips: how many times the index forgets the newest version of a crate, by name.
        down_until: by `time.monotonic`, until when nothing is answered at all.
    """

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.lag_s = 0.0
        self.flips: dict[str, int] = {}
        self.down_until = 0.0
        self.times: dict[tuple[str, str], float] = {}
        super().__init__(lambda _path: None, HostileHandler)

    def keep(self) -> None:
        """Take note of all that it holds, for `put_back`."""
        self._kept = dict(self._lines), dict(self._archives), dict(self._names)

    def put_back(self) -> None:
        """Hold again what was held at `keep`, and have accepted nothing since."""
        lines, archives, names = self._kept
        self._lines, self._archives, self._names = dict(lines), dict(archives), dict(names)
        self.accepted.clear()
        self.refused.clear()

    def change(self, method: str, path: str, body: bytes) -> Answer:
        """As the registry, unless something is to happen."""
        if time.monotonic() < self.down_until:
            return Answer(LOST)

        def take() -> Answer:
            before = len(self.accepted)
            answer = super(HostileRegistry, self).change(method, path, body)
            for one in self.accepted[before:]:
                self.times[one.name, one.version] = time.monotonic()
            return answer

        is_upload = path.endswith("/crates/new") and self.uploads
        return self.uploads.pop(0)(take) if is_upload else take()

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """As the registry, without what is not in the index yet, or for a moment."""
        if time.monotonic() < self.down_until:
            return Answer(LOST)
        answer = super().answer(path, {})
        name = path.rpartition("/")[2]
        if not path.startswith("/index/") or name == "config.json" or answer.status != 200:
            return answer
        lines = answer.body.splitlines(keepends=True)
        kept = [line for line in lines if not self._is_late(name, json.loads(line)["vers"])]
        if kept and self.flips.get(name, 0):
            self.flips[name] -= 1
            kept.pop()
        if not kept:
            return Answer(404)
        body = b"".join(kept)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        named = (("Content-Type", "text/plain"), ("ETag", etag))
        return Answer(304, b"", named) if headers.get("if-none-match") == etag else Answer(200, body, named)

    def _is_late(self, name: str, version: str) -> bool:
        return time.monotonic() < self.times.get((name, version), 0.0) + self.lag_s

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""
