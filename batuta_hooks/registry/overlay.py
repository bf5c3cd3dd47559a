"""A sparse registry on loopback, over another place that holds index files and archives.

It speaks to this machine alone, keeps a log of what it was asked for, and answers as crates.io does: `config.json`,
index files with an ETag, archives.  Nothing can be published here.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.index import MAX_BYTES, is_version
from batuta_hooks.registry.names import is_crate_name, sparse_path

Upstream = Callable[[str], bytes | None]
"""Gives what is at a path, in the layout of cargo's local registries: `index/se/rd/serde` or `serde-1.0.0.crate`; None
where there is nothing."""

_MAX_LOGGED = 1 << 20


def folder_upstream(folder: str) -> Upstream:
    """What a folder holds that is laid out as a local registry."""

    def read(path: str) -> bytes | None:
        try:
            return read_file(os.path.join(folder, path), MAX_BYTES).data
        except OSError:
            return None

    return read


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    """A request as it came in.

    Attributes:
        path: from its slash on, the query with it.
        headers: by their names in lower case.
        status: what it was answered.
        client_port: the port that it came from: one for each connection.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    status: int
    client_port: int


class Overlay(http.server.ThreadingHTTPServer):
    """The server; it answers from the moment it is made, in threads of its own, until it is closed.

    Args:
        upstream: what there is.
        handler: how a request is answered over its connection.

    Attributes:
        url: where it listens, such as `http://127.0.0.1:4711`.
        index_url: what `[registries.NAME] index` wants.
        log: what was asked for, in the order of the answers.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, upstream: Upstream, handler: type[Handler] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self._upstream = upstream
        self.scheme = "http"
        self.log: list[Asked] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    @property
    def index_url(self) -> str:
        """The URL of its index, for cargo's configuration."""
        return f"sparse+{self.url}/index/"

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What is answered to a GET; `headers` by their names in lower case."""
        room, _, rest = path.partition("?")[0].removeprefix("/").partition("/")
        if room == "index" and rest == "config.json":
            return Answer(200, self.config())
        if room == "index":
            return self._index_file(rest, headers)
        crate, _, rest = rest.partition("/")
        version, _, verb = rest.partition("/")
        if room == "crates" and verb == "download" and is_crate_name(crate) and is_version(version):
            archive = self._upstream(f"{crate}-{version}.crate")
            return Answer(404) if archive is None else Answer(200, archive, (("Content-Type", "application/gzip"),))
        return Answer(404)

    def config(self) -> bytes:
        """What `config.json` says."""
        return json.dumps({"dl": f"{self.url}/crates", "api": None}).encode()

    def _index_file(self, path: str, headers: Mapping[str, str]) -> Answer:
        name = path.rpartition("/")[2]
        if not is_crate_name(name) or sparse_path(name) != path:
            return Answer(404)
        data = self._upstream(f"index/{path}")
        if data is None:
            return Answer(404)
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        known = (("Content-Type", "text/plain"), ("ETag", etag))
        return Answer(304, b"", known) if headers.get("if-none-match") == etag else Answer(200, data, known)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    server: Overlay

    def do_GET(self) -> None:
        """Answer a GET; all other methods are refused."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(self.path, headers)
        if len(self.server.log) < _MAX_LOGGED:
            self.server.log.append(Asked("GET", self.path, headers, answer.status, self.client_address[1]))
        self.send(answer)

    def send(self, answer: Answer) -> None:
        """Send an answer."""
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        """Say nothing: `Overlay.log` knows."""
