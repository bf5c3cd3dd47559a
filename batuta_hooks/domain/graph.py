"""The graph of crates over many repositories, by package name: release order, waves, cycles, dependents.

An edge orders two crates where cargo must find the dependency on the registry before it publishes the dependent: normal
and build edges always, dev edges only with a version requirement (cargo strips versionless ones when it packages) that
the registry does not satisfy already.  Names are compared as cargo compares them, letter by letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import count

from batuta_hooks.domain.manifest import BUILD, DEV, Dependency, Key, Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import InvalidRequirement, InvalidVersion, Requirement, Version
from batuta_hooks.domain.stack import StackCrate, stack_crate

FULL_SEARCHES = 32
"""How many times the search for a shortest walk may pass over all edges of a component: the bound on hostile graphs."""


class Edge(NamedTuple):
    """One crate's dependency on another.

    Attributes:
        dependent: the package that writes the dependency down.
        dependency: the package's name on the registry, whatever it is renamed to.
        kind: ``dependencies``, ``dev-dependencies`` or ``build-dependencies``.
        requirement: the version requirement as written; ``None`` where there is none.
        target: the ``cfg(…)`` or triple of its ``[target.…]`` table, else ``None``.
        repository: the dependent's checkout, as the caller names it; empty where there is one alone.
        manifest_path, key: where the dependent writes it, even if the values are inherited.
    """

    dependent: str
    dependency: str
    kind: str
    requirement: str | None = None
    target: str | None = None
    repository: str = ""
    manifest_path: str = ""
    key: Key = ()


Walk = tuple[Edge, ...]
"""A closed walk: each edge's dependency is the next one's dependent, the last one's the first one's."""


class CyclicGraph(ValueError):
    """No order exists: `cycles` says why, as `CrateGraph.cycles` gives it."""

    def __init__(self, cycles: list[Walk]) -> None:
        rounds = ([*(edge.dependent for edge in walk), walk[0].dependent] for walk in cycles)
        super().__init__("; ".join(" -> ".join(crates) for crates in rounds))
        self.cycles = cycles


def edges_of(manifest: Manifest, repository: str = "") -> Iterator[Edge]:
    """A resolved manifest's dependencies as edges, in the order written; none for a virtual manifest."""
    crate = stack_crate(manifest, repository)
    return iter(()) if crate is None else edges_of_crate(crate)


def edges_of_crate(crate: StackCrate) -> Iterator[Edge]:
    """A crate's dependencies as edges, in the order written.

    A dependency on another version of the package itself is left out: cargo takes it from the registry (an old release
    that re-exports a newer one, or the reverse), so it neither orders anything nor closes a cycle.
    """
    for dependency in crate.dependencies:
        if dependency.package == crate.name and _is_another_version(dependency, crate.version or "0.0.0"):
            continue
        yield Edge(
            dependent=crate.name,
            dependency=dependency.package,
            kind=dependency.kind,
            requirement=dependency.requirement,
            target=dependency.target,
            repository=crate.repository,
            manifest_path=crate.manifest_path,
            key=dependency.user_key,
        )


def _is_another_version(dependency: Dependency, version: str) -> bool:
    if dependency.requirement is None or dependency.path is not None:
        return False
    try:
        return not Requirement.parse(dependency.requirement).matches(Version.parse(version))
    except (InvalidRequirement, InvalidVersion):
        return False


def _always(_: Edge) -> bool:
    return True


