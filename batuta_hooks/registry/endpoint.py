"""A sparse registry as it is asked: the addresses of its files, and the token that it wants.

`config.json` tells where archives are (`dl`) and whether every question needs a token (`auth-required`).  It is read
where that matters: before archives are fetched, and before anything else where there is a token to send.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from batuta_hooks.domain.release import Release
from batuta_hooks.registry.cargo_config import CargoConfig
from batuta_hooks.registry.credentials import NoToken, Secret, find_token
from batuta_hooks.registry.entry import Entry
from batuta_hooks.registry.exchange import NoReply, RegistryFault, Reply, Request
from batuta_hooks.registry.http_rules import Failure, address, host_of, origin_of
from batuta_hooks.registry.index import MAX_BYTES
from batuta_hooks.registry.names import sparse_path
from batuta_hooks.registry.sources import Source
from batuta_hooks.registry.urls import parse_url
from batuta_hooks.registry.wire import Wire

MAX_ARCHIVE_BYTES = 64 << 20
"""Larger archives are not fetched. crates.io takes 10 MB, more for a few crates that asked."""

_MAX_CONFIG_BYTES = 1 << 16
_MARKERS = ("{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}")
_UNAUTHORIZED, _OK = 401, 200


class _Config(NamedTuple):
    """What `config.json` says.

    Attributes:
        download: the template of archives' URLs.
        wants_token: whether every question needs a token.
    """

    download: str
    wants_token: bool


class Endpoint:
    """One registry, asked over one wire.

    Args:
        config: cargo's configuration, which may hold a token.
        source: the registry, a sparse one.
        environment: variables that may hold a token.
    """

    def __init__(self, config: CargoConfig, source: Source, wire: Wire, environment: Mapping[str, str]) -> None:
        self._wire = wire
        self._token = find_token(config, source, environment)
        self._url = str(parse_url(source.location)._replace(user=""))
        self._password = _basic(parse_url(source.location).user)
        self._config: _Config | RegistryFault | None = None
        self._wants_token = False
        self.host = host_of(self._url)

    def prepare(self, deadline: float) -> None:
        """Find out whether the registry wants a token; costs a request where there is one to send, else nothing."""
        if isinstance(self._token, Secret):
            self._read_config(deadline)

    def index_address(self, crate: str) -> str:
        """Where the index file of a crate is."""
        return self._url + sparse_path(crate)

    def index_request(self, crate: str, known: Entry | None) -> Request:
        """The question for a crate's index file; a conditional one if what is known came with a validator."""
        url, secret = self.index_address(crate), self._authorization()
        if known is None:
            return Request(url, MAX_BYTES, authorization=secret)
        return Request(url, MAX_BYTES, known.etag, known.last_modified, secret)

    def archive_request(self, release: Release, deadline: float) -> Request | RegistryFault:
        """The question for an archive; a token goes with it only to the host of the index itself."""
        config = self._read_config(deadline)
        if isinstance(config, RegistryFault):
            return config
        try:
            url = address(_filled(config.download, release.name, release.version, release.checksum))
        except Failure:
            return RegistryFault(f"the config.json of {self.host} has no usable address for archives")
        is_same = origin_of(url) == origin_of(self._url)
        return Request(url, MAX_ARCHIVE_BYTES, authorization=self._authorization() if is_same else None)

    def refusal(self, asked: Request, reply: Reply) -> str:
        """What to say of a status that is no answer."""
        if reply.status != _UNAUTHORIZED:
            return f"{host_of(asked.url)} answered {reply.status}"
        if asked.authorization is not None:
            return f"{host_of(asked.url)} does not accept the token that is configured"
        if isinstance(self._token, NoToken):
            return f"{host_of(asked.url)} wants a token, and {self._token.why}"
        return f"{host_of(asked.url)} wants a token, which is for {self.host} alone"

    def with_token(self, asked: Request, reply: Reply) -> Request | None:
        """The same question with the token, where the registry asks for one that was not sent yet."""
        is_wanted = reply.status == _UNAUTHORIZED and asked.authorization is None
        if is_wanted and isinstance(self._token, Secret) and origin_of(asked.url) == origin_of(self._url):
            self._wants_token = True
            return asked._replace(authorization=self._token)
        return None

    def _authorization(self) -> Secret | None:
        return self._token if self._wants_token and isinstance(self._token, Secret) else self._password

    def _read_config(self, deadline: float) -> _Config | RegistryFault:
        if self._config is None:
            self._config = self._ask_config(deadline)
            self._wants_token = self._wants_token or (isinstance(self._config, _Config) and self._config.wants_token)
        return self._config

    def _ask_config(self, deadline: float) -> _Config | RegistryFault:
        asked = Request(f"{self._url}config.json", _MAX_CONFIG_BYTES, authorization=self._authorization())
        reply = self._wire.fetch(asked, deadline)
        if isinstance(reply, Reply) and (again := self.with_token(asked, reply)):
            asked, reply = again, self._wire.fetch(again, deadline)
        if isinstance(reply, NoReply):
            return RegistryFault(reply.why)
        if reply.status != _OK:
            return RegistryFault(self.refusal(asked, reply))
        try:
            table = json.loads(reply.body)
        except (ValueError, RecursionError):
            table = None
        if not isinstance(table, dict) or not isinstance(table.get("dl"), str):
            return RegistryFault(f"the config.json of {self.host} is none")
        return _Config(table["dl"], table.get("auth-required") is True)


def _basic(user: str) -> Secret | None:
    """What a name and password in a registry's URL become."""
    if not user:
        return None
    name, _, password = user.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def _filled(template: str, crate: str, version: str, checksum: str) -> str:
    """The URL that a template of `config.json` makes; one without markers gets the path that crates.io once had."""
    if not any(marker in template for marker in _MARKERS):
        return f"{template}/{crate}/{version}/download"
    prefix = _prefix(crate)
    for marker, value in zip(_MARKERS, (crate, version, prefix, prefix.lower(), checksum), strict=True):
        template = template.replace(marker, value)
    return template


def _prefix(crate: str) -> str:
    """The folder of a crate's index file, in the crate's own letter case."""
    if len(crate) > 3:
        return f"{crate[:2]}/{crate[2:4]}"
    return str(len(crate)) if len(crate) < 3 else f"3/{crate[0]}"
