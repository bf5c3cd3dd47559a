"""VA007: two packages that link the same native library, which cargo allows one package of a build alone.

Within a crate's own resolution cargo refuses it.  Between crates of the stack it is a warning: nobody can use both.
"""

from __future__ import annotations

from batuta_hooks.checks.offered import matching, releases
from batuta_hooks.checks.requirements import (
    at_line,
    judged_manifests,
    lockfile_of,
    needs_registry,
    parsed,
)
from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import DEV

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from batuta_hooks.checks.meeting import Need
    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency, Manifest
    from batuta_hooks.domain.publishable import Reason
    from batuta_hooks.domain.shelf import Shelf

    Linked = Callable[[Dependency], str | None]


def find(facts: Facts) -> Iterator[Finding]:
    """Judge each package's own resolution, unless a lock file shows that cargo found one.

    In a check of the whole stack the judge of publications has resolved what may be published, and its reason is told
    as a finding (`batuta_hooks.stack.check`).
    """
    shelf: Shelf | None = None
    held: _Held = {}
    for manifest in judged_manifests(facts):
        assert manifest.package is not None
        if (facts.is_whole and manifest.package.is_bound_for_crates_io) or _is_locked(facts, manifest, held):
            continue
        if shelf is None:
            from batuta_hooks.domain.shelf import Shelf

            shelf = Shelf(facts.published, facts.release)
        yield from _own(facts, manifest, shelf)


def find_beside(facts: Facts, linked: Linked | None = None) -> Iterator[Finding]:
    """Judge what the packages need beside the other crates of the stack.

    Args:
        linked: what `linking` gives, where manifests are judged one by one.
    """
    linked = linked or linking(facts)
    for manifest in judged_manifests(facts):
        yield from _beside_the_stack(facts, manifest, linked)


_Held = dict[tuple[str, str, str | None], bool]
"""By lock file, package and requirement: whether the one holds a version of the other that the third admits."""


def _is_locked(facts: Facts, manifest: Manifest, known: _Held) -> bool:
    """Whether the lock file holds a version for each requirement: then cargo has found what goes together."""
    lock = lockfile_of(facts, manifest)
    if lock is None:
        return False
    from batuta_hooks.checks.lock_graph import graph_of

    graph = graph_of(lock)
    for dependency, requirement in needs_registry(facts, manifest):
        place = lock.path, dependency.package, dependency.requirement
        is_held = known.get(place)
        if is_held is None:
            versions = tuple([one.version for one in graph.named(dependency.package)])
            is_held = known[place] = bool(matching(requirement, versions))
        if not is_held:
            return False
    return True


def _own(facts: Facts, manifest: Manifest, shelf: Shelf) -> Iterator[Finding]:
    from batuta_hooks.checks.publishable_needs import clash_reason, needs_of, published_form
    from batuta_hooks.domain.resolution import LINKS, Resolver
    from batuta_hooks.domain.shelf import MissingFeature

    release = published_form(manifest)
    needed = {(one.name, one.kind) for one, _ in needs_registry(facts, manifest)}
    kinds = {"normal": "dependencies", "dev": "dev-dependencies", "build": "build-dependencies"}
    kept = tuple(one for one in release.dependencies if (one.name, kinds[one.kind]) in needed)
    needs = needs_of(release._replace(dependencies=kept)) if kept else ()
    if isinstance(needs, MissingFeature) or not needs:
        return
    clash = Resolver(shelf).resolve([(need, "") for need in needs], release.links).clash
    if clash is not None and clash.kind == LINKS:
        yield links_finding(manifest, clash_reason(facts, manifest, clash))


def links_finding(manifest: Manifest, reason: Reason) -> Finding:
    """A clash of native libraries in a package's own resolution, at its own entry or at the line with its name."""
    from batuta_hooks.domain.workspace import position_of

    path, (line, column) = manifest.path, position_of(manifest.text, (manifest.package_key, "name"))
    if reason.path:
        path, line, column = reason.path, reason.line, 1
    package = reason.message.split("`")[1]
    message = f"{reason.message} ({manifest.name} needs both)"
    fix = f"require versions that need one `{package}`; `cargo tree --invert {package}` shows who needs it"
    return Finding(path, line, column, "VA007", ERROR, message, fix, manifest.name, package)


def _beside_the_stack(facts: Facts, manifest: Manifest, linked: Linked) -> Iterator[Finding]:
    """Dependencies that another crate of the stack needs in another bucket, and that link a native library."""
    disputed = [one for one in manifest.dependencies if facts.stack.whole.is_disputed(one.package)]
    if not disputed:
        return
    from batuta_hooks.checks.meeting import meeting_of

    meeting = meeting_of(facts.stack.whole)
    for dependency in disputed:
        if dependency.kind == DEV or dependency.requirement is None:
            continue
        newer = meeting.newer_against(dependency.package, dependency.requirement)
        if not newer:
            continue
        own = next(iter(meeting.needs_of(facts.repository, manifest, dependency)), None)
        if own is None:
            continue
        is_met = any(other.crate.name != own.crate.name for other in newer)
        library = linked(dependency) if is_met else None
        for other in newer if library is not None else ():
            if other.crate.name != own.crate.name and library == linked(other.dependency):
                message = (
                    f'`{dependency.package}` "{own.text}" of `{manifest.name}` and "{other.text}" of '
                    f"`{other.crate.name}` ({other.crate.repository}/{other.crate.manifest_path}) link `{library}` "
                    "both: no build can hold the two crates"
                )
                fix = f'require `{dependency.package}` "{other.text}" here too'
                yield at_line(facts, manifest, dependency, "VA007", WARNING, message, fix)
                break


def suspected_beside(facts: Facts, package: str, linked: Linked) -> Iterator[Need]:
    """The needs of a package that `find_beside` may have something to say of."""
    from batuta_hooks.checks.meeting import meeting_of

    meeting = meeting_of(facts.stack.whole)
    for need in meeting.brief(package):
        if need.is_dev or need.crate.repository != facts.repository:
            continue
        newer = meeting.newer_against(package, need.text)
        if any(other.crate.name != need.crate.name for other in newer) and linked(need.dependency) is not None:
            yield need


def linking(facts: Facts) -> Linked:
    """What gives the native library of the newest version that meets a requirement, once for each that is written."""
    known: dict[tuple[str, str | None], str | None] = {}

    def linked(dependency: Dependency) -> str | None:
        place = dependency.package, dependency.requirement
        if place not in known:
            known[place] = _links(facts, dependency)
        return known[place]

    return linked


def _links(facts: Facts, dependency: Dependency) -> str | None:
    """The native library of the newest version that meets a requirement."""
    published = facts.published(dependency.package)
    if isinstance(published, Unknown) or dependency.requirement is None:
        return None
    versions = matching(parsed(dependency.requirement), published.versions)
    release = next(releases(facts, dependency.package, versions[:1]), None)
    return None if release is None or isinstance(release, Unknown) else release.links
