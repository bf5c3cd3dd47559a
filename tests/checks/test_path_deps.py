"""PD001-PD003 and PD005-PD008, code by code: what is said, where, how badly, and exactly how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.domain.facts import Facts, Published, Sibling
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.tree import ReadFault
from batuta_hooks.domain.workspace import Manifests
from tests.support.repos import package
from tests.support.trees import Texts, TextTree, facts_about, said_of

B = package("b", version="0.3.1")
NEVER = package("b", keys="publish = false")


def findings(files: Texts, **more: Any) -> list[Finding]:
    """What is found in these files."""
    return said_of(facts_about(files, **more))[0]


def one(files: Texts, code: str, **more: Any) -> Finding:
    """The only finding of a code in these files."""
    (found,) = [finding for finding in findings(files, **more) if finding.code == code]
    return found


def codes(files: Texts, **more: Any) -> list[str]:
    """The codes found in these files, by place."""
    return [finding.code for finding in findings(files, **more)]


def using_b(entry: str, **about_a: Any) -> dict[str, str]:
    """Package ``a`` at the top with this entry in ``[dependencies]``, and package ``b`` 0.3.1 below it."""
    return {"Cargo.toml": package("a", f"[dependencies]\n{entry}", **about_a), "b/Cargo.toml": B}


def test_path_without_version() -> None:
    """PD001 is an error at the dependency, names both packages, and the mend is the line with the member's version."""
    found = one(using_b('b = { path = "b" }'), "PD001")
    assert found[:5] == ("Cargo.toml", 7, 1, "PD001", "error")
    assert (found.crate, found.dependency) == ("a", "b")
    assert found.message == "path dependency `b` has no version, so cargo will not publish `a`"
    assert found.fix.startswith('write b = { version = "0.3.1", path = "b" }; or write publish = false')


@pytest.mark.parametrize(
    ("entry", "mend"),
    [
        ('b = { path = "b", features = ["x", "y"] }', 'b = { version = "0.3.1", path = "b", features = ["x", "y"] }'),
        ('b = { path = "b", optional = true }', 'b = { version = "0.3.1", path = "b", optional = true }'),
        (
            'b = { path = "b", default-features = false }',
            'b = { version = "0.3.1", path = "b", default-features = false }',
        ),
        ('x = { path = "b", package = "b" }', 'x = { version = "0.3.1", path = "b", package = "b" }'),
        ('"b" = { path = "b" }', 'b = { version = "0.3.1", path = "b" }'),
        ('b = {\n  path = "b", # near\n}', 'b = { version = "0.3.1", path = "b" }'),
        ('b.path = "b"', 'b.version = "0.3.1" beside it'),
        ('b.path = "b"\nb.features = ["x"]', 'b.version = "0.3.1" beside it'),
        ('"b" . path = "b"', '"b".version = "0.3.1" beside it'),
        ('[dependencies.b]\npath = "b"', 'version = "0.3.1" under [dependencies.b]'),
        ('[dependencies."b"] # [note]\npath = "b"', 'version = "0.3.1" under [dependencies."b"]'),
        (
            '[target."cfg(unix)".dependencies.b]\npath = "b"',
            'version = "0.3.1" under [target."cfg(unix)".dependencies.b]',
        ),
        ('[build-dependencies]\nb = { path = "b" }', 'b = { version = "0.3.1", path = "b" }'),
    ],
)
def test_mend_keeps_the_form(entry: str, mend: str) -> None:
    """The line to write has the version of the package at the path's end, and all else as it stands."""
    published = {"a": Published(("0.0.9",))}
    assert one(using_b(entry), "PD001").fix.startswith(f"write {mend}; or")
    assert one(using_b(entry, version="1.0.0"), "PD001", published=published).fix == f"write {mend}"


def test_publish_false_comes_first_for_a_crate_that_was_never_published() -> None:
    """An application that forgot to say so is offered `publish = false` before the version."""
    files = using_b('b = { path = "b" }')
    assert one(files, "PD001", published={"b": Published(("0.3.1",))}).fix == (
        "write publish = false under [package] of `a` if it is not meant to be published;"
        ' else write b = { version = "0.3.1", path = "b" }'
    )
    yanked = {"a": Published((), ("0.1.0",))}
    assert one(files, "PD001", published=yanked).fix == 'write b = { version = "0.3.1", path = "b" }'


