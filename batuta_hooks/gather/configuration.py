"""Where a repository's configuration stands on disk: the nearest batuta-stack.toml and the top manifest's metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping

from batuta_hooks.git.tree import read_regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from batuta_hooks.domain.config import Config
    from batuta_hooks.domain.config_keys import Layer

FILE_NAME = "batuta-stack.toml"

_MOST_FOLDERS = 128
_MOST_BYTES = 1 << 20


def read_configuration(
    top: str, root_table: Mapping[str, Any] | None, *, root_text: bytes = b"", for_guard: bool = True
) -> tuple[Config | None, list[str]]:
    """Read the configuration that counts for a repository.

    The file comes first, ``[workspace.metadata.batuta]`` over it, ``[package.metadata.batuta]`` over both.

    Args:
        top: the absolute path of the repository's top folder; empty where it has none (a bare repository).
        root_table: the repository's top manifest as parsed TOML, if it has one that can be read.
        root_text: the text of that manifest, for line numbers in messages.
        for_guard: whether an unknown key in a file above the repository is a warning.  The file is shared by many
            repositories, and a neighbouring minor version may know more keys; elsewhere such a key is an error.

    Returns:
        The configuration, and warnings, a line each; ``None`` where nobody wrote one, and for a guard where the file
        is empty.

    Raises:
        BatutaError: a file that cannot be read, or whose keys or values are wrong.
    """
    layers, warnings = configuration_layers(top, root_table, root_text=root_text, for_guard=for_guard)
    if not layers:
        return None, warnings
    from batuta_hooks.domain.config import read_config

    config, said = read_config(layers)
    return config, warnings + said


def configuration_layers(
    top: str, root_table: Mapping[str, Any] | None, *, root_text: bytes = b"", for_guard: bool = True
) -> tuple[list[Layer], list[str]]:
    """The tables of the configuration that counts for a repository, the farthest first, and warnings.

    The arguments are those of `read_configuration`.

    Raises:
        BatutaError: a file that cannot be read.
    """
    top = os.path.abspath(top) if top else ""
    path, content = _nearest(top)
    warnings: list[str] = []
    if content is None and path and not os.path.isdir(os.path.dirname(path)):
        warnings.append(f"BATUTA_STACK is `{os.path.dirname(path)}`, which is no folder: it is ignored")
    tables = [(kind, table) for kind in ("workspace", "package") if (table := _metadata(root_table, kind)) is not None]
    written = _parsed(path, content) if content is not None else {}
    if not tables and (content is None or (for_guard and not written)):
        return [], warnings  # a file that only marks the stack says nothing
    from batuta_hooks.domain.config_keys import Layer

    layers = []
    if content is not None:
        is_above = os.path.dirname(path) != top
        layers.append(Layer(written, path, content, is_lenient=for_guard and is_above))
    for kind, table in tables:
        layers.append(Layer(table, "Cargo.toml", root_text, (kind, "metadata", "batuta")))
    return layers, warnings


def find_stack_file(top: str) -> str | None:
    """The path of the batuta-stack.toml that counts for a folder.

    That is the nearest one in the folder or above it; where there is none, the one in the folder that the environment
    variable ``BATUTA_STACK`` names; ``None`` where there is none either.

    Raises:
        BatutaError: there is one, but it cannot be read.
    """
    path, content = _nearest(os.path.abspath(top) if top else "")
    return None if content is None else path


def _nearest(top: str) -> tuple[str, bytes | None]:
    folder = top
    for _ in range(_MOST_FOLDERS):
        if not folder:
            break
        path = os.path.join(folder, FILE_NAME)
        content = _content(path)
        if content is not None:
            return path, content
        above = os.path.dirname(folder)
        folder = above if above != folder else ""
    stack = os.environ.get("BATUTA_STACK")
    path = os.path.join(stack, FILE_NAME) if stack else ""
    return path, _content(path) if path else None


def _content(path: str) -> bytes | None:
    try:
        content = read_regular_file(path)
    except OSError as error:
        raise _unreadable(path, f"{error.strerror} (os error {error.errno})") from error
    if content is None:
        return None
    if isinstance(content, bytes) and len(content) <= _MOST_BYTES:
        return content
    reason = f"larger than {_MOST_BYTES >> 10} KiB" if isinstance(content, bytes) else content.reason
    raise _unreadable(path, reason)


def _parsed(path: str, content: bytes) -> Mapping[str, Any]:
    from batuta_hooks.domain.toml_text import TomlFault, read_toml

    try:
        return read_toml(content)
    except TomlFault as fault:
        raise _unreadable(f"{path}:{fault.line}:{fault.column}", fault.reason) from fault


def _unreadable(where: str, reason: str) -> Exception:
    from batuta_hooks.domain.errors import BatutaError

    return BatutaError(f"the configuration cannot be read: {reason}", where=where)


def _metadata(root_table: Mapping[str, Any] | None, kind: str) -> Any:
    """``metadata.batuta`` of the manifest's ``[workspace]`` or ``[package]``; cargo lets ``metadata`` be anything."""
    table: Any = root_table
    for key in (kind, "metadata", "batuta"):
        table = table.get(key) if isinstance(table, Mapping) else None
    return table
