"""VA005: what is shared, who meets in a build, whose line has to change; against a plain reading of the rule."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from threading import Barrier
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.checks.meeting import Meeting
from batuta_hooks.checks.shared_versions import conflicts, duplicates, find
from batuta_hooks.domain.facts import Facts, Policy
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.stack import Stack, StackCrate
from tests.checks.asking import crates_of, split
from tests.support.repos import package
from tests.support.trees import facts_about

BASE = crates_of("../base", {"Cargo.toml": package("base", '[dependencies]\narrow = "53"')})


def top(entries: str, **more: Any) -> dict[str, str]:
    """Package ``top`` with these entries in ``[dependencies]``."""
    return {"Cargo.toml": package("top", f"[dependencies]\n{entries}", **more)}


def findings(files: dict[str, str], stack: list[StackCrate], **about: Any) -> list[Finding]:
    """What is found in ``top`` beside these crates."""
    return split(find(facts_about(files, stack=stack, **about)))[0]


def test_along_the_stack() -> None:
    """A crate and one that it depends on need arrows that do not fit: a warning that says who, where and the mend."""
    (found,) = findings(top('base = "0.1"\narrow = "52"'), BASE)
    assert found[:5] == ("Cargo.toml", 8, 1, "VA005", "warning")
    assert (found.crate, found.dependency) == ("top", "arrow")
    assert found.message == (
        '`arrow` "52", which `top` requires, is not compatible with "53" of `base` (../base/Cargo.toml, on which it '
        "depends)"
    )
    assert found.fix == 'write arrow = "53"'


def test_the_other_line_has_to_change() -> None:
    """The newest need stays: its own line is named only where nobody judges the repository whose line is older."""
    files = top('base = "0.1"\narrow = "54"')
    (found,) = findings(files, BASE)
    assert found.fix == 'require `arrow` "54" in ../base/Cargo.toml'
    facts = facts_about(files, stack=BASE)
    assert list(find(facts._replace(is_whole=True))) == []


def test_no_build_holds_both() -> None:
    """Crates that do not depend on each other, and a requirement that leads to another version, are no conflict."""
    assert findings(top('arrow = "54"'), BASE) == []
    assert findings(top('base = "0.2"\narrow = "54"'), BASE) == []
    assert findings(top('base = "0.1"\narrow = ">=53, <55"'), BASE) == []


def test_a_third_crate_holds_both() -> None:
    """Two crates that need different arrows meet in a third one, and arrow is exposed there."""
    other = crates_of("../other", {"Cargo.toml": package("other", '[dependencies]\narrow = "54"')})
    roof = crates_of(
        "../roof", {"Cargo.toml": package("roof", '[dependencies]\ntop = "0.1"\nother = "0.1"\narrow = "54"')}
    )
    assert [one.fix for one in findings(top('arrow = "53"'), [*other, *roof])] == ['write arrow = "54"']
    assert findings(top('arrow = "53"'), other) == []


def test_dev_dependencies() -> None:
    """A split that only tests see is a note; a dev-dependency is nobody else's."""
    (found,) = findings(top('base = "0.1"\n[dev-dependencies]\narrow = "52"'), BASE)
    assert found.severity == "note"
    assert 'which `top` tests with, is not compatible with "53"' in found.message
    (found,) = findings(top('[dev-dependencies]\nbase = "0.1"\narrow = "52"'), BASE)
    assert found.severity == "note"
    tests_alone = crates_of("../base", {"Cargo.toml": package("base", '[dev-dependencies]\narrow = "53"')})
    assert findings(top('base = "0.1"\narrow = "54"'), tests_alone) == []


def test_named_by_the_policy() -> None:
    """What the configuration names is shared everywhere: an error for [versions], whose lower end is where to go."""
    files = top('arrow = "52"')
    (found,) = findings(files, BASE, policy=Policy({"arrow": ">=53.2"}))
    assert (found.severity, found.fix) == ("error", 'write arrow = "53"')
    (found,) = findings(files, BASE, policy=Policy(shared=("arrow",)))
    assert (found.severity, found.fix) == ("warning", 'write arrow = "53"')


def test_conflicts() -> None:
    """The summary names everyone who takes part and who has to move; dev-dependencies are none."""
    files = top('base = "0.1"\narrow = "54.1"\n[dev-dependencies]\nserde = "2"')
    facts = facts_about(files, stack=BASE)
    (conflict,) = conflicts(facts.stack, Policy())
    assert conflict == ("arrow", ("base", "top"), ("53", "54.1"), "raise `arrow` to 54.1 in base")


def test_other_duplicates() -> None:
    """What nobody exposes is listed apart, for those who want to know."""
    facts = facts_about(top('arrow = "54"\nserde = "1"'), stack=BASE)
    assert duplicates(facts.stack, ()) == [("arrow", ("53", "54"))]
    assert duplicates(facts.stack, ("arrow",)) == []


