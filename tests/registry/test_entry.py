"""What counts as an answer, for how long, and under which key."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.entry import (
    ABSENT,
    ABSENT_TTL_S,
    FOUND,
    MAX_BODY_BYTES,
    TTL_S,
    absent,
    archive_key,
    found,
    index_key,
    is_fresh,
    registry_identity,
    spelling,
)
from batuta_hooks.registry.names import InvalidCrateName
from batuta_hooks.registry.rows import read_meta_row
from batuta_hooks.registry.urls import InvalidUrl
from tests.registry.samples import IDENTITY, NOW, archive_entry, index_entry, index_file

crates = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True)
versions = st.text(string.ascii_letters + string.digits + ".+-", min_size=1, max_size=12)
registries = st.sampled_from([IDENTITY, "sparse+https://other.example/a b", "file:///a@b c", "x"])
keys = st.builds(index_key, registries, crates) | st.builds(archive_key, registries, crates, versions)


@given(keys, keys)
def test_different_questions_have_different_rows(one: object, other: object) -> None:
    """Two keys have the same rows only if they are equal, and a meta row's key tells the question."""
    assert hasattr(one, "meta_row")
    assert hasattr(other, "meta_row")
    assert (one == other) == (one.meta_row == other.meta_row)
    assert read_meta_row(one.meta_row) == one


@pytest.mark.parametrize(
    "row", ["", "meta", "body index r serde 00", "meta index r", "meta other r serde", "index r s"]
)
def test_other_rows_are_no_questions(row: str) -> None:
    """A row that is not a meta row of this schema has no key."""
    key = read_meta_row(row)
    assert key is None or key.meta_row == row


def test_letter_case_shares_an_index_file() -> None:
    """An index names its files in lower case, so there is one question for all spellings."""
    assert index_key(IDENTITY, "Serde") == index_key(IDENTITY, "serde")
    assert index_key(IDENTITY, "a_b") != index_key(IDENTITY, "a-b")


@pytest.mark.parametrize("crate", ["", "../x", "a b", "a@1", "é", "a\n", "1a", "a" * 65])
def test_a_name_that_no_crate_has_is_refused(crate: str) -> None:
    """It never becomes part of a key."""
    with pytest.raises(InvalidCrateName):
        index_key(IDENTITY, crate)


@pytest.mark.parametrize("version", ["", "1 0", "1@0", "1\n", "é", "\x7f"])
def test_a_text_that_no_version_is_is_refused(version: str) -> None:
    """It never becomes part of a key."""
    with pytest.raises(ValueError, match="not a version"):
        archive_key(IDENTITY, "serde", version)


def test_one_registry_has_one_identity() -> None:
    """A slash at the end makes no other registry, another protocol does; credentials are not kept."""
    assert registry_identity("sparse+https://host/index/") == registry_identity("SPARSE+https://host/index")
    assert registry_identity("https://host/index/") != registry_identity("sparse+https://host/index/")
    assert registry_identity("sparse+https://me:secret@host/i/") == "sparse+https://host/i"
    with pytest.raises(InvalidUrl):
        registry_identity("crates-io")


def test_found_takes_the_versions_out() -> None:
    """An index answer's entry holds digest, size, spelling, and the versions in the file's order, yanked ones apart."""
    payload = index_file("Inflector", ["0.2.0", "0.1.0", "1.0.0-rc.1+b"], ["0.1.5", "0.0.9"])
    _, entry = index_entry("inflector", payload)
    assert (entry.status, entry.checked_at, entry.http_status, entry.etag) == (FOUND, NOW, 200, '"inflector"')
    assert (entry.sha256, entry.size) == (hashlib.sha256(payload).hexdigest(), len(payload))
    assert entry.spelled == "Inflector"
    assert (entry.versions, entry.yanked) == (("0.2.0", "0.1.0", "1.0.0-rc.1+b"), ("0.1.5", "0.0.9"))


