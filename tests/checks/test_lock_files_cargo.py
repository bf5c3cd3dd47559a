"""VA009 and VA001, VA002 beside real cargo with a registry on loopback: stale means that `--locked` refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.checks import lock_files, published_versions
from batuta_hooks.domain.facts import Published
from tests.checks.asking import said
from tests.support.online import go_online
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.repos import package

pytestmark = pytest.mark.cargo

ROOT = (
    '[workspace]\nmembers = ["app", "lib"]\nexclude = ["far"]\nresolver = "2"\n[workspace.dependencies]\nlog = "0.4"\n'
)
APP = """\
[dependencies]
log.workspace = true
lib = { version = "0.1", path = "../lib" }
far = { path = "../far" }
serde = { version = "1.0.3", optional = true }
[dev-dependencies]
rand = "0.8"
[target.'cfg(windows)'.dependencies]
winapi = "0.3"
"""
FILES = {
    "Cargo.toml": ROOT,
    "app/Cargo.toml": package("app", APP),
    "lib/Cargo.toml": package("lib", '[build-dependencies]\ncc = "1"'),
    "far/Cargo.toml": package("far", '[dependencies]\nlog = "0.4"\nserde = { version = "1", optional = true }'),
}

#: Each change of a fitting workspace: file, what is replaced, by what.
CHANGES = {
    "nothing": ("Cargo.toml", "", ""),
    "a member's version": ("lib/Cargo.toml", 'version = "0.1.0"', 'version = "0.1.1"'),
    "the root's requirement, still met": ("Cargo.toml", 'log = "0.4"', 'log = "0.4.1"'),
    "the root's requirement, not met": ("Cargo.toml", 'log = "0.4"', 'log = "0.3"'),
    "a dependency less": ("app/Cargo.toml", 'rand = "0.8"\n', ""),
    "a dependency more": ("app/Cargo.toml", 'rand = "0.8"', 'rand = "0.8"\ncc = "1"'),
    "an alias": ("app/Cargo.toml", 'rand = "0.8"', 'random = { package = "rand", version = "0.8" }'),
    "another kind": ("lib/Cargo.toml", "[build-dependencies]", "[dev-dependencies]"),
    "another platform": ("app/Cargo.toml", "cfg(windows)", "cfg(unix)"),
    "a feature": ("app/Cargo.toml", "log.workspace = true", "log = { workspace = true, default-features = true }"),
    "optional no more": ("app/Cargo.toml", 'version = "1.0.3", optional = true', 'version = "1.0.3"'),
    "a higher requirement": ("app/Cargo.toml", '"1.0.3"', '"1.0.9"'),
    "a path in place of a version": ("app/Cargo.toml", 'rand = "0.8"', 'rand = { path = "../rand" }'),
    "the other package's version": ("far/Cargo.toml", 'version = "0.1.0"', 'version = "0.2.0"'),
    "the other package's dependency": ("far/Cargo.toml", 'log = "0.4"', 'log = "0.4"\nrand = "0.8"'),
    "the other package's optional one": ("far/Cargo.toml", "optional = true", "optional = true, features = []"),
    "a member less": ("Cargo.toml", '"app", "lib"', '"app"'),
    "a locked version": ("Cargo.lock", 'name = "log"\nversion = "0.4.20"', 'name = "log"\nversion = "0.4.19"'),
    "a package too many": ("Cargo.lock", '[[package]]\nname = "log"', '{extra}\n[[package]]\nname = "log"'),
}
QUICK = ("nothing", "a dependency more", "the root's requirement, still met")
EXTRA = '[[package]]\nname = "itoa"\nversion = "1.0.0"\nsource = "{}"\nchecksum = "{}"\n'


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with a few crates."""
    with FaultyRegistry() as running:
        for name, *versions in (
            ("log", "0.3.9", "0.4.19", "0.4.20"),
            ("serde", "1.0.3", "1.0.8"),
            ("rand", "0.8.5"),
            ("winapi", "0.3.9"),
            ("cc", "1.0.0"),
            ("itoa", "1.0.0"),
        ):
            running.add(name, *versions)
        yield running


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files, and sources beside each manifest."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name.endswith("Cargo.toml"):
            (path.parent / "src").mkdir(exist_ok=True)
            (path.parent / "src/lib.rs").touch()


@pytest.mark.parametrize(
    "change", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CHANGES]
)
def test_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry, change: str) -> None:
    """A change makes the lock file stale here exactly where cargo would have to write it anew."""
    go_online(monkeypatch, tmp_path / "r", registry)
    files = {**FILES, "rand/Cargo.toml": package("rand", "[workspace]", version="0.8.5")}
    write(tmp_path / "r", files)
    run(["cargo", "generate-lockfile"], cwd=tmp_path / "r")
    lock = (tmp_path / "r/Cargo.lock").read_text(encoding="utf-8")
    files["Cargo.lock"] = lock
    file, before, after = CHANGES[change]
    source = next(line.partition('"')[2][:-1] for line in lock.splitlines() if line.startswith("source = "))
    changed = files[file].replace(before, after.replace("{extra}", EXTRA.format(source, "0" * 64)), 1)
    assert changed != files[file] or change == "nothing"
    files[file] = changed
    write(tmp_path / "r", files)
    done = run(["cargo", "update", "--workspace", "--locked"], cwd=tmp_path / "r", code=None)
    found, _ = said(lock_files.find, files, judged=["Cargo.toml"])
    assert bool(found) == (done.returncode != 0), (done.stderr, found)


@pytest.mark.parametrize(
    "requirement",
    [
        *("0.3", pytest.param("0.2", marks=pytest.mark.slow), pytest.param("0.1", marks=pytest.mark.slow)),
        *(
            pytest.param(text, marks=pytest.mark.slow)
            for text in (">=0.1, <0.3", "=0.2.0", "0.5", "^0.4.0-rc.1", "0.4", "*", ">0.3.0", "~0.3.0", "0.3.*")
        ),
    ],
)
@pytest.mark.parametrize("kind", ["dependencies", pytest.param("dev-dependencies", marks=pytest.mark.slow)])
def test_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry, requirement: str, kind: str
) -> None:
    """VA001 or VA002 is said exactly where cargo finds no version to choose."""
    registry.add("base", "0.1.0", "0.2.0", "0.3.1", "0.4.0-rc.1")
    path = next(name for name in registry.files if name.endswith("/base"))
    lines = registry.files[path].splitlines(keepends=True)
    yanked = [line.replace(b'"yanked":false', b'"yanked":true') if b'"0.2.0"' in line else line for line in lines]
    assert yanked != lines
    registry.files[path] = b"".join(yanked)
    go_online(monkeypatch, tmp_path / "r", registry)
    files = {"Cargo.toml": package("app", f'[{kind}]\nbase = {{ version = "{requirement}", optional = false }}')}
    write(tmp_path / "r", files)
    done = run(["cargo", "generate-lockfile"], cwd=tmp_path / "r", code=None)
    published = {"base": Published(("0.1.0", "0.3.1", "0.4.0-rc.1"), ("0.2.0",), is_of_this_run=True)}
    found, _ = said(published_versions.find, files, published=published)
    assert bool(found) == (done.returncode != 0), (done.stderr, found)
