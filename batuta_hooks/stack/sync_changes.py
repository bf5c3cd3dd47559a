"""What becomes of one dependency entry: another requirement, without its path, or left alone and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from batuta_hooks.checks.path_ends import PathEnd, path_end
from batuta_hooks.checks.shared_versions import newest_needed
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.requirement_edit import floor, raised
from batuta_hooks.domain.semver import Requirement
from batuta_hooks.domain.tree import is_outside
from batuta_hooks.stack.manifest_editor import DependencyEdit
from batuta_hooks.stack.sync_entries import Entry
from batuta_hooks.stack.sync_targets import Target, aligned, raised_to, target_beside_path, target_of
from batuta_hooks.stack.sync_values import Change, Skipped, Wish


class _Step(NamedTuple):
    """An entry on its way: what it requires by now, whether its source goes, and the reasons so far."""

    requirement: str | None
    drops_source: bool = False
    finding: str = ""
    reasons: tuple[str, ...] = ()
    version: str = ""

    def to(self, requirement: str | None, finding: str, reason: str, version: str = "") -> _Step:
        if requirement == self.requirement:
            return self
        return self._replace(
            requirement=requirement,
            finding=self.finding or finding,
            reasons=(*self.reasons, reason),
            version=version or self.version,
        )


class Deciding:
    """Decides what becomes of the entries of one repository.

    Args:
        skip: told of what is left alone though something is wrong with it.
    """

    def __init__(self, facts: Facts, wish: Wish, skip: Callable[[Skipped], None]) -> None:
        self._facts = facts
        self._wish = wish
        self._skip = skip
        self._policy = {**facts.policy.versions, **wish.align}

    def change(self, entry: Entry) -> Change | None:
        """What to change; ``None`` where the entry stays."""
        dependency = entry.dependency
        if dependency.registry is not None:
            return None
        step = self._from_source(entry)
        if step is None:
            return None
        step = self._raise(entry, step)
        step = self._mend_split(entry, step)
        step = self._align(entry, step)
        if step.requirement == dependency.requirement and not step.drops_source:
            return None
        return Change(
            repository=self._facts.repository,
            path=dependency.manifest_path,
            line=0,  # of the old file, which is looked for once all is decided
            crate=entry.crate,
            dependency=dependency.package,
            before=dependency.requirement,
            after=step.requirement,
            finding=step.finding,
            reason="; ".join(step.reasons),
            version=step.version,
            edit=DependencyEdit(
                dependency.key,
                None if step.requirement == dependency.requirement else step.requirement,
                step.drops_source,
            ),
        )

    def _leave(self, entry: Entry, why: str) -> None:
        self._skip(Skipped(self._facts.repository, entry.crate, entry.dependency.package, why))

    def _from_source(self, entry: Entry) -> _Step | None:
        """The entry without a path or repository that a clone does not have; ``None`` where it must stay as it is."""
        dependency = entry.dependency
        step = _Step(dependency.requirement)
        if dependency.path is not None:
            end = path_end(self._facts, dependency)
            if is_outside(end.folder):
                return self._away(entry, step, end)
            if end.trouble:
                self._leave(entry, f"{end.trouble}: {end.fix}")
                return None
            return self._beside_path(entry, step, end)
        if dependency.git is None or dependency.requirement is not None:
            return step
        if self._facts.stack.crate(dependency.package) is None:
            if entry.found:
                self._leave(entry, "its git repository is none of the stack's: require a published version by hand")
            return None
        return self._away(entry, step, None)

    def _away(self, entry: Entry, step: _Step, end: PathEnd | None) -> _Step | None:
        dependency = entry.dependency
        if entry.is_allowed("PD001", "PD002", "PD003"):
            self._leave(entry, "the configuration makes an exception for it")
            return None
        target = target_of(self._facts, dependency.package, self._local(entry, end))
        if target.version is None:
            self._leave(entry, target.why)
            return None
        keeps = bool(self._wish.align) and dependency.requirement is not None
        wanted = floor(dependency.requirement or "*") if keeps else target.version
        after = raised_to(self._facts, dependency.package, dependency.requirement, wanted)
        if after is None:
            first = f"nothing that is published of `{dependency.package}` satisfies `{dependency.requirement}`"
            self._leave(entry, f"{first}: release it first")
            return None
        reasons = ["cargo publishes no git repository" if end is None else "a clone does not have its path"]
        if after != dependency.requirement:
            reasons.append(target.because)
        code = _first(entry, "PD001", "PD002", "PD003", "PD005")
        finding, version = code or ("PD003" if end else ""), "" if keeps else str(target.version)
        return step._replace(
            requirement=after, drops_source=True, finding=finding, reasons=tuple(reasons), version=version
        )

    def _beside_path(self, entry: Entry, step: _Step, end: PathEnd) -> _Step | None:
        """A path that stays: what is published gets a version beside it."""
        dependency = entry.dependency
        is_needed = dependency.requirement is not None or any(use.is_published for use in entry.uses)
        if end.package is None or not is_needed:
            return None
        if entry.is_allowed("PD001", "PD005", "PD007", "VA003"):
            self._leave(entry, "the configuration makes an exception for it")
            return None
        if not end.package.is_publishable:
            if "PD007" in entry.found:
                self._leave(entry, f"`{dependency.package}` is never published, as its manifest says")
            return None
        if self._wish.align and dependency.requirement is not None:
            return step
        written = dependency.requirement
        target = target_beside_path(self._facts, dependency.package, end.version, written)
        if target.version is None:
            if written is None:
                self._leave(entry, target.why)
            return step if written is not None else None
        after = str(target.version)
        if written is not None and not Requirement.parse(written).is_bare_wildcard:
            after = raised(written, target.version)
        code = _first(entry, "PD001", "PD005", "VA003")
        return step.to(after, code, target.because, str(target.version))

    def _raise(self, entry: Entry, step: _Step) -> _Step:
        """The requirement on a crate of the stack at the version that stands for it; never lower."""
        dependency, facts = entry.dependency, self._facts
        written = step.requirement
        crate = facts.stack.crate(dependency.package)
        if written is None or step.reasons or self._wish.align or (dependency.path or dependency.git) is not None:
            return step
        is_any = Requirement.parse(written).is_bare_wildcard
        if crate is None and not (is_any and "PD005" in entry.found):
            return step
        if entry.is_allowed("PD005", "VA001", "VA002", "VA003") or any(
            use.crate == dependency.package for use in entry.uses
        ):
            return step
        if entry.has_rival:
            return step
        target = target_of(facts, dependency.package, crate.version if crate else None)
        return self._raised(entry, step, target)

    def _raised(self, entry: Entry, step: _Step, target: Target) -> _Step:
        if target.version is None:
            if entry.found:
                self._leave(entry, target.why)
            return step
        package = entry.dependency.package
        after = raised_to(self._facts, package, step.requirement, target.version)
        if after is None:
            if entry.found:
                self._leave(entry, f"nothing that is published of `{package}` satisfies `{step.requirement}`")
            return step
        code = _first(entry, "PD005", "VA001", "VA002", "VA003")
        return step.to(after, code, target.because, str(target.version))

    def _mend_split(self, entry: Entry, step: _Step) -> _Step:
        """The requirement at the newest bucket that the stack needs, where check says that it clashes with others."""
        if "VA005" not in entry.found or step.reasons or self._wish.align or step.requirement is None:
            return step
        package = entry.dependency.package
        targets = [newest_needed(self._facts, use.manifest, use.dependency) for use in entry.uses]
        target = max((version for version in targets if version is not None), default=None)
        if target is None:  # the others are the ones that have to move
            return step
        if entry.has_rival:
            self._leave(entry, "it is required twice under different names, so one of them is meant to differ")
            return step
        after = raised_to(self._facts, package, step.requirement, target)
        if after is None:
            self._leave(entry, f"no published version of `{package}` is known to be compatible with {target}")
            return step
        return step.to(after, "VA005", f"other crates of the stack need {target}")

    def _align(self, entry: Entry, step: _Step) -> _Step:
        """The requirement as `--align` or ``[versions]`` wants it."""
        package, written = entry.dependency.package, step.requirement
        policy = self._policy.get(package)
        if policy is None or written is None or entry.dependency.git is not None:
            return step
        if entry.has_rival and package not in self._wish.align:
            self._leave(entry, "it is required twice under different names, so one of them is meant to differ")
            return step
        after = aligned(self._facts, package, written, policy, may_lower=self._wish.may_lower)
        if isinstance(after, Target):
            self._leave(entry, after.why)
            return step
        reason = "--align" if package in self._wish.align else "[versions]"
        return step.to(after, _first(entry, "VA004", "VA005"), f"{reason} {package} = {policy}")

    def _local(self, entry: Entry, end: PathEnd | None) -> str | None:
        """The version of the crate's checkout: where the path leads, else wherever the stack has it."""
        if end is not None and end.version is not None:
            return end.version
        crate = self._facts.stack.crate(entry.dependency.package)
        return crate.version if crate else None


def _first(entry: Entry, *codes: str) -> str:
    """The first of some codes that was found."""
    return next((code for code in codes if code in entry.found), "")
