"""Which registry cargo asks: `[source]` replacement and `[registries]`, resolved as cargo 1.95 does.

`[source.crates-io] replace-with = "x"` sends every question about crates.io to `[source.x]`, or where there is none to
the registry `x`; a chain of them is followed to its end.  A registry is replaced likewise, by a source with the same
URL.  Variables count only for keys of a `[source.NAME]` that a file has, and spell the name as the file does, in small
letters and with dashes: `CARGO_SOURCE_mirror_REGISTRY` may count, `CARGO_SOURCE_CRATES_IO_REPLACE_WITH` never does.
"""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault
from batuta_hooks.registry.config_files import ConfigRefused, Located, plain_path
from batuta_hooks.registry.config_places import CRATES_IO_GIT_INDEX, CRATES_IO_INDEX
from batuta_hooks.registry.urls import InvalidUrl, Url, parse_url

CRATES_IO = "crates-io"

SPARSE, GIT_INDEX, LOCAL, DIRECTORY = "registry-sparse", "registry-git", "local-registry", "directory"
_GIT = "git"
_GIT_KEYS = ("branch", "tag", "rev")
_KEYS = ("replace-with", "directory", "registry", "local-registry", "git", *_GIT_KEYS)


class Source(NamedTuple):
    """Where cargo gets an index from.

    Attributes:
        kind: `SPARSE`, `GIT_INDEX`, `LOCAL` or `DIRECTORY`.
        location: the URL, for a sparse index the one that a crate's path is put behind, ending in a slash; or the
            absolute path. A URL may hold a password: it is not for messages.
        name: the name of the source or registry that gives the location.
        index_url: what names the registry for cargo, `sparse+` included: it finds cargo's folder. Empty for paths.
        replaced: whether it stands for the one that was asked for.
    """

    kind: str
    location: str
    name: str
    index_url: str = ""
    replaced: bool = False


class _Defined(NamedTuple):
    """A source that the configuration defines, and what is to replace it."""

    source: Source
    replace_with: Located | None

    @property
    def identity(self) -> tuple[str, str]:
        return _identity(self.source)


def find_source(config: CargoConfig, registry: str = CRATES_IO) -> Source | ConfigFault:
    """Where cargo gets the index of a registry from: of crates.io, or of a name of `[registries]`.

    Returns:
        The source at the end of all replacements, or why cargo refuses: a name that nothing defines, a cycle, two
        sources for one URL, a URL that is none. Whether the place exists is not looked at.
    """
    try:
        if registry == CRATES_IO:
            return _followed(config, _crates_io(config, by_git=True))
        return _followed(config, _registry(config, registry))
    except ConfigRefused as refused:
        return ConfigFault(str(refused), refused.where)


def find_source_of_index(config: CargoConfig, index_url: str) -> Source | ConfigFault:
    """Where cargo gets an index from that a manifest or another index names by its URL; as `find_source`."""
    try:
        return _followed(config, _remote(_built_in(index_url), "this index"))
    except ConfigRefused as refused:
        return ConfigFault(str(refused), refused.where)


def _followed(config: CargoConfig, asked: Source) -> Source:
    defined, names = _definitions(config)
    origin = names.get(_identity(asked))
    if origin is None:
        return _usable(asked)
    if origin == CRATES_IO:
        asked = _crates_io(config)
    name, where, seen = origin, "", {origin}
    while name in defined:
        source, replacement = defined[name]
        if replacement is None:
            return _usable(source._replace(replaced=_identity(source) != _identity(asked)))
        name, where = replacement.value, replacement.where
        if name in seen:
            raise ConfigRefused(f"`replace-with` leads in a circle, from `{origin}` to `{name}` again", where)
        seen.add(name)
    try:
        return _usable(_registry(config, name)._replace(replaced=True))
    except ConfigRefused as refused:
        raise ConfigRefused(f"`{origin}` is replaced with `{name}`, for which {refused}", where) from None


def _usable(source: Source) -> Source:
    if source.kind == _GIT:
        raise ConfigRefused(f"`{source.name}` is a git repository, which can replace no registry")
    if source.kind == SPARSE:
        if not source.location.endswith("/"):
            raise ConfigRefused(f"the URL of `{source.name}` must end in a slash, as that of a sparse index")
        if not source.location.startswith(("http://", "https://")):
            raise ConfigRefused(f"the URL of `{source.name}` must be one of http or https after `sparse+`")
    return source


