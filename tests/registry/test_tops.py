"""The newest version of each bucket is kept beside an index file: it says what the file says, or nothing."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.glance import Glance
from batuta_hooks.registry.index import list_versions, release, releases
from batuta_hooks.registry.lookup import Answer, Lookup, rust_of
from batuta_hooks.registry.tops import read_rust, summarize_rust, summarize_tops, top_release
from tests.registry.real_data import INDEX, index_files, needs
from tests.registry.samples import CRATES_IO, NOW, index_entry

texts = st.text(string.printable + "é\x1d\x1e", max_size=6)
words = st.text(string.ascii_letters + "_-?/: ", min_size=1, max_size=6)
needed = st.fixed_dictionaries(
    {
        "name": words,
        "req": st.sampled_from(["^1", "=0.3.1", ">=1, <3", "*"]),
        "features": st.lists(words, max_size=3),
        "optional": st.booleans(),
        "default_features": st.booleans(),
        "target": st.none() | st.sampled_from(["cfg(unix)", 'cfg(target_os = "linux")']),
        "kind": st.sampled_from(["normal", "dev", "build"]),
    },
    optional={"package": words, "registry": st.none() | texts},
)
lines = st.fixed_dictionaries(
    {
        "name": st.just("some"),
        "vers": st.sampled_from(["0.1.0", "0.1.1", "0.2.0-rc.1", "1.0.0", "1.2.0", "1.2.0+b", "2.0.0-a.1", "2.0.0"]),
        "deps": st.lists(needed, max_size=3),
        "cksum": st.just("0" * 64),
        "features": st.dictionaries(words, st.lists(words, max_size=3), max_size=3),
        "yanked": st.booleans(),
    },
    optional={
        "links": st.none() | texts,
        "rust_version": st.none() | st.sampled_from(["1.70", "1.80.1", " 1", "x"]),
        "features2": st.none(),
    },
)


def written(*tables: dict[str, Any]) -> bytes:
    """An index file of these lines."""
    return "".join(json.dumps(table) + "\n" for table in tables).encode()


def unyanked(data: bytes, crate: str) -> list[str]:
    """The versions of an index file that are not yanked."""
    return [listed.version for listed in list_versions(data, crate).listed if not listed.yanked]


@given(st.lists(lines, max_size=6))
def test_whatever_is_kept_is_what_the_file_says(tables: list[dict[str, Any]]) -> None:
    """Field by field; and nothing is told of a version that is yanked or not there."""
    data = written(*tables)
    versions = unyanked(data, "some")
    kept = summarize_tops(data, "some", versions)
    assert "\n" not in kept
    for version in {table["vers"] for table in tables} | {"9.9.9"}:
        told = top_release(kept, version)
        assert told is None or (version in versions and told == release(data, version, "some"))
    rust = read_rust(summarize_rust(data, "some", versions), versions)
    for version, text in rust.items():
        found = release(data, version, "some")
        assert found is None or (found.rust_version or "") == text


LINE: dict[str, Any] = {"name": "some", "vers": "1.0.0", "deps": [], "cksum": "0" * 64, "features": {}, "yanked": False}


def test_the_newest_of_each_bucket() -> None:
    """One a bucket, yanked ones never, a pre-release where there is nothing else."""
    there = ["0.1.0", "0.1.9", "0.2.0", "1.0.0", "1.1.0-rc.1", "2.0.0-rc.1", "2.0.0-rc.2", "1.3.0"]
    data = written(*({**LINE, "vers": version, "yanked": version == "1.3.0"} for version in there))
    kept = summarize_tops(data, "some", unyanked(data, "some"))
    assert [one for one in there if top_release(kept, one) is not None] == ["0.1.9", "0.2.0", "1.0.0", "2.0.0-rc.2"]


@pytest.mark.parametrize(
    "odd",
    [
        {"links": "a\tb"},
        {"links": "a\nb"},
        {"features": {"a": ["b c"]}},
        {"features": {"a": [""]}},
        {"features": {"a\x1e": []}},
        {"deps": [{"name": "x", "req": "1", "features": ["a b"]}]},
    ],
)
def test_what_would_be_read_as_something_else_is_left_out(odd: dict[str, Any]) -> None:
    """Its file tells it; the other versions are kept."""
    data = written({**LINE, "vers": "1.0.0"}, {**LINE, **odd, "vers": "2.0.0"})
    kept = summarize_tops(data, "some", ["1.0.0", "2.0.0"])
    assert release(data, "2.0.0", "some") is not None
    assert top_release(kept, "2.0.0") is None
    assert top_release(kept, "1.0.0") is not None


@pytest.mark.parametrize("strange", ["1.0.0\t", "1.0.0\tsome", "1.0.0\t" * 9, "1.0.0\tsome\t0\t\t\t\x1eq\t1"])
def test_another_form_tells_nothing(strange: str) -> None:
    """A later version may write more fields; its text is passed over."""
    assert top_release(strange, "1.0.0") is None


def test_the_text_is_bounded() -> None:
    """Of a crate with many large releases the newest buckets are kept."""
    features = {f"feature-{number}": ["x" * 50] for number in range(400)}
    data = written(*({**LINE, "vers": f"{number}.0.0", "features": features} for number in range(1, 41)))
    kept = summarize_tops(data, "some", unyanked(data, "some"))
    assert 20_000 < len(kept) <= 1 << 16
    assert top_release(kept, "40.0.0") is not None
    assert top_release(kept, "1.0.0") is None


def test_a_guard_reads_no_index_file_for_them(tmp_path: Path) -> None:
    """Where the file is gone the newest version is still known; of any other it is said that nothing is."""
    data = written({**LINE, "vers": "1.0.0"}, {**LINE, "vers": "1.1.0", "links": "z"})
    key, entry = index_entry("some", data)
    with Cache(str(tmp_path / "registry-v1")) as cache:
        cache.store(key, entry, data)
        store = cache._store
        assert store is not None
        store.delete(key.body_row(entry.sha256))
    with Glance(str(tmp_path / "registry-v1")) as glance:
        answer = Lookup(CRATES_IO, glance, now=NOW)("some")
        assert isinstance(answer, Answer)
        assert answer.release("1.1.0") == release(data, "1.1.0", "some")
        assert not hasattr(answer.release("1.0.0"), "links")


def rusts(*texts: object) -> tuple[str, list[str]]:
    """What is kept of a crate whose versions declare these, and the versions."""
    tables = ({**LINE, "vers": f"1.{number}.0", "rust_version": text} for number, text in enumerate(texts))
    versions = [f"1.{number}.0" for number in range(len(texts))]
    return summarize_rust(written(*tables), "some", versions), versions


def test_the_rust_of_every_version() -> None:
    """In runs, as most versions declare what the one before does."""
    data = written({**LINE, "vers": "0.1.0"}, *({**LINE, "vers": f"1.{n}.0", "rust_version": "1.70"} for n in (0, 1)))
    versions = ["0.1.0", "1.0.0", "1.1.0"]
    assert summarize_rust(data, "some", versions) == "-*1 1.70*2"
    assert read_rust("-*1 1.70*2", versions) == {"0.1.0": "", "1.0.0": "1.70", "1.1.0": "1.70"}
    assert summarize_rust(data.replace(b": ", b":").replace(b", ", b","), "SOME", versions) == "-*1 1.70*2"


@pytest.mark.parametrize("strange", [None, 1, "x", " 1.70", "1.70 ", '1"', "", ["1.70"], "1.7\u00e9"])
def test_what_is_spelled_otherwise_has_to_be_read(strange: object) -> None:
    """Nothing is kept of the whole crate then."""
    kept, versions = rusts("1.70", strange)
    assert (kept, read_rust(kept, versions)) == ("", {})


@pytest.mark.parametrize("data", [b"<html>", written({**LINE, "name": "other"}), b'{"vers":"1.0.0","name":"some"}\n'])
def test_other_lines_have_to_be_read(data: bytes) -> None:
    """Lines of another crate, in another order, or none at all; and versions that no line has."""
    assert summarize_rust(data, "some", ["1.0.0"]) == ""
    assert summarize_rust(written(LINE), "some", ["1.0.0", "1.1.0"]) == ""


@pytest.mark.parametrize("strange", ["1.70", "1.70*x", "1.70*3", "1.70*1", "1.70*99999999999", "-*1 -*0"])
def test_a_text_for_other_versions_tells_nothing(strange: str) -> None:
    """Runs that are none, or that end too early or too late."""
    assert read_rust(strange, ["1.0.0", "1.1.0"]) == {}


def test_the_rust_of_a_version_without_its_line(tmp_path: Path) -> None:
    """A guard asks for every version, and reads no index file; where nothing is kept it reads the file."""
    data = written(*({**LINE, "vers": f"1.{n}.0", "rust_version": "1.70"} for n in (0, 1)))
    key, entry = index_entry("some", data)
    for number, kept in enumerate((entry, entry._replace(rust="", tops=""))):
        folder = str(tmp_path / f"{number}/registry-v1")
        with Cache(folder) as cache:
            cache.store(key, kept, data)
        with Glance(folder) as glance:
            answer = Lookup(CRATES_IO, glance, now=NOW)("some")
            assert [rust_of(answer, version) for version in ("1.0.0", "1.1.0", "2.0.0")] == ["1.70", "1.70", None]


@needs(INDEX)
def test_the_real_index() -> None:
    """Of every crate the newest version is kept, and every version that is kept says what the file says."""
    for path, data in index_files().items():
        crate = path.rpartition("/")[2]
        versions = unyanked(data, crate) if crate != "config.json" else []
        kept = summarize_tops(data, crate, versions)
        told = [found for found in (top_release(kept, version) for version in versions) if found is not None]
        assert bool(told) == bool(versions), crate
        assert told == [release(data, found.version, crate) for found in told], crate
        if versions:
            rust = read_rust(summarize_rust(data, crate, versions), versions)
            there = {one.version: one.rust_version or "" for one in releases(data, crate) if not one.yanked}
            assert rust == there, crate
