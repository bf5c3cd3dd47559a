"""TC001-TC009: one tag beside its commit, the remote, the registry and the other tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from batuta_hooks.checks.tag_collision import find
from batuta_hooks.domain.facts import Origin, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.tag_facts import OtherTag, TagFacts
from batuta_hooks.domain.tags import Tags
from tests.support.repos import package
from tests.support.trees import facts_about

HERE, ELSEWHERE = "a" * 40, "b" * 40
INHERITS = "version.workspace = true"
ONE = {"Cargo.toml": package("one", version="1.2.0")}
TWO = {
    "Cargo.toml": package("one", '[workspace]\nmembers = ["part"]', version="1.2.0"),
    "part/Cargo.toml": package("part-two", version="0.3.0"),
}
SHARED = {
    "Cargo.toml": '[workspace]\nmembers = ["x", "y", "own"]\n[workspace.package]\nversion = "0.5.0"\n',
    "x/Cargo.toml": package("x", version=None, keys=INHERITS),
    "y/Cargo.toml": package("y", version=None, keys=INHERITS),
    "own/Cargo.toml": package("own", version="9.0.0"),
}
SEPARATE = {
    "Cargo.toml": '[workspace]\nmembers = ["x", "y"]\n',
    "x/Cargo.toml": package("x", version="0.5.0"),
    "y/Cargo.toml": package("y", version="0.5.0"),
}
PUBLIC = 'repository = "https://github.com/us/one"'


class Said(NamedTuple):
    """What the check says."""

    findings: list[Finding]
    unknown: list[Unknown]

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Code and crate of each finding."""
        return [(one.code, one.crate) for one in self.findings]


def tagged(name: str, **more: Any) -> TagFacts:
    """A tag of a commit."""
    return TagFacts(**{"name": name, "object": HERE, "kind": "commit", "commit": HERE, **more})


def deleted(name: str) -> TagFacts:
    """A deletion of a tag that the remote has."""
    return TagFacts(name, "", "", "", remote=ELSEWHERE)


def judge(
    files: Mapping[str, str],
    tag: TagFacts | str,
    *,
    published: Mapping[str, Published] | None = None,
    origins: Mapping[tuple[str, str], Origin] | None = None,
    others: Sequence[OtherTag] = (),
) -> Said:
    """Judge a tag by a tree."""
    facts = facts_about(files, published=published)

    def origin(crate: str, version: str) -> Origin | Unknown:
        return (origins or {}).get((crate, version)) or Unknown(crate, "it is not in the cache")

    tag = tagged(tag) if isinstance(tag, str) else tag
    tag = tag._replace(others=lambda version: [other for other in others if version in other.name])
    said = list(find(facts._replace(tag=tag, origin=origin)))
    return Said([one for one in said if isinstance(one, Finding)], [one for one in said if isinstance(one, Unknown)])


