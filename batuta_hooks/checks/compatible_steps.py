"""VA011: steps that semver calls compatible and that move a shared dependency to versions which are not.

Whoever requires the crate gets the step without asking, and with it another version of what it shares: two of them in
one build.  Nothing but the last published version's dependencies beside the manifest's shows it before it is released.
"""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.checks.requirements import at_line, judged_manifests
from batuta_hooks.domain.finding import WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import DEV, Manifest
from batuta_hooks.domain.semver import InvalidRequirement, Requirement, Version
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from batuta_hooks.checks.meeting import Meeting
    from batuta_hooks.domain.facts import Facts, Published
    from batuta_hooks.domain.release import Release

_MOST_NAMED = 4


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Compare each manifest's dependencies with those of the version before it that its users come from."""
    for manifest in judged_manifests(facts):
        package = manifest.package
        if package is None or not package.is_bound_for_crates_io:
            continue
        version, published = read_version(package.version), facts.published(package.name)
        if version is None or isinstance(published, Unknown):
            continue  # VA001 and the verdict say that nothing is known
        before = version_before(published, version)
        if before is None:
            continue
        release = facts.release(package.name, before)
        if isinstance(release, Unknown):
            yield Unknown(package.name, f"which dependencies had {before}? {release.why}")
        elif release is not None:
            yield from _compare(facts, manifest, version, release)


def version_before(published: Published, version: Version) -> str | None:
    """The newest published version from which a step to a version is compatible; the version itself if it is there.

    A pre-release only where there is nothing else: nobody gets those without asking.
    """
    begins = ".".join(map(str, version.bucket))
    near = [text for text in published.versions if text.startswith(begins)]
    read = [(one, text) for text in near if (one := read_version(text)) is not None]
    known = [(one, text) for one, text in read if one.bucket == version.bucket and one.precedence <= version.precedence]
    return max(known, key=lambda one: (not one[0].pre, one[0].precedence), default=(None, None))[1]


def moved(before: Release, after: Iterable[tuple[str, str]]) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """The packages that no version meets both before and after, with the requirements of both; dev ones are left out.

    Args:
        after: package and requirement of each dependency of the step's end, dev ones left out.
    """
    old: dict[str, list[str]] = {}
    new: dict[str, list[str]] = {}
    for one in before.dependencies:
        if one.kind != "dev" and one.registry is None:
            old.setdefault(one.package, []).append(one.requirement)
    for package, requirement in after:
        new.setdefault(package, []).append(requirement)
    return {name: (old[name], new[name]) for name in old if name in new and is_apart(old[name], new[name])}


def is_apart(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether no version meets requirements both of before and of after, and their lower ends are not compatible."""
    return set(old).isdisjoint(new) and _is_apart(tuple(old), tuple(new))


@lru_cache(maxsize=4096)  # the crates of a stack move from the same to the same
def _is_apart(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    from batuta_hooks.domain.overlap import overlap
    from batuta_hooks.domain.requirement_edit import floor

    try:
        before, after = ([Requirement.parse(one) for one in texts] for texts in (old, new))
    except InvalidRequirement:
        return False
    if any(overlap(one, other) for one in before for other in after):
        return False
    return {floor(one).bucket for one in old}.isdisjoint(floor(one).bucket for one in new)


def _compare(facts: Facts, manifest: Manifest, version: Version, release: Release) -> Iterator[Finding]:
    needs = [one for one in manifest.dependencies if one.kind != DEV and one.requirement is not None]
    steps = moved(release, ((one.package, one.requirement or "") for one in needs))
    if not steps:
        return
    from batuta_hooks.checks.meeting import meeting_of
    from batuta_hooks.checks.shared_versions import is_shared

    meeting = meeting_of(facts.stack.whole)
    for dependency in needs:
        step = steps.pop(dependency.package, None)
        if step is None or not is_shared(meeting, facts.policy, dependency.package):
            continue
        is_same = read_version(release.version) == version
        says = "what follows it" if is_same else f"the step to {version}"
        message = (
            f'`{dependency.package}` went from "{step[0][0]}" in the published {manifest.name} {release.version} to '
            f'"{dependency.requirement}", and semver calls {says} compatible{_both(meeting, manifest, release)}'
        )
        fix = f'release it as {breaking_version(version)}, or keep `{dependency.package}` at "{step[0][0]}" until then'
        yield at_line(facts, manifest, dependency, "VA011", WARNING, message, fix)


def _both(meeting: Meeting, manifest: Manifest, release: Release) -> str:
    """The crates of the stack that get the step without asking, for they require what was published."""
    published = read_version(release.version)
    assert published is not None
    users = [
        one.crate.name
        for one in meeting.brief(manifest.name)
        if not one.is_dev and one.requirement.matches(published) and one.crate.name != manifest.name
    ]
    names = sorted(set(users))
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED]) + more
    return f": {listed}, which {'require' if len(names) > 1 else 'requires'} that, may get both"


def breaking_version(version: Version) -> Version:
    """The next version that is not compatible."""
    if version.major:
        return Version(version.major + 1, 0, 0)
    return Version(0, version.minor + 1, 0) if version.minor else Version(0, 0, version.patch + 1)
