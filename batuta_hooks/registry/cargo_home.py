"""cargo's own copy of what registries said: the index cache in its home folder.

For each crate that a build here ever resolved, cargo keeps the index file in pieces, yanked versions included, in
`registry/index/<host>-<hash>/.cache/<path>`: what makes a cold, offline guard useful.  The bytes are
`03 | 02 00 00 00 | validator | 00 | { version | 00 | line | 00 }*`, the lines as the registry sent them, as
cargo 1.95 writes it; it refuses anything else, and so is it refused here.  Nothing here writes.
"""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.entry import MAX_BODY_BYTES
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.names import sparse_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from batuta_hooks.registry.index import Span

_PREAMBLE = b"\x03\x02\x00\x00\x00"  # the format's version, then the newest schema of a line that it may hold
_MAX_VALIDATOR = 4096


class CacheFault(ValueError):
    """A file is not an index cache that cargo 1.95 would read; the message says why."""


_MOST_FILES = 50_000


class CachedIndex(NamedTuple):
    """An index file as cargo keeps it; `data` and `lines` are what the functions of `index` take.

    Attributes:
        data: the file's bytes.
        lines: where in them the index's lines are.
        validator: what to ask the registry with: `etag: …`, `last-modified: …`, `Unknown`, or a git index's revision.
        written_s: when cargo wrote the file, that is when the registry last sent something new; seconds since 1970. An
            answer "not changed" leaves it as it is.
        path: the file.
    """

    data: bytes
    lines: Sequence[Span]
    validator: str
    written_s: float = 0.0
    path: str = ""

    @property
    def etag(self) -> str:
        """The ETag that came with the file, empty where there was none."""
        return self._of_header("etag")

    @property
    def last_modified(self) -> str:
        """The Last-Modified header that came with the file instead of an ETag, empty where there was none."""
        return self._of_header("last-modified")

    def _of_header(self, header: str) -> str:
        name, _, value = self.validator.partition(":")
        return value.strip(" ") if name == header else ""


def cached_indexes(home: str, index_url: str, name: str) -> list[CachedIndex]:
    """What cargo keeps of a crate of one registry, the copy written last first; what cannot be read is left out.

    There are two where cargo was updated across 1.85: each side of it has a folder of its own.

    Args:
        home: cargo's home.
        index_url: the registry's index as the configuration has it: `sparse+https://…/`, or the URL of a git index.
        name: the crate.

    Raises:
        InvalidCrateName: the name is not legal.
        InvalidUrl: the index's URL is none.
    """
    from batuta_hooks.registry.index_folder import index_folders

    path = sparse_path(name)
    found = []
    for folder in index_folders(index_url):
        try:
            found.append(read_cached_index(os.path.join(home, "registry", "index", folder, ".cache", path)))
        except (OSError, CacheFault):
            continue
    return sorted(found, key=lambda cached: -cached.written_s)


def state_of_indexes(home: str, index_url: str) -> str:
    """What names all that cargo keeps of a registry's index; empty for too much, and where a link leads elsewhere.

    The arguments are those of `cached_indexes`.
    """
    from batuta_hooks.registry.index_folder import index_folders

    found: list[tuple[str, int, int]] = []
    pending = [f"{home}/registry/index/{folder}/.cache" for folder in index_folders(index_url)] if home else []
    while pending and len(found) < _MOST_FILES:
        place = pending.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        return ""  # nobody knows what changes there
                    status = entry.stat()
                    found.append((entry.path, status.st_mtime_ns, status.st_size))
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError:
            found.append((place, 0, 0))
    return "" if pending else repr(sorted(found))


def read_cached_index(path: str) -> CachedIndex:
    """Read one file of the cache.

    Raises:
        OSError: it is not there, cannot be read or is too large.
        CacheFault: it is not an index cache.
    """
    content = read_file(path, MAX_BODY_BYTES)
    return parse_cached_index(content.data)._replace(written_s=content.modified_s, path=path)


def parse_cached_index(data: bytes) -> CachedIndex:
    """Find the lines in the bytes of a cache file.

    Raises:
        CacheFault: they begin otherwise, or end in the middle of an entry, as a file does that is being written: a
            version that is missing because of that would look like one that was never published.
    """
    if not data.startswith(_PREAMBLE):
        raise CacheFault("not an index cache, or one of a format that is not known here")
    start = len(_PREAMBLE)
    end = data.find(b"\0", start, start + _MAX_VALIDATOR)
    validator = data[start:end].decode("utf-8", "replace") if end >= 0 else ""
    if end < 0 or not validator.isprintable():
        raise CacheFault("the validator is missing or too long, or holds control characters")
    lines = []
    start = end + 1
    while start < len(data):
        line = data.find(b"\0", start) + 1
        end = data.find(b"\0", line) if line else -1
        if end < 0:
            raise CacheFault("cut short in the middle of an entry")
        lines.append((line, end))
        start = end + 1
    return CachedIndex(data, lines, validator)
