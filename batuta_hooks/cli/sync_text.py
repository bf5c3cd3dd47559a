"""A synchronization for people: what changes in each manifest and why, what stays, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batuta_hooks.cli.patch import Hunk, file_patch, hunks
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.sync_values import (
    COMMITTED,
    EDITED,
    RESTORED,
    Change,
    FileEdit,
    Outcome,
    Plan,
    RepositoryPlan,
    Skipped,
)

_RED, _GREEN, _BOLD, _DIM = "31", "32", "1", "2"
_STATES = {COMMITTED: _GREEN, EDITED: _GREEN, RESTORED: _RED}


def plan_lines(plan: Plan, *, color: bool, quiet: bool) -> Iterator[str]:
    """The plan, a paragraph a manifest, then what is left alone and the totals.

    Args:
        quiet: the changes alone.
    """
    if not quiet:
        yield f"Analyzing {_count(plan.crates, 'crate')}..."
        yield ""
    for one in plan.repositories:
        for file in one.files:
            yield from _file_lines(one, file, color=color)
            yield ""
    if quiet:
        return
    yield from _skipped_lines(plan.skipped)
    yield from _batch_lines(plan.batches)
    yield "Summary:"
    yield f"  Files modified: {plan.file_count}"
    yield f"  Dependencies updated: {len(plan.changes)}"


def patch_of(plan: Plan) -> str:
    """The plan as a patch to be applied in the workspace's folder."""
    return "".join(
        file_patch(shown_path(one.repository, file.path), file.before, file.after)
        for one in plan.repositories
        for file in one.files
    )


def outcome_lines(plan: Plan, outcomes: Iterable[Outcome], *, color: bool) -> Iterator[str]:
    """What became of each repository."""
    for outcome in outcomes:
        state = _painted(outcome.state, _STATES.get(outcome.state, _BOLD), color)
        said = f" {outcome.commit[:10]}" if outcome.commit else ""
        why = f": {printable(outcome.why)}" if outcome.why else ""
        yield f"{printable(_named(plan, outcome.repository))}: {state}{said}{why}"
        for verified in outcome.verified:
            yield f"    $ {printable(verified.command)}: {'passed' if verified.passed else 'failed'}"
            yield from (f"      {printable(line)}" for line in verified.said.splitlines())
        yield from (f"    {printable(note)}" for note in outcome.notes)


def shown_path(repository: str, path: str) -> str:
    """A manifest's path from the workspace's folder."""
    return path if repository == "." else f"{repository}/{path}"


def _named(plan: Plan, repository: str) -> str:
    return plan.workspace if repository == "." else repository


def _file_lines(one: RepositoryPlan, file: FileEdit, *, color: bool) -> Iterator[str]:
    dirty = " (has uncommitted changes)" if file.path in one.dirty else ""
    yield _painted(f"Changes for {printable(shown_path(one.repository, file.path))}{dirty}:", _BOLD, color)
    changes = sorted((change for change in one.changes if change.path == file.path), key=lambda change: change.line)
    explained: set[Change] = set()
    for hunk in hunks(file.before, file.after):
        owners = [change for change in _owners(changes, hunk) if change not in explained]
        explained.update(owners)
        pairs: list[tuple[Sequence[str], Sequence[str], list[Change]]] = [(hunk.removed, hunk.added, owners)]
        if len(owners) == len(hunk.removed) == len(hunk.added):  # a line a dependency
            pairs = [([old], [new], [one]) for old, new, one in zip(hunk.removed, hunk.added, owners, strict=True)]
        for removed, added, mine in pairs:
            yield from (_painted(f"  - {printable(line.strip())}", _RED, color) for line in removed)
            yield from (_painted(f"  + {printable(line.strip())}", _GREEN, color) for line in added)
            yield from (_painted(f"    {_reason(change)}", _DIM, color) for change in mine)


def _owners(changes: Sequence[Change], hunk: Hunk) -> Sequence[Change]:
    """The changes whose entries begin in a hunk, else the one whose entry it goes on with."""
    last = max(hunk.first, hunk.last)
    inside = [change for change in changes if hunk.first <= change.line <= last]
    return inside or [change for change in changes if change.line < hunk.first][-1:]


def _reason(change: Change) -> str:
    code = f"{change.finding}: " if change.finding else ""
    return printable(f"{code}{change.reason}")


def _skipped_lines(skipped: Sequence[Skipped]) -> Iterator[str]:
    if skipped:
        yield "Left alone:"
        for one in skipped:
            where = "" if one.repository == "." else f"{one.repository}: "
            yield printable(f"  {where}{one.crate} -> {one.dependency}: {one.why}")
        yield ""


def _batch_lines(batches: Sequence[Sequence[str]]) -> Iterator[str]:
    if len(batches) > 1:
        yield "Batches, leaves first:"
        for number, batch in enumerate(batches, 1):
            yield printable(f"  {number}. {', '.join(batch)}")
        yield ""


def _painted(text: str, style: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color else text


def _count(number: int, what: str) -> str:
    return f"{number} {what if number == 1 else what + 's'}"
