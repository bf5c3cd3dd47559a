"""A sparse registry on loopback that notes every request, and the real cargo, which can reach nothing else."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.process import run

Answer = Callable[[str], bytes | None]


def index_line(crate: str, version: str, **more: object) -> str:
    """A line as crates.io spells it, of a release without dependencies; `more` goes over its keys, `...` drops one."""
    line = {"name": crate, "vers": version, "deps": [], "cksum": "0" * 64, "features": {}, "yanked": False, **more}
    return json.dumps({key: value for key, value in line.items() if value is not ...}, separators=(",", ":"))


class Registry:
    """The server while it runs.

    Attributes:
        url: where it listens, such as `http://127.0.0.1:4711`.
        answer: gives the body for a path, None for 404; `config.json` is answered at every path.
        headers: further headers of each answer.
        log: what was asked for, in order: `GET /path`, or `CONNECT host:port` where it was taken for a proxy.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answer: Answer = dict[str, bytes]().get
        self.headers: dict[str, str] = {}
        self.log: list[str] = []


@contextmanager
def registry() -> Iterator[Registry]:
    """Run a registry until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer a request for a file."""
            served.log.append(f"GET {self.path}")
            is_config = self.path.endswith("/config.json")
            body = b'{"dl":"http://127.0.0.1:9/dl"}' if is_config else served.answer(self.path)
            self.send_response(200 if body is not None else 404)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_CONNECT(self) -> None:
            """Refuse to be a proxy, but note for which host."""
            served.log.append(f"CONNECT {self.path}")
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served = Registry(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def cargo_environment(home: Path, served: Registry, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a cargo that may use the network, in which there is nothing but the registry.

    Whatever is not on loopback goes through a proxy, which is the registry and refuses.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CARGO_") and not name.lower().endswith("_proxy")
    }
    environment |= {"CARGO_HOME": str(home), "CARGO_NET_RETRY": "0", "https_proxy": served.url}
    return {**environment, **(more or {})}


def write_package(folder: Path, dependencies: str) -> None:
    """A library package whose `[dependencies]` hold the given lines."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").touch()
    head = '[package]\nname = "asker"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
    (folder / "Cargo.toml").write_text(f"{head}{dependencies}\n", encoding="utf-8")


def lock(folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Let cargo resolve a package's dependencies, which asks the registry for each."""
    return run(["cargo", "generate-lockfile", "--quiet"], cwd=folder, env=environment, code=None, timeout_s=60)
