"""A changelog's text: where a version's section goes, and what becomes of what is written as unreleased.

The form is that of keepachangelog.com 1.1.0: a heading ``Unreleased`` becomes the version with its date, an empty one
stays above it, and the links at the end follow.  Headings are read as CommonMark's ATX headings, outside of fenced code
and comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_UNRELEASED = re.compile(r"\[?unreleased\]?(?:\(.*\))?(?:\s*[-\u2013].*)?", re.IGNORECASE)
_VERSION = r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_PLAIN = re.compile(rf"(\[?)(v?)({_VERSION})(\]?)(?:( [-\u2013(]? ?)(\d{{4}}-\d\d-\d\d)(\)?))?")
_LINK = re.compile(r"(\[unreleased\]:\s*\S+/compare/)(\S+?)(\.\.\.)HEAD\s*", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TITLE = ("# Changelog",)


class Section(NamedTuple):
    """What a release writes into a changelog.

    Attributes:
        path: the file, relative to the repository.
        wave: with which wave of the plan, counted from 1; 0 where the crates have none.
        crates: the crates that it tells of, with their versions.
        is_shared: whether the file tells of crates with versions of their own, so that the heading has to name them.
        date: of the release, ``yyyy-mm-dd``.
        tag: the tag of the version, for links; empty where there are several.
        lines: the section's body; or all of it with its heading, where `is_whole`.
        is_whole: whether a tool that keeps changelogs made it.
    """

    path: str
    wave: int
    crates: tuple[tuple[str, str], ...]
    is_shared: bool
    date: str
    tag: str
    lines: tuple[str, ...]
    is_whole: bool = False

    @property
    def title(self) -> str:
        """What its heading says by default."""
        if not self.is_shared:
            return f"[{self.crates[0][1]}] - {self.date}"
        return f"{', '.join(f'{crate} {version}' for crate, version in self.crates)} - {self.date}"


class _Heading(NamedTuple):
    line: int
    level: int
    text: str


def with_section(text: str, section: Section) -> str:
    """A changelog with a section in its place, everything else as it was; one that has it already is not touched.

    Args:
        text: the file's; empty where there is none yet.
    """
    if has_section(text, section):
        return text
    end = "\r" if "\r\n" in text else ""
    lines = _lines(text) if text else [*_TITLE]
    headings = list(_headings(lines))
    open_ = next((one for one in headings if _is_unreleased(one.text)), None)
    known = next((one for one in headings if _PLAIN.match(one.text)), None)
    level = (open_ or known or _Heading(0, 2, "")).level
    if open_ is not None and _body(lines, headings, open_) and not section.is_whole:
        place, made = open_.line + 1, ["", f"{'#' * level} {_title(section, known)}"]
    else:
        place = _place(lines, headings, open_, level)
        made = list(section.lines) if section.is_whole else _made(section, known, level)
        made = [*_gap(lines[:place]), *made, *([""] if place < len(lines) else [])]
    lines[place:place] = [f"{line}{end}" for line in made]
    return "\n".join([*_linked(lines, section, end), ""])


def has_section(text: str, section: Section) -> bool:
    """Whether a heading tells of all the versions, and of all the crates where it has to name them.

    Code and comments count here: where one has no end, a section could not stand elsewhere.
    """
    headings = (found[2] for line in _lines(text) if (found := _HEADING.fullmatch(line.removesuffix("\r"))))
    return any(
        all(_names(one, version, crate if section.is_shared else "") for crate, version in section.crates)
        for one in headings
    )


def has_unreleased(text: str) -> bool:
    """Whether something is written below a heading ``Unreleased``."""
    lines = _lines(text)
    headings = list(_headings(lines))
    return bool(_body(lines, headings, next((one for one in headings if _is_unreleased(one.text)), None)))


def _lines(text: str) -> list[str]:
    """Its lines, which keep a carriage return; the empty one behind the last line break is none."""
    return text.removesuffix("\n").split("\n")


def _headings(lines: Sequence[str]) -> Iterator[_Heading]:
    fence, in_comment = "", False
    for number, whole in enumerate(lines):
        line = whole.removesuffix("\r")
        mark = _FENCE.match(line)
        if in_comment or (not fence and line.lstrip().startswith("<!--")):
            in_comment = "-->" not in line
        elif fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        elif found := _HEADING.fullmatch(line):
            yield _Heading(number, len(found[1]), found[2])


def _is_unreleased(text: str) -> bool:
    return _UNRELEASED.fullmatch(text) is not None


def _names(text: str, version: str, crate: str) -> bool:
    """Whether a heading names a version, right behind the crate's name where that is wanted, as tags have it too."""
    before = rf"(?<![0-9A-Za-z_-])v?{re.escape(crate)}[ @/-]v?" if crate else "(?<![0-9.])"
    return re.search(rf"{before}{re.escape(version)}(?![0-9A-Za-z.+-])", text) is not None


def _body(lines: Sequence[str], headings: Sequence[_Heading], open_: _Heading | None) -> list[str]:
    """What is written below a heading, its empty subsections left out."""
    if open_ is None:
        return []
    until = next((one.line for one in headings if one.line > open_.line and one.level <= open_.level), len(lines))
    inner = {one.line for one in headings}
    found = [line for number, line in enumerate(lines) if open_.line < number < until and number not in inner]
    return [line for line in found if line.strip() and not _LINK.fullmatch(line) and not line.startswith("[")]


def _place(lines: Sequence[str], headings: Sequence[_Heading], open_: _Heading | None, level: int) -> int:
    """The line before which a section goes: that of the newest version, else the end."""
    after = -1 if open_ is None else open_.line
    for one in headings:
        if one.line > after and one.level <= level and (open_ is not None or one.level == level):
            return one.line
    # links, which keep the last place
    place = len(lines)
    while place and (not lines[place - 1].strip() or re.match(r"\[[^\]]+\]:", lines[place - 1])):
        place -= 1
    return place


def _gap(before: Sequence[str]) -> list[str]:
    return [""] if before and before[-1].strip() else []


def _made(section: Section, known: _Heading | None, level: int) -> list[str]:
    return [f"{'#' * level} {_title(section, known)}", "", *section.lines]


def _title(section: Section, known: _Heading | None) -> str:
    """The heading's words, spelled as those of the version before where these are plain."""
    found = _PLAIN.fullmatch(known.text) if known is not None and not section.is_shared else None
    if found is None:
        return section.title
    opened, prefix, _, closed, between, date, ended = (part or "" for part in found.groups())
    return f"{opened}{prefix}{section.crates[0][1]}{closed}{between}{section.date if date else ''}{ended}"


def _linked(lines: Sequence[str], section: Section, end: str) -> Iterator[str]:
    """The lines, with the link of what is unreleased moved on, and one for the version below it."""
    for line in lines:
        found = _LINK.fullmatch(line)
        if found is None or not section.tag or section.is_shared:
            yield line
            continue
        yield f"{found[1]}{section.tag}{found[3]}HEAD{end}"
        start = re.sub(r"^\[[^\]]*\]", f"[{section.crates[0][1]}]", found[1])
        yield f"{start}{found[2]}{found[3]}{section.tag}{end}"