class World(NamedTuple):
    """Crates by number: what each depends on, and what it requires of ``x``."""

    edges: dict[int, set[int]]
    needs: dict[int, str]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to six crates with any edges between them, and a need of ``x`` in one of three buckets, or none."""
    count = draw(st.integers(2, 6))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges: dict[int, set[int]] = {number: set() for number in range(count)}
    for dependent, dependency in draw(st.lists(pairs, max_size=9)):
        edges[dependent].add(dependency)
    needs = draw(st.dictionaries(st.integers(0, count - 1), st.sampled_from(("1", "2", "3")), max_size=count))
    return World(edges, needs)


def built(world: World) -> Stack:
    """The world's crates, each in a repository of its own."""
    crates: list[StackCrate] = []
    for number, targets in world.edges.items():
        entries = [f'c{target} = "0.1"' for target in sorted(targets - {number})]
        entries += [f'x = "{world.needs[number]}"'] if number in world.needs else []
        text = package(f"c{number}", "[dependencies]\n" + "\n".join(entries))
        crates += crates_of(f"r{number}", {"Cargo.toml": text})
    return Stack(lambda: crates)


def closure(world: World, start: int) -> set[int]:
    """A crate and all that it depends on."""
    reached = {start}
    while more := {target for number in reached for target in world.edges[number]} - reached:
        reached |= more
    return reached


@given(worlds())
def test_plain_reading(world: World) -> None:
    """Exposed: needed by a crate and by another that depends on it; a clash: two needs apart that one build holds."""
    meeting = Meeting(built(world))
    held = {number: closure(world, number) for number in world.edges}
    is_exposed = any(one in held[other] or other in held[one] for one, other in combinations(sorted(world.needs), 2))
    assert meeting.is_exposed("x") == is_exposed
    apart = {
        (f"c{one}", f"c{other}")
        for one, other in combinations(sorted(world.needs), 2)
        if world.needs[one] != world.needs[other]
    }
    together = {pair for pair in apart if any({int(name[1:]) for name in pair} <= crates for crates in held.values())}
    found = {(one.crate.name, other.crate.name) for one, other in meeting.clashes("x", everywhere=False)}
    assert {tuple(sorted(pair)) for pair in found} == together
    everywhere = {(one.crate.name, other.crate.name) for one, other in meeting.clashes("x", everywhere=True)}
    assert {tuple(sorted(pair)) for pair in everywhere} == apart
    for is_everywhere in (False, True):
        pairs = meeting.clashes("x", everywhere=is_everywhere)
        for need in meeting.brief("x"):
            beside = [pair[pair[0] is need] for pair in pairs if need in pair]
            assert meeting.clashing_with(need, everywhere=is_everywhere) == beside


@given(worlds())
def test_ways_back(world: World) -> None:
    """A crate comes back to itself where a crate that it needs holds it; what is required of a package is in order."""
    stack = built(world)
    for number, targets in world.edges.items():
        is_back = any(number in closure(world, target) for target in targets - {number})
        assert stack.comes_back_to(f"c{number}") == is_back
    assert not stack.comes_back_to("x")
    assert list(stack.requirements("x")) == [need.text for need in Meeting(stack).needs("x")]


def test_facts_have_a_stack_of_their_own() -> None:
    """Without siblings the members of one repository are the stack."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["*"]\n',
        "a/Cargo.toml": package("a", '[dependencies]\narrow = "53"'),
        "b/Cargo.toml": package("b", '[dependencies]\narrow = "54"\na = { version = "0.1", path = "../a" }'),
    }
    facts: Facts = facts_about(files)
    found = split(find(facts))[0]
    assert [(one.path, one.fix) for one in found] == [("a/Cargo.toml", 'write arrow = "54"')]


def test_many_threads_at_once() -> None:
    """A check judges repositories side by side, over one meeting: every thread gets what a single one would get."""
    texts = {f"c{number}": f'[dependencies]\narrow = "{50 + number % 3}"' for number in range(12)}
    texts["top"] = "[dependencies]\n" + "\n".join(f'{name} = "0.1"' for name in texts)
    crates = [one for name, text in texts.items() for one in crates_of(name, {"Cargo.toml": package(name, text)})]
    alone = Meeting(Stack(lambda: crates)).clashes("arrow", everywhere=False)
    assert len(alone) == 48
    interval, all_started = sys.getswitchinterval(), Barrier(8)
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(lambda _: all_started.wait(), range(8)))  # coverage cannot look at two that start at once
        sys.setswitchinterval(1e-6)
        try:
            for _ in range(30):
                meeting = Meeting(Stack(lambda: crates))
                found = threads.map(lambda _, meeting=meeting: meeting.clashes("arrow", everywhere=False), range(8))
                assert list(found) == [alone] * 8
        finally:
            sys.setswitchinterval(interval)
