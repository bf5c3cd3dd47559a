"""VA006: features that no matching version has.

cargo tries one version after another until all requested features exist; where none has them all, it refuses.
"""

from __future__ import annotations

from batuta_hooks.checks.offered import asked_of, offered_needs, releases
from batuta_hooks.checks.requirements import at_line, judged_manifests
from batuta_hooks.domain.finding import ERROR, Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.shelf import MissingFeature, bundle_of, expand
from batuta_hooks.domain.tree import is_outside, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency
    from batuta_hooks.domain.release import IndexDependency, Release

_MOST_NAMED = 8


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Judge the features that the manifests request of their dependencies."""
    there: set[tuple[str, str | None, tuple[str, ...]]] = set()
    for manifest in judged_manifests(facts):
        said = asked_of(manifest)
        if not said:
            continue
        for dependency in manifest.dependencies:
            asked = said.get(dependency.user_key)
            if asked is not None and dependency.path is not None:
                yield from _at_path(facts, manifest, dependency, asked)
        for dependency, versions in offered_needs(facts, manifest, said):
            asked = said[dependency.user_key]
            place = dependency.package, dependency.requirement, asked.features
            if place in there:
                continue
            found = list(_at_registry(facts, manifest, dependency, asked, versions))
            yield from found
            if not found:
                there.add(place)


def _at_path(facts: Facts, manifest: Manifest, dependency: Dependency, asked: IndexDependency) -> Iterator[Finding]:
    """cargo takes the crate of the repository itself, whatever the registry has."""
    path = join(dependency.folder, f"{dependency.path}/Cargo.toml")
    end = None if is_outside(path) else facts.manifests.resolve(path)
    if not isinstance(end, Manifest) or end.package is None or end.name != dependency.package:
        return
    from batuta_hooks.domain.packaged import as_release

    release = as_release(end, keeps_all=True)
    lacking = _lacking(release, asked.features)
    if lacking:
        yield _finding(facts, manifest, dependency, lacking, f"in {path}", release.features)


def _at_registry(
    facts: Facts, manifest: Manifest, dependency: Dependency, asked: IndexDependency, versions: Sequence[str]
) -> Iterator[Finding | Unknown]:
    nowhere = set(asked.features)
    newest: Release | None = None
    for release in releases(facts, dependency.package, versions):
        if isinstance(release, Unknown):
            yield Unknown(release.crate, f"has it the features that `{manifest.name}` requests? {release.why}")
            return
        lacking = _lacking(release, asked.features)
        if not lacking:
            return
        newest = newest or release
        nowhere &= set(lacking)
    if newest is not None:
        together = sorted(nowhere) or list(asked.features)
        where = f'in any published version that "{dependency.requirement}" matches (newest {newest.version})'
        where += "" if nowhere else ", not all of them in one"
        yield _finding(facts, manifest, dependency, together, where, newest.features)


def _lacking(release: Release, wanted: Sequence[str]) -> list[str]:
    bundle = bundle_of(release)
    found = {one: expand(bundle, frozenset((one,)), default=False) for one in wanted}
    return [one for one, needs in found.items() if isinstance(needs, MissingFeature) and not needs.is_circular]


def _finding(
    facts: Facts,
    manifest: Manifest,
    dependency: Dependency,
    lacking: Sequence[str],
    where: str,
    there: Collection[str],
) -> Finding:
    from difflib import get_close_matches

    names = _listed(lacking)
    message = f"`{dependency.package}` has no {names} {where}, which `{manifest.name}` requests"
    near = [found for one in lacking for found in get_close_matches(one, sorted(there), n=1)]
    if near:
        fix = f"did you mean {_listed(near)}?"
    else:
        fix = f"drop {names}, or require a version of `{dependency.package}` that has it"
    return at_line(facts, manifest, dependency, "VA006", ERROR, message, fix)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(f"`{one}`" for one in names[:_MOST_NAMED]) + more
    return f"feature{'s' if len(names) > 1 else ''} {listed}"
