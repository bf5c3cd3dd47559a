"""Manifests beside real cargo: what it loads has no fault, and what it refuses for the manifest's own sake has one.

cargo is asked with `cargo metadata --no-deps`, offline, with an empty cargo home and stub sources.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.manifest_schema import manifest_faults
from tests.domain.test_manifest_schema import CASES
from tests.support import cargo

pytestmark = pytest.mark.cargo

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")

# What cargo says where something other than the manifest's own table is missing or wrong.
ELSEWHERE = re.compile(
    r"error inheriting|failed to find a workspace root|was not defined|was not found in `workspace\.dependencies`"
    r"|believes it's in a workspace when it's not|failed to load manifest for|No such file or directory"
    r"|listed in default-members but is not a member|registry index was not found in any configuration"
    r"|root of a workspace inferred but wasn't a root|can't find `.*` bin at|default-run target `.*` not found"
    r"|does not have a custom build script|should be a URL or registry name"
)
# What cargo takes for a table by accident of how it reads one, and what is told as a fault all the same.
ACCIDENT = re.compile(r"must be a table, not (an array|a date or time)$")


def ask_all(manifests: Iterable[Path]) -> list[cargo.Verdict]:
    """cargo's verdict on each manifest."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(cargo.load, manifests))


def lay_out(folder: Path, text: str) -> Path:
    """A package folder with this manifest and a source file for each target."""
    folder.mkdir(parents=True)
    (folder / "Cargo.toml").write_text(text, encoding="utf-8")
    cargo.stub_sources(folder)
    return folder / "Cargo.toml"


def disagreement(manifest: Path, verdict: cargo.Verdict) -> str:
    """What the two judges say of one manifest, where one loads it and the other does not."""
    faults = list(manifest_faults(cargo.read(manifest)))
    if verdict.accepted != bool(faults):
        return ""
    return f"{manifest.read_text(encoding='utf-8')}\nwe: {faults}\ncargo: {verdict.said or 'loads it'}"