def test_version_without_build_metadata() -> None:
    """Build metadata does not count in a requirement, so the mend leaves it out; a pre-release stays."""
    files = {**using_b('b = { path = "b" }'), "b/Cargo.toml": package("b", version="1.0.0-rc.1+abc")}
    assert 'version = "1.0.0-rc.1"' in one(files, "PD001").fix


def test_mend_for_a_sibling_drops_the_path() -> None:
    """A path that leaves the repository is gone from the mend, whose version is the sibling checkout's."""
    files = {"Cargo.toml": package("a", '[dependencies]\nalimentar = { path = "../alimentar", features = ["x"] }')}
    siblings = {"../alimentar": Sibling("alimentar", "0.2.4")}
    found = findings(files, siblings=siblings)
    assert [finding.code for finding in found] == ["PD001", "PD003"]
    assert all('write alimentar = { version = "0.2.4", features = ["x"] };' in finding.fix for finding in found)
    assert "path" not in found[0].fix.partition(";")[0]


@pytest.mark.parametrize(
    ("entry", "mend"),
    [
        ('s = { path = "../s" }', 'write s = "2.0.0"'),
        ('s.path = "../s"', 'write s.version = "2.0.0" in place of s.path'),
        ('[dependencies.s]\npath = "../s"', 'write version = "2.0.0" in place of path under [dependencies.s]'),
        ('s = { path = "../s", version = "1.4" }', 'write s = "1.4"'),
        ('s.path = "../s"\ns.version = "1.4"', "remove s.path"),
        ('[dependencies.s]\npath = "../s"\nversion = "1.4"', "remove path under [dependencies.s]"),
        ('s = { path = "../s", version = "*" }', 'write s = "2.0.0"'),
    ],
)
def test_mend_of_a_path_that_leaves_the_repository(entry: str, mend: str) -> None:
    """The requirement that is there stays, unless it admits anything; else it is the sibling's version."""
    files = {"Cargo.toml": package("a", f"[dependencies]\n{entry}")}
    assert one(files, "PD003", siblings={"../s": Sibling("s", "2.0.0")}).fix.startswith(f"{mend}; to build against")


def test_version_that_nothing_here_knows() -> None:
    """Without a checkout of that name the newest release is offered, a pre-release last; else a stand-in."""
    files = {"Cargo.toml": package("a", '[dependencies]\ns = { path = "../s" }')}
    asked = {"s": Published(("1.2.0", "1.10.0", "2.0.0-rc.1"))}
    assert 'write s = "1.10.0"' in one(files, "PD003", published=asked).fix
    assert 'write s = "2.0.0-rc.1"' in one(files, "PD003", published={"s": Published(("2.0.0-rc.1",))}).fix
    other = {"../s": Sibling("another", "3.0.0")}
    assert 'write s = "X.Y.Z", X.Y.Z being the version that it needs' in one(files, "PD003", siblings=other).fix


def test_git_without_version() -> None:
    """PD002 stands at the git dependency, and the mend keeps the repository and the revision."""
    found = one(
        using_b('g = { git = "https://git.example.invalid/g", rev = "abc" }'),
        "PD002",
        published={"a": Published(("1.0.0",))},
    )
    assert found.message == "git dependency `g` has no version, so cargo will not publish `a`"
    assert found.fix == (
        'write g = { version = "X.Y.Z", git = "https://git.example.invalid/g", rev = "abc" },'
        " X.Y.Z being the version that it needs"
    )


def test_inherited_dependency_is_mended_in_the_root() -> None:
    """The finding stands at the root's line, whose entry is the one to write, for every member that inherits it."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\n\n[workspace.dependencies]\nb = { path = "b" }\n',
        "a/Cargo.toml": package("a", "[dependencies]\nb.workspace = true"),
        "c/Cargo.toml": package("c", "[build-dependencies]\nb = { workspace = true, features = ['x'] }"),
        "b/Cargo.toml": B,
    }
    found = findings(files)
    assert [(one.path, one.line, one.column, one.crate) for one in found] == [
        ("Cargo.toml", 5, 1, "a"),
        ("Cargo.toml", 5, 1, "c"),
    ]
    assert all(one.fix.startswith('write b = { version = "0.3.1", path = "b" };') for one in found)


def test_renamed_inherited_dependency_goes_by_its_package() -> None:
    """The package's name counts, not the alias that the root and its members give it."""
    files = {
        "Cargo.toml": "[workspace]\nmembers = ['a']\n[workspace.dependencies]\nx = { path = 'b', package = 'b' }\n",
        "a/Cargo.toml": package("a", "[dependencies]\nx.workspace = true"),
        "b/Cargo.toml": B,
    }
    assert (one(files, "PD001").dependency, one(files, "PD001").line) == ("b", 4)


