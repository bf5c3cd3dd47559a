"""How an entry and an answer's bytes stand in the cache's database: plain bytes with a checksum, never a pickle.

Whatever is damaged, cut off or stands under another row's key is a `Miss`.
"""

from __future__ import annotations

from batuta_hooks.registry.entry import ABSENT, ARCHIVE, FOUND, INDEX, MAX_BODY_BYTES, Entry, Key, Miss

_MAGIC = b"batuta-entry "
_HEAD = len(_MAGIC) + 9  # and eight digits of checksum, and the line's end
_SHA256_DIGITS = 64
_MAX_HEADER = 4096
_MAX_DIGITS = 15


def read_meta_row(row: str) -> Key | None:
    """The key that a meta row's key was made of; ``None`` for another row's."""
    what, _, rest = row.partition(" ")
    kind, _, rest = rest.partition(" ")
    registry, _, name = rest.rpartition(" ")
    crate, _, version = name.partition("@")
    key = Key(kind, registry, crate, version)
    return key if what == "meta" and kind in (INDEX, ARCHIVE) and key.meta_row == row else None


def encode_meta(key: Key, entry: Entry) -> bytes:
    """The meta row's value."""
    fields = {
        "status": entry.status,
        "checked": str(entry.checked_at),
        "source": _header(entry.source),
        "http-status": str(entry.http_status),
        "etag": _header(entry.etag),
        "last-modified": _header(entry.last_modified),
        "sha256": entry.sha256,
        "size": str(entry.size),
        "name": entry.spelled,
        "versions": " ".join(entry.versions),
        "yanked": " ".join(entry.yanked),
        "origin": entry.origin if entry.origin.isprintable() and len(entry.origin) <= _MAX_HEADER else "",
        "tops": entry.tops if "\n" not in entry.tops else "",
        "rust": entry.rust,
    }
    text = "\n".join(f"{name} {value}" for name, value in fields.items()).encode()
    return b"%s%08x\n%s" % (_MAGIC, _checksum(key, text), text)


def _header(value: str) -> str:
    # To drop a validator costs one full answer; to keep a strange one could end a line, or a request's header, early.
    return value if value.isascii() and value.isprintable() and len(value) <= _MAX_HEADER else ""


def _checksum(key: Key, text: bytes) -> int:
    from binascii import crc32  # zlib would be loaded for nothing else

    # The key is part of it: a row that stands under another row's key is damage too.
    return crc32(text, crc32(key.meta_row.encode()))


def decode_meta(key: Key, data: bytes) -> Entry | Miss:
    """The entry in a meta row's value; fields of later versions are skipped."""
    if not data.startswith(_MAGIC) or data[len(_MAGIC) : _HEAD] != b"%08x\n" % _checksum(key, data[_HEAD:]):
        return Miss("its entry in the cache is damaged")
    fields: dict[str, str] = {}
    for line in data[_HEAD:].decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(" ")
        fields[name] = value
    status, sha256 = fields.get("status", ""), fields.get("sha256", "")
    checked_at, size = _number(fields.get("checked", "")), _number(fields.get("size", "0"))
    complete = status == ABSENT or (status == FOUND and len(sha256) == _SHA256_DIGITS)
    if not complete or checked_at is None or size is None or size > MAX_BODY_BYTES:
        return Miss("its entry in the cache is of a form that this version does not know")
    return Entry(
        status,
        checked_at,
        fields.get("source", ""),
        _number(fields.get("http-status", "0")) or 0,
        fields.get("etag", ""),
        fields.get("last-modified", ""),
        sha256,
        size,
        fields.get("name", ""),
        tuple(fields.get("versions", "").split()),
        tuple(fields.get("yanked", "").split()),
        fields.get("origin", ""),
        fields.get("tops", ""),
        fields.get("rust", ""),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def encode_body(payload: bytes) -> bytes:
    """The body row's value: an index file shrinks to a sixtieth."""
    from zlib import compress

    return compress(payload)


def decode_body(entry: Entry, data: bytes) -> bytes | Miss:
    """The answer's bytes; never more than the entry says, whatever the row would unpack to."""
    from hashlib import sha256
    from zlib import decompressobj, error

    try:
        payload = decompressobj().decompress(data, entry.size + 1)
    except error:
        payload = b""
    if len(payload) != entry.size or sha256(payload).hexdigest() != entry.sha256:
        return Miss("its answer in the cache is damaged")
    return payload
