"""What is read as TOML, and where it is refused: as real cargo does."""

from __future__ import annotations

import os
import re
import sys
import tarfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.toml_document import read_document
from batuta_hooks.domain.toml_text import MAX_BYTES, TomlFault, read_toml
from tests.support.cargo import Verdict, load
from tests.support.process import run, unmeasured

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

# Everything under test stands below this, where cargo takes any TOML.
HEAD = '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n[package.metadata.x]\n'
HEAD_LINES = HEAD.count("\n")

PLACE = re.compile(r"--> .*Cargo\.toml:(\d+):(\d+)")


class Refused(NamedTuple):
    """Cargo's verdict on a text below `HEAD`: line and column counted within the text, and what its reason begins with.

    The line is 0 where cargo names no place; the place that we name is not compared then.
    """

    line: int
    column: int
    reason: str


def nested(opening: str, closing: str, depth: int) -> str:
    """A value of so many brackets."""
    return f"a = {opening * depth}{'1' if closing == '}' else ''}{closing * depth}\n"


def dotted(parts: int) -> str:
    """A key of so many parts."""
    return ".".join("a" * parts)


RECURSION = "cannot recurse further"
BASIC = "invalid basic string"
RETURN = "carriage return must be followed by newline"
QUOTED = "string values must be quoted"
UNDERSCORE = "`_` may only go between digits"

