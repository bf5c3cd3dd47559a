"""What should be known before a planned release begins, though it blocks nothing: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.domain.bump import breaking_level
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.stack.plan_values import Move, PlannedRelease
from batuta_hooks.stack.release_facts import RepositoryFacts, StackFacts


def warnings(facts: StackFacts, releases: Sequence[PlannedRelease]) -> Iterator[str]:
    """All of them: of repositories, of names, of dependencies that move, of registries."""
    for path in sorted({one.repository for one in releases}):
        yield from _of_repository(facts.repositories[path])
        stale = [facts.crates[one.crate].stale_lock for one in releases if one.repository == path]
        if any(stale):
            why = next(filter(None, stale))
            yield f"{path}: {why}: the release commit brings it along, a gate that runs cargo would stop there before"
    yield from _of_names(facts, {one.crate: one.repository for one in releases})
    yield from (_moving(one, move) for one in releases for move in one.moves)
    for registry in sorted({one.registry for one in releases}):
        if why := facts.token_faults.get(registry, ""):
            yield f"{registry} will take nothing without a token: {why}"
    new = [one.crate for one in releases if one.is_new]
    if new:
        yield (
            f"trusted publishing cannot publish a crate for the first time: {', '.join(new)}; "
            "release with a token (cargo login), then set it up in the crate's settings"
        )


def _of_repository(one: RepositoryFacts) -> Iterator[str]:
    if one.dirty:
        yield f"{one.path} has changes that are not committed: the plan is about HEAD, and the gates will stop there"
    if one.branch is None and one.release.branch is None:
        yield f"{one.path} has no branch checked out: name the one to push as [release] branch"
    if not one.has_remote:
        yield f"{one.path} has no remote `{one.release.remote}` to push to: [release] remote names another"
    if isinstance(one.remote_tags, Unknown):
        yield f"{one.path}: which tags {one.release.remote} has is not known: {one.remote_tags.why}"


def _of_names(facts: StackFacts, repositories: dict[str, str]) -> Iterator[str]:
    """Crates of one name in two repositories, and names in release groups that no crate here has."""
    for crate, repository in repositories.items():
        if others := facts.namesakes.get(crate):
            yield f"{crate} is in {', '.join(others)} too: what goes out is that of {repository}"
    for group, members in sorted(facts.groups.items()):
        missing = [name for name in members if name not in facts.crates]
        if missing and not repositories.keys().isdisjoint(members):
            yield f"[release_groups] {group} names {', '.join(missing)}, which is no crate here"


def _moving(one: PlannedRelease, move: Move) -> str:
    """VA011: what to release it as, and who would get both otherwise."""
    said = move.message
    if not said:
        said = f'{one.crate} {one.next} moves `{move.dependency}` from "{move.before}" to "{move.after}"'
        said += ", and semver calls that compatible"
        said += f": {', '.join(move.users)} may get both" if move.users else ""
    here = read_version(one.current)
    level = move.proposed if here is None or one.next == one.current else breaking_level(here)
    return f"VA011: {said}: --bump {one.crate}={level} makes it {move.proposed}"
