"""What if a version were published, or chosen: which crates of a stack would not take it, and when each can be mended.

A crate breaks where its requirement does not admit the version.  It can be released with another requirement once those
that it depends on, and that have to be released too, are; of a crate of the stack that is the crate itself first.
"""

from __future__ import annotations

from batuta_hooks.checks.meeting import Meeting, Need
from batuta_hooks.domain.graph import CrateGraph, CyclicGraph, Edge, edges_of_crate
from batuta_hooks.domain.manifest import DEV, Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.requirement_edit import floor
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.stack import Stack

_PARTS = 3


class Wish(NamedTuple):
    """A version of a package that is supposed to be there."""

    package: str
    version: Version


class Break(NamedTuple):
    """A requirement that does not admit the version.

    Attributes:
        path: the manifest with the line that has to change, relative to the repository: the root's, if inherited.
        kind: of the dependency, as in a manifest.
        wave: in which wave of releases it can be mended, counted from 1.
        meets: crates of the stack that take the version and are in one build with it: these get both.
    """

    crate: str
    repository: str
    path: str
    line: int
    requirement: str
    kind: str
    wave: int
    meets: tuple[str, ...]


class Supposed(NamedTuple):
    """What would come of a version.

    Attributes:
        is_own: whether the dependency is a crate of the stack.
        is_published: whether the registry has the version already; ``None`` where that is not known.
        takes: the crates that admit it.
        command: what lets the others require it, once it is published; empty where nobody breaks.
        is_yanked: whether the registry has it, but nobody may choose it.
    """

    dependency: str
    version: str
    is_own: bool
    is_published: bool | None
    takes: tuple[str, ...]
    breaks: tuple[Break, ...]
    command: str
    is_yanked: bool = False


def read_version_wish(text: str) -> Version:
    """A version as people write it: numbers that are left out are zeros.

    Raises:
        InvalidVersion: it is none.
    """
    cut = min((place for sign in "-+" if (place := text.find(sign)) >= 0), default=len(text))
    numbers = text[:cut].split(".")
    return Version.parse(".".join([*numbers, *["0"] * (_PARTS - len(numbers))]) + text[cut:])


def suppose(
    meeting: Meeting, facts: Mapping[str, Facts], wishes: Sequence[Wish], published: Mapping[str, bool | None]
) -> tuple[Supposed, ...]:
    """Who would not take some versions, if all of them were there.

    Args:
        meeting: the needs of the whole stack, whose own crates have these versions already.
        facts: of each repository, by its path.
        published: whether the registry has the version of a package.
    """
    stack = meeting.stack
    broken = {wish: [need for need in meeting.needs(wish.package) if _breaks(need, wish)] for wish in wishes}
    own = {wish.package for wish in wishes if stack.crate(wish.package) is not None}
    waves = waves_among(stack, {need.crate.name for needs in broken.values() for need in needs} | own)
    found = []
    for wish, needs in broken.items():
        taking = [need for need in meeting.needs(wish.package) if not _breaks(need, wish)]
        breaks = [_break(meeting, facts, need, taking, waves[need.crate.name]) for need in needs]
        breaks.sort(key=lambda one: (one.wave, one.repository, one.path, one.line, one.crate))
        found.append(
            Supposed(
                wish.package,
                str(wish.version),
                wish.package in own,
                published.get(wish.package),
                tuple(sorted({need.crate.name for need in taking})),
                tuple(breaks),
                _command(wish, needs) if needs else "",
            )
        )
    return tuple(found)


def waves_among(stack: Stack, names: Collection[str]) -> dict[str, int]:
    """In which wave each of some crates can be released where no other crate is, counted from 1.

    Dev-dependencies order nobody, and neither do those of a circle each other.
    """
    edges = [edge for crate in stack.crates() for edge in edges_of_crate(crate) if edge.kind != DEV]
    graph, order = _ordered([crate.name for crate in stack.crates()], edges)
    wave: dict[str, int] = {}
    for name in order:
        wave[name] = max((wave[one] for one in graph.dependencies(name)), default=0) + (name in names)
    return {name: wave[name] for name in names}


def _ordered(names: Sequence[str], edges: Sequence[Edge]) -> tuple[CrateGraph, list[str]]:
    while True:
        graph = CrateGraph(names, edges)
        try:
            return graph, graph.order()
        except CyclicGraph as cyclic:
            circles = [{edge.dependent for edge in walk} for walk in cyclic.cycles]
            edges = [one for one in edges if not any({one.dependent, one.dependency} <= around for around in circles)]


def _breaks(need: Need, wish: Wish) -> bool:
    return not need.requirement.matches(wish.version)


def _break(meeting: Meeting, facts: Mapping[str, Facts], need: Need, taking: Iterable[Need], wave: int) -> Break:
    crate, dependency = need.crate, need.dependency
    holder = facts[crate.repository].manifests.load(dependency.manifest_path)
    assert isinstance(holder, Manifest)
    line, _ = position_of(holder.text, dependency.key)
    meets = tuple(sorted({other.crate.name for other in taking if meeting.in_one_build(need, other)}))
    return Break(crate.name, crate.repository, dependency.manifest_path, line, need.text, dependency.kind, wave, meets)


def _command(wish: Wish, needs: Iterable[Need]) -> str:
    """What lets all of them take the version."""
    version = wish.version._replace(build="")  # it has no place in a requirement
    if any(floor(need.text) > version for need in needs):
        return f"batuta-stack sync --align {wish.package}=={version} --allow-downgrade"
    return f"batuta-stack sync --align {wish.package}={version}"
