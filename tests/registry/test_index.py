"""Index files: the quick reading is a JSON reader's, and both see what cargo sees."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batuta_hooks.domain.release import IndexDependency, Release
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.registry.index import (
    MAX_BYTES,
    IndexTooLarge,
    Listed,
    Skipped,
    as_of,
    is_publication_time,
    is_version,
    list_releases,
    list_versions,
    release,
    releases,
    versions,
)
from batuta_hooks.registry.names import InvalidCrateName, sparse_path
from tests.registry.loopback import Registry, cargo_environment, index_line, lock, registry, write_package
from tests.registry.real_data import INDEX, index_files, needs
from tests.support.process import unmeasured

SAMPLE = (Path(__file__).parent / "data" / "index_lines.jsonl").read_text(encoding="utf-8").splitlines()
SAMPLE_NAMES = sorted({json.loads(line)["name"] for line in SAMPLE})
Spelling = Callable[[Any], str]
# crates.io's own spelling, and that of Python and other writers.
COMPACT: Spelling = lambda line: json.dumps(line, separators=(",", ":"))  # noqa: E731
SPELLINGS: dict[str, Spelling] = {
    "compact": COMPACT,
    "spaced": json.dumps,
    "keys in another order": lambda line: json.dumps(dict(sorted(line.items(), reverse=True))),
    "keys by name": lambda line: json.dumps(line, sort_keys=True, separators=(",", ":")),
    "tabs": lambda line: json.dumps(line, separators=("\t,\t", " : ")),
    "ended by CRLF": lambda line: json.dumps(line) + "\r",
}


def plain_dependency(entry: dict[str, Any]) -> IndexDependency:
    """A dependency as the index's documentation describes it, absent keys at their defaults."""
    return IndexDependency(
        name=entry["name"],
        package=entry.get("package") or entry["name"],
        requirement=entry["req"],
        features=tuple(feature for feature in entry.get("features", []) if feature),
        optional=entry.get("optional", False),
        default_features=entry.get("default_features", True),
        target=entry.get("target"),
        kind=entry.get("kind") or "normal",
        registry=entry.get("registry"),
    )


def plain_release(line: dict[str, Any]) -> Release:
    """A release as a plain reading of a healthy line has it."""
    features: dict[str, tuple[str, ...]] = {}
    for part in (line.get("features", {}), line.get("features2") or {}):
        for name, values in part.items():
            features[name] = features.get(name, ()) + tuple(values)
    return Release(
        name=line["name"],
        version=line["vers"],
        yanked=line.get("yanked") or False,
        checksum=line["cksum"],
        dependencies=tuple(plain_dependency(entry) for entry in line["deps"]),
        features=features,
        links=line.get("links"),
        rust_version=line.get("rust_version"),
        published_at=line.get("pubtime"),
    )


def check_file(data: bytes, name: str) -> None:
    """Hold every answer about a healthy index file against a plain JSON reading of it."""
    expected = [plain_release(json.loads(line)) for line in data.decode().splitlines()]
    assert list_releases(data, name) == (expected, Skipped())
    listed = [Listed(one.version, one.yanked, one.published_at) for one in expected]
    assert list_versions(data, name) == (listed, Skipped())
    assert versions(data) == [(one.version, one.yanked) for one in expected]
    assert release(data, expected[-1].version) == expected[-1]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_sample_equals_a_plain_reading(name: str, spelling: str) -> None:
    """Real lines of every shape, however they are spelled, give what a plain JSON reading gives."""
    lines = [SPELLINGS[spelling](line) for line in map(json.loads, SAMPLE) if line["name"] == name]
    check_file("".join(f"{line}\n" for line in lines).encode(), name)
    check_file("\n".join(lines).encode(), name)


@needs(INDEX)
@pytest.mark.slow
def test_real_index_equals_a_plain_reading() -> None:
    """Every crate of the real index: versions, yanks, features, dependencies and the rest, by both readings."""
    files = index_files()
    assert len(files) > 100
    for path, data in files.items():
        check_file(data, path.rpartition("/")[2])


