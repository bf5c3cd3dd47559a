"""The files in a gzipped tar archive, one after the other, in bounded memory and time.

Read are the forms that cargo and other packers write: the old one, ustar, GNU's long names, POSIX's extended headers.
Python's own reader takes headers of any size into memory, and archives come from strangers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAX_UNPACKED_BYTES = 512 << 20
"""cargo's own bound on what an archive unpacks to."""

MAX_ENTRIES = 1 << 15

_BLOCK = 512
_PART = 1 << 16
_GZIP = 31  # zlib's window bits for gzip
_MAX_HEADER = 1 << 14  # of an extended header or a long name
_FILES = (b"0", b"\0", b"7")
_FOLDER, _LONG_NAME, _EXTENDED, _GLOBAL = b"5", b"L", b"x", b"g"
_LINKS = (b"1", b"2", b"K")


class TarFault(ValueError):
    """An archive is damaged, too large, or of a form that no crate has; the message is a clause that says why."""


class TarFile(NamedTuple):
    """A file in an archive.

    Attributes:
        path: as it stands there.
        size: in bytes.
        parts: its bytes, to be read before the next file is asked for.
    """

    path: str
    size: int
    parts: Iterator[bytes]


def read_tar(
    data: bytes, max_unpacked_bytes: int = MAX_UNPACKED_BYTES, max_entries: int = MAX_ENTRIES
) -> Iterator[TarFile]:
    """Each file of a gzipped tar archive; folders are passed over.

    Raises:
        TarFault: see there; a link, a device and whatever else is no file or folder is refused.
    """
    stream = _Unpacked(data, max_unpacked_bytes)
    left = iter(range(max_entries))
    while header := _next_header(stream, left):
        if header.kind in _LINKS:
            raise TarFault(f"it holds a link, {header.path[:80]!a}")
        if header.kind not in (*_FILES, _FOLDER):
            raise TarFault(f"it holds something that is no file, {header.path[:80]!a}")
        rest = _Parts(stream, header.size)
        if header.kind != _FOLDER and not header.path.endswith("/"):
            yield TarFile(header.path, header.size, rest)
        for _ in rest:  # what the caller left
            pass
        stream.skip_padding(header.size)


class _Header(NamedTuple):
    """What stands before an entry's bytes."""

    kind: bytes
    size: int
    path: str


def _next_header(stream: _Unpacked, left: Iterator[int]) -> _Header | None:
    """The next entry's header, with the path that a header of its own may give; None at the end."""
    long_name = ""
    for _ in left:
        header = stream.read_block()
        if not header.strip(b"\0"):
            return None
        kind, size = header[156:157], _size(header)
        if kind not in (_LONG_NAME, _EXTENDED, _GLOBAL):
            return _Header(kind, size, long_name or _path(header))
        if size > _MAX_HEADER:
            raise TarFault("it has a header that is too large")
        content = stream.read(size)
        stream.skip_padding(size)
        if kind == _LONG_NAME:
            long_name = _text(content.rstrip(b"\0"))
        elif kind == _EXTENDED:
            long_name = _extended_path(content) or long_name
    raise TarFault("it holds too many entries")


class _Unpacked:
    """The unpacked bytes, as far as they are asked for."""

    def __init__(self, data: bytes, max_bytes: int) -> None:
        self._data = memoryview(data)
        self._place = 0
        self._unpacker = zlib.decompressobj(_GZIP)
        self._buffer = b""
        self._left = max_bytes
        self._max_bytes = max_bytes

    def read_block(self) -> bytes:
        """The next block; none at the end, which some packers do not mark."""
        first = self.read_some(_BLOCK)
        if not first and self._unpacker.eof:
            return b""
        return first + self.read(_BLOCK - len(first))

    def read(self, size: int) -> bytes:
        """So many bytes; at most `_MAX_HEADER`."""
        parts = []
        while size:
            part = self.read_some(size)
            if not part:
                raise TarFault("it is cut short")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def read_some(self, most: int) -> bytes:
        """Some of the next bytes; none at the end."""
        if not self._buffer:
            self._buffer = self._next()
            self._left -= len(self._buffer)
            if self._left < 0:
                raise TarFault(f"it unpacks to more than {self._max_bytes} bytes")
        part, self._buffer = self._buffer[:most], self._buffer[most:]
        return part

    def skip_padding(self, size: int) -> None:
        """Pass over the rest of an entry's last block."""
        self.read(-size % _BLOCK)

    def _next(self) -> bytes:
        while True:
            packed = self._unpacker.unconsumed_tail
            if not packed:
                packed = bytes(self._data[self._place : self._place + _PART])
                self._place += _PART
            if not packed or self._unpacker.eof:
                return b""
            try:
                unpacked = self._unpacker.decompress(packed, _PART)
            except zlib.error:
                raise TarFault("it is no gzip, or damaged") from None
            if unpacked:
                return unpacked


class _Parts:
    """The bytes of one file."""

    def __init__(self, stream: _Unpacked, size: int) -> None:
        self._stream = stream
        self._left = size

    def __iter__(self) -> _Parts:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        part = self._stream.read_some(self._left)
        if not part:
            raise TarFault("it is cut short")
        self._left -= len(part)
        return part


def _size(header: bytes) -> int:
    """The size of an entry, after a look at the header's checksum."""
    own = sum(header[:148]) + 8 * 32 + sum(header[156:])
    if _number(header[148:156]) != own:
        raise TarFault("it has a header that is damaged")
    return _number(header[124:136])


def _number(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise TarFault("it has a header that is damaged")
    return int(digits, 8)


def _path(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _extended_path(content: bytes) -> str:
    """The path that an extended header gives: lines of a length, a space, a key, `=` and a value."""
    path = ""
    while content:
        digits, space, _ = content[:12].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = content[len(digits) + 1 : length]
        if not record.endswith(b"\n") or length > len(content):
            raise TarFault("it has a header that is damaged")
        key, _, value = record[:-1].partition(b"=")
        if key == b"path":
            path = _text(value)
        elif key == b"size":
            raise TarFault("it holds a file that is too large")
        content = content[length:]
    return path


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise TarFault("it holds a file whose name is not UTF-8") from None
