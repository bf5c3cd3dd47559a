"""The file that a sparse index holds of a crate → its releases; pure.

One JSON object a line, one line a version, in any order.  Large crates are the rule: pmat's file has 5.9 MB.  So the
question that guards ask most, which versions there are and which of them are yanked, reads the two ends of a line, and
of the rest only whether it could matter.  A line spelled in another way than crates.io's own is read as JSON, and that
line alone, so the answer is a JSON reader's either way.  (Unless a line has the key `name` twice: no registry writes
that, cargo refuses it, nobody looks for it here.)

cargo keeps each line's version beside it and reads the line only when its version is asked for.  Likewise `versions`
looks at `name`, `vers`, `yanked`, `v` and `pubtime` alone, so that a line with damage elsewhere still lists a version;
`releases` and `release` look at all that cargo knows.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.names import InvalidCrateName, is_crate_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeVar

    from batuta_hooks.domain.release import Release

    _Dated = TypeVar("_Dated", "Listed", Release)

MAX_BYTES = 64 << 20
"""Larger index files are refused unread. Cargo has no such bound; the largest real one is about a tenth of it."""

NEWEST_SCHEMA = 2
"""The greatest `v` of a line that cargo 1.95 understands; it skips lines with a greater one."""

Span = tuple[int, int]
"""Where a line is: the offsets of its first byte and of the byte that ends it."""

_HEAD = 384  # bytes that hold `name` and `vers`, where these come first
_FIRST_KEYS = (b"{", b"name", b":", b",", b"vers", b":")
_QUOTE, _BACKSLASH, _LOWER_U = b'"\\u'
_LITERALS = {"true": True, "false": False, "null": None}
_AS_ZERO = str.maketrans("123456789", "000000000")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class IndexTooLarge(ValueError):
    """An index file has more than `MAX_BYTES`."""


class Listed(NamedTuple):
    """A version, as its text, whether it is yanked, and when it was published: `yyyy-mm-ddThh:mm:ssZ`, if known."""

    version: str
    yanked: bool
    published_at: str | None


class Refusal(NamedTuple):
    """A line that cargo does not offer, why (`damaged`, `newer` or `foreign`), and its version if that can be told."""

    why: str
    version: str = ""


class Skipped(NamedTuple):
    """How many lines say nothing.

    Attributes:
        damaged: they are not what an index holds: no JSON, a key missing or of another type, an ill-spelled value.
        newer: their schema (`v`) is newer than `NEWEST_SCHEMA`.
        foreign: they name another crate.
    """

    damaged: int = 0
    newer: int = 0
    foreign: int = 0


class Versions(NamedTuple):
    """The versions that an index file lists, in the order of their lines, and what was skipped."""

    listed: list[Listed]
    skipped: Skipped


class Releases(NamedTuple):
    """The releases that an index file lists, in the order of their lines, and what was skipped."""

    listed: list[Release]
    skipped: Skipped


def versions(data: bytes, name: str | None = None, lines: Sequence[Span] | None = None) -> list[tuple[str, bool]]:
    """Each version of a crate, as its text, and whether it is yanked; arguments and errors as for `list_versions`."""
    return [(listed.version, listed.yanked) for listed in list_versions(data, name, lines).listed]


def releases(data: bytes, name: str | None = None, lines: Sequence[Span] | None = None) -> list[Release]:
    """Each release of a crate; arguments and errors as for `list_versions`."""
    return list_releases(data, name, lines).listed


def list_versions(data: bytes, name: str | None = None, lines: Sequence[Span] | None = None) -> Versions:
    """The versions of a crate; where lines repeat a version the last one counts, as in cargo.

    Args:
        data: the index file, or cargo's copy of it.
        name: the crate, in any letter case, since the file's path is in lower case; else the one that the first line
            with a legal name speaks of.
        lines: where the lines are, else each ends with a newline. After each comes a byte that is no part of it.

    Raises:
        InvalidCrateName: the name is not legal.
        IndexTooLarge: the data exceeds `MAX_BYTES`.
    """
    found: dict[str, Listed] = {}
    counts = {"damaged": 0, "newer": 0, "foreign": 0}
    for _, _, line in _scan(data, *_checked(data, name, lines)):
        found.pop(line.version, None)
        if isinstance(line, Listed):
            found[line.version] = line
        else:
            counts[line.why] += 1
    return Versions(list(found.values()), Skipped(**counts))


def list_releases(data: bytes, name: str | None = None, lines: Sequence[Span] | None = None) -> Releases:
    """All that an index file says of a crate; arguments, order and errors as for `list_versions`."""
    from batuta_hooks.registry.index_lines import read_release

    found: dict[str, Release] = {}
    counts = {"damaged": 0, "newer": 0, "foreign": 0}
    wanted, places = _checked(data, name, lines)
    for start, end in places:
        line = read_release(data[start:end], wanted)
        found.pop(line.version, None)
        if isinstance(line, Refusal):
            counts[line.why] += 1
        else:
            found[line.version] = line
    return Releases(list(found.values()), Skipped(**counts))


def release(data: bytes, version: str, name: str | None = None, lines: Sequence[Span] | None = None) -> Release | None:
    """One version of a crate, of which alone the line is read in full; None where it is not there or damaged.

    The version is compared as text, build metadata included; other arguments and errors as for `list_versions`.
    """
    found_at = None
    wanted, places = _checked(data, name, lines)
    if b"\\u" not in data:  # else a line may spell the version's letters by their code points
        text = f'"{version}"'.encode()
        near = (place for place in places if data.find(text, *place) >= 0)
        places = _lines_with(data, text) if lines is None else near
    for start, end, line in _scan(data, wanted, places):
        if line.version == version:
            found_at = (start, end) if isinstance(line, Listed) else None
    if found_at is None:
        return None
    from batuta_hooks.registry.index_lines import read_release

    found = read_release(data[found_at[0] : found_at[1]], wanted)
    return None if isinstance(found, Refusal) else found


def as_of(entries: Iterable[_Dated], time: str) -> list[_Dated]:
    """What the index held at a time; yanks are undone, as the index does not say when they happened.

    Args:
        entries: versions or releases; those without a time of publication count as old.
        time: `yyyy-mm-ddThh:mm:ssZ`.

    Raises:
        ValueError: the time is spelled in another way.
    """
    if not is_publication_time(time):
        raise ValueError(f"{time[:40]!r} is not spelled yyyy-mm-ddThh:mm:ssZ")
    known = [entry for entry in entries if entry.published_at is None or entry.published_at <= time]
    return [entry._replace(yanked=False) if entry.yanked else entry for entry in known]


def is_publication_time(text: str) -> bool:
    """Whether a text is a time as `pubtime` spells it: `yyyy-mm-ddThh:mm:ssZ`, so that texts sort as times do."""
    if text.translate(_AS_ZERO) != "0000-00-00T00:00:00Z":
        return False
    month, day = text[5:7], text[8:10]
    if not ("01" <= month <= "12" and text[11:13] < "24" and text[14:16] < "60" and text[17:19] <= "60"):
        return False
    return "01" <= day <= "28" or _is_late_day(int(text[:4]), int(month), int(day))


def _is_late_day(year: int, month: int, day: int) -> bool:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 < day <= _DAYS[month - 1] + (month == 2 and is_leap)


def is_version(text: str) -> bool:
    """Whether the semver crate reads a text as a version; quick for those without pre-release and build metadata."""
    numbers = text.split(".", 3)
    if len(numbers) == 3 and text.isascii():
        for number in numbers:
            if not number.isdigit() or len(number) > 18 or (number[0] == "0" and number != "0"):
                break
        else:
            return True
    from batuta_hooks.domain.version_text import read_version

    return read_version(text) is not None


def _checked(data: bytes, name: str | None, lines: Sequence[Span] | None) -> tuple[str, Iterable[Span]]:
    if len(data) > MAX_BYTES:
        raise IndexTooLarge(f"an index file of more than {MAX_BYTES >> 20} MiB")
    if name is None:
        name = _own_name(data, _lines(data) if lines is None else lines)
    elif not is_crate_name(name):
        raise InvalidCrateName(name)
    return name, _lines(data) if lines is None else lines


def _own_name(data: bytes, lines: Iterable[Span]) -> str:
    """The crate that a file speaks of; empty, which is no line's name, where no line has a legal one."""
    for start, end in lines:
        head = data[start : min(end, start + _HEAD)].split(b'"', 4)
        if len(head) == 5 and head[:2] == [b"{", b"name"] and head[2].rstrip(b" ") == b":":
            name = head[3].decode("latin-1")
        else:
            from batuta_hooks.registry.index_lines import read_name

            name = read_name(data[start:end])
        if is_crate_name(name):
            return name
    return ""


