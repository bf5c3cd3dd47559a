"""What a plan writes into manifests and changelogs: what, in which wave, and what the files look like then.

A version and the requirements with a path on it change together, for cargo loads no workspace in which they disagree;
every other requirement changes with its dependent's own release, when what it requires can be had.  Crates of one
repository that get one tag are written together, for they have to be published from one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import NamedTuple

from batuta_hooks.domain.changelog import Section, with_section
from batuta_hooks.domain.manifest import Key
from batuta_hooks.stack.manifest_editor import DependencyEdit, edit_dependencies, set_version
from batuta_hooks.stack.plan_values import Plan, PlannedRelease, RequirementUpdate
from batuta_hooks.stack.release_facts import Place, Refusal


class Edit(NamedTuple):
    """A value that changes in a manifest.

    Attributes:
        wave: with which wave of the plan, counted from 1; 0 where the crate has none.
        path: the manifest, relative to the repository.
        key: where the value stands.
        is_version: whether it is a package's or a workspace's version, else a requirement.
    """

    wave: int
    path: str
    key: Key
    before: str
    after: str
    is_version: bool


def edits_in(plan: Plan, repository: str) -> list[Edit]:
    """The edits of a repository, by wave, each place once."""
    return _edits_of([one for one in plan.releases if one.repository == repository])


def _edits_of(releases: Sequence[PlannedRelease]) -> list[Edit]:
    found: dict[Place, Edit] = {}
    for edit in _edits(releases):
        place = Place(edit.path, edit.key)
        known = found.setdefault(place, edit)
        if edit.wave < known.wave:
            found[place] = edit
    return sorted(found.values(), key=lambda edit: (edit.wave, edit.path, not edit.is_version, repr(edit.key)))


def _edits(releases: Sequence[PlannedRelease]) -> Iterator[Edit]:
    waves = written_with(releases)
    for one in releases:
        own = waves[one.crate]
        if one.next != one.current:
            yield Edit(own, *one.version_at, one.current, one.next, is_version=True)
        for update in one.requirement_updates:
            yield Edit(_updated_with(one, update, waves), *update.place, update.before, update.after, is_version=False)


def _updated_with(one: PlannedRelease, update: RequirementUpdate, waves: Mapping[str, int]) -> int:
    if update.by_path:
        return waves.get(update.dependency, waves[one.crate])
    # not before it can be had, so not with others that get the same tag
    return one.wave or 0


def written_with(releases: Iterable[PlannedRelease]) -> dict[str, int]:
    """The wave with which each crate of a repository is written: its own, or the first of those that get its tag."""
    found: dict[str, int] = {}
    for one in releases:
        found[one.tag] = min(one.wave or 0, found.get(one.tag, one.wave or 0))
    return {one.crate: found[one.tag] if one.tag else one.wave or 0 for one in releases}


def tags_apart(releases: Iterable[PlannedRelease]) -> dict[str, Refusal]:
    """The crates whose tag an earlier wave makes on another commit than the one that they are published from."""
    found = {}
    for own in _by_repository(releases):
        written = {edit.wave for edit in _edits_of(own)}
        tagged: dict[str, tuple[str, int]] = {}
        for one in sorted(own, key=lambda one: one.wave or 0):
            commit = max((wave for wave in written if wave <= (one.wave or 0)), default=0)
            first, earlier = tagged.setdefault(one.tag, (one.crate, commit))
            if one.tag and commit != earlier:
                found[one.crate] = _apart(one, first)
    return found


def relocked(releases: Iterable[PlannedRelease], stale: Collection[str]) -> dict[str, int]:
    """The repositories whose lock files no edit brings along in time, and the wave that has to do it.

    Args:
        stale: the crates beside lock files that cargo would have to change.
    """
    found: dict[str, int] = {}
    for own in _by_repository(releases):
        first = min((edit.wave for edit in _edits_of(own)), default=None)
        waves = [one.wave or 0 for one in own if one.crate in stale]
        late = [wave for wave in waves if first is None or first > wave]
        if late:
            found[own[0].repository] = min(late)
    return found


def _by_repository(releases: Iterable[PlannedRelease]) -> Iterable[list[PlannedRelease]]:
    found: dict[str, list[PlannedRelease]] = {}
    for one in releases:
        found.setdefault(one.repository, []).append(one)
    return found.values()


def _apart(one: PlannedRelease, first: str) -> Refusal:
    why = f"{first} gets the tag {one.tag} too, on an earlier commit than {one.crate} can be published from"
    mend = f'have tags name the crate, `[tags] template = "{{crate}}-v{{version}}"`, or --bump {one.crate}=VERSION'
    return Refusal("TC001", why, mend)


class Writing(NamedTuple):
    """What is written in a repository with one wave, or with all.

    Attributes:
        relocks: whether lock files are brought along.
    """

    edits: tuple[Edit, ...]
    sections: tuple[Section, ...]
    relocks: bool

    def __bool__(self) -> bool:
        return bool(self.edits or self.sections or self.relocks)

    def files(self, read: Callable[[str], bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Each file that changes, with what it holds before and after.

        Args:
            read: the content of a file; empty for a changelog that is not there yet.

        Raises:
            BatutaError: a manifest cannot be edited.
        """
        for path in sorted({edit.path for edit in self.edits}):
            before = read(path)
            yield path, before, edited(before, [edit for edit in self.edits if edit.path == path])
        for section in self.sections:
            before = read(section.path)
            text = with_section(before.decode("utf-8", "surrogateescape"), section)
            yield section.path, before, text.encode("utf-8", "surrogateescape")


def writing(plan: Plan, repository: str, wave: int | None = None) -> Writing:
    """What a plan writes in a repository: with a wave, or with all of them."""
    own = next(one for one in plan.repositories if one.path == repository)
    edits = tuple(edit for edit in edits_in(plan, repository) if wave in (None, edit.wave))
    relocks = bool(edits or (own.relocked and wave in (None, own.relocked)))
    return Writing(edits, tuple(one for one in own.sections if wave in (None, one.wave)), relocks)


def edited(text: bytes, edits: Iterable[Edit]) -> bytes:
    """A manifest with some edits made, everything else byte for byte as it was.

    Raises:
        BatutaError: it cannot be edited without touching something else.
    """
    requirements = []
    for edit in edits:
        if edit.is_version:
            text = set_version(text, edit.key, edit.after)
        else:
            requirements.append(DependencyEdit(edit.key, edit.after))
    return edit_dependencies(text, requirements) if requirements else text


def diff(path: str, before: bytes, after: bytes) -> list[str]:
    """The lines of a unified diff, without line breaks; none where nothing changes."""
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (before, after))
    return list(unified_diff(old, new, f"a/{path}", f"b/{path}", n=1, lineterm=""))
