"""Judging for version alignment: beside the checkouts of the stack, and with an eye on whose fault a finding is."""

from __future__ import annotations

import os
from collections.abc import Callable

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import ERROR, Finding
from batuta_hooks.domain.stack import Stack, StackCrate, crates_in
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import Scope
from batuta_hooks.guards.judging import Judging, Verdict

#: So many crates are named in a command that a person may copy.
_MOST_NAMED = 5


class Aligning(Judging):
    """As `Judging`; the facts hold the crates of sibling checkouts, and errors that were there before are warnings."""

    _is_in_parts = True

    def _facts(self, manifests: Manifests, scope: Scope, base: str | Callable[[], str], commit: str) -> Facts:
        facts = super()._facts(manifests, scope, base, commit)

        found: list[list[StackCrate]] = []

        def beside() -> list[StackCrate]:
            if not found:
                found.append(self._neighbours())
            return found[0]

        self._beside = beside
        return facts._replace(stack=Stack(lambda: [*crates_in(manifests, scope.manifests), *beside()]))

    def _neighbours(self) -> list[StackCrate]:
        from batuta_hooks.gather.configuration import find_stack_file
        from batuta_hooks.gather.neighbours import neighbours

        # a hook runs in the top folder: no process has to be asked for it
        top = os.getcwd() if os.path.lexists(".git") else self._repository.top
        if not top:
            return []
        file = find_stack_file(top)
        folder = os.path.dirname(file) if file is not None else os.environ.get("BATUTA_STACK", "")
        is_above = bool(folder) and os.path.isdir(folder) and os.path.realpath(folder) != os.path.realpath(top)
        return list(neighbours(top, folder if is_above else "", self._config))

    def _weighed(self, found: list[Finding], facts: Facts, base: str | Callable[[], str]) -> list[Finding]:
        if self._stage == "manual" or not any(finding.severity == ERROR for finding in found):
            return found
        from batuta_hooks.guards.blame import Blame

        return Blame(self._repository, facts, base).weigh(found)


def with_hint(verdict: Verdict) -> Verdict:
    """A verdict that says in one line, as a warning, what was not decided and what to do about it."""
    crates = sorted({unknown.crate for unknown in verdict.unknown if unknown.crate})
    if not crates:
        return verdict
    named = f"`{crates[0]}`" if len(crates) == 1 else f"{len(crates)} crates, such as `{crates[0]}`"
    command = " ".join(["batuta-stack cache warm", *(crates if len(crates) <= _MOST_NAMED else [])])
    hint = f"not decided for want of knowledge of {named}: `{command}` asks the registry"
    return verdict._replace(warnings=[*verdict.warnings, hint])
