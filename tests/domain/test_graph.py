"""Crates over many repositories come in the order that cargo needs; what has no order is told as a closed walk."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.graph import FULL_SEARCHES, CrateGraph, CyclicGraph, Edge, Walk, edges_of
from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL, Manifest, read_manifest
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.workspace import Manifests
from tests.support.process import run
from tests.support.repos import package
from tests.support.trees import FolderTree

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

names = st.sampled_from("abcdefgh")
kinds = st.sampled_from([NORMAL, NORMAL, DEV, BUILD])
edges = st.builds(
    Edge,
    dependent=names,
    dependency=names,
    kind=kinds,
    requirement=st.sampled_from([None, "1", "2"]),
    target=st.sampled_from([None, None, "cfg(unix)"]),
    key=st.sampled_from([(), ("dependencies", "x"), ("target", 0)]),
)
crates = st.lists(names)
edge_lists = st.lists(edges, max_size=14)
few_names = st.sampled_from("abcde")
tangles = st.lists(
    st.builds(Edge, few_names, few_names, kinds, st.sampled_from(["1", "2"])).filter(lambda edge: edge[0] != edge[1]),
    min_size=6,
    max_size=24,
)


def normal(*pairs: str) -> list[Edge]:
    """Edges of kind normal from the first to the second letter of each pair."""
    return [Edge(pair[0], pair[1], NORMAL, "1") for pair in pairs]


def links(crates: Collection[str], edges: Iterable[Edge], *, dev: bool = True) -> dict[str, set[str]]:
    """Who needs whom first, said the simplest way."""
    needs: dict[str, set[str]] = {crate: set() for crate in crates}
    for edge in edges:
        orders = edge.kind != DEV or (dev and edge.requirement is not None)
        if orders and edge.dependent in needs and edge.dependency in needs:
            needs[edge.dependent].add(edge.dependency)
    return needs


def has_order(needs: dict[str, set[str]]) -> bool:
    """Whether the standard library's sorter finds an order; it ignores that a crate cannot need itself."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return False
    return not any(crate in found for crate, found in needs.items())


def distances(needs: dict[str, set[str]]) -> dict[tuple[str, str], int]:
    """The fewest edges (at least one) from each crate to each crate that it reaches (Floyd and Warshall)."""
    fewest = {(a, b): 1 for a, found in needs.items() for b in found}
    for middle in needs:
        for a in needs:
            for b in needs:
                if (a, middle) in fewest and (middle, b) in fewest:
                    fewest[a, b] = min(fewest.get((a, b), 99), fewest[a, middle] + fewest[middle, b])
    return fewest


def components(needs: dict[str, set[str]]) -> set[frozenset[str]]:
    """The strongly connected components that hold a cycle."""
    fewest = distances(needs)
    return {frozenset(b for b in needs if (a, b) in fewest and (b, a) in fewest) for a in needs if (a, a) in fewest}


def crates_of(walk: Walk) -> list[str]:
    """The crates of a walk, first one first."""
    return [edge.dependent for edge in walk]


def manifest(name: str, rest: str = "", version: str | None = "0.2.0") -> Manifest:
    """A manifest that needs no workspace root."""
    text = package(name, rest, version=version)
    return read_manifest("Cargo.toml", tomli.loads(text), text.encode())