@needs(INDEX)
@pytest.mark.slow
def test_each_real_release_can_be_asked_for_alone() -> None:
    """Asked for one by one, releases are the same as all together."""
    for path in ("3/s/syn", "qu/ot/quote", "un/ic/unicode-width", "ha/lf/half"):
        if data := index_files().get(path):
            for one in releases(data):
                assert release(data, one.version, path.rpartition("/")[2].upper()) == one


def modules_loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    wrapped = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", wrapped], env=unmeasured(), capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("spelling", ["compact", "spaced"])
def test_versions_of_usual_lines_need_no_json(spelling: str) -> None:
    """Every real shape of a line is read by its ends alone: a guard that asks for versions does not load `json`."""
    lines = ["".join(f"{SPELLINGS[spelling](json.loads(line))}\n").encode() for line in SAMPLE]
    code = f"from batuta_hooks.registry.index import versions\nfor line in {lines!r}: assert len(versions(line)) == 1"
    assert not {"json", "batuta_hooks.registry.index_lines", "typing", "re"} & modules_loaded_by(code)


# Lines that a file of the crate `probe` may hold; the version is that of the key's number, 1.0.N.
ODD_KEYS: dict[str, object] = {"unknown": {"yanked": True, "v": 9}, "audit": [[{"yanked": True}]], "x": None}
DEPENDENCY = {"name": "other", "req": "^1"}
GOOD: dict[str, dict[str, object]] = {
    "as it should be": {},
    "unknown keys": ODD_KEYS,
    "no yanked": {"yanked": ...},
    "yanked null": {"yanked": None},
    "no features": {"features": ...},
    "features2 null": {"features2": None},
    "v 0": {"v": 0},
    "v 1": {"v": 1},
    "v null": {"v": None},
    "v 2": {"v": 2, "features": {"a": ["b"], "b": []}, "features2": {"a": ["b"], "c": []}},
    "times": {"pubtime": "2024-02-29T23:59:59Z"},
    "time null": {"pubtime": None},
    "leap second": {"pubtime": "2016-12-31T23:59:60Z"},
    "rust version": {"rust_version": "1.70"},
    "links": {"links": "z"},
    "features that look like keys": {"features": {"yanked": [], "v": [], "vers": ["yanked"], "pubtime": ["v"]}},
    "a sparse dependency": {"deps": [{**DEPENDENCY, "optional": True}]},
    "empty feature": {"deps": [{**DEPENDENCY, "optional": True, "features": [""]}]},
    "unknown kind": {"deps": [{**DEPENDENCY, "optional": True, "kind": "odd"}]},
    "nulls": {"deps": [{**DEPENDENCY, "optional": True, "target": None, "kind": None, "registry": None}]},
    "unknown key of a dependency": {"deps": [{**DEPENDENCY, "optional": True, "yanked": True}]},
    "checksum of another length": {"cksum": "ab"},
}
BAD: dict[str, dict[str, object]] = {
    "no deps": {"deps": ...},
    "deps null": {"deps": None},
    "deps of texts": {"deps": ["other"]},
    "no checksum": {"cksum": ...},
    "checksum null": {"cksum": None},
    "features null": {"features": None},
    "features of texts": {"features": {"a": "b"}},
    "features of numbers": {"features": {"a": [1]}},
    "features2 of texts": {"features2": ["a"]},
    "links a number": {"links": 1},
    "rust version with operator": {"rust_version": ">=1.70"},
    "rust version a pre-release": {"rust_version": "1.70.0-beta"},
    "rust version a number": {"rust_version": 1.7},
    "dependency without requirement": {"deps": [{"name": "other"}]},
    "dependency without name": {"deps": [{"req": "^1"}]},
    "requirement ill-spelled": {"deps": [{"name": "other", "req": "^1 || ^2"}]},
    "target ill-spelled": {"deps": [{**DEPENDENCY, "target": "cfg(", "optional": True}]},
    "optional null": {"deps": [{**DEPENDENCY, "optional": None}]},
    "default features a text": {"deps": [{**DEPENDENCY, "default_features": "yes"}]},
    "package a number": {"deps": [{**DEPENDENCY, "package": 1}]},
}
# In these a key that every reading looks at is wrong.
BAD_FOR_ALL: dict[str, dict[str, object]] = {
    "yanked a number": {"yanked": 0},
    "yanked a text": {"yanked": "false"},
    "v a text": {"v": "1"},
    "v negative": {"v": -1},
    "v a fraction": {"v": 2.0},
    "v beyond 32 bits": {"v": 2**32},
    "v true": {"v": True},
    "time with a zone": {"pubtime": "2024-01-01T00:00:00+00:00"},
    "time with a space": {"pubtime": "2024-01-01 00:00:00Z"},
    "time without zeros": {"pubtime": "2024-1-1T00:00:00Z"},
    "time that never was": {"pubtime": "2023-02-29T00:00:00Z"},
    "time a number": {"pubtime": 1700000000},
    "v 3": {"v": 3},
    "v 3 with what is bad otherwise": {"v": 3, "deps": [{"name": "other"}]},
}
KINDS = {"good": GOOD, "bad": BAD, "bad for all": BAD_FOR_ALL}
CASES = [
    pytest.param(case, kind, id=f"{kind}: {name}") for kind, group in KINDS.items() for name, case in group.items()
]


