"""What the package imports, what pyproject.toml declares and what the lock pins agree."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.house.repository import PACKAGE, ROOT, console_scripts, lower_bounds, python_files
from tests.support.process import run, unmeasured

# Neither a guard nor anything that it imports may need these: slow to import, or able to open a socket.
HEAVY = {"click", "diskcache", "dulwich", "requests", "rich", "textual", "tomlkit", "typer", "urllib3", "yaml"}
# Of the standard library: each costs more than the rest of a guard's own imports together.
SLOW = {"asyncio", "dataclasses", "inspect", "pathlib", "ssl", "unittest", "urllib.request"}
# What the floors without machine may import besides each other.
PURE_THIRD_PARTY = {"tomli"}
# Names under which packages are imported, where they are others than those under which they are installed.
IMPORTED_AS = {"pyyaml": "yaml"}
LOCK = ROOT / "requirements" / "dev.txt"
GUARDS = sorted({target.partition(":")[0] for target in console_scripts().values() if ".guards." in target})


def imported(folder: Path) -> dict[str, str]:
    """Name of each top-level module imported below `folder` to a file that does."""
    found: dict[str, str] = {}
    for path in python_files(folder):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            found |= {name.partition(".")[0]: str(path.relative_to(ROOT)) for name in names}
    return found


def third_party(folder: Path) -> dict[str, str]:
    """The part of `imported` that comes from neither the standard library nor this package."""
    known = sys.stdlib_module_names | {"batuta_hooks"}
    return {name: path for name, path in imported(folder).items() if name not in known}


def locked() -> dict[str, str]:
    """Name of each locked package to its version."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def test_what_is_imported_is_declared_and_the_reverse() -> None:
    """Every runtime dependency is used, and nothing else is imported."""
    declared = {IMPORTED_AS.get(name, name) for name in lower_bounds()}
    assert set(third_party(PACKAGE)) == declared, third_party(PACKAGE)


@pytest.mark.parametrize("room", ["checks", "domain"])
def test_floors_without_machine_need_the_parser_alone(room: str) -> None:
    """Policy and cargo's rules import the standard library and tomli."""
    assert set(third_party(PACKAGE / room)) <= PURE_THIRD_PARTY


def loaded_by(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`, besides those that it starts with."""
    # -I and no variables of coverage's: what the test environment itself loads does not count.
    wrapped = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before), sep='\\n')"
    return set(run([sys.executable, "-I", "-c", wrapped], cwd=folder, env=unmeasured()).stdout.split())


@pytest.mark.parametrize("module", GUARDS)
def test_a_guard_is_imported_light(module: str, tmp_path: Path) -> None:
    """Importing a guard loads no heavy library and nothing slow of the standard one."""
    loaded = loaded_by(f"import {module}", tmp_path)
    assert module in loaded
    assert loaded & (HEAVY | SLOW) == set()


@pytest.mark.parametrize("module", GUARDS)
def test_a_guard_runs_light(module: str, tmp_path: Path) -> None:
    """So it stays while the guard judges a repository in which all is well."""
    run(["git", "init", "--quiet"], cwd=tmp_path)
    manifest = '[package]\nname = "alone"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nserde = "1"\n'
    (tmp_path / "Cargo.toml").write_text(manifest, encoding="utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").touch()
    run(["git", "add", "."], cwd=tmp_path)
    loaded = loaded_by(f"from {module} import main; assert main([]) == 0", tmp_path)
    assert "batuta_hooks.domain.manifest" in loaded
    assert loaded & (HEAVY | SLOW) == set()


def test_lock_is_complete() -> None:
    """Each pin has a hash, each dependency declared is pinned no older than its lower bound."""
    text = LOCK.read_text(encoding="utf-8")
    pins = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
    for name, bound in lower_bounds().items():
        assert numbers(locked()[name]) >= numbers(bound), name


def test_lock_names_no_index() -> None:
    """The lock works with whatever index pip is told to use."""
    text = LOCK.read_text(encoding="utf-8")
    assert "make lock" in text.partition("==")[0]
    assert re.findall(r"https?:|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_lock_holds_what_is_asked_for() -> None:
    """Each line of dev.in is pinned: the lock was made anew when it changed."""
    lines = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    asked = {re.split(r"[ >=<#]", line, maxsplit=1)[0] for line in lines if line and not line.startswith("#")}
    assert asked - set(locked()) == set()


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a release number."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