class TestOrder:
    """`order` and `waves`."""

    def test_dependencies_come_first_and_names_break_ties(self) -> None:
        """A diamond over a base, with an unrelated crate: each after what it needs, else by name."""
        graph = CrateGraph("edcbaz", normal("ab", "ac", "bd", "cd", "de"))
        assert graph.order() == ["e", "d", "b", "c", "a", "z"]
        assert graph.waves() == [["e", "z"], ["d"], ["b", "c"], ["a"]]

    def test_nothing_has_an_empty_order(self) -> None:
        """No crates: no order, no waves, no cycles."""
        graph = CrateGraph([], normal("ab"))
        assert (graph.order(), graph.waves(), graph.cycles()) == ([], [], [])

    def test_other_crates_order_nothing(self) -> None:
        """Edges to and from crates that are not in the graph are ignored, even if they link two that are."""
        assert CrateGraph("ab", normal("ax", "xb", "yb")).waves() == [["a", "b"]]

    def test_names_are_compared_letter_by_letter(self) -> None:
        """`reg_dash` is not `reg-dash`, for cargo refuses one where the other is published."""
        misspelt = [Edge("app", name, NORMAL, "1") for name in ("reg_dash", "Reg-Dash")]
        graph = CrateGraph(["reg-dash", "app"], misspelt)
        assert graph.waves() == [["app", "reg-dash"]]

    @given(crates, edge_lists)
    def test_an_order_respects_every_edge_or_does_not_exist(self, crates: list[str], edges: list[Edge]) -> None:
        """All crates once, each behind its dependencies; `CyclicGraph` just where the standard library finds none."""
        graph, needs = CrateGraph(crates, edges), links(crates, edges)
        if has_order(needs):
            order = graph.order()
            assert sorted(order) == sorted(needs)
            assert all(order.index(found) < order.index(crate) for crate in needs for found in needs[crate])
            assert graph.cycles() == []
        else:
            for ask in (graph.order, graph.waves):
                with pytest.raises(CyclicGraph) as caught:
                    ask()
                assert caught.value.cycles == graph.cycles() != []
                assert all(crate in str(caught.value) for walk in graph.cycles() for crate in crates_of(walk))

    @given(crates, edge_lists)
    def test_an_order_is_the_first_by_name(self, crates: list[str], edges: list[Edge]) -> None:
        """At every step no crate with a lesser name had all its dependencies behind it."""
        needs = links(crates, edges)
        if not has_order(needs):
            return
        done: set[str] = set()
        for crate in CrateGraph(crates, edges).order():
            assert crate == min(other for other in needs if other not in done and needs[other] <= done)
            done.add(crate)

    @given(crates, edge_lists)
    def test_waves_are_as_early_as_can_be(self, crates: list[str], edges: list[Edge]) -> None:
        """Each crate stands exactly one wave above the highest of its dependencies; waves are sorted, none is empty."""
        needs = links(crates, edges)
        if not has_order(needs):
            return
        waves = CrateGraph(crates, edges).waves()
        wave_of = {crate: number for number, wave in enumerate(waves) for crate in wave}
        assert sorted(crate for wave in waves for crate in wave) == sorted(needs)
        for crate, number in wave_of.items():
            assert number == max((wave_of[found] + 1 for found in needs[crate]), default=0)
        assert all(wave and wave == sorted(wave) for wave in waves)