class TestVersion:
    """TC002: the version at the tagged commit."""

    @pytest.mark.parametrize(
        ("files", "name"),
        [
            (ONE, "v1.2.0"),
            (ONE, "1.2.0"),
            (ONE, "one-v1.2.0"),
            (ONE, "vone-1.2.0"),
            (TWO, "part-two-v0.3.0"),
            (SHARED, "v0.5.0"),
            (SHARED, "y@0.5.0"),
            (SHARED, "own/v9.0.0"),
            ({"Cargo.toml": package("one", version="1.0.0+5")}, "v1.0.0"),
            ({"Cargo.toml": package("one", version="1.0.0+5")}, "v1.0.0+5"),
            ({"Cargo.toml": package("one", version="1.0.0-rc.1")}, "one-1.0.0-rc.1"),
            (ONE, "nightly"),
            (ONE, "v1"),
            ({}, "v1.2.0"),
            ({"Cargo.toml": "[workspace]\n"}, "v1.2.0"),
        ],
    )
    def test_right_tags(self, files: dict[str, str], name: str) -> None:
        """A tag that says what the manifest says is quiet; so is one that speaks of no version, or of no crate."""
        assert judge(files, name).codes == []

    @pytest.mark.parametrize(
        ("files", "name", "crate", "place"),
        [
            (ONE, "v1.3.0", "one", ("Cargo.toml", 3)),
            (TWO, "v0.3.0", "one", ("Cargo.toml", 3)),
            (TWO, "part-two-1.2.0", "part-two", ("part/Cargo.toml", 3)),
            (SHARED, "v9.0.0", "x", ("Cargo.toml", 4)),
            (SHARED, "y-v0.6.0", "y", ("Cargo.toml", 4)),
            ({"Cargo.toml": package("one", version="1.0.0+5")}, "v1.0.0+6", "one", ("Cargo.toml", 3)),
            ({"Cargo.toml": package("one", version="1.0.0")}, "v1.0.0-rc.1", "one", ("Cargo.toml", 3)),
            ({"Cargo.toml": package("one", version=None)}, "v1.0.0", "one", ("Cargo.toml", 2)),
            ({"rust/Cargo.toml": package("one")}, "v1.0.0", "one", ("rust/Cargo.toml", 3)),
        ],
    )
    def test_wrong_tags(self, files: dict[str, str], name: str, crate: str, place: tuple[str, int]) -> None:
        """One finding, for several crates that share a version too, where that version stands."""
        said = judge(files, name)
        assert said.codes == [("TC002", crate)]
        (found,) = said.findings
        assert ((found.path, found.line), found.severity, found.ref) == (place, "error", f"refs/tags/{name}")

    def test_the_mend_keeps_the_form(self) -> None:
        """What is here can be tagged in the form that was meant."""
        (found,) = judge(TWO, "part-two@0.4.0").findings
        assert found.fix.endswith("git tag part-two@0.3.0")

    def test_a_version_that_cannot_be_known(self) -> None:
        """Where the root cannot be read, its version is unknown, and that is said."""
        files = {"Cargo.toml": "[workspace", "x/Cargo.toml": package("x", version=None, keys=INHERITS)}
        said = judge(files, "x-v1.0.0")
        assert ("TC002", "x") not in said.codes
        assert "its workspace root cannot be read" in " ".join(one.why for one in said.unknown)

    def test_no_commit(self) -> None:
        """A tree, a blob, a tag of a tag, and a commit without any crate."""
        for kind in ("tree", "blob"):
            said = judge(ONE, tagged("v1.2.0", kind=kind, commit=""))
            assert said.codes == [("TC002", "one")]
            assert f"names a {kind}" in said.findings[0].message
        assert judge(ONE, tagged("v1.2.0", is_nested=True)).codes == [("TC002", "one")]
        assert judge(ONE, tagged("v1.3.0", is_nested=True)).codes == [("TC002", "one")] * 2
        assert judge({}, tagged("v1.2.0", lacks_crates=True)).codes == [("TC002", "")]
        assert judge(ONE, tagged("nightly", kind="tree", commit="", is_nested=True)).codes == []


class TestWhichCrate:
    """TC003 and TC004."""

    def test_a_crate_that_is_not_here(self) -> None:
        """A name that no crate has is an error, whatever its version."""
        said = judge(TWO, "part_two-v0.3.0")
        assert (said.codes, said.findings[0].severity) == ([("TC003", "part_two")], "error")
        assert said.findings[0].fix.startswith("write part-two-v0.3.0; ")
        assert judge(TWO, "servers-0.3.0").findings[0].fix.startswith("correct the name; ")

    def test_a_crate_that_is_ignored(self) -> None:
        """Tags that the configuration ignores, and those of a template of one's own, are none of it."""
        assert judge(TWO, tagged("part-v0.3.0", rules=Tags(ignore=("part-*",)))).codes == []
        assert judge(TWO, tagged("release-1.2.0", rules=Tags(template="release-{version}"))).codes == []
        assert judge(TWO, tagged("v0.3.0", rules=Tags(crates={"part-two": "v{version}"}))).codes == []

    def test_several_crates_without_a_common_version(self) -> None:
        """A warning, even where the versions happen to be equal; a name makes it clear."""
        said = judge(SEPARATE, "v0.5.0")
        assert (said.codes, said.findings[0].severity) == ([("TC004", "")], "warning")
        assert judge(SEPARATE, "x-v0.5.0").codes == []