@pytest.mark.parametrize("version", ['version = "0.3"', "version.workspace = true"])
def test_what_the_member_writes_beside_it_does_not_count(version: str) -> None:
    """A version beside `workspace = true` is ignored, as cargo does."""
    entry = "{ workspace = true, version = '0.3' }" if "0.3" in version else "{ workspace = true }"
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n[workspace.dependencies]\nb.path = "b"\n',
        "a/Cargo.toml": package("a", f"[dependencies]\nb = {entry}"),
        "b/Cargo.toml": B,
    }
    assert one(files, "PD001").fix.startswith('write b.version = "0.3.1" beside it')


@pytest.mark.parametrize(
    "files",
    [
        using_b('b = { path = "b", version = "0.3" }'),
        using_b('[dev-dependencies]\nb = { path = "b" }'),
        using_b('[dev_dependencies]\ng = { git = "https://git.example.invalid/g" }'),
        using_b('[target."cfg(unix)".dev-dependencies]\na = { path = "." }'),
        using_b('b = { path = "b" }', keys="publish = false"),
        using_b('b = { path = "b" }', keys="publish = []"),
        using_b('b = { path = "b" }', version=None),
        {"Cargo.toml": "[workspace]\n[workspace.dependencies]\nb = { path = 'nowhere' }\n"},
    ],
)
def test_nothing_to_say(files: dict[str, str]) -> None:
    """Versioned, stripped, never published and unused dependencies are sound."""
    assert not findings(files)


def test_package_that_goes_to_another_registry_needs_versions_too() -> None:
    """`publish = ["other"]` forbids crates.io, not publishing: PD001 stays, PD005 and PD006 are crates.io's."""
    entries = 'b = { path = "b" }\nc = "*"\nd = { version = "1", registry = "other" }'
    assert codes(using_b(entries, keys='publish = ["other"]')) == ["PD001"]
    assert codes(using_b(entries, keys='publish = ["other", "crates-io"]')) == ["PD001", "PD005", "PD006"]


@pytest.mark.parametrize("requirement", ["*", " * ", "x", "X"])
def test_any_version_at_all(requirement: str) -> None:
    """PD005 for a bare wildcard, in dev-dependencies too; the mend is the version of the package at the path's end."""
    found = one(using_b(f'b = {{ path = "b", version = "{requirement}" }}'), "PD005")
    assert found.severity == "error"
    assert found.fix == 'require what was tested: write b = { version = "0.3.1", path = "b" }'
    assert codes(using_b(f'[dev-dependencies]\nc = "{requirement}"')) == ["PD005"]


def test_wildcard_that_crates_io_accepts() -> None:
    """A wildcard below a major version, or an open range, is no PD005."""
    assert not findings(using_b('b = "0.*"\nc = "1.x"\nd = ">=0"'))


@pytest.mark.parametrize(
    ("entry", "is_wrong"),
    [
        ('d = { version = "1", registry = "other" }', True),
        ('d = { version = "1", registry-index = "https://index.example.invalid/" }', True),
        ('d = { path = "b", package = "b", version = "0.3", registry = "other" }', True),
        ('[dev-dependencies]\nd = { version = "1", registry = "other" }', True),
        ('[dev-dependencies]\nd = { path = "b", package = "b", registry = "other" }', False),
        ('d = { version = "1", registry-index = "sparse+https://index.crates.io/" }', False),
        ('d = { version = "1", registry-index = "https://github.com/rust-lang/crates.io-index" }', False),
    ],
)
def test_other_registry(entry: str, is_wrong: bool) -> None:
    """PD006 for whatever is published with another registry; crates.io's own index, spelled out, is none."""
    assert codes(using_b(entry)) == (["PD006"] if is_wrong else [])


