"""What the cache knows of one question: the question's key, the answer's entry, and for how long it counts.

An entry is small.  It says whether there is an answer, when it was checked, with which validators to ask again, and of
an index file the versions and yanks, so that a guard never touches the six megabytes of the largest crates.  The
answer's bytes are kept beside it, under a key that ends in their SHA-256: an entry never meets another answer's bytes.
`batuta_hooks.registry.rows` is how both stand in the database.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.config_places import CRATES_IO_INDEX
from batuta_hooks.registry.names import InvalidCrateName, is_crate_name

# In the name of the cache's folder.  A field more in the meta row needs no new one: readers skip what they don't know.
SCHEMA = 1

# Kinds of questions.
INDEX = "index"  # the index file of a crate: which versions, of what; changes with each release and each yank
ARCHIVE = "archive"  # facts from the archive of one published version: never changes

FOUND = "found"
ABSENT = "absent"
# The answers of a sparse registry that mean "there is no such crate" (cargo's sparse protocol); a 403 does not.
ABSENT_STATUSES = (404, 410, 451)

TTL_S = 15 * 60
# Whoever publishes a new crate and then names it elsewhere must not wait; asking again costs one small request.
ABSENT_TTL_S = 60
# Two machines' clocks on one shared home may differ by this much.
CLOCK_SLACK_S = 60

MAX_BODY_BYTES = 64 * 1024 * 1024
_HEAD_OF_LINE = 384


class Miss(NamedTuple):
    """The cache has no usable answer, and why: a clause for a person."""

    why: str


NOT_CACHED = Miss("it is not in the cache")
NO_BODY = Miss("there is no such crate, hence no answer to read")


class Key(NamedTuple):
    """One question. Make it with `index_key` or `archive_key`.

    Attributes:
        kind: `INDEX` or `ARCHIVE`.
        registry: who is asked, as `registry_identity` spells it.
        crate: the crate's name in lower case, as index files are named.
        version: the version that an archive is of; empty for an index file.
    """

    kind: str
    registry: str
    crate: str
    version: str = ""

    @property
    def meta_row(self) -> str:
        """The meta row's key."""
        name = f"{self.crate}@{self.version}" if self.version else self.crate
        return f"meta {self.kind} {self.registry} {name}"

    def body_row(self, sha256: str) -> str:
        """The key of the row with the bytes of this digest."""
        return f"body{self.meta_row[4:]} {sha256}"


class Entry(NamedTuple):
    """What is known of one question, without the answer's bytes.

    Attributes:
        status: `FOUND` or `ABSENT`.
        checked_at: when the source last said so; seconds since 1970.
        source: the URL that answered, without credentials.
        http_status: the answer's status; 0 where it did not come over HTTP.
        etag, last_modified: validators for a conditional request; empty where the source gave none.
        sha256, size: hex digest and length of the answer's bytes; empty and 0 for an absent one.
        spelled: of an index answer, the crate's name in its own letter case.
        versions, yanked: of an index answer, the unyanked and the yanked versions in the file's order.
        origin: of an archive's facts, what `batuta_hooks.registry.origin` says of its commit; empty where nothing does.
        tops: of an index answer, what `batuta_hooks.registry.tops` says of the newest versions; empty for nothing.
        rust: likewise the Rust that each of `versions` declares.
    """

    status: str
    checked_at: int
    source: str
    http_status: int = 0
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    size: int = 0
    spelled: str = ""
    versions: tuple[str, ...] = ()
    yanked: tuple[str, ...] = ()
    origin: str = ""
    tops: str = ""
    rust: str = ""


def registry_identity(index_url: str) -> str:
    """One text for one registry: the URL by which cargo tells registries apart, without credentials.

    Raises:
        InvalidUrl: it is no URL.
    """
    if index_url == CRATES_IO_INDEX:
        return index_url  # what would come out of it below
    from batuta_hooks.registry.urls import parse_url

    return parse_url(index_url)._replace(user="").canonical


