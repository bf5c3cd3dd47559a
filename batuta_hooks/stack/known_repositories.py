"""What repositories hold, remembered from run to run: so that git and cargo's schema need not be asked anew each time.

All of it is known by the content that it is about: the files of an index by git's own checksum of it, the time of a
commit by its id, a manifest that has no fault by its bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import blake2b
from threading import Lock
from typing import Any

from batuta_hooks.domain.manifest import Key, Manifest
from batuta_hooks.stack.kept_json import REPOSITORIES, file_for, read_json, write_json

_CHECKSUM = 32  # bytes: that of SHA-256; a shorter one comes with what stands before it
_NO_CHECKSUM = bytes(20)
_LONGEST_LISTING = 1 << 16

State = tuple[str, int]
"""A checksum at the end of an index, and the time at which it was written, in nanoseconds."""


class KnownRepositories:
    """What is known of the repositories of one meta-checkout; also from several threads.

    Args:
        workspace: its absolute path.
        environment: variables that say where the cache is.
    """

    def __init__(self, workspace: str, environment: Mapping[str, str]) -> None:
        self._workspace = workspace
        self._environment = environment
        read = read_json(file_for(REPOSITORIES, workspace, environment)) or {}
        self._known: dict[str, dict[str, Any]] = {
            kind: read.get(kind, {}) for kind in ("listings", "commits", "manifests")
        }
        self._used: dict[str, dict[str, Any]] = {kind: {} for kind in self._known}
        self._turn = Lock()

    def listing(self, folder: str) -> bytes | None:
        """What git lists of the index of a plain repository, see `batuta_hooks.git.listing.list_index`."""
        state = _state(folder)
        found = self._known["listings"].get(folder)
        if state is None or found is None or tuple(found[0]) != state:
            return None
        self._keep("listings", folder, found)
        return os.fsencode(found[1])

    def while_listed(self, folder: str) -> Callable[[bytes], None]:
        """Call it before git lists an index; what it returns remembers the list, if the index is the same still."""
        before = _state(folder)

        def keep(listing: bytes) -> None:
            if before is not None and len(listing) <= _LONGEST_LISTING and before == _state(folder):
                self._keep("listings", folder, (before, os.fsdecode(listing)))

        return keep

    def committed_at(self, commit: str, ask: Callable[[], int | None]) -> int | None:
        """When a commit was made, in seconds since 1970; git is asked by a function where that is not known."""
        found = self._known["commits"].get(commit)
        if found is None:
            found = ask()
        if found is not None:
            self._keep("commits", commit, found)
        return found

    def table(self, _path: str) -> None:
        """No table of a manifest is remembered: to read its text is as fast."""

    def passes(self, text: bytes) -> bool:
        """Whether cargo's schema lets a manifest's text pass."""
        return self._is_sound(_named(text))

    def keep_table(self, _path: str, _table: Mapping[str, Any], text: bytes) -> None:
        """Remember that it does."""
        self._keep("manifests", _named(text), 1)

    def position(self, _path: str, _key: Key) -> None:
        """No position is remembered: what is said of manifests is, with it."""

    def keep_position(self, path: str, key: Key, position: tuple[int, int]) -> None:
        """Nothing is kept, see `position`."""

    def is_sound(self, manifest: Manifest, inherited: str) -> bool:
        """Whether nothing was wrong with what a manifest inherits, which the text names."""
        return self._is_sound(_named(manifest.text, inherited))

    def keep_sound(self, manifest: Manifest, inherited: str) -> None:
        """Remember that nothing is."""
        self._keep("manifests", _named(manifest.text, inherited), 1)

    def save(self) -> None:
        """Write down what was used, and of what nothing was asked all that is known."""
        kept = {kind: used or self._known[kind] for kind, used in self._used.items()}
        file = file_for(REPOSITORIES, self._workspace, self._environment)  # the cache may have been made meanwhile
        if file and kept != self._known:
            write_json(file, kept)

    def _is_sound(self, name: str) -> bool:
        is_known = name in self._known["manifests"]
        if is_known:
            self._keep("manifests", name, 1)
        return is_known

    def _keep(self, kind: str, name: str, value: Any) -> None:
        with self._turn:
            self._used[kind][name] = value


def _state(folder: str) -> State | None:
    """What tells the index of a plain repository from any other; ``None`` where it does not tell all.

    In a sparse checkout git looks whether the files that need not be there are.
    """
    if os.path.lexists(f"{folder}/.git/info/sparse-checkout"):
        return None
    try:
        with open(f"{folder}/.git/index", "rb") as file:
            status = os.fstat(file.fileno())
            end = os.pread(file.fileno(), _CHECKSUM, max(0, status.st_size - _CHECKSUM))
    except OSError:
        return None
    # with `index.skipHash` git writes none
    return None if end.endswith(_NO_CHECKSUM) else (end.hex(), status.st_mtime_ns)


def _named(text: bytes, inherited: str | None = None) -> str:
    """Names a text by itself, or with what it inherits: that may be nothing, and is another question."""
    made = blake2b(text, digest_size=16, person=b"alone" if inherited is None else b"inherits")
    if inherited is not None:
        made.update(blake2b(inherited.encode("utf-8", "surrogatepass")).digest())
    return made.hexdigest()
