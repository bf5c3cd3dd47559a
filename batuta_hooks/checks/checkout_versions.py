"""VA003: requirements that do not admit the version of the crate's own checkout.

Where the dependency names a path, cargo takes what stands there and stops if its version does not fit.  Without one it
takes a published version, so that the stack is built and released with another than the one that is worked on.
"""

from __future__ import annotations

from batuta_hooks.checks.requirements import at_line, judged_manifests, write_requirement
from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.tree import is_outside
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency, Manifest


class Checkout(NamedTuple):
    """Where a crate stands, in words, and the version that it has there."""

    place: str
    version: Version
    is_elsewhere: bool


def find(facts: Facts) -> Iterator[Finding]:
    """Compare each requirement with the crate that a path leads to, or that has this name in the stack."""
    for manifest in judged_manifests(facts):
        for dependency in manifest.dependencies:
            if dependency.requirement is None:
                continue
            checkout = (
                at_the_path(facts, dependency) if dependency.path is not None else _by_name(facts, manifest, dependency)
            )
            if checkout is not None and not Requirement.parse(dependency.requirement).matches(checkout.version):
                yield _finding(facts, manifest, dependency, checkout)


def at_the_path(facts: Facts, dependency: Dependency) -> Checkout | None:
    """The crate that a dependency's path leads to; ``None`` where it cannot be read, or is another."""
    from batuta_hooks.checks.path_ends import path_end

    end = path_end(facts, dependency)
    if end.package is not None and end.package.version is None and not end.package.is_version_unknown:
        version = Version(0, 0, 0)  # what cargo takes a package without a version for
    else:
        found = read_version(end.version)
        if found is None:
            return None
        version = found
    return Checkout(f"`{end.folder or '.'}`", version, is_outside(end.folder))


def _by_name(facts: Facts, manifest: Manifest, dependency: Dependency) -> Checkout | None:
    if dependency.package == manifest.name or dependency.registry is not None:
        return None  # another release of itself, or another registry's crate
    crate = facts.stack.crate(dependency.package)
    version = read_version(crate.version) if crate is not None and crate.is_publishable else None
    if crate is None or version is None:
        return None
    is_elsewhere = crate.repository != facts.repository
    place = f"the checkout `{crate.repository}`" if is_elsewhere else f"`{crate.manifest_path}`"
    return Checkout(place, version, is_elsewhere)


def _finding(facts: Facts, manifest: Manifest, dependency: Dependency, checkout: Checkout) -> Finding:
    from batuta_hooks.domain.requirement_edit import floor, raised

    assert dependency.requirement is not None
    is_path = dependency.path is not None
    message = (
        f'`{dependency.package}` "{dependency.requirement}", which `{manifest.name}` requires, does not admit '
        f"{checkout.version}, the version in {checkout.place}"
    )
    if is_path:
        message += ", so cargo cannot build it"
    fitting = raised(dependency.requirement, checkout.version, may_lower=True)
    if fitting == dependency.requirement:
        fitting = str(checkout.version)
    order = write_requirement(facts, dependency, fitting.partition("+")[0])
    if floor(dependency.requirement) > checkout.version:
        older = "bring the checkout up to date" if checkout.is_elsewhere else f"raise its version in {checkout.place}"
        order = f"{older}, or {order}"
    return at_line(facts, manifest, dependency, "VA003", ERROR if is_path else WARNING, message, order)
