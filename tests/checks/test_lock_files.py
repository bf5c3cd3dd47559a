"""VA009: lock files that are stale, incomplete, unreadable, or hold a shared dependency twice."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.checks import lock_files, lock_splits
from batuta_hooks.checks.lock_shares import judged_again, lock_shares
from batuta_hooks.domain.facts import Policy, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.lockfile import CRATES_IO
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.release import IndexDependency, Release
from tests.checks.asking import crates_of, said, split
from tests.support.repos import package
from tests.support.trees import facts_about

APP = package("app", '[dependencies]\nserde = "1.0.5"')


def locked(*packages: str) -> str:
    """A Cargo.lock of packages: `name version needs…`, from crates.io with a checksum unless the name has a dot."""
    entries = ["version = 4\n"]
    for line in packages:
        name, version, *needs = line.split()
        entry = f'[[package]]\nname = "{name.rstrip(".")}"\nversion = "{version}"\n'
        if not name.endswith("."):
            entry += f'source = "{CRATES_IO[0]}"\nchecksum = "{"0" * 64}"\n'
        if needs:
            listed = "".join(f' "{need.replace("@", " ")}",\n' for need in needs)
            entry += f"dependencies = [\n{listed}]\n"
        entries.append(entry)
    return "\n".join(entries)


def stale(files: dict[str, str], **about: Any) -> list[Finding]:
    """What is found of staleness and lacking sources."""
    return said(lock_files.find, files, **about)[0]


def reasons(files: dict[str, str]) -> list[str]:
    """Why the lock file is stale, as clauses."""
    return [one.message.removeprefix("the lock file is stale: ").partition(", so ")[0] for one in stale(files)]


def test_fitting() -> None:
    """A lock file that holds what its manifest says is left alone; so is one of another tool, or none at all."""
    assert stale({"Cargo.toml": APP, "Cargo.lock": locked("app. 0.1.0 serde", "serde 1.0.9")}) == []
    assert stale({"Cargo.toml": APP}) == []
    assert stale({"Cargo.toml": APP, "sub/Cargo.lock": "x"}) == []


def test_finding() -> None:
    """A warning at the member's entry, with the command that mends it."""
    (found,) = stale({"Cargo.toml": APP, "Cargo.lock": locked("app. 0.1.0 serde", "serde 1.0.3")})
    assert found[:5] == ("Cargo.lock", 3, 1, "VA009", "warning")
    assert (found.crate, found.dependency) == ("app", "serde")
    assert found.message == (
        'the lock file is stale: `app` requires `serde` "1.0.5", it holds 1.0.3, so `--locked` refuses'
    )
    assert found.fix == "run `cargo update --workspace` and commit the lock file"


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        (["app. 0.0.9 serde", "serde 1.0.9"], "it names `app` 0.0.9, the manifest 0.1.0"),
        (["other. 0.1.0 serde", "serde 1.0.9"], "it lacks `app`"),
        (["app. 0.1.0"], '`app` requires `serde` "1.0.5", it holds none'),
        (["app. 0.1.0", "serde 1.0.9"], '`app` requires `serde` "1.0.5", which it does not list for it'),
        (["app. 0.1.0 log serde", "log 0.4.0", "serde 1.0.9"], "it lists `log` for `app`, which no longer requires it"),
        (["app. 0.1.0 serde", "log 0.4.0", "serde 1.0.9"], "nothing needs `log` 0.4.0"),
        (["app. 0.1.0 serde@2.0.0", "serde 1.0.9", "serde 2.0.0"], '`app` requires `serde` "1.0.5", which it does not'),
        (["app. 0.1.0 serde", "serde. 1.0.9"], "`serde` 1.0.9 has no source: a patch outside the repository took it"),
    ],
)
def test_reasons(packages: list[str], reason: str) -> None:
    """Each way in which manifest and lock file may part, said once."""
    (found,) = reasons({"Cargo.toml": APP, "Cargo.lock": locked(*packages)})
    assert found.startswith(reason)


