"""What others see of a manifest: while that stays the same, what is said of them does too.

A check may be asked of thousands of manifests, one of which has changed.  Which of the others that concerns is told by
comparing the changed one with what it was, from each side that the checks look at.
"""

from __future__ import annotations

from collections.abc import Sequence

from batuta_hooks.checks.builds import leads_to
from batuta_hooks.domain.manifest import DEV, Dependency, Manifest
from batuta_hooks.domain.packaged import as_release
from batuta_hooks.domain.stack import stack_crate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from batuta_hooks.domain.stack import StackCrate

    Find = Callable[[str], StackCrate | None]


def place_of(manifest: Manifest) -> object:
    """What decides for which name a manifest stands in the stack, and to which workspace it belongs."""
    package = manifest.package
    if package is None:
        return None
    return package.name, package.is_publishable, package.workspace, package.is_version_unknown


def face_of(manifest: Manifest) -> object:
    """What `batuta_hooks.checks.version_alignment.find_own` looks at in a crate that another one names."""
    crate = stack_crate(manifest)
    assert crate is not None
    release = as_release(manifest, keeps_all=True)
    needs = [one._replace(requirement="*") for one in release.dependencies]
    return crate._replace(dependencies=()), manifest.package, release._replace(dependencies=tuple(needs))


def lock_face(manifest: Manifest) -> object:
    """What the verdicts on a lock file rest on in a member, but for what `lock_files.stale_by` says of that."""
    needs = [(one.package, one.kind, one.path, one.folder) for one in manifest.dependencies]
    package = manifest.package
    return package and (package.name, package.is_version_unknown), needs


def needs_firmly(manifest: Manifest, package: str) -> bool:
    """Whether a package is required for more than the crate's own tests: who does so decides what is exposed."""
    needs = manifest.dependencies
    return any(one.package == package and one.kind != DEV and one.requirement is not None for one in needs)


def changed_packages(before: Manifest, after: Manifest) -> set[str]:
    """The packages of which a manifest needs something else than before."""
    old, new = _by_package(before), _by_package(after)
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def _by_package(manifest: Manifest) -> Mapping[str, Sequence[Dependency]]:
    found: dict[str, list[Dependency]] = {}
    for dependency in manifest.dependencies:
        found.setdefault(dependency.package, []).append(dependency)
    return found


def inside(manifest: Manifest, find: Find) -> list[Dependency]:
    """A manifest's dependencies on crates of the stack."""
    return [one for one in manifest.dependencies if find(one.package) is not None]


def links_of(manifest: Manifest, find: Find) -> list[tuple[str, bool]]:
    """The crates of the stack to which a manifest leads, each with whether only its tests do.

    Args:
        find: gives a crate of the stack by its name.
    """
    found = ((one, find(one.package)) for one in manifest.dependencies)
    return [(one.package, one.kind == DEV) for one, crate in found if crate is not None and leads_to(one, crate)]
