"""An archive's facts are what it holds; one that is not what it should be is an error value."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from batuta_hooks.registry.archive import (
    ArchiveFacts,
    ArchiveFault,
    PackedFile,
    decode_facts,
    encode_facts,
    read_archive,
)
from tests.support.process import run
from tests.support.registry import crate_archive

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MANIFEST = b'[package]\nname = "sample"\nversion = "1.0.0"\nrepository = "https://git.example/sample"\n'
FILES = {
    ".cargo_vcs_info.json": json.dumps({"git": {"sha1": COMMIT}, "path_in_vcs": "crates/sample"}).encode(),
    "Cargo.toml": MANIFEST,
    "Cargo.toml.orig": b"[package]\n",
    "src/lib.rs": b"// nothing\n",
}


def facts_of(files: dict[str, bytes], crate: str = "sample", version: str = "1.0.0") -> ArchiveFacts | ArchiveFault:
    """The facts of an archive of these files."""
    return facts_in(crate_archive("sample", "1.0.0", files), crate, version)


def facts_in(archive: bytes, crate: str = "sample", version: str = "1.0.0") -> ArchiveFacts | ArchiveFault:
    """The facts of an archive whose checksum is right."""
    return read_archive(archive, crate, version, hashlib.sha256(archive).hexdigest())


def blob(content: bytes) -> str:
    """What git calls a content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def test_facts() -> None:
    """Commit, path, files, manifest and repository are those of the archive."""
    facts = facts_of(FILES)
    assert isinstance(facts, ArchiveFacts)
    assert (facts.commit, facts.is_dirty, facts.path_in_vcs) == (COMMIT, False, "crates/sample")
    assert facts.files == tuple(PackedFile(path, len(text), blob(text)) for path, text in FILES.items())
    assert facts.manifest == MANIFEST.decode()
    assert facts.has_original
    assert facts.repository == "https://git.example/sample"


def test_less_is_known_of_other_archives() -> None:
    """Without commit, original and repository there are none; a dirty tree is told."""
    facts = facts_of({"Cargo.toml": b""})
    assert isinstance(facts, ArchiveFacts)
    assert (facts.commit, facts.is_dirty, facts.path_in_vcs) == ("", False, "")
    assert (facts.has_original, facts.repository) == (False, "")
    dirty = json.dumps({"git": {"sha1": COMMIT, "dirty": True}, "path_in_vcs": ""}).encode()
    facts = facts_of({**FILES, ".cargo_vcs_info.json": dirty})
    assert isinstance(facts, ArchiveFacts)
    assert (facts.commit, facts.is_dirty, facts.path_in_vcs) == (COMMIT, True, "")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"git": []}',
        b'{"git": {}}',
        b'{"git": {"sha1": 1}}',
        b'{"git": {"sha1": "main"}}',
        b'{"git": {"sha1": "%s"}}' % COMMIT.upper().encode(),
        b'{"git": {"sha1": "%s", "dirty": 1}}' % COMMIT.encode(),
        b'{"git": {"sha1": "%s"}, "path_in_vcs": 1}' % COMMIT.encode(),
        b'{"git": {"sha1": "%s"}, "path_in_vcs": "\\u001b[31m"}' % COMMIT.encode(),
        b'{"git": {"sha1": "%s"}, "path_in_vcs": "\\ud800"}' % COMMIT.encode(),
        b"[" * 100_000,
    ],
    ids=range(15),
)
def test_a_commit_that_is_none(text: bytes) -> None:
    """What cargo would not write says nothing of a commit; the other facts stand."""
    facts = facts_of({**FILES, ".cargo_vcs_info.json": text})
    assert isinstance(facts, ArchiveFacts)
    assert (facts.commit, facts.is_dirty, facts.path_in_vcs) == ("", False, "")
    assert facts.repository


@pytest.mark.parametrize(
    "manifest",
    [b"[package", b"package = 1", b"[package]\nrepository = 1", b'[package]\nrepository = "\\u001b[31m"', b"a = 1"],
    ids=range(5),
)
def test_a_repository_that_is_none(manifest: bytes) -> None:
    """The manifest's text is kept as it is."""
    facts = facts_of({"Cargo.toml": manifest})
    assert isinstance(facts, ArchiveFacts)
    assert (facts.repository, facts.manifest) == ("", manifest.decode())


def test_the_checksum_goes_first() -> None:
    """Of bytes that are not the published ones nothing is looked at."""
    archive = crate_archive("sample", "1.0.0", FILES)
    for data, checksum in ((archive, "0" * 64), (archive, ""), (b"\x1f\x8b garbage", "0" * 64)):
        found = read_archive(data, "sample", "1.0.0", checksum)
        assert found == ArchiveFault("its checksum is not the one that the index has")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../../etc/passwd", "'sample-1.0.0/../../etc/passwd', which is no path of a file"),
        ("src/../../x", "no path of a file"),
        ("./x", "no path of a file"),
        ("src//x", "no path of a file"),
        ("/etc/passwd", "no path of a file"),
        ("n" * 1100, "no path of a file"),
        ("", "no path of a file"),
    ],
    ids=["out", "out and in", "dot", "empty part", "absolute", "long", "empty"],
)
def test_paths_that_lead_elsewhere(path: str, said: str) -> None:
    """An archive with one is refused as a whole."""
    info = tarfile.TarInfo(f"sample-1.0.0/{path}")
    found = facts_in(packed(info))
    if path == "":  # a folder, to every reader
        assert found == ArchiveFault("it holds no Cargo.toml that can be read")
    else:
        assert isinstance(found, ArchiveFault)
        assert said in found.why
        assert found.why.isprintable()