@pytest.mark.slow
@pytest.mark.parametrize("group", CASES)
def test_cargo_gives_the_same_verdict(group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cargo loads exactly the collected manifests in which no fault is expected."""
    monkeypatch.setenv("CARGO_REGISTRIES_MY_INDEX", "https://example.com/index")
    manifests = [lay_out(tmp_path / str(number), text) for number, (text, _) in enumerate(CASES[group])]
    assert "\n\n".join(filter(None, map(disagreement, manifests, ask_all(manifests)))) == ""


# A manifest that cargo loads, with something in every place where a rule looks.
BASE = """
[package]
name = "x"
version = "0.1.0"
edition = "2021"
rust-version = "1.70"
publish = ["crates-io"]
license.workspace = true
build = "build.rs"
links = "x"
default-run = "b"
autobins = false
[features]
default = ["some"]
some = ["dep:foo", "bar/more"]
weak = ["foo?/more"]
[lib]
name = "x"
crate-type = ["lib"]
[[bin]]
name = "b"
path = "src/bin/b.rs"
[[example]]
name = "e"
path = "examples/e.rs"
[dependencies]
foo = { version = "1", optional = true }
bar = { path = "bar" }
plain = "1.2"
shared = { workspace = true, features = ["more"] }
[dev-dependencies]
baz = { git = "https://example.com/baz", branch = "main" }
plain = "1.2"
[build-dependencies]
cc = "1.0"
[target."cfg(unix)".dependencies]
nix = { version = "0.27", default-features = false }
[profile.dev]
opt-level = 1
build-override = { debug = 1 }
package.foo = { strip = true }
[patch.crates-io]
foo = { path = "../foo" }
[lints.rust]
unused = "warn"
unexpected_cfgs = { level = "warn", check-cfg = ["cfg(a)"] }
[badges]
maintenance = { status = "none" }
[workspace]
resolver = "2"
package = { license = "MIT" }
dependencies = { shared = { version = "1", features = ["some"] } }
lints = { clippy = { all = { level = "deny", priority = -1 } } }
"""

_PACKAGE = """name version edition rust-version authors build metabuild default-target forced-target links exclude
    include publish workspace im-a-teapot autolib autobins autoexamples autotests autobenches default-run description
    homepage documentation readme keywords categories license license-file repository resolver metadata
    cargo-features unknown"""
_TARGET = """name crate-type crate_type path filename test doctest bench doc doc-scrape-examples proc-macro proc_macro
    harness required-features edition unknown"""
_DEPENDENCY = """version registry registry-index path base git branch tag rev features optional default-features
    default_features package public artifact lib target workspace unknown"""
_PROFILE = """opt-level lto codegen-backend codegen-units debug split-debuginfo debug-assertions rpath panic
    overflow-checks incremental dir-name inherits strip rustflags package build-override trim-paths
    hint-mostly-unused unknown"""
_SECTIONS = "dependencies dev-dependencies dev_dependencies build-dependencies build_dependencies"

# Where a value is put: the path to a table in BASE, and the keys in it.
PLACES: list[tuple[tuple[str | int, ...], str]] = [
    (
        (),
        f"cargo-features package project features lib bin example test bench {_SECTIONS} target lints hints workspace",
    ),
    ((), "profile patch replace badges unknown"),
    (("package",), _PACKAGE),
    (("features",), "default some weak new foo plain dep:foo a/b"),
    (("lib",), _TARGET),
    (("bin", 0), _TARGET),
    (("example", 0), _TARGET),
    *((("dependencies", name), _DEPENDENCY) for name in ("foo", "bar", "shared")),
    *((("dev-dependencies", name), _DEPENDENCY) for name in ("baz",)),
    *(((section,), "foo bar shared plain new a.b") for section in ("dependencies", "dev-dependencies")),
    (("target", "cfg(unix)"), _SECTIONS),
    (("target", "cfg(unix)", "dependencies", "nix"), _DEPENDENCY),
    (("target",), "cfg(windows) cfg( wasm32-unknown-unknown any(unix)"),
    (("profile",), "dev release custom debug build"),
    (("profile", "dev"), _PROFILE),
    (("profile", "dev", "build-override"), _PROFILE),
    (("profile", "dev", "package", "foo"), _PROFILE),
    (("profile", "dev", "package"), "* foo@1.2 foo@x a/b"),
    (("patch",), "crates-io https://example.com/x ../x a:b"),
    (("patch", "crates-io"), "foo new"),
    (("patch", "crates-io", "foo"), _DEPENDENCY),
    (("lints",), "workspace rust clippy other"),
    (("lints", "rust"), "unused clippy::all new"),
    (("lints", "rust", "unexpected_cfgs"), "level priority check-cfg unknown"),
    (("badges",), "maintenance new"),
    (("workspace",), "members exclude default-members resolver metadata package dependencies lints unknown"),
    (("workspace", "package"), "version authors edition rust-version license readme publish keywords badges unknown"),
    (("workspace", "dependencies"), "shared new"),
    (("workspace", "dependencies", "shared"), _DEPENDENCY),
    (("workspace", "lints"), "workspace rust clippy"),
    (("workspace", "lints", "clippy"), "all clippy::all"),
]

VALUES: list[Any] = [
    *(True, False, 0, 1, -1, 3, 300, 2**40, 2**63, 1.5),
    *("", " ", "x", "b", "2", "1.2.3", "1.2", "1.90", "*", "a b", "a-b", "2018", "2024", "true", "warn", "abort"),
    *("https://example.com/x", "git@example.com:x", "../x", "a/b", "dep:foo", "proc-macro", "bin", "dev"),
    *([], ["x"], ["b"], ["a/b"], ["dep:foo"], ["foo"], ["foo?/x"], ["plain/x"], ["dylib", "cdylib"], [1], [[]], [{}]),
    *({}, {"workspace": True}, {"workspace": False}, {"workspace": 1}, {"version": "1"}, {"version": 1}),
    *({"path": "../x", "optional": True}, {"git": "https://example.com/x", "rev": "1"}, {"x": "y"}, {"x": {"y": "z"}}),
    *({"level": "warn"}, {"opt-level": "s"}, {"foo": "1"}, {"foo": {"path": "../x"}}, {"name": "y"}, {"status": "x"}),
]

places = st.sampled_from(
    [(path, key) for path, keys in PLACES for key in (keys.split() if path != ("target",) else [keys])]
)
ABSENT = object()
changes = st.lists(st.tuples(places, st.sampled_from([ABSENT, *VALUES])), min_size=1, max_size=3)


def changed(steps: list[tuple[tuple[tuple[str | int, ...], str], Any]]) -> dict[str, Any]:
    """BASE with these values put in these places, as far as their tables are still there."""
    manifest = tomli.loads(BASE)
    for (path, key), value in steps:
        table: Any = manifest
        for part in path:
            inside = isinstance(table, list) and isinstance(part, int) and part < len(table)
            table = table[part] if inside or (isinstance(table, dict) and part in table) else None
        if isinstance(table, dict):
            table.pop(key, None)
            if value is not ABSENT:
                table[key] = copy.deepcopy(value)
    return manifest


def assert_same_verdict(table: dict[str, Any], folder: Path, *, may_miss: bool = False) -> None:
    """Ask both judges about a manifest with a package `bar` beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bar").mkdir(parents=True)
    (folder / "bar" / "Cargo.toml").write_text('[package]\nname = "bar"\nedition = "2021"\n')
    cargo.write(folder / "Cargo.toml", table)
    cargo.stub_sources(folder)
    verdict = cargo.load(folder / "Cargo.toml")
    faults = list(manifest_faults(cargo.read(folder / "Cargo.toml")))
    if verdict.accepted:
        assert not faults or ACCIDENT.search(faults[0].reason)
    elif not may_miss:
        assert faults or ELSEWHERE.search(verdict.said), verdict.said


@pytest.mark.slow
@settings(max_examples=300)
@given(changes.map(changed))
def test_any_value_anywhere_has_cargos_verdict(tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]) -> None:
    """A sound manifest with one to three values replaced is loaded by cargo if and only if it has no fault."""
    assert_same_verdict(table, tmp_path_factory.getbasetemp() / "changed")