class TestCycles:
    """`cycles`."""

    def test_a_cycle_is_told_edge_by_edge(self) -> None:
        """The walk starts at its first crate by name and keeps kinds, requirements and places."""
        closing = Edge("c", "a", BUILD, "=0.3", "cfg(unix)", "stack/c", "c/Cargo.toml", ("build-dependencies", "a"))
        graph = CrateGraph("abcd", [closing, *normal("bc", "ab", "da")])
        assert graph.cycles() == [(*normal("ab", "bc"), closing)]

    def test_a_crate_that_needs_itself_is_a_cycle(self) -> None:
        """A self edge is a walk of one edge, and the shortest of its component."""
        assert CrateGraph("ab", normal("aa")).cycles() == [tuple(normal("aa"))]
        assert CrateGraph("ab", normal("ab", "ba", "bb")).cycles() == [tuple(normal("bb"))]

    def test_every_component_has_its_walk(self) -> None:
        """Two separate cycles are two walks, the one that starts with the lesser name first."""
        graph = CrateGraph("abcdef", normal("fe", "ef", "bc", "cb", "cd", "de"))
        assert [crates_of(walk) for walk in graph.cycles()] == [["b", "c"], ["e", "f"]]

    def test_a_dev_cycle_hides_no_worse_one(self) -> None:
        """A shorter walk over a dev edge gives way to one that cargo can never build."""
        dev = Edge("b", "a", DEV, "1")
        assert CrateGraph("abc", [dev, *normal("ab", "bc", "ca")]).cycles() == [tuple(normal("ab", "bc", "ca"))]
        linked = [*normal("ab", "ba", "cd", "dc", "bc"), Edge("d", "a", DEV, "1")]
        assert [crates_of(walk) for walk in CrateGraph("abcd", linked).cycles()] == [["a", "b"], ["c", "d"]]

    @pytest.mark.parametrize("beside", list(permutations([DEV, BUILD, NORMAL])))
    def test_the_firmest_edge_stands_for_those_beside_it(self, beside: tuple[str, ...]) -> None:
        """What is both a normal and a dev dependency closes the cycle as a normal one, a build one comes between."""
        back = [Edge("b", "a", kind, "1") for kind in beside]
        assert [walk[1].kind for walk in CrateGraph("ab", [*normal("ab"), *back]).cycles()] == [NORMAL]
        back = [edge for edge in back if edge.kind != NORMAL]
        assert [walk[1].kind for walk in CrateGraph("ab", [*normal("ab"), *back]).cycles()] == [BUILD]

    def test_the_first_of_equally_short_walks_is_told(self) -> None:
        """Names decide, crate by crate; a longer walk between later crates does not count."""
        graph = CrateGraph("abcde", normal("ad", "ac", "da", "ca", "ab", "bc", "cd", "de", "ec"))
        assert [crates_of(walk) for walk in graph.cycles()] == [["a", "c"]]

    @given(crates | st.just(list("abcde")), edge_lists | tangles)
    def test_walks_are_real_closed_and_shortest(self, crates: list[str], edges: list[Edge]) -> None:
        """Each walk is made of given edges, end to end back to its start, and none in its component is shorter."""
        walks = CrateGraph(crates, edges).cycles()
        firm, full = links(crates, edges, dev=False), links(crates, edges)
        for walk in walks:
            assert all(edge in edges for edge in walk)
            assert all(before.dependency == after.dependent for before, after in pairwise([*walk, walk[0]]))
            assert walk[0].dependent == min(crates_of(walk))
            needs = full if any(edge.kind == DEV for edge in walk) else firm
            (component,) = (found for found in components(needs) if walk[0].dependent in found)
            fewest = distances(needs)
            assert len(walk) == min(fewest[crate, crate] for crate in component)
        assert walks == sorted(walks, key=crates_of)

    @given(crates | st.just(list("abcde")), edge_lists | tangles)
    def test_each_component_is_told_once(self, crates: list[str], edges: list[Edge]) -> None:
        """One walk a component of normal and build edges, and one a component that holds none of those."""
        walks = CrateGraph(crates, edges).cycles()
        firm = components(links(crates, edges, dev=False))
        soft = {found for found in components(links(crates, edges)) if not any(inner <= found for inner in firm)}
        told = [next(found for found in firm | soft if set(crates_of(walk)) <= found) for walk in walks]
        assert sorted(map(sorted, told)) == sorted(map(sorted, firm | soft))
        for walk, component in zip(walks, told, strict=True):
            assert any(edge.kind == DEV for edge in walk) == (component in soft)


class TestDevDependencies:
    """Dev edges order only where the registry has to be asked for what it does not have yet."""

    def test_a_versionless_dev_dependency_orders_nothing(self) -> None:
        """cargo strips it: the usual circle of a library and its test helper is no cycle."""
        graph = CrateGraph("ab", [*normal("ab"), Edge("b", "a", DEV), Edge("a", "a", DEV)])
        assert (graph.waves(), graph.cycles()) == ([["b"], ["a"]], [])

    def test_a_versioned_dev_dependency_that_is_not_published_closes_a_cycle(self) -> None:
        """Neither crate can be the first on the registry."""
        dev = Edge("b", "a", DEV, "1")
        assert CrateGraph("ab", [*normal("ab"), dev]).cycles() == [(*normal("ab"), dev)]

    def test_a_published_dev_dependency_is_no_deadlock(self) -> None:
        """Where the registry satisfies the requirement already the rest has an order."""
        asked: list[Edge] = []

        def dev_counts(edge: Edge) -> bool:
            asked.append(edge)
            return edge.requirement != "1"

        satisfied, waiting = Edge("b", "a", DEV, "1"), Edge("c", "a", DEV, "2")
        graph = CrateGraph("abc", [*normal("ab"), satisfied, waiting, Edge("c", "b", DEV)], dev_counts)
        assert (graph.waves(), graph.cycles()) == ([["b"], ["a"], ["c"]], [])
        assert asked == [satisfied, waiting]

    def test_only_dev_edges_are_asked_about(self) -> None:
        """Normal and build edges count whatever the registry has: a user of either crate would meet the cycle."""
        graph = CrateGraph("ab", [*normal("ab"), Edge("b", "a", BUILD)], lambda _: False)
        assert [[edge.kind for edge in walk] for walk in graph.cycles()] == [[NORMAL, BUILD]]

    @given(crates, edge_lists)
    def test_dev_edges_that_do_not_count_change_nothing(self, crates: list[str], edges: list[Edge]) -> None:
        """The answers are those of the graph without them."""
        graph = CrateGraph(crates, edges, lambda edge: edge.requirement == "2")
        plain = CrateGraph(crates, [edge for edge in edges if edge.kind != DEV or edge.requirement == "2"])
        assert graph.cycles() == plain.cycles()
        for crate in graph.crates:
            assert graph.dependencies(crate) == plain.dependencies(crate)


