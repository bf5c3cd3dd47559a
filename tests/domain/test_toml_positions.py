"""Where keys, values and entries stand, in every spelling that TOML has for the same data."""

from __future__ import annotations

import datetime
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import assume, given
from hypothesis import strategies as st

from batuta_hooks.domain.toml_positions import MOST_ELEMENTS, Position, locate, locate_value
from batuta_hooks.domain.toml_text import TomlFault, read_toml

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

Key = tuple[str | int, ...]

MANIFEST = '''\
# [dependencies]
[package]
name = "sample"
description = """
[dependencies]
serde = "0"
"""
version.workspace = true

[dependencies] # serde = "9"
serde = "1"
"quo\\u0074ed" = { version = "1", path = "../quoted" }
toml-1-1 = {
    # version = "0"
    version = "1",
    features = [
        "a", "b",
        { not-cargos = 1 },
    ],
}
dotted.path = "../dotted"
dotted . version = "2"
other = "3"

[dependencies.tabled]
git = \'\'\'
https://example.invalid\'\'\'

features = []

[target.'cfg(unix)'.dev-dependencies."a.b".x]
y = 1

[[bin]]
name = "one"
[[bin]]
  name = "two"
  [bin.inner]
  deep = 1

[patch.crates-io]
'''

PLACES: dict[Key, tuple[tuple[int, int], tuple[int, int]]] = {
    # path → key, value
    ("package",): ((2, 2), (2, 2)),
    ("package", "description"): ((4, 1), (4, 15)),
    ("package", "version"): ((8, 1), (8, 1)),
    ("package", "version", "workspace"): ((8, 9), (8, 21)),
    ("dependencies",): ((10, 2), (10, 2)),
    ("dependencies", "serde"): ((11, 1), (11, 9)),
    ("dependencies", "quoted"): ((12, 1), (12, 17)),
    ("dependencies", "quoted", "path"): ((12, 34), (12, 41)),
    ("dependencies", "toml-1-1"): ((13, 1), (13, 12)),
    ("dependencies", "toml-1-1", "version"): ((15, 5), (15, 15)),
    ("dependencies", "toml-1-1", "features"): ((16, 5), (16, 16)),
    ("dependencies", "toml-1-1", "features", 1): ((17, 14), (17, 14)),
    ("dependencies", "toml-1-1", "features", 2, "not-cargos"): ((18, 11), (18, 24)),
    ("dependencies", "dotted"): ((21, 1), (21, 1)),
    ("dependencies", "dotted", "version"): ((22, 10), (22, 20)),
    ("dependencies", "tabled"): ((25, 15), (25, 15)),
    ("dependencies", "tabled", "git"): ((26, 1), (26, 7)),
    ("target",): ((31, 2), (31, 2)),
    ("target", "cfg(unix)"): ((31, 9), (31, 9)),
    ("target", "cfg(unix)", "dev-dependencies", "a.b"): ((31, 38), (31, 38)),
    ("target", "cfg(unix)", "dev-dependencies", "a.b", "x", "y"): ((32, 1), (32, 5)),
    ("bin",): ((34, 3), (34, 3)),
    ("bin", 0): ((34, 3), (34, 3)),
    ("bin", 0, "name"): ((35, 1), (35, 8)),
    ("bin", 1): ((36, 3), (36, 3)),
    ("bin", 1, "name"): ((37, 3), (37, 10)),
    ("bin", 1, "inner"): ((38, 8), (38, 8)),
    ("bin", 1, "inner", "deep"): ((39, 3), (39, 10)),
    ("patch", "crates-io"): ((41, 8), (41, 8)),
    # not there: the nearest ancestor
    ("dependencies", "serde", "path"): ((11, 1), (11, 9)),
    ("dependencies", "tabled", "features", 0): ((29, 1), (29, 12)),
    ("bin", 2, "name"): ((34, 3), (34, 3)),
    ("bin", "0"): ((34, 3), (34, 3)),
    ("build-dependencies", "cc"): ((1, 1), (1, 1)),
    (): ((1, 1), (1, 1)),
}


@pytest.mark.parametrize("spelling", ["plain", "CRLF", "byte order mark"])
@pytest.mark.parametrize("key", PLACES, ids=repr)
def test_places_in_a_manifest(key: Key, spelling: str) -> None:
    """Key and value of entries in every form; line ends and a byte order mark shift nothing."""
    text = {
        "plain": MANIFEST,
        "CRLF": MANIFEST.replace("\n", "\r\n"),
        "byte order mark": f"\ufeff{MANIFEST}",
    }[spelling]
    assert (locate(text, key), locate_value(text, key)) == PLACES[key]


