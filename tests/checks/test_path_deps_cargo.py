"""The same manifests go to our judge and to real cargo: the same verdict on every rule that needs no registry.

Each row of docs/cargo-rules.md is a grid of manifests: sections by forms by spellings by layouts.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batuta_hooks.domain.finding import Finding
from tests.support import cargo
from tests.support.spelling import SPELLINGS, Entry, spell
from tests.support.trees import findings_of

pytestmark = pytest.mark.cargo

NORMAL = ("dependencies", "build-dependencies", "build_dependencies")
DEV = ("dev-dependencies", "dev_dependencies")
TARGETS = ((), ("target", "cfg(windows)"), ("target", "x86_64-unknown-linux-gnu"))


class Case(NamedTuple):
    """A repository: the files, and the manifest of the package that is asked about."""

    files: Mapping[str, str]
    manifest: str = "Cargo.toml"


def package(name: str, keys: str = 'version = "0.1.0"') -> str:
    """A ``[package]`` table."""
    return f'[package]\nname = "{name}"\nedition = "2021"\n{keys}\n'


def sections(kinds: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Each kind of section, plain and in target tables."""
    for kind, target in itertools.product(kinds, TARGETS):
        yield (*target, kind)


def cases(
    kinds: Iterable[str],
    entries: Iterable[tuple[str, Entry]],
    keys: Iterable[str] = ('version = "0.1.0"',),
    other: str = package("b"),
) -> Iterator[Case]:
    """Package ``a`` beside package ``b`` in one repository, the dependency in every section and spelling."""
    for section, (name, entry), spelling, key in itertools.product(sections(kinds), entries, SPELLINGS, keys):
        files = {"Cargo.toml": package("a", key) + spell(section, name, entry, spelling), "b/Cargo.toml": other}
        yield Case(files)


def inherited(kinds: Iterable[str], shared: Iterable[Entry], member: Iterable[Mapping[str, Any]]) -> Iterator[Case]:
    """Member ``m`` inherits dependency ``b`` from a virtual root."""
    for section, entry, extra, spelling in itertools.product(sections(kinds), shared, member, SPELLINGS):
        root = '[workspace]\nmembers = ["m", "b"]\n' + spell(("workspace", "dependencies"), "b", entry, spelling)
        used = package("m") + spell(section, "b", {"workspace": True, **extra}, spelling)
        yield Case({"Cargo.toml": root, "m/Cargo.toml": used, "b/Cargo.toml": package("b")}, "m/Cargo.toml")


GIT = "https://git.example.invalid/b"
PATH_FORMS: list[tuple[str, Entry]] = [
    ("b", {"path": "b"}),
    ("b", {"path": "b", "features": []}),
    ("alias", {"path": "b", "package": "b"}),
]
GIT_FORMS: list[tuple[str, Entry]] = [
    ("b", {"git": GIT}),
    ("b", {"git": GIT, "branch": "main"}),
    ("b", {"git": GIT, "tag": "v1"}),
    ("alias", {"git": GIT, "rev": "abc123", "package": "b"}),
]
OPTIONAL: list[tuple[str, Entry]] = [("b", {"path": "b", "optional": True}), ("b", {"git": GIT, "optional": True})]
VERSIONED: list[tuple[str, Entry]] = [
    ("b", {"path": "b", "version": "0.1"}),
    ("b", {"git": GIT, "version": "0.1.0"}),
    ("b", {"path": "b", "version": "*"}),
    ("alias", {"path": "b", "version": "=0.1.0", "package": "b"}),
    ("b", "0.1"),
]
ROOT = '[workspace]\nmembers = ["m"]\n'
MEMBERS = {"m/Cargo.toml": package("m"), "b/Cargo.toml": package("b") + "[workspace]\n"}
DEFAULTS: tuple[dict[str, Any], ...] = (
    *({}, {"default-features": True}, {"default-features": False}, {"default_features": False}),
)
NEVER = ("publish = false\nversion = '1.0.0'", "publish = []\nversion = '1.0.0'", "", "publish = true")

