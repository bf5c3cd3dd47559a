"""VA006: features that the configuration declares exclusive, and that are united all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from batuta_hooks.checks.exclusive_features import find
from batuta_hooks.domain.facts import Policy, Published
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.release import Release
from tests.checks.asking import crates_of, split
from tests.support.repos import package
from tests.support.trees import Texts, facts_about

EXCLUSIVE: Mapping[str, tuple[tuple[str, ...], ...]] = {"x": (("one", "two"),)}
FEATURES = {"one": (), "two": (), "three": ("y/z", "dep:y"), "full": ("three", "one"), "default": ("two",)}
X = Release("x", "1.0.0", False, "", (), FEATURES, None, None, None)
BARE = 'version = "1", default-features = false'


def found(files: Texts, beside: Texts | None = None, *, exclusive: object = EXCLUSIVE) -> list[Finding]:
    """What is found in a repository beside another one, over a registry that has one version of x."""
    facts = facts_about(
        files,
        published={"x": Published(("1.0.0",))},
        policy=Policy(exclusive=exclusive),  # type: ignore[arg-type]
        stack=crates_of("../b", beside or {}),
    )
    findings, unknown = split(find(facts._replace(release=lambda _name, _version: X)))
    assert not unknown
    return findings


@pytest.mark.parametrize(
    ("mine", "theirs", "requirement", "count"),
    [
        (["one"], ["two"], "1", 1),
        (["one"], ["one"], "1", 0),
        (["one", "two"], [], "1", 1),
        (["one"], ["three"], "1", 0),
        (["full"], ["two"], "1", 1),
        (["two"], ["full"], "1", 1),
        (["one"], ["two"], "2", 0),
        ([], ["two"], "1", 0),
    ],
)
def test_by_one_entry_and_between_crates(
    mine: Sequence[str], theirs: Sequence[str], requirement: str, count: int
) -> None:
    """Within an entry, and between crates in one build whose needs one version meets; what enables them counts."""
    own = f'[dependencies]\nx = {{ {BARE}, features = {mine} }}\nb = "0.1"'.replace("'", '"')
    entry = f'x = {{ version = "{requirement}", default-features = false, features = {theirs} }}'
    beside = {"Cargo.toml": package("b", f"[dependencies]\n{entry}".replace("'", '"'))}
    files = {"Cargo.toml": package("a", own)}
    assert [(one.code, one.line) for one in found(files, beside)] == [("VA006", 7)] * count
    assert found(files, beside, exclusive={}) == []


def test_default_features() -> None:
    """They are enabled by whoever does not leave them out, which is what most do without a thought."""
    (finding,) = found({"Cargo.toml": package("a", '[dependencies]\nx = { version = "1", features = ["one"] }')})
    assert finding.message.startswith("`a` enables features `one`, `two` of `x`")
    assert finding.fix == "request one of features `one`, `two`, or say default-features = false"
    assert found({"Cargo.toml": package("a", f'[dependencies]\nx = {{ {BARE}, features = ["one"] }}')}) == []


@pytest.mark.parametrize(
    ("second", "count"),
    [
        ("[dependencies.y]\npackage = 'x'", 1),
        ('[target."cfg(unix)".dependencies.x]', 1),
        ("[build-dependencies.x]", 0),
        ("[dev-dependencies.x]", 0),
    ],
)
def test_by_two_entries(second: str, count: int) -> None:
    """Entries of one kind share the version; a build script and tests have features of their own."""
    rest = f'[dependencies.x]\n{BARE}\nfeatures = ["one"]\n{second}\n{BARE}\nfeatures = ["two"]'.replace(", ", "\n")
    assert len(found({"Cargo.toml": package("a", rest)})) == count


def test_what_members_add_to_what_they_inherit() -> None:
    """The root's entry has no features, those of the members exclude each other."""
    root = f"[workspace]\nmembers = ['a', 'b']\n[workspace.dependencies]\nx = {{ {BARE} }}\n"
    member = "[dependencies]\nx = {{ workspace = true, features = ['{}'] }}\n"
    files = {
        "Cargo.toml": root,
        "a/Cargo.toml": package("a", member.format("one") + "b = { version = '0.1', path = '../b' }"),
        "b/Cargo.toml": package("b", member.format("two")),
    }
    assert {(one.crate, one.path, one.line) for one in found(files)} == {("a", "Cargo.toml", 4), ("b", "Cargo.toml", 4)}


def test_several_groups() -> None:
    """One finding an entry, by the first group that it breaks."""
    files = {"Cargo.toml": package("a", f'[dependencies]\nx = {{ {BARE}, features = ["one", "two", "three"] }}')}
    (finding,) = found(files, exclusive={"x": (("one", "other"), ("two", "three"), ("one", "two"))})
    assert "`two`, `three`" in finding.message


def test_features_of_two_packages() -> None:
    """Two packages may have features of one name: what excludes each other in one of them says nothing of the other."""
    needs = f'[dependencies]\nx = {{ {BARE}, features = ["one"] }}\ny = {{ {BARE}, features = ["two"] }}'
    exclusive = {"x": (("one", "two"),), "y": (("one", "two"),)}
    assert found({"Cargo.toml": package("a", needs)}, exclusive=exclusive) == []
