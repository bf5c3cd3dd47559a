"""The dependency entries of a repository's manifests, each with all that use it, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from batuta_hooks.domain.config import judge
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import DEV, Dependency, Key, Manifest, Package
from batuta_hooks.domain.workspace import position_of
from batuta_hooks.stack.judging import Opened, ask, judged_paths


class Use(NamedTuple):
    """A package that uses an entry, its own or an inherited one, as a dependency of some kind."""

    package: Package
    kind: str

    @property
    def is_published(self) -> bool:
        """Whether the dependency matters where the package is published, even if it has no version."""
        return self.package.is_publishable and self.kind != DEV


class Entry(NamedTuple):
    """One entry of a manifest.

    Attributes:
        dependency: as the first user has it.
        line: where it begins.
        found: the codes of the findings about it.
        is_allowed: whether the configuration makes exceptions for all that the checks say of it.
        has_rival: whether a user requires the same package by another entry too.
    """

    dependency: Dependency
    uses: tuple[Use, ...]
    line: int
    found: tuple[str, ...]
    is_allowed: bool
    has_rival: bool

    @property
    def crate(self) -> str:
        """The name of the first package that uses it."""
        return self.uses[0].package.name


_Place = tuple[str, int, str]


def entries_of(opened: Opened, facts: Facts, crates: Collection[str], today: date) -> Iterator[Entry]:
    """The entries that some crates of a repository use, in the order of their manifests; ``crates`` empty for all."""
    users: dict[tuple[str, Key], list[tuple[Use, Dependency]]] = {}
    rivals: set[tuple[str, Key]] = set()
    raw: list[Finding] = []
    for path in judged_paths(facts.judged, opened.config):
        manifest = facts.manifests.resolve(path)
        if not isinstance(manifest, Manifest) or manifest.package is None:
            continue
        package = manifest.package
        if package.name in opened.config.skip_crates or (crates and package.name not in crates):
            continue
        findings, _ = opened.said.get(path) or ask(facts._replace(judged=(path,), configs=()))
        raw += findings
        rivals.update(_rivals(manifest))
        for dependency in manifest.dependencies:
            place = dependency.manifest_path, dependency.key
            users.setdefault(place, []).append((Use(package, dependency.kind), dependency))
    said, kept = _by_place(raw), _by_place(judge(raw, opened.config, today))
    for (path, key), found in sorted(users.items(), key=lambda item: item[0][0]):
        stands_in = facts.manifests.load(path)
        assert isinstance(stands_in, Manifest)
        dependency = found[0][1]
        line, _ = position_of(stands_in.text, key)
        where = path, line, dependency.package
        is_allowed = where in said and where not in kept
        uses = tuple(use for use, _ in found)
        yield Entry(dependency, uses, line, tuple(kept.get(where, ())), is_allowed, (path, key) in rivals)


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