ROWS: dict[str, list[Case]] = {
    "path without version": list(cases(NORMAL, PATH_FORMS)),
    "git without version": list(cases(NORMAL, GIT_FORMS)),
    "optional, without version": list(cases(NORMAL, OPTIONAL)),
    "with a version": list(cases(NORMAL + DEV, VERSIONED)),
    "dev without version": list(cases(DEV, PATH_FORMS + GIT_FORMS)),
    "dev on itself": list(cases(DEV, [("a", {"path": "."}), ("alias", {"path": ".", "package": "a"})])),
    "never published": list(cases(NORMAL[:1], PATH_FORMS[:1] + GIT_FORMS[:1] + VERSIONED[:1], NEVER)),
    "publish lists": list(
        cases(
            NORMAL[:2],
            PATH_FORMS[:1] + VERSIONED[:1],
            ("version = '1.0.0'\npublish = ['other']", "version = '1.0.0'\npublish = ['crates-io', 'other']"),
        )
    ),
    "path to nowhere or to another crate": list(
        cases(NORMAL + DEV, [("b", {"path": "nowhere", "version": "1"}), ("c", {"path": "b", "version": "1"})])
    ),
    "no source, git and path, optional dev": [
        *cases(NORMAL + DEV, [("b", {}), ("b", {"git": GIT, "path": "b"}), ("b", {"optional": False, "features": []})]),
        *cases(DEV, [("b", {"path": "b", "optional": True})]),
        *cases(NORMAL, [("b", {"path": "b", "branch": "main"}), ("b", {"git": GIT, "branch": "x", "tag": "y"})]),
    ],
    "inherited without version": list(
        inherited(NORMAL[:2] + DEV, [{"path": "b"}, {"git": GIT}, {"path": "./b/."}], [{}, {"features": []}])
    ),
    "inherited, keys of the member ignored": list(
        inherited(
            NORMAL[:2], [{"path": "b"}, {"path": "b", "version": "0.1"}], [{"version": "0.1"}, {"optional": True}]
        )
    ),
    "inherited where the root has none": [
        Case({"Cargo.toml": root, "m/Cargo.toml": package("m") + spell(section, "b", entry, spelling)}, "m/Cargo.toml")
        for root in (ROOT + '[workspace.dependencies]\nc = "1"\n', ROOT, package("top"))
        for section, spelling in itertools.product(sections(NORMAL), SPELLINGS)
        for entry in ({"workspace": True},)
    ],
    "default features beside workspace = true": [
        Case({"Cargo.toml": root, "m/Cargo.toml": member, "b/Cargo.toml": package("b")}, "m/Cargo.toml")
        for edition, root_says, member_says in itertools.product(("2021", "2024"), DEFAULTS, DEFAULTS)
        for root in (ROOT + spell(("workspace", "dependencies"), "b", {"path": "b", **root_says}, "inline"),)
        for section in ("dependencies", "dev-dependencies")
        for entry in ({"workspace": True, **member_says},)
        for member in (package("m").replace("2021", edition) + spell((section,), "b", entry, "inline"),)
    ],
    "old and new spelling of a section": [
        Case({"Cargo.toml": package("a").replace("2021", edition) + text, "b/Cargo.toml": package("b")})
        for edition, kind, target in itertools.product(
            ("2021", "2024"), ("dev", "build"), ((), ("target", "cfg(unix)"))
        )
        for old, new in itertools.product(({"path": "b"}, {"path": "b", "version": "0.1"}), repeat=2)
        for text in (
            spell((*target, f"{kind}_dependencies"), "b", old, "inline"),
            spell((*target, f"{kind}_dependencies"), "b", old, "inline")
            + spell((*target, f"{kind}-dependencies"), "b", new, "header"),
        )
    ],
    "workspace dependencies that nobody uses": [
        Case({"Cargo.toml": root + keys + spell(("workspace", "dependencies"), name, entry, spelling), **MEMBERS}, at)
        for (root, at), keys in itertools.product(
            ((ROOT, "m/Cargo.toml"), (ROOT + package("top"), "Cargo.toml")), ("",)
        )
        for name, entry in (
            *(("b", entry) for entry in ({"path": "b"}, {"path": "nowhere"}, {"path": "../out"}, {"git": GIT}, {})),
            *(("x", entry) for entry in ({"path": "b", "git": GIT}, {"path": "b", "branch": "x"}, {"version": "bad"})),
        )
        for spelling in SPELLINGS
    ],
    "patches": [
        Case({"Cargo.toml": package("a") + f'[dependencies]\nb = "0.1"\n{table}', "b/Cargo.toml": package("b")}, at)
        for at in ("Cargo.toml", "b/Cargo.toml")
        for table in (
            "[patch.crates-io]\nb = { path = 'b' }\n",
            "[patch.crates-io.b]\npath = 'b'\n",
            "[patch.crates-io]\nb.path = 'b'\n",
            "[patch.crates-io]\nb = { git = 'https://git.example.invalid/b' }\n",
            "[patch.crates-io]\nb = {}\n",
            "[patch.crates-io]\nb = { path = 'b', git = 'https://git.example.invalid/b' }\n",
            "[patch.'https://git.example.invalid/x']\nb = { path = 'b' }\n",
            "[patch]\ncrates-io = { b = { path = 'b' } }\n",
            "[replace]\n'b:0.1.0' = { path = 'b' }\n",
            "[replace.'b:0.1.0']\npath = 'b'\n",
            "[replace]\n'b' = { path = 'b' }\n",
            "[replace]\n'b:0.1.0' = { git = 'https://git.example.invalid/b' }\n",
            "[replace]\n'b:0.1.0' = { path = 'b', version = '1' }\n",
        )
    ],
}