class TestReach:
    """`dependencies` and `dependents`."""

    def test_direct_and_transitive(self) -> None:
        """One step, or as far as it goes, sorted by name."""
        graph = CrateGraph("abcd", normal("ac", "ab", "bd", "cd"))
        assert graph.dependencies("a") == ["b", "c"]
        assert graph.dependencies("a", transitive=True) == ["b", "c", "d"]
        assert graph.dependents("d") == ["b", "c"]
        assert graph.dependents("d", transitive=True) == ["a", "b", "c"]

    def test_an_unknown_crate_is_a_key_error(self) -> None:
        """A crate that the graph does not hold has no answer, not an empty one."""
        with pytest.raises(KeyError):
            CrateGraph("ab", normal("ax")).dependents("x")

    @given(crates, edge_lists)
    def test_reach_is_what_walks_reach(self, crates: list[str], edges: list[Edge]) -> None:
        """Also inside cycles, and a crate is never its own dependency; dependents are the same seen from the end."""
        graph, needs = CrateGraph(crates, edges), links(crates, edges)
        fewest = distances(needs)
        for crate in graph.crates:
            assert graph.dependencies(crate) == sorted(needs[crate] - {crate})
            reached = {b for a, b in fewest if a == crate}
            assert graph.dependencies(crate, transitive=True) == sorted(reached - {crate})
            for transitive in (False, True):
                dependents = [a for a in graph.crates if crate in graph.dependencies(a, transitive=transitive)]
                assert graph.dependents(crate, transitive=transitive) == dependents


@given(crates | st.just(list("abcde")), edge_lists | tangles, st.data())
def test_the_order_of_the_input_does_not_matter(crates: list[str], edges: list[Edge], data: st.DataObject) -> None:
    """Repositories are read side by side: any permutation, with repetitions, gives every answer alike."""
    graph = CrateGraph(crates, edges)
    again = data.draw(st.lists(st.sampled_from(edges), max_size=3)) if edges else []
    other = CrateGraph(data.draw(st.permutations([*crates, *crates])), data.draw(st.permutations([*edges, *again])))
    assert other.crates == graph.crates
    assert other.cycles() == graph.cycles()
    if not graph.cycles():
        assert (other.order(), other.waves()) == (graph.order(), graph.waves())
    for crate in graph.crates:
        assert other.dependents(crate, transitive=True) == graph.dependents(crate, transitive=True)


class TestScale:
    """Thousands of crates: nothing recurses."""

    crates = tuple(f"c{number:05}" for number in range(10_000))

    def test_a_long_chain(self) -> None:
        """A chain of 10,000 crates is 10,000 waves."""
        graph = CrateGraph(self.crates, [Edge(a, b, NORMAL, "1") for a, b in pairwise(self.crates)])
        assert graph.waves() == [[crate] for crate in reversed(self.crates)]
        assert graph.cycles() == []
        assert len(graph.dependencies(self.crates[0], transitive=True)) == 9_999

    def test_a_long_ring(self) -> None:
        """A ring of 10,000 crates is one walk through all of them."""
        ring = [Edge(a, b, NORMAL, "1") for a, b in pairwise([*self.crates, self.crates[0]])]
        assert CrateGraph(self.crates, ring).cycles() == [tuple(ring)]

    def test_a_wide_ring_with_many_equal_walks(self) -> None:
        """100,000 edges, 10^1000 shortest walks and a start in every crate: the search stops, with a closed walk."""
        layers = [self.crates[start::1000] for start in range(1000)]
        wide = [Edge(a, b, NORMAL, "1") for one, two in pairwise([*layers, layers[0]]) for a in one for b in two]
        (walk,) = CrateGraph(self.crates, wide).cycles()
        assert len(walk) == len(layers) > FULL_SEARCHES
        assert all(before.dependency == after.dependent for before, after in pairwise([*walk, walk[0]]))