def test_crates_io_by_name_is_no_registry() -> None:
    """cargo looks `crates-io` up as a configured name and finds no index, wherever the package is bound for."""
    for keys in ("", 'publish = ["other"]'):
        found = one(using_b('d = { version = "1", registry = "crates-io" }', keys=keys), "PD006")
        assert found.fix == "drop the registry key: crates.io is asked without it"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (NEVER, "says publish = false"),
        (package("b", keys="publish = []"), "says publish = false"),
        (package("b", version=None), "has no version"),
    ],
)
def test_dependency_that_is_never_published(target: str, why: str) -> None:
    """PD007 stands beside PD001, whose mend begins with the way out that leads somewhere."""
    files = {**using_b('b = { path = "b" }'), "b/Cargo.toml": target}
    first, second = findings(files)
    assert (first.code, second.code) == ("PD001", "PD007")
    assert first[:3] == second[:3]
    assert second.message == f"`b` {why}, so no registry will ever have it for `a`"
    assert first.fix.startswith("write publish = false under [package] of `a`")
    assert "else publish `b` and write b = {" in first.fix


def test_dependency_with_version_that_is_never_published() -> None:
    """With a version the registry decides: PD007 where it has no match, Unknown where it was not asked."""
    files = {**using_b('b = { path = "b", version = "1" }'), "b/Cargo.toml": NEVER}
    found, unknown = said_of(facts_about(files))
    assert not found
    assert unknown == [Unknown("b", "is `1` published, though its checkout never will be? the registry was not asked")]
    assert codes(files, published={"b": Published(("0.9.0",), ("1.0.0",))}) == ["PD007"]
    assert codes(files, published={}) == ["PD007"]
    assert codes(files, published={"b": Published(("1.2.0",))}) == []


def test_dev_dependency_that_is_never_published() -> None:
    """Without a version it is stripped; with one it must be on the registry like any other."""
    stripped = {**using_b('[dev-dependencies]\nb = { path = "b" }'), "b/Cargo.toml": NEVER}
    kept = {**using_b('[dev-dependencies]\nb = { path = "b", version = "1" }'), "b/Cargo.toml": NEVER}
    assert not codes(stripped, published={})
    assert codes(kept, published={}) == ["PD007"]


@pytest.mark.parametrize(
    ("entry", "trouble"),
    [
        ('b = { path = "../b" }', "`../b` leaves the repository"),
        ('b = { path = "../../b" }', "`../../b` leaves the repository"),
        ('b = { path = ".." }', "`..` leaves the repository"),
        ('b = { path = "b/../../b" }', "`b/../../b` leaves the repository"),
        ('b = { path = "/srv/b" }', "`/srv/b` is an absolute path"),
        ('b = { path = "c" }', "`c` holds no Cargo.toml"),
        ('b = { path = "B" }', "`B` holds no Cargo.toml"),
        ('b = { path = "./c/.." }', "`./c/..` holds package `a`, not `b`"),
        ('b = { path = "" }', "`` holds package `a`, not `b`"),
        ('c = { path = "b" }', "`b` holds package `b`, not `c`"),
        ('b = { path = "ws" }', "`ws` holds a workspace without a package"),
    ],
)
def test_path_that_a_clone_does_not_have(entry: str, trouble: str) -> None:
    """PD003 says what is at the path's end, for dev and versioned dependencies and unpublished packages too."""
    for section in ("dependencies", "dev-dependencies", "target.'cfg(windows)'.build-dependencies"):
        text = package("a", f"[{section}]\n{entry}", keys="publish = false")
        found = one({"Cargo.toml": text, "b/Cargo.toml": B, "ws/Cargo.toml": "[workspace]\n"}, "PD003")
        assert found.message == f"{trouble}, so a clone does not build"
        assert (found.severity, found.line, found.column) == ("error", 8, 1)


@pytest.mark.parametrize("path", ["b", "./b", "b/", "b/.", "b//", "c/../b", "ws/link"])
def test_path_that_a_clone_has(path: str) -> None:
    """However a path is spelled, what counts is the folder that cargo makes of it."""
    files = {**using_b(f'b = {{ path = "{path}", version = "0.3" }}'), "ws/link/Cargo.toml": B}
    assert not findings(files)


def test_mends_of_a_lost_path() -> None:
    """Where one tracked package has the name, the mend is the path to it; else what to do about it."""
    files = {"x/Cargo.toml": package("a", '[dependencies]\nb = { path = "b", version = "0.3" }'), "b/Cargo.toml": B}
    assert one(files, "PD003").fix == 'write path = "../b"'
    two = {**files, "c/Cargo.toml": B}
    assert one(two, "PD003").fix == "correct the path, or require a published version"
    files = using_b('c = { path = "b", version = "0.3" }')
    assert one(files, "PD003").fix == 'let the path lead to `c`, or write package = "b" beside it'
    files = using_b(r'c = { path = "b\\c", version = "0.3" }')
    assert one(files, "PD003").fix.startswith("write the path with `/`")
    files = {
        "Cargo.toml": package("a", '[dependencies]\nc = { path = "w", version = "1" }'),
        "w/Cargo.toml": "[workspace]",
    }
    assert one(files, "PD003").fix == "let the path lead to the folder of `c`"


