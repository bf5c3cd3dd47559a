"""When a crate was last released, and what has happened since: days by the registry, commits by the tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from batuta_hooks.domain.manifest import Manifest, Package
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tags import VersionTag, is_same_version, read_tag
from batuta_hooks.git.tag_distance import commits_beyond
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.registry_view import View
from batuta_hooks.stack.standing import standing_of


class LastRelease(NamedTuple):
    """A crate's last release; ``None`` is what is not known.

    Attributes:
        version: the newest published version, as `Standing` has it; where the registry's are not known, the newest
            that a tag here speaks of.
        published_at: when it was published, ``yyyy-mm-ddThh:mm:ssZ``.
        days: whole days since then.
        tag: the tag of that version.
        commits: HEAD's commits that the tag does not have; ``None`` too where it is no ancestor of HEAD.
    """

    version: str | None = None
    published_at: str | None = None
    days: int | None = None
    tag: str | None = None
    commits: int | None = None


def last_releases(opened: Opened, view: View | None, now: datetime) -> dict[str, LastRelease]:
    """The last release of each crate of a repository that may be published, by its manifest.

    Args:
        view: what the registry knows; ``None`` where it is not to be looked at.

    Raises:
        BatutaError: git cannot be run.
    """
    found = (opened.facts.manifests.resolve(path) for path in opened.facts.judged)
    crates = [one for one in found if isinstance(one, Manifest) and one.package and one.package.is_publishable]
    if not crates:
        return {}
    beyond = commits_beyond(opened.folder)
    names = {crate.name for crate in crates}
    tags = {name: tag for name in beyond if (tag := read_tag(name, names, opened.config.tags))}
    bare = TagCrates(opened.facts.manifests).bare().paths if any(not tag.crates for tag in tags.values()) else ()
    releases = {}
    for crate in crates:
        assert crate.package
        own = {
            name: tag
            for name, tag in tags.items()
            if crate.name in tag.crates or (not tag.crates and crate.path in bare)
        }
        releases[crate.path] = _last(crate.package, own, beyond, view, now)
    return releases


def _last(
    package: Package, tags: Mapping[str, VersionTag], beyond: Mapping[str, int | None], view: View | None, now: datetime
) -> LastRelease:
    published = standing_of(package, view.answer).version if view else None
    version = published or _newest(tag.version for tag in tags.values())
    if version is None:
        return LastRelease()
    release = view.release(package.name, published) if view and published else None
    published_at = release.published_at if isinstance(release, Release) else None
    days = None
    if published_at is not None:
        days = max((now - datetime.fromisoformat(published_at)).days, 0)
    named = [name for name, tag in tags.items() if is_same_version(tag.version, version)]
    # of two spellings of one version, the one that HEAD still knows of
    tag = min(named, key=lambda name: (beyond[name] is None, name), default=None)
    return LastRelease(version, published_at, days, tag, beyond[tag] if tag is not None else None)


def _newest(versions: Iterable[str]) -> str | None:
    read: dict[Version, str] = {}
    for version in versions:
        try:
            read[Version.parse(version)] = version
        except InvalidVersion:
            continue
    return read[max(read)] if read else None
