"""Edits of a manifest touch the lines of their entry alone, and keep every value but the one that changes."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.manifest import Manifest, read_manifest
from batuta_hooks.domain.manifest_schema import manifest_faults
from batuta_hooks.domain.toml_positions import locate
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.stack.manifest_editor import SOURCE_KEYS, DependencyEdit, edit_dependencies, set_version
from tests.support.agreement import REAL_DATA, needs_data
from tests.support.generated import Sample, samples
from tests.support.spelling import SPELLINGS, spell_section

A = ("dependencies", "a")


def edited(text: str, requirement: str | None, *, drops: bool = True, key: tuple[str, ...] = A) -> str:
    """The text with one dependency changed."""
    return edit_dependencies(text.encode(), [DependencyEdit(key, requirement, drops)]).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a = { path = "../a" } # c', 'a = "2.0" # c'),
        ('a={path="../a"}', 'a="2.0"'),
        ("a = {path='../a',version='1'}", "a = '2.0'"),
        ('a = { path = "../a", version = "1", }', 'a = "2.0"'),
        ('a = { git = "u", branch = "m" }', 'a = "2.0"'),
        ('a = { path = "../a", features = ["x"] }', 'a = { version = "2.0", features = ["x"] }'),
        ('a = { version = "1", path = "../a", optional = true }', 'a = { version = "2.0", optional = true }'),
        ('a = { optional = true, path = "../a", version = "1" }', 'a = { optional = true, version = "2.0" }'),
        ('a = { version = "1", optional = true, path = "../a" }', 'a = { version = "2.0", optional = true }'),
        ('a = { version = "1", optional = true, path = "../a", }', 'a = { version = "2.0", optional = true, }'),
        ('a = { git = "u", optional = true, rev = "r" , tag = "t" }', 'a = { version = "2.0", optional = true }'),
        ('a = { path = "../a", package = "b" }', 'a = { version = "2.0", package = "b" }'),
        ('a = { path = "../a", package = "#" }', 'a = { version = "2.0", package = "#" }'),
        ('a.path = "../a" # here', 'a.version = "2.0" # here'),
        ('a . path = "../a"\na.optional=true', 'a . version = "2.0"\na.optional=true'),
        ('a.version = "1"\na.path = "../a"\na.optional = true', 'a.version = "2.0"\na.optional = true'),
        ('"a" = { path = "../a" }', '"a" = "2.0"'),
        ('a = "1" # c', 'a = "2.0" # c'),
        ('a = """1"""', 'a = "2.0"'),
        ("a = { version = '1' }", "a = { version = '2.0' }"),
        ('a = {\n  path = "../a", # here\n  # and\n}', 'a = {\n  version = "2.0", # here\n  # and\n}'),
        ('a = {\n  path = "../a",\n}', 'a = "2.0"'),
        (
            'a = {\n  version = "1", # v\n  path = "../a", # p\n  optional = true\n}',
            'a = {\n  version = "2.0", # v\n  optional = true\n}',
        ),
        (
            'a = {\n  version = "1",\n  optional = true, # o\n  path = "../a"\n}',
            'a = {\n  version = "2.0",\n  optional = true, # o\n}',
        ),
        (
            'a = { version = "1", optional = true, # o\n  path = "../a" }',
            'a = { version = "2.0", optional = true, # o\n   }',
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "around", [("[dependencies]\n", "\n\n[features]\n# end"), ("\ufeff# top\n[dependencies]\n", "")]
)
def test_a_source_gives_way_to_a_version(before: str, after: str, newline: str, around: tuple[str, str]) -> None:
    """Path and git keys go, the version stands in the place of the first; what is left alone becomes a string."""
    text, wanted = ((around[0] + middle + around[1]).replace("\n", newline) for middle in (before, after))
    changed = edited(text, "2.0")
    assert changed == wanted
    assert edited(changed, "2.0") == changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[dependencies]\na = { path = "../a" }', '[dependencies]\na = { version = "2.0", path = "../a" }'),
        ('[dependencies]\na={path="../a"}', '[dependencies]\na={version="2.0", path="../a"}'),
        ("[dependencies]\n  a.path = '../a' # c", "[dependencies]\n  a.version = '2.0'\n  a.path = '../a' # c"),
        ('[dependencies.a]\r\npath = "../a"\r\n', '[dependencies.a]\r\nversion = "2.0"\r\npath = "../a"\r\n'),
        ('\ufeffdependencies.a.path = "../a"', '\ufeffdependencies.a.version = "2.0"\ndependencies.a.path = "../a"'),
        (
            '[dependencies]\na = {\n\tpath = "../a",\n}',
            '[dependencies]\na = {\n\tversion = "2.0",\n\tpath = "../a",\n}',
        ),
        (
            'dependencies = { a.path = "../a", b = "1" }',
            'dependencies = { a.version = "2.0", a.path = "../a", b = "1" }',
        ),
    ],
)
def test_a_version_is_set_beside_the_path(before: str, after: str) -> None:
    """Inside one repository the path stays, and the version stands before it, spelled as its neighbour is."""
    assert edited(before, "2.0", drops=False) == after
    assert edited(after, "2.0", drops=False) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a = { version = "1", path = "../a" }', 'a = "1"'),
        ('a = { version = "1", path = "../a", optional = true }', 'a = { version = "1", optional = true }'),
        ('a = "1"', 'a = "1"'),
    ],
)
def test_a_path_goes_from_beside_its_version(before: str, after: str) -> None:
    """Where the version may stay, its text is not touched."""
    assert edited(f"[dependencies]\n{before}\n", None) == f"[dependencies]\n{after}\n"


def test_several_entries_change_at_once() -> None:
    """Normal, target, dev and workspace entries are edited in one go, the rest of the document stays."""
    text = (
        "# head\n[dependencies]\na = { path = '../a' }\nb = '1'   # b\n\n[target.'cfg(\"x\")'.dependencies]\n"
        'a = { path = "../a", optional = true }\n[workspace.dependencies.a]\npath = "../a"\nfeatures = [\n "x" ]\n'
    )
    target = ("target", 'cfg("x")', "dependencies", "a")
    edits = [DependencyEdit(key, "0.3.0", True) for key in (A, target, ("workspace", "dependencies", "a"))]
    changed = edit_dependencies(text.encode(), edits).decode()
    assert changed == (
        "# head\n[dependencies]\na = '0.3.0'\nb = '1'   # b\n\n[target.'cfg(\"x\")'.dependencies]\n"
        'a = { version = "0.3.0", optional = true }\n[workspace.dependencies.a]\n'
        'version = "0.3.0"\nfeatures = [\n "x" ]\n'
    )


@pytest.mark.parametrize("text", ["[dependencies]\n", "[dependencies]\na = {}\n", "dependencies = { b = '1' }\n"])
def test_an_entry_that_is_not_there_is_an_error(text: str) -> None:
    """Nothing is written for a dependency that the manifest does not have."""
    with pytest.raises(BatutaError, match=r"no dependency at `dependencies\.a`"):
        edited(text, "1")


def test_what_would_change_meaning_is_refused() -> None:
    """Two edits of one entry contradict each other, so the manifest stays."""
    edits = [DependencyEdit(A, "1.0"), DependencyEdit(A, "2.0")]
    with pytest.raises(BatutaError, match="without touching"):
        edit_dependencies(b'[dependencies]\na = { version = "0", features = ["x"] }\n', edits)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        (("package", "version"), '[package]\nversion = "1.0.0" # v\n', '[package]\nversion = "1.0.1" # v\n'),
        (("package", "version"), "package.version='1.0.0'", "package.version='1.0.1'"),
        (("workspace", "package", "version"), '[workspace]\npackage = { version = "1.0.0" }', None),
        (("package", "version"), "[package]\nversion.workspace = true\n", ""),
        (("package", "version"), "[package]\nname = 'x'\n", ""),
    ],
)
def test_a_package_version_is_set(key: tuple[str, ...], before: str, after: str | None) -> None:
    """The version changes in its own quotes; where none is written, that is an error."""
    if after == "":
        with pytest.raises(BatutaError, match="is written there"):
            set_version(before.encode(), key, "1.0.1")
    else:
        wanted = before.replace("1.0.0", "1.0.1") if after is None else after
        assert set_version(before.encode(), key, "1.0.1").decode() == wanted


def test_a_value_that_is_no_number_is_no_obstacle() -> None:
    """A not-a-number elsewhere in the manifest equals itself here."""
    text = "[dependencies]\na = '1'\n[package.metadata]\nx = [nan, { y = nan }]\n"
    assert edited(text, "2") == text.replace("'1'", "'2'")


noise = st.sampled_from(["", "# a comment = { path }\n", "\n", "   \n", '# [dependencies]\n# a = "1"\n'])
features = st.lists(st.sampled_from(["x", "y#z", "a,b", '"q"']), max_size=2)
entries = st.fixed_dictionaries(
    {"path": st.just("../p")},
    optional={
        "version": st.sampled_from(["1", ">=1, <3"]),
        "features": features,
        "optional": st.booleans(),
        "package": st.just("other"),
        "default-features": st.booleans(),
    },
)
spelled = st.tuples(entries, st.sampled_from(SPELLINGS))


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c-d", "e.f"]), spelled, min_size=1),
    st.data(),
    st.sampled_from([("dependencies",), ("target", "cfg(unix)", "dev-dependencies"), ("workspace", "dependencies")]),
)
def test_generated_entries_change_alone(
    written: dict[str, tuple[dict[str, Any], str]], data: st.DataObject, section: tuple[str, ...]
) -> None:
    """In every spelling: only the entry's lines change, only the wanted values differ, and again nothing changes."""
    lines = spell_section(section, [(name, entry, how) for name, (entry, how) in written.items()]).splitlines(True)
    text = "".join(f"{data.draw(noise)}{line}" for line in lines) + data.draw(noise)
    text = data.draw(st.sampled_from([text, "\ufeff" + text, text.replace("\n", "\r\n"), text.removesuffix("\n")]))
    name = data.draw(st.sampled_from(sorted(written)))
    requirement = data.draw(st.sampled_from(["2.0.0", ">=2, <3"]))
    drops = data.draw(st.booleans())
    key = (*section, name)
    changed = edited(text, requirement, drops=drops, key=key)
    wanted, got = written[name][0] | {"version": requirement}, at(read_toml(changed.encode()), key)
    if drops:
        del wanted["path"]
    assert got == (requirement if isinstance(got, str) and list(wanted) == ["version"] else wanted)
    assert without(read_toml(changed.encode()), key) == without(read_toml(text.encode()), key)
    assert all(name in line or is_key_line(line, wanted) for line in touched(text, changed))
    assert edited(changed, requirement, drops=drops, key=key) == changed