def test_a_byte_order_mark_is_not_counted() -> None:
    """Columns of the first line are those of the text without its mark."""
    for text in ("[a.b]\nc = 1", "\ufeff[a.b]\nc = 1"):
        assert locate(text, ("a",)) == (1, 2)
        assert locate(text, ("a", "b", "c")) == (2, 1)


def test_an_own_header_is_the_place_of_a_table() -> None:
    """A table that is first implied and later has a header stands at the header; one without at its first mention."""
    text = "[a.b]\nc = 1\n[d]\n[a]\ne = 1\n[f.g]\n[f.h]\n"
    assert locate(text, ("a",)) == (4, 2)
    assert locate(text, ("f",)) == (6, 2)


def test_scattered_dotted_keys_are_not_taken_for_one_stretch() -> None:
    """A table that dotted keys spell in two places stands at the first; its entries stand where they are written."""
    text = 'a.path = "x"\nb = 1\na.version = "1"\n'
    assert locate(text, ("a",)) == (1, 1)
    assert locate(text, ("a", "version")) == (3, 3)


def test_elements_without_end_stand_where_their_array_does() -> None:
    """Of a hostile array only so many elements are noted; the rest has the array's own place."""
    text = "a = [" + "1," * (MOST_ELEMENTS + 1) + "]"
    assert locate(text, ("a", MOST_ELEMENTS - 1)) == (1, 6 + 2 * (MOST_ELEMENTS - 1))
    assert locate(text, ("a", MOST_ELEMENTS)) == (1, 1)


def test_elements_below_an_element_are_counted_anew() -> None:
    """An index counts within its own parent."""
    text = "[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]\nc = 2\n"
    assert locate(text, ("a", 1, "b", 1, "c")) == (8, 1)
    assert locate(text, ("a", 0, "b", 0, "c")) == (3, 1)
    assert locate(text, ("a", 1, "b", 0)) == (6, 5)


# Documents in which every leaf's value is its own, so that a value found is the entry wanted.

names = st.sampled_from(["a", "b", "c", "d-e", "1", "", "a.b", "é", "x y", "'", '"', "\\", "\t", "[a]", "#", "\u2028"])
COMMENTS = ["", "", "", " # a = 1", "\t# [a]", ' # """', " # '''"]
LINES = ["", "", "# [a]", "  # b = 1", "", "\t"]
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """Tables within tables and arrays, each leaf with a value that no other has."""
    number = iter(range(1000, 10_000))

    def leaf() -> Any:
        unique = next(number)
        forms: list[Any] = [
            unique,
            -unique,
            unique + 0.5,
            f"{unique}",
            f"[a]\nb = {unique}\n# ",
            f"'{unique}\"\\",
            f"'''\n{unique}",
            datetime.date(unique, 1, 1),
            datetime.datetime(unique, 1, 1, 7, 32, tzinfo=datetime.UTC),
        ]
        return draw(st.sampled_from(forms))

    def value(depth: int) -> Any:
        kind = draw(st.integers(0, 9))
        if depth > 3 or kind < 5:
            return leaf()
        if kind < 7:
            return [value(depth + 1) for _ in range(draw(st.integers(0, 3)))]
        if kind < 8:
            return [table(depth + 1) for _ in range(draw(st.integers(1, 3)))]
        return table(depth + 1)

    def table(depth: int) -> dict[str, Any]:
        return {name: value(depth) for name in draw(st.lists(names, max_size=4, unique=True))}

    return table(0)


