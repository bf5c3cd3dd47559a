"""Cargo.lock files of every version that cargo reads, and what cargo refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.lockfile import CRATES_IO, LockedPackage, LockFault, read_lockfile, read_plain
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from tests.support.cargo import resolve
from tests.support.repos import package

DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")
INDEX, SPARSE = CRATES_IO
SUM = "1" * 64

NUMBERED = f"""\
version = 4

[[package]]
name = "here"
version = "0.1.0"
dependencies = ["log", "rand 0.8.5"]

[[package]]
name = "log"
version = "0.4.20"
source = "{INDEX}"
checksum = "{SUM}"
"""

FIRST = f"""\
[root]
name = "here"
version = "0.1.0"
dependencies = ["log 0.4.20 ({INDEX})"]

[[package]]
name = "log"
version = "0.4.20"
source = "{INDEX}"

[[package]]
name = "git"
version = "1.0.0"
source = "git+https://example.com/git#0123"

[metadata]
"checksum log 0.4.20 ({INDEX})" = "{SUM}"
"checksum git 1.0.0 (git+https://example.com/git#0123)" = "<none>"
"""


def test_numbered_format() -> None:
    """From version 2 on a package has its own checksum, and needs are spelled as short as they can be."""
    assert read_lockfile(NUMBERED.encode()) == [
        LockedPackage("here", "0.1.0", None, None, ("log", "rand 0.8.5")),
        LockedPackage("log", "0.4.20", INDEX, SUM, ()),
    ]


def test_first_format() -> None:
    """The first version has a root of its own and all checksums at the end."""
    assert read_lockfile(FIRST.encode()) == [
        LockedPackage("here", "0.1.0", None, None, (f"log 0.4.20 ({INDEX})",)),
        LockedPackage("log", "0.4.20", INDEX, SUM, ()),
        LockedPackage("git", "1.0.0", "git+https://example.com/git#0123", None, ()),
    ]


def test_sources() -> None:
    """crates.io is told from mirrors, git and folders, whichever protocol the lock was made with."""
    sources = {INDEX: True, SPARSE: True, None: False, "registry+https://example.com/index": False}
    for source, is_crates_io in sources.items():
        assert LockedPackage("a", "1.0.0", source, None, ()).is_from_crates_io is is_crates_io


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NUMBERED.replace('"rand 0.8.5"', '"rand"'), ""),
        (NUMBERED.replace("version = 4", "version = 3"), ""),
        (NUMBERED.replace("version = 4\n", ""), ""),
        (FIRST, ""),
        ("", ""),
        ("what = 1\n[[package]]\nname = 'here'\nversion = '0.1.0'\nwhat = 1\n", ""),
        (NUMBERED.replace("version = 4", "version = 5"), "version 5"),
        (NUMBERED.replace("version = 4", "version = 2"), "version 2"),
        (NUMBERED.replace("version = 4", "version = -1"), "no number"),
        (NUMBERED.replace("version = 4", 'version = "4"'), "no number"),
        (NUMBERED.replace("version = 4", "version = true"), "no number"),
        (NUMBERED + NUMBERED.partition("\n")[2], "`here` twice"),
        ("[[package]]\nname = 'x'\n", "without name or version"),
        ("[[package]]\nversion = '1.0.0'\n", "without name or version"),
        ("[[package]]\nname = 1\nversion = '1.0.0'\n", "`name` is no text"),
        ("[package]\nname = 'x'\nversion = '1.0.0'\n", "no list of tables"),
        ("package = ['x']\n", "no list of tables"),
        ("root = 'x'\n", "`root` is no table"),
        ("[[package]]\nname = 'x'\nversion = '1.0.0'\ndependencies = 'y'\n", "no list of texts"),
        ("[[package]]\nname = 'x'\nversion = '1.0.0'\ndependencies = [1]\n", "no list of texts"),
        ("[metadata]\nx = 1\n", "`x` is no text"),
        (f"[[package]]\nname = 'x'\nversion = 'one'\nsource = '{INDEX}'\n", "`x` has version 'one'"),
        ("<<<<<<< HEAD\n" + NUMBERED, "line 1: "),
    ],
)
def test_cargo_agrees(tmp_path: Path, text: str, said: str) -> None:
    """What is read here cargo reads too, and what is refused cargo refuses."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").touch()
    (tmp_path / "Cargo.toml").write_text(package("here"))
    (tmp_path / "Cargo.lock").write_text(text)
    judged = resolve(tmp_path / "Cargo.toml")
    assert judged.accepted is not bool(said), judged.said
    if said:
        with pytest.raises(LockFault) as caught:
            read_lockfile(text.encode())
        assert said in str(caught.value)
    else:
        read_lockfile(text.encode())


