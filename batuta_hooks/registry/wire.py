"""The wire: the only place that opens a connection, and the only importer of requests.

Asks as cargo asks a sparse registry: conditional requests, repeats of what may pass (429 and 5xx, a broken connection),
`Retry-After` honoured, and whatever is not an answer is a `NoReply` with its reason.  Nothing here reads the user's
netrc or keeps a cookie; a token goes to the host that it is for and to no other, redirects included.
"""

from __future__ import annotations

import http.client
import os
import queue
import random
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

import requests
import requests.adapters
import urllib3.exceptions

from batuta_hooks.registry.exchange import NoReply, Reply, Request, WireSettings
from batuta_hooks.registry.http_rules import (
    MAX_DIGITS,
    Failure,
    Hosts,
    address,
    host_of,
    join_body,
    origin_of,
    retry_after_s,
    too_large,
    user_agent,
)
from batuta_hooks.registry.network import certificates, is_usable, proxy_for

REDIRECTS = 5
"""How many redirects of one question are followed."""

_PART_BYTES = 1 << 16
_FIRST_PAUSE_S = 0.25
_SLOWEST_BYTES_PER_S = 10  # libcurl's bound as cargo sets it, over `timeout_s`
_GRACE_S = 0.5


class Wire:
    """Connections to registries, kept open and shared by threads.

    Args:
        settings: limits and ways.
        environment: variables for proxies and certificates, else this process's own.
        sleep: waits for a number of seconds.

    Attributes:
        requests_sent: how many requests went out, repeats and redirects included.
        bytes_received: how many bytes of bodies came in, as they were on the wire.
    """

    def __init__(
        self,
        settings: WireSettings | None = None,
        environment: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings = settings or WireSettings()
        self._environment = os.environ if environment is None else environment
        self._sleep = sleep
        self._lock = threading.Lock()
        self._hosts = Hosts()
        self._has_tls = False
        self.requests_sent = 0
        self.bytes_received = 0
        self._session = requests.Session()
        self._session.trust_env = False  # else requests would send what netrc holds
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.headers.update(
            {
                "User-Agent": user_agent(),
                "Accept": "text/plain",
                "Accept-Encoding": "gzip",
                "cargo-protocol": "version=1",
            }
        )
        self._session.mount("http://", _Adapter(None, settings.connections))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def fetch(self, asked: Request, deadline: float | None = None) -> Reply | NoReply:
        """Ask one question; see `fetch_all`."""
        return next(answer for _, answer in self.fetch_all([asked], deadline))

    def fetch_all(
        self, asked: Iterable[Request], deadline: float | None = None
    ) -> Iterator[tuple[Request, Reply | NoReply]]:
        """Ask many questions at once; answers come as they arrive, one a question, none later than the deadline.

        A thread that hangs where nothing can be interrupted, in the resolver or in endless headers, is left behind.

        Args:
            deadline: on the clock of `time.monotonic`; by default the settings' seconds from now.
        """
        if deadline is None:
            deadline = time.monotonic() + self._settings.deadline_s
        waiting = deque(enumerate(asked))
        pending = dict(waiting)
        # Bounded, so that bodies do not pile up where they are taken more slowly than they come.
        answers: queue.Queue[tuple[int, Reply | NoReply]] = queue.Queue(2 * self._settings.connections)

        def work() -> None:
            with suppress(IndexError):  # nothing is waiting any more
                while True:
                    number, question = waiting.popleft()
                    answer: Reply | NoReply = NoReply(question.url, f"{host_of(question.url)} was not asked")
                    try:
                        answer = self._answer(question, deadline)
                    finally:  # whatever ends this thread, nobody waits for it
                        answers.put((number, answer))

        for _ in range(min(self._settings.connections, len(pending))):
            threading.Thread(target=work, daemon=True).start()
        try:
            while pending:
                try:
                    number, answer = answers.get(timeout=max(0.0, deadline + _GRACE_S - time.monotonic()))
                except queue.Empty:
                    break
                yield pending.pop(number), answer
            for question in pending.values():
                yield question, NoReply(question.url, f"{host_of(question.url)} did not answer in time")
        finally:
            waiting.clear()
            with suppress(queue.Empty):  # room for the one answer that each thread may still have
                while True:
                    answers.get_nowait()

    def _answer(self, asked: Request, deadline: float) -> Reply | NoReply:
        """Ask; what may pass is asked again until the deadline."""
        try:
            origin = origin_of(address(asked.url))
        except Failure as fault:
            return NoReply(asked.url, str(fault))
        host = host_of(asked.url)
        failure = Failure(f"there was no time left to ask {host}")
        for attempt in range(self._settings.repeats + 1):
            if why := self._hosts.fault(origin):
                return NoReply(asked.url, why)
            pause_s = _FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(1, 1.5) if attempt else 0.0  # noqa: S311
            told_s = self._hosts.wait_s(origin)
            if time.monotonic() + max(pause_s, told_s) >= deadline:
                asks = f"{host} asks to wait {told_s:.0f} s, which is too long" if told_s > pause_s else str(failure)
                return NoReply(asked.url, asks)
            if told_s or pause_s:
                self._sleep(max(pause_s, told_s))
            try:
                return self._exchange(asked, deadline)
            except Failure as found:
                failure = found
            self._hosts.learn(origin, failure)
            if not failure.may_pass:
                break
        self._hosts.give_up(origin, failure)
        return NoReply(asked.url, str(failure))

    def _exchange(self, asked: Request, deadline: float) -> Reply:
        """One request, and those that redirects lead to."""
        url, secret = asked.url, asked.authorization
        headers = {"If-None-Match": asked.etag, "If-Modified-Since": "" if asked.etag else asked.last_modified}
        headers = {name: value for name, value in headers.items() if value}
        for _ in range(REDIRECTS + 1):
            more = {"Authorization": secret.reveal()} if secret else {}
            try:
                answer = self._hop(asked, url, headers | more, deadline)
            except Failure as failure:
                failure.is_unreachable &= url == asked.url
                raise
            if isinstance(answer, Reply):
                return answer
            if origin_of(answer) != origin_of(url):
                secret = None
            url = answer
        raise Failure(f"{host_of(asked.url)} redirects more than {REDIRECTS} times", may_pass=False)

    def _hop(self, asked: Request, url: str, headers: Mapping[str, str], deadline: float) -> Reply | str:
        """One request: the answer, or the URL that it redirects to."""
        sent_at = int(time.time())
        try:
            with closing(self._send(url, headers, deadline)) as response:
                place = self._session.get_redirect_target(response)
                if place is None:
                    return self._reply(asked, response, sent_at, deadline)
                self._drain(response)
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001  whatever a hostile host makes of the libraries below
            raise _explain(error, host_of(url)) from None
        return address(url, place)

    def _send(self, url: str, headers: Mapping[str, str], deadline: float) -> requests.Response:
        if url.startswith("https:"):
            self._prepare_tls()
        proxy = proxy_for(url, self._settings.proxy, self._environment)
        if proxy and not is_usable(proxy):
            why = "the proxy that is configured has no address, or is of a kind that is not supported"
            raise Failure(why, may_pass=False, is_unreachable=True)
        left_s = min(self._settings.timeout_s, deadline - time.monotonic())
        with self._lock:
            self.requests_sent += 1
        return self._session.get(
            url,
            headers=headers,
            proxies=dict.fromkeys(("http", "https"), proxy) if proxy else None,
            timeout=max(0.1, left_s),
            stream=True,
            allow_redirects=False,
        )

    def _prepare_tls(self) -> None:
        """Read the certificates, once, when the first TLS connection is made: it costs more than a request."""
        with self._lock:
            if not self._has_tls:
                path = certificates(self._settings.ca_file, self._environment)
                self._session.mount("https://", _Adapter(_trust(path), self._settings.connections))
                self._has_tls = True

    def _reply(self, asked: Request, response: requests.Response, sent_at: int, deadline: float) -> Reply:
        status, header = response.status_code, response.headers.get
        body = b""
        if status == http.client.OK:
            body = self._body(response, asked, deadline)
        else:
            self._drain(response)
        if status == http.client.TOO_MANY_REQUESTS or status >= http.client.INTERNAL_SERVER_ERROR:
            raise Failure(f"{host_of(asked.url)} answered {status}", wait_s=retry_after_s(header("Retry-After", "")))
        return Reply(asked.url, status, body, header("ETag", ""), header("Last-Modified", ""), sent_at)

    def _drain(self, response: requests.Response) -> None:
        """Read the little that such an answer says, so that its connection serves again; what says more is cut off."""
        try:
            part = response.raw.read1(_PART_BYTES, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError):
            return
        with self._lock:
            self.bytes_received += len(part or b"")

    def _body(self, response: requests.Response, asked: Request, deadline: float) -> bytes:
        host = host_of(asked.url)
        declared = response.headers.get("Content-Length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:MAX_DIGITS]) > asked.max_bytes:
            raise too_large(host, asked.max_bytes)
        encoding = response.headers.get("Content-Encoding", "")
        return join_body(self._parts(response, host, deadline), encoding, asked.max_bytes, host)

    def _parts(self, response: requests.Response, host: str, deadline: float) -> Iterator[bytes]:
        """What the body is made of, as it comes; given up at the deadline and where it comes byte by byte."""
        start, size = time.monotonic(), 0
        while part := response.raw.read1(_PART_BYTES, decode_content=False):
            size += len(part)
            with self._lock:
                self.bytes_received += len(part)
            yield part
            now = time.monotonic()
            is_slow = now - start > self._settings.timeout_s and size < _SLOWEST_BYTES_PER_S * (now - start)
            if now > deadline or is_slow:
                raise Failure(f"the answer of {host} did not end in time", may_pass=False)


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections that trust one context's certificates; requests itself would add those that it brings."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """As requests wants it made, with the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **more)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Likewise, for what goes through a proxy."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, proxy_ssl_context=self._context, **more)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """Leave the connection to the context."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trust(path: str) -> ssl.SSLContext:
    is_folder = os.path.isdir(path)
    try:
        return ssl.create_default_context(
            cafile=None if is_folder or not path else path, capath=path if is_folder else None
        )
    except (OSError, ssl.SSLError) as error:
        why = f"the certificates in {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise Failure(why, may_pass=False, is_unreachable=True) from None


def _explain(error: BaseException, host: str) -> Failure:
    """What is at the bottom of a failed request; nothing that the host said is repeated."""
    if isinstance(error, ValueError):
        return Failure(f"{host} cannot be asked: it, or where it leads to, has no address", may_pass=False)
    chain = [error]
    while (below := error.__cause__ or error.__context__) and below not in chain:
        error = below
        chain.append(error)
    for cause in reversed(chain):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate of {host} cannot be verified: {cause.verify_message}"
            return Failure(why, may_pass=False, is_unreachable=True)
    said = getattr(error, "strerror", None) or type(error).__name__
    for kinds, why, is_unreachable in _CAUSES:
        if any(isinstance(cause, kinds) for cause in chain):
            return Failure(why.format(host=host, cause=said), is_unreachable=is_unreachable)
    return Failure(f"the connection to {host} failed: {said}")


_Kinds = type[BaseException] | tuple[type[BaseException], ...]
_CAUSES: tuple[tuple[_Kinds, str, bool], ...] = (
    (requests.exceptions.ProxyError, "the proxy does not lead to {host}", True),
    (urllib3.exceptions.NameResolutionError, "the name of {host} cannot be resolved", True),
    (urllib3.exceptions.NewConnectionError, "{host} cannot be reached: {cause}", True),
    (urllib3.exceptions.ConnectTimeoutError, "{host} cannot be reached: it does not answer", True),
    ((requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), "{host} did not answer in time", False),
    ((http.client.RemoteDisconnected, ConnectionResetError), "{host} closed the connection", False),
    ((urllib3.exceptions.IncompleteRead, http.client.IncompleteRead), "{host} cut its answer short", False),
    (ssl.SSLError, "no TLS connection to {host} could be made", False),
    ((http.client.HTTPException, urllib3.exceptions.ProtocolError), "{host} does not speak HTTP", False),
)