def test_a_file_may_have_any_name() -> None:
    """Real archives hold fuzzers' inputs with control characters in their names; they are facts like any other."""
    name = "fuzz/a\x1b[31m\nb"
    entry = tarfile.TarInfo(f"sample-1.0.0/{name}")
    manifest = tarfile.TarInfo("sample-1.0.0/Cargo.toml")
    manifest.size = len(MANIFEST)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(manifest, io.BytesIO(MANIFEST))
        archive.addfile(entry)
    found = facts_in(out.getvalue())
    assert isinstance(found, ArchiveFacts)
    assert name in {file.path for file in found.files}
    assert decode_facts(encode_facts(found)) == found


def packed(*entries: tarfile.TarInfo) -> bytes:
    """An archive of empty entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for info in entries:
            tar.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize(
    "path", ["other-1.0.0/x", "sample-1.0.1/x", "sample-1.0.0", "x", "/sample-1.0.0/x", "Sample-1.0.0/x"]
)
def test_what_is_not_below_the_packages_folder(path: str) -> None:
    """An archive that holds it is refused."""
    found = facts_in(packed(tarfile.TarInfo(path)))
    assert found == ArchiveFault(f"it holds {path!r}, which is not below sample-1.0.0/")


def test_a_path_twice() -> None:
    """Which one counts would depend on who unpacks it."""
    info = tarfile.TarInfo("sample-1.0.0/Cargo.toml")
    assert facts_in(packed(info, info)) == ArchiveFault("it holds 'Cargo.toml' twice")


def test_a_link() -> None:
    """There is none in any crate."""
    info = tarfile.TarInfo("sample-1.0.0/link")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    assert facts_in(packed(info)) == ArchiveFault("it holds a link, 'sample-1.0.0/link'")


@pytest.mark.parametrize("files", [{}, {"src/lib.rs": b""}, {"Cargo.toml": b"\xff"}], ids=["empty", "none", "no text"])
def test_no_manifest(files: dict[str, bytes]) -> None:
    """An archive without a manifest that can be read is refused."""
    assert facts_of(files) == ArchiveFault("it holds no Cargo.toml that can be read")


@pytest.mark.parametrize("data", [b"", b"<html>", gzip.compress(b"x" * 600)], ids=["empty", "html", "no tar"])
def test_no_archive(data: bytes) -> None:
    """Something else has its reason too."""
    assert isinstance(facts_in(data), ArchiveFault)


def test_bounds() -> None:
    """What unpacks to too much is refused, and so is a manifest of many megabytes."""
    archive = crate_archive("sample", "1.0.0", {"big": bytes(100_000), **FILES})
    found = read_archive(archive, "sample", "1.0.0", hashlib.sha256(archive).hexdigest(), 50_000)
    assert found == ArchiveFault("it unpacks to more than 50000 bytes")
    found = facts_of({"Cargo.toml": bytes((8 << 20) + 1)})
    assert found == ArchiveFault("its Cargo.toml is larger than 8388608 bytes")


def test_what_the_cache_keeps() -> None:
    """Facts come back as they were; those of another version of the program do not."""
    facts = facts_of(FILES)
    assert isinstance(facts, ArchiveFacts)
    data = encode_facts(facts)
    assert decode_facts(data) == facts
    table = json.loads(data)
    for other in (
        b"",
        b"[]",
        b"{}",
        json.dumps({**table, "form": "batuta.archive/2"}).encode(),
        json.dumps({**table, "more": 1}).encode(),
        json.dumps({**table, "files": [1]}).encode(),
        json.dumps({**table, "files": None}).encode(),
    ):
        assert decode_facts(other) is None


@pytest.mark.cargo
def test_an_archive_that_cargo_made(tmp_path: Path) -> None:
    """Of a package in a repository: the commit, the path, and blobs that git knows by the same names."""
    package = tmp_path / "repository/crates/sample"
    (package / "src").mkdir(parents=True)
    (package / "src/lib.rs").write_text("//! Nothing.\n", encoding="utf-8")
    (package / ("long-" * 30)).write_text("x", encoding="utf-8")
    (package / "Cargo.toml").write_bytes(MANIFEST + b'edition = "2021"\n')
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "sample"]):
        run(["git", *command], cwd=tmp_path / "repository")
    run(["cargo", "package", "--offline", "--quiet", "--no-verify", "--exclude-lockfile"], cwd=package)
    facts = facts_in((package / "target/package/sample-1.0.0.crate").read_bytes())
    assert isinstance(facts, ArchiveFacts), facts
    head = run(["git", "rev-parse", "HEAD"], cwd=package).stdout.strip()
    assert (facts.commit, facts.is_dirty, facts.path_in_vcs) == (head, False, "crates/sample")
    assert (facts.has_original, facts.repository) == (True, "https://git.example/sample")
    blobs = {file.path: file.blob for file in facts.files}
    tree = run(["git", "ls-tree", "-r", "HEAD:crates/sample"], cwd=tmp_path / "repository").stdout
    committed = {path: words.split()[2] for words, path in (line.split("\t") for line in tree.splitlines())}
    assert len(committed) == 3
    assert committed.pop("Cargo.toml") == blobs["Cargo.toml.orig"]
    assert committed.items() <= blobs.items()
