"""PD004, and PD008 of cargo's configuration: what stands in for a crate, where it leads and what it hides."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.tree import ReadFault
from tests.support.repos import package
from tests.support.trees import Texts, facts_about, said_of

B = package("b", version="0.3.1")
USES = '[dependencies]\nb = "0.3"\n'


def findings(files: Texts, **more: Any) -> list[Finding]:
    """What is found in these files, the registry holding b 0.3.0 unless told otherwise."""
    return said_of(facts_about(files, **{"published": {"b": Published(("0.3.0",))}, **more}))[0]


def patched(entry: str, rest: str = USES, **more: str) -> dict[str, str]:
    """Package ``a`` at the top with this entry under ``[patch.crates-io]``, and package ``b`` below it."""
    return {"Cargo.toml": package("a", f"{rest}[patch.crates-io]\n{entry}"), "b/Cargo.toml": B, **more}


@pytest.mark.parametrize(
    "entry",
    ['b = { path = "b" }', 'b.path = "b"', '[patch.crates-io.b]\npath = "./b/"', 'x = { path = "b", package = "b" }'],
)
def test_sound_patch_is_a_note(entry: str) -> None:
    """A patch inside the repository builds in a clone; what publishing makes of it is worth a note, with no mend."""
    (found,) = findings(patched(entry))
    assert (found.code, found.severity, found.dependency, found.fix) == ("PD004", "note", "b", "")
    assert found.message.endswith("in the place of `b`: publishing ignores it, only the registry counts then")


@pytest.mark.parametrize(
    ("entry", "trouble"),
    [
        ('b = { path = "../b" }', "`../b` leaves the repository"),
        ('b = { path = "/srv/b" }', "`/srv/b` is an absolute path"),
        ('b = { path = "nowhere" }', "`nowhere` holds no Cargo.toml"),
        ('c = { path = "b" }', "`b` holds package `b`, not `c`"),
    ],
)
def test_patch_that_a_clone_does_not_have(entry: str, trouble: str) -> None:
    """An error, though nobody may use the crate: cargo looks for every patch. PD003 is not said beside it."""
    for rest in (USES, ""):
        (found,) = findings(patched(entry, rest))
        assert (found.code, found.severity) == ("PD004", "error")
        assert found.message.endswith(f"{trouble}, so a clone does not build")
        assert found.fix == "keep it in a .cargo/config.toml outside the repository, or drop it"


def test_patch_in_the_worktree_alone() -> None:
    """A folder that git does not track is named as such."""
    (found,) = findings(patched('c = { path = "gen" }'), on_disk=["gen/Cargo.toml"])
    assert "`gen` is not tracked by git, so a clone does not build" in found.message


def test_patch_into_a_submodule_is_sound() -> None:
    """A recursive clone has the folder."""
    (found,) = findings(patched('c = { path = "vendor/c" }'), submodules=["vendor"])
    assert found.severity == "note"


def test_patch_by_git_or_version_is_no_matter_here() -> None:
    """Only paths are: a git source is in every clone."""
    assert not findings(patched('b = { git = "https://git.example.invalid/b" }'))


def test_patch_that_hides_a_missing_version() -> None:
    """The patch satisfies a requirement that the registry does not: an error that names the requirement."""
    (found,) = findings(patched('b = { path = "b" }'), published={"b": Published(("0.2.0",), ("0.3.0",))})
    assert (found.severity, found.line) == ("error", 9)
    assert found.message == ("[patch] puts `b` in the place of `b` and hides that no registry satisfies `b 0.3` of `a`")
    assert found.fix == "publish `b` first, or require a version that is published"


@pytest.mark.parametrize(
    ("keys", "rest"),
    [
        ("publish = false", USES),  # nobody asks the registry for it
        ("", '[dependencies]\nb = "7"\n'),  # the patch does not match either, so it hides nothing
        ("", '[dependencies]\nb = { path = "b", version = "0.3" }\n'),  # not what the patch is for
        ("", '[dependencies]\nb = { git = "https://git.example.invalid/b", version = "0.3" }\n'),
        ("", '[dependencies]\nc = "0.3"\n'),
    ],
)
def test_patch_that_hides_nothing(keys: str, rest: str) -> None:
    """A note where no publishable package needs from the registry what the patch gives."""
    files = {"Cargo.toml": package("a", f"{rest}[patch.crates-io]\nb = {{ path = 'b' }}", keys=keys), "b/Cargo.toml": B}
    found = findings(files, published={"b": Published(()), "c": Published(())})
    assert [one.severity for one in found if one.code == "PD004"] == ["note"]


def test_patch_of_a_registry_that_was_not_asked() -> None:
    """The question is left open, once, and the patch is a note until it is answered."""
    found, unknown = said_of(facts_about(patched('b = { path = "b" }')))
    assert [one.severity for one in found] == ["note"]
    assert unknown == [Unknown("b", "does a patch hide that a version is missing? the registry was not asked")]


@pytest.mark.parametrize(
    ("source", "is_asked"),
    [
        ("crates-io", True),
        ("https://github.com/rust-lang/crates.io-index", True),
        ("https://github.com/Rust-Lang/crates.io-index.git/", True),
        ("https://git.example.invalid/b", False),
    ],
)
def test_patched_source(source: str, is_asked: bool) -> None:
    """The registry is asked for crates.io alone, by whatever URL."""
    text = package("a", f'{USES}[patch."{source}"]\nb = {{ path = "b" }}')
    assert bool(said_of(facts_about({"Cargo.toml": text, "b/Cargo.toml": B}))[1]) is is_asked


def test_patches_of_a_workspace_reach_its_members() -> None:
    """A root's patch is judged by what its members require, inherited requirements too."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["m", "b"]\n[workspace.dependencies]\nb = "0.3"\n'
        '[patch.crates-io]\nb = { path = "b" }\n',
        "m/Cargo.toml": package("m", "[dependencies]\nb.workspace = true"),
        "b/Cargo.toml": B,
    }
    (found,) = findings(files, published={})
    assert (found.severity, found.path, found.line) == ("error", "Cargo.toml", 6)
    assert "`b 0.3` of `m`" in found.message


