"""A registry on loopback that misbehaves on demand, and what it serves."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import shutil
import socket
import ssl
import struct
import tarfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from batuta_hooks.registry.cargo_config import CargoConfig, read_cargo_config
from batuta_hooks.registry.names import sparse_path
from batuta_hooks.registry.overlay import Answer, Handler, Overlay
from tests.support.process import run

_STEP_BYTES = 1 << 16

Fault = Callable[["FaultyHandler", Answer], None]
"""Answers a request in a way of its own; is given the answer that would be right."""


class FaultyHandler(Handler):
    """Answers as the server's faults want it."""

    server: FaultyRegistry

    def send(self, answer: Answer) -> None:
        """Send the answer, or what the next fault of this path makes of it."""
        time.sleep(self.server.latency_s)
        faults = self.server.faults.get(self.path, [])
        if faults and answer.status == 304:
            answer = self.server.answer(self.path, {"authorization": self.headers.get("authorization", "")})
        if not faults:
            super().send(answer)
        elif len(faults) == 1:  # the last one stays
            faults[0](self, answer)
        else:
            faults.pop(0)(self, answer)

    def plain(self, answer: Answer) -> None:
        """Send an answer as it is."""
        super().send(answer)

    def start(self, *headers: tuple[str, str]) -> None:
        """Send a head with status 200 and these headers."""
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def hang_up(self) -> None:
        """Close the connection after this answer."""
        self.close_connection = True


class FaultyRegistry(Overlay):
    """An overlay over a table of files, with faults by path.

    Attributes:
        files: what there is, by its path in a local registry.
        faults: what happens to requests of a path, one after the other; the last one stays.
        latency_s: seconds before each answer.
        token: where set, what `Authorization` must be; else 401.
        more_config: goes over what `config.json` says.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.latency_s = 0.0
        self.token = ""
        self.more_config: dict[str, object] = {}
        self._tls = tls
        super().__init__(self.files.get, FaultyHandler)
        self.scheme = "https" if tls else "http"

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection, with TLS where it is wanted; the handshake is the handler's."""
        connection, client = super().get_request()
        connection.settimeout(60)
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, client

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """As the overlay; 401 where a token is wanted and another one, or none, came."""
        if self.token and headers.get("authorization") != self.token:
            return Answer(401, b"", (("WWW-Authenticate", "Cargo"),))
        return super().answer(path, headers)

    def config(self) -> bytes:
        """As the overlay, with what the test wants to be there."""
        return json.dumps(json.loads(super().config()) | self.more_config).encode()

    def add(self, crate: str, *versions: str) -> None:
        """Publish versions that have no archive."""
        lines = [index_line(crate, version) for version in versions]
        self.files[index_file(crate)] = b"".join(lines)

    def add_archive(self, crate: str, version: str, archive: bytes) -> None:
        """Publish a version with its archive."""
        self.files[f"{crate}-{version}.crate"] = archive
        line = index_line(crate, version, cksum=hashlib.sha256(archive).hexdigest())
        self.files[index_file(crate)] = self.files.get(index_file(crate), b"") + line

    def index_of(self, crate: str) -> bytes:
        """The index file of a crate."""
        return self.files[index_file(crate)]

    def asked_for(self, crate: str) -> list[int]:
        """The statuses that requests for a crate's index file were answered with, were there no faults."""
        return [asked.status for asked in self.log if asked.path == index_path(crate)]


def index_file(crate: str) -> str:
    """Where a local registry has the index file of a crate."""
    return f"index/{sparse_path(crate)}"


def index_path(crate: str) -> str:
    """The path that a crate's index file is asked for with."""
    return f"/{index_file(crate)}"


def index_line(crate: str, version: str, **more: object) -> bytes:
    """A line of an index file; `more` goes over its keys."""
    line = {"name": crate, "vers": version, "deps": [], "cksum": "0" * 64, "features": {}, "yanked": False, **more}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def crate_archive(crate: str, version: str, files: Mapping[str, bytes]) -> bytes:
    """An archive as cargo makes it, with these files below its folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(f"{crate}-{version}/{path}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def status(code: int, **headers: str) -> Fault:
    """Answers with a status; a header's name has underscores for dashes."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda handler, _: handler.plain(Answer(code, b"what it says", named))


def right(handler: FaultyHandler, answer: Answer) -> None:
    """No fault."""
    handler.plain(answer)


