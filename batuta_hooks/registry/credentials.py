"""Tokens for registries, from cargo's own places, and the one way in which they leave: a header to their registry.

cargo looks for the token of crates.io in `[registry]`, for another registry's in `[registries.NAME]`, where the name is
found by the URL of the index: in `CARGO_REGISTRIES_NAME_INDEX`, else in its configuration.  Of each table the
environment goes over `credentials.toml` in cargo's home, that over the configuration files.

Programs that hand out tokens (`credential-provider`) are not run.  cargo wants a provider to be named before it sends a
token with a mere question; here a token that is configured for a registry is reason enough to send it there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.registry.cargo_config import CargoConfig
from batuta_hooks.registry.config_files import ConfigRefused, Located
from batuta_hooks.registry.config_places import CRATES_IO_GIT_INDEX, CRATES_IO_INDEX
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.sources import Source
from batuta_hooks.registry.urls import InvalidUrl, parse_url

_MAX_BYTES = 1 << 20
_BY_TOKEN = "cargo:token"  # noqa: S105  the name of a way, no password
_BUILT_IN = (_BY_TOKEN, "cargo:paseto", "cargo:token-from-stdout", "cargo:wincred", "cargo:macos-keychain")
_INDEX_VARIABLE = ("CARGO_REGISTRIES_", "_INDEX")


class Secret:
    """A text that is shown nowhere, not in a representation either."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """The text itself, for the header of a request."""
        return self._text


class NoToken(NamedTuple):
    """There is no token to send, and why: a clause."""

    why: str


def find_token(config: CargoConfig, source: Source, environment: Mapping[str, str] | None = None) -> Secret | NoToken:
    """The token that cargo would send to a registry.

    Args:
        config: the configuration that counts.
        source: the registry that is asked, after replacement: a token of crates.io never goes to a mirror.
        environment: the variables that cargo would see, else this process's own.
    """
    environment = os.environ if environment is None else environment
    try:
        tables = _Tables(config, environment)
        table = tables.of(source)
        if table is None:
            return NoToken("no registry with this index is configured, hence no token")
        return _token(tables, table)
    except ConfigRefused as refused:
        return NoToken(f"{refused.where}: {refused}" if refused.where else str(refused))


class _Tables:
    """What cargo's configuration and credentials say of registries, by key in parts."""

    def __init__(self, config: CargoConfig, environment: Mapping[str, str]) -> None:
        self._config = config
        self._environment = environment
        self._credentials = _read_credentials(config.home)

    def of(self, source: Source) -> tuple[str, ...] | None:
        """The key of the table that holds a registry's token; None where the registry has no name."""
        if source.index_url in (CRATES_IO_INDEX, CRATES_IO_GIT_INDEX):
            return ("registry",)
        wanted = parse_url(source.index_url).canonical
        names = [name for name, url in self._indexes_in_environment() if _is_same(url, wanted)]
        if not names:
            found = ((name, self._config.registry_index(name)) for name in self._config.registry_names())
            names = [name for name, index in found if index is not None and _is_same(index.value, wanted)]
        if len(names) > 1:
            raise ConfigRefused(f"the registries {', '.join(sorted(names))} have one index, so whose token counts?")
        return ("registries", names[0]) if names else None

    def _indexes_in_environment(self) -> list[tuple[str, str]]:
        start, end = _INDEX_VARIABLE
        return [
            (variable[len(start) : -len(end)].lower(), url)
            for variable, url in self._environment.items()
            if variable.startswith(start) and variable.endswith(end) and len(variable) > len(start + end)
        ]

    def words(self, *key: str) -> list[str]:
        """The words of a text, or the entries of a list; none where the key is nowhere."""
        value = self.value(*key)
        return value.split() if isinstance(value, str) else _texts(value)

    def value(self, *key: str) -> Any:
        """A text or a list, the environment's before all others; None where the key is nowhere."""
        text = self.variable(*key)
        return self._written(*key) if text is None else text

    def entries(self, *key: str) -> list[str]:
        """The entries of a list that a file has."""
        written = self._written(*key)
        return _texts(written)

    def _written(self, *key: str) -> Any:
        written = _inside(self._credentials, key[:-1]).get(key[-1])
        if written is None:
            located = _inside(self._config.table(key[0]), key[1:-1]).get(key[-1])
            written = located.value if isinstance(located, Located) else located
        if written is not None and not isinstance(written, str | list):
            raise ConfigRefused(f"`{'.'.join(key)}` must be a string")
        return written

    def variable(self, *key: str) -> str | None:
        """What the environment says of a key."""
        name = "CARGO_" + "_".join(key).upper().replace("-", "_")
        return self._environment.get(name)


def _texts(value: Any) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _inside(table: Mapping[str, Any], key: tuple[str, ...]) -> Mapping[str, Any]:
    for part in key:
        below = table.get(part)
        table = below if isinstance(below, dict) else {}
    return table


def _token(tables: _Tables, table: tuple[str, ...]) -> Secret | NoToken:
    providers = _providers(tables, table)
    token = tables.value(*table, "token") if _BY_TOKEN in providers else None
    if not token:
        strange = ", ".join(f"`{name[:80]}`" for name in providers if name != _BY_TOKEN)
        return NoToken(f"the credential provider {strange} is not supported" if strange else "no token is configured")
    if not (isinstance(token, str) and token.isascii() and token.isprintable()):
        return NoToken("the token that is configured holds characters that no header may have")
    return Secret(token)


def _providers(tables: _Tables, table: tuple[str, ...]) -> list[str]:
    """The programs or built-in ways that may know the token; the built-in one for tokens if nothing is configured."""
    own = tables.words(*table, "credential-provider")
    if own:
        return [_resolved(tables, own)]
    usual = ("registry", "global-credential-providers")
    entries = [*(tables.variable(*usual) or "").split(), *tables.entries(*usual)]
    return [_resolved(tables, entry.split()) for entry in entries if entry.split()] or [_BY_TOKEN]


def _resolved(tables: _Tables, words: list[str]) -> str:
    """A provider's name, after `[credential-alias]`."""
    if len(words) == 1 and words[0] not in _BUILT_IN:
        words = tables.words("credential-alias", words[0]) or words
    return words[0]


def _is_same(url: str, canonical: str) -> bool:
    try:
        return parse_url(url).canonical == canonical
    except InvalidUrl:
        return False


def _read_credentials(home: str) -> dict[str, Any]:
    """The tables of `credentials.toml` in cargo's home; the old name, without `.toml`, goes first."""
    for name in ("credentials", "credentials.toml"):
        path = os.path.join(home, name)
        if not home or not os.path.exists(path):
            continue
        try:
            tables = read_toml(read_file(path, _MAX_BYTES).data)
        except OSError as error:
            raise ConfigRefused(f"it cannot be read: {error.strerror}", path) from None
        except TomlFault:
            raise ConfigRefused("it is no TOML", path) from None  # the reason may quote the token
        token = tables.pop("token", None)
        if token is not None:
            tables.setdefault("registry", {"token": token})
        return tables
    return {}
