"""Workspaces: whose root is whose, who is a member, and what a manifest is once its root has had its say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batuta_hooks.domain.manifest import Manifest, Package
from batuta_hooks.domain.tree import ReadFault
from batuta_hooks.domain.workspace import ManifestFault, Manifests, inherits, is_excluded, position_of, root_pointer
from tests.support.repos import package
from tests.support.trees import Texts, TextTree


def manifests(files: Texts, submodules: Sequence[str] = ()) -> Manifests:
    """The manifests among these files."""
    return Manifests(TextTree(files, submodules))


def loaded(files: Texts, path: str = "Cargo.toml") -> Manifest:
    """A manifest among these files, as written."""
    manifest = manifests(files).load(path)
    assert isinstance(manifest, Manifest)
    return manifest


def resolved(files: Texts, path: str) -> Manifest:
    """A manifest among these files, what it inherits in its place."""
    manifest = manifests(files).resolve(path)
    assert isinstance(manifest, Manifest), manifest
    return manifest


def fault(files: Texts, path: str = "Cargo.toml", submodules: Sequence[str] = ()) -> ManifestFault:
    """Why a manifest among these files cannot be resolved."""
    found = manifests(files, submodules).resolve(path)
    assert isinstance(found, ManifestFault), found
    return found


def package_of(manifest: Manifest) -> Package:
    """The package of a manifest that has one."""
    assert manifest.package is not None
    return manifest.package


def root_path(files: Texts, path: str) -> str | None:
    """The path of the root that is found for a manifest."""
    every = manifests(files)
    manifest = every.load(path)
    assert isinstance(manifest, Manifest)
    root = every.root_of(manifest)
    return None if root is None else root.path


def members(files: Texts, path: str = "Cargo.toml") -> list[str]:
    """The folders of a root's members, sorted."""
    every = manifests(files)
    root = every.load(path)
    assert isinstance(root, Manifest)
    return sorted(member.rpartition("/")[0] for member in every.members(root))


def test_what_is_not_there_is_none() -> None:
    """Neither a path that nobody tracks nor one outside is a manifest."""
    every = manifests({"Cargo.toml": package("a"), "../x/Cargo.toml": package("x")})
    assert every.load("b/Cargo.toml") is None
    assert every.resolve("b/Cargo.toml") is None
    assert every.load("../x/Cargo.toml") is None


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("a = ", 1, 5, "string values must be quoted"),
        ('[package]\nname = "a"\n[dependencies]\nb = 1\n', 4, 1, "b"),
        (ReadFault("is a folder (os error 21)"), 1, 1, "is a folder"),
        (b"\xff", 1, 1, "UTF-8"),
    ],
)
def test_faults(text: str | bytes | ReadFault, line: int, column: int, reason: str) -> None:
    """Bytes, text and tables that cargo refuses, with the place."""
    files: Texts = {"Cargo.toml": text}  # type: ignore[assignment]
    found = fault(files)
    assert (found.path, found.line, found.column) == ("Cargo.toml", line, column)
    assert reason in found.reason


ROOT = '[workspace]\nmembers = ["a"]\n'


