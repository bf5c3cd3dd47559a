"""What the users of a stack's crates reach: asked of the registry, so that `check --deep` needs no network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from batuta_hooks.gather.repository import WORKTREE
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking, Registries, Wanted
from batuta_hooks.stack.deep import look_deep
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.open_all import open_all, side_by_side
from batuta_hooks.stack.strangers import set_strangers_aside
from batuta_hooks.stack.warm import Wish


def follow_users(
    workspace: Workspace,
    ask: Callable[[Sequence[Wish]], bool],
    *,
    now: datetime,
    jobs: int | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Ask about what users of each crate would get, as far down as it goes.

    Args:
        ask: asks about crates, into the cache; whether it is worth to look again.
        jobs: repositories to read at the same time; ``None`` for one a processor.

    Raises:
        BatutaError: git cannot be run.
    """
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        opened = side_by_side(open_all(threads, workspace, WORKTREE, (), lambda _done, _total: None))
    ready = [one for one in opened if isinstance(one, Opened)]

    def onwards(wanted: Sequence[Wanted]) -> bool:
        return ask([Wish(one.folder, frozenset(one.crates), ttl_s=one.ttl_s) for one in wanted])

    with Registries(Asking(now, offline=True, environment=environment)) as registries:
        set_strangers_aside(ready, registries)
        look_deep(ready, registries, ask=onwards)
