"""What a user of a crate would get: its dependencies resolved over what the registry has, where no lock file tells.

Counted is what cargo locks for whoever requires the crate with its default features: normal and build dependencies, of
all platforms, and the optional ones that its features ask for; never those of its tests.
"""

from __future__ import annotations

from batuta_hooks.checks.namesakes import is_stranger
from batuta_hooks.checks.publishable_needs import published_form
from batuta_hooks.checks.requirements import at_line
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.resolution import Resolution, Resolver
from batuta_hooks.domain.shelf import MissingFeature, Need, Shelf, bundle_of, expand
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from batuta_hooks.domain.manifest import Manifest
    from batuta_hooks.domain.release import Release
    from batuta_hooks.domain.shelf import Offer

RESOLVED, REFUSED, OPEN = "resolved", "refused", "unknown"


class Held(NamedTuple):
    """A shared dependency in what a user gets.

    Attributes:
        versions: one for each bucket, oldest first.
        chains: for each of them the shortest way to it, `name version` by `name version`, the crate itself first.
    """

    dependency: str
    versions: tuple[str, ...]
    chains: tuple[tuple[str, ...], ...]


class Downstream(NamedTuple):
    """What a user of a crate would get.

    Attributes:
        verdict: `resolved`; `refused`, where no choice of versions meets all needs; `unknown`, where not all that it
            reaches could be looked at, or the search was given up.
        why: who needs what that cannot be met, as a chain; or what was not looked at.
        shared: the shared dependencies that were reached.
        not_cached: how many crates could not be looked at.
        unseen: their names, sorted.
        repository: the crate's checkout, as the stack spells it.
    """

    crate: str
    version: str
    verdict: str
    why: str
    shared: tuple[Held, ...]
    not_cached: int = 0
    repository: str = "."
    unseen: tuple[str, ...] = ()


def as_if_published(facts: Facts, releases: Mapping[str, Sequence[Release]]) -> Facts:
    """The same facts with more releases on the registry; of a crate about which nothing is known nothing is added."""

    def published(package: str) -> Published | Unknown:
        known = facts.published(package)
        more = [one.version for one in releases.get(package, ())]
        if isinstance(known, Unknown) or not more:
            return known
        listed = (*known.versions, *(one for one in more if one not in known.versions))
        return known._replace(versions=listed, yanked=tuple(one for one in known.yanked if one not in more))

    def release(package: str, version: str) -> Release | Unknown | None:
        found = facts.release(package, version)
        return found or next((one for one in releases.get(package, ()) if one.version == version), None)

    return facts._replace(published=published, release=release)


def look(manifest: Manifest, shelf: Shelf, is_shared: Callable[[str], bool]) -> Downstream:
    """Resolve a package as its user would.

    Args:
        shelf: what the registry has.
        is_shared: whether it matters in which versions a package is there.
    """
    release = published_form(manifest)
    kept = release._replace(dependencies=tuple(one for one in release.dependencies if one.registry is None))
    own = f"{release.name} {release.version}"
    needs = expand(bundle_of(kept), frozenset(), default=True)
    if isinstance(needs, MissingFeature):
        return Downstream(release.name, release.version, REFUSED, f"its feature {needs.fault}", ())
    found = Resolver(shelf).resolve([(need, "") for need in needs], release.links)
    chains = _chains(shelf, own, needs, found.met)
    verdict, why = _verdict(found, own, chains)
    bare = next((one.package for one in manifest.dependencies if one.requirement is None and one.kind != DEV), None)
    if verdict == RESOLVED and bare is not None:
        verdict, why = OPEN, f"not all looked at, `{bare}` has no version, so that nobody can publish this"
    shared = tuple(_held(found.chosen, chains, is_shared))
    unseen = tuple(sorted(name for name, why in found.unseen.items() if not is_stranger(why.why)))
    return Downstream(release.name, release.version, verdict, why, shared, len(unseen), unseen=unseen)


def _verdict(found: Resolution, own: str, chains: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    if found.clash is not None:
        need, by = found.clash.need, found.clash.by
        chain = " -> ".join((*chains.get(by, (by,) if by else (own,)), f"{need.package} {need.requirement}"))
        return REFUSED, f"{chain}: {found.clash.kind}{f' ({found.clash.detail})' if found.clash.detail else ''}"
    if found.is_given_up:
        return OPEN, "which versions go together took too long to find out"
    others = [name for name, why in found.unseen.items() if is_stranger(why.why)]
    if others:
        return OPEN, f"not looked at, `{min(others)}` on the registry is another project's"
    if found.unseen:
        count = len(found.unseen)
        crates = "1 crate is" if count == 1 else f"{count} crates are"
        return OPEN, f"not looked at, {crates} not cached: `batuta-stack cache warm --transitive`"
    return RESOLVED, ""


def _chains(
    shelf: Shelf, own: str, needs: Sequence[Need], met: Mapping[Need, Offer | None]
) -> dict[str, tuple[str, ...]]:
    """The shortest way to each chosen version, by `name version`; the package itself comes first."""
    found: dict[str, tuple[str, ...]] = {"": (own,)}
    ways: dict[Need, tuple[str, ...]] = dict.fromkeys(needs, (own,))
    pending = list(ways)
    for need in pending:  # grows while it is gone through
        offer = met.get(need)
        if offer is None:
            continue
        name = f"{need.package} {offer.text}"
        way = (*ways[need], name)
        found.setdefault(name, way)
        # whoever wants more features of a version leads on to more than who met it first
        further = shelf.needs(need, offer)
        for one in () if isinstance(further, (Unknown, MissingFeature)) else further:
            if one not in ways:
                ways[one] = way
                pending.append(one)
    return found


def _held(
    chosen: Mapping[tuple[str, str, tuple[int, ...]], Offer],
    chains: Mapping[str, tuple[str, ...]],
    is_shared: Callable[[str], bool],
) -> list[Held]:
    offers: dict[str, list[Offer]] = {}
    for (package, _, _), offer in chosen.items():
        offers.setdefault(package, []).append(offer)
    found = []
    for package in sorted(name for name in offers if is_shared(name)):
        ordered = sorted(offers[package], key=lambda one: one.version.precedence)
        ways = tuple(chains.get(f"{package} {one.text}", ()) for one in ordered)
        found.append(Held(package, tuple(one.text for one in ordered), ways))
    return found


def split_finding(facts: Facts, manifest: Manifest, held: Held) -> Finding | None:
    """VA005 for a shared dependency that a user gets more than once, at the dependency that the oldest comes with."""
    first = held.chains[0]
    if len(held.versions) < 2 or len(first) < 2:
        return None
    package = first[1].partition(" ")[0]
    dependency = next((one for one in manifest.dependencies if one.package == package), None)
    if dependency is None:
        return None
    severity = ERROR if held.dependency in facts.policy.versions else WARNING
    ways = " beside ".join(" -> ".join(way) for way in held.chains)
    message = f"who requires `{manifest.name}` gets `{held.dependency}` {' and '.join(held.versions)}: {ways}"
    newest = read_version(held.versions[-1])
    fix = f"require a `{package}` that needs `{held.dependency}` {newest}, or have it released"
    return at_line(facts, manifest, dependency, "VA005", severity, message, fix)._replace(dependency=held.dependency)