FORMS: list[Any] = [
    *("1", {"version": "1", "optional": True}, {"path": "bar"}, {"path": "./bar", "optional": True}),
    *({"git": "https://example.com/r"}, {"git": "https://example.com/r.git", "optional": True}, {"workspace": True}),
    *({"git": "https://example.com/r", "tag": "1"}, {"workspace": True, "optional": True, "default-features": False}),
    *({"version": "1", "default_features": False}, {"version": "1", "package": "other", "features": ["y"]}),
]
NAMES = ["foo", "bar", "a-b"]
FEATURES = [form.format(name) for name in ("foo", "bar", "a-b", "x", "y") for form in ("{}", "dep:{}", "{}/z", "{}?/z")]

entries = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(FORMS), max_size=3)
dependent_manifests = st.fixed_dictionaries(
    {
        "package": st.sampled_from([{"name": "x", "edition": "2021"}, {"name": "x", "edition": "2024"}, {"name": "x"}]),
        "features": st.dictionaries(
            st.sampled_from([*NAMES, "x", "y"]), st.lists(st.sampled_from(FEATURES), max_size=3), max_size=4
        ),
        "workspace": st.just({"dependencies": {"foo": "1", "bar": {"path": "bar"}, "a-b": {"version": "1"}}}),
    },
    optional={
        "dependencies": entries,
        "dev-dependencies": entries,
        "dev_dependencies": entries,
        "build-dependencies": entries,
        "target": st.dictionaries(
            st.sampled_from(["cfg(unix)", "wasm32-wasi"]), st.fixed_dictionaries({"dependencies": entries}), max_size=1
        ),
    },
)


