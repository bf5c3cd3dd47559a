"""What manifests hold is remembered by their blobs: the same as without, whatever becomes of the file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.known_manifests import KnownInTree, KnownManifests
from batuta_hooks.gather.repository import INDEX, Repository
from batuta_hooks.git.objects import Objects
from batuta_hooks.git.tree import GitTree, blob_id
from tests.support.generated import Sample, samples
from tests.support.process import run
from tests.support.repos import make_repo

VERSION = "1.2.3"


def tree_of(sample: Sample, top: Path) -> GitTree:
    """The files of a sample as git's index has them, their bytes in the worktree."""
    sample.lay_out(top)
    inside = {path: text.encode() for path, text in sample.files.items() if not path.startswith("../")}
    entries = {path: f"H 100644 {blob_id(data, 40)} 0" for path, data in inside.items()}
    return GitTree(entries, Objects(str(top)), beside=str(top))


def seen(tree: GitTree, known: KnownManifests | None) -> list[object]:
    """Every manifest as it is written and as cargo loads it, with its text."""
    manifests = Manifests(tree, KnownInTree(known, tree) if known is not None else None)
    each = [one for path in tree.manifest_paths for one in (manifests.load(path), manifests.resolve(path))]
    return [one._replace(source=one.text) if isinstance(one, Manifest) else one for one in each]


@settings(max_examples=40)
@given(samples(), samples())
def test_the_same_as_without(first: Sample, second: Sample) -> None:
    """Two repositories, which may share manifests, are seen alike with nothing, little and all remembered of them."""
    with TemporaryDirectory() as folder:
        file = f"{folder}/known/one"
        trees = [tree_of(one, Path(folder, str(number))) for number, one in enumerate((first, second))]
        without = [seen(tree, None) for tree in trees]
        for _ in range(2):
            for tree, expected in zip(trees, without, strict=True):
                known = KnownManifests(file, VERSION)
                assert seen(tree, known) == expected
                known.save()


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
ROWS = SCALARS | st.lists(SCALARS, max_size=3)
VALUES = ROWS | st.dictionaries(st.text(), ROWS | st.dictionaries(st.text(), ROWS, max_size=2), max_size=3)


@given(st.dictionaries(st.from_regex(r"[0-9a-f+]{1,8}", fullmatch=True), VALUES, max_size=6))
def test_values_come_back(values: dict[str, object]) -> None:
    """What JSON can tell comes back as it was, to the bit; infinity and dates are not kept."""
    with TemporaryDirectory() as folder:
        known = KnownManifests(f"{folder}/one", VERSION)
        for key, value in values.items():
            known.keep(key, value)
        known.save()
        again = KnownManifests(f"{folder}/one", VERSION)
        for key, value in values.items():
            found = again.recall(key)
            assert repr(found) == repr(value) or "inf" in repr(value)


def filled(file: Path, count: int = 3) -> None:
    """Remember some values in a file."""
    known = KnownManifests(str(file), VERSION)
    for number in range(count):
        known.keep(f"k{number}", {"number": number})
    known.save()


def recalled(file: Path, count: int = 3, version: str = VERSION) -> list[object]:
    """What is remembered of those values."""
    known = KnownManifests(str(file), version)
    return [known.recall(f"k{number}") for number in range(count)]


ALL = [{"number": number} for number in range(3)]


def test_another_version_forgets(tmp_path: Path) -> None:
    """Another version of the program may judge by other rules, so it begins anew."""
    filled(tmp_path / "one")
    assert recalled(tmp_path / "one") == ALL
    assert recalled(tmp_path / "one", version="1.2.4") == [None] * 3


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_file_gives_nothing_wrong(place: int, byte: int) -> None:
    """One changed byte costs what its line held, or all; nothing else comes back."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "one")
        filled(file)
        data = bytearray(file.read_bytes())
        data[place % len(data)] = byte
        file.write_bytes(data)
        assert all(found in (None, value) for found, value in zip(recalled(file), ALL, strict=True))


def test_a_torn_line_ends_with_the_next(tmp_path: Path) -> None:
    """What a killed process left of its last line does not spoil those that come after it."""
    filled(tmp_path / "one")
    whole = (tmp_path / "one").read_bytes()
    (tmp_path / "one").write_bytes(whole[:-7])
    assert recalled(tmp_path / "one") == [*ALL[:2], None]
    filled(tmp_path / "one")
    assert recalled(tmp_path / "one") == ALL


@pytest.mark.parametrize("what", ["a folder", "a link", "writable by all", "a pipe", "a file for a folder", "no place"])
def test_a_strange_place_is_left_alone(tmp_path: Path, what: str) -> None:
    """Nothing is read from, or written through, what is not a file of one's own, and nothing is said about it."""
    file = tmp_path / "cache/one"
    file.parent.mkdir()
    if what == "a folder":
        file.mkdir()
    elif what == "a link":
        filled(tmp_path / "other")
        file.symlink_to(tmp_path / "other")
    elif what == "writable by all":
        filled(file)
        file.chmod(0o666)
    elif what == "a pipe":
        os.mkfifo(file)
    elif what == "a file for a folder":
        file.parent.rmdir()
        file.parent.write_bytes(b"")
    else:
        file = Path("")
    assert recalled(file) == [None] * 3
    filled(file)
    if what == "a link":
        assert recalled(tmp_path / "other") == ALL