def _lines(data: bytes, start: int = 0) -> Iterator[Span]:
    while start < len(data):
        end = data.find(b"\n", start)
        if end < 0:
            end = len(data)
        if end - start > 1:  # no object is shorter
            yield start, end
        start = end + 1


def _lines_with(data: bytes, text: bytes) -> Iterator[Span]:
    """The lines of `_lines` that hold a text."""
    place = data.find(text)
    while place >= 0:
        yield (line := next(_lines(data, data.rfind(b"\n", 0, place) + 1)))
        place = data.find(text, line[1])


def _scan(data: bytes, name: str, lines: Iterable[Span]) -> Iterator[tuple[int, int, Listed | Refusal]]:
    spelled = name.lower().encode()
    for start, end in lines:
        line = _glance(data, start, end, spelled)
        if line is None:
            from batuta_hooks.registry.index_lines import read_listed

            line = read_listed(data[start:end], name)
        yield start, end, line


def _glance(data: bytes, start: int, end: int, name: bytes) -> Listed | Refusal | None:
    """What a line says if it is valid JSON, by its two ends; None on any doubt.

    A quote in valid JSON opens or closes a string unless a backslash precedes it, so `"yanked"` is a string of its own;
    and if what follows it is a row of keys and plain values that ends with the line's last brace, it is a key of the
    line's own object.  Between the ends nothing may look like the other keys of interest.
    """
    if end >= len(data):  # the file may be cut short here
        return None
    after = min(end, start + _HEAD)
    head = data[start:after].split(b'"', 8)
    if len(head) != 9 or head[3].lower() != name:
        return None
    if (head[0], head[1], head[2].rstrip(b" "), head[4].rstrip(b" "), head[5], head[6].rstrip(b" ")) != _FIRST_KEYS:
        return None
    after -= len(head[8])
    tail = data.rfind(b'"yanked"', after, end)
    if tail < 0 or data[tail - 1] == _BACKSLASH:
        return None
    facts = _last_fields(data[tail:end].decode("latin-1"))
    if facts is None or _may_hold_a_key(data, after, tail):
        return None
    yanked, newest, published_at = facts["yanked"], facts.get("v"), facts.get("pubtime")
    if "pubtime" not in facts and data.find(b'"pubtime"', after, tail) >= 0:
        return None
    return _line(head[7].decode("latin-1"), yanked, newest, published_at)