def body(content: bytes, **headers: str) -> Fault:
    """Answers 200 with another body."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda handler, _: handler.plain(Answer(200, content, named))


def html(handler: FaultyHandler, _: Answer) -> None:
    """Answers 200 with a page for people, as the gates of hotels do."""
    page = b"<!DOCTYPE html>\n<html><title>Welcome</title>\n<p>Log in</html>\n"
    handler.plain(Answer(200, page, (("Content-Type", "text/html"),)))


def redirect(url: str, code: int = 302) -> Fault:
    """Answers with a redirect."""
    return status(code, Location=url)


def packed(handler: FaultyHandler, answer: Answer) -> None:
    """Answers with the right body, packed with gzip in two members."""
    half = len(answer.body) // 2
    content = gzip.compress(answer.body[:half]) + gzip.compress(answer.body[half:])
    handler.plain(Answer(200, content, (*answer.headers, ("Content-Encoding", "gzip"))))


def declared_longer(handler: FaultyHandler, answer: Answer) -> None:
    """Declares more than it sends."""
    handler.start(("Content-Length", str(len(answer.body) + 7)))
    handler.wfile.write(answer.body)
    handler.hang_up()


def page_cut_short(code: int) -> Fault:
    """Answers with a status, and with a page that ends before its declared end."""

    def send(handler: FaultyHandler, _: Answer) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.hang_up()

    return send


def declared_shorter(handler: FaultyHandler, answer: Answer) -> None:
    """Declares less than it sends, on a connection that goes on."""
    handler.start(("Content-Length", str(len(answer.body) - 7)))
    handler.wfile.write(answer.body)


def truncated(handler: FaultyHandler, answer: Answer) -> None:
    """Closes the connection in the middle of the body, whose length nobody declared."""
    handler.start(("Connection", "close"))
    handler.wfile.write(answer.body[: len(answer.body) * 2 // 3])
    handler.hang_up()


def truncated_chunks(handler: FaultyHandler, answer: Answer) -> None:
    """Closes the connection before the last chunk."""
    handler.start(("Transfer-Encoding", "chunked"))
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(answer.body), answer.body))
    handler.hang_up()


def garbage(handler: FaultyHandler, _: Answer) -> None:
    """Answers with what is no HTTP."""
    handler.wfile.write(b"\x16\x03\x01 what \x1b[31mis\x00 this\r\n\r\n")
    handler.hang_up()


def huge(size: int) -> Fault:
    """Answers 200 with a body of so many bytes, whose length it does not declare."""

    def send(handler: FaultyHandler, _: Answer) -> None:
        handler.start(("Connection", "close"))
        handler.hang_up()
        left = size
        while left > 0:
            handler.wfile.write(b"\n" * min(left, _STEP_BYTES))
            left -= _STEP_BYTES

    return send


def bomb(size: int, rounds: int = 1) -> Fault:
    """Answers 200 with gzip data that unpack to so many bytes."""
    content = bytes(size)
    for _ in range(rounds):
        content = gzip.compress(content)
    return body(content, Content_Encoding="gzip")


def drip(pause_s: float) -> Fault:
    """Answers with one byte at a time."""

    def send(handler: FaultyHandler, answer: Answer) -> None:
        handler.start(("Content-Length", str(len(answer.body))))
        handler.hang_up()
        for place in range(len(answer.body)):
            handler.wfile.write(answer.body[place : place + 1])
            handler.wfile.flush()
            time.sleep(pause_s)

    return send


def drip_headers(pause_s: float, seconds: float) -> Fault:
    """Answers with one byte of a header at a time, which never ends."""

    def send(handler: FaultyHandler, _: Answer) -> None:
        handler.hang_up()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(pause_s)

    return send


def reset(handler: FaultyHandler, _: Answer) -> None:
    """Resets the connection instead of answering."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.hang_up()


def closed(handler: FaultyHandler, _: Answer) -> None:
    """Closes the connection instead of answering."""
    handler.hang_up()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


class Plainly(NamedTuple):
    """What came back to a client that knows no more than HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Plainly:
    """Ask without the wire."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        return Plainly(response.status, dict(response.headers), response.read())


def configured(folder: Path, registry: Overlay, more: str = "", **variables: str) -> CargoConfig:
    """cargo's configuration in a folder, where the registry stands for crates.io; the home is `home` in it.

    Args:
        more: lines that go before.
        variables: the only environment variables besides that home.
    """
    (folder / ".cargo").mkdir(exist_ok=True)
    replaced = f'[source.crates-io]\nreplace-with = "mirror"\n[registries.mirror]\nindex = "{registry.index_url}"\n'
    (folder / ".cargo" / "config.toml").write_text(more + replaced, encoding="utf-8")
    config = read_cargo_config(str(folder), environment(folder, **variables))
    assert isinstance(config, CargoConfig), config
    return config


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Variables with a cargo home in a folder, and nothing else of this process's own."""
    (folder / "home").mkdir(exist_ok=True)
    return {"CARGO_HOME": str(folder / "home"), "HOME": str(folder), **variables}


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that only who is told trusts, for `IP:127.0.0.1` or `DNS:some.example`; its server's context."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here, which would make the certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=loopback", "-addext", f"subjectAltName={name}"]
    run([*command, "-keyout", str(key), "-out", str(cert)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
