"""What the registry really has of the stack's crates: asked now, and held against the archives and the checkouts.

A version is looked at as its users get it: what the index says that it needs, whether that is what its own manifest
says, whether all of it can be had today, and from which commit it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.index_agreement import disagreements
from batuta_hooks.domain.publishable import NEVER
from batuta_hooks.domain.release import IndexDependency, Release
from batuta_hooks.domain.semver import InvalidRequirement, Requirement
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.gather.registry import Registry, find_place
from batuta_hooks.git.command import git
from batuta_hooks.registry.archive import ArchiveFacts
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.judging import folder_of
from batuta_hooks.stack.verdict import Crate, Report

if TYPE_CHECKING:  # it brings what opens connections, which a report without these truths can do without
    from batuta_hooks.stack.warm import Wish


class Unsatisfied(NamedTuple):
    """A dependency that cannot be had today, and why: a clause."""

    dependency: str
    requirement: str
    why: str


class PublishedTruth(NamedTuple):
    """One published version; what is ``None`` is not known, and `unknown` says why.

    Attributes:
        version: the version here where it is published, else the newest that is; ``None`` where none is.
        is_local: whether it is the version here.
        published_at: when, ``yyyy-mm-ddThh:mm:ssZ``.
        commit: the commit that it says it was made from; empty where it says nothing.
        is_dirty: whether files differed from that commit.
        commit_is_here: whether the checkout has that commit.
        manifest_is_committed: whether the manifest that it was made from is the one in that commit.
        disagreements: keys of dependencies of which index and archive say different things.
        unsatisfied: normal and build dependencies that cannot be had.
        unknown: what could not be learnt, a clause each.
    """

    version: str | None = None
    is_local: bool = False
    is_yanked: bool | None = None
    published_at: str | None = None
    commit: str | None = None
    is_dirty: bool | None = None
    commit_is_here: bool | None = None
    manifest_is_committed: bool | None = None
    disagreements: tuple[str, ...] | None = None
    unsatisfied: tuple[Unsatisfied, ...] | None = None
    unknown: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, a clause each."""
        said = [f"`{one.dependency}` {one.requirement}: {one.why}" for one in self.unsatisfied or ()]
        if self.disagreements:
            said.append(f"its index line and its manifest disagree on {', '.join(self.disagreements)}")
        if self.is_yanked:
            said.append("it is yanked")
        if self.is_dirty:
            said.append("it was made from files that were not committed")
        elif self.manifest_is_committed is False:
            said.append("its manifest is not the one of the commit that it names")
        return tuple(said)


Truths = Mapping[tuple[str, str], PublishedTruth]
"""What is true of crates, by repository and manifest."""


class Verified(NamedTuple):
    """What came of it, and what the user should hear, a sentence each."""

    truths: Truths
    notes: tuple[str, ...]


def verify_published(workspace: Workspace, report: Report, asking: Asking) -> Verified:
    """Ask the registry now about the published version of each crate of a report that may be published.

    Raises:
        BatutaError: git cannot be run.
    """
    from batuta_hooks.stack.warm import Wish

    by_folder: dict[str, list[Crate]] = {}
    for crate in report.crates:
        if crate.publishable.verdict != NEVER and crate.version is not None and is_crate_name(crate.name):
            by_folder.setdefault(folder_of(workspace, crate.repository), []).append(crate)
    notes = _ask(
        [
            Wish(folder, frozenset(crate.name for crate in crates), _versions(crates), 0)
            for folder, crates in by_folder.items()
        ],
        asking,
    )
    needed = {folder: _needed(folder, crates, asking) for folder, crates in by_folder.items()}
    notes |= _ask([Wish(folder, names, ttl_s=0) for folder, names in needed.items()], asking)
    truths = {}
    for folder, crates in by_folder.items():
        with Registry(find_place(folder, asking.environment), asking.environment) as registry:
            for crate in crates:
                truths[crate.repository, crate.manifest_path] = _truth(registry, folder, crate)
    return Verified(truths, tuple(notes))


def _versions(crates: Iterable[Crate]) -> dict[str, frozenset[str]]:
    return {
        crate.name: frozenset(version for version in (crate.version, crate.standing.version) if version)
        for crate in crates
    }


def _ask(wishes: Sequence[Wish], asking: Asking) -> dict[str, None]:
    from batuta_hooks.stack.warm import warm

    def told(_what: str, done: int, total: int) -> None:
        asking.told(done, total)

    warmed = warm(wishes, offline=asking.offline, environment=asking.environment, told=told)
    notes = dict.fromkeys(warmed.notes)
    if warmed.failed:
        first = warmed.failed[0]
        number = len(warmed.failed)
        which = f"`{first.crate}`" if number == 1 else f"{number} crates and archives"
        notes[f"not verified with the registry: {which}: {first.why}"] = None
    return notes