def test_kinds_that_are_locked() -> None:
    """Dev, build, optional and platform dependencies are locked too, under their packages' names."""
    manifest = package(
        "app",
        'x = "1"\n[dependencies]\na = { version = "1", optional = true }\n[dev-dependencies]\nalias = { package = "b", '
        'version = "1" }\n[target.\'cfg(windows)\'.build-dependencies]\nc = "1"',
    ).replace('x = "1"\n', "")
    packages = ["a 1.0.0", "app. 0.1.0 a b c", "b 1.0.0", "c 1.0.0"]
    assert reasons({"Cargo.toml": manifest, "Cargo.lock": locked(*packages)}) == []
    for lacking in "abc":
        fewer = [line for line in packages if not line.startswith(f"{lacking} ")]
        assert len(reasons({"Cargo.toml": manifest, "Cargo.lock": locked(*fewer)})) == 1


def test_workspace_and_packages_beside_it() -> None:
    """Members are held whole; of a package by path that is no member the dependencies that it always needs."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["app"]\nexclude = ["far"]\n',
        "app/Cargo.toml": package("app", '[dependencies]\nfar = { path = "../far" }'),
        "far/Cargo.toml": package(
            "far", '[dependencies]\na = "1"\nb = { version = "1", optional = true }\n[dev-dependencies]\nc = "1"'
        ),
    }
    assert reasons({**files, "Cargo.lock": locked("a 1.0.0", "app. 0.1.0 far", "far. 0.1.0 a")}) == []
    assert reasons({**files, "Cargo.lock": locked("app. 0.1.0 far", "far. 0.1.0")}) == [
        '`far` requires `a` "1", it holds none'
    ]
    assert reasons({**files, "Cargo.lock": locked("a 1.0.0", "app. 0.1.0 far", "far. 0.0.9 a")}) == [
        "it names `far` 0.0.9, the manifest 0.1.0"
    ]


def test_sources() -> None:
    """A path leads to a package without source, git to a git one, and a patch of the root decides for itself."""
    manifest = package("app", '[dependencies]\na = { path = "a" }\nb = { git = "https://example.com/b" }')
    files = {"Cargo.toml": manifest, "a/Cargo.toml": package("a")}
    git = 'name = "b"\nversion = "1.0.0"\nsource = "git+https://example.com/b#0123456789"\n'
    lock = locked("a. 0.1.0", "app. 0.1.0 a b", "b. 1.0.0").replace('name = "b"\nversion = "1.0.0"\n', git)
    assert reasons({**files, "Cargo.lock": lock}) == []
    assert len(reasons({**files, "Cargo.lock": locked("a. 0.1.0", "app. 0.1.0 a b", "b 1.0.0")})) == 1
    assert len(reasons({**files, "Cargo.lock": locked("a 0.1.0", "app. 0.1.0 a b", "b. 1.0.0")})) > 0
    patched = {"Cargo.toml": APP + '[patch.crates-io]\nserde = { path = "serde" }\n', "serde/Cargo.toml": ""}
    assert reasons({**patched, "Cargo.lock": locked("app. 0.1.0 serde", "serde. 1.0.9")}) == []


def test_no_checksum() -> None:
    """A registry crate without one could be any archive."""
    lock = locked("app. 0.1.0 serde", "serde 1.0.9").replace(f'checksum = "{"0" * 64}"\n', "")
    (found,) = stale({"Cargo.toml": APP, "Cargo.lock": lock})
    assert (found.line, found.message.partition(",")[0]) == (10, "`serde` 1.0.9 has no checksum")


def test_unreadable() -> None:
    """What cargo would not read is said, with its reason."""
    (found,) = stale({"Cargo.toml": APP, "Cargo.lock": "version = 9\n"})
    assert found.message == "cargo cannot read the lock file: it has version 9, which cargo 1.95 does not understand"


SPLIT = locked(
    *("alimentar 0.2.2 arrow@54.3.1", "app. 0.1.0 alimentar arrow@54.3.1 renacer", "arrow 53.4.0", "arrow 54.3.1"),
    *("renacer 0.6.6 trueno-db", "trueno-db 0.3.3 arrow@53.4.0"),
)
USES = package("app", '[dependencies]\narrow = "54"\nalimentar = "0.2"\nrenacer = "0.6"')
BESIDE = crates_of("../d", {"Cargo.toml": package("trueno-db")}) + crates_of(
    "../a", {"Cargo.toml": package("alimentar")}
)


def split_in(manifest: str, lock: str, **about: Any) -> list[Finding]:
    """What is found of buckets."""
    return split(lock_splits.find(facts_about({"Cargo.toml": manifest, "Cargo.lock": lock}, **about)))[0]


def test_both_sides_of_a_split() -> None:
    """Each version with the way by which it is come by, at the older one's entry; and who has to move."""
    (found,) = split_in(USES, SPLIT, stack=BESIDE)
    assert found[:5] == ("Cargo.lock", 21, 1, "VA009", "warning")
    assert (found.crate, found.dependency) == ("app", "arrow")
    assert found.message == (
        "the lock file holds `arrow` 53.4.0 and 54.3.1, which are not compatible: app 0.1.0 -> renacer 0.6.6 -> "
        "trueno-db 0.3.3 -> arrow 53.4.0 beside app 0.1.0 -> arrow 54.3.1"
    )
    assert found.fix == "let `trueno-db` require a `arrow` that admits 54.3.1, and release it"


