"""What holds of every plan: made facts in, for a plan is a pure function of them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.config import Release
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.graph import Edge
from batuta_hooks.domain.requirement_edit import floor
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.stack.changes import CHANGED, NEVER, UNCHANGED, Change
from batuta_hooks.stack.plan import make_plan
from batuta_hooks.stack.plan_edits import edits_in
from batuta_hooks.stack.plan_schedule import schedule
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release_facts import CrateFacts, Need, Place, RepositoryFacts, StackFacts, Wish

COUNT = 7
KINDS = ("dependencies", "build-dependencies", "dev-dependencies")


class Sample(NamedTuple):
    """A crate to be made: which lesser ones it needs and how, and how it stands to the registry."""

    needs: list[tuple[int, str, str, bool]]
    state: str
    version: str
    shares: bool


_NEED = st.tuples(
    st.integers(0, COUNT - 2),
    st.sampled_from(KINDS),
    st.sampled_from(["{0}.{1}.{2}", "{0}.{1}", "~{0}.{1}", ">={0}.{1}.{2}, <9", "={0}.{1}.{2}"]),
    st.booleans(),
)
_SAMPLE = st.builds(
    Sample,
    st.lists(_NEED, max_size=3, unique_by=lambda need: need[0]),
    st.sampled_from([UNCHANGED, CHANGED, NEVER, "by hand", "yanked"]),
    st.sampled_from(["0.1.0", "0.2.3", "1.0.0", "1.4.2", "0.0.3"]),
    st.booleans(),
)
_STACK = st.lists(_SAMPLE, min_size=2, max_size=COUNT)
_WISH = st.builds(
    Wish,
    crates=st.sampled_from([(), ("c1",), ("c0", "c1")]),
    changed_only=st.booleans(),
    bump=st.sampled_from(["patch", "minor", "major", "rc"]),
    bumps=st.just({}),
    allow_behind=st.just(False),
)


def stack_of(samples: list[Sample], release: Release, shared: bool) -> StackFacts:
    """The facts: a repository for each crate, or one for all where versions may be shared."""
    crates: dict[str, CrateFacts] = {}
    for number, sample in enumerate(samples):
        name = f"c{number}"
        version = samples[0].version if shared and sample.shares else sample.version
        place = Place("Cargo.toml", ("workspace", "package", "version"))
        own = Place(f"{name}/Cargo.toml", ("package", "version"))
        repository = "all" if shared else name
        needs = []
        for target, kind, form, has_path in sample.needs:
            if target >= number:
                continue
            other = crates[f"c{target}"]
            requirement = form.format(*Version.parse(other.version)[:3])
            at = Place(f"{name}/Cargo.toml", (kind, f"c{target}"))
            needs.append(Need(f"c{target}", kind, requirement, None, at, has_path=has_path and shared))
        crates[name] = CrateFacts(
            name=name,
            repository=repository,
            manifest_path=f"{name}/Cargo.toml",
            folder=name,
            version=version,
            version_at=place if shared and sample.shares else own,
            registry="crates-io",
            is_publishable=True,
            needs=tuple(needs),
            edges=_edges(name, needs),
            published=_published(sample.state, version),
            change=Change(NEVER if sample.state == NEVER else CHANGED if sample.state == CHANGED else UNCHANGED),
        )
    repositories = {
        crate.repository: RepositoryFacts(crate.repository, "1" * 40, 0, "main", 0, False, {}, {}, release)
        for crate in crates.values()
    }
    return StackFacts(crates, repositories, {})


def _edges(name: str, needs: list[Need]) -> tuple[Edge, ...]:
    return tuple(Edge(name, need.package, need.kind, need.requirement, repository=need.place.path) for need in needs)


def _published(state: str, version: str) -> Published:
    if state == NEVER:
        return Published(())
    if state == "yanked":
        return Published((), (version,))
    return Published(("0.0.1",) if state == "by hand" else (version,))


def after(facts: StackFacts, plan: Plan) -> StackFacts:
    """The stack once a plan was carried out."""
    crates = dict(facts.crates)
    for repository in {one.repository for one in plan.releases}:
        edits = {Place(edit.path, edit.key): edit.after for edit in edits_in(plan, repository)}
        for name, crate in crates.items():
            if crate.repository != repository:
                continue
            needs = tuple(need._replace(requirement=edits.get(need.place, need.requirement)) for need in crate.needs)
            version = edits.get(crate.version_at, crate.version)
            crates[name] = crate._replace(needs=needs, edges=_edges(name, list(needs)), version=version)
    for one in plan.releases:
        crate = crates[one.crate]
        assert isinstance(crate.published, Published)
        published = crate.published._replace(versions=(*crate.published.versions, one.next))
        crates[one.crate] = crate._replace(published=published, change=Change(UNCHANGED))
    return facts._replace(crates=crates)


@settings(max_examples=150)
@given(_STACK, _WISH, st.sampled_from(["needed", "all"]), st.sampled_from(["raise", "keep"]), st.booleans())
def test_every_plan(samples: list[Sample], wish: Wish, dependents: str, requirements: str, shared: bool) -> None:
    """Dependencies come first, versions are new, requirements only rise and admit; once done there is nothing to do."""
    facts = stack_of(samples, Release(dependents=dependents, requirements=requirements), shared)
    plan = make_plan(facts, wish)
    assert plan == make_plan(facts, wish)
    waves = {crate: number for number, wave in enumerate(plan.waves) for crate in wave}
    assert sorted(waves) == sorted(one.crate for one in plan.releases)
    for one in plan.releases:
        crate = facts.crates[one.crate]
        for need in crate.needs:
            if need.package in waves and need.kind != "dev-dependencies":
                assert waves[need.package] < waves[one.crate]
        for update in one.requirement_updates:
            assert floor(update.after) >= floor(update.before)
        if one.state == "planned":
            assert isinstance(crate.published, Published)
            assert one.next not in (*crate.published.versions, *crate.published.yanked)
    if not plan.blocked:
        _holds_once_done(facts, plan, wish)


def _holds_once_done(facts: StackFacts, plan: Plan, wish: Wish) -> None:
    done = after(facts, plan)
    for one in plan.releases:
        for need in done.crates[one.crate].needs:
            found = done.crates[need.package].published
            assert isinstance(found, Published)
            assert need.requirement
            admitted = [
                text for text in found.versions if Requirement.parse(need.requirement).matches(Version.parse(text))
            ]
            assert admitted, f"{one.crate} needs {need.package} {need.requirement}"
    if not wish.changed_only:
        assert make_plan(done, wish).waves == ()


def test_limits() -> None:
    """Five new crates go at once, then one in ten minutes; thirty new versions, then one a minute; new ones first."""
    found = schedule([[(f"n{number}", True) for number in range(7)]])
    assert [(wait.crate, wait.seconds, wait.limit) for wait in found.waits] == [
        ("n5", 600, "new crates"),
        ("n6", 1200, "new crates"),
    ]
    assert found.eta_s == 1200
    versions = schedule([[(f"v{number:02}", False) for number in range(32)]])
    assert [(wait.crate, wait.seconds) for wait in versions.waits] == [("v30", 60), ("v31", 120)]
    assert schedule([[("old", False), ("new", True)]]).eta_s == 0
    later = schedule([[(f"n{number}", True) for number in range(6)], [("m", True), ("v", False)]])
    assert [(wait.crate, wait.seconds) for wait in later.waits] == [("n5", 600), ("m", 600)]
    assert later.eta_s == 1200