@pytest.mark.parametrize(("case", "kind"), CASES)
def test_what_a_line_is_good_for(case: dict[str, object], kind: str) -> None:
    """`releases` keeps what cargo keeps; `versions` looks at its own keys alone; what is skipped is counted."""
    data = f"{index_line('probe', '1.0.0', **case)}\n{index_line('probe', '1.0.1')}\n".encode()
    full, short = list_releases(data, "probe"), list_versions(data, "probe")
    assert [one.version for one in full.listed] == ["1.0.0", "1.0.1"][kind != "good" :]
    assert [one.version for one in short.listed] == ["1.0.0", "1.0.1"][kind == "bad for all" :]
    assert (sum(full.skipped), sum(short.skipped)) == (kind != "good", kind == "bad for all")
    assert (full.skipped.newer == 1) == (case.get("v") == 3)
    assert (release(data, "1.0.0") is not None) == (kind == "good")


@pytest.fixture(scope="module")
def served() -> Iterator[Registry]:
    """A registry on loopback."""
    with registry() as running:
        yield running


def ask_cargo(served: Registry, folder: Path, lines: dict[str, str], requirements: dict[str, str]) -> tuple[bool, str]:
    """Whether cargo finds a version for each requirement where crates have these index files; and what it says."""
    files = {f"/index/{sparse_path(name)}": text.encode() for name, text in lines.items()}
    served.answer = files.get
    write_package(folder, "\n".join(f'{name} = "{requirement}"' for name, requirement in requirements.items()))
    (folder / ".cargo").mkdir()
    source = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+{served.url}/index/"\n'
    (folder / ".cargo" / "config.toml").write_text(source, encoding="utf-8")
    done = lock(folder, cargo_environment(folder / "home", served))
    return done.returncode == 0, done.stderr


@pytest.mark.cargo
def test_cargo_takes_each_good_line(served: Registry, tmp_path: Path) -> None:
    """The lines that are good here are good for the real cargo."""
    lines = {
        f"good-{number}": index_line(f"good-{number}", "1.0.0", **case) for number, case in enumerate(GOOD.values())
    }
    lines["other"] = index_line("other", "1.0.0")
    accepted, said = ask_cargo(served, tmp_path / "asker", lines, dict.fromkeys(lines, "=1.0.0"))
    assert accepted, said