def test_strangers_are_no_concern() -> None:
    """Buckets that only crates outside the stack need are noise, unless the policy names the package."""
    assert split_in(USES, SPLIT) == []
    assert len(split_in(USES, SPLIT, policy=Policy(shared=("arrow",)))) == 1
    assert len(split_in(USES, SPLIT, policy=Policy({"arrow": "54"}))) == 1


def test_tests_alone() -> None:
    """Where only the tests need one side it is a note."""
    manifest = package("app", '[dependencies]\narrow = "54"\nalimentar = "0.2"\n[dev-dependencies]\nrenacer = "0.6"')
    assert [one.severity for one in split_in(manifest, SPLIT, stack=BESIDE)] == ["note"]


def test_an_update_that_mends_it() -> None:
    """Where a compatible release takes the newer version, the command that fetches it is the mend."""
    need = IndexDependency("arrow", "arrow", "^54", (), False, True, None, "normal", None)
    release = Release("trueno-db", "0.3.4", False, "", (need,), {}, None, None, None)
    facts = facts_about(
        {"Cargo.toml": USES, "Cargo.lock": SPLIT}, stack=BESIDE, published={"trueno-db": Published(("0.3.3", "0.3.4"))}
    )
    facts = facts._replace(release=lambda _name, version: release if version == "0.3.4" else Unknown("x", "y"))
    (found,) = split(lock_splits.find(facts))[0]
    assert found.fix == "run `cargo update -p trueno-db@0.3.3`, which takes 0.3.4"


LOCKS = [
    locked("app. 0.1.0 serde", "serde 1.0.9"),
    locked("app. 0.1.0 serde", "serde 1.0.4"),
    locked("app. 0.1.0 serde", "serde 1.0.9", "old 1.0.0"),
    locked("app. 0.1.0 serde@1.0.9 mid", "serde 1.0.9", "serde 2.0.0", "mid. 0.1.0 serde@2.0.0"),
    "version = ?",
]


@pytest.mark.parametrize("before", ["1.0.5", "1.0.9", "2"])
@pytest.mark.parametrize("after", ["1.0.5", "1.0.9", "2"])
@pytest.mark.parametrize("text", LOCKS)
def test_in_shares(before: str, after: str, text: str) -> None:
    """Asked in shares they are found alike, and so after a requirement has changed; or all has to be asked again."""
    path = "member/Cargo.toml"
    found = []
    for requirement in (before, after):
        member = package("app", f'[dependencies]\nserde = "{requirement}"')
        facts = facts_about({"Cargo.toml": '[workspace]\nmembers = ["member"]\n', path: member, "Cargo.lock": text})
        shares = lock_shares(facts)
        whole = [*lock_files.find(facts), *lock_splits.find(facts)]
        assert sorted(one for share in shares for one in share.said()) == sorted(whole)
        found.append((shares, facts, sorted(whole)))
    manifest = found[1][1].manifests.resolve(path)
    assert isinstance(manifest, Manifest)
    again = [judged_again(share, found[1][1], manifest) for share in found[0][0]]
    if None not in again:
        assert sorted(one for share in again if share is not None for one in share.said()) == found[1][2]
    if before == after:
        assert None not in again