CASES: dict[str, tuple[str, Refused | None]] = {
    # line ends and characters
    "CRLF": ('a = 1\r\nb = """x\r\ny"""\r\n', None),
    "bare CR between pairs": ("a = 1\rb = 2\n", Refused(1, 7, RETURN)),
    "CR before CRLF": ("a = 1\r\r\n", Refused(1, 7, RETURN)),
    "CR in a string": ('a = "x\ry"\n', Refused(1, 7, BASIC)),
    "CR in a multi-line string": ('a = """x\ry"""\n', Refused(1, 10, RETURN)),
    "CR in a comment": ("# x\ry\n", Refused(1, 5, RETURN)),
    "NUL in a string": ('a = "x\0y"\n', Refused(1, 7, BASIC)),
    "NUL in a comment": ("# x\0y\n", Refused(1, 4, "invalid comment character")),
    "NUL in a key": ("a\0 = 1\n", Refused(1, 2, "invalid unquoted key")),
    "NUL only": ("\0" * 20, Refused(1, 21, "key with no value")),
    "DEL": ('a = "\x7f"\n', Refused(1, 6, BASIC)),
    "DEL in a literal string": ("a = '\x7f'\n", Refused(1, 6, "invalid literal string")),
    "C1 controls are text": ('a = "\x85" # \x85\n', None),
    "wide characters count once": ('a = "é𝄞"\x01\n', Refused(1, 9, "unexpected key or value")),
    "a byte order mark inside": ("\ufeffa = 1\n", Refused(1, 1, "invalid unquoted key")),
    # numbers
    "i64 max": ("a = 9223372036854775807\n", None),
    "i64 min": ("a = -9223372036854775808\n", None),
    "above i64": ("a = 9223372036854775808\n", Refused(1, 5, "")),
    "below i64": ("a = -9223372036854775809\n", Refused(1, 5, "")),
    "hexadecimal above i64": ("a = 0xFFFFFFFFFFFFFFFF\n", Refused(1, 5, "")),
    "5,000 digits": (f"a = {'9' * 5000}\n", Refused(1, 5, "integer number overflowed")),
    "an overflow is said last": ("a = 9223372036854775808\nb = yes\n", Refused(2, 5, QUOTED)),
    "float overflow": ("a = 1e999\n", Refused(1, 5, "floating-point number overflowed")),
    "negative float overflow": ("a = -1e999\n", Refused(1, 5, "floating-point number overflowed")),
    "infinities": ("a = inf\nb = -inf\nc = nan\n", None),
    "underscore after a sign": ("a = -_1\nb = +_0.5\n", None),
    "hexadecimal in a decimal": ("a = 1_a\n", Refused(1, 5, "integer number overflowed")),
    "double underscore": ("a = 1__0\n", Refused(1, 0, UNDERSCORE)),
    "leading zero": ("a = 01\n", Refused(1, 5, "unexpected leading zero")),
    "no digits after the radix": ("a = 0x\n", Refused(1, 5, "integer number overflowed")),
    "signed hexadecimal": ("a = +0x1\n", Refused(1, 5, "integers with a radix cannot be signed")),
    "no fraction": ("a = 1.\n", Refused(1, 0, "invalid fraction")),
    "no mantissa": ("a = .1\n", Refused(1, 5, "invalid mantissa")),
    # dates and times
    "TOML 1.1 time": ("a = 07:32\nb = 1979-05-27 07:32Z\n", None),
    "year 0": ("a = 0000-02-29\n", None),
    "leap second": ("a = 1979-05-27T07:32:60Z\nb = 23:59:60.5\n", None),
    "second 61": ("a = 07:32:61\n", Refused(1, 5, "invalid time")),
    "30 February": ("a = 2021-02-30\n", Refused(1, 5, "invalid date")),
    "hour 24": ("a = 24:00:00\n", Refused(1, 5, "invalid time")),
    "offset of 24 hours": ("a = 1979-05-27T07:32:00+24:00\n", Refused(1, 5, "invalid")),
    # other scalars and strings
    "no value": ("a = \n", Refused(1, 5, QUOTED)),
    "bare word": ("a = yes\n", Refused(1, 5, QUOTED)),
    "True": ("a = True\n", Refused(1, 5, "invalid boolean, expected `true`")),
    "no opening quote": ('a = x"\n', Refused(1, 5, "missing opening quote")),
    "no closing quote": ('a = "x\nb = 1\n', Refused(1, 7, BASIC)),
    "no closing apostrophe": ("a = 'x\nb = 1\n", Refused(1, 7, "invalid literal string")),
    "opening quote only": ('a = "\n', Refused(1, 6, BASIC)),
    "backslash at the end of a line": ('a = "x\\\nb = 1\n', Refused(1, 8, BASIC)),
    "multi-line string without end": ('a = """x\nb = 1\n', Refused(2, 7, "invalid multi-line basic string")),
    "escapes of TOML 1.1": ('a = "\\e\\x41\\U0001F980"\n', None),
    "unknown escape": ('a = "\\q"\n', Refused(1, 7, "missing escaped value")),
    "too few digits": ('a = "\\u12"\n', Refused(1, 10, "too few unicode value digits")),
    "surrogate": ('a = "\\ud800"\n', Refused(1, 8, "invalid value")),
    "beyond Unicode": ('a = "\\U00110000"\n', Refused(1, 8, "invalid value")),
    "line continuation": ('a = """x \\  \n\n   y"""\n', None),
    "backslash before spaces": ('a = """x \\  y"""\n', Refused(1, 13, "invalid multi-line basic string")),
    "five quotes": ('a = """""x"""""\n', None),
    # keys and statements
    "no assignment": ("a\n", Refused(1, 2, "key with no value")),
    "two pairs on a line": ("a = 1 b = 2\n", Refused(1, 9, "unexpected key or value")),
    "two equals signs": ("a == 1\n", Refused(1, 4, "extra `=`")),
    "string behind a value": ('a = 1 "x"\n', Refused(1, 7, "unexpected key or value")),
    "quoted empty key": ('"" = 1\n', None),
    "no key": ("= 1\n", Refused(1, 1, "unquoted keys cannot be empty")),
    "no key after a dot": ("a. = 1\n", Refused(1, 4, "unquoted keys cannot be empty")),
    "bare key that is not ASCII": ("ab-é = 1\n", Refused(1, 4, "invalid unquoted key")),
    "multi-line key": ('"""a""" = 1\n', Refused(1, 1, "keys cannot be multi-line")),
    "stray brace": ("}\n", Refused(1, 1, "invalid key-value pair")),
    "stray bracket": ("]\n", Refused(1, 1, "missing table open")),
    # headers
    "header without end": ("[p\nb = 1\n", Refused(1, 3, "unclosed table")),
    "array header without end": ("[[p]\n", Refused(1, 5, "unclosed array table")),
    "empty header": ("[]\n", Refused(1, 2, "unquoted keys cannot be empty")),
    "text after a header": ("[p] b = 1\n", Refused(1, 5, "unexpected key or value")),
    "spaces between brackets": ("[ [p] ]\n", Refused(1, 3, "unquoted keys cannot be empty")),
    # arrays and inline tables
    "TOML 1.1 inline table": ("a = {\n b = 1, # c\n\n c = [1, 2,],\n}\n", None),
    "lines around an equals sign": ("a = { b\n =\n 1 }\n", None),
    "key without value in an inline table": ("a = { b }\nc = { d = }\n", None),
    "comma first": ("a = {,}\n", Refused(1, 6, "extra comma in inline table")),
    "comma twice": ("a = [1,,2]\n", Refused(1, 8, "extra comma in array")),
    "no comma": ("a = [\n 1\n 2\n]\n", Refused(3, 2, "missing comma between array elements")),
    "no comma in an inline table": ("a = { b = 1\n c = 2 }\n", Refused(2, 2, "missing comma between key-value pairs")),
    "table without key": ("a = { { b = 1 } }\n", Refused(1, 7, "missing key for inline table element")),
    "equals sign in an array": ("a = [b = 1]\n", Refused(1, 8, "unexpected `=` in array")),
    "equals sign after a value": ("a = { b = 1 = 2 }\n", Refused(1, 13, "extra assignment between key-value pairs")),
    "two keys": ("a = { b c = 1 }\n", Refused(1, 9, "missing assignment between key-value pairs")),
    "brackets cross": ("a = { b = 1 ]\n", Refused(1, 13, "invalid inline table element")),
    "brackets cross the other way": ("a = [ }\n", Refused(1, 7, "missing inline table opening")),
    "closing bracket alone": ("a = ]\n", Refused(1, 5, "missing array opening")),
    "array without end": ("a = [1,\n", Refused(1, 9, "unclosed array")),
    "array that ends in a comment": ("a = [1, # b\n# c", Refused(1, 8, "unclosed array")),
    "inline table that ends in a comment": ("a = { b = 1,\n# c", Refused(1, 13, "unclosed inline table")),
    "inline table without end": ("a = { b = 1,\n", Refused(1, 14, "unclosed inline table")),
    # who defines what
    "key twice": ("a = 1\nb = [\n 1\n]\na = 2\n", Refused(5, 1, "duplicate key")),
    "key twice in an inline table": ("a = {\n b = 1,\n b = 2 }\n", Refused(3, 2, "duplicate key")),
    "other spelling of a key": ('ab = 1\n"a\\u0062" = 2\n', Refused(2, 1, "duplicate key")),
    "table twice": ("[p]\n[p]\n", Refused(2, 2, "duplicate key")),
    "table over a value": ("p = 1\n[package.metadata.x.p]\n", Refused(2, 21, "duplicate key")),
    "table below a value": ("p = 1\n[package.metadata.x.p.q]\n", Refused(2, 21, "cannot extend value of type integer")),
    "key below an array": ("p = []\np.q = 1\n", Refused(2, 1, "cannot extend value of type array")),
    "key below an inline table": ("p = {}\np.q = 1\n", Refused(2, 1, "cannot extend value of type inline table")),
    "key below a table within braces": ("a = { p = {}, p.q = 1 }\n", Refused(1, 15, "duplicate key")),
    "key below a value within braces": (
        "a = { p = 1, p.q = 1 }\n",
        Refused(1, 14, "cannot extend value of type integer"),
    ),
    "key below a table with a header": ("[p.q]\n[p]\nq.r = 1\n", Refused(3, 1, "duplicate key")),
    "table below an inline table": ("p = { q.r = 1 }\n[package.metadata.x.p.q.s]\n", Refused(2, 21, "cannot extend")),
    "dotted key twice in a row": ("p.q = 1\np.r = 2\n", None),
    "table over a dotted key": ("p.q = 1\n[package.metadata.x.p]\n", Refused(2, 21, "duplicate key")),
    "super-table later": ("[p.b.c]\nx = 1\n[p]\nd.b = 1\n", None),
    "dots into what a header closed": ("[p.b.c]\nx = 1\n[p]\nb.d = 1\n", Refused(4, 3, "duplicate key")),
    "the same, quoted, CRLF": ('[ p.\'b\'."c" ] # ]\r\n["p"]\r\nb.d = 1\r\n', Refused(3, 3, "duplicate key")),
    "dots through an array of tables": ("[[p.a]]\n[p]\na.b.c = 1\n", None),
    "array of tables over a table": ("[p]\n[[p]]\n", Refused(2, 3, "duplicate key")),
    "array of tables over an array": ("[p]\nq = []\n[[p.q]]\n", Refused(3, 5, "duplicate key")),
    "table over an array of tables": ("[[p]]\n[p]\n", Refused(2, 2, "duplicate key")),
    "subtable of each element": ("[[p]]\n[p.q]\n[[p]]\n[p.q]\n", None),
    # limits
    "80 arrays": (nested("[", "]", 80), None),
    "81 arrays": (nested("[", "]", 81), Refused(1, 85, RECURSION)),
    "10,000 arrays": (nested("[", "]", 10_000), Refused(1, 85, RECURSION)),
    "10,000 arrays without end": ("a = " + "[" * 10_000, Refused(1, 85, RECURSION)),
    "80 inline tables": (nested("{b=", "}", 80), None),
    "81 inline tables": (nested("{b=", "}", 81), Refused(1, 245, RECURSION)),
    "10,000 inline tables": (nested("{b=", "}", 10_000), Refused(1, 245, RECURSION)),
    "key of 80 parts": (f"{dotted(80)} = 1\n", None),
    "key of 81 parts": (f"{dotted(81)} = 1\n", Refused(0, 0, "recursion limit")),
    "key of 10,000 parts": (f"{dotted(10_000)} = 1\n", Refused(0, 0, "recursion limit")),
    "header of 80 parts": (f"[{dotted(80)}]\n", None),
    "header of 81 parts": (f"[{dotted(81)}]\n", Refused(0, 0, "recursion limit")),
    "header of 10,000 parts": (f"[{dotted(10_000)}]\n", Refused(0, 0, "recursion limit")),
}