class CrateGraph:
    """Crates and the edges that order them; every answer is the same whatever the order of the input.

    Args:
        crates: package names; repeated ones are one crate.
        edges: edges from or to other crates are ignored; of several between two crates, a normal one stands for all,
            else a build one, else a dev one.
        dev_counts: asked of each dev edge that has a requirement: whether the registry does *not* satisfy it already
            (not known counts as not satisfied).  Without it every such edge counts.
    """

    def __init__(
        self, crates: Iterable[str], edges: Iterable[Edge], dev_counts: Callable[[Edge], bool] = _always
    ) -> None:
        self.crates = tuple(sorted(set(crates)))
        self._numbers = {crate: number for number, crate in enumerate(self.crates)}
        self._edges: list[dict[int, Edge]] = [{} for _ in self.crates]
        for edge in edges:
            dependent, dependency = self._numbers.get(edge.dependent), self._numbers.get(edge.dependency)
            if dependent is None or dependency is None:
                continue
            if edge.kind == DEV and (edge.requirement is None or not dev_counts(edge)):
                continue
            rival = self._edges[dependent].get(dependency, edge)
            self._edges[dependent][dependency] = edge if edge is rival else min(edge, rival, key=_precedence)
        self._dependencies = [sorted(found) for found in self._edges]
        self._dependents: list[list[int]] = [[] for _ in self.crates]
        for dependent_number, found in enumerate(self._dependencies):
            for dependency_number in found:
                self._dependents[dependency_number].append(dependent_number)

    def order(self) -> list[str]:
        """Every crate after its dependencies; where several could be next, the first by name is.

        Raises:
            CyclicGraph: a cycle leaves no order.
        """
        return [self.crates[number] for number in self._order()]

    def waves(self) -> list[list[str]]:
        """Crates that may be released side by side, first wave first, each sorted by name.

        A crate's wave is one above the highest of its dependencies; crates without dependencies are the first.

        Raises:
            CyclicGraph: a cycle leaves no order.
        """
        wave_of = [0] * len(self.crates)
        for number in self._order():
            wave_of[number] = max((wave_of[found] + 1 for found in self._dependencies[number]), default=0)
        waves: list[list[str]] = [[] for _ in range(max(wave_of, default=-1) + 1)]
        for number, wave in enumerate(wave_of):
            waves[wave].append(self.crates[number])
        return waves

    def _order(self) -> list[int]:
        waits_for = [len(found) for found in self._dependencies]
        ready = [number for number, waiting in enumerate(waits_for) if not waiting]
        heapify(ready)
        order: list[int] = []
        while ready:
            number = heappop(ready)
            order.append(number)
            for dependent in self._dependents[number]:
                waits_for[dependent] -= 1
                if not waits_for[dependent]:
                    heappush(ready, dependent)
        if len(order) < len(self.crates):
            raise CyclicGraph(self.cycles())
        return order

    def cycles(self) -> list[Walk]:
        """A closed walk for each strongly connected component of several crates or with a self edge, sorted by names.

        A dev edge hides no worse cycle: each component that normal and build edges make by themselves has its walk,
        and a component with dev edges has one only where it holds none of those.  A walk is a shortest one of its
        component and starts at its first crate by name; above `FULL_SEARCHES` crates it may be just a short one.
        """
        firm = [
            [found for found in self._dependencies[number] if edges[found].kind != DEV]
            for number, edges in enumerate(self._edges)
        ]
        walks: list[list[int]] = []
        told: set[int] = set()
        for links in (firm, self._dependencies):
            for component in _cyclic_components(links):
                if told.isdisjoint(component):
                    told.update(component)
                    walks.append(_shortest_walk(component, links))
        return [
            tuple(self._edges[a][b] for a, b in zip(walk, [*walk[1:], walk[0]], strict=True)) for walk in sorted(walks)
        ]

    def dependencies(self, crate: str, *, transitive: bool = False) -> list[str]:
        """The crates that must be released before `crate`, sorted by name; never `crate` itself.

        Raises:
            KeyError: `crate` is not in the graph.
        """
        return self._reach(crate, self._dependencies, transitive)

    def dependents(self, crate: str, *, transitive: bool = False) -> list[str]:
        """The crates that can only be released after `crate`, sorted by name; never `crate` itself.

        Raises:
            KeyError: `crate` is not in the graph.
        """
        return self._reach(crate, self._dependents, transitive)

    def _reach(self, crate: str, links: Sequence[Sequence[int]], transitive: bool) -> list[str]:
        start = self._numbers[crate]
        reached = set(links[start])
        pending = list(reached) if transitive else []
        while pending:
            fresh = [number for number in links[pending.pop()] if number not in reached]
            reached.update(fresh)
            pending += fresh
        return [self.crates[number] for number in sorted(reached - {start})]


def _precedence(edge: Edge) -> tuple[bool, bool, str]:
    return edge.kind == DEV, edge.kind == BUILD, repr(edge)


def _cyclic_components(links: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The strongly connected components that hold a cycle (Tarjan's algorithm, with a stack of its own)."""
    index = [-1] * len(links)
    lowest = [0] * len(links)
    is_open = bytearray(len(links))
    clock = count()
    open_nodes: list[int] = []
    for root in range(len(links)):
        path: list[tuple[int, Iterator[int]]] = []
        node: int | None = root if index[root] < 0 else None
        while node is not None or path:
            if node is not None:
                index[node] = lowest[node] = next(clock)
                open_nodes.append(node)
                is_open[node] = True
                path.append((node, iter(links[node])))
            here, rest = path[-1]
            node = None
            for found in rest:
                if index[found] < 0:
                    node = found
                    break
                if is_open[found]:
                    lowest[here] = min(lowest[here], index[found])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[here])
                if lowest[here] == index[here]:
                    component = _close(here, open_nodes, is_open)
                    if len(component) > 1 or here in links[here]:
                        yield component


def _close(root: int, open_nodes: list[int], is_open: bytearray) -> list[int]:
    component: list[int] = []
    while not component or component[-1] != root:
        component.append(open_nodes.pop())
        is_open[component[-1]] = False
    return component


def _shortest_walk(component: Sequence[int], links: Sequence[Sequence[int]]) -> list[int]:
    """The crates of a shortest closed walk, least number first; of equally short ones the first by number."""
    members = set(component)
    inside = {number: [found for found in links[number] if found in members] for number in sorted(members)}
    effort = FULL_SEARCHES * sum(len(found) for found in inside.values())
    best: list[int] = []
    for start in inside:
        walk, visited = _walk_back_to(start, inside, len(best) - 1 if best else len(members))
        best = walk or best
        effort -= visited
        if len(best) == 1 or effort <= 0:
            break
    return best


def _walk_back_to(start: int, links: dict[int, list[int]], longest: int) -> tuple[list[int], int]:
    """A shortest walk of at most `longest` edges from `start` back to it over greater numbers (walks over lesser ones
    were looked for from there), empty if there is none; and how many edges were visited.
    """
    came_from = {start: start}
    level = [start]
    visited = 0
    for _ in range(longest):
        following = []
        for number in level:
            visited += len(links[number])
            for found in links[number]:
                if found == start:
                    return _traced(number, came_from), visited
                if found > start and found not in came_from:
                    came_from[found] = number
                    following.append(found)
        if not following:
            break
        level = following
    return [], visited


def _traced(last: int, came_from: dict[int, int]) -> list[int]:
    walk = [last]
    while came_from[walk[-1]] != walk[-1]:
        walk.append(came_from[walk[-1]])
    return walk[::-1]