def is_key_line(line: str, entry: dict[str, Any]) -> bool:
    """Whether a line holds a key of the entry under its header."""
    return line.partition("=")[0].strip() in {*entry, *SOURCE_KEYS, "version"}


def at(table: Any, key: tuple[str | int, ...]) -> Any:
    """The value at a path."""
    for part in key:
        table = table[part]
    return table


def without(table: dict[str, Any], key: tuple[str | int, ...]) -> dict[str, Any]:
    """The document with one entry taken out."""
    at(table, key[:-1]).pop(key[-1])
    return table


def touched(before: str, after: str) -> list[str]:
    """The lines that differ, old and new."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += old[first:last] + new[start:end]
    return found


def extent(old: list[bytes], new: list[bytes]) -> int:
    """How many of the old lines lie between the first and the last that differ."""
    first = next((number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))
    rest = list(zip(reversed(old[first:]), reversed(new[first:]), strict=False))
    return len(old) - first - next((number for number, pair in enumerate(rest) if pair[0] != pair[1]), len(rest))


def every_edit(path: str, text: bytes, manifest: Manifest) -> list[DependencyEdit]:
    """An edit of each dependency that a manifest itself gives a source or a version."""
    own = [one for one in manifest.dependencies if not one.inherited]
    shared = list(manifest.workspace.dependencies.values()) if manifest.workspace else []
    from_somewhere = [one for one in own + shared if any((one.requirement, one.path, one.git, one.registry))]
    return [DependencyEdit(one.key, "99.0.0", True) for one in from_somewhere]


def check_edits(path: str, text: bytes) -> int:
    """Edit each dependency of a manifest alone; the number of edits."""
    table = read_toml(text)
    edits = every_edit(path, text, read_manifest(path, table, text))
    for edit in edits:
        changed = edit_dependencies(text, [edit])
        assert changed == text or edit_dependencies(changed, [edit]) == changed
        assert without(read_toml(changed), edit.key) == without(read_toml(text), edit.key)
        entry = at(read_toml(changed), edit.key)
        assert entry == "99.0.0" or (entry["version"] == "99.0.0" and not set(SOURCE_KEYS).intersection(entry))
        first = locate(text.decode(), edit.key).line
        old, new = text.split(b"\n"), changed.split(b"\n")
        assert old[: first - 1] == new[: first - 1]
        assert extent(old, new) <= 6
    return len(edits)


@given(samples())
def test_generated_manifests_change_alone(sample: Sample) -> None:
    """Whole generated manifests, with every form of dependency, keep all but the entry that is edited."""
    for path, text in sample.files.items():
        if path.endswith("Cargo.toml") and is_readable(text.encode()):
            check_edits(path, text.encode())


def is_readable(text: bytes) -> bool:
    """Whether cargo would load the manifest, as far as its text tells."""
    try:
        return not any(manifest_faults(read_toml(text)))
    except TomlFault:
        return False


@needs_data("paiml")
@pytest.mark.parametrize("step", [16, pytest.param(1, marks=pytest.mark.slow)])
def test_every_dependency_of_the_real_manifests_can_be_edited(step: int) -> None:
    """In the manifests of the real stack, all 188 in the slow run, each dependency can be edited alone."""
    manifests = sorted(Path(REAL_DATA, "paiml").rglob("Cargo.toml"))
    assert len(manifests) == 188
    readable = [text for path in manifests[::step] if is_readable(text := path.read_bytes())]
    count = sum(check_edits("Cargo.toml", text) for text in readable)
    assert count > 1500 // step
