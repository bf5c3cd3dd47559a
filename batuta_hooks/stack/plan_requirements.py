"""The requirements of a plan: which follow the versions of the stack, and which dependents that forces into the plan.

A requirement is only ever raised; operator and precision are kept (`batuta_hooks.domain.requirement_edit`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.requirement_edit import raised
from batuta_hooks.domain.semver import InvalidRequirement, Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.plan_values import RequirementUpdate
from batuta_hooks.stack.plan_versions import admits, is_published, usable_versions
from batuta_hooks.stack.release_facts import CrateFacts, Need, Place, StackFacts, needing

KEEP = "keep"


class Requirements:
    """Decides about requirements.

    Args:
        facts: the stack.
        nexts: the versions that crates of the plan go out at.
        planned: the crates of the plan.

    Attributes:
        edits: what is written where now, and what after the release, by repository and place.
    """

    def __init__(self, facts: StackFacts, nexts: Mapping[str, Version], planned: Collection[str]) -> None:
        self._facts = facts
        self._nexts = nexts
        self._planned = planned
        self._targets: dict[str, Version | None] = {}
        self._needing = needing(facts)
        self.edits: dict[tuple[str, Place], tuple[str, str]] = self._edits()

    def _target(self, package: str) -> Version | None:
        """The version that a stack crate's checkout has after this release, if it is published then."""
        if package not in self._targets:
            self._targets[package] = self._find_target(package)
        return self._targets[package]

    def _find_target(self, package: str) -> Version | None:
        if package in self._nexts:
            return self._nexts[package]
        crate = self._facts.crates.get(package)
        version = read_version(crate.version) if crate else None
        if crate is None or version is None or not is_published(crate, version):
            return None
        is_usable = any(one.precedence == version.precedence for one in usable_versions(crate.published))
        return version if is_usable else None

    def _edits(self) -> dict[tuple[str, Place], tuple[str, str]]:
        found = {}
        for name in sorted(self._planned):
            crate = self._facts.crates[name]
            for need in crate.needs:
                after = self._after(crate, need)
                if need.requirement is not None and after != need.requirement:
                    found[crate.repository, need.place] = (need.requirement, after)
        return found

    def _after(self, crate: CrateFacts, need: Need) -> str:
        text, target = need.requirement or "", self._target(need.package)
        if need.requirement is None or target is None or need.package == crate.name:
            return text
        must = need.package in self._nexts and not admits(text, target)
        if need.kind == DEV:
            must = not admits(text, target) and need.has_path
        keeps = self._facts.repositories[crate.repository].release.requirements == KEEP
        if not must and (keeps or need.kind == DEV):
            return text
        try:
            return raised(text, target)
        except InvalidRequirement:
            return text

    def updates(self, crate: CrateFacts) -> Iterator[RequirementUpdate]:
        """The updates that a crate's release brings with it: its own, and those of crates here that never go out.

        The latter stand in the same repository and have a path to it, so that cargo would not load them otherwise.
        """
        for need in crate.needs:
            edit = self.edits.get((crate.repository, need.place))
            if edit:
                yield RequirementUpdate(crate.name, need.package, *edit, need.place, need.has_path)
        version = self._nexts.get(crate.name)
        for other, need in self._needing.get(crate.name, ()):
            if other.repository != crate.repository or other.is_publishable:
                continue
            if need.has_path and need.requirement is not None and not admits(need.requirement, version):
                after = _raised(need.requirement, version)
                if (crate.repository, need.place) not in self.edits:
                    yield RequirementUpdate(other.name, crate.name, need.requirement, after, need.place, True)

    def not_admitting(self) -> Iterator[tuple[str, str, str]]:
        """Crates outside of the plan with a requirement that does not admit a version of it: crate, package, clause.

        A requirement that stays as it is, such as one above a backport, brings nobody in who has no path to the crate.
        """
        for name, crate in self._facts.crates.items():
            if name in self._planned or not crate.is_publishable:
                continue
            for need in crate.needs:
                version = self._nexts.get(need.package)
                if version is None or need.requirement is None or (need.kind == DEV and not need.has_path):
                    continue
                stays = _raised(need.requirement, version) == need.requirement
                if not admits(need.requirement, version) and (need.has_path or not stays):
                    yield name, need.package, f"its requirement `{need.requirement}` does not admit {version}"

    def taking_edits(self) -> Iterator[tuple[str, str]]:
        """Crates outside of the plan that inherit a requirement which the plan edits: crate, package."""
        for name, crate in self._facts.crates.items():
            if name in self._planned or not crate.is_publishable:
                continue
            for need in crate.needs:
                if need.inherited and (crate.repository, need.place) in self.edits:
                    yield name, need.package


def _raised(text: str, version: Version | None) -> str:
    try:
        return text if version is None else raised(text, version)
    except InvalidRequirement:
        return text