class Writer:
    """Spells a tree as TOML, drawing among all the ways there are."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []

    def pick(self, *options: str) -> str:
        """One of some spellings."""
        return self.draw(st.sampled_from(options))

    def either(self) -> bool:
        """Heads or tails."""
        return self.draw(st.booleans())

    def name(self, name: str) -> str:
        """One part of a key."""
        options = [json.dumps(name), json.dumps(name, ensure_ascii=False)]
        options.append('"' + "".join(f"\\U{ord(character):08x}" for character in name) + '"')
        if name and BARE.issuperset(name):
            options += [name] * 6
        if not {"'", "\n"} & set(name):
            options.append(f"'{name}'")
        return self.pick(*options)

    def key(self, path: Sequence[str]) -> str:
        """A dotted key."""
        return self.pick(".", ".", " . ", ".\t").join(map(self.name, path))

    def scalar(self, value: Any) -> str:
        """A number, date or string."""
        if isinstance(value, datetime.date):
            return value.isoformat()
        if not isinstance(value, str):
            return repr(value)
        escaped = json.dumps(value)[1:-1]
        options = [
            f'"{escaped}"',
            f'"""\n{escaped}"""',
            '"""' + value.replace("\\", "\\\\").replace('"', '\\"') + '"""',
        ]
        if "'''" not in value:
            options.append(f"'''\n{value}'''")
        if not {"'", "\n"} & set(value):
            options.append(f"'{value}'")
        return self.pick(*options)

    def inline(self, value: Any) -> str:
        """Any value, on one line or on several."""
        if not isinstance(value, dict | list):
            return self.scalar(value)
        items = []
        if isinstance(value, list):
            items = list(map(self.inline, value))
        else:
            for name, item in value.items():
                items += [f"{self.key(path)} = {self.inline(below)}" for path, below in self.spread((name,), item)]
        opening, closing = "[]" if isinstance(value, list) else "{}"
        if self.either():
            return opening + " " + ", ".join(items) + " " + closing
        gap = self.pick("\n", " # a = [1]\n  ", "\n\n")
        comma = "," if items and self.either() else ""
        return opening + gap + f",{gap}".join(items) + comma + gap + closing

    def spread(self, path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        """A value under its key, or its entries each under a longer key."""
        if isinstance(value, dict) and value and len(path) < 4 and self.either():
            for name, below in value.items():
                yield from self.spread((*path, name), below)
        else:
            yield path, value

    def write(self, text: str) -> None:
        """A statement, perhaps with a comment, perhaps below lines that say nothing."""
        self.lines += self.draw(st.lists(st.sampled_from(LINES), max_size=1))
        self.lines.append(self.pick("", "", "  ") + text + self.pick(*COMMENTS))

    def table(self, path: tuple[str, ...], table: dict[str, Any]) -> None:
        """A table's own pairs, then those below that get headers."""
        below = []
        for name, value in table.items():
            headed = isinstance(value, dict) or (
                isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
            )
            if headed and self.either():
                below.append((name, value))
                continue
            for key, item in self.spread((name,), value):
                self.write(f"{self.key(key)}{self.pick(' = ', '=')}{self.inline(item)}")
        for name, value in below:
            if isinstance(value, list):
                for item in value:
                    self.write(f"[[{self.pick('', ' ')}{self.key((*path, name))}]]")
                    self.table((*path, name), item)
                continue
            implied = value and all(isinstance(item, dict) and item for item in value.values())
            if not implied or self.either():
                self.write(f"[{self.key((*path, name))}{self.pick('', ' ')}]")
            self.table((*path, name), value)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A tree and a spelling of it."""
    tree = draw(trees())
    writer = Writer(draw)
    writer.table((), tree)
    text = draw(st.sampled_from(["\n", "\r\n"])).join("\n".join(writer.lines).split("\n"))
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n"])), tree


def leaves(value: Any, path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every entry that is no table or array with entries, with its path."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    if not items:
        yield path, value
    for part, below in items:
        yield from leaves(below, (*path, part))


def offset_of(text: str, place: Position) -> int:
    """The place as an offset into the text."""
    marked = text.startswith("\ufeff") and place.line == 1
    return sum(len(line) + 1 for line in text.split("\n")[: place.line - 1]) + place.column - 1 + marked


def value_end(text: str, start: int, value: Any) -> int:
    """Where the value that starts at `start` ends: the shortest text there that tomli takes for just this value."""
    for end in range(start + 1, len(text) + 1):
        if end < len(text) and text[end] not in " \t\r\n,]}#":
            continue
        try:
            found = tomli.loads(f"v = {text[start:end]}")["v"]
        except tomli.TOMLDecodeError:
            continue
        if found == value and type(found) is type(value):
            return end
    raise AssertionError(f"no {value!r} at {text[start : start + 40]!r}")


def name_end(text: str, start: int, name: str) -> int:
    """Where the part of a key that starts at `start` and spells `name` ends."""
    for end in range(start + 1, len(text)):
        if text[end] not in " \t\r\n.=]":
            continue
        try:
            found = tomli.loads(f"{text[start:end]} = 0")
        except tomli.TOMLDecodeError:
            continue
        if found == {name: 0}:
            return end
    raise AssertionError(f"no {name!r} at {text[start : start + 40]!r}")


@given(document=documents())
def test_every_leaf_is_found_where_it_is_written(document: tuple[str, dict[str, Any]]) -> None:
    """At the key's place stand the key, an equals sign and, at the value's place, the value."""
    text, tree = document
    assume(read_or_none(text) == tree)
    for path, value in leaves(tree):
        if not path or (value in ({}, []) and locate_value(text, path) == locate(text, path)):
            continue
        key, start = offset_of(text, locate(text, path)), offset_of(text, locate_value(text, path))
        value_end(text, start, value)
        if isinstance(path[-1], int):
            assert key == start
        else:
            assert text[name_end(text, key, path[-1]) : start].strip(" \t\r\n") == "="
        assert locate(text, (*path, "missing")) == locate(text, path)


def read_or_none(text: str) -> dict[str, Any] | None:
    """What a text holds; None where cargo would refuse it."""
    try:
        return read_toml(text.encode())
    except TomlFault:
        return None


@given(document=documents())
def test_every_table_is_found_where_its_name_is_written(document: tuple[str, dict[str, Any]]) -> None:
    """At the place of a table or array stands its name."""
    text, tree = document
    assume(read_or_none(text) == tree)
    for leaf, _ in leaves(tree):
        for depth in range(1, len(leaf)):
            path = leaf[:depth]
            place = locate(text, path)
            # An element of an array is its own place; one of an array of tables has the name in its header.
            if isinstance(path[-1], str) or text[offset_of(text, place)] not in "[{":
                name = next(part for part in reversed(path) if isinstance(part, str))
                name_end(text, offset_of(text, place), name)


junk = st.text(alphabet="[]{}=.,\"'\\\n\r#a1 \ufeff\0é", max_size=60)


@given(text=junk, key=st.lists(st.one_of(st.sampled_from(["a", "1", "", "a1"]), st.integers(-1, 2)), max_size=4))
def test_nothing_is_raised_whatever_the_text(text: str, key: list[str | int]) -> None:
    """Any text and any path have a place within the text."""
    lines = text.split("\n")
    for place in (locate(text, key), locate_value(text, key)):
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = " + "[" * 10_000 + "]" * 10_000, (1, 1)),
        ("a = " + "{a=" * 10_000 + "1" + "}" * 10_000, (1, 1)),
        ("a." * 9_999 + "a = 1\n", (1, 1)),
        ("[" + "a." * 9_999 + "a]\n", (1, 1)),
        ("a = 1\n" + "[[b]]\n" * 10_000, (1, 1)),
        ("x = '''" + "[a]\n" * 10_000 + "'''\na = 1", (10_002, 1)),
    ],
)
def test_depth_and_length_do_not_matter(text: str, place: tuple[int, int]) -> None:
    """Deep and long texts are searched in linear time and without recursion."""
    found = locate(text, ("a",))
    assert found == place
    locate_value(text, ("a", 0) * 5_000)


def real_manifests() -> Iterator[tuple[str, str]]:
    """Every manifest of the real data, with a name."""
    for path in sorted((REAL_DATA / "paiml").rglob("Cargo.toml")):
        yield str(path.relative_to(REAL_DATA)), path.read_text(encoding="utf-8")
    with tarfile.open(REAL_DATA / "famous" / "manifests.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and member.name.endswith("/Cargo.toml") else None
            if file:
                yield member.name, file.read().decode()


def dependencies(table: dict[str, Any], path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every entry of every table of dependencies, wherever it stands."""
    for name, value in table.items():
        if isinstance(value, dict) and name.endswith("dependencies"):
            yield from (((*path, name, entry), below) for entry, below in value.items())
        elif isinstance(value, dict):
            yield from dependencies(value, (*path, name))


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_DATA / "famous").is_dir(), reason="needs BATUTA_REAL_DATA with paiml and famous")
def test_every_dependency_of_every_real_manifest_is_found() -> None:
    """In real manifests a dependency's located line holds its name, and what is written at its value's place is it."""
    found = 0
    for name, text in real_manifests():
        lines = text.split("\n")
        for path, value in dependencies(read_or_none(text) or {}):
            where = f"{name}: {path}"
            key, start = locate(text, path), locate_value(text, path)
            assert str(path[-1]) in lines[key.line - 1], where
            if start != key:
                value_end(text, offset_of(text, start), value)
            found += 1
    assert found > 5_000
