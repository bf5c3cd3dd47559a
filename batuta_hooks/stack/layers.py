"""The stack's graph as it is shown: who needs whom, and the layers; waves stand for those where none are configured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from batuta_hooks.domain.finding import ERROR, WARNING
from batuta_hooks.domain.graph import CrateGraph, CyclicGraph, Edge
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.stack.verdict import Crate, Requirement

#: What the crates that no configured layer names are shown in.
OTHER = "other"


class Layer(NamedTuple):
    """A name, and the names of the crates in it; what needs nothing else of the stack is in the first layer."""

    name: str
    crates: tuple[str, ...]


class Need(NamedTuple):
    """One crate's need of another of the stack.

    Attributes:
        dependent, dependency: their names.
        requirement: the version requirement as written; ``None`` where there is none.
        source: where the dependency comes from, as `Requirement` has it.
        severity: of the worst finding about it; empty where there is none worse than a note.
        codes: of the findings about it, sorted.
    """

    dependent: str
    dependency: str
    requirement: str | None
    source: str
    severity: str
    codes: tuple[str, ...]


def needs_of(crates: Iterable[Crate]) -> tuple[Need, ...]:
    """Who needs whom, sorted; what only tests need is left out, for it reaches nobody downstream."""
    found = list(crates)
    names = {crate.name for crate in found}
    needs: dict[tuple[str, str], Need] = {}
    for crate in found:
        for one in crate.dependencies:
            if one.kind != DEV and one.name in names and one.name != crate.name:
                needs.setdefault((crate.name, one.name), _need(crate, one))
    return tuple(need for _, need in sorted(needs.items()))


def _need(crate: Crate, one: Requirement) -> Need:
    about = [finding for finding in crate.findings if finding.dependency == one.name]
    severities = {finding.severity for finding in about}
    severity = next((worst for worst in (ERROR, WARNING) if worst in severities), "")
    codes = tuple(sorted({finding.code for finding in about if finding.severity in (ERROR, WARNING)}))
    return Need(crate.name, one.name, one.version, one.source, severity, codes)


def layers_of(
    names: Iterable[str], needs: Iterable[Need], configured: Mapping[str, tuple[str, ...]]
) -> tuple[Layer, ...]:
    """The layers of a stack; every crate is in one, and none is empty.

    Args:
        names: of all crates.
        configured: the crates of each layer as ``[layers]`` has them; where it has none, waves stand for layers.
    """
    known = sorted(set(names))
    if not configured:
        waves = waves_of(known, needs)
        return tuple(Layer(f"wave {number}", tuple(wave)) for number, wave in enumerate(waves, 1))
    placed = set(chain.from_iterable(configured.values()))
    layers = [Layer(name, tuple(one for one in listed if one in known)) for name, listed in configured.items()]
    rest = Layer(OTHER, tuple(name for name in known if name not in placed))
    return tuple(layer for layer in (*layers, rest) if layer.crates)


def waves_of(names: Iterable[str], needs: Iterable[Need]) -> list[list[str]]:
    """The crates by wave, as `CrateGraph.waves` has them; those of a cycle do not order each other."""
    known = list(names)
    edges = [Edge(need.dependent, need.dependency, "dependencies") for need in needs]
    while True:
        try:
            return CrateGraph(known, edges).waves()
        except CyclicGraph as cyclic:
            rounds = [{edge.dependent for edge in walk} for walk in cyclic.cycles]
            edges = [
                edge for edge in edges if not any({edge.dependent, edge.dependency} <= around for around in rounds)
            ]