_KEYS = st.sampled_from(["name", "version"])
_VALUES = st.recursive(
    st.none() | st.integers(-5, 5) | st.sampled_from(["x", "1.0.0", INDEX]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=6,
)


def spelled(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {spelled(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value or 0)


@given(st.dictionaries(st.sampled_from(["version", "package", "root", "metadata", "patch"]), _VALUES), st.binary())
def test_any_document(table: dict[str, object], noise: bytes) -> None:
    """Whatever stands in it, the answer is a list of packages with name and version, or a fault."""
    for text in ("".join(f"{key} = {spelled(value)}\n" for key, value in table.items()).encode(), noise):
        try:
            packages = read_lockfile(text)
        except LockFault:
            continue
        assert {(type(one.name), type(one.version)) for one in packages} <= {(str, str)}


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the lock files of the real stack, see BATUTA_REAL_DATA")
def test_real_files() -> None:
    """Every real lock file is read; each package is there as plain TOML has it."""
    files = sorted(DATA.rglob("Cargo.lock"))
    assert len(files) > 40
    for file in files:
        try:
            table = read_toml(file.read_bytes())
        except TomlFault:
            continue
        found = read_lockfile(file.read_bytes())
        assert [(one.name, one.version) for one in found] == [(one["name"], one["version"]) for one in table["package"]]
        assert all(one.checksum for one in found if one.is_from_crates_io)


CARGOS = f"""\
# This file is automatically @generated by Cargo.
# It is not intended for manual editing.
version = 4

[[package]]
name = "here"
version = "0.1.0"
dependencies = [
 "log",
 "rand 0.8.5",
]

[[package]]
name = "log"
version = "0.4.20"
source = "{INDEX}"
checksum = "{SUM}"

[[package]]
name = "rand"
version = "0.8.5"
source = "{INDEX}"
checksum = "<none>"
dependencies = [
 "log",
]
"""


def as_any(text: str) -> list[LockedPackage] | str:
    """What the general reader makes of a text: a comment behind its last line keeps the quick one off."""
    try:
        return read_lockfile(f"{text}\n# \u00e9\n".encode())
    except LockFault as fault:
        return str(fault)


def test_cargos_own_way_of_writing() -> None:
    """What cargo writes is read without the general reader, and alike."""
    assert read_plain(CARGOS.encode()) == read_lockfile(CARGOS.encode()) == as_any(CARGOS)
    for other in (NUMBERED, FIRST, CARGOS.replace("log", "l\u00f6g"), CARGOS.replace("\n", "\r\n")):
        assert read_plain(other.encode()) is None


@pytest.mark.parametrize("text", [CARGOS, NUMBERED])
def test_equal_packages_are_one(text: str) -> None:
    """A thousand lock files that hold much the same take the room of one, whichever reader has read them."""
    first, second = read_lockfile(text.encode()), read_lockfile(f"{text}\n".encode())
    assert all(one is other for one, other in zip(first, second, strict=True))


LINES = CARGOS.split("\n")
PIECES = [*LINES, "[metadata]", "x = 1", " ", "# more", "version = 3", 'replace = "a 1.0.0"', '"', "]", "\t", ' "log"']


@given(
    st.lists(st.tuples(st.integers(0, len(LINES)), st.sampled_from(["drop", "put", "cut"]), st.sampled_from(PIECES)))
)
def test_the_quick_reader_agrees(changes: list[tuple[int, str, str]]) -> None:
    """Whatever is changed in a lock file, both readers make the same of it, or the quick one leaves it alone."""
    lines = list(LINES)
    for place, what, piece in changes:
        if what == "drop":
            del lines[place : place + 1]
        elif what == "put":
            lines.insert(place, piece)
        elif place < len(lines):
            lines[place] = lines[place][: len(piece)] + lines[place][len(piece) + 1 :]
    text = "\n".join(lines)
    try:
        plain: list[LockedPackage] | str | None = read_plain(text.encode()) and read_lockfile(text.encode())
    except LockFault as fault:
        plain = str(fault)
    assert plain is None or plain == [] or plain == as_any(text)
