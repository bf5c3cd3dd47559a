"""What an index says of the newest version of each compatibility bucket, as one line of text: what guards ask for.

And, in another such line, which Rust every version declares: where none is old enough, all of them are looked at.

A requirement is met by the top of a bucket, or hardly ever by another version.  With these in the meta row a guard
reads no index file: nothing to unpack, no digest to compare, no JSON.  Other versions are read from the file itself.

Releases end with `_RELEASE`, their rows with `_ROW`, and the fields of a row with `_FIELD`.  A release that holds one
of these itself, or a space in a feature's name, is left out.
"""

from __future__ import annotations

from batuta_hooks.domain.release import IndexDependency, Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_RELEASE, _ROW, _FIELD = "\x1d", "\x1e", "\t"
_MARKS = (_RELEASE, _ROW, _FIELD, "\n", "\r")
_MOST_BUCKETS = 24
_MOST_CHARACTERS = 1 << 16
_HEAD = 384  # bytes that hold a line's name and version


def summarize_tops(data: bytes, crate: str, versions: Sequence[str]) -> str:
    """The text for an index file.

    Args:
        versions: those that are not yanked.
    """
    from batuta_hooks.registry.index import release

    parts: list[str] = []
    left = _MOST_CHARACTERS
    for version in _tops(versions):
        found = release(data, version, crate)
        part = "" if found is None or found.yanked else _written(found)
        left -= len(part)
        if left < 0:
            break
        if part:
            parts.append(part)
    return _RELEASE.join(parts)


def _tops(versions: Sequence[str]) -> list[str]:
    """The newest version of each bucket, the newest bucket first; a pre-release where there is nothing else."""
    from batuta_hooks.domain.version_text import read_version

    tops: dict[tuple[int, ...], tuple[tuple[object, ...], str]] = {}
    for text in versions:
        version = read_version(text)
        if version is not None:
            rank = (not version.pre, *version.precedence)
            known = tops.get(version.bucket)
            if known is None or known[0] < rank:
                tops[version.bucket] = rank, text
    return [text for _, text in sorted(tops.values(), reverse=True)[:_MOST_BUCKETS]]


def _written(release: Release) -> str:
    head = [release.version, release.name, release.checksum]
    head += [_optional(text) for text in (release.links, release.rust_version, release.published_at)]
    rows = [head]
    for one in release.dependencies:
        flags = f"{one.optional:d}{one.default_features:d}"
        texts = [" ".join(one.features), flags, _optional(one.target), one.kind, _optional(one.registry)]
        rows.append(["n", one.name, one.package, one.requirement, *texts])
    rows += [["f", name, " ".join(values)] for name, values in release.features.items()]
    words = [word for one in release.dependencies for word in one.features]
    words += [word for values in release.features.values() for word in values]
    if any(not word or " " in word for word in words):
        return ""
    if any(mark in field for row in rows for field in row for mark in _MARKS):
        return ""
    return _ROW.join(_FIELD.join(row) for row in rows)


def _optional(text: str | None) -> str:
    return "" if text is None else f"={text}"


def top_release(text: str, version: str) -> Release | None:
    """What a text of `summarize_tops` says of a version; ``None`` where it says nothing."""
    start = f"{version}{_FIELD}"
    for part in text.split(_RELEASE):
        if part.startswith(start):
            try:
                return _read(part)
            except (ValueError, IndexError):
                return None  # of another form than this version writes
    return None


def _read(part: str) -> Release:
    head, *rows = part.split(_ROW)
    version, name, checksum, links, rust_version, published_at = head.split(_FIELD)
    needs: list[IndexDependency] = []
    features: dict[str, tuple[str, ...]] = {}
    for row in rows:
        fields = row.split(_FIELD)
        if fields[0] == "f":
            features[fields[1]] = tuple(fields[2].split())
        else:
            _, name_there, package, requirement, asked, flags, target, kind, registry = fields
            is_optional, has_defaults = flags[0] == "1", flags[1] == "1"
            more = is_optional, has_defaults, _text(target), kind, _text(registry)
            needs.append(IndexDependency(name_there, package, requirement, tuple(asked.split()), *more))
    texts = _text(links), _text(rust_version), _text(published_at)
    return Release(name, version, False, checksum, tuple(needs), features, *texts)


def _text(field: str) -> str | None:
    return field[1:] if field else None


def summarize_rust(data: bytes, crate: str, versions: Sequence[str]) -> str:
    """The Rust that each version declares, as words ``1.70*3`` or ``-*2`` for the next so many; ``-`` for none.

    Empty where the lines are not spelled as crates.io spells them: then they have to be read.
    """
    from batuta_hooks.domain.manifest_schema_names import rust_version

    spelled, key = crate.lower().encode(), b'"rust_version"'
    told: dict[str, str] = {}
    for line in data.split(b"\n"):
        if not line:
            continue
        head = line[:_HEAD].split(b'"', 8)
        if len(head) != 9 or (head[1], head[5]) != (b"name", b"vers") or head[3].lower() != spelled or b"\\u" in line:
            return ""
        place, text = line.rfind(key), "-"
        if place >= 0:
            mark, _, rest = line[place + len(key) :].partition(b'"')
            text = rest.partition(b'"')[0].decode("ascii", "replace")
            if mark.rstrip(b" ") != b":" or rust_version(text) is None or text.split() != [text]:
                return ""
        told[head[7].decode("ascii", "replace")] = text
    words: list[tuple[str, int]] = []
    for version in versions:
        text = told.get(version, "")
        if not text:
            return ""
        if words and words[-1][0] == text:
            words[-1] = text, words[-1][1] + 1
        else:
            words.append((text, 1))
    return " ".join(f"{text}*{count}" for text, count in words)


def read_rust(text: str, versions: Sequence[str]) -> dict[str, str]:
    """The Rust that each version declares, empty for none, from a text of `summarize_rust`; nothing where it is none.

    Args:
        versions: those that the text was made for.
    """
    told: list[str] = []
    for word in text.split():
        rust, _, count = word.partition("*")
        if not count.isdecimal() or int(count) > len(versions):
            return {}
        told += ["" if rust == "-" else rust] * int(count)
    return dict(zip(versions, told, strict=True)) if len(told) == len(versions) else {}
