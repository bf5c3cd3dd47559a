"""What is asked over the wire and what comes back: values, without a connection."""

from __future__ import annotations

from typing import NamedTuple

from batuta_hooks.registry.credentials import Secret


class Request(NamedTuple):
    """One question.

    Attributes:
        url: what is asked for, credentials left out.
        max_bytes: a longer body is refused.
        etag, last_modified: validators of the answer at hand; empty where there is none.
        authorization: the header of that name, for the URL's own host; None for none.
    """

    url: str
    max_bytes: int
    etag: str = ""
    last_modified: str = ""
    authorization: Secret | None = None


class Reply(NamedTuple):
    """A registry's answer: any status that is not worth repeating, 304 and 404 among them.

    Attributes:
        body: of status 200, decoded; else empty.
        etag, last_modified: validators, empty where there is none.
        sent_at: when it was asked for, seconds since 1970: what the answer says was true then or later.
    """

    url: str
    status: int
    body: bytes
    etag: str
    last_modified: str
    sent_at: int


class NoReply(NamedTuple):
    """There was no answer: why, a clause for a person that names the host."""

    url: str
    why: str


class RegistryFault(NamedTuple):
    """Why a registry cannot be asked, or what it said is no answer: a clause for a person."""

    why: str


class WireSettings(NamedTuple):
    """How to reach registries.

    Attributes:
        connections: how many requests may be under way at once.
        repeats: how often what may pass is asked again; cargo's `net.retry`.
        timeout_s: seconds that a silent host is waited for; cargo's `http.timeout`.
        deadline_s: seconds for all questions of one call, repeats and pauses included.
        proxy: cargo's `http.proxy`; empty for what the environment says.
        ca_file: cargo's `http.cainfo`; empty for the environment's or the system's certificates.
    """

    connections: int = 8
    repeats: int = 3
    timeout_s: float = 30.0
    deadline_s: float = 120.0
    proxy: str = ""
    ca_file: str = ""
