"""VA006: features that the configuration declares exclusive, united in one version of a package.

Needs that one version meets share their features (docs/cargo-rules.md), so two entries of a crate, or two crates in one
build, can enable together what each has apart.  Counted is what an entry requests, its default features, and whatever
those enable in the newest version that it admits.
"""

from __future__ import annotations

from batuta_hooks.checks.meeting import meeting_of
from batuta_hooks.checks.offered import matching, releases, spelled_out
from batuta_hooks.checks.requirements import at_line, judged_manifests, parsed
from batuta_hooks.domain.finding import ERROR, Finding, Unknown
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.packaged import as_index_dependency, features_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency, Manifest
    from batuta_hooks.domain.release import IndexDependency

_SAID = "exclude each other ([features.exclusive])"
_DEFAULT = "default"


def find(facts: Facts) -> Iterator[Finding]:
    """Judge what the manifests request of the packages that the configuration names."""
    exclusive = facts.policy.exclusive
    for manifest in judged_manifests(facts):
        if not any(one.package in exclusive for one in manifest.dependencies):
            continue
        before: list[tuple[Dependency, frozenset[str]]] = []
        for dependency, asked in spelled_out(manifest):
            groups = exclusive.get(dependency.package)
            if not groups or dependency.kind == DEV:
                continue
            enabled = _enabled(facts, dependency, asked)
            found = next(
                filter(None, (_judge(facts, manifest, dependency, enabled, before, one) for one in groups)), None
            )
            if found is not None:
                yield found
            before.append((dependency, enabled))


def _judge(
    facts: Facts,
    manifest: Manifest,
    dependency: Dependency,
    enabled: frozenset[str],
    before: Sequence[tuple[Dependency, frozenset[str]]],
    group: Sequence[str],
) -> Finding | None:
    """What is wrong with an entry by one group, alone, beside entries before it, or beside those of other crates."""
    mine = [one for one in group if one in enabled]
    if not mine:
        return None
    package, name = dependency.package, manifest.name
    if len(mine) > 1:
        message = f"`{name}` enables {_listed(mine)} of `{package}`, which {_SAID}"
        is_named = _DEFAULT not in enabled or set(mine) <= set(features_of(dependency))
        more = "" if is_named else ", or say default-features = false"
        return at_line(facts, manifest, dependency, "VA006", ERROR, message, f"request one of {_listed(mine)}{more}")
    for other, theirs in before:
        if other.package != package:
            continue
        rest = [one for one in group if one in theirs and one not in mine]
        # a build script's dependencies have features of their own
        if rest and other.kind == dependency.kind and _meet(other, dependency):
            message = f"`{name}` enables {_listed([*rest, *mine])} of `{package}` by two entries, which {_SAID}"
            return at_line(facts, manifest, dependency, "VA006", ERROR, message, f"request {_listed(rest)} here too")
    return _united(facts, manifest, dependency, mine, group)


def _united(
    facts: Facts, manifest: Manifest, dependency: Dependency, mine: Sequence[str], group: Sequence[str]
) -> Finding | None:
    meeting = meeting_of(facts.stack.whole)
    own = next(iter(meeting.needs_of(facts.repository, manifest, dependency)), None)
    for need in meeting.needs(dependency.package) if own is not None else ():
        other = need.dependency
        if need.is_dev or need.crate.name == manifest.name or other.entry is None or not _meet(other, dependency):
            continue
        enabled = _enabled(facts, other, as_index_dependency(other))
        theirs = [one for one in group if one in enabled and one not in mine]
        if theirs and own is not None and meeting.in_one_build(own, need):
            message = (
                f"`{dependency.package}` gets {_listed(mine)} from `{manifest.name}` and {_listed(theirs)} from "
                f"`{need.crate.name}` ({need.crate.repository}/{need.crate.manifest_path}) in one build, which {_SAID}"
            )
            fix = f"request {_listed(theirs)} here too, or {_listed(mine)} there"
            return at_line(facts, manifest, dependency, "VA006", ERROR, message, fix)
    return None


def _meet(one: Dependency, other: Dependency) -> bool:
    """Whether a version can meet both."""
    return overlap(parsed(one.requirement or "*"), parsed(other.requirement or "*"))


def _enabled(facts: Facts, dependency: Dependency, asked: IndexDependency) -> frozenset[str]:
    """The features that an entry enables, as far as the registry tells what enables what."""
    pending = [*asked.features, *([_DEFAULT] if asked.default_features else [])]
    published = facts.published(dependency.package)
    versions = () if isinstance(published, Unknown) else published.versions
    newest = next(releases(facts, dependency.package, matching(parsed(asked.requirement), versions)[:1]), None)
    features = {} if newest is None or isinstance(newest, Unknown) else newest.features
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += (one for one in features.get(name, ()) if "/" not in one and not one.startswith("dep:"))
    return frozenset(found)


def _listed(names: Sequence[str]) -> str:
    return f"feature{'s' if len(names) > 1 else ''} {', '.join(f'`{one}`' for one in names)}"
