"""Rules of HTTP that the wire goes by: bodies, pauses and redirects, without a connection."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin, urlsplit

MAX_DIGITS = 9
"""Longer numbers in headers are cut: no size or time comes near."""

_GIVEN_UP_S = 10.0
_GZIP = 31  # zlib's window bits for gzip
_PORTS = {"http": 80, "https": 443}
_NO_HOST = frozenset(' "<>\\^`{|}')


class Failure(Exception):
    """No answer; the text says why.

    Attributes:
        may_pass: whether asking again may help.
        is_unreachable: whether no other question to this host would fare better.
        wait_s: seconds that the host asks to wait.
    """

    def __init__(self, why: str, *, may_pass: bool = True, is_unreachable: bool = False, wait_s: float = 0) -> None:
        super().__init__(why)
        self.may_pass = may_pass
        self.is_unreachable = is_unreachable
        self.wait_s = wait_s


class Hosts:
    """What was learnt of hosts, for all threads: who wants to be left alone until when, and who cannot be reached."""

    def __init__(self) -> None:
        self._not_before: dict[str, float] = {}
        self._unreachable: dict[str, tuple[float, str]] = {}

    def wait_s(self, origin: str) -> float:
        """Seconds for which the host wants no request."""
        return max(0.0, self._not_before.get(origin, 0.0) - time.monotonic())

    def fault(self, origin: str) -> str:
        """Why the host could not be reached a moment ago, empty where that is not known."""
        until, why = self._unreachable.get(origin, (0.0, ""))
        return why if time.monotonic() < until else ""

    def learn(self, origin: str, failure: Failure) -> None:
        """Remember how long a host wants to be left alone."""
        if failure.wait_s:
            self._not_before[origin] = max(self._not_before.get(origin, 0.0), time.monotonic() + failure.wait_s)

    def give_up(self, origin: str, failure: Failure) -> None:
        """Remember that a host cannot be reached: a laptop without network must not ask for each crate."""
        if failure.is_unreachable:
            self._unreachable[origin] = (time.monotonic() + _GIVEN_UP_S, str(failure))


def join_body(parts: Iterable[bytes], encoding: str, max_bytes: int, host: str) -> bytes:
    """A body from its parts as they come, unpacked no further than needed to see that it is too large.

    Args:
        encoding: the header Content-Encoding.

    Raises:
        Failure: it is larger than `max_bytes`, cut short, damaged, or packed in another way than gzip.
    """
    encoding = encoding.strip().lower()
    if encoding in ("gzip", "x-gzip"):
        parts = _unpacked(parts, max_bytes, host)
    elif encoding not in ("", "identity"):
        raise Failure(f"{host} sent its answer in an encoding that it was not asked for", may_pass=False)
    taken: list[bytes] = []
    size = 0
    for part in parts:
        taken.append(part)
        size += len(part)
        if size > max_bytes:
            raise too_large(host, max_bytes)
    return b"".join(taken)


def too_large(host: str, max_bytes: int) -> Failure:
    """The failure of an answer with more bytes than are taken."""
    return Failure(f"the answer of {host} is larger than {max_bytes} bytes", may_pass=False)


def _unpacked(parts: Iterable[bytes], max_bytes: int, host: str) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    for part in parts:
        rest = part
        while rest:
            if unpacker.eof:  # another member follows
                unpacker = zlib.decompressobj(_GZIP)
            try:
                yield unpacker.decompress(rest, max_bytes + 1)
            except zlib.error:
                raise Failure(f"{host} sent gzip data that are damaged") from None
            rest = unpacker.unused_data
    if not unpacker.eof:
        raise Failure(f"{host} cut its answer short")


def retry_after_s(header: str) -> float:
    """Seconds told by `Retry-After`, in seconds or as a date; 0 where it tells nothing."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header[:MAX_DIGITS])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def address(url: str, place: str = "") -> str:
    """The absolute URL of a place that another URL leads to, or of the URL itself, without credentials and fragment.

    Raises:
        Failure: it is no address of http or https.
    """
    try:
        parts = urlsplit(urljoin(url, place))
        is_plain = parts.netloc.isascii() and parts.netloc.isprintable() and _NO_HOST.isdisjoint(parts.netloc)
        if parts.scheme in _PORTS and is_plain and parts.hostname and parts.port != 0:
            return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    except ValueError:
        pass
    raise Failure(f"{host_of(url)} cannot be asked: it leads to what is no address", may_pass=False)


def origin_of(url: str) -> str:
    """Scheme, host and port of an http or https URL: where a token that was meant for it may go."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def host_of(url: str) -> str:
    """The host as it is shown to a person, with its port if it has one."""
    try:
        shown = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        shown = ""
    return shown if shown.isprintable() and shown else "something that is no address"


def user_agent() -> str:
    """Who asks: crates.io wants a program's name and a page that leads to its makers."""
    try:
        known = version("batuta-hooks")
    except PackageNotFoundError:
        known = "unknown"
    return f"batuta-hooks/{known} (https://pypi.org/project/batuta-hooks/)"
