"""Coverage of lines, from the files and the output of the tools that measure it (docs/cargo-rules.md).

A share is always recomputed from counts where there are any; nothing that can be covered is no figure, and what cannot
be read is a fault and never a figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_END = re.compile(rb"^end_of_record", re.MULTILINE)
_SOURCE = re.compile(rb"^SF:([^\r\n]*)", re.MULTILINE)
_FOUND = re.compile(rb"^LF:([^\r\n]*)", re.MULTILINE)
_HIT = re.compile(rb"^LH:([^\r\n]*)", re.MULTILINE)
_LINE = re.compile(rb"^DA:([^,\r\n]*),?([^,\r\n]*)", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TARPAULIN = re.compile(r"^\s*\d{1,3}(?:\.\d+)?% coverage, (\d{1,18})/(\d{1,18}) lines covered", re.MULTILINE)
_LINES_OF_TOTAL = 2  # regions, functions, lines, branches: three columns each
_MAX_DIGITS = 18


class InvalidCoverage(ValueError):
    """A text is not what a tool for coverage writes; says why."""


class Lines(NamedTuple):
    """Covered lines among those that can be covered."""

    covered: int
    coverable: int

    @property
    def percent(self) -> float | None:
        """The share in percent; ``None`` where nothing can be covered."""
        return 100 * self.covered / self.coverable if self.coverable else None


class Measured(NamedTuple):
    """What a tool measured.

    Attributes:
        percent: of all lines; ``None`` where nothing can be covered.
        files: the lines of each source file, by the path that the tool writes; empty where it does not tell.
    """

    percent: float | None
    files: Mapping[str, Lines]


def read_coverage(content: bytes) -> Measured:
    """What a coverage file says: lcov, cobertura, tarpaulin's or llvm-cov's JSON, told by its content.

    Raises:
        InvalidCoverage: it is none of these, or damaged.
    """
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        return _read_json(content)
    if start.startswith(b"<"):
        return _read_cobertura(content)
    return _read_lcov(content)


def read_output(text: str) -> float | None:
    """The share of covered lines that a run printed: cargo llvm-cov's `TOTAL` row, or tarpaulin's last sentence.

    ``None`` where it printed neither, or nothing can be covered.
    """
    text = _ANSI.sub("", text)
    found = []
    for match in _TARPAULIN.finditer(text):
        covered, coverable = int(match[1]), int(match[2])
        found.append((match.start(), Lines(min(covered, coverable), coverable).percent))
    for match in re.finditer(r"^TOTAL[ \t]+(.*)$", text, re.MULTILINE):
        words = match[1].split()[3 * _LINES_OF_TOTAL : 3 * _LINES_OF_TOTAL + 2]
        if len(words) == 2 and all(word.isdecimal() and len(word) <= _MAX_DIGITS for word in words):
            coverable, missed = map(int, words)
            found.append((match.start(), Lines(max(coverable - missed, 0), coverable).percent))
    return max(found)[1] if found else None


def _read_lcov(content: bytes) -> Measured:
    files: dict[str, Lines] = {}
    is_lcov = False
    for record in _END.split(content):
        found = _lcov_lines(record)
        if found is None:
            continue
        is_lcov = True
        source = _SOURCE.search(record)
        path = source[1].decode("utf-8", "surrogateescape") if source else ""
        before = files.get(path, Lines(0, 0))
        if found.coverable:
            files[path] = Lines(before.covered + found.covered, before.coverable + found.coverable)
    if not is_lcov:
        raise InvalidCoverage("it is no coverage file of a known form")
    return _united(files)


def _lcov_lines(record: bytes) -> Lines | None:
    """The lines of one source file: the tool's own counts, else the lines that it lists."""
    found, hit = _FOUND.search(record), _HIT.search(record)
    if found:
        coverable = _whole(found[1])
        return Lines(min(_whole(hit[1]) if hit else 0, coverable), coverable)
    hits: dict[int, bool] = {}
    for line, count in _LINE.findall(record):
        number = _whole(line)
        hits[number] = hits.get(number, False) or _whole(count) > 0
    return Lines(sum(hits.values()), len(hits)) if hits or _SOURCE.search(record) else None


def _whole(text: bytes) -> int:
    text = text.strip()
    if text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    raise InvalidCoverage(f"{text[:40]!r} is no count")


def _read_cobertura(content: bytes) -> Measured:
    from xml.parsers.expat import ExpatError, ParserCreate

    elements: list[tuple[str, dict[str, str]]] = []
    parser = ParserCreate()
    parser.StartElementHandler = lambda name, attributes: elements.append((name, attributes))
    try:
        parser.Parse(content[: 1 << 16], False)  # the root element stands at the beginning
    except (ExpatError, ValueError) as error:
        raise InvalidCoverage(f"it is no XML: {error}") from error
    name, root = elements[0] if elements else ("", {})
    if name != "coverage":
        raise InvalidCoverage("it is XML, and not cobertura's")
    covered, valid = root.get("lines-covered"), root.get("lines-valid")
    if covered is not None and valid is not None:
        coverable = _whole(valid.encode())
        return Measured(Lines(min(_whole(covered.encode()), coverable), coverable).percent, {})
    rate = root.get("line-rate", "")
    if not re.fullmatch(r"[01](\.\d+)?", rate) or float(rate) > 1:
        raise InvalidCoverage(f"`{rate[:40]}` is no line-rate")
    return Measured(100 * float(rate), {})


def _read_json(content: bytes) -> Measured:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidCoverage(f"it is no JSON: {error}") from error
    if not isinstance(table, dict):
        raise InvalidCoverage("it is JSON, and not a tool's for coverage")
    if "data" in table:
        return _read_llvm_cov(table["data"])
    if "covered" in table and "coverable" in table:
        return _read_tarpaulin(table)
    raise InvalidCoverage("it is JSON, and not a tool's for coverage")


def _read_llvm_cov(data: Any) -> Measured:
    files: dict[str, Lines] = {}
    totals = []
    for export in _list(data):
        for one in _list(export.get("files", [])):
            files[_text(one.get("filename"))] = _lines(_table(one.get("summary")).get("lines"), "covered", "count")
        totals.append(_lines(_table(export.get("totals")).get("lines"), "covered", "count"))
    return Measured(_sum(totals).percent, files)


def _read_tarpaulin(table: Mapping[str, Any]) -> Measured:
    files: dict[str, Lines] = {}
    for one in _list(table.get("files", [])):
        parts = one.get("path")
        path = "/".join(map(_text, parts)) if isinstance(parts, list) else _text(parts)
        files[path.replace("//", "/")] = _lines(one, "covered", "coverable")
    return Measured(_lines(table, "covered", "coverable").percent, files)


def _lines(table: Any, covered: str, coverable: str) -> Lines:
    table = _table(table)
    found = Lines(table.get(covered), table.get(coverable))
    if not all(type(number) is int and number >= 0 for number in found) or found.covered > found.coverable:
        raise InvalidCoverage("its counts of lines are no counts")
    return found


def _list(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise InvalidCoverage("a list is something else")
    return [_table(one) for one in value]


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidCoverage("a table is something else")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidCoverage("a path is something else")
    return value


def _united(files: Mapping[str, Lines]) -> Measured:
    return Measured(_sum(files.values()).percent, files)


def _sum(parts: Iterable[Lines]) -> Lines:
    found = list(parts)
    return Lines(sum(part.covered for part in found), sum(part.coverable for part in found))
