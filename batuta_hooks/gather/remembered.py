"""What was read of sibling checkouts, remembered in the cache folder until one of the files read changes.

One file for each meta-checkout, in lines of fields with tabs between them: a guard has no time for more.  It is worth
no error: what cannot be read, written or understood is read anew from the checkouts.  Only names, versions and
requirements stand in it, and nothing of it is run.
"""

from __future__ import annotations

import os
from binascii import crc32
from collections.abc import Callable, Mapping

from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL, Dependency
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.stack import Named, StackCrate
from batuta_hooks.gather.kept_file import read_kept, replace_kept
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_HEAD = "siblings 1"
_MOST_BYTES = 1 << 26
_KINDS = {"n": NORMAL, "d": DEV, "b": BUILD}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}

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
        self._known: dict[str, list[str]] = {}
        self._kept: dict[str, list[str]] = {}
        self._is_changed = False

    def __enter__(self) -> Self:
        self._known = _load(self._file) if self._file else {}
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._is_changed and kind is None and self._file:
            _save(self._file, self._kept)

    def crates(self, folder: str, read: Callable[[], Row]) -> list[StackCrate]:
        """The crates of a checkout, read where nothing is remembered or a file has changed since."""
        lines = self._known.get(folder)
        if lines is not None and _still_holds(folder, lines[0]):
            self._kept[folder] = lines
            return _crates(lines[1:])
        row = read()
        written = None if "\n" in folder else _written(row)
        if written is not None:
            self._is_changed = True
            self._kept[folder] = written
        return row.crates


def _file_for(folder: str) -> str:
    base = cache_folder(os.environ)
    name = os.fsencode(folder)
    return "" if isinstance(base, Miss) else f"{os.path.dirname(base)}/siblings-v1/{crc32(name):08x}{len(name):04x}"


def _still_holds(folder: str, stamps: str) -> bool:
    fields = stamps.split("\t")
    return all(
        stamp(f"{folder}/{fields[at]}") == (int(fields[at + 1]), int(fields[at + 2])) for at in range(1, len(fields), 3)
    )


def _load(file: str) -> dict[str, list[str]]:
    """The lines of each checkout, if the file is as it was written."""
    head, _, body = read_kept(file, _MOST_BYTES).partition(b"\n")
    if head != _head_of(body):
        return {}
    known: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in os.fsdecode(body).split("\n"):
        if line.startswith("R\t"):
            lines = known[line[2:]] = []
        elif line:
            lines.append(line)
    return known


def _head_of(body: bytes) -> bytes:
    return f"{_HEAD} {os.geteuid()} {crc32(body):08x}".encode()


def _save(file: str, kept: Mapping[str, list[str]]) -> None:
    body = os.fsencode("".join(f"R\t{folder}\n" + "\n".join(lines) + "\n" for folder, lines in kept.items()))
    replace_kept(file, (_head_of(body), b"\n", body))


def _written(row: Row) -> list[str] | None:
    """A checkout's lines; ``None`` where a name holds what ends a field."""
    rows = [["S", *(str(part) for path, at in row.stamps.items() for part in (path, *at))]]
    for crate in row.crates:
        flags = f"{int(crate.is_publishable)}{int(crate.is_bound_for_crates_io)}"
        rows.append(["C", crate.name, _field(crate.version), crate.manifest_path, flags])
        for one in crate.dependencies:
            texts = [_field(text) for text in (one.requirement, one.path, one.git, one.registry)]
            rows.append(["D", one.package, _LETTERS[one.kind], *texts])
    if any("\t" in field or "\n" in field for fields in rows for field in fields):
        return None
    return ["\t".join(fields) for fields in rows]


def _field(text: str | None) -> str:
    return "" if text is None else f"={text}"


def _text(field: str) -> str | None:
    return field[1:] if field else None


def _crates(lines: list[str]) -> list[StackCrate]:
    found = []
    needs: list[str] = []
    names: list[str] = []
    for line in lines:
        if line.startswith("D"):
            needs.append(line)
            names.append(line[2 : line.index("\t", 2)])
        else:
            needs, names = [], []  # its lines are still to come
            _, name, version, path, flags = line.split("\t")
            later = Named(
                names,
                lambda place, needs=needs: _dependency(needs[place].split("\t")),  # type: ignore[misc]
                lambda place, needs=needs: _text(needs[place].split("\t", 4)[3]),  # type: ignore[misc]
                lambda place, needs=needs: _KINDS[needs[place].split("\t", 3)[2]],  # type: ignore[misc]
            )
            found.append(StackCrate(name, _text(version), "", path, flags[0] == "1", later, flags[1] == "1"))
    return found


def _dependency(fields: list[str]) -> Dependency:
    _, package, kind, requirement, path, git, registry = fields
    sources = _text(requirement), _text(path), _text(git), _text(registry)
    return Dependency(package, package, _KINDS[kind], None, *sources, "", "", (), (), None, False)
