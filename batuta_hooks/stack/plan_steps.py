"""VA011 in a plan: steps that cargo takes by itself and that move a shared dependency to incompatible versions.

Of dependencies outside of the stack the check itself tells (`batuta_hooks.checks.compatible_steps`); of those on crates
of the stack the plan does, by the same rule, for it is the plan that raises their requirements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.checks.compatible_steps import breaking_version, is_apart
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.plan_requirements import Requirements
from batuta_hooks.stack.plan_values import Move
from batuta_hooks.stack.plan_versions import admits
from batuta_hooks.stack.release_facts import CrateFacts, StackFacts, needing


class Steps:
    """Finds them.

    Args:
        facts: the stack.
        nexts: the versions that crates of the plan go out at.
        requirements: of the plan.
    """

    def __init__(self, facts: StackFacts, nexts: Mapping[str, Version], requirements: Requirements) -> None:
        self._facts = facts
        self._nexts = nexts
        self._requirements = requirements
        #: by package, the requirements that are not of dev-dependencies, each with the crate that has it
        self._needing = {
            package: [(user.name, need.requirement) for user, need in needs if need.kind != DEV]
            for package, needs in needing(facts).items()
        }

    def of(self, name: str) -> tuple[Move, ...]:
        """The dependencies that the step to a crate's next version moves; none where that is a breaking one."""
        crate, version = self._facts.crates[name], self._nexts.get(name)
        before = read_version(crate.released.version) if crate.released else None
        if version is None or before is None or before.bucket != version.bucket or before == version:
            return ()
        users = tuple(sorted(self._users(name, before)))
        proposed = str(breaking_version(version))
        found = {package: Move(package, "", "", users, proposed, message) for package, message in crate.moves}
        for package, old, new in self._moved(crate):
            found.setdefault(package, Move(package, old, new, users, proposed))
        return tuple(found.values())

    def _users(self, name: str, before: Version) -> set[str]:
        """The crates of the stack that get the step without asking."""
        return {user for user, requirement in self._needing.get(name, ()) if admits(requirement, before)}

    def _moved(self, crate: CrateFacts) -> Iterator[tuple[str, str, str]]:
        assert crate.released is not None
        old: dict[str, list[str]] = {}
        for package, requirement in crate.released.needs:
            old.setdefault(package, []).append(requirement)
        new: dict[str, list[str]] = {}
        for need in crate.needs:
            if need.kind != DEV and need.requirement is not None:
                edit = self._requirements.edits.get((crate.repository, need.place))
                new.setdefault(need.package, []).append(edit[1] if edit else need.requirement)
        for package in sorted(old.keys() & new.keys()):
            if is_apart(old[package], new[package]) and self._is_exposed(crate, package):
                yield package, old[package][0], new[package][0]

    def _is_exposed(self, crate: CrateFacts, package: str) -> bool:
        """Whether a crate that needs this one, by whatever way, needs the package too."""
        exposed = {user for user, _ in self._needing.get(package, ())}
        pending, seen = [crate.name], {crate.name}
        while pending:
            for user, _ in self._needing.get(pending.pop(), ()):
                if user not in seen:
                    if user in exposed:
                        return True
                    seen.add(user)
                    pending.append(user)
        return False
