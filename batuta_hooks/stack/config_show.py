"""The configuration that counts for a repository, each value with the place that it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from batuta_hooks.domain.config import read_config
from batuta_hooks.domain.config_keys import KEYS, Key, Layer, Names, Table
from batuta_hooks.domain.config_table import config_table
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.toml_positions import locate
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.configuration import configuration_layers
from batuta_hooks.gather.repository import WORKTREE, Repository
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.judging import configured_at, folder_of

if TYPE_CHECKING:
    from batuta_hooks.domain.config_keys import Shape


class Setting(NamedTuple):
    """One key's value.

    Attributes:
        key: its path; the parts of it that the user chose are names.
        value: as TOML would be read; ``None`` where nobody set it and there is no default.
        file: where it is set; empty for a default.
        line: 1-based, 0 for a default.
    """

    key: tuple[str, ...]
    value: Any
    file: str = ""
    line: int = 0


class Settings(NamedTuple):
    """All that counts for a repository.

    Attributes:
        repository: its path relative to the workspace.
        files: where something is set, the farthest first.
        table: the configuration as one table, the defaults written out.
        settings: its keys, one by one, in the order of docs/configuration.md.
    """

    repository: str
    files: tuple[str, ...]
    table: Mapping[str, Any]
    settings: tuple[Setting, ...]


def settings_of(workspace: Workspace, repository: str = "") -> Settings:
    """The configuration of one repository of the stack, or of the meta-checkout itself.

    Args:
        repository: its path relative to the workspace; empty for the meta-checkout.

    Raises:
        BatutaError: there is no such repository, or a configuration that is wrong.
    """
    known = {os.path.normpath(path): path for path in workspace.repositories}
    wanted = os.path.normpath(repository) if repository else "."
    if repository and wanted not in known:
        mend = f"there are {', '.join(workspace.repositories)}"
        raise BatutaError(f"`{repository}` is no repository of the stack", mend=mend)
    table, text = _top_manifest(folder_of(workspace, known[wanted])) if wanted in known else (None, b"")
    top = configured_at(workspace, known.get(wanted, "."))
    layers, _ = configuration_layers(top, table, root_text=text, for_guard=False)
    config, _ = read_config(layers)
    effective = config_table(config)
    files = tuple(dict.fromkeys(layer.where for layer in layers))
    return Settings(known.get(wanted, "."), files, effective, tuple(_settings(KEYS, effective, (), layers)))


def _top_manifest(folder: str) -> tuple[Mapping[str, Any] | None, bytes]:
    repository = Repository(folder, WORKTREE, sibling=True)
    try:
        root = Manifests(repository.tree()).load("Cargo.toml")
    finally:
        repository.close()
    return (root.table, root.text) if isinstance(root, Manifest) else (None, b"")


def _settings(shape: Shape, value: Any, key: tuple[str, ...], layers: Sequence[Layer]) -> Iterator[Setting]:
    if isinstance(shape, Table):
        for name, inner in shape.keys.items():
            if name in value:
                yield from _settings(inner, value[name], (*key, name), layers)
    elif isinstance(shape, Names):
        for name in value:
            yield from _settings(shape.of, value[name], (*key, name), layers)
    elif key == ("allow",):
        yield from _exceptions(value, layers)
    else:
        yield _placed(key, value, layers)


def _exceptions(rows: Sequence[Mapping[str, Any]], layers: Sequence[Layer]) -> Iterator[Setting]:
    places = [(layer, number) for layer in layers for number in range(len(layer.table.get("allow", ())))]
    for row, (layer, number) in zip(rows, places, strict=True):
        yield Setting(("allow",), dict(row), layer.where, _line(layer, ("allow", number)))


def _placed(key: tuple[str, ...], value: Any, layers: Sequence[Layer]) -> Setting:
    for layer in reversed(layers):
        if _is_in(layer.table, key):
            return Setting(key, value, layer.where, _line(layer, key))
    return Setting(key, value)


def _is_in(table: Any, key: tuple[str, ...]) -> bool:
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True


def _line(layer: Layer, key: Key) -> int:
    return locate(layer.text.decode("utf-8", "replace"), (*layer.prefix, *key)).line