def test_an_archives_facts_are_opaque() -> None:
    """Whatever bytes they are; versions are an index file's."""
    _, entry = archive_entry("serde", "1.0.0", b"\x00 whatever")
    assert (entry.status, entry.size, entry.versions, entry.yanked) == (FOUND, 10, (), ())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\n\n",
        b"<!DOCTYPE html>\n<title>Log in</title>\n",
        b'{"name":"serde","vers":"1.0.0"',
        index_file("other", ["1.0.0"]),
    ],
    ids=["empty", "blank", "html", "cut short", "other crate"],
)
def test_what_is_no_index_file_is_refused(payload: bytes) -> None:
    """An error page with status 200 never becomes "this crate has no versions"."""
    with pytest.raises(ValueError, match="nothing in it is a version of serde"):
        index_entry("serde", payload)


def test_only_newer_lines_are_an_answer() -> None:
    """cargo sees no version in lines of a newer schema, and neither is this an unreadable file."""
    _, entry = index_entry("serde", index_file("serde", ["1.0.0"], schema=3))
    assert (entry.status, entry.versions, entry.yanked) == (FOUND, (), ())


def test_an_answer_has_bounds() -> None:
    """What is larger than any index file is refused."""
    with pytest.raises(ValueError, match="more than an answer may have"):
        archive_entry("serde", "1.0.0", bytes(MAX_BODY_BYTES + 1))


@pytest.mark.parametrize("status", [404, 410, 451])
def test_absent(status: int) -> None:
    """These three statuses, cargo's own, say that there is no such crate."""
    entry = absent(NOW, "https://index.crates.io/se/rd/serde", status)
    assert (entry.status, entry.http_status, entry.versions, entry.sha256) == (ABSENT, status, (), "")


@pytest.mark.parametrize("status", [0, 200, 301, 304, 400, 401, 403, 429, 500, 503])
def test_other_statuses_are_not_absence(status: int) -> None:
    """Could not ask is never not published."""
    with pytest.raises(ValueError, match="does not mean"):
        absent(NOW, "https://index.crates.io/se/rd/serde", status)


@pytest.mark.parametrize(
    ("age_s", "ttl_s", "of_index", "of_absent"),
    [
        (0, TTL_S, True, True),
        (ABSENT_TTL_S - 1, TTL_S, True, True),
        (ABSENT_TTL_S, TTL_S, True, False),
        (TTL_S - 1, TTL_S, True, False),
        (TTL_S, TTL_S, False, False),
        (10, 10, False, False),
        (9, 10, True, True),
        (100, 10_000, True, False),
        (0, 0, False, False),
        (-1, 0, False, False),
        (-60, TTL_S, True, True),
        (-61, TTL_S, False, False),
    ],
)
def test_for_how_long_an_answer_is_fresh(age_s: int, ttl_s: int, of_index: bool, of_absent: bool) -> None:
    """An index answer for its time to live, an absence shorter; a check in the future is not believed."""
    key, entry = index_entry("serde", index_file("serde", ["1.0.0"]))
    assert is_fresh(key, entry, NOW + age_s, ttl_s) is of_index
    assert is_fresh(key, absent(NOW, "u", 404), NOW + age_s, ttl_s) is of_absent


def test_an_archive_is_fresh_for_ever_but_not_its_absence() -> None:
    """A published version's archive never changes; that it was not there may."""
    key, entry = archive_entry("serde", "1.0.0", b"facts")
    assert is_fresh(key, entry, NOW + 10**9)
    assert not is_fresh(key, absent(NOW, "u", 404), NOW + ABSENT_TTL_S)


def test_spelling_falls_back_to_the_question() -> None:
    """A line that does not begin with its name is no reason to doubt the name asked for."""
    assert spelling(b'xx{"name":"SerDe","vers":"1"}', 2, "serde") == "SerDe"
    assert spelling(b'{"vers":"1","name":"serde_json"}', 0, "serde") == "serde"


def test_validators_are_kept_as_they_came() -> None:
    """They go back to the registry word for word."""
    key = index_key(IDENTITY, "serde")
    entry = found(key, index_file("serde", ["1.0.0"]), NOW, "u", last_modified="Sun, 23 Nov 2025 12:00:00 GMT")
    assert (entry.http_status, entry.etag, entry.last_modified) == (0, "", "Sun, 23 Nov 2025 12:00:00 GMT")
