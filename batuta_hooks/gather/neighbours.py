"""The crates of the checkouts beside a repository, for guards: read as files, remembered, and no git process for any.

Which checkouts belong to the stack says the nearest batuta-stack.toml above the repository, or ``BATUTA_STACK``.  Where
there is neither, those in the same parent folder do, unless both they and the repository have a remote and its owner
is another one: whoever keeps clones of strangers beside his own is not told of their versions (docs/guards.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.stack import StackCrate, crates_in
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.checkout_folders import SIGNS, checkout_folders
from batuta_hooks.gather.remembered import Memory, Row, stamp
from batuta_hooks.git.tree import read_regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.config import Config

_MOST_CHECKOUTS = 2000


def neighbours(top: str, stack_folder: str, config: Config | None) -> Iterator[StackCrate]:
    """The crates of the checkouts beside a repository, by the order of their folders.

    Args:
        top: the absolute path of the repository's top folder.
        stack_folder: the folder of the meta-checkout; empty where nothing names one.
        config: the configuration that counts for the repository.
    """
    folder = stack_folder or os.path.dirname(top)
    patterns = config.repositories if config is not None and stack_folder else None
    own = _identity(top)
    owner = "" if stack_folder else remote_owner(top)
    skipped = config.skip_crates if config is not None else ()
    with Memory(folder) as memory:
        for place in checkout_folders(folder, patterns)[:_MOST_CHECKOUTS]:
            there = os.path.normpath(os.path.join(folder, place))
            if _identity(there) in (own, None) or (owner and remote_owner(there) not in ("", owner)):
                continue
            repository = os.path.relpath(there, top)
            for crate in memory.crates(there, lambda there=there: _read(there)):  # type: ignore[misc]
                if crate.name not in skipped:
                    yield crate._replace(repository=repository)


def _identity(folder: str) -> tuple[int, int] | None:
    """What tells folders apart, whatever links lead there; ``None`` where there is none."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _read(folder: str) -> Row:
    """The crates of a checkout: its top manifest's, and those of the members that it has, directly or by paths."""
    from batuta_hooks.gather.folder_tree import FolderTree  # a checkout that has not changed is remembered

    tree = FolderTree(folder)
    manifests = Manifests(tree)
    root = manifests.load("Cargo.toml")
    found: list[StackCrate] = []
    if isinstance(root, Manifest):
        paths = manifests.members(root) if root.workspace is not None else (root.path,)
        found = list(crates_in(manifests, paths))
        for pattern in root.workspace.members if root.workspace is not None else ():
            if SIGNS.intersection(pattern):  # a folder that comes or goes changes the one that holds it
                tree.looked_at[pattern.partition("*")[0].rpartition("/")[0] or "."] = None
    return Row({path: stamp(f"{folder}/{path}") for path in tree.looked_at}, found)


def remote_owner(top: str) -> str:
    """Whose the remote ``origin`` of a checkout is, or its first one: its address up to the last slash.

    Empty where there is none.
    """
    text = read_regular_file(f"{top}/.git/config")
    if not isinstance(text, bytes):
        return ""
    urls: dict[str, str] = {}
    section = ""
    for line in os.fsdecode(text).splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words
        elif section.startswith("[remote ") and words.startswith("url"):
            urls.setdefault(section, words.partition("=")[2].strip())
    url = urls.get('[remote "origin"]') or next(iter(urls.values()), "")
    above = url.rstrip("/").rpartition("/")[0]
    return above.rpartition(":")[2].rpartition("/")[2] or above