@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.parametrize("case", [*BAD.values(), *BAD_FOR_ALL.values()], ids=[*BAD, *BAD_FOR_ALL])
def test_cargo_takes_no_bad_line(served: Registry, tmp_path: Path, case: dict[str, object]) -> None:
    """The real cargo chooses none of the lines that are bad here, though a healthy one beside it is fine."""
    text = f"{index_line('probe', '1.0.0', **case)}\n{index_line('probe', '1.0.1')}\n"
    lines = {"probe": text, "other": index_line("other", "1.0.0")}
    accepted, _ = ask_cargo(served, tmp_path / "one", lines, {"probe": "=1.0.0"})
    assert not accepted
    accepted, said = ask_cargo(served, tmp_path / "other", lines, {"probe": "=1.0.1"})
    assert accepted, said


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("second", "chosen"),
    [({"yanked": False}, True), ({"yanked": True}, False), ({"v": 3}, False), ({"deps": None}, False)],
)
def test_of_lines_with_one_version_the_last_counts(
    served: Registry, tmp_path: Path, second: dict[str, object], chosen: bool
) -> None:
    """As for cargo; one that is skipped hides the earlier one too."""
    text = f"{index_line('probe', '1.0.0')}\n{index_line('probe', '1.0.0', **second)}\n"
    assert [one.yanked for one in releases(text.encode())] in ([], [not chosen])
    assert any(not one.yanked for one in releases(text.encode())) == chosen
    assert ask_cargo(served, tmp_path / "asker", {"probe": text}, {"probe": "1"})[0] == chosen


NOT_JSON = [
    *("{", "}", "x", "null", "[]", '""', "12", "{}", "<html></html>", "{'name':'probe'}", "\x00\x00", "\ufeff{}"),
    index_line("probe", "1.0.0")[:-1],
    index_line("probe", "1.0.0") + ",",
    index_line("probe", "1.0.0").replace("false", "False"),
    index_line("probe", "1.0.0", odd=1).replace("1}", "NaN}"),
    index_line("probe", "1.0.0", odd=1).replace("1}", "-Infinity}"),
    index_line("probe", "1.0.0", links="x").replace('"x"', '"\\ud800"'),
    index_line("probe", "1.0.0", deep=1).replace("1}", "[" * 100_000 + "]" * 100_000 + "}"),
    index_line("probe", "1.0.0", number=1).replace("1}", "1" * 5000 + "}"),
    index_line("probe", "1.0"),
    index_line("probe", "01.0.0"),
    index_line("probe", "1.0.0 "),
    index_line("probe", ""),
    index_line("probe", "1.0.0", vers=1),
    index_line("probe", "1.0.0", vers=...),
    index_line("probe", "1.0.0", name=...),
    index_line("probe", "1.0.0", name=["probe"]),
]


@pytest.mark.parametrize("line", NOT_JSON, ids=range(len(NOT_JSON)))
def test_damaged_lines_are_counted_and_cost_no_other(line: str) -> None:
    """Whatever a line is, the next one is read, and nothing is raised."""
    data = f"{line}\n\n{index_line('probe', '1.0.1')}".encode()
    damaged = Skipped(damaged=int(len(line) > 1))  # what is too short for an object is passed over like an empty line
    assert list_versions(data, "probe") == ([Listed("1.0.1", False, None)], damaged)
    assert list_releases(data, "probe").skipped == damaged


@pytest.mark.parametrize("damage", [b'"deps":[NaN]', b'"deps":[', b'"deps":"\xff"', b'"deps":', b'"de\0ps":[]'])
def test_damage_between_the_ends_of_a_line(damage: bytes) -> None:
    """A line whose middle is no JSON still lists its version, as it does in cargo's cache; it is no release."""
    data = f"{index_line('probe', '1.0.0')}\n{index_line('probe', '1.0.1')}\n".encode().replace(b'"deps":[]', damage, 1)
    assert versions(data, "probe") == [("1.0.0", False), ("1.0.1", False)]
    assert list_releases(data, "probe").skipped == Skipped(damaged=1)
    assert [one.version for one in releases(data, "probe")] == ["1.0.1"]
    assert release(data, "1.0.0", "probe") is None


def test_texts_without_number_are_judged_without_number() -> None:
    """What is remembered of judged texts is bounded, and forgetting changes no answer."""
    dependencies = [{"name": "other", "req": f"^1.{number}", "features": []} for number in range(5000)]
    data = f"{index_line('probe', '1.0.0', deps=dependencies)}\n".encode()
    for _ in range(2):
        assert [one.requirement for one in releases(data)[0].dependencies] == [one["req"] for one in dependencies]


