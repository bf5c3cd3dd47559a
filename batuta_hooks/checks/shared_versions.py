"""VA005: crates of the stack that need versions of a shared dependency which are not compatible.

Cargo builds such a dependency twice, and its types from one crate do not fit where another crate wants them.  Shared is
what the policy names, and what is exposed along the stack: needed by a crate and by another one that depends on it.
"""

from __future__ import annotations

from batuta_hooks.checks.meeting import Meeting, Need, meeting_of
from batuta_hooks.checks.requirements import at_line, judged_manifests, parsed, write_requirement
from batuta_hooks.domain.finding import ERROR, NOTE, WARNING, Finding
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from batuta_hooks.domain.facts import Facts, Policy
    from batuta_hooks.domain.manifest import Dependency, Manifest
    from batuta_hooks.domain.semver import Version
    from batuta_hooks.domain.stack import Stack

_MOST_NAMED = 3


class Conflict(NamedTuple):
    """A shared dependency that the stack needs in versions that are not compatible.

    Attributes:
        crates: the names of those who need it, sorted.
        versions: what each requires.
        recommendation: one sentence, no full stop.
    """

    dependency: str
    crates: tuple[str, ...]
    versions: tuple[str, ...]
    recommendation: str


def find(facts: Facts) -> Iterator[Finding]:
    """A finding at each requirement that clashes with another crate's and is not the newest of them.

    Where nobody judges the repository whose line has to change, the newest one's line has the finding.
    """
    for manifest in judged_manifests(facts):
        meeting = meeting_of(facts.stack.whole)
        for dependency in meeting.suspects(manifest, lambda package: _is_named(facts.policy, package)):
            for need in meeting.needs_of(facts.repository, manifest, dependency):
                yield from _judge(facts, manifest, meeting, need)


def conflicts(stack: Stack, policy: Policy) -> list[Conflict]:
    """Every shared dependency that a stack needs in versions that are not compatible, dev-dependencies aside."""
    from batuta_hooks.domain.requirement_edit import floor

    meeting = meeting_of(stack.whole)
    found = []
    for package in meeting.packages():
        pairs = [pair for pair in _pairs(meeting, policy, package) if not (pair[0].is_dev or pair[1].is_dev)]
        needs = {(need.crate.name, need.text): need for pair in pairs for need in pair}
        if needs:
            rows = sorted(needs)
            target = _target(list(needs.values()), policy, package)
            behind = sorted({name for (name, _), need in needs.items() if not need.requirement.matches(target)})
            verb = "bring" if any(floor(need.text) > target for need in needs.values()) else "raise"
            advice = f"{verb} `{package}` to {_spelled(target)} in {', '.join(behind)}"
            found.append(Conflict(package, tuple(row[0] for row in rows), tuple(row[1] for row in rows), advice))
    return found


def newest_needed(facts: Facts, manifest: Manifest, dependency: Dependency) -> Version | None:
    """The version that a requirement should come to where it clashes with another crate's; ``None`` where it clashes
    with none, is the newest of them, or only tests would meet.
    """
    meeting = meeting_of(facts.stack.whole)
    for need in meeting.needs_of(facts.repository, manifest, dependency):
        firm = [other for other in _others(meeting, facts.policy, need) if not (need.is_dev or other.is_dev)]
        target = _target([need, *firm], facts.policy, dependency.package) if firm else None
        if target is not None and not need.requirement.matches(target):
            return target
    return None


