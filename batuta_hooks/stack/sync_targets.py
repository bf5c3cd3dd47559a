"""The published version that stands for a crate of the stack: its checkout's, else the newest below that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.overlap import overlap
from batuta_hooks.domain.requirement_edit import floor, raised
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.version_text import read_version


class Target(NamedTuple):
    """The version that stands for a crate, or why there is none.

    Attributes:
        version: ``None`` where `why` says what is in the way, and what would help.
        because: where the version comes from, a clause.
    """

    version: Version | None
    because: str = ""
    why: str = ""


def published_versions(facts: Facts, package: str) -> list[Version] | Unknown:
    """The unyanked versions that the registry has, in no order."""
    published = facts.published(package)
    return published if isinstance(published, Unknown) else _read(published.versions)


def target_of(facts: Facts, package: str, local: str | None) -> Target:
    """The version that stands for a crate.

    Args:
        local: the version of its checkout; ``None`` where there is none, or it has none.
    """
    crate = facts.stack.crate(package)
    if crate is not None and not crate.is_publishable:
        return Target(None, why=f"`{package}` is never published, as its manifest says")
    versions = published_versions(facts, package)
    if isinstance(versions, Unknown):
        return Target(None, why=f"it is not known what is published of `{package}`: {versions.why}")
    here = read_version(local)
    if not versions:
        release = f"release `{package}` {here} first" if here else f"publish `{package}` first"
        return Target(None, why=f"nothing of `{package}` is published: {release}")
    if here is None:
        newest = _newest(versions)
        return Target(newest, f"{newest} is the newest published")
    if any(version.precedence == here.precedence for version in versions):
        return Target(here._replace(build=""), f"its checkout stands at {here}, which is published")
    below = [version for version in versions if version.precedence < here.precedence]
    if not below:
        return Target(None, why=f"nothing of `{package}` up to {here} is published: release `{package}` {here} first")
    newest = _newest(below)
    return Target(newest, f"{newest} is the newest published below its checkout's {here}")


def target_beside_path(facts: Facts, package: str, local: str | None, written: str | None) -> Target:
    """The version that stands for a crate whose path stays: cargo wants its checkout to match the requirement too."""
    target, here = target_of(facts, package, local), read_version(local)
    if here is None:
        return target
    if target.version is not None and Requirement.parse(str(target.version)).matches(here):
        return target
    if written is not None and Requirement.parse(written).matches(here):
        return Target(None)
    return Target(here._replace(build=""), f"its checkout here stands at {here}")


def raised_to(facts: Facts, package: str, written: str | None, target: Version) -> str | None:
    """The requirement for a version; ``None`` where no published version is known to satisfy it."""
    after = str(target)
    if written is not None and not Requirement.parse(written).is_bare_wildcard:
        after = raised(written, target)
    return after if _is_satisfied(facts, package, after) is not False else None


def aligned(facts: Facts, package: str, written: str, policy: str, *, may_lower: bool) -> str | Target:
    """The requirement as a policy wants it, or why that cannot be.

    Where the policy's own lowest version leads to nothing that is published, the lowest published one that it admits
    stands for it.
    """
    lowest, wanted = floor(policy), Requirement.parse(policy)
    now = Requirement.parse(written)
    is_above = now.at_least >= wanted.below
    if is_above and not may_lower:
        return Target(None, why=f"`{written}` is above `{policy}`: --allow-downgrade lowers it")
    after = raised(written, lowest, may_lower=is_above)
    if not overlap(Requirement.parse(after), wanted):
        after = policy  # no text of that form says it, such as `1.*` for a pre-release
    if _is_satisfied(facts, package, after) is not False:
        return after
    versions = published_versions(facts, package)
    assert not isinstance(versions, Unknown)
    for version in sorted(version for version in versions if wanted.matches(version)):
        candidate = raised(written, version, may_lower=is_above)
        if overlap(Requirement.parse(candidate), wanted) and _is_satisfied(facts, package, candidate):
            return candidate
    return Target(None, why=f"nothing that is published of `{package}` satisfies `{policy}`")


def _is_satisfied(facts: Facts, package: str, text: str) -> bool | None:
    """Whether a published version matches; ``None`` where that is not known."""
    versions = published_versions(facts, package)
    if isinstance(versions, Unknown):
        return None
    requirement = Requirement.parse(text)
    return any(requirement.matches(version) for version in versions)


def _newest(versions: Sequence[Version]) -> Version:
    return max([version for version in versions if not version.pre] or versions)._replace(build="")


def _read(texts: Iterable[str]) -> list[Version]:
    return [version for text in texts if (version := read_version(text)) is not None]