@pytest.mark.slow
@settings(max_examples=300)
@given(dependent_manifests)
def test_dependencies_and_features_have_cargos_verdict(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    """Dependencies over several sections, and features that name them or not, are judged as cargo judges them."""
    assert_same_verdict(table, tmp_path_factory.getbasetemp() / "dependent")


def in_package(**tables: Any) -> dict[str, Any]:
    """A manifest of a package with these further tables."""
    return {"package": {"name": "x"}, **tables}


words = st.text("aé1_-+.:/ ·ⓐ", max_size=5)
numbers = st.lists(
    st.sampled_from(["1", "0", "70", "01", "*", "x", ".", ".", " ", "^", "-a", "+b", "=", ","]), max_size=6
)
cfgs = st.lists(
    st.sampled_from(
        ["all(", "any(", "not(", "(", ")", ")", ")", ",", "unix", "a_1", "r#a", "1", "=", '="x"', " ", '"', "é"]
    ),
    max_size=8,
)
globs = st.text("a*[]!/-?", max_size=6)
urls = st.lists(
    st.sampled_from(["https", "git", "sparse+", "://", ":", "/", "@", "a.b", "x", ".git", " ", "<", "#", "?", "80"])
)
specs = st.lists(
    st.sampled_from(
        ["foo", "a-b", "@", ":", "#", "1", "1.2", "1.2.3", "-rc", "https://a.example", "git+", "/", "?x", "::"]
    )
)
SPELLINGS: dict[str, tuple[st.SearchStrategy[str], Callable[[str], dict[str, Any]]]] = {
    "package name": (words, lambda text: {"package": {"name": text}}),
    "dependency name": (words, lambda text: in_package(dependencies={text: "1"})),
    "registry name": (words, lambda text: in_package(dependencies={"foo": {"version": "1", "registry": text}})),
    "feature name": (words, lambda text: in_package(features={text: []})),
    "profile name": (words, lambda text: in_package(profile={text: {}})),
    "version": (numbers.map("".join), lambda text: {"package": {"name": "x", "version": text}}),
    "rust-version": (numbers.map("".join), lambda text: {"package": {"name": "x", "rust-version": text}}),
    "requirement": (numbers.map("".join), lambda text: in_package(dependencies={"foo": text})),
    "platform": (cfgs.map("".join), lambda text: in_package(target={f"cfg({text})": {}})),
    "bare platform": (cfgs.map("".join), lambda text: in_package(target={text: {}})),
    "members": (globs, lambda text: {"workspace": {"members": [text]}}),
    "package id": (specs.map("".join), lambda text: in_package(profile={"dev": {"package": {text: {}}}})),
    "replacement": (specs.map("".join), lambda text: in_package(replace={text: {"path": "../foo"}})),
    "git": (urls.map("".join), lambda text: in_package(dependencies={"foo": {"git": text}})),
    "patch": (urls.map("".join), lambda text: in_package(patch={text: {"foo": {"path": "../foo"}}})),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SPELLINGS)
def test_spellings_have_cargos_verdict(what: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names, versions, platforms, globs and package ids are admitted as cargo admits them; no sound URL is refused."""
    texts, manifest = SPELLINGS[what]
    folder = tmp_path_factory.mktemp("spelled")

    @settings(max_examples=60)
    @given(texts)
    def check(text: str) -> None:
        assert_same_verdict(manifest(text), folder / "x", may_miss=what in ("git", "patch"))

    check()


@pytest.fixture(scope="module", params=["paiml", "famous"])
def real_manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every Cargo.toml of well-known repositories as it stands in public, with stub sources."""
    source = REAL_DATA / request.param
    top = tmp_path_factory.mktemp("real") / request.param
    if not source.is_dir():
        pytest.skip(f"no {request.param} in BATUTA_REAL_DATA")
    if (archive := source / "manifests.tar.xz").exists():
        with tarfile.open(archive) as packed:
            packed.extractall(top, filter="data")
    else:
        shutil.copytree(source, top)
    cargo.stub_sources(top)
    return sorted(path for path in top.rglob("Cargo.toml") if path.is_file() and not path.is_symlink())


@pytest.mark.slow
def test_real_manifests_have_cargos_verdict(real_manifests: list[Path]) -> None:
    """What cargo loads has no fault; what it refuses has one, unless something outside of the file is wrong."""
    alarms, missed = {}, {}
    for manifest, verdict in zip(real_manifests, ask_all(real_manifests), strict=True):
        try:
            faults = list(manifest_faults(cargo.read(manifest)))
        except ValueError:
            assert not verdict.accepted
            continue
        if verdict.accepted and faults:
            alarms[manifest] = faults
        elif not verdict.accepted and not faults and not ELSEWHERE.search(verdict.said):
            missed[manifest] = verdict.said
    assert (alarms, missed) == ({}, {})
