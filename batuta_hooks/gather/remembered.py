"""What was read of sibling checkouts, remembered in the cache folder until one of the files read changes.

One JSON file for each meta-checkout.  It is worth no error: what cannot be read, written or understood is read anew
from the checkouts.  Only names, versions and requirements stand in it, and nothing of it is run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from batuta_hooks.domain.manifest import Dependency
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.stack import StackCrate
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

_SCHEMA = 1
_MOST_BYTES = 32 << 20

Stamp = tuple[int, int]
"""A file's or folder's time of change in nanoseconds, and its size; two zeros where there is none."""


class Row(NamedTuple):
    """What a checkout holds: its crates, and the stamps of all that was looked at to know them."""

    stamps: Mapping[str, Stamp]
    crates: list[StackCrate]


def stamp(path: str) -> Stamp:
    """The stamp of a file or folder as it is now."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0
    return status.st_mtime_ns, status.st_size


class Memory:
    """The crates of the checkouts of one meta-checkout.

    Args:
        folder: the absolute path of the meta-checkout.
    """

    def __init__(self, folder: str) -> None:
        self._file = _file_for(folder)
        self._known: dict[str, Any] = {}
        self._rows: dict[str, Any] = {}
        self._is_changed = False

    def __enter__(self) -> Self:
        self._known = _load(self._file) if self._file else {}
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._is_changed and kind is None and self._file:
            _save(self._file, self._rows)

    def crates(self, folder: str, read: Callable[[], Row]) -> list[StackCrate]:
        """The crates of a checkout, read where nothing is remembered or a file has changed since."""
        known = self._known.get(folder)
        if known is not None and all(stamp(f"{folder}/{path}") == (at, size) for path, at, size in known["stamps"]):
            self._rows[folder] = known
            return [_crate(row) for row in known["crates"]]
        row = read()
        self._is_changed = True
        self._rows[folder] = {
            "stamps": [[path, *stamped] for path, stamped in row.stamps.items()],
            "crates": [_written(crate) for crate in row.crates],
        }
        return row.crates


def _file_for(folder: str) -> str:
    base = cache_folder(os.environ)
    if isinstance(base, Miss):
        return ""
    from hashlib import sha256

    name = sha256(os.fsencode(folder)).hexdigest()[:32]
    return f"{os.path.dirname(base)}/siblings-v{_SCHEMA}/{name}.json"


def _load(file: str) -> dict[str, Any]:
    """What stands in the file, if it is this user's and as it was written."""
    import json

    try:
        status = os.stat(file)
        if status.st_uid != os.geteuid() or status.st_size > _MOST_BYTES:
            return {}
        with open(file, "rb") as stream:
            digest, _, text = stream.read(_MOST_BYTES).partition(b"\n")
        found = json.loads(text) if digest == _digest(text) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(text: bytes) -> bytes:
    from hashlib import sha256

    return sha256(text).hexdigest().encode()


def _save(file: str, rows: Mapping[str, Any]) -> None:
    import json

    place = f"{file}.{os.getpid()}"
    try:
        text = json.dumps(rows, separators=(",", ":")).encode("ascii")
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        with open(place, "wb") as stream:
            stream.write(_digest(text) + b"\n" + text)
        os.replace(place, file)
    except (OSError, ValueError):
        _remove(place)


def _remove(place: str) -> None:
    try:
        os.unlink(place)
    except OSError:
        return


def _written(crate: StackCrate) -> list[Any]:
    needs = [one._replace(entry=None) for one in crate.dependencies]
    return [crate.name, crate.version, crate.manifest_path, crate.is_publishable, crate.is_bound_for_crates_io, needs]


def _crate(row: list[Any]) -> StackCrate:
    name, version, path, is_publishable, is_bound, needs = row
    return StackCrate(name, version, "", path, is_publishable, tuple(map(_dependency, needs)), is_bound)


def _dependency(row: list[Any]) -> Dependency:
    read = Dependency._make(row)
    return read._replace(key=tuple(read.key), user_key=tuple(read.user_key))
