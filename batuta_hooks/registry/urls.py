"""URLs of registries, read as cargo's URL library reads them, as far as cargo's configuration needs it.

Two registries are one for cargo if their canonical URLs are; and folders in cargo's home are named after those.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple

_PORTS = {"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443", "file": ""}
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_ADDRESS = frozenset("0123456789abcdefABCDEF:.")
_ENCODED = frozenset(' "<>`{}^|')
_MAX_LENGTH = 8192


class InvalidUrl(ValueError):
    """A text that cargo does not take as a URL, or one that is too odd for this program; the message says why."""


class Url(NamedTuple):
    """A URL in the parts that count here; a password may stand in `user`, so it is not for messages.

    Attributes:
        scheme: in lower case, such as `https` or `sparse+https`.
        user: what stands before the `@`, empty where there is none.
        host: in lower case where the scheme is one of the web's own; empty for `file`.
        port: its digits, empty where it is the scheme's own.
        path: from its slash on, dots resolved and odd characters encoded.
        query: all from its question or hash mark on, or empty.
    """

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{self.host}{port}{self.path}{self.query}"

    @property
    def canonical(self) -> str:
        """The text by which cargo tells registries apart: no last slash or `.git`; GitHub's in lower case."""
        scheme, path = self.scheme, self.path
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        if self.host == "github.com":
            scheme, path = "https", path.lower()
        return str(self._replace(scheme=scheme, path=path.removesuffix(".git")))


def parse_url(text: str) -> Url:
    """Read an absolute URL.

    Raises:
        InvalidUrl: it has no scheme, no `//`, a host or port that cannot be, or characters outside of ASCII.
    """
    text = text.strip(" ")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not scheme[:1].isalpha() or not set(scheme) <= _SCHEME:
        raise InvalidUrl("relative URL without a base")
    if len(text) > _MAX_LENGTH or not (text.isascii() and text.isprintable()) or "\\" in text:
        raise InvalidUrl("it is too long, or has characters that are not supported")
    if not rest.startswith("/" if scheme == "file" else "//"):
        raise InvalidUrl("cannot-be-a-base-URLs are not supported")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
    authority, query = _cut(authority)
    path, more = ("", query) if query else _cut(path)
    is_special = scheme in _PORTS
    user, host, port = _authority(authority, scheme)
    return Url(scheme, user, host, port, _path(path) or ("/" if is_special else ""), more)


def _cut(text: str) -> tuple[str, str]:
    """What stands before the query or fragment, and these."""
    place = min((text + "?").index("?"), (text + "#").index("#"))
    return text[:place], text[place:]


def _authority(text: str, scheme: str) -> tuple[str, str, str]:
    user, _, rest = text.rpartition("@")
    host, port = rest, ""
    if rest.startswith("["):
        host, bracket, port = rest.partition("]")
        is_host = bool(bracket) and set(host[1:]) <= _ADDRESS and (not port or port.startswith(":"))
        host, port = f"{host}]", port.removeprefix(":")
    else:
        host, _, port = rest.partition(":")
        is_host = set(host) <= _HOST
    if not is_host or (not host and scheme in _PORTS and scheme != "file"):
        raise InvalidUrl("invalid host" if host else "empty host")
    if port and not (port.isdigit() and int(port[:6]) <= 0xFFFF):
        raise InvalidUrl("invalid port number")
    port = str(int(port)) if port else ""
    if scheme in _PORTS:
        host, port = host.lower(), "" if port == _PORTS[scheme] else port
    return user, "" if scheme == "file" and host == "localhost" else host, port


def _path(text: str) -> str:
    """The path with `.` and `..` resolved, as every URL library does, and odd characters percent-encoded."""
    if not text:
        return ""
    parts: list[str] = []
    *folders, last = text[1:].split("/")
    for part in [*folders, last]:
        plain = part.lower().replace("%2e", ".")
        if plain == "..":
            del parts[-1:]
        elif plain != ".":
            parts.append(part)
    if last.lower().replace("%2e", ".") in (".", ".."):
        parts.append("")
    joined = "/" + "/".join(parts)
    if _ENCODED.isdisjoint(joined):
        return joined
    return "".join(f"%{ord(letter):02X}" if letter in _ENCODED else letter for letter in joined)