def duplicates(stack: Stack, told: Collection[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Each other package that crates of the stack need in versions that are not compatible, and what is required.

    Nothing exposes them, so that where they meet in a build they cost time and nothing else.

    Args:
        told: those that `conflicts` tells of.
    """
    meeting = meeting_of(stack.whole)
    found = []
    for package in meeting.packages():
        pairs = meeting.clashes(package, everywhere=True) if package not in told else []
        texts = {need.text for pair in pairs for need in pair}
        if texts:
            found.append((package, tuple(sorted(texts))))
    return found


def suspected(facts: Facts, package: str) -> Iterator[Need]:
    """The needs of a package that `find` may have something to say of."""
    yield from meeting_of(facts.stack.whole).suspected(package, lambda name: _is_named(facts.policy, name))


def is_shared(meeting: Meeting, policy: Policy, package: str) -> bool:
    """Whether a package is named by the policy or exposed along the stack."""
    return _is_named(policy, package) or meeting.is_exposed(package)


def _is_named(policy: Policy, package: str) -> bool:
    return package in policy.versions or package in policy.shared


def _pairs(meeting: Meeting, policy: Policy, package: str) -> Sequence[tuple[Need, Need]]:
    clashes = meeting.clashes(package, everywhere=_is_named(policy, package))
    if not clashes or is_shared(meeting, policy, package):
        return clashes
    # a crate whose tests need it, and a crate that these hold: exposed to the tests alone
    return [pair for pair in clashes if pair[0].is_dev or pair[1].is_dev]


def _others(meeting: Meeting, policy: Policy, need: Need) -> list[Need]:
    """The needs that one clashes with, by the rule of `_pairs`."""
    package = need.dependency.package
    others = meeting.clashing_with(need, everywhere=_is_named(policy, package))
    if not others or need.is_dev or is_shared(meeting, policy, package):
        return others
    return [other for other in others if other.is_dev]


def _judge(facts: Facts, manifest: Manifest, meeting: Meeting, need: Need) -> Iterator[Finding]:
    package = need.dependency.package
    others = _others(meeting, facts.policy, need)
    firm = [other for other in others if not (need.is_dev or other.is_dev)]
    if not others:
        return
    severity = NOTE if not firm else ERROR if package in facts.policy.versions else WARNING
    named = firm or others
    target = _target([need, *named], facts.policy, package)
    behind = [other for other in named if not other.requirement.matches(target)]
    if need.requirement.matches(target) and (
        facts.is_whole or all(other.crate.repository == facts.repository for other in behind)
    ):
        return
    message = (
        f'`{package}` "{need.text}", which `{manifest.name}` {"tests with" if need.is_dev else "requires"}, is not '
        f"compatible with {_listed(facts, meeting, need, named)}"
    )
    yield at_line(facts, manifest, need.dependency, "VA005", severity, message, _mend(facts, need, target, behind))


def _listed(facts: Facts, meeting: Meeting, need: Need, others: Sequence[Need]) -> str:
    words = [_described(facts, meeting, need, other) for other in others[:_MOST_NAMED]]
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return ", ".join(words) + more


def _described(facts: Facts, meeting: Meeting, need: Need, other: Need) -> str:
    relation = ""
    if meeting.depends(other.crate.name, need.crate.name):
        relation = ", which depends on it"
    elif meeting.depends(need.crate.name, other.crate.name):
        relation = ", on which it depends"
    return f'"{other.text}" of `{other.crate.name}` ({_place(facts, other)}{relation})'


def _place(facts: Facts, need: Need) -> str:
    crate = need.crate
    return crate.manifest_path if crate.repository == facts.repository else f"{crate.repository}/{crate.manifest_path}"


def _target(needs: Sequence[Need], policy: Policy, package: str) -> Version:
    """The version that all should come to: the lower end of the newest need, as far as the policy admits it."""
    from batuta_hooks.domain.requirement_edit import floor

    written = policy.versions.get(package)
    allowed = [need for need in needs if written is None or overlap(need.requirement, parsed(written))]
    newest = max((floor(need.text) for need in allowed), default=None)
    if written is not None and (newest is None or newest < floor(written)):
        return floor(written)
    assert newest is not None
    return newest


def _spelled(version: Version) -> str:
    text = str(version)
    return text.removesuffix(".0").removesuffix(".0") if not version.pre else text


def _mend(facts: Facts, need: Need, target: Version, behind: Sequence[Need]) -> str:
    from batuta_hooks.domain.requirement_edit import raised

    package = need.dependency.package
    if not need.requirement.matches(target):
        own = raised(need.text, target, may_lower=True)
        return write_requirement(facts, need.dependency, own if own != need.text else _spelled(target))
    places = ", ".join(dict.fromkeys(_place(facts, other) for other in behind[:_MOST_NAMED]))
    return f'require `{package}` "{_spelled(target)}" in {places}'