cases = pytest.mark.parametrize(("text", "refused"), CASES.values(), ids=CASES)


def fault_in(text: str) -> TomlFault | None:
    """How `text` is refused, if it is."""
    try:
        read_toml(text.encode())
    except TomlFault as fault:
        return fault
    return None


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a package that cargo loads as soon as it can read it."""
    package = tmp_path_factory.mktemp("package")
    (package / "src").mkdir()
    (package / "src" / "lib.rs").touch()
    return package / "Cargo.toml"


def ask_cargo(manifest: Path, text: str) -> tuple[Verdict, tuple[int, int] | None]:
    """Cargo's verdict on a whole manifest, and the line and column that it names."""
    manifest.write_bytes(text.encode())
    verdict = load(manifest)
    place = PLACE.search(verdict.said)
    return verdict, (int(place[1]), int(place[2])) if place else None


@cases
def test_reads_and_refuses_as_the_table_says(text: str, refused: Refused | None) -> None:
    """Each case is read, twice the same, or refused at its line and column with its reason."""
    fault = fault_in(HEAD + text)
    if refused is None:
        assert fault is None
        assert repr(read_document(HEAD + text)) == repr(read_toml((HEAD + text).encode()))
        return
    assert fault is not None
    assert fault.reason.startswith(refused.reason)
    assert str(fault) == fault.reason
    if refused.line:
        assert fault.line == HEAD_LINES + refused.line
    if refused.column:
        assert fault.column == refused.column