def test_other_encodings_are_no_index() -> None:
    """Bytes that are not UTF-8 damage their line; so does a file in UTF-16, which JSON readers may guess."""
    line = index_line("probe", "1.0.0", links="x")
    assert list_versions(line.encode("utf-16"), "probe").listed == []
    assert list_releases(line.encode().replace(b'"x"', b'"\xff"') + b"\n", "probe").skipped.damaged == 1


def test_lines_of_another_crate_are_refused() -> None:
    """A file speaks of one crate; the letter case may differ, dashes may not, as the file would lie elsewhere."""
    names = ["Probe-x", "probe-x", "probe_x", "evil"]
    data = "".join(f"{index_line(name, f'1.0.{number}')}\n" for number, name in enumerate(names)).encode()
    for ask in (list_versions, list_releases):
        found = ask(data, "PROBE-X")
        assert [one.version for one in found.listed] == ["1.0.0", "1.0.1"]
        assert found.skipped == Skipped(foreign=2)
    assert release(data, "1.0.3", "probe-x") is None
    assert [one.name for one in releases(data)] == ["Probe-x", "probe-x"]


def test_a_file_without_name_is_told_by_its_first_line() -> None:
    """Damaged lines before it do not count; a file that names nobody has no releases."""
    good = index_line("probe", "1.0.0")
    assert versions(f"junk\n{json.dumps(json.loads(good), sort_keys=True)}\n{index_line('b', '2.0.0')}".encode()) == [
        ("1.0.0", False)
    ]
    assert versions(b"junk\n[]\n{}\n") == versions(b"") == []
    assert releases(b'{"name":"../x"}\n') == []
    assert release(b"", "1.0.0") is None


@pytest.mark.parametrize("name", ["", "../etc", "a b"])
def test_an_illegal_name_is_an_error(name: str) -> None:
    """No question is answered for a name that no crate can have."""
    for ask in (versions, releases, list_versions, list_releases):
        with pytest.raises(InvalidCrateName):
            ask(b"", name)
    with pytest.raises(InvalidCrateName):
        release(b"", "1.0.0", name)


def test_size_is_bounded() -> None:
    """A file above the bound is not looked at."""
    with pytest.raises(IndexTooLarge, match="64 MiB"):
        versions(bytes(MAX_BYTES + 1))


# Texts that a reader of bytes might take for keys.
TRAPS = [
    '"yanked":true',
    '"yanked"',
    "yanked",
    '\\"yanked":true}',
    "\\",
    '"v":3',
    "v",
    '"',
    "}",
    "{",
    '","yanked":true',
]
traps = st.sampled_from(TRAPS)
texts = traps | st.text(max_size=6) | st.lists(traps, max_size=3).map("".join)
times = st.datetimes().map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"))
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
usual = {
    "name": st.just("probe"),
    "vers": st.sampled_from(["1.0.0", "1.0.1", "0.1.0-a.1", "2.0.0+b"]),
    "deps": anything,
    "cksum": anything,
    "features": anything,
    "yanked": st.booleans(),
    "rust_version": st.sampled_from(["1.70", None]),
    "pubtime": times,
    "v": st.integers(1, 3),
}
odd = {
    "name": st.sampled_from(["Probe", "other"]) | texts,
    "vers": st.sampled_from(["1.0", "1.0.00", ""]) | texts,
    "yanked": st.none() | anything,
    "rust_version": anything,
    "pubtime": st.none() | anything,
    "v": st.none() | anything,
}
WHITE = [[""], [" "], ["", " ", "  ", "\t", "\r"]]
STRING = re.compile(r'("(?:[^"\\]|\\.)*")')