class TestRemote:
    """TC001 and TC007."""

    def test_a_collision(self) -> None:
        """The remote has the name on another object."""
        assert judge(ONE, tagged("v1.2.0", remote=ELSEWHERE), published={}).codes == [("TC001", "one")]
        assert judge(ONE, tagged("v1.2.0", remote=HERE), published={}).codes == []
        assert judge(ONE, tagged("nightly", remote=ELSEWHERE), published={}).codes == []

    @pytest.mark.parametrize("published", [Published(("1.2.0",)), Published((), ("1.2.0",)), Published(("1.2.0+x",))])
    def test_a_published_version(self, published: Published) -> None:
        """Its tag may neither move nor go; a yanked version and one with build metadata count."""
        known = {"one": published}
        origins = {("one", version): Origin("", False, "") for version in ("1.2.0", "1.2.0+x")}
        said = judge(ONE, tagged("v1.2.0", remote=ELSEWHERE), published=known, origins=origins)
        assert said.codes == [("TC001", "one"), ("TC007", "one")]
        assert "moves" in said.findings[1].message
        said = judge(ONE, deleted("v1.2.0"), published=known)
        assert (said.codes, said.unknown) == ([("TC007", "one")], [])
        assert "deletes" in said.findings[0].message

    def test_another_version(self) -> None:
        """What is not published may lose its tag, and so may what never was a tag of a crate here."""
        for name in ("v1.3.0", "other-v1.2.0", "nightly"):
            assert judge(ONE, deleted(name), published={"one": Published(("1.2.0",))}) == Said([], [])

    def test_the_registry_is_not_known(self) -> None:
        """Whether it is published stays open: nobody is stopped by that."""
        said = judge(ONE, deleted("v1.2.0"))
        assert (said.codes, [one.crate for one in said.unknown]) == ([], ["one"])

    def test_several_crates(self) -> None:
        """Of crates that share a version one finding names how many are published."""
        published = {name: Published(("0.5.0",)) for name in ("x", "y", "own")}
        (found,) = judge(SHARED, deleted("v0.5.0"), published=published).findings
        assert found.message.startswith("version 0.5.0 of `x` and 1 other crate is published")

    def test_never_published(self) -> None:
        """A crate that goes to no registry is not asked for, and so not mistaken for a namesake."""
        files = {"Cargo.toml": package("one", version="1.2.0", keys="publish = false")}
        assert judge(files, deleted("v1.2.0"), published={"one": Published(("1.2.0",))}) == Said([], [])
        assert judge(files, "v1.2.0") == Said([], [])

    def test_a_namesake(self) -> None:
        """The registry's crate of this name is another project's, as its archive tells: its answers do not count."""
        files = {"Cargo.toml": package("one", version="1.2.0", keys=PUBLIC)}
        known = {"one": Published(("1.2.0",))}
        for repository, codes in {
            "https://github.com/them/one": [],
            "http://GitHub.com/us/one.git/": [("TC007", "one")],
            "": [("TC007", "one")],
        }.items():
            origins = {("one", "1.2.0"): Origin(ELSEWHERE, True, repository)}
            assert judge(files, deleted("v1.2.0"), published=known, origins=origins).codes == codes
            wrong = judge(files, "v1.2.0", published=known, origins=origins).codes
            assert wrong == ([("TC006", "one")] if codes else [])