def test_patch_of_a_member_is_ignored() -> None:
    """cargo reads the patches of the root alone: a note, wherever the path leads."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["m"]\n',
        "m/Cargo.toml": package("m", '[patch.crates-io]\nb = { path = "../../b" }'),
    }
    (found,) = findings(files)
    assert (found.severity, found.fix) == ("note", "move it to the workspace root, or drop it")
    assert found.message.endswith("but cargo ignores it outside the workspace root")
    excluded = {**files, "Cargo.toml": '[workspace]\nexclude = ["m"]\n'}
    assert [one.severity for one in findings(excluded)] == ["error"]


def test_broken_members_are_left_out() -> None:
    """A member that cannot be read requires nothing that a patch could hide."""
    files = patched('b = { path = "b" }', rest='[workspace]\nmembers = ["m"]\n', **{"m/Cargo.toml": "x"})
    assert sorted((one.code, one.severity) for one in findings(files)) == [("PD004", "note"), ("PD008", "error")]


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        ('"b:0.3.0" = { path = "b" }', "note"),
        ('"b:0.3.0" = { path = "../b" }', "error"),
        ('"b:0.3.0".path = "c"', "error"),
    ],
)
def test_replace(entry: str, severity: str) -> None:
    """``[replace]`` is judged like a patch of crates.io, its crate named by the package id."""
    (found,) = findings({"Cargo.toml": package("a", f"{USES}[replace]\n{entry}"), "b/Cargo.toml": B})
    assert (found.code, found.severity, found.dependency) == ("PD004", severity, "b")
    assert found.message.startswith("[replace] puts")


@pytest.mark.parametrize("spec", ["b@0.3.0", "https://github.com/rust-lang/crates.io-index#b@0.3.0"])
def test_replace_by_another_spelling_of_the_package_id(spec: str) -> None:
    """A package id may be `name:version`, `name@version` or have a URL before it."""
    (found,) = findings({"Cargo.toml": package("a", f'[replace]\n"{spec}" = {{ path = "b" }}'), "b/Cargo.toml": B})
    assert (found.dependency, found.severity) == ("b", "note")


@pytest.mark.parametrize(
    ("config", "path", "severity"),
    [
        (".cargo/config.toml", "b", "note"),
        (".cargo/config", "b", "note"),
        (".cargo/config.toml", "../b", "error"),
        ("sub/.cargo/config.toml", "../b", "note"),
        ("sub/.cargo/config.toml", "b", "error"),
        ("sub/.cargo/config.toml", "../../b", "error"),
    ],
)
def test_patch_in_configuration(config: str, path: str, severity: str) -> None:
    """Its path starts from the folder above ``.cargo``; the finding stands in the configuration."""
    files = {
        "Cargo.toml": package("a", USES),
        "b/Cargo.toml": B,
        config: f'[patch.crates-io]\nb = {{ path = "{path}" }}\n',
    }
    (found,) = findings(files)
    assert (found.path, found.line, found.column) == (config, 2, 1)
    assert (found.code, found.severity) == ("PD004", severity)


def test_configuration_reaches_the_manifests_below_it() -> None:
    """A patch in configuration hides the requirements of the packages below its folder, and of no others."""
    files = {
        "sub/Cargo.toml": package("a", USES),
        "sub/.cargo/config.toml": '[patch.crates-io]\nb = { path = "../b" }\n',
        "b/Cargo.toml": B,
    }
    assert [one.severity for one in findings(files, published={})] == ["error"]
    files["other/Cargo.toml"] = files.pop("sub/Cargo.toml")
    assert [one.severity for one in findings(files, published={})] == ["note"]


@pytest.mark.parametrize(
    ("written", "trouble"),
    [
        ("b", ""),
        ("crates", ""),
        (".", ""),
        ("vendor/x", ""),
        ("../b", "`../b` leaves the repository"),
        ("/srv/b", "`/srv/b` is an absolute path"),
        ("nowhere", "`nowhere` holds no tracked Cargo.toml"),
    ],
)
def test_paths_override(written: str, trouble: str) -> None:
    """A folder of ``paths`` holds a package, or has some below it; each entry is a finding of its own."""
    files = {
        "crates/c/Cargo.toml": package("c"),
        "b/Cargo.toml": B,
        ".cargo/config.toml": f'paths = [\n  "{written}",\n]\n',
    }
    (found,) = findings(files, submodules=["vendor"])
    assert (found.code, found.line, found.column, found.severity) == ("PD004", 2, 3, "error" if trouble else "note")
    assert trouble in found.message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("paths = ['b'", 1),
        ("paths = 'b'", 1),
        ("\npaths = ['b', 1]", 2),
        ("patch = 1", 1),
        ("[[patch]]", 1),
        ("[patch]\ncrates-io = 1", 2),
        ("[patch.crates-io]\nb = 1", 2),
        ("[patch.crates-io]\nb = { path = 1 }", 2),
        ("[patch.crates-io]\nb = {}", 2),
        ("[patch.crates-io]\nb = { path = 'b', git = 'https://git.example.invalid/b' }", 2),
        (b"\xff", 1),
        (ReadFault("too many levels of symbolic links (os error 40)"), 1),
    ],
)
def test_configuration_that_cargo_cannot_read(text: str | bytes | ReadFault, line: int) -> None:
    """PD008 at the place; an error where it spoils packages that can be read, else a warning."""
    config: Any = {".cargo/config.toml": text}
    (found,) = findings({"Cargo.toml": package("a"), **config})
    assert (found.code, found.severity, found.line) == ("PD008", "error", line)
    assert found.message.startswith("cargo cannot read this configuration: ")
    assert [one.severity for one in findings(config)] == ["warning"]


def test_configuration_of_other_matters() -> None:
    """Aliases, registries and patches by version are nobody's concern here; a file that is not there is silence."""
    text = "[alias]\nx = 'run'\n[registries.r]\nindex = 'https://r.example.invalid/'\n[patch.crates-io]\nb = '1'\n"
    assert not findings({".cargo/config.toml": text})
    facts = facts_about({})._replace(configs=(".cargo/config.toml",))
    assert said_of(facts) == ([], [])
