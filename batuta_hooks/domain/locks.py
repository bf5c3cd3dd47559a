"""The Cargo.lock files of a tree, each read at most once, when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.lockfile import LockedPackage, LockFault
    from batuta_hooks.domain.tree import ReadFault, Tree


_NAME = b'name = "'


class Lockfile(NamedTuple):
    """A Cargo.lock that can be read.

    Attributes:
        path: relative to the repository's top folder.
        packages: what it names, in its order.
        tree: where it is.
    """

    path: str
    packages: Sequence[LockedPackage]
    tree: Tree

    def __hash__(self) -> int:
        """By where it is: what it holds is long, and one is read once."""
        return hash((self.path, id(self.tree)))

    def line_of(self, name: str, version: str) -> int:
        """The 1-based line on which the entry for a package begins; 1 where it is spelled in another way."""
        text = _text(self.tree, self.path)
        return line_of_package(text, name, version) if isinstance(text, bytes) else 1


def lockfiles_of(tree: Tree) -> Callable[[str], Lockfile | LockFault | None]:
    """What gives the Cargo.lock at a path, why cargo would not read it, or ``None`` where none is tracked."""
    known: dict[str, Lockfile | LockFault | None] = {}

    def lockfile(path: str) -> Lockfile | LockFault | None:
        if path not in known:
            known[path] = _read(tree, path)
        return known[path]

    return lockfile


def _read(tree: Tree, path: str) -> Lockfile | LockFault | None:
    text = _text(tree, path)
    if text is None:
        return None
    from batuta_hooks.domain.lockfile import LockFault, read_lockfile

    if not isinstance(text, bytes):
        return LockFault(text.reason)
    try:
        return Lockfile(path, read_lockfile(text), tree)
    except LockFault as fault:
        return fault


@lru_cache(maxsize=4)  # the texts of a large stack are not kept: what they say takes a twentieth of the room
def _text(tree: Tree, path: str) -> bytes | ReadFault | None:
    return tree.read(path)


def line_of_package(text: bytes, name: str, version: str) -> int:
    """The 1-based line on which a Cargo.lock's entry for a package begins; 1 where it is spelled in another way."""
    lines = _lines_of_entries(text)
    for end in ("\n", "\r\n"):
        line = lines.get(f'name = "{name}"{end}version = "{version}"{end}'.encode())
        if line is not None:
            return line
    return 1


@lru_cache(maxsize=1)  # a lock file of ten thousand packages may have findings at hundreds of them
def _lines_of_entries(text: bytes) -> dict[bytes, int]:
    """By what an entry begins with, its name and version as they are written, the line before the first such place."""
    found: dict[bytes, int] = {}
    line, counted, start = 0, 0, text.find(_NAME)
    while start >= 0:
        line += text.count(b"\n", counted, start)
        counted = start
        end = text.find(b"\n", text.find(b"\n", start) + 1) + 1
        found.setdefault(text[start:end], line)
        start = text.find(_NAME, start + 1)
    return found
