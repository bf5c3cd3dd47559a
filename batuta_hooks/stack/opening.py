"""The stack opened for a command that edits or links it: each repository's facts, and the registry behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.gather.repository import WORKTREE
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.check import suggestion
from batuta_hooks.stack.checkouts import Checkout, Workspace
from batuta_hooks.stack.crates_io import Asking, Registries, Wanted
from batuta_hooks.stack.judging import Judged, Opened, folder_of
from batuta_hooks.stack.known_repositories import KnownRepositories
from batuta_hooks.stack.open_all import open_all, side_by_side
from batuta_hooks.stack.strangers import set_strangers_aside


class StackView(NamedTuple):
    """The repositories that could be opened, for as long as the context lasts.

    Attributes:
        opened: in the workspace's order.
        facts: of each, with what the registry knows.
        failed: the checkouts that could not be opened.
        threads: to work on several repositories at a time.
        registries: where the notes are that the user should hear.
    """

    opened: Sequence[Opened]
    facts: Sequence[Facts]
    failed: Sequence[Checkout]
    threads: ThreadPoolExecutor
    registries: Registries

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should hear, a sentence each."""
        left_out = (f"{one.path} is left out: {one.error}" for one in self.failed)
        return (*self.registries.notes, *left_out)


@contextmanager
def open_stack(
    workspace: Workspace,
    asking: Asking,
    wanted: Callable[[Opened], Iterable[str]],
    *,
    crates: Iterable[str] = (),
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[StackView]:
    """Open the worktrees of a stack, and ask the registry about what the checks and the caller want to know.

    Args:
        wanted: the packages that the caller wants to know about, for one repository.
        crates: names that must be crates of the stack.
        jobs: repositories to look at at the same time; ``None`` for one a processor.

    Raises:
        BatutaError: git cannot be run, a crate is not known, or no repository at all could be opened.
    """
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        known = KnownRepositories(workspace.folder, asking.environment)
        everything = open_all(threads, workspace, WORKTREE, (), on_progress, known=known)
        opened = [one for one in side_by_side(everything) if isinstance(one, Opened)]
        try:
            failed = [one.checkout for one in everything if isinstance(one, Judged) and one.checkout.error is not None]
            if failed and not opened:
                raise BatutaError(failed[0].error or "", where=folder_of(workspace, failed[0].path))
            _check_names(crates, opened)
            with Registries(asking) as registries:
                names = [one.in_question | {name for name in wanted(one) if is_crate_name(name)} for one in opened]
                registries.ask(
                    [Wanted(one.folder, asked, one.config.ttl_s) for one, asked in zip(opened, names, strict=True)]
                )
                set_strangers_aside(opened, registries)
                yield StackView(opened, [_informed(one, registries) for one in opened], failed, threads, registries)
        finally:
            known.save()
            for one in opened:
                one.repository.close()


def _informed(opened: Opened, registries: Registries) -> Facts:
    view = registries.at(opened.folder, opened.config.ttl_s)
    return opened.facts._replace(published=view.published, release=view.release)


def _check_names(names: Iterable[str], opened: Sequence[Opened]) -> None:
    crates = [crate for one in opened for crate in one.stack_crates()]
    known = {crate.name for crate in crates}
    for name in names:
        if name not in known:
            raise BatutaError(f"there is no crate `{name}` here", mend=suggestion(name, crates))
