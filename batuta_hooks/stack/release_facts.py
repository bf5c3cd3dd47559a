"""All that a release plan may know, gathered by `batuta_hooks.stack.release_gather`: same facts, same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from batuta_hooks.domain.config import Release
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.graph import Edge
from batuta_hooks.domain.manifest import Key
from batuta_hooks.stack.changes import Change

PULL_REQUEST = "pull-request"


class Place(NamedTuple):
    """Where a value is written: a manifest, relative to its repository, and the key in it."""

    path: str
    key: Key


class Need(NamedTuple):
    """A crate's dependency on a crate of the stack.

    Attributes:
        package: its name on the registry.
        kind, requirement, target: as `batuta_hooks.domain.manifest.Dependency` has them.
        place: where the requirement is written: for an inherited one in the workspace's root.
        has_path: whether it has a path, so that the checkout's own version has to match too.
        inherited: whether other members may take it from the same place.
    """

    package: str
    kind: str
    requirement: str | None
    target: str | None
    place: Place
    has_path: bool = False
    inherited: bool = False


class Refusal(NamedTuple):
    """Why cargo or the registry would refuse a crate as it stands.

    Attributes:
        code: a finding's code, or a word of the plan's own.
        message: a clause.
        mend: what to do about it.
        dependency: the dependency's package name; empty where it is about none.
    """

    code: str
    message: str
    mend: str = ""
    dependency: str = ""


class Released(NamedTuple):
    """The published version from which a compatible step comes.

    Attributes:
        needs: package and requirement of its dependencies on crates of the stack, dev ones left out.
    """

    version: str
    needs: tuple[tuple[str, str], ...]


class CrateFacts(NamedTuple):
    """A crate of the stack at its repository's HEAD.

    Attributes:
        folder: of its manifest, relative to the repository.
        version: the manifest's.
        version_at: where that is written: with whoever writes it there, it has to change.
        registry: the name of the registry that a plain ``cargo publish`` would use.
        is_publishable: whether cargo would publish it anywhere.
        needs: its dependencies on crates of the stack.
        edges: the same as the graph sees them.
        published: what that registry has of it.
        change: since its last release.
        refusals: why it cannot be published as it stands; none for what the release itself will bring about.
        tag_template: how its tags are spelled.
        released: the version that its users come from; ``None`` where there is none, or it is not known.
        moves: shared dependencies outside of the stack that it has moved since (VA011), and what the check says of it.
        stale_lock: why cargo would have to change the committed lock file, which it refuses; empty where it would not.
    """

    name: str
    repository: str
    manifest_path: str
    folder: str
    version: str
    version_at: Place
    registry: str
    is_publishable: bool
    needs: tuple[Need, ...]
    edges: tuple[Edge, ...]
    published: Published | Unknown
    change: Change
    refusals: tuple[Refusal, ...] = ()
    tag_template: str = "v{crate}-{version}"
    released: Released | None = None
    moves: tuple[tuple[str, str], ...] = ()
    stale_lock: str = ""


class RepositoryFacts(NamedTuple):
    """A repository of the stack.

    Attributes:
        path: relative to the workspace.
        head: the commit that is checked out; ``None`` where there is none.
        head_time: when that was committed, in seconds since 1970.
        branch: the branch that is checked out; ``None`` where HEAD is detached.
        behind: commits of its upstream that it lacks; ``None`` where that is not known.
        dirty: whether something differs from HEAD.
        tags: the commits of its tags, by name.
        remote_tags: the same of its remote; `Unknown` where that could not be asked.
        release: what is configured for its releases.
        has_remote: whether there is the remote that these name.
    """

    path: str
    head: str | None
    head_time: int
    branch: str | None
    behind: int | None
    dirty: bool
    tags: Mapping[str, str]
    remote_tags: Mapping[str, str] | Unknown
    release: Release
    has_remote: bool = True


class StackFacts(NamedTuple):
    """The whole stack.

    Attributes:
        crates: by name; of several with one name the one that may be published.
        repositories: by path.
        groups: ``[release_groups]``.
        unknown: what could not be learnt, and of which crate or repository.
        unreadable: crates whose manifests cargo cannot load, and why.
        token_faults: why there is no token for a registry that crates go to, by its name; empty where there is one.
        namesakes: repositories with another crate of a name that is in `crates`, by that name.
    """

    crates: Mapping[str, CrateFacts]
    repositories: Mapping[str, RepositoryFacts]
    groups: Mapping[str, tuple[str, ...]]
    unknown: tuple[Unknown, ...] = ()
    unreadable: Mapping[str, Refusal] = {}
    token_faults: Mapping[str, str] = {}
    namesakes: Mapping[str, tuple[str, ...]] = {}


class _OfRepository(Protocol):
    @property
    def repository(self) -> str: ...


_Member = TypeVar("_Member", bound=_OfRepository)


def by_repository(members: Iterable[_Member]) -> dict[str, list[_Member]]:
    """Crates, or releases, by their repositories, each in the order given."""
    found: dict[str, list[_Member]] = {}
    for one in members:
        found.setdefault(one.repository, []).append(one)
    return found


def needing(facts: StackFacts) -> dict[str, list[tuple[CrateFacts, Need]]]:
    """By crate, each dependency on it, with the crate that has it, in the order of the stack."""
    found: dict[str, list[tuple[CrateFacts, Need]]] = {}
    for crate in facts.crates.values():
        for need in crate.needs:
            found.setdefault(need.package, []).append((crate, need))
    return found


class Wish(NamedTuple):
    """What is to be released.

    Attributes:
        crates: the crates that were named; none for all.
        changed_only: whether only crates whose own content changed are to go.
        bump: the level for every crate that the plan bumps, of `batuta_hooks.domain.bump.LEVELS`, or a version.
        bumps: the same by crate.
        allow_behind: whether a repository may lack commits of its upstream.
    """

    crates: tuple[str, ...] = ()
    changed_only: bool = False
    bump: str = "patch"
    bumps: Mapping[str, str] = {}
    allow_behind: bool = False