def test_path_to_what_git_does_not_track() -> None:
    """A folder that is on disk alone is named as such, and `git add` is the mend."""
    files = {"Cargo.toml": package("a", '[dependencies]\nc = { path = "gen/c", version = "1" }')}
    found = one(files, "PD003", on_disk=["gen/c/Cargo.toml"])
    assert found.message == "`gen/c` is not tracked by git, so a clone does not build"
    assert found.fix == "git add gen/c, or require a published version"


def test_path_into_a_submodule() -> None:
    """A submodule is inside: a recursive clone has it, whatever it holds."""
    files = using_b('s = { path = "vendor/s", version = "1" }\nt = { path = "vendor", version = "1" }')
    assert not findings(files, submodules=["vendor"])


def test_path_through_a_link_that_leads_nowhere() -> None:
    """A manifest whose bytes cannot be had is none, though no tracked manifest is named by the path."""
    files: dict[str, str | ReadFault] = {
        "Cargo.toml": package("a", '[dependencies]\nc = { path = "link", version = "1" }'),
        "link/Cargo.toml": ReadFault("a symbolic link leads out of the repository, to `../c`"),
    }
    found = one(files, "PD003")
    assert found.message.startswith("`link` cannot be read (a symbolic link leads out of the repository")
    assert "let the path lead to a folder of this repository" in found.fix


def test_path_to_a_manifest_that_cannot_be_read() -> None:
    """PD003 says it unless PD008 does so as an error, so that it is said as one error."""
    files = {
        "Cargo.toml": package("a", '[dependencies]\nb = { path = "b", version = "1" }'),
        "b/Cargo.toml": "[package]\n",
    }
    found = {finding.code: finding for finding in findings(files)}
    assert found["PD008"].severity == "warning"
    assert found["PD003"].message == "`b` holds a manifest that cargo cannot read, so a clone does not build"
    assert codes({**files, "Cargo.toml": files["Cargo.toml"] + '[workspace]\nmembers = ["b"]'}) == ["PD008"]


@pytest.mark.parametrize("written", ["../b", "/srv/b", "../*"])
def test_member_that_leaves_the_repository(written: str) -> None:
    """A workspace over repositories: cargo reads it here, no clone can, so it is PD003 at the entry."""
    found = one(
        {"Cargo.toml": f'[workspace]\nmembers = [\n  "a",\n  "{written}",\n]\n', "a/Cargo.toml": package("a")}, "PD003"
    )
    assert found[:3] == ("Cargo.toml", 4, 3)
    assert found.message == f"workspace member `{written}` leaves the repository, so a clone does not build"


def test_root_that_leaves_the_repository() -> None:
    """`package.workspace` may lead out of the repository or to nothing; what the member writes itself is judged."""
    keys = 'workspace = "../root"\nlicense.workspace = true'
    text = package("a", "[dependencies]\nb = { path = 'b' }\nc.workspace = true", keys=keys)
    assert codes({"Cargo.toml": text, "b/Cargo.toml": B}) == ["PD003", "PD001"]
    found = one({"a/Cargo.toml": package("a", keys='workspace = "../root"')}, "PD003")
    assert found.message == "package.workspace = `../root` leads to no Cargo.toml, so a clone does not build"
    assert (found.line, found.column) == (5, 1)


def test_findings_do_not_hide_each_other() -> None:
    """One entry may break several rules, and each is said."""
    files = {"Cargo.toml": package("a", '[dependencies]\nc = { path = "../c", registry = "other" }')}
    assert codes(files) == ["PD001", "PD003", "PD006"]
    files = {"Cargo.toml": package("a", '[dependencies]\nb = { path = "b", version = "*" }'), "b/Cargo.toml": NEVER}
    assert codes(files, published={}) == ["PD005", "PD007"]


def test_unreadable_manifest() -> None:
    """PD008 has cargo's reason and the place, and the manifest gets no other finding."""
    found = findings({"Cargo.toml": package("a", '[dependencies]\nb = { path = "../b" }\nc = 1')})
    assert [(one.code, one.severity, one.line) for one in found] == [("PD008", "error", 8)]
    assert found[0].message.startswith("cargo cannot read this manifest: ")
    assert found[0].fix == "mend the manifest here"


