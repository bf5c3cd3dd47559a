"""Findings in short: what stands in the manifest, and the entry to write instead."""

from __future__ import annotations

from batuta_hooks.checks.path_ends import path_end
from batuta_hooks.domain.dependency_entry import spell_key, spell_value, versioned_entry
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.tree import is_outside
from batuta_hooks.domain.workspace import position_of
from batuta_hooks.stack.verdict import Issue

_TYPES = {
    "PD001": "path_dependency",
    "PD002": "git_dependency",
    "PD003": "path_dependency",
    "PD004": "patch",
    "PD005": "wildcard_requirement",
    "PD006": "registry_dependency",
    "PD007": "path_dependency",
    "PD008": "unreadable_manifest",
    "VA001": "unpublished_version",
    "VA002": "yanked_version",
    "VA003": "checkout_version",
    "VA004": "version_policy",
    "VA005": "version_conflict",
    "VA009": "lock_file",
    "VA010": "dependency_cycle",
}
_BY_VERSION = ("wildcard_requirement", *(_TYPES[code] for code in ("VA001", "VA002", "VA003", "VA004", "VA005")))
_SHOWN_KEYS = {"git_dependency": ("git", "branch", "tag", "rev"), "registry_dependency": ("registry", "registry-index")}


def issues_of(facts: Facts, manifest: Manifest | None, findings: tuple[Finding, ...]) -> tuple[Issue, ...]:
    """An issue for each finding, one for all that concern the same entry; ``manifest`` is ``None`` if unreadable."""
    issues: dict[tuple[str, str, int, int], Issue] = {}
    for finding in findings:
        type_ = _TYPES.get(finding.code, finding.code)
        place = (type_, finding.path, finding.line, finding.column)
        if place not in issues:
            dependency = _dependency(facts, manifest, finding) if manifest else None
            issues[place] = _issue(facts, type_, finding, dependency)
    return tuple(issues.values())


def _dependency(facts: Facts, manifest: Manifest, finding: Finding) -> Dependency | None:
    """The entry that a finding stands at, which may be the workspace root's."""
    entries = [*manifest.dependencies, *(patch.dependency for patch in manifest.patches)]
    near = [one for one in entries if one.package == finding.dependency and one.manifest_path == finding.path]
    source = facts.manifests.load(finding.path) if near else None  # else it may be no manifest at all
    text = source.text if isinstance(source, Manifest) else b""
    place = (finding.line, finding.column)
    return next((entry for entry in near if position_of(text, entry.key) == place), None)


def _issue(facts: Facts, type_: str, finding: Finding, dependency: Dependency | None) -> Issue:
    if dependency is None:
        return Issue(type_, finding.dependency, finding.message, finding.fix or None)
    table = {"version": dependency.entry} if isinstance(dependency.entry, str) else dependency.entry
    shown = _SHOWN_KEYS.get(type_, ("version",) if type_ in _BY_VERSION else ("path",))
    current = ", ".join(f"{spell_key(key)} = {spell_value(table[key])}" for key in shown if key in table)
    return Issue(type_, finding.dependency, current, _recommended(facts, finding, dependency))


def _recommended(facts: Facts, finding: Finding, dependency: Dependency) -> str | None:
    if finding.code.startswith("VA"):
        return finding.fix.removeprefix("write ") or None
    if finding.code not in ("PD001", "PD003") or dependency.path is None:
        return None
    end = path_end(facts, dependency)
    requirement = dependency.requirement or (end.version or "").partition("+")[0]
    if not requirement:
        return None
    return versioned_entry(dependency, requirement, keep_source=not is_outside(end.folder))
