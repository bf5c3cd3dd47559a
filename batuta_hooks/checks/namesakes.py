"""VA012: crates whose name belongs to another project on the registry, whose answers then count for nothing.

An archive names the repository that it was made from; where that is another one than the crate's own, the registry
speaks of a stranger.  A crate that moved is no stranger: any archive that names today's repository settles it.  Where
the archives name none, a manifest that crates.io would never have taken shows that they were not made from it.
"""

from __future__ import annotations

from batuta_hooks.checks.requirements import judged_manifests
from batuta_hooks.domain.finding import NOTE, Finding, Unknown
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batuta_hooks.domain.facts import Facts, Published
    from batuta_hooks.domain.manifest import Manifest

_MOST_ARCHIVES = 5
_NO_REPOSITORY = "no repository"
_ANOTHERS = "the registry's crate of this name is another project's"


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Judge the crates that may go to crates.io by the archives that are known of their names."""
    for manifest in judged_manifests(facts):
        other = other_project(facts, manifest)
        if isinstance(other, Unknown):
            yield other
        elif other:
            line, column = position_of(manifest.text, (manifest.package_key, "name"))
            message = f"`{manifest.name}` on the registry is another project's: its archives name {other}"
            fix = "say publish = false where it is never to be published; else give it another name"
            yield Finding(manifest.path, line, column, "VA012", NOTE, message, fix, manifest.name)


def other_project(facts: Facts, manifest: Manifest) -> str | Unknown | None:
    """The repository that the registry's crate of this name comes from, where it is another project's.

    ``None`` where it is the crate's own, or there is nothing to compare: no such crate, or no repository named on one
    of the two sides.
    """
    package = manifest.package
    if package is None or not package.is_bound_for_crates_io:
        return None
    published = facts.published(package.name)
    if isinstance(published, Unknown) or not (published.versions or published.yanked):
        return None
    from batuta_hooks.domain.project import is_same_owner, is_same_project, repository_of
    from batuta_hooks.domain.questions import WHOSE

    own = repository_of(facts.manifests, manifest)
    if not own:
        return None
    known: list[str] = []
    unknown: Unknown | None = None  # why nothing is known of the last that was looked at, the oldest
    for version in _likeliest(published, package.version):
        origin = facts.origin(package.name, version)
        unknown = origin if isinstance(origin, Unknown) else None
        if not isinstance(origin, Unknown):
            if is_same_project(own, origin.repository):
                return None
            known.append(origin.repository)
    named = next(filter(None, known), "")
    if unknown is not None and (not known or is_same_owner(own, named)):
        moved = f"an archive names {named}, to where it may have moved, and of its oldest version: " if named else ""
        return Unknown(package.name, f"{WHOSE} {moved}{unknown.why}")
    return named or (_NO_REPOSITORY if known and _was_never_published(manifest) else None)


def _was_never_published(manifest: Manifest) -> bool:
    """Whether it lacks all that crates.io has always asked for, so that what is there under its name is not of it."""
    table = manifest.table.get(manifest.package_key, {})
    return not any(key in table for key in ("description", "license", "license-file", "repository"))


def _likeliest(published: Published, own: str | None) -> list[str]:
    """The versions whose archives tell most: that of the manifest, the newest, and last the oldest of all.

    The oldest tells where a crate comes from that moved later, and whose manifest is of a time before that.
    """
    bare = (own or "").partition("+")[0]
    read = [(version, text) for text in (*published.yanked, *published.versions) if (version := read_version(text))]
    oldest = min(read, key=lambda one: one[0].precedence, default=(None, None))[1]
    texts = [text for _, text in read if text != oldest]
    same = [one for one in texts if one.partition("+")[0] == bare]
    newest = [one for one in reversed(texts) if one not in same]
    return [*same, *newest][: _MOST_ARCHIVES - 1] + ([oldest] if oldest is not None else [])


def strangers(facts: Facts) -> Mapping[str, str]:
    """The repositories of the registry's crates that only share a name with judged ones, by that name."""
    found = ((manifest.name, other_project(facts, manifest)) for manifest in judged_manifests(facts))
    return {name: other for name, other in found if isinstance(other, str)}


def without_strangers(facts: Facts) -> Facts:
    """The same facts, in which nothing is known of crates that only share a name with judged ones."""
    return without(facts, strangers(facts))


def without(facts: Facts, names: Mapping[str, str]) -> Facts:
    """The same facts, in which nothing is known of crates that are strangers, as `strangers` names them."""
    if not names:
        return facts
    return facts._replace(
        published=lambda name: stranger(name, names[name]) if name in names else facts.published(name),
        release=lambda name, text: stranger(name, names[name]) if name in names else facts.release(name, text),
    )


def stranger(package: str, repository: str) -> Unknown:
    """What is known of a crate whose name on the registry is another project's."""
    return Unknown(package, f"{_ANOTHERS} ({repository})")


def is_stranger(why: str) -> bool:
    """Whether that is why nothing is known of a crate."""
    return why.startswith(_ANOTHERS)