@pytest.mark.parametrize(
    ("files", "path", "root"),
    [
        ({"Cargo.toml": package("a")}, "Cargo.toml", None),
        ({"Cargo.toml": ROOT}, "Cargo.toml", "Cargo.toml"),
        ({"Cargo.toml": ROOT, "a/Cargo.toml": package("a")}, "a/Cargo.toml", "Cargo.toml"),
        ({"Cargo.toml": ROOT, "x/y/Cargo.toml": package("a")}, "x/y/Cargo.toml", "Cargo.toml"),
        ({"Cargo.toml": package("t"), "a/Cargo.toml": package("a")}, "a/Cargo.toml", None),
        (
            {"Cargo.toml": ROOT, "x/Cargo.toml": package("x"), "x/y/Cargo.toml": package("y")},
            "x/y/Cargo.toml",
            "Cargo.toml",
        ),
        ({"Cargo.toml": ROOT, "x/Cargo.toml": ROOT, "x/y/Cargo.toml": package("y")}, "x/y/Cargo.toml", "x/Cargo.toml"),
        ({"Cargo.toml": '[workspace]\nexclude = ["x"]', "x/Cargo.toml": package("x")}, "x/Cargo.toml", None),
        ({"Cargo.toml": ROOT, "x/Cargo.toml": "[", "x/y/Cargo.toml": package("y")}, "x/y/Cargo.toml", "x/Cargo.toml"),
        (
            {"w/Cargo.toml": ROOT, "a/Cargo.toml": package("a", keys='workspace = "../w"')},
            "a/Cargo.toml",
            "w/Cargo.toml",
        ),
        ({"a/Cargo.toml": package("a", keys='workspace = "../w"')}, "a/Cargo.toml", None),
        (
            {
                "w/Cargo.toml": ROOT,
                "a/Cargo.toml": package("a", keys='workspace = "../w"'),
                "a/b/Cargo.toml": package("b"),
            },
            "a/b/Cargo.toml",
            "w/Cargo.toml",
        ),
    ],
)
def test_root(files: dict[str, str], path: str, root: str | None) -> None:
    """The nearest root above that does not exclude the manifest, or the one that a `package.workspace` names."""
    assert root_path(files, path) == root


def test_root_pointer() -> None:
    """`package.workspace` as a path from the repository's top."""
    manifest = loaded({"x/a/Cargo.toml": package("a", keys='workspace = "../../w/"')}, "x/a/Cargo.toml")
    assert root_pointer(manifest) == "w/Cargo.toml"
    assert root_pointer(loaded({"Cargo.toml": "[workspace]\n"})) is None


@pytest.mark.parametrize(
    ("exclude", "members", "path", "answer"),
    [
        (["x"], [], "x/Cargo.toml", True),
        (["x"], [], "x/y/Cargo.toml", True),
        (["x"], [], "xy/Cargo.toml", False),
        (["./x/"], [], "x/Cargo.toml", True),
        (["x/*"], [], "x/y/Cargo.toml", False),
        (["z/../x"], [], "x/Cargo.toml", False),
        (["/x"], [], "x/Cargo.toml", False),
        (["x"], ["x/y"], "x/y/Cargo.toml", False),
        (["x"], ["x/*"], "x/y/Cargo.toml", True),
        (["."], ["x"], "Cargo.toml", True),
    ],
)
def test_exclusion(exclude: list[str], members: list[str], path: str, answer: bool) -> None:
    """Folders as they are written, no globs and no dots; what `members` names literally is not excluded."""
    root = loaded({"Cargo.toml": f"[workspace]\nmembers = {members}\nexclude = {exclude}\n"})
    assert is_excluded(root, path) is answer
    assert not is_excluded(loaded({"Cargo.toml": package("a")}), path)


def test_members_by_list_and_by_path() -> None:
    """Listed folders, globs, and what they depend on by path below the root, transitively and inherited too."""
    files = {
        "Cargo.toml": package("top", '[dependencies]\nz.path = "z"\n[workspace]\nmembers = ["a", "crates/*"]\n')
        + '[workspace.dependencies]\ny = { path = "y" }\n',
        "a/Cargo.toml": package("a", "[dev-dependencies]\ny.workspace = true\nnone.workspace = true"),
        "crates/c/Cargo.toml": package("c"),
        "y/Cargo.toml": package("y", '[target."cfg(windows)".dependencies]\na.path = "../a"\nx.path = "x"'),
        "y/x/Cargo.toml": package("x"),
        "z/Cargo.toml": package("z"),
        "other/Cargo.toml": package("other"),
    }
    assert members(files) == ["", "a", "crates/c", "y", "y/x", "z"]


