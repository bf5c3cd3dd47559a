"""What a package needs to be resolved as cargo resolves it before it uploads, and a failure of that as a reason."""

from __future__ import annotations

from batuta_hooks.domain.manifest import Dependency, Manifest, read_patches
from batuta_hooks.domain.packaged import as_release
from batuta_hooks.domain.resolution import ABSENT, CIRCLE, FEATURE, LINKS, RIVAL, UNMATCHED, YANKED, Clash, Resolution
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.shelf import MissingFeature, Need, Offer, bundle_of, expand
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.tree import join
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.publishable import Reason
    from batuta_hooks.domain.release import Release

_CODES = {ABSENT: "VA001", UNMATCHED: "VA001", YANKED: "VA002", FEATURE: "VA006", LINKS: "VA007", RIVAL: "", CIRCLE: ""}


def needs_of(release: Release) -> tuple[Need, ...] | MissingFeature:
    """What must be found: dependencies of all kinds and targets, with all features; those of other registries not.

    Args:
        release: the package as it would be published.
    """
    kept = release._replace(dependencies=tuple(one for one in release.dependencies if one.registry is None))
    bundle = bundle_of(kept, dev=True)
    return expand(bundle, frozenset(bundle.features), default=True)


def published_form(manifest: Manifest) -> Release:
    """The package as it would be published, without what makes cargo refuse it before it looks at the registry."""
    refused = {one.name for one in manifest.dependencies if one.requirement is None}
    release = as_release(manifest)
    return release._replace(dependencies=tuple(one for one in release.dependencies if one.name not in refused))


def patched_by_configuration(facts: Facts) -> dict[str, Version]:
    """The crates that a cargo configuration of the repository's own puts a folder in the place of, with its version.

    cargo counts these even for what it packages, and nobody notices that no registry has such a version.
    """
    found = {}
    for path in (".cargo/config.toml", ".cargo/config"):
        data = facts.manifests.tree.read(path)
        if not isinstance(data, bytes):
            continue
        try:
            table = read_toml(data).get("patch", {}).get("crates-io", {})
            entries = list(read_patches({"patch": {"crates-io": table}}, path))
        except (TomlFault, AttributeError, TypeError):
            return {}  # PD004 says what is wrong with it
        for entry in entries:
            end = facts.manifests.resolve(join("", f"{entry.dependency.path}/Cargo.toml"))
            package = end.package if isinstance(end, Manifest) else None
            if package is not None and package.name == entry.dependency.package and package.version is not None:
                found[package.name] = Version.parse(package.version)
    return found


def clash_reason(facts: Facts, manifest: Manifest, clash: Clash) -> Reason:
    """A need that the registry cannot meet, at the manifest line or the index line that has it."""
    from batuta_hooks.domain.publishable import Reason  # most needs are met

    need, code = clash.need, _CODES[clash.kind]
    message = _message(clash)
    if clash.kind == CIRCLE:
        return Reason(message, code, "", "", 0, clash.by, is_own=False)
    if clash.by:
        return Reason(f"{message}, which {clash.by} requires", code, "", "", 0, clash.by, is_own=False)
    dependency = find_dependency(manifest, need)
    if dependency is None:
        return Reason(message, code, facts.repository, manifest.path, 1, is_own=False)
    source = facts.manifests.load(dependency.manifest_path)
    text = source.text if isinstance(source, Manifest) else manifest.text
    line = position_of(text, dependency.key)[0]
    return Reason(message, code, facts.repository, dependency.manifest_path, line, is_own=False)


def coming_reasons(facts: Facts, manifest: Manifest, resolution: Resolution) -> Iterator[Reason]:
    """The package's own dependencies that only a version which the registry does not have yet can meet."""
    from batuta_hooks.domain.publishable import Reason

    for dependency in manifest.dependencies:
        for (name, _, _), offer in resolution.chosen.items():
            if name != dependency.package or not offer.is_coming or not _matches(dependency, offer):
                continue
            message = f"`{name}` at `{dependency.requirement}`: the stack has {offer.text}, the registry nothing yet"
            source = facts.manifests.load(dependency.manifest_path)
            text = source.text if isinstance(source, Manifest) else manifest.text
            line = position_of(text, dependency.key)[0]
            yield Reason(message, "VA001", facts.repository, dependency.manifest_path, line, is_own=False)


def _matches(dependency: Dependency, offer: Offer) -> bool:
    return dependency.requirement is not None and Requirement.parse(dependency.requirement).matches(offer.version)


def find_dependency(manifest: Manifest, need: Need) -> Dependency | None:
    """The entry that a need of the package itself comes from."""
    for dependency in manifest.dependencies:
        if dependency.package == need.package and (dependency.requirement or "*") == need.requirement:
            return dependency
    return None


def _message(clash: Clash) -> str:
    name, requirement = clash.need.package, clash.need.requirement
    if clash.kind == CIRCLE:
        return f"versions on the registry need each other in a circle, which cargo refuses: {clash.detail}"
    if clash.kind == ABSENT:
        return f"the registry has no crate `{name}`"
    if clash.kind == UNMATCHED:
        return f"no published version of `{name}` matches `{requirement}` (there are {clash.detail})"
    if clash.kind == YANKED:
        return f"only yanked versions of `{name}` match `{requirement}` ({clash.detail})"
    if clash.kind == FEATURE:
        return f"`{name}` {clash.detail}"
    if clash.kind == LINKS:
        return f"`{name}` {clash.detail}, and one package may"
    return f"`{name}` at `{requirement}` does not go together with {clash.detail}"
