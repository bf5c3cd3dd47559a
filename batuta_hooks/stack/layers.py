"""The layers that a stack is shown in: those of its configuration, else the waves of its dependency graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from batuta_hooks.domain.graph import CrateGraph, CyclicGraph, Edge
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.stack.verdict import Crate

#: What the crates that no configured layer names are shown in.
OTHER = "other"


class Layer(NamedTuple):
    """A name, and the names of the crates in it; what needs nothing else of the stack is in the first layer."""

    name: str
    crates: tuple[str, ...]


def layers_of(crates: Iterable[Crate], configured: Mapping[str, tuple[str, ...]]) -> tuple[Layer, ...]:
    """The layers of a stack; every crate is in one, and none is empty.

    Args:
        configured: the crates of each layer as ``[layers]`` has them; where it has none, waves stand for layers.
    """
    found = list(crates)
    names = sorted({crate.name for crate in found})
    if not configured:
        waves = waves_of(found)
        return tuple(Layer(f"wave {number}", tuple(wave)) for number, wave in enumerate(waves, 1))
    placed = set(chain.from_iterable(configured.values()))
    layers = [Layer(name, tuple(one for one in listed if one in names)) for name, listed in configured.items()]
    rest = Layer(OTHER, tuple(name for name in names if name not in placed))
    return tuple(layer for layer in (*layers, rest) if layer.crates)


def edges_between(crates: Iterable[Crate]) -> Iterator[Edge]:
    """Who needs whom; what only tests need is left out, for it reaches nobody downstream."""
    found = list(crates)
    names = {crate.name for crate in found}
    for crate in found:
        for need in crate.dependencies:
            if need.kind != DEV and need.name in names:
                yield Edge(crate.name, need.name, need.kind, need.version, need.target, crate.repository)


def waves_of(crates: Iterable[Crate]) -> list[list[str]]:
    """The crates by wave, as `CrateGraph.waves` has them; those of a cycle do not order each other."""
    found = list(crates)
    names = {crate.name for crate in found}
    edges = list(edges_between(found))
    while True:
        try:
            return CrateGraph(names, edges).waves()
        except CyclicGraph as cyclic:
            rounds = [{edge.dependent for edge in walk} for walk in cyclic.cycles]
            edges = [
                edge for edge in edges if not any({edge.dependent, edge.dependency} <= around for around in rounds)
            ]