class TestEdgesOf:
    """`edges_of`: a manifest's dependencies as edges."""

    def test_renames_kinds_targets_and_places(self) -> None:
        """An edge bears the package's name, and where the dependent writes it."""
        text = """
        [dependencies]
        plain = "1"
        alias = { package = "real", version = "2", optional = true }
        [dev_dependencies]
        helper = { path = "../helper" }
        [target.wasm.build-dependencies]
        cc = "=1.0"
        """
        found = list(edges_of(manifest("app", text), "stack/app"))
        place: dict[str, Any] = {"repository": "stack/app", "manifest_path": "Cargo.toml"}
        assert found == [
            Edge("app", "plain", NORMAL, "1", key=("dependencies", "plain"), **place),
            Edge("app", "real", NORMAL, "2", key=("dependencies", "alias"), **place),
            Edge("app", "helper", DEV, key=("dev_dependencies", "helper"), **place),
            Edge("app", "cc", BUILD, "=1.0", "wasm", key=("target", "wasm", "build-dependencies", "cc"), **place),
        ]

    def test_inherited_values_stand_where_the_member_uses_them(self, tmp_path: Path) -> None:
        """The rename and the requirement are the root's, the place is the member's."""
        root = '[workspace]\nmembers = ["m"]\n[workspace.dependencies]\nalias = { package = "real", version = "0.3" }'
        member = package("m", "[dependencies]\nalias.workspace = true\n[dev-dependencies]\nalias.workspace = true")
        (tmp_path / "m").mkdir()
        (tmp_path / "Cargo.toml").write_text(root, "utf-8")
        (tmp_path / "m" / "Cargo.toml").write_text(member, "utf-8")
        manifests = Manifests(FolderTree(tmp_path))
        resolved, virtual = manifests.resolve("m/Cargo.toml"), manifests.resolve("Cargo.toml")
        assert isinstance(resolved, Manifest)
        assert isinstance(virtual, Manifest)
        assert list(edges_of(resolved)) == [
            Edge("m", "real", kind, "0.3", manifest_path="m/Cargo.toml", key=(kind, "alias")) for kind in (NORMAL, DEV)
        ]
        assert list(edges_of(virtual)) == []

    @pytest.mark.parametrize(
        ("entry", "is_edge"),
        [
            ('{ package = "app", version = "0.1" }', False),
            ('{ package = "app", version = "0.3" }', False),
            ('{ package = "app", version = "0.2" }', True),
            ('{ package = "app", version = "0.1", path = "." }', True),
            ('{ package = "app", path = "." }', True),
            ('{ package = "app", version = "not a requirement" }', True),
        ],
    )
    def test_another_version_of_itself_is_no_edge(self, entry: str, is_edge: bool) -> None:
        """A release that re-exports another release of its own crate needs the registry's, not itself."""
        assert bool(list(edges_of(manifest("app", f"[dependencies]\nother = {entry}")))) == is_edge


