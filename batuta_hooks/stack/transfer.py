"""The cache as a file, for machines without a network: a gzipped tar archive that people can look into.

It holds one folder: `SHA256SUMS`, then `contents.json`, which says what is known, then the answers' bytes, each in a
file that is named after its SHA-256.  Importing reads the file from memory, writes no path that stands in it, runs
nothing, and takes all of it or none: every checksum, name and type is looked at first, and what an index file says is
read from its bytes anew.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from errno import EISDIR
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.archive import decode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import (
    ABSENT,
    ARCHIVE,
    CLOCK_SLACK_S,
    FOUND,
    INDEX,
    MAX_BODY_BYTES,
    Entry,
    Key,
    absent,
    archive_key,
    found,
    index_key,
    registry_identity,
)
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.tar_stream import TarFault, TarFile, read_tar
from batuta_hooks.stack.cache_info import cache_path

FORM = "batuta.cache-export/1"
_FOLDER = "batuta-cache/"
_SUMS, _CONTENTS = "SHA256SUMS", "contents.json"

_MAX_FILE_BYTES = 1 << 30
_MAX_UNPACKED_BYTES = 16 << 30
_MAX_CONTENTS_BYTES = 256 << 20
_MOST_FILES = 1 << 18
_TEXTS = ("kind", "registry", "crate", "version", "status", "source", "etag", "last_modified", "sha256")
_NUMBERS = ("checked_at", "http_status", "size")


class Moved(NamedTuple):
    """How many answers were written, or read; and how many were left because what is known is as new."""

    answers: int
    kept: int = 0


class NotAnExport(ValueError):
    """A file is not what `export_cache` writes, or it is damaged; the message is a clause that says why."""


def export_cache(path: str, environment: Mapping[str, str] = os.environ) -> Moved:
    """Write all that the cache holds into a file, which is replaced as a whole where it exists.

    Raises:
        BatutaError: the cache cannot be read, or the file cannot be written.
    """
    with Cache(cache_path(environment)) as cache:
        held = [(key, entry) for key, entry in cache.entries() if entry.status == ABSENT or cache.has_body(key, entry)]
        if cache.warnings:
            raise BatutaError(cache.warnings[-1])
        held.sort()
        try:
            _replace(path, lambda file: _write(file, held, cache))
        except OSError as error:
            is_there = os.path.isdir(os.path.dirname(os.path.abspath(path)))
            mend = "name a file in a folder with room that you may write to" if is_there else "make its folder first"
            raise BatutaError(f"this file cannot be written: {error.strerror}", where=path, mend=mend) from error
    return Moved(len(held))


def _replace(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Write a file as a whole, or leave what was there."""
    if os.path.isdir(path):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), path)
    handle, name = tempfile.mkstemp(prefix=".batuta-", dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _write(file: BinaryIO, held: list[tuple[Key, Entry]], cache: Cache) -> None:
    table = {"form": FORM, "entries": [_spelled(key, entry) for key, entry in held]}
    contents = json.dumps(table, indent=1).encode()
    bodies = {entry.sha256: (key, entry) for key, entry in held if entry.status == FOUND}
    names = [f"{sha256(contents).hexdigest()}  {_CONTENTS}", *(f"{digest}  {digest}" for digest in sorted(bodies))]
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
    ):
        _add(tar, _SUMS, "".join(f"{line}\n" for line in names).encode())
        _add(tar, _CONTENTS, contents)
        for digest, (key, entry) in sorted(bodies.items()):
            body = cache.body(key, entry)
            if not isinstance(body, bytes):
                raise BatutaError(f"the answer about `{key.crate}` cannot be exported: {body.why}")
            _add(tar, digest, body)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(_FOLDER + name)
    info.size = len(content)
    info.mode = 0o644
    tar.addfile(info, io.BytesIO(content))


def _spelled(key: Key, entry: Entry) -> dict[str, str | int]:
    table = {**key._asdict(), **entry._asdict()}
    return {name: table[name] for name in (*_TEXTS, *_NUMBERS)}


def import_cache(path: str, now: int, environment: Mapping[str, str] = os.environ) -> Moved:
    """Take all that a file holds into the cache, but for what is known as new already.

    Args:
        now: seconds since 1970; what was checked later is refused.

    Raises:
        BatutaError: the file cannot be read or is no export, or there is no usable cache.
    """
    try:
        data = read_file(path, _MAX_FILE_BYTES).data
    except OSError as error:
        raise BatutaError(
            f"this file cannot be read: {error.strerror}", where=path, mend="name a file that `cache export` wrote"
        ) from error
    try:
        entries = _checked(data, now)
    except (NotAnExport, TarFault) as fault:
        raise BatutaError(f"this is no export of a cache: {fault}", where=path) from None
    moved = kept = 0
    with Cache(cache_path(environment)) as cache:
        for digest, payload in _stored(data, entries):
            for key, entry in entries[digest]:
                known = cache.entry(key)
                if isinstance(known, Entry) and known.checked_at >= entry.checked_at:
                    kept += 1
                else:
                    cache.store(key, entry, payload)
                    moved += 1
        if cache.warnings:
            raise BatutaError(cache.warnings[-1])
    return Moved(moved, kept)