def _line(version: str, yanked: object, schema: object, published_at: object) -> Listed | Refusal | None:
    if not is_version(version) or not (schema is None or type(schema) is int):
        return None
    if schema is not None and schema > NEWEST_SCHEMA:
        return Refusal("newer", version)
    if not (yanked is None or type(yanked) is bool):
        return None
    if published_at is None or (type(published_at) is str and is_publication_time(published_at)):
        return Listed(version, yanked is True, published_at)
    return None


def _may_hold_a_key(data: bytes, start: int, end: int) -> bool:
    """Whether `v` or another `vers` stands between, or a string that spells a letter by its code point: `\\u0076`."""
    place = data.find(b'"v', start, end)
    while place >= 0:
        if data[place + 2] == _QUOTE or data[place + 2 : place + 6] == b'ers"':
            return True
        place = data.find(b'"v', place + 2, end)
    place = data.find(b"\\", start, end)
    while place >= 0:
        if data[place + 1] == _LOWER_U:
            return True
        place = data.find(b"\\", place + 2, end)
    return False


def _last_fields(text: str) -> dict[str, object] | None:
    """The keys and values from `"yanked"` to the end of a line; None where they are not a plain row up to one brace."""
    parts = text.split('"')
    if len(parts) % 2 == 0 or "\\" in text or not (text.isascii() and text.isprintable()):
        return None
    fields: dict[str, object] = {}
    at, last = 1, len(parts) - 1
    while at < last and parts[at] not in fields:
        key, between = parts[at], parts[at + 1].strip(" ")
        if between == ":" and at + 2 < last:
            fields[key] = parts[at + 2]
            at += 2
            closing = parts[at + 1].strip(" ")
        else:
            value, closing = between[1:-1].strip(" "), between[-1:]
            if between[:1] != ":" or not (value in _LITERALS or _is_small_number(value)):
                return None
            fields[key] = _LITERALS[value] if value in _LITERALS else int(value)
        if closing == "}":
            return fields if at + 1 == last and "name" not in fields and "vers" not in fields else None
        if closing != ",":
            return None
        at += 2
    return None


def _is_small_number(text: str) -> bool:
    return text.isdigit() and len(text) < 10 and (text[0] != "0" or len(text) == 1)