NAMED = [
    ("d", {"version": "0.1", "registry": "crates-io"}),
    ("b", {"path": "b", "version": "0.1", "registry": "crates-io"}),
    ("d", {"version": "0.1", "registry-index": "https://github.com/rust-lang/crates.io-index"}),
    ("d", {"version": "0.1", "registry-index": "sparse+https://index.crates.io/"}),
    ("d", {"version": "*"}),
]
KEPT = [*NAMED, ("b", {"path": "b", "registry": "crates-io"})]


def test_crates_io_by_name_agrees_with_cargo(tmp_path: Path) -> None:
    """cargo refuses to package what names crates.io as a registry, and takes its index; a stripped entry counts not."""
    grid = [*cases(NORMAL[:2], NAMED), *cases(DEV[:1], KEPT)]
    refused = []
    for number, case in enumerate(grid[::5]):
        top = lay_out(tmp_path / str(number), case)
        verdict = cargo.package(top / "Cargo.toml")
        assert verdict.accepted or "registry index was not found in any configuration: `crates-io`" in verdict.said
        refused.append(not verdict.accepted)
        assert refused[-1] is any(one.code == "PD006" for one in findings_of(top)), case
    assert set(refused) == {True, False}


def lay_out(top: Path, case: Case) -> Path:
    """Write a case's files, and the sources that cargo wants beside them."""
    for path, text in case.files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text, encoding="utf-8")
    cargo.stub_sources(top)
    return top


def verdicts(top: Path, case: Case) -> tuple[object, object]:
    """What we say and what cargo says of the case's package, in the same terms.

    Either ``"cannot be loaded"``, ``"never published"``, or the set of its dependencies without version.
    """
    said = findings_of(lay_out(top, case))
    ours = our_verdict(said, read_name(case), is_loaded_with(case, said))
    manifest = top / case.manifest
    loaded = cargo.workspace(manifest)
    if isinstance(loaded, str):
        return ours, "cannot be loaded"
    if loaded.packages[manifest]["publish"] == []:
        return ours, "never published"
    return ours, cargo.missing_versions(manifest, loaded.root)


def read_name(case: Case) -> str:
    """The name of the package that the case asks about."""
    return case.files[case.manifest].split('name = "')[1].split('"')[0]


def is_loaded_with(case: Case, said: Iterable[Finding]) -> bool:
    """Whether we would let cargo load the package: neither it nor a manifest above it has a fault."""
    return not any(f.code == "PD008" and f.path in (case.manifest, "Cargo.toml") for f in said)


def our_verdict(said: Iterable[Finding], name: str, loaded: bool) -> object:
    """Our findings about one package, in cargo's terms; PD001 is a path's, PD002 a git source's."""
    if not loaded:
        return "cannot be loaded"
    source = {"PD001": "path", "PD002": "git"}
    return {(source[f.code], f.dependency) for f in said if f.crate == name and f.code in source}


def agree(ours: object, theirs: object) -> bool:
    """Whether the verdicts are one: for a package that is never published we must be silent."""
    return ours == (set() if theirs == "never published" else theirs)


def disagreements(tmp_path: Path, grid: Iterable[Case]) -> Iterator[str]:
    """Each case on which we and cargo differ, printed small."""
    for number, case in enumerate(grid):
        top = tmp_path / str(number)
        ours, theirs = verdicts(top, case)
        if not agree(ours, theirs):
            yield f"--- {case.manifest}: we say {ours}, cargo says {theirs}\n" + "\n".join(
                f"# {path}\n{text}" for path, text in case.files.items()
            )
        shutil.rmtree(top)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_row_agrees_with_cargo(row: str, tmp_path: Path) -> None:
    """On every manifest of the row's grid, at least 25, cargo and we say the same."""
    grid = ROWS[row]
    assert len(grid) >= 25
    assert not list(disagreements(tmp_path, grid))


@pytest.mark.parametrize("row", ROWS)
def test_sample_of_row_agrees_with_cargo(row: str, tmp_path: Path) -> None:
    """The same for two manifests of each row, so that a broken rule is seen at once."""
    grid = ROWS[row]
    assert not list(disagreements(tmp_path, grid[:: max(1, len(grid) - 1)]))