def index_key(registry: str, crate: str) -> Key:
    """The question for a crate's index file.

    Args:
        registry: what `registry_identity` gives.

    Raises:
        InvalidCrateName: a name that no crate can have.
    """
    return _checked(Key(INDEX, registry, crate.lower()))


def archive_key(registry: str, crate: str, version: str) -> Key:
    """The question for what the archive of one published version holds; build metadata belongs to the version.

    Raises:
        InvalidCrateName: a name that no crate can have.
        ValueError: a text that no version can be.
    """
    if not version or not (version.isascii() and version.isprintable()) or " " in version or "@" in version:
        raise ValueError(f"not a version: {version!r}")
    return _checked(Key(ARCHIVE, registry, crate.lower(), version))


def _checked(key: Key) -> Key:
    if not is_crate_name(key.crate):
        raise InvalidCrateName(key.crate)
    return key


def found(
    key: Key,
    payload: bytes,
    checked_at: int,
    source: str,
    *,
    http_status: int = 0,
    etag: str = "",
    last_modified: str = "",
) -> Entry:
    """The entry for an answer's bytes; of an index answer it takes the versions out, of an archive's facts the commit.

    Raises:
        ValueError: more than `MAX_BODY_BYTES`, or bytes in which no line says anything of the crate: an error page that
            came with status 200 must not become "no versions".
    """
    from hashlib import sha256

    if len(payload) > MAX_BODY_BYTES:
        raise ValueError(f"{len(payload)} bytes are more than an answer may have ({MAX_BODY_BYTES})")
    digest = sha256(payload).hexdigest()
    entry = Entry(FOUND, checked_at, source, http_status, etag, last_modified, digest, len(payload))
    if key.kind != INDEX:
        from batuta_hooks.registry.origin import summarize

        return entry._replace(origin=summarize(payload))
    from batuta_hooks.registry.index import list_versions
    from batuta_hooks.registry.tops import summarize_rust, summarize_tops

    listed, skipped = list_versions(payload, key.crate)
    if not listed and not skipped.newer:
        raise ValueError(f"nothing in it is a version of {key.crate}")
    versions = tuple(version.version for version in listed if not version.yanked)
    return entry._replace(
        spelled=spelling(payload, 0, key.crate),
        versions=versions,
        yanked=tuple(version.version for version in listed if version.yanked),
        tops=summarize_tops(payload, key.crate, versions),
        rust=summarize_rust(payload, key.crate, versions),
    )


def spelling(data: bytes, start: int, crate: str) -> str:
    """A crate's name in its own letter case, from the index line that starts there; as asked where it is not there."""
    head = data[start : start + _HEAD_OF_LINE]
    place = head.lower().find(b'"%s"' % crate.lower().encode())
    return head[place + 1 : place + 1 + len(crate)].decode() if place >= 0 else crate


def absent(checked_at: int, source: str, http_status: int) -> Entry:
    """The entry for "there is no such crate".

    Raises:
        ValueError: a status that does not say so; "could not ask" is never "not published".
    """
    if http_status not in ABSENT_STATUSES:
        raise ValueError(f"HTTP status {http_status} does not mean that there is no such crate")
    return Entry(ABSENT, checked_at, source, http_status)


def is_fresh(key: Key, entry: Entry, now: int, ttl_s: int = TTL_S) -> bool:
    """Whether an answer still counts without asking again.

    What was found in an archive counts for ever, an index answer ``ttl_s`` seconds, "no such crate" at most
    `ABSENT_TTL_S`.  A check in the future, beyond what clocks may differ, is not believed.
    """
    if entry.status == FOUND and key.kind == ARCHIVE:
        return True
    life_s = min(ttl_s, ABSENT_TTL_S) if entry.status == ABSENT else ttl_s
    return now - entry.checked_at >= -CLOCK_SLACK_S and max(now - entry.checked_at, 0) < life_s
