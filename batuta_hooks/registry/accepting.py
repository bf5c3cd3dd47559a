"""A registry on loopback that takes uploads, over another place that it never changes.

It judges them as crates.io does (`batuta_hooks.registry.acceptance`), has them in its index at once, and yanks.  cargo
takes it for crates.io itself where `cargo_variables` say so.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from batuta_hooks.domain.crates_io import same_crate, spellings
from batuta_hooks.registry.acceptance import Accepted, Held, Refused, accept
from batuta_hooks.registry.index import versions
from batuta_hooks.registry.names import is_crate_name, sparse_path
from batuta_hooks.registry.overlay import Answer, Asked, Handler, Overlay, Upstream

MAX_BODY_BYTES = 16 << 20
_API = "/api/v1/crates/"
_GOOD: dict[str, Any] = {"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}}


def _now() -> datetime:
    return datetime.now(UTC)


class AcceptingRegistry(Overlay):
    """The server; what was uploaded to it is gone when it is closed.

    Args:
        upstream: what there was before.
        clock: the time that an upload is published at.

    Attributes:
        accepted: the uploads that it took, in their order.
        refused: why it refused others, in their order.
    """

    def __init__(
        self, upstream: Upstream, handler: type[Handler] | None = None, clock: Callable[[], datetime] = _now
    ) -> None:
        self._below = upstream
        self._clock = clock
        self._turn = threading.RLock()
        self._lines: dict[str, bytes] = {}  # by the path of the index file; all lines, once one was added or changed
        self._archives: dict[str, bytes] = {}
        self._names: dict[str, str] = {}
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        super().__init__(self.read, handler or AcceptingHandler)

    def read(self, path: str) -> bytes | None:
        """What there is at a path of a local registry, uploads included."""
        with self._turn:
            found = self._lines.get(path) or self._archives.get(path)
        return self._below(path) if found is None else found

    def config(self) -> bytes:
        """What `config.json` says."""
        return json.dumps({"dl": f"{self.url}/crates", "api": self.url}).encode()

    def cargo_variables(self) -> dict[str, str]:
        """The environment variables with which cargo takes this for crates.io, for all that it asks and uploads.

        The first is the one of cargo's own tests; under no other does `cargo publish` judge as it does for crates.io.
        """
        return {"__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS": self.index_url, "CARGO_REGISTRY_TOKEN": "loopback"}

    def held(self, name: str) -> Held | None:
        """What there is of a crate, in whatever spelling."""
        if not is_crate_name(name):
            return None
        with self._turn:
            own = self._names.get(same_crate(name))
        for spelling in [own] if own else spellings(name):
            data = self.read(f"index/{sparse_path(spelling)}")
            if data is not None:
                first = json.loads(data.partition(b"\n")[0])["name"]
                return Held(first, tuple(version for version, _ in versions(data, spelling)))
        return None

    def publish(self, body: bytes) -> Accepted:
        """Take an upload.

        Raises:
            Refused: crates.io would not.
        """
        with self._turn:
            try:
                taken = accept(body, self.held, published_at=self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
            except Refused as refused:
                self.refused.append(str(refused))
                raise
            path = f"index/{sparse_path(taken.name)}"
            self._lines[path] = (self.read(path) or b"") + taken.line
            self._archives[f"{taken.name}-{taken.version}.crate"] = taken.archive
            self._names[same_crate(taken.name)] = taken.name
            self.accepted.append(taken)
            return taken

    def yank(self, name: str, version: str, *, yanked: bool = True) -> bool:
        """Yank a version, or undo that; whether there is such a version."""
        path = f"index/{sparse_path(name)}" if is_crate_name(name) else ""
        with self._turn:
            data = self.read(path) if path else None
            lines = [json.loads(line) for line in (data or b"").splitlines() if line.strip()]
            found = [line for line in lines if line["name"] == name and line["vers"] == version]
            for line in found:
                line["yanked"] = yanked
            if found:
                self._lines[path] = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
            return bool(found)

    def change(self, method: str, path: str, body: bytes) -> Answer:
        """What is answered to a PUT or DELETE."""
        if method == "PUT" and path == f"{_API}new":
            try:
                self.publish(body)
            except Refused as refused:
                return _failed(refused.status, str(refused))
            return _json(200, _GOOD)
        name, _, rest = path.removeprefix(_API).partition("/")
        version, _, verb = rest.partition("/")
        if path.startswith(_API) and (method, verb) in (("DELETE", "yank"), ("PUT", "unyank")):
            if self.yank(name, version, yanked=verb == "yank"):
                return _json(200, {"ok": True})
            return _failed(404, f"crate `{name}` has no version `{version}`")
        return _failed(404, "Not Found")


class AcceptingHandler(Handler):
    """Answers the requests of one connection, those that change something too."""

    server: AcceptingRegistry

    def do_PUT(self) -> None:  # noqa: N802  http.server calls it so
        """Answer a PUT: an upload, or the undoing of a yank."""
        self._change("PUT")

    def do_DELETE(self) -> None:  # noqa: N802  http.server calls it so
        """Answer a DELETE: a yank."""
        self._change("DELETE")

    def _change(self, method: str) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            answer = _failed(413, "the request is too large, or does not say how large it is")
        else:
            answer = self.server.change(method, self.path, self.rfile.read(int(length)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.log.append(Asked(method, self.path, headers, answer.status, self.client_address[1]))
        self.send(answer)


def _failed(status: int, reason: str) -> Answer:
    return _json(status, {"errors": [{"detail": reason}]})


def _json(status: int, value: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))
