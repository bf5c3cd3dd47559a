"""The wire: the only place that opens a connection, and the only importer of requests.

Asks as cargo asks a sparse registry: conditional requests, three repeats of what may pass (429 and 5xx, a broken
connection), `Retry-After` honoured, and whatever is not an answer stays a `NoReply` with its reason.  Nothing here
reads the user's netrc; a token goes to the host that it is for and to no other, redirects included.
"""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

REPEATS = 3
REDIRECTS = 5
_REPEATED = frozenset({429, 500, 502, 503, 504})
_PART_BYTES = 1 << 16
_FIRST_PAUSE_S = 0.25


class Request(NamedTuple):
    """One question.

    Attributes:
        url: what is asked for, credentials left out.
        max_bytes: a longer body is refused.
        etag, last_modified: validators of the answer at hand; empty where there is none.
        token: sent as `Authorization`, as cargo sends it; empty for none.
    """

    url: str
    max_bytes: int
    etag: str = ""
    last_modified: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Request({self.url})"  # never the token


class Reply(NamedTuple):
    """A registry's answer: any status that is not worth repeating, 304 and 404 among them."""

    url: str
    status: int
    body: bytes
    etag: str
    last_modified: str


class NoReply(NamedTuple):
    """There was no answer: why, a clause for a person."""

    url: str
    why: str


class Settings(NamedTuple):
    """How to reach registries.

    Attributes:
        connections: how many requests may be under way at once.
        timeout_s: seconds that a silent host is waited for; cargo's `http.timeout` is 30.
        deadline_s: seconds for one question, repeats and pauses included.
        proxy: cargo's `http.proxy`; empty for what the environment says.
        ca_file: cargo's `http.cainfo`; empty for the system's certificates.
    """

    connections: int = 16
    timeout_s: float = 30.0
    deadline_s: float = 120.0
    proxy: str = ""
    ca_file: str = ""


def user_agent() -> str:
    """Who asks: crates.io wants a program's name and a page that leads to its makers."""
    return f"batuta-hooks/{version('batuta-hooks')} (https://pypi.org/project/batuta-hooks/)"


class Wire:
    """Connections to registries, kept open and shared by threads.

    Args:
        settings: limits and ways.
        sleep: waits for a number of seconds; the clock's own unless told otherwise.
    """

    def __init__(self, settings: Settings = Settings(), sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._lock = threading.Lock()
        self.requests_sent = 0
        self.bytes_received = 0
        self._session = requests.Session()
        self._session.trust_env = False  # else requests would send what netrc holds
        self._session.max_redirects = REDIRECTS
        self._session.verify = certificates(settings.ca_file, os.environ)
        self._session.headers.update({"User-Agent": user_agent(), "Accept": "text/plain", "cargo-protocol": "version=1"})
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=settings.connections, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def fetch_all(self, asked: Iterable[Request]) -> Iterator[tuple[Request, Reply | NoReply]]:
        """Ask many questions at once; answers come in the order of the questions."""
        wanted = list(asked)
        with ThreadPoolExecutor(max_workers=self._settings.connections) as pool:
            yield from zip(wanted, pool.map(self.fetch, wanted), strict=True)

    def fetch(self, asked: Request) -> Reply | NoReply:
        """Ask one question; what may pass is asked again until the deadline."""
        deadline = time.monotonic() + self._settings.deadline_s
        for repeat in range(REPEATS + 1):
            answer, pause_s = self._ask(asked, deadline, repeat)
            if pause_s is None or repeat == REPEATS:
                return answer
            if time.monotonic() + pause_s >= deadline:
                why = answer.why if isinstance(answer, NoReply) else f"it answered {answer.status}"
                return NoReply(asked.url, f"{why}, and asks to wait {pause_s:.0f} s, beyond the deadline")
            self._sleep(pause_s)
        raise AssertionError("the last repeat returns")

    def _ask(self, asked: Request, deadline: float, repeat: int) -> tuple[Reply | NoReply, float | None]:
        """One attempt, and the seconds to pause before the next; `None` where a repeat would tell nothing new."""
        pause_s = _FIRST_PAUSE_S * 2**repeat * random.uniform(1.0, 1.5)
        try:
            with self._send(asked, deadline) as response:
                body = self._read(response, asked.max_bytes, deadline)
                status = response.status_code
                if status in _REPEATED:
                    told = _retry_after(response.headers.get("Retry-After"))
                    return NoReply(asked.url, f"it answered {status}"), pause_s if told is None else told
                header = response.headers.get
                return Reply(asked.url, status, body, header("ETag", ""), header("Last-Modified", "")), None
        except _Refused as refused:
            return NoReply(asked.url, str(refused)), None
        except requests.exceptions.SSLError:
            return NoReply(asked.url, "its certificate cannot be verified"), None
        except requests.exceptions.TooManyRedirects:
            return NoReply(asked.url, f"it redirects more than {REDIRECTS} times"), None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError):
            return NoReply(asked.url, "it, or where it redirects to, is no address that can be asked"), None
        except requests.exceptions.Timeout:
            return NoReply(asked.url, "it did not answer in time"), pause_s
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            return NoReply(asked.url, _cause(error)), pause_s

    def _send(self, asked: Request, deadline: float) -> requests.Response:
        with self._lock:
            self.requests_sent += 1
        headers = {"If-None-Match": asked.etag, "If-Modified-Since": "" if asked.etag else asked.last_modified}
        if asked.token:
            headers["Authorization"] = asked.token
        left_s = max(0.1, min(self._settings.timeout_s, deadline - time.monotonic()))
        return self._session.get(
            asked.url,
            headers={name: value for name, value in headers.items() if value},
            proxies=self._proxies(asked.url),
            timeout=left_s,
            stream=True,
        )

    def _proxies(self, url: str) -> Mapping[str, str]:
        if self._settings.proxy:
            return dict.fromkeys(("http", "https"), self._settings.proxy)
        return requests.utils.get_environ_proxies(url)

    def _read(self, response: requests.Response, max_bytes: int, deadline: float) -> bytes:
        """The body, decoded; what comes byte by byte is given up at the deadline, not at a time-out a byte."""
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(_PART_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise _Refused(f"its answer is larger than {max_bytes} bytes")
            if time.monotonic() > deadline:
                raise _Refused("its answer did not end in time")
        with self._lock:
            self.bytes_received += size
        return b"".join(parts)


class _Refused(Exception):
    """An answer that is not taken; the text says why."""


def certificates(ca_file: str, environment: Mapping[str, str]) -> str | bool:
    """The certificates to trust: as configured, else the system's as cargo does, else those that requests brings."""
    system = ssl.get_default_verify_paths().cafile
    return ca_file or environment.get("SSL_CERT_FILE") or system or True


def _retry_after(header: str | None) -> float | None:
    """Seconds told by `Retry-After`, in seconds or as a date; `None` where it tells nothing."""
    if header is None:
        return None
    try:
        return float(Retry(0).parse_retry_after(header))
    except Exception:  # noqa: BLE001  whatever a hostile header makes of the parser, it tells nothing
        return None


def _cause(error: BaseException) -> str:
    """What is at the bottom of a failed request, without addresses of objects."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    text = str(error).strip().splitlines()
    kind = type(error).__name__
    if kind == "NameResolutionError" or "resol" in str(error):
        return "its name cannot be resolved"
    return f"the connection failed: {getattr(error, 'strerror', None) or (text[0] if text else kind)}"
