"""VA012: the registry's crates that only share a name with a crate here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batuta_hooks.checks import version_alignment
from batuta_hooks.checks.namesakes import find, without_strangers
from batuta_hooks.domain.facts import Facts, Origin, Published
from batuta_hooks.domain.finding import Unknown
from tests.checks.asking import split
from tests.support.repos import package
from tests.support.trees import facts_about

OURS = "https://github.com/acme/tools"
MOVED = "https://github.com/acme/platform"
KEYS = f'repository = "{OURS}"'


def asked(archives: Mapping[str, str], manifest: str = package("stack", keys=KEYS), *versions: str) -> Facts:
    """Facts about a crate of which the registry has versions, and the repositories that archives name, by version."""
    facts = facts_about({"Cargo.toml": manifest}, published={"stack": Published(versions or ("0.1.0", "0.4.0"))})

    def origin(name: str, version: str) -> Origin | Unknown:
        return Origin("", False, archives[version]) if version in archives else Unknown(name, "not there")

    return facts._replace(origin=origin)


@pytest.mark.parametrize(
    ("archives", "codes"),
    [
        ({"0.4.0": "https://github.com/other/stack"}, ["VA012"]),
        ({"0.1.0": "https://github.com/other/stack", "0.4.0": ""}, ["VA012"]),
        ({"0.4.0": f"{OURS}.git"}, []),
        ({"0.4.0": "http://github.com/acme/tools/"}, []),
        ({"0.1.0": "https://github.com/old/place", "0.4.0": OURS}, []),
        ({"0.4.0": ""}, []),
        ({"0.1.0": MOVED, "0.4.0": MOVED}, ["VA012"]),
        ({"0.1.0": OURS, "0.4.0": MOVED}, []),
    ],
)
def test_archives_tell(archives: dict[str, str], codes: list[str]) -> None:
    """Another repository is another project; one archive of ours is enough, and who names none says nothing."""
    findings, unknown = split(find(asked(archives)))
    assert [one.code for one in findings] == codes
    assert unknown == []
    assert all((one.severity, one.path, one.line, one.crate) == ("note", "Cargo.toml", 2, "stack") for one in findings)


def test_no_archive() -> None:
    """Where none is known, that is what is said; where the registry has no such crate, nothing."""
    findings, unknown = split(find(asked({})))
    assert (findings, [one.crate for one in unknown]) == ([], ["stack"])
    absent = facts_about({"Cargo.toml": package("stack", keys=KEYS)}, published={})
    assert split(find(absent)) == ([], [])


def test_a_crate_that_moved() -> None:
    """Where the newest archive names another repository of the same owner, nothing is decided without the oldest."""
    versions = "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0"
    facts = asked({"0.7.0": MOVED, "0.6.0": MOVED}, package("stack", keys=KEYS, version="0.0.9"), *versions)
    findings, (unknown,) = split(find(facts))
    assert findings == []
    assert f"an archive names {MOVED}, to where it may have moved, and of its oldest version: not there" in unknown.why
    assert split(find(asked({"0.7.0": MOVED, "0.1.0": OURS}, package("stack", keys=KEYS), *versions))) == ([], [])


def test_nothing_to_compare() -> None:
    """A crate that is never published, or whose repository nobody names, is not compared."""
    stranger = {"0.4.0": "https://github.com/other/stack"}
    for manifest in (package("stack", keys="publish = false\n" + KEYS), package("stack")):
        assert split(find(asked(stranger, manifest))) == ([], [])


def test_a_manifest_that_was_never_published() -> None:
    """Archives without a repository are not of a manifest that crates.io would never have taken."""
    root = f'[workspace]\nmembers = ["e"]\n[workspace.package]\n{KEYS}\n'
    for keys, codes in (("", ["VA012"]), ('description = "d"', [])):
        facts = facts_about(
            {"Cargo.toml": root, "e/Cargo.toml": package("stack", keys=keys)},
            published={"stack": Published(("0.4.0",))},
        )
        facts = facts._replace(origin=lambda _name, _version: Origin("", False, ""))
        assert [one.code for one in split(find(facts))[0]] == codes


def test_their_answers_count_for_nothing() -> None:
    """What the registry says of a stranger meets no requirement and moves no dependency; all else is told as before."""
    facts = asked({"0.4.0": "https://github.com/other/stack"})
    aside = without_strangers(facts)
    assert isinstance(aside.published("stack"), Unknown)
    assert isinstance(aside.release("stack", "0.4.0"), Unknown)
    assert aside.published("serde") == facts.published("serde")
    assert aside.release("serde", "1.0.0") == facts.release("serde", "1.0.0")
    own = asked({"0.4.0": OURS})
    assert without_strangers(own) is own
    files = {
        "Cargo.toml": package("stack", keys=KEYS),
        "b/Cargo.toml": package("b", '[dependencies]\nstack = "9"', keys=KEYS),
    }
    both = facts_about(files, published={"stack": Published(("0.4.0",))})._replace(origin=facts.origin)
    assert {one.code for one in split(version_alignment.find(both))[0]} == {"VA003", "VA012"}