@st.composite
def spelled_lines(draw: st.DrawFn) -> bytes:
    """A line as crates.io writes it, with traps inside, and often with something odd about keys, values or spelling."""
    line = {key: draw(values) for key, values in usual.items()}
    oddities = draw(st.sets(st.sampled_from(["value", "lack", "more", "order", "white", "escapes"]), max_size=2))
    if "value" in oddities:
        key = draw(st.sampled_from(sorted(odd)))
        line[key] = draw(odd[key])
    if "lack" in oddities:
        del line[draw(st.sampled_from(sorted(line)))]
    if "more" in oddities:
        line |= draw(st.dictionaries(texts, anything, max_size=2))
    if "more" in oddities or "order" in oddities:
        line = dict(draw(st.permutations(list(line.items()))))
    text = json.dumps(line, ensure_ascii=draw(st.booleans()), separators=(",", ":"))
    white = draw(st.sampled_from(WHITE[: 3 if "white" in oddities else 2]))
    spaces = iter(draw(st.lists(st.sampled_from(white), min_size=20, max_size=20)) * len(text))
    parts = STRING.split(text)
    parts[::2] = [re.sub("[,:]", lambda mark: mark[0] + next(spaces), part) for part in parts[::2]]
    if white[0] == "" and "white" in oddities:
        parts[::2] = [
            re.sub("[]}[{,:]", lambda mark: next(spaces) + mark[0] + next(spaces), part) for part in parts[::2]
        ]
    text = "".join(parts)
    if "escapes" in oddities:
        text = re.sub(r'"(name|v|vers|yanked|pubtime)"', lambda key: f'"\\u{ord(key[1][0]):04x}{key[1][1:]}"', text)
    return text.encode()


def is_semver(text: object) -> bool:
    """Whether a value is the text of a version."""
    try:
        return isinstance(text, str) and bool(Version.parse(text))
    except InvalidVersion:
        return False


def is_time(value: object) -> bool:
    """Whether a value is a time of publication, by the standard library's calendar."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value, re.ASCII):
        return False
    try:
        datetime.strptime(value.replace(":60Z", ":59Z"), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return value.startswith("0000") and is_time("2000" + value[4:])  # a leap year that the library does not know
    return True


def by_json(line: bytes) -> tuple[str, Listed | str]:
    """The version of a line, if it has one, and what a JSON reader makes of the line."""
    try:
        table = json.loads(line.decode())
    except (ValueError, RecursionError):
        return "", "damaged"
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        return "", "damaged"
    if table["name"].lower() != "probe":
        return "", "foreign"
    version, yanked, schema, time = (table.get(key) for key in ("vers", "yanked", "v", "pubtime"))
    if not isinstance(version, str) or not is_semver(version):
        return "", "damaged"
    if schema is not None and (type(schema) is not int or not 0 <= schema < 2**32):
        return version, "damaged"
    if schema is not None and schema > 2:
        return version, "newer"
    if not (yanked is None or isinstance(yanked, bool)) or not (time is None or is_time(time)):
        return version, "damaged"
    return version, Listed(version, yanked is True, time)


def file_by_json(data: bytes) -> tuple[list[Listed], Skipped]:
    """What a JSON reader finds in a file: the last line of each version, if that is good for anything."""
    found: dict[str, Listed] = {}
    counts = dict.fromkeys(Skipped._fields, 0)
    for line in data.split(b"\n"):
        if len(line) < 2:
            continue
        version, result = by_json(line)
        found.pop(version, None)
        if isinstance(result, Listed):
            found[version] = result
        else:
            counts[result] += 1
    return list(found.values()), Skipped(**counts)


files = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(spelled_lines(), min_size=1, max_size=4),
    st.sampled_from([b"\n", b""]),
)


@given(files)
@example(b'{"name":"probe","vers":"1.0.0","features":{"\\\\":["\\"yanked\\":true}"]},"yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","x":"\\"yanked":true}\n')
@example(b'{"name":"probe","vers":"1.0.0","yanked":true,"features":{"yanked":false}}\n')
@example(b'{"name":"probe","vers":"1.0.0","v":3,"deps":[],"cksum":"","features":{},"yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","deps":[{"v":3}],"pubtime":"2020-01-01T00:00:00Z","yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","\\u0076":3,"yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","x":"\\\\u0076","yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","pubtime":"2020-01-01T00:00:00Z","yanked":false}\n')
@example(b'{"name":"probe","vers":"1.0.0","yanked":true,"a":1,"a":2}\n')
@example(b'{"name":"probe","vers":"1.0.0","yanked":"x";"a":2}\n')
@example(b'{"name":"probe","vers":"1.0.0","yanked":true,"vers":"2.0.0"}\n')
def test_versions_are_those_of_a_json_reader(data: bytes) -> None:
    """Whatever stands in a line, in whatever order and spelling, the quick reading is a JSON reader's."""
    assert list_versions(data, "probe") == file_by_json(data)


