"""VA006, VA007 and VA008 beside real cargo, which resolves the same manifests against the same index on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from batuta_hooks.checks.version_alignment import find
from batuta_hooks.registry.accepting import AcceptingRegistry
from tests.checks.asking import split
from tests.support.cargo import stub_sources
from tests.support.process import run
from tests.support.publish_stacks import crate, facts_over, index_files, line
from tests.support.publishing import publishing_environment
from tests.support.repos import make_repo
from tests.support.trees import TextTree

pytestmark = [pytest.mark.cargo]

_SAID = {
    "VA006": re.compile(r"does not have (?:that |these )?feature|but .* does not have|feature `[^`]+` which is not|"
                        r"depends on `[^`]+`, with features?: "),
    "VA007": re.compile(r"links to the native library"),
    "VA008": re.compile(r"\(requires Rust "),
}  # fmt: skip


class Case(NamedTuple):
    """A package's dependencies and keys, and the code that is said of it."""

    needs: str
    code: str = ""
    keys: str = ""
    features: str = ""


LINES = [
    line("x", "1.0.0", features={"one": []}, rust_version="1.60"),
    line("x", "1.1.0", "y 1", features={"two": []}, rust_version="1.75"),
    line("x", "1.2.0", {"name": "y", "req": "1", "optional": True}, features={"two": []}, rust_version="1.90"),
    line("x", "2.0.0", features={"late": []}, rust_version="1.90"),
    line("y", "1.0.0", features={"inner": []}),
    line("z-sys", "0.1.0", links="z"),
    line("z-sys", "0.2.0", links="z"),
    line("other-sys", "1.0.0", links="z"),
    line("old", "1.0.0", "z-sys ^0.1"),
    line("new", "0.9.0", "z-sys ^0.1"),
    line("new", "1.0.0", "z-sys ^0.2"),
    line("deep", "1.0.0", "old ^1"),
    line("optional-z", "1.0.0", {"name": "z-sys", "req": "^0.2", "optional": True}, features={"z": ["dep:z-sys"]}),
]

CASES = [
    Case('x = { version = "1", features = ["one"] }'),
    Case('x = { version = "1.1", features = ["one"] }', "VA006"),
    Case('x = { version = "1", features = ["one", "two"] }', "VA006"),
    Case('x = { version = "1", features = ["y"] }'),
    Case('x = { version = "~1.0", features = ["y"] }', "VA006"),
    Case('x = { version = "1", features = ["late"] }', "VA006"),
    Case('x = { version = "2", features = ["late"] }'),
    Case('x = { version = "1", default-features = false, features = ["default"] }', "VA006"),
    Case('x = { version = "1", optional = true }', "VA006", features='f = ["x/none"]'),
    Case('x = { version = "1", optional = true }', "VA006", features='f = ["dep:x", "x?/none"]'),
    Case('x = { version = "1", optional = true }', features='f = ["x/two"]'),
    Case('old = "1"\nnew = "1"', "VA007"),
    Case('old = "1"\nnew = ">=0.9"'),
    Case('z-sys = "0.1"\nother-sys = "1"', "VA007"),
    Case('z-sys = "0.1"\nother-sys = { version = "1", optional = true }', "VA007"),
    Case('deep = "1"\nz-sys = "0.2"', "VA007"),
    Case('deep = "1"\nz-sys = "0.1"'),
    Case('deep = "1"\noptional-z = "1"'),
    Case('deep = "1"\noptional-z = { version = "1", features = ["z"] }', "VA007"),
    Case('z-sys = "0.1"', "VA007", keys='links = "z"'),
    Case('z-sys = "0.1"\n[target."cfg(windows)".dependencies]\nnew = "1"', "VA007"),
    Case('z-sys = "0.1"\n[dev-dependencies]\nnew = "1"', "VA007"),
    Case('x = "1.1"', keys='rust-version = "1.75"'),
    Case('x = "1.2"', "VA008", keys='rust-version = "1.75"'),
    Case('x = "1"', keys='rust-version = "1.60"'),
    Case('x = "2"', "VA008", keys='rust-version = "1.89.1"'),
    Case('x = "2"', keys='rust-version = "1.90"'),
    Case('y = "1"', keys='rust-version = "1.56"'),
    Case('x = "=1.1.0"', "VA008", keys='rust-version = "1.74"'),
    Case("x = '>=1, <2'", keys='rust-version = "1.60"'),
]


@pytest.fixture(scope="module")
def registry() -> Iterator[AcceptingRegistry]:
    """A registry that has the lines."""
    with AcceptingRegistry(index_files(LINES).get) as running:
        yield running


def manifest_of(case: Case) -> str:
    """The manifest of a case; a package with `links` needs a build script."""
    keys = 'description = "d"\nlicense = "MIT"\n' + case.keys + ('\nbuild = "build.rs"' if "links" in case.keys else "")
    return crate("app", f"[dependencies]\n{case.needs}\n[features]\n{case.features}", keys=keys)


def ours(case: Case, registry: AcceptingRegistry) -> list[str]:
    """The codes among the three that we say."""
    (facts,) = facts_over({".": TextTree({"Cargo.toml": manifest_of(case)})}, registry)
    return sorted({one.code for one in split(find(facts))[0]} & _SAID.keys())


def cargos(case: Case, registry: AcceptingRegistry, folder: Path) -> list[str]:
    """The codes for which cargo refuses to resolve, or says that a newer Rust is needed."""
    repo = make_repo(folder / "app", {"Cargo.toml": manifest_of(case), "build.rs": "fn main() {}"}, commit=False)
    stub_sources(repo.path)
    environment = publishing_environment(registry, folder / "home") | {
        "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS": "fallback"
    }
    done = run(["cargo", "generate-lockfile"], cwd=repo.path, env=environment, code=None)
    wanted: Sequence[str] = ("VA008",) if done.returncode == 0 else ("VA006", "VA007")
    found = sorted(code for code in wanted if _SAID[code].search(done.stderr))
    assert found or done.returncode == 0, done.stderr
    return found


@pytest.mark.parametrize("case", CASES[::6], ids=" ".join)
def test_a_few_beside_cargo(case: Case, registry: AcceptingRegistry, tmp_path: Path) -> None:
    """What cargo refuses, or warns of, is what is said."""
    assert ours(case, registry) == cargos(case, registry, tmp_path) == ([case.code] if case.code else [])


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_beside_cargo(case: Case, registry: AcceptingRegistry, tmp_path: Path) -> None:
    """The same for every case."""
    assert ours(case, registry) == cargos(case, registry, tmp_path) == ([case.code] if case.code else [])
