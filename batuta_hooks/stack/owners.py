"""Who may publish: the owners that a registry names for the crates of a plan, asked by ``cargo owner --list``.

cargo asks that with a token alone, which it finds itself.  What does not answer in time is not known.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.plan_values import Credentials, Owners, Plan, PlannedRelease
from batuta_hooks.stack.processes import Processes

_AT_ONCE = 8
_MOST_OWNERS = 200
_MOST_SIGNS = 100
_TIMED_OUT = 124
_NOBODY_LOOKED = "nobody looked for one"


def with_owners(
    plan: Plan, folders: Mapping[str, str], token_faults: Mapping[str, str], *, offline: bool, limit_s: float = 10.0
) -> Plan:
    """Add to a plan whose crates they are that are published already, and for which registries there is a token.

    Args:
        folders: the checkouts, by the repository's path: there cargo finds its configuration.
        token_faults: why there is no token for a registry, by its name; empty where there is one.
        limit_s: how long all the questions may take.
    """
    registries = sorted({one.registry for one in plan.releases})
    credentials = tuple(
        Credentials(one, not token_faults.get(one, _NOBODY_LOOKED), token_faults.get(one, _NOBODY_LOOKED))
        for one in registries
    )
    asked = [one for one in plan.releases if not one.is_new]
    open_ = {one.registry for one in credentials if one.are_there}
    if offline or not any(one.registry in open_ for one in asked):
        why = "--offline was given" if offline else "there is no token to ask with"
        return plan._replace(
            credentials=credentials, owners=tuple(Owners(one.crate, Unknown(one.crate, why)) for one in asked)
        )
    with Processes() as processes, ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        asking = _Asking(processes, folders, open_, time.monotonic() + limit_s)
        return plan._replace(credentials=credentials, owners=tuple(threads.map(asking.of, asked)))


class _Asking(NamedTuple):
    processes: Processes
    folders: Mapping[str, str]
    registries: set[str]
    until: float

    def of(self, release: PlannedRelease) -> Owners:
        """The owners of a crate."""
        left_s = self.until - time.monotonic()
        if release.registry not in self.registries:
            return Owners(release.crate, Unknown(release.crate, "there is no token to ask with"))
        if left_s <= 0:
            return Owners(release.crate, Unknown(release.crate, "no answer in time"))
        command = ["cargo", "owner", "--list", "--quiet", "--registry", release.registry, "--", release.crate]
        env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
        # a question, which nobody waits for to be repeated
        env |= {"CARGO_NET_RETRY": "0", "CARGO_TERM_COLOR": "never"}
        ended = self.processes.run(command, self.folders[release.repository], env, left_s)
        if ended.code:
            lines = [line for line in ended.said.splitlines() if line.startswith("error: ")]
            said = (lines or ["cargo failed"])[0].removeprefix("error: ")
            why = "no answer in time" if ended.code == _TIMED_OUT else printable(said)
            return Owners(release.crate, Unknown(release.crate, why))
        logins = [printable(line.partition(" ")[0])[:_MOST_SIGNS] for line in ended.said.splitlines() if line.strip()]
        return Owners(release.crate, tuple(logins[:_MOST_OWNERS]))