def test_what_is_no_longer_used_goes(tmp_path: Path) -> None:
    """A file that holds far more than was asked for is written anew with what was."""
    file = tmp_path / "one"
    filled(file, 5000)
    known = KnownManifests(str(file), VERSION)
    assert known.recall("k7") == {"number": 7}
    known.keep("new", [1])
    known.save()
    assert file.read_bytes().count(b"\n") == 3
    again = KnownManifests(str(file), VERSION)
    assert [again.recall(key) for key in ("k7", "new", "k8")] == [{"number": 7}, [1], None]


def test_a_long_value_is_not_kept(tmp_path: Path) -> None:
    """A manifest that is longer than any that people write is read anew each time."""
    known = KnownManifests(str(tmp_path / "one"), VERSION)
    known.keep("long", "x" * (1 << 23))
    known.save()
    assert not (tmp_path / "one").exists()


WRITER = """
import sys
from batuta_hooks.gather.known_manifests import KnownManifests
for turn in range(20):
    known = KnownManifests(sys.argv[1], "1.2.3")
    for number in range(30):
        key = f"{sys.argv[2]}-{turn}-{number}"
        known.recall(key)
        known.keep(key, {"key": key})
    known.save()
"""


def test_writers_at_the_same_time(tmp_path: Path) -> None:
    """Guards that write at the same time leave lines that hold what one of them wrote."""
    from concurrent.futures import ThreadPoolExecutor

    file = tmp_path / "one"
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda who: run([sys.executable, "-c", WRITER, file, who], cwd=tmp_path), "abc"))
    known = KnownManifests(str(file), VERSION)
    keys = [f"{who}-{turn}-{number}" for who in "abc" for turn in range(20) for number in range(30)]
    found = {key: value for key in keys if (value := known.recall(key)) is not None}
    assert len(found) > 600
    assert all(value == {"key": key} for key, value in found.items())


def test_links_are_followed_each_time(tmp_path: Path) -> None:
    """What a link leads to is not remembered: it is another file's, and the link may lead elsewhere tomorrow."""
    manifest = '[package]\nname = "a"\nversion = "1.0.0"\n'
    repo = make_repo(tmp_path, {"real/Cargo.toml": manifest})
    (tmp_path / "one").mkdir()
    (tmp_path / "one/Cargo.toml").symlink_to("../real/Cargo.toml")
    repo.git("add", "--all")
    repository = Repository(str(tmp_path), source=INDEX, sibling=True)
    tree = repository.tree()
    assert tree.held_oid("real/Cargo.toml") == blob_id(manifest.encode(), 40)
    assert tree.held_oid("one/Cargo.toml") == ""
    assert tree.held_oid("none/Cargo.toml") == ""
    repository.close()


def test_a_file_of_the_worktree(tmp_path: Path) -> None:
    """It is known by what stands in it now; what another text spells is not remembered by its name."""
    manifest = '[package]\nname = "a"\nversion = "1.0.0"\n'
    Sample({"Cargo.toml": manifest}).lay_out(tmp_path)
    entries = {"Cargo.toml": f"H 100644 {blob_id(b'older', 40)} 0"}
    tree = GitTree(entries, Objects(str(tmp_path)), str(tmp_path))
    assert tree.held_oid("Cargo.toml") == blob_id(manifest.encode(), 40)
    known = KnownInTree(KnownManifests(str(tmp_path / "known"), VERSION), tree)
    known.keep_table("Cargo.toml", {"package": {"name": "b"}}, b"another text")
    assert known.table("Cargo.toml") is None
    known.keep_table("Cargo.toml", {"package": {"name": "a"}}, manifest.encode())
    assert known.table("Cargo.toml") == {"package": {"name": "a"}}