def _needed(folder: str, crates: Iterable[Crate], asking: Asking) -> frozenset[str]:
    names: set[str] = set()
    with Registry(find_place(folder, asking.environment), asking.environment) as registry:
        for crate in crates:
            release = _release(registry, crate)
            if isinstance(release, Release):
                names.update(one.package for one in _counting(release))
    return frozenset(names)


def _counting(release: Release) -> list[IndexDependency]:
    """The dependencies that whoever builds the crate needs; those of another registry are asked of that one."""
    return [one for one in release.dependencies if one.kind != "dev" and one.registry is None]


def _release(registry: Registry, crate: Crate) -> Release | Unknown | None:
    """The version here, build metadata aside, else the newest that is not yanked."""
    answer = registry.answer(crate.name)
    if isinstance(answer, Unknown):
        return answer
    if answer.spelled != answer.crate:
        return None
    here = read_version(crate.version or "")
    listed = [*answer.versions, *answer.yanked]
    same = [text for text in listed if here and (read := read_version(text)) and read.precedence == here.precedence]
    newest = max((read for text in answer.versions if (read := read_version(text))), default=None)
    chosen = same[0] if same else crate.standing.version or (str(newest) if newest else None)
    return registry.release(crate.name, chosen) if chosen else None


def _truth(registry: Registry, folder: str, crate: Crate) -> PublishedTruth:
    release = _release(registry, crate)
    if isinstance(release, Unknown):
        return PublishedTruth(unknown=(release.why,))
    if release is None:
        return PublishedTruth()
    here, there = read_version(crate.version or ""), read_version(release.version)
    unsatisfied, unknown = _unsatisfied(registry, release)
    truth = PublishedTruth(
        version=release.version,
        is_local=bool(here and there and here.precedence == there.precedence),
        is_yanked=release.yanked,
        published_at=release.published_at,
        unsatisfied=unsatisfied,
        unknown=unknown,
    )
    facts = registry.archive(release.name, release.version)
    if isinstance(facts, Unknown):
        return truth._replace(unknown=(*unknown, facts.why))
    return _with_archive(truth, facts, release, folder)


def _unsatisfied(registry: Registry, release: Release) -> tuple[tuple[Unsatisfied, ...] | None, tuple[str, ...]]:
    """What cannot be had; ``None`` where nothing is known to lack, but not of all it is known."""
    found, unknown = [], []
    for one in _counting(release):
        published = registry.published(one.package)
        if isinstance(published, Unknown):
            unknown.append(f"{one.package}: {published.why}")
            continue
        try:
            requirement = Requirement.parse(one.requirement)
        except InvalidRequirement as error:
            found.append(Unsatisfied(one.package, one.requirement, f"cargo cannot read it: {error.reason}"))
            continue
        if not _any_matches(requirement, published.versions):
            is_yanked = _any_matches(requirement, published.yanked)
            why = "only yanked versions satisfy it" if is_yanked else "no published version satisfies it"
            found.append(Unsatisfied(one.package, one.requirement, why))
    return (tuple(found) if found or not unknown else None), tuple(unknown)


def _any_matches(requirement: Requirement, versions: Iterable[str]) -> bool:
    return any((read := read_version(version)) is not None and requirement.matches(read) for version in versions)


def _with_archive(truth: PublishedTruth, facts: ArchiveFacts, release: Release, folder: str) -> PublishedTruth:
    try:
        found = tuple(disagreements(release.dependencies, read_toml(facts.manifest.encode())))
    except TomlFault as fault:
        return truth._replace(unknown=(*truth.unknown, f"the manifest in its archive cannot be read: {fault.reason}"))
    truth = truth._replace(disagreements=found, commit=facts.commit, is_dirty=facts.is_dirty if facts.commit else None)
    if not facts.commit:
        return truth
    is_here = _asks(["cat-file", "-e", f"{facts.commit}^{{commit}}"], folder) is not None
    truth = truth._replace(commit_is_here=is_here)
    # of archives without it the manifest that they were made from is not at hand
    made_from = next((file.blob for file in facts.files if file.path == "Cargo.toml.orig"), None)
    if not is_here or made_from is None:
        return truth
    path = f"{facts.path_in_vcs}/Cargo.toml" if facts.path_in_vcs else "Cargo.toml"
    blob = _asks(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{facts.commit}:{path}"], folder)
    return truth._replace(manifest_is_committed=blob is not None and blob.strip().decode() == made_from)


def _asks(arguments: Sequence[str], folder: str) -> bytes | None:
    try:
        return git(arguments, folder, sibling=True)
    except BatutaError:
        return None
