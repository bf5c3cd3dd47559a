"""Whether a line of the index says of a version's dependencies what the manifest in its archive says.

Cargo reads the line alone while it resolves, and the manifest alone once it builds; nobody but the publisher's cargo
sees to it that they agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from batuta_hooks.domain.manifest import DEV, Dependency, read_dependencies
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.release import IndexDependency
from batuta_hooks.domain.semver import InvalidRequirement, Requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KINDS = {"normal": "dependencies", "dev": DEV, "build": "build-dependencies"}


class _Said(NamedTuple):
    """What both say of a dependency, in one spelling."""

    kind: str
    target: str
    name: str
    package: str
    requirement: str
    features: tuple[str, ...]
    optional: bool
    default_features: bool

    @property
    def key(self) -> str:
        place = f"target.{self.target}.{self.kind}" if self.target else self.kind
        return f"{place}.{self.name}"


def disagreements(dependencies: Iterable[IndexDependency], manifest: Mapping[str, Any]) -> list[str]:
    """The keys of the dependencies that one of them lacks, or describes otherwise than the other; sorted.

    Args:
        dependencies: those of the line.
        manifest: the table of the archive's Cargo.toml, which cargo wrote.
    """
    line, archive = Counter(map(_of_line, dependencies)), Counter(_of_manifest(manifest))
    return sorted({one.key for one in (line - archive) + (archive - line)})


def _of_line(one: IndexDependency) -> _Said:
    return _Said(
        kind=_KINDS.get(one.kind, one.kind),
        target=_spelled(one.target),
        name=one.name,
        package=one.package,
        requirement=_requirement(one.requirement),
        features=tuple(sorted(feature for feature in one.features if feature)),
        optional=one.optional,
        default_features=one.default_features,
    )


def _of_manifest(table: Mapping[str, Any]) -> Iterator[_Said]:
    for one in read_dependencies(table, "Cargo.toml"):
        if one.requirement is not None:  # else it was stripped, or is none of the registry's
            yield _of_entry(one)


def _of_entry(one: Dependency) -> _Said:
    entry = one.entry if isinstance(one.entry, dict) else {}
    return _Said(
        kind=one.kind,
        target=_spelled(one.target),
        name=one.name,
        package=one.package,
        requirement=_requirement(one.requirement or ""),
        features=tuple(sorted(entry.get("features", ()))),
        optional=entry.get("optional", False),
        default_features=entry.get("default-features", entry.get("default_features", True)) is not False,
    )


def _spelled(target: str | None) -> str:
    return (target or "").replace(" ", "")


def _requirement(text: str) -> str:
    try:
        return str(Requirement.parse(text))
    except InvalidRequirement:
        return text
