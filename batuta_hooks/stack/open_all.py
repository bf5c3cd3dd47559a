"""All repositories of a workspace, opened at the same time, and then each with the crates of all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from batuta_hooks.domain.stack import Stack, StackCrate
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.judging import Judged, Opened, open_repository
from batuta_hooks.stack.known_repositories import KnownRepositories

#: Where crates are selected by name, nobody's.
_NOBODY = ("",)


def open_all(
    threads: ThreadPoolExecutor,
    workspace: Workspace,
    source: str,
    crates: Sequence[str],
    on_progress: Callable[[int, int], None],
    places: Collection[str] | None = None,
    known: KnownRepositories | None = None,
) -> list[Opened | Judged]:
    """Open every repository of a workspace, in its order; see `check`.

    Args:
        places: the repositories that will be judged, ``None`` for all; of the others no crate is asked about.
        known: where what repositories hold is remembered from run to run; ``None`` for nowhere.
    """
    # git's processes do most of the work, so threads are enough
    pending = [
        threads.submit(
            open_repository, workspace, path, source, crates if places is None or path in places else _NOBODY, known
        )
        for path in workspace.repositories
    ]
    try:
        for done, future in enumerate(as_completed(pending), 1):
            future.result()
            on_progress(done, len(pending))
    except BaseException:
        threads.shutdown(wait=True, cancel_futures=True)
        raise
    return [future.result() for future in pending]


def side_by_side(opened: Sequence[Opened | Judged]) -> list[Opened | Judged]:
    """Repositories each of which knows the crates of all, its own before others of the same name."""
    own = [one.stack_crates() if isinstance(one, Opened) else [] for one in opened]
    whole = Stack(lambda: (crate for crates in own for crate in crates))

    def placed(one: Opened | Judged, crates: list[StackCrate]) -> Opened | Judged:
        if not isinstance(one, Opened):
            return one
        stack = whole.seen_from(lambda: crates)
        return one._replace(facts=one.facts._replace(stack=stack, repository=one.checkout.path, is_whole=True))

    return [placed(one, crates) for one, crates in zip(opened, own, strict=True)]