def _definitions(config: CargoConfig) -> tuple[dict[str, _Defined], dict[tuple[str, str], str]]:
    """The sources by name, the built-in one included, and the name of each by what identifies it for cargo."""
    if config.value("registry", "index") is not None:
        raise ConfigRefused("`registry.index` is no longer supported: replace the source crates-io instead")
    built_in = _crates_io(config)
    defined = {CRATES_IO: _Defined(built_in, None)}
    names = {_identity(_crates_io(config, by_git=True)): CRATES_IO, _identity(built_in): CRATES_IO}
    tables = config.table("source")
    for name in sorted(tables, key=lambda name: name != CRATES_IO):
        if not isinstance(tables[name], dict):
            raise ConfigRefused(f"`source.{name}` must be a table", tables[name].where)
        one = _defined(config, name)
        other = names.setdefault(one.identity, name)
        if name not in (CRATES_IO, other):
            raise ConfigRefused(f"the sources `{other}` and `{name}` are defined alike")
        names[one.identity] = name
        defined[name] = one
    return defined, names


def _defined(config: CargoConfig, name: str) -> _Defined:
    values = {}
    for key in _KEYS:
        variable = f"CARGO_SOURCE_{name}_{key.upper().replace('-', '_')}"
        if value := config.value("source", name, key, variable=variable):
            values[key] = value
    found = []
    if registry := values.get("registry"):
        found.append(_remote(registry, name))
    paths = [(kind, values[kind]) for kind in (LOCAL, DIRECTORY) if kind in values]
    found += [Source(kind, plain_path(os.path.join(path.root, path.value)), name) for kind, path in paths]
    if git := values.get("git"):
        found.append(Source(_GIT, str(_url(git, name)), name))
    elif stray := [key for key in _GIT_KEYS if key in values]:
        raise ConfigRefused(f"`source.{name}` has `{stray[0]}` but no `git`", values[stray[0]].where)
    if not found and name == CRATES_IO:
        found.append(_crates_io(config))
    if len(found) != 1:
        count = "more than one location" if found else "no location"
        raise ConfigRefused(f"`source.{name}` has {count}: one of `registry`, `local-registry`, `directory`, `git`")
    return _Defined(found[0], values.get("replace-with"))


def _crates_io(config: CargoConfig, *, by_git: bool = False) -> Source:
    """crates.io as cargo knows it without replacement; dependencies name it by its git index even where that sleeps."""
    protocol = config.value("registries", CRATES_IO, "protocol")
    if protocol is not None and protocol.value not in ("sparse", "git"):
        raise ConfigRefused("the protocol of crates-io must be `sparse` or `git`", protocol.where)
    by_git = by_git or (protocol is not None and protocol.value == "git")
    return _remote(_built_in(CRATES_IO_GIT_INDEX if by_git else CRATES_IO_INDEX), CRATES_IO)


def _registry(config: CargoConfig, name: str) -> Source:
    """A registry of `[registries]`, unreplaced."""
    index = config.registry_index(name)
    if index is None:
        raise ConfigRefused(f"no configuration has an index of a registry `{name}`")
    if index.value[:5].lower() == "file:" and index.value[5:6] != "/":
        index = index._replace(value=f"file://{os.path.join(index.root, index.value[5:])}")
    if ":" in _url(index, name).user:
        raise ConfigRefused(f"the URL of `{name}` may not contain a password", index.where)
    return _remote(index, name)


def _remote(index: Located, name: str) -> Source:
    url = _url(index, name)
    if not url.scheme.startswith("sparse+"):
        return Source(GIT_INDEX, str(url), name, str(url))
    inner = index._replace(value=str(url).removeprefix("sparse+"))
    return Source(SPARSE, str(_url(inner, name)), name, str(url))


def _url(place: Located, name: str) -> Url:
    try:
        return parse_url(place.value)
    except InvalidUrl as invalid:
        raise ConfigRefused(f"the URL of `{name}` cannot be read: {invalid}", place.where) from None


def _built_in(text: str) -> Located:
    return Located(text, "", "")


def _identity(source: Source) -> tuple[str, str]:
    """What cargo compares: the kind, and the canonical URL or the path."""
    return source.kind, parse_url(source.index_url).canonical if source.index_url else source.location