class TestOrigin:
    """TC006: where the published version comes from."""

    def origin(self, commit: str, *, is_dirty: bool = False) -> Said:
        """Judge a tag of a version that was published from a commit."""
        origins = {("one", "1.2.0"): Origin(commit, is_dirty, "")}
        return judge(ONE, "v1.2.0", published={"one": Published(("1.2.0",))}, origins=origins)

    def test_another_commit(self) -> None:
        """An error that names the right one, dirty or not."""
        for is_dirty in (False, True):
            said = self.origin(ELSEWHERE, is_dirty=is_dirty)
            assert (said.codes, said.findings[0].severity) == ([("TC006", "one")], "error")
            assert f"git tag --force v1.2.0 {ELSEWHERE}" in said.findings[0].fix

    def test_a_dirty_tree(self) -> None:
        """A warning: what is published may be in no commit."""
        said = self.origin(HERE, is_dirty=True)
        assert (said.codes, said.findings[0].severity) == ([("TC006", "one")], "warning")

    def test_nothing_to_say(self) -> None:
        """The same commit, an archive without one, a version that is not published."""
        assert self.origin(HERE) == Said([], [])
        assert self.origin("") == Said([], [])
        assert self.origin("c" * 64) == Said([], []), "an id of another kind names no commit of this repository"
        assert judge(ONE, "v1.2.0", published={"one": Published(("1.1.0",))}) == Said([], [])

    def test_what_is_not_known(self) -> None:
        """An archive that is not cached, an index that is not."""
        said = judge(ONE, "v1.2.0", published={"one": Published(("1.2.0",))})
        assert (said.codes, said.unknown[0].crate) == ([], "one")
        assert "batuta-stack cache warm" in said.unknown[0].why
        assert "the registry was not asked" in judge(ONE, "v1.2.0").unknown[0].why

    def test_an_archive_alone(self) -> None:
        """What the archive says counts where the index is not known."""
        origins = {("one", "1.2.0"): Origin(ELSEWHERE, False, "")}
        assert judge(ONE, "v1.2.0", origins=origins).codes == [("TC006", "one")]


class TestPublishable:
    """TC005: what cargo would refuse of the tagged crate."""

    def test_a_versionless_path(self) -> None:
        """It stands at its own line; of a bare tag the root package alone is asked."""
        bad = '[dependencies]\nb = { path = "../b" }'
        files = {**TWO, "part/Cargo.toml": package("part-two", bad, version="0.3.0")}
        assert judge(files, "v1.2.0").codes == []
        said = judge(files, "part-two-v0.3.0")
        assert [(one.code, one.crate, one.path, one.line, one.dependency) for one in said.findings] == [
            ("TC005", "part-two", "part/Cargo.toml", 7, "b")
        ]
        assert "(PD001)" in said.findings[0].message

    def test_a_clone_that_does_not_build(self) -> None:
        """Is another matter: cargo publishes it."""
        files = {"Cargo.toml": package("one", '[dependencies]\nb = { path = "../b", version = "1" }', version="1.2.0")}
        assert judge(files, "v1.2.0").codes == []

    def test_a_manifest_that_cannot_be_read(self) -> None:
        """It gets no other finding."""
        said = judge({"Cargo.toml": '[package]\nname = "one"\nversion = "1'}, "v1.2.0")
        assert [one.code for one in said.findings] == ["TC005"]
        assert judge(
            {**TWO, "part/Cargo.toml": '[package]\nname = "part-two"\nversion ='}, "part-two-v1.0.0"
        ).codes == [("TC005", "part-two")]

    def test_a_workspace_that_cannot_be_loaded(self) -> None:
        """Cargo loads it whole before it publishes one of its members; that is said once."""
        root = SHARED["Cargo.toml"].replace('"own"', '"own", "gone"')
        said = judge({**SHARED, "Cargo.toml": root}, "v0.5.0")
        assert [(one.code, one.path, one.line) for one in said.findings] == [("TC005", "Cargo.toml", 2)]

    def test_each_member_that_shares_the_version(self) -> None:
        """A bare tag means all of them."""
        bad = package("y", '[dependencies]\nz = { path = "../z" }', version=None, keys=INHERITS)
        files = {**SHARED, "y/Cargo.toml": bad, "own/Cargo.toml": package("own", '[dependencies]\nz = "*"')}
        assert judge(files, "v0.5.0").codes == [("TC005", "y")]


