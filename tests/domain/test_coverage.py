"""Coverage files and output: counts decide, nothing coverable is no figure, and damage is no figure either."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.coverage import InvalidCoverage, Lines, read_coverage, read_output

LCOV = b"""TN:
SF:/code/a/src/lib.rs
DA:1,3
DA:2,0
LF:4
LH:3
end_of_record
SF:src/more.rs
DA:1,1
DA:1,0
DA:2,0,checksum
end_of_record
"""


def llvm_cov(*totals: tuple[int, int]) -> bytes:
    """The JSON of `cargo llvm-cov --json` with these covered and countable lines."""
    exports = [
        {
            "files": [{"filename": f"/src/{number}.rs", "summary": {"lines": {"count": count, "covered": covered}}}],
            "totals": {"lines": {"count": count, "covered": covered, "percent": 12.5}},
        }
        for number, (covered, count) in enumerate(totals)
    ]
    return json.dumps({"data": exports, "type": "llvm.coverage.json.export", "version": "2.0.1"}).encode()


def test_lcov() -> None:
    """The tool's own counts where a file has them, else its lines; a line that is listed twice is one line."""
    read = read_coverage(LCOV)
    assert dict(read.files) == {"/code/a/src/lib.rs": Lines(3, 4), "src/more.rs": Lines(1, 2)}
    assert read.percent == pytest.approx(100 * 4 / 6)


def test_cobertura() -> None:
    """Counts of the root element, else its rate from 0 to 1; what stands below is not read, nor any entity."""
    head = b'<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "https://example.com/x.dtd">'
    assert read_coverage(head + b'<coverage lines-covered="3" lines-valid="8" line-rate="0.9"><x>').percent == 37.5
    assert read_coverage(b'<coverage line-rate="0.875" branch-rate="0"/>').percent == 87.5
    with pytest.raises(InvalidCoverage, match="no line-rate"):
        read_coverage(b'<coverage line-rate="87.5"/>')


def test_tarpaulin() -> None:
    """Counts of the whole, and of each file by its path, which is a list of parts."""
    files = [{"path": ["/", "a", "src", "lib.rs"], "content": "", "traces": [], "covered": 1, "coverable": 3}]
    read = read_coverage(json.dumps({"files": files, "coverage": 1.0, "covered": 1, "coverable": 3}).encode())
    assert dict(read.files) == {"/a/src/lib.rs": Lines(1, 3)}
    assert read.percent == pytest.approx(100 / 3)


def test_llvm_cov() -> None:
    """The totals of every export together, whatever share each of them states."""
    read = read_coverage(llvm_cov((1, 2), (3, 6)))
    assert (read.percent, read.files["/src/1.rs"]) == (50.0, Lines(3, 6))


@pytest.mark.parametrize(
    "content",
    [
        b"SF:a\nLF:0\nLH:0\n",
        b'<coverage lines-covered="0" lines-valid="0"/>',
        llvm_cov((0, 0)),
        b'{"covered":0,"coverable":0}',
    ],
)
def test_nothing_coverable(content: bytes) -> None:
    """Where nothing can be covered there is no figure: neither 0 % nor 100 %."""
    assert read_coverage(content).percent is None


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"hello", b"{}", b"[]", b"{", b'{"data": 1}', b'{"data": [1]}', b"<html/>", b"<coverage", b"\xff\xfe"),
        *(b"SF:a\nLF:x\n", b"SF:a\nLF:-1\n", b"SF:a\nLF:99999999999999999999999\n", b"SF:a\nDA:1\n"),
        *(b'{"covered": 5, "coverable": 2}', b'{"covered": true, "coverable": 2}', b'{"covered": NaN, "coverable": 2}'),
        b'{"covered": 1, "coverable": 2, "files": [{"path": 3}]}',
        b"[" * 100_000,
        b"{" * 100_000,
    ],
)  # fmt: skip
def test_damage(content: bytes) -> None:
    """What is no coverage file, or a damaged one, is refused."""
    with pytest.raises(InvalidCoverage):
        read_coverage(content)


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Whatever the bytes, there is a figure between 0 and 100, none, or a refusal."""
    try:
        percent = read_coverage(content).percent
    except InvalidCoverage:
        return
    assert percent is None or 0 <= percent <= 100


def test_printed_by_llvm_cov() -> None:
    """The lines of the TOTAL row, which stand after regions and functions, whatever its colour; the last row counts."""
    table = (
        "Filename  Regions  Missed Regions  Cover  Functions  Missed Functions  Executed  Lines  Missed Lines  Cover\n"
        "-----------------------------------------\n"
        "lib.rs    10       5               50.00% 4          1                 75.00%    40     10            75.00%\n"
        "\x1b[1mTOTAL\x1b[0m     10       5      50.00% 4          1                 75.00%    40     10  75.00%\n"
    )
    assert read_output(table) == 75.0
    assert read_output(table + "TOTAL 1 0 100.00% 1 0 100.00% 200 20 90.00% 0 0 -\n") == 90.0
    assert read_output("TOTAL 0 0 - 0 0 - 0 0 - 0 0 -\n") is None


def test_printed_by_tarpaulin() -> None:
    """The counts of its last sentence."""
    assert read_output(
        "|| Tested/Total Lines:\n||\n66.67% coverage, 2/3 lines covered, +0.00% change\n"
    ) == pytest.approx(200 / 3)
    assert read_output("all tests passed, TOTAL of 3\n") is None
