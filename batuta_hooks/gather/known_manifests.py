"""What the manifests of a large repository hold, remembered by the ids of their blobs in the cache folder.

To read ten thousand manifests and to compare each with cargo's schema takes seconds, and a commit changes one of them.
A file for each repository has a line for each blob: its id, a checksum, and as JSON the table that its text spells and
that cargo's schema lets pass.  New lines are appended in one write, so that guards at work at the same time do not
disturb each other.  It is worth no error: what cannot be read, written or understood is read anew from the manifests.
"""

from __future__ import annotations

import json
import os
from binascii import crc32

from batuta_hooks.gather.kept_file import append_kept, read_kept, replace_kept
from batuta_hooks.git.tree import blob_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from batuta_hooks.domain.manifest import Key, Manifest
    from batuta_hooks.git.tree import GitTree

MOST_BYTES = 1 << 28
_LONGEST_LINE = 1 << 23
_SPARE_LINES = 2000


class KnownManifests:
    """The tables of manifests by blob.

    Args:
        file: where they are kept.
        version: of the program: another one may judge a table by other rules.
        spare: how many lines may stand in the file that were of no use.
    """

    def __init__(self, file: str, version: str, *, spare: int = _SPARE_LINES) -> None:
        self._file = file
        self._spare = spare
        self._head = f"manifests 1 {os.geteuid()} {version}".encode()
        self._lines: dict[bytes, bytes] | None = None
        self._count = 0
        self._used: set[bytes] = set()
        self._fresh: dict[bytes, bytes] = {}

    def recall(self, key: str) -> Any | None:
        """What is remembered by a key without a space in it; ``None`` where nothing is."""
        text = self.text(key)
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    def text(self, key: str) -> bytes:
        """The same as JSON; empty where nothing is remembered."""
        name = key.encode()
        line = self._fresh.get(name) or self._known().get(name, b"")
        checksum, _, text = line.partition(b" ")
        if name not in self._used and checksum != _checksum(name, text):
            return b""
        self._used.add(name)
        return text

    def keep(self, key: str, value: object) -> None:
        """Remember something, if JSON can tell it as it is."""
        try:
            text = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError):
            return  # a date, say, or infinity
        name = key.encode()
        if len(text) < _LONGEST_LINE:
            self._fresh[name] = b"%s %s" % (_checksum(name, text), text)

    def save(self) -> None:
        """Write down what is new."""
        if not self._fresh:
            return
        fresh = _joined(self._fresh)
        known = self._known()
        if known and self._count < 2 * (len(self._used) + len(self._fresh)) + self._spare:
            append_kept(self._file, b"\n" + fresh)  # what a killed process left of its line ends with an empty one
        else:
            kept = {name: known[name] for name in self._used if name in known and name not in self._fresh}
            replace_kept(self._file, (self._head, b"\n", _joined(kept), fresh))
        self._fresh = {}

    def _known(self) -> dict[bytes, bytes]:
        if self._lines is None:
            head, _, body = read_kept(self._file, MOST_BYTES).partition(b"\n")
            lines = body.split(b"\n") if head == self._head else []
            self._lines = dict(_split(lines))
            self._count = len(lines)
        return self._lines


class KnownInTree:
    """The same for the manifests of one tree, by their paths, as `batuta_hooks.domain.workspace.Manifests` asks.

    What a link leads to is not remembered.
    """

    def __init__(self, known: KnownManifests, tree: GitTree) -> None:
        self._known = known
        self._tree = tree

    def table(self, path: str) -> Mapping[str, Any] | None:
        """The table of a manifest that cargo's schema lets pass."""
        oid = self._tree.held_oid(path)
        found = self._known.recall(oid) if oid else None
        return found if isinstance(found, dict) else None

    def passes(self, _text: bytes) -> bool:
        """Nothing is known of a text whose table is not remembered."""
        return False

    def table_of(self, oid: str) -> Mapping[str, Any] | None:
        """The same by the id of its blob."""
        found = self._known.recall(oid)
        return found if isinstance(found, dict) else None

    def keep_table(self, path: str, table: Mapping[str, Any], text: bytes) -> None:
        """Remember the table of a manifest that cargo's schema lets pass, and that a text spells."""
        oid = self._tree.held_oid(path)
        # a file of the worktree may have changed since
        if oid and (not self._tree.reads_worktree or blob_id(text, len(oid)) == oid):
            self._known.keep(oid, table)

    def is_known(self, path: str) -> bool:
        """Whether the table of a manifest is remembered."""
        oid = self._tree.held_oid(path)
        return bool(oid) and bool(self._known.text(oid))

    def said_by(self, path: str) -> bytes:
        """What a manifest says, however it is written: names its content where that can be read, else its blob."""
        oid = self._tree.held_oid(path)
        return self._known.text(oid) or oid.encode()

    def position(self, path: str, key: Key) -> tuple[int, int] | None:
        """Where a key of a manifest stands."""
        name = self._pair(path, repr(key))
        found = self._known.recall(name) if name else None
        return (found[0], found[1]) if isinstance(found, list) else None

    def keep_position(self, path: str, key: Key, position: tuple[int, int]) -> None:
        """Remember where a key of a manifest stands."""
        name = self._pair(path, repr(key)) if not self._tree.reads_worktree else ""  # a file may have changed since
        if name:
            self._known.keep(name, position)

    def is_sound(self, manifest: Manifest, inherited: str) -> bool:
        """Whether nothing was wrong with what a manifest inherits, which the text names."""
        key = self._pair(manifest.path, inherited)
        return bool(key) and self._known.recall(key) is True

    def keep_sound(self, manifest: Manifest, inherited: str) -> None:
        """Remember that nothing is wrong with what a manifest inherits."""
        key = self._pair(manifest.path, inherited)
        if key:
            self._known.keep(key, value=True)

    def _pair(self, path: str, inherited: str) -> str:
        from hashlib import sha256

        oid = self._tree.held_oid(path)
        named = sha256(inherited.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{oid}+{named}" if oid else ""


def _split(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for line in lines:
        name, space, rest = line.partition(b" ")
        if space:
            yield name, rest


def _joined(lines: Mapping[bytes, bytes]) -> bytes:
    return b"".join(b"%s %s\n" % one for one in lines.items())


def _checksum(name: bytes, text: bytes) -> bytes:
    return b"%08x" % crc32(text, crc32(name))
