"""How entries stand in the database: nothing is lost, nothing damaged is believed."""

from __future__ import annotations

import string
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.entry import ABSENT, ABSENT_STATUSES, FOUND, Entry, Key, Miss, absent
from batuta_hooks.registry.rows import decode_body, decode_meta, encode_body, encode_meta
from tests.registry.samples import NOW, archive_entry, index_entry, index_file

words = st.text(string.ascii_letters + string.digits + ".+-", min_size=1, max_size=10)
headers = st.text(string.ascii_letters + string.digits + ' "/:=-_', max_size=30)
entries = st.builds(
    Entry,
    status=st.just(FOUND),
    checked_at=st.integers(0, 10**12),
    source=headers,
    http_status=st.integers(0, 599),
    etag=headers,
    last_modified=headers,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.integers(0, 2**26),
    spelled=words,
    versions=st.lists(words).map(tuple),
    yanked=st.lists(words).map(tuple),
    origin=headers,
    tops=headers,
    rust=headers,
)
KEY, ENTRY = index_entry("serde", index_file("serde", ["1.0.0", "1.0.1"], ["0.9.0"]))


def sealed(key: Key, text: str) -> bytes:
    """A meta row's value with a right checksum, whatever its text."""
    return b"batuta-entry %08x\n%s" % (zlib.crc32(text.encode(), zlib.crc32(key.meta_row.encode())), text.encode())


@given(entries | st.builds(absent, st.integers(0, 10**12), headers, st.sampled_from(ABSENT_STATUSES)))
def test_meta_row_gives_the_entry_back(entry: Entry) -> None:
    """What was written is read, field by field."""
    assert decode_meta(KEY, encode_meta(KEY, entry)) == entry


@given(st.data())
def test_a_damaged_meta_row_is_a_miss(data: st.DataObject) -> None:
    """Whichever byte is another one, or wherever the row ends too early."""
    row = encode_meta(KEY, ENTRY)
    place = data.draw(st.integers(0, len(row) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != row[place]))
    assert isinstance(decode_meta(KEY, row[:place] + bytes([other]) + row[place + 1 :]), Miss)
    assert isinstance(decode_meta(KEY, row[:place]), Miss)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_miss(data: bytes) -> None:
    """No traceback, whatever stands there."""
    assert isinstance(decode_meta(KEY, data), Miss)
    assert isinstance(decode_body(ENTRY, data), Miss)


def test_a_row_under_another_key_is_a_miss() -> None:
    """A row that was swapped with its neighbour answers nothing."""
    other, _ = index_entry("serde_json", index_file("serde_json", ["1.0.0"]))
    assert decode_meta(other, encode_meta(KEY, ENTRY)) == Miss("its entry in the cache is damaged")


def test_a_later_version_may_add_fields() -> None:
    """The neighbouring version of the tool reads what this one wrote, and the reverse."""
    text = encode_meta(KEY, ENTRY).partition(b"\n")[2].decode()
    assert decode_meta(KEY, sealed(KEY, f"newest 1.0.1\n{text}\nand more\n")) == ENTRY
    fewer = "\n".join(line for line in text.split("\n") if line.split(" ")[0] in ("status", "checked", "sha256"))
    assert decode_meta(KEY, sealed(KEY, fewer)) == Entry(FOUND, NOW, "", sha256=ENTRY.sha256)


@pytest.mark.parametrize(
    "text",
    [
        "status maybe\nchecked 1",
        "checked 1",
        "status found\nchecked 1\nsize 1",
        "status absent\nchecked 1.5",
        "status absent\nchecked -1",
        "status absent\nchecked ²",
        f"status absent\nchecked {'9' * 5000}",
        f"status found\nchecked 1\nsha256 {'0' * 64}\nsize 999999999999",
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_sound_row_of_another_form_is_a_miss(text: str) -> None:
    """Whoever wrote it, it is not understood halfway."""
    assert decode_meta(KEY, sealed(KEY, text)) == Miss(
        "its entry in the cache is of a form that this version does not know"
    )


@pytest.mark.parametrize("etag", ['"a\nstatus absent"', '"é"', "x" * 5000, "a\rb", "a\0"])
def test_strange_validators_are_dropped(etag: str) -> None:
    """They cannot smuggle a line in, nor a header into the next request."""
    read = decode_meta(KEY, encode_meta(KEY, ENTRY._replace(etag=etag, last_modified=etag)))
    assert read == ENTRY._replace(etag="", last_modified="")


@given(st.binary())
def test_body_row_gives_the_bytes_back(payload: bytes) -> None:
    """Whatever they are, also none."""
    _, entry = archive_entry("serde", "1.0.0", payload)
    assert decode_body(entry, encode_body(payload)) == payload


def test_a_damaged_body_is_a_miss() -> None:
    """Cut short, changed, or another answer's."""
    payload = index_file("serde", ["1.0.0", "1.0.1"], ["0.9.0"])
    row = encode_body(payload)
    for damaged in (row[:-9], row[:10], row[:20] + bytes([row[20] ^ 1]) + row[21:], encode_body(payload[:-1]), b""):
        assert decode_body(ENTRY, damaged) == Miss("its answer in the cache is damaged")
    assert decode_body(ENTRY, row) == payload


def test_a_body_never_unpacks_to_more_than_it_should() -> None:
    """A row of some kilobytes that would unpack to a gigabyte costs nothing."""
    bomb = zlib.compressobj()
    chunk = bytes(2**20)
    row = b"".join(bomb.compress(chunk) for _ in range(200)) + bomb.flush()
    tracemalloc.start()
    try:
        assert isinstance(decode_body(ENTRY, row), Miss)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_absence_has_no_digest() -> None:
    """An absent entry is complete without one."""
    entry = absent(NOW, "https://index.crates.io/se/rd/serde", 404)
    read = decode_meta(KEY, encode_meta(KEY, entry))
    assert isinstance(read, Entry)
    assert (read.status, read.sha256, read.size) == (ABSENT, "", 0)
