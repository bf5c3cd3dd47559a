"""VA010: crates that depend on each other in a circle, so that none of them can be published first.

Normal and build dependencies always count.  A dev-dependency does where it has a version that the registry does not
satisfy already: cargo strips it without one (docs/cargo-rules.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from batuta_hooks.checks.requirements import is_matched, judged_manifests, parsed
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import ERROR, NOTE, Finding, Unknown
from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL, Manifest
from batuta_hooks.domain.stack import Stack
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.graph import Edge, Walk

Ask = Callable[[str], Published | Unknown]
"""Asks what the registry holds of a package."""

_WORDS = {NORMAL: "normal", DEV: "dev", BUILD: "build"}


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """A finding at each edge of a circle that a judged manifest holds."""
    for manifest in judged_manifests(facts):
        if not facts.stack.whole.comes_back_to(manifest.name):
            continue
        for walk in circles_in(facts.stack.whole, facts.published):
            here = [edge for edge in walk if _is_of(edge, facts, manifest)]
            undecided = [edge for edge in walk if edge.kind == DEV and _answer(edge, facts.published) is None]
            if here and undecided:
                yield _undecided(facts, walk, undecided[0])
                continue
            for edge in here:
                yield _finding(facts, manifest, walk, edge)


@lru_cache(maxsize=4)  # every manifest of a stack asks
def circles_in(stack: Stack, published: Ask) -> list[Walk]:
    """The circles among the crates of a stack that may be published.

    A dev-dependency that may or may not be satisfied counts.

    Args:
        stack: `Stack.whole`.
    """
    from batuta_hooks.domain.graph import CrateGraph, edges_of_crate  # most crates are in no circle

    crates = [crate for crate in stack.crates() if crate.is_publishable]
    edges = [edge for crate in crates for edge in edges_of_crate(crate._replace(dependencies=stack.inside(crate)))]
    satisfied: set[Edge] = set()
    while True:
        graph = CrateGraph((crate.name for crate in crates), [edge for edge in edges if edge not in satisfied])
        walks = graph.cycles()
        asked = {edge for walk in walks for edge in walk if edge.kind == DEV}
        fresh = {edge for edge in asked if _answer(edge, published)}
        if not fresh:
            return walks
        # the same two crates may be joined by several dev edges, of which the graph shows one
        satisfied |= fresh


def _answer(edge: Edge, published: Ask) -> bool | None:
    """Whether the registry satisfies an edge's requirement; ``None`` where that is not known."""
    known = published(edge.dependency)
    if isinstance(known, Unknown):
        return None
    return edge.requirement is not None and is_matched(parsed(edge.requirement), known.versions)


def _is_of(edge: Edge, facts: Facts, manifest: Manifest) -> bool:
    where = (edge.dependent, edge.repository, edge.manifest_path)
    return where == (manifest.name, facts.repository, manifest.path)


def _path(walk: Walk) -> str:
    """The circle as a path: ``a -normal-> b -dev-> a``."""
    return "".join(f"{edge.dependent} -{_WORDS[edge.kind]}-> " for edge in walk) + walk[0].dependent


def _undecided(facts: Facts, walk: Walk, edge: Edge) -> Unknown:
    known = facts.published(edge.dependency)
    why = known.why if isinstance(known, Unknown) else ""
    return Unknown(edge.dependency, f"does the circle {_path(walk)} hold up a release? {why}")


def _finding(facts: Facts, manifest: Manifest, walk: Walk, edge: Edge) -> Finding:
    is_firm = all(one.kind != DEV for one in walk)
    found = [one for one in manifest.dependencies if one.user_key == edge.key]
    path, key = (found[0].manifest_path, found[0].key) if found else (manifest.path, edge.key)
    holder = facts.manifests.load(path)
    text = holder.text if isinstance(holder, Manifest) else manifest.text
    line, column = position_of(text, key)
    message = f"a circle of dependencies: {_path(walk)}, so none of these crates can be published first"
    if is_firm:
        fix = "drop one of these dependencies, or move what both sides need into a crate of its own"
    else:
        loose = next(one for one in walk if one.kind == DEV)
        fix = (
            f"leave the version of the dev-dependency on `{loose.dependency}` in `{loose.dependent}` out where it has "
            "a path: cargo strips it when it publishes"
        )
    severity = ERROR if is_firm else NOTE
    return Finding(path, line, column, "VA010", severity, message, fix, manifest.name, edge.dependency)
