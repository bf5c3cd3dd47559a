"""What keeps the crates of a plan from going out: their own defects, their repositories, crates that they wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.graph import CrateGraph
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.domain.semver import Version
from batuta_hooks.stack.plan_requirements import Requirements
from batuta_hooks.stack.plan_values import Blocked
from batuta_hooks.stack.plan_versions import Versions, admits, usable_versions
from batuta_hooks.stack.release_facts import CrateFacts, Refusal, StackFacts, Wish

#: Codes about what the registry has of a dependency: for crates of the stack the plan itself knows better.
_OF_THE_REGISTRY = frozenset({"VA001", "VA002", "VA003"})


class Blocks:
    """Finds what blocks.

    Args:
        facts, wish: the stack, and what is wanted.
        versions: of the plan's crates.
        nexts: those that there are.
        requirements: of the plan.
        tags: the planned tag of each crate that has a version.
    """

    def __init__(
        self,
        facts: StackFacts,
        wish: Wish,
        versions: Versions,
        nexts: Mapping[str, Version],
        requirements: Requirements,
        tags: Mapping[str, str],
    ) -> None:
        self._facts = facts
        self._wish = wish
        self._versions = versions
        self._nexts = nexts
        self._tags = tags
        self._edits = requirements.edits

    def of(self, name: str) -> list[Refusal]:
        """Why a crate of the plan cannot go out by itself, most important first."""
        crate = self._facts.crates[name]
        found = self._versions.next(name)
        refusals = [one for one in crate.refusals if not self._is_of_the_plan(one)]
        if isinstance(found, Refusal):
            refusals.append(found)
        refusals += self._unmet(crate)
        refusals += self._in_repository(crate)
        return refusals

    def _is_of_the_plan(self, refusal: Refusal) -> bool:
        found = self._facts.crates.get(refusal.dependency)
        return refusal.code in _OF_THE_REGISTRY and found is not None and found.is_publishable

    def _unmet(self, crate: CrateFacts) -> Iterator[Refusal]:
        """Requirements on stack crates that no published and no planned version satisfies."""
        told = set()
        for need in crate.needs:
            found = self._facts.crates.get(need.package)
            if found is None or not found.is_publishable or need.requirement is None or need.package == crate.name:
                continue
            _, text = self._edits.get((crate.repository, need.place), ("", need.requirement))
            if admits(text, self._nexts.get(need.package)) or (need.package, text) in told:
                continue
            if isinstance(found.published, Unknown):
                why = f"what is published of {need.package} is not known: {found.published.why}"
                yield Refusal("unknown", why, ask_again(need.package))
            elif not any(admits(text, version) for version in usable_versions(found.published)):
                told.add((need.package, text))
                why = f"no published or planned version of {need.package} satisfies `{text}`"
                if need.kind == DEV:
                    why += ", which a dev-dependency requires"
                mend = f"release {need.package} too, or correct the requirement"
                yield Refusal("VA001", why, mend, need.package)

    def _in_repository(self, crate: CrateFacts) -> Iterator[Refusal]:
        repository = self._facts.repositories[crate.repository]
        if repository.behind and not self._wish.allow_behind:
            why = f"{repository.path} lacks {repository.behind} commits of its upstream"
            yield Refusal("behind", why, "pull them, or give --allow-behind")
        tag = self._tags.get(crate.name)
        if tag is None:
            return
        commit = repository.tags.get(tag)
        if commit is not None and (commit != repository.head or self._versions.is_raised(crate.name)):
            yield Refusal("TC001", f"the tag {tag} exists already, on another commit", f"git tag --delete {tag}")
            return
        remote = repository.remote_tags
        if not isinstance(remote, Unknown) and remote.get(tag) not in (None, commit):
            name = repository.release.remote
            yield Refusal("TC001", f"{name} has the tag {tag} already", "name a later version: --bump CRATE=VERSION")


def waiting(graph: CrateGraph, blocked: Mapping[str, object]) -> Iterator[Blocked]:
    """The crates that wait for blocked ones in vain, by name."""
    for crate in graph.crates:
        if crate in blocked:
            continue
        by = tuple(one for one in graph.dependencies(crate, transitive=True) if one in blocked)
        if by:
            yield Blocked(crate, by, f"it waits for {', '.join(by)}")


def as_blocked(crate: str, refusals: list[Refusal]) -> Blocked:
    """A crate's own defects."""
    codes = tuple(dict.fromkeys(one.code for one in refusals))
    mends = dict.fromkeys(one.mend for one in refusals if one.mend)
    return Blocked(crate, codes, "; ".join(one.message for one in refusals), "; ".join(mends))


def ask_again(crate: str) -> str:
    """What to do where the registry did not tell of a crate what must be known."""
    return f"`batuta-stack cache warm {crate}` asks again; once it learns that, run this again"
