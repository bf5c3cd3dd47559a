"""Documents, hook manifest and metadata agree with each other and speak of this project alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from batuta_hooks.domain.config_faults import key_paths
from batuta_hooks.domain.config_keys import KEYS
from batuta_hooks.domain.config_schema import PURPOSES
from tests.house.repository import ROOT, console_scripts, files, pyproject
from tests.support.process import run

# Hosts that the repository may name. The last line is for samples: they exist nowhere, or only here.
HOSTS = {
    *("github.com", "crates.io", "index.crates.io", "static.crates.io", "doc.rust-lang.org", "docs.rs", "semver.org"),
    *("git-scm.com", "pre-commit.com", "pypi.org", "keepachangelog.com", "toml.io", "spec.openapis.org"),
    *(
        "json.schemastore.org",
        "json-schema.org",
        "docs.github.com",
        "docs.oasis-open.org",
        "no-color.org",
        "www.w3.org",
    ),
    *("example.com", "example.org", "example.net", "localhost", "127.0.0.1"),
}
SAMPLE_HOST = re.compile(r"(?:.*\.)?(?:example|invalid|test|localhost)(?:\.(?:com|org|net))?")
URL = re.compile(
    r"\b(?:https?|ssh|git|sparse\+https?)://(?:[^@/\s\"'<>]*@)?(\[[^\]]*\]|[A-Za-z0-9.-]+)|\bgit@([\w.-]+):"
)
SH_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_files() -> dict[str, str]:
    """Each file of the repository that is UTF-8 text, by its name; the lock is judged by test_dependencies.py."""
    found = {}
    for path in files():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    del found["requirements/dev.txt"]
    return found


def machine_paths() -> list[str]:
    """Folders of this machine that mean nothing on another one."""
    # Spelled apart, so that this file does not find itself.
    elsewhere = ["/" + "work", "/" + "root", "/tmp/" + "ref", "/opt/" + "wheels"]
    # A shallow path may be a word of a sample too.
    return elsewhere + [path for path in (str(ROOT), sys.base_prefix) if len(Path(path).parts) > 3]


def sh_blocks() -> list[str]:
    """The shell blocks of README, in order."""
    return SH_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def hooks() -> list[dict[str, Any]]:
    """The entries of .pre-commit-hooks.yaml."""
    entries = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(entries, list)
    return entries


def test_no_path_of_a_machine() -> None:
    """No file names a folder of the machine that it was written on."""
    known = "|".join(map(re.escape, machine_paths()))
    pattern = re.compile(rf"(?<![\w.~}}$)-])(?:{known})(?![\w-])")
    found = [f"{name}: {match[0]}" for name, text in text_files().items() for match in pattern.finditer(text)]
    assert found == []


def test_no_host_but_known_ones() -> None:
    """Every host that a file names is a well-known public one, or one reserved for samples."""
    unknown = []
    for name, text in text_files().items():
        for match in URL.finditer(text):
            host = (match[1] or match[2]).rstrip(".").lower()
            if "." in host and host not in HOSTS and not SAMPLE_HOST.fullmatch(host):
                unknown.append(f"{name}: {host}")
    assert unknown == []


def test_readme_begins_with_the_demo() -> None:
    """The first command that a reader meets is the demo, and the first about tests is `make test`."""
    assert sh_blocks()[0].split("\n")[0] == "make demo"
    lines = [line for block in sh_blocks() for line in block.splitlines() if "test" in line]
    assert lines[0].partition("#")[0].strip() == "make test"


def test_readme_commands_exist() -> None:
    """Every `make` target that README's shell blocks name is one."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for block in sh_blocks() for name in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE)}
    assert {"demo", "test"} <= named <= targets


def test_changelog_tells_of_this_version() -> None:
    """CHANGELOG has a heading for the version in pyproject.toml."""
    version = re.escape(pyproject()["project"]["version"])
    assert re.search(rf"^## \[?v?{version}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_license_is_the_declared_one() -> None:
    """The licence text is the one that the metadata name."""
    assert pyproject()["project"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")


def test_pre_commit_accepts_the_hook_manifest() -> None:
    """Both frameworks can read .pre-commit-hooks.yaml."""
    for framework in ("pre-commit", "prek"):
        run([Path(sys.executable).parent / framework, "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], cwd=ROOT)


def test_every_guard_is_a_hook() -> None:
    """The hooks are the guards: id, entry and console script have one name."""
    guards = {name for name, target in console_scripts().items() if ".guards." in target}
    assert {hook["id"] for hook in hooks()} == guards
    for hook in hooks():
        assert hook["entry"].split()[0] == hook["id"]
        assert hook["language"] == "python"


@pytest.mark.parametrize("target", console_scripts().values(), ids=console_scripts())
def test_console_script_has_its_function(target: str) -> None:
    """Every console script names a module of the package that exists."""
    module, _, function = target.partition(":")
    assert function == "main"
    assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


def test_every_key_of_the_configuration_is_described() -> None:
    """docs/configuration.md has a row for each key, with the words and the default of the schema."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for path in key_paths(KEYS):
        if not path.startswith("rules."):
            assert f"| `{path}` | {PURPOSES[path]} | " in page