@pytest.mark.cargo
@cases
def test_cargo_says_what_the_table_says(manifest: Path, text: str, refused: Refused | None) -> None:
    """The table is cargo's: it loads what is read, and refuses the rest in the same place with the same reason."""
    verdict, place = ask_cargo(manifest, HEAD + text)
    assert verdict.accepted == (refused is None), verdict.said
    if refused is None:
        return
    assert f"error: {refused.reason}" in verdict.said
    if refused.column:
        assert place == (HEAD_LINES + refused.line, refused.column)
    else:
        assert (place is None) == (refused.line == 0)


SEEDS = [
    "[p.b.c]\nx = 1\n[p]\nd.b = 1\ne = { f = 1, g.h = [1, 2, {i = 3}] }\n[[q]]\nr = \"x\"\n[q.s]\nt = 'l'\n[[q]]\n",
    'a = """ml\n [x]\n b = 1 """\nc = \'\'\'\n\'\'x\'\'\'\nd = "\\u00e9 \\t"\n"a b"."b" = 1\nf = {\n a = {}, # c\n}\n',
    "i = 1_000\nh = 0xdead_beef\nf = 6.26e-3\nt = true\nd = 1979-05-27T07:32:00.9-07:00\nl = 07:32\nn = -inf\n",
    "[[w.a]]\nx.y = 1\n[w]\nz.q = { w.e = 1, w.r = [ {t.y = 2}, {} ] }\nc = { d\n = \n 1 }\n",
]
TOKENS = [
    *"[]{}=,.\"'# \t\n\r\\ab10_-+e:TZ\0",
    *(
        '"""',
        "'''",
        "\r\n",
        "\\u",
        "x1",
        "true",
        "inf",
        "é",
        "07:32",
        "a = 1\n",
        "[a]\n",
        "[[a]]\n",
        "a.b = 2\n",
        "[a.b]\n",
    ),
    *("{}", "[]", "0x", "1.", "{b}", "{b=}", "p", "b.c", "q", "[p]\n", "[p.b]\n", "['p']\n", "\\\n", "-_1", "00", "60"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A healthy text with one to three tokens put in, taken out or doubled somewhere."""
    text: str = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.sampled_from([0, 0, 0, 1, 1, 4, 12]))
        text = text[:at] + draw(st.sampled_from([*TOKENS, "", text[at : at + 20]])) + text[at + cut :]
    return text


@pytest.mark.cargo
@pytest.mark.slow
@settings(max_examples=400)
@given(text=mutated())
def test_cargo_agrees_on_mutations(manifest: Path, text: str) -> None:
    """On broken and healthy texts alike cargo says the same, and where it refuses it names the same line."""
    verdict, place = ask_cargo(manifest, HEAD + text)
    fault = fault_in(HEAD + text)
    assert (fault is None) == verdict.accepted, verdict.said
    if fault is not None and place is not None:
        assert fault.line == place[0], verdict.said


@given(text=mutated())
def test_both_readings_are_one(text: str) -> None:
    """What tomli reads and the second reading accepts has the same values; what is refused has a place in the text."""
    fault = fault_in(text)
    if fault is None:
        values = read_toml(text.encode())
        assert repr(read_document(text)) == repr(values)  # repr: not a number equals itself
        if (by_tomli := by_plain_tomli(text)) is not None:
            assert repr(by_tomli) == repr(values)
        return
    assert fault.line is not None
    assert fault.column is not None
    lines = text.split("\n")
    assert 1 <= fault.line <= len(lines)
    assert 1 <= fault.column <= len(lines[fault.line - 1]) + 2


def by_plain_tomli(text: str) -> dict[str, Any] | None:
    """What tomli alone makes of a text."""
    try:
        return tomli.loads(text)
    except ValueError:
        return None


@given(
    data=st.one_of(
        st.binary(max_size=200), st.text(alphabet="[]{}=.,\"'\\\n\r#a1 \ufeff\0", max_size=60).map(str.encode)
    )
)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """Whatever the bytes, there are values or a fault with a place."""
    values, fault = None, None
    try:
        values = read_toml(data)
    except TomlFault as caught:
        fault = caught
    assert isinstance(values, dict) or (fault and fault.reason and fault.line and fault.column)


def test_empty_document_is_an_empty_table() -> None:
    """Nothing, spaces and a lone byte order mark are documents too."""
    assert read_toml(b"") == read_toml(b" \n\n") == read_toml(b"\xef\xbb\xbf") == {}


def test_byte_order_mark_is_legal_and_no_character() -> None:
    """One mark is skipped and not counted; the second is part of a key."""
    assert read_toml(b"\xef\xbb\xbfa = 1\r\n") == {"a": 1}
    for data, place in ((b"\xef\xbb\xbfa = yes\n", (1, 5)), (b"\xef\xbb\xbf\na = yes\n", (2, 5))):
        with pytest.raises(TomlFault) as caught:
            read_toml(data)
        assert (caught.value.line, caught.value.column) == place
    with pytest.raises(TomlFault):
        read_toml(b"\xef\xbb\xbf\xef\xbb\xbfa = 1\n")


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"\xff", 1, 1),
        ("é = 'é".encode()[:-1], 1, 6),
        (b'a = 1\nb = "\xc3("\n', 2, 6),
        (b"\xef\xbb\xbfab\xed\xa0\x80", 1, 3),
        (b"a = 1\r\n\xc3\xa9\xc0\x80", 2, 2),
        (b"\xff\xfe[\0p\0]\0", 1, 1),
    ],
)
def test_bytes_that_are_not_utf8(data: bytes, line: int, column: int) -> None:
    """The place is that of the first byte that is no UTF-8."""
    with pytest.raises(TomlFault) as caught:
        read_toml(data)
    assert "UTF-8" in caught.value.reason
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.cargo
def test_cargo_names_bytes_that_are_not_utf8(manifest: Path) -> None:
    """Cargo's reason is the same."""
    manifest.write_bytes(HEAD.encode() + b"a = '\xff'\n")
    verdict = load(manifest)
    assert not verdict.accepted
    assert "not valid utf-8" in verdict.said


def test_values_that_only_cargo_reads() -> None:
    """What tomli refuses and cargo reads has values too: dates that Python lacks are their text."""
    text = b"a = 0000-01-01\nb = 1979-05-27 23:59:60Z\nc = { e\n = 1, f = }\ng = -_17\n"
    assert read_toml(text) == {"a": "0000-01-01", "b": "1979-05-27 23:59:60Z", "c": {"e": 1}, "g": -17}


def test_a_larger_document_is_refused_unread() -> None:
    """Above the bound nothing is parsed."""
    healthy = b"a = 1\n"
    comment = b"#" * (MAX_BYTES - len(healthy) - 1) + b"\n"
    assert read_toml(healthy + comment) == {"a": 1}
    with pytest.raises(TomlFault, match="larger than"):
        read_toml(healthy + comment + b"\n")


def test_depth_of_a_result_is_bounded() -> None:
    """Dotted keys within inline tables reach a depth that cargo reads; ours ends before any walk over it would."""
    level = dotted(80)

    def text(levels: int) -> bytes:
        return f"{level} = {f'{{{level} = ' * levels}1{'}' * levels}\n".encode()

    values: Any = read_toml(text(5))
    for _ in range(480):
        values = values["a"]
    assert values == 1
    with pytest.raises(TomlFault, match=RECURSION):
        read_toml(text(7))


MEGABYTES = 5_000_000
HUGE = {
    "healthy": "".join(f'key{i} = "value {i}"\n' for i in range(MEGABYTES // 28)),
    "truncated": "".join(f'key{i} = "value {i}"\n' for i in range(MEGABYTES // 28)) + "x = [",
    "one string": f'a = "{chr(92)}n' + "x\\n" * (MEGABYTES // 3) + '"',
    "one open string": 'a = """' + '""\\' * (MEGABYTES // 3),
    "one number": f"a = {'1' * MEGABYTES}.0\n",
    "one array": f"a = [{'1,' * (MEGABYTES // 2)}]\n",
    "brackets": "[" * MEGABYTES,
    "dots": f"a = 1\n{'a.' * (MEGABYTES // 2)}a = 1\n",
    "long keys": "".join(f"{dotted(900)}.b{i} = 1\n" for i in range(MEGABYTES // 1800)),
    "keys of 80 parts": "".join(f"[{dotted(79)}.b{i}]\nx.y = 1\n" for i in range(MEGABYTES // 170)),
    "NUL": "\0" * MEGABYTES,
    "lines like headers": '["a", "b"],\n' * (MEGABYTES // 12),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_five_megabytes_are_judged_in_bounded_time(text: str) -> None:
    """Five megabytes of anything take seconds; healthy ones are read."""
    started = time.process_time()
    fault = fault_in(text)
    assert time.process_time() - started < 120
    assert (fault is None) == (
        text in (HUGE["healthy"], HUGE["one string"], HUGE["one array"], HUGE["keys of 80 parts"])
    )


@pytest.mark.slow
def test_two_thousand_broken_manifests_in_one_process() -> None:
    """Time per fault stays small, and nothing of a refused text is kept."""
    broken = [HEAD + text for text, refused in CASES.values() if refused and len(text) < 5000]
    ballast = "".join(f'dependency-{i} = {{ version = "1.{i}", path = "../{i}" }}\n' for i in range(40))

    def refuse(numbers: range) -> None:
        for number in numbers:
            assert fault_in(f"{broken[number % len(broken)]}# {number}\n[y{number}]\n{ballast}a = [") is not None

    refuse(range(len(broken)))
    started = time.process_time()
    refuse(range(2000))
    assert time.process_time() - started < 60
    tracemalloc.start()
    try:
        refuse(range(100))
        before, _ = tracemalloc.get_traced_memory()
        refuse(range(100, 600))
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
    assert peak < 20_000_000


def test_a_healthy_document_loads_no_second_reading() -> None:
    """A guard's clean path imports the light module alone; a fault brings in the rest."""
    script = (
        "import sys\n"
        "from batuta_hooks.domain.toml_text import TomlFault, read_toml\n"
        "def rest(): return sorted(m.rpartition('.')[2] for m in sys.modules if 'domain.toml_' in m)\n"
        "read_toml(b'[a.b]\\nc = 1\\n')\n"
        "print(*rest())\n"
        "try: read_toml(b'[a')\n"
        "except TomlFault: print(*rest())\n"
    )
    done = run([sys.executable, "-c", script], env=unmeasured())
    assert done.stdout.split("\n") == ["toml_text", "toml_document toml_grammar toml_text", ""]


def real_manifests() -> Iterator[tuple[str, bytes]]:
    """Every manifest and cargo configuration of the real data, with a name."""
    for path in sorted((REAL_DATA / "paiml").rglob("Cargo.toml")):
        yield str(path.relative_to(REAL_DATA)), path.read_bytes()
    with tarfile.open(REAL_DATA / "famous" / "manifests.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and member.name.endswith(".toml") else None
            if file:
                yield member.name, file.read()


@pytest.mark.slow
@pytest.mark.cargo
@pytest.mark.skipif(not (REAL_DATA / "famous").is_dir(), reason="needs BATUTA_REAL_DATA with paiml and famous")
def test_real_manifests_are_read_unless_cargo_cannot(manifest: Path) -> None:
    """Both readings of every real manifest are the same; the few that are refused cargo refuses in the same place."""
    refused = 0
    for name, data in real_manifests():
        text = data.decode()
        fault = fault_in(text)
        if fault is None:
            assert read_document(text) == read_toml(data), name
            continue
        refused += 1
        verdict, place = ask_cargo(manifest, text)
        assert place == (fault.line, fault.column), f"{name}: {verdict.said}"
    assert refused == 2
