"""The dependency entries of a repository's manifests, each with all that use it, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from batuta_hooks.checks import version_alignment
from batuta_hooks.domain.config import judge
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import NOTE, Finding
from batuta_hooks.domain.manifest import DEV, Dependency, Key, Manifest
from batuta_hooks.domain.workspace import position_of
from batuta_hooks.stack.judging import Opened, ask, judged_paths


class Use(NamedTuple):
    """A package that uses an entry, its own or an inherited one."""

    manifest: Manifest
    dependency: Dependency

    @property
    def crate(self) -> str:
        """The package's name."""
        return self.manifest.name

    @property
    def is_published(self) -> bool:
        """Whether the dependency matters where the package is published, even if it has no version."""
        package = self.manifest.package
        return package is not None and package.is_publishable and self.dependency.kind != DEV


class Entry(NamedTuple):
    """One entry of a manifest.

    Attributes:
        dependency: as the first user has it.
        found: the codes of the errors and warnings about it.
        excepted: the codes of those that the configuration makes an exception for.
        has_rival: whether a user requires the same package by another entry too.
    """

    dependency: Dependency
    uses: tuple[Use, ...]
    found: tuple[str, ...]
    excepted: frozenset[str]
    has_rival: bool

    @property
    def crate(self) -> str:
        """The name of the first package that uses it."""
        return self.uses[0].crate

    def is_allowed(self, *codes: str) -> bool:
        """Whether the configuration makes exceptions for all that the checks say of it under these codes."""
        return not self.excepted.isdisjoint(codes) and not set(codes).intersection(self.found)


_Place = tuple[str, int, str]


def entries_of(opened: Opened, facts: Facts, crates: Collection[str], today: date) -> Iterator[Entry]:
    """The entries that some crates of a repository use, in the order of their manifests; ``crates`` empty for all."""
    users: dict[tuple[str, Key], list[Use]] = {}
    rivals: set[tuple[str, Key]] = set()
    raw: list[Finding] = []
    for path in judged_paths(facts.judged, opened.config):
        manifest = facts.manifests.resolve(path)
        if not isinstance(manifest, Manifest) or manifest.package is None:
            continue
        if manifest.name in opened.config.skip_crates or (crates and manifest.name not in crates):
            continue
        about = facts._replace(judged=(path,), configs=())
        raw += (opened.said.get(path) or ask(about))[0] + ask(about, version_alignment.find_required)[0]
        rivals.update(_rivals(manifest))
        for dependency in manifest.dependencies:
            place = dependency.manifest_path, dependency.key
            users.setdefault(place, []).append(Use(manifest, dependency))
    kept = judge(raw, opened.config, today)
    said, left = _by_place(raw), _by_place(kept)
    serious = _by_place([one for one in kept if one.severity != NOTE])
    told = {(one.path, one.dependency) for one in raw}
    for (path, key), uses in sorted(users.items(), key=lambda item: item[0][0]):
        stands_in = facts.manifests.load(path)
        assert isinstance(stands_in, Manifest)
        dependency = uses[0].dependency
        # of most entries nothing is said, so that nobody need look for their lines
        line = position_of(stands_in.text, key)[0] if (path, dependency.package) in told else 0
        where = path, line, dependency.package
        excepted = frozenset(said.get(where, ())) - frozenset(left.get(where, ()))
        found = tuple(serious.get(where, ()))
        yield Entry(dependency, tuple(uses), found, excepted, (path, key) in rivals)


def _by_place(findings: Sequence[Finding]) -> Mapping[_Place, list[str]]:
    found: dict[_Place, list[str]] = {}
    for one in findings:
        found.setdefault((one.path, one.line, one.dependency), []).append(one.code)
    return found


def _rivals(manifest: Manifest) -> Iterator[tuple[str, Key]]:
    """Entries under different names for one package: whoever wants two versions of it at once."""
    names: dict[str, set[str]] = {}
    for dependency in manifest.dependencies:
        names.setdefault(dependency.package, set()).add(dependency.name)
    for dependency in manifest.dependencies:
        if len(names[dependency.package]) > 1:
            yield dependency.manifest_path, dependency.key