@pytest.mark.parametrize(
    ("files", "readable", "severity"),
    [
        ({"Cargo.toml": "x"}, [], "error"),
        ({"t/Cargo.toml": "x"}, [], "warning"),
        ({"t/Cargo.toml": "x"}, ["t/Cargo.toml"], "error"),
        ({"t/Cargo.toml": "x", "Cargo.toml": '[workspace]\nmembers = ["t"]'}, [], "error"),
        ({"t/Cargo.toml": "x", "Cargo.toml": '[workspace]\nmembers = ["*"]\nexclude = [".git"]'}, [], "error"),
        ({"t/Cargo.toml": "x", "Cargo.toml": '[workspace]\nmembers = ["t*"]\nexclude = ["t"]'}, [], "warning"),
        ({"t/Cargo.toml": "x", "ws/Cargo.toml": '[workspace]\nmembers = ["../t"]'}, [], "error"),
        (
            {"t/Cargo.toml": "x", "Cargo.toml": package("a", '[dependencies]\nt = { path = "t" }\n[workspace]')},
            [],
            "error",
        ),
    ],
)
def test_severity_of_an_unreadable_manifest(files: dict[str, str], readable: list[str], severity: str) -> None:
    """An error where the repository depends on it: its top manifest, a member, one that could be read before."""
    (found,) = [one for one in findings(files, readable=readable) if one.code == "PD008"]
    assert found.severity == severity
    assert ("[skip] paths" in found.fix) is (severity == "warning")


def test_others_are_judged_beside_an_unreadable_manifest() -> None:
    """A broken root costs its members only what they inherit."""
    files = {
        "Cargo.toml": "[workspace]\nmembers = [",
        "a/Cargo.toml": package(
            "a",
            "[dependencies]\nb = { path = '../b' }\nc.workspace = true",
            version=None,
            keys="version.workspace = true",
        ),
        "b/Cargo.toml": package("b", version=None, keys="version.workspace = true"),
        "d/Cargo.toml": package("d", "[dependencies]\nb = { path = '../b', version = '1' }"),
    }
    found, unknown = said_of(facts_about(files))
    assert [(one.path, one.code) for one in found] == [("Cargo.toml", "PD008"), ("a/Cargo.toml", "PD001")]
    assert "X.Y.Z" in found[1].fix
    assert not unknown


def test_what_was_not_gathered_is_not_known() -> None:
    """Facts without a registry, siblings or a worktree leave questions open and invent nothing."""
    facts = Facts(
        Manifests(TextTree({"Cargo.toml": package("a", '[dependencies]\nb = { path = "../b" }')})), ["Cargo.toml"]
    )
    found, unknown = said_of(facts)
    assert [one.code for one in found] == ["PD001", "PD003"]
    assert all("X.Y.Z" in one.fix for one in found)
    assert not unknown


def test_judged_are_the_named_manifests_alone() -> None:
    """Other manifests are consulted, not judged; one that is not there is silence."""
    files = {**using_b('b = { path = "b" }'), "c/Cargo.toml": package("c", '[dependencies]\nd = { path = "d" }')}
    facts: Facts = facts_about(files, ["Cargo.toml", "gone/Cargo.toml"])
    assert [one.path for one in said_of(facts)[0]] == ["Cargo.toml"]


def test_same_finding_for_several_members_is_said_once_each() -> None:
    """Two sections of one member that inherit the same entry make one finding."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n[workspace.dependencies]\nb = { path = "b" }\n',
        "a/Cargo.toml": package("a", "[dependencies]\nb.workspace = true\n[build-dependencies]\nb.workspace = true"),
        "b/Cargo.toml": B,
    }
    assert codes(files) == ["PD001"]


def test_places_in_unusual_texts() -> None:
    """Lines and columns count characters, a byte order mark is none, a text like a header is no header."""
    text = '\ufeff[package]\r\nname = "a"\r\nversion = "0.1.0"\r\ndescription = """\r\n[dependencies]\r\nb = 1"""\r\n'
    text += "[target.'cfg(all(unix, not(x)))'.\"dependencies\"]\r\n  'b' = { path = \"b\" } # ü\r\n"
    found = one({"Cargo.toml": text, "b/Cargo.toml": B}, "PD001")
    assert (found.line, found.column) == (8, 3)
    assert found.fix.startswith('write b = { version = "0.3.1", path = "b" };')