def real_file() -> bytes:
    """A file of the crate `probe` made of the sample's lines, each with a version of its own."""
    tables = [{**json.loads(line), "name": "probe", "vers": f"1.0.{number}"} for number, line in enumerate(SAMPLE)]
    return "".join(f"{COMPACT(table)}\n" for table in tables).encode()


REAL_FILE = real_file()


@given(st.integers(0, len(REAL_FILE)))
def test_a_file_cut_short_loses_its_last_line_alone(length: int) -> None:
    """At whatever byte it ends, what is left is read as a JSON reader reads it."""
    data = REAL_FILE[:length]
    assert list_versions(data, "probe") == file_by_json(data)
    assert len(list_versions(data, "probe").listed) in (data.count(b"\n"), data.count(b"\n") + 1)


@given(st.integers(0, len(REAL_FILE) - 1), st.integers(0, 255))
@example(REAL_FILE.index(b"\n"), 0)
def test_a_changed_byte_brings_up_nothing_new(place: int, byte: int) -> None:
    """Each version listed stands in the damaged file as a JSON reader sees it, or stood in the healthy one."""
    data = REAL_FILE[:place] + bytes([byte]) + REAL_FILE[place + 1 :]
    allowed = set(file_by_json(data)[0]) | set(file_by_json(REAL_FILE)[0])
    assert set(list_versions(data, "probe").listed) <= allowed
    assert len(list_releases(data, "probe").listed) >= len(SAMPLE) - 2


@given(st.text("0123456789.-+a", max_size=12) | st.builds(str, st.builds(Version, *[st.integers(0, 10**20)] * 3)))
@example("1.0.٣")
@example("00.0.0")
def test_a_version_is_what_semver_reads(text: str) -> None:
    """The quick way for plain versions takes and refuses the same texts."""
    assert is_version(text) == is_semver(text)


@given(times | st.text("0123456789-T:Z", min_size=19, max_size=21))
@example("1900-02-29T00:00:00Z")
@example("2000-02-29T24:00:00Z")
@example("2023-04-31T00:00:00Z")
@example("2023-00-10T00:00:00Z")
@example("2023-13-10T00:00:00Z")
@example("2023-01-00T00:00:00Z")
@example("2023-01-01T00:60:00Z")
@example("2023-01-01T00:00:61Z")
@example("٢023-01-01T00:00:00Z")
def test_a_time_of_publication_is_one_of_the_calendar(text: str) -> None:
    """Its spelling and its date are checked, so that times can be compared as texts."""
    assert is_publication_time(text) == is_time(text)


def test_the_index_as_it_was() -> None:
    """At a time there is what was published until then, yanks undone; what has no time counts as old."""
    data = "\n".join(
        [
            index_line("probe", "1.0.0", yanked=True),
            index_line("probe", "1.0.1", pubtime="2024-05-01T12:00:00Z", yanked=True),
            index_line("probe", "1.0.2", pubtime="2024-05-01T12:00:01Z"),
        ]
    ).encode()
    then, early = "2024-05-01T12:00:00Z", "2024-01-01T00:00:00Z"
    full, short = list_releases(data).listed, list_versions(data).listed
    for found in ([one[1:3] for one in as_of(full, then)], [one[:2] for one in as_of(short, then)]):
        assert found == [("1.0.0", False), ("1.0.1", False)]
    assert [one.version for one in as_of(full, early)] == [one.version for one in as_of(short, early)] == ["1.0.0"]
    assert len(as_of(full, "2030-01-01T00:00:00Z")) == 3


@pytest.mark.parametrize("time", ["", "2024-05-01", "2024-05-01T12:00:00", "2024-05-01T12:00:00+00:00", "yesterday"])
def test_a_time_spelled_otherwise_is_an_error(time: str) -> None:
    """A time that would compare wrongly is refused."""
    with pytest.raises(ValueError, match="is not spelled"):
        as_of([Listed("1.0.0", False, None)], time)