def workspace_of(members: dict[str, list[Edge]], folder: Path) -> list[Manifest]:
    """Write a workspace with one package a crate and its edges as path dependencies; its manifests."""
    (folder / "Cargo.toml").write_text(f'[workspace]\nresolver = "2"\nmembers = {sorted(members)}\n', "utf-8")
    manifests = []
    for name, found in members.items():
        tables = []
        for number, edge in enumerate(found):
            version = f', version = "{edge.requirement}"' if edge.requirement else ""
            entry = f'{{ package = "{edge.dependency}", path = "../{edge.dependency}"{version} }}'
            tables.append(f"[{edge.kind}.d{number}]\n" + entry[2:-2].replace(", ", "\n"))
        text = package(name, "\n".join(tables), version="1.0.0", keys='license = "MIT"\ndescription = "a sample"')
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "src" / "lib.rs").write_text("", "utf-8")
        (folder / name / "Cargo.toml").write_text(text, "utf-8")
        manifests.append(read_manifest(f"{name}/Cargo.toml", tomli.loads(text), text.encode()))
    return manifests


def cargo_order(folder: Path) -> list[str]:
    """The order in which real cargo packages the members of a workspace, each where the others can find it."""
    command = ["cargo", "package", "--workspace", "--offline", "--no-verify", "--exclude-lockfile", "--allow-dirty"]
    return re.findall(r"Packaging (\S+) v", run([*command, "--color", "never"], cwd=folder).stderr)


@pytest.mark.cargo
class TestCargo:
    """Real cargo orders a workspace by the same edges."""

    def test_only_what_cargo_keeps_orders(self, tmp_path: Path) -> None:
        """A versioned dev-dependency turns cargo's order round, a versionless one does not."""
        for requirement, order in (("1", ["b", "a"]), (None, ["a", "b"])):
            folder = tmp_path / str(requirement)
            folder.mkdir()
            manifests = workspace_of({"a": [Edge("a", "b", DEV, requirement)], "b": []}, folder)
            graph = CrateGraph("ab", [edge for found in manifests for edge in edges_of(found)])
            assert cargo_order(folder) == graph.order() == order

    @settings(max_examples=25)
    @given(edge_lists)
    def test_cargo_keeps_to_our_waves(self, tmp_path_factory: pytest.TempPathFactory, edges: list[Edge]) -> None:
        """In any acyclic workspace cargo packages no crate before one that our graph puts in front of it."""
        members: dict[str, list[Edge]] = {name: [] for name in "abcdefgh"}
        for edge in edges:
            requirement = edge.requirement and "1"
            if edge.kind == DEV and requirement is None:
                members[edge.dependent].append(edge)
            elif edge.dependency < edge.dependent:
                members[edge.dependent].append(edge._replace(requirement="1"))
        folder = tmp_path_factory.mktemp("workspace")
        graph = CrateGraph(members, [edge for found in workspace_of(members, folder) for edge in edges_of(found)])
        packaged = cargo_order(folder)
        assert sorted(packaged) == sorted(graph.order())
        assert all(packaged.index(a) < packaged.index(b) for b in members for a in graph.dependencies(b))


def real_manifests() -> Iterator[tuple[str, Manifest]]:
    """Every publishable package of the real stack, resolved, with its repository."""
    for repository in sorted((REAL_DATA / "paiml").iterdir()):
        tree = FolderTree(repository)
        manifests = Manifests(tree)
        for path in tree.manifest_paths:
            found = manifests.resolve(path)
            if isinstance(found, Manifest) and found.package is not None and found.package.is_publishable:
                yield repository.name, found


@pytest.mark.skipif(not (REAL_DATA / "paiml").is_dir(), reason="needs BATUTA_REAL_DATA with the folder `paiml`")
def test_the_real_stack() -> None:
    """32 real repositories hold two circles; one is made by requirements on releases older than the checkouts."""
    found = list(real_manifests())
    versions = {each.name: each.package.version or "" for _, each in found if each.package}
    edges = [edge for repository, each in found for edge in edges_of(each, repository)]
    walks = CrateGraph(versions, edges).cycles()
    assert [[(edge.dependent, edge.kind) for edge in walk] for walk in walks] == [
        [("decy-codegen", DEV), ("decy-core", NORMAL)],
        [("entrenar", NORMAL), ("trueno-viz", NORMAL)],
    ]

    def is_met_here(edge: Edge) -> bool:
        here = versions.get(edge.dependency)
        return here is None or Requirement.parse(edge.requirement or "*").matches(Version.parse(here))

    graph = CrateGraph(versions, filter(is_met_here, edges), lambda _: False)
    assert sum(map(len, graph.waves())) == len(versions) > 150
