"""VA004: requirements that ``[versions]`` of the configuration does not allow.

Where requirement and policy have no version in common, no lock file helps.  Where the requirement merely begins below
the policy, a Cargo.lock that holds a newer version lifts it; without one, cargo may choose what the policy rules out.
"""

from __future__ import annotations

from batuta_hooks.checks.requirements import at_line, judged_manifests, lockfile_of, read_all, write_requirement
from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.requirement_edit import floor
from batuta_hooks.domain.semver import Requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.manifest import Dependency, Manifest


def find(facts: Facts) -> Iterator[Finding]:
    """Compare each requirement on a package that the policy names with what it says."""
    policies = {name: Requirement.parse(text) for name, text in facts.policy.versions.items()}
    if not policies:
        return
    for manifest in judged_manifests(facts):
        for dependency in manifest.dependencies:
            policy = policies.get(dependency.package)
            if policy is None or dependency.requirement is None:
                continue
            requirement = Requirement.parse(dependency.requirement)
            if not overlap(requirement, policy):
                yield _finding(facts, manifest, dependency, ERROR, "has no version in common with")
            # by the versions that they speak of: `54` begins where `54.0.0` does
            elif floor(dependency.requirement) < floor(facts.policy.versions[dependency.package]) and not _is_lifted(
                facts, manifest, dependency, policy
            ):
                yield _finding(facts, manifest, dependency, WARNING, "begins below")


def _is_lifted(facts: Facts, manifest: Manifest, dependency: Dependency, policy: Requirement) -> bool:
    """Whether the lock file holds versions of the package that meet the requirement, and all of them the policy."""
    assert dependency.requirement is not None
    requirement, lock = Requirement.parse(dependency.requirement), lockfile_of(facts, manifest)
    versions = [one.version for one in lock.packages if one.name == dependency.package] if lock else []
    found = [version for version in read_all(versions) if requirement.matches(version)]
    return bool(found) and all(policy.matches(version) for version in found)


def _finding(facts: Facts, manifest: Manifest, dependency: Dependency, severity: str, relation: str) -> Finding:
    from batuta_hooks.domain.requirement_edit import raised

    written, policy = dependency.requirement, facts.policy.versions[dependency.package]
    assert written is not None
    message = (
        f'`{dependency.package}` "{written}", which `{manifest.name}` requires, {relation} the stack\'s policy '
        f'"{policy}" in [versions]'
    )
    lowest = floor(policy)
    fitting = raised(written, lowest, may_lower=True)
    if floor(fitting) < lowest or not overlap(Requirement.parse(fitting), Requirement.parse(policy)):
        fitting = policy
    return at_line(
        facts, manifest, dependency, "VA004", severity, message, write_requirement(facts, dependency, fitting)
    )