def test_members_outside_the_folder_of_the_root() -> None:
    """A listed one counts wherever it is; a dependency only if it names this root."""
    files = {
        "w/Cargo.toml": '[workspace]\nmembers = ["../a"]\n',
        "a/Cargo.toml": package("a", '[dependencies]\nb.path = "../b"\nc.path = "../c"\nd.path = "../d"'),
        "b/Cargo.toml": package("b", keys='workspace = "../w"'),
        "c/Cargo.toml": package("c"),
        "d/Cargo.toml": "broken",
    }
    assert members(files, "w/Cargo.toml") == ["a", "b"]


def test_members_that_are_left_out() -> None:
    """Excluded folders, folders without a manifest, and paths that leave the repository are none; a broken one is."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "crates/*", "gone", "../out"]\nexclude = ["crates/x"]\n',
        "a/Cargo.toml": package("a", '[dependencies]\nx.path = "../crates/x"\no.path = "../../o"\nn.path = "n"'),
        "crates/x/Cargo.toml": package("x"),
        "crates/b/Cargo.toml": "broken",
        "crates/n/notes.txt": "",
    }
    assert members(files) == ["a", "crates/b"]


def test_root_that_excludes_itself() -> None:
    """Nobody looks for its members from there, and it is none of them."""
    files = {"Cargo.toml": '[workspace]\nmembers = ["nowhere"]\nexclude = ["."]\n'}
    assert members(files) == []
    assert isinstance(manifests(files).resolve("Cargo.toml"), Manifest)


def test_is_member() -> None:
    """Any readable root may name the manifest; a broken root names nobody."""
    every = manifests(
        {"w/Cargo.toml": '[workspace]\nmembers = ["a"]', "w/a/Cargo.toml": "x", "b/Cargo.toml": "[workspace"}
    )
    assert every.is_member("w/a/Cargo.toml")
    assert not every.is_member("w/Cargo.toml")
    assert not every.is_member("b/Cargo.toml")


@pytest.mark.parametrize("member", ["b", "b/*", "./b/c"])
def test_member_that_is_not_there(member: str) -> None:
    """A fault of the root at the entry, with the way out."""
    found = fault({"Cargo.toml": f'[workspace]\nmembers = [\n  "a",\n  "{member}",\n]\n', "a/Cargo.toml": package("a")})
    assert (found.line, found.column) == (4, 3)
    assert found.reason.endswith(": no Cargo.toml is tracked there")
    assert found.mend == "correct `members`, name the folder in `exclude`, or `git add` its manifest"


def test_member_whose_bytes_cannot_be_had() -> None:
    """A link that leads nowhere is no member; a manifest that is no TOML is one."""
    root = '[workspace]\nmembers = ["a"]\n'
    files: dict[str, str | ReadFault] = {"Cargo.toml": root, "a/Cargo.toml": ReadFault("is a folder (os error 21)")}
    found = fault(files)
    assert found.reason == "failed to load manifest for workspace member `a`: is a folder (os error 21)"
    assert isinstance(manifests({"Cargo.toml": root, "a/Cargo.toml": "x"}).resolve("Cargo.toml"), Manifest)


@pytest.mark.parametrize(
    "root",
    [
        '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/n"]\n',
        '[workspace]\nmembers = ["files/*"]\n',
        '[workspace]\nmembers = ["../out"]\n',
        '[workspace]\nmembers = ["vendor/x"]\n',
        '[workspace]\nmembers = ["."]\n',
    ],
)
def test_members_that_are_not_missed(root: str) -> None:
    """Excluded ones, files that a glob finds, submodules, what lies outside (PD003 says it), and the root itself."""
    files = {"Cargo.toml": root, "crates/a/Cargo.toml": package("a"), "crates/n/notes.txt": "", "files/notes.txt": ""}
    assert isinstance(manifests(files, ["vendor"]).resolve("Cargo.toml"), Manifest)


SHARED = """\
[workspace]
members = ["m"]
[workspace.package]
version = "1.2.3"
publish = ["other"]
[workspace.dependencies]
b = { path = "b", features = ["x"] }
c = "1"
"""


def test_inherited_values() -> None:
    """Version and `publish` come from the root, dependencies with the root's key and folder and the member's kind."""
    member = package("m", version=None, keys="version.workspace = true\npublish.workspace = true")
    member += "[build-dependencies]\nb.workspace = true\n[target.x.dev-dependencies]\nc = { workspace = true }\n"
    manifest = resolved({"Cargo.toml": SHARED, "m/Cargo.toml": member}, "m/Cargo.toml")
    assert package_of(manifest)[1:3] == ("1.2.3", ("other",))
    b, c = sorted(manifest.dependencies)
    assert (b.kind, b.path, b.folder, b.manifest_path) == ("build-dependencies", "b", "", "Cargo.toml")
    assert (b.key, b.user_key) == (("workspace", "dependencies", "b"), ("build-dependencies", "b"))
    assert (c.kind, c.target, c.requirement, c.inherited) == ("dev-dependencies", "x", "1", True)


def test_root_package_inherits_from_itself() -> None:
    """Also where it excludes its own folder."""
    text = package("top", version=None, keys="version.workspace = true") + SHARED.replace('"m"', "")
    for exclude in ("", "."):
        files = {"Cargo.toml": text.replace("[workspace]\n", f'[workspace]\nexclude = ["{exclude}"]\n')}
        assert package_of(resolved(files, "Cargo.toml")).version == "1.2.3"


def test_member_of_a_broken_root() -> None:
    """It keeps what it writes itself, and it is known that something is missing."""
    member = package(
        "m", '[dependencies]\nb.workspace = true\nd.path = "d"', version=None, keys="version.workspace = true"
    )
    manifest = resolved({"Cargo.toml": "[", "m/Cargo.toml": member}, "m/Cargo.toml")
    assert [one.name for one in manifest.dependencies] == ["d"]
    package_ = package_of(manifest)
    assert (package_.version, package_.is_version_unknown, package_.is_publishable) == (None, True, True)
    for line in ("publish = false", 'license = "MIT"'):
        never = member.replace("version.workspace = true", line)
        assert not package_of(resolved({"Cargo.toml": "[", "m/Cargo.toml": never}, "m/Cargo.toml")).is_publishable


def test_virtual_manifest_below_a_broken_root() -> None:
    """A nested root takes nothing from above."""
    files = {"Cargo.toml": "[", "w/Cargo.toml": "[workspace]\n"}
    assert isinstance(manifests(files).resolve("w/Cargo.toml"), Manifest)


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ("", False),
        ("[dependencies]\nb.workspace = true", True),
        ("[lints]\nworkspace = true", True),
        ("[lints]\nrust.unused = 'warn'", False),
    ],
)
def test_inherits(rest: str, answer: bool) -> None:
    """Dependencies, lints and values of the package may come from the root."""
    assert inherits(loaded({"Cargo.toml": package("a", rest)})) is answer
    assert inherits(loaded({"Cargo.toml": package("a", rest, keys="license.workspace = true")}))


def test_name_with_two_folders() -> None:
    """One name leads to one folder in all sections, however it is spelled; what leaves the repository may come back."""
    two = '[dependencies]\nb.path = "b"\n[build-dependencies]\nb.path = "{}"\n'
    assert fault({"x/Cargo.toml": package("a", two.format("../b"))}, "x/Cargo.toml").line == 9
    for same in ("./b/", "c/../b", "../../x/b"):
        assert resolved({"x/Cargo.toml": package("a", two.format(same))}, "x/Cargo.toml")
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["m"]\n[workspace.dependencies]\nb.path = "b"\n',
        "m/Cargo.toml": package("m", '[dependencies]\nb.workspace = true\n[build-dependencies]\nb.path = "b"'),
    }
    assert "has another source in another section" in fault(files, "m/Cargo.toml").reason


def test_position_is_the_key() -> None:
    """Lines and columns from 1, in characters."""
    assert position_of('é = 1\n[a]\n "b" = 2\n'.encode(), ("a", "b")) == (3, 2)
