"""VA001, VA002: requirements that nothing on the registry satisfies, or yanked versions alone.

cargo resolves every requirement of a package that it publishes against the registry, optional ones, those of other
platforms and dev ones with a version among them (docs/cargo-rules.md).  A version that the stack is about to publish,
because its checkout has it or a release under way plans it, counts as published.
"""

from __future__ import annotations

from batuta_hooks.checks.requirements import (
    at_line,
    is_matched,
    judged_manifests,
    needs_registry,
    newest_matching,
    read_all,
    write_requirement,
)
from batuta_hooks.domain.finding import ERROR, Finding, Unknown
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.domain.facts import Facts, Published
    from batuta_hooks.domain.manifest import Dependency, Manifest
    from batuta_hooks.domain.semver import Requirement


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Judge what the manifests require of the registry; what it is not known to have or to lack is an `Unknown`."""
    met: set[tuple[str, str | None]] = set()
    for manifest in judged_manifests(facts):
        for dependency, requirement in needs_registry(facts, manifest):
            place = dependency.package, dependency.requirement
            if place in met:
                continue
            published = facts.published(dependency.package)
            if not isinstance(published, Unknown) and is_matched(requirement, published.versions):
                met.add(place)
            else:
                yield from _judge(facts, manifest, dependency, requirement)


def unsettled(facts: Facts) -> Iterator[str]:
    """The crates of which the registry's answer lacks what is required and is too old to count against it."""
    for said in find(facts):
        if isinstance(said, Unknown) and not isinstance(facts.published(said.crate), Unknown):
            yield said.crate


def _judge(
    facts: Facts, manifest: Manifest, dependency: Dependency, requirement: Requirement
) -> Iterator[Finding | Unknown]:
    published = facts.published(dependency.package)
    if isinstance(published, Unknown):
        if not is_coming(facts, manifest.name, dependency.package, requirement):
            question = f"is `{dependency.requirement}`, which `{manifest.name}` requires, published?"
            yield Unknown(published.crate, f"{question} {published.why}")
        return
    if is_matched(requirement, published.versions) or is_coming(
        facts, manifest.name, dependency.package, requirement, published
    ):
        return
    yanked = newest_matching(requirement, published.yanked)
    if yanked is not None:
        message = f"{_needed(manifest, dependency)} is met by yanked versions alone, such as {yanked}"
        yield at_line(facts, manifest, dependency, "VA002", ERROR, message, _mend(facts, dependency, published))
    elif is_above_all(requirement, published) and not is_settled(facts, published):
        newest = max(read_all((*published.versions, *published.yanked)), default=None)
        known = f"is above {newest}, the newest version known" if newest else "is of a crate that was not there"
        why = f"`{dependency.requirement}`, which `{manifest.name}` requires, {known} when the registry was last asked"
        yield Unknown(dependency.package, f"{why}: `batuta-stack cache warm {dependency.package}` asks again")
    else:
        message = f"{_needed(manifest, dependency)} is met by no published version: {_registry_has(published)}"
        fix = _mend(facts, dependency, published)
        yield at_line(facts, manifest, dependency, "VA001", ERROR, message + _beside(facts, dependency), fix)


def is_coming(
    facts: Facts, dependent: str, package: str, requirement: Requirement, published: Published | None = None
) -> bool:
    """Whether the stack has a version yet to be published that meets a requirement.

    Args:
        dependent: the name of the crate that requires it: no crate waits for itself.
        published: what the registry holds; a version that is there, yanked or not, is not to come.
    """
    crate = facts.stack.crate(package)
    texts = list(facts.planned(package))
    if crate is not None and crate.version is not None and crate.is_bound_for_crates_io and package != dependent:
        texts.append(crate.version)
    fitting = [one for one in read_all(texts) if requirement.matches(one)]
    if not fitting or published is None:
        return bool(fitting)
    numbers = tuple([f"{one.major}.{one.minor}.{one.patch}" for one in fitting])
    near = [text for text in (*published.versions, *published.yanked) if text.startswith(numbers)]
    there = {version.precedence for version in read_all(near)}
    return any(one.precedence not in there for one in fitting)


def is_above_all(requirement: Requirement, published: Published) -> bool:
    """Whether a requirement speaks of versions above every known one alone, so that it may be newer than the answer."""
    known = read_all((*published.versions, *published.yanked))
    return all(version.precedence < requirement.at_least for version in known)


def is_settled(facts: Facts, published: Published) -> bool:
    """Whether the registry's answer is no older than the commit that is judged, so that it counts against it."""
    if published.is_of_this_run:
        return True
    committed_at = facts.committed_at()
    return None not in (published.checked_at, committed_at) and published.checked_at >= committed_at  # type: ignore[operator]


def _needed(manifest: Manifest, dependency: Dependency) -> str:
    return f'`{dependency.package}` "{dependency.requirement}", which `{manifest.name}` requires,'


def _registry_has(published: Published) -> str:
    if not published.versions and not published.yanked:
        return "the registry has no crate of this name"
    newest = max(read_all(published.versions), default=None)
    return f"the registry's newest is {newest}" if newest else "all that the registry has are yanked"


def _beside(facts: Facts, dependency: Dependency) -> str:
    crate = facts.stack.crate(dependency.package)
    version = read_version(crate.version) if crate else None
    return f", its checkout {crate.repository} has {version}" if crate and version else ""


def _mend(facts: Facts, dependency: Dependency, published: Published) -> str:
    from batuta_hooks.domain.requirement_edit import raised

    newest = max((one for one in read_all(published.versions) if not one.pre), default=None)
    if newest is None:
        newest = max(read_all(published.versions), default=None)
    crate = facts.stack.crate(dependency.package)
    if newest is None:
        return f"publish `{dependency.package}` first" if crate else "correct the name, or drop the dependency"
    assert dependency.requirement is not None
    lowered = raised(dependency.requirement, newest, may_lower=True)
    order = write_requirement(facts, dependency, lowered if lowered != dependency.requirement else str(newest))
    admitted = f'a `{dependency.package}` that "{dependency.requirement}" admits'
    return f"{order}; or publish {admitted} first" if crate else order
