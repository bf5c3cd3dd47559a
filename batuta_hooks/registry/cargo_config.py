"""The configuration that cargo would work with in a folder: files, environment variables, defaults.

What is asked here is what concerns registries.  Each question is answered by a value, and by a `ConfigFault` where
cargo would refuse: that is no reason to stop, and never an answer.  Tokens are not read here.
"""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.config_files import ConfigRefused, Located, read_tree
from batuta_hooks.registry.config_places import cargo_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT_TIMEOUT_S = 30
"""Seconds, as cargo has it, for connecting and for the slowest stretch of an answer."""

DEFAULT_RETRIES = 3
"""How often cargo asks again after a failure that may pass."""

_MAX_I64 = 2**63 - 1
_MAX_U32 = 2**32 - 1
_MAX_DIGITS = 20


class ConfigFault(NamedTuple):
    """Why cargo refuses its configuration: a clause, and the file or variable that is to blame, if one is."""

    why: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.why}" if self.where else self.why


class Settings(NamedTuple):
    """What cargo's configuration says of the network and of the usual registry.

    Attributes:
        offline: whether no socket may be opened (`net.offline`).
        retries: how often to ask again after a failure that may pass (`net.retry`).
        proxy: the proxy's URL or host and port (`http.proxy`); empty: the environment's own variables decide.
        ca_file: the absolute path of a file with certificates (`http.cainfo`), or empty.
        timeout_s: `http.timeout`, else the variable `HTTP_TIMEOUT`, else `DEFAULT_TIMEOUT_S`.
        default_registry: the registry that `cargo publish` goes to (`registry.default`), empty for crates.io. It is not
            the one that dependencies come from.
    """

    offline: bool
    retries: int
    proxy: str
    ca_file: str
    timeout_s: int
    default_registry: str


class CargoConfig:
    """The effective configuration in one folder; made by `read_cargo_config`.

    Attributes:
        folder: the working folder, absolute, links resolved.
        home: cargo's home.
    """

    def __init__(self, tree: dict[str, Any], environment: Mapping[str, str], folder: str, home: str) -> None:
        self._tree = tree
        self._environment = environment
        self.folder = folder
        self.home = home

    def is_like(self, other: CargoConfig) -> bool:
        """Whether all files and what concerns the network are the same, whatever folder each is for."""
        same = self._tree == other._tree and self._environment is other._environment and self.home == other.home
        return same and self.settings() == other.settings()

    def settings(self) -> Settings | ConfigFault:
        """What concerns the network; a fault where one of the values is of the wrong kind, as cargo stops then too."""
        try:
            return self._settings()
        except ConfigRefused as refused:
            return ConfigFault(str(refused), refused.where)

    def _settings(self) -> Settings:
        offline = self.value("net", "offline", kind=bool)
        retries = self.value("net", "retry", kind=int, most=_MAX_U32)
        proxy = self.value("http", "proxy")
        certificates = self.value("http", "cainfo")
        timeout = self.value("http", "timeout", kind=int)
        registry = self.value("registry", "default")
        return Settings(
            offline=offline is not None and offline.value is True,
            retries=retries.value if retries else DEFAULT_RETRIES,
            proxy=proxy.value if proxy else "",
            ca_file=os.path.join(certificates.root, certificates.value) if certificates else "",
            timeout_s=timeout.value if timeout else self._usual_timeout_s(),
            default_registry=registry.value if registry else "",
        )

    def _usual_timeout_s(self) -> int:
        seconds = _number(self._environment.get("HTTP_TIMEOUT", ""))
        return seconds if seconds is not None and seconds >= 0 else DEFAULT_TIMEOUT_S

    def registry_index(self, name: str) -> Located | None:
        """The `index` of a registry of `[registries]`, from a file or from `CARGO_REGISTRIES_<NAME>_INDEX`.

        Raises:
            ConfigRefused: cargo refuses the name, or the value is no string.
        """
        from batuta_hooks.domain.manifest_schema_names import registry_name_fault

        if fault := registry_name_fault(name):
            raise ConfigRefused(fault)
        return self.value("registries", name, "index")

    def registry_names(self) -> list[str]:
        """The registries that files define, sorted; one that the environment alone defines has no known name."""
        table = self._tree.get("registries")
        return sorted(table) if isinstance(table, dict) else []

    def table(self, key: str) -> dict[str, Any]:
        """A top-level table of the files, empty where there is none.

        Raises:
            ConfigRefused: the key is no table.
        """
        table = self._tree.get(key, {})
        if isinstance(table, dict):
            return table
        raise ConfigRefused(f"`{key}` must be a table", table.where)

    def value(self, *key: str, kind: type = str, most: int = _MAX_I64, variable: str = "") -> Located | None:
        """A value that is no table; the environment variable goes over the files, yet not over a value of another kind.

        Args:
            key: its key, in parts.
            kind: `str`, `bool` or `int`.
            most: the greatest number that cargo takes here.
            variable: the environment variable, if it is not the key's usual one.

        Raises:
            ConfigRefused: the value is of another kind, or the variable spells none.
        """
        dotted = ".".join(key)
        written: Any = self._tree
        for part in key:
            if not isinstance(written, dict):
                raise ConfigRefused(f"a table must be around `{dotted}`", written.where)
            written = written.get(part)
            if written is None:
                break
        if isinstance(written, dict) or (written is not None and type(written.value) is not kind):
            raise ConfigRefused(f"`{dotted}` must be a {_KINDS[kind]}", getattr(written, "where", ""))
        found: Located | None = written
        variable = variable or "CARGO_" + dotted.upper().replace("-", "_").replace(".", "_")
        text = self._environment.get(variable)
        if text is not None and _is_text(text):
            found = Located(_spelled(text, kind, variable), f"environment variable {variable}", self.folder)
        if kind is int and found is not None and not 0 <= found.value <= most:
            raise ConfigRefused(f"`{dotted}` must be a number from 0 to {most}", found.where)
        return found


_KINDS = {str: "string", bool: "boolean", int: "number"}


def read_cargo_config(folder: str, environment: Mapping[str, str] | None = None) -> CargoConfig | ConfigFault:
    """Read the configuration that cargo, started in a folder, would work with; command-line options aside.

    Args:
        folder: the working folder.
        environment: the variables that cargo would see, else this process's own.

    Returns:
        The configuration, or why cargo refuses it: a file that cannot be read, two that do not go together.
    """
    environment = os.environ if environment is None else environment
    folder = os.path.realpath(folder)
    home = cargo_home(environment, folder)
    try:
        return CargoConfig(read_tree(folder, home), environment, folder, home)
    except ConfigRefused as refused:
        return ConfigFault(str(refused), refused.where)


def _spelled(text: str, kind: type, variable: str) -> str | bool | int:
    """The value that a variable's text spells, as Rust reads it."""
    if kind is str:
        return text
    value = {"true": True, "false": False}.get(text) if kind is bool else _number(text)
    if value is None:
        raise ConfigRefused(f"it must be a {_KINDS[kind]}", f"environment variable {variable}")
    return value


def _number(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
        return None
    return -int(digits) if text[0] == "-" else int(digits)


def _is_text(value: str) -> bool:
    """Whether a variable's value is UTF-8; cargo takes it as not set otherwise."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
