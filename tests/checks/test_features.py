"""VA006: features that no matching version has."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batuta_hooks.checks.features import find
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.release import IndexDependency, Release
from tests.checks.asking import crates_of, split
from tests.support.repos import package
from tests.support.trees import Texts, facts_about


def release(name: str, version: str, *features: str, optional: Sequence[str] = ()) -> Release:
    """A release with features that enable nothing, and with optional dependencies."""
    needs = tuple(IndexDependency(one, one, "1", (), True, True, None, "normal", None) for one in optional)
    return Release(name, version, False, "", needs, dict.fromkeys(features, ()), None, None, None)


def about(files: Texts, releases: Sequence[Release], **more: object) -> Facts:
    """Facts about a repository, and a registry that has these releases."""
    by_name: dict[str, list[str]] = {}
    for one in releases:
        by_name.setdefault(one.name, []).append(one.version)
    described = {(one.name, one.version): one for one in releases}
    published = {name: Published(tuple(versions)) for name, versions in by_name.items()}
    facts = facts_about(files, published=published, **more)  # type: ignore[arg-type]
    return facts._replace(release=lambda name, version: described.get((name, version)))


def found(rest: str, releases: Sequence[Release], **more: object) -> list[Finding]:
    """What is found of a package that has these tables."""
    findings, unknown = split(find(about({"Cargo.toml": package("a", rest)}, releases, **more)))
    assert not unknown
    return findings


OLD, NEW = release("x", "1.0.0", "one"), release("x", "1.1.0", "two", optional=["dep"])


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ('[dependencies]\nx = { version = "1", features = ["one"] }', None),
        ('[dependencies]\nx = { version = "1.1", features = ["one"] }', "feature `one`"),
        ('[dependencies]\nx = { version = "1", features = ["dep"] }', None),
        ('[dependencies]\nx = { version = "1", features = ["three"] }', "feature `three`"),
        ('[dependencies]\nx = { version = "1", features = ["one", "two"] }', "not all of them in one"),
        ('[dependencies]\nx = "1"\n[features]\nf = ["x/three"]', "feature `three`"),
        ('[dependencies]\nx = { version = "1", optional = true }\n[features]\nf = ["x?/three"]', "feature `three`"),
        ('[dev-dependencies]\nx = { version = "1", features = ["three"] }', "feature `three`"),
        ('[dependencies]\nx = { version = "2", features = ["three"] }', None),
        ('[dependencies]\nx = { git = "https://example.org/x", features = ["three"] }', None),
        ('[dependencies]\nx = "1"', None),
    ],
)
def test_features_of_the_registry(rest: str, said: str | None) -> None:
    """One version must have all that is requested; where none matches at all, VA001 says so."""
    findings = found(rest, [OLD, NEW])
    assert [(one.code, one.severity, one.dependency) for one in findings] == ([("VA006", "error", "x")] if said else [])
    assert all(said and said in one.message for one in findings)


def test_mend() -> None:
    """A feature that is spelled alike is proposed."""
    (finding,) = found('[dependencies]\nx = { version = "1.1", features = ["twoo"] }', [OLD, NEW])
    assert finding.fix == "did you mean feature `two`?"


def test_inherited_features() -> None:
    """Those of the root and of the member both count, and the finding stands where the dependency is written."""
    root = '[workspace]\nmembers = ["m"]\n[workspace.dependencies]\nx = { version = "1.1", features = ["two"] }\n'
    member = package("m", '[dependencies]\nx = { workspace = true, features = ["none"] }')
    (finding,) = split(find(about({"Cargo.toml": root, "m/Cargo.toml": member}, [OLD, NEW])))[0]
    assert (finding.path, finding.line, finding.crate) == ("Cargo.toml", 4, "m")


def test_a_path_inside() -> None:
    """cargo takes the crate at the path: its features count there, whatever the registry has."""
    for feature, count in (("here", 0), ("gone", 1)):
        files = {
            "Cargo.toml": package(
                "a", f'[dependencies]\nx = {{ version = "1", path = "x", features = ["{feature}"] }}'
            ),
            "x/Cargo.toml": package("x", "[features]\nhere = []", version="1.2.0"),
        }
        findings, _ = split(find(about(files, [OLD, NEW])))
        assert len(findings) == count


def test_not_known() -> None:
    """What the index does not tell is an open question, and a version that the stack is about to publish none."""
    facts = about({"Cargo.toml": package("a", '[dependencies]\nx = { version = "1", features = ["f"] }')}, [OLD])
    facts = facts._replace(release=lambda name, _version: Unknown(name, "cannot be read"))
    assert [one.crate for one in split(find(facts))[1]] == ["x"]
    coming = crates_of("../x", {"Cargo.toml": package("x", version="1.9.0")})
    assert found('[dependencies]\nx = { version = "1", features = ["f"] }', [OLD], stack=coming) == []
