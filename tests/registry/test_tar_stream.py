"""Tar archives are read as Python's own reader reads them, and hostile ones cost little."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.tar_stream import TarFault, read_tar

names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=120).filter(
    lambda name: len(name.encode()) <= 240 and "/" not in name and name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
contents = st.binary(max_size=1500)
formats = st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def packed(entries: list[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A gzipped archive of these entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form) as tar:
        for info, content in entries:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def entry(path: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """An entry's header."""
    info = tarfile.TarInfo(path)
    info.type = kind
    info.linkname = link
    return info


def read(data: bytes, **bounds: int) -> list[tuple[str, bytes]]:
    """Each file's path and content."""
    return [(file.path, b"".join(file.parts)) for file in read_tar(data, **bounds)]


def fault_of(data: bytes, **bounds: int) -> str:
    """Why an archive is refused, empty where it is not; its files are passed over part by part."""
    try:
        for file in read_tar(data, **bounds):
            for _ in file.parts:
                pass
    except TarFault as fault:
        return str(fault)
    return ""


@given(st.lists(st.tuples(paths, contents), max_size=5), formats)
def test_files_are_those_of_pythons_reader(files: list[tuple[str, bytes]], form: int) -> None:
    """Paths and contents are the same, with GNU's long names and with POSIX's extended headers."""
    data = packed([(entry(path), content) for path, content in files], form)
    assert read(data) == files
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(member.name, tar.extractfile(member)) for member in tar]
        assert [(name, file.read() if file else b"") for name, file in members] == files


def test_ustar() -> None:
    """The prefix of a path belongs to it; folders are passed over, with a slash or without."""
    long = "/".join(["folder"] * 20) + "/file"
    entries = [(entry("folder", tarfile.DIRTYPE), b""), (entry(long), b"text"), (entry("old/"), b"")]
    assert read(packed(entries, tarfile.USTAR_FORMAT)) == [(long, b"text")]


def test_a_file_need_not_be_read() -> None:
    """The next one comes all the same; its size is told."""
    data = packed([(entry("a"), bytes(100_000)), (entry("b"), b"text")])
    assert [(file.path, file.size) for file in read_tar(data)] == [("a", 100_000), ("b", 4)]


def test_an_end_that_is_not_marked() -> None:
    """An archive may end after an entry's last block; within one it may not."""
    blocks = gzip.decompress(packed([(entry("a"), b"text")]))[:1024]
    assert read(gzip.compress(blocks)) == [("a", b"text")]
    for end in (1, 511, 513, 600, 1023):
        with pytest.raises(TarFault, match="it is cut short"):
            read(gzip.compress(blocks[:end]))


def test_a_global_header_says_nothing() -> None:
    """It is passed over."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": "hello"}) as tar:
        tar.addfile(entry("a"))
    assert read(out.getvalue()) == [("a", b"")]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "holds a link, 'a'"),
        (tarfile.LNKTYPE, "holds a link, 'a'"),
        (tarfile.FIFOTYPE, "holds something that is no file, 'a'"),
        (tarfile.CHRTYPE, "holds something that is no file, 'a'"),
        (tarfile.GNUTYPE_SPARSE, "holds something that is no file, 'a'"),
    ],
    ids=["symbolic link", "hard link", "pipe", "device", "sparse"],
)
def test_what_no_crate_holds_is_refused(kind: bytes, said: str) -> None:
    """Links and devices."""
    with pytest.raises(TarFault, match=said):
        read(packed([(entry("a", kind, "/etc/passwd"), b"")]))


def test_a_long_link_is_a_link() -> None:
    """Its long target does not hide it."""
    with pytest.raises(TarFault, match="holds a link"):
        read(packed([(entry("a", tarfile.SYMTYPE, "x" * 300), b"")]))


@given(st.data())
def test_damage_is_an_error(data: st.DataObject) -> None:
    """Whatever byte is changed or missing, there is an answer or a fault, and nothing else."""
    whole = packed([(entry("crate/" + "n" * 120), b"text" * 99), (entry("b"), b"")], data.draw(formats))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + data.draw(st.binary(max_size=2)) + whole[place + 1 :]
    for hostile in (damaged, whole[:place]):
        assert fault_of(hostile).isprintable()


@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    """What is no archive is a fault, packed or not."""
    for hostile in (data, gzip.compress(data)):
        assert fault_of(hostile).isprintable()


def header(path: bytes, size: bytes, kind: bytes) -> bytes:
    """A header block with a right checksum."""
    block = bytearray(512)
    block[: len(path)] = path
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    return bytes(block)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (header(b"a", b"77777777777", b"L"), "header that is too large"),
        (header(b"a", b"77777777777", b"x"), "header that is too large"),
        (header(b"a", b"\x80\0\0\0\0\0\0\0\0\0\1\0", b"0"), "header that is damaged"),
        (header(b"a", b"", b"0"), "header that is damaged"),
        (header(b"a", b"-1", b"0"), "header that is damaged"),
        (header(b"a", b"77777777777", b"0"), "cut short"),
        (header(b"\xff", b"0", b"0"), "not UTF-8"),
        (header(b"a", b"6", b"x") + b"6 a=b\n".ljust(512, b"\0") + header(b"\xff", b"0", b"0"), "not UTF-8"),
        (header(b"a", b"5", b"x") + b"9 a=b".ljust(512, b"\0"), "header that is damaged"),
        (header(b"a", b"5", b"x") + b"0 a=b".ljust(512, b"\0"), "header that is damaged"),
        (header(b"a", b"5", b"x") + b"aaaaa".ljust(512, b"\0"), "header that is damaged"),
        (header(b"a", b"13", b"x") + b"11 size=99\n".ljust(512, b"\0"), "too large"),
        (header(b"a", b"0", b"L") * 200, "too many entries"),
        (header(b"a", b"0", b"0") * 200, "too many entries"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value.replace(" ", "-"),
)
def test_hostile_headers(blocks: bytes, said: str) -> None:
    """Each has its reason."""
    with pytest.raises(TarFault, match=said):
        read(gzip.compress(blocks), max_entries=100)


@pytest.mark.parametrize("kind", [b"0", b"L", b"x", b"g"], ids=["file", "long name", "extended", "global"])
def test_a_bomb_costs_little(kind: bytes) -> None:
    """What unpacks to more than allowed is given up at that bound, and never held in memory."""
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(header(b"a", b"77777777777", kind))
    bomb += b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    try:
        fault = fault_of(bomb, max_unpacked_bytes=20_000_000)
        assert fault in ("it unpacks to more than 20000000 bytes", "it has a header that is too large")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_the_bounds_can_be_met() -> None:
    """An archive of exactly as many bytes and entries is read."""
    data = packed([(entry("a"), bytes(1000)), (entry("b"), b"")])
    size = len(gzip.decompress(data))
    assert len(read(data, max_unpacked_bytes=size, max_entries=3)) == 2
    with pytest.raises(TarFault, match="unpacks to more than 1000 bytes"):
        read(data, max_unpacked_bytes=1000)
    with pytest.raises(TarFault, match="too many entries"):
        read(data, max_entries=1)