Entries = dict[str, list[tuple[Key, Entry]]]
"""Questions and what is known of them, by the digest of the answer's bytes; empty for those without."""


def _stored(data: bytes, entries: Entries) -> Iterator[tuple[str, bytes]]:
    yield from ((digest, b"") for digest in entries if not digest)
    for file in _files(data):
        if file.path in entries:
            yield file.path, _content(file, MAX_BODY_BYTES)


def _files(data: bytes) -> Iterator[TarFile]:
    """The files, their names without the folder."""
    for file in read_tar(data, _MAX_UNPACKED_BYTES, _MOST_FILES):
        name = file.path.removeprefix(_FOLDER)
        if name == file.path:
            raise NotAnExport(f"it holds {file.path[:80]!a}, which belongs to none")
        yield file._replace(path=name)


def _content(file: TarFile, most: int) -> bytes:
    if file.size > most:
        raise NotAnExport(f"its {file.path[:80]!a} is too large")
    return b"".join(file.parts)


def _checked(data: bytes, now: int) -> Entries:
    """All that the file holds, after a look at every part of it."""
    files = _files(data)
    sums = _sums(_content(_next(files, _SUMS), _MAX_CONTENTS_BYTES))
    contents = _content(_next(files, _CONTENTS), _MAX_CONTENTS_BYTES)
    if sums.pop(_CONTENTS, "") != sha256(contents).hexdigest():
        raise NotAnExport(f"its {_CONTENTS} does not have its checksum")
    told: dict[str, list[dict[str, Any]]] = {}
    for table in _tables(contents):
        told.setdefault(table["sha256"], []).append(table)
    entries: Entries = {}
    if without := told.pop("", None):
        entries[""] = [_entry(table, b"", now) for table in without]
    for file in files:
        payload = _content(file, MAX_BODY_BYTES)
        if file.path not in told or sums.pop(file.path, "") != sha256(payload).hexdigest():
            raise NotAnExport(f"it holds {file.path[:80]!a}, which is not told of or does not have its checksum")
        entries[file.path] = [_entry(table, payload, now) for table in told.pop(file.path)]
    if told or sums:
        raise NotAnExport("answers are missing")
    return entries


def _next(files: Iterable[TarFile], name: str) -> TarFile:
    file = next(iter(files), None)
    if file is None or file.path != name:
        raise NotAnExport(f"it has no {name}")
    return file


def _sums(content: bytes) -> dict[str, str]:
    lines = content.decode("ascii", "replace").split("\n")
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}


def _tables(contents: bytes) -> list[dict[str, Any]]:
    try:
        table = json.loads(contents)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict) or table.get("form") != FORM or not isinstance(table.get("entries"), list):
        raise NotAnExport(f"its {_CONTENTS} is not of the form {FORM}")
    for entry in table["entries"]:
        if not isinstance(entry, dict):
            raise NotAnExport(f"its {_CONTENTS} has an entry that is none")
        texts = all(isinstance(entry.get(name), str) for name in _TEXTS)
        if not texts or not all(type(entry.get(name)) is int and entry[name] >= 0 for name in _NUMBERS):
            raise NotAnExport(f"its {_CONTENTS} has an entry that lacks something")
    return list(table["entries"])


def _entry(table: Mapping[str, Any], payload: bytes, now: int) -> tuple[Key, Entry]:
    try:
        key = _key(table)
        if table["checked_at"] > now + CLOCK_SLACK_S:
            raise NotAnExport(f"what it says of `{key.crate}` was checked in the future")
        if table["status"] == ABSENT and key.kind == INDEX:
            return key, absent(table["checked_at"], table["source"], table["http_status"])
        if table["status"] != FOUND or not table["sha256"]:
            raise NotAnExport(f"what it says of `{key.crate}` is no answer")
        if key.kind == ARCHIVE and decode_facts(payload) is None:
            raise NotAnExport(f"what it says of the archive of `{key.crate}` cannot be read")
        more = {name: table[name] for name in ("http_status", "etag", "last_modified")}
        return key, found(key, payload, table["checked_at"], table["source"], **more)
    except NotAnExport:
        raise
    except ValueError as error:
        raise NotAnExport(str(error)) from None


def _key(table: Mapping[str, Any]) -> Key:
    registry = table["registry"]
    if registry_identity(registry) != registry or not (registry.isascii() and registry.isprintable()):
        raise NotAnExport("it names a registry that is none")
    if table["kind"] == INDEX and not table["version"]:
        return index_key(registry, table["crate"])
    if table["kind"] == ARCHIVE:
        return archive_key(registry, table["crate"], table["version"])
    raise NotAnExport("it answers a question of a kind that is not known")
