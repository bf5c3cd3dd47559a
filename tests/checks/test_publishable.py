"""The judge of publishability: its verdict on every collected stack, what it rests on, and what it does not know."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batuta_hooks.checks.publishable import Judge
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.publishable import Publishable, Reason
from batuta_hooks.domain.release import Release
from batuta_hooks.registry.index import release
from batuta_hooks.registry.licenses import is_license_expression
from tests.checks.publishable_cases import B1, FAMILIES, alone, deps, lock, siblings
from tests.checks.publishable_verdicts import VERDICTS
from tests.support.publish_stacks import Case, crate, judged_without_disk, line
from tests.support.publishing import METADATA
from tests.support.trees import facts_about

EXPECTED = dict(one.split(": ", 1) for one in VERDICTS.strip().splitlines())


def spelled(verdicts: Mapping[str, Publishable]) -> str:
    """Verdicts as the table has them."""
    found = []
    for name, one in verdicts.items():
        found.append(f"{name}={one.verdict}{':' if one.after else ''}{'+'.join(one.after)}")
    return ", ".join(found)


@pytest.mark.parametrize("family", FAMILIES)
def test_verdicts(family: str) -> None:
    """Every collected stack has the verdicts that real cargo agrees with."""
    said = {name: spelled(judged_without_disk(case)) for name, case in FAMILIES[family].items()}
    assert said == {name: EXPECTED[f"{family}/{name}"] for name in FAMILIES[family]}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_verdict_rests_on_something(family: str) -> None:
    """Each names a manifest line or an index line, but for crates that stay at home or go elsewhere."""
    for name, case in FAMILIES[family].items():
        for verdict in judged_without_disk(case).values():
            if verdict.verdict in ("never", "unknown"):
                continue
            assert verdict.reasons, name
            assert all(one.path or one.index_line for one in verdict.reasons), name
            assert all(one.line >= 1 for one in verdict.reasons if one.path), name
            assert verdict.why, name


def because(case: Case, name: str = "a") -> tuple[str, ...]:
    """What the verdict on a crate rests on."""
    return judged_without_disk(case)[name].because


def test_reasons_name_the_line() -> None:
    """The dependency's own line, the index's line of who has the need, the key of the metadata, the lock file."""
    assert because(alone(deps('b = "2"'), B1)) == (
        "a/Cargo.toml:8: VA001 no published version of `b` matches `2` (there are 1.0.0)",
    )
    assert because(alone(deps('b = "1"'), line("b", "1.0.0", "c ^1"))) == (
        "index of b 1.0.0: VA001 the registry has no crate `c`, which b 1.0.0 requires",
    )
    assert because(alone(deps('b = "1"'), line("b", "1.0.0", yanked=True))) == (
        "a/Cargo.toml:8: VA002 only yanked versions of `b` match `1` (1.0.0)",
    )
    assert because(alone(keys='description = "a"\nlicense = "Own"')) == (
        "a/Cargo.toml:6: `Own` is no SPDX license expression, so crates.io refuses it",
    )
    assert because(alone(keys='description = "a"')) == (
        "a/Cargo.toml:1: it has neither license nor license-file, so crates.io refuses it",
    )
    assert because(alone(deps('b = { path = "../b" }'), b=crate("b", version="1.0.0"))) == (
        "a/Cargo.toml:8: PD001 path dependency `b` has no version, so cargo will not publish `a`",
    )
    stale = alone(deps('b = "1"'), B1, version="0.2.0", **{"Cargo.lock": lock("a 0.1.0 b", "*b 1.0.0")})
    assert because(stale)[0].startswith("a/Cargo.lock:1: VA009 the lock file is stale: it names `a` 0.1.0")
    twice = alone(deps('b = "1"', 'c = "1"'), line("b", "1.0.0", links="z"), line("c", "1.0.0", links="z"))
    assert "links to `z`, as b 1.0.0 does" in because(twice)[0]
    many = [line("b", f"1.{number}.0") for number in range(9)]
    assert because(alone(deps('b = "2"'), *many))[0].endswith("(there are 1.8.0, 1.7.0, 1.6.0 and 6 more)")
    after = siblings(a=crate("a", deps('b = "0.1"')), b=crate("b"))
    assert because(after) == (
        "index of a: 0.1.0 is not published yet",
        "a/Cargo.toml:8: VA001 `b` at `0.1`: the stack has 0.1.0, the registry nothing yet",
    )


def test_all_reasons_are_told() -> None:
    """What is wrong in several ways is told in all of them, own faults first."""
    said = because(alone(deps('b = "*"', 'c = { path = "c" }', 'd = "1"'), keys=""))
    assert [one.partition(": ")[2][:24] for one in said] == [
        "PD005 `b` is required at",
        "PD001 path dependency `c",
        "it has no description, s",
        "it has neither license n",
        "VA001 the registry has n",
    ]


def test_reason_as_text() -> None:
    """A repository that is the whole stack is left out; what has no place is the message alone."""
    assert str(Reason("m", "C", ".", "Cargo.toml", 3)) == "Cargo.toml:3: C m"
    assert str(Reason("m")) == "m"


class TestKnowledge:
    """What is not known is neither yes nor no."""

    LINES: Mapping[str, bytes] = {
        "b 1.0.0": line("b", "1.0.0"),
        "b 1.1.0": line("b", "1.1.0", "c ^1"),
        "b 1.2.0": line("b", "1.2.0", "c ^2"),
        "c 1.0.0": line("c", "1.0.0"),
    }

    def facts(self, manifest: str, known: Mapping[str, Published], committed_at: int | None = 100) -> Facts:
        """One repository; a crate that is left out was never asked for."""

        def published(package: str) -> Published | Unknown:
            return known.get(package, Unknown(package, "it is not in the cache"))

        def release_of(package: str, version: str) -> Release | Unknown | None:
            data = self.LINES.get(f"{package} {version}")
            return Unknown(package, "its entry is damaged") if data is None else release(data, version, package)

        facts = facts_about({"Cargo.toml": manifest})
        return facts._replace(published=published, release=release_of, committed_at=lambda: committed_at)

    def judged(self, facts: Facts) -> tuple[Publishable, set[str]]:
        """The verdict on it, and what it would have liked to know."""
        judge = Judge([facts], is_license_expression)
        verdict = judge.publishable(facts, "Cargo.toml")
        return verdict, judge.wanted.get(facts.repository, set())

    def test_nothing_known(self) -> None:
        """A crate that nobody asked about may be published already."""
        verdict, wanted = self.judged(self.facts(crate("a"), {}))
        assert (verdict.verdict, verdict.why, wanted) == ("unknown", "`a`: it is not in the cache", {"a"})

    def test_direct_dependency_is_not_known(self) -> None:
        """Nor is the crate then publishable."""
        facts = self.facts(crate("a", deps('b = "1"')), {"a": Published((), (), 200)})
        verdict, wanted = self.judged(facts)
        assert (verdict.verdict, verdict.why, wanted) == ("unknown", "`b`: it is not in the cache", {"b"})

    def test_indirect_dependency_is_not_known(self) -> None:
        """What is published is taken to be sound as it is, and it is said how much of it was not looked at."""
        known = {"a": Published((), (), 200), "b": Published(("1.1.0",), (), 200)}
        verdict, wanted = self.judged(self.facts(crate("a", deps('b = "1"')), known))
        assert (verdict.verdict, wanted) == ("now", {"c"})
        assert verdict.why.endswith("; 1 of the crates that it needs indirectly were not looked at")

    def test_damaged_line(self) -> None:
        """A version whose line cannot be had is not known either."""
        known = {"a": Published((), (), 200), "b": Published(("9.0.0",), (), 200)}
        verdict, _ = self.judged(self.facts(crate("a", deps('b = "9"')), known))
        assert (verdict.verdict, verdict.why) == ("unknown", "`b`: its entry is damaged")

    @pytest.mark.parametrize(
        ("checked_at", "of_this_run", "committed_at", "verdict"),
        [
            (99, False, 100, "unknown"),
            (100, False, 100, "no"),
            (None, False, 100, "unknown"),
            (None, True, 100, "no"),
            (1, True, 100, "no"),
            (1, False, None, "unknown"),
        ],
    )
    def test_above_every_known_version(
        self, checked_at: int | None, of_this_run: bool, committed_at: int | None, verdict: str
    ) -> None:
        """A requirement above all that is known may have been met since, unless the registry was asked after HEAD."""
        known = {"a": Published((), (), 200), "b": Published(("1.0.0",), (), checked_at, of_this_run)}
        facts = self.facts(crate("a", deps('b = "2"')), known, committed_at)
        assert self.judged(facts)[0].verdict == verdict
        between = facts._replace(published=lambda name: known[name]._replace(versions=("1.0.0", "3.0.0")))
        assert self.judged(between)[0].verdict == "no"

    def test_own_version_above_every_known_one(self) -> None:
        """The same holds of the crate's own version: it may be published since."""
        for checked_at, version, verdict in ((99, "0.2.0", "unknown"), (100, "0.2.0", "now"), (99, "0.0.9", "now")):
            facts = self.facts(crate("a", version=version), {"a": Published(("0.1.0",), (), checked_at)})
            assert self.judged(facts)[0].verdict == verdict

    def test_indirect_requirement_above_every_known_version(self) -> None:
        """An index that was read some days ago need not have what a newer crate requires."""
        known = {"a": Published((), (), 200), "b": Published(("1.2.0",), (), 99), "c": Published(("1.0.0",), (), 99)}
        verdict, wanted = self.judged(self.facts(crate("a", deps('b = "1"')), known))
        assert (verdict.verdict, wanted) == ("now", {"c"})

    def test_sibling_that_is_not_known(self) -> None:
        """A sibling's version may be on the registry already, so neither `now` nor `after` would be true."""
        one = self.facts(crate("a", deps('b = "0.1"')), {"a": Published((), (), 200)})
        two = facts_about({"Cargo.toml": crate("b")})._replace(repository="b", published=one.published)
        judge = Judge([one, two], is_license_expression)
        assert judge.publishable(one, "Cargo.toml").verdict == "unknown"
        assert judge.publishable(two, "Cargo.toml").verdict == "unknown"

    def test_sibling_is_unknown_for_another_reason(self) -> None:
        """What must come first and is not known leaves the question open, and is named."""
        known = {name: Published((), (), 200) for name in "ab"}
        one = self.facts(crate("a", deps('b = "0.1"')), known)
        two = facts_about({"Cargo.toml": crate("b", deps('x = "1"'))})._replace(
            repository="b", published=one.published, committed_at=lambda: 100
        )
        verdict = Judge([one, two], is_license_expression).publishable(one, "Cargo.toml")
        assert (verdict.verdict, verdict.after) == ("unknown", ("b",))
        assert "it needs `b` 0.1.0 of the stack" in verdict.why

    def test_version_that_a_release_plans(self) -> None:
        """It counts as coming, though no checkout has it yet."""
        known = {name: Published((), (), 200) for name in "ab"}
        one = self.facts(crate("a", deps('b = "0.3"')), known)
        two = facts_about({"Cargo.toml": crate("b")})._replace(
            repository="b",
            published=one.published,
            committed_at=lambda: 100,
            planned=lambda name: ["0.3.0"] if name == "b" else [],
        )
        verdict = Judge([one, two], is_license_expression).publishable(one, "Cargo.toml")
        assert (verdict.verdict, verdict.after) == ("after", ("b",))

    def test_no_package(self) -> None:
        """A workspace root without package, and a manifest that is not there, have nothing to publish."""
        facts = facts_about({"Cargo.toml": "[workspace]\n"})
        judge = Judge([facts], is_license_expression)
        assert judge.publishable(facts, "Cargo.toml").verdict == "never"
        assert judge.publishable(facts, "gone/Cargo.toml").verdict == "never"


def test_files_of_a_published_version() -> None:
    """cargo looks for the version before it looks at the files, and the version is there."""
    keys = f"{METADATA}\nreadme = true"
    assert spelled(judged_without_disk(alone(keys=keys))) == "a=no"
    assert spelled(judged_without_disk(alone("", line("a", "0.1.0"), keys=keys))) == "a=published"