class TestSpellings:
    """TC008."""

    @pytest.mark.parametrize("other", ["1.2.0", "one-v1.2.0", "vone-1.2.0", "one@1.2.0+build"])
    def test_another_spelling_on_another_commit(self, other: str) -> None:
        """The same version of the same crate, however it is spelled."""
        assert judge(TWO, "v1.2.0", others=[OtherTag(other, ELSEWHERE)]).codes == [("TC008", "one")]
        assert judge(TWO, "v1.2.0", others=[OtherTag(other, HERE)]).codes == []

    @pytest.mark.parametrize("other", ["part-two-v1.2.0", "v1.2.0", "1.2.0-rc.1", "v11.2.0", "elsewhere-1.2.0"])
    def test_another_crate_or_version(self, other: str) -> None:
        """Tags of something else, and the tag itself, are no other spelling."""
        assert judge(TWO, "v1.2.0", others=[OtherTag(other, ELSEWHERE)]).codes == []

    def test_a_member_of_those_that_share(self) -> None:
        """A bare version and a member's own tag speak of one version."""
        assert judge(SHARED, "v0.5.0", others=[OtherTag("y-v0.5.0", ELSEWHERE)]).codes == [("TC008", "x")]
        assert judge(SHARED, "own-v9.0.0", others=[OtherTag("v9.0.0", ELSEWHERE)]).codes == []


class TestLock:
    """TC009."""

    LOCK = 'version = 4\n\n[[package]]\nname = "one"\nversion = "VERSION"\ndependencies = []\n'

    def lock(self, text: str, files: Mapping[str, str] = ONE) -> Said:
        """Judge a tag of a commit with this lock."""
        return judge({**files, "Cargo.lock": text}, "v1.2.0")

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_another_version(self, end: str) -> None:
        """A warning at the lock's line, whatever ends its lines."""
        said = self.lock(self.LOCK.replace("VERSION", "1.1.0").replace("\n", end))
        assert [(one.code, one.severity, one.path, one.line) for one in said.findings] == [
            ("TC009", "warning", "Cargo.lock", 5)
        ]

    @pytest.mark.parametrize(
        "text",
        [
            LOCK.replace("VERSION", "1.2.0"),
            'version = 4\n[[package]]\nversion = "1.2.0"\nname = "one"\n',
            "version = 4\n",
            LOCK.replace("VERSION", "1.1.0").replace("dependencies", 'source = "registry+https://x"\ndependencies'),
            "version = 99\n",
            "[[",
        ],
    )
    def test_nothing_to_say(self, text: str) -> None:
        """The same version, however it is written; such a package from elsewhere; a lock that cannot be read."""
        assert self.lock(text).codes == []

    def test_a_namesake_in_the_lock(self) -> None:
        """A registry's package of the same name and version does not hide that the own one is older."""
        foreign = '[[package]]\nname = "one"\nversion = "1.2.0"\nsource = "registry+https://x"\n'
        (found,) = self.lock(foreign + self.LOCK.replace("VERSION", "1.1.0").partition("\n")[2]).findings
        assert (found.code, found.crate, found.line) == ("TC009", "one", 8)

    def test_a_member(self) -> None:
        """The lock of a member is its root's; crates that share a version share the finding."""
        text = "version = 4\n" + "".join(f'[[package]]\nname = "{name}"\nversion = "0.4.0"\n' for name in "xy")
        said = judge({**SHARED, "Cargo.lock": text}, "v0.5.0")
        assert [(one.code, one.path) for one in said.findings] == [("TC009", "Cargo.lock")]


def test_findings_do_not_hide_each_other() -> None:
    """A tag that is wrong in every way."""
    files = {
        "Cargo.toml": package("one", '[dependencies]\nb = { path = "b" }', version="1.2.0"),
        "b/Cargo.toml": package("b"),
        "Cargo.lock": 'version = 4\n[[package]]\nname = "one"\nversion = "1.1.0"\n',
    }
    said = judge(
        files,
        tagged("v1.3.0", remote=ELSEWHERE, is_nested=True),
        published={"one": Published(("1.3.0",))},
        origins={("one", "1.3.0"): Origin(ELSEWHERE, False, "")},
        others=[OtherTag("1.3.0", ELSEWHERE)],
    )
    found = {code for code, _ in said.codes}
    assert found == {"TC001", "TC002", "TC005", "TC006", "TC007", "TC008", "TC009"}


def test_no_tag() -> None:
    """Facts about a tree alone say nothing of tags."""
    assert list(find(facts_about(ONE))) == []
