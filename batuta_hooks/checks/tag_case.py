"""One tag under judgement: what its name says, the crates that it means, and where a finding about it stands."""

from __future__ import annotations

from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import ERROR, Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tag_facts import TagFacts
from batuta_hooks.domain.tags import VersionTag
from batuta_hooks.domain.workspace import position_of

SHOWN = 10  # digits of an object's id


class Case(NamedTuple):
    """A version tag.

    Attributes:
        read: what its name says.
        paths: the manifests of the crates that it means, in the judged tree.
    """

    facts: Facts
    tag: TagFacts
    read: VersionTag
    paths: tuple[str, ...]

    def finding(
        self,
        code: str,
        message: str,
        fix: str,
        crate: str = "",
        *,
        severity: str = ERROR,
        place: tuple[str, int, int] | None = None,
    ) -> Finding:
        """A finding about the tag; it stands where the version is that the tag speaks of, unless there is a place."""
        path, line, column = place or self.place(next(iter(self.paths), ""))
        ref = f"refs/tags/{self.tag.name}"
        return Finding(path, line, column, code, severity, message, fix, crate, ref=ref)

    def place(self, path: str) -> tuple[str, int, int]:
        """Where the version of the crate with this manifest stands."""
        manifest = self.facts.manifests.load(path)
        return self._version_of(manifest) if isinstance(manifest, Manifest) else (path or "Cargo.toml", 1, 1)

    @property
    def first_name(self) -> str:
        """The name of the crate that it means, of the first if several; empty where that is not known."""
        if self.read.crates:
            return self.read.crates[0]
        manifests = (self.facts.manifests.load(path) for path in self.paths)
        return next((one.name for one in manifests if isinstance(one, Manifest)), "")

    def _version_of(self, manifest: Manifest) -> tuple[str, int, int]:
        if "version" in manifest.inherited_keys:
            root = self.facts.manifests.root_of(manifest)
            if isinstance(root, Manifest):
                return (root.path, *position_of(root.text, ("workspace", "package", "version")))
        if manifest.package is None:
            return manifest.path, 1, 1
        key = "name" if manifest.package.version is None else "version"
        return (manifest.path, *position_of(manifest.text, (manifest.package_key, key)))

    def published(self) -> tuple[list[str], list[Unknown]]:
        """The crates that it means of which this version is published, and what is not known of others."""
        found, unknown = [], []
        for path in self.paths:
            manifest = self.facts.manifests.resolve(path)
            if not isinstance(manifest, Manifest) or manifest.package is None:
                continue
            name = manifest.name
            if not manifest.package.is_bound_for_crates_io:
                continue
            known = self.facts.published(name)
            if isinstance(known, Unknown):
                unknown.append(known)
                continue
            spelled = spelling(known, self.read.version)
            if spelled and not self.is_namesake(manifest, spelled):
                found.append(name)
        return found, unknown

    def is_namesake(self, manifest: Manifest, version: str) -> bool:
        """Whether the registry's crate of this name is known to be another project's."""
        origin = self.facts.origin(manifest.name, version)
        if isinstance(origin, Unknown) or not origin.repository:
            return False
        from batuta_hooks.domain.project import is_same_project, repository_of

        own = repository_of(self.facts.manifests, manifest)
        return own != "" and not is_same_project(own, origin.repository)


def spelling(published: Published, version: str) -> str:
    """The version as the registry spells it, which tells no builds apart; empty where it has none."""
    bare = version.partition("+")[0]
    return next((one for one in (*published.versions, *published.yanked) if one.partition("+")[0] == bare), "")


def listed(names: list[str]) -> str:
    """Names of crates for a sentence."""
    more = len(names) - 1
    return f"`{names[0]}`" if not more else f"`{names[0]}` and {more} other crate{'s' if more > 1 else ''}"
